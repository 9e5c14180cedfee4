"""``hotpatch-kb serve`` as a process, and its answers."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Served:
    """A running server: its address, and what it says."""

    def __init__(self, folder: Path, *arguments: str, descriptors: int | None = None, before: Sequence[str] = ()) -> None:
        limited = ["sh", "-c", f'ulimit -n {descriptors}; exec "$0" "$@"'] if descriptors else list(before)
        self.process = subprocess.Popen(
            [*limited, sys.executable, "-m", "hotpatch_kb", "serve", "--port", "0", *arguments],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        )  # fmt: skip
        self.said: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line.rstrip())
        self._lines.put(None)

    def until(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """The first line that matches."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            assert line is not None, f"ended before {pattern!r}: {self.said}"
            self.said.append(line)
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"no line {pattern!r} in {seconds} s: {self.said}")

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=20)
        self._thread.join(timeout=5)
        assert self.process.stdout
        self.process.stdout.close()
        while not self._lines.empty() and (line := self._lines.get_nowait()) is not None:
            self.said.append(line)
        return code


@contextmanager
def serving(folder: Path, *arguments: str, descriptors: int | None = None, before: Sequence[str] = ()) -> Iterator[Served]:
    """Run ``hotpatch-kb serve`` in a folder, with a limit of descriptors or a command that runs it if one is given, and stop it at the end."""
    served = Served(folder, *arguments, descriptors=descriptors, before=before)
    try:
        yield served
    finally:
        served.stop()


def get(url: str) -> Any:
    """Return the JSON or the text of an address."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        body = answer.read().decode()
        return json.loads(body) if answer.headers["content-type"].startswith("application/json") else body


DAY = "2026-07-24"  # the data is of 2026-07-23: on this day something is current
FLEET = "host,product,build,line\nsrv1,ws2025,26100.33158,hotpatch\nsrv2,ws2025,26100.32772,hotpatch\nsrv3,ws2022,20348.5256,standard\nlap1,win11-25h2,26200.8893,hotpatch\n"
# The server of the pictures answers as of DAY.
SERVE = (
    "import sys; from hotpatch_kb.db.model import clock; clock.today = lambda: sys.argv[1]; "
    "from hotpatch_kb.scraper.cli.main import main; sys.exit(main(sys.argv[2:]))"
)


@contextmanager
def served_as_of_day(folder: Path, *arguments: str, day: str = DAY) -> Iterator[str]:
    """Serve the embedded facts as of a day; yield the address."""
    command = [sys.executable, "-c", SERVE, day, "serve", "--port", "0", "--no-crawl", "--db", str(folder / "hotpatch.db"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder, env=environment) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[1]
        finally:
            server.terminate()
