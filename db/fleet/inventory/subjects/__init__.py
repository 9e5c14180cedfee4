"""What rows are of, where they are of no machine, or of another one: a release, an image, a template, a snapshot, a program, the host of a VM.

A release page, a catalogue of images and a list of programs have names beside builds, as inventories have. A machine is never called patched
for what such a row says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from hotpatch_kb.db.fleet.inventory.columns import NAMES, bare, parent_of
from hotpatch_kb.db.fleet.inventory.values import is_of_installed, says_product
from hotpatch_kb.db.fleet.inventory.vocabulary import is_of_system, path_of
from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.product_names import read_name

Value = Callable[[str], str]

# What names one machine, or is a member that nothing else has. "Devices" is a count, "Image ID" of an image, "Device group" of a plan.
_OF_ONE_MACHINE: Final = lazy(
    r"serial|asset|(?<![a-z])client(?: ?name)?$|inventory ?(?:no|num)|(?<![a-z])(?:ip|ipv[46]|mac|fqdn|uuid|guid|upn|imei|ram|vm|pc|netbios)(?![a-z])|ip ?address|(?<![a-z])user(?!s)|log[io]n|e-?mail|primary ?user"
    r"|(?:object|resource|instance|agent|minion|node|azure|entra|aad|vm|host|management)[ _]?id$|(?:device|machine|computer|host|workstation|laptop|desktop|notebook|endpoint|node|appliance)(?![a-z]|.*(?:count|group|type|class))|hostname|computername|devicename"
    r"|virtual ?machine(?!s)|memory|uptime|(?<![a-z])boot(?! ?image)|bios|processor|(?<![a-z])cpus?(?![a-z])|last.?(?:seen|check|contact|sync|scan|inventory|report|heartbeat|online)|enrol|install ?(?:ed)?[ _-]?(?:on|date|time)$|installdate"
    r"|registered|system ?(?:root|directory|drive|device)|path ?name|product ?id|current ?type|build ?lab|build ?guid"
    r"|rechner|gerät(?!e)|benutzer|seriennummer|ordinateur|poste(?!s)|appareil(?!s)|utilisat|equipo(?!s)|dispositiv[oi](?!s)|usuari|servidor(?!es)|serveur(?!s)|macchina|máquina(?!s)|utente|komputer|urządzeni|serwer|użytk|počíta|zařízení|számít|kiszolg|tietokone|laite"
    r"|dator|enhet|enhed|bilgisayar|cihaz|calculat|υπολογ|компьют|комп.ютер|устройств|сервер|пользоват|узел|计算机|電腦|主机|主機|服务器|伺服器|设备|裝置|资产|序列|用户|端末|機器|ホスト|コンピュ|サーバ|マシン|シリアル|資産|ユーザ|컴퓨터|호스트|서버|장치|사용자|자산|仮想|虚拟机|虛擬機|가상"
    r"|होस्ट|कंप्यूटर|सर्वर|डिवाइस|كمبيوتر|حاسوب|جهاز|خادم|مضيف|เครื่อง|คอมพิวเตอร์|โฮสต์|อุปกรณ์|διακομιστ|κεντρικ|συσκευ|מחשב|שרת|התקן|máy|thiết bị|perangkat|peladen|račun|poslužitelj|strežnik|uređaj|naprav|компют|рачунар|kompiuter|arvuti|dators"
    r"|eszköz|palvelin|sunucu|ordinador|dispositiu|رایانه|سرور|دستگاه|კომპიუტერ|սերվեր|համակարգիչ|hostitel|gostitelj|gospodar|gazd|ana ?bilgisayar|vert(?:snavn|en)?$|isäntä"
    r"|^(?:nazwa|nom|nombre|nome|navn|namn|naam|název|názov|név|nimi|имя|назва|ad|adı|όνομα|名前|名称|名稱|이름|שם|الاسم|ชื่อ|tên)$",
    re.IGNORECASE,
)
# A policy has them, too: they count beside columns that are of nothing else.
_OF_ONE_THING: Final = lazy(r"^(?:id|key)$|(?:^|\.)owner(?:$|\.)", re.IGNORECASE)
# What names of columns say of which a row is then, whatever else they say: "Golden image", "Policy user", "VM template".
_OF_OTHERS: Final = lazy(
    r"image|template|snapshot|checkpoint|polic|baseline|group|collection|(?<![a-z])rules?(?![a-z])|release|(?<![a-z])kb|catalog|model|task|(?<![a-z])role|vorlage|modèle|plantilla|plan|гр?уппа|шаблон|テンプレート|イメージ|グループ|ポリシー|モデル|模板|策略|镜像|组$|템플릿|이미지|그룹",
    re.IGNORECASE,
)
# Columns of the system itself, which say nothing of what a row is of.
_OF_THE_SYSTEM: Final = lazy(
    r"produ[ck]t\w*|produit|prodotto|製品名?|产品(?:名称)?|產品|제품|продукт|(?:os|operating ?system|windows|display|product|system|full|kernel)*[ _]?(?:version|versionstring|name|family|platform|type|release ?id|sku|sp|service ?pack(?:major|minor)?(?:version)?|code ?name|caption|major|minor|patch|build ?type|suite ?mask|installation ?type|arch|bitness|bits)",
    re.IGNORECASE,
)
_OF_NOTHING: Final = lazy(
    r"[a-z0-9]{1,2}|(?:input)*(?:verdict|classification|kb|baselinekb|monthsbehind|nextkb|nextneedsrestart|rejoinsmonth|neweroutofband|reason|datauntil|host|build|product|line|kbs|edition)"
    r"|notes?|comments?|remarks?|bemerkung(?:en)?|kommentar\w*|hinweise?|remarques?|notas?|備考|コメント|メモ|备注|비고|примечани[ея]|row|tags?",
    re.IGNORECASE,
)
# What has a user and a build as well: a ticket, a bug, a test, a file. Its row is no machine's unless a host is named.
_RECORDS: Final = lazy(
    r"(?:support|service)?(?:ticket|incident|bug|defect|test(?:case|run)?|crash(?:dump)?|file)(?:id|no|nr|number|name|key)?|subject|betreff|objet|asunto|件名|チケット(?:番号)?|テスト(?:名)?|ファイル(?:名)?|工单|主题|文件"
)
_HUMPS: Final = lazy(r"(?<=[a-z0-9])(?=[A-Z])|_")
_NAMELESS: Final = lazy(r"column\d+")  # as tables without a header get them
_IMAGES: Final = frozenset({
    "image", "imageid", "imagename", "imageindex", "imagepath", "imageversion", "amiid", "ami", "repotags", "repository", "repodigests", "tasksequence", "goldenimage",
    "imagedescription", "bootimage", "boxname", "vhd", "vhdpath", "wim", "wimfile",
})  # fmt: skip
# Names that people give to anything; a column "Host" is of hosts.
OF_ANY_NAME: Final = frozenset({"name", "nom", "nombre", "ciname", "agent", "source", "asset", "assetname", "resourcename"})

OF_ANY_THING: Final = frozenset({"ciname", "agent"})  # of these, what is most often no machine

# A column that says yes or no, and one that has the name of what the row is of.
_FLAG: Final = lazy(
    r"(?:isa?n?)?(?:vm|golden|ova|ovf)?(?:template|image|snapshot|checkpoint|replica|clone)(?:vm|flag)?|vorlage|istvorlage|modèle|plantilla|шаблон|テンプレート|模板|템플릿"
)
_POINT: Final = lazy(
    r"(?:vm)?(?:snapshot|checkpoint|restorepoint|recoverypoint|savepoint)(?:name|id)?|スナップショット(?:名)?|チェックポイント(?:名)?|快照(?:名称)?|스냅샷|prüfpunkt|instantané|снимок"
)
_YES: Final = frozenset({
    "yes", "true", "1", "y", "t", "x", "ja", "oui", "sí", "si", "sim", "да", "はい", "是", "예", "wahr", "vrai", "verdadero", "tak", "ano", "✓", "✔", "template",
})  # fmt: skip
_NO: Final = frozenset({
    "", "no", "false", "0", "n", "f", "-", "--", "none", "null", "n/a", "na", "nil", "nein", "non", "нет", "いいえ", "否", "아니요", "falsch", "faux", "falso", "nie", "ne", "{}", "[]", "✗", "✘",
})  # fmt: skip
_COLUMN_OF_KINDS: Final = lazy(
    r"(?:object|resource|record|entity|item|asset|vm|ci|machine|node|device|system)?(?:type|kind|class|category)|(?:\w*status|(?:power)?state)|typ|タイプ|種類|種別|类型|유형"
)
_OTHER_KIND: Final = lazy(
    r"(?<![a-z])(?:vm|golden)?(?:templates?|snapshots?|checkpoints?|images?|policy|policies|baseline|deleted|replicaset|daemonset|deployment|pod|container|recovery ?point|restore ?point|nodepool|agentpool)(?![a-z])"
    r"|vorlage|テンプレート|スナップショット|模板|快照|템플릿|шаблон",
    re.IGNORECASE,
)
_GONE: Final = lazy(r"removed|deleted|delete|remove|decommissioned|gone|retired", re.IGNORECASE)
_LONGEST_NAME: Final = 200  # characters that are looked at
_NAME_OF_IMAGE: Final = lazy(
    r"\s.*(?<![a-z])(?:images?|templates?|snapshots?|baselines?)(?![a-z])|^(?:\w+ )?(?:images?|templates?|snapshots?|baselines?)\b.*\s|\(x(?:64|86)\)$",
    re.IGNORECASE,
)

# Of what a version is, beside a host: "Computer,Name,Version" of programs, services and features.
_SECOND_NAMES: Final = frozenset({
    "displayname", "name", "caption", "title", "program", "programname", "servicename", "featurename", "modulename", "module", "productname", "service", "process", "binary", "executable", "library", "tool", "component",
})  # fmt: skip
_OF_DRIVERS: Final = lazy(r"driver(?:date|provider|providername|name|class)|infname|inffile", re.IGNORECASE)
_OF_FEATURES: Final = frozenset(
    {"enabled", "disabled", "enablepending", "disablepending", "disabledwithpayloadremoved", "available", "removed", "installpending"}
)
_WINDOWS: Final = lazy(r"windows.{0,10}(?:server.{0,3}(?:20\d\d|version|,)|(?<!\d)1[01](?!\d))|^(?:microsoft )?windows$", re.IGNORECASE)
_NOT_WINDOWS: Final = lazy(
    r"defender|development kit|sdk|(?<![a-z])tools?(?![a-z])|update|agent|driver|adk|subsystem|terminal|hello|firewall", re.IGNORECASE
)

# Whose build a column is of: "Host OS Build" beside VMs, "Client OS build" beside servers. "Windows Server build" is of a product.
_ROLES: Final = {
    "host": frozenset({"host", "node", "hypervisor", "hv", "parent", "hôte", "хост", "хоста", "узла", "wirt", "knoten"}),
    "server": frozenset({"server", "servers", "serveur", "servidor", "сервер", "сервера"}),
    "client": frozenset({"client", "workstation", "клиент", "клиента"}),
}  # fmt: skip
# What objects in a list with such a name are, unless they say a host: "nodePools", "boxes", "Images".
_LISTS: Final = lazy(
    r"(?:\w*?[_-]?)(?:images?|amis?|templates?|pools?|boxes|builds|releases|polic(?:y|ies)|baselines?|rules?|rings?|channels?|branches|versions|products|editions|packages|vhds|isos|flavors|skus|offers|catalog(?:ue)?s?|galler(?:y|ies)|programs|applications|apps|software|features|drivers|components|libraries)",
    re.IGNORECASE,
)
_INSIDE: Final = {
    "host": lazy("ホスト|宿主|主机|호스트"),
    "server": lazy("サーバ|服务器|伺服器|서버"),
    "client": lazy("クライアント|客户端|클라이언트"),
}
_WORDS: Final = lazy(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])")
_GUEST: Final = lazy(
    r"(?:vm|guest|virtual ?machine|guest ?vm|pod|container|workload|tenant|printer|仮想マシン|仮想サーバー?|ゲスト|虚拟机|虛擬機|가상 ?머신|게스트|виртуальная машина|machine virtuelle|virtuelle maschine)(?:[ _.]?(?:name|id|名))?",
    re.IGNORECASE,
)


def short(name: str) -> str:
    """Return the last part of a column's name, as it is compared."""
    return bare(name).rpartition(".")[2]


def column_of_others(names: Sequence[str], by_field: Mapping[str, Sequence[str]]) -> str:
    """Return the column whose presence says that no row is of a machine, "" if there is none.

    Where nothing names a machine, a file may have the columns of the contract (build, product, line, kbs, edition) and others of the system. With
    any other, "Availability date" or "Policy" or one that nobody knows, its rows are of that. Remarks and the columns of our output say nothing.

    Args:
        names: every column.
        by_field: the columns of each field.
    """
    hosts, builds = by_field.get("host", ()), by_field.get("build", ())
    taken = {name for columns in by_field.values() for name in columns}
    if hosts:
        if short(hosts[0]) not in NAMES["host"] and _OF_OTHERS.search(path_of(hosts[0])[-1]):
            return hosts[0]  # the first label of a text
        is_named = short(hosts[0]) not in OF_ANY_NAME or any(names_one(name) for name in names if name not in taken)
        of_images = [name for name in names if short(name) in _IMAGES and parent_of(name) in {"", *map(parent_of, builds)}]
        return "" if is_named and short(hosts[0]) not in _IMAGES else next(iter(of_images), "")
    if images := [name for name in names if short(name) in _IMAGES]:
        return images[0]
    # "Vorgabe" may be read as a product for its values, as "Betriebssystem" is.
    by_value = {name for name in by_field.get("product", ()) if bare(name) not in NAMES["product"] and "." not in name}
    taken -= by_value
    if records := [
        name for name in names if name not in taken and (_RECORDS.fullmatch(short(name)) or (name in by_value and short(name) == "title"))
    ]:
        return records[0]
    spare = [name for name in names if name not in taken and not _NAMELESS.fullmatch(name)]
    kbs = [name for name in by_field.get("kbs", ()) if short(name) == "kb" and builds and names.index(name) < names.index(builds[0])]
    is_one_thing = any(map(_OF_ONE_THING.search, spare)) and not any(map(_OF_OTHERS.search, spare))
    if kbs or is_one_thing or any(map(names_one, spare)):
        return kbs[0] if kbs else ""
    return next(
        (
            name
            for name in spare
            if not (
                _OF_THE_SYSTEM.fullmatch(short(name))
                or _OF_NOTHING.fullmatch(short(name))
                or (is_of_system(name) and short(name) != "stand")
            )
        ),
        "",
    )


def names_one(name: str) -> bool:
    """Return whether a column names a machine, or is a member that only a machine has."""
    last = _HUMPS.sub(" ", path_of(name)[-1])
    return _OF_ONE_MACHINE.search(last) is not None and not _OF_OTHERS.search(last) and is_of_installed(last)


def is_of_another_machine(column: str, hosts: Sequence[str], header: Sequence[str]) -> bool:
    """Return whether the name of a build says that it is of another machine than its row: "Host OS Build" of a VM, "Client OS build" of a server.

    >>> is_of_another_machine("Host OS Build", ["Name"], ["Name", "State", "Host OS Build"])
    True
    >>> is_of_another_machine("Host OS Build", ["Host"], ["Host", "Host OS Build"])
    False
    """
    if not (role := _role_of(column)):
        return False
    others = [path_of(name)[-1] for name in header if name not in hosts and name != column]
    if role != "client" and any(map(_GUEST.fullmatch, (*others, *(path_of(name)[-1] for name in hosts)))):
        return True
    if not hosts:
        return False
    subject = min(hosts, key=header.index)  # the others may name what it runs on
    if any(
        _role_of(name) == role and _is_noun(name) for name in (*others, *hosts) if name != subject and not bare(name).startswith("hostname")
    ):
        return True
    own = _role_of(subject)
    return own != role and (bool(own) or (role == "host" and short(subject) in OF_ANY_NAME))


def _role_of(column: str) -> str:
    last = path_of(column)[-1]
    words = [word.casefold() for word in _WORDS.findall(last)]
    words = [word for before, word in pairwise(["", *words]) if (before, word) != ("windows", "server")]
    words += [word.removesuffix("name") for word in words if word.endswith("name")]
    return next((role for role, known in _ROLES.items() if not known.isdisjoint(words) or _INSIDE[role].search(last)), "")


def _is_noun(name: str) -> bool:
    """Return whether a column names a machine: "Hyper-V Host", and not "Host OS Build" or "Server role"."""
    last = path_of(name)[-1]
    words = [word.casefold() for word in _WORDS.findall(last)] or [last]
    return any(
        words[-1].removesuffix("name") in known or (words[-1] == "name" and words[-2:-1] and words[-2] in known)
        for known in _ROLES.values()
    ) or any(pattern.search(last) and not is_of_system(name) for pattern in _INSIDE.values())


class Subjects:
    """What else the texts of rows with the same columns may say that they are of.

    Attributes:
        columns: those whose texts may say so.
    """

    def __init__(self, names: Sequence[str], by_field: Mapping[str, Sequence[str]], *, is_of_anything: bool) -> None:
        """Find the columns that may say what a row is of.

        Args:
            names: every column.
            by_field: the columns of each field.
            is_of_anything: whether the build is in a column that may be of anything, such as "Version".
        """
        builds, self._hosts = by_field.get("build", ()), by_field.get("host", ())
        # Members of the objects that the build is in, from the outside.
        parents = {"", "@odata", *(".".join(path[:count]) for path in map(path_of, builds) for count in range(1, len(path)))}
        around = [name for name in names if parent_of(name) in parents and name not in builds and name not in self._hosts[:1]]
        self._flags = [name for name in around if _FLAG.fullmatch(short(name))]
        self._points = [name for name in around if _POINT.fullmatch(short(name))]
        self._kinds = [name for name in around if _COLUMN_OF_KINDS.fullmatch(short(name))]
        self._actions = [name for name in around if short(name) == "action"]
        is_item = any(short(name) in {"hostid", "itemid", "id", "vmid", "instanceid", "ip"} for name in names)
        self._templates = [] if is_item else [name for name in around if short(name) == "templateid"]
        self._states: list[str] = []
        self._names: list[str] = []
        self._drivers: list[str] = []
        if is_of_anything and self._hosts and builds and short(builds[0]) == "version":
            taken = {
                name for field, columns in by_field.items() if field != "product" for name in (columns[:1] if field == "host" else columns)
            }
            self._names = [name for name in around if short(name) in _SECOND_NAMES and name not in taken]
            self._drivers = [name for name in around if _OF_DRIVERS.fullmatch(short(name))]
            if short(self._hosts[0]) in OF_ANY_NAME:
                self._states = [name for name in around if short(name) in {"state", "featurestate", "installstate"}]
            self._names += [name for name in around if short(name) == "product"]
        # Entra calls devices so, and policies, too.
        self._only_names = [name for name in around if builds and not self._hosts and short(name) == "displayname"]
        self._own_names = [*self._hosts[:1]] if self._names else []
        self.columns = (
            *self._flags, *self._points, *self._kinds, *self._actions, *self._templates, *self._states, *self._names, *self._drivers, *self._own_names, *self._only_names,
        )  # fmt: skip

    def of(self, value: Value) -> str:
        """Return what says that a row is of no machine that has the build, "" if nothing does.

        Args:
            value: returns the text of a column, "" where the row has none.
        """
        return next(self._sayings(value), "")

    def _sayings(self, value: Value) -> Iterator[str]:
        yield from (f"{name}: {said}" for name in self._flags if (said := value(name).strip()).casefold() in _YES)
        yield from (f"{name}: {said}" for name in (*self._points, *self._templates) if (said := value(name).strip()).casefold() not in _NO)
        for name in self._kinds:
            said = value(name).strip()
            if short(name).endswith(("state", "status")):
                yield from [said] if _OTHER_KIND.fullmatch(said) else []
            elif _OTHER_KIND.search(_HUMPS.sub(" ", said)):
                yield said
        yield from (said for name in self._actions if _GONE.fullmatch(said := value(name).strip()))
        yield from (said for name in self._only_names if " " in (said := value(name).strip()))
        yield from (said for name in self._states if bare(said := value(name)) in _OF_FEATURES)
        yield from (said for name in self._drivers if (said := value(name).strip()))
        for name in self._names:
            said = value(name).strip()
            is_said = _NOT_WINDOWS.search(said) if short(name) == "product" else said and not _is_windows(said)
            if is_said and not any(_is_same(said, value(host)) for host in self._own_names):
                yield said


def is_list_of_others(name: str) -> bool:
    """Return whether a list with this name is one of images, releases or programs, and not of machines.

    >>> is_list_of_others("nodePools"), is_list_of_others("nodes"), is_list_of_others("Images")
    (True, False, True)
    """
    return _LISTS.fullmatch(name) is not None


def is_name_of_image(name: str) -> bool:
    """Return whether the name of a row is that of an image, and of no host.

    >>> is_name_of_image("Golden image"), is_name_of_image("Boot image (x64)"), is_name_of_image("IMAGE01")
    (True, True, False)
    """
    return _NAME_OF_IMAGE.search(name[:_LONGEST_NAME]) is not None


def _is_windows(name: str) -> bool:
    """Return whether a name is that of a Windows, and not of a part of it: "Windows Software Development Kit"."""
    if _NOT_WINDOWS.search(name):
        return False
    return says_product(name) or read_name(name).is_understood or _WINDOWS.search(name) is not None


def _is_same(name: str, host: str) -> bool:
    """Return whether a second name is that of the host, with or without its domain."""
    return name.casefold().partition(".")[0] == host.strip().casefold().partition(".")[0]
