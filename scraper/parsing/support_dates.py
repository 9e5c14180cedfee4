"""Judge dates of support: can a version have begun on this day, and can its support end on that one.

A column that slipped by a row, or two headers that changed places, leave cells that can all be read, each of them with a date of another
row. A wrong end that is too late makes a machine without support pass as patched. What is known without another page tells most of them:
a version is named for its half-year or its month, and support lasts as long as the policy of its editions says
(https://learn.microsoft.com/en-us/lifecycle/policies/fixed, https://learn.microsoft.com/en-us/lifecycle/faq/windows).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from hotpatch_kb.db.model.errors import UnexpectedPage

# win11-25h2, win10-1809, ws2025
_NAME: Final = re.compile(r"(?P<year>\d\d)h(?P<half>[12])$|(?<=-)(?P<of>\d\d)(?P<month>\d\d)$|^ws20(?P<server>\d\d)$")
# Versions named for a month came out at most two months after it: 1809, withdrawn and released again on 2018-11-13.
_MONTHS_AFTER: Final = 3
# Months by number that a name without a time may mean.
_ALWAYS: Final = (0, 1_000_000)
# Fewest and most months from the first day to the last, by edition group and kind. Seen from 2015 to 2029: 60 to 65 and 120 to 125 (fixed
# policy); Home and Pro 18 to 25; Enterprise, Education and IoT 18 to 37; the annual channel 24. Six months more were given in
# 2020; with a year more, the date is most likely that of the next version. Servers come years apart.
_FIXED: Final = {"mainstream": (59, 80), "extended": (119, 140)}
_ENTERPRISE: Final = (17, 43)
_LENGTHS: Final = {
    **{(group, kind): length for group in ("server", "ltsc", "iot_ltsc") for kind, length in _FIXED.items()},
    **{(group, "end_of_servicing"): _ENTERPRISE for group in ("enterprise_education", "iot_enterprise", "annual_channel")},
    ("home_pro", "end_of_servicing"): (17, 31),
}
_ESU_YEAR: Final = (10, 14)
_ESU: Final = "esu_year_"
# The last version of a Windows is serviced as long as that Windows: 22H2 of Windows 10 for 36 months, Home and Pro too.
LAST_VERSIONS: Final = {"win10": "win10-22h2"}


class Term(NamedTuple):
    """Support of a version for a group of editions.

    Attributes:
        product: its id; where a row is of several, one of them.
        group: the edition group, as in ``lifecycles``.
        kind: "mainstream", "extended", "end_of_servicing" or "esu_year_1".
        start: the first day, None where none is stated.
        end: the last day, None where none is stated.
        public_end: of a year of Extended Security Updates, the last day of support for all; None where the page does not state it.
    """

    product: str
    group: str
    kind: str
    start: str | None
    end: str | None
    public_end: str | None = None


def check_start(product: str, start: str) -> None:
    """Check that a version can have begun on a day.

    Raises:
        UnexpectedPage: it is named for another time.

    >>> check_start("win11-25h2", "2025-09-30")
    """
    first, last = _named_for(product)
    if not first <= _month(start) <= last:
        raise UnexpectedPage(f"expected {product} to begin in the months that it is named for, got {start}")


def check_end(term: Term) -> None:
    """Check that the support of a version can end on a day.

    Raises:
        UnexpectedPage: it ends before it begins, or after a time that its policy does not have.

    >>> check_end(Term("ws2025", "server", "extended", "2024-11-01", "2034-11-14"))
    """
    if term.end is None:
        return
    if term.start is not None and term.end <= term.start:
        raise UnexpectedPage(f"expected support of {term.product} ({term.group}) to end after {term.start}, got {term.end} ({term.kind})")
    first, last = (_month(term.start),) * 2 if term.start else _named_for(term.product)
    if term.kind.startswith(_ESU) and not term.start:
        first, last = _ALWAYS  # a year of its own, long after the version began
    shortest, longest = _length(term)
    if not first + shortest <= _month(term.end) <= last + longest:
        raise UnexpectedPage(
            f"expected {term.kind} of {term.product} ({term.group}) to last {shortest} to {longest} months"
            f"{f' from {term.start}' if term.start else ''}, got {term.end}"
        )
    if term.public_end and term.kind.startswith(_ESU):
        years = int(term.kind.removeprefix(_ESU))
        if abs(_month(term.end) - _month(term.public_end) - 12 * years) > 2:
            raise UnexpectedPage(f"expected {term.kind} of {term.product} to end {years} years after {term.public_end}, got {term.end}")


def _length(term: Term) -> tuple[int, int]:
    """Return the fewest and the most months; of a kind that no policy gives, any."""
    if term.kind.startswith(_ESU):
        return _ESU_YEAR
    if term.kind == "end_of_servicing" and term.product in LAST_VERSIONS.values():
        return _ENTERPRISE
    return _LENGTHS.get((term.group, term.kind), (-_ALWAYS[1], _ALWAYS[1]))


def has_slipped(column: Sequence[Term]) -> bool:
    """Return whether the ends of a table, in its order, fit their rows only when they are moved by some rows.

    One wrong date is one wrong date; a column that slipped has ends that could pass where they are (Windows 10, version 20H2, with the end of
    21H1), and one that tells: the last end came to the first row.
    """
    return not _fit(column) and any(
        _fit([term._replace(end=column[number - steps].end) for number, term in enumerate(column)]) for steps in range(1, len(column))
    )


def _fit(terms: Sequence[Term]) -> bool:
    try:
        for term in terms:
            check_end(term)
    except UnexpectedPage:
        return False
    return True


def _named_for(product: str) -> tuple[int, int]:
    """Return the first and the last month that the name of a product means, as numbers; a server is named for a year or the next one."""
    match = _NAME.search(product)
    if match is None:
        return _ALWAYS
    if match["server"]:
        year = (2000 + int(match["server"])) * 12
        return year - 12 + 1, year + 12
    if match["half"]:
        half = (2000 + int(match["year"])) * 12 + 6 * (int(match["half"]) - 1)
        return half + 1, half + 6
    month = (2000 + int(match["of"])) * 12 + int(match["month"])
    return month, month + _MONTHS_AFTER


def _month(day: str) -> int:
    return int(day[:4]) * 12 + int(day[5:7])
