"""Known issues of a release, and CVEs that stay open on a machine with it. Standard library alone.

Unknown is not the same as none: without MSRC's data of a month, nothing is said about its CVEs.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any, Final

from hotpatch_kb.db.answers.product_facts import Fixes, Release, is_offered
from hotpatch_kb.db.answers.stated_elsewhere import one_of
from hotpatch_kb.db.model.notation import kb_text, month_after, second_tuesday

Answer = dict[str, Any]

_SHOWN: Final = 50  # CVEs that an answer names; it counts all, of old builds thousands


_OPEN: Final = f"""newer as materialized (
    select a.number, a.product, a.kb as own_kb, r.kb, r.month, r.cadence
    from asked as a cross join releases as r on r.product = a.product and r.release_date between a.own_day and ?
    where case when a.is_hotpatch_line then r.in_hotpatch_line else r.in_standard_line end and {is_offered("r")}
        and (r.release_date > a.own_day or r.revision > a.revision)
)
select 'newer', number, product, kb, month, cadence from newer
union all select 'copied_on', null, null, substr(max(fetched_at), 1, 10), null, null from pages where source = 'facts_kb_cves'
union all select 'read', null, null, null, null, null where exists (select 1 from kb_cves)
union all select 'until', l.line = 'hotpatch', l.product, l.data_until, p.extended_end_date, null
    from lines as l join products as p on p.product = l.product where l.product in (select product from asked)"""
# Not grouped here: of an old build it is thousands of rows, and an export asks for every build.
_FIXES: Final = """
union all select 'fix', c.kb, c.product, c.cve, c.severity, c.subject >= 'kb_cves/'
    from (select kb, product from newer union select kb, product from asked) as w cross join kb_cves as c on c.kb = w.kb and c.product = w.product"""
_GAPS: Final = """
union all select 'gap', g.hotpatch_kb, g.product, g.cve, g.severity, (
        select r.kb from releases as r where r.kb = g.companion_kb and r.product = g.product and coalesce(r.release_date, '') <= ?)
    from cve_gaps as g where"""


def known_issues(
    conn: sqlite3.Connection, asked: Iterable[tuple[int | None, str]], day: str
) -> dict[tuple[int | None, str], list[Answer] | None]:
    """Return the issues of KBs on products that their articles list, open ones first; None where no article of a KB was read.

    An issue that was resolved after a day, or by a KB of a later day, is open on that day.

    Args:
        conn: a database with the fact tables.
        asked: numbers of KBs and ids of products; a release without a KB has no issues.
        day: ISO date.

    Returns:
        by KB and product: title, state, workaround, ``resolved_by_kb`` and ``article_url`` of each issue.
    """
    issues: dict[tuple[int | None, str], list[Answer] | None] = dict.fromkeys(asked)
    pairs = [pair for pair in issues if pair[0] is not None]
    if not pairs:
        return issues
    # An article of a KB was read: its own, or that of a baseline which installs it. Then a list without issues says that there are none.
    rows = conn.execute(
        f"""with asked (kb, product) as (values {", ".join(["(?, ?)"] * len(pairs))}),
        issues as (
            select a.kb, a.product, i.title, i.state, i.workaround, i.resolved_by_kb, i.article_url, coalesce(i.resolved_on, '') > ? or coalesce(
                (select min(release_date) from releases as r where r.kb = i.resolved_by_kb), '') > ? as is_later
            from asked as a cross join known_issues as i on i.kb = a.kb
            where (i.product = a.product or i.product is null) and i.gone_since is null
        )
        select kb, product, title, case when is_later then 'open' else state end as state_by_then, workaround,
            case when is_later then null else resolved_by_kb end, article_url from issues
        union all
        select kb, product, null, null, null, null, null from asked as a where exists (
            select 1 from claims where source = 'support_article' and subject in (
                select 'article/' || a.kb union all select 'article/' || k.kb from kbs as k where k.installs_kb = a.kb)
            union all select 1 from known_issues as i where i.kb = a.kb)
        order by kb, product, state_by_then, title""",
        (*(value for pair in pairs for value in pair), day, day),
    )
    for kb, product, title, state, workaround, resolved_by, url in rows.fetchall():
        of_kb = issues[kb, product] = issues[kb, product] or []
        if title is not None:
            of_kb.append(
                {"title": title, "state": state, "workaround": workaround, "resolved_by_kb": kb_text(resolved_by), "article_url": url}
            )
    return issues


def all_fixes(conn: sqlite3.Connection) -> Fixes:
    """Return the CVEs of all KBs, for who asks of many releases."""
    rows = conn.execute("select kb, product, cve, severity, subject >= 'kb_cves/' from kb_cves").fetchall()
    return _fixes(rows)


def _fixes(rows: Iterable[tuple[Any, ...]]) -> Fixes:
    fixes: Fixes = defaultdict(dict)
    for kb, product, cve, severity, is_copied in rows:
        fixes[kb, product][cve] = (severity, bool(is_copied))
    return fixes


def open_cves(conn: sqlite3.Connection, asked: Sequence[tuple[Release, str]], day: str, known: Fixes | None = None) -> list[Answer | None]:
    """Return the CVEs that stay open on machines with releases.

    Args:
        conn: a database with the fact tables.
        asked: releases, each with the machine's line, "hotpatch" or "standard".
        day: ISO date; releases up to it count.
        known: what ``all_fixes`` returns; None to ask for the CVEs of these releases and newer ones.

    Returns:
        for each of them ``gaps``, CVEs that the month's cumulative update fixes and this hotpatch does not, with the companion update that does;
        ``fixed_by_newer``, how many CVEs newer releases of the line fix; ``most_severe``, some of them, most severe first; ``unknown_months``,
        months of newer releases whose CVEs are not known, also of those that came after the data; ``copied_on``, the day of the copy of MSRC's data that some of it is from, else None.
        None where the database has no security data.
    """
    if not asked:
        return []
    asks = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(asked))
    values: list[Any] = []
    for number, (r, line) in enumerate(asked):
        values += (number, r.product, r.kb, line == "hotpatch", "" if r.classification == "initial" else r.release_date, r.revision)
    statement = f"with asked (number, product, kb, is_hotpatch_line, own_day, revision) as (values {asks}), {_OPEN}{_FIXES if known is None else ''}"
    values += [day]
    if hotpatches := [release for release, _ in asked if release.classification == "hotpatch"]:
        statement += f"{_GAPS} {one_of('g.product', hotpatches)} and {one_of('g.hotpatch_kb', hotpatches)}"
        values += [day, *(r.product for r in hotpatches), *(r.kb for r in hotpatches)]
    found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    fixes = _fixes([]) if known is None else known
    for row in conn.execute(statement, values).fetchall():
        if row[0] == "fix":  # of old builds thousands
            fixes[row[1], row[2]][row[3]] = (row[4], bool(row[5]))
        else:
            found[row[0], row[1], None if row[0] == "newer" else row[2]].append(row)
    if not found["read", None, None]:
        return [None] * len(asked)
    answers: list[Answer | None] = []
    for number, (r, line) in enumerate(asked):
        newer = found["newer", number, None]
        own = fixes.get((r.kb, r.product), {}) if r.kb is not None else {}
        fixed = _fixed((fixes.get((row[3], row[2]), {}) for row in newer), own)
        named = sorted(fixed, reverse=True)
        named.sort(key=lambda cve: fixed[cve][0] or "z")  # Critical, Important, Low, Moderate
        gaps = sorted(found["gap", r.kb, r.product], key=lambda row: row[3]) if r.classification == "hotpatch" else []
        unknown = {
            month
            for *_, until, end, _ in found["until", line == "hotpatch", r.product]
            for month in _months_after(until, min(day, end or day))
        }
        is_copied = any(is_copied for _, is_copied in (*fixed.values(), *own.values()))
        answers.append({
            "gaps": [{"cve": cve, "severity": severity, "companion_kb": kb_text(companion)} for *_, cve, severity, companion in gaps],
            "fixed_by_newer": len(fixed),
            "most_severe": named[:_SHOWN],
            "unknown_months": sorted(unknown | {row[4] for row in newer if row[5] == "B" and (row[3], row[2]) not in fixes}),
            "copied_on": found["copied_on", None, None][0][3] if is_copied else None,
        })  # fmt: skip
    return answers


def _months_after(until: str, day: str) -> Iterator[str]:
    """Yield the months whose second Tuesday is after a day of data and not after another day (ISO dates)."""
    month = until[:7]
    while second_tuesday(month) <= day:
        if second_tuesday(month) > until:
            yield month
        month = month_after(month)


def _fixed(newer: Iterable[dict[str, tuple[str | None, bool]]], own: Container[str]) -> dict[str, tuple[str | None, bool]]:
    """Return the CVEs that newer KBs fix and a KB does not, each with its first severity by name, and whether one of them is copied."""
    fixed: dict[str, tuple[str | None, bool]] = {}
    for of_kb in newer:
        for cve, stated in of_kb.items():
            before = fixed.get(cve)
            if before is None:
                if cve not in own:
                    fixed[cve] = stated
            elif before != stated:
                severities = [severity for severity, _ in (before, stated) if severity is not None]
                fixed[cve] = (min(severities, default=None), before[1] or stated[1])
    return fixed


def left_open(conn: sqlite3.Connection, cve: str, product: str | None, day: str) -> list[Answer]:
    """Return the hotpatches that leave a CVE open which the cumulative update of their month fixes.

    Args:
        conn: a database with the fact tables.
        cve: such as CVE-2025-54100.
        product: an id, if only one product is wanted.
        day: ISO date; releases up to it count.

    Returns:
        rows with product, month, ``hotpatch_kb``, ``lcu_kb`` and ``companion_kb``, the component update that fixes it on the hotpatch line.
    """
    rows = conn.execute(
        """select g.product, g.month, g.hotpatch_kb, g.lcu_kb, (
            select r.kb from releases as r where r.kb = g.companion_kb and r.product = g.product and coalesce(r.release_date, '') <= :day)
        from cve_gaps as g where g.cve = :cve and g.product = coalesce(:product, g.product) and exists (
            select 1 from releases as r where r.kb = g.hotpatch_kb and r.product = g.product and r.release_date <= :day)
        order by g.product, g.month""",
        {"cve": cve, "product": product, "day": day},
    )
    return [
        {"product": name, "month": month, "hotpatch_kb": kb_text(hotpatch), "lcu_kb": kb_text(lcu), "companion_kb": kb_text(companion)}
        for name, month, hotpatch, lcu, companion in rows.fetchall()
    ]
