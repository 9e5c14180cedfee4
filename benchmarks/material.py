"""Make the benchmarks' data: an archive and a database of saved pages, and an archive of many days.

Without recorded pages (``HOTPATCH_KB_RECORDED``) the pages that the tests render from facts are used: the same rows and markup with
little of the site around them, so that parsing takes less time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.crawl import runs
from hotpatch_kb.scraper.crawl.database import open_database
from hotpatch_kb.scraper.crawl.reading.saved_tree import crawl_tree
from hotpatch_kb.scraper.crawl.run import Run, chosen
from hotpatch_kb.scraper.fetch.archive import Archive
from hotpatch_kb.scraper.sources import registry

PROJECT: Final = Path(__file__).resolve().parent.parent
sys.path.append(str(PROJECT / "tests"))
from helpers import recorded, render  # noqa: E402
from rendered import support_article  # noqa: E402

RECORDED: Final = tuple(recorded.RECORDED / name for name in ("pages-2026-05", "pages"))


@dataclass(frozen=True, slots=True)
class Material:
    """A database that was crawled from trees of pages, its archive, and the pages in it."""

    db: Path
    archive: Path
    pages: list[Page]
    note: str


def silent(_message: str) -> None:
    """Ignore the progress of a run."""


def crawled(folder: Path, trees: Sequence[Path]) -> Material:
    """Crawl saved trees, or rendered pages where there are none, into a new database in a folder."""
    trees = trees or [tree for tree in RECORDED if tree.is_dir()]
    note = f"pages: {len(trees)} saved trees"
    if not trees:
        trees = [folder / "old", folder / "new"]
        render.write_world(trees[0], "old")
        render.write_world(trees[1], "new")
        note = "pages: no recorded ones, so those that tests/helpers/render writes"
    db, archive = folder / "crawled.db", folder / "crawled.archive"
    for tree in trees:
        try:
            result = runs.crawl(db, archive, folder=tree, seed=False, say=silent)
        except BadInput as error:
            raise SystemExit(str(error)) from None
        if result.failures:
            raise SystemExit(f"expected pages that are accepted in {tree.name}, got {result.failures[0].note}")
    fetched = (page for page in Archive(archive).pages() if not registry()[page.source].is_embedded)
    pages = {(page.page_url, page.body): page for page in fetched}  # a page may be in several trees unchanged
    return Material(db, archive, list(pages.values()), f"{note}, {len(pages)} pages that differ")


def archive_of_days(folder: Path, days: int) -> tuple[Path, int]:
    """Make an archive of the rendered site, read once a day, in which every page differs from the day before.

    Each day another row of every page is missing, and the one that was missing is back: two changes a page and day, far more than
    Microsoft makes, and no page that equals an earlier one.

    Returns:
        The archive, and the number of pages in it.
    """
    archive = folder / f"{days}-days.archive"
    with closing(open_database(folder / f"{days}-days-taken.db")) as conn:
        run = Run(conn, Archive(archive), [], silent, "crawl")
        for day in range(days):
            tree = folder / f"{days}-days" / str(day)
            _write_day(tree, day)
            crawl_tree(run, chosen([]), tree)
        if run.result.failures:
            raise SystemExit("expected rendered pages that can be read, got one that cannot")
    return archive, run.result.pages_read


def archive_of_articles(folder: Path, count: int) -> Path:
    """Make an archive of so many rendered articles, each of a KB of its own with two known issues."""
    archive, tree = folder / "articles.archive", folder / "articles"
    for number in range(count):
        kb, revision = 5_200_000 + number, 8000 + number
        text = support_article.article(
            f"July 14, 2026—KB{kb} (OS Builds 26200.{revision} and 26100.{revision})",
            applies=("Windows 11 version 25H2, all editions", "Windows 11 version 24H2, all editions"),
            issues=support_article.PRINTING + support_article.SIGN_IN,
            changes=(("July 15, 2026", "Amended an announcement."),),
        )
        url = f"https://support.microsoft.com/en-us/servicing/os/windows-11/2026/07/july-14-2026-kb{kb}"
        render.save_tree(tree, url, text, fetched_at="2026-07-23T12:00:00Z", suffix=".html")
    with closing(open_database(folder / "articles-taken.db")) as conn:
        run = Run(conn, Archive(archive), [], silent, "crawl")
        crawl_tree(run, chosen(["support_article"]), tree)
        if run.result.failures or run.result.pages_read != count:
            raise SystemExit("expected rendered articles that can be read, got one that cannot")
    return archive


def _write_day(tree: Path, day: int) -> None:
    """Write the world of ``render.write_world``, each page without one of its rows."""
    fetched_at = f"{date(2026, 7, 23) + timedelta(days=day)}T12:00:00Z"
    navigations = (
        (render.HOTPATCH_HUB["new"], render.hotpatch_categories, 0),
        (render.SERVER_HUB["new"], render.server_categories, 0),
        (render.SERVER2019_HUB["new"], render.windows10_categories, 1),
        (render.SERVER2016_HUB["new"], render.windows10_categories, 2),
        (render.WINDOWS11_HUB["new"], render.windows11_categories, 1),
    )
    for url, categories_of, active in navigations:
        categories = categories_of("2026-07", "new", page=url)
        entries = categories[day % len(categories)].entries
        if len(entries) > 1:
            del entries[day % len(entries)]
        text = render.navigation_new(categories, active=active, h1="Update history", url=url, flight=fetched_at)
        render.save_tree(tree, url, text, fetched_at=fetched_at, suffix=".html")
    server = _without_a_row(render.server_release_info("2026-07-02"), day)
    asked = f"{server.url}?accept=text/markdown"
    render.save_tree(tree, asked, render.release_info_markdown(server), fetched_at=fetched_at, suffix=".md")
    for info in (render.windows11_release_info("2026-07"), render.windows10_release_info("2026-07")):
        text = render.release_info_html(_without_a_row(info, day))
        render.save_tree(tree, info.url, text, fetched_at=fetched_at, suffix=".html")


def _without_a_row(info: render.ReleaseInfo, day: int) -> render.ReleaseInfo:
    place = day % len(info.history)
    table = info.history[place]
    missing = day % len(table.rows)
    rows = [row for number, row in enumerate(table.rows) if number != missing]
    return replace(info, history=_replaced(info.history, place, replace(table, rows=rows)))


def _replaced(tables: Iterable[render.HistoryTable], place: int, table: render.HistoryTable) -> list[render.HistoryTable]:
    return [table if number == place else former for number, former in enumerate(tables)]
