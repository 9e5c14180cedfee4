"""A second implementation of the verdicts, from the contract alone.

It shares no code with ``db/answers``: each line is a sorted list of places, a place is (initial first, day, revision), and a machine is
answered by the places after its own. ``tests/test_verdict_model.py`` compares both for every build.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from datetime import date, timedelta
from typing import Any, NamedTuple

Place = tuple[bool, str, int]
Key = tuple[str, str, str]  # build, line, deciding KB

# Second Tuesdays after which a line had no release that counts, read from Microsoft's lists as they were on 2026-07-23.
NO_RELEASE = {("ws2016", "standard"): {"2017-02-14"}}


class Answer(NamedTuple):
    """A verdict, and what the contract defines beside it; None where it defines nothing or there is nothing."""

    verdict: str
    months_behind: int | None = None
    next_kb: int | None = None
    rejoins_month: str | None = None


def second_tuesday(month: str) -> str:
    """Return the second Tuesday of a month: the one Tuesday from the 8th to the 14th."""
    days = (date.fromisoformat(f"{month}-08") + timedelta(n) for n in range(7))
    return next(d for d in days if d.isoweekday() == 2).isoformat()


def newest_second_tuesday(day: str) -> str:
    """Return the newest second Tuesday that is not after a day."""
    if (own := second_tuesday(day[:7])) <= day:
        return own
    return second_tuesday((date.fromisoformat(f"{day[:7]}-01") - timedelta(1)).isoformat()[:7])


class Model:
    """Everything that a product's verdicts on a day rest on, as sets and sorted lists."""

    def __init__(self, conn: sqlite3.Connection, product: str, day: str, *, today: str) -> None:
        def rows(sql: str, *values: str) -> list[dict[str, Any]]:
            cursor = conn.execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

        self.product, self.day, self.today = product, day, today
        self.listed = rows("select * from releases where product = ?", product)
        self.cves = rows("select * from kb_cves where product = ?", product)
        self.articles = rows(
            "select * from articles where product = ? or instr(' ' || applies_to || ' ', ' ' || ? || ' ')", product, product
        )
        self.reported = rows("select * from reported where product = ? and classification != 'preview'", product)  # a preview is no fix
        self.quarantine = rows(
            "select * from quarantine where (product = ? or product is null) and may_be_release = 1 and gone_at is null", product
        )
        self.calendar = rows("select * from hotpatch_calendar where product = ? order by month", product)
        self.data_until = {r["line"]: r["data_until"] for r in rows("select line, data_until from data_until where product = ?", product)}
        (ends,) = rows("select extended_end_date, hotpatch_end_date from products where product = ?", product)
        self.unsupported = bool(ends["extended_end_date"]) and day > ends["extended_end_date"]
        self.hotpatch_end = ends["hotpatch_end_date"]
        ended = bool(self.hotpatch_end) and day[: len(self.hotpatch_end)] > self.hotpatch_end

        until = {r["build"] for r in self.listed if r["release_date"] and r["release_date"] <= day}
        self.releases = [r for r in self.listed if (r["release_date"] <= day if r["release_date"] else r["build"] in until)]
        derived = {r["baseline_release"] for r in self.listed if r["classification"] == "hotpatch"}
        self.baseline_ids = {r["release"] for r in self.releases if r["classification"] == "baseline" or r["release"] in derived}
        fixes = {r["kb"] for r in self.cves}
        dated = [r for r in self.releases if r["release_date"]]

        def counting(of_line: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return sorted((r for r in of_line if r["cadence"] == "B" or (r["cadence"] == "OOB" and r["kb"] in fixes)), key=place)

        self.of_build = {
            r["build"]: [other for other in self.releases if other["build"] == r["build"]] for r in self.releases if r["build"]
        }
        lost = rows(
            """select subject, value_lost from conflicts where field = 'build' and subject like 'release/' || ? || '/%'
            and rule not in ('slug', 'link_text', 'correction')""",
            product,
        )
        for other in lost:  # a build that a source states for a release and that is not believed is that release
            if releases := [r for r in self.releases if r["subject"] == other["subject"]]:
                self.of_build.setdefault(other["value_lost"], releases)

        self.counting = {
            "hotpatch": counting([r for r in dated if r["classification"] == "hotpatch" or r["release"] in self.baseline_ids]),
            "standard": counting([r for r in dated if r["classification"] in {"cumulative", "baseline"} and r["in_standard_line"]]),
        }
        self.has_hotpatch_line = not ended and bool(self.counting["hotpatch"])

    def keys(self) -> set[Key]:
        """Return what there is an answer for: each build of a release up to the day, with each of its KBs and with none."""
        builds = {(build, f"KB{r['kb']}" if r["kb"] else "") for build in self.of_build for r in self.of_build[build]}
        return {(build, line, kb) for build, own in builds for kb in ("", own) for line in ("hotpatch", "standard", "")}

    def answer(self, build: str, line: str, deciding_kb: str) -> Answer:
        """Return the answer for a machine."""
        if self.unsupported:
            return Answer("unsupported")
        candidates = self.candidates(build, line, int(deciding_kb.removeprefix("KB")) if deciding_kb else None)
        answers = [self.judge(release, of) for release, of in candidates]
        if len({(a.verdict, a.next_kb) for a in answers}) > 1:
            return Answer("ambiguous")
        return answers[0] if len(set(answers)) == 1 else Answer(answers[0].verdict, None, answers[0].next_kb)

    def candidates(self, build: str, line: str, kb: int | None) -> list[tuple[dict[str, Any], str]]:
        """Return what the machine may have, each with the line to judge it on."""
        of_build = self.of_build[build]
        hotpatches = [r for r in of_build if r["classification"] == "hotpatch"]
        if hotpatches:  # a component that shares its build is a companion: the hotpatch is the match
            kbs = {r["kb"] for r in of_build if r["classification"] != "component"}
            of_build = [r for r in of_build if r["classification"] != "component"]
            of_build = [r for r in of_build if r["kb"] == kb] if kb in kbs else hotpatches if kb else of_build
        elif kb:
            of_build = [r for r in of_build if r["kb"] == kb]
        if kb is None and line == "hotpatch" and hotpatches:  # the line decides between a hotpatch and an LCU
            of_build = hotpatches
        if kb is None and line == "standard" and {r["in_standard_line"] for r in of_build} == {0, 1} and hotpatches:
            of_build = [r for r in of_build if r["in_standard_line"]]
        found: list[tuple[dict[str, Any], str]] = []
        for r in of_build:
            both = r["release"] in self.baseline_ids
            own = (
                ["hotpatch", "standard"]
                if both and not line
                else [line]
                if both
                else ["hotpatch"]
                if r["in_hotpatch_line"] or line == "hotpatch"
                else ["standard"]
            )
            found += [(r, of if self.has_hotpatch_line else "standard") for of in own]
        return found

    def judge(self, release: dict[str, Any], line: str) -> Answer:
        """Return the answer for a release on a line."""
        newer = self.newer(release, line)
        months = len({r["month"] for r in newer})
        if line == "standard":
            return Answer("behind", months, newer[-1]["kb"]) if newer else self.proven(release, "standard")
        newer_baselines = [r for r in newer if r["release"] in self.baseline_ids]
        if release["in_hotpatch_line"] or release["release"] in self.baseline_ids:
            if newer_baselines:
                return Answer("restart_due", months, newer_baselines[-1]["kb"])
            return Answer("behind", months, newer[-1]["kb"]) if newer else self.proven(release, "hotpatch")
        lcus = self.newer(release, "standard")
        later = [r for r in lcus if r["release"] in self.baseline_ids]
        if later:
            return Answer("restart_due", None, later[-1]["kb"])
        # 0 means patched on the standard line, which needs evidence.
        is_known = bool(lcus) or self.proven(release, "standard").verdict == "current"
        months_of = len({r["month"] for r in lcus}) if is_known else None
        return Answer("left_line", months_of, lcus[-1]["kb"] if lcus else None, self.rejoins(release))

    def newer(self, release: dict[str, Any], line: str) -> list[dict[str, Any]]:
        """Return the releases of a line that count and come after a release."""
        counting = self.counting[line]
        return counting[bisect_right(counting, place(release), key=place) :]

    def rejoins(self, release: dict[str, Any]) -> str | None:
        """Return the first baseline month after a release, published or planned."""
        after = [m for m in self.calendar if (m["release_date"] or m["expected_date"]) > release["release_date"]]
        month = next((m["month"] for m in after if m["expected_type"] == "baseline"), None)
        return month if month and month <= (self.hotpatch_end or month)[:7] else None

    def proven(self, release: dict[str, Any], line: str) -> Answer:
        """Return ``current`` if no condition fails, else ``unknown``."""
        return Answer("unknown" if self.doubts(release, line) else "current", 0)

    def doubts(self, release: dict[str, Any], line: str) -> set[int]:
        """Return the numbers of the conditions that do not hold for a release on a line."""
        until, tuesday = self.data_until.get(line), newest_second_tuesday(self.day)
        if until is None:
            return {1}
        doubts = {1} if until < tuesday else set()
        past = newest_second_tuesday((date.fromisoformat(self.day) - timedelta(3)).isoformat())
        own_tuesday, other = second_tuesday(self.day[:7]), "standard" if line == "hotpatch" else "hotpatch"
        if own_tuesday <= self.day and any(r["release_date"] == own_tuesday for r in self.counting[other]):
            past = own_tuesday  # the other line has it: nothing is late (case 54)
        begun = any(r[f"in_{line}_line"] and r["release_date"] and r["release_date"] <= past for r in self.releases)
        if (
            begun
            and past not in NO_RELEASE.get((self.product, line), set())
            and not any(r["month"] == past[:7] for r in self.counting[line])
        ):
            doubts.add(2)
        if release["is_provisional"] or self.named_elsewhere():
            doubts.add(3)
        if any(release["release_date"] <= (q["release_date"] or self.day) <= self.day for q in self.quarantine):
            doubts.add(4)
        if max(self.data_until.values()) > self.today:
            doubts.add(5)
        return doubts

    def named_elsewhere(self) -> bool:
        """Return whether a source names a newer fix that no list has."""
        listed = [r for r in self.listed if not r["is_provisional"]]
        provisional = [r for r in self.listed if r["is_provisional"]]
        kbs, builds = {r["kb"] for r in listed}, {r["build"] for r in listed}
        newest = max(
            (r for r in self.releases if not r["is_provisional"] and r["release_date"] and r["classification"] != "preview"),
            key=place,
            default={"month": "", "release_date": ""},  # of a version of which nothing but previews was released so far
        )
        top = max((r["revision"] for r in self.releases if r["revision"]), default=0)
        fixes = [
            c for c in self.cves if c["kb"] not in kbs and c["fixed_build"] not in builds and second_tuesday(c["source_month"]) <= self.day
        ]
        others = [
            a
            for a in [*self.articles, *self.reported, *provisional]
            if a["kb"] and a["kb"] not in kbs and a["release_date"] and a["release_date"] <= self.day
        ]
        return (
            any(c["fixed_build"] and int(c["fixed_build"].split(".")[1]) > top for c in fixes)
            or any(c["source_month"] > newest["month"] for c in fixes)
            or any(o["release_date"] > newest["release_date"] for o in others)
        )


def place(release: dict[str, Any]) -> Place:
    """Return the place of a release in the order of its line."""
    return release["classification"] != "initial", release["release_date"], release["revision"] or 0
