"""New facts while eight clients ask: no request fails, and each answer is of one state of the facts.

An update in place on one node, two nodes behind nginx that are stopped and get another file one after the other, and a file that takes the place of
the one that is served. ``HOTPATCH_KB_ROLLOUT=60`` says how many seconds three roll-outs take together.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from conftest import Command
from helpers import render
from helpers.changed_trees import hotpatch_tree
from helpers.exports import export
from helpers.serving import get, served_as_of_day, serving

from hotpatch_kb.db.store.connections import open_for_reading
from hotpatch_kb.scraper.cli.main import main

ROOT = Path(__file__).parent.parent
CLIENTS: Final = 8
SECONDS: Final = float(os.environ.get("HOTPATCH_KB_ROLLOUT", "9"))  # for three roll-outs
DAY: Final = "2026-10-15"
PATHS: Final = (
    "/", "/api/lookup?q=26100.32690", "/api/lookup?q=26100.32772", "/build/26100.32772", "/ja/build/26100.32772", "/kb/5087423", "/product/ws2025",
    "/calendar/2026", "/changes", "/sources", "/api/next?product=ws2025", "/api/verdicts?product=ws2025", "/api/status", "/feeds/releases.atom",
    "/calendars/ws2025.ics", "/csv/releases.csv", "/hotpatch/releases.json?product=ws2025&_shape=array", "/hotpatch/data_until.json?_shape=array",
)  # fmt: skip
STATE: Final = "/api/lookup?q=26100.32772"  # says another newest release in each state
LATER: Final = (
    ("2026-08-12", "August 11, 2026—Hotpatch KB5120228 (OS Build 26100.33222)"),
    ("2026-09-09", "September 8, 2026—Hotpatch KB5130010 (OS Build 26100.33290)"),
    ("2026-10-14", "October 13, 2026—Baseline KB5140020 (OS Build 26100.33370)"),
)


@pytest.fixture(scope="module")
def states(made_once: Any) -> list[Path]:
    """Databases of July to October, each month with one more release of Windows Server 2025, and an export of each, ``public`` beside it."""

    def make(folder: Path) -> None:
        entries: list[render.NavEntry] = []
        trees = []
        for number, (day, title) in enumerate((("2026-07-24", ""), *LATER)):
            if title:
                entries.insert(0, render.NavEntry(title, re.findall("KB[0-9]+", title)[0].lower()))
            trees.append(hotpatch_tree(folder, f"tree-{number}", day, lambda entry: entry, {2: list(entries)}))
            for tree in trees:
                assert main(["crawl", "--from", str(tree), "--db", str(folder / str(number) / "hotpatch.db"), "--no-seed"]) == 0
            export(folder / str(number) / "hotpatch.db", folder / str(number) / "public")

    folder = Path(made_once("rollout", make))
    return [folder / str(number) for number in range(1 + len(LATER))]


def _free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Asked:
    """What eight clients saw until ``stop``: bodies by path, and what went wrong."""

    def __init__(self, address: str) -> None:
        self.bodies: dict[str, set[bytes]] = defaultdict(set)
        self.failed: list[str] = []
        self.count = 0
        self._address, self._ended, self._lock = address, threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _ask(self, number: int) -> None:
        paths = cycle((*PATHS[2 * number :], *PATHS[: 2 * number]))
        with httpx.Client(base_url=self._address, timeout=30) as http:
            while not self._ended.is_set():
                path = next(paths)
                try:
                    answer = http.get(path)
                except httpx.HTTPError as error:
                    self.failed.append(f"{path}: {error!r}")
                    continue
                with self._lock:
                    self.count += 1
                    self.bodies[path].add(answer.content)
                    if answer.status_code != 200:
                        self.failed.append(f"{path}: {answer.status_code}")

    def wait_for(self, states: int) -> None:
        """Wait until this number of states was seen, and then for a third of the time."""
        end = time.monotonic() + 60
        while len(self.bodies[STATE]) < states:
            assert time.monotonic() < end, f"expected {states} states, saw {len(self.bodies[STATE])}"
            time.sleep(0.05)
        time.sleep(SECONDS / 3)

    def stop(self) -> None:
        """Wait until each client has its last answer."""
        self._ended.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def asking(address: str) -> Iterator[Asked]:
    """Ask all the time, and stop at the end."""
    asked = Asked(address)
    try:
        yield asked
    finally:
        asked.stop()


def _whole(address: str) -> dict[str, bytes]:
    """Return the answer of every path."""
    with httpx.Client(base_url=address, timeout=30) as http:
        return {path: http.get(path).raise_for_status().content for path in PATHS}


def _expected(databases: list[Path], folder: Path, port: int, ask: Callable[[str], dict[str, bytes]] = _whole) -> list[dict[str, bytes]]:
    """Return the answers of each state: of a server of its own, at the same address, one after the other."""
    found = []
    for number, db in enumerate(databases):
        place = folder / f"expected-{number}"
        place.mkdir()
        shutil.copy(db, place / "hotpatch.db")
        with served_as_of_day(place, "--port", str(port), day=DAY) as address:
            found.append(ask(address))
    return found


def _compare(asked: Asked, expected: list[dict[str, bytes]]) -> None:
    """No request failed, each answer is one of a state, and the answers of every state were seen."""
    assert asked.failed == []
    assert asked.count > 10 * CLIENTS
    for path in PATHS:
        of_states = {answers[path] for answers in expected}
        assert len(asked.bodies[path] - of_states) == 0, path
    assert {answers[STATE] for answers in expected} == asked.bodies[STATE]


def _copied(db: Path, target: Path) -> Path:
    with closing(open_for_reading(db)) as conn:
        conn.execute(f"vacuum into '{target}'")
    return target


@pytest.mark.fault("newer facts while eight clients ask")
def test_updates_of_one_node_fail_no_request(states: list[Path], tmp_path: Path, run: Command) -> None:
    """Three updates come from exports, and all the time the site is asked for everything; each answer is one that a server of one of the four states gives."""
    shutil.copytree(states[0], tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("public", "*.lock"))
    db = tmp_path / "hotpatch.db"
    port, seen = _free_port(), [_copied(db, tmp_path / "state-0.db")]
    with served_as_of_day(tmp_path, "--port", str(port), day=DAY) as address, asking(address) as asked:
        for number, state in enumerate(states[1:], 1):
            asked.wait_for(number)
            done = run("update", state / "public", "--db", db)
            assert done.code == 0, done.err
            seen.append(_copied(db, tmp_path / f"state-{number}.db"))
        asked.wait_for(len(states))
    _compare(asked, _expected(seen, tmp_path, port))


@contextmanager
def _nginx(folder: Path, port: int, nodes: list[int]) -> Iterator[str]:
    """Run nginx with the project's example, of two sites, without TLS and without its limits for one visitor."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if nginx is None:
        pytest.skip("needs nginx: apt-get install nginx-light")
    conf = (ROOT / "deploy" / "proxy" / "nginx.conf").read_text(encoding="utf-8")
    for written, ours in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port}"), ("    server 127.0.0.1:8001 max_fails=0;", "".join(f"server 127.0.0.1:{node} max_fails=0; " for node in nodes)),
        ("/var/cache/nginx/hotpatch-kb", f"{folder}/cache"),
    ):  # fmt: skip
        assert written in conf
        conf = conf.replace(written, ours)
    conf = re.sub(r"(?m)^ *(?:ssl_certificate|ssl_certificate_key|limit_req|limit_conn) .*\n", "", conf)
    user = "user root;" if getattr(os, "geteuid", lambda: 1)() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}} http {{ access_log off; {conf} }}",
        encoding="utf-8",
    )
    with subprocess.Popen([nginx, "-c", folder / "nginx.conf", "-p", folder], stderr=subprocess.DEVNULL) as proxy:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            proxy.terminate()


@pytest.mark.fault("a site behind a proxy that is stopped and gets another database")
def test_two_nodes_behind_nginx_fail_no_request(states: list[Path], tmp_path: Path) -> None:
    """Three times each node is stopped, gets the file of the next state, and starts again; nginx asks the other one meanwhile."""
    ports, folders = [_free_port(), _free_port()], [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
        shutil.copy(states[0] / "hotpatch.db", folder)
    with ExitStack() as whole:
        running = [ExitStack(), ExitStack()]
        for number in range(2):
            whole.callback(running[number].close)
            running[number].enter_context(served_as_of_day(folders[number], "--port", str(ports[number]), day=DAY))
            _whole(f"http://127.0.0.1:{ports[number]}")
        address = whole.enter_context(_nginx(tmp_path, _free_port(), ports))
        asked = whole.enter_context(asking(address))
        for number, state in enumerate(states[1:], 1):
            asked.wait_for(number)
            for node in range(2):
                running[node].close()
                Path(shutil.copy(state / "hotpatch.db", tmp_path / "next.db")).replace(folders[node] / "hotpatch.db")
                running[node].enter_context(served_as_of_day(folders[node], "--port", str(ports[node]), day=DAY))
                _whole(f"http://127.0.0.1:{ports[node]}")
        asked.wait_for(len(states))
    _compare(asked, _expected([state / "hotpatch.db" for state in states], tmp_path, ports[0], _as_nginx_asks))


def _as_nginx_asks(address: str) -> dict[str, bytes]:
    """Return the answer of every path to who asks for the name that the example gives."""
    with httpx.Client(base_url=address, timeout=30, headers={"host": "hotpatch.example.org"}) as http:
        return {path: http.get(path).raise_for_status().content for path in PATHS}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not replace a file that is open")
@pytest.mark.fault("a database that is replaced while it is served")
def test_a_file_in_the_place_of_the_served_one_is_said(states: list[Path], tmp_path: Path) -> None:
    """A newer file takes its place by a rename, as rsync does it; one warning with what to do, and the facts of before are served whole."""
    shutil.copy(states[0] / "hotpatch.db", tmp_path)
    with serving(tmp_path, "--no-crawl") as served:
        url = served.until(r"^serving (\S+)")[1]
        before = get(f"{url}hotpatch/releases.json?product=ws2025&_shape=array")
        Path(shutil.copy(states[1] / "hotpatch.db", tmp_path / "next.db")).replace(tmp_path / "hotpatch.db")
        served.until(r"^warning: expected hotpatch\.db to stay while it is served, but it was replaced or removed: .* hotpatch-kb update")
        assert get(f"{url}hotpatch/releases.json?product=ws2025&_shape=array") == before
        assert served.stop() == 0
    assert len([line for line in served.said if "replaced or removed" in line]) == 1
