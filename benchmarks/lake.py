"""Judge ten million machines with KBs in a lake: by the joins of an export, in DuckDB and on a Spark cluster, and by Spark's own engine.

    python benchmarks/lake.py --only joins --millions 10
    python benchmarks/lake.py --only engine --millions 30

The cluster has a master and workers of one core each on loopback; Spark's engine has a turn with one worker and one with two. Each worker has a
processor of its own, as two machines of one core have, and the master and the driver are on the first machine in both turns. Every row of each is
compared with what ``assess`` says of the same machine. A fleet of 100,000 with every build is repeated under other names of hosts, since a larger one
has no other kinds of machines. It takes a quarter of an hour and 10 GB of disk, and needs the extras ``bulk`` and ``spark``, and Java 17.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
from material import PROJECT
from timing import Row, as_table

sys.path.append(str(PROJECT / "tests"))
from helpers import clusters, lakes

DAY: Final = "2026-07-20"
PARTS: Final = ("joins", "engine")
KINDS: Final = 100_000
MEMORY: Final = "3g"  # of a worker
JAVA: Final = "-Xshare:auto"
TIMES_OF_ONE: Final = 0.7
DRIVEN: Final = 64.0  # megabytes: the tables of verdicts, not the rows, which have a hundred times as many
RECIPES: Final = PROJECT / "db" / "site" / "export" / "recipes"
# The join does not look for a build by its KBs (docs/export.md).
WRONG: Final = """select count(*) from '{judged}' as j join read_csv('{folder}/assessed.csv', all_varchar = true) as a on a.host = split_part(j.host, '#', 1)
    where (not {is_join} or trim(a.build) <> '26100') and (j.verdict, coalesce(j.next_kb, '')) is distinct from (a.verdict, coalesce(a.next_kb, ''))"""

_JOIN: Final = """
import sys
from pyspark.sql import SparkSession
session = SparkSession.builder.getOrCreate()
*views, join = sys.stdin.read().split(";\\n")
for view in views:
    session.sql(view)
session.sql(join).write.parquet(sys.argv[1])
"""
_ASSESS: Final = """
import sys
from hotpatch_kb.scraper.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def main() -> int:
    """Measure and print; exit code 1 if a target is missed."""
    parser = argparse.ArgumentParser(description="Judge a lake with the joins of an export and with Spark's engine.")
    parser.add_argument("--millions", type=int, default=10, help="of machines  [default: 10]")
    parser.add_argument("--only", choices=PARTS, help="only the joins, or only Spark's engine")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rows = measured(Path(name), arguments.millions, (arguments.only,) if arguments.only else PARTS)
    print("\n".join(as_table(rows)))
    return 1 if any(row.state == "miss" for row in rows) else 0


def measured(folder: Path, millions: int, parts: Sequence[str] = PARTS) -> list[Row]:
    """Return rows: the seconds of each, machines with another verdict than ``assess`` gives, and what of Spark's engine came to its driver."""
    lakes.lake(folder, DAY, KINDS)
    _run(_ASSESS, folder, clusters.environment(folder), "assess", "fleet.csv", "--on", DAY, "--output", "assessed.csv")
    (folder / "fleet").mkdir()
    copies = 1_000_000 // KINDS
    with duckdb.connect() as duck:
        for file in range(millions):
            duck.execute(
                f"""copy (select * replace (host || '#' || copy as host) from read_csv('{folder}/fleet.csv', all_varchar = true),
                range({file * copies}, {(file + 1) * copies}) as c (copy)) to '{folder}/fleet/part-{file}.parquet' (format parquet)"""
            )
    count = f"{millions} million machines"
    rows: list[Row] = []
    if "joins" in parts:
        rows.append(Row("lake", f"join of the export in DuckDB, {count}", _in_duckdb(folder)))
        rows.append(_others(folder, "joined.parquet", is_join=True))
        with _workers(folder / "cluster", 2) as master:
            rows.append(Row("lake", f"join of the export in Spark, two workers, {count}", _in_spark(folder, folder / "cluster", master)))
        rows.append(_others(folder, "joined-spark/*.parquet", is_join=True))
    if "engine" in parts:
        seconds: dict[int, float] = {}
        for workers in (1, 2):
            place, target = folder / f"cluster-{workers}", f"judged-{workers}"
            with _workers(place, workers) as master:
                seconds[workers] = _by_engine(folder, place, master, target)
            rows.append(_others(folder, f"{target}/*.parquet", is_join=False))
            rows.append(Row("lake", "the same: results of tasks at the driver", _at_the_driver(place), target=DRIVEN, unit="MB"))
        what = f"Spark's engine, two workers, {count}"
        rows.append(Row("lake", what, seconds[2], "one worker", seconds[1], seconds[2] / seconds[1], TIMES_OF_ONE))
    return rows


@contextmanager
def _workers(place: Path, count: int) -> Iterator[str]:
    """Provide the address of a cluster whose workers have a processor each."""
    place.mkdir()
    with clusters.cluster(place, workers=count, memory=MEMORY, java=JAVA, is_pinned=True) as master:
        yield master


def _in_duckdb(folder: Path) -> float:
    sql = (
        (RECIPES / "duckdb.sql")
        .read_text(encoding="utf-8")
        .replace("current_date", f"date '{DAY}'")
        .replace("'tables/", f"'{folder}/tables/")
    )
    sql = re.sub(r"read_csv\('fleet\.csv'[^)]*\)", f"'{folder}/fleet/*.parquet'", sql)
    began = time.perf_counter()
    with duckdb.connect() as duck:
        duck.execute(f"set temp_directory = '{folder}/spilled'")
        *views, join = sql.rstrip().removesuffix(";").split(";\n")
        for view in views:
            duck.execute(view)
        duck.execute(f"copy ({join}) to '{folder}/joined.parquet' (format parquet)")
    return time.perf_counter() - began


def _in_spark(folder: Path, place: Path, master: str) -> float:
    sql = (RECIPES / "spark.sql").read_text(encoding="utf-8").replace("current_date", f"date '{DAY}'")
    sql = sql.replace(
        "using csv options (path 'fleet.csv', header 'true', quote '\"', escape '\"', nullValue '')",
        "using parquet options (path 'fleet')",
    )
    sql = sql.replace("path '", f"path '{folder}/")
    began = time.perf_counter()
    _run(_JOIN, folder, _settings(place, master), str(folder / "joined-spark"), given=sql)
    return time.perf_counter() - began


def _by_engine(folder: Path, place: Path, master: str, target: str) -> float:
    began = time.perf_counter()
    environment = _settings(place, master, is_told=True)
    _run(
        _ASSESS,
        folder,
        environment,
        "assess",
        str(folder / "fleet"),
        "--on",
        DAY,
        "--engine",
        "spark",
        "--spark-master",
        master,
        "--output",
        str(folder / target),
        command=clusters.on_processor(0),
    )
    return time.perf_counter() - began


def _settings(place: Path, master: str, *, is_told: bool = False) -> dict[str, str]:
    """Return the environment of a driver: all memory of the workers for its executors, and with ``is_told`` a log of its tasks."""
    environment = clusters.environment(place, JAVA_TOOL_OPTIONS=JAVA, PYSPARK_PYTHON=sys.executable)
    (place / "events").mkdir(exist_ok=True)
    settings = {
        "spark.master": master, "spark.executor.memory": "2500m", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.eventLog.enabled": str(is_told).lower(),
        "spark.eventLog.dir": (place / "events").as_uri(), "spark.eventLog.compress": "false", "spark.eventLog.rolling.enabled": "false",
    }  # fmt: skip
    (place / "conf" / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    return environment


def _at_the_driver(place: Path) -> float:
    """Return the megabytes that the tasks sent to the driver, whatever they read and wrote themselves."""
    (log,) = [path for path in (place / "events").iterdir() if path.is_file() and not path.name.startswith(".")]
    told = (json.loads(line) for line in log.read_text(encoding="utf-8").splitlines())
    return sum(_sent(event) for event in told if event["Event"] == "SparkListenerTaskEnd") / 2**20


def _sent(event: dict[str, Any]) -> int:
    return int((event.get("Task Metrics") or {}).get("Result Size", 0))


def _others(folder: Path, judged: str, *, is_join: bool) -> Row:
    """Return how many machines have another verdict or next KB than ``assess`` gives; none may be missing or doubled."""
    with duckdb.connect() as duck:
        (wrong,) = duck.execute(WRONG.format(folder=folder, judged=folder / judged, is_join=str(is_join).lower())).fetchone() or (0,)
        (count,) = duck.execute(f"select count(*) - count(distinct host) from '{folder / judged}'").fetchone() or (0,)
        (missing,) = duck.execute(f"select (select count(*) from '{folder}/fleet/*.parquet') - (select count(*) from '{folder / judged}')").fetchone() or (0,)  # fmt: skip
    return Row("lake", "the same: machines with another verdict than assess gives, missing or doubled", float(wrong + count + abs(missing)), target=0.0, unit="errors")  # fmt: skip


def _run(
    code: str, folder: Path, environment: dict[str, str], *arguments: str, given: str | None = None, command: Sequence[str] = ()
) -> None:
    done = subprocess.run(
        [*command, sys.executable, "-W", "ignore", "-c", code, *arguments],
        cwd=folder, env=environment, input=given, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"expected {' '.join(arguments[:2]) or 'the join'} to succeed, got {done.returncode}: {done.stderr[-2000:]}")


if __name__ == "__main__":
    sys.exit(main())
