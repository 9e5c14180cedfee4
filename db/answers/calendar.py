"""Months of the hotpatch calendar: planned, expected and released. Standard library alone."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

CALENDAR_COLUMNS: Final = (
    "product", "month", "planned_type", "planned_by", "type", "expected_type", "is_unplanned", "release_date", "expected_date", "kb", "build",
    "changed_on", "changed_after", "subject",
)  # fmt: skip


def calendar_rows(conn: sqlite3.Connection, product: str | None = None, year: int | None = None) -> list[dict[str, Any]]:
    """Return rows of ``hotpatch_calendar``, of one product and year or of all."""
    rows = conn.execute(
        f"""select {", ".join(CALENDAR_COLUMNS)} from hotpatch_calendar
        where product = coalesce(?, product) and substr(month, 1, 4) = coalesce(?, substr(month, 1, 4)) order by product, month""",
        (product, f"{year:04d}" if year else None),
    )
    return [dict(zip(CALENDAR_COLUMNS, row, strict=True)) for row in rows]


def has_calendar(conn: sqlite3.Connection, product: str) -> bool:
    """Return whether a calendar of a product was ever published."""
    first, end = f"calendar/{product}/", f"calendar/{product}0"  # "0" is the character after "/"
    return conn.execute("select 1 from claims where subject >= ? and subject < ? limit 1", (first, end)).fetchone() is not None
