"""What is this build, version or KB? Answered from the fact tables; imports nothing but the standard library.

>>> from hotpatch_kb.db.answers.lookup import find  # doctest: +SKIP
>>> find(conn, "10.0.26100.7392", today="2026-07-20")["matches"][0]["kb"]  # doctest: +SKIP
'KB5072014'
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.answers.coverage import data_until, is_offered, is_outdated
from hotpatch_kb.db.answers.open_issues import known_issues, left_open, open_cves
from hotpatch_kb.db.answers.restarts import Restart, next_restart, restart_of_standard_line, unseen_baseline
from hotpatch_kb.db.answers.stated_elsewhere import nearest_builds, other_builds, reported_after, reported_as, reported_note
from hotpatch_kb.db.model.clock import day_after
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.notation import kb_text
from hotpatch_kb.db.model.queries import Query, read_query

Answer = dict[str, Any]
Row = dict[str, Any]


class Installed(NamedTuple):
    """What the user states that may decide between candidates."""

    product: str | None = None
    line: str | None = None
    kbs: tuple[int, ...] = ()
    on: str | None = None


def find(
    conn: sqlite3.Connection,
    query: str,
    *,
    product: str | None = None,
    line: str | None = None,
    kb_installed: Iterable[int] = (),
    on: str | None = None,
    today: str,
    match: Callable[..., Answer] | None = None,
) -> Answer:
    """Return the answer to one query.

    Args:
        conn: a database with the fact tables.
        query: a build, version, KB, article KB, build number, month, product or CVE; a product, version or build number with a month.
        product: an id, if the product is known.
        line: "hotpatch" or "standard", if the machine's line is known.
        kb_installed: KB numbers that the machine has.
        on: ISO date; only releases up to it count.
        today: ISO date; the day on which "newest" and "next" are judged where ``on`` is not given.
        match: makes the match of a release instead of ``match_of``, with the same arguments: a cache.

    Returns:
        ``query``, ``status``, ``matches``, ``decided_by``, ``nearest``, ``reason`` (``docs/lookup.md``); of a CVE also ``left_open``.

    Raises:
        BadInput: the query cannot be read.
    """
    read = read_query(query)
    named = (int(read.kb),) if read.kb else ()  # "KB5070893 26100.6905" says which of the KBs with that build
    facts = Installed(product, line, tuple(dict.fromkeys((*kb_installed, *named))), on)
    chosen = _candidates(conn, read, facts)
    status = "found" if chosen.rows else "not_found"
    if chosen.is_ambiguous:
        status = "ambiguous"
    decided_by = chosen.decides if status == "ambiguous" else _decided(conn, read, facts, chosen) if status == "found" else []
    day = on or today
    others = reported_as(conn, day, read, product) if status == "not_found" else []
    answer = {
        "query": query,
        "status": status,
        "matches": [(match or match_of)(conn, row, chosen.companions.get(row["release"], []), line, day) for row in chosen.rows],
        "decided_by": decided_by,
        "nearest": nearest_builds(conn, read.value, product, on) if status == "not_found" and read.kind == "build" else [],
        "reason": (reported_note(others) if others else _reason(conn, read, facts)) if status == "not_found" else None,
        "reported": others,
    }
    return answer | {"left_open": left_open(conn, read.value, product, day)} if read.kind == "cve" else answer


# --- candidates ------------------------------------------------------------------------------------------------------


class _Chosen(NamedTuple):
    rows: list[Row]
    companions: dict[int, list[str]]
    is_ambiguous: bool
    decides: list[str]


_WHERE: Final = {
    "build": "build = :value",
    "number": "build_number = :value",
    "kb": "kb = coalesce((select installs_kb from kbs where kb = :value), :value)",
    "month": "month = :value",
    "product": "product = :value",
    "family": "product glob :value || '-*' or product glob :value || '[0-9]*'",
    "version": """product in (select product from products where product glob '*-' || :value or product = :server or build_number in (
        select build_number from products where product glob '*-' || :value))""",
    "cve": "release in (select r.release from kb_cves as c join releases as r on r.kb = c.kb and r.product = c.product where c.cve = :value)",
}
_NAMES: Final = (
    "release", "product", "kb", "build", "build_number", "revision", "release_date", "cadence", "classification", "restart_required",
    "in_hotpatch_line", "in_standard_line", "is_unplanned", "baseline_release", "baseline_kb", "baseline_build", "derived_from", "article_url",
    "subject",
)  # fmt: skip
_COLUMNS: Final = ", ".join(_NAMES)
# Queries that list releases, so that --line chooses among them.
_LISTED: Final = frozenset({"number", "month", "product", "family", "version", "cve"})
_HOTPATCH_SIDE: Final = ("hotpatch", "component")


def _rows(conn: sqlite3.Connection, query: Query, product: str | None) -> list[Row]:
    value: str | int = int(query.value) if query.kind in {"number", "kb"} else query.value
    # Two statements: with a parameter that may be null SQLite would not use the index.
    extra = f"{' and product = :product' if product else ''}{' and month = :month' if query.month else ''}"
    rows = conn.execute(
        f"""select {_COLUMNS} from releases where ({_WHERE[query.kind]}){extra}
        order by product, release_date desc, revision desc, kb""",
        {"value": value, "product": product, "month": query.month, "server": _server_of(query)},
    )
    further = _FURTHER.get(query.kind)
    return _by_column(rows) or (further(conn, query.value, product) if further else [])


def _server_of(query: Query) -> str | None:
    """Return the server that is called by a version alone, None where the query is not a version or none is."""
    if query.kind != "version":
        return None
    from hotpatch_kb.db.model.product_names import SERVERS_BY_VERSION  # noqa: PLC0415 (a build or KB needs none of it)

    return SERVERS_BY_VERSION.get(query.value)


def _by_column(rows: sqlite3.Cursor) -> list[Row]:
    """Return rows by the names of their columns; sqlite3.Row searches its names one by one, which took a tenth of a lookup."""
    return [dict(zip(_NAMES, row, strict=True)) for row in rows.fetchall()]


def _by_article(conn: sqlite3.Connection, kb: str, product: str | None) -> list[Row]:
    """Return releases without a KB whose article has this one: the two baselines of 2021."""
    rows = conn.execute(
        f"""select {_COLUMNS} from releases where kb is null and article_url in (select url from articles where kb = ?)
        and product = coalesce(?, product) order by product, release_date desc""",
        (int(kb), product),
    )
    return _by_column(rows)


def _by_other_build(conn: sqlite3.Connection, build: str, product: str | None) -> list[Row]:
    """Return the releases for which a source states a build that is not believed, each with who does."""
    return [
        row | {"stated_build": other.note}
        for other in other_builds(conn, product=product, build=build)
        for row in _by_column(
            conn.execute(f"select {_COLUMNS} from releases where product = ? and build = ?", (other.product, other.believed))
        )
        if row["kb"] == other.kb
    ]


# Where a query of a kind finds releases that the column does not have.
_FURTHER: Final = {"build": _by_other_build, "kb": _by_article}


def _candidates(conn: sqlite3.Connection, query: Query, facts: Installed) -> _Chosen:
    rows = [row for row in _rows(conn, query, facts.product) if facts.on is None or (_day_of(conn, row) or "") <= facts.on]
    if query.kind in _LISTED and facts.line:
        rows = [row for row in rows if row[f"in_{facts.line}_line"]]
    if query.kind != "build":
        companions = {row["release"]: _companions(conn, row, facts.on) for row in rows if row["classification"] == "hotpatch"}
        return _Chosen(rows, companions, False, [])
    if len(rows) <= 1:  # most builds: nothing to decide
        return _Chosen(rows, {}, False, [])
    kept: list[Row] = []
    companions = {}
    ambiguous_kinds: list[list[Row]] = []
    by_product: dict[str, list[Row]] = {}
    for row in rows:
        by_product.setdefault(row["product"], []).append(row)
    # An installed KB that only one of the products has decides the product, too.
    having = {product: releases for product, releases in by_product.items() if any(row["kb"] in facts.kbs for row in releases)}
    by_product = having or by_product
    for releases in by_product.values():
        chosen = _within_product(releases, facts)
        hotpatches = [row for row in chosen if row["classification"] == "hotpatch"]
        components = [row for row in releases if row["classification"] == "component"]
        for row in hotpatches:
            companions[row["release"]] = [kb_text(c["kb"]) or "" for c in components if c["kb"] != row["kb"]]
        kept += chosen
        if len({row["kb"] for row in chosen}) > 1:
            ambiguous_kinds.append(chosen)
    decides = _deciders(ambiguous_kinds)
    if (
        not ambiguous_kinds
        and len({frozenset((row["kb"], row["classification"]) for row in kept if row["product"] == p) for p in by_product}) > 1
    ):
        return _Chosen(kept, companions, True, ["--product", "--kb-installed"])
    if ambiguous_kinds and len(by_product) > 1 and len(ambiguous_kinds) < len(by_product):
        decides.insert(0, "--product")
    return _Chosen(kept, companions, bool(ambiguous_kinds), decides)


def _day_of(conn: sqlite3.Connection, row: Row) -> str | None:
    """Return the day of a release; an undated component came with the hotpatch of its build (KB5074204 of December 2025)."""
    day: str | None = row["release_date"]
    if day is None and row["build"] is not None:
        query = "select min(release_date) from releases where product = ? and build = ?"
        day = conn.execute(query, (row["product"], row["build"])).fetchone()[0]
    return day


def _within_product(releases: list[Row], facts: Installed) -> list[Row]:
    """Return the candidates for one product: drop the components of a hotpatch, then keep what matches the user's KBs and line."""
    hotpatches = [row for row in releases if row["classification"] == "hotpatch"]
    updates = [row for row in releases if row["classification"] not in _HOTPATCH_SIDE]
    components = [] if hotpatches else [row for row in releases if row["classification"] == "component"]
    candidates = hotpatches + updates + components
    if facts.kbs:
        # A companion is installed together with its hotpatch, so a machine that has it has the hotpatch.
        companions = {row["kb"] for row in releases if row["classification"] == "component" and hotpatches}
        installed = [
            row for row in candidates if row["kb"] in facts.kbs or (row["classification"] == "hotpatch" and companions & set(facts.kbs))
        ]
        candidates = installed or candidates
    if facts.line and not components:
        # Never between a component and an LCU: enrolled machines were offered both (26100.6905).
        wanted = [row for row in candidates if row["in_hotpatch_line" if facts.line == "hotpatch" else "in_standard_line"]]
        candidates = wanted or candidates
    return candidates


def _deciders(ambiguous: Sequence[Sequence[Row]]) -> list[str]:
    if not ambiguous:
        return []
    decides = ["--kb-installed"]
    if any(row["classification"] == "component" for rows in ambiguous for row in rows):
        return decides
    if any(len({(row["in_hotpatch_line"], row["in_standard_line"]) for row in rows}) > 1 for rows in ambiguous):
        decides.append("--line")
    if any(len({row["release_date"] for row in rows}) > 1 for rows in ambiguous):
        decides.append("--on")
    return decides


def _decided(conn: sqlite3.Connection, query: Query, facts: Installed, chosen: _Chosen) -> list[str]:
    """Return the options that were needed: without one of them the answer would be ambiguous."""
    names = {"product": "--product", "kbs": "--kb-installed", "line": "--line", "on": "--on"}
    given = [name for name in names if getattr(facts, name)]
    if query.kind != "build" or not given:
        return []
    options = []
    for name in given:
        without = _candidates(conn, query, facts._replace(**_NOT_GIVEN[name]))
        if without.is_ambiguous and not chosen.is_ambiguous:
            options.append(names[name])
    return options


_NOT_GIVEN: Final[dict[str, dict[str, Any]]] = {
    "product": {"product": None},
    "kbs": {"kbs": ()},
    "line": {"line": None},
    "on": {"on": None},
}


def _companions(conn: sqlite3.Connection, row: Row, on: str | None) -> list[str]:
    rows = conn.execute(
        """select kb from releases where product = ? and build = ? and classification = 'component' and kb is not null
        and coalesce(release_date, '') <= ? order by kb""",
        (row["product"], row["build"], on or "9999"),
    )
    return [f"KB{kb}" for (kb,) in rows.fetchall()]


# --- the answer ------------------------------------------------------------------------------------------------------


def match_of(conn: sqlite3.Connection, row: Row, companions: list[str], line: str | None, day: str) -> Answer:
    """Return what an answer says of a release, a row with the columns of ``_NAMES``, that comes with these companions."""
    in_hotpatch_line = bool(row["in_hotpatch_line"])
    is_baseline = row["classification"] == "baseline" or _is_derived_baseline(conn, row)
    is_of_line = line is not None and (row[f"in_{line}_line"] or (line == "hotpatch" and is_baseline))
    on_line = line if line and is_of_line else ("hotpatch" if in_hotpatch_line else "standard")
    until = data_until(conn, row["product"], on_line)
    restart = _restart_after(conn, row, on_line, day)
    baseline_date = None
    if row["baseline_release"] is not None:
        baseline_date = conn.execute("select release_date from releases where release = ?", (row["baseline_release"],)).fetchone()[0]
    return {
        "product": row["product"],
        "kb": kb_text(row["kb"]),
        "build": row["build"],
        "release_date": row["release_date"],
        "classification": row["classification"],
        "cadence": row["cadence"],
        "restart_required": None if row["restart_required"] is None else bool(row["restart_required"]),
        "in_hotpatch_line": in_hotpatch_line,
        "is_unplanned": bool(row["is_unplanned"]),
        "baseline": None
        if row["baseline_release"] is None
        else {"kb": kb_text(row["baseline_kb"]), "build": row["baseline_build"], "release_date": baseline_date},
        "derived_from": row["derived_from"],
        "stated_build": row.get("stated_build"),
        "reported": reported_after(conn, day, row["product"], on_line, (row["release_date"] or "", row["revision"] or 0)),
        "companions": companions,
        "line": on_line,
        "newer": _newer(conn, row, on_line, day),
        "latest": latest(conn, row["product"], on_line, day),
        "next_release": _next_release(conn, row, on_line, day),
        "next_restart": _restart(restart),
        "unseen_baseline": unseen_baseline(conn, row["product"], day) if on_line == "hotpatch" else None,
        "leaves_line_until": _rejoining(conn, row) if row["classification"] == "cumulative" and not is_baseline else None,
        "data_until": until,
        "is_outdated": is_outdated(until, day),
        "known_issues": known_issues(conn, row["kb"], row["product"], day),
        "open_cves": open_cves(conn, row, on_line, day),
        "article_url": row["article_url"],
        "sources": _sources(conn, row["subject"]),
    }


def _is_derived_baseline(conn: sqlite3.Connection, row: Row) -> bool:
    """Return whether hotpatches build on an LCU that no calendar lists as a baseline: 26100.2033 of October 2024."""
    if row["classification"] != "cumulative":
        return False
    hotpatch = "select 1 from releases where product = ? and baseline_release = ? and classification in ('hotpatch', 'component') limit 1"
    return conn.execute(hotpatch, (row["product"], row["release"])).fetchone() is not None


def _restart_after(conn: sqlite3.Connection, row: Row, line: str, day: str) -> Restart | None:
    """Return the next restart of a machine with a release; on the day of that release it has had the one of that day."""
    if row["release_date"] == day and row["classification"] in {"baseline", "cumulative"}:
        day = day_after(day)
    return next_restart(conn, row["product"], day) if line == "hotpatch" else restart_of_standard_line(conn, row["product"], day)


def _rejoining(conn: sqlite3.Connection, row: Row) -> str | None:
    """Return the month in which a machine that installed this LCU rejoins the hotpatch line; None if the line did not exist yet."""
    begin = conn.execute("select hotpatch_from_date from products where product = ?", (row["product"],)).fetchone()
    if row["release_date"] is None or begin is None or not begin[0] or row["release_date"] < begin[0]:
        return None
    restart = next_restart(conn, row["product"], day_after(row["release_date"]))
    return restart.month if restart else None


def is_restart_due(match: Answer, verdict: str | None) -> bool:
    """Return whether a machine with a match needs a restart now: a newer baseline of its line was released."""
    return verdict == "restart_due" or bool(match["line"] == "hotpatch" and match["newer"]["baselines"])


def latest(conn: sqlite3.Connection, product: str, line: str, day: str) -> Answer | None:
    """Return the newest release of a line up to a day, as the view ``latest_releases`` has it for today."""
    row = conn.execute(
        f"""select kb, build, release_date, classification from releases
        where product = ? and in_{"hotpatch" if line == "hotpatch" else "standard"}_line = 1 and release_date <= ?
        and classification not in ('component', 'preview') and {is_offered()} and not exists (
            select 1 from conflicts as c where c.subject = releases.subject and c.field = 'listed')
        order by classification = 'initial', release_date desc, revision desc, kb desc limit 1""",
        (product, day),
    ).fetchone()
    return {"kb": kb_text(row[0]), "build": row[1], "release_date": row[2], "classification": row[3]} if row else None


def _newer(conn: sqlite3.Connection, row: Row, line: str, day: str) -> Answer:
    """Return how many releases of the line came after this one up to a day, and how many of them are baselines, which need a restart.

    The order is that of the line (date, then revision, the first build before all); components, previews and withdrawn releases do not count.
    """
    own_day = _day_in_line(row)
    count, baselines = conn.execute(
        f"""select count(*), count(case when classification = 'baseline' then 1 end) from releases
        where product = ? and in_{"hotpatch" if line == "hotpatch" else "standard"}_line = 1 and release_date <= ?
        and (release_date > ? or release_date = ? and revision > ?) and classification not in ('component', 'preview', 'initial')
        and {is_offered()}""",
        (row["product"], day, own_day, own_day, row["revision"]),
    ).fetchone()
    return {"count": count, "baselines": baselines}


def _day_in_line(row: Row) -> str | None:
    """Return the day that orders a release in its line. The first build comes first: ws2025's is dated after an LCU of that build number."""
    return "" if row["classification"] == "initial" else row["release_date"]


def _next_release(conn: sqlite3.Connection, row: Row, line: str, day: str) -> Answer | None:
    """Return what to install next on a machine with a release: the newest newer baseline, else the newest release; None if nothing is newer."""
    in_line = "in_hotpatch_line" if line == "hotpatch" else "in_standard_line"
    own_day = _day_in_line(row)
    newest = conn.execute(
        f"""select kb, build, release_date, classification, restart_required from releases
        where product = ? and {in_line} = 1 and release_date <= ? and (release_date > ? or release_date = ? and revision > ?)
        and classification not in ('component', 'preview', 'initial') and {is_offered()}
        order by classification = 'baseline' and in_hotpatch_line and ? desc, release_date desc, revision desc, kb desc limit 1""",
        (row["product"], day, own_day, own_day, row["revision"], line == "hotpatch"),
    ).fetchone()
    if newest is None:
        return None
    kb, build, release_date, classification, restart = newest
    return {
        "kb": kb_text(kb), "build": build, "release_date": release_date, "classification": classification,
        "restart_required": None if restart is None else bool(restart),
    }  # fmt: skip


def _restart(restart: Restart | None) -> Answer | None:
    if restart is None:
        return None
    return {"month": restart.month, "date": restart.date, "is_expected": restart.is_expected, "is_unplanned": restart.is_unplanned}


def _sources(conn: sqlite3.Connection, subject: str) -> list[str]:
    urls = conn.execute(
        """select distinct coalesce(claims.source_url, pages.final_url) from fact_claims
        join claims using (claim) join pages using (page) where fact_claims.subject = ? order by 1""",
        (subject,),
    )
    return [url for (url,) in urls.fetchall()]


def _reason(conn: sqlite3.Connection, query: Query, facts: Installed) -> Message:
    """Return why nothing was found: it is another product's, was released later, or no source names it yet."""
    rows = _rows(conn, query, None)
    others = sorted({row["product"] for row in rows if facts.product and row["product"] != facts.product})
    later = min((row["release_date"] for row in rows if facts.on and (row["release_date"] or "") > facts.on), default=None)
    if query.kind in {"build", "kb"} and others and all(row["product"] != facts.product for row in rows):
        return Message("it belongs to {products}", products=", ".join(others))
    if later:
        return Message("it was released on {day}", day=later)
    if query.kind == "cve":
        return Message("no security data that was read names it for a product and a KB")
    if facts.line and query.kind in _LISTED and rows:
        return Message("no release of the {line} line matches", line=Message(facts.line))
    until = conn.execute(
        "select min(data_until), max(data_until) from lines where product = coalesce(?, product)", (facts.product,)
    ).fetchone()
    if not until[0]:
        return Message("no source names it")
    if until[0] == until[1]:
        return Message("no source names it; facts end on {day}", day=until[0])
    return Message("no source names it; facts end between {first} and {last}, by product", first=until[0], last=until[1])
