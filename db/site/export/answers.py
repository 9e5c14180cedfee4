"""The answers of an export as JSON: what ``lookup``, ``calendar`` and ``next`` say, by build, KB, CVE, product and year.

Each answer is made by the function that the command and the API use. What is added is ``valid_until``, the last day on which the answer may be
read as one of today: a file outlives the day on which it was made, and a machine that was current then need not be it now.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final

from hotpatch_kb.db.answers.calendar import calendar_rows
from hotpatch_kb.db.answers.coverage import GRACE
from hotpatch_kb.db.answers.exposure.open_issues import left_open
from hotpatch_kb.db.answers.exposure.security_data import all_security_data
from hotpatch_kb.db.answers.exposure.unlisted import unlisted_fixes
from hotpatch_kb.db.answers.json_output import json_text
from hotpatch_kb.db.answers.lookup import find
from hotpatch_kb.db.answers.product_facts import Facts, latest
from hotpatch_kb.db.answers.restarts import missing_evidence, next_restarts, restart_of_standard_line
from hotpatch_kb.db.answers.verdicts import Verdicts
from hotpatch_kb.db.model.notation import kb_text, month_after, second_tuesday
from hotpatch_kb.db.model.products import named

Row = dict[str, Any]

LINES: Final = ("hotpatch", "standard")


def rows_of(conn: sqlite3.Connection, sql: str, *parameters: object) -> list[Row]:
    """Return rows by the names of their columns."""
    cursor = conn.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def valid_until(conn: sqlite3.Connection, day: str) -> str:
    """Return the last day on which answers of a day hold without new facts.

    They change with the second Tuesday, when a release is due, two days after it, when one that is missing counts as missing, and when support
    or hotpatching of a product ends.
    """
    tuesdays = [date.fromisoformat(second_tuesday(month)) for month in (day[:7], month_after(day[:7]))]
    steps = [step for tuesday in tuesdays for step in (tuesday - timedelta(days=1), tuesday, tuesday + GRACE)]
    ends = [row[0] for row in conn.execute("select end_date from lifecycles where length(end_date) = 10")]
    ends += [row[0] for row in conn.execute("select extended_end_date from products where length(extended_end_date) = 10")]
    later = [row[0] for row in conn.execute("select distinct date(release_date, '-1 day') from releases where release_date > ?", (day,))]
    months = [(date.fromisoformat(f"{month_after(day[:7])}-01") - timedelta(days=1)).isoformat()]
    ends_after: list[str] = [end for end in [*(step.isoformat() for step in steps), *ends, *later, *months] if end >= day]
    return min(ends_after)


class Answers:
    """The answers of one state of the facts and one day."""

    def __init__(self, conn: sqlite3.Connection, day: str) -> None:
        """Take a database with the fact tables, and the day (ISO date)."""
        self.conn = conn
        self.day = day
        self.valid_until = valid_until(conn, day)
        self._facts = Facts(conn)
        self._facts.security = all_security_data(conn)
        self.verdicts = Verdicts(conn, day, self._facts)
        self._matches: dict[Any, Row] = {}  # of lookups: a build, its KB and the pages of both have the same
        self.found: dict[str, Row] = {}  # the last lookup: the page of what was looked up shows it
        found = conn.execute("select product, kb, article_url from releases where article_url is not null")
        self._links = {(product, kb_text(kb)): url for product, kb, url in found.fetchall()}

    def looked_up(self, query: str) -> Row:
        """Return what ``lookup`` answers, with verdicts, and the last day on which it holds."""
        found = find(self.conn, query, today=self.day, facts=self._facts, matches=self._matches)
        self.found.clear()
        self.found[query] = found
        return self.verdicts.with_verdicts(found, None) | {"valid_until": self.valid_until}

    def names(self) -> list[str]:
        """Return what is looked up: every build and every KB, articles of baselines included. What is said of the same KB is side by side."""
        builds = self.conn.execute("select build, min(coalesce(kb, 0)) from releases where build is not null group by build").fetchall()
        kbs = self.conn.execute("select 'KB' || kb, coalesce(installs_kb, kb) from kbs").fetchall()
        return [name for name, _ in sorted((*builds, *kbs), key=lambda named: (named[1], named[0]))]

    def cves(self) -> Iterator[tuple[str, Row]]:
        """Yield every CVE: the releases that fix it, by product and line, and the hotpatches that leave it open."""
        fixes: dict[str, list[Row]] = {}
        for row in rows_of(
            self.conn,
            """select c.cve, c.product, c.kb, coalesce(r.build, c.fixed_build) as build, r.release_date, r.classification, r.in_hotpatch_line,
                r.in_standard_line, c.severity, c.source_month
            from kb_cves as c join releases as r on r.kb = c.kb and r.product = c.product
            order by c.cve, c.product, r.release_date, c.kb, r.revision""",
        ):
            fixes.setdefault(row["cve"], []).append(
                {
                    name: bool(value) if name.startswith("in_") and value is not None else value
                    for name, value in row.items()
                    if name != "cve"
                }
            )
        unlisted: dict[str, list[Row]] = {}
        for row in unlisted_fixes(self.conn):
            unlisted.setdefault(row["cve"], []).append(row)
        for cve in sorted(fixes.keys() | unlisted.keys()):
            left = left_open(self.conn, cve, None, self.day)
            yield cve, {"cve": cve, "fixed_by": fixes.get(cve, []), "left_open": left, "unlisted": unlisted.get(cve, [])}

    def years(self) -> Iterator[tuple[str, list[Row]]]:
        """Yield every year of the hotpatch calendar with its months."""
        by_year: dict[str, list[Row]] = {}
        for row in calendar_rows(self.conn):
            by_year.setdefault(row["month"][:4], []).append(row)
        yield from sorted(by_year.items())

    def products(self) -> list[Row]:
        """Return every product in short, in the order of their ids."""
        return [{name: row[name] for name in _SHORT} for row in self._all_products]

    def each_product(self) -> Iterator[tuple[str, Row]]:
        """Yield every product as users of endoflife.date know one: its latest releases, the next restart, its support and its releases."""
        for row in self._all_products:
            yield (
                row["name"],
                row
                | {
                    "lifecycle": self._lifecycle(row["name"]),
                    "releases": self._releases(row["name"]),
                    "valid_until": self.valid_until,
                },
            )

    def _lifecycle(self, product: str) -> list[Row]:
        """Return each day on which support of editions of a product ends, and whether only others than Microsoft state it."""
        found = rows_of(
            self.conn,
            "select edition_group, kind, end_date, source_url from lifecycles where product = ? order by end_date, edition_group, kind",
            product,
        )
        reported = self._facts.of(product).reported_ends()
        return [row | {"is_reported": (row["edition_group"], row["kind"]) in reported} for row in found]

    @cached_property
    def _all_products(self) -> list[Row]:
        until = {(row[0], row[1]): row[2] for row in self.conn.execute("select product, line, data_until from lines")}
        found = []
        for row in rows_of(self.conn, "select * from products order by product"):
            product = row["product"]
            restarts = next_restarts(self.conn, self.day, product, facts=self._facts)
            standard = restart_of_standard_line(self._facts.of(product), self.day)
            lines = [line for line in LINES if (product, line) in until]
            found.append({
                "name": product,
                "label": named(product).name,
                "family": row["family"],
                "buildNumber": row["build_number"],
                "releaseDate": row["release_date"],
                "isEol": _has_passed(row["extended_end_date"], self.day),
                "eolFrom": row["extended_end_date"],
                "isEoas": _has_passed(row["mainstream_end_date"], self.day),
                "eoasFrom": row["mainstream_end_date"],
                "hotpatchFrom": row["hotpatch_from_date"],
                "hotpatchUntil": row["hotpatch_end_date"],
                "latest": {line: self._latest(product, line) for line in lines},
                "nextRestart": {
                    "hotpatch": {name: restarts[0][name] for name in (*_RESTART, *_OF_RESTART)} if restarts else None,
                    "standard": standard and {name: getattr(standard, name) for name in (*_RESTART, "certainty")} | dict.fromkeys(_OF_RESTART[1:]),
                },
                "dataUntil": {line: until[product, line] for line in lines},
            })  # fmt: skip
        return found

    def _latest(self, product: str, line: str) -> Row | None:
        release = latest(self._facts.of(product), line, self.day)
        return release and {
            "name": release["build"], "date": release["release_date"], "kb": release["kb"], "classification": release["classification"],
            "link": self._links.get((product, release["kb"])), "missing_evidence": missing_evidence(self._facts.of(product), line, self.day),
        }  # fmt: skip

    def _releases(self, product: str) -> list[Row]:
        return rows_of(
            self.conn,
            """select kb, build, release_date, month, cadence, classification, in_hotpatch_line, in_standard_line, restart_required,
                is_unplanned, is_public_preview, is_expired, baseline_kb, baseline_build, gone_since, article_url
            from releases where product = ? order by release_date desc, revision desc, kb""",
            product,
        )


_SHORT: Final = (
    "name", "label", "family", "buildNumber", "releaseDate", "isEol", "eolFrom", "hotpatchFrom", "hotpatchUntil", "latest", "nextRestart", "dataUntil",
)  # fmt: skip
_RESTART: Final = ("month", "date", "is_expected", "is_unplanned")
# How sure the next restart is, the baseline before it that was expected and that nobody read, and the newest one: a machine without them restarts for
# them first.
_OF_RESTART: Final = ("certainty", "unseen_baseline", "newest_baseline")


def _has_passed(end: str | None, day: str) -> bool | None:
    return None if end is None else end < day[: len(end)]


def document(value: Any) -> bytes:
    """Return an answer as the bytes of a file: the JSON of the command, on one line."""
    return (json_text(value) + "\n").encode("utf-8", "replace")
