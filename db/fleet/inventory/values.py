"""Find the columns of a table by the values of its first rows, where names alone mislead or say nothing.

A column is a build only if its values look like builds, and a product only if they look like names of Windows. ``CurrentVersion`` of the
registry is 6.3 on every Windows since 8.1, and "Betriebssystem" is a product in German.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from hotpatch_kb.db.model import reading
from hotpatch_kb.db.model.product_names import read_name
from hotpatch_kb.db.model.products import BUILD_NUMBERS

SAMPLE: Final = 200  # rows that are looked at
MAX_TEXT: Final = 1_000  # characters of a cell that are searched
_KBS: Final = re.compile(r"\bKB[ -]?[0-9]{6,7}\b", re.IGNORECASE)

# What a machine shall have, or could have, says nothing of what it has: it would be called patched.
_NOT_INSTALLED: Final = re.compile(
    r"target|desired|plan|requir|availab|latest|newest|expected|wanted|goal|next|missing|pending|recommend|minimum|compliant|previous|former|old",
    re.IGNORECASE,
)

By = dict[str, list[str]]


def may_say_installed(column: str) -> bool:
    """Return whether a column with this name may say what a machine has, and not what it shall have, could have or had."""
    return _NOT_INSTALLED.search(column) is None


def says_build(value: str) -> int:
    """Return how well a cell says a build: 2 with a revision, 1 as a known build number alone, 0 not at all."""
    text = value[:MAX_TEXT]
    if len(reading.builds_in(text)) == 1:
        return 2
    numbers = [number for number in reading.build_numbers_in(text) if int(number) in BUILD_NUMBERS]
    return int(len(numbers) == 1)


def says_product(value: str) -> bool:
    """Return whether a cell names a Windows, a product or a family of them, or another system that is known by name."""
    name = read_name(value)
    return bool(name.product or name.family or name.is_other)


def chosen(by_name: Mapping[str, Sequence[str]], header: Sequence[str], rows: Sequence[Sequence[str]], wanted: Mapping[str, str]) -> By:
    """Return the columns of each field.

    Args:
        by_name: columns by field, as their names say.
        header: every column.
        rows: the first rows.
        wanted: columns that the user names; they are not looked at.

    Returns:
        ``by_name`` without columns whose values are something else, and with the column whose values say most where none is left.
    """
    fields = {field: list(columns) for field, columns in by_name.items()}
    values = {name: [value for row in rows if (value := row[place].strip())] for place, name in enumerate(header)}
    tests: dict[str, Callable[[str], int]] = {"build": says_build, "product": says_product, "kbs": lambda value: bool(_KBS.search(value))}
    taken = {column for field, columns in fields.items() if field not in tests for column in columns}
    for field, test in tests.items():
        if field in wanted:
            continue
        results = {name: list(map(test, values[name])) for name in header}
        scores = {name: sum(of_column) for name, of_column in results.items()}
        named = fields.pop(field, [])
        # KBs are not looked for in the columns that are named so: they may be written without "KB".
        kept = named if field == "kbs" else [name for name in named if scores[name] or not values[name]]
        if not any(scores[name] for name in kept) and not (field == "kbs" and named):
            # At least half of the rows must say it: a remark that mentions a build once is no column of builds.
            others = [
                name
                for name in header
                if name not in taken
                and may_say_installed(name)
                and scores[name]
                and 2 * sum(map(bool, results[name])) >= len(results[name])
            ]
            kept = [*sorted(others, key=lambda name: -scores[name])[:1], *kept]
        if kept or (named and field == "build"):
            # Where no value is a build, the named column is kept: its cells are then called invalid, each by its text.
            fields[field] = kept or named
    return fields
