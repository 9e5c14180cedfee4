"""What parsers made of pages is kept by content and parser version: a replay gives the same with it, without it, and with a broken file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers.dumps import dump

from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.scraper.crawl import parsed, parsed_pages
from hotpatch_kb.scraper.crawl.parsed_pages import NAME, ParsedPages, parser_version
from hotpatch_kb.scraper.sources import registry

PAGE = Page("support_toc", "https://a", "https://a", "https://a", "2026-07-23T12:00:00Z", 200, b"{}")
CLAIM = Claim("section", "kb/5087423", "title", None, "as \ud800 published", 3, "https://b")


@pytest.fixture
def parsers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sources of pages whose parser was called."""
    called: list[str] = []
    claims = parsed._claims

    def counted(source: Any, page: Page) -> list[Claim]:
        called.append(source.source)
        return claims(source, page)

    monkeypatch.setattr(parsed, "_claims", counted)
    return called


def test_replays_with_and_without_the_file_are_the_same(
    run: Command, worlds: dict[str, Path], tmp_path: Path, parsers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for world in ("old", "new"):
        assert run("crawl", "--db", "x.db", "--from", worlds[world]).code == 0
    file = tmp_path / "x.db.archive" / NAME
    expected = dump(tmp_path / "x.db")

    def replay() -> list[str]:
        parsers.clear()
        assert run("replay", "--db", "x.db").code == 0
        assert dump(tmp_path / "x.db") == expected
        return list(parsers)

    assert replay() == []
    file.unlink()
    every = replay()
    assert len(every) > 5
    assert replay() == []
    file.write_bytes(b"this is no database" * 1000)
    assert replay() == every
    shutil.copyfile(tmp_path / "x.db", file)  # a database, and another one
    assert replay() == every
    # Another version of one parser: its pages are parsed again, those of the others are not; the former results are forgotten.
    of_module = parser_version
    monkeypatch.setattr(parsed_pages, "parser_version", lambda module: of_module(module) + "2" * module.endswith(".support_navigation"))
    assert set(replay()) == {"support_navigation"}
    monkeypatch.setattr(parsed_pages, "parser_version", of_module)
    assert set(replay()) == {"support_navigation"}


def test_what_was_kept_is_what_was_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = registry()["support_toc"]._replace(parse=lambda _: iter([CLAIM]), unread=lambda *_: iter(()))
    with closing(ParsedPages(tmp_path)) as pages:
        first = pages.parse(source, PAGE, "content")
    monkeypatch.setattr(parsed_pages, "parse", lambda *_: pytest.fail("it was parsed again"))
    with closing(ParsedPages(tmp_path)) as pages:
        assert pages.parse(source, PAGE, "content") == first == parsed.Parsed([CLAIM], [], "")
        for other in (
            PAGE._replace(page_url="https://c"),
            PAGE._replace(final_url="https://c"),
            PAGE._replace(headers={"content-type": "x"}),
        ):
            with pytest.raises(pytest.fail.Exception):
                pages.parse(source, other, "content")


def test_a_page_that_was_refused_is_parsed_again(tmp_path: Path) -> None:
    answers: Iterator[Iterator[Claim]] = iter([iter([CLAIM._replace(value_text="x" * 60_000)]), iter([CLAIM])])
    source = registry()["support_toc"]._replace(parse=lambda _: next(answers), unread=lambda *_: iter(()))
    with closing(ParsedPages(tmp_path)) as pages:
        assert "expected texts of at most" in pages.parse(source, PAGE, "content").error
        assert pages.parse(source, PAGE, "content").claims == [CLAIM]


def test_the_version_of_a_parser_covers_what_it_imports() -> None:
    modules = parsed_pages._modules("hotpatch_kb.scraper.sources.support_navigation")
    assert {"hotpatch_kb.scraper.parsing.markup", "hotpatch_kb.db.model.notation", "hotpatch_kb.db.model.products"} <= modules.keys()
    assert not any(name.startswith(("hotpatch_kb.db.answers", "hotpatch_kb.scraper.cli")) for name in modules)
    versions = {parser_version(source.module) for source in registry().values()}
    assert len(versions) == len(registry())


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    source = registry()["support_toc"]._replace(parse=lambda _: iter([CLAIM]), unread=lambda *_: iter(()))
    for folder in (None, tmp_path / "absent", tmp_path / "file"):
        with closing(ParsedPages(folder)) as pages:
            assert pages.parse(source, PAGE, "content").claims == [CLAIM]


def test_a_broken_file_that_cannot_be_removed_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / NAME).write_bytes(b"this is no database" * 1000)

    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError("the folder cannot be written")

    monkeypatch.setattr(Path, "unlink", refused)
    source = registry()["support_toc"]._replace(parse=lambda _: iter([CLAIM]), unread=lambda *_: iter(()))
    with closing(ParsedPages(tmp_path)) as pages:
        assert pages.parse(source, PAGE, "content").claims == [CLAIM]


def test_the_version_of_a_parser_covers_the_limits_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    module = registry()["support_toc"].module
    before, read = parser_version(module), parsed_pages._read_module

    def changed(file: Path) -> tuple[bytes, tuple[str, ...]]:
        code, imported = read(file)
        return code + b"#" * (file.name == "parsed.py"), imported

    monkeypatch.setattr(parsed_pages, "_read_module", changed)
    parser_version.cache_clear()
    assert parser_version(module) != before
    parser_version.cache_clear()
