"""A release while it is made of claims, and what sources that list no releases say of it.

MSRC, Microsoft Graph and the articles themselves name a KB and a build, and know nothing of lines and calendars: they never make
a release. What they state of one that a navigation or a table lists is believed by their precedence, or is a conflict.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from hotpatch_kb.db.facts.precedence import Row, Stated, by_field
from hotpatch_kb.db.model.products import named

# What each of those sources calls the fields that Unit knows.
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


@dataclass(slots=True)
class Unit:
    """The claims that are about one release."""

    product: str
    kb: int | None
    build: str | None
    subject: str
    claims: list[Stated] = field(default_factory=list)
    witnesses: list[Stated] = field(default_factory=list)  # what articles, MSRC and Graph state of it
    baseline_day: str | None = None  # of a baseline without an LCU
    row: Row = field(default_factory=dict)
    _by_field: dict[str, list[Stated]] = field(default_factory=dict)
    _indexed: int = 0  # claims are only ever added

    def of(self, name: str) -> list[Stated]:
        """The claims of a field, and of the same field stated twice ("field#2"). Not to be changed by the caller."""
        if self._indexed < len(self.claims):
            for found, claims in by_field(self.claims[self._indexed :]).items():
                self._by_field.setdefault(found, []).extend(claims)
            self._indexed = len(self.claims)
        return self._by_field.get(name, [])

    def said(self, name: str) -> list[Stated]:
        """What articles, MSRC and Graph state of a field."""
        return [claim for claim in self.witnesses if claim.what == name]


def attach(units: Iterable[Unit], by_subject: Mapping[str, list[Stated]]) -> None:
    """Adds to each release what articles, MSRC and Graph state of it."""
    by_kb: dict[int, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.kb:
            by_kb[unit.kb].append(unit)
    for subject in sorted(by_subject):
        kind, _, rest = subject.partition("/")
        if kind == "article" and rest != "-":  # a baseline's article may name no KB
            _attach_article(by_kb.get(int(rest), []), by_subject[subject])
        elif kind == "mention":
            # Links of other articles: only one that names another build than the release has says anything.
            for claim in by_subject[subject]:
                numbers = {u.build.split(".")[0] for u in by_kb.get(int(rest), []) if u.build}
                builds = {u.build for u in by_kb.get(int(rest), [])}
                if claim.value and claim.value not in builds and claim.value.split(".")[0] in numbers:
                    _attach_article(by_kb[int(rest)], [claim])
        elif kind == "remediation":
            product, kb = rest.split("/")
            _attach_remediation([u for u in by_kb.get(int(kb), []) if u.product == product], by_subject[subject])
        elif kind == "revision":
            product, kb, build = rest.split("/")
            for unit in by_kb.get(int(kb), []) if kb != "-" else []:
                if (unit.product, unit.build) == (product, build):
                    unit.witnesses += by_subject[subject]


def _attach_article(units: list[Unit], claims: list[Stated]) -> None:
    for claim in claims:
        if claim.what not in _ARTICLE_FIELDS:
            continue
        if claim.what not in _BUILD_FIELDS:
            for unit in units:
                unit.witnesses.append(claim)
            continue
        # A heading names the builds of all products of the KB: each belongs to the units with its number.
        same = [u for u in units if u.build and claim.value and u.build.split(".")[0] == claim.value.split(".")[0]]
        exact = [u for u in same if u.build == claim.value]
        for unit in exact or same:
            unit.witnesses.append(claim)


def _attach_remediation(units: list[Unit], claims: list[Stated]) -> None:
    builds = {c.value for c in claims if c.what == "fixed_build" and c.value}
    for unit in [u for u in units if u.build in builds] or units:
        unit.witnesses += claims


def is_misplaced(product: str, claims: Iterable[Stated]) -> bool:
    """Whether each build that MSRC states for a product has another product's number (a KB of ws2022 listed under ws2025)."""
    number = named(product).build_number
    builds = [c.value for c in claims if c.what == "fixed_build" and c.value and c.gone_at is None]
    return bool(builds) and number is not None and not any(build.startswith(f"{number}.") for build in builds)
