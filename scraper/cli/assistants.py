"""``hotpatch-kb mcp``: the Model Context Protocol over standard input and output, for an assistant on this machine. The tools are those of the site."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.store.connections import copy_into
from hotpatch_kb.scraper.cli.common import open_facts
from hotpatch_kb.scraper.crawl.exit_codes import ExitCode

_SESSION: Final = "mcp-session-id"


def answer(db: Path) -> int:
    """Answer messages of an assistant, a JSON-RPC message a line, until standard input ends.

    Args:
        db: the database; where there is none, the embedded facts.

    Returns:
        the exit code, DONE.

    Raises:
        BadInput: the extra ``mcp`` is not installed.
    """
    if find_spec("datasette_mcp") is None:
        raise BadInput("expected datasette-mcp for the Model Context Protocol, got no such package: pip install 'hotpatch-kb[mcp]'")
    with _copied(db) as file:
        asyncio.run(_answer(file))
    return ExitCode.DONE


@contextmanager
def _copied(db: Path) -> Iterator[Path]:
    """Provide a copy of the facts, which nobody writes to: an assistant asks for minutes, and starts us in any folder."""
    with tempfile.TemporaryDirectory(prefix="hotpatch-kb-", ignore_cleanup_errors=True) as folder:  # Windows does not delete open files
        copy = Path(folder) / "hotpatch.db"
        with closing(open_facts(db)) as conn, closing(sqlite3.connect(copy)) as target:
            copy_into(target, conn)
        yield copy


async def _answer(file: Path) -> None:
    from uvicorn import Config  # noqa: PLC0415
    from uvicorn.lifespan.on import LifespanOn  # noqa: PLC0415

    from hotpatch_kb.db.site import datasette  # noqa: PLC0415 (Datasette takes 1.3 s to import)

    site = datasette(file, public=False)
    logging.disable(logging.WARNING)  # the library tells of each message
    config = Config(site.app(), lifespan="on", log_level="critical")  # at the end the session is cancelled, which it calls an error
    config.load()
    life = LifespanOn(config)
    await life.startup()
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        if not line.strip():
            continue
        said = await site.client.post("/-/mcp", content=line, headers=headers)  # in this process: no socket is opened
        headers |= {name: value for name, value in said.headers.items() if name == _SESSION}
        if said.content:  # a notification has no answer
            sys.stdout.buffer.write(said.content.strip().replace(b"\n", b" ") + b"\n")
            sys.stdout.buffer.flush()
    await life.shutdown()
