"""Today, and days before and after it, as ISO dates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta

_given: ContextVar[str | None] = ContextVar("day", default=None)


def today() -> str:
    """Return today in UTC, as days of release are, or the day that ``as_of`` gives."""
    return _given.get() or datetime.now(UTC).date().isoformat()


@contextmanager
def as_of(day: str) -> Iterator[None]:
    """Make a day today within this context: an export is made for a day, whenever it is made."""
    before = _given.set(day)
    try:
        yield
    finally:
        _given.reset(before)


def day_after(day: str) -> str:
    """Return the day after a day."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def latest_time(now: str) -> str:
    """Return the latest time at which a page can have been read, UTC: a day after now, because clocks differ.

    >>> latest_time("2026-07-23T12:00:00Z")
    '2026-07-24T12:00:00Z'
    """
    return f"{day_after(now[:10])}{now[10:]}"


def days_since(day: str, now: str) -> int:
    """Return how many days are between two days or times."""
    return (date.fromisoformat(now[:10]) - date.fromisoformat(day[:10])) // timedelta(days=1)
