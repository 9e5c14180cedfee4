"""Hubs that no list names: found by the links of the pages that are read, and read in the same run (case 51)."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers import render
from helpers.dumps import dump, query
from helpers.mirror import HTML, Mirror, Reply
from rendered.support_toc import toc

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.scraper.crawl import hubs as of_crawl
from hotpatch_kb.scraper.parsing.support.hubs import hub_at, hubs_on
from hotpatch_kb.scraper.sources import registry

OS = "https://support.microsoft.com/en-us/servicing/os"
NEW_HUB = f"{OS}/windows-11/2026/09/windows-11-version-26h2-update-history"
NAVIGATION = [
    argument
    for name in (*(n for n in registry() if n.startswith("facts")), "support_navigation", "support_toc")
    for argument in ("--source", name)
]
GUID = "0929c747-1815-4543-8461-0160d16f15e5"

NEW_ENTRIES = [
    render.NavEntry("October 13, 2026—KB5200002 (OS Build 26300.2222)", "../10/kb5200002-windows-11-security-update"),
    render.NavEntry("September 29, 2026—KB5200001 (OS Build 26300.2000)", "kb5200001-windows-11-update"),
]


def _category(name: str, href: str, entries: list[render.NavEntry]) -> render.NavCategory:
    return render.NavCategory(name, href, entries)


def _page(url: str, categories: list[render.NavCategory], h1: str = "Update history") -> str:
    return render.navigation_new(categories, h1=h1, url=url)


def _windows11(*more: render.NavCategory) -> str:
    return _page(render.WINDOWS11_HUB["new"], [*more, *render.windows11_categories()])


def _serve(mirror: Mirror, pages: dict[str, str]) -> None:
    for url, text in pages.items():
        mirror.serve(url, text)


def _releases(db: Path, product: str) -> list[tuple[Any, ...]]:
    return query(db, "select kb, build, release_date, in_standard_line from releases where product = ? order by release_date", product)


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_hub_of_a_new_version_is_read_in_the_run_that_finds_it(run: Command, tmp_path: Path, *, is_listed: bool) -> None:
    """A category that the program does not know links to its hub; its releases are of a product of its own, win11-26h2."""
    known = _category(
        "Windows 11, version 26H2", "../../2026/09/windows-11-version-26h2-update-history", NEW_ENTRIES[1:] if is_listed else []
    )
    new = _category("Windows 11, version 26H2", "windows-11-version-26h2-update-history", NEW_ENTRIES)
    with Mirror() as mirror:
        _serve(mirror, {render.WINDOWS11_HUB["new"]: _windows11(known), NEW_HUB: _page(NEW_HUB, [new])})
        done = run("crawl", "--db", "x.db", "--no-seed", "--mirror", mirror.url, *NAVIGATION)
        assert mirror.asked().count(NEW_HUB) == 1
        assert f"found a hub that no list names: {NEW_HUB}, linked from {render.WINDOWS11_HUB['new']}" in done.err
        assert _releases(tmp_path / "x.db", "win11-26h2") == [
            (5200001, "26300.2000", "2026-09-29", 1),
            (5200002, "26300.2222", "2026-10-13", 1),
        ]
        products = query(tmp_path / "x.db", "select name, family, build_number from products where product = 'win11-26h2'")
        assert products == [("Windows 11, version 26H2", "client", 26300)]
        assert run("lookup", "26300.2222", "--db", "x.db", "--json").json()[0]["matches"][0]["product"] == "win11-26h2"
        # It is read again in each run, and said once.
        time.sleep(1.1)
        done = run("crawl", "--db", "x.db", "--mirror", mirror.url, *NAVIGATION)
        assert mirror.asked().count(NEW_HUB) == 2
        assert "no list names" not in done.err
    drift = run("status", "--drift", "--db", "x.db", "--json").json()
    # A first release that is not of a second Tuesday stays a fact, and is kept apart, once: at the first of the pages that list it.
    required = [row for row in drift if row["is_required"] and row["name"] != "missing release" and "263" in row["section"] + row["note"]]
    assert [(row["name"], row["page_url"], row["note"].partition(": ")[2]) for row in required] == [
        ("quarantined entry", render.WINDOWS11_HUB["new"] if is_listed else NEW_HUB, "'KB5200001 (OS Build 26300.2000) of 2026-09-29'")
    ]
    assert run("replay", "--db", "y.db", "--archive", "x.db.archive").code == 0
    assert dump(tmp_path / "y.db", ("releases", "products", "claims")) == dump(tmp_path / "x.db", ("releases", "products", "claims"))


def test_a_hub_that_toc_json_or_learn_links_to_is_read(run: Command, tmp_path: Path) -> None:
    """A server of 2028 stands in a table of Learn, Windows 11 26H2 in toc.json: both hubs are read."""
    server = f"{OS}/windows-server/2028/10/windows-server-2028-update-history"
    content = toc(render.windows11_categories()).replace(
        '"items": [', '"items": [{"toc_title": "26H2", "href": "2026/09/windows-11-version-26h2-update-history"},', 1
    )
    content = content.replace(
        '{"toc_title": "26H2", "href"',
        '{"toc_title": "Windows 11, version 26H2", "children": [{"toc_title": "Windows 11, version 26H2", "href"',
        1,
    )
    content = content.replace('26h2-update-history"},', '26h2-update-history"}]},', 1)
    info = render.release_info_markdown(render.server_release_info("2026-07-02"))
    info += f"\n\nSee also the [update history of Windows Server 2028]({server}).\n"
    entries = [render.NavEntry("November 14, 2028—KB5300001 (OS Build 29500.1000)", "kb5300001")]
    with Mirror() as mirror:
        mirror.serve(f"{OS}/windows-11/toc.json", content, content_type="application/json")
        asked = f"{render.SERVER_INFO}?accept=text/markdown"
        mirror.serve(asked, info, content_type="text/markdown; charset=utf-8")
        new = _category("Windows 11, version 26H2", "windows-11-version-26h2-update-history", NEW_ENTRIES)
        of_server = _category("Windows Server 2028", "windows-server-2028-update-history", entries)
        _serve(mirror, {NEW_HUB: _page(NEW_HUB, [new]), server: _page(server, [of_server]).replace("2028—", "2026—")})
        run("crawl", "--db", "x.db", "--no-seed", "--mirror", mirror.url, *NAVIGATION, "--source", "learn_release_info")
        assert {NEW_HUB, server} <= set(mirror.asked())
    assert [row[0] for row in _releases(tmp_path / "x.db", "win11-26h2")] == [5200001, 5200002]
    assert [row[:2] for row in _releases(tmp_path / "x.db", "ws2028")] == [(5300001, "29500.1000")]


def test_a_hub_that_moved_is_found_by_a_link_and_later_by_the_database(run: Command, tmp_path: Path) -> None:
    """All listed addresses of Windows 10 are 404; a link of another family's page leads to where its hub is now: exit code 0, also later."""
    moved = f"{OS}/windows-10/2027/02/windows-10-update-history"
    link = f'<p><a href="{moved}">Windows 10 update history</a></p></main>'
    with Mirror() as mirror:
        _serve(
            mirror,
            {
                render.WINDOWS11_HUB["new"]: _windows11().replace("</main>", link, 1),
                moved: _page(moved, render.windows10_categories(page=moved)),
            },
        )
        for family, categories in (("hotpatch", render.hotpatch_categories), ("windows-server", render.server_categories)):
            url = {"hotpatch": render.HOTPATCH_HUB, "windows-server": render.SERVER_HUB}[family]["new"]
            mirror.serve(url, _page(url, categories("2026-07", "new")))
        first = run("crawl", "--db", "x.db", "--no-seed", "--mirror", mirror.url, *NAVIGATION)
        assert (first.code, f"the hub of windows-10 is at {moved} now" in first.err) == (0, True)
        assert _releases(tmp_path / "x.db", "ws2019")
        mirror.serve(render.WINDOWS11_HUB["new"], _windows11())  # the link is gone
        asked = mirror.asked().count(moved)
        assert run("crawl", "--db", "x.db", "--mirror", mirror.url, *NAVIGATION).code == 0
        assert mirror.asked().count(moved) == asked + 1


def test_known_hubs_of_a_navigation_that_was_read_are_not_asked_for(run: Command) -> None:
    """Every hub of a family has the same navigation: of 14 hubs of Windows 10 one is read."""
    with Mirror() as mirror:
        _serve(mirror, {render.WINDOWS11_HUB["new"]: _windows11()})
        run("crawl", "--db", "x.db", "--no-seed", "--mirror", mirror.url, *NAVIGATION)
        asked = [url for url in mirror.asked() if "/os/windows-11/" in url and not url.endswith("toc.json")]
    assert asked == [render.WINDOWS11_HUB["new"]]


@pytest.mark.fault("a page that links to hubs without end")
def test_a_page_cannot_make_a_run_follow_links_for_ever(run: Command) -> None:
    """Each hub names a hundred new ones, each of another version; a run reads twelve, and says that there are more."""
    seen: list[str] = []

    def endless(host: str, target: str) -> Reply | None:
        if host != "support.microsoft.com" or "/os/windows-11/20" not in target:
            return None
        seen.append(target)
        depth = len(seen)
        links = "".join(
            f'<a href="{OS}/windows-11/20{depth:02}/01/windows-11-version-{depth + 30:02}h{n}-update-history">x</a>' for n in range(10)
        )
        return Reply(_windows11().replace("</main>", f"{links}</main>", 1).encode(), headers={"Content-Type": HTML})

    with Mirror() as mirror:
        mirror.fault = endless
        done = run("crawl", "--db", "x.db", "--no-seed", "--mirror", mirror.url, *NAVIGATION)
    assert len(seen) <= 1 + of_crawl.MAX_HUBS
    assert "expected at most 12 hubs in a run that no list names, got" in done.err


def test_a_saved_hub_is_known_by_its_address(run: Command, tmp_path: Path) -> None:
    """A hub at an address that no list has (case 51): of the former form, of a new version, and with one entry alone."""
    tree = tmp_path / "tree"
    old = f"https://support.microsoft.com/en-us/topic/windows-11-version-26h2-update-history-{GUID}"
    new = _category("Windows 11, version 26H2", "/en-us/help/5200000", [replace(NEW_ENTRIES[0], href="/en-us/help/5200002")])
    render.save_tree(
        tree, old, render.navigation_old([new], h1="Update history", url=old), fetched_at="2026-10-14T12:00:00Z", suffix=".html"
    )
    notes = f"{OS}/hotpatch/windows-11/2026/release-notes-for-hotpatch-on-windows-11-enterprise-version-26h2"
    hotpatch = render.NavEntry("October 13, 2026—Hotpatch KB5200003 (OS Build 26300.2221)", "kb5200003")
    category = _category("Release notes for Hotpatch on Windows 11 Enterprise version 26H2", "hub", [hotpatch])
    render.save_tree(tree, notes, _page(notes, [category]), fetched_at="2026-10-14T12:00:00Z", suffix=".html")
    done = run("crawl", "--db", "x.db", "--from", tree)
    assert (done.code, done.err.count("found a hub that no list names")) == (0, 2)
    rows = query(tmp_path / "x.db", "select kb, build, classification from releases where product = 'win11-26h2' order by kb")
    assert rows == [(5200002, "26300.2222", "cumulative"), (5200003, "26300.2221", "hotpatch")]
    shutil.rmtree(tree)


HUBS = [
    (NEW_HUB, ("windows-11", ("win11-26h2",))),
    (f"{OS}/windows-10/2020/12/windows-10-update-history-1", ("windows-10", ())),
    (f"https://support.microsoft.com/en-us/topic/windows-server-2025-update-history-{GUID}", ("windows-server", ("ws2025",))),
    (f"{OS}/hotpatch/windows-server-2025/2024/release-notes-for-hotpatch-on-windows-server-2025", ("hotpatch", ("ws2025",))),
    (f"{OS}/server-2012/2018/01/windows-server-2012-update-history", None),
    (f"{OS}/windows-server/2018/01/windows-server-2012-r2-update-history", None),
    (f"{OS}/windows-8-1/2018/01/windows-8-1-update-history", None),
    (f"{OS}/windows-11/2026/10/kb5200002-windows-11-security-update", None),
    (f"https://support.microsoft.com/en-us/topic/windows-11-update-history-{GUID}/../../x", None),
    ("https://evil.example/en-us/servicing/os/windows-11/2026/09/windows-11-version-26h2-update-history", None),
    ("https://support.microsoft.com@evil.example/en-us/servicing/os/windows-11/2026/windows-11-update-history", None),
    ("http://support.microsoft.com/en-us/servicing/os/windows-11/2026/windows-11-update-history", None),
]


@pytest.mark.parametrize(("url", "expected"), HUBS)
def test_the_shape_of_a_hubs_address(url: str, expected: tuple[str, tuple[str, ...]] | None) -> None:
    hub = hub_at(url)
    assert (hub and (hub.family, hub.products)) == expected
    if url.startswith(OS):
        page = registry()["support_navigation"].page_at(url)
        assert (page is None) == (expected is None)


@pytest.mark.fault("a page of nothing but beginnings of links")
def test_a_page_of_beginnings_of_links_is_looked_through_in_time() -> None:
    """16 MB of `<a href="update-history`; looked through within seconds."""
    for part in (b'<a href="update-history', b'<a href="update-history">', b"[update-history](", b"[", b'{"a":' * 3):
        page = Page("x", NEW_HUB, NEW_HUB, NEW_HUB, "", 200, part * (2**24 // len(part)), {})
        began = time.perf_counter()
        assert list(hubs_on(page)) == []
        assert time.perf_counter() - began < 10
