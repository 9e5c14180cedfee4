"""Versions of the schema: migrations lead from each to the documented one, and a database that is of none is refused."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from databases import make
from helpers.datasettes import get, opened
from helpers.dumps import LEFT_OUT, dump, query

from hotpatch_kb.db.store import migrations, schema
from hotpatch_kb.scraper.cli import serve
from hotpatch_kb.scraper.crawl import runs

DATABASES = Path(__file__).parent / "databases"
VERSIONS = sorted(path.stem for path in DATABASES.glob("*.sql"))
TITLE = "May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)"


def _texts(conn: sqlite3.Connection) -> dict[str, str]:
    """The statements of tables and indexes. A table that a migration makes again has its name in quotes."""
    rows = conn.execute("select name, sql from sqlite_master where type in ('table', 'index') and sql is not null")
    return {
        name: re.sub(r'^CREATE TABLE "(\w+)"', r"CREATE TABLE \1", sql)
        for name, sql in rows
        if not name.startswith(("_sqlite", "idx__sqlite", "kbs_fts"))
    }


def _load(version: str, path: Path) -> None:
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript((DATABASES / f"{version}.sql").read_text(encoding="utf-8"))


def _facts(db: Path) -> dict[str, list[Any]]:
    """The rows of every table, whatever the order of its columns."""
    columns = {table: ", ".join(sorted(described)) for table, (_, described) in schema.comments().items() if table not in LEFT_OUT}
    return {table: sorted(query(db, f"select {names} from {table}"), key=repr) for table, names in columns.items()}


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """The pages that the databases were made from, as read a day later."""
    make.write_pages(tmp_path / "pages", "2026-07-24T12:00:00Z")
    return tmp_path / "pages"


def test_the_migrations_lead_to_the_schema_that_is_documented(tmp_path: Path) -> None:
    """Every table, column, index and comment."""
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.executescript(schema.schema_sql())
        documented = _texts(conn)
        columns = {table: {row[1] for row in conn.execute(f"pragma table_info({table})")} for table in migrations.TABLES}
    with closing(schema.open_for_writing(tmp_path / "x.db")) as conn:
        assert _texts(conn) == documented
    assert {table: set(described) for table, (_, described) in schema.comments().items()} == columns
    assert all(text and all(described.values()) for text, described in schema.comments().values())


def test_every_version_is_recorded() -> None:
    """With its checksum and a database of it."""
    assert tuple(step.name for step in migrations.migrations()._migrations) == migrations.STEPS
    for name in ("", *migrations.STEPS):
        with migrations.version([name]) as conn:
            assert (migrations.applied_steps(conn)[-1:], migrations.shape(conn)) == ([name] if name else [], migrations.SHAPES[name])
            assert migrations.differences(conn) == []
    assert set(migrations.STEPS) <= set(VERSIONS)
    assert list(migrations.VIEWS) == list(schema.view_files())
    assert sorted(path.stem for path in (Path(schema.__file__).parents[1] / "migrations").glob("*.sql")) == sorted(migrations.STEPS)


@pytest.mark.fault("a site begun over a database of an earlier version", of="site")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_of_an_earlier_version_is_served(version: str, run: Command, tmp_path: Path) -> None:
    """The site is begun over a database of that version with its data; every kind of address answers with it, doctor finds it sound, and a backup brings it back."""
    db = tmp_path / "x.db"
    _load(version, db)
    before = query(db, "select subject, kb, build from releases order by 1")
    with serve._served(db) as file, opened(file, public=True) as ds:
        for path in (
            "/en/",
            "/kb/5087423",
            "/build/26100.32772",
            "/product/ws2025",
            "/feeds/releases.atom",
            "/csv/releases.csv",
            "/hotpatch/releases",
            "/metrics",
        ):
            assert get(ds, path).status_code == 200, path
        assert "5087423" in get(ds, "/api/lookup?q=26100.32772").text
    assert run("doctor", "--db", db).code in {0, 1}  # 1: it has no archive
    assert run("backup", tmp_path / "kept.zip", "--db", db).code == 0
    assert run("restore", tmp_path / "kept.zip", "--db", tmp_path / "back.db").code == 0
    assert query(tmp_path / "back.db", "select subject, kb, build from releases order by 1") == before


@pytest.mark.parametrize("version", VERSIONS)
def test_a_migrated_database_has_the_documented_columns(version: str, tmp_path: Path) -> None:
    _load(version, tmp_path / "x.db")
    with closing(schema.open_for_writing(tmp_path / "x.db")) as conn, migrations.version(list(migrations.STEPS)) as wanted:
        for table in migrations.TABLES:
            columns, of_new = ([tuple(row)[1:] for row in c.execute(f"pragma table_info({table})")] for c in (conn, wanted))
            # What ALTER TABLE once added stays last.
            assert (sorted(columns) if version == "m003_by_alter_table" else columns) == (
                sorted(of_new) if version == "m003_by_alter_table" else of_new
            ), table


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = tmp_path / "x.db"
    _load("m001_first_version", db)
    before = dump(db)
    sql = migrations._sql
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "_sql", lambda name: f"{sql(name)} select no_such_column;")
        with pytest.raises(sqlite3.OperationalError, match="no_such_column"):
            schema.open_for_writing(db)
    assert dump(db) == before
    with closing(sqlite3.connect(db)) as conn:
        assert (migrations.applied_steps(conn), migrations.has_known_shape(conn)) == (["m001_first_version"], True)
    schema.open_for_writing(db).close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        # Of a commit between two versions, which had applied the same migrations.
        pytest.param(
            "drop table kb_channels; create table kb_channels (kb integer not null, channel text not null, is_available integer, note text, "
            "subject text not null, primary key (kb, channel)) strict, without rowid",
            "kb_channels lacks kb_channel, product; kb_channels.channel is 'text not null key', not 'text not null'; "
            "kb_channels.kb is 'integer not null key', not 'integer not null'",
            marks=pytest.mark.fault("a database of a commit between two versions"),
        ),
        pytest.param("drop table article_changes", "no table article_changes", marks=pytest.mark.fault("a database that lacks a table")),
        pytest.param(
            "drop view quarantine; drop view implausible_releases; alter table releases drop column gone_since; alter table releases add column gone text",
            "releases lacks gone_since; releases has also gone",
            marks=pytest.mark.fault("a database with other columns"),
        ),
        pytest.param(
            "delete from _sqlite_migrations where name like 'm002%'",
            "migrations m001_first_version, m003_pages_are_found_by_indexes, m004_lifecycles_and_reported, m005_provisional_releases",
            marks=pytest.mark.fault("a database whose migrations are not those of its tables"),
        ),
    ],
)
def test_a_database_of_no_known_version_is_refused(change: str, said: str, run: Command, pages: Path, tmp_path: Path) -> None:
    """A crawl, a replay and, where queries do not fit, a lookup refuse it in one line that names doctor --repair; that says what differs and rebuilds it."""
    db = tmp_path / "x.db"
    runs.crawl(db, tmp_path / "x.db.archive", folder=pages, seed=False, say=lambda _: None)
    facts = dump(db)
    with closing(sqlite3.connect(db)) as conn:
        conn.executescript(change)
    before = db.read_bytes()
    calls = [
        ("crawl", "--from", pages),
        ("replay",),
        ("lookup", "26100.32772"),
        ("next",),
        ("status",),
        ("calendar", "--known", "2026-07-24"),
    ]
    for arguments in calls if "_sqlite_migrations" not in change else calls[:2]:
        done = run(*arguments, "--db", db)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
        assert "got tables of neither: hotpatch-kb doctor says what differs, hotpatch-kb doctor --repair rebuilds it" in done.err
    done = run("doctor", "--db", db)
    assert (done.code, f"got others: {said} (--repair moves it aside and rebuilds it" in done.out) == (1, True), done.out
    assert db.read_bytes() == before
    assert (run("doctor", "--db", db, "--repair").code, dump(db)) == (0, facts)
    assert [path.read_bytes() for path in tmp_path.glob("x.db.broken-*") if not path.name.endswith(("-wal", "-shm"))] == [before]


def test_a_reader_of_an_earlier_version_is_told_what_updates_it(run: Command, tmp_path: Path) -> None:
    """One whose tables queries fit is read, without the views of this version too (these files have none), and not written to."""
    for version, code, said in (
        (
            "m001_first_version",
            2,
            older := "expected a database of this version at {db}, got an older one; hotpatch-kb crawl brings it up to date",
        ),
        ("m003_by_alter_table", 2, older),
        ("m004_lifecycles_and_reported", 2, older),
        ("m005_provisional_releases", 0, ""),
    ):
        db = tmp_path / f"{version}.db"
        _load(version, db)
        done = run("lookup", "26100.32772", "--db", db)
        assert (done.code, said.format(db=db) in done.err) == (code, True), done
        assert run("status", "--db", db).code == (code or 6)  # it is of July 2026
        assert query(db, "select count(*) from sqlite_master where type = 'view'") == [(0,)]
    (tmp_path / "empty.db").touch()
    done = run("lookup", "26100.32772", "--db", "empty.db")
    assert (done.code, "got an empty one; hotpatch-kb crawl fills it" in done.err) == (2, True)


def test_tables_and_indexes_of_a_person_are_left_alone(run: Command, pages: Path, tmp_path: Path) -> None:
    db = tmp_path / "x.db"
    with closing(schema.open_for_writing(db)) as conn:
        conn.execute("create table machines (name text, build text)")
        conn.execute("create index releases_by_cadence on releases (cadence)")
    assert run("crawl", "--db", db, "--from", pages).code == 0
    assert run("lookup", "26100.32772", "--db", db).code == 0
    assert query(db, "select count(*) from sqlite_master where name in ('machines', 'releases_by_cadence')") == [(2,)]
