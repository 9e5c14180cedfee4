"""Every verdict of a day against a second implementation, made from the contract alone (cases 19 to 22, 32 to 36, 44, 57, 58 and 62)."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta

import pytest
from helpers.verdict_model import Answer, Model, second_tuesday

from hotpatch_kb.db.answers.verdicts import Verdict, verdicts
from hotpatch_kb.db.store.connections import open_seed_database

TODAY = "2026-07-24"  # the day after the embedded facts were read
ALL_DAYS, DAYS = 44, 6


@pytest.fixture(scope="module")
def conn() -> Iterator[sqlite3.Connection]:
    connection = open_seed_database()
    yield connection
    connection.close()


@pytest.fixture(autouse=True)
def _today(at: Callable[[str], None]) -> None:
    at(TODAY)


def chosen_days(conn: sqlite3.Connection, tries: int) -> list[str]:
    """Return days on which verdicts may change, and the days beside them: 44 in all, 6 in an ordinary run."""
    rng = random.Random(20260726)

    def near(days: list[str], *offsets: int) -> list[str]:
        return [(date.fromisoformat(day) + timedelta(rng.choice(offsets))).isoformat() for day in days]

    def some(sql: str, count: int) -> list[str]:
        return rng.sample([row[0] for row in conn.execute(sql)], count)

    tuesdays = [second_tuesday(f"{2021 + n // 12}-{n % 12 + 1:02d}") for n in rng.sample(range(9, 72), 12)]
    ends = "select distinct {} from products where {} is not null order by 1"
    days = [
        *near(some("select distinct release_date from releases where release_date > '2021' order by 1", 14), -1, 0, 1),
        *near(tuesdays, 0, 2, 3),
        *near(some(ends.format("extended_end_date", "extended_end_date"), 5), 0, 1),
        *near([f"{row}-30"[:10] for row in some(ends.format("hotpatch_end_date", "hotpatch_end_date"), 1)], 0, 1, 2),
        *("2015-12-01", "2016-08-01", "2021-03-08", "2024-10-20"),  # before the data, and before lines begin
        *near(["2026-07-23"], -1, 0, 1),
        *("2026-08-10", "2026-08-11", "2026-08-14", "2026-11-22", "2027-02-06", "2030-01-01", "2035-01-01"),  # after the data
    ]
    assert len(days) == ALL_DAYS
    rng.shuffle(days)
    return sorted(days[: DAYS * tries])


def differences(conn: sqlite3.Connection, day: str) -> list[tuple[Verdict, Answer]]:
    """Return the verdicts of a day that the model does not share, each with the model's answer."""
    apart = []
    for (product,) in conn.execute("select product from products order by product").fetchall():
        model = Model(conn, product, day, today=TODAY)
        rows = list(verdicts(conn, day, product))
        keys = [(v.build, v.line, v.deciding_kb) for v in rows]
        assert (len(keys), set(keys)) == (len(set(keys)), model.keys()), (product, day)
        for row in rows:
            answer = model.answer(row.build, row.line, row.deciding_kb)
            if not agrees(row, answer):
                apart.append((row, answer))
    return apart


def agrees(row: Verdict, answer: Answer) -> bool:
    """Return whether a verdict is the model's, in each column that the contract defines for it."""
    if row.verdict != answer.verdict:
        return False
    if row.verdict in {"ambiguous", "unknown", "unsupported"}:
        return True
    same_months = answer.months_behind in {None, row.months_behind}
    same_next = row.next_kb == (f"KB{answer.next_kb}" if answer.next_kb else None)
    return same_months and same_next and row.rejoins_month == answer.rejoins_month


def test_the_recorded_facts(conn: sqlite3.Connection, tries: int) -> None:
    for day in chosen_days(conn, tries):
        assert not differences(conn, day)[:3], day


@pytest.fixture
def disturbed(conn: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """The embedded facts, with what they lack: CVEs of out-of-band releases, fixes that no list has, a missing month, an earlier end. (made)"""
    with closing(sqlite3.connect(":memory:")) as copy:
        conn.backup(copy)
        copy.execute("pragma foreign_keys = off")
        copy.execute(
            """insert into kb_cves select kb, product, 'CVE-2026-90001', null, build, null, null, month, 'cve/CVE-2026-90001'
            from releases where cadence = 'OOB' and release % 2 = 0"""
        )
        copy.executemany(
            "insert into kb_cves values (?, ?, 'CVE-2026-90002', null, ?, null, null, ?, 'cve/CVE-2026-90002')",
            [
                (5990001, "ws2022", "20348.9000", "2026-05"),
                (5990002, "win11-23h2", "22631.5", "2026-05"),  # older than what is listed
                (5990003, "win11-24h2", None, "2026-07"),  # of no later month than what is listed
                (5990004, "win11-25h2", None, "2026-08"),
            ],
        )
        copy.execute("insert into articles (url, kb, product, release_date) values ('https://a', 5990005, 'ws2019', '2026-05-20')")
        copy.execute(
            """insert into reported values ('win11-26h1', 5990006, '28000.9000', 28000, 9000, '2026-07-21', '2026-07', 'OOB', 'cumulative', 0, 1,
            'https://b', '2026-07-22', 'reported/win11-26h1/5990006/28000.9000')"""
        )
        copy.execute(
            """insert into releases select 1, product, 5990007, '26200.9000', build_number, 9000, '2026-07-21', '2026-07', 'OOB', 'cumulative', 0, 1, 1, 0, 0, 0, 1,
            null, null, null, null, null, null, 'release/win11-25h2/5990007/26200.9000' from releases where product = 'win11-25h2' limit 1"""
        )
        copy.execute("delete from releases where product = 'ws-23h2' and month = '2026-03'")
        copy.execute("delete from releases where product = 'ws2025' and month = '2026-05' and classification = 'hotpatch'")
        copy.execute("update products set hotpatch_end_date = '2026-04' where product = 'win11-24h2'")
        yield copy


def test_facts_with_everything_that_decides(disturbed: sqlite3.Connection, tries: int) -> None:
    days = ["2026-03-13", "2026-04-30", "2026-05-12", "2026-05-15", "2026-05-21", "2026-06-13", "2026-07-18", "2026-07-23", "2026-08-12"]
    for day in random.Random(20260727).sample(days, min(len(days), 2 * tries)) + chosen_days(disturbed, tries)[:: 3 if tries == 1 else 1]:
        assert not differences(disturbed, day)[:3], day


@pytest.mark.parametrize(
    ("day", "product", "build", "line", "kb", "expected"),
    [
        ("2025-11-20", "ws2025", "26100.6905", "", "", "ambiguous"),  # case 19
        ("2026-05-20", "win11-25h2", "26200.8390", "hotpatch", "", "current"),  # case 32
        ("2025-10-25", "ws2025", "26100.6905", "", "KB5070893", "current"),  # case 33
        ("2025-11-05", "ws2025", "26100.6905", "hotpatch", "KB5070881", "left_line"),  # case 34
        ("2026-01-20", "ws2025", "26100.6905", "hotpatch", "KB5070881", "restart_due"),
        ("2026-11-22", "ws2025", "26100.33158", "hotpatch", "", "unknown"),  # case 44
        ("2024-12-20", "ws2025", "26100.2033", "hotpatch", "", "behind"),  # case 57
        ("2024-11-05", "ws2025", "26100.1742", "", "", "behind"),  # case 58
        ("2026-07-20", "ws-23h2", "25398.2330", "", "", "unsupported"),  # case 62
    ],
)
def test_the_model_itself(conn: sqlite3.Connection, day: str, product: str, build: str, line: str, kb: str, expected: str) -> None:
    assert Model(conn, product, day, today=TODAY).answer(build, line, kb).verdict == expected
