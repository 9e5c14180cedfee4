"""Learn's release information: every update of a version of Windows with its letter, date, build and KB, and the hotpatch calendars.

Three pages (Windows Server, Windows 11, Windows 10), as HTML and, with ``?accept=text/markdown``, as markdown, which alone has an
ETag and a true Last-Modified. Back to 2015 for Windows 10, to 2024-01 for the calendars of servers. Odd: rows with a seventh empty
cell, the same row twice (KB5091572), an update type whose month is not that of its date ("2026-02 OOB" of 2026-03-02), a first
row without KB or letter (26200.6584), and planned months whose type changes before they are released (June 2026).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from bs4 import SoupStrainer

from hotpatch_kb.db.model.claims import Claim, Page, Unread, calendar_subject, release_subject
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import FOOTNOTE, MONTHS, Build, builds_in, iso_date, kb, month_number
from hotpatch_kb.db.model.products import Product, heading
from hotpatch_kb.db.model.titles import calendar_type, update_type
from hotpatch_kb.scraper.parsing import learn_pages, version_tables
from hotpatch_kb.scraper.parsing.markup import Cell, link
from hotpatch_kb.scraper.parsing.once import once_per_page
from hotpatch_kb.scraper.parsing.statements import Field, distinct, quarantined, stated
from hotpatch_kb.scraper.parsing.tables import build_of, canonical, is_not_yet_known
from hotpatch_kb.scraper.sources import PageSpec

TITLE = "Microsoft Learn: release information"
HOME_URL = "https://learn.microsoft.com/en-us/windows/release-health/"
LICENCE = "https://learn.microsoft.com/en-us/legal/termsofuse"
PRECEDENCE = 100  # believed before every other source
DUE_EVERY = "6h"
DUE_ON_RELEASE = "30m"
AT_LEAST = 5  # rows; the shortest of the three pages has hundreds, and each section is compared with what it had before

_BASE = "https://learn.microsoft.com/en-us/windows/release-health/"
PAGES = [
    PageSpec(f"{_BASE}{name}", (f"{_BASE}{name}?accept=text/markdown", f"{_BASE}{name}"))
    for name in ("windows-server-release-info", "windows11-release-information", "release-information")
]

# Headings inside a part of the page: "Servicing channels", "Enterprise and IoT Enterprise LTSC editions"
_OF_A_PART: Final = re.compile(r"servicing channel|enterprise\b", re.IGNORECASE)
# "Calendar year 2026"; "Calendar year 2027 (planned)" and "2026 calendar year" would say the same
_YEAR: Final = re.compile(
    r"(?:(?:hotpatch )?calendar(?: (?:for|year|of))* (?P<year>20\d\d)|(?P<year_before>20\d\d)(?: (?:hotpatch )?calendar(?: year)?)?)(?: ?\([^()]*\))?:?",
    re.IGNORECASE,
)
# A mark of another footnote than that of planned hotpatches: "2026.08 B†"
_OTHER_MARK: Final = re.compile(rf"20\d\d.*(?P<mark>(?!\s*\^?\\?\*){FOOTNOTE})")
# "The releases marked with an * were initially planned as hotpatch updates."
_FOOTNOTE: Final = re.compile(r"\binitially planned as hotpatch\b", re.IGNORECASE)

_HISTORY_COLUMNS: Final = frozenset({"availability date", "build", "kb article"})
_CALENDAR_COLUMNS: Final = frozenset({"month", "update type", "type", "availability date", "build", "kb article"})
# Known columns by topic, as last seen 2026-07-22. "latest update" is not read: it is the letter of the latest build.
_COLUMNS: Final = {
    "history": re.compile(r"servicing option|update type|availability date|build|kb article"),
    "calendar": re.compile(r"month|update type|type|availability date|build|kb article|"),
    "versions": re.compile(
        r"(?:windows server )?version|servicing option|editions|availability date|(?:mainstream|extended) support end date"
        r"|end of (?:updates|servicing): .*|latest (?:update(?: for esu)?|revision date|build)"
    ),
}
# What states something, wherever it is: 26100.32772, KB5087423, "2026-05 B"
_STATEMENT: Final = re.compile(r"(?<!\d)\d{5}\.\d{1,5}(?!\d)|\bKB ?\d{6,7}\b|\b20\d\d[-.]\d\d (?:[A-E]|OOB)\b")
_A_KB: Final = re.compile(r"\bKB ?\d{6,7}\b")
# 2026-07-14
_A_DAY: Final = re.compile(r"\b20\d\d-\d\d-\d\d\b")
# What looks like the heading of a version, whether it is known or not: "Version 26H2 (build 26300)"
_LIKE_A_HEADING: Final = re.compile(
    r"(?:Windows Server,? )?(?:version )?\w+(?: \([^()]*\))? ?\((?:OS )?build.*|(?:Windows Server )?version \w+|Calendar.*", re.IGNORECASE
)


# What is built of a page in HTML: h1 and title say which page it is, if it is another one.
_PARTS: Final = SoupStrainer(["main", "h1", "title"])

stated_since = learn_pages.stated_since


@once_per_page
def _read(page: Page) -> learn_pages.LearnPage:
    return learn_pages.read(page, _PARTS)


def parse(page: Page) -> Iterator[Claim]:
    """Return the claims of one page of release information.

    Raises:
        UnexpectedPage: no release history, a column is missing, or a row cannot be read.
    """
    return distinct(_tables(page))


def _tables(page: Page) -> Iterator[Claim]:
    client = "win10" if page.page_url.endswith("/release-information") else "win11"
    tables = {"history": 0, "calendar": 0, "versions": 0}
    topic, product, year = "", None, None
    marked: list[str] = []
    has_footnote = False
    for event in _read(page).events:
        if event.kind in {"heading", "label"}:
            if named_product := heading(event.text, client):
                product, year = named_product, None
            elif match := _YEAR.fullmatch(event.text):
                year = int(match["year"] or match["year_before"])
            elif event.kind == "heading" and not _OF_A_PART.match(event.text):
                topic, product, year = _topic(event.text), None, None
        elif event.kind == "text":
            has_footnote = has_footnote or _FOOTNOTE.search(event.text) is not None
        elif topic:
            tables[topic] += 1
            section = topic
            try:
                if topic == "versions":
                    header = canonical([cell.text for cell in event.rows[0]], ["availability date"]) if event.rows else []
                    texts = [other.text for other in _read(page).events if other.kind == "text"]
                    yield from version_tables.claims_of(_records(event.rows, header), header, client, texts)
                elif topic == "history":
                    section = f"Release history: {product.name}" if product else topic
                    yield from _history(page, event.rows, product)
                else:
                    section = f"Hotpatch calendar {year}: {product.name}" if product and year else topic
                    yield from _calendar(page, event.rows, product, year, marked)
            except _WrongLabel as error:
                yield from _unlabelled(section, event.rows, error)
            except UnexpectedPage as error:
                raise UnexpectedPage(str(error) if section in str(error) else f"{error} in {section!r}") from None
        elif event.rows and "availability date" in (names := [cell.text.casefold() for cell in event.rows[0]]):
            reason = (
                f"expected a heading such as 'Windows 11 release history' before a table with the columns {names}, got none that we know"
            )
            yield from _unlabelled("a table below an unknown heading", event.rows, reason)
    if not tables["history"] and not tables["calendar"]:
        raise UnexpectedPage(f"expected tables of a release history, got none on {page.final_url}")
    if marked and not has_footnote:
        reason = "expected a footnote on what was 'initially planned as hotpatch', got none"
        yield from quarantined("calendar", "label", marked[0], reason, 0, may_be_release=False)


class _WrongLabel(UnexpectedPage):
    """A table below no label, or below that of another version."""


def _unlabelled(section: str, rows: list[list[Cell]], reason: object) -> Iterator[Claim]:
    """Yield a table as quarantined whose version is not known: its newest row, which may be a release of each version on the page."""
    texts = [" | ".join(cell.text for cell in cells if cell.text) for cells in rows[1:]]
    newest = max((text for text in texts if text), key=lambda text: (_A_DAY.findall(text) or [""])[0], default="")
    return quarantined(section, "heading", newest, reason, 0)


def unread(page: Page, _: Sequence[Claim]) -> Iterator[Unread]:
    """Yield columns, headings and tables that are new, and builds and KBs outside tables."""
    client = "win10" if page.page_url.endswith("/release-information") else "win11"
    topic = ""
    for event in _read(page).events:
        known = heading(event.text, client) or _YEAR.fullmatch(event.text)
        if event.kind in {"heading", "label"} and not known:
            before = topic  # "" before the first topic, where the site has texts of its own
            if event.kind == "heading" and not _OF_A_PART.match(event.text):
                topic = _topic(event.text)
            is_lost = before and not topic
            if (is_lost or (topic and event.kind == "label")) and _LIKE_A_HEADING.fullmatch(event.text):
                yield Unread(
                    "", "heading", f"expected a heading such as 'Version 25H2 (OS build 26200)' or 'Calendar year 2026', got {event.text!r}"
                )
        elif event.kind == "table" and event.rows:
            names = [cell.text for cell in event.rows[0]]
            if not topic and any(_STATEMENT.search(cell.text) for cells in event.rows for cell in cells):
                yield Unread("", "table", f"expected a known heading before the table with the columns {names}, got none")
            for name in names if topic else ():
                if not _COLUMNS[topic].fullmatch(name.casefold()):
                    sample = [cells[names.index(name)].text for cells in event.rows[1:2] if len(cells) > names.index(name)]
                    yield Unread(
                        topic, "column", f"expected no column {name!r} in a table of {topic}, got it with {', '.join(map(repr, sample))}"
                    )
            for cell in (cell for cells in event.rows for cell in cells):
                if topic and (match := _OTHER_MARK.fullmatch(cell.text)):
                    yield Unread(
                        topic, "mark", f"expected no mark {match['mark'].strip()!r} of a footnote in a table of {topic}, got {cell.text!r}"
                    )
                if _A_KB.search(cell.text) and not (link(page, cell.href) or "").startswith("https://support.microsoft.com/"):
                    yield Unread(topic, "link", f"expected a link of {cell.text!r} to support.microsoft.com, got {cell.href!r}")
    for outside in _read(page).outside:
        if _STATEMENT.search(outside):
            yield Unread("", "text", f"expected builds and KBs in the cells of tables alone, got {outside[:200]!r}")


def _topic(text: str) -> str:
    """Return the kind of table below a heading: "versions", "history" or "calendar", and "" for others."""
    lowered = text.casefold()
    if "hotpatch calendar" in lowered:
        return "calendar"
    if "release history" in lowered:
        return "history"
    return "versions" if "versions by servicing option" in lowered else ""


def _columns(rows: list[list[Cell]], needed: frozenset[str], place: str) -> list[str]:
    header = canonical([cell.text for cell in rows[0]], needed) if rows else []
    if missing := needed - set(header):
        raise UnexpectedPage(f"expected the columns {sorted(needed)} in {place}, got {header} (no {min(missing)!r})")
    if twice := [name for name in sorted(needed) if header.count(name) > 1]:
        raise UnexpectedPage(f"expected one column {twice[0]!r} in {place}, got {header}")
    return header


def _records(rows: list[list[Cell]], header: list[str]) -> Iterator[dict[str, Cell]]:
    """Yield rows as dictionaries. A further cell is accepted where it is empty: February 2026 has seven for six columns.

    A row with too few cells, or with text in further ones, is kept under its cells' numbers, so that whoever reads it quarantines it.
    """
    for cells in rows[1:]:
        if len(cells) < len(header) and not any(cell.text for cell in cells):
            continue
        is_odd = len(cells) < len(header) or any(cell.text for cell in cells[len(header) :])
        yield {str(number): cell for number, cell in enumerate(cells)} if is_odd else dict(zip(header, cells, strict=False))


def _readable(
    section: str, records: Iterable[dict[str, Cell]], product: Product, claims_of: Callable[[dict[str, Cell], int], Iterable[Claim]]
) -> Iterator[Claim]:
    """Yield the claims of each row, of those that cannot be read as quarantined."""
    for row, record in enumerate(records):
        try:
            claims = list(claims_of(record, row))
        except (UnexpectedPage, KeyError) as error:
            reason = error if isinstance(error, UnexpectedPage) else f"expected the cells of the header, got {len(record)}"
            text = " | ".join(cell.text for cell in record.values() if cell.text)
            yield from quarantined(section, "entry", text, reason, row, [product.product])
        else:
            yield from claims


def _release_subject(product: Product, number: int | None, os_build: Build) -> tuple[str, list[Field]]:
    """Return the subject of a table's row, and the fields that name it.

    A build whose number is not its product's (20346.2091 for 20348.2091) is stated, but is not part of the subject.
    """
    is_sane = product.build_number in {None, os_build.number}
    text = str(os_build)
    fields: list[Field] = [("kb", str(number), f"KB{number}")] if number else []
    return release_subject(product.product, number, text if is_sane else None), [*fields, ("build", text, text)]


def _article(page: Page, cell: Cell) -> list[Field]:
    address = link(page, cell.href)
    return [("article_url", address, cell.href)] if cell.href else []


def _history(page: Page, rows: list[list[Cell]], product: Product | None) -> Iterator[Claim]:
    if product is None:
        raise _WrongLabel("expected a label such as 'Version 25H2 (OS build 26200)' before a table of a release history, got none")
    section = f"Release history: {product.name}"

    def claims_of(record: dict[str, Cell], row: int) -> Iterator[Claim]:
        number = kb(record["kb article"].text) if record["kb article"].text else None
        subject, fields = _release_subject(product, number, build_of(record["build"].text, product.build_number))
        fields += [("line", "standard", ""), ("release_date", iso_date(record["availability date"].text), record["availability date"].text)]
        if letter := (record["update type"].text if "update type" in record else ""):
            fields += _update_type_fields(letter)
        if number is None:
            fields.append(("classification", "initial", ""))
        elif letter and update_type(letter).cadence in {"C", "D"}:
            fields.append(("classification", "preview", letter))
        fields += _article(page, record["kb article"])
        return stated(section, subject, row, fields)

    yield from _readable(section, _builds(rows, _HISTORY_COLUMNS, section, product), product, claims_of)


def _update_type_fields(text: str) -> list[Field]:
    read = update_type(text)
    return [("cadence", read.cadence, text), ("month", read.month, text)]


def _builds(rows: list[list[Cell]], needed: frozenset[str], section: str, product: Product) -> list[dict[str, Cell]]:
    """Return the rows of a table of a product's builds, at least one."""
    records = list(_records(rows, _columns(rows, needed, section)))
    if not records:
        raise UnexpectedPage(f"expected rows in {section}, got none")
    _same_number(section, product, [record["build"].text for record in records if "build" in record])
    return records


def _same_number(section: str, product: Product, texts: Sequence[str]) -> None:
    """Check that a table is not under the wrong label; single odd rows are kept as they are.

    Raises:
        UnexpectedPage: most of its builds are of another product.
    """
    if product.build_number is None or sum(text.startswith(f"{product.build_number}.") for text in texts) * 2 >= len(texts):
        return
    numbers = [listed.number for text in texts for listed in builds_in(text)]
    if numbers and numbers.count(product.build_number) * 2 < len(numbers):
        raise _WrongLabel(f"expected builds of {product.build_number} in {section}, got mostly {max(set(numbers), key=numbers.count)}")


def _calendar(page: Page, rows: list[list[Cell]], product: Product | None, year: int | None, marked: list[str]) -> Iterator[Claim]:
    if product is None or year is None:
        raise _WrongLabel("expected a product and 'Calendar year 2026' before a table of a hotpatch calendar, got no label")
    section = f"Hotpatch calendar {year}: {product.name}"

    def claims_of(record: dict[str, Cell], row: int) -> Iterator[Claim]:
        letter = record["update type"].text
        read = update_type(letter)
        expected = f"{year}-{month_number(record['month'].text):02d}"
        if read.month != expected:
            raise UnexpectedPage(f"expected the update type of {MONTHS[int(expected[5:]) - 1]} {year} in {section}, got {letter!r}")
        kind = calendar_type(record["type"].text)
        subject = calendar_subject(product.product, read.month)
        is_monthly = read.cadence != "OOB"  # an out-of-band row says nothing of its month: that is the B release's
        cells = [record[name] for name in ("availability date", "build", "kb article")]
        cells = [Cell("", "") if is_not_yet_known(cell.text) else cell for cell in cells]
        if not cells[1].text and not cells[2].text:
            # Not released yet, with or without an expected day: a plan, which may change (that of June 2026 did).
            if is_monthly:
                yield from stated(section, subject, row, [("planned_type", kind, record["type"].text)])
            return
        if not cells[0].text:
            raise UnexpectedPage(f"expected the date of {cells[1].text or cells[2].text} in {letter}, got none")
        fields: list[Field] = [("type", kind, record["type"].text)]
        if read.is_marked:
            marked.append(letter)
            fields.append(("footnote_type", "hotpatch", letter))
        number = kb(cells[2].text) if cells[2].text else None
        release: list[Field] = [("classification", kind, record["type"].text), ("line", "hotpatch", "")]
        release += _update_type_fields(letter)
        day = iso_date(cells[0].text)
        fields.append(("release_date", day, cells[0].text))
        release.append(("release_date", day, cells[0].text))
        if cells[1].text:
            of_release, named_by = _release_subject(product, number, build_of(cells[1].text, product.build_number))
            fields += named_by
            yield from stated(section, of_release, row, [*named_by, *release, *_article(page, cells[2])])
        elif number:
            fields.append(("kb", str(number), cells[2].text))
            yield from stated(section, release_subject(product.product, number, None), row, [("kb", str(number), cells[2].text), *release])
        if is_monthly:
            yield from stated(section, subject, row, fields)

    yield from _readable(section, _builds(rows, _CALENDAR_COLUMNS, section, product), product, claims_of)
