"""Sources tell on each other: builds of another version, of another revision, and builds that a source states and that are not believed."""

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
from rendered import graph_updates, msrc_cvrf, support_article, support_feeds

from hotpatch_kb.scraper.sources import registry

READ_AT = "2026-09-26T12:00:00Z"
# Not ours to copy: entries in the shapes of the update histories.
WINDOWS11 = {
    "Windows 11, version 24H2": [
        "September 8, 2026—KB5124008 (OS Builds 26200.9445 and 26100.9445)",
        "August 11, 2026—KB5121003 (OS Builds 26200.9168 and 26100.9168)",
        "September 29, 2025—KB5065789 (OS Build 26100.6725) Preview",
    ],
    "Windows 11, version 25H2": [
        "September 8, 2026—KB5124008 (OS Builds 26200.9445 and 26100.9445)",
        "August 11, 2026—KB5121003 (OS Builds 26200.9168 and 26100.9168)",
        "September 29, 2025—KB5065789 (OS Build 26100.6725) Preview",
    ],
    "Windows 11, version 23H2": [
        "September 8, 2026—KB5122880 (OS Build 22621.7582)",
        "August 11, 2026—KB5120240 (OS Build 22631.7517)",
        "July 14, 2026—KB5099414 (OS Build 22631.7376)",
    ],
}
WINDOWS10 = {
    "Windows 10, version 22H2 update history": [
        "September 8, 2026—KB5122878 (OS Builds 19045.7725 and 19044.7725)",
        "August 11, 2026—KB5120249 (OS Builds 19045.7663 and 19044.7663)",
    ],
    "Windows 10, version 21H2 update history": [
        "September 8, 2026—KB5122878 (OS Builds 19045.7720 and 19044.7720)",
        "August 11, 2026—KB5120249 (OS Builds 19045.7663 and 19044.7663)",
        "July 14, 2026—KB5099539 (OS Builds 19045.7548 and 19044.7548)",
    ],
}
HUBS = {"windows-11": render.WINDOWS11_HUB["new"], "windows-10": render.SERVER2019_HUB["new"]}


def _history(folder: Path, family: str, titles: dict[str, list[str]], fetched_at: str = READ_AT) -> None:
    """Save the update history of a family with these entries."""
    categories = [
        render.NavCategory(name, "0", [render.NavEntry(title, f"../../2026/09/{title.split('KB')[1][:7]}") for title in entries])
        for name, entries in titles.items()
    ]
    page = render.navigation_new(categories, h1="Update history", url=HUBS[family])
    render.save_tree(folder, HUBS[family], page, fetched_at=fetched_at, suffix=".html")


def _msrc(folder: Path, month: str, *fixes: msrc_cvrf.Fix, fetched_at: str = READ_AT) -> None:
    cves = [msrc_cvrf.Cve(f"CVE-{month[:4]}-9000{number}", "Made-up Driver Vulnerability", (fix,)) for number, fix in enumerate(fixes)]
    index = msrc_cvrf.index_document([(month, f"{month}-09T07:00:00Z")]).decode()
    render.save_tree(folder, msrc_cvrf.INDEX, index, fetched_at=fetched_at, suffix=".json", headers={})
    body = msrc_cvrf.month_document(month, cves).decode()
    render.save_tree(folder, msrc_cvrf.url(month), body, fetched_at=fetched_at, suffix=".json", headers={})


def _conflicts(db: Path, kb: int) -> list[tuple[str, ...]]:
    return query(
        db,
        f"select subject, value_won, value_lost, rule from conflicts where field = 'build' and subject like '%/{kb}/%' order by 1, 2, 3",
    )


# --- a build of another version (cases 47 and 67) ---------------------------------------------------------------------


def test_an_entry_with_another_versions_build_takes_it_from_msrc(run: Command, tmp_path: Path) -> None:
    """Case 47: 22621.7582 under version 23H2, whose build number is 22631."""
    _history(tmp_path / "tree", "windows-11", WINDOWS11)
    _msrc(tmp_path / "tree", "2026-09", msrc_cvrf.Fix("5122880", ("win11-23h2",), "22631.7582"))
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "tree").code == 0
    assert query(tmp_path / "x.db", "select product, build, release_date, classification from releases where kb = 5122880") == [
        ("win11-23h2", "22631.7582", "2026-09-08", "cumulative")
    ]
    assert _conflicts(tmp_path / "x.db", 5122880) == [("release/win11-23h2/5122880/22631.7582", "22631.7582", "22621.7582", "sanity")]
    assert query(tmp_path / "x.db", "select text from quarantine where gone_at is null") == []
    (answer,) = run("lookup", "22631.7517", "--on", "2026-09-10", "--json", "--db", "x.db").json()
    verdict = answer["matches"][0]["verdict"]
    assert (verdict["verdict"], verdict["next_kb"]) == ("behind", "KB5122880")


def test_without_msrc_it_is_quarantined(run: Command, tmp_path: Path) -> None:
    _history(tmp_path / "tree", "windows-11", WINDOWS11)
    done = run("crawl", "--db", "x.db", "--from", tmp_path / "tree")
    assert (done.code, "quarantined in 'Windows 11, version 23H2'" in done.err) == (0, True)
    assert query(tmp_path / "x.db", "select product from releases where kb = 5122880") == []
    assert query(tmp_path / "x.db", "select distinct kind from quarantine where gone_at is null") == [("entry",)]
    assert query(tmp_path / "x.db", "select product, kb, build, release_date, may_be_release from quarantine where gone_at is null") == [
        ("win11-23h2", 5122880, "22621.7582", "2026-09-08", 1)
    ]
    (answer,) = run("lookup", "22631.7517", "--on", "2026-09-10", "--json", "--db", "x.db").json()
    verdict = answer["matches"][0]["verdict"]
    assert verdict["verdict"] == "unknown"
    assert "KB5122880 (OS Build 22621.7582)" in verdict["reason"]
    assert run("status", "--db", "x.db").code == 6


def test_a_version_with_the_same_revisions_confirms_a_build(run: Command, tmp_path: Path) -> None:
    """Case 67: KB5065789 is listed under 25H2 with the build of 24H2, where it is listed, too."""
    _history(tmp_path / "tree", "windows-11", WINDOWS11)
    done = run("crawl", "--db", "x.db", "--from", tmp_path / "tree")
    # The run says what is in quarantine at its end, and not what it has found the build of.
    said = [line for line in done.err.splitlines() if "quarantined" in line]
    assert (done.code, len(said), "KB5122880" in said[0], "KB5065789" in done.err) == (0, 1, True, False)
    rows = query(tmp_path / "x.db", "select product, build, classification, derived_from from releases where kb = 5065789 order by 1")
    assert rows == [
        ("win11-24h2", "26100.6725", "preview", None),
        ("win11-25h2", "26200.6725", "preview", "build: the revision of 26100.6725, the other version's of the same KB"),
    ]
    (answer,) = run("lookup", "26200.6725", "--json", "--db", "x.db").json()
    assert (answer["status"], [match["product"] for match in answer["matches"]]) == ("found", ["win11-25h2"])


def test_a_version_with_other_revisions_confirms_nothing(run: Command, tmp_path: Path) -> None:
    """Windows Server 2025 has the build number of Windows 11, version 24H2, and revisions of its own."""
    titles = {name: list(entries) for name, entries in WINDOWS11.items()}
    titles["Windows 11, version 26H1"] = ["August 11, 2026—KB5121003 (OS Build 26100.9168)"]
    _history(tmp_path / "tree", "windows-11", titles)
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "tree").code == 0
    assert query(tmp_path / "x.db", "select kb from releases where product = 'win11-26h1' and kb = 5121003") == []
    assert query(tmp_path / "x.db", "select kb from quarantine where product = 'win11-26h1' and gone_at is null") == [(5121003,)]


def test_a_list_with_the_right_build_replaces_a_derived_one(run: Command, tmp_path: Path) -> None:
    """The page is corrected: there is one release, and nothing is quarantined or derived any more."""
    _history(tmp_path / "one", "windows-11", WINDOWS11)
    mended = {name: [entry.replace("22621.7582", "22631.7582") for entry in entries] for name, entries in WINDOWS11.items()}
    mended["Windows 11, version 25H2"][2] = "September 29, 2025—KB5065789 (OS Builds 26200.6725 and 26100.6725) Preview"
    _history(tmp_path / "two", "windows-11", mended, "2026-09-27T12:00:00Z")
    for tree in ("one", "two"):
        assert run("crawl", "--db", "x.db", "--from", tmp_path / tree).code == 0
    rows = query(
        tmp_path / "x.db", "select product, build, derived_from, gone_since from releases where kb in (5122880, 5065789) order by 1"
    )
    assert rows == [
        ("win11-23h2", "22631.7582", None, None),
        ("win11-24h2", "26100.6725", None, None),
        ("win11-25h2", "26200.6725", None, None),
    ]
    assert query(tmp_path / "x.db", "select text from quarantine where gone_at is null") == []


# --- two revisions of one KB (case 48) --------------------------------------------------------------------------------


def test_one_kb_has_one_revision_on_versions_that_are_serviced_together(run: Command, tmp_path: Path) -> None:
    """Case 48: 19044.7725 in one category, 19044.7720 in another of the same page."""
    _history(tmp_path / "tree", "windows-10", WINDOWS10)
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "tree").code == 0
    assert query(tmp_path / "x.db", "select product, build from releases where kb = 5122878 order by 1") == [
        ("win10-21h2", "19044.7725"),
        ("win10-22h2", "19045.7725"),
    ]
    assert _conflicts(tmp_path / "x.db", 5122878) == [
        ("release/win10-21h2/5122878/19044.7725", "19044.7725", "19044.7720", "same_revision"),
        ("release/win10-22h2/5122878/19045.7725", "19045.7725", "19045.7720", "address"),
    ]
    (answer,) = run("lookup", "19044.7720", "--json", "--db", "x.db", "--on", "2026-09-10").json()
    (match,) = answer["matches"]
    assert (answer["status"], match["kb"], match["build"]) == ("found", "KB5122878", "19044.7725")
    assert match["stated_build"] == "19044.7720 is stated by the update history for KB5122878; believed is 19044.7725"


def test_the_better_source_decides_between_revisions(run: Command, tmp_path: Path) -> None:
    """Learn's table has 7731 of version 22H2; the update history alone has 7725 and 7720."""
    _history(tmp_path / "tree", "windows-10", WINDOWS10)
    info = render.windows10_release_info("2026-07")
    row = render.HistoryRow("General Availability Channel • LTSC", "2026-09 B", "2026-09-08", "19045.7731", "5122878", "")
    histories = [replace(table, rows=[row, *table.rows]) if "22H2" in table.label else table for table in info.history]
    info = replace(info, history=histories)
    render.save_tree(tmp_path / "tree", info.url, render.release_info_html(info), fetched_at=READ_AT, suffix=".html")
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "tree").code == 0
    assert query(tmp_path / "x.db", "select product, build from releases where kb = 5122878 order by 1") == [
        ("win10-21h2", "19044.7731"),
        ("win10-22h2", "19045.7731"),
    ]


# --- builds that are stated and not believed (case 66) ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "believed", "kb", "product"),
    [("22631.5191", "22631.5189", "KB5055528", "win11-23h2"), ("22621.5191", "22621.5189", "KB5055528", "win11-22h2")],
)
def test_a_build_that_lost_is_found_and_judged(run: Command, tmp_path: Path, build: str, believed: str, kb: str, product: str) -> None:
    """The titles under version 22H2 have 5191, Learn's tables 5189: a machine that reports either has KB5055528."""
    info = render.windows11_release_info("2026-07")
    render.save_tree(tmp_path / "tree", info.url, render.release_info_html(info), fetched_at="2026-07-23T12:00:00Z", suffix=".html")
    titles = {
        "Windows 11, version 22H2": ["April 8, 2025—KB5055528 (OS Builds 22621.5191 and 22631.5191)"],
        "Windows 11, version 23H2": [
            "April 8, 2025—KB5055528 (OS Builds 22621.5189 and 22631.5189)",
            *WINDOWS11["Windows 11, version 23H2"][2:],
        ],
    }
    _history(tmp_path / "tree", "windows-11", titles, "2026-07-23T12:00:00Z")
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "tree").code == 0
    (stated,) = run("lookup", build, "--json", "--db", "x.db", "--on", "2026-07-20").json()
    (own,) = run("lookup", believed, "--json", "--db", "x.db", "--on", "2026-07-20").json()
    note = f"{build} is stated by the update history for {kb}; believed is {believed}"
    assert own["matches"][0]["stated_build"] is None
    assert stated | {"query": believed, "matches": [stated["matches"][0] | {"stated_build": None}]} == own
    assert stated["matches"][0]["stated_build"] == note
    (tmp_path / "fleet.csv").write_text(f"host,product,build\na,{product},{build}\nb,,{build}\nc,{product},{believed}\n", encoding="utf-8")
    rows = run("assess", "fleet.csv", "--format", "json", "--db", "x.db", "--on", "2026-07-20").json()
    assert {(row["kb"], row["verdict"], row["next_kb"]) for row in rows} == {(kb, rows[2]["verdict"], rows[2]["next_kb"])}
    assert [note in row["reason"] for row in rows] == [True, True, False]
    assert run("lookup", "22631.5190", "--json", "--db", "x.db").json()[0]["status"] == "not_found"


def test_a_build_with_a_slip_of_the_pen_is_found(run: Command, tmp_path: Path) -> None:
    """20346.2819 for 20348.2819 (windowsserverdocs #7633): 20346 is no build number of any Windows."""
    categories = render.hotpatch_categories("2026-07", "new")
    for category in categories:
        for place, entry in enumerate(category.entries):
            category.entries[place] = render.NavEntry(entry.title.replace("20348.2819", "20346.2819"), entry.href)
    hub = render.HOTPATCH_HUB["new"]
    render.save_tree(
        tmp_path / "tree", hub, render.navigation_new(categories, h1="Hotpatch", url=hub), fetched_at="2026-07-23T12:00:00Z", suffix=".html"
    )
    info = render.server_release_info("2026-05-13")
    render.save_tree(tmp_path / "tree", info.url, render.release_info_markdown(info), fetched_at="2026-07-23T12:00:00Z", suffix=".md")
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "tree").code == 0
    (answer,) = run("lookup", "20346.2819", "--json", "--db", "x.db", "--on", "2026-07-20").json()
    assert (answer["status"], answer["matches"][0]["build"]) == ("found", "20348.2819")
    (tmp_path / "fleet.csv").write_text("host,build\na,20346.2819\n", encoding="utf-8")
    (row,) = run("assess", "fleet.csv", "--format", "json", "--db", "x.db", "--on", "2026-07-20").json()
    assert (row["verdict"], row["kb"]) == ("restart_due", "KB5046698")


def test_dates_that_differ_are_conflicts(run: Command, shared: Path, tmp_path: Path) -> None:
    """Learn's table and the update history differ in the day of four KBs, besides that of KB4490481."""
    for tree in ("pages", "pages-more"):
        assert run("crawl", "--db", "x.db", "--from", shared / tree).code == 0
    rows = query(
        tmp_path / "x.db",
        """select distinct subject, value_won, value_lost from conflicts where field = 'release_date'
        and (subject like '%/4020102/%' or subject like '%/4032188/%' or subject like '%/5003173/%' or subject like '%/5031455/%') order by 1""",
    )
    assert rows == [
        ("release/win10-1703/4020102/15063.332", "2017-05-26", "2017-05-25"),
        ("release/win10-1703/4032188/15063.502", "2017-08-01", "2017-07-31"),
        ("release/win10-21h1/5003173/19043.985", "2021-05-18", "2021-05-11"),
        ("release/win11-22h2/5031455/22621.2506", "2023-10-26", "2023-10-31"),
    ]
    for build in ("22631.5191", "19045.5736", "14393.571", "17763.402"):
        (answer,) = run("lookup", build, "--json", "--db", "x.db").json()
        assert (answer["status"], answer["matches"][0]["stated_build"].startswith(f"{build} is stated by the update history for KB")) == (
            "found",
            True,
        )


# --- releases that no list has (case 53) ------------------------------------------------------------------------------

WINDOWS11_NAMES = ("Windows 11 version 24H2, all editions", "Windows 11 version 25H2, all editions")
AUGUST = msrc_cvrf.Fix("5120233", ("ws2025",), "26100.33296", supersedes="5099536")
JULY = "26100.33158"  # KB5099536, the baseline of both lines


def _world(tmp_path: Path, worlds: dict[str, Path]) -> Path:
    """The pages of July 2026, whose lists end in that month."""
    shutil.copytree(worlds["new"], tmp_path / "july")
    return tmp_path / "july"


def _provisional(db: Path) -> list[tuple[object, ...]]:
    return query(
        db,
        """select product, kb, build, release_date, cadence, classification, in_hotpatch_line, in_standard_line, derived_from
        from releases where is_provisional = 1 order by 1, 2""",
    )


@pytest.fixture
def august(run: Command, worlds: dict[str, Path], tmp_path: Path) -> Path:
    """A database whose lists end in July, and for which MSRC names a fix of August."""
    assert run("crawl", "--db", "x.db", "--from", _world(tmp_path, worlds)).code == 0
    assert _provisional(tmp_path / "x.db") == []
    _msrc(tmp_path / "msrc", "2026-08", AUGUST, fetched_at="2026-08-12T12:00:00Z")
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "msrc").code == 0
    return tmp_path / "x.db"


def test_a_fix_that_only_msrc_names_is_provisional(august: Path, run: Command, at: Callable[[str], None]) -> None:
    at("2026-08-12")
    row = ("ws2025", 5120233, "26100.33296", "2026-08-11", "B", "cumulative", 0, 1, "named by MSRC; no list of releases has it")
    assert _provisional(august) == [row]
    (answer,) = run("lookup", "KB5120233", "--json", "--db", august).json()
    (match,) = answer["matches"]
    assert (answer["status"], match["derived_from"], match["verdict"]["verdict"]) == ("found", row[-1], "unknown")
    assert "named by MSRC" in run("lookup", "KB5120233", "--db", august).out


@pytest.mark.parametrize(
    ("line", "day", "verdict", "next_kb"),
    [
        ("standard", "2026-08-10", "current", None),
        ("standard", "2026-08-12", "behind", "KB5120233"),
        ("hotpatch", "2026-08-12", "unknown", None),  # the LCU may be a baseline or not: its calendar does not say
    ],
)
def test_older_builds_are_behind_it(
    august: Path, run: Command, at: Callable[[str], None], line: str, day: str, verdict: str, next_kb: str | None
) -> None:
    at("2026-08-12")
    with sqlite3.connect(august) as conn:
        conn.execute("update lines set data_until = '2026-08-12'")  # the lists were read again, unchanged
    match = run("lookup", JULY, "--product", "ws2025", "--line", line, "--on", day, "--json", "--db", august).json()[0]["matches"][0]
    assert (match["verdict"]["verdict"], match["verdict"]["next_kb"]) == (verdict, next_kb)
    if day == "2026-08-12":
        assert "MSRC names KB5120233" in match["verdict"]["reason"]
        assert "which no list of releases has" in match["verdict"]["reason"]


def test_its_own_build_is_never_current(august: Path, run: Command, at: Callable[[str], None], tmp_path: Path) -> None:
    at("2026-08-12")
    with sqlite3.connect(august) as conn:
        conn.execute("update lines set data_until = '2026-08-12'")
    (tmp_path / "fleet.csv").write_text("host,product,build,line\na,ws2025,26100.33296,\nb,ws2025,26100.33296,standard\n", encoding="utf-8")
    rows = run("assess", "fleet.csv", "--format", "json", "--db", august, "--on", "2026-08-12").json()
    assert [row["verdict"] for row in rows] == ["unknown", "unknown"]
    assert all("MSRC names KB5120233 (26100.33296), which no list of releases has" in row["reason"] for row in rows)


def test_a_list_that_names_it_replaces_it(august: Path, run: Command, tmp_path: Path) -> None:
    """Learn's table lists it with its letter: one release, nothing provisional, and no second one in the changes."""
    info = render.server_release_info("2026-07-02")
    row = render.HistoryRow("LTSC", "2026-08 B", "2026-08-11", "26100.33296", "5120233", "")
    history = [replace(table, rows=[row, *table.rows]) if "2025" in table.label else table for table in info.history]
    render.save_tree(
        tmp_path / "learn",
        info.url,
        render.release_info_markdown(replace(info, history=history)),
        fetched_at="2026-08-13T12:00:00Z",
        suffix=".md",
    )
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "learn").code == 0
    assert _provisional(august) == []
    assert query(august, "select build, release_date, cadence, derived_from from releases where kb = 5120233") == [
        ("26100.33296", "2026-08-11", "B", None)
    ]
    changes = query(august, "select field, old_value from changes where subject like 'release/ws2025/5120233/%'")
    assert [change for change in changes if change[1] is not None] == []


@pytest.mark.parametrize(
    ("fix", "month"),
    [
        (msrc_cvrf.Fix("5120233", ("ws2025",), "20348.33296"), "2026-08"),  # another product's build
        (msrc_cvrf.Fix("5120233", ("ws2025",), "26100.32772"), "2026-08"),  # older than what lists have
        (msrc_cvrf.Fix("5120233", ("ws2025",), "26100.33296"), "2026-06"),  # of an earlier month: a wrong build
        (msrc_cvrf.Fix("5120233", ("ws2025",), ""), "2026-08"),  # without a build, and not the successor of the newest
        (msrc_cvrf.Fix("5120233", ("ws2025",), "", supersedes="5082063"), "2026-08"),
        (msrc_cvrf.Fix("5120233", ("ws2012",), "9200.25923"), "2026-08"),  # of a system that is not covered
        (msrc_cvrf.Fix("5099536", ("ws2025",), "26100.33999"), "2026-08"),  # a KB that a list has, with another build
    ],
)
def test_what_is_no_release(run: Command, worlds: dict[str, Path], tmp_path: Path, fix: msrc_cvrf.Fix, month: str) -> None:
    assert run("crawl", "--db", "x.db", "--from", _world(tmp_path, worlds)).code == 0
    _msrc(tmp_path / "msrc", month, fix, fetched_at="2026-08-12T12:00:00Z")
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "msrc").code == 0
    assert _provisional(tmp_path / "x.db") == []


@pytest.mark.parametrize(
    ("fix", "row"),
    [
        (
            msrc_cvrf.Fix("5120228", ("ws2025",), "26100.33222", "Security Hotpatch Update"),
            ("ws2025", 5120228, "26100.33222", "2026-08-11", "B", "hotpatch", 1, 0),
        ),
        (
            msrc_cvrf.Fix("5120233", ("ws2025",), "", supersedes="5099536"),
            ("ws2025", 5120233, None, "2026-08-11", "B", "cumulative", 0, 1),
        ),
    ],
)
def test_hotpatches_and_fixes_without_a_build(
    run: Command, worlds: dict[str, Path], tmp_path: Path, fix: msrc_cvrf.Fix, row: tuple[object, ...]
) -> None:
    assert run("crawl", "--db", "x.db", "--from", _world(tmp_path, worlds)).code == 0
    _msrc(tmp_path / "msrc", "2026-08", fix, fetched_at="2026-08-12T12:00:00Z")
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "msrc").code == 0
    assert [found[:-1] for found in _provisional(tmp_path / "x.db")] == [row]


def test_articles_name_releases(run: Command, worlds: dict[str, Path], tmp_path: Path) -> None:
    """Their days and kinds are those of their headings; a baseline's article names a KB that nothing installs."""
    assert run("crawl", "--db", "x.db", "--from", _world(tmp_path, worlds)).code == 0
    server = ("Windows Server 2022",)
    articles = {
        "windows-server/2026/08/kb5120242": ("August 11, 2026—KB5120242 (OS Build 20348.5499)", server),
        "hotpatch/windows-server-2022/2026/kb5120229": ("August 11, 2026—Hotpatch KB5120229 (OS Build 20348.5440)", server),
        "hotpatch/windows-server-2022/2026/kb5120301": ("August 11, 2026—Baseline (KB5120301)", server),
        "windows-11/2026/08/kb5120998": ("August 27, 2026—KB5120998 (OS Builds 26200.9278 and 26100.9278) Preview", WINDOWS11_NAMES),
        "windows-11/2026/08/kb5999999": ("August 11, 2026—KB5999999 (OS Build 26100.40000)", ()),  # 26100 alone is two products
        "windows-server/2026/08/kb5070881": ("August 11, 2026—KB5070881 (OS Build 20348.4000)", server),  # older than what lists have
    }
    for path, (heading, applies) in articles.items():
        url = f"https://support.microsoft.com/en-us/servicing/os/{path}"
        text = support_article.article(heading, applies=applies)
        render.save_tree(tmp_path / "articles", url, text, fetched_at="2026-08-28T12:00:00Z", suffix=".html")
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "articles").code == 0
    assert [row[:-1] for row in _provisional(tmp_path / "x.db")] == [
        ("win11-24h2", 5120998, "26100.9278", "2026-08-27", None, "preview", 0, 1),
        ("win11-25h2", 5120998, "26200.9278", "2026-08-27", None, "preview", 0, 1),
        ("ws2022", 5120229, "20348.5440", "2026-08-11", "B", "hotpatch", 1, 0),
        ("ws2022", 5120242, "20348.5499", "2026-08-11", "B", "cumulative", 0, 1),
    ]
    baseline = query(
        tmp_path / "x.db",
        "select baseline_kb from releases where kb = 5120229 union all select max(kb) from releases where product = 'ws2022' "
        "and classification = 'baseline' and release_date < '2026-08-01' and release_date > '2026-07-01'",
    )
    assert baseline[0] == baseline[1]


def test_feeds_and_graph_name_releases(run: Command, worlds: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("crawl", "--db", "x.db", "--from", _world(tmp_path, worlds)).code == 0
    entry = support_feeds.Entry("August 11, 2026—KB5120233 (OS Build 26100.33296)", "2026-08-11T17:00:00Z", "2026-08-11T17:00:00Z")
    text = support_feeds.feed([entry, *support_feeds.SERVER_ENTRIES], title="Windows Server 2025 update history")
    render.save_tree(tmp_path / "feed", support_feeds.SERVER_2025, text, fetched_at="2026-08-12T12:00:00Z", suffix=".xml")
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "feed").code == 0
    monkeypatch.setenv("HOTPATCH_KB_GRAPH_TOKEN", "made")
    revision = graph_updates.revision("Windows 11", "25H2", "26200.9106", "2026-08-11", "KB5120994", is_hotpatch=True)
    answer = graph_updates.answer([graph_updates.product("Windows 11", [revision])])
    url = registry()["graph_updates"].pages[0].page_url
    render.save_tree(tmp_path / "graph", url, answer, fetched_at="2026-08-12T12:00:00Z", suffix=".json", headers={})
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "graph").code == 0
    assert _provisional(tmp_path / "x.db") == [
        ("win11-25h2", 5120994, "26200.9106", "2026-08-11", "B", "hotpatch", 1, 0, "named by Microsoft Graph; no list of releases has it"),
        ("ws2025", 5120233, "26100.33296", "2026-08-11", "B", "cumulative", 0, 1, "named by a feed; no list of releases has it"),
    ]
