"""Tables of installed KBs beside an inventory: a row per machine and KB, as ``Get-HotFix`` and Configuration Manager have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotpatch_kb.db.fleet.inventory import Row


class Hotfixes:
    """The KBs of each machine that may decide. A machine is told by the first part of its name, in any case."""

    def __init__(self, rows: Iterator[Row], reduced: Callable[[str, str], str]) -> None:
        """Reads a table; only what may decide is kept, 0.2 kB a machine.

        Args:
            rows: of an inventory that was opened with ``needs="kbs"``.
            reduced: keeps of a text's KBs what may decide (``Judge.reduced``).
        """
        self._kbs: dict[str, set[str]] = {}
        for row in rows:
            host = _bare(row.machine["host"])
            if host and (found := reduced(row.machine["kbs"], "")):
                self._kbs.setdefault(host, set()).update(found.split())

    def with_kbs(self, host: str, kbs: str) -> str:
        """A machine's KBs as ``reduced`` leaves them, with those of this table."""
        found = self._kbs.get(_bare(host))
        return " ".join(sorted(found.union(kbs.split()))) if found else kbs


def _bare(host: str) -> str:
    return host.strip().partition(".")[0].removesuffix("$").casefold()
