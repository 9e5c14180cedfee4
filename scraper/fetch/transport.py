"""Carry requests with httpx: connect to public addresses alone, and read bodies within their limits."""

from __future__ import annotations

import asyncio
import math
import socket
import ssl
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from itertools import zip_longest
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.fetch.addresses import ALLOWED_HOSTS, is_public
from hotpatch_kb.scraper.fetch.chosen import trusted
from hotpatch_kb.scraper.fetch.errors import Refused, described

MAX_BYTES: Final = 64 * 2**20  # of a body; the largest page known is MSRC's 2026-Sep document, 20,303,321 bytes
MAX_SECONDS: Final = 180.0  # of one answer, connecting included: 64 MiB at 3 Mbit/s
CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 30.0  # of silence between two reads
KEEP_SECONDS: Final = 5.0  # an idle connection, as httpx has it
MAX_ADDRESSES: Final = 4  # of a name, tried in order; each has its share of CONNECT_SECONDS, so a broken IPv6 costs 2.5 s or 5

READ_STATUSES: Final = frozenset({200, 404, 410})  # their body is read
DRAIN_BYTES: Final = 2**16  # of other answers: read away, so that the connection lives on and the next request saves a TLS handshake

_ASIDE: Final = "hotpatch-kb"  # extension of a response, see _set_location_aside


@dataclass(frozen=True, slots=True)
class Reply:
    """What came over the wire for one request.

    Attributes:
        status: the HTTP status.
        headers: names in lower case.
        body: decoded; empty unless the status is one of ``READ_STATUSES``.
        answered_at: when the headers had come, UTC.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    answered_at: datetime


def open_client(headers: Mapping[str, str], *, timeout: float, mirror: httpx.URL | None) -> httpx.AsyncClient:
    """Return a client that keeps no cookies and follows no redirects.

    Args:
        headers: sent with each request.
        timeout: seconds of silence after which a connection counts as broken.
        mirror: where every request goes instead, with the real host in ``Host``.

    Raises:
        BadInput: the environment names a proxy or certificates that httpx cannot use.
    """
    # A page depends on its address alone, so that asking again gives the same: no cookies are kept.
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    proxied: dict[str, httpx.AsyncBaseTransport | None] = {}
    try:
        if mirror:
            transport: httpx.AsyncBaseTransport = _MirrorTransport(mirror)
        else:
            tls = trusted()
            transport, proxied = PublicTransport(tls), _proxied(tls)
        return httpx.AsyncClient(
            transport=transport,
            mounts=proxied,
            verify=False,  # noqa: S501 (said to the client, which makes no transport of its own; ours verify)
            trust_env=False,
            timeout=httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout), pool=None),
            cookies=cookies,
            headers=dict(headers),
            event_hooks={"response": [_set_location_aside]},
        )
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as exc:
        # HTTPS_PROXY=socks5://..., ALL_PROXY=nonsense, SSL_CERT_FILE=/no/such/file
        raise BadInput("proxy or certificates of the environment: expected settings httpx can use, got {got}", got=described(exc)) from exc


async def _set_location_aside(response: httpx.Response) -> None:
    """Hide Location from httpx.

    It parses the header even when it follows no redirects, and reports a bad one as a broken connection.
    """
    if "location" in response.headers:
        response.extensions[_ASIDE] = {"location": response.headers.pop("location")}


def headers_of(response: httpx.Response) -> dict[str, str]:
    """Return the headers of an answer, Location included; names in lower case."""
    aside: dict[str, str] = response.extensions.get(_ASIDE, {})
    return dict(response.headers) | aside


# Bodies


async def body_of(response: httpx.Response, url: str, max_bytes: int) -> bytes:
    """Return the decoded body of an answer; of a status whose body nobody needs, nothing.

    Raises:
        httpx.TransportError: the transfer broke.
        Refused: the body is too large, or encoded in a way that we did not ask for.
    """
    if response.status_code in READ_STATUSES:
        return await _read(response, url, max_bytes)
    if response.status_code == 304 or _announced_bytes(response) <= DRAIN_BYTES:
        async for _ in response.aiter_raw():
            pass
    return b""


async def _read(response: httpx.Response, url: str, max_bytes: int) -> bytes:
    """Read and decode a body.

    httpx decodes a whole read of 64 KiB at once, before anybody can count: 64 MiB from one gzip, without bound where encodings
    are stacked ("gzip, gzip") or where brotli happens to be installed. So we ask for gzip only and stop inside of a read.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise Refused(url, f"expected a body in gzip or plain, got Content-Encoding {encoding!r}")
    is_gzip = encoding.endswith("gzip")
    body, raw_bytes = bytearray(), 0
    gunzip = zlib.decompressobj(wbits=31)
    async for chunk in response.aiter_raw():
        raw_bytes += len(chunk)  # an endless gzip stream may decode to nothing
        data = chunk
        while is_gzip and data:
            if gunzip.eof:  # a gzip file may be several in a row (RFC 1952 2.2)
                gunzip = zlib.decompressobj(wbits=31)
            try:
                body += gunzip.decompress(data, max_bytes + 1 - len(body))
            except zlib.error as exc:
                raise httpx.RemoteProtocolError(f"a gzip body that cannot be read, {exc}") from exc
            if len(body) > max_bytes:
                break
            data = gunzip.unused_data
        if not is_gzip:
            body += data
        if max(len(body), raw_bytes) > max_bytes:
            raise Refused(url, f"expected at most {max_bytes} bytes, got more")
    if is_gzip and raw_bytes and not gunzip.eof:
        raise httpx.RemoteProtocolError("a gzip body that ends early")
    return bytes(body)


def _announced_bytes(response: httpx.Response) -> float:
    text = response.headers.get("content-length", "")
    return float(text) if text.isascii() and text.isdigit() else math.inf


# Connections


class _MirrorTransport(httpx.AsyncHTTPTransport):
    """A transport that sends every request to a mirror on this machine; the request keeps its real URL and Host header."""

    def __init__(self, mirror: httpx.URL) -> None:
        # The mirror speaks plain HTTP; an empty TLS context saves loading the certificates, 20 ms.
        super().__init__(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
        self._mirror = mirror

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = self._mirror.copy_with(raw_path=request.url.raw_path)
        return await super().handle_async_request(
            httpx.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions)
        )


def _proxied(tls: ssl.SSLContext) -> dict[str, httpx.AsyncBaseTransport | None]:
    """Return the transport of the proxy that the environment (or the system's settings) names, for each host that it does not except."""
    proxies = getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    if not proxy:
        return {}
    transport = httpx.AsyncHTTPTransport(verify=tls, proxy=proxy if "://" in proxy else f"http://{proxy}")
    return {f"https://{host}": transport for host in sorted(ALLOWED_HOSTS) if not proxy_bypass(host)}


class PublicTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport, connected to public addresses alone."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        """Put a pool of our own into httpx's transport: httpx has no argument for what connects, httpcore below it has one.

        Raises:
            RuntimeError: httpx keeps its pool elsewhere, so that setting it would protect nothing.
        """
        super().__init__(verify=tls)
        if not isinstance(getattr(self, "_pool", None), httpcore.AsyncConnectionPool):
            raise RuntimeError(  # noqa: TRY004 (no type of a value: another httpx)
                f"expected httpx.AsyncHTTPTransport to connect by its _pool, got httpx {httpx.__version__} without one"
            )
        self._pool = httpcore.AsyncConnectionPool(ssl_context=tls, keepalive_expiry=KEEP_SECONDS, network_backend=_PublicNetwork())


class _PublicNetwork(httpcore.AsyncNetworkBackend):
    """What connects to the public addresses of a name.

    Whoever answers for DNS could lead an allowed name to a router, or to the metadata service of a cloud (169.254.169.254). So a
    name is looked up once, all of its addresses are checked, and one of them is connected to, not the name: nothing can change in
    between. TLS still asks for the name.
    """

    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's name)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError as exc:
            raise httpcore.ConnectTimeout(f"no address of {host} within {timeout:g} s") from exc
        except OSError as exc:
            raise httpcore.ConnectError(str(exc)) from exc
        places = list(dict.fromkeys(place[:2] for *_, place in answers))
        if private := [str(address) for address, _ in places if not is_public(str(address))]:
            raise Refused(
                f"https://{host}/",
                f"expected public addresses of {host}, got {private[0]}; a proxy that answers there is named by HTTPS_PROXY",
            )
        broken: Exception = httpcore.ConnectError(f"no address of {host}")
        for address, at in _alternating(places)[:MAX_ADDRESSES]:
            share = None if timeout is None else timeout / min(len(places), MAX_ADDRESSES)
            try:
                return await self._inner.connect_tcp(str(address), int(at), share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                broken = exc
        raise broken

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


def _alternating(places: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return IPv6 and IPv4 addresses in turn, beginning with the system's first.

    So four broken addresses of one family do not keep us from the other.
    """
    first = [place for place in places if (":" in str(place[0])) == (":" in str(places[0][0]))]
    other = [place for place in places if place not in first]
    return [place for pair in zip_longest(first, other) for place in pair if place is not None]
