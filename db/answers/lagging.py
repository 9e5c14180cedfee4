"""Two sources that tell of the same releases must agree within a day: the hotpatch calendars of Learn, the navigation of the support site.

One that stands still is read without a fault for weeks: its page is there, whole and plausible, and says nothing of last Tuesday. The other
one tells on it. Only what is recent is looked at; what they put differently of years ago stands in ``conflicts``.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

NAME: Final = "neighbour"
# Between a release and its row, and between what two pages say of its day.
WITHIN: Final = timedelta(days=1)
# The last release day lies within it, and the one before.
RECENT: Final = timedelta(days=45)
_CALENDAR: Final = "learn_release_info"
_NAVIGATION: Final = "support_navigation"


class _Row(NamedTuple):
    """A release as a page has it. A baseline of the navigation has no KB."""

    kb: str
    day: date
    kind: str  # hotpatch or baseline
    section: str


class _Side(NamedTuple):
    """What a source says of a product's hotpatch line, and the day of its last page."""

    rows: list[_Row]
    seen: date
    page_url: str


def differences(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """What one of the two says of a recent release and the other does not, though it was read later; by the source that lacks it.

    Returns:
        rows with source, page_url, section, name, note.
    """
    calendar, navigation = _calendar(conn), _navigation(conn)
    found: list[dict[str, Any]] = []
    for product in sorted(calendar.keys() & navigation.keys()):
        of_calendar, of_navigation = calendar[product], navigation[product]
        found += _lacking(product, of_calendar, of_navigation, _NAVIGATION, "the calendar of Learn")
        found += _lacking(product, of_navigation, of_calendar, _CALENDAR, "the navigation of the support site")
    return found


def _lacking(product: str, here: _Side, there: _Side, source: str, whose: str) -> Iterator[dict[str, Any]]:
    """The recent rows of one side that the other lacks."""
    for row in here.rows:
        if not there.seen - RECENT <= row.day < there.seen - WITHIN:
            continue
        same = [other for other in there.rows if row.kb and other.kb == row.kb]
        near = [other for other in there.rows if abs(other.day - row.day) <= WITHIN]
        # A baseline's article has another KB than the calendar, and a row of the calendar may have a build alone: then the kind is what both say.
        alike = [other for other in near if other.kind == row.kind and (row.kind == "baseline" or not (row.kb and other.kb))]
        if alike or any(other in near for other in same):
            continue
        name = f"KB{row.kb}" if row.kb else f"a {row.kind}"
        got = f"{same[0].day}" if same else "none"
        note = f"expected {name} of {row.day}, within a day, for {product} as in {whose}, got {got} on a page of {there.seen}"
        yield {"source": source, "page_url": there.page_url, "section": same[0].section if same else "", "name": NAME, "note": note}


def _calendar(conn: sqlite3.Connection) -> dict[str, _Side]:
    found: dict[str, _Side] = {}
    for product, month, section, page_url, seen in _stated(conn, _CALENDAR, "calendar"):
        side = _side(found, product, page_url, seen)
        if "release_date" in month:  # else it is planned
            side.rows.append(_Row(month.get("kb", ""), date.fromisoformat(month["release_date"]), month.get("type", ""), section))
    return found


def _navigation(conn: sqlite3.Connection) -> dict[str, _Side]:
    """The monthly entries of the hotpatch notes; out-of-band ones and components (WSUS, 2025-10-24) stand in no calendar."""
    found: dict[str, _Side] = {}
    for product, entry, section, page_url, seen in _stated(conn, _NAVIGATION, "release"):
        if entry.get("line") != "hotpatch" or "release_date" not in entry:
            continue
        side, kind = _side(found, product, page_url, seen), entry.get("classification", "")
        if entry.get("cadence") not in {"OOB", "D"} and kind in {"baseline", "hotpatch"}:
            side.rows.append(_Row(entry.get("kb", ""), date.fromisoformat(entry["release_date"]), kind, section))
    return found


def _side(found: dict[str, _Side], product: str, page_url: str, seen: str) -> _Side:
    """A product's side, seen on that day too."""
    day = date.fromisoformat(seen[:10])
    side = found.get(product, _Side([], day, page_url))
    found[product] = side._replace(seen=max(side.seen, day))
    return found[product]


def _stated(conn: sqlite3.Connection, source: str, kind: str) -> Iterator[tuple[str, dict[str, str], str, str, str]]:
    """What stands of each subject of a kind, by a source and what stands in for it, which says the same: product, fields, section, page, last seen."""
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
        yield subject.split("/")[1], entry, *places[subject]


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
    return [{**row, "is_required": row.pop("required")} for row in sorted(rows, key=lambda row: (-row["required"], row["source"]))]
