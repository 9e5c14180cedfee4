"""Write an inventory as plain tables that any engine can join.

The parts have the columns **row**, **key**, **prefix** and **own**; the table has **key** and **suffix**. Columns are separated by tabs,
without quotes, a row per line. ``row`` counts from 1. ``key`` is the name of the machine's verdict
(``ws2025|26100.32772|hotpatch|KB5087423``). Where the table of verdicts has no row (no build, or one that no source names), ``key`` is empty
and ``own`` has the second half of the line. A line of the output is prefix and suffix, or prefix and own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from hotpatch_kb.db.fleet.assess import Suffix, Suffixes, Summary
from hotpatch_kb.db.fleet.formats import Format
from hotpatch_kb.db.fleet.inventory import Inventory
from hotpatch_kb.db.fleet.judge import Judge

ROWS: Final = 200_000  # in a part, some 20 MB: Spark reads a part in one task, and a million rows keep five tasks busy
# Written as ESC and a digit: what would end a cell or a row; NUL, where engines cut texts; U+0001, which begins what DuckDB reads as NULL.
# ESC itself comes first.
ESCAPES: Final = (("\x1b", "\x1b0"), ("\n", "\x1b1"), ("\r", "\x1b2"), ("\t", "\x1b3"), ("\x00", "\x1b4"), ("\x01", "\x1b5"))
# The way back: ESC last, since a decoded ESC must not be read as the beginning of another escape.
DECODING: Final = (*ESCAPES[1:], ESCAPES[0])


class Normal(NamedTuple):
    """An inventory in normal form: its parts in order, the table of the verdicts that it needs, and the number of its rows."""

    parts: list[Path]
    table: Path
    rows: int


def escaped(text: str) -> str:
    """Return a text as a cell, with ESC and a digit for characters that a cell cannot hold."""
    for character, written in ESCAPES:
        text = text.replace(character, written)
    return text


def normalise(judge: Judge, inventory: Inventory, form: Format, summary: Summary, folder: Path, rows: int = ROWS) -> Normal:
    """Write an inventory into a folder.

    Args:
        judge: the judge of the day.
        inventory: the machines.
        form: the output format.
        summary: gets the counts.
        folder: where to write.
        rows: the most rows of a part.

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
    """A map from an inventory's key to the text ``key<TAB>own``."""

    def __init__(self, judge: Judge, form: Format, fields: tuple[str, ...]) -> None:
        super().__init__(judge, form, fields)
        self.table: dict[str, str] = {}

    def __missing__(self, key: object) -> Suffix:
        judged = self.judged(key)
        name, suffix = escaped(judged.name), escaped(self.form.suffix(judged.answer))
        if name:
            self.table[name] = suffix
        ends = self[key] = self.of(judged, f"{name}\t" if name else f"\t{suffix}")
        return ends


def _parts(inventory: Inventory, form: Format, judge: Judge, suffixes: _Ends, summary: Summary, size: int) -> Iterator[Iterator[list[str]]]:
    """Yield the parts, each as blocks of lines."""
    batches = inventory.batches(form, judge.reduced, judge.facts)
    number, pending = 0, next(batches, None)

    def part() -> Iterator[list[str]]:
        nonlocal number, pending
        end = number + size
        while pending is not None and number < end:
            prefixes, keys, hosts = pending
            if any(character in "".join(prefixes) for character, _ in ESCAPES):
                prefixes = list(map(escaped, prefixes))
            ends_of_rows = list(map(suffixes.__getitem__, keys))
            lines = []
            for prefix, ends in zip(prefixes, ends_of_rows, strict=True):
                number += 1
                key, _, own = ends.partition("\t")
                lines.append(f"{number}\t{key}\t{prefix}\t{own}\n")
            suffixes.count(summary, ends_of_rows)
            suffixes.name(summary, ends_of_rows, hosts, inventory.read)
            yield lines
            pending = next(batches, None)

    while pending is not None:
        yield part()
