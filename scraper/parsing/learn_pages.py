"""Pages of Learn, as HTML or as markdown (``?accept=text/markdown``): what both have, read the same way."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from bs4 import SoupStrainer

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.scraper.parsing.markdown import front_matter, markdown_events
from hotpatch_kb.scraper.parsing.markup import Event, cells, elements, html_events, one_main, soup, texts_outside

# 2026-05-13T02:11:00.0000000Z in the meta element, 2026-07-19T03:21:00Z in the header of markdown
_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z$")


class LearnPage(NamedTuple):
    """A page of Learn.

    Attributes:
        events: headings, labels, paragraphs and tables.
        outside: texts in no cell of a table.
    """

    events: list[Event]
    outside: list[str]


def read(page: Page, strainer: SoupStrainer) -> LearnPage:
    """Return the content of a page.

    Args:
        page: the page.
        strainer: what is built of a page in HTML.

    Raises:
        UnexpectedPage: HTML without exactly one ``main``, or markdown that is not UTF-8.
    """
    if not _is_html(page):  # whatever its media type says
        events = list(markdown_events(utf8(page)))
        return LearnPage(events, [event.text for event in events if event.kind == "text"])
    main = one_main(soup(page, strainer))
    table_cells = [cell for table in elements(main, "table") for row in elements(table, "tr") for cell in cells(row)]
    return LearnPage(list(html_events(main)), list(texts_outside(main, table_cells)))


def utf8(page: Page) -> str:
    """Return the text of a page.

    Raises:
        UnexpectedPage: it is not UTF-8.
    """
    try:
        return page.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnexpectedPage(f"expected UTF-8, got {error} from {page.final_url}") from None


def stated_since(page: Page) -> str | None:
    """Return when the content was last changed (UTC), as ``updated_at`` of the header or the meta element has it; None without it."""
    if _is_html(page):
        match = re.search(rb'<meta name="updated_at" content="([^"]+)"', page.body)
        updated_at = match[1].decode("utf-8", "replace") if match else ""
    else:
        updated_at = front_matter(page.body[:4096].decode("utf-8-sig", "replace")).get("updated_at", "")
    instant = _INSTANT.match(updated_at)
    return f"{instant[1]}Z" if instant else None


def _is_html(page: Page) -> bool:
    return page.body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"
