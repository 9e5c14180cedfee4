"""Everything that writes, killed at a random instant: nothing is lost, no process is left behind, and done again it ends as if nobody had disturbed it.

``test_kills.py`` kills crawls and replays; here the other commands, and the crawls that ``serve`` and ``schedule`` start. Four signals take turns:
SIGKILL, which nobody can handle, and those that a machine, a shell or a terminal sends. The size is set by HOTPATCH_KB_KILLS; ``.ci/long`` kills 300.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from helpers.changed_trees import small_world
from helpers.dumps import FACTS, dump, facts
from helpers.mirror import Mirror
from helpers.webhook import taking

from hotpatch_kb.scraper.cli.main import main

KILLS = int(os.environ.get("HOTPATCH_KB_KILLS", "2"))
ROOT = Path(__file__).parent.parent
SIGNALS = ("SIGKILL", "SIGTERM", "SIGHUP", "SIGQUIT")
MARK = "HOTPATCH_KB_TEST_KILLED"  # in the environment of what is started, and of all that it starts
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
        does: a line that it writes when it has done its work, where it does not end by itself; then it is told to end.
        result: reads from the folder what the command makes; equal after each attempt that is done again.
        codes: the exit codes that it may have when it is done again.
        sent: the items that a webhook has taken.
    """

    before: Path
    arguments: list[object]
    result: Callable[[Path], Any]
    does: str = ""
    codes: frozenset[int] = frozenset({0})
    environment: Mapping[str, str] = MappingProxyType({})
    sent: list[dict[str, Any]] | None = None


def start(folder: Path, case: Case) -> subprocess.Popen[bytes]:
    """Start a command. What it says goes to a file: a pipe that nobody reads would stop it."""
    with (folder / "said.log").open("wb") as said:
        return subprocess.Popen(
            [sys.executable, *(("-c", IN_PROCESSES) if case.arguments[0] == "export" else ("-m", "hotpatch_kb")), *map(str, case.arguments)],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=said, env=os.environ | {"PYTHONPATH": str(ROOT), MARK: str(folder)} | dict(case.environment),
        )  # fmt: skip


def said_in(folder: Path) -> str:
    return (folder / "said.log").read_text(encoding="utf-8")


def left_behind(folder: Path) -> list[str]:
    """Return the command lines of processes that a command in a folder started, wherever they work and whatever group they are of (Linux)."""
    found, mark = [], f"{MARK}={folder}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
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


def read_from_sites(folder: Path) -> Any:
    """Return the facts without the times of reading; the archive gives the very database, the answers of a killed run included."""
    before = dump(folder / "x.db")
    assert main(["replay", "--db", str(folder / "x.db")]) in {0, 3}
    after = dump(folder / "x.db")
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] in (
        [],
        ["sources"],
    )  # what could not be reached, the archive cannot say
    return facts(folder / "x.db")


def archived(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in (folder / "x.db.archive").rglob("*") if path.is_file()}


def restored(folder: Path) -> Any:
    """Return the facts of a backup, brought back."""
    shutil.rmtree(folder / "back", ignore_errors=True)
    assert main(["restore", str(folder / "kept.zip"), "--db", str(folder / "back" / "x.db")]) == 0
    return dump(folder / "back" / "x.db", FACTS)


def exported(folder: Path) -> dict[str, bytes]:
    """Return what is in an export; nothing else is beside it."""
    beside = {path.name for path in folder.iterdir() if path.suffix not in {".lock", ".log"} and not path.name.startswith("x.db")}
    assert beside == {"public"}
    public = folder / "public"
    return {path.relative_to(public).as_posix(): path.read_bytes() for path in public.rglob("*") if path.is_file()}


def migrated(folder: Path) -> Any:
    with closing(sqlite3.connect(folder / "x.db")) as conn:
        steps = [row[0] for row in conn.execute("select name from _sqlite_migrations order by 1")]
        return steps, conn.execute("select subject, kb, build from releases order by 1").fetchall()


@pytest.fixture(scope="module", autouse=True)
def _signals_as_usual() -> Iterator[None]:
    """What is started inherits signals that are ignored: nohup ignores SIGHUP, and a shell SIGQUIT for what it runs in the background."""
    import resource  # noqa: PLC0415 (not on Windows)

    limit = resource.getrlimit(resource.RLIMIT_CORE)
    with ExitStack() as at_end:
        for name in ("SIGHUP", "SIGQUIT"):
            at_end.callback(signal.signal, getattr(signal, name), signal.signal(getattr(signal, name), signal.SIG_DFL))
        resource.setrlimit(resource.RLIMIT_CORE, (0, limit[1]))  # SIGQUIT would leave the memory of each as a file
        at_end.callback(resource.setrlimit, resource.RLIMIT_CORE, limit)
        yield


# What serve and schedule write when a crawl or an update has ended, or when schedule finds nothing due.
DOES = r"^(?:(?:crawl|update): (?:done|a source failed)|next: )"


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Case]]:
    place = tmp_path_factory.mktemp("others")
    july, august = small_world(place, "2026-07-24"), small_world(place, "2026-08-12", august=True)
    tiny, next_month = (
        small_world(place / "tiny", "2026-07-24", is_tiny=True),
        small_world(place / "tiny", "2026-08-12", august=True, is_tiny=True),
    )

    def folder(name: str, *trees: Path) -> Path:
        (place / name).mkdir()
        for tree in trees:
            assert main(["crawl", "--db", str(place / name / "x.db"), "--from", str(tree), "--no-seed"]) == 0
        return place / name

    broken, small, old = folder("broken", july, august), folder("small", july), folder("old")
    with (broken / "x.db").open("r+b") as file:
        file.seek(4096 * 4)
        file.write(b"\xff" * 4096 * 8)
    with closing(sqlite3.connect(old / "x.db")) as conn:
        conn.executescript((DATABASES / "m001_first_version.sql").read_text(encoding="utf-8"))
    feed, packed = folder("feed", july, august), folder("packed")
    assert main(["export", str(feed / "public"), "--db", str(feed / "x.db"), "--no-site"]) == 0
    assert main(["backup", str(packed / "kept.zip"), "--db", str(feed / "x.db")]) == 0
    with taking() as (address, sent), Mirror() as mirror, pytest.MonkeyPatch.context() as patch:
        hook = {"HOTPATCH_KB_WEBHOOK": address}
        patch.setenv("HOTPATCH_KB_WEBHOOK", address)  # known before: a new channel is sent what comes, not what is there
        telling, site = folder("july", july), folder("site", tiny)
        patch.delenv("HOTPATCH_KB_WEBHOOK")
        mirror.serve_tree(next_month)
        asking = ["--db", "x.db", "--mirror", mirror.url]

        def told(facts_in: Callable[[Path], Any]) -> Callable[[Path], Any]:
            """Return a function that gives the facts and all that the webhook was sent; what waits is sent by the next run."""

            def result(folder: Path) -> Any:
                with pytest.MonkeyPatch.context() as patch:
                    patch.setenv("HOTPATCH_KB_WEBHOOK", address)
                    assert main(["crawl", "--due", "--db", str(folder / "x.db"), "--mirror", mirror.url]) in {0, 3}
                return facts_in(folder), {(item["kind"], item["text"]) for item in sent}

            return result

        yield {
            "doctor --repair": Case(broken, ["doctor", "--repair", "--db", "x.db"], facts_of, codes=frozenset({0, 1})),
            "backup": Case(feed, ["backup", "kept.zip", "--db", "x.db"], restored),
            "restore": Case(
                packed, ["restore", "kept.zip", "--db", "x.db"], lambda folder: (facts_of(folder), archived(folder)), codes=frozenset({0, 2})
            ),
            "a migration": Case(old, ["crawl", "--db", "x.db", "--from", july, "--no-seed"], migrated),
            "telling": Case(
                telling, ["crawl", "--db", "x.db", "--from", august], lambda folder: (facts_of(folder), {(item["kind"], item["text"]) for item in sent}),
                environment=hook, sent=sent,
            ),
            "export": Case(small, ["export", "public", "--db", "x.db"], exported),
            "update": Case(folder("reader", july), ["update", feed / "public", "--db", "x.db"], facts_of),
            "serve with its crawl": Case(site, ["serve", "--port", "0", *asking], told(read_from_sites), DOES, environment=hook, sent=sent),
            "serve with a feed": Case(
                folder("visited", july), ["serve", "--port", "0", "--db", "x.db", "--feed", feed / "public"], facts_of, DOES
            ),
            "schedule": Case(site, ["schedule", *asking], told(read_from_sites), DOES, environment=hook, sent=sent),
            "schedule with a feed": Case(
                folder("again", july), ["schedule", "--db", "x.db", "--feed", feed / "public"], facts_of, DOES
            ),
        }  # fmt: skip


NAMES = (
    "doctor --repair", "backup", "restore", "a migration", "telling", "export", "update", "serve with its crawl", "serve with a feed",
    "schedule", "schedule with a feed",
)  # fmt: skip


def fresh(folder: Path, case: Case) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    if case.sent is not None:
        case.sent.clear()
    return Path(shutil.copytree(case.before, folder, ignore=shutil.ignore_patterns("public")))


def done(folder: Path, case: Case) -> Any:
    """Run a command to its end, or until it has done its work and ends when it is told to; return its result."""
    process = start(folder, case)
    until = time.monotonic() + 120
    while case.does and process.poll() is None and not re.search(case.does, said_in(folder), re.MULTILINE):
        assert time.monotonic() < until, said_in(folder)
        time.sleep(0.02)
    if case.does and process.poll() is None:
        process.terminate()
    assert process.wait(120) in case.codes, said_in(folder)
    return case.result(folder)


@pytest.mark.fault("any command that writes is killed at any instant")
@pytest.mark.skipif(sys.platform != "linux", reason="what is left behind is looked up in /proc")
@pytest.mark.parametrize("name", NAMES)
def test_a_killed_command_done_again_ends_as_an_undisturbed_one(name: str, cases: dict[str, Case], tmp_path: Path) -> None:
    """SIGKILL, SIGTERM, SIGHUP or SIGQUIT at seeded random instants; no process was left behind, nothing was said of it, the database was whole, and the command done again gave the result of an undisturbed one and had told all of it."""
    case, chance = cases[name], random.Random(f"18 {name}")
    folder = fresh(tmp_path / "undisturbed", case)
    began = time.monotonic()
    wanted, seconds = done(folder, case), time.monotonic() - began
    assert wanted
    assert none_left(folder) == []
    alive = 0
    for attempt in range(max(1, KILLS // len(NAMES))):
        folder = fresh(tmp_path / "killed", case)
        number, at = chance.choice(SIGNALS), chance.random() * seconds
        process = start(folder, case)
        time.sleep(at)
        alive += process.poll() is None
        process.send_signal(getattr(signal, number))
        left = none_left(folder)
        process.wait(30)
        what = f"{name}, attempt {attempt}, {number} after {at:.3f} of {seconds:.3f} s"
        assert left == [], what
        assert "leaked" not in said_in(folder), what
        assert "Traceback" not in said_in(folder), what
        if name != "doctor --repair":  # what it moves aside is broken
            sound(folder)
        if case.does:
            assert main(["doctor", "--db", str(folder / "x.db")]) == 0, what
        assert done(folder, case) == wanted, what
        assert none_left(folder) == [], what
    print(f"{name}: {alive} of {attempt + 1} were killed while they ran")
