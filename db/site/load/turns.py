"""Large work in turns: a fleet, a whole table or a page of Datasette's takes seconds, an ordinary page milliseconds.

Datasette has three threads for SQL. Twenty clients who asked for whole tables at once had them all, and a page took 26 s. Now one piece of
large work is done at a time, the next ones wait for it, and the other threads are free for everybody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from hotpatch_kb.db.site import web

MAX_WAITING: Final = 30  # clients; the largest work takes 3 s, and who waits longer than a minute has left
SECONDS: Final = 30.0  # to wait for a turn
# Answers whose making takes longer than half a second, by the beginnings of their paths. Fleets take their turn when all of them has come.
LARGE: Final = ("/csv/", "/hotpatch", "/calendars/", "/metrics", "/sitemap.xml")

Receive = Callable[[], Awaitable[Any]]


class Turns:
    """The turns of one site."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._lock = asyncio.Lock()
        self.waiting = 0

    @asynccontextmanager
    async def turn(self, receive: Receive) -> AsyncIterator[None]:
        """Wait for a turn, and end it when the block ends.

        Args:
            receive: of the request, whose body has been read: the next message says that the client left.

        Raises:
            HttpError: too many wait already, it took too long, or the client left meanwhile (503).
        """
        await self._begin(receive)
        try:
            yield
        finally:
            self._lock.release()

    async def _begin(self, receive: Receive) -> None:
        if not self._lock.locked():
            await self._lock.acquire()
            return
        if self.waiting >= MAX_WAITING:
            raise web.HttpError(503, "Others asked for much at once. Ask again later.")
        self.waiting += 1
        turn, leaving = asyncio.ensure_future(self._lock.acquire()), asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({turn, leaving}, timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done() or not turn.done():
                raise web.HttpError(503, "Others asked for much at once. Ask again later.")
        except BaseException:
            if not turn.cancel() and not turn.cancelled():
                self._lock.release()
            raise
        finally:
            self.waiting -= 1
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await leaving


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":  # noqa: ASYNC110 (no event says it)
        await asyncio.sleep(0)  # a receive that never waits must not stop the others


def turns(datasette: Any) -> Turns:
    """Return the turns of a site."""
    kept: Turns = datasette.__dict__.setdefault("_hotpatch_kb_turns", Turns())
    return kept
