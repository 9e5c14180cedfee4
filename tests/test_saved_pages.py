"""``crawl --from`` reads what a browser saves, under any name; what is no page of ours is refused by its name, and the others are read."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers import browsers, recorded
from helpers.dumps import query

from hotpatch_kb.scraper.crawl.reading import browser_files, saved_files

AT = datetime(2026, 7, 23, 12, tzinfo=UTC)
FACTS = "select product, kb, build, release_date, month, cadence, classification, baseline_kb, article_url from releases order by subject"
READ = "select source, page_url, final_url, fetched_at from pages where source not like 'facts%' order by 1, 2, 4"


@pytest.fixture(scope="session")
def html_pages(worlds: dict[str, Path]) -> dict[str, str]:
    """Pages of the world that a browser shows, by address."""
    root = worlds["new"]
    files = sorted(file for file in root.rglob("*.html"))
    return {f"https://{file.relative_to(root).as_posix().removesuffix('.html')}": file.read_text(encoding="utf-8") for file in files}


@pytest.fixture(scope="session")
def expected(made_once: Any, html_pages: dict[str, str]) -> Path:
    """A database of the same pages as a saved tree."""
    from hotpatch_kb.scraper.cli.main import main  # noqa: PLC0415

    def make(folder: Path) -> None:
        for url, page in html_pages.items():
            file = folder / "tree" / f"{url.removeprefix('https://')}.html"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(page, encoding="utf-8")
            file.with_name(f"{file.name}.meta.json").write_text(
                json.dumps({"fetched_at": "2026-07-23T12:00:00Z", "final_url": url}), encoding="utf-8"
            )
        assert main(["crawl", "--no-seed", "--from", str(folder / "tree"), "--db", str(folder / "x.db")]) == 0

    return Path(made_once("html-pages", make)) / "x.db"


def _save(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    os.utime(file, (AT.timestamp(), AT.timestamp()))
    return file


WRAPPED: dict[str, Callable[[str, str], bytes]] = {
    "Release notes - Microsoft Support ({}).html": browsers.chrome_html,
    "{}.HTM": browsers.firefox_html,
    "リリース {}": browsers.firefox_html,
    "{}.mhtml": lambda page, url: browsers.chrome_mhtml(page, url, AT),
    "{}.mht": lambda page, url: browsers.explorer_mht(page, url, AT),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_what_a_browser_saves_is_read_under_any_name(
    name: str, html_pages: dict[str, str], expected: Path, run: Command, tmp_path: Path
) -> None:
    for number, (url, page) in enumerate(html_pages.items()):
        _save(tmp_path / "saved", name.format(number), WRAPPED[name](page, url))
        _save(tmp_path / "saved", f"{Path(name.format(number)).stem}_files/site.css", b"body {}")
    done = run("crawl", "--no-seed", "--from", "saved", "--db", "x.db")
    assert done.code == 0, done.err
    assert query(tmp_path / "x.db", FACTS) == query(expected, FACTS)
    assert query(tmp_path / "x.db", READ) == query(expected, READ)
    assert len(query(tmp_path / "x.db", READ)) == len(html_pages) >= 5


def test_a_page_is_known_by_where_it_was_saved_from_or_its_own_address(html_pages: dict[str, str]) -> None:
    url, page = next(iter(html_pages.items()))
    bare = re.sub(r"<link rel=\"canonical\"[^>]*>", "", page)
    assert browser_files.read(bare.encode()).addresses == ()  # type: ignore[union-attr]
    commented = bare.replace("<head>", '<head><!-- <link rel="canonical" href="https://example.com/a"> -->', 1)
    assert browser_files.read(commented.encode()).addresses == ()  # type: ignore[union-attr]
    assert browser_files.read(browsers.chrome_html(bare, url)).addresses == (url,)  # type: ignore[union-attr]
    owned = bare.replace("<head>", f'<head><META CONTENT="{url}?x=1#top" PROPERTY="og:url">', 1)
    assert browser_files.read(owned.encode()).addresses == (f"{url}?x=1#top",)  # type: ignore[union-attr]
    assert saved_files._ours(f"{url}?x=1#top") == url
    assert saved_files._ours(url.upper().replace("HTTPS://", "https://")) == url


def test_a_zip_and_a_single_file_are_read(html_pages: dict[str, str], expected: Path, run: Command, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "saved.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for number, (url, page) in enumerate(html_pages.items()):
            packed.writestr(f"pages/{number}.mhtml", browsers.chrome_mhtml(page, url, AT))
            packed.writestr(f"pages/{number}_files/x.js", "x")
        packed.writestr("__MACOSX/._0.mhtml", b"\0")
    done = run("crawl", "--no-seed", "--from", "saved.zip", "--db", "x.db")
    assert done.code == 0, done.err
    assert query(tmp_path / "x.db", FACTS) == query(expected, FACTS)
    url, page = next(iter(html_pages.items()))
    one = _save(tmp_path, "one.mhtml", browsers.chrome_mhtml(page, url, AT))
    assert run("crawl", "--no-seed", "--from", one, "--db", "y.db").code == 0
    assert [row[2] for row in query(tmp_path / "y.db", READ)] == [url]
    dry = run("crawl", "--no-seed", "--dry-run", "--from", "saved.zip", "--db", "z.db")
    assert (dry.code, (tmp_path / "z.db").exists()) == (0, False)


def test_a_zip_of_a_saved_tree_is_read(worlds: dict[str, Path], crawled: Path, run: Command, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "tree.zip", "w") as packed:
        for file in sorted(worlds["new"].rglob("*")):
            if file.is_file():
                packed.write(file, f"tree/{file.relative_to(worlds['new']).as_posix()}")
    assert run("crawl", "--no-seed", "--from", "tree.zip", "--db", "x.db").code == 0
    assert query(tmp_path / "x.db", FACTS) == query(crawled / "x.db", FACTS)
    assert query(tmp_path / "x.db", READ) == query(crawled / "x.db", READ)


@pytest.mark.fault("a file that is no page of ours among saved pages")
def test_what_is_no_page_of_ours_is_refused_by_its_name(html_pages: dict[str, str], run: Command, tmp_path: Path) -> None:
    """A shopping list, a page of another site, one that names no address, one from an archive of the past; each is a line, the page is read, exit code 3."""
    url, page = next(iter(html_pages.items()))
    saved = tmp_path / "saved"
    _save(saved, "good.html", browsers.chrome_html(page, url))
    _save(saved, "list.txt", b"milk")
    _save(saved, "other.html", page.replace(url, "https://example.com/a").encode())
    _save(saved, "nowhere.html", b"<!doctype html><html><head></head><body></body></html>")
    _save(saved, "past.html", browsers.chrome_html(page, f"https://web.archive.org/web/2024/{url}"))
    _save(saved, ".DS_Store", b"\0")
    done = run("crawl", "--no-seed", "--from", "saved", "--db", "x.db")
    assert done.code == 3
    assert [line for line in done.err.splitlines() if ": refused: " in line] == [
        "list.txt: refused: expected a saved page, as HTML or MHTML, got another kind of file",
        "nowhere.html: refused: expected a page of a source, as hotpatch-kb pages lists them, got a page that names no address",
        "other.html: refused: expected a page of a source, as hotpatch-kb pages lists them, got https://example.com/a",
        f"past.html: refused: expected a page that was saved from a host of Microsoft's that we know, got https://web.archive.org/web/2024/{url}",
    ]
    assert [row[2] for row in query(tmp_path / "x.db", READ)] == [url]
    (saved / "good.html").unlink()
    none = run("crawl", "--no-seed", "--from", "saved", "--db", "y.db")
    assert (none.code, none.err.splitlines()[-1], (tmp_path / "y.db").exists()) == (
        2, "hotpatch-kb: expected saved pages of a source, as HTML or MHTML, or a folder <host>/<path>, got none in saved", False,
    )  # fmt: skip


def test_of_two_files_of_one_page_the_later_counts(html_pages: dict[str, str], run: Command, tmp_path: Path) -> None:
    url, page = next(iter(html_pages.items()))
    _save(tmp_path / "saved", "a.mhtml", browsers.chrome_mhtml(page, url, AT))
    _save(tmp_path / "saved", "b.mhtml", browsers.chrome_mhtml(page, url, AT.replace(day=22)))
    done = run("crawl", "--no-seed", "--from", "saved", "--db", "x.db")
    assert (done.code, "b.mhtml: left out: a.mhtml is the same page, saved later\n" in done.err) == (0, True)
    assert [row[3] for row in query(tmp_path / "x.db", READ)] == ["2026-07-23T12:00:00Z"]


def test_a_page_counts_from_when_it_was_saved_never_from_later(html_pages: dict[str, str], run: Command, tmp_path: Path) -> None:
    """A copy may have a new time, an archive a wrong one: the earliest that is known counts, so that an old page makes nothing current."""
    url, page = next(iter(html_pages.items()))
    file = _save(tmp_path, "a.mhtml", browsers.chrome_mhtml(page, url, AT.replace(month=6)))
    assert run("crawl", "--no-seed", "--from", file, "--db", "x.db").code == 0
    assert [row[3] for row in query(tmp_path / "x.db", READ)] == ["2026-06-23T12:00:00Z"]
    late = _save(tmp_path, "b.mhtml", browsers.chrome_mhtml(page, url, AT.replace(year=2060)))
    assert run("crawl", "--no-seed", "--from", late, "--db", "y.db").code == 0
    assert [row[3] for row in query(tmp_path / "y.db", READ)] == ["2026-07-23T12:00:00Z"]


def _zips() -> Iterator[tuple[str, bytes, str]]:
    def packed(*members: tuple[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in members:
                file.writestr(name, content)
        return buffer.getvalue()

    for name in ("../x.html", "a/../../x.html", "/etc/x.html", "..\\x.html", "C:/x.html", "support.microsoft.com/../../x.html"):
        yield name, packed((name, b"<html>")), "expected names inside of the zip, got "
    yield "a bomb", packed(("a.html", b"<html>" + b"\0" * (20 * 2**20))), "expected files that pack to more than a 200th, got 'a.html'"
    whole = packed(("a.html", b"<html>" * 1000))
    yield "cut off", whole[:40] + whole[60:], "expected a whole zip without a password, got "
    yield "a lie", whole.replace((6000).to_bytes(4, "little"), (7).to_bytes(4, "little")), "expected "


@pytest.mark.fault("a zip that is not to be trusted")
@pytest.mark.parametrize(("content", "message"), [case[1:] for case in _zips()], ids=[case[0] for case in _zips()])
def test_a_zip_that_is_not_to_be_trusted_is_refused(content: bytes, message: str, run: Command, tmp_path: Path) -> None:
    """Names that lead out of it, a bomb, a damaged one, wrong sizes; one line, exit code 2, and nothing is written."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "saved.zip").write_bytes(content)
    done = run("crawl", "--no-seed", "--from", "in/saved.zip", "--db", "in/x.db")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1].startswith(f"hotpatch-kb: {message}")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "saved.zip"]


@pytest.mark.fault("a zip of more than saved pages can be")
def test_a_zip_of_too_much_is_refused(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has more files, then more bytes, than the limit; one line, exit code 2."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        packed.writestr("a.html", "<html>")
        packed.writestr("b.html", "<html>")
    for name in ("MAX_FILES", "MAX_ZIP"):
        with monkeypatch.context() as patch:
            patch.setattr(saved_files, name, 1)
            done = run("crawl", "--from", "x.zip", "--db", "x.db")
            assert (done.code, "expected a zip of at most " in done.err) == (2, True)


@pytest.mark.skipif(not recorded.are_there(), reason=recorded.REASON)
def test_recorded_pages_are_read_as_a_browser_saves_them(run: Command, tmp_path: Path) -> None:
    root = recorded.RECORDED / "pages"
    files = sorted(root.rglob("*.html"))[:10]
    for number, file in enumerate(files):
        url = f"https://{file.relative_to(root).as_posix().removesuffix('.html')}"
        _save(tmp_path / "saved", f"{number}.mhtml", browsers.chrome_mhtml(file.read_text(encoding="utf-8"), url, AT))
    done = run("crawl", "--no-seed", "--from", "saved", "--db", "x.db", "--json")
    assert (done.code, done.json()[0]["failures"]) == (0, [])
    assert len(query(tmp_path / "x.db", READ)) == len(files)
