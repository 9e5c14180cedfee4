"""The tables of an export as CSV, and as Parquet where DuckDB is installed, with their Data Package description.

In CSV an empty cell is NULL, and an empty text is written as two quotes; DuckDB, Spark, pandas and polars tell them apart.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.answers.verdicts import VERDICTS, Verdict, Verdicts, verdict_rows
from hotpatch_kb.db.fleet.duckdb_sql import connect, quoted
from hotpatch_kb.db.fleet.formats import FORMULA, VERDICT_COLUMNS, safe
from hotpatch_kb.db.fleet.join import join_tables
from hotpatch_kb.db.fleet.judge import Judge
from hotpatch_kb.db.fleet.rows import cell
from hotpatch_kb.db.site.export.answers import valid_until
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
# What a line has where a cell may be written with more than its text: what CSV quotes, and what a spreadsheet may run.
_SPECIAL: Final = re.compile(rf'["\n\r]|(?:\A|,){FORMULA.pattern}')
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


_VERDICT_TYPES: Final = {"months_behind": "BIGINT", "next_needs_restart": "BOOLEAN", "outcome": "BIGINT", "kb": "BIGINT"}
# What each column of the tables for a join holds; docs/verdicts.md has those of a verdict.
_JOIN_COLUMNS: Final = {
    "build": "OS build, such as 26100.32772",
    "products": "products that the name of the machine's system leaves, separated by +; empty: all that have the build",
    "product": "servicing line of Windows",
    "line": "hotpatch or standard as the inventory states it, empty where it does not",
    "deciding": "words of deciding_kbs for the installed KBs, each once, sorted, separated by blanks",
    "deciding_kb": "an installed KB that may have brought the build, empty where none is known",
    "edition": "edition, from edition_aliases, else from product_aliases; empty: any that has no row of its own",
    "outcome": "number of a row of outcomes",
    "product_key": "what a name means: a product, a family of products, other (not covered), or empty for any",
    "kb": "the KB's number",
    "word": "what the KB means for a machine with that build",
    "alias": "a spelling, in lower case",
    "data_until": "ISO date of the latest accepted page that lists the line",
    "verdict": f"{', '.join(list(VERDICTS)[:-1])} or {list(VERDICTS)[-1]}",
    "classification": "what the installed release is",
    "baseline_kb": "KB of its baseline",
    "months_behind": "months of its line with a release that counts and that the machine lacks",
    "next_kb": "what to install next",
    "next_needs_restart": "whether that restarts",
    "rejoins_month": "month of the baseline with which a machine that left the hotpatch line returns to it",
    "newer_out_of_band": "newer KBs that do not decide, separated by blanks",
    "reason": "what decided, in words",
    "valid_until": "ISO date after which current is unknown",
}
_JOIN_TABLES: Final = {
    "machines": ("Everything that a machine may be, and what is said of it. docs/export.md has the join.", ("build", "products", "line", "deciding", "edition", "outcome")),
    "outcomes": ("Verdicts with their reasons, by number.", ("outcome", *VERDICT_COLUMNS, "valid_until")),
    "product_choices": ("What the name of a system leaves of the products that share a build. A pair that is not here leaves all.", ("build", "product_key", "products")),
    "deciding_kbs": ("Installed KBs that may change a verdict, by build.", ("build", "kb", "word")),
    "build_aliases": ("Spellings of builds.", ("alias", "build")),
    "product_aliases": ("Names of systems, in lower case with single blanks, and what they mean.", ("alias", "product_key", "edition")),
    "edition_aliases": ("Names, ids and numbers of editions, in lower case with single blanks.", ("alias", "edition")),
    "line_aliases": ("Words for an enrolment, letters and digits alone in lower case.", ("alias", "line")),
}  # fmt: skip


def judged_tables(conn: sqlite3.Connection, day: str, verdicts: Verdicts | None = None) -> list[Table]:
    """Return the verdicts of a day, and the tables with which a join judges machines as ``assess`` does.

    Args:
        conn: a database with the fact tables.
        day: ISO date.
        verdicts: of that day, where the caller has made some of them.
    """
    verdicts = verdicts or Verdicts(conn, day)
    names = (*Verdict._fields, "data_until")
    rows = [[str(row[name]) if name == "reason" else row[name] for name in names] for row in verdict_rows(conn, day, known=verdicts)]
    of_builds = Table(
        "verdicts", "Verdicts by product, build, line and deciding KB.", _columns("verdicts", (*Verdict._fields, "data_until")), rows
    )
    join = join_tables(Judge(conn, day, verdicts))._asdict()
    until = valid_until(conn, day)
    join["outcomes"] = [(*outcome, until) for outcome in join["outcomes"]]
    return [of_builds, *(Table(name, text, _columns(name, columns), join[name]) for name, (text, columns) in _JOIN_TABLES.items())]


def _columns(table: str, names: Sequence[str]) -> list[Column]:
    """Return columns of a table for a join. The KB of a verdict is a text such as KB5087423, one that decides is a number."""
    is_number = {name for name in _VERDICT_TYPES if name != "kb" or table == "deciding_kbs"}
    return [Column(name, _VERDICT_TYPES[name] if name in is_number else "VARCHAR", _JOIN_COLUMNS[name]) for name in names]


def as_csv(table: Table) -> bytes:
    """Return a table as CSV: UTF-8, commas, a header, a line feed after each row.

    A text that a spreadsheet would run as a formula gets an apostrophe; no fact begins like that.
    """
    lines = [",".join(column.name for column in table.columns)]
    lines += map(_line, table.rows)
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _line(row: Sequence[Any]) -> str:
    cells = [value if type(value) is str else cell(value) for value in row]
    line = ",".join(cells)
    # Few of a million cells are more than a name, a number or an empty text.
    if line.count(",") == len(row) - 1 and not _SPECIAL.search(line):
        return line if "" not in row else ",".join(['""' if value == "" else text for value, text in zip(row, cells, strict=True)])
    return ",".join(map(_cell, row))


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
