"""What is inferred of a release and not stated: the texts of the column ``derived_from``, and how they are read for readers of other languages."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from hotpatch_kb.db.model.messages import Message

BASELINE_OF_ITS_DAY: Final = "KB and build of the baseline: the LCU of its product and day"
LAST_PLANNED: Final = "baseline: no page lists one; the B release of {month}, the last planned baseline month before it"
OTHER_VERSION: Final = "build: the revision of {build}, the other version's of the same KB"
NAMED: Final = "named by {names}; no list of releases has it"
FORMS: Final = (BASELINE_OF_ITS_DAY, LAST_PLANNED, OTHER_VERSION, NAMED)
_NAMES: Final = " and "
_BETWEEN: Final = "; "


def named(names: list[str]) -> str:
    """Return what names a release that no list has."""
    return NAMED.format(names=_NAMES.join(names))


def joined(*texts: str | None) -> str:
    """Return texts as one."""
    return _BETWEEN.join(text for text in texts if text)


@cache
def _pattern(form: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(form)))


def messages_of(text: str) -> list[Message | str]:
    """Return the sentences of a text, as messages; what none of the forms has written is a sentence as it is.

    >>> messages_of("build: the revision of 26100.6725, the other version's of the same KB; no form")
    [Message("build: the revision of {build}, the other version's of the same KB", build='26100.6725'), 'no form']
    """
    found: list[Message | str] = []
    while text:
        for form in FORMS:
            match = _pattern(form).match(text)
            if match and text[match.end() :].startswith((_BETWEEN, "")[match.end() == len(text)]):
                values: dict[str, object] = dict(match.groupdict())
                if form == NAMED:
                    values["names"] = _in_a_list(match["names"].split(_NAMES))
                found.append(Message(form, **values))
                text = text[match.end() + len(_BETWEEN) :]
                break
        else:
            found.append(text)
            break
    return found


def _in_a_list(names: list[str]) -> Message:
    """Return names as a message: "MSRC and its article"."""
    first, *others = names
    said = Message(first)
    for name in others:
        said = Message("{one} and {other}", one=said, other=Message(name))
    return said
