"""Articles about baselines: the KB of the article and the KB that it installs, collected from the articles.

A table in the package (``db/seed/facts/baseline-articles.tsv``), because the articles' addresses no longer have their KBs:
the new navigation links to ``/june-9-2026-baseline``. Windows 11 since 2025-01, Windows Server 2022 from 2022-01 to 2023-10.
"""

from __future__ import annotations

from collections.abc import Iterator

from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.notation import iso_date, kb
from hotpatch_kb.scraper.parsing.statements import distinct
from hotpatch_kb.scraper.sources import PageSpec
from hotpatch_kb.scraper.sources.embedded import records

TITLE = "Articles about baselines"
HOME_URL = "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2"
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"
PRECEDENCE = 300
DUE_EVERY = "never"
AT_LEAST = 20
COLLECTED = "2026-11-22T00:00:00Z"
PAGES = [PageSpec("db/seed/facts/baseline-articles.tsv", ("baseline-articles.tsv",))]


def parse(page: Page) -> Iterator[Claim]:
    """Yield the claims of ``kb/<article>``: what it installs, on which product and day.

    Raises:
        UnexpectedPage: a KB or a date cannot be read.
    """
    yield from distinct(_rows(page))  # one article serves several products


def _rows(page: Page) -> Iterator[Claim]:
    for row, record in records(page, "article_kb", "installed_kb", "release_date", "product", "source"):
        fields = {
            "installs_kb": str(kb(record["installed_kb"])),
            "release_date": iso_date(record["release_date"]),
            "product": record["product"],
        }
        for name, value in fields.items():
            yield Claim("Baselines", f"kb/{kb(record['article_kb'])}", name, value, value, row, record["source"])
