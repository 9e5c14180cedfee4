"""Failed checks, and sources that lag: two sources of the same releases must agree within a day. Standard library alone.

The hotpatch calendars of Learn and the navigation of the support site list the same releases. A page that is no longer updated can be read
for weeks without an error: it is there, complete and plausible, and only last Tuesday's release is missing. The other source shows that.
Only recent releases are compared; old disagreements are rows of ``conflicts``.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.answers.coverage import has_ceased, missing_month
from hotpatch_kb.db.answers.product_facts import Facts
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.claims import product_of
from hotpatch_kb.db.model.notation import second_tuesday

NAME: Final = "neighbour"
MISSING: Final = "missing release"
# Between a release and its row on a page, and between the days that two pages state of it.
WITHIN: Final = timedelta(days=1)
# Long enough for the last two release days.
RECENT: Final = timedelta(days=45)
_CALENDAR: Final = "learn_release_info"
_NAVIGATION: Final = "support_navigation"


class _Row(NamedTuple):
    """A release as a page lists it. A baseline in the navigation has no KB."""

    kb: str
    day: date
    kind: str  # hotpatch or baseline
    section: str


class _Side(NamedTuple):
    """Releases of a product's hotpatch line as one source lists them, and the day its page was last read."""

    rows: list[_Row]
    seen: date
    page_url: str


def differences(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return recent releases that one of the two sources lists and the other does not, though it was read later.

    Returns:
        rows with source (the one that lacks the release), page_url, section, name, note, and what of the note stays the same while the page is
        read again (``expected``).
    """
    calendar, navigation = _calendar(conn), _navigation(conn)
    rows: list[dict[str, Any]] = []
    for product in sorted(calendar.keys() & navigation.keys()):
        of_calendar, of_navigation = calendar[product], navigation[product]
        rows += _missing(product, of_calendar, of_navigation, _NAVIGATION, "the calendar of Learn")
        rows += _missing(product, of_navigation, of_calendar, _CALENDAR, "the navigation of the support site")
    return rows


def _missing(product: str, here: _Side, there: _Side, source: str, whose: str) -> Iterator[dict[str, Any]]:
    """Yield recent rows of one side that the other lacks."""
    for row in here.rows:
        if not there.seen - RECENT <= row.day < there.seen - WITHIN:
            continue
        same = [other for other in there.rows if row.kb and other.kb == row.kb]
        near = [other for other in there.rows if abs(other.day - row.day) <= WITHIN]
        # A baseline's article has another KB than the calendar, and a row of the calendar may have only a build: then both state the kind alone.
        alike = [other for other in near if other.kind == row.kind and (row.kind == "baseline" or not (row.kb and other.kb))]
        if alike or any(other in near for other in same):
            continue
        name = f"KB{row.kb}" if row.kb else f"a {row.kind}"
        got = f"{same[0].day}" if same else "none"
        expected = f"expected {name} of {row.day}, within a day, for {product} as in {whose}"
        yield {
            "source": source, "page_url": there.page_url, "section": same[0].section if same else "", "name": NAME,
            "note": f"{expected}, got {got} on a page of {there.seen}", "expected": expected,
        }  # fmt: skip


def _calendar(conn: sqlite3.Connection) -> dict[str, _Side]:
    sides: dict[str, _Side] = {}
    for product, month, section, page_url, seen in _stated(conn, _CALENDAR, "calendar"):
        side = _side(sides, product, page_url, seen)
        if "release_date" in month:  # otherwise it is planned
            side.rows.append(_Row(month.get("kb", ""), date.fromisoformat(month["release_date"]), month.get("type", ""), section))
    return sides


def _navigation(conn: sqlite3.Connection) -> dict[str, _Side]:
    """Return the monthly entries of the hotpatch notes; no calendar lists out-of-band ones and components (WSUS, 2025-10-24)."""
    sides: dict[str, _Side] = {}
    for product, entry, section, page_url, seen in _stated(conn, _NAVIGATION, "release"):
        if entry.get("line") != "hotpatch" or "release_date" not in entry:
            continue
        side, kind = _side(sides, product, page_url, seen), entry.get("classification", "")
        if entry.get("cadence") not in {"OOB", "D"} and kind in {"baseline", "hotpatch"}:
            side.rows.append(_Row(entry.get("kb", ""), date.fromisoformat(entry["release_date"]), kind, section))
    return sides


def _side(sides: dict[str, _Side], product: str, page_url: str, seen: str) -> _Side:
    """Return a product's side, with the day of the page that was read last."""
    day = date.fromisoformat(seen[:10])
    side = sides.get(product, _Side([], day, page_url))
    sides[product] = side._replace(seen=max(side.seen, day))
    return sides[product]


def _stated(conn: sqlite3.Connection, source: str, kind: str) -> Iterator[tuple[str, dict[str, str], str, str, str]]:
    """Yield current claims per subject of one kind, from a source or its stand-in.

    Each is the product, the values by field, the section, the page and when it was last read.
    """
    entries: dict[str, dict[str, str]] = defaultdict(dict)
    places: dict[str, tuple[str, str, str]] = {}
    for subject, field, value, *place in conn.execute(
        """select c.subject, c.field, c.value, c.section, c.page_url, c.last_seen_at from claims as c join sources as s using (source)
            where ? in (s.source, s.stands_in_for) and c.subject like ? and c.gone_at is null and c.value is not null
                and c.field in ('release_date', 'kb', 'type', 'planned_type', 'classification', 'line', 'cadence')
            order by c.last_seen_at""",
        (source, f"{kind}/%"),
    ):
        entries[subject][field] = value
        places[subject] = (place[0], place[1], place[2])
    for subject, entry in entries.items():
        yield product_of(subject), entry, *places[subject]


def quarantined_rows(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return what is quarantined on the pages now, one row per place and text; ``required`` is 1 where it may be a release."""
    rows = conn.execute(
        """select source, page_url, section, kind, text, reason, max(may_be_release) from quarantine where gone_at is null
        group by source, page_url, section, kind, text, reason order by source, page_url, section, text"""
    )
    return [
        {
            "source": source, "page_url": page_url, "section": section, "name": f"quarantined {kind}", "required": int(may_be_release or 0),
            "note": f"{reason}: {text!r}",
        }
        for source, page_url, section, kind, text, reason, may_be_release in rows.fetchall()
    ]  # fmt: skip


def missing_releases(conn: sqlite3.Connection, day: str) -> list[dict[str, Any]]:
    """Return the monthly releases that no page lists although pages of their line were read days after the second Tuesday.

    A site that stands still is read without an error, and nothing of it is stale. Lines whose support ended, or that ceased, have none.

    Args:
        conn: a database with the fact tables.
        day: ISO date, today.

    Returns:
        a row per product and line, with the source that was read last of it, and ``expected`` as in ``differences``.
    """
    rows, facts = [], Facts(conn)
    facts.load()
    for product, line, until, end, last in conn.execute(
        """select l.product, l.line, l.data_until, coalesce(case when l.line = 'hotpatch' then p.hotpatch_end_date end, p.extended_end_date), (
            select max(month) from releases as r where r.product = l.product and r.cadence = 'B' and r.is_expired = 0
                and case l.line when 'hotpatch' then r.in_hotpatch_line else r.in_standard_line end)
        from lines as l join products as p using (product) order by l.product, l.line"""
    ).fetchall():
        month = missing_month(facts.of(product), line, min(day, until))
        if month is None or (end and end[:10] < second_tuesday(month)) or (end is None and has_ceased(last, day)):
            continue
        source, page_url = conn.execute(
            """select source, page_url from claims where subject >= ? and subject < ? and gone_at is null
            order by last_seen_at desc, source, page_url limit 1""",
            (f"release/{product}/", f"release/{product}0"),
        ).fetchone() or ("", "")
        expected = f"expected the release of {month} of the {line} line of {product}"
        rows.append({
            "source": source, "page_url": page_url, "section": "", "name": MISSING, "required": 1,
            "note": f"{expected}, whose pages were read on {until}, got none", "expected": expected,
        })  # fmt: skip
    return rows


def drift_rows(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return the checks that failed when a source was last checked, those that refused a page first, and where a source lags its neighbour.

    A run in which nothing was new leaves no checks. What an earlier run refused or could not reach has been put right if the source's state is ok.
    """
    columns = ("source", "run", "page_url", "section", "name", "required", "note")
    failed = conn.execute(
        f"""select c.{", c.".join(columns)} from checks as c join sources as s using (source)
        where ok = 0 and run = (select max(run) from checks where source = c.source)
            and (required = 0 or name = 'correction' or s.state in ('refused', 'unreachable'))
        order by source, required desc, page_url, section, name"""
    )
    rows = [dict(zip(columns, row, strict=True)) for row in failed]
    last = dict(conn.execute("select source, max(run) from pages group by source").fetchall())
    rows += [{**row, "run": last[row["source"]], "required": 0} for row in differences(conn)]
    of_releases = [*quarantined_rows(conn), *missing_releases(conn, clock.today())]
    rows += [{**row, "run": last.get(row["source"])} for row in of_releases]
    return [
        {name: value for name, value in row.items() if name not in {"required", "expected"}} | {"is_required": row["required"]}
        for row in sorted(rows, key=lambda row: (-row["required"], row["name"] == MISSING, row["source"]))
    ]
