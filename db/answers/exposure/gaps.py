"""CVEs that stay open on a machine that lacks nothing of the hotpatch line, as a verdict says it. Standard library alone.

A component with the build of a hotpatch closes them, so that the build alone cannot tell whether they are open. Components never decide a
verdict: it stays "current", and its reason says what that depends on.
"""

from __future__ import annotations

from collections.abc import Iterable

from hotpatch_kb.db.answers.exposure.open_issues import hotpatches_had
from hotpatch_kb.db.answers.product_facts import FEW, Facts, Product, Release
from hotpatch_kb.db.answers.stated_elsewhere import one_of
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.notation import kb_text
from hotpatch_kb.light_typing import Final, NamedTuple

_NAMED: Final = 3  # CVEs that a reason names
_UNLESS: Final = (
    "{cves} is open unless its companion {kb} is installed, which the build does not show",
    "{cves} are open unless their companion {kb} is installed, which the build does not show",
)
_ELSE: Final = ("{cves} is open until {kb} is installed", "{cves} are open until {kb} is installed")
_WITHOUT: Final = ("{cves} is open until the next baseline", "{cves} are open until the next baseline")
_GAPS: Final = """select g.product, g.hotpatch_kb, g.cve, g.companion_kb,
    (select group_concat(c.kb) from kb_cves as c where c.cve = g.cve and c.product = g.product) from cve_gaps as g"""


class _Gap(NamedTuple):
    """A CVE that a hotpatch leaves open, the update beside it that closes it, and all KBs that fix it on the product."""

    cve: str
    companion: int | None
    fixing: frozenset[int]


class Gaps:
    """The CVEs that hotpatches leave open, read when they are first asked for: in one statement for all products that were read by then."""

    def __init__(self, facts: Facts) -> None:
        """Take what was read of the database."""
        self._facts = facts
        self._read: dict[str, dict[int, list[_Gap]]] = {}

    def of(self, product: Product, release: Release, day: str, kb: int | None) -> list[Message]:
        """Return what stays open on a machine with a release, and what closes it.

        Args:
            product: of the release.
            release: the newest that the machine has.
            day: ISO date; what came later does not count.
            kb: a KB that the machine is known to have; None where none is known.
        """
        hotpatches = hotpatches_had(product, release)
        if not hotpatches:
            return []
        of_product = self._of_product(product.id)
        cves: dict[int | None, list[str]] = {}
        for number, hotpatch in enumerate(hotpatches):
            had = {row.kb for row in (*hotpatches[number + 1 :], release)} | {kb}
            for gap in of_product.get(hotpatch.kb or 0, ()):
                if gap.fixing.isdisjoint(had):
                    companion = next((r.kb for r in product.releases if r.kb == gap.companion and (r.release_date or "") <= day), None)
                    cves.setdefault(companion, []).append(gap.cve)
        return [_open(product, release, companion, sorted(set(of_companion))) for companion, of_companion in cves.items()]

    def _of_product(self, name: str) -> dict[int, list[_Gap]]:
        if name not in self._read:
            loaded = sorted({name} | {other.id for other in self._facts.products.values() if other.releases and other.id not in self._read})
            # Of a fleet all products were read: then so are all gaps.
            wanted = loaded if len(loaded) < FEW else sorted(self._facts.products)
            where = f" where {one_of('g.product', wanted)}"
            self._read |= {product: {} for product in wanted}
            for product, hotpatch, cve, companion, fixing in self._facts.conn.execute(_GAPS + where, wanted).fetchall():
                gap = _Gap(cve, companion, frozenset(map(int, (fixing or "").split(",") if fixing else ())))
                self._read[product].setdefault(hotpatch, []).append(gap)
        return self._read[name]


def _open(product: Product, release: Release, companion: int | None, cves: list[str]) -> Message:
    """Say which CVEs are open, and what closes them."""
    named = ", ".join(cves[:_NAMED]) + (", ..." if len(cves) > _NAMED else "")
    is_plural = len(cves) > 1
    if companion is None:
        return Message(_WITHOUT[is_plural], cves=named)
    # A later release has a later build, which the machine would show; a component of this build or an earlier one it does not.
    is_hidden = any(
        r.kb == companion and r.classification == "component" and (r.build is None or r.place <= release.place) for r in product.releases
    )
    return Message((_UNLESS if is_hidden else _ELSE)[is_plural], cves=named, kb=kb_text(companion))


class Condition(NamedTuple):
    """What "patched" depends on.

    Attributes:
        kbs: installed KBs without which it is not true; none where nothing that was released closes the CVEs.
        cves: what is open, as a reason names it.
    """

    kbs: list[str]
    cves: str


def condition(verdict: str, reason: Iterable[Message]) -> Condition | None:
    """Return what the verdict "current" depends on, by its reason; None where it depends on nothing."""
    found = [message for message in reason if message.form in {*_UNLESS, *_ELSE, *_WITHOUT}] if verdict == "current" else []
    kbs = list(dict.fromkeys(str(message.values["kb"]) for message in found if "kb" in message.values))
    return Condition(kbs, ", ".join(str(message.values["cves"]) for message in found)) if found else None
