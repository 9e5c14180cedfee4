"""Verdicts as data: whether a machine with a build, on a line, with a deciding KB, is patched. Standard library alone.

There is one row per product, build, line and deciding KB, so that a fleet is judged by a join, in any engine. ``docs/verdicts.md`` has the rules.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import chain

from hotpatch_kb.db.answers.coverage import Evidence, Support, data_until_of_lines, has_ceased, named_by
from hotpatch_kb.db.answers.eligibility import has_no_hotpatches
from hotpatch_kb.db.answers.exposure.gaps import left_open
from hotpatch_kb.db.answers.exposure.open_issues import without_support
from hotpatch_kb.db.answers.product_facts import Facts, Line, Release
from hotpatch_kb.db.answers.restarts import next_restart
from hotpatch_kb.db.model.clock import day_after
from hotpatch_kb.db.model.editions import ANY, SPELLED, Machine
from hotpatch_kb.db.model.messages import Message, Messages
from hotpatch_kb.db.model.notation import kb_text, last_day
from hotpatch_kb.light_typing import Any, Final, NamedTuple


class Kind(NamedTuple):
    """How the command shows a verdict; the site's words are in ``en.json``, its colours in ``site.css``.

    Attributes:
        words: what it says in a sentence.
        mark: one character that a terminal shows before it.
        tone: "good", "bad" or "doubtful", which have their colours.
    """

    words: str
    mark: str
    tone: str


# By name, what needs something first: overviews show them in this order.
VERDICTS: Final = {
    "restart_due": Kind("not patched (restart due)", "✗", "bad"),
    "behind": Kind("not patched (behind)", "✗", "bad"),
    "left_line": Kind("it has left the hotpatch line", "!", "doubtful"),
    "unsupported": Kind("not supported", "✗", "bad"),
    "ambiguous": Kind("it depends on the line (--line)", "?", "doubtful"),
    "unknown": Kind("not known whether it is patched", "?", "doubtful"),
    "invalid": Kind("not readable", "?", "doubtful"),
    "current": Kind("patched (current)", "✓", "good"),
}
LINES: Final = ("hotpatch", "standard", "")
# Two forms, since another language has other words for what comes on each line.
_NOTHING_NEWER: Final = {
    "hotpatch": Message("nothing newer of the hotpatch line is required"), "standard": Message("nothing newer of the standard line is required"),
}  # fmt: skip
# Columns that lookup adds to a match; it has the others itself.
_SHOWN: Final = (
    "verdict", "reason", "months_behind", "next_kb", "next_needs_restart", "rejoins_month", "newer_out_of_band",
)  # fmt: skip


class Verdict(NamedTuple):
    """One row: the machine (product, build, line, deciding_kb), and the verdict.

    Attributes:
        product: its id.
        build: OS build.
        line: "hotpatch" or "standard" as the inventory states it, "" where it does not.
        deciding_kb: an installed KB that may have brought the build, "" where none is known.
        verdict: one of ``VERDICTS``.
        classification: what the installed release is.
        kb: the KB of that release.
        baseline_kb: the KB of its baseline.
        months_behind: months of its line with a release that counts and that it lacks; 0 means that it lacks none, None that this is not known.
            After the end of support only releases up to its last day count.
        next_kb: what to install next.
        next_needs_restart: whether that restarts.
        rejoins_month: the month of the baseline with which a machine that left the hotpatch line returns to it.
        newer_out_of_band: newer KBs that do not decide, separated by blanks.
        reason: what decided, as data; ``str()`` gives it in English.
    """

    product: str
    build: str
    line: str
    deciding_kb: str
    verdict: str
    classification: str | None
    kb: str | None
    baseline_kb: str | None
    months_behind: int | None
    next_kb: str | None
    next_needs_restart: bool | None
    rejoins_month: str | None
    newer_out_of_band: str
    reason: Messages


class _Judge:
    """Judges machines of one product on one day."""

    def __init__(self, conn: sqlite3.Connection, facts: Facts, product: str, day: str) -> None:
        self.conn = conn
        self.product = product
        self.day = day
        self.facts = facts.of(product)
        self.support = Support(self.facts)
        self.hotpatched_until = last_day(self.facts.hotpatch_end)
        self._without_hotpatches: dict[str, bool] = {}
        self.releases = [r for r in self.facts.releases if r.day and r.day <= day]
        self.lines = {
            "hotpatch": Line(r for r in self.releases if r.in_hotpatch_line or r.is_baseline),
            "standard": Line(r for r in self.releases if r.in_standard_line),
        }
        self.evidence = {line: Evidence(self.facts, line, day) for line in self.lines}
        self.by_build: dict[str, list[Release]] = defaultdict(list)
        for release in self.releases:
            if release.build:
                self.by_build[release.build].append(release)
        # By release, line and last day of support: nothing else of it depends on the edition, and tables for a join need a dozen of them.
        self._judged: dict[tuple[int, str, str | None], dict[str, Any]] = {}
        # By build, release, line and machine: what a machine states of its line and KBs decides only which of these it gets.
        self._found: dict[tuple[str, int, str, Machine], Verdict] = {}
        self._alike: dict[Machine, Machine] = {}
        self._first_of_kind: dict[tuple[Any, ...], Machine] = {}
        self.other_builds = {other.build: other for other in self.facts.other_builds}
        for other in self.other_builds.values():
            if releases := [r for r in self.by_build.get(other.believed, ()) if r.kb == other.kb]:
                self.by_build[other.build] = releases

    def builds(self) -> list[str]:
        """Return the builds of the product, in their order."""
        return sorted(self.by_build, key=lambda build: tuple(map(int, build.split("."))))

    def of_build(self, build: str, machine: Machine = ANY) -> dict[tuple[str, str], Verdict]:
        """Return the verdicts of one build, by line and deciding KB."""
        releases = self.by_build[build]
        kbs = sorted({release.kb for release in releases if release.kb})
        return {(line, kb_text(kb) or ""): self.judge(build, releases, line, kb, machine) for line in LINES for kb in (None, *kbs)}

    def judge(self, build: str, releases: Sequence[Release], line: str, kb: int | None, machine: Machine) -> Verdict:
        """Return the one verdict for a build of this product."""
        candidates = self._candidates(releases, line, kb)
        if self.has_no_hotpatches(machine.edition):
            of_edition = self._standard_candidates(releases, kb)
            if not of_edition and not machine.may_be_azure_edition:
                return self._contradiction(build, line, kb, machine)
            candidates = of_edition or candidates
        judged = []
        for release, on in candidates:
            of_release = (build, release.release, on, machine)
            if of_release not in self._found:
                self._found[of_release] = self._one(build, release, on, machine)
            found = self._found[of_release]
            if found.verdict == "current" and (still_open := left_open(self.facts, release, self.day, kb)):
                found = found._replace(reason=Messages([*found.reason, *still_open]))
            judged.append(found._replace(line=line, deciding_kb=kb_text(kb) or ""))
        if all(v.verdict == "unsupported" for v in judged) and len({v.next_kb for v in judged}) > 1:
            judged = [
                v._replace(months_behind=None, next_kb=None, next_needs_restart=None) for v in judged
            ]  # whatever it has, support has ended
        first = judged[0]._replace(newer_out_of_band=" ".join(dict.fromkeys(kb for v in judged for kb in v.newer_out_of_band.split())))
        if all((other.verdict, other.next_kb) == (first.verdict, first.next_kb) for other in judged):
            if len({other.kb for other in judged}) == 1:
                return first
            # The verdict is the same for all candidates; which one the machine has is not known.
            reason = Messages(chain.from_iterable(dict.fromkeys(other.reason for other in judged)))
            return first._replace(classification=None, kb=None, baseline_kb=None, reason=reason)
        either = Messages(
            dict.fromkeys(
                Message("{kb} on the {line} line: {verdict}", kb=v.kb or build, line=Message(on), verdict=Message(v.verdict))
                for v, (_, on) in zip(judged, candidates, strict=True)
            )
        )
        reason = Messages([Message("it may be {candidates}", candidates=either)])
        return Verdict(
            self.product, build, line, kb_text(kb) or "", "ambiguous", None, None, None, None, None, None, None, "", reason
        )  # fmt: skip

    def has_no_hotpatches(self, edition: str) -> bool:
        """Return whether machines of an edition are never on the hotpatch line."""
        if edition not in self._without_hotpatches:
            self._without_hotpatches[edition] = has_no_hotpatches(self.conn, self.product, edition)
        return self._without_hotpatches[edition]

    def alike(self, machine: Machine) -> Machine:
        """Return the first machine of its kind: verdicts depend on an edition by the end of its support, and by whether it has hotpatches."""
        if machine not in self._alike:
            of_edition = (machine.edition, machine.may_be_azure_edition) if self.has_no_hotpatches(machine.edition) else None
            ended = tuple(self.support.ended(machine, self.day))
            kind = (of_edition, ended, self.support.last_day(machine) if ended else None, self.support.end(machine) is None)
            self._alike[machine] = self._first_of_kind.setdefault(kind, machine)
        return self._alike[machine]

    @staticmethod
    def _standard_candidates(releases: Sequence[Release], kb: int | None) -> list[tuple[Release, str]]:
        """Return the releases that a machine may have whose edition has no hotpatches, each to be judged on the standard line."""
        updates = [r for r in releases if not r.is_hotpatch_only]
        installed = [r for r in updates if r.kb == kb] if kb is not None else []
        return [(release, "standard") for release in installed or updates]

    def _contradiction(self, build: str, line: str, kb: int | None, machine: Machine) -> Verdict:
        """Return the verdict for a build that only the hotpatch line has, on an edition that cannot be on it: one of the two is wrong."""
        reason = Message("only the hotpatch line has this build, and {edition} cannot be on it", edition=Message(SPELLED[machine.edition]))
        verdict, reasons = "unknown", [reason]
        if ended := self.support.ended(machine, self.day):
            verdict, reasons = "unsupported", ended
        return Verdict(
            self.product, build, line, kb_text(kb) or "", verdict, None, None, None, None, None, None, None, "", Messages(reasons)
        )  # fmt: skip

    @staticmethod
    def _candidates(releases: Sequence[Release], line: str, kb: int | None) -> list[tuple[Release, str]]:
        """Return the releases that a machine may have, each with the line to judge it on."""
        hotpatches = [r for r in releases if r.classification == "hotpatch"]
        # A component with the build of a hotpatch is its companion: a machine that has it has the hotpatch.
        candidates = [r for r in releases if r.classification != "component" or not hotpatches]
        if kb is not None:
            installed = [r for r in releases if r.kb == kb]
            candidates = hotpatches if hotpatches and all(r.classification == "component" for r in installed) else installed
        elif line and not any(r.classification == "component" for r in candidates):
            # Never between a component and an LCU: enrolled machines were offered both (26100.6905).
            of_line = [r for r in candidates if (r.in_hotpatch_line if line == "hotpatch" else r.in_standard_line)]
            candidates = of_line or candidates
        judged_on = []
        for release in candidates:
            if release.is_hotpatch_only:
                judged_on.append((release, "hotpatch"))
            elif release.is_baseline:
                judged_on += [(release, on) for on in ((line,) if line else ("hotpatch", "standard"))]
            else:
                judged_on.append((release, line or "standard"))
        return judged_on

    def _one(self, build: str, release: Release, on: str, machine: Machine) -> Verdict:
        """Return the verdict for a build with one release, judged on a line; ``judge`` says what the machine states."""
        other = self.other_builds.get(build)
        stated = [other.note] if other else []
        notes = [*stated]
        if on == "hotpatch" and self.hotpatched_until and self.day > self.hotpatched_until:
            on = "standard"
            notes.append(Message("hotpatching ended on {day}", day=self.hotpatched_until))
        elif on == "hotpatch" and not self.lines["hotpatch"].counted:
            on = "standard"
            notes.append(Message("no hotpatch line of this product is known"))
        ended = self.support.ended(machine, self.day)
        until = self.support.last_day(machine) if ended else None  # what comes after it is not for this machine
        if (id(release), on, until) not in self._judged:
            self._judged[id(release), on, until] = self._on_line(release, on, until)
        judged = self._judged[id(release), on, until]
        verdict, reason = judged["verdict"], [*notes, judged["reason"]]
        months, rejoins = judged["months_behind"], judged["rejoins_month"]
        if ended:
            verdict, reason, rejoins = "unsupported", [*stated, *ended], None
        elif verdict == "current" and self.support.end(machine) is None and self._is_silent(on):
            last = self.lines[on].counted[-1].day if self.lines[on].counted else Message("no day")
            verdict = "unknown"
            reason = [*notes, Message("no source states its support, and its last monthly release is of {day}", day=last)]
        elif verdict == "current" and (missing := self.evidence[on].missing(release.place)):
            others = self.evidence[on].reported(release.place)
            verdict, reason = "unknown", [*notes, *dict.fromkeys(filter(None, (missing, others)))]
        elif verdict == "left_line" and not judged["next"] and (missing := self.evidence["standard"].missing(release.place)):
            months = None  # 0 would mean patched, which is not known of the standard line either
            reason.append(missing)
        return Verdict(
            self.product, build, "", "", verdict, release.classification, kb_text(release.kb), kb_text(release.baseline_kb),
            None if verdict == "unknown" else months, kb_text(judged["next"].kb) if judged["next"] else None,
            None if judged["next"] is None else judged["next"].classification != "hotpatch",
            rejoins, self.lines["standard" if verdict == "left_line" else on].not_deciding(release.place, build, until),
            Messages(reason),
        )  # fmt: skip

    def _is_silent(self, on: str) -> bool:
        """Return whether a line has had no monthly release for months: the preview of 2021 has had none since August 2021."""
        counted = self.lines[on].counted
        return not counted or has_ceased(counted[-1].month or "", self.day)

    def _on_line(self, release: Release, on: str, until: str | None) -> dict[str, Any]:
        line = self.lines[on]
        if on == "hotpatch" and not (release.in_hotpatch_line or release.is_baseline):
            return self._lcu_on_the_hotpatch_line(release, until)
        after = line.after(release.place, until)
        months = len({r.month for r in after})
        baselines = [r for r in after if r.is_baseline]
        columns: dict[str, Any] = {"months_behind": months, "next": None, "rejoins_month": None}
        if not after:
            return columns | {"verdict": "current", "reason": _NOTHING_NEWER[on]}
        if on == "hotpatch" and baselines:
            return columns | {
                "verdict": "restart_due",
                "next": baselines[-1],
                "reason": Message("the baseline {release} is newer", release=baselines[-1].name(is_baseline=True)),
            }
        newest = after[-1]
        reason = Message("{release} is newer", release=newest.name(beside=release))
        if newest.cadence != "B" and newest.fixes_cves:
            reason = Message(
                "{release} is newer, and counts although it is out of band, since it fixes a CVE", release=newest.name(beside=release)
            )
        if newest.is_provisional:
            reason = named_by(newest, newest.name())
        return columns | {"verdict": "behind", "next": newest, "reason": reason}

    def _lcu_on_the_hotpatch_line(self, release: Release, until: str | None) -> dict[str, Any]:
        """Judge a machine of the hotpatch line with an LCU that is not a baseline.

        If a newer baseline was released, a restart is due. Otherwise the machine has left the line until the next baseline.
        """
        baselines = [r for r in self.lines["hotpatch"].counted if r.is_baseline and (until is None or (r.day or "") <= until)]
        newest = baselines[-1] if baselines else None
        if newest is not None and newest.place > release.place:
            months = len({r.month for r in self.lines["hotpatch"].after(release.place, until)})
            reason = Message("{release} is not a baseline, and {newer} is newer", release=release.name(), newer=newest.name())
            return {"verdict": "restart_due", "months_behind": months, "next": newest, "rejoins_month": None, "reason": reason}
        standard = self.lines["standard"].after(release.place, until)
        restart = next_restart(self.facts, day_after(release.day or ""))
        return {
            "verdict": "left_line", "months_behind": len({r.month for r in standard}),
            "next": standard[-1] if standard else None, "rejoins_month": restart.month if restart else None,
            "reason": Message("{release} is not a baseline; the machine returns to the hotpatch line with the next baseline", release=release.name()),
        }  # fmt: skip


def verdicts(conn: sqlite3.Connection, day: str, product: str | None = None) -> Iterator[Verdict]:
    """Yield every verdict of a day, in the order of products, builds, lines and KBs.

    Args:
        conn: a database with the fact tables.
        day: ISO date; only releases up to it count, by today's knowledge.
        product: an id, if only one product is wanted.
    """
    yield from Verdicts(conn, day).rows(product)


def verdict_rows(conn: sqlite3.Connection, day: str, product: str | None = None, *, known: Verdicts | None = None) -> list[dict[str, Any]]:
    """Return what ``verdicts`` yields as rows, each with the day that the data of its line is as of; ``known`` are those of the day, if made before."""
    ends = data_until_of_lines(conn)
    rows = verdicts(conn, day, product) if known is None else known.rows(product)
    return [v._asdict() | {"data_until": ends.get((v.product, v.line))} for v in rows]


def _shown(verdict: Verdict | None) -> dict[str, Any] | None:
    return None if verdict is None else {name: getattr(verdict, name) for name in _SHOWN}


class Verdicts:
    """Verdicts of one day, each made when it is first asked for.

    Attributes:
        facts: what was read of the database.
    """

    def __init__(self, conn: sqlite3.Connection, day: str, facts: Facts | None = None) -> None:
        """Take a database with the fact tables, the day (ISO date), and what was read of it, where the caller has that."""
        self.facts = facts or Facts(conn)
        self._conn = conn
        self._day = day
        self._judges: dict[str, _Judge] = {}
        self._rows: dict[tuple[str, str, Machine], dict[tuple[str, str], Verdict]] = {}

    def rows(self, product: str | None = None) -> Iterator[Verdict]:
        """Yield the verdicts of every build of a product, of all where none is named, with every line and every KB that may decide."""
        self.facts.load(None if product is None else (product,))
        for name in self.facts.products:
            if product in {None, name}:
                for build in self._judge(name).builds():
                    yield from self.of_build(name, build).values()

    def products_by_build(self) -> dict[str, list[str]]:
        """Return the products that have each build by that day, in the order of their ids."""
        products: dict[str, list[str]] = defaultdict(list)
        self.facts.load()
        for product in self.facts.products:
            for build in self._judge(product).by_build:
                products[build].append(product)
        return dict(products)

    def of_build(self, product: str, build: str, machine: Machine = ANY) -> dict[tuple[str, str], Verdict]:
        """Return the verdicts of a product's build, by line and deciding KB; none where it has no such build by that day.

        Args:
            product: its id.
            build: OS build.
            machine: its edition, and whether it has Extended Security Updates, where they are known.
        """
        judge = self._judge(product)
        machine = judge.alike(machine)
        rows = self._rows.get((product, build, machine))
        if rows is None:
            rows = self._rows[product, build, machine] = judge.of_build(build, machine) if build in judge.by_build else {}
        return rows

    def of_kb(self, product: str, build: str | None, kb: str | None, machine: Machine, line: str) -> Verdict | None:
        """Return the verdict of a product's build with a KB that may have brought it, on a line; None where it has no such build by that day.

        Args:
            product: its id.
            build: OS build.
            kb: such as KB5087423; None where the release has none.
            machine: its edition, and whether it has Extended Security Updates, where they are known.
            line: "hotpatch" or "standard", "" where it is not known.
        """
        judge = self._judge(product)
        releases = judge.by_build.get(build or "", ())
        number = int(kb[2:]) if kb else None
        if not releases or (number is not None and all(release.kb != number for release in releases)):
            return None
        return judge.judge(build or "", releases, line, number, judge.alike(machine))

    def alike(self, product: str, machine: Machine) -> Machine:
        """Return a machine with the same verdicts as another one, the same for all of its kind."""
        return self._judge(product).alike(machine)

    def _judge(self, product: str) -> _Judge:
        judge = self._judges.get(product)
        if judge is None:
            judge = self._judges[product] = _Judge(self._conn, self.facts, product, self._day)
        return judge

    def with_verdicts(self, answer: dict[str, Any], line: str | None, machine: Machine = ANY, kbs: Collection[int] = ()) -> dict[str, Any]:
        """Return an answer of ``hotpatch_kb.db.answers.lookup.find`` with the verdict of each match, for a machine that has it.

        Args:
            answer: it is not changed.
            line: as the user states it, None where they do not.
            machine: its edition, as the user states it.
            kbs: numbers of KBs that it has.
        """
        matches = []
        for match in answer["matches"]:
            kb = next((companion for companion in match["companions"] if int(companion[2:]) in kbs), match["kb"])
            of_kb = partial(self.of_kb, match["product"], match["build"], kb, machine)
            verdict = of_kb(line or "")
            by_line = {on: of_kb(on) for on in ("hotpatch", "standard")} if not line else {}
            shown: dict[str, Any] = {"verdict": _shown(verdict), "by_line": None}
            if len({(v.verdict, v.next_kb) for v in by_line.values() if v}) > 1:
                shown["by_line"] = {on: _shown(v) for on, v in by_line.items()}
            if verdict is not None and verdict.verdict == "unsupported":
                shown["next_restart"] = None  # no release comes for it
                shown["open_cves"] = without_support(match["open_cves"])
            matches.append(match | shown)
        return answer | {"matches": matches}
