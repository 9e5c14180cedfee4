"""The facts as the sources stood on an earlier day, resolved anew in memory."""

from __future__ import annotations

import sqlite3

from hotpatch_kb.db.claims import history
from hotpatch_kb.db.facts import snapshots, write
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.store.schema import schema_sql, view_files


def database_known_on(conn: sqlite3.Connection, day: str, *, with_groups: bool = False) -> sqlite3.Connection:
    """A database in memory with the facts that followed from what was stated up to a day.

    Args:
        conn: the database.
        day: ISO date.
        with_groups: prices, known issues and CVEs too, which calendars and lookups do not need.

    Raises:
        BadInput: no source had been read by then; the message says since when there are claims.
    """
    world = snapshots.world_of(snapshots.claims_of(conn, "1" if with_groups else write.MAIN_CLAIMS), snapshots.page_times(conn))
    known = snapshots.as_known_on(world, day)
    if not known.claims:
        first = min((claim.known_from for claim in world.claims), default=None)
        raise NothingKnown(f"no source read by then: expected a day from {first[:10] if first else 'a first crawl'} on, got {day}")
    memory = sqlite3.connect(":memory:", isolation_level=None)
    memory.executescript(schema_sql())
    for sql_name, sql in view_files().items():
        memory.execute(f"create view {sql_name} as {sql}")
    for table in ("sources", "runs", "pages", "corrections"):
        rows = conn.execute(f"select * from {table}").fetchall()
        if rows:
            memory.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", [tuple(row) for row in rows])
    by_id = {row[0]: row for row in conn.execute("select claim, source_url, page from claims")}
    history.name_subjects(memory, {claim.subject for claim in known.claims})
    memory.executemany(
        history.INSERT_CLAIM,
        [
            (
                c.claim, c.source, c.page_url, c.section, c.subject, c.field, c.value, c.value_text, by_id[c.claim][1],
                c.stated_since, c.first_seen_at, c.last_seen_at, c.gone_at, by_id[c.claim][2],
            )
            for c in known.claims
        ],
    )  # fmt: skip
    write.write_everything(memory, with_groups=with_groups)
    write.write_lines(memory)
    return memory


class NothingKnown(BadInput):
    """The day asked for lies before the first claim. Not an empty answer."""
