"""The HTTP client: what it asks, what it believes, how long it waits. Each answer belongs to an address, so all of them are in memory.

Connections, broken transfers and limits are tested over loopback sockets, in test_fetch_wire.py.
"""

from __future__ import annotations

import asyncio

import httpx
import pytest
import respx
from helpers.fetching import LEARN, PAGE, ROBOTS, SUPPORT, FakeTime, asked, fetcher, get, run, shown
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpatch_kb.db import __version__
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.fetch.addresses import ALLOWED_HOSTS, checked
from hotpatch_kb.scraper.fetch.agent import user_agent
from hotpatch_kb.scraper.fetch.client import Answer, Fetcher
from hotpatch_kb.scraper.fetch.errors import FetchError, Refused, ShutOut, Throttled, UnexpectedStatus, Unreachable, without_password

FINE = httpx.Response(200, content=b"x")
THROTTLE = httpx.Response(403)


def redirect(web: respx.MockRouter, url: str, to: str | bytes, status: int = 301) -> None:
    """Redirects; ``to`` is sent as it is: a real address, a relative one, a hostile one."""
    web.get(url).respond(status, headers={"Location": to})


# Answers


def test_a_mail_address_is_sent_as_from_and_json_is_asked_for(web: respx.MockRouter) -> None:
    web.get(PAGE).respond(text="{}")
    run(fetcher(contact="ops@example.org"), get(PAGE, accept="application/json"))
    assert [(request.headers["from"], request.headers["accept"]) for request, _ in web.calls] == [
        ("ops@example.org", "text/plain, */*;q=0.1"),
        ("ops@example.org", "application/json"),
    ]


@pytest.mark.parametrize("contact", ["me\r\nX-Evil: 1", "a) Mozilla/5.0 (b", "Zoë"])
def test_a_contact_that_cannot_stand_in_a_header_is_bad_input(contact: str) -> None:
    with pytest.raises(BadInput, match=r"^contact: expected printable ASCII"):
        user_agent(contact)


def test_without_a_contact_the_user_agent_says_so() -> None:
    assert user_agent() == f"hotpatch-kb/{__version__} (no contact set)"


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_is_an_answer(web: respx.MockRouter, status: int) -> None:
    web.get(PAGE).respond(status, text="gone")
    (answer,) = run(fetcher(), get(PAGE))
    assert (answer.status, answer.body) == (status, b"gone")


@pytest.mark.parametrize("status", [206, 300, 400, 401, 451, 501])
@pytest.mark.fault("an unexpected status")
def test_any_other_status_raises(web: respx.MockRouter, status: int) -> None:
    """The server answers 206, 300, 400, 401, 451 or 501; an error that names the status, no body is taken."""
    web.get(PAGE).respond(status, text="?")
    (error,) = run(fetcher(), get(PAGE))
    assert (shown(error), error.url, error.status) == (
        (UnexpectedStatus, f"{PAGE}: expected status 200, 304, 404 or 410, got {status}"),
        PAGE,
        status,
    )


@pytest.mark.fault("cookies that are set")
def test_cookies_are_not_kept(web: respx.MockRouter) -> None:
    """The server sets a cookie; it is sent to nobody."""
    web.get(PAGE).respond(text="x", headers={"Set-Cookie": "id=1; Path=/"})
    run(fetcher(), get(PAGE), get(PAGE))
    assert [request.headers.get("cookie") for request, _ in web.calls] == [None, None, None]


def test_outside_of_its_context_it_does_not_ask() -> None:
    with pytest.raises(RuntimeError, match=r"^expected an open Fetcher"):
        asyncio.run(fetcher().get(PAGE))


# Conditions


def test_a_known_answer_is_304_without_a_body(web: respx.MockRouter) -> None:
    etag, day = '"yEkzRQx5eBqu7xviT+ZFGS/G0dQ="', "Thu, 11 Jun 2026 14:12:14 GMT"
    whole, same = {"ETag": etag, "Last-Modified": day}, {"ETag": etag}
    web.get(PAGE, headers={"If-None-Match": etag}, name="same tag").respond(304, headers=same)
    web.get(PAGE, headers={"If-None-Match": '"other"'}, name="another tag").respond(text="x", headers=whole)
    web.get(PAGE, headers={"If-Modified-Since": day}, name="same day").respond(304, headers=same)
    web.get(PAGE, name="unconditional").respond(text="x", headers=whole)
    answers = run(fetcher(), get(PAGE), get(PAGE, etag=etag), get(PAGE, last_modified=day), get(PAGE, etag='"other"', last_modified=day))
    assert [(answer.status, answer.body, answer.headers["etag"]) for answer in answers] == [
        (200, b"x", etag),
        (304, b"", etag),
        (304, b"", etag),
        (200, b"x", etag),
    ]
    assert {name: web[name].call_count for name in ("same tag", "another tag", "same day", "unconditional")} == {
        "same tag": 1, "another tag": 1, "same day": 1, "unconditional": 1,
    }  # fmt: skip
    assert [(r.headers.get("if-none-match"), r.headers.get("if-modified-since")) for r, _ in web.calls] == [
        (None, None),
        (None, None),
        (etag, None),
        (None, day),
        ('"other"', day),
    ]


@pytest.mark.fault("a page that moved to an address of the same date")
def test_conditions_go_only_to_the_address_that_gave_them(web: respx.MockRouter) -> None:
    """A page redirects to an address with the same Last-Modified; it is asked for whole, 304 is never believed of another address.

    The page moved to an address whose date is the same: its body is new to us, and 304 would hide it.
    """
    old, new, day = f"{SUPPORT}/en-us/old", f"{SUPPORT}/en-us/new", "Thu, 11 Jun 2026 14:12:14 GMT"
    redirect(web, PAGE, new)
    web.get(new, headers={"If-Modified-Since": day}).respond(304)
    web.get(new).respond(text="moved", headers={"Last-Modified": day})
    answers = run(
        fetcher(),
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
def test_304_to_a_request_without_conditions_raises(web: respx.MockRouter) -> None:
    """The server says 304 to a request without conditions; an error, nothing is taken for unchanged."""
    web.get(PAGE).respond(304)
    assert [shown(result) for result in run(fetcher(), get(PAGE))] == [
        (UnexpectedStatus, f"{PAGE}: expected status 200, 404 or 410 to a request without conditions, got 304")
    ]


@pytest.mark.parametrize("etag", ['"\u201c"', '"a\r\nX-Evil: 1"', ""])
def test_a_condition_that_is_no_header_is_left_out(web: respx.MockRouter, etag: str) -> None:
    web.get(PAGE).respond(text="x")
    (answer,) = run(fetcher(), get(PAGE, etag=etag))
    assert (answer.body, "if-none-match" in web.calls[1].request.headers) == (b"x", False)


# Addresses and redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_across_our_hosts(web: respx.MockRouter, status: int) -> None:
    redirect(web, "https://docs.microsoft.com/en-us/a/b", f"{LEARN}/en-us/a/b", status)
    redirect(web, f"{LEARN}/en-us/a/b", "../c?view=1#part", status)
    web.get(f"{LEARN}/en-us/c?view=1").respond(text="x")
    (answer,) = run(fetcher(), get("https://docs.microsoft.com/en-us/a/b#top"))
    assert (answer.url, answer.final_url, answer.body) == ("https://docs.microsoft.com/en-us/a/b#top", f"{LEARN}/en-us/c?view=1", b"x")
    assert asked(web) == [
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
def test_a_redirect_out_of_bounds_is_refused(web: respx.MockRouter, location: str, expected: str) -> None:
    """A page redirects to each of 20 hostile addresses; refused, and nothing but the page is asked for."""
    redirect(web, PAGE, location)
    (error,) = run(fetcher(), get(PAGE))
    assert (type(error), error.url, error.message.partition(", got")[0], asked(web)) == (Refused, PAGE, expected, [ROBOTS, PAGE])


@pytest.mark.parametrize("location", ["https://[::1/", "https://support.microsoft.com:https/", "https://\u2100.example/"])
@pytest.mark.fault("redirects that cannot be read")
def test_a_redirect_that_cannot_be_read_is_refused(web: respx.MockRouter, location: str) -> None:
    """Location is no address; refused, and nothing but the page is asked for."""
    redirect(web, PAGE, location.encode("utf-8"))
    (error,) = run(fetcher(), get(PAGE))
    assert (type(error), error.url, asked(web)) == (Refused, PAGE, [ROBOTS, PAGE])


@pytest.mark.parametrize(("url", "expected"), [hostile for hostile in HOSTILE if ":" in hostile[0]])
@pytest.mark.fault("hostile first addresses")
def test_the_first_address_is_checked_like_a_redirect(web: respx.MockRouter, url: str, expected: str) -> None:
    """Such an address is asked for at once; refused, nothing is asked for."""
    (error,) = run(fetcher(), get(url))
    shown = without_password(url)
    assert (type(error), error.url, error.message, asked(web)) == (Refused, shown, without_password(f"{expected}, got {url!r}"), [])


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
def test_a_circle_of_redirects_is_refused(web: respx.MockRouter) -> None:
    """Two addresses redirect to each other; refused when the first comes again."""
    redirect(web, PAGE, "/en-us/other")
    redirect(web, f"{SUPPORT}/en-us/other", "/en-us/page#again")
    (error,) = run(fetcher(), get(PAGE))
    assert shown(error) == (Refused, f"{SUPPORT}/en-us/other: expected an end of redirects, got back to {PAGE!r}")


@pytest.mark.fault("too many redirects")
def test_six_redirects_are_followed_and_seven_are_not(web: respx.MockRouter) -> None:
    """Seven addresses redirect, one to the next; refused after six."""
    for number in range(7):
        redirect(web, f"{SUPPORT}/{number}", f"/{number + 1}")
    web.get(f"{SUPPORT}/7").respond(text="x")
    followed, error = run(fetcher(), get(f"{SUPPORT}/1"), get(f"{SUPPORT}/0"))
    assert (followed.final_url, followed.body) == (f"{SUPPORT}/7", b"x")
    assert shown(error) == (Refused, f"{SUPPORT}/6: expected at most 6 redirects, got one more to '{SUPPORT}/7'")


@pytest.mark.fault("a redirect without Location")
def test_a_redirect_to_nowhere_is_refused(web: respx.MockRouter) -> None:
    """The server answers 302 without an address; refused."""
    web.get(PAGE).respond(302)
    assert [shown(result) for result in run(fetcher(), get(PAGE))] == [(Refused, f"{PAGE}: expected a Location with status 302, got none")]


# robots.txt


def test_robots_txt_is_read_once_per_host_and_obeyed(web: respx.MockRouter) -> None:
    web["robots"].respond(text="\ufeffUser-agent: *\nDisallow: /private\n\nUser-agent: HotPatch-KB\nDisallow: /en-us/search\n")
    web.get(f"{SUPPORT}/private").respond(text="for us it is not")
    redirect(web, PAGE, "/en-us/search?q=1")
    pages = [f"{SUPPORT}/private", f"{SUPPORT}/en-us/search", PAGE]
    allowed, forbidden, redirected = run(fetcher(), *map(get, pages))
    message = f"expected to be allowed by {ROBOTS}, got a Disallow for hotpatch-kb"
    assert allowed.body == b"for us it is not"
    assert [shown(forbidden), shown(redirected)] == [
        (Refused, f"{SUPPORT}/en-us/search: {message}"),
        (Refused, f"{SUPPORT}/en-us/search?q=1: {message}"),
    ]
    assert asked(web) == [ROBOTS, f"{SUPPORT}/private", PAGE]


@pytest.mark.fault("a robots.txt longer than its limit")
def test_robots_txt_is_read_without_its_mark_and_up_to_its_limit(web: respx.MockRouter) -> None:
    """robots.txt is larger than 500 kB; so much of it counts."""
    rules = "\ufeffUser-agent: *\nDisallow: /first\n"
    web["robots"].respond(text=rules + "#" * (500 * 1024 - len(rules.encode())) + "\nDisallow: /beyond\n")
    web.get(f"{SUPPORT}/beyond").respond(text="x")
    forbidden, beyond = run(fetcher(), get(f"{SUPPORT}/first"), get(f"{SUPPORT}/beyond"))
    assert (type(forbidden), type(beyond)) == (Refused, Answer)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_robots_txt_that_is_not_there_allows_everything(web: respx.MockRouter, fake: FakeTime, status: int) -> None:
    """RFC 9309 2.3.1.3, and no wait for a 403: a throttled host says it to the page again."""
    web["robots"].respond(status, text="Disallow: /")
    web.get(PAGE).respond(text="x")
    (answer,) = run(fetcher(fake), get(PAGE))
    assert (answer.body, fake.slept) == (b"x", [])


@pytest.mark.fault("a server error in place of robots.txt")
def test_a_server_error_in_place_of_robots_txt_is_no_rule(web: respx.MockRouter, fake: FakeTime) -> None:
    """robots.txt is answered with 500; tried again for half a minute, then no page of that host is asked for until a minute has passed.

    RFC 9309 2.3.1.4 forbids every page meanwhile; the host is unreachable, which is no refusal.
    """
    web["robots"].respond(500)
    web.get(PAGE).respond(text="x")

    async def later(client: Fetcher) -> Answer:
        fake.seconds += 60.0
        web["robots"].respond(404)
        return await client.get(PAGE)

    *errors, answer = run(fetcher(fake), get(PAGE), get(PAGE), later)
    message = f"{ROBOTS}: expected an answer of support.microsoft.com, got status 500 for its robots.txt"
    assert [shown(error) for error in errors] == [(Unreachable, message)] * 2
    assert (asked(web), fake.slept) == ([ROBOTS] * 10 + [PAGE], [0.5, 2.0, 5.0, 0.5, 2.0, 20.0, 0.5, 2.0])
    assert answer.body == b"x"


@pytest.mark.fault("a passing server error in place of robots.txt")
def test_a_passing_server_error_in_place_of_robots_txt_costs_nothing(web: respx.MockRouter, fake: FakeTime) -> None:
    """robots.txt is 500 and 502 for some seconds; its rules are then kept and the page is read."""
    rules = httpx.Response(200, content=b"User-agent: *\nDisallow: /private\n")
    web["robots"].side_effect = [*[httpx.Response(500)] * 3, httpx.Response(502), httpx.ReadError("broken"), rules]
    web.get(PAGE).respond(text="x")
    answer, forbidden = run(fetcher(fake), get(PAGE), get(f"{SUPPORT}/private"))
    assert (answer.body, type(forbidden)) == (b"x", Refused)
    assert fake.slept == [0.5, 2.0, 5.0, 0.5, 2.0]


@pytest.mark.parametrize("host", ["api.msrc.microsoft.com", "prices.azure.com", "graph.microsoft.com"])
def test_documented_apis_are_asked_without_a_robots_txt(web: respx.MockRouter, host: str) -> None:
    web["robots"].respond(500)
    web.get(f"https://{host}/x").respond(text="{}")
    (answer,) = run(fetcher(), get(f"https://{host}/x"))
    assert (answer.body, asked(web)) == (b"{}", [f"https://{host}/x"])


@pytest.mark.fault("a robots.txt that leads elsewhere")
def test_robots_txt_that_redirects_out_forbids_everything(web: respx.MockRouter) -> None:
    """robots.txt redirects out of our hosts; no page of that host is asked for."""
    web["robots"].respond(301, headers={"Location": "https://evil.example/robots.txt"})
    (error,) = run(fetcher(), get(PAGE))
    assert shown(error) == (
        Refused,
        f"{PAGE}: expected a robots.txt, got: {ROBOTS}: expected a host of Microsoft's that we know, got 'https://evil.example/robots.txt'",
    )


def test_robots_txt_of_another_of_our_hosts_counts_for_the_host_that_sent_us_there(web: respx.MockRouter) -> None:
    web.pop("robots")
    redirect(web, "https://docs.microsoft.com/robots.txt", f"{LEARN}/robots.txt")
    web.get(f"{LEARN}/robots.txt").respond(text="User-agent: *\nDisallow: /x\n")
    (error,) = run(fetcher(), get("https://docs.microsoft.com/x"))
    assert shown(error) == (
        Refused,
        "https://docs.microsoft.com/x: expected to be allowed by https://docs.microsoft.com/robots.txt, got a Disallow for hotpatch-kb",
    )


@pytest.mark.fault("a throttled robots.txt")
def test_a_throttled_robots_txt_is_waited_for(web: respx.MockRouter, fake: FakeTime) -> None:
    """robots.txt is answered with 503 first; waited for, then its rules are kept."""
    rules = httpx.Response(200, content=b"User-agent: *\nDisallow: /en-us/page\n")
    web["robots"].side_effect = [httpx.Response(503, headers={"Retry-After": "7"}), rules]
    (error,) = run(fetcher(fake), get(PAGE))
    assert (type(error), fake.slept) == (Refused, [7.0])


@pytest.mark.parametrize(("crawl_delay", "pause"), [("0.2", 1.0), ("4", 4.0), ("86400", 10.0), ("soon", 1.0)])
@pytest.mark.fault("a Crawl-delay beyond all measure")
def test_crawl_delay_is_kept_up_to_ten_seconds(web: respx.MockRouter, fake: FakeTime, crawl_delay: str, pause: float) -> None:
    """robots.txt asks for pauses of any length; kept up to ten seconds."""
    web["robots"].respond(text=f"User-agent: *\nCrawl-delay: {crawl_delay}\n")
    web.get(PAGE).respond(text="x")
    run(fetcher(fake, pause=1.0), get(PAGE), get(PAGE))
    assert fake.slept == [1.0, pause]  # the first pause is between robots.txt and the page, before the rules were known


# Pace


def test_the_pause_counts_from_the_end_of_the_request_before(web: respx.MockRouter, fake: FakeTime) -> None:
    redirect(web, PAGE, "/en-us/other")
    web.get(f"{SUPPORT}/en-us/other").respond(text="x")

    async def two_with_a_break(client: Fetcher) -> None:
        await client.get(PAGE)
        fake.seconds += 0.75
        await client.get(PAGE)
        fake.seconds += 5
        await client.get(PAGE)

    run(fetcher(fake, pause=1.0), two_with_a_break)
    assert (len(web.calls), fake.slept) == (7, [1.0, 1.0, 0.25, 1.0, 1.0])


# Throttling


@pytest.mark.parametrize("status", [403, 429, 503])
@pytest.mark.fault("a throttle by 403, 429 or 503")
def test_a_throttle_is_waited_for_and_nothing_is_lost(web: respx.MockRouter, fake: FakeTime, status: int) -> None:
    """The first requests are throttled; waited for, longer each time, and the page is read."""
    web.get(PAGE).side_effect = [*[httpx.Response(status)] * 6, FINE]
    (answer,) = run(fetcher(fake), get(PAGE))
    assert (answer.status, answer.body, fake.slept) == (200, b"x", [5.0, 10.0, 20.0, 40.0, 60.0, 60.0])


def test_the_first_waits_differ_from_client_to_client(web: respx.MockRouter, fake: FakeTime) -> None:
    web.get(PAGE).side_effect = [*[THROTTLE] * 6, FINE]
    run(fetcher(fake, jitter=lambda: 1.0), get(PAGE))
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
def test_retry_after_is_honoured_within_limits(web: respx.MockRouter, fake: FakeTime, retry_after: str, waited: float) -> None:
    """Retry-After is a number, a day, noise, or absurd; honoured up to two minutes."""
    web.get(PAGE).side_effect = [httpx.Response(429, headers={"Retry-After": retry_after.encode()}), FINE]
    (answer,) = run(fetcher(fake), get(PAGE))
    assert (answer.body, fake.slept) == (b"x", [waited])


def test_a_date_in_retry_after_counts_from_the_servers_own_date(web: respx.MockRouter, fake: FakeTime) -> None:
    """The server's clock is a day ahead of ours; it means 30 s."""
    headers = {"Date": "Fri, 24 Jul 2026 12:00:00 GMT", "Retry-After": "Fri, 24 Jul 2026 12:00:30 GMT"}
    web.get(PAGE).side_effect = [httpx.Response(429, headers=headers), FINE]
    run(fetcher(fake), get(PAGE))
    assert fake.slept == [30.0]


@pytest.mark.fault("a Retry-After of nothing, again and again")
def test_a_retry_after_that_proves_too_short_grows(web: respx.MockRouter, fake: FakeTime) -> None:
    """The server asks for 0 s and throttles on; waits grow, no tight loop."""
    web.get(PAGE).side_effect = [*[httpx.Response(429, headers={"Retry-After": "0"})] * 5, FINE]
    run(fetcher(fake), get(PAGE))
    assert fake.slept == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_throttle_that_ended_is_forgotten(web: respx.MockRouter, fake: FakeTime) -> None:
    web.get(PAGE).side_effect = [THROTTLE, THROTTLE, FINE] * 2
    answers = run(fetcher(fake, patience=20.0), get(PAGE), get(PAGE))
    assert ([answer.body for answer in answers], fake.slept) == ([b"x", b"x"], [5.0, 10.0, 5.0, 10.0])


@pytest.mark.fault("a throttle that never ends")
def test_patience_ends(web: respx.MockRouter, fake: FakeTime) -> None:
    """Every request is throttled; an error after five minutes of waiting."""
    web.get(PAGE).respond(429, text="wait")
    said: list[str] = []
    (error,) = run(fetcher(fake, say=said.append), get(PAGE))
    assert (shown(error), error.url, fake.slept, said) == (
        (
            Throttled,
            f"{PAGE}: expected an answer within 300 s of waiting, got status 429 (8 times, 255 s waited, 60 s to go)",
        ),
        PAGE,
        [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0],
        ["support.microsoft.com makes us wait, for at most 300 s"],
    )


@pytest.mark.parametrize(("robots", "waited"), [(403, [5.0, 10.0, 20.0]), (404, [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0])])
@pytest.mark.fault("a host that blocks the machine's network")
def test_a_host_that_answers_403_to_everything_is_named_with_the_ways_out(
    web: respx.MockRouter, fake: FakeTime, robots: int, waited: list[float]
) -> None:
    """Every page is 403, robots.txt too or not; one error that names the ways out, within a minute where it is 403 to all."""
    web["robots"].respond(robots)
    web.route(host="support.microsoft.com", name="pages").respond(403)
    errors = run(fetcher(fake), get(PAGE), get(f"{SUPPORT}/2"), get(f"{SUPPORT}/3"))
    assert {type(error) for error in errors} == {ShutOut}
    (message,) = {error.message for error in errors}
    assert message == (
        "expected an answer, got status 403 to everything asked of support.microsoft.com; ways out: another network or proxy "
        "(HTTPS_PROXY), another --user-agent, the feeds or the database of another instance, saved pages (hotpatch-kb crawl --from FOLDER)"
    )
    assert (fake.slept, web["pages"].call_count) == (waited, len(waited) + 2)  # the third page is not asked for


@pytest.mark.fault("one page that stays forbidden")
def test_a_page_that_stays_forbidden_does_not_cost_the_others(web: respx.MockRouter, fake: FakeTime) -> None:
    """One address is 403 for good; its patience ends, the next page is read."""
    web.get(PAGE).respond(403, text="never")
    web.get(f"{SUPPORT}/open").respond(text="x")
    _, after, first = run(fetcher(fake, patience=20.0), get(PAGE), get(f"{SUPPORT}/open"), get(PAGE))
    assert (type(first), after.body, fake.slept) == (Throttled, b"x", [5.0, 10.0] * 2)


@pytest.mark.fault("a host that throttles everything")
def test_a_host_that_throttles_everything_is_left_alone(web: respx.MockRouter, fake: FakeTime) -> None:
    """Every page is throttled; after two the host is not asked again for as long as it wants.

    After the patience of the first page the second gets one request, the third none before the time the host wants.
    """
    pages = [f"{SUPPORT}/{number}" for number in range(4)]
    for page in pages:
        web.get(page).respond(429 if page != pages[3] else 200)

    async def later(client: Fetcher) -> Answer:
        fake.seconds += 20.0
        return await client.get(pages[3])

    results = run(fetcher(fake, patience=20.0), *map(get, pages[:3]), later)
    assert [shown(result) for result in results[:3]] == [
        (Throttled, f"{pages[0]}: expected an answer within 20 s of waiting, got status 429 (3 times, 15 s waited, 20 s to go)"),
        (Throttled, f"{pages[1]}: expected an answer within 20 s of waiting, got status 429 (4 times, 15 s waited, 40 s to go)"),
        (Throttled, f"{pages[2]}: expected an answer, got none: support.microsoft.com asked us to stay away for 40 s more"),
    ]
    assert (type(results[3]), asked(web)) == (Throttled, [ROBOTS, *[pages[0]] * 3, pages[1]])


# What breaks on the way


@pytest.mark.parametrize("status", [500, 502, 504])
@pytest.mark.fault("a passing error of a gateway")
def test_a_passing_server_error_is_tried_again(web: respx.MockRouter, fake: FakeTime, status: int) -> None:
    """500, 502 or 504 come twice; the third try has the page."""
    web.get(PAGE).side_effect = [httpx.Response(status), httpx.Response(status), FINE]
    (answer,) = run(fetcher(fake), get(PAGE))
    assert (answer.body, fake.slept) == (b"x", [0.5, 2.0])


@pytest.mark.fault("a lasting error of a gateway")
def test_a_lasting_server_error_raises(web: respx.MockRouter, fake: FakeTime) -> None:
    """502 comes for ever; three tries, then an error."""
    web.get(PAGE).respond(502, text="")
    (error,) = run(fetcher(fake), get(PAGE))
    assert (type(error), error.status, asked(web)) == (UnexpectedStatus, 502, [ROBOTS, PAGE, PAGE, PAGE])


@pytest.mark.fault("a network that swallows packets")
def test_a_network_that_is_silent_is_tried_once(web: respx.MockRouter, fake: FakeTime) -> None:
    """Connecting times out; one time-out, then a minute in which every page of the host fails at once.

    A packet filter answers nothing: one connect time-out of 10 s is enough, until a minute has passed.
    """

    def silent(_: httpx.Request) -> httpx.Response:
        fake.seconds += 10.0
        raise httpx.ConnectTimeout("")

    async def later(client: Fetcher) -> Answer:
        fake.seconds += 60.0
        return await client.get(PAGE)

    web["robots"].side_effect = silent
    results = run(fetcher(fake), get(PAGE), get(PAGE), later)
    assert [shown(result) for result in results] == [
        (Unreachable, f"{ROBOTS}: expected an answer of support.microsoft.com, got ConnectTimeout")
    ] * 3
    assert (asked(web), fake.slept) == ([ROBOTS, ROBOTS], [])


def test_a_name_that_is_not_known_is_tried_three_times_and_said_in_one_line(web: respx.MockRouter, fake: FakeTime) -> None:
    web["robots"].side_effect = httpx.ConnectError("[Errno -2] Name or service\nnot known")
    (error,) = run(fetcher(fake), get(PAGE))
    assert shown(error) == (
        Unreachable,
        f"{ROBOTS}: expected an answer of support.microsoft.com, got ConnectError: [Errno -2] Name or service not known",
    )
    assert fake.slept == [0.5, 2.0]


@pytest.mark.fault("a break in the middle of a crawl")
def test_a_host_that_was_reached_before_is_tried_again_for_every_page(web: respx.MockRouter, fake: FakeTime) -> None:
    """Connections fail for one page; it is lost to this run, the next one is read.

    A short break in the middle of a crawl costs one page at most.
    """
    web.get(PAGE).side_effect = httpx.ConnectError("gone")
    web.get(f"{SUPPORT}/other").respond(text="x")
    lost, got = run(fetcher(fake), get(PAGE), get(f"{SUPPORT}/other"))
    assert (shown(lost), got.body) == ((Unreachable, f"{PAGE}: expected a whole answer in 3 tries, got ConnectError: gone"), b"x")


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


def test_an_error_is_one_line() -> None:
    assert str(FetchError("https://a", "expected x,\n got  y")) == "https://a: expected x, got y"
