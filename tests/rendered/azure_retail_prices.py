"""Answer of the Retail Prices API, with and without rows, and their faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from helpers.rendering import Rendered

# Changes of which one thing is quarantined and the rest is read; the others refuse the page.
_QUARANTINED = frozenset(
    {
        "not-a-number",
    }
)

NEXT = "https://prices.azure.com:443/api/retail/prices?api-version=2023-01-01-preview&$filter=contains(productName,'Arc')&$skip={}"


def address(words: str, *, currency: str = "USD", column: str = "productName", skip: int = 0) -> str:
    """The address of a query."""
    return (
        f"https://prices.azure.com/api/retail/prices?api-version=2023-01-01-preview&currencyCode='{currency}'&meterRegion='primary'"
        f"&$filter=contains({column},'{quote(words)}')" + (f"&$skip={skip}" if skip else "")
    )


def item(product: str, meter: str, price: float, **others: Any) -> dict[str, Any]:
    """A row of an answer, with other values of its fields where they matter."""
    return {
        "currencyCode": "USD", "tierMinimumUnits": 0.0, "retailPrice": price, "unitPrice": price, "armRegionName": "", "location": "",
        "effectiveStartDate": "2025-01-01T00:00:00Z", "meterName": meter, "productName": product, "skuName": meter,
        "serviceName": "Azure Arc-enabled Servers", "unitOfMeasure": "1/Hour", "type": "Consumption", "isPrimaryMeterRegion": True, **others,
    }  # fmt: skip


def answer(*items: dict[str, Any], currency: str = "USD", link: str | None = None, **others: Any) -> str:
    """An envelope with rows."""
    envelope = {
        "BillingCurrency": currency, "CustomerEntityId": "Default", "CustomerEntityType": "Retail", "Items": list(items),
        "NextPageLink": link, "Count": len(items), **others,
    }  # fmt: skip
    return json.dumps(envelope, indent=1) + "\n"


def arc() -> list[dict[str, Any]]:
    """Rows of Azure Arc: units, regions, tiers, types."""
    product = "Az Arc Pay As You Go Windows Server"
    kubernetes = {"serviceName": "Azure Arc-enabled AKS", "unitOfMeasure": "1/Day"}
    return [
        item(product, "1 Core License", 0.046),
        item(product, "Azure Management License", 0.0, unitOfMeasure="1/Month", armRegionName="Global"),
        item("Azure Arc-enabled AKS", "vCPU", 0.0, **kubernetes, armRegionName="westeurope", skuName="Standard"),
        item("Azure Arc-enabled AKS", "Data", 0.0, serviceName="Azure Arc-enabled AKS", unitOfMeasure="1 GB/Month"),
        item("Azure Arc-enabled AKS", "Data", 2.76, serviceName="Azure Arc-enabled AKS", unitOfMeasure="1 GB/Month", tierMinimumUnits=5.0),
        item(product, "1 Core License", 0.02, type="DevTestConsumption"),
        item(product, "1 Core License", 300.0, type="Reservation", reservationTerm="1 Year"),
        item("Archive Search", "1 Core License", 9.0, serviceName="Storage"),
    ]


def pages() -> Iterator[Rendered]:
    """Every page."""
    url = address("Arc")
    good = answer(*arc())
    yield Rendered("arc.json", url, answer(*arc(), link=NEXT.format(1000)))
    yield Rendered("none.json", address("otpatch", column="meterName"), answer())
    yield Rendered("none-in-yen-after-1000.json", address("Arc", currency="JPY", skip=1000), answer(currency="JPY"))
    manager = item(
        "Azure Update Manager", "Arc Server", 4.61, currencyCode="EUR", unitOfMeasure="1/Month", serviceName="Azure Update Manager"
    )
    yield Rendered("update-manager-in-euro.json", address("Update Manager", currency="EUR"), answer(manager, currency="EUR"))
    left = [item("Windows Server Standard", "Core", 1.0, unitOfMeasure="1 Hour"), arc()[0] | {"meterName": "left to the query for Arc"}]
    yield Rendered("windows-server.json", address("Windows Server"), answer(*left))
    changed = {
        "price": {"retailPrice": -0.046},
        "price-as-text": {"retailPrice": "0.046"},
        "tier": {"tierMinimumUnits": None},
        "date": {"effectiveStartDate": "2025-02-30T00:00:00Z"},
        "type": {"type": "SavingsPlan"},
        "currency-of-an-item": {"currencyCode": "EUR"},
        "region": {"armRegionName": "west/europe"},
        "name": {"meterName": "\ud800"},
        "not-asked-for": {"productName": "Virtual Machines"},
    }
    faults = {
        "html": "<html>Service unavailable</html>",
        "empty": "",
        "list": "[]\n",
        "envelope": good.replace('"Items"', '"Rows"'),
        "renamed": good.replace('"retailPrice"', '"listPrice"'),
        "not-a-number": good.replace("0.046", "Infinity"),
        "currency": answer(currency="EUR"),
        "count": answer(*arc(), Count=9),
        "items": answer(Items={}),
    } | {name: answer(arc()[0] | fields) for name, fields in changed.items()}
    for name, body in faults.items():
        yield Rendered(f"{'quarantined' if name in _QUARANTINED else 'refused'}-{name}.json", url, body)
