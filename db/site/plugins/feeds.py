# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""Subscriptions: Atom feeds of releases, of calendar and price changes and of known issues, in each language, and a calendar file per product."""

from __future__ import annotations

import re
import sqlite3
import uuid
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree as ET

from datasette import Response, hookimpl

from hotpatch_kb.db.answers import coverage, icalendar_file
from hotpatch_kb.db.answers.calendar import subscribed_rows
from hotpatch_kb.db.answers.events import change_rows, events
from hotpatch_kb.db.model import clock, reading
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.products import named
from hotpatch_kb.db.site import addresses, news, page_data, web, when
from hotpatch_kb.db.site.i18n import DEFAULT, SCOPE, Words, words
from hotpatch_kb.db.site.restart_answers import IN_ORDER

MAX_ENTRIES: Final = 100
MAX_ALARMS: Final = 5
_ATOM: Final = "http://www.w3.org/2005/Atom"
# Ids of entries are made from this and the fact's name, so that they do not change with the address of a site (RFC 4287, 4.2.6).
_IDS: Final = uuid.UUID("5d1f4f2e-8a43-5d0b-9a2e-0f4d6f6f2b11")
# Characters that XML does not allow (https://www.w3.org/TR/xml/#charsets).
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KINDS: Final = {"baseline": "baseline (restart)", "hotpatch": "hotpatch (no restart)"}


class Entry(NamedTuple):
    """An entry: the name that its id is made from, its title, when it was read (UTC), a path of the site, and a sentence."""

    name: str
    title: str
    updated: str
    path: str
    text: str


def released(conn: sqlite3.Connection, product: str | None, t: Words) -> list[Entry]:
    """Return baselines and hotpatches, newest first."""
    releases = page_data.rows(
        conn,
        """select r.subject, r.product, r.kb, r.build, r.release_date, r.classification, r.is_unplanned,
            coalesce((select min(c.first_seen_at) from fact_claims as f join claims as c using (claim) where f.subject = r.subject),
                r.release_date || 'T00:00:00Z') as seen
        from releases as r where r.classification in ('baseline', 'hotpatch') and r.release_date is not null and r.product = coalesce(?, r.product)
        order by r.release_date desc, r.product, r.revision desc limit ?""",
        (product, MAX_ENTRIES),
    )
    return [
        Entry(
            row["subject"],
            t(
                "{product}: {kind} {release} of {day}",
                product=named(row["product"]).name,
                kind=t(_KINDS[row["classification"]]),
                release=f"{_kb(row)}{row['build'] or ''}",
                day=row["release_date"],
            )
            + (f"{t(', ')}{t('unplanned')}" if row["is_unplanned"] else ""),
            row["seen"],
            f"build/{row['build']}" if row["build"] else f"calendar/{row['release_date'][:7]}",
            t("An unplanned baseline: its month was planned as a hotpatch.") if row["is_unplanned"] else "",
        )
        for row in releases
    ]


def _kb(row: dict[str, Any]) -> str:
    return f"KB{row['kb']} " if row["kb"] else ""


def _changes(conn: sqlite3.Connection, product: str | None, prefix: str, t: Words) -> list[Entry]:
    rows = [row for row in change_rows(conn, product=product) if row["subject"].startswith(prefix)][: MAX_ENTRIES * 4]
    return [
        Entry(f"{item.subject}/{item.form}/{item.changed_at}", when.event_said(item, t), item.changed_at, item.path, "")
        for item in events(conn, rows)
    ][:MAX_ENTRIES]


def calendar_changes(conn: sqlite3.Connection, product: str | None, t: Words) -> list[Entry]:
    """Return months that changed: a type, a plan, a release."""
    return _changes(conn, product, "calendar/", t)


def price_changes(conn: sqlite3.Connection, product: str | None, t: Words) -> list[Entry]:
    """Return prices that changed."""
    return _changes(conn, product, "price/", t)


def issues(conn: sqlite3.Connection, product: str | None, t: Words) -> list[Entry]:
    """Return known issues, by when an article was last read with them."""
    known_issues = page_data.rows(
        conn,
        """select i.subject, i.product, i.kb, i.title, i.state, i.resolved_by_kb,
            (select max(c.first_seen_at) from claims as c where c.subject = i.subject) as seen
        from known_issues as i where i.gone_since is null and (? is null or i.product = ?) order by seen desc, i.subject limit ?""",
        (product, product, MAX_ENTRIES),
    )
    return [
        Entry(
            f"{row['subject']}/{row['product'] or ''}/{row['state']}",
            f"KB{row['kb']}: {row['title']}",
            row["seen"] or "1970-01-01T00:00:00Z",
            f"kb/{row['kb']}",
            t(row["state"]) + (f"{t(', ')}{t('resolved by')} KB{row['resolved_by_kb']}" if row["resolved_by_kb"] else ""),
        )
        for row in known_issues
    ]


class Feed(NamedTuple):
    """A feed: its title, and the function that reads its entries."""

    title: str
    entries: Callable[[sqlite3.Connection, str | None, Words], list[Entry]]


FEEDS: Final = {
    "releases": Feed("Windows hotpatches and baselines", released),
    "calendar": Feed("Changes of the Windows hotpatch calendar", calendar_changes),
    "prices": Feed("Changes of hotpatch prices", price_changes),
    "issues": Feed("Known issues of Windows updates", issues),
}


def atom(conn: sqlite3.Connection, name: str, product: str | None, t: Words, absolute: Callable[[str], str], address: str) -> bytes:
    """Return a feed as Atom (RFC 4287), the same bytes for the same facts.

    Args:
        conn: the database.
        name: a key of ``FEEDS``.
        product: of whose entries alone it is made; None for those of all.
        t: words. Those of one language have ids of their own: a reader of feeds shows one entry of an id.
        absolute: returns the address of a path of the site.
        address: of the feed itself.
    """
    feed, until = FEEDS[name], coverage.latest_data_until(conn)
    entries = feed.entries(conn, product, t)
    ET.register_namespace("", _ATOM)
    root = ET.Element(f"{{{_ATOM}}}feed", {"xml:lang": t.language})
    ids = "" if t.language == DEFAULT else f"{t.language}/"

    def add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
        element = ET.SubElement(parent, f"{{{_ATOM}}}{tag}", {key: _clean(value) for key, value in attributes.items()})
        element.text = None if text is None else _clean(text)
        return element

    title = f"{t(feed.title)}: {t(named(product).name)}" if product else t(feed.title)
    add(root, "id", _id(f"{ids}feed/{name}/{product or ''}"))
    add(root, "title", title)
    add(root, "updated", max((entry.updated for entry in entries), default=f"{until or '1970-01-01'}T00:00:00Z"))
    add(root, "link", rel="self", type="application/atom+xml", href=address)
    add(
        root,
        "link",
        rel="alternate",
        type="text/html",
        href=absolute("prices" if name == "prices" else f"product/{product}" if product else ""),
    )
    add(add(root, "author"), "name", "hotpatch-kb")
    for entry in entries:
        element = add(root, "entry")
        add(element, "id", _id(ids + entry.name))
        add(element, "title", entry.title)
        add(element, "updated", entry.updated)
        add(element, "link", rel="alternate", type="text/html", href=absolute(entry.path))
        add(element, "summary", entry.text or entry.title)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _id(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(_IDS, name)}"


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)[:2000]


async def feed(datasette: Any, request: Any) -> Response:
    """``/feeds/<feed>.atom``, ``/ja/feeds/<feed>.atom``: a feed of all products, or of one, in the language of its address."""
    language = request.scope.get(SCOPE) or DEFAULT
    urls = addresses.of_request(datasette, request)

    def make(conn: sqlite3.Connection) -> bytes:
        product = web.product_of(conn, request)
        here = addresses.in_languages(datasette, request)[language] if SCOPE in request.scope else request.full_path
        return atom(
            conn, request.url_vars["feed"], product, words(language),
            lambda path: datasette.absolute_url(request, urls.path(path) if path else urls.instance()),
            datasette.absolute_url(request, here),
        )  # fmt: skip

    return await web.file(datasette, request, make, "application/atom+xml; charset=utf-8")


async def calendar(datasette: Any, request: Any) -> Response:
    """``/calendars/<product>.ics``: a product's calendar, to import or to subscribe to."""
    name = request.url_vars["product"]

    def make(conn: sqlite3.Connection) -> bytes:
        months = subscribed_rows(conn, name)
        if not months:
            raise web.HttpError(404, "No calendar is published for {product}.", product=name)
        return icalendar_file.calendar_file(
            conn, months, f"Windows hotpatching: {named(name).name}", _alarms(request.args.getlist("alarm")), today=clock.today()
        )

    return await web.file(datasette, request, make, "text/calendar; charset=utf-8")


def _alarms(given: list[str]) -> list[int]:
    if len(given) > MAX_ALARMS or any(not re.fullmatch(r"[0-9]{1,3}", text) or int(text) > 366 for text in given):
        raise BadInput(
            "expected at most {count} alarms of 0 to 366 days, got {got!r}", count=MAX_ALARMS, got=", ".join(given)[: reading.MAX_SHOWN]
        )
    return [int(text) for text in given]


async def subscribe(datasette: Any, request: Any) -> Response:
    """``/subscribe``: all feeds and calendars."""

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        ended = page_data.ended_previews(conn, clock.today())
        products = [
            row[0]
            for row in conn.execute(f"select product from products where product in (select product from hotpatch_calendar) {IN_ORDER}")
            if row[0] not in ended
        ]
        priced = [row[0] for row in conn.execute("select distinct product from prices where product is not null")]
        unread = news.nothing_read(conn)
        return {
            "feeds": {name: feed.title for name, feed in FEEDS.items() if name not in unread},
            "unread": unread,
            "products": products,
            "priced": priced,
        }

    return await web.page(datasette, request, "subscribe.html", make)


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    """Return the addresses of feeds, calendars, and the page that lists them."""
    return [
        (rf"^/feeds/(?P<feed>{'|'.join(FEEDS)})\.atom$", feed),
        (r"^/calendars/(?P<product>[a-z0-9-]{3,40})\.ics$", calendar),
        (r"^/subscribe$", subscribe),
    ]
