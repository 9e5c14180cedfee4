"""Cut the days asked for into lines, each with the price that counts, and gaps without a price."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from hotpatch_kb.db.answers.cost.prices import Interval, Price, Tariff, counted_from, intervals, minimum_in, prices_of_any_currency
from hotpatch_kb.db.answers.cost.question import Question, Service, next_month


class Line(NamedTuple):
    """Days of one service at one price interval.

    Attributes:
        service: its name in ``prices``.
        tariff: of the price.
        interval: of the price.
        first: the first day.
        end: the first day after the last one.
        quantity: cores or servers that are billed.
        months: how many, a part of a month by its days.
        prices: what the sources state.
    """

    service: str
    tariff: Tariff
    interval: Interval
    first: date
    end: date
    quantity: int
    months: Fraction
    prices: tuple[Price, ...]

    @property
    def is_undated(self) -> bool:
        """Whether no source states the first day of this price."""
        return all(price.begin == date.min for price in self.prices)

    @property
    def times(self) -> Fraction:
        """Days or months by which the amount is multiplied."""
        return Fraction((self.end - self.first).days) if self.tariff.unit.endswith("/day") else self.months

    @property
    def cost_low(self) -> Fraction:
        """Cost by the lowest price that sources state, not rounded."""
        return self.quantity * self.interval.low * self.times

    @property
    def cost_high(self) -> Fraction:
        """Cost by the highest price that sources state, not rounded."""
        return self.quantity * self.interval.high * self.times


class Gap(NamedTuple):
    """Days of one service for which no source states a price."""

    service: str
    first: date
    end: date


# What may count on a day, each with what holds then.
_Candidates = dict[Tariff, tuple[Interval, list[Price]]]


def lines(asked: Question, service: Service, stated: list[Price], least: int = 0) -> tuple[list[Line], list[Gap]]:
    """Return a service's days by price interval, in order, and the days without a price. Every day asked for is in exactly one of them.

    A month that is asked for as a whole counts as one month, whatever its length. Other months are charged by the day, at the
    daily price of the same condition. Without one, each day is a share of the month.

    Args:
        asked: the question.
        service: one of ``SERVICES``.
        stated: the service's prices.
        least: cores per server that are billed at least; notes of prices may state more.
    """
    usable = prices_of_any_currency(asked, service, stated)
    floor = counted_from(asked, stated)
    by_tariff: dict[Tariff, list[Price]] = {}
    for price in usable:
        by_tariff.setdefault(price.tariff, []).append(price)
    known = {tariff: intervals(prices) for tariff, prices in by_tariff.items()}

    result: list[Line] = []
    gaps: list[Gap] = []
    cuts = {day for price in usable for day in (price.begin, price.end)} | {floor}
    for begin, end, is_whole in _spans(asked, cuts):
        # Within a span the same prices hold on every day.
        candidates = {
            tariff: (next(interval for interval in known[tariff] if interval.begin <= begin < interval.end), holding)
            for tariff, prices in by_tariff.items()
            if (holding := [price for price in prices if price.begin <= begin < price.end])
            and (begin >= floor or any(price.begin != date.min for price in holding))
        }
        candidates = _in_currency(candidates, asked.currency, is_whole=is_whole)
        if not candidates:
            if gaps and gaps[-1].end == begin:
                gaps[-1] = gaps[-1]._replace(end=end)
            else:
                gaps.append(Gap(service.service, begin, end))
            continue
        tariff = _choose(candidates, is_whole=is_whole)
        interval, holding = candidates[tariff]
        share = Fraction((end - begin).days, monthrange(begin.year, begin.month)[1])
        quantity = _quantity(asked, service, max([least, *(minimum_in(price.note) for price in holding)]))
        line = Line(service.service, tariff, interval, begin, end, quantity, share, tuple(holding))
        if result and _continues(result[-1], line):
            before = result.pop()
            line = before._replace(end=end, months=before.months + share, prices=tuple(dict.fromkeys(before.prices + line.prices)))
        result.append(line)
    return result, gaps


def _in_currency(candidates: _Candidates, currency: str, *, is_whole: bool) -> _Candidates:
    """Return the candidates in a currency; where there are none, those of other currencies if each of these costs 0, which is 0 in all."""
    if own := {tariff: found for tariff, found in candidates.items() if tariff.currency == currency}:
        return own
    free: _Candidates = {}
    for other in sorted({tariff.currency for tariff in candidates}):
        of_other = {tariff: found for tariff, found in candidates.items() if tariff.currency == other}
        tariff = _choose(of_other, is_whole=is_whole)
        if of_other[tariff][0].high:
            return {}
        free[tariff] = of_other[tariff]
    return free


def _spans(asked: Question, cuts: set[date]) -> Iterator[tuple[date, date, bool]]:
    """Yield the period cut at months and where a price begins or ends, each with whether all of its month is asked for."""
    edges = cuts | {asked.first, asked.end}
    month = next_month(asked.first)
    while month < asked.end:
        edges.add(month)
        month = next_month(month)
    for begin, end in pairwise(sorted(day for day in edges if asked.first <= day <= asked.end)):
        yield begin, end, asked.first <= begin.replace(day=1) and next_month(begin) <= asked.end


def _choose(candidates: _Candidates, *, is_whole: bool) -> Tariff:
    """Return the tariff that counts: of a condition that is met, of the product, of the region; then the cheapest."""

    def rank(tariff: Tariff) -> tuple[Any, ...]:
        interval = candidates[tariff][0]
        return (tariff.condition == "", tariff.product is None, tariff.region is None, interval.high, interval.low)

    monthly = [tariff for tariff in candidates if tariff.unit.endswith("/month")]
    best = min(monthly or candidates, key=rank)
    # The price of a day is for those who pay the month's full price, not for those with a discount on the month.
    daily = [tariff for tariff in candidates if tariff.unit.endswith("/day") and tariff.condition == best.condition]
    return best if is_whole or not daily else min(daily, key=rank)


def _continues(before: Line, line: Line) -> bool:
    return (before.tariff, before.interval, before.end, before.quantity) == (line.tariff, line.interval, line.first, line.quantity) and (
        before.is_undated == line.is_undated
    )


def _quantity(asked: Question, service: Service, minimum: int) -> int:
    if service.counts == "server":
        return asked.servers or 0
    if asked.cores_per_server is not None:
        return (asked.servers or 0) * max(asked.cores_per_server, minimum)
    return asked.cores or 0
