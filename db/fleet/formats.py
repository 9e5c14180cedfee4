"""Output formats of ``assess``: CSV, JSON, JSON lines and Parquet, all of them in this module.

A line is the row's own columns, then its verdict. Each half is made as text by a format; an engine only joins the halves, so every engine
writes the same bytes, and a verdict is written out once for all machines that share it. A new format is a class here and a line in
``FORMATS``: the command's ``--format`` and, with a content type, the site's ``/api/assess`` offer every format in it.
"""

from __future__ import annotations

import json
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from json.encoder import encode_basestring
from operator import add
from pathlib import Path
from typing import Any, BinaryIO, Final

from hotpatch_kb.db.fleet.rows import Part, cell, csv_line, csv_lines

VERDICT_COLUMNS: Final = (
    "verdict", "classification", "kb", "baseline_kb", "months_behind", "next_kb", "next_needs_restart", "rejoins_month",
    "newer_out_of_band", "reason",
)  # fmt: skip
# What a list of JSON has besides: up to which day the facts reach, and the columns of the inventory that each field was read from.
_ABOUT: Final = ("data_until", "read_from")
_RESERVED: Final = frozenset({*VERDICT_COLUMNS, *_ABOUT})
# What a spreadsheet may run, by the first character (OWASP, CSV injection), wide forms of East Asian keyboards included; numbers are safe.
FORMULA: Final = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_SIGNED: Final = re.compile(r"[-+](?:[0-9]+(?:[.,][0-9]+)*%?)?")
_PARQUET_TYPES: Final[Mapping[str, str]] = {"months_behind": "INTEGER", "next_needs_restart": "BOOLEAN"}  # other columns are text
_LONGEST_OBJECT: Final = 2**28  # bytes of a line of JSON: the longest row that is read, each of its 4 MB of characters escaped


def safe(text: str) -> str:
    """Return a cell that no spreadsheet runs: an apostrophe goes before what begins like a formula. The cell changes, so this is for people.

    >>> safe("=1+1"), safe("-1.5"), safe("26100.32772"), safe("-")
    ("'=1+1", '-1.5', '26100.32772', '-')
    """
    return f"'{text}" if FORMULA.match(text) and not _SIGNED.fullmatch(text) else text


def renamed(names: Sequence[str]) -> list[str]:
    """Return the columns of an inventory as they are written: one with the name of a verdict's column as ``input_<name>``.

    >>> renamed(["host", "verdict", "input_verdict"])
    ['host', 'input_input_verdict', 'input_verdict']
    """
    if _RESERVED.isdisjoint(names):
        return list(names)
    written: dict[str, None] = {}
    for name in names:
        wanted = f"input_{name}" if name in _RESERVED else name
        while wanted in written or (wanted != name and wanted in names):
            wanted = f"input_{wanted}"
        written[wanted] = None
    return list(written)


def written(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a verdict in their order, the reason as English text."""
    return {name: answer[name] for name in VERDICT_COLUMNS} | {"reason": str(answer["reason"])}


class Format(ABC):
    """An output format: the text of a line's two halves, and how lines become a file."""

    content_type = ""  # of an answer of the site; "" where the site does not offer the format
    needs_columns = False  # whether every column has to be known before the first row
    is_binary = False  # whether it must not go to a terminal

    def __init__(self, columns: Sequence[str] | None = None, read_from: Mapping[str, Sequence[str]] | None = None) -> None:
        """Take the columns of the inventory, where the format needs them before the first row, and those that each field is read from."""
        self.columns = list(columns or ())
        self.read_from = {field: list(names) for field, names in (read_from or {}).items()}
        self._renamed_names: dict[tuple[str, ...], list[str]] = {}

    def head(self) -> str:
        """Return what goes before the rows."""
        return ""

    def tail(self) -> str:
        """Return what goes after the rows."""
        return ""

    def first_prefix(self, prefix: str) -> str:
        """Return the first row's prefix, made from the prefix that any other row would have."""
        return prefix

    @abstractmethod
    def prefix_of_object(self, cells: Mapping[str, Any]) -> str:
        """Return the first half of a row's line: its own columns."""

    @abstractmethod
    def prefixes_of_part(self, part: Part) -> list[str]:
        """Return the same for the rows of a table, whose lines may be CSV already."""

    @abstractmethod
    def suffix(self, answer: Mapping[str, Any]) -> str:
        """Return the second half of a row's line: the columns of a verdict."""

    def write(self, blocks: Iterable[bytes], sink: BinaryIO, folder: Path) -> None:  # noqa: ARG002 (a format that cannot stream needs it)
        """Write blocks of lines. A format that cannot stream collects them in the folder first."""
        sink.writelines(blocks)

    def _renamed(self, names: Sequence[str]) -> list[str]:
        key = tuple(names)
        if key not in self._renamed_names:
            if len(self._renamed_names) > 1000:
                self._renamed_names.clear()
            self._renamed_names[key] = renamed(key)
        return self._renamed_names[key]


class Csv(Format):
    """CSV with commas, a header, and a line feed after each row."""

    content_type = "text/csv; charset=utf-8"
    needs_columns = True

    def head(self) -> str:
        """Return the header."""
        return csv_line([*renamed(self.columns), *VERDICT_COLUMNS]) + "\n"

    def prefix_of_object(self, cells: Mapping[str, Any]) -> str:
        """Return its cells; those that it lacks are empty."""
        return csv_line([cell(cells.get(name)) for name in self.columns])

    def prefixes_of_part(self, part: Part) -> list[str]:
        """Return their cells, or their lines as they came."""
        return csv_lines(part.rows) if part.lines is None else part.lines

    def suffix(self, answer: Mapping[str, Any]) -> str:
        """Return the verdict's cells."""
        return ("," if self.columns else "") + csv_line([cell(value) for value in written(answer).values()])


class SafeCsv(Csv):
    """CSV for a spreadsheet, which runs no cell of it as a formula."""

    def head(self) -> str:
        """Return the header."""
        return csv_line([*map(safe, renamed(self.columns)), *VERDICT_COLUMNS]) + "\n"

    def prefix_of_object(self, cells: Mapping[str, Any]) -> str:
        """Return its cells; those that it lacks are empty."""
        return csv_line([safe(cell(cells.get(name))) for name in self.columns])

    def prefixes_of_part(self, part: Part) -> list[str]:
        """Return their cells: lines as they came may hold formulas."""
        return csv_lines([list(map(safe, row)) for row in part.rows])


class JsonLines(Format):
    """JSON lines: an object per line."""

    content_type = "application/x-ndjson; charset=utf-8"
    _opening = "{"

    def prefix_of_object(self, cells: Mapping[str, Any]) -> str:
        """Return its members, without the closing brace."""
        row = dict(zip(self._renamed(list(cells)), cells.values(), strict=True))
        return self._opening + (json.dumps(row, ensure_ascii=False)[1:-1] + ", " if row else "")

    def prefixes_of_part(self, part: Part) -> list[str]:
        """Return their cells as texts."""
        names = [f"{json.dumps(name, ensure_ascii=False)}: " for name in self._renamed(part.header)]
        return [self._opening + ", ".join(map(add, names, map(encode_basestring, row))) + ", " for row in part.rows]

    def suffix(self, answer: Mapping[str, Any]) -> str:
        """Return the verdict's members, with the closing brace."""
        return json.dumps(written(answer), ensure_ascii=False)[1:]


class JsonArray(JsonLines):
    """A JSON list of objects. The comma goes before an object, so that a line does not depend on whether another one follows."""

    content_type = "application/json; charset=utf-8"
    _opening = ",{"

    def head(self) -> str:
        """Return the opening bracket."""
        return "[\n"

    def first_prefix(self, prefix: str) -> str:
        """Return the prefix without the comma."""
        return f" {prefix[1:]}"

    def suffix(self, answer: Mapping[str, Any]) -> str:
        """Return the verdict's members, and what they rest on, with the closing brace."""
        about = {"data_until": answer.get("data_until"), "read_from": self.read_from}
        return json.dumps(written(answer) | about, ensure_ascii=False)[1:]

    def tail(self) -> str:
        """Return the closing bracket."""
        return "]\n"


class Parquet(JsonLines):
    """Parquet, made by DuckDB from JSON lines, so that its values are theirs: own columns as text, the verdict's with their types."""

    content_type = ""
    needs_columns = True
    is_binary = True

    def write(self, blocks: Iterable[bytes], sink: BinaryIO, folder: Path) -> None:
        """Collect the lines in the folder, let DuckDB convert them there, and copy the file.

        Raises:
            BadInput: DuckDB is not installed.
        """
        from hotpatch_kb.db.fleet.duckdb_sql import connect, identifier, quoted  # noqa: PLC0415 (an extra)

        lines, out = folder / "lines.jsonl", folder / "out.parquet"
        with lines.open("wb") as file:
            file.writelines(blocks)
        types = dict.fromkeys(renamed(self.columns), "VARCHAR") | {name: _PARQUET_TYPES.get(name, "VARCHAR") for name in VERDICT_COLUMNS}
        stated = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in types.items())
        with connect(folder) as conn:
            conn.execute(
                f"""copy (select {", ".join(map(identifier, types))} from read_json({quoted(str(lines))}, format = 'newline_delimited',
                columns = {{{stated}}}, maximum_object_size = {_LONGEST_OBJECT}, auto_detect = false)) to {quoted(str(out))} (format parquet)"""
            )
        with out.open("rb") as written:
            shutil.copyfileobj(written, sink, 2**20)


FORMATS: Final[dict[str, type[Format]]] = {"csv": Csv, "json": JsonArray, "jsonl": JsonLines, "parquet": Parquet}
# Those that the site offers.
HTTP_FORMATS: Final = {name: kind for name, kind in FORMATS.items() if kind.content_type}
