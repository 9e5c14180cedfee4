"""What a user asks for: a build, version, KB, build number, month or product, in any common spelling. Standard library alone."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from unicodedata import normalize

from hotpatch_kb.db.model import reading
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.db.model.product_names import product_id

MAX_QUERY: Final = 200  # characters; a build is 20, the output of "ver" 44

# "Version 24H2 (OS Build 26100.4652)", as winver prints it
_WINVER: Final = lazy(r"version\s+\w+\s+\((?P<build>os\s+build\s+[\d.]+)\)", re.IGNORECASE)
# 26200.8390, 10.0.26200.8390, "Microsoft Windows [Version 10.0.20348.2031]", "OS Build 26200.8390"
_BUILD: Final = lazy(
    r"(?:microsoft\s+windows\s+)?\[?(?:version|ver|v|os\s+build|build)?[\s:]*(?:10\.0\.)?(?P<number>\d{5})\.(?P<revision>\d{1,5})\]?",
    re.IGNORECASE,
)
# 26200, 10.0.26200
_NUMBER: Final = lazy(r"(?:(?:version|os\s+build|build)\s+)?(?:10\.0\.)?(?P<number>\d{5})", re.IGNORECASE)


_CVE: Final = lazy(r"CVE-[0-9]{4}-[0-9]{4,7}", re.IGNORECASE)


class Query(NamedTuple):
    """What a user asks for: its kind ("build", "number", "kb", "month", "product" or "cve") and its value."""

    kind: str
    value: str


def read_query(text: str) -> Query:
    """Return a query in any common spelling, full-width letters and digits (２６１００ as Japanese keyboards type it) included.

    Raises:
        BadInput: it cannot be read.
    """
    cleaned = clean(text if text.isascii() else normalize("NFKC", text[: MAX_QUERY + 1]))
    if cleaned and len(text) <= MAX_QUERY:
        if match := _WINVER.fullmatch(cleaned):
            cleaned = match["build"]
        if cleaned.startswith("(") and cleaned.endswith(")"):
            cleaned = cleaned[1:-1]
        if match := _BUILD.fullmatch(cleaned):
            return Query("build", f"{match['number']}.{int(match['revision'])}")
        if match := _NUMBER.fullmatch(cleaned):
            return Query("number", match["number"])
        if match := _CVE.fullmatch(cleaned):
            return Query("cve", match[0].upper())
        if kb := reading.find_kb(cleaned):
            return Query("kb", str(kb))
        if month := reading.find_month(cleaned):
            return Query("month", month)
        # Not in broken bytes of a command line.
        if len(builds := reading.builds_in(cleaned) if cleaned.isprintable() else []) == 1:
            return Query("build", builds[0])
        if builds:
            raise BadInput("expected one build, got {builds}", builds=", ".join(builds[:5]))
        if product := product_id(cleaned):
            return Query("product", product)
    if not cleaned:
        raise BadInput("expected a build (26100.32772), version (10.0.26100.32772), KB (KB5087423), CVE, month or product, got nothing")
    shown = cleaned if len(cleaned) <= reading.MAX_SHOWN else f"{cleaned[: reading.MAX_SHOWN - 3]}..."
    raise BadInput(
        "expected a build (26100.32772), version (10.0.26100.32772), KB (KB5087423), CVE, month or product, got {got!r}", got=shown
    )
