# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""What a request may be, checked before any handler sees it: its method, its body, its parameters, and which addresses a published site has.

Datasette 0.65.5 by itself counts a facet for each of a thousand ``_facet=`` (130 s and 3.4 GB, also after the client left), reads a form of
150 MB whole to look for its token, and has addresses for debugging. ``POST /-/messages`` needs no token and signs any text into a cookie
that the next page shows.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from datasette import Request, Response, hookimpl

from hotpatch_kb.db.site import web
from hotpatch_kb.db.site.i18n import language_of, words
from hotpatch_kb.db.site.load.request_body import MAX_BODY, TOO_LARGE
from hotpatch_kb.db.site.load.room import PLACE, Place, Room, room
from hotpatch_kb.db.site.load.turns import LARGE, turns

MAX_PARAMETERS: Final = 100
MAX_FACETS: Final = 5  # Datasette gives each facet 0.1 s on a published site
# What Datasette itself has below /-/ and a page needs; assistants ask /-/mcp where the extra mcp is installed.
_OPEN: Final = ("/-/static/", "/-/static-plugins/", "/-/mcp")
_POSTED: Final = ("/fleet", "/api/assess", "/-/mcp")
# Datasette says 403 of "/site/../../etc" and "/site//etc", 404 of a folder that there is not: a visitor could try which folders the machine has.
_STATIC: Final = re.compile(r"/(?:site|-/static|-/static-plugins)/(?P<file>.*)", re.DOTALL)
_FILE: Final = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}/){0,5}[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])?(?::[0-9]{1,5})?")
_NUL: Final = re.compile(r"\0|~00")  # Datasette writes names of tables and keys of rows with "~" for "%"
_METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST")

App = Callable[[Any, Any, Any], Awaitable[None]]
Event = MutableMapping[str, Any]


@hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Any) -> Callable[[App], App]:
    """Refuse what a request may not be, with one clear line; pass everything else on, its equal parameters once.

    The other wrappers are around this one, so that what it refuses has their headers.
    """
    is_public = not datasette.setting("default_allow_sql")

    def wrap(app: App) -> App:
        async def guarded(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            if not all(_HOST.fullmatch(value) for name, value in scope.get("headers", ()) if name == b"host"):
                await Response.text("expected a host in Host, got something else", status=400).asgi_send(
                    send
                )  # a page would have links to it
                return
            try:
                checked = _checked(scope, is_public=is_public)
                whole = _bounded(receive, room(datasette), scope.get(PLACE))
                if checked["path"].startswith(LARGE):
                    await _in_turn(datasette, app, checked, whole, send)
                else:
                    await app(checked, whole, send)
            except web.HttpError as wrong:
                await _refuse(datasette, scope, wrong, send)

        return guarded

    return wrap


def _checked(scope: Any, *, is_public: bool) -> Any:
    """Return the scope of a request that may be answered.

    Raises:
        web.HttpError: its method, its address or its parameters are not allowed (405, 404, 400), or it states a body that is too large (413).
    """
    path, method = scope["path"], scope["method"]
    # Datasette leads from "//evil.example/" to "//evil.example", which is another host.
    if not path.startswith("/") or path[1:2] in {"/", "\\"}:
        raise web.HttpError(404, "There is no such page.")
    static = _STATIC.fullmatch(path)
    if _NUL.search(path) or (static is not None and _FILE.fullmatch(static["file"]) is None):
        raise web.HttpError(404, "There is no such page.")
    # Datasette's pages of tables fail on a POST, which is for queries that write; those for debugging take it.
    if method not in _METHODS or (method == "POST" and not path.startswith(_POSTED if is_public else (*_POSTED, "/-/"))):
        allowed = _METHODS if path.startswith(_POSTED) else ("GET", "HEAD")
        raise web.HttpError(405, "expected {methods}", methods=", ".join(allowed))
    if is_public and path.startswith("/-/") and not path.startswith(_OPEN):
        raise web.HttpError(404, "There is no such page.")
    stated = dict(scope.get("headers", ())).get(b"content-length", b"")
    if stated.isdigit() and int(stated) > MAX_BODY:
        raise TOO_LARGE
    headers = [(name, value) for name, value in scope.get("headers", ()) if name != b"cookie" or _is_readable(value)]
    return {**scope, "query_string": _parameters(scope.get("query_string", b"")), "headers": headers}


def _is_readable(cookies: bytes) -> bool:
    """Return whether Datasette can read cookies: it fails on bytes that are not UTF-8, and on names such as "a/b".

    Those of other sites of the same domain come here, too: a visitor who has one is answered as one without.
    """
    try:
        SimpleCookie().load(cookies.decode("utf-8"))
    except (UnicodeDecodeError, CookieError):
        return False
    return True


def _parameters(query: bytes) -> bytes:
    """Return a query with each pair of a name and a value once.

    Raises:
        web.HttpError: it has more parameters or facets than one page needs (400).
    """
    if b"%00" in query:  # SQLite takes no name or text with a NUL, and says so as a fault of ours
        raise web.HttpError(400, "expected parameters of a table, got others")
    if query.count(b"&") < MAX_FACETS:
        return query
    given = parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    once = list(dict.fromkeys(given))
    if len(once) > MAX_PARAMETERS:
        raise web.HttpError(400, "expected at most {most} parameters, got {got}", most=MAX_PARAMETERS, got=len(once))
    facets = sum(name.startswith("_facet") and not name.startswith("_facet_size") for name, _ in once)
    if facets > MAX_FACETS:
        raise web.HttpError(400, "expected at most {most} facets, got {got}", most=MAX_FACETS, got=facets)
    return query if len(once) == len(given) else urlencode(once, encoding="latin-1").encode()


async def _in_turn(datasette: Any, app: App, scope: Any, receive: Any, send: Any) -> None:
    """Answer in a turn that ends when the answer begins: how quickly it is read is not ours to wait for."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(turns(datasette).turn(receive))

        async def begun(message: Event) -> None:
            await stack.aclose()
            await send(message)

        await app(scope, receive, begun)


def _bounded(receive: Callable[[], Awaitable[Event]], its_room: Room, place: Place | None) -> Callable[[], Awaitable[Event]]:
    """Return ``receive`` that ends the request when its body is larger than any handler takes, whether or not it states its length."""
    size = 0

    async def bounded() -> Event:
        nonlocal size
        event = await receive()
        size += len(event.get("body", b""))
        if size > MAX_BODY:
            raise TOO_LARGE
        if place is not None:
            its_room.hold(place, place, size)
        return event

    return bounded


async def _refuse(datasette: Any, scope: Any, wrong: web.HttpError, send: Any) -> None:
    """Answer in the form of the address: JSON below ``/api/`` and of tables, else a page."""
    await datasette.invoke_startup()
    asked = Request({**scope, "query_string": b""}, None)
    request = web.bare(asked, language_of(asked))
    if request.path.startswith("/api/") or request.path.endswith(".json"):
        response = web.error(wrong.status, wrong.message)
    elif wrong.status == HTTPStatus.SERVICE_UNAVAILABLE:
        # A page takes 10 ms, and who is told to ask later may ask at once.
        response = Response.text(str(words(language_of(request)).say(wrong.message)), status=wrong.status)
    else:
        response = await web.problem(datasette, request, wrong.status, wrong.message)
    if wrong.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["retry-after"] = "20"
    await response.asgi_send(send)
