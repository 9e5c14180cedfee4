"""Rows of a table between reading and writing, and their cells as text."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.model.messages import Message

_NEEDS_QUOTES: Final = re.compile(r'[",\r\n]')
_QUOTE_OR_LINE_END: Final = re.compile(r'["\r\n]')


class NotStated(NamedTuple):
    """A row that names a build, and does not say that its machine has it: it is unknown, and not invalid.

    Attributes:
        why: what it says.
        machine: what to judge all the same, since only a verdict of a patched machine would be wrong: "Update available" beside an older build
            does not make that build doubtful. A reader of a row puts its build here; ``Inventory`` puts the row's key (the texts of
            ``DECIDING``) in its place. "" or () if the row says nothing of its machine.
    """

    why: Message
    machine: str | tuple[str, ...] = ()


def not_stated(text: str, label: str = "") -> NotStated:
    """Return why a build is not evidence: its text, and the label or status beside it."""
    shown = f"{text[:60]} ({label[:60]})" if label else text[:60]
    return NotStated(Message("the inventory does not say that the machine has it: {text!r}", text=shown))


_DOUBT: Final = re.compile(r"(?P<text>.*?) \(doubtful: (?P<why>.*)\)", re.DOTALL)


def doubted(text: str, why: str) -> str:
    """Return the text of a build beside which something says that it may not be that of a machine, see ``doubt_in``."""
    return f"{text} (doubtful: {why})"


def doubt_in(text: str) -> NotStated | None:
    """Return why a build is doubtful, and the build; None where its text says nothing of the kind.

    >>> doubt_in(doubted("26100.33158", "paris may not be a host")).machine
    '26100.33158'
    """
    match = _DOUBT.fullmatch(text)
    return not_stated(match["text"], match["why"])._replace(machine=match["text"]) if match else None


class Part(NamedTuple):
    """Consecutive rows of a table.

    Attributes:
        header: the names of the columns.
        rows: the cells of each row, as many as the header has.
        problems: for each row why it cannot be read or believed, None where it can; None where all can.
        lines: the rows as lines of CSV with commas; None where they have to be written again.
        has_json: whether a cell may hold JSON.
    """

    header: list[str]
    rows: list[list[str]]
    problems: Sequence[Message | NotStated | None] | None
    lines: list[str] | None
    has_json: bool


def cell(value: Any) -> str:
    """Return a value as a cell: "" for nothing, booleans and nested values as JSON.

    >>> cell(None), cell(True), cell(["a"])
    ('', 'true', '["a"]')
    """
    if isinstance(value, str):
        return value
    if type(value) is int:  # most of what is no text
        return str(value)
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def csv_line(cells: Sequence[str]) -> str:
    """Return cells as a line of CSV without its end. A lone carriage return is quoted too: readers take it for the end of a row.

    >>> csv_line(["a", "b, c"])
    'a,"b, c"'
    """
    text = ",".join(cells)
    if text.count(",") == len(cells) - 1 and not _QUOTE_OR_LINE_END.search(text):
        return text
    return ",".join(['"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES.search(cell) else cell for cell in cells])


def csv_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return ``csv_line`` of each row; the ``csv`` module takes a third of the time.

    >>> csv_lines([["a", "b, c"], ["d", ""]])
    ['a,"b, c"', 'd,']
    """
    if any(len(row) < 2 for row in rows):  # it would quote a lone empty cell
        return list(map(csv_line, rows))
    lines: list[str] = []
    # It quotes the characters of the line end, whatever the version of Python.
    csv.writer(SimpleNamespace(write=lines.append), lineterminator="\r\n").writerows(rows)
    return [line[:-2] for line in lines]


def with_key(problem: Message | NotStated, key: tuple[str, ...] | Message | NotStated) -> Message | NotStated:
    """Return a problem. If it says what to judge all the same (``NotStated.machine``), put the row's key there."""
    if not isinstance(problem, NotStated) or not problem.machine:
        return problem
    if isinstance(key, Message):
        return key
    machine = key.machine if isinstance(key, NotStated) else key  # of a row with JSON, which was read as an object
    return problem._replace(machine=() if isinstance(machine, str) else machine)


def values_by_name(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[Callable[[str], str]]:
    """Yield, for each row of a table, the function from the name of a column to its text."""
    places = {name: place for place, name in enumerate(header)}
    for row in rows:
        yield partial(_value, places, row)


def _value(places: Mapping[str, int], row: Sequence[str], name: str) -> str:
    return row[places[name]] if name in places else ""
