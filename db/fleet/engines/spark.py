"""Apache Spark as the engine of ``assess``: a fleet in part files is joined with its table of verdicts by the workers of a cluster.

Only DataFrame expressions are used, so workers need Java but no Python, and Spark Connect serves as well as a driver of our own.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sys
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as f

from hotpatch_kb.db.fleet.engines.normal import DECODING
from hotpatch_kb.db.model.errors import EngineFailed

_raised: list[type[Exception]] = [PySparkException, ConnectionError]
with contextlib.suppress(ImportError):  # the client for Spark Connect alone comes without
    from py4j.protocol import Py4JError

    _raised.append(Py4JError)
# What Spark and the way to it raise.
_RAISED: Final = tuple(_raised)

BLOCK: Final = 1 << 20  # bytes
# Spark passes over files that begin with "_" or "."
_PART: Final = re.compile(r"part-([0-9]{1,9})\.tsv")
_GLOB: Final = re.compile(r"([\\*?\[\]{}])")
_OURS: Final = "spark.hotpatchkb.run"
# The least size in which Spark reads a file, bytes. At both settings the size of the largest part, each part is one task.
_SPLITS: Final = ("spark.sql.files.maxPartitionBytes", "spark.sql.files.openCostInBytes")


class SparkFailed(EngineFailed):
    """Spark could not be started, could not do its work, or did not return what it was given. The message is one line."""


def join(parts: Sequence[Path], table: Path, folder: Path, *, master: str | None = None) -> Iterator[bytes]:
    r"""Joins the parts of a fleet with the table of verdicts, every row exactly once and in order.

    A session that exists is used and left running; otherwise one is started (and stopped at the end) for ``master``, or for what the
    environment says (``spark-submit``, ``spark-defaults.conf``, ``SPARK_REMOTE``), or for the cores of this machine (``local[*]``).
    While it starts, what is written to the standard output of the process goes to its standard error: the Java machine inherits it.

    Each part is one task of Spark: parts of 8 to 128 MB keep a cluster busy. The rows are not moved between workers, and
    pass through this process a block at a time.

    Args:
        parts: files ``part-<number>.tsv`` of lines ``row<TAB>key<TAB>prefix<TAB>own``, the rows rising over the files in their order.
        table: a file of lines ``key<TAB>suffix``, each key once.
        folder: a scratch folder that this process and all workers read and write under the same path. What is written there is
            removed at the end.
        master: the address of a cluster, as Spark writes it: ``spark://host:7077``, ``yarn``, ``local[2]``; ``sc://host`` for Spark
            Connect.

    Yields:
        Blocks of the output, bytes (UTF-8), at most 1 MiB each, not cut at lines. Nothing is yielded before every row is accounted for.

    Raises:
        SparkFailed: Spark failed; a key is not in the table; rows were lost or doubled; the folder is not shared by the workers.
        ValueError: a part is not named as it should be, or two are named alike.
        OSError: a part or the table cannot be read.
    """
    numbers = [_number(part) for part in parts]
    if len(set(numbers)) < len(numbers):
        raise ValueError("two parts of the fleet have the same number")
    rows = {number: _lines(part) for number, part in zip(numbers, parts, strict=True)}
    table.stat()
    if not any(rows.values()):
        return
    target = folder.resolve() / f"joined-{uuid.uuid4().hex}"
    try:
        with _failures(), _session(master) as session:
            size = _write(session, parts, table, target, sum(rows.values()))
        yield from _blocks([_written(target, number, count) for number, count in rows.items() if count], size)
    finally:
        shutil.rmtree(target, ignore_errors=True)


def joined(session: SparkSession, parts: Sequence[Path], table: Path) -> DataFrame:
    """The join as Spark is told of it.

    Args:
        session: any session.
        parts: as ``join`` has them.
        table: as ``join`` has it.

    Returns:
        ``part`` (int, the number of the part), ``row`` (bigint), ``line`` (string, decoded, without the end of the line), and what
        accounts for it: ``missing`` (string, null unless it is a key that the table lacks; as the part has it) and ``broken``
        (whether the line of the part has not four columns, or no number in the first; there Spark itself raises in ANSI mode).
    """
    fleet = _read(session, parts).select(
        # The number as int: Spark would wrap a string, and then sort once more, by the part alone.
        f.substring_index(f.substring(f.col("_metadata.file_name"), 6, 99), ".", 1).cast("int").alias("part"),
        # A limit of -1 keeps empty columns at the end.
        f.split("value", "\t", -1).alias("columns"),
    )
    verdicts = _read(session, [table]).select(f.split("value", "\t", -1).alias("columns"))
    verdicts = verdicts.select(
        f.get("columns", f.lit(0)).alias("key"), f.when(f.size("columns") == 2, f.get("columns", f.lit(1))).alias("suffix")
    )
    fleet = fleet.select(
        "part",
        f.get("columns", f.lit(0)).cast("bigint").alias("row"),
        f.get("columns", f.lit(1)).alias("key"),
        f.get("columns", f.lit(2)).alias("prefix"),
        f.get("columns", f.lit(3)).alias("own"),
        ((f.size("columns") != 4) | f.get("columns", f.lit(0)).cast("bigint").isNull()).alias("broken"),
    )
    return fleet.join(f.broadcast(verdicts), "key", "left").select(
        "part",
        "row",
        _decoded(f.concat("prefix", f.coalesce("suffix", "own"))).alias("line"),
        f.when((f.col("key") != "") & f.col("suffix").isNull(), f.col("key")).alias("missing"),
        "broken",
    )


def _write(session: SparkSession, parts: Sequence[Path], table: Path, target: Path, rows: int) -> int:
    """Lets Spark write the lines under ``target``, one folder ``part=<number>`` for each part that is not empty.

    Args:
        session: any session.
        parts: as ``join`` has them.
        table: as ``join`` has it.
        target: a folder that does not exist.
        rows: how many rows the parts have.

    Returns:
        How many bytes the lines have, their ends counted.

    Raises:
        SparkFailed: a key is not in the table, or rows were lost or doubled.
    """
    count = Observation()
    lines = joined(session, parts, table).observe(
        count,
        f.count(f.lit(1)).alias("rows"),
        f.sum(f.octet_length("line").cast("bigint") + 1).alias("bytes"),
        f.count("missing").alias("missing"),
        f.min(_decoded(f.col("missing"))).alias("key"),
        f.count_if(f.col("broken")).alias("broken"),
    )
    # A task reads one part from its beginning; the order is stated all the same, so that it does not hang on how a task is planned.
    # It is a sort within the task: nothing is moved.
    lines = lines.sortWithinPartitions("part", "row").select("part", "line")
    with _whole_parts(session, max(part.stat().st_size for part in parts)):
        lines.write.partitionBy("part").option("maxRecordsPerFile", 0).text(_uri(target), compression="none", lineSep="\n")
    seen = count.get
    if seen["broken"]:
        raise SparkFailed(f"{seen['broken']} lines of the fleet have not four columns with a number in the first")
    if seen["missing"]:
        raise SparkFailed(f"{seen['missing']} rows have a key that is not in the table, such as {seen['key']!r}")
    if seen["rows"] != rows:
        raise SparkFailed(f"{rows} rows went in, {seen['rows']} came out")
    return int(seen["bytes"])


def _written(target: Path, number: int, rows: int) -> Path:
    """The one file that holds the lines of a part.

    Raises:
        SparkFailed: there is none, or more than one, so that their order is not certain.
    """
    found = list((target / f"part={number}").glob("part-*"))
    if len(found) == 1:
        return found[0]
    if not found:
        raise SparkFailed(
            f"the {rows} lines of part {number} are not in {target.parent}: the scratch folder must be one that all workers share with us"
        )
    raise SparkFailed(f"the lines of part {number} came in {len(found)} files, whose order is not certain")


def _blocks(files: Sequence[Path], size: int) -> Iterator[bytes]:
    """The files one after the other, in blocks; each is removed once it was read, so that the disk holds the output once.

    Raises:
        SparkFailed: they have not ``size`` bytes in all.
    """
    there = sum(file.stat().st_size for file in files)
    if there != size:
        raise SparkFailed(f"{size} bytes were written, {there} are in the scratch folder")
    for file in files:
        with file.open("rb") as opened:
            while block := opened.read(BLOCK):
                yield block
        file.unlink()


@contextlib.contextmanager
def _session(master: str | None) -> Iterator[SparkSession]:
    """The session that there is, or one that lasts as long as this does."""
    active = SparkSession.getActiveSession()
    if active is not None:
        yield active
        return
    before = signal.getsignal(signal.SIGINT)
    session, ours = _started(master)
    try:
        yield session
    finally:
        if ours:
            with contextlib.suppress(*_RAISED, OSError):
                session.stop()
            # Spark's own handler would ask a context that is no more to cancel its work.
            if threading.current_thread() is threading.main_thread() and before is not None:
                signal.signal(signal.SIGINT, before)


def _started(master: str | None) -> tuple[SparkSession, bool]:
    """A session, and whether it was started here, so that it is to be stopped here too."""
    run = uuid.uuid4().hex
    # Errors alone go to standard error. The page of a run that ends by itself would only open a port to the network.
    settings = {_OURS: run, "spark.log.level": "ERROR", "spark.ui.showConsoleProgress": "false", "spark.ui.enabled": "false"}
    if master is not None and master.startswith("local"):
        # Else Spark listens where the name of this machine leads, and fails where it leads nowhere.
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    builder = SparkSession.builder.appName("hotpatch-kb assess")
    if master is not None and master.startswith("sc://"):
        return builder.remote(master).getOrCreate(), True
    for name, value in settings.items():
        builder = builder.config(name, value)
    if master is not None:
        builder = builder.master(master)
    with _quiet_stdout():
        session = builder.getOrCreate()
    try:
        context = session.sparkContext
    except (PySparkException, AttributeError, NotImplementedError):  # SPARK_REMOTE: Spark Connect, which has none
        return session, True
    # A session that another thread started is not the active one here, but it is what we get.
    return session, context.getConf().get(_OURS) == run


@contextlib.contextmanager
def _quiet_stdout() -> Iterator[None]:
    """Lets a process that is started here inherit standard error as its standard output: Java's own warnings go there."""
    with contextlib.suppress(ValueError, AttributeError):
        sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # closed: then there is nothing to keep clean
        yield
        return
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@contextlib.contextmanager
def _whole_parts(session: SparkSession, size: int) -> Iterator[None]:
    """Keeps Spark from cutting a file of up to ``size`` bytes, for as long as this lasts."""
    before = {name: session.conf.get(name, None) for name in _SPLITS}
    try:
        for name in _SPLITS:
            session.conf.set(name, str(size))
        yield
    finally:
        with contextlib.suppress(*_RAISED, OSError):  # Spark may be gone: what it failed of is worth more
            for name, value in before.items():
                if value is None:
                    session.conf.unset(name)
                else:
                    session.conf.set(name, value)


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    """Turns what Spark raises into ``SparkFailed``."""
    try:
        yield
    except _RAISED as error:
        raise SparkFailed(f"Spark: {_cause(error)}") from error


def _cause(error: BaseException) -> str:
    """What lies at the bottom of an error of Spark, one line of at most 500 characters."""
    text = str(error)
    java: Any = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    with contextlib.suppress(Exception):  # Java may be gone
        while java is not None:
            text = str(java.toString())
            java = java.getCause()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by:").strip() for line in lines if line.startswith("Caused by:")]
    return (causes[-1] if causes else lines[0] if lines else type(error).__name__)[:500]


def _read(session: SparkSession, files: Sequence[Path]) -> DataFrame:
    r"""Lines of files, as ``value``. Only "\n" ends one: by itself Spark would end lines at "\r" too."""
    return session.read.schema("value string").text([_GLOB.sub(r"\\\1", _uri(file)) for file in files], lineSep="\n")


def _decoded(column: Column) -> Column:
    """Text with its escapes undone."""
    plain = column
    for character, escape in DECODING:
        plain = f.replace(plain, f.lit(escape), f.lit(character))
    return f.when(f.contains(column, f.lit(DECODING[-1][0])), plain).otherwise(column)


def _uri(path: Path) -> str:
    """A path as Hadoop reads it: nothing percent-encoded, and not of the cluster's own file system."""
    return f"file://{path.resolve().as_posix()}"


def _number(part: Path) -> int:
    """The number in the name of a part.

    Raises:
        ValueError: there is none.
    """
    match = _PART.fullmatch(part.name)
    if match is None:
        raise ValueError(f"a part of the fleet is named part-<number>.tsv, this one is {part.name!r}")
    return int(match[1])


def _lines(path: Path) -> int:
    """How many lines a file has, counted without Spark: what comes out is held against it."""
    count = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            count += block.count(b"\n")
    return count
