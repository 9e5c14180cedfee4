"""Write the notes of an answer: what was asked for and has no effect, and what the lines assume."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from hotpatch_kb.db.answers.cost.lines import Line
from hotpatch_kb.db.answers.cost.prices import DAY_METER, MachineCount, Price, counted_from, minimum_in, usable_prices
from hotpatch_kb.db.answers.cost.question import DISCOUNTS, Question, Service
from hotpatch_kb.db.model.messages import Field, Message
from hotpatch_kb.db.model.products import named

# What a virtual machine counts as.
_COUNTED_AS: Final = {"virtual_cores": Message("its virtual cores"), "one_core": Message("one core, whatever its virtual cores")}


def on_gaps(asked: Question, service: Service, stated: list[Price], items: list[Line]) -> Iterator[Message]:
    """Yield why days have no price, and which prices there are instead."""
    meter = service.meters[asked.platform]
    of_product = [price for price in stated if price.product in {None, asked.product}]
    of_meter = [price for price in of_product if price.meter == meter]
    name = service.service
    yield Message("no source states a price of {service} for all of these days, which does not mean that it was free", service=name)
    if not of_product:
        yield Message("there is no price of {service} for {product}", service=Message(name), product=named(asked.product).name)
    elif not of_meter:
        others = ", ".join(sorted({price.meter.removesuffix(DAY_METER) for price in of_product}))
        yield Message(
            "there is no price of {service} for {product} as {meter}, but as {others}",
            service=Message(name), product=named(asked.product).name, meter=meter, others=others,
        )  # fmt: skip
    elif not any(line.tariff.currency == asked.currency for line in items) and asked.currency not in (
        currencies := {price.currency for price in of_meter}
    ):
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


def on_lines(asked: Question, service: Service, stated: list[Price], items: list[Line]) -> Iterator[Message]:
    """Yield what was asked for and has no effect, and what the lines assume."""
    if asked.region and items and all(line.tariff.region is None for line in items):
        yield Message(
            "no source states a price of {service} for the region {region}: the one that holds everywhere counts",
            service=service.service, region=asked.region,
        )  # fmt: skip
    priced = {price.condition for price in usable_prices(asked, service, stated)}
    used = {line.tariff.condition for line in items}
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
    if any(line.is_undated for line in items):
        floor = counted_from(asked, stated)
        if floor == date.min:
            yield Message("a price of {service} is stated without its first day", service=service.service)
        else:
            yield Message(
                "a price of {service} is stated without its first day: it counts from {day}, the first day for which any price of that service is stated",
                service=service.service, day=floor,
            )  # fmt: skip


def on_other_currencies(asked: Question, items: list[Line]) -> Iterator[Message]:
    """Yield where a price of 0 in another currency counts."""
    for service in dict.fromkeys(line.service for line in items):
        if others := sorted({line.tariff.currency for line in items if line.service == service} - {asked.currency}):
            yield Message(
                "no source states a price of {service} in {currency} for some or all of these days: it is stated as 0 {others}, which is 0 in any currency",
                service=service, currency=asked.currency, others=", ".join(others),
            )  # fmt: skip


def on_minimums(asked: Question, items: list[Line], least: int) -> Iterator[Message]:
    """Yield how many cores per server are billed at least, where that is more than was asked for."""
    if minimum := max([least, *(minimum_in(price.note) for line in items for price in line.prices)]):
        if asked.cores_per_server is None:
            field = Field("cores_per_server")
            yield Message("at least {minimum} cores per server are billed, which counts only with {field}", minimum=minimum, field=field)
        elif asked.cores_per_server < minimum:
            yield Message(
                "at least {minimum} cores per server are billed: servers with {cores} count as {minimum}",
                minimum=minimum, cores=asked.cores_per_server,
            )  # fmt: skip


def on_machines(items: list[Line], disputed: list[MachineCount]) -> Iterator[Message]:
    """Yield what a virtual machine counts as, where sources of a price that costs something disagree, and which of them is believed."""
    stating = {price.source_url for line in items if line.interval.high for price in line.prices}
    for count in disputed:
        if {count.source_url, count.other_url} & stating:
            yield Message(
                "a virtual machine counts as {believed}, by {source}; {other_source} disagrees and says {other}, which is not used here",
                believed=_COUNTED_AS[count.believed], source=count.source_url,
                other=_COUNTED_AS[count.other], other_source=count.other_url,
            )  # fmt: skip


def on_total(asked: Question, items: list[Line], today: str) -> Iterator[Message]:
    """Yield what holds for the lines of all services."""
    yield from on_other_currencies(asked, items)
    if asked.services == ("hotpatch",) and asked.servers and asked.cores_per_server is None:
        yield Message(
            "{cores} cores of all {servers} servers together are counted, not {cores} of each: {field} states the cores of each",
            cores=asked.cores, servers=asked.servers, field=Field("cores_per_server"),
        )  # fmt: skip
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
