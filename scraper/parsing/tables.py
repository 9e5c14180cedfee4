"""What tables of Learn have in common: the names of their columns, and cells that say that nothing is known yet."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from hotpatch_kb.db.model.notation import Build, build, builds_in, plain

# Other names of a column that no page has had so far and that leave no doubt: "Release date" for "Availability date".
_OTHER_NAMES: Final = {
    "availability date": re.compile(r"(?:release|available|publication) date|date(?: of (?:release|availability))?"),
    "build": re.compile(r"os build(?: number)?|build (?:number|version)"),
    "kb article": re.compile(r"kb(?: (?:number|id|link))?|kb articles|(?:support |knowledge base )?article(?: \(kb\))?"),
    "type": re.compile(r"(?:release|hotpatch|servicing) type"),
    "update type": re.compile(r"update"),
    "month": re.compile(r"calendar month|release month"),
}
# A cell of a month that is planned: "", "TBD", "—", "Not yet released"
_NOTHING_YET: Final = re.compile(
    r"|tb[dac]|n/?a|-+|to be (?:determined|announced|confirmed)|not (?:yet )?(?:available|released|applicable)|coming soon|planned|pending",
    re.IGNORECASE,
)


def canonical(header: Collection[str], needed: Collection[str]) -> list[str]:
    """Return the names of a table's columns in lower case, each that is needed and has another name under its usual one.

    A name that two columns could have stays: which of them is meant is not known.

    >>> canonical(["Month", "Release date"], ["month", "availability date"])
    ['month', 'availability date']
    """
    names = [plain(name).casefold() for name in header]
    for usual in sorted(set(needed) - set(names)):
        others = [name for name in names if usual in _OTHER_NAMES and _OTHER_NAMES[usual].fullmatch(name)]
        if len(others) == 1:
            names[names.index(others[0])] = usual
    return names


def is_not_yet_known(text: str) -> bool:
    """Return whether a cell is empty or says that there is nothing yet.

    >>> is_not_yet_known("TBD"), is_not_yet_known("—"), is_not_yet_known("26100.32772")
    (True, True, False)
    """
    return _NOTHING_YET.fullmatch(plain(text)) is not None


def build_of(text: str, number: int | None) -> Build:
    """Return the build of a cell in a table of a product; of several builds the one with the product's number, "26200.9012 and 26100.9012".

    Raises:
        UnexpectedPage: it holds no build, or several that may be meant.
    """
    own = [listed for listed in builds_in(text) if listed.number == number]
    if len(own) == 1 and re.fullmatch(r"(?:OS builds?|and|or|[\d.,;/()\s])+", text, re.IGNORECASE):
        return own[0]
    return build(text)
