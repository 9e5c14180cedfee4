"""Simulate years of crawling in minutes, and measure the cost: a site that changes and a clock that is set from day to day.

``python tests/simulating.py 1000`` writes docs/thousand-days.md. The site is the rendered one on a mirror, read over sockets; the clock is that
of the program, not of the machine. A day changes none, one, two, three or four articles in turn; each release day brings a hotpatch or, each
third one, a baseline: entries of two navigations, a row of a history and of a calendar, and four articles. As on the real site, every
answer of support.microsoft.com has another tracking number and no ETag (case 15), and unchanged pages of Learn are "not modified".
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from helpers import render, whole
from helpers.mirror import Mirror
from rendered import support_article

from hotpatch_kb.scraper.crawl import database, due, runs
from hotpatch_kb.scraper.fetch import client
from hotpatch_kb.scraper.fetch.agent import Agent

FIRST: Final = date(2026, 8, 11)  # a release day
FILE: Final = Path(__file__).parent.parent / "docs" / "thousand-days.md"
# Releases of the simulated months have numbers that no release of the facts has.
_FIRST_KB: Final = 5_900_000
_FIRST_UBR: Final = 40_000
_SERVICING: Final = "https://support.microsoft.com/en-us/servicing/os"
_KINDS: Final = 5  # of days: 0 to 4 articles change in turn


class _Clock(datetime):
    """``datetime`` whose now is the simulated one."""

    at: datetime = datetime(2026, 8, 11, tzinfo=UTC)

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        """Return the simulated time, in a zone."""
        return cls.at.astimezone(tz)


@contextmanager
def clock() -> Iterator[type[_Clock]]:
    """Replace the clock of crawls; its attribute ``at`` sets it."""
    modules: tuple[Any, ...] = (database, runs, client)
    former = [module.datetime for module in modules]
    for module in modules:
        module.datetime = _Clock
    try:
        yield _Clock
    finally:
        for module, was in zip(modules, former, strict=True):
            module.datetime = was


class Release(NamedTuple):
    """The updates of a month's release day: for Windows 11 and Windows Server 2025, one for each line.

    Attributes:
        day: date of the release.
        number: place among the simulated months; each third is a baseline.
    """

    day: date
    number: int

    @property
    def is_baseline(self) -> bool:
        """Whether the hotpatch line restarts."""
        return self.number % 3 == 2

    def kb(self, which: int) -> int:
        """Return the KB of hotpatch and LCU of Windows 11 (0, 1) and of Windows Server 2025 (2, 3)."""
        return _FIRST_KB + 10 * self.number + which

    def build(self, which: int) -> str:
        """Return the builds as titles state them."""
        ubr = _FIRST_UBR + 20 * self.number + (which % 2)
        return f"OS Builds 26200.{ubr} and 26100.{ubr}" if which < 2 else f"OS Build 26100.{ubr + 10}"

    def title(self, which: int) -> str:
        """Return the title of the article and of the navigation's entry."""
        day = f"{self.day:%B} {self.day.day}, {self.day.year}"
        return f"{day}—{'' if which % 2 else 'Hotpatch '}KB{self.kb(which)} ({self.build(which)})"

    def entry(self, which: int, page: str) -> render.NavEntry:
        """Return the entry on a page. The hotpatch notes name a baseline only by its day."""
        title = f"{self.day:%B} {self.day.day}, {self.day.year}—Baseline" if self.is_baseline and which % 2 == 0 else self.title(which)
        return render.NavEntry(title, os.path.relpath(self.url(which), os.path.dirname(page)).replace(os.sep, "/"))  # noqa: PTH120 (of addresses)

    def url(self, which: int) -> str:
        """Return the address of the article."""
        family = "hotpatch" if which % 2 == 0 else "windows-11" if which < 2 else "windows-server"
        return f"{_SERVICING}/{family}/{self.day:%Y/%m}/kb{self.kb(which)}"

    def row(self) -> render.HistoryRow:
        """Return the row in the history of Windows Server 2025."""
        number = self.build(3).removeprefix("OS Build ")
        return render.HistoryRow("LTSC", f"{self.day:%Y-%m} B", self.day.isoformat(), number, f"KB{self.kb(3)}", self.url(3))

    def planned(self) -> render.CalendarRow:
        """Return the row in the hotpatch calendar of Windows Server 2025."""
        which = 3 if self.is_baseline else 2
        return render.CalendarRow(
            f"{self.day:%B}", f"{self.day:%Y.%m} B", "Baseline (Restart)" if self.is_baseline else "Hotpatch", self.day.isoformat(),
            self.build(which).removeprefix("OS Build "), f"KB{self.kb(which)}", self.url(which),
        )  # fmt: skip


class Site:
    """Microsoft's site on a mirror, as of a day."""

    def __init__(self, mirror: Mirror, folder: Path) -> None:
        """Serve the site as of the day before the first."""
        self.mirror = mirror
        self.releases: list[Release] = []
        self.revisions: list[int] = []
        render.write_world(folder, "new")
        whole.serve(mirror, folder)

    def set_day(self, day: date, changed: int) -> None:
        """Make the changes of a day: a number of articles, and on a release day the updates."""
        if day == due.release_of(f"{day:%Y-%m}").date():
            self.releases.insert(0, Release(day, len(self.releases)))
            self.revisions = [0] * (_KINDS - 1)
            self._release_info()
        for number in range(changed):
            self.revisions[number] += 1
        # Every answer has another tracking number; the content is the same.
        self._navigations(f"{day:%Y%m%d}")
        for number, revision in enumerate(self.revisions):
            self._article(number, revision, f"{day:%Y%m%d}")

    def _article(self, number: int, revision: int, tracking: str) -> None:
        release = self.releases[0]
        issues = support_article.issue("Printing may take longer than it should", f"Some printers answer late. Seen {revision} times.")
        text = support_article.article(
            release.title(number), applies=(("Windows 11 version 25H2, all editions",) if number < 2 else ("Windows Server 2025, all editions",)),
            issues=issues, tracking=tracking,
        )  # fmt: skip
        self.mirror.serve(release.url(number), text)

    def _navigations(self, flight: str) -> None:
        hub, server = render.HOTPATCH_HUB["new"], render.SERVER_HUB["new"]
        hotpatch = render.hotpatch_categories("2026-07", "new")
        hotpatch[0].entries[:0] = [release.entry(0, hub) for release in self.releases]
        hotpatch[2].entries[:0] = [release.entry(2, hub) for release in self.releases]
        title = "Release notes for Hotpatch on Windows 11 Enterprise version 25H2"
        self.mirror.serve(hub, render.navigation_new(hotpatch, h1=title, url=hub, flight=flight))
        windows11 = render.WINDOWS11_HUB["new"]
        versions = render.windows11_categories()
        versions[1].entries[:0] = [release.entry(1, windows11) for release in self.releases]
        title = "Windows 11, version 25H2 update history"
        self.mirror.serve(windows11, render.navigation_new(versions, active=1, h1=title, url=windows11, flight=flight))
        categories = render.server_categories()
        categories[0].entries[:0] = [release.entry(3, server) for release in self.releases]
        self.mirror.serve(server, render.navigation_new(categories, h1="Windows Server 2025 update history", url=server, flight=flight))

    def _release_info(self) -> None:
        info = render.server_release_info("2026-07-02")
        history = [replace(info.history[0], rows=[*(release.row() for release in self.releases), *info.history[0].rows]), *info.history[1:]]
        years = {year: list(rows) for year, rows in info.calendars[0].years.items()}
        for release in reversed(self.releases):
            rows = years.setdefault(f"{release.day:%Y}", [])
            place = next((place for place, row in enumerate(rows) if row.month_name == f"{release.day:%B}"), len(rows))
            rows[place : place + 1] = [release.planned()]
        newest = dict(sorted(years.items(), reverse=True))
        info = replace(info, history=history, calendars=[replace(info.calendars[0], years=newest), *info.calendars[1:]])
        text = render.release_info_markdown(info)
        self.mirror.serve(
            f"{render.SERVER_INFO}?accept=text/markdown", text, headers={"ETag": f'"{len(self.releases)}"'}, content_type="text/markdown"
        )


class Cost(NamedTuple):
    """The cost of a day.

    Attributes:
        day: number, from 0.
        changed: number of changed articles.
        is_release: whether it is a release day.
        answers: number of pages read.
        claims: number of claims added or ended.
        seconds: duration of the crawl.
        memory: resident bytes of the process afterwards.
        database: size in bytes.
        archive: size of log and answers in bytes.
        files: number of answers that the archive has whole.
    """

    day: int
    changed: int
    is_release: bool
    answers: int
    claims: int
    seconds: float
    memory: int
    database: int
    archive: int
    files: int


def live(days: int, folder: Path) -> Iterator[Cost]:
    """Crawl once a day, all in one process, so that a leak of memory shows.

    Raises:
        AssertionError: a page could not be read.
    """
    db, archive = folder / "x.db", folder / "archive"
    with Mirror() as mirror, clock() as now:
        site = Site(mirror, folder / "world")
        for number in range(days):
            day = FIRST + timedelta(days=number)
            changed = number % _KINDS
            site.set_day(day, changed)
            now.at = datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
            mirror.requests.clear()
            began = time.perf_counter()
            result = runs.crawl(db, archive, agent=Agent(mirror=mirror.url), say=lambda _: None)
            seconds = time.perf_counter() - began
            assert not result.failures, result.failures
            gc.collect()
            kept = [file for file in archive.rglob("*") if file.is_file()]
            yield Cost(
                number, changed, site.releases[0].day == day, result.pages_read, result.claims_added + result.claims_ended, seconds, _memory(),
                db.stat().st_size, sum(file.stat().st_size for file in kept), len(kept) - 1,
            )  # fmt: skip


def _memory() -> int:
    """Return the resident bytes of this process, with the mirror's thread."""
    with Path("/proc/self/statm").open(encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Growth(NamedTuple):
    """Growth of a file: bytes for an unchanged answer, for a changed article, for a release."""

    answer: float
    article: float
    release: float

    def of(self, days: Sequence[Cost]) -> float:
        """Return the expected growth over some days."""
        return sum(self.answer * day.answers + self.article * day.changed + self.release * day.is_release for day in days)


def growth(costs: Sequence[Cost], file: Literal["database", "archive"]) -> Growth:
    """Estimate the growth of a file: from days without changes, then from days with changed articles, then from release days."""
    days = [(after, getattr(after, file) - getattr(before, file)) for before, after in pairwise(costs)]
    quiet = [(day, grown) for day, grown in days if not day.changed and not day.is_release]
    answer = sum(grown for _, grown in quiet) / sum(day.answers for day, _ in quiet)
    usual = [(day, grown - answer * day.answers) for day, grown in days if day.changed and not day.is_release]
    article = sum(grown for _, grown in usual) / sum(day.changed for day, _ in usual)
    releases = [grown - answer * day.answers - article * day.changed for day, grown in days if day.is_release]
    return Growth(answer, article, statistics.mean(releases) if releases else 0.0)


class Tenth(NamedTuple):
    """A tenth of the days. Seconds are the median, memory is at its end, the others are per day."""

    days: Sequence[Cost]
    seconds: float
    memory: float  # MB
    database: float  # kB
    archive: float  # kB


def tenths(costs: Sequence[Cost]) -> list[Tenth]:
    """Return the days in ten parts."""
    edges = [(len(costs) - 1) * part // 10 for part in range(11)]
    return [
        Tenth(
            costs[begin + 1 : end + 1],
            statistics.median(cost.seconds for cost in costs[begin + 1 : end + 1]),
            costs[end].memory / 1e6,
            (costs[end].database - costs[begin].database) / (end - begin) / 1e3,
            (costs[end].archive - costs[begin].archive) / (end - begin) / 1e3,
        )
        for begin, end in pairwise(edges)
    ]


# Most that the last tenth may cost relative to the first; most that a tenth may grow beyond what its changes account for.
FLAT: Final = 1.3
LINEAR: Final = 0.15


def written(costs: Sequence[Cost]) -> str:
    """Return the document.

    Raises:
        AssertionError: time or memory is not flat, or growth is not linear.
    """
    parts = tenths(costs)
    database, archive = growth(costs, "database"), growth(costs, "archive")
    time_ratio, memory_ratio = parts[-1].seconds / parts[0].seconds, parts[-1].memory / parts[0].memory
    off = max(
        abs(part_kb * 1e3 * len(part.days) / found.of(part.days) - 1)
        for part in parts
        for found, part_kb in ((database, part.database), (archive, part.archive))
    )
    rows = "\n".join(
        f"| {part.days[0].day}-{part.days[-1].day} | {statistics.mean(day.answers for day in part.days):.0f} "
        f"| {statistics.mean(day.changed for day in part.days):.1f} | {sum(day.is_release for day in part.days)} "
        f"| {part.seconds:.2f} | {part.memory:.1f} | {part.database:.1f} | {part.archive:.1f} |"
        for part in parts
    )
    text = f"""# {len(costs) - 1:,} days

Written by `python tests/simulating.py {len(costs) - 1}`, which `.ci/long` runs: crawls of every source over sockets, one a day by a simulated
clock, all in one process, of a rendered site on which none to four articles change each day in turn, and each release day brings a hotpatch or,
each third one, a baseline. It begins {_WARM} days after the first crawl; by then every article has been looked for.

| days | answers a day | articles changed a day | releases | seconds a crawl | memory, MB | database, kB a day | archive, kB a day |
|---|---|---|---|---|---|---|---|
{rows}

- Time: the last tenth took {time_ratio:.2f} of the first (at most {FLAT}). Memory: {memory_ratio:.2f} (at most {FLAT}).
- Database: {database.answer / 1e3:.2f} kB for each answer, whatever it says, since its row records when the page was seen (`--known` needs that);
  {database.article / 1e3:.1f} kB more for an article that changes, {database.release / 1e3:.0f} kB for a release day. At the end {costs[-1].database / 1e6:.1f} MB.
- Archive: {archive.answer / 1e3:.2f} kB of log for each answer; {archive.article / 1e3:.1f} kB more for an article, {archive.release / 1e3:.0f} kB for a release day. At the end {costs[-1].archive / 1e6:.1f} MB.
- Linear: no tenth of the days grew by more than {off:.0%} beyond what its changes account for (at most {LINEAR:.0%}).
"""
    assert time_ratio <= FLAT, text
    assert memory_ratio <= FLAT, text
    assert off <= LINEAR, text
    return text


_WARM: Final = 40


def main() -> int:
    """Simulate the days and write their cost."""
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        for cost in live(int(sys.argv[1]) + _WARM + 1, Path(folder)):
            costs.append(cost)
            if cost.day % 50 == 0:
                print(cost, flush=True)
    text = written(costs[_WARM:])
    FILE.write_text(text, encoding="utf-8", newline="\n")
    print(f"{len(costs) - 1 - _WARM} days: flat and linear")
    return 0


if __name__ == "__main__":
    sys.exit(main())
