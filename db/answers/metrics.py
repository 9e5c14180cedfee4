"""The health of a knowledge base for monitoring, in the text format of Prometheus (version 0.0.4). Standard library alone.

Times are Unix times in seconds, so that a rule can say "older than a day" by itself:
``time() - hotpatch_kb_source_last_good_timestamp_seconds > 86400``.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from hotpatch_kb.db import __version__
from hotpatch_kb.db.answers.lagging import drift_rows
from hotpatch_kb.db.answers.product_facts import Facts, latest
from hotpatch_kb.db.answers.restarts import next_restarts
from hotpatch_kb.db.model import clock

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_STATES: Final = ("ok", "refused", "unreachable", "never_read", "off")

Labels = dict[str, str]


def metrics(conn: sqlite3.Connection) -> str:
    """Return every metric of a database, as text."""
    return "".join(f"{line}\n" for line in _lines(conn))


def _lines(conn: sqlite3.Connection) -> Iterator[str]:
    yield from _gauge("info", "The program and its version.", [({"version": __version__}, 1)])
    health = conn.execute("select source, state, last_good_at, due_at, is_stale from source_health order by source").fetchall()
    states = [({"source": source, "state": name}, int(state == name)) for source, state, *_ in health for name in _STATES]
    yield from _gauge("source_state", "1 for the state of the last run that tried a source.", states)
    yield from _gauge(
        "source_stale", "1 if a source failed or was due four times without being read.", [({"source": row[0]}, row[4]) for row in health]
    )
    for place, name, text in ((2, "last_good", "When a source's last page was accepted"), (3, "due", "When a source is due again")):
        times = [({"source": row[0]}, unix(row[place])) for row in health if row[place]]
        yield from _gauge(f"source_{name}_timestamp_seconds", f"{text}, Unix time.", times)
    by_source = Counter(row["source"] for row in drift_rows(conn))
    yield from _gauge(
        "source_failed_checks",
        "Checks that failed in a source's last checked run.",
        [({"source": row[0]}, by_source[row[0]]) for row in health],
    )
    lines = conn.execute("select product, line, data_until from lines order by product, line").fetchall()
    ends = [({"product": product, "line": line}, unix(f"{until}T00:00:00Z")) for product, line, until in lines]
    yield from _gauge("data_until_timestamp_seconds", "The day up to which the facts of a line reach, Unix time.", ends)
    yield from _facts(conn, clock.today())
    ended = conn.execute("select ended_at, state from runs where ended_at is not null order by run desc limit 1").fetchone()
    if ended:
        yield from _gauge("last_run_timestamp_seconds", "When the last run ended, Unix time.", [({"state": ended[1]}, unix(ended[0]))])
    for table in ("releases", "claims", "conflicts", "changes", "runs"):
        count = conn.execute(f"select count(*) from {table}").fetchone()[0]
        yield from _gauge(table, f"Rows of the table {table}.", [({}, count)])


def _facts(conn: sqlite3.Connection, day: str) -> Iterator[str]:
    """Yield what administrators ask: when each product restarts next, and what is the newest release of each line that a page names."""
    restarts = [
        (
            {
                "product": row["product"],
                "month": row["month"],
                "certainty": row["certainty"],
                "is_unplanned": str(int(row["is_unplanned"])),
            },
            unix(f"{row['date']}T00:00:00Z"),
        )
        for row in next_restarts(conn, day)
    ]
    yield from _gauge("next_restart_timestamp_seconds", "The day of the next restart of the hotpatch line, Unix time.", restarts)
    facts = Facts(conn)
    facts.load()
    newest = [
        (
            {"product": product, "line": line, "kb": str(found["kb"]), "build": str(found["build"])},
            unix(f"{found['release_date']}T00:00:00Z"),
        )
        for product in facts.products
        for line in ("hotpatch", "standard")
        if (found := latest(facts.of(product), line, day)) is not None
    ]
    yield from _gauge("newest_release_timestamp_seconds", "The day of the newest release of a line that was read, Unix time.", newest)


def unix(text: str) -> int:
    """Return a time of the database as seconds since 1970.

    >>> unix("2026-07-14T17:00:00Z")
    1784048400
    """
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())


def _gauge(name: str, text: str, samples: Iterable[tuple[Labels, int]]) -> Iterator[str]:
    yield f"# HELP hotpatch_kb_{name} {text}"
    yield f"# TYPE hotpatch_kb_{name} gauge"
    for labels, value in samples:
        inner = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items())
        yield f"hotpatch_kb_{name}{f'{{{inner}}}' if inner else ''} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
