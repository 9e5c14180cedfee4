"""What the scraper hands to the database: a page that was read, and the claims that it states."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

# Characters of the text in a subject "quarantine/<text>"; the text as published is kept whole beside it.
LONGEST_QUARANTINED: Final = 200


class Claim(NamedTuple):
    """A statement of one place of one page.

    Attributes:
        section: the part of the page, as its heading names it (a navigation category, a table, a calendar year).
        subject: the stable name of the fact, such as ``release/ws2025/5087423/26100.32772``.
        field: the property that is stated, such as ``release_date``.
        value: as we read it; None where the page says that there is no value ("End of updates").
        value_text: as published.
        row: the row of its section that states it, counted from 0 (the checks count rows).
        source_url: the address that the page names as its source, "" where the page itself is the source.
    """

    section: str
    subject: str
    field: str
    value: str | None
    value_text: str
    row: int
    source_url: str = ""

    @property
    def name(self) -> str:
        """The field without its number (see ``name_of_field``)."""
        return name_of_field(self.field)


def name_of_field(field: str) -> str:
    """Return a field without its number: what one place states twice ("build", "build#2") is the same field."""
    return field.partition("#")[0]


class Unread(NamedTuple):
    """A part of an accepted page that no parser reads: a column, a heading, a text in an unknown place.

    Attributes:
        section: the part of the page, "" for the page as a whole.
        what: the kind of thing, such as "column".
        note: what was expected, and the text that was there.
    """

    section: str
    what: str
    note: str


class Page(NamedTuple):
    """An answer of a server (or of a saved tree), as served.

    Attributes:
        source: id of the source, the name of its module.
        page_url: the page's name in claims. It does not change when the address does; but an article is named by the address that answered.
        url: the address that was requested.
        final_url: the address that answered, after redirects; relative links resolve against it.
        fetched_at: UTC, ``2026-07-23T12:00:00Z``.
        status: HTTP status.
        headers: names in lower case.
        body: the bytes as served.
    """

    source: str
    page_url: str
    url: str
    final_url: str
    fetched_at: str
    status: int
    body: bytes
    headers: Mapping[str, str] = MappingProxyType({})


class Correction(NamedTuple):
    """A person's decision about one claim.

    Attributes:
        correction: id, a hash of source, subject, field and value.
        source: of the claim.
        subject: of the claim.
        field: of the claim.
        value: as the source states it.
        new_value: the value to take instead, "" to ignore the claim.
        why: the reason.
        url: where the reason can be checked.
        decided_on: ISO date.
    """

    correction: int
    source: str
    subject: str
    field: str
    value: str
    new_value: str
    why: str
    url: str
    decided_on: str


# --- subjects: the names of facts in claims ----------------------------------------------------------------------------


class ReleaseName(NamedTuple):
    """What the subject of a release says.

    Attributes:
        product: its servicing line.
        kb: None where the subject has none.
        build: None where the subject has none.
        baseline_day: ISO date of a baseline that a list names without KB and build; None for every other release.
    """

    product: str
    kb: int | None
    build: str | None
    baseline_day: str | None


def release_subject(product: str, kb: int | str | None, build: object | None) -> str:
    """Return the subject of a release, "-" for what is not known.

    >>> release_subject("ws2025", 5087423, "26100.32772"), release_subject("ws2025", 5087423, None)
    ('release/ws2025/5087423/26100.32772', 'release/ws2025/5087423/-')
    """
    return f"release/{product}/{kb or '-'}/{build or '-'}"


def baseline_subject(product: str, day: str) -> str:
    """Return the subject of a baseline that a list names by its day alone: ``release/ws2025/2026-01-13/baseline``."""
    return f"release/{product}/{day}/baseline"


def release_named(subject: str) -> ReleaseName:
    """Return what the subject of a release says.

    >>> release_named("release/ws2025/2026-01-13/baseline").baseline_day, release_named("release/ws2025/5087423/-").kb
    ('2026-01-13', 5087423)
    """
    _, product, second, third = subject.split("/")
    if third == "baseline":
        return ReleaseName(product, None, None, second)
    return ReleaseName(product, None if second == "-" else int(second), None if third == "-" else third, None)


def calendar_subject(product: str, month: str) -> str:
    """Return the subject of a product's month: ``calendar/ws2025/2026-07``."""
    return f"calendar/{product}/{month}"


def product_of(subject: str) -> str:
    """Return the product of a subject that begins with one: of a release, a month, a product, an end of support."""
    return subject.split("/")[1]


# --- ids -----------------------------------------------------------------------------------------------------------------


def stable_id(*parts: str | None) -> int:
    """Return the id of a row from the parts that identify it, the same after a replay; None and "" are different parts.

    It is 52 bits of a SHA-256, which every JSON reader holds exactly.
    """
    text = "\x1f".join("\x00" if part is None else part for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 12
