"""Read Parquet with DuckDB, the extra ``bulk``."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from hotpatch_kb.db.fleet.duckdb_sql import connect, identifier, quoted
from hotpatch_kb.db.fleet.inventory.columns import DECODER
from hotpatch_kb.db.fleet.inventory.decoding import Prefixed
from hotpatch_kb.db.model.errors import BadInput

_ROWS: Final = 10_000  # that are fetched at a time
_PLAIN: Final = frozenset(
    {"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "VARCHAR"}
)


class Parquet:
    """The rows of a Parquet file. Numbers, booleans and nested values keep their types, times and decimals become text."""

    def __init__(self, raw: Prefixed, stack: ExitStack) -> None:
        """Copy the stream into a temporary file, since Parquet is read from its end.

        Raises:
            BadInput: it is not Parquet, or DuckDB is not installed.
        """
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotpatch-kb-")))
        self._conn = stack.enter_context(connect(folder))
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

    def sample(self, count: int) -> list[dict[str, Any]]:
        """Return the first rows."""
        return [cells for cells, _ in islice(self.records(), count)]

    def find_columns(self) -> list[str]:
        """Return the columns of the file."""
        return list(self.columns or ())

    def records(self) -> Iterator[tuple[dict[str, Any], None]]:
        """Yield its rows, in their order."""
        names = self.find_columns()
        result = self._conn.execute(self._sql)
        while rows := result.fetchmany(_ROWS):
            for row in rows:
                cells = dict(zip(names, row, strict=True))
                for name in self._nested:
                    cells[name] = None if cells[name] is None else DECODER.decode(cells[name])
                yield cells, None
