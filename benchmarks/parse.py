"""``parse()`` of each page to claims, compared with reading the same cells of the same bytes and making nothing of them.

For HTML that is BeautifulSoup with a ``SoupStrainer``: text and first link of the entries of a navigation, or of the cells of tables.
For markdown it is splitting lines and cells, and links into text and address. The difference is the price of understanding:
products, builds, KBs, dates, addresses, claims.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from bs4 import BeautifulSoup, SoupStrainer
from timing import Row, compared, in_turns

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.scraper.sources import registry

TARGET_HTML: Final = 2.0
TARGET_MARKDOWN: Final = 8.0

Cells = list[tuple[str, str]]  # text and address of the first link, "" without one


def rows(pages: list[Page], rounds: int) -> list[Row]:
    """Return one row per page."""
    result = []
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
            # A copy is another page: of one page the document is kept.
            "ours": lambda p=page, s=source: list(s.parse(p._replace())),
            "bare": lambda p=page, b=bare: b(p.body),
        }
        taken = in_turns(sides, rounds)
        reader, target = ("splitting", TARGET_MARKDOWN) if bare is markdown_cells else ("BeautifulSoup", TARGET_HTML)
        result.append(
            compared("parse", f"{_name(page)}, {len(claims)} claims", taken["ours"], f"{reader}, {len(cells)} cells", taken["bare"], target)
        )
    return result


def _name(page: Page) -> str:
    slug = page.final_url.partition("?")[0].rpartition("/")[2]
    return f"{slug[:35]} {page.fetched_at[:7]}"


def _bare(page: Page) -> Callable[[bytes], Cells]:
    if page.body.lstrip()[:1] != b"<":
        return markdown_cells
    return navigation_cells if page.source == "support_navigation" else table_cells


def navigation_cells(body: bytes) -> Cells:
    """Return the entries of a navigation."""
    return _cells(body, SoupStrainer("li", class_=re.compile(r"LeftNavArticle\b")), ["li"])


def table_cells(body: bytes) -> Cells:
    """Return the cells of tables."""
    return _cells(body, SoupStrainer("table"), ["td", "th"])


def _cells(body: bytes, strainer: SoupStrainer, names: list[str]) -> Cells:
    soup = BeautifulSoup(body, "lxml", parse_only=strainer, from_encoding="utf-8")
    anchors = ((node, node.find("a")) for node in soup.find_all(names))
    return [(node.get_text(), str(anchor.get("href", "")) if anchor else "") for node, anchor in anchors]


def markdown_cells(body: bytes) -> Cells:
    """Return the cells of markdown tables; a cell that is a link, ``[text](address)``, as its two parts."""
    cells = []
    for line in body.decode("utf-8").splitlines():
        if line.startswith("|"):
            for cell in line.split("|")[1:-1]:
                text, _, href = cell.strip().partition("](")
                cells.append((text[1:], href[:-1]) if href else (text, ""))
    return cells
