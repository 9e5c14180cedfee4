"""Versions of the schema: the statements that lead to each, and whether a database has the tables of one of them.

``db/migrations/*.sql`` holds the statements, frozen once they are published; only the wording of a comment may change. ``db/schema.sql``
shows what they lead to. To change the schema: write the next ``mNNN_what_it_does.sql`` with a function below, change ``schema.sql`` likewise, add
the version to ``SHAPES`` and a database of it to ``tests/databases`` (its README says how).

Reading commands import this module, so it imports sqlite-utils (0.2 s) only where a database is written or examined.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.light_typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

# Tables of every version, each after those it refers to. A person may add others, and indexes.
TABLES: Final = (
    "sources", "runs", "pages", "sections", "subjects", "claims", "products", "kbs", "articles", "releases", "hotpatch_calendar", "prices",
    "eligibility", "known_issues", "kb_cves", "security_months", "kb_channels", "article_changes", "lines", "fact_claims", "corrections",
    "conflicts", "checks", "changes", "lifecycles", "reported",
)  # fmt: skip
VIEWS: Final = (
    "builds", "calendar_history", "cve_gaps", "cve_months", "data_until", "hotpatch_chains", "implausible_releases", "latest_releases", "next_restarts",
    "price_intervals", "quarantine", "source_health",
)  # fmt: skip
# Checksum of the tables of each version (see shape), by its last migration: comparing takes a lookup 1 ms, making the tables to compare 100 ms (2026-11).
SHAPES: Final = {
    "": 0x0D4CBB29,  # no tables
    "m001_first_version": 0x529E2D87,
    "m002_articles_issues_and_cves": 0xDC7A884A,
    "m003_pages_are_found_by_indexes": 0xDC7A884A,  # indexes alone
    "m004_lifecycles_and_reported": 0x8544A59F,
    "m005_provisional_releases": 0x01C5E987,
}
STEPS: Final = tuple(SHAPES)[1:]

_COLUMNS: Final = f"""select tables.name, columns.name, columns.type, columns."notnull", columns.pk
    from sqlite_master as tables, pragma_table_info(tables.name) as columns
    where tables.type = 'table' and tables.name in ({", ".join(f"'{name}'" for name in TABLES)})
    order by tables.name, columns.name"""


def migrations() -> Migrations:
    """Return every change of the schema, in order."""
    from sqlite_utils import Migrations  # noqa: PLC0415 (see above)

    steps = Migrations("hotpatch_kb")

    @steps()
    def m001_first_version(db: Database) -> None:
        db.executescript(_sql("m001_first_version"))
        # A title holds "KB5087423" as one word; the bare number is found by a column of its own.
        db.table("kbs").enable_fts(["kb", "title"], create_triggers=True)

    @steps()
    def m002_articles_issues_and_cves(db: Database) -> None:
        db.table("kbs").disable_fts()  # the statements make kbs again
        db.executescript(_sql("m002_articles_issues_and_cves"))
        db.table("kbs").enable_fts(["kb", "title"], create_triggers=True)

    @steps()
    def m003_pages_are_found_by_indexes(db: Database) -> None:
        db.executescript(_sql("m003_pages_are_found_by_indexes"))

    @steps()
    def m004_lifecycles_and_reported(db: Database) -> None:
        db.executescript(_sql("m004_lifecycles_and_reported"))

    @steps()
    def m005_provisional_releases(db: Database) -> None:
        db.executescript(_sql("m005_provisional_releases"))

    return steps


def _sql(name: str) -> str:
    from importlib.resources import files  # noqa: PLC0415 (10 ms at start-up)

    return files("hotpatch_kb.db").joinpath("migrations", f"{name}.sql").read_text(encoding="utf-8")


def applied_steps(conn: sqlite3.Connection) -> list[str]:
    """Return the names of the migrations that were applied to a database, in order."""
    if conn.execute("select 1 from sqlite_master where name = '_sqlite_migrations'").fetchone() is None:
        return []
    rows = conn.execute("select name from _sqlite_migrations where migration_set = 'hotpatch_kb' order by id")
    return [row[0] for row in rows]


def unknown_steps(conn: sqlite3.Connection) -> list[str]:
    """Return the migrations that a newer version of the program has applied."""
    return [name for name in applied_steps(conn) if name not in STEPS]


def foreign_table(conn: sqlite3.Connection) -> str:
    """Return a table of another program whose database this is; "" for one of ours or an empty one."""
    present = {row[0] for row in conn.execute("select name from sqlite_master where name not like 'sqlite\\_%' escape '\\'")}
    return min(present) if present and present.isdisjoint({"claims", "_sqlite_migrations"}) else ""


def shape(conn: sqlite3.Connection) -> int:
    """Return a checksum of the names, types, keys and "not null" of all columns of our tables, in whatever order the columns are.

    Databases that an earlier version migrated have further columns last, where new ones have them in their place.
    """
    from zlib import crc32  # noqa: PLC0415 (a shared library, which a lookup in the embedded facts need not load)

    return crc32(repr([tuple(row) for row in conn.execute(_COLUMNS)]).encode())


def has_known_shape(conn: sqlite3.Connection) -> bool:
    """Return whether a database has the tables that its migrations lead to, so that the next ones can be applied."""
    applied = tuple(applied_steps(conn))
    return applied == STEPS[: len(applied)] and shape(conn) == SHAPES[applied[-1] if applied else ""]


def check_for_writing(conn: sqlite3.Connection, path: object) -> None:
    """Raise BadInput for a database that must not be written: of a newer version, of another program, or with tables of no known version."""
    if newer := unknown_steps(conn):  # it may mean by a column what we do not know
        raise BadInput(
            "expected a database of this version or an older one at {path}, got {steps} of a newer one: update hotpatch-kb",
            path=path,
            steps=", ".join(newer),
        )
    if foreign := foreign_table(conn):  # it must not get our tables, nor lose its views
        raise _of_another_program(path, foreign)
    if not has_known_shape(conn):
        raise _of_no_version(path)


def check_for_reading(conn: sqlite3.Connection, path: object) -> None:
    """Raise BadInput for a database whose tables queries do not fit.

    One of a newer version may still be read: where a query does not fit its tables, SQLite says so.
    """
    if shape(conn) == SHAPES[STEPS[-1]] or unknown_steps(conn):
        return
    if foreign := foreign_table(conn):
        raise _of_another_program(path, foreign)
    if not has_known_shape(conn):
        raise _of_no_version(path)
    if not applied_steps(conn):
        raise BadInput("expected a database of hotpatch-kb at {path}, got an empty one; hotpatch-kb crawl fills it", path=path)
    raise BadInput("expected a database of this version at {path}, got an older one; hotpatch-kb crawl brings it up to date", path=path)


def missing_views(conn: sqlite3.Connection) -> list[str]:
    """Return the views that a database lacks, because no run of this version has written to it yet."""
    present = {row[0] for row in conn.execute("select name from sqlite_master where type = 'view'")}
    return [name for name in VIEWS if name not in present]


def _of_another_program(path: object, table: str) -> BadInput:
    return BadInput("expected a database of hotpatch-kb at {path}, got one of another program, with {table!r}", path=path, table=table)


def _of_no_version(path: object) -> BadInput:
    return BadInput(
        "expected a database of this version or an earlier one at {path}, got tables of neither: hotpatch-kb doctor says what differs, "
        "hotpatch-kb doctor --repair rebuilds it from its archive",
        path=path,
    )


def differences(conn: sqlite3.Connection) -> list[str]:
    """Return how the tables of a database differ from those that its migrations lead to, one line for each table, such as "kbs lacks title"."""
    with version(applied_steps(conn)) as wanted:
        return [line for table in TABLES for line in _compare(table, _columns(wanted, table), _columns(conn, table))]


@contextmanager
def version(steps: list[str]) -> Iterator[sqlite3.Connection]:
    """Open an empty database in memory to which migrations were applied: all up to the last of the given ones."""
    import sqlite_utils  # noqa: PLC0415 (see above)

    every = migrations()
    conn = sqlite3.connect(":memory:", isolation_level=None)
    try:
        last = max((STEPS.index(name) for name in steps if name in STEPS), default=-1)
        every.apply(sqlite_utils.Database(conn), stop_before=STEPS[last + 1 :])
        yield conn
    finally:
        conn.close()


def _columns(conn: sqlite3.Connection, table: str) -> dict[str, str]:
    """Return the definition of each column of a table, such as "integer not null"; empty where there is no such table."""
    rows = conn.execute('select name, type, "notnull", pk from pragma_table_info(?)', (table,))
    return {name: f"{kind.lower()}{' not null' if is_set else ''}{' key' if key else ''}" for name, kind, is_set, key in rows}


def _compare(table: str, wanted: dict[str, str], got: dict[str, str]) -> Iterator[str]:
    if wanted and not got:
        yield f"no table {table}"
    elif got and not wanted:
        yield f"{table} is of another version"
    else:
        if lacking := wanted.keys() - got.keys():
            yield f"{table} lacks {', '.join(sorted(lacking))}"
        if further := got.keys() - wanted.keys():
            yield f"{table} has also {', '.join(sorted(further))}"
        for column in sorted(wanted.keys() & got.keys()):
            if wanted[column] != got[column]:
                yield f"{table}.{column} is {got[column]!r}, not {wanted[column]!r}"
