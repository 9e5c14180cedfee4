"""Look at pages in Debian's Chromium: what every page keeps to, on whatever server or as files."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helpers.serving import served_as_of_day

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = "4.14.1"
IN_A_BROWSER = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium fonts-noto-cjk"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the public site over the embedded facts, as of the day of the pictures: one server for every module that looks at it."""
    with served_as_of_day(tmp_path_factory.mktemp("served"), "--public") as url:
        yield url


@contextmanager
def looking(chromium: Any, address: str, **options: Any) -> Iterator[Any]:
    """A page that must write no error to the console and ask no other host."""
    context = chromium.new_context(**options)
    page = context.new_page()
    errors: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda message: errors.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: hosts.add("/".join(request.url.split("/")[:3]) + "/"))
    yield page
    picture(page)
    context.close()
    # A page that is not there, or cannot be read, is asked for on purpose.
    assert [error for error in errors if "status of 404" not in error and "status of 400" not in error] == []
    assert {host for host in hosts if not host.startswith("data:")} <= {address}


def picture(page: Any) -> None:
    if folder := os.environ.get("HOTPATCH_KB_SCREENSHOTS"):
        name = os.environ.get("PYTEST_CURRENT_TEST", "").split("::")[-1].split(" ")[0]
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{''.join(c if c.isalnum() else '-' for c in name)}.png", full_page=True)


def overflows(page: Any) -> bool:
    """Whether the page is wider than the screen. Not by ``innerWidth``, which on a phone grows with the page."""
    return bool(page.evaluate("document.scrollingElement.scrollWidth > document.documentElement.clientWidth"))


# What keeps to the rules of docs/design.md: every text that is seen, and what is tapped by itself (links within a text are its size).
SMALL_TEXT = """[...document.querySelectorAll('header *, main *, footer *')].filter((element) =>
    element.checkVisibility() && !element.closest('svg, .sr, [data-datasette]') && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
    && parseFloat(getComputedStyle(element).fontSize) < 13.9).map((element) => element.outerHTML.slice(0, 100))"""
SMALL_TARGETS = """[...document.querySelectorAll('button, select, textarea, summary, header a, footer nav a, .pills a, .try a, .links a, .taps a, dl.tables dt a, '
    + 'input:not([type=checkbox], [type=radio], [type=hidden])')].filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 43.5)
    .map((element) => element.outerHTML.slice(0, 100))"""

# ISO dates and Japanese ones that begin on one line and end on another.
BROKEN_DATES = r"""() => {
    const broken = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
        if (node.parentElement.closest('pre, code, textarea, svg, script, .sr, option')) { continue; }
        for (const found of node.data.matchAll(/\b20\d\d-\d\d(?:-\d\d)?\b|\d+\s年\s\d+\s月(?:\s\d+\s日)?/g)) {
            const range = document.createRange();
            range.setStart(node, found.index);
            range.setEnd(node, found.index + found[0].length);
            const lines = new Set([...range.getClientRects()].filter((box) => box.width > 0).map((box) => Math.round(box.top)));
            if (lines.size > 1) { broken.push(node.data.trim().slice(0, 100)); }
        }
    }
    return broken;
}"""
# The lines that begin inside of a word of Katakana, with what is around them.
SPLIT_WORDS = r"""() => {
    const katakana = /[ァ-ヺー]/, found = [];
    for (const details of document.querySelectorAll("details")) details.open = true;
    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
    while (nodes.nextNode()) {
        const node = nodes.currentNode, text = node.data;
        if (node.parentElement.closest("pre, script, style, select, textarea, svg, .sr, table.fit thead")) continue;
        const lineOf = place => { range.setStart(node, place); range.setEnd(node, place + 1); return range.getClientRects()[0]; };
        for (let i = 1; i < text.length; i++) {
            if (!katakana.test(text[i - 1]) || !katakana.test(text[i])) continue;
            const before = lineOf(i - 1), after = lineOf(i);
            if (before && after && after.top > before.bottom - 2) found.push(text.slice(0, i).slice(-9) + "|" + text.slice(i, i + 9));
        }
    }
    return found;
}"""
# Paragraphs less than 12 pixels below a table, a form, a list or a block.
GLUED = """[...document.querySelectorAll('.content p')].filter((text) => text.checkVisibility() && text.previousElementSibling?.checkVisibility()
    && ['TABLE', 'FORM', 'UL', 'OL', 'DIV'].includes(text.previousElementSibling.tagName)
    && text.getBoundingClientRect().top - text.previousElementSibling.getBoundingClientRect().bottom < 11.5).map((text) => text.textContent.slice(0, 60))"""


def fits(page: Any, *, is_phone: bool) -> None:
    assert not overflows(page)
    assert page.evaluate(SMALL_TEXT) == []
    assert not is_phone or page.evaluate(SMALL_TARGETS) == []


def axe_core(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core, from npm when it is first needed; it is no part of the project."""
    cache = Path(str(request.config.cache.mkdir("axe"))) if hasattr(request.config, "cache") else tmp_path_factory.mktemp("axe")
    script = cache / f"axe-{AXE}.min.js"
    if not script.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("needs axe-core, which npm installs: apt-get install npm")
        folder = tmp_path_factory.mktemp("npm")
        done = subprocess.run([npm, "pack", f"axe-core@{AXE}"], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"needs axe-core, which npm could not get: {done.stderr.strip().splitlines()[-1:]}")
        with tarfile.open(next(folder.glob("*.tgz"))) as archive:
            packed = archive.extractfile("package/axe.min.js")
            assert packed is not None
            script.write_bytes(packed.read())
    return script.read_text(encoding="utf-8")
