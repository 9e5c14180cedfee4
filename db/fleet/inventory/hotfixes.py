"""Tables of installed KBs beside an inventory: a row per machine and KB, as ``Get-HotFix`` and Configuration Manager write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping


class Hotfixes:
    """The installed KBs of each machine that may change its verdict. Machines are compared by the first part of their name, in any case."""

    def __init__(self, machines: Iterable[Mapping[str, str]], reduced: Callable[[str, str], str]) -> None:
        """Read a table. Only KBs that may change a verdict are kept, 0.2 kB per machine.

        Args:
            machines: ``host`` and ``kbs`` of each row.
            reduced: drops KBs that cannot change a verdict (``Judge.reduced``).
        """
        self._kbs: dict[str, set[str]] = {}
        for machine in machines:
            host = _bare(machine["host"])
            if host and (kbs := reduced(machine["kbs"], "")):
                self._kbs.setdefault(host, set()).update(kbs.split())

    def with_kbs(self, host: str, kbs: str) -> str:
        """Return a machine's KBs, as ``reduced`` leaves them, with those of this table."""
        installed = self._kbs.get(_bare(host))
        return " ".join(sorted(installed.union(kbs.split()))) if installed else kbs


def _bare(host: str) -> str:
    return host.strip().partition(".")[0].removesuffix("$").casefold()
