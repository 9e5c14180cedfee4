# ruff: noqa: INP001 (Datasette loads each file of this folder as a plugin, an __init__.py too)
"""Headers for caches: an ETag of each answer, 304 where the reader has it already, and what it depends on besides its address."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from datasette import hookimpl

from hotpatch_kb.db.site import DATABASE
from hotpatch_kb.db.site.i18n import SCOPE

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Send], Awaitable[None]]

# A larger answer is a download: it is passed on as it comes, not held in memory.
MAX_HELD: Final = 2_000_000  # bytes


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Any) -> Callable[[App], App]:
    """Hold each answer back until it is complete or too large to hold."""

    def wrap(app: App) -> App:
        async def cached(scope: Any, receive: Any, send: Send) -> None:
            if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
                await app(scope, receive, send)
                return
            asked = {name.lower(): value for name, value in scope.get("headers", ())}
            # A page of ours with its language in its path depends on nothing else. Datasette's own may greet a visitor.
            is_datasettes = scope["path"].startswith(tuple(datasette.setting("base_url") + name for name in (DATABASE, "-/")))
            vary = b"Accept-Language, Cookie" if is_datasettes else b"" if SCOPE in scope else b"Accept-Language"
            await app(scope, receive, _Held(send, asked, datasette.setting("default_cache_ttl"), vary, is_head=scope["method"] == "HEAD"))

        return cached

    return wrap


class _Held:
    """The sending side of one answer."""

    def __init__(self, send: Send, asked: dict[bytes, bytes], ttl: int, vary: bytes, *, is_head: bool) -> None:
        self._send, self._asked, self._ttl, self._is_head = send, asked, ttl, is_head
        self._vary = [(b"vary", vary)] if vary else []
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            self._start = message
        elif self._start is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if message.get("more_body", False):
                if len(self._body) > MAX_HELD:
                    await self._pass_on()
                return
            await self._finish()
        else:
            await self._send(message)

    async def _pass_on(self) -> None:
        assert self._start is not None
        start, self._start = self._start, None
        await self._send(start)
        await self._send({"type": "http.response.body", "body": bytes(self._body), "more_body": True})
        self._body.clear()

    async def _finish(self) -> None:
        assert self._start is not None
        start, self._start = self._start, None
        headers = [(name.lower(), value) for name, value in start.get("headers", ())]
        names = dict(headers)
        control = names.get(b"cache-control", b"")
        body = bytes(self._body)
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
                headers = [header for header in headers if header[0] != b"vary"] + self._vary
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


def _has(asked: bytes, tag: bytes) -> bool:
    """Return whether the reader has it, by weak comparison (RFC 9110, 13.1.2): proxies that compress weaken a tag."""
    return asked.strip() == b"*" or tag in {part.strip().removeprefix(b"W/") for part in asked.split(b",")}
