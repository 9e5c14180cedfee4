"""KBs and their articles.

In: releases with their rows, what pages state of KBs, and the articles that were read. Out: the rows of ``kbs`` and ``articles``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from hotpatch_kb.db.facts.precedence import Belief
from hotpatch_kb.db.facts.release_claims import ClaimsBySubject, ReleaseClaims, subjects_of
from hotpatch_kb.db.facts.snapshots import StoredClaim, by_field
from hotpatch_kb.db.facts.tables import Row
from hotpatch_kb.db.model.claims import release_named
from hotpatch_kb.db.model.titles import guid_of

# What feeds state of a KB.
_FEED_FIELDS: Final = frozenset({"published_at", "updated_at", "feed_title"})


def resolve_articles(releases: list[ReleaseClaims], claims: ClaimsBySubject, belief: Belief) -> None:
    """Make the rows of KBs and articles: first from releases, then from pages about a KB, then from the articles themselves."""
    _kbs_of_releases(releases, belief)
    released = {release.kb for release in releases if release.kb}
    _stated_kbs(claims, released, belief)
    _baseline_articles(releases, released, belief)
    products = _linked_articles(releases, _kbs_of_baseline_articles(releases, claims), belief)
    _articles_of_kbs(claims, belief)
    _read_articles(claims, belief)
    for url, row in belief.facts.articles.items():
        about = products.get(url) or set((row["applies_to"] or "").split())
        row["product"] = next(iter(about)) if len(about) == 1 else None


def _article_row(url: str, kb: int | None, title: str | None, day: str | None) -> Row:
    return {
        "url": url, "kb": kb, "product": None, "title": title, "release_date": day, "guid": guid_of(url), "applies_to": None,
        "requires_kb": None, "requires_build": None, "ssu_kb": None, "ssu_build": None, "issue_count": None, "expired_on": None,
    }  # fmt: skip


# --- KBs ------------------------------------------------------------------------------------------------------------


def _kbs_of_releases(releases: list[ReleaseClaims], belief: Belief) -> None:
    """Make the KBs of releases: the first day of any, the title of the navigation, the address of the article."""
    titles: dict[int, list[tuple[ReleaseClaims, StoredClaim]]] = defaultdict(list)
    for release in releases:
        if release.kb:
            row = belief.facts.kb_row(release.kb)
            row["release_date"] = min(filter(None, (row["release_date"], release.row["release_date"])), default=None)
            titles[release.kb] += [(release, c) for c in release.listed("title") if not c.subject.endswith("/baseline")]
        belief.support(f"kb/{release.kb}", (c for c in release.listed("kb") if c.value == str(release.kb)))
    for kb, of_kb in titles.items():
        if of_kb:
            row = belief.facts.kb_row(kb)
            _, title = min(
                of_kb,
                key=lambda pair: (
                    pair[1].gone_at is not None,
                    pair[1].section.startswith("Public Preview"),
                    pair[0].product,
                    pair[1].page_url,
                    pair[1].section,
                ),
            )
            row["title"] = title.value
            belief.support(row["subject"], [title])
    for release in sorted(releases, key=lambda r: r.subject):
        if release.kb and release.row["article_url"]:
            row = belief.facts.kb_row(release.kb)
            row["article_url"] = row["article_url"] or release.row["article_url"]


def _stated_kbs(claims: ClaimsBySubject, released: set[int], belief: Belief) -> None:
    """Make the KBs that pages state without a release: entries whose builds are all of other products, and articles of baselines."""
    for subject in subjects_of(claims, "kb"):
        kb = int(subject.split("/")[1])
        fields = by_field(claims[subject])
        is_only_in_feeds = not fields.keys() - _FEED_FIELDS
        if kb in belief.facts.kbs or not is_only_in_feeds:  # a feed is never the only source of a KB
            _feed_times(kb, fields, belief)
        if is_only_in_feeds:
            continue
        row = belief.facts.kb_row(kb)
        for name in ("title", "article_url", "release_date"):
            row[name] = row[name] or belief.pick(subject, name, fields[name])
        installs = belief.pick(subject, "installs_kb", fields["installs_kb"])
        if installs and kb not in released:
            row["installs_kb"] = belief.facts.kb_row(int(installs))["kb"]


def _feed_times(kb: int, fields: Mapping[str, list[StoredClaim]], belief: Belief) -> None:
    """Set when the first article of a KB was published and the last was edited; several articles are not a disagreement."""
    row = belief.facts.kb_row(kb)
    for name, chosen in (("published_at", min), ("updated_at", max)):
        stated = [c for c in fields.get(name, ()) if c.value and c.gone_at is None]
        if stated:
            row[name] = chosen(c.value or "" for c in stated)
            belief.support(row["subject"], (c for c in stated if c.value == row[name]))


def _baseline_articles(releases: list[ReleaseClaims], released: set[int], belief: Belief) -> None:
    """Link the KB of a baseline's article with the KB that it installs (KB5100456 is about KB5094126)."""
    links: dict[int, list[tuple[StoredClaim, ReleaseClaims]]] = defaultdict(list)
    for release in releases:
        for claim in release.listed("article_kb"):
            if int(claim.value or 0) != release.kb:
                links[int(claim.value or 0)].append((claim, release))
    for article, of_article in sorted(links.items()):
        if article in released:
            # A link to another release's article (Microsoft's own pages have such): that KB has a release of its own.
            own = next((c for release in releases if release.kb == article for c in release.listed("kb")), None)
            for claim, release in of_article:
                if own is not None:
                    belief.conflict(release.subject, "article_kb", own, claim, own.value, claim.value, "sanity")
            continue
        claim, release = min(
            of_article,
            key=lambda pair: (pair[0].gone_at is not None, pair[1].row["release_date"] or "", pair[1].product, pair[0].section),
        )
        row = belief.facts.kb_row(article)
        row["installs_kb"] = row["installs_kb"] or release.kb
        row["release_date"] = row["release_date"] or release.row["release_date"]
        titles = (c.value for c in release.listed("title") if c.subject == claim.subject and c.section == claim.section)
        row["title"] = row["title"] or next(titles, None)
        row["article_url"] = row["article_url"] or _address_beside(claim, release)
        belief.support(row["subject"], (claim for claim, _ in of_article))


def _address_beside(claim: StoredClaim, release: ReleaseClaims) -> str | None:
    """Return the article's address from the entry that states a claim."""
    beside = [c for c in release.listed("article_url") if c.subject == claim.subject and c.section == claim.section and c.value]
    best = min(beside, key=lambda c: (c.gone_at is not None, c.page_url), default=None)
    return best.value if best else None


def _kbs_of_baseline_articles(releases: list[ReleaseClaims], claims: ClaimsBySubject) -> dict[tuple[str, str], int]:
    """Return the KBs of the articles about baselines, by product and day."""
    kbs: dict[tuple[str, str], int] = {}
    for subject, of_kb in claims.items():
        if subject.startswith("kb/") and any(c.field == "installs_kb" for c in of_kb):
            days = [c.value for c in of_kb if c.field == "release_date" and c.value]
            for product in (c.value for c in by_field(of_kb)["product"] if c.value):
                kbs |= {(product, day): int(subject.split("/")[1]) for day in days}
    for release in releases:
        for claim in release.listed("article_kb"):
            if day := release_named(claim.subject).baseline_day:
                kbs[release.product, day] = int(claim.value or 0)
    return kbs


# --- articles -------------------------------------------------------------------------------------------------------


def _linked_articles(
    releases: list[ReleaseClaims], kbs_of_baseline_articles: Mapping[tuple[str, str], int], belief: Belief
) -> dict[str, set[str]]:
    """Make the articles that entries of releases link to. Returns the products of the releases, by address."""
    products: dict[str, set[str]] = defaultdict(set)
    for release in sorted(releases, key=lambda r: r.subject):
        for claim in sorted(release.listed("article_url"), key=lambda c: (c.gone_at is not None, c.page_url, c.section)):
            if not claim.value:
                continue
            baseline_day = release_named(claim.subject).baseline_day
            is_baseline = baseline_day is not None or "-baseline" in claim.value
            day = baseline_day or release.row["release_date"]
            kb = kbs_of_baseline_articles.get((release.product, day or "")) if is_baseline else release.kb
            if kb:
                belief.facts.kb_row(kb)
            entry = (claim.subject, claim.page_url, claim.section)
            title = next((c.value for c in release.listed("title") if (c.subject, c.page_url, c.section) == entry), None)
            row = belief.facts.articles.setdefault(claim.value, _article_row(claim.value, kb, title, day))
            row["kb"], row["title"] = row["kb"] or kb, row["title"] or title
            products[claim.value].add(release.product)
    return products


def _articles_of_kbs(claims: ClaimsBySubject, belief: Belief) -> None:
    """Make the articles that pages state of a KB without a release."""
    for subject in subjects_of(claims, "kb"):
        for claim in claims[subject]:
            if claim.field == "article_url" and claim.value and claim.value not in belief.facts.articles:
                kb = belief.facts.kb_row(int(subject.split("/")[1]))
                belief.facts.articles[claim.value] = _article_row(claim.value, kb["kb"], kb["title"], kb["release_date"])


def _read_articles(claims: ClaimsBySubject, belief: Belief) -> None:
    """Add what articles that were read state of themselves, under the address that answered."""
    for subject in subjects_of(claims, "article"):
        named_kb = subject.removeprefix("article/")
        kb = None if named_kb == "-" else int(named_kb)
        by_page: dict[str, dict[str, StoredClaim]] = defaultdict(dict)
        for claim in claims[subject]:
            if claim.gone_at is None:
                by_page[claim.page_url][claim.field] = claim
        for url, stated in sorted(by_page.items()):
            _read_article(url, kb, stated, belief)


def _read_article(url: str, kb: int | None, stated: Mapping[str, StoredClaim], belief: Belief) -> None:
    row = belief.facts.articles.setdefault(url, _article_row(url, kb, None, None))
    row["kb"] = row["kb"] or kb
    for name in ("title", "release_date", "applies_to", "requires_build", "ssu_build", "expired_on"):
        if name in stated:
            row[name] = belief.precedence.value(stated[name])
    for name in ("requires_kb", "ssu_kb", "issue_count"):
        if name in stated and (number := belief.precedence.value(stated[name])):
            row[name] = int(number)
    if row["requires_kb"]:
        belief.facts.kb_row(row["requires_kb"])
    if row["kb"] is not None:
        of_kb = belief.facts.kb_row(row["kb"])
        of_kb["title"] = of_kb["title"] or row["title"]
        of_kb["article_url"] = of_kb["article_url"] or url
        belief.support(of_kb["subject"], stated.values())
