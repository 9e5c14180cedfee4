"""What happens to a computer that runs for years: a fault of the disk, of the database or of another process, made, and what is seen then.

What is published is the old state or the new one, the archive is never believed unseen, and the next run mends what was left and says so.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import pytest
from conftest import Command, Done
from helpers.changed_trees import small_world
from helpers.dumps import dump, query
from helpers.mirror import Mirror
from helpers.serving import get, serving

from hotpatch_kb.db.facts import seed as seeding
from hotpatch_kb.db.site.export.folder import write
from hotpatch_kb.db.store import connections, schema
from hotpatch_kb.db.store.connections import SEED_DATABASE, open_for_reading
from hotpatch_kb.scraper.cli.main import main
from hotpatch_kb.scraper.crawl import doctor, runs
from hotpatch_kb.scraper.crawl.database import locked
from hotpatch_kb.scraper.fetch.archive import Archive

ROOT = Path(__file__).parent.parent
Rows = dict[str, list[Any]]


_seed_findings = doctor._seed_findings


@pytest.fixture(autouse=True)
def _seed_is_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded facts have a test of their own; each look at them takes 0.2 s."""
    monkeypatch.setattr(doctor, "_seed_findings", lambda: iter(()))


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Saved trees of one page, as read on four days, and a folder with a database of the first and its archive."""
    folder = tmp_path_factory.mktemp("trees")
    found = {
        "july": small_world(folder, "2026-07-24", is_tiny=True),
        "august": small_world(folder, "2026-08-12", august=True, is_tiny=True),
        "without": small_world(folder, "2026-08-20", is_tiny=True),
        "september": small_world(folder, "2026-09-01", august=True, is_tiny=True),
    }
    (folder / "crawled").mkdir()
    assert main(["crawl", "--db", str(folder / "crawled" / "x.db"), "--from", str(found["july"])]) == 0
    return found | {"crawled": folder / "crawled"}


def _copy(trees: dict[str, Path], folder: Path) -> None:
    """The database and its archive, without what readers have left beside it."""
    shutil.copytree(trees["crawled"], folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*-wal", "*-shm"))


@pytest.fixture
def db(trees: dict[str, Path], tmp_path: Path) -> Path:
    """The database that every test begins with, in its folder."""
    _copy(trees, tmp_path)
    return tmp_path / "x.db"


@pytest.fixture(scope="module")
def old(trees: dict[str, Path]) -> Rows:
    return dump(trees["crawled"] / "x.db")


@pytest.fixture(scope="module")
def new(trees: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """After an undisturbed crawl of the page of August."""
    folder = tmp_path_factory.mktemp("new")
    _copy(trees, folder)
    assert main(["crawl", "--db", str(folder / "x.db"), "--from", str(trees["august"])]) == 0
    return dump(folder / "x.db")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of 32 MB. Mode bits stop nothing where tests run as root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def _read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)


def _fill(disk: Path, left: int = 0) -> None:
    """Leaves so many kB on a disk."""
    (disk / "ballast").write_bytes(bytes(max(0, shutil.disk_usage(disk).free - (left << 10))))


def _with_a_wal(folder: Path, trees: dict[str, Path], changed: str = "") -> None:
    """What a machine leaves that goes down behind a crawl of August while a site is open: its state is in -wal alone, -shm is gone."""
    live = folder.with_name("live")
    _copy(trees, live)
    with closing(sqlite3.connect(live / "x.db")) as reader, pytest.MonkeyPatch.context() as patched:
        patched.setattr(schema, "WAIT_FOR_READERS", 0)
        reader.execute("begin")
        reader.execute("select 1 from claims").fetchone()
        assert main(["crawl", "--db", str(live / "x.db"), "--from", str(trees["august"])]) == 0
        with closing(sqlite3.connect(live / "x.db")) as conn:
            conn.executescript(changed)
        shutil.copytree(live, folder, dirs_exist_ok=True)
    shutil.rmtree(live)
    (folder / "x.db-shm").unlink()
    assert (folder / "x.db-wal").stat().st_size > 100_000


def _builds(db: Path) -> list[str]:
    with closing(open_for_reading(db)) as conn:
        return [row[0] for row in conn.execute("select build from releases where kb = 5120228")]


def _is_one_line(done: Done, code: int, said: str) -> bool:
    last = done.err.strip().splitlines()[-1]
    return done.code == code and last.startswith("hotpatch-kb: ") and said in last and "Traceback" not in done.err


# --- the archive --------------------------------------------------------------------------------------------------------


@pytest.mark.fault("zeros at the end of the log")
def test_zeros_behind_the_log(db: Path, run: Command, trees: dict[str, Path], new: Rows) -> None:
    """4,096 zero bytes stand behind the log, as file systems leave them when power fails; the next crawl takes them off, says so, and loads the page."""
    with (db.with_name("x.db.archive") / "log.jsonl").open("ab") as file:
        file.write(bytes(4096))
    done = run("crawl", "--db", db, "--from", trees["august"])
    assert (done.code, "4096 bytes of a line" in done.err, dump(db) == new) == (0, True, True)


@pytest.mark.fault("a full disk while an answer is archived")
def test_a_disk_that_is_full_for_an_answer(
    db: Path, run: Command, trees: dict[str, Path], old: Rows, new: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing an answer fails with "No space left on device"; one line, exit code 1, the old state, no half file, and with space again the next crawl does it."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("hotpatch_kb.scraper.fetch.archive.os.fsync", full)
        assert _is_one_line(run("crawl", "--db", db, "--from", trees["august"]), 1, os.strerror(errno.ENOSPC))
    assert (dump(db) == old, list(db.parent.rglob("*.part"))) == (True, [])
    assert run("crawl", "--db", db, "--from", trees["august"]).code == 0
    assert dump(db) == new


@pytest.mark.fault("a full disk in the middle of a line of the log")
def test_a_disk_that_is_full_for_half_a_line(
    db: Path, run: Command, trees: dict[str, Path], old: Rows, new: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk takes half a line of the log; the half is taken off again, one line, exit code 1, and the next crawl does it."""
    log = db.with_name("x.db.archive") / "log.jsonl"
    before = log.read_bytes()
    opened = Path.open

    class Half:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

        def write(self, line: bytes) -> None:
            with opened(log, "ab") as file:
                file.write(line[: len(line) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def opens(path: Path, mode: str = "r", **options: Any) -> Any:
        return Half() if mode == "ab" and path.name == log.name else opened(path, mode, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", opens)
        assert _is_one_line(run("crawl", "--db", db, "--from", trees["august"]), 1, os.strerror(errno.ENOSPC))
    assert (log.read_bytes() == before, dump(db) == old) == (True, True)
    assert run("crawl", "--db", db, "--from", trees["august"]).code == 0
    assert dump(db) == new


@pytest.mark.fault("an archive that is gone while pages have not changed")
def test_a_missing_answer_is_asked_for_whole(run: Command, trees: dict[str, Path], tmp_path: Path) -> None:
    """The archive is deleted between two crawls; the second asks for the page whole instead of being told 304, and a replay works again."""
    arguments = ("crawl", "--db", "x.db", "--no-seed", "--source", "support_navigation")
    with Mirror() as mirror:
        mirror.serve_tree(trees["july"])
        run(*arguments, "--mirror", mirror.url)
        shutil.rmtree(tmp_path / "x.db.archive")
        done = run(*arguments, "--mirror", mirror.url)
    assert "asked for whole, its last answer is missing in the archive" in done.err
    releases = query(tmp_path / "x.db", "select subject from releases order by 1")
    assert len(releases) > 10
    run("replay", "--db", "x.db")
    assert query(tmp_path / "x.db", "select subject from releases order by 1") == releases


# --- the database -------------------------------------------------------------------------------------------------------


@pytest.mark.fault("a disk that is full at any point of a crawl")
def test_a_small_disk(disk: Path, run: Command, trees: dict[str, Path], old: Rows, new: Rows) -> None:
    """A crawl runs on a real disk with 0, 2.5 and 8 MB left; done and the new state, or exit code 1, one line and the old one, and with space again the next crawl does it."""
    db = disk / "kb" / "x.db"
    codes = []
    for left in (0, 2500, 8000):
        shutil.rmtree(db.parent, ignore_errors=True)
        _copy(trees, db.parent)
        _fill(disk, left)
        done = run("crawl", "--db", db, "--from", trees["august"])
        codes.append(done.code)
        assert done.code == 0 or _is_one_line(done, 1, ""), done.err
        (disk / "ballast").unlink()
        assert dump(db) == (new if done.code == 0 else old), left
        assert run("crawl", "--db", db, "--from", trees["august"]).code == 0
        assert dump(db) == new
    assert {codes[0], codes[-1]} == {0, 1}


@pytest.mark.parametrize("behind", ["a reader that went away", "a full disk"])
def test_messages_that_nobody_takes_cost_no_crawl(tmp_path: Path, trees: dict[str, Path], behind: str) -> None:
    """stderr is a pipe whose reader ended, a logger that died say, or a file on a full disk; the crawl ends as ever, exit code 0."""
    if sys.platform == "win32":
        pytest.skip("needs /dev/full and pipes of POSIX")
    if behind == "a full disk":
        stderr = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, stderr = os.pipe()
        os.close(reader)
    command = [sys.executable, "-m", "hotpatch_kb", "crawl", "--from", trees["august"], "--db", tmp_path / "x.db"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, encoding="utf-8", check=False)
    os.close(stderr)
    assert (done.returncode, done.stdout.startswith("run 1: ")) == (0, True)
    assert query(tmp_path / "x.db", "select count(*) > 0 from releases") == [(1,)]


@pytest.mark.fault("a full disk while the database is written")
def test_a_disk_that_is_full_for_the_database(
    db: Path, run: Command, trees: dict[str, Path], old: Rows, new: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite can add no page to its file; one line, exit code 1, the old state, and the next crawl loads what was archived and says so."""
    opened = schema.open_for_writing

    def full(path: Path) -> sqlite3.Connection:
        conn = opened(path)
        conn.execute("vacuum")  # no page is free
        conn.execute("pragma max_page_count = 1")  # no less than it has
        return conn

    with monkeypatch.context() as patched:
        patched.setattr("hotpatch_kb.db.store.schema.open_for_writing", full)
        done = run("crawl", "--db", db, "--from", trees["august"])
    assert _is_one_line(done, 1, "no space is left on the disk")
    assert dump(db) == old
    assert "got 1 that are not: a run was killed, or is running" in run("doctor", "--db", db).out
    done = run("crawl", "--db", db, "--from", trees["august"])
    assert (done.code, "an earlier run was killed: loading" in done.err, dump(db) == new) == (0, True, True)


@pytest.mark.fault("power that fails while the database is written")
def test_power_fails_in_a_transaction(run: Command, trees: dict[str, Path], old: Rows, new: Rows, tmp_path: Path) -> None:
    """The file of a transaction is cut at twelve places; each time the old state or the new one is read, never a part, and a crawl ends in the new one."""
    (tmp_path / "copy").mkdir()
    _with_a_wal(tmp_path / "copy", trees)
    size = (tmp_path / "copy" / "x.db-wal").stat().st_size
    states = []
    for part in range(12):
        folder = tmp_path / f"cut{part}"
        shutil.copytree(tmp_path / "copy", folder)
        os.truncate(folder / "x.db-wal", size * part // 11)
        found = dump(folder / "x.db")
        states.append("new" if found == new else "old" if found == old else "neither")
        if part == 5:
            assert run("crawl", "--db", folder / "x.db", "--from", trees["august"]).code == 0
            assert dump(folder / "x.db") == new
    assert states == ["old"] * states.count("old") + ["new"] * states.count("new")
    assert states.count("old") >= 6


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("overwritten", marks=pytest.mark.fault("a database that is overwritten in its middle")),
        pytest.param("cut", marks=pytest.mark.fault("a database that is cut off")),
    ],
)
def test_a_damaged_database(damage: str, db: Path, run: Command, trees: dict[str, Path]) -> None:
    """A crawl meets such a file; exit code 1 in one line, not a byte is written, and behind doctor --repair it has what the archive has."""
    body = db.read_bytes()
    middle = len(body) // 2
    broken = body[:4096] + b"\xa5" * middle + body[4096 + middle :] if damage == "overwritten" else body[:middle]
    db.write_bytes(broken)
    assert _is_one_line(run("crawl", "--db", db, "--from", trees["august"]), 1, "run hotpatch-kb doctor --repair to rebuild it")
    assert db.read_bytes() == broken
    assert run("doctor", "--db", db, "--repair").code == 0
    assert [path.read_bytes() for path in db.parent.glob("x.db.broken-*") if not path.name.endswith(("-wal", "-shm"))] == [broken]


@pytest.mark.parametrize(
    "left",
    [
        pytest.param("nothing", marks=pytest.mark.fault("a database that is deleted beside its archive")),
        pytest.param("no bytes", marks=pytest.mark.fault("a database that is an empty file")),
        pytest.param("no rows", marks=pytest.mark.fault("a database with tables and no rows")),
    ],
)
def test_a_database_that_is_gone(left: str, db: Path, run: Command, trees: dict[str, Path], new: Rows) -> None:
    """Its archive is left; the next crawl loads that, says so, and ends as if nothing had been."""
    db.unlink()
    if left == "no bytes":
        db.touch()
    if left == "no rows":
        schema.open_for_writing(db).close()
    done = run("crawl", "--db", db, "--from", trees["august"])
    assert (done.code, "of the archive that the database does not have" in done.err, dump(db) == new) == (0, True, True)


@pytest.mark.usefixtures("whole_seed")
@pytest.mark.fault("a first run that is killed before the embedded facts are loaded")
def test_a_database_without_its_embedded_facts(tmp_path: Path) -> None:
    """A database is made and noted in the archive, and not filled; the next run fills it with the embedded facts and notes nothing twice."""
    path, archive = tmp_path / "x.db", tmp_path / "x.db.archive"
    schema.open_for_writing(path).close()
    Archive(archive).keep_seed(seeding.fingerprint())
    assert runs.ensure_seeded(path, archive)
    assert dump(path, ("claims", "releases")) == dump(Path(SEED_DATABASE), ("claims", "releases"))
    assert (archive / "log.jsonl").read_text(encoding="utf-8").count('"seed"') == 1


@pytest.mark.fault("a run that is killed before the replay that it owes")
def test_a_replay_that_is_owed(run: Command, trees: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is loaded that lies between two others, and the run ends before its replay; doctor says so, the next run makes it and says so."""
    for day in ("august", "september"):
        assert run("crawl", "--db", "x.db", "--from", trees[day]).code == 0

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(runs, "replayed", killed)
        assert run("crawl", "--db", "x.db", "--from", trees["without"]).code == 130
    assert "got some out of it: a run was killed before its replay" in run("doctor", "--db", "x.db").out
    done = run("crawl", "--db", "x.db", "--from", trees["september"])
    assert (done.code, "killed before it could replay" in done.err) == (0, True)
    mended = dump(tmp_path / "x.db")
    assert run("replay", "--db", "x.db").code == 0
    assert dump(tmp_path / "x.db") == mended


@pytest.mark.fault("views that are changed by hand, or of another version")
def test_views_of_another_version(db: Path, run: Command, old: Rows) -> None:
    """A view is dropped and one has another text; doctor names both, and makes them anew without touching a row."""
    with closing(sqlite3.connect(db)) as conn, conn:
        conn.executescript("drop view builds; drop view source_health; create view source_health as select source from sources")
    done = run("doctor", "--db", db)
    assert (done.code, "views of this version, got others, or none: builds, source_health (--repair creates them again" in done.out) == (
        1,
        True,
    )
    done = run("doctor", "--db", db, "--repair")
    assert (done.code, done.out, "views created again" in done.err) == (0, "all sound\n", True)
    assert (dump(db) == old, query(db, "select count(*) > 10 from builds")) == (True, [(1,)])


# --- versions, readers and writers --------------------------------------------------------------------------------------


@pytest.mark.fault("a database of a newer version of the program")
def test_a_newer_database(db: Path, run: Command, trees: dict[str, Path]) -> None:
    """A migration stands in it that this version does not know; crawl, replay and doctor refuse it in one line, not a byte is written, a lookup answers."""
    with closing(sqlite3.connect(db)) as conn, conn:
        conn.execute("insert into _sqlite_migrations (migration_set, name, applied_at) values ('hotpatch_kb', 'm999_of_next_year', '')")
    before = db.read_bytes()
    for arguments in (("crawl", "--from", trees["august"]), ("replay",)):
        assert _is_one_line(run(*arguments, "--db", db), 2, "got m999_of_next_year of a newer one: update hotpatch-kb")
    done = run("doctor", "--db", db, "--repair")
    assert (done.code, "got m999_of_next_year of a newer one: update hotpatch-kb\n" in done.out) == (1, True)
    assert db.read_bytes() == before
    assert run("lookup", "26100.32772", "--db", db).code == 0


@pytest.mark.fault("a database of an older version of the program")
def test_an_older_database(db: Path, run: Command, trees: dict[str, Path], new: Rows) -> None:
    """Its indexes, migrations and views are those of an older version; doctor leaves it to the next crawl, which brings it to this one and loses nothing."""
    with closing(sqlite3.connect(db)) as conn, conn:
        conn.execute("delete from _sqlite_migrations where name like 'm003%' or name like 'm004%' or name like 'm005%'")
        indexes = [row[0] for row in conn.execute("select name from sqlite_master where name like 'pages\\_by\\_%' escape '\\'")]
        views = [row[0] for row in conn.execute("select name from sqlite_master where type = 'view'")]
        dropped = [*(f"index {name}" for name in indexes), *(f"view {name}" for name in views), "table lifecycles", "table reported"]
        conn.executescript(f"{'; '.join(f'drop {what}' for what in dropped)}; alter table releases drop column is_provisional")
    done = run("doctor", "--db", db, "--repair")
    assert (
        done.code,
        "got an older one without m003_pages_are_found_by_indexes, m004_lifecycles_and_reported, m005_provisional_releases; the next crawl applies them"
        in done.out,
    ) == (0, True)
    assert run("crawl", "--db", db, "--from", trees["august"]).code == 0
    assert dump(db) == new


@pytest.mark.fault("another program's database given to doctor")
def test_another_programs_database_is_not_mended(tmp_path: Path, run: Command) -> None:
    """A database has tables of others alone; doctor says whose it is not, repairs nothing, and not a byte is written."""
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as conn:
        conn.execute("create table albums (title)")
    before = other.read_bytes()
    done = run("doctor", "--db", other, "--repair")
    assert (done.code, "expected a database of hotpatch-kb, got one of another program, with 'albums'\n" in done.out) == (1, True)
    assert other.read_bytes() == before


@pytest.mark.fault("a reader that holds an old state for a long time")
def test_a_long_reader(db: Path, run: Command, trees: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader keeps a transaction over three crawls; it reads the old state throughout, what waits for it is said, and gone behind the next crawl without it."""
    monkeypatch.setattr(schema, "WAL_LIMIT", 100_000)
    monkeypatch.setattr(schema, "WAIT_FOR_READERS", 0)
    wal = db.with_name("x.db-wal")
    with closing(sqlite3.connect(db)) as site, closing(sqlite3.connect(db)) as reader:
        site.execute("select 1 from releases").fetchone()  # open, and reading nothing
        reader.execute("begin")
        before = reader.execute("select count(*) from claims").fetchone()
        for day in ("august", "without", "september"):
            done = run("crawl", "--db", db, "--from", trees[day])
            assert (done.code, "a reader holds an old state" in done.err) == (0, True)
        assert reader.execute("select count(*) from claims").fetchone() == before
        assert wal.stat().st_size > 100_000
        assert ": a reader needs an old state" in run("doctor", "--db", db).out
        reader.rollback()
        done = run("crawl", "--db", db, "--from", trees["september"])
        assert (done.code, "a reader holds" in done.err, wal.stat().st_size) == (0, False, 0)


@pytest.mark.fault("another program that holds a write transaction")
def test_another_writer(db: Path, run: Command, trees: dict[str, Path], old: Rows, new: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell holds the database for writing longer than a crawl waits; one line, exit code 1, the old state, and the next crawl loads what was archived."""
    monkeypatch.setattr(schema, "WAIT", 0.2)
    with closing(sqlite3.connect(db, isolation_level=None)) as shell:
        shell.execute("begin immediate")
        assert _is_one_line(run("crawl", "--db", db, "--from", trees["august"]), 1, "database is locked")
        shell.execute("rollback")
    assert dump(db) == old
    assert run("crawl", "--db", db, "--from", trees["august"]).code == 0
    assert dump(db) == new


@pytest.mark.fault("runs and repairs beside a run that writes")
def test_two_runs_at_once(db: Path, run: Command, trees: dict[str, Path], new: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one crawl writes, a crawl, a replay and a repair are begun; each leaves with exit code 5, and the first ends as ever."""
    codes: list[int] = []

    def meanwhile(*_: object) -> None:
        others = (["crawl", "--from", str(trees["july"])], ["replay"], ["doctor", "--repair"])
        codes.extend(main([*arguments, "--db", str(db)]) for arguments in others)

    monkeypatch.setattr("hotpatch_kb.scraper.crawl.runs._write_back", meanwhile)  # the lock is held
    assert run("crawl", "--db", db, "--from", trees["august"]).code == 0
    assert codes == [5, 5, 5]
    assert dump(db) == new


@pytest.mark.fault("a run that comes between finding and mending")
def test_a_repair_holds_the_lock_throughout(
    db: Path, run: Command, trees: dict[str, Path], old: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crawl is begun while doctor --repair makes facts anew; it leaves with exit code 5, and the repair ends as ever."""
    codes: list[int] = []
    replayed = runs.replayed

    def meanwhile(*arguments: Any) -> Any:
        codes.append(main(["crawl", "--db", str(db), "--from", str(trees["august"])]))
        return replayed(*arguments)

    with closing(sqlite3.connect(db)) as conn, conn:
        conn.execute("update releases set classification = 'cumulative'")
    monkeypatch.setattr("hotpatch_kb.scraper.crawl.runs.replayed", meanwhile)
    assert run("doctor", "--db", db, "--repair").code == 0
    assert (codes, dump(db) == old) == ([5], True)


@pytest.mark.fault("the lock of a run that was killed")
def test_a_stale_lock(db: Path, run: Command, trees: dict[str, Path], new: Rows) -> None:
    """A process that holds the lock is killed, and its file stays; while it lives a crawl leaves with exit code 5, then one runs at once."""
    code = "import sys, time; from pathlib import Path; from hotpatch_kb.scraper.crawl.database import locked\nwith locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", code, db], stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}
    ) as holder:  # fmt: skip
        assert holder.stdout
        assert holder.stdout.readline().strip() == b"held"
        assert _is_one_line(run("crawl", "--db", db, "--from", trees["august"]), 5, f"expected no other run on {db}")
        holder.kill()
    assert db.with_name("x.db.lock").exists()
    assert run("crawl", "--db", db, "--from", trees["august"]).code == 0
    assert dump(db) == new


# --- where nothing can be written ---------------------------------------------------------------------------------------


@pytest.mark.fault("a disk that is read-only")
def test_a_read_only_disk(disk: Path, run: Command, trees: dict[str, Path], at: Callable[[str], None]) -> None:
    """The disk is mounted again to be read only; lookup, assess, status and doctor answer, crawl and replay leave with exit code 2 in one line."""
    at("2026-07-24")
    db = disk / "x.db"
    _copy(trees, disk)
    wanted = [run(*question, "--db", trees["crawled"] / "x.db") for question in _questions(disk)]
    _read_only(disk)
    assert [run(*question, "--db", db) for question in _questions(disk)] == wanted
    assert run("doctor", "--db", db).out == "all sound\n"
    for arguments in (("crawl", "--from", trees["august"]), ("replay",), ("doctor", "--repair")):
        assert _is_one_line(run(*arguments, "--db", db), 2, "expected a folder that can be written for")
    assert (disk / "x.db").read_bytes() == (trees["crawled"] / "x.db").read_bytes()


def _questions(folder: Path) -> list[tuple[object, ...]]:
    fleet = folder.with_name("fleet.csv")
    fleet.write_text("host,build\na,26100.32772\n", encoding="utf-8")
    return [("lookup", "26100.32772"), ("assess", fleet), ("status",), ("calendar",), ("lookup", "26100.32772", "--known", "2026-07-24")]


@pytest.mark.fault("a disk that is full for who reads")
def test_a_full_disk_is_read(disk: Path, run: Command, trees: dict[str, Path]) -> None:
    """Not a byte is left on the disk, and nobody has the database open; lookup and status answer."""
    _copy(trees, disk)
    questions = [("lookup", "26100.32772"), ("status", "--json")]
    wanted = [run(*question, "--db", trees["crawled"] / "x.db") for question in questions]
    _fill(disk)
    assert [run(*question, "--db", disk / "x.db") for question in questions] == wanted


@pytest.mark.fault("a full disk and a crawl's state in -wal alone")
def test_a_full_disk_with_a_wal(disk: Path, run: Command, trees: dict[str, Path]) -> None:
    """There it could be taken away from a run that begins; a lookup is one line and exit code 2, never an answer from the state before, doctor moves nothing aside, and once there is room the lookup answers."""
    _with_a_wal(disk, trees)
    before = (disk / "x.db-wal").read_bytes()
    _fill(disk)
    assert _is_one_line(run("lookup", "5120228", "--db", disk / "x.db"), 2, "disk I/O error")
    done = run("doctor", "--db", disk / "x.db", "--repair")
    assert (done.code, "x.db: expected a database that can be read, got disk I/O error\n" in done.out) == (1, True)
    assert (disk / "x.db-wal").read_bytes() == before
    (disk / "ballast").unlink()
    assert _builds(disk / "x.db") == ["26100.33222"]


@pytest.mark.parametrize("shm", ["none", "left"])
@pytest.mark.fault("a disk that is read-only and a crawl's state in -wal alone")
def test_a_read_only_disk_with_a_wal(shm: str, disk: Path, run: Command, trees: dict[str, Path]) -> None:
    """The machine goes down behind a crawl while a site is open, and its disk is read elsewhere, read-only; what the crawl brought is read, not the state before."""
    _with_a_wal(disk, trees)
    if shm == "left":  # as a disk image has it: of no use to anyone, and in the way of nobody
        (disk / "x.db-shm").write_bytes(bytes(32768))
    _read_only(disk)
    assert _builds(disk / "x.db") == ["26100.33222"]
    done = run("lookup", "5120228", "--db", disk / "x.db", "--json")
    assert (done.code, done.json()[0]["matches"][0]["build"]) == (0, "26100.33222")
    with closing(open_for_reading(disk / "x.db")) as conn, pytest.raises(sqlite3.OperationalError, match="readonly"):
        conn.execute("delete from claims")


@pytest.mark.fault("a database file that is read-only behind a link")
def test_a_link_to_a_read_only_disk(disk: Path, run: Command, trees: dict[str, Path], tmp_path: Path) -> None:
    """The file alone lies on such a disk, a link to it where all can be written; lookups read its -wal too, crawl and replay leave with exit code 2 in one line."""
    _with_a_wal(disk, trees)
    shutil.move(disk / "x.db.archive", tmp_path / "x.db.archive")
    _read_only(disk)
    (tmp_path / "x.db").symlink_to(disk / "x.db")
    assert _builds(tmp_path / "x.db") == ["26100.33222"]
    for arguments in (("crawl", "--from", trees["august"]), ("replay",)):
        assert _is_one_line(run(*arguments, "--db", tmp_path / "x.db"), 2, "expected a folder that can be written for")


@pytest.mark.fault("a disk that is read-only here and written elsewhere")
def test_a_read_only_mount_of_what_another_writes(disk: Path, run: Command, trees: dict[str, Path], tmp_path: Path) -> None:
    """A folder is mounted a second time, read-only, as containers have it; before, while and after a crawl writes the first, each read is of the state of then."""
    _copy(trees, disk)
    seen = tmp_path / "seen"
    seen.mkdir()
    subprocess.run(["mount", "--bind", disk, seen], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", seen], check=True)
        with closing(open_for_reading(seen / "x.db")) as before:
            assert _builds(seen / "x.db") == []
            with closing(sqlite3.connect(disk / "x.db")) as site:
                site.execute("select 1 from releases").fetchone()
                assert run("crawl", "--db", disk / "x.db", "--from", trees["august"]).code == 0
                assert _builds(seen / "x.db") == ["26100.33222"]
            assert _builds(seen / "x.db") == ["26100.33222"]
            assert before.execute("select count(*) from releases where kb = 5120228").fetchone()[0] == 0
    finally:
        subprocess.run(["umount", "-l", seen], check=True)


@pytest.mark.fault("a database that changes while it is copied")
def test_a_copy_is_of_one_state(disk: Path, trees: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Somewhere else it is written each time that a reader without locks has copied it; it is copied again, and what never stands still is one line."""
    _copy(trees, disk)
    _read_only(disk)
    stamps, calls = connections._stamps, []

    def changing(path: Path) -> list[Any]:
        calls.append(path)
        return [len(calls), *stamps(path)[1:]] if len(calls) <= until else stamps(path)

    monkeypatch.setattr(connections, "_stamps", changing)
    until = 3
    assert _builds(disk / "x.db") == []
    assert len(calls) == 6
    until = 1000
    with pytest.raises(sqlite3.OperationalError, match="to stay unchanged while it is copied, got changes 5 times"):
        open_for_reading(disk / "x.db")


@pytest.mark.fault("a database in another user's folder")
def test_another_users_folder(run: Command, trees: dict[str, Path]) -> None:
    """Another user asks, who can read the file and write nothing beside it; lookup and status answer, and no file is left there."""
    if not hasattr(os, "seteuid") or os.geteuid() != 0:
        pytest.skip("needs the right to become another user")
    questions = [("lookup", "26100.32772"), ("status", "--json")]
    wanted = [run(*question, "--db", trees["crawled"] / "x.db") for question in questions]  # imports all that it needs
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        _copy(trees, folder)
        folder.chmod(0o755)
        os.seteuid(65534)
        try:
            with pytest.raises(PermissionError):
                (folder / "x.db-shm").touch()
            assert [run(*question, "--db", folder / "x.db") for question in questions] == wanted
        finally:
            os.seteuid(0)
        assert sorted(path.name for path in folder.iterdir()) == ["x.db", "x.db.archive", "x.db.lock"]


@pytest.mark.fault("a site over a database on a read-only disk")
def test_a_site_over_a_read_only_disk(disk: Path, trees: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of an older version, its last crawl in -wal alone, is served from there; the site says that it serves a copy of now, has the crawl and this version's views, and leaves no copy behind."""
    _with_a_wal(disk, trees, "drop view latest_releases")
    _read_only(disk)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    with serving(tmp_path, "--db", str(disk / "x.db"), "--no-crawl") as served:
        served.until(r"^warning: .*x.db cannot be written: serving a copy")
        url = served.until(r"^serving (\S+)")[1]
        assert [row["build"] for row in get(f"{url}hotpatch/releases.json?kb=5120228&_shape=array")] == ["26100.33222"]
        assert get(f"{url}hotpatch/latest_releases.json?_shape=array")
        served.process.terminate()
        assert served.process.wait(timeout=20) == 0
    assert list((tmp_path / "tmp").iterdir()) == []


# --- the embedded facts -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("whole_seed")
@pytest.mark.fault("embedded facts that are altered")
def test_an_altered_seed(db: Path, run: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Their files are not those of their fingerprint, or the database made of them is another or cut; doctor says so, exit code 1."""
    monkeypatch.setattr(doctor, "_seed_findings", _seed_findings)
    with monkeypatch.context() as patched:
        patched.setattr("hotpatch_kb.db.facts.seed.fingerprint", lambda: "0" * 64)
        done = run("doctor", "--db", db)
        assert (done.code, "broken: db/seed: expected the embedded facts of the fingerprint " in done.out) == (1, True)
    seed = Path(shutil.copy(SEED_DATABASE, tmp_path / "seed.db"))
    monkeypatch.setattr("hotpatch_kb.db.store.connections.SEED_DATABASE", str(seed))
    monkeypatch.setattr("hotpatch_kb.scraper.crawl.doctor.SEED_DATABASE", str(seed))
    with closing(sqlite3.connect(seed)) as conn, conn:
        conn.execute("update claims set value = '2020-01-01' where claim = (select max(claim) from claims)")
    (found,) = doctor._seed_findings()
    assert (found.is_broken, found.what) == (True, "expected the claims of db/seed, got others; install hotpatch-kb again")
    os.truncate(seed, seed.stat().st_size // 2)
    done = run("doctor", "--db", db, "--repair")
    assert (done.code, f"broken: {seed}: expected a whole file, got " in done.out, "; install hotpatch-kb again\n" in done.out) == (
        1,
        True,
        True,
    )


@pytest.mark.fault("a full disk of a backup")
def test_a_full_disk_of_a_backup(disk: Path, run: Command, trees: dict[str, Path]) -> None:
    """The disk that the backup goes to has 0 and 300 kB left, that of the database has room; one line that names the backup, exit code 2, no half file there, and the backup before it is kept."""
    before = b"the backup before"
    (disk / "a.zip").write_bytes(before)
    for left in (0, 300):
        _fill(disk, left)
        done = run("backup", disk / "a.zip", "--db", trees["crawled"] / "x.db")
        assert _is_one_line(done, 2, f"expected a file that can be written, got {disk / 'a.zip'}: No space left on device"), done
        assert sorted(path.name for path in disk.iterdir()) == ["a.zip", "ballast"]
        assert (disk / "a.zip").read_bytes() == before
        (disk / "ballast").unlink()


# --- links ---------------------------------------------------------------------------------------------------------------


@pytest.mark.fault("a database behind a link and without it")
def test_a_link_and_its_file_share_the_lock(run: Command, trees: dict[str, Path], tmp_path: Path) -> None:
    """A run holds the database by its name, another comes by a link to it from another folder, and the reverse; exit code 5."""
    _copy(trees, tmp_path)
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "x.db"
    link.symlink_to(tmp_path / "x.db")
    for held, asked in ((tmp_path / "x.db", link), (link, tmp_path / "x.db")):
        with locked(held):
            assert _is_one_line(run("crawl", "--db", asked, "--from", trees["august"]), 5, "expected no other run on")


@pytest.mark.fault("a link to a database on a disk that is not mounted")
def test_a_link_to_a_disk_that_is_not_mounted(run: Command, trees: dict[str, Path], tmp_path: Path) -> None:
    """The folder that the link leads to is not there; crawl and replay leave with exit code 2 in one line, and make no folder where the disk will be."""
    (tmp_path / "x.db").symlink_to(tmp_path / "disk" / "kb" / "x.db")
    for arguments in (("crawl", "--from", trees["august"]), ("crawl", "--seed", "--from", trees["august"]), ("replay",)):
        assert _is_one_line(run(*arguments, "--db", tmp_path / "x.db"), 2, "expected a folder that can be written for")
    assert not (tmp_path / "disk").exists()


@pytest.mark.fault("a damaged database behind a link")
def test_a_damaged_database_behind_a_link(run: Command, trees: dict[str, Path], tmp_path: Path) -> None:
    """Pages of the file are overwritten, and doctor --repair is given a link to it; the link is still one, the file that it leads to is whole, and the damaged one lies beside it."""
    (tmp_path / "disk").mkdir()
    _copy(trees, tmp_path / "disk")
    db = tmp_path / "disk" / "x.db"
    (tmp_path / "x.db").symlink_to(db)
    (tmp_path / "x.db.archive").symlink_to(tmp_path / "disk" / "x.db.archive")
    wanted = dump(db)
    with db.open("r+b") as file:
        file.seek(4096 * 4)
        file.write(b"\xff" * 4096 * 8)
    damaged = db.read_bytes()
    assert run("doctor", "--repair", "--db", tmp_path / "x.db").code == 0
    assert (tmp_path / "x.db").is_symlink()
    assert dump(db) == wanted
    assert [path.read_bytes() == damaged for path in db.parent.glob("x.db.broken-*") if not path.name.endswith(("-wal", "-shm"))] == [True]


@pytest.mark.fault("an open transaction of another program while a database is copied")
def test_a_copy_waits_for_another_program_and_not_for_ever(trees: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program has the whole database for itself while an export begins; it waits a while, then says so in one line, and once that program is done the export is."""
    _copy(trees, tmp_path)
    monkeypatch.setattr(connections, "WAIT", 0.5)
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        assert other.execute("pragma journal_mode = delete").fetchone()[0] == "delete"
        with closing(open_for_reading(tmp_path / "x.db")) as facts:
            other.execute("begin exclusive")
            with pytest.raises(
                sqlite3.OperationalError, match=r"^expected to copy it within 0\.5 s, got an open transaction that holds it$"
            ):
                write(facts, tmp_path / "public", "2026-07-24", with_site=False)
            other.execute("rollback")
            assert write(facts, tmp_path / "public", "2026-07-24", with_site=False).files > 100
