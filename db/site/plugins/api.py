# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""The JSON API: the answers of the command at permanent addresses, described by OpenAPI."""

from __future__ import annotations

import json
import re
import sqlite3
from functools import partial
from typing import Any, Final

from datasette import Response, hookimpl

from hotpatch_kb.db import __version__
from hotpatch_kb.db.answers import restarts
from hotpatch_kb.db.answers.calendar import calendar_rows
from hotpatch_kb.db.answers.eligibility import find_for
from hotpatch_kb.db.answers.eligibility.decision import eligible
from hotpatch_kb.db.answers.eligibility.documents import explained
from hotpatch_kb.db.answers.eligibility.question import MAX_QUESTION
from hotpatch_kb.db.answers.events import change_rows
from hotpatch_kb.db.answers.lookup import find
from hotpatch_kb.db.answers.verdicts import verdict_rows
from hotpatch_kb.db.fleet.formats import HTTP_FORMATS
from hotpatch_kb.db.model import clock, reading
from hotpatch_kb.db.model.editions import stated_machine
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.products import PLATFORMS
from hotpatch_kb.db.model.queries import MAX_QUERY
from hotpatch_kb.db.site import page_data, restart_answers, web
from hotpatch_kb.db.site.when import with_late_copies

MAX_KBS: Final = 50  # of a machine, in one request
_DAY: Final = {"type": "string", "format": "date", "example": "2026-07-20"}
_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "q": {"description": "a build, version, KB, month or product, in any common spelling", "schema": {"type": "string", "maxLength": MAX_QUERY, "example": "26100.32772"}},
    "product": {"description": "an id such as ws2025, or a name", "schema": {"type": "string", "maxLength": 200, "example": "ws2025"}},
    "line": {"description": "the machine's line", "schema": {"type": "string", "enum": ["hotpatch", "standard"]}},
    "edition": {"description": "the machine's edition, an id such as Professional or a name", "schema": {"type": "string", "maxLength": 200, "example": "Pro"}},
    "kb": {"description": "KBs that the machine has", "schema": {"type": "array", "maxItems": MAX_KBS, "items": {"type": "string", "pattern": "^[Kk]?[Bb]?[0-9]{6,7}$", "example": "KB5070893"}}},
    "on": {"description": "the world as of that day", "schema": _DAY},
    "since": {"description": "read on that day or later", "schema": _DAY},
    "until": {"description": "read on that day or earlier", "schema": _DAY},
    "platform": {"description": "where the machine runs, or what manages it", "schema": {"type": "string", "enum": list(PLATFORMS)}},
    "explain": {"description": "1 lists everything that documents state, with the sources, instead of an answer", "schema": {"type": "string", "enum": ["1"]}},
    "year": {"description": "of the months", "schema": {"type": "integer", "minimum": 2021, "maximum": 2100, "example": 2026}},
}  # fmt: skip
# Parameters that mean something of their own for an endpoint.
_OWN_PARAMETERS: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("eligible", "q"): {"description": "an edition, product, platform, licence or image (publisher:offer:sku), in people's words", "schema": {"type": "string", "maxLength": MAX_QUESTION, "example": "Windows Server 2025 Standard on Arc"}},
}  # fmt: skip


def _lookup(conn: sqlite3.Connection, request: Any) -> Any:
    given = request.args  # which Datasette reads from the address each time
    text = given.get("q")
    if text is None:
        raise BadInput("expected q, a build, version, KB, month or product, got none")
    line = given.get("line") or None
    if line not in {None, *restart_answers.LINES}:
        raise BadInput("expected a line ({lines}), got {got!r}", lines=", ".join(restart_answers.LINES), got=str(line)[: reading.MAX_SHOWN])
    on = web.day_of(request) if given.get("on") else None
    machine = stated_machine(given.get("edition"), text[: MAX_QUERY + 1])
    options: dict[str, Any] = {
        "product": web.product_of(conn, request), "line": line, "kb_installed": reading.kbs(given.getlist("kb")[:MAX_KBS]), "on": on,
        "today": clock.today(),
    }  # fmt: skip
    answer = find_for(conn, text[: MAX_QUERY + 1], machine, partial(find, conn, facts=web.facts_today(conn), **options), options)
    return web.verdicts_on(conn, on or clock.today()).with_verdicts(answer, line, machine, options["kb_installed"])


def _eligible(conn: sqlite3.Connection, request: Any) -> Any:
    platform = web.platform_of(request)
    product = web.product_of(conn, request)
    if request.args.get("explain"):
        return explained(conn, product, platform)
    return eligible(conn, request.args.get("q") or product or "", product, platform)


def _next(conn: sqlite3.Connection, request: Any) -> Any:
    return restarts.next_restarts(conn, web.day_of(request), web.product_of(conn, request))


def _calendar(conn: sqlite3.Connection, request: Any) -> Any:
    text = request.args.get("year") or ""
    if text and not re.fullmatch(r"20[2-9][0-9]|2100", text):
        raise BadInput("expected a year from {first} to {last}, got {got!r}", first=2021, last=2100, got=text[: reading.MAX_SHOWN])
    return calendar_rows(conn, web.product_of(conn, request), int(text) if text else None)


def _verdicts(conn: sqlite3.Connection, request: Any) -> Any:
    product = web.product_of(conn, request)
    if product is None:
        raise BadInput("expected product, such as ws2025, got none; the command hotpatch-kb verdicts prints all of them")
    return verdict_rows(conn, web.day_of(request), product)


def _products(conn: sqlite3.Connection, request: Any) -> Any:  # noqa: ARG001 (each takes both)
    return page_data.rows(
        conn,
        """select product, name, family, build_number, release_date, mainstream_end_date, extended_end_date, hotpatch_from_date, hotpatch_end_date
        from products order by product""",
    )


def _changes(conn: sqlite3.Connection, request: Any) -> Any:
    return change_rows(conn, web.asked_day(request, "since"), web.asked_day(request, "until"), web.product_of(conn, request))[:1000]


def _status(conn: sqlite3.Connection, request: Any) -> Any:  # noqa: ARG001 (each takes both)
    found = page_data.rows(conn, "select source, state, last_good_at, due_at, is_stale, note from source_health order by source")
    return with_late_copies(conn, found, clock.today())


# By path: summary, function, parameters, required parameters. docs/site.md has a table of them (docs/generated.py).
ENDPOINTS: Final = {
    "lookup": ("What is this build, version or KB?", _lookup, ("q", "product", "line", "edition", "kb", "on"), ("q",)),
    "eligible": ("May it have hotpatching? Yes, no, only if, or unknown", _eligible, ("q", "product", "platform", "explain"), ()),
    "next": ("This month's release and the next restart, by product", _next, ("product", "on"), ()),
    "calendar": ("Months of the hotpatch line", _calendar, ("product", "year"), ()),
    "verdicts": (
        "Is a machine patched? A row per build, line and deciding KB of a product",
        _verdicts,
        ("product", "on"),
        ("product",),
    ),
    "products": ("Servicing lines of Windows", _products, (), ()),
    "changes": ("What changed, newest first, at most 1,000 rows", _changes, ("since", "until", "product"), ()),
    "status": ("Freshness of each source", _status, (), ()),
}
_COST: Final = {
    "cores": {"type": "integer", "minimum": 1, "example": 400}, "servers": {"type": "integer", "minimum": 1}, "cores_per_server": {"type": "integer", "minimum": 1},
    "from": {"type": "string", "example": "2025-08"}, "to": {"type": "string", "example": "2026-04"}, "currency": {"type": "string", "example": "USD"},
    "product": {"type": "string", "example": "ws2025"}, "platform": {"type": "string", "enum": ["arc", "azure", "azure_local"]},
    "service": {"type": "array", "items": {"type": "string", "enum": ["hotpatch", "update-manager"]}},
    "defender_p2": {"type": "string", "enum": ["1"]}, "software_assurance": {"type": "string", "enum": ["1"]}, "esu": {"type": "string", "enum": ["1"]},
}  # fmt: skip


def openapi(server: str) -> dict[str, Any]:
    """Return the description of the API (OpenAPI 3.1).

    Args:
        server: the address of the API.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "hotpatch-kb",
            "version": __version__,
            "description": "Windows hotpatching: which KB and build is a baseline (restart), which a hotpatch (no restart), and how we know. Days are ISO dates.",
            "license": {"name": "CC0 1.0 for the compilation of facts", "url": "https://creativecommons.org/publicdomain/zero/1.0/"},
        },
        "servers": [{"url": server}],
        "paths": {f"/{name}": {"get": _operation(name)} for name in ENDPOINTS} | {"/cost": {"get": _cost()}, "/assess": {"post": _assess()}},
        "components": {"schemas": {"Error": _ERROR, "Lookup": _LOOKUP}},
    }  # fmt: skip


_ERROR: Final = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
_MATCH: Final = {
    "type": "object",
    "required": ["product", "kb", "build", "release_date", "classification", "latest", "next_restart", "data_until", "sources"],
}
_LOOKUP: Final = {
    "type": "object",
    "required": ["query", "status", "matches", "decided_by", "nearest"],
    "properties": {"query": {"type": "string"}, "status": {"enum": ["found", "ambiguous", "not_found"]}, "matches": {"type": "array", "items": _MATCH}},
}  # fmt: skip
_ROWS: Final = {"type": "array", "items": {"type": "object"}}
_WRONG: Final = {
    "description": "what was expected and what came",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def _described(name: str, summary: str, parameters: list[dict[str, Any]], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a GET that answers with JSON."""
    ok = {"description": "the answer", "content": {"application/json": {"schema": schema}}}
    return {"operationId": name, "summary": summary, "parameters": parameters, "responses": {"200": ok, "400": _WRONG, "503": _WRONG}}


def _parameter(name: str, endpoint: str = "", *, required: bool = False) -> dict[str, Any]:
    described = _OWN_PARAMETERS.get((endpoint, name)) or _PARAMETERS[name]
    return {"name": name, "in": "query", "required": required, **described}


def _operation(name: str) -> dict[str, Any]:
    summary, _, parameters, required = ENDPOINTS[name]
    schema = {"$ref": "#/components/schemas/Lookup"} if name == "lookup" else _ROWS
    return _described(name, summary, [_parameter(parameter, name, required=parameter in required) for parameter in parameters], schema)


def _cost() -> dict[str, Any]:
    parameters = [{"name": name, "in": "query", "schema": schema} for name, schema in _COST.items()]
    return _described("cost", "What hotpatching costs: the total and its lines", parameters, {"type": "object"})


def _assess() -> dict[str, Any]:
    machine = {"type": "object", "properties": {"host": {"type": "string"}, "build": {"type": "string"}}, "required": ["build"]}
    body = {
        "text/csv": {"schema": {"type": "string", "example": "host,build\nsrv1,26100.32772\n"}},
        "application/json": {"schema": {"type": "array", "items": machine}},
    }
    with_summary = {"type": "object", "properties": {"summary": {"type": "object"}, "machines": _ROWS}, "required": ["summary", "machines"]}
    rows = {"oneOf": [_ROWS, with_summary]}
    media = {form.content_type.partition(";")[0]: rows if name == "json" else {"type": "string"} for name, form in HTTP_FORMATS.items()}
    ok = {
        "description": "the machines in their order, each with its verdict",
        "content": {kind: {"schema": schema} for kind, schema in media.items()},
    }
    return {
        "operationId": "assess",
        "summary": "A verdict per machine of an inventory; nothing of it is kept",
        "parameters": [
            {"name": "format", "in": "query", "schema": {"type": "string", "enum": list(HTTP_FORMATS)}},
            _parameter("on"),
            {
                "name": "map",
                "in": "query",
                "schema": {"type": "array", "items": {"type": "string", "example": "build=Patch level"}},
                "description": "FIELD=COLUMN, as --map of the command; may be repeated",
            },
            {"name": "encoding", "in": "query", "schema": {"type": "string"}, "description": "of the inventory's text, such as cp932"},
            {
                "name": "summary",
                "in": "query",
                "schema": {"type": "string", "enum": ["0", "1"]},
                "description": "1: an object with the summary (counts, columns as they were read, warnings, data_until) and the machines; with format=json",
            },
        ],
        "requestBody": {"required": True, "content": body},
        "responses": {"200": ok, "400": _WRONG, "413": _WRONG, "503": _WRONG},
    }


async def answer(datasette: Any, request: Any) -> Response:
    """``/api/<name>``: the answer of an endpoint."""
    if request.method not in {"GET", "HEAD"}:
        return web.error(405, Message("expected {methods}", methods="GET"))
    name = request.url_vars["name"]
    _, read, parameters, _ = ENDPOINTS[name]

    def make(conn: sqlite3.Connection) -> Any:
        web.only(request, parameters)
        return read(conn, request)

    return await web.api(datasette, request, make)


async def description(datasette: Any, request: Any) -> Response:
    """``/api/openapi.json``: the description of the API."""
    body = json.dumps(openapi(datasette.absolute_url(request, datasette.urls.path("api"))), ensure_ascii=False).encode()
    return Response(body, headers=web.max_age(datasette) | web.ANYWHERE, content_type="application/json; charset=utf-8")


async def page(datasette: Any, request: Any) -> Response:
    """``/api``: the endpoints for people."""
    examples = {
        "lookup": "q=26100.32772", "eligible": "q=Windows+Server+2025+Standard+on+Arc", "next": "product=ws2025", "calendar": "product=ws2025&year=2026", "verdicts": "product=ws2025", "products": "", "changes": "since=2026-07-01",
        "status": "", "cost": "cores=400&from=2025-08&to=2026-04",
    }  # fmt: skip
    described = openapi("")["paths"]
    shown = {name: {"summary": described[f"/{name}"]["get"]["summary"], "example": example} for name, example in examples.items()}
    return await web.page(datasette, request, "api.html", lambda _: {"endpoints": shown})


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    """Return the addresses of the endpoints, of their description and of their page."""
    return [(rf"^/api/(?P<name>{'|'.join(ENDPOINTS)})$", answer), (r"^/api/openapi\.json$", description), (r"^/api$", page)]
