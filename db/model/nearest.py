"""Why a text cannot be read as a query, and the readings that are nearest to it. Imported only where a query cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher, get_close_matches
from typing import Final

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.notation import BUILD_TEXT, MONTHS
from hotpatch_kb.db.model.product_names import other_of_build, read_name
from hotpatch_kb.db.model.products import BUILD_NUMBERS, KNOWN

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
_ALIKE: Final = 0.6  # as difflib's own cutoff
_MAX_COMPARED: Final = 100  # characters
# "2610.32772": a digit too few or too many
_MISTYPED: Final = lazy(r"(?<![0-9.])([0-9]{4}|[0-9]{6})\.([0-9]{1,5})(?![0-9.])")
# "7601", "6.1.7601", "Microsoft Windows [Version 6.1.7601]", "7601.24545": versions before Windows 10
_OLD_BUILD: Final = lazy(
    r"(?:microsoft windows )?\[?(?:version|ver|v|os build|build)?[\s:]*(?:[56]\.[0-3]\.)?(?P<number>[0-9]{4})(?:\.[0-9]{1,5})?\]?",
    re.IGNORECASE,
)
_NO_MONTH: Final = lazy(r"(?P<year>20[0-9]{2})[-./](?P<month>[0-9]{1,2})")


def explain(text: str) -> None:
    """Raise what is wrong with a text that cannot be read, where that is known: a system that is not covered, or no month.

    Raises:
        BadInput: always where the reason is known; else the nearest readings are the answer.
    """
    match = _OLD_BUILD.fullmatch(text)
    if name := (other_of_build(match["number"]) if match else None) or (text if read_name(text).is_other else None):
        raise BadInput("{name} is not covered: only Windows 10, Windows 11 and Windows Server since 2016 are", name=name[:60])
    if (month := _NO_MONTH.fullmatch(text)) is not None:
        number = int(month["month"])
        if 1 <= number <= len(MONTHS):
            raise BadInput(
                'expected a month such as 2026-06, got {got!r}; nearest: lookup "{close}"', got=text, close=f"{month['year']}-{number:02d}"
            )
        raise BadInput("expected a month from {year}-01 to {year}-12, got {got!r}", year=month["year"], got=text)


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


def is_near(text: str, found: str) -> bool:
    """Return whether a nearest reading is like a text, or a part of it: the least unlike of all names may have nothing in common with it.

    >>> is_near("261OO.32772", "26100.32772"), is_near("what is KB5087423?", "KB5087423"), is_near("foo", "Windows 11, version 26H1")
    (True, True, False)
    """
    text, found = text.casefold().strip(), found.casefold()
    return found in text or SequenceMatcher(None, text[:_MAX_COMPARED], found).ratio() >= _ALIKE


def _candidates(text: str) -> Iterator[str]:
    for match in _MISTYPED.finditer(text):
        for number in get_close_matches(match[1], sorted(map(str, BUILD_NUMBERS)), n=2, cutoff=0.7):
            yield f"{number}.{match[2]}"
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
