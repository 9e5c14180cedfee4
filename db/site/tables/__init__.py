"""What a reader needs to begin with a table or view of the database: a title, three questions that it answers, and what a row is called."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple


class About(NamedTuple):
    """Texts in English, which are keys of translations.

    Attributes:
        title: of the table.
        ask: the address of each question's answer, below that of the database.
        row: the form of a row's title; None for a view, whose rows have no pages.
    """

    title: str
    ask: dict[str, str]
    row: str | None = None


@cache
def about() -> dict[str, About]:
    """Return the texts of each table and view, by its name."""
    from datasette.utils import parse_metadata  # noqa: PLC0415 (imports of 1 s; lookups need none of it)

    read = parse_metadata((Path(__file__).parent / "tables.yaml").read_text(encoding="utf-8"))
    return {name: About(**texts) for name, texts in read.items()}
