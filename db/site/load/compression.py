"""Answers in brotli or gzip, as the client accepts them (RFC 9110, 12.5.3): small ones whole, compressed once and kept; large ones as they come."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Protocol

import brotli

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
InThread = Callable[[Callable[[], bytes]], Awaitable[bytes]]
Headers = list[tuple[bytes, bytes]]

# Below this an answer fits in one packet of 1,460 bytes, whether compressed or not.
MIN_SIZE: Final = 1_400  # bytes
# A larger answer is compressed as it comes, not held in memory.
MAX_WHOLE: Final = 2_000_000  # bytes
MAX_KEPT: Final = 16_000_000  # bytes of compressed answers; a page has 3 to 10 kB, there are some 4,000
# A larger body takes more than 5 ms: it is compressed in a thread, so that other requests go on.
MAX_INLINE: Final = 150_000  # bytes
# A compressor gives nothing out until its block is full; after this many bytes it must.
FLUSHED: Final = 65_536
# A page of 60 kB takes 1.5 ms at 5 and 220 ms at 11, which saves 1 kB more.
BROTLI_QUALITY: Final = 5
# Of a stream, which lasts as long as its reader is slow: 2**22 keeps 5.8 MB for each, 2**16 keeps 0.25 MB and sends 16% more.
BROTLI_WINDOW: Final = 16
GZIP_LEVEL: Final = 6

ENCODINGS: Final = (b"br", b"gzip")  # where a client likes them equally, the first


def accepted(header: bytes) -> bytes | None:
    """Return the encoding that a client likes best, ``br`` or ``gzip``; None where it wants the answer as it is.

    Args:
        header: the value of Accept-Encoding: ``gzip;q=0.8, br``. A weight that is no number counts as 0.
    """
    weights: dict[bytes, float] = {}
    for part in header.lower().split(b","):
        name, *parameters = (piece.strip() for piece in part.split(b";"))
        weights[b"gzip" if name == b"x-gzip" else name] = _weight(parameters)
    rest = weights.get(b"*", 0.0)
    best = max(ENCODINGS, key=lambda name: weights.get(name, rest))  # the first of equals
    weight = weights.get(best, rest)
    return best if weight > 0 and weight >= weights.get(b"identity", 0.0) else None


def _weight(parameters: list[bytes]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0.0 <= weight <= 1.0 else 0.0  # NaN is neither
    return 1.0


def is_text(content_type: bytes) -> bool:
    """Return whether a compressor makes a body of this type smaller: text, but no stream of events, whose reader waits for each."""
    kind = content_type.partition(b";")[0].strip().lower()
    return (kind.startswith(b"text/") and kind != b"text/event-stream") or kind.endswith(
        (b"json", b"jsonl", b"xml", b"javascript", b"yaml")
    )


class _Stream(Protocol):
    def add(self, data: bytes) -> bytes: ...
    def flush(self) -> bytes: ...
    def finish(self) -> bytes: ...


class _Brotli:
    def __init__(self, window: int) -> None:
        self._compressor = brotli.Compressor(quality=BROTLI_QUALITY, lgwin=window)

    def add(self, data: bytes) -> bytes:
        return bytes(self._compressor.process(data))

    def flush(self) -> bytes:
        return bytes(self._compressor.flush())

    def finish(self) -> bytes:
        return bytes(self._compressor.finish())


class _Gzip:
    def __init__(self) -> None:
        self._compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)  # with the head of gzip, its time 0

    def add(self, data: bytes) -> bytes:
        return self._compressor.compress(data)

    def flush(self) -> bytes:
        return self._compressor.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._compressor.flush()


def _stream(encoding: bytes, window: int = BROTLI_WINDOW) -> _Stream:
    return _Brotli(window) if encoding == b"br" else _Gzip()


def _whole(encoding: bytes, body: bytes) -> bytes:
    stream = _stream(encoding, window=22)
    return stream.add(body) + stream.finish()


def joined(parts: list[bytes]) -> bytes:
    """Return the parts of a body as one; a body in one part is not copied, since a hundred readers may share it."""
    return parts[0] if len(parts) == 1 else b"".join(parts)


class Kept:
    """Compressed bodies by encoding and hash of the body: equal bodies are compressed once, whatever their addresses."""

    def __init__(self, in_thread: InThread, most: int = MAX_KEPT) -> None:
        """Take what runs a function in a thread, and how many bytes to keep; the oldest are dropped first."""
        self._in_thread = in_thread
        self.most, self.size, self.made = most, 0, 0
        self._bodies: OrderedDict[tuple[bytes, bytes], bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._alone = asyncio.Lock()

    async def compressed(self, encoding: bytes, body: bytes) -> bytes:
        """Return a body in an encoding."""
        key = (encoding, hashlib.blake2b(body, digest_size=16).digest())
        if (found := self._found(key)) is not None:
            return found
        if len(body) <= MAX_INLINE:
            return self._put(key, _whole(encoding, body))
        async with self._alone:  # one at a time: the site has few threads, and others may wait for this very body
            if (found := self._found(key)) is not None:
                return found
            return self._put(key, await self._in_thread(lambda: _whole(encoding, body)))

    def _found(self, key: tuple[bytes, bytes]) -> bytes | None:
        with self._lock:
            return self._bodies.get(key)

    def _put(self, key: tuple[bytes, bytes], made: bytes) -> bytes:
        with self._lock:
            self.made += 1
            if key not in self._bodies and len(made) <= self.most // 4:
                self._bodies[key] = made
                self.size += len(made)
                while self.size > self.most:
                    self.size -= len(self._bodies.popitem(last=False)[1])
        return made


class Compressed:
    """The sending side of one answer, between the site and what counts its bytes: an ETag made of them differs by encoding."""

    def __init__(self, send: Send, asked: dict[bytes, bytes], kept: Kept) -> None:
        """Take where to send, the headers of the request with names in lower case, and where compressed bodies are kept."""
        self._send, self._asked, self._kept = send, asked, kept
        self._encoding = accepted(asked.get(b"accept-encoding", b""))
        self._start: Message | None = None
        self._body: list[bytes] = []
        self._size = 0
        self._stream: _Stream | None = None
        self._since_flush = 0

    async def __call__(self, message: Message) -> None:
        """Take a message of the answer."""
        if message["type"] == "http.response.start" and self._may_be_compressed(message):
            self._start = message
        elif message["type"] != "http.response.body" or (self._start is None and self._stream is None):
            await self._send(message)
        elif self._start is None:
            await self._go_on(message.get("body", b""), is_last=not message.get("more_body", False))
        else:
            self._body.append(message.get("body", b""))
            self._size += len(self._body[-1])
            if not message.get("more_body", False):
                await self._send_whole(self._start)
            elif self._size > MAX_WHOLE:
                await self._begin(self._start)

    def _may_be_compressed(self, start: Message) -> bool:
        """Return whether this answer varies by encoding.

        A page with a token against forgery is left as it is, for its reader alone: the lengths of compressed answers would tell the token to who
        can make the reader open addresses (BREACH, CVE-2013-3587). Datasette's forms set the cookie ``ds_csrftoken``, or the reader has it.
        """
        names = {name.lower(): value for name, value in start.get("headers", ())}
        kind = names.get(b"content-type", b"")
        if b"content-encoding" in names or not is_text(kind) or b"no-transform" in names.get(b"cache-control", b""):
            return False
        is_private = b"set-cookie" in names or (kind.startswith(b"text/html") and b"ds_" in self._asked.get(b"cookie", b""))
        return not is_private

    async def _send_whole(self, start: Message) -> None:
        self._start = None
        body = joined(self._body)
        if len(body) >= MIN_SIZE:
            start = _varied(start)
            if self._encoding is not None:
                smaller = await self._kept.compressed(self._encoding, body)
                if len(smaller) < len(body):
                    body, start = smaller, _encoded(start, self._encoding)
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})

    async def _begin(self, start: Message) -> None:
        """Send what came so far; the rest is sent as it comes."""
        self._start = None
        body = joined(self._body)
        self._body.clear()
        start = _varied(start)
        if self._encoding is None:
            await self._send(start)
            await self._send({"type": "http.response.body", "body": body, "more_body": True})
            return
        self._stream = _stream(self._encoding)
        await self._send(_encoded(start, self._encoding))
        await self._go_on(body, is_last=False)

    async def _go_on(self, data: bytes, *, is_last: bool) -> None:
        assert self._stream is not None
        made = self._stream.add(data)
        self._since_flush += len(data)
        if is_last:
            made += self._stream.finish()
        elif self._since_flush >= FLUSHED:
            made += self._stream.flush()
            self._since_flush = 0
        if made or is_last:
            await self._send({"type": "http.response.body", "body": made, "more_body": not is_last})


def _varied(start: Message) -> Message:
    """Return the start of an answer that says that it depends on Accept-Encoding."""
    headers = [(name.lower(), value) for name, value in start.get("headers", ())]
    given = [value for name, value in headers if name == b"vary"]
    vary = b", ".join([*given, b"Accept-Encoding"])
    return {**start, "headers": [header for header in headers if header[0] != b"vary"] + [(b"vary", vary)]}


def _encoded(start: Message, encoding: bytes) -> Message:
    """Return the start of an answer in an encoding: no length, since it is another, and another tag where it has one."""
    headers: Headers = [(b"content-encoding", encoding)]
    for name, value in start["headers"]:
        if name == b"etag" and value.endswith(b'"'):
            headers.append((name, value[:-1] + b"-" + encoding + b'"'))
        elif name != b"content-length":
            headers.append((name, value))
    return {**start, "headers": headers}
