"""Judge a table of a lake where it is: Spark reads it, judges it and writes it, and no row passes through this process.

What decides of a machine is read from a few columns. Their distinct values are judged on the workers, by the same code as everywhere, and joined to
the rows again. So the workers need Python with hotpatch-kb and pyarrow. A sample of the first rows tells the columns, as with every inventory.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache, reduce
from pathlib import Path
from typing import Any, Final, NamedTuple

from pyspark import SparkFiles
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as f
from pyspark.sql import types as t

from hotpatch_kb.db.answers.exposure.gaps import IN_TEXT
from hotpatch_kb.db.answers.verdicts import VERDICTS
from hotpatch_kb.db.fleet.assess import Suffixes, Summary, batches
from hotpatch_kb.db.fleet.engines import TABLE
from hotpatch_kb.db.fleet.engines.spark_engine import SparkFailed, failures, session_for, settings_of
from hotpatch_kb.db.fleet.formats import VERDICT_COLUMNS, JsonLines, renamed
from hotpatch_kb.db.fleet.inventory import DECIDING, Inventory
from hotpatch_kb.db.fleet.inventory.columns import DECODER
from hotpatch_kb.db.fleet.inventory.evidence import RowEvidence
from hotpatch_kb.db.fleet.inventory.values import SAMPLE, Chosen
from hotpatch_kb.db.fleet.judge import Judge
from hotpatch_kb.db.store.connections import copy_into

FACTS: Final = "hotpatch-kb-facts.db"
_TASKS_A_CORE: Final = 3  # that judge; one in Python takes a tenth of a second before its first row
# How many tasks read the files, at least. As many as cores, which is the default, may be three for two workers: then one has twice the work of
# the other. Small ones cost a hundredth of a second, and a slow worker gets fewer of them.
_READING_TASKS: Final = "spark.sql.files.minPartitionNum"
_READING_TASKS_A_CORE: Final = 8
# Kinds of machines that are sent whole to each worker; more are joined by their values.
BROADCAST: Final = 500_000
_TYPES: Final = {"months_behind": t.IntegerType(), "next_needs_restart": t.BooleanType()}
_PLAIN: Final = (t.BooleanType, t.ByteType, t.ShortType, t.IntegerType, t.LongType, t.StringType)
_NESTED: Final = (t.ArrayType, t.StructType, t.MapType)


class Reading(NamedTuple):
    """How rows are read on the workers.

    Attributes:
        day: ISO date.
        names: of all columns.
        keys: the places of the columns on which a verdict depends.
        nested: the places of those that come as JSON.
        wanted: column names by field, where the user names them.
        chosen: the columns of each field.
    """

    day: str
    names: tuple[str, ...]
    keys: tuple[int, ...]
    nested: frozenset[int]
    wanted: Mapping[str, str]
    chosen: Chosen


class _Rows:
    """Some rows as the objects of an inventory."""

    def __init__(self, names: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
        self.columns: list[str] | None = list(names)
        self._rows = rows

    def sample(self, count: int) -> list[dict[str, Any]]:
        return list(self._rows[:count])

    def find_columns(self) -> list[str]:
        return self.columns or []

    def records(self) -> Iterator[tuple[dict[str, Any], None]]:
        for row in self._rows:
            yield row, None


def judge_table(
    conn: sqlite3.Connection, day: str, source: str, target: str, wanted: Mapping[str, str], folder: Path, master: str | None
) -> tuple[Counter[str], int]:
    """Judge a table and write it with its verdicts, each row exactly once; its own columns come first, with their types.

    Args:
        conn: a database with the fact tables.
        day: ISO date.
        source: what ``engines.is_table`` takes.
        target: the same, not there yet; a table is written in the format of the cluster, Delta where that is its default.
        wanted: column names by field, where the user names them.
        folder: for a copy of the facts, which Spark sends to the workers.
        master: as ``spark_engine.join`` takes it.

    Returns:
        how many machines have each verdict, and of how many "current" depends on what the reason says.

    Raises:
        SparkFailed: Spark failed, there is no such table, the target is there already, or rows were lost.
        BadInput: no column states a build.
    """
    facts = folder / FACTS
    with closing(sqlite3.connect(facts)) as copy:
        copy_into(copy, conn)
    with failures(), session_for(master) as session:
        if _is_remote(session):
            session.addArtifact(str(facts), file=True)
        else:
            session.sparkContext.addFile(str(facts))
            if (session.sparkContext.master or "").startswith("local"):  # the python3 of the path may lack hotpatch-kb
                session.sparkContext.pythonExec = os.environ.get("PYSPARK_PYTHON", sys.executable)
        frame = session.table(source.removeprefix(TABLE)) if source.startswith(TABLE) else session.read.parquet(source)
        names = tuple(frame.columns)
        texts = frame.toDF(*_places(range(len(names))))
        nested = frozenset(place for place, field in enumerate(frame.schema.fields) if isinstance(field.dataType, _NESTED))
        shown = texts.select(*[_plain(texts, place) for place in range(len(names))])
        sample = [_cells(row, names, range(len(names)), nested) for row in shown.limit(SAMPLE).collect()]
        reading = _reading(day, names, nested, wanted, sample)
        keys = _places(reading.keys)
        # A worker has read the sample, so the number of cores is known.
        cores = 0 if _is_remote(session) else session.sparkContext.defaultParallelism
        with settings_of(session, {_READING_TASKS: str(cores * _READING_TASKS_A_CORE)} if cores else {}):
            distinct = shown.select(*keys).distinct()  # Spark makes 200 tasks of it
            kinds = (distinct.coalesce(cores * _TASKS_A_CORE) if cores else distinct).mapInArrow(_judged(reading), _schema(shown, keys))
            kinds = kinds.toDF(*[f"key_{name}" for name in keys], *VERDICT_COLUMNS).persist()
            try:
                is_few = kinds.count() <= BROADCAST
                same = reduce(
                    lambda one, other: one & other, [_plain(texts, place).eqNullSafe(f.col(f"key_c{place}")) for place in reading.keys]
                )
                judged = texts.join(f.broadcast(kinds) if is_few else kinds, same, "left")
                judged = judged.select(*_places(range(len(names))), *VERDICT_COLUMNS).toDF(*renamed(names), *VERDICT_COLUMNS)
                return _write(judged, target, frame.count())
            finally:
                kinds.unpersist()


def _write(judged: DataFrame, target: str, rows: int) -> tuple[Counter[str], int]:
    """Write a table, and return its verdicts, and how many of "current" have a condition.

    Raises:
        SparkFailed: rows were lost, doubled or not judged.
    """
    count = Observation()
    is_conditional = (f.col("verdict") == "current") & f.col("reason").rlike(IN_TEXT)
    counted = judged.observe(
        count,
        f.count(f.lit(1)).alias("rows"),
        f.count_if(is_conditional).alias("conditional"),
        *[f.count_if(f.col("verdict") == name).alias(name) for name in VERDICTS],
    )
    writer = counted.write.mode("errorifexists")
    if target.startswith(TABLE):
        writer.saveAsTable(target.removeprefix(TABLE))
    else:
        writer.parquet(target)
    seen = count.get
    found = Counter({name: seen[name] for name in VERDICTS if seen[name]})
    if not rows == seen["rows"] == found.total():
        raise SparkFailed(f"{rows} rows went in, {seen['rows']} came out, {found.total()} of them judged")
    return found, seen["conditional"]


def _reading(day: str, names: tuple[str, ...], nested: frozenset[int], wanted: Mapping[str, str], sample: list[dict[str, Any]]) -> Reading:
    chosen = Inventory(_Rows(names, sample), wanted, "build").chosen()
    evidence = RowEvidence(names, chosen.fields, chosen.unnamed, wanted.values(), statuses_by_value=chosen.statuses)
    read = {column for field, columns in chosen.fields.items() if field != "host" for column in columns}
    read |= {*evidence.columns, *evidence.kb_columns}
    # What has names inside may state anything: "properties.osVersion" is of the column "properties".
    keys = tuple(
        place
        for place, name in enumerate(names)
        if name in read or place in nested or any(column.startswith(f"{name}.") for column in read)
    )
    return Reading(day, names, keys or tuple(range(len(names))), nested, dict(wanted), chosen)


def _judged(reading: Reading) -> Any:
    """Return the function that judges batches of distinct values on a worker."""

    def judged(found: Iterator[Any]) -> Iterator[Any]:
        yield from _judge_batches(reading, found)

    return judged


def _judge_batches(reading: Reading, found: Iterator[Any]) -> Iterator[Any]:
    import pyarrow as pa  # noqa: PLC0415 (workers alone need it)

    judge, keys = _judge(SparkFiles.get(FACTS), reading.day), _places(reading.keys)
    suffixes = Suffixes(judge, JsonLines(), DECIDING)
    kinds = {"months_behind": pa.int32(), "next_needs_restart": pa.bool_()}
    for batch in found:
        rows = [_cells([row[key] for key in keys], reading.names, reading.keys, reading.nested) for row in batch.to_pylist()]
        inventory = Inventory(_Rows(reading.names, rows), reading.wanted, "build", sampled=reading.chosen)
        ends = [end for _, part in batches(suffixes, inventory, Summary()) for end in part]
        answers = [json.loads("{" + end) for end in ends]
        columns = [pa.array([answer[name] for answer in answers], kinds.get(name, pa.string())) for name in VERDICT_COLUMNS]
        yield pa.RecordBatch.from_arrays([*batch.columns, *columns], names=[*keys, *VERDICT_COLUMNS])


@cache
def _judge(facts: str, day: str) -> Judge:
    return Judge(sqlite3.connect(facts), day)


def _cells(row: Sequence[Any], names: Sequence[str], places: Sequence[int], nested: frozenset[int]) -> dict[str, Any]:
    """Return a row as an object, with nothing in the columns that are not there."""
    stated = dict(zip(places, row, strict=True))
    return {
        name: DECODER.decode(value) if place in nested and value is not None else value
        for place, name in enumerate(names)
        for value in (stated.get(place),)
    }


def _plain(frame: DataFrame, place: int) -> Any:
    """Return a column as an inventory has it: numbers and booleans as they are, nested values as JSON, others as text."""
    kind, column = frame.schema.fields[place].dataType, f.col(f"c{place}")
    text = column if isinstance(kind, _PLAIN) else f.to_json(column) if isinstance(kind, _NESTED) else column.cast("string")
    return text.alias(f"c{place}")


def _schema(frame: DataFrame, keys: Sequence[str]) -> t.StructType:
    own = [t.StructField(key, frame.schema[key].dataType) for key in keys]
    return t.StructType([*own, *(t.StructField(name, _TYPES.get(name, t.StringType())) for name in VERDICT_COLUMNS)])


def _places(places: Sequence[int]) -> list[str]:
    """Return names for columns that no name of an inventory breaks."""
    return [f"c{place}" for place in places]


def _is_remote(session: SparkSession) -> bool:
    return type(session).__module__.startswith("pyspark.sql.connect")
