"""Opening a database to read. Imports little: a lookup is a process of its own, and imports take most of its time."""

from __future__ import annotations

import errno
import os
import sqlite3
import time

from hotpatch_kb.light_typing import Final

# The build (hatch_build.py) makes it beside the facts that it holds.
_DB: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 (pathlib takes 2 ms to import)
SEED_DATABASE: Final = os.path.join(_DB, "seed", "seed.db")  # noqa: PTH118
# How often to copy a database that changes meanwhile. A writer is busy for seconds; once it has made its -shm, locks work.
_TRIES: Final = 5
# Seconds to wait for another process that holds a database so that nobody can read it.
WAIT: Final = 30.0


def open_for_reading(path: str | os.PathLike[str]) -> sqlite3.Connection:
    """Open a database to read only. The caller closes the connection.

    A reader in WAL mode makes a ``-shm`` beside the file for its locks. Where it cannot (a read-only or full disk, another user's folder), the
    state is read without locks and copied into memory (8 MB in 15 ms, 2026-11); the connection does not see what is written to the file later.

    Raises:
        sqlite3.OperationalError: there is no such file, or it changed each time while it was copied.
    """
    for _ in range(_TRIES):
        conn = _connect(path, "")
        options = _without_locks(conn, path)
        if not options:
            return conn
        conn.close()
        if copy := _copied(path, options):
            return copy
    raise sqlite3.OperationalError(f"expected {os.fspath(path)} to stay unchanged while it is copied, got changes {_TRIES} times")


def copy_into(target: sqlite3.Connection, source: sqlite3.Connection, wait: float | None = None) -> None:
    """Copy a whole database into another connection. Python's ``backup`` alone tries without end while another process holds the source.

    Args:
        target: it has the copy then, and nothing else.
        source: the database to copy.
        wait: seconds to wait for another process; ``WAIT`` if None.

    Raises:
        sqlite3.OperationalError: another process held the database for so long.
        OSError: the disk of the copy is full. SQLite does not say which disk is.
    """
    seconds = WAIT if wait is None else wait
    end = time.monotonic() + seconds

    def look(status: int, _left: int, _total: int) -> None:
        if status in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED} and time.monotonic() >= end:
            error = sqlite3.OperationalError(f"expected to copy it within {seconds:g} s, got an open transaction that holds it")
            error.sqlite_errorcode = status
            raise error

    try:
        source.backup(target, progress=look)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_FULL:
            raise
        file = target.execute("pragma database_list").fetchone()[2]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file) from None


def _connect(path: str | os.PathLike[str], options: str) -> sqlite3.Connection:
    conn = sqlite3.connect(f"{_uri(path)}?mode=ro{options}", uri=True, timeout=WAIT)
    conn.row_factory = sqlite3.Row
    return conn


def _without_locks(conn: sqlite3.Connection, path: str | os.PathLike[str]) -> str:
    """Return the options to open a database without locks; "" where locks work, or where another error will be raised by the first query."""
    try:
        conn.execute("select 1 from sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        code = error.sqlite_errorcode  # SHMSIZE: a full disk has no room for a -shm
        if code & 0xFF not in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY} and code != sqlite3.SQLITE_IOERR_SHMSIZE:
            return ""
    else:
        return ""
    file = os.path.realpath(path)  # SQLite has its files beside the target of a link
    if not (os.path.exists(f"{file}-wal") and os.path.getsize(f"{file}-wal")):  # noqa: PTH110, PTH202 (as above)
        return "&immutable=1"
    # "immutable" ignores what the -wal holds (https://sqlite.org/uri.html#uriimmutable). In exclusive mode the -wal is read without a -shm
    # (https://sqlite.org/wal.html#use_of_wal_without_shared_memory), through a VFS that takes no locks. Closing such a connection deletes a -wal
    # that holds no whole transaction, so it is used only where we cannot delete anything.
    can_write = os.access(os.path.dirname(file), os.W_OK, effective_ids=os.access in os.supports_effective_ids)  # noqa: PTH120
    return "" if can_write else f"&vfs={'win32' if os.name == 'nt' else 'unix'}-none"


def _copied(path: str | os.PathLike[str], options: str) -> sqlite3.Connection | None:
    """Return a copy of the present state in memory; None if something was written meanwhile."""
    before = _stamps(path)
    conn = _connect(path, options)
    copy = sqlite3.connect(":memory:")
    copy.row_factory = sqlite3.Row
    try:
        conn.execute("pragma locking_mode = exclusive")
        copy_into(copy, conn)
    except BaseException:
        copy.close()
        raise
    finally:
        conn.close()
    if _stamps(path) != before:
        copy.close()
        return None
    copy.execute("pragma query_only = on")
    return copy


def _stamps(path: str | os.PathLike[str]) -> list[tuple[int, int] | None]:
    """Return time and size of a database, its ``-wal`` and its ``-shm``; None for a missing one. Every write changes one of them."""
    stamps: list[tuple[int, int] | None] = []
    file = os.path.realpath(path)
    for suffix in ("", "-wal", "-shm"):
        try:
            stat = os.stat(f"{file}{suffix}")  # noqa: PTH116 (as above)
        except FileNotFoundError:
            stamps.append(None)
        else:
            stamps.append((stat.st_mtime_ns, stat.st_size))
    return stamps


def _uri(path: str | os.PathLike[str]) -> str:
    """Return a path as a URI of SQLite (https://sqlite.org/uri.html): "%", "?" and "#" escaped, slashes, and "/C:" for a drive."""
    text = os.path.abspath(path).replace(os.sep, "/")  # noqa: PTH100
    for character in "%?#":
        text = text.replace(character, f"%{ord(character):02x}")
    return f"file://{'' if text.startswith('/') else '/'}{text}"


def open_seed_database() -> sqlite3.Connection:
    """Open the database of the embedded facts to read. The caller closes the connection.

    Raises:
        FileNotFoundError: the program runs without being installed: its build makes this file.
    """
    if not os.path.isfile(SEED_DATABASE):  # noqa: PTH113
        raise FileNotFoundError(f"expected the database of the embedded facts at {SEED_DATABASE}; install the program to have it made")
    # Immutable: SQLite looks for no journal beside it, where nothing can be written perhaps.
    return _connect(SEED_DATABASE, "&immutable=1")
