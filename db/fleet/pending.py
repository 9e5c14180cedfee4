"""Find the installed KB that is newer than a machine's build: it was installed, and the machine was not restarted since.

The build decides the verdict all the same. A KB that waits for a restart makes no machine patched.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Final

from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.reading import builds_in

# From one baseline to the next. A restart that waits for longer is no explanation: the list of KBs is of another machine, or the build was read long
# before it. A year (2026-11) made so many kinds of machines of lists of KBs that DuckDB took five times as long.
_WINDOW: Final = timedelta(days=92)
_KB: Final = re.compile(r"(?<![0-9])[0-9]{6,7}(?![0-9])")

Place = tuple[str, int]


class Pending:
    """The KBs of the last three months before a day, by build number and product."""

    def __init__(
        self,
        releases: Mapping[str, Mapping[str, Mapping[str, tuple[Place, str]]]],
        hotpatches: Mapping[str, set[str]],
        day: str,
        previews: frozenset[str] = frozenset(),
    ) -> None:
        """Take what was released up to a day.

        Args:
            releases: the place (release date, revision) and the build of each KB, by build number and product.
            hotpatches: by product, the KBs that only its hotpatch line has.
            day: ISO date.
            previews: the KBs of previews, which nobody needs.
        """
        self._previews = previews
        self._hotpatches = hotpatches
        since = (date.fromisoformat(day) - _WINDOW).isoformat()
        self._places: dict[str, dict[str, dict[str, Place]]] = defaultdict(dict)
        self._of_build: dict[tuple[str, str], Place] = {}
        for number, products in releases.items():
            for product, kbs in products.items():
                self._places[number][product] = {kb: place for kb, (place, _) in kbs.items() if place[0] >= since}
                for place, build in kbs.values():
                    self._of_build[product, build] = max(place, self._of_build.get((product, build), place))
        self._releases = releases
        self.newer = cache(self._newer)
        self.lacks = lru_cache(maxsize=4096)(self._lacks)

    def _newer(self, build: str) -> dict[str, dict[str, Place]]:
        """Return by product the places of the KBs that are newer than a build."""
        found = {}
        for product, kbs in self._places.get(build.partition(".")[0], {}).items():
            own = self._of_build.get((product, build))
            if own and (newer := {kb: place for kb, place in kbs.items() if place > own}):
                found[product] = newer
        return found

    def _lacks(self, build: str, text: str) -> bool:
        """Return whether a text names the KB of a build, or a newer one that is no preview: who lacks it does not have the build, or is behind."""
        builds, named = builds_in(build), set(_KB.findall(text))
        if len(builds) != 1 or not named:
            return False
        for product, kbs in self._releases.get(builds[0].partition(".")[0], {}).items():
            own = self._of_build.get((product, builds[0]))
            if own and any(place >= own for kb in named.intersection(kbs) - self._previews for place, _ in [kbs[kb]]):
                return True
            if any(kbs[kb][1] == builds[0] for kb in named.intersection(kbs)):
                return True
        return False

    def by_number(self) -> dict[str, set[str]]:
        """Return by build number the KBs that may wait for a restart."""
        return {number: found for number, products in self._places.items() if (found := {kb for kbs in products.values() for kb in kbs})}

    def of(self, products: Iterable[str], build: str, kbs: frozenset[str]) -> tuple[str, Message] | None:
        """Return the newest installed KB that is newer than a build, and what to say of it; None where there is none.

        Args:
            products: those that the machine may have.
            build: its OS build.
            kbs: its KBs, as numbers.
        """
        newer = self.newer(build)
        listed = [(place, kb, product) for product in products for kb, place in newer.get(product, {}).items() if kb in kbs]
        if not listed:
            return None
        (day, _), kb, product = max(listed)
        if kb in self._hotpatches.get(product, ()):
            form = "KB{kb} of {day} is listed as installed, and the build {build} is older: collect the build again"
            return kb, Message(form, kb=kb, day=day, build=build)
        return kb, Message(
            "KB{kb} of {day} is listed as installed, and the build {build} is older: a restart seems to be pending",
            kb=kb,
            day=day,
            build=build,
        )
