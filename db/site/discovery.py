"""What leads others to the pages: robots.txt, sitemap.xml, and the description of the data set that search engines read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Final
from xml.etree import ElementTree as ET

from datasette import Response

from hotpatch_kb.db.answers.coverage import latest_data_until
from hotpatch_kb.db.answers.restarts import next_restarts
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.notation import month_after
from hotpatch_kb.db.site import page_data, web
from hotpatch_kb.db.site.i18n import DEFAULT, LANGUAGES

_SITEMAP: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
MAX_ADDRESSES: Final = 50_000  # of one sitemap, by its protocol; the facts of 2026 have some 10,000
_ROBOTS: Final = """User-agent: *
Disallow: /*?
Disallow: /csv/
Sitemap: {sitemap}
"""
_PAGES: Final = ("", "changes", "fleet", "eligible", "cost", "prices", "subscribe", "sources", "about", "questions", "offline", "api")


async def robots(datasette: Any, request: Any) -> Response:
    """``/robots.txt``: crawlers may read every page once, not every combination of filters."""
    text = _ROBOTS.format(sitemap=datasette.absolute_url(request, datasette.urls.path("sitemap.xml")))
    return Response(text, headers=web.max_age(datasette), content_type="text/plain; charset=utf-8")


async def sitemap(datasette: Any, request: Any) -> Response:
    """``/sitemap.xml``: every page that has a permanent address, in each language."""

    def make(conn: sqlite3.Connection) -> bytes:
        web.only(request, ())  # each spelling of the address would take a second, and be kept by itself
        found = paths(conn, clock.today())[: MAX_ADDRESSES // len(LANGUAGES)]
        of_languages = (path if code == DEFAULT else f"{code}/{path}" for path in found for code in LANGUAGES)
        return sitemap_of(datasette.absolute_url(request, datasette.urls.path(path)) for path in of_languages)

    return await web.file(datasette, request, make, "application/xml; charset=utf-8")


def sitemap_of(addresses: Iterable[str]) -> bytes:
    """Return the sitemap of absolute addresses (https://www.sitemaps.org/protocol.html)."""
    ET.register_namespace("", _SITEMAP)
    root = ET.Element(f"{{{_SITEMAP}}}urlset")
    for address in addresses:
        ET.SubElement(ET.SubElement(root, f"{{{_SITEMAP}}}url"), f"{{{_SITEMAP}}}loc").text = address
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def paths(conn: sqlite3.Connection, day: str) -> list[str]:
    """Return the path of each page with a permanent address, below the address of the site."""
    found = [*_PAGES, *(f"calendar/{year}" for year in page_data.years(conn, day))]
    for form, sql in (
        ("product/{}", "select product from products order by product"),
        ("calendar/{}", "select distinct month from hotpatch_calendar order by month desc"),
        ("build/{}", "select distinct build from releases where build is not null order by build desc"),
        ("kb/{}", "select kb from kbs order by kb desc"),
        ("cve/{}", "select distinct cve from kb_cves where cve glob 'CVE-[0-9][0-9][0-9][0-9]-*' order by cve desc"),
    ):
        found += [form.format(row[0]) for row in conn.execute(sql)]
    return found


def months(conn: sqlite3.Connection, day: str) -> set[str]:
    """Return the months that have a page: those of calendars and releases, and after ``day`` those by the cadence alone."""
    known = {row[0] for row in conn.execute("select month from hotpatch_calendar union select month from releases where month is not null")}
    last = max((page_data.last_month(conn, row["product"]) for row in next_restarts(conn, day)), default="")
    ahead = (month_after(day[:7], count) for count in range(1, page_data.MONTHS_AHEAD + 1))
    return known | {month for month in ahead if month <= last}


def data_set(conn: sqlite3.Connection, metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the description of the data set in schema.org's words, without addresses of the site, which the template adds."""
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "name": metadata["title"],
        "license": metadata["license_url"],
        "isAccessibleForFree": True,
        "dateModified": latest_data_until(conn),
        "keywords": ["Windows", "hotpatch", "baseline", "KB", "OS build", "patch management"],
    }
