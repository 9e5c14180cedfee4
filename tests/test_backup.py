"""Backups: made while runs go on, brought back to an empty place, and refused where they are no backups."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers.dumps import dump

from hotpatch_kb.scraper.crawl import runs
from hotpatch_kb.scraper.crawl.upkeep import backup as keeping


def facts(db: Path) -> list[Any]:
    with closing(sqlite3.connect(db)) as conn:
        return [conn.execute(f"select * from {table} order by 1, 2").fetchall() for table in ("releases", "claims", "changes", "pages")]


@pytest.fixture
def db(crawled_in_may: Path, tmp_path: Path) -> Path:
    """A database with its archive, as a crawl left it."""
    target = tmp_path / "own" / "hotpatch.db"
    target.parent.mkdir()
    shutil.copy(crawled_in_may / "x.db", target)
    shutil.copytree(crawled_in_may / "x.db.archive", f"{target}.archive")
    return target


@pytest.mark.fault("a machine that is lost, brought back from its backup")
def test_a_backup_is_brought_back_and_the_next_crawl_goes_on(db: Path, worlds: dict[str, Path], run: Command, tmp_path: Path) -> None:
    """Everything is deleted but the backup; what is restored is sound, has the same facts, and ends as the lost one would have."""
    db.with_name("hotpatch.db.corrections.csv").write_text("source,subject,field,value,new_value,why,url,decided_on\n")
    file = tmp_path / "kept.zip"
    assert run("backup", file, "--db", db).code == 0
    before = facts(db)
    assert run("crawl", "--from", worlds["new"], "--db", db).code == 0
    after = facts(db)
    shutil.rmtree(db.parent)
    assert run("restore", file, "--db", db).code == 0
    assert facts(db) == before
    assert db.with_name("hotpatch.db.corrections.csv").is_file()
    assert run("doctor", "--db", db).code == 0
    assert run("crawl", "--from", worlds["new"], "--db", db).code == 0
    assert [len(rows) for rows in facts(db)] == [len(rows) for rows in after]
    assert facts(db)[0] == after[0]


@pytest.mark.fault("backups made while a crawl runs")
def test_backups_while_a_crawl_runs_are_whole(db: Path, worlds: dict[str, Path], run: Command, tmp_path: Path) -> None:
    """Backup after backup is made during a crawl; each has the state before or after it, is sound, and ends as the crawl did."""
    before, files = facts(db)[0], []
    crawl = threading.Thread(target=lambda: runs.crawl(db, Path(f"{db}.archive"), folder=worlds["new"], say=lambda _: None))
    crawl.start()
    while crawl.is_alive() or not files:
        files.append(tmp_path / f"kept-{len(files)}.zip")
        keeping.backup(db, Path(f"{db}.archive"), files[-1])
    crawl.join()
    after = facts(db)[0]
    for file in {files[0], files[len(files) // 2], files[-1]}:
        back = tmp_path / file.stem / "hotpatch.db"
        assert run("restore", file, "--db", back).code == 0
        assert facts(back)[0] in (before, after)
        assert run("crawl", "--from", worlds["new"], "--db", back).code == 0
        assert facts(back)[0] == after


def test_it_says_what_it_holds(db: Path, run: Command, tmp_path: Path) -> None:
    done = run("backup", tmp_path / "a.zip", "--db", db, "--json")
    (row,) = json.loads(done.out)
    assert row["data_until"] > "2026-05-01"
    assert row["files"] > 10
    assert not list(tmp_path.glob("*.part")) + list(tmp_path.glob(".hotpatch-kb-*"))


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _altered(file: Path) -> None:
    body = bytearray(file.read_bytes())
    body[len(body) // 3] ^= 0xFF
    file.write_bytes(bytes(body))


def _remade(file: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> None:
    with zipfile.ZipFile(file) as packed:
        members = [(info.filename, packed.read(info)) for info in packed.infolist()]
    with zipfile.ZipFile(file, "w") as packed:
        for name, body in members:
            if changed := change(name, body):
                packed.writestr(*changed)


HARMS: dict[str, Callable[[Path], None]] = {
    "cut off": _cut,
    "altered": _altered,
    "text": lambda file: file.write_text("no zip"),
    "empty": lambda file: file.write_bytes(b""),
    "gone": Path.unlink,
    "another zip": lambda file: _remade(file, lambda name, body: None if name == keeping.MANIFEST else (name, body)),
    "an answer short": lambda file: _remade(file, lambda name, body: None if name.endswith("log.jsonl") else (name, body)),
    "another database": lambda file: _remade(file, lambda name, body: (name, body[:-1] + b"x" if name == "hotpatch.db" else body)),
    "a newer format": lambda file: _remade(
        file, lambda name, body: (name, body.replace(b'"format": 1', b'"format": 2') if name == keeping.MANIFEST else body)
    ),
    "a path out": lambda file: _remade(file, lambda name, body: ("../../evil" if name.endswith("log.jsonl") else name, body)),
    "a path of Windows": lambda file: _remade(file, lambda name, body: ("C:evil" if name.startswith("archive/log") else name, body)),
}


@pytest.mark.fault("a backup that is damaged, another's, or made to harm")
@pytest.mark.parametrize("harm", HARMS)
def test_what_is_no_whole_backup_is_refused(harm: str, db: Path, run: Command, tmp_path: Path) -> None:
    """It is given to restore; one line, exit code 2, and nothing is written."""
    file = tmp_path / "a.zip"
    keeping.backup(db, Path(f"{db}.archive"), file)
    HARMS[harm](file)
    back = tmp_path / "back" / "hotpatch.db"
    done = run("restore", file, "--db", back)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "expected" in done.err
    assert {path.name for path in back.parent.iterdir()} <= {"hotpatch.db.lock"}


@pytest.mark.fault("a restore that is killed before its last step")
def test_a_killed_restore_is_done_again(crawled: Path, run: Command, tmp_path: Path) -> None:
    """The archive and the corrections are in their places and the database is not; restored again it is whole, while an archive or corrections of one's own are kept: one line, exit code 2."""
    shutil.copytree(crawled, tmp_path / "from")
    (tmp_path / "from" / "x.db.corrections.csv").write_text("source,subject,field,value,new_value,why,url,decided_on\n")
    assert run("backup", tmp_path / "a.zip", "--db", tmp_path / "from" / "x.db").code == 0
    back = tmp_path / "back" / "x.db"
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        packed.extractall(tmp_path / "unpacked")
    shutil.move(tmp_path / "unpacked" / "archive", Path(f"{back}.archive"))
    mine = Path(f"{back}.archive") / "mine.txt"
    for own in (mine, Path(f"{back}.corrections.csv")):
        own.write_text("decided here")
        done = run("restore", tmp_path / "a.zip", "--db", back)
        assert (done.code, done.err.count("\n"), "yet, got a file or folder: move it away first" in done.err) == (2, 1, True)
        assert (own.read_text(), back.exists()) == ("decided here", False)
        own.unlink()
    shutil.copy(tmp_path / "from" / "x.db.corrections.csv", f"{back}.corrections.csv")
    assert run("restore", tmp_path / "a.zip", "--db", back).code == 0
    assert dump(back) == dump(crawled / "x.db")
    assert run("doctor", "--db", back).code == 0


@pytest.mark.fault("a folder that a killed backup or restore left")
def test_what_was_left_a_day_ago_is_removed(db: Path, run: Command, tmp_path: Path) -> None:
    """A copy of the database is in it; the next backup or restore removes it after a day, and leaves that of one that may be running."""
    file, new = tmp_path / "backups" / "kept.zip", tmp_path / "new" / "hotpatch.db"
    for folder, words in ((file.parent, ("backup", file, "--db", db)), (new.parent, ("restore", file, "--db", new))):
        old, young = folder / ".hotpatch-kb-old", folder / ".hotpatch-kb-young"
        for left in (old, young):
            left.mkdir(parents=True)
            (left / "hotpatch.db").write_bytes(b"half of one")
        os.utime(old, (time.time() - 90_000,) * 2)
        assert run(*words).code == 0
        assert (old.exists(), young.exists()) == (False, True)


@pytest.mark.fault("a link that leads nowhere where a database is restored")
def test_a_restore_leaves_a_link_that_leads_nowhere(db: Path, run: Command, tmp_path: Path) -> None:
    """A disk is not mounted, and the link to the database on it leads nowhere; one line, exit code 2, and the link is there."""
    keeping.backup(db, Path(f"{db}.archive"), tmp_path / "a.zip")
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "disk" / "x.db")
    done = run("restore", tmp_path / "a.zip", "--db", link)
    assert (done.code, done.err.count("\n"), link.is_symlink()) == (2, 1, True)


@pytest.mark.fault("an archive that is a file, or a link that leads nowhere")
@pytest.mark.parametrize("kind", ["a file", "a link that leads nowhere", "a link to itself"])
def test_an_archive_that_is_not_there_is_not_left_out(
    kind: str, crawled: Path, worlds: dict[str, Path], run: Command, tmp_path: Path
) -> None:
    """The disk of the archive is not mounted; crawl, replay, doctor and backup leave with exit code 2 in one line, and no backup is written without it."""
    shutil.copy(crawled / "x.db", tmp_path / "x.db")
    archive = tmp_path / "x.db.archive"
    if kind == "a file":
        archive.write_text("no folder")
    else:
        archive.symlink_to(tmp_path / "disk" if kind == "a link that leads nowhere" else archive)
    before = dump(tmp_path / "x.db")
    for command in (["crawl", "--from", worlds["new"]], ["replay"], ["doctor"], ["doctor", "--repair"], ["backup", tmp_path / "a.zip"]):
        done = run(*command, "--db", tmp_path / "x.db")
        assert (done.code, done.err.count("\n"), "expected a folder of answers at" in done.err) == (2, 1, True), (command, done)
    assert dump(tmp_path / "x.db") == before
    assert not (tmp_path / "a.zip").exists()


@pytest.mark.fault("a backup through a link")
def test_a_backup_goes_where_its_link_leads(db: Path, run: Command, tmp_path: Path) -> None:
    """The file of the backup is a link to another disk, with a backup there and without; the backup is there, and the link is one still."""
    (tmp_path / "disk").mkdir()
    link = tmp_path / "a.zip"
    link.symlink_to(tmp_path / "disk" / "kept.zip")
    for _ in range(2):
        assert run("backup", link, "--db", db).code == 0
        assert link.is_symlink()
        assert [path.name for path in (tmp_path / "disk").iterdir()] == ["kept.zip"]
    assert run("restore", link, "--db", tmp_path / "back" / "x.db").code == 0


def test_nothing_is_overwritten(db: Path, run: Command, tmp_path: Path) -> None:
    keeping.backup(db, Path(f"{db}.archive"), tmp_path / "a.zip")
    before = db.read_bytes()
    assert run("restore", tmp_path / "a.zip", "--db", db).code == 2
    assert db.read_bytes() == before
    assert run("backup", db, "--db", db).code == 2
    assert run("backup", Path(f"{db}.archive") / "a.zip", "--db", db).code == 2
    assert run("backup", tmp_path / "no" / "such" / "a.zip", "--db", db).code == 2
    assert run("backup", tmp_path / "a.zip", "--db", tmp_path / "none.db").code == 2
