"""Days beside a build or a KB: in cells, as people and systems write them, and in the names of columns."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.reading import split_month

_LONGEST: Final = 200  # characters that are searched
_ISO_DAY: Final = lazy(r"(?<!\d)(\d{4})\s?[-/.年년]\s?(\d{1,2})\s?[-/.月월]\s?(\d{1,2})(?!\d)|(?<!\d)(\d{4})(\d\d)(\d\d)(?=\d{6}|\D|$)")
_LOCAL_DAY: Final = lazy(r"(?<![\d.])(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?!\d)")
_NAMED_DAY: Final = lazy(
    r"(?<!\d)(\d{1,2})[-. ]+([a-z]{3})[a-z]*[-., ]+(\d{4})(?!\d)|([a-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})(?!\d)", re.IGNORECASE
)
_MONTHS: Final = {
    name: number for number, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_FIRST_YEAR: Final = "2015"  # of Windows 10; days of 1601, 1899 and 1970 are zeros


@lru_cache(maxsize=50_000)
def day_of(text: str) -> tuple[str, str] | None:
    """Return the first and the last day (ISO) that a text may mean, None without one. "7/8/2026" is of July or August.

    >>> day_of("2026-07-14T10:00:00Z"), day_of("7/8/2026 12:00:00 AM"), day_of("14.07.2026"), day_of("26100.33158")
    (('2026-07-14', '2026-07-14'), ('2026-07-08', '2026-08-07'), ('2026-07-14', '2026-07-14'), None)
    """
    text = text[:_LONGEST]
    found: list[tuple[int, int, int]] = []
    if match := _ISO_DAY.search(text):
        year, month, day = (int(part) for part in match.groups() if part)
        found = [(year, month, day)]
    elif match := _LOCAL_DAY.search(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        found = [(year, second, first)] if match[2] == "." else [(year, first, second), (year, second, first)]
    elif (match := _NAMED_DAY.search(text)) and (number := _MONTHS.get((match[2] or match[4]).casefold())):
        found = [(int(match[3] or match[6]), number, int(match[1] or match[5]))]
    days = sorted(f"{year:04}-{month:02}-{day:02}" for year, month, day in found if 1 <= month <= 12 and 1 <= day <= 31)
    return (days[0], days[-1]) if days else None


def day_named(name: str) -> str:
    """Return the day or the month (ISO) of which a column is by its name, "" without one. A build of a day to come is a plan.

    >>> day_named("Build (2026-08-15)"), day_named("OS build 08/2026"), day_named("Build")
    ('2026-08-15', '2026-08', '')
    """
    if days := day_of(name):
        return days[0]
    month = split_month(name)
    return month[0] if month else ""


def is_no_day(text: str) -> bool:
    """Return whether a day is what a system writes for none: of the year 1, 1601 or 1970."""
    day = day_of(text)
    return day is not None and day[0] < _FIRST_YEAR
