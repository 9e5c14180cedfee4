"""The answer of ``cost`` as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from hotpatch_kb.db.model.products import PLATFORMS, named
from hotpatch_kb.scraper.cli.text import Row, count


def _range(low: float, high: float, places: int = 2) -> str:
    """Return an amount, or two where sources disagree, with more places where it needs them (0.0288)."""
    texts = [f"{value:.{places}f}" if round(value, places) == value else f"{value}" for value in (low, high)]
    return " to ".join(dict.fromkeys(texts))


def _last(end: str) -> str:
    """Return the last day of an interval, given the first day after it."""
    return (date.fromisoformat(end) - timedelta(days=1)).isoformat()


def _time(row: Row) -> str:
    whole = count(row["months"], "month")
    return whole if isinstance(row["months"], int) else f"{whole} ({count(row['days'], 'day')})"


def cost(row: Row) -> Iterator[str]:
    """Yield the total, how the question was understood, and a block per part of the cost. Days are inclusive here."""
    total = "unknown" if row["cost_low"] is None else f"{_range(row['cost_low'], row['cost_high'])} {row['currency']}"
    yield f"{total}: {' and '.join(row['services'])}, {row['from']} through {_last(row['to'])}, {_time(row)}"
    if row["cost_low"] is None and row["items"]:
        yield f"  known part   {_range(row['known_cost_low'], row['known_cost_high'])} {row['currency']}, without the days of unknown price"
    yield f"  product      {named(row['product']).name} on {PLATFORMS[row['platform']]}"
    each = (
        f", {row['cores_per_server']} on each server" if row["cores_per_server"] else ", of all servers together" if row["servers"] else ""
    )
    if row["cores"]:
        yield f"  cores        {row['cores']} in all{each}"
    if row["servers"]:
        yield f"  servers      {row['servers']}"
    for item in sorted([*row["items"], *row["unknown"]], key=lambda line: (row["services"].index(line["service"]), line["from"])):
        if item["cost_low"] is None:
            yield f"{item['service']}, {item['from']} through {_last(item['to'])}: unknown, {_time(item)}"
            continue
        what, _, per = item["unit"].partition("/")
        price = f"{_range(item['amount_low'], item['amount_high'])} {item['currency']}"
        times = count(item["days"], "day") if per == "day" else _time(item)
        yield f"{item['service']}, {item['from']} through {_last(item['to'])}: {_range(item['cost_low'], item['cost_high'])} {item['currency']}"
        yield f"  counted      {count(item['quantity'], what)} x {price} per {what} and {per} x {times}"
        extra = "".join(f", {name} {item[name]}" for name in ("region", "condition") if item[name])
        begin = f"from {item['valid_from']}" if item["valid_from"] else "from a day that no source states"
        until = f" through {_last(item['valid_to'])}" if item["valid_to"] else ""
        yield f"  price        {item['meter']}{extra}, {begin}{until}{', disputed' if item['is_disputed'] else ''}"
        for source in item["stated"]:
            note = f" ({source['note']})" if source["note"] else ""
            yield f"  source       {_range(source['amount'], source['amount'])}{note}: {source['source_url']}"
    yield f"prices as of {row['data_until']}, when they were last read"
    yield from (f"note: {note}" for note in row["notes"])
