"""Worlds of a second Tuesday in which one thing is wrong, missing or unreadable: no machine of that product is called current, and the reason is named."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers import worlds
from helpers.dumps import query
from helpers.render.shapes import NavCategory, NavEntry
from helpers.worlds import AUGUST, AUGUST_RELEASES, HOTPATCHES, LCUS, Release

JULY_BUILDS = {"ws2025": "26100.33158", "ws2022": "20348.5386", "win11-24h2": "26100.8875", "ws2019": "17763.9020"}
AUGUST_BUILDS = {
    ("ws2025", "standard"): "26100.33296",
    ("ws2025", "hotpatch"): "26100.33222",
    ("win11-24h2", "standard"): "26100.9168",
    ("win11-24h2", "hotpatch"): "26100.9106",
}
ODD = "select text, reason from quarantine where may_be_release and gone_at is null"
IN_GRACE, AFTER = ("2026-08-11",), ("2026-08-14",)


@dataclass(frozen=True)
class World:
    """A world with one fault.

    Attributes:
        releases: what the pages list after July.
        reason: part of the reason of a verdict, or of what is quarantined.
        product: whose machines must not be current.
        lines: its lines that the fault concerns.
        days: days on which the pages are read and the question is asked.
        latest: what the tables of versions call the latest build.
        more: further categories of an update history.
        has_august: whether the machine that has the true release of August is checked, too.
    """

    releases: Sequence[Release]
    reason: str
    product: str = "ws2025"
    lines: Sequence[str] = ("standard", "hotpatch")
    days: Sequence[str] = IN_GRACE
    latest: dict[str, tuple[str, str]] = field(default_factory=dict)
    more: Sequence[NavCategory] = ()
    has_august: bool = True


def _but(*changed: Release | None, of: Sequence[Release] = (LCUS["ws2025"],)) -> list[Release]:
    """August with releases changed, or left out."""
    return [*(r for r in AUGUST_RELEASES if r not in of), *(r for r in changed if r is not None)]


LCU, HOTPATCH = LCUS["ws2025"], HOTPATCHES["ws2025"]
NO_LCU = "no source lists the release of 2026-08 of the standard line, although its pages were read on"
NO_HOTPATCH = "no source lists the release of 2026-08 of the hotpatch line, although its pages were read on"
UNREADABLE = "a page lists what may be a newer release and cannot be read"

WORLDS = {
    "an LCU with the letter C": World(_but(replace(LCU, letter="C")), "expected a B release on a second Tuesday, got C"),
    "an LCU with the letter D in the table alone": World(
        _but(replace(LCU, letter="D", title="August 11, 2026—KB5120233 (OS Build 26100.33296)")), "expected a B release on a second Tuesday, got D"
    ),
    "an LCU titled Preview in the navigation alone": World(
        _but(replace(LCU, in_tables=False, title="August 11, 2026—KB5120233 (OS Build 26100.33296) Preview")),
        "expected a B release on a second Tuesday, got a preview",
    ),
    "an LCU out-of-band": World(_but(replace(LCU, letter="OOB")), "expected a B release on a second Tuesday, got OOB"),
    "the calendar's hotpatch out-of-band": World(
        _but(replace(HOTPATCH, letter="OOB"), of=(HOTPATCH,)), "expected a B release on a second Tuesday, got OOB"
    ),
    "an LCU nowhere, its hotpatch listed": World(_but(), NO_LCU, lines=("standard",), has_august=False),
    "a hotpatch nowhere, its LCU listed": World(_but(of=(HOTPATCH,)), NO_HOTPATCH, lines=("hotpatch",), has_august=False),
    "an LCU with a KB that another product had in July": World(_but(replace(LCU, kb=5099540)), "expected one day of a KB, got an earlier one, too"),
    "an LCU with its own KB of July": World(_but(replace(LCU, kb=5099536)), "expected one day of a KB, got an earlier one, too"),
    "an LCU with the KB of July in the navigation alone": World(
        _but(replace(LCU, kb=5099536, in_tables=False)), "expected one day of a KB, got an earlier one, too"
    ),
    "a hotpatch dated on the day of July's baseline": World(
        _but(replace(HOTPATCH, day="2026-07-14", month="2026-08"), of=(HOTPATCH,)), "expected one release of the hotpatch line on 2026-07-14, got several",
        lines=("hotpatch",),
    ),
    "a latest build that the history lacks": World(
        _but(of=(LCU, HOTPATCH)), "'latest build 26100.33296 of 2026-08-11'", latest={"ws2025": ("26100.33296", AUGUST)}, has_august=False
    ),
    "a latest build older than the history": World(
        AUGUST_RELEASES, "'latest build 26100.33158 of 2026-07-14'", latest={"ws2025": ("26100.33158", "2026-07-14")}, lines=("standard",)
    ),
    "a KB with two digits swapped": World(_but(replace(LCU, kb=5210233)), "expected a KB beside those of the same day, got one far from them"),
    "a hotpatch's KB with two digits swapped": World(
        _but(replace(HOTPATCH, kb=5102228), of=(HOTPATCH,)), "expected a KB beside those of the same day, got one far from them"
    ),
    "a hotpatch with the KB of the LCU": World(
        _but(replace(HOTPATCH, kb=LCU.kb), of=(HOTPATCH,)), "expected a hotpatch in the hotpatch line alone, got it among cumulative updates, too"
    ),
    "a hotpatch that is the LCU": World(
        _but(replace(HOTPATCH, kb=LCU.kb, products=LCU.products), of=(HOTPATCH,)),
        "expected a hotpatch in the hotpatch line alone, got it among cumulative updates, too",
    ),
    "a B release on a Wednesday": World(
        _but(replace(LCU, day="2026-08-12")), "expected a B release on a second Tuesday, such as 2026-08-11, got 2026-08-12", days=("2026-08-12",)
    ),
    "a B release on the day of July's": World(
        _but(replace(LCU, day="2026-07-14", month="2026-08")), "expected one B release of the standard line on 2026-07-14, got several", lines=("standard",)
    ),
    "a build below that of July": World(
        _but(replace(LCU, products={"ws2025": "26100.32396"})), "expected builds to rise with the days, got a higher one before", has_august=False
    ),
    "a row without its KB": World(
        _but(replace(LCU, in_navigation=False, cells={"kb": "", "href": ""})), "expected a KB of every release but the first, got none"
    ),
    "a release of another product in the table": World(
        [*_but(), Release({"win11-24h2": "26100.33296"}, LCU.kb, in_navigation=False)],
        "expected one B release of the standard line on 2026-08-11, got several",
        product="win11-24h2",
    ),
    "an LCU that has expired": World(
        _but(replace(LCU, title="August 11, 2026—KB5120233 (OS Build 26100.33296) - EXPIRED")),
        "expected the newest B release to be offered, got an expired one",
    ),
    "a hotpatch in public preview": World(
        _but(replace(HOTPATCH, title="August 11, 2026—Hotpatch public preview KB5120228 (OS Build 26100.33222)"), of=(HOTPATCH,)),
        "expected public previews before the first hotpatch for all, got one after it",
    ),
    "an entry that cannot be read": World(
        _but(replace(LCU, in_tables=False, title="KB5120233 of August 11th (Build 26100-33296)")), UNREADABLE, has_august=False
    ),
    "a row whose day cannot be read": World(
        _but(replace(LCU, in_navigation=False, cells={"date": "Aug. 11"})), UNREADABLE, has_august=False
    ),
    "a row whose build cannot be read": World(
        _but(replace(LCU, in_navigation=False, cells={"build": "26100 rev. 33296"})), UNREADABLE, has_august=False
    ),
    "a hotpatch whose letter cannot be read": World(
        _but(replace(HOTPATCH, in_navigation=False, cells={"update_type": "2026.08 X"}), of=(HOTPATCH,)), UNREADABLE, has_august=False
    ),
    "a category that names no version": World(
        _but(of=(LCU, HOTPATCH)), UNREADABLE, has_august=False,
        more=[NavCategory("Windows Server, the next one", "next", [NavEntry(LCU.published(), "kb5120233")])],
    ),
    "sites that stand still": World((), NO_LCU, lines=("standard",), days=AFTER, has_august=False),
    "hotpatch notes that stand still": World((), NO_HOTPATCH, lines=("hotpatch",), days=AFTER, has_august=False),
    "one product forgotten": World(_but(of=(LCUS["ws2019"],)), NO_LCU, product="ws2019", lines=("standard",), days=AFTER, has_august=False),
}  # fmt: skip


@pytest.fixture
def assess(run: Command, crawled: Path, tmp_path: Path) -> Callable[..., Iterator[dict[str, str]]]:
    """Return a function that crawls a tree into a database of July and judges machines on a day."""
    shutil.copytree(crawled, tmp_path / "july")
    db = tmp_path / "july" / "x.db"

    def judged(tree: Path, machines: Sequence[tuple[str, str, str]], day: str) -> list[dict[str, str]]:
        assert run("crawl", "--db", db, "--from", tree).code == 0
        lines = ["host,product,build,line", *(f"m{n},{','.join(machine)}" for n, machine in enumerate(machines))]
        (tmp_path / "fleet.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        done = run("assess", "fleet.csv", "--db", db, "--on", day)
        assert done.code == 0, done.err
        return list(csv.DictReader(io.StringIO(done.out)))

    judged.db = db  # type: ignore[attr-defined]
    return judged


@pytest.mark.sampled(8)
@pytest.mark.parametrize("name", WORLDS)
def test_nothing_is_current_in_a_world_with_a_fault(name: str, assess: Any, at: Callable[[str], None], tmp_path: Path) -> None:
    world = WORLDS[name]
    for day in world.days:
        at(day)
        tree = worlds.write(tmp_path / f"tree-{day}", world.releases, read_at=f"{day}T22:00:00Z", latest=world.latest, more=world.more)
        july = [(world.product, JULY_BUILDS[world.product], line) for line in world.lines]
        august = [(world.product, AUGUST_BUILDS[world.product, line], line) for line in world.lines if world.has_august]
        rows = assess(tree, [*july, *august], day)
        assert [row["verdict"] for row in rows if row["verdict"] == "current"] == [], rows
        said = [row["reason"] for row in rows] + [f"{UNREADABLE}: {text!r}: {why}" for text, why in query(assess.db, ODD)]
        assert any(world.reason in reason for reason in said), said
        assert not any(row["verdict"] in {"invalid", "ambiguous", "left_line"} for row in rows[: len(july)]), rows


@pytest.mark.parametrize("day", [*IN_GRACE, *AFTER])
def test_a_world_without_a_fault(day: str, assess: Any, at: Callable[[str], None], tmp_path: Path) -> None:
    """August is current and July behind on each line, nothing is quarantined, and no two sources disagree about August."""
    at(day)
    tree = worlds.write(tmp_path / "tree", read_at=f"{day}T22:00:00Z")
    machines = [(product, build, line) for (product, line), build in AUGUST_BUILDS.items()]
    machines += [(product, JULY_BUILDS[product], line) for product, line in AUGUST_BUILDS]
    rows = assess(tree, machines, day)
    assert [row["verdict"] for row in rows] == ["current"] * len(AUGUST_BUILDS) + ["behind"] * len(AUGUST_BUILDS), rows
    assert query(assess.db, "select * from quarantine where may_be_release") == []
    assert query(assess.db, "select * from conflicts where subject like 'release/%/512%'") == []
