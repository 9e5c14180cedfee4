"""Whether a row or an object about one update says that the update is installed: its status, its dates, its flags, and any other text of it.

Get-HotFix has installed updates alone; Configuration Manager, WSUS, Nessus and Update Manager list those that a machine lacks in the same shape. So
whatever such a row says besides the KB may only speak for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from hotpatch_kb.db.fleet.inventory.values import is_of_installed
from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.wording import denies, is_installed

# Names as ``columns.bare`` has them, in the languages of Windows.
_STATUS: Final = lazy(
    r"(?:stat(?:us|e|ut|o)|state?name|result|outcome|phase|disposition|condition|complian(?:ce|t)|zustand|estado|статус|состояние|状態|状态|狀態|상태|stan|durum|tilstand|stav|tila)$|^(?:compliance|status)"
)
_FLAG: Final = lazy(
    r"^(?:is|was)?(?:installed|present|success(?:ful)?|succeeded|applied|patched|complete)$|^installiert$|^installée?$|^instalad[oa]$"
)
_DAY: Final = lazy(
    r"install(?:ed|ation)?_?(?:on|date|day|time|at)$|(?:date|on|time)_?(?:of)?_?install(?:ed|ation)?$|installé(?:e)?le$|installiertam$|fechadeinstalación$"
)
_CODES: Final = {
    "resultcode": {"2"},
    "eventid": {"19"},
    "errorcode": {"0", "0x0", "0x00000000"},
    "hresult": {"0", "0x0", "0x00000000"},
    "error": {"0", "0x0", "none"},
    "exitcode": {"0"},
    "returncode": {"0"},
}
_SHARE: Final = lazy(r"progress|percent")
_PENDING: Final = lazy(r"re-?boot|re-?start|pending|uninstall|remov|superse|error|neustart|redémarr|reinici|再起動|重启")
_NO: Final = frozenset(
    {"", "0", "-", "no", "false", "n", "none", "null", "n/a", "na", "never", "nein", "non", "nie", "not set", "unknown", "{}", "[]"}
)
_LONGEST: Final = 200  # characters; a longer text describes the update


def is_installed_update(members: Iterable[tuple[str, str]]) -> bool:
    """Return False if any text suggests that the update is not installed, not yet, or no longer.

    Args:
        members: names (``columns.bare``) and texts, without the KB itself and what is of the machine.

    >>> is_installed_update([("installedon", "7/14/2026"), ("description", "Security Update")]), is_installed_update([("outcome", "Failure")])
    (True, False)
    """
    return all(_speaks_for_it(name.rpartition(".")[2], text.strip()) for name, text in members)


@lru_cache(maxsize=50_000)
def _speaks_for_it(name: str, text: str) -> bool:
    is_no = text.casefold() in _NO
    if name in _CODES:
        return not text or text.casefold() in _CODES[name]
    if _SHARE.search(name):
        return is_no or text.rstrip(" %") == "100"
    if _FLAG.search(name):
        return bool(text) and is_installed(text)
    if _DAY.search(name):  # Get-HotFix, which has installed updates alone, often lacks the day
        return (not is_no and not denies(text)) or (not text and name == "installedon")
    if _STATUS.search(name):
        return is_installed(text)
    if _PENDING.search(name) or not is_of_installed(name):
        return is_no
    return len(text) > _LONGEST or not denies(text)
