"""``hotpatch-kb doctor``: is the database whole, do its facts follow from its claims, is the archive what its log says, and the seed? And what mends it.

The archive is what cannot be fetched again, so nothing of it is thrown away: what is damaged is moved aside. The database follows from the
embedded facts, the archive and the corrections, so a broken one is moved aside and made again.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.claims import history
from hotpatch_kb.db.facts import seed, write
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.store import schema
from hotpatch_kb.db.store.connections import SEED_DATABASE, open_for_reading, open_seed_database
from hotpatch_kb.scraper.crawl import runs
from hotpatch_kb.scraper.crawl.run import Progress, locked, open_database, utc_now
from hotpatch_kb.scraper.fetch.archive import Archive, Line
from hotpatch_kb.scraper.sources import registry

_NAME: Final = re.compile(r"[0-9a-f]{64}")
# Facts, conflicts and changes are functions of the claims; these tables record what was read and when.
_RECORDED: Final = frozenset({"runs", "checks", "pages", "sections", "claims", "sources", "corrections", "subjects", "_sqlite_migrations"})
# What mends a database, by what is broken.
_ANEW: Final = "makes it again of the embedded facts, the archive and the corrections"
_ASIDE: Final = "moves it aside, and makes it again of the embedded facts, the archive and the corrections"
_VIEWS: Final = "makes them anew, as the next crawl does"
_REPLAY: Final = "replays it, as the next crawl does"
# Errors of SQLite that come of what a file holds: no column or table of that name, damage, no database at all.
_OF_THE_FILE: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


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
        part = folder / "log.jsonl.part"
        _write_lines(folder / "log.jsonl.damaged", "ab", removed)
        _write_lines(part, "wb", [line for line in lines if not is_lost(line)])
        part.replace(archive.log)
        say(f"{archive.log}: {len(removed)} lines moved to log.jsonl.damaged")
    for file in sorted(folder.glob("*/*.part")):
        file.unlink()
        say(f"{file}: removed")


def _write_lines(path: Path, mode: str, lines: Iterable[Line]) -> None:
    """To the disk before the log is replaced: power that fails then must not cost lines that were whole."""
    with path.open(mode) as file:
        file.writelines(line.text.rstrip(b"\n") + b"\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())


# --- the embedded facts -------------------------------------------------------------------------------------------------


def _seed_findings() -> Iterator[Finding]:
    if seed.fingerprint() != (recorded := seed.recorded_fingerprint()):
        what = f"expected the embedded facts of the fingerprint {recorded[:12]}..., got others; install hotpatch-kb again"
        yield Finding("db/seed", what, "", is_broken=True)
    try:
        with closing(open_seed_database()) as conn:
            found = [row[0] for row in conn.execute("pragma integrity_check")]
            rows = [tuple(row) for row in conn.execute(f"select {', '.join(history.CLAIM_COLUMNS)} from claims order by claim")]  # noqa: S608
    except (sqlite3.DatabaseError, FileNotFoundError) as error:
        found, rows = [str(error)], []
    if found != ["ok"]:
        yield Finding(SEED_DATABASE, f"expected a whole file, got {'; '.join(found[:3])}; install hotpatch-kb again", "", is_broken=True)
    elif rows != seed.embedded_claims():
        yield Finding(SEED_DATABASE, "expected the claims of db/seed, got others; install hotpatch-kb again", "", is_broken=True)


# --- the database -------------------------------------------------------------------------------------------------------


def _database_findings(db: Path, archive: Archive) -> Iterator[Finding]:
    try:
        with closing(open_for_reading(db)) as conn:
            yield from _content_findings(db, conn, archive)
    except sqlite3.DatabaseError as error:
        # A full disk, a lock or a file that is closed to us says nothing of the database: it is not to be moved aside.
        is_of_the_file = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_BUSY) & 0xFF in _OF_THE_FILE
        repair = _ASIDE if is_of_the_file else ""
        yield Finding(str(db), f"expected a database that can be read, got {error}", repair, is_broken=True)
    wal = Path(f"{db.resolve()}-wal")  # beside the file that a link leads to
    if wal.exists() and (size := wal.stat().st_size) > schema.WAL_LIMIT:
        what = f"expected at most {schema.WAL_LIMIT >> 20} MB, got {size >> 20}, which wait for the end of a reader of an old state"
        yield Finding(str(wal), what, "", is_broken=False)


def _content_findings(db: Path, conn: sqlite3.Connection, archive: Archive) -> Iterator[Finding]:
    found = [row[0] for row in conn.execute("pragma integrity_check")]
    if found != ["ok"]:
        yield Finding(str(db), f"expected a whole file, got {'; '.join(found[:3])}", _ASIDE, is_broken=True)
        return
    # Neither of these two is ours to mend; a crawl refuses both.
    if newer := schema.unknown_steps(conn):
        what = f"expected a database of this version or an older one, got {', '.join(newer)} of a newer one: update hotpatch-kb"
        yield Finding(str(db), what, "", is_broken=True)
        return
    if foreign := schema.foreign_table(conn):
        what = f"expected a database of hotpatch-kb, got one of another program, with {foreign!r}"
        yield Finding(str(db), what, "", is_broken=True)
        return
    tables = {row[0] for row in conn.execute("select name from sqlite_master where type = 'table'")}
    # Of an older version, which the next run brings to this one: it may hold what the archive does not.
    for name, missing in (("tables", sorted(schema.comments().keys() - tables)), ("migrations", schema.missing_steps(conn))):
        if missing:
            what = f"expected the {name} of this version, got none named {', '.join(missing)}; the next crawl makes them"
            yield Finding(str(db), what, "", is_broken=False)
            return
    if views := schema.changed_views(conn):
        yield Finding(str(db), f"expected the views of this version, got others, or none: {', '.join(views)}", _VIEWS, is_broken=True)
    broken = conn.execute("pragma foreign_key_check").fetchall()
    if broken:
        what = f"expected every reference to lead somewhere, got {len(broken)} that do not, the first in {broken[0][0]}"
        yield Finding(str(db), what, _ASIDE, is_broken=True)
    for table in _differing(conn):
        yield Finding(str(db), f"expected {table} to follow from the claims, got other rows", _ANEW, is_broken=True)
    if schema.must_replay(conn):
        what = "expected all pages in the order of their times, got some that only a replay puts there: a run was ended by force, or is on"
        yield Finding(str(db), what, _REPLAY, is_broken=False)
    yield from _missing_answers(db, conn, archive)


def _missing_answers(db: Path, conn: sqlite3.Connection, archive: Archive) -> Iterator[Finding]:
    """Answers that the database or the archive has alone. Embedded pages come with the program and are archived by the first run."""
    logged = archive.ids()
    known = {row[0] for row in conn.execute("select page from pages")}
    embedded = {source.source for source in registry().values() if source.is_embedded}
    rows = conn.execute("select page, source from pages join runs using (run) where kind != 'seed'")
    if unlogged := sum(page not in logged and source not in embedded for page, source in rows):
        what = f"expected every answer in the archive, got {unlogged} that are not: a replay would lose what they alone state"
        yield Finding(str(db), what, "", is_broken=False)
    if unread := len(logged - known):
        what = f"expected every answer of the archive, got {unread} less: a run was ended by force, or is on; the next crawl loads them, or a replay"
        yield Finding(str(db), what, "", is_broken=False)


def _differing(conn: sqlite3.Connection) -> list[str]:
    """The tables of facts that are not what follows from the claims, found by resolving a copy in memory anew."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        conn.backup(copy)
        tables = sorted(schema.comments().keys() - _RECORDED)
        before = {table: _rows(copy, table) for table in tables}
        copy.execute("pragma foreign_keys = on")
        with schema.transaction(copy):
            write.publish(copy, "")
            write.write_lines(copy)
        return [table for table in tables if _rows(copy, table) != before[table]]


def _rows(conn: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    names = [row[1] for row in conn.execute(f"pragma table_info({table})") if row[1] != "run"]
    return sorted(conn.execute(f"select {', '.join(names)} from {table}").fetchall(), key=repr)  # noqa: S608


def _repair_database(db: Path, archive: Path, findings: list[Finding], say: Progress) -> None:
    repairs = {finding.repair for finding in findings}
    if _ASIDE in repairs:
        stamp = utc_now().replace(":", "")
        for suffix in ("", "-wal", "-shm"):
            file = db.with_name(f"{db.name}{suffix}")
            if file.exists():
                file.replace(file.with_name(f"{db.name}.broken-{stamp}{suffix}"))
        say(f"{db}: moved to {db.name}.broken-{stamp}")
    with closing(open_database(db)) as conn:  # with the views of this version
        if repairs == {_VIEWS}:
            say(f"{db}: views made anew")
            return
        runs.replayed(conn, Archive(archive), runs.corrections_of(db, ()), lambda _: None)
        schema.write_back(conn)
    say(f"{db}: made again")


# --- all of them --------------------------------------------------------------------------------------------------------


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
    kept = Archive(archive)
    found = [*_seed_findings(), *(_archive_findings(kept) if archive.exists() else ())]
    if not db.exists():
        return [*found, Finding(str(db), "expected a database, got none", _ANEW, is_broken=True)]
    return [*found, *_database_findings(db, kept)]


def repair(db: Path, archive: Path, say: Progress) -> list[Finding]:
    """Mends what can be, and says what it did. No other run comes between finding and mending: the lock is held throughout.

    Returns:
        what is found afterwards.

    Raises:
        BadInput: there is neither a database nor an archive, or nothing can be written there.
        LockHeld: another run is on.
    """
    if not db.exists() and not archive.exists():
        return examine(db, archive)
    with locked(db):
        found = examine(db, archive)
        if not any(finding.repair for finding in found):
            return found
        if archive.exists():
            _repair_archive(Archive(archive), say)
        if of_database := [finding for finding in found if finding.where == str(db) and finding.repair]:
            _repair_database(db, archive, of_database, say)
        return examine(db, archive)
