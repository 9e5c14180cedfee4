"""Connections to the site: how many there may be, and how long a client may keep one that waits for it.

uvicorn 0.54 has no deadline for the head of a request: 300 half-sent ones held 256 descriptors until none was left for the database, and
asyncio then logged 3 MB a second about it.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

# Descriptors of a process are often limited to 256 (macOS), and databases and threads need some 40 of them.
MAX_CONNECTIONS: Final = 150
# Connections that are accepted at once, before the first of them can be closed again.
BACKLOG: Final = 32
# Seconds that a client may take for the rest of a request, and for reading a part of an answer.
PATIENCE: Final = 20.0
# A client that waits less was not slow: it may be closed only when its patience has ended, not to make room.
_SETTLING: Final = 1.0


class Connection(H11Protocol):
    """A connection that is closed when it keeps the server waiting too long, or when another needs its place."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what uvicorn gives its protocols."""
        super().__init__(*args, **kwargs)
        self.waiting_since = time.monotonic()
        self._timer: Any = None

    def connection_made(self, transport: Any) -> None:
        """Make room for it, and start its clock."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._make_room()
        self._timer = self.loop.call_later(PATIENCE, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop its clock."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Begin the clock again where a request has begun or goes on with its body; the bytes of one head share one clock."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before or (self.cycle is not None and self.cycle.more_body):
            self.waiting_since = time.monotonic()

    def on_response_complete(self) -> None:
        """Begin the clock again: the client has to read the rest, or to ask again."""
        self.waiting_since = time.monotonic()
        super().on_response_complete()

    def resume_writing(self) -> None:
        """Begin the clock again: the client has read a part."""
        self.waiting_since = time.monotonic()
        self.flow.resume_writing()

    def pause_writing(self) -> None:
        """Begin the clock: the client has to read."""
        self.waiting_since = time.monotonic()
        self.flow.pause_writing()

    def is_waiting(self) -> bool:
        """Return whether the client has to send or to read before anything goes on."""
        if self.transport.get_write_buffer_size():
            return True
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def _look(self) -> None:
        """Close the connection where its client took too long, else look again when it may have."""
        waited = time.monotonic() - self.waiting_since
        if self.is_waiting() and waited >= PATIENCE:
            self.transport.abort()
            return
        self._timer = self.loop.call_later(max(PATIENCE - waited, _SETTLING), self._look)

    def _make_room(self) -> None:
        """Close the connection that has waited longest for its client; if none waits, this one."""
        others = [other for other in self.connections if isinstance(other, Connection) and other is not self and other.is_waiting()]
        slow = [other for other in others if time.monotonic() - other.waiting_since > _SETTLING] or others
        min(slow, key=lambda other: other.waiting_since, default=self).transport.abort()


class OncePerSecond(logging.Filter):
    """Lets a message of one kind through once a second, so that no client can fill the log."""

    def __init__(self) -> None:
        """Begin without messages."""
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a second has passed since the last message of this kind."""
        kind, now = (record.name, str(record.msg)[:200]), time.monotonic()
        if now - self._last.get(kind, -1.0) < 1:
            return False
        if len(self._last) > 100:
            self._last.clear()
        self._last[kind] = now
        return True
