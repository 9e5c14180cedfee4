"""Claims as intervals: a function of the pages alone, in whatever order they are loaded (A, B, A; vanishing; coming back)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotpatch_kb.db.claims import history, pages
from hotpatch_kb.db.claims.checks import check_page, count, refusal
from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.store import schema

URL = "https://learn.microsoft.com/en-us/windows/release-health/windows-server-release-info"
KEYS = ["a", "b", "c"]
Observation = tuple[int, dict[str, str | None]]  # minute, value by key; a key that is missing is not stated


def _time(minute: int) -> str:
    return f"2026-07-{1 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00Z"


def _page(minute: int) -> Page:
    return Page("learn_release_info", URL, URL, URL, _time(minute), 200, str(minute).encode())


@pytest.fixture(scope="module")
def conn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    connection = schema.open_for_writing(tmp_path_factory.mktemp("history") / "x.db")
    yield connection
    connection.close()


def _load(conn: sqlite3.Connection, observations: list[Observation]) -> list[tuple[Any, ...]]:
    with schema.transaction(conn):
        schema.clear(conn)
        conn.execute("insert into sources values ('learn_release_info', '', '', '', 100, '6h', 'ok', null)")
        conn.execute("insert into runs values (1, '', null, 'crawl', 'done', 0, 0, 0, 0, 0)")
        for minute, values in observations:
            page = _page(minute)
            number = pages.page_id(page, str(minute))
            content = repr(sorted(values.items()))
            pages.record_page(conn, page, number, str(minute), content, _stated(minute), "accepted", 1, 1)
            if not history.seen_again(conn, page, number):
                claims = [Claim("s", "kb/1", key, value, value or "", 0) for key, value in values.items()]
                history.accept(conn, page, number, _stated(minute), claims)
    return conn.execute(
        "select field, value, first_seen_at, last_seen_at, gone_at, page, stated_since, claim from claims order by field, first_seen_at"
    ).fetchall()


def _stated(minute: int) -> str:
    """When a page says that it was changed: sometimes long ago, so that the page before it may have been read since."""
    return _time(max(0, minute - minute % 700))


def _by_definition(observations: list[Observation]) -> list[tuple[Any, ...]]:
    """The same by walking through the pages in the order of their times."""
    rows: list[list[Any]] = []
    standing: dict[str, list[Any]] = {}
    before = ""
    for minute, values in sorted(observations, key=lambda o: o[0]):
        # A page that says it has not changed since before the page before it is not believed.
        stated = _stated(minute) if _stated(minute) > before else None
        before = _time(minute)
        for key in KEYS:
            row = standing.get(key)
            if row is not None and key in values and values[key] == row[1]:
                row[3] = _time(minute)
                continue
            if row is not None:
                row[4] = _time(minute)
                del standing[key]
            if key in values:
                standing[key] = [key, values[key], _time(minute), _time(minute), None, pages.page_id(_page(minute), str(minute)), stated]
                rows.append(standing[key])
    return sorted((tuple(row) for row in rows), key=lambda row: (row[0], row[2]))


observations_of = st.lists(
    st.tuples(st.integers(0, 3000), st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["x", "y", None]))),
    min_size=1,
    max_size=7,
    unique_by=lambda o: o[0],
)


# .ci/long tries many more.
EXAMPLES = int(os.environ.get("HOTPATCH_KB_EXAMPLES", "300"))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(observations=observations_of, order=st.randoms(use_true_random=False))
def test_any_order_of_loading_gives_the_intervals_of_the_definition(
    conn: sqlite3.Connection, observations: list[Observation], order: Any
) -> None:
    expected = _by_definition(observations)
    shuffled = observations.copy()
    order.shuffle(shuffled)
    found = _load(conn, shuffled)
    assert [row[:7] for row in found] == expected
    # The ids too: a replay gives every row the id it had.
    assert _load(conn, sorted(observations, key=lambda o: o[0])) == found


def test_pages_of_one_time_count_in_the_order_of_loading(conn: sqlite3.Connection) -> None:
    rows = _load(conn, [(5, {"a": "x"})])
    with schema.transaction(conn):
        page = Page("learn_release_info", URL, URL, URL, _time(5), 200, b"other")
        pages.record_page(conn, page, 77, "other", "other", None, "accepted", 1, 1)
        history.accept(conn, page, 77, None, [Claim("s", "kb/1", "a", "y", "y", 0)])
    found = conn.execute("select value, gone_at from claims order by gone_at is null").fetchall()
    assert (len(rows), found) == (1, [("x", _time(5)), ("y", None)])


# --- checks -----------------------------------------------------------------------------------------------------------


def _claims(sections: dict[str, int], day: str = "2026-07-14") -> list[Claim]:
    return [
        Claim(section, f"release/ws2025/{5000000 + row}/26100.{row}", "release_date", day, day, row)
        for section, rows in sections.items()
        for row in range(rows)
    ]


@pytest.mark.parametrize(
    ("before", "after", "is_refused"),
    [
        ({"a": 100}, {"a": 100}, False),
        ({"a": 100}, {"a": 95}, False),  # 5 % is not more than 5 %
        ({"a": 100}, {"a": 94}, True),
        ({"a": 10}, {"a": 8}, False),  # two rows are not more than two rows
        ({"a": 10}, {"a": 7}, True),
        ({"a": 100, "b": 2}, {"a": 100}, True),  # however small, a section that is missing refuses the page
        ({"Hotpatch on X": 50}, {"hotpatch on x": 50}, False),  # titles compare without case
        ({"a": 100}, {"a": 100, "b": 3}, False),
        ({}, {"a": 20}, False),
        ({}, {"a": 19}, True),  # fewer than the source's least
        ({}, {}, True),
    ],
)
def test_thresholds(before: dict[str, int], after: dict[str, int], is_refused: bool) -> None:
    checks = check_page(
        _page(30_000), _claims(after), now=count(_claims(after)), before=count(_claims(before)), at_least=20 if not before else 5
    )
    assert (refusal(checks) is not None) == is_refused


def test_a_release_of_the_day_after_tomorrow_refuses_the_page() -> None:
    page = Page("learn_release_info", URL, URL, URL, "2026-07-14T23:00:00Z", 200, b"")
    assert refusal(check_page(page, _claims({"a": 20}, "2026-07-15"), now=count(_claims({"a": 20})), before={}, at_least=20)) is None
    assert "expected releases dated from 2015-07-01 to 2026-07-15, got '2026-07-16'" in (
        refusal(check_page(page, _claims({"a": 20}, "2026-07-16"), now=count(_claims({"a": 20})), before={}, at_least=20)) or ""
    )


def test_a_section_that_a_correction_accepts_may_be_gone() -> None:
    before = count(_claims({"a": 20, "b": 20}))
    assert (
        refusal(
            check_page(_page(30_000), _claims({"a": 20}), now=count(_claims({"a": 20})), before=before, at_least=5, accepted_gone={"b"})
        )
        is None
    )


# --- the file ---------------------------------------------------------------------------------------------------------


def test_views_and_schema_are_described(tmp_path: Path) -> None:
    connection = schema.open_for_writing(tmp_path / "x.db")
    tables = [
        row[0]
        for row in connection.execute(
            "select name from sqlite_master where type = 'table' and name not like 'kbs_fts%' and name not like '\\_%' escape '\\'"
        )
    ]
    described = schema.comments()
    assert sorted(described) == sorted(tables)
    for table in tables:
        columns = [row[1] for row in connection.execute(f"pragma table_info({table})")]
        assert (table, list(described[table][1]), described[table][0] != "") == (table, columns, True)
    views = schema.view_files()
    assert sorted(row[0] for row in connection.execute("select name from sqlite_master where type = 'view'")) == sorted(views)
    for name, sql in views.items():
        assert sql.startswith("-- "), name
        connection.execute(f"select * from {name}").fetchall()  # SQLite accepts a broken view until it is read
    connection.close()
    # Opening again changes nothing, views included.
    before = (tmp_path / "x.db").read_bytes()
    schema.open_for_writing(tmp_path / "x.db").close()
    assert (tmp_path / "x.db").read_bytes() == before
