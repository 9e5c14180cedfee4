"""Releases that others report and that we have not read at Microsoft: August and September 2026, from public copies and from third parties.

A table in the package (``db/seed/facts/reported.tsv``), each row with who says it. Nothing is current by it, and no page is outranked: what a
page lists, with the same KB or build, is reported no longer. An LCU is a baseline where others cite the address of its baseline's article
(``.../september-8-2026-baseline``): that month was planned as a hotpatch.
"""

from __future__ import annotations

from collections.abc import Iterator

from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import build, iso_date, kb
from hotpatch_kb.scraper.parsing.statements import distinct
from hotpatch_kb.scraper.sources import PageSpec
from hotpatch_kb.scraper.sources.embedded import records

TITLE = "Reported by others, not read at Microsoft"
HOME_URL = "https://support.microsoft.com/en-us/servicing/os/windows-server/2024/10/windows-server-2025-update-history"
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"
PRECEDENCE = 900  # after every page
DUE_EVERY = "never"
AT_LEAST = 20
COLLECTED = "2026-11-22T00:00:00Z"
PAGES = [PageSpec("db/seed/facts/reported.tsv", ("reported.tsv",))]

KINDS = frozenset({"baseline", "hotpatch", "cumulative", "preview", "initial"})
_FIELDS = ("release_date", "month", "cadence", "classification", "in_hotpatch_line", "in_standard_line")


def parse(page: Page) -> Iterator[Claim]:
    """Yield the claims of ``reported/<product>/<kb>/<build>``, in a section that says who reports it.

    Raises:
        UnexpectedPage: a KB, a build or a date cannot be read, a row names neither KB nor build, or a kind or line is unknown.
    """
    yield from distinct(_rows(page))


def _rows(page: Page) -> Iterator[Claim]:
    rows: dict[str, int] = {}
    for _, record in records(page, "product", "kb", "build", *_FIELDS, "source"):
        if record["classification"] not in KINDS or {record["in_hotpatch_line"], record["in_standard_line"]} - {"0", "1"}:
            raise UnexpectedPage(f"expected a known kind, and 0 or 1 for each line, got {record}")
        if not record["kb"] and not record["build"]:
            raise UnexpectedPage(f"expected a KB or a build, got {record}")
        number = str(kb(record["kb"])) if record["kb"] else "-"
        subject = f"reported/{record['product']}/{number}/{build(record['build']) if record['build'] else '-'}"
        values = record | {"release_date": iso_date(record["release_date"])}
        section = record["source"]
        row = rows[section] = rows.get(section, -1) + 1
        for field in _FIELDS:
            if values[field]:
                yield Claim(section, subject, field, values[field], values[field], row)
