"""The facts as of an earlier day.

In: a database and a day. Out: a database in memory, resolved from what the sources stated at the end of that day.
"""

from __future__ import annotations

import sqlite3

from hotpatch_kb.db.claims import history
from hotpatch_kb.db.facts import snapshots, write
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.store.schema import schema_sql, view_files


class NothingKnown(BadInput):
    """The day is before the first claim. It is an error, because an empty answer would say that there was nothing."""


def database_known_on(conn: sqlite3.Connection, day: str, *, with_groups: bool = False) -> sqlite3.Connection:
    """Return a database in memory with the facts that follow from what was stated up to a day.

    Args:
        conn: the database.
        day: ISO date.
        with_groups: prices, known issues and CVEs too, which calendars and lookups do not need.

    Raises:
        NothingKnown: no source had been read by then; the message says since when there are claims.
    """
    claims = snapshots.claims_where(conn, "1" if with_groups else snapshots.RELEASE_CLAIMS)
    known = snapshots.as_known_on(snapshots.snapshot_of(claims, snapshots.page_times(conn)), day)
    if not known.claims:
        first = min((claim.known_from for claim in claims), default=None)
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
