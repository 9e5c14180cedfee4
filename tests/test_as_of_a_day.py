"""Answers as of a day: what comes first in a line, what is next on the day of a release, and nothing that came later (cases 55 to 61)."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers import render
from helpers.dumps import query

from hotpatch_kb.db.answers.exposure.open_issues import known_issues
from hotpatch_kb.db.answers.lookup import find
from hotpatch_kb.db.answers.product_facts import Facts
from hotpatch_kb.db.answers.restarts import next_restart, next_restarts
from hotpatch_kb.db.answers.verdicts import Verdict, verdicts
from hotpatch_kb.db.store.connections import SEED_DATABASE, open_seed_database


@pytest.fixture(scope="module")
def conn() -> Iterator[sqlite3.Connection]:
    connection = open_seed_database()
    yield connection
    connection.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The embedded facts, to be changed."""
    shutil.copy(SEED_DATABASE, tmp_path / "own.db")
    with closing(sqlite3.connect(tmp_path / "own.db")) as connection:
        connection.execute("pragma foreign_keys = off")
        yield connection


def _match(run: Command, *arguments: str) -> dict[str, Any]:
    ((match,),) = (row["matches"] for row in run("lookup", *arguments, "--json").json())
    return dict(match)


def _verdict(conn: sqlite3.Connection, day: str, product: str, build: str, line: str, kb: str = "") -> Verdict:
    (verdict,) = (v for v in verdicts(conn, day, product) if (v.build, v.line, v.deciding_kb) == (build, line, kb))
    return verdict


# --- case 55: the day of a baseline -------------------------------------------------------------------------------------


def test_a_machine_with_the_baseline_of_the_day_waits_for_the_next_one(conn: sqlite3.Connection) -> None:
    baselines = conn.execute(
        "select product, build, release_date from releases where classification = 'baseline' and build is not null"
    ).fetchall()
    assert len(baselines) > 30
    for product, build, day in baselines:
        (match,) = find(conn, build, product=product, line="hotpatch", on=day, today=day)["matches"]
        assert match["next_restart"] is None or match["next_restart"]["date"] > day, (product, build)


def test_the_next_restart_of_the_newest_baseline_on_its_day(run: Command) -> None:
    assert _match(run, "26100.33158", "--product", "ws2025", "--on", "2026-07-14")["next_restart"] == {
        "month": "2026-10", "date": "2026-10-13", "is_expected": True, "is_unplanned": False,
    }  # fmt: skip
    # A machine with the month before has this day's restart before it.
    assert _match(run, "26100.32995", "--product", "ws2025", "--on", "2026-07-14")["next_restart"]["date"] == "2026-07-14"


def test_the_day_of_an_lcu_on_the_standard_line(run: Command) -> None:
    july = _match(run, "26100.33158", "--product", "ws2025", "--line", "standard", "--on", "2026-07-14")
    assert july["next_restart"]["date"] == "2026-08-11"


# --- case 56: before there was a product --------------------------------------------------------------------------------


def test_next_before_the_product_existed(run: Command) -> None:
    done = run("next", "--product", "ws2025", "--on", "2023-05-01", "--json")
    assert (done.code, done.json()) == (4, [])
    assert "Windows Server 2025 did not exist on 2023-05-01; its first release is of 2024-" in done.err
    products = {row["product"] for row in run("next", "--on", "2023-05-01", "--json").json()}
    assert "ws2022" in products
    assert products.isdisjoint({"ws2025", "win11-24h2", "win11-25h2"})


# --- case 57: a derived baseline is a baseline --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "build", "day", "expected"),
    [
        ("ws2025", "26100.2033", "2024-12-20", ("behind", "KB5048794", False, 2)),
        ("ws2022", "20348.288", "2021-12-20", ("behind", "KB5008295", False, 2)),
        ("ws2025", "26100.2033", "2025-01-20", ("restart_due", "KB5050009", True, 3)),
    ],
)
def test_a_derived_baseline_is_a_baseline(conn: sqlite3.Connection, product: str, build: str, day: str, expected: tuple[Any, ...]) -> None:
    judged = _verdict(conn, day, product, build, "hotpatch")
    newest = conn.execute(
        "select kb from releases where product = ? and in_hotpatch_line = 1 and classification = 'hotpatch' and release_date <= ? order by release_date desc",
        (product, day),
    ).fetchone()[0]
    if expected[0] == "behind":
        assert judged.next_kb == f"KB{newest}"
    assert (judged.verdict, judged.next_needs_restart, judged.months_behind) == (expected[0], expected[2], expected[3])
    assert judged.rejoins_month is None
    match = find(conn, build, product=product, line="hotpatch", on=day, today=day)["matches"][0]
    assert (match["line"], match["leaves_line_until"]) == ("hotpatch", None)
    assert match["next_release"]["kb"] == judged.next_kb


def test_without_a_line_a_derived_baseline_may_be_of_either(conn: sqlite3.Connection) -> None:
    judged = _verdict(conn, "2024-12-20", "ws2025", "26100.2033", "")
    assert (judged.verdict, str(judged.reason)) == (
        "ambiguous",
        "it may be KB5044284 on the hotpatch line: behind; KB5044284 on the standard line: behind",
    )


# --- case 58: the first build of a version ------------------------------------------------------------------------------


def test_the_first_build_comes_before_an_lcu_that_is_dated_before_it(run: Command, conn: sqlite3.Connection) -> None:
    match = _match(run, "26100.1742", "--product", "ws2025", "--on", "2024-11-05")
    assert (match["verdict"]["verdict"], match["verdict"]["next_kb"], match["newer"]["count"]) == ("behind", "KB5044284", 1)
    assert (match["latest"]["kb"], match["next_release"]["kb"]) == ("KB5044284", "KB5044284")
    first_builds = conn.execute("select product, build, release_date from releases where classification = 'initial'").fetchall()
    for product, build, day in first_builds:
        row = _verdict(conn, day, product, build, "")
        lcu = conn.execute(
            "select count(*) from releases where product = ? and in_standard_line = 1 and cadence = 'B' and classification = 'cumulative' and release_date <= ?",
            (product, day),
        ).fetchone()[0]
        assert (row.verdict == "current") <= (lcu == 0), (product, build)


# --- case 59: a table lists what the product's own history passes over --------------------------------------------------


def test_what_the_own_history_passes_over_is_a_conflict_and_not_the_newest(run: Command, worlds: dict[str, Path], tmp_path: Path) -> None:
    info = render.server_release_info("2026-07-02")
    text = render.release_info_markdown(info)
    june = "| LTSC | 2026-06 B | 2026-06-09 | 26100.32995 |"
    odd = "| LTSC | 2026-05 OOB | 2026-05-26 | 26100.32880 | [KB5090001](https://support.microsoft.com/help/5090001) |\n"
    assert june in text
    render.save_tree(tmp_path / "tree", info.url, text.replace(june, odd + june), fetched_at="2026-07-23T12:00:00Z", suffix=".md")
    shutil.copytree(worlds["new"] / "support.microsoft.com", tmp_path / "tree" / "support.microsoft.com")
    assert run("crawl", "--db", "x.db", "--no-seed", "--from", "tree").code == 0
    rows = query(
        tmp_path / "x.db",
        "select subject, field, value_won, value_lost, rule from conflicts where rule = 'own_history' and subject like '%ws2025%'",
    )
    assert rows == [("release/ws2025/5090001/26100.32880", "listed", None, "26100.32880", "own_history")]
    matches = {on: _match(run, "26100.32880", "--product", "ws2025", "--on", on, "--db", "x.db") for on in ("2026-05-27", "2026-07-22")}
    assert matches["2026-05-27"]["latest"]["kb"] == "KB5087539"  # of May
    assert matches["2026-07-22"]["verdict"]["verdict"] == "behind"


# --- case 60: nothing of a later day ------------------------------------------------------------------------------------


def test_an_issue_that_is_resolved_later_is_open_on_the_day(own: sqlite3.Connection) -> None:
    """KB5073379 is of January 2026; the issue is said to be resolved by KB5075899 of February."""
    own.execute("delete from known_issues")
    for number, (resolved_by, resolved_on) in enumerate([(5075899, None), (None, "2026-02-10"), (5073379, "2026-01-13")]):
        own.execute(
            "insert into known_issues values (?, 5073379, 'ws2025', ?, ?, null, null, 'resolved', ?, null, ?, null, 'https://x', 'issue/x')",
            (number, f"issue {number}", f"Issue {number}", resolved_by, resolved_on),
        )
    asked = (5073379, "ws2025")
    january, march = (known_issues(own, [asked], day)[asked] for day in ("2026-01-20", "2026-03-01"))
    assert [(issue["title"], issue["state"], issue["resolved_by_kb"]) for issue in january] == [
        ("Issue 0", "open", None), ("Issue 1", "open", None), ("Issue 2", "resolved", "KB5073379"),
    ]  # fmt: skip
    assert [issue["state"] for issue in march] == ["resolved"] * 3


def test_a_companion_of_a_later_day_is_not_named(own: sqlite3.Connection) -> None:
    own.execute("update releases set release_date = '2025-12-20' where kb = 5074204 and product = 'ws2025'")
    for day, companions in (("2025-12-12", []), ("2025-12-22", ["KB5074204"])):
        for asked in ("26100.7392", "KB5072014"):
            (match,) = find(own, asked, product="ws2025", on=day, today=day)["matches"]
            assert match["companions"] == companions, (asked, day)


# --- case 61: a line of a product ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["ws2025", "26100", "2026-05"])
@pytest.mark.parametrize("line", ["hotpatch", "standard"])
def test_a_line_lists_that_line(run: Command, conn: sqlite3.Connection, asked: str, line: str) -> None:
    (answer,) = run("lookup", asked, "--product", "ws2025", "--line", line, "--json").json()
    column = {"ws2025": "product", "26100": "build_number", "2026-05": "month"}[asked]
    expected = conn.execute(
        f"select kb from releases where product = 'ws2025' and {column} = ? and in_{line}_line = 1 order by release_date desc, revision desc, kb",
        (int(asked) if column == "build_number" else asked,),
    ).fetchall()
    assert [match["kb"] for match in answer["matches"]] == [f"KB{kb}" if kb else None for (kb,) in expected]
    assert {match["line"] for match in answer["matches"]} == {line}


def test_a_product_without_that_line(run: Command) -> None:
    done = run("lookup", "ws2016", "--line", "hotpatch", "--json")
    assert (done.code, done.json()[0]["reason"]) == (4, "no release of the hotpatch line matches")


# --- newer ones that do not decide --------------------------------------------------------------------------------------


def test_a_component_that_the_machine_may_have_is_not_newer(conn: sqlite3.Connection) -> None:
    """KB5070893 has the build of KB5070881, 26100.6905: a machine with that build may have either."""
    assert "KB5070893" not in _verdict(conn, "2025-11-05", "ws2025", "26100.6905", "hotpatch", "KB5070881").newer_out_of_band.split()
    assert "KB5070893" in _verdict(conn, "2025-11-05", "ws2025", "26100.6899", "hotpatch").newer_out_of_band.split()


# --- next says what is missing ------------------------------------------------------------------------------------------


def test_next_says_why_newer_releases_may_exist(run: Command, own: sqlite3.Connection, tmp_path: Path) -> None:
    """The pages were read on August 20 and list nothing of August."""
    (row,) = next_restarts(own, "2026-07-23", "ws2025")
    assert row["missing_evidence"] is None
    own.execute("update lines set data_until = '2026-08-20'")
    own.commit()
    (row,) = next_restarts(own, "2026-08-20", "ws2025")
    reason = "no source lists the release of 2026-08 of the hotpatch line, although its pages were read on 2026-08-20"
    assert (str(row["missing_evidence"]), row["is_outdated"]) == (reason, False)
    done = run("next", "--product", "ws2025", "--on", "2026-08-20", "--db", tmp_path / "own.db")
    assert f"  newer ones may exist: {reason}" in done.out
    (shown,) = run("next", "--product", "ws2025", "--on", "2026-08-20", "--db", tmp_path / "own.db", "--json").json()
    assert shown["missing_evidence"] == reason


def test_the_next_restarts_each_with_how_sure_it_is(run: Command) -> None:
    rows = run("next", "--product", "ws2025", "--on", "2026-06-20", "--count", "4", "--json").json()
    assert [(row["date"], row["certainty"], row["kb"]) for row in rows] == [
        ("2026-07-14", "published", "KB5099536"), ("2026-10-13", "planned", None), ("2027-01-12", "cadence", None), ("2027-04-13", "cadence", None),
    ]  # fmt: skip
    text = run("next", "--product", "ws2025", "--on", "2026-06-20", "--count", "3").out
    assert text.splitlines()[2:] == [
        "  next restart now, unless KB5094125 of 2026-06-09 is installed; after that 2026-07-14 (July 2026), published, KB5099536 26100.33158",
        "  then         2026-10-13 (October 2026), planned",
        "  then         2027-01-12 (January 2027), expected by the cadence",
    ]
    # Hotpatching of Windows Server 2022 ends in October 2027.
    rows = run("next", "--product", "ws2022", "--on", "2026-07-15", "--count", "40", "--json").json()
    assert rows[-1]["month"] == "2027-10"
    assert run("next", "--count", "0").code == 2


def test_no_restart_is_named_after_the_end(conn: sqlite3.Connection) -> None:
    for product, end in conn.execute("select product, hotpatch_end_date from products where hotpatch_end_date is not null").fetchall():
        restart = next_restart(Facts(conn).of(product), f"{int(end[:4]) + 1}-01-01")
        assert restart is None, product
