"""An ordered dump of a database: everything but which run read a page and when the program ran."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

# Runs and checks record how the database was made, not its content.
LEFT_OUT = {"runs", "checks", "_sqlite_migrations"}
FACTS = ("products", "kbs", "articles", "releases", "hotpatch_calendar", "conflicts", "fact_claims", "lines")


def dump(path: Path, tables: tuple[str, ...] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every table, sorted, without the column ``run``."""
    conn = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        names = [row[0] for row in conn.execute("select name from sqlite_master where type = 'table' order by name")]
        wanted = [name for name in names if (name in tables if tables else name not in LEFT_OUT and not name.startswith("kbs_fts"))]
        found = {}
        for name in wanted:
            columns = [row[1] for row in conn.execute(f"pragma table_info({name})") if row[1] != "run"]
            found[name] = sorted(conn.execute(f"select {', '.join(columns)} from {name}").fetchall(), key=repr)
        return found
    finally:
        conn.close()


def query(path: Path, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Return the rows of one statement."""
    conn = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        return conn.execute(sql, parameters).fetchall()
    finally:
        conn.close()


_STATEMENTS = {
    # One hub of a family may stand in for another that could not be read, with the same entries.
    "claims": "select distinct source, section, subject, field, value, gone_at is null from claims",
    "releases": "select subject, month, cadence, classification, restart_required, is_unplanned, baseline_kb, derived_from, article_url from releases",
    "calendar": "select subject, planned_type, planned_by, type, expected_type, kb, build from hotpatch_calendar",
    "kbs": "select kb, title, article_url, release_date, installs_kb, published_at, updated_at from kbs",
    "articles": "select url, kb, product, title, applies_to, requires_kb, ssu_kb, issue_count from articles",
    "issues": "select kb, product, issue, state, resolved_by_kb from known_issues",
    "cves": "select kb, product, cve, severity, fixed_build, subtype, supersedes_kb, source_month from kb_cves",
    "prices": "select subject, amount, valid_from, valid_to, source_url from prices",
    "eligibility": "select subject, is_eligible, source_url from eligibility",
    "conflicts": "select subject, field, value_won, value_lost, rule from conflicts",
    "changes": "select subject, field, old_value, new_value from changes",
}


def facts(db: Path) -> dict[str, list[Any]]:
    """Return the facts without times and ids, which follow from them."""
    return {name: sorted(query(db, sql), key=repr) for name, sql in _STATEMENTS.items()}
