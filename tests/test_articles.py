"""Articles of KBs, from saved trees and over sockets: known issues, several addresses of one KB, the wrong page (cases 14 to 17)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers import render
from helpers.dumps import dump, query
from helpers.mirror import Mirror, Reply
from rendered.support_article import LCU, NO_ISSUES, PRINTING, SIGN_IN, article, expando, issue, lcu, old_article

from hotpatch_kb.scraper.sources import Link, registry

OLD = "https://support.microsoft.com/en-us/topic/july-14-2026-kb5101650-os-builds-26200-8875-and-26100-8875-1a9bcba6-5f53-4075-8156-fe11ac631737"
ISSUES = "select issue, product, state, resolved_by_kb, gone_since is not null from known_issues order by 1, 2"
TITLE = "July 14, 2026—KB5101650 (OS Builds 26200.8875 and 26100.8875)"


def _crawl(run: Command, folder: Path, pages: dict[str, str], fetched_at: str, *, db: str = "x.db", code: int = 0) -> dict[str, Any]:
    tree = folder / f"tree-{fetched_at[:13]}"
    for url, body in pages.items():
        render.save_tree(tree, url, body, fetched_at=fetched_at, suffix=".html")
    done = run("crawl", "--db", db, "--from", tree, "--json")
    assert done.code == code, done.err
    found: dict[str, Any] = done.json()[0]
    return found


def test_an_article_that_only_changes_its_tracking_tags_is_no_change(run: Command, crawled: Path, tmp_path: Path) -> None:
    """Case 15; and one more known issue is one change, whatever else of the article changes with it."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    first = _crawl(run, tmp_path, {LCU: lcu(tracking="1")}, "2026-07-24T12:00:00Z")
    assert (first["pages_parsed"], first["facts_changed"]) == (1, 0)
    before = dump(tmp_path / "x.db", ("known_issues", "articles", "conflicts", "changes", "kb_channels", "article_changes"))
    again = _crawl(run, tmp_path, {LCU: lcu(tracking="2")}, "2026-07-25T12:00:00Z")
    assert {name: again[name] for name in ("pages_read", "pages_parsed", "claims_added", "claims_ended", "facts_changed")} == {
        "pages_read": 1, "pages_parsed": 0, "claims_added": 0, "claims_ended": 0, "facts_changed": 0,
    }  # fmt: skip
    assert dump(tmp_path / "x.db", tuple(before)) == before
    more = lcu(
        PRINTING + SIGN_IN.replace("resolved by", "looked at after"), tracking="3", changes=(("July 26, 2026", "Added a known issue."),)
    )
    grown = _crawl(run, tmp_path, {LCU: more}, "2026-07-26T12:00:00Z")
    assert grown["facts_changed"] == 1
    changes = run("changes", "--db", "x.db", "--since", "2026-07-24", "--json").json()
    assert [(c["subject"], c["field"], c["old_value"], c["new_value"]) for c in changes] == [
        ("issue/5101650/signing-in-may-show-an-empty-screen", "issue", None, "KB5101650: Signing in may show an empty screen")
    ]
    assert "Signing in may show an empty screen" in run("changes", "--db", "x.db", "--since", "2026-07-24").out
    assert "Signing in may show" in run("changes", "--db", "x.db", "--since", "2026-07-24", "--product", "win11-25h2").out
    assert "Signing in may show" not in run("changes", "--db", "x.db", "--since", "2026-07-24", "--product", "ws2025").out
    assert query(tmp_path / "x.db", "select changed_on, description from article_changes") == [("2026-07-26", "Added a known issue.")]


def test_an_issue_is_resolved_goes_and_comes_back(run: Command, crawled: Path, tmp_path: Path) -> None:
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    open_text = SIGN_IN.replace("was resolved by", "will be addressed after")
    name = "signing-in-may-show-an-empty-screen"
    seen = []
    for day, issues in ((24, open_text), (25, SIGN_IN), (26, NO_ISSUES), (27, SIGN_IN)):
        _crawl(run, tmp_path, {LCU: lcu(issues)}, f"2026-07-{day}T12:00:00Z")
        seen.append(query(tmp_path / "x.db", ISSUES))
    both = [(name, product) for product in ("win11-24h2", "win11-25h2")]
    assert seen == [
        [(*key, "open", None, 0) for key in both],
        [(*key, "resolved", 5121768, 0) for key in both],
        [(*key, "resolved", 5121768, 1) for key in both],
        [(*key, "resolved", 5121768, 0) for key in both],
    ]
    told = query(
        tmp_path / "x.db", "select changed_at, field, old_value, new_value from changes where subject like 'issue/%' order by 1, 2"
    )
    assert told == [
        ("2026-07-25T12:00:00Z", "resolved_by_kb", None, "5121768"),
        ("2026-07-25T12:00:00Z", "state", "open", "resolved"),
        ("2026-07-26T12:00:00Z", "gone_since", None, "2026-07-26T12:00:00Z"),
        ("2026-07-27T12:00:00Z", "gone_since", "2026-07-26T12:00:00Z", None),
    ]
    # A replay gives the same, and so does the world of an earlier day.
    assert run("replay", "--db", "y.db", "--archive", "x.db.archive").code == 0
    assert dump(tmp_path / "y.db") == dump(tmp_path / "x.db")


@pytest.mark.fault("known issues that vanish with their section")
def test_a_section_of_known_issues_that_vanishes_is_no_good_news(run: Command, crawled: Path, tmp_path: Path) -> None:
    """An article loses its section of issues; no issue counts as resolved."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    _crawl(run, tmp_path, {LCU: lcu(PRINTING)}, "2026-07-24T12:00:00Z")
    before = query(tmp_path / "x.db", ISSUES)
    cut = lcu(PRINTING).replace("Known issues in this update", "Further words")
    done = _crawl(run, tmp_path, {LCU: cut}, "2026-07-25T12:00:00Z", code=3)
    assert "expected the section 'Known issues' with about 1 rows, got none" in done["failures"][0]["note"]
    assert query(tmp_path / "x.db", ISSUES) == before


def test_one_article_under_two_addresses_is_one_kb(run: Command, crawled: Path, tmp_path: Path) -> None:
    """Case 14: read in May under the old address, in July under the new one; what the old page said then has ended."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    old = old_article(TITLE, expando("Printing may take longer than it should", "<p>Slow.</p>") + expando("Gone by now", "<p>It was.</p>"))
    _crawl(run, tmp_path, {OLD: old}, "2026-07-15T12:00:00Z")
    _crawl(run, tmp_path, {LCU: lcu(PRINTING)}, "2026-07-24T12:00:00Z")
    assert query(tmp_path / "x.db", "select count(*) from kbs where kb = 5101650") == [(1,)]
    assert query(tmp_path / "x.db", "select count(*) from releases where kb = 5101650") == [(2,)]
    assert query(tmp_path / "x.db", ISSUES) == [
        ("gone-by-now", "win11-24h2", "open", None, 1),
        ("gone-by-now", "win11-25h2", "open", None, 1),
        ("printing-may-take-longer-than-it-should", "win11-24h2", "open", None, 0),
        ("printing-may-take-longer-than-it-should", "win11-25h2", "open", None, 0),
    ]
    assert {row[0] for row in query(tmp_path / "x.db", "select url from articles where kb = 5101650")} >= {OLD, LCU}


def test_a_kb_with_an_article_per_product_is_one_kb(run: Command, crawled: Path, tmp_path: Path) -> None:
    """KB5052105 had one article for Windows Server 2025 and one for Windows 11: each has its own issues."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    base = "https://support.microsoft.com/en-us/servicing/os/hotpatch"
    title = "February 11, 2025—Hotpatch KB5052105 (OS Build 26100.3107)"
    pages = {
        f"{base}/windows-server-2025/2025/february-11-2025-hotpatch-kb5052105-os-build-26100-3107": article(
            title, applies=("Windows Server 2025, all editions",), issues=issue("Of the server", "One.")
        ),
        f"{base}/windows-11/2025/february-11-2025-hotpatch-kb5052105-os-build-26100-3107": article(
            title, applies=("Windows 11 Enterprise version 24H2",), issues=issue("Of the client", "Two.")
        ),
    }
    _crawl(run, tmp_path, pages, "2026-07-24T12:00:00Z")
    assert query(tmp_path / "x.db", "select issue, product from known_issues order by 1") == [
        ("of-the-client", "win11-24h2"),
        ("of-the-server", "ws2025"),
    ]
    assert query(tmp_path / "x.db", "select count(*) from kbs where kb = 5052105") == [(1,)]
    applied = query(tmp_path / "x.db", "select applies_to from articles where kb = 5052105 and applies_to is not null order by 1")
    assert applied == [("win11-24h2",), ("ws2025",)]


@pytest.mark.fault("an unrelated page that echoes the number asked for")
def test_an_unrelated_page_that_echoes_the_number_is_not_that_kb(run: Command, tmp_path: Path) -> None:
    """/help/ leads to another article with our number in its head; not taken for that KB.

    Case 17: the landing page of an unknown number says it is what was asked for.
    """
    asked = "https://support.microsoft.com/help/9999999"
    landed = "https://support.microsoft.com/en-us/topic/ms16-062-drivers-2a1f7f0e-0d7a-4d3a-9d2b-5b7d1c1e6f10"
    body = article("MS16-062: Drivers: May 10, 2016", issues=None, channels=False).replace(
        "</head>", '<meta name="awa-kb_id" content="9999999"/></head>'
    )
    render.save_tree(tmp_path / "tree", asked, body, final_url=landed, fetched_at="2026-07-24T12:00:00Z", suffix=".html")
    done = run("crawl", "--db", "x.db", "--from", tmp_path / "tree", "--json")
    assert done.code == 3
    assert done.json()[0]["failures"] == [
        {
            "source": "support_article", "page_url": landed, "state": "refused",
            "note": f"expected the article of KB9999999, got 'MS16-062: Drivers: May 10, 2016' at {landed}",
        }
    ]  # fmt: skip
    assert query(tmp_path / "x.db", "select count(*) from kbs where kb = 9999999") == [(0,)]


def test_what_an_article_says_of_its_baseline_and_restart(run: Command, crawled: Path, tmp_path: Path) -> None:
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    base = "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025"
    pages = {
        f"{base}/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772": article(
            "May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)",
            before="<p><strong>Prerequisites</strong></p><p>You must have the baseline KB5078740 (OS Build 26100.32522) first.</p>",
        ),
        f"{base}/2025/kb5074204": article(
            "KB5074204—Security Update for Windows PowerShell", issues=None, channels=False, more="<h2>Restart</h2><p>You must restart the computer.</p>"
        ),
    }  # fmt: skip
    _crawl(run, tmp_path, pages, "2026-07-24T12:00:00Z")
    assert query(tmp_path / "x.db", "select requires_kb, requires_build from articles where kb = 5087423 and requires_kb is not null") == [
        (5078740, "26100.32522")
    ]
    conflicts = query(tmp_path / "x.db", "select value_won, value_lost, rule from conflicts where field = 'baseline_kb'")
    assert conflicts == [("5082063", "5078740", "precedence")]  # the calendar's baseline of April stands
    restarts = query(
        tmp_path / "x.db", "select distinct classification, restart_required from releases where kb in (5074204, 5070893) order by 2"
    )
    assert restarts == [("component", None), ("component", 1)]


# --- which articles are read --------------------------------------------------------------------------------------------


def test_the_newest_first_and_of_each_kb_the_newest_address() -> None:
    base = "https://support.microsoft.com"
    links = [
        Link(f"{base}/help/5087423", 5087423, "2026-05-12"),
        Link(f"{base}/en-us/topic/may-12-2026-hotpatch-kb5087423-x", 5087423, "2026-05-12"),
        Link(f"{base}/en-us/servicing/os/hotpatch/windows-server-2025/2026/kb5087423", 5087423, "2026-05-12"),
        Link(f"{base}/en-us/servicing/os/hotpatch/windows-11/2026/kb5087423", 5087423, "2026-05-12"),
        Link(f"{base}/help/5062557", 5062557, "2025-07-08"),
        Link(f"{base}/en-us/servicing/os/hotpatch/windows-11/2026/july-14-2026-baseline", None, "2026-07-14"),
        Link(f"{base}/help/5066360", 5066360, ""),
        Link("https://learn.microsoft.com/help/1", 1, "2026-07-01"),
    ]
    found = list(registry()["support_article"].linked(links, "2026-07-23T12:00:00Z"))
    assert [(spec.addresses[0].removeprefix(base), spec.good_since) for spec in found] == [
        ("/en-us/servicing/os/hotpatch/windows-11/2026/july-14-2026-baseline", "2026-07-22T16:00:00Z"),
        ("/en-us/servicing/os/hotpatch/windows-server-2025/2026/kb5087423", "2026-07-09T12:00:00Z"),
        ("/en-us/servicing/os/hotpatch/windows-11/2026/kb5087423", "2026-07-09T12:00:00Z"),
        ("/help/5062557", "2026-07-09T12:00:00Z"),
        ("/help/5066360", "2026-07-09T12:00:00Z"),
    ]


def _hub(*entries: tuple[str, str]) -> str:
    navigation = [render.NavEntry(title, href) for title, href in entries]
    category = render.NavCategory("Release notes for Hotpatch on Windows Server 2025 Datacenter Azure Edition", "release-notes", navigation)
    return render.navigation_new([category], h1="Release notes", url=render.HOTPATCH_HUB["new"])


def test_only_new_and_changed_articles_are_asked_for(run: Command, tmp_path: Path) -> None:
    """Throttled with 403 on the way (case 16); one that is not there is no failure and is not asked for again the next hour."""
    base = "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025"
    titles = {
        f"{base}/2026/kb5087423": "May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)",
        f"{base}/2026/kb5091470": "April 19, 2026—Hotpatch KB5091470 (OS Build 26100.32704) Out-of-band",
        f"{base}/2026/kb5080000": "March 10, 2026—Hotpatch KB5080000 (OS Build 26100.32500)",
    }
    sources = ("--source", "support_navigation", "--source", "support_article")
    with Mirror() as mirror:
        for address in registry()["support_navigation"].pages[0].addresses:
            mirror.serve(address, _hub(*((title, url) for url, title in titles.items())))
        first, second, missing = titles
        mirror.script(first, [Reply(status=403, headers={"Retry-After": "0"}), Reply(article(titles[first], issues=PRINTING).encode())])
        mirror.serve(second, article(titles[second]))
        done = run("crawl", "--db", "x.db", "--no-seed", "--mirror", mirror.url, *sources, "--json")
        wanted = [url for url in mirror.asked("support.microsoft.com") if "/2026/kb" in url]
        assert wanted == [first, first, second, missing]
        states = query(tmp_path / "x.db", "select url, status, state from pages where source = 'support_article' order by url")
        assert states == [(missing, 404, "failed"), (first, 200, "accepted"), (second, 200, "accepted")]
        assert [f["source"] for f in done.json()[0]["failures"] if f["source"] == "support_article"] == []
        count = len(mirror.requests)
        again = run("crawl", "--db", "x.db", "--mirror", mirror.url, *sources, "--json")
        assert [r.target for r in mirror.requests[count:] if "/2026/kb" in r.target] == []
        assert again.json()[0]["facts_changed"] == 0
    assert query(tmp_path / "x.db", "select kb, title from known_issues") == [(5087423, "Printing may take longer than it should")]
    # A replay has the page that was not there, too.
    assert run("replay", "--db", "y.db", "--archive", "x.db.archive").code in {0, 3}
    for sql in (
        "select url, status, state from pages where source = 'support_article'",
        "select * from claims where source = 'support_article'",
    ):
        assert sorted(query(tmp_path / "y.db", sql), key=repr) == sorted(query(tmp_path / "x.db", sql), key=repr)


def test_a_run_reads_so_many_and_the_next_one_the_rest(run: Command, tmp_path: Path, monkeypatch: Any) -> None:
    base = "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026"
    titles = {f"{base}/kb508742{n}": f"May {n + 10}, 2026—Hotpatch KB508742{n} (OS Build 26100.3277{n})" for n in range(5)}
    source = registry()["support_article"]
    monkeypatch.setitem(registry(), "support_article", source._replace(at_a_time=2))
    sources = ("--source", "support_navigation", "--source", "support_article")
    with Mirror() as mirror:
        for address in registry()["support_navigation"].pages[0].addresses:
            mirror.serve(address, _hub(*((title, url) for url, title in titles.items())))
        for url, title in titles.items():
            mirror.serve(url, article(title))
        asked = []
        for _ in range(4):
            count = len(mirror.requests)
            done = run("crawl", "--db", "x.db", "--no-seed", "--mirror", mirror.url, *sources)
            asked.append([r.target[-9:] for r in mirror.requests[count:] if "/2026/kb" in r.target])
            if len(asked) == 1:
                assert "got 3 left for the next run (at most 2 are read in one)" in done.err
                left = query(tmp_path / "x.db", "select note from checks where source = 'support_article' and name = 'pages'")
                assert left == [("expected to read every page, got 3 left for the next run (at most 2 are read in one)",)]
    assert asked == [["kb5087424", "kb5087423"], ["kb5087422", "kb5087421"], ["kb5087420"], []]


def test_a_tree_copied_from_the_site_is_read_by_its_addresses(run: Command, tmp_path: Path) -> None:
    """Without any navigation: an address that names a KB is that of an article. A hub is known by its address, and an empty page is none."""
    render.save_tree(
        tmp_path / "tree", "https://support.microsoft.com/en-us/help/5101650", lcu(), fetched_at="2026-07-24T12:00:00Z", suffix=".html"
    )
    render.save_tree(tmp_path / "tree", "https://support.microsoft.com/en-us/topic/windows-11-version-22h2-update-history-1a9bcba6-5f53-4075-8156-fe11ac631737", "<html></html>", fetched_at="2026-07-24T12:00:00Z", suffix=".html")  # fmt: skip
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "tree").code == 3
    assert query(tmp_path / "x.db", "select kb, product, issue from known_issues order by 2") == [
        (5101650, "win11-24h2", "printing-may-take-longer-than-it-should"), (5101650, "win11-25h2", "printing-may-take-longer-than-it-should"),
    ]  # fmt: skip
    shutil.rmtree(tmp_path / "tree")


def test_samples_of_articles_are_read_or_refused_for_their_reason(shared: Path, run: Command, tmp_path: Path) -> None:
    samples = shared / "samples" / "support-kb-article-html"
    for number, name in (
        (5002880, "kb_no_issues_section"),
        (5091234, "kb_none_aware"),
        (9999999, "kb_wrong_landing"),
        (5094126, "kb_known_issues"),
    ):
        body = (samples / f"{name}.html").read_text(encoding="utf-8")
        url = f"https://support.microsoft.com/en-us/help/{number}"
        render.save_tree(tmp_path / "tree", url, body, fetched_at="2026-07-24T12:00:00Z", suffix=".html")
    oddities = (samples / "kb5101650_new_layout_oddities.html").read_text(encoding="utf-8")
    render.save_tree(tmp_path / "tree", LCU, oddities, fetched_at="2026-09-26T12:00:00Z", suffix=".html")
    done = run("crawl", "--db", "x.db", "--from", tmp_path / "tree", "--json")
    assert [(f["page_url"][-7:], f["note"][:43]) for f in done.json()[0]["failures"]] == [
        ("9999999", "expected the article of KB9999999, got 'MS1")
    ]
    read = query(tmp_path / "x.db", "select kb, issue_count, ssu_kb, ssu_build, applies_to from articles order by kb")
    assert read == [
        (5002880, None, None, None, None),  # says nothing of issues, which is not "none"
        (5091234, 0, None, None, None),
        (5094126, 2, None, None, None),
        (5101650, 0, 5120102, "26100.8872", "win11-24h2 win11-25h2"),
    ]
    issues = query(tmp_path / "x.db", "select kb, state, resolved_by_kb, substr(workaround, 1, 34) from known_issues order by state")
    assert issues == [
        (5094126, "open", None, "A resolution is in progress and wi"),
        (5094126, "resolved", 5095093, "This issue is addressed in KB50950"),
    ]
