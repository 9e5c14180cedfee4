# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""Limits of one SQL statement. With Datasette's time limit alone, a single GET can block a server.

SQLite checks the time between steps of its program, never within one function. ``select zeroblob(1000000000)`` made
Datasette 0.65.5 grow to 11 GB and answer nothing for 30 s; with the limits it answers 400 at once. They limit each step,
not the number of steps: a statement may still call sixty slow functions between two checks of the time, so a published site
takes no SQL of visitors at all.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from datasette import hookimpl

# Bytes of one value or row. Our longest value has 2,400. instr() and replace() take quadratic time in one step that nothing
# interrupts: 20 s for 2 MB, 3.5 s for 1 MB, 0.7 s for 500 kB, which is below our time limit.
LENGTH: Final = 500_000

LIMITS: Final = {
    sqlite3.SQLITE_LIMIT_LENGTH: LENGTH,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 30,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 50_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 60,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 500,
    # Datasette asks for the labels of a page of foreign keys in one statement, max_returned_rows of them.
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 5_000,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 10,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


@hookimpl  # type: ignore[untyped-decorator]
def prepare_connection(conn: sqlite3.Connection, database: str, datasette: Any) -> None:  # noqa: ARG001 (names of the hook)
    """Limit each connection when it is opened."""
    for limit, value in LIMITS.items():
        conn.setlimit(limit, value)
    if database.startswith("_"):
        return  # _internal is Datasette's own and is written, _memory attaches others with --crossdb
    conn.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    # Reading connections are read-only by themselves; a connection for writing, which a query with "write: true" would open, is not.
    conn.execute("pragma query_only = on")
