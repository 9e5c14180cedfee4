"""Known issues of a release, and CVEs that stay open on a machine with it. Standard library alone.

Unknown is not the same as none: without MSRC's data of a month, nothing is said about its CVEs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from hotpatch_kb.db.answers.coverage import is_offered
from hotpatch_kb.db.model.notation import kb_text

Answer = dict[str, Any]

_SHOWN: Final = 50  # CVEs that an answer names; it counts all, of old builds thousands


def known_issues(conn: sqlite3.Connection, kb: int | None, product: str, day: str) -> list[Answer] | None:
    """Return the issues of a KB on a product that its articles list, open ones first; None where no article of it was read.

    An issue that was resolved after a day, or by a KB of a later day, is open on that day.

    Args:
        conn: a database with the fact tables.
        kb: its number; a release without one has no issues.
        product: its id.
        day: ISO date.

    Returns:
        title, state, workaround, ``resolved_by_kb`` and ``article_url`` of each.
    """
    if kb is None:
        return None
    rows = conn.execute(
        """select title, case when is_later then 'open' else state end as state_by_then, workaround,
            case when is_later then null else resolved_by_kb end, article_url
        from (
            select i.*, coalesce(i.resolved_on, '') > :day or coalesce(
                (select min(release_date) from releases as r where r.kb = i.resolved_by_kb), '') > :day as is_later
            from known_issues as i where i.kb = :kb and (i.product = :product or i.product is null) and i.gone_since is null
        ) order by state_by_then, title""",
        {"kb": kb, "product": product, "day": day},
    )
    issues = [
        {
            "title": title,
            "state": state,
            "workaround": workaround,
            "resolved_by_kb": None if resolved_by is None else f"KB{resolved_by}",
            "article_url": url,
        }
        for title, state, workaround, resolved_by, url in rows.fetchall()
    ]
    return issues if issues or _was_read(conn, kb) else None


def _was_read(conn: sqlite3.Connection, kb: int) -> bool:
    """Return whether an article of a KB was read: its own, or that of a baseline which installs it."""
    row = conn.execute(
        """select 1 from claims where source = 'support_article' and subject in (
            select 'article/' || :kb union all select 'article/' || kb from kbs where installs_kb = :kb)
        union all select 1 from known_issues where kb = :kb limit 1""",
        {"kb": kb},
    ).fetchone()
    return row is not None


def open_cves(conn: sqlite3.Connection, release: Mapping[str, Any], line: str, day: str) -> Answer | None:
    """Return the CVEs that stay open on a machine with a release.

    Args:
        conn: a database with the fact tables.
        release: a row of ``releases``.
        line: the machine's, "hotpatch" or "standard".
        day: ISO date; releases up to it count.

    Returns:
        ``gaps``, CVEs that the month's cumulative update fixes and this hotpatch does not, with the companion update that does;
        ``fixed_by_newer``, how many CVEs newer releases of the line fix; ``most_severe``, some of them, most severe first; ``unknown_months``,
        months of newer releases whose CVEs are not known; ``copied_on``, the day of the copy of MSRC's data that some of it is from, else None.
        None where the database has no security data.
    """
    if conn.execute("select 1 from kb_cves limit 1").fetchone() is None:
        return None
    gaps = []
    if release["classification"] == "hotpatch":
        gaps = conn.execute(
            """select g.cve, g.severity, (
                select r.kb from releases as r where r.kb = g.companion_kb and r.product = g.product and coalesce(r.release_date, '') <= ?)
            from cve_gaps as g where g.product = ? and g.hotpatch_kb = ?""",
            (day, release["product"], release["kb"]),
        ).fetchall()
    newer = f"""r.product = :product and r.in_{"hotpatch" if line == "hotpatch" else "standard"}_line = 1 and {is_offered("r")} and r.release_date <= :day
        and (r.release_date > :own_day or r.release_date = :own_day and r.revision > :revision)"""
    parameters = {
        "product": release["product"], "day": day, "revision": release["revision"], "kb": release["kb"],
        "own_day": "" if release["classification"] == "initial" else release["release_date"],
    }  # fmt: skip
    fixed = conn.execute(
        f"""select c.cve, min(c.severity), max(c.subject >= 'kb_cves/') from releases as r join kb_cves as c on c.kb = r.kb and c.product = r.product
        where {newer} and not exists (select 1 from kb_cves as own where own.kb = :kb and own.product = :product and own.cve = c.cve)
        group by c.cve order by coalesce(min(c.severity), 'z'), c.cve desc""",  # Critical, Important, Low, Moderate
        parameters,
    ).fetchall()
    unknown = conn.execute(
        f"""select distinct r.month from releases as r where {newer} and r.cadence = 'B' and not exists (
            select 1 from kb_cves as c where c.kb = r.kb and c.product = r.product) order by r.month""",
        parameters,
    ).fetchall()
    return {
        "gaps": [
            {"cve": cve, "severity": severity, "companion_kb": None if companion is None else f"KB{companion}"}
            for cve, severity, companion in gaps
        ],
        "fixed_by_newer": len(fixed),
        "most_severe": [cve for cve, _, _ in fixed[:_SHOWN]],
        "unknown_months": [month for (month,) in unknown],
        "copied_on": _copied_on(conn) if any(is_copied for _, _, is_copied in fixed) or _is_copied(conn, release) else None,
    }


def _is_copied(conn: sqlite3.Connection, release: Mapping[str, Any]) -> bool:
    """Return whether the CVEs of a release are from a copy of MSRC's data."""
    row = conn.execute(
        "select 1 from kb_cves where kb = ? and product = ? and subject >= 'kb_cves/' limit 1", (release["kb"], release["product"])
    ).fetchone()
    return row is not None


def _copied_on(conn: sqlite3.Connection) -> str | None:
    day: str | None = conn.execute("select substr(max(fetched_at), 1, 10) from pages where source = 'facts_kb_cves'").fetchone()[0]
    return day


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
