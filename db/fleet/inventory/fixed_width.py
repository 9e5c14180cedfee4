"""Read tables whose columns have fixed widths, as PowerShell, wmic, sqlcmd and ``az -o table`` print them.

A line of dashes below the header says where columns are. Without one (wmic) the header does: its names have two blanks between them.
"""

from __future__ import annotations

import io
import re
from typing import Final
from unicodedata import east_asian_width

_DASHES: Final = re.compile(r"\s*-{2,}(?:[ \t]+-+)*\s*")
_RUN: Final = re.compile(r"-+")
_NAME: Final = re.compile(r"\S+(?: \S+)*")
_FILLER: Final = "\x00"  # behind a wide character, which takes two places on the screen


class FixedWidth:
    """A text of such a table, read with tabs between its cells."""

    def __init__(self, text: io.TextIOBase, starts: list[int], ends: list[int]) -> None:
        """Take the text, and where the names of the columns begin and end."""
        self._text = text
        self._starts = starts
        self._ends = ends

    def tabbed(self, text: str) -> str:
        """Return lines with a tab between cells, without the line of dashes; blank lines stay blank."""
        lines = (line.rstrip("\r") for line in text.removesuffix("\n").split("\n"))  # splitlines would end one at a form feed
        return "".join(f"{chr(9).join(self._cells(line))}\n" if line.strip() else "\n" for line in lines if not _DASHES.fullmatch(line))

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
    return FixedWidth(text, [begin for begin, _ in marks], [end for _, end in marks]) if len(marks) > 1 else None


def _is_cut_at(line: str, place: int) -> bool:
    """Return whether a cell of a line may begin at a place: a blank goes before it."""
    return place == 0 or line[place - 1 : place] in {" ", ""}
