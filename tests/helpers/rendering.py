"""What a rendered page is: the module ``rendered/<source>.py`` yields those of its source."""

from __future__ import annotations

from typing import NamedTuple


class Rendered(NamedTuple):
    """A small page in the shape of a real one, rendered from facts.

    Attributes:
        name: of its file in ``tests/pages/<source>``; one that begins with "refused" is refused by its parser.
        url: where the real one is.
        body: text, or bytes where it is none.
        asked: the address that was asked where it redirects to ``url``, else "".
    """

    name: str
    url: str
    body: str | bytes
    asked: str = ""

    def bytes(self) -> bytes:
        """The body as served."""
        return self.body.encode("utf-8") if isinstance(self.body, str) else self.body
