"""July 2026 again: the old layout yesterday, the new one today, through the mirror; and what happens to a program that cannot read the new one.

Two public scrapers lost everything that day, and one of them noticed after eight days (cases 12, 13).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.dumps import query
from helpers.mirror import Mirror
from helpers.webhook import Hook

from hotpatch_kb.scraper.sources import registry, support_navigation

SOURCES = [argument for name in ("learn_release_info", "support_navigation", "support_toc") for argument in ("--source", name)]
FACTS = "select product, kb, build, release_date, classification from releases where gone_since is null"


@pytest.fixture(params=["rendered", "recorded"])
def trees(request: pytest.FixtureRequest, worlds: dict[str, Path]) -> tuple[Path, Path]:
    """The site before and after."""
    if request.param == "rendered":
        return worlds["old"], worlds["new"]
    shared = request.getfixturevalue("shared")
    return shared / "pages-2026-05", shared / "pages"


class Days:
    """Crawls over sockets, each of another tree."""

    def __init__(self, run: Any, mirror: Mirror, db: Path) -> None:
        self.run, self.mirror, self.db = run, mirror, db

    def crawl(self, tree: Path) -> list[dict[str, str]]:
        """Returns the failures of pages that the tree has: of the recorded ones it has seven."""
        self.mirror.serve_tree(tree)
        done = self.run("crawl", "--db", self.db, "--no-seed", "--mirror", self.mirror.url, *SOURCES, "--json")
        (row,) = done.json()
        assert done.code == (3 if row["failures"] else 0)
        return [failure for failure in row["failures"] if "got status 404" not in failure["note"] and "got 404" not in failure["note"]]

    def facts(self) -> set[tuple[Any, ...]]:
        return set(query(self.db, FACTS))


@pytest.fixture
def days(run: Any, tmp_path: Path) -> Any:
    with Mirror() as mirror:
        yield Days(run, mirror, tmp_path / "x.db")


def _same(fact: tuple[Any, ...]) -> tuple[Any, ...]:
    """A release without its class: a baseline's KB stands in one table and its class in another, read on another day."""
    return fact[:4]


def test_nothing_is_lost_and_every_link_is_absolute(days: Days, trees: tuple[Path, Path]) -> None:
    assert days.crawl(trees[0]) == []
    before = days.facts()
    assert days.crawl(trees[1]) == []
    after = days.facts()
    assert {_same(fact) for fact in before} <= {_same(fact) for fact in after}
    assert len(after) > len(before)
    assert query(days.db, "select count(*) from releases where gone_since is not null") == [(0,)]
    links = query(days.db, "select url from articles union select article_url from releases where article_url is not null")
    assert len(links) > 500
    assert [url for (url,) in links if not url.startswith("https://")] == []
    assert [url for (url,) in links if "/../" in url or " " in url] == []


def test_without_the_new_layout_everything_is_kept_and_told_once(
    days: Days, trees: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, hook: Hook
) -> None:  # fmt: skip
    monkeypatch.setenv("HOTPATCH_KB_WEBHOOK", hook.url)
    days.crawl(trees[0])
    before = days.facts()
    hook.route.calls.clear()
    monkeypatch.setattr(support_navigation, "LAYOUTS", ("supLeftNav",))
    registry.cache_clear()
    try:
        failures = days.crawl(trees[1])
        assert failures
        assert {failure["state"] for failure in failures} == {"refused"}
        assert {failure["source"] for failure in failures} == {"support_navigation"}
        assert {_same(fact) for fact in before} <= {_same(fact) for fact in days.facts()}
        assert query(days.db, "select count(*) from releases where gone_since is not null") == [(0,)]
        # Red within that very run.
        status = days.run("status", "--db", days.db, "--json")
        assert status.code == 6
        (row,) = [row for row in status.json() if row["source"] == "support_navigation"]
        assert (row["state"], row["is_stale"]) == ("refused", True)
        assert "expected a navigation" in row["note"]
        drifted = [text for text in hook.texts() if text.startswith("source support_navigation is not what it was")]
        assert len(drifted) == 1
        days.crawl(trees[1])
        assert [text for text in hook.texts() if text.startswith("source support_navigation is not what it was")] == drifted
    finally:
        monkeypatch.undo()
        registry.cache_clear()
    # The program that can read it mends the rest, and says so.
    monkeypatch.setenv("HOTPATCH_KB_WEBHOOK", hook.url)
    assert days.crawl(trees[1]) == []
    assert "source support_navigation has recovered" in hook.texts()
