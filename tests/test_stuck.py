"""Processes that hang: a call that never returns, a thread that never ends, a crawl that heeds no signal. Whoever is told to stop ends all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from hotpatch_kb.scraper.crawl.exit_codes import ExitCode

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals of POSIX")

# A match that takes years, in one call that holds the interpreter.
FOR_EVER = "re.fullmatch('(a|a)*b', 'a' * 60)"
# The command with short patience. What {day} does is done when a day is asked for, and {command} is run as its crawl.
PATIENT = """
import functools, re, sys
from hotpatch_kb.db.model import reading
from hotpatch_kb.scraper.crawl.upkeep import stuck
from hotpatch_kb.scraper.crawl.schedule import Intake
stuck.end_in_a_long_call = functools.partial(stuck.end_in_a_long_call, 2.0)
stuck.PATIENCE = 1.0
stuck.end.__defaults__ = (1.0,)
def day(text):
    open("began", "w").close()
    {day}
reading.day = day
Intake.command = lambda *_: [sys.executable, "-c", {command!r}]
from hotpatch_kb.scraper.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@contextmanager
def running(folder: Path, *arguments: str, day: str = "pass", command: str = "") -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", PATIENT.format(day=day, command=command), *arguments],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def until(process: subprocess.Popen[str], text: str) -> str:
    """The first line that has a text."""
    assert process.stdout is not None
    return next(line for line in process.stdout if text in line)


def appears(file: Path) -> None:
    """Wait for a file."""
    end = time.monotonic() + 240
    while not file.exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def ask(url: str) -> None:
    """Ask, and expect no answer; return at once."""

    def asking() -> None:
        with suppress(OSError):
            urllib.request.urlopen(url, timeout=240).close()

    threading.Thread(target=asking, daemon=True).start()


@pytest.mark.fault("a request that hangs the site in a single call")
def test_a_call_that_never_returns_ends_the_site(tmp_path: Path) -> None:
    """A pattern takes years for a text, and SIGTERM comes; the process ends, and says where it was without a word of the request."""
    with running(tmp_path, "serve", "--no-crawl", "--public", "--port", "0", day=FOR_EVER) as process:
        url = until(process, "serving").split()[1]
        ask(f"{url}api/lookup?q=26100.32772&on=visitor7f3a")
        appears(tmp_path / "began")
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=240)
        assert process.returncode == -signal.SIGPROF
    assert "in asked_day" in said
    assert "visitor7f3a" not in said


@pytest.mark.fault("a request that never ends while the site is told to stop")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_thread_that_never_ends_does_not_keep_the_site(name: str, tmp_path: Path) -> None:
    """A request takes for ever in steps, and the site is told to stop; it ends within its deadline, exit code 0."""
    with running(tmp_path, "serve", "--no-crawl", "--port", "0", day="while True: pass") as process:
        url = until(process, "serving").split()[1]
        ask(f"{url}api/lookup?q=26100.32772&on=2026-07-24")
        appears(tmp_path / "began")
        process.send_signal(getattr(signal, name))
        assert process.wait(timeout=240) == 0


@pytest.mark.fault("a parser that hangs in a single call while its site or daemon is told to stop")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("arguments", [("serve", "--port", "0"), ("schedule",)], ids=" ".join)
def test_a_crawl_that_heeds_nothing_is_killed(arguments: tuple[str, ...], name: str, tmp_path: Path) -> None:
    """A crawl is in a call that takes years; it is told to end, then killed, and nothing is left behind, exit code 0."""
    hangs = f"import os, re, signal; signal.signal(signal.SIGTERM, lambda *_: None); open('pid', 'w').write(str(os.getpid())); open('began', 'w').close(); {FOR_EVER}"
    with running(tmp_path, *arguments, command=hangs) as process:
        appears(tmp_path / "began")
        process.send_signal(getattr(signal, name))
        code = process.wait(timeout=240)
    left = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(left, signal.SIGKILL)
    assert code == 0


@pytest.mark.fault("a parser that hangs in a single call while its site is killed")
def test_a_hanging_crawl_ends_behind_a_killed_site(tmp_path: Path) -> None:
    """A crawl is in such a call, and what began it is gone; it ends by itself, since a thread of it cannot wind up its timer."""
    code = f"import functools, re; from hotpatch_kb.scraper.crawl.upkeep import parent, stuck; stuck.end_in_a_long_call = functools.partial(stuck.end_in_a_long_call, 1.0); parent.end_with_stdin(); print('began', flush=True); {FOR_EVER}"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"began\n"
        process.stdin.close()
        try:
            # On a busy machine the end of its input is seen before the call begins.
            assert process.wait(timeout=240) in {-signal.SIGPROF, ExitCode.INTERRUPTED}
        finally:
            process.kill()
