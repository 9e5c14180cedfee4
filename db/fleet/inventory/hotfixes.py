"""Tables of installed KBs beside an inventory: a row per machine and KB, as ``Get-HotFix`` and Configuration Manager write them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from hotpatch_kb.db.fleet.inventory.updates import Said, installed_ones
from hotpatch_kb.db.model.errors import BadInput

_ADDRESS: Final = re.compile(r"[0-9.]+|[0-9a-f.]*:[0-9a-f:.%\w]*")


class Hotfixes:
    """The installed KBs of each machine that may change its verdict.

    Machines are compared in any case. A name without a domain (``Get-HotFix`` has only those) means the machine with
    that name in any domain, if there is just one.
    """

    def __init__(self, machines: Iterable[Mapping[str, str]], reduced: Callable[[str, str], str]) -> None:
        """Read a table. Only KBs that may change a verdict are kept, 0.2 kB per machine.

        Args:
            machines: ``host`` and ``kbs`` of each row, and where the row says it ``not_installed`` and ``day``. A KB that one row denies counts only if days
                say that it was installed later.
            reduced: drops KBs that cannot change a verdict (``Judge.reduced``).
        """
        self._kbs: dict[str, set[str]] = {}
        denied: dict[tuple[str, str], list[Said]] = defaultdict(list)
        days: dict[tuple[str, str], list[Said]] = defaultdict(list)
        self._full_names: dict[str, set[str]] = defaultdict(set)  # names with a domain, by the bare ones
        self._asked: dict[str, str] = {}  # the full name for which a bare one was taken
        for machine in machines:
            host = _host(machine["host"])
            if not host:
                continue
            if (bare := _bare(host)) != host:
                self._full_names[bare].add(host)
            if kbs := reduced(machine["kbs"], ""):
                self._kbs.setdefault(host, set()).update(kbs.split())
                if day := machine.get("day", ""):
                    for kb in kbs.split():
                        days[host, kb].append(Said(True, day=day))
            for kb in reduced(machine.get("not_installed", ""), "").split():
                denied[host, kb].append(Said(False, is_denied=True, day=machine.get("day", "")))
        self._denied: dict[str, set[str]] = defaultdict(set)
        for (host, kb), said in denied.items():
            if not installed_ones((kb, one) for one in [*said, *days[host, kb]]):
                self._denied[host].add(kb)

    def with_kbs(self, host: str, kbs: str) -> str:
        """Return a machine's KBs, as ``reduced`` leaves them, with those of this table.

        Raises:
            BadInput: two machines of the inventory may be the one that the table names without a domain.
        """
        installed, denied = self._of(_host(host)), self._denied_of(_host(host))
        return " ".join(sorted(installed.union(kbs.split()) - denied)) if installed or denied else kbs

    def _denied_of(self, host: str) -> set[str]:
        """Return what the table denies for a machine under any name that may be its own."""
        if not self._denied:
            return set()
        names = {host, _bare(host)} if _bare(host) != host else {host, *self._full_names.get(host, ())}
        return set().union(*(self._denied.get(name, set()) for name in names))

    def _of(self, host: str) -> set[str]:
        installed = self._kbs.get(host, set())
        bare = _bare(host)
        if bare == host:
            full_names = self._full_names.get(host, set())
            # srv1 is srv1.example.com, unless there is a srv1.example.net as well.
            return installed.union(*(self._kbs.get(name, set()) for name in full_names)) if len(full_names) == 1 else installed
        if bare in self._kbs and not self._full_names.get(bare, set()) - {host}:
            if (other := self._asked.setdefault(bare, host)) != host:
                raise BadInput(
                    "expected one machine {bare!r}, as the table of installed KBs calls it, got {first!r} and {second!r}: use full names there",
                    bare=bare, first=other, second=host,
                )  # fmt: skip
            return installed | self._kbs[bare]
        return installed


def _host(text: str) -> str:
    return text.strip().strip("\\").rstrip(".").removesuffix("$").casefold()


def _bare(host: str) -> str:
    """Return a name without its domain; an address has none."""
    return host if _ADDRESS.fullmatch(host) else host.partition(".")[0].removesuffix("$")
