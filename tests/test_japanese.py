"""The Japanese pages are Japanese: what is left in English says so (``lang="en"``), or is a name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from bs4 import BeautifulSoup, NavigableString
from helpers.datasettes import Datasette

from hotpatch_kb.db import site
from hotpatch_kb.db.model.products import KNOWN
from hotpatch_kb.db.store import schema

HIDDEN = {"subjects", "_sqlite_migrations"}
OWN = (
    "/", "/build/26100.32772", "/build/26100.6905", "/build/26100", "/build/26100.99999", "/kb/5087423", "/kb/5099536", "/kb/5070881", "/product/ws2025", "/product/ws2022",
    "/product/win10-22h2", "/calendar/2026", "/calendar/2027", "/calendar/2026-06", "/changes", "/changes?product=ws2025&month=2026-07&kind=restart", "/sources", "/about", "/eligible",
    "/eligible?q=Windows+Server+2025+Standard", "/eligible?q=Business+Premium", "/questions", "/prices", "/cost", "/cost?cores=400&from=2025-08&to=2026-04", "/cost?cores=x", "/fleet",
    "/subscribe", "/api", "/lookup?q=zzz", "/cve/CVE-2026-25172", "/nope", "/hotpatch", "/hotpatch/nope",
    "/hotpatch/releases?_facet=product&_facet=classification&kb__gt=1&_sort_desc=kb", "/hotpatch/releases?kb=1", "/hotpatch/what_is_this_build?build=26100.6905", "/hotpatch/products/ws2025", "/hotpatch/kbs/5087423", "/offline",
    "/hotpatch/conflicts?_sort=field", "/hotpatch/eligibility?kind=image", "/hotpatch/hotpatch_calendar/ws2025,2026-06", "/hotpatch/lifecycles/win11-24h2,home_pro,end_of_servicing",
)  # fmt: skip
TABLES = [f"/hotpatch/{name}" for name in sorted({*schema.comments(), *schema.view_files()} - HIDDEN)]
QUERIES = [f"/hotpatch/{name}" for name in site.config(public=False)["metadata"]["databases"]["hotpatch"]["queries"]]
# Names as their owners write them. All others are words of the languages, and products come from the facts.
NAMES = {
    "Defender for Servers",
    "Windows Server, version",
    "Windows Update for Business",
    "Windows, version",
    *(product.name for product in KNOWN.values()),
}
READ_ALOUD = ("title", "aria-label", "placeholder", "alt", "data-of", "data-done")
# Two words or more, one of them small: "Next page". A command is one, and so is a product: they are taken out before.
PHRASE = re.compile(r"[A-Za-z][A-Za-z'’-]*(?:[,:;]? [A-Za-z][A-Za-z'’-]*)+")
COMMAND = re.compile(r"hotpatch-kb(?: [a-z-]+)?")


def _texts(html: str) -> Iterator[str]:
    """What a reader sees or hears, but for what is marked as English, as code or as typed."""
    soup = BeautifulSoup(html, "lxml")
    for element in soup.select('script, style, code, pre, textarea, kbd, .mono, [lang="en"], [type="hidden"]'):
        element.decompose()
    yield from (str(text) for text in soup.find_all(string=True) if type(text) is NavigableString)
    for element in soup.find_all(True):
        yield from (str(element[name]) for name in READ_ALOUD if element.get(name))
    yield from (str(element["content"]) for element in soup.select('meta[name="description"]'))


def left(html: str) -> set[str]:
    """Return the English phrases of a page."""
    found = set()
    for text in _texts(html):
        plain = " ".join(text.split())
        for name in sorted(NAMES, key=len, reverse=True):
            plain = plain.replace(name, "。")
        for phrase in PHRASE.findall(COMMAND.sub("。", plain)):
            if re.search(r"(?<![\w-])[a-z][a-z'’-]+(?![\w.])", phrase):
                found.add(phrase)
    return found


@pytest.fixture(autouse=True)
def _day(at: Any) -> None:
    at("2026-10-20")  # sources are late, and a baseline is overdue: the pages say more than on a good day


@pytest.mark.parametrize("path", [*OWN, *TABLES, *QUERIES])
def test_no_english_is_left_on_a_japanese_page(public: Datasette, own: Datasette, path: str) -> None:
    for ds in (public, own) if path.startswith("/hotpatch") else (public,):
        answer = asyncio.run(ds.client.get(f"/ja{path}", follow_redirects=True))
        assert '<html lang="ja">' in answer.text
        assert left(answer.text) == set()


def test_english_that_is_left_is_found() -> None:
    page = '<html lang="ja"><h1>日本語</h1><p>KB5087423 は Windows Server 2025 の更新です</p><a title="Next page">次</a><p>This data as <code>a b</code></p><i lang="en">the words</i></html>'
    assert left(page) == {"Next page", "This data as"}
