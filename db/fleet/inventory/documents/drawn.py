"""Read tables that are drawn with lines: of MySQL, DuckDB, rich and nushell, and the grids of reStructuredText and pandoc."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from hotpatch_kb.db.fleet.inventory.tables.summaries import Read, doubted_summaries, told_by
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.reading import builds_in

_LINES: Final = "\u2500-\u257f"  # the block of box drawings
_RULE: Final = re.compile(rf"\s*(?:\+[-=+:]{{2,}}\+?|[{_LINES}][{_LINES}\s]*)\s*")
_SIDES: Final = re.compile("[│┃║╎╏┆┇┊┋|]")
_TYPES: Final = re.compile(
    r"u?(?:tiny|small|big|huge)?int\d*|varchar|char|text|double|float\d*|real|decimal.*|bool(?:ean)?|date|time.*|blob|uuid|struct.*|list.*"
)
_LOOKED_AT: Final = 20  # lines


def is_drawn(head: str) -> bool:
    """Return whether a text begins with such a table, after a title at most."""
    lines = [line for line in head.split("\n", _LOOKED_AT)[:_LOOKED_AT] if line.strip()]
    rules = [place for place, line in enumerate(lines) if _RULE.fullmatch(line)]
    return bool(rules) and len(lines) > rules[0] + 1 and bool(_SIDES.match(lines[rules[0] + 1].lstrip()))


def rows_of_drawn(text: str) -> Iterator[Read]:
    """Yield the rows of each table, each with why it cannot be read, or None."""
    title = ""
    header: list[str] = []
    block: list[list[str]] = []
    blocks: list[list[list[str]]] = []
    for line in [*text.split("\n"), ""]:
        is_rule = _RULE.fullmatch(line) is not None
        if not is_rule and line.strip() and _SIDES.match(line.lstrip()):
            block.append(_cells(line))
            continue
        if block:
            blocks.append(block)
            block = []
        if is_rule:
            continue
        if len(blocks) > 1:  # the table has ended
            header = _header(blocks[0])
            read = [row_with_cells(header, cells) for rows in blocks[1:] for cells in _joined(rows, is_grid=len(blocks) > 2)]
            yield from told_by(title, doubted_summaries(read))
            title = ""
        title = line if any(map(str.isalnum, line)) else title  # not the line below a heading
        blocks = []


def _cells(line: str) -> list[str]:
    inner = line.strip()[1:]
    inner = inner[:-1] if inner and _SIDES.fullmatch(inner[-1]) else inner
    return [cell.strip() for cell in _SIDES.split(inner)]


def _header(lines: list[list[str]]) -> list[str]:
    """Return the names of columns. DuckDB has types below them, others write one name in several lines."""
    named = [lines[0], *(line for line in lines[1:] if not all(_TYPES.fullmatch(cell) for cell in line))]
    return named_columns([" ".join(filter(None, parts)) for parts in zip(*named, strict=False)])


def named_columns(names: Sequence[str]) -> list[str]:
    """Return names of columns, each once; one that comes again gets a number, and one that is empty is made."""
    unique: dict[str, None] = {}
    for place, name in enumerate(names, 1):
        unique[f"{name}_{place}" if name in unique else name or f"column{place}"] = None
    return list(unique)


def _joined(lines: list[list[str]], *, is_grid: bool) -> list[list[str]]:
    """Return the rows of a block. A line goes on with the row before where it begins with an empty cell, and in a grid anyway: a row that says a build is one of its own."""
    rows: list[list[str]] = []
    for cells in lines:
        goes_on = rows and len(cells) == len(rows[-1]) and (is_grid or not cells[0]) and not builds_in(" ".join(cells))
        if goes_on or (rows and not any(cells)):
            rows[-1] = [f"{former} {cell}".strip() for former, cell in zip(rows[-1], cells, strict=False)]
        elif any(cells):
            rows.append(cells)
    return rows


def row_with_cells(header: list[str], cells: list[str]) -> Read:
    """Return a row, and why it cannot be read: it has a cell too many, or too few."""
    wanted, got = len(header), len(cells)
    if wanted == got:
        return dict(zip(header, cells, strict=True)), None
    kept = [*cells[: wanted - 1], " ".join(cells[wanted - 1 :])] if got > wanted else [*cells, *[""] * (wanted - got)]
    return dict(zip(header, kept, strict=True)), Message("expected {wanted} cells, got {got}", wanted=wanted, got=got)
