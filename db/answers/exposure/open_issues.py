"""Known issues of a release, and CVEs that stay open on a machine with it. Standard library alone.

Unknown is not the same as none: without MSRC's data of a month, nothing is said about its CVEs.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence

from hotpatch_kb.db.answers.product_facts import FixedByKb, Fixes, Product, Release, is_offered
from hotpatch_kb.db.answers.stated_elsewhere import one_of, reported_day
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.notation import kb_text, months_unread
from hotpatch_kb.light_typing import Any, Final

Answer = dict[str, Any]

_SHOWN: Final = 50  # CVEs that an answer names; it counts all, of old builds thousands


# A release of a month's Tuesday that MSRC's data does not name is not known to fix nothing. Neither is another one, unless the data has its month on the
# product and was read after its day; a preview fixes no CVE of its own.
_OPEN: Final = f"""read_on as materialized (
    select substr(max(fetched_at), 1, 10) as day from pages where source in ('facts_kb_cves', 'msrc_cvrf') and state = 'accepted'
),
newer as materialized (
    select a.number, a.product, r.kb, r.month, r.cadence = 'B' or not (r.classification = 'preview' or (
        exists (select 1 from kb_cves as c where c.product = r.product and c.source_month = r.month)
        and r.release_date < (select day from read_on))) as is_to_be_named
    from asked as a cross join releases as r on r.product = a.product and r.release_date between a.own_day and ?
    where case when a.is_hotpatch_line then r.in_hotpatch_line else r.in_standard_line end and {is_offered("r")}
        and (r.release_date > a.own_day or r.revision > a.revision)
)
select 'newer', number, product, kb, month, is_to_be_named from newer
union all select 'copied_on', null, null, substr(max(fetched_at), 1, 10), null, null from pages where source = 'facts_kb_cves'
union all select 'read', null, null, null, null, null where exists (select 1 from kb_cves)
union all select 'until', l.line = 'hotpatch', l.product, l.data_until, p.extended_end_date, null
    from lines as l join products as p on p.product = l.product where l.product in (select product from asked)"""
# Not grouped here: of an old build it is thousands of rows, and an export asks for every build.
_FIXES: Final = """
union all select 'fix', c.kb, c.product, c.cve, c.severity, c.subject >= 'kb_cves/'
    from (select kb, product from newer union values {}) as w cross join kb_cves as c on c.kb = w.kb and c.product = w.product"""
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
    fixes: Fixes = {}
    for kb, product, cve, severity, is_copied in rows:
        of_kb = fixes.setdefault((kb, product), FixedByKb())
        of_kb.severities[cve] = severity
        of_kb.is_copied = of_kb.is_copied or bool(is_copied)
    return fixes


def open_cves(
    conn: sqlite3.Connection, asked: Sequence[tuple[Product, Release, str]], day: str, known: Fixes | None = None
) -> list[Answer | None]:
    """Return the CVEs that stay open on machines with releases.

    Args:
        conn: a database with the fact tables.
        asked: releases, each with its product and the machine's line, "hotpatch" or "standard".
        day: ISO date; releases up to it count.
        known: what ``all_fixes`` returns; None to ask for the CVEs of these releases and newer ones.

    Returns:
        for each of them ``gaps``, CVEs that cumulative updates fix and the hotpatches of the quarter up to this one do not, with the companion update
        that does; ``fixed_by_newer``, how many CVEs newer releases of the line fix; ``most_severe``, some of them, most severe first; ``unknown_months``,
        months whose CVEs are not known: of newer releases, of those that came after the data, and of a hotpatch whose gaps are not known;
        ``copied_on``, the day of the copy of MSRC's data that some of it is from, else None; ``unknown_reason``, why nothing can be said of newer
        releases (``fixed_by_newer`` is None), else None. None where the database has no security data.
    """
    if not asked:
        return []
    hotpatches = [hotpatches_had(product, r) for product, r, _ in asked]
    found, fixes = _read(conn, asked, hotpatches, day, known)
    if not found["read", None, None]:
        return [None] * len(asked)
    answers: list[Answer | None] = []
    for number, ((product, r, line), before) in enumerate(zip(asked, hotpatches, strict=True)):
        newer = found["newer", number, None]
        own = [of_kb for row in (r, *before[-1:]) if (of_kb := _fixes_of(row, fixes))]
        later = [
            of_kb for kb, product_of_kb in dict.fromkeys((row[3], row[2]) for row in newer) if (of_kb := fixes.get((kb, product_of_kb)))
        ]
        fixed = set().union(*(of_kb.severities for of_kb in later)).difference(*(of_kb.severities for of_kb in own))
        unknown = {
            month
            for *_, until, end, _ in found["until", line == "hotpatch", r.product]
            for month in months_unread(until, min(day, end or day))
        }
        unknown |= {row[4] for row in newer if row[5] and (row[3], row[2]) not in fixes}
        unknown |= {h.month for h in before if h.month and h.cadence == "B" and not h.fixes_cves}
        unknown |= {reported_day(row)[:7] for row in product.reported_after(line, day, r.place) if row["classification"] != "preview"}
        is_copied = any(of_kb.is_copied for of_kb in (*later, *own))
        is_dated = r.day is not None or r.classification == "initial"
        answers.append({
            "gaps": _gaps(r, before, found, fixes),
            "fixed_by_newer": len(fixed) if is_dated else None,
            "most_severe": _most_severe(fixed, later),
            "unknown_months": sorted(unknown),
            "copied_on": found["copied_on", None, None][0][3] if is_copied else None,
            "unknown_reason": None if is_dated else Message("no page states the day of this release"),
        })  # fmt: skip
    return answers


# By what it is, and the number or product that it is of.
_Rows = dict[tuple[Any, ...], list[tuple[Any, ...]]]


def _read(
    conn: sqlite3.Connection,
    asked: Sequence[tuple[Product, Release, str]],
    hotpatches: Sequence[list[Release]],
    day: str,
    known: Fixes | None,
) -> tuple[_Rows, Fixes]:
    """Return what the database has of newer releases and gaps, and the CVEs of the KBs."""
    asks = ", ".join(["(?, ?, ?, ?, ?)"] * len(asked))
    values: list[Any] = []
    for number, (_, r, line) in enumerate(asked):
        values += (number, r.product, line == "hotpatch", "" if r.classification == "initial" else r.day, r.revision)
    statement = f"with asked (number, product, is_hotpatch_line, own_day, revision) as (values {asks}), {_OPEN}"
    values += [day]
    had = [r for (_, row, _), before in zip(asked, hotpatches, strict=True) for r in (row, *before)]
    if known is None:
        statement += _FIXES.format(", ".join(["(?, ?)"] * len(had)))
        values += [value for r in had for value in (r.kb, r.product)]
    if gaps_of := list(dict.fromkeys(h for before in hotpatches for h in before)):
        statement += f"{_GAPS} {one_of('g.product', gaps_of)} and {one_of('g.hotpatch_kb', gaps_of)}"
        values += [day, *(r.product for r in gaps_of), *(r.kb for r in gaps_of)]
    found: _Rows = defaultdict(list)
    named: list[tuple[Any, ...]] = []
    for row in conn.execute(statement, values).fetchall():
        if row[0] == "fix":  # of old builds thousands
            named.append(row[1:])
        else:
            found[row[0], row[1], None if row[0] == "newer" else row[2]].append(row)
    return found, _fixes(named) if known is None else known


def without_support(cves: Answer | None) -> Answer | None:
    """Return the open CVEs of a machine whose support has ended: that newer releases fix none of them says nothing of it."""
    return None if cves is None else cves | {"unknown_reason": Message("support has ended, and what was found since then stays open")}


def hotpatches_had(product: Product, row: Release) -> list[Release]:
    """Return the hotpatches that a machine with a release has: those of its quarter up to it, in the order of the line. None of an LCU."""
    if not row.is_hotpatch_only or row.day is None:
        return []
    listed = [
        r
        for r in product.releases
        if r.classification == "hotpatch" and r.day and r.place <= row.place
        and (r.release == row.release or (row.baseline_release is not None and r.baseline_release == row.baseline_release))
        and (r.release == row.release or not (r.is_withdrawn or r.is_disputed))
    ]  # fmt: skip
    return sorted(listed, key=lambda r: r.place)


def _fixes_of(row: Release, fixes: Fixes) -> FixedByKb | None:
    return None if row.kb is None else fixes.get((row.kb, row.product))


def _gaps(row: Release, hotpatches: Sequence[Release], found: _Rows, fixes: Fixes) -> list[Answer]:
    """Return the CVEs that the hotpatches of a machine left open, and that neither a later one of them nor its own component closed."""
    gaps: dict[str, Answer] = {}
    for number, hotpatch in enumerate(hotpatches):
        after = (*hotpatches[number + 1 :], row)
        for *_, cve, severity, companion in found["gap", hotpatch.kb, hotpatch.product]:
            if not any(of_kb is not None and cve in of_kb.severities for later in after for of_kb in (_fixes_of(later, fixes),)):
                gaps[cve] = {"cve": cve, "severity": severity, "companion_kb": kb_text(companion)}
    return [gaps[cve] for cve in sorted(gaps)]


def _most_severe(fixed: set[str], by_kb: Sequence[FixedByKb]) -> list[str]:
    """Return some CVEs, the most severe first, then the newest; of old builds there are thousands, so that no more are sorted than are named.

    A CVE that KBs state with different severities is named with the one that comes first by name.
    """
    named: dict[str, None] = {}
    severities = sorted({severity for of_kb in by_kb for severity in of_kb.by_severity()}, key=lambda severity: severity or "z")
    for severity in severities:  # Critical, Important, Low, Moderate, none
        if len(named) >= _SHOWN:
            break
        stated = [cve for of_kb in by_kb for cve in of_kb.by_severity().get(severity, ()) if cve in fixed]
        named |= dict.fromkeys(sorted(stated, reverse=True))
    return list(named)[:_SHOWN]


LEFT_OPEN: Final = """select g.product, g.month, g.hotpatch_kb, g.lcu_kb, (
        select r.kb from releases as r where r.kb = g.companion_kb and r.product = g.product and coalesce(r.release_date, '') <= :day)
    from cve_gaps as g where g.cve = :cve and g.product = coalesce(:product, g.product) and exists (
        select 1 from releases as r where r.kb = g.hotpatch_kb and r.product = g.product and r.release_date <= :day)"""


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
    rows = conn.execute(f"{LEFT_OPEN} order by g.product, g.month", {"cve": cve, "product": product, "day": day})
    return [gap_row(*row) for row in rows.fetchall()]


def gap_row(product: str, month: str, hotpatch: int, lcu: int, companion: int | None) -> Answer:
    """Return a row of ``LEFT_OPEN`` as it is answered."""
    return {
        "product": product,
        "month": month,
        "hotpatch_kb": kb_text(hotpatch),
        "lcu_kb": kb_text(lcu),
        "companion_kb": kb_text(companion),
    }
