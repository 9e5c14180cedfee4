"""Exports of a small world of July and of August, and a reader of July: what updates are tested with."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from helpers.changed_trees import small_world
from hotpatch_kb.db.site.export import folder as exporting
from hotpatch_kb.db.store.connections import open_for_reading
from hotpatch_kb.scraper.cli.main import main

DAY = "2026-08-12"


def export(db: Path, folder: Path) -> Path:
    """Export a database as of the day after ``DAY``."""
    with closing(open_for_reading(db)) as conn:
        exporting.write(conn, folder, "2026-08-13", with_site=False)
    return folder


@pytest.fixture(scope="session")
def feeds(made_once: Any) -> Path:
    """Databases of July and of August, ``july/x.db`` and ``august/x.db``, and an export of each, ``public`` beside it."""

    def make(folder: Path) -> None:
        july, august = small_world(folder, "2026-07-24"), small_world(folder, DAY, august=True)
        for name, trees in (("july", [july]), ("august", [july, august])):
            for tree in trees:
                assert main(["crawl", "--from", str(tree), "--db", str(folder / name / "x.db"), "--no-seed"]) == 0
            export(folder / name / "x.db", folder / name / "public")

    return Path(made_once("feeds", make))


@pytest.fixture
def reader(feeds: Path, tmp_path: Path) -> Path:
    """A database of July with its archive, of a test's own."""
    shutil.copytree(feeds / "july", tmp_path / "reader", ignore=shutil.ignore_patterns("public", "*.lock"))
    return tmp_path / "reader" / "x.db"


@pytest.fixture
def august(feeds: Path, tmp_path: Path) -> Path:
    """The export of August, of a test's own."""
    return Path(shutil.copytree(feeds / "august" / "public", tmp_path / "public"))
