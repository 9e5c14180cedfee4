"""The entry point of ``hotpatch-kb``: run a command, and turn errors that a user can act on into one line and an exit code.

A lookup is a process of its own, which scripts start for each machine. Importing click alone takes four times as long as starting Python, so
plain arguments of ``lookup`` are read without it (``cli.lookup``); everything else, ``--help`` and mistakes included, is read by click
(``cli.group``).
"""

from __future__ import annotations

import gc
import os
import sqlite3
import sys
from collections.abc import Callable

from hotpatch_kb.db.model.errors import BadInput, EngineFailed, LockHeld
from hotpatch_kb.scraper.cli.text import colour
from hotpatch_kb.scraper.crawl.exit_codes import ExitCode
from hotpatch_kb.scraper.crawl.stderr import say


def process() -> int:
    """Run the command as a process of its own: ``hotpatch-kb`` and ``python -m hotpatch_kb``.

    A lookup lives for 40 ms, of which collecting garbage took 3, and tearing down what it imported 5 (2026-11). It makes too little garbage to be
    worth collecting, except where it reads queries from standard input. It only reads and its output is written when ``main`` returns, so the
    process ends there. The rows of a fleet leave no garbage behind, and looking for some took a sixth of the time that ``assess`` takes.
    """
    is_lookup = sys.argv[1:2] == ["lookup"]
    if sys.argv[1:2] == ["assess"]:
        gc.set_threshold(200_000, 50, 100)
    if is_lookup and "-" not in sys.argv:
        gc.disable()
    code = main()
    if is_lookup:
        sys.stderr.flush()
        os._exit(code)
    return code


def main(arguments: list[str] | None = None) -> int:
    """Run the command with the arguments of the process, or with these.

    Returns:
        the exit code, an ``ExitCode``.
    """
    if arguments is None:
        _open_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # consoles without UTF-8
    given = sys.argv[1:] if arguments is None else list(arguments)
    code = _with_errors_as_lines(lambda: _run(given))
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader ("head") has closed the pipe: Python's own flush at exit must not fail on it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _open_standard_streams() -> None:
    """Open what a caller closed (``crawl >&- 2>&-``): the next file that is opened, a database say, would be standard output instead."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))


def _run(arguments: list[str]) -> int:
    before_words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    colour.allow(is_allowed=colour.NO_COLOUR not in before_words)
    if arguments[:1] == ["lookup"] and "_HOTPATCH_KB_COMPLETE" not in os.environ:
        from hotpatch_kb.scraper.cli import lookup  # noqa: PLC0415

        question = lookup.read_arguments(arguments[1:])
        if question is not None:
            return lookup.answer(question)
    from hotpatch_kb.scraper.cli import group  # noqa: PLC0415

    if instruction := os.environ.get(group.COMPLETE):  # a shell asks what may follow (docs/terminal.md)
        return group.complete(instruction)
    return group.run(arguments)


def _with_errors_as_lines(run: Callable[[], int]) -> int:
    try:
        return run()
    except KeyboardInterrupt:
        say("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return ExitCode.DONE
    except BadInput as error:
        message, code = str(error), ExitCode.BAD_INPUT
    except LockHeld as error:
        message, code = str(error), ExitCode.LOCKED
    except sqlite3.OperationalError as error:
        is_full = (
            getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
        )  # also where a copy of it is written, as an export does
        message, code = "no space is left on the disk" if is_full else f"the database cannot be used: {error}", ExitCode.FAILED
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise  # a bug of this program
        message, code = f"the database is damaged: {error}; run hotpatch-kb doctor --repair to rebuild it", ExitCode.FAILED
    except (EngineFailed, OSError) as error:  # OSError: a full disk, a folder that cannot be written
        message, code = str(error), ExitCode.FAILED
    say(f"hotpatch-kb: {message}")
    return code
