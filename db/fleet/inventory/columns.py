"""Find the columns of an inventory that describe a machine. ``docs/fleet.md`` lists their names with the documents that state them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple
from unicodedata import normalize

from hotpatch_kb.db.fleet.inventory.updates import Said, installed_ones, said_of_update
from hotpatch_kb.db.fleet.inventory.values import MAX_TEXT, is_of_installed, is_of_other, is_of_part, says_build, says_product
from hotpatch_kb.db.fleet.rows import cell
from hotpatch_kb.db.model.editions import edition_in
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.notation import BUILD_TEXT
from hotpatch_kb.db.model.product_names import read_name
from hotpatch_kb.db.model.reading import build_numbers_in, builds_in
from hotpatch_kb.db.model.wording import lists_installed

# Names of columns by field, the most specific first; in lower case, with letters, digits and dots only. docs/fleet.md has the document of
# each. A name means different things in different systems ("osVersion" is 10.0.26100.4946 at Azure Arc, 10.0.19043 in Get-ComputerInfo and
# 1909 in Update Compliance), so of several builds the one with a revision is taken.
# Left out on purpose: OsHardwareAbstractionLayer and WindowsBuildLabEx (they look like builds and are not), softwareVersion (of other software),
# Operating_System_Name_and0 ("Microsoft Windows NT Workstation 10.0" for all), kbId (of updates that an assessment finds *missing*).
_PATCHING: Final = "properties.osprofile.windowsconfiguration.patchsettings."
_LICENCE: Final = "properties.licenseprofile.productprofile.productfeatures.hotpatch.subscriptionstatus"
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "host": (
        "host", "hosts.host", "metadata.name", "computer.name", "device.name", "machine.name", "endpoint.name", "asset.name", "hostname", "computername", "computer", "devicename", "machinename", "servername", "pscomputername", "csname", "csdnshostname",
        "computerdnsname", "fqdn", "certname", "fulldomainname", "device", "server", "machine", "vmname", "systemname", "hostidentifier", "hostdisplayname", "inventoryhostname", "ansiblehostname", "ansiblefacts.hostname", "host.name", "agent.name", "node",
        "netbiosname0", "name0", "dnshostname", "resourcename",
        "rechner", "rechnername", "gerät", "gerätename", "nomdelordinateur", "ordinateur", "nomdelappareil", "appareil", "nomdhôte", "nomdelhôte", "serveur", "nomduserveur",
        "nombredelequipo", "nombredeequipo", "equipo", "nombredehost", "nombredeldispositivo", "servidor", "nomecomputer", "nomehost", "nomedocomputador", "computador", "nomedohost",
        "nomedodispositivo", "dispositivo", "nazwakomputera", "komputer", "nazwahosta", "nazwaurządzenia", "serwer", "computernaam", "hostnaam", "apparaatnaam", "имякомпьютера",
        "компьютер", "имяузла", "узел", "имяустройства", "сервер", "bilgisayaradı", "ホスト名", "ホスト", "コンピューター名", "コンピュータ名", "コンピューター", "コンピュータ", "サーバー名",
        "サーバ名", "サーバー", "サーバ", "端末名", "端末", "デバイス名", "マシン名", "機器名", "计算机名", "计算机名称", "主机名", "主机名称", "主机", "服务器名", "服务器", "設備名稱", "電腦名稱",
        "主機名稱", "主機", "컴퓨터이름", "컴퓨터", "호스트이름", "호스트", "장치이름", "서버",
        "设备名称", "设备名", "设备", "计算机", "电脑名称", "电脑名", "电脑", "服务器名称", "裝置名稱", "裝置", "設備", "伺服器名稱", "伺服器", "電腦", "デバイス", "マシン", "pc名", "디바이스이름", "디바이스", "서버명", "서버이름", "호스트명", "컴퓨터명",
        "장치명", "장치", "기기이름", "기기명", "nomedispositivo", "nomeserver", "nomepc", "nomemacchina", "nomedamáquina", "nomedoservidor", "máquina", "nombredelservidor", "nombredepc", "nombredelamáquina", "nomduposte", "nomdemachine", "poste",
        "názevzařízení", "názevpočítače", "počítač", "zařízení", "enhetsnamn", "datornamn", "dator", "servernamn", "värdnamn", "enhetsnavn", "enhedsnavn", "computernavn", "datamaskinnavn", "vertsnavn", "værtsnavn",
        "laitteennimi", "tietokoneennimi", "eszközneve", "eszköznév", "számítógépneve", "számítógépnév", "cihazadı", "cihaz", "bilgisayar", "sunucuadı", "sunucu", "имяхоста", "хост", "устройство", "имясервера", "имяпк", "urządzenie", "nazwaserwera", "apparaat", "servernaam",
        "assetname", "asset", "endpointname", "endpoint", "workstation", "nodename", "dnsname", "netbiosname", "pcname", "pc", "vm", "instance", "ciname", "nom", "nombre", "agent", "name", "source",
    ),
    "build": (
        "build", "osbuild", "installedbuild", "installedosbuild", "installedosversion", "fullbuild", "properties.osversion", "properties.extended.instanceview.osversion", "buildext", "osversion",
        "currentbuild.ubr", "currentbuildnumber.ubr", "osbuild.ubr", "build.ubr", "currentbuild", "currentbuildnumber", "currentversion", "oscode", "platformversion", "kernelrelease", "deviceosbuild", "operatingsystemversion", "osbuildnumber", "build01", "version0",
        "buildnumber0", "buildnumber", "kernelversion", "ansiblekernel", "ansibledistributionversion", "ansiblefacts.kernel",
        "ansiblefacts.distributionversion", "os.version", "os.build", "os.kernel", "version",
    ),
    "revision": (
        "ubr", "windowsubr", "osubr", "ubrnumber", "osrevisionnumber", "osrevision", "updatebuildrevision", "osbuildrevision", "buildrevision", "revisionnumber", "revision",
    ),
    "product": (
        "product", "properties.ossku", "properties.extended.instanceview.osname", "ossku", "osname", "osdistribution", "caption0", "caption",
        "operatingsystem", "operatingsystem0", "windowsproductname", "productname", "ansibleosname", "ansibledistribution", "os.name", "os.full", "osplatform",
        "platform", "os", "osdescription", "fullosname", "oslongname", "osfullname",
    ),
    # The enrolment status, else the column, else what was asked for.
    "line": (
        f"{_PATCHING}status.hotpatchenablementstatus", "hotpatchenablementstatus", "hotpatchstatus", "ishotpatchenrolled", "hotpatch", "hotpatching", "hotpatchenabled", "hotpatchenrolled",
        "hotpatchenrollment", "hotpatchenrollmentstatus", "hotpatchenrolment", "hotpatchenrolmentstatus", "hotpatchstate", "hotpatchingstatus", "hotpatchingenabled", "hotpatchregistrierung",
        "ホットパッチ", "ホットパッチ有効", "ホットパッチの有効化", "ホットパッチの状態", "ホットパッチ状態", "ホットパッチの登録", "ホットパッチ登録", "热补丁", "热修补", "핫패치", _LICENCE, "line",
        f"{_PATCHING}enablehotpatching", "enablehotpatching",
    ),
    "kbs": ("kbs", "installedkbs", "kbsinstalled", "installedhotfixes", "installedupdates", "hotfixes", "hotfixs", "oshotfixes", "hotfixid", "hotfixid0", "kb",
        "installedkb", "installedpatches", "hotfixesinstalled", "patchesinstalled", "updatesinstalled", "appliedkbs", "appliedupdates", "installierteupdates", "installiertekbs", "installiertehotfixes", "installiertepatches",
        "correctifsinstallés", "misesàjourinstallées", "actualizacionesinstaladas", "atualizaçõesinstaladas", "aggiornamentiinstallati", "zainstalowaneaktualizacje", "установленныеобновления",
        "インストール済み更新プログラム", "インストール済みの更新プログラム", "インストールされた更新プログラム", "インストール済みkb", "適用済み更新プログラム", "適用済みの更新プログラム", "適用済みkb", "已安装更新", "已安装的更新", "已安装补丁", "설치된업데이트"),
    "edition": (
        "edition", "properties.osedition", "osedition", "editionid", "windowseditionid", "compositioneditionid", "windowsedition", "operatingsystemedition", "betriebssystemedition", "deviceedition", "winedition",
        "skufamily", "operatingsystemsku", "édition", "ausgabe", "edición", "edizione", "edição", "エディション", "редакция",
    ),
    # Extended Security Updates: a word such as "enrolled"; Azure Arc says whether a licence is assigned.
    "esu": ("esu", "hasesu", "esustatus", "esuenrolled", "esuenabled", "esulicense", "esulicence", "extendedsecurityupdates", "properties.licenseprofile.esuprofile.licenseassignmentstate"),
}  # fmt: skip
# The line that an enrolment status means: azure-docs (hotpatchEnablementStatus, the portal's column "Hotpatch status"), the licence's
# subscriptionStatus. Compared without case, blanks and punctuation; any other status (Unknown, Enabling, Failed) does not state a line.
LINE_OF_STATUS: Final = {
    "hotpatch": "hotpatch", "enabled": "hotpatch", "enrolled": "hotpatch", "true": "hotpatch", "yes": "hotpatch", "1": "hotpatch",
    "aktiviert": "hotpatch", "activé": "hotpatch", "activado": "hotpatch", "да": "hotpatch", "はい": "hotpatch", "有効": "hotpatch", "y": "hotpatch", "wahr": "hotpatch",
    "deaktiviert": "standard", "désactivé": "standard", "desactivado": "standard", "нет": "standard", "いいえ": "standard", "無効": "standard", "n": "standard", "falsch": "standard", "unenrolled": "standard",
    "notenabled": "standard", "optedout": "standard", "hotpatching": "hotpatch", "on": "hotpatch", "ja": "hotpatch", "oui": "hotpatch", "hotpatchenabled": "hotpatch", "hotpatchenrolled": "hotpatch",
    "登録済み": "hotpatch", "登録済": "hotpatch", "未登録": "standard", "対象外": "standard", "オン": "hotpatch", "オフ": "standard", "已注册": "hotpatch", "未注册": "standard", "已启用": "hotpatch", "未启用": "standard", "启用": "hotpatch", "禁用": "standard",
    "已禁用": "standard", "등록됨": "hotpatch", "사용": "hotpatch", "사용안함": "standard", "registriert": "hotpatch", "nichtregistriert": "standard", "angemeldet": "hotpatch", "nichtangemeldet": "standard", "inscrit": "hotpatch", "noninscrit": "standard",
    "inscrito": "hotpatch", "noinscrito": "standard", "nãoinscrito": "standard", "ativado": "hotpatch", "desativado": "standard", "attivato": "hotpatch", "disattivato": "standard", "включено": "hotpatch", "отключено": "standard", "sí": "hotpatch", "sim": "hotpatch",
    "não": "standard", "tak": "hotpatch", "nie": "standard", "hotpatchline": "hotpatch", "standardline": "standard", "lcu": "standard",
    "enrolledinhotpatch": "hotpatch", "enrolledinhotpatching": "hotpatch",
    "off": "standard", "nein": "standard", "non": "standard", "standard": "standard", "disabled": "standard", "false": "standard", "no": "standard", "0": "standard", "notenrolled": "standard",
    "canceled": "standard", "pending": "standard", "pendingevaluation": "standard", "actionrequired": "standard",
    "notavailable": "standard", "noteligible": "standard", "unsupported": "standard",
}  # fmt: skip
FIELDS: Final = tuple(NAMES)
# Fields that a verdict may depend on, in the order of keys.
DECIDING: Final = ("build", "revision", "product", "line", "kbs", "edition", "esu")
MAX_NAME: Final = 1_000  # characters of a column's name or path; the longest that a tool writes have some 150
NOTHING: Final = dict.fromkeys(FIELDS, "")
OF_ANYTHING: Final = frozenset({"build", "version", "fullbuild"})  # builds that may be of an update, a file or an app as well
# Objects that say nothing of what they hold: "properties" of Azure, "_source" of Elastic.
_WRAPPERS: Final = frozenset(
    {
        "properties",
        "props",
        "fields",
        "attributes",
        "source",
        "data",
        "values",
        "value",
        "record",
        "item",
        "node",
        "entity",
        "object",
        "document",
        "payload",
        "content",
        "body",
    }
)
BUILD: Final = re.compile(rf"(?<![0-9.])(?:10\.0\.)?{BUILD_TEXT}(?![0-9.])")


def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of an object. One that comes twice with another value is kept as "build_2": it may be another build."""
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    members = {}
    for name, value in pairs:
        numbered, number = name, 2
        while numbered in members and members[numbered] != value:
            numbered, number = f"{name}_{number}", number + 1
        members[numbered] = value
    return members


# Numbers stay as they are written: 20348.5020 is a build, and 20348.502 another.
DECODER: Final = json.JSONDecoder(
    parse_float=str, parse_constant=str, parse_int=lambda digits: int(digits) if len(digits) < 19 else digits, object_pairs_hook=members
)

_DOT: Final = re.compile(r"\.")
_OF_REPORT: Final = re.compile(
    r"^(?:details_)?(?:table|tablix|list|matrix|dataset)\d+_"
)  # "Details_Table0_ComputerName" of Reporting Services
_NUMBERED: Final = re.compile(r"_[0-9]+$")
# Names that mean another thing inside another object: "bios.name", "invoice.line".
_TOO_COMMON: Final = frozenset(
    {"name", "nom", "nombre", "pc", "agent", "ciname", "source", "host", "line", "computer", "kb", "asset", "endpoint", "vm"}
)
# Members of an update in a list of them.
_IDS_OF_KBS: Final = frozenset(
    {*NAMES["kbs"], "id", "kbid", "kbarticle", "kbarticleid", "kbnumber", "article", "articleid", "number", "hotfix"}
)
_GUESTS: Final = frozenset({"vmname", "vm"})
_SHOWN: Final = frozenset({"display_value", "value", "link"})  # of ServiceNow: a field as it is shown, and as it is kept
_KB_ID: Final = re.compile(r"\s*(?:KB[ -]?)?[0-9]{6,7}\s*", re.IGNORECASE)
# Makes everything but digits a blank: "KB5087423;KB5082063" is two numbers.
_DIGITS: Final = bytes(code if 48 <= code <= 57 else 32 for code in range(256))


def mapping_of(texts: Iterable[str]) -> dict[str, str]:
    """Return column names by field, from "FIELD=COLUMN" each, as ``--map`` of the command and ``map`` of the API have them.

    Raises:
        BadInput: a text is not so, or its field is not one of ``FIELDS``.
    """
    wanted = {}
    for text in texts:
        field, separator, column = text.partition("=")
        if not separator or not column.strip():
            raise BadInput("expected --map FIELD=COLUMN, got {got!r}", got=text[:200])
        wanted[field.strip().casefold()] = column
    return checked_mapping(wanted)


def checked_mapping(mapping: Mapping[str, str] | None) -> dict[str, str]:
    """Return column names by field, as a user gives them.

    Raises:
        BadInput: a field is not one of ``FIELDS``.
    """
    wanted = dict(mapping or {})
    if unknown := [field for field in wanted if field not in NAMES]:
        raise BadInput("expected a field ({fields}), got {got!r}", fields=", ".join(FIELDS), got=unknown[0])
    return wanted


def bare(name: str) -> str:
    """Return a column's name as it is compared: "OS Version" as "osversion", "OS 言語" as "os言語"; letters of no script are dropped."""
    return re.sub(r"[^\w.]|_", "", _OF_REPORT.sub("", normalize("NFKC", name).casefold()))


def check_name(name: str) -> str:
    """Return the name of a column, or the path of a nested one.

    Raises:
        BadInput: it is longer than any: a thousand members of an object with a name of 4 MB would have paths of 4 GB.
    """
    if len(name) > MAX_NAME:
        raise BadInput("expected names of columns of at most {most:,} characters, got {got:,}", most=MAX_NAME, got=len(name))
    return name


def is_of_anything(name: str) -> bool:
    """Return whether a build may be of an update, a file or an app as well, by the name of its column.

    >>> is_of_anything("Version"), is_of_anything("properties.version"), is_of_anything("os.version")
    (True, True, False)
    """
    *parents, last = bare(name).split(".")
    return last in OF_ANYTHING and all(parent in _WRAPPERS for parent in parents)


def parent_of(name: str) -> str:
    """Return the path of the object that a nested member is in, "" where it is in none."""
    return name.rpartition(".")[0]


def columns_of(names: Sequence[str], wanted: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the columns of each field: the one that the user names, else those with one of its names, the most specific first."""
    by_bare: dict[str, list[str]] = {}
    present = frozenset(names)
    by_tail: dict[str, list[str]] = {}  # nested names by their last parts: "columns.version" of osquery, "host.os.kernel" of Elastic
    for name in names:
        # A column that comes twice has been given a number ("build_2").
        first_name = _NUMBERED.sub("", name)
        whole = bare(first_name if first_name in present else name)
        if is_of_installed(name):  # not "OS version >="
            by_bare.setdefault(whole, []).append(name)
        if "." in whole and is_of_installed(name) and not is_of_part(name):
            for start in (match.end() for match in _DOT.finditer(whole)):
                by_tail.setdefault(whole[start:], []).append(name)
    by_field: dict[str, list[str]] = {}
    for field, aliases in NAMES.items():
        columns = [name for alias in aliases for name in by_bare.get(alias, ())]
        if by_tail:
            nested = [name for alias in aliases if alias not in _TOO_COMMON for name in by_tail.get(alias, ())]
            columns = list(dict.fromkeys([*columns, *nested]))
            if field != "host":  # what is of others counts only where nothing else says it
                hosts = by_field.get("host", ())
                own = [name for name in columns if bare(name) in aliases or not is_of_other(name, hosts, names)]
                columns = own if own or field == "kbs" else columns  # of builds, RowEvidence says what they are worth
        if field == "host":  # beside a guest, "Host" is the machine that it runs on
            columns.sort(key=lambda name: bare(name) not in _GUESTS)
        if field == "revision":  # a BIOS has a revision, too
            parents = {parent_of(name) for name in by_field.get("build", ())}
            columns = [
                name
                for name in columns
                if "." not in name or parent_of(name) in parents or parent_of(name).rpartition(".")[2].casefold() == "registry"
            ]
        if field in wanted:
            columns = [wanted[field]] if wanted[field] in names else []
        if columns:
            by_field[field] = columns
    return by_field


def first(field: str, values: Iterable[str]) -> str:
    """Return the first text of several columns of one field that is not empty; of builds the first with a revision, of products and lines the first known."""
    stated = [value for value in values if value]
    if field == "build":
        stated.sort(key=says_build, reverse=True)
    elif field == "product":
        stated.sort(
            key=lambda value: (2 * read_name(value).is_other or says_product(value), bool(edition_in(value))), reverse=True
        )  # Azure Local calls itself a server, too
    elif field == "line":
        stated.sort(key=lambda value: not line_of(value))
    return stated[0] if stated else ""


@lru_cache(maxsize=4096)
def line_of(status: str) -> str:
    """Return the line that a status or column means: "hotpatch" or "standard"; "" where it states none.

    >>> line_of("Action Required"), line_of("Enabled"), line_of("Unknown")
    ('standard', 'hotpatch', '')
    """
    return LINE_OF_STATUS.get(re.sub(r"[\W_]", "", status.casefold()), "")


def has_needed(needs: str, wanted: Mapping[str, str], by_field: Mapping[str, Sequence[str]], names: Sequence[str]) -> bool:
    """Return whether the columns state the field that is needed, and include all that the user names."""
    return needs in by_field and set(wanted.values()) <= set(names)


def lacking(needs: str, wanted: Mapping[str, str], names: Sequence[str]) -> BadInput:
    """Return the error for columns that lack one that the user names, or the field that is needed."""
    got = ", ".join(names)[:200] or "none"
    if missing := [name for name in wanted.values() if name not in names]:
        return BadInput("expected a column {column!r}, got {got}", column=missing[0], got=got)
    if needs == "kbs":
        return BadInput("expected a column that says the KB (HotFixID ...), got {got}", got=got)
    return BadInput("expected a column that says the build (build, OSVersion ...; --map build=NAME names another), got {got}", got=got)


def flat(cells: Mapping[str, Any], prefix: str = "", on: str = "") -> dict[str, str]:
    """Return nested values by their path. Exports of the Azure portal have them as JSON in a cell.

    Args:
        cells: the values.
        prefix: the path that they are at, with a dot at its end.
        on: the day as of which they are read; an update that is installed later is not installed.
    """
    by_path: dict[str, str] = {}
    for name, value in cells.items():
        check_name(f"{prefix}{name}")
        nested = value
        if isinstance(value, str) and value[:1] == "{":
            try:
                nested = DECODER.decode(value)
            except (json.JSONDecodeError, RecursionError):
                nested = value  # a text that begins with a brace
        if isinstance(nested, dict) and {"display_value", "value"} <= nested.keys() <= _SHOWN:
            by_path[f"{prefix}{name}"] = cell(nested["display_value"] or nested["value"])
        elif isinstance(nested, dict):
            by_path |= flat(nested, f"{prefix}{name}.", on)
        elif isinstance(nested, list) and nested and all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in nested):
            for item in nested:  # productFeatures of an Arc licence: each by its name
                by_path |= flat(item, f"{prefix}{name}.{item['name']}.", on)
        elif name == "hosts" and isinstance(nested, list) and len(nested) == 1 and isinstance(nested[0], dict):
            by_path |= flat(nested[0], f"{prefix}{name}.", on)  # an item of Zabbix has the host that it is of in a list
        elif isinstance(nested, list) and nested and all(isinstance(item, dict) for item in nested):
            by_path[f"{prefix}{name}"] = _installed_in(nested, on) or cell(nested)
        elif isinstance(nested, list) and all(isinstance(item, str | int) for item in nested):
            by_path[f"{prefix}{name}"] = " ".join(map(str, nested))
        else:
            by_path[f"{prefix}{name}"] = cell(nested)
    return by_path


def _installed_in(updates: Sequence[Mapping[str, Any]], on: str) -> str:
    """Return the KBs of a list of updates; "" where it has none. Those with a status count where it says that they are installed."""
    said_of: list[tuple[str, Said]] = []
    for update in updates:
        named = {bare(name): cell(value) for name, value in update.items()}
        ids = [text.strip() for name, text in named.items() if name in _IDS_OF_KBS and _KB_ID.fullmatch(text)]
        said = [(name, text) for name, text in named.items() if name not in _IDS_OF_KBS]
        is_of_hotfix = "hotfixid" in named
        said_of += [(re.sub(r"\D", "", kb), said_of_update(said, on, is_of_hotfix=is_of_hotfix)) for kb in ids]
    return " ".join(f"KB{kb}" for kb in installed_ones(said_of)) or ("-" if said_of else "")


class Deciding(NamedTuple):
    """KBs that may change a verdict, as numbers without "KB", each with its meaning.

    A meaning is words separated by blanks: "hotpatch:ws2025" (a machine of that product is on the hotpatch line), and the number itself where
    the KB decides between releases that share the build.

    Attributes:
        of_build: the KBs that may decide on a machine with a build; no table names a build that is missing here.
        of_number: by build number and product, the place of each KB in the order of releases. Where a build has no revision, the newest says it.
        known: all KBs of releases; those that a machine has are kept where its build is not known yet.
        newer: by build, the places of KBs of newer releases by product: the newest that is installed may wait for a restart.
    """

    of_build: dict[str, dict[str, str]]
    of_number: Mapping[str, Mapping[str, Mapping[str, tuple[str, int]]]]
    known: frozenset[str]
    newer: Callable[[str], Mapping[str, Mapping[str, tuple[str, int]]]]


class _Table(NamedTuple):
    """KBs that may decide for machines with a build, their meanings, and the places of those that say the build where it has no revision."""

    known: frozenset[bytes]
    words: dict[bytes, list[str]]
    places: tuple[dict[bytes, tuple[str, int]], ...] = ()


def reducer(deciding: Deciding) -> Callable[[str, str], str]:
    """Return a filter that drops KBs which cannot change a verdict.

    Thousands of different KB lists become a few, so machines that differ only in other KBs share a verdict. For most builds no KB decides, and
    the list is not even read. A spelling of a build is read once.

    Returns:
        a function from the KBs and the build of a machine, as an inventory has them, to the meanings of those that decide (``Deciding``):
        words separated by blanks, sorted.
    """
    nothing = _Table(frozenset(), {})

    # Made when a machine needs them: of 1,700 builds a fleet has a few.
    @cache
    def everything() -> _Table:
        return _table({kb: kb for kb in deciding.known})

    @cache
    def of_build(build: str) -> _Table:
        return _with_places(deciding.newer(build), [deciding.of_build[build]])

    @cache
    def of_number(number: str) -> _Table:
        builds = [meanings for build, meanings in deciding.of_build.items() if build.startswith(f"{number}.")]
        return _with_places(deciding.of_number[number], builds)

    @lru_cache(maxsize=50_000)  # spellings of builds
    def table_of(build: str) -> _Table:
        if not build.strip():
            return everything()  # another table may state the build
        text = build[:MAX_TEXT]
        if builds := builds_in(text):
            return of_build(builds[0]) if len(builds) == 1 and builds[0] in deciding.of_build else nothing
        numbers = build_numbers_in(text)
        numbers = [number for number in numbers if number in deciding.of_number] or numbers
        return of_number(numbers[0]) if len(numbers) == 1 and numbers[0] in deciding.of_number else nothing

    def reduced(text: str, build: str) -> str:
        if not text:
            return ""
        known, words, places = table_of(build)
        if not known:
            return ""
        kbs = known.intersection(text.encode("utf-8", "replace").translate(_DIGITS).split())
        if not kbs or not lists_installed(text):
            return ""
        said = {word for kb in kbs for word in words.get(kb, ())}
        for of_product in places:
            if installed := kbs.intersection(of_product):
                said.add(max(installed, key=lambda kb: (of_product[kb], kb)).decode())
        return " ".join(sorted(said))

    return reduced


def _table(meanings: Mapping[str, str]) -> _Table:
    words = {kb.encode(): meaning.split() for kb, meaning in meanings.items()}
    return _Table(frozenset(words), words)


def _with_places(places: Mapping[str, Mapping[str, tuple[str, int]]], of_builds: Iterable[Mapping[str, str]]) -> _Table:
    """Return the KBs that count beside a build, or beside a number without a revision: the newest of those with places, and those that may decide."""
    said: dict[str, dict[str, None]] = {}
    for meanings in of_builds:
        for kb, meaning in meanings.items():
            said.setdefault(kb, {}).update(dict.fromkeys(meaning.split()))
    words = {kb.encode(): list(meanings) for kb, meanings in said.items()}
    of_products = tuple({kb.encode(): place for kb, place in of_product.items()} for of_product in places.values())
    return _Table(frozenset(words).union(*of_products), words, of_products)
