"""A client that sends any bytes to a site, also those that no library of HTTP would, and reads the answer."""

from __future__ import annotations

import gzip
import http.client
import socket
import time
from typing import NamedTuple

import brotli

PATIENCE = 60.0  # seconds; a public site answers each request in less than three


class Answer(NamedTuple):
    """An answer: its status, 0 where there was none; headers by their names in lower case; its body as it was sent; the seconds that it took; what went wrong."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    seconds: float
    wrong: str = ""

    def header(self, name: str) -> str:
        """Return the values of a header."""
        return ", ".join(value for other, value in self.headers if other == name)

    def text(self) -> bytes:
        """Return the body without its encoding."""
        encoding = self.header("content-encoding")
        if not self.body or not encoding:
            return self.body
        return gzip.decompress(self.body) if encoding == "gzip" else bytes(brotli.decompress(self.body))


class Client:
    """A client of one site, whose connection is used again where the answer allows it."""

    def __init__(self, host: str, port: int) -> None:
        """Take where the site is."""
        self.host, self.port = host, port
        self._socket: socket.socket | None = None

    def ask(self, method: str, raw: bytes, *, is_cut: bool = False) -> Answer:
        """Send a request and read its answer; one that is cut gets a connection of its own, which ends with it."""
        if is_cut:
            self.close()
        for is_again in (self._socket is None, True):  # the server may have closed the one that was used before
            began = time.monotonic()
            try:
                return self._ask(method, raw, is_cut=is_cut)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.close()
                if is_again or isinstance(error, TimeoutError):
                    return Answer(0, [], b"", time.monotonic() - began, f"{type(error).__name__}: {str(error)[:200]}")
        raise AssertionError

    def _ask(self, method: str, raw: bytes, *, is_cut: bool) -> Answer:
        began = time.monotonic()
        if self._socket is None:
            self._socket = socket.create_connection((self.host, self.port), timeout=PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.sendall(raw)
            if is_cut:
                self._socket.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before its end; the answer may be there already
        answer = http.client.HTTPResponse(self._socket, method=method)
        try:
            answer.begin()
            headers = [(name.lower(), value) for name, value in answer.getheaders()]
            is_endless = any(name == "content-type" and value.startswith("text/event-stream") for name, value in headers)
            body = b"" if is_endless else answer.read()
            if is_cut or is_endless or answer.will_close:
                self.close()
            return Answer(answer.status, headers, body, time.monotonic() - began)
        finally:
            answer.close()

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
