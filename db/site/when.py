"""Days as people write them, how far away they are, and up to which day the data of a page reaches."""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from markupsafe import Markup, escape

from hotpatch_kb.db.answers import coverage
from hotpatch_kb.db.answers.events import Event
from hotpatch_kb.db.answers.exposure import security_data
from hotpatch_kb.db.model.notation import MONTHS, month_after, second_tuesday
from hotpatch_kb.db.site.i18n import Words, in_japanese
from hotpatch_kb.db.site.web import kept_of

_MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_WEEKDAYS: Final = {"en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "ja": "月火水木金土日"}
NO_BREAK: Final = "\u00a0"
# Up to so many days are counted in days, then in weeks, then in months, then in years.
_DAYS: Final = 20
_WEEKS: Final = 112
_MONTHS: Final = 1000


def _date(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def written(day: object, language: str, *, weekday: bool = False) -> str:
    """Return a day as a sentence has it: "13 October 2026" or "Tue 13 Oct 2026"; "2026 年 10 月 13 日" or "2026 年 10 月 13 日(火)".

    In Japanese as Microsoft writes it, with no-break spaces.

    Args:
        day: ISO date or UTC time; any other text is returned as it is.
        language: a key of ``LANGUAGES``.
        weekday: whether it is named.
    """
    found = _date(day)
    if found is None:
        return str(day or "")
    name = _WEEKDAYS[language][found.weekday()]
    if language == "ja":
        return f"{in_japanese(found.isoformat())}{f'({name})' if weekday else ''}"
    month = MONTHS[found.month - 1]
    return f"{name} {found.day} {month[:3]} {found.year}" if weekday else f"{found.day} {month} {found.year}"


def month_of(month: str, language: str) -> str:
    """Return a month as a sentence has it: "June 2026", "2026 年 6 月"; any other text as it is."""
    if _MONTH.fullmatch(month) is None:
        return month
    if language == "ja":
        return in_japanese(month)
    return f"{MONTHS[int(month[5:7]) - 1]} {month[:4]}"


def time_element(day: object, language: str, *, weekday: bool = False) -> Markup:
    """Return a day as HTML that programs can read, too. In Japanese a day with its weekday, that of a restart, says which day it is in Japan."""
    found = Markup('<time datetime="{}">{}</time>').format(str(day or "")[:10], written(day, language, weekday=weekday))
    japan = in_japan(day) if weekday and language == "ja" else ""
    return found + Markup(' <span class="us">米国時間、日本では {}</span>').format(japan) if japan else found


def period(first: str, end: str, language: str) -> Markup:
    """Return the days from one until before another: "1 to 31 July 2026"; in Japanese "2026 年 7 月 1 日～7 月 31 日". Others as they are.

    Args:
        first: ISO date.
        end: ISO date of the day after the last.
        language: a key of ``LANGUAGES``.
    """
    start, after = _date(first), _date(end)
    if start is None or after is None:
        return escape(f"{first} - {end}")
    last = after - timedelta(days=1)
    from_, to = written(start, language), written(last, language)
    if start == last:
        return time_element(start, language)
    if language == "ja":
        to = to if start.year != last.year else to.partition(f"年{NO_BREAK}")[2]
    elif start.year == last.year:
        from_ = f"{start.day}" if start.month == last.month else from_.removesuffix(f" {start.year}")
    return Markup('<time datetime="{}">{}</time>{}<time datetime="{}">{}</time>').format(
        start, from_, "～" if language == "ja" else " to ", last, to
    )


_ISO: Final = re.compile(r"\b20[0-9]{2}-(?:0[1-9]|1[0-2])(?:-[0-9]{2})?\b")
_JAPANESE: Final = re.compile("(20[0-9]{2})\u00a0年\u00a0([0-9]{1,2})\u00a0月(?:\u00a0([0-9]{1,2})\u00a0日)?")


@functools.lru_cache(maxsize=20_000, typed=True)  # a page has sixty, most of them on other pages, too; typed, since Markup equals its text
def days_kept(text: object) -> Markup:
    r"""Return a text as HTML in which each ISO date, or month, is an element that no line breaks inside of: a browser breaks after a hyphen.

    So is each of a Japanese sentence.

    >>> days_kept("KB5099536 (2026-07-14) < 2"), days_kept("2026\xa0年\xa07\xa0月")
    (Markup('KB5099536 (<time>2026-07-14</time>) &lt; 2'), Markup('<time datetime="2026-07">2026\xa0年\xa07\xa0月</time>'))
    """
    kept = _ISO.sub(r"<time>\g<0></time>", str(escape(text)))
    return Markup(_JAPANESE.sub(_with_iso, kept) if "年" in kept else kept)  # noqa: S704 (it is escaped first)


@functools.lru_cache(maxsize=20_000, typed=True)
def days_in(text: object, language: str) -> Markup:
    r"""Return a text as ``days_kept`` does, in a sentence or beside a label: its ISO dates and months as a sentence has them. Only columns of tables keep them.

    >>> days_in("the baseline of 2026-07-14 is newer", "en"), days_in("not known for 2026-07", "en")
    (Markup('the baseline of <time datetime="2026-07-14">14 July 2026</time> is newer'), Markup('not known for <time datetime="2026-07">July 2026</time>'))
    """
    if language == "ja":
        return days_kept(in_japanese(str(text)))
    said = _ISO.sub(lambda found: f'<time datetime="{found[0]}">{_spelled(found[0])}</time>', str(escape(text)))
    return Markup(said)  # noqa: S704 (it is escaped first)


def _spelled(iso: str) -> str:
    return month_of(iso, "en") if _MONTH.fullmatch(iso) else written(iso, "en")


def _with_iso(found: re.Match[str]) -> str:
    iso = "-".join(f"{int(part):02d}" for part in found.groups() if part)
    return f'<time datetime="{iso}">{found[0]}</time>'


def in_japan(day: object) -> str:
    r"""Return the day on which an update of a day of the USA comes in Japan, with the month where it is another; "" where it is no day.

    Microsoft releases at 10 in the morning of the Pacific time, which is the next day in Japan in summer and winter.

    >>> in_japan("2026-10-13"), in_japan("2026-03-31")
    ('14\xa0日(水)', '4\xa0月\xa01\xa0日(水)')
    """
    found = _date(day)
    if found is None or found == date.max:
        return ""
    there = found + timedelta(days=1)
    month = "" if there.month == found.month else f"{there.month} 月 "
    return f"{month}{there.day} 日({_WEEKDAYS['ja'][there.weekday()]})".replace(" ", NO_BREAK)


def event_said(item: Event, t: Words) -> str:
    """Return an event as a sentence without a full stop, with its months and days as the language writes them."""
    said = t.names(item.in_words(t, lambda month: month_of(month, t.language)))
    return in_japanese(said) if t.language == "ja" else said


def month_name(month: str, language: str) -> str:
    """Return a month of a table's head: "Jul", "7 月"; the text itself where it is no month."""
    number = month[5:7]
    if not number.isdecimal() or not 1 <= int(number) <= 12:
        return str(escape(month))
    return f"{int(number)}{NO_BREAK}月" if language == "ja" else MONTHS[int(number) - 1][:3]


def distance(day: str, today: str, t: Words) -> str:
    """Return how far away a day is: "in 12 days", "tomorrow", "6 weeks ago"."""
    days = days_until(day, today)
    if days == 0:
        return t("today")
    if abs(days) == 1:
        return t("tomorrow") if days > 0 else t("yesterday")
    if days > 0:
        return _said(days, t("in {count} days"), t("in {count} weeks"), t("in {count} months"), t("in {count} years"))
    return _said(-days, t("{count} days ago"), t("{count} weeks ago"), t("{count} months ago"), t("{count} years ago"))


def interval(text: str, t: Words) -> str:
    """Return a pace as people write it: "6h" as "6 hours", "1d" as "1 day"; the text itself where it is not of hours or days."""
    count, unit = text[:-1], text[-1:]
    if text == "1d":
        return t("1 day")
    if not count.isdecimal() or unit not in {"h", "d"}:
        return text
    return t("{count} hours", count=int(count)) if unit == "h" else t("{count} days", count=int(count))


def late(day: str, today: str, t: Words) -> str:
    """Return how long ago a source was to be read: "1 day late", "4 months late"."""
    days = -days_until(day, today)
    if days == 1:
        return t("1 day late")
    return _said(days, t("{count} days late"), t("{count} weeks late"), t("{count} months late"), t("{count} years late"))


def _said(days: int, in_days: str, in_weeks: str, in_months: str, in_years: str) -> str:
    """Return a number of days in the unit that people would count it in, by the texts of the units."""
    count, unit = _counted(days)
    return {"days": in_days, "weeks": in_weeks, "months": in_months, "years": in_years}[unit].format(count=count)


def days_until(day: str, today: str) -> int:
    """Return the days from today to a day, negative where it is past; 0 where one of them is no day."""
    first, last = _date(today), _date(day)
    return 0 if first is None or last is None else (last - first).days


def _counted(days: int) -> tuple[int, str]:
    if days <= _DAYS:
        return days, "days"
    if days <= _WEEKS:
        return round(days / 7), "weeks"
    return (round(days / 30.44), "months") if days <= _MONTHS else (round(days / 365.25), "years")


def next_patch_tuesday(day: str) -> str:
    """Return the first second Tuesday after a day.

    >>> next_patch_tuesday("2026-06-28"), next_patch_tuesday("2026-07-14"), next_patch_tuesday("2026-07-13")
    ('2026-07-14', '2026-08-11', '2026-07-14')
    """
    tuesday = second_tuesday(day[:7])
    return tuesday if tuesday > day else second_tuesday(month_after(day[:7]))


def patch_tuesdays(after: str | None, until: str) -> int:
    """Return how many second Tuesdays lie after a day and not after another; 0 where there is no first day."""
    if after is None or _date(after) is None:
        return 0
    count, month = 0, after[:7]
    while (tuesday := second_tuesday(month)) <= until:
        count += tuesday > after
        month = month_after(month)
    return count


# --- the data of a page -------------------------------------------------------------------------------------------------

# Lines that go on: what has ended is read no more, and says nothing of the day of a page.
_GOING_ON: Final = """select product, data_until from lines as l
    where exists (select 1 from releases as r where r.product = l.product and r.is_public_preview = 0) and not exists (
        select 1 from lifecycles as e where e.product = l.product and e.kind <> 'hotpatch_end' group by e.product having max(e.end_date) < ?)"""


def freshness(conn: sqlite3.Connection, day: str, products: Iterable[str] = (), cves_until: str | None = None) -> dict[str, Any]:
    """Return how far the data reaches that a page rests on, and the sources that are late.

    Args:
        conn: the database.
        day: ISO date.
        products: those of the page; none for a page about all.
        cves_until: the day on which the security data of the page was read; None for a page that rests on none.

    Returns:
        ``until``, the oldest day of its data, ``newest``, that of its releases, and ``cves_until``; ``is_of_cves``, that is the day of the security data; ``is_outdated``, nothing on the page is known to
        be current, or ``is_partly``, only some of it; ``tuesdays``, how many second Tuesdays have passed since; and ``stale``, sources.
    """
    kept, key = kept_of(conn), (day, *sorted(set(products)), cves_until)
    if kept is None:
        return _freshness(conn, day, set(key[1:-1]), cves_until)
    if key not in kept.fresh:
        kept.fresh[key] = _freshness(conn, day, set(key[1:-1]), cves_until)
    found: dict[str, Any] = kept.fresh[key]
    return found


def _freshness(conn: sqlite3.Connection, day: str, products: set[str | None], cves_until: str | None) -> dict[str, Any]:
    lines = conn.execute("select product, data_until from lines").fetchall()
    days = [until for product, until in lines if product in products]
    days = days or [until for _, until in conn.execute(_GOING_ON, (day,))] or [until for _, until in lines]
    until = min([*days, *([cves_until] if cves_until else [])], default=None)
    newest = max(days, default=None)
    is_outdated = coverage.is_outdated(until if products or cves_until else newest, day)
    return {
        "until": until,
        "newest": newest,
        "cves_until": cves_until,
        "is_of_cves": until is not None and until < min(days, default=until),
        "is_outdated": is_outdated,
        "is_partly": not is_outdated and coverage.is_outdated(until, day),
        "tuesdays": patch_tuesdays(until, day),
        "stale": late_sources(conn, day),
    }


def with_late_copies(conn: sqlite3.Connection, found: Iterable[dict[str, Any]], day: str) -> list[dict[str, Any]]:
    """Return rows of ``source_health`` in which a copy of the security data is stale, and due on the Patch Tuesday after it was read, as ``late_sources`` says."""
    late = {row["source"] for row in late_sources(conn, day)}
    return [
        row | {"is_stale": 1, "due_at": f"{next_patch_tuesday(row['last_good_at'][:10])}T00:00:00Z"}
        if row["source"] in late and not row["is_stale"]
        else row
        for row in found
    ]


def late_sources(conn: sqlite3.Connection, day: str) -> list[dict[str, Any]]:
    """Return the sources that were not read when due, and that of the security data where a Patch Tuesday has passed since it was read.

    The copy of it that comes with the program is due at no time; but a month of CVEs is missing in it after each Patch Tuesday.
    """
    found = conn.execute(
        """select s.source, s.title, s.home_url, h.last_good_at, h.is_stale from source_health as h join sources as s using (source)
        order by s.precedence, s.title"""
    )
    rows = [dict(zip(("source", "title", "home_url", "last_good_at", "is_stale"), row, strict=True)) for row in found.fetchall()]
    read_on = security_data.when_it_was_read(conn).read_on
    is_late = read_on is not None and coverage.is_outdated(read_on, day)
    of_cves = [row for row in rows if row["source"] in security_data.SOURCES and (row["last_good_at"] or "")[:10] == read_on]
    return [row for row in rows if row["is_stale"] or (is_late and row in of_cves)]
