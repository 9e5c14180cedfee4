"""What is this build, version or KB? Answered from the fact tables; imports nothing but the standard library.

>>> from hotpatch_kb.db.answers.lookup import find  # doctest: +SKIP
>>> find(conn, "10.0.26100.7392", today="2026-07-20")["matches"][0]["kb"]  # doctest: +SKIP
'KB5072014'
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from hotpatch_kb.db.answers.coverage import is_outdated
from hotpatch_kb.db.answers.exposure.fixes import asked_cve, fixes_of
from hotpatch_kb.db.answers.exposure.open_issues import known_issues, open_cves
from hotpatch_kb.db.answers.exposure.unlisted import left_open_and_unlisted, unlisted_fixes
from hotpatch_kb.db.answers.product_facts import Facts, Release, about, latest, newest_installed
from hotpatch_kb.db.answers.restarts import newer_baseline, rejoining_month, restart_after, restart_row, unseen_baseline
from hotpatch_kb.db.answers.stated_elsewhere import OtherBuild, nearest_builds, other_builds, reported_as, reported_note
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.notation import kb_text
from hotpatch_kb.db.model.queries import Query, read_query
from hotpatch_kb.light_typing import Any, Final

Answer = dict[str, Any]

MANY: Final = 12  # releases; of more, an answer is a list


class Installed:
    """What the user states that may decide between candidates."""

    def __init__(self, product: str | None, line: str | None, kbs: tuple[int, ...], on: str | None) -> None:
        """Take the values of the options."""
        self.product = product
        self.line = line
        self.kbs = kbs
        self.on = on

    def without(self, option: str) -> Installed:
        """Return the same, one option not given."""
        return Installed(
            None if option == "--product" else self.product, None if option == "--line" else self.line,
            () if option == "--kb-installed" else self.kbs, None if option == "--on" else self.on,
        )  # fmt: skip


def find(
    conn: sqlite3.Connection,
    query: str,
    *,
    product: str | None = None,
    line: str | None = None,
    kb_installed: Iterable[int] = (),
    on: str | None = None,
    today: str,
    facts: Facts | None = None,
    matches: dict[Any, Answer] | None = None,
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
        facts: what was read of the database, where the caller has that.
        matches: those of former queries with the same line and day, a cache to use and to fill.

    Returns:
        ``query``, ``status``, ``matches``, ``decided_by``, ``nearest``, ``reason``, ``reported`` (``docs/lookup.md``); of a CVE also ``left_open`` and ``unlisted``; of a
        build, a KB or a few releases ``fixes`` and ``installs_kb`` (of the KB of an article, else None); of a product, version or build number ``products``; and ``asked_cve`` of a
        build or KB with a CVE.

    Raises:
        BadInput: the query cannot be read.
    """
    read = read_query(query)
    facts = facts or Facts(conn)
    named = (int(read.kb),) if read.kb else ()  # "KB5070893 26100.6905" says which of the KBs with that build
    installed = Installed(product, line, tuple(dict.fromkeys((*kb_installed, *named))), on)
    found = _Found(conn, facts, read, product)
    chosen = _candidates(found, installed)
    status = "found" if chosen.rows else "not_found"
    if chosen.is_ambiguous:
        status = "ambiguous"
    decided_by = chosen.decides if status == "ambiguous" else _decided(found, installed, chosen) if status == "found" else []
    day = on or today
    others = reported_as(conn, day, read, product) if status == "not_found" else []
    answer = {
        "query": query,
        "status": status,
        "matches": _matches(found, chosen, line, day, {} if matches is None else matches),
        "decided_by": decided_by,
        "nearest": nearest_builds(conn, read.value, product, on) if status == "not_found" and read.kind == "build" else [],
        "reason": (reported_note(others) if others else _reason(found, installed)) if status == "not_found" else None,
        "reported": others,
    }
    return answer | _asked_for(found, chosen, installed, day)


def _asked_for(found: _Found, chosen: _Chosen, installed: Installed, day: str) -> Answer:
    """Return what depends on the kind of the query: what a few KBs fix, what an article's KB installs, what a product is, whether a CVE is open."""
    conn, query = found.conn, found.query
    if query.kind == "cve":
        still_open, unlisted = left_open_and_unlisted(conn, query.value, found.product, day)
        return {"left_open": still_open, "unlisted": unlisted}
    further: Answer = (
        {"fixes": fixes_of(conn, chosen.rows, found.facts.security)} if query.kind in {"build", "kb"} or len(chosen.rows) <= MANY else {}
    )
    kbs = {row.kb for row in chosen.rows if row.kb is not None}
    is_article = query.kind == "kb" and bool(kbs) and int(query.value) not in kbs
    further["installs_kb"] = kb_text(min(kbs)) if is_article else None
    if query.kind in _OF_MACHINES and not query.month:
        names = dict.fromkeys(row.product for row in chosen.rows)
        further["products"] = [about(found.facts.of(name), day) for name in names]
    if query.cve:
        asked = [(found.facts.of(row.product), row, _line_of(found, row, installed.line, day)) for row in chosen.rows]
        further["asked_cve"] = asked_cve(conn, query.cve, asked, day, installed.kbs)
    return further


# --- candidates ------------------------------------------------------------------------------------------------------


class _Chosen:
    def __init__(
        self, rows: list[Release], companions: dict[int, list[str]], *, is_ambiguous: bool = False, decides: Sequence[str] = ()
    ) -> None:
        self.rows = rows
        self.companions = companions
        self.is_ambiguous = is_ambiguous
        self.decides = list(decides)


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
# Of a source its address, and of a navigation the heading, since it lists other products than its page is about.
_FOUND: Final = """select release, product, release_date, (select group_concat(url || char(9) || heading, char(10)) from (
        select distinct coalesce(c.source_url, p.final_url) as url, case when c.source = 'support_navigation' then c.section else '' end as heading
        from fact_claims as f join claims as c using (claim) join pages as p using (page)
        where f.subject = releases.subject))
    from releases where """
# Queries that list releases, so that --line chooses among them.
_LISTED: Final = frozenset({"number", "month", "product", "family", "version", "cve"})
# Of these, installed KBs say which release a machine has: its number without a revision, or its product.
_OF_MACHINES: Final = frozenset({"number", "product", "family", "version"})
_HOTPATCH_SIDE: Final = ("hotpatch", "component")


class _Found:
    """The releases that a query names, in the order of products and days."""

    def __init__(self, conn: sqlite3.Connection, facts: Facts, query: Query, product: str | None) -> None:
        self.conn = conn
        self.facts = facts
        self.query = query
        self.product = product
        self.sources: dict[int, dict[str, list[str]]] = {}
        self.stated_builds: dict[int, Message] = {}
        value: str | int = int(query.value) if query.kind in {"number", "kb"} else query.value
        parameters = {"value": value, "month": query.month, "server": _server_of(query)}
        self._rows = self._read(f"({_WHERE[query.kind]}){' and month = :month' if query.month else ''}", parameters)
        # Another product's releases may decide a build; those of other queries are not shown.
        self._named = self._releases(row for row in self._rows if query.kind == "build" or product in {None, row[1]})
        self._further: dict[str | None, list[Release]] = {}

    def _read(self, where: str, parameters: Any) -> list[tuple[Any, ...]]:
        """Return id, product, day and sources of the releases that fulfil a condition."""
        return self.conn.execute(f"{_FOUND}{where} order by product, release_date desc, revision desc, kb", parameters).fetchall()

    def _releases(self, rows: Iterable[tuple[Any, ...]]) -> list[Release]:
        """Return the releases of rows, and keep their sources."""
        rows = list(rows)
        self.facts.load({row[1] for row in rows})
        for row in rows:
            of_row = self.sources[row[0]] = {}
            for url, _, heading in sorted(line.partition("\t") for line in (row[3] or "").splitlines()):
                of_row.setdefault(url, []).extend([heading] if heading else [])
        return [self.facts.of(row[1]).by_id[row[0]] for row in rows]

    def days(self) -> list[tuple[str, str | None]]:
        """Return product and day of each release that the query names, of whatever product it asks for."""
        return [(row[1], row[2]) for row in self._rows] or [(release.product, release.release_date) for release in self.of(None)]

    def of(self, product: str | None) -> list[Release]:
        """Return those of a product, of all where none is named."""
        named = [release for release in self._named if product in {None, release.product}]
        if named or self.query.kind not in {"build", "kb"}:
            return named
        if product not in self._further:
            read = self._by_other_build if self.query.kind == "build" else self._by_other_kb
            self._further[product] = read(product)
        return self._further[product]

    def _by_other_kb(self, product: str | None) -> list[Release]:
        """Return releases without a KB whose article has this one, the two baselines of 2021, and those for which a source states it and is not believed."""
        where = """(kb is null and article_url in (select url from articles where kb = :kb)
            or subject in (select subject from conflicts where field = 'kb' and value_lost = cast(:kb as text) and rule not in ('slug', 'correction')))
            and product = coalesce(:product, product)"""
        return self._releases(self._read(where, {"kb": int(self.query.value), "product": product}))

    def _by_other_build(self, product: str | None) -> list[Release]:
        """Return the releases for which a source states a build that is not believed, each with who does."""
        others: dict[tuple[str, str | None, int | None], OtherBuild] = {
            (other.product, other.believed, other.kb): other
            for other in other_builds(self.conn, products=(product,) if product else (), build=self.query.value)
        }
        if not others:
            return []
        pairs = [value for name, believed, _ in others for value in (name, believed)]
        rows = self._releases(self._read(f"(product, build) in (values {', '.join(['(?, ?)'] * len(others))})", pairs))
        stated = [row for row in rows if (row.product, row.build, row.kb) in others]
        self.stated_builds |= {row.release: others[row.product, row.build, row.kb].note for row in stated}
        return stated


def _server_of(query: Query) -> str | None:
    """Return the server that is called by a version alone, None where the query is not a version or none is."""
    if query.kind != "version":
        return None
    from hotpatch_kb.db.model.product_names import SERVERS_BY_VERSION  # noqa: PLC0415 (a build or KB needs none of it)

    return SERVERS_BY_VERSION.get(query.value)


def _candidates(found: _Found, installed: Installed) -> _Chosen:
    kind = found.query.kind
    rows = [row for row in found.of(installed.product) if installed.on is None or (row.day or "") <= installed.on]
    if kind in _LISTED and installed.line:
        rows = [row for row in rows if row.is_of(installed.line)]
    if kind in _OF_MACHINES and installed.kbs:
        rows = newest_installed(rows, installed.kbs) or rows
    if kind != "build":
        companions = {row.release: _companions(found.facts, row, installed.on) for row in rows if row.classification == "hotpatch"}
        return _Chosen(rows, companions)
    if len(rows) <= 1:  # most builds: nothing to decide
        return _Chosen(rows, {})
    kept: list[Release] = []
    companions = {}
    ambiguous_kinds: list[list[Release]] = []
    by_product: dict[str, list[Release]] = {}
    for row in rows:
        by_product.setdefault(row.product, []).append(row)
    # An installed KB that only one of the products has decides the product, too.
    having = {product: releases for product, releases in by_product.items() if any(row.kb in installed.kbs for row in releases)}
    by_product = having or by_product
    for releases in by_product.values():
        chosen = _within_product(releases, installed)
        hotpatches = [row for row in chosen if row.classification == "hotpatch"]
        components = [row for row in releases if row.classification == "component"]
        for row in hotpatches:
            companions[row.release] = [kb_text(c.kb) or "" for c in components if c.kb != row.kb]
        kept += chosen
        if len({row.kb for row in chosen}) > 1:
            ambiguous_kinds.append(chosen)
    decides = _deciders(ambiguous_kinds)
    if not ambiguous_kinds and len({frozenset((row.kb, row.classification) for row in kept if row.product == p) for p in by_product}) > 1:
        return _Chosen(kept, companions, is_ambiguous=True, decides=("--product", "--kb-installed"))
    if ambiguous_kinds and len(by_product) > 1 and len(ambiguous_kinds) < len(by_product):
        decides.insert(0, "--product")
    return _Chosen(kept, companions, is_ambiguous=bool(ambiguous_kinds), decides=decides)


def _within_product(releases: list[Release], installed: Installed) -> list[Release]:
    """Return the candidates for one product: drop the components of a hotpatch, then keep what matches the user's KBs and line."""
    hotpatches = [row for row in releases if row.classification == "hotpatch"]
    updates = [row for row in releases if row.classification not in _HOTPATCH_SIDE]
    components = [] if hotpatches else [row for row in releases if row.classification == "component"]
    candidates = hotpatches + updates + components
    if installed.kbs:
        # A companion is installed together with its hotpatch, so a machine that has it has the hotpatch.
        companions = {row.kb for row in releases if row.classification == "component" and hotpatches}
        having = [
            row for row in candidates if row.kb in installed.kbs or (row.classification == "hotpatch" and companions & set(installed.kbs))
        ]
        candidates = having or candidates
    if installed.line and not components:
        # Never between a component and an LCU: enrolled machines were offered both (26100.6905).
        wanted = [row for row in candidates if row.is_of(installed.line)]
        candidates = wanted or candidates
    return candidates


def _deciders(ambiguous: Sequence[Sequence[Release]]) -> list[str]:
    if not ambiguous:
        return []
    decides = ["--kb-installed"]
    if any(row.classification == "component" for rows in ambiguous for row in rows):
        return decides
    if any(len({(row.in_hotpatch_line, row.in_standard_line) for row in rows}) > 1 for rows in ambiguous):
        decides.append("--line")
    if any(len({row.release_date for row in rows}) > 1 for rows in ambiguous):
        decides.append("--on")
    return decides


def _decided(found: _Found, installed: Installed, chosen: _Chosen) -> list[str]:
    """Return the options that were needed: without one of them the answer would be ambiguous."""
    if found.query.kind != "build" or chosen.is_ambiguous:
        return []
    given = {"--product": installed.product, "--kb-installed": installed.kbs, "--line": installed.line, "--on": installed.on}
    return [option for option, value in given.items() if value and _candidates(found, installed.without(option)).is_ambiguous]


def _companions(facts: Facts, row: Release, on: str | None) -> list[str]:
    """Return the components that have a hotpatch's build, as "KB5070893" each, up to a day."""
    if row.build is None:
        return []
    components = [r for r in facts.of(row.product).releases if r.classification == "component" and r.build == row.build]
    return [f"KB{kb}" for kb in sorted(r.kb for r in components if r.kb is not None and (r.release_date or "") <= (on or "9999"))]


# --- the answer ------------------------------------------------------------------------------------------------------


def _matches(found: _Found, chosen: _Chosen, line: str | None, day: str, kept: dict[Any, Answer]) -> list[Answer]:
    """Return the matches; what is asked of each of them is asked of all together."""
    conn = found.conn
    keys = [(row.release, found.stated_builds.get(row.release), *chosen.companions.get(row.release, ())) for row in chosen.rows]
    new = [(key, row, _line_of(found, row, line, day)) for key, row in zip(keys, chosen.rows, strict=True) if key not in kept]
    issues = known_issues(conn, ((row.kb, row.product) for _, row, _ in new), day)
    cves = open_cves(conn, [(found.facts.of(row.product), row, on_line) for _, row, on_line in new], day, found.facts.security)
    for (key, row, on_line), of_row in zip(new, cves, strict=True):
        issues_of = issues[row.kb, row.product]
        kept[key] = _match(found, row, on_line, day, companions=list(key[2:]), known_issues=issues_of, open_cves=of_row)
    return [kept[key] for key in keys]


def _line_of(found: _Found, row: Release, line: str | None, day: str) -> str:
    """Return the line on which a machine with a release is judged: the stated one where it may be on it.

    A machine of the hotpatch line that took an LCU is on it again with a newer baseline; until then it gets the updates of the standard line.
    """
    if line and (row.is_of(line) or (line == "hotpatch" and (_is_baseline(row) or newer_baseline(found.facts.of(row.product), row, day)))):
        return line
    return "hotpatch" if row.in_hotpatch_line else "standard"


def _is_baseline(row: Release) -> bool:
    return row.classification == "baseline" or (row.classification == "cumulative" and row.is_baseline)


def _match(found: _Found, row: Release, on_line: str, day: str, *, companions: list[str], known_issues: Any, open_cves: Any) -> Answer:
    product = found.facts.of(row.product)
    until = product.data_until.get(on_line)
    baseline = product.by_id.get(row.baseline_release or 0)
    newer = product.newer(row, on_line, day)
    restart = restart_after(product, row, on_line, day)
    return {
        "product": row.product,
        "kb": kb_text(row.kb),
        "build": row.build,
        "release_date": row.release_date,
        "classification": row.classification,
        "cadence": row.cadence,
        "restart_required": None if row.restart_required is None else bool(row.restart_required),
        "in_hotpatch_line": bool(row.in_hotpatch_line),
        "is_unplanned": bool(row.is_unplanned),
        "baseline": None if row.baseline_release is None else {
            "kb": kb_text(row.baseline_kb), "build": row.baseline_build, "release_date": baseline.release_date if baseline else None,
        },
        "derived_from": row.derived_from,
        "stated_build": found.stated_builds.get(row.release),
        "reported": product.reported_after(on_line, day, (row.release_date or "", row.revision or 0)),
        "companions": companions,
        "line": on_line,
        "newer": _counted(newer),
        "latest": latest(product, on_line, day),
        "next_release": _next_release(newer or [], on_line),
        "next_restart": restart_row(restart),
        "next_restart_certainty": restart.certainty if restart else None,
        "unseen_baseline": unseen_baseline(product, day) if on_line == "hotpatch" else None,
        "leaves_line_until": rejoining_month(product, row) if row.classification == "cumulative" and not _is_baseline(row) else None,
        "data_until": until,
        "is_outdated": is_outdated(until, day),
        "known_issues": known_issues,
        "open_cves": open_cves,
        "article_url": row.article_url,
        "sources": list(found.sources[row.release]),
        "source_headings": list(found.sources[row.release].values()),
    }  # fmt: skip


def is_restart_due(match: Answer, verdict: str | None) -> bool:
    """Return whether a machine with a match needs a restart now: a newer baseline of its line was released."""
    return verdict == "restart_due" or bool(match["line"] == "hotpatch" and match["newer"]["baselines"])


def _counted(newer: list[Release] | None) -> Answer:
    if newer is None:
        return {"count": None, "baselines": None}
    return {"count": len(newer), "baselines": sum(r.classification == "baseline" for r in newer)}


def _next_release(newer: list[Release], line: str) -> Answer | None:
    """Return what to install next on a machine with a release: the newest newer baseline, else the newest release; None if nothing is newer."""
    is_first = line == "hotpatch"
    newest = max(
        newer, key=lambda r: (is_first and r.classification == "baseline" and bool(r.in_hotpatch_line), *r.ascending), default=None
    )
    if newest is None:
        return None
    return newest.brief() | {"restart_required": None if newest.restart_required is None else bool(newest.restart_required)}


def _reason(found: _Found, installed: Installed) -> Message:
    """Return why nothing was found: it is another product's, was released later, or no source names it yet."""
    query, product, named = found.query, installed.product, found.days()
    others = sorted({name for name, _ in named if product and name != product})
    later = min((day for _, day in named if day and installed.on and day > installed.on), default=None)
    number = query.value.partition(".")[0]
    if query.kind in {"build", "number"} and not named:
        from hotpatch_kb.db.model.product_names import other_of_build  # noqa: PLC0415 (what is found needs none of it)

        if name := other_of_build(number):
            return Message("not covered: {name}", name=name)
    if query.kind in {"build", "kb"} and others and all(name != product for name, _ in named):
        return Message("it belongs to {products}", products=", ".join(others))
    if later:
        return Message("it was released on {day}", day=later)
    if query.kind == "cve":
        if any(product in {None, row["product"]} for row in unlisted_fixes(found.conn, cve=query.value)):
            return Message("security data names it only for KBs that are no release of their product")
        return Message("no security data that was read names it for a product and a KB")
    if installed.line and query.kind in _LISTED and named:
        return Message("no release of the {line} line matches", line=Message(installed.line))
    ends = [day for name, row in found.facts.products.items() if product in {None, name} for day in row.data_until.values()]
    if not ends:
        return Message("no source names it")
    if min(ends) == max(ends):
        return Message("no source names it; facts end on {day}", day=ends[0])
    return Message("no source names it; facts end between {first} and {last}, by product", first=min(ends), last=max(ends))
