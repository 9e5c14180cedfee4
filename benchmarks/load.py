"""Load the site on loopback with eight clients at once, and compare it with a bare Datasette on the same database.

The lookup API against a canned query that finds the same builds, the page of a build against Datasette's page of a row; then a minute of mixed
pages with a crawl that commits in the middle: errors, answers that match neither the state before nor after, and memory.
"""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Final

import httpx
from command import Command
from material import RECORDED, render
from timing import Row, compared

CLIENTS: Final = 8
SECONDS: Final = 6.0  # for a side in a round
MINUTE: Final = 60.0
API_TARGET: Final = 1 / 0.9  # times a canned query's time
PAGE_TARGET: Final = 1 / 0.5
MEMORY_TARGET: Final = 100.0  # MB of growth in the minute: 64 of kept answers, and the new pages of a crawl
MIXED: Final = [
    "/",
    "/build/{build}",
    "/kb/{kb}",
    "/product/ws2025",
    "/calendar/2026",
    "/feeds/releases.atom",
    "/api/lookup?q={build}",
    "/api/next",
    "/cost?cores=400",
]


def rows(program: Command, folder: Path, rounds: int) -> list[Row]:
    """Return rows of times and of the minute: a database of May's pages, into which July's are read."""
    may, july = _trees(folder)
    copy = folder / "site.db"
    program.hotpatch_kb("crawl", "--db", copy, "--archive", folder / "site.archive", "--from", may)
    with closing(sqlite3.connect(copy)) as conn:
        builds = [row[0] for row in conn.execute("select distinct build from releases where build is not null order by build")]
        kbs = [row[0] for row in conn.execute("select distinct kb from releases where kb is not null order by kb")]
        keys = [row[0] for row in conn.execute("select release from releases order by release")]
    found = []
    with serving(program, copy) as (ours, pid), _bare(program, copy, folder) as bare:
        for what, mine, against, other, target in (
            ("lookup API", [f"/api/lookup?q={build}" for build in builds], "a canned query", [f"/site/find.json?build={build}" for build in builds], API_TARGET),
            ("page of a build", [f"/build/{build}" for build in builds], "Datasette's page of a row", [f"/site/releases/{key}" for key in keys], PAGE_TARGET),
        ):  # fmt: skip
            # Our site computes an answer when an address is first asked, and keeps it until a crawl or the day ends.
            first = [_once(address, paths) for address, paths in ((ours, mine), (bare, other))]
            found.append(compared("site", f"{what}, first time asked, a request", [first[0]], f"{against}, a request", [first[1]], None))
            times: dict[str, list[float]] = {"ours": [], "bare": []}
            for number in range(max(1, rounds // 3)):
                sides = [("ours", ours, mine), ("bare", bare, other)]
                for name, address, paths in sides if number % 2 else reversed(sides):
                    count, errors = _load(address, paths, SECONDS)
                    if errors:
                        raise SystemExit(f"expected no error of {name} at {address}, got {errors[:3]}")
                    times[name].append(SECONDS / count)
            found.append(
                compared("site", f"{what}, {CLIENTS} clients, a request", times["ours"], f"{against}, a request", times["bare"], target)
            )
        found += _minute(program, ours, pid, copy, july, builds, kbs)
    return found


def at_once(client: Callable[[int], None]) -> None:
    """Run ``CLIENTS`` clients at once, each with its number, until all have ended."""
    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _once(address: str, paths: Sequence[str]) -> float:
    """Return the seconds per request, each address once, by as many clients."""
    began = time.monotonic()

    def client(number: int) -> None:
        with httpx.Client(base_url=address, timeout=30) as http:
            for path in paths[number::CLIENTS]:
                http.get(path).raise_for_status()

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(client, range(CLIENTS)))
    return (time.monotonic() - began) / len(paths)


def _minute(program: Command, address: str, pid: int, db: Path, july: Path, builds: list[str], kbs: list[int]) -> list[Row]:
    paths = [path.format(build=builds[n * 37 % len(builds)], kb=kbs[n * 37 % len(kbs)]) for n in range(40) for path in MIXED]
    bodies: dict[str, set[bytes]] = defaultdict(set)
    before = _megabytes(pid)

    def crawl() -> None:
        time.sleep(MINUTE / 3)
        program.hotpatch_kb("crawl", "--db", db, "--archive", db.with_suffix(".archive"), "--from", july)

    crawling = threading.Thread(target=crawl)
    with closing(sqlite3.connect(db)) as conn:
        runs = conn.execute("select max(run) from runs").fetchone()[0]
    crawling.start()
    count, errors = _load(address, paths, MINUTE, lambda path, body: bodies[path].add(body))
    crawling.join()
    with closing(sqlite3.connect(db)) as conn:
        done = conn.execute("select count(*) from runs where run > ? and ended_at is not null", (runs,)).fetchone()[0]
    if done == 0:
        raise SystemExit("expected a crawl to end in the middle, got none")
    torn = sum(1 for answers in bodies.values() if len(answers) > 1 + done)
    print(f"site: {count} requests in the minute, {done} crawls ended in it", file=sys.stderr)
    return [
        Row(
            "site",
            f"a minute of mixed pages, {CLIENTS} clients, a crawl in the middle: errors",
            float(len(errors)),
            target=0.0,
            unit="errors",
        ),
        Row("site", "the same: answers that are of no state of the facts", float(torn), target=0.0, unit="answers"),
        Row("site", "the same: memory that it grew by", _megabytes(pid) - before, target=MEMORY_TARGET, unit="MB"),
    ]


def _load(address: str, paths: Sequence[str], seconds: float, seen: Callable[[str, bytes], None] | None = None) -> tuple[int, list[str]]:
    """Return the number of answered requests in so many seconds, and the errors."""
    lock, counts, errors = threading.Lock(), [0] * CLIENTS, []
    end = time.monotonic() + seconds

    def client(number: int) -> None:
        places = cycle(range(number, len(paths) + number, 1))
        with httpx.Client(base_url=address, timeout=30) as http:
            while time.monotonic() < end:
                path = paths[next(places) * (number + 1) % len(paths)]
                try:
                    answer = http.get(path)
                except httpx.HTTPError as error:
                    errors.append(f"{path}: {error!r}")
                    continue
                if answer.status_code != 200:
                    errors.append(f"{path}: {answer.status_code}")
                elif seen is not None:
                    with lock:
                        seen(path, answer.content)
                counts[number] += 1

    at_once(client)
    return sum(counts), errors


@contextmanager
def serving(program: Command, db: Path) -> Iterator[tuple[str, int]]:
    command = [*program.words, "serve", "--public", "--no-crawl", "--port", "0", "--db", str(db)]
    with subprocess.Popen(
        command, cwd=program.folder, env=program.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[1].rstrip("/")
            httpx.get(f"{address}/robots.txt", timeout=60)  # it says its address before it answers
            yield address, server.pid
        finally:
            server.terminate()


@contextmanager
def _bare(program: Command, db: Path, folder: Path) -> Iterator[str]:
    """Run Datasette alone, with one canned query and no plugin."""
    metadata = folder / "bare.json"
    query = "select product, kb, build, release_date, classification, baseline_kb, article_url from releases where build = :build"
    metadata.write_text(json.dumps({"databases": {"site": {"queries": {"find": {"sql": query}}}}}), encoding="utf-8")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "datasette",
        "serve",
        str(db),
        "-m",
        str(metadata),
        "-p",
        str(port),
        "--setting",
        "default_allow_sql",
        "off",
    ]
    with subprocess.Popen(
        command, cwd=program.folder, env=program.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(100):
                try:
                    httpx.get(address)
                    break
                except httpx.HTTPError:
                    time.sleep(0.1)
            yield address
        finally:
            server.terminate()


def _megabytes(pid: int) -> float:
    """Return the memory of a process in MB; 0 where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    match = re.search(r"^VmRSS:\s+(\d+) kB$", status.read_text(encoding="ascii"), re.MULTILINE) if status.exists() else None
    return int(match[1]) / 1024 if match else 0.0


def _trees(folder: Path) -> tuple[Path, Path]:
    """Return both generations of the site, recorded or rendered."""
    if all(tree.is_dir() for tree in RECORDED):
        return RECORDED
    made = (folder / "site-may", folder / "site-july")
    for tree, generation in zip(made, ("old", "new"), strict=True):
        render.write_world(tree, generation)
    return made
