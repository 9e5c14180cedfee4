# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""How old the facts are, for the home page: the day they end, whether a second Tuesday has passed since, and which sources are stale."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl

from db import answers
from db.site import DATABASE


@hookimpl  # type: ignore[untyped-decorator]
def extra_template_vars(datasette: Any, template: str | None) -> Callable[[], Awaitable[dict[str, Any]]]:
    """``freshness`` on the home page: ``until``, ``is_outdated``, ``stale``; nothing on other pages."""

    async def found() -> dict[str, Any]:
        if template != "index.html":
            return {}
        database = datasette.get_database(DATABASE)
        until = (await database.execute("select max(data_until) from lines")).first()[0]
        stale = await database.execute("select title from source_health join sources using (source) where is_stale = 1 order by 1")
        return {
            "freshness": {
                "until": until,
                "is_outdated": answers.is_outdated(until, answers.today()),
                "stale": [row[0] for row in stale.rows],
            }
        }

    return found
