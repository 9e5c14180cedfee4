"""The site in this process: Datasette over a database, asked without a socket."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bs4 import BeautifulSoup

from hotpatch_kb.db import site

with warnings.catch_warnings():
    # Datasette 0.65.5 leaves databases in memory open when it is imported and when it first asks for SQLite's version; Python 3.13 warns of them.
    warnings.simplefilter("ignore", ResourceWarning)
    from datasette import facets, hookimpl
    from datasette.app import DEFAULT_SETTINGS, Datasette
    from datasette.plugins import pm
    from datasette.utils.sqlite import sqlite_version

    sqlite_version()
    gc.collect()

facets.detect_json1 = lambda: True  # it opens a database in memory for each table that is shown, and leaves it open


class _Connections:
    """The connections that Datasette opens. Nobody closes its own, in memory, of which Python 3.13 warns."""

    def __init__(self) -> None:
        self.__name__ = f"connections-{id(self)}"  # Datasette lists its plugins by it; several sites may be open
        self.opened: list[tuple[sqlite3.Connection, Datasette]] = []

    @hookimpl
    def prepare_connection(self, conn: sqlite3.Connection, datasette: Datasette) -> None:
        self.opened.append((conn, datasette))


@contextmanager
def opened(path: Path, *, public: bool) -> Iterator[Datasette]:
    """Open the site over a database, and close what it opened."""
    connections = _Connections()
    pm.register(connections)
    ds = site.datasette(path, public)
    try:
        yield ds
    finally:
        ds.executor.shutdown()
        pm.unregister(connections)
        for conn, owner in connections.opened:
            if owner is ds:
                conn.close()


def get_all(ds: Datasette, paths: Iterable[str]) -> list[Any]:
    """Return the answers of paths, asked one after the other."""

    async def ask() -> list[Any]:
        return [await ds.client.get(path) for path in paths]

    return asyncio.run(ask())


def get(ds: Datasette, path: str, **parameters: str) -> Any:
    """Return the answer of a path with a query string."""
    return get_all(ds, [f"{path}?{urlencode(parameters)}" if parameters else path])[0]


def ask(ds: Datasette, query: str, **parameters: str) -> list[dict[str, Any]]:
    """Return the rows of a table or of a ready-made query."""
    response = get(ds, f"/hotpatch/{query}.json", _shape="objects", **parameters)
    assert response.status_code == 200, response.text
    return response.json()["rows"]


def columns_of(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Return some columns of rows."""
    return [tuple(row[name] for name in names) for row in rows]


__all__ = ["DEFAULT_SETTINGS", "Datasette", "ask", "columns_of", "get", "get_all", "opened"]


def post(ds: Datasette, path: str, body: bytes, kind: str) -> Any:
    """Return the answer to a body of a content type."""

    async def ask() -> Any:
        return await ds.client.post(path, content=body, headers={"content-type": kind})

    return asyncio.run(ask())


def form(ds: Datasette, **fields: str) -> Any:
    """Return the answer to the form of the fleet."""
    return post(ds, "/fleet", urlencode(fields).encode(), "application/x-www-form-urlencoded")


def soup(ds: Datasette, path: str, **query: str) -> BeautifulSoup:
    """Return a page that is there, read."""
    answer = get(ds, path, **query)
    assert answer.status_code == 200, path
    return BeautifulSoup(answer.text, "lxml")
