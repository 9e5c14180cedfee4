"""The console script ``hotpatch-kb``: what every command shares, and a way to ``lookup`` that imports little.

A lookup is a process of its own, asked by scripts for each machine: importing click alone takes four times as long as starting Python, so
its arguments are read here first (``hotpatch_kb.scraper.cli.lookup``). Whatever is not plain, ``--help`` and mistakes included, is the business of ``hotpatch_kb.scraper.cli.commands``.

Exit codes: 0 done, 1 failed, 2 bad input, 3 a source failed (its facts were kept), 4 a query had no answer,
5 another run holds the lock, 6 something is stale or --fail-on was met, 130 interrupted.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from typing import Final

from hotpatch_kb.db.answers import coverage
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.errors import BadInput, EngineFailed, LockHeld
from hotpatch_kb.db.store.connections import open_for_reading, open_seed_database
from hotpatch_kb.db.store.migrations import check_for_reading

EXIT_FAILED: Final = 1
EXIT_BAD_INPUT: Final = 2
EXIT_SOURCE_FAILED: Final = 3
EXIT_NO_ANSWER: Final = 4
EXIT_LOCKED: Final = 5
EXIT_STALE: Final = 6
EXIT_INTERRUPTED: Final = 130

DEFAULT_DB: Final = "hotpatch.db"
DB_VARIABLE: Final = "HOTPATCH_KB_DB"


def say(message: str) -> None:
    """A line on stderr."""
    to_stderr(f"{message}\n")


def to_stderr(text: str) -> None:
    """Writes to stderr. A reader that went away, or a full disk behind it, costs this text alone and never the run that it tells of."""
    if sys.stderr is None:  # a Windows program without a console
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        # What stays in the buffer would fail again with every later text, and with exit code 120 at the end: it is let go.
        stderr, nowhere = os.dup(sys.stderr.fileno()), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())
        sys.stderr.flush()
        os.dup2(stderr, sys.stderr.fileno())
        os.close(stderr)
        os.close(nowhere)


def main(arguments: list[str] | None = None) -> int:
    """The console script: errors that a user can mend are one line and an exit code.

    Returns:
        the exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # consoles without UTF-8
    given = sys.argv[1:] if arguments is None else list(arguments)
    code = _guarded(lambda: _run(given))
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, "head" say, has seen enough: Python's own flush at exit must not fail on it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _run(given: list[str]) -> int:
    if given[:1] == ["lookup"]:
        from hotpatch_kb.scraper.cli import lookup as asking  # noqa: PLC0415

        asked = asking.plain(given[1:])
        if asked is not None:
            return asking.answer(asked)
    from hotpatch_kb.scraper.cli.commands import run  # noqa: PLC0415

    return run(given)


def _guarded(run: Callable[[], int]) -> int:
    try:
        return run()
    except KeyboardInterrupt:
        say("interrupted")
        return EXIT_INTERRUPTED
    except BadInput as error:
        say(f"hotpatch-kb: {error}")
        return EXIT_BAD_INPUT
    except sqlite3.OperationalError as error:
        say(f"hotpatch-kb: the database cannot be used: {error}")
        return EXIT_FAILED
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise  # a mistake of ours
        say(f"hotpatch-kb: the database is damaged: {error}; hotpatch-kb doctor --repair makes it anew")
        return EXIT_FAILED
    except EngineFailed as error:
        say(f"hotpatch-kb: {error}")
        return EXIT_FAILED
    except LockHeld as error:
        say(f"hotpatch-kb: {error}")
        return EXIT_LOCKED
    except BrokenPipeError:
        return 0
    except OSError as error:  # a full disk, a folder that cannot be written
        say(f"hotpatch-kb: {error}")
        return EXIT_FAILED


def reading(db: str | os.PathLike[str], known: str | None = None, *, with_groups: bool = False) -> sqlite3.Connection:
    """The database to answer from; the embedded facts where there is none.

    Args:
        db: the file.
        known: ISO date, to see the sources as they stood on that day.
        with_groups: prices, known issues and CVEs as of that day, too.

    Raises:
        BadInput: the file is no database of ours, or no source had been read by that day.
    """
    if os.path.isfile(db):  # noqa: PTH113 (pathlib takes 2 ms to import)
        conn = open_for_reading(db)
        try:
            check_for_reading(conn, db)
        except BadInput:
            conn.close()
            raise
        except sqlite3.DatabaseError as error:
            conn.close()
            raise BadInput(f"expected a database of hotpatch-kb at {db}, got {error}; hotpatch-kb doctor tells more") from None
    elif os.path.exists(db):  # noqa: PTH110 (as above)
        raise BadInput(f"expected a database of hotpatch-kb at {db}, got what is no file")
    else:
        try:
            conn = open_seed_database()
        except FileNotFoundError as error:
            raise BadInput(str(error)) from None
        until = coverage.latest_data_until(conn)
        assert until is not None, "the embedded facts are read from pages that list lines"
        days = clock.days_since(until, clock.today())
        say(
            f"no database at {db}: answering from the embedded facts, which end on {until} ({days} days ago); hotpatch-kb crawl reads newer ones"
        )
    if known is None:
        return conn
    from hotpatch_kb.db.facts.as_of import database_known_on  # noqa: PLC0415

    return database_known_on(conn, known, with_groups=with_groups)


def day_of(value: str | None) -> str | None:
    """A day as a user gives it.

    Raises:
        BadInput: it is no ISO date.
    """
    if value is None:
        return None
    from datetime import date  # noqa: PLC0415

    try:
        if len(value) != 10 or not value.isascii() or not value.replace("-", "").isdigit() or value[4] + value[7] != "--":
            raise ValueError
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise BadInput(f"expected a day such as 2026-07-14, got {value[:60]!r}") from None
