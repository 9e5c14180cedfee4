"""Asking with the HTTP client: a clock that only sleeping moves, calls one after the other, Microsoft's hosts answered in memory.

An answer that belongs to an address is a route of ``web``. What happens on the wire (broken connections, drips, bombs, concurrency) is
tested over loopback sockets, see ``helpers.mirror``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from helpers.mirror import from_tree, is_known
from hotpatch_kb.scraper.fetch.agent import user_agent
from hotpatch_kb.scraper.fetch.client import Answer, Fetcher
from hotpatch_kb.scraper.fetch.errors import FetchError

SUPPORT = "https://support.microsoft.com"
LEARN = "https://learn.microsoft.com"
ROBOTS = f"{SUPPORT}/robots.txt"
PAGE = f"{SUPPORT}/en-us/page"
NOON = datetime(2026, 7, 23, 12, 0, 0, tzinfo=UTC)


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.seconds += seconds
        await asyncio.sleep(0)


@pytest.fixture
def fake() -> FakeTime:
    return FakeTime()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[respx.MockRouter]:
    """Microsoft's hosts in memory: no host has a robots.txt, any other address without a route fails the test. Crawls do not pause."""
    monkeypatch.setattr("hotpatch_kb.scraper.fetch.hosts.PAUSE", 0.0)
    with respx.mock(assert_all_called=False) as router:
        router.get(path="/robots.txt", name="robots").respond(404)
        yield router


def serve_tree(web: respx.MockRouter, tree: Path) -> None:
    """Answer what no route did: what a saved tree has, as the mirror would, and else 404."""

    def answer(request: httpx.Request) -> httpx.Response:
        reply = from_tree(tree, request.url.host, request.url.raw_path.decode())
        if reply is None:
            return httpx.Response(404)
        if is_known(reply.headers, request.headers):
            return httpx.Response(304, headers=dict(reply.headers))
        return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body)

    web.route(name="tree").side_effect = answer


def asked(web: respx.MockRouter) -> list[str]:
    """The addresses asked for, in order."""
    return [str(call.request.url) for call in web.calls]


def pages_asked(web: respx.MockRouter) -> list[httpx.Request]:
    """The requests for anything but robots.txt."""
    return [call.request for call in web.calls if call.request.url.path != "/robots.txt"]


def fetcher(fake: FakeTime | None = None, **settings: Any) -> Fetcher:
    defaults: dict[str, Any] = {"user_agent": user_agent(), "pause": 0.0, "now": lambda: NOON, "jitter": lambda: 0.0}
    if fake:
        defaults |= {"clock": fake.clock, "sleep": fake.sleep}
    return Fetcher(**(defaults | settings))


def run(client: Fetcher, *calls: Callable[[Fetcher], Awaitable[Any]]) -> list[Any]:
    """The results of the calls, one after the other; an error of ours is a result too."""

    async def main() -> list[Any]:
        results = []
        async with client:
            for call in calls:
                try:
                    results.append(await call(client))
                except FetchError as exc:
                    results.append(exc)
        return results

    return asyncio.run(main())


def get(url: str, **arguments: Any) -> Callable[[Fetcher], Awaitable[Answer]]:
    return lambda client: client.get(url, **arguments)


def shown(result: Any) -> tuple[type, str]:
    return type(result), str(result)
