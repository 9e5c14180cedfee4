"""``hotpatch-kb serve``: Datasette on the database, at once, and a crawl of what is due in a process of its own."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.store import schema
from hotpatch_kb.db.store.connections import open_for_reading
from hotpatch_kb.scraper.crawl import runs
from hotpatch_kb.scraper.crawl.schedule import command, said

Say = Callable[[str], None]


def serve(
    db: Path,
    archive: Path,
    *,
    host: str,
    port: int,
    do_crawl: bool,
    is_public: bool,
    contact: str,
    mirror: str | None,
    as_json: bool,
    say: Say,
) -> int:
    """Serves until it is stopped: Ctrl-C, SIGINT or SIGTERM, which ends a crawl that is on.

    Returns:
        the exit code: 0 after it was stopped.

    Raises:
        BadInput: the address cannot be listened on.
    """
    import uvicorn  # noqa: PLC0415 (Datasette and its server take 1.3 s to import)

    from hotpatch_kb.db.site import datasette  # noqa: PLC0415

    listening = _listen(host, port)
    if runs.ensure_seeded(db, archive):
        say(f"made {db} from the embedded facts")
    with _served(db, say) as file:
        with closing(open_for_reading(file)) as conn:
            until = conn.execute("select max(data_until) from lines").fetchone()[0]
        url = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/"
        print(json.dumps([{"url": url, "data_until": until}]) if as_json else f"serving {url} (facts end on {until})", flush=True)
        if not is_public and host not in {"127.0.0.1", "::1", "localhost"}:
            say(f"warning: {host} is reached by others, and SQL of visitors is open; --public closes it")
        site = datasette(file, public=is_public)
        config = uvicorn.Config(site.app(), host=host, port=port, log_level="warning", lifespan="on", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)

        def stopped(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the two of a handler)
            server.should_exit = True

        # Having stopped, uvicorn raises the signal again for whoever handled it before: by default SIGTERM would end us then, and the crawl go on.
        former = signal.signal(signal.SIGTERM, stopped)
        crawling = _Crawl(db, archive, contact, mirror, say) if do_crawl else None
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:
            pass
        finally:
            signal.signal(signal.SIGTERM, former)
            if crawling is not None:
                crawling.stop()
            listening.close()
    return 0


@contextmanager
def _served(db: Path, say: Say) -> Iterator[Path]:
    """The file to serve, with the migrations and views of this version: the database, or where it cannot be written, a copy of its state of now.

    A site reads for months. Without a -shm for its locks (see ``hotpatch_kb.db.store.connections``) it would read half of what is written meanwhile from elsewhere.
    """
    try:
        schema.open_for_writing(db).close()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}:
            raise
    else:
        yield db
        return
    with tempfile.TemporaryDirectory(prefix="hotpatch-kb-", ignore_cleanup_errors=True) as folder:  # Windows deletes no file that is open
        copy = Path(folder) / db.name
        with closing(open_for_reading(db)) as conn, closing(sqlite3.connect(copy)) as target:
            conn.backup(target)
        schema.open_for_writing(copy).close()
        say(f"warning: {db} cannot be written: a copy of its state of now is served; what is written into it later shows after a restart")
        yield copy


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP, or asyncio leaves Nagle's algorithm on for what it accepts: headers and body are two writes, and each answer took 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # on Windows it would let two servers share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except (OSError, socket.gaierror) as error:
        listening.close()
        raise BadInput(f"expected an address to listen on, got {host}:{port}: {error}") from None
    return listening


class _Crawl:
    """A crawl in another process: parsing does not hold up the server, and stopping the server stops it."""

    def __init__(self, db: Path, archive: Path, contact: str, mirror: str | None, say: Say) -> None:
        self._process = subprocess.Popen(
            command(db, archive, contact, mirror),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        self._say = say
        self._is_stopping = False
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._say(f"crawl: {line.rstrip()}")
        code = self._process.wait()
        if not self._is_stopping:
            self._say(f"crawl: {said(code)}; serving on")

    def stop(self) -> None:
        """Ends the crawl. The database is as it was before it, or has all of it."""
        self._is_stopping = True
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(timeout=10)
        self._thread.join(timeout=10)
        if self._process.stdout is not None:
            self._process.stdout.close()
