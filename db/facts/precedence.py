"""The order of belief: which of several claims is believed, and by which rule.

``Precedence`` decides: claims in, the same claims in the order of belief out. ``Belief`` picks values for facts by it, and notes in
``FactTables`` which claims support each fact and which lost. ``docs/how-facts-are-believed.md`` explains the rules with examples.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from hotpatch_kb.db.claims.corrections import RELEASE, Supplied, supplied
from hotpatch_kb.db.facts.snapshots import StoredClaim
from hotpatch_kb.db.facts.tables import FactTables
from hotpatch_kb.db.model.claims import Correction, release_subject

# Fields read from a slug or from the text of a link, with the rule by which they lose. They are believed only if nothing else states a value.
SLUG_FIELDS: Final = {"slug_build": "slug", "slug_kb": "slug", "link_build": "link_text"}
_SLUG_PRECEDENCE: Final = 10_000
# Fields read from a page's <title>. It loses against headings and navigation (200) and beats MSRC (400): the <title> of KB5101650
# says 26200.8870 where its heading says 8875 (July 2026).
PAGE_TITLE_FIELDS: Final = frozenset({"page_title_build", "page_title_date"})
_PAGE_TITLE_PRECEDENCE: Final = 350

# Claims of a correction that supplies a release which no source lists have its id (52 bits) above those of all rows of ``claims``.
FIRST_SUPPLIED: Final = 1 << 52
# What the text or the section of a quarantined entry says of its release.
_HOTPATCH_LINE: Final = re.compile(r"\bhotpatch\b|\bWindows 11 Enterprise\b", re.IGNORECASE)
_BASELINE: Final = re.compile(r"\bbaseline\b", re.IGNORECASE)
_PREVIEW: Final = re.compile(r"(?<!public )\bpreview\b", re.IGNORECASE)
_OUT_OF_BAND: Final = re.compile(r"\bout[- ]of[- ]band\b|\bOOB\b", re.IGNORECASE)

# Whether a value can be right at all: a build of its product, say.
IsSane = Callable[[str], bool]


class _Later(str):
    """A time that sorts before every earlier time."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


class _Place(NamedTuple):
    """A claim's place in the order of belief.

    Each field is a rule, and its name is what ``conflicts.rule`` stores. Places are compared from the first field to the last, and the smaller
    place is believed: so False wins against True, as "breaks the rule" does not apply. The first field in which two claims differ is the rule
    that decided between them. A new rule is a new field here, and its value in ``Precedence._place``.
    """

    correction: bool  # whether no correction gives the claim's value
    sanity: bool  # whether the value cannot be right
    precedence: int  # of the source
    # The later page is the one that stated its value later: a page that is read again unchanged says nothing new.
    later_page: _Later
    address: tuple[str, str, str, str]


class Precedence:
    """Decides between claims by the precedence of their sources and by corrections."""

    def __init__(self, of_sources: Mapping[str, int], corrections: Iterable[Correction] = ()) -> None:
        """Take the rules' data.

        Args:
            of_sources: the precedence of each source; the smaller is believed.
            corrections: what persons decided.
        """
        self._of_sources = of_sources
        self._corrections = {(c.source, c.subject, c.field, c.value): c for c in corrections}
        self._supplied = {(c.source, c.subject): release for c in self._corrections.values() if (release := supplied(c))}

    def of(self, claim: StoredClaim) -> int:
        """Return the precedence of a claim's source, whatever its field."""
        return self._of_sources[claim.source]

    def of_field(self, claim: StoredClaim) -> int:
        """Return the precedence of a claim: that of its source, or a worse one where its field is read from a slug, a link or a ``<title>``."""
        if claim.name in SLUG_FIELDS:
            return _SLUG_PRECEDENCE
        return _PAGE_TITLE_PRECEDENCE if claim.name in PAGE_TITLE_FIELDS else self._of_sources[claim.source]

    def value(self, claim: StoredClaim) -> str | None:
        """Return the value of a claim, as corrected."""
        if not self._corrections:  # asked some 20,000 times in one resolution
            return claim.value
        correction = self.correction_of(claim)
        return claim.value if correction is None else (correction.new_value or None)

    def subject(self, claim: StoredClaim) -> str:
        """Return the subject of a claim; of a release with the KB and build as corrected."""
        if not self._corrections or not claim.subject.startswith("release/"):
            return claim.subject
        _, product, kb, build = claim.subject.split("/")
        return release_subject(product, self._part(claim, "kb", kb), self._part(claim, "build", build))

    def _part(self, claim: StoredClaim, field: str, value: str) -> str:
        correction = self._corrections.get((claim.source, claim.subject, field, value))
        return value if correction is None else (correction.new_value or "-")

    def correction_of(self, claim: StoredClaim) -> Correction | None:
        """Return the correction of a claim's value, None where there is none."""
        if not self._corrections:
            return None
        return self._corrections.get((claim.source, claim.subject, claim.field, claim.value or ""))

    def with_supplied(self, claims: Iterable[StoredClaim]) -> Iterator[StoredClaim]:
        """Yield claims, those of quarantined entries as the releases that corrections say they are, and releases that corrections alone supply."""
        for claim in claims:
            if not claim.subject.startswith("quarantine/"):
                yield claim
            elif claim.field == "kind" and (release := self._supplied.get((claim.source, claim.subject))):
                yield from _claims_of(release, claim)
        for correction in self._corrections.values():
            if correction.subject.startswith("release/") and correction.source in self._of_sources and (release := supplied(correction)):
                since = f"{correction.decided_on}T00:00:00Z"
                yield from _claims_of(
                    release,
                    StoredClaim(
                        FIRST_SUPPLIED + correction.correction, correction.source, correction.url, "", correction.subject, RELEASE, "",
                        correction.value, None, since, since, None,
                    ),
                )  # fmt: skip

    def in_order(self, candidates: Iterable[StoredClaim], is_sane: IsSane | None = None) -> list[StoredClaim]:
        """Return the claims that a page states now, the most believed first; where none does, those that were stated last.

        Args:
            candidates: claims that state the same field of the same fact; those without a value are left out.
            is_sane: whether a value can be right.
        """
        valued = [c for c in candidates if self.value(c) is not None]
        if not valued:
            return []
        current = [c for c in valued if c.gone_at is None]
        if not current:
            last = max(c.last_seen_at for c in valued)
            current = [c for c in valued if c.last_seen_at == last]
        if len(current) > 1:
            current.sort(key=lambda c: self._place(c, is_sane))
        return current

    def rule(self, won: StoredClaim, lost: StoredClaim, is_sane: IsSane | None = None) -> str:
        """Return the name of the rule by which one claim is believed against another."""
        places = zip(_Place._fields, self._place(won, is_sane), self._place(lost, is_sane), strict=True)
        rule = next((name for name, of_won, of_lost in places if of_won != of_lost), "address")
        return rule if rule == "correction" else SLUG_FIELDS.get(lost.name, rule)

    def _place(self, claim: StoredClaim, is_sane: IsSane | None) -> _Place:
        value = self.value(claim)
        return _Place(
            correction=value == claim.value,
            sanity=is_sane is not None and not is_sane(value or ""),
            precedence=self.of_field(claim),
            later_page=_Later(claim.first_seen_at),
            address=(claim.page_url, claim.section, claim.field, claim.source),
        )

    def strongest(self, claims: Iterable[StoredClaim]) -> StoredClaim:
        """Return the claim that a conflict names as its winner.

        Prefer a current claim, then the source with the smallest precedence.
        """
        return min(claims, key=lambda c: (c.gone_at is not None, self._of_sources[c.source], c.claim))


def _claims_of(release: Supplied, entry: StoredClaim) -> Iterator[StoredClaim]:
    """Yield what an entry states of the release that a correction says it is."""
    said = f"{entry.section} {entry.value_text}"
    is_baseline, is_preview = _BASELINE.search(entry.value_text) is not None, _PREVIEW.search(entry.value_text) is not None
    is_hotpatch = not is_baseline and _HOTPATCH_LINE.search(said) is not None
    cadence = "OOB" if _OUT_OF_BAND.search(entry.value_text) else None if is_preview else "B"
    kind = "baseline" if is_baseline else "hotpatch" if is_hotpatch else "preview" if is_preview else None
    fields = {
        "kb": release.kb.strip("-") or None,
        "build": release.build.strip("-") or None,
        "release_date": release.day,
        "line": "hotpatch" if is_hotpatch else "standard",
        "classification": kind,
        "cadence": cadence,
        "title": entry.value_text or None,
    }
    subject = release_subject(release.product, release.kb, release.build)
    return (entry._replace(subject=subject, field=field, value=value) for field, value in fields.items() if value is not None)


class Belief:
    """Picks the values of facts by precedence, and notes in ``facts`` what supports them and what lost."""

    def __init__(self, precedence: Precedence, facts: FactTables) -> None:
        """Take what decides, and where the evidence goes."""
        self.precedence = precedence
        self.facts = facts

    def pick(self, subject: str, field: str, candidates: Iterable[StoredClaim], is_sane: IsSane | None = None) -> str | None:
        """Return the value to believe, None where no claim has one that can be right.

        Claims that agree with it support the fact; each of the others becomes a conflict.
        """
        claims = self.precedence.in_order(candidates, is_sane)
        if not claims:
            return None
        winner = claims[0]
        believed = self.precedence.value(winner)
        for claim in claims:
            value = self.precedence.value(claim)
            if value != believed:
                self.conflict(subject, field, winner, claim, believed, value, self.precedence.rule(winner, claim, is_sane))
                continue
            self.facts.fact_claims.add((subject, claim.claim))
            if claim.value != believed:
                self.conflict(subject, field, winner, claim, believed, claim.value, "correction")
        return None if is_sane is not None and not is_sane(believed or "") else believed

    def support(self, subject: str, claims: Iterable[StoredClaim]) -> None:
        """Note that a fact rests on claims."""
        self.facts.fact_claims.update((subject, claim.claim) for claim in claims)

    def conflict(
        self, subject: str, field: str, won: StoredClaim, lost: StoredClaim, value_won: str | None, value_lost: str | None, rule: str
    ) -> None:
        """Note that one claim was believed against another, and by which rule."""
        correction = None
        if rule == "correction":
            correction = self.precedence.correction_of(lost) or self.precedence.correction_of(won)
        self.facts.conflicts[subject, field, won.claim, lost.claim] = {
            "subject": subject, "field": field, "claim_won": won.claim, "claim_lost": lost.claim,
            "value_won": value_won, "value_lost": value_lost, "rule": rule, "correction": correction.correction if correction else None,
        }  # fmt: skip
