"""toc.json of support.microsoft.com: the navigation of a family of update histories as one small answer instead of a page.

Seen for Windows 11 in August 2026 (302 entries, 46 kB); the pages of Windows Server and of the hotpatch notes name theirs in
``<meta name="toc_rel">``. It is read before the navigation, which is read where there is no toc.json or it cannot be read.
Odd: it may begin with a BOM, parents have no link, and a KB that two versions share is in both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.db.model.products import products_in
from hotpatch_kb.scraper.parsing.once import once_per_page
from hotpatch_kb.scraper.parsing.statements import quarantined
from hotpatch_kb.scraper.parsing.support.entries import Category, Entry, claims_of, odd_words
from hotpatch_kb.scraper.sources import PageSpec

TITLE = "Microsoft Support: tables of contents of update histories"
HOME_URL = "https://support.microsoft.com/en-us/servicing/os/windows-11/toc.json"
LICENCE = "https://www.microsoft.com/en-us/legal/terms-of-use"
PRECEDENCE = 200  # a toc.json title is a navigation title
DUE_EVERY = "6h"
IS_DATA = True  # for programs
AT_LEAST = 3
STANDS_IN_FOR = "support_navigation"  # a family that is read here need not be read there

_BASE = "https://support.microsoft.com/en-us/servicing/os/"
PAGES = [
    PageSpec(f"{_BASE}{family}/toc.json", (f"{_BASE}{family}/toc.json",), family) for family in ("hotpatch", "windows-server", "windows-11")
]


def parse(page: Page) -> Iterator[Claim]:
    """Return the claims of one toc.json.

    Raises:
        UnexpectedPage: it is not JSON of the known shape, or no category names a version of Windows.
    """
    categories: dict[str, list[Entry]] = {}
    odd: list[str] = []
    for item in _items(page):
        _collect(item, "", categories, odd)
    if not categories:
        raise UnexpectedPage(f"expected categories that name a version of Windows, got none from {page.final_url}")
    listed = (Category(name, entries) for name, entries in categories.items())
    yield from claims_of(page, listed, lambda: next(iter(categories)))
    for row, text in enumerate(odd):
        yield from quarantined("items", "entry", text, "expected an item with a toc_title below a version of Windows", row)


def unread(page: Page, _: Sequence[Claim]) -> Iterator[Unread]:
    """Yield members of items that are new, entries without a link, and words of titles that are new."""
    titles: list[str] = []
    waiting = list(_items(page))
    while waiting:
        item = waiting.pop(0)
        if not isinstance(item, dict) or not isinstance(item.get("toc_title"), str):
            continue  # quarantined
        for name in item.keys() - {"toc_title", "href", "children"}:
            yield Unread("", "member", f"expected toc_title, href and children of an item, got {name!r} of {clean(item['toc_title'])!r}")
        if isinstance(children := item.get("children"), list):
            waiting += children
            continue
        titles.append(clean(item["toc_title"]))
        if not isinstance(item.get("href"), str) or not item["href"].strip():
            yield Unread("", "link", f"expected a link of the entry {clean(item['toc_title'])!r}, got {item.get('href')!r}")
    yield from odd_words(titles)


@once_per_page
def _items(page: Page) -> list[Any]:
    try:
        document = json.loads(page.body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, a number of 5,000 digits, a deep nest
        raise UnexpectedPage(f"expected JSON, got {error} from {page.final_url}") from None
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list) or not items:
        raise UnexpectedPage(f"expected a table of contents with items, got {str(document)[:60]!r}")
    return items


def _collect(item: Any, category: str, categories: dict[str, list[Entry]], odd: list[str]) -> None:
    """Add the entries below an item to their category: the nearest parent that names a version. Parents such as "2026" are skipped.

    What is no item, and an entry outside a category, goes to ``odd``, as text.
    """
    if not isinstance(item, dict) or not isinstance(item.get("toc_title"), str):
        odd.append(json.dumps(item, ensure_ascii=False)[:500])
        return
    name = clean(item["toc_title"])
    children = item.get("children")
    if not isinstance(children, list):
        href = item.get("href", "")
        if category:
            categories.setdefault(category, []).append(Entry(name, href if isinstance(href, str) else ""))
        else:
            odd.append(name)
        return
    try:
        products_in(name)
    except UnexpectedPage:
        category = category or name  # which claims_of quarantines as a heading, if entries are in it
    else:
        category = name
        categories.setdefault(category, [])
    for child in children:
        _collect(child, category, categories, odd)
