"""Opening a database to read. Imports little: a lookup is a process of its own, and most of its time is spent on imports."""

from __future__ import annotations

import os
import sqlite3
from typing import Final

# Made by the build (hatch_build.py) beside the facts that it is made of.
_DB: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 (pathlib takes 2 ms to import)
SEED_DATABASE: Final = os.path.join(_DB, "seed", "seed.db")  # noqa: PTH118
# A writer is at it for seconds; then its -shm is there, and locks are had.
_TRIES: Final = 5


def open_for_reading(path: str | os.PathLike[str]) -> sqlite3.Connection:
    """A connection that can only read.

    A reader in WAL mode makes ``-shm`` beside the file, for its locks. Where none can be made, on a disk that is only read or full or in
    another user's folder, the state is read without locks and copied into memory (8 MB in 15 ms, 2026-11): what is written there later is not seen.

    Raises:
        sqlite3.OperationalError: there is no such file, or no state of it stood still for as long as it was copied.
    """
    for _ in range(_TRIES):
        conn = _connect(path, "")
        options = _without_locks(conn, path)
        if not options:
            return conn
        conn.close()
        if copy := _copied(path, options):
            return copy
    raise sqlite3.OperationalError(f"expected {os.fspath(path)} to stand still while it is copied, got changes {_TRIES} times")


def _connect(path: str | os.PathLike[str], options: str) -> sqlite3.Connection:
    conn = sqlite3.connect(f"{_uri(path)}?mode=ro{options}", uri=True, timeout=30)
    conn.row_factory = sqlite3.Row
    return conn


def _without_locks(conn: sqlite3.Connection, path: str | os.PathLike[str]) -> str:
    """How to read a database whose locks cannot be had; "" where they can be, or where something else is wrong, which is said where it is read."""
    try:
        conn.execute("select 1 from sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        # The last one: a full disk has no room for a -shm.
        code = error.sqlite_errorcode
        if code & 0xFF not in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY} and code != sqlite3.SQLITE_IOERR_SHMSIZE:
            return ""
    else:
        return ""
    file = os.path.realpath(path)  # beside which SQLite has its files
    if not (os.path.exists(f"{file}-wal") and os.path.getsize(f"{file}-wal")):  # noqa: PTH110, PTH202 (as above)
        return "&immutable=1"
    # "immutable" would leave out what the -wal holds (https://sqlite.org/uri.html#uriimmutable). Held exclusively it is read without -shm
    # (https://sqlite.org/wal.html#use_of_wal_without_shared_memory), by a VFS that asks the system for no lock; which takes a -wal without
    # a whole transaction away at its end. So it reads only where nothing can be taken away.
    can_write = os.access(os.path.dirname(file), os.W_OK, effective_ids=os.access in os.supports_effective_ids)  # noqa: PTH120
    return "" if can_write else f"&vfs={'win32' if os.name == 'nt' else 'unix'}-none"


def _copied(path: str | os.PathLike[str], options: str) -> sqlite3.Connection | None:
    """The state of now in memory; None if something was written meanwhile."""
    before = _stamps(path)
    conn = _connect(path, options)
    copy = sqlite3.connect(":memory:")
    copy.row_factory = sqlite3.Row
    try:
        conn.execute("pragma locking_mode = exclusive")
        conn.backup(copy)
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
    """Time and size of a database, its ``-wal`` and its ``-shm``; None for one that is not there. Who writes has all three."""
    found: list[tuple[int, int] | None] = []
    file = os.path.realpath(path)
    for suffix in ("", "-wal", "-shm"):
        try:
            stat = os.stat(f"{file}{suffix}")  # noqa: PTH116 (as above)
        except FileNotFoundError:
            found.append(None)
        else:
            found.append((stat.st_mtime_ns, stat.st_size))
    return found


def _uri(path: str | os.PathLike[str]) -> str:
    """A path as SQLite reads it (https://sqlite.org/uri.html): "%", "?" and "#" escaped, slashes, and "/C:" of a drive."""
    text = os.path.abspath(path).replace(os.sep, "/")  # noqa: PTH100
    for character in "%?#":
        text = text.replace(character, f"%{ord(character):02x}")
    return f"file://{'' if text.startswith('/') else '/'}{text}"


def open_seed_database() -> sqlite3.Connection:
    """The database of the embedded facts, read-only, from wherever the program is installed.

    Raises:
        FileNotFoundError: the program was not installed: its build makes this file.
    """
    if not os.path.isfile(SEED_DATABASE):  # noqa: PTH113
        raise FileNotFoundError(f"expected the database of the embedded facts at {SEED_DATABASE}; install the program to have it made")
    # Immutable: no journal is looked for beside a file that may lie where nothing can be written.
    return _connect(SEED_DATABASE, "&immutable=1")
