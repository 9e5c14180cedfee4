"""Crawl what is due for as long as it runs (``hotpatch-kb schedule``): what a frequent line of cron does, without cron. Or take it from a feed.

It looks at the wall clock at least once a minute and asks the database what is due. So a machine that slept, a clock that was set and daylight
saving need no rules of their own: nothing is counted from the beginning of a long wait.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple

from hotpatch_kb.db.store.connections import open_for_reading
from hotpatch_kb.scraper.crawl.due import plan, written
from hotpatch_kb.scraper.crawl.exit_codes import ExitCode
from hotpatch_kb.scraper.crawl.reading import feed_state
from hotpatch_kb.scraper.crawl.reading.feed_state import FEED_VARIABLE
from hotpatch_kb.scraper.crawl.upkeep import parent, stuck
from hotpatch_kb.scraper.fetch.agent import Agent
from hotpatch_kb.scraper.fetch.errors import without_password
from hotpatch_kb.scraper.sources import registry

Say = Callable[[str], None]
# Runs a crawl. Returns its exit code.
Crawl = Callable[[], int]

LOOK_EVERY: Final = timedelta(minutes=1)
# A first crawl of 1,100 articles with pauses takes 40 minutes; what takes longer than this hangs.
CRAWL_DEADLINE: Final = timedelta(hours=6)
_KILLED_AFTER: Final = timedelta(minutes=1)
# How long to wait where another run holds the lock, or where something is wrong with the machine, such as a full disk.
PAUSE_AFTER: Final[dict[int, timedelta]] = {
    ExitCode.LOCKED: timedelta(minutes=1),
    ExitCode.FAILED: timedelta(minutes=15),
    ExitCode.BAD_INPUT: timedelta(minutes=15),
}
_SAID: Final[dict[int, str]] = {
    ExitCode.DONE: "done",
    ExitCode.SOURCE_FAILED: "a source failed or could not be reached; its facts were kept",
    ExitCode.LOCKED: "another run is on",
    ExitCode.INTERRUPTED: "interrupted",
}


class Intake(NamedTuple):
    """Where a database takes newer facts from: Microsoft's sites, or the export of another hotpatch-kb.

    Attributes:
        agent: who asks.
        feed: the address or the folder of the export, "" to crawl.
        key: the file of the public key that must have signed the export, None for no signature.
    """

    agent: Agent
    feed: str = ""
    key: Path | None = None

    def verb(self) -> str:
        """Return the command that takes them."""
        return "update" if self.feed else "crawl"

    def command(self, db: Path, archive: Path) -> list[str]:
        """Return the command line that takes what is due. It is a subprocess: its memory is freed, and its crash does not stop the scheduler.

        It ends when its standard input does: give it a pipe, and keep that open.
        """
        given = ["--db", str(db), "--archive", str(archive), *(self._of_feed() if self.feed else self.agent.options())]
        return [sys.executable, "-P", "-m", "hotpatch_kb", self.verb(), "--due", parent.OPTION, *given]

    def _of_feed(self) -> list[str]:
        return ["--key", str(self.key)] if self.key is not None else []

    def environment(self) -> dict[str, str]:
        """Return the environment of that command. It has the feed, whose address may have a password: everybody on a machine can read command lines."""
        return {**os.environ, FEED_VARIABLE: self.feed} if self.feed else dict(os.environ)

    def shown(self) -> str:
        """Return the feed as messages name it."""
        return without_password(self.feed)

    def said(self, code: int) -> str:
        """Return what the exit code of that command means, in a few words."""
        if self.feed and code == ExitCode.SOURCE_FAILED:
            return "the feed was refused or could not be reached; the facts were kept"
        return _SAID.get(ExitCode.INTERRUPTED if code < 0 else code, f"failed ({code})")


CRAWLING: Final = Intake(Agent())


class Schedule:
    """Crawls when something is due."""

    def __init__(
        self, db: Path, crawl: Crawl, say: Say, now: Callable[[], datetime] = lambda: datetime.now(UTC), intake: Intake = CRAWLING
    ) -> None:
        """Take the database, which need not be there yet, the function that runs a crawl, the clock (UTC), and where facts come from."""
        self._db = db
        self._intake = intake
        self._crawl = crawl
        self._say = say
        self._now = now
        self._not_before: datetime | None = None
        self._told = ""

    def look(self) -> timedelta:
        """Crawl if something is due; return how long to wait before the next look, at most ``LOOK_EVERY``."""
        now = self._now()
        if self._not_before is not None and now < self._not_before <= now + max(PAUSE_AFTER.values()):
            return min(LOOK_EVERY, self._not_before - now)
        self._not_before = None
        at, why = self._due(now)
        if at > now:
            self._tell(f"next: {why} at {written(at)}")
            return min(LOOK_EVERY, at - now)
        self._say(f"{self._intake.verb()}: {why}")
        code = self._crawl()
        self._say(f"{self._intake.verb()}: {self._intake.said(code)}")
        after = self._now()
        if code in PAUSE_AFTER or (code not in _SAID):
            self._not_before = after + PAUSE_AFTER.get(code, PAUSE_AFTER[ExitCode.FAILED])
        elif self._due(after)[0] <= after:
            self._not_before = after + LOOK_EVERY  # what is still due, after the clock was set back for example, is not asked in a loop
        return min(LOOK_EVERY, (self._not_before or after + LOOK_EVERY) - after)

    def _due(self, now: datetime) -> tuple[datetime, str]:
        if not self._db.is_file():
            return now, "there is no database yet"
        if self._intake.feed:
            at, why = feed_state.due(self._db, self._intake.shown(), now)
            return at, f"{self._intake.shown()}: {why}"
        with closing(open_for_reading(self._db)) as conn:
            planned = plan(conn, list(registry().values()), now)
        first = planned[0]
        return first.at, f"{first.source}: {first.why}"

    def _tell(self, message: str) -> None:
        if message != self._told:
            self._told = message
            self._say(message)


def schedule(db: Path, archive: Path, *, intake: Intake, say: Say) -> int:
    """Run until it is told to stop (SIGTERM, SIGINT, Ctrl-C or Ctrl-Break). That also ends a running crawl; the database is whole then too.

    Returns:
        the exit code: 0 after it was told to stop.
    """
    stop = threading.Event()
    running: list[subprocess.Popen[bytes]] = []

    def crawl() -> int:
        with subprocess.Popen(intake.command(db, archive), stdin=subprocess.PIPE, env=intake.environment()) as process:
            running.append(process)
            if stop.is_set():
                stuck.end(process)
            try:
                return _ended(process, say)
            finally:
                running.clear()

    def stopped(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the two of a handler)
        stop.set()
        for process in running:
            stuck.end(process)

    names = ["SIGINT", "SIGTERM", "SIGBREAK"]  # the last on Windows alone
    former = {getattr(signal, name): signal.signal(getattr(signal, name), stopped) for name in names if hasattr(signal, name)}
    try:
        watch(Schedule(db, crawl, say, intake=intake), stop)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    say("stopped")
    return ExitCode.DONE


def _ended(process: subprocess.Popen[bytes], say: Say) -> int:
    """Return the exit code of a crawl; it is ended when it takes longer than ``CRAWL_DEADLINE``, and the database is whole then too."""
    try:
        return process.wait(CRAWL_DEADLINE.total_seconds())
    except subprocess.TimeoutExpired:
        say(f"crawl: expected its end within {CRAWL_DEADLINE}, got none: stopping it")
        process.terminate()
    try:
        return process.wait(_KILLED_AFTER.total_seconds())
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def watch(schedule: Schedule, stop: threading.Event) -> None:
    """Look again and again until it is told to stop."""
    while not stop.is_set():
        # The wait is counted by a clock that stops while the machine sleeps; a minute late is early enough.
        stop.wait(schedule.look().total_seconds())
