"""What people type: queries in many spellings, mistakes with the nearest right call, databases that are not there."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from conftest import Command
from helpers.datasettes import get

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.queries import Query, find_query, read_query

DAY = "2026-07-20"

# --- queries ---------------------------------------------------------------------------------------------------------

JUNE = Query("product", "ws2025", "2026-06")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("24H2", Query("version", "24h2")),
        ("Version 24H2", Query("version", "24h2")),
        ("v25h2", Query("version", "25h2")),
        ("Windows 10 1809", Query("product", "win10-1809")),
        ("1809", Query("version", "1809")),
        ("バージョン 24H2", Query("version", "24h2")),
        ("Windows Server, version 24H2", Query("product", "ws2025")),
        ("Windows Server 2025 June 2026", JUNE),
        ("WS2025 2026-06", JUNE),
        ("2026-06 server 2025", JUNE),
        ("ws2025, June, 2026", JUNE),
        ("Windows Server 2025 (06/2026)", JUNE),
        ("ws2025 2026.06 B", JUNE),
        ("Windows Server 2025 2026年6月", JUNE),
        ("Windows Server 2025 の 2026 年 6 月", JUNE),
        ("ウィンドウズ サーバー 2025 ２０２６年０６月", JUNE),
        ("Windows Server 2025 2026년 6월", JUNE),
        ("2025 June Server 2022", Query("product", "ws2022", "2025-06")),
        ("24H2 Jun 2026", Query("version", "24h2", "2026-06")),
        ("26100 2026-06", Query("number", "26100", "2026-06")),
        ("Windows 11 June 2026", Query("family", "win11", "2026-06")),
        ("2026年6月", Query("month", "2026-06")),
        ("Sept. 2025", Query("month", "2025-09")),
        ("2026-06 Cumulative Update for Windows 11 Version 24H2 for x64-based Systems (KB5094126)", Query("kb", "5094126")),
        ("June 9, 2026—KB5094126 (OS Builds 26100.8655 and 26200.8655)", Query("kb", "5094126")),
        ("更新プログラムKB5094126を適用", Query("kb", "5094126")),
        ("KB5070893 (26100.6905)", Query("build", "26100.6905", kb="5070893")),
        ("CVE‑2025‑54100", Query("cve", "CVE-2025-54100")),
        ("is CVE-2025-54100 fixed?", Query("cve", "CVE-2025-54100")),
        ("Microsoft Windows NT 10.0.26100.0", Query("number", "26100")),
    ],
)  # fmt: skip
def test_what_people_ask_for(text: str, query: Query) -> None:
    assert read_query(text) == query


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("26100,32772", ("26100.32772", "26100")),
        ("261OO.32772", ("26100.32772", "26100")),
        ("26200.8390.1", ("26200.8390", "26200")),
        ("Windows Servr 2025", ("Windows Server 2025", "Windows Server 2022")),
        ("2022", ("ws2022", "ws2025")),
        ("Windows Server 2025 2026-06-09", ("2026-06", "Windows Server 2025")),
        ("Windows Server 2025 June", ("Windows Server 2025", "Server 2025")),
        ("Windows 11", ("Windows 11, version 26H1", "Windows 11, version 25H2")),
        ("ws2025 june", ("ws2025", "Windows Server 2025")),
        ("June 2026 to July 2026 ws2025", ("to July 2026 ws2025", "July 2026 ws2025")),
    ],
)
def test_what_is_none_gets_the_two_nearest_readings(text: str, nearest: tuple[str, str]) -> None:
    with pytest.raises(BadInput) as error:
        read_query(text)
    assert str(error.value).endswith(f'; nearest: lookup "{nearest[0]}", lookup "{nearest[1]}"')


@pytest.mark.parametrize("text", ["hello", "日本語", "KB1", "\x00", "'; drop table kbs", "x" * 5000, "Septober 2026 ws2025"])
def test_there_are_always_two_and_both_can_be_asked(text: str) -> None:
    with pytest.raises(BadInput) as error:
        read_query(text)
    first, second = error.value.message.values["first"], error.value.message.values["second"]
    assert first != second
    assert all(find_query(str(reading)) for reading in (first, second))
    assert len(str(error.value)) < 250


def test_a_build_or_kb_beside_several_cves_is_that_build_or_kb() -> None:
    """As the report of a scanner names them; one CVE is asked of the build, and several alone are not one question."""
    assert read_query("26100.32772: CVE-2026-25172, CVE-2026-25173") == Query("build", "26100.32772")
    assert read_query("KB5087423 (CVE-2026-25172, CVE-2026-25173)") == Query("kb", "5087423")
    assert read_query("CVE-2026-25172 26100.32772").cve == "CVE-2026-25172"
    with pytest.raises(BadInput, match="expected one CVE, got CVE-2026-25172, CVE-2026-25173"):
        read_query("CVE-2026-25172 CVE-2026-25173")


def test_a_month_of_products_is_their_releases_of_it(run: Command) -> None:
    def asked(query: str, *options: str) -> set[tuple[str, str]]:
        (answer,) = run("lookup", query, "--on", DAY, "--json", *options).json()
        return {(match["product"], match["kb"]) for match in answer["matches"]}

    assert asked("Windows Server 2025 June 2026") == asked("WS2025 2026-06") == {("ws2025", "KB5094125")}
    june = {("win11-24h2", "KB5095093"), ("win11-24h2", "KB5094126"), ("ws2025", "KB5094125")}
    assert asked("24H2 2026-06") == asked("26100 June 2026") == june
    assert asked("24H2 2026-06", "--line", "hotpatch") == {("win11-24h2", "KB5094126"), ("ws2025", "KB5094125")}
    assert asked("24H2 2026-06", "--product", "ws2025") == {("ws2025", "KB5094125")}
    assert {product for product, _ in asked("21H2 2026-06")} == {"ws2022", "win10-21h2"}  # Windows 11 21H2 had ended
    assert {product for product, _ in asked("1809 2026-06")} == {"win10-1809", "ws2019"}
    (answer,) = run("lookup", "ws2025 2019-01", "--json").json()
    assert (answer["status"], answer["nearest"]) == ("not_found", [])


def test_a_version_alone_lists_its_products(run: Command) -> None:
    (answer,) = run("lookup", "24H2", "--on", DAY, "--json").json()
    assert {match["product"] for match in answer["matches"]} == {"win11-24h2", "ws2025"}
    (answer,) = run("lookup", "25H2", "--on", DAY, "--json").json()
    assert {match["product"] for match in answer["matches"]} == {"win11-25h2"}


def test_a_kb_beside_a_build_decides_between_its_kbs(run: Command) -> None:
    (both,) = run("lookup", "26100.6905", "--product", "ws2025", "--json").json()
    (one,) = run("lookup", "KB5070893 (OS Build 26100.6905)", "--product", "ws2025", "--json").json()
    assert (both["status"], one["status"], [match["kb"] for match in one["matches"]]) == ("ambiguous", "found", ["KB5070893"])


@pytest.mark.parametrize(
    "text", ["build 26100 rev 33158", "26100 (33158)", "10.0.26100 (33158)", "OS Build 26100, UBR: 33158", "26100 revision 33158"]
)
def test_a_build_may_be_written_in_two_parts(text: str, run: Command) -> None:
    (answer,) = run("lookup", text, "--product", "ws2025", "--json").json()
    assert [match["build"] for match in answer["matches"]] == ["26100.33158"]


OF_JUNE = {
    "Windows Server 2025": ["KB5094125"],
    "Windows 11, version 25H2": ["KB5095093", "KB5094126"],
    "Windows 11, version 24H2": ["KB5095093", "KB5094126"],
}


@pytest.mark.parametrize(
    ("query", "heading", "products"),
    [
        ("24H2 2026-06", "24H2, June 2026", ["Windows Server 2025", "Windows 11, version 24H2"]),
        ("2026-06 24h2", "24H2, June 2026", ["Windows Server 2025", "Windows 11, version 24H2"]),
        ("26100 2026-06", "26100, June 2026", ["Windows Server 2025", "Windows 11, version 24H2"]),
        ("25H2 June 2026", "25H2, June 2026", ["Windows 11, version 25H2"]),
        ("Windows Server 2025 June 2026", "Windows Server 2025, June 2026", ["Windows Server 2025"]),
        ("ws2025 2026-06", "Windows Server 2025, June 2026", ["Windows Server 2025"]),
    ],
)
def test_the_site_answers_a_month_as_the_command(query: str, heading: str, products: list[str], own: object, run: Command) -> None:
    """A page with each release and its verdict: servers first."""
    page = BeautifulSoup(get(own, "/lookup", q=query).text, "lxml")
    assert " ".join(page.h1.get_text().split()) == heading
    shown: dict[str, list[str]] = {}
    for article in page.select("article"):
        shown.setdefault(" ".join(article.h2.get_text().split()), []).append(article.select_one("a[href*='/kb/']").text)
        assert article.select(".verdict")
    assert list(shown) == products
    assert {name: sorted(kbs) for name, kbs in shown.items()} == {name: sorted(OF_JUNE[name]) for name in products}
    (answer,) = run("lookup", query, "--json").json()
    assert sorted(match["kb"] for match in answer["matches"]) == sorted(kb for name in products for kb in OF_JUNE[name])


def test_a_month_of_a_version_without_a_release_leads_to_the_month(own: object) -> None:
    answer = get(own, "/lookup", q="25H2 2024-01")
    assert answer.status_code == 404
    assert "No release of 25H2 in January 2024 is known." in answer.text
    assert 'href="/lookup?q=2024-01"' in answer.text
    japanese = get(own, "/ja/lookup", q="25H2 2024-01").text
    assert "2024\u00a0年\u00a01\u00a0月に 25H2 のリリースは確認されていません。" in japanese
    assert "24H2、2026\u00a0年\u00a06\u00a0月" in get(own, "/ja/lookup", q="24H2 2026-06").text


def test_the_site_answers_a_cve_beside_a_build_as_the_command_does(crawled_site: object, crawled_file: Path, run: Command) -> None:
    """26100.7392 is the hotpatch KB5072014, whose companion KB5074204 closes the CVE; 26100.7462 is the LCU of its day, which fixes it."""
    for query, is_open, said in (
        ("CVE-2025-54100 26100.7462", False, "CVE-2025-54100 (Important): fixed: KB5072033"),
        ("KB5072033 cve 2025 54100", False, "CVE-2025-54100 (Important): fixed: KB5072033"),
        (
            "26100.7392 CVE-2025-54100",
            True,
            "CVE-2025-54100 (Important): open unless its companion KB5074204 is installed, which the build does not show; or",
        ),
    ):
        asked = run("lookup", query, "--db", crawled_file, "--json").json()[0]["asked_cve"]
        assert {found["is_open"] for found in asked} == {is_open}
        address = str(get(crawled_site, f"/lookup?q={query.replace(' ', '%20')}").headers["location"])
        assert address.endswith("?cve=CVE-2025-54100")
        text = " ".join(re.sub(r"<[^>]+>", "", get(crawled_site, address).text).split())
        assert text.count(said) == len(asked), (query, len(asked))
    assert "CVE-2025-54100" not in get(crawled_site, "/build/26100.32772").text
    assert "修正済み" in get(crawled_site, "/ja/build/26100.7462?cve=CVE-2025-54100").text
    wrong = get(crawled_site, "/build/26100.7462?cve=zzz")
    assert (wrong.status_code, "<script" in get(crawled_site, "/build/26100.7462?cve=%3Cscript%3E").text.split("<main")[1][:2000]) == (
        400,
        False,
    )


# --- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("lokup 26100.1", "got 'lokup'; nearest: hotpatch-kb lookup"),
        (
            "lookup --porduct ws2025 26100.1",
            "expected an option of hotpatch-kb lookup, got --porduct; nearest: hotpatch-kb lookup --product",
        ),
        ("lookup", "expected QUERY..., got nothing; hotpatch-kb lookup --help shows examples"),
        ("lookup 26100.1 --line hot", "expected --line hotpatch or standard, got 'hot'; nearest: --line hotpatch"),
        ("lookup 26100.1 --product ws2052", "got 'ws2052'; nearest: ws2025"),
        ("calendar --year 99", "expected --year as a whole number from 2021 to 2100, got '99'; nearest: --year 2021"),
        ("next --count", "expected a value after --count, got none; hotpatch-kb next --help says which"),
        ("next --count 1e3", "expected --count as a whole number from 1 to 40, got '1e3'; nearest: --count 1"),
        ("next ws2025", "expected options alone, got 'ws2025'; nearest: hotpatch-kb next --product ws2025"),
        ("status now", "expected options alone, got 'now'; nearest: hotpatch-kb status --help"),
        ("next --on yesterday", "expected a day such as 2026-07-14, got 'yesterday'"),
        ("assess x.csv --engine duck", "expected --engine builtin or duckdb or spark, got 'duck'; nearest: --engine duckdb"),
    ],
)
def test_every_mistake_is_one_line_of_one_style(call: str, said: str, run: Command) -> None:
    done = run(*call.split())
    assert (done.code, done.out) == (2, "")
    *notes, line = done.err.splitlines()
    assert all(note.startswith("no database at") for note in notes)
    assert line.startswith("hotpatch-kb: expected ")
    assert line.endswith(said)


@pytest.mark.parametrize("command", ["lookup 26100.32772", "next", "calendar", "verdicts", "assess x.csv", "eligible --edition Pro", "cost --cores 1", "changes", "status"])  # fmt: skip
def test_a_database_that_was_named_and_is_not_there(command: str, run: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("host,build\na,26100.32772\n", encoding="utf-8")
    said = "hotpatch-kb: expected a database of hotpatch-kb at typo.db, got no file; hotpatch-kb crawl --db typo.db makes one"
    done = run(*command.split(), "--db", "typo.db")
    assert (done.code, done.out, done.err.startswith(said)) == (2, "", True)
    monkeypatch.setenv("HOTPATCH_KB_DB", "typo.db")
    done = run(*command.split())
    assert (done.code, done.out, done.err.startswith(said)) == (2, "", True)
    monkeypatch.delenv("HOTPATCH_KB_DB")
    assert "no database at hotpatch.db: answering from the embedded facts" in run(*command.split()).err
    assert list(tmp_path.glob("*.db")) == []


# --- answers ---------------------------------------------------------------------------------------------------------


def test_both_lines_are_judged_where_the_line_decides(run: Command) -> None:
    (answer,) = run("lookup", "KB5094125", "--on", DAY, "--json").json()
    (match,) = answer["matches"]
    assert {line: (v["verdict"], v["next_kb"]) for line, v in match["by_line"].items()} == {
        "hotpatch": ("restart_due", "KB5099536"),
        "standard": ("behind", "KB5099536"),
    }
    said = run("lookup", "KB5094125", "--on", DAY).out
    assert (
        "  if hotpatch  not patched (restart due); the baseline KB5099536 of 2026-07-14 is newer; next KB5099536, which restarts\n" in said
    )
    assert "  if standard  not patched (behind); KB5099536 of 2026-07-14 is newer; next KB5099536, which restarts\n" in said
    (answer,) = run("lookup", "KB5094125", "--on", DAY, "--line", "hotpatch", "--json").json()
    assert answer["matches"][0]["by_line"] is None  # the user has said it
    (answer,) = run("lookup", "KB5087423", "--on", DAY, "--json").json()
    assert answer["matches"][0]["by_line"] is None  # only one line has it


def test_issues_of_an_article_that_was_not_read_are_not_known(run: Command, crawled_file: Path) -> None:
    (answer,) = run("lookup", "KB5087423", "--on", DAY, "--json").json()
    assert answer["matches"][0]["known_issues"] is None
    assert (
        "  known issues not known: no article of this KB was read; a crawl reads the newest\n"
        in run("lookup", "KB5087423", "--on", DAY).out
    )
    with closing(sqlite3.connect(crawled_file)) as conn:
        ((kb, product),) = conn.execute("select kb, product from known_issues where gone_since is null order by kb limit 1").fetchall()
        ((read,),) = conn.execute(
            """select substr(subject, 9) from claims where source = 'support_article' and subject glob 'article/[0-9]*'
            and substr(subject, 9) not in (select kb from known_issues) and substr(subject, 9) in (select kb from releases) limit 1"""
        ).fetchall()
    (answer,) = run("lookup", f"KB{kb}", "--product", product, "--on", "2026-07-24", "--db", crawled_file, "--json").json()
    assert answer["matches"][0]["known_issues"]
    (answer,) = run("lookup", f"KB{read}", "--on", "2026-07-24", "--db", crawled_file, "--json").json()
    assert answer["matches"][0]["known_issues"] == []  # it was read, and lists none


def test_the_calendar_after_the_published_plan(run: Command) -> None:
    rows = run("calendar", "--year", "2027", "--product", "ws2025", "--json").json()
    assert [(row["month"], row["expected_type"], row["expected_date"]) for row in rows[:4]] == [
        ("2027-01", "baseline", "2027-01-12"), ("2027-02", "hotpatch", "2027-02-09"), ("2027-03", "hotpatch", "2027-03-09"), ("2027-04", "baseline", "2027-04-13"),
    ]  # fmt: skip
    assert len(rows) == 12
    assert {(row["planned_by"], row["type"], row["kb"], row["is_unplanned"]) for row in rows} == {("cadence", None, None, False)}
    columns = run("calendar", "--year", "2026", "--product", "ws2025", "--json").json()[0].keys()
    assert {*rows[0]} == {*columns}
    assert "2027-01  (baseline)  baseline, by cadence  (2027-01-12)" in run("calendar", "--year", "2027", "--product", "ws2025").out
    # Hotpatching of Windows Server 2022 ends in October 2027.
    assert run("calendar", "--year", "2027", "--product", "ws2022", "--json").json()[-1]["month"] == "2027-10"
    assert run("calendar", "--year", "2028", "--product", "ws2022").code == 4
    file = run("calendar", "--year", "2027", "--product", "ws2025", "--ics").out.replace("\r\n ", "").replace("\n ", "")
    assert file.count("BEGIN:VEVENT") == file.count("STATUS:TENTATIVE") == file.count("(expected by the cadence") == 12


JSON_CALLS = (
    "calendar --product ws2025 --year 2026", "next", "verdicts --product ws2025", "status", "cost --cores 4", "changes", "lookup 26100.32772", "eligible --edition Pro",
)  # fmt: skip


@pytest.mark.parametrize("call", JSON_CALLS)
def test_every_json_says_how_old_its_data_is(call: str, run: Command, crawled_twice: Path) -> None:
    rows = run(*call.split(), "--json", "--db", next(crawled_twice.glob("*.db"))).json()
    rows = [match for row in rows for match in row["matches"]] if call.startswith("lookup") else rows
    assert rows
    assert all("data_until" in row for row in rows)
    assert any(row["data_until"] for row in rows)


@pytest.mark.parametrize(
    "call", ["calendar --year 2026", "next --product ws2025", "verdicts --product ws2025", "changes", "lookup 26100.32772"]
)
def test_where_the_data_is_behind_one_line_says_what_to_do(call: str, run: Command, at: Callable[[str], None]) -> None:
    said = "at least one Patch Tuesday has passed since, so newer releases and restarts are likely: hotpatch-kb crawl reads them"
    at("2026-07-24")
    assert said not in run(*call.split()).out
    at("2026-11-26")
    assert said in run(*call.split()).out
