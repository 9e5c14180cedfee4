"""``hotpatch-kb lookup``: queries from the command line or standard input, answers as text or JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.answers import coverage
from hotpatch_kb.db.answers.json_output import json_text
from hotpatch_kb.db.answers.lookup import MAX_QUERY, find, read_query
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.cli import text
from hotpatch_kb.scraper.cli.common import DB_VARIABLE, DEFAULT_DB, EXIT_BAD_INPUT, EXIT_NO_ANSWER, day_of, reading, say

_VALUES: Final = ("--product", "--line", "--kb-installed", "--on", "--known", "--db")
_LINES: Final = ("hotpatch", "standard")


class Asked(NamedTuple):
    """What a user asks: queries ("-" stands for those of standard input), and what is known of the machine and the day."""

    queries: Sequence[str]
    product: str | None = None
    line: str | None = None
    kb_installed: Sequence[str] = ()
    on: str | None = None
    known: str | None = None
    db: str | os.PathLike[str] = DEFAULT_DB
    as_json: bool = False


def plain(arguments: Sequence[str]) -> Asked | None:
    """Arguments of ``lookup`` as ``hotpatch_kb.scraper.cli.commands`` would read them; None where something is amiss, or help is wanted."""
    queries: list[str] = []
    values: dict[str, list[str]] = {}
    as_json = False
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            queries += rest
        elif argument == "--json":
            as_json = True
        elif argument.startswith("--"):
            name, separator, value = argument.partition("=")
            if name not in _VALUES:
                return None
            if not separator:
                following = next(rest, None)
                if following is None:
                    return None
                value = following
            values.setdefault(name, []).append(value)
        elif argument.startswith("-") and argument != "-":
            return None
        else:
            queries.append(argument)
    last = {name: given[-1] for name, given in values.items()}
    if not queries or last.get("--line", "hotpatch") not in _LINES:
        return None
    return Asked(
        queries, last.get("--product"), last.get("--line"), values.get("--kb-installed", ()), last.get("--on"), last.get("--known"),
        last.get("--db") or os.environ.get(DB_VARIABLE) or DEFAULT_DB, as_json,
    )  # fmt: skip


def answer(asked: Asked) -> int:
    """Prints the answers.

    Returns:
        the exit code: that of bad input, or of no answer, if one of the queries has it.

    Raises:
        BadInput: an option cannot be read, or no query can.
    """
    installed = tuple(_kbs(asked.kb_installed))
    on, known = day_of(asked.on), day_of(asked.known)
    unread: list[BadInput] = []
    if "-" not in asked.queries:
        for query in asked.queries:
            try:
                read_query(query)
            except BadInput as error:
                unread.append(error)
        if len(unread) == len(asked.queries):
            raise unread[0]
    conn = reading(asked.db, known, with_groups=True)
    today = clock.today()
    day = on or known or today
    options: dict[str, Any] = {
        "product": coverage.named_product(conn, asked.product), "line": asked.line, "kb_installed": installed, "on": on, "today": known or today,
    }  # fmt: skip
    if "-" in asked.queries:
        from hotpatch_kb.db.answers.lookup_cache import LookupCache  # noqa: PLC0415

        ask = LookupCache(conn, **options).find
    else:

        def ask(query: str) -> dict[str, Any]:
            return find(conn, query, **options)

    from hotpatch_kb.db.answers.verdicts import Verdicts  # noqa: PLC0415

    verdicts = Verdicts(conn, day)
    code = 0

    def found() -> Iterator[dict[str, Any]]:
        nonlocal code
        for query in _queries(asked.queries):
            try:
                given = ask(query)
            except BadInput as error:
                say(f"hotpatch-kb: {error}")
                code = EXIT_BAD_INPUT
                continue
            if given["status"] == "not_found" and not code:
                code = EXIT_NO_ANSWER
            yield verdicts.with_verdicts(given, asked.line)

    _print(found(), day, as_json=asked.as_json)
    return code


def _queries(given: Sequence[str]) -> Iterator[str]:
    for query in given:
        if query == "-":
            # Beyond what any query has, a line is bad input: it must not be held in memory.
            while line := sys.stdin.readline(MAX_QUERY + 2):
                while not line.endswith("\n") and len(line) > MAX_QUERY and (more := sys.stdin.readline(2**16)):
                    if more.endswith("\n"):
                        break
                if line.strip():
                    yield line.rstrip("\r\n")
        else:
            yield query


def _print(found: Iterable[dict[str, Any]], day: str, *, as_json: bool) -> None:
    if not as_json:
        for line in text.lookups(found, day):
            print(line)
        return
    separator = "[\n "
    for given in found:
        shown = json_text(given, indent=1).replace("\n", "\n ")
        sys.stdout.write(f"{separator}{shown}")
        separator = ",\n "
    print("[]" if separator == "[\n " else "\n]")


def _kbs(values: Iterable[str]) -> Iterator[int]:
    if not values:
        return
    from hotpatch_kb.db.model.notation import kb as read_kb  # noqa: PLC0415

    for value in values:
        for part in value.replace(",", " ").replace(";", " ").split():
            try:
                yield read_kb(part)
            except ValueError:
                raise BadInput(f"expected a KB such as KB5070893, got {part!r}") from None
