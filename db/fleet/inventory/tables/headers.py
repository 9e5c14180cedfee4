"""Find the header of a table: below titles, below a row that groups its columns, or nowhere, where the first line is a machine."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from hotpatch_kb.db.fleet.inventory import values
from hotpatch_kb.db.fleet.inventory.columns import BUILD, NAMES, bare, columns_of
from hotpatch_kb.db.fleet.inventory.decoding import MAX_ROW
from hotpatch_kb.db.fleet.inventory.hosts import is_of_plan, is_thing
from hotpatch_kb.db.model.product_names import read_name
from hotpatch_kb.db.model.queries import find_query

DELIMITERS: Final = ",;\t|"
_KNOWN: Final = frozenset(name for names in NAMES.values() for name in names)
# "Textbox12" of Reporting Services, "Column1" of Excel, "Field1" of Access, "Unnamed: 0" of pandas
_UNNAMED: Final = re.compile(r"(?:textbox|column|col|field|spalte|feld|colonne|columna|coluna|列|unnamed: )\d+|", re.IGNORECASE)
_DAY: Final = re.compile(r"20\d\d-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./](?:20)?\d\d\b")
_TITLES: Final = 10  # lines above a header that are looked at
_SUBJECTS: Final = frozenset(NAMES["host"] + NAMES["kbs"])
_NUMBERED: Final = re.compile(r"_\d+$")
# Names of columns in another header
OF_BUILDS: Final = re.compile(r"version|build|\bkbs?\b|target|available|ビルド|バージョン|版本|버전|빌드", re.IGNORECASE)
_MOST_GAPS: Final = 20
_BLANK: Final = re.compile(r"column\d+|unnamed: ?\d+", re.IGNORECASE)


def is_build(cell: str) -> bool:
    """Return whether a cell is a build in any spelling, such as "Microsoft Windows [Version 10.0.26100.32772]"."""
    if BUILD.fullmatch(cell.strip()):
        return True
    query = find_query(cell)
    return query is not None and query.kind == "build"


def below_titles(start: str) -> str:
    """Return a table without the lines above its header: remarks that begin with "#", and titles, which fill fewer cells and have no name of a column.

    A header has two names of columns that are known, or one of a build and a build below it. Names that say nothing ("Textbox12" of Reporting
    Services, "Column1") are left out, too: such a table is read as one without a header.
    """
    place = 0
    before: list[str] = []
    lines = start[:MAX_ROW].split("\n", _TITLES + 2)[: _TITLES + 2]
    for number, line in enumerate(lines[:_TITLES]):
        delimiter = max(DELIMITERS, key=line.count)
        cells = cells_of(line, delimiter)
        filled = sum(map(bool, cells))
        are_titles = all(title.lstrip().startswith("#") or sum(map(bool, cells_of(title, delimiter))) < filled for title in before)
        known = _KNOWN.intersection(map(bare, cells))
        following = next((cells_of(other, delimiter) for other in lines[number + 1 : number + 3] if other.strip()), [])
        if _is_unnamed(cells) and any(map(is_build, following)):
            say_installed = all(map(values.is_of_installed, before))  # "Missing updates" above builds
            return start[place + len(line) + 1 :] if say_installed else start
        if not any(map(is_build, cells)):
            says = [name for name, below in zip(cells, following, strict=False) if values.says_build(below) and values.may_say_build(name)]
            if (len(known) > 1 or says) and before:
                return start[place:] if are_titles else start
            if len(known) > 1:
                return start
        if known and not line.lstrip().startswith("#"):
            return start
        before.append(line)
        place += len(line) + 1
    return start


def cells_of(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line, as far as it can be read alone."""
    try:
        return [cell.strip(' "\r') for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return [cell.strip(' "\r') for cell in line.split(delimiter)]


def _is_unnamed(cells: Sequence[str]) -> bool:
    """Return whether a header has names that a program has made, and none else."""
    return len(cells) > 1 and all(_UNNAMED.fullmatch(cell) for cell in cells)


def with_groups(title: str, start: str, delimiter: str) -> str:
    """Return a table whose header has the names of groups above it in its own names: "Target" above "Build" makes it "Target Build".

    Only groups of what a machine shall have are taken: "Hardware" above "Model" says nothing of builds. The row of groups is the last line of the
    title, or the first line where the second one is like a header, too.

    Args:
        title: the lines above the table.
        start: the table.
        delimiter: what separates its cells.
    """
    first, _, rest = start.partition("\n")
    above, names = cells_of(title.rstrip("\r\n").rpartition("\n")[2], delimiter), cells_of(first, delimiter)
    second, _, after = rest.partition("\n")
    below = cells_of(second, delimiter)
    following = cells_of(after.partition("\n")[0], delimiter)
    if _are_groups(names, below) and any(map(is_build, following)) and not any(map(is_build, (*names, *below))):
        above, names, rest = names, below, after
    elif len(above) != len(names) or not any(above[1:]) or all(map(values.is_of_installed, above)):
        return start
    group, header = "", []
    for name, text in zip(names, above, strict=True):
        group = text or group
        header.append(f"{group} {name}".strip() if not name or not values.is_of_installed(group) else name)
    return delimiter.join('"' + name.replace('"', '""') + '"' for name in header) + "\n" + rest


def _are_groups(groups: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether a first line groups the columns whose names are in the second: more of these are known, and one is of a build."""
    known = sum(bare(name) in _KNOWN for name in groups) - (not all(groups))
    is_like = groups != names and len(groups) == len(names) > 1 and any(map(values.may_say_build, names))
    return is_like and sum(bare(name) in _KNOWN or values.may_say_build(name) for name in names) > known


def names_beside(header: Sequence[str], sample: Callable[[], Sequence[Sequence[str]]]) -> frozenset[str]:
    """Return the columns of other tables beside that of the machines: "host,build,,ring,target build".

    An empty column without a name goes before them, and both have a build. Otherwise the columns are all of one table.
    """
    gaps = (place for place, name in enumerate(header[:-1]) if _BLANK.fullmatch(name))
    for gap in islice(gaps, _MOST_GAPS):
        for own, others, beside in ((header[:gap], header[gap + 1 :], header[gap:]), (header[gap + 1 :], header[:gap], header[: gap + 1])):
            first, *more = others or [""]
            if not (is_of_plan(first) or bare(_NUMBERED.sub("", first)) in _SUBJECTS) or not any(map(OF_BUILDS.search, more)):
                continue
            fields = columns_of([_NUMBERED.sub("", name) for name in own], {})
            if fields.keys() >= {"host", "build"} and not any(row[gap].strip() for row in sample()):
                return frozenset(beside)
    return frozenset()


def names_in(cells: Sequence[str]) -> tuple[list[str], bool]:
    """Return the names of the columns, and whether the first row is a machine: a plain list of hosts and builds has no header."""
    builds = [place for place, cell in enumerate(cells) if is_build(cell)]
    if not builds or any(bare(cell) in _KNOWN for cell in cells):
        unique: dict[str, None] = {}
        numbers: Counter[str] = Counter()  # of each name, the last number that is taken
        for place, cell in enumerate(cells):
            name = base = cell.strip() or f"column{place + 1}"
            while name in unique:
                numbers[base] += 1
                name = f"{base}_{numbers[base] + 1}"
            unique[name] = None
        return list(unique), False
    made = [f"column{place + 1}" for place in range(len(cells))]
    for number, place in enumerate(builds, 1):
        made[place] = f"build_{number}" if number > 1 else "build"
    # A list of KBs or rings and their builds is not of hosts; a day or the name of a product may go before one.
    others = [place for place in range(len(cells)) if place not in builds and not _DAY.match(cells[place].strip())]
    hosts = [place for place in others if not is_thing(cells[place])]
    if hosts and (hosts[0] == others[0] or read_name(cells[others[0]]).is_understood):
        made[hosts[0]] = "host"
    return made, True
