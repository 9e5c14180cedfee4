"""Baseline or hotpatch: what a month is where pages mistype it, take it back or list an out-of-band release beside it.

A wrong "hotpatch" says that no restart is needed, so an update of a release history never is one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Command
from helpers import worlds
from helpers.dumps import dump, query
from helpers.worlds import AUGUST_RELEASES, HOTPATCHES, LCUS, SERVER_JULY, Release

HOTPATCH = HOTPATCHES["ws2025"]
# The calendar's row and the navigation's entry of a month that turned out to be a baseline.
AS_BASELINE = replace(
    HOTPATCH,
    title="August 11, 2026—Baseline",
    cells={"type": "Baseline (Restart)", "build": "26100.33296", "kb": "KB5120233", "href": "https://support.microsoft.com/help/5120233"},
)
OUT_OF_BAND_LCU = Release({"ws2025": "26100.33300"}, 5125001, day="2026-08-13", letter="OOB")
MONTHS = "select month, type, kb, build, release_date from hotpatch_calendar where product = 'ws2025' and month in ('2026-07', '2026-08')"
RELEASES = """select kb, build, classification, in_hotpatch_line, in_standard_line, restart_required, baseline_kb from releases
    where product = 'ws2025' and release_date >= '2026-07-14' order by build"""
CONFLICTS = """select distinct c.subject, c.field, c.value_won, c.value_lost, c.rule, l.source from conflicts as c join claims as l on l.claim = c.claim_lost
    where c.subject like '%ws2025/2026-0_' and c.subject >= 'calendar/ws2025/2026-07' or c.subject like 'release/ws2025/5_2____/%'
    or c.subject like 'release/ws2025/5099536/%' order by 1, 2, 5"""
JULY_ROW = (5099536, "26100.33158", "baseline", 1, 1, 1, 5099536)
HOTPATCH_ROW = (5120228, "26100.33222", "hotpatch", 1, 0, 0, 5099536)
LCU_ROW = (5120233, "26100.33296", "cumulative", 0, 1, 1, None)


@pytest.fixture
def read(run: Command, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that reads the pages of days, one after another, into a database."""

    def crawl(*days: tuple[str, Sequence[Release]], july: Sequence[Release] = SERVER_JULY, name: str = "x.db") -> Path:
        for place, (day, releases) in enumerate(days):
            tree = worlds.write(tmp_path / f"{name}-{place}", releases, read_at=f"{day}T22:00:00Z", july=july)
            assert run("crawl", "--db", name, "--from", tree).code == 0
        return tmp_path / name

    return crawl


def _but(*changed: Release) -> list[Release]:
    """August with the servers' hotpatch changed, or left out."""
    return [*(release for release in AUGUST_RELEASES if release is not HOTPATCH), *changed]


def _mistyped(release: Release, kb: int) -> list[Release]:
    """A release as Learn lists it, and with another KB on the support site."""
    return [replace(release, in_navigation=False), replace(release, kb=kb, in_tables=False)]


def _judged(run: Command, tmp_path: Path, db: Path, day: str, *machines: str) -> list[tuple[str, ...]]:
    (tmp_path / "fleet.csv").write_text("host,product,build,line\n" + "\n".join(machines) + "\n", encoding="utf-8")
    done = run("assess", "fleet.csv", "--db", db, "--on", day)
    assert done.code == 0, done.err
    return [(row["verdict"], row["next_kb"], row["next_needs_restart"]) for row in csv.DictReader(io.StringIO(done.out))]


@pytest.mark.fault("a baseline that a calendar calls a hotpatch")
def test_a_baseline_that_a_calendar_calls_a_hotpatch_is_a_baseline(read: Callable[..., Path], run: Command, tmp_path: Path) -> None:
    """The type of July's row is mistyped; a conflict, the LCU restarts, and nobody is sent to it as a hotpatch.

    The release history lists the update, and the navigation has the baseline.
    """
    july = [replace(SERVER_JULY[0], cells={"type": "Hotpatch"}), *SERVER_JULY[1:]]
    db = read(("2026-08-14", AUGUST_RELEASES), july=july)
    assert query(db, RELEASES) == [JULY_ROW, HOTPATCH_ROW, LCU_ROW]
    assert query(db, MONTHS) == [
        ("2026-07", "baseline", 5099536, "26100.33158", "2026-07-14"),
        ("2026-08", "hotpatch", 5120228, "26100.33222", "2026-08-11"),
    ]
    assert query(db, CONFLICTS) == [
        ("calendar/ws2025/2026-07", "type", "baseline", "hotpatch", "other_release", "learn_release_info"),
        ("release/ws2025/5099536/26100.33158", "classification", "baseline", "hotpatch", "sanity", "learn_release_info"),
    ]
    machines = ("a,ws2025,26100.33158,standard", "b,ws2025,26100.33158,hotpatch", "c,ws2025,26100.33222,hotpatch")
    assert _judged(run, tmp_path, db, "2026-08-14", *machines) == [
        ("behind", "KB5120233", "true"),
        ("behind", "KB5120228", "false"),
        ("current", "", ""),
    ]


def test_a_hotpatch_with_the_kb_of_the_lcu_is_cumulative_and_doubted(read: Callable[..., Path], run: Command, tmp_path: Path) -> None:
    """The calendar's row has the KB and build of the LCU, and the navigation the hotpatch: either may be meant, so nothing is current."""
    cells = {"build": "26100.33296", "kb": "KB5120233", "href": "https://support.microsoft.com/help/5120233"}
    db = read(("2026-08-14", _but(replace(HOTPATCH, cells=cells))))
    assert query(db, RELEASES) == [JULY_ROW, HOTPATCH_ROW, LCU_ROW]
    assert query(db, MONTHS)[1] == ("2026-08", "hotpatch", 5120228, "26100.33222", "2026-08-11")
    assert query(db, CONFLICTS) == [
        ("calendar/ws2025/2026-08", "build", "26100.33222", "26100.33296", "other_release", "learn_release_info"),
        ("calendar/ws2025/2026-08", "kb", "5120228", "5120233", "other_release", "learn_release_info"),
        ("release/ws2025/5120233/26100.33296", "classification", "cumulative", "hotpatch", "sanity", "learn_release_info"),
    ]
    assert query(db, "select kb, reason from quarantine where may_be_release") == [
        (5120233, "expected a hotpatch in the hotpatch line alone, got it among cumulative updates, too")
    ]
    machines = ("a,ws2025,26100.33296,standard", "b,ws2025,26100.33222,hotpatch")
    assert [verdict for verdict, *_ in _judged(run, tmp_path, db, "2026-08-14", *machines)] == ["unknown", "unknown"]


def test_a_baseline_that_only_its_calendar_listed_stays_one(read: Callable[..., Path]) -> None:
    """A month's row turns from baseline to hotpatch with the KB of the LCU, and no navigation has it: what was read before counts."""
    alone = replace(AS_BASELINE, in_navigation=False)
    mistyped = replace(alone, cells={**(alone.cells or {}), "type": "Hotpatch"})
    db = read(("2026-08-13", _but(alone)), ("2026-08-14", _but(mistyped)))
    assert query(db, RELEASES) == [JULY_ROW, (5120233, "26100.33296", "baseline", 1, 1, 1, 5120233)]
    assert query(db, MONTHS)[1] == ("2026-08", "baseline", 5120233, "26100.33296", "2026-08-11")
    assert ("release/ws2025/5120233/26100.33296", "classification", "baseline", "hotpatch", "sanity", "learn_release_info") in query(
        db, CONFLICTS
    )


@pytest.mark.fault("a month whose type goes to and fro")
def test_a_month_that_was_a_baseline_in_between_is_a_hotpatch_again(read: Callable[..., Path], run: Command, tmp_path: Path) -> None:
    """Both sites call a month a hotpatch, then a baseline, then a hotpatch; at the end it is a hotpatch, in whatever order the days are read."""
    hotpatch, baseline = AUGUST_RELEASES, _but(AS_BASELINE)
    db = read(("2026-08-12", hotpatch), ("2026-08-13", baseline))
    assert query(db, RELEASES) == [
        JULY_ROW,
        (5120228, "26100.33222", "hotpatch", 1, 0, 0, 5120233),  # it was published, and stays a fact
        (5120233, "26100.33296", "baseline", 1, 1, 1, 5120233),
    ]
    assert query(db, MONTHS)[1] == ("2026-08", "baseline", 5120233, "26100.33296", "2026-08-11")
    db = read(("2026-08-14", hotpatch))
    assert query(db, RELEASES) == [JULY_ROW, HOTPATCH_ROW, LCU_ROW]
    assert query(db, MONTHS)[1] == ("2026-08", "hotpatch", 5120228, "26100.33222", "2026-08-11")
    assert query(db, CONFLICTS) == []
    assert query(db, "select kb from quarantine where may_be_release") == []
    assert query(db, "select count(*) from releases where gone_since is not null") == [(0,)]
    machines = ("a,ws2025,26100.33222,hotpatch", "b,ws2025,26100.33158,hotpatch", "c,ws2025,26100.33296,standard")
    assert _judged(run, tmp_path, db, "2026-08-14", *machines) == [
        ("current", "", ""),
        ("behind", "KB5120228", "false"),
        ("current", "", ""),
    ]
    other = read(("2026-08-14", hotpatch), ("2026-08-12", hotpatch), ("2026-08-13", baseline), name="y.db")
    assert dump(other) == dump(db)


def test_a_baseline_whose_row_is_only_gone_stays_one(read: Callable[..., Path]) -> None:
    """No page says something else of the month: a fact that is no longer stated stays."""
    in_calendar = replace(AS_BASELINE, in_navigation=False)
    db = read(("2026-08-12", _but(in_calendar)), ("2026-08-13", _but()))
    assert query(db, RELEASES) == [JULY_ROW, (5120233, "26100.33296", "baseline", 1, 1, 1, 5120233)]


def test_a_hotpatch_whose_month_became_a_baseline_stays_as_it_was_published(read: Callable[..., Path]) -> None:
    """Its link had changed before: what is left of it is a hotpatch of its day, not a release without day and type."""
    alone = replace(HOTPATCH, in_navigation=False)
    linked = replace(alone, cells={"href": "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/kb5120228"})
    db = read(("2026-08-12", _but(linked)), ("2026-08-13", _but(alone)), ("2026-08-14", _but(replace(AS_BASELINE, in_navigation=False))))
    assert query(db, RELEASES) == [
        JULY_ROW,
        (5120228, "26100.33222", "hotpatch", 1, 0, 0, 5120233),
        (5120233, "26100.33296", "baseline", 1, 1, 1, 5120233),
    ]
    assert query(db, "select substr(gone_since, 1, 10) from releases where kb = 5120228 and product = 'ws2025'") == [("2026-08-14",)]


@pytest.mark.parametrize("is_hotpatch", [True, False])
@pytest.mark.fault("an out-of-band row in a calendar")
def test_an_out_of_band_row_of_a_calendar_says_nothing_of_its_month(is_hotpatch: bool, read: Callable[..., Path], run: Command) -> None:
    """A calendar lists an out-of-band release before the month's own; the month has the KB, build and day of its own."""
    row = Release(
        {"ws2025": "26100.33225"}, 5125000, is_hotpatch=True, day="2026-08-13", letter="OOB", in_navigation=False, beside_month=True
    )
    if not is_hotpatch:
        baseline = {
            "type": "Baseline (Restart)",
            "build": "26100.33300",
            "kb": "KB5125001",
            "href": "https://support.microsoft.com/help/5125001",
        }
        row = replace(row, cells=baseline)
    more = [row] if is_hotpatch else [row, OUT_OF_BAND_LCU]
    db = read(("2026-08-14", [*AUGUST_RELEASES, *more]))
    assert query(db, MONTHS)[1] == ("2026-08", "hotpatch", 5120228, "26100.33222", "2026-08-11")
    assert query(db, CONFLICTS) == []
    assert query(db, "select cadence, classification from releases where product = 'ws2025' and release_date = '2026-08-13'") == [
        ("OOB", "hotpatch" if is_hotpatch else "baseline")
    ]
    assert [line for line in run("status", "--db", db).err.splitlines() if "KB512" in line and "ws2025" in line] == []
    assert query(db, "select field, value from claims where subject = 'calendar/ws2025/2026-08' and gone_at is null order by 1") == [
        ("build", "26100.33222"), ("kb", "5120228"), ("release_date", "2026-08-11"), ("type", "hotpatch"),
    ]  # fmt: skip


# --- one release with two KBs -----------------------------------------------------------------------------------------


@pytest.mark.fault("a KB that two sites spell differently")
def test_a_kb_with_swapped_digits_in_the_navigation_loses_against_the_tables(
    read: Callable[..., Path], run: Command, tmp_path: Path
) -> None:
    """The navigation has the KB of a hotpatch with two digits swapped; one release with a conflict, which is quarantined."""
    db = read(("2026-08-14", _but(*_mistyped(HOTPATCH, 5120282))))
    assert query(db, RELEASES) == [JULY_ROW, HOTPATCH_ROW, LCU_ROW]
    assert query(db, CONFLICTS) == [("release/ws2025/5120228/26100.33222", "kb", "5120228", "5120282", "precedence", "support_navigation")]
    assert query(db, "select kb, reason from quarantine where may_be_release") == [(5120228, "expected one KB of a release, got several")]
    machines = ("a,ws2025,26100.33158,hotpatch", "b,ws2025,26100.33222,hotpatch")
    judged = _judged(run, tmp_path, db, "2026-08-14", *machines)
    assert (judged[0], judged[1][0]) == (("behind", "KB5120228", "false"), "unknown")
    for kb in ("KB5120228", "KB5120282"):
        answer = run("lookup", kb, "--db", db, "--json").json()[0]
        assert [(match["kb"], match["build"]) for match in answer["matches"]] == [("KB5120228", "26100.33222")], kb


def test_an_lcu_with_two_kbs_is_one_release(read: Callable[..., Path], run: Command, tmp_path: Path) -> None:
    lcu = LCUS["ws2025"]
    others = [release for release in AUGUST_RELEASES if release is not lcu]
    db = read(("2026-08-14", [*others, *_mistyped(lcu, 5120323)]))
    assert query(db, RELEASES) == [JULY_ROW, HOTPATCH_ROW, LCU_ROW]
    assert ("release/ws2025/5120233/26100.33296", "kb", "5120233", "5120323", "precedence", "support_navigation") in query(db, CONFLICTS)
    assert [verdict for verdict, *_ in _judged(run, tmp_path, db, "2026-08-14", "a,ws2025,26100.33296,standard")] == ["unknown"]


def test_an_lcu_and_a_hotpatch_of_one_build_and_day_are_two_releases(read: Callable[..., Path]) -> None:
    """As on 2022-03-08 (20348.587), made of the same day in August."""
    same = replace(HOTPATCH, products=LCUS["ws2025"].products)
    db = read(("2026-08-14", _but(same)))
    rows = query(db, "select kb, classification from releases where product = 'ws2025' and build = '26100.33296' order by kb")
    assert rows == [(5120228, "hotpatch"), (5120233, "cumulative")]
    assert query(db, "select count(*) from conflicts where field = 'kb' and rule != 'slug'") == [(0,)]
