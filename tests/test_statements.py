"""A lookup is answered by at most ten SQL statements, whatever it finds: a script starts one for each machine, and each statement has a price."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hotpatch_kb.db.answers.exposure.security_data import all_security_data
from hotpatch_kb.db.answers.lookup import find
from hotpatch_kb.db.answers.product_facts import Facts
from hotpatch_kb.db.answers.verdicts import Verdicts
from hotpatch_kb.db.store import connections
from hotpatch_kb.db.store.connections import open_seed_database
from hotpatch_kb.scraper.cli import lookup

QUERIES = (
    "26100.32772",
    "26100.32463 --product ws2025 --on 2026-05-20",
    "26100.32860 --product ws2025 --on 2026-07-20",
    "KB5087423",
    "KB5100456",  # an article
    "KB5074204 --line hotpatch",  # of several products
    "26100.6905",  # ambiguous
    "26100.1 --product ws2025",  # unknown
    "ws2025",
    "Windows Server 2025 June 2026",
    "26100",
    "24H2",
    "2026-06",
    "CVE-2025-54100",
)


@pytest.mark.parametrize("query", QUERIES)
def test_a_lookup_takes_at_most_ten_statements(
    query: str, at: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at("2026-07-24")
    monkeypatch.chdir(tmp_path)  # no database is there: the embedded facts answer
    statements: list[str] = []
    connect = connections._connect

    def counting(path: str, options: str) -> object:
        conn = connect(path, options)
        conn.set_trace_callback(statements.append)
        return conn

    monkeypatch.setattr(connections, "_connect", counting)
    question = lookup.read_arguments(query.split() if "--" in query else [query])
    assert question is not None
    code = lookup.answer(question)
    assert code == (4 if "26100.1" in query else 0), capsys.readouterr()
    assert len(capsys.readouterr().out) > 40
    assert 5 <= len(statements) <= 10, statements


def test_threads_share_facts_of_which_everything_is_read() -> None:
    """Each with a connection and verdicts of its own, they answer as with facts of their own, and the connection that read the facts is closed."""
    day = "2026-07-24"
    with closing(open_seed_database()) as conn:
        shared = Facts(conn)
        shared.read_all(all_security_data(conn))
        builds = [row[0] for row in conn.execute("select distinct build from releases where build is not null order by build")]
    asked = random.Random(7).sample(builds, 80)

    def answers(queries: list[str], facts: Facts | None = None) -> list[dict[str, Any]]:
        with closing(open_seed_database()) as own:
            verdicts = Verdicts(own, day, facts)
            return [verdicts.with_verdicts(find(own, query, today=day, facts=facts), None) for query in queries]

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda queries: answers(queries, shared), [asked] * 4))
    assert found == [answers(asked)] * 4
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        Facts(conn).load()
