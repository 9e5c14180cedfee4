"""Read the bodies of requests, up to a limit."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.site.web import HttpError

# 10,000 machines of 40 characters are 0.4 MB, and 0.6 MB as a form. Larger fleets are for the command.
MAX_BODY: Final = 5_000_000  # bytes
TOO_LARGE: Final = HttpError(
    413, "Expected at most {size:,} bytes, got more. The command hotpatch-kb assess takes a fleet of any size.", size=MAX_BODY
)


async def body(request: Any) -> bytes:
    """Return the body of a request; ``plugins/guard.py`` has refused one that is larger than ``MAX_BODY``.

    Raises:
        HttpError: the client left before its end (400).
    """
    read = bytearray()
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise HttpError(400, "Expected a whole request, got a part of one.")
        read += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(read)


def fields(raw: bytes) -> dict[str, str]:
    """Return the fields of a form.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        return dict(parse_qsl(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=20, errors="strict"))
    except (UnicodeError, ValueError):
        raise BadInput("expected a form in UTF-8, got something else") from None
