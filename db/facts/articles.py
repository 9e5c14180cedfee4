"""KBs and their articles, from the releases that name them and from the articles that were read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from hotpatch_kb.db.facts.precedence import Belief, Row, Stated, by_field
from hotpatch_kb.db.facts.release_claims import Unit
from hotpatch_kb.db.model.notation import guid_of

# What feeds state of a KB.
_INSTANTS: Final = frozenset({"published_at", "updated_at", "feed_title"})


def bare_kb(kb: int) -> Row:
    """A KB of which nothing but its number is known."""
    return {
        "kb": kb, "title": None, "article_url": None, "release_date": None, "installs_kb": None, "published_at": None,
        "updated_at": None, "subject": f"kb/{kb}",
    }  # fmt: skip


def _bare_article(url: str, kb: int | None, title: str | None, day: str | None) -> Row:
    return {
        "url": url, "kb": kb, "product": None, "title": title, "release_date": day, "guid": guid_of(url), "applies_to": None,
        "requires_kb": None, "requires_build": None, "ssu_kb": None, "ssu_build": None, "issue_count": None, "expired_on": None,
    }  # fmt: skip


class Kbs(Belief):
    """The part of a resolution that makes ``kbs`` and ``articles``."""

    _by_subject: dict[str, list[Stated]]

    def _kbs_and_articles(self, units: list[Unit]) -> None:
        released = {unit.kb for unit in units if unit.kb}
        titles: dict[int, list[tuple[Unit, Stated]]] = defaultdict(list)
        for unit in units:
            if unit.kb:
                row = self._kb(unit.kb)
                day = unit.row["release_date"]
                row["release_date"] = min(filter(None, (row["release_date"], day)), default=None)
                titles[unit.kb] += [(unit, c) for c in unit.of("title") if not c.subject.endswith("/baseline")]
            self.facts.fact_claims |= {(f"kb/{unit.kb}", c.claim) for c in unit.of("kb") if c.value == str(unit.kb)}
        for kb, found in titles.items():
            found.sort(
                key=lambda pair: (
                    pair[1].gone_at is not None,
                    pair[1].section.startswith("Public Preview"),
                    pair[0].product,
                    pair[1].page_url,
                    pair[1].section,
                )
            )
            if found:
                row, claim = self._kb(kb), found[0][1]
                row["title"] = claim.value
                self.facts.fact_claims.add((row["subject"], claim.claim))
        for unit in sorted(units, key=lambda u: u.subject):
            if unit.kb and unit.row["article_url"]:
                row = self._kb(unit.kb)
                row["article_url"] = row["article_url"] or unit.row["article_url"]
        self._stated_kbs(released)
        article_kbs = self._baseline_articles(units, released)
        self._articles(units, article_kbs)

    def _kb(self, kb: int) -> Row:
        return self.facts.kbs.setdefault(kb, bare_kb(kb))

    def _stated_kbs(self, released: set[int]) -> None:
        """KBs that pages state by themselves: an entry whose builds are all of other products, and the list of baselines' articles."""
        for subject in sorted(s for s in self._by_subject if s.startswith("kb/")):
            kb = int(subject.split("/")[1])
            fields = by_field(self._by_subject[subject])
            if kb in self.facts.kbs or fields.keys() - _INSTANTS:  # a feed is never the only source of a KB
                self._instants(kb, fields)
            if not fields.keys() - _INSTANTS:
                continue
            row = self._kb(kb)
            for name in ("title", "article_url", "release_date"):
                row[name] = row[name] or self._pick(subject, name, fields[name])
            installs = self._pick(subject, "installs_kb", fields["installs_kb"])
            if installs and kb not in released:
                self._kb(int(installs))
                row["installs_kb"] = int(installs)

    def _instants(self, kb: int, fields: Mapping[str, list[Stated]]) -> None:
        """When the first article of a KB was published and the last was edited, as feeds say; several articles are no disagreement."""
        row = self._kb(kb)
        for name, chosen in (("published_at", min), ("updated_at", max)):
            claims = [c for c in fields.get(name, ()) if c.value and c.gone_at is None]
            if claims:
                row[name] = chosen(c.value or "" for c in claims)
                self.facts.fact_claims |= {(row["subject"], c.claim) for c in claims if c.value == row[name]}

    def _baseline_articles(self, units: list[Unit], released: set[int]) -> dict[tuple[str, str], int]:
        """Links the KB of an article with the KB that it installs (case 25); the articles of baselines by product and day."""
        by_day: dict[tuple[str, str], int] = {}
        for subject, claims in self._by_subject.items():
            if subject.startswith("kb/") and any(c.field == "installs_kb" for c in claims):
                days = [c.value for c in claims if c.field == "release_date" and c.value]
                for product in (c.value for c in by_field(claims)["product"] if c.value):
                    by_day |= {(product, day): int(subject.split("/")[1]) for day in days if day}
        installs: dict[int, list[tuple[Stated, Unit]]] = defaultdict(list)
        for unit in units:
            for claim in unit.of("article_kb"):
                article = int(claim.value or 0)
                if claim.subject.endswith("/baseline"):
                    by_day[unit.product, claim.subject.split("/")[2]] = article
                if article != unit.kb:
                    installs[article].append((claim, unit))
        for article, found in sorted(installs.items()):
            if article in released:
                # A link to another release's article (Microsoft's own pages have such): that KB is what it is.
                own = next((c for u in units if u.kb == article for c in u.of("kb")), None)
                for claim, unit in found:
                    if own is not None:
                        self._conflict(unit.subject, "article_kb", own, claim, own.value, claim.value, "sanity")
                continue
            found.sort(key=lambda pair: (pair[0].gone_at is not None, pair[1].row["release_date"] or "", pair[1].product, pair[0].section))
            claim, unit = found[0]
            row = self._kb(article)
            row["installs_kb"] = row["installs_kb"] or unit.kb
            row["release_date"] = row["release_date"] or unit.row["release_date"]
            row["title"] = row["title"] or next(
                (c.value for c in unit.of("title") if c.subject == claim.subject and c.section == claim.section), None
            )
            row["article_url"] = row["article_url"] or self._address_of(unit, claim)
            for other, _ in found:
                self.facts.fact_claims.add((row["subject"], other.claim))
        return by_day

    def _read_articles(self) -> None:
        """What articles that were read state of themselves, under the address that answered."""
        for subject in sorted(s for s in self._by_subject if s.startswith("article/")):
            named_kb = subject.removeprefix("article/")
            kb = None if named_kb == "-" else int(named_kb)
            by_page: dict[str, dict[str, Stated]] = defaultdict(dict)
            for claim in self._by_subject[subject]:
                if claim.gone_at is None:
                    by_page[claim.page_url][claim.field] = claim
            for url, stated in sorted(by_page.items()):
                row = self.facts.articles.setdefault(url, _bare_article(url, kb, None, None))
                row["kb"] = about = row["kb"] or kb
                for name in ("title", "release_date", "applies_to", "requires_build", "ssu_build", "expired_on"):
                    if name in stated:
                        row[name] = self._value(stated[name])
                for name in ("requires_kb", "ssu_kb", "issue_count"):
                    if name in stated and (number := self._value(stated[name])):
                        row[name] = int(number)
                if row["requires_kb"]:
                    self._kb(row["requires_kb"])
                if about is not None:
                    known = self._kb(about)
                    known["title"] = known["title"] or row["title"]
                    known["article_url"] = known["article_url"] or url
                    self.facts.fact_claims |= {(known["subject"], claim.claim) for claim in stated.values()}

    @staticmethod
    def _address_of(unit: Unit, claim: Stated) -> str | None:
        same = [c for c in unit.of("article_url") if c.subject == claim.subject and c.section == claim.section and c.value]
        same.sort(key=lambda c: (c.gone_at is not None, c.page_url))
        return same[0].value if same else None

    def _articles(self, units: list[Unit], article_kbs: dict[tuple[str, str], int]) -> None:
        products: dict[str, set[str]] = defaultdict(set)
        for unit in sorted(units, key=lambda u: u.subject):
            for claim in sorted(unit.of("article_url"), key=lambda c: (c.gone_at is not None, c.page_url, c.section)):
                if not claim.value:
                    continue
                is_baseline = claim.subject.endswith("/baseline") or "-baseline" in claim.value
                day = claim.subject.split("/")[2] if claim.subject.endswith("/baseline") else unit.row["release_date"]
                kb = article_kbs.get((unit.product, day or "")) if is_baseline else unit.kb
                if kb:
                    self._kb(kb)
                title = next(
                    (
                        c.value
                        for c in unit.of("title")
                        if (c.subject, c.page_url, c.section) == (claim.subject, claim.page_url, claim.section)
                    ),
                    None,
                )
                row = self.facts.articles.setdefault(
                    claim.value,
                    _bare_article(claim.value, kb, title, day),
                )
                row["kb"], row["title"] = row["kb"] or kb, row["title"] or title
                products[claim.value].add(unit.product)
        for subject in sorted(s for s in self._by_subject if s.startswith("kb/")):
            for claim in self._by_subject[subject]:
                if claim.field == "article_url" and claim.value and claim.value not in self.facts.articles:
                    row = self._kb(int(subject.split("/")[1]))
                    self.facts.articles[claim.value] = _bare_article(claim.value, row["kb"], row["title"], row["release_date"])
        self._read_articles()
        for url, row in self.facts.articles.items():
            found = products.get(url) or set((row["applies_to"] or "").split())
            row["product"] = found.pop() if len(found) == 1 else None
