"""A crawl that writes nothing: one page of each source is fetched, parsed and checked, on a copy of the database that is then thrown away."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from hotpatch_kb.db.answers.events import change_rows, events
from hotpatch_kb.db.claims import checks
from hotpatch_kb.db.claims.ingest import ReadPage
from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.store.connections import copy_into, open_seed_database
from hotpatch_kb.scraper.crawl.database import open_database, utc_now
from hotpatch_kb.scraper.crawl.reading import saved_tree
from hotpatch_kb.scraper.crawl.run import Progress, Run, chosen, named_by
from hotpatch_kb.scraper.crawl.runs import corrections_of
from hotpatch_kb.scraper.fetch.agent import Agent
from hotpatch_kb.scraper.sources import PageSpec, Source

# Its first page is a list of months; what its parser is about is in a month.
_INDEXED: Final = "msrc_cvrf"
# How often to copy a database that changes meanwhile; a writer is busy for seconds.
_TRIES: Final = 5
# What tells the generations of a site apart.
_MARKS: Final = ("learnRenderLeftNav", "supLeftNav", "supMainContent", "supArticleContent")


class Seen(NamedTuple):
    """What a dry run saw of a source.

    Attributes:
        source: its id.
        state: "read", "refused", "unreachable", "not_in_tree", "not_there" (another source is read instead), or "off" (a credential is not set).
        url: the address that answered, else the one that was asked.
        status: HTTP status, None where nothing answered.
        layout: the media type, and the marks by which a generation of the site is known.
        rows: how many rows were read.
        quarantined: how many could not be.
        claims_added: claims that a crawl would add to the database.
        claims_ended: claims that it would end.
        notes: why the page was not read, what is quarantined, which checks failed.
    """

    source: str
    state: str
    url: str
    status: int | None = None
    layout: str = ""
    rows: int = 0
    quarantined: int = 0
    claims_added: int = 0
    claims_ended: int = 0
    notes: tuple[str, ...] = ()


class DryRun(NamedTuple):
    """What a dry run saw of each source, and what would be news."""

    seen: list[Seen]
    news: list[str]

    def has_failed(self) -> bool:
        """Return whether a crawl that meets the same ends with exit code 3."""
        return any(seen.state in {"refused", "unreachable"} for seen in self.seen)


def dry_run(
    db: Path, *, sources: Sequence[str], folder: Path | None, seed: bool, agent: Agent, corrections: Sequence[Path], say: Progress
) -> DryRun:
    """Read one page of each source, and say what a crawl would do with it.

    Args:
        db: the database to compare with; it need not be there.
        sources: their ids, all if none is given.
        folder: a saved tree, instead of the network.
        seed: whether to compare with the embedded facts where there is no database.
        agent: who asks.
        corrections: files of corrections.
        say: takes a line for each page.

    Raises:
        BadInput: a source, a folder or a file of corrections is not what it should be, or the tree has no page of any source.
    """
    wanted = [source for source in chosen(sources) if not source.is_embedded]
    decided = corrections_of(db, corrections)
    if folder is not None and not folder.is_dir():
        raise BadInput("expected a folder of saved pages, got {got}", got=folder)
    with TemporaryDirectory(prefix="hotpatch-kb-", ignore_cleanup_errors=True) as temporary:  # Windows does not delete open files
        copy = Path(temporary) / "dry-run.db"
        _copy(db, copy, seed=seed)
        with closing(open_database(copy)) as conn:
            run = Run(conn, None, decided, say, "crawl")
            asked = _from_tree(run, wanted, folder) if folder is not None else asyncio.run(_from_network(run, wanted, agent))
            reads = {read.page.url: read for read in run.reads()}
            result = run.finish()
            seen = [row if row.url not in reads or row.state != "read" else _judged(conn, run, row, reads[row.url]) for row in asked]
            changed = [row for row in change_rows(conn) if row["run"] == result.run]
            return DryRun(seen, [event.in_words() for event in events(conn, changed)])


def _copy(db: Path, copy: Path, *, seed: bool) -> None:
    """Copy the database, or the embedded facts where there is none. As files: SQLite would leave a -wal and a -shm beside what it reads."""
    if db.is_file() and db.stat().st_size:
        for _ in range(_TRIES):
            before = _stamps(db)
            for suffix in before:
                shutil.copyfile(f"{db.resolve()}{suffix}", f"{copy}{suffix}")
            if _stamps(db) == before:
                return
            for suffix in before:
                Path(f"{copy}{suffix}").unlink()
        raise BadInput("expected {path} to stay unchanged while it is copied, got changes", path=db)
    if seed:
        with closing(open_seed_database()) as conn, closing(sqlite3.connect(copy)) as target:
            copy_into(target, conn)


def _stamps(db: Path) -> dict[str, tuple[int, int]]:
    """Return time and size of a database and of its ``-wal``, where it has one; every write changes one of them."""
    files = {suffix: Path(f"{db.resolve()}{suffix}") for suffix in ("", "-wal")}
    return {suffix: (file.stat().st_mtime_ns, file.stat().st_size) for suffix, file in files.items() if file.is_file()}


def _from_tree(run: Run, sources: Sequence[Source], folder: Path) -> list[Seen]:
    rows = []
    for source in sources:
        places = [(spec, url, file) for spec in source.pages for url in spec.addresses if (file := saved_tree.find(folder, url))]
        places += [(spec, url, file) for url, file in saved_tree.addresses(folder) if (spec := source.page_at(url))] if not places else []
        if not places:
            rows.append(Seen(source.source, "not_in_tree", source.pages[0].page_url if source.pages else source.home_url))
            continue
        spec, url, file = places[0]
        page = saved_tree.read(file, source=source.source, page_url=spec.page_url, url=url, now=utc_now())
        rows.append(_taken(run, named_by(spec, page)))
    if all(row.state == "not_in_tree" for row in rows):
        raise BadInput("expected pages of a source as {folder}/<host>/<path>.html or .md, got none", folder=str(folder))
    return rows


async def _from_network(run: Run, sources: Sequence[Source], agent: Agent) -> list[Seen]:
    from hotpatch_kb.scraper.fetch.client import Fetcher  # noqa: PLC0415 (httpx takes 0.3 s to import)
    from hotpatch_kb.scraper.fetch.errors import FetchError, ShutOut, UnexpectedStatus, Unreachable  # noqa: PLC0415
    from hotpatch_kb.scraper.fetch.hosts import PAUSE  # noqa: PLC0415

    async def read(source: Source, specs: Sequence[PageSpec]) -> Seen:
        """Return what the first address gives that answers with a page."""
        row = Seen(source.source, "not_in_tree", source.home_url)
        for spec in specs:
            for url in spec.addresses:
                token = os.environ.get(source.credential) if source.credential else None
                try:
                    answer = await fetcher.get(url, accept=spec.accept, token=token)
                except FetchError as error:
                    status = error.status if isinstance(error, UnexpectedStatus) else 403 if isinstance(error, ShutOut) else None
                    row = Seen(source.source, "unreachable", url, status, notes=(*row.notes, str(error)))
                    if isinstance(error, ShutOut | Unreachable):
                        return row
                    continue
                if answer.status != 200:
                    note = f"{url}: expected status 200, got {answer.status}"
                    row = Seen(source.source, "unreachable", url, answer.status, notes=(*row.notes, note))
                    continue
                page = Page(source.source, spec.page_url, url, answer.final_url, answer.fetched_at, 200, answer.body, answer.headers)
                return _taken(run, named_by(spec, page))
        return row

    async def of_source(source: Source) -> list[Seen]:
        if source.credential and not os.environ.get(source.credential):
            return [Seen(source.source, "off", source.home_url, notes=(f"{source.credential} is not set",))]
        rows = [await read(source, source.pages)]
        if source.source == _INDEXED and (months := run.named_pages().get(source.source)):
            # The newest document is of the month to come, and nearly empty until its second Tuesday.
            rows.append(await read(source, months[1:2]))
        if source.stands_in_for and rows[0].state == "unreachable" and rows[0].status in {404, 410}:
            rows[0] = rows[0]._replace(state="not_there")  # no failure: the source that it stands in for is read instead
        return rows

    pause = 0.0 if agent.mirror else PAUSE
    async with Fetcher(
        user_agent=agent.header(), contact=agent.contact, mirror=agent.mirror, pause=pause, clock_ahead=agent.clock_ahead(), say=run.say
    ) as fetcher:
        rows = await asyncio.gather(*(of_source(source) for source in sources if source.pages))
        linked = [[await read(s, list(s.linked(run.links(), utc_now()))[:1])] for s in sources if not s.pages]
    return [row for group in (*rows, *linked) for row in group]


def _taken(run: Run, page: Page) -> Seen:
    """Give a page to the run; return what its answer shows."""
    mime = page.headers.get("content-type", "").partition(";")[0]
    layout = ", ".join([mime, *(mark for mark in _MARKS if re.search(mark.encode(), page.body))])
    run.take(page, may_be_missing=page.status != 200)
    return Seen(page.source, "read", page.url, page.status, layout)


def _judged(conn: sqlite3.Connection, run: Run, row: Seen, read: ReadPage) -> Seen:
    """Return what became of a page that answered."""
    page = read.page
    refusals = tuple(f.note for f in run.result.failures if f.source == page.source and f.page_url in {page.page_url, page.final_url})
    failed = conn.execute(
        """select name, section, note from checks where ok = 0 and source = ? and page_url = ? and run = (select max(run) from runs)
        and note not in (select value from json_each(?)) order by required desc, section, name""",
        (page.source, page.page_url, json.dumps(refusals)),
    ).fetchall()
    odd = conn.execute(
        "select section, reason, text from quarantine where source = ? and page_url = ? and gone_at is null group by section, text order by 1, 3",
        (page.source, page.page_url),
    ).fetchall()
    counts = conn.execute(
        "select sum(row_count) from sections where source = ? and page_url = ? and content_sha256 = ?",
        (page.source, page.page_url, read.content_sha256),
    ).fetchone()
    added, ended = (
        conn.execute(
            """select count(*) filter (where first_seen_at = ?), count(*) filter (where gone_at = ?) from claims
        where source = ? and page_url = ?""",
            (page.fetched_at, page.fetched_at, page.source, page.page_url),
        ).fetchone()
        if read.claims is not None
        else (0, 0)
    )
    rows = counts[0] if counts[0] is not None else sum(size.rows for size in checks.count(read.claims or ()).values())
    return row._replace(
        state="refused" if refusals or read.error else "read", url=page.final_url, rows=rows, quarantined=len(odd), claims_added=added, claims_ended=ended,
        notes=(*row.notes, *refusals, *_notes(odd, failed)),
    )  # fmt: skip


def _notes(odd: Sequence[tuple[str, str, str]], failed: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    for section, reason, text in odd:
        yield f"quarantined in {section!r}: {reason}: {text!r}"
    for name, section, note in failed:
        yield f"{name}{f' in {section!r}' if section else ''}: {note}"
