"""Read tables in the markup of wikis: Confluence and Jira, MediaWiki, DokuWiki, AsciiDoc."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from hotpatch_kb.db.fleet.inventory.documents.drawn import named_columns, row_with_cells
from hotpatch_kb.db.fleet.inventory.documents.turned import across_rows, rows_of_shape
from hotpatch_kb.db.fleet.inventory.machines import says_its_build
from hotpatch_kb.db.fleet.inventory.tables.summaries import Read, doubted_summaries, told_by

Table = list[list[str]]

_LOOKED_AT: Final = 40  # lines; a page has a heading and some text above its table
# "||Host||OS build||", and "||Host|A|B|" with names in the first column
_CONFLUENCE: Final = re.compile(r"\s*\|\|[^|].*\|\s*")
_DOKU: Final = re.compile(r"\s*\^[^^|]+[\^|].*[\^|]\s*")
_MEDIA: Final = re.compile(r"\s*\{\|.*")
_ASCII: Final = re.compile(r"[|,;!]===\s*")
# What is shown: "[srv1|https://...]" of Confluence, "[[Server/srv1|srv1]]" of MediaWiki and DokuWiki
_SHOWN: Final = (
    (re.compile(r"\[\[[^\[\]|]*\|([^\[\]|]*)\]\]"), r"\1"),
    (re.compile(r"\[\[([^\[\]|]*)\]\]"), r"\1"),
    (re.compile(r"\[([^\[\]|]*)\|[^\[\]]*\]"), r"\1"),
    (re.compile(r"\{(?:color|status)[^{}]*\}"), ""),
    (
        re.compile(r"(?<![\w-])-(?=\S)[^-|\n]*(?<=\S)-(?![\w-])|<(?P<tag>del|s|strike)>.*?</(?P=tag)>|\[line-through\]#[^#]*#"),
        "",
    ),  # struck out
)
_MARKED: Final = re.compile(r"(?P<mark>'{2,5}|\*\*?|`|\{\{|\+|//)(?P<text>[^*`']+?)(?:(?P=mark)|\}\})")
# Lines that are not of a table, and the caption of MediaWiki
_TITLE: Final = re.compile(r"(?m)^(?:\|\+|h\d\. |[=.*' ]+)? *(?P<text>[^|^{!\s=.*'][^|^\n]*)$")
_OF_TITLES: Final = 2_000  # characters
# style="..." before the text of a cell
_ATTRIBUTES: Final = re.compile(r"\s*(?:[\w-]+\s*=\s*(?:\"[^\"]*\"|[\w#%.-]+)\s*)+\|(?!\|)")


def reader_of_wiki(head: str) -> Callable[[str], Iterator[Read]] | None:
    """Return what reads a text with such a table; None where it is another text."""
    lines = [line for line in head.split("\n", _LOOKED_AT)[:_LOOKED_AT] if line.strip()]
    for line in map(str.rstrip, lines):
        for shape, tables in ((_CONFLUENCE, _of_lines), (_DOKU, _of_lines), (_MEDIA, _of_media), (_ASCII, _of_ascii)):
            if shape.fullmatch(line) and any(len(table) > 1 for table in tables(head)):
                return lambda text, tables=tables: _rows(list(tables(text)), text)  # type: ignore[misc]
    return None


def _rows(tables: list[Table], text: str) -> Iterator[Read]:
    """Yield the rows of the tables that say builds; of all where none does. Lines above the only one are its title."""
    read = [list(_of_table(table)) for table in tables]
    saying = [rows for rows in read if any(says_its_build(cells) for cells, _ in rows)]
    title = "\n".join(match["text"] for match in _TITLE.finditer(text[:_OF_TITLES])) if len(tables) == 1 else ""
    for rows in saying or read:
        yield from told_by(title, rows)


def _of_table(table: Table) -> Iterator[Read]:
    if (machines := rows_of_shape(table)) is not None:
        yield from ((row, None) for row in machines)
        return
    header, *rows = table
    names = named_columns(header)
    yield from doubted_summaries(row_with_cells(names, cells) for cells in rows if any(cells))


def _plain(cell: str) -> str:
    """Return a cell without its marks: "*srv1*" of Confluence, "'''srv1'''" of MediaWiki."""
    text = cell.strip()
    marked = _MARKED.fullmatch(text)
    return marked["text"].strip() if marked else text


def _shown(text: str) -> str:
    for link, shown in _SHOWN:
        text = link.sub(shown, text)
    return text


def _of_lines(text: str) -> Iterator[Table]:
    """Yield the tables of Confluence and DokuWiki: a row is a line."""
    table: Table = []
    for line in [*map(str.strip, text.split("\n")), ""]:
        if line[:1] in {"|", "^"} and line[-1:] in {"|", "^"} and len(line) > 2:
            shown = _shown(line)
            is_named = shown.startswith("||")
            cells = re.split(r"\|{1,2}", re.sub(r"\|{1,2}$", "", shown[2:])) if is_named else re.split(r"[|^]", shown[1:-1])
            table.append(list(map(_plain, cells)))
        elif table:
            yield table
            table = []


def _of_media(text: str) -> Iterator[Table]:
    for block in re.findall(r"(?ms)^\s*\{\|[^\n]*\n(.*?)^\s*\|\}", text):
        if re.search(r"\browspan\s*=", block):
            raise across_rows()
        table: Table = [[]]
        for line in map(str.strip, block.split("\n")):
            if line.startswith("|-"):
                table.append([])
            elif line[:1] in {"|", "!"} and not line.startswith("|+"):
                cells = re.split(r"\|\||!!", _shown(line[1:])) if line[0] == "!" else _shown(line[1:]).split("||")
                table[-1] += [_plain(_ATTRIBUTES.sub("", cell)) for cell in cells]
            elif line and table[-1]:  # a cell of several lines
                table[-1][-1] = f"{table[-1][-1]} {line}".strip()
        if table := [row for row in table if row]:
            yield table


def _of_ascii(text: str) -> Iterator[Table]:
    """Yield the tables of AsciiDoc: its first line has a cell for each column, and below it cells may have a line each."""
    for block in re.findall(r"(?ms)^\|===\s*\n(.*?)^\|===\s*$", text):
        lines = [line for line in map(str.strip, block.split("\n")) if line]
        if any(re.search(r"(?:^|\s)\d*\.\d+\+[<^>]*\|", line) for line in lines):
            raise across_rows()
        cells: list[str] = []
        for line in lines:
            first, *others = line.split("|")
            if first and cells:
                cells[-1] = f"{cells[-1]} {first}".strip()
            cells += map(_plain, others)
        columns = lines[0].count("|") if lines else 0
        if columns:
            yield [cells[place : place + columns] for place in range(0, len(cells), columns)]
