"""Releases that no list has: what MSRC, articles, Microsoft Graph and feeds name, where it is newer than all that lists have.

In: the releases that lists have, with their rows, and all claims. Out: provisional releases, with rows of ``releases`` (``is_provisional``).
Once a list names the KB, the release is built from the list instead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from hotpatch_kb.db.claims import derivations
from hotpatch_kb.db.facts.precedence import Belief
from hotpatch_kb.db.facts.release_claims import ClaimsBySubject, ReleaseClaims, has_number_of
from hotpatch_kb.db.facts.snapshots import StoredClaim
from hotpatch_kb.db.facts.tables import bare_release
from hotpatch_kb.db.model.claims import release_subject
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import second_tuesday
from hotpatch_kb.db.model.products import KNOWN, named
from hotpatch_kb.db.model.titles import Title, title

# What names a release that no list has, as ``derived_from`` says it.
_NAMERS: Final = {"msrc_cvrf": "MSRC", "support_article": "its article", "graph_updates": "Microsoft Graph", "support_feeds": "a feed"}


def provisional_releases(releases: list[ReleaseClaims], claims: ClaimsBySubject, belief: Belief) -> list[ReleaseClaims]:
    """Return the releases that MSRC, articles, Graph or feeds name and that no list has, where they are newer than all that lists have of their line.

    Older ones are not provisional releases: MSRC also names KBs that lists lack for good reason (security-only updates, updates of other systems).
    """
    newest = _Newest(releases)
    result = []
    for release in _named(releases, claims):
        kind, day = _kind_of_mentions(release), _day_of_mentions(release, belief)
        builds = belief.precedence.in_order(release.stated_builds(), has_number_of(release.product))
        build = belief.precedence.value(builds[0]) if builds else None
        release.build = build if build and has_number_of(release.product)(build) else None
        month = min((c.value for c in release.mentioned("month") if c.value), default=(day or "")[:7])
        line = "hotpatch" if kind in {"hotpatch", "component"} else "standard"
        if not day or not newest.is_before(release, line, month):
            continue
        release.subject = release_subject(release.product, release.kb, release.build)
        is_monthly = day == second_tuesday(day[:7]) and kind != "preview" and not newest.has_month(release.product, line, day[:7])
        release.row = bare_release(release.product, release.kb, release.build, release.subject) | {
            "release_date": day, "month": month, "cadence": "B" if is_monthly else None if kind == "preview" else "OOB", "classification": kind,
            "in_hotpatch_line": int(line == "hotpatch"), "in_standard_line": int(line == "standard"),
            "restart_required": int(kind != "hotpatch"), "is_provisional": 1, "derived_from": _named_by(release),
        }  # fmt: skip
        belief.facts.releases[release.row["release"]] = release.row
        belief.pick(release.subject, "build", release.stated_builds(), has_number_of(release.product))
        belief.support(release.subject, release.mentions)
        result.append(release)
    return result


class _Newest:
    """What lists have newest of each line of a product: months, revision and KB."""

    def __init__(self, releases: Iterable[ReleaseClaims]) -> None:
        self._months: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._revisions: dict[tuple[str, str], int] = defaultdict(int)
        self._kbs: dict[tuple[str, str], tuple[str, int, str]] = {}
        for release in releases:
            day, revision = release.row["release_date"], release.row["revision"] or 0
            for line in ("hotpatch", "standard"):
                if release.row[f"in_{line}_line"] and day:
                    key = (release.product, line)
                    self._months[key].add(day[:7])
                    if release.build and has_number_of(release.product)(release.build):
                        self._revisions[key] = max(self._revisions[key], revision)
                    if release.row["cadence"] == "B":
                        self._kbs[key] = max(self._kbs.get(key, ("", 0, "")), (day, revision, str(release.kb)))

    def is_before(self, release: ReleaseClaims, line: str, month: str) -> bool:
        """Return whether a release is newer than all of its line: of no earlier month, with a higher revision.

        Without a build it must be of a later month and supersede the newest: MSRC also lists KB5093998 of version 23H2 under 22H2, without a
        build and after the end of its support (June 2026), and KB5014701 of June 2022 under 1909 in March 2023.
        """
        key = (release.product, line)
        if not self._months[key] or month < max(self._months[key]):
            return False
        if release.build is None:
            superseded = {claim.value for claim in release.mentioned("supersedes_kb")}
            return month > max(self._months[key]) and self._kbs.get(key, ("", 0, ""))[2] in superseded
        return int(release.build.partition(".")[2]) > self._revisions[key]

    def has_month(self, product: str, line: str, month: str) -> bool:
        """Return whether lists have a release of a month of a line."""
        return month in self._months[product, line]


def _kind_of_mentions(release: ReleaseClaims) -> str:
    """Return the classification as far as it is known: an article states it, MSRC and Graph whether it is a hotpatch."""
    stated = next((c.value for c in release.mentioned("classification") if c.value), None)
    is_hotpatch = any(c.value in {"hotpatch", "1"} for c in release.mentioned("subtype") + release.mentioned("is_hotpatch"))
    return stated or ("hotpatch" if is_hotpatch else "cumulative")


def _day_of_mentions(release: ReleaseClaims, belief: Belief) -> str | None:
    """Return the day as an article or Graph states it; else the second Tuesday of MSRC's month, or the day of reading if that was earlier."""
    days = belief.precedence.in_order(release.mentioned("release_date") + release.mentioned("page_title_date"))
    if days:
        return belief.precedence.value(days[0])
    months = [c for c in release.mentioned("month") if c.value]
    return min((min(second_tuesday(c.value or ""), c.known_from[:10]) for c in months), default=None)


def _named_by(release: ReleaseClaims) -> str:
    return derivations.named(sorted({_NAMERS.get(claim.source, claim.source) for claim in release.mentions}))


# --- what names a KB -------------------------------------------------------------------------------------------------


def _named(releases: Iterable[ReleaseClaims], claims: ClaimsBySubject) -> Iterator[ReleaseClaims]:
    """Yield a release for each product and KB that no list has, with what MSRC, articles, Graph and feeds state of it."""
    listed = {(release.product, release.kb) for release in releases}
    # A baseline's article has a KB of its own, which nothing installs.
    listed_anywhere = {int(c.value) for release in releases for c in release.listed("article_kb") if c.value}
    products = sorted({release.product for release in releases})
    named_releases: dict[tuple[str, int], ReleaseClaims] = {}
    for subject, of_subject in sorted(claims.items()):
        kind, _, rest = subject.partition("/")
        if kind not in _READERS:
            continue
        for product, kb, mentions in _READERS[kind](rest, [c for c in of_subject if c.gone_at is None], products):
            if (product, kb) in listed or kb in listed_anywhere or not mentions:
                continue
            release = named_releases.setdefault((product, kb), ReleaseClaims(product, kb, None, release_subject(product, kb, None)))
            release.mentions += mentions
    yield from named_releases.values()


_Named = Iterator[tuple[str, int, list[StoredClaim]]]


def _of_msrc(rest: str, claims: list[StoredClaim], _products: Iterable[str]) -> _Named:
    product, _, kb = rest.partition("/")
    yield product, int(kb), claims


def _of_graph(rest: str, claims: list[StoredClaim], _products: Iterable[str]) -> _Named:
    product, kb, _ = rest.split("/")
    if kb.isdecimal():
        yield product, int(kb), claims


def _of_article(rest: str, claims: list[StoredClaim], products: Iterable[str]) -> _Named:
    """Yield what an article states of its KB, for each product that it applies to or whose build it names. Of a baseline it names another KB."""
    stated = {c.name: c.value or "" for c in claims}
    builds = [c.value or "" for c in claims if c.name in {"build", "page_title_build"}]
    if not rest.isdecimal() or stated.get("classification") == "baseline":
        return
    for product in _products_of(builds, stated.get("applies_to", "").split(), products):
        yield (
            product,
            int(rest),
            [c for c in claims if c.name not in {"build", "page_title_build"} or has_number_of(product)(c.value or "")],
        )


def _of_feed(rest: str, claims: list[StoredClaim], products: Iterable[str]) -> _Named:
    """Yield what the title of a feed's entry states."""
    for claim in claims:
        read = _read(claim.value or "") if claim.name == "feed_title" else None
        if read is None or read.kind == "baseline" or not read.date:
            continue
        family = "server" if "Server" in claim.section else "client"
        builds = [str(build) for build in read.builds]
        for product in _products_of(builds, [], (p for p in products if named(p).family == family)):
            own = next((build for build in builds if has_number_of(product)(build)), None)
            fields = {"release_date": read.date, "classification": read.kind, "build": own}
            yield product, int(rest), [claim._replace(field=field, value=value) for field, value in fields.items() if value]


def _read(text: str) -> Title | None:
    try:
        return title(text)
    except UnexpectedPage:
        return None


def _products_of(builds: Iterable[str], stated: Iterable[str], products: Iterable[str]) -> list[str]:
    """Return the products that have one of some builds: those that are stated, else the only one with its number."""
    numbers = {build.partition(".")[0] for build in builds}
    own = {product for product in (*stated, *products) if product in KNOWN and str(KNOWN[product].build_number) in numbers}
    chosen = own & set(stated)
    return sorted(chosen or {p for p in own if not any(o != p and KNOWN[o].build_number == KNOWN[p].build_number for o in own)})


_READERS: Final = {"remediation": _of_msrc, "revision": _of_graph, "article": _of_article, "kb": _of_feed}
