"""Read and write corrections, the decisions of a person against the rules: from the package, from further files, and in the table."""

from __future__ import annotations

import csv
import re
import sqlite3
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

from hotpatch_kb.db.model.claims import LONGEST_QUARANTINED, Correction, stable_id
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.notation import BUILD_TEXT

# The field of a correction that says which release an entry is, or supplies one that no source lists.
RELEASE: Final = "release"
# "ws2025/5122880/26100.33296/2026-08-11"; "-" where there is no KB or no build
_A_RELEASE: Final = re.compile(
    rf"(?P<product>[a-z0-9-]+)/(?P<kb>[0-9]{{6,7}}|-)/(?P<build>{BUILD_TEXT}|-)/(?P<day>20[0-9]{{2}}-[01][0-9]-[0-3][0-9])"
)


class Supplied(NamedTuple):
    """A release as a correction supplies it. ``kb`` and ``build`` are "-" where it has none."""

    product: str
    kb: str
    build: str
    day: str


def supplied(correction: Correction) -> Supplied | None:
    """Return the release that a correction supplies, None where it corrects something else.

    >>> supplied(Correction(1, "support_toc", "quarantine/KB5122880", "release", "", "ws2025/5122880/26100.33296/2026-08-11", "", "", ""))
    Supplied(product='ws2025', kb='5122880', build='26100.33296', day='2026-08-11')
    """
    if correction.field != RELEASE or not correction.subject.startswith(("quarantine/", "release/")):
        return None
    match = _A_RELEASE.fullmatch(correction.new_value)
    return Supplied(*match.groups()) if match else None


def read_corrections(conn: sqlite3.Connection) -> list[Correction]:
    """Return the corrections in the database."""
    return [Correction(*row) for row in conn.execute(f"select {', '.join(Correction._fields)} from corrections order by correction")]


def load_corrections(paths: Iterable[Path] = ()) -> list[Correction]:
    """Return the corrections of the package and of further files.

    Raises:
        BadInput: a file lacks a column, or a row lacks its reason, link or date, or supplies a release that cannot be read.
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
            if row["subject"].startswith("quarantine/"):  # the whole text may be given
                row["subject"] = row["subject"][: len("quarantine/") + LONGEST_QUARANTINED]
            correction = Correction(stable_id(row["source"], row["subject"], row["field"], row["value"]), **row)
            if correction.field == RELEASE and supplied(correction) is None:
                raise BadInput(
                    "expected a release such as {example} in each row of {file} with the field {field}, got {got}",
                    example="ws2025/5122880/26100.33296/2026-08-11", file=name, field=RELEASE, got=row["new_value"],
                )  # fmt: skip
            result.append(correction)
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
    """Return corrections of sources that were read which match no claim any more, no page, and no section that was ever there.

    One that supplies a release which no source lists needs no claim.
    """
    return [
        Correction(*row)
        for row in conn.execute(
            f"""select {", ".join(f"c.{name}" for name in Correction._fields)} from corrections as c
            where c.source in (select source from pages where state = 'accepted')
            and not (c.subject like 'release/%' and c.field = 'release')
            and not exists (select 1 from claims where claims.source = c.source and claims.subject = c.subject and claims.field = c.field
                            and coalesce(claims.value, '') = c.value)
            and not (c.subject like 'quarantine/%' and (exists (select 1 from claims where claims.source = c.source and claims.subject = c.subject)
                or exists (select 1 from quarantine as q where q.source = c.source and q.subject = c.subject)))
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
