# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""A pasted fleet: the verdicts of ``assess``, by its code. Nothing of it is kept, logged or put into an address."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar, cast

from datasette import Response, hookimpl

from hotpatch_kb.db.answers import coverage
from hotpatch_kb.db.answers.exposure.gaps import Condition, condition
from hotpatch_kb.db.answers.verdicts import VERDICTS
from hotpatch_kb.db.fleet.assess import CONDITIONAL, Kind, Suffix, Suffixes, Summary, assess, batches
from hotpatch_kb.db.fleet.formats import HTTP_FORMATS, Csv, Format, SafeCsv, renamed
from hotpatch_kb.db.fleet.inventory import FIELDS, Inventory, inventory
from hotpatch_kb.db.fleet.inventory.columns import mapping_of
from hotpatch_kb.db.fleet.judge import Judge, Judged
from hotpatch_kb.db.fleet.report import Report, report
from hotpatch_kb.db.model import clock, reading
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.site import web, when
from hotpatch_kb.db.site.load import request_body
from hotpatch_kb.db.site.load.turns import turns

T = TypeVar("T")

MAX_ANSWER: Final = 20_000_000  # bytes; 5 MB of machines give 13 MB of JSON
MAX_COLUMNS: Final = 1_000
MAX_SECONDS: Final = 8.0  # less than web.SECONDS, after which statements are interrupted
MAX_SHOWN: Final = 500  # rows of the page; the file has all
# An inventory as the empty form shows it, without a cell that needs quotes.
EXAMPLE: Final = (
    ("host", "product", "build", "kbs"),
    ("srv1", "Windows Server 2025", "26100.32772", "KB5087423"),
    ("srv2", "Windows Server 2022", "20348.5386", "KB5099540"),
    ("lap1", "Windows 11 25H2", "26200.8893", "KB5101650 KB5121768"),
)
PARAMETERS: Final = ("format", "on", "map", "encoding", "summary")
PATHS: Final = frozenset({"/fleet", "/api/assess"})
MAX_NAME: Final = 500  # characters of a column's name that is chosen
_ROW: Final = re.compile(rb"<tr\b", re.IGNORECASE)
_CELL: Final = re.compile(rb"<t[dh]\b", re.IGNORECASE)
_PACKED: Final = (b"\x1f\x8b", b"PAR1")


# Whether what a machine needs restarts: "yes", "no", "nothing" where it needs nothing, "not known", "perhaps" where it may need a KB of which that is
# not known, and "" of machines for which there is no update of their line.
_NEEDS_OF: Final = {
    "restart_due": "yes",
    "current": "nothing",
    CONDITIONAL: "perhaps",
    "left_line": "",
    "unsupported": "",
    "not_covered": "",
}


class Shown(Suffix):
    """The end of a line with what the page says of its machine.

    Attributes:
        chip: of its verdict.
        needs: whether it needs an update that restarts, a value of ``_NEEDS_OF`` or what its verdict says.
        found: its verdict; None of those that are too many to be shown.
    """

    __slots__ = ("chip", "found", "needs")
    chip: str
    needs: str
    found: Judged | None


class Answers(Suffixes):
    """Verdicts of the first rows of each chip as data, beside the ends of the lines that hold them."""

    def __init__(self, judge: Judge, form: Format, fields: Sequence[str]) -> None:
        """Take what ``Suffixes`` takes."""
        super().__init__(judge, form, fields)
        self._kept: Counter[str] = Counter()

    def of(self, found: Judged, text: str | None = None) -> Shown:
        """Return the end of a line, and keep its verdict if one of the first rows may need it."""
        suffix = super().of(found, text)
        shown, answer = Shown(suffix), found.answer
        shown.label, shown.chip = suffix.label, _chip(answer["verdict"], condition(answer["verdict"], answer["reason"]))
        shown.needs = _NEEDS_OF.get(shown.chip, "not known")
        if answer["next_kb"]:
            shown.needs = "yes" if answer["next_needs_restart"] else "no"
        shown.found = found if self._kept[shown.chip] < MAX_SHOWN else None
        self._kept[shown.chip] += 1
        return shown

    def by_kind(self, needs: Mapping[tuple[int, str, str], int]) -> Counter[tuple[Kind, bool]]:
        """Return how many machines there are of each kind, those apart that need an update that restarts.

        Args:
            needs: their counts by label, chip, and what they need.
        """
        kinds = [kind for kind, _ in self._labels]
        counts: Counter[tuple[Kind, bool]] = Counter()
        for (label, _, name), count in needs.items():
            counts[kinds[label], name == "yes"] += count
        return counts


class Question(NamedTuple):
    """An inventory, and how it is to be read and judged.

    Attributes:
        body: its bytes.
        day: ISO date; releases up to it count.
        mapping: column names by field.
        encoding: of its text; None to find it.
    """

    body: bytes
    day: str
    mapping: Mapping[str, str] = MappingProxyType({})
    encoding: str | None = None


def judged(conn: sqlite3.Connection, asked: Question, kind: type[Format]) -> tuple[bytes, Report]:
    """Return an inventory with a verdict per machine, as a file, and what there is to say of it.

    Raises:
        BadInput: it cannot be read.
    """
    summary = Summary()
    with _opened(asked) as machines:
        form = kind(_few(machines.find_columns()) if kind.needs_columns else None, machines.chosen().fields)
        body = b"".join(_bounded(_in_time(assess(Judge(conn, asked.day), machines, form, summary))))
        said = report(conn, asked.day, machines, summary)
    return body, said


def _few(columns: list[str]) -> list[str]:
    """Return the columns of a table.

    Raises:
        BadInput: there are more than any tool writes; a table of rows with names of their own grows with their square.
    """
    if len(columns) > MAX_COLUMNS:
        raise BadInput("expected at most {most:,} columns, got {got:,}", most=MAX_COLUMNS, got=len(columns))
    return columns


def _bounded(parts: Iterable[str]) -> Iterator[bytes]:
    """Yield the parts of an answer in UTF-8 as long as it is small.

    Raises:
        HttpError: it is larger than ``MAX_ANSWER`` (413).
    """
    size = 0
    for part in parts:
        body = part.encode("utf-8", "replace")
        size += len(body)
        if size > MAX_ANSWER:
            raise web.HttpError(
                413,
                "Expected an answer of at most {size:,} bytes, got more. The command hotpatch-kb assess takes a fleet of any size.",
                size=MAX_ANSWER,
            )
        yield body


def _in_time(parts: Iterable[T]) -> Iterator[T]:
    """Yield the parts of an answer as long as it is quick: 203 kB of JSON whose rows have names of their own gave 36 MB of CSV in 15 s.

    Raises:
        HttpError: it takes longer than ``MAX_SECONDS`` (503).
    """
    end = time.monotonic() + MAX_SECONDS
    for part in parts:
        if time.monotonic() > end:
            raise web.HttpError(503, "This took too long. The command hotpatch-kb assess takes a fleet of any size.")
        yield part


def shown(conn: sqlite3.Connection, asked: Question) -> dict[str, Any]:
    """Return what the page shows of a fleet: its summary and its first rows, their reasons as data.

    Args:
        conn: the database.
        asked: the inventory, and how it is to be read.

    Raises:
        BadInput: it cannot be read.
    """
    summary = Summary()
    with _opened(asked) as machines:
        form = Csv(_few(machines.find_columns()))
        answers = Answers(Judge(conn, asked.day), form, machines.fields)
        first: dict[str, list[tuple[str, Judged]]] = {chip: [] for chip in _CHIPS}
        needs: Counter[tuple[int, str, str]] = Counter()
        for prefixes, ends in _in_time(batches(answers, machines, summary)):
            for prefix, end in zip(prefixes, cast("list[Shown]", ends), strict=True):
                needs[end.label, end.chip, end.needs] += 1
                if end.found and len(of_chip := first[end.chip]) < MAX_SHOWN:
                    of_chip.append((prefix, end.found))
        said, columns = report(conn, asked.day, machines, summary), machines.find_columns()
    taken = said.columns
    rows = [
        found.answer
        | {
            "own": next(csv.reader(io.StringIO(prefix, newline="")), []),
            "is_outdated": coverage.is_outdated(found.answer["data_until"], asked.day),
            "products": found.product.split(" or "),
            "line": found.line,
        }
        for prefix, found in islice(chain.from_iterable(first.values()), MAX_SHOWN)
    ]
    return {
        "counts": [
            (kind.product.split(" or "), kind.verdict, kind.condition, count, restarts)
            for (kind, restarts), count in sorted(answers.by_kind(needs).items(), key=_worst_first)
        ],
        "total": summary.counts.total(),
        "needs": {name: sum(count for (_, _, of), count in needs.items() if of == name) for _, _, name in needs},
        "is_clear": {name for _, _, name in needs} <= {"no", "nothing"},
        "restarting": [chip for _, chip, name in needs if name == "yes"],
        "by_chip": _by_chip(summary.counts),
        "own": renamed(form.columns),
        "main": [columns.index(name) for field in ("host", "build") for name in list(taken.get(field, ()))[:1] if name in columns],
        "columns": columns,
        "taken": taken,
        "fields": FIELDS,
        # The page shows the columns and how old the facts are in its own way.
        "said": [*said._replace(columns={}).read(), *said._replace(is_outdated=False).warnings(("unknown", "invalid"))],
        "rows": rows,
    }


# The chips of a fleet in their order. "Conditional" is no verdict: "current" is one of what depends on nothing alone.
_CHIPS: Final = tuple(chip for verdict in VERDICTS for chip in ((CONDITIONAL, "current") if verdict == "current" else (verdict,)))


def _chip(verdict: str, depends_on: Condition | None) -> str:
    """Return the chip of a machine: its verdict, and "conditional" where what has to be installed or is open makes it patched or not."""
    return CONDITIONAL if depends_on else verdict


def _worst_first(counted: tuple[tuple[Kind, bool], int]) -> tuple[int, bool, int, str]:
    """Return the place of machines of one kind among the counts: what needs something first, of that what restarts, then the most machines."""
    (kind, restarts), count = counted
    return _CHIPS.index(_chip(kind.verdict, kind.condition)), not restarts, -count, kind.product


def _by_chip(counts: Counter[Kind]) -> list[dict[str, Any]]:
    """Return how many machines have each chip, those that need something first."""
    of_chip: Counter[str] = Counter()
    for kind, count in counts.items():
        of_chip[_chip(kind.verdict, kind.condition)] += count
    total = of_chip.total()
    return [{"chip": name, "count": of_chip[name], "share": 100 * of_chip[name] / total} for name in _CHIPS if of_chip[name]]


def _check_width(body: bytes) -> None:
    """Refuse a row of more columns than any tool writes before it is read: one of a million cells took minutes and 900 MB.

    Raises:
        BadInput: a row of HTML, an element of XML or an object of JSON has more than ``MAX_COLUMNS`` of them.
    """
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<":
        cells = (len(_CELL.findall(row)) for row in _ROW.split(body))
        widest = max(*cells, *(element.count(b"=") for element in body.split(b"<")))
    elif start in {b"[", b"{"}:
        widest = max(part.count(b'":') + part.count(b'" :') for part in body.split(b"}"))
    else:
        return
    if widest > MAX_COLUMNS:
        raise BadInput("expected at most {most:,} columns, got {got:,}", most=MAX_COLUMNS, got=widest)


def _opened(asked: Question) -> AbstractContextManager[Inventory]:
    _check_width(asked.body)
    if asked.body.startswith(_PACKED):
        raise BadInput("expected CSV or JSON as plain text, got a packed file; the command hotpatch-kb assess reads it")
    return inventory(io.BytesIO(asked.body), asked.mapping, encoding=asked.encoding, most_columns=MAX_COLUMNS)


async def fleet(datasette: Any, request: Any) -> Response:
    """``/fleet``: the form, and the verdicts of what was pasted."""
    if request.method in {"GET", "HEAD"}:
        return await web.page(
            datasette, request, "fleet.html", lambda _: {"result": None, "text": "", "map": "", "wrong": None, "example": EXAMPLE}
        )
    if request.method != "POST":
        return await web.problem(datasette, request, 405, Message("expected {methods}", methods="GET, POST"))
    form: dict[str, str] = {}

    async def page(status: int, **context: Any) -> Response:
        shown = {
            "result": None,
            "wrong": None,
            "example": EXAMPLE,
            "text": form.get("fleet", ""),
            "map": form.get("map", ""),
            "chosen": form,
            **context,
        }
        html = await datasette.render_template("fleet.html", shown, request=request)
        return Response.html(html, status=status, headers={"cache-control": "no-store"})

    try:
        form = request_body.fields(await request_body.body(request))
        text, is_file = form.get("fleet", ""), form.get("as") == "csv"
        if not text.strip():
            raise BadInput("expected a list of hosts and builds, got nothing")
        # Columns as they were chosen, and as lines of "map" name them where none was found.
        mapping = mapping_of(line for line in form.get("map", "").splitlines() if line.strip())
        mapping |= {name: form[f"map_{name}"][:MAX_NAME] for name in FIELDS if form.get(f"map_{name}")}
        asked = Question(text.encode("utf-8", "replace"), clock.today(), mapping)
        if is_file:
            # A file that a visitor downloads is opened by a spreadsheet.
            async with turns(datasette).turn(request.receive):
                file, said = await web.read(datasette, lambda conn: judged(conn, asked, SafeCsv))
            if said.summary.counts:
                headers = {"content-disposition": 'attachment; filename="verdicts.csv"', "cache-control": "no-store"}
                return Response(file, headers=headers, content_type=SafeCsv.content_type)
        else:
            async with turns(datasette).turn(request.receive):
                result, known = await web.read(datasette, lambda conn: _with_known(conn, shown(conn, asked)))
            if result["total"]:
                return await page(200, result=result, known=known)
        raise BadInput("expected machines below the header, got none")
    except BadInput as error:
        return await page(400, wrong=error.message)
    except web.HttpError as wrong:
        return await page(wrong.status, wrong=wrong.message)


def _with_known(conn: sqlite3.Connection, result: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return result, _known(conn, {product for products, *_ in result["counts"] for product in products})


def _known(conn: sqlite3.Connection, products: Iterable[str]) -> dict[str, Any]:
    """Return what readers of verdicts must know of the data: its last day, and whether it has CVEs, which decide which releases count."""
    until = coverage.latest_data_until(conn)
    return {
        "until": until,
        "is_outdated": coverage.is_outdated(until, clock.today()),
        "fresh": when.freshness(conn, clock.today(), products),
        "has_cves": conn.execute("select 1 from kb_cves limit 1").fetchone() is not None,
    }


def _is_yes(text: str) -> bool:
    if text.casefold() not in {"", "0", "1", "true", "false"}:
        raise BadInput("expected summary=1, got {got!r}", got=text[: reading.MAX_SHOWN])
    return text.casefold() in {"1", "true"}


async def api(datasette: Any, request: Any) -> Response:
    """``POST /api/assess``: return the verdicts of an inventory."""
    if request.method == "OPTIONS":
        allowed = {"access-control-allow-methods": "POST", "access-control-allow-headers": "content-type"}
        return Response("", status=204, headers=web.ANYWHERE | allowed)
    if request.method != "POST":
        return web.error(405, Message("expected {methods}", methods="POST"))
    try:
        shape = request.args.get("format") or "json"
        if shape not in HTTP_FORMATS:
            raise BadInput("expected a format ({formats}), got {got!r}", formats=", ".join(HTTP_FORMATS), got=shape[: reading.MAX_SHOWN])
        web.only(request, PARAMETERS)
        has_summary = _is_yes(request.args.get("summary") or "")
        if has_summary and shape != "json":
            raise BadInput("expected format=json with summary, got {got!r}", got=shape)
        mapping = mapping_of(request.args.getlist("map"))
        asked = Question(await request_body.body(request), web.day_of(request), mapping, request.args.get("encoding") or None)
        # Not the form for spreadsheets: programs want their cells back as they were.
        async with turns(datasette).turn(request.receive):
            file, said = await web.read(datasette, lambda conn: judged(conn, asked, HTTP_FORMATS[shape]))
        if has_summary:
            file = b'{"summary": %b, "machines": %b}' % (json.dumps(said.as_json(), ensure_ascii=False).encode(), file)
    except BadInput as error:
        return web.error(400, error.message)
    except web.HttpError as wrong:
        return web.error(wrong.status, wrong.message)
    return Response(file, headers=web.ANYWHERE | {"cache-control": "no-store"}, content_type=HTTP_FORMATS[shape].content_type)


@hookimpl  # type: ignore[untyped-decorator]
def skip_csrf(scope: Any) -> bool:
    """Return whether a form needs no token: it changes nothing, and without a token its page is the same for all readers."""
    return scope.get("path") in PATHS


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    """Return the addresses of the page and of the API."""
    return [(r"^/fleet$", fleet), (r"^/api/assess$", api)]
