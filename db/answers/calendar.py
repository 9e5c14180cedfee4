"""Months of the hotpatch calendar: planned, expected and released. Standard library alone."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from hotpatch_kb.db.answers.coverage import data_until_by_product
from hotpatch_kb.db.model.claims import calendar_subject
from hotpatch_kb.db.model.notation import planned_by_cadence, second_tuesday

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
    ends = conn.execute(
        """select p.product, max(c.month), p.hotpatch_end_date, p.extended_end_date from products as p join hotpatch_calendar as c using (product)
        where p.product = coalesce(?, p.product) group by p.product order by p.product""",
        (product,),
    ).fetchall()
    rows, until = [], data_until_by_product(conn)
    for name, last, hotpatch_end, end in ends:
        for month in (f"{year:04d}-{number:02d}" for number in range(1, 13)):
            day, kind = second_tuesday(month), planned_by_cadence(month)
            if month <= last or not has_calendar(conn, name) or (hotpatch_end and month > hotpatch_end[:7]) or (end and day > end):
                continue
            known = {
                "product": name, "month": month, "planned_type": kind, "planned_by": "cadence", "expected_type": kind, "is_unplanned": 0,
                "expected_date": day, "subject": calendar_subject(name, month),
            }  # fmt: skip
            rows.append({column: known.get(column) for column in CALENDAR_COLUMNS} | {"data_until": until.get(name)})
    return rows


def has_calendar(conn: sqlite3.Connection, product: str) -> bool:
    """Return whether a calendar of a product was ever published."""
    first, end = f"calendar/{product}/", f"calendar/{product}0"  # "0" is the character after "/"
    return conn.execute("select 1 from claims where subject >= ? and subject < ? limit 1", (first, end)).fetchone() is not None
