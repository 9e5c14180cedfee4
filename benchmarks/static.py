"""Compare nginx over an export with the live site on the same facts, on loopback in one run: the lookups of all builds, eight clients at once.

Both answer with the same JSON, but for ``valid_until``. The clients are bare sockets: a library for HTTP would take longer than nginx.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from command import Command
from load import CLIENTS, at_once, serving
from timing import Row, compared

SECONDS: Final = 5.0  # for a side in a round
TARGET: Final = 1 / 10
CONFIGURATION: Final = """daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{ access_log off; keepalive_requests 1000000; default_type application/json;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{ listen 127.0.0.1:{port}; root {root}; }} }}
"""


def rows(program: Command, folder: Path, rounds: int) -> list[Row]:
    """Return the row of the comparison of a sixth of all builds; none where there is no nginx."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if nginx is None:
        return []
    copy, public = folder / "static.db", folder / "public"
    program.hotpatch_kb("replay", "--db", copy, "--archive", folder / "static.archive")
    program.hotpatch_kb("export", public, "--db", copy, "--no-site")
    with closing(sqlite3.connect(copy)) as conn:
        builds = [row[0] for row in conn.execute("select distinct build from releases where build is not null order by build")][::6]
    times: dict[str, list[float]] = {"nginx": [], "live": []}
    with serving(program, copy) as (live, _), _nginx(nginx, public, folder) as static:
        sides = [
            ("nginx", static, [f"/v1/builds/{build}.json" for build in builds]),
            ("live", live, [f"/api/lookup?q={build}" for build in builds]),
        ]
        for _, address, paths in sides:  # the live site keeps an answer after the first question
            _load(address, paths, 3 * SECONDS)
        for number in range(max(1, rounds // 3)):
            for name, address, paths in sides if number % 2 else reversed(sides):
                times[name].append(SECONDS / _load(address, paths, SECONDS))
    return [
        compared(
            "site", f"nginx over an export, a lookup, {CLIENTS} clients", times["nginx"], "the live site, a lookup", times["live"], TARGET
        )
    ]


@contextmanager
def _nginx(program: str, root: Path, folder: Path) -> Iterator[str]:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, root=root, port=port), encoding="utf-8")
    folder.chmod(0o755)  # the workers of root run as another user
    with subprocess.Popen(
        [program, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")], stderr=subprocess.DEVNULL
    ) as server:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _load(address: str, paths: Sequence[str], seconds: float) -> int:
    """Return the number of answered requests in so many seconds.

    Raises:
        SystemExit: an answer was not 200.
    """
    host = urlsplit(address)
    counts, wrong = [0] * CLIENTS, []
    end = time.monotonic() + seconds

    def client(number: int) -> None:
        place = number * len(paths) // CLIENTS
        with socket.create_connection((host.hostname, host.port), 60) as connection, connection.makefile("rb") as answers:
            while time.monotonic() < end:
                path = paths[place := (place + 1) % len(paths)]
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host.netloc}\r\n\r\n".encode())
                status, length = answers.readline(), 0
                while (line := answers.readline()) not in {b"\r\n", b""}:
                    if line[:15].lower() == b"content-length:":
                        length = int(line[15:])
                if b" 200 " not in status or len(answers.read(length)) != length:
                    wrong.append(f"{path}: {status!r}")
                    return
                counts[number] += 1

    at_once(client)
    if wrong:
        raise SystemExit(f"expected no error at {address}, got {wrong[:3]}")
    return sum(counts)
