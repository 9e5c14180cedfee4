"""The facts that depend on one another: releases, baselines, calendars, products, KBs, articles, lifecycles and what others report.

In: a snapshot of claims and the order of belief. Out: ``FactTables``. A pure function: the same claims give the same facts in whatever order
pages were read. ``resolve`` names the stages; the rows of ``releases`` and ``products`` are made here.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from hotpatch_kb.db.claims import derivations
from hotpatch_kb.db.facts.articles import resolve_articles
from hotpatch_kb.db.facts.baselines import resolve_baselines
from hotpatch_kb.db.facts.hotpatch_calendar import resolve_calendar
from hotpatch_kb.db.facts.lifecycles import ends_of, public_end, resolve_lifecycles, resolve_reported
from hotpatch_kb.db.facts.precedence import FIRST_SUPPLIED, Belief, Precedence
from hotpatch_kb.db.facts.provisional import provisional_releases
from hotpatch_kb.db.facts.release_claims import (
    ClaimsBySubject,
    ReleaseClaims,
    builds_of_others,
    group_releases,
    has_number_of,
    is_misplaced,
    subjects_of,
)
from hotpatch_kb.db.facts.snapshots import Snapshot, StoredClaim, by_field
from hotpatch_kb.db.facts.tables import FactTables, Row, bare_product, bare_release
from hotpatch_kb.db.model.claims import product_of
from hotpatch_kb.db.model.products import named

# Dates of a product that are not the end of something; the ends are those of ``lifecycles``.
_PRODUCT_DATES = ("release_date", "hotpatch_from_date")


def resolve(snapshot: Snapshot, precedence: Precedence) -> FactTables:
    """Return the facts that follow from claims.

    Args:
        snapshot: every claim of the kinds that are resolved together (``snapshots.RELEASE_KINDS``), current and gone.
        precedence: decides where claims disagree.
    """
    claims: dict[str, list[StoredClaim]] = defaultdict(list)
    for claim in precedence.with_supplied(snapshot.claims):
        claims[precedence.subject(claim)].append(claim)
    belief = Belief(precedence, FactTables())
    releases = group_releases(claims, precedence)
    for release in releases:
        _resolve_release(release, belief)
    _note_misplaced_remediations(releases, claims, belief)
    _note_unlisted(releases, belief)
    _note_builds_in_titles(releases, belief)
    resolve_calendar(releases, claims, snapshot.page_times, belief)
    releases += provisional_releases(releases, claims, belief)
    resolve_baselines(releases, claims, belief)
    resolve_lifecycles(releases, claims, belief)
    resolve_reported(releases, claims, belief)
    _resolve_products(releases, claims, belief)
    resolve_articles(releases, claims, belief)
    # What a correction alone supplies rests on no row of ``claims``.
    facts = belief.facts
    facts.fact_claims = {(subject, claim) for subject, claim in facts.fact_claims if claim < FIRST_SUPPLIED}
    facts.conflicts = {key: row for key, row in facts.conflicts.items() if max(row["claim_won"], row["claim_lost"]) < FIRST_SUPPLIED}
    return facts


# --- one release ----------------------------------------------------------------------------------------------------


def _resolve_release(release: ReleaseClaims, belief: Belief) -> None:
    """Make the row of a release. Its baseline and whether it was planned follow from other releases, and are set later."""
    subject = release.subject
    _believe_kb(release, belief)
    _believe_build(release, belief)
    days = release.listed("release_date") + release.mentioned("release_date") + release.mentioned("page_title_date")
    day = belief.pick(subject, "release_date", days) or release.baseline_day
    kind, cadence = _classification(release, belief)
    month = belief.pick(subject, "month", release.listed("month")) or (day[:7] if day else None)
    month = month or min((c.value for c in release.mentioned("month") if c.value and c.gone_at is None), default=None)
    lines = _lines(release, kind)
    for name in ("line", "is_expired", "title", "article_url", "is_public_preview"):
        belief.support(subject, release.listed(name))
    expired = release.listed("is_expired") + release.mentioned("is_expired")
    release.row = bare_release(release.product, release.kb, release.build, subject) | {
        "release_date": day, "month": month, "cadence": cadence, "classification": kind,
        "in_hotpatch_line": int("hotpatch" in lines), "in_standard_line": int("standard" in lines),
        "restart_required": _restart_required(release, kind, belief),
        "is_unplanned": 0, "is_public_preview": int(_is_public_preview(release, lines)),
        "is_expired": int(any(c.gone_at is None for c in expired)),
        "derived_from": _derived_from(release, kind), "gone_since": _gone_since(release.claims), "article_url": _article_url(release),
    }  # fmt: skip
    belief.facts.releases[release.row["release"]] = release.row
    _compare_with_mentions(release, belief)


def _believe_kb(release: ReleaseClaims, belief: Belief) -> None:
    """Note which claims the KB of a release rests on, and which lost."""
    stated = release.listed("kb") + release.listed("slug_kb")
    best = belief.precedence.in_order(stated)
    is_best = not best or belief.precedence.value(best[0]) == str(release.kb)
    belief.pick(release.subject, "kb", stated, None if is_best else lambda value: int(value) == release.kb)


def _believe_build(release: ReleaseClaims, belief: Belief) -> None:
    """Note which claims the build of a release rests on, and which lost."""
    if release.build_of is None:
        belief.pick(release.subject, "build", release.stated_builds(), has_number_of(release.product))
        return
    belief.support(release.subject, [release.build_of])
    for claim in belief.precedence.in_order(release.stated_builds()):
        value = belief.precedence.value(claim)
        if value == release.build:
            belief.support(release.subject, [claim])
        elif claim.value != release.build_of.value:
            belief.conflict(release.subject, "build", release.build_of, claim, release.build, value, "same_revision")


def _note_builds_in_titles(releases: list[ReleaseClaims], belief: Belief) -> None:
    """Note a conflict where a title among the releases of another version states another build of a release."""
    by_kb: dict[int, list[ReleaseClaims]] = defaultdict(list)
    for release in releases:
        if release.kb:
            by_kb[release.kb].append(release)
    for same in by_kb.values():
        builds = {release.build for release in same}
        for release in same if len(same) > 1 else ():
            for claim, build in builds_of_others(release, same):
                if build not in builds:
                    for other in same:
                        if has_number_of(other.product)(build) and (own := _stated_build(other, belief)):
                            rule = belief.precedence.rule(own, claim)
                            belief.conflict(other.subject, "build", own, claim, other.build, build, rule)


def _stated_build(release: ReleaseClaims, belief: Belief) -> StoredClaim | None:
    """Return the claim that the build of a release rests on."""
    if release.build_of is not None:
        return release.build_of
    return next((c for c in belief.precedence.in_order(release.stated_builds()) if belief.precedence.value(c) == release.build), None)


def _classification(release: ReleaseClaims, belief: Belief) -> tuple[str, str | None]:
    """Return the classification and the cadence of a release."""
    subject = release.subject
    stated = release.listed("classification") + release.mentioned("classification")
    impossible = [c for c in stated if release.is_cumulative and belief.precedence.value(c) == "hotpatch"]
    possible = [c for c in stated if c not in impossible] if impossible else stated
    kind = belief.pick(subject, "classification", possible) or ("baseline" if release.baseline_day else "cumulative")
    _note_impossible(release, kind, possible, impossible, belief)
    belief.support(subject, (c for c in release.claims if c.subject.endswith("/baseline")))
    cadence = belief.pick(subject, "cadence", release.listed("cadence"))
    kind = _letter_beats_preview(release, kind, cadence, belief)
    if cadence is None and kind != "preview" and release.listed("title") and not release.listed("month"):
        cadence = "B"  # only a navigation lists it, which marks previews and out-of-band releases and nothing else
    return kind, cadence


def _note_impossible(release: ReleaseClaims, kind: str, possible: list[StoredClaim], impossible: list[StoredClaim], belief: Belief) -> None:
    """Note a conflict for each claim that an update of a release history is a hotpatch: it never is, and in doubt it restarts."""
    precedence = belief.precedence
    proof = [c for c in possible if precedence.value(c) == kind] or [c for c in release.listed("line") if c.value == "standard"]
    for claim in impossible:
        if claim.gone_at is None:
            belief.conflict(release.subject, "classification", precedence.strongest(proof), claim, kind, "hotpatch", "sanity")


def _letter_beats_preview(release: ReleaseClaims, kind: str, cadence: str | None, belief: Belief) -> str:
    """Return the classification after comparing a title's "Preview" with a table's letter: only C and D are previews."""
    if kind != "preview" or cadence not in {"A", "B", "E", "OOB"}:
        return kind
    precedence = belief.precedence
    letters = [c for c in release.listed("cadence") if c.gone_at is None and precedence.value(c) == cadence]
    previews = [c for c in release.listed("classification") if c.gone_at is None and c.value == "preview"]
    if not letters or not previews:
        return kind
    letter = precedence.strongest(letters)
    if precedence.of(letter) >= min(precedence.of(c) for c in previews):
        return kind
    for preview in previews:
        belief.facts.fact_claims.discard((release.subject, preview.claim))
        belief.conflict(release.subject, "classification", letter, preview, "cumulative", "preview", "precedence")
    return "cumulative"


def _lines(release: ReleaseClaims, kind: str) -> set[str | None]:
    """Return the lines that a release is in: a baseline with a KB is in both, everything else in one."""
    lines = {c.value for c in release.listed("line")}
    if kind == "baseline":
        return lines | ({"hotpatch", "standard"} if release.kb else {"hotpatch"})
    if kind != "component" and {"hotpatch", "standard"} <= lines:
        return {"hotpatch"} if kind == "hotpatch" else {"standard"}
    return lines


def _restart_required(release: ReleaseClaims, kind: str, belief: Belief) -> int | None:
    """Return whether a release needs a restart; of a component None, unless its article says."""
    if kind == "component":
        stated = belief.pick(release.subject, "restart_required", release.mentioned("restart_required"))
        return None if stated is None else int(stated)
    return 0 if kind == "hotpatch" else 1


def _is_public_preview(release: ReleaseClaims, lines: set[str | None]) -> bool:
    """Return whether a release is titled a public preview, or the navigation lists it in categories of previews only."""
    marks = release.listed("is_public_preview")
    if any(c.value == "titled" for c in marks):
        return True
    if not marks or "standard" in lines:
        return False
    navigations = {c.place for c in release.listed("title")}  # tables have no titles and mark no previews
    listed = {c.place for c in release.listed("line") if c.value == "hotpatch"} & navigations
    return listed == {c.place for c in marks}


def _article_url(release: ReleaseClaims) -> str | None:
    """Return the newest address of the article; of a baseline that of the LCU's own article."""
    addresses = [c for c in release.listed("article_url") if c.value]
    own = [c for c in addresses if not c.subject.endswith("/baseline")] or addresses
    own = [c for c in own if c.gone_at is None] or own
    best = min(
        own,
        key=lambda c: (c.gone_at is not None, "/servicing/" not in (c.value or ""), "/preview/" in (c.value or ""), c.page_url, c.section),
        default=None,
    )
    return best.value if best else None


def _derived_from(release: ReleaseClaims, kind: str) -> str | None:
    """Return what was concluded: a navigation's baseline has neither KB nor build, unless a calendar states them."""
    if release.build_of is not None and not any(c.value == release.build for c in release.listed("build")):
        return derivations.OTHER_VERSION.format(build=release.build_of.value)
    if kind != "baseline" or not release.kb:
        return None
    if any(c.field == "classification" and c.value == "baseline" and not c.subject.endswith("/baseline") for c in release.claims):
        return None
    return derivations.BASELINE_OF_ITS_DAY


def _gone_since(claims: list[StoredClaim]) -> str | None:
    if any(c.gone_at is None for c in claims):
        return None
    return max((c.gone_at or "" for c in claims), default=None)


# --- what others state of releases -----------------------------------------------------------------------------------


def _compare_with_mentions(release: ReleaseClaims, belief: Belief) -> None:
    """Compare a release's line and month with what MSRC and Graph state: they agree, or are a conflict (KB5123303 is not a plain LCU)."""
    subject, kind = release.subject, release.row["classification"]
    own = belief.precedence.strongest(release.listed("classification") or release.listed("line") or release.claims)
    for claim in release.mentioned("subtype") + release.mentioned("is_hotpatch"):
        is_hotpatch = belief.precedence.value(claim) in {"hotpatch", "1"}
        if claim.gone_at is not None or kind == "component":  # MSRC has no word for components
            continue
        if is_hotpatch == (kind == "hotpatch"):
            belief.support(subject, [claim])
        else:
            belief.conflict(subject, "classification", own, claim, kind, "hotpatch" if is_hotpatch else "cumulative", "precedence")
    own = belief.precedence.strongest(release.listed("month") or release.listed("release_date") or [own])
    months = {release.row["month"], (release.row["release_date"] or "")[:7]}
    for claim in release.mentioned("month"):
        if claim.gone_at is None and claim.value and claim.value not in months:
            belief.conflict(subject, "month", own, claim, release.row["month"], claim.value, "precedence")


def _note_misplaced_remediations(releases: list[ReleaseClaims], claims: ClaimsBySubject, belief: Belief) -> None:
    """Note a conflict if MSRC lists a KB under a product that none of its builds belong to.

    The winner is the product of the KB's release.
    """
    by_kb: dict[int, list[ReleaseClaims]] = defaultdict(list)
    for release in releases:
        if release.kb:
            by_kb[release.kb].append(release)
    for subject in subjects_of(claims, "remediation"):
        _, product, kb = subject.split("/")
        others = by_kb.get(int(kb), [])
        if not others or any(release.product == product for release in others) or not is_misplaced(product, claims[subject]):
            continue
        other = min(others, key=lambda release: release.subject)
        own = belief.precedence.strongest(other.listed("kb") or other.claims)
        for claim in claims[subject]:
            if claim.name == "fixed_build" and claim.gone_at is None:
                belief.conflict(other.subject, "product", own, claim, other.product, product, "sanity")


def _note_unlisted(releases: list[ReleaseClaims], belief: Belief) -> None:
    """Note a conflict for each out-of-band release that a table lists and the product's own update history passes over.

    Learn's table of Windows 11, version 24H2, has KB5070881 and KB5072359, which were for servers (October and November 2025). The winner is
    the next entry of the history. Monthly releases are not compared: a history that lacks one is one that was not updated.
    """
    by_product: dict[str, list[ReleaseClaims]] = defaultdict(list)
    for release in releases:
        if release.row["in_standard_line"] and release.row["release_date"]:
            by_product[release.product].append(release)
    for of_product in by_product.values():
        of_product.sort(key=lambda release: (release.row["release_date"], release.row["revision"] or 0))
        entries = [(release.row["release_date"], entry) for release in of_product if (entry := _entry_of(release)) is not None]
        for release in of_product:
            tables = [claim for claim in release.listed("cadence") if claim.gone_at is None]
            if release.row["cadence"] != "OOB" or not tables or _entry_of(release) is not None:
                continue
            day = release.row["release_date"]
            after = next((entry for entry_day, entry in entries if entry_day > day), None)
            if after is not None and entries[0][0] < day:
                table = belief.precedence.strongest(tables)
                belief.conflict(release.subject, "listed", after, table, None, release.row["build"], "own_history")


def _entry_of(release: ReleaseClaims) -> StoredClaim | None:
    """Return the claim of a standing entry of an update history, None where none lists the release."""
    histories = {claim.place for claim in release.listed("line") if claim.value == "standard"}
    entries = (claim for claim in release.listed("title") if claim.gone_at is None and claim.place in histories)
    return min(entries, key=lambda claim: claim.claim, default=None)


# --- products -------------------------------------------------------------------------------------------------------


def _resolve_products(releases: list[ReleaseClaims], claims: ClaimsBySubject, belief: Belief) -> None:
    """Make the rows of ``products``; a line that is new has the build number of most of its releases."""
    numbers: dict[str, Counter[int]] = defaultdict(Counter)
    products = {release.product for release in releases} | {product for product, _ in belief.facts.hotpatch_calendar}
    products |= {product_of(subject) for subject in subjects_of(claims, "release")}  # all of whose entries may be quarantined
    products |= {row["product"] for row in belief.facts.reported.values()} | {product for product, _, _ in belief.facts.lifecycles}
    for release in releases:
        if release.row["build_number"]:
            numbers[release.product][release.row["build_number"]] += 1
    stated = {product_of(subject) for subject in subjects_of(claims, "product")}
    for product in sorted(products | stated):
        row: Row = bare_product(product)
        fields = by_field(claims.get(row["subject"], ()))
        common = numbers[product].most_common(1)
        row["build_number"] = named(product, common[0][0] if common else None).build_number
        for name in _PRODUCT_DATES:
            row[name] = belief.pick(row["subject"], name, fields[name])
        for name, (group, kind) in ends_of(product).items():
            end = belief.facts.lifecycles.get((product, group, kind))
            row[name] = end["end_date"] if end else None
        row["extended_end_date"] = public_end(product, releases, belief)
        belief.facts.products[product] = row
