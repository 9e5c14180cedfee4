"""What a reader needs to begin with a table or view of the database: a title, three questions that it answers, and what a row is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple


class About(NamedTuple):
    """Texts in English, which are keys of translations.

    Attributes:
        title: of the table.
        ask: the address of each question's answer, below that of the database.
        row: the form of a row's title; None for a view, whose rows have no pages.
        listed: the same in the table itself, where columns beside it have the rest; None for the form of its page.
        first: columns that follow the title of a row on a page, and of a view its title too; a phone shows them unfolded. The others have the
            order of the schema.
    """

    title: str
    ask: dict[str, str]
    row: str | None = None
    listed: str | None = None
    first: Sequence[str] = ()


@cache
def about() -> dict[str, About]:
    """Return the texts of each table and view, by its name."""
    from datasette.utils import parse_metadata  # noqa: PLC0415 (imports of 1 s; lookups need none of it)

    read = parse_metadata((Path(__file__).parent / "tables.yaml").read_text(encoding="utf-8"))
    return {name: About(**texts) for name, texts in read.items()}


FOLDED_AFTER: Final = 4  # fields of a row on a phone, of a table that names none
_CODES: Final = ("kb", "build", "key")  # the ends of names of columns whose digits are no amounts


def columns_in_order(of_table: About | None, columns: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the places of the columns of a page in the order in which it shows them: the title of a row, those to read first, all others.

    Args:
        of_table: the texts of the table, None where it has none.
        columns: as Datasette describes them, each with its ``name``.
    """
    names = [column["name"] for column in columns]
    moved = [names.index(name) for name in (of_table.first if of_table else ()) if name in names]
    if moved and of_table and of_table.row is None:  # a view, whose first column is no title
        return [*moved, *(place for place in range(len(names)) if place not in moved)]
    return [*range(min(1, len(names))), *(place for place in moved if place), *(n for n in range(1, len(names)) if n not in moved)]


def unfolded(of_table: About | None, columns: Sequence[Mapping[str, Any]]) -> int:
    """Return how many columns a phone shows of a row: its title and those to read first. One more is no reason to fold it."""
    names = {column["name"] for column in columns}
    first = [name for name in (of_table.first if of_table else ()) if name in names]
    shown = len(first) + (of_table is None or of_table.row is not None) if first else 1 + FOLDED_AFTER
    return len(columns) if shown + 1 >= len(columns) else shown


def number_columns(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> set[str]:
    """Return the columns that have numbers and nothing else, which are aligned at the right, their names too.

    Args:
        columns: their names.
        rows: the values of each row, in their order; what a page shows of an empty one counts as empty.

    >>> number_columns(["month", "cves", "kb"], [["2026-06", 12, 5094126], ["2026-07", None, 5099536]])
    {'cves'}
    """
    found = set()
    for place, name in enumerate(columns):
        values = [row[place] for row in rows if row[place] is not None and str(row[place]) not in {"", "&nbsp;"}]
        is_code = name.lower().rpartition("_")[2] in _CODES
        if values and not is_code and all(isinstance(value, (int, float)) for value in values):
            found.add(name)
    return found
