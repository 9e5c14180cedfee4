"""What documents say of eligibility, as rows, and the answers that are made of them. Standard library alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from hotpatch_kb.db.answers.eligibility.question import licence_in
from hotpatch_kb.db.model.messages import Message, Messages
from hotpatch_kb.db.model.products import PLATFORMS, named

Answer = dict[str, Any]


class Row(NamedTuple):
    """A row of ``eligibility``: what one document states."""

    kind: str
    product: str | None
    publisher: str | None
    offer: str | None
    sku: str | None
    edition: str | None
    platform: str | None
    is_eligible: int | None
    requirement: str | None
    source_url: str


class Documents:
    """All rows of ``eligibility``, some hundred, and the day on which they were last read."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        """Read them from a database with the fact tables."""
        columns = ", ".join(Row._fields)
        # Texts are numbered in their names: "…/10" comes after "…/9".
        self.rows = [
            Row(*row) for row in conn.execute(f"select {columns} from eligibility order by kind, product is null, product, length(subject), subject, source_url")
        ]  # fmt: skip
        self.data_until: str | None = conn.execute(
            "select substr(max(last_seen_at), 1, 10) from claims where subject >= 'eligibility/' and subject < 'eligibility0'"
        ).fetchone()[0]
        self.editions = [row for row in self.rows if row.kind == "edition"]

    def requirements(self, product: str | None, platforms: Iterable[str | None]) -> list[Message | str]:
        """Return what a machine of a product needs on platforms: prerequisites, and one of the licences that include it."""
        wanted = {*platforms, None}
        found = [row for row in self.rows if row.kind == "prerequisite" and row.product in {product, None} and row.platform in wanted]
        licences = [row.requirement or "" for row in self.licences(product) if row.platform in wanted]
        texts: list[Message | str] = [Message("one of these licences: {licences}", licences=", ".join(licences))] if licences else []
        return [*texts, *dict.fromkeys(row.requirement or "" for row in found)]

    def licences(self, product: str | None) -> list[Row]:
        """Return the licences that include hotpatching of a product."""
        return [
            row
            for row in self.rows
            if row.kind == "licence" and row.product == product and row.is_eligible and licence_in(row.requirement or "")
        ]

    def said(self, words: str, kinds: Sequence[str] = ("prerequisite", "rule", "channel")) -> Row | None:
        """Return the first text that has these words."""
        return next((row for row in self.rows if row.kind in kinds and words in (row.requirement or "")), None)

    def would_be_yes(self, product: str | None, edition: str | None, *, is_client: bool) -> list[Message]:
        """Return the editions that have hotpatching, those of the same edition and product first."""
        rows = [row for row in self.editions if row.is_eligible and row.product and row.product.startswith("win") == is_client]
        rows.sort(key=lambda row: (row.edition != edition, row.product != product))
        found = [
            Message(
                "{product}: {edition}, managed by {platform}" if is_client else "{product}: {edition} on {platform}",
                product=named(row.product or "").name, edition=row.edition, platform=Message(PLATFORMS.get(row.platform or "", row.platform or "")),
            )
            for row in rows
        ]  # fmt: skip
        return list(dict.fromkeys(found))[:6]


def explained(conn: sqlite3.Connection, product: str | None = None, platform: str | None = None) -> list[Answer]:
    """Return every row of ``eligibility`` with its source, or those of a product and a platform; a row that names neither is of all.

    Args:
        conn: a database with the fact tables.
        product: an id, all products if None.
        platform: "azure", "azure_local", "arc" or "intune"; None for all.
    """
    documents = Documents(conn)
    return [
        row._asdict() | {"data_until": documents.data_until}
        for row in documents.rows
        if (product is None or row.product in {product, None}) and (platform is None or row.platform in {platform, None})
    ]


def answered(documents: Documents, answer: str, reason: Message | Messages | str, sources: Iterable[str], **more: Any) -> Answer:
    """Return an answer: the columns of ``eligibility``, and what is made of them.

    Args:
        documents: the facts.
        answer: "yes", "no", "only if" or "unknown".
        reason: why.
        sources: addresses of the documents that state it.
        more: columns of ``eligibility`` that the question or the facts give, ``condition``, ``would_be_yes`` and ``requirements``.
    """
    urls = list(dict.fromkeys(sources))
    columns = {name: more.get(name) for name in ("kind", "product", "publisher", "offer", "sku", "edition", "platform")}
    return {
        "answer": answer, **columns, "is_eligible": {"yes": 1, "no": 0}.get(answer), "requirement": more.get("condition"),
        "source_url": urls[0] if urls else None, "reason": reason, "condition": more.get("condition"),
        "would_be_yes": more.get("would_be_yes", []), "requirements": more.get("requirements", []), "sources": urls,
        "data_until": documents.data_until,
    }  # fmt: skip
