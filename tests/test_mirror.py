"""The mirror of Microsoft that other tests ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from helpers.fetching import LEARN, PAGE, SUPPORT, fetcher, get, run
from helpers.mirror import Mirror, Reply


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with Mirror() as server:
        yield server


def test_a_saved_tree_is_served_by_host_and_path(mirror: Mirror, tmp_path: Path) -> None:
    folder = tmp_path / "learn.microsoft.com" / "en-us" / "health"
    folder.mkdir(parents=True)
    (folder / "info.md").write_bytes(b"# md")
    (folder / "info.html").write_bytes(b"<p>html")
    (folder / "toc.json").write_bytes(b"{}")
    (folder / "only.html").write_bytes(b"<p>only")
    day = "Thu, 11 Jun 2026 14:12:14 GMT"
    meta = {"fetched_at": "2026-07-02T13:05:32Z", "status": 200, "headers": {"Last-Modified": day, "content-type": "text/markdown"}}
    (folder / "info.md.meta.json").write_text(json.dumps(meta), encoding="utf-8")
    mirror.serve_tree(tmp_path)
    names = ["info?accept=text/markdown", "info", "toc.json", "toc", "only?accept=text/markdown", "only", "none"]
    answers = run(fetcher(mirror=mirror.url), *(get(f"{LEARN}/en-us/health/{name}") for name in names), get(f"{SUPPORT}/en-us/health/info"))
    assert [(answer.status, answer.body, answer.headers["content-type"]) for answer in answers] == [
        (200, b"# md", "text/markdown"),
        (200, b"<p>html", "text/html; charset=utf-8"),
        (200, b"{}", "application/json; charset=utf-8"),
        (200, b"{}", "application/json; charset=utf-8"),
        (404, b"not found", "text/plain; charset=utf-8"),
        (200, b"<p>only", "text/html; charset=utf-8"),
        (404, b"not found", "text/plain; charset=utf-8"),
        (404, b"not found", "text/plain; charset=utf-8"),
    ]
    assert [answer.headers.get("last-modified") for answer in answers[:2]] == [day, None]
    again = run(
        fetcher(mirror=mirror.url),
        *(get(answer.url, etag=answer.headers["etag"]) for answer in answers[:4]),
        get(answers[0].url, last_modified=day),
        get(answers[0].url, etag=answers[1].headers["etag"]),
    )
    assert [answer.status for answer in again] == [304, 304, 304, 304, 304, 200]
    (folder / "info.md").write_bytes(b"# changed")
    (changed,) = run(fetcher(mirror=mirror.url), get(answers[0].url, etag=answers[0].headers["etag"]))
    assert (changed.status, changed.body) == (200, b"# changed")


def test_the_mirror_answers_in_turn_and_remembers_what_was_asked(mirror: Mirror) -> None:
    mirror.script(PAGE, [Reply(b"1"), Reply(b"2")])
    answers = run(fetcher(mirror=mirror.url), *[get(PAGE)] * 3)
    assert [answer.body for answer in answers] == [b"1", b"2", b"2"]
    assert [(request.method, request.host, request.target) for request in mirror.requests] == [
        ("GET", "support.microsoft.com", "/robots.txt"),
        *[("GET", "support.microsoft.com", "/en-us/page")] * 3,
    ]
    assert all(earlier.at <= later.at for earlier, later in pairwise(mirror.requests))
