"""Tell where a table ends before its file does: after a blank line with another header, or with lines of a summary.

"Ring,Target Build" and "Target,26100.33158" below the machines of a report were machines of it, which are current.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from hotpatch_kb.db.fleet.inventory import values
from hotpatch_kb.db.fleet.inventory.columns import NAMES, bare, columns_of
from hotpatch_kb.db.fleet.inventory.hosts import may_be_host, no_host
from hotpatch_kb.db.fleet.inventory.subjects.titles import title_of_others
from hotpatch_kb.db.fleet.inventory.tables.headers import OF_BUILDS
from hotpatch_kb.db.fleet.inventory.tables.summaries import are_like_hosts, begins_as_summary, of_summary, summaries
from hotpatch_kb.db.fleet.rows import NotStated, not_stated

_KNOWN: Final = frozenset(name for names in NAMES.values() for name in names)


class Ends:
    """Where a table ends, as its rows are read in their order.

    Attributes:
        is_asked: False where rows are missing between those that are read, so that nothing is known of what goes before one.
        host: the place of the column of hosts, -1 where there is none.
    """

    def __init__(self, header: Sequence[str]) -> None:
        """Take the names of its columns."""
        self.is_asked = True
        self._header = list(header)
        hosts = columns_of(header, {}).get("host", ())
        self.host = self._header.index(hosts[0]) if hosts else -1
        self._is_after_blank = self._has_ended = False
        self._title = ""  # the last line after a blank one that is no row
        self._has_hosts: bool | None = None

    @property
    def is_watching(self) -> bool:
        """Whether the next row may not be one of the table."""
        return self._is_after_blank or self._has_ended

    def pass_blank(self) -> None:
        """Note a blank line, or a row of empty cells, with which spreadsheets separate tables."""
        self._is_after_blank = self.is_asked

    def why(self, cells: Sequence[str]) -> NotStated | None:
        """Return why a row is not one of the table; None where it is."""
        if not self.is_watching or not any(cells):
            return None
        if self._is_after_blank and self._is_again(cells):  # the same table goes on, or one of what is planned
            self._is_after_blank, self._has_ended = False, bool(title_of_others(self._title))
            self._title = ""
        elif self._is_after_blank:
            self._title = _only_text(cells)
            self._has_ended = self._has_ended or _is_other_header(cells)
            summary = "" if self._has_ended else self._summary(cells)
            self._is_after_blank = bool(summary or self._title)  # the line after it may be of the summary, or a header
            if summary:
                return not_stated(" ".join(filter(None, cells)), no_host(summary))
        return not_stated(" ".join(filter(None, cells)), "below the end of the table") if self._has_ended else None

    def doubts(
        self, rows: Sequence[Sequence[str]], *, is_first: bool = True, is_last: bool = True, sample: Callable[[], Sequence[Sequence[str]]]
    ) -> dict[int, NotStated]:
        """Return why rows of a table may be of no machine, by their places: "Target,26100.33158" below the machines, "Subtotal Berlin" among them.

        Args:
            rows: consecutive rows.
            is_first: whether the table begins with them.
            is_last: whether it ends with them.
            sample: returns the first rows of the table; it is called only where a name is like one of a summary.
        """
        if self.host < 0 or not rows:
            return {}
        inside = {place: name for place, row in enumerate(rows) if begins_as_summary(name := row[self.host])}
        has_end = self.is_asked and (any(of_summary(row[self.host]) for row in (rows[0], rows[-1])) or not any(map(str.strip, rows[-1])))
        found: dict[int, str] = {}
        if has_end:
            at_ends = summaries([row[self.host] for row in rows], [row[self.host] for row in sample()])
            begin, end = (0 if is_first else len(rows) // 2), (len(rows) if is_last else len(rows) // 2)
            found = {place: name for place, name in at_ends.items() if begin <= place < end}
        if inside and self.has_hosts(sample):
            found = inside | found
        cells = {place: " ".join(filter(None, rows[place])) for place in found}
        # An older build is one all the same: the name may be that of a host.
        return {place: not_stated(text, no_host(found[place]))._replace(machine=text) for place, text in cells.items()}

    def has_hosts(self, sample: Callable[[], Sequence[Sequence[str]]]) -> bool:
        """Return whether the names in the place of the host are like those of hosts, as the first rows of the table say."""
        if self._has_hosts is None:
            self._has_hosts = self.host >= 0 and are_like_hosts(row[self.host] for row in sample())
        return self._has_hosts

    def take_hosts(self, other: Ends, sample: Callable[[], Sequence[Sequence[str]]]) -> None:
        """Take what another part of the same table says of its hosts."""
        self._has_hosts = other.has_hosts(sample)

    def may_end(self, cells: Sequence[str]) -> bool:
        """Return whether a row after a blank line is anything but the next row of the table."""
        return any(cells) and (self._is_again(cells) or _is_other_header(cells) or bool(self._summary(cells) or _only_text(cells)))

    def _is_again(self, cells: Sequence[str]) -> bool:
        return [cell.strip() for cell in cells][: len(self._header)] == self._header

    def _summary(self, cells: Sequence[str]) -> str:
        """Return what is in the place of the host in a line of a summary: "Target", "Max", "-"; "" where it may be a host."""
        if not 0 <= self.host < len(cells):
            return ""
        said = cells[self.host].strip()
        return "" if may_be_host(said, is_sure=True) else said or "nothing"


def _only_text(cells: Sequence[str]) -> str:
    """Return what a row says that has but one cell, such as the title of the next table; "" where it has more."""
    stated = [cell.strip() for cell in cells if cell.strip()]
    return stated[0] if len(stated) == 1 else ""


def _is_other_header(cells: Sequence[str]) -> bool:
    """Return whether a row is like the header of another table: names, one of them of a build or several of known columns."""
    names = [cell.strip() for cell in cells if cell.strip()]
    if len(names) < 2 or any(map(values.says_build, names)) or not all(any(map(str.isalpha, name)) for name in names):
        return False
    return any(OF_BUILDS.search(name) for name in names) or len(_KNOWN.intersection(map(bare, names))) > 1
