"""``hotpatch-kb pages``: the addresses to save in a browser, most useful first, and only those that are due."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from conftest import Command
from helpers import render

from hotpatch_kb.scraper.fetch.addresses import API_HOSTS
from hotpatch_kb.scraper.sources import registry


def test_the_most_useful_pages_come_first(db: Path, run: Command, at: Callable[[str], None]) -> None:
    """Lists of releases, articles of the last quarter from the newest on, then the rest; one page of each family, none for programs."""
    at("2026-08-13")
    done = run("pages", "--db", db)
    urls = done.out.split()
    assert (done.code, len(urls), len(set(urls))) == (0, len(urls), len(urls))
    assert urls[0] == "https://learn.microsoft.com/en-us/windows/release-health/windows-server-release-info"
    assert urls[3] == render.HOTPATCH_HUB["new"].replace("24h2", "25h2")
    rows = run("pages", "--db", db, "--json").json()
    assert [row["url"] for row in rows] == urls
    groups = list(dict.fromkeys(row["source"] for row in rows))
    assert groups == ["learn_release_info", "support_navigation", "support_article", "learn_hotpatch", "learn_lifecycle", "azure_pricing"]
    assert not [url for url in urls if url.split("/")[2] in API_HOSTS or url.endswith(".json") or "/feed/" in url]
    assert sum("/hotpatch/" in row["url"] for row in rows if row["source"] == "support_navigation") == 1
    days = [
        row["url"] for row in rows if row["source"] == "support_article" and "/2026/0" in row["url"] and "windows-server/" in row["url"]
    ]
    assert [url.split("/")[8] for url in days] == sorted((url.split("/")[8] for url in days), reverse=True)
    assert all(registry()[row["source"]].title == row["title"] for row in rows)


def test_only_what_is_due(run: Command, worlds: dict[str, Path], tmp_path: Path) -> None:
    """A page that was read at its pace is left out, and comes back when that has passed."""
    assert run("crawl", "--no-seed", "--from", worlds["new"], "--db", "x.db").code == 0
    every = run("pages", "--db", "x.db", "--json").json()
    due = run("pages", "--due", "--db", "x.db").out.split()
    assert due == [row["url"] for row in every if row["is_due"]]
    listed = {row["url"]: row for row in every if row["source"] == "learn_release_info"}
    assert {row["read_at"] for row in listed.values() if row["read_at"]} == {"2026-07-23T12:00:00Z"}
    assert set(listed) <= set(due)
    tree = tmp_path / "now"
    for file in worlds["new"].rglob("*"):
        if file.is_file() and not file.name.endswith(".meta.json"):
            target = tree / file.relative_to(worlds["new"])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    assert run("crawl", "--no-seed", "--from", tree, "--db", "y.db").code == 0
    now = run("pages", "--due", "--db", "y.db").out.split()
    assert [url for url, row in listed.items() if row["read_at"] and url in now] == []
    assert set(now) < set(due)
