"""Read blocks of names and values with a mark of their own: expanded output of psql and MySQL, MOF, Format-Custom, hash tables of PowerShell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from hotpatch_kb.db.fleet.inventory.columns import members

_PSQL: Final = re.compile(r"-\[ RECORD \d+ \][-+]*")
_MYSQL: Final = re.compile(r"\*{5,} \d+\. row \*{5,}")
_MOF: Final = re.compile(r"instance of (?P<name>\w+)\s*\{(?P<body>.*?)\n\s*\};?", re.DOTALL)
_OF_MOF: Final = re.compile(r"(?m)^\s*(?P<name>\w+)\s*=\s*(?P<value>\"(?:[^\"\\]|\\.)*\"|\{[^{}]*\}|[^;\"{}]*);")
_CLASS: Final = re.compile(r"class \S+\s*\n\s*\{")
_TABLE: Final = re.compile(r"@\{(?P<body>[^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_OF_TABLE: Final = re.compile(
    r"\s*(?P<name>[\w .-]+?|'[^']+'|\"[^\"]+\")\s*=\s*(?P<value>'(?:[^']|'')*'|\"[^\"]*\"|@?[({][^(){}]*[)}]|[^;\n]*)\s*(?:;|\n|$)"
)


def reader_of_blocks(head: str) -> Callable[[str], Iterator[dict[str, Any]]] | None:
    """Return what reads a text of such blocks; None where it is another text."""
    first = head.lstrip("\ufeff \t\r\n").partition("\n")[0].strip()
    if _PSQL.fullmatch(first):
        return _of_psql
    if _MYSQL.fullmatch(first):
        return _of_mysql
    if first.startswith("instance of "):
        return _of_mof
    if re.fullmatch(r"class \S+", first) and _CLASS.match(head.lstrip()):
        return _of_classes
    return _of_tables if re.match(r"(?:@\(\s*)?@\{", head.lstrip()) else None


def _of_psql(text: str) -> Iterator[dict[str, Any]]:
    for block in _PSQL.split(text)[1:]:
        pairs: list[tuple[str, str]] = []
        for line in block.split("\n"):
            name, side, value = (part.strip() for part in line.partition("|"))
            if side and not name and pairs:  # a value of several lines
                pairs[-1] = (pairs[-1][0], f"{pairs[-1][1].removesuffix('+').rstrip()} {value}")
            elif side:
                pairs.append((name, value))
        yield members(pairs)


def _of_mysql(text: str) -> Iterator[dict[str, Any]]:
    for block in _MYSQL.split(text)[1:]:
        pairs = [line.partition(":") for line in block.split("\n") if ":" in line]
        yield members([(name.strip(), value.strip()) for name, _, value in pairs])


def _of_mof(text: str) -> Iterator[dict[str, Any]]:
    for block in _MOF.finditer(text):
        yield members([(match["name"], _plain(match["value"])) for match in _OF_MOF.finditer(block["body"])])


def _of_classes(text: str) -> Iterator[dict[str, Any]]:
    """Yield what Format-Custom prints; members of an object inside another are named by their path."""
    path: list[str] = []
    pairs: list[tuple[str, str]] = []
    last = ""
    for line in map(str.strip, text.split("\n")):
        name, mark, value = (part.strip() for part in line.partition(" ="))
        if line in {"{", "["}:
            path.append(last)
            last = ""
        elif line in {"}", "]"} and path:
            path.pop()
            if not path and pairs:
                yield members(pairs)
                pairs = []
        elif mark and value:
            pairs.append((".".join(filter(None, [*path, name])), value))
        elif mark:
            last = name


def _of_tables(text: str) -> Iterator[dict[str, Any]]:
    for block in _TABLE.finditer(text):
        pairs = [(match["name"].strip("'\""), _plain(match["value"])) for match in _OF_TABLE.finditer(block["body"])]
        if pairs:
            yield members(pairs)


def _plain(value: str) -> Any:
    """Return a value without its quotes; an array as a list."""
    value = value.strip()
    if value[:1] in {"{", "(", "@"} and value[-1:] in {"}", ")"}:
        return [item.strip(" \t\r\n'\"") for item in value.strip("@({})").split(",") if item.strip()]
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value[1:-1].replace("''", "'") if len(value) > 1 and value[0] == value[-1] == "'" else value
