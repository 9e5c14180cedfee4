"""Find the columns of a table by the values of its first rows, where names alone mislead or say nothing.

A column is a build only if its values look like builds, and a product only if they look like names of Windows. ``CurrentVersion`` of the
registry is 6.3 on every Windows since 8.1, and "Betriebssystem" is a product in German.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple

from hotpatch_kb.db.fleet.inventory.vocabulary import is_known_word, is_of_machine, is_of_system, path_of, unwrapped
from hotpatch_kb.db.fleet.other_systems import names_other_system
from hotpatch_kb.db.model import reading
from hotpatch_kb.db.model.editions import edition_in
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.product_names import read_name
from hotpatch_kb.db.model.products import BUILD_NUMBERS
from hotpatch_kb.db.model.wording import NUMBERED_KBS, OF_SYSTEMINFO, confirms, denies, is_of_software, is_open, says_no

SAMPLE: Final = 200  # rows that are looked at
MAX_TEXT: Final = 1_000  # characters of a cell that are searched

# What a machine shall have, could have or had says nothing of what it has: it would be called patched.
_NOT_INSTALLED: Final = re.compile(
    r"[<>≤≥=≠]|target|desired|plan|requir|availab|latest|newest|expected|wanted|goal|next|missing|pending|recommend|minimum|complian|previous|former|old"
    r"|applicab|approv|need|fail|uninstall|not.?(?:installed|present|applied|found)|outstanding|baseline|policy|(?<!hot)(?<!hot[ _-])fix|offer|schedul|stag(?:ed|ing)|vulnerab|affect|remediat|propos|absent|lack"
    r"|future|upcoming|update.?available|up.?to.?date|should|must|deploy|publish|catalog|reference|ideal|rollback|prior|\bmax|\bmin(?!ion)|superse|not.?yet|candidate|threshold"
    r"|ziel|soll|geplant|fehl|verfügbar|neueste|ausstehend|erforderlich|cible|prévu|requis|manqu|disponib|dernière|objetivo|previst|requerid|falta|pendient|últim|mancan|richiest|ausent"
    r"|целев|доступн|последн|отсутств|недоста|требу|目标|目標|予定|計画|计划|必要|推奨|最新|利用可能|可用|缺|未|不足|欠|누락|최신|brak|ontbre|eksik|sakna|mangl|chyb|hiány|puuttu",
    re.IGNORECASE,
)
# The title of an update may be of one that is missing: "2026-07 Cumulative Update for Windows Server 2025 (KB5099536) (26100.33158)".
_OF_UPDATES: Final = re.compile(r"update|\bKB[ -]?\d{6}|cumul|kumul|累積|累计|更新", re.IGNORECASE)
_OF_ONE_UPDATE: Final = re.compile(r"(?:update|upgrade|rollup|patch|hotfix) for|\bKB[ -]?\d{6}|cumul|kumul|累積|累计", re.IGNORECASE)
# Parts of a machine that have versions like builds: the Windows Update agent, drivers, WinRE, the image that it was made from.
_OF_PARTS: Final = re.compile(
    r"agent|engine|driver|bios|firmware|image|template|media|setup|install(?:er|ation)|winre|recovery|safe.?os|hypervisor|\.?dll|(?<!pro)file|update|patch(?! ?(?:level|stand))|hotfix|\bkb",
    re.IGNORECASE,
)
# Columns beside which "HostOSVersion" or "Server build" is of another machine.
_GUESTS: Final = re.compile(r"^(?:vm|guest|printer|client)(?: ?name)?$|^vm ?host|hypervisor|^host ?name$", re.IGNORECASE)
_HOSTS: Final = re.compile(r"\b(?:vm)?host|server|node|hypervisor", re.IGNORECASE)
_HOST: Final = re.compile(r"host|server|node", re.IGNORECASE)
# An object of a client beside the name of a server.
_CLIENT: Final = re.compile(r"client|workstation|guest", re.IGNORECASE)
_SERVER: Final = re.compile(r"server", re.IGNORECASE)
# What a machine runs on, by a name whose words are each of the machine itself as well.
_BELOW: Final = re.compile(r"(?:runs|running|hosted)[ _-]?on|(?:host|physical|parent)[ _-]?(?:server|machine|computer|host)", re.IGNORECASE)
# What runs on a node, and what names one.
_ON_NODES: Final = re.compile(r"^(?:vm|guest|pod|container|client|printer|tenant|workload|job)(?:[ _.]?(?:name|id))?(?:$|\.)|hypervisor")
_NAMES_A_NODE: Final = re.compile(
    r"(?:host|computer|machine|server|node|device|display|dns|full|short)?[ _]?name|.*(?:host|fqdn|uuid|ip|address|[. _]id)|id"
)
# "software.os.version" is of the machine, as "software.version" is not: kinds of facts around what says that it is of the system.
_OF_KINDS: Final = re.compile(r"software|sw|installed ?software|soft", re.IGNORECASE)
_SYSTEM: Final = re.compile(r"os|operating[ _]?system|windows|windows[ _]?version", re.IGNORECASE)
# What systeminfo calls its list.
_OF_HOTFIXES: Final = re.compile(
    r"hot ?fix|correctif|revisi|aggiornament|correç|poprawk|исправлен|виправлен|ホットフィックス|修补|修補|핫픽스|düzeltme|snabb|oprav|hurtig|javít|korjau|remedier|επείγ",
    re.IGNORECASE,
)
_LONGEST_NAME: Final = 200  # characters
_REVISION: Final = re.compile(r"[0-9]{1,5}")
# "OS Update" is "Build 26100.33158" beside the version 24H2.
_OF_QUALYS: Final = re.compile(r"(?:^|\.)(?:os|operating ?system)[ ._]?update$", re.IGNORECASE)
_BUILD_OF_QUALYS: Final = re.compile(r"(?:Build )?(?:10\.0\.)?\d{5}\.\d{1,5}", re.IGNORECASE)
_PLAIN_BUILD: Final = re.compile(r"[\s(\[]*(?:10\.0\.)?\d{5}(?:\.\d{1,5}){0,2}[\s)\]]*")
# "10.0.26100 Build 33158" of Chef, "26100 (33158)"; judge reads them so
_APART: Final = re.compile(
    r"\s*(?:10\.0\.)?([0-9]{5})(?:\.0)?\s*(?:[(\[](?:ubr|rev(?:ision)?)?|\W*(?:rev(?:ision)?|ubr|build))\W*([0-9]{3,5})[)\]]?\s*",
    re.IGNORECASE,
)
# Words of a column of versions, beside the name of a product: "Windows 11 build"
_OF_VERSION: Final = re.compile(
    r"build|vers|verz|wersj|compil|kompil|kernel|сборк|верси|ビルド|バージョン|版|빌드|버전|\bos\b", re.IGNORECASE
)
_MARKED: Final = re.compile(r"\s*(?P<mark>\*\*|__|`)(?P<text>[^*`]+)(?P=mark)\s*")  # of Markdown
# Words beside a build, besides those of ``vocabulary`` and editions: names of Windows and of its branches (ge_release), and what people write around it.
_OF_NAMES: Final = frozenset({
    "microsoft", "windows", "server", "standard", "datacenter", "core", "azure", "edition", "essentials", "evaluation", "eval", "multi", "session", "workstations", "language", "single", "nt", "ge", "ni", "co",
    "fe", "vb", "rs", "zn", "br", "mn", "release", "svc", "amd", "free", "winbuild", "multiprocessor", "service", "pack", "bit", "insider", "preview", "hotpatch", "capable", "the", "it", "this", "ok", "remote", "has",
    "with", "machine", "now", "hat", "läuft", "mit", "unter", "ist", "avec", "con", "com", "corporation", "rights", "reserved", "all", "january", "february", "march", "april", "may", "june", "july",
    "august", "september", "october", "november", "december", "for", "based", "arch", "architecture", "rev", "revision", "ubr", "майкрософт", "стандарт", "サーバー", "를", "実行", "中文", "版",
})  # fmt: skip
_WORD: Final = re.compile(r"[^\W\d_]+")
# winver and ver in any language, and in the code page of another: "バージョン 24H2 (OS ビルド 26100.8875)", "Microsoft Windows [Versión 10.0.26100.8875]"
_OF_WINVER: Final = re.compile(
    r"\S{1,20} \d\dH\d \([^()\d]{2,30}\d{5}\.\d{1,5}\)|Microsoft Windows \[[^\[\]\d]{2,30}10\.0\.\d{5}\.\d{1,5}\]"
)
# Signs that say nothing, or yes; "%", "*", "+" and a cross may say no.
_SIGNS: Final = re.compile(r"[\s\w.,:;()\[\]{}<>\"'/\\|=#&®™©«»„“”‘’「」『』【】〔〕（）［］、。・：；，．－‐‑‒–—·†✓✔✅☑\-]*")


_MOST_STATUSES: Final = 20
_LONGEST_STATUS: Final = 40  # characters
_NOT_LATIN: Final = re.compile(r"[^\x00-\u024f\W]")
_OF_MONTH: Final = re.compile(r"20\d\d|\b(?:lcu|cu|patch|deployment|rollout)\b|パッチ|补丁|패치", re.IGNORECASE)
_OF_INSTALLING: Final = re.compile(
    r"inst[aä]l|ïnstall|appl|aplic|angewend|установ|встанов|примен|適用|インストール|安装|安裝|套用|设|설치|적용|yükl|asenn|telepít|pending|missing|ausstehend|fehl",
    re.IGNORECASE,
)


class PassedOver(NamedTuple):
    """A column that is not read as a field, although its name or its values look like it, and why."""

    column: str
    field: str
    why: Message


class Chosen(NamedTuple):
    """The columns from which an inventory is read.

    Attributes:
        fields: the columns of each field.
        passed_over: columns that look like one of a field and are not read as it.
        unnamed: columns that are read as a build for their values alone.
        statuses: columns that have nothing but statuses of an update.
    """

    fields: dict[str, list[str]]
    passed_over: list[PassedOver]
    unnamed: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()


def may_say_build(column: str) -> bool:
    """Return whether a column with this name says the build that a machine has, and not one that it shall have, could have or had."""
    if says_product(column) and not _OF_VERSION.search(column):
        return False  # "Windows Server 2025" above a build: a table of products
    return is_of_system(column) and is_of_installed(column) and not is_of_part(column)


@lru_cache(maxsize=2**15)  # more than a table may have columns
def is_of_installed(column: str) -> bool:
    """Return whether a column's name speaks of what a machine has, and not of what it shall have, could have or had."""
    return _NOT_INSTALLED.search(unwrapped(column)) is None


def is_of_part(column: str) -> bool:
    """Return whether a column is of a part of a machine: "windowsUpdateAgent.version"."""
    return any(_OF_PARTS.search(part) is not None for part in column.split(".") if part.casefold() != "agent")


def is_of_other(column: str, hosts: Sequence[str], header: Iterable[str]) -> bool:
    """Return whether a nested column may be about something else than the machine of its row: "managementServer.osVersion", "rule.build", "vms.vm1.osVersion".

    An object is of the machine itself if each word of its name is known to be ("properties", "os"), or if it has the name of the host.

    Args:
        column: its path.
        hosts: the columns that say the host.
        header: every column of the row.
    """
    parents = path_of(column)[:-1]
    for count, parent in enumerate(parents, 1):
        if (_CLIENT.fullmatch(parent) and any(map(_SERVER.search, hosts))) or _BELOW.fullmatch(parent):
            return True
        is_known = is_of_machine(parent) or (_OF_KINDS.fullmatch(parent) is not None and any(map(_SYSTEM.fullmatch, parents[count:])))
        if is_known and not _HOST.fullmatch(parent):
            continue
        inside = ".".join(parents[:count]) + "."
        if parent.casefold() == "node":
            if any(_ON_NODES.search(name.casefold()) for name in header):
                return True
            if not names_of_object(inside, header):  # it has no name of its own, so it has that of the row
                continue
        around = [host for host in hosts if host.casefold() != "source" and inside.startswith(host.rpartition(".")[0])]
        around = [host for host in around if not host.startswith(inside)]
        if around or any(map(_GUESTS.search, header)) or not (is_known or any(host.startswith(inside) for host in hosts)):
            return True
    return False


def names_of_object(inside: str, header: Iterable[str]) -> list[str]:
    """Return the columns that say which machine a nested object is: "node.name" of "node."."""
    inside = inside.casefold()
    return [name for name in header if name.casefold().startswith(inside) and _NAMES_A_NODE.fullmatch(name[len(inside) :].casefold())]


def is_label_of_installed(label: str) -> bool:
    """Return whether the name of a sensor may be of what a machine has."""
    return is_of_installed(label) and not denies(label) and _OF_PARTS.search(label) is None


@lru_cache(maxsize=4096)
def states_its_build(text: str) -> bool:
    """Return whether a text says nothing but the build that a machine has: each of its words is known to be of the version or the name of a system.

    >>> states_its_build("Microsoft Windows [Versión 10.0.26100.8875]"), states_its_build("26100.33158 (installing)")
    (True, False)
    """
    text = reading.plain(text[:MAX_TEXT])
    if marked := _MARKED.fullmatch(text):
        text = marked["text"]
    if _PLAIN_BUILD.fullmatch(text) or is_of_systeminfo(text):
        return True
    if denies(text) or _OF_UPDATES.search(text):
        return False
    if _OF_WINVER.fullmatch(text.strip()):
        return True
    if not _SIGNS.fullmatch(text):
        return False
    words = _WORD.findall(re.sub(r"\w*\d\w*|</?[a-z]\w*>|\b(?:pro|home|enterprise|education) k?n\b", " ", text.casefold()))
    return all(word in _OF_NAMES or is_known_word(word) or edition_in(word) for word in words)


def says_build(value: str) -> int:
    """Return 2 if a cell says a build with its revision, 1 if it says a known build number alone, 0 if neither."""
    text = value[:MAX_TEXT]
    if len(reading.builds_in(text)) == 1:
        return 2
    if (apart := _APART.fullmatch(text)) and int(apart[1]) in BUILD_NUMBERS and int(apart[2]) not in BUILD_NUMBERS:
        return 2
    numbers = [number for number in reading.build_numbers_in(text) if int(number) in BUILD_NUMBERS]
    return int(len(numbers) == 1)


def _says_its_build(value: str) -> int:
    return says_build(value) if states_its_build(value) else 0


def says_product(value: str) -> bool:
    """Return whether a cell names a Windows, a product or a family of them, or another system that is known by name."""
    if len(value) > _LONGEST_NAME or value[:1] in {"[", "{"}:
        return False  # a list of software, a remark
    name = read_name(value)
    return bool(name.product or name.family or name.is_other)


def _names_system(value: str) -> bool:
    """Return whether a cell of a column that is called a product names a system, "Windows" and "iOS" included: a mixed fleet has both."""
    if len(value) > _LONGEST_NAME or value[:1] in {"[", "{"}:
        return False
    return says_product(value) or read_name(value).is_understood or names_other_system(value)


def _says_covered_product(value: str) -> bool:
    """Return whether a cell names a Windows that is covered. "Windows Server 2012 R2" may be where a machine came from."""
    return says_product(value) and not read_name(value).is_other and not _OF_ONE_UPDATE.search(value)


def is_of_systeminfo(value: str) -> bool:
    """Return whether a value is what systeminfo says of the version, in any language."""
    return OF_SYSTEMINFO.search(value) is not None


def _says_kbs(value: str) -> bool:
    return NUMBERED_KBS.search(value) is not None


class _Test(NamedTuple):
    """How the columns of a field are known by their values.

    Attributes:
        field: build or product.
        says: returns how well a cell says the field, in a column with a name of it; 0 for not at all.
        says_unnamed: the same for a cell of any other column.
        may_say: returns whether a column with this name may be of the field.
    """

    field: str
    says: Callable[[str], int]
    says_unnamed: Callable[[str], int]
    may_say: Callable[[str], bool]


_TESTS: Final = (
    _Test("build", says_build, _says_its_build, may_say_build),
    _Test("product", _names_system, _says_covered_product, is_of_installed),
)


def chosen(by_name: Mapping[str, Sequence[str]], header: Sequence[str], rows: Sequence[Sequence[str]], wanted: Mapping[str, str]) -> Chosen:
    """Return the columns of each field.

    Args:
        by_name: columns by field, as their names say.
        header: every column.
        rows: the first rows.
        wanted: columns that the user names; they are not looked at.

    Returns:
        ``by_name`` without columns of builds and products whose values are something else, and with the column whose values say most where no
        name is left. KBs are found by names, and by the shape of systeminfo's list: any other list of KBs may be of those that a machine lacks.
    """
    fields = {field: list(columns) for field, columns in by_name.items()}
    values = {name: [value for row in rows if (value := row[place].strip())] for place, name in enumerate(header)}
    # Of the columns that may say the host the first does; osquery's "name" beside "hostname" is a product.
    others_of = [columns[:1] if field == "host" else columns for field, columns in fields.items() if field not in {"build", "product"}]
    taken = set(chain.from_iterable(others_of))
    passed: list[PassedOver] = []
    for field, says, says_unnamed, may_say in _TESTS:
        if field in wanted:
            continue
        named = fields.pop(field, [])
        # A named column that is empty states nothing, and no other column speaks for it.
        kept = [name for name in named if not values[name] or any(map(says, values[name]))]
        others = {name: list(map(says_unnamed, values[name])) for name in header if name not in taken and name not in named}
        # At least half of the rows must say it: a remark that mentions a build once is no column of builds.
        saying = [name for name, results in others.items() if 2 * sum(map(bool, results)) >= len(results) > 0]
        able = list(filter(may_say, saying)) if field != "build" else _able(saying, header, values, has_named=bool(kept))
        able.sort(key=lambda name: -sum(others[name]))
        stated = [says(value) for name in kept for value in values[name]]
        if not kept and not able and field == "build":
            # Its name can only be of the system: the first rows are of other systems, or say nothing. Each cell is still read with care.
            able = [name for name in header if name not in taken and may_say(name) and (not values[name] or len(rows) >= SAMPLE)]
        if not kept:
            kept = able[:1]
        elif field == "build" and stated and max(stated) < 2:
            # "OS Version" is 10.0.26100, and "Operating System Build Number" has the revision.
            kept += [name for name in able if 2 * others[name].count(2) >= len(others[name])][:1]
        elif field == "product" and not any(says_product(value) for name in kept for value in values[name]):
            kept += able[:1]  # "Windows" says less than the name in another column
        if field == "build":  # "OS Build 2026-06" and "OS Build 2026-07": a row in which they differ is invalid
            kept += [name for name in able if name not in kept and _letters(name) in map(_letters, kept)]
        if kept or (named and field == "build"):
            # Where no value is a build, the named column is kept: its cells are then called invalid, each by its text.
            fields[field] = kept or named
        passed += _passed_over(field, [name for name in named if name not in fields.get(field, ())], saying, fields.get(field, ()))
    builds = fields.get("build", [])
    if "revision" not in fields and "revision" not in wanted and (revisions := _revisions(by_name.get("build", ()), builds, values)):
        fields["revision"] = revisions
    if "kbs" not in fields and "kbs" not in wanted:
        # Two such lists may be one of what is installed and one of what is missing.
        lists = [name for name in header if is_of_installed(name) and any(map(_says_kbs, values[name]))]
        has_systeminfo = any(is_of_systeminfo(value) for name in builds for value in values[name])
        if len(lists) == 1 and (has_systeminfo or _OF_HOTFIXES.search(lists[0])):
            fields["kbs"] = lists
    unnamed = frozenset(builds).difference(by_name.get("build", ())) if "build" not in wanted else frozenset[str]()
    return Chosen(fields, passed, unnamed, frozenset(name for name in header if are_statuses(name, values[name])))


def _letters(name: str) -> str:
    """Return a column's name without numbers, dates and signs, as it is compared with others."""
    return "".join(filter(str.isalpha, name)).casefold()


def _able(saying: Sequence[str], header: Sequence[str], values: Mapping[str, Sequence[str]], *, has_named: bool) -> list[str]:
    """Return those columns with values of builds that may say the machine's own."""
    # Beside a guest, and beside the build of the machine itself, "Host OS version" is of another machine.
    has_others = has_named or any(map(_GUESTS.search, header))
    able = [name for name in saying if not (has_others and _HOSTS.search(name))]
    return [
        name
        for name in able
        if may_say_build(name)
        or (is_of_installed(name) and any(map(is_of_systeminfo, values[name])))
        or (_OF_QUALYS.search(name) and all(map(_BUILD_OF_QUALYS.fullmatch, values[name])))
    ]


def _revisions(named: Sequence[str], builds: Sequence[str], values: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the columns that are called a build and have revisions, beside one with build numbers: Lansweeper's BuildNumber is 33158."""
    if not any(says_build(value) == 1 for name in builds for value in values[name]):
        return []
    return [name for name in named if name not in builds and values[name] and all(map(_REVISION.fullmatch, values[name]))]


def _passed_over(field: str, named: Sequence[str], saying: Sequence[str], kept: Sequence[str]) -> list[PassedOver]:
    """Return the columns that are not read as a field: those with its name, and those whose values say it."""
    passed = [PassedOver(name, field, Message("none of its first values is one")) for name in named]
    for name in saying:
        if name not in kept and field == "build":
            is_of_others = not is_of_installed(name)
            why = (
                Message("its name is of what a machine shall have, could have or had") if is_of_others else
                Message("another column says it") if kept else Message("its name is not of the version of the system")
            )  # fmt: skip
            passed.append(PassedOver(name, field, why))
    return passed


def are_statuses(name: str, texts: Iterable[str]) -> bool:
    """Return whether a column has nothing but statuses of an update, one of which denies it.

    "Tanium" and "Defender" may be not installed; so where the name is of Latin letters it must be of an update.

    >>> are_statuses("七月分", ["適用済み", "未適用"]), are_statuses("KB5099536", ["Installed", "Missing"]), are_statuses("Tanium", ["Installed", "Missing"])
    (True, True, False)
    """
    found = set(texts)
    is_of_update = _OF_UPDATES.search(name) or _OF_MONTH.search(name)
    if not 0 < len(found) <= _MOST_STATUSES or is_of_software(name) or not (is_of_update or _NOT_LATIN.search(name)):
        return False
    if not all(len(text) <= _LONGEST_STATUS and (confirms(text) or says_no(text) or is_open(text)) for text in found):
        return False
    return any(map(is_open, found)) and (is_of_update is not None or any(_OF_INSTALLING.search(text) for text in found))
