"""Find rows of a page that cannot be true although every cell can be read. They are reported with an example; a page full of them is refused.

Each rule holds for every row of the recorded pages (May and July 2026, back to 2016) except for the rows named here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Final, NamedTuple

from hotpatch_kb.db.model.claims import Claim, product_of
from hotpatch_kb.db.model.notation import planned_by_cadence, second_tuesday
from hotpatch_kb.db.model.products import may_be_build_of, named, same_revisions
from hotpatch_kb.db.model.titles import help_kb, slug_builds, slug_kb

# The first KB of Windows 10 was KB3081424 (2015). KB5123303 is of August 2026; numbers grow by 23,000 a year, so 6,000,000 is decades away.
_KBS: Final = range(3_000_000, 6_000_000)
# B releases on another day than the second Tuesday, as last seen 2026-07-22: one against Meltdown, and a second one in September 2016.
_OTHER_DAYS: Final = frozenset({4056890, 3193494})
# Titles with another day that do not say out-of-band (KB5046696; "May 16, 2025 Hotpatch KB5061258"; 24H2 for its first devices, June 15,
# 2024), as last seen 2026-08. Before 2021 there are many.
_OTHER_TITLES: Final = frozenset({5046696, 5061258, 5039239})
_TITLES_SINCE: Final = "2021-09"
_UNPLANNED: Final = 3
# Windows Server 2019 came out on 2018-10-02, was withdrawn, and is dated 2018-11-13.
_FIRST_DAYS: Final = 60
# What Microsoft may do one day: only reported, however often a page has it.
NEVER_REFUSED: Final = frozenset({"day of a title", "category", "cadence", "end", "release", "link", "kb order"})


class Odd(NamedTuple):
    """A row that cannot be true: its section, the name of the rule, and a note with what was expected and what came."""

    section: str
    name: str
    note: str


@dataclass(slots=True)
class _Row:
    """The fields that one row of a section states of one release."""

    section: str
    product: str
    fields: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def name(self) -> str:
        """The parts of the row, as published, that say which release it is about."""
        if title := self.get("title"):
            return repr(title)
        return " ".join(self.texts[name] for name in ("month", "release_date", "build", "kb") if self.texts.get(name))


def odd_rows(claims: Sequence[Claim]) -> list[Odd]:
    """Return every row of a page that cannot be true, in the order of the rules."""
    by_place: dict[tuple[str, int, str], _Row] = {}
    for claim in claims:
        if claim.subject.startswith("release/"):
            row = by_place.setdefault((claim.section, claim.row, claim.subject), _Row(claim.section, product_of(claim.subject)))
            if claim.value is not None:
                row.fields.setdefault(claim.name, claim.value)
                row.texts.setdefault(claim.name, claim.value_text)
    rows = list(by_place.values())
    return [
        *_numbers(rows), *_days(rows), *_first(rows), *_order(rows), *_kb_order(rows), *_twice(rows), *_lines(rows),
        *_links(rows), *_elsewhere(claims, rows), *_plans(claims), *_ends(claims), *_ends_by_edition(claims),
        *_garbled(claims),
    ]  # fmt: skip


def _numbers(rows: list[_Row]) -> Iterator[Odd]:
    for row in rows:
        number = named(row.product).build_number
        build, kb = row.get("build"), row.get("kb")
        # Versions that are serviced together share revisions: 25H2 lists KB5065789 with the build of 24H2.
        if build and not any(may_be_build_of(product, build) for product in (row.product, *same_revisions(row.product))):
            yield Odd(row.section, "build number", f"expected a build of {number}, got {row.name}")
        if row.get("classification") == "hotpatch" and not build:
            yield Odd(row.section, "build", f"expected the build of a hotpatch, got {row.name}")
        if kb and int(kb) not in _KBS:
            yield Odd(row.section, "kb", f"expected a KB from {_KBS.start} to {_KBS.stop - 1}, got {row.name}")


def _days(rows: list[_Row]) -> Iterator[Odd]:
    for row in rows:
        day, month, cadence, kb = row.get("release_date"), row.get("month"), row.get("cadence"), int(row.get("kb") or 0)
        if not day:
            continue
        if cadence == "B" and month and kb not in _OTHER_DAYS and day != second_tuesday(month):
            yield Odd(row.section, "day", f"expected the B release of {month} on {second_tuesday(month)}, got {row.name}")
        elif month and abs(_months(day) - _months(month)) > 1:
            yield Odd(row.section, "day", f"expected a day of {month} or of the month beside it, got {row.name}")
        elif (
            not month
            and not cadence
            and row.get("title")
            and row.get("classification") in {"", "hotpatch", "baseline"}
            and day[:7] >= _TITLES_SINCE
            and kb not in _OTHER_TITLES
            and day != second_tuesday(day[:7])
        ):
            yield Odd(
                row.section,
                "day of a title",
                f"expected {second_tuesday(day[:7])}, or 'Preview' or 'Out-of-band' in the title, got {row.name}",
            )


def _months(day: str) -> int:
    return int(day[:4]) * 12 + int(day[5:7])


def _days_between(first: str, second: str) -> int:
    return (date.fromisoformat(second) - date.fromisoformat(first)).days


def _first(rows: list[_Row]) -> Iterator[Odd]:
    """Yield releases without a KB that are not the first of their version."""
    lowest: dict[str, int] = {}
    for row in rows:
        if build := row.get("build"):
            lowest[row.section] = min(int(build.partition(".")[2]), lowest.get(row.section, 1_000_000))
    for row in rows:
        if row.get("classification") == "initial" and (
            row.get("cadence") == "B" or int(row.get("build").partition(".")[2]) > lowest[row.section]
        ):
            yield Odd(row.section, "first release", f"expected a KB of every release but the first, got none in {row.name}")


def _order(rows: list[_Row]) -> Iterator[Odd]:
    """Yield rows of one table or category where a later day has a lower build."""
    by_number: dict[tuple[str, str], list[tuple[str, int, str]]] = defaultdict(list)
    for row in rows:
        if (build := row.get("build")) and (day := row.get("release_date")):
            number, _, revision = build.partition(".")
            by_number[row.section, number].append((day, int(revision), row.name))
    for (section, _), builds in by_number.items():
        builds.sort()
        for before, after in pairwise(builds):
            if after[0] > before[0] and after[1] < before[1]:
                yield Odd(section, "order", f"expected builds to rise with the days, got {before[2]} before {after[2]}")


def _kb_order(rows: list[_Row]) -> Iterator[Odd]:
    """Yield monthly releases of one table whose KB is below that of an earlier month: a column of KBs may have slipped by a row.

    No table of July 2026 has such a row since August 2020. Only B releases are compared: KB numbers of out-of-band releases do not follow their days.
    """
    months: dict[tuple[str, str], list[tuple[str, int, str]]] = defaultdict(list)
    for row in rows:
        if row.get("cadence") == "B" and row.get("kb") and (day := row.get("release_date")) >= _TITLES_SINCE:
            months[row.section, row.product].append((day, int(row.get("kb")), row.name))
    for (section, _), listed in months.items():
        for before, after in pairwise(sorted(listed)):
            if after[0] > before[0] and after[1] < before[1]:
                yield Odd(section, "kb order", f"expected KBs of B releases to rise with the months, got {before[2]} before {after[2]}")


def _twice(rows: list[_Row]) -> Iterator[Odd]:
    """Yield rows that give a KB of their section a second day."""
    days: dict[tuple[str, str, str], _Row] = {}
    for row in rows:
        kb, day = row.get("kb"), row.get("release_date")
        if kb and day and (before := days.setdefault((row.section, row.product, kb), row)).get("release_date") != day:
            yield Odd(row.section, "kb of two days", f"expected one day of KB{kb}, got {before.name} and {row.name}")


def _lines(rows: list[_Row]) -> Iterator[Odd]:
    """Yield calendar rows that contradict the release history of the same page.

    A baseline is the B release of its month there; a hotpatch is not listed there.
    """
    history: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        if row.get("line") == "standard" and row.get("cadence") == "B":
            history[row.product, row.get("month")].add(row.get("build"))
    for row in rows:
        if row.get("line") != "hotpatch" or not row.get("build") or not (listed := history.get((row.product, row.get("month")))):
            continue
        is_listed, kind = row.get("build") in listed, row.get("classification")
        if is_listed != (kind == "baseline"):
            what = (
                "the B release of the release history as the baseline"
                if kind == "baseline"
                else "a hotpatch to be no update of the release history"
            )
            yield Odd(row.section, "line", f"expected {what}, got {kind} {row.name}")


def _elsewhere(claims: Iterable[Claim], rows: list[_Row]) -> Iterator[Odd]:
    """Yield entries whose builds belong only to other products, and which are not listed under those products (KB5065789 under 25H2)."""
    listed = {row.get("kb") for row in rows}
    for claim in claims:
        kind, _, kb = claim.subject.partition("/")
        if kind == "kb" and claim.field == "title" and kb not in listed:
            yield Odd(claim.section, "category", f"expected {claim.value_text!r} in a category of its product, got it in this one alone")


def _ends(claims: Iterable[Claim]) -> Iterator[Odd]:
    """Yield ends of support that are no second Tuesday, or earlier than those of an older version. The parsers compare them with their row."""
    dates: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for claim in claims:
        if claim.subject.startswith("product/") and claim.value and claim.field.endswith("_date"):
            dates[claim.section, claim.subject.partition("/")[2]][claim.field] = claim.value
    by_section: dict[str, list[tuple[str, str, dict[str, str]]]] = defaultdict(list)
    for (section, product), found in dates.items():
        by_section[section].append((found.get("release_date", ""), product, found))
    first = {
        product_of(claim.subject): claim.value
        for claim in claims
        if claim.field == "release_date" and claim.value and claim.subject.startswith("release/") and claim.subject.split("/")[2] == "-"
    }
    for section, products in by_section.items():
        for released, product, _ in products:
            if released and product in first and not 0 <= _days_between(first[product], released) <= _FIRST_DAYS:
                yield Odd(
                    section, "release", f"expected {product} to be released within {_FIRST_DAYS} days of {first[product]}, got {released}"
                )
        latest: dict[str, tuple[str, str]] = {}
        for _, product, found in sorted(products, key=lambda item: item[:2]):
            ends = [(name, found[name]) for name in ("mainstream_end_date", "extended_end_date") if name in found]
            for name in latest.keys() - found.keys():
                yield Odd(
                    section, "end", f"expected a date of {product}, which is newer than {latest[name][1]} with {latest[name][0]}, got none"
                )
            for name, day in ends:
                if day != second_tuesday(day[:7]):
                    yield Odd(section, "end", f"expected support of {product} to end on a second Tuesday, got {day}")
                if name in latest and day < latest[name][0]:
                    yield Odd(section, "end", f"expected support of {product} to end not before that of {latest[name][1]}, got {day}")
                latest[name] = max(latest.get(name, ("", "")), (day, product))


def _ends_by_edition(claims: Iterable[Claim]) -> Iterator[Odd]:
    """Yield ends of support of an edition that are no second Tuesday. Those of the annual channel are anniversaries."""
    for claim in claims:
        if claim.subject.startswith("lifecycle/") and claim.field == "end_date" and claim.value and len(claim.value) == len("2026-07-14"):
            _, product, group, kind = claim.subject.split("/")
            is_public = group != "annual_channel" and kind in {"mainstream", "extended", "end_of_servicing"}
            if is_public and claim.value != second_tuesday(claim.value[:7]):
                note = f"expected support of {product} ({group}) to end on a second Tuesday, got {claim.value} ({kind})"
                yield Odd(claim.section, "end", note)


def _links(rows: list[_Row]) -> Iterator[Odd]:
    """Yield rows whose link names another KB or build. The link of a baseline may name the article about it."""
    for row in rows:
        url, kb = row.get("article_url"), row.get("kb")
        linked = help_kb(url) or slug_kb(url)
        is_table = not row.get("title")  # in old navigations a link has the number of an article, which is not always the KB
        builds = [str(build) for build in slug_builds(url) if row.get("build").startswith(f"{build.number}.")]
        is_other = (linked and str(linked) != kb) or (builds and row.get("build") not in builds)
        if is_table and kb and is_other and row.get("classification") != "baseline":
            yield Odd(row.section, "link", f"expected a link to KB{kb}, got {row.texts['article_url']!r} in {row.name}")


def _plans(claims: Iterable[Claim]) -> Iterator[Odd]:
    """Yield years in which more than three months depart from the cadence; 2022 had three.

    The cadence has a baseline in January, April, July and October.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for claim in claims:
        if claim.subject.startswith("calendar/") and claim.field in {"type", "planned_type"}:
            month = claim.subject.rpartition("/")[2]
            if claim.value != planned_by_cadence(month):
                found[claim.section].append(f"{claim.value} in {month}")
    for section, months in found.items():
        if len(months) > _UNPLANNED:
            yield Odd(
                section,
                "cadence",
                f"expected baselines in January, April, July and October but for {_UNPLANNED} months, got {', '.join(months)}",
            )


def _garbled(claims: Iterable[Claim]) -> Iterator[Odd]:
    """Yield texts with U+FFFD, which is how bytes that are not UTF-8 are read."""
    for claim in claims:
        if "\ufffd" in claim.value_text:
            yield Odd(claim.section, "encoding", f"expected UTF-8, got {claim.value_text[:120]!r}")
