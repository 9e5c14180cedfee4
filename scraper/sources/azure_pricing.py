"""Azure's public pricing pages of Azure Arc and of Azure Update Manager: list prices in USD as a visitor's browser computes them.

They have today's prices alone and no dates. Odd: the text of a price is the placeholder "$-", the amounts stand as JSON in
``data-amount``, by region; others are literal text ("$5/server/month" on 2026-07-30). No page as served was recorded, so every
table is read, whatever its columns are, and prose only where it is plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from bs4 import BeautifulSoup, Tag

from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.scraper.parsing.azure_prices import Number, amount, json_of, service_of, services_in
from hotpatch_kb.scraper.parsing.markup import attribute, cells, classes, elements, page_title, soup
from hotpatch_kb.scraper.parsing.statements import distinct, price_subject
from hotpatch_kb.scraper.sources import PageSpec

TITLE = "Azure pricing pages: Azure Arc and Azure Update Manager"
HOME_URL = "https://azure.microsoft.com/en-us/pricing/details/azure-arc/core-control-plane/"
LICENCE = "https://www.microsoft.com/en-us/legal/terms-of-use"
PRECEDENCE = 300
DUE_EVERY = "1d"
AT_LEAST = 1  # rows with a price; the page of Update Manager may have one alone

_BASE: Final = "https://azure.microsoft.com/en-us/pricing/details/"
_ARC: Final = f"{_BASE}azure-arc/core-control-plane/"
_UPDATE_MANAGER: Final = f"{_BASE}azure-update-management-center/"
PAGES = [
    PageSpec(_ARC, (_ARC, f"{_BASE}azure-arc/")),
    PageSpec(_UPDATE_MANAGER, (_UPDATE_MANAGER,)),
]

# What a page calls itself, in its title, h1 or canonical address: another page with prices on it is not the page.
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
# A row with one of these is about who pays another price: "Arc-enabled servers with Defender for Servers Plan 2".
_CONDITION: Final = re.compile(
    r"\b(?:Defender|Extended Security|ESU|Software Assurance|Azure Local|Stack HCI|Resource Bridge|pay[ -]as[ -]you[ -]go Windows|trial|preview|plan|first)\b",
    re.IGNORECASE,
)
# Machines of Azure itself, which a table may set against those of Arc.
_AZURE_MACHINE: Final = re.compile(
    r"\bVMs?\b|\bvirtual machines?\b|\bAzure (?:machines?(?! configuration)|resources?|servers?|Edition)\b", re.IGNORECASE
)
_IS_ARC: Final = re.compile(r"\bArc\b", re.IGNORECASE)
# Services with prices of their own, which these pages mention: "Microsoft Defender for Servers Plan 2 ($15/server/month)".
_OTHER: Final = re.compile(
    r"(?:\bMicrosoft |\bAzure )*\b(?:Defender|Sentinel|Azure Monitor|Log Analytics|Automation|Kubernetes|SQL|Azure Backup|Site Recovery)\b"
)

# Units as literal text has them: "/server/month", "per server per month", "per CPU core per month", "/Arc-enabled server/month".
_WORDS: Final = {"mo": "month", "hr": "hour", "yr": "year", "cores": "core", "servers": "server"}
_PER: Final = (
    r"\s*(?:/|\bper\b)\s*(?:(?:Azure )?Arc-enabled |CPU |physical |virtual |connected )?"
    r"(?:servers?|cores?|vcores?|vcpus?|machines?|nodes?|vm|licenses?|users?|devices?|instances?|gb|gib|tb|hour|hr|day|week|month|mo|year|yr)\b"
)
_UNIT: Final = re.compile(rf"(?:{_PER})+", re.IGNORECASE)
_PART: Final = re.compile(_PER.replace("(?:servers", "(?P<word>servers", 1), re.IGNORECASE)
# $5/server/month, $1,234.50, "$1.50 USD per CPU core per month"; not the "$" of "CA$5"
_PRICE: Final = re.compile(
    rf"(?<![A-Za-z$])(?:US)?\$\s?(?P<amount>[0-9]{{1,3}}(?:,[0-9]{{3}})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)(?![0-9]|[.,][0-9])(?:\s*USD\b)?(?P<unit>(?:{_PER})*)(?!\s*(?:/|per\b))",
    re.IGNORECASE,
)
_MONEY: Final = re.compile(r"[$€£¥₹]\s?[0-9]|[0-9]\s?[€£¥₹]")
# What may stand around the prices of a cell: "$5/server/month ($0.16/server/day)*"
_AROUND: Final = re.compile(r"(?:[\s*†‡(),;]|\bor\b)*")
# These alone are 0; "Free*" or "Free for one year" is a condition.
_FREE: Final = frozenset({"free", "included"})
# {0}/hour, {0}/server/month, "{0} / month"
_FORMATS: Final = {"data-hour-format": "hour", "data-month-format": "month"}
# Prose with one of these states no list price of today: "was", "up to $5", "starting in July", "for example".
_QUALIFIED: Final = re.compile(
    r"\b(?:was|were|previously|formerly|until|no longer|instead|used to|up to|from|starting|starts|beginning|begins|will|low as|sav\w+|example|would|if|credits?"
    r"|plus|except|preview|discount\w*|first|after|minimum|maximum|additional|total|than|approximately|about|prorated|not|don't)\b",
    re.IGNORECASE,
)

_NOT_READ: Final = frozenset({"script", "style", "noscript", "template", "nav", "footer"})
_NAME_LENGTH: Final = 80  # longer text around an amount is a paragraph, not its name
_MAX_SPAN: Final = 100  # rows and columns: a page cannot make us fill a grid of a million


class _Price(NamedTuple):
    """A price: the amount as read and as published; ``unit`` is "" where none is stated, ``region`` where it holds everywhere."""

    amount: str
    text: str
    currency: str
    unit: str
    region: str


class _Cell(NamedTuple):
    """What states prices: a cell of a table, an element outside of tables or a sentence, with the texts that say what is priced."""

    heading: str
    group: str
    label: str
    column: str
    prices: list[_Price]
    is_alone: bool  # no other column of the table has prices


def parse(page: Page) -> Iterator[Claim]:
    """Claims of ``price/<service>/<product>/<meter>/<currency> <unit>/-/-/<region>``, sections being the headings above.

    Raises:
        UnexpectedPage: it is another page, has no price, or one that cannot be read.
    """
    document = soup(page)
    title = page_title(document)
    if (name := _NAMES.get(page.page_url)) and not name.search(" ".join(_names(document))):
        raise UnexpectedPage(f"expected the page {page.page_url}, got {title!r}")
    rows = list(_rows(document, title))
    if not any(cell.prices for row in rows for cell in row):
        raise UnexpectedPage(f"expected prices, got none on {title!r}")
    yield from distinct(_claims(page, title, rows))


def unread(page: Page, claims: Sequence[Claim]) -> Iterator[Unread]:  # noqa: ARG001 (claims are enough)
    """Prices of our services without a unit, or for another than they ever had."""
    for claim in claims:
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
    """Yield what states prices, row by row, in the order of the page."""
    heading = title
    waiting: list[Tag] = [document]
    while waiting:
        tag = waiting.pop()
        if tag.name not in _NOT_READ and tag.name != "table":
            waiting.extend(child for child in reversed(tag.contents) if isinstance(child, Tag))
        if tag.name in {"h2", "h3", "h4"}:
            heading = _words(tag) or heading
        elif tag.name == "table":
            for table in (tag, *elements(tag, "table")):  # a table in a table is one of its own
                yield from _table(table, heading)
        elif _is_amount(tag):
            block = next((parent for parent in tag.parents if parent.name in {"p", "li", "dd", "div", "section"}), tag)
            label = _words(block)
            is_name = len(label) <= _NAME_LENGTH and label.casefold() != heading.casefold()
            yield [_Cell(heading, "", label if is_name else "", "", list(_read(tag, "", label if is_name else "")), is_alone=True)]
        elif tag.name in {"p", "li"} and not any(elements(tag, "p", "li", "table")) and tag.find_parent("header") is None:
            yield from ([cell] for cell in _prose(_words(tag), heading))


def _is_amount(tag: Tag) -> bool:
    # By the attribute too, since classes come and go.
    return tag.has_attr("data-amount") or "price-data" in classes(tag)


def _amounts(cell: Tag) -> list[Tag]:
    return [tag for tag in (cell, *elements(cell)) if _is_amount(tag)]


# --- tables ---------------------------------------------------------------------------------------------------------


def _table(table: Tag, heading: str) -> Iterator[list[_Cell]]:
    """The rows of a table that state prices."""
    rows = [row for row in elements(table, "tr") if row.find_parent("table") is table]
    grid = _grid(rows)
    head = _head(rows, grid)
    width = max(map(len, grid), default=0)
    header = [", ".join(dict.fromkeys(_words(row[at]) for row in grid[:head] if at < len(row) and _words(row[at]))) for at in range(width)]
    found: list[tuple[str, str, dict[int, list[_Price]]]] = []
    group = ""
    for line in grid[head:]:
        prices = {
            at: stated for at, cell in enumerate(line) if (stated := list(_prices(cell, header[at], is_label=at == 0 < len(line) - 1)))
        }
        if not prices and len({id(cell) for cell in line}) == 1 and len(line) == width > 1:
            group = _words(line[0])
            continue
        # Some tables begin with a cell for a "+" sign. Where the first cell stands for several rows, the second tells them apart.
        labels = [text for at, cell in enumerate(line) if at not in prices and re.search(r"[^\W_]", text := _words(cell))]
        label = ", ".join(dict.fromkeys(labels[:2])) if line and _span(line[0], "rowspan") > 1 else "".join(labels[:1])
        found.append((group, label, prices))
    is_alone = len({at for _, _, prices in found for at in prices}) == 1
    for its_group, label, prices in found:
        if prices:
            yield [_Cell(heading, its_group, label, header[at], stated, is_alone) for at, stated in prices.items()]


def _head(rows: list[Tag], grid: list[list[Tag]]) -> int:
    """How many rows are the header: those of thead, else the first one; never one with amounts. "Free" may be the name of a column."""
    without = next((at for at, line in enumerate(grid) if any(_amounts(cell) or _MONEY.search(_words(cell)) for cell in line)), len(grid))
    head = next((at for at, row in enumerate(rows) if row.find_parent("thead") is None), len(rows)) or min(len(grid) - 1, 1)
    return max(0, min(head, without))


def _grid(rows: list[Tag]) -> list[list[Tag]]:
    """The cells of a table by row and column, one that spans several in each of them.

    Raises:
        UnexpectedPage: it is too wide to be a table that someone reads.
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
        cell, left = held
        if left > 1:
            below[len(line)] = (cell, left - 1)
        line.append(cell)


def _span(cell: Tag, name: str) -> int:
    text = str(cell.get(name, "1")).strip()
    return min(max(int(text), 1), _MAX_SPAN) if re.fullmatch(r"[0-9]{1,6}", text) else 1


def _prices(cell: Tag, header: str, *, is_label: bool) -> Iterator[_Price]:
    """The prices of a table's cell; none where it has no price, or says "N/A". "Free" is a price but where it names a row.

    Raises:
        UnexpectedPage: there is an amount that cannot be read.
    """
    if any(elements(cell, "table")):
        return
    text = _words(cell)
    for tag in _amounts(cell):
        yield from _read(tag, header, text)
    # The number of a footnote counts as text, since the note may be a condition.
    whole = clean(cell.get_text())
    if cell.name == "td" and not is_label and whole.casefold() in _FREE:
        yield _Price("0", whole, "USD", _unit_in(header), "")
    prices = list(_literal(text))
    if _MONEY.search(text) and not _AROUND.fullmatch(_PRICE.sub("", text)):
        raise UnexpectedPage(f"expected a price such as $5/server/month, got {text[:120]!r}")
    if len({price.unit for price in prices}) != len(prices):
        raise UnexpectedPage(f"expected one price for a unit, got {text[:120]!r}")
    yield from (price if price.unit else price._replace(unit=_unit_in(header)) for price in prices)


# --- prices ---------------------------------------------------------------------------------------------------------


def _read(tag: Tag, header: str, around: str) -> Iterator[_Price]:
    """The prices in ``data-amount``: by region, in the page's USD, or by currency.

    Raises:
        UnexpectedPage: it is no JSON of these shapes, or a unit or amount cannot be read.
    """
    published = attribute(tag, "data-amount")
    if published is None:
        # "$-" alone is a price that is not known; with a format or decimals the amounts are elsewhere.
        if renamed := [name for name in tag.attrs if name in _FORMATS or name == "data-decimals"]:
            raise UnexpectedPage(f"expected data-amount beside {' and '.join(renamed)}, got {', '.join(tag.attrs)}")
        return
    found = json_of(published)
    if not isinstance(found, dict) or not found or not found.keys() <= {"regional", "currencies"}:
        raise UnexpectedPage(f"expected the amounts of regions or currencies, got {published[:80]!r}")
    unit = _unit_of(tag) or _unit_in(around) or _unit_in(header)
    for kind, by_name in found.items():
        pattern = r"[a-z0-9]+(?:-[a-z0-9]+)*" if kind == "regional" else r"[A-Z]{3}"
        if not isinstance(by_name, dict) or not by_name or not all(re.fullmatch(pattern, name) for name in by_name):
            raise UnexpectedPage(f"expected amounts by {'region' if kind == 'regional' else 'currency'}, got {published[:80]!r}")
        for name, number in by_name.items():
            value = _rounded(amount(number), attribute(tag, "data-decimals"))
            currency, region = ("USD", name) if kind == "regional" else (name, "")
            yield _Price(value, str(number), currency, unit, region)


def _rounded(number: Decimal, decimals: str | None) -> str:
    """An amount with as many places as the page shows: 0.030240000000000003 with 3 is 0.030. What is not 0 does not become 0."""
    if decimals is None:
        return f"{number:f}"
    if not re.fullmatch(r"[0-9]|1[0-2]", decimals.strip()):
        raise UnexpectedPage(f"expected data-decimals from 0 to 12, got {decimals!r}")
    rounded = number.quantize(Decimal(1).scaleb(-int(decimals)), ROUND_HALF_UP)
    return f"{number:f}" if number and not rounded else f"{rounded:f}"


def _unit_of(tag: Tag) -> str:
    """The unit of ``data-amount``: it is the hourly price where there is an hour format, the month's is computed of it; "" without formats."""
    units = []
    for name, time in _FORMATS.items():
        if (published := attribute(tag, name)) is not None:
            first, *parts = (clean(part).lower() for part in published.split("/"))
            if first != "{0}" or parts[-1:] != [time] or not all(re.fullmatch(r"[a-z][a-z -]*", part) for part in parts):
                raise UnexpectedPage(f"expected {name} such as {{0}}/{time}, got {published!r}")
            unit = "/".join(parts)
            units.append(_unit_in(f"/{unit}") if _UNIT.fullmatch(f"/{unit}") else unit)
    return units[0] if units else ""


def _literal(text: str) -> Iterator[_Price]:
    for match in _PRICE.finditer(text):
        value = amount(Number(match["amount"].replace(",", "")))
        yield _Price(f"{value:f}", clean(match[0]), "USD", _unit_in(match["unit"]), "")


def _unit_in(text: str) -> str:
    """The unit that a text names, as in "Price (per server per month)"; "" if none, or one that is only in part known.

    >>> _unit_in("Price (per CPU core per month)"), _unit_in("Price (per 10 servers per month)")
    ('core/month', '')
    """
    match = _UNIT.search(text)
    if not match or len(re.findall(r"/|\bper\b", match[0])) != len(re.findall(r"/|\bper\b", text)):
        return ""
    words = [part["word"].lower() for part in _PART.finditer(match[0])]
    return "/".join(_WORDS.get(word, word) for word in words)


# --- prose ----------------------------------------------------------------------------------------------------------


def _prose(text: str, heading: str) -> Iterator[_Cell]:
    """The sentences that state the price of a service we know in the plain form; all other prose is not read.

    Every page of the site has amounts that are no prices of these services ("$200 credit"), so a sentence is no reason to refuse.
    """
    for sentence in re.split(r"(?<=[.!?;])\s+", text) if "$" in text else ():
        prices = list(_literal(sentence))
        services = services_in(sentence) or services_in(heading)
        if (
            len(services) == 1
            and prices
            and len(_MONEY.findall(sentence)) == len(prices) == len({price.unit for price in prices})
            and all((services[0], price.unit) in _METERS for price in prices)
            and not any(pattern.search(sentence) for pattern in (_QUALIFIED, _OTHER, _CONDITION))
            and (_IS_ARC.search(sentence) or not _AZURE_MACHINE.search(sentence))
        ):
            yield _Cell(heading, "", services[0], "", prices, is_alone=True)


# --- claims ---------------------------------------------------------------------------------------------------------


def _claims(page: Page, title: str, rows: Iterable[list[_Cell]]) -> Iterator[Claim]:
    counted: dict[str, int] = {}
    first: dict[tuple[str, str], str] = {}  # "5.00" and "5" of one thing are no two values
    for row in rows:
        for cell in row:
            number = counted.get(cell.heading, 0)
            for price in cell.prices:
                subject = _subject(cell, price, title)
                before = first.setdefault((cell.heading, subject), price.amount)
                value = before if Decimal(before) == Decimal(price.amount) else price.amount
                yield Claim(cell.heading, subject, "amount", value, price.text, number, page.page_url)
                if price.region:
                    yield Claim(cell.heading, subject, "region", price.region, price.region, number, page.page_url)
        if any(cell.prices for cell in row):
            counted[row[0].heading] = counted.get(row[0].heading, 0) + 1


def _subject(cell: _Cell, price: _Price, title: str) -> str:
    service, is_known = _service(cell, title)
    context = f"{cell.group} {cell.label} {cell.column}"
    is_plain = not _CONDITION.search(context) and (_IS_ARC.search(context) or (cell.is_alone and not _AZURE_MACHINE.search(context)))
    meter = _METERS.get((service, price.unit), "") if is_known and is_plain else ""
    product = ""
    if is_known and service == "Hotpatch":
        # No other Windows Server was ever priced by core; a row that is about another meter says which it is about.
        years = set(re.findall(r"\bWindows Server (20[0-9]{2})\b", f"{context} {cell.heading}")) or ({"2025"} if meter else set())
        product = f"ws{years.pop()}" if len(years) == 1 else ""
    if not meter:
        parts = [cell.group, cell.label, "" if cell.is_alone else cell.column]
        meter = ", ".join(part for part in parts if part) or cell.heading
    return price_subject(service, product, meter, price.currency, price.unit, region=price.region)


def _service(cell: _Cell, title: str) -> tuple[str, bool]:
    """The service that is priced, and whether it is one we know: the nearest name counts; of unknown ones the heading is the name."""
    for name in (cell.label, cell.group, cell.heading, title):
        if found := service_of(name):
            return found, True
        if other := _OTHER.match(name):
            return (other[0] if services_in(cell.heading) else cell.heading), False
    return cell.heading, False


def _words(tag: Tag) -> str:
    """Return the text of a tag, cleaned, without scripts, numbers of footnotes, and the text in place of an amount, "$-"."""
    return clean("".join(_pieces(tag, is_top=True)))


def _pieces(tag: Tag, *, is_top: bool = False) -> Iterator[str]:
    if tag.has_attr("data-amount"):
        return
    if not is_top and (tag.name in _NOT_READ or (tag.name == "sup" and clean(tag.get_text()) != "*")):
        return
    yield " " if tag.name in {"br", "p", "li", "div"} else ""
    for child in tag.children:
        if isinstance(child, Tag):
            yield from _pieces(child)
        else:
            yield str(child)
    yield " " if tag.name in {"p", "li", "div"} else ""
