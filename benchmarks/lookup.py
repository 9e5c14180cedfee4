"""``hotpatch_kb.db.answers.lookup.find`` against its own SQL: the same statements with the same parameters, executed bare, rows fetched.

The difference is the work of Python: reading the query, deciding between candidates, making the answer. Also ``hotpatch_kb.db.answers.lookup_cache.LookupCache``, which
computes each answer once, against a ``dict`` that has each spelling.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from timing import Row, compared, in_turns

from hotpatch_kb.db.answers.lookup import find
from hotpatch_kb.db.answers.lookup_cache import LookupCache

TARGET: Final = 1.5
INDEX_TARGET: Final = 30.0
ASKED: Final = 200_000
TODAY: Final = "2026-07-23"
REPEATED: Final = 20  # a lookup takes less than a millisecond

Statements = list[tuple[str, Any]]


class _Recording(sqlite3.Connection):
    """A connection that records its statements."""

    statements: Statements

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        self.statements.append((sql, parameters))
        return super().execute(sql, parameters)


def rows(db: Path, rounds: int) -> list[Row]:
    """Return one row per kind of query, one for all of them, and one for the index."""
    with closing(_opened(db)) as conn, closing(_opened(db)) as bare:
        queries = _queries(conn)
        recorded = {kind: _recorded(db, [query]) for kind, query in queries.items()}
        asked = [(f"{kind}: {query}", [query], recorded[kind]) for kind, query in queries.items()]
        asked.append(("all of these", list(queries.values()), [s for statements in recorded.values() for s in statements]))
        found = []
        for what, texts, statements in asked:
            taken = in_turns({"ours": _finding(conn, texts), "bare": _executing(bare, statements)}, rounds)
            ours, theirs = ([seconds / REPEATED for seconds in taken[side]] for side in ("ours", "bare"))
            found.append(compared("lookup", what, ours, f"its {len(statements)} statements, executed bare", theirs, TARGET))
        found.append(_index(conn, rounds))
    return found


def _index(conn: sqlite3.Connection, rounds: int) -> Row:
    """Look up builds and KBs in spellings of scripts and of people, in a fixed order that caches cannot exploit."""
    builds = [row[0] for row in conn.execute("select distinct build from releases where build is not null order by build")]
    kbs = [row[0] for row in conn.execute("select kb from kbs order by kb")]
    texts = [text for build in builds for text in (build, f"10.0.{build}", f" {build} ", f"OS Build {build}")]
    texts += [text for kb in kbs for text in (f"KB{kb}", str(kb), f"kb{kb} ")]
    asked = [texts[number * 7919 % len(texts)] for number in range(ASKED)]
    index = LookupCache(conn, today=TODAY)
    known = {text: index.find(text) for text in texts}

    def ours() -> None:
        ask = index.find
        for text in asked:
            ask(text)

    def bare() -> None:
        for text in asked:
            _ = known[text]

    taken = in_turns({"ours": ours, "bare": bare}, rounds)
    each = [[seconds / ASKED for seconds in taken[side]] for side in ("ours", "bare")]
    what = f"the index, {len(texts)} spellings of {len(builds) + len(kbs)} builds and KBs"
    return compared("lookup", what, each[0], "a dict that has each spelling", each[1], INDEX_TARGET)


def _opened(db: Path, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    return sqlite3.connect(f"{db.resolve().as_uri()}?mode=ro", uri=True, factory=factory)


def _finding(conn: sqlite3.Connection, texts: list[str]) -> Callable[[], None]:
    def run() -> None:
        for _ in range(REPEATED):
            for text in texts:
                find(conn, text, today=TODAY)

    return run


def _executing(conn: sqlite3.Connection, statements: Statements) -> Callable[[], None]:
    def run() -> None:
        for _ in range(REPEATED):
            for sql, parameters in statements:
                conn.execute(sql, parameters).fetchall()

    return run


def _recorded(db: Path, texts: Iterable[str]) -> Statements:
    with closing(_opened(db, _Recording)) as conn:
        assert isinstance(conn, _Recording)
        conn.statements = []
        for text in texts:
            find(conn, text, today=TODAY)
        return conn.statements


def _queries(conn: sqlite3.Connection) -> dict[str, str]:
    """Return a query of every kind, whichever pages the database was made from."""
    newest = "in_hotpatch_line = 1 and classification = 'hotpatch' order by release_date desc, build desc limit 1"
    builds = [build for (build,) in conn.execute("select distinct build from releases where build is not null order by build")]
    return {
        "build": conn.execute(f"select build from releases where {newest}").fetchone()[0],
        "KB": f"KB{conn.execute(f'select kb from releases where {newest}').fetchone()[0]}",
        "KB of an article": f"KB{conn.execute('select max(kb) from kbs where installs_kb is not null').fetchone()[0]}",
        "ambiguous build": next(build for build in builds if find(conn, build, today=TODAY)["status"] == "ambiguous"),
        "unknown build": "26100.1",
    }
