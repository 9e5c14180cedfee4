"""What a table of the data looks like: what an update is has its mark, numbers are aligned, a page says how many rows it has and leads on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from helpers.datasettes import get, soup
from helpers.looking import IN_A_BROWSER, looking, overflows

from hotpatch_kb.db.site import tables


@pytest.fixture
def site(own: Any) -> Any:
    return own


@pytest.mark.parametrize(
    ("kb", "language", "mark", "text"),
    [
        ("5087423", "en", "hotpatch", "hotpatch"),
        ("5099536", "en", "baseline", "baseline"),
        ("5087539", "en", "cumulative", "cumulative"),
        ("5087423", "ja", "hotpatch", "ホットパッチ"),
    ],
)
def test_what_a_release_is_comes_second_with_its_mark(site: Any, kb: str, language: str, mark: str, text: str) -> None:
    row = soup(site, f"/{language}/hotpatch/releases", kb=kb, product="ws2025").select_one("table.data tbody tr")
    assert row.th.get_text(strip=True) == f"KB{kb}"
    cell = row.select("td")[0]
    assert cell["class"] == ["col-classification"]
    assert cell.select_one("i.mark")["class"] == ["mark", mark]
    assert cell.get_text(strip=True) == text


def test_a_release_without_a_kb_is_called_by_what_is_known_of_it(site: Any) -> None:
    row = soup(site, "/hotpatch/releases", kb__isblank="1", product="ws-azure-preview", release_date="2021-04-13").select_one(
        "table.data tbody tr"
    )
    assert row.th.a.get_text(strip=True) == "Baseline, 13 April 2021, Windows Server Azure Edition (preview of 2021)"


def test_a_month_that_is_expected_is_hollow(site: Any) -> None:
    for month, classes in (("2026-06", ["mark", "baseline"]), ("2026-10", ["mark", "baseline", "expected"])):
        row = soup(site, "/hotpatch/hotpatch_calendar", month=month, product="ws2025").select_one("table.data tbody tr")
        assert row.select_one("td.col-expected_type i.mark")["class"] == classes


def test_a_page_of_a_table_says_how_many_rows_it_has_above_and_below(site: Any) -> None:
    page = soup(site, "/hotpatch/releases", _size="50")
    above, below = page.select(".pager")
    count = int(page.title.string.split(": ")[1].split(" ")[0].replace(",", ""))
    assert count > 800
    assert above.h2.get_text() == f"{count:,} rows 50 on this page"
    assert below.strong.get_text() == above.h2.get_text()
    following = [pager.find("a", string="Next page")["href"] for pager in (above, below)]
    assert following[0] == following[1]
    assert above.find("a", string="First page") is None
    second = soup(site, following[0])
    assert second.select_one(".pager").find("a", string="First page")["href"].partition("?")[0] == "/hotpatch/releases"
    assert "_next" not in second.select_one(".pager").find("a", string="First page")["href"]
    whole = soup(site, "/hotpatch/products")
    assert [pager.get_text(strip=True) for pager in whole.select(".pager")] == ["27 rows"]


def test_a_phone_folds_what_is_not_read_first(site: Any) -> None:
    row = soup(site, "/hotpatch/releases", kb="5087423").select_one("table.data tbody tr")
    assert [cell["class"][0] for cell in row.select("td:not(.side)")] == [
        "col-classification", "col-release_date", "col-build", "col-product", "fold",
    ]  # fmt: skip
    folded = [cell for cell in row.select("td.side") if cell.get_text(strip=True)]
    assert row.select_one(".fold summary").get_text() == f"{len(folded)} more fields"
    assert len(folded) > 10
    assert soup(site, "/hotpatch/data_until").select(".fold") == []  # three columns


def test_every_table_shows_columns_that_it_has(site: Any) -> None:
    for name, about in tables.about().items():
        columns = get(site, f"/hotpatch/{name}.json", _size="1").json()["columns"]
        assert [column for column in about.first if column not in columns] == [], name
        assert 1 <= len(about.first) <= 6 or name == "fact_claims", name


@pytest.mark.parametrize(
    ("sql", "aligned"),
    [
        ("select product, count(*) as releases, max(kb) as newest_kb from releases group by 1", ["releases"]),
        ("select month, 0.5 as share, null as empty, build from releases where month is not null limit 3", ["share"]),
        ("select case when kb % 2 then kb else 'even' end as mixed from releases where kb is not null", []),
    ],
)
def test_the_name_of_a_column_of_numbers_is_aligned_as_they_are(site: Any, sql: str, aligned: list[str]) -> None:
    page = soup(site, "/hotpatch", sql=sql)
    assert [head.get_text() for head in page.select("table.data th.num")] == aligned
    assert {cell["data-of"] for cell in page.select("table.data td.num")} == set(aligned)


def test_columns_of_numbers_of_a_table(site: Any) -> None:
    page = soup(site, "/hotpatch/sections")
    assert [head.get_text(strip=True) for head in page.select("table.data th.num")] == ["row_count", "release_count"]
    assert soup(site, "/hotpatch/builds").select("table.data :is(td, th).num.col-build") == []


class TestInABrowser:
    pytestmark = IN_A_BROWSER

    def test_on_a_desk_a_table_is_wider_than_the_text(self, chromium: Any, address: str) -> None:
        with looking(chromium, address, viewport={"width": 1400, "height": 1000}) as page:
            page.goto(f"{address}hotpatch/releases")
            assert page.locator(".scroll").first.bounding_box()["width"] > 1300
            assert page.locator(".content > p.lede, .content > p").first.bounding_box()["width"] <= 704
            table = page.locator(".scroll").first.bounding_box()
            assert table["x"] == pytest.approx(1400 - table["x"] - table["width"], abs=1)  # as far from the left as from the right
            heads = [head.bounding_box() for head in page.locator("table.data thead th").all()]
            assert len([head for head in heads if head["x"] + head["width"] <= 1400]) >= 9
            rows = [row.bounding_box()["height"] for row in page.locator("table.data tbody tr").all()]
            assert max(rows) < 60

    def test_the_header_stays_where_it_is_on_other_pages(self, chromium: Any, address: str) -> None:
        with looking(chromium, address, viewport={"width": 1400, "height": 1000}) as page:
            found = {}
            for path in ("", "hotpatch/releases", "hotpatch/products/ws2025", "hotpatch/what_is_this_build?build=26100.6905"):
                page.goto(f"{address}en/{path}")
                parts = ("header .home-link", "header nav a", "h1", "footer nav a")
                found[path] = [page.locator(part).first.bounding_box()["x"] for part in parts]
                assert not overflows(page), path
            assert len({tuple(places) for places in found.values()}) == 1, found

    def test_a_phone_unfolds_one_row(self, chromium: Any, address: str) -> None:
        with looking(chromium, address, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True) as page:
            page.goto(f"{address}hotpatch/releases")
            first, second = page.locator("table.data tbody tr").all()[:2]
            shown = "(row) => [...row.children].filter((cell) => cell.checkVisibility()).map((cell) => cell.className)"
            before = ["", "col-classification", "col-release_date", "col-build", "col-product", "fold"]
            assert first.evaluate(shown) == before
            assert first.bounding_box()["height"] < 260
            first.locator("summary").click()
            assert len(first.evaluate(shown)) > 15
            assert second.evaluate(shown) == before
            button = page.locator(".pager a.button").first.bounding_box()
            assert button["y"] < first.bounding_box()["y"]
            assert re.fullmatch(r"[\d,]+ rows\s+50 on this page", page.locator(".pager h2").inner_text())
