"""A crawl that is killed at any instant, and the next one: the old state or the new one, and in the end what an undisturbed crawl gives.

HOTPATCH_KB_KILLS says how many times; ``.ci/long`` has 300.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from dumps import dump

from scraper import doctor, runs

KILLS = int(os.environ.get("HOTPATCH_KB_KILLS", "2"))
SEED = 20260714


@pytest.fixture(scope="module")
def before(worlds: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the old site, on which the crawl of the new one is killed."""
    folder = tmp_path_factory.mktemp("before")
    runs.crawl(folder / "a.db", folder / "a.db.archive", folder=worlds["old"], seed=False, say=lambda _: None)
    return folder


def _crawl(folder: Path, tree: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "scraper", "crawl", "--db", str(folder / "a.db"), "--from", str(tree)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _fresh(before: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(before, folder)


def test_a_crawl_killed_at_any_instant_ends_as_an_undisturbed_one(
    before: Path, worlds: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A crawl is killed with SIGKILL at a random instant and started again; it ends with the database of an undisturbed one."""
    folder = tmp_path / "undisturbed"
    _fresh(before, folder)
    began = time.monotonic()
    assert _crawl(folder, worlds["new"]).wait() == 0
    took = time.monotonic() - began
    old, new = dump(before / "a.db"), dump(folder / "a.db")
    assert old != new
    chance = random.Random(SEED)
    seen = {"old": 0, "new": 0, "ended": 0}
    for kill in range(KILLS):
        _fresh(before, folder)
        with _crawl(folder, worlds["new"]) as process:
            time.sleep(chance.uniform(0, took * 1.05))
            ended = process.poll() is not None
            process.kill()
        with closing(sqlite3.connect(folder / "a.db")) as conn:
            assert conn.execute("pragma integrity_check").fetchall() == [("ok",)], kill
            assert conn.execute("pragma foreign_key_check").fetchall() == [], kill
        state = dump(folder / "a.db")
        assert state in (old, new), kill
        seen["ended" if ended else "old" if state == old else "new"] += 1
        # The archive is behind no answer that the database has, whatever instant it was.
        assert [
            finding
            for finding in doctor.examine(folder / "a.db", folder / "a.db.archive")
            if finding.is_broken and "no end" not in finding.what
        ] == []
        assert _crawl(folder, worlds["new"]).wait() == 0, kill
        assert dump(folder / "a.db") == new, kill
    with capsys.disabled():
        print(
            f"\n{KILLS} kills: {seen['old']} left the old state, {seen['new']} the new one, {seen['ended']} came too late; all ended alike"
        )
