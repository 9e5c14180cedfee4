"""The tables of an export as CSV, and as Parquet where DuckDB is installed, with their Data Package description.

In CSV an empty cell is NULL, and an empty text is written as two quotes; DuckDB, Spark, pandas and polars tell them apart.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.fleet.duckdb_sql import connect, quoted
from hotpatch_kb.db.fleet.formats import safe
from hotpatch_kb.db.fleet.rows import cell
from hotpatch_kb.db.store import schema

# Tables of the database that are exported, by the name of their file, with the order of their rows.
FACTS: Final = {
    "releases": ("releases", "product, release_date, revision, kb, release"),
    "calendar": ("hotpatch_calendar", "product, month"),
    "products": ("products", "product"),
    "lifecycles": ("lifecycles", "product, edition_group, kind"),
    "prices": ("prices", "subject, price"),
    "kb_cves": ("kb_cves", "kb, product, cve"),
    "known_issues": ("known_issues", "kb, product, issue, known_issue"),
}
_TYPES: Final = {"INTEGER": "BIGINT", "REAL": "DOUBLE", "TEXT": "VARCHAR"}
# Of Table Schema (https://datapackage.org/standard/table-schema/).
_SCHEMA_TYPES: Final = {"BIGINT": "integer", "DOUBLE": "number", "VARCHAR": "string", "BOOLEAN": "boolean"}


class Column(NamedTuple):
    """A column: its name, its type as DuckDB calls it, and what it holds."""

    name: str
    type: str
    description: str


class Table(NamedTuple):
    """A table: its name, what a row is, its columns, and its rows in a fixed order."""

    name: str
    description: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]


def fact_tables(conn: sqlite3.Connection) -> list[Table]:
    """Return the fact tables of a database, each row in the order of its columns."""
    described = schema.comments()
    tables = []
    for name, (table, order) in FACTS.items():
        comment, columns = described[table]
        types = {row[1]: _TYPES[row[2].upper()] for row in conn.execute(f"pragma table_info({table})")}
        named = [Column(column, types[column], columns.get(column, "")) for column in types]
        tables.append(Table(name, comment, named, conn.execute(f"select {', '.join(types)} from {table} order by {order}").fetchall()))
    return tables


def as_csv(table: Table) -> bytes:
    """Return a table as CSV: UTF-8, commas, a header, a line feed after each row.

    A text that a spreadsheet would run as a formula gets an apostrophe; no fact begins like that.
    """
    lines = [",".join(column.name for column in table.columns)]
    lines += [",".join(map(_cell, row)) for row in table.rows]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return cell(value)
    text = safe(value)
    if not text or any(special in text for special in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def has_parquet() -> bool:
    """Return whether Parquet can be written: DuckDB is installed, the extra ``bulk``."""
    return find_spec("duckdb") is not None


def as_parquet(tables: Sequence[tuple[Table, bytes]]) -> dict[str, bytes]:
    """Return tables as Parquet by their names, made of their CSV, so that both have the same cells.

    Raises:
        BadInput: DuckDB is not installed.
    """
    files = {}
    with tempfile.TemporaryDirectory(prefix="hotpatch-kb-") as name, connect(Path(name)) as conn:
        conn.execute("set threads = 1")  # the order of row groups, and so the bytes, are the same each time
        for table, text in tables:
            source, target = Path(name) / "table.csv", Path(name) / "table.parquet"
            source.write_bytes(text)
            columns = ", ".join(f"{quoted(column.name)}: {quoted(column.type)}" for column in table.columns)
            conn.execute(
                f"""copy (select * from read_csv({quoted(str(source))}, header = true, delim = ',', quote = '"', escape = '"', nullstr = '',
                allow_quoted_nulls = false, new_line = '\\n', auto_detect = false, columns = {{{columns}}}))
                to {quoted(str(target))} (format parquet, compression zstd)"""
            )
            files[table.name] = target.read_bytes()
    return files


def data_package(tables: Sequence[Table], made_at: str) -> dict[str, Any]:
    """Return the description of the tables as a Data Package (https://datapackage.org)."""
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "hotpatch-kb",
        "title": "Windows hotpatching: every KB, build, baseline and hotpatch",
        "created": made_at,
        "licenses": [{"name": "CC0-1.0", "path": "https://creativecommons.org/publicdomain/zero/1.0/"}],
        "resources": [
            {
                "name": table.name.replace("_", "-"),
                "path": f"tables/{table.name}.csv",
                "description": table.description,
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "schema": {
                    "fields": [
                        {"name": column.name, "type": _SCHEMA_TYPES[column.type], "description": column.description}
                        for column in table.columns
                    ],
                    "missingValues": [""],
                },
            }
            for table in tables
        ],
    }
