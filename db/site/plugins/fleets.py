# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""A fleet, pasted: the verdicts of ``assess``, by its code. Nothing of it is kept, logged or put into an address."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections import Counter
from typing import Any, Final, NamedTuple

from datasette import Response, hookimpl

from hotpatch_kb.db.answers import restarts
from hotpatch_kb.db.fleet.assess import Judge, Summary, assess
from hotpatch_kb.db.fleet.inventory import inventory
from hotpatch_kb.db.fleet.inventory.output import COLUMNS, FORMS, Form, SafeCsv
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.site import request_body, web

MAX_SHOWN: Final = 500  # rows of the page; the file has all
PATHS: Final = frozenset({"/fleet", "/api/assess"})
_PACKED: Final = (b"\x1f\x8b", b"PAR1")
# A file that a visitor downloads is opened by a spreadsheet; the API is read by programs, which want their cells back as they were.
_FORMS: Final[dict[str, type[Form]]] = {**FORMS, "download": SafeCsv}
_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "jsonl": "application/x-ndjson; charset=utf-8",
}


class Found(NamedTuple):
    """What came of a fleet: its verdicts as they are printed, and how many machines of each product have which."""

    text: str
    counts: Counter[tuple[str, str]]


def judged(conn: sqlite3.Connection, body: bytes, day: str, shape: str) -> Found:
    """A verdict per machine.

    Raises:
        BadInput: it cannot be read.
    """
    if body.startswith(_PACKED):
        raise BadInput("expected CSV or JSON as plain text, got a packed file; the command hotpatch-kb assess reads it")
    summary = Summary()
    with inventory(io.BytesIO(body)) as found:
        kind = _FORMS[shape]
        form = kind(found.find_columns() if kind.needs_columns else None)
        text = "".join(assess(Judge(conn, day), found, form, summary))
    return Found(text, summary.counts)


async def fleet(datasette: Any, request: Any) -> Response:
    """The form, and what came of it."""
    if request.method in {"GET", "HEAD"}:
        return await web.page(datasette, request, "fleet.html", lambda _: {"result": None, "text": "", "wrong": None})
    if request.method != "POST":
        return await web.problem(datasette, request, 405, "expected GET or POST")
    form: dict[str, str] = {}

    async def page(status: int, **context: Any) -> Response:
        shown = {"result": None, "wrong": None, "text": form.get("fleet", ""), **context}
        html = await datasette.render_template("fleet.html", shown, request=request)
        return Response.html(html, status=status, headers={"cache-control": "no-store"})

    try:
        form = request_body.fields(await request_body.body(request))
        text, shape = form.get("fleet", ""), "download" if form.get("as") == "csv" else "csv"
        if not text.strip():
            raise BadInput("expected a list of hosts and builds, got nothing")
        found, known = await web.read(
            datasette, lambda conn: (judged(conn, text.encode("utf-8", "replace"), restarts.today(), shape), _known(conn))
        )
        if not found.counts:
            raise BadInput("expected machines below the header, got none")
    except BadInput as error:
        return await page(400, wrong=str(error))
    except web.Wrong as wrong:
        return await page(wrong.status, wrong=str(wrong))
    if form.get("as") == "csv":
        headers = {"content-disposition": 'attachment; filename="verdicts.csv"', "cache-control": "no-store"}
        return Response(found.text.encode("utf-8", "replace"), headers=headers, content_type=_TYPES["csv"])
    table = csv.reader(io.StringIO(found.text))
    header = next(table)
    shown = [row for row, _ in zip(table, range(MAX_SHOWN), strict=False)]
    own = len(header) - len(COLUMNS)
    result = {
        "counts": [(product.split(" or "), verdict, count) for (product, verdict), count in sorted(found.counts.items())],
        "total": found.counts.total(),
        "own": header[:own],
        "rows": [{"own": row[:own], **dict(zip(COLUMNS, row[own:], strict=True))} for row in shown],
    }
    return await page(200, result=result, known=known)


def _known(conn: sqlite3.Connection) -> dict[str, Any]:
    """What a reader of verdicts has to know of the facts: their end, and whether CVEs are among them, which decide what counts."""
    until = restarts.latest_data_until(conn)
    return {
        "until": until,
        "is_outdated": restarts.is_outdated(until, restarts.today()),
        "has_cves": conn.execute("select 1 from kb_cves limit 1").fetchone() is not None,
    }


async def api(datasette: Any, request: Any) -> Response:
    """``POST /api/assess``: an inventory in, its verdicts out."""
    if request.method == "OPTIONS":
        allowed = {"access-control-allow-methods": "POST", "access-control-allow-headers": "content-type"}
        return Response("", status=204, headers=web.ANYWHERE | allowed)
    if request.method != "POST":
        return web.error(405, "expected POST, the inventory as its body")
    try:
        shape = request.args.get("format") or "json"
        if shape not in _TYPES:
            raise BadInput(f"expected a format ({', '.join(_TYPES)}), got {shape[:60]!r}")
        day, body = web.day_of(request), await request_body.body(request)
        found = await web.read(datasette, lambda conn: judged(conn, body, day, shape))
    except BadInput as error:
        return web.error(400, str(error))
    except web.Wrong as wrong:
        return web.error(wrong.status, str(wrong))
    return Response(found.text.encode("utf-8", "replace"), headers=web.ANYWHERE | {"cache-control": "no-store"}, content_type=_TYPES[shape])


@hookimpl  # type: ignore[untyped-decorator]
def skip_csrf(scope: Any) -> bool:
    """Forms that change nothing need no token, and without one their page is the same for all readers."""
    return scope.get("path") in PATHS


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    """The page and the API."""
    return [(r"^/fleet$", fleet), (r"^/api/assess$", api)]
