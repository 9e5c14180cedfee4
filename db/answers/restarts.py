"""Answers about months and restarts from the fact tables, as of any day. Standard library alone: lookups start fast."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from hotpatch_kb.db.answers import lagging
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.notation import month_after, planned_by_cadence, second_tuesday
from hotpatch_kb.db.model.reading import MAX_SHOWN

CALENDAR_COLUMNS = (
    "product", "month", "planned_type", "planned_by", "type", "expected_type", "is_unplanned", "release_date", "expected_date", "kb", "build",
    "changed_on", "changed_after", "subject",
)  # fmt: skip


class Restart(NamedTuple):
    """A restart that a line has, or is to have."""

    month: str
    date: str
    is_expected: bool
    is_unplanned: bool
    kb: int | None
    build: str | None


def today() -> str:
    """Today in UTC, as dates of release are."""
    from datetime import UTC, datetime  # noqa: PLC0415

    return datetime.now(UTC).date().isoformat()


@lru_cache(maxsize=1024)
def is_outdated(data_until: str | None, day: str) -> bool:
    """Whether a second Tuesday lies between the day the facts end and a day: then nothing is known to be current (case 44)."""
    if data_until is None:
        return True
    tuesday = second_tuesday(data_until[:7])
    if tuesday <= data_until:
        tuesday = second_tuesday(month_after(data_until[:7]))
    return tuesday <= day


def data_until(conn: sqlite3.Connection, product: str, line: str) -> str | None:
    """The day up to which the facts of a line reach, None if no page lists it."""
    row = conn.execute("select data_until from lines where product = ? and line = ?", (product, line)).fetchone()
    return row[0] if row else None


def next_restart(conn: sqlite3.Connection, product: str, day: str) -> Restart | None:
    """The next restart of a product's hotpatch line from a day on.

    A released baseline, else a planned one, else what the cadence lets expect; None where hotpatching has no published
    calendar or has ended by then.
    """
    end = conn.execute(
        "select hotpatch_end_date, case when family = 'client' then extended_end_date end from products where product = ?", (product,)
    ).fetchone()
    if end is None or not _has_calendar(conn, product):
        return None
    found = conn.execute(
        """select month, coalesce(release_date, expected_date), type is null, is_unplanned, kb, build from hotpatch_calendar
        where product = ? and expected_type = 'baseline' and coalesce(release_date, expected_date) >= ? order by 2 limit 1""",
        (product, day),
    ).fetchone()
    month = day[:7]
    covered = conn.execute("select month from hotpatch_calendar where product = ? and month >= ?", (product, month)).fetchall()
    month = _expected_baseline(
        month if second_tuesday(month) >= day else month_after(month), tuple(covered_month for (covered_month,) in covered)
    )
    if found and found[1] <= second_tuesday(month):
        restart = Restart(found[0], found[1], bool(found[2]), bool(found[3]), found[4], found[5])
    else:
        restart = Restart(month, second_tuesday(month), True, False, None, None)
    # A month where only a month is stated; a client's line ends with its Enterprise edition.
    return None if (end[0] and restart.month > end[0][:7]) or (end[1] and restart.date > end[1]) else restart


@lru_cache(maxsize=1024)
def _expected_baseline(month: str, covered: tuple[str, ...]) -> str:
    """The first month from one on that no calendar covers and that the cadence makes a baseline."""
    while month in covered or planned_by_cadence(month) != "baseline":
        month = month_after(month)
    return month


def _has_calendar(conn: sqlite3.Connection, product: str) -> bool:
    return (
        conn.execute(
            "select 1 from claims where subject >= ? and subject < ? limit 1", (f"calendar/{product}/", f"calendar/{product}0")
        ).fetchone()
        is not None
    )


def unseen_baseline(conn: sqlite3.Connection, product: str, until: str | None, day: str) -> dict[str, str] | None:
    """The last baseline that was expected between the day the facts end and a day: a machine without it restarts for it first.

    Returns:
        its ``month`` and expected ``date``; None where none was expected.
    """
    row = conn.execute(
        """select month, expected_date from hotpatch_calendar where product = ? and type is null and expected_type = 'baseline'
        and expected_date > ? and expected_date <= ? order by month desc limit 1""",
        (product, until or "", day),
    ).fetchone()
    return {"month": row[0], "date": row[1]} if row else None


def next_restarts(conn: sqlite3.Connection, day: str, product: str | None = None) -> list[dict[str, Any]]:
    """The rows of the view ``next_restarts`` as of any day, with the month's own release beside them.

    Returns:
        per product: the view's columns; ``this_month`` (its type, KB and build), ``data_until``, ``is_outdated`` and ``unseen_baseline``.
    """
    rows = []
    for (name,) in conn.execute(
        "select product from products where product = coalesce(?, product) order by product", (product,)
    ).fetchall():
        restart = next_restart(conn, name, day)
        if restart is None:
            continue
        this = conn.execute(
            "select expected_type, type, release_date, kb, build, expected_date from hotpatch_calendar where product = ? and month = ?",
            (name, day[:7]),
        ).fetchone()
        until = data_until(conn, name, "hotpatch")
        is_released = this is not None and this[1] is not None and (this[2] or "") <= day
        rows.append(
            {
                "product": name,
                **restart._asdict(),
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
                "unseen_baseline": unseen_baseline(conn, name, until, day),
            }
        )
    return rows


def calendar(conn: sqlite3.Connection, product: str | None = None, year: int | None = None) -> list[dict[str, Any]]:
    """Rows of ``hotpatch_calendar``, of one product and year or of all."""
    found = conn.execute(
        f"""select {", ".join(CALENDAR_COLUMNS)} from hotpatch_calendar
        where product = coalesce(?, product) and substr(month, 1, 4) = coalesce(?, substr(month, 1, 4)) order by product, month""",
        (product, f"{year:04d}" if year else None),
    )
    return [dict(zip(CALENDAR_COLUMNS, row, strict=True)) for row in found]


def ends(conn: sqlite3.Connection) -> dict[str, str]:
    """The day up to which the facts of each product's hotpatch line reach."""
    return dict(conn.execute("select product, data_until from lines where line = 'hotpatch'").fetchall())


def changes(
    conn: sqlite3.Connection, since: str | None = None, until: str | None = None, product: str | None = None
) -> list[dict[str, Any]]:
    """Rows of ``changes``, newest first.

    Args:
        conn: the database.
        since: only those read on that day (ISO date, UTC) or later.
        until: only those read on that day or earlier.
        product: only those of a product.
    """
    columns = ("run", "changed_at", "subject", "field", "old_value", "new_value")
    found = conn.execute(
        f"""select {", ".join(columns)} from changes where substr(changed_at, 1, 10) between :since and :until
        and (:product is null or instr(subject || '/' || field || '/', '/' || :product || '/') > 0
            or exists (select 1 from known_issues as i where i.subject = changes.subject and i.product = :product))
        order by changed_at desc, subject, field""",
        {"since": since or "", "until": until or "9999", "product": product},
    )
    return [dict(zip(columns, row, strict=True)) for row in found]


def drift(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Checks that did not hold in the last run in which a source was checked, those that refused a page first; and where its neighbour knows more.

    A run in which nothing was new leaves no checks: what was refused or could not be reached before it is mended where the source's state is ok.
    """
    columns = ("source", "run", "page_url", "section", "name", "required", "note")
    found = conn.execute(
        f"""select c.{", c.".join(columns)} from checks as c join sources as s using (source)
        where ok = 0 and run = (select max(run) from checks where source = c.source)
            and (required = 0 or name = 'correction' or s.state in ('refused', 'unreachable'))
        order by source, required desc, page_url, section, name"""
    )
    rows = [dict(zip(columns, row, strict=True)) for row in found]
    last = dict(conn.execute("select source, max(run) from pages group by source").fetchall())
    rows += [{**row, "run": last[row["source"]], "required": 0} for row in lagging.differences(conn)]
    return [{**row, "is_required": row.pop("required")} for row in sorted(rows, key=lambda row: (-row["required"], row["source"]))]


def latest_data_until(conn: sqlite3.Connection) -> str | None:
    """The day up to which the facts of the line that was read last reach, None where no page lists one."""
    found: str | None = conn.execute("select max(data_until) from lines").fetchone()[0]
    return found


def product_names(conn: sqlite3.Connection) -> list[str]:
    """Every product of the database."""
    return [row[0] for row in conn.execute("select product from products order by product")]


def named_product(conn: sqlite3.Connection, value: str | None) -> str | None:
    """The id of a product as a user names it.

    Raises:
        BadInput: the database has none of that name.
    """
    if value is None:
        return None
    from hotpatch_kb.db.model.products import product_id  # noqa: PLC0415

    names = product_names(conn)
    found = product_id(value)
    if found not in names:
        raise BadInput("expected a product ({products}), got {got!r}", products=", ".join(names), got=value[:MAX_SHOWN])
    return found


def restart_of_standard_line(conn: sqlite3.Connection, product: str, day: str) -> Restart | None:
    """The next monthly restart of the standard line; None after the last day of support, or where releases have ceased.

    Windows 11, version 21H2, has no day of support in any source, and no monthly release since October 2024.
    """
    month = day[:7] if second_tuesday(day[:7]) >= day else month_after(day[:7])
    end = conn.execute("select extended_end_date from products where product = ?", (product,)).fetchone()
    if end and end[0]:
        return None if second_tuesday(month) > end[0] else Restart(month, second_tuesday(month), True, False, None, None)
    last = conn.execute(
        "select max(month) from releases where product = ? and in_standard_line = 1 and cadence = 'B' and is_expired = 0 and release_date <= ?",
        (product, day),
    ).fetchone()[0]
    if last is None or has_ceased(last, min(day, data_until(conn, product, "standard") or day)):
        return None
    return Restart(month, second_tuesday(month), True, False, None, None)


def has_ceased(last: str, day: str) -> bool:
    """Whether a line whose last monthly release was in a month (2024-10) has missed two, as of the day of a third.

    A day on which a release would have come, not the first of a month: nothing happens then that could move a verdict.
    """
    return second_tuesday(month_after(last, 3)) <= day


def day_after(day: str) -> str:
    """The day after an ISO date."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def days_since(day: str, now: str) -> int:
    """Days from one ISO date to another."""
    return (date.fromisoformat(now[:10]) - date.fromisoformat(day[:10])) // timedelta(days=1)


def kb_text(kb: int | None) -> str | None:
    """A KB number as people write it."""
    return None if kb is None else f"KB{kb}"
