"""Opening a database to read. Imports little: a lookup is a process of its own, and most of its time is spent on imports."""

from __future__ import annotations

import os
import sqlite3
from typing import Final

# Made by the build (hatch_build.py) beside the facts that it is made of.
SEED_DATABASE: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seed", "seed.db")  # noqa: PTH100, PTH118, PTH120 (pathlib takes 2 ms to import)


def open_for_reading(path: str | os.PathLike[str]) -> sqlite3.Connection:
    """A connection that can only read.

    Raises:
        sqlite3.OperationalError: there is no such file.
    """
    conn = sqlite3.connect(f"{_uri(path)}?mode=ro", uri=True, timeout=30)
    conn.row_factory = sqlite3.Row
    return conn


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
    conn = sqlite3.connect(f"{_uri(SEED_DATABASE)}?mode=ro&immutable=1", uri=True)
    conn.row_factory = sqlite3.Row
    return conn
