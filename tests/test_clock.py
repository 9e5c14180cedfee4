"""A clock that ran ahead during a crawl: what it read is refused, or found and moved aside; it never makes anything current."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from conftest import Command
from helpers.dumps import dump, query
from helpers.fetching import PAGE, fetcher, get, shown
from helpers.fetching import run as ask

from hotpatch_kb.scraper.fetch.agent import Agent
from hotpatch_kb.scraper.fetch.errors import Refused

FACTS = ("releases", "hotpatch_calendar", "kbs", "prices", "claims", "lines")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, at: Callable[[str], None]) -> Callable[[str], None]:
    """A function that sets the machine's clock."""

    def set_clock(day: str) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return datetime.fromisoformat(f"{day}T12:00:00+00:00").astimezone(tz)

        for module in ("database", "runs"):
            monkeypatch.setattr(f"hotpatch_kb.scraper.crawl.{module}.datetime", Clock)
        at(day)

    return set_clock


@pytest.fixture
def undated(worlds: dict[str, Path], tmp_path: Path) -> Path:
    """Every page as of July 2026, without its time: that of the run counts."""
    tree = tmp_path / "undated"
    shutil.copytree(worlds["new"], tree)
    for meta in tree.rglob("*.meta.json"):
        meta.unlink()
    return tree


@pytest.mark.fault("a crawl under a clock that is years ahead")
def test_what_was_read_under_a_clock_that_ran_ahead_is_moved_aside(
    run: Command, worlds: dict[str, Path], undated: Path, tmp_path: Path, clock: Callable[[str], None]
) -> None:
    """One crawl is dated 2040; status, crawl and doctor say so, nothing is current, and doctor --repair has the facts of the crawl before."""
    clock("2026-07-24")
    assert run("crawl", "--db", "x.db", "--from", worlds["new"]).code == 0
    good = dump(tmp_path / "x.db", FACTS)
    clock("2040-01-01")
    assert run("crawl", "--db", "x.db", "--from", undated).code == 0
    assert query(tmp_path / "x.db", "select max(data_until) from lines") == [("2040-01-01",)]
    clock("2026-07-24")
    status = run("status", "--db", "x.db")
    assert (status.code, "read after today, the last on 2040-01-01: a clock was wrong" in status.err) == (6, True)
    assert run("status", "--db", "x.db", "--drift").code == 6
    (tmp_path / "fleet.csv").write_text("host,product,build\na,ws2022,20348.5386\n", encoding="utf-8")
    assert run("assess", "fleet.csv", "--db", "x.db", "--json").json()[0]["verdict"] == "unknown"
    crawled = run("crawl", "--db", "x.db", "--from", worlds["new"])
    assert "hotpatch-kb doctor --repair moves them aside" in crawled.err
    examined = run("doctor", "--db", "x.db")
    assert (examined.code, examined.out.count("a clock was wrong")) == (1, 2)
    repaired = run("doctor", "--db", "x.db", "--repair")
    assert (repaired.code, "lines moved to log.jsonl.ahead" in repaired.err) == (0, True)
    assert dump(tmp_path / "x.db", FACTS) == good
    assert run("assess", "fleet.csv", "--db", "x.db", "--json").json()[0]["verdict"] == "current"
    assert run("doctor", "--db", "x.db").code == 0
    assert (tmp_path / "x.db.archive" / "log.jsonl.ahead").stat().st_size > 1000  # nothing is thrown away


def test_a_replay_leaves_out_what_was_read_after_now(
    run: Command, worlds: dict[str, Path], undated: Path, tmp_path: Path, clock: Callable[[str], None]
) -> None:
    clock("2026-07-24")
    run("crawl", "--db", "x.db", "--from", worlds["new"])
    good = dump(tmp_path / "x.db", FACTS)
    clock("2040-01-01")
    run("crawl", "--db", "x.db", "--from", undated)
    clock("2026-07-24")
    done = run("replay", "--db", "x.db")
    assert (done.code, "left out: " in done.err) == (0, True)
    assert dump(tmp_path / "x.db", FACTS) == good


@pytest.mark.parametrize(
    ("date", "age", "is_read"),
    [
        ("Thu, 23 Jul 2026 12:00:00 GMT", "", False),
        ("Wed, 28 Dec 2039 12:00:00 GMT", "", True),
        ("Fri, 23 Dec 2039 12:00:00 GMT", "", False),
        ("Fri, 23 Dec 2039 12:00:00 GMT", "691200", True),  # a cache has kept it for eight days
        ("Wed, 23 Jul 2042 12:00:00 GMT", "", True),
        ("some day", "x", True),
        ("", "", True),
    ],
)
def test_an_answer_under_a_clock_ahead_of_the_servers_is_refused(web: respx.MockRouter, date: str, age: str, *, is_read: bool) -> None:
    web.get(PAGE).mock(httpx.Response(200, headers={"Date": date, "Age": age}, content=b"x"))
    (result,) = ask(fetcher(now=lambda: datetime(2040, 1, 1, 12, tzinfo=UTC)), get(PAGE))
    assert isinstance(result, Refused) != is_read
    if not is_read:
        assert shown(result)[1].startswith(f"{PAGE}: expected this machine's clock to agree with the server's, got 2040-01-01 here and 20")


def test_a_mirror_may_answer_for_other_days() -> None:
    assert Agent(mirror="http://127.0.0.1:1").clock_ahead() > Agent().clock_ahead()
