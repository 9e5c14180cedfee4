"""Read what sources state: prices, the intervals they make, and minimums."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Final, NamedTuple

from hotpatch_kb.db.answers.cost.question import Question, Service

# A service may have a second meter, of days: "Azure Arc-enabled server, a day" at 0.16 USD beside 5 USD a month.
DAY_METER: Final = ", a day"
# Conditions that every machine of a platform meets.
_IMPLIED: Final = {"azure_local": "azure_local"}
# How a price's note or a licence's requirement states a minimum in our words. None did in November 2026. The minimum of 16 cores
# of a Windows Server licence is another one, which no source applies here.
_MINIMUM: Final = re.compile(r"\bbilled for at least (?P<cores>[0-9]{1,4}) cores per server\b", re.IGNORECASE)


class Price(NamedTuple):
    """A row of ``prices``. ``begin`` and ``end`` are ``date.min`` and ``date.max`` where the source states no day."""

    product: str | None
    meter: str
    unit: str
    currency: str
    region: str | None
    condition: str
    amount: Fraction
    begin: date
    end: date
    note: str | None
    source_url: str
    trust: str

    @property
    def tariff(self) -> Tariff:
        """The tariff that the price belongs to."""
        return Tariff(self.condition, self.product, self.region, self.meter, self.unit, self.currency)


class Tariff(NamedTuple):
    """What prices share that can be compared: amounts of different tariffs do not contradict each other."""

    condition: str
    product: str | None
    region: str | None
    meter: str
    unit: str
    currency: str


class Interval(NamedTuple):
    """A row of the view ``price_intervals`` for one tariff."""

    begin: date
    end: date
    low: Fraction
    high: Fraction


def read_prices(conn: sqlite3.Connection, service: str) -> list[Price]:
    """Return every price of a service, as stated.

    From the table, by its index: the view ``price_intervals`` reads all prices, which may be 100,000.
    """
    rows = conn.execute(
        """select product, meter, unit, currency, region, condition, amount, valid_from, valid_to, note, source_url, trust
        from prices where service = ? order by product, meter, valid_from, source_url, price""",
        (service,),
    )
    return [
        Price(
            product, meter, unit, currency, region, condition,
            Fraction(repr(amount)),  # the decimal number that was stated, not the float nearest to it
            date.fromisoformat(valid_from) if valid_from else date.min,
            date.fromisoformat(valid_to) if valid_to else date.max,
            note, source_url, trust,
        )
        for product, meter, unit, currency, region, condition, amount, valid_from, valid_to, note, source_url, trust in rows
    ]  # fmt: skip


class MachineCount(NamedTuple):
    """What a virtual machine counts as where a price is by core, as two sources state it that disagree: a code and the address, believed first."""

    believed: str
    source_url: str
    other: str
    other_url: str


def disputed_machines(conn: sqlite3.Connection, service: str) -> list[MachineCount]:
    """Return where sources disagree on what a virtual machine counts as."""
    rows = conn.execute(
        """select distinct x.value_won, w.source_url, x.value_lost, l.source_url from conflicts as x
        join claims as w on w.claim = x.claim_won join claims as l on l.claim = x.claim_lost
        where x.field = 'virtual_machine' and x.subject >= ? and x.subject < ? order by 1, 2, 3, 4""",
        (f"price/{service}/", f"price/{service}0"),
    )
    return [MachineCount(*row) for row in rows]


def intervals(prices: Iterable[Price]) -> list[Interval]:
    """Return the rows that the view ``price_intervals`` has for prices of one tariff, in order."""
    prices = list(prices)
    rows: list[Interval] = []
    for begin, end in pairwise(sorted({day for price in prices for day in (price.begin, price.end)})):
        amounts = [price.amount for price in prices if price.begin <= begin and price.end >= end]
        if not amounts:
            continue
        row = Interval(begin, end, min(amounts), max(amounts))
        if rows and rows[-1].end == begin and rows[-1][2:] == row[2:]:
            row = rows.pop()._replace(end=end)
        rows.append(row)
    return rows


def usable_prices(asked: Question, service: Service, prices: list[Price]) -> list[Price]:
    """Return the prices of the product, meter, unit, currency, region and conditions asked for. Nothing is ever converted."""
    return [price for price in prices_of_any_currency(asked, service, prices) if price.currency == asked.currency]


def prices_of_any_currency(asked: Question, service: Service, prices: list[Price]) -> list[Price]:
    """Return the prices of the product, meter, unit, region and conditions asked for."""
    meter = service.meters[asked.platform]
    conditions = {"", _IMPLIED.get(asked.platform, ""), *asked.discounts}
    units = {(meter, f"{service.counts}/month"), (f"{meter}{DAY_METER}", f"{service.counts}/day")}
    return [
        price
        for price in prices
        if (price.meter, price.unit) in units
        and price.product in {None, asked.product}
        and price.region in {None, asked.region}
        and price.condition in conditions
    ]


def counted_from(asked: Question, prices: list[Price]) -> date:
    """Return the first day for which any source states a price of the product: a price without a day is not taken to be older."""
    return min((p.begin for p in prices if p.begin != date.min and p.product in {None, asked.product}), default=date.min)


def minimum_in(text: str | None) -> int:
    """Return the cores per server that a text says are billed at least, 0 where it does not."""
    return max((int(found["cores"]) for found in _MINIMUM.finditer(text or "")), default=0)


def stated_minimum(conn: sqlite3.Connection, asked: Question) -> int:
    """Return the cores per server that a licence or rule says are billed at least, 0 where none does."""
    requirements = conn.execute(
        """select requirement from eligibility where kind in ('licence', 'rule')
        and (product is null or product = ?) and (platform is null or platform = ?)""",
        (asked.product, asked.platform),
    )
    return max((minimum_in(row[0]) for row in requirements), default=0)
