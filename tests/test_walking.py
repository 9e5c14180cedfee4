"""A walk over the served site with odd requests for a few seconds; ``.ci/long`` does so for an hour (``tests/walking.py``)."""

from __future__ import annotations

import base64
import os
import random
import re
import shutil
import threading
import zlib
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote_to_bytes

import pytest
import walking
from helpers.discovering import Known, pairs
from helpers.odd_requests import TRACE, Asked, Odd
from helpers.raw_client import Answer

MARKER = b"zqmk0123abcd"
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.mark.fault("a walk over all addresses with odd requests", of="site")
def test_a_walk_finds_nothing(seeded: Path, tmp_path: Path) -> None:
    """Links, forms, tables, the API and assistants' tools are asked for in odd ways; no 500, nothing of it in the log, and a bare request's answer is as before."""
    shutil.copy(seeded, tmp_path / "hotpatch.db")
    walk, found = walking.walked(tmp_path, 3, 1, is_public=True, most=400)
    assert found == []
    assert walk.compared > 0
    assert walk.statuses[200] > 0
    assert len(walk.known.shapes) > 20  # more than it begins with: what the home page, the sitemap and the description lead to


class Faulty(BaseHTTPRequestHandler):
    """A site with a fault of each kind that a walk is to find."""

    protocol_version = "HTTP/1.1"
    kept: ClassVar[dict[tuple[int, str], bytes]] = {}

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        status, body = 200, b"<p>home"
        if path == "/kept":  # by its address alone, with the language of whoever asked first
            key = (self.server.server_address[1], self.path)
            body = self.kept.setdefault(key, f"<p>{self.headers.get('Accept-Language')}".encode("utf-8", "replace"))
        elif path == "/shown":
            body = unquote_to_bytes(query)
        elif path == "/fails" and "9999" in query:
            status = 500
        self.send_response(status)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class Site:
    """A server of this process in place of a served one."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.said = [f"serving http://127.0.0.1:{server.server_address[1]}/", "unknown prompt: zq", "  mk0123abcd"]
        self.process = self
        self.pid = os.getpid()

    def until(self, pattern: str, _seconds: float) -> re.Match[str] | None:
        return re.match(pattern, self.said[0])

    def poll(self) -> None:
        return None


def test_a_walk_finds_what_is_wrong() -> None:
    """A page kept with the language of whoever asked first, a text shown as markup, a 500 for some values, and a name in a log that is wrapped."""
    with ExitStack() as stack:
        servers = [stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Faulty)) for _ in range(2)]
        for server in servers:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
        walk = walking.Walk([Site(server) for server in servers], 1)  # type: ignore[list-item]
        stack.callback(walk.client.close)
        stack.callback(walk.bare.close)
        walk.ask(Asked(path=b"/shown", query=((b"q", b"%3C" + MARKER),), marker=MARKER))
        walk.ask(Asked(path=b"/fails", query=((b"day", b"9999-12-31"),)))
        walk.ask(Asked(path=b"/kept", headers=((b"Accept-Language", MARKER),), marker=MARKER))
        walk.compare(Asked(path=b"/kept"), walk.ask(Asked(path=b"/kept")))
        walk.compare(Asked(), walk.ask(Asked()))
    found = walk.end(walk.site.said)
    assert [line.partition(":")[0] for line in found] == [
        "markup of a visitor", "a fault of ours", "another visitor's text", "another answer than bare", "a visitor's text in the log, wrapped",
    ]  # fmt: skip
    again = found[1].partition("again: ")[2].partition(":")[2]
    assert zlib.decompress(base64.urlsafe_b64decode(again)) == b"GET /fails?day=9999-12-31 HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("written", [
    b"q=zqmk0123abcd", b"'ZQMK0123abcd'", b"%7a%71%6d%6b0123", b"%257a%2571%256d%256b", b"~7Aqmk", b"b'\\x7a\\x71mk'", b"\\u007aqmk", b"&#x7a;&#113;mk", b"z\0q\0m\0k\0", b"enFta",
])  # fmt: skip
def test_traces_of_a_visitor_are_known_in_every_spelling(written: bytes) -> None:
    assert TRACE.search(b"an error: " + written)


def test_an_ordinary_log_has_no_trace() -> None:
    assert not TRACE.search(
        b'hotpatch-kb: ValueError while answering a request\n  File "/usr/lib/python3/site-packages/datasette/app.py", line 1493'
    )


@pytest.mark.parametrize(("asked", "answer", "expected"), [
    (Asked(), Answer(500, [], b"", 0.1), ["a fault of ours"]),
    (Asked(), Answer(503, [], b"", 0.1), []),
    (Asked(), Answer(0, [], b"", 0.1), ["no answer"]),
    (Asked(is_cut=True), Answer(0, [], b"", 0.1), []),
    (Asked(marker=MARKER), Answer(200, [("content-type", "text/html")], b"<p>zqmk0123abcd", 0.1), []),
    (Asked(marker=MARKER), Answer(200, [("content-type", "text/html")], b"<zqmk0123abcd>", 0.1), ["markup of a visitor"]),
    (Asked(marker=MARKER), Answer(200, [], b"zqmkffffffff", 0.1), ["another visitor's text"]),
    (Asked(marker=MARKER), Answer(200, [("x-zqmk0123abcd", "1")], b"", 0.1), ["a header of a visitor"]),
    (Asked(), Answer(200, [("content-encoding", "gzip")], b"x", 0.1), ["a body that is not encoded as it says"]),
])  # fmt: skip
def test_what_may_not_be_in_an_answer(asked: Asked, answer: Answer, expected: list[str]) -> None:
    assert walking.wrong(asked, answer) == expected


def test_a_body_that_differs_is_another_answer() -> None:
    page = [("content-type", "text/html")]
    one = Answer(200, page, b'<p>Queries took 1.2ms<details class="facet">a</details>', 0.1)
    assert walking._same(one, one._replace(body=b'<p>Queries took 33.4ms<details class="facet">a</details>'))
    assert not walking._same(one, one._replace(body=one.body + b"<p>x"))
    assert not walking._same(one, one._replace(headers=[*page, ("location", "/x")]))
    without = one._replace(body=b"<p>Queries took 1.2ms")
    assert (walking._same(one, without), walking._same(one, without, but_facets=True)) == (False, True)


def test_pages_forms_and_descriptions_lead_on() -> None:
    known = Known(random.Random(1))
    page = b'<a href="kb/5087423?x=1&amp;y=2#top">a</a><a href="https://other.example/">b</a><form action="/lookup"><input name=q></form><form method=post action="/fleet"><textarea name=fleet></textarea></form>'
    known.read("/ja/", "text/html; charset=utf-8", page)
    known.read("/sitemap.xml", "application/xml", b"<loc>http://localhost/cve/CVE-2025-1</loc>")
    known.read(
        "/api/openapi.json",
        "application/json",
        b'{"openapi": "3.1.0", "paths": {"/next": {"get": {"parameters": [{"name": "on", "schema": {"example": "2026-07-20"}}]}}}}',
    )
    found = {address for addresses in known.shapes.values() for address in addresses}
    assert found >= {"/ja/kb/5087423?x=1&y=2", "/lookup?q=", "/cve/CVE-2025-1", "/api/next", "/api/next?on=2026-07-20"}
    assert known.posted == {"/fleet": ["fleet"]}
    assert pairs("/ja/kb/5087423?x=1&y=\u00e9") == (b"/ja/kb/5087423", ((b"x", b"1"), (b"y", b"%C3%A9")))


def test_one_seed_draws_one_request() -> None:
    def drawn(seed: int) -> list[bytes]:
        odd = Odd(random.Random(seed))
        odd.begin()
        return [Asked(path=odd.path(b"/kb/1"), query=odd.query([], ["q"], ["kb"]), headers=odd.headers()).bytes() for _ in range(50)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
