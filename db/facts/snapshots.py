"""What facts are made from: rows of ``claims`` and the times of their pages, now or as of an earlier time.

In: a database. Out: a ``Snapshot``, which every resolution reads instead of the database. ``Successors`` tells which of its claims their pages
have since taken back by stating another release in their stead.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Final, NamedTuple

from hotpatch_kb.db.model.claims import name_of_field, product_of, release_named

# Kinds of subjects whose claims depend on one another, so that they are resolved together. Every other kind is resolved group by group
# (``hotpatch_kb.db.facts.independent``).
RELEASE_KINDS: Final = frozenset(
    {
        "release",
        "calendar",  # a month's release is one of them
        "product",
        "kb",
        "article",  # states builds and days of the releases of its KB
        "mention",  # of a KB and a build by an article, a feed or Graph
        "remediation",  # of a KB by MSRC, with the fixed build
        "revision",  # of an update by Graph
        "quarantine",  # an entry is a release where a correction says so
        "lifecycle",  # rows of products repeat ends of support
        "reported",  # a reported release goes when a page lists one of its day
    }
)


class StoredClaim(NamedTuple):
    """A row of ``claims``: what one place of one page states, and when it was read there."""

    claim: int
    source: str
    page_url: str
    section: str
    subject: str
    field: str
    value: str | None
    value_text: str
    stated_since: str | None
    first_seen_at: str
    last_seen_at: str
    gone_at: str | None

    @property
    def name(self) -> str:
        """The field without its number (see ``name_of_field``)."""
        return name_of_field(self.field)

    @property
    def is_ours(self) -> bool:
        """Whether a table that comes with the program states it."""
        return self.page_url.startswith("db/")

    @property
    def source_url(self) -> str:
        """Where it is stated: its page, or the source that a row of our own table names, which is its section."""
        return self.section if self.is_ours else self.page_url

    @property
    def place(self) -> tuple[str, str, str]:
        """Source, page and section."""
        return (self.source, self.page_url, self.section)

    @property
    def known_from(self) -> str:
        """The earliest time at which this is known to have been stated."""
        return self.stated_since or self.first_seen_at


_DAYS_APART: Final = 20
_CLAIM_COLUMNS: Final = ", ".join(StoredClaim._fields)


class Snapshot(NamedTuple):
    """Claims as of some time.

    Attributes:
        claims: those that a page states and those that are gone.
        page_times: fetch times of the accepted pages, by source and page_url.
    """

    claims: list[StoredClaim]
    page_times: Mapping[tuple[str, str], Sequence[str]]


def by_field(claims: Iterable[StoredClaim]) -> dict[str, list[StoredClaim]]:
    """Return claims by the name of their field; an empty list for every other name."""
    fields: dict[str, list[StoredClaim]] = defaultdict(list)
    for claim in claims:
        fields[claim.name].append(claim)
    return fields


def are_weeks_apart(days: Iterable[StoredClaim], others: Iterable[StoredClaim]) -> bool:
    """Return whether the days that two lists of claims state now lie weeks apart: what has the KB of another month is not the release of that month.

    Days of one release that differ lie at most a week apart (KB5046696: 2024-11-12 and 2024-11-19).
    """
    ours, theirs = ({date.fromisoformat(c.value) for c in claims if c.value and c.gone_at is None} for claims in (days, others))
    return bool(ours and theirs) and all(abs((a - b).days) > _DAYS_APART for a in ours for b in theirs)


class Successors:
    """Finds what pages have since corrected to another release: to another build, KB or day, or of a month from one type to the other."""

    def __init__(self, claims: Mapping[str, list[StoredClaim]]) -> None:
        """Take all claims, by subject."""
        self._claims = claims

    @cached_property
    def _by_place(self) -> dict[tuple[str, str, str, str], list[str]]:
        """Releases by the places that state them now, and their product."""
        subjects: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
        for subject, claims in self._claims.items():
            if subject.startswith("release/"):
                product = product_of(subject)
                for place in {c.place for c in claims if c.gone_at is None}:
                    subjects[(*place, product)].append(subject)
        return subjects

    def replaced(self, subject: str) -> bool:
        """Return whether every place that stated a release last now states another in its stead."""
        claims = self._claims[subject]
        if any(c.gone_at is None for c in claims):
            return False
        last = max(c.last_seen_at for c in claims)
        ends = {c.place: c.gone_at or "" for c in claims if c.last_seen_at == last}
        product = product_of(subject)
        return all(
            any(
                other != subject and _is_same_thing(subject, other) and self._states(place, other, since)
                for other in self._by_place.get((*place, product), ())
            )
            for place, since in ends.items()
        )

    def _states(self, place: tuple[str, str, str], subject: str, since: str) -> bool:
        return any(c.gone_at is None and c.first_seen_at >= since and c.place == place for c in self._claims[subject])

    @cached_property
    def _months_of_line(self) -> dict[tuple[str, str, str, str, str], list[tuple[str, str]]]:
        """The baseline or hotpatch that a place has stated for a product's month or day: the release, and since when."""
        stated: dict[tuple[str, str, str, str, str], list[tuple[str, str]]] = defaultdict(list)
        for subject, claims in self._claims.items():
            if subject.startswith("release/"):
                for key, claim in _months_of(subject, claims):
                    stated[key].append((subject, claim.first_seen_at))
        return stated

    def without_withdrawn(self, subject: str) -> list[StoredClaim]:
        """Return the claims of a release without those by which a place once made it the hotpatch line's release of a month, and since made another that.

        A row of August that says hotpatch, then baseline with the LCU's KB, then hotpatch again leaves an LCU that is no baseline. A release that
        nothing else states stays, as every published release does; a baseline without a KB has nothing that could stay.
        """
        claims = self._claims[subject]
        if all(c.gone_at is None for c in claims):
            return list(claims)
        withdrawn = {
            (claim.place, claim.gone_at)
            for key, claim in _months_of(subject, claims)
            if claim.gone_at is not None and any(other != subject and since >= claim.gone_at for other, since in self._months_of_line[key])
        }
        kept = [c for c in claims if (c.place, c.gone_at) not in withdrawn]
        if any(c.name == "line" for c in kept):  # something else lists it
            return kept
        return [] if release_named(subject).baseline_day else list(claims)


def _months_of(subject: str, claims: list[StoredClaim]) -> Iterator[tuple[tuple[str, str, str, str, str], StoredClaim]]:
    """Yield the months and days for which a place makes a release that of the hotpatch line, each with the claim of its type."""
    types = [c for c in claims if c.name == "classification" and c.value in {"baseline", "hotpatch"}]
    if not types:
        return
    product = product_of(subject)
    for claim in types:
        beside = [
            c for c in claims if c.place == claim.place and c.first_seen_at <= claim.last_seen_at and c.last_seen_at >= claim.first_seen_at
        ]
        if not any(c.name == "cadence" and c.value != "B" for c in beside):
            for value in {c.value for c in beside if c.name in {"month", "release_date"} and c.value}:
                yield (*claim.place, product, value), claim


def _is_same_thing(subject: str, other: str) -> bool:
    """Return whether two releases of a product share the KB, the build, or, of baselines, the month."""
    one, two = release_named(subject), release_named(other)
    return (
        (one.baseline_day is not None and two.baseline_day is not None and one.baseline_day[:7] == two.baseline_day[:7])
        or (one.kb is not None and one.kb == two.kb)
        or (one.build is not None and one.build == two.build)
    )


def kind_of(subject: str) -> str:
    """Return the kind of a subject: "release" for "release/ws2025/5087423/26100.32772"."""
    return subject.partition("/")[0]


def of_kinds(kinds: Iterable[str]) -> str:
    """Return the SQL condition that a subject is of some kinds, as ranges, which use the index. "0" follows "/" in ASCII."""
    return "(" + " or ".join(f"(subject >= '{kind}/' and subject < '{kind}0')" for kind in sorted(kinds)) + ")"


# The condition on the claims that are resolved together.
RELEASE_CLAIMS: Final = of_kinds(RELEASE_KINDS)


def page_times(conn: sqlite3.Connection) -> dict[tuple[str, str], list[str]]:
    """Return the fetch times of the accepted pages, by source and page_url."""
    times: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source, page_url, fetched_at in conn.execute(
        "select source, page_url, fetched_at from pages where state = 'accepted' order by source, page_url, fetched_at, tie"
    ):
        times[source, page_url].append(fetched_at)
    return dict(times)


def claims_where(conn: sqlite3.Connection, where: str, parameters: Sequence[str] = ()) -> list[StoredClaim]:
    """Return the claims for which an SQL condition holds, in the order of their ids."""
    rows = conn.execute(f"select {_CLAIM_COLUMNS} from claims where {where} order by claim", parameters)
    return [StoredClaim(*row) for row in rows]


def snapshot_of(claims: list[StoredClaim], times: Mapping[tuple[str, str], Sequence[str]]) -> Snapshot:
    """Return a snapshot of ``claims``, with the page times that they need."""
    pages = {(c.source, c.page_url) for c in claims}
    return Snapshot(claims, {page: times[page] for page in pages if page in times})


def as_seen_at(snapshot: Snapshot, time: str) -> Snapshot:
    """Return the snapshot as it was after the pages fetched up to a time (UTC)."""
    times = {page: [t for t in seen if t <= time] for page, seen in snapshot.page_times.items()}
    claims = []
    for claim in snapshot.claims:
        if claim.first_seen_at > time:
            continue
        if claim.last_seen_at > time or (claim.gone_at and claim.gone_at > time):
            last = next((t for t in reversed(times[claim.source, claim.page_url]) if t <= claim.last_seen_at), claim.first_seen_at)
            claim = claim._replace(last_seen_at=last, gone_at=None)  # noqa: PLW2901
        claims.append(claim)
    return Snapshot(claims, times)


def as_known_on(snapshot: Snapshot, day: str) -> Snapshot:
    """Return the snapshot of what the sources stated at the end of a day.

    What a site says it had stated by then counts, even if it was read later.
    """
    times = {page: [t for t in seen if t[:10] <= day] for page, seen in snapshot.page_times.items()}
    current: dict[tuple[str, str, str, str, str], StoredClaim] = {}
    gone = []
    for claim in snapshot.claims:
        if claim.known_from[:10] > day:
            continue
        if claim.gone_at and claim.gone_at[:10] <= day:
            gone.append(claim)
            continue
        last = next((t for t in reversed(times.get((claim.source, claim.page_url), [])) if t <= claim.last_seen_at), claim.known_from)
        claim = claim._replace(last_seen_at=last, gone_at=None)  # noqa: PLW2901
        key = (*claim.place, claim.subject, claim.field)
        former = current.get(key)
        if former is None or (former.known_from, former.first_seen_at) < (claim.known_from, claim.first_seen_at):
            current[key] = claim
    return Snapshot([*gone, *current.values()], times)
