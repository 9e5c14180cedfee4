"""Where a request may go: the addresses that may be asked, and the IP addresses that may be connected to.

Every address passes ``checked``, the first one and each redirect; every connection passes ``is_public`` (in ``transport``).
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urldefrag, urlsplit

import httpx

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.fetch.errors import Refused

ALLOWED_HOSTS: Final = frozenset(
    {
        "api.msrc.microsoft.com",
        "azure.microsoft.com",
        "docs.microsoft.com",
        "graph.microsoft.com",
        "learn.microsoft.com",
        "msrc.microsoft.com",
        "prices.azure.com",
        "support.microsoft.com",
        "www.microsoft.com",
    }
)

# Documented APIs, made for programs to ask; robots.txt is for sites, and an API's host may answer anything in its place.
# https://learn.microsoft.com/en-us/rest/api/cost-management/retail-prices/azure-retail-prices
# https://learn.microsoft.com/en-us/graph/api/overview, https://github.com/microsoft/MSRC-Microsoft-Security-Updates-API
API_HOSTS: Final = frozenset({"api.msrc.microsoft.com", "graph.microsoft.com", "prices.azure.com"})

# "/a/%2e%2e/b", "/a%2Fb", "/a%5cb", also encoded twice, "%252e": a server or an archive may decode them after our check.
_ENCODED_DOTS: Final = re.compile(r"%(?:25)*(?:2e|2f|5c)", re.IGNORECASE)
# A backslash is a slash to browsers and part of the name to others; control characters vanish in some parsers.
_UNCLEAN: Final = re.compile(r"[\x00-\x20\x7f\\]")
# A translator from IPv6 to IPv4 (RFC 6052): the last 32 bits are the IPv4 address.
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def checked(url: str, source: str) -> str:
    """Return the address without its fragment if it may be asked.

    What is compared is how httpx reads the address, since that is what it will connect to.

    Args:
        url: the address.
        source: the address that named it, for the error.

    Raises:
        Refused: scheme, host, port, user or path is not allowed.
    """
    try:
        clean = urldefrag(url.replace(" ", "%20")).url  # an OData filter may come with blanks in it
        parsed = httpx.URL(clean)
        path = urlsplit(clean).path
    except (httpx.InvalidURL, ValueError) as exc:
        raise Refused(source, f"expected an https address, got {url!r}") from exc
    if _UNCLEAN.search(clean) or parsed.scheme != "https" or parsed.userinfo or parsed.port is not None:
        raise Refused(source, f"expected an https address on port 443 without user, got {url!r}")
    if parsed.raw_host.decode("ascii") not in ALLOWED_HOSTS:
        raise Refused(source, f"expected a host of Microsoft's that we know, got {url!r}")
    if _ENCODED_DOTS.search(path) or {".", ".."} & set(path.split("/")):
        raise Refused(source, f"expected a path without dot segments, got {url!r}")
    return clean


def mirror_url(mirror: str) -> httpx.URL:
    """Return the address of a mirror on this machine. Without TLS nothing proves who answers, so it must be this machine.

    Raises:
        BadInput: it is another address.
    """
    try:
        url = httpx.URL(mirror)
    except httpx.InvalidURL as exc:
        raise BadInput("mirror: expected http://127.0.0.1:PORT, got {got!r}", got=mirror) from exc
    if url.scheme != "http" or url.host not in ("127.0.0.1", "::1", "localhost") or url.path != "/" or url.query or url.userinfo:
        raise BadInput("mirror: expected http://127.0.0.1:PORT, got {got!r}", got=mirror)
    return url


def is_public(address: str) -> bool:
    """Return whether an IP address belongs to the public internet, also when it is wrapped in another kind of address.

    >>> [is_public(text) for text in ("13.107.246.45", "2603:1030::1", "64:ff9b::0d6b:f62d")]
    [True, True, True]
    >>> [is_public(text) for text in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "0.0.0.0")]
    [False, False, False, False, False, False]
    >>> [is_public(text) for text in ("::1", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1")]
    [False, False, False, False, False, False, False]
    """
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is None and parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved
