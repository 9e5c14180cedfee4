"""``serve`` and ``schedule`` take from an export of another hotpatch-kb instead of crawling: as processes, and over weeks of a clock of our own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers.dumps import query
from helpers.folder_server import served
from helpers.mirror import Mirror
from helpers.serving import get, serving
from helpers.webhook import Hook

from hotpatch_kb.scraper.crawl import due
from hotpatch_kb.scraper.crawl import schedule as scheduling
from hotpatch_kb.scraper.crawl.reading import feed_state
from hotpatch_kb.scraper.fetch.agent import Agent

AUGUST = "select count(*) from releases where kb = 5120228"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_site_takes_from_an_export_and_crawls_nothing(feeds: Path, reader: Path) -> None:
    """The export is a folder behind an ordinary web server; the site shows what it brought without a restart."""
    asked: list[str] = []
    with Mirror() as mirror, served(feeds / "august" / "public", asked) as feed:
        with serving(reader.parent, "--db", str(reader), "--feed", feed, "--mirror", mirror.url) as site:
            url = site.until(r"^serving (\S+)")[1]
            site.until("^update: run ")
            site.until("^update: done$")
            assert [row["build"] for row in get(f"{url}hotpatch/releases.json?kb=5120228&_shape=array")] == ["26100.33222"]
            assert site.stop() == 0
        assert (mirror.requests, asked) == ([], ["200 /index.json", "200 /hotpatch.db"])
    assert query(reader, AUGUST) == [(1,)]


@pytest.mark.fault("a feed of serve or schedule that is tampered with")
def test_a_refused_feed_is_told_like_a_failed_crawl(august: Path, reader: Path, run: Command) -> None:
    """The database of the export is another than its index says; the site says so and goes on, status ends with 6 and says it, too."""
    (august / "hotpatch.db").write_bytes((august / "hotpatch.db").read_bytes() + b"\0")
    with served(august) as feed:
        with serving(reader.parent, "--db", str(reader), "--feed", feed) as site:
            url = site.until(r"^serving (\S+)")[1]
            why = site.until(r"^update: hotpatch-kb: (\S+: expected \d+ bytes, as index.json says, got more); the facts were kept$")[1]
            site.until("^update: the feed was refused or could not be reached; the facts were kept$")
            assert get(f"{url}hotpatch/releases.json?kb=5120228&_shape=array") == []
            assert site.stop() == 0
        done = run("status", "--db", reader)
        assert (done.code, f"feed refused: {why}; the facts were kept\n" in done.err) == (6, True)
    (august / "index.json").unlink()  # no answer at all is no refusal
    with served(august) as feed:
        assert run("update", feed, "--db", reader).code == 3
    assert "feed" not in run("status", "--db", reader).err


def test_schedule_takes_from_an_export_by_the_variable(feeds: Path, reader: Path) -> None:
    with served(feeds / "august" / "public") as feed:
        command = [sys.executable, "-m", "hotpatch_kb", "schedule", "--db", str(reader)]
        environment = {**os.environ, "HOTPATCH_KB_FEED": f"{feed}index.json"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", env=environment) as process:
            assert process.stdout is not None
            try:
                said = []
                while len(said) < 100 and not any(line.startswith(("update: done", "update: failed")) for line in said):
                    said.append(process.stdout.readline())
            finally:
                process.send_signal(signal.SIGTERM)
            rest = process.stdout.read()
            assert process.wait(timeout=20) == 0 or sys.platform == "win32"
    assert said[0] == f"update: {feed}: it was never asked\n"
    assert rest.endswith("stopped\n") or sys.platform == "win32"
    assert query(reader, AUGUST) == [(1,)]


@pytest.mark.parametrize("command", ["serve", "schedule"])
def test_a_feed_that_is_no_address_is_said_before_anything_begins(command: str, run: Command, tmp_path: Path) -> None:
    done = run(command, "--feed", "http://facts.example.com/", "--db", "x.db")
    assert (done.code, done.err) == (2, "hotpatch-kb: expected an https address of an export, got 'http://facts.example.com/'\n")
    assert list(tmp_path.iterdir()) == []


def test_one_crawler_and_many_readers(feeds: Path, tmp_path: Path, run: Command) -> None:
    """Each has the facts of the crawler after two requests, and asks for one small answer while nothing is newer."""
    asked: list[str] = []
    with served(feeds / "august" / "public", asked) as feed:
        for number in range(3):
            done = run("update", feed, "--db", tmp_path / f"{number}.db", "--json")
            assert done.code == 3  # this crawler began with nothing: it lacks what the program brings (tests/test_update.py)
        assert asked == ["200 /index.json", "200 /hotpatch.db"] * 3
        asked.clear()
        for _ in range(2):
            assert run("update", feed, "--db", feeds / "august" / "x.db", "--due").code == 0
    assert asked == ["200 /index.json", "200 /hotpatch.db"]  # the second was not due


# --- the rhythm ---------------------------------------------------------------------------------------------------------


class Life:
    """A clock of our own, and updates that take a minute."""

    def __init__(self, db: Path, start: str) -> None:
        self.now, self.fails = utc(start), False
        self.asked: list[datetime] = []
        self.db = db
        intake = scheduling.Intake(Agent(), "https://facts.example.com/")
        self.schedule = scheduling.Schedule(db, self.update, lambda _: None, lambda: self.now, intake)

    def update(self) -> int:
        self.asked.append(self.now)
        feed_state.keep(self.db, "https://facts.example.com/", self.now, failed=self.fails)
        self.now += timedelta(minutes=1)
        return 3 if self.fails else 0

    def until(self, end: str) -> None:
        while self.now < utc(end):
            self.now += self.schedule.look()


def test_a_feed_is_asked_at_the_rhythm_of_a_crawl(db: Path) -> None:
    """Every six hours, and every half hour for twelve hours from 10:00 Pacific of the second Tuesday."""
    life = Life(db, "2026-10-12T00:00")
    life.until("2026-10-16T00:00")
    days = Counter(moment.date().isoformat() for moment in life.asked)
    assert days.pop("2026-10-13") >= 14
    assert days.pop("2026-10-14") >= 10
    assert max(days.values()) <= 5
    assert (
        timedelta(0)
        <= min(moment for moment in life.asked if moment >= due.release_of("2026-10")) - due.release_of("2026-10")
        < timedelta(minutes=6)
    )


@pytest.mark.fault("a feed that fails again and again", of="network")
def test_a_failing_feed_is_asked_later_and_later(db: Path) -> None:
    """It fails for two days; it is asked after 15 minutes, then twice as long up to six hours, and at its rhythm once it is there."""
    life = Life(db, "2026-10-20T00:00")
    life.fails = True
    life.until("2026-10-21T12:00")
    waits = [round((later - earlier) / timedelta(minutes=1)) for earlier, later in zip(life.asked, life.asked[1:], strict=False)]
    assert waits == [15, 30, 60, 120, 240, 360, 360, 360, 360][: len(waits)]
    assert len(waits) >= 7
    life.fails = False
    life.until("2026-10-22T12:00")
    assert life.asked[-1] - life.asked[-2] == timedelta(hours=6)


@pytest.mark.fault("a clock that is set back while it reads from a feed")
def test_a_clock_that_was_set_back_keeps_a_feed_not_waiting(db: Path) -> None:
    """The feed was asked at a time that is yet to come; it is asked at once."""
    feed_state.keep(db, "a", utc("2031-01-01T00:00"))
    assert feed_state.due(db, "a", utc("2026-10-20T00:00"))[0] == utc("2026-10-20T00:00")
    assert feed_state.due(db, "b", utc("2026-10-20T00:00")) == (utc("2026-10-20T00:00"), "it was never asked")


@pytest.mark.fault("a damaged file of what was asked of a feed")
@pytest.mark.parametrize("text", ["", "{", "[]", '{"tried": 1}'])
def test_a_damaged_state_counts_as_none(text: str, reader: Path, feeds: Path, run: Command) -> None:
    """The file is cut off or another program's; the update asks for the index and compares facts with those of the database, exit code 0."""
    reader.with_name("x.db.feed.json").write_text(text, encoding="utf-8")
    assert run("update", feeds / "august" / "public", "--db", reader).code == 0
    kept = json.loads(reader.with_name("x.db.feed.json").read_text(encoding="utf-8"))
    assert (kept["tried"]["failed"], kept["taken"]["name"]) == (0, str(feeds / "august" / "public"))


def test_a_refused_feed_is_notified_once(
    reader: Path, august: Path, run: Command, hook: Hook, monkeypatch: pytest.MonkeyPatch, at: Callable[[str], None]
) -> None:
    at("2026-08-13")
    monkeypatch.setenv("HOTPATCH_KB_WEBHOOK", hook.url)
    whole = (august / "hotpatch.db").read_bytes()
    (august / "hotpatch.db").write_bytes(whole[:-1])
    for _ in range(2):
        assert run("update", august, "--db", reader).code == 3
    said = [text for text in hook.texts() if "feed" in text]
    assert said == [said[0]]
    assert said[0].startswith(f"feed {august} was refused; the facts were kept: {august}: expected hotpatch.db with the SHA-256 ")
    (august / "hotpatch.db").write_bytes(whole)
    assert run("update", august, "--db", reader).code == 0
    texts: list[Any] = hook.texts()
    assert f"feed {august} has recovered" in texts
    assert any("KB5120228" in text for text in texts)


@pytest.mark.parametrize(
    "feed",
    [
        "http://reader:s3cret@127.0.0.1:9/kb/",
        "https://reader:s3cret@localhost:9/kb/index.json",
        "http://reader:s3cret@facts.example.com/",
        "ftp://s3cret@x/",
        "reader:s3cret@facts.example.com/kb",
    ],
)
def test_a_password_of_an_address_is_shown_nowhere(feed: str, reader: Path, run: Command) -> None:
    """Not where it cannot be reached, nor where it is no address of an export: messages, the file beside the database, status, the database."""
    for done in (
        run("update", feed, "--db", reader),
        run("update", "--due", feed, "--db", reader),
        run("status", "--db", reader),
        run("serve", "--feed", feed, "--db", reader, "--port", "99999"),
    ):
        assert "s3cret" not in done.out + done.err, done.err
    for path in reader.parent.rglob("*"):
        assert not path.is_file() or b"s3cret" not in path.read_bytes(), path


def test_a_password_of_an_address_is_used_and_in_no_command_line(august: Path, reader: Path, run: Command) -> None:
    (august / "hotpatch.db").write_bytes((august / "hotpatch.db").read_bytes() + b"\0")
    with served(august) as feed:
        secret = feed.replace("http://", "http://reader:s3cret@")
        done = run("update", secret, "--db", reader)
        said = run("status", "--db", reader)
    assert (done.code, said.code) == (3, 6)
    assert f"hotpatch-kb: {feed}hotpatch.db: expected " in done.err
    assert f"feed refused: {feed}hotpatch.db: expected " in said.err
    assert "s3cret" not in done.err + said.err + (reader.parent / "x.db.feed.json").read_text(encoding="utf-8")
    intake = scheduling.Intake(Agent(), secret)
    assert not any("s3cret" in word for word in intake.command(reader, reader.parent))
    assert (intake.environment()["HOTPATCH_KB_FEED"], intake.shown()) == (secret, feed)
