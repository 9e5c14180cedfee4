"""Read tables whose columns are the machines: names of facts in the first column, and a column for each host.

The columns of such a table may also be points in time ("Before", "2026-07"), what is wanted ("Target"), rings or products. Read as machines, these
would be called patched: a table is read so only where each name above a column can be that of a host.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from hotpatch_kb.db.fleet.inventory.columns import columns_of, members
from hotpatch_kb.db.fleet.inventory.documents.pairs import are_facts, is_name_of_names, places_of_facts, rows_of_cells, rows_of_fact_cells
from hotpatch_kb.db.fleet.inventory.hosts import may_be_host
from hotpatch_kb.db.fleet.inventory.values import is_of_part, may_say_build, says_build, says_product
from hotpatch_kb.db.fleet.inventory.vocabulary import is_known_word
from hotpatch_kb.db.model.errors import BadInput

MAX_LINES: Final = 500  # facts of a machine


def columns_are_machines(head: str) -> str:
    """Return the delimiter of such a table; "" where a text is another."""
    lines = [line for line in head.replace("\r\n", "\n").split("\n") if line.strip()]
    if not 1 < len(lines) < MAX_LINES:
        return ""
    return next((delimiter for delimiter in ",;\t|" if are_turned(list(rows_of_cells(lines, delimiter)))), "")


def are_turned(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the columns of a table are machines, each with a build."""
    if len(rows) < 2 or len(rows[0]) < 3 or any(len(row) != len(rows[0]) or not row[0] for row in rows[1:]):
        return False
    names = [row[0] for row in rows[1:]]
    if len(set(names)) < len(names) or not _are_hosts(rows[0]):
        return False
    machines = [_with_host(rows, place) for place in range(1, len(rows[0]))]
    return any(map(are_facts, machines))


def _are_hosts(header: Sequence[str]) -> bool:
    """Return whether the names above the columns are hosts, below a name of hosts or of names ("Hostname", "Property") or nothing."""
    corner, *hosts = header
    is_of_hosts = "host" in columns_of([corner], {}) and not is_name_of_names(corner)
    if corner and not is_of_hosts and not is_name_of_names(corner):
        return False
    return len(set(hosts)) == len(hosts) and all(_may_be_host(host, is_sure=is_of_hosts) for host in hosts)


def _may_be_host(text: str, *, is_sure: bool) -> bool:
    if not may_be_host(text, is_sure=is_sure) or is_of_part(text) or is_known_word(text.casefold()):
        return False
    return not (columns_of([text], {}) or may_say_build(text) or says_build(text) or says_product(text))


def _with_host(rows: Sequence[Sequence[str]], place: int) -> dict[str, str]:
    """Return the facts of a column. The host is called by the name in the corner where this is one of hosts."""
    corner = rows[0][0]
    name = corner if "host" in columns_of([corner], {}) and not is_name_of_names(corner) else "host"
    return {name: rows[0][place], **{row[0]: row[place] for row in rows[1:]}}


def rows_of_shape(rows: Sequence[Sequence[str]]) -> Iterator[dict[str, Any]] | None:
    """Return the machines of a table that has not one in each row: one in each column, or a fact a row; None where it is another."""
    if are_turned(rows):
        return rows_of_turned(rows)
    places = places_of_facts(rows)
    return rows_of_fact_cells(rows, *places) if places else None


def rows_of_turned(rows: Sequence[Sequence[str]]) -> Iterator[dict[str, Any]]:
    """Yield the machine of each column."""
    for place in range(1, len(rows[0])):
        yield members(list(_with_host(rows, place).items()))


def across_rows() -> BadInput:
    """Return the error for a table with cells across rows, which may give a machine several builds."""
    return BadInput("expected a table with a row for each machine, got cells across several rows; save the table as CSV")


def rows_of_text(text: str, delimiter: str) -> Iterator[dict[str, Any]]:
    """Yield the machines of a text with such a table."""
    yield from rows_of_turned(list(rows_of_cells([line for line in text.replace("\r\n", "\n").split("\n") if line.strip()], delimiter)))
