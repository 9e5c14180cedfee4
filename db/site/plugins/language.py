# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""English and Japanese: the words of every page, chosen by the path, to which the browser's choice leads once."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from datasette import Response, hookimpl
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from hotpatch_kb.db.answers.exposure.gaps import condition
from hotpatch_kb.db.answers.icalendar_file import is_web_address
from hotpatch_kb.db.answers.stated_elsewhere import reported_day, reported_note
from hotpatch_kb.db.claims.derivations import messages_of
from hotpatch_kb.db.fleet.inventory.columns import BUILD
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.notation import months_unread, second_tuesday
from hotpatch_kb.db.model.products import KNOWN, named
from hotpatch_kb.db.site import addresses, cards, news, product_data, when
from hotpatch_kb.db.site.i18n import DEFAULT, LANGUAGES, SCOPE, Words, language_of, words
from hotpatch_kb.db.site.questions import options_kept

App = Callable[[Any, Any, Any], Awaitable[None]]
# The path of a front page, with a language or without: "/", "/en-us/".
_FRONT = re.compile(r"/?(?:[a-z]{2}-[a-z]{2}/?)?", re.IGNORECASE)
# Addresses and names of the pages that the bar leads to, and of those that only the foot does.
MAIN_PAGES = (
    ("calendar", "Calendar"), ("changes", "Changes"), ("fleet", "Fleet"), ("eligible", "Eligibility"), ("cost", "Cost"), ("subscribe", "Subscribe"), ("hotpatch", "Data"),
)  # fmt: skip
ALL_PAGES = (*MAIN_PAGES, ("prices", "Prices"), ("sources", "Sources"), ("api", "API"), ("questions", "Questions"), ("about", "About"))


@hookimpl  # type: ignore[untyped-decorator]
def prepare_jinja2_environment(env: Any) -> None:
    """Add words for pages that Datasette renders without a request (its errors), and filters for published text."""
    env.globals |= {
        "t": words(DEFAULT),
        "lang": DEFAULT,
        "languages": LANGUAGES,
        "reported_note": reported_note,
        "reported_day": reported_day,
        "condition": condition,
        "mark_of": news.mark_of,
        "derivations": messages_of,
        "product_name": _product_name,
        "unread_months": _unread_months,
        "second_tuesday": second_tuesday,
        "main_pages": MAIN_PAGES,
        "all_pages": ALL_PAGES,
        "here_path": "/",
        "switch": {},
        "canonical": {},
    }
    env.tests["known_product"] = lambda product: product in KNOWN
    env.tests["build"] = lambda text: BUILD.fullmatch(str(text)) is not None
    env.tests["front_page"] = lambda url: _FRONT.fullmatch(urlsplit(str(url)).path) is not None
    env.filters["link"] = link
    env.filters["month_of"] = when.month_of
    env.filters["host"] = lambda url: urlsplit(str(url)).hostname or url
    env.filters["month_name"] = when.month_name
    env.filters["plain_day"] = when.written
    env.filters["safe_markup"] = Markup
    env.filters["day_of"] = when.time_element
    env.filters["days"] = when.days_kept
    env.filters["days_in"] = when.days_in
    env.filters["options"] = options_kept
    env.filters["days_until"] = when.period
    env.filters["distance"] = _distance
    env.filters["month_end"] = product_data.month_end
    env.filters["month_or_day"] = lambda text, language: (when.written if product_data.month_end(text) == text else when.month_of)(
        text, language
    )
    env.filters["interval"] = when.interval
    env.filters["late"] = lambda day, t: when.late(day, clock.today(), t)
    env.filters["money"] = money
    env.filters["in_words"] = when.event_said
    env.filters["bare"] = lambda build: str(build or "")


@pass_context
def _product_name(context: Context, product: str) -> str:
    """Return the name of a product in the language of the page."""
    name: str = context["t"](named(product).name)
    return name


@pass_context
def _distance(context: Context, day: str, t: Words) -> str:
    """Return how far away a day is, from the day that the page is about."""
    return when.distance(day, context.get("as_of") or clock.today(), t)


@lru_cache(maxsize=10_000)  # a page of a KB has a hundred, most of a dozen addresses
@pass_context
def _unread_months(context: Context, until: str | None) -> list[str]:
    """Return the months whose updates nobody read, by the last day of the data and the day that a page is as of."""
    return months_unread(until, context.get("as_of") or clock.today()) if until else []


# Of 30 links of a page most lead to sources that other pages name. Markup, whose text is kept as it is, and a text that is equal are two.
@lru_cache(maxsize=10_000, typed=True)
def link(url: object, text: object = None) -> Markup:
    """Return a link where the address is a web address, else its text alone."""
    shown = escape(url if text is None else text)
    if url and is_web_address(str(url)):
        return Markup(f'<a href="{escape(url)}" rel="noopener noreferrer">{shown}</a>')  # noqa: S704 (both are escaped)
    return shown


def money(amount: float) -> str:
    """Return an amount with two decimals, or as many as it has: "1.50", "0.0005"."""
    short = f"{amount:.2f}"
    return short if float(short) == amount else f"{amount:.10f}".rstrip("0")


@hookimpl  # type: ignore[untyped-decorator]
def extra_template_vars(datasette: Any, request: Any) -> dict[str, Any]:
    """Return ``t``, the words; ``lang``; ``urls`` in that language; and the addresses of the page in every language."""
    language = language_of(request)
    found = {"t": words(language), "lang": language, "urls": addresses.of_request(datasette, request)}
    if request is None:
        return found | {"here_path": "/", "switch": {}, "canonical": {}}
    return found | {
        "here_path": request.path,
        "switch": addresses.in_languages(datasette, request),
        "canonical": addresses.canonical(datasette, request),
        "card": datasette.absolute_url(
            request, datasette.urls.path(_card(request.path.removeprefix(str(datasette.urls.path(""))), language))
        ),
    }


def _card(path: str, language: str) -> str:
    """Return the path of the picture of a page, below the address of the site: its own, or that of the site."""
    kind, _, name = path.partition("/")
    return f"cards/{language}/{path}.png" if kind in cards.KINDS and name else "site/card.png"


@hookimpl(trylast=True)  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Any) -> Callable[[App], App]:
    """Take the language from the path, before anything else sees it: the handlers know no languages."""
    base = str(datasette.setting("base_url"))

    def wrap(app: App) -> App:
        async def in_language(scope: Any, receive: Any, send: Any) -> None:
            found = addresses.split(scope["path"], base) if scope["type"] == "http" else None
            if found is not None:
                language, path = found
                raw = scope.get("raw_path")
                rest = None if raw is None else base.encode() + raw[len(base) + len(language) + 1 :]
                scope = {**scope, "path": path, "raw_path": rest, SCOPE: language}
            await app(scope, receive, send)

        return in_language

    return wrap


async def switch(datasette: Any, request: Any) -> Response:
    """``/language/<language>``: redirect to the page where the reader was, in that language, only on this site."""
    back = request.args.get("back") or "/"
    # "//host" and "/\\host" lead to other sites, and a line feed would end the header.
    if not back.startswith("/") or back[1:2] in {"/", "\\"} or not back.isprintable() or len(back) > 2000:
        back = "/"
    path, _, query = back.partition("?")
    base = str(datasette.setting("base_url"))
    rest = (addresses.split(path, base) or ("", path))[1].removeprefix(base)
    kept = "&".join(part for part in query.split("&") if part and not part.startswith("lang="))
    address = f"{base}{request.url_vars['language']}/{rest}"
    return Response.redirect(f"{address}?{kept}" if kept else address, status=303, headers={"cache-control": "no-store"})


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    """Return the address of the switch."""
    return [(rf"^/language/(?P<language>{'|'.join(LANGUAGES)})$", switch)]
