"""Connections of strangers: half requests, slow readers, and a site that answers others meanwhile."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from helpers.serving import serving

from hotpatch_kb.scraper.cli import connections

HALF = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
LARGE = b"x" * 20_000_000


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer with 20 MB, or with the size of the body."""
    if scope["type"] != "http":
        return
    size, more = 0, True
    while more:
        event = await receive()
        size, more = size + len(event.get("body", b"")), event.get("more_body", False)
    body = LARGE if scope["path"] == "/large" else str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def listening() -> Iterator[tuple[str, int]]:
    """Serve ``app`` with our connections in a thread."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, http=connections.Connection, ws="none", log_level="critical", lifespan="off"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([own])), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield own.getsockname()
        server.should_exit = True
        thread.join(10)


def is_closed(client: socket.socket, seconds: float) -> bool:
    """Return whether the other side closes a connection within some seconds."""
    client.settimeout(seconds)
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def send_slowly(client: socket.socket, seconds: float) -> None:
    """Send a byte twenty times a second."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        client.sendall(b"x")
        time.sleep(0.05)


def received(client: socket.socket) -> int:
    """Return how many bytes come before the other side closes."""
    size = 0
    try:
        while part := client.recv(1_000_000):
            size += len(part)
    except ConnectionError:
        pass
    return size


@pytest.mark.fault("requests whose head or body comes byte by byte or not at all", of="site")
@pytest.mark.parametrize(
    "sent", [b"", HALF, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx"], ids=["nothing", "head", "body"]
)
def test_half_a_request_is_closed(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client connects and sends nothing, a part of a head or a part of a body; its connection is closed after its patience."""
    monkeypatch.setattr(connections, "PATIENCE", 0.5)
    monkeypatch.setattr(connections, "_SETTLING", 0.1)
    with listening() as address, socket.create_connection(address) as client:
        client.sendall(sent)
        assert is_closed(client, 10)


@pytest.mark.fault("a head that comes byte by byte for ever", of="site")
def test_the_bytes_of_one_head_share_one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client sends a byte of its head twenty times a second; it is closed as if it had sent none."""
    monkeypatch.setattr(connections, "PATIENCE", 1.0)
    monkeypatch.setattr(connections, "_SETTLING", 0.1)
    with listening() as address, socket.create_connection(address) as client:
        client.sendall(HALF)
        with pytest.raises(ConnectionError):
            send_slowly(client, seconds=20)


@pytest.mark.fault("an answer that is never read", of="site")
def test_a_reader_that_reads_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client asks for 20 MB and reads nothing; its connection is closed and the rest of the answer dropped."""
    monkeypatch.setattr(connections, "PATIENCE", 0.5)
    monkeypatch.setattr(connections, "_SETTLING", 0.1)
    with listening() as address, socket.create_connection(address) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(3)
        client.settimeout(10)
        assert received(client) < len(LARGE)


def test_a_slow_body_and_a_slow_reader_that_go_on_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 1.0)
    with listening() as address, socket.create_connection(address) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 15\r\nConnection: close\r\n\r\n")
        for _ in range(15):
            client.sendall(b"x")
            time.sleep(0.1)
        assert client.makefile("rb").read().endswith(b"\r\n\r\n15")


@pytest.mark.fault("500 half requests at 256 descriptors", of="site")
@pytest.mark.skipif(sys.platform == "win32", reason="ulimit is POSIX's")
def test_half_requests_leave_room_for_others(tmp_path: Path) -> None:
    """500 clients send half a request while others ask; the others are answered, and the log has less than 20 kB."""
    import resource  # noqa: PLC0415

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1000:
        pytest.skip("needs 1,000 descriptors for the clients")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1000), hard))
    with serving(tmp_path, "--no-crawl", "--public", descriptors=256) as served, ExitStack() as clients:
        url = served.until(r"^serving (\S+)")[1]
        port = int(url.rstrip("/").rpartition(":")[2])
        for number in range(500):
            client = clients.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            client.sendall(HALF)
            if number % 50 == 0:
                with urllib.request.urlopen(f"{url}api/next?product=ws2025", timeout=30) as answer:
                    assert answer.status == 200
        assert served.stop() == 0
    assert sum(map(len, served.said)) < 20_000


@pytest.mark.fault("hundreds of half requests in one instant", of="site")
def test_who_has_sent_a_whole_request_is_not_closed_for_those_that_sent_a_half() -> None:
    """None of them is read yet; the halves are known by what has come."""
    sent = {"half": HALF, "whole": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "nothing": b"", "a letter": b"G"}
    with ExitStack() as sockets:
        others = {}
        for name, text in sent.items():
            ours, theirs = (sockets.enter_context(one) for one in socket.socketpair())
            ours.setblocking(False)
            theirs.sendall(text)
            others[name] = SimpleNamespace(transport=SimpleNamespace(get_extra_info=lambda _, of=ours: of))
        unfinished = connections._unfinished(list(others.values()))  # type: ignore[arg-type]
        assert [name for name, other in others.items() if other in unfinished] == ["half", "a letter"]
        assert others["whole"].transport.get_extra_info("socket").recv(100) == sent["whole"]


@pytest.mark.fault("an error whose message has what a visitor sent", of="site")
@pytest.mark.parametrize("name", ["uvicorn.error", "asyncio", "mcp.server.runner"])
def test_a_log_has_no_values_of_errors(name: str) -> None:
    """It is logged with its traceback; the log names the kind of error and the lines that it went through, not the message."""
    try:
        raise ValueError("Illegal key 'visitor7f3a'")
    except ValueError as error:
        record = logging.LogRecord(
            name, logging.ERROR, __file__, 7, "Exception in ASGI application\n", (), (type(error), error, error.__traceback__)
        )
    assert connections.WithoutValues().filter(record)
    said = logging.Formatter().format(record)
    assert "visitor7f3a" not in said
    assert f'hotpatch-kb: ValueError while answering a request\n  File "{__file__}", line ' in said


def test_a_log_has_no_names_of_what_a_library_did_not_know() -> None:
    def said(name: str) -> str:
        record = logging.LogRecord(name, logging.WARNING, __file__, 7, "dropped %r: malformed params", ("visitor7f3a",), None)
        assert connections.WithoutValues().filter(record)
        return logging.Formatter().format(record)

    assert said("mcp.server.runner") == "mcp.server.runner, line 7: warning"
    assert said("uvicorn.error") == "dropped 'visitor7f3a': malformed params"  # our own servers' messages have none
