"""Whether an image of the Azure Marketplace has hotpatching. Standard library alone."""

from __future__ import annotations

from typing import Final

from hotpatch_kb.db.answers.eligibility.documents import Answer, Documents, Row, answered
from hotpatch_kb.db.model.messages import Message

# The publisher and the offer of every image that has hotpatching, as last read 2026-11.
_PUBLISHER: Final = ("MicrosoftWindowsServer", "WindowsServer")


def image_answer(documents: Documents, publisher: str, offer: str, sku: str) -> Answer:
    """Return whether an image has hotpatching. Names compare without case, as ARM returns them in any.

    The document itself says that images of other publishers and offers, and custom images, do not have it. A SKU of a listed publisher
    and offer that no document lists is unknown, not ineligible. A SKU alone is taken for one of Microsoft's: only if it is.
    """
    asked = {
        "kind": "image",
        "publisher": publisher.strip() or None,
        "offer": offer.strip() or None,
        "sku": sku.strip(),
        "platform": "azure",
    }
    is_whole = bool(publisher.strip() and offer.strip())
    images = [row for row in documents.rows if row.kind == "image"]
    listed = [row for row in images if not is_whole or _same(row, publisher, offer)]
    rows = [row for row in listed if (row.sku or "").casefold() == sku.strip().casefold()]
    if not rows:
        others = next((row for row in documents.rows if row.kind == "rule" and row.platform == "azure" and row.is_eligible == 0), None)
        yes = _with_hotpatching(images, f"ws{sku.strip()[:4]}") or _with_hotpatching(images, None)
        if is_whole and not listed and others:
            return answered(documents, "no", others.requirement or "", [others.source_url], would_be_yes=yes, **asked)
        return answered(documents, "unknown", Message("no document lists this image"), [], would_be_yes=yes, **asked)
    urls = [row.source_url for row in rows]
    product, name, is_eligible = rows[0].product, rows[0].sku, rows[0].is_eligible
    if len({row.is_eligible for row in rows}) > 1:
        return answered(documents, "unknown", Message("documents disagree on this image"), urls, product=product, **asked)
    if not is_eligible:
        reason = Message(
            "{image} is listed as an image without hotpatching: {requirement}", image=name, requirement=Message(rows[0].requirement or "")
        )
        return answered(documents, "no", reason, urls, product=product, would_be_yes=_with_hotpatching(images, product), **asked)
    reason = Message("{image} is listed as an image with hotpatching", image=name)
    requirements = documents.requirements(product, ["azure"])
    if is_whole:
        return answered(documents, "yes", reason, urls, product=product, requirements=requirements, **asked)
    condition = Message("the image is {urn}", urn=_urn(rows[0]))
    return answered(documents, "only if", reason, urls, product=product, requirements=requirements, condition=condition, **asked)


def images_of_edition(documents: Documents, product: str, traits: frozenset[str]) -> list[Row]:
    """Return the images of the Azure Edition of a product, of the kind of installation that a question names."""
    rows = [
        row for row in documents.rows
        if row.kind == "image" and row.product == product and "azure-edition" in (row.sku or "").lower() and _same(row, *_PUBLISHER)
    ]  # fmt: skip
    if "core" in traits:
        rows = [row for row in rows if "-core" in (row.sku or "").lower()]
    elif "desktop" in traits:
        rows = [row for row in rows if "-core" not in (row.sku or "").lower()]
    if "hotpatch_image" in traits:
        rows = [row for row in rows if "hotpatch" in (row.sku or "").lower()]
    return rows


def _same(row: Row, publisher: str, offer: str) -> bool:
    return (row.publisher or "").casefold() == publisher.strip().casefold() and (row.offer or "").casefold() == offer.strip().casefold()


def _with_hotpatching(images: list[Row], product: str | None) -> list[str]:
    return [_urn(row) for row in images if row.is_eligible and product in {None, row.product}]


def _urn(row: Row) -> str:
    return f"{row.publisher}:{row.offer}:{row.sku}"
