"""The fact tables, brought up to date with the claims.

In: a database whose claims changed. Out: its fact tables hold the facts that follow now; only rows that differ are written, and each change
is a row of ``changes``. ``publish`` is what every crawl and replay ends with.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from hotpatch_kb.db.claims.corrections import read_corrections
from hotpatch_kb.db.claims.history import INSERT_CLAIM, name_subjects
from hotpatch_kb.db.facts.changes import history_of, write_changes
from hotpatch_kb.db.facts.independent import GROUP_KINDS, GroupKind, ProductsOfKbs
from hotpatch_kb.db.facts.precedence import Precedence
from hotpatch_kb.db.facts.releases import resolve
from hotpatch_kb.db.facts.snapshots import (
    RELEASE_CLAIMS,
    RELEASE_KINDS,
    as_known_on,
    claims_where,
    kind_of,
    of_kinds,
    page_times,
    snapshot_of,
)
from hotpatch_kb.db.facts.tables import CONFLICT_KEY, INDEPENDENT_TABLES, RELEASE_TABLES, FactTables, Row, bare_kb, bare_product
from hotpatch_kb.db.model.claims import name_of_field
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.store.schema import schema_sql, view_files


def publish(conn: sqlite3.Connection, since: str) -> int:
    """Resolve the claims, write the facts that differ, and bring ``changes`` up to date.

    Both are functions of the claims: changes are made again from the fetch time of the oldest page that was newly loaded, so the order
    in which pages were read does not matter.

    Args:
        conn: in a transaction, foreign keys deferred.
        since: fetch time of the oldest page that was loaded; "" to make everything again.

    Returns:
        the number of changes that were not there before.
    """
    precedence, times = read_precedence(conn), page_times(conn)
    touched = [
        row[0] for row in conn.execute("select distinct subject from claims where first_seen_at >= ? or gone_at >= ?", (since, since))
    ]
    former_products = _products_of_kbs(conn)
    new = 0
    if not since or any(kind_of(subject) in RELEASE_KINDS for subject in touched):
        snapshot = snapshot_of(claims_where(conn, RELEASE_CLAIMS), times)
        history = history_of(snapshot, since, lambda seen: resolve(seen, precedence))
        _write_release_facts(conn, history.facts)
        new += write_changes(conn, history.changes, since, RELEASE_CLAIMS)
    products = _products_of_kbs(conn)
    moved = {kb for kb in {*products, *former_products} if products.get(kb) != former_products.get(kb)}
    for kind, keys in sorted(_touched_groups(conn, touched, moved, everything=not since).items()):
        for key, is_moved in sorted(keys.items()):
            # The facts of a KB follow from its products at any time: its history is made again from the beginning.
            new += _publish_group(conn, GROUP_KINDS[kind], key, "" if is_moved else since, precedence, products, times)
    complete_references(conn)
    _forget_subjects(conn)
    return new


def write_everything(conn: sqlite3.Connection, *, with_prices_and_cves: bool = True) -> None:
    """Fill the fact tables of a database that holds claims, without ``changes`` (for ``--known``).

    Args:
        conn: the database.
        with_prices_and_cves: the independent groups, too: 54 months of CVEs take 5 s, and calendars and lookups need none of them.
    """
    precedence, times = read_precedence(conn), page_times(conn)
    _write_release_facts(conn, resolve(snapshot_of(claims_where(conn, RELEASE_CLAIMS), times), precedence))
    products = _products_of_kbs(conn)
    subjects = [row[0] for row in conn.execute("select subject from subjects")] if with_prices_and_cves else []
    for place, keys in sorted(_touched_groups(conn, subjects, set(), everything=True).items()):
        kind = GROUP_KINDS[place]
        for key in sorted(keys):
            claims = kind.read(conn, key)
            _write_group(conn, kind, key, kind.subjects_of(claims), kind.facts_of(key, claims, precedence, products))
    complete_references(conn)


def read_precedence(conn: sqlite3.Connection) -> Precedence:
    """Return the order of belief with the sources and corrections of a database."""
    return Precedence(read_source_precedence(conn), read_corrections(conn))


def read_source_precedence(conn: sqlite3.Connection) -> dict[str, int]:
    """Return the precedence of every source of a database."""
    return dict(conn.execute("select source, precedence from sources").fetchall())


def _products_of_kbs(conn: sqlite3.Connection) -> dict[int, tuple[str, ...]]:
    products: dict[int, list[str]] = defaultdict(list)
    for kb, product in conn.execute("select distinct kb, product from releases where kb is not null order by kb, product"):
        products[kb].append(product)
    return {kb: tuple(of_kb) for kb, of_kb in products.items()}


# --- independent groups ---------------------------------------------------------------------------------------------


def _touched_groups(conn: sqlite3.Connection, touched: list[str], moved: set[int], *, everything: bool) -> dict[int, dict[str, bool]]:
    """Return the groups to resolve, by their place in ``GROUP_KINDS`` and key: a claim of theirs changed, or something they follow from.

    Args:
        conn: the database.
        touched: subjects of which a claim changed.
        moved: KBs whose products changed.
        everything: ``touched`` holds every subject.

    Returns:
        for each group, whether the products of one of its KBs changed.
    """
    groups: dict[int, dict[str, bool]] = defaultdict(dict)
    places = {kind: place for place, group_kind in enumerate(GROUP_KINDS) for kind in group_kind.kinds}
    for subject in touched:
        kind = kind_of(subject)
        if kind in places:
            groups[places[kind]][GROUP_KINDS[places[kind]].key_of(subject)] = False
        elif kind == "article" and not subject.endswith("/-"):
            groups[places["issue"]][subject.split("/")[1]] = False
    if everything:
        return groups
    groups[places["issue"]] |= {str(kb): True for kb in moved}
    groups[places["kb_cves"]] |= {str(kb): False for kb in moved} | {
        subject.split("/")[2]: False for subject in touched if kind_of(subject) == "remediation"
    }
    months = [subject.partition("/")[2] for subject in touched if kind_of(subject) == "msrc"]
    copied = conn.execute(
        f"select distinct subject from claims where {of_kinds(['kb_cves'])} and section in ({', '.join('?' * len(months))})", months
    )
    groups[places["kb_cves"]] |= {subject.split("/")[1]: False for (subject,) in copied}
    remedies = {"fixed" + subject.removeprefix("remediation") for subject in touched if kind_of(subject) == "remediation"}
    if moved or remedies:
        cves = groups[places["cve"]]
        for subject, field in conn.execute(
            f"select distinct subject, field from claims where {of_kinds(['cve'])} and field like 'fixed/%'"
        ):
            fixed = name_of_field(field)
            is_moved = int(fixed.rpartition("/")[2]) in moved
            if is_moved or fixed in remedies:
                cve = subject.partition("/")[2]
                cves[cve] = is_moved or cves.get(cve, False)
    return groups


def _publish_group(
    conn: sqlite3.Connection,
    kind: GroupKind,
    key: str,
    since: str,
    precedence: Precedence,
    products: ProductsOfKbs,
    times: Mapping[tuple[str, str], Sequence[str]],
) -> int:
    """Resolve and write one group. Return the number of new changes."""
    claims = kind.read(conn, key)
    subjects = kind.subjects_of(claims)
    if not subjects:
        return 0
    history = history_of(snapshot_of(claims, times), since, lambda seen: kind.facts_of(key, seen.claims, precedence, products))
    _write_group(conn, kind, key, subjects, history.facts)
    return write_changes(conn, history.changes, since, f"subject in ({', '.join('?' * len(subjects))})", sorted(subjects))


# --- rows -----------------------------------------------------------------------------------------------------------


def _write_release_facts(conn: sqlite3.Connection, facts: FactTables) -> None:
    """Make each table of ``RELEASE_TABLES`` hold exactly these facts; equal rows are not touched."""
    subjects = {subject for subject, _ in facts.fact_claims}
    subjects |= {row["subject"] for name in RELEASE_TABLES if name != "articles" for row in getattr(facts, name).values()}
    name_subjects(conn, subjects)
    for name, keys in RELEASE_TABLES.items():
        _write_differences(conn, name, keys, getattr(facts, name))
    _write_support(conn, facts, RELEASE_CLAIMS)


def _write_group(conn: sqlite3.Connection, kind: GroupKind, key: str, subjects: Collection[str], facts: FactTables) -> None:
    """Make the tables of one independent group hold exactly these facts of its key."""
    for table, condition in kind.tables:
        _write_differences(conn, table, INDEPENDENT_TABLES[table], getattr(facts, table), condition, (key,))
    _write_support(conn, facts, f"subject in ({', '.join('?' * len(subjects))})", sorted(subjects))


def _write_support(conn: sqlite3.Connection, facts: FactTables, where: str, parameters: Iterable[str] = ()) -> None:
    """Replace the rows of ``conflicts`` and ``fact_claims`` that match ``where`` by those of ``facts``."""
    _write_differences(conn, "conflicts", CONFLICT_KEY, facts.conflicts, where, parameters)
    present = set(conn.execute(f"select subject, claim from fact_claims where {where}", tuple(parameters)))
    conn.executemany("delete from fact_claims where subject = ? and claim = ?", sorted(present - facts.fact_claims))
    conn.executemany("insert into fact_claims (subject, claim) values (?, ?)", sorted(facts.fact_claims - present))


def _write_differences(
    conn: sqlite3.Connection, table: str, keys: tuple[str, ...], rows: Mapping[Any, Row], where: str = "1", parameters: Iterable[str] = ()
) -> None:
    """Replace the rows that match ``where`` by ``rows``. Leave equal rows alone."""
    columns = [row[1] for row in conn.execute(f"pragma table_info({table})")]
    wanted = {tuple(row[k] for k in keys): tuple(row[c] for c in columns) for row in rows.values()}
    positions = [columns.index(k) for k in keys]
    present = {
        tuple(row[p] for p in positions): tuple(row)
        for row in conn.execute(f"select {', '.join(columns)} from {table} where {where}", tuple(parameters))
    }
    changed = [(key, row) for key, row in wanted.items() if key in present and present[key] != row]
    new = [row for key, row in sorted(wanted.items(), key=lambda item: repr(item[0])) if key not in present]
    delete = f"delete from {table} where {' and '.join(f'{k} = ?' for k in keys)}"
    insert = f"insert into {table} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"
    conn.executemany(delete, sorted(set(present) - set(wanted)))
    # Uniqueness is checked row by row, so rows that trade places are removed first.
    conn.executemany(delete, [key for key, _ in changed])
    conn.executemany(insert, [row for _, row in changed])
    conn.executemany(insert, new)


# --- rows that others refer to --------------------------------------------------------------------------------------

_KB_REFERENCES: Final = (
    ("releases", "kb"), ("releases", "baseline_kb"), ("articles", "kb"), ("articles", "requires_kb"), ("kbs", "installs_kb"),
    ("known_issues", "kb"), ("known_issues", "resolved_by_kb"), ("kb_cves", "kb"), ("kb_channels", "kb"), ("article_changes", "kb"),
)  # fmt: skip
_PRODUCT_REFERENCES: Final = (
    "releases",
    "hotpatch_calendar",
    "articles",
    "lifecycles",
    "reported",
    "prices",
    "eligibility",
    "known_issues",
    "kb_cves",
    "kb_channels",
)


def complete_references(conn: sqlite3.Connection) -> None:
    """Add rows for KBs and products that only a price, a known issue or a CVE names; remove those that nothing names any more."""
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
        and not exists (select 1 from claims where claims.subject = products.subject)
        and not exists (
            select 1 from claims where claims.subject > 'release/' || products.product || '/' and claims.subject < 'release/' || products.product || '0')"""
    )


def _insert(conn: sqlite3.Connection, table: str, row: Row) -> None:
    name_subjects(conn, [row["subject"]])
    conn.execute(f"insert into {table} ({', '.join(row)}) values ({', '.join('?' * len(row))})", tuple(row.values()))


def _forget_subjects(conn: sqlite3.Connection) -> None:
    """Remove the subjects that no row has any more, so that a replay has the same ones."""
    tables = (
        "claims",
        "fact_claims",
        "conflicts",
        "changes",
        *(table for table in (*RELEASE_TABLES, *INDEPENDENT_TABLES) if table != "articles"),
    )
    used = " union ".join(f"select subject from {table}" for table in tables)
    conn.execute(f"delete from subjects where subject not in ({used})")


def write_lines(conn: sqlite3.Connection) -> None:
    """Write the last day on which each line was read. Do it in every run, since an unchanged page moves that day too."""
    conn.execute("delete from lines")
    conn.execute(
        """insert into lines (product, line, data_until)
        select substr(subject, 9, instr(substr(subject, 9), '/') - 1), value, substr(max(last_seen_at), 1, 10)
        from claims where field = 'line' and subject >= 'release/' and subject < 'release0' group by 1, 2"""
    )


# --- as of an earlier day -------------------------------------------------------------------------------------------


class NothingKnown(BadInput):
    """The day is before the first claim. It is an error, because an empty answer would say that there was nothing."""


def database_known_on(conn: sqlite3.Connection, day: str, *, with_prices_and_cves: bool = False) -> sqlite3.Connection:
    """Return a database in memory with the facts that follow from what the sources stated at the end of a day.

    Args:
        conn: the database.
        day: ISO date.
        with_prices_and_cves: prices, known issues and CVEs too, which calendars and lookups do not need.

    Raises:
        NothingKnown: no source had been read by then; the message says since when there are claims.
    """
    claims = claims_where(conn, "1" if with_prices_and_cves else RELEASE_CLAIMS)
    known = as_known_on(snapshot_of(claims, page_times(conn)), day)
    # A page of Learn's that states ends of support since 2024 says of no release that there is none.
    if all(claim.subject.startswith("lifecycle/") for claim in known.claims):
        first = min((claim.known_from for claim in claims if not claim.subject.startswith("lifecycle/")), default=None)
        raise NothingKnown(f"no source read by then: expected a day from {first[:10] if first else 'a first crawl'} on, got {day}")
    memory = sqlite3.connect(":memory:", isolation_level=None)
    memory.executescript(schema_sql())
    for sql_name, sql in view_files().items():
        memory.execute(f"create view {sql_name} as {sql}")
    for table in ("sources", "runs", "pages", "corrections"):
        rows = conn.execute(f"select * from {table}").fetchall()
        if rows:
            memory.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", [tuple(row) for row in rows])
    by_id = {row[0]: row for row in conn.execute("select claim, source_url, page from claims")}
    name_subjects(memory, {claim.subject for claim in known.claims})
    memory.executemany(
        INSERT_CLAIM,
        [
            (
                c.claim, c.source, c.page_url, c.section, c.subject, c.field, c.value, c.value_text, by_id[c.claim][1],
                c.stated_since, c.first_seen_at, c.last_seen_at, c.gone_at, by_id[c.claim][2],
            )
            for c in known.claims
        ],
    )  # fmt: skip
    write_everything(memory, with_prices_and_cves=with_prices_and_cves)
    write_lines(memory)
    return memory
