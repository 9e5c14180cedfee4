"""The months of the hotpatch line: what was planned, and what was released.

In: releases with their rows, and what calendars state. Out: the rows of ``hotpatch_calendar``, and ``is_unplanned`` of releases.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from hotpatch_kb.db.facts.precedence import Belief, IsSane
from hotpatch_kb.db.facts.release_claims import ClaimsBySubject, ReleaseClaims, has_number_of
from hotpatch_kb.db.facts.snapshots import StoredClaim, by_field
from hotpatch_kb.db.model.claims import calendar_subject
from hotpatch_kb.db.model.notation import planned_by_cadence, second_tuesday

PageTimes = Mapping[tuple[str, str], Sequence[str]]


def resolve_calendar(releases: list[ReleaseClaims], claims: ClaimsBySubject, page_times: PageTimes, belief: Belief) -> None:
    """Make the row of each month that a calendar lists or that has a B release of the hotpatch line."""
    months: dict[tuple[str, str], list[ReleaseClaims]] = defaultdict(list)
    for subject in claims:
        if subject.startswith("calendar/"):
            _, product, month = subject.split("/")
            months[product, month] = []
    for release in releases:
        row = release.row
        if row["cadence"] == "B" and row["classification"] in {"baseline", "hotpatch"} and row["month"]:
            months[release.product, row["month"]].append(release)
    for (product, month), of_month in sorted(months.items()):
        _resolve_month(product, month, of_month, claims, page_times, belief)


def _resolve_month(
    product: str, month: str, releases: list[ReleaseClaims], claims: ClaimsBySubject, page_times: PageTimes, belief: Belief
) -> None:
    subject, precedence = calendar_subject(product, month), belief.precedence
    fields = by_field(claims.get(subject, ()))
    kbs = precedence.in_order(fields["kb"])
    listed = precedence.value(kbs[0]) if kbs else None
    # A month has one B release; if pages name several, the calendar's, else the baseline, else the first in the order of subjects.
    releases.sort(key=lambda r: (str(r.kb) != listed, r.row["classification"] != "baseline"))
    release = releases[0] if releases else None
    kb = _pick(subject, "kb", fields["kb"], release, belief)
    build = _pick(subject, "build", fields["build"], release, belief, has_number_of(product))
    day = _pick(subject, "release_date", fields["release_date"], release, belief)
    classes = release.listed("classification") if release else []
    types = [*fields["type"], *(c for c in classes if c.value in {"baseline", "hotpatch"})]
    published = _pick(subject, "type", types, release, belief)
    if release is not None:
        belief.support(subject, (c for c in release.listed("release_date") if c.gone_at is None and precedence.value(c) == day))
    plans = sorted((c for c in fields["planned_type"] if c.value), key=lambda c: (c.known_from, c.first_seen_at, c.page_url, c.source))
    footnotes = fields["footnote_type"]
    planned, planned_by = _planned(month, plans, footnotes, day)
    belief.support(subject, (c for c in plans if planned_by == "calendar" and c.value == planned))
    belief.support(subject, footnotes if planned_by == "footnote" else ())
    if published is None:
        expected = belief.pick(subject, "expected_type", [c for c in plans if c.gone_at is None])
    else:
        expected = published
        _published_beats_plans(subject, published, [*fields["type"], *classes], plans, belief)
    changed_on, changed_after = _changed(plans, types, published, page_times)
    is_unplanned = int(published == "baseline" and planned == "hotpatch")
    if release is not None:
        release.row["is_unplanned"] = is_unplanned
    belief.facts.hotpatch_calendar[product, month] = {
        "product": product, "month": month, "planned_type": planned, "planned_by": planned_by, "type": published,
        "expected_type": expected or planned_by_cadence(month),
        "is_unplanned": is_unplanned, "release_date": day, "expected_date": second_tuesday(month),
        "kb": int(kb) if kb else None, "build": build, "changed_on": changed_on, "changed_after": changed_after, "subject": subject,
    }  # fmt: skip


def _pick(
    subject: str, field: str, stated: list[StoredClaim], release: ReleaseClaims | None, belief: Belief, is_sane: IsSane | None = None
) -> str | None:
    """Return a value of a month: that of its release, where it has one, and otherwise the calendar's. A calendar that differs loses."""
    precedence = belief.precedence
    name = "classification" if field == "type" else field
    own = release.row[name] if release is not None else None
    believed = str(own) if own else None
    ordered = precedence.in_order(stated, is_sane)
    proof = [c for c in release.listed(name) if precedence.value(c) == believed] if release is not None and believed else []
    if not ordered or not proof or precedence.value(ordered[0]) == believed:
        picked = belief.pick(subject, field, stated, is_sane)
        return believed or picked
    won = precedence.strongest(proof)
    belief.support(subject, [won])
    for claim in ordered:
        value = precedence.value(claim)
        if value != believed:
            belief.conflict(subject, field, won, claim, believed, value, "other_release")
    return believed


def _planned(month: str, plans: list[StoredClaim], footnotes: list[StoredClaim], day: str | None) -> tuple[str, str]:
    """Return the type that was planned for a month, and what says so: a calendar before the release, a footnote, or the cadence."""
    before = [c for c in plans if day is None or c.known_from[:10] < day]
    if before:
        return before[0].value or "", "calendar"
    if footnotes:
        return footnotes[0].value or "", "footnote"
    return planned_by_cadence(month), "cadence"


def _published_beats_plans(subject: str, published: str, stated: list[StoredClaim], plans: list[StoredClaim], belief: Belief) -> None:
    """Note a conflict for each plan that a page still states against the published type."""
    proof = [c for c in stated if c.gone_at is None and belief.precedence.value(c) == published]
    for plan in plans:
        if plan.gone_at is None and plan.value != published and proof:
            belief.conflict(subject, "type", belief.precedence.strongest(proof), plan, published, plan.value, "published_beats_plan")


def _changed(
    plans: list[StoredClaim], types: list[StoredClaim], published: str | None, page_times: PageTimes
) -> tuple[str | None, str | None]:
    """Return the day on which a page first stated a new type for the month, and the last day on which the old one was read."""
    released_at = min((c.first_seen_at for c in types), default=None)
    seen: list[tuple[str, str]] = []
    for plan in plans:
        times = page_times.get((plan.source, plan.page_url), ())
        seen += [
            (time, plan.value or "")
            for time in times
            if plan.first_seen_at <= time <= plan.last_seen_at and (released_at is None or time < released_at)
        ]
    for claim in types:
        if claim.gone_at is not None or claim.value == published:
            seen += [(claim.first_seen_at, claim.value or ""), (claim.last_seen_at, claim.value or "")]
    seen.sort()
    for (before, old), (after, new) in zip(reversed(seen[:-1]), reversed(seen[1:]), strict=True):
        if old != new and after > before:  # two places of one page may disagree, which is no change
            return after[:10], before[:10]
    return None, None
