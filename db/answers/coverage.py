"""What the database covers: its products, and the day up to which the data of each line reaches. Standard library alone."""

from __future__ import annotations

import sqlite3
from functools import lru_cache

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.notation import month_after, second_tuesday
from hotpatch_kb.db.model.reading import MAX_SHOWN


def product_names(conn: sqlite3.Connection) -> list[str]:
    """Return the ids of all products."""
    return [row[0] for row in conn.execute("select product from products order by product")]


def named_product(conn: sqlite3.Connection, value: str | None) -> str | None:
    """Return the id of a product that a user names, by its id or as people call it; None where none is named.

    Raises:
        BadInput: the database has no product of that name.
    """
    if value is None:
        return None
    from hotpatch_kb.db.model.products import product_id  # noqa: PLC0415

    names = product_names(conn)
    product = product_id(value)
    if product not in names:
        raise BadInput("expected a product ({products}), got {got!r}", products=", ".join(names), got=value[:MAX_SHOWN])
    return product


def data_until(conn: sqlite3.Connection, product: str, line: str) -> str | None:
    """Return the day up to which the data of a line reaches; None where no page lists the line."""
    row = conn.execute("select data_until from lines where product = ? and line = ?", (product, line)).fetchone()
    return row[0] if row else None


def data_until_by_product(conn: sqlite3.Connection) -> dict[str, str]:
    """Return the day up to which the data of each product's hotpatch line reaches."""
    return dict(conn.execute("select product, data_until from lines where line = 'hotpatch'").fetchall())


def latest_data_until(conn: sqlite3.Connection) -> str | None:
    """Return the latest of these days over all lines; None where no page lists a line."""
    day: str | None = conn.execute("select max(data_until) from lines").fetchone()[0]
    return day


@lru_cache(maxsize=1024)
def is_outdated(until: str | None, day: str) -> bool:
    """Return whether a Patch Tuesday is after the last day of the data and not after ``day``: then nothing is known to be current (case 44)."""
    if until is None:
        return True
    tuesday = second_tuesday(until[:7])
    if tuesday <= until:
        tuesday = second_tuesday(month_after(until[:7]))
    return tuesday <= day


def has_ceased(last: str, day: str) -> bool:
    """Return whether a line has missed two monthly releases on the day of the third.

    It is the day on which a release would have come, not the first of its month, on which nothing happens that could change a verdict.

    Args:
        last: the month of its last monthly release, such as 2024-10.
        day: ISO date.
    """
    return second_tuesday(month_after(last, 3)) <= day
