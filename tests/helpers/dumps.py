"""An ordered dump of a database: everything but which run read a page and when the program ran."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

# Runs and checks tell how the database came to be, not what it holds.
LEFT_OUT = {"runs", "checks", "_sqlite_migrations"}
FACTS = ("products", "kbs", "articles", "releases", "hotpatch_calendar", "conflicts", "fact_claims", "lines")


def dump(path: Path, tables: tuple[str, ...] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of every table, sorted, without the column ``run``."""
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
    """Rows of one statement."""
    conn = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        return conn.execute(sql, parameters).fetchall()
    finally:
        conn.close()
