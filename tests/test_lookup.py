"""Lookup as scripts use it: the quick way in, standard input, the index, known issues and open CVEs."""

from __future__ import annotations

import io
import json
import random
import sqlite3
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import Command
from helpers.lookups import LOOKUPS

from hotpatch_kb.db.answers.lookup import find
from hotpatch_kb.db.answers.lookup_cache import MAX_OTHERS, LookupCache
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.store.connections import open_seed_database
from hotpatch_kb.scraper.cli import group, lookup

DAY = "2026-07-20"


@pytest.fixture(autouse=True)
def _day(at: Callable[[str], None]) -> None:
    at(DAY)


@pytest.fixture(scope="module")
def conn() -> Iterator[sqlite3.Connection]:
    connection = open_seed_database()
    yield connection
    connection.close()


# --- the quick way in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        *LOOKUPS.values(),
        ["KB5087423", "--json", "--product=ws2025", "--kb-installed", "5087423", "--kb-installed=KB5082063"],
        ["--", "KB5087423"],
        ["26100.1", "nonsense", "KB5087423"],
        ["26100.1", "--db", "hotpatch.db"],
        ["20348.587", "--known", "2026-07-21"],
    ],
)
def test_it_answers_as_click_would(arguments: list[str], run: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert lookup.read_arguments(arguments) is not None
    quick = run("lookup", *arguments)
    code = group.run(["lookup", *arguments])
    assert (code, *capsys.readouterr()) == (quick.code, quick.out, quick.err)


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["-h"], ["x", "--line", "both"], ["x", "--product"], ["x", "--colour"], ["-x"], ["x", "--json=1"]]
)
def test_what_is_not_plain_is_left_to_click(arguments: list[str], run: Command) -> None:
    assert lookup.read_arguments(arguments) is None
    done = run("lookup", *arguments)
    assert done.code == (0 if arguments in (["--help"], ["-h"]) else 2)
    assert done.out + done.err


def test_the_database_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTPATCH_KB_DB", "mine.db")
    asked = lookup.read_arguments(["x"]), lookup.read_arguments(["x", "--db", "other.db"])
    assert [a and a.db for a in asked] == ["mine.db", "other.db"]


@pytest.mark.parametrize("day", ["2026-02-30", "20260230", "2026-7-20", "yesterday", "2026-07-2\u0660"])
def test_a_day_that_is_none(day: str, run: Command) -> None:
    done = run("lookup", "KB5087423", "--on", day)
    assert (done.code, done.out, done.err.splitlines()[-1]) == (2, "", f"hotpatch-kb: expected a day such as 2026-07-14, got {day!r}")


# --- standard input -----------------------------------------------------------------------------------------------------


def test_queries_from_standard_input(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["26100.32772", "", "  kb5089466 \r", "noise", "x" * 100_000, "26100.1", "26100.32772"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lines)))
    done = run("lookup", "-", "--json")
    found = done.json()
    assert (done.code, [(a["query"], a["status"]) for a in found]) == (
        2,
        [("26100.32772", "found"), ("  kb5089466 ", "found"), ("26100.1", "not_found"), ("26100.32772", "found")],
    )
    assert len([line for line in done.err.splitlines() if line.startswith("hotpatch-kb: expected a build")]) == 2
    assert found[0] == found[3] == run("lookup", "26100.32772", "--json").json()[0]


def test_nothing_on_standard_input(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert (run("lookup", "-", "--json").json(), run("lookup", "-").out) == ([], "")


# --- the index ----------------------------------------------------------------------------------------------------------


def _spellings(name: str) -> list[str]:
    if name.isdigit():
        return [name, f"KB{name}", f"kb{name}", f" KB {name}", f"kb-{name}\n"]
    return [
        name,
        f"10.0.{name}",
        f" {name} ",
        f"OS Build {name}",
        f"Microsoft Windows [Version 10.0.{name}]",
        f"Version 24H2 (OS Build {name})",
    ]


def _names(conn: sqlite3.Connection) -> list[str]:
    builds = conn.execute("select distinct build from releases where build is not null order by build").fetchall()
    return [row[0] for row in builds] + [str(row[0]) for row in conn.execute("select kb from kbs order by kb")]


def test_spellings_of_one_thing_always_agree(conn: sqlite3.Connection, tries: int) -> None:
    """All builds and KBs in the long run, a sample in an ordinary one."""
    names = _names(conn)
    index = LookupCache(conn, today=DAY)
    for name in random.Random(20261125).sample(names, min(len(names), tries * 60)):
        wanted = find(conn, name, today=DAY)
        for spelling in _spellings(name):
            assert index.find(spelling) == wanted | {"query": spelling} == find(conn, spelling, today=DAY)
            assert index.find(spelling) is index.find(spelling)


@pytest.mark.parametrize("options", [{"product": "ws2025"}, {"line": "standard"}, {"kb_installed": (5070893,)}, {"on": "2025-11-05"}])
def test_an_index_knows_what_is_known_of_the_machine(options: dict[str, Any], conn: sqlite3.Connection) -> None:
    index = LookupCache(conn, today=DAY, **options)
    for query in ("26100.6905", "20348.587", "KB5070893", "ws2025", "26100", "June 2026", "26100.1"):
        assert index.find(query) == find(conn, query, today=DAY, **options)


@pytest.mark.fault("a fleet of nothing but unknown builds")
def test_noise_does_not_fill_the_memory(conn: sqlite3.Connection) -> None:
    """20,010 unknown builds are asked; each is not found, what the index remembers stays below its limit."""
    index = LookupCache(conn, today=DAY)
    for number in range(MAX_OTHERS + 10):
        assert index.find(f"60000.{number}" if number < 60_000 else "x")["status"] == "not_found"
    assert len(index._others) <= MAX_OTHERS
    assert len(index._named) == 0
    with pytest.raises(BadInput, match="expected a build"):
        index.find("noise")


# --- issues and CVEs ----------------------------------------------------------------------------------------------------


@pytest.fixture
def with_security_data(conn: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """The embedded facts with made issues and CVEs of December 2025 on Windows Server 2025."""
    copy = sqlite3.connect(":memory:")
    conn.backup(copy)
    copy.row_factory = sqlite3.Row
    copy.execute("delete from kb_cves")
    cves = {  # KB: CVEs; the LCU of the month, its hotpatch, the companion; the baseline of January; the LCU of the month before
        5072033: ("CVE-2025-54100", "CVE-2025-90001"), 5072014: ("CVE-2025-90001",), 5074204: ("CVE-2025-54100",), 5073379: ("CVE-2026-90002", "CVE-2025-90001"),
    }  # fmt: skip
    for kb, names in cves.items():
        for cve in names:
            copy.execute("insert or ignore into subjects values (?, 'cve')", (f"cve/{cve}",))
            copy.execute(
                "insert into kb_cves values (?, 'ws2025', ?, 'Important', null, 'security', null, ?, ?)",
                (kb, cve, "2026-01" if kb == 5073379 else "2025-12", f"cve/{cve}"),
            )
    for number, (title, state, resolved_by) in enumerate((("Made issue", "open", None), ("Made and mended", "resolved", 5073379))):
        copy.execute("insert or ignore into subjects values (?, 'issue')", (f"issue/5072014/{number}",))
        copy.execute(
            "insert into known_issues values (?, 5072014, 'ws2025', ?, ?, 'It fails', 'Wait', ?, ?, null, null, null, null, ?)",
            (number, title.lower(), title, state, resolved_by, f"issue/5072014/{number}"),
        )
    yield copy
    copy.close()


def test_known_issues_and_open_cves(with_security_data: sqlite3.Connection) -> None:
    """Case 31: the hotpatch of December 2025 leaves CVE-2025-54100 open, its companion closes it."""
    match = find(with_security_data, "26100.7392", product="ws2025", on="2026-01-20", today=DAY)["matches"][0]
    assert [(issue["title"], issue["state"], issue["resolved_by_kb"]) for issue in match["known_issues"]] == [
        ("Made issue", "open", None), ("Made and mended", "resolved", "KB5073379"),
    ]  # fmt: skip
    assert match["open_cves"] == {
        "gaps": [{"cve": "CVE-2025-54100", "severity": "Important", "companion_kb": "KB5074204"}],
        "fixed_by_newer": 1,  # the one that it fixes itself is listed again in January, and does not count
        "most_severe": ["CVE-2026-90002"],
        "unknown_months": ["2025-11"],  # this database has no data of the hotpatch before it, so what that one left open is not known
        "copied_on": None,
        "unknown_reason": None,
    }
    before = find(with_security_data, "26100.7392", product="ws2025", on="2025-12-20", today=DAY)["matches"][0]["open_cves"]
    assert before["fixed_by_newer"] == 0
    later = find(with_security_data, "26100.7392", product="ws2025", today=DAY)["matches"][0]["open_cves"]
    assert later["unknown_months"] == ["2025-11", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06", "2026-07"]
    other = find(with_security_data, "26100.7392", product="win11-24h2", on="2026-01-20", today=DAY)["matches"][0]
    assert (other["known_issues"], other["open_cves"]["gaps"]) == ([], [])


def test_they_are_shown(with_security_data: sqlite3.Connection, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotpatch_kb.scraper.cli.lookup.open_facts", lambda *_, **__: with_security_data)
    lines = run("lookup", "26100.7392", "--product", "ws2025", "--on", "2026-01-20").out.splitlines()
    assert [line[2:].strip() for line in lines if "issue" in line or "CVE" in line] == [
        "fixes        1 CVE (1 Important)",
        "most severe: CVE-2025-90001",
        "known issue  open: Made issue",
        "known issue  resolved by KB5073379: Made and mended",
        "open CVE     CVE-2025-54100 (Important), open unless its companion KB5074204 is installed, which the build does not show",
        "open CVEs    1 that newer releases of the hotpatch line fix; not known for 2025-11",
        "most severe: CVE-2026-90002",
    ]


def test_a_verdict_beside_each_match(run: Command, at: Callable[[str], None]) -> None:
    at("2026-07-24")  # the embedded data is of July 23: read "tomorrow", nothing would be current
    answer = run("lookup", "26100.6905", "--product", "ws2025", "--line", "hotpatch", "--on", "2025-11-05", "--json").json()[0]
    assert [(m["kb"], m["verdict"]["verdict"], m["verdict"]["rejoins_month"]) for m in answer["matches"]] == [
        ("KB5070881", "left_line", "2026-01"), ("KB5070893", "current", None),
    ]  # fmt: skip
    assert json.dumps(answer)
    unplanned = run("lookup", "KB5094125", "--product", "ws2025").out
    assert "baseline (restart), B, unplanned: its month was planned as a hotpatch, released 2026-06-09" in unplanned


def test_a_newer_baseline_takes_a_machine_back_to_the_hotpatch_line(run: Command) -> None:
    """KB5087539 of May 2026 is no baseline: until that of June its machine gets the monthly updates, from then on the hotpatch line's releases."""
    asked = ("lookup", "26100.32860", "--product", "ws2025", "--line", "hotpatch", "--json", "--on")
    left, due = (run(*asked, day).json()[0]["matches"][0] for day in ("2026-05-20", "2026-07-20"))
    assert (left["verdict"]["verdict"], left["line"], left["next_restart"]["date"]) == ("left_line", "standard", "2026-06-09")
    assert (due["verdict"]["verdict"], due["line"], due["next_restart"]["date"]) == ("restart_due", "hotpatch", "2026-10-13")
    assert (due["newer"], due["latest"]["kb"]) == ({"count": 2, "baselines": 2}, "KB5099536")


# --- what a new user asks -----------------------------------------------------------------------------------------------


def test_what_is_not_covered_is_said(run: Command) -> None:
    for query, said in (
        ("7601.24545", "Windows 7 or Windows Server 2008 R2 is not covered"),
        ("Microsoft Windows [Version 6.1.7601]", "Windows 7 or Windows Server 2008 R2 is not covered"),
        ("9200", "Windows 8 or Windows Server 2012 is not covered"),
        ("6.3.9600.21620", "Windows 8.1 or Windows Server 2012 R2 is not covered"),
        ("Azure Local 24H2", "Azure Local 24H2 is not covered"),
        ("2026-13", "expected a month from 2026-01 to 2026-12, got '2026-13'"),
        ("2026-6", 'nearest: lookup "2026-06"'),
        ("2610.32772", 'nearest: lookup "26100.32772"'),
    ):
        done = run("lookup", query)
        assert (done.code, done.out, said in done.err) == (2, "", True), done.err
    done = run("lookup", "20349.3000")
    assert (done.code, done.out) == (4, "20349.3000: not found; not covered: Azure Stack HCI 22H2 (Azure Local)\n")
    assert run("lookup", "14393").code == 0


@pytest.mark.parametrize(
    "address",
    [
        "https://support.microsoft.com/help/5099536",
        "https://support.microsoft.com/en-us/help/5099536/",
        "http://support.microsoft.com/?kbid=5099536",
        "support.microsoft.com/ja-jp/kb/5099536?preview=1",
        "https://support.microsoft.com/en-us/topic/july-14-2026-kb5099536-os-build-26100-33158-0a1b",
    ],
)
def test_the_address_of_an_article_is_its_kb(address: str, conn: sqlite3.Connection) -> None:
    """``wmic qfe`` prints the third form beside each KB."""
    answer = find(conn, address, today=DAY)
    assert [(match["kb"], match["build"]) for match in answer["matches"]] == [("KB5099536", "26100.33158")]


def test_no_nearest_build_is_of_a_later_day(conn: sqlite3.Connection) -> None:
    """A component without a day of its own (KB5074204) is as old as the hotpatch that has its build, of 2025-12-09."""
    assert find(conn, "26100.7393", on="2020-01-01", today=DAY)["nearest"] == []
    (nearest,) = find(conn, "26100.7393", product="ws2025", on="2025-12-08", today=DAY)["nearest"]
    assert nearest["below"] not in {None, "26100.7392"}
    (nearest,) = find(conn, "26100.7393", product="ws2025", on="2025-12-09", today=DAY)["nearest"]
    assert nearest["below"] == "26100.7392"


def test_the_product_with_the_nearest_build_comes_first(conn: sqlite3.Connection) -> None:
    nearest = find(conn, "26100.32773", today=DAY)["nearest"]
    assert [(row["product"], row["below"]) for row in nearest] == [("ws2025", "26100.32772"), ("win11-24h2", "26100.8894")]


def test_a_product_with_revisions_of_another_order_is_no_neighbour(run: Command) -> None:
    """26100.8894 is the newest of Windows 11: that none of its builds is above 26100.32773 says nothing."""
    assert run("lookup", "26100.32773").out.splitlines()[1:] == [
        "  Windows Server 2025: nearest known build below is 26100.32772, above 26100.32860"
    ]
    both = run("lookup", "26100.9000").out.splitlines()[1:]
    assert both == [
        "  Windows 11, version 24H2: nearest known build below is 26100.8894, above none",
        "  Windows Server 2025: nearest known build below is 26100.7462, above 26100.32230",
    ]


def test_installed_kbs_decide_a_build_number(conn: sqlite3.Connection, run: Command) -> None:
    found = find(conn, "26100", kb_installed=(5087423, 5082063), today=DAY)
    assert [(match["product"], match["build"]) for match in found["matches"]] == [("ws2025", "26100.32772")]
    done = run("lookup", "26100", "--kb-installed", "KB1111111")
    assert "26100: --kb-installed has no effect; no release of the answer has one of these KBs" in done.err
    assert "23H2: the list is of the standard line, which this edition is always on" in run("lookup", "23H2", "--edition", "Home").err
    for quiet in (("26100", "--kb-installed", "KB5087423"), ("26100.32772", "--kb-installed", "KB5082063")):
        assert "has no effect" not in run("lookup", *quiet).err


def _asked(conn: sqlite3.Connection, query: str, line: str | None = None, day: str = DAY) -> list[tuple[Any, ...]]:
    return [
        (row["product"], row["is_open"], row["fixed_by"] and row["fixed_by"]["kb"], row["companion_kb"])
        for row in find(conn, query, product="ws2025", line=line, today=day)["asked_cve"]
    ]


def test_a_cve_is_asked_of_a_build(conn: sqlite3.Connection) -> None:
    """The hotpatch of December 2025 lacks the fix that its companion has; the LCU of that month and the next baseline have it."""
    cve = "CVE-2025-54100"
    assert _asked(conn, f"{cve} 26100.7392") == [("ws2025", True, "KB5072033", "KB5074204")]
    assert _asked(conn, f"{cve} 26100.7462") == [("ws2025", False, "KB5072033", None)]
    assert _asked(conn, f"26100.6899 {cve}") == [("ws2025", True, "KB5072033", None)]
    assert _asked(conn, f"{cve} KB5073379") == [("ws2025", False, "KB5072033", None)]  # the baseline of January
    assert _asked(conn, f"{cve} 26100.32772") == [("ws2025", False, "KB5072033", None)]  # a hotpatch on the baseline of April
    assert _asked(conn, "CVE-2026-48574 26100.32772") == [("ws2025", True, "KB5094125", None)]
    assert _asked(conn, "CVE-2026-48574 26100.32772", day="2026-05-20") == [("ws2025", True, None, None)]
    assert _asked(conn, "CVE-2099-10001 26100.32772") == [("ws2025", None, None, None)]  # nobody names it: not known, not fixed


def test_no_cve_of_the_open_ones_is_called_fixed(conn: sqlite3.Connection) -> None:
    """A build's list of open CVEs, and the same CVEs asked of it one by one."""
    for build in ("26100.7392", "26100.32772", "26100.4061", "20348.5020"):
        match = find(conn, build, product="ws2022" if build[0] == "2" and build[1] == "0" else "ws2025", today=DAY)["matches"][0]
        cves = [*match["open_cves"]["most_severe"][:12], *(gap["cve"] for gap in match["open_cves"]["gaps"])]
        assert cves
        for cve in cves:
            (asked,) = find(conn, f"{cve} {build}", product=match["product"], today=DAY)["asked_cve"]
            assert asked["is_open"] is True, (build, cve)


def test_a_kb_says_what_it_replaces_and_fixes(conn: sqlite3.Connection, run: Command) -> None:
    (fixes,) = find(conn, "KB5087423", today=DAY)["fixes"]
    stated = dict(conn.execute("select cve, severity from kb_cves where kb = 5087423 and product = 'ws2025'").fetchall())
    assert (fixes["product"], fixes["kb"], fixes["count"], sum(fixes["by_severity"].values())) == (
        "ws2025",
        "KB5087423",
        len(stated),
        len(stated),
    )
    assert {stated[cve] for cve in fixes["most_severe"][: fixes["by_severity"]["Critical"]]} == {"Critical"}
    assert f"  fixes        {len(stated)} CVEs ({fixes['by_severity']['Critical']} Critical" in run("lookup", "KB5087423").out
    assert "  replaces     not known: no security data that was read states it" in run("lookup", "KB5094125").out
    product, kb, former = conn.execute(
        "select product, kb, supersedes_kb from kb_cves where supersedes_kb is not null and kb in (select kb from releases) order by kb desc limit 1"
    ).fetchone()
    older = [row for row in find(conn, f"KB{kb}", product=product, today=DAY)["fixes"] if f"KB{former}" in row["supersedes"]]
    assert [row["kb"] for row in older] == [f"KB{kb}"]


def test_a_day_to_come_was_not_known(run: Command) -> None:
    for command in (("lookup", "26100.32772"), ("next",), ("calendar",)):
        done = run(*command, "--known", "2030-01-01")
        assert (done.code, done.out, "expected --known up to today, 2026-07-20, got 2030-01-01" in done.err) == (2, "", True)
        assert run(*command, "--known", "2026-07-21").code == 0


# --- what a new administrator stumbled over -------------------------------------------------------------------------------


def _line(text: str, label: str) -> str:
    """Return what the first line of a label says."""
    return next(line[15:] for line in text.splitlines() if line.startswith(f"  {label:<12} "))


def test_two_builds_of_one_kb_are_told_apart(run: Command) -> None:
    """KB3189866 is 14393.187 and 14393.189: it is not newer than itself."""
    said = run("lookup", "14393.187", "--product", "ws2016", "--on", "2016-09-15").out
    assert _line(said, "verdict").endswith("KB3189866 14393.189 of 2016-09-13 is newer")
    assert _line(said, "next") == "KB3189866 14393.189, which restarts"


def test_why_an_out_of_band_release_counts_on_one_product_alone(run: Command) -> None:
    """MSRC's data names CVE-2025-59287 for KB5070882 on Windows Server 2016, not on Windows 10, version 1607."""
    server, client = (run("lookup", "14393.8519", "--product", name, "--on", "2025-10-30").out for name in ("ws2016", "win10-1607"))
    assert "KB5070882 of 2025-10-23 is newer, and counts although it is out of band, since it fixes a CVE" in _line(server, "verdict")
    assert _line(client, "also newer").startswith("KB5070882: for a component, or out of band and not known to fix a CVE of this product")


def test_the_same_restart_is_as_certain_as_next_says(run: Command) -> None:
    (answer,) = run("lookup", "26100.33158", "--on", "2026-07-20", "--json").json()
    (restart,) = run("next", "--product", "ws2025", "--on", "2026-07-20", "--json").json()
    assert answer["matches"][0]["next_restart_certainty"] == restart["certainty"] == "planned"


def test_the_kb_of_an_article_is_explained(run: Command) -> None:
    articles, installed = (run("lookup", kb, "--json").json()[0] for kb in ("KB5100456", "KB5094126"))
    assert (articles["installs_kb"], installed["installs_kb"]) == ("KB5094126", None)
    assert articles["matches"] == installed["matches"]
    first = run("lookup", "KB5100456").out.splitlines()[0]
    assert first == "KB5100456: the number of an article; a machine shows KB5094126, the update that the article is about"


def test_a_list_begins_with_what_the_product_is(run: Command) -> None:
    lines = run("lookup", "Windows 11 23H2", "--on", "2026-07-20").out.splitlines()
    assert lines[1:6] == [
        "  Windows 11, version 23H2 (win11-23h2), build 22631",
        "    until      2025-11-11  Home and Pro: support",
        "    until      2026-11-10  Enterprise and Education: support",
        "    until      2026-11-10  IoT Enterprise: support",
        "    newest     KB5099414 22631.7376 2026-07-14 (standard)",
    ]
    said = run("lookup", "24H2", "--edition", "Pro").err
    assert "the list is of the standard line, which this edition is always on, and has no verdicts" in said


def test_an_ambiguous_build_says_how_to_find_out(run: Command) -> None:
    lines = run("lookup", "14393.187", "--on", "2016-09-25").out.splitlines()
    assert lines[1:3] == [
        "  how to tell  Get-HotFix on the machine lists one of KB3193494, KB3189866: name it with --kb-installed",
        "  how to tell  2 products have it: --product leaves the releases of one",
    ]


def test_the_line_is_asked_for_only_where_it_decides_what_to_install(run: Command) -> None:
    same = run("lookup", "KB5082063", "--on", "2026-07-20").out
    assert _line(same, "verdict").endswith(
        "not patched on either line; a baseline is a release of both lines, and the machine may be on either"
    )
    other = run("lookup", "KB5082063", "--on", "2026-05-20").out
    assert "--line says what to install" in _line(other, "verdict")


def test_a_navigation_says_under_which_heading_it_lists_another_product(run: Command) -> None:
    (match,) = run("lookup", "22631.7376", "--json").json()[0]["matches"]
    assert len(match["sources"]) == len(match["source_headings"])
    headings = dict(zip(match["sources"], match["source_headings"], strict=True))
    of_others = [url for url, found in headings.items() if found == ["Windows 11, version 23H2"]]
    assert [url.rsplit("/", 1)[1] for url in of_others] == ["windows-11-version-24h2-update-history"]
    assert f"{of_others[0]} (its navigation, under 'Windows 11, version 23H2')" in run("lookup", "22631.7376").out


def test_a_cve_and_a_build_as_two_queries_say_how_to_ask_both(run: Command) -> None:
    assert "as one, lookup 'CVE-2025-54100 26100.7392' says whether" in run("lookup", "CVE-2025-54100", "26100.7392").err


def test_what_a_kb_fixes_is_said_however_it_is_asked_for(run: Command) -> None:
    of_month, of_kb = run("lookup", "Windows Server 2025 June 2026", "KB5094125", "--json").json()
    assert of_kb["fixes"][0] in of_month["fixes"]


def test_patched_depends_on_what_a_hotpatch_leaves_open(run: Command, at: Callable[[str], None]) -> None:
    """A companion of the same build closes it; where there is none, nothing does before the next baseline."""
    at("2026-07-24")

    def verdict(*arguments: str) -> str:
        return next(line for line in run("lookup", *arguments).out.splitlines() if line.startswith("  verdict"))[15:]

    nothing = "nothing newer of the hotpatch line is required"
    december = ("26100.7392", "--product", "ws2025", "--on", "2025-12-20")
    assert verdict(*december) == (
        f"patched only if KB5074204 is installed too; {nothing}; "
        "CVE-2025-54100 is open unless its companion KB5074204 is installed, which the build does not show"
    )
    assert verdict(*december, "--kb-installed", "KB5074204") == f"patched (current); {nothing}"
    june = verdict("26100.4270", "--product", "ws2025", "--on", "2025-06-20")
    # One that the hotpatch of May left open, and one that the hotpatch of June did.
    cves = "CVE-2025-49735, CVE-2025-55229"
    assert june == f"patched except for {cves}; {nothing}; {cves} are open until the next baseline"
    # KB5087424 leaves two open, and has no companion.
    assert verdict("20348.5074", "--on", "2026-05-20").endswith("CVE-2025-54518, CVE-2026-42825 are open until the next baseline")
    assert verdict("26100.7092", "--product", "ws2025", "--on", "2025-11-20") == f"patched (current); {nothing}"


def test_an_open_cve_names_the_companion_before_the_cumulative_update(run: Command) -> None:
    asked = ("26100.7392 CVE-2025-54100", "--product", "ws2025", "--on", "2025-12-20")
    assert (
        "  asked        CVE-2025-54100 (Important): open unless its companion KB5074204 is installed, which the build does not show; "
        "or KB5072033 26100.7462 of 2025-12-09 fixes it, which leaves the hotpatch line\n"
    ) in run("lookup", *asked).out
    (found,) = run("lookup", *asked, "--json").json()[0]["asked_cve"]
    assert (found["is_open"], found["companion_kb"], found["fix_leaves_line"]) == (True, "KB5074204", True)
    (found,) = run("lookup", *asked, "--kb-installed", "KB5074204", "--json").json()[0]["asked_cve"]
    assert (found["is_open"], found["companion_kb"], found["fixed_by"]["kb"]) == (False, None, "KB5074204")


def test_updates_that_nobody_read_come_before_the_next_restart(run: Command, at: Callable[[str], None]) -> None:
    def said(name: str, *arguments: str) -> str:
        return next(line for line in run("lookup", *arguments).out.splitlines() if line.startswith(f"  {name}"))[15:]

    planned = "the first baseline after July 2026: planned for October 2026, not confirmed"
    at("2026-11-27")
    assert said("next restart", "17763.9020", "--product", "ws2019") == (
        "the updates of August 2026 to November 2026 were not read, and each restarts; then 2026-12-08 (December 2026), with the monthly update"
    )
    assert said("if hotpatch", "26200.8894").endswith(f"; rejoins with {planned}")
    assert said("why", "26200.8894").endswith(f"leaves the line, until {planned}")
    at("2026-08-12")
    assert said("next restart", "17763.9020", "--product", "ws2019") == (
        "the update of August 2026 was not read, and it restarts; then 2026-09-08 (September 2026), with the monthly update"
    )
    at("2026-07-24")
    assert said("next restart", "17763.9020", "--product", "ws2019") == "2026-08-11 (August 2026), with the monthly update"
