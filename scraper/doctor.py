"""``hotpatch-kb doctor``: is the database whole, do its facts follow from its claims, is the archive what its log says? And what mends it.

The archive is what cannot be fetched again, so nothing of it is thrown away: what is damaged is moved aside. The database follows from the
embedded facts, the archive and the corrections, so a broken one is moved aside and made again.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

from db import publish, schema
from db.claims import BadInput
from db.reading import open_for_reading
from scraper import runs
from scraper.archive import Archive, Line
from scraper.crawl import Progress, locked, utc_now

_NAME: Final = re.compile(r"[0-9a-f]{64}")
# Facts, conflicts and changes are functions of the claims; these tables record what was read and when.
_RECORDED: Final = frozenset({"runs", "checks", "pages", "sections", "claims", "sources", "corrections", "subjects", "_sqlite_migrations"})


class Finding(NamedTuple):
    """Something that is not as it should be.

    Attributes:
        where: the file.
        what: what was expected and what is there, in one line.
        repair: what mends it, "" where nothing needs to or can.
        is_broken: whether something is wrong; else it is only to be known.
    """

    where: str
    what: str
    repair: str
    is_broken: bool


# --- the archive --------------------------------------------------------------------------------------------------------


def _archive_findings(archive: Archive) -> Iterator[Finding]:
    folder, lines = archive.folder, list(archive.lines())
    bad = sum(line.entry is None and not line.is_cut for line in lines)
    is_cut = any(line.is_cut for line in lines)
    if bad or is_cut:
        what = f"expected lines of JSON, got {bad} others{' and no end of the last line' if is_cut else ''}"
        yield Finding(str(archive.log), what, f"moves them to {folder / 'log.jsonl.damaged'}", is_broken=True)
    named = set(_named(lines))
    for sha256, problem in sorted(_problems(archive, lines).items()):
        repair = "moves the file aside and its lines out of the log: that answer is lost"
        yield Finding(str(archive.file(sha256)), problem, repair, is_broken=True)
    for file in sorted(folder.glob("*/*")):
        if file.name.endswith(".part"):
            yield Finding(str(file), "expected no unfinished file, got one that a killed run left", "removes it", is_broken=False)
        elif _NAME.fullmatch(file.name) and file.name not in named:
            yield Finding(str(file), "expected a line of the log for each file, got none for this", "", is_broken=False)


def _named(lines: Iterable[Line]) -> Iterator[str]:
    """The hashes of the files that lines name; an entry about the seed names none."""
    return (_file_of(line.entry) for line in lines if line.entry and "sha256" in line.entry)


def _file_of(entry: Mapping[str, Any]) -> str:
    return str(entry.get("like", entry["sha256"]))


def _problems(archive: Archive, lines: Iterable[Line]) -> dict[str, str]:
    """What is the matter with the answers of lines, by the hashes of the files that have them, or would have."""
    found: dict[str, str] = {}
    good: set[str] = set()
    for line in lines:
        if not line.entry or "sha256" not in line.entry or line.entry["sha256"] in good:
            continue
        try:
            archive.body_of(line.entry)
        except BadInput as error:
            name = _file_of(line.entry)
            found.setdefault(name if not archive.has(name) else line.entry["sha256"], str(error))
        else:
            good.add(line.entry["sha256"])
    return found


def _repair_archive(archive: Archive, say: Progress) -> None:
    folder, lines = archive.folder, list(archive.lines())
    lost = _problems(archive, lines)
    for sha256 in sorted(lost):
        file = archive.file(sha256)
        if file.exists():
            file.replace(file.with_name(f"{sha256}.damaged"))
        say(f"{file}: moved aside; that answer is lost")

    def is_lost(line: Line) -> bool:
        return line.entry is None or not lost.keys().isdisjoint({line.entry.get("sha256"), line.entry.get("like")})

    removed = [line for line in lines if is_lost(line)]
    if removed:
        with (folder / "log.jsonl.damaged").open("ab") as aside:
            aside.writelines(line.text.rstrip(b"\n") + b"\n" for line in removed)
        part = folder / "log.jsonl.part"
        part.write_bytes(b"".join(line.text.rstrip(b"\n") + b"\n" for line in lines if not is_lost(line)))
        part.replace(archive.log)
        say(f"{archive.log}: {len(removed)} lines moved to log.jsonl.damaged")
    for file in sorted(folder.glob("*/*.part")):
        file.unlink()
        say(f"{file}: removed")


# --- the database -------------------------------------------------------------------------------------------------------


def _database_findings(db: Path) -> Iterator[Finding]:
    again = f"moves it aside, and makes it again of the embedded facts, {db.name}.archive and the corrections"
    try:
        with closing(open_for_reading(db)) as conn:
            found = [row[0] for row in conn.execute("pragma integrity_check")]
            if found != ["ok"]:
                yield Finding(str(db), f"expected a whole file, got {'; '.join(found[:3])}", again, is_broken=True)
                return
            tables = {row[0] for row in conn.execute("select name from sqlite_master where type = 'table'")}
            if missing := sorted(schema.comments().keys() - tables):
                # Of an older version, which the next run brings to this one: it may hold what the archive does not.
                what = f"expected the tables of this version, got none named {', '.join(missing)}; the next crawl makes them"
                yield Finding(str(db), what, "", is_broken=False)
                return
            broken = conn.execute("pragma foreign_key_check").fetchall()
            if broken:
                what = f"expected every reference to lead somewhere, got {len(broken)} that do not, the first in {broken[0][0]}"
                yield Finding(str(db), what, again, is_broken=True)
            for table in _differing(conn):
                what = f"expected {table} to follow from the claims, got other rows"
                yield Finding(str(db), what, "makes it again of the embedded facts, the archive and the corrections", is_broken=True)
    except sqlite3.DatabaseError as error:
        yield Finding(str(db), f"expected a database that can be read, got {error}", again, is_broken=True)


def _differing(conn: sqlite3.Connection) -> list[str]:
    """The tables of facts that are not what follows from the claims, found by resolving a copy in memory anew."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        conn.backup(copy)
        tables = sorted(schema.comments().keys() - _RECORDED)
        before = {table: _rows(copy, table) for table in tables}
        copy.execute("pragma foreign_keys = on")
        with schema.transaction(copy):
            publish.publish(copy, "")
            publish.write_lines(copy)
        return [table for table in tables if _rows(copy, table) != before[table]]


def _rows(conn: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    names = [row[1] for row in conn.execute(f"pragma table_info({table})") if row[1] != "run"]
    return sorted(conn.execute(f"select {', '.join(names)} from {table}").fetchall(), key=repr)  # noqa: S608


def _repair_database(db: Path, archive: Path, findings: list[Finding], say: Progress) -> None:
    if any("moves it aside" in finding.repair for finding in findings):
        stamp = utc_now().replace(":", "")
        for suffix in ("", "-wal", "-shm"):
            file = db.with_name(f"{db.name}{suffix}")
            if file.exists():
                file.replace(file.with_name(f"{db.name}.broken-{stamp}{suffix}"))
        say(f"{db}: moved to {db.name}.broken-{stamp}")
    runs.replay(db, archive, say=lambda _: None)
    say(f"{db}: made again")


# --- both ---------------------------------------------------------------------------------------------------------------


def examine(db: Path, archive: Path) -> list[Finding]:
    """Everything that is not as it should be.

    Args:
        db: the database; one that is not there is no finding where there is no archive either.
        archive: the folder of answers.

    Raises:
        BadInput: there is neither.
    """
    if not db.exists() and not archive.exists():
        raise BadInput(f"expected a database at {db} or an archive at {archive}, got neither")
    found = list(_archive_findings(Archive(archive))) if archive.exists() else []
    if not db.exists():
        return [*found, Finding(str(db), "expected a database, got none", "makes it again of the archive", is_broken=True)]
    return [*found, *_database_findings(db)]


def repair(db: Path, archive: Path, findings: list[Finding], say: Progress) -> list[Finding]:
    """Mends what can be, with the lock held, and says what it did. Returns what is found afterwards.

    Raises:
        LockHeld: another run is on.
    """
    of_database = [finding for finding in findings if finding.is_broken and finding.where == str(db)]
    with locked(db):
        if archive.exists():
            _repair_archive(Archive(archive), say)
    if of_database:
        _repair_database(db, archive, of_database, say)
    return examine(db, archive)
