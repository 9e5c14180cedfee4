# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""What Datasette's own pages need to look like the others, and every table and view as one CSV file.

Datasette's own CSV ends after a thousand rows where streaming is off, as on a published site.
"""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from datasette import Response, hookimpl
from datasette.utils import path_with_added_args

from hotpatch_kb.db.fleet.formats import safe
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.site import news, tables, web, when
from hotpatch_kb.db.site.i18n import Words
from hotpatch_kb.db.site.tables import row_titles
from hotpatch_kb.db.site.tables.row_titles import Title
from hotpatch_kb.db.store import schema

MAX_FILE: Final = 30_000_000  # bytes; the largest table, claims, has 12 MB of the pages of a year
VIEWS: Final = frozenset({"database", "table", "row", "query"})  # Datasette's names of its pages of data
# Tables of which the embedded facts have nothing: no row says that nobody read the pages, not that there is nothing.
READ_BY_A_CRAWL: Final = frozenset({"known_issues", "kb_cves", "security_months", "kb_channels", "article_changes", "checks"})
TABLES: Final = sorted({*schema.comments(), *schema.view_files()} - {"_sqlite_migrations"})


def table_csv(conn: sqlite3.Connection, table: str) -> bytes:
    """Return a table as CSV in UTF-8 for spreadsheets: a text that one would run as a formula gets an apostrophe; no fact begins like that.

    Raises:
        HttpError: it is too large for one answer (413).
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    cursor = conn.execute(f"select * from {table}")
    writer.writerow([column[0] for column in cursor.description])
    while rows := cursor.fetchmany(1000):
        writer.writerows([[safe(value) if isinstance(value, str) else value for value in row] for row in rows])
        if out.tell() > MAX_FILE:
            raise web.HttpError(
                413,
                "Expected at most {size:,} bytes of {table}, got more. Take it in parts: /hotpatch/{table}.csv?_size=1000",
                size=MAX_FILE,
                table=table,
            )
    return out.getvalue().encode("utf-8", "replace")


async def file_of_table(datasette: Any, request: Any) -> Response:
    """``/csv/<table>.csv``."""
    name = request.url_vars["table"]
    if name not in TABLES:
        return await web.problem(datasette, request, 404, Message("No table is named {table}.", table=name))

    def make(conn: sqlite3.Connection) -> bytes:
        web.only(request, ())  # each spelling of an address would be made and kept by itself: 16 MB and 2 s
        return table_csv(conn, name)

    return await web.file(datasette, request, make, "text/csv; charset=utf-8")


@hookimpl  # type: ignore[untyped-decorator]
def prepare_jinja2_environment(env: Any) -> None:
    """Add what tables are called."""
    env.globals["about_tables"] = tables.about()
    env.globals["columns_in_order"] = tables.columns_in_order
    env.globals["read_by_a_crawl"] = READ_BY_A_CRAWL
    env.tests["kind_of_update"] = lambda text: text in news.MARKED
    env.globals["unfolded"] = tables.unfolded
    env.globals["number_columns"] = tables.number_columns


@hookimpl  # type: ignore[untyped-decorator]
def extra_template_vars(datasette: Any, view_name: str | None) -> Callable[[], Awaitable[dict[str, Any]]] | dict[str, Any]:
    """Return for a page of Datasette how fresh the data is, which its strip says; how its links add to an address; and what its rows are called."""
    if view_name not in VIEWS:
        return {}

    async def titles(table: str, rows: list[Any], t: Words, *, are_listed: bool = False) -> list[Title | None]:
        values = [_values(row) for row in rows]
        return await web.read(datasette, lambda conn: row_titles.titles(conn, table, values, t, are_listed=are_listed))

    async def found() -> dict[str, Any]:
        return {
            "titles_of": titles,
            "fresh": await web.read(datasette, lambda conn: when.freshness(conn, clock.today())),
            "path_with_added_args": path_with_added_args,
        }

    return found


def _values(row: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the values of a row that Datasette shows, by column."""
    return {cell["column"]: cell["raw"] for cell in row}


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    """Return the addresses of the files."""
    return [(r"^/csv/(?P<table>[a-z_]{1,40})\.csv$", file_of_table)]
