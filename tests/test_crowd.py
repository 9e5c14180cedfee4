"""Many clients at once: large work is done in turns, and what clients make the site hold has a limit.

``tests/crowding.py`` crowds the real process; ``.ci/long`` does so for five minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.datasettes import Datasette, opened, pm

from hotpatch_kb.db.site import web
from hotpatch_kb.db.site.load import compression
from hotpatch_kb.db.site.load import turns as turning
from hotpatch_kb.db.site.load.room import SMALL, GivenUp, Room
from hotpatch_kb.db.site.load.turns import Turns


@pytest.fixture
def public(seeded: Path) -> Iterator[Datasette]:
    with opened(seeded, public=True) as ds:
        yield ds


class Client:
    """A client of the application: it sends a request and takes the answer, at its pace."""

    def __init__(self, method: str, path: str, body: bytes = b"", kind: bytes = b"text/csv") -> None:
        name, _, query = path.partition("?")
        self.scope = {
            "type": "http", "http_version": "1.1", "method": method, "path": name, "raw_path": name.encode(), "query_string": query.encode(), "scheme": "http",
            "headers": [(b"host", b"localhost"), (b"content-type", kind)], "client": ("127.0.0.1", 1), "server": ("x", 80), "root_path": "",
        }  # fmt: skip
        self.to_send = [{"type": "http.request", "body": body, "more_body": False}]
        self.has_left, self.reads = asyncio.Event(), asyncio.Event()
        self.reads.set()
        self.status, self.size, self.largest = 0, 0, 0
        self.headers: dict[bytes, bytes] = {}

    async def receive(self) -> dict[str, Any]:
        """The request, then that the client left once it has."""
        if self.to_send:
            return self.to_send.pop(0)
        await self.has_left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Take a part of the answer, if the client reads."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
            return
        await self.reads.wait()
        self.size += len(message.get("body", b""))
        self.largest = max(self.largest, len(message.get("body", b"")))

    async def ask(self, ds: Datasette) -> Client:
        """Ask the site."""
        app = ds.__dict__.setdefault("_tested_app", ds.app())  # each has its own compressed bodies
        await app(self.scope, self.receive, self.send)
        return self


FLEET = b"host,build\n" + b"".join(b"srv%d,26100.%d\n" % (number, number) for number in range(4_000))


def run(ds: Datasette, asked: Callable[[], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        await ds.invoke_startup()
        return await asked()

    return asyncio.run(whole())


@pytest.mark.fault("twenty fleets at once, and an ordinary visitor", of="site")
def test_large_work_waits_and_ordinary_work_does_not(public: Datasette) -> None:
    """Twenty fleets of 4,000 machines are sent at once; a page that is asked for after them is answered before the third of them."""
    order: list[str] = []

    async def one(name: str, client: Client) -> Client:
        await client.ask(public)
        order.append(name)
        return client

    async def all_at_once() -> list[Client]:
        await Client("GET", "/api/lookup?q=26100.32772").ask(public)
        large = [asyncio.create_task(one("large", Client("POST", "/api/assess", FLEET))) for _ in range(20)]
        await asyncio.sleep(0.05)
        return await asyncio.gather(*large, one("small", Client("GET", "/api/lookup?q=26100.32860")))

    clients = run(public, all_at_once)
    assert [client.status for client in clients] == [200] * 21
    assert order.index("small") < 3


@pytest.mark.fault("more large requests than can wait", of="site")
@pytest.mark.parametrize("path", ["/csv/releases.csv", "/hotpatch/releases", "/hotpatch/releases.json", "/calendars/ws2025.ics"])
def test_who_finds_no_place_to_wait_is_told_at_once(path: str, public: Datasette, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole tables are asked for while one is made and nobody more may wait; 503 with the seconds after which to ask again."""
    monkeypatch.setattr(turning, "MAX_WAITING", 0)

    async def asked() -> Client:
        async with turning.turns(public).turn(Client("GET", "/").receive):
            return await Client("GET", path).ask(public)

    client = run(public, asked)
    assert (client.status, client.headers[b"retry-after"]) == (503, b"20")


def test_a_turn_that_does_not_come_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turning, "SECONDS", 0.05)

    async def asked() -> int:
        turns = Turns()
        async with turns.turn(Client("GET", "/").receive):
            with pytest.raises(web.HttpError, match="Ask again later"):
                await turns.turn(Client("GET", "/").receive).__aenter__()
        async with turns.turn(Client("GET", "/").receive):  # what was refused holds no turn
            return turns.waiting

    assert asyncio.run(asked()) == 0


@pytest.mark.fault("clients that ask for much and leave", of="site")
def test_nothing_is_made_for_a_client_that_left(public: Datasette, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty clients send a fleet and leave while another's is judged; none of them is judged."""

    async def asked() -> list[Client]:
        clients = [Client("POST", "/api/assess", FLEET) for _ in range(20)]
        async with turning.turns(public).turn(Client("GET", "/").receive):
            tasks = [asyncio.create_task(client.ask(public)) for client in clients]
            while turning.turns(public).waiting < 20:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            for client in clients:
                client.has_left.set()
            await asyncio.gather(*tasks)
        return clients

    plugin = next(plugin for plugin in pm.get_plugins() if getattr(plugin, "__file__", "").endswith("fleets.py"))
    monkeypatch.setattr(plugin, "judged", lambda *_: pytest.fail("judged"))
    clients = run(public, asked)
    assert {client.status for client in clients} == {503}
    assert turning.turns(public).waiting == 0


def test_a_client_that_leaves_gives_its_turn_on() -> None:
    async def asked() -> None:
        turns, leaving = Turns(), Client("GET", "/")
        async with turns.turn(Client("GET", "/").receive):
            waiting = asyncio.create_task(turns.turn(leaving.receive).__aenter__())
            await asyncio.sleep(0)
            leaving.has_left.set()
            with pytest.raises(web.HttpError):
                await waiting
        async with asyncio.timeout(1), turns.turn(Client("GET", "/").receive):
            pass

    asyncio.run(asked())


@pytest.mark.fault("a hundred slow readers of answers of their own", of="site")
def test_slow_readers_of_their_own_answers_are_given_up(public: Datasette) -> None:
    """Clients send fleets and do not read the answers; the answers that are held stay below the limit, the oldest are given up, and who reads gets all."""
    room = public.__dict__["_hotpatch_kb_room"] = Room(most=2_000_000)

    async def asked() -> tuple[list[bool], int, Client]:
        slow = [Client("POST", "/api/assess?format=csv", FLEET) for _ in range(12)]
        tasks = []
        for client in slow:
            client.reads.clear()
            tasks.append(asyncio.create_task(client.ask(public)))
            while not client.status:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        ended, held = [task.done() for task in tasks], room.size
        quick = await Client("POST", "/api/assess?format=csv", FLEET).ask(public)
        for client in slow:
            client.reads.set()
        await asyncio.gather(*tasks)
        return ended, held, quick

    ended, held, quick = run(public, asked)
    assert held <= 2_000_000
    assert ended == sorted(ended, reverse=True)  # the oldest of them
    assert 0 < sum(ended) < 12
    assert quick.size > 200_000
    assert quick.largest <= 65_536  # the server copies what it is given
    assert room.size == 0


@pytest.mark.fault("bodies that are sent slowly and held meanwhile", of="site")
def test_bodies_that_wait_for_their_rest_are_given_up(public: Datasette) -> None:
    """Forty clients send 4 MB of a fleet and nothing more; those that are held stay below the limit."""
    room = public.__dict__["_hotpatch_kb_room"] = Room(most=20_000_000)

    async def asked() -> int:
        tasks = []
        for _ in range(40):
            client = Client("POST", "/api/assess")
            client.to_send = [{"type": "http.request", "body": b"x" * 1_000_000, "more_body": True} for _ in range(4)]
            tasks.append(asyncio.create_task(client.ask(public)))
            await asyncio.sleep(0.01)
        waiting = [task for task in tasks if not task.done()]
        held = room.size
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert len(waiting) == 5
        return held

    assert run(public, asked) <= 20_000_000
    assert room.size == 0


def test_an_answer_that_many_read_counts_once() -> None:
    shared, own, large = (b"x" * size for size in (2 * SMALL, SMALL, 2 * SMALL))

    async def asked() -> list[bool]:
        room = Room(most=3 * SMALL)
        with room.place() as first, room.place() as second:
            first.task = second.task = None  # these are not waiting
            room.hold(first, shared, len(shared))
            room.hold(second, shared, len(shared))
            assert room.size == 2 * SMALL
            with pytest.raises(GivenUp), room.place() as third:  # noqa: PT012 (it is given up where it waits)
                room.hold(third, own, len(own))
                with room.place() as fourth:
                    room.hold(fourth, large, len(large))
                    assert room.size <= 3 * SMALL
                    await asyncio.sleep(1)
            return [first.is_given_up, second.is_given_up]

    assert asyncio.run(asked()) == [False, False]


@pytest.mark.fault("a hundred who ask for one answer at once", of="site")
def test_one_answer_is_made_once_for_all_who_ask_at_once(public: Datasette, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page, a feed and a large table are asked for by thirty at once, compressed; each is made once, and compressed once."""
    made: list[str] = []
    whole = compression._whole
    monkeypatch.setattr(compression, "_whole", lambda encoding, body: made.append("compressed") or whole(encoding, body))
    put = web.AnswerCache.put
    monkeypatch.setattr(web.AnswerCache, "put", lambda self, state, key, answer: made.append("made") or put(self, state, key, answer))

    async def asked(path: str) -> list[Client]:
        clients = [Client("GET", path) for _ in range(30)]
        for client in clients:
            client.scope["headers"].append((b"accept-encoding", b"gzip"))
        return list(await asyncio.gather(*(client.ask(public) for client in clients)))

    for path in ("/product/ws2025", "/feeds/releases.atom", "/csv/releases.csv"):
        made.clear()
        clients = run(public, lambda path=path: asked(path))
        assert [client.status for client in clients] == [200] * 30
        assert sorted(made) == ["compressed", "made"], path


def test_a_table_has_one_address(public: Datasette) -> None:
    """Each spelling of an address would be made and kept by itself: 2 s and 16 MB."""
    assert run(public, lambda: Client("GET", "/csv/products.csv?x=1").ask(public)).status == 400
