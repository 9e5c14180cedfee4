"""Claims grouped into releases.

In: all claims by subject. Out: one ``ReleaseClaims`` per release, with its KB and build as believed. Only navigations and tables list
releases. Articles, MSRC and Microsoft Graph mention a KB and a build and know no lines and calendars: what they state of a listed release is
believed by their precedence, or is a conflict. What they name that no list has is made by ``provisional``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final

from hotpatch_kb.db.facts.precedence import SLUG_FIELDS, Precedence
from hotpatch_kb.db.facts.snapshots import StoredClaim, Successors, are_weeks_apart, by_field
from hotpatch_kb.db.facts.tables import Row
from hotpatch_kb.db.model.claims import release_named, release_subject
from hotpatch_kb.db.model.notation import builds_in
from hotpatch_kb.db.model.products import BUILD_NUMBERS, may_be_build_of, named, same_revisions

ClaimsBySubject = Mapping[str, list[StoredClaim]]

# What an article states of the releases of its KB.
_ARTICLE_FIELDS: Final = frozenset(
    {
        "build",
        "link_build",
        "page_title_build",
        "release_date",
        "page_title_date",
        "classification",
        "requires_kb",
        "restart_required",
        "is_expired",
    }
)
_BUILD_FIELDS: Final = frozenset({"build", "link_build", "page_title_build"})


@dataclass(slots=True, eq=False)
class ReleaseClaims:
    """The claims about one release.

    Attributes:
        product: its servicing line.
        kb: None for a baseline without an LCU, and where a table names none.
        build: None where nothing states one.
        subject: the release's name in the facts.
        claims: what navigations and tables state.
        mentions: what articles, MSRC and Graph state.
        baseline_day: the day of a baseline without an LCU, None for every other release.
        build_of: if the build was copied from another version (same revision, own build number): the other version's claim it comes from.
        row: its row of ``releases``, once there is one.
    """

    product: str
    kb: int | None
    build: str | None
    subject: str
    claims: list[StoredClaim] = field(default_factory=list)
    mentions: list[StoredClaim] = field(default_factory=list)
    baseline_day: str | None = None
    build_of: StoredClaim | None = None
    row: Row = field(default_factory=dict)
    _by_field: dict[str, list[StoredClaim]] = field(default_factory=dict)
    _indexed: int = 0  # claims are only ever added

    def listed(self, name: str) -> list[StoredClaim]:
        """Return what navigations and tables state of a field. The caller must not change the list."""
        if self._indexed < len(self.claims):
            for of_claims, claims in by_field(self.claims[self._indexed :]).items():
                self._by_field.setdefault(of_claims, []).extend(claims)
            self._indexed = len(self.claims)
        return self._by_field.get(name, [])

    def mentioned(self, name: str) -> list[StoredClaim]:
        """Return what articles, MSRC and Graph state of a field."""
        return [claim for claim in self.mentions if claim.name == name]

    @property
    def is_cumulative(self) -> bool:
        """Whether a release history lists it: then it is an LCU, or the mistake of a history, and restarts either way."""
        lines = self.listed("line")
        standing = [c for c in lines if c.gone_at is None] or lines
        return any(c.value == "standard" for c in standing)

    def stated_builds(self) -> list[StoredClaim]:
        """Return everything that states the build of the release."""
        others = [claim for name in ("build", "page_title_build", "fixed_build", "link_build") for claim in self.mentioned(name)]
        return self.listed("build") + self.listed("slug_build") + others


def subjects_of(claims: ClaimsBySubject, kind: str) -> list[str]:
    """Return the subjects of a kind, sorted."""
    return sorted(subject for subject in claims if subject.startswith(f"{kind}/"))


def has_number_of(product: str) -> Callable[[str], bool]:
    """Return the test whether a build can be one of a product: it has the product's build number, or that is not known."""
    return partial(may_be_build_of, product)


def is_misplaced(product: str, claims: Iterable[StoredClaim]) -> bool:
    """Return whether each build that MSRC states for a product has another product's number (a KB of ws2022 listed under ws2025)."""
    builds = [c.value for c in claims if c.name == "fixed_build" and c.value and c.gone_at is None]
    return bool(builds) and not any(may_be_build_of(product, build) for build in builds)


def group_releases(claims: ClaimsBySubject, precedence: Precedence) -> list[ReleaseClaims]:
    """Return the releases with all claims about each, and their KBs and builds as believed."""
    with_build, without_build, baselines = _listed_releases(claims)
    by_kb: dict[tuple[str, int | None], list[ReleaseClaims]] = defaultdict(list)
    for release in with_build:
        by_kb[release.product, release.kb].append(release)
    by_kb = {key: _without_rivals(same, precedence) for key, same in by_kb.items()}
    kept = set(_with_one_kb([release for same in by_kb.values() for release in same], precedence))
    by_kb = {key: [release for release in same if release in kept] for key, same in by_kb.items()}
    releases = [release for release in with_build if release in kept]
    for release in without_build:
        # A title with a wrong build number (20346.2091 for 20348.2091) or none is about the builds that its KB has elsewhere.
        owners = (
            [
                owner
                for owner in by_kb.get((release.product, release.kb), [])
                if not are_weeks_apart(release.listed("release_date"), owner.listed("release_date"))
            ]
            if release.kb
            else []
        )
        for owner in owners:
            owner.claims += release.claims
        if not owners:
            release.build = _build_elsewhere(release, claims, precedence)
            if release.build is None:
                _share_build(release, by_kb)
            if release.build or not _has_builds_of_others(release):  # it is quarantined
                releases.append(release)
    releases += _join_baselines(baselines, releases, precedence)
    _attach_mentions(releases, claims)
    _take_later_builds(releases, precedence)
    _share_revisions(releases, precedence)
    for release in releases:
        if not release.baseline_day:
            release.subject = release_subject(release.product, release.kb, release.build)
    return releases


def _listed_releases(claims: ClaimsBySubject) -> tuple[list[ReleaseClaims], list[ReleaseClaims], list[ReleaseClaims]]:
    """Return the releases as they are listed: with a build, without one, and baselines that name neither KB nor build."""
    with_build: list[ReleaseClaims] = []
    without_build: list[ReleaseClaims] = []
    baselines: list[ReleaseClaims] = []
    successors = Successors(claims)
    for subject in subjects_of(claims, "release"):
        stated = successors.without_withdrawn(subject)
        if not stated or successors.replaced(subject):
            continue
        product, kb, build, baseline_day = release_named(subject)
        if baseline_day:
            baselines.append(ReleaseClaims(product, None, None, subject, stated, baseline_day=baseline_day))
        else:
            (with_build if build else without_build).append(ReleaseClaims(product, kb, build, subject, stated))
    return with_build, without_build, baselines


def _without_rivals(releases: list[ReleaseClaims], precedence: Precedence) -> list[ReleaseClaims]:
    """Return the releases of one product and KB without those that are the same release with another build.

    A KB may have several builds of a product (4016871: 15063.296 and 15063.297); then one place states both. A build that no place
    states beside the believed one is a rival: its claims go to the believed release, so that the disagreement becomes a conflict.
    """
    if len(releases) < 2 or releases[0].kb is None:
        return releases

    def places(release: ReleaseClaims) -> set[tuple[str, str, str]]:
        current = [c for c in release.claims if c.gone_at is None]
        return {c.place for c in current or release.claims}

    ordered = sorted(releases, key=lambda r: (min(c.page_url for c in r.claims), r.subject))
    ordered.sort(key=lambda r: max(c.first_seen_at for c in r.claims), reverse=True)
    ordered.sort(key=lambda r: (all(c.gone_at is not None for c in r.claims), min(precedence.of(c) for c in r.claims)))
    kept = [ordered[0]]
    for release in ordered[1:]:
        if any(places(release) & places(other) for other in kept) or are_weeks_apart(
            release.listed("release_date"), kept[0].listed("release_date")
        ):
            kept.append(release)
        else:
            kept[0].claims += release.claims
    return [release for release in releases if release in kept]


def _with_one_kb(releases: list[ReleaseClaims], precedence: Precedence) -> list[ReleaseClaims]:
    """Return releases without those that are another one with its KB mistyped: of the same product, build, day and line, in other places.

    From 2015 to July 2026 no build had two KBs of one line on one day. The claims of a rival go to the release whose KB is believed.
    """
    by_build: dict[tuple[str, str | None], list[ReleaseClaims]] = defaultdict(list)
    for release in releases:
        if release.kb and any(c.gone_at is None for c in release.claims):
            by_build[release.product, release.build].append(release)
    rivals = set()
    for same in by_build.values():
        order = precedence.in_order([c for release in same for c in release.listed("kb")]) if len(same) > 1 else []
        same.sort(key=lambda release: min(order.index(c) for c in order if c in release.listed("kb")) if order else 0)
        for place, release in enumerate(same):
            owner = next((o for o in same[:place] if o not in rivals and o.kb != release.kb and _are_one(o, release)), None)
            if owner is not None:
                owner.claims += release.claims
                rivals.add(release)
    return [release for release in releases if release not in rivals]


def _are_one(one: ReleaseClaims, two: ReleaseClaims) -> bool:
    """Return whether two releases with one build are of one day and line, and no place states both."""

    def standing(release: ReleaseClaims, name: str) -> set[str | None]:
        return {c.value for c in release.listed(name) if c.gone_at is None}

    places, days, kinds = (
        [{c.place for c in r.claims if c.gone_at is None} for r in (one, two)],
        [standing(r, "release_date") for r in (one, two)],
        [standing(r, "classification") for r in (one, two)],
    )
    return (
        not places[0] & places[1]
        and bool(days[0] & days[1])
        and "component" not in kinds[0] | kinds[1]
        and ("hotpatch" in kinds[0]) == ("hotpatch" in kinds[1])
    )


def _build_elsewhere(release: ReleaseClaims, claims: ClaimsBySubject, precedence: Precedence) -> str | None:
    """Return the build that MSRC or an article states for a KB whose title has none of its product (KB5066360)."""
    can_be = has_number_of(release.product)
    stated = [c for c in claims.get(f"remediation/{release.product}/{release.kb}", ()) if c.name == "fixed_build"]
    if _has_builds_of_others(release):
        stated += [c for c in claims.get(f"article/{release.kb}", ()) if c.name == "build"]
    stated = [c for c in stated if c.value and c.gone_at is None and can_be(c.value)]
    return min(stated, key=lambda c: (precedence.of(c), c.value)).value if stated else None


# --- builds of versions that are serviced together --------------------------------------------------------------------


def _has_builds_of_others(release: ReleaseClaims) -> bool:
    """Return whether a release is listed with builds of other products alone: 26100.6725 among those of Windows 11, version 25H2."""
    numbers = {int(c.value.partition(".")[0]) for c in release.listed("build") if c.value}
    return bool(numbers) and numbers <= BUILD_NUMBERS


def _share_build(release: ReleaseClaims, by_kb: Mapping[tuple[str, int | None], list[ReleaseClaims]]) -> None:
    """Give a release that is listed with another version's build the same revision, where that version lists the KB with that build."""
    number = named(release.product).build_number
    stated = {c.value for c in release.listed("build")}
    for product in same_revisions(release.product):
        for other in by_kb.get((product, release.kb), ()):
            if other.build in stated and other.build and product != release.product:
                release.build = f"{number}.{other.build.partition('.')[2]}"
                release.build_of = next(c for c in other.listed("build") if c.value == other.build)


def _share_revisions(releases: Iterable[ReleaseClaims], precedence: Precedence) -> None:
    """Give releases of one KB the same revision on versions that are serviced together, where their builds disagree.

    Believe the revision of the best source; then the one that more titles and rows state; then that of the newest version.
    """
    groups: dict[tuple[int, tuple[str, ...]], list[ReleaseClaims]] = defaultdict(list)
    for release in releases:
        if release.kb and release.build and len(versions := same_revisions(release.product)) > 1:
            groups[release.kb, versions].append(release)
    for group in groups.values():
        products = {release.product for release in group}
        if len({_revision(release.build) for release in group}) < 2 or len(products) < len(group):
            continue
        best = _best_revision(group, precedence)
        for release in group:
            if best is not None and _revision(release.build) != _revision(best.value):
                release.build = f"{(release.build or '').partition('.')[0]}.{_revision(best.value)}"
                release.build_of = best


def _best_revision(group: list[ReleaseClaims], precedence: Precedence) -> StoredClaim | None:
    """Return the claim of a build whose revision is believed of all releases of a KB."""
    own = [
        claim
        for release in group
        for claim in precedence.in_order(release.stated_builds(), has_number_of(release.product))
        if claim.gone_at is None and claim.name not in SLUG_FIELDS and has_number_of(release.product)(claim.value or "")
    ]
    stated = {(claim.place, claim.value or "") for claim in own}
    stated |= {(claim.place, build) for release in group for claim, build in builds_of_others(release, group)}
    times = Counter(_revision(build) for _, build in stated)
    return min(
        own,
        key=lambda c: (precedence.of_field(c), -times[_revision(c.value)], -int((c.value or "0").partition(".")[0]), c.value, c.claim),
        default=None,
    )


def builds_of_others(release: ReleaseClaims, others: Iterable[ReleaseClaims]) -> Iterator[tuple[StoredClaim, str]]:
    """Yield the builds of other releases of a KB that the titles of one state, each with the claim of the title.

    "April 8, 2025—KB5055528 (OS Builds 22621.5191 and 22631.5191)" among those of version 22H2 also states a build of version 23H2.
    """
    numbers = {(other.build or "").partition(".")[0] for other in others if other.product != release.product}
    for claim in release.listed("title"):
        if claim.gone_at is None and claim.value:
            for build in _builds_in_title(claim.value):
                if build.partition(".")[0] in numbers and not has_number_of(release.product)(build):
                    yield claim, build


@lru_cache(maxsize=10_000)
def _builds_in_title(title: str) -> tuple[str, ...]:
    return tuple(map(str, builds_in(title)))


def _revision(build: str | None) -> str:
    return (build or "").partition(".")[2]


# --- baselines ------------------------------------------------------------------------------------------------------


def _join_baselines(baselines: list[ReleaseClaims], releases: list[ReleaseClaims], precedence: Precedence) -> list[ReleaseClaims]:
    """Add each navigation's baseline, which names neither KB nor build, to the LCU of its product and day.

    Returns:
        the baselines for which there is no LCU.
    """
    lcus: dict[tuple[str, str], list[ReleaseClaims]] = defaultdict(list)
    for release in releases:
        if day := _day_of_lcu(release, precedence):
            lcus[release.product, day].append(release)
    alone = []
    for baseline in baselines:
        same_day = [
            release
            for release in lcus.get((baseline.product, baseline.baseline_day or ""), [])
            if not any(c.value == "OOB" and c.gone_at is None for c in release.listed("cadence"))
        ]
        owners = same_day or _baselines_of_month(baseline, releases)
        if owners:
            owners.sort(key=lambda release: tuple(map(int, (release.build or "0.0").split("."))))
            owners[-1].claims += baseline.claims
        else:
            alone.append(baseline)
    return alone


def _day_of_lcu(release: ReleaseClaims, precedence: Precedence) -> str | None:
    """Return the day of a release that may be the LCU of a baseline, None where it cannot be one."""
    days = release.listed("release_date")
    current = [c for c in sorted(days, key=precedence.of) if c.gone_at is None]
    day = next(iter(current or days), None)
    classes = {c.value for c in release.listed("classification") if c.gone_at is None}
    # What a release history lists is an LCU, even where a calendar calls it a hotpatch.
    others = {"component", "preview", "initial"} | (set() if release.is_cumulative else {"hotpatch"})
    if day is None or not release.kb or classes & others:
        return None
    return precedence.value(day)


def _baselines_of_month(baseline: ReleaseClaims, releases: list[ReleaseClaims]) -> list[ReleaseClaims]:
    """Return the calendar's baselines of a month.

    Use them if no LCU has the day of the navigation's baseline: one of the two dates is wrong.
    """
    month = (baseline.baseline_day or "")[:7]
    return [
        release
        for release in releases
        if release.product == baseline.product
        and release.kb
        and any(c.value == month and c.gone_at is None for c in release.listed("month"))
        and any(c.value == "baseline" and c.gone_at is None for c in release.listed("classification"))
    ]


# --- mentions by articles, MSRC and Graph -----------------------------------------------------------------------------


def _attach_mentions(releases: Iterable[ReleaseClaims], claims: ClaimsBySubject) -> None:
    """Add to each release what articles, MSRC and Graph state of it."""
    by_kb: dict[str, list[ReleaseClaims]] = defaultdict(list)
    for release in releases:
        if release.kb:
            by_kb[str(release.kb)].append(release)
    for subject in sorted(claims):
        kind, _, rest = subject.partition("/")
        if kind == "article":  # "article/-": a baseline's article may name no KB
            _attach_article(by_kb.get(rest, []), claims[subject])
        elif kind == "mention":
            _attach_links(by_kb.get(rest, []), claims[subject])
        elif kind == "remediation":
            product, kb = rest.split("/")
            _attach_remediation([r for r in by_kb.get(kb, []) if r.product == product], claims[subject])
        elif kind == "revision":
            product, kb, build = rest.split("/")
            for release in by_kb.get(kb, []):
                if (release.product, release.build) == (product, build):
                    release.mentions += claims[subject]


def _attach_article(releases: list[ReleaseClaims], claims: list[StoredClaim]) -> None:
    for claim in claims:
        if claim.name not in _ARTICLE_FIELDS:
            continue
        about = releases
        if claim.name in _BUILD_FIELDS:
            # A heading names the builds of all products of the KB: each is about the releases with its number.
            about = [r for r in releases if r.build and claim.value and r.build.split(".")[0] == claim.value.split(".")[0]]
            about = [r for r in about if r.build == claim.value] or about
        for release in about:
            release.mentions.append(claim)


def _attach_links(releases: list[ReleaseClaims], claims: list[StoredClaim]) -> None:
    """Add the links of other articles to a KB that name a build which the release does not have; the others add nothing."""
    builds = {release.build for release in releases}
    numbers = {build.split(".")[0] for build in builds if build}
    for claim in claims:
        if claim.value and claim.value not in builds and claim.value.split(".")[0] in numbers:
            _attach_article(releases, [claim])


def _attach_remediation(releases: list[ReleaseClaims], claims: list[StoredClaim]) -> None:
    builds = {c.value for c in claims if c.name == "fixed_build" and c.value}
    for release in [r for r in releases if r.build in builds] or releases:
        release.mentions += claims


def _take_later_builds(releases: list[ReleaseClaims], precedence: Precedence) -> None:
    """Give a release the build of its article's heading, where that was read later than the navigation and differs."""
    builds = {(release.product, release.kb, release.build) for release in releases}
    for release in releases:
        if release.kb is None or release.build is None or not release.mentions:
            continue
        ordered = precedence.in_order(release.stated_builds(), has_number_of(release.product))
        if not ordered:
            continue
        best = precedence.value(ordered[0])
        listed = min(precedence.of_field(c) for c in release.listed("build") or ordered)
        is_as_good = precedence.of_field(ordered[0]) <= listed
        if best and best != release.build and is_as_good and (release.product, release.kb, best) not in builds:
            release.build = best
