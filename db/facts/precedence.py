"""Which claim is believed: corrections, sanity, precedence, the later page, the smaller address; what loses is a conflict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.model.claims import Correction

# Fields that a slug or the text of a link states, with the rule by which they lose: never believed against anything else.
SLUG_FIELDS: Final = {"slug_build": "slug", "slug_kb": "slug", "link_build": "link_text"}
_SLUG_RANK: Final = 10_000
# What a page's <title> states loses against headings and navigation (200) and beats MSRC (400): the <title> of KB5101650
# says 26200.8870 where its heading says 8875 (July 2026).
PAGE_TITLE_FIELDS: Final = frozenset({"page_title_build", "page_title_date"})
_PAGE_TITLE_RANK: Final = 350


class Stated(NamedTuple):
    """A claim's row."""

    claim: int
    source: str
    page_url: str
    section: str
    subject: str
    field: str
    value: str | None
    value_text: str
    stated_since: str | None
    first_seen_at: str
    last_seen_at: str
    gone_at: str | None

    @property
    def what(self) -> str:
        """The field; what one place states twice ("field#2") is the same field."""
        return self.field.partition("#")[0]

    @property
    def known_from(self) -> str:
        """Since when this was stated, as far as anybody can know."""
        return self.stated_since or self.first_seen_at


def by_field(claims: Iterable[Stated]) -> dict[str, list[Stated]]:
    """Claims by what they state; what one place states twice ("field#2") is the same field. Empty for every other field."""
    found: dict[str, list[Stated]] = defaultdict(list)
    for claim in claims:
        found[claim.what].append(claim)
    return found


Row = dict[str, Any]


@dataclass(slots=True)
class Facts:
    """The fact tables, rows by primary key, with what they rest on."""

    products: dict[str, Row] = field(default_factory=dict)
    kbs: dict[int, Row] = field(default_factory=dict)
    articles: dict[str, Row] = field(default_factory=dict)
    releases: dict[int, Row] = field(default_factory=dict)
    hotpatch_calendar: dict[tuple[str, str], Row] = field(default_factory=dict)
    prices: dict[int, Row] = field(default_factory=dict)
    eligibility: dict[int, Row] = field(default_factory=dict)
    known_issues: dict[int, Row] = field(default_factory=dict)
    kb_cves: dict[tuple[int, str, str], Row] = field(default_factory=dict)
    security_months: dict[str, Row] = field(default_factory=dict)
    kb_channels: dict[int, Row] = field(default_factory=dict)
    article_changes: dict[int, Row] = field(default_factory=dict)
    fact_claims: set[tuple[str, int]] = field(default_factory=set)
    conflicts: dict[tuple[str, str, int, int], Row] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)


class Belief:
    """Chooses between claims, and writes supports and conflicts into ``facts``."""

    def __init__(self, precedence: Mapping[str, int], corrections: Iterable[Correction]) -> None:
        """Begins with no facts.

        Args:
            precedence: of each source; the smaller is believed.
            corrections: decisions of persons.
        """
        self.facts = Facts()
        self.precedence = precedence
        self.corrections = tuple(corrections)
        self._precedence = precedence
        self._corrections = {(c.source, c.subject, c.field, c.value): c for c in self.corrections}

    def _corrected_subject(self, claim: Stated) -> str:
        """The release that a claim is about where a correction says that its KB or build is another."""
        if not self._corrections or not claim.subject.startswith("release/"):
            return claim.subject
        _, product, kb, build = claim.subject.split("/")
        kb = self._new_value(claim, "kb", kb)
        build = self._new_value(claim, "build", build)
        return f"release/{product}/{kb}/{build}"

    def _new_value(self, claim: Stated, name: str, value: str) -> str:
        correction = self._corrections.get((claim.source, claim.subject, name, value))
        return value if correction is None else (correction.new_value or "-")

    def _value(self, claim: Stated) -> str | None:
        if not self._corrections:
            return claim.value
        correction = self._corrections.get((claim.source, claim.subject, claim.field, claim.value or ""))
        return claim.value if correction is None else (correction.new_value or None)

    def _rank(self, claim: Stated) -> int:
        if claim.what in SLUG_FIELDS:
            return _SLUG_RANK
        return _PAGE_TITLE_RANK if claim.what in PAGE_TITLE_FIELDS else self._precedence[claim.source]

    def _ordered(self, candidates: list[Stated], is_sane: Callable[[str], bool] | None = None) -> list[Stated]:
        """What stands, or stood last, the most believed first."""
        stated = [c for c in candidates if self._value(c) is not None]
        standing = [c for c in stated if c.gone_at is None]
        if not standing and stated:
            last = max(c.last_seen_at for c in stated)
            standing = [c for c in stated if c.last_seen_at == last]
        if len(standing) < 2:
            return standing
        ordered = sorted(standing, key=lambda c: (c.page_url, c.section, c.field, c.source))
        # The later page is the one that stated its value later: a page that is read again unchanged says nothing new.
        ordered.sort(key=lambda c: c.first_seen_at, reverse=True)
        ordered.sort(key=lambda c: self._order(c, is_sane))
        return ordered

    def _order(self, claim: Stated, is_sane: Callable[[str], bool] | None) -> tuple[bool, bool, int]:
        value = self._value(claim)
        return (value == claim.value, is_sane is not None and not is_sane(value or ""), self._rank(claim))

    def _pick(self, subject: str, name: str, candidates: list[Stated], is_sane: Callable[[str], bool] | None = None) -> str | None:
        """The value to believe; what loses against it becomes a conflict, what agrees supports the fact."""
        ordered = self._ordered(candidates, is_sane)
        if not ordered:
            return None
        winner = ordered[0]
        believed = self._value(winner)
        for claim in ordered:
            if self._value(claim) == believed:
                self.facts.fact_claims.add((subject, claim.claim))
                if claim.value != believed:  # corrected
                    self._conflict(subject, name, winner, claim, believed, claim.value, "correction")
            else:
                rule = self._rule(winner, claim, lambda c: self._order(c, is_sane))
                self._conflict(subject, name, winner, claim, believed, self._value(claim), rule)
        return None if is_sane is not None and not is_sane(believed or "") else believed

    @staticmethod
    def _rule(won: Stated, lost: Stated, rank: Callable[[Stated], tuple[bool, bool, int]]) -> str:
        (uncorrected_won, insane_won, rank_won), (uncorrected_lost, insane_lost, rank_lost) = rank(won), rank(lost)
        if uncorrected_won != uncorrected_lost:
            return "correction"
        if lost.what in SLUG_FIELDS:
            return SLUG_FIELDS[lost.what]
        if insane_won != insane_lost:
            return "sanity"
        if rank_won != rank_lost:
            return "precedence"
        return "later_page" if won.first_seen_at != lost.first_seen_at else "address"

    def _conflict(
        self, subject: str, name: str, won: Stated, lost: Stated, value_won: str | None, value_lost: str | None, rule: str
    ) -> None:
        correction = self._corrections.get((lost.source, lost.subject, lost.field, lost.value or "")) if rule == "correction" else None
        correction = correction or (
            self._corrections.get((won.source, won.subject, won.field, won.value or "")) if rule == "correction" else None
        )
        self.facts.conflicts[subject, name, won.claim, lost.claim] = {
            "subject": subject, "field": name, "claim_won": won.claim, "claim_lost": lost.claim,
            "value_won": value_won, "value_lost": value_lost, "rule": rule, "correction": correction.correction if correction else None,
        }  # fmt: skip
