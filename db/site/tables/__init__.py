"""What a reader needs to begin with a table or view of the database: a title, three questions that it answers, and what a row is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple


class About(NamedTuple):
    """Texts in English, which are keys of translations.

    Attributes:
        title: of the table.
        ask: the address of each question's answer, below that of the database.
        row: the form of a row's title; None for a view, whose rows have no pages.
        listed: the same in the table itself, where columns beside it have the rest; None for the form of its page.
        first: columns that follow the title of a row on a page; the others have the order of the schema.
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


def columns_in_order(of_table: About | None, columns: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the places of the columns of a page in the order in which it shows them: the title of a row, those to read first, all others.

    Args:
        of_table: the texts of the table, None where it has none.
        columns: as Datasette describes them, each with its ``name``.
    """
    first = of_table.first if of_table else ()
    names = [column["name"] for column in columns]
    moved = [names.index(name) for name in first if name in names[1:]]
    return [*range(min(1, len(names))), *moved, *(place for place in range(1, len(names)) if place not in moved)]
