"""``hotpatch-kb lookup``: queries from the command line or standard input, answers as text or JSON."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress

from hotpatch_kb.db.answers import coverage
from hotpatch_kb.db.answers.eligibility import find_for
from hotpatch_kb.db.answers.lookup import MANY, find
from hotpatch_kb.db.answers.product_facts import Facts
from hotpatch_kb.db.model import clock, reading
from hotpatch_kb.db.model.editions import stated_machine
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.queries import MAX_QUERY, read_query
from hotpatch_kb.light_typing import Any, Final, NamedTuple
from hotpatch_kb.scraper.cli.common import DB_VARIABLE, DEFAULT_DB, known_day, open_facts
from hotpatch_kb.scraper.cli.output import form_of, write
from hotpatch_kb.scraper.cli.text import colour
from hotpatch_kb.scraper.cli.text.lookup import lookups
from hotpatch_kb.scraper.crawl.exit_codes import ExitCode
from hotpatch_kb.scraper.crawl.stderr import say

LINES: Final = ("hotpatch", "standard")
_FEW: Final = 10  # queries of one call that a person typed
_VALUES: Final = ("--product", "--line", "--edition", "--kb-installed", "--on", "--known", "--db")


class Question(NamedTuple):
    """What a user asks.

    Attributes:
        queries: builds, KBs and so on as they were typed; "-" reads them from standard input.
        product: the machine's product, as it was typed.
        line: "hotpatch" or "standard".
        edition: the machine's edition, as it was typed.
        kb_installed: KBs that the machine has, as they were typed.
        on: releases up to that day count, as it was typed.
        known: answer from what the sources stated by that day, as it was typed.
        db: the database file.
        as_json: whether to print JSON.
    """

    queries: Sequence[str]
    product: str | None = None
    line: str | None = None
    edition: str | None = None
    kb_installed: Sequence[str] = ()
    on: str | None = None
    known: str | None = None
    db: str | os.PathLike[str] = DEFAULT_DB
    as_json: bool = False


def read_arguments(arguments: Sequence[str]) -> Question | None:
    """Return the question that plain arguments ask, as click would read them; None where click must read them: help, or a mistake."""
    queries: list[str] = []
    values: dict[str, list[str]] = {}
    as_json = False
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            queries += rest
        elif argument == colour.NO_COLOUR:
            pass  # main() has seen it
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
    if not queries or last.get("--line", LINES[0]) not in LINES:
        return None
    return Question(
        queries, last.get("--product"), last.get("--line"), last.get("--edition"), values.get("--kb-installed", ()), last.get("--on"),
        last.get("--known"), last.get("--db") or os.environ.get(DB_VARIABLE) or DEFAULT_DB, as_json,
    )  # fmt: skip


def answer(question: Question) -> int:
    """Print the answers.

    Returns:
        the exit code: that of bad input if a query cannot be read, else that of no answer if a query has none.

    Raises:
        BadInput: an option cannot be read, or no query can.
    """
    kb_installed = reading.kbs(question.kb_installed)
    on = reading.day(question.on) if question.on is not None else None
    known = known_day(question.known) if question.known is not None else None
    _check_queries(question.queries)
    with closing(open_facts(question.db, known, with_prices_and_cves=True)) as conn:
        return _print_answers(conn, question, kb_installed, on, known)


def _print_answers(conn: sqlite3.Connection, question: Question, kb_installed: tuple[int, ...], on: str | None, known: str | None) -> int:
    today = clock.today()
    day = on or known or today
    facts = Facts(conn)
    options: dict[str, Any] = {
        "product": coverage.named_product(conn, question.product, facts.products), "line": question.line, "kb_installed": kb_installed, "on": on,
        "today": known or today, "facts": facts,
    }  # fmt: skip
    ask = _finder(conn, from_stdin="-" in question.queries, **options)
    from hotpatch_kb.db.answers.verdicts import Verdicts  # noqa: PLC0415 (its import takes longer than reading the arguments)

    verdicts = Verdicts(conn, day, facts)
    stated_machine(question.edition)  # a mistake in the option is one line, not one for each query
    code = ExitCode.DONE

    def answers() -> Iterator[dict[str, Any]]:
        nonlocal code
        for query in _queries(question.queries):
            try:
                machine = stated_machine(question.edition, query)
                result = find_for(conn, query, machine, ask, options)
            except BadInput as error:
                say(f"hotpatch-kb: {error}")
                code = ExitCode.BAD_INPUT
                continue
            if result["status"] == "not_found" and not code:
                code = ExitCode.NO_ANSWER
            for option in _without_effect(question, kb_installed, result, machine.edition):
                say(f"hotpatch-kb: {query}: {option}")
            yield verdicts.with_verdicts(result, question.line, machine, kb_installed)

    rows = answers()
    write(rows, form_of(as_json=question.as_json), text=lambda: lookups(rows, day))
    if together := _cve_and_build(question.queries):
        say(f"hotpatch-kb: each query has its own answer; as one, lookup '{together}' says whether the CVE is open there")
    return code


def _cve_and_build(queries: Sequence[str]) -> str | None:
    """Return a CVE and a build or KB that were asked as two queries, as the one query that says whether the CVE is open there."""
    kinds: dict[str, str] = {}
    for query in queries:
        with suppress(BadInput):
            kinds.setdefault(read_query(query).kind, query)
    where = kinds.get("build") or kinds.get("kb")
    return f"{kinds['cve']} {where}" if "cve" in kinds and where and len(queries) < _FEW else None


def _without_effect(question: Question, kb_installed: tuple[int, ...], answer: dict[str, Any], edition: str) -> Iterator[str]:
    """Yield a sentence for each option that the text of an answer passes over, so that nobody takes the answer for one about their machine."""
    if answer["status"] == "not_found":
        return
    kbs = {match["kb"] for match in answer["matches"]}
    installed = {f"KB{number}" for number in kb_installed}
    of_hotpatches = {companion for match in answer["matches"] for companion in match["companions"]}
    if installed and read_query(answer["query"]).kind != "build" and not installed & (kbs | of_hotpatches):
        yield "--kb-installed has no effect; no release of the answer has one of these KBs"
    if edition and not question.as_json and len(answer["matches"]) > MANY:
        chosen = ", which this edition is always on" if "line_by_edition" in answer else ""
        listed = f"of the standard line{chosen}" if chosen else "of every edition"
        yield f"the list is {listed}, and has no verdicts; ask for one build, or use --json for a verdict of each"


def _check_queries(queries: Sequence[str]) -> None:
    """Raise BadInput where no query can be read, before a database is opened."""
    if "-" in queries:
        return
    errors = []
    for query in queries:
        try:
            read_query(query)
        except BadInput as error:
            errors.append(error)
    if len(errors) == len(queries):
        raise errors[0]


def _finder(conn: sqlite3.Connection, *, from_stdin: bool, **options: Any) -> Callable[[str], dict[str, Any]]:
    """Return what answers one query. Queries of standard input may be many, so their answers are kept."""
    if from_stdin:
        from hotpatch_kb.db.answers.lookup_cache import LookupCache  # noqa: PLC0415

        return LookupCache(conn, **options).find
    return lambda query: find(conn, query, **options)


def _queries(given: Iterable[str]) -> Iterator[str]:
    for query in given:
        if query == "-":
            yield from _lines_of_stdin()
        else:
            yield query


def _lines_of_stdin() -> Iterator[str]:
    """Yield the lines that are not blank. A line that is longer than any query is cut: it is bad input, and need not be held in memory."""
    while line := sys.stdin.readline(MAX_QUERY + 2):
        while not line.endswith("\n") and len(line) > MAX_QUERY and (more := sys.stdin.readline(2**16)):
            if more.endswith("\n"):
                break
        if line.strip():
            yield line.rstrip("\r\n")
