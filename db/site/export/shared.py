"""Make the pages of the site in several processes, on the cores that this machine has."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hotpatch_kb.db.answers.open_issues import all_fixes
from hotpatch_kb.db.answers.product_facts import Facts
from hotpatch_kb.db.answers.verdicts import Verdicts
from hotpatch_kb.db.site.export.files import Put, put
from hotpatch_kb.db.site.export.pages import Pages, Plan
from hotpatch_kb.db.store import schema

# A process takes two seconds to begin; a page in both languages takes 5 ms.
ENOUGH: Final = 1_000  # pages
PART: Final = 60  # pages that a process makes before it asks for more
MOST: Final = 8  # processes; each reads the facts for itself
_READ_OFTEN: Final = {"cve_gaps": ("cve", "product, hotpatch_kb", "hotpatch_kb"), "calendar_history": ("month",)}


def prepare(conn: sqlite3.Connection, day: str) -> None:
    """Keep what pages ask of a database again and again as tables of a connection: a table of its name in "temp" comes before a view.

    Sources are judged as of the end of the day, not of the second in which an export is made, so that it has the same bytes.
    """
    for view, keys in _READ_OFTEN.items():
        conn.execute(f"create temp table {view} as select * from main.{view}")
        for number, key in enumerate(keys):
            conn.execute(f"create index temp.{view}_{number} on {view} ({key})")
    health = schema.view_files()["source_health"].replace("'now'", f"'{day} 23:59:59'")
    conn.execute(f"create temp table source_health as {health.strip()}")


@contextmanager
def few_collections() -> Iterator[None]:
    """Look for cycles of objects rarely within this context: the facts are a million objects that stay, and looking at them takes a fifth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class Making:
    """The pages that are being made, by other processes and at the end by this one.

    The parts are in a fixed order, and each file is written by whoever makes its page, so it does not matter who does.
    """

    def __init__(self, database: Path, folder: Path, plan: Plan, *, processes: int | None = None) -> None:
        """Begin to make pages in other processes, one fewer than there are cores, where the pages are enough.

        Args:
            database: a file that stays as it is until the end.
            folder: the export.
            plan: what is made.
            processes: that are started; None for as many as help.
        """
        self._folder, self._plan = folder, plan
        self._parts = [plan.paths[start : start + PART] for start in range(0, len(plan.paths), PART)]
        if processes is None:
            processes = min((os.cpu_count() or 1) - 1, MOST) if len(plan.paths) >= ENOUGH else 0
        self._pool: ProcessPoolExecutor | None = None
        self._asked: list[Future[list[Put]]] = []
        if processes:
            self._pool = ProcessPoolExecutor(
                processes, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(database, folder, plan)
            )
            self._asked = [self._pool.submit(_make, part) for part in self._parts]

    def done(self, conn: sqlite3.Connection, verdicts: Verdicts) -> Iterator[Put]:
        """Make the parts that nobody has begun, and yield the files of all, and those beside them.

        Args:
            conn: the database, prepared.
            verdicts: those of the day.
        """
        pages = Pages(conn, verdicts, self._plan)
        for name, body in pages.beside():
            yield put(self._folder, name, body)
        for number in reversed(range(len(self._parts))):  # the others begin with the first
            if self._pool is None or self._asked[number].cancel():
                yield from _made(pages, self._folder, self._parts[number])
            else:
                yield from self._asked[number].result()

    def stop(self) -> None:
        """End the other processes; what has not begun is not made."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


def _made(pages: Pages, folder: Path, paths: tuple[str, ...]) -> list[Put]:
    return [put(folder, name, body) for path in paths for name, body in pages.of(path)]


_here: list[tuple[Pages, Path]] = []  # of a process that makes pages


def _begin(database: Path, folder: Path, plan: Plan) -> None:
    gc.set_threshold(200_000, 50, 100)
    conn = sqlite3.connect(database)
    prepare(conn, plan.day)
    facts = Facts(conn)
    facts.fixes = all_fixes(conn)
    _here.append((Pages(conn, Verdicts(conn, plan.day, facts), plan), folder))


def _make(paths: tuple[str, ...]) -> list[Put]:
    return _made(*_here[0], paths)
