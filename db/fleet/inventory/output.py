"""What ``assess`` prints: CSV, JSON and JSON lines. A line is the row's own columns and, behind them, its verdict.

Both halves are texts that are put together at the last moment, by whichever engine: so the bytes are the same, and a verdict is written out
once for all machines that share it.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from operator import add
from typing import Any, Final

from hotpatch_kb.db.fleet.inventory.columns import shown
from hotpatch_kb.db.fleet.inventory.delimited import Part, csv_line

COLUMNS: Final = (
    "verdict", "classification", "kb", "baseline_kb", "months_behind", "next_kb", "next_needs_restart", "rejoins_month",
    "newer_out_of_band", "reason",
)  # fmt: skip
_NAMES: Final = frozenset(COLUMNS)
# What a spreadsheet may run, by the first character (OWASP, CSV injection), the wide forms of East Asian keyboards among them; numbers are none.
_FORMULA: Final = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_SIGNED: Final = re.compile(r"[-+](?:[0-9]+(?:[.,][0-9]+)*%?)?")


def safe(cell: str) -> str:
    """A cell that no spreadsheet runs: an apostrophe stands before what begins like a formula. It changes the cell, so it is for people alone.

    >>> safe("=1+1"), safe("-1.5"), safe("26100.32772"), safe("-")
    ("'=1+1", '-1.5', '26100.32772', '-')
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _SIGNED.fullmatch(cell) else cell


def renamed(names: Sequence[str]) -> list[str]:
    """Columns of an inventory as they are printed: one with a name of ours as ``input_<name>``.

    >>> renamed(["host", "verdict", "input_verdict"])
    ['host', 'input_input_verdict', 'input_verdict']
    """
    if _NAMES.isdisjoint(names):
        return list(names)
    found: dict[str, None] = {}
    for name in names:
        wanted = f"input_{name}" if name in _NAMES else name
        while wanted in found or (wanted != name and wanted in names):
            wanted = f"input_{wanted}"
        found[wanted] = None
    return list(found)


def written(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a verdict in their order, the reason as English text."""
    return {name: answer[name] for name in COLUMNS} | {"reason": str(answer["reason"])}


class Form(ABC):
    """A form of output.

    Attributes:
        needs_columns: whether every column has to be known before the first row.
        content_type: of an answer of HTTP.
    """

    needs_columns = False
    content_type: str

    def __init__(self, columns: Sequence[str] | None = None) -> None:
        """Takes the columns of the inventory, where the form needs them before the first row."""
        self.columns = list(columns or ())
        self._names: dict[tuple[str, ...], list[str]] = {}

    def head(self) -> str:
        """What stands before the rows."""
        return ""

    def tail(self) -> str:
        """What stands behind the rows."""
        return ""

    def first(self, prefix: str) -> str:
        """The beginning of the first row's line, made from one of any other row."""
        return prefix

    @abstractmethod
    def of_object(self, cells: Mapping[str, Any]) -> str:
        """The beginning of a row's line: its own columns."""

    @abstractmethod
    def of_part(self, part: Part) -> list[str]:
        """The same of rows of a table, whose lines may be CSV already."""

    @abstractmethod
    def suffix(self, answer: Mapping[str, Any]) -> str:
        """The end of a row's line: the columns of a verdict."""

    def _renamed(self, names: Sequence[str]) -> list[str]:
        key = tuple(names)
        if key not in self._names:
            if len(self._names) > 1000:
                self._names.clear()
            self._names[key] = renamed(key)
        return self._names[key]


class Csv(Form):
    """CSV with commas, a header, and a line feed behind each row."""

    needs_columns = True
    content_type = "text/csv; charset=utf-8"

    def head(self) -> str:
        """The names of the columns."""
        return csv_line([*renamed(self.columns), *COLUMNS]) + "\n"

    def of_object(self, cells: Mapping[str, Any]) -> str:
        """Its cells, those that it lacks empty."""
        return csv_line([shown(cells.get(name)) for name in self.columns])

    def of_part(self, part: Part) -> list[str]:
        """Their cells, or their lines as they came."""
        return list(map(csv_line, part.rows)) if part.lines is None else part.lines

    def suffix(self, answer: Mapping[str, Any]) -> str:
        """Its cells."""
        return ("," if self.columns else "") + csv_line([shown(value) for value in written(answer).values()])


class SafeCsv(Csv):
    """The same, for a spreadsheet: no cell of it is run as a formula."""

    def head(self) -> str:
        """The names of the columns."""
        return csv_line([*map(safe, renamed(self.columns)), *COLUMNS]) + "\n"

    def of_object(self, cells: Mapping[str, Any]) -> str:
        """Its cells, those that it lacks empty."""
        return csv_line([safe(shown(cells.get(name))) for name in self.columns])

    def of_part(self, part: Part) -> list[str]:
        """Their cells; lines as they came may hold anything."""
        return [csv_line(list(map(safe, row))) for row in part.rows]


class Lines(Form):
    """An object a line."""

    content_type = "application/x-ndjson; charset=utf-8"
    _begin = "{"

    def of_object(self, cells: Mapping[str, Any]) -> str:
        """Its members, without the closing brace."""
        row = dict(zip(self._renamed(list(cells)), cells.values(), strict=True))
        return self._begin + (json.dumps(row, ensure_ascii=False)[1:-1] + ", " if row else "")

    def of_part(self, part: Part) -> list[str]:
        """Their cells as texts."""
        names = [f"{json.dumps(name, ensure_ascii=False)}: " for name in self._renamed(part.header)]
        return [self._begin + ", ".join(map(add, names, map(encode_basestring, row))) + ", " for row in part.rows]

    def suffix(self, answer: Mapping[str, Any]) -> str:
        """Its members, with the closing brace."""
        return json.dumps(written(answer), ensure_ascii=False)[1:]


class Array(Lines):
    """A list of objects. The comma stands before an object, so that a line does not depend on whether another one follows."""

    content_type = "application/json; charset=utf-8"
    _begin = ",{"

    def head(self) -> str:
        """The opening bracket."""
        return "[\n"

    def first(self, prefix: str) -> str:
        """Without the comma."""
        return f" {prefix[1:]}"

    def tail(self) -> str:
        """The closing bracket."""
        return "]\n"


FORMS: Final[dict[str, type[Form]]] = {"csv": Csv, "json": Array, "jsonl": Lines}
