"""CVEs that stay open on a machine that lacks nothing of the hotpatch line, as a verdict says it. Standard library alone.

A component with the build of a hotpatch closes them, so that the build alone cannot tell whether they are open. Components never decide a
verdict: it stays "current", and its reason says what that depends on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hotpatch_kb.db.answers.exposure.open_issues import hotpatches_had
from hotpatch_kb.db.answers.product_facts import Product, Release
from hotpatch_kb.db.model.messages import Message, Messages
from hotpatch_kb.db.model.notation import kb_text
from hotpatch_kb.light_typing import Final, NamedTuple

_NAMED: Final = 3  # CVEs that a reason names
_UNLESS: Final = (
    "{cves} is open unless its companion {kb} is installed, which the build does not show",
    "{cves} are open unless their companion {kb} is installed, which the build does not show",
)
_ELSE: Final = ("{cves} is open until {kb} is installed", "{cves} are open until {kb} is installed")
_WITHOUT: Final = ("{cves} is open until the next baseline", "{cves} are open until the next baseline")
# Text that only these forms have, for engines that have the text of a reason alone.
IN_TEXT: Final = r"\b(is|are) open (unless|until) "


def left_open(product: Product, release: Release, day: str, kb: int | None) -> list[Message]:
    """Return which CVEs stay open on a machine with a release of the hotpatch line, and what closes them.

    Args:
        product: of the release.
        release: the newest that the machine has.
        day: ISO date; what came later does not count.
        kb: a KB that the machine is known to have; None where none is known.
    """
    cves: dict[int | None, list[str]] = {}
    hotpatches = hotpatches_had(product, release)
    gaps = [row for row in product.named if row["kind"] == "gap"] if hotpatches else []
    for number, hotpatch in enumerate(hotpatches):
        had = {str(row.kb) for row in (*hotpatches[number + 1 :], release)} | {str(kb)}
        for gap in gaps:
            if gap["kb"] == hotpatch.kb and had.isdisjoint((gap["why"] or "").split(",")):
                companion = next((r.kb for r in product.releases if r.kb == gap["supersedes"] and (r.release_date or "") <= day), None)
                cves.setdefault(companion, []).append(gap["text"])
    return [_open(product, release, companion, sorted(set(of_companion))) for companion, of_companion in cves.items()]


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

    kbs: tuple[str, ...]
    cves: str

    def words(self) -> str:
        """Return what has to be added to "current" or "patched" for it to be true, in English."""
        return f"only if {' and '.join(self.kbs)} is installed too" if self.kbs else f"except for {self.cves}"


def condition(verdict: str, reason: Iterable[Message]) -> Condition | None:
    """Return what the verdict "current" depends on, by its reason; None where it depends on nothing."""
    if verdict != "current":
        return None
    found = [message for message in _said(reason) if message.form in {*_UNLESS, *_ELSE, *_WITHOUT}]
    kbs = tuple(dict.fromkeys(str(message.values["kb"]) for message in found if "kb" in message.values))
    cves = dict.fromkeys(str(message.values["cves"]) for message in found)
    return Condition(kbs, ", ".join(cves)) if found else None


def _said(reason: Iterable[Message]) -> Iterator[Message]:
    """Yield the messages of a reason, and those in them: a machine that may be of several products has a reason for each."""
    for message in reason:
        yield message
        for value in message.values.values():
            if isinstance(value, Messages):
                yield from _said(value)
