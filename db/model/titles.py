"""How Microsoft writes update types, titles of articles and their addresses.

As in ``notation``: in, a text of a page; out, the value that it states. Apart from it, since only sources read titles, and a lookup that
imports them starts 1.2 ms later.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.notation import (
    BUILD,
    FOOTNOTE,
    LONG_DATE,
    Build,
    builds_in,
    clean,
    iso_date,
    long_date,
    plain,
    planned_by_cadence,
)

# --- update types ---------------------------------------------------------------------------------------------------

# "2026-05 B", "2026-02 OOB"; in calendars "2026.05 B", and with a footnote's mark "2024.08 B^\*^" and "2024.08 B *"
_UPDATE_TYPE: Final = lazy(
    rf"(?P<year>\d{{4}})\s?[-./\u2010-\u2015]\s?(?P<month>0[1-9]|1[0-2])\s*(?P<cadence>[A-E]\b|OOB|out[\s\u2010-\u2015-]of[\s\u2010-\u2015-]band)"
    rf"(?P<marks>(?:{FOOTNOTE})*)",
    re.IGNORECASE,
)


class UpdateType(NamedTuple):
    """The "Update type" of Learn's tables: month, cadence letter, and whether it has the mark "*" of a footnote."""

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
    cadence = match["cadence"].upper()
    return UpdateType(f"{match['year']}-{match['month']}", cadence if len(cadence) == 1 else "OOB", "*" in match["marks"])


# "no restart required", "without a restart", "restart not required", "restartless"
_NO_RESTART: Final = lazy(
    r"\b(?:no|without(?:\s+an?)?|does\s+not\s+(?:require|need)\s+an?)[\s-]+(?:restart|reboot)(?:\s+(?:is\s+)?(?:required|needed|necessary))?\b"
    r"|\b(?:restart|reboot)\s+(?:is\s+)?not\s+(?:required|needed|necessary)\b|\b(?:restart|reboot)[\s-]?(?:less|free)\b",
    re.IGNORECASE,
)
# The words of a type: "Baseline (Restart)", "Unplanned baseline – restart required", "Hotpatch update (no restart)"
_OF_A_TYPE: Final = frozenset(
    {"baseline", "hotpatch", "restart", "reboot", "required", "needed", "update", "unplanned", "planned", "security"}
)


def calendar_type(text: str) -> str:
    """Return the type of a calendar's row, "Baseline (Restart)" or "Hotpatch", as "baseline" or "hotpatch".

    Raises:
        UnexpectedPage: the text is neither, or says that a hotpatch needs a restart.

    >>> calendar_type("Baseline (Restart)"), calendar_type("Hotpatch (no restart required)")
    ('baseline', 'hotpatch')
    """
    written = plain(text).casefold()
    without = _NO_RESTART.sub(" ", written)
    words: set[str] = set(re.findall(r"[^\W\d_]+", without))
    if words <= _OF_A_TYPE and len(kinds := words & {"baseline", "hotpatch"}) == 1:
        kind = kinds.pop()
        # A baseline without a restart and a hotpatch with one are neither.
        if (without == written) if kind == "baseline" else not words & {"restart", "reboot"}:
            return kind
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
# "May 12, 2026—", "March 18 2021-", "October 10, 2023, ", "2026-08-11—"; or nothing, before "KB5066360—"
_TITLE_START: Final = lazy(rf"(?:(?:{LONG_DATE.pattern}|(?P<iso>20\d\d-\d\d-\d\d)(?!\d))\s*[-–—,:]?\s*)|(?=KB[\s-]?\d)", re.IGNORECASE)
# A date anywhere else: "Hotpatch KB5120234 (OS Build 26100.33249) - August 11, 2026"
_DATE: Final = lazy(rf"\s*[-–—,:(]?\s*\b(?:{LONG_DATE.pattern}|(?P<iso>20\d\d-\d\d-\d\d)(?!\d))\)?", re.IGNORECASE)
# "KB5087423", "KB 3216755" (January 26, 2017), "kb5121768"
_KB: Final = lazy(r"\bKB[\s-]?(?P<kb>\d{6,7})(?!\d)", re.IGNORECASE)
# "(OS Build 26100.4946)", "(OS Builds OS 22621.5472 and 22631.5472)": builds have to follow
_OS_BUILD: Final = lazy(r"\bOS\s+Builds?\b", re.IGNORECASE)
# "Baseline", "Hotpatch baseline", and once "Hotpatch basline"
_BASELINE: Final = lazy(r"\bbase?[\s-]?line\b", re.IGNORECASE)
# "Hotpatch", "hotpatch", and once "Hopatch"
_HOTPATCH: Final = lazy(r"\bho(?:t[\s-]?)?patch\b", re.IGNORECASE)
# "Security Update for Windows PowerShell", "Security Update for Windows Server Update Services"; but
# "Update for Windows Server 2025" (KB5063878, August 2025) is an LCU, and "Hotpatch for Windows 11 Enterprise LTSC 2024" a hotpatch.
# The catalog calls Windows Server 2022 and later "Microsoft server operating system".
_UPDATE_FOR: Final = lazy(
    r"\bupdates?\s+for\s+(?!Windows\s+(?:1\d\b|Server(?:,?\s+(?:version\s+)?\d))|Microsoft\s+server\s+operating\s+system)(?P<what>\S.*)",
    re.IGNORECASE,
)
# What is no hotpatch, wherever it is listed: "Cumulative Update", "LCU", "Non-hotpatch update"
_NO_HOTPATCH: Final = lazy(r"\bcumulative\b|\bLCU\b|\b(?:non|not|no)[\s\u2010-\u2015-]+(?:an?\s+)?hot[\s-]?patch", re.IGNORECASE)
_RESTART: Final = lazy(r"\b(?:restart|reboot)", re.IGNORECASE)
# "(OS Build 28000.2608) Preview"
_PREVIEW: Final = lazy(r"\bpreview\b", re.IGNORECASE)
# "Hotpatch public preview KB5053636" is not a preview of an LCU
_PUBLIC_PREVIEW: Final = lazy(r"\bpublic preview\b", re.IGNORECASE)
# "Out-of-band", "Out-of-Band", "Out of band", with other hyphens "Out‑of‑band", "OOB"
_OUT_OF_BAND: Final = lazy(r"\bout[\s\u2010-\u2015-]?of[\s\u2010-\u2015-]?band\b|\bOOB\b", re.IGNORECASE)
# "Out-of-band- EXPIRED", ") - EXPIRED"; no longer offered either: "WITHDRAWN"
_EXPIRED: Final = lazy(r"\bexpired\b|\bwithdrawn\b|\bno longer (?:available|offered)\b", re.IGNORECASE)
# The words of titles besides names of components, as last seen 2026-07-23.
_WORDS: Final = frozenset({
    "hotpatch", "hopatch", "hot", "patch", "baseline", "basline", "base", "line", "os", "build", "builds", "and", "out", "of", "band", "oob",
    "expired", "withdrawn", "no", "longer", "available", "offered", "public", "preview", "security", "update", "updates", "for", "microsoft",
    "windows", "server", "operating", "system", "version", "enterprise", "datacenter", "azure", "edition", "ltsc", "ltsb", "mobile", "clients",
})  # fmt: skip


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
            even if it says "(Hotpatch)", and a plain dated KB is a hotpatch, but for a month that
            should have a baseline.

    Raises:
        UnexpectedPage: it begins with neither a date nor a KB, names neither one KB nor a baseline with its date, announces builds
            that cannot be read, or says of a hotpatch what is true of none.

    >>> t = title("February 11, 2025—Hotpatch KB5052106 (OS Build 20348.3148")
    >>> t.date, t.kb, str(t.builds[0]), t.kind
    ('2025-02-11', 5052106, '20348.3148', 'hotpatch')
    """
    published = clean(text)
    body = _SITE_SUFFIX.sub("", published)
    day, date_text, rest = _dated(body, published)
    builds = builds_in(rest)
    numbers = list(dict.fromkeys(int(m["kb"]) for m in _KB.finditer(rest)))
    if len(numbers) > 1:
        raise UnexpectedPage(f"expected one KB in a title, got {published!r}")
    kind = _kind(rest, in_hotpatch_line=in_hotpatch_line, has_builds=bool(builds))
    if not numbers and kind != "baseline":
        raise UnexpectedPage(f"expected a KB or the word Baseline in a title, got {published!r}")
    if kind == "baseline" and day is None:
        raise UnexpectedPage(f"expected the date of a baseline, got {published!r}")
    if _announces_unread_builds(rest, builds):
        raise UnexpectedPage(f"expected builds after 'OS Build', got {published!r}")
    if kind == "hotpatch":
        _check_hotpatch(rest, published, day)
    return Title(
        text=published,
        date=day,
        kb=numbers[0] if numbers else None,
        builds=builds,
        kind=kind,
        is_out_of_band=_OUT_OF_BAND.search(rest) is not None,
        is_public_preview=_PUBLIC_PREVIEW.search(rest) is not None,
        is_expired=_EXPIRED.search(rest) is not None,
        date_text=date_text,
    )


def _dated(body: str, published: str) -> tuple[str | None, str, str]:
    """Return the date of a title, None without one, as published, and the rest of it.

    The date is at the start. Where a title begins with its KB or with words of titles, it may be behind it, if it has one alone.
    """
    start, number = _TITLE_START.match(body), _KB.search(body)
    dates = [start] if start and start[0] else list(_DATE.finditer(body))
    if not start and (not number or set(_words(body[: number.start()])) - _WORDS or len(dates) != 1):
        raise UnexpectedPage(f"expected a title that begins with a date or a KB, got {published!r}")
    if len(dates) != 1:
        return None, "", body
    found = dates[0]
    try:
        day = iso_date(found["iso"]) if found["iso"] else long_date(found)
    except UnexpectedPage:
        day = None
    if day is None:
        raise UnexpectedPage(f"expected a day of the calendar, got {published!r}")
    return day, found[0].strip(" -–—,:()"), f"{body[: found.start()]} {body[found.end() :]}"


def _words(text: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[^\W\d_]+", _KB.sub(" ", text))]


def unknown_words(text: str) -> list[str]:
    """Return the words of a title that are no part of what ``title`` reads, and may say something of the release; none of one that cannot be read.

    >>> unknown_words("August 11, 2026—Hotpatch KB5120234 (OS Build 26100.33249) - Paused")
    ['Paused']
    """
    try:
        read = title(text)
    except UnexpectedPage:
        return []
    if _UPDATE_FOR.search(read.text):
        return []  # the name of a component
    without = _NO_RESTART.sub(" ", _DATE.sub(" ", _KB.sub(" ", BUILD.sub(" ", _SITE_SUFFIX.sub("", read.text)))))
    return [word for word in re.findall(r"(?<![\w.])[^\W\d_]+", without) if word.lower() not in _WORDS]


def _check_hotpatch(rest: str, published: str, day: str | None) -> None:
    """Check that a title is that of a hotpatch: an update that is none would be said to need no restart.

    Raises:
        UnexpectedPage: it says that it is another update or needs a restart, or it lacks the word "Hotpatch" and has others or is of a
            month for which a baseline is planned.
    """
    if _NO_HOTPATCH.search(rest) or _RESTART.search(_NO_RESTART.sub(" ", rest)):
        raise UnexpectedPage(f"expected a hotpatch, which needs no restart, got {published!r}")
    if _HOTPATCH.search(rest):
        return
    if others := set(_words(rest)) - _WORDS:
        raise UnexpectedPage(f"expected the word Hotpatch or Baseline beside {min(others)!r}, got {published!r}")
    if day and planned_by_cadence(day[:7]) == "baseline" and not _OUT_OF_BAND.search(rest):
        raise UnexpectedPage(f"expected the word Hotpatch or Baseline in a month that should have a baseline, got {published!r}")


def _announces_unread_builds(rest: str, builds: tuple[Build, ...]) -> bool:
    """Return whether "OS Build" is followed by no build, or, before the bracket closes, by digits that are not of a build."""
    announced = _OS_BUILD.search(rest)
    if announced is None:
        return False
    listed = rest[announced.end() :].partition(")")[0]
    return not builds or re.search(r"\d{3}", BUILD.sub("", listed)) is not None


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
