"""Facts that follow from the claims of a few subjects alone: prices, eligibility, known issues, channels, CVEs.

Releases and calendars hang together and are resolved as a whole (``hotpatch_kb.db.facts.releases``). These do not: each group is resolved by itself, and
only where one of its claims changed, so that a further month of CVEs costs what that month holds and not what all months hold.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from hotpatch_kb.db.facts.precedence import Belief, Row, Stated, by_field
from hotpatch_kb.db.facts.release_claims import is_misplaced
from hotpatch_kb.db.facts.snapshots import claims_of
from hotpatch_kb.db.model.ids import stable_id
from hotpatch_kb.db.model.products import named

# The most severe first: a CVE may differ between the x64, ARM64 and Core forms of one product.
SEVERITIES: Final = ("Critical", "Important", "Moderate", "Low")


class Group(NamedTuple):
    """A kind of group.

    Attributes:
        kinds: of the subjects whose claims make it.
        key: names the group of a subject.
        read: the claims that it follows from.
        tables: where its rows are: table and the column that holds the key.
        resolve: the facts that follow.
    """

    kinds: tuple[str, ...]
    key: Callable[[str], str]
    read: Callable[[sqlite3.Connection, str], list[Stated]]
    tables: tuple[tuple[str, str], ...]
    resolve: Callable[[Resolution, str, list[Stated]], None]


class Resolution(Belief):
    """Resolves one group."""

    def __init__(self, belief: Belief, products_of: Mapping[int, tuple[str, ...]]) -> None:
        """Begins with no facts.

        Args:
            belief: whose precedence and corrections count here too.
            products_of: the servicing lines of each released KB.
        """
        super().__init__(belief.precedence, belief.corrections)
        self._products_of = products_of

    def price(self, subject: str, claims: list[Stated]) -> None:
        """Prices as their sources state them: no source wins over another, the view shows where they disagree.

        A price that a page no longer states was one until then; a row that a table of ours no longer has was wrong.
        """
        _, service, product, meter, currency_unit, condition, *_ = subject.split("/")
        currency, _, unit = currency_unit.partition(" ")
        for (source, page_url, section), places in _by_place(claims).items():
            for amount in [claim for name, found in places.items() if name.partition("#")[0] == "amount" for claim in found]:
                if self._value(amount) is None or (amount.gone_at and page_url.startswith("db/")):
                    continue
                # What the same place stated beside this amount, while it stood.
                stated = {name: self._beside(amount, found) for name, found in places.items()}
                # Each time that a price list stated an amount is a price of its own; a table of ours states one.
                number = stable_id(
                    subject, source, page_url, section, *([] if page_url.startswith("db/") else [amount.first_seen_at, amount.field])
                )
                self.facts.prices[number] = {
                    "price": number, "service": service, "product": None if product == "-" else product, "meter": meter,
                    "unit": unit.replace(" per ", "/"), "currency": currency, "region": stated.get("region"),
                    "amount": float(self._value(amount) or 0),
                    "valid_from": stated.get("valid_from") or (None if page_url.startswith("db/") else amount.known_from[:10]),
                    "valid_to": stated.get("valid_to") or (amount.gone_at or "")[:10] or None,
                    "condition": "" if condition == "-" else condition, "note": stated.get("note"),
                    "source_url": section if page_url.startswith("db/") else page_url,
                    "trust": stated.get("trust") or "price list", "subject": subject,
                }  # fmt: skip
                self.facts.fact_claims.add((subject, amount.claim))
                self.facts.fact_claims |= {
                    (subject, c.claim)
                    for name, found in places.items()
                    for c in found
                    if name != "amount" and self._stood_beside(amount, c)
                }

    def _beside(self, amount: Stated, found: Iterable[Stated]) -> str | None:
        beside = [c for c in found if self._stood_beside(amount, c)]
        return self._value(beside[-1]) if beside else None

    @staticmethod
    def _stood_beside(amount: Stated, other: Stated) -> bool:
        return other.first_seen_at <= amount.last_seen_at and (other.gone_at is None or other.gone_at > amount.first_seen_at)

    def eligibility(self, subject: str, claims: list[Stated]) -> None:
        """Who may have hotpatching, as documents state it."""
        names = ("product", "publisher", "offer", "sku", "edition", "platform", "is_eligible", "requirement")
        by_address: dict[str, Row] = {}
        for (source, page_url, section), places in _by_place([c for c in claims if c.gone_at is None]).items():
            stated = {name: found[-1] for name, found in places.items()}
            values: Row = {name: self._value(stated[name]) if name in stated else None for name in names}
            values["is_eligible"] = None if values["is_eligible"] is None else int(values["is_eligible"])
            number = stable_id(subject, source, page_url, section)
            address = section if page_url.startswith("db/") else page_url
            row = {"eligibility": number, "kind": subject.split("/")[1], **values, "source_url": address, "subject": subject}
            # A document that comes with the program and was read itself states a thing once ("db/" sorts before "https:").
            by_address[address] = row
            self.facts.fact_claims |= {(subject, claim.claim) for claim in stated.values()}
        self.facts.eligibility |= {row["eligibility"]: row for row in by_address.values()}

    def month(self, month: str, claims: list[Stated]) -> None:
        """A month of MSRC's data: its index and its document both state its dates."""
        subject = f"msrc/{month}"
        fields = by_field(claims)
        complete = self._pick(subject, "is_complete", fields["is_complete"])
        self.facts.security_months[month] = {
            "month": month, "released_on": self._pick(subject, "released_on", fields["released_on"]),
            "revised_on": self._latest(subject, fields["revised_on"]), "is_complete": None if complete is None else int(complete), "subject": subject,
        }  # fmt: skip

    def _latest(self, subject: str, claims: list[Stated]) -> str | None:
        """Documents are revised: the latest day that any page states is no disagreement with those before."""
        standing = [c for c in claims if c.gone_at is None and c.value]
        latest = max((c.value or "" for c in standing), default=None)
        self.facts.fact_claims |= {(subject, c.claim) for c in standing if c.value == latest}
        return latest

    def cve(self, cve: str, claims: list[Stated]) -> None:
        """Which KB fixes a CVE on which product."""
        subject = f"cve/{cve}"
        remedies: dict[str, list[Stated]] = defaultdict(list)
        for claim in claims:
            if claim.subject.startswith("remediation/"):
                remedies[claim.subject].append(claim)
        fixed: dict[tuple[int, str], list[Stated]] = defaultdict(list)
        for claim in claims:
            if claim.what.startswith("fixed/") and claim.gone_at is None:
                _, product, number = claim.what.split("/")
                fixed[int(number), product].append(claim)
        for (kb, product), stated in sorted(fixed.items()):
            found = remedies[f"remediation/{product}/{kb}"]
            if self._is_of_another_product(kb, product, found):
                continue
            severity = self._pick(subject, f"severity of KB{kb} on {product}", stated)
            month = min(c.section for c in stated)
            fields = by_field(c for c in found if c.gone_at is None and c.section == month)
            values = {name: self._first(fields.get(name, [])) for name in ("subtype", "supersedes_kb")}
            own = named(product).build_number
            builds = [self._value(c) or "" for c in fields.get("fixed_build", []) if self._value(c)]
            # A document may state another product's build beside the right one (KB5022836: 22000 and 22621, February 2023).
            builds.sort(key=lambda build: (own is not None and not build.startswith(f"{own}."), build))
            values["fixed_build"] = builds[0] if builds else None
            self.facts.kb_cves[kb, product, cve] = {
                "kb": kb, "product": product, "cve": cve, "severity": severity or None, "fixed_build": values["fixed_build"],
                "subtype": values["subtype"], "supersedes_kb": int(values["supersedes_kb"]) if values["supersedes_kb"] else None,
                "source_month": month, "subject": subject,
            }  # fmt: skip

    def _first(self, claims: Iterable[Stated]) -> str | None:
        return next((value for c in sorted(claims, key=lambda c: c.field) if (value := self._value(c))), None)

    def _is_of_another_product(self, kb: int, product: str, remedies: list[Stated]) -> bool:
        """MSRC lists a KB under a product that it is not for; the conflict stands with the KB's own release."""
        known = self._products_of.get(kb, ())
        return (
            bool(known)
            and product not in known
            and (is_misplaced(product, remedies) or not any(c.what == "fixed_build" and c.value for c in remedies))
        )

    def kb(self, key: str, claims: list[Stated]) -> None:
        """Known issues, channels and change log of a KB, of all its articles.

        A KB may have an article per product (KB5052105): what one says holds for the products that it applies to.
        """
        kb = int(key)
        current = list(_moved(claims))
        applies = {c.page_url: frozenset((self._value(c) or "").split()) for c in current if c.what == "applies_to" and c.gone_at is None}
        by_subject: dict[str, list[Stated]] = defaultdict(list)
        for claim in current:
            by_subject[claim.subject].append(claim)
        for subject, found in sorted(by_subject.items()):
            kind = subject.partition("/")[0]
            if kind in {"issue", "channel"}:
                for product, said in sorted(self._by_product(kb, found, applies).items(), key=lambda item: item[0] or ""):
                    (self._issue if kind == "issue" else self._channels)(kb, subject, product, said)
            elif kind == "change_log":
                self._change_log(kb, subject, found)

    def _by_product(self, kb: int, claims: list[Stated], applies: Mapping[str, frozenset[str]]) -> dict[str | None, list[Stated]]:
        """Claims by the products that they hold for: those of a row, else those that its article applies to, else those of the KB."""
        released = self._products_of.get(kb, ())
        rows = {c.page_url: frozenset((self._value(c) or "").split()) for c in claims if c.what == "products"}
        found: dict[str | None, list[Stated]] = defaultdict(list)
        for claim in claims:
            stated = rows.get(claim.page_url) or applies.get(claim.page_url) or frozenset()
            for product in sorted(stated & set(released)) or sorted(stated) or released or (None,):
                found[product].append(claim)
        return found

    @staticmethod
    def _together(claims: list[Stated]) -> list[Stated]:
        """What stands; where nothing does, what stood last: a reopened issue has nothing of its former resolution."""
        standing = [c for c in claims if c.gone_at is None]
        last = max(c.last_seen_at for c in claims)
        return standing or [c for c in claims if c.last_seen_at == last]

    def _issue(self, kb: int, subject: str, product: str | None, claims: list[Stated]) -> None:
        together = self._together(claims)
        fields = by_field(together)
        values = {
            name: self._pick(subject, name, fields[name])
            for name in ("title", "symptom", "workaround", "state", "resolved_by_kb", "opened_on", "resolved_on")
        }
        gone = None if together[0].gone_at is None else max(c.gone_at or "" for c in together)
        number = stable_id(subject, product)
        self.facts.known_issues[number] = {
            "known_issue": number, "kb": kb, "product": product, "issue": subject.split("/", 2)[2], **values,
            "title": values["title"] or subject.split("/", 2)[2], "state": values["state"] or "open",
            "resolved_by_kb": int(values["resolved_by_kb"]) if values["resolved_by_kb"] else None,
            "gone_since": gone, "article_url": min(c.page_url for c in together), "subject": subject,
        }  # fmt: skip
        self.facts.fact_claims |= {(subject, c.claim) for c in fields["products"]}

    def _channels(self, kb: int, subject: str, product: str | None, claims: list[Stated]) -> None:
        fields = by_field(c for c in claims if c.gone_at is None)
        for channel in sorted(name for name in fields if not name.endswith("_note")):
            available = self._pick(subject, channel, fields[channel])
            number = stable_id(subject, product, channel)
            self.facts.kb_channels[number] = {
                "kb_channel": number, "kb": kb, "product": product, "channel": channel, "is_available": int(available) if available else None,
                "note": self._pick(subject, f"{channel}_note", fields.get(f"{channel}_note", [])), "subject": subject,
            }  # fmt: skip

    def _change_log(self, kb: int, subject: str, claims: list[Stated]) -> None:
        for claim in claims:
            if claim.gone_at is None and claim.value:
                number = stable_id(claim.page_url, claim.field, claim.value)
                self.facts.article_changes[number] = {
                    "article_change": number, "url": claim.page_url, "kb": kb, "changed_on": claim.field[:10], "description": claim.value,
                    "subject": subject,
                }  # fmt: skip
                self.facts.fact_claims.add((subject, claim.claim))


def _by_place(claims: Iterable[Stated]) -> dict[tuple[str, str, str], dict[str, list[Stated]]]:
    """Claims by who states them (source, page and section) and field, the last seen last."""
    found: dict[tuple[str, str, str], dict[str, list[Stated]]] = defaultdict(lambda: defaultdict(list))
    for claim in sorted(claims, key=lambda c: (c.source, c.page_url, c.section, c.last_seen_at)):
        found[claim.source, claim.page_url, claim.section][claim.field].append(claim)
    return found


def _moved(claims: list[Stated]) -> Iterator[Stated]:
    """What pages of the site before July 2026 stated ended when the same article was first read under its new address.

    A KB may have an article that moved and another, of an old Windows 10, that did not: they are told apart by their builds and products.
    """
    builds: dict[str, set[str]] = defaultdict(set)
    products: dict[str, set[str]] = defaultdict(set)
    moved_at: dict[str, str] = {}
    for claim in claims:
        if "/servicing/" in claim.page_url:
            moved_at[claim.page_url] = min(moved_at.get(claim.page_url, claim.first_seen_at), claim.first_seen_at)
        if claim.what == "build":
            builds[claim.page_url].add(claim.value or "")
        elif claim.what == "applies_to":
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


def _itself(subject: str) -> str:
    return subject


def _second_part(subject: str) -> str:
    return subject.split("/")[1]


def _read_subject(conn: sqlite3.Connection, key: str) -> list[Stated]:
    return claims_of(conn, "subject = ?", (key,))


def _read_kb(conn: sqlite3.Connection, key: str) -> list[Stated]:
    own = claims_of(conn, "subject > ? and subject < ?", (f"issue/{key}/", f"issue/{key}0"))
    return own + claims_of(conn, "subject in (?, ?, ?)", (f"article/{key}", f"channel/{key}", f"change_log/{key}"))


def _read_month(conn: sqlite3.Connection, key: str) -> list[Stated]:
    return claims_of(conn, "subject = ?", (f"msrc/{key}",))


def _read_cve(conn: sqlite3.Connection, key: str) -> list[Stated]:
    own = claims_of(conn, "subject = ?", (f"cve/{key}",))
    remedies = sorted({"remediation" + c.what.removeprefix("fixed") for c in own if c.what.startswith("fixed/")})
    return own + [claim for subject in remedies for claim in claims_of(conn, "subject = ?", (subject,))]


GROUPS: Final = (
    Group(("price",), _itself, _read_subject, (("prices", "subject"),), Resolution.price),
    Group(("eligibility",), _itself, _read_subject, (("eligibility", "subject"),), Resolution.eligibility),
    Group(("msrc",), _second_part, _read_month, (("security_months", "month"),), Resolution.month),
    Group(("cve",), _second_part, _read_cve, (("kb_cves", "cve"),), Resolution.cve),
    Group(
        ("issue", "channel", "change_log"),
        _second_part,
        _read_kb,
        (("known_issues", "kb"), ("kb_channels", "kb"), ("article_changes", "kb")),
        Resolution.kb,
    ),
)
