"""The calendar of the hotpatch line as an iCalendar file (RFC 5545): one all-day event per product and month.

The file is a function of the claims, like every fact: two exports of one database, or of it and its replay, are byte-equal.
``docs/calendar.md`` says what changes subscribers see, and when. Only this module imports the library icalendar, and only for ``--ics``.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hotpatch_kb.db.answers import coverage
from hotpatch_kb.db.answers.calendar import Reports, first_read, reported_months, times_of_reports
from hotpatch_kb.db.answers.stated_elsewhere import reported_note
from hotpatch_kb.db.claims.corrections import read_corrections
from hotpatch_kb.db.facts.precedence import Precedence
from hotpatch_kb.db.facts.releases import resolve
from hotpatch_kb.db.facts.snapshots import StoredClaim, as_seen_at, claims_where, page_times, snapshot_of
from hotpatch_kb.db.facts.write import read_source_precedence
from hotpatch_kb.db.model.claims import Correction
from hotpatch_kb.db.model.notation import kb_text
from hotpatch_kb.db.model.products import named

if TYPE_CHECKING:
    from icalendar import Alarm, Event

Row = Mapping[str, Any]
# Day, summary and description of an event.
_Seen = tuple[str, str, str]

PRODID: Final = "-//hotpatch-kb//Windows hotpatch calendar//EN"
# Sources are due every 6 hours or less often; a subscriber that asks twice a day is never more than a day late.
REFRESH: Final = timedelta(hours=12)
# All-day events begin at midnight in the reader's local time. A reminder rings at nine; updates are released at 10:00 Pacific time.
ALARM_HOUR: Final = 9

_WHAT: Final = {"baseline": "baseline, restart", "hotpatch": "hotpatch, no restart"}
# SQLite's oldest supported limit of bound values is 999.
_CHUNK: Final = 900


class Revision(NamedTuple):
    """How often an event has changed, and when it last did."""

    sequence: int
    modified_at: str  # UTC, fetch time of the page that changed it


# --- what a subscriber sees -------------------------------------------------------------------------------------------


def _what(kind: str) -> str:
    return _WHAT.get(kind, kind)


def _date(row: Row) -> str:
    return str(row["release_date"] or row["expected_date"])


def _summary(row: Row) -> str:
    """Return the title of an event: "Windows Server 2025: baseline, restart (unplanned)" or "...: hotpatch, no restart (planned)"."""
    if row["type"]:
        mark = " (unplanned)" if row["is_unplanned"] else ""
    elif row["planned_by"] == "cadence" and row["planned_type"] == row["expected_type"]:
        mark = " (expected by the cadence, not published)"
    elif row["planned_by"] == "calendar" and row["planned_type"] == row["expected_type"]:
        mark = " (planned)"
    else:
        mark = " (expected)"  # not as first planned
    return f"{named(row['product']).name}: {_what(row['type'] or row['expected_type'])}{mark}"


def _description(row: Row) -> list[str]:
    """Return what is known of the month, one line each."""
    lines = []
    if row["type"]:
        update = ", ".join(part for part in (kb_text(row["kb"]), f"OS build {row['build']}" if row["build"] else None) if part)
        lines.append(f"Released: {update or 'no page states KB or build'}")
    else:
        lines.append(f"No release is known; the second Tuesday is {row['expected_date']}")
    if not row["type"] and row["planned_by"] == "cadence":
        return [
            *lines,
            f"Expected as: {_what(row['expected_type'])}, by the cadence of January, April, July and October; no calendar that was read has it",
        ]
    by = {"calendar": "in the published calendar", "footnote": "by a footnote of the calendar", "cadence": "by the usual cadence"}
    by_whom = by.get(row["planned_by"], str(row["planned_by"]))
    lines.append(f"Planned as: {_what(row['planned_type'])} ({by_whom})" if row["planned_type"] else "Planned as: not known")
    if row["is_unplanned"]:
        lines.append("Unplanned: enrolled machines restart, although no restart was planned for this month")
    return lines


def _seen(row: Row) -> _Seen:
    """Return the parts of an event whose change counts: not its link, whose address moves with the site, and not "data as of"."""
    return _date(row), _summary(row), "\n".join(_description(row))


# --- how often that changed -------------------------------------------------------------------------------------------


def revisions(conn: sqlite3.Connection, rows: Sequence[Row], known: str | None = None) -> dict[str, Revision]:
    """Return how often each month changed in what a subscriber sees, and when it last did.

    Months are resolved again, by the rules that made the table, as of every time at which a page changed their claims. The table
    ``changes`` is not enough: it lacks a month's KB and build, and everything from the first reading of a page.
    ``calendar_history`` has what sources stated, not what was believed. A page that is read later adds to
    the end of this history, so a sequence never falls from crawl to crawl, and a replay, which has the same claims, has the same
    sequence.

    Args:
        conn: the database with its whole history, not that of an earlier day.
        rows: of ``hotpatch_calendar``, of ``conn`` or of an earlier day.
        known: the day of the rows (ISO date) if that is an earlier day.

    Returns:
        by subject of the month.
    """
    ranks, pages = read_source_precedence(conn), page_times(conn)
    wanted = {row["subject"]: row for row in rows}
    result = {}
    for group in _groups(conn, wanted):
        for subject, states in _history(group, ranks, pages).items():
            # A month that exists only as of an earlier day, because pages read at one time were stated at different times, was never shown.
            shown = states or [_State(_seen(wanted[subject]), min(c.first_seen_at for c in group.claims))]
            result[subject] = _revision(shown, _seen(wanted[subject]), known)
    return result


def _with_reports(changes: Mapping[str, Revision], reports: Mapping[str, Collection[str]]) -> dict[str, Revision]:
    """Return how often events changed, what others report counted, too."""
    return {
        subject: Revision(change.sequence + len(reports[subject]), max(change.modified_at, *reports[subject]))
        if subject in reports
        else change
        for subject, change in changes.items()
    }


def _revision(states: Sequence[_State], seen: _Seen, known: str | None) -> Revision:
    """Return the place of an event in the history of its month."""
    alike = [place for place, state in enumerate(states) if state.seen == seen]
    if known is None:
        # The table holds the last state, since the rules are the same (tested); if it ever does not, that is a further state.
        place = alike[-1] if alike and alike[-1] == len(states) - 1 else len(states)
    else:
        # What a page had stated by a day may have been read later: equal events have equal sequences, whatever the day.
        read = [place for place, state in enumerate(states) if state.since[:10] <= known]
        place = max(set(alike) & set(read), default=min(alike, default=max(read, default=0)))
    return Revision(place, states[min(place, len(states) - 1)].since)


class _State(NamedTuple):
    """What an event showed, and since when (UTC)."""

    seen: _Seen
    since: str


class _Group(NamedTuple):
    """Claims that are resolved together: of months, of their releases and of what is tied to these."""

    months: list[str]  # subjects
    claims: list[StoredClaim]
    corrections: list[Correction]


def _groups(conn: sqlite3.Connection, months: Collection[str]) -> list[_Group]:
    """Group these months' claims so that each group can be resolved alone: by product and month, KB, product and build.

    A KB ties products together: an article's build goes to those of its products that have it. A group takes a millisecond to resolve,
    the whole database 170 ms (measured on the embedded facts), and each is resolved as of some ten times.
    """
    corrections = read_corrections(conn)
    decided = {(c.source, c.subject, c.field, c.value): c for c in corrections}
    claims = claims_where(conn, "subject >= 'calendar/' and subject < 'calendar0' or subject >= 'release/' and subject < 'release0'")
    ties = _Ties()
    for claim in claims:
        correction = decided.get((claim.source, claim.subject, claim.field, claim.value or ""))
        for value in (claim.value, correction.new_value if correction else None):
            for tie in _ties(claim, value):
                ties.join(claim.subject, tie)
    groups: dict[str, _Group] = {}
    for month in sorted(months):
        _, product, name = month.split("/")
        groups.setdefault(ties.root(f"month {product} {name}"), _Group([], [], [])).months.append(month)
    by_kb: dict[str, _Group] = {}
    for claim in claims:
        if (group := groups.get(ties.root(claim.subject))) is not None:
            group.claims.append(claim)
            kind, _, kb, *_ = claim.subject.split("/")
            if kind == "release" and kb.isdecimal():
                by_kb[kb] = group
    for claim in _witnesses(conn, sorted(by_kb)):
        kind, *rest = claim.subject.split("/")
        if (group := by_kb.get(rest[0 if kind in {"article", "mention"} else 1])) is not None:
            group.claims.append(claim)
    for group in groups.values():
        subjects = {claim.subject for claim in group.claims}
        group.corrections.extend(c for c in corrections if c.subject in subjects)
    return list(groups.values())


def _witnesses(conn: sqlite3.Connection, kbs: Sequence[str]) -> Iterator[StoredClaim]:
    """Yield what articles, MSRC and Graph state of these KBs and of others (``hotpatch_kb.db.facts.release_claims``)."""
    subjects = [f"{kind}/{kb}" for kb in kbs for kind in ("article", "mention")]
    for start in range(0, len(subjects), _CHUNK):
        some = subjects[start : start + _CHUNK]
        yield from claims_where(conn, f"subject in ({', '.join('?' * len(some))})", some)
    yield from claims_where(
        conn, "subject >= 'remediation/' and subject < 'remediation0' or subject >= 'revision/' and subject < 'revision0'"
    )


def _ties(claim: StoredClaim, value: str | None) -> Iterator[str]:
    """Yield the names that tie a claim, with the value that it states or is corrected to, to other claims."""
    kind, product, second, *rest = claim.subject.split("/")
    if kind == "calendar":
        yield f"month {product} {second}"
        return
    if rest == ["baseline"]:
        yield f"month {product} {second[:7]}"
    else:
        yield from [f"kb {second}"] if second != "-" else []
        yield from [f"build {product} {rest[0]}"] if rest[0] != "-" else []
    if value and claim.name in {"release_date", "month"}:
        yield f"month {product} {value[:7]}"
    elif value and claim.name == "kb":
        yield f"kb {value}"
    elif value and claim.name == "build":
        yield f"build {product} {value}"


class _Ties:
    """Sets of names that are tied together (union-find)."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def root(self, name: str) -> str:
        """Return the name that represents the whole set."""
        path = []
        while (above := self._above.get(name, name)) != name:
            path.append(name)
            name = above
        for step in path:
            self._above[step] = name
        return name

    def join(self, one: str, other: str) -> None:
        """Join two sets."""
        self._above[self.root(one)] = self.root(other)


def _history(group: _Group, ranks: Mapping[str, int], pages: Mapping[tuple[str, str], list[str]]) -> dict[str, list[_State]]:
    """Return what a subscriber saw of the months of a group over time, by month, no two equal states in a row."""
    assert group.claims, f"{group.months} follow from claims"
    snapshot = snapshot_of(group.claims, pages)
    begun = {c.first_seen_at for c in group.claims}
    # A correction counts from the end of its day: until then subscribers saw what it corrects.
    decided = {time for c in group.corrections if (time := _decided_at(c)) > min(begun)}
    states: dict[str, list[_State]] = {month: [] for month in group.months}
    for time in sorted(begun | {c.gone_at for c in group.claims if c.gone_at} | decided):
        known = as_seen_at(snapshot, time)
        precedence = Precedence(ranks, [c for c in group.corrections if _decided_at(c) <= time])
        for row in resolve(known, precedence).hotpatch_calendar.values():
            shown = states.get(row["subject"])
            if shown is not None and (not shown or shown[-1].seen != _seen(row)):
                shown.append(_State(_seen(row), time))
    return states


def _decided_at(correction: Correction) -> str:
    # A user's own file may have anything instead of a day; such a correction counts from the beginning.
    return f"{correction.decided_on}T23:59:59Z" if re.fullmatch(r"\d{4}-\d{2}-\d{2}", correction.decided_on) else ""


# --- the file ---------------------------------------------------------------------------------------------------------


def calendar_file(
    conn: sqlite3.Connection,
    rows: Sequence[Row],
    name: str,
    alarms: Iterable[int] = (),
    *,
    today: str,
    history: sqlite3.Connection | None = None,
    known: str | None = None,
    changes: Mapping[str, Revision] | None = None,
) -> bytes:
    """Return months as an iCalendar file: rows of ``hotpatch_calendar``, and after them those that only the cadence has.

    Args:
        conn: the database of the rows.
        rows: as ``calendar.subscribed_rows`` returns them; at least one, since a calendar needs a component (RFC 5545, 3.4).
        name: of the calendar, as programs show it.
        alarms: days before a future event; 0 rings on the day itself.
        today: ISO date; events before it have no alarm.
        history: the database with the whole history, where ``conn`` has that of an earlier day.
        known: that day (ISO date).
        changes: what ``revisions`` returns, where it was asked for several calendars at once: it groups the claims of all products each time.

    Returns:
        UTF-8, lines of at most 75 octets that end with CRLF.
    """
    from icalendar import Calendar, vText  # noqa: PLC0415

    ends, links = coverage.data_until_by_product(conn), _links(conn)
    stated = [row for row in rows if row["subject"] in _stated(conn)]
    changes = _with_reports(
        revisions(history or conn, stated, known) if changes is None else changes, times_of_reports(history or conn, known)
    )
    begun, others = first_read(history or conn), reported_months(conn, stated)
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODID)
    calendar.add("calscale", "GREGORIAN")
    # No METHOD: it would make this a message of RFC 5546, whose PUBLISH needs an ORGANIZER.
    days = sorted({f"{named(row['product']).name}: facts end on {ends.get(row['product'], 'no day')}" for row in rows})
    about = plain("\n".join(["Windows hotpatching: baselines (restart) and hotpatches (no restart) by month.", *days]))
    for key, value in (("name", plain(name)), ("x-wr-calname", plain(name)), ("description", about), ("x-wr-caldesc", about)):
        calendar.add(key, vText(value))  # a property that the library does not know must be a text, too
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})  # RFC 7986
    calendar.add("x-published-ttl", f"PT{REFRESH // timedelta(hours=1)}H")  # what Outlook reads instead
    for row in rows:
        # A month that no calendar has yet never changed. Once one has it, the event has the same UID, and a later time.
        revision = changes.get(row["subject"]) or Revision(0, begun[row["product"]])
        event = _event(row, revision, links.get(row["subject"]), ends.get(row["product"]), others.get(row["subject"]))
        if not row["type"] and row["expected_date"] >= today:
            # No alarm for the past: some programs ring for all past events at once when a file is imported.
            for before in sorted(set(alarms)):
                event.add_component(_alarm(before, str(event["summary"])))
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _stated(conn: sqlite3.Connection) -> set[str]:
    """Return the months of ``hotpatch_calendar``, by their subjects."""
    return {row[0] for row in conn.execute("select subject from hotpatch_calendar")}


def _event(row: Row, revision: Revision, link: str | None, end: str | None, others: Reports | None) -> Event:
    from icalendar import Event  # noqa: PLC0415

    kinds = " or ".join(dict.fromkeys(_what(other["classification"]) for other in others.otherwise)) if others else ""
    summary = f"{_summary(row)[:-1]}; others report: {kinds})" if kinds else _summary(row)

    day = date.fromisoformat(_date(row))
    # The last day of the data changes with every crawl: it is shown only where it matters.
    said = [f"R{str(reported_note(others.rows))[1:]}"] if others else []
    lines = [*_description(row), *said, f"Known since {revision.modified_at[:10]}" if row["type"] else f"Facts end on {end or 'no day'}"]
    modified = datetime.fromisoformat(revision.modified_at).astimezone(UTC).replace(microsecond=0)
    event = Event()
    event.add("uid", f"{row['product']}-{row['month']}@hotpatch-kb")
    event.add("dtstamp", modified)  # without METHOD the same as LAST-MODIFIED (RFC 5545, 3.8.7.2)
    event.add("last-modified", modified)
    event.add("sequence", revision.sequence)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", plain(summary))
    event.add("description", plain("\n".join(lines)))
    event.add("categories", ["Windows hotpatching", row["type"] or row["expected_type"], *(["unplanned"] if row["is_unplanned"] else [])])
    event.add("status", "CONFIRMED" if row["type"] else "TENTATIVE")
    event.add("transp", "TRANSPARENT")
    if link is not None:
        event.add("url", link)
    return event


def _alarm(days: int, summary: str) -> Alarm:
    from icalendar import Alarm  # noqa: PLC0415

    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", plain(summary))
    alarm.add("trigger", timedelta(hours=ALARM_HOUR) - timedelta(days=days))  # relative to the start, 00:00 local time
    return alarm


def _links(conn: sqlite3.Connection) -> dict[str, str]:
    """Return the article of each released month by its subject, where there is one with a web address."""
    articles = conn.execute(
        """select c.subject, coalesce(r.article_url, k.article_url) from hotpatch_calendar as c
        left join releases as r on r.product = c.product and r.kb is c.kb and r.build is c.build
            and r.release_date = c.release_date and r.in_hotpatch_line = 1
        left join kbs as k on k.kb = c.kb
        where c.type is not null order by c.subject, r.release desc"""
    )
    return {subject: url for subject, url in articles if url and is_web_address(url)}


def is_web_address(url: str) -> bool:
    r"""Return whether a link is safe in a file that other programs open: http or https, without characters that could end its line.

    >>> [is_web_address(u) for u in ("https://learn.microsoft.com/x?y#z", "javascript:alert(1)", "https://a/b\r\nATTACH:x")]
    [True, False, False]
    """
    return re.fullmatch(r"https?://[!#-;=?-\[\]_a-z~%]+", url) is not None


# Control characters except the line feed: RFC 5545 (3.1) allows only the tab in a text, and some readers split lines at others.
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]+")


def plain(text: str) -> str:
    r"""Return a text without control characters. The library escapes commas, semicolons, backslashes and line feeds.

    >>> plain("one\r\ntwo\x00\tthree")
    'one\ntwo three'
    """
    return _CONTROL.sub(" ", text.replace("\r\n", "\n"))
