"""Read and write corrections, the decisions of a person against the rules: from the package, from further files, and in the table."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from hotpatch_kb.db.model.claims import Correction
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.ids import stable_id


def read_corrections(conn: sqlite3.Connection) -> list[Correction]:
    """Return the corrections in the database."""
    return [Correction(*row) for row in conn.execute(f"select {', '.join(Correction._fields)} from corrections order by correction")]


def load_corrections(paths: Iterable[Path] = ()) -> list[Correction]:
    """Return the corrections of the package and of further files.

    Raises:
        BadInput: a file lacks a column, or a row lacks its reason, link or date.
    """
    result = []
    texts = [("db/corrections.csv", files("hotpatch_kb.db").joinpath("corrections.csv").read_text(encoding="utf-8"))]
    for path in paths:
        try:
            texts.append((str(path), path.read_text(encoding="utf-8-sig")))
        except OSError as error:
            raise BadInput("expected a file of corrections, got {got}", got=str(error)) from None
    columns = [name for name in Correction._fields if name != "correction"]
    for name, text in texts:
        reader = csv.DictReader(text.splitlines())
        if list(reader.fieldnames or ()) != columns:
            raise BadInput(
                "expected the columns {columns} in {file}, got {got}",
                columns=",".join(columns),
                file=name,
                got=",".join(reader.fieldnames or ()),
            )
        for row in reader:
            if not all(row[column] for column in ("source", "subject", "field", "why", "url", "decided_on")):
                raise BadInput(
                    "expected a source, subject, field, reason, url and date in each row of {file}, got {got}", file=name, got=dict(row)
                )
            result.append(Correction(stable_id(row["source"], row["subject"], row["field"], row["value"]), **row))
    return result


def write_corrections(conn: sqlite3.Connection, corrections: Sequence[Correction]) -> None:
    """Replace the rows of ``corrections`` by exactly these."""
    conn.execute("update conflicts set correction = null")
    conn.execute("delete from corrections")
    conn.executemany(
        f"insert or replace into corrections ({', '.join(Correction._fields)}) values ({', '.join('?' * len(Correction._fields))})",
        corrections,
    )


def unmatched(conn: sqlite3.Connection) -> list[Correction]:
    """Return corrections of sources that were read which match no claim any more, no page, and no section that was ever there."""
    return [
        Correction(*row)
        for row in conn.execute(
            f"""select {", ".join(f"c.{name}" for name in Correction._fields)} from corrections as c
            where c.source in (select source from pages where state = 'accepted')
            and not exists (select 1 from claims where claims.source = c.source and claims.subject = c.subject and claims.field = c.field
                            and coalesce(claims.value, '') = c.value)
            and not (c.subject like 'quarantine/%' and exists (select 1 from claims where claims.source = c.source and claims.subject = c.subject))
            and not exists (select 1 from pages where pages.source = c.source and 'page/' || pages.url = c.subject)
            and not exists (select 1 from sections where sections.source = c.source and 'section/' || sections.section = c.subject)"""
        )
    ]


def accepted_gone(corrections: Iterable[Correction], source: str) -> set[str]:
    """Return the sections of a source that a correction accepts as gone."""
    return {c.subject.removeprefix("section/") for c in corrections if c.source == source and c.subject.startswith("section/")}


def accepted_unreadable(corrections: Iterable[Correction], source: str) -> set[str]:
    """Return the addresses of a source that a correction accepts as pages that cannot be read (subject ``page/<address>``)."""
    return {c.subject.removeprefix("page/") for c in corrections if c.source == source and c.subject.startswith("page/")}
