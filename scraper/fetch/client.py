"""The one HTTP client: polite to Microsoft's hosts, bounded in time and size, loud about any answer that is not what it should be.

Nobody else opens a socket, and nobody else imports httpx, so that a move to its successor (httpx2) is a change of one import.
support.microsoft.com throttles with 403, not with 429, within minutes of a fast crawl (vuls-data-update retries on 403 for that):
here 403 is no answer, it means wait.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import random
import re
import socket
import ssl
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from itertools import zip_longest
from types import TracebackType
from typing import Any, Self
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx
from protego import Protego

from hotpatch_kb.db import __version__
from hotpatch_kb.db.model.errors import BadInput

ALLOWED_HOSTS = frozenset(
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

MAX_REDIRECTS = 6  # /help/<kb> takes one or two hops, docs.microsoft.com to learn and on to "?view=" may take three
MAX_BYTES = 64 * 2**20  # the largest page known is MSRC's 2026-Sep document, 20,303,321 bytes
MAX_SECONDS = 180.0  # of one answer, connecting included: 64 MiB at 3 Mbit/s
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0  # of silence between two reads
KEEP_SECONDS = 5.0  # an idle connection, as httpx has it
MAX_ADDRESSES = 4  # of a name, tried in their order; each has its share of CONNECT_SECONDS, so that a broken IPv6 costs 2.5 s or 5

PAUSE = 1.0  # seconds between two requests to a host; by others' measure, 3 at a time lost 12 of 200 articles, 2 at a time none
MAX_CRAWL_DELAY = 10.0  # what robots.txt may ask for; 100 pages then take 17 minutes
ROBOTS_BYTES = 500 * 1024  # RFC 9309 2.5: read at least 500 KiB

THROTTLES = frozenset({403, 429, 503})
PATIENCE = 300.0  # seconds of waiting; the window of support.microsoft.com is seconds, of prices.azure.com 61 s
WAIT_FIRST = 5.0
WAIT_MAX = 60.0
RETRY_AFTER_MAX = 120.0  # prices.azure.com has sent absurd values, where 61 s were enough

FAULTS = frozenset({500, 502, 504})  # a gateway's bad moment, like a broken connection
FAULT_WAITS = (0.5, 2.0)  # before the second and the third try
GIVE_UP_SECONDS = 3.0  # no further try after this, while no connection to a host was ever made: without a network `serve` must not hang
NO_CONNECTION = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)
DOWN_SECONDS = 60.0  # then every address of that host fails at once, instead of each after its own 10 s

ANSWERS = frozenset({200, 404, 410})  # the statuses whose body is read
DRAIN_BYTES = 2**16  # of the others': read away, so that the connection lives on and the next request saves a TLS handshake
REDIRECTS = frozenset({301, 302, 303, 307, 308})

# "/a/%2e%2e/b", "/a%2Fb", "/a%5cb", also encoded twice, "%252e": a server or an archive may decode them after our check.
ENCODED_DOTS = re.compile(r"%(?:25)*(?:2e|2f|5c)", re.IGNORECASE)
# A backslash is a slash to browsers and part of the name to others; control characters vanish in some parsers.
UNCLEAN = re.compile(r"[\x00-\x20\x7f\\]")

ASIDE = "hotpatch-kb"  # extension of a response, see _set_location_aside

logger = logging.getLogger(__name__)


class FetchError(Exception):
    """An address gave no usable answer. The message is one line: what was expected, what came.

    Attributes:
        url: the address that failed; after redirects the one that was redirected to.
    """

    def __init__(self, url: str, message: str) -> None:
        super().__init__(url, message)
        self.url = url
        self.message = " ".join(message.split())

    def __str__(self) -> str:
        return f"{self.url}: {self.message}"


class Unreachable(FetchError):
    """No whole answer came: name, connection, TLS, a time-out or a broken transfer, after all tries."""


class Refused(FetchError):
    """We do not take this: a host or address that is not allowed, robots.txt, an answer too large or too slow."""


class Throttled(FetchError):
    """The host told us to wait (403, 429, 503) for longer than our patience."""


class UnexpectedStatus(FetchError):
    """A status other than 200, 304, 404 and 410.

    Attributes:
        status: the HTTP status that came.
    """

    def __init__(self, url: str, status: int, expected: str = "200, 304, 404 or 410") -> None:
        super().__init__(url, f"expected status {expected}, got {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Attributes:
        url: the address that was asked, as it was given.
        final_url: the address that answered, after redirects, without fragment.
        status: 200, 304, 404 or 410.
        headers: names in lower case.
        body: decoded from gzip, otherwise as served; empty with 304.
        fetched_at: UTC, ``2026-07-23T12:00:00Z``, when the headers had come.
    """

    url: str
    final_url: str
    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)
    fetched_at: str


def user_agent(contact: str = "") -> str:
    """Who we are, honestly; support.microsoft.com blocks clients that it cannot tell apart.

    Args:
        contact: an address or a mail address where the operator of this crawler is reached.

    Raises:
        BadInput: the contact cannot stand in a header's comment.

    >>> user_agent("https://example.org/about").split(maxsplit=1)[1]
    '(+https://example.org/about)'
    >>> user_agent().split(maxsplit=1)[1]
    '(no contact set)'
    """
    if not re.fullmatch(r"[ -~]*", contact) or re.search(r"[()\\]", contact):
        raise BadInput(f"contact: expected printable ASCII without brackets and backslashes, got {contact!r}")
    contact = contact.strip()
    return f"hotpatch-kb/{__version__} (+{contact})" if contact else f"hotpatch-kb/{__version__} (no contact set)"


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: dict[str, str]
    body: bytes
    answered_at: datetime


@dataclass(slots=True)
class _Host:
    """What is remembered of a host. Times are of the fetcher's clock, in seconds."""

    name: str
    pause: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    ready_at: float = -math.inf
    was_reached: bool = False
    down_until: float = -math.inf
    down_why: str = ""
    throttles: int = 0  # in a row
    waited: float = 0.0  # because of them
    gave_up: bool = False
    closed_until: float = -math.inf
    robots_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_robots_read: bool = False
    robots: Protego | None = None  # None: everything is allowed
    robots_problem: str = ""


class Fetcher:
    """Asks Microsoft's hosts, one request at a time per host, different hosts at once.

    Example::

        async with Fetcher(user_agent=user_agent("ops@example.org")) as fetcher:
            answer = await fetcher.get("https://learn.microsoft.com/...", etag=stored_etag)
    """

    def __init__(
        self,
        *,
        user_agent: str,
        contact: str = "",
        pause: float = PAUSE,
        timeout: float = READ_SECONDS,
        patience: float = PATIENCE,
        max_bytes: int = MAX_BYTES,
        max_seconds: float = MAX_SECONDS,
        mirror: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Remembers the settings; sockets are opened from ``async with`` on.

        Args:
            user_agent: sent as it is; its product token (up to the first slash) is looked up in robots.txt.
            contact: a mail address is sent as ``From``, as RFC 9110 10.1.2 asks of robots; anything else is ignored here.
            pause: seconds between the end of a request and the start of the next to the same host.
            timeout: seconds of silence after which a connection counts as broken.
            patience: seconds to wait, in all, for a host that throttles.
            max_bytes: of a decoded body.
            max_seconds: of one answer, however steadily it drips.
            mirror: ``http://127.0.0.1:PORT``; every request goes there, with the real host in ``Host``. For tests and proofs.
            transport: what sends the requests; httpx's own by default.
            clock: monotonic seconds.
            sleep: waits for so many seconds.
            now: the time of day, aware, for ``fetched_at`` and for a ``Retry-After`` that is a date.
            jitter: a number from 0 to 1, so that clients started by the same hour do not come back together.

        Raises:
            BadInput: the mirror is not an address of this machine.
        """
        self._headers = {"User-Agent": user_agent, "Accept-Language": "en-us", "Accept-Encoding": "gzip"}
        if re.fullmatch(r"[!-~]+@[!-~]+", contact):
            self._headers["From"] = contact
        self._robot = re.split(r"[/\s]", user_agent, maxsplit=1)[0]
        self._pause = pause
        self._timeout = httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout), pool=None)
        self._patience = patience
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._mirror = None if mirror is None else _loopback(mirror)
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._now = now
        self._jitter = jitter
        self._hosts: dict[str, _Host] = {}
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        # A page depends on its address alone, so that asking again gives the same: no cookies are kept.
        cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        try:
            proxied: dict[str, httpx.AsyncBaseTransport | None] = {}
            if self._mirror:
                # The mirror speaks plain HTTP; an empty TLS context saves loading the certificates, 20 ms.
                inner = self._transport or httpx.AsyncHTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
                transport: httpx.AsyncBaseTransport = _MirrorTransport(self._mirror, inner)
            elif self._transport is not None:
                transport = self._transport
            else:
                tls = httpx.create_ssl_context()
                # httpx trusts certifi alone; a proxy that inspects TLS is known to the system's store, on Windows above all.
                tls.load_default_certs()
                transport, proxied = _Direct(tls), _proxied(tls)
            self._client = httpx.AsyncClient(
                transport=transport,
                mounts=proxied,
                verify=False,  # noqa: S501 (said to the client, which makes no transport of its own; ours verify)
                trust_env=False,
                timeout=self._timeout,
                cookies=cookies,
                headers=self._headers,
                event_hooks={"response": [_set_location_aside]},
            )
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as exc:
            # HTTPS_PROXY=socks5://..., ALL_PROXY=nonsense, SSL_CERT_FILE=/no/such/file
            raise BadInput(f"proxy or certificates of the environment: expected settings httpx can use, got {_described(exc)}") from exc
        return self

    async def __aexit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        known_url: str | None = None,
        accept: str = "*/*",
        token: str | None = None,
    ) -> Answer:
        """Asks for an address, follows its redirects, waits where the host says so.

        Args:
            url: https, on one of ``ALLOWED_HOSTS``.
            etag: of the answer we have; sent as ``If-None-Match``.
            last_modified: of the answer we have; sent as ``If-Modified-Since``.
            known_url: the address that gave both (its ``final_url``). They are then sent to no other: where a page has moved, a
                date alone could make the new address say 304 to a body that we never had.
            accept: the media types wanted; MSRC gives XML unless asked for ``application/json``.
            token: sent as a bearer to the host of the address and to no other, wherever it redirects to.

        Returns:
            The answer: 200, 304 (only if one of etag and last_modified was sent), 404 or 410.

        Raises:
            Unreachable: no answer after three tries.
            Refused: robots.txt, a redirect or the answer's size or duration forbid it.
            Throttled: the host throttles for longer than our patience.
            UnexpectedStatus: any other status.
        """
        known = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        # A value that could not have come from a header is left out: that costs a full answer and breaks nothing.
        conditions = {name: value for name, value in known.items() if value and re.fullmatch(r"[ -~]+", value)}

        def conditions_at(at: str) -> dict[str, str]:
            return conditions if known_url in (None, at) else {}

        if token is not None and not re.fullmatch(r"[!-~]+", token):
            raise BadInput("expected a token of printable ASCII without blanks, got another")  # never the token itself
        home = urlsplit(url).hostname

        def bearer_at(at: str) -> dict[str, str]:
            return {"Authorization": f"Bearer {token}"} if token and urlsplit(at).hostname == home else {}

        final_url, reply = await self._follow(url, lambda at: {"Accept": accept, **conditions_at(at), **bearer_at(at)})
        if reply.status == 304 and not conditions_at(final_url):
            raise UnexpectedStatus(final_url, 304, "200, 404 or 410 to a request without conditions")
        if reply.status not in ANSWERS and reply.status != 304:
            raise UnexpectedStatus(final_url, reply.status)
        return Answer(url, final_url, reply.status, reply.headers, reply.body, reply.answered_at.strftime("%Y-%m-%dT%H:%M:%SZ"))

    async def _follow(self, url: str, headers: Callable[[str], dict[str, str]], *, is_robots: bool = False) -> tuple[str, _Reply]:
        """Follows redirects by hand: each hop is an address from outside, checked like the first."""
        at = _checked(url, url)
        seen = [at]
        while True:
            host = self._host(at)
            if not is_robots:
                await self._permit(host, at)
            # A 403 to robots.txt means "no rules for you" (RFC 9309 2.3.1.3: every 4xx but a rate limit allows all). Where it is
            # the throttle of support.microsoft.com instead, the page that is asked next meets the same 403, and waits.
            reply = await self._exchange(host, at, headers(at), THROTTLES - {403} if is_robots else THROTTLES)
            if reply.status not in REDIRECTS:
                return at, reply
            location = reply.headers.get("location")
            if location is None:
                raise Refused(at, f"expected a Location with status {reply.status}, got none")
            try:
                target = _checked(urljoin(at, location), at)
            except ValueError as exc:
                raise Refused(at, f"expected a redirect to an address, got {location!r}") from exc
            if target in seen:
                raise Refused(at, f"expected an end of redirects, got back to {target!r}")
            if len(seen) > MAX_REDIRECTS:
                raise Refused(at, f"expected at most {MAX_REDIRECTS} redirects, got one more to {target!r}")
            seen.append(target)
            at = target

    def _host(self, url: str) -> _Host:
        name = httpx.URL(url).host
        return self._hosts.setdefault(name, _Host(name, self._pause))

    async def _permit(self, host: _Host, url: str) -> None:
        """Raises Refused where robots.txt forbids the address; reads robots.txt the first time."""
        async with host.robots_lock:
            if not host.is_robots_read:
                await self._read_robots(host)
        if host.robots_problem:
            raise Refused(url, host.robots_problem)
        if host.robots and not host.robots.can_fetch(url, self._robot):
            raise Refused(url, f"expected to be allowed by https://{host.name}/robots.txt, got a Disallow for {self._robot}")

    async def _read_robots(self, host: _Host) -> None:
        """Reads a host's rules (RFC 9309).

        A network that is down raises Unreachable and is asked again; any answer stands for the fetcher's lifetime.
        """
        try:
            at, reply = await self._follow(f"https://{host.name}/robots.txt", lambda _: {"Accept": "text/plain, */*;q=0.1"}, is_robots=True)
        except Refused as exc:
            # Rules that we cannot read because of our own limits are still rules: stay away, and say why.
            host.robots_problem = f"expected a robots.txt, got: {exc}"
        else:
            if reply.status == 200:
                text = reply.body[:ROBOTS_BYTES].decode("utf-8-sig", errors="replace")
                host.robots = Protego.parse(text)
                delay = host.robots.crawl_delay(self._robot)
                host.pause = max(self._pause, min(delay or 0.0, MAX_CRAWL_DELAY))
            elif not 400 <= reply.status < 500:  # 2.3.1.4: a server's error is a complete disallow
                host.robots_problem = f"expected a robots.txt at {at}, got status {reply.status}"
        host.is_robots_read = True

    async def _exchange(self, host: _Host, url: str, headers: dict[str, str], throttles: frozenset[int]) -> _Reply:
        """One address of one host, tried until there is an answer. The host's lock is kept while waiting: all its pages wait.

        A plain loop instead of stamina.retry_context: patience belongs to the host and outlives a call, a broken connection and a
        throttle have budgets of their own, and stamina 26.1 can not be given the sleep (its test mode makes every wait 0, so no
        test could see how long we wait); it would also log each wait as a warning.
        """
        async with host.lock:
            started_at = self._clock()
            faults = 0
            while True:
                now = self._clock()
                if now < host.down_until:
                    raise Unreachable(url, host.down_why)
                if now < host.closed_until:
                    raise Throttled(
                        url, f"expected an answer, got none: {host.name} asked us to stay away for {host.closed_until - now:.0f} s more"
                    )
                if now < host.ready_at:
                    await self._sleep(host.ready_at - now)
                try:
                    reply = await self._once(host, url, headers)
                except httpx.TransportError as exc:
                    why, is_last = _described(exc), faults == len(FAULT_WAITS)
                    is_cut_off = not host.was_reached and isinstance(exc, NO_CONNECTION)
                    if is_cut_off and (is_last or self._clock() - started_at > GIVE_UP_SECONDS):
                        host.down_until, host.down_why = self._clock() + DOWN_SECONDS, f"expected an answer of {host.name}, got {why}"
                        raise Unreachable(url, host.down_why) from exc
                    if is_last:
                        raise Unreachable(url, f"expected a whole answer in {faults + 1} tries, got {why}") from exc
                else:
                    if reply.status in throttles:
                        await self._wait(host, url, reply)
                        continue
                    host.throttles, host.waited, host.gave_up = 0, 0.0, False
                    if reply.status not in FAULTS or faults == len(FAULT_WAITS):
                        return reply
                    why = f"status {reply.status}"
                logger.info("%s: %s, trying again", url, why)
                await self._sleep(FAULT_WAITS[faults])
                faults += 1

    async def _wait(self, host: _Host, url: str, reply: _Reply) -> None:
        """Waits as long as a throttle asks, or raises Throttled when that exceeds what is left of the patience."""
        asked = _retry_after(reply)
        if asked is None:
            delay = min(WAIT_MAX, WAIT_FIRST * 2 ** min(host.throttles, 10) * (1 + self._jitter() / 4))
        else:
            # At least 1, 2, 4.. s, so that a Retry-After of 0, or one that proves too short, does not make a tight loop.
            delay = max(min(asked, RETRY_AFTER_MAX), min(WAIT_MAX, 2.0 ** min(host.throttles, 10)))
        host.throttles += 1
        if host.waited + delay > self._patience:
            # The address may be forbidden for good while the host answers others: the next one still gets a request. When that
            # is throttled too, it is the host, and nobody asks it before the time it wants.
            if host.gave_up:
                host.closed_until = self._clock() + delay
            host.gave_up = True
            raise Throttled(
                url,
                f"expected an answer within {self._patience:g} s of waiting, "
                f"got status {reply.status} ({host.throttles} times, {host.waited:.0f} s waited, {delay:.0f} s to go)",
            )
        logger.info("%s: status %s, waiting %.0f s", url, reply.status, delay)
        host.waited += delay
        await self._sleep(delay)

    async def _once(self, host: _Host, url: str, headers: dict[str, str]) -> _Reply:
        """One request on the wire.

        Raises:
            httpx.TransportError: it broke.
            Refused: too long or too large.
        """
        if self._client is None:
            raise RuntimeError("expected an open Fetcher, got one outside `async with`")
        request = self._client.build_request("GET", url, headers=headers)
        try:
            async with asyncio.timeout(self._max_seconds):
                response = await self._client.send(request, stream=True, follow_redirects=False)
                answered_at, host.was_reached, body = self._now().astimezone(UTC), True, b""
                try:
                    if response.is_stream_consumed:  # httpx.MockTransport and respx answer with bodies in memory
                        body = response.content
                    elif response.status_code in ANSWERS:
                        body = await self._read(response, url)
                    elif response.status_code == 304 or _announced_bytes(response) <= DRAIN_BYTES:
                        async for _ in response.aiter_raw():
                            pass
                finally:
                    await response.aclose()
        except TimeoutError as exc:
            raise Refused(url, f"expected an answer within {self._max_seconds:g} s, got an unfinished one") from exc
        finally:
            host.ready_at = self._clock() + host.pause
        headers = dict(response.headers) | response.extensions.get(ASIDE, {})
        return _Reply(response.status_code, headers, body, answered_at)

    async def _read(self, response: httpx.Response, url: str) -> bytes:
        """The body, decoded by ourselves.

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
                    body += gunzip.decompress(data, self._max_bytes + 1 - len(body))
                except zlib.error as exc:
                    raise httpx.RemoteProtocolError(f"a gzip body that cannot be read, {exc}") from exc
                if len(body) > self._max_bytes:
                    break
                data = gunzip.unused_data
            if not is_gzip:
                body += data
            if max(len(body), raw_bytes) > self._max_bytes:
                raise Refused(url, f"expected at most {self._max_bytes} bytes, got more")
        if is_gzip and raw_bytes and not gunzip.eof:
            raise httpx.RemoteProtocolError("a gzip body that ends early")
        return bytes(body)


class _MirrorTransport(httpx.AsyncBaseTransport):
    """Sends every request to a mirror on this machine; URL and Host header of the request stay the real ones."""

    def __init__(self, mirror: httpx.URL, inner: httpx.AsyncBaseTransport) -> None:
        self._mirror = mirror
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = self._mirror.copy_with(raw_path=request.url.raw_path)
        return await self._inner.handle_async_request(
            httpx.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions)
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


def _proxied(tls: ssl.SSLContext) -> dict[str, httpx.AsyncBaseTransport | None]:
    """What asks by the proxy of the environment (or of the system's settings), by the hosts that are to be asked by it."""
    proxies = getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    if not proxy:
        return {}
    way = httpx.AsyncHTTPTransport(verify=tls, proxy=proxy if "://" in proxy else f"http://{proxy}")
    return {f"https://{host}": way for host in sorted(ALLOWED_HOSTS) if not proxy_bypass(host)}


class _Direct(httpx.AsyncHTTPTransport):
    """httpx's own transport, but connected to public addresses alone."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls)
        # httpx has no argument for what connects, httpcore below it has one.
        self._pool = httpcore.AsyncConnectionPool(ssl_context=tls, keepalive_expiry=KEEP_SECONDS, network_backend=_PublicNetwork())


class _PublicNetwork(httpcore.AsyncNetworkBackend):
    """Connects to the public addresses of a name.

    Whoever answers for DNS could lead an allowed name to a router, or to the metadata service of a cloud (169.254.169.254). The addresses are
    looked up once, all of them are checked, and what is connected to is one of them, not the name: nothing can change in between.
    TLS asks for the name all the same.
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
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError as exc:
            raise httpcore.ConnectTimeout(f"no address of {host} within {timeout:g} s") from exc
        except OSError as exc:
            raise httpcore.ConnectError(str(exc)) from exc
        places = list(dict.fromkeys(place[:2] for *_, place in found))
        if private := [str(address) for address, _ in places if not is_public(str(address))]:
            raise Refused(
                f"https://{host}/",
                f"expected public addresses of {host}, got {private[0]}; a proxy that answers there is named by HTTPS_PROXY",
            )
        broken: Exception = httpcore.ConnectError(f"no address of {host}")
        for address, at in _by_turns(places)[:MAX_ADDRESSES]:
            share = None if timeout is None else timeout / min(len(places), MAX_ADDRESSES)
            try:
                return await self._inner.connect_tcp(str(address), int(at), share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                broken = exc
        raise broken

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


def _by_turns(places: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Addresses of IPv6 and IPv4 by turns, beginning with the system's first: four of one kind that is broken must not hide the other."""
    first = [place for place in places if (":" in str(place[0])) == (":" in str(places[0][0]))]
    other = [place for place in places if place not in first]
    return [place for pair in zip_longest(first, other) for place in pair if place is not None]


# 64:ff9b::/96 is a translator's (RFC 6052): the address behind it is the last 32 bits.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, whatever it is wrapped in.

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


async def _set_location_aside(response: httpx.Response) -> None:
    """Keeps Location from httpx: it reads every one, also when told not to follow, and calls one it cannot read a broken connection."""
    if "location" in response.headers:
        response.extensions[ASIDE] = {"location": response.headers.pop("location")}


def _loopback(mirror: str) -> httpx.URL:
    try:
        url = httpx.URL(mirror)
    except httpx.InvalidURL as exc:
        raise BadInput(f"mirror: expected http://127.0.0.1:PORT, got {mirror!r}") from exc
    # Without TLS nothing proves who answers, so it must be this machine.
    if url.scheme != "http" or url.host not in ("127.0.0.1", "::1", "localhost") or url.path != "/" or url.query or url.userinfo:
        raise BadInput(f"mirror: expected http://127.0.0.1:PORT, got {mirror!r}")
    return url


def _checked(url: str, source: str) -> str:
    """The address without fragment, if we may ask for it.

    What is compared is httpx's reading of the address, since that is what will be connected to.

    Args:
        url: the address.
        source: the address it came from, for the error.

    Raises:
        Refused: scheme, host, port, user or path are not what is allowed.
    """
    try:
        clean = urldefrag(url.replace(" ", "%20")).url  # an OData filter may come with blanks in it
        parsed = httpx.URL(clean)
        path = urlsplit(clean).path
    except (httpx.InvalidURL, ValueError) as exc:
        raise Refused(source, f"expected an https address, got {url!r}") from exc
    if UNCLEAN.search(clean) or parsed.scheme != "https" or parsed.userinfo or parsed.port is not None:
        raise Refused(source, f"expected an https address on port 443 without user, got {url!r}")
    if parsed.raw_host.decode("ascii") not in ALLOWED_HOSTS:
        raise Refused(source, f"expected a host of Microsoft's that we know, got {url!r}")
    if ENCODED_DOTS.search(path) or {".", ".."} & set(path.split("/")):
        raise Refused(source, f"expected a path without dot segments, got {url!r}")
    return clean


def _retry_after(reply: _Reply) -> float | None:
    """Seconds that ``Retry-After`` asks for, from "120" or "Wed, 21 Oct 2026 07:28:00 GMT"; None where it says neither."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 10 else RETRY_AFTER_MAX
    until, since = _http_date(text), _http_date(reply.headers.get("date", "")) or reply.answered_at
    # Counted from the server's own Date where it has one: our clock may be wrong.
    return None if until is None else max(0.0, (until - since).total_seconds())


def _announced_bytes(response: httpx.Response) -> float:
    text = response.headers.get("content-length", "")
    return float(text) if text.isascii() and text.isdigit() else math.inf


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _described(exc: BaseException) -> str:
    return f"{type(exc).__name__}: {exc}".rstrip(": ")


def post(address: str, body: bytes, *, seconds: float) -> None:
    """Posts JSON to an address that the operator chose: any host, no redirects, nothing of the answer but its status is read.

    Raises:
        FetchError: it was not taken. The message names the host alone: the rest of such an address is a secret.
    """
    host = urlsplit(address).hostname or "the webhook"
    try:
        with (
            httpx.Client(timeout=seconds, follow_redirects=False) as client,
            client.stream(
                "POST", address, content=body, headers={"Content-Type": "application/json", "User-Agent": user_agent()}
            ) as response,
        ):
            status = response.status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise Unreachable(host, f"expected {host} to take a message, got {type(error).__name__}") from None
    if not 200 <= status < 300:
        raise Unreachable(host, f"expected {host} to take a message, got status {status}")
