"""``hotpatch-kb doctor``: check the database, its archive and the embedded facts, and repair what can be repaired.

The archive cannot be fetched again, so nothing of it is deleted: damaged files are moved aside. The database follows from the embedded facts,
the archive and the corrections, so a broken one is moved aside and rebuilt.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.claims import history, pages
from hotpatch_kb.db.facts import seed, write
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.store import migrations, schema
from hotpatch_kb.db.store.connections import SEED_DATABASE, copy_into, open_for_reading, open_seed_database
from hotpatch_kb.scraper.crawl import runs
from hotpatch_kb.scraper.crawl.database import locked, open_database, utc_now
from hotpatch_kb.scraper.crawl.run import Progress
from hotpatch_kb.scraper.crawl.stderr import with_bar
from hotpatch_kb.scraper.fetch.archive import Archive
from hotpatch_kb.scraper.fetch.archive_log import Line

_AHEAD: Final = "log.jsonl.ahead"  # lines of answers that were fetched under a clock that ran ahead
# Archived answers are named by the SHA-256 of their bytes.
_NAME: Final = re.compile(r"[0-9a-f]{64}")
# These tables record what was read and when. All others are facts, conflicts and changes, which follow from the claims.
_RECORDED: Final = frozenset({"runs", "checks", "pages", "sections", "claims", "sources", "corrections", "subjects"})
# Repairs of a database, as the user reads them after "--repair".
_REBUILD: Final = "rebuilds it from the embedded facts, the archive and the corrections"
_MOVE_ASIDE: Final = "moves it aside and rebuilds it from the embedded facts, the archive and the corrections"
_CREATE_VIEWS: Final = "creates them again, as the next crawl does"
_REDATE: Final = "moves those pages aside and rebuilds it without them; the next crawl reads them again"
_REPLAY: Final = "replays all pages in the order of their times, as the next crawl does"
# SQLite errors caused by the content of a file: no column or table of that name, damage, no database at all.
_OF_THE_FILE: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Finding(NamedTuple):
    """Something that is not as expected.

    Attributes:
        where: the file.
        what: what was expected and what was found, in one line.
        repair: what ``--repair`` does about it; "" where it need not or cannot do anything.
        is_broken: whether it is a fault; otherwise it is a note.
    """

    where: str
    what: str
    repair: str
    is_broken: bool


# --- the archive --------------------------------------------------------------------------------------------------------


def _archive_findings(archive: Archive) -> Iterator[Finding]:
    folder, lines = archive.folder, list(archive.log.lines())
    unreadable = sum(line.entry is None and not line.is_cut for line in lines)
    is_cut = any(line.is_cut for line in lines)
    if unreadable or is_cut:
        what = f"expected lines of JSON, got {unreadable} others{' and no end of the last line' if is_cut else ''}"
        yield Finding(str(archive.log.path), what, f"moves them to {folder / 'log.jsonl.damaged'}", is_broken=True)
    if ahead := _read_ahead(lines):
        what = f"expected answers fetched up to now, got {len(ahead)} of later, the last of {max(_fetched_at(line) for line in ahead)}: a clock was wrong"
        yield Finding(str(archive.log.path), what, f"moves them to {folder / _AHEAD}", is_broken=True)
    logged = {_file_of(line.entry) for line in lines if line.entry and "sha256" in line.entry}  # an entry about the seed has no file
    for sha256, problem in sorted(_damaged_answers(archive, lines).items()):
        repair = "moves the file aside and its lines out of the log: that answer is lost"
        yield Finding(str(archive.file(sha256)), problem, repair, is_broken=True)
    for file in sorted(folder.glob("*/*")):
        if file.name.endswith(".part"):
            yield Finding(str(file), "expected no unfinished file, got one that a killed run left", "removes it", is_broken=False)
        elif _NAME.fullmatch(file.name) and file.name not in logged:
            yield Finding(str(file), "expected a line of the log for each file, got none for this", "", is_broken=False)


def _read_ahead(lines: Iterable[Line]) -> list[Line]:
    """Return the lines of answers that were fetched after now, under a clock that was wrong."""
    latest = clock.latest_time(utc_now())
    return [line for line in lines if _fetched_at(line) > latest and line.entry and str(line.entry.get("url", "")).startswith("https://")]


def _fetched_at(line: Line) -> str:
    return str(line.entry.get("fetched_at", "")) if line.entry else ""


def _file_of(entry: Mapping[str, Any]) -> str:
    """Return the name of the file with an entry's bytes: an answer that differs from an earlier one in its tags alone has none of its own."""
    return str(entry.get("like", entry["sha256"]))


def _damaged_answers(archive: Archive, lines: Sequence[Line]) -> dict[str, str]:
    """Return the error of each answer that cannot be read, by the name of its file."""
    errors: dict[str, str] = {}
    good: set[str] = set()
    for line in with_bar(lines, len(lines), "answer"):
        if not line.entry or "sha256" not in line.entry or line.entry["sha256"] in good:
            continue
        try:
            archive.body_of(line.entry)
        except BadInput as error:
            name = _file_of(line.entry)
            errors.setdefault(name if not archive.has(name) else line.entry["sha256"], str(error))
        else:
            good.add(line.entry["sha256"])
    return errors


def _repair_archive(archive: Archive, say: Progress) -> None:
    folder, lines = archive.folder, list(archive.log.lines())
    lost = _damaged_answers(archive, lines)
    for sha256 in sorted(lost):
        file = archive.file(sha256)
        if file.exists():
            file.replace(file.with_name(f"{sha256}.damaged"))
        say(f"{file}: moved aside; that answer is lost")

    def is_lost(line: Line) -> bool:
        return line.entry is None or line.entry.get("sha256") in lost or line.entry.get("like") in lost

    damaged, ahead = [line for line in lines if is_lost(line)], [line for line in _read_ahead(lines) if not is_lost(line)]
    for name, removed in (("log.jsonl.damaged", damaged), (_AHEAD, ahead)):
        if removed:
            _write_lines(folder / name, "ab", removed)
            say(f"{archive.log.path}: {len(removed)} lines moved to {name}")
    if removed_lines := {line.number for line in (*damaged, *ahead)}:
        part = folder / "log.jsonl.part"
        _write_lines(part, "wb", [line for line in lines if line.number not in removed_lines])
        part.replace(archive.log.path)
    for file in sorted(folder.glob("*/*.part")):
        file.unlink()
        say(f"{file}: removed")


def _write_lines(path: Path, mode: str, lines: Iterable[Line]) -> None:
    """Write lines of a log and wait until they are on the disk: if power fails while the log is replaced, no good line may be lost."""
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
            errors = _damage(conn)
            claims = [tuple(row) for row in conn.execute(f"select {', '.join(history.CLAIM_COLUMNS)} from claims order by claim")]  # noqa: S608
    except (sqlite3.DatabaseError, FileNotFoundError) as error:
        errors, claims = [str(error)], []
    if errors:
        yield Finding(SEED_DATABASE, f"expected a whole file, got {'; '.join(errors[:3])}; install hotpatch-kb again", "", is_broken=True)
    elif claims != seed.embedded_claims():
        yield Finding(SEED_DATABASE, "expected the claims of db/seed, got others; install hotpatch-kb again", "", is_broken=True)


def _damage(conn: sqlite3.Connection) -> list[str]:
    """Return what SQLite's check of the whole file reports; nothing for a whole one."""
    reported = [row[0] for row in conn.execute("pragma integrity_check")]
    return [] if reported == ["ok"] else reported


# --- the database -------------------------------------------------------------------------------------------------------


def _database_findings(db: Path, archive: Archive) -> Iterator[Finding]:
    try:
        with closing(open_for_reading(db)) as conn:
            if errors := _damage(conn):
                yield Finding(str(db), f"expected a whole file, got {'; '.join(errors[:3])}", _MOVE_ASIDE, is_broken=True)
            elif (other := _version_finding(db, conn, archive)) is not None:
                yield other
            else:
                yield from _content_findings(db, conn)
                yield from _unmatched_answers(db, conn, archive)
    except sqlite3.DatabaseError as error:
        # A full disk, a lock or missing permission says nothing about the database: do not move it aside.
        is_of_the_file = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_BUSY) & 0xFF in _OF_THE_FILE
        repair = _MOVE_ASIDE if is_of_the_file else ""
        yield Finding(str(db), f"expected a database that can be read, got {error}", repair, is_broken=True)
    wal = Path(f"{db.resolve()}-wal")  # SQLite keeps it beside the file that a link leads to
    if wal.exists() and (size := wal.stat().st_size) > schema.WAL_LIMIT:
        what = f"expected at most {schema.WAL_LIMIT >> 20} MB, got {size >> 20}: a reader needs an old state"
        yield Finding(str(wal), what, "", is_broken=False)


def _version_finding(db: Path, conn: sqlite3.Connection, archive: Archive) -> Finding | None:
    """Return what is to be said of a database that is empty, or does not have the schema of this version; None for one that is ours and filled."""
    # A crawl refuses these two as well, and neither is ours to repair.
    if newer := migrations.unknown_steps(conn):
        what = f"expected a database of this version or an older one, got {', '.join(newer)} of a newer one: update hotpatch-kb"
        return Finding(str(db), what, "", is_broken=True)
    if foreign := migrations.foreign_table(conn):
        return Finding(str(db), f"expected a database of hotpatch-kb, got one of another program, with {foreign!r}", "", is_broken=True)
    if not migrations.has_known_shape(conn):
        differences = "; ".join(migrations.differences(conn)) or f"migrations {', '.join(migrations.applied_steps(conn))}"
        what = f"expected the tables of this version or an earlier one, got others: {differences}"
        return Finding(str(db), what, _MOVE_ASIDE, is_broken=True)
    if archive.folder.exists() and not (migrations.applied_steps(conn) and pages.has_runs(conn)):
        what = "expected at least one run, got an empty database: a repair or a first run was killed before it filled it"
        return Finding(str(db), what, _REBUILD, is_broken=True)
    if missing := [name for name in migrations.STEPS if name not in migrations.applied_steps(conn)]:
        what = f"expected the schema of this version, got an older one without {', '.join(missing)}; the next crawl applies them"
        return Finding(str(db), what, "", is_broken=False)
    return None


def _content_findings(db: Path, conn: sqlite3.Connection) -> Iterator[Finding]:
    if views := schema.changed_views(conn):
        what = f"expected the views of this version, got others, or none: {', '.join(views)}"
        yield Finding(str(db), what, _CREATE_VIEWS, is_broken=True)
    if dangling := conn.execute("pragma foreign_key_check").fetchall():
        what = f"expected every reference to lead somewhere, got {len(dangling)} that do not, the first in {dangling[0][0]}"
        yield Finding(str(db), what, _MOVE_ASIDE, is_broken=True)
    count, last = pages.read_after(conn, clock.latest_time(utc_now()))
    if count:
        what = f"expected pages read up to now, got {count} read later, the last on {last[:10]}: a clock was wrong"
        yield Finding(str(db), what, _REDATE, is_broken=True)
    for table in _tables_not_following(conn):
        yield Finding(str(db), f"expected {table} to follow from the claims, got other rows", _REBUILD, is_broken=True)
    if schema.must_replay(conn):
        what = (
            "expected all pages loaded in the order of their times, got some out of it: a run was killed before its replay, or is running"
        )
        yield Finding(str(db), what, _REPLAY, is_broken=False)


def _unmatched_answers(db: Path, conn: sqlite3.Connection, archive: Archive) -> Iterator[Finding]:
    """Yield a finding if the database has answers that the archive lacks, and one for the reverse. Embedded pages are archived by the first run."""
    logged = archive.ids()
    loaded = {row[0] for row in conn.execute("select page from pages")}
    if unlogged := runs.unarchived(conn, archive):
        what = f"expected every answer in the archive, got {unlogged} that are not: a replay would lose what they alone state"
        yield Finding(str(db), what, "", is_broken=False)
    if unread := len(logged - loaded):
        what = f"expected every answer of the archive in the database, got {unread} that are not: a run was killed, or is running; the next crawl or a replay loads them"
        yield Finding(str(db), what, "", is_broken=False)


def _tables_not_following(conn: sqlite3.Connection) -> list[str]:
    """Return the tables of facts whose rows are not those that follow from the claims. A copy in memory is resolved again and compared."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        copy_into(copy, conn)
        tables = sorted(set(migrations.TABLES) - _RECORDED)
        before = {table: _rows(copy, table) for table in tables}
        copy.execute("pragma foreign_keys = on")
        with schema.transaction(copy):
            write.publish(copy, "")
            write.write_lines(copy)
        return [table for table in tables if _rows(copy, table) != before[table]]


def _rows(conn: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    columns = [row[1] for row in conn.execute(f"pragma table_info({table})") if row[1] != "run"]
    return sorted(conn.execute(f"select {', '.join(columns)} from {table}").fetchall(), key=repr)  # noqa: S608


def _repair_database(db: Path, archive: Path, findings: list[Finding], say: Progress) -> None:
    repairs = {finding.repair for finding in findings}
    if _MOVE_ASIDE in repairs:
        broken = db.resolve()  # a link stays where it is; SQLite keeps the -wal beside the file that it leads to
        stamp = utc_now().replace(":", "")
        for suffix in ("", "-wal", "-shm"):
            file = broken.with_name(f"{broken.name}{suffix}")
            if file.exists():
                file.replace(broken.with_name(f"{broken.name}.broken-{stamp}{suffix}"))
        say(f"{broken if db.is_symlink() else db}: moved to {broken.name}.broken-{stamp}")
    with closing(open_database(db)) as conn:  # which creates the views of this version
        if repairs == {_CREATE_VIEWS}:
            say(f"{db}: views created again")
            return
        runs.replayed(conn, Archive(archive), runs.corrections_of(db, ()), lambda _: None)
        schema.write_back(conn)
    say(f"{db}: rebuilt")


# --- all of them --------------------------------------------------------------------------------------------------------


def examine(db: Path, archive: Path) -> list[Finding]:
    """Return everything that is not as expected.

    Args:
        db: the database; it may be missing if there is an archive.
        archive: the folder of answers.

    Raises:
        BadInput: there is neither.
    """
    if not db.exists() and not archive.exists():
        raise BadInput("expected a database at {db} or an archive at {archive}, got neither", db=db, archive=archive)
    kept = Archive(archive)
    findings = [*_seed_findings(), *(_archive_findings(kept) if archive.exists() else ())]
    if not db.exists():
        return [*findings, Finding(str(db), "expected a database, got none", _REBUILD, is_broken=True)]
    return [*findings, *_database_findings(db, kept)]


def repair(db: Path, archive: Path, say: Progress) -> list[Finding]:
    """Repair what can be repaired. The lock is held from the first check on, so no other run comes between.

    Returns:
        what is still not as expected.

    Raises:
        BadInput: there is neither a database nor an archive, or nothing can be written there.
        LockHeld: another run holds the lock.
    """
    if not db.exists() and not archive.exists():
        return examine(db, archive)
    with locked(db):
        findings = examine(db, archive)
        if not any(finding.repair for finding in findings):
            return findings
        if archive.exists():
            _repair_archive(Archive(archive), say)
        if of_database := [finding for finding in findings if finding.where == str(db) and finding.repair]:
            _repair_database(db, archive, of_database, say)
        return examine(db, archive)
