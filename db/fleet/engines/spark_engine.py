"""Join a fleet in normal form with its table of verdicts on a cluster of Apache Spark.

Only DataFrame expressions are used, so workers need Java but not Python, and Spark Connect works as well as a driver of our own.
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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as f

from hotpatch_kb.db.fleet.engines.normal_form import DECODING
from hotpatch_kb.db.model.errors import EngineFailed

_raised: list[type[Exception]] = [PySparkException, ConnectionError]
with contextlib.suppress(ImportError):  # the client for Spark Connect alone comes without
    from py4j.protocol import Py4JError

    _raised.append(Py4JError)
# Errors of Spark and of the connection to it.
_RAISED: Final = tuple(_raised)

BLOCK: Final = 1 << 20  # bytes
# Spark ignores files that begin with "_" or "."
_PART: Final = re.compile(r"part-([0-9]{1,9})\.tsv")
_GLOB: Final = re.compile(r"([\\*?\[\]{}])")
_OURS: Final = "spark.hotpatchkb.run"
# Settings that limit how Spark splits files, in bytes. With both at the size of the largest part, each part is one task.
_SPLITS: Final = ("spark.sql.files.maxPartitionBytes", "spark.sql.files.openCostInBytes")


class SparkFailed(EngineFailed):
    """Spark could not be started, failed, or lost rows. The message is one line."""


def join(parts: Sequence[Path], table: Path, folder: Path, *, master: str | None = None) -> Iterator[bytes]:
    r"""Join the parts of a fleet with the table of verdicts, every row exactly once and in order.

    An existing session is used and left running. Otherwise one is started, and stopped at the end: for ``master``, or as the environment says
    (``spark-submit``, ``spark-defaults.conf``, ``SPARK_REMOTE``), or for the cores of this machine (``local[*]``). While it starts, standard
    output of this process goes to standard error, since the Java process inherits it.

    Each part is one task of Spark: parts of 8 to 128 MB keep a cluster busy. Rows are not moved between workers, and pass through this process
    a block at a time.

    Args:
        parts: files ``part-<number>.tsv`` of lines ``row<TAB>key<TAB>prefix<TAB>own``, row numbers rising over the files in order.
        table: a file of lines ``key<TAB>suffix``, each key once.
        folder: a scratch folder that this process and all workers read and write under the same path. What this writes there it
            removes at the end.
        master: the address of a cluster, as Spark writes it: ``spark://host:7077``, ``yarn``, ``local[2]``; ``sc://host`` for Spark
            Connect.

    Yields:
        Blocks of the output, bytes (UTF-8), at most 1 MiB each, not cut at line ends. None is yielded before all rows have been counted.

    Raises:
        SparkFailed: Spark failed, a key is not in the table, rows were lost or doubled, or the workers do not share the folder.
        ValueError: a part has another kind of name, or two have the same number.
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
        with failures(), session_for(master) as session:
            size = _write(session, parts, table, target, sum(rows.values()))
        yield from _blocks([_written(target, number, count) for number, count in rows.items() if count], size)
    finally:
        shutil.rmtree(target, ignore_errors=True)


def joined(session: SparkSession, parts: Sequence[Path], table: Path) -> DataFrame:
    """Return the join as a DataFrame, not yet executed.

    Args:
        session: any session.
        parts: as ``join`` has them.
        table: as ``join`` has it.

    Returns:
        ``part`` (int, the number of the part), ``row`` (bigint), ``line`` (string, decoded, without the line end), and two columns that check
        it: ``missing`` (string: the key, as the part has it, if the table lacks it; else null) and ``broken`` (boolean: the line of the part
        does not have four columns with a number in the first; in ANSI mode Spark itself raises there).
    """
    fleet = _read(session, parts).select(
        # An int: Spark would wrap a string, and then sort once more, by the part alone.
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
    """Make Spark write the lines under ``target``, in a folder ``part=<number>`` for each part that is not empty.

    Args:
        session: any session.
        parts: as ``join`` has them.
        table: as ``join`` has it.
        target: a folder that does not exist.
        rows: the number of rows of all parts.

    Returns:
        The number of bytes of all lines, with their ends.

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
    # A task reads one part from its beginning. Sort anyway, so that the order does not depend on Spark's plan. The sort is within a task and
    # moves no rows.
    lines = lines.sortWithinPartitions("part", "row").select("part", "line")
    size = str(max(part.stat().st_size for part in parts))
    with settings_of(session, dict.fromkeys(_SPLITS, size)):  # else Spark splits the files
        lines.write.partitionBy("part").option("maxRecordsPerFile", 0).text(_uri(target), compression="none", lineSep="\n")
    seen = count.get
    if seen["broken"]:
        raise SparkFailed(f"expected four columns with a number in the first, got {seen['broken']} lines of the fleet without")
    if seen["missing"]:
        raise SparkFailed(f"{seen['missing']} rows have a key that is not in the table, such as {seen['key']!r}")
    if seen["rows"] != rows:
        raise SparkFailed(f"{rows} rows went in, {seen['rows']} came out")
    return int(seen["bytes"])


def _written(target: Path, number: int, rows: int) -> Path:
    """Return the one file that holds the lines of a part.

    Raises:
        SparkFailed: there is none, or more than one, in which case their order is unknown.
    """
    files = list((target / f"part={number}").glob("part-*"))
    if len(files) == 1:
        return files[0]
    if not files:
        raise SparkFailed(
            f"the {rows} lines of part {number} are not in {target.parent}: the scratch folder must be one that all workers share with us"
        )
    raise SparkFailed(f"the lines of part {number} came in {len(files)} files, whose order is unknown")


def _blocks(files: Sequence[Path], size: int) -> Iterator[bytes]:
    """Yield the files one after the other, in blocks. Each is removed after it was read, so that the disk holds the output once.

    Raises:
        SparkFailed: together they do not have ``size`` bytes.
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
def session_for(master: str | None) -> Iterator[SparkSession]:
    """Provide the active session, or one that is started for this context."""
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
            # Spark's own handler would ask a stopped context to cancel its work.
            if threading.current_thread() is threading.main_thread() and before is not None:
                signal.signal(signal.SIGINT, before)


def _started(master: str | None) -> tuple[SparkSession, bool]:
    """Return a session, and whether it was started here and so has to be stopped here."""
    run = uuid.uuid4().hex
    # Only errors go to standard error. A run that ends by itself needs no web page, which would open a port to the network.
    settings = {_OURS: run, "spark.log.level": "ERROR", "spark.ui.showConsoleProgress": "false", "spark.ui.enabled": "false"}
    if master is not None and master.startswith("local"):
        # Otherwise Spark listens on the address of this machine's name, and fails where the name has none.
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
    except (PySparkException, AttributeError, NotImplementedError):  # SPARK_REMOTE: Spark Connect has no context
        return session, True
    # A session that another thread started is not active here, but getOrCreate returns it.
    return session, context.getConf().get(_OURS) == run


@contextlib.contextmanager
def _quiet_stdout() -> Iterator[None]:
    """Make a process that is started here inherit standard error as its standard output, so that Java's warnings go there."""
    with contextlib.suppress(ValueError, AttributeError):
        sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # standard output is closed: there is nothing to keep clean
        yield
        return
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@contextlib.contextmanager
def settings_of(session: SparkSession, settings: Mapping[str, str]) -> Iterator[None]:
    """Give a session these settings within this context."""
    before = {name: session.conf.get(name, None) for name in settings}
    try:
        for name, value in settings.items():
            session.conf.set(name, value)
        yield
    finally:
        with contextlib.suppress(*_RAISED, OSError):  # Spark may be gone: its own error matters more than these
            for name, former in before.items():
                if former is None:
                    session.conf.unset(name)
                else:
                    session.conf.set(name, former)


@contextlib.contextmanager
def failures() -> Iterator[None]:
    """Raise errors of Spark as ``SparkFailed``."""
    try:
        yield
    except _RAISED as error:
        raise SparkFailed(f"Spark: {_cause(error)}") from error


def _cause(error: BaseException) -> str:
    """Return the root cause of an error of Spark, one line of at most 500 characters."""
    text = str(error)
    java: Any = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    with contextlib.suppress(Exception):  # Java may be gone
        while java is not None:
            text = str(java.toString())
            java = java.getCause()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by:").strip() for line in lines if line.startswith("Caused by:")]
    if lines and not causes and lines[0].endswith("Traceback (most recent call last):"):
        causes = lines  # of a worker: what was raised is in the last line
    return (causes[-1] if causes else lines[0] if lines else type(error).__name__)[:500]


def _read(session: SparkSession, files: Sequence[Path]) -> DataFrame:
    r"""Return the lines of files as ``value``. Only "\n" ends a line; by default Spark also ends lines at "\r"."""
    return session.read.schema("value string").text([_GLOB.sub(r"\\\1", _uri(file)) for file in files], lineSep="\n")


def _decoded(column: Column) -> Column:
    """Return a text column with its escapes decoded."""
    plain = column
    for character, escape in DECODING:
        plain = f.replace(plain, f.lit(escape), f.lit(character))
    return f.when(f.contains(column, f.lit(DECODING[-1][0])), plain).otherwise(column)


def _uri(path: Path) -> str:
    """Return a path as Hadoop reads it: not percent-encoded, and not in the cluster's own file system."""
    return f"file://{path.resolve().as_posix()}"


def _number(part: Path) -> int:
    """Return the number in the name of a part.

    Raises:
        ValueError: the name has none.
    """
    match = _PART.fullmatch(part.name)
    if match is None:
        raise ValueError(f"a part of the fleet is named part-<number>.tsv, this one is {part.name!r}")
    return int(match[1])


def _lines(path: Path) -> int:
    """Return the number of lines of a file, counted without Spark, to check Spark's output against it."""
    count = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            count += block.count(b"\n")
    return count
