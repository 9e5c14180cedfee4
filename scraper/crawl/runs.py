"""Start runs, as the command and the server do: lock, database, seed, pages, report."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotpatch_kb.db.answers import lagging
from hotpatch_kb.db.claims import pages
from hotpatch_kb.db.claims.corrections import load_corrections
from hotpatch_kb.db.claims.ingest import Failure
from hotpatch_kb.db.facts import seed as seeding
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.claims import Correction
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.store import schema
from hotpatch_kb.db.store.connections import open_for_reading
from hotpatch_kb.db.store.scratch import scratch
from hotpatch_kb.scraper.crawl import stderr
from hotpatch_kb.scraper.crawl.database import locked, open_database, utc_now
from hotpatch_kb.scraper.crawl.due import plan, written
from hotpatch_kb.scraper.crawl.due import wanted as due_sources
from hotpatch_kb.scraper.crawl.parsed_pages import ParsedPages
from hotpatch_kb.scraper.crawl.reading import feed_state
from hotpatch_kb.scraper.crawl.reading.saved_tree import crawl_tree
from hotpatch_kb.scraper.crawl.run import PageLine, Progress, Result, Run, chosen
from hotpatch_kb.scraper.fetch.agent import Agent
from hotpatch_kb.scraper.fetch.archive import Archive
from hotpatch_kb.scraper.fetch.errors import FetchError, Refused
from hotpatch_kb.scraper.sources import Source, registry

if TYPE_CHECKING:
    from hotpatch_kb.scraper.crawl.reading.feed import Feed


@contextmanager
def progress(total: int | None = None) -> Iterator[Progress]:
    """Write one line per page to stderr; on a terminal draw a bar, above which only failures and what is not of a page are written.

    Args:
        total: the number of pages, where it is known.
    """
    is_terminal = stderr.is_terminal()
    with stderr.bar(total, "page") as advance:

        def say(message: str) -> None:
            brief = message.brief if isinstance(message, PageLine) else ""
            if is_terminal and brief:
                advance(1, brief)
                return
            stderr.write(f"{chr(13) + chr(27) + '[K' if is_terminal else ''}{message}\n")
            if isinstance(message, PageLine):
                advance(1, "")

        yield say


def pages_expected(db: Path, folder: Path | None = None) -> int | None:
    """Return about how many pages a crawl will read, for a bar: the files of a saved tree, or the pages of the last crawl; None where neither is known."""
    if not stderr.is_terminal():
        return None
    if folder is not None:
        return sum(file.is_file() and not file.name.endswith(".meta.json") for file in folder.rglob("*")) or None
    if not db.is_file():
        return None
    try:
        with closing(open_for_reading(db)) as conn:
            row = conn.execute(
                "select pages_read from runs where kind = 'crawl' and ended_at is not null order by run desc limit 1"
            ).fetchone()
    except sqlite3.DatabaseError:  # the crawl itself says what is wrong with it
        return None
    return row[0] or None if row else None


def pages_archived(archive: Path) -> int | None:
    """Return how many answers an archive has, for a bar; None for none."""
    if not stderr.is_terminal() or not archive.is_dir():
        return None
    return len(Archive(archive, lambda _: None).ids()) or None


def corrections_of(db: Path, given: Sequence[Path]) -> list[Correction]:
    """Return the corrections of a run: of the package, of ``<db>.corrections.csv`` if it is there, and of the files given.

    Raises:
        BadInput: a file cannot be read. A link beside the database that leads nowhere is no "nothing decided".
    """
    beside = db.with_name(f"{db.name}.corrections.csv")
    return load_corrections([*([beside] if beside.exists() or beside.is_symlink() else []), *given])


def ensure_seeded(db: Path, archive: Path, say: Progress = lambda _: None) -> bool:
    """Make a database of the embedded facts where there is none, with the archive's answers if it has any; return whether it made one."""
    if db.exists() and not _is_new(db):
        return False
    db.parent.mkdir(parents=True, exist_ok=True)
    with locked(db):
        kept = Archive(archive, say)
        kept.keep_seed(seeding.fingerprint())
        kept.sync()
        if kept.is_empty() and _is_empty_file(db) and seeding.copy_seed_database(db):
            return True
        with closing(open_database(db)) as conn:
            if kept.is_empty():
                with schema.transaction(conn):
                    seeding.load_seed(conn)
            else:
                say(f"there is no database at {db}, but an archive: replaying what was read before")
                replayed(conn, kept, corrections_of(db, ()), say)
    return True


def _is_empty_file(db: Path) -> bool:
    """Return whether nothing is there that a copy would replace: no database, and no journal of one."""
    beside = [db.with_name(f"{db.name}-{what}") for what in ("wal", "shm", "journal")]
    return not any(path.exists() for path in beside) and (not db.exists() or db.stat().st_size == 0)


def _is_new(db: Path) -> bool:
    """Return whether a file is not a database yet: a run was killed, or power failed, between making it and filling it."""
    if db.stat().st_size == 0:
        return True
    try:
        with closing(open_for_reading(db)) as conn:
            return not pages.has_runs(conn)
    except sqlite3.DatabaseError:  # no table of runs, or no database: opening it to write says which
        return False


def replayed(conn: sqlite3.Connection, kept: Archive, decided: list[Correction], say: Progress) -> Result:
    """Make everything in an open database again from an archive, and from the embedded facts if it began with them. In one transaction."""
    with closing(ParsedPages(kept.folder)) as parsed:
        run = Run(conn, None, decided, say, "replay", parsed)
        return run.replay(kept.pages(), seeding.load_seed if kept.began_with_seed() else None)


def unarchived(conn: sqlite3.Connection, archive: Archive) -> int:
    """Return how many answers of a database its archive lacks. Embedded pages are archived by the first run."""
    logged = archive.ids()
    embedded = {source.source for source in registry().values() if source.is_embedded}
    rows = conn.execute("select page, source from pages join runs using (run) where kind != 'seed'")
    return sum(page not in logged and source not in embedded for page, source in rows)


def _unreplayable(conn: sqlite3.Connection, kept: Archive) -> Failure | None:
    """Return why a replay that a crawl makes by itself would lose facts; None where the archive has every answer of the database."""
    if not (missing := unarchived(conn, kept)):
        return None
    note = (
        f"not replayed: expected every answer of the database in its archive, {missing} are not, and what they alone state would be lost; "
        "put the missing answers back there, or rebuild the database without them: hotpatch-kb replay"
    )
    return Failure("archive", str(kept.folder), "refused", note)


def _replay_after(result: Result, conn: sqlite3.Connection, kept: Archive, decided: list[Correction], say: Progress) -> None:
    """Replay after a run to which a page came out of order, and add the replay's failures to its result."""
    if failure := _unreplayable(conn, kept):
        result.failures.append(failure)
        return
    say("a page arrived out of order: replaying all pages in the order of their fetch times")
    again = replayed(conn, kept, decided, say)
    result.failures += [failure for failure in again.failures if failure not in result.failures]


def _mend(conn: sqlite3.Connection, kept: Archive, decided: list[Correction], say: Progress) -> Result | None:
    """Do what a killed run left undone: load what it archived, and replay if it was about to.

    Returns:
        what was done; None if nothing was left.
    """
    result = None
    kept.log.cut_torn_end()
    with closing(ParsedPages(kept.folder)) as parsed:
        run = Run(conn, None, decided, say, "crawl", parsed)
        for page in kept.pages_not_loaded(lambda number: pages.is_loaded(conn, number)):
            if page.source not in registry():
                say(f"left out: {page.url} of {page.fetched_at}: expected a source of this version, got {page.source!r}")
                continue
            if run.is_ahead(page):
                continue
            run.take_archived(page)
        if run.has_anything():
            say(f"an earlier run was killed: loading {run.count()} answers of the archive that the database does not have")
            result = run.finish()
    if schema.must_replay(conn) and (failure := _unreplayable(conn, kept)):
        say(f"{failure.page_url}: {failure.note}")
    elif schema.must_replay(conn):
        say("an earlier run was killed before it could replay all pages in chronological order: doing it now")
        result = replayed(conn, kept, decided, say)
    return result


def crawl(
    db: Path,
    archive: Path,
    *,
    sources: Sequence[str] = (),
    folder: Path | None = None,
    due: bool = False,
    seed: bool = True,
    agent: Agent | None = None,
    corrections: Sequence[Path] = (),
    say: Progress,
) -> Result:
    """Run once, from a saved tree or from the network.

    Raises:
        BadInput: a source, folder, database or file of corrections is not what it should be.
        LockHeld: another run is on.
    """
    wanted = chosen(sources)
    decided = corrections_of(db, corrections)
    if folder is not None and not folder.is_dir():
        raise BadInput("expected a folder of saved pages, got {got}", got=folder)
    if seed:
        ensure_seeded(db, archive, say)
    db.parent.mkdir(parents=True, exist_ok=True)
    with locked(db), closing(open_database(db)) as conn:
        kept = Archive(archive, say)
        if ahead := pages.ahead_note(conn, clock.latest_time(utc_now())):
            say(ahead)
        mended = _mend(conn, kept, decided, say)
        if due:
            now = datetime.now(UTC)
            planned = plan(conn, wanted, now)
            wanted = due_sources(wanted, planned, now)
            if not wanted:
                first = f"; {planned[0].source} is due at {written(planned[0].at)}" if planned else ""
                say(f"nothing is due{first}")
                return mended or Result(run=pages.last_run(conn))
        with closing(ParsedPages(archive)) as parsed:
            run = Run(conn, kept, decided, say, "crawl", parsed)
            run.embedded(wanted)
            if folder is not None:
                crawl_tree(run, wanted, folder)
                result, needs_replay = run.finish(), run.needs_replay
            else:
                result, needs_replay = asyncio.run(_from_network(run, wanted, agent or Agent()))
        if needs_replay:
            _replay_after(result, conn, kept, decided, say)
        if mended is not None:
            result = replace(mended.with_next(result), not_in_tree=result.not_in_tree)
        for row in lagging.differences(conn):
            say(f"{row['source']}: {row['note']}")
        _write_back(conn, say)
        return result


def _write_back(conn: sqlite3.Connection, say: Progress) -> None:
    kept = schema.write_back(conn)
    if kept > schema.WAL_LIMIT:
        say(f"a reader holds an old state, and {kept >> 20} MB beside the database wait for its end")


async def _from_network(run: Run, wanted: Sequence[Source], agent: Agent) -> tuple[Result, bool]:
    """Read the fixed pages and publish them; then, as a second run, read what they name and link to."""
    from hotpatch_kb.scraper.crawl.reading.network import read_fixed, read_followed  # noqa: PLC0415 (httpx takes 0.3 s to import)
    from hotpatch_kb.scraper.fetch.client import Fetcher  # noqa: PLC0415
    from hotpatch_kb.scraper.fetch.hosts import PAUSE  # noqa: PLC0415

    pause = 0.0 if agent.mirror else PAUSE
    async with Fetcher(
        user_agent=agent.header(), contact=agent.contact, mirror=agent.mirror, pause=pause, clock_ahead=agent.clock_ahead(), say=run.say
    ) as fetcher:
        await read_fixed(run, wanted, fetcher)
        named = run.named_pages()
        result = run.finish()
        following = Run(run.conn, run.archive, run.corrections, run.say, "crawl", run.parsed, run)
        await read_followed(following, wanted, named, fetcher)
    if following.has_anything():
        result = result.with_next(following.finish())
    return result, run.needs_replay or following.needs_replay


def replay(db: Path, archive: Path, *, corrections: Sequence[Path] = (), say: Progress) -> Result:
    """Rebuild a database from the embedded facts, an archive and the corrections; in place, in one transaction."""
    decided = corrections_of(db, corrections)
    kept = Archive(archive, say)
    db.parent.mkdir(parents=True, exist_ok=True)
    with locked(db), closing(open_database(db)) as conn:
        kept.log.cut_torn_end()
        result = replayed(conn, kept, decided, say)
        _write_back(conn, say)
        return result


def update(
    db: Path, archive: Path, given: str, *, key: Path | None = None, due: bool = False, corrections: Sequence[Path] = (), say: Progress
) -> Result:
    """Load the pages of an export that the database does not have, each as if it had been read here. All of them, or nothing.

    Args:
        db: the database; made from the embedded facts if there is none.
        archive: the folder of answers, which keeps what the export says that each page states.
        given: the address or the folder of the export.
        key: the file of the public key that must have signed the export; None for no signature.
        due: whether to ask for it only where that is due.
        corrections: files of corrections.
        say: takes a line of progress.

    Raises:
        BadInput: it is no address or folder of an export.
        FetchError: the export cannot be had, is not what its index says, is older than what is there, or lacks facts.
        LockHeld: another run is on.
    """
    from hotpatch_kb.scraper.crawl.reading import feed as reading  # noqa: PLC0415 (httpx takes 0.3 s to import)

    feed, decided = reading.Feed(given, key), corrections_of(db, corrections)
    ensure_seeded(db, archive, say)
    with locked(db), closing(open_database(db)) as conn:
        kept = Archive(archive, say)
        mended = _mend(conn, kept, decided, say)
        at, _ = feed_state.due(db, feed.name, datetime.now(UTC))
        if due and at > datetime.now(UTC):
            say(f"nothing is due; {feed.name} is due at {written(at)}")
            return mended or Result(run=pages.last_run(conn))
        try:
            found = feed.index(feed_state.read(db).get("taken", {}))
            result = _from_feed(db, conn, kept, decided, feed, found[0], say) if found else Result(run=pages.last_run(conn))
        except FetchError as error:
            refused = str(error) if isinstance(error, Refused) else ""
            feed_state.keep(db, feed.name, datetime.now(UTC), refused=refused, failed=True)
            raise
        if found is None:
            say(f"{feed.name}: nothing newer")
        taken = found[1] if found and not result.failures else None
        feed_state.keep(db, feed.name, datetime.now(UTC), taken=taken, failed=bool(result.failures))
        _write_back(conn, say)
        return mended.with_next(result) if mended is not None else result


def _from_feed(
    db: Path, conn: sqlite3.Connection, kept: Archive, decided: list[Correction], feed: Feed, index: dict[str, Any], say: Progress
) -> Result:
    """Fetch the database of an export, check it, and load its pages.

    Raises:
        FetchError: as ``update``.
    """
    from hotpatch_kb.scraper.crawl.reading import feed as reading  # noqa: PLC0415 (as above)

    with scratch(db.parent) as folder:
        feed.database(index, folder / "feed.db")
        with closing(reading.opened(folder / "feed.db", feed.name)) as fed, closing(ParsedPages(kept.folder)) as parsed:
            reading.check(conn, fed, feed.name)
            run = Run(conn, kept, decided, say, "crawl", parsed)
            run.embedded(registry().values())
            for page in reading.pages_of(conn, fed, frozenset(registry())):
                if not run.is_ahead(page):
                    run.take(page)
            result = run.finish()
    if run.needs_replay:
        _replay_after(result, conn, kept, decided, say)
    return result
