"""Read tables whose columns have fixed widths, as PowerShell, wmic, sqlcmd and ``az -o table`` print them.

A line of dashes below the header says where columns are. Without one (wmic) the header does: its names have two blanks between them.
"""

from __future__ import annotations

import io
import re
from typing import Final
from unicodedata import east_asian_width

_DASHES: Final = re.compile(r"\s*(?:-{2,}(?:[ \t]+-+)*|={2,}(?:[ \t]+=+)*|[─━═]{2,}(?:[ \t]+[─━═]+)*)\s*")
_RUN: Final = re.compile(r"[-=─━═]+")
_TITLES: Final = 10  # lines above a header that are looked at
# A group of Format-Table -GroupBy, and what sqlcmd and psql print below a table.
_GROUP: Final = re.compile(r" {3}(?=\S[^:]*: )\S+(?: \S+)* *")
_FOOTER: Final = re.compile(r"\(\d+ rows?(?: affected)?\)")
_NAME: Final = re.compile(r"\S+(?: \S+)*")
_FILLER: Final = "\x00"  # behind a wide character, which takes two places on the screen


class FixedWidth:
    """A text of such a table, read with tabs between its cells."""

    def __init__(self, text: io.TextIOBase, starts: list[int], ends: list[int], header: str) -> None:
        """Take the text, where the names of the columns begin and end, and the line that has them."""
        self._text = text
        self._starts = starts
        self._ends = ends
        self._header = header.split()
        self._has_begun = False

    def tabbed(self, text: str) -> str:
        """Return lines with a tab between cells, without what is no row: lines of dashes, the header of a later group and its title; blank lines stay blank."""
        lines = [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]  # splitlines would end one at a form feed
        rows = (line for place, line in enumerate(lines) if self._is_row(line, lines[place + 1 : place + 4]))
        return "".join(f"{chr(9).join(self._cells(line))}\n" if line.strip() else "\n" for line in rows)

    def _is_row(self, line: str, following: list[str]) -> bool:
        if _DASHES.fullmatch(line):
            marks = [(match.start(), match.end()) for match in _RUN.finditer(line)]
            if len(marks) == len(self._starts):  # each group has widths of its own
                self._starts, self._ends = [begin for begin, _ in marks], [end for _, end in marks]
            return False
        is_again = self._has_begun and line.split() == self._header
        self._has_begun = True
        if is_again or _FOOTER.fullmatch(line.strip()):
            return False
        return not _GROUP.fullmatch(line) or not any(after.split() == self._header for after in following)

    def read(self, size: int) -> str:
        """Return at least so many characters, up to the end of a line."""
        chunk = self._text.read(size)
        return self.tabbed(chunk + self._text.readline()) if chunk else ""

    def readline(self, size: int) -> str:
        """Return the next line, up to so many characters."""
        line = self._text.readline(size)
        return self.tabbed(line) if line else ""

    def _cells(self, line: str) -> list[str]:
        """Return the cells of a line. A cell that is aligned to the right, or wider than its column, may begin before the name above it."""
        wide = "".join(f"{c}{_FILLER}" if east_asian_width(c) in {"W", "F"} else c for c in line.replace("\t", " ").replace('"', "'"))
        cells, begin = [], 0
        for end, start in zip(self._ends, self._starts[1:], strict=False):
            cut = next((place for place in range(start - 1, max(end, begin) - 1, -1) if wide[place : place + 1] in {" ", ""}), None)
            if cut is None:  # longer than its column: up to the next blank
                cut = wide.find(" ", start)
                cut = len(wide) if cut < 0 else cut
            cells.append(wide[begin:cut])
            begin = cut
        cells.append(wide[begin:])
        return [cell.replace(_FILLER, "").strip() for cell in cells]


def fixed_width(start: str, text: io.TextIOBase) -> FixedWidth | None:
    """Return the table that a text begins with; None where it has no such header.

    Args:
        start: the beginning of the text.
        text: what follows.
    """
    lines = [line.rstrip() for line in start[:100_000].split("\n") if line.strip()][:20]
    if len(lines) < 2:
        return None
    header = lines[0].expandtabs()
    if _DASHES.fullmatch(lines[1]):
        marks = [(match.start(), match.end()) for match in _RUN.finditer(lines[1])]
        names = [header[max(0, begin - 1) : end + 1].strip() for begin, end in marks]
        if not all(names):
            return None
    else:
        marks = [(match.start(), match.end()) for match in _NAME.finditer(header)]
        if not all(_is_cut_at(line, begin) for line in lines[1:] for begin, _ in marks):
            return None
    return FixedWidth(text, [begin for begin, _ in marks], [end for _, end in marks], header) if len(marks) > 1 else None


def without_titles(start: str) -> str:
    """Return a text from the header of its table on, where lines of a title go before it: "   Site: Bonn" of a group, a line of equals signs.

    The header is the line above a line of dashes.
    """
    lines = start.split("\n", _TITLES + 2)[: _TITLES + 2]
    marked = [place for place, line in enumerate(lines) if _DASHES.fullmatch(line.rstrip("\r")) and place and lines[place - 1].strip()]
    if not marked or marked[0] < 2 or len(_RUN.findall(lines[marked[0]])) < 2:
        return start
    above = [line.rstrip("\r") for line in lines[: marked[0] - 1]]
    are_titles = all(not line.strip() or _GROUP.fullmatch(line) or _DASHES.fullmatch(line) for line in above)
    return start.split("\n", marked[0] - 1)[-1] if are_titles else start


def _is_cut_at(line: str, place: int) -> bool:
    """Return whether a cell of a line may begin at a place: a blank goes before it."""
    return place == 0 or line[place - 1 : place] in {" ", ""}
