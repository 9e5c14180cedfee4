"""What the plugins of the site share: reading in one snapshot, answers kept while the facts stand, pages in the reader's language."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from datasette import Response
from datasette.database import QueryInterrupted
from datasette.utils import sqlite_timelimit
from markupsafe import Markup

from hotpatch_kb.db.answers import coverage
from hotpatch_kb.db.answers.json_output import json_text
from hotpatch_kb.db.answers.verdicts import Verdicts
from hotpatch_kb.db.model import clock, reading
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message, in_words
from hotpatch_kb.db.site import DATABASE
from hotpatch_kb.db.site.i18n import language_of

T = TypeVar("T")

# Answers are the same for all readers until a crawl ends or the day does: 64 MB of 40 kB pages are 1,600 of some 4,000 that there are.
MAX_KEPT: Final = 64_000_000  # bytes
# Of one text of a page. The longest that a source has is 2,400 characters.
MAX_TEXT: Final = 10_000
# Bytes of a value or a sorted row of our own statements; a visitor's have less (plugins/limits.py).
MAX_VALUE: Final = 50_000_000
# A page's statements together. The slowest, all of a product, takes 60 ms; a visitor can choose what is asked, not how.
SECONDS: Final = 10


class HttpError(Exception):
    """What was asked cannot be answered.

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
    """Runs a function on the database, all its statements on one state of it, in a thread.

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
        found: T = await datasette.get_database(DATABASE).execute_fn(in_snapshot)
    except QueryInterrupted:
        raise HttpError(503, "This took too long. Ask again later.") from None
    return found


class _Kept:
    """Answers by what was asked, of one state of the facts and one day, the oldest dropped when they grow too large."""

    def __init__(self) -> None:
        self.state: tuple[object, ...] = ()
        self.answers: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self.size = 0
        self._lock = threading.Lock()

    def get(self, state: tuple[object, ...], key: tuple[object, ...]) -> bytes | None:
        with self._lock:
            if state != self.state:
                self.state, self.size = state, 0
                self.answers.clear()
            return self.answers.get(key)

    def keep(self, state: tuple[object, ...], key: tuple[object, ...], answer: bytes) -> None:
        with self._lock:
            if state != self.state or key in self.answers or len(answer) > MAX_KEPT // 10:
                return
            self.answers[key] = answer
            self.size += len(answer)
            while self.size > MAX_KEPT:
                self.size -= len(self.answers.popitem(last=False)[1])


async def _kept(datasette: Any, key: tuple[object, ...], make: Callable[[], Awaitable[bytes]]) -> bytes:
    """An answer that depends on the facts, the day and its key alone.

    A crawl writes its facts and the end of its run in one transaction, so the runs tell the state of the facts.
    """
    store = _store(datasette)
    state = (clock.today(), await datasette.get_database(DATABASE).execute_fn(_state))
    answer = store.get(state, key)
    if answer is None:
        answer = await make()
        store.keep(state, key, answer)
    return answer


def _store(datasette: Any) -> _Kept:
    store: _Kept = datasette.__dict__.setdefault("_hotpatch_kb_kept", _Kept())
    return store


async def _kept_at_once(datasette: Any, key: tuple[object, ...], make: Callable[[sqlite3.Connection], bytes]) -> bytes:
    """The same where no template is rendered: one turn of a thread, which a third of a lookup's time is."""
    store, day = _store(datasette), clock.today()

    def found(conn: sqlite3.Connection) -> bytes:
        state = (day, _state(conn))
        answer = store.get(state, key)
        if answer is None:
            answer = make(conn)
            store.keep(state, key, answer)
        return answer

    return await read(datasette, found)


_judging = threading.local()


def verdicts_of_today(conn: sqlite3.Connection, day: str) -> Verdicts:
    """Verdicts of a day, kept from request to request while facts and day stand: reading a product's releases takes ten times a lookup."""
    if day != clock.today():
        return Verdicts(conn, day)
    state = (conn, day, _state(conn))
    if getattr(_judging, "state", None) != state:
        _judging.state, _judging.verdicts = state, Verdicts(conn, day)
    kept_verdicts: Verdicts = _judging.verdicts
    return kept_verdicts


def _state(conn: sqlite3.Connection) -> tuple[object, ...]:
    return tuple(conn.execute("select max(run), max(ended_at), count(*) from runs").fetchone())


def max_age(datasette: Any) -> dict[str, str]:
    """How long an answer may be kept by others."""
    return {"cache-control": f"public, max-age={datasette.setting('default_cache_ttl')}"}


async def page(datasette: Any, request: Any, template: str, make: Callable[[sqlite3.Connection], Mapping[str, Any]]) -> Response:
    """A page whose content is made of the database.

    Args:
        datasette: the site.
        request: what was asked; the page depends on its path, its query and its language.
        template: its template.
        make: reads what the template shows; may raise ``HttpError`` and ``BadInput``.
    """
    language = language_of(request)

    async def rendered() -> bytes:
        context = await read(datasette, make)
        text: str = await datasette.render_template(template, _clipped(dict(context)), request=request)
        return text.encode("utf-8", errors="replace")

    try:
        body = await _kept(datasette, (template, request.full_path, language), rendered)
    except HttpError as wrong:
        return await problem(datasette, request, wrong.status, wrong.message, wrong.context)
    except BadInput as error:
        return await problem(datasette, request, 400, error.message)
    return Response(body, headers=max_age(datasette), content_type="text/html; charset=utf-8")


def _clipped(value: Any) -> Any:
    """What a template is given, texts no longer than a page can bear."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return value if len(value) <= MAX_TEXT else f"{value[:MAX_TEXT]}..."
    if isinstance(value, dict):
        return {key: _clipped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clipped(item) for item in value]
    return value


async def file(datasette: Any, request: Any, make: Callable[[sqlite3.Connection], bytes], content_type: str) -> Response:
    """A file made of the database: a feed, a calendar. Its links name the host that was asked."""
    try:
        body = await _kept_at_once(datasette, (content_type, request.host, request.scheme, request.full_path), make)
    except HttpError as wrong:
        return await problem(datasette, request, wrong.status, wrong.message)
    except BadInput as bad:
        return await problem(datasette, request, 400, bad.message)
    return Response(body, headers=max_age(datasette) | ANYWHERE, content_type=content_type)


async def problem(datasette: Any, request: Any, status: int, message: Message | str, context: Mapping[str, Any] | None = None) -> Response:
    """A page that says what was expected and what came."""
    text = await datasette.render_template("problem.html", {"status": status, "message": message, **(context or {})}, request=request)
    return Response.html(text, status=status)


async def api(datasette: Any, request: Any, make: Callable[[sqlite3.Connection], Any]) -> Response:
    """An answer of the API: what a function makes of the database, as JSON.

    Bad input is 400, what is not there 404, both as ``{"error": ...}``.
    """
    try:
        body = await _kept_at_once(datasette, ("api", request.full_path), lambda conn: as_json(make(conn)))
    except HttpError as wrong:
        return error(wrong.status, wrong.message)
    except BadInput as bad:
        return error(400, bad.message)
    return Response(body, headers=max_age(datasette) | ANYWHERE, content_type="application/json; charset=utf-8")


# The facts are public and nothing of a visitor is kept, so pages of others may ask.
ANYWHERE: Final = {"access-control-allow-origin": "*"}


def as_json(value: Any) -> bytes:
    """A value as the command prints it."""
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
    """Refuses what an endpoint does not know: to leave out a slip such as ``know=2026-06-01`` would answer another question.

    Raises:
        BadInput: the request has another parameter.
    """
    known = list(names)
    if unknown := [name for name in request.args if name not in known]:
        if not known:
            raise BadInput("expected no parameter, got {got!r}", got=unknown[0][: reading.MAX_SHOWN])
        raise BadInput("expected {parameters}, got {got!r}", parameters=", ".join(known), got=unknown[0][: reading.MAX_SHOWN])


def product_of(conn: sqlite3.Connection, request: Any) -> str | None:
    """The product that a request names.

    Raises:
        BadInput: the database has none of that name.
    """
    return coverage.named_product(conn, (request.args.get("product") or "").strip()[:60] or None)


def day_of(request: Any) -> str:
    """The day that a request asks for (``on``), else today, as an ISO date.

    Raises:
        BadInput: it is none.
    """
    return asked_day(request) or clock.today()


def asked_day(request: Any, name: str = "on") -> str | None:
    """The day that a request asks for by a name, as an ISO date; None where it asks for none.

    Raises:
        BadInput: it is none.
    """
    text = (request.args.get(name) or "").strip()
    return reading.day(text) if text else None
