"""Every source on its own pages: the golden result beside each page is what it states, or why it is refused."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers import render
from make_pages import PAGES, pages

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.scraper.sources import registry
from hotpatch_kb.scraper.sources.embedded import records

RENDERED = pages()
CASES = sorted(
    str(path.relative_to(PAGES)).replace("\\", "/")
    for path in PAGES.rglob("*")
    if path.suffix and not path.name.endswith((".html.json", ".md.json", ".json.json", ".xml.json"))
)
_TYPES = {
    ".md": "text/markdown; charset=utf-8", ".html": "text/html; charset=utf-8", ".json": "application/json", ".xml": "application/xml",
}  # fmt: skip


def _page(name: str) -> Page:
    source, _, file = name.partition("/")
    page = RENDERED[name]
    kind = _TYPES[f".{file.rpartition('.')[2]}"]
    asked = page.asked or page.url
    return Page(source, page.url, asked, page.url, "2026-07-23T12:00:00Z", 200, (PAGES / name).read_bytes(), {"content-type": kind})


def test_pages_are_what_the_renderer_makes_of_the_facts() -> None:
    assert sorted(RENDERED) == CASES
    for name, page in RENDERED.items():
        assert (PAGES / name).read_bytes() == page.bytes(), f"{name}: run python tests/make_pages.py"


@pytest.mark.parametrize("name", CASES)
def test_pages(name: str, golden: Callable[[Path, Any], None]) -> None:
    page = _page(name)
    result: Any
    try:
        sections: dict[str, dict[str, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
        claims = list(registry()[page.source].parse(page))
        for claim in claims:
            sections[claim.section][claim.subject][claim.field] = (
                claim.value if claim.value == claim.value_text else [claim.value, claim.value_text]
            )
        assert len({(c.section, c.subject, c.field) for c in claims}) == len(claims)
        result = sections
    except UnexpectedPage as error:
        result = {"refused": str(error)}
    assert ("refused" in name) == ("refused" in result)
    golden((PAGES / name).with_suffix((PAGES / name).suffix + ".json"), result)


def test_no_golden_is_left_over() -> None:
    assert sorted(
        str(path.relative_to(PAGES))
        for path in PAGES.rglob("*")
        if path.name.endswith((".html.json", ".md.json", ".json.json", ".xml.json"))
    ) == sorted(f"{name}.json" for name in CASES)


def test_html_and_markdown_of_one_page_state_the_same() -> None:
    """As published: markdown escapes the footnote's mark, HTML does not; all values agree."""
    stated = [
        {(c.section, c.subject, c.field): c.value for c in registry()["learn_release_info"].parse(_page(f"learn_release_info/{name}"))}
        for name in ("server.md", "server-crlf.md", "server.html")
    ]
    assert stated[0] == stated[1] == stated[2]


def test_old_and_new_layout_name_the_same_releases() -> None:
    """Each entry of the old navigation, which stands twice in the page, is an entry of the new one, with another link."""
    new, old = (
        {
            (c.section, c.subject, c.field): c.value
            for c in registry()["support_navigation"].parse(_page(f"support_navigation/hotpatch-{layout}-layout.html"))
        }
        for layout in ("new", "old")
    )
    links = {"article_url", "article_kb", "slug_build", "slug_kb"}
    assert {key: value for key, value in old.items() if key[2] not in links}.items() <= new.items()
    assert {value for key, value in old.items() if key[2] == "article_kb" and key[1].endswith("2026-04-14/baseline")} == {
        "5089602",
        "5086656",
        "5086657",
    }


def test_claims_are_counted_by_row_not_by_claim() -> None:
    page = _page("support_navigation/hotpatch-new-layout.html")
    rows = defaultdict(set)
    for claim in registry()["support_navigation"].parse(page):
        rows[claim.section].add(claim.row)
    assert {section: sorted(found) for section, found in rows.items()} == {
        section: list(range(len(found))) for section, found in rows.items()
    }


def _navigation(*titles_and_links: tuple[str, str]) -> dict[tuple[str, str], str | None]:
    entries = [render.NavEntry(title, href) for title, href in titles_and_links]
    category = render.NavCategory("Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition", "release-notes", entries)
    body = render.navigation_new([category], h1="Release notes", url=render.HOTPATCH_HUB["new"]).encode()
    page = Page(
        "support_navigation",
        render.HOTPATCH_HUB["new"],
        render.HOTPATCH_HUB["new"],
        render.HOTPATCH_HUB["new"],
        "2026-07-23T12:00:00Z",
        200,
        body,
    )
    return {(claim.subject, claim.field): claim.value for claim in registry()["support_navigation"].parse(page)}


def test_two_values_of_one_thing_are_both_kept() -> None:
    """A title's KB of a baseline and its link may differ; an entry may stand twice with two dates."""
    found = _navigation(
        ("April 14, 2026—Baseline (KB5089602)", "/en-us/help/5089603"),
        ("May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)", "a"),
        ("May 13, 2026—Hotpatch KB5087423 (OS Build 26100.32772)", "a"),
    )
    baseline, hotpatch = "release/ws2025/2026-04-14/baseline", "release/ws2025/5087423/26100.32772"
    assert (found[baseline, "article_kb"], found[baseline, "article_kb#2"]) == ("5089602", "5089603")
    assert (found[hotpatch, "release_date"], found[hotpatch, "release_date#2"]) == ("2026-05-12", "2026-05-13")


def test_links_out_of_microsofts_sites_are_no_addresses() -> None:
    for href in (
        "javascript:alert(1)",
        "https://evil.example/x",
        "//evil.example/x",
        "data:text/html,x",
        "https://microsoft.com.evil.example/",
    ):
        found = _navigation(("May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)", href))
        assert found["release/ws2025/5087423/26100.32772", "article_url"] is None
    found = _navigation(("May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)", "../2026/x?branch=pr-en-us-325#top"))
    assert (
        found["release/ws2025/5087423/26100.32772", "article_url"]
        == "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2026/x"
    )


def test_a_line_that_is_new_is_read_without_a_change_of_the_program() -> None:
    info = render.windows11_release_info("2026-07")
    text = render.release_info_html(info).replace("25H2", "27H2").replace("26200", "27900")
    page = Page(
        "learn_release_info",
        render.WINDOWS11_INFO,
        render.WINDOWS11_INFO,
        render.WINDOWS11_INFO,
        "2026-07-23T12:00:00Z",
        200,
        text.encode(),
    )
    subjects = {claim.subject for claim in registry()["learn_release_info"].parse(page)}
    assert "release/win11-27h2/5101650/27900.8875" in subjects
    assert "calendar/win11-27h2/2026-07" in subjects


def test_toc_and_navigation_name_the_same_releases() -> None:
    navigation, toc = (
        {(c.section, c.subject, c.field): c.value for c in registry()[source].parse(_page(f"{source}/{name}"))}
        for source, name in (("support_navigation", "hotpatch-new-layout.html"), ("support_toc", "hotpatch.json"))
    )
    links = {"article_url", "slug_build"}
    assert {key: value for key, value in toc.items() if key[2] not in links} == {
        key: value for key, value in navigation.items() if key[2] not in links
    }


def test_the_recorded_toc_is_read_whole(shared: Path) -> None:
    body = (shared / "samples" / "support-toc-json" / "windows11-servicing-toc-live-sample.json").read_bytes()
    url = "https://support.microsoft.com/en-us/servicing/os/windows-11/toc.json"
    claims = list(registry()["support_toc"].parse(Page("support_toc", url, url, url, "2026-08-05T12:00:00Z", 200, body)))
    leaves = sum(len(item["children"]) for item in json.loads(body.decode("utf-8-sig"))["items"])
    no_releases = 6  # five hubs (21H2's and 24H2's among them) and one "End of servicing statement"
    titles = {(c.section, c.row) for c in claims if c.field == "title"}
    assert leaves == 302
    assert len(titles) in {leaves - no_releases, leaves - no_releases - 1}
    assert ("release/win11-25h2/5101684/26200.8973", "classification", "preview") in {(c.subject, c.field, c.value) for c in claims}
    assert all(
        c.value and c.value.startswith("https://support.microsoft.com/en-us/servicing/os/windows-11/20")
        for c in claims
        if c.field == "article_url"
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("product\tday\nws2025\t2026-05-12\n", "expected the columns product, date in a.tsv, got none called date"),
        ("product\tdate\nws2025\n", "expected 2 cells in row 1 of a.tsv, got others"),
        ("product\tdate\nws2025\t2026-05-12\tmore\n", "expected 2 cells in row 1 of a.tsv, got others"),
    ],
)
def test_a_table_that_comes_with_the_program_and_cannot_be_read(body: str, message: str) -> None:
    with pytest.raises(UnexpectedPage, match=message):
        list(records(Page("facts_x", "a.tsv", "a.tsv", "a.tsv", "2026-11-22T00:00:00Z", 200, body.encode()), "product", "date"))


def test_the_constructed_hubs_are_read_or_refused_for_their_reason(shared: Path) -> None:
    """The navigation is read whole. A page of month tables alone has no navigation: Learn's calendar has what they say, with dates and builds."""

    def parse(name: str) -> list[Any]:
        body = (shared / "samples" / "constructed" / name).read_bytes()
        url = render.HOTPATCH_HUB["new"]
        return list(registry()["support_navigation"].parse(Page("support_navigation", url, url, url, "2026-09-26T12:00:00Z", 200, body)))

    entries = defaultdict(set)
    for claim in parse("hotpatch-nav-new-layout.html"):
        entries[claim.section].add(claim.row)
    assert {section: len(rows) for section, rows in entries.items()} == {
        "Release notes for Hotpatch on Windows Server 2025 Datacenter Azure Edition": 6,
        "Release notes for Hotpatch in Azure Automanage for Windows Server 2022": 2,
        "Windows 11 Enterprise version 25H2": 2,
    }
    with pytest.raises(UnexpectedPage, match=r"expected a navigation .*, got none on 'Release notes for Hotpatch in Azure Automanage"):
        parse("hotpatch-month-table-old-layout.html")
