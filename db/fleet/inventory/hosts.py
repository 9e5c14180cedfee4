"""Names of hosts, and what looks like one: a KB, a month, a ring, a product, a role.

Where only its place says that a name is one of a host ("supported: 26100.33158"), a wrong guess would call a policy a patched machine.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from hotpatch_kb.db.fleet.inventory.values import is_of_installed
from hotpatch_kb.db.fleet.inventory.vocabulary import is_known_word
from hotpatch_kb.db.model.lazy_patterns import lazy

# Rows of a plan, not of machines, where no column says a host: "Ring,Build", "Monat;Build".
_PLANS: Final = lazy(
    r"(?:^|[^a-z])(?:ring|anneau|anillo|anel|anello|pierścień|halka|kanal|channel|canal|canale|kanał|wave|welle|vague|ola|onda|fala|phase|fase|faza|polic|richtlin|stratég|directiva|criteri|polit|group|grupp|groupe|grupo"
    r"|branch|release|month|monat|mois|mes|mese|mês|miesiąc|ay$|quarter|quartal|trimest|stage|tier|cohort|track|train|collection|categor|sammlung|deployment|rollout|environment|umgebung)|кольц|канал|волн|политик|групп|месяц"
    r"|リング|チャネル|グループ|ポリシー|月|フェーズ|环|環|通道|频道|组$|組$|策略|阶段|링|채널|그룹|정책|월$|단계",
    re.IGNORECASE,
)  # fmt: skip
# What is surely of something else
_SURELY: Final = lazy(
    r"\bKB[ -]?\d{6}|\bCVE-\d|\.(?:exe|dll|sys|wim|vhdx?|iso|msu|cab|msi|ps1)$|^20\d\d-\d\d$"
    r"|^(?:ring|wave|phase|pilot|channel|stage|tier|cohort|kanal|welle|stufe|anneau|vague|リング|フェーズ)[ _-]?\d{0,2}$"
    r"|^(?:microsoft )?windows (?:server|1[01])\b|^(?:ws|win(?:dows)?|server|winserver|windowsserver)[ -]?20\d\d$|^ws-23h2$|^win(?:dows)?[ -]?1[01](?:[ -](?:\d\dh\d|\d{4}))?$",
    re.IGNORECASE,
)
# What a host may be called: one word with a letter, or an address.
_HOST: Final = lazy(r"\d{1,3}(?:\.\d{1,3}){3}|(?:[\w-]{1,63}\\)?(?=[^\W\d]|\d[\w.-]*[^\W\d])[\w-]{1,63}(?:\.[\w-]{1,63}){0,10}")
# Where nothing but its place says that a name is one of a host, it is believed with a number, a domain, or as one letter: "SRV1", "web-01",
# "srv1.corp.example", "A". "supported", "WSUS" and "Referenz" are words of any language, which no list has all of.
_SURELY_A_HOST: Final = lazy(r"\d|\.[^\W\d]|^[^\W\d]$")
# "Reception PC", "Anna's laptop"
_OF_A_MACHINE: Final = lazy(
    r"(?<!\w)(?:pc|laptop|notebook|desktop|workstation|macbook|surface|rechner|ordinateur|portátil|computer)(?!\w)", re.IGNORECASE
)
# Names of hosts for what they do: "mail", "SRV-FILE", "dc-a". What may also be a kind of machine, a ring or a source of builds is not here.
_ROLES: Final = lazy(
    r"(?:srv|svr|server|dc|pdc|bdc|rodc|adds|adfs|sql|db|database|file|files|fileserver|fs|web|www|webserver|iis|mail|mx|smtp|exch|exchange|print|printer|printserver|prn|app|apps|appserver|rds|rdp|rdsh|term"
    r"|hv|hyperv|node|dns|dhcp|ns|pki|nps|radius|vpn|proxy|gw|gateway|jump|jumphost|bastion|mgmt|nagios|zabbix|syslog|git|gitlab|jenkins|crm|erp|sap|intranet|sharepoint|nas|san|ftp|sftp|redis|veeam|[a-z])"
    r"(?:[-_.](?:srv|svr|server|pc|vm|ws|host|dc|sql|db|file|fs|web|mail|exch|exchange|print|app|rds|hv|node|dns|dhcp|gw|main|primary|secondary|north|south|east|west|[a-z]))*",
    re.IGNORECASE,
)
# Of these without more "web: 26100.33158" may say what all machines of a tier shall have.
_TIERS: Final = lazy(r"web|apps?|db|database|sql|srv|svr|server|node|files?|print", re.IGNORECASE)
# "DESKTOP-7FJ2K1A", and as one in ten has no number "DESKTOP-ABCDEFG"; "CORP\\paris"; "SQL2019"
_MADE_BY_WINDOWS: Final = lazy(r"(?:(?:DESKTOP|LAPTOP)-[A-Z0-9]{7}|WIN-[A-Z0-9]{11}|MININT-[A-Z0-9]{6,8})|[\w-]{1,63}\\[\w-]{1,63}")
_OF_A_YEAR: Final = lazy(
    r"(?:srv|svr|sql|exch|exchange|rds|dc|file|fs|web|iis|app|db|print|hv|hyperv|adfs|sharepoint|pc|nb|vm)[-_]?(?:19|20)\d\d", re.IGNORECASE
)
# Months, quarters and weeks: "Jul-2026", "2026-07B", "Q3", "KW29", "24H2"
_OF_TIMES: Final = lazy(
    r"(?:(?:19|20)\d\d[-./_]?)?(?:jan\w*|feb\w*|mar|mär|march|märz|mars|apr\w{0,3}|avr\w*|ma[iy]|jun\w?|juin|jul\w?|juil\w*|aug\w*|août|sep\w*|o[ck]t\w*|nov\w*|de[cz]\w*)[-./_]?(?:(?:19|20)?\d\d)?"
    r"|(?:19|20)\d\d-?\d\d(?:-?[a-z])?|\d{1,2}[a-d]|(?:19|20)\d\d[a-d]|(?:q|h|fy|kw|cw|w|week|day)[-._]?\d+(?:[-._/]\d+)*|[12]?\dh[12]|\d{2,4}[-_]?(?:w|kw|cw|q|h)\d+|.*\d(?:st|nd|rd|th)",
    re.IGNORECASE,
)
# "LCU202607", "Patch2026-07", "SRV1_2026-07", "Security-Update-2026-07-14"; and "srv201907", whose digits are a number of a host.
# A number of more digits is of no month.
_OF_A_MONTH: Final = lazy(
    r"(?P<before>(?:.*?[^\W\d_]|.*?\d(?=[-_.]))??)[-_.]?(?:19|20)\d\d(?P<sign>[-_.]?)(?:0[1-9]|1[0-2])(?:[-_.]?(?:0[1-9]|[12]\d|3[01]))?(?:-?[a-z])?",
    re.IGNORECASE,
)
_RELEASED: Final = frozenset({
    "patch", "patches", "patching", "patchday", "update", "updates", "upd", "lcu", "ssu", "cu", "kb", "msu", "cab", "rollup", "hotfix", "hotpatch", "security", "release", "rel", "version", "ver", "v", "build",
    "baseline", "base", "target", "ref", "golden", "gold", "image", "img", "iso", "wim", "template", "tpl", "snapshot", "snap", "checkpoint", "ring", "wave", "phase", "channel", "plan", "cycle", "month", "monat", "mois", "stand",
    "date", "asof", "of", "since", "until", "before", "after", "preview", "servicing", "cumulative", "windows", "win",
})  # fmt: skip
_OF_A_HOST: Final = lazy(
    r"(?:srv|svr|server|pc|wks|wkst|wkstn|workstation|desktop|laptop|notebook|nb|lt|dt|vm|host|node|client|dc|sql|db|app|web|file|fs|exch|rds|rdsh|vdi|hv|kiosk|pos|term|print|mail|machine|computer|device)$",
    re.IGNORECASE,
)
_WORD: Final = lazy(r"[^\W\d_]+")
# What else a name with a number may be of, where nothing says that it is one of a host: "V2", "build1", "LCU2026", "x64", "WS25", "CHG0012345".
_NUMBERED: Final = lazy(
    r"[^\W\d]+[-._]?(?:19|20)\d\d|(?:canary|broad|fast|slow|insider|source|site|group|batch|set|release|baseline|target|update|patch|template|tpl|image|img|snapshot|snap|base|checkpoint|winre|winpe|wim|iso|ami|ssu|lcu|cu|hotfix|rc|rtm|sev|lvl|level|env|prod|dev|region|customer|tenant)[-._]?(?:[a-z]?\d+\w{0,6}|[a-z])"
    r"|(?:v|ver|version|build|r|rev|col|column|no|nr|kb|option|variant|test|run|step)[-._]?\d+(?:[-._/]\d+)*|x(?:64|86)|arm(?:64|32)?|amd64|aarch64|ia64|b\d{5}|[mo]365|\d\dh\d(?:[-_]\w+)?"
    r"|(?:ws|w2k|win|windows|server|winserver)[-_]?(?:20)?\d\d(?:[-_](?:dc|std|standard|datacenter|gac|ltsc|core|azure|ae|ent|pro|home|edu|\d\dh\d))*"
    r"|.*[-_](?:before|after|old|new|vorher|nachher|backup|bak|snapshot|template|golden)|(?:template|image|snapshot|golden)[-_].*|[a-z]{2}-(?:north|south|east|west|central)\w*-?\d|(?:chg|inc|req|ritm|prb|jira|s?ctask|ticket|case|bug)[-_]?\d+"
    r"|(?:microsoft|windows|learn|docs|readme|current|system|base|servercore|nanoserver)\..*|.*\.(?:md|txt|csv|json|log|efi|xml|html?|ref)|.*microsoft\.com|(?:sp|pt|p|t)\d+",
    re.IGNORECASE,
)
# Words that are none of hosts, whatever says so
_WORDS: Final = lazy(
    r"(?:new|before|after|ist|was|today|now|then|total|sum|count|max|min|avg|unit|type|kind|note|notes|remark|comment|owner|default|global|all|other|none|null|nil|nan|blank|empty|undefined|source|status|state|ok|change|changed|diff|delta|result"
    r"|vorher|nachher|neu|alt|heute|prod|test|dev|stage|staging|qa|uat|pilot|beta|ga|lts|ltsc|old|next|last|latest|expected|actual|gold|golden|master|ref|vendor|microsoft|ms)",
    re.IGNORECASE,
)


def is_thing(text: str) -> bool:
    """Return whether a text is no host: a KB, a CVE, a file, a month, a ring, a product.

    >>> is_thing("KB5099536"), is_thing("2026-07"), is_thing("Ring 1"), is_thing("ws2025"), is_thing("RING-DC01"), is_thing("WIN11-PC1")
    (True, True, True, True, False, False)
    """
    return _SURELY.search(text.strip()) is not None


def is_of_plan(name: str) -> bool:
    """Return whether a name is of a part of a plan, and not of a machine: "Ring1", "Phase 2"."""
    return _PLANS.search(name) is not None


def is_of_others(name: str) -> bool:
    """Return whether a name without more is of something else than a host: a month, "v2", "prod", "baseline1"."""
    return _is_of_a_month(name) or any(pattern.fullmatch(name) for pattern in (_OF_TIMES, _NUMBERED, _WORDS))


def _is_of_a_month(name: str, *, is_sure: bool = False) -> bool:
    """Return whether a name is of what came out in a month. Where it is surely of a host, only a word for that says so.

    >>> _is_of_a_month("LCU202607"), _is_of_a_month("srv201907"), _is_of_a_month("BER201907"), _is_of_a_month("BER201907", is_sure=True)
    (True, False, True, False)
    """
    if not (found := _OF_A_MONTH.fullmatch(name)):
        return False
    words = _WORD.findall(found["before"].casefold())
    if not words or not _RELEASED.isdisjoint(words):
        return True
    has_number = not found["sign"] and not found["before"][-1].isdigit()
    return not is_sure and not (has_number and any(map(_OF_A_HOST.search, words)))


def no_host(name: str) -> str:
    """Return why what is said of a name is doubtful."""
    return f"{name} may not be a host"


@lru_cache(maxsize=4096)
def may_be_host(name: str, *, is_sure: bool = False) -> bool:
    """Return whether a name can be that of a host, and if nothing else says so, whether it is like one.

    >>> may_be_host("SRV1"), may_be_host("mail"), may_be_host("supported"), may_be_host("supported", is_sure=True), may_be_host("ring1", is_sure=True)
    (True, True, False, True, False)
    >>> may_be_host("SQL2019"), may_be_host("TEST01"), may_be_host("TEST01", is_sure=True), may_be_host("DESKTOP-ABCDEFG"), may_be_host("x64")
    (True, False, True, True, False)
    """
    name = name.removesuffix("$")
    if not _HOST.fullmatch(name) or is_thing(name) or _OF_TIMES.fullmatch(name) or _WORDS.fullmatch(name):
        return False
    if _is_of_a_month(name, is_sure=is_sure):
        return False
    if _MADE_BY_WINDOWS.fullmatch(name) or _OF_A_YEAR.fullmatch(name):
        return True
    has_number = any(map(str.isdigit, name))
    if not (is_sure and has_number) and (not is_of_installed(name) or is_of_plan(name)):
        return False
    is_like_one = (_ROLES.fullmatch(name) is not None and not _TIERS.fullmatch(name)) or _SURELY_A_HOST.search(name) is not None
    return is_sure or (is_like_one and not _NUMBERED.fullmatch(name) and not is_known_word(name.casefold()))


@lru_cache(maxsize=4096)
def may_be_name_of_words(name: str, *, is_plain: bool) -> bool:
    """Return whether a name of several words can be that of a machine: one of them is like a host, or says so.

    Args:
        name: the name.
        is_plain: whether nothing says that its build is of a system; otherwise it has only to be of no plan.

    >>> may_be_name_of_words("Reception PC", is_plain=True), may_be_name_of_words("SRV1 (Bonn)", is_plain=True)
    (True, True)
    >>> may_be_name_of_words("Windows Update Agent", is_plain=True), may_be_name_of_words("Pilot ring", is_plain=False)
    (False, False)
    """
    words = [word.strip("()[],;:'\"") for word in name.split()]
    if _OF_A_MACHINE.search(name) or any(any(map(str.isdigit, word)) and may_be_host(word) for word in words):
        return True
    return not is_plain and is_of_installed(name) and not is_of_plan(name) and not is_thing(name)
