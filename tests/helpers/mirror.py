"""A mirror of Microsoft on a loopback socket: the real addresses, answered by a local server, faults included.

    with Mirror() as mirror:
        mirror.serve("https://learn.microsoft.com/en-us/x", b"...")
        async with Fetcher(user_agent=user_agent(), mirror=mirror.url) as fetcher: ...

An address without an answer is 404, robots.txt included (which allows everything). Standard library only.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

HTML = "text/html; charset=utf-8"
CONTENT_TYPES = {
    ".html": HTML,
    ".json": "application/json; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
}


class Request(NamedTuple):
    """A request: ``target`` is path and query, ``headers`` have lower-case names, ``at`` is ``time.monotonic()``."""

    method: str
    host: str
    target: str
    headers: dict[str, str]
    at: float


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        body: the bytes.
        status: HTTP status.
        headers: in addition to Date and Content-Length; one with an ETag or Last-Modified answers a matching condition with 304.
        delay: seconds before the status line.
        length: the Content-Length to tell, where it is not the body's.
        chunks: makes the parts of a chunked body, which may be endless; instead of body.
        gap: seconds before each part.
        hang_up: close the connection after the body, or instead of an answer where status is 0.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    length: int | None = None
    chunks: Callable[[], Iterator[bytes]] | None = None
    gap: float = 0.0
    hang_up: bool = False


class Mirror:
    """A server on 127.0.0.1 with answers per address, as a context manager.

    Attributes:
        requests: every request, in order.
        connections: how many were opened.
        busiest: host -> the most requests that were under way at once; "" counts all hosts together.
        errors: what went wrong in the server itself; raised at the end.
        fault: asked before every answer with host and path; what it returns is answered instead.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.busiest: Counter[str] = Counter()
        self.errors: list[BaseException] = []
        self.fault: Callable[[str, str], Reply | None] = lambda _host, _target: None
        self._replies: dict[tuple[str, str], list[Reply]] = {}
        self._trees: tuple[Path, ...] = ()
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.mirror = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="mirror")
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._sockets:
                try:
                    connection.shutdown(socket.SHUT_RDWR)  # wakes a handler that waits for the next request
                except OSError:  # the client was faster
                    continue
        self._server.server_close()  # joins the handlers
        if exc is None and self.errors:
            raise self.errors[0]

    # What to answer

    def script(self, url: str, replies: Sequence[Reply]) -> None:
        """Serve answers one after the other, the last one for ever."""
        if not replies:
            raise ValueError("expected at least one reply, got none")
        with self._lock:
            self._replies[_key(url)] = list(replies)

    def serve(
        self, url: str, body: bytes | str, *, status: int = 200, headers: Mapping[str, str] | None = None, content_type: str = HTML
    ) -> None:
        """Serve a plain answer; text is sent as UTF-8."""
        data = body.encode("utf-8") if isinstance(body, str) else body
        self.script(url, [Reply(data, status, {"Content-Type": content_type} | dict(headers or {}))])

    def serve_tree(self, *directories: Path | str) -> None:
        """Serve ``DIR/<host>/<path>[.md|.html|.json|.xml]``, as ``crawl --from`` reads it; and replace the trees served before.

        ``?accept=text/markdown`` gives the ``.md`` and nothing else; without it an ``.md`` is not given. Any other query is ignored.
        An ETag is made from the body; Last-Modified, Content-Type and status come from ``<file>.meta.json`` where it has them.
        """
        with self._lock:
            self._trees = tuple(Path(directory) for directory in directories)

    def redirect(self, url: str, to: str, status: int = 301) -> None:
        """Redirect; ``to`` is sent as it is: a real address, a relative one, a hostile one."""
        self.script(url, [Reply(status=status, headers={"Location": to})])

    # Faults

    def delay(self, url: str, body: bytes, seconds: float) -> None:
        """Answer after so many seconds."""
        self.script(url, [Reply(body, headers={"Content-Type": HTML}, delay=seconds)])

    def drip(self, url: str, body: bytes, gap: float) -> None:
        """Send one byte every ``gap`` seconds."""
        self.script(url, [Reply(headers={"Content-Type": HTML}, chunks=lambda: (bytes([byte]) for byte in body), gap=gap)])

    def endless(self, url: str, part: bytes = b"x" * 65536) -> None:
        """Send the same part for ever."""
        self.script(url, [Reply(headers={"Content-Type": HTML}, chunks=lambda: _for_ever(part))])

    def bomb(self, url: str, size: int) -> None:
        """Send ``size`` zero bytes as gzip, a thousandth of that on the wire."""
        self.script(url, [Reply(_bomb(size), headers={"Content-Type": HTML, "Content-Encoding": "gzip"})])

    def wrong_length(self, url: str, body: bytes, length: int) -> None:
        """Send a Content-Length that is not the body's, and hang up after the body."""
        self.script(url, [Reply(body, headers={"Content-Type": HTML}, length=length, hang_up=True)])

    def cut(self, url: str, body: bytes) -> None:
        """Send the body as the first chunk of more, and hang up instead of the rest."""
        self.script(url, [Reply(headers={"Content-Type": HTML}, chunks=lambda: iter([body]), hang_up=True)])

    def hang_up(self, url: str) -> None:
        """Close the connection instead of answering."""
        self.script(url, [Reply(status=0, hang_up=True)])

    # What was asked

    def asked(self, host: str = "") -> list[str]:
        """Return the addresses asked for, in order, of one host or of all."""
        return [f"https://{request.host}{request.target}" for request in self.requests if host in ("", request.host)]

    def _reply(self, host: str, target: str) -> Reply:
        with self._lock:
            if (fault := self.fault(host, target)) is not None:
                return fault
            replies = self._replies.get((host, target))
            if replies:
                return replies.pop(0) if len(replies) > 1 else replies[0]
            trees = self._trees
        for tree in trees:
            if reply := from_tree(tree, host, target):
                return reply
        return Reply(b"not found", 404, {"Content-Type": CONTENT_TYPES[".txt"]})

    def _begin(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)
            for name in (request.host, ""):
                self._under_way[name] += 1
                self.busiest[name] = max(self.busiest[name], self._under_way[name])

    def _end(self, request: Request) -> None:
        with self._lock:
            self._under_way.subtract([request.host, ""])


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close joins them
    request_queue_size = 128
    mirror: Mirror

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self.mirror._lock:
            self.mirror.connections += 1
            self.mirror._sockets.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self.mirror._lock:
            self.mirror._sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  (the name is socketserver's)
        exc = sys.exception()
        # A client that has seen enough hangs up; that is what most of the fault tests are about.
        if exc is not None and not isinstance(exc, (ConnectionError, TimeoutError)):
            self.mirror.errors.append(exc)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    # Headers and body leave in one packet; written apart, the second waits 40 ms for the client's delayed ACK.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is http.server's)
        """Say nothing; tests read ``Mirror.requests``."""

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        mirror = self.server.mirror
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", "").partition(":")[0].lower()
        request = Request(self.command, host, self.path, headers, time.monotonic())
        mirror._begin(request)
        try:
            reply = mirror._reply(host, self.path)
            if reply.delay and mirror._stopping.wait(reply.delay):
                self.close_connection = True
                return
            self._send(reply, headers, with_body=with_body)
        finally:
            mirror._end(request)  # before http.server sends the answer, so that the client's next request cannot seem to overlap

    def _send(self, reply: Reply, asked: dict[str, str], *, with_body: bool) -> None:
        stopping = self.server.mirror._stopping
        if reply.hang_up:
            self.close_connection = True
        if not reply.status:
            return
        is_unchanged = reply.status == 200 and is_known(reply.headers, asked)
        self.send_response(304 if is_unchanged else reply.status)
        for name, value in reply.headers.items():
            if not (is_unchanged and name.lower() in ("content-type", "content-encoding")):
                self.send_header(name, value)
        if is_unchanged:
            self.end_headers()
        elif reply.chunks is None:
            self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
            self.end_headers()
            if with_body:
                self.wfile.write(reply.body)
        else:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in reply.chunks():
                if stopping.is_set() or (reply.gap and stopping.wait(reply.gap)):
                    self.close_connection = True
                    return
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                self.wfile.flush()
            if not reply.hang_up:
                self.wfile.write(b"0\r\n\r\n")


def _key(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError(f"expected a real https address, got {url!r}")
    return parts.hostname, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def is_known(headers: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    """Return whether the client has it already (RFC 9110 13.2.2: If-None-Match goes first)."""
    ours = {name.lower(): value for name, value in headers.items()}
    if "if-none-match" in asked:
        return "etag" in ours and ours["etag"] in [tag.strip() for tag in asked["if-none-match"].split(",")]
    return "last-modified" in ours and ours["last-modified"] == asked.get("if-modified-since")


def from_tree(tree: Path, host: str, target: str) -> Reply | None:
    """Return the answer of a saved tree, see ``Mirror.serve_tree``."""
    parts = urlsplit(target)
    segments = [unquote(segment) for segment in parts.path.split("/") if segment]
    if any(segment in (".", "..") or "/" in segment or "\\" in segment or ":" in segment for segment in (host, *segments)):
        return None
    path = tree.joinpath(host, *segments)
    endings = [".md"] if parse_qs(parts.query).get("accept") == ["text/markdown"] else ["", ".html", ".json", ".xml"]
    for ending in endings:
        file = path.with_name(path.name + ending)
        if file.is_file():
            return _from_file(file)
    return None


def _from_file(file: Path) -> Reply:
    body = file.read_bytes()
    meta_file = file.with_name(file.name + ".meta.json")
    meta = json.loads(meta_file.read_text(encoding="utf-8")) if meta_file.is_file() else {}
    saved = {name.lower(): value for name, value in meta.get("headers", {}).items()}
    headers = {"Content-Type": saved.get("content-type", CONTENT_TYPES.get(file.suffix, "application/octet-stream"))}
    headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if "last-modified" in saved:
        headers["Last-Modified"] = saved["last-modified"]
    return Reply(body, meta.get("status", 200), headers)


def _for_ever(part: bytes) -> Iterator[bytes]:
    while True:
        yield part


def _bomb(size: int) -> bytes:
    """Return ``size`` zero bytes as gzip, made without holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = bytearray()
    block = bytes(2**20)
    while size > 0:
        packed += packer.compress(block[:size])
        size -= len(block)
    return bytes(packed + packer.flush())


def zipped(body: bytes) -> bytes:
    """Return the body as gzip, the same bytes each time."""
    return gzip.compress(body, mtime=0)
