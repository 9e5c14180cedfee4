"""In the recorded history the evidence rule only turns ``current`` into ``unknown``, for a reason that docs/evidence.md lists."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator

import pytest
from evidence_history import AFTER, DOCUMENT, LAST, changes, eventful_days, report, row_of

from hotpatch_kb.db.store.connections import open_seed_database


@pytest.fixture(scope="module")
def conn() -> Iterator[sqlite3.Connection]:
    connection = open_seed_database()
    yield connection
    connection.close()


def test_evidence_changes_nothing_without_a_reason(conn: sqlite3.Connection, tries: int) -> None:
    """Some days and the last one; all of them in the long run, where the whole page must be what the run writes."""
    all_days = eventful_days(conn)
    sample = random.Random(20260728).sample(all_days[:-1], min(len(all_days) - 1, 3 * tries))
    days = sorted([*sample, LAST])
    found = list(changes(conn, days))
    assert [change for change in found if change.condition is None] == []
    document = DOCUMENT.read_text(encoding="utf-8")
    assert {row_of(change.group) for change in found if row_of(change.group) not in document} == set()
    # Where evidence is missing the comparison sees it: nothing was read after the second Tuesday of August 2026.
    assert {change.condition for change in changes(conn, [AFTER])} == {1}
    if days == all_days:
        assert report(conn, days, found) == document
