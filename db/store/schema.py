"""The database file as a whole: its schema and views, how it is opened to write, and transactions."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

from hotpatch_kb.db.store import migrations

# Comments in schema.sql: "-- One crawl or replay." above a table, "-- counts up" after a column.
_TABLE: Final = re.compile(r"(?:^-- (?P<comment>[^\n]+)\n)?create table (?P<table>\w+) \((?P<body>.*?)\n\)", re.MULTILINE | re.DOTALL)
_COLUMN: Final = re.compile(r"^ {4}(?P<column>\w+) [^\n]*?-- (?P<comment>[^\n]+)$", re.MULTILINE)

# Seconds to wait for the lock of another program that writes, and for readers that need an old state.
WAIT: Final = 30
WAIT_FOR_READERS: Final = 1
# Bytes. SQLite keeps what is not written back yet in a file beside the database, the -wal; a reader that needs an old state makes it grow.
WAL_LIMIT: Final = 64 << 20


def schema_sql() -> str:
    """Return the text of ``schema.sql``."""
    return files("hotpatch_kb.db").joinpath("schema.sql").read_text(encoding="utf-8")


def comments() -> dict[str, tuple[str, dict[str, str]]]:
    """Return the description of every table and those of its columns, from the comments of ``schema.sql``."""
    return {
        table["table"]: (table["comment"] or "", {column["column"]: column["comment"] for column in _COLUMN.finditer(table["body"])})
        for table in _TABLE.finditer(schema_sql())
    }


def view_files() -> dict[str, str]:
    """Return the SQL of every view by its name. Its first comment is its description."""
    folder = files("hotpatch_kb.db").joinpath("views")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return {name.removesuffix(".sql"): folder.joinpath(name).read_text(encoding="utf-8") for name in names}


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open a database to write, brought to the schema and views of this version. Creates the file where there is none.

    Returns:
        a connection in WAL mode with foreign keys on, in autocommit: begin a transaction explicitly.

    Raises:
        BadInput: the database is of a newer version, of another program, or has tables of no known version. Nothing was written to it.
    """
    import sqlite_utils  # noqa: PLC0415 (0.2 s to import, and reading needs none of it)

    conn = sqlite3.connect(path, isolation_level=None, timeout=WAIT)
    try:
        migrations.check_for_writing(conn, path)
        conn.execute("pragma journal_mode = wal")
        conn.execute("pragma synchronous = full")  # what is published once survives a loss of power
        conn.execute(f"pragma journal_size_limit = {WAL_LIMIT}")
        # Drop the views first: a migration that rebuilds a table fails while a view names it. Foreign keys must be off, as they are in a new
        # connection.
        steps, db = migrations.migrations(), sqlite_utils.Database(conn)
        if steps.pending(db):
            _replace_views(conn, {})
        steps.apply(db)
        conn.execute("pragma foreign_keys = on")
        if changed_views(conn):
            _replace_views(conn, view_files())
    except BaseException:
        conn.close()
        raise
    return conn


def changed_views(conn: sqlite3.Connection) -> list[str]:
    """Return the views of a database that are missing, unknown to this version or of another text."""
    wanted = {name: f"create view {name} as\n{sql.strip()}".casefold() for name, sql in view_files().items()}
    present = {name: sql.casefold() for name, sql in conn.execute("select name, sql from sqlite_master where type = 'view'")}
    return sorted(name for name in {*wanted, *present} if wanted.get(name) != present.get(name))


def add_temporary_views(conn: sqlite3.Connection, names: Iterable[str]) -> None:
    """Create views that only this connection has, so that a database without them can be read; the file is not written to."""
    views = view_files()
    (is_query_only,) = conn.execute("pragma query_only").fetchone()
    conn.execute("pragma query_only = off")
    for name in names:
        conn.execute(f"create temporary view {name} as\n{views[name].strip()}")
    conn.execute(f"pragma query_only = {is_query_only}")


def _replace_views(conn: sqlite3.Connection, views: dict[str, str]) -> None:
    """Drop all views and create the given ones: views hold no data."""
    with transaction(conn):
        for (name,) in conn.execute("select name from sqlite_master where type = 'view'").fetchall():
            conn.execute(f"drop view {name}")
        for name, sql in views.items():
            conn.execute(f"create view {name} as\n{sql.strip()}")


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[None]:
    """Open a write transaction whose foreign keys are checked at its end. Any error rolls it back."""
    conn.execute("begin immediate")
    try:
        conn.execute("pragma defer_foreign_keys = on")
        yield
        conn.execute("commit")
    except BaseException:
        if conn.in_transaction:
            conn.execute("rollback")
        raise


def clear(conn: sqlite3.Connection) -> None:
    """Remove every row, for a replay in place. Runs in the caller's transaction, with foreign keys deferred."""
    for table in reversed(migrations.TABLES):  # what refers to a row before the row, which spares SQLite a search for it
        conn.execute(f"delete from {table}")


def must_replay(conn: sqlite3.Connection) -> bool:
    """Return whether pages were loaded out of the order of their times, and the run that loaded them ended before its replay."""
    return bool(conn.execute("pragma user_version").fetchone()[0])


def set_must_replay(conn: sqlite3.Connection, *, due: bool) -> None:
    """Record that a replay is due, or not any more.

    Runs in the caller's transaction: the mark and the pages are committed together or not at all.
    """
    conn.execute(f"pragma user_version = {int(due)}")


def write_back(conn: sqlite3.Connection) -> int:
    """Write the -wal back into the database and empty it, unless a reader needs an old state.

    Returns:
        the bytes that stay in the -wal.
    """
    conn.execute(f"pragma busy_timeout = {WAIT_FOR_READERS * 1000}")
    try:
        is_busy, pages, written = conn.execute("pragma wal_checkpoint(truncate)").fetchone()
    finally:
        conn.execute(f"pragma busy_timeout = {WAIT * 1000}")
    if not is_busy:
        return 0
    return int(conn.execute("pragma page_size").fetchone()[0] * max(pages, written))
