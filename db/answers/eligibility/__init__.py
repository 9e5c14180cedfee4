"""May it have hotpatching? What Microsoft's documents say of editions, platforms, licences and images. Standard library alone.

``question`` reads a question in people's words, ``decision`` answers it, ``images`` answers for images of the Azure Marketplace, ``documents``
reads the facts and lists them. This module says what an edition means for a machine's line, which every lookup with an edition asks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

from hotpatch_kb.db.answers.lookup import find
from hotpatch_kb.db.model.editions import Machine
from hotpatch_kb.light_typing import Any, Final

Answer = dict[str, Any]

# How documents of eligibility call an edition.
_DOCUMENTED: Final = {
    "server_azure_edition": "Datacenter: Azure Edition", "server_datacenter": "Datacenter", "server_standard": "Standard",
}  # fmt: skip
# Editions that no document of hotpatching has ever named, of any product.
_NEVER_HOTPATCHED: Final = frozenset({"home_pro", "server_essentials", "iot_core"})


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
    return answer | {
        "decided_by": ["--edition" if option == "--line" else option for option in answer["decided_by"]],
        "line_by_edition": "standard",
    }
