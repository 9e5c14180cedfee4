"""Measure ``hotpatch-kb replay`` into an empty database, as a process: the whole archive of the pages, and growth with time.

The first has a target in seconds, since every better parser costs a replay. The second compares seconds per page of an archive of
60 days with those of 10 days: work that grows with the square of the time shows as a ratio of six.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from command import Command
from material import archive_of_days
from timing import Row, compared, in_turns

TARGET_SECONDS: Final = 5.0
TARGET_GROWTH: Final = 1.5
FEW_DAYS: Final = 10
MANY_DAYS: Final = 60


def rows(program: Command, folder: Path, archive: Path, pages: int, rounds: int) -> list[Row]:
    """Return both comparisons. A replay takes seconds, so it has a third of the rounds, the long ones a ninth."""
    taken = in_turns({"ours": lambda: _replay(program, folder, archive)}, max(1, rounds // 3))["ours"]
    found = [Row("replay", f"archive of {pages} pages", sorted(taken)[len(taken) // 2], target=TARGET_SECONDS)]
    few, few_pages = archive_of_days(folder, FEW_DAYS)
    many, many_pages = archive_of_days(folder, MANY_DAYS)
    sides = {"few": lambda: _replay(program, folder, few), "many": lambda: _replay(program, folder, many)}
    days = in_turns(sides, max(1, rounds // 9), warm_up=False)
    per_page_few = [seconds / few_pages for seconds in days["few"]]
    per_page_many = [seconds / many_pages for seconds in days["many"]]
    what = f"{MANY_DAYS} days, {many_pages} pages, per page"
    found.append(compared("replay", what, per_page_many, f"{FEW_DAYS} days, {few_pages} pages, per page", per_page_few, TARGET_GROWTH))
    return found


def _replay(program: Command, folder: Path, archive: Path) -> None:
    db = folder / "replayed.db"
    for file in folder.glob(f"{db.name}*"):
        file.unlink()
    program.hotpatch_kb("replay", "--db", db, "--archive", archive)
