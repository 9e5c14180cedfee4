"""Learn's lifecycle pages: when support of a Windows ends, one page per product or group of editions.

A table "Support Dates" has one row, with mainstream and extended end (servers, Long-Term Servicing Channel) or a retirement date (clients);
a table "Releases" has the end of each version. Years of Extended Security Updates are rows of "Releases". Dates are instants in Redmond's
time, ``2034-11-14T22:59:59.999-08:00``, in the text and in an attribute of ``local-time``, whose text a browser replaces by its own
spelling. A cell says "In Support" if no date is set. What a page states for hotpatching in a sentence is in ``facts_lifecycle``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from bs4 import SoupStrainer, Tag

from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import MONTHS, clean, iso_date, long_dates_in
from hotpatch_kb.db.model.products import LTSC_VERSIONS, products_in
from hotpatch_kb.scraper.parsing import learn_pages
from hotpatch_kb.scraper.parsing.markup import attribute, cells, elements, link, one_main, soup, text
from hotpatch_kb.scraper.parsing.once import once_per_page
from hotpatch_kb.scraper.parsing.statements import Field, distinct, quarantined, stated
from hotpatch_kb.scraper.parsing.support_dates import LAST_VERSIONS, Term, check_end, check_start, has_slipped
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
# What a cell has in place of an end date that is not set yet (last seen 2026-07). No recorded page has an empty cell, or "N/A".
_NO_DATE: Final = "in support"
# "Version 22H2", "Version 1507 (RTM)", "Windows Server, version 23H2"
_VERSION: Final = re.compile(r"(?:Windows Server,? )?version (\d\dH\d|\d{4})(?: \([^()]*\))?", re.IGNORECASE)
# "Extended Security Update Year 1 *", "Extended Security Updates (ESU) Year 2"
_ESU: Final = re.compile(r"Extended Security Updates?(?: \(ESU\))?,? Year (\d)\b.*", re.IGNORECASE)
# "Windows 10 Enterprise 2016 LTSB", "Windows 10 2015 LTSB": the year before the channel
_YEAR_FIRST: Final = re.compile(r"\b(20\d\d) (LTS[BC])\b")
# Enterprise editions of the Long-Term Servicing Channel have no extended support since this one; IoT Enterprise and servers have it.
_FIVE_YEARS_SINCE: Final = "2021"


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


class _Row(NamedTuple):
    """A row that names a product: its number, its name, its products, its year of Extended Security Updates, and its cells by column."""

    number: int
    name: str
    products: tuple[str, ...]
    year: str
    cells: dict[str, str]


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
        UnexpectedPage: the title names no Windows, there is no table of support dates, or it lacks a column, or one of them slipped.
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
            header = [name.casefold() for name in rows[0]]
            place = next((place for place, name in enumerate(header) if name in _NAMES), 0)
            tables.append(_Table(heading, _first(header, place), [_first(_trimmed(row, len(header)), place) for row in rows[1:]]))
    return tables


def _trimmed(texts: list[str], width: int) -> list[str]:
    """Return the cells of a row without further ones that are empty, as a table of Learn's had them in February 2026."""
    return texts if any(texts[width:]) else texts[:width]


def _first(texts: list[str], place: int) -> list[str]:
    """Return the cells of a row with the one that names it before the others."""
    return [*texts[place : place + 1], *texts[:place], *texts[place + 1 :]]


def _cell(cell: Tag) -> str:
    """Return the text of a cell; of a date the instant that its attribute states, whatever a browser made of the text."""
    instant = next((attribute(tag, "datetime") for tag in elements(cell, "local-time", "time") if attribute(tag, "datetime")), None)
    return clean(instant or "") or text(cell)


# Columns by table: name, then what its dates are. The name of a row is in one of these, or in the first column, whatever it is called.
_NAMES: Final = ("listing", "version")
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
    public_end = max((day for table in tables if _columns(table) is _SUPPORT for day in _days_in(table)), default=None)
    for table in tables:
        if (columns := _columns(table)) is None or (columns is _SUPPORT and has_versions):
            continue
        new = [name for name in table.header[1:] if name not in columns]
        for name in new:
            reason = f"expected the columns {', '.join(columns)}"
            yield from quarantined(table.heading, "column", name, reason, 0, subject.products, may_be_release=False)
        if not new and (missing := _missing(subject, columns, table.header[1:])):
            raise UnexpectedPage(f"expected the columns {' and '.join(missing)} in {table.heading!r}, got {table.header}")
        yield from _dates(subject, table, columns, public_end)


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


def _missing(subject: _Subject, columns: dict[str, str], header: list[str]) -> list[str]:
    """Return the columns that every such table has and this one lacks: without one, another end would pass as the last one."""
    if columns is _SUPPORT and subject.group in {"server", "ltsc", "iot_ltsc"}:
        needed = ["start date", "mainstream end date", *(["extended end date"] if _has_extended_support(subject) else [])]
    else:
        needed = ["start date", *(["end date"] if "retirement date" not in header else [])]
    return [name for name in needed if name not in header]


def _has_extended_support(subject: _Subject) -> bool:
    """Return whether support goes on after its mainstream end: of servers and of the Long-Term Servicing Channel, but not since LTSC 2021."""
    if subject.group == "ltsc":
        return not any(_year_of(product) >= _FIVE_YEARS_SINCE for product in subject.products)
    return subject.group in {"server", "iot_ltsc"}


def _year_of(product: str) -> str:
    """Return the year of the Long-Term Servicing Channel that a version is, "" if it is not such a version."""
    return next((year for year, version in LTSC_VERSIONS.items() if product.endswith(f"-{version}")), "")


def _days_in(table: _Table) -> Iterator[str]:
    """Yield the ends that a table states."""
    for texts in table.rows:
        for name, published in zip(table.header, texts, strict=False):
            if name in _SUPPORT and name != "start date" and published.casefold() != _NO_DATE:
                with suppress(UnexpectedPage):
                    yield _day(published)


def _dates(subject: _Subject, table: _Table, columns: dict[str, str], public_end: str | None) -> Iterator[Claim]:
    """Yield the claims of a table; of what cannot be read or believed, why."""
    section = table.heading
    rows, starts = [], {}
    for number, texts in enumerate(table.rows):
        if not any(texts):
            continue
        products, year = _products(subject, texts[0])
        try:
            if len(texts) != len(table.header):
                raise UnexpectedPage(f"expected {len(table.header)} cells, got {len(texts)}")
            if not products:
                raise UnexpectedPage("expected a version of Windows such as 'Version 22H2'")
            row = _Row(number, texts[0], products, year, dict(zip(table.header[1:], texts[1:], strict=True)))
            start = _day_of(row, "start date")
            if start is not None and not year:
                for product in products:
                    check_start(product, start)
        except _UnreadableCell as error:
            yield from _quarantined_cell(section, row, "start date", error)
        except UnexpectedPage as error:
            shown = " | ".join(text for text in texts if text)
            yield from quarantined(section, "entry", shown, error, number, products or subject.products, may_be_release=False)
            continue
        else:
            starts[number] = start
        rows.append(row)
    for column, kind in columns.items():
        if kind != "start_date" and column in table.header[1:]:
            yield from _ends(subject, table, rows, starts, column, kind, public_end)


class _UnreadableCell(UnexpectedPage):
    """A cell that has no date."""


def _day_of(row: _Row, column: str) -> str | None:
    """Return the date of a cell, None where the table has no such column, or says that no end is set.

    Raises:
        _UnreadableCell: it has no date.
    """
    published = row.cells.get(column)
    if published is None or (column != "start date" and published.casefold() == _NO_DATE):
        return None
    try:
        return _day(published)
    except UnexpectedPage as error:
        raise _UnreadableCell(f"{error} as the {column}") from None


def _quarantined_cell(section: str, row: _Row, column: str, reason: object) -> Iterator[Claim]:
    text = f"{row.name}: {row.cells[column]}"
    return quarantined(section, "cell", text, reason, row.number, row.products, may_be_release=False)


def _ends(
    subject: _Subject,
    table: _Table,
    rows: list[_Row],
    starts: dict[int, str | None],
    column: str,
    kind: str,
    public_end: str | None,
) -> Iterator[Claim]:
    """Yield the claims of one column of ends; of those that cannot be true, why.

    Raises:
        UnexpectedPage: the column slipped: none of its dates can be believed.
    """
    section = table.heading
    # A page with one end alone, that of mainstream support, means that support ends with it (LTSC 2021 and 2024).
    is_all = kind == "mainstream" and "extended end date" not in table.header and not _has_extended_support(subject)
    terms: list[Term] = []
    wrong: dict[int, UnexpectedPage] = {}
    for row in rows:
        end = None
        try:
            end = _day_of(row, column)
        except UnexpectedPage as error:
            wrong[row.number] = error
        of_kind = f"esu_year_{row.year}" if row.year else kind
        terms.append(Term(row.products[0], subject.group, of_kind, starts.get(row.number), end, public_end))
    if has_slipped(terms):
        raise UnexpectedPage(f"expected each {column} of {section!r} in the row of its version, got a column that slipped")
    for row, term in zip(rows, terms, strict=True):
        try:
            if row.number in wrong:
                raise wrong[row.number]
            check_end(term)
        except UnexpectedPage as error:
            yield from _quarantined_cell(section, row, column, error)
            continue
        fields: list[Field] = [("end_date", term.end, row.cells[column])]
        if row.number in starts and "start date" in row.cells:
            fields.append(("start_date", term.start, row.cells["start date"]))
        for product in row.products:
            for name in (term.kind, *(["end_of_servicing"] if is_all else [])):
                yield from stated(section, f"lifecycle/{product}/{subject.group}/{name}", row.number, fields)


def _products(subject: _Subject, name: str) -> tuple[tuple[str, ...], str]:
    """Return the products of a row, and its year of Extended Security Updates, "" where it is none."""
    if match := _ESU.fullmatch(name):
        last = LAST_VERSIONS.get(subject.family)
        return subject.products or ((last,) if last else ()), match[1]
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
