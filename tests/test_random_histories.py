"""Random histories of pages of every kind: in whatever order they are read, the database is the same, and a replay's is, too.

Pages change, vanish, come back, are refused in between; articles have two addresses, months are revised, prices go up and down.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

from conftest import Command
from helpers import render
from helpers.dumps import dump, query
from helpers.random_pages import KINDS, Draw

EVENTS = 14


def _history(draw: Draw, folder: Path) -> list[Path]:
    """Trees of one page each, in the order of their fetch times: a few addresses, each with a few contents that come and go."""
    addresses = draw.sample(list(KINDS), draw.randint(3, 6))
    contents = {url: [KINDS[url][1](draw) for _ in range(3)] for url in addresses}
    trees = []
    for number in range(EVENTS):
        url = draw.choice(addresses)
        suffix = KINDS[url][0]
        at = f"2026-07-{10 + number // 2:02d}T{number % 2 * 6 + draw.randint(0, 5):02d}:{number:02d}:00Z"
        tree = folder / f"{number:02d}"
        headers = {"content-type": "application/json"} if suffix == ".json" else None
        render.save_tree(tree, url, draw.choice(contents[url]), fetched_at=at, suffix=suffix, headers=headers)
        trees.append(tree)
    return trees


def _dump(db: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything but the sources, whose state is that of the last run: which page that read, the order decides."""
    return {table: rows for table, rows in dump(db).items() if table != "sources"}


def test_histories_of_every_source(seed: int, run: Command, tmp_path: Path) -> None:
    draw = random.Random(seed)
    trees = _history(draw, tmp_path / "trees")
    for db, order in (("in-order.db", trees), ("shuffled.db", draw.sample(trees, len(trees)))):
        for tree in order:
            assert run("crawl", "--db", db, "--from", tree).code in {0, 3}
    first = _dump(tmp_path / "in-order.db")
    assert _dump(tmp_path / "shuffled.db") == first
    assert run("replay", "--db", "replayed.db", "--archive", "in-order.db.archive").code in {0, 3}
    assert _dump(tmp_path / "replayed.db") == first
    assert run("replay", "--db", "shuffled.db").code in {0, 3}
    assert _dump(tmp_path / "shuffled.db") == first
    for db in ("in-order.db", "shuffled.db", "replayed.db"):
        assert query(tmp_path / db, "select * from pragma_foreign_key_check") == []
    shutil.rmtree(tmp_path / "trees")
