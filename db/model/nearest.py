"""The readings that are nearest to a text that cannot be read as a query. Imported only where a query cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Final

from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.notation import BUILD_TEXT
from hotpatch_kb.db.model.product_names import read_name
from hotpatch_kb.db.model.products import KNOWN

# What may be a build, a KB, a CVE or a month inside a text, the most telling first.
_PARTS: Final = (
    lazy(rf"(?<![0-9]){BUILD_TEXT}"),
    lazy(r"KB[\s-]?[0-9]{6,7}|(?<![0-9])[0-9]{7}(?![0-9])", re.IGNORECASE),
    lazy(r"CVE[-\s]?[0-9]{4}[-\s][0-9]{4,7}", re.IGNORECASE),
    lazy(r"20[0-9]{2}[-./](?:0[1-9]|1[0-2])"),
)
_NUMBER: Final = lazy(r"(?<![0-9])(?<![0-9]{5}\.)[0-9]{5}(?![0-9])")
# What keyboards and OCR write in place of digits and points: "26100,32772", "261OO.32772", "26100 32772"
_TYPED: Final = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1", ",": ".", ";": ".", ":": ".", "_": "."})
_BETWEEN: Final = lazy(r"(?<=[0-9]{5})[\s.,;:/_-]+(?=[0-9])")
_MAX_WORDS: Final = 12


def nearest(text: str, read: Callable[[str], object | None]) -> tuple[str, str]:
    """Return the two nearest texts that can be read.

    Args:
        text: a query that cannot be read.
        read: what reads a query, and returns None where it cannot.

    Returns:
        parts of the text that can be read, else repairs of its digits, else the names of products that are most like it.
    """
    found: dict[str, None] = {}
    for candidate in _candidates(text):
        if candidate != text and read(candidate) is not None:
            found[candidate] = None
        if len(found) == 2:
            break
    first, second = found
    return first, second


def _candidates(text: str) -> Iterator[str]:
    typed = _BETWEEN.sub(".", text.translate(_TYPED))
    for pattern in _PARTS:
        for tried in (text, typed):
            yield from (match[0] for match in pattern.finditer(tried))
    numbers = dict.fromkeys(match[0] for match in _NUMBER.finditer(typed))
    yield from numbers
    yield from (product.product for product in KNOWN.values() if str(product.build_number) in numbers)
    words = text.split()[:_MAX_WORDS]
    for size in range(len(words) - 1, 0, -1):
        for start in range(len(words) - size + 1):
            yield " ".join(words[start : start + size])
    if family := read_name(text).family:  # "Windows 11 Pro"
        yield from (product.name for product in KNOWN.values() if product.product.startswith(family))
    names = {name.casefold(): name for product in KNOWN.values() for name in (product.name, product.product)}
    # Without a cutoff there are always two: the least unlike.
    yield from (names[close] for close in get_close_matches(text.casefold(), names, n=8, cutoff=0.0))
