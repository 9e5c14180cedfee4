"""Names of columns that can only be of the system that a machine runs, in the languages of Windows.

A list of what is wrong can never be complete: "Fixed version", "Offered build" and "Version (WSUS)" are builds that a machine shall have. So a column
whose name is not one of ``columns.NAMES`` says the build only where each of its words is known to be harmless. Any other is named by ``--map``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from unicodedata import normalize

from hotpatch_kb.db.model.lazy_patterns import lazy

# Whole words. "value" and "message" are what Zabbix and PRTG call the text of a sensor.
_WORDS: Final = frozenset({
    "os", "ms", "win", "ver", "vers", "v", "no", "nr", "num", "nbr", "so", "se", "ос", "№", "value", "lastvalue", "message", "output", "stdout", "text", "string", "info",
    "versionsinfo", "information", "property", "facts", "fact", "ext", "extended", "kernel", "winver", "systeminfo", "registry", "ubr", "level", "patchlevel", "of", "the",
    "on", "and", "de", "du", "des", "d", "l", "la", "le", "les", "en", "cours", "del", "el", "los", "di", "do", "da", "dos", "dello", "della", "van", "het", "der", "i", "na",
    "og", "av", "och", "af", "för", "build", "builds", "version", "versión", "versione", "versão", "versao", "wersja", "versie", "versio", "versiune", "versi", "verze",
    "verzió", "verzija", "versjon", "versioon", "versija", "verzia", "različica", "versió", "bertsio", "bertsioa", "útgáfa", "versioni", "inačica", "toleo", "properties",
    "süsteemi", "sistēmas", "sistemos", "sustava", "sistema", "system", "systems", "système", "systeme", "systeem", "systemu", "systém", "systému", "rendszer", "sistem",
    "sistemi", "sistemas", "in", "is", "runs", "running", "raw", "details", "platform", "asset", "custom", "field", "cf", "bs", "plugin", "kernelrelease", "vmware", "tools",
    "accordingto", "statusinformation", "osservicepack", "code", "osrelease", "windowsrelease", "systemrelease", "bld", "révision", "revision", "rev", "buildu", "szám", "száma", "numara", "nomor", "số", "dựng", "رقم", "مبنى", "البناء", "ساخت", "نسخه", "מספר", "בנייה",
    "संख्या", "compilació", "bouw", "bouwnummer", "broj", "numurs", "numeris", "järk", "järgu", "käännös", "käännöksen", "yapı", "zostava", "zostavy", "patchstand",
})  # fmt: skip
# Parts of words: German and the Nordic languages join them, and Japanese, Chinese, Korean and Thai have no blanks.
_PARTS: Final = (
    "operating", "system", "windows", "microsoft", "build", "version", "number", "full", "long", "complete", "kernel", "current", "actual", "installed", "reported",
    "detected", "discovered", "observed", "device", "computer", "machine", "host", "client", "server", "node", "guest", "endpoint", "workstation", "desktop", "laptop",
    "betriebs", "versions?", "nummer", "nr", "stand", "ist", "installierte[rs]?", "aktuelle[rs]?", "gerät(?:e|es)?", "rechner", "vollständige[rs]?", "laufende[rs]?",
    "exploitation", "num[ée]ro", "compilation", "installée?", "actuelle?", "ordinateur", "complète", "noyau", "poste",
    "operativ[oa]?", "compilaci[óo]n", "n[úu]mero", "instalad[oa]", "equipo", "dispositivo", "núcleo", "completa",
    "numero", "installat[oa]", "attuale", "corrente", "operacional", "compilaç[ãa]o", "atual", "computador", "máquina", "macchina",
    "besturings", "systeem", "versie", "geïnstalleerde", "huidige?", "apparaat",
    "operacyjn(?:y|ego)", "kompilacj[ai]", "numer", "wersji", "zainstalowan[ay]", "bieżąc[ay]", "komputer[a]?", "urządzeni[ea]",
    "i̇?şletim", "sistemi", "sürümü?", "derleme", "numarası", "yüklü", "geçerli",
    "operativ", "operativsystem", "styresystem", "versjon", "bygg(?:e)?", "installera[dt]", "installeret", "nuvarande", "nåværende", "nuværende", "dator", "enhet", "enhed",
    "operační(?:ho)?", "sestavení", "číslo", "nainstalovaná", "aktuální", "počítače?",
    "operációs", "buildszám", "verziószám", "käyttöjärjestelmän?", "versio", "koontiversio", "operare", "operativă", "numărul",
    "έκδοση", "δόμησησ?", "λειτουργικ(?:ό|ού)", "σ[ύυ]στ[ηή]μα(?:τοσ)?", "αριθμ[όο]σ",
    "версі[яї]", "збірк[аи]", "операційн(?:а|ої)", "верси[яи]", "сборк[аи]", "номера?", "билд[аы]?", "білд[аы]?", "компилация", "верзија", "број", "операционн(?:ая|ой)", "систем[аыи]", "установленн(?:ая|ой)", "текущ(?:ая|ей)", "ядр[оа]",
    "संस्करण", "बिल्ड", "ऑपरेटिंग", "सिस्टम", "प्रणाली", "รุ่น", "หมายเลข", "ระบบ", "ปฏิบัติการ", "บิลด์", "نسخة", "بناء", "النظام", "გამოშვება", "ვერსია", "տարբերակ", "phiên", "bản", "hệ", "điều", "hành", "เวอร์ชัน", "ระบบปฏิบัติการ", "גרס[הת]", "גירס[הת]", "מערכת", "ה?הפעלה", "(?:ال)?إصدار", "نظام", "التشغيل",
    "バージョン", "ビルド", "番号", "版数", "情報", "オペレーティング", "システム", "現在", "の", "インストール済み?", "実行中", "ウィンドウズ", "カーネル", "デバイス", "端末", "機器", "コンピューター?", "ホスト", "サーバー?",
    "内部版本", "內部版本", "版本", "操作系统", "作業系統", "系统", "系統", "号码?", "號碼?", "编号", "編號", "当前", "當前", "目前", "已安装", "已安裝", "内核", "核心", "的", "计算机", "電腦", "设备", "裝置", "主机", "主機",
    "生成", "构建", "組建", "完整", "버전", "빌드", "번호", "정보", "운영", "체제", "시스템", "현재", "설치된", "윈도우즈?", "커널", "기기", "장치", "컴퓨터", "서버", "os", "win",
)  # fmt: skip
_OF_PARTS: Final = lazy(rf"(?:{'|'.join(_PARTS)})+")
_HUMPS: Final = lazy(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Words of nested objects that are of the machine itself, besides those above.
_OF_OBJECTS: Final = frozenset({
    "instance", "view", "ansible", "puppet", "columns", "fields", "attributes", "agent", "metric", "labels", "item", "items", "node", "result", "results", "data", "content", "inventory", "hardware", "profile", "meta",
    "metadata", "basic", "general", "summary", "state", "status", "report", "record", "records", "telemetry", "discovery", "scan", "last", "sw", "tags", "doc", "document", "detail", "body", "payload", "values", "assets",
    "machines", "devices", "computers", "hosts", "servers", "endpoints", "entries", "entity", "entities", "objects", "object", "list", "rows", "page", "pages", "extra", "additional", "cim", "wmi", "ohai", "automatic",
    "variables", "vars", "response", "return", "ret", "local", "my", "self", "this", "resource", "resources", "edition", "identity", "props", "extension", "dynamic",
    "overview", "minion", "grains",
})  # fmt: skip
# Words of names of sensors and of facts, besides those: "WMI check OS version", "ansible_distribution_version", "Windows Build Sensor".
_OF_SENSORS: Final = frozenset({
    "sensor", "check", "probe", "monitor", "monitoring", "snmp", "nt", "uname", "description", "desc", "script", "powershell", "query", "nrpe", "nsclient", "hotpatch", "distribution", "name", "release", "display", "major",
    "minor", "product", "caption", "facter", "salt", "chef", "get", "read", "string", "from", "by", "via", "at", "for", "os", "this", "my", "reg", "hklm", "cv", "ncpa", "agent", "remote", "remotely", "local",
    "daily", "hourly", "weekly", "advanced", "exe", "power", "shell", "vbs", "cmd", "ssh", "winrm", "cim", "active", "passive", "trapper", "auto", "automatic", "prtg", "zabbix", "nagios", "icinga", "checkmk", "minutes", "min", "täglich", "known", "srv", "svr", "pc",
    "überwachung", "prüfung", "beschreibung", "abfrage", "nom", "nombre", "bezeichnung", "監視", "チェック", "センサー", "说明", "检查", "传感器", "설명", "센서", "проверка", "датчик", "описание",
})  # fmt: skip
# Vowels of Hindi and Thai are marks, which are not letters to ``\w``.
_LETTERS: Final = lazy(r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e30-\u0e4e\u064b-\u0652])+")
# "Computer O/S Version" of PDQ, "Kernel release", "OS Release" ("Release version" is what a vendor released), "OS according to the VMware Tools" of RVTools, "Status Information" of Nagios
_TOGETHER: Final = lazy(
    r"\bO/S\b|\bN°|\bW(?=1[01]\b)|\bpatch level\b|\b(?:kernel|OS|Windows|system) release\b|\baccording to\b|\bstatus information\b|\bOS[ _]service[ _]pack\b|\bVMware\b",
    re.IGNORECASE,
)
_SHORT: Final = {"o/s": "OS", "n°": "No", "w": "Win"}
_LONGEST_NAME: Final = 200  # characters of a name that is looked at closely
# "latest(os_build)" is the last one that a host has reported; "max(os_build)" may be one that it had before a rollback.
_FUNCTION: Final = lazy(r"\s*(?:latest|last|values|list)\s*\(\s*(?P<name>[^()]+?)\s*\)\s*", re.IGNORECASE)
_OF_NOW: Final = lazy(
    r"(?<=\w)[\s_(\[,-]+(?:as (?:of|at|on)\b[^<>≤≥=]*|now|today|right now|at present|heute|jetzt|aujourd'hui|hoy|oggi|hoje|сейчас|сегодня)[)\]\s]*$"
    r"|(?<=\w)[\s(（]*(?:\d{4}\D\d\d?\D\d\d?)?(?:現在|时点|時点)[)）\s]*$",
    re.IGNORECASE,
)
_DOT: Final = lazy(r"\.(?=\S)(?!\d+$)")  # "OS Build.1" of pandas is a second "OS Build"
# A name says nothing of a version without one of these: "Computer" and "Name" are harmless, too.
_OF_VERSIONS: Final = lazy(
    r"build|ver|bld|kernel|windows|system|système|systém|sistem|(?<![a-z])os(?![a-z])|value|message|output|stdout|statusinformation|osservicepack|raw|platform.?v|patch ?level|patchstand|compila|kompila|kernel|derleme|sestaven|bygg|noyau|núcleo|ядр|kärn"
    r"|sürüm|wersj|phiên|bản|stand$|release$|bouw|käännö|yapı|zostav|compila|[^\x00-\x7fÀ-ɏ]", re.IGNORECASE,
)  # fmt: skip


def path_of(column: str) -> list[str]:
    """Return the names of a nested column, from the outside. "Build-Nr." and "Nr. build" are no paths.

    >>> path_of("host.os.version"), path_of("Build-Nr.")
    (['host', 'os', 'version'], ['Build-Nr'])
    """
    return _DOT.split(unwrapped(column).rstrip(". "))


@lru_cache(maxsize=2**15)  # more than a table may have columns
def unwrapped(column: str) -> str:
    """Return the name of a column without the function of Splunk around it, and without words for the time at which it was read.

    >>> unwrapped("latest(os_build)"), unwrapped("OS Build (as of 2026-07-20)"), unwrapped("Build now"), unwrapped("Latest build")
    ('os_build', 'OS Build', 'Build', 'Latest build')
    """
    if len(column) > _LONGEST_NAME:
        return column
    found = _FUNCTION.fullmatch(column)
    name = found["name"] if found else column
    return _OF_NOW.sub("", name) or name


@lru_cache(maxsize=2**15)  # more than a table may have columns
def is_of_system(column: str) -> bool:
    """Return whether a column's name, or the last part of a nested one, can only be of the version of the system that runs.

    >>> is_of_system("Betriebssystem-Build"), is_of_system("OS ビルド"), is_of_system("Fixed version"), is_of_system("最新バージョン")
    (True, True, False, False)
    """
    last = _TOGETHER.sub(
        lambda match: _SHORT.get(match[0].casefold()) or match[0].replace(" ", "").replace("_", "").capitalize(),
        path_of(normalize("NFKC", column))[-1],
    )
    words = [word.casefold() for word in _LETTERS.findall(_HUMPS.sub(" ", last))]
    if words == ["client", "version"]:
        return False  # WSUS: of the Windows Update Agent
    if {"microsoft", "ms"} & set(words) and not {"windows", "os"} & set(words):
        return False  # "Current Microsoft build" is the newest one of Microsoft
    return _OF_VERSIONS.search(" ".join(words)) is not None and ("".join(words) in _WORDS or all(map(is_known_word, words)))


@lru_cache(maxsize=4096)
def is_of_machine(name: str) -> bool:
    """Return whether a nested object with this name is of the machine that its row is of: each of its words is known to be.

    >>> is_of_machine("osProfile"), is_of_machine("Win32_OperatingSystem"), is_of_machine("managementServer"), is_of_machine("_source")
    (True, True, False, True)
    """
    words = [word.casefold() for word in _LETTERS.findall(_HUMPS.sub(" ", normalize("NFKC", name)))]
    return name == "_source" or (words != ["last"] and all(word in _OF_OBJECTS or is_known_word(word) for word in words))


def is_of_metric(name: str) -> bool:
    """Return whether the labels of a metric of Prometheus can be of the machine itself. OpenTelemetry calls the machine a target.

    >>> is_of_metric("windows_os_info"), is_of_metric("target_info"), is_of_metric("windows_updates_pending_info")
    (True, True, False)
    """
    return name == "target_info" or is_of_machine(name)


@lru_cache(maxsize=4096)
def is_of_sensor(label: str) -> bool:
    """Return whether the name of a sensor or a fact can be of the system of its machine: each of its words is known to be. Names of hosts in it have a number.

    >>> is_of_sensor("WMI OS version SRV1"), is_of_sensor("kernelrelease"), is_of_sensor("gateway_build"), is_of_sensor("history")
    (True, True, False, False)
    """
    label = " ".join(word for word in re.split(r"[\s:/()\[\]]+", label) if not any(map(str.isdigit, word)) or is_of_system(word))
    words = [word.casefold() for word in _LETTERS.findall(_HUMPS.sub(" ", normalize("NFKC", label)))]
    return all(word in _OF_SENSORS or word in _OF_OBJECTS or is_known_word(word) for word in words)


def is_known_word(word: str) -> bool:
    """Return whether a word, in lower case, is one that names of such columns have."""
    return word in _WORDS or _OF_PARTS.fullmatch(word) is not None
