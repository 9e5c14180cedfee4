"""What it costs (cases 37 to 40): totals, ranges and what is unknown, from the embedded facts, and from any prices there may be."""

from __future__ import annotations

import sqlite3
from calendar import monthrange
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpatch_kb.db.answers.cost.answer import cost
from hotpatch_kb.db.answers.cost.lines import Gap, Line, lines
from hotpatch_kb.db.answers.cost.prices import intervals, read_prices
from hotpatch_kb.db.answers.cost.question import SERVICES, Question, read_question
from hotpatch_kb.db.store import schema
from hotpatch_kb.db.store.connections import open_seed_database

GOLDEN = Path(__file__).parent / "golden" / "cost"
HOTPATCH, MANAGER = SERVICES["hotpatch"], SERVICES["update-manager"]

# name: (exit code, arguments). The day is 2026-07-20.
ANSWERS: dict[str, tuple[int, list[str]]] = {
    "400-cores-for-nine-months": (0, ["--cores", "400", "--from", "2025-08", "--to", "2026-04"]),
    "37-preview": (0, ["--cores", "16", "--from", "2025-06", "--to", "2025-06"]),
    "37-paid": (0, ["--cores", "16", "--from", "2025-08", "--to", "2025-08"]),
    "37-included": (0, ["--cores", "16", "--from", "2026-06", "--to", "2026-06"]),
    "38-disputed-july-2025": (0, ["--cores", "16", "--from", "2025-07", "--to", "2025-07"]),
    "38-disputed-may-2026": (0, ["--cores", "16", "--from", "2026-05", "--to", "2026-05"]),
    "39-before-the-first-price": (4, ["--cores", "16", "--from", "2024-07", "--to", "2024-10"]),
    "39-another-currency": (4, ["--cores", "16", "--from", "2025-08", "--to", "2025-08", "--currency", "eur"]),
    "39-product-without-price": (4, ["--cores", "16", "--product", "win11-25h2"]),
    "39-product-on-another-platform": (4, ["--cores", "16", "--product", "Windows Server 2022"]),
    "the-current-month": (0, ["--cores", "16"]),
    "since-a-day": (0, ["--cores", "16", "--from", "2026-04-11"]),
    "both-services-of-25-servers": (
        0,
        ["--cores-per-server", "16", "--servers", "25", "--from", "2025-08", "--to", "2025-09", *["--service", "hotpatch"],
         "--service", "update-manager", "--defender-p2"],
    ),
    "update-manager-by-days": (0, ["--service", "update-manager", "--servers", "25", "--from", "2026-05-22", "--to", "2026-07-05"]),
    "update-manager-in-yen": (0, ["--service", "update-manager", "--servers", "1", "--from", "2026-06", "--to", "2026-06", "--currency", "JPY"]),
    "included-on-azure-local": (0, ["--cores", "8", "--azure-local", "--product", "ws2022", "--from", "2026-06", "--to", "2026-06"]),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _day(at: Callable[[str], None]) -> None:
    at("2026-07-20")


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name: str, run: Command, golden: Callable[[Path, Any], None]) -> None:
    code, arguments = ANSWERS[name]
    done = run("cost", *arguments, "--json")
    assert done.code == code
    golden(GOLDEN / f"{name}.json", done.json())
    done = run("cost", *arguments)
    assert done.code == code
    golden(GOLDEN / f"{name}.txt", done.out)


def test_no_golden_is_left_over() -> None:
    assert sorted(path.name for path in GOLDEN.iterdir()) == sorted(f"{name}.{kind}" for name in ANSWERS for kind in ("json", "txt"))


def _total(run: Command, *arguments: str) -> tuple[float | None, float | None]:
    row = run("cost", *arguments, "--json").json()[0]
    return row["cost_low"], row["cost_high"]


@pytest.mark.parametrize(
    ("month", "total"),
    [
        ("2024-08", (None, None)),
        ("2025-06", (0, 0)),
        ("2025-07", (12.39, 24)),
        ("2025-08", (24, 24)),
        ("2026-02", (24, 24)),  # a month is a month, however short
        ("2026-05", (10.84, 13.94)),
        ("2026-06", (0, 0)),
    ],
)
def test_sixteen_cores_in_a_month(month: str, total: tuple[float, float], run: Command) -> None:
    """Cases 37 to 39."""
    assert _total(run, "--cores", "16", "--from", month, "--to", month) == total


@pytest.mark.parametrize(
    ("days", "total"),
    [
        (("2025-07-01", "2025-07-15"), (0, 11.61)),
        (("2025-07-16", "2025-07-31"), (12.39, 12.39)),
        (("2025-07-15", "2025-07-15"), (0, 0.77)),
        (("2025-07-16", "2025-07-16"), (0.77, 0.77)),
        (("2026-05-15", "2026-05-18"), (0, 3.1)),
        (("2026-05-19", "2026-05-31"), (0, 0)),
        (("2024-08-31", "2024-09-01"), (None, None)),
        (("2024-09-01", "2024-09-01"), (0, 0)),
    ],
)
def test_days_are_inclusive_and_count_as_a_share_of_their_month(days: tuple[str, str], total: tuple[float, float], run: Command) -> None:
    """Case 38."""
    assert _total(run, "--cores", "16", "--from", days[0], "--to", days[1]) == total


def test_the_known_part_of_what_is_unknown_has_another_name(run: Command) -> None:
    done = run("cost", "--cores", "400", "--from", "2024-08", "--to", "2026-04", "--json")
    row = done.json()[0]
    assert (done.code, row["cost_low"], row["cost_high"]) == (4, None, None)
    assert (row["known_cost_low"], row["known_cost_high"]) == (5709.68, 6000)
    assert [(gap["from"], gap["to"], gap["cost_low"], gap["cost_high"]) for gap in row["unknown"]] == [
        ("2024-08-01", "2024-09-01", None, None)
    ]
    row = run("cost", "--cores", "400", "--from", "2025-08", "--to", "2025-08", "--currency", "EUR", "--json").json()[0]
    assert (row["known_cost_low"], row["items"]) == (None, [])


def test_cores_of_each_server_are_not_cores_in_all(run: Command) -> None:
    august = ["--from", "2025-08", "--to", "2025-08"]
    assert _total(run, "--cores-per-server", "16", "--servers", "25", *august) == (600, 600)
    assert _total(run, "--cores", "400", "--servers", "25", *august) == (600, 600)
    done = run("cost", "--cores", "16", "--servers", "25", *august)
    assert (done.code, done.out) == (2, "")
    assert "at least 25 for 25 servers, got 16; the cores of each server are --cores-per-server" in done.err
    text = run("cost", "--cores", "32", "--servers", "25", *august).out
    assert "32 in all, of all servers together" in text
    assert "note: 32 cores of all 25 servers together are counted, not 32 of each: --cores-per-server states the cores of each" in text
    assert "400 in all, 16 on each server" in run("cost", "--cores-per-server", "16", "--servers", "25").out


BAD = [
    (["--cores", "0"], "--cores as a whole number from 1 to 1000000000, got '0'"),
    (["--cores", "-5"], "got '-5'"),
    (["--cores", "1.5"], "got '1.5'"),
    (["--cores", "1,000"], "got '1,000'"),
    (["--cores", "٣"], "got '٣'"),
    (["--cores", "many"], "got 'many'"),
    (["--cores", ""], "got ''"),
    (["--cores", "9" * 5000], "expected --cores as a whole number"),
    (["--cores", "4", "--servers", "0"], "--servers as a whole number from 1 to 1000000000, got '0'"),
    (["--cores-per-server", "1/2", "--servers", "1"], "--cores-per-server as a whole number from 1 to 1000000000, got '1/2'"),
    ([], "expected --cores (of all servers together), or --cores-per-server and --servers, got neither"),
    (["--servers", "25"], "got neither"),
    (["--cores-per-server", "16"], "expected --servers with --cores-per-server 16, got none"),
    (["--cores", "5", "--cores-per-server", "3", "--servers", "2"], "got 5 and 3"),
    (["--service", "update-manager", "--cores", "5"], "expected --servers with --service update-manager"),
    (["--cores", "1", "--from", "2026-05", "--to", "2026-04"], "expected --to no earlier than --from, got --from 2026-05 and --to 2026-04"),
    (["--cores", "1", "--to", "2026-04"], "expected --from with --to 2026-04, got none"),
    (["--cores", "1", "--from", "2026-13"], "expected --from as a month such as 2026-04 or a day such as 2026-04-14"),
    (["--cores", "1", "--from", "2026-02", "--to", "2026-02-30"], "expected --to as a month"),
    (["--cores", "1", "--from", "2026-02", "--to", "9999-12"], "of the years 2000 to 2100, got '9999-12'"),
    (["--cores", "1", "--from", "Mai 2026"], "got 'Mai 2026'"),
    (["--cores", "1", "--currency", "EURO"], "expected --currency as a code such as USD, got 'EURO'"),
    (["--cores", "1", "--product", "windows 3"], "expected a product (win10-1507"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_what_cannot_be_answered_is_one_line(arguments: list[str], message: str, run: Command) -> None:
    """It says what was expected and what came, and ends with exit code 2."""
    done = run("cost", *arguments)
    said = [line for line in done.err.splitlines() if not line.startswith("no database at")]
    assert (done.code, done.out, len(said), message in done.err) == (2, "", 1, True), done.err


def test_discounts_count_where_a_source_states_a_price_for_them(run: Command) -> None:
    manager = ["--service", "update-manager", "--servers", "10", "--from", "2026-06-11", "--to", "2026-07-31"]
    assert _total(run, *manager) == (82, 82)  # 20 days at 0.16 and a month at 5
    for flag in ("--defender-p2", "--software-assurance", "--esu"):
        row = run("cost", *manager, flag, "--json").json()[0]
        assert (row["cost_high"], len(row["items"]), row["items"][0]["condition"]) == (0, 1, flag[2:].replace("-", "_"))
        assert not [note for note in row["notes"] if flag in note]
    both = run("cost", *manager, "--defender-p2", "--esu", "--json").json()[0]
    assert (both["cost_high"], len([note for note in both["notes"] if "--esu" in note and "changes nothing" in note])) == (0, 1)


def test_discounts_that_change_nothing_are_named(run: Command) -> None:
    for flag in ("--defender-p2", "--software-assurance", "--esu"):
        row = run("cost", "--cores", "16", "--from", "2025-08", "--to", "2025-08", flag, "--json").json()[0]
        assert (row["cost_low"], row["cost_high"]) == (24, 24)
        note, on_machines = row["notes"]
        assert f"({flag}) changes nothing of Hotpatch" in note
        assert on_machines.startswith("a virtual machine counts as its virtual cores, by https://www.microsoft.com/")


def test_currencies_and_meters_are_never_mixed(run: Command) -> None:
    manager = ["--service", "update-manager", "--servers", "2", "--from", "2026-06", "--to", "2026-06"]
    assert _total(run, *manager, "--currency", "JPY") == (1450, 1450)
    assert _total(run, *manager) == (10, 10)
    both = run("cost", *manager, "--service", "hotpatch", "--cores", "8", "--currency", "JPY", "--json")
    row = both.json()[0]
    assert (both.code, row["cost_high"], row["known_cost_high"]) == (0, 1450, 1450)  # hotpatching has been free since May 2026
    assert [(item["currency"], item["cost_high"]) for item in row["items"]] == [("USD", 0), ("JPY", 1450)]


def test_a_price_of_0_is_0_in_any_currency(run: Command) -> None:
    """Where every source of every currency says 0: not where one of them states an amount, or before."""
    free = run("cost", "--cores", "192", "--currency", "EUR", "--from", "2026-06", "--to", "2026-07", "--json")
    row = free.json()[0]
    assert (free.code, row["currency"], row["cost_low"], row["cost_high"], row["unknown"]) == (0, "EUR", 0, 0, [])
    assert [note for note in row["notes"] if "0 USD, which is 0 in any currency" in note]
    may = run("cost", "--cores", "192", "--currency", "EUR", "--from", "2026-05", "--to", "2026-05", "--json")
    row = may.json()[0]
    assert (may.code, row["cost_low"], row["known_cost_high"]) == (4, None, 0)
    assert [(gap["from"], gap["to"]) for gap in row["unknown"]] == [("2026-05-01", "2026-05-19")]  # from the 15th on sources disagree
    assert [note for note in row["notes"] if "amounts are never converted" in note]


def test_two_platforms_are_refused(run: Command) -> None:
    for command in (("cost", "--cores", "16"), ("eligible", "--product", "ws2025")):
        done = run(*command, "--azure", "--arc")
        assert (done.code, done.out, "expected one platform, got --azure and --arc" in done.err) == (2, "", True)


def test_help_alone_is_enough(run: Command) -> None:
    text = " ".join(run("cost", "--help").out.split())
    assert "hotpatch-kb cost --cores 400 --from 2025-08 --to 2026-04" in text
    assert "of all servers together" in text
    assert "inclusive" in text


# --- other prices -----------------------------------------------------------------------------------------------------

ARC = "Azure Arc-enabled server"
URL = "https://a.example/"


def _database(prices: Iterable[dict[str, Any]]) -> sqlite3.Connection:
    """A database with these prices alone; what a price does not say is of hotpatching of ws2025 with Arc."""
    conn = sqlite3.connect(":memory:")
    conn.executescript((Path(schema.__file__).parent.parent / "schema.sql").read_text(encoding="utf-8"))
    text = (Path(schema.__file__).parent.parent / "views" / "price_intervals.sql").read_text(encoding="utf-8")
    conn.execute(f"create view price_intervals as {text}")
    plain = {"service": "Hotpatch", "product": "ws2025", "meter": ARC, "unit": "core/month", "currency": "USD", "region": None, "amount": 1.5,
             "valid_from": None, "valid_to": None, "condition": "", "note": None, "source_url": URL, "trust": "t", "subject": "s"}  # fmt: skip
    for number, price in enumerate(prices):
        row = {**plain, **price, "price": number}
        conn.execute(f"insert into prices ({', '.join(row)}) values ({', '.join(f':{name}' for name in row)})", row)
    return conn


def _ask(first: str, end: str, **other: Any) -> Question:
    defaults = {"services": ["hotpatch"], "product": "ws2025", "platform": "arc", "currency": "USD", "cores": 1, "servers": None, "cores_per_server": None}  # fmt: skip
    return read_question(**{**defaults, "first": date.fromisoformat(first), "end": date.fromisoformat(end), **other})


def _cost(prices: Iterable[dict[str, Any]], asked: Question) -> dict[str, Any]:
    with closing(_database(prices)) as conn:
        row = cost(conn, asked, "2026-07-20")
        return row | {"notes": [str(note) for note in row["notes"]]}


def test_a_price_that_is_changed_within_a_month() -> None:
    row = _cost(
        [{"amount": 1.5, "valid_to": "2026-06-11"}, {"amount": 3.0, "valid_from": "2026-06-11"}], _ask("2026-06-01", "2026-07-01", cores=10)
    )
    # Undated, so the first one counts from the day of the second: before that day nobody states a price of the service.
    assert [(gap["from"], gap["to"]) for gap in row["unknown"]] == [("2026-06-01", "2026-06-11")]
    row = _cost(
        [{"amount": 1.5, "valid_from": "2026-01-01", "valid_to": "2026-06-11"}, {"amount": 3.0, "valid_from": "2026-06-11"}],
        _ask("2026-06-01", "2026-07-01", cores=10),
    )
    assert [(item["to"], item["cost_low"]) for item in row["items"]] == [("2026-06-11", 5), ("2026-07-01", 20)]


def test_amounts_are_the_decimal_numbers_that_were_stated() -> None:
    """0.1 as a float is a little more, and 3 times 0.1 no longer 0.3; halves of a cent are rounded up."""
    assert _cost([{"amount": 0.1}], _ask("2026-06-01", "2026-07-01", cores=3))["cost_low"] == 0.3
    assert _cost([{"amount": 0.115}], _ask("2026-06-01", "2026-07-01", cores=1))["cost_low"] == 0.12
    assert _cost([{"amount": 0.0001}], _ask("2026-06-01", "2026-07-01", cores=1_000_000_000))["cost_low"] == 100_000


def test_a_total_is_rounded_once() -> None:
    months = ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]
    prices = [
        {"amount": amount, "valid_from": begin, "valid_to": end}
        for amount, (begin, end) in zip((0.004, 0.003, 0.004), pairwise(months), strict=True)
    ]
    row = _cost(prices, _ask(months[0], months[-1]))
    assert ([item["cost_low"] for item in row["items"]], row["cost_low"]) == ([0, 0, 0], 0.01)


def test_prices_of_regions_count_where_a_region_is_asked_for() -> None:
    prices = [{"region": "japaneast", "amount": 2.0}, {"region": "japanwest", "amount": 9.0}]
    row = _cost(prices, _ask("2026-06-01", "2026-07-01"))
    assert row["cost_low"] is None
    assert "chooses: japaneast, japanwest" in row["notes"][-1]
    assert _cost(prices, _ask("2026-06-01", "2026-07-01", region="japaneast"))["cost_high"] == 2
    both = [*prices, {"amount": 1.0}]
    assert _cost(both, _ask("2026-06-01", "2026-07-01"))["cost_high"] == 1
    assert _cost(both, _ask("2026-06-01", "2026-07-01", region="japaneast"))["cost_low"] == 2
    row = _cost(both, _ask("2026-06-01", "2026-07-01", region="moon"))
    assert (row["cost_low"], "for the region moon" in row["notes"][0]) == (1, True)


def test_what_is_priced_otherwise_is_named_and_not_counted() -> None:
    row = _cost([{"unit": "core/hour", "amount": 0.002}], _ask("2026-06-01", "2026-07-01"))
    assert (row["cost_low"], row["notes"][-1]) == (None, "prices of Hotpatch by core/hour are stated, and not counted")
    row = _cost([{"unit": "server/month", "amount": 5.0}, {"amount": 1.0}], _ask("2026-06-01", "2026-07-01"))
    assert row["cost_high"] == 1


def test_the_price_of_the_product_counts_before_that_of_any_product() -> None:
    prices = [{"product": None, "amount": 9.0}, {"product": "ws2022", "amount": 8.0}]
    assert _cost(prices, _ask("2026-06-01", "2026-07-01"))["cost_low"] == 9
    assert _cost([*prices, {"amount": 1.0}], _ask("2026-06-01", "2026-07-01"))["cost_high"] == 1


def test_of_several_discounts_the_cheapest_counts() -> None:
    prices = [{"amount": 3.0}, {"condition": "esu", "amount": 1.0}, {"condition": "defender_p2", "amount": 2.0}]
    for discounts, expected in {(): 3, ("esu",): 1, ("defender_p2",): 2, ("defender_p2", "esu"): 1}.items():
        row = _cost(prices, _ask("2026-06-01", "2026-07-01", discounts=discounts))
        assert (row["cost_low"], row["cost_high"], row["is_disputed"]) == (expected, expected, False)
    assert any("--defender-p2) changes nothing" in note for note in row["notes"])
    # One that has a price for some of the days only does not hide that the others cost more.
    row = _cost(
        [{"amount": 3.0}, {"condition": "esu", "amount": 1.0, "valid_from": "2026-06-16"}],
        _ask("2026-06-01", "2026-07-01", discounts=["esu"]),
    )
    assert [(gap["from"], gap["to"]) for gap in row["unknown"]] == [("2026-06-01", "2026-06-16")]
    dated = [{"amount": 3.0, "valid_from": "2026-01-01"}, {"condition": "esu", "amount": 1.0, "valid_from": "2026-06-16"}]
    row = _cost(dated, _ask("2026-06-01", "2026-07-01", discounts=["esu"]))
    assert [(item["condition"], item["cost_low"]) for item in row["items"]] == [("", 1.5), ("esu", 0.5)]
    assert any("for some of the days" in note for note in row["notes"])


@pytest.mark.parametrize("where", ["note", "licence"])
def test_a_minimum_counts_where_one_is_stated(where: str) -> None:
    text = "Standard and Datacenter, billed for at least 8 cores per server"
    with closing(_database([{"note": text if where == "note" else None, "amount": 1.0}])) as conn:
        if where == "licence":
            conn.execute(
                "insert into eligibility (eligibility, kind, product, requirement, source_url, subject) values (1, 'licence', 'ws2025', ?, ?, 's')",
                (text, URL),
            )
        small = _ask("2026-06-01", "2026-07-01", cores=None, servers=10, cores_per_server=4)
        row = cost(conn, small, "2026-07-20")
        assert (row["cost_low"], row["cores"], row["items"][0]["quantity"]) == (80, 40, 80)
        assert "at least 8 cores per server are billed: servers with 4 count as 8" in map(str, row["notes"])
        large = small._replace(cores=160, cores_per_server=16)
        assert cost(conn, large, "2026-07-20")["cost_low"] == 160
        # Of cores in all nobody knows how they are spread.
        row = cost(conn, _ask("2026-06-01", "2026-07-01", cores=40), "2026-07-20")
        assert (row["cost_low"], [note for note in row["notes"] if "--cores-per-server" in str(note)] != []) == (40, True)


def test_no_embedded_fact_states_a_minimum() -> None:
    """In particular not that of 16 cores, which is of a Windows Server licence."""
    with closing(open_seed_database()) as conn:
        conn.row_factory = None
        asked = _ask("2025-08-01", "2025-09-01", cores=None, servers=10, cores_per_server=4)
        assert cost(conn, asked, "2026-07-20")["cost_low"] == 60


# --- what holds for any prices ----------------------------------------------------------------------------------------

_DAY_ONE = date(2025, 1, 1)
_days = st.integers(0, 150).map(lambda n: _DAY_ONE + timedelta(days=n))
_price = st.fixed_dictionaries(
    {
        "amount": st.sampled_from([0.0, 0.1, 0.16, 1.5, 1.5, 3.0]),
        "valid_from": st.none() | _days.map(str),
        "valid_to": st.none() | _days.map(str),
        "product": st.sampled_from(["ws2025", "ws2025", None, "ws2022"]),
        "currency": st.sampled_from(["USD", "USD", "USD", "EUR"]),
        "condition": st.sampled_from(["", "", "", "esu", "defender_p2"]),
        "meter": st.sampled_from([ARC, ARC, ARC, "Azure VM"]),
        "source_url": st.sampled_from([URL, "https://b.example/"]),
    }
).filter(lambda price: not (price["valid_from"] and price["valid_to"]) or price["valid_from"] < price["valid_to"])
_prices = st.lists(_price, max_size=7)
_discounts = st.sampled_from([(), ("esu",), ("defender_p2",), ("esu", "defender_p2")])
_periods = st.lists(_days, min_size=2, max_size=2, unique=True).map(sorted)


def _by_hand(prices: list[dict[str, Any]], asked: Question, day: date) -> tuple[Fraction, Fraction] | None:
    """A day's price in dollars, else 0 where euros say 0."""
    euros = _of_currency(prices, asked, day, "EUR")
    return _of_currency(prices, asked, day, "USD") or (euros if euros == (0, 0) else None)


def _of_currency(prices: list[dict[str, Any]], asked: Question, day: date, currency: str) -> tuple[Fraction, Fraction] | None:
    """A day's price: of those whose condition is met, for the product before any, the cheapest; the range of what its sources state."""
    here: dict[tuple[bool, bool, str], list[Fraction]] = {}
    dated: set[tuple[bool, bool, str]] = set()
    of_product = [price for price in prices if price["product"] in {None, asked.product}]
    floor = min((price["valid_from"] for price in of_product if price["valid_from"]), default="")
    for price in of_product:
        if (price["currency"], price["meter"]) != (currency, ARC) or price["condition"] not in {"", *asked.discounts}:
            continue
        if (price["valid_from"] or "") <= str(day) < (price["valid_to"] or "9999"):
            key = (price["condition"] == "", price["product"] is None, price["condition"])
            here.setdefault(key, []).append(Fraction(str(price["amount"])))
            dated |= {key} if price["valid_from"] else set()
    found = [(*key[:2], max(amounts), min(amounts)) for key, amounts in here.items() if key in dated or str(day) >= floor]
    return (min(found)[3], min(found)[2]) if found else None


def _costs(found: list[Line]) -> tuple[Fraction, Fraction]:
    return sum((line.cost_low for line in found), Fraction()), sum((line.cost_high for line in found), Fraction())


def _lines(prices: list[dict[str, Any]], asked: Question) -> tuple[list[Line], list[Gap]]:
    with closing(_database(prices)) as conn:
        return lines(asked, HOTPATCH, read_prices(conn, "Hotpatch"))


@settings(max_examples=150, deadline=None)
@given(prices=_prices, discounts=_discounts, days=_periods, cores=st.integers(1, 10_000))
def test_a_period_costs_what_its_days_cost(prices: list[dict[str, Any]], discounts: tuple[str, ...], days: list[date], cores: int) -> None:
    asked = _ask(*map(str, days), discounts=discounts, cores=cores)
    found, gaps = _lines(prices, asked)
    low = high = Fraction()
    unknown = set()
    day = asked.first
    while day < asked.end:
        if price := _by_hand(prices, asked, day):
            length = monthrange(day.year, day.month)[1]
            low, high = low + cores * price[0] / length, high + cores * price[1] / length
        else:
            unknown.add(day)
        day += timedelta(days=1)
    assert _costs(found) == (low, high)
    assert low <= high
    assert {gap.first + timedelta(days=n) for gap in gaps for n in range((gap.end - gap.first).days)} == unknown
    # Every day is in one line or one gap, and neighbours of one interval are one line.
    pieces = sorted((piece.first, piece.end) for piece in (*found, *gaps))
    assert (pieces[0][0], pieces[-1][1]) == (asked.first, asked.end)
    assert all(before[1] == after[0] for before, after in pairwise(pieces))
    with closing(_database(prices)) as conn:
        row = cost(conn, asked, "2025-03-01")
    assert (row["cost_low"] is None, row["cost_high"] is None) == (bool(unknown), bool(unknown))
    assert [gap["cost_low"] for gap in row["unknown"]] == [None] * len(gaps)


@settings(max_examples=100, deadline=None)
@given(prices=_prices, discounts=_discounts, days=st.lists(_days, min_size=3, max_size=3, unique=True).map(sorted))
def test_parts_add_up_wherever_a_period_is_split(prices: list[dict[str, Any]], discounts: tuple[str, ...], days: list[date]) -> None:
    parts = [_lines(prices, _ask(str(begin), str(end), discounts=discounts)) for begin, end in pairwise(days)]
    whole, gaps = _lines(prices, _ask(str(days[0]), str(days[2]), discounts=discounts))
    assert _costs([*parts[0][0], *parts[1][0]]) == _costs(whole)
    assert sum((gap.end - gap.first).days for part in parts for gap in part[1]) == sum((gap.end - gap.first).days for gap in gaps)


@settings(max_examples=50, deadline=None)
@given(prices=_prices, days=_periods, cores=st.integers(1, 1_000), times=st.integers(1, 1_000))
def test_so_many_times_the_cores_cost_so_many_times_as_much(prices: list[dict[str, Any]], days: list[date], cores: int, times: int) -> None:
    low, high = _costs(_lines(prices, _ask(*map(str, days), cores=cores))[0])
    assert _costs(_lines(prices, _ask(*map(str, days), cores=cores * times))[0]) == (low * times, high * times)


@settings(max_examples=50, deadline=None)
@given(prices=_prices)
def test_intervals_are_those_of_the_view(prices: list[dict[str, Any]]) -> None:
    with closing(_database(prices)) as conn:
        _compare_with_the_view(conn)


def test_intervals_of_the_embedded_facts_are_those_of_the_view() -> None:
    with closing(open_seed_database()) as conn:
        conn.row_factory = None
        _compare_with_the_view(conn)


def _compare_with_the_view(conn: sqlite3.Connection) -> None:
    found: set[tuple[Any, ...]] = set()
    for (service,) in conn.execute("select distinct service from prices").fetchall():
        by_tariff: dict[Any, list[Any]] = {}
        for price in read_prices(conn, service):
            by_tariff.setdefault(price.tariff, []).append(price)
        found |= {
            (service, tariff.product, tariff.meter, tariff.unit, tariff.currency, tariff.region, tariff.condition,
             None if i.begin == date.min else str(i.begin), None if i.end == date.max else str(i.end), float(i.low), float(i.high), int(i.low != i.high))
            for tariff, prices in by_tariff.items() for i in intervals(prices)
        }  # fmt: skip
    assert found == set(conn.execute("select * from price_intervals"))


@settings(max_examples=100, deadline=None)
@given(days=st.lists(_days, min_size=2, max_size=2, unique=True).map(sorted), servers=st.integers(1, 100))
def test_days_of_update_manager_have_a_price_of_their_own(days: list[date], servers: int) -> None:
    """Whole months at the month's price, others by days; so its parts add up where a period is split between months."""
    plain = {"service": "Azure Update Manager", "product": None}
    stated = [{**plain, "unit": "server/month", "amount": 5.0}, {**plain, "meter": f"{ARC}, a day", "unit": "server/day", "amount": 0.16}]
    asked = _ask(*map(str, days), services=["update-manager"], servers=servers)
    with closing(_database(stated)) as conn:
        prices = read_prices(conn, MANAGER.service)
    found, gaps = lines(asked, MANAGER, prices)
    count: dict[tuple[int, int], int] = {}
    day = asked.first
    while day < asked.end:
        count[day.year, day.month] = count.get((day.year, day.month), 0) + 1
        day += timedelta(days=1)
    expected = [5 if number == monthrange(*month)[1] else number * Fraction(16, 100) for month, number in count.items()]
    assert (_costs(found), gaps) == ((servers * sum(expected),) * 2, [])
    cut = (asked.first.replace(day=1) + timedelta(days=31)).replace(day=1)
    if cut < asked.end:
        parts = [*lines(asked._replace(end=cut), MANAGER, prices)[0], *lines(asked._replace(first=cut), MANAGER, prices)[0]]
        assert _costs(parts) == _costs(found)


def test_what_a_virtual_machine_counts_as_is_a_conflict_with_both_sources(run: Command) -> None:
    """Microsoft's announcement counts virtual cores, a blog of 2025-07-10 one core: the first is believed, and the other is stated beside it."""
    announcement = (
        "https://www.microsoft.com/en-us/windows-server/blog/2025/04/24/tired-of-all-the-restarts-get-hotpatching-for-windows-server/"
    )
    blog = "https://www.say-tech.co.jp/contents/blog/yamanxworld/2025vol120"
    with closing(open_seed_database()) as conn:
        rows = conn.execute(
            """select x.value_won, x.value_lost, x.rule, w.source_url, l.source_url from conflicts as x
            join claims as w on w.claim = x.claim_won join claims as l on l.claim = x.claim_lost where x.field = 'virtual_machine'"""
        ).fetchall()
    assert [tuple(row) for row in rows] == [("virtual_cores", "one_core", "trust", announcement, blog)]
    row = run("cost", "--cores", "16", "--from", "2025-08", "--to", "2025-08", "--json").json()[0]
    assert (row["cost_low"], row["cost_high"], {announcement, blog} <= set(row["items"][0]["sources"])) == (24, 24, True)
    (note,) = row["notes"]
    assert (
        note
        == f"a virtual machine counts as its virtual cores, by {announcement}; {blog} disagrees and says one core, whatever its virtual cores, which is not used here"
    )
    free = run("cost", "--cores", "16", "--from", "2026-06", "--to", "2026-06", "--json").json()[0]
    assert free["notes"] == []
