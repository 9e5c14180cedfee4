"""Write to standard error without ever failing the run that writes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from hotpatch_kb.light_typing import TypeVar

T = TypeVar("T")

# What terminals obey or do not show: controls of ASCII and Latin-1 but tab and line end, and marks that turn the direction of the text.
_ESCAPED = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (
        *range(9),
        *range(11, 32),
        *range(127, 160),
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x206A),
        0xFEFF,
    )
}


def say(message: str) -> None:
    """Write a line to standard error, its control characters as escapes: a file's name must not command the terminal."""
    write(f"{message.translate(_ESCAPED)}\n")


def write(text: str) -> None:
    """Write a text to standard error; a closed pipe or a full disk there loses this text and never ends the run."""
    if sys.stderr is None:  # a Windows program without a console
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        # Text that stays in the buffer would fail again with every later write, and with exit code 120 at the end: drop it.
        stderr, nowhere = os.dup(sys.stderr.fileno()), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())
        sys.stderr.flush()
        os.dup2(stderr, sys.stderr.fileno())
        os.close(stderr)
        os.close(nowhere)


def is_terminal() -> bool:
    """Return whether standard error is a terminal, where a bar of progress can be drawn."""
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def bar(total: int | None, unit: str, *, is_bytes: bool = False) -> Iterator[Callable[[int, str], None]]:
    """Draw a bar with the total and the time left while work goes on, on a terminal; elsewhere draw nothing.

    Args:
        total: of the work; None where it is not known, then the bar counts.
        unit: what is counted, such as "page".
        is_bytes: whether to show numbers as kB and MB.

    Yields:
        what takes the work done since the last call, and what is worked on ("" to keep that).
    """
    if not is_terminal():
        yield _draw_nothing
        return
    from tqdm import tqdm  # noqa: PLC0415 (only where there is a bar to draw)

    with tqdm(total=total, unit=unit, unit_scale=is_bytes, file=sys.stderr, leave=False, dynamic_ncols=True, delay=0.2) as drawn:

        def advance(done: int, what: str) -> None:
            if what:
                drawn.set_postfix_str(what[-60:], refresh=False)
            if total is not None and drawn.n + done > total:
                drawn.total = drawn.n + done  # more than the last time
            drawn.update(done)

        yield advance


def _draw_nothing(done: int, what: str) -> None:
    pass


def with_bar(items: Iterable[T], total: int, unit: str) -> Iterator[T]:
    """Yield items, drawing a bar on a terminal."""
    with bar(total, unit) as advance:
        for item in items:
            yield item
            advance(1, "")
