"""Read what the pages show: plain values for templates, no HTML.

Every function takes a connection that can only read. Days are ISO dates; KB numbers are integers as in the tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from hotpatch_kb.db.answers import coverage, restarts
from hotpatch_kb.db.answers.calendar import calendar_rows
from hotpatch_kb.db.answers.exposure.open_issues import without_support
from hotpatch_kb.db.answers.exposure.unlisted import unlisted_fixes
from hotpatch_kb.db.answers.lookup import find, is_restart_due
from hotpatch_kb.db.answers.product_facts import Facts, Product, latest
from hotpatch_kb.db.answers.verdicts import Verdict, Verdicts
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.notation import month_after, planned_by_cadence, second_tuesday
from hotpatch_kb.db.model.products import named
from hotpatch_kb.db.site import news, restart_answers
from hotpatch_kb.db.site.restart_answers import IN_ORDER, LINES, ranks_of
from hotpatch_kb.db.site.web import Judging, facts_today, judging_today, verdicts_on
from hotpatch_kb.db.site.when import freshness

Row = dict[str, Any]

MAX_CVES: Final = 300  # of a page; a month has up to 200, a KB of several products 1,500 rows
MAX_CHANGES: Final = 12  # of the home page: three releases of the four products with hotpatches
SOON: Final = 183  # days before the end of support from which the home page warns: half a year to plan an upgrade


def rows(conn: sqlite3.Connection, sql: str, parameters: Iterable[object] | Mapping[str, object] = ()) -> list[Row]:
    """Return rows by the names of their columns."""
    cursor = conn.execute(sql, parameters if isinstance(parameters, Mapping) else tuple(parameters))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def name_of(product: str) -> str:
    """Return the name that people use for a product."""
    return named(product).name


# --- a build and a KB ---------------------------------------------------------------------------------------------------


def lookup_answer(conn: sqlite3.Connection, query: str, on: str | None) -> Row:
    """Return the answer of ``lookup``, each match with its verdict on both lines, its chain, and the sources of its facts.

    Args:
        conn: the database.
        query: a build or KB, with a CVE that is asked of it or without.
        on: only releases up to this day count; None for all, judged today.

    Raises:
        BadInput: the query cannot be read.
    """
    judging = judging_today(conn, clock.today()) if on is None else Judging(verdicts_on(conn, on))
    facts, kept = judging.verdicts.facts, judging.kept
    answer = (kept.answers.get(query) if kept else None) or find(conn, query, on=on, today=clock.today(), facts=facts)
    matches = []
    for number, match in enumerate(answer["matches"]):
        if kept is None:
            shown = match | _details(conn, match, judging.verdicts, on)
        else:
            if id(match) not in kept.shown:
                kept.shown[id(match)] = match, match | _details(conn, match, judging.verdicts, on)
            shown = kept.shown[id(match)][1]
        matches.append(shown | {"asked_cve": answer["asked_cve"][number]} if "asked_cve" in answer else shown)
    if len(matches) > 1:
        ranks = ranks_of(conn)
        matches.sort(key=lambda match: ranks.get(match["product"], len(ranks)))
    return answer | {"matches": matches, "is_list": False}


def is_named(conn: sqlite3.Connection, build: str) -> bool:
    """Return whether a source names a build or build number, on any day."""
    return conn.execute("select 1 from releases where build = ? or build_number = ?", (build, build)).fetchone() is not None


def by_year(releases: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """Return releases by year, in their order; those without a day under no year."""
    return [(year, list(group)) for year, group in groupby(releases, key=lambda row: str(row["release_date"] or "")[:4])]


def newest_of(product: Product, day: str) -> dict[str, Row]:
    """Return the newest release of each line of a product on a day, and whether it ``needs_esu``."""
    found = {line: latest(product, line, day) for line in LINES}
    return {line: row | {"needs_esu": needs_esu(product, row["release_date"])} for line, row in found.items() if row}


def of_number(conn: sqlite3.Connection, number: str, on: str | None) -> Row:
    """Return the releases of a build number by product and year, servers first, without details: 26100 has 700, which would take 10,000 statements."""
    matches = rows(
        conn,
        """select r.product, kb, build, r.release_date, classification, cadence, is_unplanned from releases as r left join products as p using (product)
        where r.build_number = ? and coalesce(r.release_date, '') <= ?
        order by p.family desc, p.product desc, r.release_date desc, revision desc, kb""",
        (int(number), on or "9999"),
    )
    facts, day = facts_today(conn), on or clock.today()
    groups = [
        {
            "product": product,
            "newest": newest_of(facts.of(product), day),
            "years": by_year(releases),
        }
        for product, releases in groupby(matches, key=itemgetter("product"))
    ]
    return {
        "query": number,
        "status": "found" if matches else "not_found",
        "matches": matches,
        "decided_by": [],
        "nearest": [],
        "reported": [],
        "is_list": True,
        "groups": groups,
    }


def _details(conn: sqlite3.Connection, match: Row, verdicts: Verdicts, on: str | None) -> Row:
    release = rows(
        conn,
        "select subject, gone_since, is_expired, is_public_preview, in_standard_line from releases where product = ? and kb is ? and build is ? and release_date is ?",
        (match["product"], _kb(match["kb"]), match["build"], match["release_date"]),
    )[0]
    of_build = verdicts.of_build(match["product"], match["build"]) if match["build"] else {}
    lines = [line for line in LINES if release["in_standard_line"] or line == "hotpatch"]
    if not conn.execute("select 1 from lines where product = ? and line = 'hotpatch'", (match["product"],)).fetchone():
        lines = ["standard"]
    of_line: dict[str, Verdict] = {line: of_build[line, match["kb"] or ""] for line in lines if (line, match["kb"] or "") in of_build}
    verdict, product = of_build.get(("", match["kb"] or "")), verdicts.facts.of(match["product"])
    newer = [name for found in of_line.values() for name in found.newer_out_of_band.split()]
    return release | {
        "name": name_of(match["product"]),
        "verdicts": of_line,
        "verdict": verdict,
        "open_cves": without_support(match["open_cves"]) if verdict and verdict.verdict == "unsupported" else match["open_cves"],
        "latest_needs_esu": needs_esu(product, (match["latest"] or {}).get("release_date")),
        "is_restart_due": is_restart_due(match, verdict.verdict if verdict else None),
        "sides": {
            line: restart_answers.side_of(product, match, line, on or clock.today(), is_due=found.verdict == "restart_due")
            | {"needs_esu": needs_esu(product, (latest(product, line, on or clock.today()) or {}).get("release_date"))}
            for line, found in of_line.items()
        },
        "beside": restart_answers.beside(product, newer, verdicts.facts.security.read_on),
        "chain": chain(verdicts.facts, match, on),
        "facts": stated(conn, release["subject"]),
        "conflicts": conflicts(conn, release["subject"]),
        "lines": {line: coverage.data_until(conn, match["product"], line) for line in lines},
    }


def _kb(text: str | None) -> int | None:
    return None if text is None else int(text.removeprefix("KB"))


def chain(facts: Facts, match: Row, on: str | None) -> list[Row]:
    """Return the releases around a match on its line: on the hotpatch line from its baseline to the next one, else two before and two after."""
    line, until = match["line"], on or "9999"
    releases = [
        r
        for r in facts.of(match["product"]).releases
        if r.is_of(line) and r.release_date and r.release_date <= until and r.classification not in {"component", "preview"}
    ]
    releases.sort(key=lambda r: (r.release_date, -1 if r.revision is None else r.revision, r.kb or -1))
    place = next((n for n, r in enumerate(releases) if (r.kb, r.build) == (_kb(match["kb"]), match["build"])), None)
    if place is None:
        return []
    first, end = max(0, place - 2), place + 2
    if line == "hotpatch":
        first = next((n for n in range(place, -1, -1) if releases[n].classification == "baseline"), first)
        end = next((n for n in range(place + 1, len(releases)) if releases[n].classification == "baseline"), len(releases))
    shown = ("kb", "build", "release_date", "classification", "is_unplanned")
    return [{name: getattr(r, name) for name in shown} | {"is_this": n == place} for n, r in enumerate(releases[: end + 1]) if n >= first]


def stated(conn: sqlite3.Connection, subject: str) -> list[Row]:
    """Return what sources state of a fact: field, value, where, and when it was first and last read."""
    return rows(
        conn,
        """select c.field, c.value, c.value_text, s.source, s.title, coalesce(c.source_url, p.final_url) as url, c.first_seen_at, c.last_seen_at,
            c.stated_since, c.gone_at
        from fact_claims as f join claims as c using (claim) join pages as p using (page) join sources as s on s.source = c.source
        where f.subject = ? order by c.field, s.precedence, url limit 200""",
        (subject,),
    )


def conflicts(conn: sqlite3.Connection, subject: str) -> list[Row]:
    """Return the disagreements about a fact: what was believed, what was not, by which rule, and the page of each."""
    return rows(
        conn,
        """select x.field, x.value_won, x.value_lost, x.rule, coalesce(w.source_url, pw.final_url) as url_won,
            coalesce(l.source_url, pl.final_url) as url_lost, k.why
        from conflicts as x join claims as w on w.claim = x.claim_won join claims as l on l.claim = x.claim_lost
        join pages as pw on pw.page = w.page join pages as pl on pl.page = l.page left join corrections as k on k.correction = x.correction
        where x.subject = ? order by x.field, x.value_lost limit 100""",
        (subject,),
    )


def kb_page(conn: sqlite3.Connection, kb: int, on: str | None, cve: str = "") -> Row | None:
    """Return all of a KB: its article, what installs it, its releases, CVEs and issues, and whether a CVE is open with it; None where no source names it."""
    of_kb = rows(conn, "select * from kbs where kb = ?", (kb,))
    if not of_kb:
        return None
    row = of_kb[0]
    installed = row["installs_kb"] or kb
    counts = rows(
        conn,
        """select product, count(distinct cve) as cves, count(distinct cve) filter (where severity = 'Critical') as critical
        from kb_cves as c where kb = ? and exists (select 1 from releases as r where r.kb = c.kb and r.product = c.product)
        group by product order by product""",
        (installed,),
    )
    unlisted = {row["product"]: row for row in unlisted_fixes(conn, kb=installed)}  # one note a product
    return row | {
        "installed": installed,
        "answer": lookup_answer(conn, f"KB{kb} {cve}".strip(), on),
        "counts": counts,
        "unlisted": list(unlisted.values()),
        "cves": rows(
            conn,
            """select cve, min(severity) as severity, group_concat(distinct product) as products from kb_cves as c
            where kb = ? and exists (select 1 from releases as r where r.kb = c.kb and r.product = c.product) group by cve order by cve limit ?""",
            (installed, MAX_CVES),
        ),
        "gaps": rows(
            conn,
            """select g.product, g.month, g.cve, g.severity, g.lcu_kb, g.companion_kb, exists (select 1 from releases as c
                where c.product = g.product and c.kb = g.companion_kb and c.classification = 'component') as is_hidden
            from cve_gaps as g where g.hotpatch_kb = ? order by g.product, g.cve""",
            (installed,),
        ),
        "issues": rows(
            conn,
            "select product, title, symptom, workaround, state, resolved_by_kb, article_url, gone_since from known_issues where kb = ? order by state, title, product",
            (installed,),
        ),
        "facts": stated(conn, row["subject"]),
        "conflicts": conflicts(conn, row["subject"]),
        "articles": rows(conn, "select url, title from articles where kb = ? order by url", (kb,)),
    }


# --- a year, a month -------------------------------------------------------------------------------------------


def years(conn: sqlite3.Connection, day: str) -> list[int]:
    """Return the years of the calendar, and those up to the next one while any product has hotpatches."""
    known = [int(row[0]) for row in conn.execute("select distinct substr(month, 1, 4) from hotpatch_calendar order by 1")]
    coming = max((int(found["month"][:4]) for found in restarts.next_restarts(conn, day, count=4, facts=facts_today(conn))), default=0)
    return [*known, *range(known[-1] + 1, min(coming, int(day[:4]) + 1) + 1)] if known else []


def year(conn: sqlite3.Connection, number: int, day: str) -> Row:
    """Return a year as a grid: products as rows, months as columns; months that no calendar covers yet by the cadence."""
    covered = calendar_rows(conn)
    found = restart_answers.answers(conn, day)
    framed, facts = {answer["product"]: answer["framed"] for answer in found}, facts_today(conn)
    order = [*framed, *sorted({row["product"] for row in covered} - framed.keys())]
    names = [f"{number:04d}-{month:02d}" for month in range(1, 13)]
    cells: dict[tuple[str, str], Row] = {}
    ended: set[tuple[str, str]] = set()
    for product in order:
        months = restart_answers.months_of(facts.of(product), (row for row in covered if row["product"] == product), day)
        last = max(months, default="9999")
        # By the cadence only from the month after the published calendar on, and while hotpatching goes on.
        end = last_month(conn, product)
        ended |= {(product, name) for name in names if name > end}
        cells |= {
            (product, name): restart_answers.stop(months, name, day)
            for name in names
            if name in months or (product in framed and last < name <= end)
        }
    return {
        "year": number,
        "years": years(conn, day),
        "months": names,
        "this_month": day[:7],
        "products": [
            {"product": product, "name": name_of(product)} for product in order if any((product, name) in cells for name in names)
        ],
        "cells": cells,
        "ended": ended - cells.keys(),
        "restarts": framed,
        "due": {answer["product"]: answer["baseline_kb"] for answer in found},
        "rows": {(row["product"], row["month"]): row for row in covered},
        "fresh": freshness(conn, day),
    }


def last_month(conn: sqlite3.Connection, product: str) -> str:
    """Return the last month in which a product may have hotpatches: that of the end of hotpatching or of support, 9999-12 where none is known."""
    ends = conn.execute("select hotpatch_end_date, extended_end_date from products where product = ?", (product,)).fetchone()
    return min((end[:7] for end in ends or () if end), default="9999-12")


MONTHS_AHEAD: Final = 24  # that have a page by the cadence alone, as the timelines of products show them


def month(conn: sqlite3.Connection, name: str, day: str) -> Row:
    """Return a month of all products: planned and actual types, what each source stated of it and when, and its releases.

    A month that no calendar covers yet is there by the cadence, of the products that have hotpatches then.
    """
    facts = facts_today(conn)
    cells = [
        restart_answers.months_of(facts.of(row["product"]), [row], day)[name]
        for row in calendar_rows(conn, year=int(name[:4]))
        if row["month"] == name
    ]
    if not cells and day[:7] < name <= month_after(day[:7], MONTHS_AHEAD):
        unknown = dict.fromkeys(("planned_type", "type", "release_date", "kb", "build", "changed_on"))
        expected = unknown | {"planned_by": "cadence", "is_unplanned": 0}
        cells = [
            expected | {"product": row["product"], "expected_type": planned_by_cadence(name), "expected_date": second_tuesday(name)}
            for row in restarts.next_restarts(conn, day, facts=facts)
            if name <= last_month(conn, row["product"])
        ]
    ranks = ranks_of(conn)

    def in_order(found: list[Row]) -> list[Row]:
        return sorted(found, key=lambda row: ranks.get(row["product"], len(ranks)))

    return {
        "month": name,
        "fresh": freshness(conn, day),
        "cells": in_order(cells),
        "history": in_order(
            rows(
                conn,
                """select product, type, is_plan, known_from, known_until, source, sources.title from calendar_history join sources using (source) where month = ?
            order by product, known_from, is_plan desc, type""",
                (name,),
            )
        ),
        "releases": in_order(
            rows(
                conn,
                """select product, kb, build, release_date, cadence, classification, in_hotpatch_line, in_standard_line, is_unplanned, article_url
            from releases where month = ? order by product, release_date, revision, kb""",
                (name,),
            )
        ),
    }


# --- home ---------------------------------------------------------------------------------------------------------------


def home(conn: sqlite3.Connection, day: str) -> Row:
    """Return the home page: how fresh the data is, an answer per product, the latest changes."""
    events = news.newest(conn, day, MAX_CHANGES)
    return {
        "fresh": freshness(conn, day),
        "answers": (found := restart_answers.answers(conn, day)),
        "monthly": restart_answers.without_hotpatches(conn, found, day),
        "examples": _examples(conn),
        "events": events,
        "marks": news.marks_of(row["item"] for row in events),
        "products": _products(conn, day),
    }


def _products(conn: sqlite3.Connection, day: str) -> list[Row]:
    """Return every product with the newest release of its standard line and how its support stands, by the edition that has it longest."""
    found = rows(
        conn,
        """select p.product, p.name, l.kb, l.build, l.release_date
        from products as p
        left join latest_releases as l on l.product = p.product and l.line = 'standard'
        """
        + IN_ORDER.replace("build_number", "p.build_number").replace("product", "p.product"),
    )
    facts = facts_today(conn)
    facts.load()
    ended = ended_previews(conn, day)
    return [
        row | {"support": support(of, day), "needs_esu": needs_esu(of, row["release_date"])}
        for row in found
        if row["product"] not in ended and (of := facts.of(row["product"]))
    ]


def ended_previews(conn: sqlite3.Connection, day: str) -> set[str]:
    """Return the products that were previews alone and have ended: nobody subscribes to one or pays for it."""
    facts = facts_today(conn)
    facts.load()
    return {name for name, product in facts.products.items() if not product.ends and coverage.last_day(product, day)}


def support(product: Product, day: str) -> Row:
    """Return how support of a product stands on a day.

    Returns:
        ``general`` and ``ltsc``, the ends of support of these editions; ``status`` of the site: that of the first general edition that is still
        supported, None where no end is known; ``of``, the editions whose status that is, where others end on another day; ``ended``, the general
        editions whose support has ended before; ``esu_until``, the last day of Extended Security Updates and whether others report it; and
        ``is_reported``, that it is supported is what others report.
    """
    general, ltsc = (coverage.support_ends(product, is_long_term=is_ltsc) for is_ltsc in (False, True))
    soon = (date.fromisoformat(day) + timedelta(days=SOON)).isoformat()
    going_on, ltsc_on = ([row for row in ends if row.end >= day] for ends in (general, ltsc))
    status = "unsupported" if general or ltsc else None
    if going_on:
        status = "ends_soon" if going_on[0].end <= soon else "supported"
    elif ltsc_on:
        status = "ltsc_only"
    return {
        "general": general, "ltsc": ltsc, "status": status, "of": going_on[0].groups if len(general) > 1 and len(going_on) > 1 else (),
        "ended": [group for row in general if row.end < day for group in row.groups] if going_on else [], "esu_until": _esu_until(product),
        "is_reported": bool(going_on or ltsc_on) and (going_on or ltsc_on)[0].is_reported,
    }  # fmt: skip


def needs_esu(product: Product, released: str | None) -> tuple[str, bool] | None:
    """Return the last day of Extended Security Updates, and whether others report it, where a release is for machines with them alone; else None.

    That is one which came after support of every edition had ended.
    """
    ends = [row.end for is_ltsc in (False, True) for row in coverage.support_ends(product, is_long_term=is_ltsc)]
    until = _esu_until(product)
    return until if released and until and ends and max(ends) < released <= until[0] else None


def _esu_until(product: Product) -> tuple[str, bool] | None:
    return max(((end, reported == "1") for _, kind, end, reported in product.ends if kind.startswith("esu_")), default=None)


def _examples(conn: sqlite3.Connection) -> list[str]:
    """Return what can be looked up: the newest hotpatch by its build and the newest baseline by its KB, a version, and a CVE where any is known."""
    newest = """select {} from releases where classification = ? and build is not null and kb is not null and is_public_preview = 0
        order by release_date desc, product desc, revision desc limit 1"""
    found = [
        conn.execute(newest.format("build"), ("hotpatch",)).fetchone(),
        conn.execute(newest.format("'KB' || kb"), ("baseline",)).fetchone(),
        conn.execute("select cve from cve_gaps order by month desc, cve limit 1").fetchone(),
        ("Windows Server 2025",),
    ]
    return [row[0] for row in found if row]
