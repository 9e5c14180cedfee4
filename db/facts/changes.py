"""What changed, and when: the rows of ``changes``.

In: a snapshot of claims and how it is resolved. Out: the facts at its end, and each change of a fact since a time. The facts are resolved
as of each time at which a page stated something else than before, and compared with the facts as of the time before.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.claims.history import name_subjects
from hotpatch_kb.db.facts.snapshots import Snapshot, as_seen_at
from hotpatch_kb.db.facts.tables import FactTables, Row

# Columns whose change is a row of ``changes``; the others are ids or follow from these.
_COMPARED: Final = {
    "products": (
        "name",
        "build_number",
        "release_date",
        "mainstream_end_date",
        "extended_end_date",
        "hotpatch_from_date",
        "hotpatch_end_date",
    ),
    "kbs": ("installs_kb",),  # a new KB shows as its releases
    "releases": ("release_date", "cadence", "classification", "is_expired", "baseline_kb", "gone_since"),
    "hotpatch_calendar": ("expected_type", "type"),
    "lifecycles": ("end_date",),
    "reported": ("release_date", "classification"),
    "prices": ("amount", "valid_to"),
    "eligibility": ("is_eligible", "requirement"),
    "known_issues": ("state", "resolved_by_kb", "gone_since"),
    "kb_cves": ("severity",),
    "security_months": ("is_complete",),
}
# The field of a change that is a whole fact, new or gone.
_WHOLE_FACT: Final = {
    "products": "product", "releases": "release", "hotpatch_calendar": "month", "lifecycles": "end_of_support",
    "reported": "reported", "prices": "price", "eligibility": "eligibility",
    "known_issues": "issue", "kb_cves": "fixed",
}  # fmt: skip
# Columns that distinguish rows of one subject: an issue of two products, a CVE that several KBs fix, a price that two sources state.
_DISTINGUISHED_BY: Final = {"known_issues": ("product",), "kb_cves": ("product", "kb"), "prices": ("source_url",)}


class Change(NamedTuple):
    """A row of ``changes`` without its run."""

    changed_at: str
    subject: str
    field: str
    old_value: str | None
    new_value: str | None


# Changes by subject and field, each with the row that changed: rows of one subject may change alike.
_ChangedRows = dict[tuple[str, str], list[tuple[Change, Row]]]


class History(NamedTuple):
    """The facts at the end of a snapshot, and what changed since a time."""

    facts: FactTables
    changes: list[Change]


def history_of(snapshot: Snapshot, since: str, resolve: Callable[[Snapshot], FactTables]) -> History:
    """Resolve a snapshot at each time since ``since`` when a known page changed, and at its end.

    What a page states when it is read for the first time is not a change: a first crawl of 1,000 articles, each at its own second, is
    resolved once.
    """
    times = sorted({t for c in snapshot.claims for t in (c.first_seen_at, c.gone_at) if t})
    first_read = {page: seen[0] for page, seen in snapshot.page_times.items()}
    changed = {c.gone_at for c in snapshot.claims if c.gone_at} | {
        c.first_seen_at for c in snapshot.claims if first_read.get((c.source, c.page_url)) != c.first_seen_at
    }
    facts, facts_at = FactTables(), ""
    changes: list[Change] = []
    for place, time in enumerate(times):
        if time < since or time not in changed:
            continue
        before = times[place - 1] if place else ""
        if before != facts_at:
            facts = resolve(as_seen_at(snapshot, before))
        seen = as_seen_at(snapshot, time)
        after = resolve(seen)
        changes += differences(facts, after, time, _only_first_read(seen, after, time))
        facts, facts_at = after, time
    if times and facts_at != times[-1]:
        facts = resolve(as_seen_at(snapshot, times[-1]))
    return History(facts, changes)


def write_changes(conn: sqlite3.Connection, changes: list[Change], since: str, where: str, parameters: Iterable[str] = ()) -> int:
    """Replace the rows of ``changes`` since ``since`` that match ``where``; return how many are new."""
    key = (since, *parameters)
    former = set(
        conn.execute(f"select changed_at, subject, field, old_value, new_value from changes where changed_at >= ? and {where}", key)
    )
    wanted = {(c.changed_at, c.subject, c.field): c for c in changes}  # an issue of two products changes once
    new = {tuple(c) for c in wanted.values()}
    if former == new:
        return 0
    conn.execute(f"delete from changes where changed_at >= ? and {where}", key)
    # A change may be of a fact that is gone: a release whose build was corrected later.
    name_subjects(conn, {change.subject for change in wanted.values()})
    runs = dict(
        conn.execute(
            """select fetched_at, min(run) from pages
            where source in (select source from sources) and state = 'accepted' and fetched_at >= ? group by fetched_at""",
            (since,),
        ).fetchall()
    )
    conn.executemany(
        "insert into changes (run, changed_at, subject, field, old_value, new_value) values (?, ?, ?, ?, ?, ?)",
        [(runs[change.changed_at], *change) for change in wanted.values()],
    )
    return len(new - former)


# --- two resolutions compared -----------------------------------------------------------------------------------------


def differences(before: FactTables, after: FactTables, time: str, only_first_read: set[str]) -> Iterator[Change]:
    """Yield what changed between two resolutions.

    Args:
        before: the facts as of the time before.
        after: the facts as of ``time``.
        time: the fetch time that made the difference.
        only_first_read: subjects to leave out: only a page read for the first time states them, and it may have said so for years.
    """
    for table, columns in _COMPARED.items():
        old_rows: dict[Any, Row] = getattr(before, table)
        new_rows: dict[Any, Row] = getattr(after, table)
        changed: _ChangedRows = defaultdict(list)
        for key, new in new_rows.items():
            old = old_rows.get(key)
            if new["subject"] in only_first_read:
                continue
            if old is None:
                if table in _WHOLE_FACT:
                    _add(changed, Change(time, new["subject"], _WHOLE_FACT[table], None, _summary(table, new)), new)
                continue
            for column in columns:
                # A first baseline_kb is no change of its own: the baseline's row already reports it.
                if old[column] != new[column] and not (column == "baseline_kb" and old[column] is None):
                    _add(changed, Change(time, new["subject"], column, _text(old[column]), _text(new[column])), new)
        for key in old_rows.keys() - new_rows.keys():
            if table in _WHOLE_FACT:
                old = old_rows[key]
                _add(changed, Change(time, old["subject"], _WHOLE_FACT[table], _summary(table, old), None), old)
        yield from _one_per_subject(table, changed, Counter(row["subject"] for row in {**old_rows, **new_rows}.values()))


def _add(changed: _ChangedRows, change: Change, row: Row) -> None:
    changed[change.subject, change.field].append((change, row))


def _one_per_subject(table: str, changed: _ChangedRows, rows: Mapping[str, int]) -> Iterator[Change]:
    """Yield one change where all rows of a subject changed alike, else one per row, named by what distinguishes the rows.

    Args:
        table: the table of the rows.
        changed: the changes of its rows.
        rows: how many rows each subject has or had.
    """
    columns = _DISTINGUISHED_BY.get(table)
    if columns is None:
        for changes in changed.values():
            yield changes[0][0]
        return
    if table == "prices":
        yield from _repriced(changed)
    for (subject, field), changes in changed.items():
        alike = len({(change.old_value, change.new_value) for change, _ in changes}) == 1
        # Of an issue, all products must have the change; a price has rows of former amounts, which do not change.
        if alike and (table == "prices" or (table == "known_issues" and len(changes) == rows[subject])):
            yield changes[0][0]
            continue
        names: Counter[str] = Counter()
        for change, row in changes:
            name = field if table == "prices" and len(changes) == 1 else "/".join([field, *(str(row[column]) for column in columns)])
            names[name] += 1
            yield change._replace(field=name if names[name] == 1 else f"{name}#{names[name]}")


def _repriced(changed: _ChangedRows) -> Iterator[Change]:
    """Merge the end of one price and the start of another at the same place into one change of ``amount``."""
    for (subject, field), started in list(changed.items()):
        ended = changed.get((subject, "valid_to"), [])
        for change, row in list(started) if field == "price" else []:
            former = next(((c, r) for c, r in ended if r["source_url"] == row["source_url"] and c.old_value is None), None)
            if former is not None and change.new_value is not None:
                started.remove((change, row))
                ended.remove(former)
                yield Change(change.changed_at, subject, "amount", f"{former[1]['amount']:g}", f"{row['amount']:g}")
    for key in [key for key, changes in changed.items() if not changes]:
        del changed[key]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _summary(table: str, row: Row) -> str:
    """Return a fact in one line, as the value of a change."""
    if table == "releases":
        parts = (row["classification"], f"KB{row['kb']}" if row["kb"] else None, row["build"], row["release_date"])
        return " ".join(str(part) for part in parts if part)
    if table == "hotpatch_calendar":
        return row["type"] or f"planned {row['expected_type']}"
    if table == "eligibility":
        return " ".join(str(row[name]) for name in ("kind", "product", "sku", "edition", "requirement") if row[name])
    if table == "prices":
        return (
            f"{row['amount']:.2f} {row['currency']} per {row['unit']} from {row['valid_from'] or 'a day not stated'} ({row['source_url']})"
        )
    if table == "known_issues":
        return f"KB{row['kb']}: {row['title']}"
    if table == "kb_cves":
        return f"KB{row['kb']} on {row['product']}"
    if table == "lifecycles":
        return str(row["end_date"])
    if table == "reported":
        return " ".join(str(part) for part in (row["classification"], f"KB{row['kb']}", row["build"], row["release_date"]) if part)
    return str(row["name"])


def _only_first_read(snapshot: Snapshot, facts: FactTables, time: str) -> set[str]:
    """Return the subjects that changed at ``time`` only because a page was read for the first time."""
    first_pages = {page for page, times in snapshot.page_times.items() if times and times[0] == time}
    by_id = {claim.claim: claim for claim in snapshot.claims}
    ended = {claim.claim for claim in snapshot.claims if claim.gone_at == time}
    is_first: dict[str, set[bool]] = defaultdict(set)
    for subject, number in facts.fact_claims:
        claim = by_id[number]
        if claim.first_seen_at == time or number in ended:
            is_first[subject].add((claim.source, claim.page_url) in first_pages and number not in ended)
    supported = {subject for subject, _ in facts.fact_claims}
    # A product without a claim of its own is new because its releases are.
    return {subject for subject, firsts in is_first.items() if firsts == {True}} | {
        row["subject"] for row in facts.products.values() if row["subject"] not in supported
    }
