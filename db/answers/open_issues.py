"""What a release leaves a machine exposed to: known issues that touch it, CVEs that stay open on it. Standard library alone.

What is not known is not none: without MSRC's data of a month nothing is said of its CVEs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

Answer = dict[str, Any]


def known_issues(conn: sqlite3.Connection, kb: int | None, product: str) -> list[Answer]:
    """Issues of a KB on a product that its articles list, open ones first.

    Returns:
        title, state, workaround and ``resolved_by_kb`` of each.
    """
    if kb is None:
        return []
    found = conn.execute(
        """select title, state, workaround, resolved_by_kb, article_url from known_issues
        where kb = ? and (product = ? or product is null) and gone_since is null order by state, title""",
        (kb, product),
    )
    return [
        {
            "title": title,
            "state": state,
            "workaround": workaround,
            "resolved_by_kb": None if resolved_by is None else f"KB{resolved_by}",
            "article_url": url,
        }
        for title, state, workaround, resolved_by, url in found.fetchall()
    ]


def open_cves(conn: sqlite3.Connection, release: Mapping[str, Any], line: str, day: str) -> Answer | None:
    """CVEs that stay open on a machine with a release.

    Args:
        conn: a database with the fact tables.
        release: a row of ``releases``.
        line: on which it is.
        day: ISO date; releases up to it count.

    Returns:
        ``gaps``, CVEs that the month's cumulative update fixes and this hotpatch does not, with the companion update that does; ``fixed_by_newer``,
        how many newer releases of the line fix; ``unknown_months``, monthly releases since this one of whose CVEs nothing is known. None where no
        security data were read at all.
    """
    if conn.execute("select 1 from kb_cves limit 1").fetchone() is None:
        return None
    gaps = []
    if release["classification"] == "hotpatch":
        gaps = conn.execute(
            "select cve, severity, companion_kb from cve_gaps where product = ? and hotpatch_kb = ?", (release["product"], release["kb"])
        ).fetchall()
    newer = f"""r.product = :product and r.in_{"hotpatch" if line == "hotpatch" else "standard"}_line = 1 and r.is_expired = 0 and r.release_date <= :day
        and (r.release_date > :own_day or r.release_date = :own_day and r.revision > :revision)"""
    parameters = {
        "product": release["product"], "day": day, "own_day": release["release_date"], "revision": release["revision"], "kb": release["kb"],
    }  # fmt: skip
    (fixed,) = conn.execute(
        f"""select count(distinct c.cve) from releases as r join kb_cves as c on c.kb = r.kb and c.product = r.product
        where {newer} and not exists (select 1 from kb_cves as own where own.kb = :kb and own.product = :product and own.cve = c.cve)""",
        parameters,
    ).fetchone()
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
        "fixed_by_newer": fixed,
        "unknown_months": [month for (month,) in unknown],
    }
