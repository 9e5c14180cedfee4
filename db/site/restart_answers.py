"""When each product restarts next, as the site answers it: a baseline whose planned day has passed unread first, then the next one; and the months around today."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from hotpatch_kb.db.answers import restarts
from hotpatch_kb.db.answers.calendar import calendar_rows, months_reported_otherwise
from hotpatch_kb.db.answers.product_facts import Product, latest
from hotpatch_kb.db.model.notation import kb_text, month_after, planned_by_cadence, second_tuesday
from hotpatch_kb.db.model.products import named
from hotpatch_kb.db.site.web import facts_today

Row = dict[str, Any]

LINES: Final = ("hotpatch", "standard")
# Servers first, then the newest: the order of products on every page (docs/design.md). One that has no build number yet is the newest.
IN_ORDER: Final = "order by family desc, coalesce(build_number, 99999) desc, product desc"
_BEFORE: Final = 5  # months of the strip of a card before this one; it has twelve
_STRIP: Final = 12


def ranks_of(conn: sqlite3.Connection) -> dict[str, int]:
    """Return the place of each product where pages list them."""
    return {row[0]: place for place, row in enumerate(conn.execute(f"select product from products {IN_ORDER}"))}


def answers(conn: sqlite3.Connection, day: str, product: str | None = None) -> list[Row]:
    """Return the answer of each product with hotpatching: those with a baseline whose planned day has passed unread first, then servers, then the newest.

    Args:
        conn: the database.
        day: ISO date.
        product: an id, if only one is wanted.

    Returns:
        the columns of ``restarts.next_restarts``, and: ``name``; ``big``, the restart to name first (``date``, ``month``, ``is_overdue``:
        its planned day has passed and nobody read whether it came, ``certainty`` and the rest of a restart); ``after``, the next coming one where
        ``big`` is such a one; ``framed``, the month of the next coming one; ``hotpatches``, how many are expected before it without a restart, and ``hotpatches_are_planned``: Microsoft's plan has all of them; ``newest`` by line, and ``is_one_newest`` where both lines have the same; ``baseline_kb``, without which a restart is due now;
        ``editions``, those that may have hotpatches;
        ``strip``, twelve months around today.
    """
    rows, facts, editions = [], facts_today(conn), _editions(conn)
    for row in restarts.next_restarts(conn, day, product, facts=facts):
        following = {name: row[name] for name in ("date", "month", "is_expected", "is_unplanned", "certainty", "kb", "build")}
        missed = row["unseen_baseline"]
        is_overdue = missed is not None and missed["date"] < day
        big = following | {"is_overdue": False}
        if is_overdue:
            big = {
                **missed,
                "is_expected": True,
                "is_unplanned": False,
                "certainty": "planned",
                "kb": None,
                "build": None,
                "is_overdue": True,
            }
        months = months_of(facts.of(row["product"]), calendar_rows(conn, row["product"]), day)
        newest = {line: found for line in LINES if (found := latest(facts.of(row["product"]), line, day)) is not None}
        hotpatches = _hotpatches(months, day, big["date"])
        rows.append(
            row
            | {
                "name": named(row["product"]).name,
                "big": big,
                "after": following if is_overdue else None,
                "framed": following["month"],
                "hotpatches": len(hotpatches),
                "hotpatches_are_planned": all(found["certainty"] == "planned" for found in hotpatches),
                "newest": newest,
                "is_one_newest": len(newest) > 1 and len({(found["kb"], found["build"]) for found in newest.values()}) == 1,
                "editions": editions.get(row["product"], []),
                "baseline_kb": (row["newest_baseline"] or {}).get("kb"),
                "strip": [stop(months, month, day) for month in _months(month_after(day[:7], -_BEFORE), _STRIP)],
            }
        )
    ranks = ranks_of(conn)
    return sorted(rows, key=lambda row: (not row["big"]["is_overdue"], ranks.get(row["product"], len(ranks))))


def side_of(product: Product, match: Row, line: str, day: str, *, is_due: bool) -> Row:
    """Return what an answer says of one line beside its verdict: its newest release, and the next restart of a machine with a release.

    Args:
        product: of the release.
        match: the release, as an answer of ``lookup`` has it.
        line: a line that the machine may be on.
        day: ISO date.
        is_due: it has to restart now, for a newer baseline.
    """
    name = (match["kb"], match["build"], match["release_date"])
    release = next(r for r in product.releases if (kb_text(r.kb), r.build, r.release_date) == name)
    restart = restarts.restart_after(product, release, line, day)
    return {
        "line": line,
        "latest": latest(product, line, day),
        "next_restart": restart and restart._asdict(),
        "unseen_baseline": restarts.unseen_baseline(product, day) if line == "hotpatch" else None,
        "is_restart_due": is_due,
        "data_until": product.data_until.get(line),
    }


def beside(product: Product, names: Iterable[str], read_on: str | None) -> dict[str, str]:
    """Return of KBs that do not decide a verdict whether they are "optional" by what was read, or "unknown".

    An out-of-band update is required where it fixes a CVE, and whether it does nobody knows before the security data is read after its day.

    Args:
        product: of the KBs.
        names: of them, as "KB5121768".
        read_on: the day on which the security data was read; None where it never was.
    """
    days = {kb_text(r.kb): r.day or "" for r in product.releases}
    return {name: "optional" if read_on and days.get(name, "") < read_on else "unknown" for name in names}


def _editions(conn: sqlite3.Connection) -> dict[str, list[str]]:
    """Return the editions that may have hotpatching, by product: other editions restart every month."""
    rows = conn.execute(
        "select distinct product, edition from eligibility where kind = 'edition' and is_eligible = 1 order by product, edition"
    )
    found: dict[str, list[str]] = {}
    for product, edition in rows:
        found.setdefault(product, []).append(edition)
    return found


def _months(first: str, count: int) -> list[str]:
    return [month_after(first, step) for step in range(count)]


def months_of(product: Product, rows: Iterable[Row], day: str) -> dict[str, Row]:
    """Return the calendar of a product by month, and with each month what makes it unsure on a day.

    Args:
        product: what was read of it.
        rows: of ``hotpatch_calendar``, of that product.
        day: ISO date.

    Returns:
        the rows, each with ``others``, what others report of the month where that is another type than planned, and ``is_unseen``: it was to come
        before that day, and nobody read whether it did, a baseline or a hotpatch.
    """
    months = {row["month"]: row for row in rows}
    others = months_reported_otherwise(months.values(), product.reported_after("hotpatch", day))
    return {
        month: row | {"others": others.get(month, []), "is_unseen": row["type"] is None and row["expected_date"] < day}
        for month, row in months.items()
    }


def stop(months: dict[str, Row], month: str, day: str) -> Row:
    """Return what a month brings: the calendar's row, or what the cadence expects of a month that it does not cover.

    Args:
        months: the calendar of a product, by month, with what ``months_of`` adds where that is to be shown.
        month: such as 2026-10.
        day: ISO date; whether a month that was expected before it came is not known.

    Returns:
        ``type``, planned or released, ``drawn``, the type of its mark, which is that of a report, ``is_unsure``, where the mark has a "?", and the
        rest of the month.
    """
    row = months.get(month)
    if row is None:
        is_unseen = second_tuesday(month) < day
        return {
            "month": month, "type": planned_by_cadence(month), "is_expected": True, "certainty": "cadence", "is_unplanned": False,
            "date": second_tuesday(month), "kb": None, "build": None, "is_covered": False, "others": [], "is_unseen": is_unseen,
            "is_unsure": is_unseen, "drawn": planned_by_cadence(month),
        }  # fmt: skip
    is_released, others = row["type"] is not None, row.get("others", [])
    is_unseen = row.get("is_unseen", False)
    return {
        "month": month, "type": row["type"] or row["expected_type"], "is_expected": not is_released,
        "certainty": "published" if is_released else "cadence" if row["planned_by"] == "cadence" else "planned",
        "is_unplanned": bool(row["is_unplanned"]), "date": row["release_date"] or row["expected_date"], "kb": kb_text(row["kb"]),
        "build": row["build"], "is_covered": True, "others": others, "is_unseen": is_unseen, "is_unsure": bool(others) or is_unseen,
        "drawn": others[0]["classification"] if others else row["type"] or row["expected_type"],
    }  # fmt: skip


def _hotpatches(months: dict[str, Row], day: str, until: str) -> list[Row]:
    """Return the monthly hotpatches that are expected from a day to a restart."""
    month, expected = day[:7], []
    while month < until[:7]:
        found = stop(months, month, day)
        if found["type"] == "hotpatch" and found["date"] >= day and found["is_expected"]:
            expected.append(found)
        month = month_after(month)
    return expected


def surprises(conn: sqlite3.Connection, product: str) -> tuple[int, int]:
    """Return how many months that were planned as hotpatches came as baselines, and how many were planned so and have come."""
    came, all_of_them = conn.execute(
        """select coalesce(sum(type = 'baseline'), 0), count(*) from hotpatch_calendar
        where product = ? and planned_type = 'hotpatch' and type is not null""",
        (product,),
    ).fetchone()
    return came, all_of_them


def without_hotpatches(conn: sqlite3.Connection, found: Iterable[Row], day: str) -> str | None:
    """Return the day of the next restart of machines that get no hotpatches, the first of the products of ``answers``; None where none has one."""
    facts = facts_today(conn)
    standard = (restarts.restart_of_standard_line(facts.of(answer["product"]), day) for answer in found)
    return min((restart.date for restart in standard if restart), default=None)
