"""KBs that Microsoft's security data names for a product of which no list has them: neither a fix nor known to be open. Standard library alone.

The data of June 2026 names KB5094126, an update of Windows 11, for Windows Server 2025. Other KBs are updates of a part of Windows that no list of
releases has, such as WinRE, or came after the lists were read.
"""

from __future__ import annotations

import sqlite3

from hotpatch_kb.db.answers.exposure.open_issues import LEFT_OPEN, gap_row
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.notation import kb_text, second_tuesday
from hotpatch_kb.db.model.products import named
from hotpatch_kb.light_typing import Any, Final

Answer = dict[str, Any]

# How each kind is said. A KB whose own product was not read since its day may be listed by now; one that another product has is of that product.
_NOTES: Final = {
    "other_product": "Microsoft's security data names {kb} for {product}, but {kb} is no update of {product}: not known",
    "unread": "Microsoft's security data names {kb} for {product}, whose releases were last read before it came: not known",
    "unlisted": "Microsoft's security data names {kb} for {product}, and no list of its releases has {kb}: not known",
}
_UNLISTED: Final = """select c.product, c.kb, c.cve, c.severity, c.fixed_build, c.source_month,
        (select min(coalesce(r.release_date, '')) from releases as r where r.kb = c.kb) as released,
        (select min(l.data_until) from lines as l where l.product = c.product) as until
    from kb_cves as c where {} and not exists (select 1 from releases as r where r.kb = c.kb and r.product = c.product)"""


def unlisted_fixes(conn: sqlite3.Connection, *, cve: str | None = None, kb: int | None = None) -> list[Answer]:
    """Return what the security data names for products that have no release of that KB.

    Args:
        conn: a database with the fact tables.
        cve: of this CVE alone.
        kb: of this KB alone.

    Returns:
        rows with ``product``, ``kb``, ``cve``, ``severity``, ``build`` as the data states it, ``source_month``, ``kind``, and ``note``, that in words.
        ``kind`` is "other_product" where the lists have the KB for other products only, "unread" where the KB is newer than the lists of the
        product, and "unlisted" where no list has it.
    """
    where = " and ".join(["1", *(["c.cve = :cve"] if cve else []), *(["c.kb = :kb"] if kb else [])])
    rows = conn.execute(f"{_UNLISTED.format(where)} order by c.cve, c.product desc, c.kb", {"cve": cve, "kb": kb})
    return [_row(*row) for row in rows.fetchall()]


def left_open_and_unlisted(conn: sqlite3.Connection, cve: str, product: str | None, day: str) -> tuple[list[Answer], list[Answer]]:
    """Return what ``left_open`` and ``unlisted_fixes`` return of a CVE, read in one statement, for one product or all."""
    rows = conn.execute(
        f"""select 1, *, null, null, null from ({LEFT_OPEN} order by g.product, g.month)
        union all select 2, * from ({_UNLISTED.format("c.cve = :cve and c.product = coalesce(:product, c.product)")} order by c.product desc, c.kb)""",
        {"cve": cve, "product": product, "day": day},
    ).fetchall()
    return [gap_row(*row[1:6]) for row in rows if row[0] == 1], [_row(*row[1:]) for row in rows if row[0] == 2]


def _row(
    product: str, number: int, cve: str, severity: str | None, build: str | None, month: str, released: str | None, until: str | None
) -> Answer:
    is_newer = (released or second_tuesday(month)) > (until or "")
    kind = "unread" if is_newer else "unlisted" if released is None else "other_product"
    text = kb_text(number)
    note = Message(_NOTES[kind], kb=text, product=named(product).name)
    return {
        "product": product,
        "kb": text,
        "cve": cve,
        "severity": severity,
        "build": build,
        "source_month": month,
        "kind": kind,
        "note": note,
    }


def for_product(rows: list[Answer], product: str) -> Message | None:
    """Return why a CVE is not known on a product whose releases do not have the KBs that are named for it; None where none is named."""
    return next((row["note"] for row in rows if row["product"] == product), None)
