"""What others report of August and September 2026: shown with who says it, never current, and gone when a page is read."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Command
from helpers import render
from helpers.dumps import query

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.store.connections import SEED_DATABASE
from hotpatch_kb.scraper.sources import registry

NOTE = "reported by others, not read at Microsoft: "
TODAY = "2026-11-26"


@pytest.fixture
def today(at: Callable[[str], None]) -> None:
    at(TODAY)


@pytest.mark.usefixtures("today")
def test_a_lookup_says_what_is_reported(run: Command) -> None:
    """With the embedded facts, which end in July."""
    (answer,) = run("lookup", "26100.33158", "--json").json()
    (match,) = answer["matches"]
    assert [(row["kb"], row["build"], row["release_date"], row["classification"]) for row in match["reported"]] == [
        ("KB5120228", "26100.33222", "2026-08-11", "hotpatch"),
        ("KB5122871", "26100.33438", "2026-09-08", "baseline"),
    ]
    assert all(row["source_url"] and row["read_on"] == "2026-11-22" for row in match["reported"])
    note = f"{NOTE}KB5120228 26100.33222, hotpatch of 2026-08-11; KB5122871 26100.33438, baseline of 2026-09-08"
    assert match["verdict"]["verdict"] == "unknown"
    assert match["verdict"]["reason"].endswith(note)
    assert f"  {note}\n" in run("lookup", "26100.33158").out


@pytest.mark.usefixtures("today")
@pytest.mark.parametrize("asked", ["KB5120233", "26100.33296"])
def test_what_is_only_reported_is_no_release(run: Command, asked: str) -> None:
    done = run("lookup", asked, "--json")
    (answer,) = done.json()
    assert (done.code, answer["status"], answer["matches"]) == (4, "not_found", [])
    assert [(row["product"], row["kb"], row["build"]) for row in answer["reported"]] == [("ws2025", "KB5120233", "26100.33296")]
    assert answer["reason"] == f"{NOTE}KB5120233 26100.33296, cumulative of 2026-08-11"


@pytest.mark.usefixtures("today")
@pytest.mark.parametrize(
    ("asked", "products"),
    [
        ("ws2025 2026-09", {"ws2025"}), ("26100 2026-08", {"ws2025", "win11-24h2"}), ("24H2 2026-09", {"ws2025", "win11-24h2"}),
        ("Windows Server 2022 September 2026", {"ws2022"}), ("Windows 11 2026年9月", {"win11-23h2", "win11-24h2", "win11-25h2", "win11-26h1", "win11-26h2"}),
    ],
)  # fmt: skip
def test_a_month_that_is_only_reported_says_so(run: Command, asked: str, products: set[str]) -> None:
    (answer,) = run("lookup", asked, "--json").json()
    assert (answer["status"], answer["matches"], {row["product"] for row in answer["reported"]}) == ("not_found", [], products)
    assert str(answer["reason"]).startswith(NOTE)
    assert run("lookup", "2026-09").out.startswith(f"2026-09: not found; {NOTE}")
    assert run("lookup", "2026-10", "--json").json()[0]["reported"] == []


@pytest.mark.usefixtures("today")
def test_nothing_is_current_by_it(run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet.csv").write_text("host,product,build\na,ws2025,26100.33438\nb,ws2025,26100.33158\n", encoding="utf-8")
    rows = run("assess", "fleet.csv", "--format", "json").json()
    assert [row["verdict"] for row in rows] == ["unknown", "unknown"]
    assert [NOTE in row["reason"] for row in rows] == [True, True]


def test_what_is_reported_later_than_the_day_asked_for_does_not_count(run: Command, at: Callable[[str], None]) -> None:
    at("2026-07-24")
    (answer,) = run("lookup", "26100.33158", "--json", "--on", "2026-07-24").json()
    assert answer["matches"][0]["reported"] == []
    assert answer["matches"][0]["verdict"]["verdict"] == "current"


@pytest.mark.usefixtures("today")
def test_the_unplanned_baseline_shows_in_next_and_in_the_calendar(run: Command) -> None:
    (row,) = run("next", "--product", "ws2022", "--json").json()
    assert [(r["kb"], r["classification"]) for r in row["reported"]] == [("KB5120229", "hotpatch"), ("KB5122882", "baseline")]
    note = f"{NOTE}KB5120229 20348.5440, hotpatch of 2026-08-11; KB5122882 20348.5622, baseline of 2026-09-08"
    assert note in run("next", "--product", "ws2022").out
    assert note in run("calendar", "--product", "ws2022", "--year", "2026").out


def test_evidence_for_current_names_it(tmp_path: Path, run: Command, at: Callable[[str], None]) -> None:
    """Pages that were read in August and list July alone: the release of August is reported."""
    at("2026-08-12")
    shutil.copy(SEED_DATABASE, tmp_path / "x.db")
    with sqlite3.connect(tmp_path / "x.db") as conn:
        conn.execute("update lines set data_until = '2026-08-12'")
    match = run("lookup", "26100.33158", "--line", "standard", "--json", "--db", "x.db").json()[0]["matches"][0]
    assert match["verdict"]["verdict"] == "unknown"
    assert match["verdict"]["reason"] == f"{NOTE}KB5120233 26100.33296, cumulative of 2026-08-11"


def test_a_page_that_is_read_replaces_it(run: Command, worlds: dict[str, Path], tmp_path: Path) -> None:
    """Learn's table lists the LCUs of August and September: of the standard line of ws2025 nothing is reported any more up to that day."""
    assert run("crawl", "--db", "x.db", "--from", worlds["new"]).code == 0
    before = query(tmp_path / "x.db", "select kb from reported where product = 'ws2025' order by release_date, kb")
    assert before == [(5120228,), (5120233,), (5122871,), (5129235,)]
    info = render.server_release_info("2026-07-02")
    rows = [
        render.HistoryRow("LTSC", "2026-09 B", "2026-09-08", "26100.33438", "5122871", ""),
        render.HistoryRow("LTSC", "2026-08 B", "2026-08-11", "26100.33296", "5120233", ""),
    ]
    history = [replace(table, rows=[*rows, *table.rows]) if "2025" in table.label else table for table in info.history]
    text = render.release_info_markdown(replace(info, history=history))
    render.save_tree(tmp_path / "learn", info.url, text, fetched_at="2026-09-12T12:00:00Z", suffix=".md")
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "learn").code == 0
    after = query(tmp_path / "x.db", "select kb, in_hotpatch_line from reported where product = 'ws2025' order by release_date, kb")
    assert after == [(5120228, 1), (5129235, 0)]  # the hotpatch, and the out-of-band update of 2026-09-14
    assert query(tmp_path / "x.db", "select kb from releases where product = 'ws2025' and release_date > '2026-08-01'") == [
        (5120233,),
        (5122871,),
    ]


@pytest.mark.parametrize(
    "row",
    [
        "ws2025\t\t\t2026-08-11\t2026-08\tB\tcumulative\t0\t1\tx",
        "ws2025\tKB5120233\t26100\t2026-08-11\t2026-08\tB\tcumulative\t0\t1\tx",
        "ws2025\tKB5120233\t26100.33296\tAugust\t2026-08\tB\tcumulative\t0\t1\tx",
        "ws2025\tKB5120233\t26100.33296\t2026-08-11\t2026-08\tB\tLCU\t0\t1\tx",
        "ws2025\tKB5120233\t26100.33296\t2026-08-11\t2026-08\tB\tcumulative\tno\t1\tx",
    ],
)
def test_a_row_that_cannot_be_read_is_refused(row: str) -> None:
    head = "product\tkb\tbuild\trelease_date\tmonth\tcadence\tclassification\tin_hotpatch_line\tin_standard_line\tsource"
    page = Page("facts_reported", "db/seed/facts/reported.tsv", "u", "u", f"{TODAY}T00:00:00Z", 200, f"{head}\n{row}\n".encode())
    with pytest.raises(UnexpectedPage):
        list(registry()["facts_reported"].parse(page))
