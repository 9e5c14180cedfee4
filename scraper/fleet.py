"""``hotpatch-kb assess``: an inventory in, its rows with verdicts out, a summary on stderr. Streams, whatever the size."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from db import assess as judging
from db.claims import BadInput
from db.inventory import inventory
from db.inventory.forms import FORMS
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
    summary = judging.Summary()
    with _opened(file) as stream, inventory(stream, columns) as found:
        kind = FORMS[shape]
        form = kind(found.find_columns() if kind.needs_columns else None)
        # Bytes, so that lines end alike on every system. A lone surrogate, which JSON may hold, is no text that could be written.
        for block in judging.assess(judge, found, form, summary):
            sys.stdout.buffer.write(block.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
    for (product, verdict), count in sorted(summary.counts.items()):
        say(f"{product}: {verdict}: {count}")
    say(f"{summary.counts.total()} machines on {day}")
    return EXIT_MET if any(verdict in wanted for _, verdict in summary.counts) else 0


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
