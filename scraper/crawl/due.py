"""Say when each source is due: at its own pace, often on a release day, and at longer intervals after failures.

Updates come on the second Tuesday of a month at 10:00 Pacific (https://learn.microsoft.com/en-us/windows/deployment/update/release-cycle),
which is 17:00 UTC in summer and 18:00 in winter. In the hours after it a source that lists releases is asked every half hour;
otherwise every six, which finds an out-of-band release on its day.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from hotpatch_kb.db.model.notation import month_after, second_tuesday
from hotpatch_kb.scraper.sources import Source

PACIFIC: Final = ZoneInfo("America/Los_Angeles")
RELEASED_AT: Final = time(10, 0)
# Pages of one release day have followed one another for ten hours (navigation, table, articles, security data).
RELEASE_WINDOW: Final = timedelta(hours=12)
# After a failure; doubled each time up to the source's own pace, because a page that was rebuilt stays unreadable until its parser is changed.
FIRST_RETRY: Final = timedelta(minutes=15)
_STEPS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"


class Due(NamedTuple):
    """When a source is due.

    Attributes:
        source: its id.
        at: UTC; in the past where it is overdue.
        why: in a few words.
    """

    source: str
    at: datetime
    why: str


def step(text: str) -> timedelta:
    """Return a pace such as ``30m``, ``6h`` or ``1d`` as a duration.

    >>> step("6h")
    datetime.timedelta(seconds=21600)
    """
    match = re.fullmatch(r"(\d+)([mhd])", text)
    assert match is not None, f"expected a pace such as 30m, 6h or 1d, got {text!r}"
    return timedelta(**{_STEPS[match[2]]: int(match[1])})


def release_of(month: str) -> datetime:
    """Return when the updates of a month are published, UTC.

    >>> release_of("2026-07").isoformat(), release_of("2026-12").isoformat()
    ('2026-07-14T17:00:00+00:00', '2026-12-08T18:00:00+00:00')
    """
    return datetime.combine(date.fromisoformat(second_tuesday(month)), RELEASED_AT, PACIFIC).astimezone(UTC)


def next_read(last: datetime, every: timedelta, on_release: timedelta | None) -> tuple[datetime, str]:
    """Return when a source is to be read again, and why then.

    Args:
        last: when it was read last, UTC.
        every: its pace.
        on_release: its pace in the hours after a release, None where it lists no releases.
    """
    usual = last + every
    if on_release is None:
        return usual, "its time has come"
    for month in (f"{last:%Y-%m}", month_after(f"{last:%Y-%m}")):
        begin = release_of(month)
        if last < begin <= usual:
            return begin, "updates are published now"
        if begin <= last < begin + RELEASE_WINDOW:
            return min(usual, last + on_release), "updates were published today"
    return usual, "its time has come"


def wanted(sources: Sequence[Source], plan: Iterable[Due], now: datetime) -> list[Source]:
    """Return the sources that a run reads, [] where nothing is due.

    If anything is due, also read the stand-ins of those sources, the sources that links lead to, and the embedded tables.
    """
    due = {item.source for item in plan if item.at <= now}
    if not due:
        return []
    return [s for s in sources if s.source in due or (s.stands_in_for in due if s.stands_in_for else not _has_a_pace(s))]


def _has_a_pace(source: Source) -> bool:
    """Return whether a source is read at times of its own: it has pages on the network and stands in for no other."""
    return bool(source.pages) and not source.is_embedded and source.due_every != "never" and not source.stands_in_for


def plan(conn: sqlite3.Connection, sources: Iterable[Source], now: datetime) -> list[Due]:
    """Return when each source that is read from the network is due, the earliest first.

    A source that needs a credential which the environment does not have is left out.

    Args:
        conn: the database.
        sources: those to plan.
        now: UTC.
    """
    good = {source: _read(last) for source, last in conn.execute(_GOOD, (written(now),))}
    failed = {source: (count, _read(last)) for source, count, last in conn.execute(_FAILED)}
    result = []
    for source in sources:
        if not _has_a_pace(source) or (source.credential and not os.environ.get(source.credential)):
            continue
        every = step(source.due_every)
        if source.source not in good:
            at, why = now, "it was never read"
        else:
            last = good[source.source]
            at, why = next_read(last, every, step(source.due_on_release) if source.due_on_release else None)
        count, tried = failed.get(source.source, (0, None))
        if tried is not None and tried <= now:
            retry = tried + min(every, FIRST_RETRY * 2 ** min(count - 1, 20))
            if retry > at:
                at, why = retry, f"it failed {count} time{'s' if count > 1 else ''}"
        result.append(Due(source.source, at, why))
    return sorted(result, key=lambda due: (due.at, due.source))


# The last accepted page of each source, or of one that stands in for it. Where the clock was set back, pages read "later" than now do not count:
# they would keep a source waiting until then.
_GOOD: Final = """
    select s.source, max(p.fetched_at)
    from sources as s
    join sources as o on o.source = s.source or o.stands_in_for = s.source
    join pages as p on p.source = o.source and p.state = 'accepted' and p.fetched_at <= ?
    group by s.source
"""
# Runs since the last accepted page of a source (or of one that stands in for it) in which something of it failed, and the end of the last.
_FAILED: Final = """
    select s.source, count(distinct r.run), max(r.ended_at)
    from sources as s
    join checks as c on c.source = s.source and c.ok = 0 and c.required = 1
    join runs as r on r.run = c.run and r.ended_at is not null
    where r.run > coalesce((
        select max(p.run) from pages as p join sources as o on o.source = p.source
        where p.state = 'accepted' and (o.source = s.source or o.stands_in_for = s.source)
    ), 0)
    group by s.source
"""


def _read(text: str) -> datetime:
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)


def written(at: datetime) -> str:
    """Return a time in the form that the database has."""
    return at.astimezone(UTC).strftime(_FORM)
