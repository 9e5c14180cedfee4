"""Read CSV of any delimiter, in parts of some thousand rows.

A part without quotes, or with every cell quoted as PowerShell writes it, is split by Python's string methods: they take a third of the time
of ``csv.reader``. Where few lines are odd, only those are read by the ``csv`` module, strictly (``mixed``); anything else is, whole.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain, islice, repeat
from typing import Final

from hotpatch_kb.db.fleet.inventory import values
from hotpatch_kb.db.fleet.inventory.columns import BUILD, check_name, columns_of
from hotpatch_kb.db.fleet.inventory.decoding import CHUNK, MAX_ROW
from hotpatch_kb.db.fleet.inventory.hosts import may_be_host, no_host
from hotpatch_kb.db.fleet.inventory.tables.ends import Ends
from hotpatch_kb.db.fleet.inventory.tables.fixed_width import FixedWidth, fixed_width, without_titles
from hotpatch_kb.db.fleet.inventory.tables.headers import DELIMITERS, below_titles, is_build, names_beside, names_in, with_groups
from hotpatch_kb.db.fleet.inventory.tables.mixed import Broken, Rest, mixed
from hotpatch_kb.db.fleet.rows import NotStated, Part, csv_line, not_stated
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message

MAX_COLUMNS: Final = 20_000  # each is looked at to find what it states, 0.4 ms
_SAMPLE: Final = 2**18  # characters of the table whose rows are looked at
# Lines before the header: "#TYPE …" (Export-Csv of PowerShell 5), "sep=;" (Excel), or delimiters alone.
_PREAMBLE: Final = re.compile(r"\A(?:\s*#TYPE [^\n]*\n|\s*sep=[^\n]{1,2}\n|[\s,;|]*\n)*")
# Signs of the line below the header of a table in Markdown or of psql: "|---|---|", "-----+-----"; and in PowerShell's tables.
_RULE: Final = frozenset(" \t|:+-\r")
_DASHES: Final = frozenset("-\t\r")
_BLANKS: Final = " \xa0"
_ADDRESS: Final = re.compile(
    r"\s*(?:(?:\d{1,3}\.){3}\d{1,3}|(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2})\s*"
)  # beside it a name is one of a host
_BUILD_INSIDE: Final = re.compile(r"\d{5}\.\d")  # in the first line: it is a machine, not a header
# "(2 rows)" of psql, below a table
_FOOTER: Final = re.compile(r"(?m)^\(\d+ rows?\)[ \t]*\r?(?:\n|\Z)")
# "[srv1](https://cmdb/srv1)" of Markdown, which is shown as "srv1"
_LINK: Final = re.compile(r"\[([^\[\]|\n]{1,200})\]\((?:https?:/|\.{0,2})/[^\s()|]{0,1000}\)")


class _Blanks:
    """Text whose columns are separated by blanks, read with a tab for each run of blanks."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text

    def read(self, size: int) -> str:
        return tabbed(self._text.read(size) + _to_its_end(self._text))

    def readline(self, size: int) -> str:
        return tabbed(self._text.readline(size))


class _Bars:
    """Text of a table of psql or Markdown, read without the line that counts its rows, and without the addresses of links."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text

    def read(self, size: int) -> str:
        return self.shown(self._text.read(size) + _to_its_end(self._text))

    def readline(self, size: int) -> str:
        return self.shown(self._text.readline(size))

    @staticmethod
    def shown(text: str) -> str:
        return _LINK.sub(r"\1", _FOOTER.sub("", text))


def _to_its_end(text: io.TextIOBase | _Blanks | _Bars | FixedWidth) -> str:
    """Return the rest of a line.

    Raises:
        BadInput: it is longer than any row. In pieces, one machine would become several.
    """
    rest = text.readline(MAX_ROW)
    if len(rest) >= MAX_ROW and not rest.endswith("\n"):
        raise _too_long()
    return rest


def _too_long() -> BadInput:
    return BadInput("expected lines of at most {size} MB, got a longer one", size=MAX_ROW // 2**20)


def tabbed(text: str) -> str:
    r"""Return lines with a tab for each run of blanks, and none at their ends.

    >>> tabbed("srv1   26100.32772 \n")
    'srv1\t26100.32772\n'
    """
    return "\n".join(map(_tabbed, text.split("\n")))


def _tabbed(line: str) -> str:
    cells = line.removesuffix("\r")
    return re.sub(r"[ \xa0]+", "\t", cells.strip(_BLANKS)) + line[len(cells) :]


def _is_rule(line: str, signs: frozenset[str]) -> bool:
    """Return whether a line is of dashes and such signs alone. A pattern with dashes before and after two of them takes quadratic time."""
    return "--" in line and signs.issuperset(line)


def _without_rule(start: str, signs: frozenset[str]) -> str:
    """Return a table without the line of dashes below its header."""
    header, _, after = start.partition("\n")
    rule, _, rest = after.partition("\n")
    return f"{header}\n{rest}" if _is_rule(rule, signs) else start


def _is_by_blanks(line: str, following: str) -> bool:
    """Return whether a first line without a delimiter is like "srv1 26100.32772", or a header above a line of dashes."""
    cells = line.split()
    if len(cells) < 2 or is_build(line):
        return False
    return any(BUILD.fullmatch(cell) for cell in cells) or _is_rule(following, frozenset("- \r"))


class Delimited:
    """A table in a text: ``header`` has its columns, ``parts()`` its rows; ``is_headless`` where the first line is a row, and the names are made."""

    def __init__(self, head: str, text: io.TextIOBase, most_columns: int = MAX_COLUMNS) -> None:
        """Read the header.

        Args:
            head: the beginning of the text, up to the end of a line.
            text: the rest.
            most_columns: how many it may have.

        Raises:
            BadInput: the text is empty, has too many columns, or a line is too long.
        """
        if not head.strip():
            raise BadInput("expected an inventory with a header, got nothing")
        if len(head) >= MAX_ROW and not head.endswith("\n") and "\n" not in head[-MAX_ROW:]:
            raise _too_long()
        start = without_titles(below_titles(_PREAMBLE.sub("", head)))
        self.title = head[: len(head) - len(start)]  # the lines above the header
        self._line = before = head[: len(head) - len(start)].count("\n")
        outside = re.sub(r'"[^"]*"', "", start[:MAX_ROW]).lstrip("\r\n").partition("\n")[0]
        self.delimiter = max(DELIMITERS, key=outside.count)
        self._text: io.TextIOBase | _Blanks | _Bars | FixedWidth = text
        if not any(delimiter in outside for delimiter in DELIMITERS):
            lines = start[:MAX_ROW].lstrip("\r\n").split("\n", 2)
            if (fixed := fixed_width(start.lstrip("\r\n"), text)) and not _BUILD_INSIDE.search(outside):
                self.delimiter, self._text = "\t", fixed
                start = fixed.tabbed(start.lstrip("\r\n"))
            elif _is_by_blanks(outside, lines[1] if len(lines) > 1 else ""):
                self.delimiter, self._text = "\t", _Blanks(text)
                start = _without_rule(tabbed(start.lstrip("\r\n")), _DASHES)
        elif self.delimiter == "|" and (ruled := _without_rule(start, _RULE)) != start:
            start, self._text = _Bars.shown(ruled), _Bars(text)
        start = with_groups(self.title, start, self.delimiter)
        self.is_rewritten = start != head[len(head) - len(start) :]  # blanks became tabs, a line below the header is gone
        csv.field_size_limit(MAX_ROW)
        beginning = io.StringIO(start, newline="")
        cells = next((cells for cells in self._strictly(iter(beginning.readline, "")) if cells), [])
        if len(cells) > most_columns:
            raise BadInput("expected at most {most:,} columns, got {got:,}", most=most_columns, got=len(cells))
        self.header, is_row = names_in(cells)
        named = [place for place, cell in enumerate(cells, 1) if cell.strip()]
        self._unnamed = len(cells) - (named[-1] if named else 0)  # columns at the end whose names are empty
        for name in self.header:
            check_name(name)
        self.is_headless = is_row
        # Where the first row is a machine, it is read again as one.
        self._chunk = start if is_row else start[beginning.tell() :]
        # A header may be as long as what has been read. What follows is read now: without it there is no first row.
        self._chunk = self._chunk or self._following()
        if is_row:
            self._line = before
        self.lines_before = self._line  # lines before the first row
        self._chosen: values.Chosen | None = None
        self.ends = Ends(self.header)
        self.beside = names_beside(self.header, self.sample)
        self.is_rewritten = self.is_rewritten or bool(self.beside)

    def columns_by_field(self, wanted: Mapping[str, str]) -> dict[str, list[str]]:
        """Return the columns of each field, see ``chosen``."""
        return self.chosen(wanted).fields

    def chosen(self, wanted: Mapping[str, str]) -> values.Chosen:
        """Return the columns of each field, by their names and by the values of the first rows.

        Args:
            wanted: column names by field, where the user names them.
        """
        if self._chosen is None:
            header, rows = self.header, self.sample()
            if self.beside.intersection(wanted.values()):
                self.beside = frozenset()
            if self.beside:
                own = [place for place, name in enumerate(header) if name not in self.beside]
                header, rows = [header[place] for place in own], [[row[place] for place in own] for row in rows]
            self._chosen = values.chosen(columns_of(header, wanted), header, rows, wanted)
        return self._chosen

    def sample(self) -> list[list[str]]:
        """Return the first rows that have a cell for each column."""
        start = self._chunk.replace("\r\n", "\n")[:_SAMPLE]
        rows = csv.reader(io.StringIO(start, newline=""), delimiter=self.delimiter)
        sample: list[list[str]] = []
        with suppress(csv.Error):
            sample.extend(islice((row for row in rows if len(row) == len(self.header)), values.SAMPLE))
        return sample

    def parts(self) -> Iterator[Part]:
        """Yield the rows, each once, in their order.

        Raises:
            BadInput: a quote is never closed, or a cell is larger than 4 MB.
        """
        chunk = self._chunk
        while chunk:
            part, following = self._plain(chunk) or self._mixed(chunk) or self._strict(chunk), None
            if part.rows:
                doubts = {} if self.is_headless else self.ends.doubts(part.rows, is_first=chunk is self._chunk, sample=self.sample)
                if doubts.get(len(part.rows) - 1) and (following := self._following()):  # the table goes on after it
                    doubts = self.ends.doubts(part.rows, is_first=chunk is self._chunk, is_last=False, sample=self.sample)
                yield self._of_hosts(part) if self.is_headless else _with_doubts(part, doubts)
            chunk = self._following() if following is None else following

    def _following(self) -> str:
        """Return the next chunk, up to the end of a line; "" at the end."""
        chunk = self._text.read(CHUNK)
        return chunk + _to_its_end(self._text) if chunk else ""

    def _of_hosts(self, part: Part) -> Part:
        """Return rows of a table without a header. Nothing says that their first column has hosts: a row whose name is not like one is doubtful."""
        if "host" not in part.header:
            return part
        host, build = part.header.index("host"), part.header.index("build")
        doubts = [
            None
            if may_be_host(row[host].strip(), is_sure=any(map(_ADDRESS.fullmatch, row)))
            else not_stated(row[build], no_host(row[host]))._replace(machine=row[build])
            for row in part.rows
        ]
        if not any(doubts):
            return part
        return part._replace(problems=[problem or doubt for problem, doubt in zip(part.problems or repeat(None), doubts, strict=False)])

    def _plain(self, chunk: str) -> Part | None:
        """Return a chunk whose rows are its lines; None where a CSV reader is needed."""
        if "\r" in chunk:
            chunk = chunk.replace("\r\n", "\n")
            if "\r" in chunk:
                return None
        lines = chunk.removesuffix("\n").split("\n")
        if self.ends.is_watching or "" in lines or self.delimiter * (len(self.header) - 1) in lines:
            return None  # another table may follow a blank line
        if '"' in chunk:
            return self._quoted(lines, has_json="{" in chunk)
        rows = [line.split(self.delimiter) for line in lines]
        self._line += len(lines)
        if not set(map(len, rows)) <= {len(self.header)}:
            return self._ragged(rows, has_json="{" in chunk)
        if self.delimiter == ",":
            return Part(self.header, rows, None, lines, "{" in chunk)
        return Part(self.header, rows, None, None if "," in chunk else [line.replace(self.delimiter, ",") for line in lines], "{" in chunk)

    def _quoted(self, lines: list[str], *, has_json: bool) -> Part | None:
        """Split lines whose cells are all quoted and contain no quote. Return None for any other line."""
        columns, between = len(self.header), f'"{self.delimiter}"'
        rows = [line[1:-1].split(between) for line in lines]
        if (
            set(map(len, rows)) != {columns}
            or [""] * columns in rows
            or not all(line.count('"') == 2 * columns and line[0] == line[-1] == '"' for line in lines)
        ):
            return None
        self._line += len(lines)
        if any(line.count(",") != columns - 1 for line in lines) or self.delimiter != ",":
            return Part(self.header, rows, None, None, has_json)
        return Part(self.header, rows, None, [",".join(row) for row in rows], has_json)

    def _mixed(self, chunk: str) -> Part | None:
        """Return a chunk of which a few lines need the ``csv`` module; None where many do."""
        rest = Rest(self._text)
        try:
            found = mixed(chunk, rest, self.delimiter, len(self.header), self.ends)
        except Broken as broken:
            raise self._broken(broken.error, broken.lines) from None
        if found is None:
            return None
        self._line += found.read
        rows, odd, has_comma = found.rows, [found.rows[place] for place in found.odd], self.delimiter != "," and "," in chunk
        ragged = self._ragged(odd, has_json=False).problems or ()
        problems: list[Message | NotStated | None] = [None] * len(rows)
        lines = found.lines if self.delimiter == "," else [line.replace(self.delimiter, ",") for line in found.lines]
        for place, cells, problem in zip(found.odd, odd, ragged, strict=True):
            rows[place], problems[place], lines[place] = cells, problem, "" if has_comma else csv_line(cells)
        for place, below in found.below.items():
            problems[place] = below
        has_json = "{" in chunk or (rest.was_read and any("{" in cell for cell in rows[-1]))
        return Part(self.header, rows, problems if any(problems) else None, None if has_comma else lines, has_json)

    def _strict(self, chunk: str) -> Part:
        """Return any CSV, read by the ``csv`` module. A row that continues after the chunk is read to its end."""
        rest = Rest(self._text)
        rows = []
        problems: list[NotStated | None] = []
        reader = csv.reader(chain(io.StringIO(chunk, newline=""), rest), delimiter=self.delimiter, strict=True)
        try:
            for cells in reader:
                if not any(cells):
                    self.ends.pass_blank()
                if cells:
                    problems.append(self.ends.why(cells))
                    rows.append(cells)
                if rest.was_read:
                    break
        except csv.Error as error:
            raise self._broken(error, reader.line_num) from None
        self._line += reader.line_num
        # What was read after the chunk is in its last row.
        has_json = "{" in chunk or any("{" in cell for row in rows[-1:] for cell in row)
        part = Part(self.header, rows, None, None, has_json)
        if not set(map(len, rows)) <= {len(self.header)}:
            part = self._ragged(rows, has_json=has_json)
        if not any(problems):
            return part
        return part._replace(problems=[below or problem for below, problem in zip(problems, part.problems or repeat(None), strict=False)])

    def _strictly(self, lines: Iterator[str]) -> Iterator[list[str]]:
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)  # an open quote would swallow the machines after it
        seen = 0
        try:
            for cells in reader:
                self._line += reader.line_num - seen
                seen = reader.line_num
                yield cells
        except csv.Error as error:
            raise self._broken(error, reader.line_num - seen) from None

    def _broken(self, error: csv.Error, lines: int) -> BadInput:
        return BadInput(
            "expected a table separated by {delimiter!r}, got {got} in line {line}",
            delimiter=self.delimiter,
            got=str(error),
            line=self._line + lines,
        )

    def _ragged(self, rows: list[list[str]], *, has_json: bool) -> Part:
        """Return rows of which some have too few or too many cells. Those are invalid, and nothing is lost: the last column takes the surplus.

        A delimiter too many at the end of a row, or of the header, is no cell.
        """
        wanted = len(self.header)
        problems: list[Message | None] = [None] * len(rows)
        for place, count in enumerate(map(len, rows)):
            if count != wanted:
                cells = rows[place]
                if count > wanted and not any(map(str.strip, cells[wanted:])):
                    rows[place] = cells[:wanted]
                    continue
                if count > 1 and wanted - self._unnamed <= count < wanted:
                    rows[place] = [*cells, *[""] * (wanted - count)]
                    continue
                problems[place] = Message("expected {wanted} cells, got {got}", wanted=wanted, got=count)
                rows[place] = (
                    [*cells[: wanted - 1], " ".join(cells[wanted - 1 :])] if count > wanted else [*cells, *[""] * (wanted - count)]
                )
        return Part(self.header, rows, problems, None, has_json)


def _with_doubts(part: Part, doubts: Mapping[int, NotStated]) -> Part:
    if not doubts:
        return part
    return part._replace(
        problems=[
            problem or doubts.get(place) for place, problem in zip(range(len(part.rows)), part.problems or repeat(None), strict=False)
        ]
    )
