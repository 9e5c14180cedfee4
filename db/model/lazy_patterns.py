"""Patterns that are compiled when they are first used: a lookup is a process of its own, and compiling all of ours takes as long as answering."""

from __future__ import annotations

import re
from typing import Any, cast

_METHODS = ("match", "fullmatch", "search", "sub", "split", "finditer", "findall")


class _Pattern:
    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # Only for what the object does not have yet: afterwards a method is found as fast as that of any object.
        compiled = re.compile(self.pattern, self._flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def lazy(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern as ``re.compile`` makes it, a little later.

    >>> lazy("[0-9]+").findall("26100.32772")
    ['26100', '32772']
    """
    return cast("re.Pattern[str]", _Pattern(pattern, flags))
