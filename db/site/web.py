"""Shared code of the site's plugins: reads in one snapshot, a cache of answers, pages in the reader's language."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from operator import is_
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from datasette import Request, Response
from datasette.database import QueryInterrupted
from datasette.utils import sqlite_timelimit
from markupsafe import Markup

from hotpatch_kb.db.answers import coverage
from hotpatch_kb.db.answers.exposure.security_data import all_security_data
from hotpatch_kb.db.answers.json_output import json_text
from hotpatch_kb.db.answers.product_facts import Facts
from hotpatch_kb.db.answers.verdicts import Verdicts
from hotpatch_kb.db.model import clock, reading
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message, in_words
from hotpatch_kb.db.model.products import PLATFORMS
from hotpatch_kb.db.site import DATABASE, addresses
from hotpatch_kb.db.site.i18n import DEFAULT, SCOPE, language_of
from hotpatch_kb.db.site.rendering import renderer

T = TypeVar("T")

# Answers are the same for all readers until a crawl or the day ends. 64 MB hold 1,600 pages of 40 kB; there are some 4,000.
MAX_CACHED: Final = 64_000_000  # bytes
# Characters of one text of a page. The longest in a source has 2,400.
MAX_TEXT: Final = 10_000
# Bytes of a value or a sorted row of our own statements; those of visitors may have less (plugins/limits.py).
MAX_VALUE: Final = 50_000_000
# For all statements of a page. The slowest page, a product's, takes 60 ms; a visitor chooses what is asked, not how.
SECONDS: Final = 10
# Days that a request may ask for: the month after the last day of Python's calendar cannot be worked out.
_FIRST: Final = "2000-01-01"
_LAST: Final = "2100-12-31"


class HttpError(Exception):
    """An answer of HTTP that is an error.

    Attributes:
        status: of HTTP.
        message: for the reader.
        context: what the page of a problem shows besides the message.
    """

    def __init__(self, status: int, form: str, /, context: Mapping[str, Any] | None = None, **values: object) -> None:
        """Take the status, and the message's form and values."""
        self.status = status
        self.message = Message(form, **values)
        self.context = context
        super().__init__(str(self.message))


async def read(datasette: Any, function: Callable[[sqlite3.Connection], T]) -> T:
    """Return what a function reads from the database, all its statements in one snapshot, in a thread.

    Raises:
        HttpError: it took too long (503).
    """

    def in_snapshot(conn: sqlite3.Connection) -> T:
        limit = conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)  # the connection is this thread's alone
        with sqlite_timelimit(conn, SECONDS * 1000):
            conn.execute("begin")
            try:
                return function(conn)
            except sqlite3.OperationalError as error:
                if str(error) == "interrupted":
                    raise QueryInterrupted(error, "", {}) from None
                raise
            finally:
                conn.rollback()
                conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limit)

    try:
        result: T = await datasette.get_database(DATABASE).execute_fn(in_snapshot)
    except QueryInterrupted:
        raise HttpError(503, "This took too long. Ask again later.") from None
    return result


class AnswerCache:
    """Answers by what was asked, of one state of the facts and one day. The oldest are dropped when they grow too large."""

    def __init__(self, most: int | None = None) -> None:
        """Take how many bytes are kept, none where each answer is asked for once; None for ``MAX_CACHED``."""
        self.most = MAX_CACHED if most is None else most
        self.state: tuple[object, ...] = ()
        self.answers: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self.size = 0
        self._lock = threading.Lock()
        self._made: dict[tuple[object, ...], asyncio.Event] = {}

    @asynccontextmanager
    async def alone(self, key: tuple[object, ...]) -> AsyncIterator[None]:
        """Wait until nobody else makes the answer of a key: a hundred who ask for one at once get what the first of them made."""
        while (made := self._made.get(key)) is not None:
            await made.wait()
        made = self._made[key] = asyncio.Event()
        try:
            yield
        finally:
            del self._made[key]
            made.set()

    def get(self, state: tuple[object, ...], key: tuple[object, ...]) -> bytes | None:
        """Return an answer of this state; None where there is none yet. Answers of another state are dropped."""
        with self._lock:
            if state != self.state:
                self.state, self.size = state, 0
                self.answers.clear()
            return self.answers.get(key)

    def put(self, state: tuple[object, ...], key: tuple[object, ...], answer: bytes) -> None:
        """Keep an answer of this state, unless it takes more than a quarter of the cache; the largest, claims as CSV, has 16 MB and takes 2 s."""
        with self._lock:
            if state != self.state or key in self.answers or len(answer) > self.most // 4:
                return
            self.answers[key] = answer
            self.size += len(answer)
            while self.size > self.most:
                self.size -= len(self.answers.popitem(last=False)[1])


async def _cached(datasette: Any, key: tuple[object, ...], make: Callable[[], Awaitable[bytes]]) -> bytes:
    """Return an answer of nothing but the facts, the day and its key. A crawl writes facts and the end of its run together: ``runs`` tells states apart."""
    store = _store(datasette)
    if not store.most:
        return await make()
    async with store.alone(key):
        state = (clock.today(), await datasette.get_database(DATABASE).execute_fn(_state))
        answer = store.get(state, key)
        if answer is None:
            answer = await make()
            store.put(state, key, answer)
    return answer


def _store(datasette: Any) -> AnswerCache:
    store: AnswerCache = datasette.__dict__.setdefault("_hotpatch_kb_cache", AnswerCache())
    return store


async def _cached_read(datasette: Any, key: tuple[object, ...], make: Callable[[sqlite3.Connection], bytes]) -> bytes:
    """Return a cached answer that needs no template.

    Check and read in one thread hop instead of two: a hop takes a third of a lookup's time.
    """
    store, day = _store(datasette), clock.today()

    def cached(conn: sqlite3.Connection) -> bytes:
        state = (day, _state(conn))
        answer = store.get(state, key)
        if answer is None:
            answer = make(conn)
            store.put(state, key, answer)
        return answer

    async with store.alone(key):
        return await read(datasette, cached)


_judging = threading.local()


def verdicts_on(conn: sqlite3.Connection, day: str) -> Verdicts:
    """Return the verdicts of a day; today's are kept between requests until facts or day change."""
    today = judging_today(conn, clock.today()).verdicts
    return today if day == clock.today() else Verdicts(conn, day, today.facts)


class Kept(NamedTuple):
    """What is kept where all pages are made, one after the other.

    Attributes:
        answers: of lookups without options, by query; the matches that they share are the same objects.
        shown: by the id of a match the match, and what pages show of it, to use and to fill.
        contexts: by path, what the page that is being made says in every language, likewise.
        fresh: by day, products and day of the CVEs, how far the data reaches, likewise.
    """

    answers: Mapping[str, Any]
    shown: dict[int, tuple[Any, Any]]
    contexts: dict[str, Mapping[str, Any]]
    fresh: dict[tuple[str | None, ...], Any]


class Judging(NamedTuple):
    """What judges builds on a day, for many pages of one state of the facts.

    Attributes:
        verdicts: of the day.
        kept: what pages share where all are made; None where a few are.
    """

    verdicts: Verdicts
    kept: Kept | None = None


def judging_today(conn: sqlite3.Connection, day: str) -> Judging:
    """Return what judges builds today, kept between requests of this thread until facts or day change; where all pages are made, facts do not."""
    if kept_of(conn) is None and getattr(_judging, "state", None) != (conn, day, _state(conn)):
        keep_judging(conn, day, Judging(Verdicts(conn, day, _shared_facts(conn))))
    kept: Judging = _judging.kept
    return kept


def kept_of(conn: sqlite3.Connection) -> Kept | None:
    """Return what pages share where this thread makes all pages of a connection today; None where it makes a few."""
    return _judging.kept.kept if getattr(_judging, "state", ())[:2] == (conn, clock.today()) else None


# Of one state of one database, for all threads: reading them takes 0.3 s. Verdicts, which work out step by step what is known, are each thread's own.
_kept_facts: list[tuple[object, Facts]] = []
_reading = threading.Lock()


def _shared_facts(conn: sqlite3.Connection) -> Facts:
    """Return all facts as a connection sees them; one thread reads them, the others wait."""
    path = conn.execute("pragma database_list").fetchone()[2]
    file = Path(path).stat() if Path(path).is_file() else None  # another file may come to its place
    state = ((path, file.st_ino, file.st_mtime_ns) if file else conn, _state(conn))
    with _reading:
        facts = next((found for of_state, found in _kept_facts if of_state == state), None)
        if facts is None:
            facts = Facts(conn)
            facts.read_all(all_security_data(conn))
            _kept_facts[:] = [(state, facts)]
    return facts


def facts_today(conn: sqlite3.Connection) -> Facts:
    """Return the rows of products and the security data as they are now, kept as ``judging_today`` is."""
    return judging_today(conn, clock.today()).verdicts.facts


def keep_judging(conn: sqlite3.Connection, day: str, judging: Judging) -> None:
    """Keep what judges builds on a day for the requests of this thread."""
    _judging.state, _judging.kept = (conn, day, _state(conn)), judging


def _state(conn: sqlite3.Connection) -> tuple[object, ...]:
    return tuple(conn.execute("select max(run), max(ended_at), count(*) from runs").fetchone())


def max_age(datasette: Any) -> dict[str, str]:
    """Return the header that says how long others may keep an answer: a cache on the way for five times as long as a browser, at most minutes.

    An answer that is kept too long could call a machine patched after the next Patch Tuesday.
    """
    seconds = datasette.setting("default_cache_ttl")
    return {"cache-control": f"public, max-age={seconds}, s-maxage={5 * seconds}, stale-while-revalidate={5 * seconds}"}


async def page(
    datasette: Any, request: Any, template: str, make: Callable[[sqlite3.Connection], Mapping[str, Any]], *, is_shared: bool = False
) -> Response:
    """Return a page whose content is read from the database.

    Args:
        datasette: the site.
        request: the page depends on its path, its query and its language.
        template: its template.
        make: reads the context of the template; may raise ``HttpError`` and ``BadInput``.
        is_shared: whether ``make`` reads the same for every language, so that who makes them all asks once.
    """
    language = language_of(request)
    if language != DEFAULT and SCOPE not in request.scope and "lang" not in request.args:
        # The browser's choice leads to the address in that language, once: what is there is the same for everybody.
        return Response.redirect(
            addresses.in_languages(datasette, request)[language], headers={"cache-control": "no-store", "vary": "Accept-Language"}
        )
    key = (template, request.scheme, request.host, request.full_path, request.scope.get(SCOPE), language)

    async def rendered() -> bytes:
        context = await read(datasette, lambda conn: _context(conn, make, request.full_path if is_shared else None))
        text = await renderer(datasette).page(template, context, bare(request, language))
        return text.encode("utf-8", errors="replace")

    try:
        body = await _cached(datasette, key, rendered)
    except HttpError as wrong:
        return await problem(datasette, request, wrong.status, wrong.message, wrong.context)
    except BadInput as error:
        return await problem(datasette, request, 400, error.message)
    return Response(body, headers=max_age(datasette), content_type="text/html; charset=utf-8")


def _context(conn: sqlite3.Connection, make: Callable[[sqlite3.Connection], Mapping[str, Any]], path: str | None) -> dict[str, Any]:
    """Return the context of a page: what was read for another language, where a path says that it is the same and somebody keeps it."""
    kept = kept_of(conn) if path is not None else None
    if kept is None or path is None:
        return _clipped_values(make(conn))
    if path not in kept.contexts:
        kept.contexts.clear()
        kept.contexts[path] = _clipped_values(make(conn))
    return dict(kept.contexts[path])


def bare(request: Any, language: str) -> Request:
    """Return a request that has nothing of its visitor but what a kept page's key has: no cookie, no token, no message, no actor."""
    headers = [(b"host", request.host.encode("latin-1", "replace")), (b"accept-language", language.encode())]
    names = (SCOPE, "type", "http_version", "scheme", "path", "raw_path", "root_path", "query_string", "url_route", "route_path")
    kept = {name: request.scope[name] for name in names if name in request.scope}
    return Request(kept | {"method": "GET", "headers": headers, "csrftoken": str}, None)  # str() is "": no page that is kept has a token


def _clipped_values(context: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _clipped(value) for name, value in context.items()}


def _clipped(value: Any) -> Any:
    """Return a value of a template's context with its texts cut at ``MAX_TEXT``, also inside dicts and lists; itself where nothing is cut."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT or isinstance(value, Markup) else f"{value[:MAX_TEXT]}..."
    if isinstance(value, dict):
        cut: dict[Any, Any] = {key: short for key, item in value.items() if (short := _clipped(item)) is not item}
        return value | cut if cut else value
    if isinstance(value, list):
        items = [_clipped(item) for item in value]
        return value if all(map(is_, items, value)) else items
    return value


async def file(datasette: Any, request: Any, make: Callable[[sqlite3.Connection], bytes], content_type: str) -> Response:
    """Return a file made from the database: a feed, a calendar, a table as CSV, a picture. Its links begin with what it is kept by."""
    key = (content_type, request.host, request.scheme, request.full_path, request.scope.get(SCOPE))
    try:
        body = await _cached_read(datasette, key, make)
    except HttpError as wrong:
        return await problem(datasette, request, wrong.status, wrong.message)
    except BadInput as bad:
        return await problem(datasette, request, 400, bad.message)
    return Response(body, headers=max_age(datasette) | ANYWHERE, content_type=content_type)


async def problem(datasette: Any, request: Any, status: int, message: Message | str, context: Mapping[str, Any] | None = None) -> Response:
    """Return a page that says what was expected and what came."""
    text = await datasette.render_template("problem.html", {"status": status, "message": message, **(context or {})}, request=request)
    return Response.html(text, status=status)


async def api(datasette: Any, request: Any, make: Callable[[sqlite3.Connection], Any]) -> Response:
    """Return an answer of the API: what a function reads from the database, as JSON.

    Bad input is 400, what does not exist 404, both as ``{"error": ...}``.
    """
    try:
        body = await _cached_read(datasette, ("api", request.full_path), lambda conn: as_json(make(conn)))
    except HttpError as wrong:
        return error(wrong.status, wrong.message)
    except BadInput as bad:
        return error(400, bad.message)
    return Response(body, headers=max_age(datasette) | ANYWHERE, content_type="application/json; charset=utf-8")


# The facts are public and nothing about visitors is kept, so any web page may ask.
ANYWHERE: Final = {"access-control-allow-origin": "*"}


def as_json(value: Any) -> bytes:
    """Return a value as the command prints it."""
    return json_text(value).encode("utf-8", errors="replace")


def _parameter(form: str) -> str | None:
    """Return how the API writes an option of the command: ``--cores-per-server`` is its parameter ``cores_per_server``."""
    name, _, value = form.removeprefix("--").partition(" ")
    parameter = name.replace("-", "_")
    return (f"{parameter}={value}" if value else parameter) if form.startswith("--") else None


def error(status: int, message: Message | str) -> Response:
    """Return an error of the API, in English with the names of its parameters."""
    return Response(
        as_json({"error": in_words(message, _parameter)}), status=status, headers=ANYWHERE, content_type="application/json; charset=utf-8"
    )


def only(request: Any, names: Iterable[str]) -> None:
    """Refuse parameters that an endpoint does not know: ignoring a typing error such as ``know=2026-06-01`` would answer another question.

    Raises:
        BadInput: the request has such a parameter.
    """
    known = list(names)
    if unknown := [name for name in request.args if name not in known]:
        if not known:
            raise BadInput("expected no parameter, got {got!r}", got=unknown[0][: reading.MAX_SHOWN])
        raise BadInput("expected {parameters}, got {got!r}", parameters=", ".join(known), got=unknown[0][: reading.MAX_SHOWN])


def product_of(conn: sqlite3.Connection, request: Any) -> str | None:
    """Return the id of the product that a request names; None where it names none.

    Raises:
        BadInput: the database has no product of that name.
    """
    return coverage.named_product(conn, (request.args.get("product") or "").strip()[:60] or None)


def platform_of(request: Any) -> str | None:
    """Return the platform that a request names; None where it names none.

    Raises:
        BadInput: it is not a platform.
    """
    platform = request.args.get("platform") or None
    if platform not in {None, *PLATFORMS}:
        raise BadInput(
            "expected a platform ({platforms}), got {got!r}", platforms=", ".join(PLATFORMS), got=str(platform)[: reading.MAX_SHOWN]
        )
    return platform


def day_of(request: Any) -> str:
    """Return the day that a request asks for (``on``), today where it asks for none, as an ISO date.

    Raises:
        BadInput: it is not a day.
    """
    return asked_day(request) or clock.today()


def asked_day(request: Any, name: str = "on") -> str | None:
    """Return the day that a parameter of a request states, as an ISO date; None where it states none.

    Raises:
        BadInput: it is not a day.
    """
    text = (request.args.get(name) or "").strip()
    if not text:
        return None
    day = reading.day(text)
    if not _FIRST <= day <= _LAST:
        raise BadInput("expected a day such as 2026-07-14, got {got!r}", got=text[: reading.MAX_SHOWN])
    return day
