"""``hotpatch-kb assess``: an inventory in, its rows with verdicts out, a summary on stderr. Streams, whatever the size."""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

from db import assess as judging
from db.claims import BadInput
from db.inventory import read
from db.verdicts import VERDICTS

EXIT_MET: Final = 6


def assess(
    conn: sqlite3.Connection, file: str, day: str, *, shape: str, mapping: Sequence[str], fail_on: str | None, say: Callable[[str], None]
) -> int:
    """Judges an inventory and prints it.

    Args:
        conn: a database with the fact tables.
        file: a path, or "-" for standard input.
        day: ISO date; releases up to it count.
        shape: csv, json or jsonl.
        mapping: "field=column" each.
        fail_on: verdicts by commas that make the exit code 6.
        say: prints a line of the summary.

    Returns:
        the exit code.

    Raises:
        BadInput: the inventory or an option cannot be read.
    """
    columns = dict(_pair(text) for text in mapping)
    wanted = [name.strip() for name in fail_on.split(",")] if fail_on else []
    if unknown := [name for name in wanted if name not in VERDICTS]:
        raise BadInput(f"expected verdicts ({', '.join(VERDICTS)}), got {unknown[0]!r}")
    judge = judging.Judge(conn, day)
    if conn.execute("select 1 from kb_cves limit 1").fetchone() is None:
        say("no security data in this database: out-of-band releases that fix a CVE are not counted; a crawl reads it")
    summary: Counter[tuple[str, str]] = Counter()
    with _opened(file) as stream:
        rows = judging.assess(judge, read(stream, columns), summary)
        {"csv": as_csv, "json": _as_json, "jsonl": _as_lines}[shape](rows, sys.stdout)
    sys.stdout.flush()
    for (product, verdict), count in sorted(summary.items()):
        say(f"{product}: {verdict}: {count}")
    say(f"{summary.total()} machines on {day}")
    return EXIT_MET if any(verdict in wanted for _, verdict in summary) else 0


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
    if not Path(file).is_file():
        raise BadInput(f"expected an inventory at {file}, got no file")
    with Path(file).open("rb", buffering=0) as stream:
        yield stream


def as_csv(rows: Iterable[dict[str, Any]], out: TextIO) -> None:
    """Prints rows as CSV, with the columns of the first.

    Raises:
        BadInput: a row has another column: of JSON, whose objects need not be alike.
    """
    header: list[str] = []
    early: list[dict[str, Any]] = []  # rows without columns of their own, before the first that has some
    plain = csv.writer(out, lineterminator="\n")
    quoting = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def write(row: dict[str, Any]) -> None:
        if list(row) != header:
            if more := [name for name in row if name not in header]:
                raise BadInput(f"expected objects with the columns of the first, got also {more[0]!r}; --format jsonl carries them")
            row = {name: row.get(name) for name in header}
        cells = [value if type(value) is str else _plain(value) for value in row.values()]
        # Python leaves a lone carriage return unquoted, and readers take it for the end of a row.
        (quoting if any("\r" in cell for cell in cells if type(cell) is str) else plain).writerow(cells)

    for row in rows:
        if not header and len(row) == len(judging.COLUMNS):
            early.append(row)
            continue
        if not header:
            header = list(row)
            plain.writerow(header)
            for waiting in early:
                write(waiting)
        write(row)
    if not header:
        header = list(judging.COLUMNS)
        plain.writerow(header)
        for waiting in early:
            write(waiting)


def _plain(value: Any) -> Any:
    """A value as a cell: booleans and nested values as JSON has them."""
    if value is True or value is False:
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _as_lines(rows: Iterable[dict[str, Any]], out: TextIO) -> None:
    out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _as_json(rows: Iterable[dict[str, Any]], out: TextIO) -> None:
    out.write("[")
    out.writelines((",\n " if number else "\n ") + json.dumps(row, ensure_ascii=False) for number, row in enumerate(rows))
    out.write("\n]\n")
