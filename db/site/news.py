"""What changed, as sentences by day: releases by the day on which they came, everything else by the day on which it was read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, Final

from hotpatch_kb.db.answers.events import Event, change_rows, events
from hotpatch_kb.db.model.notation import kb_text
from hotpatch_kb.db.site import restart_answers

MAX_SHOWN: Final = 300  # of a page; a month with everything has some 150
# What a reader chooses: kinds of events.
KINDS: Final = {
    "restart": ("baseline",), "hotpatch": ("hotpatch", "component"), "calendar": ("month",), "price": ("price",), "issue": ("issue",), "other": ("release", "other"),
}  # fmt: skip
# What an administrator of hotpatching looks for: restarts, hotpatches, and months that changed.
_STRONG: Final = frozenset({"baseline", "hotpatch", "month"})
_KIND: Final = "case when classification in ('baseline', 'hotpatch', 'component') then classification else 'release' end"
# Kinds of releases with a mark of their own, in the order of a legend.
MARKED: Final = ("baseline", "hotpatch", "component", "cumulative", "preview", "initial")
# Forms that say of a release, or of the month that it is of, what its own event says.
_TOLD: Final = frozenset({"new", "unplanned", "released", "surprise"})


def nothing_read(conn: sqlite3.Connection) -> list[str]:
    """Return the feeds that have no entry because nothing was read of what they are about, which does not mean that there is nothing."""
    return [] if conn.execute("select 1 from known_issues limit 1").fetchone() else ["issues"]


def news(
    conn: sqlite3.Connection,
    day: str,
    *,
    product: str | None = None,
    month: str | None = None,
    kind: str | None = None,
    most: int = MAX_SHOWN,
) -> list[Event]:
    """Return what happened up to a day, newest first.

    Args:
        conn: the database.
        day: ISO date; what came later is left out.
        product: an id, all if None.
        month: such as 2026-07, all if None.
        kind: a key of ``KINDS``, all if None.
        most: how many at most.
    """
    first, last = (f"{month}-01", f"{month}-31") if month else ("", "9999")
    wanted = KINDS[kind] if kind else None
    released = [
        _released(*row)
        for row in conn.execute(
            f"""select product, {_KIND}, classification, kb, build, release_date, is_unplanned, subject from releases
            where release_date between ? and ? and release_date <= ? and product = coalesce(?, product)
                and (? is null or {_KIND} in (select value from json_each(?)))
            order by release_date desc, product desc, revision desc limit ?""",
            (first, last, day, product, kind, json.dumps(wanted), most),
        )
    ]
    # Whatever a page is of, a release is told on its own day, not again on that of its reading.
    subjects = {row[0] for row in conn.execute("select subject from releases where release_date <= ?", (day,))}
    if kind != "calendar":  # what a month became is told by its release, on the day of that
        subjects |= _months_of(conn, subjects)
    read = [
        item
        for item in events(conn, change_rows(conn, since=first or None, until=min(last, day), product=product)[: MAX_SHOWN * 20])
        if item.form not in _TOLD or item.subject not in subjects
    ]
    found = [item for item in [*released, *read] if wanted is None or item.kind in wanted]
    with_hotpatches = products_with_hotpatches(conn)
    kinds, ranks = [name for names in KINDS.values() for name in names], restart_answers.ranks_of(conn)
    # Of a day products with hotpatches first, of these the restarts, servers first; what only corrects an older day comes last.
    found.sort(
        key=lambda item: (
            is_correction(item), item.product not in {None, *with_hotpatches}, kinds.index(item.kind), ranks.get(item.product or "", -1),
        )
    )  # fmt: skip
    return sorted(found, key=lambda item: item.changed_at[:10], reverse=True)[:most]


def _months_of(conn: sqlite3.Connection, releases: set[str]) -> set[str]:
    """Return the subjects of the months whose releases are told."""
    found = conn.execute(
        """select h.subject, r.subject from hotpatch_calendar as h
        join releases as r on r.product = h.product and r.kb is h.kb and r.build is h.build and r.release_date is h.release_date"""
    )
    return {month for month, release in found if release in releases}


def newest(conn: sqlite3.Connection, day: str, most: int) -> list[dict[str, Any]]:
    """Return the newest of what happened: ``item``, ``day`` of its release or else of reading, ``learned`` where that was later.

    Of a day products with hotpatches first, servers before clients. A correction of an older release is left out, unless it is a baseline now.

    Args:
        conn: the database.
        day: ISO date; what came later is left out.
        most: how many at most.
    """
    released = dict(conn.execute("select subject, release_date from releases where release_date is not null").fetchall())
    days, ranks, with_hotpatches = learned(conn), restart_answers.ranks_of(conn), products_with_hotpatches(conn)
    found: list[dict[str, Any]] = []
    for item in news(conn, day, most=MAX_SHOWN * 20):
        of, values = item.changed_at[:10], item.values
        if item.form in _TOLD and item.subject in released:
            of = released[item.subject]
            values = values | {"release": values["release"].removesuffix(of).rstrip()}  # the day is beside it
        if not is_correction(item):
            found.append(
                {"item": item._replace(values=values), "day": of, "learned": days.get(item.subject) if item.form in _TOLD else None}
            )
    found.sort(
        key=lambda row: (
            row["item"].product not in {None, *with_hotpatches},
            row["item"].kind not in _STRONG,
            ranks.get(row["item"].product, -1),
        )
    )
    return sorted(found, key=itemgetter("day"), reverse=True)[:most]


def learned(conn: sqlite3.Connection) -> dict[str, str]:
    """Return the days on which releases were first read as what they are, by their subjects, where that was not the day of the release."""
    rows = conn.execute(
        """select c.subject, substr(max(c.changed_at), 1, 10) as read_on from changes as c join releases as r using (subject)
        where c.field in ('release', 'classification') and c.new_value is not null group by c.subject having read_on > r.release_date"""
    )
    return dict(rows.fetchall())


def _released(
    product: str, kind: str, classification: str, kb: int | None, build: str | None, day: str, is_unplanned: int, subject: str
) -> Event:
    release = " ".join(part for part in (kb_text(kb), build) if part)
    form = "unplanned" if kind == "baseline" and is_unplanned else "new"
    path = f"build/{build}" if build else f"kb/{kb}" if kb else f"calendar/{day[:7]}"
    return Event(kind, product, day, subject, form, {"product": product, "kind": classification, "release": release or day}, path)


def products_with_hotpatches(conn: sqlite3.Connection) -> frozenset[str]:
    """Return the ids of the products that have a hotpatch line."""
    return frozenset(row[0] for row in conn.execute("select product from lines where line = 'hotpatch'"))


def mark_of(item: Event) -> str:
    """Return the kind of release whose mark an event has, "" where it has none."""
    named = item.values.get("new" if item.form == "classified" else "kind") or item.kind
    return named if named in MARKED else ""


def marks_of(items: Iterable[Event]) -> list[str]:
    """Return the kinds of releases whose marks events have, in the order of a legend."""
    there = {mark_of(item) for item in items}
    return [kind for kind in MARKED if kind in there]


def is_correction(item: Event) -> bool:
    """Return whether an event only says that an older release is of another kind than was read before; that it is a baseline is a restart that nobody expected."""
    return item.form == "classified" and item.kind != "baseline"


def by_day(items: list[Event], with_hotpatches: frozenset[str], days: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return events under their days: ``day``, its ``month``, ``items``, and ``corrections``.

    An item is an event, whether it matters for hotpatching, and the day on which a release was read where that was later.

    Args:
        items: in their order.
        with_hotpatches: the products that have a hotpatch line.
        days: as ``learned`` returns them.
    """
    by: dict[str, list[Event]] = {}
    for item in items:
        by.setdefault(item.changed_at[:10], []).append(item)
    return [
        {
            "day": day,
            "month": day[:7],
            "items": [
                (item, item.product in with_hotpatches and item.kind in _STRONG, days.get(item.subject) if item.changed_at == day else None)
                for item in of_day
                if not is_correction(item)
            ],
            "corrections": [item for item in of_day if is_correction(item)],
        }
        for day, of_day in by.items()
    ]


def months(conn: sqlite3.Connection, day: str) -> list[str]:
    """Return the months in which something happened, newest first."""
    rows = conn.execute(
        """select substr(release_date, 1, 7) from releases where release_date <= :day
        union select substr(changed_at, 1, 7) from changes where substr(changed_at, 1, 10) <= :day order by 1 desc""",
        {"day": day},
    )
    return [row[0] for row in rows if row[0]]
