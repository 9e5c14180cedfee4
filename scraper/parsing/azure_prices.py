"""How Azure writes prices, on its pricing pages and in its Retail Prices API: numbers in JSON, and names of services."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from hotpatch_kb.db.model.errors import UnexpectedPage

# Names of services: two names of one service, and "hot-patching" besides "Hotpatch".
_SERVICES: Final = {
    "Azure Update Manager": re.compile(r"\bupdate manage(?:r|ment center)\b", re.IGNORECASE),
    "Azure Machine Configuration": re.compile(r"\b(?:guest|machine) configuration\b", re.IGNORECASE),
    "Hotpatch": re.compile(r"\bhot[\s-]?patch", re.IGNORECASE),
}
# More than any price, also per million, and any tier has; 1e999999999 would be a gigabyte of digits.
_DIGITS: Final = 15
_PLACES: Final = 12


class Number(str):
    """A number in JSON, in its own digits, such as 0.030240000000000003: a float would lose how the number was written."""

    __slots__ = ()


def json_of(text: str | bytes) -> Any:
    """Return the value of a JSON text, with ``Number`` for its numbers.

    Raises:
        UnexpectedPage: it is not JSON.
    """
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return json.loads(decoded, parse_float=Number, parse_int=Number, parse_constant=Number)
    except (ValueError, RecursionError) as error:
        raise UnexpectedPage(f"expected JSON, got {type(error).__name__} in {text[:60]!r}") from None


def amount(value: Any) -> Decimal:
    """Return an amount of money from a JSON text.

    Raises:
        UnexpectedPage: it is not a number, or less than 0.

    >>> amount(Number("0.046"))
    Decimal('0.046')
    """
    try:
        number = Decimal(value) if isinstance(value, Number) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise UnexpectedPage(f"expected an amount of 0 or more, got {value!r}")
    if number == 0:
        return Decimal(0)
    if not -_PLACES <= number.adjusted() < _DIGITS:
        raise UnexpectedPage(f"expected an amount of at most {_DIGITS} digits and {_PLACES} places, got {value[:60]!r}")
    return number


def plain(number: Decimal) -> str:
    """Return a number in digits, without zeros at its end, so that "0.0" and "0" are one value.

    >>> plain(Decimal("100.0")), plain(Decimal("1E-5"))
    ('100', '0.00001')
    """
    return f"{number.normalize():f}"


def services_in(text: str) -> list[str]:
    """Return the services that a text names, of those whose prices matter here.

    >>> services_in("Azure Policy guest configuration"), services_in("Azure Monitor")
    (['Azure Machine Configuration'], [])
    """
    return [service for service, pattern in _SERVICES.items() if pattern.search(text)]


def service_of(text: str) -> str:
    """Return the one service that a text names, "" if it names none or several."""
    services = services_in(text)
    return services[0] if len(services) == 1 else ""
