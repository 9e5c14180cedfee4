"""Everything that writes, killed at a random instant: nothing is lost, no process is left behind, and done again it ends as if nobody had disturbed it.

``test_kills.py`` kills crawls and replays; here the other commands. The size is set by HOTPATCH_KB_KILLS; ``.ci/long`` kills 300.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from helpers.changed_trees import small_world
from helpers.dumps import FACTS, dump

from hotpatch_kb.scraper.cli.main import main

KILLS = int(os.environ.get("HOTPATCH_KB_KILLS", "2"))
ROOT = Path(__file__).parent.parent
# An export of few pages makes them alone; here it makes them in processes, as one of all pages does.
IN_PROCESSES = """
import sys
if __name__ == "__main__":
    from hotpatch_kb.db.site.export import shared
    from hotpatch_kb.scraper.cli.main import main
    shared.ENOUGH = 1
    sys.exit(main(sys.argv[1:]))
"""
DATABASES = Path(__file__).parent / "databases"


class Case(NamedTuple):
    """What is killed: the folder that each attempt starts from, the command, and what shows that it was done.

    Attributes:
        ends: whether it ends by itself; else it is ended after its first seconds in the undisturbed run too.
        result: reads from the folder what the command makes; equal after each attempt that is done again.
    """

    before: Path
    arguments: list[object]
    result: Callable[[Path], Any]
    ends: bool = True
    environment: Mapping[str, str] = MappingProxyType({})


def start(folder: Path, case: Case) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *(("-c", IN_PROCESSES) if case.arguments[0] == "export" else ("-m", "hotpatch_kb")), *map(str, case.arguments)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | dict(case.environment),
    )  # fmt: skip


def left_behind(folder: Path) -> list[str]:
    """Return the command lines of processes that work in a folder (Linux)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append((process / "cmdline").read_text(encoding="utf-8").replace("\0", " "))
        except OSError:
            continue
    return found


def none_left(folder: Path, seconds: float = 20) -> list[str]:
    """Return what is left behind after some seconds."""
    end = time.monotonic() + seconds
    while (left := left_behind(folder)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def sound(folder: Path) -> None:
    for db in folder.glob("*.db"):
        with closing(sqlite3.connect(db)) as conn:
            assert conn.execute("pragma integrity_check").fetchall() == [("ok",)]
            assert conn.execute("pragma foreign_key_check").fetchall() == []


def facts_of(folder: Path) -> Any:
    return dump(folder / "x.db", FACTS)


def restored(folder: Path) -> Any:
    """Return the facts of a backup, brought back."""
    shutil.rmtree(folder / "back", ignore_errors=True)
    assert main(["restore", str(folder / "kept.zip"), "--db", str(folder / "back" / "x.db")]) == 0
    return dump(folder / "back" / "x.db", FACTS)


def exported(folder: Path) -> dict[str, bytes]:
    """Return what is in an export; nothing else is beside it."""
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".lock" and not path.name.startswith("x.db")) == ["public"]
    public = folder / "public"
    return {path.relative_to(public).as_posix(): path.read_bytes() for path in public.rglob("*") if path.is_file()}


def migrated(folder: Path) -> Any:
    with closing(sqlite3.connect(folder / "x.db")) as conn:
        steps = [row[0] for row in conn.execute("select name from _sqlite_migrations order by 1")]
        return steps, conn.execute("select subject, kb, build from releases order by 1").fetchall()


def told(folder: Path) -> Any:
    """Return the facts, and that what is to be told is known to be told or kept for the next run."""
    return facts_of(folder)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    place = tmp_path_factory.mktemp("others")
    july, august = small_world(place, "2026-07-24"), small_world(place, "2026-08-12", august=True)

    def folder(name: str, *trees: Path) -> Path:
        (place / name).mkdir()
        for tree in trees:
            assert main(["crawl", "--db", str(place / name / "x.db"), "--from", str(tree), "--no-seed"]) == 0
        return place / name

    broken, small, old, nothing = folder("broken", july, august), folder("small", july), folder("old"), folder("nothing")
    with (broken / "x.db").open("r+b") as file:
        file.seek(4096 * 4)
        file.write(b"\xff" * 4096 * 8)
    with closing(sqlite3.connect(old / "x.db")) as conn:
        conn.executescript((DATABASES / "m001_first_version.sql").read_text(encoding="utf-8"))
    feed = folder("feed", july, august)
    assert main(["export", str(feed / "public"), "--db", str(feed / "x.db"), "--no-site"]) == 0
    hook = {"HOTPATCH_KB_WEBHOOK": "https://127.0.0.1:9/T0PSECRET"}  # nobody takes it: each run tries to tell
    return {
        "doctor --repair": Case(broken, ["doctor", "--repair", "--db", "x.db"], facts_of),
        "backup": Case(feed, ["backup", "kept.zip", "--db", "x.db"], restored),
        "a migration": Case(old, ["crawl", "--db", "x.db", "--from", july, "--no-seed"], migrated),
        "telling": Case(folder("july", july), ["crawl", "--db", "x.db", "--from", august], told, environment=hook),
        "export": Case(small, ["export", "public", "--db", "x.db"], exported),
        "update": Case(folder("reader", july), ["update", feed / "public", "--db", "x.db"], facts_of),
        "serve with its crawl": Case(nothing, ["serve", "--port", "0", "--db", "x.db"], facts_of, ends=False),
        "schedule": Case(folder("again", july), ["schedule", "--db", "x.db", "--feed", feed / "public"], facts_of, ends=False),
    }


NAMES = ("doctor --repair", "backup", "a migration", "telling", "export", "update", "serve with its crawl", "schedule")


def fresh(folder: Path, before: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(before, folder, ignore=shutil.ignore_patterns("public") if before.name != "public" else None))


def done(folder: Path, case: Case, seconds: float) -> Any:
    """Run a command to its end, or for some seconds where it has none; return its result."""
    process = start(folder, case)
    try:
        _, said = process.communicate(timeout=None if case.ends else seconds)
        assert process.returncode in {0, 1 if "doctor" in case.arguments else 0, 3 if case.environment else 0}, said
    except subprocess.TimeoutExpired:
        process.terminate()
        process.communicate(timeout=30)
    return case.result(folder)


@pytest.mark.fault("any command that writes is killed at any instant")
@pytest.mark.skipif(sys.platform != "linux", reason="what is left behind is looked up in /proc")
@pytest.mark.parametrize("name", NAMES)
def test_a_killed_command_done_again_ends_as_an_undisturbed_one(name: str, cases: dict[str, Case], tmp_path: Path) -> None:
    """SIGKILL at seeded random instants; no process was left behind, nothing was said of it, the database was whole, and the command done again gave the result of an undisturbed one."""
    case, chance = cases[name], random.Random(f"18 {name}")
    long = 6.0
    folder = fresh(tmp_path / "undisturbed", case.before)
    began = time.monotonic()
    wanted, seconds = done(folder, case, long), time.monotonic() - began
    assert wanted
    assert none_left(folder) == []
    for attempt in range(max(1, KILLS // len(NAMES))):
        folder = fresh(tmp_path / "killed", case.before)
        process, at = start(folder, case), chance.random() * seconds
        time.sleep(at)
        process.kill()
        left = none_left(folder)
        _, said = process.communicate(timeout=30)
        what = f"{name}, attempt {attempt}, killed after {at:.3f} of {seconds:.3f} s"
        assert left == [], what
        assert "leaked" not in said, what
        assert "Traceback" not in said, what
        if name != "doctor --repair":  # what it moves aside is broken
            sound(folder)
        assert done(folder, case, long) == wanted, what
        assert none_left(folder) == [], what
