"""docs/offline.md: each command is run, in its order; and ten pages that a real browser saved are read."""

from __future__ import annotations

import re
import shlex
import shutil
import zipfile
from pathlib import Path

import pytest
from conftest import Command
from helpers import browsers, render
from helpers.chromium import browser
from helpers.dumps import query
from helpers.mirror import Mirror
from helpers.serving import get, serving
from rendered import support_article

PAGE = (Path(__file__).parent.parent / "docs" / "offline.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) for line in block.splitlines()]


def test_each_command_of_the_document_does_what_it_says(
    run: Command, worlds: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = worlds["new"] / f"{render.HOTPATCH_HUB['new'].removeprefix('https://')}.html"
    with zipfile.ZipFile(tmp_path / "saved.zip", "w") as packed:
        packed.writestr("hub.html", browsers.chrome_html(hub.read_text(encoding="utf-8"), render.HOTPATCH_HUB["new"]))
    codes = {}
    with Mirror() as mirror:
        mirror.serve_tree(worlds["new"])
        for line in COMMANDS:
            words = shlex.split(line)
            if "=" in words[0]:
                monkeypatch.setenv(*words.pop(0).split("="))
            assert words[0] == "hotpatch-kb"
            if words[1] == "serve":
                with serving(tmp_path, *words[2:]) as served:
                    assert "hotpatch-kb" in get(served.until(r"^serving (http\S+)")[1])
                    assert len(served.said) <= 3
                continue
            target = words.index(">") if ">" in words else len(words)
            done = run(*words[1:target], *(("--mirror", mirror.url) if words[1:] == ["crawl"] else ()))
            codes[line] = done.code
            for name in words[target + 1 :]:
                (tmp_path / name).write_text(done.out, encoding="utf-8")
            assert "Traceback" not in done.err
    names = [line.split()[1 + ("=" in line.split()[0])] for line in COMMANDS]
    assert names == ["serve", "crawl", "export", "update", "update", "status", "pages", "crawl", "status"]
    assert {line: code for line, code in codes.items() if code not in {0, 3, 6}} == {}
    assert [codes[line] for line in COMMANDS if "export" in line or "pages" in line or "saved.zip" in line] == [0, 0, 0]
    assert (tmp_path / "stick" / "index.json").is_file()
    assert (tmp_path / "addresses.txt").read_text(encoding="utf-8").startswith("https://")


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium: apt-get install chromium")
@pytest.mark.parametrize("form", ["mhtml", "html"])
def test_ten_pages_that_a_browser_saved_are_read(form: str, worlds: dict[str, Path], run: Command, tmp_path: Path) -> None:
    """Chromium shows the project's own pages under their addresses, and saves them as one file, or as the document that it made of them with where it was."""
    tree = worlds["new"]
    pages = {
        f"https://{file.relative_to(tree).as_posix().removesuffix('.html')}": file.read_bytes() for file in sorted(tree.rglob("*.html"))
    }
    articles = {
        page.url: page.bytes() for page in support_article.pages() if page.name in {"lcu.html", "hotpatch.html", "old-expandos.html"}
    }
    pages = dict(list(pages.items())[:7]) | articles
    assert len(pages) == 10
    with browser() as chromium:
        shown = chromium.new_page(java_script_enabled=False)
        shown.route(
            "**/*",
            lambda route: route.fulfill(
                status=200 if route.request.url in pages else 404,
                body=pages.get(route.request.url, b""),
                content_type="text/html; charset=utf-8",
            ),
        )
        (tmp_path / "saved").mkdir()
        for number, url in enumerate(pages):
            shown.goto(url)
            if form == "html":
                text = browsers.chrome_html(shown.content(), url).decode()
            else:
                text = shown.context.new_cdp_session(shown).send("Page.captureSnapshot", {"format": "mhtml"})["data"]
            (tmp_path / "saved" / f"page {number}.{form}").write_text(text, encoding="utf-8", newline="")
    done = run("crawl", "--no-seed", "--from", "saved", "--db", "x.db", "--json")
    assert (done.code, done.json()[0]["failures"]) == (0, []), done.err
    read = query(tmp_path / "x.db", "select count(*) from pages where state = 'accepted' and source not like 'facts%'")
    assert read == [(10,)]


def test_the_japanese_page_has_the_same_commands() -> None:
    japanese = (Path(__file__).parent.parent / "docs" / "offline.ja.md").read_text(encoding="utf-8")
    assert re.findall(r"```sh\n.*?```", japanese, re.DOTALL) == re.findall(r"```sh\n.*?```", PAGE, re.DOTALL)
    assert len(re.findall("^## ", japanese, re.MULTILINE)) == len(re.findall("^## ", PAGE, re.MULTILINE))
