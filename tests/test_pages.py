"""Pages of the site, its API, feeds and calendars: what they say, in both languages, for caches, and of a database full of traps."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import feedparser
import lxml.html
import pytest
from helpers.datasettes import Datasette, form, get, get_all, opened, post
from icalendar import Calendar
from lxml import etree
from markupsafe import escape
from PIL import Image

from hotpatch_kb.db import site
from hotpatch_kb.db.answers.verdicts import VERDICTS
from hotpatch_kb.db.site import cards, charts, i18n, product_data, web
from hotpatch_kb.db.site.cards import picture
from hotpatch_kb.db.store.connections import open_seed_database
from hotpatch_kb.scraper.crawl import runs

ATOM = "{http://www.w3.org/2005/Atom}"
PAGES = [
    "/", "/build/26100.32772", "/build/26100.6905", "/build/26100", "/kb/5087423", "/kb/5100456", "/product/ws2025", "/product/win11-25h2", "/product/ws2016",
    "/calendar/2026", "/calendar/2026-06", "/prices", "/cost", "/cost?cores=400&from=2025-08&to=2026-04", "/fleet", "/subscribe", "/api",
    "/changes", "/changes?product=ws2025&month=2026-07&kind=restart", "/sources", "/eligible", "/eligible?q=Windows+Server+2025+Standard", "/about", "/questions", "/offline", "/calendar/2027",
]  # fmt: skip
# Texts of the site that are a code after one of these words.
CODED = ("verdict", "by", "decides", "status", "editions", "end", "kind", "severity", "answer", "documents", "source", "field")
FILES = ["/feeds/releases.atom", "/feeds/calendar.atom", "/feeds/prices.atom", "/feeds/issues.atom", "/calendars/ws2025.ics"]
APIS = [
    "/api/lookup?q=26100.32772", "/api/next", "/api/calendar?product=ws2025&year=2026", "/api/verdicts?product=ws-azure-preview", "/api/products", "/api/changes",
    "/api/status", "/api/cost?cores=16", "/api/openapi.json",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _day(at: Any) -> None:
    at("2026-07-20")


def text_of(html: str) -> str:
    """What a reader sees."""
    html = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    html = re.sub(r'<time(?: datetime="[0-9-]+"(?=>[^<]*年))?>([^<]*)</time>', r"\1", html)  # a day in a sentence
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html).replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&"))


# --- what they say ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_public", [False, True])
def test_every_page_opens(own: Datasette, public: Datasette, is_public: bool) -> None:
    answers = get_all(public if is_public else own, [*PAGES, *FILES, *APIS])
    assert {answer.status_code for answer in answers} == {200}
    for answer in answers[: len(PAGES)]:
        assert answer.text.startswith('<!DOCTYPE html>\n<html lang="en">')
        assert "None" not in text_of(answer.text)


@pytest.mark.parametrize(
    ("spelling", "leads_to"),
    [
        ("26100.32772", "/build/26100.32772"),
        (" 10.0.26100.32772 ", "/build/26100.32772"),
        ("Microsoft Windows [Version 10.0.20348.2031]", "/build/20348.2031"),
        ("kb5087423", "/kb/5087423"),
        ("26100", "/build/26100"),
        ("Windows Server 2025", "/product/ws2025"),
        ("2026-06", "/calendar/2026-06"),
        ("cve-2026-25172", "/cve/CVE-2026-25172"),
    ],
)
def test_the_lookup_leads_to_what_was_asked(own: Datasette, spelling: str, leads_to: str) -> None:
    answer = get(own, "/lookup", q=spelling)
    assert (answer.status_code, answer.headers["location"]) == (303, leads_to)


@pytest.mark.fault("questions that cannot be read")
def test_what_cannot_be_read_is_said(own: Datasette) -> None:
    """Noise is looked up; the page says what was expected."""
    for query in ("", "x" * 5000, "26200.x", "<script>alert(1)</script>"):
        answer = get(own, "/lookup", q=query)
        assert answer.status_code == 400
        assert "expected a build (26100.32772)" in text_of(answer.text)
        assert "<script>alert" not in answer.text


def test_a_build_says_whether_it_is_patched_on_both_lines(own: Datasette) -> None:
    text = text_of(get(own, "/build/26100.32690").text)
    assert "On the hotpatch line Not patched: a restart is due" in text
    assert "On the standard line Not patched: behind" in text
    assert "KB5099536" in text
    assert "Every fact with its sources" in text


def test_a_page_that_is_not_there_leads_to_the_main_pages(own: Datasette) -> None:
    for language, words in (("en", ["Home", "Calendar", "Eligibility"]), ("ja", ["ホーム", "カレンダー", "ホットパッチの利用条件"])):
        answer = get(own, f"/{language}/nope")
        links = {link.get("href"): link.text_content() for link in lxml.html.fromstring(answer.text).xpath("//main//ul[@class='links']//a")}
        assert answer.status_code == 404
        assert [links[f"/{language}/{path}"] for path in ("", "calendar", "eligible")] == words


def test_the_cores_to_pay_for_are_a_total_or_servers_times_cores(own: Datasette) -> None:
    fields = lxml.html.fromstring(get(own, "/cost").text).xpath("//fieldset")[0]
    assert fields.text_content().split() == ["Cores", "Total", "cores", "or", "Servers", "×", "Cores", "of", "each", "server"]
    assert [field.get("name") for field in fields.xpath(".//input")] == ["cores", "servers", "cores_per_server"]


def test_an_ambiguous_build_explains_itself(own: Datasette) -> None:
    """Case 19."""
    text = text_of(get(own, "/build/26100.6905").text)
    assert "Not patched, whichever it is." in text
    assert "whichever" not in text_of(get(own, "/build/26100.33158").text)
    assert "Ambiguous : this build alone does not say which update is installed." in text
    assert "which KB is installed" in text
    assert "KB5070881" in text
    assert "KB5070893" in text
    assert "leaves the line. Rejoins the hotpatch line with any baseline from January 2026 on." in text


def test_a_build_that_no_source_names_has_neighbours(own: Datasette) -> None:
    """It is never rounded to one of them."""
    answer = get(own, "/build/26100.32773")
    text = text_of(answer.text)
    assert answer.status_code == 404
    assert text.count("26100.32773") == 2  # the title and the heading, and no line that says it again
    # Windows 11 has the number, too, and revisions of another order: it says nothing of this build, which is not newer than the data.
    assert "Windows Server 2025: between the known builds 26100.32772 and 26100.32860" in text
    assert "Windows 11" not in text
    assert lxml.html.fromstring(answer.text).xpath("//h1")[0].text_content() == "No source names the build 26100.32773"
    ja = get(own, "/ja/build/26100.32773").text
    assert lxml.html.fromstring(ja).xpath("//h1")[0].text_content() == "ビルド 26100.32773 の記載は見つかりません"
    assert "Windows Server 2025: 既知のビルド 26100.32772 と 26100.32860 の間です" in text_of(ja)


def test_a_build_above_those_of_the_nearest_product_is_newer_than_the_data(own: Datasette) -> None:
    """26100.9000 is between builds of Windows Server 2025, 7,000 apart, and just above the newest of Windows 11."""
    answer = get(own, "/build/26100.9000")
    assert lxml.html.fromstring(answer.text).xpath("//h1")[0].text_content() == "Newer than the data, which ends on 23 July 2026"
    text = text_of(answer.text)
    assert "Windows 11, version 24H2: the nearest known build below is 26100.8894 , no known build is above it" in text
    assert "Windows Server 2025: between the known builds 26100.7462 and 26100.32230" in text


def test_a_baselines_article_names_what_is_installed(own: Datasette) -> None:
    """Case 25."""
    assert "What is installed: KB5094126" in text_of(get(own, "/kb/5100456").text)


def test_a_hotpatch_leaves_a_cve_to_its_companion(crawled_site: Datasette) -> None:
    """Case 31."""
    text = text_of(get(crawled_site, "/build/26100.7392").text)
    assert "CVE-2025-54100" in text
    assert "CVE-2025-54100 (Important): open unless its companion KB5074204 is installed, which the build does not show" in text
    assert "Known issues" in text_of(get(crawled_site, "/kb/5101650").text)


UNLESS = "CVE-2025-54100 is open unless its companion KB5074204 is installed, which the build does not show"


def test_patched_says_first_what_it_depends_on(crawled_site: Datasette, at: Any) -> None:
    """December 2025: the newest hotpatch leaves a CVE open that its companion closes, which has the same build."""
    at("2026-07-24")
    own = crawled_site
    html = get(own, "/build/26100.7392", on="2025-12-20").text
    text = text_of(html)
    assert html.count('<div class="verdict conditional">') == 2  # of Server 2025 and Windows 11
    assert "verdict current" not in html
    assert f"Patched only if KB5074204 is installed too nothing newer of the hotpatch line is required; {UNLESS}" in text
    assert "Install KB5074204 too, unless it is installed." in text
    assert 'Patched only if <a href="/kb/5074204">KB5074204</a> is installed too' in html
    assert "KB5074204 も適用済みの場合に限り最新です" in text_of(get(own, "/ja/build/26100.7392", on="2025-12-20").text)
    # The component is known to be installed, the hotpatch before left nothing open, and the baseline after it closes what was.
    assert 'class="verdict current"' in get(own, "/kb/5074204", on="2025-12-20").text
    assert 'class="verdict current"' in get(own, "/build/26100.7092", on="2025-11-20").text
    assert "conditional" not in get(own, "/build/26100.7392", on="2026-01-20").text


def test_the_api_says_what_patched_depends_on(crawled_site: Datasette, at: Any) -> None:
    """The code stays, since components never decide; the reason says it."""
    at("2026-07-24")
    own = crawled_site

    def judged(kbs: str) -> tuple[str, str]:
        inventory = f"host,build,product,kbs\na,26100.7392,ws2025,{kbs}\n".encode()
        rows = post(own, "/api/assess?on=2025-12-20", inventory, "text/csv").json()
        return rows[0]["verdict"], rows[0]["reason"]

    nothing = "nothing newer of the hotpatch line is required"
    assert judged("") == judged("KB5072014") == ("current", f"{nothing}; {UNLESS}")
    assert judged("KB5072014 KB5074204") == judged("KB5074204") == ("current", nothing)
    (match,) = get(own, "/api/lookup", q="26100.7392", product="ws2025", on="2025-12-20").json()["matches"]
    assert (match["verdict"]["verdict"], match["verdict"]["reason"]) == ("current", f"{nothing}; {UNLESS}")
    (match,) = get(own, "/api/lookup", q="26100.7392", product="ws2025", on="2025-12-20", kb="KB5074204").json()["matches"]
    assert match["verdict"]["reason"] == nothing


def test_a_lookup_of_an_open_cve_names_the_companion_first(crawled_site: Datasette) -> None:
    text = text_of(get(crawled_site, "/build/26100.7392", on="2025-12-20", cve="CVE-2025-54100").text).replace(" ;", ";").replace(" ,", ",")
    assert (
        "CVE-2025-54100 (Important): open unless its companion KB5074204 is installed, which the build does not show; "
        "or to close it: KB5072033 26100.7462, which leaves the hotpatch line"
    ) in text


REPORTED = "others report a baseline (restart): KB5122871, 8 September 2026; not confirmed"


def test_a_month_says_what_others_report_of_it(own: Datasette, at: Any) -> None:
    """Others report a baseline of September 2026, which was planned as a hotpatch; nobody read it."""
    at("2026-11-27")
    pages = {path: get(own, path).text for path in ("/calendar/2026", "/calendar/2026-09", "/", "/ja/", "/product/ws2025")}
    texts = {path: re.sub(" (?=[;,])", "", text_of(page)) for path, page in pages.items()}
    assert f"2026-09 2026-09-08 hotpatch ? {REPORTED} hotpatch (by the calendar)" in texts["/calendar/2026"]
    assert f"Windows Server 2025 hotpatch Planned: hotpatch (by the calendar) 8 September 2026 ? {REPORTED}" in texts["/calendar/2026-09"]
    assert "no release known yet" not in texts["/calendar/2026-09"]
    assert f"S ep September 2026: hotpatch, planned; {REPORTED}" in texts["/"]  # a phone shows the "S" alone
    assert (
        "9 月 2026 年 9 月: ホットパッチ、予定、第三者の報告ではベースライン (再起動あり): KB5122871、2026 年 9 月 8 日、未確認"
        in texts["/ja/"]
    )
    assert f"2026-09 hotpatch ? {REPORTED}" in texts["/product/ws2025"]
    page = lxml.html.fromstring(pages["/calendar/2026"])
    (cell,) = page.xpath("//td[a[@href='/calendar/2026-09']][../th//text()='Windows Server 2025']")
    assert cell.get("class") == "baseline expected"
    assert cell.xpath("string(a/@aria-label)") == f"Windows Server 2025, September 2026: hotpatch, planned; {REPORTED}"
    assert cell.xpath("string(a/i/@class)") == "mark baseline expected unsure"
    at("2026-07-24")  # nothing is reported yet
    assert "unsure" not in get(own, "/calendar/2026").text


def _unsure(site: Datasette, year: int, product: str = "Windows Server 2025") -> list[str]:
    """Return the months of a product's year whose mark has a "?"."""
    page = lxml.html.fromstring(get(site, f"/calendar/{year}").text)
    marks = page.xpath(f"//table[contains(@class, 'year')]//tr[th//text()='{product}']//a[i[contains(@class, 'unsure')]]/@href")
    return [str(address).removeprefix("/calendar/") for address in marks]


def test_every_month_that_nobody_read_has_its_mark(own: Datasette, at: Any) -> None:
    """The data ends in July 2026. A hotpatch that nobody read is as unsure as a baseline, and so is each of several baselines."""
    at("2026-11-10")  # the second Tuesday: that of November may come today
    assert _unsure(own, 2026) == ["2026-08", "2026-09", "2026-10"]
    at("2026-11-27")
    for product in ("Windows Server 2025", "Windows Server 2022", "Windows 11, version 25H2", "Windows 11, version 24H2"):
        assert _unsure(own, 2026, product) == ["2026-08", "2026-09", "2026-10", "2026-11"]
    assert _unsure(own, 2025) == []
    assert _unsure(own, 2027) == []
    text = text_of(get(own, "/calendar/2026").text)
    assert "2026-08 2026-08-11 hotpatch ? planned 15 weeks ago, not confirmed" in text
    assert "2026-11 2026-11-10 hotpatch ? planned 17 days ago, not confirmed" in text
    assert "2026-12 2026-12-08 hotpatch" in text
    assert "10 November 2026 (planned 17 days ago, not confirmed)" in text_of(get(own, "/calendar/2026-11").text)
    assert "2026-11 hotpatch ? planned 17 days ago, not confirmed 2026-11-10" in text_of(get(own, "/product/ws2025").text)
    assert 'November 2026: hotpatch, planned, not confirmed"><i class="mark hotpatch expected unsure"' in get(own, "/calendar/2026").text
    at("2027-05-10")  # months that the published calendar does not reach, too
    assert _unsure(own, 2026) == ["2026-08", "2026-09", "2026-10", "2026-11", "2026-12"]
    assert _unsure(own, 2027) == ["2027-01", "2027-02", "2027-03", "2027-04"]
    assert "2027-04 2027-04-13 baseline ? expected 4 weeks ago by the cadence, not confirmed" in text_of(get(own, "/calendar/2027").text)
    at("2026-07-24")
    assert _unsure(own, 2026) == []


def test_the_next_restart_of_the_calendar_is_that_of_the_api(own: Datasette, at: Any) -> None:
    """The baseline of October 2026 may be installed or not: nobody read it. The next that comes is that of January."""
    at("2026-11-27")
    assert get(own, "/api/next?product=ws2025").json()[0]["date"] == "2027-01-12"
    assert "next restart" not in text_of(get(own, "/calendar/2026").text).replace("framed: the next restart", "")
    page = lxml.html.fromstring(get(own, "/calendar/2026").text)
    (cell,) = page.xpath("//td[a[@href='/calendar/2026-10']][../th//text()='Windows Server 2025']")
    assert (cell.get("class"), cell.xpath("string(a/i/@class)")) == ("baseline expected", "mark baseline expected unsure")
    assert "2026-10 2026-10-13 baseline ? planned 6 weeks ago, not confirmed" in text_of(get(own, "/calendar/2026").text)
    page = lxml.html.fromstring(get(own, "/calendar/2027").text)
    framed = page.xpath("//td[contains(@class, 'next')]/a/@href")
    assert framed == ["/calendar/2027-01"] * 4
    at("2026-10-13")  # on the day itself it is the next one
    page = lxml.html.fromstring(get(own, "/calendar/2026").text)
    assert page.xpath("//td[contains(@class, 'next')]/a/@href") == ["/calendar/2026-10"] * 4


@pytest.mark.parametrize("path", ["/kb/5122871", "/kb/5120228", "/ja/kb/5122871"])
def test_a_kb_that_others_report_has_a_page(own: Datasette, at: Any, path: str) -> None:
    at("2026-11-27")
    answer = get(own, path)
    text = text_of(answer.text)
    said = {
        "/kb/5122871": "reported by others, not read at Microsoft: KB5122871 26100.33438, baseline of 2026-09-08",
        "/kb/5120228": "reported by others, not read at Microsoft: KB5120228 26100.33222, hotpatch of 2026-08-11",
        "/ja/kb/5122871": "第三者の報告で、Microsoft のページでは未確認: KB5122871 26100.33438 (2026 年 9 月 8 日、ベースライン)",
    }[path]
    assert answer.status_code == 404
    assert said in text
    assert "Page not found" not in text
    assert ("4 Patch Tuesdays have passed since" in text) == ("/ja/" not in path)
    assert path in get(own, path.split("kb/", maxsplit=1)[0]).text  # the home page links to it


@pytest.mark.parametrize(("path", "what"), [("/kb/5999999", "KB"), ("/build/26100.99999", "build")])
def test_what_is_not_in_the_data_says_where_the_data_ends(own: Datasette, at: Any, path: str, what: str) -> None:
    at("2026-11-27")
    text = text_of(get(own, path).text)
    assert f"The data ends on 23 July 2026; a newer {what} is not in it." in text
    assert re.search("Data as of [0-9]+ [A-Z][a-z]+ 2026. [0-9] Patch Tuesdays have passed since", text)
    at("2026-07-24")
    assert f"The data ends on 23 July 2026; a newer {what} is not in it." in text_of(get(own, path).text)


def test_updates_that_nobody_read_come_before_the_next_restart(own: Datasette, at: Any) -> None:
    """The pages of Windows Server 2016 were read on 2026-05-25 here, those of Windows 11 on 2026-07-22."""

    def said(path: str) -> str:
        return text_of(get(own, path).text).replace(" ;", ";")

    at("2026-11-27")
    unread = "of June 2026 to November 2026 were not read here, and each restarts; then Tue 8 Dec 2026 (in 11 days, expected)"
    assert f"Next restart: the updates {unread}" in said("/product/ws2016")
    unread = "the updates of August 2026 to November 2026 were not read here, and each restarts; then Tue 8 Dec 2026 (expected)"
    assert f"Next restart: {unread}" in said("/build/26200.8894")
    assert "2026 年 6 月から 2026 年 11 月までの更新プログラムは未確認で、いずれも再起動が必要です" in said("/ja/product/ws2016")
    at("2026-06-10")
    assert "Next restart: the update of June 2026 was not read here, and it restarts; then Tue 14 Jul 2026" in said("/product/ws2016")
    at("2026-05-27")
    assert "Next restart: Tue 9 Jun 2026 (in 13 days, expected)" in said("/product/ws2016")


def test_a_baseline_that_nobody_read_is_planned_for_who_rejoins(own: Datasette, at: Any) -> None:
    planned = "Rejoins the hotpatch line with the first baseline after July 2026: planned for October 2026, not confirmed"
    for day in ("2026-07-24", "2026-11-27"):
        at(day)
        assert text_of(get(own, "/build/26200.8894").text).count(planned) == 2  # the verdict, and what the update does
    # It was released since: KB5073379.
    assert "Rejoins the hotpatch line with any baseline from January 2026 on" in text_of(
        get(own, "/build/26100.6905", on="2025-11-05").text
    )


def test_the_fleet_page_says_what_to_do_as_the_page_of_a_build(own: Datasette, at: Any) -> None:
    at("2026-11-27")
    text = text_of(form(own, fleet="a,26100.32772\nb,26100.33158\nc,\nd,26200.8894").text)
    assert "Install KB5099536 or what has replaced it. It restarts." in text
    assert "Compare with Microsoft's own pages, or have newer ones read: hotpatch-kb crawl." in text
    assert "The reason says what is missing." in text
    assert "Install KB5099536 . It restarts." not in text
    at("2026-07-24")
    assert "Install KB5099536 . It restarts." in text_of(form(own, fleet="a,26100.32772").text)


def test_a_month_that_changed_shows_both_plans(own: Datasette) -> None:
    """Case 27."""
    text = text_of(get(own, "/calendar/2026-06").text)
    assert "baseline, unplanned" in text
    assert "Planned: hotpatch (by the calendar)" in text
    assert "What was stated of it, and when" in text


def test_the_year_tells_kinds_apart_without_colour(own: Datasette) -> None:
    """Each month has a mark of its shape, and its kind in words for those who do not see it."""
    page = re.sub(r"\s+", " ", get(own, "/calendar/2026").text)
    june = '<td class="baseline unplanned"><a href="/calendar/2026-06" aria-label="Windows Server 2025, June 2026: baseline, unplanned">'
    assert june + '<i class="mark baseline unplanned" aria-hidden="true"></i></a>' in page
    assert 'aria-label="Windows Server 2025, August 2026: hotpatch, planned"><i class="mark hotpatch expected"' in page
    assert '<td class="baseline expected next">' in page  # October
    july = '<th scope="col" class="now" aria-current="date"><a href="/calendar/2026-07">J<span class="rest">ul</span></a></th>'
    assert july + '<th scope="col" class="here"><a href="/calendar/2026-08">A<span class="rest">ug</span></a>' in page
    next_year = get(own, "/calendar/2027")
    assert next_year.status_code == 200
    assert "Windows Server 2025, January 2027: baseline, by the cadence" in next_year.text


def test_old_facts_are_never_called_current(own: Datasette, at: Any) -> None:
    """The embedded facts end in July 2026, and the page is asked for in November."""
    at("2026-07-24")
    assert "verdict current" in get(own, "/build/26100.33158").text
    at("2026-11-22")
    page = get(own, "/build/26100.33158").text
    assert "verdict current" not in page
    assert "Data as of 22 July 2026." in text_of(page)  # of its standard line
    assert "A baseline was expected on 13 October 2026" in text_of(page)
    home = text_of(get(own, "/").text)
    # The small seed has the standard lines of Windows Server 2016 and 2019 up to May alone.
    assert "Data as of 25 May 2026. 6 Patch Tuesdays have passed since: nothing here is known to be current." in home
    assert (
        "Windows Server 2025 planned 6 weeks ago, not confirmed Tue 13 Oct 2026 6 weeks ago then Tue 12 Jan 2027 in 7 weeks, by the cadence"
    ) in home
    assert "overdue" not in home


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (
            "2026-07-24",
            "Windows Server 2025 Without KB5099536 : a restart is due now With it, the next restart: Tue 13 Oct 2026 in 12 weeks, planned Baseline of October 2026: a restart. Until then 2 hotpatches without a restart are planned.",
        ),
        ("2026-09-30", "Tue 13 Oct 2026 in 13 days, planned Baseline of October 2026: a restart. The one"),
        ("2026-10-13", "Without KB5099536 : a restart is due now With it, the next restart: Tue 13 Oct 2026 today, planned"),
        ("2026-10-14", "planned yesterday, not confirmed Tue 13 Oct 2026 yesterday then Tue 12 Jan 2027 in 13 weeks"),
    ],
)
def test_home_says_when_the_restart_is_and_how_far_away(own: Datasette, at: Any, day: str, said: str) -> None:
    at(day)
    home = text_of(get(own, "/").text)
    assert said.removesuffix(" The one") in home, home[home.index("Next restart") :][:600]


@pytest.mark.fault("a baseline that is withdrawn")
def test_home_does_not_ask_for_a_withdrawn_baseline(seeded: Path, tmp_path: Path, at: Any) -> None:
    """The newest baseline of the calendar is withdrawn; the home page names the one before it."""
    path = Path(shutil.copy(seeded, tmp_path / "hotpatch.db"))
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("update releases set is_expired = 1 where product = 'ws2025' and kb = 5099536")
    at("2026-07-24")
    with opened(path, public=False) as ds:
        home = text_of(get(ds, "/").text)
    assert "Without KB5094125 : a restart is due now" in home, home
    assert "Without KB5099536" not in home
    assert "Without KB5099540 : a restart is due now" in home


def test_old_facts_name_the_missed_baseline_and_what_may_have_replaced_a_kb(own: Datasette, at: Any) -> None:
    """The data ends on 2026-07-23; the baseline of October was planned, and four Patch Tuesdays have passed."""
    at("2026-11-27")
    paths = {"new": "/build/26100.33158", "old": "/build/26100.32772", "unseen": "/build/26100.33600", "home": "/"}
    texts = [re.sub(" (?=[;,])", "", text_of(answer.text)) for answer in get_all(own, paths.values())]
    pages = dict(zip(paths, texts, strict=True))
    assert "Next restart: Tue 13 Oct 2026 (planned 6 weeks ago, not confirmed); after that Tue 12 Jan 2027 (by the cadence)" in pages["new"]
    assert (
        "Next restart: due now, for a newer baseline; after that Tue 13 Oct 2026 (planned 6 weeks ago, not confirmed); after that Tue 12 Jan"
        in pages["old"]
    )
    assert "Install KB5099536 or what has replaced it. It restarts." in pages["old"]
    assert "Newer than the data, which ends on 23 July 2026 No source names the build 26100.33600. Whether a machine" in pages["unseen"]
    assert "4 Patch Tuesdays have passed since: nothing here is known to be current." in pages["unseen"]
    assert "It was planned; nothing has been read since 23 July 2026. Without KB5099536, the newest baseline" in pages["home"]
    assert "10 November 2026, nothing read since 23 July 2026" in pages["home"]


def test_a_machine_of_the_standard_line_that_is_behind_restarts_now(own: Datasette) -> None:
    text = text_of(get(own, "/build/20348.587").text).replace(" ;", ";")
    assert "Next restart: due now, to install KB5099540; after that Tue 11 Aug 2026 (expected)" in text


def test_what_is_not_there_is_404(own: Datasette) -> None:
    for path in (
        "/kb/9999999",
        "/product/ws2099",
        "/calendar/2099",
        "/calendar/2099-01",
        "/calendar/2028-08",
        "/calendars/ws2019.ics",
        "/build/99999.1",
        "/build/99999",
        "/build/00000",
        "/ja/build/12345?on=2026-06-01",
    ):
        assert get(own, path).status_code == 404, path


def test_changes_are_sentences_by_day_and_can_be_chosen(own: Datasette) -> None:
    july = get(own, "/changes", month="2026-07", product="ws2025", kind="restart").text
    assert '<h2><time datetime="2026-07-14">14 July 2026</time></h2>' in july
    assert "Windows Server 2025: new baseline, KB5099536 26100.33158" in text_of(july)
    assert "20348" not in text_of(july).partition("14 July 2026")[2]
    assert 'href="/feeds/releases.atom?product=ws2025"' in july
    june = text_of(get(own, "/changes", month="2026-06", product="ws2025").text)
    assert "new baseline, KB5094125 26100.32995, unplanned: its month was planned as a hotpatch" in june
    days = re.findall(r'<h2><time datetime="([0-9-]+)"', get(own, "/changes").text)
    assert days == sorted(days, reverse=True)
    assert len(days) > 20
    # The newest three months are open, each older one is folded, and what is chosen of a product folds in the same way.
    for query in ({}, {"product": "ws2025"}):
        page = lxml.html.fromstring(get(own, "/changes", **query).text)
        shown = page.xpath("//main//h2[not(ancestor::details)]/time/@datetime")
        assert sorted({day[:7] for day in shown}) == ["2026-05", "2026-06", "2026-07"]
        folds = page.xpath("//details[@class = 'older']")
        assert len(folds) > 5
        assert {len({day[:7] for day in fold.xpath("./h2/time/@datetime")}) for fold in folds} == {1}
        assert folds[0].xpath("string(./summary)") == "April 2026"
    for query in ({"month": "2026-13"}, {"kind": "x"}, {"product": "mac"}):
        answer = get(own, "/changes", **query)
        assert answer.status_code == 400
        assert "expected" in text_of(answer.text)


def test_a_legend_has_what_is_on_its_page_alone(own: Datasette) -> None:
    def legend(path: str) -> str:
        found = lxml.html.fromstring(get(own, path).text).xpath("//ul[@class = 'legend']")[0]
        return text_of(lxml.html.tostring(found, encoding="unicode")).strip()

    this_year, next_year = legend("/calendar/2026"), legend("/calendar/2027")
    assert "! unplanned restart" in this_year
    assert "framed: the next restart This month" in this_year
    assert "nothing published" not in this_year
    ended = "hotpatching or support has ended"  # of Windows Server 2022 and of Windows 11, version 24H2, after October 2027
    assert next_year == f"baseline: restart hotpatch: no restart expected, no release known yet \u00b7 {ended}"
    assert legend("/calendar/2024").endswith("\u00b7 nothing published")
    assert "This month" in legend("/")
    assert "This month" not in legend("/product/ws2025")


def test_an_error_names_what_was_asked_for(own: Datasette) -> None:
    assert "There is no such page. /nope" in text_of(get(own, "/nope").text)
    missing = get(own, "/ja/hotpatch/nope")
    assert missing.status_code == 404
    assert "/hotpatch/nope" in text_of(missing.text)
    assert 'href="/ja/hotpatch#tables"' in missing.text
    assert "#tables" not in get(own, "/nope").text
    assert "<b>" not in get(own, "/x%3Cb%3E").text


def test_an_empty_table_says_so_once(own: Datasette) -> None:
    empty = get(own, "/hotpatch/known_issues").text
    assert "No article that was read lists such an issue" in text_of(empty)
    assert "No row" not in text_of(empty)
    for part in ("Filter and sort", "sorted by", "0 rows", ">descending<"):
        assert part not in empty.partition("<main")[2], part
    filtered = get(own, "/hotpatch/known_issues", product="ws2025").text
    assert "Filter and sort" in filtered  # to take the filter away again
    assert "Filter and sort" in get(own, "/hotpatch/releases").text


@pytest.mark.usefixtures("whole_seed")
def test_a_day_of_changes_begins_with_what_hotpatching_is_about(tmp_path: Path, at: Any) -> None:
    """Products with hotpatches first and in bold, Windows 10 after them."""
    at("2026-11-26")
    runs.ensure_seeded(tmp_path / "hotpatch.db", tmp_path / "archive")
    with opened(tmp_path / "hotpatch.db", public=True) as whole:
        page = lxml.html.fromstring(get(whole, "/changes", month="2026-07").text)

    def rows_of(day: str) -> list[tuple[str | None, str]]:
        (shown,) = page.xpath(f"//h2[time/@datetime = '{day}']/following-sibling::*[1]")
        return [(row.get("class"), row.xpath(".//a")[0].text_content()) for row in shown.xpath("./li")]

    assert rows_of("2026-07-14")[:4] == [
        ("strong", "Windows Server 2025: new baseline, KB5099536 26100.33158"),
        ("strong", "Windows Server 2022: new baseline, KB5099540 20348.5386"),
        ("strong", "Windows 11, version 25H2: new baseline, KB5101650 26200.8875"),
        ("strong", "Windows 11, version 24H2: new baseline, KB5101650 26100.8875"),
    ]
    # Updates of products without hotpatches are under their own day too, below these.
    assert {(mark, text.partition(" ")[0]) for mark, text in rows_of("2026-07-14")[4:]} == {(None, "Windows")}
    assert (None, "Windows 10, version 22H2: new cumulative update (LCU), KB5099539 19045.7548") in rows_of("2026-07-14")
    # The releases of that reading are told on their own days; only what is a baseline now is left, a restart as another one.
    assert rows_of("2026-07-23") == [
        ("strong", "Windows Server 2025: KB5094125 26100.32995 is a baseline now, not a cumulative update (LCU)"),
        ("strong", "Windows Server 2025: KB5099536 26100.33158 is a baseline now, not a cumulative update (LCU)"),
        ("strong", "Windows Server 2022: KB5094128 20348.5256 is a baseline now, not a cumulative update (LCU)"),
        ("strong", "Windows Server 2022: KB5099540 20348.5386 is a baseline now, not a cumulative update (LCU)"),
    ]
    assert page.xpath("//details[contains(summary, 'Corrections')]") == []


def test_sources_say_how_fresh_they_are_and_under_which_licence(own: Datasette, seeded: Path, at: Any) -> None:
    at("2026-11-26")
    page = get(own, "/sources").text
    text = text_of(page)
    with closing(sqlite3.connect(seeded)) as conn:
        for title, url, licence in conn.execute("select title, home_url, licence from sources").fetchall():
            assert str(escape(title)) in page
            assert f'href="{escape(url)}"' in page
            assert f'href="{escape(licence)}"' in page
    assert "Microsoft Learn: release information Licence: Microsoft terms 4 months late" in text
    late = lxml.html.fromstring(page).xpath("//span[contains(@class, 'late')]")
    assert {mark.get("class") for mark in late} == {"status late bad"}  # four Patch Tuesdays have passed: red, as the strip
    terms = dict(re.findall(r'Licence: <a href="([^"]*)" rel="[^"]*">([^<]*)</a>', page))
    assert terms["https://www.apache.org/licenses/LICENSE-2.0"] == "Apache-2.0"
    assert terms["https://learn.microsoft.com/en-us/legal/termsofuse"] == "Microsoft terms"
    assert set(terms.values()) == {"Apache-2.0", "Microsoft terms"}
    assert "in the package" in text


def test_a_cve_names_its_kbs_by_line_and_what_a_hotpatch_leaves_open(crawled_site: Datasette) -> None:
    """Case 31."""
    text = text_of(get(crawled_site, "/cve/CVE-2025-54100").text)
    assert "Some hotpatches leave it open." in text
    assert (
        "Windows Server 2025 , December 2025: hotpatch KB5072014 ; open unless its companion KB5074204 is installed, which the build does not show. "
        "Both have the build 26100.7392 : look for KB5074204 among the installed updates."
    ) in text
    assert "hotpatch KB5071413 ; open unless its companion KB5074353 is installed, which the build does not show. Both have" in text
    assert "KB5072033" in text
    assert get(crawled_site, "/cve/cve-2025-54100").headers["location"] == "/cve/CVE-2025-54100"
    missing = get(crawled_site, "/cve/CVE-1999-0001")
    assert missing.status_code == 404
    assert "names CVE-1999-0001" in text_of(missing.text)


@pytest.mark.usefixtures("whole_seed")
def test_a_later_hotpatch_that_closes_a_cve_has_a_build_of_its_own(tmp_path: Path) -> None:
    runs.ensure_seeded(tmp_path / "hotpatch.db", tmp_path / "archive")
    with opened(tmp_path / "hotpatch.db", public=False) as whole:
        text = text_of(get(whole, "/cve/CVE-2026-25172").text)
    assert "the hotpatch KB5079420 leaves it open; the later hotpatch KB5084597 closes it" in text
    assert "the build does not show" not in text


def test_who_may_have_hotpatching_is_answered_as_by_the_api(own: Datasette) -> None:
    asked = {"q": "Windows Server 2025 Standard", "platform": "arc"}
    (answer,) = get(own, "/api/eligible", **asked).json()
    text = text_of(get(own, "/eligible", **asked).text)
    assert f"{answer['answer']} {answer['reason']}" in text
    assert answer["sources"][0] in text
    assert "expected a platform" in text_of(get(own, "/eligible", q="Pro", platform="x").text)


def test_questions_are_those_of_the_documentation(own: Datasette) -> None:
    written = (Path(__file__).parent.parent / "docs" / "questions.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (?:\d+\. )?(.+)$", written, re.MULTILINE)
    page = get(own, "/questions").text
    assert re.findall(r'<h2 id="question-\d+">(.*?)</h2>', page) == [str(escape(text.replace("`", ""))) for text in headings]
    assert page.count('<pre class="scroll output"') == len(re.findall("^```", written, re.MULTILINE)) // 2
    assert "[[[" not in page
    described = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)[0])
    assert (described["@type"], len(described["mainEntity"])) == ("FAQPage", len(headings))


# --- charts -------------------------------------------------------------------------------------------------------------


def test_the_timeline_draws_every_stop_and_its_texts_are_escaped(own: Datasette, at: Any) -> None:
    """Two years back and two ahead: each month once, the release of a month that has one, and today's line."""
    at("2026-11-26")
    t = i18n.words("en")
    with closing(open_seed_database()) as conn:
        details = product_data.product_page(conn, "ws2025", None)
        assert details is not None
        found = details["timeline"]
        stops = {stop["month"]: stop for stop in found["stops"]}
        assert (min(stops), max(stops), len(stops)) == ("2024-11", "2028-11", 49)
        assert stops["2026-06"]["is_unplanned"]
        assert (stops["2026-10"]["type"], stops["2026-10"]["certainty"]) == ("baseline", "planned")
        # Nobody read whether the months since July came. Others report a baseline of September: it is drawn as one.
        assert [month for month, stop in stops.items() if stop["is_unsure"]] == ["2026-08", "2026-09", "2026-10", "2026-11"]
        assert (stops["2026-09"]["type"], stops["2026-09"]["drawn"]) == ("hotpatch", "baseline")
        assert (stops["2028-04"]["type"], stops["2028-04"]["certainty"]) == ("baseline", "cadence")
        assert [row["kb"] for row in found["oob"]] == [5091470]
        chart = charts.restart_line(found, "<b>", "2026-11-26", "2026-10", t)
        assert "<b>" not in chart
        root = ET.fromstring(f"<div>{chart}</div>")
        kinds = [element.get("class") for element in root.iter() if element.get("class", "").startswith("m ")]
        assert len(kinds) == 50
        assert kinds.count("m oob") == 1
        assert kinds.count("m baseline expected") == sum(stop["drawn"] == "baseline" and stop["is_expected"] for stop in found["stops"])
        assert len([element for element in root.iter() if element.get("class") == "next"]) == 1
        assert [element.text for element in root.iter() if element.get("class") == "flag"].count("?") == 4
        ended = product_data.product_page(conn, "ws2022", None)
        assert ended is not None
        assert max(stop["month"] for stop in ended["timeline"]["stops"]) == ended["timeline"]["last"] == "2027-10"
    assert 'aria-labelledby="restarts-title"' in get(own, "/product/ws2025").text
    assert "restarts-title" not in get(own, "/product/win10-22h2").text


def test_a_product_says_which_kb_is_the_baseline_of_which_hotpatch(own: Datasette) -> None:
    """Case of a quarter with an out-of-band hotpatch: both rest on the baseline of April."""
    text = text_of(get(own, "/product/ws2025").text)
    assert (
        "2026-04-14 KB5082063 26100.32690 hotpatch KB5091470 26100.32704 2026-04-19, out of band hotpatch KB5087423 26100.32772 2026-05-12"
        in text
    )
    assert "Support by edition" in text
    assert "all editions mainstream support 2029-11-13" in text
    old = text_of(get(own, "/product/win10-22h2").text)
    assert "unsupported Support ended: 14 October 2025 (9 months ago)" in old[:1500]
    assert "Hotpatches none known" in old


def test_the_price_chart_has_steps_and_a_band() -> None:
    from datetime import date  # noqa: PLC0415

    rows = [
        {"valid_from": "2025-01-01", "valid_to": "2025-03-01", "amount_low": 0.0, "amount_high": 0.0, "is_disputed": 0},
        {"valid_from": "2025-03-01", "valid_to": "2025-04-01", "amount_low": 0.0, "amount_high": 1.5, "is_disputed": 1},
        {"valid_from": "2025-04-01", "valid_to": None, "amount_low": 1.5, "amount_high": 1.5, "is_disputed": 0},
        {"valid_from": None, "valid_to": None, "amount_low": 9.0, "amount_high": 9.0, "is_disputed": 0},
    ]
    chart = charts.prices(rows, "x", date(2025, 6, 1))
    assert chart is not None
    root = ET.fromstring(chart)
    kinds = [element.get("class") for element in root.iter() if element.get("class") in {"step", "disputed"}]
    assert kinds == ["step", "disputed", "step"]
    assert [element.text for element in root[0].iter() if element.tag.endswith("text")] == ["0.00", "0.75", "1.50"]
    assert charts.prices(rows[3:], "x", date(2025, 6, 1)) is None
    # A price that never changed is a sentence of the table, and no chart.
    same = [rows[2], rows[2] | {"valid_from": "2025-06-01"}]
    assert charts.prices(same, "x", date(2025, 7, 1)) is None
    assert charts.prices([rows[1]], "x", date(2025, 7, 1)) is None


# --- words --------------------------------------------------------------------------------------------------------------


def test_every_text_of_the_templates_has_its_japanese() -> None:
    wanted: set[str] = {feed.title for feed in _feeds().values()}
    for path in [*(site.FOLDER / "templates").glob("*.html"), *site.FOLDER.rglob("*.py")]:
        wanted |= set(re.findall(r'\bt\(\s*"((?:[^"\\]|\\.)*)"', path.read_text(encoding="utf-8")))
    prefixes = {text for text in wanted if text in {f"{kind} " for kind in CODED}}
    codes = {f"{kind} {name}" for name in VERDICTS for kind in ("verdict", "status")} | {
        f"by {name}" for name in ("calendar", "footnote", "cadence")
    }
    codes |= {f"decides {name}" for name in ("--product", "--kb-installed", "--line", "--on")}
    japanese, english = i18n.texts("ja"), i18n.texts("en")
    assert (wanted - prefixes) | codes <= japanese.keys()
    assert codes <= english.keys()


def _feeds() -> dict[str, Any]:
    text = (site.FOLDER / "plugins" / "feeds.py").read_text(encoding="utf-8")
    return {name: type("Feed", (), {"title": title}) for name, title in re.findall(r'"(\w+)": Feed\("([^"]+)"', text)}


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({}, "en"),
        ({"accept-language": "ja"}, "ja"),
        ({"accept-language": "ja-JP,ja;q=0.9,en;q=0.8"}, "ja"),
        ({"accept-language": "de-DE,de;q=0.9,en;q=0.8,ja;q=0.3"}, "en"),
        ({"accept-language": "en;q=0.1, ja;q=0.2"}, "ja"),
        ({"accept-language": "ja;q=0"}, "en"),
        ({"accept-language": ";;,q=,*" * 300}, "en"),
        ({"accept-language": "ja", "cookie": "lang=en"}, "ja"),
        ({"cookie": "lang=xx"}, "en"),
        ({"cookie": "=;;\x01"}, "en"),
    ],
)
def test_the_browser_or_the_switch_chooses_the_language(own: Datasette, headers: dict[str, str], language: str) -> None:
    async def ask() -> Any:
        return await own.client.get("/build/26100.32772", headers=headers, follow_redirects=True)

    assert f'<html lang="{language}">' in asyncio.run(ask()).text


@pytest.mark.fault("a switch of language that leads elsewhere")
def test_the_switch_comes_back_to_this_site_alone(own: Datasette) -> None:
    """The page to come back to is on another host; it leads to this site."""
    page = get(own, "/build/26100.32772?on=2026-05-20").text
    assert 'href="/ja/build/26100.32772?on=2026-05-20" hreflang="ja"' in page
    answer = get(own, "/language/ja", back="/en/build/26100.32772?on=2026-05-20&lang=en")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ja/build/26100.32772?on=2026-05-20")
    assert "set-cookie" not in answer.headers
    for back in ("//evil.example/", "https://evil.example/", "/\\evil.example", "/x\r\nset-cookie: a=b", "x"):
        assert get(own, "/language/en", back=back).headers["location"] == "/en/"


def test_a_language_has_its_addresses_and_the_browser_leads_there_once(public: Datasette) -> None:
    """Each address has one content, so that a cache may keep it; the page says where the other languages are."""

    async def ask(path: str, language: str) -> Any:
        return await public.client.get(path, headers={"accept-language": language})

    first = asyncio.run(ask("/build/26100.32772?on=2026-05-20", "ja"))
    assert (first.status_code, first.headers["location"]) == (302, "/ja/build/26100.32772?on=2026-05-20")
    assert "Accept-Language" in first.headers["vary"]
    for path in PAGES:
        japanese = asyncio.run(ask(f"/ja{path}", "en"))
        assert japanese.status_code == 200, path
        assert '<html lang="ja">' in japanese.text
        assert japanese.headers["vary"] == "Accept-Encoding"
        assert "s-maxage=" in japanese.headers["cache-control"]
        assert "None" not in text_of(japanese.text)
        links = {
            link
            for link in re.findall(r'(?:href|action)="(/[^"#?]*)', japanese.text)
            if not re.match("/(site|-|feeds|calendars|csv|api/|en/)", link)
        }
        assert [link for link in links if not link.startswith("/ja/")] == [], path
        plain = path.partition("?")[0]
        assert f'<link rel="canonical" href="http://localhost/ja{plain}">' in japanese.text
        assert f'<link rel="alternate" hreflang="en" href="http://localhost{plain}">' in japanese.text
    assert '<html lang="en">' in asyncio.run(ask("/en/build/26100.32772", "ja")).text
    assert asyncio.run(ask("/ja/lookup?q=kb5087423", "en")).headers["location"] == "/ja/kb/5087423"
    assert asyncio.run(ask("/ja/kb/KB5087423", "en")).headers["location"] == "/ja/kb/5087423"
    assert asyncio.run(ask("/ja/nope", "en")).status_code == 404


PICTURED = (
    "build/26100.32772",
    "build/26100",
    "kb/5087423",
    "kb/5100456",
    "product/ws2025",
    "product/win10-22h2",
    "calendar/2026",
    "calendar/2026-06",
)


@pytest.mark.parametrize("path", PICTURED)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_page_has_a_picture_of_its_own(own: Datasette, path: str, language: str) -> None:
    page = get(own, f"/{language}/{path}").text
    address = re.search(r'og:image" content="http://localhost(/[^"]+)"', page)
    assert address is not None
    assert address[1] == f"/cards/{language}/{path}.png"
    answer = get(own, address[1])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert "s-maxage" in answer.headers["cache-control"]
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (1200, 630)
        assert len(image.getcolors(1 << 20) or []) > 10  # something is drawn
    assert len(answer.content) < 60_000


@pytest.mark.parametrize("path", ["en/build/26100.99999", "en/kb/1000000", "ja/product/nope", "en/calendar/2012", "en/cve/CVE-1999-1234", "xx/kb/5087423", "en/about/x"])  # fmt: skip
def test_what_has_no_page_has_no_picture(own: Datasette, path: str) -> None:
    assert get(own, f"/cards/{path}.png").status_code == 404


def test_a_picture_says_what_it_is_and_no_verdict() -> None:
    """Others keep it for weeks: what may change since says as of which day it is."""
    with closing(open_seed_database()) as conn:
        t = i18n.words("en")
        build = cards.card(conn, "build", "26100.32772", t)
        assert build is not None
        assert build[:3] == ("OS build 26100.32772", "hotpatch KB5087423, 12 May 2026", ["Windows Server 2025"])
        ((_, marks),) = build.runs
        assert [place for place, mark in enumerate(marks) if mark.is_framed] == [4]
        assert [mark.kind for mark in marks][:6] == ["baseline", "hotpatch", "hotpatch", "baseline", "hotpatch", "baseline"]
        for kind, name in (found.split("/") for found in PICTURED):
            found = cards.card(conn, kind, name, t)
            assert found is not None
            said = " ".join([found.title, found.what, *found.lines]).lower()
            assert not re.search("patched|current|behind|up to date", said)
            assert found.foot or not re.search("next|newest|planned", said), name
        japanese = cards.card(conn, "product", "ws2025", i18n.words("ja"))
        assert japanese is not None
        assert japanese.what.startswith("次の再起動: 20")


def test_a_picture_is_in_english_where_the_system_has_no_japanese_typeface(monkeypatch: pytest.MonkeyPatch, own: Datasette) -> None:
    monkeypatch.setattr(picture, "_JAPANESE", ("no-such-typeface.ttf",))
    monkeypatch.setattr(picture, "_LATIN", ("no-such-typeface.ttf",))
    for kept in (picture.writes, picture._font):
        kept.cache_clear()
    try:
        assert not picture.writes("ja")
        assert get(own, "/cards/ja/kb/5094126.png").content == get(own, "/cards/en/kb/5094126.png").content
    finally:
        for kept in (picture.writes, picture._font):
            kept.cache_clear()


def test_pages_are_found(own: Datasette) -> None:
    """Each page has a title and a description of its own, a card, and a place in the map of the site."""
    assert "Sitemap: http://localhost/sitemap.xml" in get(own, "/robots.txt").text
    answer = get(own, "/sitemap.xml")
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    addresses = [element.text for element in ET.fromstring(answer.content).iter() if element.tag.endswith("}loc")]
    assert len(addresses) == len(set(addresses)) > 200
    assert {"http://localhost/", "http://localhost/ja/", "http://localhost/ja/product/ws2025", "http://localhost/build/26100.32772"} <= set(
        addresses
    )
    sample = [str(address).removeprefix("http://localhost") for address in addresses[:: max(1, len(addresses) // 60)]]
    assert {path: found.status_code for path, found in zip(sample, get_all(own, sample), strict=True) if found.status_code != 200} == {}
    whole = [path for path in PAGES if "?" not in path]
    pages = {path: page.text for path, page in zip(whole, get_all(own, whole), strict=True)}
    titles = {path: page.partition("<title>")[2].partition("</title>")[0] for path, page in pages.items()}
    assert len(set(titles.values())) == len(whole), titles
    for path, page in pages.items():
        for name in ("og:title", "og:description", "og:url", "og:image"):
            assert re.search(f'<meta property="{name}" content="[^"]+">', page), (path, name)
    card = re.search(r'og:image" content="http://localhost(/[^"]+)"', pages["/"])
    assert card is not None
    assert get(own, card[1]).headers["content-type"] == "image/png"
    described = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', pages["/about"])[0])
    assert (described["@type"], described["license"]) == ("Dataset", "https://creativecommons.org/publicdomain/zero/1.0/")
    assert get(own, described["distribution"][0]["contentUrl"].removeprefix("http://localhost")).status_code == 200
    assert '<meta name="robots" content="noindex">' in get(own, "/nope").text


def test_every_link_of_every_page_opens(own: Datasette) -> None:
    """Of each kind of address some links of each page."""
    links: set[str] = set()
    for page in get_all(own, PAGES):
        by_kind: dict[str, list[str]] = {}
        for link in re.findall(r'(?:href|src)="(/[^"#]*)', page.text):
            by_kind.setdefault("/".join(link.split("/")[:3])[:7], []).append(link.replace("&amp;", "&"))
        links |= {link for found in by_kind.values() for link in found[:3]}
    assert len(links) > 100
    opened = sorted(links)
    statuses = {link: answer.status_code for link, answer in zip(opened, get_all(own, opened), strict=True)}
    assert {link: status for link, status in statuses.items() if status not in {200, 301, 302, 303}} == {}


def test_japanese_pages_are_japanese(own: Datasette) -> None:
    text = text_of(get(own, "/build/26100.32690?lang=ja").text)
    assert "ホットパッチを受け取るコンピューター 最新ではありません: ベースラインが未適用です (インストールと再起動が必要)" in text
    assert "より新しいベースラインがあります: KB5099536 (2026 年 7 月 14 日)" in text
    assert "2026 年 6 月" in text_of(get(own, "/calendar/2026-06?lang=ja").text)


# --- fleet and cost -----------------------------------------------------------------------------------------------------


def test_a_pasted_fleet_is_judged_as_by_the_command(own: Datasette, run: Any, tmp_path: Path) -> None:
    fleet = "host,product,build,line\na,ws2025,26100.32772,hotpatch\nb,,26100.33158,\n<b>,ws2022,noise,\n"
    (tmp_path / "fleet.csv").write_text(fleet, encoding="utf-8", newline="")
    expected = run("assess", "fleet.csv", "--on", "2026-07-20").out
    assert form(own, fleet=fleet, **{"as": "csv"}).text == expected
    answer = form(own, fleet=fleet)
    assert answer.headers["cache-control"] == "no-store"
    assert "<b>" not in answer.text.replace("</b>", "")
    text = text_of(answer.text)
    assert "3 machines" in text
    assert "Windows Server 2025 restart due 1" in text
    assert post(own, "/api/assess?format=csv", fleet.encode(), "text/csv").text == expected


def test_a_fleet_is_counted_and_its_columns_can_be_chosen(own: Datasette, at: Any) -> None:
    """The column that is taken for the build is named, and another one is read where the reader chooses it."""
    at("2026-07-24")
    fleet = "host,product,build,target\na,ws2025,26100.33158,26100.32772\nb,ws2025,26100.33158,26100.32772\n"
    answer = form(own, fleet=fleet).text
    assert '<a class="status current" href="#machines" data-put="filter" data-word="=current">patched</a><span class="n">2</span>' in answer
    assert "build = build" in text_of(answer)
    chosen = form(own, fleet=fleet, map_build="target").text
    assert 'data-word="=restart_due">restart due</a><span class="n">2</span>' in chosen
    assert '<option value="target" selected>target</option>' in chosen
    assert "build = target" in text_of(chosen)
    assert "restart_due" in form(own, fleet=fleet, map_build="target", **{"as": "csv"}).text
    assert form(own, fleet=fleet, map_build="no such column").status_code == 400


def test_ten_thousand_machines_have_ten_thousand_verdicts(own: Datasette, at: Any) -> None:
    at("2026-07-24")  # not before the day of the data
    fleet = "host,build\n" + "".join(f"srv{number},26100.{32772 if number % 2 else 33158}\n" for number in range(10_000))
    answer = form(own, fleet=fleet)
    assert "10000 machines" in text_of(answer.text)
    assert answer.text.count("<td>srv") == 500
    rows = list(csv.DictReader(io.StringIO(form(own, fleet=fleet, **{"as": "csv"}).text)))
    assert [row["host"] for row in rows] == [f"srv{number}" for number in range(10_000)]
    assert {row["verdict"] for row in rows} == {"restart_due", "current"}


def test_a_fleet_begins_with_what_has_to_restart(own: Datasette, at: Any) -> None:
    """600 patched machines come first in the file; the page names those that need an update before them."""
    at("2026-07-24")
    patched = "".join(f"ok{number},ws2025,26100.33158,hotpatch\n" for number in range(600))
    fleet = f"host,product,build,line\n{patched}old1,ws2025,26100.32772,hotpatch\nold2,ws2022,20348.5020,standard\nodd,ws2025,soon,\n"
    page = form(own, fleet=fleet).text
    assert "2 need an update that restarts." in text_of(page)
    assert "without a restart." not in text_of(page)[: text_of(page).index("Machines")]
    assert re.findall(r"<td>((?:ok|old|odd)[0-9]*)</td>", page)[:4] == ["old1", "old2", "odd", "ok0"]
    assert "500 rows are shown; the file has all." in text_of(page)
    hotpatch = "host,product,build,line\na,win11-25h2,26200.8875,hotpatch\nb,ws2025,26100.33158,hotpatch\n"
    only_patched = text_of(form(own, fleet=hotpatch).text)
    assert "No machine is known to need an update that restarts." in only_patched


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "expected"),
        (b"host,note\na,b\n", 400, "expected a column that says the build"),
        (b"\x1f\x8b" + b"x" * 100, 400, "expected CSV or JSON as plain text, got a packed file"),
        (b"PAR1" + b"x" * 100, 400, "expected CSV or JSON as plain text, got a packed file"),
        (b"\xff\xfe\x00", 400, "expected"),
        (b'[{"build": ' + b"[" * 100_000, 400, "expected machines, got JSON nested too deep"),
        (b"a,26100.1\n" * 600_000, 413, "Expected at most 5,000,000 bytes"),
    ],
)
@pytest.mark.fault("a pasted fleet that cannot be read")
def test_a_bad_fleet_is_one_clear_line(own: Datasette, body: bytes, status: int, said: str) -> None:
    """Noise, packed files and too much are posted; 400 or 413 and one line of JSON."""
    answer = post(own, "/api/assess", body, "text/csv")
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert answer.json()["error"].startswith(said)


@pytest.mark.fault("host names that are pasted")
def test_nothing_of_a_fleet_is_kept(own: Datasette, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    """A fleet is posted; no log, cache or output holds a name of it."""
    form(own, fleet="host,build\nsecret-host-name,26100.32772\n")
    kept = own.__dict__.get("_hotpatch_kb_kept")
    assert kept is None or not any(b"secret-host-name" in body for body in kept.answers.values())
    captured = capfd.readouterr()
    assert "secret-host-name" not in caplog.text + captured.out + captured.err


@pytest.mark.fault("a posted body without an end")
def test_only_what_was_read_so_far_counts_against_the_limit(own: Datasette) -> None:
    """A body goes on without a stated length; refused at the limit, no more is read."""
    read = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(20):
            read += 1
            yield b"x" * 1_000_000

    async def ask() -> Any:
        return await own.client.post("/api/assess", content=parts(), headers={"content-type": "text/csv"})

    assert asyncio.run(ask()).status_code == 413
    assert read <= 7


def test_cost_is_that_of_the_command(own: Datasette, run: Any) -> None:
    query = {"cores": "400", "from": "2025-08", "to": "2026-04"}
    text = text_of(get(own, "/cost", **query).text)
    assert "5,400.00 USD" in text
    assert (
        get(own, "/api/cost", **query).json() == run("cost", "--cores", "400", "--from", "2025-08", "--to", "2026-04", "--json").json()[0]
    )
    assert "12.39 to 24.00 USD" in text_of(get(own, "/cost", cores="16", **{"from": "2025-07", "to": "2025-07"}).text)  # case 38: a range
    assert "unknown" in text_of(get(own, "/cost", cores="16", **{"from": "2024-07", "to": "2024-08"}).text)  # case 39
    for cores in ("0", "-1", "1.5", "x"):  # no whole number of cores
        assert 'expected "Total cores" as a whole number' in text_of(get(own, "/cost", cores=cores).text)
        assert get(own, "/api/cost", cores=cores).status_code == 400


# --- API ----------------------------------------------------------------------------------------------------------------


def test_the_api_answers_as_the_command(own: Datasette, seeded: Path, run: Any) -> None:
    for query, options in (
        ({"q": "26100.32772"}, []),
        ({"q": "26100.6905", "product": "ws2025", "kb": "KB5070893"}, ["--product", "ws2025", "--kb-installed", "KB5070893"]),
        ({"q": "20348.1251", "on": "2022-11-16"}, ["--on", "2022-11-16"]),
        ({"q": "26100.32773"}, []),
        ({"q": "22631.7376", "edition": "Pro"}, ["--edition", "Pro"]),
        ({"q": "26200.8875", "edition": "Professional"}, ["--edition", "Professional"]),
    ):
        assert get(own, "/api/lookup", **query).json() == run("lookup", query["q"], *options, "--db", seeded, "--json").json()[0]
    assert get(own, "/api/next").json() == run("next", "--db", seeded, "--json").json()
    assert get(own, "/api/calendar", product="ws2025").json() == run("calendar", "--product", "ws2025", "--db", seeded, "--json").json()
    assert (
        get(own, "/api/verdicts", product="ws-azure-preview").json()
        == run("verdicts", "--product", "ws-azure-preview", "--db", seeded, "--json").json()
    )
    assert get(own, "/api/changes").json() == run("changes", "--db", seeded, "--json").json()


@pytest.mark.parametrize(
    "path",
    [
        "/api/lookup", "/api/lookup?q=noise", "/api/lookup?q=26100.1&line=x", "/api/lookup?q=26100.1&edition=x", "/api/lookup?q=26100.1&kb=x", "/api/lookup?q=26100.1&on=2026-13-01", "/api/next?product=mac",
        "/api/calendar?year=1", "/api/verdicts", "/api/changes?since=x", "/api/cost", "/feeds/releases.atom?product=mac", "/calendars/ws2025.ics?alarm=x",
    ],
)  # fmt: skip
@pytest.mark.fault("bad questions to the API")
def test_bad_questions_are_400_and_say_what_was_expected(own: Datasette, path: str) -> None:
    """Wrong days, products, KBs; 400 with what was expected."""
    answer = get(own, path)
    assert answer.status_code == 400
    said = answer.json()["error"] if path.startswith("/api") else text_of(answer.text)
    assert "expected" in said


def test_the_description_of_the_api_holds(own: Datasette) -> None:
    """Every path of the description answers, and every endpoint is described; schemathesis goes further where it is installed."""
    described = get(own, "/api/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if method == "get":
                needed = {p["name"]: p["schema"]["example"] for p in operation["parameters"] if p.get("required")}
                needed |= {"/cost": {"cores": "16"}, "/eligible": {"explain": "1"}}.get(path, {})
                assert get(own, f"/api{path}", **needed).status_code == 200
            else:
                assert post(own, f"/api{path}", b"host,build\na,26100.32772\n", "text/csv").status_code == 200


# --- feeds and calendars ------------------------------------------------------------------------------------------------


def entries(body: bytes) -> list[ET.Element]:
    root = ET.fromstring(body)
    assert root.tag == f"{ATOM}feed"
    for element in [root, *root.findall(f"{ATOM}entry")]:
        for name in ("id", "title", "updated"):
            assert (element.findtext(f"{ATOM}{name}") or "").strip(), name
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", element.findtext(f"{ATOM}updated") or "")
    found = root.findall(f"{ATOM}entry")
    ids = [entry.findtext(f"{ATOM}id") for entry in found]
    assert len(set(ids)) == len(ids)
    return found


def test_feeds_are_atom_and_their_links_open(crawled_site: Datasette) -> None:
    for name in ("releases", "calendar", "prices", "issues"):
        for query in ({}, {"product": "ws2025"}):
            answer = get(crawled_site, f"/feeds/{name}.atom", **query)
            assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
            links = {link.get("href") for entry in entries(answer.content) for link in entry.findall(f"{ATOM}link")}
            paths = sorted(str(link).removeprefix("http://localhost") for link in links)[:40]
            assert {answer.status_code for answer in get_all(crawled_site, paths)} <= {200}
    titles = [entry.findtext(f"{ATOM}title") for entry in entries(get(crawled_site, "/feeds/releases.atom", product="ws2025").content)]
    assert titles[0] == "Windows Server 2025: baseline (restart) KB5099536 26100.33158 of 2026-07-14"
    assert len(entries(get(crawled_site, "/feeds/issues.atom").content)) > 0


def test_a_feed_is_the_same_bytes_for_the_same_facts(own: Datasette, seeded: Path) -> None:
    first = get(own, "/feeds/releases.atom").content
    with opened(seeded, public=False) as again:
        assert get(again, "/feeds/releases.atom").content == first


def test_calendars_are_those_of_the_command(own: Datasette, run: Any) -> None:
    answer = get(own, "/calendars/ws2025.ics?alarm=3")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.content)
    expected = Calendar.from_ical(run("calendar", "--product", "ws2025", "--ics", "--alarm", "3").out)
    assert [str(event["uid"]) for event in calendar.walk("VEVENT")] == [str(event["uid"]) for event in expected.walk("VEVENT")]
    assert len(calendar.walk("VALARM")) == len(expected.walk("VALARM")) > 0


def test_every_table_is_whole_as_csv(public: Datasette, seeded: Path) -> None:
    """Datasette's own ends after 1,000 rows on a published site."""
    with closing(sqlite3.connect(seeded)) as conn:
        for table in ("releases", "claims", "builds", "hotpatch_calendar"):
            rows = list(csv.reader(io.StringIO(get(public, f"/csv/{table}.csv").text)))
            assert len(rows) - 1 == conn.execute(f"select count(*) from {table}").fetchone()[0]
            assert rows[0] == [column[0] for column in conn.execute(f"select * from {table} limit 0").description]
    assert len(rows) > 100
    assert get(public, "/csv/sqlite_master.csv").status_code == 404


# --- caches -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/build/26100.32772", "/feeds/releases.atom", "/api/next", "/hotpatch/builds", "/site/site.css", "/calendars/ws2025.ics"]
)
def test_what_the_reader_has_is_not_sent_again(public: Datasette, path: str) -> None:
    async def ask() -> tuple[Any, ...]:
        plain = {"accept-encoding": "identity"}  # the lengths of others are looked at in test_compression.py
        first = await public.client.get(path, headers=plain)
        tag = first.headers["etag"]
        again = await public.client.get(path, headers=plain | {"if-none-match": f'W/"x", W/{tag}'})
        other = await public.client.get(path, headers=plain | {"if-none-match": '"x"'})
        head = await public.client.head(path, headers=plain)
        return first, again, other, head

    first, again, other, head = asyncio.run(ask())
    assert (first.status_code, again.status_code, other.status_code) == (200, 304, 200)
    assert (again.content, again.headers["etag"]) == (b"", first.headers["etag"])
    assert "max-age=" in first.headers["cache-control"]
    assert head.content == b""
    if not path.startswith("/hotpatch"):  # Datasette's own pages make no body for it
        assert (head.headers["content-length"], head.headers["etag"]) == (str(len(first.content)), tag_of(first))
    if first.headers["content-type"].startswith("text/html"):
        assert (
            first.headers["vary"]
            == ("Accept-Language, Cookie" if path.startswith("/hotpatch") else "Accept-Language") + ", Accept-Encoding"
        )


def tag_of(answer: Any) -> str:
    return str(answer.headers["etag"])


def test_answers_follow_the_facts_and_the_day(seeded: Path, tmp_path: Path, at: Any) -> None:
    at("2026-07-24")  # not before the day of the data
    copy = Path(shutil.copy(seeded, tmp_path / "copy.db"))
    with opened(copy, public=True) as ds:
        before = get(ds, "/api/products").json()
        with closing(sqlite3.connect(copy)) as conn, conn:
            conn.execute("update products set name = 'Another name' where product = 'ws2025'")
            conn.execute("update runs set ended_at = '2026-08-01T00:00:00Z'")
        after = get(ds, "/api/products").json()
        assert [row["name"] for row in before if row["product"] == "ws2025"] == ["Windows Server 2025"]
        assert [row["name"] for row in after if row["product"] == "ws2025"] == ["Another name"]
        assert "verdict current" in get(ds, "/build/26100.33158").text
        at("2027-01-01")
        assert "verdict current" not in get(ds, "/build/26100.33158").text


def test_a_page_is_the_one_that_datasettes_own_function_gives(own: Datasette, seeded: Path) -> None:
    """Our templates are filled without waiting; a site with files of its own in each page leaves them to Datasette."""
    paths = [
        *PAGES,
        "/build/26100.32772?on=2026-06-01",
        "/product/ws2025?on=2026-05-20",
        "/kb/5087423?lang=ja",
        "/build/26100.33158?cve=CVE-2026-25172",
    ]
    paths += [f"/ja{path}" for path in paths]
    with opened(seeded, public=False) as ds:
        ds._metadata_local["extra_css_urls"] = ["/site/more.css"]
        for path, ours, theirs in zip(paths, get_all(own, paths), get_all(ds, paths), strict=True):
            with_file = '\n    <link rel="stylesheet" href="/site/more.css">\n'
            assert with_file in theirs.text
            assert ours.text.split() == theirs.text.replace(with_file, "\n").split(), path


@pytest.mark.fault("a visitor who asks for everything once")
def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """More answers are kept than there is room for; the oldest go, the size stays below its limit."""
    monkeypatch.setattr(web, "MAX_CACHED", 1000)
    store = web.AnswerCache()
    for number in range(100):
        store.get(("state",), (number,))
        store.put(("state",), (number,), b"x" * 90)
    assert store.size == sum(map(len, store.answers.values())) <= 1000
    store.put(("state",), ("large",), b"x" * 251)
    assert ("large",) not in store.answers
    assert store.get(("another",), (99,)) is None
    assert store.size == 0


# --- what an administrator met ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling", ["10.0.26100.32772", "２６１００.３２７７２", "Microsoft%20Windows%20%5BVersion%2010.0.26100.32772%5D"]
)
def test_other_spellings_of_an_address_lead_to_the_one_that_stays(own: Datasette, spelling: str) -> None:
    answer = get(own, f"/build/{spelling}")
    assert (answer.status_code, answer.headers["location"]) == (301, "/build/26100.32772")
    assert get(own, "/kb/KB5087423").headers["location"] == "/kb/5087423"


@pytest.mark.parametrize(
    "path",
    ["/nope", "/build/26100.32772.1", "/build/26100.32772.json", "/kb/abc", "/kb/1", "/calendar/2026-13", "/product/%00", "/hotpatch/nope"],
)
@pytest.mark.fault("wrong addresses")
def test_a_wrong_address_is_a_page_in_the_readers_language_and_logs_nothing(own: Datasette, path: str, capfd: Any) -> None:
    """Addresses that are not there; 404 as a page, nothing that was sent is logged."""
    answer = asyncio.run(own.client.get(path, headers={"accept-language": "ja"}))
    if answer.status_code == 302:  # Datasette's other encoding of addresses
        answer = asyncio.run(own.client.get(answer.headers["location"], headers={"accept-language": "ja"}))
    assert answer.status_code == 404, answer.headers
    assert ("このページはありません。" in answer.text and 'name="q"' in answer.text) or path.endswith(".json")
    assert capfd.readouterr() == ("", "")


def test_a_wrong_address_of_the_api_is_json(own: Datasette) -> None:
    answer = get(own, "/api/nope")
    assert (answer.status_code, answer.json()) == (404, {"error": "There is no such page."})
    assert get(own, "/robots.txt").text.startswith("User-agent: *\n")


@pytest.mark.fault("a fault of our own while answering")
def test_a_fault_of_ours_logs_where_and_nothing_of_what_was_sent(own: Datasette, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    """A page's code fails; 500 as a page, the log says where and nothing of what was sent."""

    def broken(*_: Any) -> None:
        secret = "SECRETHOST42"  # noqa: F841 (what a log with local variables would show)
        raise RuntimeError("SECRETHOST42")

    monkeypatch.setattr("hotpatch_kb.db.fleet.judge.Judge.__init__", broken)
    answer = form(own, fleet="SECRETHOST42,26100.32772")
    assert answer.status_code == 500
    out, err = capfd.readouterr()
    assert "RuntimeError while answering a request" in err
    assert "in broken" in err
    assert "SECRETHOST42" not in out + err + answer.text


def test_a_day_is_named_and_leaves_out_what_came_later(own: Datasette) -> None:
    page = text_of(get(own, "/build/26100.32772", on="2026-05-20").text)
    assert "Known on 20 May 2026" in page
    assert "2026-07-14" not in page
    product = text_of(get(own, "/product/ws2025", on="2026-05-20").text)
    assert "Known on 20 May 2026" in product
    assert "KB5099536" not in product.partition("Months")[0]
    early = get(own, "/build/26100.32772", on="2026-01-01")
    assert early.status_code == 404
    assert "had not been released on 2026-01-01" in early.text
    assert get(own, "/kb/5087423", on="2020-01-01").status_code == 404
    near = get(own, "/api/lookup", q="26100.32773", on="2026-01-01").json()["nearest"]
    with closing(open_seed_database()) as conn:
        for build in {place[side] for place in near for side in ("below", "above")} - {None}:
            assert conn.execute("select min(release_date) <= '2026-01-01' from releases where build = ?", (build,)).fetchone()[0] == 1, (
                build
            )


def test_the_next_restart_agrees_with_the_verdict(own: Datasette) -> None:
    assert "due now, for a newer baseline" in text_of(get(own, "/build/26100.32772").text)
    assert "due now" not in text_of(get(own, "/build/26100.33158").text)
    # No source states the support of Windows 11, version 21H2, and its releases ceased.
    match = get(own, "/api/lookup", q="22000.3260").json()["matches"][0]
    assert match["next_restart"] is None


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/calendar?product=ws2025&known=2026-06-01", "expected product, year, got 'known'"),
        ("/api/lookup?q=26100.1&bogus=1", "got 'bogus'"),
        ("/api/products?product=ws2025", "expected no parameter, got 'product'"),
        ("/api/lookup?q=26100.32772&product=ws2099", "got 'ws2099'"),
        ("/api/cost?cores=16&core=3", "got 'core'"),
    ],
)
@pytest.mark.fault("parameters that the API does not know")
def test_the_api_refuses_what_it_does_not_know(own: Datasette, path: str, said: str) -> None:
    """A parameter is misspelt; 400, not another answer."""
    answer = get(own, path)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


@pytest.mark.parametrize(
    "pasted",
    [
        "srv1 26100.32772\nsrv2   20348.5256\n",
        "Name   OsBuild\n----   -------\nsrv1   26100.32772\nsrv2   20348.5256\n",
        "Microsoft Windows [Version 10.0.26100.32772]\nMicrosoft Windows [Version 10.0.20348.5256]\n",
        "srv1\t２６１００.３２７７２\nsrv2\t20348.5256",
    ],
)
def test_common_pastes_are_read(own: Datasette, pasted: str) -> None:
    answer = form(own, fleet=pasted)
    assert answer.status_code == 200, text_of(answer.text)
    text = text_of(answer.text)
    assert "2 machines" in text
    assert answer.text.count('<tr data-is="') == 2
    assert '<tr data-is="restart_due">' in answer.text
    assert "No security data is in this database" in text


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_refused_paste_is_kept(own: Datasette, language: str) -> None:
    async def ask() -> Any:
        body = urlencode({"fleet": "name,place\nsrv1,Kyoto\n"}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded", "accept-language": language}
        return await own.client.post("/fleet", content=body, headers=headers)

    answer = asyncio.run(ask())
    assert answer.status_code == 400
    assert "srv1,Kyoto" in answer.text
    assert "--map" not in answer.text
    assert {"en": "expected a column that says the build", "ja": "ビルドの列"}[language] in answer.text


@pytest.mark.parametrize("build", ["20348", "nonsense", "26100.32772", "99999.1", ""])
def test_every_answer_of_a_fleet_has_its_japanese(own: Datasette, build: str) -> None:
    async def ask() -> Any:
        body = urlencode({"fleet": f"host,build\nsrv1,{build}\n"}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded", "accept-language": "ja"}
        return await own.client.post("/fleet", content=body, headers=headers)

    answer = asyncio.run(ask())
    assert answer.status_code == 200
    assert not re.search(r"expected|no source|is newer|without a revision|no build", answer.text)


def test_messages_and_notes_of_costs_are_japanese(own: Datasette) -> None:
    def page(**fields: str) -> str:
        answer = asyncio.run(own.client.get(f"/ja/cost?{urlencode(fields)}"))
        text = text_of(answer.text)
        return " ".join(re.findall(r'class="(?:note|warning)"[^>]*>([^<]*)', answer.text)) or text

    asked = [
        {"cores": "x"}, {"cores": "4", "servers": "9"}, {"servers": "2"}, {"cores_per_server": "16"}, {"cores": "16", "to": "2026-01"}, {"cores": "16", "currency": "1"},
        {"cores": "16", "from": "x"}, {"cores": "16", "from": "2025-07", "to": "2025-07"}, {"cores": "16", "from": "2024-07", "to": "2024-08"},
        {"cores": "16", "product": "ws2022"}, {"cores": "16", "currency": "EUR"}, {"cores": "16", "from": "2026-07", "to": "2026-12", "software_assurance": "1"},
        {"cores": "16", "service": "update-manager", "servers": "2"}, {"cores": "16", "service": "update-manager"},
    ]  # fmt: skip
    for fields in asked:
        said = page(**fields)
        assert not re.search(r"\b(expected|no source|there is|which|sources|months|days after)\b", said), (fields, said)


def test_reminders_do_not_lie_in_the_past(own: Datasette, at: Any) -> None:
    at("2026-11-25")
    events = Calendar.from_ical(get(own, "/calendars/ws2025.ics", alarm="3").content).walk("VEVENT")
    ringing = [str(event["dtstart"].dt) for event in events if event.walk("VALARM")]
    assert ringing
    assert min(ringing) >= "2026-11-25"


def test_changes_are_told_as_people_do(own: Datasette) -> None:
    told = [item["title"] for item in feedparser.parse(get(own, "/feeds/calendar.atom").text)["entries"]]
    assert "Windows Server 2025, June 2026: planned as a hotpatch, released as a baseline" in told
    home = text_of(get(own, "/").text)
    assert "expected_type" not in home + " ".join(told)


# --- traps --------------------------------------------------------------------------------------------------------------

TRAPS = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "'-alert(1)-'", "</textarea><script>alert(1)</script>", "{{ 7 * 7 }}",
    "\x00\x01\x1b[31m\x7f", "\u202egnp.exe", "]]>&lt;", "x" * 1_000_000, "\r\nBEGIN:VEVENT", "\ufffe\uffff",
)  # fmt: skip
KEYS = re.compile(
    r"^(product|month|subject|release|kb|build|page|claim|run|source|cve|kind|line|known_issue|correction)$|_kb$|_release$|^claim_|_build$"
)


# Columns whose values our code writes, one of a few words each. A broken one may cost a page, never a reader.
CODES = {
    "classification", "cadence", "type", "planned_type", "expected_type", "planned_by", "family", "state", "unit", "currency", "condition", "service", "meter",
}  # fmt: skip
DAYS = ("_date", "_at", "_on", "_since", "_until", "_from", "_to")


def _trapped(path: Path, traps: Sequence[str], *, codes: bool) -> int:
    """Puts traps into a database. Returns how many columns have one."""
    number = 0
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("pragma foreign_keys = off")
        tables = [row[0] for row in conn.execute("select name from sqlite_master where type = 'table' and sql like '%strict%'")]
        if codes:
            conn.execute("pragma ignore_check_constraints = on")
        for table in tables:
            for _, column, kind, *_ in conn.execute(f"select * from pragma_table_info('{table}')").fetchall():
                is_code = column in CODES or column.endswith(DAYS) or (table, column) == ("claims", "value")
                if kind != "TEXT" or KEYS.search(column) or is_code != codes:
                    continue
                number += 1
                every = len(traps) * (3 if codes else 1)  # of codes some stay whole, or no page would come to the others
                for place, trap in enumerate(traps):
                    if codes or number % len(traps) == place:
                        with suppress(sqlite3.OperationalError):  # a generated column
                            where = f"rowid % {every} = {place}" if codes else "true"
                            conn.execute(f"update or ignore {table} set {column} = ? where {column} is not null and {where}", (trap,))
        if not codes:
            for place, trap in enumerate(traps):
                conn.execute(
                    "update claims set value = ? where field in ('title', 'symptom', 'workaround', 'note', 'requirement', 'article_url') and claim % ? = ?",
                    (trap, len(traps), place),
                )
    return number


@pytest.fixture(scope="module", params=["texts", "codes"])
def hostile(
    request: pytest.FixtureRequest, crawled_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Datasette, set[int]]]:
    """Every text of every table but its keys is a trap: those of others, or those that our code writes."""
    path = Path(shutil.copy(crawled_file, tmp_path_factory.mktemp("hostile") / "hostile.db"))
    codes = request.param == "codes"
    short = [trap for trap in TRAPS if len(trap) < 1000]
    assert _trapped(path, short if codes else TRAPS, codes=False) > 60
    if codes:
        assert _trapped(path, short, codes=True) > 40
    with opened(path, public=True) as ds:
        yield ds, {200, 404, 500} if codes else {200, 404}


def _is_harmless(html: str, path: str) -> None:
    """No element, script or address of a trap: asked of a parser, as a browser has one."""
    for element in lxml.html.document_fromstring(html).iter(etree.Element):
        assert element.tag != "img", path
        assert element.tag != "script" or "alert" not in (element.text or ""), path
        for name, value in element.attrib.items():
            assert not name.startswith("on"), (path, name)
            assert name not in {"href", "src", "action"} or not re.match(r"\s*javascript:", value, re.IGNORECASE), (path, value[:100])


@pytest.mark.fault("a database in which every text is a trap")
def test_a_hostile_database_is_shown_and_not_obeyed(hostile: tuple[Datasette, set[int]], capfd: Any) -> None:
    """Scripts, control characters, texts of a megabyte in every column; shown as text, no element of theirs."""
    ds, allowed = hostile
    # Datasette's own pages take no value of 1 MB (plugins/limits.py).
    tables = ["/hotpatch", "/hotpatch/releases", "/hotpatch/claims", "/hotpatch/known_issues"] if 500 in allowed else []
    whole = 0
    for path in [*PAGES, "/build/26100.7392", "/kb/5101650", "/cve/CVE-2025-54100", *FILES, *APIS, *tables, "/csv/sources.csv"]:
        answer = get(ds, path)
        assert answer.status_code in allowed, (path, answer.status_code, answer.text[:500])
        whole += answer.status_code == 200
        body = answer.text
        kind = answer.headers["content-type"]
        if kind.startswith("text/html"):
            _is_harmless(body, path)
            assert len(body) < 5_000_000, path
        elif kind.startswith("application/json"):
            json.loads(body)
        elif kind.startswith("application/atom"):
            ET.fromstring(answer.content)
        elif kind.startswith("text/calendar"):
            assert body.count("BEGIN:VEVENT") == len(Calendar.from_ical(answer.content).walk("VEVENT"))
        else:
            assert kind.startswith("text/csv")
            assert answer.headers["x-content-type-options"] == "nosniff"
    assert whole > 20
    assert "alert(1)" not in "".join(capfd.readouterr())


def test_what_the_site_prints_in_readme_and_docs_opens(own: Datasette) -> None:
    root = Path(__file__).parent.parent
    found: set[str] = set()
    for path in [root / "README.md", *(root / "docs").glob("*.md")]:
        text = path.read_text(encoding="utf-8")
        found |= set(
            re.findall(
                r"`(/(?:build|csv|kb|product|calendar|calendars|changes|sources|about|eligible|feeds|api|cost|fleet|prices|subscribe|lookup|hotpatch)[^`\s<>{}]*)`",
                text,
            )
        )
    assert len(found) > 10
    codes = {path: answer.status_code for path, answer in zip(sorted(found), get_all(own, sorted(found)), strict=True)}
    # An address of the API in a table lacks what it must be asked: 400 says so, and 405 that it wants POST.
    asked = {path: code for path, code in codes.items() if code not in {200, 301, 303}}
    assert {path: code for path, code in asked.items() if not (path.startswith("/api/") and "?" not in path and code in {400, 405})} == {}
