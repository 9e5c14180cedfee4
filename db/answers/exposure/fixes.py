"""What a KB fixes and replaces, and whether one CVE is open on a machine with a release. Standard library alone.

What MSRC's data does not name is not known: it is never called fixed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable

from hotpatch_kb.db.answers.exposure.security_data import FixedByKb, SecurityData, security_data_of
from hotpatch_kb.db.answers.exposure.unlisted import for_product, unlisted_fixes
from hotpatch_kb.db.answers.product_facts import Product, Release
from hotpatch_kb.db.model.notation import kb_text
from hotpatch_kb.light_typing import Any, Final

Answer = dict[str, Any]

_SEVERITIES: Final = ("Critical", "Important", "Moderate", "Low")
_NAMED: Final = 50  # CVEs that an answer names; it counts all


def fixes_of(conn: sqlite3.Connection, releases: Iterable[Release], known: SecurityData | None = None) -> list[Answer]:
    """Return what KBs replace, and which CVEs they fix.

    Args:
        conn: a database with the fact tables.
        releases: of the KBs.
        known: the security data of all KBs; None to read that of these.

    Returns:
        by product and KB: ``product``, ``kb``, ``supersedes`` (KBs, as MSRC states them), ``count`` of CVEs, ``by_severity``, and ``most_severe``, some
        of them, most severe first. ``count`` is None where no security data that was read names the KB on the product.
    """
    found = []
    pairs = list(dict.fromkeys((release.kb, release.product) for release in releases if release.kb is not None))
    if not pairs:
        return []
    known = known or security_data_of(conn, pairs, (), ())
    for kb, product in pairs:
        of_kb = known.fixes.get((kb, product)) or FixedByKb()
        by_severity = of_kb.by_severity()
        known_ones = [severity for severity in _SEVERITIES if severity in by_severity]
        others = sorted(cve for severity, cves in by_severity.items() if severity not in _SEVERITIES for cve in cves)
        named = [cve for cves in (*(by_severity[severity] for severity in known_ones), others) for cve in reversed(cves)]
        found.append({
            "product": product,
            "kb": kb_text(kb),
            "supersedes": [f"KB{former}" for former in sorted(of_kb.supersedes)],
            "count": len(of_kb.severities) or None,
            "by_severity": {severity: len(by_severity[severity]) for severity in known_ones},
            "most_severe": named[:_NAMED],
        })  # fmt: skip
    return found


def _rank(severity: str | None) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)


def asked_cve(
    conn: sqlite3.Connection, cve: str, asked: Iterable[tuple[Product, Release, str]], day: str, kbs: Collection[int] = ()
) -> list[Answer]:
    """Return whether a CVE is open on machines with releases.

    Args:
        conn: a database with the fact tables.
        cve: such as CVE-2025-54100.
        asked: releases, each with its product and the machine's line, "hotpatch" or "standard".
        day: ISO date; newer releases up to it count.
        kbs: numbers of KBs that the machine has.

    Returns:
        for each of them ``product``, ``kb``, ``build``, ``line``, ``cve``, ``severity``, ``is_open`` (None where no security data that was read
        names the CVE on the product, or only for KBs that no page lists), ``fixed_by``: the release that fixed it, or that closes it, None where none
        is known by that day; ``fix_leaves_line``, whether installing that takes a machine off the hotpatch line; ``companion_kb``, the component
        update that closes it beside a hotpatch, whose build it has, so that the build does not show whether it is installed; and ``unlisted_note``,
        what the data names for the product that is no release of it, where ``is_open`` is None for that.
    """
    answers = []
    unlisted = unlisted_fixes(conn, cve=cve)
    for product, row, line in asked:
        rows = conn.execute("select kb, severity from kb_cves where cve = ? and product = ?", (cve, product.id)).fetchall()
        fixing = {kb for kb, _ in rows}
        companion = next((r.kb for r in product.releases if _is_companion(r, row) and r.kb in fixing and (r.day or "9999") <= day), None)
        is_open, by = _state(product, row, line, fixing, day)
        if is_open and companion in kbs:
            is_open, by = False, next(r for r in product.releases if r.kb == companion)
        answers.append({
            "product": product.id,
            "kb": kb_text(row.kb),
            "build": row.build,
            "line": line,
            "cve": cve,
            "severity": min((severity for _, severity in rows), key=_rank, default=None),
            "is_open": is_open,
            "fixed_by": None if by is None else {"kb": kb_text(by.kb), "build": by.build, "release_date": by.release_date},
            "fix_leaves_line": bool(is_open and by and line == "hotpatch" and not (by.in_hotpatch_line or by.is_baseline)),
            "companion_kb": kb_text(companion) if is_open else None,
            "unlisted_note": for_product(unlisted, product.id) if is_open is None else None,
        })  # fmt: skip
    return answers


def _is_companion(component: Release, row: Release) -> bool:
    return component.classification == "component" and row.classification == "hotpatch" and component.build == row.build


def _state(product: Product, row: Release, line: str, fixing: set[int], day: str) -> tuple[bool | None, Release | None]:
    """Return whether a CVE is open, and what fixed it or closes it.

    A hotpatch has its baseline with all before it, and the hotpatches up to it; never what only the LCU of its month fixes. A CVE that a newer
    release of the line fixes again is open, as in the list of open CVEs.
    """
    if row.kb is not None and row.kb in fixing:
        return False, row
    listed = [r for r in product.releases if r.kb in fixing and r.day]
    newer = [r for r in product.of_line(line, day) if r.kb in fixing and r.place > row.place]
    if newer:
        return True, min(newer, key=_place)
    base = product.by_id.get(row.baseline_release or 0) if row.is_hotpatch_only else row
    had = [
        r
        for r in listed
        if not r.is_withdrawn
        and not r.is_disputed
        and (
            (base is not None and r.in_standard_line and r.classification != "component" and r.place <= base.place)
            or (line == "hotpatch" and r.classification in {"baseline", "hotpatch"} and r.place <= row.place)
        )
    ]
    if had:
        return False, min(had, key=_place)
    later = [r for r in listed if r.classification != "component" and (r.day or "") <= day]
    if later:
        return True, min(later, key=_place)
    return (True, None) if listed else (None, None)


def _place(release: Release) -> tuple[str, int]:
    return release.place
