"""The tests that take long, of which an ordinary run has a seeded sample: ``long.tsv``, written by ``python tests/helpers/long_tests.py LOG``.

LOG is what ``pytest --durations=0`` printed. The seconds are those of that run, on two cores that did other work as well: what counts is their sum.
"""

from __future__ import annotations

import os
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).parents[1] / "long.tsv"
LONG: Final = 1.0  # seconds, with set-up
# 900 of 4,000 tests take nine tenths of the time. A hundredth of that is run, some of each module; what takes longer than this only by its turn.
FIRST: Final = 2.0  # seconds
SHARE: Final = 0.01
_LINE: Final = re.compile(r"\s*(?P<seconds>[\d.]+)s (?:call|setup|teardown)\s+(?P<test>tests/\S+?::.*\S)\s*")


def read() -> dict[str, float]:
    """Return the seconds of each long test, by its id."""
    rows = (line.split("\t") for line in LIST.read_text(encoding="utf-8").splitlines()[1:])
    return {test: float(seconds) for seconds, test in rows}


def left_out(tests: Iterable[str], seed: str) -> set[str]:
    """Return the long ones of the tests of a run that its sample does not have: one of each module in turn, until their share is reached.

    Args:
        tests: the ids of the tests of the run.
        seed: decides which.
    """
    seconds = read()
    long = sorted(set(tests) & seconds.keys())
    by_module: dict[str, list[str]] = defaultdict(list)
    for test in random.Random(seed).sample(long, len(long)):
        by_module[test.partition("::")[0]].append(test)
    left = sum(seconds[test] for test in long) * SHARE
    chosen = set()
    for test in (test for turn in zip_longest(*by_module.values()) for test in turn if test):
        is_first = not any(other.startswith(test.partition("::")[0]) for other in chosen)
        if seconds[test] > left and not (is_first and seconds[test] <= FIRST):
            continue
        chosen.add(test)
        left -= seconds[test]
    return set(long) - chosen


def listed(log: Iterable[str]) -> Iterator[tuple[float, str]]:
    """Yield the long tests of what pytest printed, the longest first."""
    seconds: dict[str, float] = defaultdict(float)
    for line in log:
        if match := _LINE.fullmatch(line.rstrip("\n")):
            seconds[match["test"]] += float(match["seconds"])
    yield from sorted(((took, test) for test, took in seconds.items() if took >= LONG), reverse=True)


def is_whole_run() -> bool:
    """Return whether all tests are asked for, as in ``.ci/long``."""
    return bool(os.environ.get("HOTPATCH_KB_LONG"))


if __name__ == "__main__":
    with Path(sys.argv[1]).open(encoding="utf-8", errors="replace") as log:
        text = "".join(f"{seconds:.0f}\t{test}\n" for seconds, test in listed(log))
    LIST.write_text(f"seconds\ttest\n{text}", encoding="utf-8", newline="\n")
