"""Time two sides of a comparison in turns, and present the result as a row, a line of a table or an object of JSON."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Attributes:
        part: parse, replay, lookup, start-up, msrc, fleet, site or scale.
        what: name of the timed work, ours or, for information, another's.
        ours: median of its seconds.
        against: name of the other side; "" where the target is a time.
        theirs: median of its seconds.
        ratio: median of the ratios of the rounds.
        target: upper limit of the ratio, or of the seconds where nothing is compared; None for information.
        unit: "s"; "MB" where memory, or "errors" where a count takes the place of seconds.
    """

    part: str
    what: str
    ours: float
    against: str = ""
    theirs: float | None = None
    ratio: float | None = None
    target: float | None = None
    unit: str = "s"

    @property
    def state(self) -> str:
        """``ok`` or ``miss``, or ``info`` without a target."""
        if self.target is None:
            return "info"
        return "ok" if (self.ours if self.ratio is None else self.ratio) <= self.target else "miss"


def in_turns(sides: dict[str, Callable[[], object]], rounds: int, *, warm_up: bool = True) -> dict[str, list[float]]:
    """Return the seconds of every side in every round. All sides have a turn in each round, so that noise hits them alike.

    The order is reversed from round to round; ``warm_up`` is a first round that is not counted and fills caches.
    """
    names = list(sides)
    taken: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    for number in range(-1 if warm_up else 0, rounds):
        for name in names if number % 2 else reversed(names):
            side = sides[name]
            began = time.perf_counter()
            side()
            seconds = time.perf_counter() - began
            if number >= 0:
                taken[name].append(seconds)
    return taken


def compared(part: str, what: str, ours: list[float], against: str, theirs: list[float], target: float | None) -> Row:
    """Return the row of two sides that were timed in turns."""
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    return Row(part, what, statistics.median(ours), against, statistics.median(theirs), ratio, target)


def as_objects(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return rows for JSON."""
    return [{**asdict(row), "state": row.state} for row in rows]


def as_table(rows: Iterable[Row]) -> list[str]:
    """Return rows as lines of a Markdown table."""
    head = ("", "what", "took", "compared to", "took", "ratio", "target", "")
    body = [
        (
            row.part,
            row.what,
            _amount(row.ours, row.unit),
            row.against,
            _amount(row.theirs, row.unit),
            "" if row.ratio is None else f"{row.ratio:.2f}",
            "" if row.target is None else f"{row.target:g}" if row.ratio is not None else _amount(row.target, row.unit),
            row.state,
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
    rule = tuple("-" * width for width in widths)
    return [f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in (head, rule, *body)]


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit != "s":
        return f"{value:.1f} {unit}"
    return (
        f"{value:.2f} s"
        if value >= 1
        else f"{value * 1e3:.2f} ms"
        if value >= 1e-3
        else f"{value * 1e6:.0f} µs"
        if value >= 1e-5
        else f"{value * 1e9:.0f} ns"
    )
