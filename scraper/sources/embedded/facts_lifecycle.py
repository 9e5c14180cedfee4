"""Support and hotpatching dates that no page has in a table: mainstream dates that Learn replaced by "End of updates", and when hotpatching begins and ends.

A table in the package (``db/seed/facts/lifecycle.tsv``), each row with its source. Hotpatching of Windows Server 2022
was extended from October 2026 to October 2027 (announced 2026-06-26); only the month is stated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.notation import iso_date_or_month
from hotpatch_kb.scraper.sources import PageSpec
from hotpatch_kb.scraper.sources.embedded import records

TITLE = "Lifecycle and hotpatching dates"
HOME_URL = "https://learn.microsoft.com/en-us/lifecycle/"
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"
PRECEDENCE = 300
DUE_EVERY = "never"
AT_LEAST = 5
COLLECTED = "2026-11-22T00:00:00Z"
PAGES = [PageSpec("db/seed/facts/lifecycle.tsv", ("lifecycle.tsv",))]

_URL = re.compile(r"https://[^\s)]+")
_COLUMNS = ("release_date", "mainstream_end_date", "extended_end_date", "hotpatch_from_date", "hotpatch_end_date")


def parse(page: Page) -> Iterator[Claim]:
    """Yield the claims of ``product/<id>``. The end date of a client's Enterprise edition is the product's extended one.

    Raises:
        UnexpectedPage: a date cannot be read.
    """
    for row, record in records(page, "product", "edition", *_COLUMNS, "source"):
        edition, address = record["edition"], _URL.search(record["source"])
        is_enterprise = not record["product"].startswith("ws") and "Enterprise" in edition
        for column in _COLUMNS:
            if not record[column]:
                continue
            value = iso_date_or_month(record[column])
            field = "extended_end_date" if is_enterprise and column == "mainstream_end_date" else column
            yield Claim(edition or "all editions", f"product/{record['product']}", field, value, value, row, address[0] if address else "")
