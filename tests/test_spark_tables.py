"""``assess --engine spark`` on tables: Spark reads, judges and writes, and says what the built-in engine says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Command
from helpers.lakes import fleet

from hotpatch_kb.db.store.connections import open_seed_database

pytest.importorskip("pyspark", reason="needs the extra 'spark'")
DAY = "2026-07-20"
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"
RUN = """
import sys
from hotpatch_kb.scraper.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def spark(folder: Path, *arguments: object) -> Any:
    """Run ``assess`` in a process of its own: its Java process is on loopback."""
    environment = os.environ | {"JAVA_TOOL_OPTIONS": QUICK, "SPARK_LOCAL_IP": "127.0.0.1"}
    command = [sys.executable, "-c", RUN, "assess", *map(str, arguments), "--engine", "spark", "--spark-master", "local[2]", "--on", DAY]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)


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
        duck.execute(f"copy {table} to '{tmp_path}/lake/a.parquet' (format parquet)")
        duck.execute(
            f"copy (select * replace ('missing: ' || kbs as kbs) from {table} limit 300) to '{tmp_path}/lake/b.parquet' (format parquet)"
        )
        duck.execute(f"copy (select * from '{tmp_path}/lake/*.parquet') to '{tmp_path}/whole.parquet' (format parquet)")
    done = spark(tmp_path, "lake", "--output", "judged")
    assert done.returncode == 0, done.stderr[-3000:]
    assert run("assess", "whole.parquet", "--on", DAY, "--format", "parquet", "--output", "builtin.parquet").code == 0
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
