"""Connections to the site: how many there may be, and how long a client may keep one that waits for it.

uvicorn 0.54 has no deadline for the head of a request: 300 half-sent ones held 256 descriptors until none was left for the database, and
asyncio then logged 3 MB a second about it.
"""

from __future__ import annotations

import logging
import select
import socket
import time
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

from hotpatch_kb.db.model.errors import where

# Descriptors of a process are often limited to 256 (macOS), and databases and threads need some 40 of them; up to 64 more are
# accepted or closed at any time.
MAX_CONNECTIONS: Final = 110
# Connections that are accepted at once, before the first of them can be closed again.
BACKLOG: Final = 32
# Connections that wait to be accepted. One that finds no place here is tried again by its system after 1, 3, 7 and 15 s.
QUEUE: Final = 1024
# Seconds that a client may take for the rest of a request, and for reading a part of an answer.
PATIENCE: Final = 20.0
# Libraries whose messages have names and texts of visitors.
_FOREIGN: Final = frozenset({"mcp", "datasette_mcp"})
# A client that waits less was not slow: it is closed to make room only where none is. Who has a request sends it with the end of the handshake.
_SETTLING: Final = 0.25
# A client that reads or sends may pause so long: a telephone does where its signal is weak.
_PAUSING: Final = 3.0
_MOST_OF_A_HEAD: Final = 65_536  # bytes; h11 takes no longer one


class Connection(H11Protocol):
    """A connection that is closed when it keeps the server waiting too long, or when another needs its place."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what uvicorn gives its protocols."""
        super().__init__(*args, **kwargs)
        self.waiting_since = time.monotonic()
        self.has_part = False  # of a head
        self._timer: Any = None

    def connection_made(self, transport: Any) -> None:
        """Make room for it, and start its clock."""
        super().connection_made(transport)
        # A connection that was closed is here until the loop goes on, and 32 may be made before it does.
        others = [other for other in self.connections if other is not self and not other.transport.is_closing()]
        if len(others) >= MAX_CONNECTIONS:
            self._make_room(others)
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
        self.has_part = self.cycle is before and self.is_waiting()
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

    def is_slow(self) -> bool:
        """Return whether the client keeps a place that another could use: it sent no request, or reads or sends nothing for seconds."""
        began = self.transport.get_write_buffer_size() or (self.cycle is not None and self.cycle.more_body)
        return time.monotonic() - self.waiting_since > (_PAUSING if began else _SETTLING)

    def _look(self) -> None:
        """Close the connection where its client took too long, else look again when it may have."""
        waited = time.monotonic() - self.waiting_since
        if self.is_waiting() and waited >= PATIENCE:
            self.transport.abort()
            return
        self._timer = self.loop.call_later(max(PATIENCE - waited, _SETTLING), self._look)

    def _make_room(self, others: list[Any]) -> None:
        """Close the one of these connections that has waited longest for its client.

        A head comes in one packet, so who has sent a part of one is closed before who has sent nothing yet. Where nobody is slow there may be
        a few more for a moment; if nobody waits at all after that, this one is closed.
        """
        waiting = _silent([other for other in others if isinstance(other, Connection) and other.is_waiting()])
        slow = [other for other in waiting if other.is_slow()] or [other for other in waiting if other.has_part]
        if slow:
            min(slow, key=lambda other: other.waiting_since).transport.abort()
        elif len(others) >= MAX_CONNECTIONS + BACKLOG:
            # When hundreds come at once nothing of theirs is read yet, and this one may be anybody.
            least = _unfinished([other for other in others if isinstance(other, Connection) and other.cycle is None]) or waiting
            min(least, key=lambda other: other.waiting_since, default=self).transport.abort()


def _silent(connections: list[Connection]) -> list[Connection]:
    """Return those of which nothing has come: what has may not be read yet where the server is busy."""
    fds = {other.transport.get_extra_info("socket").fileno(): other for other in connections}
    try:
        come = select.select(list(fds), [], [], 0)[0]
    except (OSError, ValueError):  # closed meanwhile, or more descriptors than it takes
        return connections
    return [other for fd, other in fds.items() if fd not in come]


def _unfinished(connections: list[Connection]) -> list[Connection]:
    """Return those that have sent a part of a head which the server has not read yet, and not its end."""
    found = []
    for other in connections:
        seen = socket.socket(fileno=other.transport.get_extra_info("socket").fileno())
        try:
            head = seen.recv(_MOST_OF_A_HEAD, socket.MSG_PEEK)
        except OSError:  # nothing has come, or it is closed
            head = b""
        finally:
            seen.detach()
        if head and b"\r\n\r\n" not in head:
            found.append(other)
    return found


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


class WithoutValues(logging.Filter):
    """Takes what a visitor sent out of a log: it may be in the message of an error (``Illegal key 'x/y'``), and the extra mcp logs names that it does not know.

    Where an error came from stays, and where a library wrote a message of its own.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return that every record is let through, without values."""
        error = record.exc_info[1] if record.exc_info else None
        if record.name.partition(".")[0] in _FOREIGN:
            record.msg = f"{record.name}, line {record.lineno}: {record.levelname.lower()}"
            record.args = None
        if error is not None:
            record.msg, record.args = f"{str(record.msg).strip()}\n{where(error)}", None
            record.exc_info = record.exc_text = None
        return True


def keep_values_out() -> None:
    """Let no log of this process have what a visitor sent, nor a message of one kind more than once a second."""
    for name in ("asyncio", "uvicorn.error"):
        logging.getLogger(name).addFilter(OncePerSecond())
        logging.getLogger(name).addFilter(WithoutValues())
    for handler in (*logging.getLogger().handlers, logging.lastResort):
        if handler is not None:
            handler.addFilter(WithoutValues())
            handler.addFilter(OncePerSecond())
