"""Verdicts as data (cases 32 to 36 and 44), and what must hold of all of them on any day."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from typing import Any

import pytest
from conftest import Command

from hotpatch_kb.db.answers.coverage import is_outdated
from hotpatch_kb.db.answers.verdicts import VERDICTS, Verdict, verdicts
from hotpatch_kb.db.store.connections import open_seed_database

Key = tuple[str, str, str, str]


@pytest.fixture(scope="module")
def conn() -> Iterator[sqlite3.Connection]:
    connection = open_seed_database()
    yield connection
    connection.close()


def _one(conn: sqlite3.Connection, day: str, product: str, build: str, line: str = "", kb: str = "") -> Verdict:
    found = [v for v in verdicts(conn, day, product) if (v.build, v.line, v.deciding_kb) == (build, line, kb)]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("day", "product", "build", "line", "kb", "expected"),
    [
        # Case 32: a hotpatch of May is current; it was reported as lacking the LCU KB5089549.
        ("2026-05-20", "win11-25h2", "26200.8390", "hotpatch", "", ("current", "KB5089466", 0, None, None, None)),
        # Case 33: the component of the hotpatch line, the day after it came.
        ("2025-10-25", "ws2025", "26100.6905", "", "KB5070893", ("current", "KB5070893", 0, None, None, None)),
        # Case 34: an LCU on an enrolled machine; and when the next baseline is there.
        ("2025-11-05", "ws2025", "26100.6905", "hotpatch", "KB5070881", ("left_line", "KB5070881", 0, None, None, "2026-01")),
        ("2026-01-20", "ws2025", "26100.6905", "hotpatch", "KB5070881", ("restart_due", "KB5070881", 3, "KB5073379", True, None)),
        # Neither line nor KB decides between a component and an LCU; the baseline of January makes the verdict the same, not what it has.
        ("2025-11-05", "ws2025", "26100.6905", "hotpatch", "", ("ambiguous", None, None, None, None, None)),
        ("2026-01-20", "ws2025", "26100.6905", "hotpatch", "", ("restart_due", None, 3, "KB5073379", True, None)),
        # Case 44: the newest that is known, long after the facts end.
        ("2026-11-22", "ws2025", "26100.33158", "hotpatch", "", ("unknown", "KB5099536", None, None, None, None)),
        # A baseline's build with neither line nor KB: current on both lines, and where they differ both are named.
        ("2026-07-20", "ws2025", "26100.33158", "", "", ("current", "KB5099536", 0, None, None, None)),
        ("2026-05-20", "ws2025", "26100.32690", "", "", ("ambiguous", None, None, None, None, None)),
        ("2026-05-20", "ws2025", "26100.32690", "hotpatch", "", ("behind", "KB5082063", 1, "KB5087423", False, None)),
        ("2026-05-20", "ws2025", "26100.32690", "standard", "", ("behind", "KB5082063", 1, "KB5087539", True, None)),
        # A hotpatch's build means the hotpatch line, whatever an inventory says.
        ("2026-06-20", "ws2025", "26100.32772", "standard", "", ("restart_due", "KB5087423", 1, "KB5094125", True, None)),
        # A preview after the newest monthly release is current on the standard line.
        ("2026-06-25", "win11-25h2", "26200.8737", "", "", ("current", "KB5095093", 0, None, None, None)),
    ],
)  # fmt: skip
def test_cases(conn: sqlite3.Connection, day: str, product: str, build: str, line: str, kb: str, expected: tuple[Any, ...]) -> None:
    found = _one(conn, day, product, build, line, kb)
    assert (found.verdict, found.kb, found.months_behind, found.next_kb, found.next_needs_restart, found.rejoins_month) == expected


def test_the_reasons_say_what_decides(conn: sqlite3.Connection) -> None:
    assert str(_one(conn, "2025-11-05", "ws2025", "26100.6905", "hotpatch").reason) == (
        "it may be KB5070881 on the hotpatch line: left_line; KB5070893 on the hotpatch line: current"
    )
    assert str(_one(conn, "2026-11-22", "ws2025", "26100.33158", "hotpatch").reason) == (
        "facts end on 2026-07-23; a monthly release has come since; reported by others, not read at Microsoft: "
        "KB5120228 26100.33222, hotpatch of 2026-08-11; KB5122871 26100.33438, baseline of 2026-09-08"
    )


def test_after_the_end_of_support_and_of_hotpatching(conn: sqlite3.Connection) -> None:
    assert _one(conn, "2034-12-01", "ws2025", "26100.33158", "hotpatch").verdict == "unsupported"
    late = _one(conn, "2027-11-15", "ws2022", "20348.5074", "hotpatch")  # a hotpatch of May 2026
    assert (late.verdict, str(late.reason)) == ("behind", "hotpatching ended on 2027-10-31; KB5099540 of 2026-07-14 is newer")


def test_support_has_ended_whatever_line_a_baseline_is_on(conn: sqlite3.Connection) -> None:
    """In a hotpatch month the two lines of a baseline's build have different next KBs; both are unsupported all the same."""
    with closing(sqlite3.connect(":memory:")) as copy:
        conn.backup(copy)
        assert _one(copy, "2026-05-20", "win11-25h2", "26200.8246").verdict == "ambiguous"
        copy.execute("update products set extended_end_date = '2026-05-19' where product = 'win11-25h2'")
        copy.execute("update lifecycles set end_date = '2026-05-19' where product = 'win11-25h2'")
        ended = _one(copy, "2026-05-20", "win11-25h2", "26200.8246")
    assert (ended.verdict, ended.kb, ended.next_kb) == ("unsupported", "KB5083769", None)
    assert str(ended.reason).endswith("support ended on 2026-05-19")


def test_out_of_band_releases_decide_where_they_fix_a_cve(conn: sqlite3.Connection) -> None:
    """KB5091470 of 2026-04-19 came out of band: beside the verdict, until MSRC lists a CVE for it."""
    before = _one(conn, "2026-04-20", "ws2025", "26100.32690", "hotpatch")
    assert (before.verdict, before.newer_out_of_band) == ("current", "KB5091470")
    copy = sqlite3.connect(":memory:")
    conn.backup(copy)
    copy.execute("insert into subjects values ('cve/CVE-2026-90001', 'cve')")
    copy.execute(
        "insert into kb_cves values (5091470, 'ws2025', 'CVE-2026-90001', 'Critical', null, 'hotpatch', null, '2026-04', 'cve/CVE-2026-90001')"
    )
    after = _one(copy, "2026-04-20", "ws2025", "26100.32690", "hotpatch")
    copy.close()
    assert (after.verdict, after.next_kb, after.newer_out_of_band) == ("behind", "KB5091470", "")
    assert after.months_behind == 1  # 0 would mean patched


@pytest.mark.parametrize("day", ["2026-07-22", "2026-11-22", "2027-02-06"])
def test_a_machine_that_left_rejoins_with_the_first_baseline_after_its_update(conn: sqlite3.Connection, day: str) -> None:
    """Also where that baseline is past and no page lists it: it is then the first thing to look for, not the baseline of a later quarter."""
    judged = _one(conn, day, "win11-25h2", "26200.8894", "hotpatch")  # KB5121767 of 2026-07-18, an LCU out of band
    assert (judged.verdict, judged.rejoins_month) == ("left_line", "2026-10")


# --- of all of them -----------------------------------------------------------------------------------------------------


def _days(tries: int) -> list[str]:
    """Days of two years: some at random, those around releases among them."""
    first, last = date(2024, 8, 1), date(2026, 8, 31)
    every = [(first + timedelta(days=n)).isoformat() for n in range((last - first).days)]
    return sorted(random.Random(20260720).sample(every, min(len(every), tries * 4)))


def _by_key(conn: sqlite3.Connection, day: str) -> dict[Key, Verdict]:
    found: dict[Key, Verdict] = {}
    for verdict in verdicts(conn, day):
        key = (verdict.product, verdict.build, verdict.line, verdict.deciding_kb)
        assert key not in found
        found[key] = verdict
    return found


def test_exactly_one_verdict_and_never_current_against_the_tables(conn: sqlite3.Connection, tries: int) -> None:
    """Asked of the tables by other means than those that judge: SQL alone says whether something newer counts."""
    for day in _days(tries):
        found = _by_key(conn, day)
        assert {v.verdict for v in found.values()} <= set(VERDICTS)
        for key, verdict in found.items():
            if verdict.verdict != "current":
                continue
            product, build, line, _ = key
            on = "hotpatch" if verdict.classification in {"hotpatch", "component"} or line == "hotpatch" else "standard"
            on = "standard" if "no hotpatch line" in str(verdict.reason) else on
            newer = conn.execute(
                f"""select count(*) from releases as r, (select max(release_date) as day, max(revision) as revision from releases
                    where product = :product and build = :build) as own
                where r.product = :product and r.in_{on}_line = 1 and r.cadence = 'B' and r.is_expired = 0
                and r.classification in ('baseline', 'hotpatch', 'cumulative') and r.release_date <= :day
                and (r.release_date > own.day or r.release_date = own.day and r.revision > own.revision)""",
                {"product": product, "build": build, "day": day},
            ).fetchone()[0]
            until = conn.execute("select data_until from lines where product = ? and line = ?", (product, on)).fetchone()
            assert (newer, is_outdated(until[0] if until else None, day)) == (0, False), (day, verdict)


def test_verdicts_move_only_when_something_happens(conn: sqlite3.Connection, tries: int) -> None:
    """From one day to the next a verdict changes only with a release, the end of support, or the first Tuesday that the facts do not reach."""
    happens = {row[0] for row in conn.execute("select release_date from releases union select expected_date from hotpatch_calendar")}
    ends = {row[0] for row in conn.execute("select extended_end_date from products where extended_end_date is not null")}
    for day in _days(tries):
        after = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
        if after in happens or day in ends or date.fromisoformat(after).weekday() == 1:
            continue
        first, second = _by_key(conn, day), _by_key(conn, after)
        moved = [(first[key].verdict, second[key].verdict, key) for key in first if first[key].verdict != second[key].verdict]
        assert (moved, first.keys() ^ second.keys()) == ([], set())


def test_ambiguous_never_becomes_certain_without_a_deciding_fact(conn: sqlite3.Connection, tries: int) -> None:
    """Where the candidates of a build are judged differently, only a KB (or a line between a hotpatch and an LCU) may decide."""
    for day in _days(tries)[:8]:
        found = _by_key(conn, day)
        for (product, build, line, kb), verdict in found.items():
            if kb or verdict.verdict == "ambiguous":
                continue
            kbs = [found[key] for key in found if key[:3] == (product, build, line) and key[3]]
            if line and all(v.classification != "component" for v in kbs):
                continue  # the line decides
            if len({(v.verdict, v.next_kb) for v in kbs}) > 1:
                hotpatches = [v for v in kbs if v.classification == "hotpatch"]
                assert len(hotpatches) == len(kbs), (day, verdict)


# --- the command --------------------------------------------------------------------------------------------------------


def test_the_command(run: Command) -> None:
    done = run("verdicts", "--on", "2026-05-20", "--product", "ws2025", "--json")
    rows = [row for row in done.json() if row["build"] == "26100.32690" and row["line"] == "hotpatch" and not row["deciding_kb"]]
    assert (done.code, rows) == (
        0,
        [
            {
                "product": "ws2025", "build": "26100.32690", "line": "hotpatch", "deciding_kb": "", "verdict": "behind", "classification": "baseline",
                "kb": "KB5082063", "baseline_kb": "KB5082063", "months_behind": 1, "next_kb": "KB5087423", "next_needs_restart": False,
                "rejoins_month": None, "newer_out_of_band": "KB5091470", "reason": "KB5087423 of 2026-05-12 is newer", "data_until": "2026-07-23",
            }
        ],
    )  # fmt: skip
    text = run("verdicts", "--on", "2026-05-20", "--product", "ws2025").out
    assert "26100.32690  hotpatch" in text
    assert run("verdicts", "--product", "ws2030").code == 2
