"""Days in words: how far away they are, in both languages."""

from __future__ import annotations

import asyncio

import pytest
from bs4 import BeautifulSoup
from helpers.datasettes import Datasette

from hotpatch_kb.db.site import i18n, when

TODAY = "2026-11-26"


@pytest.mark.parametrize(
    ("day", "english", "japanese"),
    [
        ("2026-11-26", "today", "今日"),
        ("2026-11-27", "tomorrow", "明日"),
        ("2026-11-25", "yesterday", "昨日"),
        ("2026-12-08", "in 12 days", "12\u00a0日後"),
        ("2026-12-16", "in 20 days", "20\u00a0日後"),
        ("2026-12-17", "in 3 weeks", "3\u00a0週間後"),
        ("2027-01-12", "in 7 weeks", "7\u00a0週間後"),
        ("2027-04-13", "in 5 months", "5\u00a0か\u2060月後"),
        ("2034-11-14", "in 8 years", "8\u00a0年後"),
        ("2026-10-13", "6 weeks ago", "6\u00a0週間前"),
    ],
)
def test_distances(day: str, english: str, japanese: str) -> None:
    assert when.distance(day, TODAY, i18n.words("en")) == english
    assert when.distance(day, TODAY, i18n.words("ja")) == japanese


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-11-25", "1 day late"),
        ("2026-11-10", "16 days late"),
        ("2026-07-23", "4 months late"),
    ],
)
def test_late(day: str, said: str) -> None:
    assert when.late(day, TODAY, i18n.words("en")) == said


@pytest.mark.parametrize(
    ("day", "japan"),
    [
        ("2026-10-13", "14\u00a0日(水)"),
        ("2026-03-31", "4\u00a0月\u00a01\u00a0日(水)"),
        ("2026-12-31", "1\u00a0月\u00a01\u00a0日(金)"),
        ("2028-02-28", "29\u00a0日(火)"),
        ("2026-02-28T18:00:00Z", "3\u00a0月\u00a01\u00a0日(日)"),
        ("9999-12-31", ""),
        ("soon", ""),
    ],
)
def test_a_day_of_the_usa_is_the_next_one_in_japan(day: str, japan: str) -> None:
    assert when.in_japan(day) == japan
    shown = when.time_element(day, "ja", weekday=True)
    assert (f"米国時間、日本では {japan}<" in shown) == bool(japan)
    assert "日本では" not in when.time_element(day, "ja") + when.time_element(day, "en", weekday=True)


@pytest.mark.parametrize(
    ("after", "until", "count"),
    [
        ("2026-07-23", "2026-11-26", 4),
        ("2026-07-14", "2026-08-10", 0),
        ("2026-07-13", "2026-07-14", 1),
        (None, "2026-11-26", 0),
        ("x", "2026-11-26", 0),
    ],
)
def test_patch_tuesdays_that_have_passed(after: str | None, until: str, count: int) -> None:
    assert when.patch_tuesdays(after, until) == count


def test_days_are_written_as_in_a_sentence() -> None:
    assert when.written("2026-10-13", "en") == "13 October 2026"
    assert when.written("2026-10-13T10:00:00Z", "en", weekday=True) == "Tue 13 Oct 2026"
    assert when.written("2026-10-13", "ja", weekday=True) == "2026\u00a0年\u00a010\u00a0月\u00a013\u00a0日(火)"
    assert (when.written("soon", "en"), when.written(None, "ja")) == ("soon", "")
    assert when.time_element('"><script>', "en") == '<time datetime="&#34;&gt;&lt;script&gt;">&#34;&gt;&lt;script&gt;</time>'


def test_a_page_of_another_day_counts_from_that_day(public: Datasette) -> None:
    page = asyncio.run(public.client.get("/product/ws2025?on=2026-05-20")).text
    card = BeautifulSoup(page, "lxml").select_one(".answers .when")
    assert card is not None
    assert card.get_text(" ", strip=True) == "Tue 9 Jun 2026 in 20 days"
    assert "What happened since</strong>: the next restart and the timeline show it." in page
