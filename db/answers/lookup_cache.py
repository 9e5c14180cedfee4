"""A cache for millions of lookups in one process: the answers of ``hotpatch_kb.db.answers.lookup.find``, each made once.

>>> from hotpatch_kb.db.answers.lookup_cache import LookupCache  # doctest: +SKIP
>>> cache = LookupCache(conn, today="2026-07-20")  # doctest: +SKIP
>>> cache.find("10.0.26100.7392")["matches"][0]["kb"]  # doctest: +SKIP
'KB5072014'
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from hotpatch_kb.db.answers.lookup import find
from hotpatch_kb.db.answers.product_facts import Facts
from hotpatch_kb.db.model.queries import Query, read_query

Answer = dict[str, Any]

# Unusual spellings and queries without an answer are dropped from time to time: a stream of noise would fill the memory. An answer is 2 kB.
MAX_OTHERS: Final = 20_000


class LookupCache:
    """Answers of a database, each made when it is first asked for. Make a new cache when the database has changed."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        *,
        today: str,
        product: str | None = None,
        line: str | None = None,
        kb_installed: Iterable[int] = (),
        on: str | None = None,
        facts: Facts | None = None,
    ) -> None:
        """Take what ``find`` takes, and list the common spellings of everything that the database names.

        A build as 26100.32772 and 10.0.26100.32772; a KB as KB5087423, kb5087423 and 5087423. Other spellings are read when they come.
        """
        self._conn = conn
        self._options: dict[str, Any] = {
            "today": today, "product": product, "line": line, "kb_installed": tuple(kb_installed), "on": on, "facts": facts or Facts(conn),
        }  # fmt: skip
        self._answers: dict[str, Answer] = {}
        self._queries: dict[str, Query] = {}
        self._others: dict[str, Answer] = {}
        self._named: dict[str, Answer] = {}
        self._matches: dict[Any, Answer] = {}  # the answers for a build, its KB and its CVEs share them
        for (build,) in conn.execute("select distinct build from releases where build is not null"):
            self._queries |= dict.fromkeys((build, f"10.0.{build}"), Query("build", build))
        for (kb,) in conn.execute("select kb from kbs"):
            self._queries |= dict.fromkeys((f"KB{kb}", f"kb{kb}", str(kb)), Query("kb", str(kb)))

    def find(self, query: str) -> Answer:
        """Return the answer of ``find`` to a query in any spelling. Do not change it: the next caller gets the same object.

        Raises:
            BadInput: the query cannot be read.
        """
        answer = self._answers.get(query)
        return self._spelled(query) if answer is None else answer

    def _spelled(self, query: str) -> Answer:
        """Return the answer to a spelling that comes for the first time, or that is not a common one."""
        answer = self._others.get(query)
        if answer is not None:
            return answer
        read = self._queries.get(query)
        kept = self._others if read is None else self._answers
        if read is None:
            read = read_query(query)
        name = " ".join(read)
        answer = self._named.get(name)
        if answer is None:
            answer = find(self._conn, query, **self._options, matches=self._matches)
            if answer["status"] != "not_found":
                self._named[name] = answer
        if len(self._others) >= MAX_OTHERS:
            self._others.clear()
        kept[query] = answer = answer if answer["query"] == query else answer | {"query": query}
        return answer
