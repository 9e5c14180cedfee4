"""Verdicts in colour and with a mark, where a person reads them at a terminal. Imported by each lookup, so it imports little."""

from __future__ import annotations

import os
import sys
from typing import Final

# SGR codes: green, red, yellow
_GREEN, _RED, _YELLOW = "32", "31", "33"
_SHOWN: Final = {
    "current": ("✓", _GREEN),
    "behind": ("✗", _RED),
    "restart_due": ("✗", _RED),
    "unsupported": ("✗", _RED),
    "left_line": ("!", _YELLOW),
    "ambiguous": ("?", _YELLOW),
    "unknown": ("?", _YELLOW),
    "invalid": ("?", _YELLOW),
}
_OTHER: Final = ("?", _YELLOW)
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


def marked(verdict: str, words: str) -> str:
    """Return a verdict in words, with its mark on a terminal.

    Args:
        verdict: its name, such as "restart_due".
        words: what to show.
    """
    return f"{_SHOWN.get(verdict, _OTHER)[0]} {words}" if has_marks() else words


def painted(verdict: str, text: str) -> str:
    """Return a text in the colour of a verdict, where colours are shown."""
    return f"\x1b[{_SHOWN.get(verdict, _OTHER)[1]}m{text}\x1b[0m" if is_on() else text


def width() -> int | None:
    """Return how many columns a table may take: those of the terminal; None where standard output is none."""
    if not sys.stdout.isatty():
        return None
    from shutil import get_terminal_size  # noqa: PLC0415

    return get_terminal_size((100, 24)).columns
