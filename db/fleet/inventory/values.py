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

# Names that speak of a version: "OS Build", "windows.version", "kernel"; in another script it may say anything.
_OF_VERSIONS: Final = re.compile(r"build|ver|kernel|windows|system|(?<![a-z])os(?![a-z])|[^\x00-\x7f]", re.IGNORECASE)
# What a machine shall have, could have or had says nothing of what it has: it would be called patched.
_NOT_INSTALLED: Final = re.compile(
    r"target|desired|plan|requir|availab|latest|newest|expected|wanted|goal|next|missing|pending|recommend|minimum|complian|previous|former|old"
    r"|applicab|approv|need|fail|uninstall|not.?installed|outstanding|baseline|policy|ziel|soll|geplant|cible|prévu|requis|objetivo|previst|requerid"
    r"|целев|目标|目標|予定|計画|计划|必要|推奨",
    re.IGNORECASE,
)

By = dict[str, list[str]]


def may_say_build(column: str) -> bool:
    """Return whether a column with this name may say the build that a machine has, and not one that it shall have, could have or had."""
    return _OF_VERSIONS.search(column) is not None and _NOT_INSTALLED.search(column) is None


def _may_say_product(column: str) -> bool:
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
        ``by_name`` without columns of builds and products whose values are something else, and with the column whose values say most where no
        name is left. KBs are found by names alone: a list of KBs may be of those that a machine lacks.
    """
    fields = {field: list(columns) for field, columns in by_name.items()}
    values = {name: [value for row in rows if (value := row[place].strip())] for place, name in enumerate(header)}
    taken = {column for field, columns in fields.items() if field not in {"build", "product"} for column in columns}
    tests: tuple[tuple[str, Callable[[str], int], Callable[[str], bool]], ...] = (
        ("build", says_build, may_say_build), ("product", says_product, _may_say_product),
    )  # fmt: skip
    for field, test, may_say in tests:
        if field in wanted:
            continue
        results = {name: list(map(test, values[name])) for name in header}
        named = fields.pop(field, [])
        # A named column that is empty states nothing, and no other column speaks for it.
        kept = [name for name in named if any(results[name]) or not values[name]]
        if not kept:
            # At least half of the rows must say it: a remark that mentions a build once is no column of builds.
            others = [
                name
                for name in header
                if name not in taken and may_say(name) and 2 * sum(map(bool, results[name])) >= len(results[name]) > 0
            ]
            kept = sorted(others, key=lambda name: -sum(results[name]))[:1]
        if kept or (named and field == "build"):
            # Where no value is a build, the named column is kept: its cells are then called invalid, each by its text.
            fields[field] = kept or named
    return fields
