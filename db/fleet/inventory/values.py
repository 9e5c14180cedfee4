"""Find the columns of a table by the values of its first rows, where names alone mislead or say nothing.

A column is a build only if its values look like builds, and a product only if they look like names of Windows. ``CurrentVersion`` of the
registry is 6.3 on every Windows since 8.1, and "Betriebssystem" is a product in German.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from hotpatch_kb.db.model import reading
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.product_names import read_name
from hotpatch_kb.db.model.products import BUILD_NUMBERS

SAMPLE: Final = 200  # rows that are looked at
MAX_TEXT: Final = 1_000  # characters of a cell that are searched

# Names that speak of a version: "OS Build", "windows.version", "kernel"; in another script it may say anything. "lastvalue" and "message" are
# what Zabbix and PRTG call the text of a sensor.
_OF_VERSIONS: Final = re.compile(
    r"build|ver|kernel|windows|system|(?<![a-z])os(?![a-z])|value|message|output|stdout|[^\x00-\x7f]", re.IGNORECASE
)
# What a machine shall have, could have or had says nothing of what it has: it would be called patched.
_NOT_INSTALLED: Final = re.compile(
    r"target|desired|plan|requir|availab|latest|newest|expected|wanted|goal|next|missing|pending|recommend|minimum|complian|previous|former|old"
    r"|applicab|approv|need|fail|uninstall|not.?installed|outstanding|baseline|policy|ziel|soll|geplant|cible|prévu|requis|objetivo|previst|requerid"
    r"|целев|目标|目標|予定|計画|计划|必要|推奨",
    re.IGNORECASE,
)
# The same inside a text: "until 26100.33158 is tested", "upgrade to 10.0.26100.33158".
# The title of an update may be of one that is missing: "2026-07 Cumulative Update for Windows Server 2025 (KB5099536) (26100.33158)".
_NOT_YET: Final = re.compile(
    rf"{_NOT_INSTALLED.pattern}|\b(?:until|upgrade|will|should|must|from|before)\b|update|\bKB[ -]?\d{{6}}|cumul|kumul|累積|累计|更新",
    re.IGNORECASE,
)
# Parts of a machine that have versions like builds: the Windows Update agent, drivers, WinRE, the image that it was made from.
_OF_PARTS: Final = re.compile(
    r"agent|engine|driver|bios|firmware|image|template|media|setup|install(?:er|ation)|winre|recovery|safe.?os|hypervisor|\.?dll|file|update|patch|hotfix|\bkb",
    re.IGNORECASE,
)
# The list of installed KBs of systeminfo, in any language: "[01]: KB5044281"
_LIST_OF_KBS: Final = re.compile(r"\[0*1\]:\s*KB\d{6,7}")

By = dict[str, list[str]]


class PassedOver(NamedTuple):
    """A column that is not read as a field, although its name or its values look like it, and why."""

    column: str
    field: str
    why: Message


class Chosen(NamedTuple):
    """The columns of each field, and those that were passed over."""

    fields: By
    passed_over: list[PassedOver]


def may_say_build(column: str) -> bool:
    """Return whether a column with this name may say the build that a machine has, and not one that it shall have, could have or had."""
    return (
        _OF_VERSIONS.search(column) is not None
        and _NOT_INSTALLED.search(column) is None
        and _OF_PARTS.search(column.rpartition(".")[2]) is None
    )


def is_of_installed(column: str) -> bool:
    """Return whether a column's name speaks of what a machine has, and not of what it shall have, could have or had."""
    return _NOT_INSTALLED.search(column) is None


def speaks_of_installed(text: str) -> bool:
    """Return whether a text speaks of what a machine has: "upgrade to 26100.33158" does not."""
    return _NOT_YET.search(text[:MAX_TEXT]) is None


def says_build(value: str) -> int:
    """Return how well a cell says a build: 2 with a revision, 1 as a known build number alone, 0 not at all."""
    text = value[:MAX_TEXT]
    if len(reading.builds_in(text)) == 1:
        return 2
    numbers = [number for number in reading.build_numbers_in(text) if int(number) in BUILD_NUMBERS]
    return int(len(numbers) == 1)


def _says_its_build(value: str) -> int:
    return says_build(value) if speaks_of_installed(value) else 0


def says_product(value: str) -> bool:
    """Return whether a cell names a Windows, a product or a family of them, or another system that is known by name."""
    name = read_name(value)
    return bool(name.product or name.family or name.is_other)


def _says_kbs(value: str) -> bool:
    return _LIST_OF_KBS.search(value) is not None


# By field: how well a cell of a column with a name of the field says it, the same of any other column, and whether a name may be one.
_TESTS: Final[tuple[tuple[str, Callable[[str], int], Callable[[str], int], Callable[[str], bool]], ...]] = (
    ("build", says_build, _says_its_build, may_say_build),
    ("product", says_product, says_product, is_of_installed),
)


def chosen(by_name: Mapping[str, Sequence[str]], header: Sequence[str], rows: Sequence[Sequence[str]], wanted: Mapping[str, str]) -> Chosen:
    """Return the columns of each field.

    Args:
        by_name: columns by field, as their names say.
        header: every column.
        rows: the first rows.
        wanted: columns that the user names; they are not looked at.

    Returns:
        ``by_name`` without columns of builds and products whose values are something else, and with the column whose values say most where no
        name is left. KBs are found by names, and by the shape of systeminfo's list: any other list of KBs may be of those that a machine lacks.
    """
    fields = {field: list(columns) for field, columns in by_name.items()}
    values = {name: [value for row in rows if (value := row[place].strip())] for place, name in enumerate(header)}
    # Of the columns that may say the host the first does; osquery's "name" beside "hostname" is a product.
    taken = {
        column
        for field, columns in fields.items()
        if field not in {"build", "product"}
        for column in (columns[:1] if field == "host" else columns)
    }
    passed: list[PassedOver] = []
    for field, says, says_unnamed, may_say in _TESTS:
        if field in wanted:
            continue
        named = fields.pop(field, [])
        # A named column that is empty states nothing, and no other column speaks for it.
        kept = [name for name in named if not values[name] or any(map(says, values[name]))]
        others = {name: list(map(says_unnamed, values[name])) for name in header if name not in taken and name not in named}
        # At least half of the rows must say it: a remark that mentions a build once is no column of builds.
        saying = [name for name, results in others.items() if 2 * sum(map(bool, results)) >= len(results) > 0]
        if not kept:
            kept = sorted(filter(may_say, saying), key=lambda name: -sum(others[name]))[:1]
        if kept or (named and field == "build"):
            # Where no value is a build, the named column is kept: its cells are then called invalid, each by its text.
            fields[field] = kept or named
        passed += _passed_over(field, [name for name in named if name not in fields.get(field, ())], saying, fields.get(field, ()))
    if "kbs" not in fields and "kbs" not in wanted:
        lists = [name for name in header if is_of_installed(name) and any(map(_says_kbs, values[name]))]
        if lists:
            fields["kbs"] = lists[:1]
    return Chosen(fields, passed)


def _passed_over(field: str, named: Sequence[str], saying: Sequence[str], kept: Sequence[str]) -> list[PassedOver]:
    """Return the columns that are not read as a field: those with its name, and those whose values say it."""
    passed = [PassedOver(name, field, Message("none of its first values is one")) for name in named]
    for name in saying:
        if name not in kept and field == "build":
            is_of_others = not is_of_installed(name)
            why = (
                Message("its name is of what a machine shall have, could have or had") if is_of_others else
                Message("another column says it") if kept else Message("its name is not of the version of the system")
            )  # fmt: skip
            passed.append(PassedOver(name, field, why))
    return passed
