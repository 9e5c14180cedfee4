# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""Errors: a page in the reader's language, or JSON below ``/api/``, and a log without anything that visitors sent.

Datasette's own handler prints a traceback for each wrong address, half a second and 16 kB of log each. Where the library rich is
installed it prints local variables, too, a pasted fleet among them. Here a wrong address logs nothing, and an error of ours logs
the lines it went through, without values.
"""

from __future__ import annotations

import sqlite3
import sys
import traceback
from collections.abc import Awaitable, Callable, Generator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from datasette import Response, hookimpl
from datasette.database import QueryInterrupted
from datasette.utils.asgi import Base400
from datasette.views.base import DatasetteError
from markupsafe import Markup

from hotpatch_kb.db.model.errors import where
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.site import web

_TOO_LONG: Final = Message("This took too long. Ask again later.")


@hookimpl(hookwrapper=True)  # type: ignore[untyped-decorator]
def handle_exception(datasette: Any, request: Any, exception: Exception) -> Generator[None, Any, None]:
    """Replace Datasette's handler, which would otherwise run as well."""
    outcome = yield
    outcome.force_result([_answer(datasette, request, exception)])


def _answer(datasette: Any, request: Any, exception: Exception) -> Callable[[], Awaitable[Response]]:
    async def answer() -> Response:
        status, message = _status(exception)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            print(where(exception), file=sys.stderr, flush=True)
        if request.path.startswith("/api/"):
            return web.error(status, message)
        if request.path.endswith(".json"):
            known = {"title": exception.title, **exception.error_dict} if isinstance(exception, DatasetteError) else {"title": None}
            return Response.json(known | {"ok": False, "error": str(message), "status": status}, status=status)
        return await web.problem(datasette, request, status, message)

    return answer


def _status(exception: Exception) -> tuple[int, Message | str]:
    if isinstance(exception, QueryInterrupted):  # on a busy machine, what Datasette asks before a page
        return HTTPStatus.SERVICE_UNAVAILABLE, _TOO_LONG
    if isinstance(exception, DatasetteError):
        # Its 500s are bad requests, too: a column to sort by that does not exist.
        if isinstance(exception.__context__, QueryInterrupted):  # Datasette's page has an inline script, which our headers forbid
            return exception.status, _TOO_LONG
        status = HTTPStatus.BAD_REQUEST if exception.status == HTTPStatus.INTERNAL_SERVER_ERROR else exception.status
        return status, Markup(exception.message) if exception.message_is_html else str(exception.message)  # noqa: S704 (made by Datasette, which escapes)
    if isinstance(exception, Base400):
        status = int(exception.status)
        if status == HTTPStatus.NOT_FOUND:
            return status, Message("There is no such page.")
        return status, str(exception.args[0] if exception.args else HTTPStatus(status).phrase)
    # The key of a row in fewer parts than its table's; a file named as a folder: "/site/site.js/x".
    if isinstance(exception, (sqlite3.ProgrammingError, NotADirectoryError)) and not _is_ours(exception):
        return HTTPStatus.NOT_FOUND, Message("There is no such page.")
    if isinstance(
        exception, (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError, sqlite3.DataError)
    ) and not _is_ours(exception):
        return HTTPStatus.BAD_REQUEST, Message("expected parameters of a table, got others")
    if isinstance(exception, web.HttpError):
        return exception.status, exception.message
    return HTTPStatus.INTERNAL_SERVER_ERROR, Message("Something went wrong here. It is in the log of the site.")


def _is_ours(exception: Exception) -> bool:
    """Return whether code of ours raised it or was on the way: Datasette reads ``_next`` and ``_through`` without a look at what they are, ``_through=0`` as an object.

    Every statement of Datasette's passes through the database of ``hotpatch_kb.db.site``, which does not make it ours.
    """
    ours, passed = str(Path(web.__file__).parents[1]), str(Path(web.__file__).with_name("__init__.py"))
    names = {frame.filename for frame in traceback.extract_tb(exception.__traceback__)}
    return any(name.startswith(ours) and name != passed for name in names)
