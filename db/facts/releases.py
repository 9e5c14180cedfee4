"""Facts from claims: releases, baselines, calendars, products, KBs, articles and prices, and which facts follow from others.

A pure function: the same claims give the same facts in whatever order pages were read. ``docs/how-facts-are-believed.md``
explains the rules with examples; ``hotpatch_kb.db.facts.precedence`` holds the order of belief.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from hotpatch_kb.db.facts.articles import Kbs
from hotpatch_kb.db.facts.precedence import Belief, Row, Stated, by_field
from hotpatch_kb.db.facts.release_claims import Unit, attach, is_misplaced
from hotpatch_kb.db.model.ids import stable_id
from hotpatch_kb.db.model.notation import planned_baseline_month, planned_by_cadence, second_tuesday
from hotpatch_kb.db.model.products import named


class Resolver(Kbs):
    """One resolution. ``facts`` holds the result."""

    def __init__(
        self,
        claims: Iterable[Stated],
        belief: Belief,
        page_times: Mapping[tuple[str, str], Sequence[str]],
    ) -> None:
        """Resolves.

        Args:
            claims: every claim, standing and gone.
            belief: whose precedence and corrections count.
            page_times: fetch times of the accepted pages, by source and page_url.
        """
        super().__init__(belief.precedence, belief.corrections)
        self._page_times = page_times
        self._by_subject: dict[str, list[Stated]] = defaultdict(list)
        for claim in claims:
            self._by_subject[self._corrected_subject(claim)].append(claim)
        units = self._units()
        attach(units, self._by_subject)
        self._renamed(units)
        self._releases(units)
        self._misplaced(units)
        self._calendar(units)
        self._baselines(units)
        self._products(units)
        self._kbs_and_articles(units)

    # --- releases ---------------------------------------------------------------------------------------------------

    def _units(self) -> list[Unit]:
        """The releases: claims of one product, KB and build; claims without a build go to the builds of their KB."""
        units: dict[str, Unit] = {}
        unbuilt: list[Unit] = []
        baselines: list[Unit] = []
        for subject in sorted(self._by_subject):
            if not subject.startswith("release/"):
                continue
            claims = self._by_subject[subject]
            if self._is_superseded(subject, claims):
                continue
            _, product, second, third = subject.split("/")
            if third == "baseline":
                baselines.append(Unit(product, None, None, subject, claims, baseline_day=second))
                continue
            unit = Unit(product, None if second == "-" else int(second), None if third == "-" else third, subject, list(claims))
            if unit.build is None:
                unbuilt.append(unit)
            else:
                units[subject] = unit
        by_kb: dict[tuple[str, int | None], list[Unit]] = defaultdict(list)
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
                unit.build = self._fixed_build(unit)
                units[unit.subject] = unit
        found = list(units.values())
        return found + self._joined(found, baselines)

    def _fixed_build(self, unit: Unit) -> str | None:
        """The build that MSRC states for a KB whose title has none (KB5066360)."""
        number = named(unit.product).build_number
        claims = self._by_subject.get(f"remediation/{unit.product}/{unit.kb}", ())
        builds = {c.value for c in claims if c.what == "fixed_build" and c.value and c.gone_at is None}
        return min((b for b in builds if number is None or b.startswith(f"{number}.")), default=None)

    def _rivals(self, found: list[Unit]) -> list[Unit]:
        """The units of one product and KB that are the same release with another build: what no place states beside the believed one.

        A KB may have several builds of a product (4016871: 15063.296 and 15063.297); then one place states both. Their
        claims go to the believed one, so that the disagreement becomes a conflict.
        """
        if len(found) < 2 or found[0].kb is None:
            return []

        def places(unit: Unit) -> set[tuple[str, str, str]]:
            standing = [c for c in unit.claims if c.gone_at is None]
            return {(c.source, c.page_url, c.section) for c in standing or unit.claims}

        def order(unit: Unit) -> tuple[bool, int]:
            return (all(c.gone_at is not None for c in unit.claims), min(self._precedence[c.source] for c in unit.claims))

        ordered = sorted(found, key=lambda u: (min(c.page_url for c in u.claims), u.subject))
        ordered.sort(key=lambda u: max(c.first_seen_at for c in u.claims), reverse=True)
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

    def _joined(self, units: list[Unit], baselines: list[Unit]) -> list[Unit]:
        """Joins baselines, which name neither KB nor build, with the LCU of their product and day (case 6)."""
        by_day: dict[tuple[str, str], list[Unit]] = defaultdict(list)
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

    def _misdated(self, baseline: Unit, units: list[Unit]) -> list[Unit]:
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

    def _releases(self, units: list[Unit]) -> None:
        for unit in units:
            number = named(unit.product).build_number
            unit.subject = _subject(unit)
            subject = unit.subject
            self._pick(subject, "kb", unit.of("kb") + unit.of("slug_kb"), lambda v, k=unit.kb: int(v) == k)  # type: ignore[misc]
            self._pick(subject, "build", _builds_of(unit), lambda v, n=number: n is None or v.startswith(f"{n}."))  # type: ignore[misc]
            days = unit.of("release_date") + unit.said("release_date") + unit.said("page_title_date")
            day = self._pick(subject, "release_date", days) or unit.baseline_day
            kind = self._pick(subject, "classification", unit.of("classification") + unit.said("classification")) or (
                "baseline" if unit.baseline_day else "cumulative"
            )
            for claim in (c for c in unit.claims if c.subject.endswith("/baseline")):
                self.facts.fact_claims.add((subject, claim.claim))
            cadence = self._pick(subject, "cadence", unit.of("cadence"))
            kind = self._no_preview(unit, kind, cadence)
            if cadence is None and kind != "preview" and unit.of("title") and not unit.of("month"):
                cadence = "B"  # only a navigation has it, which marks previews and out-of-band releases and nothing else
            month = self._pick(subject, "month", unit.of("month")) or (day[:7] if day else None)
            month = month or min((c.value for c in unit.said("month") if c.value and c.gone_at is None), default=None)
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
                "restart_required": self._restart(unit, kind),
                "is_unplanned": 0, "is_public_preview": int(self._is_preview(unit, lines)),
                "is_expired": int(any(c.gone_at is None for c in unit.of("is_expired") + unit.said("is_expired"))),
                "baseline_release": None, "baseline_kb": None, "baseline_build": None,
                "derived_from": _derived(unit, kind), "gone_since": _gone_since(unit.claims),
                "article_url": self._article_url(unit), "subject": subject,
            }  # fmt: skip
            self.facts.releases[unit.row["release"]] = unit.row
            self._witnessed(unit)

    def _renamed(self, units: list[Unit]) -> None:
        """A release whose article's heading states another build than the navigation, and was read later, has that build."""
        builds = {(unit.product, unit.kb, unit.build) for unit in units}
        for unit in units:
            if unit.kb is None or unit.build is None or not unit.witnesses:
                continue
            number = named(unit.product).build_number
            ordered = self._ordered(_builds_of(unit), lambda v, n=number: n is None or v.startswith(f"{n}."))  # type: ignore[misc]
            best = self._value(ordered[0]) if ordered else None
            is_as_good = bool(ordered) and self._rank(ordered[0]) <= min(self._rank(c) for c in unit.of("build") or ordered)
            if best and best != unit.build and is_as_good and (unit.product, unit.kb, best) not in builds:
                unit.build = best

    def _misplaced(self, units: list[Unit]) -> None:
        """Remediations that MSRC lists under a product whose builds they do not have: the KB's own release says whose they are."""
        by_kb: dict[int, list[Unit]] = defaultdict(list)
        for unit in units:
            if unit.kb:
                by_kb[unit.kb].append(unit)
        for subject in sorted(s for s in self._by_subject if s.startswith("remediation/")):
            _, product, kb = subject.split("/")
            others = sorted(by_kb.get(int(kb), []), key=lambda u: u.subject)
            claims = self._by_subject[subject]
            if not others or any(u.product == product for u in others) or not is_misplaced(product, claims):
                continue
            own = self._strongest(others[0].of("kb") or others[0].claims)
            for claim in claims:
                if claim.what == "fixed_build" and claim.gone_at is None:
                    self._conflict(others[0].subject, "product", own, claim, others[0].product, product, "sanity")

    def _strongest(self, claims: Iterable[Stated]) -> Stated:
        """The claim to name as the winner of a conflict between facts, whatever the order of reading: one that stands, of the first source."""
        return min(claims, key=lambda c: (c.gone_at is not None, self._precedence[c.source], c.claim))

    def _restart(self, unit: Unit, kind: str) -> int | None:
        """Whether a restart is due: of a component only where its article says so."""
        if kind == "component":
            stated = self._pick(unit.subject, "restart_required", unit.said("restart_required"))
            return None if stated is None else int(stated)
        return 0 if kind == "hotpatch" else 1

    def _witnessed(self, unit: Unit) -> None:
        """What MSRC and Graph say of the release's line and month: they agree, or are a conflict (KB5123303 is no plain LCU)."""
        kind = unit.row["classification"]
        own = self._strongest(unit.of("classification") or unit.of("line") or unit.claims)
        for claim in unit.said("subtype") + unit.said("is_hotpatch"):
            is_hotpatch = self._value(claim) in {"hotpatch", "1"}
            if claim.gone_at is not None or kind == "component":  # MSRC has no word for components
                continue
            if is_hotpatch == (kind == "hotpatch"):
                self.facts.fact_claims.add((unit.subject, claim.claim))
            else:
                lost = "hotpatch" if is_hotpatch else "cumulative"
                self._conflict(unit.subject, "classification", own, claim, kind, lost, "precedence")
        own = self._strongest(unit.of("month") or unit.of("release_date") or [own])
        for claim in unit.said("month"):
            if claim.gone_at is None and claim.value and claim.value not in {unit.row["month"], (unit.row["release_date"] or "")[:7]}:
                self._conflict(unit.subject, "month", own, claim, unit.row["month"], claim.value, "precedence")

    def _no_preview(self, unit: Unit, kind: str, cadence: str | None) -> str:
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
    def _is_preview(unit: Unit, lines: set[str | None]) -> bool:
        marks = unit.of("is_public_preview")
        if any(c.value == "titled" for c in marks):
            return True
        navigations = {(c.source, c.page_url, c.section) for c in unit.of("title")}  # tables have no titles and mark no previews
        listed = {(c.source, c.page_url, c.section) for c in unit.of("line") if c.value == "hotpatch"} & navigations
        return bool(marks) and "standard" not in lines and listed == {(c.source, c.page_url, c.section) for c in marks}

    def _article_url(self, unit: Unit) -> str | None:
        """Where the article is now: the newest address; of a baseline that of the LCU's own article."""
        found = [c for c in unit.of("article_url") if c.value]
        own = [c for c in found if not c.subject.endswith("/baseline")] or found
        own = [c for c in own if c.gone_at is None] or own
        best = sorted(own, key=lambda c: ("/servicing/" not in (c.value or ""), "/preview/" in (c.value or ""), c.page_url, c.section))
        best.sort(key=lambda c: c.gone_at is not None)
        return best[0].value if best else None

    # --- baselines of hotpatches ------------------------------------------------------------------------------------

    def _baselines(self, units: list[Unit]) -> None:
        self._units_by_subject = {unit.subject: unit for unit in units}
        by_product: dict[str, list[Unit]] = defaultdict(list)
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
                    self._required(unit, row)

    def _required(self, unit: Unit, row: Row) -> None:
        """The baseline that the article of a hotpatch names: it agrees with the one that follows from the calendar, or is a conflict."""
        baseline = self.facts.releases.get(row["baseline_release"] or 0)
        for claim in unit.said("requires_kb"):
            if baseline is None or claim.gone_at is not None or not claim.value:
                continue
            if int(claim.value) in {baseline["kb"], *self._article_kbs(baseline)}:
                self.facts.fact_claims.add((unit.subject, claim.claim))
            elif proof := sorted(number for subject, number in self.facts.fact_claims if subject == baseline["subject"]):
                won = self._by_number[proof[0]]
                self._conflict(unit.subject, "baseline_kb", won, claim, str(baseline["kb"]), claim.value, "precedence")

    @cached_property
    def _by_number(self) -> dict[int, Stated]:
        return {claim.claim: claim for claims in self._by_subject.values() for claim in claims}

    def _article_kbs(self, baseline: Row) -> set[int]:
        """The KBs of the articles about a baseline (KB5089602 is the one about KB5082063)."""
        named_by_links = {int(c.value) for c in self._units_by_subject[baseline["subject"]].of("article_kb") if c.value}
        return named_by_links | self._articles_about.get(str(baseline["kb"]), set())

    @cached_property
    def _articles_about(self) -> dict[str, set[int]]:
        """KBs of articles by the KB that they install, as pages state it."""
        found: dict[str, set[int]] = defaultdict(set)
        for subject, claims in self._by_subject.items():
            if subject.startswith("kb/"):
                for claim in claims:
                    if claim.what == "installs_kb" and claim.value:
                        found[claim.value].add(int(subject.removeprefix("kb/")))
        return found

    @staticmethod
    def _companion_day(row: Row, units: list[Unit]) -> str | None:
        """The day of the hotpatch whose build an undated component has (KB5074204 has that of KB5072014)."""
        days = [
            u.row["release_date"]
            for u in units
            if row["build"] and u.row["build"] == row["build"] and u.row["classification"] == "hotpatch"
        ]
        return min((day for day in days if day), default=None)

    @staticmethod
    def _derive_baseline(row: Row, day: str, units: list[Unit]) -> None:
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

    def _calendar(self, units: list[Unit]) -> None:
        months: dict[tuple[str, str], list[Unit]] = defaultdict(list)
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

    def _month(self, product: str, month: str, units: list[Unit]) -> None:
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

    def _products(self, units: list[Unit]) -> None:
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


def bare_product(product: str) -> Row:
    """A servicing line of which only its name is known."""
    known = named(product)
    return {
        "product": product, "name": known.name, "family": known.family, "build_number": known.build_number, "release_date": None,
        "mainstream_end_date": None, "extended_end_date": None, "hotpatch_from_date": None, "hotpatch_end_date": None,
        "subject": f"product/{product}",
    }  # fmt: skip


def _builds_of(unit: Unit) -> list[Stated]:
    """Everything that states the build of a release."""
    return (
        unit.of("build")
        + unit.of("slug_build")
        + [claim for name in ("build", "page_title_build", "fixed_build", "link_build") for claim in unit.said(name)]
    )


def _subject(unit: Unit) -> str:
    if unit.baseline_day:
        return unit.subject
    return f"release/{unit.product}/{unit.kb or '-'}/{unit.build or '-'}"


def _day_order(unit: Unit) -> tuple[str, int]:
    return (unit.row["release_date"] or "", unit.row["revision"] or 0)


def _set_baseline(row: Row, baseline: Row) -> None:
    row["baseline_release"], row["baseline_kb"], row["baseline_build"] = baseline["release"], baseline["kb"], baseline["build"]


def _derived(unit: Unit, kind: str) -> str | None:
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
