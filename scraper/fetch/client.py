"""The one HTTP client: polite to Microsoft's hosts, bounded in time and size, loud about any answer that is not what it should be.

Nobody else asks Microsoft. ``addresses`` says what may be asked, ``hosts`` remembers what each host said, ``transport`` carries a request.
httpx is imported in this folder alone, so that a move to its successor (httpx2) is small.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self
from urllib.parse import urljoin, urlsplit

import httpx

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.fetch.addresses import API_HOSTS, checked, mirror_url
from hotpatch_kb.scraper.fetch.agent import CLOCK_AHEAD
from hotpatch_kb.scraper.fetch.errors import Refused, UnexpectedStatus, Unreachable, described
from hotpatch_kb.scraper.fetch.hosts import PATIENCE, PAUSE, Host, Pace, http_date
from hotpatch_kb.scraper.fetch.transport import MAX_BYTES, MAX_SECONDS, READ_SECONDS, READ_STATUSES, Reply, body_of, headers_of, open_client

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS: Final = 6  # /help/<kb> takes one or two hops, docs.microsoft.com to learn and on to "?view=" may take three

THROTTLES: Final = frozenset({403, 429, 503})
FAULTS: Final = frozenset({500, 502, 504})  # a gateway's bad moment, like a broken connection
FAULT_WAITS: Final = (0.5, 2.0)  # seconds before the second and the third try
ROBOTS_WAITS: Final = (5.0, 20.0)  # for a robots.txt that is a server's error: without it no page of the host may be asked
GIVE_UP_SECONDS: Final = (
    3.0  # no further try after this, while no connection to a host was ever made: without a network `serve` must not hang
)
NO_CONNECTION: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that can be used.

    Attributes:
        url: the address that was asked, as it was given.
        final_url: the address that answered, after redirects, without fragment.
        status: 200, 304, 404 or 410.
        headers: names in lower case.
        body: decoded from gzip, otherwise as served; empty with 304.
        fetched_at: when the headers had come, UTC, ``2026-07-23T12:00:00Z``.
    """

    url: str
    final_url: str
    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)
    fetched_at: str


class Fetcher:
    """A client of Microsoft's hosts: one request at a time per host, different hosts at once.

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
        clock_ahead: timedelta = CLOCK_AHEAD,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = random.random,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take the settings; sockets are opened from ``async with`` on.

        Args:
            user_agent: sent as it is; its product token (up to the first slash) is looked up in robots.txt.
            contact: a mail address is sent as ``From``, as RFC 9110 10.1.2 asks of robots; anything else is ignored here.
            pause: seconds between the end of a request and the start of the next to the same host.
            timeout: seconds of silence after which a connection counts as broken.
            patience: seconds to wait, in all, for a host that throttles.
            max_bytes: of a decoded body.
            max_seconds: of one answer, however steadily it drips.
            mirror: ``http://127.0.0.1:PORT``; every request goes there, with the real host in ``Host``. For tests and proofs.
            clock_ahead: how far this machine's clock may be ahead of a server's.
            clock: monotonic seconds.
            sleep: waits for so many seconds.
            now: the time of day, aware, for ``fetched_at`` and for a ``Retry-After`` that is a date.
            jitter: a number from 0 to 1, so that clients started by the same hour do not come back together.
            say: takes a line for people, when a host makes us wait.

        Raises:
            BadInput: the mirror is not an address of this machine.
        """
        self._headers = {"User-Agent": user_agent, "Accept-Language": "en-us", "Accept-Encoding": "gzip"}
        if re.fullmatch(r"[!-~]+@[!-~]+", contact):
            self._headers["From"] = contact
        self._robot = re.split(r"[/\s]", user_agent, maxsplit=1)[0]
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._mirror = None if mirror is None else mirror_url(mirror)
        self._pace = Pace(pause, patience, clock, sleep, jitter, say)
        self._now = now
        self._clock_ahead = clock_ahead
        self._hosts: dict[str, Host] = {}
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        self._client = open_client(self._headers, timeout=self._timeout, mirror=self._mirror)
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
        """Ask for an address, follow its redirects, wait where the host says so.

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
            Refused: robots.txt, a redirect or the answer's size or duration forbid it, or this machine's clock is ahead.
            Throttled: the host throttles for longer than our patience.
            ShutOut: it does, and has answered no page yet.
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
        if reply.status not in READ_STATUSES and reply.status != 304:
            raise UnexpectedStatus(final_url, reply.status)
        self._check_clock(final_url, reply)
        return Answer(url, final_url, reply.status, reply.headers, reply.body, reply.answered_at.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def _check_clock(self, url: str, reply: Reply) -> None:
        """Refuse an answer that would be dated after its day: a page "read" in 2040 would be newer than every page for years."""
        there = http_date(reply.headers.get("date", ""))
        age = reply.headers.get("age", "")
        if (
            there is not None
            and reply.answered_at - there - timedelta(seconds=int(age) if re.fullmatch(r"\d{1,8}", age) else 0) > self._clock_ahead
        ):
            raise Refused(
                url,
                f"expected this machine's clock to agree with the server's, got {reply.answered_at:%Y-%m-%d} here and {there:%Y-%m-%d} there",
            )

    async def _follow(self, url: str, headers: Callable[[str], dict[str, str]], *, is_robots: bool = False) -> tuple[str, Reply]:
        """Follow redirects by hand: each hop is an address from outside, checked like the first."""
        at = checked(url, url)
        seen = [at]
        while True:
            host = self._host(at)
            if not is_robots and host.name not in API_HOSTS:
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
                target = checked(urljoin(at, location), at)
            except ValueError as exc:
                raise Refused(at, f"expected a redirect to an address, got {location!r}") from exc
            if target in seen:
                raise Refused(at, f"expected an end of redirects, got back to {target!r}")
            if len(seen) > MAX_REDIRECTS:
                raise Refused(at, f"expected at most {MAX_REDIRECTS} redirects, got one more to {target!r}")
            seen.append(target)
            at = target

    def _host(self, url: str) -> Host:
        name = httpx.URL(url).host
        if name not in self._hosts:
            self._hosts[name] = Host(name, self._pace)
        return self._hosts[name]

    async def _permit(self, host: Host, url: str) -> None:
        """Raise Refused where robots.txt forbids the address; read robots.txt the first time."""
        async with host.robots_lock:
            if not host.is_robots_read:
                await self._read_robots(host)
        host.check_robots(url, self._robot)

    async def _read_robots(self, host: Host) -> None:
        """Read a host's rules.

        RFC 9309 2.3.1.4 forbids every page while robots.txt is a server's error. That is no rule of the host's: it is tried again, after
        longer waits, and is then asked for again with the next address.

        Raises:
            Unreachable: the host does not answer, or answers with errors.
        """
        url = f"https://{host.name}/robots.txt"
        host.raise_if_down(url)
        for wait in (*ROBOTS_WAITS, None):
            try:
                _, reply = await self._follow(url, lambda _: {"Accept": "text/plain, */*;q=0.1"}, is_robots=True)
            except Refused as exc:
                host.stay_away(str(exc))
                return
            except Unreachable as exc:
                if not host.was_reached:  # without a network a run must not hang
                    raise
                if wait is None:
                    raise Unreachable(url, host.mark_down(f"no robots.txt ({exc.message})")) from exc
            else:
                if reply.status == 200 or 400 <= reply.status < 500:
                    host.obey(reply, self._robot)
                    return
                if wait is None:
                    raise Unreachable(url, host.mark_down(f"status {reply.status} for its robots.txt"))
            logger.info("%s: no rules yet, trying again", url)
            await self._pace.sleep(wait)

    async def _exchange(self, host: Host, url: str, headers: dict[str, str], throttles: frozenset[int]) -> Reply:
        """Ask a host for an address until there is an answer.

        A plain loop instead of stamina.retry_context: the wait for a throttle is counted per host across calls, and faults have their
        own tries. stamina 26.1 does not accept a sleep function, so tests could not check the waits; it would also log each wait as
        a warning.
        """
        async with host.lock:
            started_at = self._pace.clock()
            faults = 0
            while True:
                await host.until_ready(url)
                try:
                    reply = await self._once(host, url, headers)
                except httpx.TransportError as exc:
                    why, is_last = described(exc), faults == len(FAULT_WAITS)
                    is_cut_off = not host.was_reached and isinstance(exc, NO_CONNECTION)
                    if is_cut_off and (is_last or self._pace.clock() - started_at > GIVE_UP_SECONDS):
                        raise Unreachable(url, host.mark_down(why)) from exc
                    if is_last:
                        raise Unreachable(url, f"expected a whole answer in {faults + 1} tries, got {why}") from exc
                else:
                    if reply.status in throttles:
                        await host.wait_out(url, reply)
                        continue
                    host.answered(reply.status, is_robots=403 not in throttles)
                    if reply.status not in FAULTS or faults == len(FAULT_WAITS):
                        return reply
                    why = f"status {reply.status}"
                logger.info("%s: %s, trying again", url, why)
                await self._pace.sleep(FAULT_WAITS[faults])
                faults += 1

    async def _once(self, host: Host, url: str, headers: dict[str, str]) -> Reply:
        """Send one request.

        Raises:
            httpx.TransportError: it broke.
            Refused: the answer took too long or is too large.
        """
        if self._client is None:
            raise RuntimeError("expected an open Fetcher, got one outside `async with`")
        request = self._client.build_request("GET", url, headers=headers)
        try:
            async with asyncio.timeout(self._max_seconds):
                response = await self._client.send(request, stream=True, follow_redirects=False)
                answered_at, host.was_reached = self._now().astimezone(UTC), True
                try:
                    body = await body_of(response, url, self._max_bytes)
                finally:
                    await response.aclose()
        except TimeoutError as exc:
            raise Refused(url, f"expected an answer within {self._max_seconds:g} s, got an unfinished one") from exc
        finally:
            host.request_ended()
        return Reply(response.status_code, headers_of(response), body, answered_at)
