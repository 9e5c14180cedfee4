"""Which pages a person saves in a browser for a machine that has no network, the most useful first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from hotpatch_kb.db.claims import pages
from hotpatch_kb.scraper.crawl import hubs
from hotpatch_kb.scraper.crawl.due import next_read, step, written
from hotpatch_kb.scraper.crawl.run import Run
from hotpatch_kb.scraper.sources import Source, registry

# Articles of updates of the last quarter: of the baseline and of the hotpatches after it. A crawl reads older ones, too; by hand they are too many.
RECENT: Final = timedelta(days=92)


class ToSave(NamedTuple):
    """A page to save.

    Attributes:
        url: its address.
        source: which source reads it.
        title: of the source.
        read_at: when it, or another page of its family, was read last (UTC), None where it never was.
        due_at: when it is to be read again (UTC), None where an article need not be.
        is_due: whether that is past.
    """

    url: str
    source: str
    title: str
    read_at: str | None
    due_at: str | None
    is_due: bool


def to_save(conn: sqlite3.Connection, now: datetime) -> list[ToSave]:
    """Return the pages to save: those that list releases, then the articles of the last quarter, then documents, ends of support and prices.

    Of pages that carry the same content only the first is named, and of what only programs ask for nothing.

    Args:
        conn: the database.
        now: UTC.
    """
    sources = [s for s in registry().values() if not (s.is_embedded or s.is_data or s.stands_in_for or s.credential)]
    first = sorted((s for s in sources if s.due_on_release), key=lambda s: s.precedence)
    others = sorted((s for s in sources if not s.due_on_release), key=lambda s: s.precedence)
    result = [page for source in first for page in _fixed(conn, source, now)]
    result += _articles(conn, sources, now)
    return result + [page for source in others if source.pages for page in _fixed(conn, source, now)]


def _fixed(conn: sqlite3.Connection, source: Source, now: datetime) -> Iterator[ToSave]:
    families: dict[str, list[str]] = {}
    for spec in source.pages:
        families.setdefault(spec.family or spec.page_url, []).append(spec.page_url)
    more = hubs.unlisted(conn) if source.source == hubs.SOURCE else []
    pace, on_release = step(source.due_every), step(source.due_on_release) if source.due_on_release else None
    for alike in [*families.values(), *([url] for url in more)]:
        read = max((at for url in alike if (at := _read_at(conn, source, url, now))), default=None)
        due = next_read(datetime.fromisoformat(read), pace, on_release)[0] if read else now
        yield ToSave(alike[0], source.source, source.title, read, written(due), due <= now)


def _read_at(conn: sqlite3.Connection, source: Source, page_url: str, now: datetime) -> str | None:
    row = conn.execute(
        "select max(fetched_at) from pages where source = ? and page_url = ? and state = 'accepted' and fetched_at <= ?",
        (source.source, page_url, written(now)),  # where the clock was set back, what was read "later" does not count
    ).fetchone()
    return row[0] if row else None


def _articles(conn: sqlite3.Connection, sources: Sequence[Source], now: datetime) -> Iterator[ToSave]:
    """Yield the articles of the quarter before the newest release that is known, the newest first."""
    links = Run(conn, None, [], lambda _: None, "crawl").links()
    newest = max((link.release_date for link in links), default="")
    since = str(date.fromisoformat(newest) - RECENT) if newest else ""
    recent = [link for link in links if link.release_date >= since]
    for source in sources:
        for spec in source.linked(recent, written(now)):
            read = max((at for url in spec.addresses if (at := pages.answered_at(conn, source.source, url))), default=None)
            is_due = read is None or not spec.good_since or read < spec.good_since
            yield ToSave(spec.addresses[0], source.source, source.title, read, written(now) if is_due else None, is_due)


def next_due(rows: Sequence[ToSave]) -> str | None:
    """Return when the first of some pages is due (UTC), None where none will be."""
    return min((row.due_at for row in rows if row.due_at), default=None)


def at_present(conn: sqlite3.Connection) -> list[ToSave]:
    """Return the pages to save now."""
    return to_save(conn, datetime.now(UTC))
