"""How parsers write claims: those of a row, each one once, what cannot be read, and the subject of a price."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias

from hotpatch_kb.db.model.claims import LONGEST_QUARANTINED, Claim
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import builds_in, clean, kbs_in, long_dates_in

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


# 2026-07-14, as Learn's tables write dates
_ISO_DATE: Final = re.compile(r"(?<!\d)20\d\d-[01]\d-[0-3]\d(?!\d)")


def quarantined(
    section: str, kind: str, text: str, reason: object, row: int, products: Iterable[str] = (), *, may_be_release: bool | None = None
) -> Iterator[Claim]:
    """Yield the claims of what is on a page and cannot be read or believed, so that the rest of the page can be read.

    Args:
        section: the part of the page.
        kind: "entry", "cell", "column", "heading" or "label".
        text: as published.
        reason: what was expected.
        row: its row, which counts as a row of its section.
        products: whose release it may be.
        may_be_release: whether its products must not be called current; by default where it has a KB, a build or a date.
    """
    # JSON may hold half of a surrogate pair, which no database takes.
    published, reason = (clean(str(said)).encode("utf-8", "replace").decode() for said in (text, reason))
    kbs, builds = kbs_in(published), builds_in(published)
    dates = (*long_dates_in(published), *_ISO_DATE.findall(published))
    if may_be_release is None:
        may_be_release = bool(kbs or builds or dates)
    fields: list[Field] = [
        ("kind", kind, published),
        ("reason", reason, published),
        ("may_be_release", str(int(may_be_release)), published),
    ]
    fields += [("product" if number == 1 else f"product#{number}", product, published) for number, product in enumerate(products, 1)]
    # Two KBs, builds or days do not say which one it is of.
    fields += [
        (name, str(found[0]), published)
        for name, found in (("kb", kbs), ("build", builds), ("release_date", dates))
        if len(set(found)) == 1
    ]
    return stated(section, f"quarantine/{published[:LONGEST_QUARANTINED]}", row, fields)


def readable(
    section: str,
    kind: str,
    text: str,
    row: int,
    claims: Callable[[], Iterable[Claim]],
    products: Iterable[str] = (),
    *,
    may_be_release: bool | None = None,
) -> list[Claim]:
    """Return the claims of one cell, entry or label; where it cannot be read, those that quarantine it (see ``quarantined``)."""
    try:
        return list(claims())
    except UnexpectedPage as error:
        return list(quarantined(section, kind, text, error, row, products, may_be_release=may_be_release))


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
