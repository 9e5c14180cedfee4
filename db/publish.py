"""Writes the fact tables: resolves the claims, writes what differs, and keeps what changed and when."""

from __future__ import annotations

import csv
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

from db.belief import Correction, Facts, Row, Stated
from db.claims import BadInput
from db.ids import stable_id
from db.load import name_subjects
from db.resolve import Resolver

# Fact tables with their primary keys, in the order in which foreign keys allow to write them.
FACT_TABLES: Final = {
    "products": ("product",),
    "kbs": ("kb",),
    "articles": ("url",),
    "releases": ("release",),
    "hotpatch_calendar": ("product", "month"),
    "prices": ("price",),
    "eligibility": ("eligibility",),
    "conflicts": ("subject", "field", "claim_won", "claim_lost"),
}
# Columns whose change is told; the others are ids or follow from these.
_TOLD: Final = {
    "products": (
        "name",
        "build_number",
        "release_date",
        "mainstream_end_date",
        "extended_end_date",
        "hotpatch_from_date",
        "hotpatch_end_date",
    ),
    "kbs": ("installs_kb",),  # that a KB is new, its releases tell
    "releases": ("release_date", "cadence", "classification", "is_expired", "baseline_kb", "gone_since"),
    "hotpatch_calendar": ("expected_type", "type"),
    "prices": ("amount", "valid_to"),
    "eligibility": ("is_eligible", "requirement"),
}
# What the field of a change is called where the whole fact is new or gone.
_NEW: Final = {"products": "product", "releases": "release", "hotpatch_calendar": "month", "prices": "price", "eligibility": "eligibility"}

_CLAIM_COLUMNS: Final = ", ".join(Stated._fields)


class World(NamedTuple):
    """What a resolution reads, as of some time."""

    claims: list[Stated]
    page_times: dict[tuple[str, str], list[str]]


def read_world(conn: sqlite3.Connection) -> World:
    """Every claim and every accepted page's time."""
    claims = [Stated(*row) for row in conn.execute(f"select {_CLAIM_COLUMNS} from claims")]
    times: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source, page_url, fetched_at in conn.execute(
        "select source, page_url, fetched_at from pages where state = 'accepted' order by fetched_at, tie"
    ):
        times[source, page_url].append(fetched_at)
    return World(claims, dict(times))


def as_seen_at(world: World, time: str) -> World:
    """The world as it was after the pages fetched up to a time (UTC)."""
    times = {page: [t for t in seen if t <= time] for page, seen in world.page_times.items()}
    claims = []
    for claim in world.claims:
        if claim.first_seen_at > time:
            continue
        if claim.last_seen_at > time or (claim.gone_at and claim.gone_at > time):
            last = next((t for t in reversed(times[claim.source, claim.page_url]) if t <= claim.last_seen_at), claim.first_seen_at)
            claim = claim._replace(last_seen_at=last, gone_at=None)  # noqa: PLW2901
        claims.append(claim)
    return World(claims, times)


def as_known_on(world: World, day: str) -> World:
    """The world as the sources stood at the end of a day: what a site says it had changed by then counts, read later or not."""
    times = {page: [t for t in seen if t[:10] <= day] for page, seen in world.page_times.items()}
    standing: dict[tuple[str, str, str, str, str], Stated] = {}
    gone = []
    for claim in world.claims:
        if claim.known_from[:10] > day:
            continue
        if claim.gone_at and claim.gone_at[:10] <= day:
            gone.append(claim)
            continue
        last = next((t for t in reversed(times.get((claim.source, claim.page_url), [])) if t <= claim.last_seen_at), claim.known_from)
        claim = claim._replace(last_seen_at=last, gone_at=None)  # noqa: PLW2901
        key = (claim.source, claim.page_url, claim.section, claim.subject, claim.field)
        former = standing.get(key)
        if former is None or (former.known_from, former.first_seen_at) < (claim.known_from, claim.first_seen_at):
            standing[key] = claim
    return World([*gone, *standing.values()], times)


def precedences(conn: sqlite3.Connection) -> dict[str, int]:
    """Precedence of every source in the database."""
    return dict(conn.execute("select source, precedence from sources").fetchall())


def read_corrections(conn: sqlite3.Connection) -> list[Correction]:
    """The decisions that stand in the database."""
    return [Correction(*row) for row in conn.execute(f"select {', '.join(Correction._fields)} from corrections order by correction")]


def resolved(conn: sqlite3.Connection, world: World) -> Facts:
    """The facts that follow from a world."""
    return Resolver(world.claims, precedences(conn), read_corrections(conn), world.page_times).facts


def load_corrections(paths: Iterable[Path] = ()) -> list[Correction]:
    """The corrections of the package and of further files.

    Raises:
        BadInput: a file lacks a column, or a row lacks its reason, link or date.
    """
    found = []
    texts = [("db/corrections.csv", files("db").joinpath("corrections.csv").read_text(encoding="utf-8"))]
    for path in paths:
        try:
            texts.append((str(path), path.read_text(encoding="utf-8-sig")))
        except OSError as error:
            raise BadInput(f"expected a file of corrections, got {error}") from None
    columns = [name for name in Correction._fields if name != "correction"]
    for name, text in texts:
        reader = csv.DictReader(text.splitlines())
        if list(reader.fieldnames or ()) != columns:
            raise BadInput(f"expected the columns {','.join(columns)} in {name}, got {','.join(reader.fieldnames or ())}")
        for row in reader:
            if not all(row[column] for column in ("source", "subject", "field", "why", "url", "decided_on")):
                raise BadInput(f"expected a source, subject, field, reason, url and date in each row of {name}, got {dict(row)}")
            found.append(Correction(stable_id(row["source"], row["subject"], row["field"], row["value"]), **row))
    return found


def write_corrections(conn: sqlite3.Connection, corrections: Sequence[Correction]) -> None:
    """Makes the table hold exactly these corrections."""
    conn.execute("update conflicts set correction = null")
    conn.execute("delete from corrections")
    conn.executemany(
        f"insert or replace into corrections ({', '.join(Correction._fields)}) values ({', '.join('?' * len(Correction._fields))})",
        corrections,
    )


def unmatched(conn: sqlite3.Connection) -> list[Correction]:
    """Corrections of sources that have been read which match no claim any more, nor a section that was ever there."""
    return [
        Correction(*row)
        for row in conn.execute(
            f"""select {", ".join(f"c.{name}" for name in Correction._fields)} from corrections as c
            where c.source in (select source from pages where state = 'accepted')
            and not exists (select 1 from claims where claims.source = c.source and claims.subject = c.subject and claims.field = c.field
                            and coalesce(claims.value, '') = c.value)
            and not exists (select 1 from sections where sections.source = c.source and 'section/' || sections.section = c.subject)"""
        )
    ]


def accepted_gone(corrections: Iterable[Correction], source: str) -> set[str]:
    """Sections of a source that a correction accepts as gone."""
    return {c.subject.removeprefix("section/") for c in corrections if c.source == source and c.subject.startswith("section/")}


def publish(conn: sqlite3.Connection, since: str) -> int:
    """Resolves what is claimed, writes the facts that differ, and brings ``changes`` up to date.

    Both are functions of the claims alone: from the fetch time of the oldest page that was newly loaded, changes are
    made anew, so it does not matter in which order pages were read.

    Args:
        conn: in a transaction, foreign keys deferred.
        since: fetch time of the oldest page that was loaded; "" to make all changes anew.

    Returns:
        the number of changes that were not there before.
    """
    world = read_world(conn)
    times = sorted({t for c in world.claims for t in (c.first_seen_at, c.gone_at) if t})
    runs = dict(conn.execute("select fetched_at, min(run) from pages where state = 'accepted' group by fetched_at").fetchall())
    start = sum(1 for t in times if t < since)
    facts = resolved(conn, as_seen_at(world, times[start - 1])) if start else Facts()
    found: list[Change] = []
    for time in times[start:]:
        seen = as_seen_at(world, time)
        after = resolved(conn, seen)
        found += differences(facts, after, time, _first_read(seen, after, time))
        facts = after
    write_facts(conn, facts)
    former = set(conn.execute("select changed_at, subject, field, old_value, new_value from changes where changed_at >= ?", (since,)))
    conn.execute("delete from changes where changed_at >= ?", (since,))
    # A change may be of a fact that is no more: a release whose build was corrected since.
    name_subjects(conn, {change.subject for change in found})
    conn.executemany(
        "insert into changes (run, changed_at, subject, field, old_value, new_value) values (?, ?, ?, ?, ?, ?)",
        [(runs[change.changed_at], *change) for change in found],
    )
    _forget_subjects(conn)
    return len(set(found) - former)


def _forget_subjects(conn: sqlite3.Connection) -> None:
    """Removes names that nothing bears any more, so that a replay has the same ones."""
    bearers = ("claims", "fact_claims", "conflicts", "changes", *(table for table in FACT_TABLES if table not in {"articles", "conflicts"}))
    used = " union ".join(f"select subject from {table}" for table in bearers)
    conn.execute(f"delete from subjects where subject not in ({used})")


def write_facts(conn: sqlite3.Connection, facts: Facts) -> None:
    """Makes the fact tables hold exactly these facts; rows that are as they were are not touched."""
    name_subjects(conn, facts.subjects)
    tables: dict[str, Mapping[Any, Row]] = {name: getattr(facts, name) for name in FACT_TABLES}
    for name, rows in tables.items():
        _write_differences(conn, name, FACT_TABLES[name], rows)
    present = set(conn.execute("select subject, claim from fact_claims"))
    conn.executemany("delete from fact_claims where subject = ? and claim = ?", sorted(present - facts.fact_claims))
    conn.executemany("insert into fact_claims (subject, claim) values (?, ?)", sorted(facts.fact_claims - present))


def write_lines(conn: sqlite3.Connection) -> None:
    """Notes up to which day the facts of each line reach. In every run: a page seen again unchanged moves it."""
    conn.execute("delete from lines")
    conn.execute(
        """insert into lines (product, line, data_until)
        select substr(subject, 9, instr(substr(subject, 9), '/') - 1), value, substr(max(last_seen_at), 1, 10)
        from claims where field = 'line' and subject >= 'release/' and subject < 'release0' group by 1, 2"""
    )


def _columns(conn: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in conn.execute(f"pragma table_info({table})")]


def _write_differences(conn: sqlite3.Connection, table: str, keys: tuple[str, ...], rows: Mapping[Any, Row]) -> None:
    columns = _columns(conn, table)
    wanted = {tuple(row[k] for k in keys): tuple(row[c] for c in columns) for row in rows.values()}
    positions = [columns.index(k) for k in keys]
    present = {tuple(row[p] for p in positions): tuple(row) for row in conn.execute(f"select {', '.join(columns)} from {table}")}
    key = " and ".join(f"{k} = ?" for k in keys)
    conn.executemany(f"delete from {table} where {key}", sorted(set(present) - set(wanted)))
    rest = [c for c in columns if c not in keys]
    changed = [(k, row) for k, row in wanted.items() if k in present and present[k] != row]
    # Uniqueness is checked row by row, so rows that trade places are removed first.
    conn.executemany(f"delete from {table} where {key}", [k for k, _ in changed])
    insert = f"insert into {table} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"
    assert rest or not changed
    conn.executemany(insert, [row for _, row in changed])
    conn.executemany(insert, [row for k, row in sorted(wanted.items(), key=lambda item: repr(item[0])) if k not in present])


# --- changes ------------------------------------------------------------------------------------------------------------


class Change(NamedTuple):
    """One row of ``changes`` without its run."""

    changed_at: str
    subject: str
    field: str
    old_value: str | None
    new_value: str | None


def differences(before: Facts, after: Facts, time: str, is_first_read: set[str]) -> Iterator[Change]:
    """What changed between two resolutions.

    Args:
        before: the facts up to the time before.
        after: the facts at the time.
        time: the fetch time that made the difference.
        is_first_read: subjects of which only pages read for the first time state something new; what they state was so before.
    """
    for table, told in _TOLD.items():
        old_rows: dict[Any, Row] = getattr(before, table)
        new_rows: dict[Any, Row] = getattr(after, table)
        for key, new in new_rows.items():
            old = old_rows.get(key)
            subject = new["subject"]
            if subject in is_first_read:
                continue
            if old is None:
                if table in _NEW:
                    yield Change(time, subject, _NEW[table], None, _summary(table, new))
                continue
            for column in told:
                # That a baseline is found where none was known follows from that baseline's own row.
                if old[column] != new[column] and not (column == "baseline_kb" and old[column] is None):
                    yield Change(time, subject, column, _text(old[column]), _text(new[column]))
        for key in old_rows.keys() - new_rows.keys():
            if table in _NEW:
                yield Change(time, old_rows[key]["subject"], _NEW[table], _summary(table, old_rows[key]), None)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _summary(table: str, row: Row) -> str:
    if table == "releases":
        return " ".join(
            str(part)
            for part in (row["classification"], f"KB{row['kb']}" if row["kb"] else None, row["build"], row["release_date"])
            if part
        )
    if table == "hotpatch_calendar":
        return row["type"] or f"planned {row['expected_type']}"
    if table == "eligibility":
        return " ".join(str(row[name]) for name in ("kind", "product", "sku", "edition", "requirement") if row[name])
    if table == "prices":
        return (
            f"{row['amount']:.2f} {row['currency']} per {row['unit']} from {row['valid_from'] or 'a day not stated'} ({row['source_url']})"
        )
    return str(row["name"])


def _first_read(world: World, facts: Facts, time: str) -> set[str]:
    """Facts of which nothing is new at a time but what pages read for the first time then state."""
    first_pages = {page for page, times in world.page_times.items() if times and times[0] == time}
    by_id = {claim.claim: claim for claim in world.claims}
    ended = {claim.claim for claim in world.claims if claim.gone_at == time}
    news: dict[str, set[bool]] = defaultdict(set)
    for subject, number in facts.fact_claims:
        claim = by_id[number]
        if claim.first_seen_at == time or number in ended:
            news[subject].add((claim.source, claim.page_url) in first_pages and number not in ended)
    supported = {subject for subject, _ in facts.fact_claims}
    # A product without a claim of its own is there because its releases are.
    return {s for s, firsts in news.items() if firsts == {True}} | {
        row["subject"] for row in facts.products.values() if row["subject"] not in supported
    }
