"""Prices from announcements, documents and posts, which no crawler can read again: each as its source states it, disagreements included.

A table in the package (``db/seed/facts/prices.tsv``). Hotpatching of an Arc-enabled Windows Server 2025 was free in preview, cost
1.50 USD per core and month from July 2025, and has been free since May 2026; sources disagree on both days, and on what a virtual machine
counted as: its virtual cores (Microsoft's announcement of 2025-04-24) or one core (a blog of 2025-07-10).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import iso_date_or_month
from hotpatch_kb.scraper.parsing.statements import distinct, price_subject
from hotpatch_kb.scraper.sources import PageSpec
from hotpatch_kb.scraper.sources.embedded import records

TITLE = "Prices from announcements and documents"
HOME_URL = "https://learn.microsoft.com/en-us/azure/update-manager/update-manager-faq"
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"
PRECEDENCE = 300
DUE_EVERY = "never"
AT_LEAST = 10
COLLECTED = "2026-11-26T00:00:00Z"
PAGES = [PageSpec("db/seed/facts/prices.tsv", ("prices.tsv",))]

_COLUMNS = (
    "service", "product", "meter", "unit", "currency", "condition", "amount", "valid_from", "valid_to", "note", "trust", "source_url",
)  # fmt: skip
# Who pays a price; "" is the price without a condition.
CONDITIONS = frozenset({"", "defender_p2", "software_assurance", "esu", "azure_local"})

# What a virtual machine counts as, where a price is by core; "" where the source does not say.
VIRTUAL_MACHINES = frozenset({"", "virtual_cores", "one_core"})


def parse(page: Page) -> Iterator[Claim]:
    """Yield the claims of ``price/<service>/<product>/<meter>/<currency> <unit>/<condition>/<valid_from>``, one section per address that states them.

    Raises:
        UnexpectedPage: an amount, date, condition or what a virtual machine counts as cannot be read.
    """
    yield from distinct(_rows(page))


def _rows(page: Page) -> Iterator[Claim]:
    for row, record in records(page, *_COLUMNS):
        if record["condition"] not in CONDITIONS:
            raise UnexpectedPage(f"expected a condition ({', '.join(sorted(CONDITIONS))}), got {record['condition']!r}")
        machine = record.get("virtual_machine", "")  # a table of before 2026-11-26, in an archive, has no such column
        if machine not in VIRTUAL_MACHINES:
            raise UnexpectedPage(f"expected what a virtual machine counts as ({', '.join(sorted(VIRTUAL_MACHINES))}), got {machine!r}")
        fields = {
            "amount": _amount(record["amount"]),
            "valid_from": _day(record["valid_from"]),
            "valid_to": _day(record["valid_to"]),
            "virtual_machine": machine,
            "note": record["note"],
            "trust": record["trust"],
        }
        subject = price_subject(
            record["service"],
            record["product"],
            record["meter"],
            record["currency"],
            record["unit"],
            condition=record["condition"],
            valid_from=record["valid_from"],
        )
        for name, value in fields.items():
            if value:
                yield Claim(record["source_url"], subject, name, value, record[name], row, record["source_url"])


def _amount(text: str) -> str:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise UnexpectedPage(f"expected an amount such as 1.50, got {text!r}") from None
    if not amount.is_finite() or amount < 0:
        raise UnexpectedPage(f"expected an amount of 0 or more, got {text!r}")
    return f"{amount:f}"


def _day(text: str) -> str:
    """Return an ISO date; of a month its first day, "" where it is not known."""
    day = iso_date_or_month(text) if text else ""
    return f"{day}-01" if len(day) == 7 else day
