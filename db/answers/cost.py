"""What does it cost? Lines by price interval, each with its sources; disputed prices give a range, and no price is unknown, not 0.

Money is counted in exact fractions and rounded to cents once, when the answer is made. Days are cut as in the view price_intervals:
a ``to`` is the first day without, like ``valid_to``. Standard library alone.
"""

from __future__ import annotations

import re
import sqlite3
from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.model import reading
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Field, Message

Answer = dict[str, Any]


class Service(NamedTuple):
    """A service that is priced: its name in ``prices``, what its meters count, and its meter by platform."""

    service: str
    counts: str
    meters: dict[str, str]


SERVICES: Final = {
    "hotpatch": Service(
        "Hotpatch", "core", {"arc": "Azure Arc-enabled server", "azure": "Azure VM", "azure_local": "Azure Local VM"}
    ),
    "update-manager": Service(
        "Azure Update Manager",
        "server",
        {"arc": "Azure Arc-enabled server", "azure": "Azure VM", "azure_local": "Arc-enabled Azure Local VM"},
    ),
}  # fmt: skip
# A service may have a second meter, of days: "Azure Arc-enabled server, a day" at 0.16 USD beside 5 USD a month.
_DAY_METER: Final = ", a day"
# What a user may have that a price can depend on.
DISCOUNTS: Final = {
    "defender_p2": "Defender for Servers Plan 2",
    "software_assurance": "Software Assurance",
    "esu": "Extended Security Updates by Azure Arc",
}
# Conditions that a machine of a platform meets by being one.
_IMPLIED: Final = {"azure_local": "azure_local"}

MOST: Final = 1_000_000_000  # cores or servers; more is a slip of the keyboard
_YEARS: Final = range(2000, 2101)
FIELDS: Final = {name: Field(name) for name in ("cores", "servers", "cores_per_server")}
# How a price's note or a licence's requirement states a minimum in our words. None did in November 2026; the minimum of 16 cores of
# a Windows Server licence is another matter and no source applies it here.
_MINIMUM: Final = re.compile(r"\bbilled for at least (?P<cores>[0-9]{1,4}) cores per server\b", re.IGNORECASE)


class Question(NamedTuple):
    """What is asked: days from ``first`` to before ``end``; ``cores`` and ``servers`` in all, None where they do not matter.

    ``cores`` is counted from ``cores_per_server`` and ``servers`` where that is how they were given.
    """

    services: tuple[str, ...]
    product: str
    platform: str
    currency: str
    region: str | None
    discounts: tuple[str, ...]
    first: date
    end: date
    cores: int | None
    servers: int | None
    cores_per_server: int | None


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
        """What only prices of one meter, unit, currency, region and condition have in common."""
        return Tariff(self.condition, self.product, self.region, self.meter, self.unit, self.currency)


class Tariff(NamedTuple):
    """What prices must share to be compared; those that differ in any of these are no dispute."""

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


class Line(NamedTuple):
    """Days of one service at one price interval. ``months`` counts a part of a month by its days; costs are not rounded."""

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
        """Whether no source states since when this is the price."""
        return all(price.begin == date.min for price in self.prices)

    @property
    def times(self) -> Fraction:
        """By how many units of time the amount counts."""
        return Fraction((self.end - self.first).days) if self.tariff.unit.endswith("/day") else self.months

    @property
    def cost_low(self) -> Fraction:
        """The least that the sources state."""
        return self.quantity * self.interval.low * self.times

    @property
    def cost_high(self) -> Fraction:
        """The most that the sources state."""
        return self.quantity * self.interval.high * self.times


class Gap(NamedTuple):
    """Days of one service for which no source states a price."""

    service: str
    first: date
    end: date


# --- what is asked ----------------------------------------------------------------------------------------------------


def whole_number(text: str, field: str) -> int:
    """A number of cores or servers.

    Raises:
        BadInput: it is not a whole number of 1 or more (case 40).

    >>> whole_number(" 400 ", "cores")
    400
    """
    if not re.fullmatch(r"[0-9]{1,10}", text.strip()) or not 1 <= int(text) <= MOST:
        raise BadInput(
            "expected {field} as a whole number from 1 to {most}, got {got!r}", field=Field(field), most=MOST, got=text[: reading.MAX_SHOWN]
        )
    return int(text)


def period(since: str | None, until: str | None, today: str) -> tuple[date, date]:
    """The first day, and the first day after the last one.

    Args:
        since: a month or day, the current month if None.
        until: a month or day, inclusive; if None the current month, or that of ``since`` where it is later.
        today: ISO date.

    Raises:
        BadInput: one of them cannot be read, the end lies before the begin, or there is an end alone.

    >>> [day.isoformat() for day in period("2025-08", "2026-04", "2026-07-20")]
    ['2025-08-01', '2026-05-01']
    """
    if since is None and until is not None:
        raise BadInput("expected {since} with {until} {got}, got none", since=Field("from"), until=Field("to"), got=until)
    first, _ = _days(since or today[:7], "from")
    _, end = _days(until or max(today[:7], first.isoformat()[:7]), "to")
    if end <= first:
        raise BadInput(
            "expected {until} no earlier than {since}, got {since} {first} and {until} {last}",
            since=Field("from"), until=Field("to"), first=since, last=until,
        )  # fmt: skip
    return first, end


def _days(text: str, field: str) -> tuple[date, date]:
    """Return a month's or day's first day, and the first day after it."""
    if month := reading.find_month(text):
        first = date.fromisoformat(f"{month}-01")
        return first, _next_month(first)
    day = reading.find_day(text)
    if day is None or int(day[:4]) not in _YEARS:
        raise BadInput(
            "expected {field} as a month such as 2026-04 or a day such as 2026-04-14, of the years {first} to {last}, got {got!r}",
            field=Field(field), first=_YEARS[0], last=_YEARS[-1], got=text[: reading.MAX_SHOWN],
        )  # fmt: skip
    first = date.fromisoformat(day)
    return first, first + timedelta(days=1)


def question(
    *,
    services: Iterable[str],
    product: str,
    platform: str,
    currency: str,
    first: date,
    end: date,
    cores: int | None,
    servers: int | None,
    cores_per_server: int | None,
    discounts: Iterable[str] = (),
    region: str | None = None,
) -> Question:
    """A question that can be answered.

    Raises:
        BadInput: numbers that a service is billed by are lacking or contradict each other, or the currency is none.
    """
    services = tuple(name for name in SERVICES if name in set(services))
    if not re.fullmatch(r"[A-Za-z]{3}", currency.strip()):
        raise BadInput("expected {field} as a code such as USD, got {got!r}", field=Field("currency"), got=currency[: reading.MAX_SHOWN])
    if cores is not None and cores_per_server is not None:
        raise BadInput(
            "expected {cores} (of all servers together) or {cores_per_server}, got {all} and {each}",
            **FIELDS, all=cores, each=cores_per_server,
        )  # fmt: skip
    if cores_per_server is not None and servers is None:
        raise BadInput("expected {servers} with {cores_per_server} {each}, got none", **FIELDS, each=cores_per_server)
    if cores_per_server is not None and servers is not None:
        cores = cores_per_server * servers
    if cores is None and "hotpatch" in services:
        raise BadInput("expected {cores} (of all servers together), or {cores_per_server} and {servers}, got neither", **FIELDS)
    if "hotpatch" in services and cores is not None and servers is not None and cores < servers:
        raise BadInput(
            "expected {cores} of all servers together, so at least {count} for {count} servers, got {got}; the cores of each server are {cores_per_server}",
            **FIELDS, count=servers, got=cores,
        )  # fmt: skip
    if servers is None and "update-manager" in services:
        raise BadInput(
            "expected {servers} with {service}, which is billed by server, got none", **FIELDS, service=Message("--service update-manager")
        )
    return Question(
        services, product, platform, currency.strip().upper(), region.strip() or None if region else None,
        tuple(name for name in DISCOUNTS if name in set(discounts)), first, end, cores, servers, cores_per_server,
    )  # fmt: skip


# --- prices -----------------------------------------------------------------------------------------------------------


def prices_of(conn: sqlite3.Connection, service: str) -> list[Price]:
    """Every price of a service, as stated. By the index: the view reads all prices there are, which may be 100,000."""
    found = conn.execute(
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
        for product, meter, unit, currency, region, condition, amount, valid_from, valid_to, note, source_url, trust in found
    ]  # fmt: skip


def intervals(prices: Iterable[Price]) -> list[Interval]:
    """The rows that the view ``price_intervals`` has for prices of one tariff, in order."""
    prices = list(prices)
    found: list[Interval] = []
    for begin, end in pairwise(sorted({day for price in prices for day in (price.begin, price.end)})):
        amounts = [price.amount for price in prices if price.begin <= begin and price.end >= end]
        if not amounts:
            continue
        here = Interval(begin, end, min(amounts), max(amounts))
        if found and found[-1].end == begin and found[-1][2:] == here[2:]:
            here = found.pop()._replace(end=end)
        found.append(here)
    return found


def _usable(asked: Question, service: Service, prices: list[Price]) -> list[Price]:
    """Prices of the product, meter, unit, currency, region and conditions that are asked for. Nothing is ever converted."""
    meter = service.meters[asked.platform]
    conditions = {"", _IMPLIED.get(asked.platform, ""), *asked.discounts}
    units = {(meter, f"{service.counts}/month"), (f"{meter}{_DAY_METER}", f"{service.counts}/day")}
    return [
        price
        for price in prices
        if (price.meter, price.unit) in units
        and price.currency == asked.currency
        and price.product in {None, asked.product}
        and price.region in {None, asked.region}
        and price.condition in conditions
    ]


def _counted_from(asked: Question, prices: list[Price]) -> date:
    """The first day for which any source prices the service of the product: no price without a day is taken to be older."""
    return min((p.begin for p in prices if p.begin != date.min and p.product in {None, asked.product}), default=date.min)


def lines(asked: Question, service: Service, stated: list[Price], least: int = 0) -> tuple[list[Line], list[Gap]]:
    """A service's days by price interval, in order, and the days without a price. Every day asked for is in exactly one of them.

    A month that is asked for as a whole counts as one month, whatever its length. Of others, days count: by the meter of
    days where a source states one for the same condition, else as a share of that month.

    Args:
        asked: the question.
        service: one of ``SERVICES``.
        stated: the service's prices.
        least: cores per server that are billed at least, beside what notes of prices say.
    """
    usable = _usable(asked, service, stated)
    floor = _counted_from(asked, stated)
    by_tariff: dict[Tariff, list[Price]] = {}
    for price in usable:
        by_tariff.setdefault(price.tariff, []).append(price)
    known = {tariff: intervals(prices) for tariff, prices in by_tariff.items()}

    found: list[Line] = []
    gaps: list[Gap] = []
    cuts = {day for price in usable for day in (price.begin, price.end)} | {floor}
    for begin, end, is_whole in _spans(asked, cuts):
        # Within a span the same prices hold on every day.
        here = {
            tariff: (next(interval for interval in known[tariff] if interval.begin <= begin < interval.end), holding)
            for tariff, prices in by_tariff.items()
            if (holding := [price for price in prices if price.begin <= begin < price.end])
            and (begin >= floor or any(price.begin != date.min for price in holding))
        }
        if not here:
            if gaps and gaps[-1].end == begin:
                gaps[-1] = gaps[-1]._replace(end=end)
            else:
                gaps.append(Gap(service.service, begin, end))
            continue
        tariff = _choose(here, is_whole=is_whole)
        interval, holding = here[tariff]
        share = Fraction((end - begin).days, monthrange(begin.year, begin.month)[1])
        quantity = _quantity(asked, service, max([least, *(_minimum(price.note) for price in holding)]))
        line = Line(service.service, tariff, interval, begin, end, quantity, share, tuple(holding))
        if found and _continues(found[-1], line):
            before = found[-1]
            line = before._replace(end=end, months=before.months + share, prices=tuple(dict.fromkeys(before.prices + line.prices)))
            found.pop()
        found.append(line)
    return found, gaps


def _spans(asked: Question, cuts: set[date]) -> Iterator[tuple[date, date, bool]]:
    """The period cut at months and at days on which a price begins or ends; with whether all of that month is asked for."""
    edges = cuts | {asked.first, asked.end}
    month = _next_month(asked.first)
    while month < asked.end:
        edges.add(month)
        month = _next_month(month)
    for begin, end in pairwise(sorted(day for day in edges if asked.first <= day <= asked.end)):
        yield begin, end, asked.first <= begin.replace(day=1) and _next_month(begin) <= asked.end


def _next_month(day: date) -> date:
    """The first day of the month after a day's."""
    return day.replace(day=1) + timedelta(days=monthrange(day.year, day.month)[1])


def _choose(here: dict[Tariff, tuple[Interval, list[Price]]], *, is_whole: bool) -> Tariff:
    """The tariff that counts: of a condition that is met, of the product, of the region; then the cheapest."""

    def rank(tariff: Tariff) -> tuple[Any, ...]:
        interval = here[tariff][0]
        return (tariff.condition == "", tariff.product is None, tariff.region is None, interval.high, interval.low)

    monthly = [tariff for tariff in here if tariff.unit.endswith("/month")]
    best = min(monthly or here, key=rank)
    # A day's price is of use only to who pays the month's price by days: not to who has a discount on the month.
    daily = [tariff for tariff in here if tariff.unit.endswith("/day") and tariff.condition == best.condition]
    return best if is_whole or not daily else min(daily, key=rank)


def _continues(before: Line, line: Line) -> bool:
    return (before.tariff, before.interval, before.end, before.quantity) == (line.tariff, line.interval, line.first, line.quantity) and (
        before.is_undated == line.is_undated
    )


# --- minimums ---------------------------------------------------------------------------------------------------------


def _minimum(text: str | None) -> int:
    return max((int(found["cores"]) for found in _MINIMUM.finditer(text or "")), default=0)


def _stated_minimum(conn: sqlite3.Connection, asked: Question) -> int:
    """The cores per server that a licence or rule says are billed at least, 0 where none does."""
    found = conn.execute(
        """select requirement from eligibility where kind in ('licence', 'rule')
        and (product is null or product = ?) and (platform is null or platform = ?)""",
        (asked.product, asked.platform),
    )
    return max((_minimum(row[0]) for row in found), default=0)


def _quantity(asked: Question, service: Service, minimum: int) -> int:
    if service.counts == "server":
        return asked.servers or 0
    if asked.cores_per_server is not None:
        return (asked.servers or 0) * max(asked.cores_per_server, minimum)
    return asked.cores or 0


# --- the answer -------------------------------------------------------------------------------------------------------


def cents(amount: Fraction) -> float:
    """Money rounded to cents, halves up.

    >>> cents(Fraction("0.125")), cents(Fraction(5400))
    (0.13, 5400.0)
    """
    return int(amount * 100 + Fraction(1, 2)) / 100


def cost(conn: sqlite3.Connection, asked: Question, today: str) -> Answer:
    """What it costs, with the lines that the total is made of.

    Args:
        conn: a database with the fact tables.
        asked: see ``question``.
        today: ISO date, beyond which prices are only what sources state so far.

    Returns:
        the question as it was understood; ``items``, one per service and price interval; ``unknown``, days without a price, their
        costs None; ``cost_low`` and ``cost_high``, in ``currency``, None where there are unknown days, while ``known_cost_low``
        and ``known_cost_high`` are those of the items; ``notes``. Every ``to`` is the first day without.
    """
    items: list[Line] = []
    unknown: list[Gap] = []
    notes: list[Message] = []
    least = _stated_minimum(conn, asked)
    for name in asked.services:
        service = SERVICES[name]
        stated = prices_of(conn, service.service)
        found, gaps = lines(asked, service, stated, least)
        items += found
        unknown += gaps
        if gaps:
            notes += _notes_on_gaps(asked, service, stated, found)
        notes += _notes_on_lines(asked, service, stated, found)
        if service.counts == "core":
            notes += _notes_on_minimums(asked, found, least)
    notes += _notes_of_all(asked, items, today)
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
        "notes": list(dict.fromkeys(notes)),
    }


def _months_between(first: date, end: date) -> Fraction:
    """Days as months, a part of a month by its days."""
    total = Fraction()
    while first < end:
        following = min(_next_month(first), end)
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
        # A note that another one has in it says nothing more.
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


def _notes_on_gaps(asked: Question, service: Service, stated: list[Price], found: list[Line]) -> Iterator[Message]:
    """Why days have no price, and what there is instead."""
    meter = service.meters[asked.platform]
    of_product = [price for price in stated if price.product in {None, asked.product}]
    of_meter = [price for price in of_product if price.meter == meter]
    name = service.service
    yield Message("no source states a price of {service} for all of these days, which does not mean that it was free", service=name)
    if not of_product:
        yield Message("there is no price of {service} for {product}", service=name, product=asked.product)
    elif not of_meter:
        others = ", ".join(sorted({price.meter.removesuffix(_DAY_METER) for price in of_product}))
        yield Message(
            "there is no price of {service} for {product} as {meter}, but as {others}",
            service=name, product=asked.product, meter=meter, others=others,
        )  # fmt: skip
    elif not found and asked.currency not in (currencies := {price.currency for price in of_meter}):
        stated_in = ", ".join(sorted(currencies))
        yield Message("prices of {service} are stated in {currencies}; amounts are never converted", service=name, currencies=stated_in)
    if regions := sorted({p.region for p in of_meter if p.region and p.currency == asked.currency} - {asked.region}):
        shown = ", ".join(regions[:12]) + (" ..." if len(regions) > 12 else "")
        yield Message(
            "prices of {service} are stated for regions, which {region} chooses: {regions}",
            service=name, region=Field("region"), regions=shown,
        )  # fmt: skip
    if units := sorted({p.unit for p in of_meter} - {f"{service.counts}/month", f"{service.counts}/day"}):
        yield Message("prices of {service} by {units} are stated, and not counted", service=name, units=", ".join(units))


def _notes_on_lines(asked: Question, service: Service, stated: list[Price], found: list[Line]) -> Iterator[Message]:
    """What was asked for and had no effect, and what the lines take for granted."""
    if asked.region and found and all(line.tariff.region is None for line in found):
        yield Message(
            "no source states a price of {service} for the region {region}: the one that holds everywhere counts",
            service=service.service, region=asked.region,
        )  # fmt: skip
    priced = {price.condition for price in _usable(asked, service, stated)}
    used = {line.tariff.condition for line in found}
    for condition in asked.discounts:
        discount = Message(f"{DISCOUNTS[condition]} ({Field(condition)})")
        if condition not in priced:
            yield Message(
                "{discount} changes nothing of {service}: no source states a price with it for {meter} in {currency}",
                discount=discount, service=service.service, meter=service.meters[asked.platform], currency=asked.currency,
            )  # fmt: skip
        elif condition not in used:
            yield Message(
                "{discount} changes nothing of {service}: it has no price for these days, or none below that of another discount",
                discount=discount, service=service.service,
            )  # fmt: skip
        elif "" in used:
            yield Message(
                "{discount} has a price of {service} for some of the days; the others cost what they cost without",
                discount=discount, service=service.service,
            )  # fmt: skip
    if any(line.is_undated for line in found):
        floor = _counted_from(asked, stated)
        if floor == date.min:
            yield Message("a price of {service} is stated without its first day", service=service.service)
        else:
            yield Message(
                "a price of {service} is stated without its first day: it counts from {day}, the first day for which any price of that service is stated",
                service=service.service, day=floor,
            )  # fmt: skip


def _notes_on_minimums(asked: Question, found: list[Line], least: int) -> Iterator[Message]:
    if minimum := max([least, *(_minimum(price.note) for line in found for price in line.prices)]):
        if asked.cores_per_server is None:
            field = Field("cores_per_server")
            yield Message("at least {minimum} cores per server are billed, which counts only with {field}", minimum=minimum, field=field)
        elif asked.cores_per_server < minimum:
            yield Message(
                "at least {minimum} cores per server are billed: servers with {cores} count as {minimum}",
                minimum=minimum, cores=asked.cores_per_server,
            )  # fmt: skip


def _notes_of_all(asked: Question, items: list[Line], today: str) -> Iterator[Message]:
    if any(line.interval.low != line.interval.high for line in items):
        yield Message("sources disagree on a part of the days: the least and the most that they state are given")
    by_days = [line for line in items if line.tariff.unit.endswith("/day")]
    by_share = [line for line in items if line.months.denominator != 1 and line not in by_days]
    if any(line.interval.high for line in by_share):
        yield Message("parts of months count by their days, as a share of that month, where no price of a day is stated")
    if by_days:
        yield Message("months that are not asked for as a whole count by the price of a day, for every day")
    if asked.cores is not None and "hotpatch" not in asked.services:
        yield Message("cores do not matter to Azure Update Manager, which is billed by server")
    if items and max(line.end for line in items).isoformat() > (date.fromisoformat(today) + timedelta(days=1)).isoformat():
        yield Message("days after {day} cost what sources state so far", day=today)
