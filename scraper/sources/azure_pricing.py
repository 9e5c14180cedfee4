"""Azure's public pricing pages of Azure Arc and of Azure Update Manager: list prices in USD as a visitor's browser computes them.

They have today's prices and no dates. Odd: the text of a price is the placeholder "$-", and the amounts are JSON in ``data-amount``,
by region; other prices are literal text ("$5/server/month" on 2026-07-30). No page was recorded as served, so every table is read,
whatever its columns are, and prose only where it is plain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Final, NamedTuple

from bs4 import BeautifulSoup, Tag

from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.scraper.parsing import price_texts
from hotpatch_kb.scraper.parsing.azure_prices import service_of, services_in
from hotpatch_kb.scraper.parsing.markup import cells, elements, page_title, soup
from hotpatch_kb.scraper.parsing.price_texts import Price, words
from hotpatch_kb.scraper.parsing.statements import distinct, price_subject, quarantined
from hotpatch_kb.scraper.sources import PageSpec

TITLE = "Azure pricing pages: Azure Arc and Azure Update Manager"
HOME_URL = "https://azure.microsoft.com/en-us/pricing/details/azure-arc/core-control-plane/"
LICENCE = "https://www.microsoft.com/en-us/legal/terms-of-use"
PRECEDENCE = 300
DUE_EVERY = "1d"
AT_LEAST = 1  # rows with a price; the page of Update Manager may have only one

_BASE: Final = "https://azure.microsoft.com/en-us/pricing/details/"
_ARC: Final = f"{_BASE}azure-arc/core-control-plane/"
_UPDATE_MANAGER: Final = f"{_BASE}azure-update-management-center/"
PAGES = [
    PageSpec(_ARC, (_ARC, f"{_BASE}azure-arc/")),
    PageSpec(_UPDATE_MANAGER, (_UPDATE_MANAGER,)),
]

# A page's name in its title, h1 or canonical address. Another page may have prices too, and is refused.
_NAMES: Final = {
    _ARC: re.compile(r"\bazure[ -]arc\b", re.IGNORECASE),
    _UPDATE_MANAGER: re.compile(r"\bupdate[ -]manage(?:r|ment[ -]center)\b", re.IGNORECASE),
}

_SERVER: Final = "Azure Arc-enabled server"
# The meters that documents and announcements price too (db/seed/facts/prices.tsv), by service and unit.
_METERS: Final = {
    ("Azure Update Manager", "server/month"): _SERVER,
    ("Azure Update Manager", "server/day"): f"{_SERVER}, a day",
    ("Azure Machine Configuration", "server/month"): _SERVER,
    ("Hotpatch", "core/month"): _SERVER,
}
_OURS: Final = frozenset(service for service, _ in _METERS)
# A row with one of these is about customers who pay another price: "Arc-enabled servers with Defender for Servers Plan 2".
_CONDITION: Final = re.compile(
    r"\b(?:Defender|Extended Security|ESU|Software Assurance|Azure Local|Stack HCI|Resource Bridge|pay[ -]as[ -]you[ -]go Windows|trial|preview|plan|first)\b",
    re.IGNORECASE,
)
# Machines of Azure itself, which a table may compare with those of Arc.
_AZURE_MACHINE: Final = re.compile(
    r"\bVMs?\b|\bvirtual machines?\b|\bAzure (?:machines?(?! configuration)|resources?|servers?|Edition)\b", re.IGNORECASE
)
_IS_ARC: Final = re.compile(r"\bArc\b", re.IGNORECASE)
# Services with prices of their own that these pages mention: "Microsoft Defender for Servers Plan 2 ($15/server/month)".
_OTHER: Final = re.compile(
    r"(?:\bMicrosoft |\bAzure )*\b(?:Defender|Sentinel|Azure Monitor|Log Analytics|Automation|Kubernetes|SQL|Azure Backup|Site Recovery)\b"
)

# Prose with one of these is not about today's list price: "was", "up to $5", "starting in July", "for example".
_QUALIFIED: Final = re.compile(
    r"\b(?:was|were|previously|formerly|until|no longer|instead|used to|up to|from|starting|starts|beginning|begins|will|low as|sav\w+|example|would|if|credits?"
    r"|plus|except|preview|discount\w*|first|after|minimum|maximum|additional|total|than|approximately|about|prorated|not|don't)\b",
    re.IGNORECASE,
)

_NAME_LENGTH: Final = 80  # longer text around an amount is a paragraph, not its name
_MAX_SPAN: Final = 100  # rows and columns: a page cannot make us fill a grid of a million


class _Cell(NamedTuple):
    """A cell of a table, an element outside tables or a sentence that has prices, with the texts that say what is priced."""

    heading: str
    group: str
    label: str
    column: str
    prices: list[Price]
    is_alone: bool  # no other column of the table has prices
    odd: tuple[str, str] = ("", "")  # the text of a cell whose price cannot be read, and what was expected


def parse(page: Page) -> Iterator[Claim]:
    """Yield the claims of ``price/<service>/<product>/<meter>/<currency> <unit>/-/-/<region>``; sections are the headings above.

    Raises:
        UnexpectedPage: it is another page, has no price, or most of them cannot be read.
    """
    document = soup(page)
    title = page_title(document)
    if (name := _NAMES.get(page.page_url)) and not name.search(" ".join(_names(document))):
        raise UnexpectedPage(f"expected the page {page.page_url}, got {title!r}")
    rows = list(_rows(document, title))
    odd = [cell.odd for row in rows for cell in row if any(cell.odd)]
    if len(odd) > sum(bool(cell.prices) for row in rows for cell in row):
        raise UnexpectedPage(odd[0][1])
    if not any(cell.prices for row in rows for cell in row):
        raise UnexpectedPage(f"expected prices, got none on {title!r}")
    yield from distinct(_claims(page, title, rows))


def unread(page: Page, claims: Sequence[Claim]) -> Iterator[Unread]:  # noqa: ARG001 (claims are enough)
    """Yield prices of our services that have no unit, or another than they ever had."""
    for claim in claims:
        if not claim.subject.startswith("price/"):
            continue
        _, service, _, meter, unit, *_ = claim.subject.split("/")
        if claim.field == "amount" and service in _OURS and (service, unit.partition(" ")[2].replace(" per ", "/")) not in _METERS:
            yield Unread(
                claim.section, "unit", f"expected a price for what it ever was for, got {claim.value_text!r} for {unit!r} of {meter!r}"
            )


def _names(document: BeautifulSoup) -> Iterator[str]:
    yield from (clean(string) for name in document.select("title, h1") for string in name.strings)
    yield from (str(named.get("href")) for named in document.select('link[rel="canonical"][href]'))
    yield from (str(named.get("content")) for named in document.select('meta:is([property="og:url"], [property="og:title"])[content]'))


def _rows(document: BeautifulSoup, title: str) -> Iterator[list[_Cell]]:
    """Yield the cells that have prices, row by row, in the order of the page."""
    heading = title
    waiting: list[Tag] = [document]
    while waiting:
        tag = waiting.pop()
        if tag.name not in price_texts.NOT_READ and tag.name != "table":
            waiting.extend(child for child in reversed(tag.contents) if isinstance(child, Tag))
        if tag.name in {"h2", "h3", "h4"}:
            heading = words(tag) or heading
        elif tag.name == "table":
            for table in (tag, *elements(tag, "table")):  # a table inside another is read on its own
                yield from _table(table, heading)
        elif price_texts.is_amount(tag):
            block = next((parent for parent in tag.parents if parent.name in {"p", "li", "dd", "div", "section"}), tag)
            label = words(block)
            is_name = len(label) <= _NAME_LENGTH and label.casefold() != heading.casefold()
            name = label if is_name else ""
            stated, odd = _prices(tag, partial(price_texts.of_element, tag, "", name))
            yield [_Cell(heading, "", name, "", stated, is_alone=True, odd=odd)]
        elif tag.name in {"p", "li"} and not any(elements(tag, "p", "li", "table")) and tag.find_parent("header") is None:
            yield from ([cell] for cell in _prose(words(tag), heading))


# --- tables ---------------------------------------------------------------------------------------------------------


def _table(table: Tag, heading: str) -> Iterator[list[_Cell]]:
    """Yield the rows of a table that have prices."""
    rows = [row for row in elements(table, "tr") if row.find_parent("table") is table]
    grid = _grid(rows)
    head = _head(rows, grid)
    width = max(map(len, grid), default=0)
    header = [", ".join(dict.fromkeys(words(row[at]) for row in grid[:head] if at < len(row) and words(row[at]))) for at in range(width)]
    priced: list[tuple[str, str, dict[int, list[Price]]]] = []
    group = ""
    for line in grid[head:]:
        prices = {}
        for at, cell in enumerate(line):
            stated, odd = _prices(cell, partial(price_texts.of_cell, cell, header[at], is_label=at == 0 < len(line) - 1))
            if stated:
                prices[at] = stated
            elif any(odd):
                yield [_Cell(heading, "", "", header[at], [], is_alone=True, odd=odd)]
        if not prices and len({id(cell) for cell in line}) == 1 and len(line) == width > 1:
            group = words(line[0])
            continue
        # Some tables begin with a cell for a "+" sign. Where the first cell spans several rows, the second names each of them.
        labels = [text for at, cell in enumerate(line) if at not in prices and re.search(r"[^\W_]", text := words(cell))]
        label = ", ".join(dict.fromkeys(labels[:2])) if line and _span(line[0], "rowspan") > 1 else "".join(labels[:1])
        priced.append((group, label, prices))
    is_alone = len({at for _, _, prices in priced for at in prices}) == 1
    for its_group, label, prices in priced:
        if prices:
            yield [_Cell(heading, its_group, label, header[at], stated, is_alone) for at, stated in prices.items()]


def _prices(tag: Tag, read: Callable[[], Iterable[Price]]) -> tuple[list[Price], tuple[str, str]]:
    """Return the prices in a cell or element; where they cannot be read, its text and what was expected."""
    try:
        return list(read()), ("", "")
    except UnexpectedPage as error:
        return [], (clean(tag.get_text(" ")) or str(tag)[:300], str(error))


def _head(rows: list[Tag], grid: list[list[Tag]]) -> int:
    """Return how many rows are the header: those of thead, else the first; never one with amounts. "Free" may be the name of a column."""
    without = next(
        (at for at, line in enumerate(grid) if any(price_texts.amounts(cell) or price_texts.MONEY.search(words(cell)) for cell in line)),
        len(grid),
    )
    head = next((at for at, row in enumerate(rows) if row.find_parent("thead") is None), len(rows)) or min(len(grid) - 1, 1)
    return max(0, min(head, without))


def _grid(rows: list[Tag]) -> list[list[Tag]]:
    """Return the cells of a table by row and column; a cell that spans several is in each of them.

    Raises:
        UnexpectedPage: it has too many columns.
    """
    grid: list[list[Tag]] = []
    below: dict[int, tuple[Tag, int]] = {}  # by column: a cell from above, and for how many rows more
    for row in rows:
        line: list[Tag] = []
        for cell in cells(row):
            _carry(line, below)
            for _ in range(_span(cell, "colspan")):
                if (down := _span(cell, "rowspan")) > 1:
                    below[len(line)] = (cell, down - 1)
                line.append(cell)
        _carry(line, below)
        if len(line) > _MAX_SPAN:
            raise UnexpectedPage(f"expected a table of at most {_MAX_SPAN} columns, got {len(line)}")
        grid.append(line)
    return grid


def _carry(line: list[Tag], below: dict[int, tuple[Tag, int]]) -> None:
    while held := below.pop(len(line), None):
        cell, rows_left = held
        if rows_left > 1:
            below[len(line)] = (cell, rows_left - 1)
        line.append(cell)


def _span(cell: Tag, name: str) -> int:
    text = str(cell.get(name, "1")).strip()
    return min(max(int(text), 1), _MAX_SPAN) if re.fullmatch(r"[0-9]{1,6}", text) else 1


# --- prose ----------------------------------------------------------------------------------------------------------


def _prose(text: str, heading: str) -> Iterator[_Cell]:
    """Yield the sentences that plainly state the price of a service we know; other prose is not read.

    Every page of the site has amounts that are not prices of these services ("$200 credit"), so no sentence refuses a page.
    """
    for sentence in re.split(r"(?<=[.!?;])\s+", text) if "$" in text else ():
        prices = list(price_texts.literal(sentence))
        services = services_in(sentence) or services_in(heading)
        if (
            len(services) == 1
            and prices
            and len(price_texts.MONEY.findall(sentence)) == len(prices) == len({price.unit for price in prices})
            and all((services[0], price.unit) in _METERS for price in prices)
            and not any(pattern.search(sentence) for pattern in (_QUALIFIED, _OTHER, _CONDITION))
            and (_IS_ARC.search(sentence) or not _AZURE_MACHINE.search(sentence))
        ):
            yield _Cell(heading, "", services[0], "", prices, is_alone=True)


# --- claims ---------------------------------------------------------------------------------------------------------


def _claims(page: Page, title: str, rows: Iterable[list[_Cell]]) -> Iterator[Claim]:
    counted: dict[str, int] = {}
    first: dict[tuple[str, str], str] = {}  # "5.00" and "5" are one value
    for row in rows:
        for cell in row:
            number = counted.get(cell.heading, 0)
            if any(cell.odd):
                yield from quarantined(cell.heading, "cell", *cell.odd, number, may_be_release=False)
            for price in cell.prices:
                subject = _subject(cell, price, title)
                earlier = first.setdefault((cell.heading, subject), price.amount)
                value = earlier if Decimal(earlier) == Decimal(price.amount) else price.amount
                yield Claim(cell.heading, subject, "amount", value, price.text, number, page.page_url)
                if price.region:
                    yield Claim(cell.heading, subject, "region", price.region, price.region, number, page.page_url)
        if any(cell.prices for cell in row):
            counted[row[0].heading] = counted.get(row[0].heading, 0) + 1


def _subject(cell: _Cell, price: Price, title: str) -> str:
    service, is_known = _service(cell, title)
    context = f"{cell.group} {cell.label} {cell.column}"
    is_plain = not _CONDITION.search(context) and (_IS_ARC.search(context) or (cell.is_alone and not _AZURE_MACHINE.search(context)))
    meter = _METERS.get((service, price.unit), "") if is_known and is_plain else ""
    product = ""
    if is_known and service == "Hotpatch":
        # Only Windows Server 2025 was ever priced by core; a row about another meter names its version.
        years = set(re.findall(r"\bWindows Server (20[0-9]{2})\b", f"{context} {cell.heading}")) or ({"2025"} if meter else set())
        product = f"ws{years.pop()}" if len(years) == 1 else ""
    if not meter:
        parts = [cell.group, cell.label, "" if cell.is_alone else cell.column]
        meter = ", ".join(part for part in parts if part) or cell.heading
    return price_subject(service, product, meter, price.currency, price.unit, region=price.region)


def _service(cell: _Cell, title: str) -> tuple[str, bool]:
    """Return the service that is priced, by the nearest name, and whether we know it. An unknown service is named by the heading."""
    for name in (cell.label, cell.group, cell.heading, title):
        if service := service_of(name):
            return service, True
        if other := _OTHER.match(name):
            return (other[0] if services_in(cell.heading) else cell.heading), False
    return cell.heading, False
