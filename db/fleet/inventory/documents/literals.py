"""Read what Salt prints (its nested output, and ``--out=txt``) and literals of Python, as the values that JSON would have."""

from __future__ import annotations

import ast
import re
from itertools import islice
from typing import Any, Final

from hotpatch_kb.db.fleet.inventory.columns import members
from hotpatch_kb.db.fleet.inventory.machines import with_host
from hotpatch_kb.db.model.errors import BadInput

_MINION: Final = re.compile(r"(?P<host>[^\s:'\"{}\[\]]{1,255}): (?P<value>\{['\"].*\})")
_DASHES: Final = re.compile(r"\s+-{10}")
_LITERAL: Final = re.compile(r"\s*(?:\[\s*)?\{\s*'")
_KEY: Final = re.compile(r"(?P<key>\S.*):")


def is_literal(head: str) -> bool:
    """Return whether a text is a literal of Python, or lines with one behind the name of a host."""
    lines = [line for line in islice(head.replace("\r\n", "\n").split("\n"), 20) if line.strip()]
    return bool(lines) and (_LITERAL.match(head) is not None or all(map(_MINION.fullmatch, lines[:1])))


def is_nested(head: str) -> bool:
    """Return whether a text is what Salt prints of several facts: a host, and below it a line of ten dashes."""
    lines = [line for line in head.replace("\r\n", "\n").split("\n", 3) if line.strip()]
    return len(lines) > 1 and re.fullmatch(r"\S+:", lines[0]) is not None and _DASHES.fullmatch(lines[1].rstrip()) is not None


def value_of_literal(text: str) -> Any:
    """Return the value. Numbers stay as they are written, since 20348.5020 is a build.

    Raises:
        BadInput: it is no literal.
    """
    hosts: dict[str, Any] = {}
    if _LITERAL.match(text):
        return _literal(text)
    for line in filter(None, map(str.strip, text.split("\n"))):
        match = _MINION.fullmatch(line)
        host, _, said = (match["host"], "", _literal(match["value"])) if match else line.partition(": ")
        hosts[host] = said
    return _of_hosts(hosts)


def _literal(text: str) -> Any:
    lines = [line.encode() for line in text.strip().split("\n")]
    try:
        return _value(ast.parse(text.strip(), mode="eval").body, lines)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadInput("expected {kind}, got {got}", kind="Python", got=str(error)[:200]) from None


def _value(node: ast.expr, lines: list[bytes]) -> Any:
    if isinstance(node, ast.Dict):
        return members([(str(_value(key, lines)), _value(value, lines)) for key, value in zip(node.keys, node.values, strict=True) if key])
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [_value(item, lines) for item in node.elts]
    if isinstance(node, ast.Constant):
        if isinstance(node.value, float | int) and not isinstance(node.value, bool):
            return lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode()
        return node.value.decode("utf-8", "replace") if isinstance(node.value, bytes) else node.value
    raise ValueError("names and calls are no values")


def value_of_nested(text: str) -> list[dict[str, Any]]:
    """Return the facts by host of Salt's nested output: a key ends with a colon, what is further inside is its value."""
    lines = [(len(line) - len(line.lstrip()), line.strip()) for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    lines = [(depth, line) for depth, line in lines if not re.fullmatch(r"-{10}", line)]
    value, _ = _inside(lines, 0, -1)
    return _of_hosts(value) if isinstance(value, dict) else []


def _of_hosts(hosts: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a machine for each host: with its facts, or with the text that came in their place."""
    return [with_host(host, said if isinstance(said, dict) else {"output": str(said)}, is_sure=True) for host, said in hosts.items()]


def _inside(lines: list[tuple[int, str]], place: int, depth: int) -> tuple[Any, int]:
    """Return the value whose lines are further inside than a depth, and the place after it."""
    pairs: list[tuple[str, Any]] = []
    texts: list[str] = []
    while place < len(lines) and lines[place][0] > depth:
        inner, line = lines[place]
        has_value = place + 1 < len(lines) and lines[place + 1][0] > inner
        place += 1
        if (match := _KEY.fullmatch(line)) and (has_value or pairs):
            value, place = _inside(lines, place, inner)
            pairs.append((match["key"], value))
        else:
            texts.append(line.removeprefix("- "))
    return (members(pairs) if pairs else texts[0] if len(texts) == 1 else texts or ""), place
