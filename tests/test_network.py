"""The whole path of a crawl: the real addresses, answered by a mirror of Microsoft or, one by one, in memory (cases 12, 13, 16)."""

from __future__ import annotations

import re
import shutil
import socket
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from conftest import Command
from helpers import render
from helpers.dumps import dump, query
from helpers.fetching import asked, serve_tree
from helpers.mirror import Mirror
from rendered.support_toc import toc

from hotpatch_kb.scraper.sources import registry

HOTPATCH = render.HOTPATCH_HUB["new"]
SUPPORT = "support.microsoft.com"
# The sources that list releases; the others have tests of their own, and the mirror of those of this module has no page of theirs.
LISTS = [
    argument
    for name in (*(n for n in registry() if n.startswith("facts")), "learn_release_info", "support_navigation", "support_toc")
    for argument in ("--source", name)
]


def _facts(db: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What was believed, without the times of reading, which differ from run to run."""
    return {
        "releases": query(db, "select product, kb, build, release_date, month, cadence, classification, baseline_kb, is_unplanned, derived_from, article_url from releases order by subject"),
        "calendar": query(db, "select product, month, planned_type, planned_by, type, kb, build from hotpatch_calendar order by 1, 2"),
        "kbs": query(db, "select kb, title, installs_kb, article_url from kbs order by 1"),
        "conflicts": query(db, "select subject, field, value_won, value_lost, rule from conflicts order by 1, 2, 4"),
    }  # fmt: skip


def _hub(world: Path) -> str:
    """The hub of hotpatches."""
    return (world / SUPPORT / (HOTPATCH.partition(".com/")[2] + ".html")).read_text(encoding="utf-8")


def test_a_crawl_over_sockets_gives_the_facts_of_the_tree(run: Command, worlds: dict[str, Path], crawled: Path, tmp_path: Path) -> None:
    with Mirror() as mirror:
        mirror.serve_tree(worlds["new"])
        done = run("crawl", "--db", "net.db", "--no-seed", "--mirror", mirror.url, *LISTS)
        assert (done.code, mirror.errors) == (0, [])
        addresses = mirror.asked(SUPPORT)
        assert {count for host, count in mirror.busiest.items() if host} == {1}  # one request at a time per host
    # Of a family that carries one navigation, one page is read: not the second hub of Windows 10.
    navigations = [path for path in addresses if not path.endswith(("/robots.txt", "/toc.json"))]
    assert sorted(path.rpartition("/")[2] for path in navigations) == [
        "release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2",
        "windows-10-and-windows-server-2019-update-history",
        "windows-11-version-25h2-update-history",
        "windows-server-2025-update-history",
    ]
    assert _facts(tmp_path / "net.db") == _facts(crawled / "x.db")


def test_an_unchanged_day_costs_one_small_request_per_page(run: Command, worlds: dict[str, Path], tmp_path: Path) -> None:
    with Mirror() as mirror:
        mirror.serve_tree(worlds["new"])
        run("crawl", "--db", "x.db", "--no-seed", "--mirror", mirror.url, *LISTS)
        before = dump(tmp_path / "x.db", ("releases", "kbs", "articles", "products", "conflicts"))
        first = len(mirror.requests)
        time.sleep(1.1)  # times are kept to the second
        done = run("crawl", "--db", "x.db", "--mirror", mirror.url, *LISTS, "--json")
        again = [request for request in mirror.requests[first:] if not request.target.endswith(("/robots.txt", "/toc.json"))]
    result = done.json()[0]
    assert (done.code, result["pages_parsed"], result["claims_added"], result["claims_ended"], result["facts_changed"]) == (0, 0, 0, 0, 0)
    assert result["pages_read"] == 7
    conditional = [request for request in again if "if-none-match" in request.headers]
    assert len(conditional) == 7
    statuses = query(tmp_path / "x.db", "select status, count(*) from pages where source not like 'facts%' group by 1 order by 1")
    assert statuses == [(200, 7), (304, 7)]
    assert dump(tmp_path / "x.db", ("releases", "kbs", "articles", "products", "conflicts")) == before
    assert (
        query(tmp_path / "x.db", "select count(distinct last_seen_at) from claims where gone_at is null and source = 'support_navigation'")[
            0
        ][0]
        <= 4
    )
    # What was answered "not modified" is replayed too.
    assert run("replay", "--db", "y.db", "--archive", "x.db.archive").code == 0
    assert dump(tmp_path / "y.db") == dump(tmp_path / "x.db")


@pytest.mark.fault("a page that moved twice")
def test_old_addresses_redirect_to_moved_pages(run: Command, worlds: dict[str, Path], tmp_path: Path, web: respx.MockRouter) -> None:
    """A hub redirects over two hops; read under its name, links resolve against where it is now.

    A page that moved again: links resolve against where it is now, and it is still the same page in claims.
    """
    moved = f"https://{SUPPORT}/en-us/servicing/os/hotpatch/windows-11/2027/release-notes"
    web.get(HOTPATCH, name="hub").respond(404)
    web.get(render.HOTPATCH_HUB["old"], name="former hub").respond(301, headers={"Location": HOTPATCH + "-moved"})
    web.get(HOTPATCH + "-moved", name="first hop").respond(302, headers={"Location": moved})
    web.get(moved, name="where it is now").respond(html=_hub(worlds["new"]))
    serve_tree(web, worlds["new"])
    assert run("crawl", "--db", "x.db", "--no-seed", *LISTS).code == 0
    assert [web[name].call_count for name in ("hub", "former hub", "first hop", "where it is now")] == [1, 1, 1, 1]
    rows = query(tmp_path / "x.db", "select page_url, url, final_url from pages where final_url = ?", moved)
    assert rows == [(HOTPATCH, render.HOTPATCH_HUB["old"], moved)]
    link = query(tmp_path / "x.db", "select article_url from releases where product = 'win11-25h2' and kb = 5121768")
    assert link == [(f"https://{SUPPORT}/en-us/servicing/os/hotpatch/windows-11/2026/kb5121768-hotpatch-out-of-band",)]


@pytest.mark.fault("a throttle within a crawl")
def test_a_throttled_page_is_waited_for(run: Command, worlds: dict[str, Path], tmp_path: Path, web: respx.MockRouter) -> None:
    """A page is 403 twice; waited for, nothing is lost.

    Case 16: 403 is the throttle; wait and resume, lose nothing.
    """
    wait = httpx.Response(403, headers={"Retry-After": "1"}, content=b"denied")
    web.get(HOTPATCH, name="hub").side_effect = [wait, wait, httpx.Response(200, html=_hub(worlds["new"]))]
    serve_tree(web, worlds["new"])
    done = run("crawl", "--db", "x.db", "--no-seed", "--source", "support_navigation")
    assert web["hub"].call_count == 3
    assert done.code == 0
    assert query(tmp_path / "x.db", "select count(*) from releases where product = 'ws2025' and classification = 'hotpatch'") == [(14,)]


@pytest.mark.fault("sources that are redirected away and forbidden by robots.txt")
def test_what_cannot_be_reached_or_is_forbidden_keeps_its_facts(
    run: Command, worlds: dict[str, Path], tmp_path: Path, web: respx.MockRouter
) -> None:
    """Learn redirects out, robots.txt forbids support; exit code 3, both named, no fact moves."""
    serve_tree(web, worlds["new"])
    run("crawl", "--db", "x.db", "--no-seed", *LISTS)
    before = _facts(tmp_path / "x.db")
    web.clear()
    for spec in registry()["learn_release_info"].pages:
        for url in spec.addresses:
            web.get(url).respond(302, headers={"Location": "https://evil.example/page"})
    rules = "User-agent: *\nDisallow: /en-us/servicing/\nDisallow: /en-us/topic/\n"
    web.get(f"https://{SUPPORT}/robots.txt", name="robots of support").respond(text=rules)
    web.get(path="/robots.txt", name="other robots").respond(404)
    web.get(host=SUPPORT, name="what support forbids").respond(404)
    done = run("crawl", "--db", "x.db", *LISTS, "--json")
    assert not web["what support forbids"].called
    notes = " ".join(failure["note"] for failure in done.json()[0]["failures"])
    assert done.code == 3
    assert "evil.example" in notes
    assert re.search(r"robots\.txt", notes)
    assert {failure["source"] for failure in done.json()[0]["failures"]} == {"learn_release_info", "support_navigation"}
    assert _facts(tmp_path / "x.db") == before
    assert set(
        query(
            tmp_path / "x.db", "select state from sources where state != 'off' and source in ('learn_release_info', 'support_navigation')"
        )
    ) == {("unreachable",)}


def test_what_the_archive_lost_is_asked_for_again(run: Command, worlds: dict[str, Path], tmp_path: Path) -> None:
    """The folder of answers is deleted, or one of them damaged; the next crawl asks without conditions, and a replay has all again."""
    with Mirror() as mirror:
        mirror.serve_tree(worlds["new"])
        crawl = ("crawl", "--db", "x.db", "--no-seed", "--mirror", mirror.url, *LISTS)
        assert run(*crawl).code == 0
        facts = _facts(tmp_path / "x.db")
        largest = max((tmp_path / "x.db.archive").glob("??/*"), key=lambda file: file.stat().st_size)
        largest.write_bytes(bytes(largest.stat().st_size))
        time.sleep(1.1)  # another time of reading
        assert run(*crawl).code == 0
        assert run("doctor", "--db", "x.db").code == 0
        shutil.rmtree(tmp_path / "x.db.archive")
        time.sleep(1.1)
        assert run(*crawl).code == 0
    assert run("replay", "--db", "y.db", "--archive", "x.db.archive").code == 0
    assert _facts(tmp_path / "y.db") == facts == _facts(tmp_path / "x.db")


@pytest.mark.fault("a first crawl from a network that a host blocks")
def test_a_host_that_blocks_this_network_is_said_in_one_line_with_the_ways_out(
    run: Command, worlds: dict[str, Path], tmp_path: Path, web: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Support answers 403 to everything; one line names the ways out, Learn is read, and no page of the second half is tried at length."""
    for name, value in (("WAIT_FIRST", 0.001), ("PATIENCE_SHUT_OUT", 0.01)):
        monkeypatch.setattr(f"hotpatch_kb.scraper.fetch.hosts.{name}", value)
    web.pop("robots")
    web.route(host=SUPPORT, name="support").respond(403)
    web.get(path="/robots.txt").respond(404)
    serve_tree(web, worlds["new"])
    done = run("crawl", "--db", "x.db", "--no-seed", *LISTS, "--source", "support_article", "--source", "support_feeds")
    said = [line for line in done.err.splitlines() if "status 403" in line]
    assert (done.code, len(said), done.out.count("status 403")) == (3, 1, 1)
    assert "--user-agent" in said[0]
    assert "crawl --from" in said[0]
    assert re.search(r"\(\d+ more pages likewise\)", done.out)
    assert query(tmp_path / "x.db", "select count(*) from releases where product = 'ws2025' and classification = 'hotpatch'") != [(0,)]


def test_another_user_agent_may_be_sent(run: Command, worlds: dict[str, Path]) -> None:
    with Mirror() as mirror:
        mirror.serve_tree(worlds["new"])
        run("crawl", "--db", "x.db", "--no-seed", "--mirror", mirror.url, "--user-agent", "Sample/1.0 (test)", *LISTS)
        assert {request.headers["user-agent"] for request in mirror.requests} == {"Sample/1.0 (test)"}
    done = run("crawl", "--db", "x.db", "--user-agent", "Zo\xeb")
    assert (done.code, done.err.count("\n")) == (2, 1)


@pytest.mark.fault("one hub of a family that is wrecked")
def test_one_hub_that_is_wrecked_is_named_and_another_of_its_family_serves(
    run: Command, worlds: dict[str, Path], tmp_path: Path, web: respx.MockRouter
) -> None:
    """A hub is an error page with status 200; named, exit code 3, another hub gives the facts."""
    server2025 = registry()["support_navigation"].pages[1].page_url
    page = render.navigation_new(render.hotpatch_categories("2026-07", "new", page=server2025), h1="Release notes", url=server2025)
    web.get(HOTPATCH, name="wrecked hub").respond(html="<html><body><h1>Something went wrong</h1></body></html>")
    web.get(server2025, name="another hub").respond(html=page)
    serve_tree(web, worlds["new"])
    done = run("crawl", "--db", "x.db", "--no-seed", *LISTS, "--json")
    failures = done.json()[0]["failures"]
    assert (done.code, [failure["page_url"] for failure in failures]) == (3, [HOTPATCH])
    assert query(tmp_path / "x.db", "select count(*) from releases where product = 'ws2025' and classification = 'hotpatch'") == [(14,)]


@pytest.mark.fault("a first crawl without a network")
def test_without_a_network_the_embedded_facts_stand(run: Command, tmp_path: Path) -> None:
    """No address answers; exit code 3 within seconds, the embedded facts stand."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    done = run("crawl", "--db", "x.db", "--mirror", f"http://127.0.0.1:{port}", *LISTS)
    assert time.monotonic() - began < 30
    assert (done.code, "unreachable" in done.out) == (3, True)
    assert query(tmp_path / "x.db", "select count(*) from releases")[0][0] > 800
    assert set(
        query(
            tmp_path / "x.db", "select state from sources where state != 'off' and source in ('learn_release_info', 'support_navigation')"
        )
    ) == {("unreachable",)}
    # A later crawl takes over from the seed, and a replay of both gives the same.
    assert run("replay", "--db", "y.db", "--archive", "x.db.archive").code == 0
    assert [row[:-1] for row in dump(tmp_path / "y.db")["releases"]] == [row[:-1] for row in dump(tmp_path / "x.db")["releases"]]


@pytest.mark.fault("a table of contents that is a web page")
def test_a_toc_stands_in_for_its_navigation(run: Command, worlds: dict[str, Path], tmp_path: Path, web: respx.MockRouter) -> None:
    """toc.json is HTML; its navigation is read instead, nothing fails.

    Asked first; where there is none, or one that cannot be read, the navigation is read, and nothing fails.
    """
    base = f"https://{SUPPORT}/en-us/servicing/os"
    web.get(f"{base}/windows-11/toc.json", name="toc").respond(content=toc(render.windows11_categories()), content_type="application/json")
    web.get(f"{base}/windows-server/toc.json", name="no toc").respond(html="<html>moved</html>")
    serve_tree(web, worlds["new"])
    done = run("crawl", "--db", "x.db", "--no-seed", *LISTS)
    asked_for = [url.rpartition("/os/")[2] for url in asked(web) if url.startswith(f"https://{SUPPORT}/")]
    assert (done.code, "refused" in done.out) == (0, False)
    assert [path for path in asked_for if path.startswith("windows-11/")] == ["windows-11/toc.json"]
    assert "windows-server/2024/10/windows-server-2025-update-history" in asked_for
    states = dict(query(tmp_path / "x.db", "select source, state from sources where source in ('support_navigation', 'support_toc')"))
    assert states == {"support_navigation": "ok", "support_toc": "ok"}
    notes = query(tmp_path / "x.db", "select page_url, required from checks where source = 'support_toc' and ok = 0")
    assert notes == [(f"{base}/windows-server/toc.json", 0)]
    titled = query(tmp_path / "x.db", "select count(*) > 0 from claims where source = 'support_toc' and field = 'title'")
    assert titled == [(1,)]
    health = dict(
        query(tmp_path / "x.db", "select source, is_stale from source_health where source in ('support_navigation', 'support_toc')")
    )
    assert health == {"support_navigation": 0, "support_toc": 0}
