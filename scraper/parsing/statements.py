"""How parsers write claims: those of a row, each one once, and the subject of a price."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from hotpatch_kb.db.model.claims import Claim

# What a row states about its subject: field, value, text as published.
Field: TypeAlias = tuple[str, str | None, str]


def stated(section: str, subject: str, row: int, fields: Iterable[Field]) -> Iterator[Claim]:
    """Return the claims of one row about one subject."""
    return (Claim(section, subject, name, value, text, row) for name, value, text in fields)


def distinct(claims: Iterable[Claim]) -> Iterator[Claim]:
    """Yield claims so that each section, subject and field occurs once.

    A row that is repeated states nothing new (KB5091572, 14393.9062). A second value of the same field is kept as ``field#2``;
    resolution decides between them.
    """
    first: dict[tuple[Any, ...], Claim] = {}
    others: dict[tuple[Any, ...], list[str | None]] = {}
    for claim in claims:
        key = claim[:3]
        earlier = first.setdefault(key, claim)
        if earlier is claim:  # as nearly every claim is
            yield claim
        elif claim.value != earlier.value and claim.value not in (values := others.setdefault(key, [])):
            values.append(claim.value)
            yield claim._replace(field=f"{claim.field}#{len(values) + 1}")


def price_subject(
    service: str, product: str, meter: str, currency: str, unit: str, *, condition: str = "", valid_from: str = "", region: str = ""
) -> str:
    """Return the subject of a price. Slashes separate its parts, so a unit such as "core/month" is written "core per month".

    >>> price_subject("Hotpatch", "ws2025", "Azure Arc-enabled server", "USD", "core/month", valid_from="2025-07-01")
    'price/Hotpatch/ws2025/Azure Arc-enabled server/USD core per month/-/2025-07-01'
    """
    parts = (service, product, meter, f"{currency} {unit.replace('/', ' per ')}".strip(), condition, valid_from)
    named = "/".join(part.replace("/", " ") or "-" for part in parts)
    return f"price/{named}" + (f"/{region}" if region else "")
