"""Learn's lifecycle pages: when support of a Windows ends, one page per product or group of editions.

A table "Support Dates" has one row, with mainstream and extended end (servers, Long-Term Servicing Channel) or a retirement date (clients);
a table "Releases" has the end of each version. Years of Extended Security Updates are rows of "Releases". Dates are instants in Redmond's
time, ``2034-11-14T22:59:59.999-08:00``, in the text and in an attribute of ``local-time``, whose text a browser replaces by its own
spelling. "In Support" stands where no date is set. What a page states for hotpatching in a sentence is in ``facts_lifecycle``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from bs4 import SoupStrainer, Tag

from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import MONTHS, clean, iso_date, long_dates_in
from hotpatch_kb.db.model.products import products_in
from hotpatch_kb.scraper.parsing import learn_pages
from hotpatch_kb.scraper.parsing.markup import attribute, cells, elements, link, one_main, soup, text
from hotpatch_kb.scraper.parsing.once import once_per_page
from hotpatch_kb.scraper.parsing.statements import distinct, quarantined, stated
from hotpatch_kb.scraper.sources import PageSpec

TITLE = "Microsoft Learn: lifecycle of products"
HOME_URL = "https://learn.microsoft.com/en-us/lifecycle/products/"
LICENCE = "https://learn.microsoft.com/en-us/legal/termsofuse"
PRECEDENCE = 100  # a table of Learn's
DUE_EVERY = "1d"
AT_LEAST = 1  # row: a server's page has no more

# The pages that were read, and others of the same kind that public documents link to: these are followed, and may be missing.
_PAGES: Final = (
    "windows-10-enterprise-and-education", "windows-10-home-and-pro", "windows-11-enterprise-and-education", "windows-11-home-and-pro",
    "windows-server-2016", "windows-server-2019", "windows-server-2022", "windows-server-2025",
)  # fmt: skip
_FURTHER: Final = {
    "windows-10-enterprise-and-education": (
        "windows-10-2015-ltsb", "windows-10-2016-ltsb", "windows-10-enterprise-ltsc-2019", "windows-10-enterprise-ltsc-2021",
        "windows-10-iot-enterprise", "windows-10-iot-enterprise-ltsc-2021",
    ),
    "windows-11-enterprise-and-education": (
        "windows-11-enterprise-ltsc-2024", "windows-11-iot-enterprise", "windows-11-iot-enterprise-ltsc-2024",
    ),
    "windows-server-2022": ("windows-server-annual-channel",),
}  # fmt: skip
PAGES = [PageSpec(f"{HOME_URL}{name}", (f"{HOME_URL}{name}",)) for name in _PAGES]

# What is built of a page: h1 and title say which page it is, if it is another one.
_PARTS: Final = SoupStrainer(["main", "h1", "title"])
# /en-us/lifecycle/products/windows-11-iot-enterprise; not "windows-10-home-and-pro-version-21h2", a former page of one version
_ADDRESS: Final = re.compile(rf"{re.escape(HOME_URL)}(?P<name>windows-(?:server|1\d)(?:-(?!version\b)[a-z0-9]+)*)")

_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
# "Nov 14, 2034", as a browser in the United States shows an instant
_SHOWN: Final = re.compile(r"^([A-Z][a-z]{2})[a-z]*\.? (\d{1,2}), (\d{4})$")
_MONTH_NAMES: Final = {name[:3]: name for name in MONTHS}
# Cells of end dates without a date (last seen 2026-07).
_NO_DATES: Final = frozenset({"in support", "not applicable", "n/a", ""})
# "Version 22H2", "Version 1507 (RTM)", "Windows Server, version 23H2"
_VERSION: Final = re.compile(r"(?:Windows Server,? )?version (\d\dH\d|\d{4})(?: \([^()]*\))?", re.IGNORECASE)
# "Extended Security Update Year 1 *", "Extended Security Updates (ESU) Year 2"
_ESU: Final = re.compile(r"Extended Security Updates?(?: \(ESU\))?,? Year (\d)\b.*", re.IGNORECASE)
# "Windows 10 Enterprise 2016 LTSB", "Windows 10 2015 LTSB": the year before the channel
_YEAR_FIRST: Final = re.compile(r"\b(20\d\d) (LTS[BC])\b")
# The version of Windows 10 whose Extended Security Updates a client's page means: its last one.
_LAST_OF_CLIENT: Final = {"win10": "22h2"}


class _Subject(NamedTuple):
    """What a page is about.

    Attributes:
        products: the servicing lines that its title names; empty where only its versions do.
        family: "win10", "win11" or "ws", where the title names no version.
        group: the editions.
    """

    products: tuple[str, ...]
    family: str
    group: str


class _Table(NamedTuple):
    """A table: the heading above it, the names of its columns in lower case, and its rows."""

    heading: str
    header: list[str]
    rows: list[list[str]]


stated_since = learn_pages.stated_since


def page_at(url: str) -> PageSpec | None:
    """Return the page at an address of a saved tree."""
    match = _ADDRESS.fullmatch(url)
    return PageSpec(match[0], (match[0],)) if match else None


def follow(page: Page) -> Iterator[PageSpec]:
    """Yield further lifecycle pages of Windows: those that the page links to, and known ones of its Windows. None need be there."""
    named = [f"{HOME_URL}{name}" for name in _FURTHER.get(page.page_url.removeprefix(HOME_URL), ())]
    named += [link(page, attribute(anchor, "href")) or "" for anchor in elements(one_main(soup(page, _PARTS)), "a")]
    for url in dict.fromkeys(named):
        if (spec := page_at(url)) and spec not in PAGES and url != page.page_url:
            yield spec


def parse(page: Page) -> Iterator[Claim]:
    """Return the claims of ``lifecycle/<product>/<edition_group>/<kind>``: ``end_date``, and ``start_date`` beside it.

    Raises:
        UnexpectedPage: the title names no Windows, or there is no table of support dates.
    """
    return distinct(_claims(page))


def unread(page: Page, claims: Sequence[Claim]) -> Iterator[Unread]:  # noqa: ARG001 (every source has it)
    """Yield tables and columns that are new."""
    for table in _read(page):
        known = _columns(table)
        if known is None:
            yield Unread("", "table", f"expected the tables Support Dates and Releases, got {table.heading!r} with {table.header}")
            continue
        for name in table.header[1:]:
            if name not in known:
                yield Unread(table.heading, "column", f"expected no column {name!r} in {table.heading!r}, got it")


@once_per_page
def _read(page: Page) -> list[_Table]:
    tables: list[_Table] = []
    heading = ""
    for tag in elements(one_main(soup(page, _PARTS)), "h2", "h3", "table"):
        if tag.name != "table":
            heading = text(tag)
            continue
        rows = [[_cell(cell) for cell in cells(row)] for row in elements(tag, "tr")]
        if rows:
            tables.append(_Table(heading, [name.casefold() for name in rows[0]], rows[1:]))
    return tables


def _cell(cell: Tag) -> str:
    """Return the text of a cell; of a date the instant that its attribute states, whatever a browser made of the text."""
    instant = next((attribute(tag, "datetime") for tag in elements(cell, "local-time", "time") if attribute(tag, "datetime")), None)
    return clean(instant or "") or text(cell)


# Columns by table: name, then what its dates are. The first column has the name of the row, whatever it is called.
_SUPPORT: Final = {
    "start date": "start_date", "mainstream end date": "mainstream", "extended end date": "extended",
    "retirement date": "end_of_servicing", "end date": "end_of_servicing",
}  # fmt: skip
_RELEASES: Final = {"start date": "start_date", "end date": "end_of_servicing", "retirement date": "end_of_servicing"}


def _columns(table: _Table) -> dict[str, str] | None:
    """Return the columns of one of the two tables, known by its heading or by its first column; None for another table."""
    names = {table.heading.casefold(), table.header[0] if table.header else ""}
    if not names.isdisjoint({"support dates", "listing"}):
        return _SUPPORT
    return None if names.isdisjoint({"releases", "version"}) else _RELEASES


def _claims(page: Page) -> Iterator[Claim]:
    tables = _read(page)
    if not any(_columns(table) is _SUPPORT for table in tables):
        raise UnexpectedPage(f"expected a table Support Dates with the column Listing, got {[(t.heading, t.header) for t in tables]}")
    subject = _subject_of(page)
    # Where versions have dates of their own, the row of the whole product is that of the last version, which is in the other table too.
    has_versions = any(_columns(table) is _RELEASES for table in tables) and not subject.products
    for table in tables:
        if (columns := _columns(table)) is None or (columns is _SUPPORT and has_versions):
            continue
        for name in table.header[1:]:
            if name not in columns:
                reason = f"expected the columns {', '.join(columns)}"
                yield from quarantined(table.heading, "column", name, reason, 0, subject.products, may_be_release=False)
        for row, texts in enumerate(table.rows):
            if any(texts):
                yield from _row(subject, table, columns, row, texts)


def _subject_of(page: Page) -> _Subject:
    document = soup(page, _PARTS)
    title = text(document.h1) if document.h1 else ""
    spelled = _YEAR_FIRST.sub(r"\2 \1", title)
    try:
        products = products_in(spelled)
    except UnexpectedPage:
        products = ()
    os = re.match(r"Windows (Server|1\d)\b", title)
    if os is None:
        raise UnexpectedPage(f"expected a title such as 'Windows 11 Home and Pro', got {title!r}")
    if os[1] == "Server":
        return _Subject(products, "ws", "server" if products and "Annual" not in title else "annual_channel")
    lowered = title.casefold()
    iot = "iot" in lowered
    if re.search(r"\blts[bc]\b", lowered):
        return _Subject(products, f"win{os[1]}", "iot_ltsc" if iot else "ltsc")
    if iot:
        return _Subject((), f"win{os[1]}", "iot_core" if "core" in lowered else "iot_enterprise")
    if "enterprise" in lowered or "education" in lowered:
        return _Subject((), f"win{os[1]}", "enterprise_education")
    if "home" in lowered or "pro" in lowered:
        return _Subject((), f"win{os[1]}", "home_pro")
    raise UnexpectedPage(f"expected a title that names editions, such as 'Windows 11 Home and Pro', got {title!r}")


def _row(subject: _Subject, table: _Table, columns: dict[str, str], row: int, texts: list[str]) -> Iterator[Claim]:
    """Yield the claims of a row; of what cannot be read, why."""
    section, shown = table.heading, " | ".join(text for text in texts if text)
    if len(texts) != len(table.header):
        yield from quarantined(
            section, "entry", shown, f"expected {len(table.header)} cells, got {len(texts)}", row, subject.products, may_be_release=False
        )
        return
    cells_by_name = dict(zip(table.header[1:], texts[1:], strict=True))
    name = texts[0]
    products, year = _products(subject, name)
    if not products:
        reason = "expected a version of Windows such as 'Version 22H2'"
        yield from quarantined(section, "entry", shown, reason, row, subject.products, may_be_release=False)
        return
    # A page with one end alone, that of mainstream support, means that support ends with it (LTSC 2021 and 2024).
    is_only_mainstream = columns is _SUPPORT and "mainstream end date" in table.header and "extended end date" not in table.header
    start: tuple[str | None, str] | None = None
    for column, kind in columns.items():
        if column not in cells_by_name:
            continue
        published = cells_by_name[column]
        try:
            day = None if published.casefold() in _NO_DATES else _day(published)
        except UnexpectedPage as error:
            yield from quarantined(section, "cell", f"{name}: {published}", error, row, products, may_be_release=False)
            continue
        if kind == "start_date":
            start = (day, published)
            continue
        kinds = [f"esu_year_{year}" if year else kind, *(["end_of_servicing"] if is_only_mainstream and kind == "mainstream" else [])]
        for product in products:
            for of_kind in kinds:
                fields = [("end_date", day, published), *([("start_date", *start)] if start else [])]
                yield from stated(section, f"lifecycle/{product}/{subject.group}/{of_kind}", row, fields)


def _products(subject: _Subject, name: str) -> tuple[tuple[str, ...], str]:
    """Return the products of a row, and its year of Extended Security Updates, "" where it is none."""
    if match := _ESU.fullmatch(name):
        version = _LAST_OF_CLIENT.get(subject.family)
        return subject.products or ((f"{subject.family}-{version}",) if version else ()), match[1]
    if match := _VERSION.fullmatch(name):
        version = match[1].lower()
        if subject.family != "ws":
            return (f"{subject.family}-{version}",), ""
        return ((f"ws-{version}",) if re.fullmatch(r"\d\dh\d", version) and version != "20h2" else ()), ""
    return subject.products, ""


def _day(published: str) -> str:
    """Return the day of an instant: the last one on which support holds in Redmond.

    Raises:
        UnexpectedPage: it is no date.
    """
    if match := _INSTANT.fullmatch(published):
        return iso_date(match[1])
    if days := long_dates_in(_SHOWN.sub(lambda m: f"{_MONTH_NAMES.get(m[1], m[1])} {m[2]}, {m[3]}", published)):
        return days[0]
    raise UnexpectedPage(f"expected a date such as 2034-11-14T22:59:59.999-08:00, got {published!r}")
