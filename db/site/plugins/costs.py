# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""What hotpatching costs: a form, and the answer of ``cost`` with its lines and their sources."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from datasette import Response, hookimpl

from hotpatch_kb.db.answers import cost as costs
from hotpatch_kb.db.answers import restarts
from hotpatch_kb.db.model import reading
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.products import PLATFORMS
from hotpatch_kb.db.site import web

_NUMBERS: Final = ("cores", "servers", "cores_per_server")
_ASKED: Final = (*_NUMBERS, "from", "to", "currency", "region", "platform")


def asked(conn: sqlite3.Connection, request: Any) -> costs.Question | None:
    """The question of a request, by names like those of the command's options; None where nothing is asked.

    Raises:
        BadInput: it cannot be answered.
    """
    given = {name: (request.args.get(name) or "").strip()[:200] for name in _ASKED}
    if not any(given[name] for name in _NUMBERS):
        return None
    numbers = {name: costs.whole_number(given[name], name) if given[name] else None for name in _NUMBERS}
    first, end = costs.period(given["from"] or None, given["to"] or None, restarts.today())
    services = [name for name in request.args.getlist("service") if name in costs.SERVICES] or ["hotpatch"]
    platform = given["platform"] or "arc"
    platforms = costs.SERVICES["hotpatch"].meters
    if platform not in platforms:
        raise BadInput("expected a platform ({platforms}), got {got!r}", platforms=", ".join(platforms), got=platform[: reading.MAX_SHOWN])
    return costs.question(
        services=services, product=web.product_of(conn, request) or "ws2025", platform=platform, currency=given["currency"] or "USD",
        region=given["region"] or None, first=first, end=end, cores=numbers["cores"], servers=numbers["servers"],
        cores_per_server=numbers["cores_per_server"], discounts=[name for name in costs.DISCOUNTS if request.args.get(name) == "1"],
    )  # fmt: skip


async def cost(datasette: Any, request: Any) -> Response:
    """The form, and below it the answer to what it asks."""

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        answer, wrong = None, None
        try:
            question = asked(conn, request)
            answer = costs.cost(conn, question, restarts.today()) if question else None
        except BadInput as error:
            wrong = error.message
        return {
            "answer": answer,
            "wrong": wrong,
            "given": {
                name: request.args.get(name) or ""
                for name in (*_NUMBERS, "from", "to", "currency", "product", "platform", *costs.DISCOUNTS)
            },
            "services": {name: service.service for name, service in costs.SERVICES.items()},
            "chosen": request.args.getlist("service") or ["hotpatch"],
            "discounts": costs.DISCOUNTS,
            "platforms": {name: PLATFORMS[name] for name in costs.SERVICES["hotpatch"].meters},
            "products": [
                row[0] for row in conn.execute("select product from products where hotpatch_from_date is not null order by product")
            ],
        }

    return await web.page(datasette, request, "cost.html", make)


async def api(datasette: Any, request: Any) -> Response:
    """``GET /api/cost``: the object of the command."""

    def make(conn: sqlite3.Connection) -> Any:
        web.only(request, (*_ASKED, "product", "service", *costs.DISCOUNTS))
        question = asked(conn, request)
        if question is None:
            raise BadInput("expected {cores} (of all servers together), or {cores_per_server} and {servers}, got neither", **costs.FIELDS)
        return costs.cost(conn, question, restarts.today())

    return await web.api(datasette, request, make)


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    """The page and the API."""
    return [(r"^/cost$", cost), (r"^/api/cost$", api)]
