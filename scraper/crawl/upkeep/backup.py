"""One file with everything that a machine has collected: database, archive, corrections and what was sent. Made while a crawl runs, too.

The file is a zip. The database comes first, then the archive: a crawl archives an answer before it loads it, so the archive of a backup has
all that its database has, and the next crawl loads what it has more.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

from hotpatch_kb.db import __version__
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.store.connections import copy_into, open_for_reading
from hotpatch_kb.db.store.scratch import scratch
from hotpatch_kb.scraper.crawl.database import locked, utc_now
from hotpatch_kb.scraper.crawl.parsed_pages import NAME as PARSED
from hotpatch_kb.scraper.fetch.archive import Archive

MANIFEST: Final = "hotpatch-kb-backup.json"
_FORMAT: Final = 1
_DATABASE: Final = "hotpatch.db"
_ARCHIVE: Final = "archive"
# Files beside the database that a run reads: what persons decided, and what was sent to whom.
_BESIDE: Final = (".corrections.csv", ".told.json")


class Backup(NamedTuple):
    """What a backup holds: when it was made (UTC), the last day of its data, how many files, and their bytes."""

    made_at: str
    data_until: str | None
    files: int
    bytes: int


def backup(db: Path, archive: Path, file: Path) -> Backup:
    """Write a backup. A file of that name is replaced when the new one is whole; of a link, the file that it leads to.

    Args:
        db: the database.
        archive: the folder of answers; it may be missing.
        file: the backup.

    Raises:
        BadInput: there is no database, or the file cannot be written.
    """
    if not db.is_file():
        raise BadInput("expected a database at {path}, got none", path=db)
    if (target := Path(os.path.realpath(file))) == Path(os.path.realpath(db)) or target.is_relative_to(os.path.realpath(archive)):
        raise BadInput("expected a file of its own for the backup, got {path}", path=file)
    part = target.with_name(f"{target.name}.part")
    try:
        with scratch(target.parent) as folder:
            made = _write(db, archive, part, folder / _DATABASE)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BadInput("expected a file that can be written, got {path}: {error}", path=file, error=error.strerror or str(error)) from None
    return made


def _write(db: Path, archive: Path, part: Path, copy: Path) -> Backup:
    with closing(open_for_reading(db)) as conn, closing(sqlite3.connect(copy)) as target:
        copy_into(target, conn)
        until = target.execute("select max(data_until) from lines").fetchone()[0]
    files, size = 0, 0
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for name, path in _files(db, archive, copy):
            # A log that a crawl appends to meanwhile may end in half a line, which the next crawl cuts off.
            packed.write(path, name)
            files, size = files + 1, size + packed.getinfo(name).file_size
        made = Backup(utc_now(), until, files, size)
        manifest = {"format": _FORMAT, "version": __version__, "sha256": _sha256(copy), **made._asdict()}
        packed.writestr(MANIFEST, json.dumps(manifest, indent=1) + "\n")
    return made


def _files(db: Path, archive: Path, copy: Path) -> Iterator[tuple[str, Path]]:
    yield _DATABASE, copy
    for suffix in _BESIDE:
        if (beside := db.with_name(f"{db.name}{suffix}")).is_file():
            yield f"{_DATABASE}{suffix}", beside
    # What parsers made of pages is left out, it is made again. The log comes first: an answer is stored before its line is written, so every line that is copied has its answer.
    log = Archive(archive).log.path
    others = (
        path
        for path in archive.rglob("*")
        if path.is_file() and path != log and path.suffix != ".part" and not path.name.startswith(PARSED)
    )
    for path in (*([log] if log.is_file() else []), *sorted(others)):
        yield f"{_ARCHIVE}/{path.relative_to(archive).as_posix()}", path


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


# --- back again -------------------------------------------------------------------------------------------------------


def restore(file: Path, db: Path, archive: Path) -> Backup:
    """Unpack a backup to where nothing is yet. It appears as a whole, or not at all.

    Args:
        file: the backup.
        db: where its database goes.
        archive: where its archive goes.

    Raises:
        BadInput: it is no backup, not a whole one, larger than the disk, or something is there already.
        LockHeld: a run holds the lock of the database.
    """
    if _is_taken(db):
        raise _taken(db)
    db.parent.mkdir(parents=True, exist_ok=True)
    try:
        with locked(db), zipfile.ZipFile(file) as packed, scratch(db.parent) as unpacked:
            made = _read_manifest(packed, file)
            _check_places(packed, db, archive)
            size, free = sum(info.file_size for info in packed.infolist()), shutil.disk_usage(unpacked).free
            if size > free:
                raise BadInput("expected {size:,} bytes of free space for {path}, got {free:,}", size=size, path=file, free=free)
            for info in packed.infolist():
                _unpack(packed, info, unpacked)
            if _sha256(unpacked / _DATABASE) != made["sha256"]:
                raise BadInput("expected a whole backup at {path}, got one whose database is another than it says", path=file)
            _put(unpacked, db, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BadInput("expected a backup at {path}, got {error}", path=file, error=error) from None
    except FileNotFoundError as error:
        raise BadInput("expected a backup at {path}, got {error}", path=file, error=error.strerror) from None
    return Backup(*(made[name] for name in Backup._fields))


def _is_taken(path: Path) -> bool:
    return path.is_symlink() if not path.exists() else path.is_file() or any(path.iterdir())


def _taken(path: Path) -> BadInput:
    return BadInput("expected nothing at {path} yet, got a file or folder: move it away first", path=path)


def _check_places(packed: zipfile.ZipFile, db: Path, archive: Path) -> None:
    """Check that nothing would be lost beside the database: a restore that was killed may have left files of this backup there.

    Raises:
        BadInput: something else is there.
    """
    sizes = {info.filename: (info.file_size, info.CRC) for info in packed.infolist()}

    def is_of_backup(path: Path, name: str) -> bool:
        return sizes.get(name) == (path.stat().st_size, zlib.crc32(path.read_bytes()))

    for suffix in _BESIDE:
        if _is_taken(beside := db.with_name(f"{db.name}{suffix}")) and not (
            beside.is_file() and is_of_backup(beside, f"{_DATABASE}{suffix}")
        ):
            raise _taken(beside)
    if not _is_taken(archive):
        return
    found = [path for path in archive.rglob("*") if not path.is_dir()] if archive.is_dir() else [archive]
    if not all(path.is_file() and is_of_backup(path, f"{_ARCHIVE}/{path.relative_to(archive).as_posix()}") for path in found):
        raise _taken(archive)


def _read_manifest(packed: zipfile.ZipFile, file: Path) -> dict[str, Any]:
    try:
        made = json.loads(packed.read(MANIFEST))
        written = made["format"]
        names = set(packed.namelist())
        if len(names) != made["files"] + 1 or _DATABASE not in names:
            raise ValueError
    except (KeyError, ValueError, TypeError):
        raise BadInput("expected a whole backup of hotpatch-kb at {path}, got another zip", path=file) from None
    if written != _FORMAT:
        raise BadInput(
            "expected a backup of format {known}, got {got} at {path}: update hotpatch-kb", known=_FORMAT, got=written, path=file
        )
    return dict(made)


def _unpack(packed: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path) -> None:
    """Write one file of a backup below a folder; its CRC is checked while it is read.

    Raises:
        BadInput: its name leads elsewhere.
    """
    name = PurePosixPath(info.filename)
    if name.is_absolute() or ".." in name.parts or "\\" in info.filename or ":" in info.filename:
        raise BadInput("expected names below {folder}/ in a backup, got {got!r}", folder=_ARCHIVE, got=info.filename[:80])
    path = folder.joinpath(*name.parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    with packed.open(info) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)


def _put(unpacked: Path, db: Path, archive: Path) -> None:
    """Move what was unpacked to its places, the database last: without it nothing is there yet."""
    if (unpacked / _ARCHIVE).is_dir():
        archive = archive.resolve()  # an empty folder may be there by a link, on another disk perhaps
        archive.parent.mkdir(parents=True, exist_ok=True)
        if archive.is_dir():
            shutil.rmtree(archive)  # empty, or a part of this backup
        shutil.move(unpacked / _ARCHIVE, archive)
    for suffix in (*_BESIDE, ""):
        if (unpacked / f"{_DATABASE}{suffix}").is_file():
            (unpacked / f"{_DATABASE}{suffix}").replace(db.with_name(f"{db.name}{suffix}"))
