"""FactTables that follow from the claims of a few subjects: prices, eligibility, known issues, channels, CVEs.

In: the claims of one independent group. Out: ``FactTables`` with the rows of that group. A group is resolved by itself, and only where one of
its claims changed, so that a further month of CVEs costs what that month holds and not what all months hold. Releases and calendars
depend on one another and are resolved together (``hotpatch_kb.db.facts.releases``).
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from hotpatch_kb.db.facts.precedence import Belief, Precedence
from hotpatch_kb.db.facts.release_claims import is_misplaced
from hotpatch_kb.db.facts.snapshots import StoredClaim, by_field, claims_where, kind_of
from hotpatch_kb.db.facts.tables import FactTables, Row
from hotpatch_kb.db.model.claims import stable_id
from hotpatch_kb.db.model.products import may_be_build_of

# The servicing lines of each released KB.
ProductsOfKbs = Mapping[int, tuple[str, ...]]


class GroupKind(NamedTuple):
    """A kind of independent group.

    Attributes:
        kinds: kinds of the subjects whose claims make a group.
        key_of: returns the key of the group that a subject belongs to.
        read: returns the claims that the facts of a key follow from.
        tables: where the rows are written: table, and the condition on its rows of a key.
        resolve: adds the facts of a key.
    """

    kinds: tuple[str, ...]
    key_of: Callable[[str], str]
    read: Callable[[sqlite3.Connection, str], list[StoredClaim]]
    tables: tuple[tuple[str, str], ...]
    resolve: Callable[[str, list[StoredClaim], Belief, ProductsOfKbs], None]

    def subjects_of(self, claims: Iterable[StoredClaim]) -> set[str]:
        """Return the subjects whose facts a group makes, without those that it only reads."""
        return {c.subject for c in claims if kind_of(c.subject) in self.kinds}

    def facts_of(self, key: str, claims: list[StoredClaim], precedence: Precedence, products: ProductsOfKbs) -> FactTables:
        """Return the facts of one group."""
        belief = Belief(precedence, FactTables())
        self.resolve(key, claims, belief, products)
        return belief.facts


# --- prices and eligibility -----------------------------------------------------------------------------------------


def _resolve_price(subject: str, claims: list[StoredClaim], belief: Belief, _products: ProductsOfKbs) -> None:
    """Make a row for each price that a source states: no source wins over another, the view shows where they disagree.

    A price ends on the day on which a page stops stating it. A row deleted from our own table was wrong, and is forgotten.
    """
    _, service, product, meter, currency_unit, condition, *_rest = subject.split("/")
    currency, _, unit = currency_unit.partition(" ")
    value = belief.precedence.value
    _disagree_on_virtual_machines(subject, claims, belief)
    for (source, page_url, section), fields in _by_place(claims).items():
        amounts = [claim for of_field in fields.values() for claim in of_field if claim.name == "amount"]
        for amount in amounts:
            if value(amount) is None or (amount.gone_at and amount.is_ours):
                continue
            # What the same place stated while it stated this amount.
            beside = {field: [c for c in of_field if _overlaps(amount, c)] for field, of_field in fields.items()}
            stated = {field: value(of_field[-1]) for field, of_field in beside.items() if of_field}
            # A price list may state an amount twice, with a gap: that is two prices. Our table states each once.
            number = stable_id(subject, source, page_url, section, *([] if amount.is_ours else [amount.first_seen_at, amount.field]))
            belief.facts.prices[number] = {
                "price": number, "service": service, "product": None if product == "-" else product, "meter": meter,
                "unit": unit.replace(" per ", "/"), "currency": currency, "region": stated.get("region"),
                "amount": float(value(amount) or 0),
                "valid_from": stated.get("valid_from") or (None if amount.is_ours else amount.known_from[:10]),
                "valid_to": stated.get("valid_to") or (amount.gone_at or "")[:10] or None,
                "condition": "" if condition == "-" else condition, "note": stated.get("note"),
                "source_url": amount.source_url,
                "trust": stated.get("trust") or "price list", "subject": subject,
            }  # fmt: skip
            belief.support(subject, [amount])
            belief.support(subject, (c for field, of_field in beside.items() if field != "amount" for c in of_field))


def _disagree_on_virtual_machines(subject: str, claims: list[StoredClaim], belief: Belief) -> None:
    """Note where sources of one price differ in what a virtual machine counts as: an announcement is believed against a secondary source."""
    stated = []
    for place, fields in _by_place(claims).items():
        trust = "".join(claim.value or "" for claim in fields.get("trust", ())[-1:])
        stated += [("secondary" in trust, place, claim) for claim in fields.get("virtual_machine", ())[-1:] if claim.gone_at is None]
    for _, _, claim in sorted(stated)[1:]:
        won = min(stated)[2]
        if claim.value != won.value:
            belief.conflict(subject, "virtual_machine", won, claim, won.value, claim.value, "trust")


def _overlaps(amount: StoredClaim, other: StoredClaim) -> bool:
    return other.first_seen_at <= amount.last_seen_at and (other.gone_at is None or other.gone_at > amount.first_seen_at)


def _resolve_eligibility(subject: str, claims: list[StoredClaim], belief: Belief, _products: ProductsOfKbs) -> None:
    """Make a row for each document that says who may have hotpatching."""
    names = ("product", "publisher", "offer", "sku", "edition", "platform", "is_eligible", "requirement")
    by_address: dict[str, Row] = {}
    for (source, page_url, section), fields in _by_place([c for c in claims if c.gone_at is None]).items():
        stated = {field: of_field[-1] for field, of_field in fields.items()}
        values: Row = {name: belief.precedence.value(stated[name]) if name in stated else None for name in names}
        values["is_eligible"] = None if values["is_eligible"] is None else int(values["is_eligible"])
        number = stable_id(subject, source, page_url, section)
        address = next(iter(stated.values())).source_url
        # A document that comes with the program and was also read from its site counts once ("db/" sorts before "https:").
        by_address[address] = {"eligibility": number, "kind": subject.split("/")[1], **values, "source_url": address, "subject": subject}
        belief.support(subject, stated.values())
    belief.facts.eligibility |= {row["eligibility"]: row for row in by_address.values()}


# --- security -------------------------------------------------------------------------------------------------------


def _resolve_month(month: str, claims: list[StoredClaim], belief: Belief, _products: ProductsOfKbs) -> None:
    """Make the row of a month of MSRC's data: its index and its document both state its dates."""
    subject = f"msrc/{month}"
    fields = by_field(claims)
    complete = belief.pick(subject, "is_complete", fields["is_complete"])
    belief.facts.security_months[month] = {
        "month": month, "released_on": belief.pick(subject, "released_on", fields["released_on"]),
        "revised_on": _latest(subject, fields["revised_on"], belief), "is_complete": None if complete is None else int(complete),
        "subject": subject,
    }  # fmt: skip


def _latest(subject: str, claims: list[StoredClaim], belief: Belief) -> str | None:
    """Return the latest day that a page states now. Documents are revised: a later day does not disagree with those before it."""
    current = [c for c in claims if c.gone_at is None and c.value]
    latest = max((c.value or "" for c in current), default=None)
    belief.support(subject, (c for c in current if c.value == latest))
    return latest


def _resolve_cve(cve: str, claims: list[StoredClaim], belief: Belief, products: ProductsOfKbs) -> None:
    """Make a row for each KB that fixes a CVE on a product."""
    subject = f"cve/{cve}"
    remedies: dict[str, list[StoredClaim]] = defaultdict(list)
    fixed: dict[tuple[int, str], list[StoredClaim]] = defaultdict(list)
    for claim in claims:
        if claim.subject.startswith("remediation/"):
            remedies[claim.subject].append(claim)
        if claim.name.startswith("fixed/") and claim.gone_at is None:
            _, product, number = claim.name.split("/")
            fixed[int(number), product].append(claim)
    for (kb, product), stated in sorted(fixed.items()):
        of_kb = remedies[f"remediation/{product}/{kb}"]
        if _is_of_another_product(kb, product, of_kb, products):
            continue
        month = min(c.section for c in stated)
        severity = belief.pick(subject, f"severity of KB{kb} on {product}", stated)
        fields = by_field(c for c in of_kb if c.gone_at is None and c.section == month)
        supersedes = _first_value(fields["supersedes_kb"], belief.precedence)
        belief.facts.kb_cves[kb, product, cve] = {
            "kb": kb, "product": product, "cve": cve, "severity": severity or None,
            "fixed_build": _own_build(product, fields["fixed_build"], belief.precedence),
            "subtype": _first_value(fields["subtype"], belief.precedence), "supersedes_kb": int(supersedes) if supersedes else None,
            "source_month": month, "subject": subject,
        }  # fmt: skip


# Severities in a copy of MSRC's data, by their first letters.
_SEVERITIES: Final = {"C": "Critical", "I": "Important", "M": "Moderate", "L": "Low", "-": None}


def _resolve_copy(_kb: str, claims: list[StoredClaim], belief: Belief, products: ProductsOfKbs) -> None:
    """Make the rows of a KB from a copy of MSRC's data, where MSRC itself was not read: neither its document of the month nor one that names the KB."""
    complete = {
        c.subject.removeprefix("msrc/") for c in claims if c.subject.startswith("msrc/") and (c.name, c.value) == ("is_complete", "1")
    }
    read = {c.subject.split("/")[1] for c in claims if c.subject.startswith("remediation/")}
    by_subject: dict[str, list[StoredClaim]] = defaultdict(list)
    for claim in claims:
        if claim.subject.startswith("kb_cves/") and claim.gone_at is None and claim.section not in complete:
            by_subject[claim.subject].append(claim)
    for subject, of_subject in sorted(by_subject.items()):
        _, number, product = subject.split("/")
        stated = {c.name: belief.precedence.value(c) for c in of_subject}
        if product in read or _is_of_another_product(int(number), product, of_subject, products):
            continue
        for packed in (stated.get("cves") or "").split():
            cve = f"CVE-{packed[1:]}"
            belief.facts.kb_cves[int(number), product, cve] = {
                "kb": int(number), "product": product, "cve": cve, "severity": _SEVERITIES[packed[0]], "fixed_build": stated.get("fixed_build"),
                "subtype": stated.get("subtype"), "supersedes_kb": int(stated["supersedes_kb"] or 0) if "supersedes_kb" in stated else None,
                "source_month": of_subject[0].section, "subject": subject,
            }  # fmt: skip
        belief.support(subject, of_subject)


def _first_value(claims: Iterable[StoredClaim], precedence: Precedence) -> str | None:
    return next((value for c in sorted(claims, key=lambda c: c.field) if (value := precedence.value(c))), None)


def _own_build(product: str, claims: Iterable[StoredClaim], precedence: Precedence) -> str | None:
    """Return the fixed build of a product: a document may state another product's beside it (KB5022836: 22000 and 22621, February 2023)."""
    builds = [value for c in claims if (value := precedence.value(c))]
    return min(builds, key=lambda build: (not may_be_build_of(product, build), build), default=None)


def _is_of_another_product(kb: int, product: str, remedies: list[StoredClaim], products: ProductsOfKbs) -> bool:
    """Return whether MSRC lists a KB under a product that it is not for; the KB's own release has the conflict."""
    released = products.get(kb, ())
    states_build = any(c.name == "fixed_build" and c.value for c in remedies)
    return bool(released) and product not in released and (is_misplaced(product, remedies) or not states_build)


# --- what articles state of a KB -------------------------------------------------------------------------------------


def _resolve_kb(key: str, claims: list[StoredClaim], belief: Belief, products: ProductsOfKbs) -> None:
    """Make the known issues, channels and change log of a KB, from all its articles.

    A KB may have an article per product (KB5052105): what one says holds for the products that it applies to.
    """
    kb = int(key)
    current = list(_end_moved(claims))
    value = belief.precedence.value
    applies = {c.page_url: frozenset((value(c) or "").split()) for c in current if c.name == "applies_to" and c.gone_at is None}
    by_subject: dict[str, list[StoredClaim]] = defaultdict(list)
    for claim in current:
        by_subject[claim.subject].append(claim)
    for subject, of_subject in sorted(by_subject.items()):
        kind = kind_of(subject)
        if kind == "change_log":
            _add_change_log(kb, subject, of_subject, belief)
        elif kind in {"issue", "channel"}:
            rows = {c.page_url: frozenset((value(c) or "").split()) for c in of_subject if c.name == "products"}
            by_product = _by_product(
                of_subject, {**applies, **{page: stated for page, stated in rows.items() if stated}}, products.get(kb, ())
            )
            for product, of_product in sorted(by_product.items(), key=lambda item: item[0] or ""):
                (_add_issue if kind == "issue" else _add_channels)(kb, subject, product, of_product, belief)


def _by_product(
    claims: list[StoredClaim], by_page: Mapping[str, frozenset[str]], released: tuple[str, ...]
) -> dict[str | None, list[StoredClaim]]:
    """Return claims by the products that they hold for: those that its page states, else those that the KB is released for.

    Args:
        claims: of one issue, or of the channels.
        by_page: by page, the products that the page's row names, else those that its article applies to.
        released: the products that the KB is released for.
    """
    products: dict[str | None, list[StoredClaim]] = defaultdict(list)
    for claim in claims:
        stated = by_page.get(claim.page_url) or frozenset()
        for product in sorted(stated & set(released)) or sorted(stated) or released or (None,):
            products[product].append(claim)
    return products


def _add_issue(kb: int, subject: str, product: str | None, claims: list[StoredClaim], belief: Belief) -> None:
    """Add the row of a known issue. Take current claims; if there are none, the last. So a reopened issue loses its old resolution."""
    last = max(c.last_seen_at for c in claims)
    stated = [c for c in claims if c.gone_at is None] or [c for c in claims if c.last_seen_at == last]
    fields = by_field(stated)
    values = {
        name: belief.pick(subject, name, fields[name])
        for name in ("title", "symptom", "workaround", "state", "resolved_by_kb", "opened_on", "resolved_on")
    }
    name = subject.split("/", 2)[2]
    number = stable_id(subject, product)
    belief.facts.known_issues[number] = {
        "known_issue": number, "kb": kb, "product": product, "issue": name, **values,
        "title": values["title"] or name, "state": values["state"] or "open",
        "resolved_by_kb": int(values["resolved_by_kb"]) if values["resolved_by_kb"] else None,
        "gone_since": None if stated[0].gone_at is None else max(c.gone_at or "" for c in stated),
        "article_url": min(c.page_url for c in stated), "subject": subject,
    }  # fmt: skip
    belief.support(subject, fields["products"])


def _add_channels(kb: int, subject: str, product: str | None, claims: list[StoredClaim], belief: Belief) -> None:
    """Add a row for each channel that the articles of a KB list now."""
    fields = by_field(c for c in claims if c.gone_at is None)
    for channel in sorted(name for name in fields if not name.endswith("_note")):
        available = belief.pick(subject, channel, fields[channel])
        number = stable_id(subject, product, channel)
        belief.facts.kb_channels[number] = {
            "kb_channel": number, "kb": kb, "product": product, "channel": channel, "is_available": int(available) if available else None,
            "note": belief.pick(subject, f"{channel}_note", fields.get(f"{channel}_note", [])), "subject": subject,
        }  # fmt: skip


def _add_change_log(kb: int, subject: str, claims: list[StoredClaim], belief: Belief) -> None:
    """Add a row for each line of the change logs of a KB's articles."""
    for claim in claims:
        if claim.gone_at is None and claim.value:
            number = stable_id(claim.page_url, claim.field, claim.value)
            belief.facts.article_changes[number] = {
                "article_change": number, "url": claim.page_url, "kb": kb, "changed_on": claim.field[:10], "description": claim.value,
                "subject": subject,
            }  # fmt: skip
            belief.support(subject, [claim])


def _end_moved(claims: list[StoredClaim]) -> Iterator[StoredClaim]:
    """Yield the claims. End a claim of an old address when the same article is first read at its new one (the site moved in July 2026).

    A KB may have an article that moved and another, of an old Windows 10, that did not: they differ in builds or products.
    """
    builds: dict[str, set[str]] = defaultdict(set)
    products: dict[str, set[str]] = defaultdict(set)
    moved_at: dict[str, str] = {}
    for claim in claims:
        if "/servicing/" in claim.page_url:
            moved_at[claim.page_url] = min(moved_at.get(claim.page_url, claim.first_seen_at), claim.first_seen_at)
        if claim.name == "build":
            builds[claim.page_url].add(claim.value or "")
        elif claim.name == "applies_to":
            products[claim.page_url] |= set((claim.value or "").split())

    def is_same(page: str, other: str) -> bool:
        # 26100 is both Windows Server 2025 and Windows 11: where one page states no products, all their builds must be the same.
        if products[page] and products[other]:
            return bool(products[page] & products[other])
        return builds[page] == builds[other]

    for claim in claims:
        successors = [] if claim.page_url in moved_at else [at for page, at in moved_at.items() if is_same(claim.page_url, page)]
        if not successors:
            yield claim
        elif claim.first_seen_at < min(successors):
            yield claim._replace(gone_at=min([*successors, *([claim.gone_at] if claim.gone_at else [])]))


# --- the groups -----------------------------------------------------------------------------------------------------


def _by_place(claims: Iterable[StoredClaim]) -> dict[tuple[str, str, str], dict[str, list[StoredClaim]]]:
    """Return claims by place (source, page and section) and field, the last seen last."""
    places: dict[tuple[str, str, str], dict[str, list[StoredClaim]]] = defaultdict(lambda: defaultdict(list))
    for claim in sorted(claims, key=lambda c: (c.source, c.page_url, c.section, c.last_seen_at)):
        places[claim.place][claim.field].append(claim)
    return places


def _whole_subject(subject: str) -> str:
    return subject


def _second_part(subject: str) -> str:
    return subject.split("/")[1]


def _read_subject(conn: sqlite3.Connection, key: str) -> list[StoredClaim]:
    return claims_where(conn, "subject = ?", (key,))


def _read_month(conn: sqlite3.Connection, key: str) -> list[StoredClaim]:
    return claims_where(conn, "subject = ?", (f"msrc/{key}",))


def _read_cve(conn: sqlite3.Connection, key: str) -> list[StoredClaim]:
    own = claims_where(conn, "subject = ?", (f"cve/{key}",))
    remedies = sorted({"remediation" + c.name.removeprefix("fixed") for c in own if c.name.startswith("fixed/")})
    return own + [claim for subject in remedies for claim in claims_where(conn, "subject = ?", (subject,))]


def _read_copy(conn: sqlite3.Connection, key: str) -> list[StoredClaim]:
    own = claims_where(conn, "subject > ? and subject < ?", (f"kb_cves/{key}/", f"kb_cves/{key}0"))
    msrc = {f"msrc/{c.section}" for c in own} | {f"remediation/{c.subject.split('/')[2]}/{key}" for c in own}
    return own + [claim for subject in sorted(msrc) for claim in claims_where(conn, "subject = ?", (subject,))]


def _read_kb(conn: sqlite3.Connection, key: str) -> list[StoredClaim]:
    own = claims_where(conn, "subject > ? and subject < ?", (f"issue/{key}/", f"issue/{key}0"))
    return own + claims_where(conn, "subject in (?, ?, ?)", (f"article/{key}", f"channel/{key}", f"change_log/{key}"))


GROUP_KINDS: Final = (
    GroupKind(("price",), _whole_subject, _read_subject, (("prices", "subject = ?"),), _resolve_price),
    GroupKind(("eligibility",), _whole_subject, _read_subject, (("eligibility", "subject = ?"),), _resolve_eligibility),
    GroupKind(("msrc",), _second_part, _read_month, (("security_months", "month = ?"),), _resolve_month),
    # Before MSRC's own rows of the same KBs are written, those of a copy go.
    GroupKind(
        ("kb_cves",), _second_part, _read_copy, (("kb_cves", "kb = ? and subject >= 'kb_cves/' and subject < 'kb_cves0'"),), _resolve_copy
    ),
    GroupKind(("cve",), _second_part, _read_cve, (("kb_cves", "cve = ? and subject >= 'cve/' and subject < 'cve0'"),), _resolve_cve),
    GroupKind(
        ("issue", "channel", "change_log"),
        _second_part,
        _read_kb,
        (("known_issues", "kb = ?"), ("kb_channels", "kb = ?"), ("article_changes", "kb = ?")),
        _resolve_kb,
    ),
)
