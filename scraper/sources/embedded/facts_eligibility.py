"""Who may have hotpatching: images of the Azure Marketplace, editions, prerequisites, licences and channels, from Microsoft's documents.

A table in the package (``db/seed/facts/eligibility.tsv``), each row with the document that states it. Note the image
``2022-datacenter-azure-edition``: the Desktop Experience of the Azure Edition has no hotpatching without "hotpatch" in the name of its image.
"""

from __future__ import annotations

from collections.abc import Iterator

from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.scraper.parsing.statements import distinct
from hotpatch_kb.scraper.sources import PageSpec
from hotpatch_kb.scraper.sources.embedded import records

TITLE = "Eligibility for hotpatching, from documents"
HOME_URL = "https://learn.microsoft.com/en-us/windows-server/get-started/hotpatch"
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"
PRECEDENCE = 300
DUE_EVERY = "never"
AT_LEAST = 20
COLLECTED = "2026-11-26T00:00:00Z"
PAGES = [PageSpec("db/seed/facts/eligibility.tsv", ("eligibility.tsv",))]

KINDS = frozenset({"image", "edition", "prerequisite", "licence", "channel", "rule"})
PLATFORMS = frozenset({"", "azure", "azure_local", "arc", "intune"})
_FIELDS = ("product", "publisher", "offer", "sku", "edition", "platform", "is_eligible", "requirement")


def parse(page: Page) -> Iterator[Claim]:
    """Yield the claims of ``eligibility/<kind>/<subject>``, one section per address that states them.

    Raises:
        UnexpectedPage: a kind, a platform or an answer is unknown.
    """
    yield from distinct(_rows(page))


def _rows(page: Page) -> Iterator[Claim]:
    numbers: dict[str, int] = {}
    for row, record in records(page, "kind", *_FIELDS, "source_url"):
        kind = record["kind"]
        if kind not in KINDS or record["platform"] not in PLATFORMS or record["is_eligible"] not in {"", "0", "1"}:
            raise UnexpectedPage(
                f"expected a known kind, platform and answer, got {kind!r}, {record['platform']!r}, {record['is_eligible']!r}"
            )
        if kind == "image":
            what = "/".join(record[name].lower() for name in ("publisher", "offer", "sku"))
        elif kind == "edition":
            what = "/".join(record[name] or "-" for name in ("product", "edition", "platform"))
        else:
            # Texts have no names: they are numbered per product and platform.
            place = f"{kind}/{record['product'] or '-'}/{record['platform'] or '-'}"
            numbers[place] = numbers.get(place, 0) + 1
            what = f"{place.partition('/')[2]}/{numbers[place]}"
        for name in _FIELDS:
            if record[name]:
                yield Claim(record["source_url"], f"eligibility/{kind}/{what}", name, record[name], record[name], row, record["source_url"])
