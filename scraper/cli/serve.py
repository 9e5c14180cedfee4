"""``hotpatch-kb serve``: Datasette on the database, at once, and a crawl of what is due, or an update from a feed, in a subprocess."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Final

from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.store import schema
from hotpatch_kb.db.store.connections import copy_into, open_for_reading
from hotpatch_kb.scraper.crawl import runs
from hotpatch_kb.scraper.crawl.exit_codes import ExitCode
from hotpatch_kb.scraper.crawl.schedule import Intake, Schedule, watch
from hotpatch_kb.scraper.crawl.stderr import say
from hotpatch_kb.scraper.crawl.upkeep import stuck

# Seconds from the signal to the end: two for requests, then the crawl's patience.
_ENDED_AFTER: Final = stuck.PATIENCE + 5
_THREADS: Final = 3  # num_sql_threads
_WATCHED: Final = 2.0  # seconds between two looks whether the file is the same


def serve(db: Path, archive: Path, *, host: str, port: int, intake: Intake | None, is_public: bool, as_json: bool) -> int:
    """Serve until stopped by Ctrl-C, SIGINT or SIGTERM, which also ends a running crawl or update.

    Args:
        db: the database; made from the embedded facts if there is none.
        archive: the folder of answers.
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        intake: where to take what is due from, in the background; None for nowhere.
        is_public: whether to forbid visitors to send SQL or download the database.
        as_json: whether to print the address as JSON.

    Returns:
        the exit code, DONE after it was stopped.

    Raises:
        BadInput: the address cannot be listened on.
    """
    from hotpatch_kb.db.site import datasette  # noqa: PLC0415 (Datasette takes 1.3 s to import)

    listening = _listen(host, port)
    is_made = runs.ensure_seeded(db, archive)
    with _served(db) as file:
        with closing(open_for_reading(file)) as conn:
            until = conn.execute("select max(data_until) from lines").fetchone()[0]
        if is_made:
            say(f"made {db} from the embedded facts, data as of {until} ({clock.days_since(until, clock.today())} days ago)")
            say(
                f"{_newer(intake)}. Without the internet: hotpatch-kb update FOLDER reads an export of another machine, hotpatch-kb crawl --from FILES saved pages"
            )
        url = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/"
        print(json.dumps([{"url": url, "data_until": until}]) if as_json else f"serving {url} (data as of {until})", flush=True)
        if not is_public and host not in {"127.0.0.1", "::1", "localhost"}:
            say(f"warning: others can reach {host}, and visitors may send SQL; --public forbids it")
        site = datasette(file, public=is_public)
        _serve(site.app(), file, listening, (lambda: _Taking(db, archive, intake)) if intake is not None else None)
    return ExitCode.DONE


def _newer(intake: Intake | None) -> str:
    """Return where newer facts come from, in a few words."""
    if intake is None:
        return "hotpatch-kb crawl reads newer pages"
    return f"newer facts are taken from {intake.shown()}" if intake.feed else "newer pages are read in the background"


def _serve(app: Any, file: Path, listening: socket.socket, start_taking: Callable[[], _Taking] | None) -> None:
    """Serve an application on a socket, with a crawl or updates in the background that are stopped at the end."""
    import uvicorn  # noqa: PLC0415

    from hotpatch_kb.scraper.cli.connections import BACKLOG, QUEUE, Connection, keep_values_out  # noqa: PLC0415

    config = uvicorn.Config(
        _ending_quietly(app), http=Connection, ws="none", backlog=BACKLOG, log_level="warning", lifespan="on", timeout_graceful_shutdown=2
    )
    logging.disable(logging.INFO)  # the library of the extra mcp turns the log of every other one on
    keep_values_out()

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            stuck.end_myself_after(_ENDED_AFTER, ExitCode.DONE)
            super().handle_exit(sig, frame)

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await _warm(app)
            self.watching = asyncio.create_task(_say_when_replaced(file))
            await super().startup(sockets)
            listening.listen(QUEUE)  # asyncio queues no more connections than it accepts at once

    server = Server(config)
    # In seconds. While a fleet is judged in a thread, each step of an ordinary answer waits so long for its turn; 0.005 is the default.
    sys.setswitchinterval(0.001)

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (a signal handler gets both)
        stuck.end_myself_after(_ENDED_AFTER, ExitCode.DONE)
        server.should_exit = True

    # After it has stopped, uvicorn raises the signal again for the former handler: SIGTERM's default would end us before the crawl is stopped.
    former = signal.signal(signal.SIGTERM, stop)
    stuck.end_in_a_long_call()
    taking: _Taking | None = None
    try:
        taking = start_taking() if start_taking is not None else None
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, former)
        if taking is not None:
            taking.stop()
        listening.close()


async def _say_when_replaced(file: Path) -> None:
    """Say so once when another file has taken the place of the one that is served, or when it is gone.

    The open one goes on being read. SQLite takes the -wal file beside it for a part of the new one, which damages that one (seen with 3.40.1:
    "database disk image is malformed"), so it is not opened: https://www.sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use
    """
    first = _identity(file)
    while True:
        await asyncio.sleep(_WATCHED)
        if _identity(file) != first:
            say(
                f"warning: expected {file} to stay while it is served, but it was replaced or removed: the facts of before are still served. Stop the site, "
                f"remove {file.name}-wal and {file.name}-shm, put the file there again and start; hotpatch-kb update takes newer facts without a stop"
            )
            return


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _ending_quietly(app: Any) -> Any:
    """Return an application whose end is no error: the extra mcp cancels the sessions of assistants then, and itself with them."""

    async def quiet(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        has_ended = False

        async def told(message: Any) -> None:
            nonlocal has_ended
            has_ended = has_ended or message["type"] == "lifespan.shutdown.complete"
            await send(message)

        try:
            await app(scope, receive, told)
        except asyncio.CancelledError:
            if not has_ended:
                raise

    return quiet


async def _warm(app: Any) -> None:
    """Ask for pages before anybody else can: imports, templates and facts take a second, in which a crowd would wait."""
    for path in ("/", "/ja/", "/build/00000"):
        await _asked(app, path, b"")
    # Each of Datasette's threads has a connection and verdicts of its own: as many lookups at once as it has threads (settings.json), of nothing.
    await asyncio.gather(*(_asked(app, "/api/lookup", f"q={number}".encode()) for number in range(_THREADS)))


async def _asked(app: Any, path: str, query: bytes) -> None:
    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query,
        "root_path": "", "headers": [(b"host", b"localhost")], "client": None, "server": None,
    }  # fmt: skip
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return asked.pop() if asked else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        pass

    with suppress(Exception):  # who asks for it will see what is wrong
        await app(scope, receive, send)


@contextmanager
def _served(db: Path) -> Iterator[Path]:
    """Provide the file to serve, with the migrations and views of this version: the database, or a copy of it where it cannot be written.

    A site reads for months. Without a -shm file for its locks (see ``hotpatch_kb.db.store.connections``) it would see half of what another
    process writes meanwhile.
    """
    try:
        schema.open_for_writing(db).close()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}:
            raise
    else:
        yield db
        return
    with tempfile.TemporaryDirectory(prefix="hotpatch-kb-", ignore_cleanup_errors=True) as folder:  # Windows does not delete open files
        copy = Path(folder) / db.name
        with closing(open_for_reading(db)) as conn, closing(sqlite3.connect(copy)) as target:
            copy_into(target, conn)
        schema.open_for_writing(copy).close()
        say(f"warning: {db} cannot be written: serving a copy; restart to see later changes")
        yield copy


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With IPPROTO_TCP asyncio turns Nagle's algorithm off for connections; headers and body are two writes, and each answer took 40 ms with it.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # on Windows two servers could then share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
    except (OSError, socket.gaierror) as error:
        listening.close()
        raise BadInput("expected an address to listen on, got {host}:{port}: {error}", host=host, port=port, error=error) from None
    return listening


class _Taking:
    """A crawl, or updates from a feed, in subprocesses: parsing does not slow the server, and stopping the server stops them."""

    def __init__(self, db: Path, archive: Path, intake: Intake) -> None:
        self._db, self._archive, self._intake = db, archive, intake
        self._stop = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        if self._intake.feed:
            watch(Schedule(self._db, self._run, say, intake=self._intake), self._stop)
            return
        code = self._run()
        if not self._stop.is_set():
            say(f"crawl: {self._intake.said(code)}; still serving")

    def _run(self) -> int:
        """Run the command to its end; return its exit code."""
        with subprocess.Popen(
            self._intake.command(self._db, self._archive),
            env=self._intake.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as process:
            self._process = process
            if self._stop.is_set():
                stuck.end(process)
            assert process.stdout is not None
            for line in process.stdout:
                say(f"{self._intake.verb()}: {line.rstrip()}")
            return process.wait()

    def stop(self) -> None:
        """End what runs. The database has all of a run or nothing of it."""
        self._stop.set()
        if self._process is not None and self._process.poll() is None:
            stuck.end(self._process)
        self._thread.join(timeout=stuck.PATIENCE + 2)
