"""Whole fleets: no row lost or doubled, the same bytes from every engine, memory that does not grow. HOTPATCH_KB_FLEET says how large."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Command
from helpers import fleets
from peak import MEASURED

from hotpatch_kb.db.answers.verdicts import VERDICTS
from hotpatch_kb.db.fleet import engines
from hotpatch_kb.db.fleet.formats import FORMATS
from hotpatch_kb.db.fleet.judge import Judge
from hotpatch_kb.db.fleet.rows import csv_line, csv_lines
from hotpatch_kb.db.store.connections import open_seed_database

ROWS = int(os.environ.get("HOTPATCH_KB_FLEET", "8000"))
DAY = "2026-05-20"
MEGABYTES = 100
SHAPES = tuple(FORMATS)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fleet") / "fleet.csv"
    fleets.write(path, ROWS, "odd")
    return path


def _assess(fleet: Path, out: Path, *arguments: str) -> float:
    """Runs the command as a process; the most memory it had, in megabytes."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(Path(__file__).parent), "assess", str(fleet), "--on", DAY, "--output", str(out), *arguments],
        cwd=fleet.parent, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"{ROWS} machines on {DAY}" in done.stderr
    return float(done.stderr.strip().splitlines()[-1])


def _expected(number: int, cells: list[str]) -> list[str]:
    written = fleets.ragged(cells, number) if number % 20 == 7 else cells
    return [*written[:4], " ".join(written[4:])]


@pytest.mark.fault("a fleet with every oddity")
def test_no_row_is_lost_or_doubled_and_memory_is_bounded(fleet: Path, tmp_path: Path) -> None:
    """One row in twenty is odd; every row comes once with a verdict, within 100 MB."""
    megabytes = _assess(fleet, tmp_path / "out.csv", "--engine", "builtin")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        found = csv.reader(file)
        header = next(found)
        assert header[:6] == [*fleets.HEADER, "verdict"]
        for number, ((cells, is_odd), row) in enumerate(zip(fleets.machines(ROWS, "odd"), found, strict=True)):
            assert row[:5] == _expected(number, cells)
            assert len(row) == len(header)
            assert row[5] in VERDICTS
            assert is_odd or row[5] != "invalid", row
    assert megabytes < MEGABYTES


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _spark_is_there() -> bool:
    return (
        shutil.which("java") is not None
        and subprocess.run([sys.executable, "-c", "import pyspark"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_every_engine_prints_the_same(engine: str, fleet: Path, tmp_path: Path) -> None:
    if engine == "spark" and not _spark_is_there():
        pytest.skip(
            "needs the extra 'spark' and a Java 17 runtime: pip install 'hotpatch-kb[spark]', apt-get install openjdk-17-jre-headless"
        )
    # Starting Spark takes longer than all the rest, and its lines are those of any shape: the long run has both.
    of_spark = ("csv", "parquet") if ROWS > 100_000 else ("csv",)
    for shape in SHAPES if engine == "duckdb" else of_spark:
        _assess(fleet, tmp_path / f"builtin.{shape}", "--format", shape, "--engine", "builtin")
        _assess(fleet, tmp_path / f"{engine}.{shape}", "--format", shape, "--engine", engine)
        assert _digest(tmp_path / f"builtin.{shape}") == _digest(tmp_path / f"{engine}.{shape}"), shape


@pytest.mark.parametrize("kind", ["plain", "many", "odd"])
@pytest.mark.parametrize("kbs", [False, True])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_what_duckdb_reads_itself_is_the_same(kind: str, kbs: bool, delimiter: str, tmp_path: Path) -> None:
    """A file without quotes is not normalised, but read by DuckDB line by line."""
    fleets.write(tmp_path / "fleet.csv", min(ROWS, 200_000), kind, kbs=kbs)
    text = (tmp_path / "fleet.csv").read_text(encoding="utf-8").replace(",", delimiter)
    (tmp_path / "fleet.csv").write_text(text, encoding="utf-8", newline="")
    outputs = []
    for engine in ("builtin", "duckdb"):
        out = tmp_path / f"{engine}.csv"
        done = subprocess.run(
            [sys.executable, "-m", "hotpatch_kb", "assess", "fleet.csv", "--on", DAY, "-o", str(out), "--engine", engine],
            cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        outputs.append((_digest(out), done.stderr))
    assert outputs[0] == outputs[1]


def test_a_large_file_is_judged_slice_by_slice(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hotpatch_kb.db.fleet.engines import duckdb_engine  # noqa: PLC0415 (the module is imported where it is used)

    monkeypatch.setattr(duckdb_engine, "SLICE", 10_000_000)  # two and a half slices of what is read at once, 4 MiB
    fleets.write(tmp_path / "fleet.csv", 200_000, "plain", kbs=True)
    found = [run("assess", "fleet.csv", "--on", DAY, "--engine", engine, "-o", f"{engine}.csv") for engine in ("builtin", "duckdb")]
    assert [(done.code, done.err) for done in found] == [(0, found[0].err)] * 2
    assert _digest(tmp_path / "builtin.csv") == _digest(tmp_path / "duckdb.csv")


ODD = {
    "no header": b"srv1,26100.32772\nsrv2,26100.1\n",
    "a blank line": b"host,build\na,26100.32772\n\nb,26100.1\n",
    "ragged": b"host,build\na,26100.32772\nb\n",
    "quotes inside cells": b'host,build\na"b,26100.32772\nc"d,26100.1\ne,26100.2\n',
    "quotes and plain rows": b'host,build\na,26100.32772\n"b, b",26100.32772\n"two\nlines",26100.1\n\nc,26100.32772\nd\ne"e,26100.32772\nf,26100.1\n',
    "quotes": b'host,build\n"a",26100.32772\n',
    "bom": b"\xef\xbb\xbfhost,build\na,26100.32772\n",
    "bom without a header": b"\xef\xbb\xbfa,26100.32772\nb,26100.1\n",
    "crlf": b"host,build\r\na,26100.32772\r\nb,x\r\n",
    "no end": b"host,build\na,26100.32772",
    "one column": b"build\n26100.32772\n26100.1\n",
    "two builds": b"build,OSVersion\n26100,10.0.26100.32772\n",
    "preamble": b"sep=;\nhost;build\na;26100.32772\n",
    "a comma in another table": b"host;build\na,b;26100.32772\n",
    "utf-16": "host,build\na,26100.32772\n".encode("utf-16"),
    "gzip": gzip.compress(b"host,build\na,26100.32772\n", mtime=0),
    "json in a cell": b'name,properties\na,"{""osVersion"": ""10.0.26100.32772""}"\n',
    "control characters": b"host,build\na\x1fb,26100.32772\n\x01\x02,26100.1\nc\x02\x03d,26100.1\n",
    "what DuckDB reads as NULL": b'build\n"\x01\x02"\n26100.1\n',
    "names that differ in case": b"Host,host,build\na,b,26100.32772\n",
    "a header of ours": b"host,verdict,build\na,b,26100.32772\n",
    "header alone": b"host,build\n",
    "kbs": b"host,build,kbs\na,26100.6905,KB5070893\nb,26100.6905,KB5070881;KB5070893\nc,26100.6905,\nd,26100.6905,x5070893y 50708811\n",
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.fault("tables that engines read differently")
def test_small_tables_by_every_way(name: str, run: Command, tmp_path: Path) -> None:
    """Quotes, blanks, control characters, other encodings; every engine prints the same bytes."""
    (tmp_path / "fleet").write_bytes(ODD[name])
    for shape in ("csv", "jsonl"):
        builtin = run("assess", "fleet", "--on", DAY, "--format", shape)
        duck = run("assess", "fleet", "--on", DAY, "--format", shape, "--engine", "duckdb")
        assert (builtin.code, builtin.out, builtin.err) == (duck.code, duck.out, duck.err)
        assert builtin.code == 0


@pytest.mark.fault("broken text given to an engine")
def test_bad_input_is_said_by_our_reader(run: Command, tmp_path: Path) -> None:
    """DuckDB is given broken UTF-8; exit code 2, in the words of our reader."""
    (tmp_path / "fleet").write_bytes(b"host,build\na,26100.32772\n\xff\xfe,26100.1\n")
    builtin, duck = run("assess", "fleet", "--on", DAY), run("assess", "fleet", "--on", DAY, "--engine", "duckdb")
    assert (duck.code, duck.err) == (2, builtin.err)
    assert "expected text in UTF-8 or UTF-16" in duck.err


# --- Parquet ------------------------------------------------------------------------------------------------------------


def test_parquet_in_and_out(run: Command, tmp_path: Path) -> None:
    import duckdb  # noqa: PLC0415 (the module is imported where it is used)

    conn = duckdb.connect()
    conn.execute(
        """copy (select * from (values ('a', '26100.32772', 'ws2025', 16, true, date '2026-05-01', 1.50::decimal(6, 2), ['x', 'y'], {'k': 1}),
        ('b', null, 'ws2025', null, null, null, null, null, null)) as t(host, build, product, cores, arc, seen, price, tags, more)) to 'fleet.parquet' (format parquet)"""
    )
    rows = [json.loads(line) for line in run("assess", "fleet.parquet", "--on", DAY, "--format", "jsonl").out.splitlines()]
    assert rows[0] | {"reason": ""} == {
        "host": "a", "build": "26100.32772", "product": "ws2025", "cores": 16, "arc": True, "seen": "2026-05-01", "price": "1.50", "tags": ["x", "y"],
        "more": {"k": 1}, "verdict": "current", "classification": "hotpatch", "kb": "KB5087423", "baseline_kb": "KB5082063", "months_behind": 0,
        "next_kb": None, "next_needs_restart": None, "rejoins_month": None, "newer_out_of_band": "", "reason": "",
    }  # fmt: skip
    assert (rows[1]["build"], rows[1]["verdict"]) == (None, "unknown")
    assert run("assess", "fleet.parquet", "--on", DAY, "--format", "parquet", "-o", "out.parquet").code == 0
    found = conn.execute("select host, cores, tags, verdict, months_behind, next_needs_restart from 'out.parquet'").fetchall()
    assert found == [("a", "16", '["x","y"]', "current", 0, None), ("b", None, None, "unknown", None, None)]
    conn.close()
    (tmp_path / "broken").write_bytes(b"PAR1 and nothing else")
    assert run("assess", "broken").err.splitlines()[-1].startswith("hotpatch-kb: expected an inventory that can be read, got ")


# --- beside the inventory -----------------------------------------------------------------------------------------------


def test_installed_kbs_in_a_second_file(run: Command, tmp_path: Path) -> None:
    """As Get-HotFix prints them: a row per machine and KB."""
    (tmp_path / "fleet.csv").write_text(
        "name,build,product\nSRV1.example.com,26100.6905,ws2025\nsrv2,26100.6905,ws2025\nsrv3,26100.6905,ws2025\n", encoding="utf-8"
    )
    (tmp_path / "hotfix.csv").write_text(
        '#TYPE System.Management.ManagementObject\n"PSComputerName","HotFixID","InstalledOn"\n"srv1","KB5070893","10/25/2025"\n"SRV2$","KB5070881",""\n"srv2","KB5066835",""\n',
        encoding="utf-8",
    )
    expected = {"SRV1.example.com": ("behind", "KB5068966"), "srv2": ("behind", "KB5068861"), "srv3": ("ambiguous", "")}
    for engine in ("builtin", "duckdb"):
        done = run("assess", "fleet.csv", "--on", "2025-11-20", "--hotfixes", "hotfix.csv", "--engine", engine)
        assert {row["name"]: (row["verdict"], row["next_kb"]) for row in csv.DictReader(io.StringIO(done.out))} == expected
    lines = run("assess", "fleet.csv", "--on", "2025-11-20", "--hotfixes", "hotfix.csv", "--json").json()
    assert {row["name"]: (row["verdict"], row["next_kb"] or "") for row in lines} == expected
    (tmp_path / "none.csv").write_text("host,note\na,b\n", encoding="utf-8")
    assert (
        run("assess", "fleet.csv", "--hotfixes", "none.csv").err.splitlines()[-1]
        == "hotpatch-kb: expected a column that says the KB (HotFixID ...), got host, note"
    )
    (tmp_path / "unnamed.csv").write_text("build\n26100.6905\n", encoding="utf-8")
    assert "expected a column that says the host" in run("assess", "unnamed.csv", "--hotfixes", "hotfix.csv").err


@pytest.mark.fault("an inventory that breaks off while it is written out")
def test_a_file_is_there_only_when_it_is_whole(run: Command, tmp_path: Path) -> None:
    """A quote is open to the end; exit code 2, no output file and no part of one."""
    (tmp_path / "fleet.csv").write_text('host,build\na,26100.32772\n"b,26100.1\n', encoding="utf-8")
    assert run("assess", "fleet.csv", "-o", "out.csv").code == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fleet.csv"]
    (tmp_path / "fleet.csv").write_text("host,build\na,26100.32772\n", encoding="utf-8")
    assert run("assess", "fleet.csv", "-o", "out.csv").out == ""
    assert (tmp_path / "out.csv").read_bytes().startswith(b"host,build,verdict,")
    done = run("assess", "fleet.csv", "-o", "nowhere/out.csv")
    assert (done.code, done.err.splitlines()[-1][:56]) == (2, "hotpatch-kb: expected a file that can be written at nowh")


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_an_engine_that_is_not_installed(engine: str, run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, {"duckdb": "duckdb", "spark": "hotpatch_kb.db.fleet.engines.spark_engine"}[engine], None)
    if engine == "spark":
        monkeypatch.delattr(engines, "spark_engine", raising=False)
    (tmp_path / "fleet.csv").write_text('host,build\n"a",26100.32772\n', encoding="utf-8")
    done = run("assess", "fleet.csv", "--engine", engine)
    assert (done.code, "pip install 'hotpatch-kb[" in done.err.splitlines()[-1]) == (2, True), done.err


def test_a_large_file_is_for_duckdb(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is installed, and where nobody asked for another engine; the bytes are the same."""
    (tmp_path / "fleet.csv").write_text("host,build\na,26100.32772\nb,26100.1\n", encoding="utf-8")
    usual = run("assess", "fleet.csv", "--on", DAY)
    monkeypatch.setattr(engines, "LARGE", (tmp_path / "fleet.csv").stat().st_size)
    said = "judged with DuckDB, which is faster for a file of "
    large = run("assess", "fleet.csv", "--on", DAY)
    assert (large.code, large.out) == (usual.code, usual.out)
    assert [line for line in large.err.splitlines() if line not in usual.err.splitlines()] == [
        line for line in large.err.splitlines() if line.startswith(said) and line.endswith("; --engine builtin takes less memory")
    ]
    assert said in large.err
    others = (("--engine", "builtin"), ("--format", "json"), ("--encoding", "utf-8"), ("--safe-csv",))
    for options in others:
        assert said not in run("assess", "fleet.csv", "--on", DAY, *options).err
    monkeypatch.setattr(engines, "LARGE", engines.LARGE + 1)
    assert said not in run("assess", "fleet.csv", "--on", DAY).err
    monkeypatch.setattr(engines, "LARGE", 1)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert run("assess", "fleet.csv", "--on", DAY).err == usual.err


@pytest.fixture
def objects(run: Command, tmp_path: Path) -> Callable[[list[object]], list[dict[str, str]]]:
    def assessed(given: list[object]) -> list[dict[str, str]]:
        (tmp_path / "fleet.json").write_text(json.dumps(given), encoding="utf-8")
        done = run("assess", "fleet.json", "--on", DAY)
        assert done.code == 0, done.err
        return list(csv.DictReader(io.StringIO(done.out, newline="")))

    return assessed


def test_objects_need_not_be_alike(objects: Callable[[list[object]], list[dict[str, str]]]) -> None:
    """A table has one header: every name of any object stands in it. An object without a host among those that have one may be of no machine."""
    rows = objects(
        [{"host": "a"}, {"host": "b", "build": "26100.32772"}, 7, {"build": "26100.32772", "owner": {"team": 1}, "verdict": "mine"}]
    )
    assert [(row["host"], row["build"], row["owner"], row["input_verdict"], row["verdict"]) for row in rows] == [
        ("a", "", "", "", "unknown"), ("b", "26100.32772", "", "", "current"), ("", "", "", "", "invalid"), ("", "26100.32772", '{"team": 1}', "mine", "unknown"),
    ]  # fmt: skip


@pytest.mark.parametrize("with_revision", [False, True])
def test_dropped_kbs_change_no_verdict(with_revision: bool) -> None:
    """``reduced`` keeps what a verdict depends on, whatever the spelling of the build; a fresh judge without its memory says the same."""
    with closing(open_seed_database()) as conn:
        judge, fresh = Judge(conn, "2026-07-20"), Judge(conn, "2026-07-20")
        for cells, _ in fleets.machines(20_000, "odd", kbs=True, seed=7):
            machine = dict(zip(("host", "product", "build", "line", "owner"), cells, strict=False)) | {
                "edition": ("", "Pro", "ServerStandard")[len(cells[0]) % 3]
            }
            if with_revision:
                machine |= {"build": machine["build"].split(".")[0], "revision": machine["build"].rpartition(".")[2]}
            every = " ".join(sorted(judge.deciding.known.intersection(cells[5].replace("KB", "").split())))
            fresh._alike.clear()
            judged = judge.judge_reduced({**machine, "kbs": judge.reduced(cells[5], machine["build"])})
            assert judged[:2] == fresh.judge_reduced({**machine, "kbs": every})[:2], machine


def test_lines_of_csv_are_those_of_each_row() -> None:
    rows = [[first, second] for first in (*fleets.NOTES, "", '"', ",") for second in fleets.NOTES]
    assert csv_lines(rows) == [csv_line(row) for row in rows]
    assert csv_lines([[""], ["a"]]) == [csv_line([""]), csv_line(["a"])]
