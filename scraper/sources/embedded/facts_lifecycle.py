"""Ends of support that no page states any more, or none that was read does, and when hotpatching of a product begins.

Learn writes "End of updates" in the place of a date that has passed, and the lifecycle pages of LTSC, of Extended Security Updates and of
the annual channel were not recorded: their dates are from public copies and from what others say, each row with its source. Where Learn's
pages state a date, they are believed before these rows. A row marked ``is_former`` is what its source said before it was corrected.
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
_SUPPORT_ENDS = "db/seed/facts/support-ends.tsv"
PAGES = [PageSpec("db/seed/facts/lifecycle.tsv", ("lifecycle.tsv",)), PageSpec(_SUPPORT_ENDS, ("support-ends.tsv",))]

_URL = re.compile(r"https://[^\s)]+")
_COLUMNS = ("release_date", "hotpatch_from_date")


def parse(page: Page) -> Iterator[Claim]:
    """Yield the claims of ``product/<id>``, or of ``lifecycle/<product>/<edition_group>/<kind>``.

    Raises:
        UnexpectedPage: a date cannot be read.
    """
    return _support_ends(page) if page.page_url == _SUPPORT_ENDS else _dates(page)


def _dates(page: Page) -> Iterator[Claim]:
    for row, record in records(page, "product", "edition", *_COLUMNS, "source"):
        address = _URL.search(record["source"])
        for column in _COLUMNS:
            if record[column]:
                value = iso_date_or_month(record[column])
                section = record["edition"] or "all editions"
                yield Claim(section, f"product/{record['product']}", column, value, value, row, address[0] if address else "")


def _support_ends(page: Page) -> Iterator[Claim]:
    """Yield one claim per row, in a section of its source, and what kind of source that is."""
    rows: dict[str, int] = {}
    for _, record in records(page, "product", "edition_group", "kind", "end_date", "is_former", "source_url", "trust", "note"):
        source = record["source_url"]
        subject = f"lifecycle/{record['product']}/{record['edition_group']}/{record['kind']}"
        row = rows[source] = rows.get(source, -1) + 1
        end = iso_date_or_month(record["end_date"])
        yield Claim(source, subject, "former_end_date" if record["is_former"] == "1" else "end_date", end, end, row, source)
        for field in ("trust", "note"):
            if record[field] and record["is_former"] == "0":
                yield Claim(source, subject, field, record[field], record[field], row, source)
