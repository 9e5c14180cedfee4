"""How Azure writes prices, on its pricing pages and in the answers of its Retail Prices API: numbers of a JSON text, and services."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from hotpatch_kb.db.model.errors import UnexpectedPage

# What services are called: the two names of one service, and "hot-patching" beside "Hotpatch".
_SERVICES: Final = {
    "Azure Update Manager": re.compile(r"\bupdate manage(?:r|ment center)\b", re.IGNORECASE),
    "Azure Machine Configuration": re.compile(r"\b(?:guest|machine) configuration\b", re.IGNORECASE),
    "Hotpatch": re.compile(r"\bhot[\s-]?patch", re.IGNORECASE),
}
# More than any price, also per million, and than any tier has; 1e999999999 would be a gigabyte of digits.
_DIGITS: Final = 15
_PLACES: Final = 12


class Number(str):
    """A number as it stands in a JSON text: a float would not tell 0.030240000000000003 from what was meant."""

    __slots__ = ()


def json_of(text: str | bytes) -> Any:
    """What a JSON text says, its numbers as ``Number``.

    Raises:
        UnexpectedPage: it is none.
    """
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return json.loads(decoded, parse_float=Number, parse_int=Number, parse_constant=Number)
    except (ValueError, RecursionError) as error:
        raise UnexpectedPage(f"expected JSON, got {type(error).__name__} in {text[:60]!r}") from None


def amount(value: Any) -> Decimal:
    """An amount of money from a JSON text.

    Raises:
        UnexpectedPage: it is no number of 0 or more.

    >>> amount(Number("0.046"))
    Decimal('0.046')
    """
    try:
        found = Decimal(value) if isinstance(value, Number) else Decimal("NaN")
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found < 0:
        raise UnexpectedPage(f"expected an amount of 0 or more, got {value!r}")
    if found == 0:
        return Decimal(0)
    if not -_PLACES <= found.adjusted() < _DIGITS:
        raise UnexpectedPage(f"expected an amount of at most {_DIGITS} digits and {_PLACES} places, got {value[:60]!r}")
    return found


def plain(number: Decimal) -> str:
    """A number in digits, without zeros at its end, so that "0.0" and "0" are one value.

    >>> plain(Decimal("100.0")), plain(Decimal("1E-5"))
    ('100', '0.00001')
    """
    return f"{number.normalize():f}"


def services_in(text: str) -> list[str]:
    """The services that a text names, of those whose prices matter here.

    >>> services_in("Azure Policy guest configuration"), services_in("Azure Monitor")
    (['Azure Machine Configuration'], [])
    """
    return [service for service, pattern in _SERVICES.items() if pattern.search(text)]


def service_of(text: str) -> str:
    """The one service that a text names, "" if it names none, or several."""
    found = services_in(text)
    return found[0] if len(found) == 1 else ""
