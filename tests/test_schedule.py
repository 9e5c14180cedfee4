"""When sources are due, and the daemon that crawls them: over months of a clock of our own, and as a process against the mirror."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from helpers.mirror import Mirror

from hotpatch_kb.db.store import schema
from hotpatch_kb.scraper.crawl import due, runs
from hotpatch_kb.scraper.crawl import schedule as scheduling
from hotpatch_kb.scraper.sources import registry

WEB = [source.source for source in registry().values() if source.pages and not source.is_embedded and source.due_every != "never"]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def record(db: Path, now: datetime, sources: list[str], state: str = "accepted") -> None:
    """What a run leaves of sources that it could read, or could not."""
    with closing(schema.open_for_writing(db)) as conn, schema.transaction(conn):
        for source in registry().values():
            row = (source.source, source.due_every, source.stands_in_for or None)
            conn.execute("insert or ignore into sources values (?, '', '', '', 1, ?, 'ok', ?)", row)
        run = conn.execute("select max(run) + 1 from runs").fetchone()[0]
        conn.execute("insert into runs values (?, ?, ?, 'crawl', 'done', 1, 1, 0, 0, 0)", (run, due.written(now), due.written(now)))
        for place, source in enumerate(sources):
            if state == "accepted":
                conn.execute(
                    "insert into pages values (?, ?, 'u', 'u', 'u', ?, 0, null, 200, '', '', null, null, 0, 'accepted', ?)",
                    (run * 1000 + place, source, due.written(now), run),
                )
            else:
                conn.execute("insert into checks values (?, ?, 'u', '', 'readable', 0, 1, 'expected ..., got ...')", (run, source))


def planned(db: Path, now: datetime) -> dict[str, due.Due]:
    with closing(sqlite3.connect(db)) as conn:
        return {item.source: item for item in due.plan(conn, list(registry().values()), now)}


# --- times --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "at"),
    [
        ("2026-07-10T08:00", "2026-07-10T14:00"),  # at its pace
        ("2026-07-14T15:00", "2026-07-14T17:00"),  # updates come before that: 10:00 Pacific in summer
        ("2026-07-14T17:00", "2026-07-14T17:30"),  # then often
        ("2026-07-15T04:40", "2026-07-15T05:10"),
        ("2026-07-15T05:01", "2026-07-15T11:01"),  # twelve hours later no more
        ("2026-12-08T16:00", "2026-12-08T18:00"),  # in winter
        ("2026-03-10T16:00", "2026-03-10T17:00"),  # two days after the clocks went forward
        ("2027-03-09T16:00", "2027-03-09T18:00"),  # five days before they do
        ("2026-10-31T23:00", "2026-11-01T05:00"),  # the night in which they go back
        ("2026-12-31T23:00", "2027-01-01T05:00"),
    ],
)
def test_a_source_of_releases_is_due_at_its_pace_and_often_behind_a_release(last: str, at: str) -> None:
    assert due.next_read(utc(last), timedelta(hours=6), timedelta(minutes=30))[0] == utc(at)


def test_other_sources_know_no_release_day() -> None:
    assert due.next_read(utc("2026-07-14T15:00"), timedelta(days=1), None)[0] == utc("2026-07-15T15:00")


def test_every_second_tuesday_of_ten_years_is_known_to_the_hour() -> None:
    for year in range(2021, 2031):
        for month in range(1, 13):
            at = due.release_of(f"{year}-{month:02d}").astimezone(due.PACIFIC)
            assert (at.weekday(), 8 <= at.day <= 14, at.hour, at.minute) == (1, True, 10, 0)


def test_what_was_never_read_is_due_now_and_the_embedded_facts_are_with_it(db: Path) -> None:
    now = utc("2026-07-25T12:00")
    found = planned(db, now)
    assert set(found) == {source for source in WEB if source not in {"support_toc", "graph_updates"}}
    assert found["msrc_cvrf"].why == "it was never read"
    wanted = {source.source for source in due.wanted(list(registry().values()), found.values(), now)}
    assert {"support_article", "facts_prices", "support_toc"} <= wanted
    record(db, now, list(found))
    assert due.wanted(list(registry().values()), planned(db, now).values(), now) == []


@pytest.mark.fault("a source that fails again and again", of="network")
def test_a_failing_source_is_asked_later_and_later_and_at_once_when_it_was_mended(db: Path) -> None:
    """A source fails eight times; it is asked after 15 minutes, then twice as long up to its own pace, and at that pace once it is read."""
    now = utc("2026-07-25T12:00")
    record(db, now, WEB)
    now += timedelta(hours=6)
    waits = []
    for _ in range(8):
        record(db, now, ["support_navigation"], "failed")
        item = planned(db, now)["support_navigation"]
        waits.append((item.at - now).total_seconds() / 60)
        now = item.at
    assert waits == [15, 30, 60, 120, 240, 360, 360, 360]  # minutes, up to its own pace
    assert item.why == "it failed 8 times"
    record(db, now, ["support_navigation"])
    assert planned(db, now)["support_navigation"].at == now + timedelta(hours=6)


@pytest.mark.fault("a clock that is set back by years")
def test_a_clock_that_was_set_back_keeps_nothing_waiting(db: Path) -> None:
    """Every source was read at a time that is yet to come; each is due at once, none waits for that time."""
    record(db, utc("2031-01-01T00:00"), WEB)
    assert planned(db, utc("2026-08-01T00:00"))["learn_release_info"].at < utc("2026-08-01T00:00")


def test_a_source_without_its_credential_is_not_due(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "graph_updates" not in planned(db, utc("2026-08-01T00:00"))
    monkeypatch.setenv("HOTPATCH_KB_GRAPH_TOKEN", "x")
    assert "graph_updates" in planned(db, utc("2026-08-01T00:00"))


# --- the daemon ---------------------------------------------------------------------------------------------------------


class Life:
    """A clock of our own, and crawls that take a minute and succeed."""

    def __init__(self, db: Path, start: str) -> None:
        self.db, self.now, self.code = db, utc(start), 0
        self.crawls: list[datetime] = []
        self.schedule = scheduling.Schedule(db, self.crawl, lambda _: None, lambda: self.now)

    def crawl(self) -> int:
        self.crawls.append(self.now)
        wanted = {source.source for source in due.wanted(list(registry().values()), planned(self.db, self.now).values(), self.now)}
        if self.code == 0:
            record(self.db, self.now, [source for source in WEB if source in wanted])
        self.now += timedelta(minutes=1)
        return self.code

    def until(self, end: str, *, looks: int = 5) -> None:
        while self.now < utc(end):
            wait = self.schedule.look()
            assert timedelta(0) < wait <= scheduling.LOOK_EVERY
            # Five looks at once where nothing is near: they ask the same again.
            self.now += wait if wait < scheduling.LOOK_EVERY else looks * wait


def test_a_month_has_few_crawls_but_on_its_release_day(db: Path) -> None:
    life = Life(db, "2026-10-12T00:00")
    life.until("2026-10-16T00:00")
    days = Counter(moment.date().isoformat() for moment in life.crawls)
    assert days.pop("2026-10-13") >= 14  # from 17:00 UTC to midnight, every half hour
    assert days.pop("2026-10-14") >= 10
    assert max(days.values()) <= 5
    first = min(moment for moment in life.crawls if moment >= due.release_of("2026-10"))
    assert first - due.release_of("2026-10") < timedelta(minutes=6)


@pytest.mark.fault("a machine that sleeps for days")
@pytest.mark.fault("a clock that is set back while it runs")
def test_it_survives_sleep_and_a_clock_that_is_set(db: Path) -> None:
    """The machine sleeps for three days, then its clock is set back by a month; one crawl follows the sleep and few the other, none asks in a loop."""
    life = Life(db, "2026-10-30T00:00")
    life.until("2026-10-30T13:00")
    life.now += timedelta(days=3)  # asleep
    before = len(life.crawls)
    life.until("2026-11-02T14:00")
    assert len(life.crawls) == before + 1
    life.now -= timedelta(days=30)  # the clock was wrong, or is now
    before = len(life.crawls)
    life.until("2026-10-04T00:00")
    # What was read "later" does not hold it up, and it does not ask in a loop.
    assert 2 <= len(life.crawls) - before <= 6


@pytest.mark.fault("a scheduled run that the machine does not allow")
@pytest.mark.parametrize(("code", "wait"), [(5, 1), (1, 15), (2, 15), (77, 15)])
def test_after_a_run_that_could_not_be_it_waits(db: Path, code: int, wait: int) -> None:
    """A crawl ends by a lock, a full disk or a setting; the next one is a minute later for a lock, a quarter of an hour else."""
    life = Life(db, "2026-10-20T00:00")
    life.code = code
    life.until("2026-10-20T01:00", looks=1)
    assert [b - a for a, b in zip(life.crawls, life.crawls[1:], strict=False)] == [timedelta(minutes=wait + 1)] * (len(life.crawls) - 1)
    assert len(life.crawls) == -(-60 // (wait + 1))


def test_without_a_database_it_makes_one(tmp_path: Path) -> None:
    asked = []
    scheduling.Schedule(tmp_path / "none.db", lambda: asked.append(1) or 0, lambda _: None).look()
    assert asked == [1]


# --- as processes -------------------------------------------------------------------------------------------------------


def test_one_frequent_cron_line_is_enough(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Now(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # noqa: ARG003
            return utc("2026-07-25T12:00")

    record(db, utc("2026-07-25T11:45"), WEB)
    monkeypatch.setattr("hotpatch_kb.scraper.crawl.runs.datetime", Now)
    said: list[str] = []
    with closing(sqlite3.connect(db)) as conn:
        before = conn.execute("select count(*) from runs").fetchone()
    result = runs.crawl(db, db.with_suffix(".archive"), due=True, say=said.append)
    with closing(sqlite3.connect(db)) as conn:
        assert conn.execute("select count(*) from runs").fetchone() == before
    assert (result.failures, result.pages_read) == ([], 0)
    assert said == ["nothing is due; learn_release_info is due at 2026-07-25T17:45:00Z"]


@pytest.mark.fault("a daemon that is told to stop in a crawl")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_the_daemon_crawls_and_stops_when_it_is_told(tmp_path: Path, name: str, eventually: Callable[..., None]) -> None:
    """SIGTERM or SIGINT comes while it crawls; the crawl ends, exit code 0, and the database is whole."""
    if sys.platform == "win32":
        pytest.skip("needs signals of POSIX")
    db = tmp_path / "hotpatch.db"
    with Mirror() as mirror:
        command = [sys.executable, "-m", "hotpatch_kb", "schedule", "--db", str(db), "--mirror", mirror.url]
        with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8") as process:
            assert process.stderr is not None
            try:
                line = process.stderr.readline()
                assert line == "crawl: there is no database yet\n"
                eventually(lambda: bool(mirror.requests))
            finally:
                process.send_signal(getattr(signal, name))
            out = process.stderr.read()
            assert process.wait(timeout=20) == 0
    assert out.endswith("stopped\n")
    with closing(sqlite3.connect(db)) as conn:
        assert conn.execute("pragma integrity_check").fetchone() == ("ok",)


@pytest.fixture
def eventually() -> Callable[..., None]:
    def wait(holds: Callable[[], bool], seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end
            time.sleep(0.05)

    return wait


@pytest.mark.fault("a crawl of the daemon that never ends")
@pytest.mark.parametrize("heeds", [True, False], ids=["stops when told", "heeds nothing"])
def test_a_crawl_that_hangs_is_ended(heeds: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process sleeps longer than its deadline; it is told to end, then killed, and the daemon goes on."""
    if sys.platform == "win32" and not heeds:
        pytest.skip("needs signals of POSIX")
    monkeypatch.setattr(scheduling, "CRAWL_DEADLINE", timedelta(seconds=1))
    monkeypatch.setattr(scheduling, "_KILLED_AFTER", timedelta(seconds=1))
    deaf = "" if heeds else "signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    said: list[str] = []
    with subprocess.Popen([sys.executable, "-c", f"import signal, time; {deaf}time.sleep(600)"]) as process:
        assert scheduling._ended(process, said.append) < 0 or sys.platform == "win32"
    assert said == ["crawl: expected its end within 0:00:01, got none: stopping it"]
