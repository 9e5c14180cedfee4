"""List what the evidence rule changes in the recorded history: ``python tests/evidence_history.py`` writes docs/evidence.md."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from hotpatch_kb.db.answers import verdicts as module
from hotpatch_kb.db.answers.verdicts import Verdict, verdicts
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.notation import second_tuesday
from hotpatch_kb.db.store.connections import open_seed_database

DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "evidence.md"
FIRST, LAST = "2022-01-01", "2026-07-23"  # the embedded facts were read on the last day
AFTER: Final = "2026-08-13"  # the first second Tuesday after it is two days past: evidence must be missing then
# The conditions of docs/verdicts.md, by the reason where one does not hold.
CONDITIONS: Final = {
    "facts end on ": 1,
    "no source lists the release of ": 2,
    ".* names .*, which no list of releases has$": 3,
    "a page lists .* (cannot be right|cannot be read)": 4,
    "the data was read on ": 5,
}


# Product, month, number of the condition, reason.
Group = tuple[str, str, int | None, str]


class Change(NamedTuple):
    """A verdict that differs between judging without evidence and with it, on a day."""

    day: str
    without: Verdict
    judged: Verdict

    @property
    def condition(self) -> int | None:
        """The number of the condition that is missing; None where the reason names none."""
        if (self.without.verdict, self.judged.verdict) != ("current", "unknown"):
            return None
        return next((number for pattern, number in CONDITIONS.items() if re.match(pattern, self.reason)), None)

    @property
    def reason(self) -> str:
        """What decided; there may be notes on the machine before it, and what others report after it."""
        said = [str(message) for message in self.judged.reason]
        return next((text for text in said if any(re.match(pattern, text) for pattern in CONDITIONS)), said[-1])

    @property
    def group(self) -> Group:
        return self.judged.product, self.day[:7], self.condition, self.reason


class NoDoubt:
    """Evidence that never misses anything."""

    def __init__(self, *_: object) -> None:
        """Take what ``Evidence`` takes."""

    def missing(self, _: Any) -> Message | None:
        return None


@contextmanager
def without_evidence() -> Iterator[None]:
    """Judge with evidence switched off."""
    with patch.object(module, "Evidence", NoDoubt):
        yield


def eventful_days(conn: sqlite3.Connection, first: str = FIRST, last: str = LAST) -> list[str]:
    """Return each day on which a verdict or its evidence can change: of a release, an end of support, a reading, a second Tuesday and the three after."""
    stated = """select release_date from releases union select release_date from articles union select data_until from lines
        union select extended_end_date from products union select end_date from lifecycles union select substr(first_seen_at, 1, 10) from quarantine"""
    days = {row[0] for row in conn.execute(stated) if row[0] and len(row[0]) == 10}
    days |= {(date.fromisoformat(day) + timedelta(1)).isoformat() for day in days}
    months = (f"{year}-{month:02d}" for year in range(int(first[:4]), int(last[:4]) + 1) for month in range(1, 13))
    tuesdays = [date.fromisoformat(second_tuesday(month)) for month in months]
    days |= {(tuesday + timedelta(n)).isoformat() for tuesday in tuesdays for n in range(4)}
    return sorted(day for day in days | {first, last} if first <= day <= last)


def changes(conn: sqlite3.Connection, days: Iterable[str]) -> Iterator[Change]:
    """Yield what evidence changes on some days."""
    for day in days:
        with without_evidence():
            before = list(verdicts(conn, day))
        for without, judged in zip(before, verdicts(conn, day), strict=True):
            if without.verdict != judged.verdict:
                yield Change(day, without, judged)


def report(conn: sqlite3.Connection, days: Sequence[str], found: Iterable[Change]) -> str:
    """Return the page of the documentation."""
    groups: dict[Group, list[Change]] = defaultdict(list)
    for change in found:
        groups[change.group].append(change)
    judged = sum(1 for _ in verdicts(conn, days[-1]))
    lines = [
        f"{row_of(group)} {min(c.day for c in of)} to {max(c.day for c in of)} | {len({c.judged.build for c in of})} | {len(of)} |"
        for group, of in sorted(groups.items(), key=str)
    ]
    total = sum(map(len, groups.values()))
    later = [change for change in changes(conn, [AFTER]) if change.condition == 1]
    table = "\n".join(["| product | month | condition | reason | days | builds | verdicts |", "|---|---|---:|---|---|---:|---:|", *lines])
    return (
        f"""# What evidence changes in history

`current` needs evidence: all conditions that [verdicts.md](verdicts.md) lists. This is what they change in the history of the embedded facts: every verdict
of each of {len(days)} days from {days[0]} to {days[-1]} on which something happens, judged with evidence and without it ({judged:,} verdicts on
the last day). {_changed(total)} On {AFTER}, after the next monthly release, it changes {len(later):,}, all for condition 1: the data ends before it.
Written by `python tests/evidence_history.py`; `.ci/long` checks it.

{table if lines else ""}""".rstrip()
        + "\n"
    )


def _changed(total: int) -> str:
    if total:
        return f"Evidence changes {total:,} of them, each from `current` to `unknown`."
    return "Evidence changes none of them: up to the day of the data every source lists every monthly release."


def row_of(group: Group) -> str:
    """Return the beginning of a group's row in the page."""
    return f"| {' | '.join(map(str, group))} |"


def main() -> int:
    """Judge all days, write docs/evidence.md and print it."""
    conn = open_seed_database()
    days = eventful_days(conn)
    text = report(conn, days, list(changes(conn, days)))
    DOCUMENT.write_text(text, encoding="utf-8", newline="\n")
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
