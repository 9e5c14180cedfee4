"""Make what an export has of each build, KB and page in several processes, on the cores that this machine has."""

from __future__ import annotations

import functools
import gc
import multiprocessing
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hotpatch_kb.db.site.export.answers import Answers, document
from hotpatch_kb.db.site.export.files import Put, put
from hotpatch_kb.db.site.export.pages import Pages, Plan
from hotpatch_kb.db.store import schema

# A process takes two seconds to begin; a page in both languages takes 5 ms.
ENOUGH: Final = 1_000  # pages
PART: Final = 60  # pages that a process makes before it asks for more
MOST: Final = 8  # processes; each reads the facts for itself
_READ_OFTEN: Final = {"cve_gaps": ("cve", "product, hotpatch_kb", "hotpatch_kb"), "calendar_history": ("month",)}


class Unwatched(sqlite3.Connection):
    """A connection whose statements nobody interrupts: an export has no visitors, and watching the time of each statement takes a tenth of its own."""

    def set_progress_handler(self, progress_handler: Any, /, n: int) -> None:
        """Do nothing: ``hotpatch_kb.db.site.web.read`` asks for a limit."""


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
    """The answers and pages of builds and KBs, and all other pages, made by other processes and at the end by this one.

    The parts are in a fixed order, and each file is written by whoever makes it, so it does not matter who does. What is said of one KB (its answer and
    its page, those of its builds) is in one part, so that it is looked up once.
    """

    def __init__(self, database: Path, folder: Path, answers: Answers, plan: Plan | None, *, processes: int | None = None) -> None:
        """Begin to make them in other processes, one fewer than there are cores, where they are enough.

        Args:
            database: a file that stays as it is until the end.
            folder: the export.
            answers: of this process.
            plan: which pages are made; None for none.
            processes: that are started; None for as many as help.
        """
        self._maker = _Maker(folder, answers, plan)
        self._parts = _parts(answers.names(), plan)
        if processes is None:
            processes = min((os.cpu_count() or 1) - 1, MOST) if plan is not None and len(plan.paths) >= ENOUGH else 0
        self._pool: ProcessPoolExecutor | None = None
        self._asked: list[Future[list[Put]]] = []
        if processes:
            with _without_warning():  # the process that counts semaphores begins with the first
                self._pool = ProcessPoolExecutor(
                    processes, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(database, folder, answers.day, plan)
                )
                self._asked = [self._pool.submit(_make, part) for part in self._parts]

    def done(self) -> Iterator[Put]:
        """Make the parts that nobody has begun, and yield the files of all, and those beside the pages."""
        yield from self._maker.beside()
        for number in reversed(range(len(self._parts))):  # the others begin with the first
            if self._pool is None or self._asked[number].cancel():
                yield from self._maker.make(self._parts[number])
            else:
                yield from self._asked[number].result()

    def close(self) -> None:
        """End the other processes; what has not begun is not made."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


@contextmanager
def _without_warning() -> Iterator[None]:
    """Start processes that do not warn of what a killed export leaves: Python's own process frees the semaphores then, and says so on our stderr."""
    sys.warnoptions.append("ignore:resource_tracker")
    try:
        yield
    finally:
        sys.warnoptions.remove("ignore:resource_tracker")


def _end_with_parent() -> None:
    """End this process when the export ends, however that happens: a process of a pool would wait for ever for a parent that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


Part = tuple[tuple[str, str | None], ...]  # what is looked up or "", and the path of its page


def _parts(names: list[str], plan: Plan | None) -> list[Part]:
    """Return what is made, in parts: first what is looked up, each with its page, then the other pages."""
    left = dict.fromkeys(() if plan is None else plan.paths)
    things: list[tuple[str, str | None]] = []
    for name in names:
        path = f"kb/{name.removeprefix('KB')}" if name.startswith("KB") else f"build/{name}"
        things.append((name, path if path in left else None))
        left.pop(path, None)
    things += [("", path) for path in left]
    return [tuple(things[start : start + PART]) for start in range(0, len(things), PART)]


class _Maker:
    """Makes files of one state of the facts in this process."""

    def __init__(self, folder: Path, answers: Answers, plan: Plan | None) -> None:
        self._folder, self._answers, self._plan = folder, answers, plan

    @functools.cached_property
    def _pages(self) -> Pages | None:
        return None if self._plan is None else Pages(self._answers, self._plan)

    def beside(self) -> Iterator[Put]:
        """Yield the files beside the pages."""
        for name, body in self._pages.beside() if self._pages is not None else ():
            yield put(self._folder, name, body)

    def make(self, part: Part) -> list[Put]:
        """Make a part, and return its files."""
        files: list[Put] = []
        for name, path in part:
            if name:
                place = f"v1/{'kbs' if name.startswith('KB') else 'builds'}/{name}.json"
                files.append(put(self._folder, place, document(self._answers.looked_up(name)), "lookup"))
            if path is not None and self._pages is not None:
                files += [put(self._folder, place, body) for place, body in self._pages.of(path)]
        return files


_here: list[_Maker] = []  # of a process that makes parts


def _begin(database: Path, folder: Path, day: str, plan: Plan | None) -> None:
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    gc.set_threshold(200_000, 50, 100)
    conn = sqlite3.connect(database, factory=Unwatched)
    prepare(conn, day)
    _here.append(_Maker(folder, Answers(conn, day), plan))


def _make(part: Part) -> list[Put]:
    return _here[0].make(part)
