"""Say who asks: the user agent, and how its operator is reached. Imported without httpx, whose import takes 0.3 s."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final, NamedTuple

from hotpatch_kb.db import __version__
from hotpatch_kb.db.model.errors import BadInput

# How far this machine's clock may be ahead of a server's. A cache may send an old Date without saying so in Age, but not one of a week.
CLOCK_AHEAD: Final = timedelta(days=7)


def user_agent(contact: str = "") -> str:
    """Return our user agent. It is honest: support.microsoft.com blocks clients that it cannot tell apart.

    Args:
        contact: an address or a mail address where the operator of this crawler is reached.

    Raises:
        BadInput: the contact cannot be part of a header's comment.

    >>> user_agent("https://example.org/about").split(maxsplit=1)[1]
    '(+https://example.org/about)'
    >>> user_agent().split(maxsplit=1)[1]
    '(no contact set)'
    """
    if not re.fullmatch(r"[ -~]*", contact) or re.search(r"[()\\]", contact):
        raise BadInput("contact: expected printable ASCII without brackets and backslashes, got {got!r}", got=contact)
    contact = contact.strip()
    return f"hotpatch-kb/{__version__} (+{contact})" if contact else f"hotpatch-kb/{__version__} (no contact set)"


class Agent(NamedTuple):
    """Who asks.

    Attributes:
        contact: where the operator is reached, "" if that is not set.
        name: the user agent to send instead of ours, "" for ours.
        mirror: ``http://127.0.0.1:PORT``, a server that is asked instead of the real hosts; for tests.
    """

    contact: str = ""
    name: str = ""
    mirror: str | None = None

    def header(self) -> str:
        """Return the user agent to send.

        Raises:
            BadInput: the name or the contact cannot be part of a header.
        """
        if not self.name:
            return user_agent(self.contact)
        # Its first word is looked up in robots.txt.
        if not re.fullmatch(r"[!-~][ -~]*", self.name):
            raise BadInput(
                "user agent: expected printable ASCII such as 'hotpatch-kb/0.1 (+https://example.org)', got {got!r}", got=self.name
            )
        return self.name.strip()

    def clock_ahead(self) -> timedelta:
        """Return how far this machine's clock may be ahead of a server's; a mirror answers for days that tests make up."""
        return timedelta(days=5 * 366) if self.mirror else CLOCK_AHEAD

    def options(self) -> list[str]:
        """Return the options of a command that asks in the same way."""
        given = ["--contact", self.contact]
        given += ["--user-agent", self.name] if self.name else []
        return [*given, "--mirror", self.mirror] if self.mirror else given
