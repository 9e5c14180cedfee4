"""Compare ``hotpatch-kb assess`` with the least work that the same files need.

The built-in engine, from bytes to bytes, against a bare loop from ``csv.reader`` to ``csv.writer`` with as many columns; DuckDB's engine, from file
to file, against DuckDB's own join of the same files. The files have the existing builds or 33,000 different ones, with or without a
column of installed KBs, which differ for each machine. The order of builds makes the cache of the last row useless.
"""

from __future__ import annotations

import csv
import io
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from material import PROJECT
from timing import Row, compared, in_turns

from hotpatch_kb.db.fleet.assess import Summary, assess
from hotpatch_kb.db.fleet.duckdb_sql import connect, quoted
from hotpatch_kb.db.fleet.engines import duckdb_engine
from hotpatch_kb.db.fleet.formats import VERDICT_COLUMNS, Csv
from hotpatch_kb.db.fleet.inventory import inventory
from hotpatch_kb.db.fleet.judge import Judge
from hotpatch_kb.db.store.connections import open_seed_database

sys.path.append(str(PROJECT / "tests"))
from helpers import fleets

MACHINES: Final = 500_000
LARGE: Final = 1_000_000  # for DuckDB: a smaller file is done before its threads are warm
DAY: Final = "2026-07-20"
# As many rows a second as the bare loop, or half as many where lists of KBs are read.
TARGETS: Final = {False: 1.0, True: 2.0}
DUCKDB_TARGET: Final = 1 / 0.8


def rows(rounds: int) -> list[Row]:
    """Return a row per file and engine: seconds for a fleet."""
    found = []
    with closing(open_seed_database()) as conn, tempfile.TemporaryDirectory() as name:
        folder, judge = Path(name), Judge(conn, DAY)
        for kind, builds in (("plain", "900 builds"), ("many", "33,000 builds")):
            for kbs in (False, True):
                what = f"{builds}, {'with' if kbs else 'without'} KBs"
                fleets.write(folder / "fleet.csv", MACHINES, kind, kbs=kbs)
                body = (folder / "fleet.csv").read_bytes()
                taken = in_turns({"ours": _built_in(judge, body), "bare": _bare(body)}, max(1, rounds // 3))
                against = "csv.reader to csv.writer, as many columns"
                found.append(
                    compared("fleet", f"built in, {MACHINES} machines, {what}", taken["ours"], against, taken["bare"], TARGETS[kbs])
                )
                fleets.write(folder / "large.csv", LARGE, kind, kbs=kbs)
                stated = _verdict_table(judge, folder / "large.csv", folder / "verdicts.csv")
                sides = {
                    "ours": _duckdb(judge, folder),
                    "ordered": _bare_duckdb(folder, stated, order="order by f.number"),
                    "bare": _bare_duckdb(folder, stated, order=""),
                }
                taken = in_turns(sides, max(1, rounds // 5))
                what = f"DuckDB, {LARGE} machines, {what}"
                against = "DuckDB's join of the same files, in order"
                found.append(compared("fleet", what, taken["ours"], against, taken["ordered"], DUCKDB_TARGET))
                found.append(compared("fleet", what, taken["ours"], "the same in no order", taken["bare"], None))
    return found


def _verdict_table(judge: Judge, fleet: Path, path: Path) -> Path:
    """A row for each kind of machine in a fleet, KBs left out, so that the bare join finds, and writes, as much."""
    with fleet.open(encoding="utf-8", newline="") as file, path.open("w", encoding="utf-8", newline="") as out:
        kinds = {(row["product"], row["build"], row["line"]) for row in csv.DictReader(file)}
        writer = csv.writer(out)
        writer.writerow(["product", "build", "line", *VERDICT_COLUMNS])
        for product, build, line in sorted(kinds):
            answer = judge.judge({"product": product, "build": build, "line": line}).answer
            writer.writerow([product, build, line, *(answer[name] for name in VERDICT_COLUMNS)])
    return path


def _built_in(judge: Judge, body: bytes) -> Callable[[], None]:
    def run() -> None:
        out = io.BytesIO()
        with inventory(io.BytesIO(body)) as found:
            for block in assess(judge, found, Csv(found.find_columns()), Summary()):
                out.write(block.encode())

    return run


def _bare(body: bytes) -> Callable[[], None]:
    def run() -> None:
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
        writer = csv.writer(out)
        for cells in csv.reader(io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="")):
            writer.writerow([*cells, *VERDICT_COLUMNS])
        out.flush()

    return run


def _duckdb(judge: Judge, folder: Path) -> Callable[[], None]:
    def run() -> None:
        if duckdb_engine.direct(folder / "large.csv", {}, judge, Summary(), folder) is None:
            raise SystemExit("expected a file that DuckDB reads itself, got one that it does not")

    return run


def _bare_duckdb(folder: Path, stated: Path, order: str) -> Callable[[], None]:
    """A left join on product, build and line, as one would write it; the KBs are not even looked at."""
    number = ", row_number() over () as number" if order else ""

    def run() -> None:
        with connect(folder) as conn:
            conn.execute(
                f"""copy (select f.* {"exclude (number)" if order else ""}, {", ".join(f"v.{name}" for name in VERDICT_COLUMNS)}
                from (select *{number} from read_csv({quoted(str(folder / "large.csv"))}, header = true, all_varchar = true)) as f
                left join read_csv({quoted(str(stated))}, header = true, all_varchar = true) as v
                on v.product = f.product and v.build = f.build and coalesce(v.line, '') = coalesce(f.line, '')
                {order}) to {quoted(str(folder / "bare.csv"))} (header true)"""
            )

    return run
