"""An inventory as plain tables that any engine can join, and the form of their cells.

The parts have the columns **row**, **key**, **prefix** and **own**, the table has **key** and **suffix**, separated by tabs, without quotes, a row
a line. ``row`` counts from 1. ``key`` names the machine's verdict (``ws2025|26100.32772|hotpatch|KB5087423``); where no verdict has a name
(no build, or one that no source names) it is empty and ``own`` has the end of the line. A line of the output is prefix and suffix, or prefix
and own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from hotpatch_kb.db.fleet.assess import Judge, Suffix, Suffixes, Summary
from hotpatch_kb.db.fleet.inventory import Inventory
from hotpatch_kb.db.fleet.inventory.output import Form

ROWS: Final = 200_000  # of a part, some 20 MB: Spark reads a part in one task, and a million rows keep five busy
# What would end a cell or a row, NUL, which engines cut texts at, and U+0001, which begins what DuckDB reads as no value, as ESC and a digit;
# ESC itself first.
ESCAPES: Final = (("\x1b", "\x1b0"), ("\n", "\x1b1"), ("\r", "\x1b2"), ("\t", "\x1b3"), ("\x00", "\x1b4"), ("\x01", "\x1b5"))
# Back again: ESC last, since what it stands for must not be read as another one's beginning.
DECODING: Final = (*ESCAPES[1:], ESCAPES[0])


class Normal(NamedTuple):
    """A normalised inventory: its parts in their order, the table of the verdicts that it needs, and how many rows it has."""

    parts: list[Path]
    table: Path
    rows: int


def escaped(text: str) -> str:
    """A text as a cell: what would end it is ESC and a digit."""
    for character, written in ESCAPES:
        text = text.replace(character, written)
    return text


def normalise(judge: Judge, inventory: Inventory, form: Form, summary: Summary, folder: Path, rows: int = ROWS) -> Normal:
    """Writes an inventory into a folder.

    Args:
        judge: of the day.
        inventory: what to judge.
        form: what is to be printed.
        summary: counts the machines, for the user.
        folder: where to write.
        rows: how many make a part.

    Raises:
        BadInput: the inventory cannot be read.
    """
    suffixes = _Ends(judge, form, inventory.fields)
    parts: list[Path] = []
    number = 0
    for block in _parts(inventory, form, judge, suffixes, summary, rows):
        path = folder / f"part-{len(parts):05d}.tsv"
        with path.open("w", encoding="utf-8", errors="replace", newline="") as out:
            for lines in block:
                number += len(lines)
                out.writelines(lines)
        parts.append(path)
    table = folder / "verdicts.tsv"
    with table.open("w", encoding="utf-8", errors="replace", newline="") as out:
        out.writelines(f"{key}\t{suffix}\n" for key, suffix in sorted(suffixes.table.items()))
    return Normal(parts, table, number)


class _Ends(Suffixes):
    """The column behind the row number, and the last one, by a machine's key."""

    def __init__(self, judge: Judge, form: Form, fields: tuple[str, ...]) -> None:
        super().__init__(judge, form, fields)
        self.table: dict[str, str] = {}

    def __missing__(self, key: object) -> Suffix:
        found = self.judged(key)
        name, suffix = escaped(found.name), escaped(self.form.suffix(found.answer))
        if name:
            self.table[name] = suffix
        ends = self[key] = self.of(found, f"{name}\t" if name else f"\t{suffix}")
        return ends


def _parts(inventory: Inventory, form: Form, judge: Judge, suffixes: _Ends, summary: Summary, size: int) -> Iterator[Iterator[list[str]]]:
    """Blocks of lines, part by part."""
    batches = inventory.batches(form, judge.reduced)
    number, pending = 0, next(batches, None)

    def part() -> Iterator[list[str]]:
        nonlocal number, pending
        end = number + size
        while pending is not None and number < end:
            prefixes, keys = pending
            if any(character in "".join(prefixes) for character, _ in ESCAPES):
                prefixes = list(map(escaped, prefixes))
            found = list(map(suffixes.__getitem__, keys))
            lines = []
            for prefix, ends in zip(prefixes, found, strict=True):
                number += 1
                key, _, own = ends.partition("\t")
                lines.append(f"{number}\t{key}\t{prefix}\t{own}\n")
            suffixes.count(summary, found)
            yield lines
            pending = next(batches, None)

    while pending is not None:
        yield part()
