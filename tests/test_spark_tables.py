"""``assess --engine spark`` on tables: Spark reads, judges and writes, and says what the built-in engine says."""

from __future__ import annotations

import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Command
from helpers.lakes import fleet
from helpers.not_installed import NO_KB, NOT_ITS_BUILD

from hotpatch_kb.db.store.connections import open_seed_database

pytest.importorskip("pyspark", reason="needs the extra 'spark'")
import pyarrow as pa
from pyspark import SparkFiles

from hotpatch_kb.db.fleet.engines import spark_tables

DAY = "2026-07-20"
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"
RUN = """
import sys
from hotpatch_kb.scraper.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def spark(folder: Path, *arguments: object, day: str = DAY) -> Any:
    """Run ``assess`` in a process of its own: its Java process is on loopback."""
    environment = os.environ | {"JAVA_TOOL_OPTIONS": QUICK, "SPARK_LOCAL_IP": "127.0.0.1"}
    command = [sys.executable, "-c", RUN, "assess", *map(str, arguments), "--engine", "spark", "--spark-master", "local[2]", "--on", day]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)


def test_what_is_current_on_a_condition_is_counted_apart(tmp_path: Path) -> None:
    """In December 2025 the newest hotpatch leaves a CVE open that its companion closes, which has the same build."""
    rows = "('a', 'ws2025', '26100.7392', ''), ('b', 'ws2025', '26100.7392', ''), ('c', 'ws2025', '26100.7392', 'KB5074204')"
    (tmp_path / "lake").mkdir()
    with duckdb.connect() as duck:
        duck.execute(
            f"copy (select * from (values {rows}) as t (host, product, build, kbs)) to '{tmp_path}/lake/a.parquet' (format parquet)"
        )
    done = spark(tmp_path, "lake", "--output", "judged", day="2025-12-20")
    assert done.returncode == 0, done.stderr[-3000:]
    said = [line for line in done.stderr.splitlines() if line.startswith("current")]
    assert said == ["current: 1", "current, on the condition that the column reason says: 2"]


def rows_of(pattern: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect() as duck:
        return duck.execute(f"select * from '{pattern}' order by host, build").fetchall()


def test_a_table_gets_the_verdicts_of_the_builtin_engine(tmp_path: Path, run: Command) -> None:
    """Typed columns, a list of KBs, odd names, cells that deny a KB: each row once, with its own values and the same verdict."""
    conn = open_seed_database()
    fleet(tmp_path / "fleet.csv", conn, 3000)
    conn.close()
    (tmp_path / "lake").mkdir()
    with duckdb.connect() as duck:
        table = f"""(select *, row_number() over () as "no. of `row`", now()::timestamp as "seen at", row_number() over () % 3 = 0 as flag
            from read_csv('{tmp_path}/fleet.csv', all_varchar = true))"""
        for number in range(5):
            duck.execute(
                f"""copy (select * from {table} where "no. of `row`" % 5 = {number}) to '{tmp_path}/lake/a{number}.parquet' (format parquet)"""
            )
        duck.execute(
            f"copy (select * replace ('missing: ' || kbs as kbs) from {table} limit 300) to '{tmp_path}/lake/b.parquet' (format parquet)"
        )
        duck.execute(f"copy (select * from '{tmp_path}/lake/*.parquet') to '{tmp_path}/whole.parquet' (format parquet)")
    done = spark(tmp_path, "lake", "--output", "judged")
    assert done.returncode == 0, done.stderr[-3000:]
    assert run("assess", "whole.parquet", "--on", DAY, "--format", "parquet", "--output", "builtin.parquet").code == 0
    # Two cores read six files in six tasks: by default in two, and three such tasks would take two cores as long as four.
    assert len(list((tmp_path / "judged").glob("*.parquet"))) == 6
    found, wanted = rows_of(tmp_path / "judged" / "*.parquet"), rows_of(tmp_path / "builtin.parquet")
    assert len(found) == len(wanted) == 3300
    names = [
        "verdict",
        "classification",
        "kb",
        "baseline_kb",
        "months_behind",
        "next_kb",
        "next_needs_restart",
        "rejoins_month",
        "newer_out_of_band",
        "reason",
    ]

    def judged(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        return sorted((*row[:7], *row[-len(names) :]) for row in ((*map(str, row[:7]), *map(str, row[7:])) for row in rows))

    assert judged(found) == judged(wanted)
    with duckdb.connect() as duck:
        described = duck.execute(f"describe select * from '{tmp_path}/judged/*.parquet'").fetchall()
    assert [row[0] for row in described] == [
        "host",
        "product",
        "build",
        "line",
        "kbs",
        "edition",
        "no. of `row`",
        "seen at",
        "flag",
        *names,
    ]
    assert [row[1] for row in described if row[0] in {"no. of `row`", "flag", "months_behind", "next_needs_restart"}] == [
        "BIGINT",
        "BOOLEAN",
        "INTEGER",
        "BOOLEAN",
    ]
    counts = dict(line.split(": ") for line in done.stderr.splitlines() if line.count(": ") == 1 and line.split(": ")[1].isdigit())
    assert {name: int(count) for name, count in counts.items()} == {
        name: sum(row[-10] == name for row in found) for name in {row[-10] for row in found}
    }
    again = spark(tmp_path, "lake", "--output", "judged")  # what is there is not written over
    assert again.returncode == 2
    assert "'judged' is a directory" in again.stderr


OF_KBS = {name: text for name, text in NO_KB.items() if text.startswith(("host,", "PSComputerName,"))}
# A file with a fact a line (host, property, value) has a row for each host; a table of a lake is read row by row.
OF_BUILDS = {
    name: text for name, (text, _) in NOT_ITS_BUILD.items() if re.match(r"[\w. ]+,", text) and not re.match(r"(?i)[\w. ,]+,value\n", text)
}


@pytest.mark.parametrize("text", [*OF_KBS.values(), *OF_BUILDS.values()], ids=[*OF_KBS, *OF_BUILDS])
def test_the_columns_that_are_judged_say_what_all_of_them_say(
    text: str, run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A status beside a KB decides as well as its list: what a worker is sent gives the verdicts of the whole rows."""
    header, *rows = csv.reader(text.splitlines())
    reading = spark_tables._reading("2026-07-24", tuple(header), frozenset(), {}, [dict(zip(header, row, strict=True)) for row in rows])
    batch = pa.RecordBatch.from_pydict({f"c{place}": [row[place] for row in rows] for place in reading.keys})
    with closing(open_seed_database()) as conn, closing(sqlite3.connect(tmp_path / "facts.db")) as facts:
        conn.backup(facts)
    monkeypatch.setattr(SparkFiles, "get", lambda _: str(tmp_path / "facts.db"))
    (judged,) = spark_tables._judge_batches(reading, iter([batch]))
    (tmp_path / "fleet.csv").write_text(text, encoding="utf-8")
    done = run("assess", "fleet.csv", "--on", "2026-07-24", "--format", "jsonl")
    assert judged.column("verdict").to_pylist() == [json.loads(line)["verdict"] for line in done.out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["lake"], "expected --output with a table"),
        (["lake", "--output", "x", "--safe-csv"], "expected a table without --hotfixes"),
    ],
)
def test_what_does_not_go_with_a_table_is_said(arguments: list[str], why: str, run: Command, tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    done = run("assess", *arguments, "--engine", "spark", "--on", DAY)
    assert done.code == 2
    assert why in done.err
