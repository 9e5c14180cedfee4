"""``hotpatch-kb assess`` of a fleet, from bytes to bytes, against reading and writing the same table with the standard library.

Every third machine is stated to be enrolled; builds are all that are known, in an order that leaves nothing to the cache of the last row.
"""

from __future__ import annotations

import csv
import io
from typing import Final

from timing import Row, compared, in_turns

from db.assess import COLUMNS, Judge, assess
from db.inventory import read
from db.reading import open_seed_database
from scraper.fleet import as_csv

MACHINES: Final = 50_000
DAY: Final = "2026-07-20"
TARGET: Final = 8.0
STEP: Final = 7919  # a prime: neighbours have nothing in common


def rows(rounds: int) -> list[Row]:
    """One row: seconds of a fleet."""
    conn = open_seed_database()
    builds = conn.execute("select distinct product, build from releases where build is not null order by product, build").fetchall()
    body = _fleet([(str(product), str(build)) for product, build in builds])
    judge = Judge(conn, DAY)
    taken = in_turns({"ours": lambda: _ours(judge, body), "bare": lambda: _bare(body)}, max(1, rounds // 3))
    conn.close()
    what = f"{MACHINES} machines as CSV, {len(builds)} builds"
    return [compared("fleet", what, taken["ours"], "csv.reader to csv.writer, as many columns", taken["bare"], TARGET)]


def _fleet(builds: list[tuple[str, str]]) -> bytes:
    lines = ["host,product,build,line,owner"]
    for number in range(MACHINES):
        product, build = builds[number * STEP % len(builds)]
        lines.append(f"srv{number},{product},{build},{('hotpatch', 'standard', '')[number % 3]},team {number % 50}")
    return "\n".join([*lines, ""]).encode()


def _ours(judge: Judge, body: bytes) -> None:
    as_csv(assess(judge, read(io.BytesIO(body))), io.StringIO())


def _bare(body: bytes) -> None:
    writer = csv.writer(io.StringIO())
    for cells in csv.reader(io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="")):
        writer.writerow([*cells, *COLUMNS])
