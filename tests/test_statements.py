"""A lookup is answered by at most ten SQL statements, whatever it finds: a script starts one for each machine, and each statement has a price."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hotpatch_kb.db.store import connections
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
