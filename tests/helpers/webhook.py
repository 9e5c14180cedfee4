"""A webhook, answered in memory, or on loopback for processes of their own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import respx

SECRET = "T0PSECRET"


class Hook:
    """A webhook that takes what it is sent, unless it is said to answer otherwise."""

    url = f"https://hooks.example.org/services/{SECRET}"

    def __init__(self, router: respx.MockRouter) -> None:
        self.route = router.post(self.url, name="webhook")
        self.answer(200)

    def answer(self, *statuses: int) -> None:
        """One after the other and no more; a single one for ever. A redirect leads where nothing is routed, so following it fails the test."""
        answers = [httpx.Response(status, headers={"Location": "https://hooks.example.org/elsewhere"}) for status in statuses]
        self.route.mock(answers[0] if len(answers) == 1 else None, side_effect=answers if len(answers) > 1 else None)

    @property
    def taken(self) -> list[Any]:
        """The messages that it answered with 200."""
        return [json.loads(call.request.content) for call in self.route.calls if call.response.status_code == 200]

    def texts(self) -> list[str]:
        return [item["text"] for body in self.taken for item in body["items"]]


@contextmanager
def taking() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Take messages on loopback; the address, and the items of all messages so far."""
    items: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                items.extend(json.loads(body)["items"])
            except ValueError:  # the sender was killed in the middle of it
                return
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Say nothing of a sender that was killed."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/{SECRET}", items
        finally:
            server.shutdown()
            thread.join()
