"""Today, and days before and after it, as ISO dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta


def today() -> str:
    """Return today in UTC, as days of release are."""
    return datetime.now(UTC).date().isoformat()


def day_after(day: str) -> str:
    """Return the day after a day."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def days_since(day: str, now: str) -> int:
    """Return how many days are between two days or times."""
    return (date.fromisoformat(now[:10]) - date.fromisoformat(day[:10])) // timedelta(days=1)
