"""Restarts of a product's lines: the next one as of any day. Standard library alone: lookups start fast."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from typing import Any, NamedTuple

from hotpatch_kb.db.answers.calendar import has_calendar
from hotpatch_kb.db.answers.coverage import Evidence, data_until, has_ceased, is_offered, is_outdated
from hotpatch_kb.db.answers.stated_elsewhere import reported_after
from hotpatch_kb.db.model.clock import day_after
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.notation import month_after, planned_by_cadence, second_tuesday


class Restart(NamedTuple):
    """A restart of a line, released or expected.

    ``certainty`` is "published" where a source lists the release, "planned" where a calendar or its footnote does, and "cadence" where only the rule
    of January, April, July and October says so.
    """

    month: str
    date: str
    is_expected: bool
    is_unplanned: bool
    kb: int | None
    build: str | None
    certainty: str = "cadence"


def next_restart(conn: sqlite3.Connection, product: str, day: str) -> Restart | None:
    """Return the next restart of a product's hotpatch line from a day on.

    It is a released baseline, else a planned one, else the next by the cadence; None where hotpatching has no published
    calendar or has ended by then.
    """
    end = conn.execute("select hotpatch_end_date, extended_end_date from products where product = ?", (product,)).fetchone()
    if end is None or not has_calendar(conn, product):
        return None
    baseline = conn.execute(
        """select month, coalesce(release_date, expected_date), type is null, is_unplanned, kb, build,
            case when type is not null then 'published' when planned_by = 'cadence' then 'cadence' else 'planned' end from hotpatch_calendar
        where product = ? and expected_type = 'baseline' and coalesce(release_date, expected_date) >= ? order by 2 limit 1""",
        (product, day),
    ).fetchone()
    month = day[:7]
    covered = conn.execute("select month from hotpatch_calendar where product = ? and month >= ?", (product, month)).fetchall()
    month = _expected_baseline(
        month if second_tuesday(month) >= day else month_after(month), tuple(covered_month for (covered_month,) in covered)
    )
    if baseline and baseline[1] <= second_tuesday(month):
        restart = Restart(baseline[0], baseline[1], bool(baseline[2]), bool(baseline[3]), *baseline[4:])
    else:
        restart = Restart(month, second_tuesday(month), True, False, None, None)
    # Compare by month: some ends are stated only as a month. A line ends when support ends, a client's with that of its Enterprise edition.
    return None if (end[0] and restart.month > end[0][:7]) or (end[1] and restart.date > end[1]) else restart


@lru_cache(maxsize=1024)
def _expected_baseline(month: str, covered: tuple[str, ...]) -> str:
    """Return the first month from ``month`` on that no calendar covers and that is a baseline by the cadence."""
    while month in covered or planned_by_cadence(month) != "baseline":
        month = month_after(month)
    return month


def unseen_baseline(conn: sqlite3.Connection, product: str, day: str) -> dict[str, str] | None:
    """Return the last baseline that was expected by a day and that no source lists: a machine without it restarts for it first.

    Returns:
        its ``month`` and expected ``date``; None where every expected baseline is listed.
    """
    row = conn.execute(
        """select month, expected_date from hotpatch_calendar
        where product = ? and type is null and expected_type = 'baseline' and expected_date <= ? order by month desc limit 1""",
        (product, day),
    ).fetchone()
    return {"month": row[0], "date": row[1]} if row else None


def first_day(conn: sqlite3.Connection, product: str) -> str:
    """Return the first day on which a product existed: that of its general availability or of its first release; "" where none is known."""
    day: str | None = conn.execute(
        """select min(day) from (
            select release_date as day from products where product = :product union all select release_date from releases where product = :product)""",
        {"product": product},
    ).fetchone()[0]
    return day or ""


def missing_evidence(conn: sqlite3.Connection, product: str, line: str, day: str) -> Message | None:
    """Return why the newest known release of a line may not be its newest on a day; None where all evidence is there."""
    newest = conn.execute(
        f"""select release_date, coalesce(revision, 0) from releases
        where product = ? and in_{line}_line = 1 and release_date <= ? and classification not in ('component', 'preview', 'initial')
            and {is_offered()} order by release_date desc, revision desc limit 1""",
        (product, day),
    ).fetchone()
    return Evidence(conn, product, line, day).missing(newest or ("", 0))


def coming_restarts(conn: sqlite3.Connection, product: str, day: str, count: int) -> list[Restart]:
    """Return the next restarts of a product's hotpatch line from a day on, at most ``count`` of them; fewer where the line ends before."""
    restarts: list[Restart] = []
    while len(restarts) < count and (restart := next_restart(conn, product, day)) is not None:
        restarts.append(restart)
        day = day_after(restart.date)
    return restarts


def next_restarts(conn: sqlite3.Connection, day: str, product: str | None = None, count: int = 1) -> list[dict[str, Any]]:
    """Return the rows of the view ``next_restarts`` as of any day, each with the release of that day's month.

    Args:
        conn: a database with the fact tables.
        day: ISO date.
        product: an id, if only one product is wanted.
        count: how many restarts of each product, one row each.

    Returns:
        per product that exists by then: the view's columns; ``this_month`` (its type, KB and build), ``data_until``, ``is_outdated``,
        ``missing_evidence`` (why newer releases may exist), ``unseen_baseline``, and ``reported``, what others report of the line.
    """
    rows = []
    for (name,) in conn.execute(
        "select product from products where product = coalesce(?, product) order by product", (product,)
    ).fetchall():
        restarts = coming_restarts(conn, name, day, count)
        if not restarts or first_day(conn, name) > day:
            continue
        this = conn.execute(
            "select expected_type, type, release_date, kb, build, expected_date from hotpatch_calendar where product = ? and month = ?",
            (name, day[:7]),
        ).fetchone()
        until = data_until(conn, name, "hotpatch")
        is_released = this is not None and this[1] is not None and (this[2] or "") <= day
        of_product = {
            "this_month": {
                "month": day[:7],
                "type": this[0] if this else planned_by_cadence(day[:7]),
                "is_expected": not is_released,
                "date": (this[2] or this[5]) if this else second_tuesday(day[:7]),
                "kb": this[3] if this else None,
                "build": this[4] if this else None,
            },
            "data_until": until,
            "is_outdated": is_outdated(until, day),
            "missing_evidence": missing_evidence(conn, name, "hotpatch", day),
            "unseen_baseline": unseen_baseline(conn, name, day),
            "reported": reported_after(conn, day, name, "hotpatch"),
        }
        rows += [{"product": name, **restart._asdict(), **of_product} for restart in restarts]
    return rows


def restart_of_standard_line(conn: sqlite3.Connection, product: str, day: str) -> Restart | None:
    """Return the next monthly restart of the standard line; None after the last day of support, or where releases have ceased.

    The public preview of 2021 has no day of support in any source, and no monthly release since August 2021.
    """
    month = day[:7] if second_tuesday(day[:7]) >= day else month_after(day[:7])
    end = conn.execute("select extended_end_date from products where product = ?", (product,)).fetchone()
    if end and end[0]:
        return None if second_tuesday(month) > end[0] else Restart(month, second_tuesday(month), True, False, None, None)
    last = conn.execute(
        f"""select max(month) from releases where product = ? and in_standard_line = 1 and cadence = 'B' and {is_offered()} and release_date <= ?""",
        (product, day),
    ).fetchone()[0]
    if last is None or has_ceased(last, min(day, data_until(conn, product, "standard") or day)):
        return None
    return Restart(month, second_tuesday(month), True, False, None, None)
