"""A database of an earlier version becomes one of this version, with its facts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from hotpatch_kb.db.facts import seed
from hotpatch_kb.db.store import schema

NEW_TABLES = ("article_changes", "kb_channels", "kb_cves", "known_issues", "security_months")
NEW_COLUMNS = {
    "kbs": ("published_at", "updated_at"),
    "articles": ("applies_to", "requires_kb", "requires_build", "ssu_kb", "ssu_build", "issue_count", "expired_on"),
}


def _shape(conn: sqlite3.Connection) -> dict[str, list[Any]]:
    names = [
        row[0] for row in conn.execute("select name from sqlite_master where type in ('table', 'index') and sql is not null order by 1")
    ]
    return {name: sorted(tuple(row)[1:] for row in conn.execute(f"pragma table_info({name})")) for name in names}


def test_a_database_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    with closing(schema.open_for_writing(tmp_path / "new.db")) as conn:
        wanted = _shape(conn)
    with closing(schema.open_for_writing(tmp_path / "old.db")) as conn:
        with schema.transaction(conn):
            seed.load_seed(conn)
        views = [row[0] for row in conn.execute("select name from sqlite_master where type = 'view'")]
        for view in views:
            conn.execute(f"drop view {view}")
        for table in NEW_TABLES:
            conn.execute(f"drop table {table}")
        for table, columns in NEW_COLUMNS.items():
            for column in columns:
                conn.execute(f"alter table {table} drop column {column}")
        for name in ("prices_by_subject", "eligibility_by_subject"):
            conn.execute(f"drop index {name}")
        conn.execute("delete from _sqlite_migrations where name like 'm002%'")
        before = conn.execute("select count(*), sum(kb) from releases").fetchone()
    with closing(schema.open_for_writing(tmp_path / "old.db")) as conn:
        assert _shape(conn) == wanted
        assert conn.execute("select count(*), sum(kb) from releases").fetchone() == before
        assert conn.execute("pragma integrity_check").fetchone() == ("ok",)
        assert conn.execute("pragma foreign_key_check").fetchall() == []
