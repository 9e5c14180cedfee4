"""Check a page before its claims are loaded. Checks are values: all of them run, all are kept, and one gate decides."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

from hotpatch_kb.db.claims.plausibility import NEVER_REFUSED, Odd, odd_rows
from hotpatch_kb.db.model.claims import Claim, Page, Unread, name_of_field

# A section may lose a few rows as Microsoft corrects its pages; the rebuilt site of July 2026 lost 99 of 100.
TOLERATED_ROWS: Final = 2
TOLERATED_SHARE: Final = 0.05
# A page fetched in the evening of the Pacific states tomorrow's date in UTC.
TOLERATED_DAYS_AHEAD: Final = 1
# Windows 10, the first Windows with these builds, was released on 2015-07-29; no page has an older release.
FIRST_DAY: Final = "2015-07-01"
# How many examples a note shows of what is wrong with a section.
_EXAMPLES: Final = 3


class Check(NamedTuple):
    """One thing that was checked of one section of one page ("" for the whole page)."""

    section: str
    name: str
    ok: bool
    required: bool
    note: str


class Count(NamedTuple):
    """The size of a section: its rows, and the releases that they name."""

    rows: int
    releases: int


def count(claims: Iterable[Claim]) -> dict[str, Count]:
    """Return rows and releases per section.

    A quarantined row that may be a release is there; a note is no row. In July 2026 the history of Windows 10, version 1709, had lost 26 of 99
    entries, all of them of Windows 10 Mobile, and no release.
    """
    rows: dict[str, set[int]] = defaultdict(set)
    releases: dict[str, set[str]] = defaultdict(set)
    for claim in claims:
        if claim.subject.startswith("quarantine/") and (claim.field, claim.value) != ("may_be_release", "1"):
            continue
        rows[claim.section].add(claim.row)
        if claim.subject.startswith("release/"):
            releases[claim.section].add(claim.subject)
    return {section: Count(len(numbers), len(releases[section])) for section, numbers in rows.items()}


def check_page(
    page: Page,
    claims: list[Claim],
    *,
    now: Mapping[str, Count],
    before: Mapping[str, Count],
    at_least: int,
    accepted_gone: Iterable[str] = (),
    unread: Iterable[Unread] = (),
    standing: Iterable[tuple[str, str]] = (),
) -> list[Check]:
    """Return every check of one page.

    Args:
        page: the page; its time counts.
        claims: what it states.
        now: section counts of these claims.
        before: section counts of the page accepted before it, {} if there is none.
        at_least: the fewest rows that a page of this source may have.
        accepted_gone: sections that a correction accepts as gone or shrunken.
        unread: what is on the page and was not read.
        standing: subject and field of the claims with a value of the page accepted before it.
    """
    total = sum(section.rows for section in now.values())
    unread, standing = list(unread), list(standing)
    checks = [Check("", "rows", total >= at_least, True, f"expected at least {at_least} rows, got {total}")]
    checks += _dates_ahead(page, claims)
    checks += _implausible(odd_rows(claims), now)
    checks += _gone_fields(standing, claims)
    checks += _unreadable(claims, now)
    checks += [
        Check(
            section,
            f"unread {what}",
            False,
            False,
            _note([entry.note for entry in unread if (entry.section, entry.what) == (section, what)]),
        )
        for section, what in dict.fromkeys((entry.section, entry.what) for entry in unread)
    ]
    return checks + lost_sections(before, now, accepted_gone)


def lost_sections(before: Mapping[str, Count], now: Mapping[str, Count], accepted_gone: Iterable[str] = ()) -> list[Check]:
    """Check that every section of the page before is still there, with about as many rows and releases."""
    checks = []
    gone = {section.casefold() for section in accepted_gone}
    by_name = {section.casefold(): size for section, size in now.items()}
    for section, old in before.items():
        if section.casefold() in gone:
            continue
        new = by_name.get(section.casefold())
        if new is None:
            checks.append(Check(section, "section", False, True, f"expected the section {section!r} with about {old.rows} rows, got none"))
            continue
        for what, was, is_now in (("rows", old.rows, new.rows), ("releases", old.releases, new.releases)):
            ok = not (was - is_now > TOLERATED_ROWS and was - is_now > was * TOLERATED_SHARE)
            checks.append(Check(section, f"section {what}", ok, True, f"expected about {was} {what} in {section!r}, got {is_now}"))
        if new.rows < old.rows or new.releases < old.releases:
            note = f"expected {old.rows} rows and {old.releases} releases in {section!r} as before, got {new.rows} and {new.releases}"
            checks.append(Check(section, "section fewer", False, False, note))
    return checks


def _dates_ahead(page: Page, claims: list[Claim]) -> list[Check]:
    last = (date.fromisoformat(page.fetched_at[:10]) + timedelta(days=TOLERATED_DAYS_AHEAD)).isoformat()
    dated = [c for c in claims if c.name == "release_date" and c.subject.startswith(("release/", "calendar/")) and c.value]
    ahead = [c for c in dated if not FIRST_DAY <= (c.value or "") <= last]
    note = f"{ahead[0].value_text!r} of {ahead[0].subject} in {ahead[0].section!r}" if ahead else "none"
    return [Check("", "dates", not ahead, True, f"expected releases dated from {FIRST_DAY} to {last}, got {note}")]


def _implausible(odd: list[Odd], now: Mapping[str, Count]) -> list[Check]:
    """Report rows that cannot be true. A section full of them has columns that moved: then the page is refused."""
    notes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for section, name, note in odd:
        notes[section, name].append(note)
    checks = []
    for (section, name), examples in notes.items():
        rows = now[section].rows if section in now else 0
        is_full = name not in NEVER_REFUSED and len(examples) > TOLERATED_ROWS and len(examples) > rows * TOLERATED_SHARE
        checks.append(Check(section, f"plausible {name}", False, is_full, _note(examples)))
    return checks


def _unreadable(claims: list[Claim], now: Mapping[str, Count]) -> list[Check]:
    """Refuse a page whose sections are mostly quarantined: its columns or its wording changed, and it is not the page that it was."""
    rows: dict[str, set[int]] = defaultdict(set)
    for claim in claims:
        if claim.subject.startswith("quarantine/") and claim.field == "may_be_release" and claim.value == "1":
            rows[claim.section].add(claim.row)
    checks = []
    for section, odd in rows.items():
        total = now[section].rows
        is_full = len(odd) > TOLERATED_ROWS and len(odd) * 2 > total
        if is_full:
            checks.append(
                Check(
                    section,
                    "readable rows",
                    False,
                    True,
                    f"expected rows that can be read in {section!r}, got {len(odd)} of {total} that cannot",
                )
            )
    return checks


# Fields that a page stops stating as months go by: a plan that was carried out, the number of an article whose address changed.
_MAY_VANISH: Final = frozenset(
    {"planned_type", "article_kb", "slug_kb", "slug_build", "resolved_on", "resolved_by_kb", "page_title_build", "page_title_date"}
)
# Subjects that counting rows does not cover: a whole article is one row, and few rows state prices.
_UNCOUNTED: Final = frozenset({"article", "channel", "change_log", "product", "price"})


def _gone_fields(standing: Iterable[tuple[str, str]], claims: list[Claim]) -> list[Check]:
    """Report fields that a subject had on the page before and lacks now: the heading or mark that they were read by may have changed."""
    now = Counter((c.subject, c.name) for c in claims if c.value is not None or c.field.endswith("_date"))
    before = Counter((subject, name_of_field(name)) for subject, name in standing)
    subjects = {subject for subject, _ in now}
    gone: dict[str, list[str]] = defaultdict(list)
    issues = {subject for subject, _ in before if subject.startswith("issue/")}
    for subject, name in sorted(before - now):
        kind = subject.partition("/")[0]
        if name not in _MAY_VANISH and (kind in _UNCOUNTED or subject in subjects):
            gone["change_log" if kind == "change_log" else name].append(f"{name} of {subject}")
    for subject in {subject for subject, _ in standing if subject.startswith(("release/", "revision/"))} - subjects:
        kind, product, kb, build = subject.split("/")
        if kb.isdigit() and f"{kind}/{product}/-/{build}" in subjects:
            gone["kb"].append(f"the KB of {subject}")
    checks = [Check("", f"field {name}", False, False, f"expected {_note(places)}, as before, got none") for name, places in gone.items()]
    if issues and not issues & subjects and any(subject.startswith("issue/") for subject in subjects):
        checks.append(
            Check("", "issues", False, False, f"expected one of the known issues of before, such as {min(issues)}, got others alone")
        )
    return checks


def _note(examples: list[str]) -> str:
    """Return the first few examples, and how many more there are."""
    more = f"; and {len(examples) - _EXAMPLES} more" if len(examples) > _EXAMPLES else ""
    return "; ".join(examples[:_EXAMPLES]) + more


def refusal(checks: Iterable[Check]) -> str | None:
    """Return why a page is refused, the failed required checks in one line; None if it is accepted."""
    failed = [check.note for check in checks if check.required and not check.ok]
    return "; ".join(failed) if failed else None
