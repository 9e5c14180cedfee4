"""The baseline of each hotpatch.

In: releases with their rows. Out: ``baseline_release``, ``baseline_kb`` and ``baseline_build`` of the rows of hotpatches, components and
baselines, and conflicts where an article requires another baseline.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from hotpatch_kb.db.claims import derivations
from hotpatch_kb.db.facts.precedence import Belief
from hotpatch_kb.db.facts.release_claims import ClaimsBySubject, ReleaseClaims
from hotpatch_kb.db.facts.snapshots import StoredClaim
from hotpatch_kb.db.facts.tables import Row
from hotpatch_kb.db.model.notation import planned_baseline_month


def resolve_baselines(releases: list[ReleaseClaims], claims: ClaimsBySubject, belief: Belief) -> None:
    """Set the baseline of each baseline (itself), hotpatch and component."""
    by_product: dict[str, list[ReleaseClaims]] = defaultdict(list)
    for release in releases:
        by_product[release.product].append(release)
    requirements = _Requirements(releases, claims, belief)
    for of_product in by_product.values():
        baselines = sorted(
            (release.row for release in of_product if release.row["classification"] == "baseline" and release.row["release_date"]),
            key=lambda row: (row["release_date"] or "", row["revision"] or 0),
        )
        for release in of_product:
            row = release.row
            if row["classification"] == "baseline":
                _set_baseline(row, row)
            elif row["classification"] in {"hotpatch", "component"} and (day := row["release_date"] or _companion_day(row, of_product)):
                before = [baseline for baseline in baselines if baseline["release_date"] <= day]
                if before:
                    _set_baseline(row, before[-1])
                else:
                    _derive_baseline(row, day, releases)
                requirements.compare(release)


def _set_baseline(row: Row, baseline: Row) -> None:
    row["baseline_release"], row["baseline_kb"], row["baseline_build"] = baseline["release"], baseline["kb"], baseline["build"]


def _companion_day(row: Row, releases: list[ReleaseClaims]) -> str | None:
    """Return the day of the hotpatch whose build an undated component has (KB5074204 has that of KB5072014)."""
    days = [
        other.row["release_date"]
        for other in releases
        if row["build"] and other.row["build"] == row["build"] and other.row["classification"] == "hotpatch"
    ]
    return min((day for day in days if day), default=None)


def _derive_baseline(row: Row, day: str, releases: list[ReleaseClaims]) -> None:
    """Set the B release of the last planned baseline month, for a hotpatch older than every listed baseline (26100.2240)."""
    month = planned_baseline_month(day[:7])
    products = {row["product"]} | {r.product for r in releases if r.kb and r.kb == row["kb"] and r.build == row["build"]}
    candidates = [
        release.row
        for release in releases
        if release.row["month"] == month
        and release.row["cadence"] == "B"
        and release.row["kb"]
        and release.row["in_standard_line"]
        and release.product in products
    ]
    candidates.sort(key=lambda r: (r["product"] != row["product"], r["product"], r["release_date"] or ""))
    if candidates:
        _set_baseline(row, candidates[0])
        row["derived_from"] = derivations.joined(row["derived_from"], derivations.LAST_PLANNED.format(month=month))


class _Requirements:
    """Compares the baseline that a hotpatch's article requires with the one that was found."""

    def __init__(self, releases: list[ReleaseClaims], claims: ClaimsBySubject, belief: Belief) -> None:
        self._releases = releases
        self._claims = claims
        self._belief = belief

    def compare(self, release: ReleaseClaims) -> None:
        """Note support if the article requires the baseline we found, by its KB or its article's KB; otherwise note a conflict."""
        baseline = self._belief.facts.releases.get(release.row["baseline_release"] or 0)
        for claim in release.mentioned("requires_kb"):
            if baseline is None or claim.gone_at is not None or not claim.value:
                continue
            if int(claim.value) in {baseline["kb"], *self._article_kbs(baseline)}:
                self._belief.support(release.subject, [claim])
            elif proof := [number for subject, number in self._belief.facts.fact_claims if subject == baseline["subject"]]:
                won = self._by_number[min(proof)]
                self._belief.conflict(release.subject, "baseline_kb", won, claim, str(baseline["kb"]), claim.value, "precedence")

    def _article_kbs(self, baseline: Row) -> set[int]:
        """Return the KBs of the articles about a baseline (KB5089602 is the one about KB5082063)."""
        linked = {int(c.value) for c in self._by_subject[baseline["subject"]].listed("article_kb") if c.value}
        return linked | self._articles_about.get(str(baseline["kb"]), set())

    @cached_property
    def _by_subject(self) -> dict[str, ReleaseClaims]:
        return {release.subject: release for release in self._releases}

    @cached_property
    def _by_number(self) -> dict[int, StoredClaim]:
        return {claim.claim: claim for claims in self._claims.values() for claim in claims}

    @cached_property
    def _articles_about(self) -> dict[str, set[int]]:
        """KBs of articles by the KB that they install, as pages state it."""
        articles: dict[str, set[int]] = defaultdict(set)
        for subject, claims in self._claims.items():
            if subject.startswith("kb/"):
                for claim in claims:
                    if claim.name == "installs_kb" and claim.value:
                        articles[claim.value].add(int(subject.removeprefix("kb/")))
        return articles
