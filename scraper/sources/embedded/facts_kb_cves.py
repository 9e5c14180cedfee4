"""CVEs per KB and product, January 2021 to June 2026, from a public collection of MSRC's data as of 2026-06-28.

A table in the package (``db/seed/facts/kb-cves.tsv``), so that open CVEs have an answer before MSRC was read. It is a copy: once MSRC's own
document of a month was read, or one that names the KB, the rows of that month and KB are not used. July 2026 and later, Windows 11, version 26H1, before 2026
and some months of Windows 10, versions 1511 to 1909, are missing: unknown, not none. A CVE is written as the first letter of its severity
("-" where none is stated) and its number: ``I2021-1637``. The month is that of the KB's release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import build, kb
from hotpatch_kb.scraper.sources import PageSpec
from hotpatch_kb.scraper.sources.embedded import records

TITLE = "CVEs per KB, from a public copy of MSRC's data"
HOME_URL = "https://msrc.microsoft.com/update-guide"
LICENCE = "https://www.microsoft.com/en-us/legal/terms-of-use"
PRECEDENCE = 450  # after MSRC
DUE_EVERY = "never"
AT_LEAST = 100
COLLECTED = "2026-06-28T00:00:00Z"
PAGES = [PageSpec("db/seed/facts/kb-cves.tsv", ("kb-cves.tsv",))]

_MONTH: Final = re.compile(r"20\d\d-(?:0[1-9]|1[0-2])", re.ASCII)
_CVES: Final = re.compile(r"[-LMIC]20\d\d-\d{4,7}(?: [-LMIC]20\d\d-\d{4,7})*", re.ASCII)
_SUBTYPES: Final = frozenset({"security", "hotpatch"})


def parse(page: Page) -> Iterator[Claim]:
    """Yield the claims of ``kb_cves/<kb>/<product>``, in a section of their month.

    Raises:
        UnexpectedPage: a month, a KB, a build, a kind of update or the CVEs cannot be read.
    """
    rows: dict[str, int] = {}
    for _, record in records(page, "month", "kb", "product", "fixed_build", "subtype", "supersedes_kb", "cves"):
        month = record["month"]
        if not _MONTH.fullmatch(month) or record["subtype"] not in _SUBTYPES or not _CVES.fullmatch(record["cves"]):
            raise UnexpectedPage(f"expected a month, security or hotpatch, and CVEs such as I2021-1637, got {str(record)[:120]}")
        row = rows[month] = rows.get(month, -1) + 1
        subject = f"kb_cves/{kb(record['kb'])}/{record['product']}"
        yield Claim(month, subject, "cves", record["cves"], f"{record['cves'].count(' ') + 1} CVEs", row)
        yield Claim(month, subject, "subtype", record["subtype"], record["subtype"], row)
        if record["fixed_build"]:
            yield Claim(month, subject, "fixed_build", str(build(record["fixed_build"])), record["fixed_build"], row)
        if record["supersedes_kb"]:
            yield Claim(month, subject, "supersedes_kb", str(kb(record["supersedes_kb"])), record["supersedes_kb"], row)
