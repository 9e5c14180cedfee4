# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""Pages with permanent addresses: of a build, a KB, a product, a year and a month; and the lookup, which leads to them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import quote, unquote

from datasette import Response, hookimpl

from hotpatch_kb.db.answers.cost.question import DISCOUNTS
from hotpatch_kb.db.answers.coverage import stated_until
from hotpatch_kb.db.answers.exposure.security_data import when_it_was_read
from hotpatch_kb.db.answers.stated_elsewhere import neighbours, reported
from hotpatch_kb.db.model import clock, reading
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.notation import month_after
from hotpatch_kb.db.model.product_names import read_name
from hotpatch_kb.db.model.products import PLATFORMS
from hotpatch_kb.db.model.queries import MAX_QUERY, Query, read_query
from hotpatch_kb.db.site import addresses, cards, charts, discovery, overviews, page_data, product_data, web, when
from hotpatch_kb.db.site.i18n import DEFAULT, LANGUAGES, language_of, words

# What a page with a picture is named in its address.
_NAME: Final = r"[0-9]{5}(?:\.[0-9]{1,5})?|[0-9]{6,7}|CVE-[0-9]{4}-[0-9]{4,7}|[a-z0-9-]{3,40}|20[0-9]{2}(?:-(?:0[1-9]|1[0-2]))?"
_FAMILIES: Final = {"ws": "Windows Server", "win10": "Windows 10", "win11": "Windows 11"}
_MONTH: Final = r"(?P<month>20[0-9]{2}-(?:0[1-9]|1[0-2]))"


async def home(datasette: Any, request: Any) -> Response:
    """``/``: the home page. Datasette's own would count the rows of every table first, which takes half a second."""
    day = clock.today()

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        return {"home": page_data.home(conn, day), "data_set": discovery.data_set(conn, datasette.metadata())}

    return await web.page(datasette, request, "index.html", make, is_shared=True)


async def lookup(datasette: Any, request: Any) -> Response:
    """``/lookup?q=``: redirect to the page of what was asked for, in any spelling."""
    text = (request.args.get("q") or "")[: MAX_QUERY + 1]
    try:
        query = read_query(text)
    except BadInput as error:
        if family := read_name(text).family:  # "Windows 11 Pro" is no product, and the site has pages of those it may be
            return await _products_of(datasette, request, Query("family", family))
        from hotpatch_kb.db.model.nearest import is_near  # noqa: PLC0415 (only mistakes need it)

        close = [value for name in ("first", "second", "close") if isinstance(value := error.message.values.get(name), str)]
        shown = {"query": text[:MAX_QUERY], "close": [name for name in close if is_near(text, name)]}
        return await web.problem(datasette, request, 400, _without_commands(error.message), shown)
    if query.month and query.kind != "month":
        return await _of_month(datasette, request, query)
    if query.kind in {"family", "version"}:
        return await _products_of(datasette, request, query)
    return Response.redirect(addresses.of_request(datasette, request).path(_path(query)), status=303, headers={"cache-control": "no-store"})


def _without_commands(message: Message) -> Message:
    """Return what is wrong with a query, without the commands that would answer: the page has links."""
    got = message.values.get("got")
    if "first" in message.values:
        return Message(
            "expected a build (26100.32772), version (24H2), KB (KB5087423), CVE, month (2026-06) or product, got {got!r}", got=got
        )
    return Message("expected a month such as 2026-07, got {got!r}", got=got) if "close" in message.values else message


async def _products_of(datasette: Any, request: Any, query: Query) -> Response:
    """Lead to the page of the one product or build number that a family or version has; else show its products, each with its newest builds."""

    def only(conn: sqlite3.Connection) -> str | None:
        products, numbers = product_data.products_of(conn, query)
        if len(products) == 1:
            return f"product/{products[0]}"
        return f"build/{numbers[0]}" if len(numbers) == 1 else None if products else f"product/win11-{query.value}"

    path = await web.read(datasette, only)
    if path is not None:
        return Response.redirect(addresses.of_request(datasette, request).path(path), status=303, headers={"cache-control": "no-store"})

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        answer = product_data.of_products(conn, product_data.products_of(conn, query)[0], _name_of_several(query))
        return {
            "heading": _name_of_several(query),
            "answer": answer,
            "page": None,
            "as_of": None,
            "fresh": _fresh(conn, clock.today(), answer, ""),
        }

    return await web.page(datasette, request, "lookup.html", make)


async def _of_month(datasette: Any, request: Any, query: Query) -> Response:
    """Show the releases of one month of a product, family, version or build number, as the command answers it."""
    t = words(language_of(request))
    name = page_data.name_of(query.value) if query.kind == "product" else _name_of_several(query)

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        answer = page_data.lookup_answer(conn, _with_month(query), None)
        month = when.month_of(query.month, t.language)
        shown = {"query": f"{name} {query.month}", "fresh": when.freshness(conn, clock.today())}
        if answer["status"] == "not_found":
            known = {"reported": answer["reported"], "close": [query.month]}
            raise web.HttpError(404, "No release of {name} in {month} is known.", shown | known, name=name, month=month)
        return shown | {"heading": f"{name}{t(', ')}{month}", "answer": answer | {"query": shown["query"]}, "page": None, "as_of": None}

    return await web.page(datasette, request, "lookup.html", make)


def _name_of_several(query: Query) -> str:
    """Return what a family, version or build number is called."""
    return _FAMILIES.get(query.value, query.value.upper())


def _with_month(query: Query) -> str:
    """Return the one spelling of a query with a month."""
    return f"{query.value if query.kind == 'product' else _name_of_several(query)} {query.month}"


def _path(query: Query) -> str:
    if query.month and query.kind != "month":
        return f"lookup?q={quote(_with_month(query))}"
    if query.kind == "cve":
        return f"cve/{quote(query.value)}"
    if query.kind in {"family", "version"}:
        return f"lookup?q={quote(_name_of_several(query))}"
    paths = {"build": "build/", "kb": "kb/", "product": "product/", "month": "calendar/", "number": "build/"}
    return paths[query.kind] + quote(query.value) + (f"?cve={query.cve}" if query.cve else "")


def _asked_cve(request: Any) -> str:
    """Return the CVE that is asked of a build or KB, "" where none is.

    Raises:
        BadInput: the parameter is not a CVE.
    """
    text = (request.args.get("cve") or "").strip()
    if not text:
        return ""
    query = read_query(text[: MAX_QUERY + 1])
    if query.kind != "cve":
        raise BadInput("expected a CVE such as CVE-2025-54100, got {got!r}", got=text[: reading.MAX_SHOWN])
    return query.value


async def spelled(datasette: Any, request: Any) -> Response:
    """``/build/10.0.26100.32772``, ``/kb/KB5087423``: redirect other spellings to the permanent address; the rest is 404."""
    try:
        path = str(datasette.urls.path(_path(read_query(unquote(request.url_vars["text"])))))
    except BadInput:
        path = request.path
    if path == request.path:
        return await web.problem(datasette, request, 404, Message("There is no such page."))
    return Response.redirect(addresses.of_request(datasette, request).path(path), status=301, headers=web.max_age(datasette))


async def build(datasette: Any, request: Any) -> Response:
    """``/build/<build>``: a build, or all builds of a build number."""
    return await _of_query(datasette, request, request.url_vars["build"], "OS build {build}")


def _fresh(conn: sqlite3.Connection, day: str, answer: Mapping[str, Any], cve: str) -> dict[str, Any]:
    """Return how far the data reaches that an answer rests on: of its products, and of CVEs where one is asked for."""
    products = {row["product"] for row in answer["groups" if answer["is_list"] else "matches"]}
    return when.freshness(conn, day, products, when_it_was_read(conn).read_on if cve else None)


async def kb(datasette: Any, request: Any) -> Response:
    """``/kb/<kb>``: a KB, its releases, what it fixes, its known issues."""
    number = request.url_vars["kb"]

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        on = web.asked_day(request)
        page = page_data.kb_page(conn, int(number), on, _asked_cve(request))
        day = on or clock.today()
        if page is None or page["answer"]["status"] == "not_found":
            others = reported(conn, day, kb=int(number))
            fresh = when.freshness(conn, day, [row["product"] for row in others])
            shown = {"query": f"KB{number}", "what": "KB", "reported": others, "fresh": fresh}
            if page is None:
                raise web.HttpError(404, "No source names KB{kb}.", shown, kb=number)
            if on:
                raise web.HttpError(404, "Nothing of KB{kb} had been released on {day}.", shown, kb=number, day=on)
        return {
            "heading": f"KB{number}",
            "answer": page["answer"],
            "page": page,
            "as_of": on,
            "fresh": _fresh(conn, day, page["answer"], _asked_cve(request)),
        }

    return await web.page(datasette, request, "lookup.html", make, is_shared=True)


async def _of_query(datasette: Any, request: Any, text: str, heading: str) -> Response:
    query: Query = read_query(text)

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        on = web.asked_day(request)
        is_number = query.kind == "number"
        asked = f"{query.value} {_asked_cve(request)}".strip()
        answer = page_data.of_number(conn, query.value, on) if is_number else page_data.lookup_answer(conn, asked, on)
        if answer["status"] == "not_found":
            nearest = neighbours(answer["nearest"])
            shown = {
                "nearest": nearest,
                "newest": product_data.newest_builds(conn, nearest, on or clock.today()),
                "query": query.value,
                "what": "build",
                "reported": answer["reported"],
                "fresh": when.freshness(conn, on or clock.today(), [row["product"] for row in nearest[:1] if row["product"]]),
                # The product with the nearest build decides: others with that number may have revisions of another order.
                "is_newer": bool(nearest) and bool(nearest[0]["below"]) and not nearest[0]["above"],
            }
            if on and page_data.is_named(conn, query.value):
                raise web.HttpError(404, "The build {build} had not been released on {day}.", shown, build=query.value, day=on)
            raise web.HttpError(404, "No source names the build {build}.", shown, build=query.value)
        return {
            "heading": Message(heading, build=query.value),
            "answer": answer,
            "page": None,
            "as_of": on,
            "fresh": _fresh(conn, on or clock.today(), answer, _asked_cve(request)),
        }

    return await web.page(datasette, request, "lookup.html", make, is_shared=True)


async def product(datasette: Any, request: Any) -> Response:
    """``/product/<product>``: a product."""
    name = request.url_vars["product"]
    t = words(language_of(request))

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        on = web.asked_day(request)
        details = product_data.product_page(conn, name, on)
        if details is None:
            raise web.HttpError(404, "No source names the product {product}.", product=name)
        title = t("Restarts of {product}: past, planned and expected", product=details["name"])
        framed = details["answer"]["framed"] if details["answer"] else None
        now = when.written(on, t.language) if on else None
        chart = charts.restart_line(details["timeline"], title, on or clock.today(), framed, t, now) if details["timeline"] else None
        return {"found": details, "chart": chart, "framed": framed, "day": on or clock.today(), "as_of": on}

    return await web.page(datasette, request, "product.html", make)


async def this_year(datasette: Any, request: Any) -> Response:
    """``/calendar``: redirect to this year, or the nearest one of the calendar."""
    this = int(clock.today()[:4])
    years = await web.read(datasette, lambda conn: page_data.years(conn, clock.today()))
    year = min(max(this, years[0]), years[-1]) if years else this
    return Response.redirect(addresses.of_request(datasette, request).path(f"calendar/{year}"), status=303)


async def year(datasette: Any, request: Any) -> Response:
    """``/calendar/<year>``: a year of all products."""
    number = int(request.url_vars["year"])

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        grid = page_data.year(conn, number, clock.today())
        if not grid["cells"]:
            raise web.HttpError(404, "No calendar covers {year}.", year=number)
        return {"found": grid}

    return await web.page(datasette, request, "calendar.html", make, is_shared=True)


async def month(datasette: Any, request: Any) -> Response:
    """``/calendar/<month>``: a month of all products."""
    name = request.url_vars["month"]

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        known = discovery.months(conn, clock.today())
        if name not in known:
            raise web.HttpError(404, "No calendar covers this month.")
        before, after = (month if (month := month_after(name, steps)) in known else None for steps in (-1, 1))
        return {"found": page_data.month(conn, name, clock.today()), "before": before, "after": after}

    return await web.page(datasette, request, "month.html", make, is_shared=True)


async def prices(datasette: Any, request: Any) -> Response:
    """``/prices``: prices over time, as steps and as a table."""
    t = words(language_of(request))

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        intervals = page_data.rows(
            conn,
            "select * from price_intervals order by service <> 'Hotpatch', service, product, meter, currency, region, condition, valid_from limit 2000",
        )
        drawn = [
            row
            for row in intervals
            if (row["service"], row["meter"], row["currency"], row["condition"]) == ("Hotpatch", "Azure Arc-enabled server", "USD", "")
        ]
        title = t("Price of Hotpatch on an Azure Arc-enabled server, in USD per core and month")
        conditions = DISCOUNTS | PLATFORMS
        return {
            "intervals": intervals,
            "conditions": conditions,
            "chart": charts.prices(drawn, title, date.fromisoformat(clock.today())),
            "title": title,
            "until": stated_until(conn, "price"),
        }

    return await web.page(datasette, request, "prices.html", make)


async def picture(datasette: Any, request: Any) -> Response:
    """``/cards/<language>/<page>.png``: the picture that others show beside a link; in English where this system writes no Japanese."""
    kind, name, wanted = (request.url_vars[part] for part in ("kind", "name", "language"))

    def make(conn: sqlite3.Connection) -> bytes:
        from hotpatch_kb.db.site.cards import picture as drawing  # noqa: PLC0415 (Pillow takes 0.1 s to import)

        language = wanted if drawing.writes(wanted) else DEFAULT
        found = cards.card(conn, kind, name, words(language))
        if found is None:
            raise web.HttpError(404, "There is no such page.")
        return drawing.draw(found, language)

    return await web.file(datasette, request, make, "image/png")


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    """Return the permanent addresses."""
    return [
        (r"^/$", home),
        (r"^/lookup$", lookup),
        (r"^/build/(?P<build>[0-9]{5}(?:\.[0-9]{1,5})?)$", build),
        (r"^/kb/(?P<kb>[0-9]{6,7})$", kb),
        (r"^/product/(?P<product>[a-z0-9-]{3,40})$", product),
        (r"^/calendar$", this_year),
        (r"^/calendar/(?P<year>20[0-9]{2})$", year),
        (rf"^/calendar/{_MONTH}$", month),
        (r"^/prices$", prices),
        (r"^/changes$", overviews.changes),
        (r"^/sources$", overviews.sources),
        (r"^/cve/(?P<cve>CVE-[0-9]{4}-[0-9]{4,7})$", overviews.cve),
        (r"^/eligible$", overviews.eligibility),
        (r"^/about$", overviews.about),
        (r"^/questions$", overviews.questions),
        (r"^/offline$", overviews.offline),
        (rf"^/cards/(?P<language>{'|'.join(LANGUAGES)})/(?P<kind>{'|'.join(cards.KINDS)})/(?P<name>{_NAME})\.png$", picture),
        (r"^/sitemap\.xml$", discovery.sitemap),
        (r"^/robots\.txt$", discovery.robots),
        (r"^/(?:build|kb|product|cve)/(?P<text>[^/]{1,600})$", spelled),
    ]
