"""Whether the words beside a build, a KB or a status say that a machine has it. Standard library alone.

Words that deny it are listed here ("older than", "pending restart"), for statuses and labels, which may say anything. Such a list is never complete: beside
a KB only words that are known to be harmless count, and beside a build those of ``fleet.inventory.vocabulary``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.notation import BUILD_TEXT
from hotpatch_kb.db.model.reading import plain

MAX_TEXT: Final = 1_000  # characters of a cell that are searched

# What a machine shall have, could have, had or lacks, as whole words of a text.
_DENIALS: Final = lazy(
    r"""(?<!\w)(?:
    not|non|isn'?t|wasn'?t|won'?t|cannot|can'?t|n't|never|without|w/o|missing|lack(?:s|ing|ed)?|absent|old(?:er|est)?|below|earlier|lower|less|greater|higher
    |before|behind|prior|previous(?:ly)?|former(?:ly)?|until|unless|upgrad\w*|downgrad\w*|will|shall|should|must|would|could|want(?:s|ed)?|goal|need(?:s|ed)?|requir\w*|recommend\w*
    |target\w*|desired|plan(?:s|ned)?|pending|await\w*|waiting|outstanding|schedul\w*|stag(?:ed|ing)|download\w*|availab\w*|offer(?:s|ed)?|approv\w*|applicab\w*|proposed|suggested
    |fail(?:s|ed|ure|ing)?|abort\w*|cancel\w*|incomplete|partial(?:ly)?|un-?install\w*|notinstalled|removed|roll(?:s|ed|ing)?[ -]?back|revert\w*|supersed\w*|replac\w*|declin\w*|defer\w*
    |paused|withdrawn|expect\w*|minimum|maximum|at\ least|latest|newest|newer|next|future|upcoming|fix(?:ed|es)?|vulnerab\w*|affect\w*|remediat\w*|re-?boot\w*|re-?start\w*
    |(?:re)?install(?:ing|ieren)|deploy(?:ing|s)|in\ progress|queued?|queuing|assigned|triggered|initiated|started|pushed|ready\ to|due|to\ be|to\ do|blocked|rejected|on\ hold|hold|skipped|excluded
    |postponed|delayed|retry(?:ing)?|retries|simulat\w*|dry[ -]run|what[ -]if|snoozed|rückgängig|verzögert\w*|verschoben\w*|rimoss\w*|błąd\w*|stuck|error|corrupt\w*|hung|tonight|tomorrow|used\ to|formerly|except\w*|exempt\w*|waived|requested|hopefully|likely|guess|estimated|approx\w*|circa|later|above|stopped
    |time(?:d\ )?out|stale|cached|last\ known|decommissioned|retired|restored|false|noch|offen|laufend|in\ (?:arbeit|bearbeitung)|zugewiesen|freigegeben|blockiert|wird|en\ cours\ d|à\ (?:installer|faire)|refusé\w*|bloqué\w*
    |por\ instalar|instalando|en\ curso|rechazad\w*|da\ installare|in\ (?:corso|installazione)|a\ instalar|em\ andamento|te\ installeren|bezig|do\ zainstalowania|w\ toku|устанавлива\w*|к\ установке|в\ (?:процессе|очереди)
    |yükleniyor|pågår|installeras|probíhá
    |delet\w*|expired?|re-?imag\w*|re-?built|wiped|gelöscht\w*|entfernt\w*|abgelaufen\w*|supprim\w*|enlev\w*|expiré\w*|elimin[ae]\w*|caducad\w*|scadut\w*|excluíd\w*|removid\w*|expirad\w*|retirad\w*|verlopen|usunięt\w*|wygas\w*
    |истек\w*|истёк\w*|silin\w*|borttag\w*|raderad\w*|fjernet|slettet|smazán\w*|odebrán\w*|odstraněn\w*|törölt\w*|eltávolít\w*|poistet\w*
    |todo|tbd|tbc|unverified|unconfirmed|probably|maybe|perhaps|assum\w*|unpatched|outdated|obsolete
    |(?<!build\ )(?<!version\ )(?<!os\ )no(?!\.|\w)
    |nicht|kein\w*|fehlt|fehlend\w*|fehlgeschlagen\w*|älter\w*|ohne|erforderlich\w*|benötigt\w*|ausstehend\w*|verfügbar\w*|geplant\w*|soll\w*|ziel\w*|empfohlen\w*|heruntergeladen\w*
    |deinstalliert\w*|zurückge\w*|veraltet\w*|neue?ste\w*|nächste\w*|mindest\w*|vorherig\w*|frühere\w*|behoben\w*|niedriger|kleiner|abgebrochen\w*|ersetzt\w*|neustart
    |pas|sans|manqu\w*|antérieur\w*|ancien\w*|inférieur\w*|disponible\w*|planifié\w*|prévu\w*|attente|échou\w*|échec|désinstall\w*|cible|recommandé\w*|téléchargé\w*|dernière?|prochaine?|avant
    |corrigé\w*|redémarrage|requis\w*|remplacé\w*|annulé\w*
    |sin|falta\w*|anterior\w*|inferior\w*|menor|requerid\w*|planificad\w*|previst\w*|pendiente\w*|fallid\w*|falló|desinstalad\w*|objetivo|recomendad\w*|descargad\w*|últim\w*|próxim\w*|antes
    |ausente|corregid\w*|reinicio|reemplazad\w*
    |senza|manca\w*|precedente|inferiore|richiest\w*|disponibil\w*|pianificat\w*|attesa|fallit\w*|disinstallat\w*|consigliat\w*|scaricat\w*|ultim[ao]|prossim\w*|assente|riavvio
    |não|nao|sem|faltand\w*|necessári\w*|disponíve\w*|planejad\w*|pendente|falh\w*|baixad\w*|transferid\w*|reinicializa\w*
    |niet|geen|zonder|ontbre\w*|ouder\w*|vereist\w*|beschikba\w*|gepland\w*|wacht\w*|mislukt\w*|verwijderd\w*|aanbevolen|gedownload\w*|nieuwste|volgende
    |nie|brak\w*|bez|starsz\w*|wymagan\w*|dostępn\w*|planowan\w*|oczekuj\w*|odinstalowan\w*|zalecan\w*|pobran\w*|następn\w*|najnowsz\w*
    |не|нет|без|отсутств\w*|старше|ниже|требу\w*|доступ\w*|(?:за)?планир\w*|ожида\w*|ошибк\w*|удал[ея]\w*|рекоменд\w*|загруж\w*|последн\w*|следующ\w*|целев\w*|недоста\w*|предыдущ\w*|откат\w*
    |сбой|неудач\w*|устарел\w*|перезагруз\w*
    |değil|yok|eksik|gerekli|bekl\w*|planlan\w*|kaldır\w*|önce\w*|eski|sonraki|başarısız
    |ikke|inte|ej|saknas|mangler|ældre|äldre|eldre|kräv\w*|kræve\w*|tillgänglig\w*|tilgængelig\w*|planlagt|planerad|väntar|venter|afventer|av?installer[ae]\w*|afinstaller\w*|misslyck\w*
    |není|ne|chyb\w*|starší|vyžad\w*|dostupn\w*|plánov\w*|čeká\w*|odinstal\w*|neúspě\w*
    |fehler(?!frei)\w*|necesari\w*|necesita\w*|план|ні|немає|очіку\w*|помилк\w*|niepowodzeni\w*|anulowan\w*|annull?at\w*|geannuleerd|mislyk\w*|feilet|venter|avventer|epäonnistu\w*|odottaa|puuttuu|sikertelen|hiányzik|függőben
    )(?!\w)""",
    re.VERBOSE,
)
# The same where words have no blanks between them: Japanese, Chinese and Korean.
_DENIALS_INSIDE: Final = lazy(
    "中$|中\b|未|ない|なし|ません|不足|欠|保留|予定|必要|推奨|失敗|古い|以前|以上|以下|最新|次の|削除|アンインストール|ロールバック|利用可能|待|再起動|ダウンロード|目標|対象外"
    "|期限切れ|删除|刪除|移除|不|缺|无|無|需|失败|旧|舊|低于|低於|高于|高於|之前|可用|推荐|建議|建议|卸载|解除|回滚|復原|计划|計畫|目标|下载|下載|过期|重启|重新|挂起|掛起|待機|適用可能|可安装"
    "|삭제|만료|누락|없|않|미설치|미적용|미만|필요|대기|예정|실패|제거|이전|이하|이상|최신|사용 가능|롤백|권장|목표|다운로드|재시작|다시"
)
CROSSES: Final = "✗✘❌✕✖×☒☐🚫⛔❎"
_ERROR: Final = r"\b0x[89c][0-9a-f]{7}\b|(?<![\w-])-2[0-9]{9}\b"  # an HRESULT that is an error, in hexadecimal or as a number
_BUILD: Final = rf"(?:10\.0\.)?{BUILD_TEXT}"
# "< 26100.33158", "!=26100.33158", "to 26100.33158", "min. 26100.33158"; "26100.33158?", "26100.33158+", "32995 -> 26100.33158"; "26100.33158/32995"
_SIGNS: Final = lazy(
    rf"[{CROSSES}]|{_ERROR}|(?:[<≤≥≦≧≠≮≯≰≱!~≈¬→⇒]|(?<![=-])>|[0-9]\s*[=-]+>|=/=|\b(?:to|from|min\.?|max\.?|ab|bis|von|vers|hasta|fino\ a|od|до|от))\s*=*\s*{_BUILD}"
    rf"|{_BUILD}\s*(?:[?→⇒+]|=+>|-+>)|(?:{_BUILD}|kb[ -]?[0-9]{{6,7}})\W*\ben cours\b|[<>]=|(?:^|\()\s*=>|^\s*-+>\s*{_BUILD}|=>\s*\)|{_BUILD}\s*(?:[/–—-]|\bor\b|\boder\b|\bou\b|\bo\b)\s*[0-9]{{3,5}}(?![\w.-])"
)
# systeminfo says "10.0.20348 Nicht zutreffend Build 20348" of a version without a service pack.
OF_SYSTEMINFO: Final = lazy(r"10\.0\.(\d{5})\b.{1,60}?\b\1\b(?!\.)")
_TAG: Final = lazy(rf"</?[a-z][^<>]{{0,100}}>|<(?={_BUILD}>)|(?<=[0-9])>")

_KB: Final = r"(?:kb[ -]?)?[0-9]{6,7}"
# Nothing but KBs; DuckDB, whose patterns are RE2's, reads it as well.
PLAIN_KBS: Final = rf"(?i)\s*(?:{_KB}(?:[\s,;|]+|$))*"
_PLAIN_KBS: Final = re.compile(PLAIN_KBS)
_WORD: Final = lazy(r"[^\W\d_]+")
# KBs, days and times, versions of systems and tokens such as x64 say nothing of whether an update is installed. "(s)" is a plural.
_NOT_WORDS: Final = lazy(
    rf"\bcve-\d+-\d+|(?<!\S)\S*\\\S*|{_KB}|\b(?:19|20)\d\d-\d\d(?:-\d\d)?(?:t[\d:.]+z?)?\b|\b\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}\b|\b(?:19|20)\d\d[/.]\d\d?[/.]\d\d?\b|\b20\d\d年\d\d?月\d\d?日|\b\d\d?:\d\d(?::\d\d)?(?:\s*[ap]m)?\b|\b20\d\d\b"
    rf"|\b(?:10\.0\.)?\d{{5}}\.\d{{1,5}}\b|\b[a-z]+\d\w*|\b\d+[a-z]\w*|\((?:s|e|es|n)\)",
    re.IGNORECASE,
)
# systeminfo's list begins so in every language: "3 Hotfix(s) Installed. [01]: KB5044281"
NUMBERED_KBS: Final = lazy(r"\[0*1\]\s*:\s*KB[0-9]{6,7}", re.IGNORECASE)
_SIGNS_BESIDE_KBS: Final = lazy(r"(?:[\s\w.,:;()\[\]{}|/\\'\"„“”–—®。、-])*")
# Words beside installed KBs: what systeminfo, Get-HotFix, wmic and titles of updates have.
_OF_KBS: Final = frozenset({
    "kb", "kbs", "hotfix", "hotfixes", "hotfixs", "hotfixid", "installed", "installedon", "in", "the", "for", "of", "and", "update",
    "updates", "security", "cumulative", "rollup", "monthly", "quality", "feature", "preview", "dynamic", "microsoft", "windows", "server", "client", "os", "operating",
    "system", "systems", "version", "edition", "based", "baseline", "hotpatch", "package", "packages", "lcu", "ssu", "gdr", "net", "framework",
    "servicing", "stack", "azure", "datacenter", "standard", "arm", "amd", "out", "band", "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "gb", "mb", "id",
    "nt", "authority", "administrator", "am", "pm", "installiert", "installierte", "sicherheitsupdate", "kumulatives", "für", "correctif",
    "correctifs", "installé", "installés", "installée", "installées", "revisión", "revisiones", "instalada", "instaladas", "instalado", "instalados", "aggiornamento",
    "aggiornamenti", "rapidi", "installati", "installato", "atualização", "instalação", "poprawki", "poprawka", "zainstalowane", "zainstalowano", "исправление", "исправления",
    "установлено", "установлены", "обновление", "geïnstalleerd", "snabbkorrigering", "installerad", "installerade", "hurtigrettelse", "installeret", "oprava", "opravy",
    "nainstalováno", "düzeltme", "yüklü",
})  # fmt: skip
_YES: Final = frozenset({
    "yes", "true", "y", "1", "ja", "oui", "sí", "si", "sì", "sim", "da", "да", "так", "tak", "ano", "áno", "evet", "kyllä", "igen", "ναι", "はい", "是", "예", "네", "wahr", "vrai", "verdadero", "verdadeiro", "vero",
    "waar", "prawda", "pravda", "истина", "doğru", "tosi", "igaz", "sann", "sandt",
})  # fmt: skip
_NO: Final = frozenset({
    "no", "false", "n", "0", "nein", "non", "não", "nao", "nee", "nej", "nei", "nie", "ne", "нет", "ні", "hayır", "ei", "nem", "nu", "όχι", "いいえ", "否", "아니요", "아니오", "falsch", "faux", "falso", "onwaar", "fałsz", "nepravda",
    "ложь", "yanlış", "epätosi", "hamis", "falsk",
})  # fmt: skip
_CHECKS: Final = lazy("[✓✔✅☑√○〇◯]")
# What a status says of an update that is there, without blanks and punctuation.
_INSTALLED: Final = _YES | {
    "installed", "present", "applied", "succeeded", "success", "successful", "successfully", "complete", "completed", "done", "ok", "installiert",
    "vorhanden", "installé", "installée", "instalado", "instalada", "installato", "installata", "установлено", "установлен", "zainstalowano", "geïnstalleerd", "installerad",
    "installeret", "nainstalováno", "yüklü", "インストール済み", "インストール済", "適用済み", "已安装", "已安裝", "成功", "설치됨", "설치완료",
    "erfolgreich", "angewendet", "eingespielt", "abgeschlossen", "appliqué", "appliquée", "réussi", "réussie", "terminé", "terminée", "aplicado", "aplicada", "correcto", "completado", "completada", "applicato", "riuscito",
    "riuscita", "completato", "completata", "sucesso", "concluído", "concluída", "geslaagd", "voltooid", "toegepast", "zainstalowana", "zastosowano", "zakończono", "установлена", "применено", "успешно", "завершено", "встановлено",
    "installert", "slutförd", "fuldført", "fullført", "nainstalována", "dokončeno", "asennettu", "telepítve", "yüklendi", "uygulandı", "başarılı", "tamamlandı", "適用済", "導入済み", "導入済", "完了", "適用完了",
    "مثبت", "מותקן", "ติดตั้งแล้ว", "εγκατεστημένο", "εγκαταστάθηκε", "terpasang", "terinstal", "инсталирано", "инсталирана", "inštalované", "nainštalované", "instalirano", "instalat", "instalată",
    "インストール完了", "済み", "済", "已完成", "已套用", "已应用", "安装成功", "安裝成功", "적용됨", "적용완료", "완료", "성공",
}  # fmt: skip


@lru_cache(maxsize=4096)
def denies(text: str) -> bool:
    """Return whether a text says that a machine does not have the build or KB that it names, or not yet, or not any more.

    >>> denies("older than 26100.33158"), denies("26100.33158/32995"), denies("Microsoft Windows [Versión 10.0.26100.8875]")
    (True, True, False)
    """
    words = OF_SYSTEMINFO.sub(" ", _TAG.sub(" ", plain(text[:MAX_TEXT]).casefold()))
    return bool(_DENIALS.search(words.replace("_", " ")) or _DENIALS_INSIDE.search(words) or _SIGNS.search(words))


@lru_cache(maxsize=4096)
def lists_installed(text: str) -> bool:
    """Return whether a list of KBs is of those that a machine has: it has no word that may say otherwise.

    >>> lists_installed("KB5087423;KB5082063"), lists_installed("missing: KB5087423"), lists_installed("1 Hotfix(s) Installed. [01]: KB5087423")
    (True, False, True)
    """
    return _PLAIN_KBS.fullmatch(text) is not None or _has_no_other_words(text)


def _has_no_other_words(text: str) -> bool:
    lowered = plain(text).casefold()
    if (
        not _SIGNS_BESIDE_KBS.fullmatch(lowered)
        or _DENIED_KB.search(lowered)
        or _DENIALS_INSIDE.search(lowered)
        or _DENIALS.search(lowered)
    ):
        return False
    rest = _NOT_WORDS.sub(" ", lowered)
    return bool(NUMBERED_KBS.search(lowered)) or (not re.search(r"[0-9]", rest) and all(word in _OF_KBS for word in _WORD.findall(rest)))


# "-KB5099536", "[ ] KB5099536", "update to KB5099536", a link to the page of an update, "KB5099536 0x800f0922"
_DENIED_KB: Final = lazy(rf"(?<!\w)-{_KB}|{_ERROR}|\[\s*\]|\(\s*\)|\b(?:by|for|of|to|with|from|until|as)\s+{_KB}|{_KB}\s*->|https?:")


def is_installed(status: str) -> bool:
    """Return whether a status says that an update is installed; a status without a word says nothing against it.

    >>> is_installed("Installed"), is_installed("Missing"), is_installed(""), is_installed("❌")
    (True, False, True, False)
    """
    words = _bare(status)
    return _are_installed(words, status) or (not words and re.search(f"[{CROSSES}]", status) is None)


def confirms(status: str) -> bool:
    """Return whether a text says yes, installed or the like, by a word or a sign.

    >>> confirms("Oui"), confirms("✓"), confirms("-"), confirms("未適用")
    (True, True, False, False)
    """
    words = _bare(status)
    return _are_installed(words, status) or (not words and _CHECKS.search(status) is not None)


def _are_installed(words: str, status: str) -> bool:
    """Return whether a status is one that is known, or of words that each say so: "Installed successfully"."""
    return words in _INSTALLED or (
        bool(words) and all(word in _INSTALLED for word in re.split(r"[\W_]+", plain(status[:MAX_TEXT]).casefold().strip(" .!")))
    )


def doubts_installation(status: str) -> bool:
    """Return whether a status speaks of an installation in words that are not all known to confirm it: "Niezainstalowano", "설치 안 됨".

    No list of denials has every language; what confirms is short.

    >>> doubts_installation("Yüklenemedi"), doubts_installation("Installed by WSUS on 2026-07-14"), doubts_installation("Online")
    (True, False, False)
    """
    lowered = plain(status[:MAX_TEXT]).casefold()
    if not (_INSTALLING.search(lowered) or _INSTALLING_ELSEWHERE.search(lowered)):
        return False
    words = _WORD.findall(_NOT_WORDS.sub(" ", lowered))
    return not all(word in _INSTALLED or word in _OF_KBS or word in _BESIDE_INSTALLED or _DONE_INSIDE.search(word) for word in words)


def says_yes(text: str) -> bool:
    """Return whether a text is a yes, in the languages of Windows."""
    words = _bare(text)
    return words in _YES or (not words and _CHECKS.search(text) is not None)


def says_no(text: str) -> bool:
    """Return whether a text is a no, in the languages of Windows.

    >>> says_no("Não"), says_no("いいえ"), says_no("✗"), says_no("Missing"), says_no("")
    (True, True, True, False, False)
    """
    words = _bare(text)
    return words in _NO or (not words and re.search(f"[{CROSSES}]", text) is not None)


def _bare(status: str) -> str:
    return re.sub(r"[\W_]", "", plain(status[:MAX_TEXT]).casefold())


# What is done with an update, what keeps it from being there, and what takes it away again: for remarks, which may be about anything else.
_INSTALLING: Final = lazy(
    r"instal|ïnstall|inställ|\bappl(?:ied|iqu)|aplicad|applicat[oa]|angewend|eingespielt|patch|deploy|установ|встанов|применен|適用|インストール|安装|安裝|套用|部署|설치|적용|yükl|asenn|telepít"
    r"|\bupdat|\bupgrad|\bkb[ -]?\d{6}|aktualis|aktualiz|mises? à jour|actualiz|atualiz|aggiorn|обновл|更新|업데이트|güncel|päivit|frissít|uppdater|oppdater|opdater|\bbuild\b|ビルド"
)
_INSTALLING_ELSEWHERE: Final = lazy("مثبت|تثبيت|מותקן|התקנ|ติดตั้ง|cài đặt|εγκατ|terpasang|инсталир|inštal|paigalda|įdieg")
_DONE_INSIDE: Final = lazy("済|完了|成功|已|됨|완료|した$")
# Words of a status that say nothing beside "installed": who did it, and when.
_BESIDE_INSTALLED: Final = frozenset({
    "by", "via", "from", "on", "at", "with", "all", "is", "are", "was", "were", "has", "been", "and", "up", "to", "date", "wsus", "sccm", "mecm", "intune", "autopatch", "manager", "manually", "automatically", "today", "yesterday",
    "uptodate", "current", "build", "am", "um", "durch", "von", "wurde", "manuell", "automatisch", "aktuell", "le", "par", "à", "jour", "el", "por", "il", "da", "op", "door", "patch", "patched", "deployed", "updated", "aktualisiert", "actualizado", "atualizado",
    "aggiornato", "upgraded", "compliant", "successfully", "erfolgreich", "succès", "avec", "con", "éxito", "successo", "com",
})  # fmt: skip
_NOT_DONE: Final = (
    r"not|nicht|pas|no|non|não|nao|niet|nie|не|inte|ikke|ei|nem|değil|ne|není|never|kein\w*|fail(?:ed|s|ure)|fehlgeschlagen\w*|gescheitert|échou\w*|échec|fallid\w*|falló|fallit\w*|falh\w*|mislukt\w*|niepowodz\w*|ошибк\w*|сбой|неудач\w*"
    r"|başarısız|misslyck\w*|mislyk\w*|pending|ausstehend\w*|en attente|pendient\w*|pendente\w*|in attesa|wacht\w*|oczekuj\w*|ожида\w*|beklem\w*|bekliyor|väntar|afventer|venter|čeká\w*|missing|fehlt|fehlend\w*|manqu\w*|falta\w*|manca\w*"
    r"|ontbre\w*|brak\w*|отсутств\w*|eksik|saknas|mangler|chyb\w*|abort\w*|abgebrochen|cancel\w*|planned|geplant\w*|prévue?|planifi\w*|planead\w*|planejad\w*|previst\w*|pianificat\w*|gepland\w*|planowan\w*|заплан\w*|план|planlan\w*|planerad\w*"
    r"|planlagt\w*|scheduled|to be|expected|erwartet\w*|attendue?|target|ziel|cible|objetivo"
)
_NOT_DONE_WORD: Final = lazy(rf"(?<!\w)(?:{_NOT_DONE})(?!\w)|n't\b")
_MONTH_WORDS: Final = r"jan|feb|fév|fev|mär|mar|apr|abr|avr|mai|may|mag|maj|jun|juin|giu|jul|juil|lug|aug|août|ago|sep|set|okt|oct|ott|nov|dez|dec|déc|dic|янв|фев|апр|июн|июл|авг|сен|окт|ноя|дек|sierp|wrze|paźd|grud"
# A remark that is nothing else: "not yet", "tbd", "after reboot", "planned for August", "8月適用"
_NOT_DONE_ALONE: Final = lazy(
    rf"\W*(?:{_NOT_DONE}|to do|todo|à (?:faire|installer)|por instalar|da installare|offen|desired|gewünscht|required|erforderlich|goal"
    r"|not yet|noch nicht|pas encore|todavía no|aún no|non ancora|ainda não|nog niet|jeszcze nie|ещё нет|まだ|尚未|아직|tb[dc]|wip|in progress|in arbeit|en cours|en curso|in corso|em andamento|in behandeling|w toku|в процессе|作業中|対応中|进行中|진행 중"
    r"|(?:after|once|on|upon|nach|après|tras|dopo|após|na|po|после)\b.{0,12}\b(?:re-?boot|re-?start|neustart|redémarr|reinic|riavvi|herstart|перезагр)\w*|再起動後|重启后|재부팅 후)"
    rf"(?:[\s,:-]+(?:\w{{1,4}}\s+)?(?:\d[\d./-]*|(?:{_MONTH_WORDS})\w*\.?)(?:\s+\d{{4}})?)?\W*"
)
# "will be installed in August"; "will be patched by hand" says nothing of when
_LATER: Final = lazy(
    r"\b(?:will|shall|wird|werden|sera|seront|será|serán|sarà|saranno|verrà|zal|zullen|będzie|zostanie|будет|будут|ska|kommer|vil|bude)\b.*(?:\d|\bnext|nächst|kommende|prochain|próxim|prossim|volgend|następn|следующ|tomorrow|tonight|\blater|\bsoon"
    rf"|\bmorgen|später|\bbald|demain|bientôt|mañana|domani|amanhã|\b(?:{_MONTH_WORDS}))"
)
_NOT_DONE_INSIDE: Final = lazy(
    "来月|来週|翌月|翌週|次月|次回|明日|今夜|下月|下周|다음|未|失敗|失败|保留|待|予定|ない|ません|不足|欠|缺|無|无|没|沒|计划|計畫|미|실패|대기|예정|않|없|누락|필요"
)
_TAKEN_BACK: Final = lazy(
    r"(?<!no )(?<!not )(?<!without )(?<!kein )(?:\broll(?:ed|s|ing)?[ -]?back|\breverted|\bbacked out|zurückge(?:setzt|rollt|nommen|spielt|zogen)|zurückgerollt|rückgängig gemacht|restauré|revertid[oa]|ripristinat[oa]|teruggedraaid|wycofan[oay]"
    r"|\bre-?imaged|\bwiped|\bfactory reset|neu aufgesetzt|откат|отмен[её]н|geri alındı|återställd|rullet tilbage|vrácen[oa]?|ロールバック|回滚|回滾|回退|롤백)"
)
_TAKEN_AWAY: Final = lazy(
    r"\bun-?install|deinstall|désinstall|desinstal|disinstall|gedeïnstall|odinstal|avinstall|afinstall|удал[её]н|kaldırıl|アンインストール|卸载|卸載|解除安裝|제거"
)
_OF_AN_UPDATE: Final = lazy(r"update|patch|hotfix|build|\bkb|aktualis|mises? à jour|actualiz|atualiz|aggiorn|обновл|更新|업데이트")
# What was taken away is said by these words alone, or of an update; "removed from rack 4" is of something else.
_REMOVED: Final = lazy(
    r"(?<!\w)(?:removed|deleted|entfernt|gelöscht|supprimée?|retirée?|enlevée?|eliminad[oa]|quitad[oa]|retirad[oa]|eliminat[oa]|rimoss[oa]|tolt[oa]|removid[oa]|excluíd[oa]|verwijderd|usunięt[oay]|borttagen|raderad|fjernet|slettet|odebrán[oa]?|odstraněn[oa]?"
    r"|smazán[oa]?|eltávolítva|törölve|poistettu|silindi)(?!\w)|削除|删除|刪除|移除|삭제"
)
_BESIDE_REMOVED: Final = frozenset({
    "again", "later", "since", "on", "at", "the", "was", "been", "has", "wieder", "erneut", "wurde", "am", "um", "de", "nouveau", "à", "le", "la", "il", "el", "di", "nuovo", "novamente", "em", "weer", "op", "znowu", "fue", "è", "stato", "foi", "済み", "済", "されました", "しました", "됨", "되었습니다", "了", "已",
})  # fmt: skip
_OF_SOFTWARE: Final = lazy(
    r"agent|client\b|antivir|office|driver|treiber|backup|sccm|defender|\bedge\b|\.net|java|chrome|firefox|adobe|mcafee|symantec|crowdstrike|sql|vmware|tools|bios|firmware|ilo\b|idrac|エージェント|代理|에이전트|агент"
)
_NOTHING_LEFT: Final = lazy(
    r"\b(?:no|none|keine?|aucune?|sin|nessun\w*|geen|brak|нет|0)\b.{0,40}\b(?:pending|missing|required|needed|outstanding|failed|errors?|fehl\w*|ausstehend\w*|manqu\w*|pendient\w*|mancant\w*|fail\w*)\b"
)


@lru_cache(maxsize=4096)
def denies_installation(remark: str) -> bool:
    """Return whether a remark, which may be about anything, says that an update is not there: not installed, failed, planned, rolled back.

    >>> denies_installation("noch nicht installiert"), denies_installation("rolled back on 18 July"), denies_installation("replaced disk before the restart")
    (True, True, False)
    """
    lowered = plain(remark[:MAX_TEXT]).casefold().replace("_", " ")
    if _NOT_DONE_ALONE.fullmatch(lowered) and not {"no", "non", "ne", "nie", "ei", "nem"}.issuperset(_WORD.findall(lowered)):
        return True
    return any(map(_clause_denies, re.split(r"(?:(?<!\d)\.|[;\n。])\s", lowered)))


def _clause_denies(clause: str) -> bool:
    if _TAKEN_BACK.search(clause):
        return True
    if _OF_SOFTWARE.search(clause) or _NOTHING_LEFT.search(clause):
        return False
    if _TAKEN_AWAY.search(clause):
        return _OF_AN_UPDATE.search(clause) is not None or len(_WORD.findall(_NOT_WORDS.sub(" ", clause))) < 4
    if _REMOVED.search(clause):
        others = _WORD.findall(_REMOVED.sub(" ", _NOT_WORDS.sub(" ", clause)))
        if _OF_AN_UPDATE.search(clause) or all(word in _BESIDE_REMOVED for word in others):
            return True
    if not _INSTALLING.search(clause):
        return False
    return bool(_NOT_DONE_WORD.search(clause) or _NOT_DONE_INSIDE.search(clause) or _LATER.search(clause))


_ITSELF: Final = lazy(
    r"^(?:keine?|aucune?|sin|nessun\w*|geen|нет)\b.{0,10}(?:fehler|erreur|error|fout|ошиб)|^(?:no|none|0)\b(?!\W*$)(?!.*(?:instal|aplic|appl|patch))|^available$|assist|encrypt|monitor|complian|reach|manag|respon|connect|online|licens|support|attention|activ|enrol|eligib|join|health|konform|conform|erreich|joignable|con+e[ct]t?ad|connex|сети|недоступен|подключ|соответств|準拠|応答|接続|オンライン|(?:稼働|使用|運用|動作|利用)中|合规|在线|离线|响应|运行|規範|온라인|연결|응답|규정|가동",
    re.IGNORECASE,
)


def is_of_machine_itself(status: str) -> bool:
    """Return whether a status may be of the machine, and not of an update: "Not compliant", "No errors", "Not monitored"."""
    return _ITSELF.search(status) is not None


def is_of_software(name: str) -> bool:
    """Return whether a name is of a program that a machine may lack: "SCCM agent"."""
    return _OF_SOFTWARE.search(name.casefold()) is not None


def is_open(status: str) -> bool:
    """Return whether a status says that an update is not there, or not yet: "Missing", "未適用", "Pending", and not "Not compliant" or a mere no."""
    return denies_installation(status) or (denies(status) and not says_no(status) and not is_of_machine_itself(status))
