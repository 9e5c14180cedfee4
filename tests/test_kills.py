"""A crawl killed at a random instant and run again ends with the database of a crawl that nobody disturbed.

SIGKILL (on Windows TerminateProcess) gives a process no chance to clean up: half a line of the log, an answer without a line, a
database without rows, a transaction half written, a replay that was due. The size is set by HOTPATCH_KB_KILLS; .ci/long kills 300.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.changed_trees import small_world
from helpers.dumps import dump, facts, query
from helpers.mirror import Mirror

from hotpatch_kb.scraper.cli.main import main
from hotpatch_kb.scraper.sources import registry

KILLS = int(os.environ.get("HOTPATCH_KB_KILLS", "2"))
ROOT = Path(__file__).parent.parent


def _start(folder: Path, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "hotpatch_kb", *map(str, arguments)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def _sound(db: Path) -> None:
    """The file may not be there yet, or hold nothing; what it holds is whole."""
    if not db.exists():
        return
    with closing(sqlite3.connect(db)) as conn:
        assert conn.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert conn.execute("pragma foreign_key_check").fetchall() == []


# What is killed: from which folder the database of each attempt is copied, and what is then run.
Case = tuple[Path | None, list[object]]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    folder = tmp_path_factory.mktemp("kills")
    july = small_world(folder, "2026-07-24")
    august = small_world(folder, "2026-08-12", august=True)
    september = small_world(folder, "2026-09-01", august=True)
    without = small_world(folder, "2026-08-20")
    for name, trees in (("july", [july]), ("august", [august]), ("september", [august, september])):
        (folder / name).mkdir()
        for tree in trees:
            assert main(["crawl", "--db", str(folder / name / "x.db"), "--from", str(tree), "--no-seed"]) == 0
    return {
        "into nothing": (None, ["crawl", "--db", "x.db", "--from", july]),
        "with the embedded facts": (None, ["crawl", "--db", "x.db", "--from", july, "--seed"]),
        "into a database": (folder / "july", ["crawl", "--db", "x.db", "--from", august]),
        "a page between two, which needs a replay": (folder / "september", ["crawl", "--db", "x.db", "--from", without]),
        "a replay": (folder / "august", ["replay", "--db", "x.db"]),
    }


def _fresh(folder: Path, before: Path | None) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    if before is None:
        folder.mkdir()
    else:
        shutil.copytree(before, folder)
    return folder


def _undisturbed(folder: Path, case: Case) -> tuple[float, dict[str, list[Any]]]:
    _fresh(folder, case[0])
    began = time.monotonic()
    assert _start(folder, *case[1]).wait() == 0
    return time.monotonic() - began, dump(folder / "x.db")


@pytest.mark.fault("A crawl or replay is killed at any instant")
def test_a_killed_run_ends_as_an_undisturbed_one(cases: dict[str, Case], tmp_path: Path) -> None:
    """SIGKILL at seeded random instants of five kinds of runs, each then run again; the database was whole after each kill, the dump in the end equal to an undisturbed run's, and a replay of the archive gave it too."""
    chance = random.Random(20261125)
    names = list(cases)
    wanted = {name: _undisturbed(tmp_path / "undisturbed", cases[name]) for name in names[: max(1, KILLS)]}
    alive = 0
    for attempt in range(KILLS):
        name = names[attempt % len(names)]
        folder = _fresh(tmp_path / "killed", cases[name][0])
        seconds, dumped = wanted[name]
        at = chance.random() * seconds * 1.05
        process = _start(folder, *cases[name][1])
        time.sleep(at)
        alive += process.poll() is None
        process.kill()
        process.wait()
        what = f"attempt {attempt}, {name}, killed after {at:.3f} of {seconds:.3f} s"
        _sound(folder / "x.db")
        assert _start(folder, *cases[name][1]).wait() == 0, what
        assert dump(folder / "x.db") == dumped, what
        _sound(folder / "x.db")
        if attempt % 10 == 0:  # the archive holds the same
            assert _start(folder, "replay", "--db", "x.db").wait() == 0, what
            assert dump(folder / "x.db") == dumped, what
    print(f"{alive} of {KILLS} were killed while they ran")
    assert alive >= KILLS // 2


@pytest.mark.fault("A crawl from the network is killed at any instant")
def test_a_killed_crawl_from_the_network_ends_as_an_undisturbed_one(worlds: dict[str, Path], tmp_path: Path) -> None:
    """SIGKILL at seeded random instants of a crawl over sockets; run again, the facts were those of an undisturbed one, and a replay of the archive gave the very database, the answers of the killed run included."""
    chance = random.Random(7)
    sources = ["support_navigation", *(source.source for source in registry().values() if source.is_embedded)]
    arguments = ["crawl", "--db", "x.db", "--no-seed", *(word for source in sources for word in ("--source", source))]

    def serve(mirror: Mirror) -> Callable[[Path], subprocess.Popen[bytes]]:
        mirror.serve_tree(worlds["new"])
        return lambda folder: _start(folder, *arguments, "--mirror", mirror.url)

    with Mirror() as mirror:
        crawl = serve(mirror)
        began = time.monotonic()
        _fresh(tmp_path / "undisturbed", None)
        code = crawl(tmp_path / "undisturbed").wait()
        seconds, wanted = time.monotonic() - began, facts(tmp_path / "undisturbed" / "x.db")
        for attempt in range(max(1, KILLS // 6)):
            folder = _fresh(tmp_path / "killed", None)
            process = crawl(folder)
            time.sleep((0.4 + 0.6 * chance.random()) * seconds)
            process.kill()
            process.wait()
            _sound(folder / "x.db")
            assert crawl(folder).wait() == code, attempt
            assert facts(folder / "x.db") == wanted, attempt
            before = dump(folder / "x.db")
            assert _start(folder, "replay", "--db", "x.db").wait() == 0
            assert dump(folder / "x.db") == before, attempt
            assert query(folder / "x.db", "pragma integrity_check") == [("ok",)]
