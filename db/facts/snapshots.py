"""What a resolution reads: claims and the times of pages, as of now or of an earlier time."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from hotpatch_kb.db.facts.precedence import Stated

_CLAIM_COLUMNS: Final = ", ".join(Stated._fields)


class World(NamedTuple):
    """What a resolution reads, as of some time."""

    claims: list[Stated]
    page_times: dict[tuple[str, str], list[str]]


def page_times(conn: sqlite3.Connection) -> dict[tuple[str, str], list[str]]:
    """Fetch times of the accepted pages, by source and page_url."""
    times: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source, page_url, fetched_at in conn.execute(
        "select source, page_url, fetched_at from pages where state = 'accepted' order by source, page_url, fetched_at, tie"
    ):
        times[source, page_url].append(fetched_at)
    return dict(times)


def claims_of(conn: sqlite3.Connection, where: str, parameters: Sequence[str] = ()) -> list[Stated]:
    """Claims that a condition on ``claims`` holds for."""
    found = conn.execute(f"select {_CLAIM_COLUMNS} from claims where {where} order by claim", parameters)
    return [Stated(*row) for row in found]


def world_of(claims: list[Stated], times: Mapping[tuple[str, str], list[str]]) -> World:
    """Claims with the times of their pages."""
    pages = {(c.source, c.page_url) for c in claims}
    return World(claims, {page: times[page] for page in pages if page in times})


def as_seen_at(world: World, time: str) -> World:
    """The world as it was after the pages fetched up to a time (UTC)."""
    times = {page: [t for t in seen if t <= time] for page, seen in world.page_times.items()}
    claims = []
    for claim in world.claims:
        if claim.first_seen_at > time:
            continue
        if claim.last_seen_at > time or (claim.gone_at and claim.gone_at > time):
            last = next((t for t in reversed(times[claim.source, claim.page_url]) if t <= claim.last_seen_at), claim.first_seen_at)
            claim = claim._replace(last_seen_at=last, gone_at=None)  # noqa: PLW2901
        claims.append(claim)
    return World(claims, times)


def as_known_on(world: World, day: str) -> World:
    """The world as the sources stood at the end of a day: what a site says it had changed by then counts, read later or not."""
    times = {page: [t for t in seen if t[:10] <= day] for page, seen in world.page_times.items()}
    standing: dict[tuple[str, str, str, str, str], Stated] = {}
    gone = []
    for claim in world.claims:
        if claim.known_from[:10] > day:
            continue
        if claim.gone_at and claim.gone_at[:10] <= day:
            gone.append(claim)
            continue
        last = next((t for t in reversed(times.get((claim.source, claim.page_url), [])) if t <= claim.last_seen_at), claim.known_from)
        claim = claim._replace(last_seen_at=last, gone_at=None)  # noqa: PLW2901
        key = (claim.source, claim.page_url, claim.section, claim.subject, claim.field)
        former = standing.get(key)
        if former is None or (former.known_from, former.first_seen_at) < (claim.known_from, claim.first_seen_at):
            standing[key] = claim
    return World([*gone, *standing.values()], times)
