"""The database file: its migrations, its views, and how it is opened."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotpatch_kb.db.model.errors import BadInput

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

# What a comment on a column or table looks like in schema.sql.
_COLUMN = re.compile(r"^ {4}(?P<column>\w+) [^\n]*?-- (?P<comment>[^\n]+)$", re.MULTILINE)
_TABLE = re.compile(r"(?:^-- (?P<comment>[^\n]+)\n)?create table (?P<table>\w+) \((?P<body>.*?)\n\)", re.MULTILINE | re.DOTALL)

_CREATED = re.compile(r"^create (?:unique )?(?P<kind>table|index) (?P<name>\w+)", re.MULTILINE)
# "    applies_to text,                -- servicing lines ..."
_DEFINITION = re.compile(r"^ {4}(?P<column>\w+) (?P<type>(?:text|integer|real)(?: references \w+ \(\w+\))?),? +--", re.MULTILINE)


# Seconds to wait for another program that writes, and for one that reads an old state.
WAIT: Final = 30
WAIT_FOR_READERS: Final = 1
# Of the file beside the database in which SQLite keeps what readers of an old state keep from being written back.
WAL_LIMIT: Final = 64 << 20


def schema_sql() -> str:
    """The text of ``schema.sql``."""
    return files("hotpatch_kb.db").joinpath("schema.sql").read_text(encoding="utf-8")


def comments() -> dict[str, tuple[str, dict[str, str]]]:
    """Description of every table, and of its columns, as written in ``schema.sql``."""
    found = {}
    for match in _TABLE.finditer(schema_sql()):
        columns = {column["column"]: column["comment"] for column in _COLUMN.finditer(match["body"])}
        found[match["table"]] = (match["comment"] or "", columns)
    return found


def view_files() -> dict[str, str]:
    """SQL of every view by its name; the first comment of each is its description."""
    folder = files("hotpatch_kb.db").joinpath("views")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return {name.removesuffix(".sql"): folder.joinpath(name).read_text(encoding="utf-8") for name in names}


def migrations() -> Migrations:
    """Every change of the schema since the first version, in order."""
    from sqlite_utils import Migrations  # noqa: PLC0415 (0.2 s at start-up, and lookups need none of it)

    steps = Migrations("hotpatch_kb")

    @steps()
    def m001_first_version(db: Database) -> None:
        for statement in _statements(schema_sql()):
            db.conn.execute(statement)
        # "KB5087423" is a word of the title; the bare number is found by the column of its own.
        db.table("kbs").enable_fts(["kb", "title"], create_triggers=True)

    @steps()
    def m002_articles_issues_and_cves(db: Database) -> None:
        # A database of the first version lacks tables and columns; a new one was made with them by the step before.
        present = {row[0] for row in db.conn.execute("select name from sqlite_master")}
        for created, statement in _definitions():
            if created["name"] not in present:
                db.conn.execute(statement)
                continue
            known = {row[1] for row in db.conn.execute(f"pragma table_info({created['name']})")}
            for column in _DEFINITION.finditer(statement) if created["kind"] == "table" else ():
                if column["column"] not in known:
                    db.conn.execute(f"alter table {created['name']} add column {column['column']} {column['type']}")

    @steps()
    def m003_pages_are_found_by_indexes(db: Database) -> None:
        # Each page of a crawl asks for its last answer; without an index that reads every answer of years.
        for created, statement in _definitions():
            if created["name"].startswith("pages_by_"):
                db.conn.execute(statement.replace("create index", "create index if not exists", 1))

    return steps


def _definitions() -> Iterator[tuple[re.Match[str], str]]:
    """The statements of the schema, with the kind and the name of what each creates."""
    for statement in _statements(schema_sql()):
        created = _CREATED.search(statement)
        assert created is not None, statement
        yield created, statement


def _statements(script: str) -> list[str]:
    # executescript() would commit the migration's transaction. Comments before "create" stay in sqlite_master only
    # where they stand inside the statement; the site reads them from the file.
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current.strip())
            current = ""
    return statements


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection that writes, with the schema of this version and its views. Creates the file where there is none.

    Returns:
        a connection in WAL mode with foreign keys on, in autocommit: begin a transaction explicitly.

    Raises:
        BadInput: a newer version of the program wrote it, or another program.
    """
    import sqlite_utils  # noqa: PLC0415

    conn = sqlite3.connect(path, isolation_level=None, timeout=WAIT)
    try:
        steps = migrations()
        db = sqlite_utils.Database(conn)
        if newer := unknown_steps(conn):  # before the first write: it may mean by a column what we do not know
            raise BadInput(
                f"expected a database of this version or an older one at {path}, got {', '.join(newer)} of a newer one: update hotpatch-kb"
            )
        # Another program's database is not to be given our tables, nor to lose its views.
        if foreign := foreign_table(conn):
            raise BadInput(f"expected a database of hotpatch-kb at {path}, got one of another program, with {foreign!r}")
        conn.execute("pragma journal_mode = wal")
        conn.execute("pragma synchronous = full")  # what is published once survives a loss of power
        conn.execute(f"pragma journal_size_limit = {WAL_LIMIT}")
        conn.execute("pragma foreign_keys = on")
        steps.apply(db)
        _install_views(conn)
    except BaseException:
        conn.close()
        raise
    return conn


def unknown_steps(conn: sqlite3.Connection) -> list[str]:
    """Migrations that a newer version of the program has applied."""
    return [name for name in _applied_steps(conn) if name not in _steps()]


def missing_steps(conn: sqlite3.Connection) -> list[str]:
    """Migrations that an older version of the program has not applied."""
    applied = _applied_steps(conn)
    return [name for name in _steps() if name not in applied]


def _steps() -> list[str]:
    return [step.name for step in migrations()._migrations]  # noqa: SLF001 (pending() lists those that are not applied, no call lists all)


def _applied_steps(conn: sqlite3.Connection) -> list[str]:
    if conn.execute("select 1 from sqlite_master where name = '_sqlite_migrations'").fetchone() is None:
        return []
    rows = conn.execute("select name from _sqlite_migrations where migration_set = 'hotpatch_kb' order by id")
    return [row[0] for row in rows]


def foreign_table(conn: sqlite3.Connection) -> str:
    """A table of another program, whose database it is; "" for one of ours, or an empty one."""
    present = {row[0] for row in conn.execute("select name from sqlite_master where name not like 'sqlite\\_%' escape '\\'")}
    return min(present) if present and present.isdisjoint({"claims", "_sqlite_migrations"}) else ""


def changed_views(conn: sqlite3.Connection) -> list[str]:
    """Views that are missing, are not of this version, or have another text."""
    wanted = {name: f"create view {name} as\n{sql.strip()}".casefold() for name, sql in view_files().items()}
    present = {name: sql.casefold() for name, sql in conn.execute("select name, sql from sqlite_master where type = 'view'")}
    return sorted(name for name in {*wanted, *present} if wanted.get(name) != present.get(name))


def must_replay(conn: sqlite3.Connection) -> bool:
    """Whether pages were loaded that only a replay puts in their order: the run that loaded them did not come to it."""
    return bool(conn.execute("pragma user_version").fetchone()[0])


def set_must_replay(conn: sqlite3.Connection, *, due: bool) -> None:
    """Notes it in the caller's transaction, so that it holds exactly if the pages are loaded."""
    conn.execute(f"pragma user_version = {int(due)}")


def write_back(conn: sqlite3.Connection) -> int:
    """Empties the file beside the database, if no reader of an old state needs it.

    Returns:
        the bytes that stay in it.
    """
    conn.execute(f"pragma busy_timeout = {WAIT_FOR_READERS * 1000}")
    try:
        is_busy, pages, written = conn.execute("pragma wal_checkpoint(truncate)").fetchone()
    finally:
        conn.execute(f"pragma busy_timeout = {WAIT * 1000}")
    if not is_busy:
        return 0
    return int(conn.execute("pragma page_size").fetchone()[0] * max(pages, written))


def _install_views(conn: sqlite3.Connection) -> None:
    """Views hold no data: one whose text changed is made anew."""
    if not changed_views(conn):
        return
    conn.execute("begin immediate")
    for (name,) in conn.execute("select name from sqlite_master where type = 'view'").fetchall():
        conn.execute(f"drop view {name}")
    for name, sql in view_files().items():
        conn.execute(f"create view {name} as\n{sql.strip()}")
    conn.execute("commit")


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[None]:
    """One write transaction with foreign keys checked at its end; rolled back on any error."""
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
    """Removes every row, for a replay in place. In the caller's transaction, foreign keys deferred."""
    for table in comments():
        conn.execute(f"delete from {table}")
