"""Parquet, read and written by DuckDB, which is the extra ``bulk``."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from hotpatch_kb.db.fleet.inventory.columns import DECODER
from hotpatch_kb.db.fleet.inventory.decoding import MAX_ROW, Prefixed
from hotpatch_kb.db.fleet.inventory.output import COLUMNS, renamed
from hotpatch_kb.db.model.errors import BadInput

if TYPE_CHECKING:
    import duckdb

_ROWS: Final = 10_000
_PLAIN: Final = frozenset(
    {"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "VARCHAR"}
)
_TYPES: Final[Mapping[str, str]] = {"months_behind": "INTEGER", "next_needs_restart": "BOOLEAN"}  # of our columns; the others are text


def connected(folder: Path) -> duckdb.DuckDBPyConnection:
    """DuckDB without a file, which spills into a folder.

    Raises:
        BadInput: it is not installed.
    """
    try:
        import duckdb  # noqa: PLC0415
    except ImportError:
        raise BadInput("expected DuckDB for Parquet and --engine duckdb, got none: pip install 'hotpatch-kb[bulk]'") from None
    conn = duckdb.connect(config={"temp_directory": str(folder / "spill"), "autoinstall_known_extensions": "false"})
    conn.execute("set memory_limit = '2GB'")
    return conn


def quoted(text: str) -> str:
    """A text as a literal of SQL; file names cannot be bound in every statement of DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


class Parquet:
    """Rows of a Parquet file. Numbers, booleans and nested values stay what they are, times and decimals become text."""

    def __init__(self, raw: Prefixed, stack: ExitStack) -> None:
        """Copies the stream into a temporary file: Parquet is read from its end.

        Raises:
            BadInput: it is no Parquet, or DuckDB is not installed.
        """
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotpatch-kb-")))
        self._conn = stack.enter_context(connected(folder))
        path = folder / "inventory.parquet"
        with path.open("wb") as out:
            shutil.copyfileobj(cast("BinaryIO", raw), out)
        import duckdb  # noqa: PLC0415

        try:
            described = self._conn.execute(f"describe select * from read_parquet({quoted(str(path))})").fetchall()
        except duckdb.Error as error:
            raise BadInput("expected an inventory that can be read, got {got}", got=str(error).splitlines()[0]) from None
        self.columns: list[str] | None = [row[0] for row in described]
        self._nested = [row[0] for row in described if row[1].endswith(("]", ")")) and not row[1].startswith("DECIMAL")]
        wanted = [
            f"to_json({identifier(name)})::varchar"
            if name in self._nested
            else identifier(name)
            if kind in _PLAIN
            else f"{identifier(name)}::varchar"
            for name, kind, *_ in described
        ]
        self._sql = f"select {', '.join(wanted)} from read_parquet({quoted(str(path))})"

    def find_columns(self) -> list[str]:
        """The columns of the file."""
        return list(self.columns or ())

    def records(self) -> Iterator[tuple[dict[str, Any], None]]:
        """Its rows, in their order."""
        names = self.find_columns()
        found = self._conn.execute(self._sql)
        while rows := found.fetchmany(_ROWS):
            for row in rows:
                cells = dict(zip(names, row, strict=True))
                for name in self._nested:
                    cells[name] = None if cells[name] is None else DECODER.decode(cells[name])
                yield cells, None


def write_parquet(lines: Path, columns: list[str], out: Path, folder: Path) -> None:
    """Writes what ``assess`` prints as JSON lines to a Parquet file: own columns as text, those of the verdict with their types.

    Args:
        lines: the file of JSON lines.
        columns: those of the inventory.
        out: the file to write.
        folder: for what does not fit into memory.
    """
    types = dict.fromkeys(renamed(columns), "VARCHAR") | {name: _TYPES.get(name, "VARCHAR") for name in COLUMNS}
    stated = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in types.items())
    with connected(folder) as conn:
        conn.execute(
            f"""copy (select {", ".join(map(identifier, types))} from read_json({quoted(str(lines))}, format = 'newline_delimited',
            columns = {{{stated}}}, maximum_object_size = {64 * MAX_ROW}, auto_detect = false)) to {quoted(str(out))} (format parquet)"""
        )
