"""What hotpatches leave open, by MSRC's months (cases 30 and 31); what MSRC lists wrongly; months that are revised."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import Command
from helpers import render
from helpers.dumps import dump, query
from rendered.msrc_cvrf import (
    COMPANIONS,
    HOTPATCHES,
    INDEX,
    LCUS,
    Cve,
    Fix,
    december_2025,
    index_document,
    month_document,
    month_document_xml,
    url,
)

GAPS = "select product, month, cve, lcu_kb, hotpatch_kb, companion_kb from cve_gaps order by product, cve"
DECEMBER = [
    ("win11-24h2", "2025-12", "CVE-2025-54100", 5072033, 5072014, 5074204),
    ("win11-25h2", "2025-12", "CVE-2025-54100", 5072033, 5072014, 5074204),
    ("ws2022", "2025-12", "CVE-2025-54100", 5071547, 5071413, 5074353),
    ("ws2025", "2025-12", "CVE-2025-54100", 5072033, 5072014, 5074204),
]


def _crawl(run: Command, folder: Path, month: str, body: bytes, fetched_at: str, *, suffix: str = ".json", code: int = 0) -> dict[str, int]:
    tree = folder / f"{month}-{fetched_at[:13]}"
    render.save_tree(tree, url(month), body.decode(), fetched_at=fetched_at, suffix=suffix, headers={})
    done = run("crawl", "--db", "x.db", "--from", tree, "--json")
    assert done.code == code, done.err
    found: dict[str, int] = done.json()[0]
    return found


@pytest.mark.parametrize(
    ("suffix", "body"),
    [(".json", month_document("2025-12", december_2025())), (".xml", month_document_xml("2025-12", december_2025()))],
    ids=["json", "xml"],
)
def test_december_2025_leaves_one_cve_open_and_companions_close_it(
    suffix: str, body: bytes, run: Command, crawled: Path, tmp_path: Path
) -> None:
    """Case 31, from JSON and from XML: the same tables, and SQL alone shows the gap."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    _crawl(run, tmp_path, "2025-12", body, "2026-07-24T12:00:00Z", suffix=suffix)
    assert query(tmp_path / "x.db", GAPS) == DECEMBER
    known = query(tmp_path / "x.db", "select distinct month from cve_months where is_known")
    assert known == [("2025-12",)]
    fixed = query(tmp_path / "x.db", "select kb, severity, fixed_build, subtype, supersedes_kb, source_month from kb_cves where product = 'ws2022' and cve = 'CVE-2025-90001' order by kb")  # fmt: skip
    assert fixed == [
        (5071413, "Important", "20348.4467", "hotpatch", 5068840, "2025-12"),
        (5071547, "Important", "20348.4529", "security", 5068787, "2025-12"),
    ]


def test_a_month_without_data_is_unknown(run: Command, crawled: Path, tmp_path: Path) -> None:
    """No row of the hotpatch in the month's data: nothing is said of what it leaves open, but for what a companion closes."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    assert query(tmp_path / "x.db", GAPS) == []
    assert query(tmp_path / "x.db", "select distinct is_known, lcu_cves, hotpatch_cves from cve_months") == [(0, None, None)]
    early = month_document(
        "2025-12", [Cve("CVE-2025-90009", "Made-up Cloud Spoofing Vulnerability", (Fix("Release Notes", ("edge",), "1.2"),))]
    )
    _crawl(run, tmp_path, "2025-12", early, "2025-12-01T12:00:00Z")
    assert query(tmp_path / "x.db", "select month, is_complete from security_months") == [("2025-12", 0)]
    assert query(tmp_path / "x.db", "select distinct is_known from cve_months") == [(0,)]
    without = [Cve("CVE-2025-90001", "Made-up Driver Vulnerability", LCUS), Cve("CVE-2025-54100", "PowerShell", LCUS + COMPANIONS)]
    _crawl(run, tmp_path, "2025-12", month_document("2025-12", without), "2025-12-10T12:00:00Z")
    assert query(tmp_path / "x.db", GAPS) == DECEMBER  # not CVE-2025-90001: the hotpatches are not listed at all
    assert query(tmp_path / "x.db", "select distinct is_known from cve_months") == [(0,)]
    assert query(tmp_path / "x.db", "select month, is_complete from security_months") == [("2025-12", 1)]


def test_a_month_that_is_revised_tells_what_it_added(run: Command, crawled: Path, tmp_path: Path) -> None:
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    first = [Cve("CVE-2025-90001", "Made-up Driver Vulnerability", LCUS + HOTPATCHES), Cve("CVE-2025-54100", "PowerShell", LCUS)]
    assert (
        _crawl(run, tmp_path, "2025-12", month_document("2025-12", first, revised="2025-12-09T08:00:00"), "2025-12-10T12:00:00Z")[
            "facts_changed"
        ]
        == 0
    )
    gaps = query(tmp_path / "x.db", GAPS)
    assert [row[-1] for row in gaps] == [None] * 4
    second = [first[0], Cve("CVE-2025-54100", "PowerShell", LCUS + COMPANIONS)]
    done = _crawl(run, tmp_path, "2025-12", month_document("2025-12", second, revised="2025-12-16T08:00:00"), "2025-12-17T12:00:00Z")
    assert query(tmp_path / "x.db", GAPS) == DECEMBER
    told = query(tmp_path / "x.db", "select subject, field, old_value, new_value from changes order by field")
    assert told == [
        ("cve/CVE-2025-54100", f"fixed/{product}/{kb}", None, f"KB{kb} on {product}")
        for product, kb in (("win11-24h2", 5074204), ("win11-25h2", 5074204), ("ws2022", 5074353), ("ws2025", 5074204))
    ]
    assert done["facts_changed"] == 4
    assert query(tmp_path / "x.db", "select revised_on from security_months") == [("2025-12-16",)]
    assert run("replay", "--db", "y.db", "--archive", "x.db.archive").code == 0
    assert dump(tmp_path / "y.db") == dump(tmp_path / "x.db")


def test_what_msrc_lists_wrongly_is_a_conflict(run: Command, crawled: Path, tmp_path: Path) -> None:
    """A hotpatch as a plain update, an update as a hotpatch, a KB of another product, and one in a month that is not its own."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    fixes = (
        Fix("5072033", ("ws2025",), "26100.7462", "Security Hotpatch Update"),
        Fix("5071413", ("ws2022",), "20348.4467", "Security Update"),
        Fix("5071547", ("ws2025",), "20348.4529"),
        Fix("5068861", ("ws2025",), "26100.7171"),
    )  # fmt: skip
    body = month_document("2025-12", [Cve("CVE-2025-90001", "Made-up Driver Vulnerability", fixes)])
    _crawl(run, tmp_path, "2025-12", body, "2026-07-24T12:00:00Z")
    conflicts = query(
        tmp_path / "x.db",
        """select c.subject, c.field, c.value_won, c.value_lost, c.rule, w.source, l.source from conflicts as c
        join claims as w on w.claim = c.claim_won join claims as l on l.claim = c.claim_lost where l.source = 'msrc_cvrf' order by 1, 2""",
    )
    assert conflicts == [
        ("release/ws2022/5071413/20348.4467", "classification", "hotpatch", "cumulative", "precedence", "learn_release_info", "msrc_cvrf"),
        ("release/ws2022/5071547/20348.4529", "product", "ws2022", "ws2025", "sanity", "learn_release_info", "msrc_cvrf"),
        ("release/ws2025/5068861/26100.7171", "month", "2025-11", "2025-12", "precedence", "learn_release_info", "msrc_cvrf"),
        ("release/ws2025/5072033/26100.7462", "classification", "cumulative", "hotpatch", "precedence", "learn_release_info", "msrc_cvrf"),
    ]
    listed = query(tmp_path / "x.db", "select kb, product from kb_cves order by kb")
    assert listed == [(5068861, "ws2025"), (5071413, "ws2022"), (5072033, "ws2025")]  # 5071547 is not for ws2025
    # No release follows from MSRC alone, and no line, calendar or build changed.
    assert query(tmp_path / "x.db", "select count(*) from releases where kb = 5071547 and product = 'ws2025'") == [(0,)]
    assert query(tmp_path / "x.db", "select classification, build from releases where kb = 5071413") == [("hotpatch", "20348.4467")]


def test_a_component_without_build_gets_that_of_msrc(run: Command, crawled: Path, tmp_path: Path) -> None:
    """Case 5: "KB5066360" has neither date nor build in any title; they stay empty unless a source gives them."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    sql = "select product, build, month, release_date, classification from releases where kb = 5066360 and product = 'ws2025'"
    assert query(tmp_path / "x.db", sql) == [("ws2025", None, None, None, "component")]
    body = month_document("2025-10", [Cve("CVE-2025-90001", "PowerShell", (Fix("5066360", ("ws2025",), "26100.6899"),))])
    _crawl(run, tmp_path, "2025-10", body, "2026-07-24T12:00:00Z")
    assert query(tmp_path / "x.db", sql) == [("ws2025", "26100.6899", "2025-10", None, "component")]


def test_the_index_names_the_months(run: Command, tmp_path: Path) -> None:
    index = index_document([("2025-12", "2025-12-13T01:39:00Z"), ("2021-02", "2021-02-09T08:00:00Z")]).decode()
    render.save_tree(tmp_path / "tree", INDEX, index, fetched_at="2026-07-24T12:00:00Z", suffix=".json", headers={})
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "tree").code == 0
    assert query(tmp_path / "x.db", "select month, revised_on, is_complete from security_months") == [("2025-12", "2025-12-13", None)]


def test_lookup_of_a_cve(run: Command, crawled: Path, tmp_path: Path) -> None:
    """Which KBs fix it per product and line, and what a hotpatch leaves open (case 31)."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    _crawl(run, tmp_path, "2025-12", month_document("2025-12", december_2025()), "2026-07-24T12:00:00Z")
    (answer,) = run("lookup", "cve-2025-54100", "--db", "x.db", "--on", "2026-01-10", "--product", "ws2025", "--json").json()
    assert (answer["status"], [(match["product"], match["kb"]) for match in answer["matches"]]) == (
        "found", [("ws2025", "KB5072033"), ("ws2025", "KB5074204")],
    )  # fmt: skip
    gap = {"product": "ws2025", "month": "2025-12", "hotpatch_kb": "KB5072014", "lcu_kb": "KB5072033", "companion_kb": "KB5074204"}
    assert answer["left_open"] == [gap]
    (answer,) = run("lookup", "CVE-2025-54100", "--db", "x.db", "--on", "2026-01-10", "--json").json()
    assert [row["product"] for row in answer["left_open"]] == ["win11-24h2", "win11-25h2", "ws2022", "ws2025"]
    (answer,) = run("lookup", "CVE-2025-54100", "--db", "x.db", "--line", "hotpatch", "--product", "ws2025", "--json").json()
    assert [match["kb"] for match in answer["matches"]] == ["KB5074204"]
    text = run("lookup", "CVE-2025-54100", "--db", "x.db", "--product", "ws2025").out
    assert (
        "left open by KB5072014 on Windows Server 2025, December 2025: open unless its companion KB5074204 is installed, which the build does not show; KB5072033 fixes it, but leaves the line"
        in text
    )
    done = run("lookup", "CVE-2020-0001", "--db", "x.db", "--json")
    assert (done.code, done.json()[0]["reason"]) == (4, "no security data that was read names it for a product and a KB")
    assert run("lookup", "CVE-2025-54100", "--db", "x.db", "--on", "2025-12-01").code == 4
