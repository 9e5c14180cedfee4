"""Opening a database to read. Imports little: a lookup is a process of its own, and most of its time is spent on imports."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

# Made by the build (hatch_build.py) beside the facts that it is made of.
SEED_DATABASE: Final = Path(__file__).parent / "seed" / "seed.db"


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that can only read.

    Raises:
        sqlite3.OperationalError: there is no such file.
    """
    conn = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
    conn.row_factory = sqlite3.Row
    return conn


def open_seed_database() -> sqlite3.Connection:
    """The database of the embedded facts, read-only, from wherever the program is installed.

    Raises:
        FileNotFoundError: the program was not installed: its build makes this file.
    """
    if not SEED_DATABASE.is_file():
        raise FileNotFoundError(f"expected the database of the embedded facts at {SEED_DATABASE}; install the program to have it made")
    # Immutable: no journal is looked for beside a file that may lie where nothing can be written.
    conn = sqlite3.connect(f"{SEED_DATABASE.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    conn.row_factory = sqlite3.Row
    return conn
