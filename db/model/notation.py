"""How Microsoft writes builds, KBs, dates, months, update types, titles and addresses.

In: a text of a page. Out: the value that it states. Every source reads its texts here, and nowhere else. Above each pattern is a real text
that it has to read. A text that cannot be read raises ``UnexpectedPage``. (``reading`` is the same for what users type.)
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.lazy_patterns import lazy

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

# "26100.32772", "14393.0", "10.0.26100.32772"; build numbers of four digits and fewer belong to Windows before 10
_BUILD: Final = lazy(r"(?<![\d.])(?:10\.0\.)?(?P<number>\d{5})\.(?P<revision>\d{1,5})(?![\d.]*\d)")

# "KB5087423", "5087423"
_KB_CELL: Final = lazy(r"(?:KB[\s-]?)?(\d{6,7})", re.IGNORECASE)
# "KB5087423", "KB 3216755" (January 26, 2017), "kb5121768"
_KB: Final = lazy(r"\bKB[\s-]?(?P<kb>\d{6,7})(?!\d)", re.IGNORECASE)
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
    builds = (Build(int(m["number"]), int(m["revision"])) for m in _BUILD.finditer(text))
    return tuple(dict.fromkeys(builds))


def build(text: str) -> Build:
    """Return the OS build that a table cell holds.

    Raises:
        UnexpectedPage: the cell holds anything else.

    >>> build("26100.32772")
    Build(number=26100, revision=32772)
    """
    if not (match := _BUILD.fullmatch(clean(text))):
        raise UnexpectedPage(f"expected an OS build such as 26100.32772, got {text!r}")
    return Build(int(match["number"]), int(match["revision"]))


def kb(text: str) -> int:
    """Return the KB number that a table cell holds, with or without "KB".

    Raises:
        UnexpectedPage: the cell holds anything else.

    >>> kb("KB5087423"), kb("5087423")
    (5087423, 5087423)
    """
    if not (match := _KB_CELL.fullmatch(clean(text))):
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

# "May 12, 2026", "March 18 2021" (no comma, in titles of 2021)
_LONG_DATE: Final = lazy(rf"(?P<month>{'|'.join(MONTHS)})\s+(?P<day>\d{{1,2}})\s*,?\s+(?P<year>\d{{4}})", re.IGNORECASE)

# 2026-05-12
_ISO_DATE: Final = lazy(r"\d{4}-\d{2}-\d{2}")

# Microsoft plans baselines for these months; the published type decides, never this: 2022 had three other baselines.
PLANNED_BASELINE_MONTHS: Final = (1, 4, 7, 10)


def month_number(name: str) -> int:
    """Return 1 to 12 for the English name of a month.

    Raises:
        UnexpectedPage: it is not the name of a month.
    """
    number = _MONTH_NUMBERS.get(clean(name).casefold())
    if number is None:
        raise UnexpectedPage(f"expected the name of a month, got {name!r}")
    return number


@lru_cache(maxsize=4096)  # one page has every B day once per product
def iso_date(text: str) -> str:
    """Return the date that a cell of Learn's tables holds, "2026-05-12".

    Raises:
        UnexpectedPage: the cell is written otherwise, or no calendar has the day.
    """
    cleaned = clean(text)
    try:
        if not _ISO_DATE.fullmatch(cleaned):
            raise ValueError
        return date.fromisoformat(cleaned).isoformat()
    except ValueError:
        raise UnexpectedPage(f"expected a date such as 2026-05-12, got {text!r}") from None


def long_dates_in(text: str) -> tuple[str, ...]:
    """Return every date "July 15, 2026" in a text as an ISO date, in its order; a day that no calendar has is left out.

    >>> long_dates_in("released on or after June 9, 2026")
    ('2026-06-09',)
    """
    days = (_day_of(int(m["year"]), month_number(m["month"]), int(m["day"])) for m in _LONG_DATE.finditer(text))
    return tuple(day for day in days if day)


def _day_of(year: int, month: int, day: int) -> str | None:
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


def planned_baseline_month(month: str) -> str:
    """Return the last planned baseline month before a month.

    >>> planned_baseline_month("2024-11"), planned_baseline_month("2021-10")
    ('2024-10', '2021-07')
    """
    month = month_after(month, -1)
    while planned_by_cadence(month) != "baseline":
        month = month_after(month, -1)
    return month


# --- update types ---------------------------------------------------------------------------------------------------

# "2026-05 B", "2026-02 OOB"; in calendars "2026.05 B", and with a footnote's mark "2024.08 B^\*^" and "2024.08 B *"
_UPDATE_TYPE: Final = lazy(r"(?P<year>\d{4})[-.](?P<month>0[1-9]|1[0-2])\s+(?P<cadence>[A-E]|OOB)\s*(?P<mark>\^?\\?\*\^?)?")


class UpdateType(NamedTuple):
    """The "Update type" of Learn's tables: month, cadence letter, and whether it has a footnote's mark."""

    month: str
    cadence: str
    is_marked: bool


@lru_cache(maxsize=4096)
def update_type(text: str) -> UpdateType:
    """Return the update type that a cell holds.

    Raises:
        UnexpectedPage: the text is not an update type.

    >>> update_type("2026-05 B")
    UpdateType(month='2026-05', cadence='B', is_marked=False)
    """
    if not (match := _UPDATE_TYPE.fullmatch(clean(text))):
        raise UnexpectedPage(f"expected an update type such as '2026-05 B', got {text!r}")
    return UpdateType(f"{match['year']}-{match['month']}", match["cadence"], match["mark"] is not None)


def calendar_type(text: str) -> str:
    """Return the type of a calendar's row, "Baseline (Restart)" or "Hotpatch", as "baseline" or "hotpatch".

    Raises:
        UnexpectedPage: the text is neither.
    """
    cleaned = clean(text).casefold()
    if re.fullmatch(r"baseline( \(restart( required)?\))?", cleaned):
        return "baseline"
    if re.fullmatch(r"hotpatch( \(no restart\))?", cleaned):
        return "hotpatch"
    raise UnexpectedPage(f"expected the type 'Baseline (Restart)' or 'Hotpatch', got {text!r}")


# --- titles ---------------------------------------------------------------------------------------------------------
#
# Titles are written by hand, in these shapes; brackets are often missing, dashes are "-", "–" or "—", with blanks or without:
#
#     February 11, 2025—Hotpatch KB5052106 (OS Build 20348.3148)              date, kind, KB, builds
#     June 15, 2021—KB5004476 (OS Builds 19041.1055 and 19042.1055) Out-of-band- EXPIRED         ... and marks
#     KB5066360—Security Update for Windows PowerShell (Hotpatch)             no date, no builds
#     January 13, 2026—Baseline                                               no KB: the installed KB is that of an LCU
#
# ``title`` cuts off the site's name, reads the date at the start, and searches the rest for the other parts.

# "… - Microsoft Support" (until July 2026), "… | Microsoft Support" (since)
_SITE_SUFFIX: Final = lazy(r"\s+[-|–—]\s+Microsoft Support$", re.IGNORECASE)
# "May 12, 2026—", "March 18 2021-", "October 10, 2023, "; or nothing, before "KB5066360—"
_TITLE_START: Final = lazy(rf"(?:{_LONG_DATE.pattern}\s*[-–—,:]?\s*)|(?=KB[\s-]?\d)", re.IGNORECASE)
# "(OS Build 26100.4946)", "(OS Builds OS 22621.5472 and 22631.5472)": builds have to follow
_OS_BUILD: Final = lazy(r"\bOS\s+Builds?\b", re.IGNORECASE)
# "Baseline", "Hotpatch baseline", and once "Hotpatch basline"
_BASELINE: Final = lazy(r"\bbase?line\b", re.IGNORECASE)
# "Hotpatch", "hotpatch", and once "Hopatch"
_HOTPATCH: Final = lazy(r"\bho(?:t[\s-]?)?patch\b", re.IGNORECASE)
# "Security Update for Windows PowerShell", "Security Update for Windows Server Update Services"; but
# "Update for Windows Server 2025" (KB5063878, August 2025) is an LCU, and "Hotpatch for Windows 11 Enterprise LTSC 2024" a hotpatch.
_UPDATE_FOR: Final = lazy(r"\bupdates?\s+for\s+(?!Windows\s+(?:1\d\b|Server(?:,?\s+(?:version\s+)?\d)))(?P<what>\S.*)", re.IGNORECASE)
# "(OS Build 28000.2608) Preview"
_PREVIEW: Final = lazy(r"\bpreview\b", re.IGNORECASE)
# "Hotpatch public preview KB5053636" is not a preview of an LCU
_PUBLIC_PREVIEW: Final = lazy(r"\bpublic preview\b", re.IGNORECASE)
# "Out-of-band", "Out-of-Band", "Out of band"
_OUT_OF_BAND: Final = lazy(r"\bout[\s-]of[\s-]band\b", re.IGNORECASE)
# "Out-of-band- EXPIRED", ") - EXPIRED"
_EXPIRED: Final = lazy(r"\bexpired\b", re.IGNORECASE)


class Title(NamedTuple):
    """The parts of an article's title.

    Attributes:
        text: as published, cleaned.
        date: ISO date, None where the title begins with its KB.
        kb: None for a baseline that names none.
        builds: in the title's order.
        kind: "baseline", "hotpatch", "component", "preview", or "" for an LCU.
        is_out_of_band: marked "Out-of-band".
        is_public_preview: marked "public preview".
        is_expired: marked "EXPIRED".
        date_text: the date as published.
    """

    text: str
    date: str | None
    kb: int | None
    builds: tuple[Build, ...]
    kind: str
    is_out_of_band: bool
    is_public_preview: bool
    is_expired: bool
    date_text: str


def title(text: str, *, in_hotpatch_line: bool = False) -> Title:
    """Return the parts of an article's title, as the navigation, toc.json, ``h1``, ``<title>`` and the feeds write it.

    Args:
        text: as published.
        in_hotpatch_line: the title is in a hotpatch category, where an update for a component is a component
            even if it says "(Hotpatch)", and a plain dated KB is a hotpatch.

    Raises:
        UnexpectedPage: it begins with neither a date nor a KB, names neither one KB nor a baseline with its date, or announces builds
            that cannot be read.

    >>> t = title("February 11, 2025—Hotpatch KB5052106 (OS Build 20348.3148")
    >>> t.date, t.kb, str(t.builds[0]), t.kind
    ('2025-02-11', 5052106, '20348.3148', 'hotpatch')
    """
    published = clean(text)
    body = _SITE_SUFFIX.sub("", published)
    start = _TITLE_START.match(body)
    if not start:
        raise UnexpectedPage(f"expected a title that begins with a date or a KB, got {published!r}")
    day = _day_of(int(start["year"]), month_number(start["month"]), int(start["day"])) if start["day"] else None
    if start["day"] and day is None:
        raise UnexpectedPage(f"expected a day of the calendar, got {published!r}")
    rest = body[start.end() :]
    builds = builds_in(rest)
    kind = _kind(rest, in_hotpatch_line=in_hotpatch_line, has_builds=bool(builds))
    numbers = list(dict.fromkeys(int(m["kb"]) for m in _KB.finditer(rest)))
    if len(numbers) > 1:
        raise UnexpectedPage(f"expected one KB in a title, got {published!r}")
    if not numbers and kind != "baseline":
        raise UnexpectedPage(f"expected a KB or the word Baseline in a title, got {published!r}")
    if kind == "baseline" and day is None:
        raise UnexpectedPage(f"expected the date of a baseline, got {published!r}")
    if _announces_unread_builds(rest, builds):
        raise UnexpectedPage(f"expected builds after 'OS Build', got {published!r}")
    return Title(
        text=published,
        date=day,
        kb=numbers[0] if numbers else None,
        builds=builds,
        kind=kind,
        is_out_of_band=_OUT_OF_BAND.search(rest) is not None,
        is_public_preview=_PUBLIC_PREVIEW.search(rest) is not None,
        is_expired=_EXPIRED.search(rest) is not None,
        date_text=start[0].rstrip(" -–—,:"),
    )


def _announces_unread_builds(rest: str, builds: tuple[Build, ...]) -> bool:
    """Return whether "OS Build" is followed by no build, or, before the bracket closes, by digits that are not of a build."""
    announced = _OS_BUILD.search(rest)
    if announced is None:
        return False
    listed = rest[announced.end() :].partition(")")[0]
    return not builds or re.search(r"\d{3}", _BUILD.sub("", listed)) is not None


def _kind(rest: str, *, in_hotpatch_line: bool, has_builds: bool) -> str:
    if _BASELINE.search(rest):
        return "baseline"
    # In a standard category an update for a component would have no build; an LCU always has one.
    if (in_hotpatch_line or not has_builds) and _UPDATE_FOR.search(rest):
        return "component"
    if in_hotpatch_line or _HOTPATCH.search(rest):
        return "hotpatch"
    return "preview" if _PREVIEW.search(_PUBLIC_PREVIEW.sub("", rest)) else ""


# --- addresses ------------------------------------------------------------------------------------------------------

# "/en-us/topic/june-10-2025-hotpatch-kb5060841-os-build-26100-4270-b0911159-9564-44bf-80ae-a5d03013715d"
_GUID: Final = lazy(r"(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.IGNORECASE)
# "/en-us/help/5089602", "/help/5089602"
_HELP: Final = lazy(r"/help/(\d{6,7})/?$", re.IGNORECASE)
# "june-8-2021-hotpatch-kb5003719-os-build-17784-1767" (its title says 17784.1764), "…-os-builds-26200-8390-and-26100-8390"
_SLUG_BUILDS: Final = lazy(r"os-builds?((?:-(?:and-|os-)?\d{5}-\d{1,5})+)", re.IGNORECASE)
# "june-8-2021-hotpatch-kb5003719-os-build-17784-1767"
_SLUG_KB: Final = lazy(r"(?<![a-z0-9])kb-?(\d{6,7})(?!\d)", re.IGNORECASE)


def guid_of(url: str) -> str | None:
    """Return the GUID at the end of an old article's address, in lower case."""
    match = _GUID.search(url)
    return match[0].lower() if match else None


def help_kb(url: str) -> int | None:
    """Return the article's own KB from an address ``/help/<n>``; it is not always the KB that the article is about."""
    match = _HELP.search(url)
    return int(match[1]) if match else None


def slug_builds(url: str) -> tuple[Build, ...]:
    """Return the builds that a slug names, which are never believed against another source."""
    match = _SLUG_BUILDS.search(url)
    return tuple(Build(int(n), int(r)) for n, r in re.findall(r"(\d{5})-(\d{1,5})", match[1])) if match else ()


def slug_kb(url: str) -> int | None:
    """Return the KB that a slug names, which is never believed against another source."""
    match = _SLUG_KB.search(_GUID.sub("", url))
    return int(match[1]) if match else None
