"""Compare ``hotpatch-kb assess`` of two million odd machines with reading and writing the same file.

One row in twenty has whatever occurs: quotes, line feeds in cells, too few or too many cells, builds in other spellings, JSON, blank lines before it;
each machine has another list of KBs. The program is a process, from file to file, with its start-up and its table of verdicts; ``csv`` and DuckDB
read the file and write it, and judge nothing.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from command import Command
from material import PROJECT
from timing import Row, compared, in_turns

from hotpatch_kb.db.fleet.duckdb_sql import connect, quoted

sys.path.append(str(PROJECT / "tests"))
import peak
from helpers import fleets

MACHINES: Final = 2_000_000
DAY: Final = "2026-07-20"
# By engine: times of reading and writing, megabytes.
TARGETS: Final = {"builtin": (3.0, 150.0), "duckdb": (1.5, 1000.0)}
NAMES: Final = {"builtin": "built in", "duckdb": "DuckDB"}


def rows(program: Command, rounds: int, machines: int = MACHINES) -> list[Row]:
    """Return two rows per engine: seconds for the fleet, and the peak of memory."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fleets.write(folder / "odd.csv", machines, "odd", kbs=True)
        memory = dict.fromkeys(TARGETS, 0.0)
        sides: dict[str, Callable[[], None]] = {engine: _judged(program, folder, engine, memory) for engine in TARGETS}
        sides |= {"csv": lambda: _csv(folder), "bare": lambda: _duckdb(folder)}
        taken = in_turns(sides, max(1, rounds // 5), warm_up=False)
        for engine, against, other in (
            ("builtin", "csv", "csv.reader to csv.writer"),
            ("duckdb", "bare", "DuckDB reading and writing the file"),
        ):
            what, (times, megabytes) = f"{NAMES[engine]}, {machines} odd machines with KBs", TARGETS[engine]
            found.append(compared("fleet", what, taken[engine], other, taken[against], times))
            found.append(Row("fleet", f"{what}, memory", memory[engine], target=megabytes, unit="MB"))
    return found


def _judged(program: Command, folder: Path, engine: str, memory: dict[str, float]) -> Callable[[], None]:
    words = ["assess", str(folder / "odd.csv"), "--on", DAY, "--engine", engine, "--output", str(folder / "out.csv")]

    def run() -> None:
        done = subprocess.run(
            [sys.executable, "-c", peak.MEASURED, str(PROJECT / "tests"), *words], cwd=program.folder,
            env={**program.environment, "PYTHONPATH": str(PROJECT)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"expected {engine} to judge the fleet, got {done.returncode}: {done.stderr[-400:]}")
        memory[engine] = max(memory[engine], float(done.stderr.split()[-1]))

    return run


def _csv(folder: Path) -> None:
    with (
        (folder / "odd.csv").open(encoding="utf-8", newline="") as file,
        (folder / "csv.csv").open("w", encoding="utf-8", newline="") as out,
    ):
        csv.writer(out).writerows(csv.reader(file))


def _duckdb(folder: Path) -> None:
    """DuckDB reads rows of any length, with a missing cell as NULL; it leaves out what it cannot read."""
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in (*fleets.HEADER, "kbs"))
    with connect(folder) as conn:
        conn.execute(
            f"""copy (select * from read_csv({quoted(str(folder / "odd.csv"))}, columns = {{{columns}}}, header = true, auto_detect = false,
            quote = '"', escape = '"', null_padding = true, ignore_errors = true, parallel = false)) to {quoted(str(folder / "bare.csv"))} (header true)"""
        )
