"""``hotpatch-kb serve`` as a process: it serves at once, crawls in the background, and shows what a crawl brought."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from conftest import Command
from helpers import render
from helpers.mirror import Mirror
from helpers.serving import get, serving

from hotpatch_kb.db.model.errors import LockHeld
from hotpatch_kb.scraper.crawl.database import locked


@pytest.mark.fault("a site started without a network")
def test_a_fresh_machine_without_a_network_serves_the_embedded_facts(tmp_path: Path) -> None:
    """Nothing can be reached; the site serves the embedded facts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
    began = time.monotonic()
    with serving(tmp_path, "--mirror", nowhere) as served:
        url = served.until(r"^serving (\S+) \(data as of 2026-07-23\)")[1]
        rows = get(f"{url}hotpatch/releases.json?product=ws2025&kb=5087423&_shape=array")
        assert [(row["build"], row["classification"]) for row in rows] == [("26100.32772", "hotpatch")]
        assert "Traceback" not in get(url)
        served.until(r"^crawl: a source failed or could not be reached; its facts were kept; still serving")
        assert time.monotonic() - began < 120  # it does not wait for hosts one after the other
        assert get(f"{url}hotpatch/data_until.json?_shape=array&product=ws2025&line=hotpatch")[0]["data_until"] == "2026-07-23"
        assert served.stop() == 0
    _says_little(served.said)


def _says_little(said: list[str]) -> None:
    """Three lines before it serves: what, as of when, what to do. Twelve in all, each host that cannot be reached once."""
    begin = next(number for number, line in enumerate(said) if line.startswith("serving "))
    assert begin <= 2
    assert re.fullmatch(r"made hotpatch\.db from the embedded facts, data as of 2026-07-23 \(\d+ days ago\)", said[0])
    assert "hotpatch-kb update" in said[1]
    assert len(said) <= 12, said
    hosts = [re.search(r"https://([a-z.]+)/", line) for line in said if ": unreachable: " in line]
    assert len(hosts) == len({host[1] for host in hosts if host}) >= 5
    assert not [line for line in said if "Traceback" in line]


@pytest.mark.fault("a machine without a route to any network")
def test_a_machine_without_a_network_starts_with_three_lines(tmp_path: Path) -> None:
    """It runs in a network namespace of its own, so names cannot be resolved; it serves the embedded facts, and says each host once."""
    alone = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs Linux with user namespaces")
    with serving(tmp_path, before=alone) as served:
        served.until(r"^serving (\S+) \(data as of 2026-07-23\)")
        served.until(r"^crawl: a source failed or could not be reached; its facts were kept; still serving")
        served.stop()
    _says_little(served.said)


def test_a_crawl_shows_without_a_restart(tmp_path: Path, worlds: dict[str, Path]) -> None:
    """Case 18: the running server sees the finished crawl, and before it the old state."""
    august = render.NavEntry("August 11, 2026—Hotpatch KB5120228 (OS Build 26100.33222)", "../../windows-server-2025/2026/kb5120228")
    categories = render.hotpatch_categories("2026-07", "new")
    categories[2].entries.insert(0, august)
    page = render.navigation_new(categories, h1="Release notes", url=render.HOTPATCH_HUB["new"])
    with Mirror() as mirror:
        mirror.serve_tree(worlds["new"])
        mirror.delay(render.HOTPATCH_HUB["new"], page.encode(), 3.0)
        with serving(tmp_path, "--mirror", mirror.url) as served:
            url = served.until(r"^serving (\S+)")[1]
            asked = f"{url}hotpatch/releases.json?kb=5120228&_shape=array"
            assert get(asked) == []
            served.until("^crawl: (?:done|a source failed or could not be reached; its facts were kept); still serving")
            assert [row["build"] for row in get(asked)] == ["26100.33222"]
            assert get(f"{url}hotpatch/next_restarts.json?_shape=array")
            assert served.stop() == 0


def test_public_closes_sql_and_downloads(tmp_path: Path) -> None:
    with serving(tmp_path, "--no-crawl", "--public") as served:
        url = served.until(r"^serving (\S+)")[1]
        assert get(f"{url}hotpatch/latest_releases.json?_shape=array")
        for closed in ("hotpatch.json?sql=select+1", "hotpatch.db", "hotpatch/releases.json?_where=1=1"):
            with pytest.raises(urllib.error.HTTPError) as error:
                get(url + closed)
            assert error.value.code == 403
            error.value.close()
    with serving(tmp_path, "--no-crawl") as served:
        url = served.until(r"^serving (\S+)")[1]
        assert get(f"{url}hotpatch.json?sql=select+1+as+one&_shape=array") == [{"one": 1}]


@pytest.mark.fault("a site that is told to stop in a crawl")
def test_a_site_that_stops_ends_its_crawl(tmp_path: Path) -> None:
    """SIGTERM comes, as systemd and containers send it, while its crawl waits for an answer; the crawl ends with it, its lock is free, exit code 0."""
    if sys.platform == "win32":
        pytest.skip("needs signals of POSIX")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        with serving(tmp_path, "--mirror", f"http://127.0.0.1:{silent.getsockname()[1]}") as served:
            silent.settimeout(60)
            with silent.accept()[0]:
                with pytest.raises(LockHeld), locked(tmp_path / "hotpatch.db"):
                    pass
                served.process.terminate()
                assert served.process.wait(timeout=20) == 0
                with locked(tmp_path / "hotpatch.db"):
                    pass


@pytest.mark.fault("a site that is killed in a crawl")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGQUIT", "SIGABRT", "SIGKILL"])
def test_a_site_that_is_killed_ends_its_crawl(name: str, tmp_path: Path) -> None:
    """Its process gets a signal that it cannot or does not handle, while its crawl waits for an answer; the crawl ends by itself, its lock is free."""
    if sys.platform == "win32":
        pytest.skip("needs signals of POSIX")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        with ExitStack() as at_end:
            if name != "SIGKILL":
                # The site inherits it: nohup ignores SIGHUP, and a shell SIGQUIT for what it runs in the background.
                at_end.callback(signal.signal, getattr(signal, name), signal.signal(getattr(signal, name), signal.SIG_DFL))
            served = at_end.enter_context(serving(tmp_path, "--mirror", f"http://127.0.0.1:{silent.getsockname()[1]}"))
            silent.settimeout(60)
            with silent.accept()[0]:
                served.process.send_signal(getattr(signal, name))
                served.process.wait(timeout=20)
                until = time.monotonic() + 20
                while True:
                    try:
                        with locked(tmp_path / "hotpatch.db"):
                            break
                    except LockHeld:
                        assert time.monotonic() < until
                        time.sleep(0.05)


@pytest.mark.fault("standard streams that are closed")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_cost_no_run(closed: str, worlds: dict[str, Path], tmp_path: Path) -> None:
    """A crawl is started as daemons do it, without some of its streams; it reads all pages, and its database is whole."""
    if sys.platform == "win32":
        pytest.skip("needs a shell of POSIX")
    db = tmp_path / "a.db"
    call = ["sh", "-c", f'exec "$0" -m hotpatch_kb "$@" {closed}', sys.executable]
    assert subprocess.run([*call, "crawl", "--no-seed", "--from", worlds["old"], "--db", db], check=False, timeout=120).returncode == 0
    with closing(sqlite3.connect(db)) as conn:
        assert conn.execute("pragma integrity_check").fetchone()[0] == "ok"
        assert conn.execute("select count(*) from releases").fetchone()[0] > 500
    assert subprocess.run([*call, "lookup", "26100.32772", "--db", db], check=False, timeout=60).returncode == 0


@pytest.mark.fault("a port that is taken")
def test_a_port_that_is_taken_is_one_clear_line(run: Command) -> None:
    """Something else listens there; exit code 2 and one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        done = run("serve", "--no-crawl", "--port", taken.getsockname()[1])
    assert (done.code, done.err.startswith("hotpatch-kb: expected an address to listen on")) == (2, True)
