"""Split a chunk of CSV of which a few lines are odd: those are read by the ``csv`` module, the others by Python's string methods.

One odd row in twenty puts some into each chunk, and the ``csv`` module takes three times as long for all of it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, Protocol

from hotpatch_kb.db.fleet.inventory.decoding import MAX_ROW
from hotpatch_kb.db.fleet.inventory.tables.ends import Ends
from hotpatch_kb.db.fleet.rows import NotStated

_MOST: Final = 0.25  # of the lines: where more are odd, the ``csv`` module is as fast


class Readable(Protocol):
    """What lines are read from."""

    def readline(self, size: int, /) -> str:
        """Return a line, "" at the end."""


class Rest:
    """The lines after a chunk, for a row that continues there.

    Attributes:
        was_read: whether one was asked for.
    """

    def __init__(self, text: Readable) -> None:
        """Take what the chunk is of."""
        self._text = text
        self.was_read = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.was_read = True
        if line := self._text.readline(MAX_ROW):
            return line
        raise StopIteration


class Mixed(NamedTuple):
    """The rows of a chunk.

    Attributes:
        rows: their cells.
        lines: the lines of the plain ones as they came, "" in the place of others.
        odd: the places of those that the ``csv`` module has read.
        below: by place, why a row is not one of the table.
        read: how many lines.
    """

    rows: list[list[str]]
    lines: list[str]
    odd: list[int]
    below: dict[int, NotStated]
    read: int


class Broken(Exception):
    """A row is no CSV. It has the error of the ``csv`` module, and how many lines were read before."""

    def __init__(self, error: csv.Error, lines: int) -> None:
        """Take both."""
        super().__init__(error, lines)
        self.error, self.lines = error, lines


class _Lines:
    """Lines of a chunk from a place that is set, then those after the chunk, as ``io`` has them: it ends lines at a lone carriage return, too."""

    def __init__(self, lines: list[str], rest: Iterator[str], *, has_end: bool) -> None:
        self.place, self.pieces = 0, list[str]()
        self._lines, self._rest, self._has_end = lines, rest, has_end

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.pieces:
            return self.pieces.pop(0)
        if self.place >= len(self._lines):
            line = next(self._rest)
        else:
            line = self._lines[self.place] + ("\n" if self._has_end or self.place + 1 < len(self._lines) else "")
        self.place += 1
        if "\r" in line:
            line, *self.pieces = io.StringIO(line, newline="")
        return line


def mixed(chunk: str, rest: Iterator[str], delimiter: str, columns: int, ends: Ends) -> Mixed | None:
    """Read a chunk of whole lines.

    Args:
        chunk: where a row begins.
        rest: the lines after it, for a row that continues there.
        delimiter: one character.
        columns: how many the table has.
        ends: where the table ends.

    Returns:
        its rows, without blank ones; None where too many lines are odd, and then nothing has been read of ``rest``.

    Raises:
        Broken: a quote is never closed, or is where none belongs.
    """
    has_end = chunk.endswith("\n")
    own = chunk.removesuffix("\n").split("\n")
    plain = chunk.replace("\r\n", "\n").removesuffix("\n").split("\n") if "\r" in chunk else own
    between, empty = columns - 1, delimiter * (columns - 1)
    odd = [
        place
        for place, line in enumerate(plain)
        if line.count(delimiter) != between or '"' in line or "\r" in line or not line or line == empty
    ]
    if len(odd) > _MOST * len(plain):
        return None
    found = Mixed([], [], [], {}, 0)
    source = _Lines(own, rest, has_end=has_end)
    reader = csv.reader(source, delimiter=delimiter, strict=True)  # an open quote would swallow the machines after it
    for place in odd:
        if place < source.place:
            continue  # it belongs to the row before
        _add_plain(found, plain[source.place : place], delimiter, ends)
        source.place = place
        try:
            _add_odd(found, reader, source, ends)
        except csv.Error as error:
            raise Broken(error, source.place) from None
    _add_plain(found, plain[source.place :], delimiter, ends)
    return found._replace(read=max(source.place, len(plain)))


def _add_plain(found: Mixed, lines: list[str], delimiter: str, ends: Ends) -> None:
    rows = [line.split(delimiter) for line in lines]
    _find_below(found, rows, ends)
    found.rows.extend(rows)
    found.lines.extend(lines)


def _add_odd(found: Mixed, reader: Iterator[list[str]], source: _Lines, ends: Ends) -> None:
    for cells in reader:
        if not any(cells):
            ends.pass_blank()
        if cells:
            _find_below(found, [cells], ends)
            found.odd.append(len(found.rows))
            found.rows.append(cells)
            found.lines.append("")
        if not source.pieces:
            break


def _find_below(found: Mixed, rows: Iterable[list[str]], ends: Ends) -> None:
    for place, cells in enumerate(rows, len(found.rows)):
        if not ends.is_watching:
            break
        if below := ends.why(cells):
            found.below[place] = below
