"""``hotpatch-kb assess``: an inventory in, its rows with verdicts out, a summary on stderr. Streams, whatever the size."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from hotpatch_kb.db.answers.verdicts import VERDICTS
from hotpatch_kb.db.fleet import assess as judging
from hotpatch_kb.db.fleet.inventory import Inventory, inventory
from hotpatch_kb.db.fleet.inventory.hotfixes import Hotfixes
from hotpatch_kb.db.fleet.inventory.output import FORMS, Form, SafeCsv
from hotpatch_kb.db.model.errors import BadInput

if TYPE_CHECKING:
    from hotpatch_kb.db.fleet.engines.normal import Normal

EXIT_MET: Final = 6
SHAPES: Final = (*FORMS, "parquet")
ENGINES: Final = ("builtin", "duckdb", "spark")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a fleet is to be judged.

    Attributes:
        day: ISO date; releases up to it count.
        shape: csv, json, jsonl or parquet.
        is_safe: whether cells of CSV that a spreadsheet would run as formulas are made texts.
        engine: builtin, duckdb or spark.
        mapping: "field=column" each.
        hotfixes: a table of installed KBs by host.
        fail_on: verdicts by commas that make the exit code 6.
        output: a file to write instead of standard output.
        scratch: a folder for temporary files; of Spark, one that every worker can read.
        spark_master: the address of a Spark cluster.
    """

    day: str
    shape: str = "csv"
    is_safe: bool = False
    engine: str = "builtin"
    mapping: Sequence[str] = ()
    hotfixes: Path | None = None
    fail_on: str | None = None
    output: Path | None = None
    scratch: Path | None = None
    spark_master: str | None = None


def assess(conn: sqlite3.Connection, file: str, wanted: Wanted, say: Callable[[str], None]) -> int:
    """Judges an inventory and prints it.

    Args:
        conn: a database with the fact tables.
        file: a path, or "-" for standard input.
        wanted: how.
        say: prints a line of the summary.

    Returns:
        the exit code.

    Raises:
        BadInput: the inventory or an option cannot be read, or an engine is not installed.
        EngineFailed: an engine could not do its work.
    """
    columns = dict(_pair(text) for text in wanted.mapping)
    fails = [name.strip() for name in wanted.fail_on.split(",")] if wanted.fail_on else []
    if unknown := [name for name in fails if name not in VERDICTS]:
        raise BadInput(f"expected verdicts ({', '.join(VERDICTS)}), got {unknown[0]!r}")
    if wanted.scratch is not None and not wanted.scratch.is_dir():
        raise BadInput(f"expected a folder at {wanted.scratch}, got none")
    if wanted.shape == "parquet" and wanted.output is None and sys.stdout.isatty():
        raise BadInput("expected --output FILE for Parquet, or standard output that is no terminal")
    if wanted.is_safe and wanted.shape != "csv":
        raise BadInput(f"expected --safe-csv with CSV alone, got --format {wanted.shape}")
    judge = judging.Judge(conn, wanted.day)
    if conn.execute("select 1 from kb_cves limit 1").fetchone() is None:
        say("no security data in this database: out-of-band releases that fix a CVE are not counted; a crawl reads it")
    summary = judging.Summary()
    with _sink(wanted.output) as sink, tempfile.TemporaryDirectory(prefix="hotpatch-kb-", dir=wanted.scratch) as folder:
        if not _read_by_duckdb(file, columns, wanted, judge, summary, sink, Path(folder)):
            with _opened(file) as stream, inventory(stream, columns) as found:
                if wanted.hotfixes is not None:
                    found.add(_hotfixes(wanted.hotfixes, judge))
                if wanted.shape == "parquet":
                    _parquet(found, wanted, judge, summary, sink, Path(folder))
                else:
                    kind = SafeCsv if wanted.is_safe else FORMS[wanted.shape]
                    form = kind(found.find_columns() if kind.needs_columns else None)
                    for block in _lines(found, form, wanted, judge, summary, Path(folder)):
                        sink.write(block)
    for (product, verdict), count in sorted(summary.counts.items()):
        say(f"{product}: {verdict}: {count}")
    say(f"{summary.counts.total()} machine{'' if summary.counts.total() == 1 else 's'} on {wanted.day}")
    return EXIT_MET if any(verdict in fails for _, verdict in summary.counts) else 0


def _lines(found: Inventory, form: Form, wanted: Wanted, judge: judging.Judge, summary: judging.Summary, folder: Path) -> Iterator[bytes]:
    """What is printed, by whichever engine: the same bytes.

    Bytes, so that lines end alike on every system. A lone surrogate, which JSON may hold, is no text that could be written.
    """
    if wanted.engine == "builtin":
        for block in judging.assess(judge, found, form, summary):
            yield block.encode("utf-8", "replace")
        return
    from hotpatch_kb.db.fleet.engines.normal import normalise  # noqa: PLC0415

    join = _duckdb() if wanted.engine == "duckdb" else _spark(wanted.spark_master)
    normal = normalise(judge, found, form, summary, folder)
    yield form.head().encode("utf-8", "replace")
    yield from join(normal, folder)
    yield form.tail().encode()


def _duckdb() -> Callable[[Normal, Path], Iterator[bytes]]:
    from hotpatch_kb.db.fleet.engines import duck  # noqa: PLC0415

    return duck.join


def _spark(master: str | None) -> Callable[[Normal, Path], Iterator[bytes]]:
    try:
        from hotpatch_kb.db.fleet.engines import spark  # noqa: PLC0415
    except ImportError as error:
        raise BadInput(f"expected Spark for --engine spark, got {error}: pip install 'hotpatch-kb[spark]'") from None

    return lambda normal, folder: spark.join(normal.parts, normal.table, folder, master=master)


def _read_by_duckdb(
    file: str, columns: dict[str, str], wanted: Wanted, judge: judging.Judge, summary: judging.Summary, sink: BinaryIO, folder: Path
) -> bool:
    """Whether DuckDB could read the file itself, which saves normalising it."""
    if (wanted.engine, wanted.shape) != ("duckdb", "csv") or wanted.is_safe or wanted.hotfixes is not None or not os.path.isfile(file):  # noqa: PTH113 (see _opened)
        return False
    from hotpatch_kb.db.fleet.engines import duck  # noqa: PLC0415
    from hotpatch_kb.db.fleet.inventory.columns import checked_mapping  # noqa: PLC0415

    written = duck.direct(Path(file), checked_mapping(columns), judge, summary, folder)
    if written is None:
        return False
    sink.write(written.head)
    for part in written.parts:
        with part.open("rb") as lines:
            shutil.copyfileobj(lines, sink, 2**20)
        part.unlink()
    return True


def _parquet(found: Inventory, wanted: Wanted, judge: judging.Judge, summary: judging.Summary, sink: BinaryIO, folder: Path) -> None:
    """Parquet from what would be printed as JSON lines, so that its values are the same."""
    from hotpatch_kb.db.fleet.inventory.parquet import write_parquet  # noqa: PLC0415

    columns, lines, out = found.find_columns(), folder / "lines.jsonl", folder / "out.parquet"
    with lines.open("wb") as file:
        for block in _lines(found, FORMS["jsonl"](), wanted, judge, summary, folder):
            file.write(block)
    write_parquet(lines, columns, out, folder)
    with out.open("rb") as written:
        shutil.copyfileobj(written, sink, 2**20)


def _hotfixes(path: Path, judge: judging.Judge) -> Hotfixes:
    with _opened(str(path)) as stream, inventory(stream, needs="kbs") as found:
        return Hotfixes(found.rows(), judge.reduced)


def _pair(text: str) -> tuple[str, str]:
    field, separator, column = text.partition("=")
    if not separator or not column:
        raise BadInput(f"expected --map FIELD=COLUMN, got {text!r}")
    return field.strip(), column


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer.raw if hasattr(sys.stdin.buffer, "raw") else sys.stdin.buffer
        return
    if not os.path.isfile(file):  # noqa: PTH113 (pathlib raises for a name that is too long)
        raise BadInput(f"expected an inventory at {file[:200]}, got no file")
    try:
        stream = Path(file).open("rb", buffering=0)  # noqa: SIM115 (closed below; what opening raises is worded here)
    except OSError as error:
        raise BadInput(f"expected an inventory that can be read, got {error}") from None
    with stream:
        yield stream


@contextmanager
def _sink(output: Path | None) -> Iterator[BinaryIO]:
    """Where to write: standard output, or a file that is there only when it is whole."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if os.path.isdir(output):  # noqa: PTH112 (see _opened)
        raise BadInput(f"expected a file to write, got the folder {output}")
    if os.path.exists(output) and not output.is_file():  # noqa: PTH110
        # /dev/null, /dev/stdout, a named pipe: written to as it is. Root could replace it, and take the device from the whole machine.
        with output.open("wb") as file:
            yield file
        return
    part = None
    try:
        target = output.resolve()  # where a link leads; the link stays
        part = target.with_name(f"{target.name}.part")
        with part.open("wb") as file:
            yield file
        part.replace(target)
    except OSError as error:
        raise BadInput(f"expected a file that can be written at {output}, got {error}") from None
    finally:
        if part is not None:
            with suppress(OSError):  # a name that is too long
                part.unlink(missing_ok=True)
