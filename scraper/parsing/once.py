"""One reading per page: ``parse``, ``unread`` and ``follow`` of a source take the same page, one after another."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

from hotpatch_kb.db.model.claims import Page

Result = TypeVar("Result")

# One entry, whichever reader it is from: a document takes up to a hundred times the memory of its page.
_KEPT: Final[dict[Callable[[Page], Any], tuple[Page, Any]]] = {}


def once_per_page(read: Callable[[Page], Result]) -> Callable[[Page], Result]:
    """Keep the result of ``read`` until another page is read; the same ``Page`` object gets it again.

    For functions that are pure and whose result nobody changes.
    """

    @wraps(read)
    def read_once(page: Page) -> Result:
        kept = _KEPT.get(read)
        if kept is not None and kept[0] is page:
            result: Result = kept[1]
            return result
        _KEPT.clear()
        result = read(page)
        _KEPT[read] = (page, result)
        return result

    return read_once
