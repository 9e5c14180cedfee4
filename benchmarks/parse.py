"""``parse()`` of each page to claims, against reading the same cells of the same bytes and making nothing of them.

For HTML that is lxml.html: parse the bytes, take text and first link of the navigation's entries or of the tables'
cells. For markdown it is splitting lines and cells, and links into text and address. The difference is what it costs
to understand: products, builds, KBs, dates, addresses, claims. BeautifulSoup reading the same cells is printed for
information: scraper/parsing/markup.py does without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from lxml import html
from timing import Row, compared, in_turns

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.scraper.sources import registry

try:
    from bs4 import BeautifulSoup, SoupStrainer
except ImportError:
    BeautifulSoup = None

TARGET: Final = 8.0
NO_SOUP: Final = "BeautifulSoup is not installed, so it was left out: pip install beautifulsoup4"

Cells = list[tuple[str, str]]  # text and address of the first link, "" without one


def rows(pages: list[Page], rounds: int) -> list[Row]:
    """One row per page, and one for BeautifulSoup if it is there."""
    found = []
    for page in pages:
        source = registry()[page.source]
        claims = list(source.parse(page))
        bare = _bare(page)
        cells = bare(page.body)
        hrefs = {href for _, href in cells}
        missing = {claim.value_text for claim in claims if claim.field.startswith("article_url")} - hrefs - {page.final_url}
        if missing or not cells:
            raise SystemExit(f"expected the links of {page.final_url} among the cells that were read, got none of {sorted(missing)[:3]}")
        sides: dict[str, Callable[[], object]] = {
            "ours": lambda p=page, s=source: list(s.parse(p)),
            "bare": lambda p=page, b=bare: b(p.body),
        }
        soup = _soup(page)
        if soup is not None:
            _same(page, cells, soup(page.body))
            sides["soup"] = lambda p=page, b=soup: b(p.body)
        taken = in_turns(sides, rounds)
        name = f"{_name(page)}, {len(claims)} claims"
        reader = "splitting" if bare is markdown_cells else "lxml.html"
        found.append(compared("parse", name, taken["ours"], f"{reader}, {len(cells)} cells", taken["bare"], TARGET))
        if soup is not None:
            found.append(
                compared("parse", f"{_name(page)}, BeautifulSoup", taken["soup"], f"{reader}, the same cells", taken["bare"], None)
            )
    return found


def _name(page: Page) -> str:
    slug = page.final_url.partition("?")[0].rpartition("/")[2]
    return f"{slug[:35]} {page.fetched_at[:7]}"


def _bare(page: Page) -> Callable[[bytes], Cells]:
    if page.body.lstrip()[:1] != b"<":
        return markdown_cells
    return navigation_cells if page.source == "support_navigation" else table_cells


def navigation_cells(body: bytes) -> Cells:
    """The entries of a navigation."""
    return [_cell(item) for item in _document(body).xpath('//li[contains(@class, "LeftNavArticle")]')]


def table_cells(body: bytes) -> Cells:
    """The cells of the tables in ``main``."""
    return [_cell(cell) for main in _document(body).iter("main") for cell in main.iter("td", "th")]


def _document(body: bytes) -> html.HtmlElement:
    return html.document_fromstring(body, parser=html.HTMLParser(encoding="utf-8"))


def _cell(node: html.HtmlElement) -> tuple[str, str]:
    anchor = next(node.iter("a"), None)
    return node.text_content(), "" if anchor is None else anchor.get("href", "")


def markdown_cells(body: bytes) -> Cells:
    """The cells of markdown tables; a cell that is a link, ``[text](address)``, as its two parts."""
    cells = []
    for line in body.decode("utf-8").splitlines():
        if line.startswith("|"):
            for cell in line.split("|")[1:-1]:
                text, _, href = cell.strip().partition("](")
                cells.append((text[1:], href[:-1]) if href else (text, ""))
    return cells


def _soup(page: Page) -> Callable[[bytes], Cells] | None:
    """The same with BeautifulSoup on lxml, told to build nothing but the entries or the tables."""
    if BeautifulSoup is None or _bare(page) is markdown_cells:
        return None
    if page.source == "support_navigation":
        strainer = SoupStrainer("li", class_=re.compile(r"LeftNavArticle\b"))
        names = ["li"]
    else:
        strainer = SoupStrainer("table")
        names = ["td", "th"]

    def read(body: bytes) -> Cells:
        soup = BeautifulSoup(body, "lxml", parse_only=strainer, from_encoding="utf-8")
        found = []
        for node in soup.find_all(names):
            anchor = node.find("a")
            found.append((node.get_text(), "" if anchor is None else anchor.get("href", "")))
        return found

    return read


def _same(page: Page, cells: Cells, others: Cells) -> None:
    """Cell by cell but for white space; tables outside ``main`` are read too by a strainer, hence not equality."""
    there = {(clean(text), href) for text, href in others}
    if missing := {(clean(text), href) for text, href in cells} - there:
        raise SystemExit(f"expected the same cells of {page.final_url} from BeautifulSoup, got none of {sorted(missing)[:3]}")
