"""``hotpatch-kb replay`` into an empty database, as a process: the whole archive of the pages, 1,000 articles, and growth with time.

The first has a target in seconds: a replay is the price of a better parser. The second compares a replay that parses every article
with one that has what the parser made of them before. The third compares seconds per page of an archive of 60 days with those of
one of 10: work that grows with the square of the time would be a ratio of six.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from command import Command
from material import archive_of_articles, archive_of_days
from timing import Row, compared, in_turns

from hotpatch_kb.scraper.crawl import parsed_pages

TARGET_SECONDS: Final = 5.0
TARGET_PARSED: Final = 2.5
TARGET_GROWTH: Final = 1.5
ARTICLES: Final = 1000
FEW_DAYS: Final = 10
MANY_DAYS: Final = 60


def rows(program: Command, folder: Path, archive: Path, pages: int, rounds: int) -> list[Row]:
    """Return the comparisons. A replay takes seconds, so there are fewer rounds of it: a third, of the long ones a ninth."""
    taken = in_turns({"ours": lambda: _replay(program, folder, archive)}, max(1, rounds // 3))["ours"]
    result = [Row("replay", f"archive of {pages} pages", sorted(taken)[len(taken) // 2], target=TARGET_SECONDS)]
    articles = archive_of_articles(folder, ARTICLES)
    sides = {"parsed": lambda: _replay(program, folder, articles, parse=True), "kept": lambda: _replay(program, folder, articles)}
    replays = in_turns(sides, max(1, rounds // 9))
    what = f"{ARTICLES} articles, all parsed"
    result.append(compared("replay", what, replays["parsed"], "the same, none parsed", replays["kept"], TARGET_PARSED))
    few, few_pages = archive_of_days(folder, FEW_DAYS)
    many, many_pages = archive_of_days(folder, MANY_DAYS)
    sides = {"few": lambda: _replay(program, folder, few), "many": lambda: _replay(program, folder, many)}
    days = in_turns(sides, max(1, rounds // 9), warm_up=False)
    per_page_few = [seconds / few_pages for seconds in days["few"]]
    per_page_many = [seconds / many_pages for seconds in days["many"]]
    what = f"{MANY_DAYS} days, {many_pages} pages, per page"
    result.append(compared("replay", what, per_page_many, f"{FEW_DAYS} days, {few_pages} pages, per page", per_page_few, TARGET_GROWTH))
    return result


def _replay(program: Command, folder: Path, archive: Path, *, parse: bool = False) -> None:
    """Replay an archive, also parsing every page if asked to: without what parsers made of them before."""
    if parse:
        (archive / parsed_pages.NAME).unlink(missing_ok=True)
    db = folder / "replayed.db"
    for file in folder.glob(f"{db.name}*"):
        file.unlink()
    program.hotpatch_kb("replay", "--db", db, "--archive", archive)
