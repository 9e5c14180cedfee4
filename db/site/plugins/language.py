# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""English and Japanese: the words of every page, chosen by the browser, or by a switch that sets a cookie."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from datasette import Response, hookimpl
from markupsafe import Markup, escape

from hotpatch_kb.db.answers.icalendar_file import is_web_address
from hotpatch_kb.db.answers.stated_elsewhere import reported_note
from hotpatch_kb.db.fleet.inventory.columns import BUILD
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.products import KNOWN, named
from hotpatch_kb.db.site import when
from hotpatch_kb.db.site.i18n import COOKIE, DEFAULT, LANGUAGES, language_of, words

YEAR = 365 * 24 * 3600  # seconds
# Addresses and names of the pages that the bar leads to, and of those that only the foot does.
# The path of a front page, with a language or without: "/", "/en-us/".
_FRONT = re.compile(r"/?(?:[a-z]{2}-[a-z]{2}/?)?", re.IGNORECASE)
MAIN_PAGES = (
    ("calendar", "Calendar"), ("changes", "Changes"), ("fleet", "Fleet"), ("eligible", "Who may"), ("cost", "Cost"), ("subscribe", "Subscribe"), ("hotpatch", "Data"),
)  # fmt: skip
ALL_PAGES = (*MAIN_PAGES, ("prices", "Prices"), ("sources", "Sources"), ("api", "API"), ("about", "About"))


@hookimpl  # type: ignore[untyped-decorator]
def prepare_jinja2_environment(env: Any) -> None:
    """Add words for pages that Datasette renders without a request (its errors), and filters for published text."""
    env.globals |= {
        "t": words(DEFAULT),
        "lang": DEFAULT,
        "languages": LANGUAGES,
        "reported_note": reported_note,
        "product_name": lambda product: named(product).name,
        "main_pages": MAIN_PAGES,
        "all_pages": ALL_PAGES,
        "here_path": "/",
    }
    env.tests["known_product"] = lambda product: product in KNOWN
    env.tests["build"] = lambda text: BUILD.fullmatch(str(text)) is not None
    env.tests["front_page"] = lambda url: _FRONT.fullmatch(urlsplit(str(url)).path) is not None
    env.filters["link"] = link
    env.filters["month_of"] = month_of
    env.filters["host"] = lambda url: urlsplit(str(url)).hostname or url
    env.filters["month_name"] = when.month_name
    env.filters["plain_day"] = when.written
    env.filters["safe_markup"] = Markup
    env.filters["day_of"] = when.time_element
    env.filters["distance"] = lambda day, t: when.distance(day, clock.today(), t)
    env.filters["overdue"] = lambda day, t: when.overdue(day, clock.today(), t)
    env.filters["money"] = money
    env.filters["in_words"] = lambda item, t, language: item.in_words(t, lambda month: month_of(month, language))
    env.filters["bare"] = lambda build: str(build or "")


def link(url: object, text: object = None) -> Markup:
    """Return a link where the address is a web address, else its text alone."""
    shown = escape(url if text is None else text)
    if url and is_web_address(str(url)):
        return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(url, shown)
    return shown


def money(amount: float) -> str:
    """Return an amount with two decimals, or as many as it has: "1.50", "0.0005"."""
    short = f"{amount:.2f}"
    return short if float(short) == amount else f"{amount:.10f}".rstrip("0")


def month_of(month: str, language: str) -> str:
    """Return a month as people write it: "June 2026", "2026年6月"."""
    from hotpatch_kb.db.model.notation import MONTHS  # noqa: PLC0415

    return f"{month[:4]}年{int(month[5:7])}月" if language == "ja" else f"{MONTHS[int(month[5:7]) - 1]} {month[:4]}"


@hookimpl  # type: ignore[untyped-decorator]
def extra_template_vars(request: Any) -> dict[str, Any]:
    """Return ``t``, the words; ``lang``; ``here``, the path to return to when the language is switched."""
    language = language_of(request)
    return {
        "t": words(language),
        "lang": language,
        "here": request.full_path if request else "/",
        "here_path": request.path if request else "/",
    }


async def switch(request: Any) -> Response:
    """``/language/<language>``: set the cookie and return to where the reader was, only on this site."""
    back = request.args.get("back") or "/"
    # "//host" and "/\host" lead to other sites, and a line feed would end the header.
    if not back.startswith("/") or back[1:2] in {"/", "\\"} or not back.isprintable() or len(back) > 2000:
        back = "/"
    language = request.url_vars["language"]
    path, _, query = back.partition("?")
    kept = "&".join(part for part in query.split("&") if part and not part.startswith("lang="))
    response = Response.redirect(f"{path}?{kept}" if kept else path, status=303, headers={"cache-control": "no-store"})
    response.set_cookie(COOKIE, language, max_age=YEAR, samesite="lax")
    return response


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    """Return the address of the switch."""
    return [(rf"^/language/(?P<language>{'|'.join(LANGUAGES)})$", switch)]
