"""What every command needs: the database to read. Imported by each lookup, so it imports neither click nor pathlib."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from hotpatch_kb.db.answers import coverage
from hotpatch_kb.db.model import clock, reading
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.store.connections import open_for_reading, open_seed_database
from hotpatch_kb.db.store.migrations import check_for_reading, missing_views
from hotpatch_kb.light_typing import Final
from hotpatch_kb.scraper.crawl.stderr import say

DEFAULT_DB: Final = "hotpatch.db"
DB_VARIABLE: Final = "HOTPATCH_KB_DB"


def known_day(text: str) -> str:
    """Return the day of ``--known`` as an ISO date.

    Raises:
        BadInput: it is not a day, or one to come. Tomorrow is allowed: it has begun where clocks are ahead of UTC.
    """
    day = reading.day(text)
    if day > clock.day_after(clock.today()):
        raise BadInput("expected --known up to today, {today}, got {got}; --on takes a day to come", today=clock.today(), got=day)
    return day


def open_facts(db: str | os.PathLike[str], known: str | None = None, *, with_prices_and_cves: bool = False) -> sqlite3.Connection:
    """Return a connection to the database to answer from. The caller closes it.

    It is the file, or the embedded facts where there is no file at the default path and no other was named.

    Args:
        db: the file.
        known: ISO date; answer from what the sources stated by that day.
        with_prices_and_cves: include prices, known issues and CVEs as of that day.

    Raises:
        BadInput: a file was named that is not there or not a database of hotpatch-kb, or no source had been read by that day.
    """
    if os.path.isfile(db):  # noqa: PTH113 (pathlib takes 2 ms to import)
        conn = open_for_reading(db)
        try:
            check_for_reading(conn, db)
            if views := missing_views(conn):
                from hotpatch_kb.db.store.schema import add_temporary_views  # noqa: PLC0415 (10 ms at start-up)

                add_temporary_views(conn, views)
        except BadInput:
            conn.close()
            raise
        except sqlite3.DatabaseError as error:
            conn.close()
            raise BadInput(
                "expected a database of hotpatch-kb at {path}, got {error}; run hotpatch-kb doctor to examine it", path=db, error=error
            ) from None
    elif os.path.exists(db):  # noqa: PTH110 (as above)
        raise BadInput("expected a database of hotpatch-kb at {path}, got something that is not a file", path=db)
    elif os.fspath(db) != DEFAULT_DB:
        # A path that was mistyped must not be answered from other facts.
        raise BadInput(
            "expected a database of hotpatch-kb at {path}, got no file; hotpatch-kb crawl --db {path} makes one, and without --db and {variable} "
            "answers come from the embedded facts", path=db, variable=DB_VARIABLE,
        )  # fmt: skip
    else:
        conn = _embedded_facts(db)
    if known is None:
        return conn
    from hotpatch_kb.db.facts.write import database_known_on  # noqa: PLC0415

    with closing(conn):
        return database_known_on(conn, known, with_prices_and_cves=with_prices_and_cves)


def _embedded_facts(db: str | os.PathLike[str]) -> sqlite3.Connection:
    try:
        conn = open_seed_database()
    except FileNotFoundError as error:
        raise BadInput("{error}", error=error) from None
    until = coverage.latest_data_until(conn)
    assert until is not None, "the embedded facts are read from pages that list lines"
    days = clock.days_since(until, clock.today())
    say(
        f"no database at {db}: answering from the embedded facts, data as of {until} ({days} days ago); hotpatch-kb crawl reads newer pages"
    )
    return conn
