# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""Show the cost form and its answer, with its lines and their sources."""

from __future__ import annotations

import sqlite3
from datetime import date
from typing import Any, Final

from datasette import Response, hookimpl
from markupsafe import Markup

from hotpatch_kb.db.answers.cost.answer import cost
from hotpatch_kb.db.answers.cost.question import DISCOUNTS, FIELDS, SERVICES, Question, period, read_question, whole_number
from hotpatch_kb.db.answers.coverage import stated_until
from hotpatch_kb.db.model import clock, reading
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.products import PLATFORMS
from hotpatch_kb.db.site import charts, web
from hotpatch_kb.db.site.i18n import Words, language_of, words
from hotpatch_kb.db.site.page_data import ended_previews, rows
from hotpatch_kb.db.site.restart_answers import IN_ORDER

_NUMBERS: Final = ("cores", "servers", "cores_per_server")
_ASKED: Final = (*_NUMBERS, "from", "to", "currency", "region", "platform")
_PLATFORMS: Final = tuple(SERVICES["hotpatch"].meters)


def question_of(conn: sqlite3.Connection, request: Any) -> Question | None:
    """Return the question of a request, by names like those of the command's options; None where nothing is asked.

    Raises:
        BadInput: it cannot be answered.
    """
    given = {name: (request.args.get(name) or "").strip()[:200] for name in _ASKED}
    if not any(given[name] for name in _NUMBERS):
        return None
    numbers = {name: whole_number(given[name], name) if given[name] else None for name in _NUMBERS}
    first, end = period(given["from"] or None, given["to"] or None, clock.today())
    services = [name for name in request.args.getlist("service") if name in SERVICES] or ["hotpatch"]
    platform = given["platform"] or "arc"
    if platform not in _PLATFORMS:
        raise BadInput("expected a platform ({platforms}), got {got!r}", platforms=", ".join(_PLATFORMS), got=platform[: reading.MAX_SHOWN])
    return read_question(
        services=services, product=web.product_of(conn, request) or "ws2025", platform=platform, currency=given["currency"] or "USD",
        region=given["region"] or None, first=first, end=end, cores=numbers["cores"], servers=numbers["servers"],
        cores_per_server=numbers["cores_per_server"], discounts=[name for name in DISCOUNTS if request.args.get(name) == "1"],
    )  # fmt: skip


async def page(datasette: Any, request: Any) -> Response:
    """``/cost``: the form, and the answer to what it asks."""
    t = words(language_of(request))

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        answer: dict[str, Any] | None = None
        wrong: Message | None = None
        ended = ended_previews(conn, clock.today())
        try:
            question = question_of(conn, request)
            answer = cost(conn, question, clock.today()) if question else None
        except BadInput as error:
            wrong = error.message
        return {
            "answer": answer,
            "now": _now(conn, clock.today()),
            "charts": _charts(answer, t) if answer else [],
            "wrong": wrong,
            "until": stated_until(conn, "price"),
            "given": {
                name: request.args.get(name) or "" for name in (*_NUMBERS, "from", "to", "currency", "product", "platform", *DISCOUNTS)
            },
            "services": {name: service.service for name, service in SERVICES.items()},
            "chosen": request.args.getlist("service") or ["hotpatch"],
            "discounts": DISCOUNTS,
            "platforms": {name: PLATFORMS[name] for name in _PLATFORMS},
            "products": [
                row[0]
                for row in conn.execute(f"select product from products where hotpatch_from_date is not null {IN_ORDER}").fetchall()
                if row[0] not in ended
            ],
        }

    return await web.page(datasette, request, "cost.html", make)


def _now(conn: sqlite3.Connection, day: str) -> dict[str, Any] | None:
    """Return what hotpatching of a server with Azure Arc costs per core and month on a day, without a discount; None where that is not known."""
    found = rows(
        conn,
        """select amount_low, amount_high, currency, valid_from, valid_to, is_disputed from price_intervals
        where service = 'Hotpatch' and meter = 'Azure Arc-enabled server' and currency = 'USD' and condition = ''
            and valid_from <= :day and (valid_to is null or valid_to > :day)
        order by product desc limit 1""",
        {"day": day},
    )
    return found[0] if found else None


def _charts(answer: dict[str, Any], t: Words) -> list[tuple[str, Markup]]:
    """Return the price of each service over the period that was asked for, as steps, where it changed or sources disagree."""
    found: list[tuple[str, Markup]] = []
    for service in answer["services"]:
        items = [item for item in answer["items"] if item["service"] == service]
        items = [item for item in items if item["unit"] == items[0]["unit"] and item["meter"] == items[0]["meter"]]
        steps = [item | {"valid_from": item["from"], "valid_to": item["to"]} for item in items]
        title = t(
            "Price of {service} per {unit}, in {currency}",
            service=t(service),
            unit=t(items[0]["unit"]) if items else "",
            currency=answer["currency"],
        )
        chart = charts.prices(steps, title, date.fromisoformat(answer["to"]), name=f"prices-{len(found)}")
        if chart is not None:
            found.append((service, chart))
    return found


async def api(datasette: Any, request: Any) -> Response:
    """``GET /api/cost``: the object that the command prints."""

    def make(conn: sqlite3.Connection) -> Any:
        web.only(request, (*_ASKED, "product", "service", *DISCOUNTS))
        question = question_of(conn, request)
        if question is None:
            raise BadInput("expected {cores} (of all servers together), or {cores_per_server} and {servers}, got neither", **FIELDS)
        return cost(conn, question, clock.today())

    return await web.api(datasette, request, make)


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    """Return the addresses of the page and of the API."""
    return [(r"^/cost$", page), (r"^/api/cost$", api)]
