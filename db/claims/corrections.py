"""Read and write corrections, the decisions of a person against the rules: from the package, from further files, and in the table."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

from hotpatch_kb.db.model.claims import LONGEST_QUARANTINED, Correction, stable_id
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.notation import BUILD_TEXT

# The field of a correction that says which release an entry is, or supplies one that no source lists.
RELEASE: Final = "release"
_LONGEST_SHOWN: Final = 200  # characters of a cell in a message
_LONGEST_LINE: Final = 131_072  # characters, as csv has it for a cell
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
    """Return the corrections of the package and of further files. What a later file decides of the same statement replaces an earlier decision.

    Raises:
        BadInput: a file cannot be read as UTF-8 or as CSV or lacks a column; or a row lacks its reason, link or date, has a value that its field
            cannot have, contradicts another row of its file, or supplies a release that cannot be read.
    """
    result: dict[int, Correction] = {}
    texts = [("db/corrections.csv", files("hotpatch_kb.db").joinpath("corrections.csv").read_bytes())]
    for path in paths:
        try:
            texts.append((str(path), path.read_bytes()))
        except OSError as error:
            raise BadInput("expected a file of corrections, got {got}", got=str(error)) from None
    for name, body in texts:
        of_file: dict[int, Correction] = {}
        for number, row in _rows(name, _decoded(name, body)):
            correction = _correction(name, number, row)
            before = of_file.setdefault(correction.correction, correction)
            if before.new_value != correction.new_value:
                raise BadInput(
                    "expected one new value of {what} in {file}, got {first!r} and, in line {number}, {second!r}",
                    what=_shown(f"{correction.source} {correction.subject} {correction.field}"), file=name, number=number,
                    first=_shown(before.new_value), second=_shown(correction.new_value),
                )  # fmt: skip
        result |= of_file
    return list(result.values())


def _decoded(name: str, body: bytes) -> str:
    """Return the text of a file. Nothing is guessed here: a wrong letter in a subject would correct nothing, or something else."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise BadInput(
            "expected {file} in UTF-8, got the byte {byte} in line {line}: save it as UTF-8", file=name, byte=f"0x{body[error.start]:02x}", line=line
        ) from None  # fmt: skip


def _rows(name: str, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a file with their numbers of lines. A line may end with CRLF, and a cell in quotes may have several lines."""
    columns = [field for field in Correction._fields if field != "correction"]
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > _LONGEST_LINE:  # csv has a limit for the whole process, which inventories raise
            raise BadInput(
                "expected lines of at most {most:,} characters in {file}, got {got:,} in line {number}",
                most=_LONGEST_LINE,
                file=name,
                got=len(line),
                number=number,
            )
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if header != columns:
            raise BadInput(
                "expected the columns {columns} in {file}, got {got}", columns=",".join(columns), file=name, got=_shown(",".join(header)) or "none"
            )  # fmt: skip
        for cells in reader:
            if len(cells) == len(columns):
                yield reader.line_num, dict(zip(columns, cells, strict=True))
            elif any(cell.strip() for cell in cells):  # an empty line is nothing
                raise BadInput(
                    "expected {count} cells in each row of {file}, got {got} in line {number}",
                    count=len(columns), file=name, got=len(cells), number=reader.line_num,
                )  # fmt: skip
    except csv.Error as error:
        raise BadInput("expected CSV in {file}, got {error} in line {number}", file=name, error=error, number=reader.line_num) from None


def _correction(name: str, number: int, row: dict[str, str]) -> Correction:
    """Return the correction of a row.

    Raises:
        BadInput: as ``load_corrections``.
    """
    if not all(row[column] for column in ("source", "subject", "field", "why", "url", "decided_on")):
        raise BadInput(
            "expected a source, subject, field, reason, url and date in each row of {file}, got {got}", file=name, got=_shown(str(row))
        )
    if row["subject"].startswith("quarantine/"):  # the whole text may be given
        row["subject"] = row["subject"][: len("quarantine/") + LONGEST_QUARANTINED]
    correction = Correction(stable_id(row["source"], row["subject"], row["field"], row["value"]), **row)
    if correction.field == RELEASE and supplied(correction) is None:
        raise BadInput(
            "expected a release such as {example} in each row of {file} with the field {field}, got {got}",
            example="ws2025/5122880/26100.33296/2026-08-11", file=name, field=RELEASE, got=_shown(row["new_value"]),
        )  # fmt: skip
    for column, field in (("new_value", row["field"]), ("decided_on", "decided_on")):
        value = row[column]
        wrong = [example for names, is_right, example in _FORMS if value and names.fullmatch(field) and not is_right(value)]
        if wrong:
            raise BadInput(
                "expected {field} in a form such as {example} in the column {column} of {file}, got {got!r} in line {number}",
                field=field, example=wrong[0], column=column, file=name, got=_shown(value), number=number,
            )  # fmt: skip
    return correction


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_of(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


# How values look by the name of their field, and an example: one of another form would make wrong facts in silence.
_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[str], bool], str], ...]] = (
    (re.compile(r"decided_on|(?:[a-z]+_)+date|valid_(?:from|to)|(?:ltsc_)?latest_on"), _is_day, "2026-08-11"),
    (re.compile(r"(?:[a-z]+_)*build"), _is_of(BUILD_TEXT), "26100.33296"),
    (re.compile(r"(?:[a-z]+_)*kb"), _is_of("[0-9]{6,7}"), "5122880"),
    (re.compile(r"month"), _is_of("20[0-9]{2}-(?:0[1-9]|1[0-2])"), "2026-08"),
    (re.compile(r"line"), _is_of("hotpatch|standard"), "hotpatch or standard"),
    (re.compile(r"(?:planned_|footnote_)?type"), _is_of("hotpatch|baseline"), "hotpatch or baseline"),
    (re.compile(r"cadence"), _is_of("[A-E]|OOB"), "B or OOB"),
    (re.compile(r"classification"), _is_of("baseline|hotpatch|component|cumulative|preview|initial"), "hotpatch"),
)


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
