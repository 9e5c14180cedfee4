"""Restarts of a product's lines: the next one as of any day. Standard library alone: lookups start fast."""

from __future__ import annotations

import sqlite3
from functools import lru_cache

from hotpatch_kb.db.answers.coverage import Evidence, has_ceased, is_outdated, last_day
from hotpatch_kb.db.answers.product_facts import Facts, Product, Release
from hotpatch_kb.db.model.clock import day_after
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.notation import month_after, planned_by_cadence, second_tuesday
from hotpatch_kb.light_typing import Any, NamedTuple


class Restart(NamedTuple):
    """A restart of a line, released or expected.

    ``certainty`` is "published" where a source lists the release, "planned" where a calendar or its footnote does, and "cadence" where only the rule
    of January, April, July and October says so.
    """

    month: str
    date: str
    is_expected: bool
    is_unplanned: bool
    kb: int | None
    build: str | None
    certainty: str = "cadence"


def next_restart(product: Product, day: str) -> Restart | None:
    """Return the next restart of a product's hotpatch line from a day on.

    It is a released baseline, else a planned one, else the next by the cadence; None where hotpatching has no published
    calendar or has ended by then.
    """
    if not product.has_calendar:
        return None
    days = {row["month"]: row["release_date"] or row["expected_date"] for row in product.calendar}
    baselines = [row for row in product.calendar if row["expected_type"] == "baseline" and days[row["month"]] >= day]
    first = min(baselines, key=lambda row: days[row["month"]], default=None)
    month = day[:7] if second_tuesday(day[:7]) >= day else month_after(day[:7])
    month = _expected_baseline(month, tuple(covered for covered in days if covered >= day[:7]))
    if first and days[first["month"]] <= second_tuesday(month):
        certainty = "published" if first["type"] else "cadence" if first["planned_by"] == "cadence" else "planned"
        restart = Restart(
            first["month"], days[first["month"]], not first["type"], bool(first["is_unplanned"]), first["kb"], first["build"], certainty
        )
    else:
        restart = Restart(month, second_tuesday(month), True, False, None, None)
    # Compare by month: some ends are stated only as a month. A line ends when support ends, a client's with that of its Enterprise edition.
    hotpatch_end, end = product.hotpatch_end, product.extended_end
    return None if (hotpatch_end and restart.month > hotpatch_end[:7]) or (end and restart.date > end) else restart


@lru_cache(maxsize=1024)
def _expected_baseline(month: str, covered: tuple[str, ...]) -> str:
    """Return the first month from ``month`` on that no calendar covers and that is a baseline by the cadence."""
    while month in covered or planned_by_cadence(month) != "baseline":
        month = month_after(month)
    return month


def unseen_baseline(product: Product, day: str) -> dict[str, str] | None:
    """Return the last baseline that was expected by a day and that no source lists: a machine without it restarts for it first.

    Returns:
        its ``month`` and expected ``date``; None where every expected baseline is listed.
    """
    unseen = [row for row in product.calendar if row["type"] is None and row["expected_type"] == "baseline" and row["expected_date"] <= day]
    return {"month": unseen[-1]["month"], "date": unseen[-1]["expected_date"]} if unseen else None


def newest_baseline(product: Product, day: str) -> dict[str, Any] | None:
    """Return the newest baseline of a product up to a day, without which a machine of the hotpatch line has to restart now; None without one."""
    baselines = [r for r in product.of_line("hotpatch", day) if r.is_baseline and r.counts and not r.is_disputed]
    return max(baselines, key=lambda r: r.place).brief() if baselines else None


def missing_evidence(product: Product, line: str, day: str) -> Message | None:
    """Return why the newest known release of a line may not be its newest on a day; None where all evidence is there.

    After the end of a product nothing comes: of one that has ended it is asked for its last day.
    """
    day = last_day(product, day) or day
    newest = max(((r.release_date or "", r.revision or 0) for r in product.of_line(line, day)), default=("", 0))
    return Evidence(product, line, day).missing(newest)


def coming_restarts(product: Product, day: str, count: int) -> list[Restart]:
    """Return the next restarts of a product's hotpatch line from a day on, at most ``count`` of them; fewer where the line ends before."""
    restarts: list[Restart] = []
    while len(restarts) < count and (restart := next_restart(product, day)) is not None:
        restarts.append(restart)
        day = day_after(restart.date)
    return restarts


def line_end(product: Product) -> str | None:
    """Return the end of a product's hotpatch line: a day, or a month where only that is stated; None where no end is known."""
    return min(filter(None, (product.hotpatch_end, product.extended_end)), key=lambda end: f"{end}-99"[:10], default=None)


def next_restarts(
    conn: sqlite3.Connection, day: str, product: str | None = None, count: int = 1, *, facts: Facts | None = None
) -> list[dict[str, Any]]:
    """Return the rows of the view ``next_restarts`` as of any day, each with the release of that day's month.

    Args:
        conn: a database with the fact tables.
        day: ISO date.
        product: an id, if only one product is wanted.
        count: how many restarts of each product, one row each.
        facts: what was read of the database, where the caller has that.

    Returns:
        per product that exists by then: the view's columns; ``this_month`` (its type, KB and build), ``data_until``, ``is_outdated``,
        ``missing_evidence`` (why newer releases may exist), ``unseen_baseline``, ``newest_baseline`` (without it a restart is due now); ``line_ends_on``, where the line ends before as many restarts (a day, or a month where
        only that is stated), else None; and ``reported``, what others report of the line.
    """
    facts = facts or Facts(conn)
    facts.load(None if product is None else (product,))
    rows = []
    for of_product in facts.products.values():
        if product not in {None, of_product.id}:
            continue
        restarts = coming_restarts(of_product, day, count)
        if not restarts or of_product.first_day > day:
            continue
        this = next((row for row in of_product.calendar if row["month"] == day[:7]), None)
        until = of_product.data_until.get("hotpatch")
        is_released = this is not None and this["type"] is not None and (this["release_date"] or "") <= day
        common = {
            "this_month": {
                "month": day[:7],
                "type": this["expected_type"] if this else planned_by_cadence(day[:7]),
                "is_expected": not is_released,
                "date": (this["release_date"] or this["expected_date"]) if this else second_tuesday(day[:7]),
                "kb": this["kb"] if this else None,
                "build": this["build"] if this else None,
            },
            "data_until": until,
            "is_outdated": is_outdated(until, day),
            "missing_evidence": missing_evidence(of_product, "hotpatch", day),
            "unseen_baseline": unseen_baseline(of_product, day),
            "newest_baseline": newest_baseline(of_product, day),
            "line_ends_on": line_end(of_product) if len(restarts) < count else None,
            "reported": of_product.reported_after("hotpatch", day),
        }
        rows += [{"product": of_product.id, **restart._asdict(), **common} for restart in restarts]
    return rows


def restart_of_standard_line(product: Product, day: str) -> Restart | None:
    """Return the next monthly restart of the standard line; None after the last day of support, or where releases have ceased.

    The public preview of 2021 has no day of support in any source, and no monthly release since August 2021.
    """
    month = day[:7] if second_tuesday(day[:7]) >= day else month_after(day[:7])
    if end := product.extended_end:
        return None if second_tuesday(month) > end else Restart(month, second_tuesday(month), True, False, None, None)
    monthly = [
        r.month
        for r in product.releases
        if r.in_standard_line and r.cadence == "B" and not r.is_withdrawn and r.month and r.release_date and r.release_date <= day
    ]
    if not monthly or has_ceased(max(monthly), min(day, product.data_until.get("standard") or day)):
        return None
    return Restart(month, second_tuesday(month), True, False, None, None)


def restart_after(product: Product, row: Release, line: str, day: str) -> Restart | None:
    """Return the next restart of a machine with a release. A machine that installed a baseline or LCU today has already restarted today."""
    if row.release_date == day and row.classification in {"baseline", "cumulative"}:
        day = day_after(day)
    return next_restart(product, day) if line == "hotpatch" else restart_of_standard_line(product, day)


def newer_baseline(product: Product, row: Release, day: str) -> bool:
    """Return whether the hotpatch line has a baseline by a day that is newer than a release, and has not ended by then."""
    has_ended = product.hotpatch_end is not None and day[: len(product.hotpatch_end)] > product.hotpatch_end
    return not has_ended and any(r.is_baseline and r.counts and r.day and r.day <= day and r.place > row.place for r in product.releases)


def rejoining_month(product: Product, row: Release) -> str | None:
    """Return the month in which a machine that installed this LCU rejoins the hotpatch line; None if the line did not exist yet."""
    if row.release_date is None or not product.hotpatch_from or row.release_date < product.hotpatch_from:
        return None
    restart = next_restart(product, day_after(row.release_date))
    return restart.month if restart else None


def restart_row(restart: Restart | None) -> dict[str, Any] | None:
    """Return a restart as an answer has it."""
    if restart is None:
        return None
    return {"month": restart.month, "date": restart.date, "is_expected": restart.is_expected, "is_unplanned": restart.is_unplanned}
