"""Whether a row or an object says that an update is installed: its status, its dates, its flags, and any other text of it.

Get-HotFix has installed updates alone; Configuration Manager, WSUS, Nessus and Update Manager list those that a machine lacks in the same shape. So
whatever such a row says besides the KB may only speak for it. Beside a build, which a machine may have whatever else is said of it, a column counts if
each word of its name is one of updates and their installation, in the languages of Windows: "Agent installed" is of something else.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from hotpatch_kb.db.fleet.inventory.days import day_of, is_no_day
from hotpatch_kb.db.fleet.inventory.values import is_of_installed
from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.wording import (
    confirms,
    denies,
    denies_installation,
    doubts_installation,
    is_installed,
    is_of_machine_itself,
    is_open,
    says_no,
    says_yes,
)

# Parts of names, as ``columns.bare`` has them: without blanks and punctuation.
_OTHER_WORDS: Final = (
    r"is|was|were|has|been|are|already|now|the|this|of|for|in|to|and|with|last|current|overall|final|actual|day|de|du|des|d|l|la|le|les|el|del|der|die|das|den|dem|im|um|vom|von|est|es|ist|wurde|zu|do|da|di|do|na|van|het|av|af|för|och|og"
    r"|updates?|kbs?|hotfix(?:es)?|patch(?:es)?|lcu|cu|rollup|builds?|versions?|os|windows|system|package|enforcement|task|job|deployment|compliance|evaluation|message|code|name|text|info|reboot|restart|change"
    r"|aktualisierung(?:en|s)?|neustart|verteilungs?|bereitstellungs?|mis(?:e|es)àjour|correctifs?|redémarrage|actualizaci[óo]n(?:es)?|reinicio|atualiz(?:ação|ações)|aggiornament[oi]|riavvio|aktualizacj[aie]|обновлени[еяй]|системы|сборк[аи]"
    r"|の|を|が|に|は|済み?|更新(?:プログラム)?|パッチ|ビルド|再起動|タスク|ジョブ|最終|补丁|修补程序|修補程式|更新程序|任务|重启|的|已|版本|는|은|업데이트|패치|빌드|작업|parches?|修补|uppdaterings?|oppdaterings?|opdaterings?|aktualizac[ei]|güncelle(?:me|ştirme)?|päivity(?:s|ksen)|frissítés(?:ek)?|[0-9]"
)
_INSTALL: Final = (
    r"install(?:ed|ations?|ations|azione|ato|ata|ati|é|ée|és|ées|iert|ierte|ieren|erad|erat|ert|eret|asjon|asjons|atie)?|instal(?:ad[oa]s?|aci[óo]n|ação|acji|acja|owan[oya]|ace|ovan[oáa])|(?:za|na)instal(?:owan[oya]|ov[aá]n[oáa])|geïnstalleerd|telepí(?:tés|tve|tett)"
    r"|asenn(?:us|uksen|ettu)|yükle(?:me|ndi)?|yüklü|kurulum|kuruldu|appl(?:y|ied|iqué|iquée)|applicat[oa]|aplicad[oa]s?|angewendet|eingespielt|gepatcht|toegepast|patched|deployed|present|vorhanden|présente?|presente|успешно|установлен[оаы]?|установк[аи]"
    r"|встановлен[оа]|применен[оа]|適用|導入|インストール|安装|安裝|套用|应用|部署|설치|적용|됨|된|complete|completed|success|succeeded|successful|succes|succès|réussie?|erfolgreich|exitoso|riuscito|sucesso|成功|성공"
)
_STATUS_WORDS: Final = (
    r"done|finished|ok|verified|confirmed|erledigt|fertig|stat(?:us|e|es|ut|o|i|an)|statu|stan|stav|estado|état|etat|zustand|results?|result|outcome|phase|ergebnis|résultat|resultado|risultato|resultaat|wynik|výsledek|resultat|sonu[çc]|durumu?|tila|állapota?|tilstand|tillstånd|статус|стан|состояние|результат|κατάσταση"
    r"|ステータス|状態|状況|結果|状态|狀態|状况|結果|结果|상태|현황|결과|สถานะ|trạngthái|(?:ال)?حالة|מצב|סטטוס"
)
_PENDING_WORDS: Final = r"pending|outstanding|required|needed|needs|(?:updates?|patch(?:es)?)available|available(?:updates?|patch(?:es)?)|updates?verfügbar|ausstehend\w?|erforderlich|enattente|pendientes?|necesari[oa]|pendente|待ち?|必要|保留|待|대기|필요"
_MISSING_WORDS: Final = (
    r"missing|absent|failed|failure|fehlend\w?|fehlt|fehlgeschlagen|manquante?s?|échoué|faltantes?|falta|mancant[ei]|ontbreekt|ontbrekend|brakując[aye]|brak|отсутствует|saknas|mangler|chybí|eksik|不足|未|失敗|缺少?|缺失|失败|누락|미|not|nicht|non|dryrun|dry"
    r"|simulat(?:ed?|ion)|noop|whatif|checkmode|testlauf|probelauf|superseded|declined|postponed|deferred|skipped|cancell?ed|aborted"
)
_REMOVED_WORDS: Final = (
    r"uninstall(?:ed|ation)?|removed|removal|rolledback|rollback|rolled|revert(?:ed)?|backedout|deinstallier(?:t|ung)|deinstallations?|entfernt|zurückgesetzt|zurückgerollt|désinstall(?:é|ée|ation)|desinstal(?:ad[oa]|ación|ação)|disinstallat[oa]|disinstallazione"
    r"|restored|restauré|annulé|gedeïnstalleerd|verwijderd|odinstalowan[oy]|удален[оа]?|удалени[ея]|откат|avinstaller\w{2}|afinstalleret|odinstalován[oa]|kaldırıldı|アンインストール|削除|ロールバック|卸载|卸載|解除安裝|回滚|제거|롤백"
)
_DAY_WORDS: Final = r"(?:last|start|end)?(?:timestamp|datetime|dates?|time|when|since)|tag|datum|zeit|zeitpunkt|uhrzeit|heure|le|fecha|hora|data|ora|tijd|tarihi?|saat|päivä(?:ys|määrä)?|dátuma?|kelte|dato|dag|дата|время|日付|日時|日|時刻|日期|时间|時間|날짜|일자|일시|일|시간|ημερομηνία|วันที่|ngày|utc|local"
_PLANNED_WORDS: Final = r"planned|scheduled|plan|geplante?[rs]?|planifi(?:é|ée)|prévue?|planificad[oa]|programad[oa]|previst[oa]|planejad[oa]|pianificat[oa]|gepland|planowan[ay]|запланирован[оа]?|планов(?:ая|ый)|planlanan|planerad|planlagt|予定|計画|计划|計畫|预定|예정|expected|target|desired|due"
_DUE: Final = lazy(rf"(?:{_PLANNED_WORDS}|eta|deadline)(?:on|at|by|for|am|für|le|el|date)?")
_REMARK: Final = lazy(
    r"notes?|remarks?|comments?|annotation|hinweise?|bemerkung(?:en)?|kommentare?|anmerkung(?:en)?|notiz(?:en)?|remarques?|commentaires?|notas?|observaci(?:ón|ones)|observaç(?:ão|ões)|comentarios?|comentários?|nota|commento|osservazioni|opmerking(?:en)?|uwagi|komentarz"
    r"|примечани[ея]|комментари[йи]|poznámka|megjegyzés|huomautus|anmärkning|merknad|bemærkning|açıklama|備考|コメント|メモ|注記|摘要|备注|備註|说明|비고|메모|msg|(?:last)?message|(?:last)?statusmessage|meldung|mensaje|messaggio|mensagem|メッセージ|消息|메시지|details?|reason|info"
)
_STATUS: Final = lazy(
    r"(?:stat(?:us|e|ut|o)|state?name|result|outcome|phase|disposition|condition|complian(?:ce|t)|zustand|estado|статус|состояние|状態|状态|狀態|상태|stan|durum|tilstand|stav|tila)$|^(?:compliance|status)"
)
_FLAG: Final = lazy(
    r"^(?:is|was)?(?:installed|present|success(?:ful)?|succeeded|applied|patched|deployed|complete|done|finished|erledigt)$|^installiert$|^installée?$|^instalad[oa]$"
)
_DAY: Final = lazy(
    r"(?:(?:re)?install(?:ed|ation)?_?(?:on|date|day|time|at)|(?:date|on|time)_?(?:of)?_?install(?:ed|ation)?|installé(?:e)?le|installiertam|fechadeinstalación)$"
)
_REMOVAL: Final = lazy(_REMOVED_WORDS)
_CODES: Final = {
    "resultcode": {"2"},
    "eventid": {"19"},
    "errorcode": {"0", "0x0", "0x00000000"},
    "hresult": {"0", "0x0", "0x00000000"},
    "error": {"0", "0x0", "none"},
    "exitcode": {"0"},
    "returncode": {"0"},
}
_OF_TASKS: Final = _CODES.keys() - {"eventid"}
_SHARE_OF_TASK: Final = lazy(
    r"(?:install(?:ation)?|update|patch|deployment|rollout|download)?progress|percent(?:age)?(?:completed?|done)|(?:complet(?:ed?|ion)|done)percent(?:age)?"
)
_SHARE: Final = lazy(r"progress|percent")
_PENDING: Final = lazy(r"re-?boot|re-?start|pending|uninstall|remov|revert|rolled?back|superse|error|neustart|redémarr|reinici|再起動|重启")
# What a list of updates has that are to be installed, or that would mend something. Of a KB there only a status, a flag or a day says that it is installed.
_TO_DO: Final = lazy(
    r"vuln|schwachst|脆弱|漏洞|취약|уязвим|bulletin|exposure|advisor|threat|bedroh|deadline|^eta$|^(?:install|apply|patch|deploy|complete)by$|^due|due(?:date|by|on)|fällig|frist|échéance|vencimiento|scadenza|prazo|термин|期限|截止|마감|срок|(?:release|publish\w*|posted|issued?|veröffentlich\w*|available|detect\w*)_?(?:on|date|d|am|time)?$"
    r"|^date_?(?:released|published|posted)|download|heruntergeladen|téléchargé|descargad|scaricat|ticket|^chg|change(?:request|id|number|no)?$|incident|^action|aktion|acción|azione|ação|действи|操作|対応|措置|조치|maßnahme|assigned|priorit|^risk|^sla\b|operation|activity|approv"
)
_ACTION: Final = lazy(r"^(?:action|operation|activity|aktion|vorgang|acción|azione|ação|операция|действие|操作|動作|작업)$")
_AN_INSTALLATION: Final = lazy(
    r"(?:re)?install(?:ation|iert|ieren|ed|er)?|installazione|instalación|instalação|установка|インストール|安装|安裝|설치", re.IGNORECASE
)
_NO: Final = frozenset(
    {"", "0", "-", "—", "–", "--", "no", "false", "n", "none", "null", "n/a", "na", "never", "nein", "non", "nie", "niemals", "jamais", "nunca", "mai", "nooit", "никогда", "なし", "無", "无", "없음", "not set", "unknown", "{}", "[]", "?"}
)  # fmt: skip
_NEVER: Final = lazy(r"never|niemals|jamais|nunca|nooit|nigdy|никогда|aldrig|aldri|asla|soha|未|从未|無|无|없음|なし")
_LONGEST: Final = 200  # characters; a longer text describes the update

Kind = Literal["", "removed", "missing", "pending", "planned", "status", "day", "flag", "remark"]
_PARTS: Final = {
    "removed": lazy(_REMOVED_WORDS),
    "pending": lazy(_PENDING_WORDS),
    "missing": lazy(_MISSING_WORDS),
    "planned": lazy(_PLANNED_WORDS),
    "status": lazy(_STATUS_WORDS),
    "install": lazy(_INSTALL),
    "day": lazy(_DAY_WORDS),
    "on": lazy("on|at|am"),
    "other": lazy(_OTHER_WORDS),
}
_SAYING: Final[tuple[Kind, ...]] = ("removed", "pending", "missing", "planned", "status")
_OF_DAY: Final = lazy(rf"(?:{_DAY_WORDS}|on|at|am)$|^(?:{_DAY_WORDS})")
_NUMBER: Final = lazy(r"[0-9]+")
_LONGEST_NAME, _LONGEST_PART = 60, 20  # characters


def kind_of(name: str) -> Kind:
    """Return what a column beside a build says of an update, by its name (``columns.bare``); "" where it may be of something else.

    >>> kind_of("étatdinstallation"), kind_of("適用済み"), kind_of("installdate"), kind_of("rolledback"), kind_of("agentinstalled"), kind_of("backupstatus")
    ('status', 'flag', 'day', 'removed', '', '')
    """
    # A number says nothing of its own. Columns of many KBs ("kb5099536status") are one kind.
    return _kind_of(_NUMBER.sub("0", name))


@lru_cache(maxsize=2**15)  # more than a table may have columns
def _kind_of(name: str) -> Kind:
    if _REMARK.fullmatch(name):
        return "remark"
    ways = _ways_to_read(name) if len(name) <= _LONGEST_NAME else set()
    for kind in _SAYING:
        if any(kind in parts for parts in ways):
            return kind
    ways = {parts for parts in ways if "install" in parts}
    return "day" if any(parts & {"day", "on"} for parts in ways) else "flag" if ways else ""


def _ways_to_read(name: str) -> set[frozenset[str]]:
    """Return the kinds of parts that a name can be made of, for each way to divide it; nothing where a part is of something else."""
    ways: list[set[frozenset[str]]] = [set() for _ in range(len(name) + 1)]
    ways[0].add(frozenset())
    for start, so_far in enumerate(ways[:-1]):
        ends = range(start + 1, min(len(name), start + _LONGEST_PART) + 1) if so_far else ()
        for part, pattern in _PARTS.items():
            if not (ends and pattern.match(name, start)):  # one look, where each end would take one: most parts do not begin here
                continue
            for end in ends:  # a part may begin with another: "installations" with "installation"
                if pattern.fullmatch(name, start, end):
                    ways[end].update(kinds | {part} for kinds in so_far)
    return ways[-1]


class Facts(NamedTuple):
    """What is known of the day and of KBs where rows are read.

    Attributes:
        on: the day as of which machines are judged, "" if it is not known.
        lacks: returns whether a text names the KB of a build, or a newer one that counts: a machine that lacks it does not have the build.
    """

    on: str = ""
    lacks: Callable[[str, str], bool] = lambda _build, _kbs: False


def speaks_against_build(name: str, text: str, on: str = "", *, is_plain: bool = True) -> bool:
    """Return whether a column beside a build says that the machine does not have it, not yet, or not any more.

    Args:
        name: that of the column (``columns.bare``).
        text: what the row has there.
        on: the day as of which machines are judged, "" if that is not known.
        is_plain: whether the build may be of anything, as that of a column "Build"; one of "OS Build" is denied only by what can mean nothing else.
    """
    kind = kind_of(name)
    if not text or not (kind or is_plain):
        return False
    if is_plain and _is_of_task(name):
        return (
            not _speaks_for_it(name, text) if text[:1].isdecimal() or text[:1] == "-" else denies(text) and not is_of_machine_itself(text)
        )
    if is_plain and _is_due(name) and (day := day_of(text)):
        return on != "" and day[0] > on
    if kind in {"day", "planned", "flag"} and (day := day_of(text)) and _is_of_day(name, kind):
        return is_no_day(text) or (on != "" and day[0] > on)
    return _denies_build(kind, name, text, is_plain)


def _is_due(name: str) -> bool:
    """Return whether a column says by its name alone when something is to be done: "Due", "ETA", "Planned"."""
    return _DUE.fullmatch(name) is not None


def _is_of_task(name: str) -> bool:
    """Return whether a column has the code or the progress of a task: "ExitCode"."""
    return name in _OF_TASKS or _SHARE_OF_TASK.fullmatch(name) is not None


def _is_of_day(name: str, kind: Kind) -> bool:
    return kind != "planned" or _OF_DAY.search(name) is not None


@lru_cache(maxsize=50_000)
def _denies_build(kind: Kind, name: str, text: str, is_plain: bool) -> bool:
    is_no = text.casefold() in _NO or says_no(text)
    if kind == "flag":
        return not (confirms(text) or is_installed(text) or day_of(text) or denies_nothing(text))
    if kind in {"removed", "missing", "pending"}:
        if is_no or (kind == "pending" and not is_plain):
            return False
        if text.isdecimal():  # "Missing updates" is a number of them
            return text == "1" and (_OF_UPDATE.search(name) is None or name.startswith("is"))
        return says_yes(text) or day_of(text) is not None or kind == "removed"
    if kind == "planned":
        return is_plain and says_yes(text)
    if kind == "day":
        return (is_no and text.isalpha()) or _NEVER.search(text.casefold()) is not None or (is_plain and denies_installation(text))
    if kind == "status":
        is_denied = denies(text) or doubts_installation(text)
        return is_plain and ((is_no and not text[:1].isdecimal() and says_no(text)) or (is_denied and not is_of_machine_itself(text)))
    return denies_installation(text) or (is_plain and _waits_for_restart(text))


def _waits_for_restart(remark: str) -> bool:
    """Return whether a remark says that something of an update is pending, in the words that columns are called by: "Reboot pending", "再起動待ち".

    "Restart not required" says that nothing is, and a number may be 0.
    """
    letters = "".join(filter(str.isalnum, remark.casefold()))
    if len(letters) > _LONGEST_NAME or not letters.isalpha():
        return False
    ways = _ways_to_read(letters)
    return any("pending" in parts for parts in ways) and not any("missing" in parts for parts in ways)


def denies_nothing(text: str) -> bool:
    """Return whether a text of a flag is a placeholder or a number, which says neither yes nor no, beside the numbers of a flag."""
    return text != "0" and (text in {"-", "—", "–", "--", "n/a", "N/A", "?"} or re.fullmatch(r"[0-9][0-9.,]*", text) is not None)


# Updates that a machine lacks, by the names of columns: "Missing KBs".
_OF_UPDATE: Final = lazy(
    r"kb|update|patch|hotfix|correctif|aktualisierung|mises? à jour|actualiz|atualiz|aggiorn|обновл|更新|パッチ|补丁|修补|업데이트|패치",
    re.IGNORECASE,
)


_IS_KB: Final = lazy(r"kb\d{6,7}")


class BesideBuild:
    """The columns beside the build of a row that may say something against it.

    Attributes:
        columns: their names.
    """

    def __init__(self, spare: Iterable[tuple[str, str]], by_value: Iterable[str], *, is_plain: bool) -> None:
        """Find them.

        Args:
            spare: columns that are of no field, each after the last part of its name (``columns.bare``).
            by_value: columns that have nothing but statuses of an update, whatever they are called.
            is_plain: whether the build may be of anything, as that of a column "Build". One of "OS Build" is denied only by what can mean nothing else.
        """
        spare, named = list(spare), frozenset(by_value) if is_plain else frozenset[str]()
        self._is_plain = is_plain
        self._said = [(short, name) for short, name in spare if kind_of(short) or (is_plain and (_is_of_task(short) or _is_due(short)))]
        self._by_kb = [name for short, name in spare if _IS_KB.fullmatch(short)]  # "KB5099536": "Missing"
        self._by_value = [name for short, name in spare if name in named and not kind_of(short) and name not in self._by_kb]
        self._lacked = [name for _, name in spare if _OF_UPDATE.search(name) and not is_of_installed(name)]
        self.columns = [*(name for _, name in self._said), *self._by_value, *self._by_kb, *self._lacked]

    def said_against(self, build: str, value: Callable[[str], str], facts: Facts) -> str:
        """Return what a row says against its build, "" if it says nothing."""
        for short, name in self._said:
            if (said := value(name).strip()) and speaks_against_build(short, said, facts.on, is_plain=self._is_plain):
                return f"{name}: {said}"
        if said := next((said for name in self._by_value if (said := value(name).strip()) and is_open(said)), ""):
            return said
        for name in self._by_kb:
            if (said := value(name).strip()) and (says_no(said) or is_open(said)) and facts.lacks(build, name):
                return f"{name}: {said}"
        return next((said for name in self._lacked if (said := value(name)) and facts.lacks(build, said)), "")


def is_title_of_missing(title: str) -> bool:
    """Return whether one of the lines above a table says that its updates are not installed.

    >>> is_title_of_missing("Missing updates,,"), is_title_of_missing("Servers of July")
    (True, False)
    """
    return any(
        denies_installation(line) or (_OF_UPDATE.search(line) is not None and not is_of_installed(line)) for line in title.split("\n")
    )


# --- KBs -------------------------------------------------------------------------------------------------------------------


class Said(NamedTuple):
    """What a row or an object says of its KB.

    Attributes:
        is_installed: whether all of it speaks for it.
        is_denied: whether something says that it is not there, or not any more. A row may say neither.
        day: the days that it names, "" without one: the first for an installation, the last for a removal.
    """

    is_installed: bool
    is_denied: bool = False
    day: str = ""


def said_of_update(members: Iterable[tuple[str, str]], on: str = "", *, is_of_hotfix: bool = False) -> Said:
    """Return what a row or an object says of its update.

    Args:
        members: names (``columns.bare``) and texts, without the KB itself and what is of the machine.
        on: the day as of which machines are judged, "" if that is not known. What is installed later is not installed.
        is_of_hotfix: whether the KB is called HotFixID, as in Get-HotFix, which has installed updates alone and often lacks the day.

    >>> said_of_update([("installedon", "7/14/2026"), ("description", "Security Update")]), said_of_update([("outcome", "Failure")]).is_denied
    (Said(is_installed=True, is_denied=False, day='2026-07-14'), True)
    """
    pairs = [(name.rpartition(".")[2], text.strip()) for name, text in members]
    against = [(name, text) for name, text in pairs if not _speaks_for_it(name, text, is_of_hotfix)]
    days = [day for name, text in pairs if _is_day(name) and (day := day_of(text))]
    is_later = on != "" and any(day[0] > on for day in days)
    is_denied = any(text.casefold() not in _NO or says_no(text) for _, text in against) or is_later
    if against or is_later:
        return Said(False, is_denied, max((last for _, last in days), default=""))
    is_to_do = any(_TO_DO.search(name) for name, _ in pairs)
    return Said(not is_to_do or any(_confirms(name, text) for name, text in pairs), False, min((first for first, _ in days), default=""))


def installed_ones(updates: Iterable[tuple[str, Said]]) -> list[str]:
    """Return the KBs of a list that are installed, each once. One that is denied or removed counts only if days say that it was installed later.

    >>> installed_ones([("KB1", Said(True)), ("KB1", Said(False, True)), ("KB2", Said(False, True, "2026-07-01")), ("KB2", Said(True, False, "2026-07-14"))])
    ['KB2']
    """
    by_kb: dict[str, list[Said]] = defaultdict(list)
    for kb, said in updates:
        by_kb[kb].append(said)
    return [kb for kb, said in by_kb.items() if _is_there(said)]


def _is_there(said: list[Said]) -> bool:
    denied = [one.day for one in said if one.is_denied]
    installed = [one.day for one in said if one.is_installed]
    return bool(installed) and (not denied or (all(denied) and max(denied) < max(installed)))


@lru_cache(maxsize=4096)
def _is_day(name: str) -> bool:
    if _TO_DO.search(name) or kind_of(name) == "planned":
        return False
    return (
        _DAY.search(name) is not None or kind_of(name) == "day" or (_OF_DAY.search(name) is not None and kind_of(name) in {"", "removed"})
    )


@lru_cache(maxsize=4096)
def _is_installation(name: str) -> bool:
    """Return whether a column has the day of an installation."""
    return (_DAY.search(name) is not None or kind_of(name) == "day") and _REMOVAL.search(name) is None and is_of_installed(name)


def _confirms(name: str, text: str) -> bool:
    """Return whether a text that speaks for an update says that it is installed, and does not only say nothing against it."""
    if _is_installation(name):
        return day_of(text) is not None
    if name in _CODES:
        return bool(text) and name in {"resultcode", "eventid"}
    return confirms(text) and (_FLAG.search(name) is not None or _STATUS.search(name) is not None or kind_of(name) in {"flag", "status"})


@lru_cache(maxsize=50_000)
def _speaks_for_it(name: str, text: str, is_of_hotfix: bool = False) -> bool:
    is_no = text.casefold() in _NO or says_no(text)
    kind = kind_of(name)
    if name in _CODES:
        return not text or text.casefold() in _CODES[name]
    if _SHARE.search(name):
        return is_no or text.rstrip(" %") == "100"
    if _REMOVAL.search(name) or kind in {"removed", "missing", "pending"}:
        return is_no
    if _is_installation(name):
        return (not is_no and not denies(text) and not is_no_day(text)) or (not text and name == "installedon" and is_of_hotfix)
    if _FLAG.search(name) or kind == "flag":
        return confirms(text) or (day_of(text) is not None and not is_no_day(text))
    if _ACTION.search(name):
        return not text or is_installed(text) or _AN_INSTALLATION.fullmatch(text) is not None
    if _STATUS.search(name) or kind == "status":
        return is_installed(text)
    if _PENDING.search(name) or not is_of_installed(name):
        return is_no
    return len(text) > _LONGEST or not (denies(text) or (kind == "remark" and denies_installation(text)))
