"""Open the database of a run, and hold the one lock of it."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hotpatch_kb.db.model.errors import BadInput, LockHeld
from hotpatch_kb.db.store import schema

# What is wrong with the machine and not with what the user gave: exit code 1, not 2.
_OF_THE_MACHINE: Final = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CORRUPT}


def utc_now() -> str:
    """Return the time now, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def locked(db: Path) -> Iterator[None]:
    """Hold the one lock of a database. It lies beside the file that a link leads to, so that a run by the link and one by the file share it.

    Raises:
        LockHeld: another process holds it.
        BadInput: the folder cannot be written.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 (not needed by readers)

    file = Path(os.path.realpath(db))  # pathlib's own fails for a link to itself, which is for SQLite to say
    lock = FileLock(f"{file}.lock")
    try:
        if not file.parent.is_dir():  # the lock would make it, where a disk is to be mounted perhaps
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file.parent))
        lock.acquire(timeout=0)
    except Timeout:
        raise LockHeld(f"expected no other run on {db}, got one that holds {file}.lock") from None
    except OSError as error:
        if isinstance(error, PermissionError | FileNotFoundError) or error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            raise BadInput("expected a folder that can be written for {db}.lock, got {error}", db=str(file), error=str(error)) from None
        raise
    try:
        yield
    finally:
        lock.release()


def open_database(path: Path) -> sqlite3.Connection:
    """Open or create a database for a run.

    Raises:
        BadInput: the file is no SQLite database, or cannot be written.
    """
    try:
        return schema.open_for_writing(path)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_MACHINE:
            raise
        raise BadInput("expected a database that can be written at {path}, got {error}", path=str(path), error=str(error)) from None
