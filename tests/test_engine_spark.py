"""The Spark engine on a real cluster: a master and two workers on loopback. The driver runs in processes of its own."""

import json
import os
import random
import re
import shutil
import subprocess
import sys

import pytest
from helpers import clusters
from helpers.clusters import environment

NEEDS = "needs the extra 'spark' and a Java 17 runtime: pip install 'hotpatch-kb[spark]', apt-get install openjdk-17-jre-headless"
spark = pytest.importorskip("hotpatch_kb.db.fleet.engines.spark_engine", reason=NEEDS, exc_type=ImportError)
pytest.importorskip("pyspark", reason=NEEDS, exc_type=ImportError)

ROWS = 20_000
LONG = 4 << 20  # bytes
ODD = (
    "", " ", "  trailing  ", "tab\tin\t", "\t", "\t\t", "line\nend", "\r\n", "\r", "\0", "\x1b", "\x1b1", "\x1b0\x1b", "\x1b\n1", "\u2028", "\u2029", "\u0085",
    "\x0b\x0c\x1c\x1d\x1e", "\ufeff", "\U0001f600\U00010000\U0010ffff", "e\u0301\u00e9", "\\", "\\n\\t\\1$1", '"', '""', "'", '"a,b"', "[*]?{}", "null", "%20", "\uffff\ufffe",
)  # fmt: skip
JOIN = """
import sys
from pathlib import Path
from hotpatch_kb.db.fleet.engines.spark_engine import join
inputs, scratch, master = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] or None
for block in join(sorted(inputs.glob("part-*.tsv")), inputs / "table.tsv", scratch, master=master):
    sys.stdout.buffer.write(block)
"""
# Many joins in one session, which is another's: it goes on, and its settings are what they were.
MANY = """
import json, sys
from pathlib import Path
from pyspark.sql import SparkSession
from hotpatch_kb.db.fleet.engines.spark_engine import SparkFailed, join
session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
session.sparkContext.setLogLevel("OFF")
session.conf.set("spark.sql.codegen.wholeStage", "false")  # quicker for a few rows, and the other way to run
session.conf.set("spark.sql.files.maxPartitionBytes", "1000001")
for inputs in map(Path, sys.argv[1:]):
    parts, table, scratch = sorted(inputs.glob("part-*.tsv")), inputs / "table.tsv", inputs / "scratch"
    try:
        (inputs / "output").write_bytes(b"".join(join(parts, table, scratch, master="spark://127.0.0.1:1")))
    except SparkFailed as failed:
        (inputs / "failed").write_text(str(failed), encoding="utf-8")
state = [session.conf.get("spark.sql.files.maxPartitionBytes"), session.conf.get("spark.sql.files.openCostInBytes", None), session.range(3).count()]
print(json.dumps(state))
"""


def written(text):
    """As the normaliser writes a column."""
    for character, escape in (("\x1b", "\x1b0"), ("\n", "\x1b1"), ("\r", "\x1b2"), ("\t", "\x1b3"), ("\0", "\x1b4")):
        text = text.replace(character, escape)
    return text


def write_inputs(folder, parts, table):
    """Writes parts (number: rows of key, prefix, own) and a table, and gives the output that plain Python makes of them."""
    (folder / "scratch").mkdir(parents=True)
    (folder / "table.tsv").write_text(
        "".join(f"{written(key)}\t{written(suffix)}\n" for key, suffix in table.items()), encoding="utf-8", newline=""
    )
    output, row = [], 0
    for number, rows in sorted(parts.items()):
        lines = []
        for key, prefix, own in rows:
            row += 1
            lines.append(f"{row}\t{written(key)}\t{written(prefix)}\t{written(own)}\n")
            output.append(f"{prefix}{table.get(key, own)}\n")
        (folder / f"part-{number:05d}.tsv").write_text("".join(lines), encoding="utf-8", newline="")
    return "".join(output).encode()


def odd_inputs(folder, seed, count):
    """Random rows with every oddity, in parts of all sizes, one of them empty and one larger than all others."""
    dice = random.Random(seed)

    def cell():
        return "".join(dice.choice(ODD) if dice.random() < 0.5 else f"c{dice.randrange(99)}," for _ in range(dice.randrange(4)))

    table = {f"{odd}k{number}": cell() for number, odd in enumerate(ODD * 20)}
    keys = list(table)
    rows = [(dice.choice(keys), cell(), "") if dice.random() < 0.8 else ("", cell(), cell()) for _ in range(count)]
    assert {"\r", "\0", "\u2028"} <= set("".join(prefix for _, prefix, _ in rows))
    rows[100] = (keys[0], "", "")
    rows[5] = ("", "", "")
    table[keys[1]] = ""
    first, second, third = count // 20, count // 2, count - 1
    large = [(keys[2], "x" * LONG, ""), ("", "\U0001f600\t" * (LONG // 5), "\\" * LONG)]
    parts = {0: rows[:first], 2: rows[first:second], 3: [], 10: large + rows[second:third], 11: rows[third:]}
    return write_inputs(folder, parts, table)


def drive(code, *arguments, env):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)], capture_output=True, env=env, check=False, timeout=240
    )
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


@pytest.fixture(scope="module")
def java():
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=f"{home}/bin" if home else None)
    if program is None:
        pytest.skip(NEEDS)
    told = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) < 17:
        pytest.skip(f"{NEEDS}; {program} is {told.splitlines()[:1]}")
    if os.name != "posix":
        pytest.skip("a cluster is started with Spark's scripts for POSIX shells")


@pytest.fixture(scope="module")
def cluster(java, tmp_path_factory):  # noqa: ARG001
    """The address of a master with two workers of one core each."""
    with clusters.cluster(tmp_path_factory.mktemp("cluster")) as address:
        yield address


def events(folder):
    """What Spark wrote down of its run."""
    (log,) = [path for path in folder.rglob("*") if path.is_file() and path.name.startswith(("app", "local", "events"))]
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


@pytest.mark.skipif("HOTPATCH_KB_LONG" not in os.environ, reason="a cluster of three processes, 45 seconds: HOTPATCH_KB_LONG=1")
def test_a_cluster_gives_the_bytes_that_plain_python_gives(cluster, tmp_path):
    folder = tmp_path / "a b%20[x]={é},*"
    expected = odd_inputs(folder, seed=1, count=ROWS)
    (tmp_path / "events").mkdir()
    env = environment(tmp_path)
    # The master comes from the environment, and the settings of the place are against us: files cut small, compressed output, and a
    # Java machine that prints to its standard output.
    settings = {
        "spark.master": cluster, "spark.cores.max": "2", "spark.executor.memory": "640m", "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1", "spark.scheduler.minRegisteredResourcesRatio": "1.0", "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": (tmp_path / "events").as_uri(), "spark.eventLog.compress": "false", "spark.eventLog.rolling.enabled": "false",
        "spark.sql.files.maxPartitionBytes": "1m", "spark.sql.files.maxRecordsPerFile": "100", "spark.driver.extraJavaOptions": "-Xlog:gc",
        "spark.hadoop.mapreduce.output.fileoutputformat.compress": "true", "spark.ui.showConsoleProgress": "true",
    }  # fmt: skip
    (tmp_path / "conf" / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    code, out, err = drive(JOIN, folder, folder / "scratch", "", env=env)
    assert code == 0, err[-4000:]
    assert out == expected
    assert "[gc" in err  # what Java printed went there
    assert "Stage" not in err
    assert list((folder / "scratch").iterdir()) == []

    told = events(tmp_path / "events")
    plan = [event["physicalPlanDescription"] for event in told if "physicalPlanDescription" in event][-1]
    plan = plan.partition("Initial Plan")[0]
    operators = re.findall(r"^[ :+*-]*(?:\* )?(\w+)", plan, re.MULTILINE)
    assert operators.count("BroadcastHashJoin") == 1
    assert "SortMergeJoin" not in operators
    assert [name for name in operators if "Exchange" in name] == ["BroadcastExchange"]  # no row moves
    assert operators.count("Sort") == 1
    tasks = [event for event in told if event["Event"] == "SparkListenerTaskEnd"]
    assert {event["Task Info"]["Executor ID"] for event in tasks} == {"0", "1"}
    last = max(event["Stage ID"] for event in tasks)
    assert sum(event["Stage ID"] == last for event in tasks) == 4  # one for each part that is not empty


@pytest.mark.skipif(
    "HOTPATCH_KB_LONG" not in os.environ, reason="seven joins, 25 seconds: HOTPATCH_KB_LONG=1; an ordinary run judges a fleet with Spark"
)
@pytest.mark.usefixtures("java")
def test_many_joins_in_the_session_of_another(tmp_path):
    expected = {
        "odd": odd_inputs(tmp_path / "odd", seed=2, count=500),
        "no-table": write_inputs(tmp_path / "no-table", {0: [("", "a", "b"), ("", "", "")]}, {}),
        "none": write_inputs(tmp_path / "none", {0: []}, {"k": "v"}),
    }
    write_inputs(tmp_path / "missing", {0: [("k", "", ""), ("ghost\n", "", "")]}, {"k": "v"})
    for name in ("twice", "broken", "no-number"):
        write_inputs(tmp_path / name, {0: [("k", "a", ""), ("k", "b", "")]}, {"k": "v"})
    (tmp_path / "twice" / "table.tsv").write_text("k\tv\nk\tw\n")
    (tmp_path / "broken" / "part-00000.tsv").write_text("1\tk\ta\n2\tk\tb\t\t\n3\tk\tb\t\n")
    (tmp_path / "no-number" / "part-00000.tsv").write_text("x\tk\ta\t\n")
    cases = [*expected, "missing", "twice", "broken", "no-number"]
    code, out, err = drive(MANY, *(tmp_path / case for case in cases), env=environment(tmp_path))
    assert code == 0, err[-4000:]
    assert json.loads(out) == ["1000001", None, 3]
    for case, output in expected.items():
        assert not (tmp_path / case / "failed").exists(), (tmp_path / case / "failed").read_text()
        assert (tmp_path / case / "output").read_bytes() == output, case
    failed = {case: (tmp_path / case / "failed").read_text(encoding="utf-8") for case in cases if case not in expected}
    assert failed["missing"] == r"1 rows have a key that is not in the table, such as 'ghost\n'"
    assert failed["twice"] == "2 rows went in, 4 came out"
    assert failed["broken"] == "expected four columns with a number in the first, got 2 lines of the fleet without"
    # Where the session follows ANSI SQL, as it does from Spark 4 on, Spark itself stumbles.
    assert re.match(r"Spark: .*CAST_INVALID_INPUT|expected four columns with a number in the first, got 1 lines", failed["no-number"])
    assert all("\n" not in message for message in failed.values())
    assert [path for case in cases for path in (tmp_path / case / "scratch").iterdir()] == []


def test_no_row_needs_no_spark(tmp_path):
    write_inputs(tmp_path / "in", {0: [], 1: []}, {"k": "v"})
    assert list(spark.join(sorted((tmp_path / "in").glob("part-*")), tmp_path / "in" / "table.tsv", tmp_path)) == []
    assert list(spark.join([], tmp_path / "in" / "table.tsv", tmp_path)) == []


def test_a_table_or_part_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(spark.join([], tmp_path / "table.tsv", tmp_path))
    with pytest.raises(FileNotFoundError):
        list(spark.join([tmp_path / "part-0.tsv"], tmp_path / "table.tsv", tmp_path))


@pytest.mark.parametrize("names", [["fleet.tsv"], ["_part-1.tsv"], ["part-1.tsv.gz"], ["part-1.tsv", "part-01.tsv"]])
def test_parts_are_told_by_their_numbers(tmp_path, names):
    with pytest.raises(ValueError, match="part"):
        list(spark.join([tmp_path / name for name in names], tmp_path / "table.tsv", tmp_path))


def test_a_folder_that_workers_do_not_share_is_told(tmp_path):
    with pytest.raises(spark.SparkFailed, match="all workers share with us"):
        spark._written(tmp_path, 3, 10)
    (tmp_path / "part=3").mkdir()
    (tmp_path / "part=3" / "part-00000-x.txt").write_text("a\n")
    assert spark._written(tmp_path, 3, 10).name == "part-00000-x.txt"
    with pytest.raises(spark.SparkFailed, match="3 bytes were written, 2 are"):
        list(spark._blocks([tmp_path / "part=3" / "part-00000-x.txt"], 3))
    (tmp_path / "part=3" / "part-00001-x.txt").write_text("b\n")
    with pytest.raises(spark.SparkFailed, match="2 files"):
        spark._written(tmp_path, 3, 10)


def test_without_java_the_error_is_one_line(tmp_path):
    write_inputs(tmp_path / "in", {0: [("k", "a", "")]}, {"k": "v"})
    env = environment(tmp_path, JAVA_HOME=str(tmp_path / "nowhere"))
    code, out, err = drive(JOIN, tmp_path / "in", tmp_path / "in" / "scratch", "local[2]", env=env)
    assert code == 1
    assert out == b""
    assert re.search(r"^hotpatch_kb\.db\.fleet\.engines\.spark_engine\.SparkFailed: Spark: .*JAVA_GATEWAY_EXITED", err.splitlines()[-1]), (
        err
    )


def test_an_error_of_java_is_told_by_its_cause():
    assert (
        spark._cause(ValueError("An error occurred\n: org.Outer: aborted\nCaused by: org.Inner: disk full\n\tat x\n"))
        == "org.Inner: disk full"
    )
    assert spark._cause(ValueError()) == "ValueError"
