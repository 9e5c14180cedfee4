"""Write a database of the present schema as SQL, from two rendered pages: ``PYTHONPATH=.:tests python tests/databases/make.py``."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from helpers import render

from hotpatch_kb.db.store import migrations
from hotpatch_kb.scraper.crawl import runs

HERE = Path(__file__).parent
PAGES = HERE.parent / "pages"
READ_AT = "2026-07-23T12:00:00Z"
SOURCES = ("support_navigation", "support_article")
BASE = "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026"
ARTICLE = f"{BASE}/may-12-2026-hotpatch-kb5087423-os-build-26100-32772"


def write_pages(folder: Path, fetched_at: str = READ_AT) -> None:
    """Save a tree of two pages: the hotpatch navigation with a few entries, and the article of one of them."""
    days = ("June 9, 2026", "May 12, 2026", "April 14, 2026")
    categories = [
        replace(category, entries=[entry for entry in category.entries if entry.title.startswith(days)])
        for category in render.hotpatch_categories("2026-07", "new")
        if "Server 2025" in category.title
    ]
    hub = render.HOTPATCH_HUB["new"]
    render.save_tree(folder, hub, render.navigation_new(categories, h1="Hotpatch", url=hub), fetched_at=fetched_at, suffix=".html")
    article = (PAGES / "support_article" / "hotpatch.html").read_text(encoding="utf-8")
    render.save_tree(folder, ARTICLE, article, fetched_at=fetched_at, suffix=".html")


def dump(path: Path) -> str:
    """Return a database as SQL. Views are left out, and the tables of the full-text index, which its statements fill."""
    with closing(sqlite3.connect(path)) as conn:
        rows = conn.execute(
            "select sql from sqlite_master where sql is not null and type != 'view' and name not like 'kbs\\_fts\\_%' escape '\\' order by rowid"
        )
        schema = [sql for (sql,) in rows]
        tables = [sql for sql in schema if sql.casefold().startswith("create table")]
        others = [sql for sql in schema if sql not in tables]
        inserts = [line for line in conn.iterdump() if line.startswith('INSERT INTO "') and not line.startswith('INSERT INTO "kbs_fts')]
    return "\n".join(
        [*(f"{sql};" for sql in tables), *inserts, *(f"{sql};" for sql in others), "insert into kbs_fts (kbs_fts) values ('rebuild');\n"]
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pages(folder / "pages")
        runs.crawl(folder / "x.db", folder / "x.archive", sources=SOURCES, folder=folder / "pages", seed=False, say=print)
        target = HERE / f"{migrations.STEPS[-1]}.sql"
        target.write_text(dump(folder / "x.db"), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
