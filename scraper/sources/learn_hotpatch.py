"""Learn's page on hotpatching of Windows Server: the images of the Azure Marketplace that have it, by publisher, offer and SKU.

As HTML and, with ``?accept=text/markdown``, as markdown. One table: four images of Windows Server 2022 under "Supported platforms" in
2023, eight of 2022 and 2025 under "Azure and Azure Local virtual machines" since 2025. Odd: SKUs are written in mixed case here, in
lower case by ARM. Read only in English: the Portuguese copy had wrong rows. What the page says in sentences and lists (editions for
Azure Arc, custom images, prerequisites) is in ``facts_eligibility``; copies from before May 2026 name a fee, which is not read as a price.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from bs4 import SoupStrainer

from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.scraper.parsing import learn_pages
from hotpatch_kb.scraper.parsing.markup import Cell
from hotpatch_kb.scraper.parsing.once import once_per_page
from hotpatch_kb.scraper.parsing.statements import distinct, quarantined, readable
from hotpatch_kb.scraper.sources import PageSpec

TITLE = "Microsoft Learn: hotpatch for Windows Server"
HOME_URL = "https://learn.microsoft.com/en-us/windows-server/get-started/hotpatch"
LICENCE = "https://learn.microsoft.com/en-us/legal/termsofuse"
PRECEDENCE = 100  # the page is the list that others copy
DUE_EVERY = "1d"
AT_LEAST = 4  # images; as many as in 2023, half of those of 2025

PAGES = [PageSpec(HOME_URL, (f"{HOME_URL}?accept=text/markdown", HOME_URL))]

_COLUMNS: Final = ("publisher", "os offer", "sku")
# "Supported platforms" (2023), "Azure and Azure Local virtual machines" (2025); not "Azure images without support on virtual machines"
_PLATFORMS: Final = re.compile(
    r"(?!.*(?:\bnot\b|n['’]t\b|\bwithout\b|\bunsupported\b))(?:supported platforms|azure\b.*\b(?:virtual machines|vms))", re.IGNORECASE
)
# As last seen 2026-10; Microsoft's images have no others.
_PUBLISHERS: Final = frozenset({"microsoftwindowsserver"})
_OFFERS: Final = frozenset({"windowsserver"})
# MicrosoftWindowsServer, WindowsServer
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# 2022-Datacenter-Azure-Edition-Hotpatch-smalldisk
_SKU: Final = re.compile(r"(?P<year>20[0-9]{2})(?:-[A-Za-z0-9]+)+")

# A SKU, wherever it is: "2025-Datacenter-Azure-Edition-Core"
_LIKE_A_SKU: Final = re.compile(r"\b20\d\d-datacenter(?:-\w+)+", re.IGNORECASE)

# What is built of a page in HTML: h1 and title say which page it is, if it is another one.
_PARTS: Final = SoupStrainer(["main", "h1", "title"])

stated_since = learn_pages.stated_since


@once_per_page
def _read(page: Page) -> learn_pages.LearnPage:
    learn_pages.utf8(page)  # HTML in another encoding is refused too
    return learn_pages.read(page, _PARTS)


def parse(page: Page) -> Iterator[Claim]:
    """Return the claims of ``eligibility/image/<publisher>/<offer>/<sku>`` in lower case, one section per heading.

    Raises:
        UnexpectedPage: no table of images, or a column is missing.
    """
    return distinct(_tables(page))


def unread(page: Page, claims: Sequence[Claim]) -> Iterator[Unread]:
    """Yield SKUs outside tables, and publishers and offers that are new."""
    for claim in claims:
        if (claim.field == "publisher" and claim.value_text.lower() not in _PUBLISHERS) or (
            claim.field == "offer" and claim.value_text.lower() not in _OFFERS
        ):
            yield Unread(claim.section, claim.field, f"expected a known {claim.field}, got {claim.value_text!r} in {claim.subject}")
    for outside in _read(page).outside:
        if _LIKE_A_SKU.search(outside):
            yield Unread("", "text", f"expected SKUs in the cells of tables alone, got {outside[:200]!r}")


def _tables(page: Page) -> Iterator[Claim]:
    heading = ""
    rows: dict[str, int] = {}
    for event in _read(page).events:
        if event.kind == "heading":
            heading = event.text
        elif event.kind == "text" and "|" in event.text and _PLATFORMS.fullmatch(heading):
            # Markdown allows rows without it.
            yield from _odd(heading, "entry", event.text, "expected rows that begin with '|'", rows)
        elif event.kind == "table" and event.rows:
            header = [cell.text.casefold() for cell in event.rows[0]]
            if not _PLATFORMS.fullmatch(heading):
                if set(header) & set(_COLUMNS):  # a table of images without hotpatching would have them too
                    reason = f"expected the heading of supported platforms before a table of {header}"
                    yield from _odd(heading, "heading", heading, reason, rows)
                continue
            if missing := [name for name in _COLUMNS if header.count(name) != 1]:
                raise UnexpectedPage(f"expected the columns {', '.join(_COLUMNS)} below {heading!r}, got {header} (no {missing[0]!r})")
            for name in header:
                if name not in _COLUMNS:
                    yield from _odd(heading, "column", name, f"expected the columns {', '.join(_COLUMNS)}", rows)
            for cells in event.rows[1:]:
                row = rows[heading] = rows.get(heading, -1) + 1
                text = " | ".join(cell.text for cell in cells)
                image = partial(_image, page, heading, header, cells, row)
                yield from readable(heading, "entry", text, row, image, may_be_release=False)
    if not rows:
        raise UnexpectedPage(f"expected a table of images below supported platforms, got none on {page.final_url}")


def _odd(heading: str, kind: str, text: str, reason: str, rows: dict[str, int]) -> Iterator[Claim]:
    return quarantined(heading, kind, text, reason, rows.get(heading, 0), may_be_release=False)


def _image(page: Page, heading: str, header: list[str], cells: list[Cell], row: int) -> Iterator[Claim]:
    texts = [cell.text for cell in cells]
    if len(texts) != len(header) or not all(texts):
        raise UnexpectedPage(f"expected {len(header)} full cells in a row of {heading!r}, got {texts}")
    record = dict(zip(header, texts, strict=True))
    publisher, offer, sku = (record[name] for name in _COLUMNS)
    if not _NAME.fullmatch(publisher) or not _NAME.fullmatch(offer):
        raise UnexpectedPage(f"expected a publisher and an offer such as 'WindowsServer', got {publisher!r} and {offer!r}")
    if not (match := _SKU.fullmatch(sku)):
        raise UnexpectedPage(f"expected a SKU such as '2025-Datacenter-Azure-Edition', got {sku!r}")
    subject = f"eligibility/image/{publisher}/{offer}/{sku}".lower()
    for field, value, text in (
        ("product", f"ws{match['year']}", sku),
        ("publisher", publisher, publisher),
        ("offer", offer, offer),
        ("sku", sku, sku),
        ("platform", "azure", heading),
        ("is_eligible", "1", heading),
    ):
        yield Claim(heading, subject, field, value, text, row, page.page_url)
