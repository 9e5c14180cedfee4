"""Compare ``hotpatch-kb lookup`` as a process with an interpreter that does nothing: the cost of each call from a script.

With the embedded facts and with a database; for information against ``python -I``, which skips the user's site.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from command import Command
from timing import Row, compared, in_turns

TARGET: Final = 3.2
QUERY: Final = "26200.8390"


def rows(program: Command, db: Path, rounds: int) -> list[Row]:
    """Return one row per database and interpreter."""
    taken = in_turns(
        {
            "seed": lambda: program.hotpatch_kb("lookup", QUERY),
            "bare": lambda: program.python("-c", "pass"),
            "db": lambda: program.hotpatch_kb("lookup", QUERY, "--db", db),
            "isolated": lambda: program.python("-I", "-c", "pass"),
        },
        rounds,
    )
    name = Path(program.words[0]).name if len(program.words) == 1 else "python -m hotpatch_kb"
    sides = (
        ("seed", "embedded facts", "bare", "python -c pass", TARGET),
        ("db", "--db", "bare", "python -c pass", TARGET),
        ("db", "--db", "isolated", "python -I -c pass", None),
    )
    return [
        compared("start-up", f"{name} lookup {QUERY}, {what}", taken[ours], against, taken[theirs], target)
        for ours, what, theirs, against, target in sides
    ]
