"""Answers in brotli and gzip: the same content, a tag of their own, kept once, streamed where large, and never a page with a secret."""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import brotli
import pytest
from helpers.datasettes import Datasette
from hypothesis import given
from hypothesis import strategies as st

from hotpatch_kb.db.site.load import compression
from hotpatch_kb.db.site.load.compression import Compressed, Kept, accepted, is_text
from hotpatch_kb.db.site.plugins import caching

# One of each kind that is text: HTML, JSON, CSV, feeds, calendars, style, script, a drawing; ours and Datasette's own.
PATHS = (
    "/en/", "/ja/product/ws2025", "/en/build/26100.32772", "/api/verdicts?product=ws2025", "/csv/releases.csv", "/feeds/releases.atom", "/calendars/ws2025.ics",
    "/site/site.css", "/-/static/app.css", "/-/static/table.js", "/hotpatch/releases", "/hotpatch/releases.json?_shape=array", "/api/openapi.json", "/sitemap.xml", "/no/such/page",
)  # fmt: skip
DECODERS = {"br": brotli.decompress, "gzip": gzip.decompress}


async def at_once(make: Callable[[], bytes]) -> bytes:
    return make()


async def raw(ds: Datasette, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], list[bytes]]:
    """Return an answer as it is sent: its status, its headers, its parts."""
    await ds.invoke_startup()
    sent: list[Any] = []
    route, _, query = path.partition("?")
    given_headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in {"host": "x", **headers}.items()]
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": route, "raw_path": route.encode(), "query_string": query.encode(),
        "scheme": "http", "headers": given_headers, "client": ("127.0.0.1", 1), "server": ("x", 80), "root_path": "",
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await ds.app()(scope, receive, send)
    names = [name.decode() for name, _ in sent[0]["headers"]]
    assert len(names) == len(set(names)), names
    return (
        sent[0]["status"],
        {name.decode(): value.decode() for name, value in sent[0]["headers"]},
        [part.get("body", b"") for part in sent[1:]],
    )


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_is_the_same_in_every_encoding(public: Datasette, path: str) -> None:
    status, plain, parts = asyncio.run(raw(public, path))
    whole = b"".join(parts)
    assert "content-encoding" not in plain
    assert "Accept-Encoding" in plain["vary"]
    tags = {plain.get("etag")}
    for encoding, decoded in DECODERS.items():
        again, headers, parts = asyncio.run(raw(public, path, accept_encoding=encoding))
        body = b"".join(parts)
        assert (again, headers["content-encoding"], decoded(body)) == (status, encoding, whole)
        assert len(body) < len(whole) / 2
        assert headers["vary"] == plain["vary"]
        if status != 200:
            continue
        assert headers["content-length"] == str(len(body))
        tags.add(headers["etag"])
        unchanged = asyncio.run(raw(public, path, accept_encoding=encoding, if_none_match=headers["etag"]))
        assert (unchanged[0], unchanged[1]["etag"], unchanged[1]["vary"], unchanged[2]) == (304, headers["etag"], headers["vary"], [b""])
        assert "content-encoding" not in unchanged[1]
        assert asyncio.run(raw(public, path, accept_encoding=encoding, if_none_match=str(plain["etag"])))[0] == 200
        if not path.startswith("/hotpatch"):  # Datasette's own pages make no body for HEAD
            assert asyncio.run(raw(public, path, "HEAD", accept_encoding=encoding)) == (200, headers, [b""])
    assert len(tags) == (3 if status == 200 else 1)


@pytest.mark.parametrize("path", ["/site/card.png", "/robots.txt", "/api/lookup?q=no+such+thing+at+all"])
def test_pictures_and_small_answers_are_left_alone(public: Datasette, path: str) -> None:
    _, plain, parts = asyncio.run(raw(public, path))
    _, headers, compressed = asyncio.run(raw(public, path, accept_encoding="br, gzip"))
    assert (headers, b"".join(compressed)) == (plain, b"".join(parts))
    assert "Accept-Encoding" not in headers.get("vary", "")


def test_an_answer_to_a_posted_inventory_is_compressed(public: Datasette) -> None:
    fleet = b"host,build\n" + b"".join(b"srv%d,26100.32772\n" % number for number in range(300))
    _, _, plain = asyncio.run(raw(public, "/api/assess?format=csv", "POST", fleet, content_type="text/csv"))
    _, headers, body = asyncio.run(raw(public, "/api/assess?format=csv", "POST", fleet, content_type="text/csv", accept_encoding="br"))
    assert (headers["content-encoding"], brotli.decompress(b"".join(body))) == ("br", b"".join(plain))


def test_a_page_with_a_token_is_never_compressed(own: Datasette) -> None:
    """BREACH: the length of a compressed page would tell the token. The first visit sets its cookie, later ones have it."""
    status, first, _ = asyncio.run(raw(own, "/-/messages", accept_encoding="br, gzip"))
    assert (status, first["cache-control"]) == (200, "no-store")
    assert "content-encoding" not in first
    token = first["set-cookie"].partition(";")[0]
    assert token.startswith("ds_csrftoken=")
    _, later, parts = asyncio.run(raw(own, "/-/messages", accept_encoding="br, gzip", cookie=f"a=b; {token}"))
    assert "set-cookie" not in later
    assert "content-encoding" not in later
    assert token.partition("=")[2].encode() in b"".join(parts)
    # A cookie of another program on the same host changes nothing.
    assert asyncio.run(raw(own, "/en/", accept_encoding="br", cookie="session=1"))[1]["content-encoding"] == "br"


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", None), ("br", b"br"), ("gzip, deflate, br", b"br"), ("gzip, deflate", b"gzip"), ("x-gzip", b"gzip"), ("GZIP", b"gzip"), ("deflate", None),
        ("br;q=0, gzip", b"gzip"), ("br;q=0.5, gzip;q=0.8", b"gzip"), ("gzip;q=0.5, *;q=0.9", b"br"), ("*", b"br"), ("*;q=0", None), ("br;q=0, *", b"gzip"),
        ("identity", None), ("identity;q=1, br;q=0.5", None), ("br;q=x", None), ("br;q=nan", None), ("br ; q=1.0", b"br"), (", ,;", None), ("br;q=0.001", b"br"),
    ],
)  # fmt: skip
def test_the_encoding_is_the_one_that_the_client_likes_best(header: str, chosen: bytes | None) -> None:
    assert accepted(header.encode()) == chosen


@given(st.binary(max_size=60))
def test_no_header_breaks_an_answer(header: bytes) -> None:
    assert accepted(header) in {None, b"br", b"gzip"}


def _sent_of(encoding: str, content_type: bytes, parts: list[bytes]) -> list[Any]:
    """Return what is sent of an answer that comes in parts, each message with the number of the part that it followed."""
    sent: list[Any] = []

    async def run() -> None:
        came = 0

        async def send(message: Any) -> None:
            sent.append((came, message))

        compressed = Compressed(send, {b"accept-encoding": encoding.encode()}, Kept(at_once))
        await compressed({"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", content_type), (b"ETag", b'"a"')]})
        for came, part in enumerate(parts, 1):
            await compressed({"type": "http.response.body", "body": part, "more_body": came < len(parts)})

    asyncio.run(run())
    return sent


@pytest.mark.parametrize("encoding", DECODERS)
def test_a_large_answer_is_compressed_as_it_comes(encoding: str) -> None:
    noise = random.Random(17)
    parts = [b"%d,%d\r\n" % (noise.random() * 1e6, number) * 100 for number in range(4000)]
    sent = _sent_of(encoding, b"text/csv", parts)
    assert DECODERS[encoding](b"".join(message.get("body", b"") for _, message in sent)) == b"".join(parts)
    assert (b"etag", f'"a-{encoding}"'.encode()) in sent[0][1]["headers"]
    assert [message["more_body"] for _, message in sent[1:]] == [True] * (len(sent) - 2) + [False]
    # Whoever reads along is never further behind than what is held back at first, or a block.
    behind = [after - before for (before, _), (after, _) in pairwise(sent[1:])]
    most = max(len(part) for part in parts)
    assert sent[0][0] * most < compression.MAX_WHOLE * 1.5
    assert max(behind) < 2 * compression.FLUSHED / min(len(part) for part in parts)
    assert len(sent) < len(parts) / 10, "it sends blocks, not lines"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_events_are_passed_on_at_once(public: Datasette, method: str) -> None:
    """An assistant reads each event of the Model Context Protocol as it comes: no layer of ours holds one back."""
    events = [b"data: %d\n\n" % number * 500 for number in range(5)]
    seen: list[tuple[int, Any]] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for number, event in enumerate(events, 1):
            await send({"type": "http.response.body", "body": event, "more_body": True})
            assert len(seen) == number + 1
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        seen.append(message)

    wrapped = caching.asgi_wrapper(public)(app)
    asyncio.run(wrapped({"type": "http", "method": method, "path": "/-/mcp", "headers": [(b"accept-encoding", b"br")]}, None, send))
    assert seen[0] == {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}
    assert [message["body"] for message in seen[1:]] == [*events, b""]


def test_equal_bodies_are_compressed_once_and_memory_has_an_end() -> None:
    kept = Kept(at_once, most=40_000)

    async def run() -> None:
        for _ in range(3):
            for encoding in (b"br", b"gzip"):
                await kept.compressed(encoding, b"the same " * 1000)
        assert kept.made == 2
        noise = random.Random(17)
        for _ in range(100):
            body = noise.randbytes(1_000)
            assert brotli.decompress(await kept.compressed(b"br", body)) == body
            assert kept.size <= 40_000
        await kept.compressed(b"br", b"the same " * 1000)
        assert kept.made == 103  # the oldest went

    asyncio.run(run())


def test_what_is_text_is_known_by_a_rule() -> None:
    text = (
        "text/html; charset=utf-8",
        "application/json",
        "application/feed+json",
        "image/svg+xml",
        "application/atom+xml",
        "text/javascript",
        "TEXT/CSV",
        "application/javascript",
    )
    assert [is_text(kind.encode()) for kind in text] == [True] * len(text)
    other = (
        "image/png",
        "application/octet-stream",
        "application/gzip",
        "text/event-stream; charset=utf-8",
        "",
        "font/woff2",
        "application/vnd.apache.parquet",
    )
    assert [is_text(kind.encode()) for kind in other] == [False] * len(other)
