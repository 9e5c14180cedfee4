"""Find hubs that no list names: by the links of the pages that a run reads, and by the pages that earlier runs read.

A hub is read where it is of a version that this program does not know, or of one that no navigation lists yet, or where its family has no other
page that can be read: then it has moved. The other links lead to hubs with the navigation that was just read. How many are read and how deep
is limited, so that no page makes a run follow links for ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple

from hotpatch_kb.db.claims.ingest import ReadPage
from hotpatch_kb.db.model.claims import Page, product_of
from hotpatch_kb.db.model.products import KNOWN
from hotpatch_kb.scraper.parsing.support.entries import is_hotpatch_hub
from hotpatch_kb.scraper.parsing.support.hubs import Hub, hub_at, hubs_on
from hotpatch_kb.scraper.sources import PageSpec, registry

SOURCE: Final = "support_navigation"
# Of one run. Windows 10 and 11 have 20 hubs in all, and one or two new ones come in a year.
MAX_HUBS: Final = 12
MAX_DEPTH: Final = 3  # a hub that a hub names that a page names


class Line(NamedTuple):
    """A product and one of its navigations: that of its hotpatches, or its update history."""

    product: str
    is_hotpatch: bool


class Hubs:
    """The hubs that a run knows of.

    Attributes:
        asked: addresses of the support site that were asked for in this crawl, and those that answered.
    """

    def __init__(self, conn: sqlite3.Connection, asked: set[str] | None = None) -> None:
        """Take the database, and what an earlier run of the same crawl asked for."""
        self.asked: set[str] = set() if asked is None else asked
        self._fixed = _fixed()
        self._before = set(unlisted(conn))
        self._linked: dict[str, str] = {}
        self._depths: dict[str, int] = {}
        self._hubs: dict[str, Hub] = {}
        for url in sorted(self._before):
            if (hub := hub_at(url)) is not None:
                self._hubs[url] = hub

    def look_through(self, page: Page) -> None:
        """Note the hubs that a page links to, unless it is too deep itself."""
        depth = self._depths.get(page.url, 0) + 1
        for hub in hubs_on(page) if depth <= MAX_DEPTH else ():
            self._hubs.setdefault(hub.url, hub)
            self._linked.setdefault(hub.url, page.final_url)
            self._depths.setdefault(hub.url, depth)

    def news_of(self, page: Page) -> str:
        """Return what there is to say of a hub that was read for the first time and that no list names, "" otherwise."""
        if page.source != SOURCE or page.page_url in self._fixed or page.page_url in self._before:
            return ""
        self._before.add(page.page_url)
        linked = f", linked from {self._linked[page.page_url]}" if page.page_url in self._linked else ""
        return f"found a hub that no list names: {page.page_url}{linked}"

    def wanted(self, listed: Collection[Line], unread: Collection[str]) -> Iterator[PageSpec]:
        """Yield the hubs to read.

        Args:
            listed: what the navigations that are read list.
            unread: families of which no page could be read.
        """
        for hub in list(self._hubs.values()):
            spec = self._fixed.get(hub.url, PageSpec(hub.url, (hub.url,), hub.family))
            lines = [Line(product, hub.family == "hotpatch") for product in hub.products]
            is_new = any(line.product not in KNOWN or line not in listed for line in lines)
            if hub.url not in self.asked and (is_new or hub.family in unread):
                yield spec


def _fixed() -> dict[str, PageSpec]:
    return {url: spec for spec in registry()[SOURCE].pages for url in (*spec.addresses, spec.page_url)}


def unlisted(conn: sqlite3.Connection) -> list[str]:
    """Return the hubs that were read and that no list of this program names."""
    rows = conn.execute("select distinct page_url from pages where source = ? and state = 'accepted' order by page_url", (SOURCE,))
    return [url for (url,) in rows if url not in _fixed()]


def listed_lines(conn: sqlite3.Connection, reads: Iterable[ReadPage]) -> set[Line]:
    """Return what navigations list: those of current claims, and those that a run has read and not loaded yet."""
    lines = {
        Line(product, is_hotpatch_hub(page_url))
        for page_url, product in conn.execute(
            """select distinct c.page_url, substr(c.subject, 9, instr(substr(c.subject, 9), '/') - 1) from claims as c join sources as s using (source)
            where ? in (s.source, s.stands_in_for) and c.field = 'article_url' and c.subject like 'release/%' and c.gone_at is null""",
            (SOURCE,),
        )
    }
    for read in reads:
        source = registry()[read.page.source]
        if SOURCE in {source.source, source.stands_in_for}:
            subjects = {claim.subject for claim in read.claims or () if claim.subject.startswith("release/")}
            lines |= {Line(product_of(subject), is_hotpatch_hub(read.page.page_url)) for subject in subjects}
    return lines
