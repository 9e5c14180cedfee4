"""The HTTP client on the wire: real addresses on a loopback socket, connections that break, drip or never end, and how many there are."""

from __future__ import annotations

import asyncio
import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from helpers.fetching import LEARN, PAGE, ROBOTS, SUPPORT, FakeTime, fetcher, get, run, shown
from helpers.mirror import Mirror, Reply, zipped

from hotpatch_kb.db import __version__
from hotpatch_kb.scraper.fetch.agent import user_agent
from hotpatch_kb.scraper.fetch.client import Answer, Fetcher
from hotpatch_kb.scraper.fetch.errors import Refused, Unreachable

HTML = {"content-type": "text/html; charset=utf-8"}


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with Mirror() as server:
        yield server


# Requests and answers


def test_an_answer_is_what_was_served(mirror: Mirror) -> None:
    mirror.serve(PAGE, "January 13, 2026—Baseline")
    (answer,) = run(fetcher(mirror=mirror.url), get(PAGE))
    body = "January 13, 2026—Baseline".encode()
    headers = HTML | {"content-length": str(len(body))}
    of_each_run = {name: answer.headers.pop(name) for name in ("date", "server")}
    assert all(of_each_run.values())
    assert (answer.url, answer.final_url, answer.status, answer.headers, answer.body, answer.fetched_at) == (
        PAGE,
        PAGE,
        200,
        headers,
        body,
        "2026-07-23T12:00:00Z",
    )
    assert mirror.asked() == [ROBOTS, PAGE]


def test_the_request_says_who_asks_and_asks_for_english(mirror: Mirror) -> None:
    mirror.serve(PAGE, "x")
    agent = user_agent("https://example.org/hotpatch")
    run(fetcher(mirror=mirror.url, user_agent=agent), get(PAGE))
    assert agent == f"hotpatch-kb/{__version__} (+https://example.org/hotpatch)"
    assert mirror.requests[1].headers == {
        "accept": "*/*",
        "accept-encoding": "gzip",
        "accept-language": "en-us",
        "connection": "keep-alive",
        "host": "support.microsoft.com",
        "user-agent": agent,
    }


def test_path_and_query_reach_the_server_as_written(mirror: Mirror) -> None:
    asked = [
        f"{LEARN}/en-us/windows/release-health/windows-server-release-info?accept=text/markdown",
        "https://prices.azure.com:443/api/retail/prices?api-version=2023-01-01-preview&currencyCode='EUR'&$filter=type eq 'Consumption'&$skip=1000",
        "https://api.msrc.microsoft.com/cvrf/v3.0/updates('2024')",
    ]
    answers = run(fetcher(mirror=mirror.url), *map(get, asked))
    assert [request.target for request in mirror.requests if request.target != "/robots.txt"] == [
        "/en-us/windows/release-health/windows-server-release-info?accept=text/markdown",
        "/api/retail/prices?api-version=2023-01-01-preview&currencyCode='EUR'&$filter=type%20eq%20'Consumption'&$skip=1000",
        "/cvrf/v3.0/updates('2024')",
    ]
    assert [(answer.url, answer.status) for answer in answers] == [(url, 404) for url in asked]


def test_one_connection_serves_redirects_conditions_and_missing_pages(mirror: Mirror) -> None:
    mirror.redirect(f"{SUPPORT}/help/5094126", "/en-us/page")
    mirror.serve(PAGE, "x", headers={"ETag": '"1"'})
    answers = run(fetcher(mirror=mirror.url), get(f"{SUPPORT}/help/5094126"), get(PAGE, etag='"1"'), get(f"{SUPPORT}/none"), get(PAGE))
    assert ([answer.status for answer in answers], mirror.connections) == ([200, 304, 404, 200], 1)


# One request at a time


def test_robots_txt_is_read_once_even_when_pages_come_together(mirror: Mirror) -> None:
    mirror.delay(ROBOTS, b"", 0.05)

    async def together(client: Fetcher) -> list[Answer]:
        return await asyncio.gather(*(client.get(f"{SUPPORT}/{number}") for number in range(5)))

    run(fetcher(mirror=mirror.url), together)
    assert mirror.asked() == [ROBOTS, *(f"{SUPPORT}/{number}" for number in range(5))]


def test_one_request_at_a_time_with_pauses_per_host_and_hosts_at_once(mirror: Mirror) -> None:
    hosts = ["support.microsoft.com", "learn.microsoft.com", "azure.microsoft.com"]
    for host in hosts:
        mirror.script(f"https://{host}/1", [Reply(b"x", delay=0.1)])
        mirror.script(f"https://{host}/2", [Reply(b"x", delay=0.1)])

    async def together(client: Fetcher) -> list[Answer]:
        return await asyncio.gather(*(client.get(f"https://{host}/{page}") for host in hosts for page in (1, 2)))

    run(fetcher(mirror=mirror.url, pause=0.2), together)
    assert mirror.busiest == {"": 3} | dict.fromkeys(hosts, 1)
    for host in hosts:
        begun = [request.at for request in mirror.requests if request.host == host]
        ends = [begun[0], begun[1] + 0.1]  # robots.txt is answered at once, page 1 after 0.1 s
        # 15 ms is how early a sleep may end by the clock of Windows.
        assert [start - end >= 0.2 - 0.015 for end, start in zip(ends, begun[1:], strict=True)] == [True, True]


def test_while_one_page_waits_so_do_the_others_of_its_host(mirror: Mirror, fake: FakeTime) -> None:
    mirror.script(PAGE, [Reply(b"wait", 403), Reply(b"x")])

    async def together(client: Fetcher) -> list[Answer]:
        return await asyncio.gather(client.get(PAGE), client.get(f"{SUPPORT}/other"), client.get(f"{LEARN}/other"))

    run(fetcher(fake, mirror=mirror.url), together)
    assert (mirror.asked("support.microsoft.com"), fake.slept) == ([ROBOTS, PAGE, PAGE, f"{SUPPORT}/other"], [5.0])


# What breaks on the way


BROKEN = [
    (
        lambda mirror: mirror.wrong_length(PAGE, b"half", 8),
        "RemoteProtocolError: peer closed connection without sending complete message body",
    ),
    (lambda mirror: mirror.cut(PAGE, b"half"), "RemoteProtocolError: peer closed connection without sending complete message body"),
    (lambda mirror: mirror.hang_up(PAGE), "RemoteProtocolError: Server disconnected without sending a response"),
    (lambda mirror: mirror.delay(PAGE, b"late", 5.0), "ReadTimeout"),
    (
        lambda mirror: mirror.serve(PAGE, zipped(b"whole")[:-4], headers={"Content-Encoding": "gzip"}),
        "RemoteProtocolError: a gzip body that ends early",
    ),
    (
        lambda mirror: mirror.serve(PAGE, b"plain after all", headers={"Content-Encoding": "gzip"}),
        "RemoteProtocolError: a gzip body that cannot be read",
    ),
]


@pytest.mark.parametrize(("fault", "came"), BROKEN)
def test_a_broken_answer_is_tried_three_times(mirror: Mirror, fake: FakeTime, fault: Callable[[Mirror], None], came: str) -> None:
    fault(mirror)
    (error,) = run(fetcher(fake, mirror=mirror.url, timeout=0.1), get(PAGE))
    assert (type(error), error.message.startswith(f"expected a whole answer in 3 tries, got {came}")) == (Unreachable, True), error
    assert (mirror.asked(), fake.slept) == ([ROBOTS, PAGE, PAGE, PAGE], [0.5, 2.0])


@pytest.mark.fault("a connection that breaks twice")
def test_a_connection_that_breaks_once_costs_nothing(mirror: Mirror, fake: FakeTime) -> None:
    """The connection is closed before and within the answer; the third try has the page."""
    mirror.script(PAGE, [Reply(status=0, hang_up=True), Reply(b"ha", length=4, hang_up=True), Reply(b"x")])
    (answer,) = run(fetcher(fake, mirror=mirror.url), get(PAGE))
    assert answer.body == b"x"


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.fault("no network")
def test_without_a_network_it_gives_up_within_seconds() -> None:
    """No connection can be made; given up within seconds, the host's other pages fail at once.

    With the real clock and pause; afterwards every address of the host fails at once.
    """
    client = Fetcher(user_agent=user_agent(), mirror=closed_port())
    begun = time.monotonic()
    first, second = run(client, get(PAGE), get(f"{SUPPORT}/other"))
    assert time.monotonic() - begun < 5.0
    came = "expected an answer of support.microsoft.com, got ConnectError: All connection attempts failed"
    assert [shown(first), shown(second)] == [(Unreachable, f"{ROBOTS}: {came}"), (Unreachable, f"{ROBOTS}: {came}")]


# Limits


@pytest.mark.parametrize(("encoding", "times"), [("gzip", 1), ("x-gzip", 1), ("GZIP", 2)])
def test_gzip_is_decoded_in_one_part_or_several(mirror: Mirror, encoding: str, times: int) -> None:
    body = b"January 13, 2026" * 5000
    mirror.serve(PAGE, zipped(body) * times, headers={"Content-Encoding": encoding})
    (answer,) = run(fetcher(mirror=mirror.url), get(PAGE))
    assert answer.body == body * times


def test_an_empty_gzip_body_is_empty(mirror: Mirror) -> None:
    mirror.serve(PAGE, b"", headers={"Content-Encoding": "gzip"})
    (answer,) = run(fetcher(mirror=mirror.url), get(PAGE))
    assert answer.body == b""


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip"])
@pytest.mark.fault("encodings that were not asked for, or stacked")
def test_an_encoding_that_we_did_not_ask_for_is_refused(mirror: Mirror, encoding: str) -> None:
    """Content-Encoding is br, zstd, deflate or gzip twice; refused, nothing is decoded."""
    mirror.serve(PAGE, zipped(zipped(b"x")), headers={"Content-Encoding": encoding})
    (error,) = run(fetcher(mirror=mirror.url), get(PAGE))
    assert shown(error) == (Refused, f"{PAGE}: expected a body in gzip or plain, got Content-Encoding {encoding!r}")


@pytest.mark.fault("a body one byte too large")
def test_a_body_may_have_just_the_allowed_size(mirror: Mirror) -> None:
    """Bodies have the limit and one byte more; the first is read, the second refused."""
    mirror.serve(PAGE, b"x" * 1000)
    mirror.bomb(f"{SUPPORT}/zipped", 1000)
    mirror.serve(f"{SUPPORT}/more", b"x" * 1001)
    plain, packed, error = run(fetcher(mirror=mirror.url, max_bytes=1000), get(PAGE), get(f"{SUPPORT}/zipped"), get(f"{SUPPORT}/more"))
    assert (plain.body, packed.body) == (b"x" * 1000, bytes(1000))
    assert shown(error) == (Refused, f"{SUPPORT}/more: expected at most 1000 bytes, got more")


@pytest.mark.fault("a body that never ends")
def test_an_endless_body_is_stopped(mirror: Mirror) -> None:
    """The body, plain or packed, goes on for ever; refused at the limit."""
    mirror.endless(PAGE)
    mirror.script(f"{SUPPORT}/empty", [Reply(headers={"Content-Encoding": "gzip"}, chunks=empty_blocks)])
    errors = run(fetcher(mirror=mirror.url, max_bytes=2**20), get(PAGE), get(f"{SUPPORT}/empty"))
    assert [shown(error) for error in errors] == [
        (Refused, f"{PAGE}: expected at most 1048576 bytes, got more"),
        (Refused, f"{SUPPORT}/empty: expected at most 1048576 bytes, got more"),
    ]


def empty_blocks() -> Iterator[bytes]:
    """A gzip stream that never ends and never decodes to anything: its header, then stored blocks of length 0."""
    yield bytes.fromhex("1f8b08000000000000ff")
    while True:
        yield bytes.fromhex("000000ffff") * 10000


@pytest.mark.fault("a decompression bomb")
def test_a_decompression_bomb_is_stopped_inside_of_a_read(mirror: Mirror) -> None:
    """256 MB of zeros come as 261 kB; refused at the limit, within 8 MB of memory.

    256 MiB of zeros are 261 kB on the wire, and each read of 64 KiB would decode to 64 MiB before anybody could count.
    """
    mirror.bomb(PAGE, 2**28)
    tracemalloc.start()
    try:
        (error,) = run(fetcher(mirror=mirror.url, max_bytes=2**20), get(PAGE))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert shown(error) == (Refused, f"{PAGE}: expected at most 1048576 bytes, got more")
    assert peak < 8 * 2**20


@pytest.mark.fault("an answer that drips")
def test_an_answer_that_drips_is_stopped(mirror: Mirror) -> None:
    """A byte comes every 50 ms; refused when the whole takes too long.

    Each byte comes well within the read time-out; only the whole takes too long.
    """
    mirror.drip(PAGE, b"x" * 100, 0.05)
    (error,) = run(fetcher(mirror=mirror.url, timeout=1.0, max_seconds=0.3), get(PAGE))
    assert shown(error) == (Refused, f"{PAGE}: expected an answer within 0.3 s, got an unfinished one")


@pytest.mark.fault("a request that is cancelled")
def test_a_cancelled_request_lets_the_next_one_through(mirror: Mirror) -> None:
    """A request is cancelled while the server is silent; the next one of that host goes through."""
    mirror.script(PAGE, [Reply(b"late", delay=5.0), Reply(b"x")])

    async def cancel_and_ask_again(client: Fetcher) -> Answer:
        task = asyncio.create_task(client.get(PAGE))
        async with asyncio.timeout(5):
            while len(mirror.requests) < 2:  # noqa: ASYNC110  (the mirror lives in other threads)
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await client.get(PAGE)

    (answer,) = run(fetcher(mirror=mirror.url), cancel_and_ask_again)
    assert answer.body == b"x"


# Proxies


def test_a_proxy_of_the_environment_is_used_but_not_for_a_mirror(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is asked to CONNECT; ours does not know how (501), so nothing is reached through it."""
    for name in ("all_proxy", "http_proxy", "https_proxy", "no_proxy", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", mirror.url)
    monkeypatch.setenv("HTTP_PROXY", closed_port())
    fake = FakeTime()
    (error,) = run(fetcher(fake), get(PAGE))
    assert (type(error), error.message.startswith("expected an answer of support.microsoft.com, got ProxyError: 501")) == (
        Unreachable,
        True,
    )
    (answer,) = run(fetcher(mirror=mirror.url), get(PAGE))
    assert answer.status == 404
