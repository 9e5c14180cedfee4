"""The HTTP client against a mirror of Microsoft on a loopback socket: real addresses, real sockets, faults included."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from helpers.mirror import Mirror, Reply, zipped
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpatch_kb.db import __version__
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.fetch.addresses import ALLOWED_HOSTS, checked
from hotpatch_kb.scraper.fetch.client import Answer, Fetcher, user_agent
from hotpatch_kb.scraper.fetch.errors import FetchError, Refused, Throttled, UnexpectedStatus, Unreachable

SUPPORT = "https://support.microsoft.com"
LEARN = "https://learn.microsoft.com"
ROBOTS = f"{SUPPORT}/robots.txt"
PAGE = f"{SUPPORT}/en-us/page"
HTML = {"content-type": "text/html; charset=utf-8"}
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
def mirror() -> Iterator[Mirror]:
    with Mirror() as server:
        yield server


@pytest.fixture
def fake() -> FakeTime:
    return FakeTime()


def fetcher(mirror: Mirror | None, fake: FakeTime | None = None, **settings: Any) -> Fetcher:
    defaults: dict[str, Any] = {"user_agent": user_agent(), "pause": 0.0, "now": lambda: NOON, "jitter": lambda: 0.0}
    if fake:
        defaults |= {"clock": fake.clock, "sleep": fake.sleep}
    return Fetcher(mirror=mirror and mirror.url, **(defaults | settings))


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


def seen(answer: Answer) -> dict[str, str]:
    """The headers of an answer without those that differ from run to run."""
    return {name: value for name, value in answer.headers.items() if name not in ("date", "server")}


# Answers


def test_an_answer_is_what_was_served(mirror: Mirror) -> None:
    mirror.serve(PAGE, "January 13, 2026—Baseline")
    (answer,) = run(fetcher(mirror), get(PAGE))
    body = "January 13, 2026—Baseline".encode()
    headers = HTML | {"content-length": str(len(body))}
    assert (answer.url, answer.final_url, answer.status, seen(answer), answer.body, answer.fetched_at) == (
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
    run(fetcher(mirror, user_agent=agent), get(PAGE))
    assert agent == f"hotpatch-kb/{__version__} (+https://example.org/hotpatch)"
    assert mirror.requests[1].headers == {
        "accept": "*/*",
        "accept-encoding": "gzip",
        "accept-language": "en-us",
        "connection": "keep-alive",
        "host": "support.microsoft.com",
        "user-agent": agent,
    }


def test_a_mail_address_is_sent_as_from_and_json_is_asked_for(mirror: Mirror) -> None:
    mirror.serve(PAGE, "{}")
    run(fetcher(mirror, contact="ops@example.org"), get(PAGE, accept="application/json"))
    assert [(request.headers["from"], request.headers["accept"]) for request in mirror.requests] == [
        ("ops@example.org", "text/plain, */*;q=0.1"),
        ("ops@example.org", "application/json"),
    ]


@pytest.mark.parametrize("contact", ["me\r\nX-Evil: 1", "a) Mozilla/5.0 (b", "Zoë"])
def test_a_contact_that_cannot_stand_in_a_header_is_bad_input(contact: str) -> None:
    with pytest.raises(BadInput, match=r"^contact: expected printable ASCII"):
        user_agent(contact)


def test_without_a_contact_the_user_agent_says_so() -> None:
    assert user_agent() == f"hotpatch-kb/{__version__} (no contact set)"


def test_path_and_query_reach_the_server_as_written(mirror: Mirror) -> None:
    asked = [
        f"{LEARN}/en-us/windows/release-health/windows-server-release-info?accept=text/markdown",
        "https://prices.azure.com:443/api/retail/prices?api-version=2023-01-01-preview&currencyCode='EUR'&$filter=type eq 'Consumption'&$skip=1000",
        "https://api.msrc.microsoft.com/cvrf/v3.0/updates('2024')",
    ]
    answers = run(fetcher(mirror), *map(get, asked))
    assert [request.target for request in mirror.requests if request.target != "/robots.txt"] == [
        "/en-us/windows/release-health/windows-server-release-info?accept=text/markdown",
        "/api/retail/prices?api-version=2023-01-01-preview&currencyCode='EUR'&$filter=type%20eq%20'Consumption'&$skip=1000",
        "/cvrf/v3.0/updates('2024')",
    ]
    assert [(answer.url, answer.status) for answer in answers] == [(url, 404) for url in asked]


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_is_an_answer(mirror: Mirror, status: int) -> None:
    mirror.serve(PAGE, "gone", status=status)
    (answer,) = run(fetcher(mirror), get(PAGE))
    assert (answer.status, answer.body) == (status, b"gone")


@pytest.mark.parametrize("status", [206, 300, 400, 401, 451, 501])
@pytest.mark.fault("an unexpected status")
def test_any_other_status_raises(mirror: Mirror, status: int) -> None:
    """The server answers 206, 300, 400, 401, 451 or 501; an error that names the status, no body is taken."""
    mirror.serve(PAGE, "?", status=status)
    (error,) = run(fetcher(mirror), get(PAGE))
    assert (shown(error), error.url, error.status) == (
        (UnexpectedStatus, f"{PAGE}: expected status 200, 304, 404 or 410, got {status}"),
        PAGE,
        status,
    )


@pytest.mark.fault("cookies that are set")
def test_cookies_are_not_kept(mirror: Mirror) -> None:
    """The server sets a cookie; it is sent to nobody."""
    mirror.serve(PAGE, "x", headers={"Set-Cookie": "id=1; Path=/"})
    run(fetcher(mirror), get(PAGE), get(PAGE))
    assert [request.headers.get("cookie") for request in mirror.requests] == [None, None, None]


def test_one_connection_serves_redirects_conditions_and_missing_pages(mirror: Mirror) -> None:
    mirror.redirect(f"{SUPPORT}/help/5094126", "/en-us/page")
    mirror.serve(PAGE, "x", headers={"ETag": '"1"'})
    answers = run(fetcher(mirror), get(f"{SUPPORT}/help/5094126"), get(PAGE, etag='"1"'), get(f"{SUPPORT}/none"), get(PAGE))
    assert ([answer.status for answer in answers], mirror.connections) == ([200, 304, 404, 200], 1)


def test_outside_of_its_context_it_does_not_ask(mirror: Mirror) -> None:
    with pytest.raises(RuntimeError, match=r"^expected an open Fetcher"):
        asyncio.run(fetcher(mirror).get(PAGE))


# Conditions


def test_a_known_answer_is_304_without_a_body(mirror: Mirror) -> None:
    etag, day = '"yEkzRQx5eBqu7xviT+ZFGS/G0dQ="', "Thu, 11 Jun 2026 14:12:14 GMT"
    mirror.serve(PAGE, "x", headers={"ETag": etag, "Last-Modified": day})
    answers = run(
        fetcher(mirror), get(PAGE), get(PAGE, etag=etag), get(PAGE, last_modified=day), get(PAGE, etag='"other"', last_modified=day)
    )
    assert [(answer.status, answer.body, answer.headers["etag"]) for answer in answers] == [
        (200, b"x", etag),
        (304, b"", etag),
        (304, b"", etag),
        (200, b"x", etag),
    ]
    assert [(r.headers.get("if-none-match"), r.headers.get("if-modified-since")) for r in mirror.requests] == [
        (None, None),
        (None, None),
        (etag, None),
        (None, day),
        ('"other"', day),
    ]


@pytest.mark.fault("a page that moved to an address of the same date")
def test_conditions_go_only_to_the_address_that_gave_them(mirror: Mirror) -> None:
    """A page redirects to an address with the same Last-Modified; it is asked for whole, 304 is never believed of another address.

    The page moved to an address whose date is the same: its body is new to us, and 304 would hide it.
    """
    old, new, day = f"{SUPPORT}/en-us/old", f"{SUPPORT}/en-us/new", "Thu, 11 Jun 2026 14:12:14 GMT"
    mirror.redirect(PAGE, new)
    mirror.serve(new, "moved", headers={"Last-Modified": day})
    answers = run(
        fetcher(mirror),
        get(PAGE, last_modified=day),
        get(PAGE, last_modified=day, known_url=old),
        get(PAGE, last_modified=day, known_url=new),
    )
    assert [(answer.status, answer.final_url, answer.body) for answer in answers] == [
        (304, new, b""),
        (200, new, b"moved"),
        (304, new, b""),
    ]


@pytest.mark.fault("not modified, without having been asked")
def test_304_to_a_request_without_conditions_raises(mirror: Mirror) -> None:
    """The server says 304 to a request without conditions; an error, nothing is taken for unchanged."""
    mirror.script(PAGE, [Reply(status=304)])
    assert [shown(result) for result in run(fetcher(mirror), get(PAGE))] == [
        (UnexpectedStatus, f"{PAGE}: expected status 200, 404 or 410 to a request without conditions, got 304")
    ]


@pytest.mark.parametrize("etag", ['"\u201c"', '"a\r\nX-Evil: 1"', ""])
def test_a_condition_that_is_no_header_is_left_out(mirror: Mirror, etag: str) -> None:
    mirror.serve(PAGE, "x")
    (answer,) = run(fetcher(mirror), get(PAGE, etag=etag))
    assert (answer.body, "if-none-match" in mirror.requests[1].headers) == (b"x", False)


# Addresses and redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_across_our_hosts(mirror: Mirror, status: int) -> None:
    mirror.redirect("https://docs.microsoft.com/en-us/a/b", f"{LEARN}/en-us/a/b", status)
    mirror.redirect(f"{LEARN}/en-us/a/b", "../c?view=1#part", status)
    mirror.serve(f"{LEARN}/en-us/c?view=1", "x")
    (answer,) = run(fetcher(mirror), get("https://docs.microsoft.com/en-us/a/b#top"))
    assert (answer.url, answer.final_url, answer.body) == ("https://docs.microsoft.com/en-us/a/b#top", f"{LEARN}/en-us/c?view=1", b"x")
    assert mirror.asked() == [
        "https://docs.microsoft.com/robots.txt",
        "https://docs.microsoft.com/en-us/a/b",
        f"{LEARN}/robots.txt",
        f"{LEARN}/en-us/a/b",
        f"{LEARN}/en-us/c?view=1",
    ]


HOST = "expected a host of Microsoft's that we know"
PORT = "expected an https address on port 443 without user"
DOTS = "expected a path without dot segments"
HOSTILE = [
    ("https://evil.example/en-us/page", HOST),
    ("//evil.example/en-us/page", HOST),
    ("https://support.microsoft.com.evil.example/", HOST),
    ("https://support.microsoft.com./", HOST),
    ("https://catalog.update.microsoft.com/", HOST),
    ("https://[::1]/", HOST),
    ("http://support.microsoft.com/en-us/page", PORT),
    ("https://support.microsoft.com:8443/en-us/page", PORT),
    ("https://support.microsoft.com@evil.example/", PORT),
    ("https://user:word@support.microsoft.com/", PORT),
    ("https://support.microsoft.com\\@evil.example/", PORT),
    ("/en-us\\..\\page", PORT),
    ("javascript:alert(1)", PORT),
    ("file:///etc/passwd", PORT),
    ("/en-us/%2e%2e/page", DOTS),
    ("/en-us/%2E./page", DOTS),
    ("/en-us%2f..%2fpage", DOTS),
    ("/en-us%5Cpage", DOTS),
    ("/en-us/%252e%252e/page", DOTS),
    ("https://support.microsoft.com/en-us/../page", DOTS),
]


@pytest.mark.parametrize(("location", "expected"), HOSTILE)
@pytest.mark.fault("redirects to other hosts, ports, schemes, users and dot segments")
def test_a_redirect_out_of_bounds_is_refused(mirror: Mirror, location: str, expected: str) -> None:
    """A page redirects to each of 20 hostile addresses; refused, and nothing but the page is asked for."""
    mirror.redirect(PAGE, location)
    (error,) = run(fetcher(mirror), get(PAGE))
    assert (type(error), error.url, error.message.partition(", got")[0], mirror.asked()) == (Refused, PAGE, expected, [ROBOTS, PAGE])


@pytest.mark.parametrize("location", ["https://[::1/", "https://support.microsoft.com:https/", "https://\u2100.example/"])
@pytest.mark.fault("redirects that cannot be read")
def test_a_redirect_that_cannot_be_read_is_refused(mirror: Mirror, location: str) -> None:
    """Location is no address; refused, and nothing but the page is asked for."""
    mirror.redirect(PAGE, location.encode("utf-8").decode("latin-1"))  # http.server writes latin-1
    (error,) = run(fetcher(mirror), get(PAGE))
    assert (type(error), error.url, mirror.asked()) == (Refused, PAGE, [ROBOTS, PAGE])


@pytest.mark.parametrize(("url", "expected"), [hostile for hostile in HOSTILE if ":" in hostile[0]])
@pytest.mark.fault("hostile first addresses")
def test_the_first_address_is_checked_like_a_redirect(mirror: Mirror, url: str, expected: str) -> None:
    """Such an address is asked for at once; refused, nothing is asked for."""
    (error,) = run(fetcher(mirror), get(url))
    assert (type(error), error.url, error.message, mirror.asked()) == (Refused, url, f"{expected}, got {url!r}", [])


@settings(deadline=None)
@given(st.text(alphabet="htps:/@.\\%2eEfF5cC?#[] \t\nabmicrosoft", max_size=40), st.sampled_from(["", f"{SUPPORT}/", f"{SUPPORT}", "//"]))
def test_whatever_is_accepted_stays_on_our_hosts(text: str, start: str) -> None:
    try:
        url = checked(start + text, "source")
    except Refused:
        return
    parsed = httpx.URL(url)
    assert (parsed.scheme, parsed.host in ALLOWED_HOSTS, parsed.port, parsed.userinfo, ".." in parsed.path.split("/")) == (
        "https",
        True,
        None,
        b"",
        False,
    )


@pytest.mark.fault("a circle of redirects")
def test_a_circle_of_redirects_is_refused(mirror: Mirror) -> None:
    """Two addresses redirect to each other; refused when the first comes again."""
    mirror.redirect(PAGE, "/en-us/other")
    mirror.redirect(f"{SUPPORT}/en-us/other", "/en-us/page#again")
    (error,) = run(fetcher(mirror), get(PAGE))
    assert shown(error) == (Refused, f"{SUPPORT}/en-us/other: expected an end of redirects, got back to {PAGE!r}")


@pytest.mark.fault("too many redirects")
def test_six_redirects_are_followed_and_seven_are_not(mirror: Mirror) -> None:
    """Seven addresses redirect, one to the next; refused after six."""
    for number in range(7):
        mirror.redirect(f"{SUPPORT}/{number}", f"/{number + 1}")
    mirror.serve(f"{SUPPORT}/7", "x")
    followed, error = run(fetcher(mirror), get(f"{SUPPORT}/1"), get(f"{SUPPORT}/0"))
    assert (followed.final_url, followed.body) == (f"{SUPPORT}/7", b"x")
    assert shown(error) == (Refused, f"{SUPPORT}/6: expected at most 6 redirects, got one more to '{SUPPORT}/7'")


@pytest.mark.fault("a redirect without Location")
def test_a_redirect_to_nowhere_is_refused(mirror: Mirror) -> None:
    """The server answers 302 without an address; refused."""
    mirror.script(PAGE, [Reply(status=302)])
    assert [shown(result) for result in run(fetcher(mirror), get(PAGE))] == [
        (Refused, f"{PAGE}: expected a Location with status 302, got none")
    ]


# robots.txt


def test_robots_txt_is_read_once_per_host_and_obeyed(mirror: Mirror) -> None:
    mirror.serve(ROBOTS, "\ufeffUser-agent: *\nDisallow: /private\n\nUser-agent: HotPatch-KB\nDisallow: /en-us/search\n")
    mirror.serve(f"{SUPPORT}/private", "for us it is not")
    mirror.redirect(PAGE, "/en-us/search?q=1")
    asked = [f"{SUPPORT}/private", f"{SUPPORT}/en-us/search", PAGE]
    allowed, forbidden, redirected = run(fetcher(mirror), *map(get, asked))
    message = f"expected to be allowed by {ROBOTS}, got a Disallow for hotpatch-kb"
    assert allowed.body == b"for us it is not"
    assert [shown(forbidden), shown(redirected)] == [
        (Refused, f"{SUPPORT}/en-us/search: {message}"),
        (Refused, f"{SUPPORT}/en-us/search?q=1: {message}"),
    ]
    assert mirror.asked() == [ROBOTS, f"{SUPPORT}/private", PAGE]


@pytest.mark.fault("a robots.txt longer than its limit")
def test_robots_txt_is_read_without_its_mark_and_up_to_its_limit(mirror: Mirror) -> None:
    """robots.txt is larger than 500 kB; so much of it counts."""
    rules = "\ufeffUser-agent: *\nDisallow: /first\n"
    mirror.serve(ROBOTS, rules + "#" * (500 * 1024 - len(rules.encode())) + "\nDisallow: /beyond\n")
    forbidden, beyond = run(fetcher(mirror), get(f"{SUPPORT}/first"), get(f"{SUPPORT}/beyond"))
    assert (type(forbidden), type(beyond)) == (Refused, Answer)


def test_robots_txt_is_read_once_even_when_pages_come_together(mirror: Mirror) -> None:
    mirror.delay(ROBOTS, b"", 0.05)

    async def together(client: Fetcher) -> list[Answer]:
        return await asyncio.gather(*(client.get(f"{SUPPORT}/{number}") for number in range(5)))

    run(fetcher(mirror), together)
    assert mirror.asked() == [ROBOTS, *(f"{SUPPORT}/{number}" for number in range(5))]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_robots_txt_that_is_not_there_allows_everything(mirror: Mirror, fake: FakeTime, status: int) -> None:
    """RFC 9309 2.3.1.3, and no wait for a 403: a throttled host says it to the page again."""
    mirror.serve(ROBOTS, "Disallow: /", status=status)
    mirror.serve(PAGE, "x")
    (answer,) = run(fetcher(mirror, fake), get(PAGE))
    assert (answer.body, fake.slept) == (b"x", [])


@pytest.mark.fault("a server error in place of robots.txt")
def test_a_server_error_in_place_of_robots_txt_forbids_everything(mirror: Mirror, fake: FakeTime) -> None:
    """robots.txt is answered with 500; no page of that host is asked for.

    RFC 9309 2.3.1.4; it stands, so that a broken host is not asked again for each of its pages.
    """
    mirror.serve(ROBOTS, "", status=500)
    errors = run(fetcher(mirror, fake), get(PAGE), get(PAGE))
    assert [shown(error) for error in errors] == [(Refused, f"{PAGE}: expected a robots.txt at {ROBOTS}, got status 500")] * 2
    assert (mirror.asked(), fake.slept) == ([ROBOTS] * 3, [0.5, 2.0])


@pytest.mark.fault("a robots.txt that leads elsewhere")
def test_robots_txt_that_redirects_out_forbids_everything(mirror: Mirror) -> None:
    """robots.txt redirects out of our hosts; no page of that host is asked for."""
    mirror.redirect(ROBOTS, "https://evil.example/robots.txt")
    (error,) = run(fetcher(mirror), get(PAGE))
    assert shown(error) == (
        Refused,
        f"{PAGE}: expected a robots.txt, got: {ROBOTS}: expected a host of Microsoft's that we know, got 'https://evil.example/robots.txt'",
    )


def test_robots_txt_of_another_of_our_hosts_counts_for_the_host_that_sent_us_there(mirror: Mirror) -> None:
    mirror.redirect("https://docs.microsoft.com/robots.txt", f"{LEARN}/robots.txt")
    mirror.serve(f"{LEARN}/robots.txt", "User-agent: *\nDisallow: /x\n")
    (error,) = run(fetcher(mirror), get("https://docs.microsoft.com/x"))
    assert shown(error) == (
        Refused,
        "https://docs.microsoft.com/x: expected to be allowed by https://docs.microsoft.com/robots.txt, got a Disallow for hotpatch-kb",
    )


@pytest.mark.fault("a throttled robots.txt")
def test_a_throttled_robots_txt_is_waited_for(mirror: Mirror, fake: FakeTime) -> None:
    """robots.txt is answered with 503 first; waited for, then its rules are kept."""
    mirror.script(ROBOTS, [Reply(status=503, headers={"Retry-After": "7"}), Reply(b"User-agent: *\nDisallow: /en-us/page\n")])
    (error,) = run(fetcher(mirror, fake), get(PAGE))
    assert (type(error), fake.slept) == (Refused, [7.0])


@pytest.mark.parametrize(("crawl_delay", "pause"), [("0.2", 1.0), ("4", 4.0), ("86400", 10.0), ("soon", 1.0)])
@pytest.mark.fault("a Crawl-delay beyond all measure")
def test_crawl_delay_is_kept_up_to_ten_seconds(mirror: Mirror, fake: FakeTime, crawl_delay: str, pause: float) -> None:
    """robots.txt asks for pauses of any length; kept up to ten seconds."""
    mirror.serve(ROBOTS, f"User-agent: *\nCrawl-delay: {crawl_delay}\n")
    run(fetcher(mirror, fake, pause=1.0), get(PAGE), get(PAGE))
    assert fake.slept == [1.0, pause]  # the first one stands between robots.txt and the page, before the rules were known


# Pace


def test_one_request_at_a_time_with_pauses_per_host_and_hosts_at_once(mirror: Mirror) -> None:
    hosts = ["support.microsoft.com", "learn.microsoft.com", "azure.microsoft.com"]
    for host in hosts:
        mirror.script(f"https://{host}/1", [Reply(b"x", delay=0.1)])
        mirror.script(f"https://{host}/2", [Reply(b"x", delay=0.1)])

    async def together(client: Fetcher) -> list[Answer]:
        return await asyncio.gather(*(client.get(f"https://{host}/{page}") for host in hosts for page in (1, 2)))

    run(fetcher(mirror, pause=0.2), together)
    assert mirror.busiest == {"": 3} | dict.fromkeys(hosts, 1)
    for host in hosts:
        begun = [request.at for request in mirror.requests if request.host == host]
        ends = [begun[0], begun[1] + 0.1]  # robots.txt is answered at once, page 1 after 0.1 s
        # 15 ms is how early a sleep may end by the clock of Windows.
        assert [start - end >= 0.2 - 0.015 for end, start in zip(ends, begun[1:], strict=True)] == [True, True]


def test_the_pause_counts_from_the_end_of_the_request_before(mirror: Mirror, fake: FakeTime) -> None:
    mirror.redirect(PAGE, "/en-us/other")

    async def two_with_a_break(client: Fetcher) -> None:
        await client.get(PAGE)
        fake.seconds += 0.75
        await client.get(PAGE)
        fake.seconds += 5
        await client.get(PAGE)

    run(fetcher(mirror, fake, pause=1.0), two_with_a_break)
    assert (len(mirror.requests), fake.slept) == (7, [1.0, 1.0, 0.25, 1.0, 1.0])


# Throttling


@pytest.mark.parametrize("status", [403, 429, 503])
@pytest.mark.fault("a throttle by 403, 429 or 503")
def test_a_throttle_is_waited_for_and_nothing_is_lost(mirror: Mirror, fake: FakeTime, status: int) -> None:
    """The first requests are throttled; waited for, longer each time, and the page is read."""
    mirror.script(PAGE, [*[Reply(b"wait", status)] * 6, Reply(b"x")])
    (answer,) = run(fetcher(mirror, fake), get(PAGE))
    assert (answer.status, answer.body, fake.slept) == (200, b"x", [5.0, 10.0, 20.0, 40.0, 60.0, 60.0])


def test_the_first_waits_differ_from_client_to_client(mirror: Mirror, fake: FakeTime) -> None:
    mirror.script(PAGE, [*[Reply(b"wait", 403)] * 6, Reply(b"x")])
    run(fetcher(mirror, fake, jitter=lambda: 1.0), get(PAGE))
    assert fake.slept == [6.25, 12.5, 25.0, 50.0, 60.0, 60.0]


RETRY_AFTER = [
    ("7", 7.0),
    ("0", 1.0),
    ("600", 120.0),
    ("99999999999999999999", 120.0),
    ("Thu, 23 Jul 2026 12:00:42 GMT", 42.0),
    ("Thu, 23 Jul 2026 12:00:42 -0000", 42.0),
    ("Fri, 31 Dec 9999 23:59:59 GMT", 120.0),
    ("Wed, 22 Jul 2026 12:00:00 GMT", 1.0),
    ("Thu, 23 Jul 20260 12:00:42 GMT", 5.0),
    ("soon", 5.0),
    ("-1", 5.0),
    ("\u00b2", 5.0),
    ("", 5.0),
]


@pytest.mark.parametrize(("retry_after", "waited"), RETRY_AFTER)
@pytest.mark.fault("absurd values of Retry-After")
def test_retry_after_is_honoured_within_limits(fake: FakeTime, retry_after: str, waited: float) -> None:
    """Retry-After is a number, a day, noise, or absurd; honoured up to two minutes."""
    answers = [httpx.Response(404), httpx.Response(429, headers={"Retry-After": retry_after.encode()}), httpx.Response(200, content=b"x")]
    transport = httpx.MockTransport(lambda _: answers.pop(0))
    (answer,) = run(fetcher(None, fake, transport=transport), get(PAGE))
    assert (answer.body, fake.slept) == (b"x", [waited])


def test_a_date_in_retry_after_counts_from_the_servers_own_date(fake: FakeTime) -> None:
    """The server's clock is a day ahead of ours; it means 30 s."""
    headers = {"Date": "Fri, 24 Jul 2026 12:00:00 GMT", "Retry-After": "Fri, 24 Jul 2026 12:00:30 GMT"}
    answers = [httpx.Response(404), httpx.Response(429, headers=headers), httpx.Response(200)]
    run(fetcher(None, fake, transport=httpx.MockTransport(lambda _: answers.pop(0))), get(PAGE))
    assert fake.slept == [30.0]


@pytest.mark.fault("a Retry-After of nothing, again and again")
def test_a_retry_after_that_proves_too_short_grows(mirror: Mirror, fake: FakeTime) -> None:
    """The server asks for 0 s and throttles on; waits grow, no tight loop."""
    mirror.script(PAGE, [*[Reply(b"wait", 429, {"Retry-After": "0"})] * 5, Reply(b"x")])
    run(fetcher(mirror, fake), get(PAGE))
    assert fake.slept == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_throttle_that_ended_is_forgotten(mirror: Mirror, fake: FakeTime) -> None:
    mirror.script(PAGE, [Reply(b"wait", 403), Reply(b"wait", 403), Reply(b"x"), Reply(b"wait", 403), Reply(b"wait", 403), Reply(b"x")])
    answers = run(fetcher(mirror, fake, patience=20.0), get(PAGE), get(PAGE))
    assert ([answer.body for answer in answers], fake.slept) == ([b"x", b"x"], [5.0, 10.0, 5.0, 10.0])


@pytest.mark.fault("a throttle that never ends")
def test_patience_ends(mirror: Mirror, fake: FakeTime) -> None:
    """Every request is throttled; an error after five minutes of waiting."""
    mirror.serve(PAGE, "wait", status=403)
    (error,) = run(fetcher(mirror, fake), get(PAGE))
    assert (shown(error), error.url, fake.slept) == (
        (
            Throttled,
            f"{PAGE}: expected an answer within 300 s of waiting, got status 403 (8 times, 255 s waited, 60 s to go)",
        ),
        PAGE,
        [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0],
    )


@pytest.mark.fault("one page that stays forbidden")
def test_a_page_that_stays_forbidden_does_not_cost_the_others(mirror: Mirror, fake: FakeTime) -> None:
    """One address is 403 for good; its patience ends, the next page is read."""
    mirror.serve(PAGE, "never", status=403)
    mirror.serve(f"{SUPPORT}/open", "x")
    first, after = run(fetcher(mirror, fake, patience=20.0), get(PAGE), get(f"{SUPPORT}/open"))
    assert (type(first), after.body, fake.slept) == (Throttled, b"x", [5.0, 10.0])


@pytest.mark.fault("a host that throttles everything")
def test_a_host_that_throttles_everything_is_left_alone(mirror: Mirror, fake: FakeTime) -> None:
    """Every page is throttled; after two the host is not asked again for as long as it wants.

    After the patience of the first page the second gets one request, the third none before the time the host wants.
    """
    pages = [f"{SUPPORT}/{number}" for number in range(4)]
    for page in pages:
        mirror.script(page, [Reply(b"wait", 403)] if page != pages[3] else [Reply(b"x")])

    async def later(client: Fetcher) -> Answer:
        fake.seconds += 20.0
        return await client.get(pages[3])

    results = run(fetcher(mirror, fake, patience=20.0), *map(get, pages[:3]), later)
    assert [shown(result) for result in results[:3]] == [
        (Throttled, f"{pages[0]}: expected an answer within 20 s of waiting, got status 403 (3 times, 15 s waited, 20 s to go)"),
        (Throttled, f"{pages[1]}: expected an answer within 20 s of waiting, got status 403 (4 times, 15 s waited, 40 s to go)"),
        (Throttled, f"{pages[2]}: expected an answer, got none: support.microsoft.com asked us to stay away for 40 s more"),
    ]
    assert (type(results[3]), mirror.asked()) == (Throttled, [ROBOTS, *[pages[0]] * 3, pages[1]])


def test_while_one_page_waits_so_do_the_others_of_its_host(mirror: Mirror, fake: FakeTime) -> None:
    mirror.script(PAGE, [Reply(b"wait", 403), Reply(b"x")])

    async def together(client: Fetcher) -> list[Answer]:
        return await asyncio.gather(client.get(PAGE), client.get(f"{SUPPORT}/other"), client.get(f"{LEARN}/other"))

    run(fetcher(mirror, fake), together)
    assert (mirror.asked("support.microsoft.com"), fake.slept) == ([ROBOTS, PAGE, PAGE, f"{SUPPORT}/other"], [5.0])


# What breaks on the way


@pytest.mark.parametrize("status", [500, 502, 504])
@pytest.mark.fault("a passing error of a gateway")
def test_a_passing_server_error_is_tried_again(mirror: Mirror, fake: FakeTime, status: int) -> None:
    """500, 502 or 504 come twice; the third try has the page."""
    mirror.script(PAGE, [Reply(b"", status), Reply(b"", status), Reply(b"x")])
    (answer,) = run(fetcher(mirror, fake), get(PAGE))
    assert (answer.body, fake.slept) == (b"x", [0.5, 2.0])


@pytest.mark.fault("a lasting error of a gateway")
def test_a_lasting_server_error_raises(mirror: Mirror, fake: FakeTime) -> None:
    """502 comes for ever; three tries, then an error."""
    mirror.serve(PAGE, "", status=502)
    (error,) = run(fetcher(mirror, fake), get(PAGE))
    assert (type(error), error.status, mirror.asked()) == (UnexpectedStatus, 502, [ROBOTS, PAGE, PAGE, PAGE])


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
    (error,) = run(fetcher(mirror, fake, timeout=0.1), get(PAGE))
    assert (type(error), error.message.startswith(f"expected a whole answer in 3 tries, got {came}")) == (Unreachable, True), error
    assert (mirror.asked(), fake.slept) == ([ROBOTS, PAGE, PAGE, PAGE], [0.5, 2.0])


@pytest.mark.fault("a connection that breaks twice")
def test_a_connection_that_breaks_once_costs_nothing(mirror: Mirror, fake: FakeTime) -> None:
    """The connection is closed before and within the answer; the third try has the page."""
    mirror.script(PAGE, [Reply(status=0, hang_up=True), Reply(b"ha", length=4, hang_up=True), Reply(b"x")])
    (answer,) = run(fetcher(mirror, fake), get(PAGE))
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


@pytest.mark.fault("a network that swallows packets")
def test_a_network_that_is_silent_is_tried_once(fake: FakeTime) -> None:
    """Connecting times out; one time-out, then a minute in which every page of the host fails at once.

    A packet filter answers nothing: one connect time-out of 10 s is enough, until a minute has passed.
    """
    asked = []

    def silent(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        fake.seconds += 10.0
        raise httpx.ConnectTimeout("")

    async def later(client: Fetcher) -> Answer:
        fake.seconds += 60.0
        return await client.get(PAGE)

    results = run(fetcher(None, fake, transport=httpx.MockTransport(silent)), get(PAGE), get(PAGE), later)
    assert [shown(result) for result in results] == [
        (Unreachable, f"{ROBOTS}: expected an answer of support.microsoft.com, got ConnectTimeout")
    ] * 3
    assert (asked, fake.slept) == ([ROBOTS, ROBOTS], [])


def test_a_name_that_is_not_known_is_tried_three_times_and_said_in_one_line(fake: FakeTime) -> None:
    def unknown(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno -2] Name or service\nnot known")

    (error,) = run(fetcher(None, fake, transport=httpx.MockTransport(unknown)), get(PAGE))
    assert shown(error) == (
        Unreachable,
        f"{ROBOTS}: expected an answer of support.microsoft.com, got ConnectError: [Errno -2] Name or service not known",
    )
    assert fake.slept == [0.5, 2.0]


@pytest.mark.fault("a break in the middle of a crawl")
def test_a_host_that_was_reached_before_is_tried_again_for_every_page(fake: FakeTime) -> None:
    """Connections fail for one page; it is lost to this run, the next one is read.

    A short break in the middle of a crawl costs one page at most.
    """
    answers: list[httpx.Response | httpx.TransportError] = [
        httpx.Response(404),
        *[httpx.ConnectError("gone")] * 3,
        httpx.Response(200, content=b"x"),
    ]

    def shaky(_: httpx.Request) -> httpx.Response:
        answer = answers.pop(0)
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer

    lost, got = run(fetcher(None, fake, transport=httpx.MockTransport(shaky)), get(PAGE), get(f"{SUPPORT}/other"))
    assert (shown(lost), got.body) == ((Unreachable, f"{PAGE}: expected a whole answer in 3 tries, got ConnectError: gone"), b"x")


# Limits


@pytest.mark.parametrize(("encoding", "times"), [("gzip", 1), ("x-gzip", 1), ("GZIP", 2)])
def test_gzip_is_decoded_in_one_part_or_several(mirror: Mirror, encoding: str, times: int) -> None:
    body = b"January 13, 2026" * 5000
    mirror.serve(PAGE, zipped(body) * times, headers={"Content-Encoding": encoding})
    (answer,) = run(fetcher(mirror), get(PAGE))
    assert answer.body == body * times


def test_an_empty_gzip_body_is_empty(mirror: Mirror) -> None:
    mirror.serve(PAGE, b"", headers={"Content-Encoding": "gzip"})
    (answer,) = run(fetcher(mirror), get(PAGE))
    assert answer.body == b""


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip"])
@pytest.mark.fault("encodings that were not asked for, or stacked")
def test_an_encoding_that_we_did_not_ask_for_is_refused(mirror: Mirror, encoding: str) -> None:
    """Content-Encoding is br, zstd, deflate or gzip twice; refused, nothing is decoded."""
    mirror.serve(PAGE, zipped(zipped(b"x")), headers={"Content-Encoding": encoding})
    (error,) = run(fetcher(mirror), get(PAGE))
    assert shown(error) == (Refused, f"{PAGE}: expected a body in gzip or plain, got Content-Encoding {encoding!r}")


@pytest.mark.fault("a body one byte too large")
def test_a_body_may_have_just_the_allowed_size(mirror: Mirror) -> None:
    """Bodies have the limit and one byte more; the first is read, the second refused."""
    mirror.serve(PAGE, b"x" * 1000)
    mirror.bomb(f"{SUPPORT}/zipped", 1000)
    mirror.serve(f"{SUPPORT}/more", b"x" * 1001)
    plain, packed, error = run(fetcher(mirror, max_bytes=1000), get(PAGE), get(f"{SUPPORT}/zipped"), get(f"{SUPPORT}/more"))
    assert (plain.body, packed.body) == (b"x" * 1000, bytes(1000))
    assert shown(error) == (Refused, f"{SUPPORT}/more: expected at most 1000 bytes, got more")


@pytest.mark.fault("a body that never ends")
def test_an_endless_body_is_stopped(mirror: Mirror) -> None:
    """The body, plain or packed, goes on for ever; refused at the limit."""
    mirror.endless(PAGE)
    mirror.script(f"{SUPPORT}/empty", [Reply(headers={"Content-Encoding": "gzip"}, chunks=empty_blocks)])
    errors = run(fetcher(mirror, max_bytes=2**20), get(PAGE), get(f"{SUPPORT}/empty"))
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
        (error,) = run(fetcher(mirror, max_bytes=2**20), get(PAGE))
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
    (error,) = run(fetcher(mirror, timeout=1.0, max_seconds=0.3), get(PAGE))
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

    (answer,) = run(fetcher(mirror), cancel_and_ask_again)
    assert answer.body == b"x"


# Settings


@pytest.mark.parametrize(
    "mirror_url", ["https://127.0.0.1:1", "http://192.0.2.1:80", "http://127.0.0.1:1/path", "127.0.0.1:1", "http://[::1", ""]
)
def test_a_mirror_is_an_address_of_this_machine(mirror_url: str) -> None:
    with pytest.raises(BadInput, match=r"^mirror: expected http://127\.0\.0\.1:PORT, got"):
        Fetcher(user_agent=user_agent(), mirror=mirror_url)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "nonsense://x", "http://[::"])
@pytest.mark.fault("a proxy of the environment that cannot be used")
def test_a_proxy_that_cannot_be_used_is_bad_input(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """ALL_PROXY is nonsense; bad input in one line."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(BadInput, match=r"^proxy or certificates of the environment: expected settings httpx can use, got"):
        run(Fetcher(user_agent=user_agent()), get(PAGE))


def test_a_proxy_of_the_environment_is_used_but_not_for_a_mirror(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is asked to CONNECT; ours does not know how (501), so nothing is reached through it."""
    for name in ("all_proxy", "http_proxy", "https_proxy", "no_proxy", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", mirror.url)
    monkeypatch.setenv("HTTP_PROXY", closed_port())
    fake = FakeTime()
    (error,) = run(fetcher(None, fake), get(PAGE))
    assert (type(error), error.message.startswith("expected an answer of support.microsoft.com, got ProxyError: 501")) == (
        Unreachable,
        True,
    )
    (answer,) = run(fetcher(mirror), get(PAGE))
    assert answer.status == 404


def test_an_error_is_one_line() -> None:
    assert str(FetchError("https://a", "expected x,\n got  y")) == "https://a: expected x, got y"


# The mirror itself


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
    answers = run(fetcher(mirror), *(get(f"{LEARN}/en-us/health/{name}") for name in names), get(f"{SUPPORT}/en-us/health/info"))
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
        fetcher(mirror),
        *(get(answer.url, etag=answer.headers["etag"]) for answer in answers[:4]),
        get(answers[0].url, last_modified=day),
        get(answers[0].url, etag=answers[1].headers["etag"]),
    )
    assert [answer.status for answer in again] == [304, 304, 304, 304, 304, 200]
    (folder / "info.md").write_bytes(b"# changed")
    (changed,) = run(fetcher(mirror), get(answers[0].url, etag=answers[0].headers["etag"]))
    assert (changed.status, changed.body) == (200, b"# changed")


def test_the_mirror_answers_in_turn_and_remembers_what_was_asked(mirror: Mirror) -> None:
    mirror.script(PAGE, [Reply(b"1"), Reply(b"2")])
    answers = run(fetcher(mirror), *[get(PAGE)] * 3)
    assert [answer.body for answer in answers] == [b"1", b"2", b"2"]
    assert [(request.method, request.host, request.target) for request in mirror.requests] == [
        ("GET", "support.microsoft.com", "/robots.txt"),
        *[("GET", "support.microsoft.com", "/en-us/page")] * 3,
    ]
    assert all(earlier.at <= later.at for earlier, later in pairwise(mirror.requests))
