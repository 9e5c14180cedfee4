"""The site as files: every link opens from the files alone, the pages are those of the live site, and nothing stays patched for ever."""

from __future__ import annotations

import html
import posixpath
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

import pytest
from conftest import Command, MadeOnce
from helpers.chromium import browser
from helpers.datasettes import get, opened
from lxml import etree

from hotpatch_kb.db.site.export import folder as exporting
from hotpatch_kb.db.site.export import shared
from hotpatch_kb.db.site.export.links import SERVER, Links
from hotpatch_kb.db.store.connections import open_for_reading

DAY = "2026-07-24"
ADDRESS = "https://facts.example.com/kb/"
LINK = re.compile(r'\b(?:href|src|action)="([^"]*)"')


@pytest.fixture(scope="module")
def copy(made_once: MadeOnce, seeded: Path) -> Path:
    def make(folder: Path) -> None:
        with closing(open_for_reading(seeded)) as conn:
            exporting.write(conn, folder / "public", DAY, address=ADDRESS)

    return made_once("static_site", make) / "public"


@pytest.fixture
def small(feeds: Path) -> Path:
    """The database of a small world."""
    return feeds / "july" / "x.db"


def _pages(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}


def test_every_link_opens_from_the_files_alone(copy: Path) -> None:
    pages = _pages(copy)
    ids = {name: set(re.findall(r'\bid="([^"]+)"', text)) for name, text in pages.items()}
    files = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    followed, broken = 0, set()
    for name, text in pages.items():
        for link in set(LINK.findall(text)):
            if link.startswith(("https:", "http:", "data:")):
                continue
            address, _, fragment = html.unescape(link).partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(address))) if address else name
            followed += 1
            if target not in files or (fragment and fragment not in ids[target]):
                broken.add((name, link))
    assert broken == set()
    assert followed > 10_000


def test_every_page_that_the_live_site_links_is_there_or_needs_a_server(copy: Path, seeded: Path, at: object) -> None:
    at(DAY)  # type: ignore[operator]
    pages = _pages(copy)
    missing: set[str] = set()
    with opened(seeded, public=True) as site:
        for path in (
            "/",
            "/product/ws2025",
            "/calendar/2026",
            "/calendar/2026-06",
            "/build/26100.32772",
            "/kb/5087423",
            "/changes",
            "/sources",
            "/about",
            "/subscribe",
        ):
            text = get(site, path).text
            for link in {html.unescape(found).partition("#")[0] for found in LINK.findall(text)}:
                if not link.startswith("/") or link.startswith(("/ja", "/en")):
                    continue
                answer = get(site, link)
                if (
                    answer.status_code == 200
                    and "?" not in link
                    and f"{link.strip('/') or 'index'}.html" not in pages
                    and not (copy / link.strip("/")).is_file()
                ):
                    missing.add(link)
    # What is left is SQL, what a visitor sends, and the API; CSV has another name here.
    assert {link for link in missing if not re.match(r"/(?:hotpatch|fleet|cost|api|csv/)", link)} == set()


@pytest.mark.parametrize("path", ["", "product/ws2025", "calendar/2026", "build/26100.32772", "kb/5087423", "changes", "prices", "about"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_page_says_what_the_live_site_says(path: str, language: str, copy: Path, seeded: Path, at: object) -> None:
    at(DAY)  # type: ignore[operator]
    with opened(seeded, public=True) as site:
        live = get(site, f"/{'' if language == 'en' else 'ja/'}{path}").text
    made = (copy / ("" if language == "en" else "ja") / f"{path or 'index'}.html").read_text(encoding="utf-8")
    assert _words(made) == _words(live)
    assert f'<html lang="{language}">' in made


def _words(page: str) -> list[str]:
    """What a reader sees, but for how fresh the sources are to the second and the note of the copy."""
    root = etree.HTML(page)
    for element in root.xpath("//aside | //script | //style | //p[@data-valid-until]"):
        element.getparent().remove(element)
    return [text for found in root.itertext() if (text := " ".join(found.split()))]


def test_pages_say_until_when_they_hold(copy: Path) -> None:
    for name, text in _pages(copy).items():
        note = (
            "判定は 2026\u00a0年\u00a07\u00a0月\u00a031\u00a0日まで有効です"
            if name.startswith("ja/")
            else "its verdicts hold until 2026-07-31"
        )
        assert note in text, name
        assert 'data-valid-until="2026-07-31"' in text


def test_what_needs_a_server_says_so(copy: Path) -> None:
    home = (copy / "index.html").read_text(encoding="utf-8")
    assert 'href="server.html">Data</a>' in home
    assert 'href="server.html">Fleet</a>' in home
    assert "need a server that runs hotpatch-kb serve" in (copy / "server.html").read_text(encoding="utf-8")
    assert '<form class="ask" action="lookup.html"' in home


def test_links_lead_to_what_there_is() -> None:
    links = Links(
        ["build/26100.1", "kb/5087423", "calendar/2026", ""], {"calendar": "calendar/2026", "cve/CVE-2026-1": "v1/cves/CVE-2026-1.json"}
    )
    assert links.target("/build/26100.1") == "build/26100.1.html"
    assert links.target("/build/26100.1", "ja") == "ja/build/26100.1.html"
    assert links.target("/en/build/26100.1", "ja") == "build/26100.1.html"
    assert links.target("/ja/") == "ja/index.html"
    assert links.target("/calendar") == "calendar/2026.html"
    assert links.target("/cve/CVE-2026-1", "ja") == "v1/cves/CVE-2026-1.json"
    assert links.target("/lookup?q=KB5087423") == "kb/5087423.html"
    assert links.target("/lookup?q=Windows+Server+2025") == f"{SERVER}.html"
    assert links.target("/changes?product=ws2025") == f"{SERVER}.html"
    assert links.target("/feeds/releases.atom?product=ws2025") == "feeds/releases-ws2025.atom"
    assert links.target("/ja/feeds/releases.atom?product=ws2025") == "ja/feeds/releases-ws2025.atom"
    assert links.target("/feeds/calendar.atom", "ja") == "ja/feeds/calendar.atom"
    assert links.target("/build/26100.2") == f"{SERVER}.html"
    assert links.rewritten('<a href="/kb/5087423#x"><a href="https://a.example/kb"><a href="#menu">', "ja/build/26100.1.html") == (
        '<a href="../../ja/kb/5087423.html#x"><a href="https://a.example/kb"><a href="#menu">'
    )


def test_with_an_address_pages_are_known_by_it(copy: Path) -> None:
    page = (copy / "ja" / "build" / "26100.32772.html").read_text(encoding="utf-8")
    assert f'<link rel="canonical" href="{ADDRESS}ja/build/26100.32772.html">' in page
    assert f'<link rel="alternate" hreflang="en" href="{ADDRESS}build/26100.32772.html">' in page
    assert f'<meta property="og:image" content="{ADDRESS}site/card.png">' in page
    listed = re.findall(r"<loc>([^<]+)</loc>", (copy / "sitemap.xml").read_text(encoding="utf-8"))
    files = {name for name in _pages(copy) if Path(name).stem not in {"server", "lookup"}}
    assert {address.removeprefix(ADDRESS) for address in listed} == files
    for name in ("index.html", "about.html"):
        assert f'"contentUrl": "{ADDRESS}tables/releases.csv"' in (copy / name).read_text(encoding="utf-8"), name


def test_without_an_address_no_page_names_one(small: Path, tmp_path: Path) -> None:
    with closing(open_for_reading(small)) as conn:
        exporting.write(conn, tmp_path / "public", DAY)
    assert not (tmp_path / "public" / "sitemap.xml").exists()
    for name, text in _pages(tmp_path / "public").items():
        assert "localhost" not in text, name
        assert 'rel="canonical"' not in text, name


def test_other_processes_make_the_same_pages(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(open_for_reading(small)) as conn:
        exporting.write(conn, tmp_path / "alone", DAY)
        monkeypatch.setattr(shared, "ENOUGH", 1)
        monkeypatch.setattr("os.cpu_count", lambda: 2)
        exporting.write(conn, tmp_path / "together", DAY)
    alone, together = (
        {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*") if path.is_file()}
        for top in (tmp_path / "alone", tmp_path / "together")
    )
    assert alone == together


def test_a_second_export_touches_no_page(small: Path, tmp_path: Path, run: Command) -> None:
    assert run("export", "public", "--db", small, "--on", DAY).code == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "public").rglob("*") if path.is_file()}
    again = run("export", "public", "--db", small, "--on", DAY, "--json").json()[0]
    assert (again["changed"], again["removed"]) == (0, 0)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "public").rglob("*") if path.is_file()} == before
    without = run("export", "public", "--db", small, "--on", DAY, "--no-site", "--json").json()[0]
    assert without["removed"] == sum(not path.is_dir() and path.suffix in {".html", ".js", ".css", ".svg", ".png"} for path in before)


@pytest.mark.parametrize("url", ["ftp://example.com", "facts", "https://", "https://u:secret@example.com/", "https://example.com/?a=1"])
def test_an_address_that_is_none_is_said(url: str, run: Command, tmp_path: Path) -> None:
    done = run("export", "public", "--url", url)
    assert done.code == 2
    assert "expected a web address such as https://facts.example.com/hotpatch-kb/, got" in done.err
    assert not (tmp_path / "public").exists()


def test_after_its_day_a_browser_shows_nothing_as_patched(copy: Path) -> None:
    with closing(sqlite3.connect(copy / "hotpatch.db")) as conn:
        builds = [
            row[0]
            for row in conn.execute(
                "select distinct build from releases where build is not null and release_date >= '2026-07-14' order by build"
            )
        ]
    current = [build for build in builds if 'status current"' in (copy / "build" / f"{build}.html").read_text(encoding="utf-8")]
    assert current
    address = (copy / "build" / f"{current[0]}.html").as_uri()
    with browser() as chromium:
        for day, is_shown in (("2026-07-31T23:00:00Z", True), ("2026-08-01T01:00:00Z", False)):
            page = chromium.new_page()
            page.clock.set_fixed_time(day)
            page.goto(address)
            assert (page.locator(".status.current").count() > 0) is is_shown
            assert (page.locator(".verdict.current").count() > 0) is is_shown
            assert page.locator(".warning[data-valid-until]").count() == (0 if is_shown else 1)
            page.close()


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("10.0.26100.32772", "build/26100.32772.html"),
        ("kb5087423", "kb/5087423.html"),
        ("2026-06", "calendar/2026-06.html"),
        ("WS2025", "product/ws2025.html"),
    ],
)
def test_a_lookup_leads_to_the_file(asked: str, leads_to: str, copy: Path) -> None:
    with browser() as chromium:
        for language in ("", "ja/"):
            page = chromium.new_page()
            page.goto((copy / f"{language}index.html").as_uri())
            page.fill("input[name=q]", asked)
            page.press("input[name=q]", "Enter")
            page.wait_for_url((copy / language / leads_to).as_uri())
            page.close()


@pytest.mark.parametrize("asked", ["26100.32773", "KB1234567", "</script><script>alert(1)</script>", "windows"])
def test_a_lookup_of_what_is_not_there_is_not_answered(asked: str, copy: Path) -> None:
    with browser() as chromium:
        page = chromium.new_page()
        page.goto((copy / "index.html").as_uri())
        page.fill("input[name=q]", asked)
        page.press("input[name=q]", "Enter")
        page.wait_for_url("**/lookup.html?q=*")
        assert "This copy has no page of that." in page.inner_text("main")
        assert page.input_value("input[name=q]") == asked
