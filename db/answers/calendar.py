"""Months of the hotpatch calendar: planned, expected and released. Standard library alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.answers.coverage import data_until_by_product
from hotpatch_kb.db.answers.stated_elsewhere import reported, reported_day
from hotpatch_kb.db.model.claims import calendar_subject, product_of
from hotpatch_kb.db.model.notation import month_after, planned_by_cadence, second_tuesday

CALENDAR_COLUMNS: Final = (
    "product", "month", "planned_type", "planned_by", "type", "expected_type", "is_unplanned", "release_date", "expected_date", "kb", "build",
    "changed_on", "changed_after", "subject",
)  # fmt: skip


def calendar_rows(conn: sqlite3.Connection, product: str | None = None, year: int | None = None) -> list[dict[str, Any]]:
    """Return rows of ``hotpatch_calendar``, of one product and year or of all, each with the day that its data is as of."""
    rows = conn.execute(
        f"""select {", ".join(CALENDAR_COLUMNS)} from hotpatch_calendar
        where product = coalesce(?, product) and substr(month, 1, 4) = coalesce(?, substr(month, 1, 4)) order by product, month""",
        (product, f"{year:04d}" if year else None),
    )
    until = data_until_by_product(conn)
    return [dict(zip(CALENDAR_COLUMNS, row, strict=True)) | {"data_until": until.get(row[0])} for row in rows.fetchall()]


def months_by_cadence(conn: sqlite3.Connection, year: int, product: str | None = None) -> list[dict[str, Any]]:
    """Return the months of a year that the published calendars do not reach yet, as the cadence of January, April, July and October has them.

    Args:
        conn: a database with the fact tables.
        year: of the months.
        product: an id, if only one product is wanted.

    Returns:
        rows with the columns of ``hotpatch_calendar``, ``planned_by`` "cadence" and no type; none after a product's hotpatching or support ends.
    """
    months = [f"{year:04d}-{number:02d}" for number in range(1, 13)]
    return _by_cadence(conn, product, lambda last: [month for month in months if month > last])


def subscribed_rows(conn: sqlite3.Connection, product: str | None = None, year: int | None = None) -> list[dict[str, Any]]:
    """Return the months of a calendar file, by product and month: the rows of ``hotpatch_calendar``, and months by the cadence after them.

    Those are the months that ``months_by_cadence`` has of a year, or the 12 after the published calendar. No clock decides, so a file changes
    only when facts do.
    """
    if year is not None:
        rows = calendar_rows(conn, product, year) + months_by_cadence(conn, year, product)
    else:
        rows = calendar_rows(conn, product) + _by_cadence(conn, product, lambda last: list(_months_after(last, 12)))
    return sorted(rows, key=lambda row: (row["product"], row["month"]))


def _months_after(month: str, count: int) -> Iterator[str]:
    for _ in range(count):
        month = month_after(month)
        yield month


def _by_cadence(conn: sqlite3.Connection, product: str | None, months_after: Callable[[str], list[str]]) -> list[dict[str, Any]]:
    """Return months as the cadence has them; ``months_after`` says which, from the last month of a product's published calendar."""
    ends = conn.execute(
        """select p.product, max(c.month), p.hotpatch_end_date, p.extended_end_date from products as p join hotpatch_calendar as c using (product)
        where p.product = coalesce(?, p.product) group by p.product order by p.product""",
        (product,),
    ).fetchall()
    rows, until = [], data_until_by_product(conn)
    for name, last, hotpatch_end, end in ends:
        for month in months_after(last) if has_calendar(conn, name) else ():
            day, kind = second_tuesday(month), planned_by_cadence(month)
            if (hotpatch_end and month > hotpatch_end[:7]) or (end and day > end):
                continue
            known = {
                "product": name, "month": month, "planned_type": kind, "planned_by": "cadence", "expected_type": kind, "is_unplanned": 0,
                "expected_date": day, "subject": calendar_subject(name, month),
            }  # fmt: skip
            rows.append({column: known.get(column) for column in CALENDAR_COLUMNS} | {"data_until": until.get(name)})
    return rows


def months_reported_otherwise(rows: Iterable[Mapping[str, Any]], others: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the months without a release for which others report another type than the expected one.

    Args:
        rows: of ``hotpatch_calendar``, of one product.
        others: what others report of its hotpatch line. An out-of-band release is no month's type.

    Returns:
        by month, what they report.
    """
    by_month: dict[str, list[Mapping[str, Any]]] = {}
    for other in others:
        if other["cadence"] in {None, "B"} and other["classification"] in {"baseline", "hotpatch"}:
            by_month.setdefault(reported_day(other)[:7], []).append(other)
    expected = {row["month"]: row["expected_type"] for row in rows if not row["type"]}
    return {
        month: found
        for month, found in by_month.items()
        if month in expected and expected[month] not in {other["classification"] for other in found}
    }


def has_calendar(conn: sqlite3.Connection, product: str) -> bool:
    """Return whether a calendar of a product was ever published."""
    first, end = f"calendar/{product}/", f"calendar/{product}0"  # "0" is the character after "/"
    return conn.execute("select 1 from claims where subject >= ? and subject < ? limit 1", (first, end)).fetchone() is not None


class Reports(NamedTuple):
    """What others report of a month: all of it, and what differs from the expected type."""

    rows: Sequence[Mapping[str, Any]]
    otherwise: Sequence[Mapping[str, Any]]


def reported_months(conn: sqlite3.Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, Reports]:
    """Return what others report of months without a release, by subject."""
    found = {}
    for product in sorted({row["product"] for row in rows}):
        others = [row for row in reported(conn, products=(product,)) if row["in_hotpatch_line"]]
        months = [row for row in rows if row["product"] == product and not row["type"]]
        otherwise = months_reported_otherwise(months, others)
        for row in months:
            if of_month := [other for other in others if reported_day(other)[:7] == row["month"]]:
                found[row["subject"]] = Reports(of_month, otherwise.get(row["month"], []))
    return found


def restarting(conn: sqlite3.Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the months that restart, of rows of ``hotpatch_calendar``: those of a baseline, and those for which others report one."""
    others = reported_months(conn, rows)
    of_others = {subject for subject, of_month in others.items() if any(row["classification"] == "baseline" for row in of_month.otherwise)}
    return [row for row in rows if row["expected_type"] == "baseline" or row["subject"] in of_others]


def times_of_reports(conn: sqlite3.Connection, known: str | None) -> dict[str, set[str]]:
    """Return when what others report of a month began and ended, up to a day, by subject of the month.

    Each is a change, also of a month that was released since: so a sequence never falls when a page lists what others had reported.
    """
    rows = conn.execute(
        """select subject, field, value, coalesce(stated_since, first_seen_at), first_seen_at, gone_at from claims
        where subject >= 'reported/' and subject < 'reported0' and field in ('month', 'release_date', 'in_hotpatch_line', 'classification')"""
    ).fetchall()
    of_line = {subject for subject, field, value, *_ in rows if field == "in_hotpatch_line" and value == "1"}
    months = {(subject, value[:7]) for subject, field, value, *_ in rows if field in {"month", "release_date"} and value}
    times: dict[str, set[str]] = {}
    for subject, _, _, stated, seen, gone in rows:
        if subject in of_line and (known is None or stated[:10] <= known):
            times.setdefault(subject, set()).update({seen, gone} if gone and (known is None or gone[:10] <= known) else {seen})
    by_month: dict[str, set[str]] = {}
    for subject, month in months:
        by_month.setdefault(calendar_subject(product_of(subject), month), set()).update(times.get(subject, ()))
    return {month: found for month, found in by_month.items() if found}


def first_read(conn: sqlite3.Connection) -> dict[str, str]:
    """Return when a calendar of each product was first read (UTC)."""
    rows = conn.execute("select subject, first_seen_at from claims where subject >= 'calendar/' and subject < 'calendar0'").fetchall()
    first: dict[str, str] = {}
    for subject, seen in rows:
        product = product_of(subject)
        first[product] = min(seen, first.get(product, seen))
    return first
