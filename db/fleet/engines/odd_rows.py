"""Take out of a table the rows that DuckDB does not read as we do, and put them back after it has judged the others.

Rows with quotes, with too few or too many cells, or after a blank line are read by our own reader; they are few in most files. A row is
taken out only where the ``csv`` module reads it, alone, as exactly one row: then it is the same row in the whole file.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from hotpatch_kb.db.fleet.assess import Suffixes, Summary, batches
from hotpatch_kb.db.fleet.inventory import Inventory
from hotpatch_kb.db.fleet.inventory.decoding import CHUNK, MAX_ROW
from hotpatch_kb.db.fleet.inventory.tables.delimited import Delimited
from hotpatch_kb.db.model.errors import BadInput

# What makes a row odd besides the number of its cells. NUL, U+0001 and U+0002 mean something to DuckDB, U+001F separates the fields of our keys.
_SPECIAL: Final = (b'"', b"{", b"\0", b"\x01", b"\x02", b"\x1b", b"\x1f", b"\r")
MARK: Final = "\x01"  # each cell of the row that takes the place of an odd row; no plain row has it
_BLOCK: Final = 2**22  # bytes
_LAST: Final = 2**12  # bytes at the end that are looked at
_MOST: Final = 0.2  # of the rows: where more are odd, our own reader is as fast


class Apart(NamedTuple):
    """A table in two files.

    Attributes:
        plain: the rows that DuckDB reads, without a header, and a row of marks in the place of each odd one.
        odd: the odd rows, after the lines before the first row.
        rows: how many rows are odd.
    """

    plain: Path
    odd: Path
    rows: int


def apart(path: Path, table: Delimited, folder: Path) -> Apart | None:
    """Write the rows of a file as plain ones and odd ones.

    Args:
        path: a file in UTF-8.
        table: its header.
        folder: where to write.

    Returns:
        None where the whole file is better read by our own reader: most rows are odd, or quotes are not where they belong.
    """
    delimiter, columns = table.delimiter.encode(), len(table.header)
    # What separates columns is not said by a header of one. JSON in the first rows has a say in which columns count.
    if columns < 2 or any(cell[:1] == "{" for row in table.sample() for cell in row):
        return None
    odd_rows = plain_rows = 0
    is_after_blank = False
    mark = delimiter.join([MARK.encode()] * columns) + b"\n"
    plain, odd = folder / "plain.csv", folder / "odd.csv"
    with path.open("rb") as file, plain.open("wb") as plain_file, odd.open("wb") as odd_file:
        for _ in range(table.lines_before):
            odd_file.write(file.readline())
        while chunk := file.read(_BLOCK):
            chunk += file.readline(MAX_ROW)
            if not chunk.endswith(b"\n") and file.read(1):
                return None  # a line that is longer than any row
            lines = chunk.removesuffix(b"\n").split(b"\n")
            done = 0
            if _ends_within(lines, table, is_after_blank=is_after_blank):
                return None
            is_after_blank = _is_blank(lines[-1], table)
            for place in _odd_lines(chunk, delimiter, columns):
                if place < done:
                    continue  # it belongs to the row before
                plain_file.write(_joined(lines[done:place]))
                plain_rows += place - done
                rows = _row(lines, place, file, table.delimiter)
                if rows is None:
                    return None
                done = place + rows
                if rows > 1 or lines[place].strip(b"\r"):
                    odd_rows += 1
                    plain_file.write(mark)
                    odd_file.write(_joined(lines[place:done]))
            plain_file.write(_joined(lines[done:]))
            plain_rows += len(lines) - done
            if odd_rows > 1000 and odd_rows > _MOST * (plain_rows + odd_rows):
                return None
    return Apart(plain, odd, odd_rows) if plain_rows else None


def has_summary(path: Path, table: Delimited) -> bool:
    """Return whether lines at an end of a file may be of a summary, see ``Ends``: then our own reader reads it."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LAST))
        lines = file.read().decode("utf-8", "replace").replace("\r", "").replace('"', "").removesuffix("\n").split("\n")
    rows = [row for row in (line.split(table.delimiter) for line in lines) if len(row) == len(table.header)]
    return any(bool(table.ends.doubts(part, sample=table.sample)) for part in (table.sample(), rows))


def _is_blank(line: bytes, table: Delimited) -> bool:
    """Return whether a line is blank, or has empty cells alone. Three quotes are one of a cell."""
    return not line.strip(b'\r"' + table.delimiter.encode()) and b'"""' not in line


def _ends_within(lines: Sequence[bytes], table: Delimited, *, is_after_blank: bool) -> bool:
    """Return whether the table may end in these lines, see ``Ends``: then our own reader reads the file."""
    empty = table.delimiter.encode() * (len(table.header) - 1)
    may_be_blank = (
        is_after_blank or any(line in lines for line in (b"", b"\r", empty, empty + b"\r")) or any(line[:2] == b'""' for line in lines)
    )
    if not may_be_blank:
        return False
    for line in lines:
        if is_after_blank and not _is_blank(line, table):
            try:
                cells = next(csv.reader([line.decode("utf-8", "surrogateescape")], delimiter=table.delimiter, strict=True), [])
            except csv.Error:
                return True
            if table.ends.may_end(cells):
                return True
        is_after_blank = _is_blank(line, table)
    return False


def _odd_lines(chunk: bytes, delimiter: bytes, columns: int) -> list[int]:
    """Return the numbers of the lines that have a special character, or not as many cells as columns, in their order.

    Without all other characters a plain line is its delimiters. It takes a third of the time of searching and counting in the lines themselves.
    """
    others = bytes(set(range(256)) - set(b"".join([b"\n", delimiter, *_SPECIAL])))
    expected = delimiter * (columns - 1)
    return [place for place, left in enumerate(chunk.removesuffix(b"\n").translate(None, others).split(b"\n")) if left != expected]


def _joined(lines: list[bytes]) -> bytes:
    return b"\n".join([*lines, b""])


def _row(lines: list[bytes], place: int, file: BinaryIO, delimiter: str) -> int | None:
    """Return how many lines a row has; lines after the chunk are read where it continues there. None where it is not one row by itself."""
    end, quotes = place + 1, lines[place].count(b'"')
    if not quotes and b"\r" not in lines[place] and b"\0" not in lines[place]:
        return 1
    while quotes % 2:
        if end == len(lines):
            following = file.readline(MAX_ROW)
            if not following or end - place > 1000:
                return None
            lines.append(following.removesuffix(b"\n"))
        quotes += lines[end].count(b'"')
        end += 1
    text = b"\n".join(lines[place:end]).decode("utf-8", "surrogateescape") + "\n"
    try:
        found = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return end - place if len(found) == 1 else None


def odd_lines(parts: Apart, table: Delimited, wanted: Mapping[str, str], suffixes: Suffixes, counts: Summary) -> Iterator[bytes]:
    """Yield the judged lines of the odd rows.

    Args:
        parts: the table in two files.
        table: the whole table, whose columns have been found.
        wanted: column names by field, where the user names them.
        suffixes: the judge with the output format.
        counts: gets the counts.

    Raises:
        BadInput: they cannot be read.
    """
    if not parts.rows:
        return
    with parts.odd.open(encoding="utf-8-sig", newline="") as text:
        odd = Delimited(text.read(CHUNK) + text.readline(MAX_ROW), text)
        if odd.header != table.header:
            raise BadInput("expected the header {wanted}, got {got}", wanted=", ".join(table.header)[:200], got=", ".join(odd.header)[:200])
        odd.ends.is_asked = False
        odd.ends.take_hosts(table.ends, table.sample)
        machines = Inventory(odd, wanted, "build", None, table.chosen(wanted))
        form = suffixes.form
        for prefixes, ends in batches(Suffixes(suffixes.judge, form, machines.fields), machines, counts):
            for prefix, end in zip(prefixes, ends, strict=True):
                yield f"{prefix}{end}\n".encode("utf-8", "replace")


def write_lines(lines: Iterator[bytes], path: Path) -> array[int]:
    """Write lines into a file. Return the length of each, in bytes: cells may contain line feeds."""
    lengths = array("L")
    with path.open("wb") as file:
        for line in lines:
            lengths.append(file.write(line))
    return lengths


def together(judged: Sequence[Path], odd: Path, lengths: Sequence[int], columns: int) -> Iterator[bytes]:
    """Yield the judged rows in blocks, the odd ones in their places.

    Args:
        judged: the judged plain rows, in the order of the file; each mark has a mark as its verdict. They are deleted.
        odd: the judged odd rows, one for each row of marks.
        lengths: the length of each odd row.
        columns: of the table.
    """
    mark = (",".join([MARK] * (columns + 1)) + "\n").encode()
    sizes = iter(lengths)
    with odd.open("rb") as odd_file:
        for part in judged:
            with part.open("rb") as file:
                while chunk := file.read(_BLOCK):
                    chunk += file.readline()
                    first, *others = chunk.split(mark)
                    yield b"".join(chain([first], *((odd_file.read(next(sizes)), plain) for plain in others)))
            part.unlink()
