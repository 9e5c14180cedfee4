"""Verdicts in colour and with a mark, where a person reads them at a terminal. Imported by each lookup, so it imports little."""

from __future__ import annotations

import os
import sys

from hotpatch_kb.light_typing import Final

# SGR codes of green, red and yellow, for the tones of verdicts
_CODES: Final = {"good": "32", "bad": "31", "doubtful": "33"}
NO_COLOUR: Final = "--no-color"
_state = {"is_off": False}


def allow(*, is_allowed: bool) -> None:
    """Allow colours, or not: ``--no-color`` forbids them."""
    _state["is_off"] = not is_allowed


def is_on() -> bool:
    """Return whether standard output is a terminal that shows colours, and nobody forbade them (https://no-color.org)."""
    if _state["is_off"] or os.environ.get("NO_COLOR") or not has_marks():
        return False
    # A console of Windows understands the codes where a terminal program says so.
    return os.name != "nt" or bool(os.environ.get("WT_SESSION") or os.environ.get("TERM"))


def has_marks() -> bool:
    """Return whether standard output is a terminal on which a person reads, so that a verdict has its mark."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def marked(mark: str, words: str) -> str:
    """Return a verdict in words, after its mark on a terminal."""
    return f"{mark} {words}" if has_marks() else words


def painted(tone: str, text: str) -> str:
    """Return a text in the colour of a tone ("good", "bad" or "doubtful"), where colours are shown."""
    return f"\x1b[{_CODES[tone]}m{text}\x1b[0m" if is_on() else text


def width() -> int | None:
    """Return how many columns a table may take: those of the terminal; None if standard output is not a terminal."""
    if not sys.stdout.isatty():
        return None
    from shutil import get_terminal_size  # noqa: PLC0415

    return get_terminal_size((100, 24)).columns
