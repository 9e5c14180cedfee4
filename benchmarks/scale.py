"""Measure ``hotpatch-kb assess`` of one, ten and a hundred million machines, as a process: linear time, constant memory.

Seconds are per million machines and compared with those of the smallest fleet; the peak of memory comes from Linux. The fleet of a million is
repeated, since a larger one has no other kinds of machines. A hundred million need some 30 GB of disk.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from command import Command
from material import PROJECT
from timing import Row

sys.path.append(str(PROJECT / "tests"))
import peak
from helpers import fleets

MILLION: Final = 1_000_000
MILLIONS: Final = (1, 10, 100)
DAY: Final = "2026-07-20"
TIME_TARGET: Final = 1.2
# The built-in engine is compared with its own peak for the smallest fleet, and has a limit in megabytes; DuckDB may use 2 GB and does.
MEMORY_TARGET: Final = 1.1
MEGABYTES: Final = {"builtin": 100.0, "duckdb": 2_500.0}
NAMES: Final = {"builtin": "built in", "duckdb": "DuckDB"}


def rows(program: Command, millions: tuple[int, ...] = MILLIONS) -> list[Row]:
    """Return two rows per engine and fleet: seconds per million machines, and the peak of memory."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fleets.write(folder / "million.csv", MILLION)
        for engine in ("builtin", "duckdb"):
            first: tuple[float, float] | None = None
            for count in millions:
                seconds, megabytes = _measured(program, engine, count, folder)
                against = "" if first is None else f"of {millions[0]} million"
                what = f"{NAMES[engine]}, {count} million machines"
                if first is None:
                    found.append(Row("scale", f"{what}, per million", seconds))
                else:
                    found.append(
                        Row("scale", f"{what}, per million", seconds, against, first[0], seconds / first[0], TIME_TARGET),
                    )
                    if engine == "builtin":
                        found.append(
                            Row("scale", f"{what}, memory", megabytes, against, first[1], megabytes / first[1], MEMORY_TARGET, "MB")
                        )
                found.append(Row("scale", f"{what}, memory", megabytes, target=MEGABYTES[engine], unit="MB"))
                first = first or (seconds, megabytes)
    return found


def _measured(program: Command, engine: str, count: int, folder: Path) -> tuple[float, float]:
    """Return seconds per million machines, and megabytes."""
    fleet, out = folder / "fleet.csv", folder / "out.csv"
    with (folder / "million.csv").open("rb") as million, fleet.open("wb") as file:
        file.write(million.readline())
        begin = million.tell()
        for _ in range(count):
            million.seek(begin)
            shutil.copyfileobj(million, file, 2**22)
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", peak.MEASURED, str(PROJECT / "tests"), "assess", str(fleet), "--on", DAY, "--engine", engine, "--output", str(out)],
        cwd=program.folder, env={**program.environment, "PYTHONPATH": str(PROJECT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"expected {engine} to judge {count} million machines, got {done.returncode}: {done.stderr[-400:]}")
    _check_count(out, count * MILLION + 1)
    fleet.unlink()
    out.unlink()
    return seconds / count, float(done.stderr.split()[-1])


def _check_count(path: Path, expected: int) -> None:
    lines = 0
    with path.open("rb") as file:
        while chunk := file.read(2**22):
            lines += chunk.count(b"\n")
    if lines != expected:
        raise SystemExit(f"expected {expected} lines, got {lines}")
