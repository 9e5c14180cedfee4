"""May it have hotpatching? Yes, no or unknown, with the reason and the document that states it. Standard library alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, Final

from hotpatch_kb.db.answers.lookup import find
from hotpatch_kb.db.model.editions import Machine
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.products import PLATFORMS

Answer = dict[str, Any]

# How documents of eligibility call an edition.
_DOCUMENTED: Final = {
    "server_azure_edition": "Datacenter: Azure Edition", "server_datacenter": "Datacenter", "server_standard": "Standard",
}  # fmt: skip
# Editions that no document of hotpatching has ever named, of any product.
_NEVER_HOTPATCHED: Final = frozenset({"home_pro", "server_essentials", "iot_core"})


def eligible_image(conn: sqlite3.Connection, publisher: str, offer: str, sku: str) -> Answer:
    """Return whether an image of the Azure Marketplace has hotpatching. Names compare without case, as ARM returns them in any.

    The document itself says that images of other publishers and offers, and custom images, do not have it. A SKU of the listed publisher
    and offer that no document lists is unknown, not ineligible.
    """
    rows = conn.execute(
        """select product, sku, is_eligible, requirement, source_url from eligibility
        where kind = 'image' and publisher = ? collate nocase and offer = ? collate nocase and sku = ? collate nocase order by source_url""",
        (publisher.strip(), offer.strip(), sku.strip()),
    ).fetchall()
    asked = {"publisher": publisher, "offer": offer, "sku": sku}
    if not rows:
        offers = conn.execute(
            "select 1 from eligibility where kind = 'image' and publisher = ? collate nocase and offer = ? collate nocase",
            (publisher.strip(), offer.strip()),
        )
        others = conn.execute(
            "select requirement, source_url from eligibility where kind = 'rule' and platform = 'azure' and is_eligible = 0"
        ).fetchone()
        if offers.fetchone() is None and others:
            return _answer(asked, "no", None, others[0], [others[1]], [])
        return _answer(asked, "unknown", None, Message("no document lists this image"), [], [])
    answers = {row[2] for row in rows}
    if len(answers) > 1:
        return _answer(asked, "unknown", rows[0][0], Message("documents disagree on this image"), [row[4] for row in rows], [])
    product, name, is_eligible, requirement, _ = rows[0]
    reason = (
        Message("{image} is listed as an image with hotpatching", image=name)
        if is_eligible
        else Message("{image} is listed as an image without hotpatching: {requirement}", image=name, requirement=requirement)
    )
    return _answer(
        asked,
        "yes" if is_eligible else "no",
        product,
        reason,
        [row[4] for row in rows],
        _requirements(conn, product, "azure") if is_eligible else [],
    )


def eligible_edition(conn: sqlite3.Connection, edition: str, platform: str | None, product: str | None) -> list[Answer]:
    """Return whether an edition has hotpatching where it runs, per product.

    Args:
        conn: a database with the fact tables.
        edition: such as "Standard", "Datacenter" or "Datacenter: Azure Edition".
        platform: "azure", "azure_local", "arc" or "intune"; None for any other machine.
        product: an id, all products if None.

    Raises:
        BadInput: the edition is empty.
    """
    if not edition.strip():
        raise BadInput("expected an edition such as Standard, got nothing")
    rows = conn.execute(
        """select product, edition, platform, is_eligible, requirement, source_url from eligibility
        where kind = 'edition' and edition = ? collate nocase and product = coalesce(?, product) order by product, platform""",
        (edition.strip(), product),
    ).fetchall()
    if not rows:
        asked = {"edition": edition, "platform": platform}
        return [_answer(asked, "unknown", product, Message("no document names this edition"), [], [])]
    return [_of_product(conn, name, platform, [row for row in rows if row[0] == name]) for name in dict.fromkeys(row[0] for row in rows)]


def _of_product(conn: sqlite3.Connection, product: str, platform: str | None, rows: list[Any]) -> Answer:
    edition = rows[0][1]
    asked = {"edition": edition, "platform": platform}
    matching = [row for row in rows if row[2] in {None, platform}]
    urls = sorted({row[5] for row in matching or rows})
    if any(row[3] == 0 for row in matching):
        return _answer(asked, "no", product, next(row[4] for row in matching if row[3] == 0), urls, [])
    if matching:
        reason = Message("{edition} has hotpatching", edition=edition)
        if platform:
            reason = Message("{edition} on {platform} has hotpatching", edition=edition, platform=PLATFORMS[platform])
        return _answer(asked, "yes", product, reason, urls, _requirements(conn, product, platform))
    platforms = " or ".join(PLATFORMS[row[2]] for row in rows if row[2])
    reason = Message("{edition} has hotpatching on {platforms} only", edition=edition, platforms=platforms)
    return _answer(asked, "no", product, reason, urls, [])


def _requirements(conn: sqlite3.Connection, product: str, platform: str | None) -> list[str]:
    rows = conn.execute(
        """select requirement from eligibility where kind in ('prerequisite', 'licence')
        and (product is null or product = ?) and (platform is null or platform = ?) order by kind desc, product is null, subject""",
        (product, platform),
    )
    return [row[0] for row in rows]


def _answer(asked: Answer, answer: str, product: str | None, reason: Message | str, sources: list[str], requirements: list[str]) -> Answer:
    return {**asked, "answer": answer, "product": product, "reason": reason, "requirements": requirements, "sources": sources}


def has_no_hotpatches(conn: sqlite3.Connection, product: str, edition: str) -> bool:
    """Return whether an edition of a product cannot be on the hotpatch line; False where no document says so."""
    if not edition:
        return False
    if edition in _NEVER_HOTPATCHED:
        return True
    answers = {
        row[0]
        for row in conn.execute(
            "select is_eligible from eligibility where kind = 'edition' and product = ? and edition = ?",
            (product, _DOCUMENTED.get(edition, "")),
        )
    }
    return answers == {0}


def find_for(conn: sqlite3.Connection, query: str, machine: Machine, ask: Callable[[str], Answer], options: Mapping[str, Any]) -> Answer:
    """Return the answer to a lookup for a machine: on the standard line where its edition cannot have hotpatches.

    Args:
        conn: a database with the fact tables.
        query: as the user typed it.
        machine: its edition, as the user states it.
        ask: ``lookup.find`` with ``options``, or a cache of it.
        options: what ``lookup.find`` takes.
    """
    answer = ask(query)
    if not answer["matches"] or not all(has_no_hotpatches(conn, match["product"], machine.edition) for match in answer["matches"]):
        return answer
    answer = find(conn, query, **{**options, "line": "standard"})
    return answer | {"decided_by": ["--edition" if option == "--line" else option for option in answer["decided_by"]]}
