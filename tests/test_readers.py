"""What fresh readers of the site stumbled over: where a search leads, what a list begins with, how a day and a condition are written."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from helpers.datasettes import Datasette, form, get

from hotpatch_kb.db.answers import verdicts
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.site import when
from hotpatch_kb.db.site.questions import document

DAY = "2026-07-24"


@pytest.fixture(autouse=True)
def _day(at: Any) -> None:
    at(DAY)


def page_of(ds: Datasette, path: str, **query: str) -> Any:
    return BeautifulSoup(get(ds, path, **query).text, "lxml")


def said(element: Any) -> str:
    return " ".join(element.get_text().split())


def alls(page: Any, query: str) -> list[str]:
    return [said(element) for element in page.select(query)]


# --- a search -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("24H2", "/build/26100"),  # Windows 11 and Windows Server 2025 have one build number
        ("1809", "/build/17763"),
        ("25h2", "/product/win11-25h2"),
        ("26H2", "/product/win11-26h2"),
        ("Windows Server 2025", "/product/ws2025"),
    ],
)
def test_a_version_leads_to_a_page_of_the_site(query: str, address: str, own: Datasette) -> None:
    answer = get(own, "/lookup", q=query)
    assert (answer.status_code, answer.headers["location"]) == (303, address)


@pytest.mark.parametrize(
    ("query", "heading", "products"),
    [
        ("21H2", "21H2", ["Windows Server 2022", "Windows 11, version 21H2", "Windows 10, version 21H2"]),
        (
            "Windows 11 Pro",
            "Windows 11",
            [f"Windows 11, version {version}" for version in ("26H2", "26H1", "25H2", "24H2", "23H2", "22H2", "21H2")],
        ),
    ],
)
def test_a_name_of_several_products_lists_them(query: str, heading: str, products: list[str], own: Datasette) -> None:
    page = page_of(own, "/lookup", q=query)
    assert said(page.select("h1")[0]) == heading
    assert alls(page, "article h2") == products


def test_what_cannot_be_read_has_links_to_what_is_near_and_no_commands(own: Datasette) -> None:
    for query, near in (
        ("foo", []),
        ("261OO.32772", ["/lookup?q=26100.32772"]),
        ("2026-6", ["/lookup?q=2026-06"]),
    ):
        answer = get(own, "/lookup", q=query)
        page = BeautifulSoup(answer.text, "lxml")
        assert answer.status_code == 400
        assert [link.get("href") for link in page.select("main .try a")] == near, query
        assert 'lookup "' not in said(page)


# --- what changed, and when ---------------------------------------------------------------------------------------------


def test_the_home_page_has_the_newest_releases_by_their_own_day(own: Datasette) -> None:
    page = page_of(own, "/")
    told = [(row.select("time")[0].get("datetime"), said(row.select("a")[0])) for row in page.select("ul.news > li")]
    now = "is a baseline now, not a cumulative update (LCU)"  # a restart that nobody expected
    assert told == [
        ("2026-07-23", f"Windows Server 2025: KB5094125 26100.32995 {now}"),
        ("2026-07-23", f"Windows Server 2025: KB5099536 26100.33158 {now}"),
        ("2026-07-23", f"Windows Server 2022: KB5094128 20348.5256 {now}"),
        ("2026-07-23", f"Windows Server 2022: KB5099540 20348.5386 {now}"),
        ("2026-07-18", "Windows 11, version 25H2: new hotpatch, KB5121768 26200.8893"),
        ("2026-07-18", "Windows 11, version 24H2: new hotpatch, KB5121768 26100.8893"),
        ("2026-07-18", "Windows 11, version 25H2: new cumulative update (LCU), KB5121767 26200.8894"),
        ("2026-07-18", "Windows 11, version 24H2: new cumulative update (LCU), KB5121767 26100.8894"),
        ("2026-07-14", "Windows Server 2025: new baseline, KB5099536 26100.33158"),
        ("2026-07-14", "Windows Server 2022: new baseline, KB5099540 20348.5386"),
        ("2026-07-14", "Windows 11, version 25H2: new baseline, KB5101650 26200.8875"),
        ("2026-07-14", "Windows 11, version 24H2: new baseline, KB5101650 26100.8875"),
    ]
    assert alls(page, "ul.news small")[0] == "learned on 23 July 2026"


def test_a_month_that_became_a_baseline_is_told_once(own: Datasette) -> None:
    for query in ({}, {"month": "2026-06"}, {"month": "2026-07"}):
        assert "June 2026: planned as a hotpatch, released as a baseline" not in said(page_of(own, "/changes", **query))
    june = said(page_of(own, "/changes", month="2026-06"))
    assert (
        "Windows Server 2025: new baseline, KB5094125 26100.32995, unplanned: its month was planned as a hotpatch learned on 23 July 2026"
        in june
    )
    assert "planned as a hotpatch, released as a baseline" in said(page_of(own, "/changes", kind="calendar"))


def test_a_month_says_what_was_planned_and_what_came(own: Datasette) -> None:
    card = page_of(own, "/calendar/2026-06").select("li.card")[0]
    assert "Planned as a hotpatch until at least 25 May 2026; came as a baseline on 9 June 2026" in said(card)
    card = page_of(own, "/calendar/2026-06", lang="ja").select("li.card")[0]
    assert "2026 年 5 月 25 日の時点ではホットパッチの予定でしたが、2026 年 6 月 9 日にベースラインとしてリリースされました" in said(card)
    assert "came as a baseline on 9 June 2026" in said(page_of(own, "/calendar/2026"))


# --- words --------------------------------------------------------------------------------------------------------------


def test_a_newer_update_that_does_not_count_is_no_contradiction(own: Datasette) -> None:
    boxes = alls(page_of(own, "/build/26100.8875"), ".verdict")
    assert "Patched Only KB5121768 is newer; it is out of band or for a component, and whether it is required was not read" in boxes[0]
    assert "nothing newer" not in boxes[0]
    assert "Also newer" not in boxes[0]
    box = alls(page_of(own, "/build/26100.8875", lang="ja"), ".verdict")[0]
    assert "より新しいのは KB5121768 だけです" in box


def test_what_a_verdict_depends_on_is_said_beside_a_newer_update(own: Datasette, monkeypatch: pytest.MonkeyPatch) -> None:
    still_open = Message("{cves} is open until {kb} is installed", cves="CVE-2026-20001", kb="KB5121768")
    asked = {"on": "2026-07-23"}  # judged for this page alone: what is judged of today is kept
    assert "Only KB5121768 is newer" in alls(page_of(own, "/build/26100.8875", **asked, lang="en"), ".verdict")[0]
    monkeypatch.setattr(verdicts, "left_open", lambda *_: [still_open])
    box = alls(page_of(own, "/build/26100.8875", **asked), ".verdict")[0]
    assert "Patched only if KB5121768 is installed too" in box
    assert "CVE-2026-20001 is open until KB5121768 is installed" in box
    assert "Also newer, out of band or for a component: KB5121768 (required by what was read)" in box
    assert "Only KB5121768 is newer" not in box


@pytest.mark.parametrize(
    ("build", "text"),
    [
        ("26100.33158", "ベースラインの KB とビルドは、同じ製品、同じ日の累積更新プログラムのもの"),
        ("26100.2240", "その前で最後にベースラインが予定されていた 2024 年 10 月の月例の更新プログラム"),
    ],
)
def test_what_is_inferred_is_in_the_language_of_the_page(build: str, text: str, own: Datasette) -> None:
    page = page_of(own, f"/build/{build}", lang="ja")
    inferred = [element for element in page.select("dl.facts dd .quiet") if "推定" in said(element)]
    assert text in said(inferred[0])
    assert not inferred[0].select('[lang="en"]')


def test_the_standard_line_has_one_name_in_japanese(own: Datasette) -> None:
    """Of updates; its machines are those without hotpatches."""
    names = {
        "/build/26100.8875": "通常の累積更新プログラム", "/product/ws2025": "通常の累積更新プログラム",
        "/": "最新 (ホットパッチなし)", "/calendar/2026-06": "ホットパッチなし", "/build/26100": "最新 (ホットパッチなし)",
    }  # fmt: skip
    for path, name in names.items():
        text = said(page_of(own, path, lang="ja"))
        assert name in text, path
        assert not re.search(r"\(標準\)|ホットパッチ未登録", text), path


def test_products_are_listed_servers_first_and_then_the_newest(own: Datasette) -> None:
    releases = page_of(own, "/calendar/2026-06").select("table")[0]
    products = list(dict.fromkeys(said(row.select("td")[0]) for row in releases.select("tbody tr")))
    assert products[:4] == ["Windows Server 2025", "Windows Server 2022", "Windows 11, version 26H1", "Windows 11, version 25H2"]
    assert alls(page_of(own, "/build/26100.6905"), "article h2") == [
        "Windows Server 2025",
        "Windows Server 2025",
        "Windows 11, version 24H2",
    ]
    # The preview of 2021 has ended, so nobody pays for it or subscribes to it.
    names = ["ws2025", "ws2022", "win11-25h2", "win11-24h2"]
    assert [option.get("value") for option in page_of(own, "/cost").select("#product option")] == names
    assert [said(link) for link in page_of(own, "/subscribe").select('a[href$=".ics"]')] == [f"{name}.ics" for name in names]


# --- cost, fleet, eligibility, questions ----------------------------------------------------------------------------------


def test_a_period_is_written_as_people_write_it(own: Datasette) -> None:
    asked = {"servers": "10", "cores_per_server": "16"}
    assert "Hotpatch; 1 to 31 July 2026; Windows Server 2025; 160 cores; 10 servers" in said(page_of(own, "/cost", **asked))
    assert "2026 年 7 月 1 日～7 月 31 日、" in said(page_of(own, "/cost", lang="ja", **asked))
    assert "サーバー 10 台" in said(page_of(own, "/cost", lang="ja", **asked))
    for first, end, written in (
        ("2025-08-01", "2026-05-01", "1 August 2025 to 30 April 2026"),
        ("2026-02-01", "2026-05-01", "1 February to 30 April 2026"),
        ("2026-07-05", "2026-07-06", "5 July 2026"),
    ):
        assert said(BeautifulSoup(when.period(first, end, "en"), "lxml")) == written


def test_a_client_has_no_price_and_a_licence_instead(own: Datasette) -> None:
    page = page_of(own, "/cost", cores="16", product="win11-25h2")
    notes = alls(page, "p.note")
    assert "there is no price of Hotpatch for Windows 11, version 25H2" in notes
    assert page.select("p.note a")[-1].get("href") == "/eligible?q=Windows%2011%2C%20version%2025H2"


def test_a_summary_of_a_fleet_has_the_words_of_its_chips_worst_first(own: Datasette) -> None:
    fleet = "host,product,build,line\na,ws2025,26100.33158,hotpatch\nb,ws2025,26100.32772,hotpatch\nc,ws2022,noise,\nd,ws2022,20348.5256,standard\n"
    page = BeautifulSoup(form(own, fleet=fleet).text, "lxml")
    rows = [alls(row, "td")[1] for row in page.select("table")[0].select("tbody tr")]
    assert rows == ["restart due", "behind", "not readable", "patched"]
    assert any('see "Why" in the table' in note for note in alls(page, "p.note"))
    assert "Why" in alls(page, "#verdicts th")


def test_a_condition_is_a_sentence_with_its_answer(own: Datasette) -> None:
    page = page_of(own, "/eligible", q="Windows Server 2025 Standard")
    assert alls(page, "div[role=status] p")[0] == "yes, if connected to Azure Arc"
    assert page.select("details.documents")[0].get("open") is None
    products = alls(page, "#documents th[scope=row]")
    assert (products[0], products[-1]) == ("Windows Server 2025", "any")


@pytest.mark.parametrize("image", ["windows-server-2025-azure-edition-hotpatch", "Windows-Server-2022-Azure-Edition-Hotpatch"])
def test_an_image_of_a_preview_offer_has_no_hotpatching_whatever_its_name(image: str, own: Datasette) -> None:
    page = page_of(own, "/eligible", q=image)
    answer = alls(page, "div[role=status] p")[0]
    assert answer.startswith("no ")
    assert "an image of a preview offer: Microsoft lists it among those without hotpatching, whatever its name says" in answer
    assert "no Azure Edition" not in answer


def test_questions_have_their_answer_before_the_command(own: Datasette) -> None:
    asked = {item.question: item.sentence() for item in document("questions", "en")[1]}
    assert asked["The vendor's list says only KB5100456. What is that?"] == (
        "KB5100456: the number of an article; a machine shows KB5094126, the update that the article is about"
    )
    assert (
        asked["When must a machine restart next?"]
        == "next restart now, unless KB5099536 of 2026-07-14 is installed; after that 2026-10-13 (October 2026), planned"
    )
    assert asked["Is that CVE open on a machine with this build?"] == (
        "open CVE: CVE-2025-54100 (Important), open unless its companion KB5074204 is installed, which the build does not show"
    )
    assert asked["How do I get the restarts into Outlook?"] == ""
    page = page_of(own, "/questions")
    assert len(page.select("details > pre")) == len(page.select("pre")) == 27
    assert len(page.select("p.sentence")) == sum(1 for text in asked.values() if text) == 18
    assert [item.sentence() for item in document("questions", "ja")[1]] == [*asked.values()]


FACT = re.compile(r"KB[0-9]{7}|CVE-[0-9-]+|[0-9]{5}\.[0-9]{2,5}|[0-9.]+ USD|20[0-9]{2}-[0-9]{2}-[0-9]{2}")
DAY_IN_JAPANESE = re.compile(r"(20[0-9]{2}) 年 ([0-9]{1,2}) 月 ([0-9]{1,2}) 日")


def test_questions_have_their_answer_in_japanese(own: Datasette) -> None:
    """Written by a person, with the facts of the output: each KB, build, CVE, day and price of the one is in the other."""
    page = page_of(own, "/ja/questions")
    shown = page.select("p.sentence")
    assert len(shown) == 18
    assert [sentence for sentence in shown if sentence.get("lang") == "en"] == []
    assert (
        shown[3]
        .get_text()
        .replace("\u00a0", " ")
        .startswith(
            "2026 年 7 月 20 日の時点では、2026 年 7 月 14 日の KB5099536 が未適用なら、今すぐインストールと再起動が必要です。その後は 2026 年 10 月 13 日"
        )
    )
    asked = [item for item in document("questions", "ja")[1] if item.sentence()]
    assert [item.said for item in asked] == [sentence.get_text() for sentence in shown]
    for item in asked:
        japanese = DAY_IN_JAPANESE.sub(
            lambda found: f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}",
            item.said.replace("\u00a0", " ").replace("1,350.00", "1350.00"),
        )
        stated, day = set(FACT.findall(item.sentence())), set(FACT.findall(next(part for part in item.parts if part.is_output).command()))
        assert stated <= set(FACT.findall(japanese)) <= stated | day, item.question  # an answer may name the day of its command


def test_a_severity_is_japanese_on_japanese_pages(crawled_site: Datasette) -> None:
    """As the Japanese bulletins of Microsoft say it; in English as it is published."""
    words = {"Critical": "緊急", "Important": "重要", "Moderate": "警告", "Low": "注意"}
    cve = "CVE-2025-54100"
    for path, query in (("/build/26100.7392", {}), ("/build/26100.7392", {"cve": cve}), ("/kb/5072033", {})):
        english, japanese = said(page_of(crawled_site, path, **query).main), said(page_of(crawled_site, f"/ja{path}", **query).main)
        assert f"{cve} (Important)" in english
        assert f"{cve} (重要)" in japanese
        assert re.findall(rf"\((?:{'|'.join(words)})\)", japanese) == []
        assert [words[name] for name in re.findall(rf"\(({'|'.join(words)})\)", english)] == re.findall(
            r"\((緊急|重要|警告|注意)\)", japanese
        )


# --- what is marked as English ------------------------------------------------------------------------------------------


def _published(seeded: Path) -> str:
    """Everything that sources state, and what persons write of corrections and notes: it stays as it is."""
    with closing(sqlite3.connect(seeded)) as conn:
        texts = conn.execute(
            "select value from claims union select value_text from claims union select title from articles union select why from corrections"
        )
        return "\n".join(" ".join(str(text).split()) for (text,) in texts if text)


@pytest.mark.parametrize("path", ["/build/26100.33158", "/build/26100.2240", "/build/26100.32772", "/build/26100.6905", "/kb/5087423", "/eligible", "/cost?cores=400&from=2025-08&to=2026-04"])  # fmt: skip
def test_english_on_a_japanese_page_is_what_a_source_states(path: str, own: Datasette, seeded: Path) -> None:
    """A text of this project in English is not Japanese for being marked so: what was inferred once was."""
    published = _published(seeded)
    page = page_of(own, path + ("&" if "?" in path else "?") + "lang=ja")
    for element in page.select('main [lang="en"]'):
        for link in element.select("a"):
            link.decompose()
        text = said(element).removesuffix("...")
        assert not text or text in published, text
