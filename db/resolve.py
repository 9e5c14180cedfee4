"""Facts from claims: releases, baselines, calendars, products, KBs, articles and prices, and which facts follow from others.

A pure function: the same claims give the same facts in whatever order pages were read. ``docs/how-facts-are-believed.md``
explains the rules with examples; ``db.belief`` holds the order of belief.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from db.belief import Belief, Correction, Row, Stated, by_field
from db.grammar import guid_of, planned_baseline_month, planned_by_cadence, second_tuesday
from db.ids import stable_id
from db.products import named


@dataclass(slots=True)
class _Unit:
    """The claims that are about one release."""

    product: str
    kb: int | None
    build: str | None
    subject: str
    claims: list[Stated] = field(default_factory=list)
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


class Resolver(Belief):
    """One resolution. ``facts`` holds the result."""

    def __init__(
        self,
        claims: Iterable[Stated],
        precedence: Mapping[str, int],
        corrections: Sequence[Correction],
        page_times: Mapping[tuple[str, str], Sequence[str]],
    ) -> None:
        """Resolves.

        Args:
            claims: every claim, standing and gone.
            precedence: of each source; the smaller is believed.
            corrections: decisions of persons.
            page_times: fetch times of the accepted pages, by source and page_url.
        """
        super().__init__(precedence, corrections)
        self._page_times = page_times
        self._by_subject: dict[str, list[Stated]] = defaultdict(list)
        for claim in claims:
            self._by_subject[self._corrected_subject(claim)].append(claim)
        units = self._units()
        self._releases(units)
        self._calendar(units)
        self._baselines(units)
        self._products(units)
        self._kbs_and_articles(units)
        self._prices()
        self._eligibility()
        self.facts.subjects = {s for s, _ in self.facts.fact_claims} | {row["subject"] for t in self._tables() for row in t.values()}

    def _tables(self) -> list[dict[Any, Row]]:
        return [
            self.facts.products,
            self.facts.kbs,
            self.facts.releases,
            self.facts.hotpatch_calendar,
            self.facts.prices,
            self.facts.eligibility,
        ]

    # --- releases ---------------------------------------------------------------------------------------------------

    def _units(self) -> list[_Unit]:
        """The releases: claims of one product, KB and build; claims without a build go to the builds of their KB."""
        units: dict[str, _Unit] = {}
        unbuilt: list[_Unit] = []
        baselines: list[_Unit] = []
        for subject in sorted(self._by_subject):
            if not subject.startswith("release/"):
                continue
            claims = self._by_subject[subject]
            if self._is_superseded(subject, claims):
                continue
            _, product, second, third = subject.split("/")
            if third == "baseline":
                baselines.append(_Unit(product, None, None, subject, claims, second))
                continue
            unit = _Unit(product, None if second == "-" else int(second), None if third == "-" else third, subject, list(claims))
            if unit.build is None:
                unbuilt.append(unit)
            else:
                units[subject] = unit
        by_kb: dict[tuple[str, int | None], list[_Unit]] = defaultdict(list)
        for unit in units.values():
            by_kb[unit.product, unit.kb].append(unit)
        for rivals in by_kb.values():
            for loser in self._rivals(rivals):
                del units[loser.subject]
                rivals.remove(loser)
        for unit in unbuilt:
            # A title with a wrong build number (20346.2091 for 20348.2091) or none is about the builds its KB has elsewhere.
            owners = by_kb.get((unit.product, unit.kb), []) if unit.kb else []
            for owner in owners:
                owner.claims += unit.claims
            if not owners:
                units[unit.subject] = unit
        found = list(units.values())
        return found + self._joined(found, baselines)

    def _rivals(self, found: list[_Unit]) -> list[_Unit]:
        """The units of one product and KB that are the same release with another build: what no place states beside the believed one.

        A KB may have several builds of a product (4016871: 15063.296 and 15063.297); then one place states both. Their
        claims go to the believed one, so that the disagreement becomes a conflict.
        """
        if len(found) < 2 or found[0].kb is None:
            return []

        def places(unit: _Unit) -> set[tuple[str, str, str]]:
            standing = [c for c in unit.claims if c.gone_at is None]
            return {(c.source, c.page_url, c.section) for c in standing or unit.claims}

        def order(unit: _Unit) -> tuple[bool, int]:
            return (all(c.gone_at is not None for c in unit.claims), min(self._precedence[c.source] for c in unit.claims))

        ordered = sorted(found, key=lambda u: (min(c.page_url for c in u.claims), u.subject))
        ordered.sort(key=lambda u: max(c.last_seen_at for c in u.claims), reverse=True)
        ordered.sort(key=order)
        kept, losers = [ordered[0]], []
        for unit in ordered[1:]:
            if any(places(unit) & places(other) for other in kept):
                kept.append(unit)
            else:
                kept[0].claims += unit.claims
                losers.append(unit)
        return losers

    def _is_superseded(self, subject: str, claims: list[Stated]) -> bool:
        """Whether each page that named a release now names another of the same thing in its place (a corrected build, KB or day)."""
        if any(c.gone_at is None for c in claims):
            return False
        last = max(c.last_seen_at for c in claims)
        places = {(c.source, c.page_url, c.section): c.gone_at or "" for c in claims if c.last_seen_at == last}
        _, product, second, third = subject.split("/")
        for place, gone_at in places.items():
            replaced = False
            for other in self._at_place.get((*place, product), ()):
                _, _, other_second, other_third = other.split("/")
                same = (
                    (third == other_third == "baseline" and second[:7] == other_second[:7])
                    or (second != "-" and second == other_second)
                    or (third not in {"-", "baseline"} and third == other_third)
                )
                if (
                    other != subject
                    and same
                    and any(
                        c.gone_at is None and c.first_seen_at >= gone_at and (c.source, c.page_url, c.section) == place
                        for c in self._by_subject[other]
                    )
                ):
                    replaced = True
                    break
            if not replaced:
                return False
        return True

    @cached_property
    def _at_place(self) -> dict[tuple[str, str, str, str], list[str]]:
        """Standing release subjects by the place that states them and their product."""
        found: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
        for subject, claims in self._by_subject.items():
            if subject.startswith("release/"):
                product = subject.split("/")[1]
                for place in {(c.source, c.page_url, c.section) for c in claims if c.gone_at is None}:
                    found[(*place, product)].append(subject)
        return found

    def _joined(self, units: list[_Unit], baselines: list[_Unit]) -> list[_Unit]:
        """Joins baselines, which name neither KB nor build, with the LCU of their product and day (case 6)."""
        by_day: dict[tuple[str, str], list[_Unit]] = defaultdict(list)
        for unit in units:
            days = [self._value(c) for c in sorted(unit.of("release_date"), key=lambda c: self._precedence[c.source]) if c.gone_at is None]
            days = days or [self._value(c) for c in unit.of("release_date")]
            classes = {c.value for c in unit.of("classification") if c.gone_at is None}
            if days and days[0] and unit.kb and not classes & {"hotpatch", "component", "preview", "initial"}:
                by_day[unit.product, days[0]].append(unit)
        alone = []
        for baseline in baselines:
            found = [
                u
                for u in by_day.get((baseline.product, baseline.baseline_day or ""), [])
                if not any(c.value == "OOB" and c.gone_at is None for c in u.of("cadence"))
            ]
            if not found:
                found = self._misdated(baseline, units)
            if not found:
                alone.append(baseline)
                continue
            found.sort(key=lambda u: tuple(map(int, (u.build or "0.0").split("."))))
            found[-1].claims += baseline.claims
        return alone

    def _misdated(self, baseline: _Unit, units: list[_Unit]) -> list[_Unit]:
        """The baseline that a calendar lists for the month of a navigation's baseline, where no LCU has its day: one of the dates is wrong."""
        month = (baseline.baseline_day or "")[:7]
        return [
            u
            for u in units
            if u.product == baseline.product
            and u.kb
            and any(c.value == month and c.gone_at is None for c in u.of("month"))
            and any(c.value == "baseline" and c.gone_at is None for c in u.of("classification"))
        ]

    def _releases(self, units: list[_Unit]) -> None:
        for unit in units:
            number = named(unit.product).build_number
            unit.subject = _subject(unit)
            subject = unit.subject
            self._pick(subject, "kb", unit.of("kb") + unit.of("slug_kb"), lambda v, k=unit.kb: int(v) == k)  # type: ignore[misc]
            self._pick(subject, "build", unit.of("build") + unit.of("slug_build"), lambda v, n=number: n is None or v.startswith(f"{n}."))  # type: ignore[misc]
            day = self._pick(subject, "release_date", unit.of("release_date")) or unit.baseline_day
            kind = self._pick(subject, "classification", unit.of("classification")) or ("baseline" if unit.baseline_day else "cumulative")
            for claim in (c for c in unit.claims if c.subject.endswith("/baseline")):
                self.facts.fact_claims.add((subject, claim.claim))
            cadence = self._pick(subject, "cadence", unit.of("cadence"))
            kind = self._no_preview(unit, kind, cadence)
            if cadence is None and kind != "preview" and unit.of("title") and not unit.of("month"):
                cadence = "B"  # only a navigation has it, which marks previews and out-of-band releases and nothing else
            month = self._pick(subject, "month", unit.of("month")) or (day[:7] if day else None)
            lines = {c.value for c in unit.of("line")} | ({"standard", "hotpatch"} if kind == "baseline" and unit.kb else set())
            lines |= {"hotpatch"} if kind == "baseline" else set()
            for claim in (
                *unit.of("line"),
                *unit.of("is_expired"),
                *unit.of("title"),
                *unit.of("article_url"),
                *unit.of("is_public_preview"),
            ):
                self.facts.fact_claims.add((subject, claim.claim))
            parts = unit.build.split(".") if unit.build else []
            unit.row = {
                "release": stable_id(subject), "product": unit.product, "kb": unit.kb, "build": unit.build,
                "build_number": int(parts[0]) if parts else None, "revision": int(parts[1]) if parts else None,
                "release_date": day, "month": month, "cadence": cadence, "classification": kind,
                "in_hotpatch_line": int("hotpatch" in lines), "in_standard_line": int("standard" in lines),
                "restart_required": {"hotpatch": 0, "component": None}.get(kind, 1),
                "is_unplanned": 0, "is_public_preview": int(self._is_preview(unit, lines)),
                "is_expired": int(any(c.gone_at is None for c in unit.of("is_expired"))),
                "baseline_release": None, "baseline_kb": None, "baseline_build": None,
                "derived_from": _derived(unit, kind), "gone_since": _gone_since(unit.claims),
                "article_url": self._article_url(unit), "subject": subject,
            }  # fmt: skip
            self.facts.releases[unit.row["release"]] = unit.row

    def _no_preview(self, unit: _Unit, kind: str, cadence: str | None) -> str:
        """A title's "Preview" against the published letter of a table: C and D are previews, the others are not."""
        if kind != "preview" or cadence not in {"A", "B", "E", "OOB"}:
            return kind
        letters = [c for c in unit.of("cadence") if c.gone_at is None and self._value(c) == cadence]
        letters.sort(key=lambda c: (self._precedence[c.source], c.claim))
        lost = [c for c in unit.of("classification") if c.gone_at is None and c.value == "preview"]
        if not letters or not lost or self._precedence[letters[0].source] >= min(self._precedence[c.source] for c in lost):
            return kind
        for claim in lost:
            self.facts.fact_claims.discard((unit.subject, claim.claim))
            self._conflict(unit.subject, "classification", letters[0], claim, "cumulative", "preview", "precedence")
        return "cumulative"

    @staticmethod
    def _is_preview(unit: _Unit, lines: set[str | None]) -> bool:
        marks = unit.of("is_public_preview")
        if any(c.value == "titled" for c in marks):
            return True
        navigations = {(c.source, c.page_url, c.section) for c in unit.of("title")}  # tables have no titles and mark no previews
        listed = {(c.source, c.page_url, c.section) for c in unit.of("line") if c.value == "hotpatch"} & navigations
        return bool(marks) and "standard" not in lines and listed == {(c.source, c.page_url, c.section) for c in marks}

    def _article_url(self, unit: _Unit) -> str | None:
        """Where the article is now: the newest address; of a baseline that of the LCU's own article."""
        found = [c for c in unit.of("article_url") if c.value]
        own = [c for c in found if not c.subject.endswith("/baseline")] or found
        own = [c for c in own if c.gone_at is None] or own
        best = sorted(own, key=lambda c: ("/servicing/" not in (c.value or ""), "/preview/" in (c.value or ""), c.page_url, c.section))
        best.sort(key=lambda c: c.gone_at is not None)
        return best[0].value if best else None

    # --- baselines of hotpatches ------------------------------------------------------------------------------------

    def _baselines(self, units: list[_Unit]) -> None:
        by_product: dict[str, list[_Unit]] = defaultdict(list)
        for unit in units:
            by_product[unit.product].append(unit)
        for product_units in by_product.values():
            baselines = sorted(
                (u for u in product_units if u.row["classification"] == "baseline" and u.row["release_date"]), key=_day_order
            )
            for unit in product_units:
                row = unit.row
                if row["classification"] == "baseline":
                    _set_baseline(row, row)
                elif row["classification"] in {"hotpatch", "component"}:
                    day = row["release_date"] or self._companion_day(row, product_units)
                    if day is None:
                        continue
                    before = [b for b in baselines if b.row["release_date"] <= day]
                    if before:
                        _set_baseline(row, before[-1].row)
                    else:
                        self._derive_baseline(row, day, units)

    @staticmethod
    def _companion_day(row: Row, units: list[_Unit]) -> str | None:
        """The day of the hotpatch whose build an undated component has (KB5074204 has that of KB5072014)."""
        days = [
            u.row["release_date"]
            for u in units
            if row["build"] and u.row["build"] == row["build"] and u.row["classification"] == "hotpatch"
        ]
        return min((day for day in days if day), default=None)

    @staticmethod
    def _derive_baseline(row: Row, day: str, units: list[_Unit]) -> None:
        """The B release of the last planned baseline month, for hotpatches older than every listed baseline (case 23)."""
        month = planned_baseline_month(day[:7])
        sharing = {u.product for u in units if u.kb and u.kb == row["kb"] and u.build == row["build"]}
        candidates = [
            u.row
            for u in units
            if u.row["month"] == month
            and u.row["cadence"] == "B"
            and u.row["kb"]
            and u.row["in_standard_line"]
            and u.product in {row["product"], *sharing}
        ]
        candidates.sort(key=lambda r: (r["product"] != row["product"], r["product"], r["release_date"] or ""))
        if candidates:
            _set_baseline(row, candidates[0])
            reason = f"baseline: no page lists one; the B release of {month}, the last planned baseline month before it"
            row["derived_from"] = f"{row['derived_from']}; {reason}" if row["derived_from"] else reason

    # --- the calendar -----------------------------------------------------------------------------------------------

    def _calendar(self, units: list[_Unit]) -> None:
        months: dict[tuple[str, str], list[_Unit]] = defaultdict(list)
        for subject in self._by_subject:
            if subject.startswith("calendar/"):
                _, product, month = subject.split("/")
                months[product, month] = []
        for unit in units:
            row = unit.row
            if row["cadence"] == "B" and row["classification"] in {"baseline", "hotpatch"} and row["month"]:
                months[unit.product, row["month"]].append(unit)
        for (product, month), found in sorted(months.items()):
            self._month(product, month, found)

    def _month(self, product: str, month: str, units: list[_Unit]) -> None:
        subject = f"calendar/{product}/{month}"
        claims = self._by_subject.get(subject, [])
        fields = by_field(claims)
        kb = self._pick(subject, "kb", fields["kb"])
        number = named(product).build_number
        build = self._pick(subject, "build", fields["build"], lambda v: number is None or v.startswith(f"{number}."))
        day = self._pick(subject, "release_date", fields["release_date"])
        # A month has one B release; if pages name several, the calendar's, else the baseline, else the newest.
        units.sort(key=lambda u: (str(u.kb) != kb, u.row["classification"] != "baseline"))
        unit = units[0] if units else None
        classes = [c for u in units[:1] for c in u.of("classification")]
        published = self._pick(subject, "type", fields["type"] + [c for c in classes if c.value in {"baseline", "hotpatch"}])
        if unit is not None:
            kb, build = (str(unit.kb) if unit.kb else kb), unit.build or build
            day = unit.row["release_date"] or day
            published = published or unit.row["classification"]
            self.facts.fact_claims |= {(subject, c.claim) for c in unit.of("release_date") if c.gone_at is None and self._value(c) == day}
        plans = sorted((c for c in fields["planned_type"] if c.value), key=lambda c: (c.known_from, c.first_seen_at, c.page_url, c.source))
        planned, planned_by = self._planned(month, plans, fields["footnote_type"], day)
        self.facts.fact_claims |= {(subject, c.claim) for c in plans if planned_by == "calendar" and c.value == planned}
        self.facts.fact_claims |= {(subject, c.claim) for c in fields["footnote_type"] if planned_by == "footnote"}
        standing = self._standing_plan(subject, plans, published, [*fields["type"], *classes])
        changed_on, changed_after = self._changed(
            plans, [*fields["type"], *(c for c in classes if c.value in {"baseline", "hotpatch"})], published
        )
        is_unplanned = int(published == "baseline" and planned == "hotpatch")
        if unit is not None:
            unit.row["is_unplanned"] = is_unplanned
        self.facts.hotpatch_calendar[product, month] = {
            "product": product, "month": month, "planned_type": planned, "planned_by": planned_by, "type": published,
            "expected_type": published or standing or planned_by_cadence(month),
            "is_unplanned": is_unplanned, "release_date": day, "expected_date": second_tuesday(month),
            "kb": int(kb) if kb else None, "build": build, "changed_on": changed_on, "changed_after": changed_after, "subject": subject,
        }  # fmt: skip

    @staticmethod
    def _planned(month: str, plans: list[Stated], footnotes: list[Stated], day: str | None) -> tuple[str, str]:
        before = [c for c in plans if day is None or c.known_from[:10] < day]
        if before:
            return before[0].value or "", "calendar"
        if footnotes:
            return footnotes[0].value or "", "footnote"
        return planned_by_cadence(month), "cadence"

    def _standing_plan(self, subject: str, plans: list[Stated], published: str | None, facts: list[Stated]) -> str | None:
        """The plan as it stands. Between plans the usual order of belief; a release beats every plan, and a plan that still stands against it is a conflict."""
        standing = [c for c in plans if c.gone_at is None]
        if published is None:
            return self._pick(subject, "expected_type", standing)
        proof = sorted(
            (c for c in facts if c.gone_at is None and self._value(c) == published), key=lambda c: (self._precedence[c.source], c.claim)
        )
        for plan in standing:
            if plan.value != published and proof:
                self._conflict(subject, "type", proof[0], plan, published, plan.value, "published_beats_plan")
        return None

    def _changed(self, plans: list[Stated], published: list[Stated], final: str | None) -> tuple[str | None, str | None]:
        """When the month's type was first seen to be another than before, and when the former type was last seen (case 27)."""
        released_at = min((c.first_seen_at for c in published), default=None)
        seen: list[tuple[str, str]] = []
        for claim in plans:
            times = self._page_times.get((claim.source, claim.page_url), ())
            until = claim.last_seen_at
            seen += [
                (t, claim.value or "") for t in times if claim.first_seen_at <= t <= until and (released_at is None or t < released_at)
            ]
        seen += [(c.first_seen_at, c.value or "") for c in published if c.gone_at is not None or c.value == final]
        seen += [(c.last_seen_at, c.value or "") for c in published if c.gone_at is not None or c.value == final]
        seen.sort()
        for (before, old), (after, new) in zip(reversed(seen[:-1]), reversed(seen[1:]), strict=True):
            if old != new and after > before:  # two places of one page may disagree, which is no change
                return after[:10], before[:10]
        return None, None

    # --- products ---------------------------------------------------------------------------------------------------

    def _products(self, units: list[_Unit]) -> None:
        numbers: dict[str, Counter[int]] = defaultdict(Counter)
        products = {unit.product for unit in units} | {product for product, _ in self.facts.hotpatch_calendar}
        for unit in units:
            if unit.row["build_number"]:
                numbers[unit.product][unit.row["build_number"]] += 1
        stated = {subject.split("/")[1] for subject in self._by_subject if subject.startswith("product/")}
        for product in sorted(products | stated):
            subject = f"product/{product}"
            fields = by_field(self._by_subject.get(subject, ()))
            common = numbers[product].most_common(1)
            known = named(product, common[0][0] if common else None)
            dates = {
                name: self._pick(subject, name, fields[name])
                for name in ("release_date", "mainstream_end_date", "extended_end_date", "hotpatch_from_date", "hotpatch_end_date")
            }
            self.facts.products[product] = {
                "product": product, "name": known.name, "family": known.family, "build_number": known.build_number, **dates, "subject": subject,
            }  # fmt: skip

    # --- KBs and articles -------------------------------------------------------------------------------------------

    def _kbs_and_articles(self, units: list[_Unit]) -> None:
        released = {unit.kb for unit in units if unit.kb}
        titles: dict[int, list[tuple[_Unit, Stated]]] = defaultdict(list)
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
        return self.facts.kbs.setdefault(
            kb, {"kb": kb, "title": None, "article_url": None, "release_date": None, "installs_kb": None, "subject": f"kb/{kb}"}
        )

    def _stated_kbs(self, released: set[int]) -> None:
        """KBs that pages state by themselves: an entry whose builds are all of other products, and the list of baselines' articles."""
        for subject in sorted(s for s in self._by_subject if s.startswith("kb/")):
            kb = int(subject.split("/")[1])
            fields = by_field(self._by_subject[subject])
            row = self._kb(kb)
            for name in ("title", "article_url", "release_date"):
                row[name] = row[name] or self._pick(subject, name, fields[name])
            installs = self._pick(subject, "installs_kb", fields["installs_kb"])
            if installs and kb not in released:
                self._kb(int(installs))
                row["installs_kb"] = int(installs)

    def _baseline_articles(self, units: list[_Unit], released: set[int]) -> dict[tuple[str, str], int]:
        """Links the KB of an article with the KB that it installs (case 25); the articles of baselines by product and day."""
        by_day: dict[tuple[str, str], int] = {}
        for subject, claims in self._by_subject.items():
            if subject.startswith("kb/") and any(c.field == "installs_kb" for c in claims):
                days = [c.value for c in claims if c.field == "release_date" and c.value]
                for product in (c.value for c in by_field(claims)["product"] if c.value):
                    by_day |= {(product, day): int(subject.split("/")[1]) for day in days if day}
        installs: dict[int, list[tuple[Stated, _Unit]]] = defaultdict(list)
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

    @staticmethod
    def _address_of(unit: _Unit, claim: Stated) -> str | None:
        same = [c for c in unit.of("article_url") if c.subject == claim.subject and c.section == claim.section and c.value]
        same.sort(key=lambda c: (c.gone_at is not None, c.page_url))
        return same[0].value if same else None

    def _articles(self, units: list[_Unit], article_kbs: dict[tuple[str, str], int]) -> None:
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
                    {"url": claim.value, "kb": kb, "product": None, "title": title, "release_date": day, "guid": guid_of(claim.value)},
                )
                row["kb"], row["title"] = row["kb"] or kb, row["title"] or title
                products[claim.value].add(unit.product)
        for subject in sorted(s for s in self._by_subject if s.startswith("kb/")):
            for claim in self._by_subject[subject]:
                if claim.field == "article_url" and claim.value and claim.value not in self.facts.articles:
                    row = self._kb(int(subject.split("/")[1]))
                    self.facts.articles[claim.value] = {
                        "url": claim.value, "kb": row["kb"], "product": None, "title": row["title"], "release_date": row["release_date"], "guid": guid_of(claim.value),
                    }  # fmt: skip
        for url, found in products.items():
            self.facts.articles[url]["product"] = found.pop() if len(found) == 1 else None

    # --- prices -----------------------------------------------------------------------------------------------------

    def _prices(self) -> None:
        """Prices as their sources state them: no source wins over another here, the view shows where they disagree."""
        for subject in sorted(s for s in self._by_subject if s.startswith("price/")):
            _, service, product, meter, currency_unit, condition, *_ = subject.split("/")
            currency, _, unit = currency_unit.partition(" ")
            for (source, page_url, section), stated in self._by_place(subject):
                values = {name: self._value(claim) for name, claim in stated.items()}
                if values.get("amount") is None:
                    continue
                number = stable_id(subject, source, page_url, section)
                known_product = None if product == "-" else product
                self._add_product(known_product)
                self.facts.prices[number] = {
                    "price": number, "service": service, "product": known_product, "meter": meter, "unit": unit.replace(" per ", "/"),
                    "currency": currency, "region": values.get("region"), "amount": float(values["amount"] or 0),
                    "valid_from": values.get("valid_from"), "valid_to": values.get("valid_to"), "condition": "" if condition == "-" else condition,
                    "note": values.get("note"), "source_url": section, "trust": values.get("trust") or source, "subject": subject,
                }  # fmt: skip
                self.facts.fact_claims |= {(subject, claim.claim) for claim in stated.values()}

    def _eligibility(self) -> None:
        """Who may have hotpatching, as documents state it."""
        names = ("product", "publisher", "offer", "sku", "edition", "platform", "is_eligible", "requirement")
        for subject in sorted(s for s in self._by_subject if s.startswith("eligibility/")):
            for (source, page_url, section), stated in self._by_place(subject):
                values: Row = {name: self._value(stated[name]) if name in stated else None for name in names}
                values["is_eligible"] = None if values["is_eligible"] is None else int(values["is_eligible"])
                self._add_product(values["product"])
                number = stable_id(subject, source, page_url, section)
                self.facts.eligibility[number] = {
                    "eligibility": number, "kind": subject.split("/")[1], **values, "source_url": section, "subject": subject,
                }  # fmt: skip
                self.facts.fact_claims |= {(subject, claim.claim) for claim in stated.values()}

    def _by_place(self, subject: str) -> list[tuple[tuple[str, str, str], dict[str, Stated]]]:
        """The standing claims of a subject by who states them: source, page and section."""
        by_place: dict[tuple[str, str, str], dict[str, Stated]] = defaultdict(dict)
        for claim in sorted(self._by_subject[subject], key=lambda c: c.last_seen_at):
            if claim.gone_at is None:
                by_place[claim.source, claim.page_url, claim.section][claim.field] = claim
        return sorted(by_place.items(), key=lambda item: item[0])

    def _add_product(self, product: str | None) -> None:
        """A product that only a price or a document names."""
        if product is None or product in self.facts.products:
            return
        known = named(product)
        self.facts.products[product] = {
            "product": product, "name": known.name, "family": known.family, "build_number": known.build_number, "release_date": None,
            "mainstream_end_date": None, "extended_end_date": None, "hotpatch_from_date": None, "hotpatch_end_date": None, "subject": f"product/{product}",
        }  # fmt: skip


def _subject(unit: _Unit) -> str:
    if unit.baseline_day:
        return unit.subject
    return f"release/{unit.product}/{unit.kb or '-'}/{unit.build or '-'}"


def _day_order(unit: _Unit) -> tuple[str, int]:
    return (unit.row["release_date"] or "", unit.row["revision"] or 0)


def _set_baseline(row: Row, baseline: Row) -> None:
    row["baseline_release"], row["baseline_kb"], row["baseline_build"] = baseline["release"], baseline["kb"], baseline["build"]


def _derived(unit: _Unit, kind: str) -> str | None:
    """What was concluded of a release: a navigation's baseline has neither KB nor build unless a calendar states them."""
    if kind != "baseline" or not unit.kb:
        return None
    if any(c.field == "classification" and c.value == "baseline" and not c.subject.endswith("/baseline") for c in unit.claims):
        return None
    return "KB and build of the baseline: the LCU of its product and day"


def _gone_since(claims: list[Stated]) -> str | None:
    if any(c.gone_at is None for c in claims):
        return None
    return max((c.gone_at or "" for c in claims), default=None)
