"""Fetch files of an export from an address that the operator chose: HTTPS, or this machine; no redirects; bounded in size and time."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urljoin, urlsplit

import httpx

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.fetch.chosen import HERE, client
from hotpatch_kb.scraper.fetch.errors import Refused, Unreachable, described, without_password

SECONDS: Final = 60.0  # for connecting, and between two parts of an answer
MAX_INDEX: Final = 50_000_000  # bytes; that of all recorded pages has 1.2 MB


class Body(NamedTuple):
    """An answer: its bytes, and its ETag and Last-Modified for the next request, "" without one."""

    content: bytes
    etag: str
    last_modified: str


def address_of(text: str) -> str:
    """Return the address of an export's folder, with a slash at its end, from that of the folder or of its index.

    Raises:
        BadInput: it is not an HTTPS address; without TLS nothing proves who answers, but on this machine.
    """
    parts = urlsplit(text)
    if (
        not parts.hostname
        or parts.scheme not in {"https", "http"}
        or (parts.scheme == "http" and parts.hostname not in HERE)
        or parts.query
    ):
        raise BadInput("expected an https address of an export, got {got!r}", got=without_password(text)[:200])
    return text.removesuffix("index.json").rstrip("/") + "/"


def get(address: str, name: str, etag: str = "", last_modified: str = "") -> Body | None:
    """Return a file of an export, None where it has not changed since the answer with this ETag or time.

    Raises:
        Unreachable: there was no whole answer, or one with another status than 200 and 304.
        Refused: it is larger than ``MAX_INDEX``.
    """
    headers = {"If-None-Match": etag} if etag else {"If-Modified-Since": last_modified} if last_modified else {}
    url = urljoin(address, name)
    try:
        with client(SECONDS) as asking, asking.stream("GET", url, headers=headers) as response:
            if response.status_code == 304 and headers:
                return None
            _check(url, response)
            content = bytearray()
            for part in response.iter_bytes():
                content += part
                if len(content) > MAX_INDEX:
                    raise Refused(url, f"expected at most {MAX_INDEX} bytes, got more")
            return Body(bytes(content), response.headers.get("etag", ""), response.headers.get("last-modified", ""))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise Unreachable(url, f"expected the file, got {described(error)}") from None


def save(address: str, name: str, size: int, target: Path) -> str:
    """Write a file of an export to the disk, as many bytes as it is said to have and not more.

    Returns:
        the SHA-256 of what came.

    Raises:
        Unreachable: there was no whole answer.
        Refused: it has more bytes.
    """
    digest, url, count = hashlib.sha256(), urljoin(address, name), 0
    try:
        with client(SECONDS) as asking, asking.stream("GET", url) as response, target.open("wb") as file:
            _check(url, response)
            for part in response.iter_bytes():
                count += len(part)
                if count > size:
                    raise Refused(url, f"expected {size} bytes, as index.json says, got more")
                digest.update(part)
                file.write(part)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(url, f"expected the file, got {described(error)}") from None
    return digest.hexdigest()


def _check(url: str, response: httpx.Response) -> None:
    if response.status_code != 200:
        raise Unreachable(url, f"expected status 200, got {response.status_code}")
