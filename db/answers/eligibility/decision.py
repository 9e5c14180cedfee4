"""Answer a question of eligibility: yes, no, only if, or unknown, with the reason and the documents. Standard library alone.

A wrong "yes" is the worst answer: whatever a document does not say is unknown, and whatever the question does not say is a condition.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from hotpatch_kb.db.answers.eligibility.documents import Answer, Documents, Row, answered
from hotpatch_kb.db.answers.eligibility.images import image_answer, images_of_edition
from hotpatch_kb.db.answers.eligibility.question import Asked, licence_in, read_question
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.messages import Message, Messages
from hotpatch_kb.db.model.products import KNOWN, PLATFORMS, named

# Plans of Microsoft that are not in the list of licences with hotpatching. The list is complete; others, such as those for governments or VDA, are
# unknown, since one of them may include a listed licence.
_PLANS_WITHOUT: Final = (
    "office 365 ",
    "ems ",
    "apps for ",
    "microsoft 365 ",
    "business standard",
    "business basic",
    "a1",
    "e1",
    "f1",
    "windows 365 business",
)


def eligible(conn: sqlite3.Connection, text: str, product: str | None = None, platform: str | None = None) -> list[Answer]:
    """Return whether what a text names may have hotpatching: an answer per product and edition.

    Args:
        conn: a database with the fact tables.
        text: an edition, a product, a platform, a licence or an image, in people's words; up to 400 characters.
        product: an id that the user states besides; None where the text says it or nothing does.
        platform: "azure", "azure_local", "arc" or "intune", stated besides.

    Returns:
        The columns of ``eligibility``, each with ``answer`` ("yes", "no", "only if", "unknown"), ``reason``, ``condition``,
        ``would_be_yes``, ``requirements``, ``sources`` and ``data_until``.

    Raises:
        BadInput: the text is empty or too long.
    """
    documents = Documents(conn)
    asked = read_question(text)
    if asked.image:
        return [image_answer(documents, *asked.image)]
    if product:
        asked = asked._replace(products=(product,), family="ws" if product.startswith("ws") else product.partition("-")[0])
    if platform:
        asked = asked._replace(platforms=asked.platforms | {platform})
    if asked.family == "older":
        begin = Message("hotpatching begins with Windows Server 2022 and Windows 11, version 24H2")
        return [answered(documents, "no", begin, _sources(documents, None), kind="edition", would_be_yes=_both(documents))]
    products = asked.products or _candidates(conn, documents, asked)
    if not products:
        names = Message("no document names {words}", words=" ".join(asked.not_understood) or text.strip()) if not asked.editions else None
        reason = names or Message("no document names this edition")
        more: dict[str, Any] = {"edition": ", ".join(asked.editions) or None, "platform": platform, "would_be_yes": _both(documents)}
        return [answered(documents, "unknown", reason, [], kind="edition", **more)]
    answers = [_of_edition(conn, documents, asked, name, edition) for name in products for edition in asked.editions or (None,)]
    return [_doubted(documents, asked, answer) for answer in answers]


def _both(documents: Documents) -> list[Message]:
    return documents.would_be_yes(None, None, is_client=False)[:4] + documents.would_be_yes(None, None, is_client=True)[:2]


def _sources(documents: Documents, product: str | None) -> list[str]:
    return [row.source_url for row in documents.editions if row.is_eligible and product in {None, row.product}]


def _doubted(documents: Documents, asked: Asked, answer: Answer) -> Answer:
    """Return an answer, or "unknown" where the question has a word that nobody understands and that may change it."""
    if not asked.not_understood or answer["answer"] in {"no", "unknown"}:
        return answer
    reason = Message("not understood: {words}", words=", ".join(asked.not_understood))
    return answer | answered(
        documents, "unknown", reason, answer["sources"], **{name: answer[name] for name in ("kind", "product", "edition", "platform")}
    )


def _candidates(conn: sqlite3.Connection, documents: Documents, asked: Asked) -> list[str]:
    """Return the products that a question without one may be about: those that documents name, and others of its family in support."""
    documented = [row for row in documents.editions if row.product and row.is_eligible is not None]
    if asked.family:
        names = [row.product or "" for row in documented if (row.product or "").startswith(asked.family)]
        supported = conn.execute(
            "select product from products where product like ? and release_date is not null and coalesce(extended_end_date, '9999') >= ? order by product",
            (f"{asked.family}%", clock.today()),
        )
        found = sorted({*names, *(name for (name,) in supported)})
        return found or [p for p in KNOWN if p.startswith(f"{asked.family}-")][:1]
    rows = documented
    if asked.editions:
        is_named = {row.edition for row in documents.editions}
        # "Pro" and "Home" are named for clients of any version
        clients = {e for e in asked.editions if any(row.edition == e and row.product is None for row in documents.editions)}
        if not is_named.intersection(asked.editions):
            return []
        rows = [row for row in documented if row.edition in asked.editions or (clients and (row.product or "").startswith("win"))]
    elif asked.is_client or asked.platforms == {"intune"}:
        rows = [row for row in documented if row.platform == "intune"]
    elif asked.platforms:
        rows = [
            row
            for row in documented
            if row.is_eligible and (row.platform in asked.platforms or ("other" in asked.platforms and row.platform == "arc"))
        ]
    else:
        return []
    return sorted({row.product or "" for row in rows})


def _of_edition(conn: sqlite3.Connection, documents: Documents, asked: Asked, product: str, edition: str | None) -> Answer:
    """Return the answer for one product, and one edition where the question names it."""
    is_client = product.startswith("win")
    source = _documented_as(conn, documents, product)
    rows = [row for row in documents.editions if row.product in {product, source, None} and row.edition in {edition, None}]
    if edition is None:
        rows = [row for row in documents.editions if row.product in {product, source}]
    more: dict[str, Any] = {
        "kind": "edition",
        "product": product,
        "edition": edition,
        "platform": next(iter(sorted(asked.platforms & PLATFORMS.keys())), None),
    }
    yes = documents.would_be_yes(product, edition, is_client=is_client)
    never = [row for row in rows if row.is_eligible == 0 and row.platform in {None, *asked.platforms} and (edition or row.edition is None)]
    first = _first(documents, is_client=is_client)
    is_too_old = source is None and first is not None and (named(product).build_number or 10**6) < (named(first).build_number or 0)
    if is_too_old:  # "only Enterprise and Education have hotpatching" is said of later versions
        never = [row for row in never if row.product]
    if never and not _steps_up(documents, asked, edition):
        return answered(documents, "no", never[0].requirement or "", [row.source_url for row in never], would_be_yes=yes, **more)
    if source is None:
        if first and is_too_old:
            begins = Message("hotpatching begins with {product}", product=named(first).name)
            return answered(documents, "no", begins, _sources(documents, first), would_be_yes=yes, **more)
        return answered(
            documents,
            "unknown",
            Message("no document says whether {product} has hotpatching", product=named(product).name),
            [],
            would_be_yes=yes,
            **more,
        )
    decide = _client if is_client else _server
    answer, reason, conditions, found, platforms = decide(documents, asked, source, edition, [row for row in rows if row.is_eligible != 0])
    urls = [row.source_url for row in found]
    if answer == "yes" and conditions:
        answer = "only if"
        if isinstance(reason, Message):
            reason = Message(_UNDER_CONDITIONS.get(reason.form, reason.form), **reason.values)
    more["platform"] = more["platform"] or (platforms[0] if len(platforms) == 1 else None)
    if answer in {"no", "unknown"}:
        return answered(documents, answer, reason, urls, would_be_yes=yes, **more)
    condition = (conditions[0] if len(conditions) == 1 else Messages(conditions)) if conditions else None
    return answered(documents, answer, reason, urls, condition=condition, requirements=documents.requirements(source, platforms), **more)


def _documented_as(conn: sqlite3.Connection, documents: Documents, product: str) -> str | None:
    """Return the product whose documents count: itself, or the newest documented client where a calendar lists hotpatches of a newer one.

    The documents say "24H2 or later" of clients; a newer version without any hotpatch is not taken for one.
    """
    documented = {row.product: None for row in documents.editions if row.is_eligible and row.product}
    if product in documented:
        return product
    has_any = conn.execute("select 1 from products where product = ? and hotpatch_from_date is not null", (product,)).fetchone()
    clients = sorted(name for name in documented if name.startswith("win"))
    return clients[-1] if has_any and clients and product.startswith("win") and product > clients[-1] else None


def _first(documents: Documents, *, is_client: bool) -> str | None:
    names = {row.product for row in documents.editions if row.is_eligible and row.product and row.product.startswith("win") == is_client}
    return min(names, key=lambda name: named(name).build_number or 10**6) if names else None


def _steps_up(documents: Documents, asked: Asked, edition: str | None) -> bool:
    """Return whether a listed licence may make a device with Pro eligible: by a step up to Enterprise, or in a way that no document explains."""
    return edition == "Pro" and any(row.kind == "licence" and licence_in(row.requirement or "") in asked.licences for row in documents.rows)


# How a reason reads beside conditions.
_UNDER_CONDITIONS: Final = {
    "{edition} has hotpatching": "{edition} may have hotpatching, under the condition",
    "{edition} on {platform} has hotpatching": "{edition} on {platform} may have hotpatching, under the condition",
}
# What decides for one family: answer, reason, conditions, rows that say so, platforms.
Decided = tuple[str, "Message | str", list[Message], Sequence[Row], list[str]]


def _client(documents: Documents, asked: Asked, product: str, edition: str | None, rows: list[Row]) -> Decided:
    licences = documents.licences(product)
    listed = {licence_in(row.requirement or ""): row for row in licences}
    having = [listed[code] for code in asked.licences if code in listed]
    if asked.licences and not having:
        said = ", ".join(asked.licences)
        if all(code.startswith(_PLANS_WITHOUT) for code in asked.licences):
            return "no", Message("the licence {licence} does not include hotpatching", licence=said), [], licences, []
        return "unknown", Message("no document says whether the licence {licence} includes hotpatching", licence=said), [], licences, []
    conditions: list[Message] = []
    if edition == "Pro":
        rows = [row for row in documents.editions if row.product == product and row.edition in {row_.edition for row_ in having}]
        if not rows:
            return "unknown", Message("documents list this licence, but of the editions only Enterprise and Education"), [], having, []
        edition = rows[0].edition
        conditions.append(Message("the licence has stepped the edition up to {edition}", edition=edition))
    elif edition is None:
        editions = list(dict.fromkeys(row.edition for row in rows if row.is_eligible))
        conditions.append(Message("the edition is {editions}", editions=_or(editions)))
    elif not rows:
        return "unknown", Message("no document names this edition"), [], [], []
    if "no_intune" in asked.traits:
        return (
            "no",
            Message("{edition} has hotpatching on {platforms} only", edition=edition or "Windows 11", platforms=_platform("intune")),
            [],
            rows,
            [],
        )
    if "preview" in asked.traits:
        return "unknown", Message("no document says whether preview builds have hotpatching"), [], rows, []
    if "intune" not in asked.platforms:
        conditions.append(Message("managed by {platform}", platform=_platform("intune")))
    conditions += _common_conditions(documents, asked, product)
    if "arm64" in asked.traits:
        conditions.append(Message("CHPE is disabled (HotPatchRestrictions = 1)"))
    return "yes", Message("{edition} has hotpatching", edition=edition or named(product).name), conditions, [*rows, *having], ["intune"]


def _server(documents: Documents, asked: Asked, product: str, edition: str | None, rows: list[Row]) -> Decided:
    offered = [row.platform or "" for row in rows if row.is_eligible]
    if not rows or not offered:
        return "unknown", Message("no document names this edition"), [], [], []
    for trait, words in (("preview", "no Insider or preview build"), ("generation_1", "virtualization-based security running")):
        if trait in asked.traits and (row := documents.said(words)) and row.product in {product, None}:
            return "no", row.requirement or "", [], [row], []
    asked_platforms = {"azure"} if "azure" in asked.platforms else asked.platforms - {"intune"}
    conditions = _common_conditions(documents, asked, product)
    platforms = [name for name in dict.fromkeys(offered) if name in asked_platforms]
    only = Message(
        "{edition} has hotpatching on {platforms} only",
        edition=edition or named(product).name,
        platforms=_or([_platform(p) for p in dict.fromkeys(offered)]),
    )
    if not platforms:
        conditional = next((row for row in rows if row.is_eligible is None and row.platform in asked_platforms), None)
        if conditional:
            return (
                "yes",
                only,
                [Message(conditional.requirement or ""), *conditions],
                rows,
                list(dict.fromkeys(offered)),
            )
        if "azure" in asked_platforms or (asked_platforms and "arc" not in offered) or ("no_arc" in asked.traits and {*offered} == {"arc"}):
            return "no", only, [], rows, []
        # A machine outside Azure can be connected to Azure Arc; where one runs is not said of an Azure Edition.
        platforms = ["arc"] if asked_platforms else [p for p in dict.fromkeys(offered) if p != "arc" or "no_arc" not in asked.traits]
        conditions.insert(
            0,
            Message("on {platform}", platform=_or([_platform(p) for p in platforms]))
            if platforms != ["arc"]
            else Message("connected to Azure Arc"),
        )
    if edition is None:
        fitting = [row.edition for row in rows if row.is_eligible and row.platform in platforms]
        conditions.append(Message("the edition is {editions}", editions=_or(list(dict.fromkeys(fitting)))))
    elif platforms == ["azure"] and (decided := _by_images(documents, asked, product, conditions)):
        return decided
    reason = Message("{edition} has hotpatching", edition=edition or named(product).name)
    if asked_platforms and len(platforms) == 1 and platforms[0] in asked_platforms:
        reason = Message(
            "{edition} on {platform} has hotpatching", edition=edition or named(product).name, platform=_platform(platforms[0])
        )
    return "yes", reason, conditions, [row for row in rows if row.platform in platforms], platforms


def _by_images(documents: Documents, asked: Asked, product: str, conditions: list[Message]) -> Decided | None:
    """Return what the images of the Azure Marketplace decide for an Azure VM, None where all of them have hotpatching."""
    others = next((row for row in documents.rows if row.kind == "rule" and row.platform == "azure" and row.is_eligible == 0), None)
    if "custom_image" in asked.traits and others:
        return "no", others.requirement or "", [], [others], []
    if "uniform" in asked.traits and (row := documents.said("no scale set in uniform mode")):
        return "no", row.requirement or "", [], [row], []
    images = images_of_edition(documents, product, asked.traits)
    having = [row for row in images if row.is_eligible]
    if images and not having:
        return "no", images[0].requirement or "", [], images, []
    if len(having) < len(images):
        conditions.append(Message("the image is one of {images}", images=", ".join(dict.fromkeys(row.sku or "" for row in having))))
    return None


def _common_conditions(documents: Documents, asked: Asked, product: str) -> list[Message]:
    """Return the conditions that hold on any platform."""
    conditions = []
    if "wsus" in asked.traits:
        conditions.append(Message("updates come from Windows Update, not from WSUS"))
    if asked.traits & {"no_vbs", "generation_1"} and any(
        "virtualization-based security" in str(text) for text in documents.requirements(product, PLATFORMS)
    ):
        conditions.append(Message("virtualization-based security is running"))
    return conditions


def _or(names: Sequence[Message | str | None]) -> Message | str:
    """Return alternatives as one value of a message: "or" is a word of the language, the names are not."""
    first, *others = (name or "" for name in names)
    for name in others:
        first = Message("{one} or {other}", one=first, other=name)
    return first


def _platform(platform: str) -> Message:
    return Message(PLATFORMS[platform])
