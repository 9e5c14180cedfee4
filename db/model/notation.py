"""How Microsoft writes builds, KBs, dates and months; ``titles`` has update types, titles and addresses.

In: a text of a page. Out: the value that it states. Every source reads its texts here, and nowhere else. Above each pattern is a real text
that it has to read. A text that cannot be read raises ``UnexpectedPage``. (``reading`` is the same for what users type.)
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.light_typing import Final, NamedTuple

# Zero-width characters occur in real titles: "November&#8203;" in the old month tables, a BOM in toc.json.
_INVISIBLE: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


def clean(text: str) -> str:
    r"""Return a text without invisible characters, and with each run of white space (nbsp too) as one blank.

    >>> clean("May\u00a012, 2026\u200b  — KB5087539 ")
    'May 12, 2026 — KB5087539'
    """
    if text.isascii():  # as nearly every cell is
        return " ".join(text.split())
    return " ".join(text.translate(_INVISIBLE).split())


# --- builds and KBs -------------------------------------------------------------------------------------------------

# A build in a longer pattern, which says what may be around it. Without a look-around of its own; ASCII digits.
BUILD_TEXT: Final = r"[0-9]{5}\.[0-9]{1,5}"
# The mark of a footnote behind a value: "2024.08 B^\\*^", "26100.33296 *", "2026-08 B†", "24H2^1^", "KB5120233[2]"
FOOTNOTE: Final = r"\s*(?:\^?\\?[*†‡§¹²³]\^?|\^\d{1,2}\^|\[\d{1,2}\])"
_FOOTNOTES: Final = lazy(rf"(?:{FOOTNOTE})+$")
# Hyphens and dashes that stand for "-": "Out‑of‑band", "2026–08–11"
_DASHES: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")


def plain(text: str) -> str:
    """Return the text of a cell, cleaned, without marks of footnotes behind it and with each dash as "-".

    >>> plain("2026–08–11 *")
    '2026-08-11'
    """
    return _FOOTNOTES.sub("", clean(text)).translate(_DASHES)


# "26100.32772", "14393.0", "10.0.26100.32772"; build numbers of four digits and fewer belong to Windows before 10
BUILD: Final = lazy(r"(?<![\d.])(?:10\.0\.)?(?P<number>\d{5})\.(?P<revision>\d{1,5})(?![\d.]*\d)")

# "KB5087423", "5087423"
_KB_CELL: Final = lazy(r"(?:KB[\s-]?)?(\d{6,7})", re.IGNORECASE)
# "addressed inKB5095093": only a zero-width space was between them (article of KB5094126)
_KB_IN_PROSE: Final = lazy(r"KB[\s-]?(?P<kb>\d{6,7})(?!\d)", re.IGNORECASE)


class Build(NamedTuple):
    """An OS build: build number and update build revision (UBR)."""

    number: int
    revision: int

    def __str__(self) -> str:
        return f"{self.number}.{self.revision}"


def builds_in(text: str) -> tuple[Build, ...]:
    """Return every OS build that a text names, in its order and each once.

    >>> [str(b) for b in builds_in("(OS Builds OS 22621.5472 and 22631.5472)")]
    ['22621.5472', '22631.5472']
    """
    builds = (Build(int(m["number"]), int(m["revision"])) for m in BUILD.finditer(text))
    return tuple(dict.fromkeys(builds))


def build(text: str) -> Build:
    """Return the OS build that a table cell holds.

    Raises:
        UnexpectedPage: the cell holds anything else.

    >>> build("26100.32772")
    Build(number=26100, revision=32772)
    """
    if not (match := BUILD.fullmatch(plain(text))):
        raise UnexpectedPage(f"expected an OS build such as 26100.32772, got {text!r}")
    return Build(int(match["number"]), int(match["revision"]))


def kb(text: str) -> int:
    """Return the KB number that a table cell holds, with or without "KB".

    Raises:
        UnexpectedPage: the cell holds anything else.

    >>> kb("KB5087423"), kb("5087423")
    (5087423, 5087423)
    """
    if not (match := _KB_CELL.fullmatch(plain(text))):
        raise UnexpectedPage(f"expected a KB such as KB5087423, got {text!r}")
    return int(match[1])


def kb_text(kb: int | None) -> str | None:
    """Return a KB number as people write it, such as KB5087423."""
    return None if kb is None else f"KB{kb}"


def kbs_in(text: str) -> tuple[int, ...]:
    """Return every KB that a text names, in its order and each once.

    >>> kbs_in("addressed in KB5095093, which replaces KB 5094126")
    (5095093, 5094126)
    """
    return tuple(dict.fromkeys(int(m["kb"]) for m in _KB_IN_PROSE.finditer(text)))


# --- dates and months -----------------------------------------------------------------------------------------------

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MONTH_NUMBERS: Final = {name.casefold(): number for number, name in enumerate(MONTHS, 1)}
_SHORT_MONTHS: Final = {name[:3]: number for name, number in _MONTH_NUMBERS.items()} | {"sept": 9}

_MONTH_NAME: Final = rf"(?:{'|'.join(MONTHS)}|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
# "May 12, 2026", "March 18 2021" (no comma, in titles of 2021), "Aug 11th, 2026"; "11 August 2026"
LONG_DATE: Final = lazy(
    rf"(?:(?P<month>{_MONTH_NAME})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s*,?"
    rf"|(?<!\d)(?P<day_before>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?P<month_after>{_MONTH_NAME})\s*,?)\s+(?P<year>\d{{4}})(?!\d)",
    re.IGNORECASE,
)

# 2026-05-12, 2026/05/12
_ISO_DATE: Final = lazy(r"(?P<year>\d{4})(?P<separator>[-/.])(?P<month>\d{2})(?P=separator)(?P<day>\d{2})")

# Microsoft plans baselines for these months; the published type decides, never this: 2022 had three other baselines.
PLANNED_BASELINE_MONTHS: Final = (1, 4, 7, 10)


def month_number(name: str) -> int:
    """Return 1 to 12 for the English name of a month, or for its first letters ("Aug", "Sept.").

    Raises:
        UnexpectedPage: it is not the name of a month.
    """
    written = clean(name).casefold()
    number = _MONTH_NUMBERS.get(written) or _SHORT_MONTHS.get(written.removesuffix("."))
    if number is None:
        raise UnexpectedPage(f"expected the name of a month, got {name!r}")
    return number


@lru_cache(maxsize=4096)  # one page has every B day once per product
def iso_date(text: str) -> str:
    """Return the date that a cell of Learn's tables holds, "2026-05-12"; "August 11, 2026" too.

    Raises:
        UnexpectedPage: the cell is written otherwise ("11/08/2026" may be of August or of November), or no calendar has the day.
    """
    written = plain(text)
    if match := _ISO_DATE.fullmatch(written):
        day = day_of(int(match["year"]), int(match["month"]), int(match["day"]))
    else:
        day = long_date(match) if (match := LONG_DATE.fullmatch(written)) else None
    if day is None:
        raise UnexpectedPage(f"expected a date such as 2026-05-12, got {text!r}")
    return day


def long_date(match: re.Match[str]) -> str | None:
    """Return the ISO date of a match of ``LONG_DATE``, None where the calendar does not have the day."""
    return day_of(int(match["year"]), month_number(match["month"] or match["month_after"]), int(match["day"] or match["day_before"]))


def long_dates_in(text: str) -> tuple[str, ...]:
    """Return every date "July 15, 2026" in a text as an ISO date, in its order; a day that no calendar has is left out.

    >>> long_dates_in("released on or after June 9, 2026")
    ('2026-06-09',)
    """
    days = (long_date(match) for match in LONG_DATE.finditer(text))
    return tuple(day for day in days if day)


def day_of(year: int, month: int, day: int) -> str | None:
    """Return a day as an ISO date, None where the calendar does not have it."""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def iso_date_or_month(text: str) -> str:
    """Return a date "2026-05-12", or a month "2027-10" where no day is stated.

    Raises:
        UnexpectedPage: the text is neither.
    """
    if not re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", text):
        raise UnexpectedPage(f"expected a date or a month, got {text!r}")
    return text


@lru_cache(maxsize=4096)  # a lookup asks for some months several times
def second_tuesday(month: str) -> str:
    """Return the day of the B release of a month "2026-06", as an ISO date.

    >>> second_tuesday("2026-06")
    '2026-06-09'
    """
    first = date(int(month[:4]), int(month[5:7]), 1)
    return (first + timedelta(days=(1 - first.weekday()) % 7 + 7)).isoformat()


def planned_by_cadence(month: str) -> str:
    """Return the type that the cadence alone gives a month "2026-06": "baseline" or "hotpatch"."""
    return "baseline" if int(month[5:7]) in PLANNED_BASELINE_MONTHS else "hotpatch"


@lru_cache(maxsize=4096)
def month_after(month: str, steps: int = 1) -> str:
    """Return the month some months later; ``steps`` may be negative.

    >>> month_after("2026-12"), month_after("2026-01", -2)
    ('2027-01', '2025-11')
    """
    index = int(month[:4]) * 12 + int(month[5:7]) - 1 + steps
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def months_unread(until: str, day: str) -> list[str]:
    """Return the months whose second Tuesday is after the last day of the data and not after another day (ISO dates): nobody read their updates.

    >>> months_unread("2026-07-23", "2026-10-13"), months_unread("2026-07-14", "2026-08-10")
    (['2026-08', '2026-09', '2026-10'], [])
    """
    months, month = [], until[:7]
    while (tuesday := second_tuesday(month)) <= day:
        months += [month] if tuesday > until else []
        month = month_after(month)
    return months


def last_day(stated: str | None) -> str | None:
    """Return a day, or the last day of a month.

    >>> last_day("2028-02"), last_day("2028-02-08")
    ('2028-02-29', '2028-02-08')
    """
    if stated is None or len(stated) != 7:
        return stated
    return (date.fromisoformat(f"{month_after(stated)}-01") - timedelta(days=1)).isoformat()


def planned_baseline_month(month: str) -> str:
    """Return the last planned baseline month before a month.

    >>> planned_baseline_month("2024-11"), planned_baseline_month("2021-10")
    ('2024-10', '2021-07')
    """
    month = month_after(month, -1)
    while planned_by_cadence(month) != "baseline":
        month = month_after(month, -1)
    return month
