"""Read what the page of a product shows: its next restart, its timeline, its releases by line and year, its ends of support."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final

from hotpatch_kb.db.answers import restarts
from hotpatch_kb.db.answers.calendar import calendar_rows
from hotpatch_kb.db.answers.product_facts import Product, latest
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.notation import month_after
from hotpatch_kb.db.model.product_names import of_version
from hotpatch_kb.db.model.queries import Query
from hotpatch_kb.db.site.page_data import by_year, conflicts, ended_previews, last_month, needs_esu, newest_of, rows, stated, support
from hotpatch_kb.db.site.restart_answers import IN_ORDER, LINES, answers, months_of, stop, surprises
from hotpatch_kb.db.site.web import facts_today
from hotpatch_kb.db.site.when import freshness

Row = dict[str, Any]

MONTHS_BACK: Final = 24  # of the timeline, and as many ahead
_RELEASES: Final = """select kb, build, revision, release_date, cadence, classification, in_hotpatch_line, in_standard_line, is_unplanned,
    baseline_release, release, is_expired, subject from releases
    where product = ? and coalesce(release_date, '') <= ? order by release_date desc, revision desc, kb"""


def product_page(conn: sqlite3.Connection, product: str, on: str | None) -> Row | None:
    """Return all of a product, up to a day if one is given: its answer, timeline, baselines, releases by line and year, and ends of support."""
    day = on or clock.today()
    of_product = rows(conn, "select * from products where product = ?", (product,))
    if not of_product:
        return None
    releases = rows(conn, _RELEASES, (product, on or "9999"))
    answer = next(iter(answers(conn, day, product)), None)
    facts = facts_today(conn).of(product)
    months = months_of(facts, calendar_rows(conn, product), day)
    newest = [
        {
            "line": line,
            **row,
            "needs_esu": needs_esu(facts, row["release_date"]),
            "missing_evidence": restarts.missing_evidence(facts, line, day),
            "reported": facts.reported_after(line, day),
        }
        for line in LINES
        if (row := latest(facts, line, day)) is not None
    ]
    return of_product[0] | {
        "fresh": freshness(conn, day, [product]),
        "answer": answer,
        "support": support(facts, day),
        "became": became(conn, product) if product in ended_previews(conn, day) else None,
        "hotpatch_ends_on": month_end(of_product[0]["hotpatch_end_date"]),
        "newest": newest,
        "restart": restarts.restart_of_standard_line(facts, day),
        "surprises": surprises(conn, product),
        "timeline": timeline(conn, product, months, releases, day, goes_on=answer is not None) if months else None,
        "baselines": baselines(releases, goes_on=answer is not None),
        "years": {line: by_year(row for row in releases if row[f"in_{line}_line"]) for line in LINES},
        "lines": {row["line"]: row for row in rows(conn, "select line, data_until from lines where product = ? order by line", (product,))},
        "lifecycle": lifecycle(conn, facts),
        "facts": stated(conn, of_product[0]["subject"]),
        "conflicts": conflicts(conn, of_product[0]["subject"]),
    }


def products_of(conn: sqlite3.Connection, query: Query) -> tuple[list[str], list[int]]:
    """Return the products of a family or version, servers first and then the newest, and their build numbers."""
    found = [
        (product, number)
        for product, number in conn.execute(f"select product, build_number from products {IN_ORDER}")
        if (product in of_version(query.value) if query.kind == "version" else re.match(rf"{query.value}(?:-|[0-9])", product))
    ]
    return [product for product, _ in found], list(dict.fromkeys(number for _, number in found if number is not None))


def of_products(conn: sqlite3.Connection, products: Iterable[str], query: str) -> Row:
    """Return the newest builds of products, in the form of an answer of ``lookup``."""
    facts, day = facts_today(conn), clock.today()
    groups = [{"product": name, "newest": newest_of(facts.of(name), day), "years": []} for name in products]
    return {"query": query, "status": "found", "matches": [], "decided_by": [], "is_list": True, "groups": groups}


def lifecycle(conn: sqlite3.Connection, product: Product) -> list[Row]:
    """Return each day on which support of editions of a product ends, with its source, and whether only others than Microsoft state it."""
    reported = product.reported_ends()
    found = rows(
        conn,
        "select edition_group, kind, end_date, source_url, trust from lifecycles where product = ? order by end_date, edition_group",
        (product.id,),
    )
    return [row | {"is_reported": (row["edition_group"], row["kind"]) in reported} for row in found]


def became(conn: sqlite3.Connection, product: str) -> str:
    """Return what documents say became of a preview; "" where none does."""
    row = conn.execute(
        "select requirement from eligibility where kind = 'edition' and product = ? and edition is null and not is_eligible", (product,)
    ).fetchone()
    return (row and row[0]) or ""


def month_end(text: str | None) -> str | None:
    """Return the last day of what is stated as a month alone; a day as it is.

    >>> month_end("2027-10"), month_end("2026-10-13")
    ('2027-10-31', '2026-10-13')
    """
    if text is None or len(text) != len("2027-10"):
        return text
    return (date.fromisoformat(f"{month_after(text)}-01") - timedelta(days=1)).isoformat()


def timeline(conn: sqlite3.Connection, product: str, months: dict[str, Row], releases: list[Row], day: str, *, goes_on: bool = True) -> Row:
    """Return the stops of a product's hotpatch line, two years back and two ahead, and its out-of-band hotpatches.

    Args:
        conn: the database.
        product: its id.
        months: its calendar, by month.
        releases: its releases.
        day: ISO date, today's place.
        goes_on: whether a restart is to come; else the line ends with the last month of its calendar.

    Returns:
        ``first`` and ``last`` month, ``stops`` as ``restart_answers.stop`` returns them, ``oob``: releases, ``end``: the last month with
        hotpatches where one is stated, None where none is.
    """
    end, known = last_month(conn, product), min(months)
    planned_until = max(months)
    middle = day[:7] if goes_on else min(day[:7], planned_until)
    first = max(month_after(middle, -MONTHS_BACK), known)
    last = min(month_after(middle, MONTHS_BACK), end, *(() if goes_on else (planned_until,)))
    names = []
    month = first
    while month <= last:
        if month in months or month > planned_until:
            names.append(month)
        month = month_after(month)
    return {
        "first": first,
        "last": max(last, first),
        "stops": [stop(months, name, day) for name in names],
        "oob": [
            row
            for row in releases
            if row["in_hotpatch_line"]
            and row["cadence"] == "OOB"
            and row["classification"] == "hotpatch"
            and first <= str(row["release_date"])[:7]
        ],
        "end": None if end == "9999-12" else end,
    }


def baselines(releases: list[Row], *, goes_on: bool = True) -> list[tuple[str, list[Row]]]:
    """Return the baselines of the hotpatch line by year, newest first.

    Args:
        releases: of a product, newest first.
        goes_on: whether more of them are to come.

    Returns:
        each with the ``hotpatches`` and components that need it, in their order, and ``is_over``: no other one will, since a later baseline is there.
    """
    resting: dict[Any, list[Row]] = {}
    for row in reversed(releases):
        if row["classification"] in {"hotpatch", "component"} and row["baseline_release"]:
            resting.setdefault(row["baseline_release"], []).append(row)
    found = [
        row | {"hotpatches": resting.get(row["release"], []), "is_over": True}
        for row in releases
        if row["release_date"]
        and (row["classification"] == "baseline" or (row["release"] in resting and row["classification"] != "hotpatch"))
    ]
    if found and goes_on:
        found[0]["is_over"] = False
    return [(year, list(group)) for year, group in groupby(found, key=lambda row: row["release_date"][:4])]


def newest_builds(conn: sqlite3.Connection, nearest: Iterable[Mapping[str, str | None]], day: str) -> dict[str, str]:
    """Return the newest build up to a day, on whichever line it is, of each product that has known builds on both sides of an unknown one.

    Args:
        conn: the database.
        nearest: as ``stated_elsewhere.neighbours`` has them.
        day: ISO date.
    """
    facts = facts_today(conn)
    products = [row["product"] for row in nearest if row["product"] and row["below"] and row["above"]]
    found = {
        product: [row["build"] for line in LINES if (row := latest(facts.of(product), line, day)) and row["build"]] for product in products
    }
    return {product: max(builds, key=lambda build: int(build.partition(".")[2])) for product, builds in found.items() if builds}
