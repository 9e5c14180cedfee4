"""Read answers of databases in JSON: names of columns beside lists of cells, whatever the two are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hotpatch_kb.db.fleet.inventory.columns import bare, columns_of, members


def table_in(value: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the rows of an answer that has names of columns beside lists of cells, each as long as the names.

    Log Analytics and Resource Graph call them "columns" and "rows", Kusto "Columns" and "Rows", Splunk "fields" and "rows", Elastic "columns" and "values".
    """
    lists = [member for member in value.values() if isinstance(member, list) and member]
    are_columns = len(lists) == len(value) > 1 and "build" in columns_of(tuple(value), {}) and len({len(member) for member in lists}) == 1
    if are_columns and not any(isinstance(item, dict | list) for member in lists for item in member):
        return [dict(zip(value, row, strict=True)) for row in zip(*lists, strict=True)]  # each column has the values of all machines
    names = [found for member in lists if (found := _names_of(member))]
    rows = [cells for member in lists if all(cells := [_cells_of(row) for row in member])]
    if len(names) != 1 or len(rows) != 1 or any(len(row) != len(names[0]) for row in rows[0]):
        return None
    return [members(list(zip(names[0], row, strict=True))) for row in rows[0]]


def _cells_of(row: Any) -> list[Any]:
    """Return the cells of a row; none where it is something else. Tanium has ``{"data": [[{"text": "srv1"}], ...]}``."""
    if isinstance(row, list):
        return row
    lists = [member for member in row.values() if isinstance(member, list)] if isinstance(row, dict) else []
    if len(lists) != 1 or not all(isinstance(cell, list) and cell and isinstance(cell[0], dict) and "text" in cell[0] for cell in lists[0]):
        return []
    return [" ".join(str(part.get("text")) for part in cell) for cell in lists[0]]


def _names_of(columns: Sequence[Any]) -> list[str]:
    """Return the names of columns: texts, or objects that have a name each; none where they are something else."""
    if all(isinstance(column, str) for column in columns):
        return list(columns)
    if not all(isinstance(column, dict) for column in columns):
        return []
    names = [[text for key, text in column.items() if bare(key) in {"name", "columnname"}] for column in columns]
    return [texts[0] for texts in names] if all(len(texts) == 1 and isinstance(texts[0], str) for texts in names) else []
