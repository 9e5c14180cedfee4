"""What a killed run, a loss of power or a hand may leave: found, said and mended, with nothing thrown away."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.dumps import dump

from hotpatch_kb.scraper.crawl import runs
from hotpatch_kb.scraper.crawl.database import locked, open_database
from hotpatch_kb.scraper.fetch.archive import Archive


@pytest.fixture
def db(crawled: Path, tmp_path: Path) -> Path:
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    return tmp_path / "x.db"


def _log(db: Path) -> Path:
    return db.with_name("x.db.archive") / "log.jsonl"


def _answers(db: Path) -> list[Path]:
    """Archived files, the largest last."""
    return sorted((file for file in db.with_name("x.db.archive").glob("??/*")), key=lambda file: file.stat().st_size)


def test_a_sound_one_is_sound(db: Path, run: Any) -> None:
    done = run("doctor", "--db", db)
    assert (done.code, done.out) == (0, "all sound\n")
    assert run("doctor", "--db", db.with_name("none.db")).code == 2


def _torn(db: Path) -> None:
    text = _log(db).read_bytes()
    _log(db).write_bytes(text[:-40])


def _half_a_line_in_the_middle(db: Path) -> None:
    text = _log(db).read_text(encoding="utf-8")
    _log(db).write_text('{"source": "support_nav\n' + text, encoding="utf-8")


def _zeros(db: Path) -> None:
    file = _answers(db)[-1]
    file.write_bytes(bytes(file.stat().st_size))


def _missing(db: Path) -> None:
    _answers(db)[-1].unlink()


def _fact_changed(db: Path) -> None:
    with closing(sqlite3.connect(db)) as conn, conn:
        conn.execute("update releases set classification = 'cumulative' where classification = 'hotpatch'")


def _fact_gone(db: Path) -> None:
    with closing(sqlite3.connect(db)) as conn, conn:
        conn.execute("delete from hotpatch_calendar where month = '2026-06'")


def _reference_broken(db: Path) -> None:
    with closing(sqlite3.connect(db)) as conn, conn:
        conn.execute("update releases set product = 'ws1999' where release = (select min(release) from releases)")


def _no_database(db: Path) -> None:
    db.write_bytes(b"SQLite format 3\x00" + bytes(4000))


def _pages_overwritten(db: Path) -> None:
    with closing(sqlite3.connect(db)) as conn:
        conn.execute("pragma wal_checkpoint(truncate)")
    data = bytearray(db.read_bytes())
    data[8192:20480] = bytes(12288)
    db.write_bytes(bytes(data))


def _made(db: Path) -> None:
    _deleted(db)
    open_database(db).close()


def _begun(db: Path) -> None:
    _deleted(db)
    with closing(sqlite3.connect(db)) as conn:
        conn.execute("pragma journal_mode = wal")


def _begun_file(db: Path) -> None:
    _deleted(db)
    db.touch()


def _deleted(db: Path) -> None:
    for file in db.parent.glob("x.db*"):
        if file.is_file():
            file.unlink()


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("harm", "said", "loses"),
    [
        pytest.param(_torn, "no end of the last line", True, marks=pytest.mark.fault("half a last line of the log")),
        pytest.param(
            _half_a_line_in_the_middle,
            "expected lines of JSON, got 1 others",
            False,
            marks=pytest.mark.fault("half a line in the middle of the log"),
        ),
        pytest.param(
            _zeros, "expected content of its name's hash", True, marks=pytest.mark.fault("an archived answer of zeros of its size")
        ),
        pytest.param(_missing, "expected an answer in the archive", True, marks=pytest.mark.fault("an archived answer that is gone")),
        pytest.param(
            _fact_changed,
            "expected releases to follow from the claims, got other rows",
            False,
            marks=pytest.mark.fault("facts that are changed by hand"),
        ),
        pytest.param(
            _fact_gone,
            "expected hotpatch_calendar to follow from the claims, got other rows",
            False,
            marks=pytest.mark.fault("facts that are deleted by hand"),
        ),
        pytest.param(
            _reference_broken,
            "expected every reference to lead somewhere, got 1 that do not",
            False,
            marks=pytest.mark.fault("references that lead nowhere"),
        ),
        pytest.param(_no_database, "expected", False, marks=pytest.mark.fault("a database of zeros")),
        pytest.param(_pages_overwritten, "expected", False, marks=pytest.mark.fault("pages of a database that are zeros")),
        pytest.param(
            _deleted, "expected a database, got none", False, marks=pytest.mark.fault("a database that is deleted, and doctor asked")
        ),
        pytest.param(
            _made, "got an empty database", False, marks=pytest.mark.fault("a database that a killed repair has made and not filled")
        ),
        pytest.param(_begun, "got an empty database", False, marks=pytest.mark.fault("a database that a killed repair has begun to make")),
        pytest.param(_begun_file, "got an empty database", False, marks=pytest.mark.fault("an empty file that a killed repair has left")),
    ],
)
def test_each_harm_is_found_said_and_mended(db: Path, run: Any, harm: Callable[[Path], None], said: str, loses: bool) -> None:
    """It is done to a database or its archive; doctor names it, exit code 1, and --repair mends it, moves aside what is damaged and throws nothing away."""
    before = dump(db)
    harm(db)
    found = run("doctor", "--db", db)
    assert found.code == 1
    assert said in found.out
    assert "(--repair " in found.out
    mended = run("doctor", "--db", db, "--repair")
    assert (mended.code, [line for line in mended.out.splitlines() if line.startswith("broken")]) == (0, [])
    if harm not in {_torn, _zeros, _missing}:  # where an answer of the archive is lost, the database still has its facts
        assert dump(db) == before
    if loses:
        assert (db.with_name("x.db.archive") / "log.jsonl.damaged").exists()
    if harm in {_no_database, _pages_overwritten, _reference_broken}:
        assert list(db.parent.glob("x.db.broken-*"))


@pytest.mark.fault("a run behind half a last line of the log")
def test_a_run_after_a_torn_line_begins_a_line_of_its_own(db: Path, worlds: dict[str, Path], run: Any) -> None:
    """A crawl follows one that was killed while it wrote a line; its own line begins on a line of its own, doctor finds nothing and a replay works."""
    _torn(db)
    runs.crawl(db, db.with_name("x.db.archive"), folder=worlds["old"], seed=False, say=lambda _: None)
    assert run("doctor", "--db", db).code == 0
    assert run("replay", "--db", db).code == 0


@pytest.mark.fault("a replay of a log with a line that cannot be read")
def test_a_line_that_cannot_be_read_is_no_replay_but_a_word_what_mends_it(db: Path, run: Any) -> None:
    """Half a line stands in the log; a replay would lose its answer without a word, so it ends with exit code 2 and says what mends it."""
    _half_a_line_in_the_middle(db)
    done = run("replay", "--db", db)
    assert done.code == 2
    assert "hotpatch-kb doctor --repair moves it aside" in done.err
    assert run("doctor", "--db", db, "--repair").code == 0
    assert run("replay", "--db", db).code == 0


@pytest.mark.fault("a crawl that has an answer which is zeros in the archive")
def test_a_file_of_zeros_of_the_right_size_is_written_anew(db: Path, worlds: dict[str, Path], run: Any) -> None:
    """Power failed before the bytes were on the disk; the next crawl that has the same answer writes it anew."""
    _zeros(db)
    again = db.with_name("again.db")
    runs.crawl(again, db.with_name("x.db.archive"), folder=worlds["new"], seed=False, say=lambda _: None)
    assert run("doctor", "--db", db).code == 0


def test_findings_are_json_too(db: Path, run: Any) -> None:
    _torn(db)
    row, *_ = run("doctor", "--db", db, "--json").json()
    assert (row["is_broken"], row["where"]) == (True, str(_log(db)))


@pytest.mark.fault("half a file that a killed run leaves in the archive")
def test_an_unfinished_file_is_a_note(db: Path, run: Any) -> None:
    """A part file lies in the archive; doctor tells of it, exit code 0, and --repair removes it."""
    file = _answers(db)[0]
    part = file.with_name(f"{file.name}.99.part")
    part.write_bytes(b"half")
    done = run("doctor", "--db", db)
    assert (done.code, done.out.startswith("note: ")) == (0, True)
    assert run("doctor", "--db", db, "--repair").out == "all sound\n"
    assert not part.exists()


@pytest.mark.fault("a repair beside a run")
def test_nothing_is_mended_beside_another_run(db: Path, run: Any) -> None:
    """The lock is held; doctor still looks, and --repair leaves with exit code 5."""
    _torn(db)
    with locked(db):
        assert run("doctor", "--db", db).code == 1
        assert run("doctor", "--db", db, "--repair").code == 5
    with pytest.raises(Exception, match="expected"):
        list(Archive(db.with_name("none")).body("0" * 64))
