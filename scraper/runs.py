"""Runs as the command and the server start them: lock, database, seed, pages, report."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from db import schema, seeding
from db.belief import Correction
from db.claims import BadInput
from db.corrections import load_corrections
from scraper.archive import Archive
from scraper.crawl import Progress, Result, Run, chosen, crawl_tree, locked, open_database
from scraper.due import plan, written
from scraper.due import wanted as due_sources
from scraper.sources import Source

# Seconds between two requests to a host. A crawl of two public scrapers at three at a time was throttled within minutes
# (sources of vuls-data-update, 2026); one at a time with a second between them never was.
PAUSE: Final = 1.0


@contextmanager
def progress() -> Iterator[Progress]:
    """One line per page on stderr; on a terminal a line that rewrites itself, failures stay."""
    is_terminal = sys.stderr.isatty()
    count = 0

    def say(message: str) -> None:
        nonlocal count
        count += 1
        is_failure = ": refused: " in message or ": unreachable: " in message
        if is_terminal and not is_failure:
            sys.stderr.write(f"\r\x1b[K{count} {message[:100]}")
        else:
            sys.stderr.write(f"{chr(13) + chr(27) + '[K' if is_terminal else ''}{message}\n")
        sys.stderr.flush()

    try:
        yield say
    finally:
        if is_terminal and count:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def corrections_of(db: Path, given: Sequence[Path]) -> list[Correction]:
    """The corrections of a run: those of the package, of ``<db>.corrections.csv`` if it is there, and of the files given."""
    beside = db.with_name(f"{db.name}.corrections.csv")
    return load_corrections([*([beside] if beside.is_file() else []), *given])


def ensure_seeded(db: Path, archive: Path) -> bool:
    """Makes a database of the embedded facts where there is none. Returns whether it made one."""
    if db.exists():
        return False
    db.parent.mkdir(parents=True, exist_ok=True)
    with locked(db), closing(open_database(db)) as conn:
        Archive(archive).keep_seed(seeding.fingerprint())
        with schema.transaction(conn):
            seeding.load_seed(conn)
    return True


def crawl(
    db: Path,
    archive: Path,
    *,
    sources: Sequence[str] = (),
    folder: Path | None = None,
    due: bool = False,
    seed: bool = True,
    contact: str = "",
    mirror: str | None = None,
    corrections: Sequence[Path] = (),
    say: Progress,
) -> Result:
    """One run from a saved tree or from the network.

    Raises:
        BadInput: a source, folder, database or file of corrections is not what it should be.
        LockHeld: another run is on.
    """
    wanted = chosen(sources)
    decided = corrections_of(db, corrections)
    if folder is not None and not folder.is_dir():
        raise BadInput(f"expected a folder of saved pages, got {folder}")
    if seed:
        ensure_seeded(db, archive)
    with locked(db), closing(open_database(db)) as conn:
        if due:
            now = datetime.now(UTC)
            planned = plan(conn, wanted, now)
            wanted = due_sources(wanted, planned, now)
            if not wanted:
                first = f"; {planned[0].source} is at {written(planned[0].at)}" if planned else ""
                say(f"nothing is due{first}")
                return Result(run=conn.execute("select coalesce(max(run), 0) from runs").fetchone()[0])
        run = Run(conn, Archive(archive), decided, say, "crawl")
        run.embedded(wanted)
        if folder is not None:
            crawl_tree(run, wanted, folder)
            result, needs_replay = run.finish(), run.needs_replay
        else:
            from scraper.fetch import user_agent  # noqa: PLC0415 (httpx takes 0.3 s to import)

            result, needs_replay = asyncio.run(_from_network(run, wanted, user_agent(contact), contact, mirror))
        if needs_replay:
            say("a page was read that is older than one it has more rows than: replaying all pages in the order of their times")
            kept = Archive(archive)
            again = Run(conn, None, decided, say, "replay").replay(kept.pages(), seeding.load_seed if kept.began_with_seed() else None)
            result.failures += [failure for failure in again.failures if failure not in result.failures]
        return result


async def _from_network(run: Run, wanted: Sequence[Source], agent: str, contact: str, mirror: str | None) -> tuple[Result, bool]:
    """Reads the fixed pages and publishes them; then, as a run of its own, what they name and link to."""
    from scraper.fetch import Fetcher  # noqa: PLC0415
    from scraper.network import read_fixed, read_followed  # noqa: PLC0415

    async with Fetcher(user_agent=agent, contact=contact, mirror=mirror, pause=0.0 if mirror else PAUSE) as fetcher:
        await read_fixed(run, wanted, fetcher)
        named = run.named_pages()
        result = run.finish()
        following = Run(run.conn, run.archive, run.corrections, run.say, "crawl")
        await read_followed(following, wanted, named, fetcher)
    if following.has_anything():
        result = result.with_next(following.finish())
    return result, run.needs_replay or following.needs_replay


def replay(db: Path, archive: Path, *, corrections: Sequence[Path] = (), say: Progress) -> Result:
    """Rebuilds a database from the embedded facts, an archive and the corrections; in place, in one transaction."""
    decided = corrections_of(db, corrections)
    kept = Archive(archive)
    db.parent.mkdir(parents=True, exist_ok=True)
    with locked(db), closing(open_database(db)) as conn:
        run = Run(conn, None, decided, say, "replay")
        return run.replay(kept.pages(), seeding.load_seed if kept.began_with_seed() else None)
