"""Remember for each host when it may be asked again, how long it has made us wait, what its robots.txt says.

support.microsoft.com throttles with 403, not with 429, within minutes of a fast crawl (vuls-data-update retries on 403 for that):
here a 403 is no answer, it means wait.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from protego import Protego

from hotpatch_kb.scraper.fetch.errors import Refused, ShutOut, Throttled, Unreachable
from hotpatch_kb.scraper.fetch.transport import Reply

# Seconds between two requests to a host. Two public scrapers were throttled within minutes at three requests at a time and lost 12 of
# 200 articles; two at a time lost none (sources of vuls-data-update, 2026). One at a time with a second between never was throttled.
PAUSE: Final = 1.0
MAX_CRAWL_DELAY: Final = 10.0  # what robots.txt may ask for; 100 pages then take 17 minutes
ROBOTS_BYTES: Final = 500 * 1024  # RFC 9309 2.5: read at least 500 KiB

PATIENCE: Final = 300.0  # seconds of waiting; the window of support.microsoft.com is seconds, of prices.azure.com 61 s
# For a host that answered 403 to all that was ever asked of it, robots.txt included: it blocks us, and does not throttle.
PATIENCE_SHUT_OUT: Final = 60.0
WAIT_FIRST: Final = 5.0
WAIT_MAX: Final = 60.0
RETRY_AFTER_MAX: Final = 120.0  # prices.azure.com has sent absurd values, where 61 s were enough
DOWN_SECONDS: Final = 60.0  # then every address of that host fails at once, instead of each after its own 10 s
WAYS_OUT: Final = (
    "another network or proxy (HTTPS_PROXY), another --user-agent, the feeds or the database of another instance, "
    "saved pages (hotpatch-kb crawl --from FOLDER)"
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast hosts are asked, and by which clock.

    Attributes:
        pause: seconds between the end of a request and the start of the next to the same host.
        patience: seconds to wait, in all, for a host that throttles.
        clock: monotonic seconds.
        sleep: waits for so many seconds.
        jitter: a number from 0 to 1, so that clients started by the same hour do not come back together.
        say: takes a line for people, when a host makes us wait.
    """

    pause: float
    patience: float
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]
    say: Callable[[str], None]


class Host:
    """A host and what it said so far. Whoever asks it holds ``lock``, also while waiting: one request at a time, and all its pages wait.

    Attributes:
        name: as in addresses.
        lock: held by the one request that is under way.
        was_reached: whether it ever answered.
        has_answered_pages: whether it ever answered a page (not robots.txt) with anything but a throttle.
        robots_lock: held while robots.txt is read.
        is_robots_read: whether robots.txt was read, or is one that our limits keep us from reading.
    """

    def __init__(self, name: str, pace: Pace) -> None:
        self.name = name
        self.lock = asyncio.Lock()
        self.was_reached = self.has_answered_pages = False
        self.robots_lock = asyncio.Lock()
        self.is_robots_read = False
        self._pace = pace
        self._pause = pace.pause
        self._rules: Protego | None = None  # None: everything is allowed
        self._robots_problem = ""
        # Times are of the clock.
        self._ready_at = self._down_until = self._closed_until = -math.inf
        self._why_down = ""
        self._throttles = 0  # in a row
        self._last_throttle = 0  # the status of the last one
        self._waited = 0.0  # seconds, because of them
        self._gave_up = False
        self._has_answered = False  # with anything but a throttle, to robots.txt too

    # Requests

    async def until_ready(self, url: str) -> None:
        """Wait until the next request may be sent.

        Raises:
            Unreachable: no connection could be made within the last minute.
            Throttled: the host asked us to stay away for longer.
        """
        self.raise_if_down(url)
        now = self._pace.clock()
        if now < self._closed_until:
            if not self.has_answered_pages and self._last_throttle == 403:
                raise self._shut_out(url)
            raise Throttled(
                url, f"expected an answer, got none: {self.name} asked us to stay away for {self._closed_until - now:.0f} s more"
            )
        if now < self._ready_at:
            await self._pace.sleep(self._ready_at - now)

    def raise_if_down(self, url: str) -> None:
        """Raise Unreachable if ``mark_down`` was called within the last minute."""
        if self._pace.clock() < self._down_until:
            raise Unreachable(url, self._why_down)

    def request_ended(self) -> None:
        """Start the pause before the next request."""
        self._ready_at = self._pace.clock() + self._pause

    def mark_down(self, why: str) -> str:
        """Fail every request of the next minute at once. Return the message of their errors."""
        self._down_until = self._pace.clock() + DOWN_SECONDS
        self._why_down = f"expected an answer of {self.name}, got {why}"
        return self._why_down

    async def wait_out(self, url: str, reply: Reply) -> None:
        """Wait as long as a throttle asks.

        Raises:
            Throttled: that exceeds what is left of the patience.
            ShutOut: it does, and the host answered 403 to every page.
        """
        delay = self._delay(retry_after(reply))
        self._throttles += 1
        self._last_throttle = reply.status
        patience = self._pace.patience
        if reply.status == 403 and not self._has_answered:
            patience = min(patience, PATIENCE_SHUT_OUT)
        if self._waited + delay > patience:
            # Perhaps only this address is blocked, so the next one gets a request. If that is throttled too, the whole host is
            # throttling: send nothing until its delay is over.
            if self._gave_up:
                self._closed_until = self._pace.clock() + delay
            self._gave_up = True
            if reply.status == 403 and not self.has_answered_pages:
                raise self._shut_out(url)
            raise Throttled(
                url,
                f"expected an answer within {patience:g} s of waiting, "
                f"got status {reply.status} ({self._throttles} times, {self._waited:.0f} s waited, {delay:.0f} s to go)",
            )
        logger.info("%s: status %s, waiting %.0f s", url, reply.status, delay)
        if not self._waited:
            self._pace.say(f"{self.name} makes us wait, for at most {patience:g} s")
        self._waited += delay
        await self._pace.sleep(delay)

    def _delay(self, asked: float | None) -> float:
        """Return the seconds to wait. ``asked`` is from Retry-After, None without one."""
        doublings = min(self._throttles, 10)
        if asked is None:
            return min(WAIT_MAX, WAIT_FIRST * 2.0**doublings * (1 + self._pace.jitter() / 4))
        # At least 1, 2, 4.. s, so that a Retry-After of 0, or one that proves too short, does not make a tight loop.
        return max(min(asked, RETRY_AFTER_MAX), min(WAIT_MAX, 2.0**doublings))

    def answered(self, status: int, *, is_robots: bool) -> None:
        """Give the host all our patience again, after an answer that is no throttle (a 403 to robots.txt may be one)."""
        self._throttles, self._waited, self._gave_up = 0, 0.0, False
        self._has_answered |= status != 403
        self.has_answered_pages |= not is_robots

    def _shut_out(self, url: str) -> ShutOut:
        return ShutOut(url, f"expected an answer, got status 403 to everything asked of {self.name}; ways out: {WAYS_OUT}")

    # robots.txt (RFC 9309). An answer counts for the life of this object.

    def obey(self, reply: Reply, robot: str) -> None:
        """Take the answer to robots.txt as the host's rules.

        Args:
            reply: the answer, 200 or that there is none.
            robot: our product token.
        """
        if reply.status == 200:
            self._rules = Protego.parse(reply.body[:ROBOTS_BYTES].decode("utf-8-sig", errors="replace"))
            self._pause = max(self._pace.pause, min(self._rules.crawl_delay(robot) or 0.0, MAX_CRAWL_DELAY))
        self.is_robots_read = True

    def stay_away(self, why: str) -> None:
        """Forbid every address: robots.txt exists, but our limits kept us from reading it."""
        self._robots_problem = f"expected a robots.txt, got: {why}"
        self.is_robots_read = True

    def check_robots(self, url: str, robot: str) -> None:
        """Check an address against the rules.

        Raises:
            Refused: robots.txt forbids the address.
        """
        if self._robots_problem:
            raise Refused(url, self._robots_problem)
        if self._rules and not self._rules.can_fetch(url, robot):
            raise Refused(url, f"expected to be allowed by https://{self.name}/robots.txt, got a Disallow for {robot}")


def retry_after(reply: Reply) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, from "120" or "Wed, 21 Oct 2026 07:28:00 GMT"; None where it says neither."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 10 else RETRY_AFTER_MAX
    until, since = http_date(text), http_date(reply.headers.get("date", "")) or reply.answered_at
    # Counted from the server's own Date where it has one: our clock may be wrong.
    return None if until is None else max(0.0, (until - since).total_seconds())


def http_date(text: str) -> datetime | None:
    """Return the time of a header such as "Wed, 21 Oct 2026 07:28:00 GMT", None where it says none."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
