"""Answer what it costs: the total, the lines that it is made of, the days without a price, and notes."""

from __future__ import annotations

import sqlite3
from calendar import monthrange
from datetime import date
from fractions import Fraction
from typing import Any

from hotpatch_kb.db.answers.cost import notes
from hotpatch_kb.db.answers.cost.lines import Gap, Line, lines
from hotpatch_kb.db.answers.cost.prices import disputed_machines, read_prices, stated_minimum
from hotpatch_kb.db.answers.cost.question import SERVICES, Question, next_month
from hotpatch_kb.db.answers.coverage import stated_until
from hotpatch_kb.db.model.messages import Message

Answer = dict[str, Any]


def cents(amount: Fraction) -> float:
    """Return money rounded to cents, halves up.

    >>> cents(Fraction("0.125")), cents(Fraction(5400))
    (0.13, 5400.0)
    """
    return int(amount * 100 + Fraction(1, 2)) / 100


def cost(conn: sqlite3.Connection, asked: Question, today: str) -> Answer:
    """Return what it costs, with the lines that the total is made of.

    Args:
        conn: a database with the fact tables.
        asked: see ``read_question``.
        today: ISO date; after it, prices are only what sources state so far.

    Returns:
        the question as it was understood; ``items``, one per service and price interval; ``unknown``, days without a price, their
        costs None; ``cost_low`` and ``cost_high``, in ``currency``, None where there are unknown days, while ``known_cost_low``
        and ``known_cost_high`` are those of the items; ``notes``, as data. Every ``to`` is the first day that is not included.
    """
    items: list[Line] = []
    unknown: list[Gap] = []
    messages: list[Message] = []
    least = stated_minimum(conn, asked)
    for name in asked.services:
        service = SERVICES[name]
        stated = read_prices(conn, service.service)
        of_service, gaps = lines(asked, service, stated, least)
        items += of_service
        unknown += gaps
        if gaps:
            messages += notes.on_gaps(asked, service, stated, of_service)
        messages += notes.on_lines(asked, service, stated, of_service)
        if service.counts == "core":
            messages += notes.on_minimums(asked, of_service, least)
            messages += notes.on_machines(of_service, disputed_machines(conn, service.service))
    messages += notes.on_total(asked, items, today)
    low, high = sum((line.cost_low for line in items), Fraction()), sum((line.cost_high for line in items), Fraction())
    return {
        "services": [SERVICES[name].service for name in asked.services],
        "product": asked.product,
        "platform": asked.platform,
        "currency": asked.currency,
        "region": asked.region,
        "conditions": list(asked.discounts),
        "from": asked.first.isoformat(),
        "to": asked.end.isoformat(),
        "months": _months(_months_between(asked.first, asked.end)),
        "days": (asked.end - asked.first).days,
        "cores": asked.cores,
        "servers": asked.servers,
        "cores_per_server": asked.cores_per_server,
        "items": [_item(line) for line in items],
        "cost_low": None if unknown else cents(low),
        "cost_high": None if unknown else cents(high),
        "known_cost_low": cents(low) if items else None,
        "known_cost_high": cents(high) if items else None,
        "is_disputed": any(line.interval.low != line.interval.high for line in items),
        "unknown": [_unknown(asked, gap) for gap in unknown],
        "notes": list(dict.fromkeys(messages)),
        "data_until": stated_until(conn, "price"),
    }


def _months_between(first: date, end: date) -> Fraction:
    """Return days as months, a part of a month by its days."""
    total = Fraction()
    while first < end:
        following = min(next_month(first), end)
        total += Fraction((following - first).days, monthrange(first.year, first.month)[1])
        first = following
    return total


def _months(months: Fraction) -> int | float:
    return int(months) if months.denominator == 1 else round(float(months), 4)


def _iso(day: date) -> str | None:
    return None if day in {date.min, date.max} else day.isoformat()


def _item(line: Line) -> Answer:
    tariff, interval = line.tariff, line.interval
    texts = list(dict.fromkeys(price.note for price in line.prices if price.note))
    return {
        "service": line.service,
        "product": tariff.product,
        "meter": tariff.meter,
        "unit": tariff.unit,
        "currency": tariff.currency,
        "region": tariff.region,
        "condition": tariff.condition,
        "from": line.first.isoformat(),
        "to": line.end.isoformat(),
        "quantity": line.quantity,
        "months": _months(line.months),
        "days": (line.end - line.first).days,
        "amount_low": float(interval.low),
        "amount_high": float(interval.high),
        "cost_low": cents(line.cost_low),
        "cost_high": cents(line.cost_high),
        "is_disputed": interval.low != interval.high,
        "is_undated": line.is_undated,
        "valid_from": _iso(interval.begin),
        "valid_to": _iso(interval.end),
        "stated": [
            {
                "amount": float(price.amount),
                "valid_from": _iso(price.begin),
                "valid_to": _iso(price.end),
                "note": price.note,
                "source_url": price.source_url,
                "trust": price.trust,
            }
            for price in line.prices
        ],
        "sources": list(dict.fromkeys(price.source_url for price in line.prices)),
        # A note that is part of another one says nothing more.
        "note": "; ".join(text for text in texts if not any(text != other and text in other for other in texts)) or None,
    }


def _unknown(asked: Question, gap: Gap) -> Answer:
    service = next(service for service in SERVICES.values() if service.service == gap.service)
    return {
        "service": gap.service,
        "product": asked.product,
        "meter": service.meters[asked.platform],
        "currency": asked.currency,
        "from": gap.first.isoformat(),
        "to": gap.end.isoformat(),
        "months": _months(_months_between(gap.first, gap.end)),
        "days": (gap.end - gap.first).days,
        "cost_low": None,
        "cost_high": None,
    }
