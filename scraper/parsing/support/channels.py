"""Release channels of an article: whether an update is offered by Windows Update, WSUS and the others, and what to do to get it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bs4 import Tag

from hotpatch_kb.db.model.claims import Unread
from hotpatch_kb.scraper.parsing.markup import attribute, elements
from hotpatch_kb.scraper.parsing.statements import Field
from hotpatch_kb.scraper.parsing.support.articles import prose, rows, sentences

CHANNELS: Final = {
    "windows_update": re.compile(r"windows update(?! for business)|windows-update|microsoft update(?! catalog)", re.IGNORECASE),
    "business": re.compile(r"business", re.IGNORECASE),
    "catalog": re.compile(r"catalog", re.IGNORECASE),
    "wsus": re.compile(r"wsus|server[ -]update[ -]services", re.IGNORECASE),
}
# "will be downloaded", "automatically sync", "downloads and installs automatically from Windows Update", "is automatically offered"
_OFFERED: Final = re.compile(
    r"\bwill (?:be )?(?:\w+ly )?(?:download|sync|install|offer)|\bautomatically (?:download|sync|install|offer)|\b(?:downloads?|installs?|syncs?)(?: and (?:downloads?|installs?))? automatically"
    r"|^to get the (?:standalone|stand-alone) package|^none\b|^this update is available",
    re.IGNORECASE,
)
_NOT_OFFERED: Final = re.compile(r"\bnot (?:yet )?(?:available|offered)\b", re.IGNORECASE)
_PANEL: Final = "section[id^=tabpanel_]"
_LONGEST: Final = 60  # characters of the name of a channel


def fields(main: Tag) -> Iterator[Field]:
    """Yield whether and how each channel offers the update: tabs with a table each (new), or one table of channels (old)."""
    for panel in main.select(_PANEL):
        table = rows(panel)
        cells = [prose(cell) for cell in elements(panel, "td")]
        answers = [row[at] for at in _available(table) for row in table[1:] if at < len(row)] if _available(table) else cells
        for channel in _named(_name(panel)):
            yield from _of_channel(channel, cells, answers)
    for table in (rows(tag) for tag in elements(main, "table")):
        if is_of_channels(table):
            for row in table[1:]:
                answers = [row[at] for at in _available(table) if at < len(row)] or row[1:]
                for channel in _named(row[0]) if row else ():
                    yield from _of_channel(channel, row[1:], answers)


def is_of_channels(table: list[list[str]]) -> bool:
    """Return whether a table's first column has the channels."""
    return bool(table and table[0]) and table[0][0].casefold() == "release channel"


def unread_tabs(main: Tag) -> Iterator[Unread]:
    """Yield tabs of a channel, or of a column, that are not known."""
    for panel in main.select(_PANEL):
        name, available = _name(panel), _available(rows(panel))
        if available != [0]:
            yield Unread("Article", "column", f"expected the column 'Available' first in {name!r}, got it at {available}")
        if available and not _named(name):
            yield Unread("Article", "channel", f"expected the way to an update ({', '.join(CHANNELS)}), got {name!r}")


def unread_channels(table: list[list[str]]) -> Iterator[Unread]:
    """Yield channels of a table that are not known, and a table that has channels without saying so."""
    is_known = is_of_channels(table)
    names = [row[0] for row in (table[1:] if is_known else table) if row]
    for name in names if is_known else ():
        if not _named(name):
            yield Unread("Article", "channel", f"expected the way to an update ({', '.join(CHANNELS)}), got {name!r}")
    has_its_column = any("Release Channel" in row for row in table[:1])
    if not is_known and (has_its_column or any(len(name) < _LONGEST and _named(name) for name in names)):
        yield Unread("Article", "channel", f"expected the column 'Release Channel' before {names[-1]!r}, got {' | '.join(table[0])!r}")


def _name(panel: Tag) -> str:
    # tabpanel_1_windows-update
    return (attribute(panel, "id") or "").split("_", 2)[-1]


def _available(table: list[list[str]]) -> list[int]:
    """Return the place of the column that says whether an update is offered; one about a restart does not."""
    return [at for at, name in enumerate(table[0]) if name.casefold() == "available"][:1] if table else []


def _named(name: str) -> list[str]:
    """Return the channels that a tab or the first cell of a row names: "Windows Update, Windows Update for Business" is two."""
    return [channel for channel, pattern in CHANNELS.items() if pattern.search(name)]


def _of_channel(channel: str, cells: list[str], answers: list[str]) -> Iterator[Field]:
    """Yield whether a channel has the update: by the cell "Yes" or "No", else (a picture in the new layout) by the first text about it."""
    note = " ".join(cell for cell in cells if cell and cell.casefold() not in {"yes", "no"})
    answer = next((cell.casefold() for cell in answers if cell.casefold() in {"yes", "no"}), "")
    if answer:
        available = "1" if answer == "yes" else "0"
    else:
        said = ((_NOT_OFFERED.search(sentence), _OFFERED.search(sentence)) for cell in cells for sentence in sentences(cell))
        available = next(("0" if refused else "1" for refused, offered in said if refused or offered), "")
    yield channel, available, " | ".join(cells)
    if note:
        yield f"{channel}_note", note, note
