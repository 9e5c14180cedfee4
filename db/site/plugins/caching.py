# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""Answers compressed, with headers for caches: an ETag of the bytes sent, 304 where the reader has them already, and what they depend on besides the address."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from datasette import hookimpl

from hotpatch_kb.db.site import DATABASE
from hotpatch_kb.db.site.i18n import SCOPE
from hotpatch_kb.db.site.load.compression import Compressed, Kept, joined
from hotpatch_kb.db.site.load.room import PLACE, GivenUp, Place, Room, room

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Send], Awaitable[None]]

# A larger answer is a download: it is passed on as it comes, not held in memory.
MAX_HELD: Final = 2_000_000  # bytes
PART: Final = 65_536  # bytes that are given to the server at once


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Any) -> Callable[[App], App]:
    """Compress each answer; hold it back until it is complete or too large to hold."""

    async def in_thread(make: Callable[[], bytes]) -> bytes:
        made: bytes = await datasette.get_database(DATABASE).execute_fn(
            lambda _conn: make()
        )  # Datasette's own threads, as many as it may have
        return made

    kept = Kept(in_thread)

    def wrap(app: App) -> App:
        async def cached(scope: Any, receive: Any, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            try:
                with room(datasette).place() as place:
                    await answered({**scope, PLACE: place}, receive, _in_parts(send, room(datasette), place))
            except GivenUp:
                return  # the server closes a connection whose answer does not end

        async def answered(scope: Any, receive: Any, send: Send) -> None:
            asked = {name.lower(): value for name, value in scope.get("headers", ())}
            if scope["method"] not in {"GET", "HEAD"}:
                await app(scope, receive, Compressed(send, asked, kept))
                return
            # A page of ours with its language in its path depends on nothing else. Datasette's own may greet a visitor.
            is_datasettes = scope["path"].startswith(tuple(datasette.setting("base_url") + name for name in (DATABASE, "-/")))
            vary = b"Accept-Language, Cookie" if is_datasettes else b"" if SCOPE in scope else b"Accept-Language"
            held = _Held(send, asked, datasette.setting("default_cache_ttl"), vary, is_head=scope["method"] == "HEAD")
            await app(scope, receive, Compressed(held, asked, kept))

        return cached

    return wrap


def _in_parts(send: Send, its_room: Room, place: Place) -> Send:
    """Return what sends an answer in parts: the server copies what it is given, and a slow reader takes hours for 16 MB."""

    async def sent(message: Message) -> None:
        body = message.get("body", b"")
        if len(body) <= PART:
            await send(message)
            return
        its_room.hold(place, body, len(body))
        view = memoryview(body)
        for at in range(0, len(body), PART):
            is_last = at + PART >= len(body)
            await send({**message, "body": view[at : at + PART], "more_body": not is_last or message.get("more_body", False)})

    return sent


class _Held:
    """The sending side of one answer."""

    def __init__(self, send: Send, asked: dict[bytes, bytes], ttl: int, vary: bytes, *, is_head: bool) -> None:
        self._send, self._asked, self._ttl, self._is_head = send, asked, ttl, is_head
        self._vary = vary
        self._start: Message | None = None
        self._body: list[bytes] = []
        self._size = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200 and not _is_event_stream(message):
            self._start = message
        elif self._start is not None and message["type"] == "http.response.body":
            self._body.append(message.get("body", b""))
            self._size += len(self._body[-1])
            if message.get("more_body", False):
                # What comes compressed in parts is already too large to hold (compression.py).
                if self._size > MAX_HELD or any(name == b"content-encoding" for name, _ in self._start["headers"]):
                    await self._pass_on()
                return
            await self._finish()
        else:
            await self._send(message)

    async def _pass_on(self) -> None:
        assert self._start is not None
        start, self._start = self._start, None
        await self._send(start)
        await self._send({"type": "http.response.body", "body": b"".join(self._body), "more_body": True})
        self._body.clear()

    async def _finish(self) -> None:
        assert self._start is not None
        start, self._start = self._start, None
        headers = [(name.lower(), value) for name, value in start.get("headers", ())]
        names = dict(headers)
        control = names.get(b"cache-control", b"")
        body = joined(self._body)
        if self._is_head and not body:
            await self._send(start)  # Datasette's own pages have no body here: neither tag nor length is known
            await self._send({"type": "http.response.body", "body": b""})
            return
        if b"set-cookie" in names:
            # A cookie belongs to one reader: Datasette's forms set one against forgery.
            headers = [header for header in headers if header[0] != b"cache-control"] + [(b"cache-control", b"no-store")]
        elif b"no-store" not in control:
            if not control:
                headers.append((b"cache-control", f"max-age={self._ttl}".encode()))
            if names.get(b"content-type", b"").startswith(b"text/html"):
                by_encoding = b"Accept-Encoding" if b"Accept-Encoding" in names.get(b"vary", b"") else b""
                vary = b", ".join(part for part in (self._vary, by_encoding) if part)
                headers = [header for header in headers if header[0] != b"vary"] + ([(b"vary", vary)] if vary else [])
            tag = names.get(b"etag") or f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'.encode()
            if b"etag" not in names:
                headers.append((b"etag", tag))
            if _has(self._asked.get(b"if-none-match", b""), tag):
                kept = [header for header in headers if header[0] not in {b"content-length", b"content-type", b"content-encoding"}]
                await self._send({**start, "status": 304, "headers": kept})
                await self._send({"type": "http.response.body", "body": b""})
                return
        headers = [header for header in headers if header[0] != b"content-length"] + [(b"content-length", str(len(body)).encode())]
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": b"" if self._is_head else body})


def _is_event_stream(start: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.lower().startswith(b"text/event-stream") for name, value in start.get("headers", ())
    )


def _has(asked: bytes, tag: bytes) -> bool:
    """Return whether the reader has it, by weak comparison (RFC 9110, 13.1.2): proxies that compress weaken a tag."""
    return asked.strip() == b"*" or tag in {part.strip().removeprefix(b"W/") for part in asked.split(b",")}
