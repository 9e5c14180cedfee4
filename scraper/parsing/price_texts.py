"""Prices as Azure's pricing pages show them: amounts in ``data-amount`` with a placeholder as text, literal text, and "Free"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from bs4 import Tag

from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.scraper.parsing.azure_prices import Number, amount, json_of
from hotpatch_kb.scraper.parsing.markup import attribute, classes, elements

NOT_READ: Final = frozenset({"script", "style", "noscript", "template", "nav", "footer"})
# Units in literal text: "/server/month", "per server per month", "per CPU core per month", "/Arc-enabled server/month".
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
MONEY: Final = re.compile(r"[$€£¥₹]\s?[0-9]|[0-9]\s?[€£¥₹]")
# Text that may be around the prices of a cell: "$5/server/month ($0.16/server/day)*"
_AROUND: Final = re.compile(r"(?:[\s*†‡(),;]|\bor\b)*")
# Texts of a cell that are 0; "Free*" or "Free for one year" has a condition.
_FREE: Final = frozenset({"free", "included"})
# {0}/hour, {0}/server/month, "{0} / month"
_FORMATS: Final = {"data-hour-format": "hour", "data-month-format": "month"}


class Price(NamedTuple):
    """A price: the amount as read and as published; ``unit`` is "" where none is stated, ``region`` is "" for all regions."""

    amount: str
    text: str
    currency: str
    unit: str
    region: str


def words(tag: Tag) -> str:
    """Return the text of a tag, cleaned, without scripts, numbers of footnotes, and the text in place of an amount, "$-"."""
    return clean("".join(_pieces(tag, is_top=True)))


def _pieces(tag: Tag, *, is_top: bool = False) -> Iterator[str]:
    if tag.has_attr("data-amount"):
        return
    if not is_top and (tag.name in NOT_READ or (tag.name == "sup" and clean(tag.get_text()) != "*")):
        return
    yield " " if tag.name in {"br", "p", "li", "div"} else ""
    for child in tag.children:
        if isinstance(child, Tag):
            yield from _pieces(child)
        else:
            yield str(child)
    yield " " if tag.name in {"p", "li", "div"} else ""


def is_amount(tag: Tag) -> bool:
    """Return whether an element is in place of an amount."""
    # By the attribute too: the class may be renamed.
    return tag.has_attr("data-amount") or "price-data" in classes(tag)


def amounts(cell: Tag) -> list[Tag]:
    """Return the elements of a cell that are in place of an amount, itself included."""
    return [tag for tag in (cell, *elements(cell)) if is_amount(tag)]


def of_cell(cell: Tag, header: str, *, is_label: bool) -> Iterator[Price]:
    """Yield the prices of a table's cell; none where it says "N/A". "Free" is a price, except as the name of a row.

    Raises:
        UnexpectedPage: there is an amount that cannot be read.
    """
    if any(elements(cell, "table")):
        return
    text = words(cell)
    for tag in amounts(cell):
        yield from of_element(tag, header, text)
    # With the number of a footnote: the note may be a condition.
    whole = clean(cell.get_text())
    if cell.name == "td" and not is_label and whole.casefold() in _FREE:
        yield Price("0", whole, "USD", unit_in(header), "")
    prices = list(literal(text))
    if MONEY.search(text) and not _AROUND.fullmatch(_PRICE.sub("", text)):
        raise UnexpectedPage(f"expected a price such as $5/server/month, got {text[:120]!r}")
    if len({price.unit for price in prices}) != len(prices):
        raise UnexpectedPage(f"expected one price for a unit, got {text[:120]!r}")
    yield from (price if price.unit else price._replace(unit=unit_in(header)) for price in prices)


def of_element(tag: Tag, header: str, around: str) -> Iterator[Price]:
    """Yield the prices in ``data-amount``: by region, in the page's USD, or by currency.

    Raises:
        UnexpectedPage: it is not JSON of these shapes, or a unit or an amount cannot be read.
    """
    published = attribute(tag, "data-amount")
    if published is None:
        # "$-" alone is an unknown price; with a format or decimals there are amounts in an attribute that was renamed.
        if renamed := [name for name in tag.attrs if name in _FORMATS or name == "data-decimals"]:
            raise UnexpectedPage(f"expected data-amount beside {' and '.join(renamed)}, got {', '.join(tag.attrs)}")
        return
    amounts_by = json_of(published)
    if not isinstance(amounts_by, dict) or not amounts_by or not amounts_by.keys() <= {"regional", "currencies"}:
        raise UnexpectedPage(f"expected the amounts of regions or currencies, got {published[:80]!r}")
    unit = _unit_of(tag) or unit_in(around) or unit_in(header)
    for kind, by_name in amounts_by.items():
        pattern = r"[a-z0-9]+(?:-[a-z0-9]+)*" if kind == "regional" else r"[A-Z]{3}"
        if not isinstance(by_name, dict) or not by_name or not all(re.fullmatch(pattern, name) for name in by_name):
            raise UnexpectedPage(f"expected amounts by {'region' if kind == 'regional' else 'currency'}, got {published[:80]!r}")
        for name, number in by_name.items():
            value = _rounded(amount(number), attribute(tag, "data-decimals"))
            currency, region = ("USD", name) if kind == "regional" else (name, "")
            yield Price(value, str(number), currency, unit, region)


def _rounded(number: Decimal, decimals: str | None) -> str:
    """Return an amount with as many places as the page shows: 0.030240000000000003 with 3 is 0.030. Only 0 is rounded to 0."""
    if decimals is None:
        return f"{number:f}"
    if not re.fullmatch(r"[0-9]|1[0-2]", decimals.strip()):
        raise UnexpectedPage(f"expected data-decimals from 0 to 12, got {decimals!r}")
    rounded = number.quantize(Decimal(1).scaleb(-int(decimals)), ROUND_HALF_UP)
    return f"{number:f}" if number and not rounded else f"{rounded:f}"


def _unit_of(tag: Tag) -> str:
    """Return the unit of ``data-amount``: the hour where there is an hour format (pages compute the month from it); "" without formats."""
    units = []
    for name, time in _FORMATS.items():
        if (published := attribute(tag, name)) is not None:
            first, *parts = (clean(part).lower() for part in published.split("/"))
            if first != "{0}" or parts[-1:] != [time] or not all(re.fullmatch(r"[a-z][a-z -]*", part) for part in parts):
                raise UnexpectedPage(f"expected {name} such as {{0}}/{time}, got {published!r}")
            unit = "/".join(parts)
            units.append(unit_in(f"/{unit}") if _UNIT.fullmatch(f"/{unit}") else unit)
    return units[0] if units else ""


def literal(text: str) -> Iterator[Price]:
    """Yield the prices in a text, such as "$5/server/month"."""
    for match in _PRICE.finditer(text):
        value = amount(Number(match["amount"].replace(",", "")))
        yield Price(f"{value:f}", clean(match[0]), "USD", unit_in(match["unit"]), "")


def unit_in(text: str) -> str:
    """Return the unit that a text names, as in "Price (per server per month)"; "" if none, or if a part of it is unknown.

    >>> unit_in("Price (per CPU core per month)"), unit_in("Price (per 10 servers per month)")
    ('core/month', '')
    """
    match = _UNIT.search(text)
    if not match or len(re.findall(r"/|\bper\b", match[0])) != len(re.findall(r"/|\bper\b", text)):
        return ""
    words = [part["word"].lower() for part in _PART.finditer(match[0])]
    return "/".join(_WORDS.get(word, word) for word in words)
