"""Read what is asked: services, days, cores and servers, as a question that can be answered."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, NamedTuple

from hotpatch_kb.db.model import reading
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Field, Message


class Service(NamedTuple):
    """A service with a price: its name in ``prices``, what its meters count, and its meter by platform."""

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
# What a customer may have that lowers a price, by the condition of the price.
DISCOUNTS: Final = {
    "defender_p2": "Defender for Servers Plan 2",
    "software_assurance": "Software Assurance",
    "esu": "Extended Security Updates by Azure Arc",
}

MOST: Final = 1_000_000_000  # cores or servers; more is a typing error
FIELDS: Final = {name: Field(name) for name in ("cores", "servers", "cores_per_server")}
_YEARS: Final = range(2000, 2101)


class Question(NamedTuple):
    """A question that can be answered.

    Attributes:
        services: keys of ``SERVICES``.
        product: its id.
        platform: a key of ``Service.meters``.
        currency: a code such as USD.
        region: of Azure, None where the price is the same everywhere.
        discounts: keys of ``DISCOUNTS``.
        first: the first day.
        end: the first day after the last one.
        cores: of all servers together; None where no service is billed by core.
        servers: how many; None where they do not matter.
        cores_per_server: as given, None where ``cores`` was given instead.
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


def whole_number(text: str, field: str) -> int:
    """Return a number of cores or servers.

    Raises:
        BadInput: it is not a whole number of 1 or more.

    >>> whole_number(" 400 ", "cores")
    400
    """
    if not re.fullmatch(r"[0-9]{1,10}", text.strip()) or not 1 <= int(text) <= MOST:
        raise BadInput(
            "expected {field} as a whole number from 1 to {most}, got {got!r}", field=Field(field), most=MOST, got=text[: reading.MAX_SHOWN]
        )
    return int(text)


def period(since: str | None, until: str | None, today: str) -> tuple[date, date]:
    """Return the first day, and the first day after the last one.

    Args:
        since: a month or day, the current month if None.
        until: a month or day, inclusive; if None the current month, or that of ``since`` where it is later.
        today: ISO date.

    Raises:
        BadInput: one of them cannot be read, the end is before the beginning, or the beginning is missing.

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
        return first, next_month(first)
    day = reading.find_day(text)
    if day is None or int(day[:4]) not in _YEARS:
        raise BadInput(
            "expected {field} as a month such as 2026-04 or a day such as 2026-04-14, of the years {first} to {last}, got {got!r}",
            field=Field(field), first=_YEARS[0], last=_YEARS[-1], got=text[: reading.MAX_SHOWN],
        )  # fmt: skip
    first = date.fromisoformat(day)
    return first, first + timedelta(days=1)


def read_question(
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
    """Return a question that can be answered.

    Raises:
        BadInput: numbers that a service is billed by are missing or contradict each other, or the currency is not a code.
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


def next_month(day: date) -> date:
    """Return the first day of the next month."""
    return day.replace(day=1) + timedelta(days=monthrange(day.year, day.month)[1])
