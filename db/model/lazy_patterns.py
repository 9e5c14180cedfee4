"""Regular expressions that are compiled when they are first used.

A lookup is a process of its own and uses a few of our patterns, but importing our modules would compile them all, which takes as long as
the lookup itself. ``lazy`` returns an object that compiles its pattern when a method is first called, and behaves as that pattern.
"""

from __future__ import annotations

import re

from hotpatch_kb.light_typing import Any, cast

_METHODS = ("match", "fullmatch", "search", "sub", "split", "finditer", "findall")


class _LazyPattern:
    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # Python calls this only for attributes that the object does not have yet; afterwards a method is as fast as any other.
        compiled = re.compile(self.pattern, self._flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def lazy(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return a pattern as ``re.compile`` does, compiled when it is first used.

    >>> lazy("[0-9]+").findall("26100.32772")
    ['26100', '32772']
    """
    return cast("re.Pattern[str]", _LazyPattern(pattern, flags))
