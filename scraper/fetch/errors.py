"""Why an address gave no usable answer. Knows nothing of httpx, whose import takes 0.3 s."""

from __future__ import annotations

import re
from typing import Final

# The name and password before the host of an address: up to the last "@" of its host part.
_USERINFO: Final = re.compile(r"((?:^|(?<=[^a-z0-9+.-]))[a-z][a-z0-9+.-]*:/{2})[^/?#\s]*@", re.IGNORECASE)
_BARE_USERINFO: Final = re.compile(r"^[^/\\?#\s:@]+:[^/?#\s]*@(?=[^/?#\s]+)")


def without_password(text: str) -> str:
    """Return a text whose addresses have no name and password: what is shown, logged or kept may be read by others.

    >>> without_password("https://reader:s3cret@facts.example.com/kb/: got 401"), without_password("reader:s3cret@facts.example.com/kb")
    ('https://facts.example.com/kb/: got 401', 'facts.example.com/kb')
    """
    return _BARE_USERINFO.sub("", _USERINFO.sub(r"\1", text))


class FetchError(Exception):
    """An address that gave no usable answer. The message is one line: what was expected, what came.

    Attributes:
        url: the address that failed; after redirects the one that was redirected to.
        message: the line without the address.
    """

    def __init__(self, url: str, message: str) -> None:
        shown, message = without_password(url), without_password(message)
        super().__init__(shown, message)
        self.url = shown
        self.message = " ".join(message.split())

    def __str__(self) -> str:
        return f"{self.url}: {self.message}"


class Unreachable(FetchError):
    """No whole answer after all tries: the name, the connection, TLS, a time-out or a broken transfer."""


class Refused(FetchError):
    """An answer that we do not take: a host or address that is not allowed, robots.txt, too large or too slow."""


class Throttled(FetchError):
    """A host that makes us wait (403, 429, 503) for longer than our patience."""


class ShutOut(Throttled):
    """A host that answers 403 to every page: it blocks this network or this client, and waiting does not help."""


class UnexpectedStatus(FetchError):
    """A status other than 200, 304, 404 and 410.

    Attributes:
        status: the HTTP status that came.
    """

    def __init__(self, url: str, status: int, expected: str = "200, 304, 404 or 410") -> None:
        super().__init__(url, f"expected status {expected}, got {status}")
        self.status = status


def described(exc: BaseException) -> str:
    """Return the class and the message of an exception, or the class alone where it has no message."""
    return f"{type(exc).__name__}: {exc}".rstrip(": ")
