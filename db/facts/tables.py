"""What claims become: the rows of the fact tables, before they are written.

``FactTables`` is the result of every resolution and holds plain rows; ``hotpatch_kb.db.facts.write`` writes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from hotpatch_kb.db.model.claims import stable_id
from hotpatch_kb.db.model.products import named

Row = dict[str, Any]

# Fact tables with their primary keys, in an order that their foreign keys allow. These are resolved together ...
RELEASE_TABLES: Final = {
    "products": ("product",),
    "kbs": ("kb",),
    "articles": ("url",),
    "releases": ("release",),
    "hotpatch_calendar": ("product", "month"),
    "lifecycles": ("product", "edition_group", "kind"),
    "reported": ("subject",),
}
# ... and these group by group.
INDEPENDENT_TABLES: Final = {
    "prices": ("price",),
    "eligibility": ("eligibility",),
    "known_issues": ("known_issue",),
    "kb_cves": ("kb", "product", "cve"),
    "security_months": ("month",),
    "kb_channels": ("kb_channel",),
    "article_changes": ("article_change",),
}
CONFLICT_KEY: Final = ("subject", "field", "claim_won", "claim_lost")


@dataclass(slots=True)
class FactTables:
    """The fact tables, rows by primary key, with the claims that they rest on and the claims that lost."""

    products: dict[str, Row] = field(default_factory=dict)
    kbs: dict[int, Row] = field(default_factory=dict)
    articles: dict[str, Row] = field(default_factory=dict)
    releases: dict[int, Row] = field(default_factory=dict)
    hotpatch_calendar: dict[tuple[str, str], Row] = field(default_factory=dict)
    lifecycles: dict[tuple[str, str, str], Row] = field(default_factory=dict)
    reported: dict[str, Row] = field(default_factory=dict)
    prices: dict[int, Row] = field(default_factory=dict)
    eligibility: dict[int, Row] = field(default_factory=dict)
    known_issues: dict[int, Row] = field(default_factory=dict)
    kb_cves: dict[tuple[int, str, str], Row] = field(default_factory=dict)
    security_months: dict[str, Row] = field(default_factory=dict)
    kb_channels: dict[int, Row] = field(default_factory=dict)
    article_changes: dict[int, Row] = field(default_factory=dict)
    fact_claims: set[tuple[str, int]] = field(default_factory=set)
    conflicts: dict[tuple[str, str, int, int], Row] = field(default_factory=dict)

    def kb_row(self, kb: int) -> Row:
        """Return the row of a KB; a new one where there is none yet."""
        row = self.kbs.get(kb)
        if row is None:
            row = self.kbs[kb] = bare_kb(kb)
        return row


def bare_kb(kb: int) -> Row:
    """Return the row of a KB of which only the number is known."""
    return {
        "kb": kb, "title": None, "article_url": None, "release_date": None, "installs_kb": None, "published_at": None,
        "updated_at": None, "subject": f"kb/{kb}",
    }  # fmt: skip


def bare_release(product: str, kb: int | None, build: str | None, subject: str) -> Row:
    """Return the row of a release of which only its name is known."""
    number, _, revision = (build or "").partition(".")
    return {
        "release": stable_id(subject), "product": product, "kb": kb, "build": build, "build_number": int(number) if number else None,
        "revision": int(revision) if revision else None, "release_date": None, "month": None, "cadence": None, "classification": None,
        "in_hotpatch_line": 0, "in_standard_line": 0, "restart_required": None, "is_unplanned": 0, "is_public_preview": 0, "is_expired": 0,
        "is_provisional": 0, "baseline_release": None, "baseline_kb": None, "baseline_build": None, "derived_from": None, "gone_since": None,
        "article_url": None, "subject": subject,
    }  # fmt: skip


def bare_product(product: str) -> Row:
    """Return the row of a servicing line of which only the id is known."""
    known = named(product)
    return {
        "product": product, "name": known.name, "family": known.family, "build_number": known.build_number, "release_date": None,
        "mainstream_end_date": None, "extended_end_date": None, "hotpatch_from_date": None, "hotpatch_end_date": None,
        "subject": f"product/{product}",
    }  # fmt: skip
