"""Writes the fact tables: resolves the claims, writes what differs, and keeps what changed and when."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.claims.corrections import read_corrections
from hotpatch_kb.db.claims.history import name_subjects
from hotpatch_kb.db.facts.articles import bare_kb
from hotpatch_kb.db.facts.independent import GROUPS, Group, Resolution
from hotpatch_kb.db.facts.precedence import Belief, Facts, Row
from hotpatch_kb.db.facts.releases import Resolver, bare_product
from hotpatch_kb.db.facts.snapshots import World, as_seen_at, claims_of, page_times, world_of

# Subjects whose facts hang together and are resolved as a whole; those of the others are resolved group by group (db.groups).
MAIN_KINDS: Final = frozenset({"release", "calendar", "product", "kb", "article", "mention", "remediation", "revision"})
# Fact tables with their primary keys, in the order in which foreign keys allow to write them.
MAIN_TABLES: Final = {
    "products": ("product",),
    "kbs": ("kb",),
    "articles": ("url",),
    "releases": ("release",),
    "hotpatch_calendar": ("product", "month"),
}
GROUP_TABLES: Final = {
    "prices": ("price",),
    "eligibility": ("eligibility",),
    "known_issues": ("known_issue",),
    "kb_cves": ("kb", "product", "cve"),
    "security_months": ("month",),
    "kb_channels": ("kb_channel",),
    "article_changes": ("article_change",),
}
_CONFLICT_KEY: Final = ("subject", "field", "claim_won", "claim_lost")
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
    "known_issues": ("state", "resolved_by_kb", "gone_since"),
    "kb_cves": ("severity",),
    "security_months": ("is_complete",),
}
# What the field of a change is called where the whole fact is new or gone.
_NEW: Final = {
    "products": "product", "releases": "release", "hotpatch_calendar": "month", "prices": "price", "eligibility": "eligibility",
    "known_issues": "issue", "kb_cves": "fixed",
}  # fmt: skip


def precedences(conn: sqlite3.Connection) -> dict[str, int]:
    """Precedence of every source in the database."""
    return dict(conn.execute("select source, precedence from sources").fetchall())


def publish(conn: sqlite3.Connection, since: str) -> int:
    """Resolves what is claimed, writes the facts that differ, and brings ``changes`` up to date.

    Both are functions of the claims alone: from the fetch time of the oldest page that was newly loaded, changes are
    made anew, so it does not matter in which order pages were read.

    Args:
        conn: in a transaction, foreign keys deferred.
        since: fetch time of the oldest page that was loaded; "" to make everything anew.

    Returns:
        the number of changes that were not there before.
    """
    belief = Belief(precedences(conn), read_corrections(conn))
    times = page_times(conn)
    touched = [
        row[0] for row in conn.execute("select distinct subject from claims where first_seen_at >= ? or gone_at >= ?", (since, since))
    ]
    former_products = products_of_kbs(conn)
    new = 0
    if not since or any(_kind(subject) in MAIN_KINDS for subject in touched):
        world = world_of(claims_of(conn, MAIN_CLAIMS), times)
        history = History.of(world, since, lambda seen: Resolver(seen.claims, belief, seen.page_times).facts)
        write_main(conn, history.facts)
        new += _write_changes(conn, history.changes, since, _of_kinds(MAIN_KINDS))
    products = products_of_kbs(conn)
    moved = {kb for kb in {*products, *former_products} if products.get(kb) != former_products.get(kb)}
    for group, keys in _touched_groups(conn, touched, moved, everything=not since).items():
        for key, is_moved in sorted(keys.items()):
            # What followed at any time follows from the products of a KB too: their history is made anew.
            new += _publish_group(conn, GROUPS[group], key, "" if is_moved else since, belief, products, times)
    complete_references(conn)
    _forget_subjects(conn)
    return new


def _kind(subject: str) -> str:
    return subject.partition("/")[0]


def _of_kinds(kinds: Iterable[str]) -> str:
    """The condition that a subject is of some kinds; ranges, so that the index is used. "0" is the character behind "/"."""
    return "(" + " or ".join(f"(subject >= '{kind}/' and subject < '{kind}0')" for kind in sorted(kinds)) + ")"


# The condition on the claims of releases and calendars.
MAIN_CLAIMS: Final = _of_kinds(MAIN_KINDS)


def products_of_kbs(conn: sqlite3.Connection) -> dict[int, tuple[str, ...]]:
    """The servicing lines of each released KB."""
    found: dict[int, list[str]] = defaultdict(list)
    for kb, product in conn.execute("select distinct kb, product from releases where kb is not null order by kb, product"):
        found[kb].append(product)
    return {kb: tuple(products) for kb, products in found.items()}


def _touched_groups(conn: sqlite3.Connection, touched: list[str], moved: set[int], *, everything: bool) -> dict[int, dict[str, bool]]:
    """Groups to resolve, by their place in ``GROUPS`` and key: a claim of theirs changed, or something that they follow from.

    Returns:
        for each, whether the products of one of its KBs changed.
    """
    keys: dict[int, dict[str, bool]] = defaultdict(dict)
    by_kind = {kind: place for place, group in enumerate(GROUPS) for kind in group.kinds}
    for subject in touched:
        kind = _kind(subject)
        if kind in by_kind:
            keys[by_kind[kind]][GROUPS[by_kind[kind]].key(subject)] = False
        elif kind == "article" and not subject.endswith("/-"):
            keys[by_kind["issue"]][subject.split("/")[1]] = False
    if everything:
        return keys
    keys[by_kind["issue"]] |= {str(kb): True for kb in moved}
    remedies = {"fixed" + subject.removeprefix("remediation") for subject in touched if _kind(subject) == "remediation"}
    if moved or remedies:
        for subject, field in conn.execute(
            f"select distinct subject, field from claims where {_of_kinds(['cve'])} and field like 'fixed/%'"
        ):
            is_moved = int(field.partition("#")[0].rpartition("/")[2]) in moved
            if is_moved or field.partition("#")[0] in remedies:
                cve = subject.partition("/")[2]
                keys[by_kind["cve"]][cve] = is_moved or keys[by_kind["cve"]].get(cve, False)
    return keys


def _publish_group(
    conn: sqlite3.Connection,
    group: Group,
    key: str,
    since: str,
    belief: Belief,
    products: Mapping[int, tuple[str, ...]],
    times: Mapping[tuple[str, str], list[str]],
) -> int:
    """Resolves and writes one group. Returns the number of new changes."""
    claims = group.read(conn, key)
    owned = {c.subject for c in claims if _kind(c.subject) in group.kinds}
    if not owned:
        return 0

    def resolve(seen: World) -> Facts:
        resolution = Resolution(belief, products)
        group.resolve(resolution, key, seen.claims)
        return resolution.facts

    history = History.of(world_of(claims, times), since, resolve)
    write_group(conn, group, key, owned, history.facts)
    return _write_changes(conn, history.changes, since, f"subject in ({', '.join('?' * len(owned))})", sorted(owned))


def write_everything(conn: sqlite3.Connection, *, with_groups: bool = True) -> None:
    """Fills the fact tables of a database that holds claims, without their history (the world of ``--known``).

    Args:
        conn: the database.
        with_groups: prices, issues and CVEs too: 54 months of CVEs take 5 s, and calendars and lookups need none of them.
    """
    belief, times = Belief(precedences(conn), read_corrections(conn)), page_times(conn)
    world = world_of(claims_of(conn, MAIN_CLAIMS), times)
    write_main(conn, Resolver(world.claims, belief, world.page_times).facts)
    products = products_of_kbs(conn)
    subjects = [row[0] for row in conn.execute("select subject from subjects")] if with_groups else []
    for place, keys in _touched_groups(conn, subjects, set(), everything=True).items():
        group = GROUPS[place]
        for key in sorted(keys):
            claims = group.read(conn, key)
            resolution = Resolution(belief, products)
            group.resolve(resolution, key, claims)
            write_group(conn, group, key, {c.subject for c in claims if _kind(c.subject) in group.kinds}, resolution.facts)
    complete_references(conn)


def _forget_subjects(conn: sqlite3.Connection) -> None:
    """Removes names that nothing bears any more, so that a replay has the same ones."""
    bearers = ("claims", "fact_claims", "conflicts", "changes", *(table for table in (*MAIN_TABLES, *GROUP_TABLES) if table != "articles"))
    used = " union ".join(f"select subject from {table}" for table in bearers)
    conn.execute(f"delete from subjects where subject not in ({used})")


def write_main(conn: sqlite3.Connection, facts: Facts) -> None:
    """Makes the tables of releases, calendars, products, KBs and articles hold exactly these facts; equal rows are not touched."""
    facts.subjects = {subject for subject, _ in facts.fact_claims}
    facts.subjects |= {row["subject"] for name in MAIN_TABLES if name != "articles" for row in getattr(facts, name).values()}
    name_subjects(conn, facts.subjects)
    for name, keys in MAIN_TABLES.items():
        _write_differences(conn, name, keys, getattr(facts, name))
    _write_differences(conn, "conflicts", _CONFLICT_KEY, facts.conflicts, _of_kinds(MAIN_KINDS))
    _write_supports(conn, facts, _of_kinds(MAIN_KINDS))


def write_group(conn: sqlite3.Connection, group: Group, key: str, owned: Collection[str], facts: Facts) -> None:
    """Makes the tables of one group hold exactly these facts of its key."""
    for table, column in group.tables:
        _write_differences(conn, table, GROUP_TABLES[table], getattr(facts, table), f"{column} = ?", (key,))
    where, parameters = f"subject in ({', '.join('?' * len(owned))})", sorted(owned)
    _write_differences(conn, "conflicts", _CONFLICT_KEY, facts.conflicts, where, parameters)
    _write_supports(conn, facts, where, parameters)


def _write_supports(conn: sqlite3.Connection, facts: Facts, where: str, parameters: Iterable[str] = ()) -> None:
    present = set(conn.execute(f"select subject, claim from fact_claims where {where}", tuple(parameters)))
    conn.executemany("delete from fact_claims where subject = ? and claim = ?", sorted(present - facts.fact_claims))
    conn.executemany("insert into fact_claims (subject, claim) values (?, ?)", sorted(facts.fact_claims - present))


# Where a KB is referred to.
_KB_REFERENCES: Final = (
    ("releases", "kb"), ("releases", "baseline_kb"), ("articles", "kb"), ("articles", "requires_kb"), ("kbs", "installs_kb"),
    ("known_issues", "kb"), ("known_issues", "resolved_by_kb"), ("kb_cves", "kb"), ("kb_channels", "kb"), ("article_changes", "kb"),
)  # fmt: skip
_PRODUCT_REFERENCES: Final = (
    "releases",
    "hotpatch_calendar",
    "articles",
    "prices",
    "eligibility",
    "known_issues",
    "kb_cves",
    "kb_channels",
)


def complete_references(conn: sqlite3.Connection) -> None:
    """Rows for KBs and products that only a price, a known issue or a CVE names; those that nothing names any more go."""
    kbs = "with named (kb) as (" + " union ".join(f"select {column} from {table}" for table, column in _KB_REFERENCES) + ")"
    products = "with named (product) as (" + " union ".join(f"select product from {table}" for table in _PRODUCT_REFERENCES) + ")"
    missing = conn.execute(f"{kbs} select kb from named where kb is not null and kb not in (select kb from kbs) order by 1").fetchall()
    for (kb,) in missing:
        _insert(conn, "kbs", bare_kb(kb))
    missing = conn.execute(
        f"{products} select product from named where product is not null and product not in (select product from products) order by 1"
    ).fetchall()
    for (product,) in missing:
        _insert(conn, "products", bare_product(product))
    conn.execute(
        f"""{kbs} delete from kbs where title is null and article_url is null and release_date is null and installs_kb is null
        and kb not in (select kb from named where kb is not null)
        and not exists (select 1 from claims where claims.subject = kbs.subject)"""
    )
    conn.execute(
        f"""{products} delete from products where product not in (select product from named where product is not null)
        and not exists (select 1 from claims where claims.subject = products.subject)"""
    )


def _insert(conn: sqlite3.Connection, table: str, row: Row) -> None:
    name_subjects(conn, [row["subject"]])
    conn.execute(f"insert into {table} ({', '.join(row)}) values ({', '.join('?' * len(row))})", tuple(row.values()))


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


def _write_differences(
    conn: sqlite3.Connection, table: str, keys: tuple[str, ...], rows: Mapping[Any, Row], where: str = "1", parameters: Iterable[str] = ()
) -> None:
    """Makes the rows of a table for which a condition holds exactly these."""
    columns = _columns(conn, table)
    wanted = {tuple(row[k] for k in keys): tuple(row[c] for c in columns) for row in rows.values()}
    positions = [columns.index(k) for k in keys]
    present = {
        tuple(row[p] for p in positions): tuple(row)
        for row in conn.execute(f"select {', '.join(columns)} from {table} where {where}", tuple(parameters))
    }
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


class History(NamedTuple):
    """What followed from a world over time: the facts at its end, and what changed since a time."""

    facts: Facts
    changes: list[Change]

    @classmethod
    def of(cls, world: World, since: str, resolve: Callable[[World], Facts]) -> History:
        """Resolves at each time at which a page that was read before changed, from ``since`` on, and at the end.

        Pages read for the first time tell what is, not what changed: a first crawl of 1,000 articles, each at its own second,
        is resolved once.
        """
        times = sorted({t for c in world.claims for t in (c.first_seen_at, c.gone_at) if t})
        first = {page: seen[0] for page, seen in world.page_times.items()}
        told = {c.gone_at for c in world.claims if c.gone_at} | {
            c.first_seen_at for c in world.claims if first.get((c.source, c.page_url)) != c.first_seen_at
        }
        facts, at = Facts(), ""
        changes: list[Change] = []
        for place, time in enumerate(times):
            if time < since or time not in told:
                continue
            before = times[place - 1] if place else ""
            if before != at:
                facts = resolve(as_seen_at(world, before))
            seen = as_seen_at(world, time)
            after = resolve(seen)
            changes += differences(facts, after, time, _first_read(seen, after, time))
            facts, at = after, time
        if times and at != times[-1]:
            facts = resolve(as_seen_at(world, times[-1]))
        return cls(facts, changes)


def _write_changes(conn: sqlite3.Connection, changes: list[Change], since: str, where: str, parameters: Iterable[str] = ()) -> int:
    """Makes ``changes`` since a time, of the subjects for which a condition holds, exactly these. Returns how many are new."""
    key = (since, *parameters)
    former = set(
        conn.execute(f"select changed_at, subject, field, old_value, new_value from changes where changed_at >= ? and {where}", key)
    )
    wanted = {(c.changed_at, c.subject, c.field): c for c in changes}  # an issue of two products changes once
    if former == {tuple(c) for c in wanted.values()}:
        return 0
    conn.execute(f"delete from changes where changed_at >= ? and {where}", key)
    # A change may be of a fact that is no more: a release whose build was corrected since.
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
    return len({tuple(c) for c in wanted.values()} - former)


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
        found: dict[tuple[str, str], list[tuple[Change, Row]]] = defaultdict(list)
        for key, new in new_rows.items():
            old = old_rows.get(key)
            if new["subject"] in is_first_read:
                continue
            if old is None:
                if table in _NEW:
                    _add(found, Change(time, new["subject"], _NEW[table], None, _summary(table, new)), new)
                continue
            for column in told:
                # That a baseline is found where none was known follows from that baseline's own row.
                if old[column] != new[column] and not (column == "baseline_kb" and old[column] is None):
                    _add(found, Change(time, new["subject"], column, _text(old[column]), _text(new[column])), new)
        for key in old_rows.keys() - new_rows.keys():
            if table in _NEW:
                old = old_rows[key]
                _add(found, Change(time, old["subject"], _NEW[table], _summary(table, old), None), old)
        yield from _told_once(table, found, old_rows, new_rows)


# What tells rows of one subject apart: an issue of two products, a CVE that several KBs fix, a price that two sources state.
_TOLD_APART: Final = {"known_issues": ("product",), "kb_cves": ("product", "kb"), "prices": ("source_url",)}


def _add(found: dict[tuple[str, str], list[tuple[Change, Row]]], change: Change, row: Row) -> None:
    found[change.subject, change.field].append((change, row))


def _told_once(
    table: str, found: dict[tuple[str, str], list[tuple[Change, Row]]], old_rows: Mapping[Any, Row], new_rows: Mapping[Any, Row]
) -> Iterator[Change]:
    """One change where all rows of a subject changed alike, else one each, named by what tells them apart."""
    apart = _TOLD_APART.get(table)
    if apart is None:
        for changes in found.values():
            yield changes[0][0]
        return
    if table == "prices":
        yield from _repriced(found)
    rows = Counter(row["subject"] for row in {**old_rows, **new_rows}.values())
    for (subject, field), changes in found.items():
        alike = len({(change.old_value, change.new_value) for change, _ in changes}) == 1
        # Of an issue, all products must have it; the other rows of a price are those that it had before.
        if alike and (table == "prices" or (table == "known_issues" and len(changes) == rows[subject])):
            yield changes[0][0]
            continue
        names: Counter[str] = Counter()
        for change, row in changes:
            name = field if table == "prices" and len(changes) == 1 else "/".join([field, *(str(row[column]) for column in apart)])
            names[name] += 1
            yield change._replace(field=name if names[name] == 1 else f"{name}#{names[name]}")


def _repriced(found: dict[tuple[str, str], list[tuple[Change, Row]]]) -> Iterator[Change]:
    """Where a place states another amount than before, that is one change, not the end of one price and the begin of another."""
    for (subject, field), begun in list(found.items()):
        ended = found.get((subject, "valid_to"), [])
        for change, row in list(begun) if field == "price" else []:
            former = next(((c, r) for c, r in ended if r["source_url"] == row["source_url"] and c.old_value is None), None)
            if former is not None and change.new_value is not None:
                begun.remove((change, row))
                ended.remove(former)
                yield Change(change.changed_at, subject, "amount", f"{former[1]['amount']:g}", f"{row['amount']:g}")
    for key in [key for key, changes in found.items() if not changes]:
        del found[key]


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
    if table == "known_issues":
        return f"KB{row['kb']}: {row['title']}"
    if table == "kb_cves":
        return f"KB{row['kb']} on {row['product']}"
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
