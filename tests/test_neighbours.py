"""The calendars of Learn and the navigation of the support site tell on each other: one that stands still has no fault of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers import render
from helpers.changed_trees import JULY, calendar, navigation
from helpers.webhook import Hook

SOURCES = ("--source", "learn_release_info", "--source", "support_navigation")


@pytest.fixture
def drift(run: Command, tmp_path: Path) -> Callable[..., list[tuple[str, str]]]:
    """Crawls folders, and returns what is said of Windows Server 2025: source and note."""

    def crawled(*files: Path) -> list[tuple[str, str]]:
        for file in files:
            folder = next(parent for parent in file.parents if parent.parent == tmp_path)
            assert run("crawl", "--db", "x.db", "--no-seed", "--from", folder, *SOURCES).code == 0
        rows: list[dict[str, Any]] = run("status", "--drift", "--db", "x.db", "--json").json()
        return [(row["source"], row["note"]) for row in rows if row["name"] == "neighbour" and " ws2025 " in row["note"]]

    return crawled


def test_a_calendar_that_stands_still_is_told_by_the_navigation_until_it_has_the_release(drift: Any, run: Command, tmp_path: Path) -> None:
    """The navigation has July's baseline, the calendar plans it still."""
    assert drift(navigation(tmp_path, "2026-07-15"), calendar(tmp_path, "2026-07-15", None)) == []  # a day is allowed
    assert drift(calendar(tmp_path, "2026-07-16", None)) == [
        (
            "learn_release_info",
            "expected a baseline of 2026-07-14, within a day, for ws2025 as in the navigation of the support site, got none on a page of 2026-07-16",
        )
    ]
    # Nothing is refused, and nobody is called stale for it.
    assert {row["state"] for row in run("status", "--db", "x.db", "--json").json() if row["source"] == "learn_release_info"} == {"ok"}
    assert drift(calendar(tmp_path, "2026-07-17", JULY)) == []


def test_a_navigation_that_lacks_a_release_is_told_by_the_calendar(drift: Any, tmp_path: Path) -> None:
    """The calendar has May's hotpatch and July's baseline, the navigation has neither."""

    def without(entries: list[render.NavEntry]) -> list[render.NavEntry]:
        return [entry for entry in entries if "KB5087423" not in entry.title and not entry.title.startswith("July 14")]

    found = drift(calendar(tmp_path, "2026-06-20", None), navigation(tmp_path, "2026-06-20", without))
    assert found == [
        (
            "support_navigation",
            "expected KB5087423 of 2026-05-12, within a day, for ws2025 as in the calendar of Learn, got none on a page of 2026-06-20",
        )
    ]
    # What is older than 45 days was told in its time.
    assert drift(navigation(tmp_path, "2026-06-28", without)) == []


def test_days_that_differ_by_more_than_one_are_told_of_both(drift: Any, tmp_path: Path) -> None:
    """The navigation dates a hotpatch two days later than the calendar."""

    def later(entries: list[render.NavEntry]) -> list[render.NavEntry]:
        return [replace(entry, title=entry.title.replace("May 12, 2026—Hotpatch", "May 14, 2026—Hotpatch")) for entry in entries]

    found = drift(calendar(tmp_path, "2026-06-08", None), navigation(tmp_path, "2026-06-08", later))
    assert {source for source, _ in found} == {"learn_release_info", "support_navigation"}
    assert sorted(note for _, note in found) == [
        "expected KB5087423 of 2026-05-12, within a day, for ws2025 as in the calendar of Learn, got 2026-05-14 on a page of 2026-06-08",
        "expected KB5087423 of 2026-05-14, within a day, for ws2025 as in the navigation of the support site, got 2026-05-12 on a page of 2026-06-08",
    ]


def test_what_both_have_and_what_is_out_of_band_is_no_difference(drift: Any, tmp_path: Path) -> None:
    out_of_band = render.NavEntry("July 16, 2026—Hotpatch KB5900001 (OS Build 26100.33170) Out-of-band", "kb5900001")
    files = calendar(tmp_path, "2026-07-20", JULY), navigation(tmp_path, "2026-07-20", lambda entries: [out_of_band, *entries])
    assert drift(*files) == []


def test_a_component_among_the_hotpatch_notes_is_no_difference(drift: Any, tmp_path: Path) -> None:
    """KB5070893, of WSUS, on 2025-10-24: no calendar has it, and none lacks it."""
    component = render.NavEntry(
        "July 16, 2026—KB5900002 (OS Build 26100.33171) Security Update for Windows Server Update Services", "kb5900002"
    )
    files = calendar(tmp_path, "2026-07-20", JULY), navigation(tmp_path, "2026-07-20", lambda entries: [component, *entries])
    assert drift(*files) == []


def test_a_row_of_the_calendar_without_a_kb_is_that_of_its_day(drift: Any, tmp_path: Path) -> None:
    """The calendar has the day and build of July's hotpatch and no KB yet; the navigation has all of it."""

    def hotpatch(entries: list[render.NavEntry]) -> list[render.NavEntry]:
        july = render.NavEntry("July 14, 2026—Hotpatch KB5900003 (OS Build 26100.33158)", "kb5900003")
        return [july, *(entry for entry in entries if not entry.title.startswith("July 14"))]

    row = replace(JULY, type="Hotpatch", kb="", href="")
    assert drift(calendar(tmp_path, "2026-07-20", row), navigation(tmp_path, "2026-07-20", hotpatch)) == []


def test_a_source_that_is_behind_is_told_once_for_each_release(
    drift: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: Hook
) -> None:  # fmt: skip
    """A server that gives the old page again and again; and what is older than 45 days has not recovered."""
    monkeypatch.setenv("HOTPATCH_KB_WEBHOOK", hook.url)
    drift(navigation(tmp_path, "2026-07-16"), calendar(tmp_path, "2026-07-16", None))
    told = [text for text in hook.texts() if " ws2025 " in text]
    lacks = "expected a baseline of 2026-07-14, within a day, for ws2025 as in the navigation of the support site, got none on a page of 2026-07-16"
    assert told == [f"source learn_release_info does not have what another source has: {lacks}; hotpatch-kb status --drift says more"]
    drift(calendar(tmp_path, "2026-07-17", JULY), calendar(tmp_path, "2026-07-18", None), calendar(tmp_path, "2026-09-30", None))
    assert [text for text in hook.texts() if (" ws2025 " in text and "read or believed" not in text) or "recovered" in text] == told


def test_recorded_pages_of_both_generations_agree(run: Command, shared: Path) -> None:
    for folder in ("pages-2026-05", "pages"):
        assert run("crawl", "--db", "x.db", "--no-seed", "--from", shared / folder).code in {0, 3}
    rows = run("status", "--drift", "--db", "x.db", "--json").json()
    assert [row["note"] for row in rows if row["name"] == "neighbour"] == []
