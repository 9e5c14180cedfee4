"""Learn's markdown as the headings, labels, paragraphs and tables that its HTML has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.scraper.parsing.markup import Cell, Event

# [KB5087423](https://support.microsoft.com/help/5087423)
# No bracket inside, so that each try ends at the next bracket: a line of 200,000 brackets would take minutes.
_LINK: Final = re.compile(r"\[(?P<text>[^\[\]]*)\]\((?P<href>[^)\s\[]*)(?:\s+\"[^\"]*\")?\)")
# **Windows Server 2025 (OS build 26100)**; a summary of the HTML may be in a list, or keep its " - End of updates"
_LABEL: Final = re.compile(r"(?:[-*>]\s+)*\*\*(?P<text>[^*]+)\*\*(?:\s*-\s*End of [^*]*)?")
_TAG: Final = re.compile(r"</?(?:details|summary|strong|b|p|br)\b[^>]*>", re.IGNORECASE)
# Learn's tables have at most 10 columns, its lines 236 characters (recorded pages, 2026-07).
_WIDEST: Final = 64
_LONGEST: Final = 100_000
_RULE: Final = re.compile(r"\|?[\s:|-]+\|?")


def front_matter(source: str) -> dict[str, str]:
    """Return the YAML header of Learn's markdown as plain strings; {} without one."""
    lines = source.splitlines()
    if not lines or lines[0].strip() != "---":
        return {}
    header = {}
    for line in lines[1:]:
        if line.strip() == "---":
            break
        key, separator, value = line.partition(":")
        if separator:
            header[key.strip()] = value.strip().strip("'\"")
    return header


def markdown_events(source: str) -> Iterator[Event]:
    """Yield what ``html_events`` yields, from Learn's markdown, whose labels may follow a sentence without a blank line.

    Raises:
        UnexpectedPage: a line or a row is far longer than any of Learn's.
    """
    rows: list[list[Cell]] = []
    for line in source.splitlines():
        stripped = line.strip()
        if len(stripped) > _LONGEST:
            raise UnexpectedPage(f"expected lines of at most {_LONGEST} characters, got {stripped[:60]!r} and {len(stripped)}")
        if stripped.startswith("<"):
            stripped = _TAG.sub("", stripped).strip()
        if stripped.startswith("|"):
            if stripped.count("|") > _WIDEST:
                raise UnexpectedPage(f"expected rows of at most {_WIDEST} cells, got {stripped.count(chr(124))} in {stripped[:60]!r}")
            if not (_RULE.fullmatch(stripped) and "-" in stripped):
                rows.append([_markdown_cell(cell) for cell in _cells(stripped)])
            continue
        if rows:
            yield Event("table", "", rows)
            rows = []
        if not stripped:
            continue
        if stripped.startswith("#"):
            yield Event("heading", clean(stripped.lstrip("#")), [])
        elif label := _LABEL.fullmatch(stripped):
            yield Event("label", clean(label["text"]), [])
        else:
            yield Event("text", clean(stripped), [])
    if rows:
        yield Event("table", "", rows)


def _cells(line: str) -> list[str]:
    # A row ends with "|" (with a seventh, empty cell with "|  |"); "\|" does not separate cells.
    inner = line[1:-1] if line.endswith("|") and not line.endswith("\\|") else line[1:]
    return inner.split("|") if "\\|" not in inner else re.split(r"(?<!\\)\|", inner)


def _markdown_cell(cell: str) -> Cell:
    cell = cell.strip()
    if "](" not in cell:
        return Cell(clean(cell), "")
    if match := _LINK.fullmatch(cell):
        return Cell(clean(match["text"]), match["href"])
    match = _LINK.search(cell)
    return Cell(clean(_LINK.sub(lambda m: m["text"], cell)), match["href"] if match else "")
