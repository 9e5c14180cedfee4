"""``hotpatch-kb assess``: an inventory in, its rows with verdicts out, a summary on stderr. Streams, whatever the size."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, cast

from hotpatch_kb.db.answers.verdicts import VERDICTS
from hotpatch_kb.db.fleet import assess as judging
from hotpatch_kb.db.fleet import engines
from hotpatch_kb.db.fleet.formats import FORMATS, Format, SafeCsv
from hotpatch_kb.db.fleet.inventory import Inventory, inventory
from hotpatch_kb.db.fleet.inventory.columns import mapping_of
from hotpatch_kb.db.fleet.inventory.hotfixes import Hotfixes
from hotpatch_kb.db.fleet.judge import Judge
from hotpatch_kb.db.fleet.report import Report, report
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.reading import MAX_SHOWN
from hotpatch_kb.scraper.crawl.exit_codes import ExitCode
from hotpatch_kb.scraper.crawl.stderr import bar, is_terminal, say

NOT_CURRENT: Final = "not-current"  # for --fail-on: every verdict but current

if TYPE_CHECKING:
    from hotpatch_kb.db.fleet.engines.normal_form import Normal


@dataclass(frozen=True, slots=True)
class Request:
    """How a fleet is to be judged.

    Attributes:
        day: ISO date; releases up to it count.
        format_name: the output format, a key of ``FORMATS``.
        is_safe: whether to put an apostrophe before cells of CSV that a spreadsheet would run as formulas.
        engine: builtin, duckdb or spark; None for the built-in one, or DuckDB for a large file that it reads by itself.
        mapping: "field=column" each.
        encoding: of the inventory's text; None to find it.
        hotfixes: a table of installed KBs by host.
        fail_on: verdicts, separated by commas, that make the exit code 6; ``NOT_CURRENT`` for all but current, ``judging.CONDITIONAL`` for
            those that are current only if a KB is installed that the row does not show.
        only: verdicts as of ``fail_on``; only rows of machines with one of them are written.
        output: a file to write instead of standard output.
        summary: a file for the counts, the columns and the warnings, as JSON.
        scratch: a folder for temporary files; with Spark, one that every worker can read.
        spark_master: the address of a Spark cluster.
    """

    day: str
    format_name: str = "csv"
    is_safe: bool = False
    engine: str | None = None
    mapping: Sequence[str] = ()
    encoding: str | None = None
    hotfixes: Path | None = None
    fail_on: str | None = None
    only: str | None = None
    output: Path | None = None
    summary: Path | None = None
    scratch: Path | None = None
    spark_master: str | None = None


class _Work(NamedTuple):
    """What every step of one assessment needs."""

    request: Request
    judge: Judge
    summary: judging.Summary
    folder: Path
    only: Sequence[str]


def assess(conn: sqlite3.Connection, file: str, request: Request) -> int:
    """Judge an inventory and print it, with a summary on standard error.

    Args:
        conn: a database with the fact tables.
        file: a path, or "-" for standard input.
        request: how to judge.

    Returns:
        the exit code: STALE if a machine has a verdict of ``fail_on``, or there is none.

    Raises:
        BadInput: the inventory or an option cannot be read, or an engine is not installed.
        EngineFailed: an engine failed.
    """
    columns = mapping_of(request.mapping)
    kind = SafeCsv if request.is_safe else FORMATS[request.format_name]
    fails, only = _verdicts_of(request.fail_on), _verdicts_of(request.only)
    _check(file, request, kind)
    if only and request.engine not in {None, "builtin"}:
        raise BadInput("expected --only with the engine builtin, got {engine}", engine=request.engine)
    if request.engine == "spark" and engines.is_table(file):
        return _judge_table(conn, file, request, columns, fails)
    judge, summary = Judge(conn, request.day), judging.Summary(fails)
    if conn.execute("select 1 from kb_cves limit 1").fetchone() is None:
        say("no security data in this database: out-of-band releases that fix a CVE are not counted; a crawl reads it")
    with tempfile.TemporaryDirectory(prefix="hotpatch-kb-", dir=request.scratch) as name:
        folder = Path(name)
        work = _Work(request, judge, summary, folder, only)
        with _sink(request.output, folder) as sink:
            is_written = _read_by_duckdb(file, columns, work, sink)
            with _opened(file, has_bar=not is_written) as stream, inventory(stream, columns, encoding=request.encoding) as machines:
                if not is_written:
                    if request.hotfixes is not None:
                        machines.add(_hotfixes(request.hotfixes, judge))
                    form = kind(machines.find_columns() if kind.needs_columns else None, machines.chosen().fields)
                    form.write(_blocks(machines, form, work), sink, folder)
                said = report(conn, request.day, machines, summary)
        if request.summary is not None:
            with _sink(request.summary, folder) as sink:
                sink.write((json.dumps(said.as_json(), ensure_ascii=False, indent=1) + "\n").encode())
    _say(said, fails)
    if fails and not summary.counts:
        say("expected machines for --fail-on, got none")
        return ExitCode.STALE
    counts = {picked: said.summary.of(picked) for picked in (*VERDICTS, judging.CONDITIONAL)}
    return _failed(fails, counts, summary.named, has_only=bool(only))


def _failed(fails: Sequence[str], counts: Mapping[str, int], hosts: Sequence[str] = (), *, has_only: bool = False) -> int:
    """Return the exit code of ``--fail-on``, and say what made it 6: how many machines, and the first of them."""
    found = {picked: count for picked, count in counts.items() if picked in fails and count}
    if "current" in found:  # they are of these
        found.pop(judging.CONDITIONAL, None)
    if not found:
        return ExitCode.DONE
    machines = sum(counts[verdict] for verdict in VERDICTS)
    named = ", ".join(f"{verdict} {count}" for verdict, count in found.items())
    more = "" if has_only else f"; --only {','.join(found)} writes their rows alone"
    others = sum(found.values()) - len(hosts)
    first = f": {', '.join(hosts)}{f' and {others} more' if others else ''}" if hosts else ""
    say(f"--fail-on: {sum(found.values())} of {machines} machines ({named}){first}{more}")
    return ExitCode.STALE


def _judge_table(conn: sqlite3.Connection, source: str, request: Request, columns: dict[str, str], fails: Sequence[str]) -> int:
    """Let Spark read, judge and write a table by itself, and say the counts; return the exit code.

    Raises:
        BadInput: an option does not go with a table, or Spark is not installed.
        EngineFailed: Spark failed.
    """
    if request.output is None:
        raise BadInput("expected --output with a table: a new folder of Parquet, an address, or table:NAME")
    if request.hotfixes or request.encoding or request.is_safe or request.summary:
        raise BadInput("expected a table without --hotfixes, --encoding, --safe-csv and --summary, which are for files")
    try:
        from hotpatch_kb.db.fleet.engines import spark_tables  # noqa: PLC0415
    except ImportError as error:
        raise _without_spark(error) from None
    target = re.sub(r"^([a-z][a-z0-9+.-]*):/(?=[^/])", r"\1://", request.output.as_posix())  # a path has lost one slash of an address
    with tempfile.TemporaryDirectory(prefix="hotpatch-kb-", dir=request.scratch) as name:
        found, conditional = spark_tables.judge_table(conn, request.day, source, target, columns, Path(name), request.spark_master)
    for verdict, count in sorted(found.items()):
        of_them = conditional if verdict == "current" else 0
        if count > of_them:
            say(f"{verdict}: {count - of_them}")
        if of_them:
            say(f"{verdict}, on the condition that the column reason says: {of_them}")
    say(f"{found.total()} machines on {request.day}, written to {target}")
    return _failed(fails, {verdict: found[verdict] for verdict in VERDICTS} | {judging.CONDITIONAL: conditional}, has_only=True)


def _say(said: Report, fails: Sequence[str]) -> None:
    """Say how the inventory was read, what makes verdicts doubtful, and the counts."""
    for message in (*said.read(), *said.warnings(fails)):
        say(str(message))
    for kind, count in said.counted():
        # What is current on a condition alone is never counted with what is current.
        condition = f", {kind.condition.words()}" if kind.condition else ""
        say(f"{kind.product}: {kind.verdict}{condition}: {count}")
    total = said.summary.counts.total()
    say(f"{total} machine{'' if total == 1 else 's'} on {said.day}")


def _verdicts_of(text: str | None) -> list[str]:
    """Return the verdicts of a list, and ``judging.CONDITIONAL``, however they are spelled: "restart due", "restart-due", "Restart_Due".

    Raises:
        BadInput: one of them is no verdict.
    """
    names = [(name.strip(), re.sub(r"[\s_-]+", "_", name.strip().casefold())) for name in text.split(",")] if text else []
    picked = (*VERDICTS, judging.CONDITIONAL)
    known = {name: [name] for name in picked} | {NOT_CURRENT.replace("-", "_"): [name for name in VERDICTS if name != "current"]}
    if unknown := [given for given, name in names if name not in known]:
        said = ", ".join((*picked, NOT_CURRENT))
        raise BadInput("expected verdicts ({verdicts}), got {got!r}", verdicts=said, got=unknown[0][:MAX_SHOWN])
    return list(dict.fromkeys(verdict for _, name in names for verdict in known[name]))


def _check(file: str, request: Request, kind: type[Format]) -> None:
    """Raise BadInput where options do not go together."""
    if request.scratch is not None and not request.scratch.is_dir():
        raise BadInput("expected a folder at {path}, got none", path=request.scratch)
    if kind.is_binary and request.output is None and sys.stdout.isatty():
        raise BadInput(
            "expected --output FILE for {format}, or standard output that is not a terminal", format=request.format_name.capitalize()
        )
    paths = [os.path.realpath(path) for path in (file, request.hotfixes, request.output, request.summary) if path is not None]
    for path in (request.output, request.summary):
        if path is not None and paths.count(os.path.realpath(path)) > 1 and (path.is_file() or not path.exists()):
            raise BadInput("expected another file for the verdicts, got {path}, which is read or written already", path=path)
    if request.is_safe and request.format_name != "csv":
        raise BadInput("expected --safe-csv with the format csv, got {got}", got=request.format_name)


def _blocks(machines: Inventory, form: Format, work: _Work) -> Iterator[bytes]:
    """Yield the output, from whichever engine: the bytes are the same.

    Bytes, so that lines end alike on every system. A lone surrogate, which JSON may hold, cannot be encoded and becomes "?".
    """
    if work.request.engine in {None, "builtin"}:
        for block in judging.assess(work.judge, machines, form, work.summary, work.only):
            yield block.encode("utf-8", "replace")
        return
    from hotpatch_kb.db.fleet.engines.normal_form import normalise  # noqa: PLC0415

    join = _duckdb() if work.request.engine == "duckdb" else _spark(work.request.spark_master)
    normal = normalise(work.judge, machines, form, work.summary, work.folder)
    yield form.head().encode("utf-8", "replace")
    yield from join(normal, work.folder)
    yield form.tail().encode()


def _duckdb() -> Callable[[Normal, Path], Iterator[bytes]]:
    from hotpatch_kb.db.fleet.engines import duckdb_engine  # noqa: PLC0415

    return duckdb_engine.join


def _without_spark(error: ImportError) -> BadInput:
    return BadInput("expected Spark for --engine spark, got {error}: pip install 'hotpatch-kb[spark]'", error=error)


def _spark(master: str | None) -> Callable[[Normal, Path], Iterator[bytes]]:
    try:
        from hotpatch_kb.db.fleet.engines import spark_engine  # noqa: PLC0415
    except ImportError as error:
        raise _without_spark(error) from None

    return lambda normal, folder: spark_engine.join(normal.parts, normal.table, folder, master=master)


def _read_by_duckdb(file: str, columns: dict[str, str], work: _Work, sink: BinaryIO) -> bool:
    """Let DuckDB read the file and write the output, without the normal form. Return False where it cannot, or is not the engine."""
    request = work.request
    is_chosen = request.engine is None and engines.is_for_duckdb(file)
    if not is_chosen and request.engine != "duckdb":
        return False
    if request.format_name != "csv" or request.is_safe or request.hotfixes is not None or work.only:
        return False
    if not os.path.isfile(file) or request.encoding is not None:  # noqa: PTH113 (see _opened)
        return False
    from hotpatch_kb.db.fleet.engines import duckdb_engine  # noqa: PLC0415
    from hotpatch_kb.db.fleet.inventory.columns import checked_mapping  # noqa: PLC0415

    written = duckdb_engine.direct(Path(file), checked_mapping(columns), work.judge, work.summary, work.folder)
    if written is None:
        return False
    if is_chosen:
        say(
            f"judged with DuckDB, which is faster for a file of {engines.LARGE // 1_000_000} MB or more; --engine builtin takes less memory"
        )
    sink.write(written.head)
    sink.writelines(written.rows)
    return True


def _hotfixes(path: Path, judge: Judge) -> Hotfixes:
    with _opened(str(path)) as stream, inventory(stream, needs="kbs") as table:
        return Hotfixes((row.machine for row in table.rows(judge.facts)), judge.reduced)


@contextmanager
def _opened(file: str, *, has_bar: bool = False) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer.raw if hasattr(sys.stdin.buffer, "raw") else sys.stdin.buffer
        return
    if not os.path.isfile(file):  # noqa: PTH113 (pathlib raises for a name that is too long)
        raise BadInput("expected an inventory at {path}, got {got}", path=file[:200], got="a folder" if os.path.isdir(file) else "no file")  # noqa: PTH112
    try:
        stream = Path(file).open("rb", buffering=0)  # noqa: SIM115 (closed below; only errors of opening become BadInput)
    except OSError as error:
        raise BadInput("expected an inventory that can be read, got {error}", error=error) from None
    with stream, bar(os.path.getsize(file), "B", is_bytes=True) if has_bar else nullcontext() as advance:  # noqa: PTH202 (see above)
        if advance is None or not is_terminal():
            yield stream
            return
        with _Watched(file, advance) as watched:
            yield cast("BinaryIO", watched)


class _Watched(io.FileIO):
    """A file that tells a bar how much of it was read."""

    def __init__(self, file: str, advance: Callable[[int, str], None]) -> None:
        super().__init__(file, "rb")
        self._advance = advance

    def read(self, size: int | None = -1, /) -> bytes:
        """Read bytes, and tell the bar."""
        data = super().read(size)
        self._advance(len(data), "")
        return data

    def readinto(self, buffer: Any, /) -> int:
        """Read into a buffer, and tell the bar."""
        count = super().readinto(buffer)
        self._advance(count, "")
        return count


@contextmanager
def _sink(output: Path | None, folder: Path) -> Iterator[BinaryIO]:
    """Provide a file that exists only once it is complete. What cannot be replaced is written from a temporary file in the folder.

    Half of an output looks like a whole one to the next program of a pipe, which may not see our exit code.
    """
    if output is None:
        with (folder / "output").open("w+b") as file:
            yield file
            file.seek(0)
            shutil.copyfileobj(file, sys.stdout.buffer, 2**20)
        sys.stdout.buffer.flush()
        return
    if os.path.isdir(output):  # noqa: PTH112 (see _opened)
        raise BadInput("expected a file to write, got the folder {path}", path=output)
    if os.path.exists(output) and not output.is_file():  # noqa: PTH110
        # /dev/null, /dev/stdout, a named pipe: written in place. Replacing it, as root can, would take the device from the whole machine.
        with (folder / "output").open("w+b") as file, output.open("wb") as device:
            yield file
            file.seek(0)
            shutil.copyfileobj(file, device, 2**20)
        return
    part = None
    try:
        target = output.resolve()  # write where a link leads; the link stays
        part = target.with_name(f"{target.name}.part")
        with part.open("wb") as file:
            yield file
        part.replace(target)
    except OSError as error:
        raise BadInput("expected a file that can be written at {path}, got {error}", path=output, error=error) from None
    finally:
        if part is not None:
            with suppress(OSError):  # a name that is too long
                part.unlink(missing_ok=True)
