"""Prices from Azure's pricing pages and from the Retail Prices API (cases 37 to 39)."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import respx
from conftest import Command
from helpers.dumps import query
from rendered.azure_pricing import ARC, SERVER, UPDATE_MANAGER, data_cell, page, row, table
from rendered.azure_retail_prices import address, answer, item

from hotpatch_kb.db.claims.checks import check_page, count, refusal
from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.scraper.parsing.azure_prices import Number, amount, plain, services_in
from hotpatch_kb.scraper.sources import registry

SERVER_PRICE = "price/Azure Update Manager/-/Azure Arc-enabled server/USD server per month/-/-"
HOTPATCH_PRICE = "price/Hotpatch/ws2025/Azure Arc-enabled server/USD core per month/-/-"
QUERY = address("Arc")


def _page(source: str, url: str, body: str | bytes) -> Page:
    return Page(source, url, url, url, "2026-07-30T12:00:00Z", 200, body.encode() if isinstance(body, str) else body)


def _amounts(body: str, url: str = ARC) -> dict[str, str | None]:
    return {c.subject: c.value for c in registry()["azure_pricing"].parse(_page("azure_pricing", url, body)) if c.field == "amount"}


def _arc(*parts: str) -> dict[str, str | None]:
    return _amounts(page("Azure Arc", *parts))


def _retail(body: str | bytes, url: str = QUERY) -> dict[str, dict[str, str | None]]:
    found: dict[str, dict[str, str | None]] = defaultdict(dict)
    for claim in registry()["azure_retail_prices"].parse(_page("azure_retail_prices", url, body)):
        found[claim.subject][claim.field] = claim.value
    return found


def _next(body: str, url: str = QUERY) -> list[str]:
    return [spec.page_url for spec in registry()["azure_retail_prices"].follow(_page("azure_retail_prices", url, body))]


# --- the pricing pages ----------------------------------------------------------------------------------------------


def test_the_constructed_cells_are_read_from_their_attributes(shared: Path) -> None:
    sample = (shared / "samples" / "constructed" / "azure-pricing-cell.html").read_text(encoding="utf-8")
    by_region, by_currency, literal = re.findall(r"<td.*?</td>", sample, re.DOTALL)
    assert _arc("<h2>Services</h2>", table(["Service", "Price"], row("Licence", by_region), row("Update Manager", by_currency))) == {
        "price/Services/-/Licence/USD hour/-/-/us-east": "0.029",
        "price/Services/-/Licence/USD hour/-/-/europe-west": "0.030",
        SERVER_PRICE: "5.00",
    }
    assert _arc(table(["Service", "Price"], row("Update Manager", literal))) == {SERVER_PRICE: "5"}


def test_the_price_of_a_page_has_the_name_of_the_price_in_the_facts() -> None:
    """So that a page that no longer says 5 disagrees with the document that does."""
    facts = Path(__file__).parent.parent / "db" / "seed" / "facts" / "prices.tsv"
    stated = registry()["facts_prices"].parse(_page("facts_prices", "db/seed/facts/prices.tsv", facts.read_bytes()))
    subjects = {claim.subject for claim in stated}
    assert SERVER_PRICE in subjects
    assert SERVER_PRICE.replace("server/USD server per month", "server, a day/USD server per day") in subjects
    assert any(subject.startswith(HOTPATCH_PRICE.removesuffix("-")) for subject in subjects)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("$5/server/month", ("5", "server per month")),
        ("$5 per server per month", ("5", "server per month")),
        ("$5<br>/ Azure Arc-enabled server / mo", ("5", "server per month")),
        ("US$1,234.50 per core/year*", ("1234.50", "core per year")),
        ("$0.046/hour<sup>2</sup>", ("0.046", "hour")),
        ("$5", ("5", "")),
        ("Free", ("0", "")),
        ("included", ("0", "")),
    ],
)
def test_literal_prices(cell: str, found: tuple[str, str]) -> None:
    value, unit = found
    assert _arc("<h2>H</h2>", table(["Name", "Price"], row("Thing", cell))) == {f"price/H/-/Thing/{f'USD {unit}'.strip()}/-/-": value}


@pytest.mark.parametrize(
    "cell", ["N/A", "$-", "—", "", "Free*", "Free<sup>1</sup>", "Free for one year", "Included with Plan 2", "Contact us"]
)
def test_what_is_no_price_is_unknown_and_not_nothing(cell: str) -> None:
    other = row("Other", "$6/server/month")
    assert _arc("<h2>H</h2>", table(["Name", "Price"], row("Thing", cell), other)) == {"price/H/-/Other/USD server per month/-/-": "6"}


@pytest.mark.parametrize(
    "cell",
    [
        "$5-$10/hour",
        "From $5/hour",
        "$5/widget/month",
        "CA$5/hour",
        "5 €/hour",
        "$1.2.3/hour",
        "First 5 free, then $2/gb",
        "$5/hour or $6/hour",
    ],
)
def test_an_amount_that_cannot_be_read_is_refused(cell: str) -> None:
    with pytest.raises(UnexpectedPage, match=r"expected (a price such as|one price for a unit)"):
        _arc(table(["Name", "Price"], row("Thing", cell)))


def test_rounding_makes_nothing_free() -> None:
    cells = {
        "noise": data_cell({"currencies": {"USD": 0.030240000000000003}}, decimals=3, hour="{0}/hour"),
        "small": data_cell({"currencies": {"USD": 0.0004}}, decimals=2, hour="{0}/hour"),
        "none": data_cell({"currencies": {"USD": 0}}, decimals=2, hour="{0}/hour"),
        "half": data_cell({"currencies": {"USD": 0.125}}, decimals=2, hour="{0}/hour"),
        "whole": data_cell({"currencies": {"USD": 0.0004}}, decimals=None, hour="{0}/hour"),
        "yen": data_cell({"currencies": {"JPY": 725}}, decimals=0, month="{0}/server/month"),
    }
    assert _arc("<h2>H</h2>", table(["Name", "Price"], *(row(name, cell) for name, cell in cells.items()))) == {
        "price/H/-/noise/USD hour/-/-": "0.030",
        "price/H/-/small/USD hour/-/-": "0.0004",
        "price/H/-/none/USD hour/-/-": "0.00",
        "price/H/-/half/USD hour/-/-": "0.13",
        "price/H/-/whole/USD hour/-/-": "0.0004",
        "price/H/-/yen/JPY server per month/-/-": "725",
    }


def test_units_from_formats_the_header_and_the_cell() -> None:
    amounts = {"currencies": {"USD": 5}}
    assert _arc(
        "<h2>H</h2>",
        table(
            ["Name", "Price (per CPU core per month)"],
            row("both", data_cell(amounts, decimals=0, month="{0}/month", hour="{0}/hour")),
            row("month", data_cell(amounts, decimals=0, month="{0} / Arc-enabled server / month")),
            row("header", data_cell(amounts, decimals=0)),
            row("header of a text", "$5"),
            row("cell", data_cell(amounts, decimals=0).replace("</td>", "/server/month</td>")),
        ),
        table(["Name", "Price per 10 widgets per month"], row("unknown", "$5")),
    ) == {
        "price/H/-/both/USD hour/-/-": "5",
        "price/H/-/month/USD server per month/-/-": "5",
        "price/H/-/header/USD core per month/-/-": "5",
        "price/H/-/header of a text/USD core per month/-/-": "5",
        "price/H/-/cell/USD server per month/-/-": "5",
        "price/H/-/unknown/USD/-/-": "5",
    }


def test_rows_that_several_cells_name() -> None:
    body = (
        "<table><tr><th>+</th><th>Edition</th><th>Term</th><th colspan=2>Price</th></tr>"
        "<tr><td></td><td rowspan=2>Standard</td><td>month</td><td>$1/core/month</td><td>$2/core/month</td></tr>"
        "<tr><td></td><td>year</td><td>$3/core/month</td><td>N/A</td></tr>"
        "<tr><td colspan=5>Other editions</td></tr>"
        "<tr><td></td><td>Datacenter</td><td>month</td><td colspan=2>$4/core/month</td></tr></table>"
    )
    assert list(_arc("<h2>H</h2>", body).items()) == [
        ("price/H/-/Standard, Price/USD core per month/-/-", "1"),
        ("price/H/-/Other editions, Datacenter, Price/USD core per month/-/-", "4"),
    ]
    claims = list(registry()["azure_pricing"].parse(_page("azure_pricing", ARC, page("Azure Arc", "<h2>H</h2>", body))))
    assert [(c.field, c.value, c.row) for c in claims] == [
        ("amount", "1", 0),
        ("amount#2", "2", 0),
        ("amount#3", "3", 1),
        ("amount", "4", 2),
    ]


def test_machines_of_azure_and_conditions_are_other_meters() -> None:
    found = _amounts(
        page(
            "Azure Update Manager",
            table(
                ["Operation", "Azure machines", "Azure Arc-enabled machines"],
                row("Patching", "$0/server/month", "$5/server/month"),
                row("Patching with Extended Security Updates", "Free", "Free"),
                row("Azure Monitor", "Free", "$7/server/month"),
            ),
        ),
        UPDATE_MANAGER,
    )
    service, heading = "price/Azure Update Manager/-/", "price/Azure Update Manager pricing/-/"
    assert {name: value for name, value in found.items() if name.startswith(service)} == {
        f"{service}Patching, Azure machines/USD server per month/-/-": "0",
        SERVER_PRICE: "5",
        f"{service}Patching with Extended Security Updates, Azure machines/USD/-/-": "0",
        f"{service}Patching with Extended Security Updates, Azure Arc-enabled machines/USD/-/-": "0",
    }
    assert len(found) == 6
    assert all(name.startswith((service, heading, "price/Azure Monitor/-/")) for name in found)


def test_a_name_of_a_row_or_column_is_no_price() -> None:
    found = _arc(
        "<h2>H</h2>", "<table><tr><td>Tier</td><td>Free</td><td>Paid</td></tr><tr><td>Free</td><td>N/A</td><td>$5/hour</td></tr></table>"
    )
    assert found == {"price/H/-/Free/USD hour/-/-": "5"}


def test_hotpatching_on_an_azure_vm_is_not_the_meter_of_arc() -> None:
    assert _arc(
        "<h2>Hotpatch</h2>",
        table(
            ["Machine", "Price per core/month"],
            row("Windows Server 2025 by Azure Arc", "$1.50"),
            row("Windows Server 2022 on an Azure VM", "Included"),
            row("Azure VM", "Included"),
        ),
    ) == {
        HOTPATCH_PRICE: "1.50",
        "price/Hotpatch/ws2022/Windows Server 2022 on an Azure VM/USD core per month/-/-": "0",
        "price/Hotpatch/-/Azure VM/USD core per month/-/-": "0",
    }


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("Azure Update Manager costs $5/server/month for Arc-enabled servers.", {SERVER_PRICE: "5"}),
        ("Hotpatching is a subscription at $1.50 USD per CPU core per month.", {HOTPATCH_PRICE: "1.50"}),
        ("It costs $5/server/month.", {}),  # the heading names no service
        ("Update Manager was $5/server/month.", {}),
        ("Update Manager costs up to $5/server/month.", {}),
        ("Hotpatching costs $1.50/core/month until May 19, 2026.", {}),
        ("For example, ten servers with Update Manager at $5/server/month cost $50/month.", {}),
        ("Update Manager is part of Defender for Servers Plan 2 at $15/server/month.", {}),
        ("Update Manager and guest configuration are $11/server/month.", {}),
        ("Update Manager needs a $200 credit.", {}),
        ("Update Manager is $5/server/month/widget.", {}),
    ],
)
def test_prose_is_read_where_it_is_plain(sentence: str, found: dict[str, str]) -> None:
    other = table(["Name", "Price"], row("Thing", "$9/hour"))
    stated = _arc("<h2>H</h2>", other, f"<ul><li><p>More. {sentence} More.</p></li></ul>")
    assert stated == {"price/H/-/Thing/USD hour/-/-": "9", **found}


def test_prose_below_a_heading_that_names_the_service() -> None:
    assert _arc("<h3>Azure Update Manager</h3><p>It costs $5/server/month.</p>") == {SERVER_PRICE: "5"}


def test_an_amount_outside_of_tables() -> None:
    card = SERVER.replace("<td>", "<p>").replace("</td>", " for Arc-enabled servers</p>")
    assert _arc("<h3>Azure Update Manager</h3>", card) == {SERVER_PRICE: "5.00"}


@pytest.mark.parametrize(
    "amounts",
    ["", "5", "[]", "{}", '{"regional":{}}', '{"regional":[5]}', '{"regional":{"US East":5}}', '{"currencies":{"usd":5}}', '{"currencies":{"USD":null}}',
     '{"currencies":{"USD":true}}', '{"currencies":{"USD":1e999}}', '{"currencies":{"USD":1e-99}}', '{"currencies":{"USD":Infinity}}', '{"USD":5}', "[" * 9999],
)  # fmt: skip
def test_amounts_of_another_shape_are_refused(amounts: str) -> None:
    with pytest.raises(UnexpectedPage, match=r"^expected (JSON|the amounts|amounts by|an amount)"):
        _arc(table(["Name", "Price"], row("Update Manager", data_cell(amounts, month="{0}/server/month"))))


@pytest.mark.parametrize("published", ["{0}", "{0}/", "/month", "{1}/month", "{0}/hour", "{0} /hó"])
def test_a_format_of_a_unit_that_is_not_known_is_refused(published: str) -> None:
    with pytest.raises(UnexpectedPage, match=r"expected data-month-format such as \{0\}/month"):
        _arc(table(["Name", "Price"], row("Update Manager", data_cell({"currencies": {"USD": 5}}, month=published))))


def test_a_table_that_is_too_wide_is_refused() -> None:
    """Cells that span everything would make a grid of 20 million."""
    with pytest.raises(UnexpectedPage, match="expected a table of at most 100 columns"):
        _arc(f"<table>{'<tr><td colspan=100000 rowspan=100000>$5/hour</td></tr>' * 2000}</table>")


# --- the Retail Prices API ------------------------------------------------------------------------------------------


def test_the_constructed_answers_are_read(shared: Path) -> None:
    folder = shared / "samples" / "constructed"
    name = "price/Azure Arc-enabled Servers/-/Az Arc Pay As You Go Windows Server, {}/-/2024-11-01"
    body = (folder / "retail-prices-arc-windows-server.json").read_text(encoding="utf-8")
    assert _retail(body) == {
        "prices_query/USD/productName contains Arc": {"rows": "2"},
        name.format("1 Core License/USD hour"): {"amount": "0.046", "valid_from": "2024-11-01", "note": "Consumption"},
        name.format("Azure Management License/USD month"): {"amount": "0", "valid_from": "2024-11-01", "note": "Consumption"},
    }
    assert _next(body) == [address("Arc", skip=1000)]
    empty = (folder / "retail-prices-empty.json").read_text(encoding="utf-8")
    assert _retail(empty, address("otpatch")) == {"prices_query/USD/productName contains otpatch": {"rows": "0"}}
    assert _next(empty, address("otpatch")) == []


def test_no_row_is_accepted_and_is_no_price() -> None:
    """Case 39."""
    source = registry()["azure_retail_prices"]
    asked = _page("azure_retail_prices", address("otpatch"), answer())
    claims = list(source.parse(asked))
    assert [(c.subject, c.field, c.value) for c in claims] == [("prices_query/USD/productName contains otpatch", "rows", "0")]
    assert refusal(check_page(asked, claims, now=count(claims), before={}, at_least=source.at_least)) is None


@pytest.mark.fault("prices that vanish")
def test_an_answer_that_loses_its_rows_is_refused_until_someone_looked() -> None:
    """An answer has no rows where it had nine; its check refuses the page."""
    source = registry()["azure_retail_prices"]
    before = list(source.parse(_page("azure_retail_prices", QUERY, answer(*(item("Azure Arc", f"Meter {n}", 1.0) for n in range(9))))))
    asked = _page("azure_retail_prices", QUERY, answer())
    after = list(source.parse(asked))
    note = refusal(check_page(asked, after, now=count(after), before=count(before), at_least=source.at_least))
    assert note == "expected about 10 rows in 'Items', got 1"


def test_every_query_is_asked_in_every_currency() -> None:
    urls = [spec.page_url for spec in registry()["azure_retail_prices"].pages]
    assert len(urls) == 15
    assert address("Update Manager", currency="JPY") in urls
    assert not any(" " in url for url in urls)
    for url in urls:
        currency = re.search(r"currencyCode='(\w+)'", url)
        assert currency
        assert len(_retail(answer(currency=currency[1]), url)) == 1


def test_each_item_is_stated_by_one_query() -> None:
    """One that meets several is left to the first, as it is spelt: the API would not find "HotPatch" for "otpatch"."""
    items = [
        item("Az Arc Windows Server", "Hotpatch", 1.0),
        item("Az Arc Windows Server", "HotPatch", 2.0),
        item("Az Arc Windows Server", "Core", 3.0),
        item("Windows Server Archive", "Core", 4.0),
    ]
    stated = {
        words: [
            fields["amount"] for name, fields in _retail(answer(*of), address(words, column=column)).items() if name.startswith("price/")
        ]
        for words, column, of in (
            ("otpatch", "meterName", items[:1]),
            ("Arc", "productName", items),
            ("Windows Server", "productName", items),
        )
    }
    assert stated == {"otpatch": ["1"], "Arc": ["2", "3"], "Windows Server": ["4"]}


def test_hotpatch_and_update_manager_are_known_by_their_products() -> None:
    hotpatch = item("Windows Server Hotpatch", "Core", 1.5, unitOfMeasure="1/Month")
    assert list(_retail(answer(hotpatch), address("otpatch"))) == [
        "prices_query/USD/productName contains otpatch",
        "price/Hotpatch/-/Windows Server Hotpatch, Core/USD month/-/2025-01-01",
    ]


@pytest.mark.parametrize(
    ("published", "unit"),
    [
        ("1/Hour", "hour"),
        ("1 Hour", "hour"),
        ("1/Day", "day"),
        ("1/Month", "month"),
        ("1 GB/Month", "1 GB per Month"),
        ("100 Hours", "100 Hours"),
    ],
)
def test_units_of_the_api(published: str, unit: str) -> None:
    assert f"price/S/-/Arc, M/USD {unit}/-/2025-01-01" in _retail(answer(item("Arc", "M", 1.0, unitOfMeasure=published, serviceName="S")))


def test_a_first_tier_is_no_price_without_the_others() -> None:
    tiers = [item("Arc", "M", price, tierMinimumUnits=tier, serviceName="S") for tier, price in ((0.0, 0.0), (100.0, 2.0))]
    assert {name: fields.get("amount") for name, fields in _retail(answer(*tiers)).items() if name.startswith("price/")} == {
        "price/S/-/Arc, M, from 0 units/USD hour/-/2025-01-01": "0",
        "price/S/-/Arc, M, from 100 units/USD hour/-/2025-01-01": "2",
    }


def test_a_tier_that_cannot_be_read_leaves_the_others_what_they_are() -> None:
    """The first tier of 0 is not a price of nothing because the next one is in quarantine."""
    tiers = [item("Arc", "M", price, tierMinimumUnits=tier, serviceName="S") for tier, price in ((0.0, 0.0), (100.0, 2.0))]
    whole = {name for name in _retail(answer(*tiers)) if name.startswith("price/")}
    for change in ({"unitOfMeasure": "??"}, {"type": "??"}, {"effectiveStartDate": "soon"}):
        left = {
            name
            for name in _retail(answer(tiers[0], tiers[1] | change, item("Arc", "N", 1.0), item("Arc", "O", 1.0)))
            if "M, from" in name or "/M/" in name
        }
        assert left < whole
        assert len(left) == 1


def test_reservations_are_skipped_and_other_types_are_named() -> None:
    """A reservation's price is that of its whole term, whatever its unit says."""
    rows = [item("Arc", "M", price, type=kind, serviceName="S") for kind, price in (("Reservation", 900.0), ("DevTestConsumption", 1.0))]
    assert _retail(answer(*rows)) == {
        "prices_query/USD/productName contains Arc": {"rows": "2"},
        "price/S/-/Arc, M, DevTestConsumption/USD hour/-/2025-01-01": {
            "amount": "1",
            "valid_from": "2025-01-01",
            "note": "DevTestConsumption",
        },
    }


LINK = "https://prices.azure.com:443/api/retail/prices"


@pytest.mark.parametrize(
    ("link", "url"),
    [
        (f"{LINK}?$filter=contains(productName,'Arc')&$skip=1000", address("Arc", skip=1000)),
        (f"{LINK}?api-version=2023-01-01-preview&$filter=contains(productName%2C%27Arc%27)&$skip=1000", address("Arc", skip=1000)),
        (f"{LINK}?currencyCode=USD&$filter=contains(productName,'Arc')&%24skip=100", address("Arc", skip=100)),
        (LINK.replace(":443", "") + "?$skip=2000", address("Arc", skip=2000)),
    ],
)
def test_the_next_page_is_asked_at_our_own_address(link: str, url: str) -> None:
    assert _next(answer(link=link)) == [url]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/retail/prices?$skip=1000",
        "https://prices.azure.com.evil.example/api/retail/prices?$skip=1000",
        "https://user@prices.azure.com/api/retail/prices?$skip=1000",
        "https://prices.azure.com:8443/api/retail/prices?$skip=1000",
        "https://prices.azure.com:x/api/retail/prices?$skip=1000",
        "https://[/api/retail/prices?$skip=1000",
        "http://prices.azure.com/api/retail/prices?$skip=1000",
        "https://prices.azure.com/api/other?$skip=1000",
        f"{LINK}?$filter=contains(productName,'Azure')&$skip=1000",
        f"{LINK}?currencyCode='EUR'&$skip=1000",
        f"{LINK}?$skip=",
        f"{LINK}?$skip=-1000",
        f"{LINK}?$skip=1000&$skip=2000",
        f"{LINK}?$skip=٣",
        f"{LINK}?$skip=200000",
        f"{LINK}?$skiptoken=1000",
        f"{LINK}?$skip=0",
        "next",
    ],
)
@pytest.mark.fault("a next page on another host")
def test_a_link_that_leads_elsewhere_is_refused(link: str) -> None:
    """NextPageLink leads elsewhere; refused, it is never asked for."""
    with pytest.raises(UnexpectedPage, match=r"^expected "):
        _next(answer(link=link))


@pytest.mark.fault("a next page that does not advance")
def test_a_link_that_does_not_advance_is_refused() -> None:
    """NextPageLink goes back or stays; refused."""
    for skip in (1000, 999):
        with pytest.raises(UnexpectedPage, match=f"expected a next page after 1000 rows, up to 100000, got {skip}"):
            _next(answer(link=f"{LINK}?$skip={skip}"), address("Arc", skip=1000))


@pytest.mark.parametrize("link", [None, ""])
def test_a_full_page_without_a_link_has_a_next_one(link: str | None) -> None:
    """On 2023-03-10 NextPageLink was empty for everybody."""
    rows = [item("Arc", f"M{n}", 1.0) for n in range(1000)]
    assert _next(answer(*rows, link=link)) == [address("Arc", skip=1000)]
    assert _next(answer(*rows, link=link), address("Arc", skip=1000)) == [address("Arc", skip=2000)]
    assert _next(answer(*rows[:100], link=link)) == [address("Arc", skip=100)]
    assert _next(answer(*rows[:999], link=link)) == []
    assert _next(answer(link=link)) == []


def test_following_ends() -> None:
    with pytest.raises(UnexpectedPage, match="expected a next page after 99500 rows, up to 100000, got 100500"):
        _next(answer(*[item("Arc", "M", 1.0)] * 1000), address("Arc", skip=99_500))


@pytest.mark.parametrize(
    "url", ["https://prices.azure.com/api/retail/prices", address("Linux"), address("Arc", currency="usd"), address("Arc") + "&x=1"]
)
def test_an_address_that_is_not_ours_is_refused(url: str) -> None:
    with pytest.raises(UnexpectedPage, match="expected an address of this source"):
        _retail(answer(), url)


@pytest.mark.parametrize("name", sorted(item("Arc", "M", 1.0)))
def test_a_field_that_is_read_may_not_be_missing_or_of_another_type(name: str) -> None:
    unread = {"unitPrice", "location", "isPrimaryMeterRegion"}
    for change in ("missing", 7, [], {}, True):
        found: dict[str, Any] = item("Arc", "M", 1.0)
        if change == "missing":
            del found[name]
        else:
            found[name] = change
        if name in unread or (change == 7 and name in {"retailPrice", "tierMinimumUnits"}):
            assert len(_retail(answer(found))) == 2
        else:
            with pytest.raises(UnexpectedPage, match=r"^expected "):
                _retail(answer(found))


# --- both -----------------------------------------------------------------------------------------------------------


def test_numbers_keep_their_digits() -> None:
    assert [plain(amount(Number(text))) for text in ("0.0", "-0", "0.046", "1E-5", "100.0", "0.030240000000000003")] == [
        "0", "0", "0.046", "0.00001", "100", "0.030240000000000003",
    ]  # fmt: skip
    for refused in (Number("1e15"), Number("-1"), Number("NaN"), Number("1e99999999999999999999"), "5", 5, None, Decimal(5)):
        with pytest.raises(UnexpectedPage, match=r"^expected an amount"):
            amount(refused)


def test_names_of_services() -> None:
    assert [
        services_in(text) for text in ("Azure update management center", "Automation Update Management", "Hot-patching, Update Manager")
    ] == [
        ["Azure Update Manager"],
        [],
        ["Azure Update Manager", "Hotpatch"],
    ]


@pytest.mark.parametrize(("source", "url"), [("azure_pricing", ARC), ("azure_retail_prices", QUERY)])
@pytest.mark.fault("a price list that breaks off")
def test_a_page_that_breaks_off_is_refused_or_read_whole_rows(source: str, url: str) -> None:
    """A page ends early at many places; refused, or its whole rows are read."""
    body = {
        "azure_pricing": page(
            "Azure Arc", table(["Name", "Price"], row("Update Manager", SERVER), row("Guest configuration", "$6/server/month"))
        ),
        "azure_retail_prices": json.dumps(json.loads(answer(item("Arc", "M", 1.0)))),
    }[source].encode()
    whole = {(c.section, c.subject, c.field, c.value) for c in registry()[source].parse(_page(source, url, body))}
    for end in range(len(body)):
        try:
            claims = list(registry()[source].parse(_page(source, url, body[:end])))
        except UnexpectedPage:
            claims = []
        cut = {(c.section, c.subject, c.field, c.value) for c in claims}
        # "$6/server" of "$6/server/month" cannot be told from a price.
        assert cut <= whole or b"$6" in body[:end]


def test_a_full_page_without_a_link_is_followed_by_the_next(run: Command, tmp_path: Path, web: respx.MockRouter) -> None:
    """1,000 rows and no link: as for everybody on 2023-03-10. A page that is not full is the last."""
    price = item("Azure Arc Windows Server", "1 Core License", 0.046)
    full = answer(*(price | {"meterId": f"m{n}", "meterName": f"Meter {n}"} for n in range(1000)))
    prices = {"host": "prices.azure.com", "params__contains": {"currencyCode": "'USD'", "$filter": "contains(productName,'Arc')"}}
    second = web.get(**prices, url__regex=r"&\$skip=1000$", name="second page").respond(json=json.loads(answer(price)))
    third = web.get(**prices, url__regex=r"&\$skip=", name="any other").respond(404)
    first = web.get(**prices, name="first page").respond(json=json.loads(full))
    for currency in ("USD", "EUR", "JPY"):
        web.get(host="prices.azure.com", params__contains={"currencyCode": f"'{currency}'"}).respond(
            json=json.loads(answer(currency=currency))
        )
    done = run("crawl", "--db", "x.db", "--no-seed", "--source", "azure_retail_prices", "--json")
    assert (done.code, first.call_count, second.call_count, third.call_count) == (0, 1, 1, 0)
    meters = query(tmp_path / "x.db", "select count(*) from prices where meter like 'Azure Arc Windows Server%'")
    assert meters == [(1001,)]
