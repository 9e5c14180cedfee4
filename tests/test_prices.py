"""Prices as intervals with their sources (cases 37 to 39), from SQL alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Command
from helpers import render
from helpers.dumps import query
from rendered import azure_pricing, azure_retail_prices

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.store.connections import open_seed_database
from hotpatch_kb.scraper.sources import registry

HEADER = "service\tproduct\tmeter\tamount\tcurrency\tunit\tvalid_from\tvalid_to\tcondition\tnote\tsource_url\ttrust"


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    connection = open_seed_database()
    connection.row_factory = None
    yield connection
    connection.close()


def _parse(*rows: str) -> list[tuple[str, str, str | None]]:
    page = Page("facts_prices", "p", "p", "p", "2026-11-22T00:00:00Z", 200, "\n".join([HEADER, *rows]).encode())
    return [(claim.subject, claim.field, claim.value) for claim in registry()["facts_prices"].parse(page)]


def test_sixteen_cores_in_three_months(conn: sqlite3.Connection) -> None:
    """Case 37: 0 in preview, 24.00 while it cost, 0 since."""
    sql = """
        select 16 * amount_low, 16 * amount_high, is_disputed from price_intervals
        where service = 'Hotpatch' and product = 'ws2025' and meter = 'Azure Arc-enabled server' and currency = 'USD' and condition = ''
        and valid_from <= :month || '-01' and (valid_to is null or valid_to >= date(:month || '-01', '+1 month'))"""
    found = {month: conn.execute(sql, {"month": month}).fetchall() for month in ("2025-06", "2025-08", "2026-06", "2025-07", "2026-05")}
    assert found == {"2025-06": [(0.0, 0.0, 0)], "2025-08": [(24.0, 24.0, 0)], "2026-06": [(0.0, 0.0, 0)], "2025-07": [], "2026-05": []}


def test_what_is_disputed_and_nothing_else(conn: sqlite3.Connection) -> None:
    """Case 38."""
    rows = conn.execute(
        """select valid_from, valid_to, amount_low, amount_high, is_disputed from price_intervals
        where service = 'Hotpatch' and product = 'ws2025' and meter = 'Azure Arc-enabled server' order by valid_from"""
    ).fetchall()
    assert rows == [
        ("2024-09-01", "2025-07-01", 0.0, 0.0, 0),
        ("2025-07-01", "2025-07-16", 0.0, 1.5, 1),
        ("2025-07-16", "2026-05-15", 1.5, 1.5, 0),
        ("2026-05-15", "2026-05-19", 0.0, 1.5, 1),
        ("2026-05-19", None, 0.0, 0.0, 0),
    ]
    assert conn.execute("select count(*) from price_intervals where is_disputed = 1").fetchone() == (2,)


def test_no_row_is_unknown_and_not_nothing(conn: sqlite3.Connection) -> None:
    """Case 39: before the first interval, and for what no source prices, there is no row."""
    assert conn.execute("select count(*) from price_intervals where service = 'Hotpatch' and product = 'win11-25h2'").fetchone() == (0,)
    before = "select count(*) from price_intervals where product = 'ws2025' and meter = 'Azure Arc-enabled server' and valid_from <= '2024-08-31'"
    assert conn.execute(before).fetchone() == (0,)


def test_each_price_has_its_source_and_its_claims(conn: sqlite3.Connection) -> None:
    rows = conn.execute("select amount, currency, unit, valid_from, valid_to, condition, source_url, subject from prices").fetchall()
    assert len(rows) == 19
    assert all(row[6].startswith("https://") for row in rows)
    assert {row[5] for row in rows} == {"", "azure_local", "defender_p2", "esu", "software_assurance"}
    assert (725.0, "JPY", "server/month") in [row[:3] for row in rows]
    unsupported = conn.execute(
        "select count(*) from prices where not exists (select 1 from fact_claims where fact_claims.subject = prices.subject)"
    )
    assert unsupported.fetchone() == (0,)


def test_a_price_is_read() -> None:
    found = _parse("Hotpatch\tws2025\tArc\t1.50\tUSD\tcore/month\t2025-07\t\tesu\tn\thttps://a.example/\tt")
    subject = "price/Hotpatch/ws2025/Arc/USD core per month/esu/2025-07"
    assert found == [(subject, "amount", "1.50"), (subject, "valid_from", "2025-07-01"), (subject, "note", "n"), (subject, "trust", "t")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("S\t\tm\tfree\tUSD\tu\t\t\t\t\thttps://a.example/\tt", "expected an amount such as 1.50, got 'free'"),
        ("S\t\tm\t-1\tUSD\tu\t\t\t\t\thttps://a.example/\tt", "expected an amount of 0 or more, got '-1'"),
        ("S\t\tm\tNaN\tUSD\tu\t\t\t\t\thttps://a.example/\tt", "expected an amount of 0 or more, got 'NaN'"),
        ("S\t\tm\t1\tUSD\tu\tMay\t\t\t\thttps://a.example/\tt", "expected a date or a month, got 'May'"),
        ("S\t\tm\t1\tUSD\tu\t\t\tgold\t\thttps://a.example/\tt", "expected a condition .*, got 'gold'"),
    ],
)
def test_a_price_that_cannot_be_read(row: str, message: str) -> None:
    with pytest.raises(UnexpectedPage, match=message):
        _parse(row)


PRICING = registry()["azure_pricing"].pages[1].addresses[0]
MANAGED = "select amount, valid_from, valid_to, source_url from prices where service = 'Azure Update Manager' and trust = 'price list' and meter = 'Azure Arc-enabled server' and unit = 'server/month' order by valid_from"  # fmt: skip


def test_a_price_list_over_time(run: Command, tmp_path: Path) -> None:
    """What a list states holds from the day on which it was read until the day on which it states another; each is kept."""
    for day, amount in (("2026-08-01", "5"), ("2026-08-02", "5"), ("2026-09-01", "6"), ("2026-10-01", "5")):
        body = azure_pricing.update_manager().replace("$5/server/month", f"${amount}/server/month").replace('"USD": 5', f'"USD": {amount}')
        render.save_tree(tmp_path / day, PRICING, body, fetched_at=f"{day}T12:00:00Z", suffix=".html")
        assert run("crawl", "--db", "x.db", "--from", tmp_path / day).code == 0
    assert query(tmp_path / "x.db", MANAGED) == [
        (5.0, "2026-08-01", "2026-09-01", PRICING),
        (6.0, "2026-09-01", "2026-10-01", PRICING),
        (5.0, "2026-10-01", None, PRICING),
    ]
    told = query(tmp_path / "x.db", "select substr(changed_at, 1, 10), field, old_value, new_value from changes where subject like 'price/Azure Update Manager/-/Azure Arc-enabled server/USD server per month%' order by 1, 2")  # fmt: skip
    assert told == [("2026-09-01", "amount", "5", "6"), ("2026-10-01", "amount", "6", "5")]
    # The documents say 5 without a day; where the list said 6, it is disputed.
    disputed = query(tmp_path / "x.db", "select valid_from, valid_to, amount_low, amount_high from price_intervals where is_disputed and service = 'Azure Update Manager' and unit = 'server/month'")  # fmt: skip
    assert disputed == [("2026-09-01", "2026-10-01", 5.0, 6.0)]


def test_no_row_of_the_price_list_is_no_price(run: Command, tmp_path: Path) -> None:
    """Case 39: an empty answer is read, and nothing costs 0 because of it."""
    address = azure_retail_prices.address("otpatch")
    render.save_tree(
        tmp_path / "tree", address, azure_retail_prices.answer(), fetched_at="2026-08-01T12:00:00Z", suffix=".json", headers={}
    )
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "tree", "--source", "azure_retail_prices").code == 0
    assert query(tmp_path / "x.db", "select count(*) from prices") == [(0,)]
    assert query(tmp_path / "x.db", "select field, value from claims where source = 'azure_retail_prices'") == [("rows", "0")]
    assert query(tmp_path / "x.db", "select state from sources where source = 'azure_retail_prices'") == [("ok",)]
