"""What pages look like: what is folded, what lines up, what is told apart. Tables of the data: test_tables_shown."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from helpers.datasettes import form, get, opened, soup
from helpers.looking import IN_A_BROWSER, looking

from hotpatch_kb.db.store import schema


@pytest.fixture
def site(public: Any, at: Any) -> Any:
    at("2026-07-24")
    return public


# --- calendar -----------------------------------------------------------------------------------------------------------


def test_a_year_unfolds_one_product(site: Any) -> None:
    folds = soup(site, "/calendar/2026").select("main details.documents")
    assert [fold.h2.get_text() for fold in folds] == [
        "Windows Server 2025", "Windows Server 2022", "Windows 11, version 25H2", "Windows 11, version 24H2",
    ]  # fmt: skip
    assert [fold.has_attr("open") for fold in folds] == [True, False, False, False]
    assert folds[0].summary.span.get_text() == "12 months, 7 released"
    assert len(folds[1].select("tbody tr")) == 12


def test_what_was_stated_of_a_month_is_folded_below_its_releases(site: Any) -> None:
    page = soup(site, "/calendar/2026-06")
    (fold,) = page.select("main details")
    rows = fold.select("tbody tr")
    assert len(rows) > 4
    assert fold.summary.get_text() == f"What was stated of it, and when ({len(rows)})"
    assert not fold.has_attr("open")
    assert fold.find_previous("h2", string="Releases of the month") is not None


@pytest.mark.parametrize(
    ("day", "year", "said"),
    [
        ("2026-07-24", "2027", "No calendar of 2027 is published yet; these months are by the cadence."),
        ("2026-11-27", "2027", "No calendar of 2027 has been read; these months are by the cadence."),  # the data ends in July
        ("2026-07-24", "2026", None),
        ("2026-07-24", "2022", None),
    ],
)
def test_a_year_without_a_calendar_says_so(site: Any, at: Any, day: str, year: str, said: str | None) -> None:
    at(day)
    page = soup(site, f"/calendar/{year}")
    assert [note.get_text() for note in page.select("main p.note")] == ([said] if said else [])
    # Then each plan would be "by the cadence".
    assert ("Planned" in [head.get_text() for head in page.select("table.months th")]) == (said is None)


def test_a_cell_without_a_mark_says_why(site: Any) -> None:
    page = soup(site, "/calendar/2027")
    row = next(row for row in page.select("table.year tbody tr") if row.th.get_text() == "Windows Server 2022")
    assert [cell.select_one(".sr").get_text() for cell in row.select("td:has(.none)")] == ["hotpatching or support has ended"] * 2
    first = soup(site, "/calendar/2024").select_one("table.year .none .sr")
    assert first.get_text() == "nothing published"


# --- what was not read --------------------------------------------------------------------------------------------------


def test_nothing_leads_to_known_issues_that_were_not_read(site: Any) -> None:
    for path in (
        "/",
        "/subscribe",
        "/changes",
        "/changes?product=ws2025",
        "/kb/5087423",
        "/build/26100.32772",
        "/product/ws2025",
        "/hotpatch/products/ws2025",
    ):
        found = [link["href"] for link in soup(site, path).select("a[href]")]
        assert len(found) > 10
        assert [link for link in found if re.search(r"/feeds/issues|/csv/known_issues|/hotpatch/known_issues", link)] == [], path
    assert "Known issues: not read here, so whether there are any is not known" in soup(site, "/subscribe").get_text()
    data = {name.code.get_text(): name.get_text(" ", strip=True) for name in soup(site, "/hotpatch").select("dl.tables dt")}
    assert data["known_issues"] == "Known issues known_issues not read here"
    assert data["corrections"] == "Corrections corrections 0 rows"  # there is none


def test_known_issues_that_were_read_have_their_links(db: Path, at: Any) -> None:
    at("2026-07-24")
    with closing(schema.open_for_writing(db)) as conn, schema.transaction(conn):
        conn.execute("insert into subjects (subject, kind) values ('issue/5087423/1', 'issue') on conflict do nothing")
        conn.execute(
            "insert into known_issues (kb, product, issue, title, state, subject) values (5087423, 'ws2025', '1', 'A', 'open', 'issue/5087423/1')"
        )
    with opened(db, public=True) as ds:
        for path in ("/subscribe", "/changes"):
            assert "/feeds/issues.atom" in get(ds, path).text
        assert "/csv/known_issues.csv" in get(ds, "/subscribe").text
        assert "not read here" not in get(ds, "/subscribe").text


# --- a past day, and a past end -----------------------------------------------------------------------------------------


def _lines(element: Any) -> str:
    return re.sub(r"\s+", " ", element.get_text(" ", strip=True)).replace("\u00a0", " ")


def test_a_past_day_has_what_was_known_apart_from_what_happened_since(site: Any) -> None:
    page = soup(site, "/product/ws2025?on=2026-05-20")
    known, since = page.select(".answer > div")
    assert _lines(known).startswith("Known on 20 May 2026 Without KB5082063 : a restart was due on that day Editions")
    assert "KB5087423" in _lines(known)
    assert "KB5094125" not in _lines(known)  # of June
    assert _lines(since).startswith("What happened since Tue 9 Jun 2026 in 20 days Baseline of June 2026: a restart. KB5094125")
    assert _lines(since).endswith("released since then unplanned")
    # Nothing has come after the newest baseline: the next one is planned, no event.
    later = soup(site, "/product/ws2025?on=2026-07-20").select(".answer > div")[1]
    assert _lines(later).startswith("Next restart Tue 13 Oct 2026")


@pytest.mark.parametrize("path", ["/product/ws2025", "/build/26100.32772", "/kb/5087423"])
def test_each_page_of_a_past_day_begins_with_the_day(site: Any, path: str) -> None:
    note = soup(site, f"{path}?on=2026-05-20").select_one("main .note")
    assert [_lines(line) for line in note.select("p")] == [
        "Known on 20 May 2026 : the verdicts and the newest builds here.",
        "What happened since : the next restart and the timeline show it. As of today",
    ]
    assert "Known on" not in _lines(soup(site, path).select_one("main"))


def test_a_product_whose_support_has_ended_says_what_came_since(db: Path, at: Any) -> None:
    at("2026-07-24")
    found = {}
    with closing(schema.open_for_writing(db)) as conn:
        for number, day in enumerate(("2025-10-14", "2025-11-11", "2026-01-13"), start=1):
            subject = f"release/win10-22h2/{number}/19045.{number}"
            with schema.transaction(conn):
                conn.execute("insert into subjects (subject, kind) values (?, 'release')", (subject,))
                conn.execute(
                    """insert into releases (release, product, build, build_number, revision, release_date, month, cadence, classification,
                        in_hotpatch_line, in_standard_line, is_unplanned, is_public_preview, is_expired, is_provisional, subject)
                    values (?, 'win10-22h2', ?, 19045, ?, ?, ?, 'B', 'cumulative', 0, 1, 0, 0, 0, 0, ?)""",
                    (number, f"19045.{number}", number, day, day[:7], subject),
                )
            with opened(db, public=True) as ds:
                found[day] = [_lines(line) for line in soup(ds, "/product/win10-22h2").select("main > section > p")]
    ended = "unsupported Support ended: 14 October 2025 (9 months ago)"
    for_whom = "for editions whose support goes on or is paid for"
    assert found["2025-10-14"] == [ended]  # on its last day
    assert found["2025-11-11"] == [ended, f"Since then : 1 update, on 11 November 2025 , {for_whom}"]
    assert found["2026-01-13"] == [ended, f"Since then : 2 updates, the newest on 13 January 2026 , {for_whom}"]


# --- what a page begins with, and what it says -----------------------------------------------------------------------------


def test_changes_begin_with_the_restarts_and_hotpatches_of_the_newest_month(site: Any) -> None:
    box, *_ = soup(site, "/changes").select("main .box")
    assert _lines(box.h2) == "July 2026"
    assert [_lines(line) for line in box.select("li")] == [
        "hotpatch , 18 July 2026 : Windows 11, version 25H2 , Windows 11, version 24H2",
        "baseline , 14 July 2026 : Windows Server 2025 , Windows Server 2022 , Windows 11, version 25H2 , Windows 11, version 24H2",
    ]
    assert box.select_one("p a")["href"] == "/calendar/2026-07"
    # What is chosen is what it is about; a month without either has no such box.
    (line,) = soup(site, "/changes?product=ws2025&month=2026-05").select("main .box li")
    assert _lines(line) == "hotpatch , 12 May 2026 : Windows Server 2025"
    assert soup(site, "/changes?product=ws2019").select("main .box") == []
    fold = soup(site, "/changes").select_one("main details.on-desk")
    assert (fold.has_attr("open"), fold.form is not None) == (False, True)
    assert soup(site, "/changes?kind=hotpatch").select_one("main details.on-desk").has_attr("open")


def test_a_product_names_its_newest_hotpatch_beside_a_newer_baseline(site: Any) -> None:
    for path, said in {
        "ws2025": {"Newest build": "baseline KB5099536 26100.33158 copy", "Newest hotpatch": "hotpatch KB5087423 26100.32772 12 May 2026"},
        "ws2025?on=2026-06-10": {"Newest build": "baseline KB5094125 26100.32995 copy", "Newest hotpatch": "hotpatch KB5087423 26100.32772 12 May 2026"},
        # Where the newest of the line is one, its mark says so.
        "win11-25h2": {
            "Newest, hotpatch line": "hotpatch KB5121768 26200.8893 copy", "Newest, standard line": "cumulative update (LCU) KB5121767 26200.8894 copy",
        },
    }.items():  # fmt: skip
        found = {_lines(name): _lines(name.find_next_sibling("dd")) for name in soup(site, f"/product/{path}").select("dl.newest dt")}
        assert {name: text for name, text in found.items() if name.startswith("Newest")} == said, path


def test_support_that_has_ended_is_not_said_to_end(site: Any) -> None:
    line = soup(site, "/product/win11-23h2").select_one("h1 + p")
    assert _lines(line) == (
        "ends soon Home, Pro: ended Support ends: Enterprise, Education, IoT Enterprise 10 November 2026 (in 16 weeks) "
        "Support ended: Home, Pro 11 November 2025 (8 months ago)"
    )


def test_nothing_known_of_a_product_is_not_nothing_offered(site: Any) -> None:
    text = _lines(soup(site, "/product/win11-26h2").main)
    assert "No release of it is known. Which updates it gets, and whether they restart, is not known." in text
    assert "No release of it by 20 May 2026 is known." in _lines(soup(site, "/product/win11-26h2?on=2026-05-20").main)


def test_machines_of_a_product_that_need_a_restart_have_its_mark(site: Any, at: Any) -> None:
    """In the list by product as in that of machines: of two that are behind, one needs an update that restarts."""
    at("2026-05-20")
    machines = [
        "host,product,build,line",
        "a,ws2025,26100.32690,hotpatch",
        "b,ws2025,26100.32690,standard",
    ]
    fleet = BeautifulSoup(form(site, fleet="\n".join(machines)).text, "lxml")
    assert [
        (_lines(row.td), row.select_one(".status")["class"], _lines(row.select_one(".num")))
        for row in fleet.select("main details table tbody tr")
    ] == [
        ("Windows Server 2025", ["status", "behind", "restarts"], "1"),
        ("Windows Server 2025", ["status", "behind"], "1"),
    ]
    assert {_lines(row.td): row.select_one(".status")["class"][1:] for row in fleet.select("#verdicts tbody tr")} == {
        "a": ["behind"],
        "b": ["behind", "restarts"],
    }


def test_a_fleet_names_the_machines_that_restart(site: Any) -> None:
    behind, patched = "ws2025,26100.32690,hotpatch", "ws2025,26100.33158,hotpatch"
    head = "host,product,build,line"

    def said(*rows: str) -> list[str]:
        fleet = BeautifulSoup(form(site, fleet="\n".join(rows)).text, "lxml")
        return [_lines(line) for line in fleet.select("main .lede + p")]

    assert said(head, f"new,{patched}", f"db1,{behind}", f"<b>,{behind}") == ["A restart is needed on: db1, <b>"]
    assert said(head, *(f"db{number},{behind}" for number in range(11))) == [
        f"A restart is needed on: {', '.join(f'db{n}' for n in range(10))}, …"
    ]
    assert said(head, f"new,{patched}") == []
    assert said("product,build,line", behind) == []  # without a column of hosts there is no name


def test_a_feed_has_the_language_of_its_address(site: Any) -> None:
    english, japanese = (get(site, f"{language}/feeds/releases.atom?product=ws2025") for language in ("", "/ja"))
    read = [BeautifulSoup(answer.content, "xml") for answer in (english, japanese)]
    assert [feed.feed["xml:lang"] for feed in read] == ["en", "ja"]
    assert [feed.entry.title.string.replace("\u00a0", " ") for feed in read] == [
        "Windows Server 2025: baseline (restart) KB5099536 26100.33158 of 2026-07-14",
        "Windows Server 2025: ベースライン (再起動あり) KB5099536 26100.33158 (2026 年 7 月 14 日)",
    ]
    assert [feed.entry.link["href"].removeprefix("http://localhost") for feed in read] == ["/build/26100.33158", "/ja/build/26100.33158"]
    assert read[1].find("link", rel="self")["href"].removeprefix("http://localhost") == "/ja/feeds/releases.atom?product=ws2025"
    assert not {name.string for name in read[0].find_all("id")} & {name.string for name in read[1].find_all("id")}
    assert "/ja/feeds/calendar.atom?product=ws2025" in [link["href"] for link in soup(site, "/ja/subscribe").select("main a")]


def test_a_claim_of_a_document_is_named_in_words(site: Any) -> None:
    names = [_lines(row.th) for row in soup(site, "/ja/hotpatch/claims", subject="eligibility/rule/ws2025/arc/7").select("tbody tr")]
    assert any(name.startswith("規則 7、Windows Server 2025、Azure Arc、製品: Windows Server 2025") for name in names), names
    assert not any(re.search(r"、arc|: ws2025", name) for name in names), names


class TestInABrowser:
    pytestmark = IN_A_BROWSER

    @pytest.mark.parametrize("width", [360, 1400])
    def test_an_unplanned_restart_is_larger_than_a_planned_one(self, width: int, chromium: Any, address: str) -> None:
        with looking(chromium, address, viewport={"width": width, "height": 844}) as page:
            for kind, place in (("calendar/2026", ".year"), ("", ".run")):
                page.goto(f"{address}en/{kind}")
                mark, other = (page.locator(f"{place} .mark{which}").first for which in (".unplanned", ".baseline:not(.unplanned)"))
                assert mark.bounding_box()["width"] == pytest.approx(24, abs=0.5)
                assert other.bounding_box()["width"] < 20
                assert mark.evaluate("(mark) => getComputedStyle(mark, '::after').content") == '"!"'
                assert float(mark.evaluate("(mark) => parseFloat(getComputedStyle(mark, '::after').fontSize)")) >= 19

    @pytest.mark.parametrize("width", [360, 390, 800, 1400])
    @pytest.mark.parametrize("language", ["en", "ja"])
    def test_the_fields_of_costs_line_up(self, language: str, width: int, chromium: Any, address: str) -> None:
        """Their left and right edges are those of two columns on a phone, of three on a desk; those of a row are as high as each other."""
        with looking(chromium, address, viewport={"width": width, "height": 844}) as page:
            page.goto(f"{address}{language}/cost")
            fields = [field.bounding_box() for field in page.locator("form.cost :is(input[type=text], select)").all()]
            assert len(fields) == 8
            columns = 2 if width < 640 else 3
            assert len({round(field["x"]) for field in fields}) == columns
            assert len({round(field["x"] + field["width"]) for field in fields}) == columns
            rows = {field["id"]: field["y"] for field in page.locator("form.cost :is(input[type=text], select)").evaluate_all(
                "(fields) => fields.map((field) => ({id: field.id, y: Math.round(field.getBoundingClientRect().y)}))"
            )}  # fmt: skip
            assert rows["servers"] == rows["cores_per_server"]
            assert rows["from"] == rows["to"]
            assert rows["platform"] == rows["currency"]
            checks = {round(box.bounding_box()["x"]) for box in page.locator("form.cost input[type=checkbox]").all()}
            assert checks <= {round(field["x"]) for field in fields}

    @pytest.mark.parametrize("language", ["en", "ja"])
    def test_links_in_lists_are_apart_on_a_phone(self, language: str, chromium: Any, address: str) -> None:
        """Each has 44 pixels, and 8 between it and the next one."""
        with looking(chromium, address, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True) as page:
            for kind in ("api", "subscribe", "changes", "hotpatch"):
                page.goto(f"{address}{language}/{kind}")
                boxes = [link.bounding_box() for link in page.locator("main :is(.links, .taps, dl.tables dt) a").all()]
                assert len(boxes) > 2, kind
                assert [box for box in boxes if box["height"] < 43.5] == [], kind
                for place, one in enumerate(boxes):
                    for other in boxes[place + 1 :]:
                        aside = max(one["x"], other["x"]) - min(one["x"] + one["width"], other["x"] + other["width"])
                        below = max(one["y"], other["y"]) - min(one["y"] + one["height"], other["y"] + other["height"])
                        assert max(aside, below) >= 7.5, (kind, one, other)

    def test_the_cards_of_the_home_page_have_the_same_columns(self, chromium: Any, address: str) -> None:
        with looking(chromium, address, viewport={"width": 1400, "height": 1000}) as page:
            page.goto(f"{address}en/")
            cards = page.locator(".answer").all()
            assert len(cards) == 4
            for part in (".when", ".newest dt", ".newest dd"):
                lefts = {round(found.bounding_box()["x"]) for card in cards for found in card.locator(part).all()}
                assert len(lefts) == 1, part
            for card in cards:
                lines = [line.bounding_box()["height"] for line in card.locator(".newest dd:has(button.copy)").all()]
                assert max(lines) < 40  # build, KB and button side by side
                for label, value in zip(card.locator(".newest dt").all(), card.locator(".newest dd").all(), strict=True):
                    assert abs(label.bounding_box()["y"] - value.bounding_box()["y"]) < 20
