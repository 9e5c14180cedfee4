"""``hotpatch-kb doctor``: is the database whole, do its facts follow from its claims, is the archive what its log says? And what mends it.

The archive is what cannot be fetched again, so nothing of it is thrown away: what is damaged is moved aside. The database follows from the
embedded facts, the archive and the corrections, so a broken one is moved aside and made again.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

from db import publish, schema
from db.claims import BadInput
from db.reading import open_for_reading
from scraper import runs
from scraper.archive import Archive
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


class _Log(NamedTuple):
    """The log of an archive: its lines that can be read, those that cannot, and whether the last one is cut."""

    entries: list[tuple[str, dict[str, Any]]]
    bad: list[str]
    is_torn: bool


def _log(folder: Path) -> _Log:
    file = folder / "log.jsonl"
    if not file.exists():
        return _Log([], [], is_torn=False)
    lines = file.read_bytes().split(b"\n")
    entries, bad = [], []
    for line in lines:
        if not line:
            continue
        try:
            text = line.decode("utf-8")
            entry = json.loads(text)
            if not isinstance(entry, dict) or not ("seed" in entry or ("url" in entry and _NAME.fullmatch(str(entry.get("sha256"))))):
                raise ValueError
            entries.append((text, entry))
        except ValueError:
            bad.append(line.decode("utf-8", "backslashreplace"))
    return _Log(entries, bad, is_torn=bool(lines[-1]))


def _archive_findings(folder: Path) -> Iterator[Finding]:
    log = _log(folder)
    where = str(folder / "log.jsonl")
    if log.bad or log.is_torn:
        what = f"expected lines of JSON, got {len(log.bad)} others{' and no end of the last line' if log.is_torn else ''}"
        yield Finding(where, what, f"moves them to {folder / 'log.jsonl.damaged'}", is_broken=True)
    named = {str(entry["sha256"]) for _, entry in log.entries if "sha256" in entry}
    for sha256 in sorted(named):
        if problem := _problem(folder, sha256):
            yield Finding(
                str(folder / sha256[:2] / sha256),
                problem,
                "moves the file aside and its lines out of the log: that answer is lost",
                is_broken=True,
            )
    for file in sorted(folder.glob("*/*")):
        if file.name.endswith(".part"):
            yield Finding(str(file), "expected no unfinished file, got one that a killed run left", "removes it", is_broken=False)
        elif _NAME.fullmatch(file.name) and file.name not in named:
            yield Finding(str(file), "expected a line of the log for each file, got none for this", "", is_broken=False)


def _problem(folder: Path, sha256: str) -> str:
    if hashlib.sha256(b"").hexdigest() == sha256 and not (folder / sha256[:2] / sha256).exists():
        return ""  # an answer without content
    try:
        Archive(folder).body(sha256)
    except BadInput as error:
        return str(error)
    return ""


def _repair_archive(folder: Path, say: Progress) -> None:
    log = _log(folder)
    lost = {str(entry["sha256"]) for _, entry in log.entries if "sha256" in entry and _problem(folder, str(entry["sha256"]))}
    for sha256 in sorted(lost):
        file = folder / sha256[:2] / sha256
        if file.exists():
            file.replace(file.with_name(f"{sha256}.damaged"))
        say(f"{file}: moved aside; that answer is lost")
    kept = [text for text, entry in log.entries if entry.get("sha256") not in lost]
    removed = [*log.bad, *(text for text, entry in log.entries if entry.get("sha256") in lost)]
    if removed or log.is_torn:
        with (folder / "log.jsonl.damaged").open("a", encoding="utf-8", newline="\n") as aside:
            aside.writelines(f"{line}\n" for line in removed)
        part = folder / "log.jsonl.part"
        part.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8", newline="\n")
        part.replace(folder / "log.jsonl")
        say(f"{folder / 'log.jsonl'}: {len(removed)} lines moved to log.jsonl.damaged")
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
    found = list(_archive_findings(archive)) if archive.exists() else []
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
            _repair_archive(archive, say)
    if of_database:
        _repair_database(db, archive, of_database, say)
    return examine(db, archive)
