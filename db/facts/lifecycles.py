"""Ends of support by edition group, and releases that only others report.

In: claims of ``lifecycle/<product>/<edition_group>/<kind>``, of ``reported/<product>/<kb>/<build>``, and the support dates of a product that
Learn's release information states. Out: the rows of ``lifecycles`` and ``reported``.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Final

from hotpatch_kb.db.facts.precedence import Belief
from hotpatch_kb.db.facts.release_claims import ClaimsBySubject, ReleaseClaims, subjects_of
from hotpatch_kb.db.facts.snapshots import StoredClaim, by_field
from hotpatch_kb.db.facts.tables import Row
from hotpatch_kb.db.model.claims import product_of
from hotpatch_kb.db.model.products import named

# What the columns of ``products`` mean, by family: field, then edition group and kind. The columns follow from these rows of ``lifecycles``.
PRODUCT_ENDS: Final = {
    "server": {
        "mainstream_end_date": ("server", "mainstream"),
        "extended_end_date": ("server", "extended"),
        "hotpatch_end_date": ("server_azure_edition", "hotpatch_end"),
    },
    "annual_channel": {
        "mainstream_end_date": ("annual_channel", "mainstream"),
        "extended_end_date": ("annual_channel", "end_of_servicing"),
        "hotpatch_end_date": ("annual_channel", "hotpatch_end"),
    },
    "client": {
        "mainstream_end_date": ("home_pro", "end_of_servicing"),
        "extended_end_date": ("enterprise_education", "end_of_servicing"),
        "hotpatch_end_date": ("enterprise_education", "hotpatch_end"),
    },
}
# Lines of Windows Server that end after 18 to 24 months for every edition.
_ANNUAL: Final = "ws-"
# Groups and kinds of ends of a version that goes on for years after its other editions.
_LONG_TERM: Final = ("ltsc", "iot_ltsc")
_PUBLIC: Final = ("extended", "end_of_servicing")


def ends_of(product: str) -> dict[str, tuple[str, str]]:
    """Return the edition group and kind that each end date of ``products`` stands for."""
    family = named(product).family
    return PRODUCT_ENDS["annual_channel" if product.startswith(_ANNUAL) and family == "server" else family]


def resolve_lifecycles(releases: list[ReleaseClaims], claims: ClaimsBySubject, belief: Belief) -> None:
    """Make the rows of ``lifecycles``, from every source that states an end of support.

    A claim ``former_end_date`` states what a source said before it was corrected: it loses to every ``end_date``. The annual channel has no
    Extended Security Updates, so an end before its last monthly release cannot be right: Server 23H2 had updates until 2026-05-12, and
    2025-10-24 was stated for it.
    """
    last_release: dict[str, str] = defaultdict(str)
    for release in releases:
        if release.row["cadence"] == "B":
            last_release[release.product] = max(last_release[release.product], release.row["release_date"] or "")
    stated: dict[tuple[str, str, str], list[StoredClaim]] = defaultdict(list)
    former: dict[tuple[str, str, str], list[StoredClaim]] = defaultdict(list)
    trusts: dict[tuple[tuple[str, str, str], str], str] = {}
    for subject in subjects_of(claims, "lifecycle"):
        _, product, group, kind = subject.split("/")
        fields = by_field(claims[subject])
        stated[product, group, kind] += fields["end_date"]
        former[product, group, kind] += fields["former_end_date"]
        trusts |= {(claim.place, subject): claim.value or "" for claim in fields["trust"]}
    for subject in subjects_of(claims, "product"):
        product = product_of(subject)
        fields = by_field(claims[subject])
        for field, (group, kind) in ends_of(product).items():
            stated[product, group, kind] += fields[field]
    for (product, group, kind), candidates in sorted(stated.items()):
        subject = f"lifecycle/{product}/{group}/{kind}"
        is_sane = partial(_is_not_before, last_release[product] if group == "annual_channel" else "")
        end = belief.pick(subject, "end_date", candidates, is_sane)
        if end is None:
            continue
        won = belief.precedence.in_order(candidates, is_sane)[0]
        for claim in former[product, group, kind]:
            if claim.gone_at is None and claim.value != end:
                belief.conflict(subject, "end_date", won, claim, end, claim.value, "later_page")
        if (group, kind) in ends_of(product).values():
            belief.support(f"product/{product}", (c for c in candidates if c.gone_at is None and belief.precedence.value(c) == end))
        belief.facts.lifecycles[product, group, kind] = {
            "product": product, "edition_group": group, "kind": kind, "end_date": end, "source_url": won.source_url,
            "trust": trusts.get((won.place, subject)) or "page of Microsoft", "subject": subject,
        }  # fmt: skip


def public_end(product: str, releases: list[ReleaseClaims], belief: Belief) -> str | None:
    """Return the last day on which any edition of a product gets public updates, None where no source states it.

    For clients that is the end of Enterprise. Where a version is also one of the Long-Term Servicing Channel, and a monthly release after
    that day is listed, the end of the channel counts: Windows 10, version 1809, until 2029-01-09.
    """
    ends = belief.facts.lifecycles
    row = ends.get((product, *ends_of(product)["extended_end_date"]))
    if row is None:
        return None
    end: str = row["end_date"]
    later = max((ends[key]["end_date"] for group in _LONG_TERM for kind in _PUBLIC if (key := (product, group, kind)) in ends), default="")
    goes_on = later > end and any(
        release.product == product and release.row["cadence"] == "B" and (release.row["release_date"] or "") > end for release in releases
    )
    return later if goes_on else end


def _is_not_before(day: str, value: str) -> bool:
    return value >= day[: len(value)]


def resolve_reported(releases: list[ReleaseClaims], claims: ClaimsBySubject, belief: Belief) -> None:
    """Make the rows of ``reported``.

    A release is not reported any more where a page that was read lists it, with the same KB or build, or a release of its line and day or later.
    """
    listed = {(release.product, name) for release in releases for name in (release.kb, release.build) if name}
    until: dict[tuple[str, str], str] = defaultdict(str)
    for release in releases:
        for line in ("in_hotpatch_line", "in_standard_line"):
            if release.row[line]:
                until[release.product, line] = max(until[release.product, line], release.row["release_date"] or "")
    for subject in subjects_of(claims, "reported"):
        _, product, kb, build = subject.split("/")
        number = int(kb) if kb != "-" else None
        if (product, number or build) in listed:
            continue
        fields = by_field(claim for claim in claims[subject] if claim.gone_at is None)
        stated = {name: belief.pick(subject, name, of_field) for name, of_field in fields.items()}
        lines = [line for line in ("in_hotpatch_line", "in_standard_line") if stated.get(line) == "1"]
        if not stated.get("classification") or (
            lines and all(until[product, line] >= (stated.get("release_date") or "") for line in lines)
        ):
            continue
        first, _, revision = build.partition(".")
        row: Row = {name: stated.get(name) for name in ("release_date", "month", "cadence", "classification", "read_on")}
        belief.facts.reported[subject] = row | {
            "product": product, "kb": number, "build": build if build != "-" else None,
            "build_number": int(first) if first.isdigit() else None, "revision": int(revision) if revision else None,
            "in_hotpatch_line": int(stated.get("in_hotpatch_line") or 0), "in_standard_line": int(stated.get("in_standard_line") or 0),
            "read_on": stated.get("read_on") or min(claim.first_seen_at for claim in claims[subject])[:10],
            "source_url": min(claim.source_url for claim in claims[subject] if claim.gone_at is None), "subject": subject,
        }  # fmt: skip
