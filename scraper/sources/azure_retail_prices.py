"""The Azure Retail Prices API: list prices of meters as JSON, without an account, in several currencies; USD is the authoritative one.

It has today's prices with the day each began, nothing older. Odd: in July 2026 it had no row for hotpatching and none for Update Manager,
and an answer without rows is a good answer. It means that the API has no such meter, not that something is free. So each answer states
how many rows it had (``prices_query/...``, field ``rows``), and only a row states a price.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit

from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import clean, iso_date
from hotpatch_kb.scraper.parsing.azure_prices import Number, amount, json_of, plain, service_of
from hotpatch_kb.scraper.parsing.once import once_per_page
from hotpatch_kb.scraper.parsing.statements import distinct, price_subject, quarantined
from hotpatch_kb.scraper.sources import PageSpec

TITLE = "Azure Retail Prices API"
HOME_URL = "https://learn.microsoft.com/en-us/rest/api/cost-management/retail-prices/azure-retail-prices"
LICENCE = "https://www.microsoft.com/en-us/legal/terms-of-use"
PRECEDENCE = 300
DUE_EVERY = "1d"
IS_DATA = True  # for programs
AT_LEAST = 1  # rows; the query itself is one, so that an answer without items is accepted: no row means an unknown price, not 0


class _Query(NamedTuple):
    """The items to ask for: those whose ``column`` contains ``words``; case-sensitive since 2023-01-01-preview."""

    column: str
    words: str


# An item of several queries is stated by the first of them. "otpatch": Hotpatch, hotpatch.
_QUERIES: Final = (
    _Query("productName", "otpatch"),
    _Query("meterName", "otpatch"),
    _Query("productName", "Update Manager"),
    _Query("productName", "Arc"),
    _Query("productName", "Windows Server"),
)
# Not "Archive" or "Search", which have the letters.
_ARC: Final = re.compile(r"\bArc\b")

_HOST: Final = "prices.azure.com"
_PATH: Final = "/api/retail/prices"
_ADDRESS: Final = re.compile(
    rf"https://{re.escape(_HOST)}{_PATH}\?api-version=2023-01-01-preview&currencyCode='(?P<currency>[A-Z]{{3}})'&meterRegion='primary'"
    r"&\$filter=contains\((?P<column>[A-Za-z]+),'(?P<words>[^'&]+)'\)(?:&\$skip=(?P<skip>[0-9]+))?"
)


def _address(currency: str, query: _Query, skip: int = 0) -> str:
    # currencyCode is a parameter of its own: in the filter the API finds nothing (learn Q&A 348412).
    url = f"https://{_HOST}{_PATH}?api-version=2023-01-01-preview&currencyCode='{currency}'&meterRegion='primary'"
    return f"{url}&$filter=contains({query.column},'{quote(query.words)}')" + (f"&$skip={skip}" if skip else "")


PAGES = [
    PageSpec(url, (url,)) for currency in ("USD", "EUR", "JPY") for url in (_address(currency, query) for query in _QUERIES)
]  # fmt: skip

# A page has 1000 items, formerly 100. On 2023-03-10 NextPageLink was empty for everybody (learn Q&A 1188465).
_PAGE_SIZES: Final = frozenset({100, 1000})
# The whole list has about half a million; a longer answer has ignored the filter.
_MOST_ROWS: Final = 100_000

# Amounts for a whole term, though their unit says "1 Hour" (as documented, 2026-11).
SKIPPED_TYPES: Final = frozenset({"Reservation"})
_TYPES: Final = frozenset({"Consumption", "DevTestConsumption"})

# "1/Hour", "1 Hour"; other units stay as they are: "1 GB/Month", "100 Hours"
_UNIT: Final = re.compile(r"1[ /](?P<unit>Hour|Day|Month|Year)")
_LIKE_A_UNIT: Final = re.compile(r"[0-9][0-9.,]*[KM]?\b.*")  # "1", "100 Hours", "1 GB/Month"
# 2024-11-01T00:00:00Z
_TIME: Final = re.compile(r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z")


class _Answer(NamedTuple):
    """The query, and the envelope of its answer."""

    currency: str
    query: _Query
    skip: int
    rows: int
    items: list[dict[str, Any]]
    link: str


def parse(page: Page) -> Iterator[Claim]:
    """Yield the claims of one page of an answer: how many rows it has, and ``price/<service>/-/<product, meter>/...`` of each.

    Raises:
        UnexpectedPage: no envelope of the known shape, another currency than asked, or an item that was not asked for or cannot be read.
    """
    answer = _answer(page)
    yield from distinct(_claims(page, answer))


def follow(page: Page) -> Iterator[PageSpec]:
    """Yield the next page of an answer, if there is one.

    Only ``$skip`` is taken from the link. The rest of the address is ours, so it cannot lead elsewhere or lose the currency.

    Raises:
        UnexpectedPage: the link leads to another host, path or query, or does not advance.
    """
    answer = _answer(page)
    if answer.link:
        skip = _skip_of(answer)
    elif answer.rows in _PAGE_SIZES:
        skip = answer.skip + answer.rows
    else:
        return
    if not answer.skip < skip <= _MOST_ROWS:
        raise UnexpectedPage(f"expected a next page after {answer.skip} rows, up to {_MOST_ROWS}, got {skip} from {page.page_url}")
    url = _address(answer.currency, answer.query, skip)
    yield PageSpec(url, (url,))


@once_per_page
def _answer(page: Page) -> _Answer:
    if not (asked := _ADDRESS.fullmatch(page.page_url)) or (query := _Query(asked["column"], unquote(asked["words"]))) not in _QUERIES:
        raise UnexpectedPage(f"expected an address of this source, got {page.page_url}")
    envelope = json_of(page.body)
    if not isinstance(envelope, dict) or not {"BillingCurrency", "Items", "NextPageLink", "Count"} <= envelope.keys():
        raise UnexpectedPage(f"expected BillingCurrency, Items, NextPageLink and Count, got {str(envelope)[:60]!r}")
    items, count, link = envelope["Items"], envelope["Count"], envelope["NextPageLink"]
    if envelope["BillingCurrency"] != asked["currency"]:
        raise UnexpectedPage(f"expected the currency {asked['currency']}, got {envelope['BillingCurrency']!r}")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise UnexpectedPage(f"expected a list of items, got {str(items)[:60]!r}")
    if not isinstance(count, Number) or count != str(len(items)):
        raise UnexpectedPage(f"expected the Count {len(items)}, got {count!r}")
    if link is not None and (isinstance(link, Number) or not isinstance(link, str)):
        raise UnexpectedPage(f"expected a NextPageLink or null, got {link!r}")
    return _Answer(asked["currency"], query, int((asked["skip"] or "0")[:9]), len(items), items, link or "")


def _skip_of(answer: _Answer) -> int:
    """Return the rows before the next page, from https://prices.azure.com:443/api/retail/prices?$filter=contains(productName,'Arc')&$skip=1000."""
    try:
        parts = urlsplit(answer.link)
        port = parts.port
    except ValueError:
        raise UnexpectedPage(f"expected the address of the next page, got {answer.link[:200]!r}") from None
    if (parts.scheme, parts.hostname, parts.path) != ("https", _HOST, _PATH) or port not in {None, 443} or "@" in parts.netloc:
        raise UnexpectedPage(f"expected the next page at https://{_HOST}{_PATH}, got {answer.link[:200]!r}")
    said = parse_qs(parts.query, keep_blank_values=True)
    ours = {"$filter": [f"contains({answer.query.column},'{answer.query.words}')"], "currencyCode": [answer.currency]}
    for name, value in ours.items():
        # The link may leave out what was asked, or its quotes; it may not say another thing.
        if name in said and [v.strip("'") if name == "currencyCode" else v for v in said[name]] != value:
            raise UnexpectedPage(f"expected the next page of {name}={value[0]}, got {answer.link[:200]!r}")
    skips = said.get("$skip", [])
    if len(skips) != 1 or not re.fullmatch(r"[0-9]{1,9}", skips[0]):
        raise UnexpectedPage(f"expected a next page with $skip, got {answer.link[:200]!r}")
    return int(skips[0])


def _claims(page: Page, answer: _Answer) -> Iterator[Claim]:
    asked = f"{answer.currency}/{answer.query.column} contains {answer.query.words}" + (f"/{answer.skip}" if answer.skip else "")
    yield Claim("Items", f"prices_query/{asked}", "rows", str(answer.rows), str(answer.rows), 0, page.page_url)
    kept, tiered, odd = [], set(), list[tuple[dict[str, Any], UnexpectedPage]]()
    for item in answer.items:
        try:
            if _is_stated(item, answer):
                meter, tier, _ = _meter(item), _tier(item), amount(item.get("retailPrice"))
                kept.append((item, meter))
                if tier != "0":  # The first of several tiers is no price without the others: "0 from 0 units" is not "0".
                    tiered.add(meter)
        except UnexpectedPage as error:
            odd.append((item, error))
    if len(odd) * 2 > len(answer.items):
        raise odd[0][1]
    # The tier of an item that cannot be read is one of the others' all the same.
    odd_tiers = {_names(item) for item, _ in odd if str(item.get("tierMinimumUnits", 0)).rstrip("0.") not in {"", "None"}}
    for row, (item, reason) in enumerate(odd, 1):
        yield from quarantined("Items", "entry", json.dumps(item, ensure_ascii=False, default=str)[:500], reason, row, may_be_release=False)
    for row, (item, meter) in enumerate(kept, 1):
        yield from _price(page, item, row, is_tiered=meter in tiered or _names(item) in odd_tiers)


def _names(item: dict[str, Any]) -> tuple[Any, ...]:
    """Return what tiers of a meter have in common, whatever else of an item cannot be read."""
    return tuple(str(item.get(name)) for name in ("productName", "meterName", "skuName", "armRegionName"))


def _is_stated(item: dict[str, Any], answer: _Answer) -> bool:
    """Return whether an item is a price of this query: of none before it, and of no skipped type."""
    if (currency := item.get("currencyCode")) != answer.currency:
        raise UnexpectedPage(f"expected items in {answer.currency}, got {currency!r}")
    query = answer.query
    # The API may ignore upper and lower case again, as it did before 2023, but not the filter.
    if query.words.casefold() not in _text(item, query.column).casefold():
        raise UnexpectedPage(f"expected items whose {query.column} contains {query.words!r}, got {item[query.column][:60]!r}")
    kind = _text(item, "type")
    if kind not in _TYPES | SKIPPED_TYPES:
        raise UnexpectedPage(f"expected the type {', '.join(sorted(_TYPES | SKIPPED_TYPES))}, got {kind!r}")
    first = next((other for other in _QUERIES if _meets(item, other)), None)
    if query.words == "Arc" and first is None:
        return False
    return kind not in SKIPPED_TYPES and first in {query, None}


def _meets(item: dict[str, Any], query: _Query) -> bool:
    """Return whether the answer to a query surely has an item: by its spelling, since for the API "Hotpatch" is not "HotPatch"."""
    text = _text(item, query.column)
    return _ARC.search(text) is not None if query.words == "Arc" else query.words in text


def _price(page: Page, item: dict[str, Any], row: int, *, is_tiered: bool) -> Iterator[Claim]:
    service, meter, unit, region, _, kind = _meter(item)
    price = amount(item.get("retailPrice"))
    tier = f"from {_tier(item)} units" if is_tiered else ""
    started = _text(item, "effectiveStartDate")
    subject = price_subject(
        service_of(f"{item['productName']} {item['meterName']} {item['serviceName']}") or service,
        "",
        ", ".join(part for part in (meter, "" if kind == "Consumption" else kind, tier) if part),
        item["currencyCode"],
        unit,
        valid_from=_day(started),
        region=region,
    )
    fields = {
        "amount": (plain(price), item["retailPrice"]),
        "valid_from": (_day(started), started),
        "region": (region, item["armRegionName"]),
        "note": (", ".join(part for part in (kind, tier) if part), kind),
    }
    for name, (value, text) in fields.items():
        if value:
            yield Claim("Items", subject, name, value, str(text), row, page.page_url)


def _meter(item: dict[str, Any]) -> tuple[str, str, str, str, str, str]:
    """Return what is priced, without its tier: service, meter, unit, region, day, type."""
    names = [_text(item, "productName"), _text(item, "meterName"), _text(item, "skuName", may_lack=True)]
    unit = _text(item, "unitOfMeasure")
    if not _LIKE_A_UNIT.fullmatch(unit):
        raise UnexpectedPage(f"expected a unit such as 1 Hour, got {unit!r}")
    region = _text(item, "armRegionName", may_lack=True)
    if "/" in region:
        raise UnexpectedPage(f"expected a region such as westeurope, got {region!r}")
    return (
        _text(item, "serviceName"),
        ", ".join(name for name in dict.fromkeys(names) if name),
        match["unit"].lower() if (match := _UNIT.fullmatch(unit)) else unit,
        "" if region.casefold() == "global" else region,
        _day(_text(item, "effectiveStartDate")),
        _text(item, "type"),
    )


def _tier(item: dict[str, Any]) -> str:
    """Return the number of units from which the price holds, 0 for a price without tiers."""
    return plain(amount(item.get("tierMinimumUnits")))


def _text(item: dict[str, Any], name: str, *, may_lack: bool = False) -> str:
    """Return a text of an item; where it may lack, "" for an empty one and for null."""
    value = item.get(name, Number())
    if may_lack and value is None:
        return ""
    if isinstance(value, Number) or not isinstance(value, str):
        raise UnexpectedPage(f"expected the text {name} of an item, got {str(item)[:120]!r}")
    text = clean(value)
    # JSON may have a lone surrogate, which cannot be stored.
    if not text.isprintable() or not (text or may_lack):
        raise UnexpectedPage(f"expected a readable {name} of an item, got {value[:60]!r}")
    return text


def _day(text: str) -> str:
    if not (match := _TIME.fullmatch(text)):
        raise UnexpectedPage(f"expected a time such as 2024-11-01T00:00:00Z, got {text!r}")
    return iso_date(match["day"])
