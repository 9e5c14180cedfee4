"""Tell versions of other systems from builds that cannot be read: a mixed fleet has hosts of ESXi, Linux and macOS beside Windows.

Only where a machine states no build of Windows: a name never makes a known build unknown. Standard library alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.product_names import read_name

_SHOWN: Final = 60  # characters
# "8.0.3" of ESXi, "5.15.0-101-generic", "7.9 (Maipo)", "24F74" of macOS, "24280767" of ESXi; builds of Windows have five digits
_VERSION: Final = lazy(r"v?\d{1,3}(?:\.\d{1,6}){1,4}(?:[-+~_. ]*[\w()]+)*|\d{2}[A-Z]\d{1,4}[a-z]?|\d{6,9}")
_DOTTED: Final = lazy(r"\d{1,2}(?:\.\d{1,3}){1,3}")
_OLD_WINDOWS: Final = re.compile(r"10\.0(?:\.|$)|6\.[0-3](?:\.|$)")
_LONG_NUMBER: Final = lazy(r"\d{7,9}")
_EIGHT_DIGITS: Final = lazy(r"(?!20[12]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))\d{8}")  # 20260714 is a day
_OF_WINDOWS: Final = lazy(r"windows|\bwin\W?\d|\bserver\b|\b10\.0\b|(?<!\d)(?:1[0-9]|2[0-9])\d{3}(?![\d-])", re.IGNORECASE)
# Systems that say their name in the text of a version: "VMware ESXi 8.0.3 build-24280767", "Linux 6.8.0-45-generic"
_NAMED: Final = lazy(
    r"\b(?:esxi?|vmware|vcenter|vsphere|linux|ubuntu|debian|red ?hat|rhel|centos|rocky|alma ?linux|suse|sles|fedora|darwin|mac ?os|ios|ipados|android|chrome ?os|freebsd|aix|solaris|hp-?ux|photon|xenserver"
    r"|proxmox|nutanix|ahv|ios-xe|nx-os|junos|fortios|pan-os|ontap)\b", re.IGNORECASE,
)  # fmt: skip
_LETTERS: Final = re.compile(r"[^\W\d_]{2}")


def names_other_system(text: str) -> bool:
    """Return whether a text names a system that is not Windows.

    >>> names_other_system("Android (personally-owned work profile)"), names_other_system("Windows 11")
    (True, False)
    """
    return _NAMED.search(text) is not None and _OF_WINDOWS.search(text) is None


def not_covered(text: str, name: str = "") -> Message | None:
    """Return why a text is the version of another system; None where it is not, or may be a build of Windows that is written wrongly.

    Args:
        text: what an inventory has as a build; it has no build of Windows.
        name: what it has as the name of the system, "" where it has none.

    >>> str(not_covered("5.15.0-101", "Ubuntu 24.04"))
    "not covered: Ubuntu 24.04, '5.15.0-101' is not a build of Windows"
    >>> not_covered("2610.8875"), not_covered("2610.8875", "Windows 11")
    (None, None)
    """
    shown = text[:_SHOWN]
    if _NAMED.search(text) and not _OF_WINDOWS.search(re.sub(r"build-\d+", "", text)):
        return Message("not covered: {name}", name=shown)
    if _OF_WINDOWS.search(name) or (read_name(name).is_understood and name):
        return None
    if (_LETTERS.search(name) and _VERSION.fullmatch(text)) or names_other_system(name):
        return Message("not covered: {name}, {text!r} is not a build of Windows", name=name[:_SHOWN], text=shown)
    return (
        Message("not covered: {text!r} is a build of another product, such as ESXi", text=shown) if _EIGHT_DIGITS.fullmatch(text) else None
    )


def of_columns(texts: Iterable[str]) -> Message | None:
    """Return why several columns of a row are of another system: one has its version, one a build of seven digits or more; None where they are not.

    >>> str(of_columns(["8.0.3", "24280767"])), of_columns(["10.0.26100", "33158"])
    ("not covered: '24280767' is a build of another product, such as ESXi", None)
    """
    texts = list(texts)
    numbers = [text for text in texts if _LONG_NUMBER.fullmatch(text)]
    others = [text for text in texts if _DOTTED.fullmatch(text) and not _OLD_WINDOWS.match(text)]
    if not numbers or len(numbers) + len(others) < max(2, len(texts)):
        return None
    return Message("not covered: {text!r} is a build of another product, such as ESXi", text=numbers[0])
