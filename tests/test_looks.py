"""What pages look like: what is folded, what lines up, what is told apart. Tables of the data: test_tables_shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from helpers.datasettes import get, opened
from helpers.looking import CHROMIUM, looking
from helpers.serving import served_as_of_day

in_a_browser = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium fonts-noto-cjk"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def site(seeded: Path, at: Any) -> Iterator[Any]:
    at("2026-07-24")
    with opened(seeded, public=True) as ds:
        yield ds


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served_as_of_day(tmp_path_factory.mktemp("served"), "--public") as url:
        yield url


def _soup(site: Any, path: str) -> BeautifulSoup:
    answer = get(site, path)
    assert answer.status_code == 200
    return BeautifulSoup(answer.text, "lxml")


# --- calendar -----------------------------------------------------------------------------------------------------------


def test_a_year_unfolds_one_product(site: Any) -> None:
    folds = _soup(site, "/calendar/2026").select("main details.documents")
    assert [fold.h2.get_text() for fold in folds] == [
        "Windows Server 2025", "Windows Server 2022", "Windows 11, version 25H2", "Windows 11, version 24H2",
    ]  # fmt: skip
    assert [fold.has_attr("open") for fold in folds] == [True, False, False, False]
    assert folds[0].summary.span.get_text() == "12 months, 7 released"
    assert len(folds[1].select("tbody tr")) == 12


def test_what_was_stated_of_a_month_is_folded_below_its_releases(site: Any) -> None:
    page = _soup(site, "/calendar/2026-06")
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
    page = _soup(site, f"/calendar/{year}")
    assert [note.get_text() for note in page.select("main p.note")] == ([said] if said else [])
    # Then each plan would be "by the cadence".
    assert ("Planned" in [head.get_text() for head in page.select("table.months th")]) == (said is None)


def test_a_cell_without_a_mark_says_why(site: Any) -> None:
    page = _soup(site, "/calendar/2027")
    row = next(row for row in page.select("table.year tbody tr") if row.th.get_text() == "Windows Server 2022")
    assert [cell.select_one(".sr").get_text() for cell in row.select("td:has(.none)")] == ["hotpatching or support has ended"] * 2
    first = _soup(site, "/calendar/2024").select_one("table.year .none .sr")
    assert first.get_text() == "nothing published"


class TestInABrowser:
    pytestmark = in_a_browser

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
