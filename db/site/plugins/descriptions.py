# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""Descriptions of tables, views and columns, taken from the comments of schema.sql and of each view."""

from __future__ import annotations

import copy
import re
import sqlite3
from functools import cache
from typing import Any, Final, NamedTuple

from datasette import hookimpl

from hotpatch_kb.db.site import DATABASE
from hotpatch_kb.db.store import schema

_COMMENT: Final = re.compile(r"(?:--[^\n]*\n)+")


class _Columns(NamedTuple):
    """Columns of a view. ``like`` names the table that describes most of them; ``but`` describes the rest."""

    like: str
    but: dict[str, str]


_VIEWS: Final = {
    "builds": _Columns(
        "releases",
        {
            "kbs": "every KB that installs it, by date",
            "classifications": "of each KB, in the same order",
            "is_ambiguous": "1 if the build alone does not say which KB is installed",
        },
    ),
    "calendar_history": _Columns(
        "claims",
        {
            "product": "the servicing line",
            "month": "such as 2026-06",
            "type": "baseline or hotpatch, as stated",
            "is_plan": "1 if stated as a plan, 0 if as released",
            "known_from": "UTC, when this was first stated or seen",
            "known_until": "UTC, fetch time of the first page without it; empty while a page states it",
            "claim": "the claim that states it",
        },
    ),
    "cve_gaps": _Columns(
        "kb_cves",
        {
            "product": "the servicing line",
            "month": "of the hotpatch, such as 2025-12",
            "cve": "the CVE that the cumulative update fixes and the hotpatch does not",
            "severity": "Critical, Important, Moderate or Low, of the cumulative update; empty where MSRC states none",
            "lcu_kb": "KB of the month's cumulative update",
            "hotpatch_kb": "KB of the month's hotpatch",
            "companion_kb": "KB of the update for the hotpatch line that fixes it; empty where none is known",
        },
    ),
    "cve_months": _Columns(
        "security_months",
        {
            "product": "the servicing line",
            "lcu_kb": "KB of the month's cumulative update",
            "hotpatch_kb": "KB of the month's hotpatch",
            "lcu_cves": "how many CVEs the cumulative update fixes; empty where MSRC's data was not read or does not list it",
            "hotpatch_cves": "how many CVEs the hotpatch fixes; empty where MSRC's data was not read or does not list it",
            "is_known": "1 if the month's data was read completely and lists the hotpatch; 0 says nothing about how many CVEs there are",
        },
    ),
    "data_until": _Columns("lines", {}),
    "hotpatch_chains": _Columns(
        "releases",
        {
            "baseline_kb": "KB of the baseline that it needs",
            "baseline_build": "build of that baseline",
            "baseline_date": "ISO date of that baseline",
            "baseline_subject": "name of that baseline in claims",
        },
    ),
    "implausible_releases": _Columns("releases", {"reason": "what was expected, and what is listed"}),
    "latest_releases": _Columns(
        "releases",
        {
            "line": "hotpatch or standard",
            "baseline_kb": "KB of the baseline that it needs or is",
            "baseline_build": "build of that baseline",
        },
    ),
    "next_restarts": _Columns(
        "hotpatch_calendar",
        {
            "date": "ISO date of the restart, the second Tuesday until it is released",
            "is_expected": "1 if planned, or expected by the cadence after the end of the published plan; 0 if released",
            "kb": "the baseline, once released",
            "build": "its build, once released",
        },
    ),
    "price_intervals": _Columns(
        "prices",
        {
            "amount_low": "the lowest amount that a source states, in the currency, per unit",
            "amount_high": "the highest amount that a source states",
            "is_disputed": "1 if sources state different amounts for this interval",
        },
    ),
    "quarantine": _Columns(
        "claims",
        {
            "product": "the servicing line whose release it may be; empty where that is not known",
            "kind": "entry, cell, column, heading or label",
            "text": "as published",
            "reason": "what was expected",
            "may_be_release": "1 if it has a KB, a build or a date and no correction accepts it: its product may not be called current",
            "kb": "the KB, where it could be read",
            "build": "the OS build, where it could be read",
            "release_date": "ISO date, where it could be read",
        },
    ),
    "source_health": _Columns(
        "sources",
        {
            "source": "the source",
            "last_good_at": "UTC, fetch time of the last page that was accepted",
            "due_at": "UTC, when it is due again",
            "is_stale": "1 if it was refused, could not be reached, was never read, or has missed four due dates",
            "note": "which checks of its last run failed",
        },
    ),
}


def first_comment(sql: str) -> str:
    """Return the comment at the beginning of a view's file, on one line."""
    match = _COMMENT.match(sql.lstrip())
    return " ".join(line.removeprefix("--").strip() for line in match[0].splitlines()) if match else ""


def _columns_of_views() -> dict[str, list[str]]:
    """Return the columns of each view in their order, from SQLite: a view's file does not list them."""
    conn = sqlite3.connect(":memory:")
    try:
        conn.executescript(schema.schema_sql())
        columns = {}
        for name, sql in schema.view_files().items():
            conn.execute(f"create view {name} as\n{sql}")
            columns[name] = [row[0] for row in conn.execute("select name from pragma_table_info(?)", (name,))]
        return columns
    finally:
        conn.close()


@cache
def _tables() -> dict[str, dict[str, Any]]:
    tables = schema.comments()
    described: dict[str, dict[str, Any]] = {name: {"description": text, "columns": columns} for name, (text, columns) in tables.items()}
    texts = schema.view_files()
    for name, columns in _columns_of_views().items():
        described[name] = {"description": first_comment(texts[name])}
        if name in _VIEWS:
            like, but = _VIEWS[name]
            known = tables[like][1] | but
            described[name]["columns"] = {column: known[column] for column in columns if column in known}
    return described


@hookimpl  # type: ignore[untyped-decorator]
def get_metadata(datasette: Any, key: str | None, database: str | None, table: str | None) -> dict[str, Any]:  # noqa: ARG001 (names of the hook)
    """Return what Datasette merges with metadata.yaml, which has precedence. Datasette writes into it, hence a copy."""
    described = _tables()
    names = described if table is None else described.keys() & {table}
    return {"databases": {DATABASE: {"tables": {name: copy.deepcopy(described[name]) for name in names}}}}
