"""Titles above a table that say that its rows are of something else: "Target builds for August", "Available updates", "目標ビルド"."""

from __future__ import annotations

import re
from typing import Final

from hotpatch_kb.db.model.wording import denies_installation

# What machines shall have, and what there is, before the noun that it is said of. "Servers missing updates" and "Latest build per host" are of machines.
_BUILDS: Final = r"(?:builds?|versions?|updates?|patch(?:es)?|releases?|baselines?|kbs?|images?|hotfix(?:es)?|hotpatch(?:es)?|templates?|snapshots?|ring builds)"
_WANTED: Final = r"targets?|desired|planned|required|expected|recommended|minimum|minimal|approved|golden|reference|upcoming|next|future|proposed|offered|scheduled|mandatory|supported"
_THERE: Final = r"available|latest|newest|released|published|missing|pending|applicable|outstanding|previous|deployable"
_ENGLISH: Final = re.compile(
    rf"\W*(?:(?:our|the|windows|microsoft|all|list of|table of|overview of)\s+)*(?:(?P<wanted>{_WANTED})|(?P<there>{_THERE}))\W+(?:[^\W\d]+\W+|\d+\W+){{0,4}}?{_BUILDS}\b",
    re.IGNORECASE,
)
_ALONE: Final = re.compile(
    r"\W*(?:targets?|goals?|soll(?:[- ]?(?:stand|werte?|builds?|version(?:en)?))?|(?:ziel|soll|mindest)[- ]?(?:builds?|stände?|stand|zustand|version(?:en)?|werte?)|vorgaben?|cibles?|objectifs?|objetivos?|obiettivi|alvos|цели|(?:policy|release|update|patch) (?:catalog(?:ue)?|history|information|calendar)"
    r"|(?:windows )?release (?:history|information)|目標|目标|목표)(?:\W.*)?",
    re.IGNORECASE,
)
# The same by themselves, as the title of a second table, with a month or a remark in brackets.
_NOT_YET: Final = re.compile(
    r"\W*(?:planned|planning|plan|upcoming|next (?:month|week|wave|cycle)|desired|expected|required|proposed|future|pending|missing|outstanding|to be (?:done|installed|deployed|patched)|to ?do"
    r"|geplant\w*|planung|ausstehend\w*|fehlend\w*|erforderlich\w*|offen|nächster monat|prévu\w*|planifi\w*|manquant\w*|en attente|à faire|requis\w*|previst\w*|planificad\w*|pendient\w*|faltant\w*|por hacer|requerid\w*"
    r"|pianificat\w*|mancant\w*|da fare|richiest\w*|planejad\w*|pendent\w*|faltand\w*|gepland\w*|ontbrekend\w*|planowan\w*|brakując\w*|запланирован\w*|план\w*|недоста\w*|planlan\w*|eksik\w*"
    r"|予定|計画|適用予定|未適用|未実施|来月|计划|計劃|待安装|未安装|缺少|예정|미적용|누락)(?:[\W\d]*|\W+(?:for|in|für|pour|para|per|на)\W+[^\W\d]+[\W\d]*|\W*\(.*\)\W*)",
    re.IGNORECASE,
)
_OTHERS: Final = re.compile(
    r"\W*(?:verfügbare|neueste|geplante|fehlende|ausstehende|freigegebene|erforderliche|empfohlene)\w*\W+(?:[\w-]+\W+)?(?:[\w-]*(?:updates?|builds?|version(?:en)?|patches|aktualisierungen))\b"
    r"|\W*(?:builds?|versions?|mises? à jour|correctifs?)\W+(?:\w+\W+){0,2}(?:cibles?|disponibles?|requis\w*|prévu\w*|manquant\w*|approuvé\w*|recommandé\w*)"
    r"|\W*(?:compilacion\w*|version\w*|versões|builds?|actualizacion\w*|atualizaç\w+|aggiornament\w+|parches)\W+(?:\w+\W+){0,2}(?:objetivo|disponib\w+|requerid\w+|previst\w+|pendient\w+|recomendad\w+|alvo|richiest\w+|mancant\w+)"
    r"|\W*(?:целев|доступн|требуем|рекоменд|планов|последн)\w*\W+(?:\w+\W+)?(?:сборк|верси|обновлен)\w*"
    r"|.{0,12}(?:目標|対象|推奨|必要|予定|最新|利用可能|未適用|可用|目标|推荐|缺少).{0,6}(?:ビルド|バージョン|更新|パッチ|版本|补丁)|.{0,12}(?:대상|목표|최신|사용 가능|권장).{0,6}(?:빌드|버전|업데이트)",
    re.IGNORECASE,
)
# A plan of what is to be installed, whatever it is of: "Wave 2 rollout plan", "Target state August", "来月の適用計画"
_PLAN: Final = re.compile(
    r"(?:roll-?out|deployment|patch(?:ing)?|updates?|upgrade|maintenance)[ -]?(?:plan|schedule|roadmap)(?![^\W\d_])|(?:roll-?out|verteil(?:ungs)?|update|patch|wartungs)[- ]?plan(?:ung)?(?![^\W\d_])"
    r"|(?:target|desired|planned|future|expected)[ -](?:state|status|configuration)(?![^\W\d_])|plan (?:de|di|do|van) (?:déploiement|mises? à jour|despliegue|actualizaci|implanta|atualiza|distribuzione|aggiornament|uitrol)"
    r"|\b(?:next|coming|following) (?:week|month|wave|cycle|window)(?![^\W\d_])|nächste[rnms]? (?:woche|monat|welle)|semaine prochaine|mois prochain|próxim[oa] (?:semana|mes|mês|ola|onda)|(?:来|翌|次)(?:月|週)|下(?:个|個)?(?:月|周|週)|다음 ?(?:달|주)"
    r"|план (?:обновлен|установ|развёрт|разверт)|(?:適用|更新|展開|配布|パッチ|部署|补丁|安装|배포|적용|업데이트) ?(?:の)?(?:計画|予定|スケジュール|计划|계획|일정)",
    re.IGNORECASE,
)
# What its rows shall have, in a title that does not speak of machines: "Aug-26 target", "Approved for August", "État cible"
_WISH: Final = re.compile(
    r"(?<![^\W\d_])(?:target(?! (?:audience|group))|expected|desired|planned|forecast|goal|approved for|to be (?:\w+ed|done)|what-?if|dry[ -]?run|simulation|soll|geplante?[rns]?|cible|prévue?s?|objetivo|obiettivo|previst[oa]s?|planificad[oa]s?|целев\w+|планируем\w+)(?![^\W\d_])|目標|目标|목표",
    re.IGNORECASE,
)
_OF_MACHINES: Final = re.compile(
    r"(?<![^\W\d_])(?:hosts?|machines?|computers?|servers?|clients?|workstations?|devices?|nodes?|vms?|endpoints?|assets?|laptops?|desktops?|pcs?|fleet|inventory|rechnern?|geräten?|ordinateurs|serveurs|equipos|servidores)(?![^\W\d_])"
    r"|コンピュ|サーバ|端末|デバイス|ホスト|计算机|服务器|设备|主机|컴퓨터|서버|장치|компьютер|сервер|устройств",
    re.IGNORECASE,
)
_OF_A_REPORT: Final = re.compile(
    r"(?<![^\W\d_])(?:check|status|state|complian\w+|reports?|results?|audits?|inventory|scan|survey|dashboard|bericht|prüfung|rapport|informe)(?![^\W\d_])|レポート|状況|报告",
    re.IGNORECASE,
)
_SAYS_A_VALUE: Final = re.compile(r"\d{5}\.\d|[:=：].*\d")  # "Target build: 26100.33158" is a remark above machines
_SEVERAL_CELLS: Final = re.compile(r"[,;|\t](?=\S)")
_LONGEST: Final = 200  # characters


def title_of_others(title: str) -> str:
    """Return the line above a table that says that its rows are of something else than what machines have, "" if none does.

    >>> title_of_others("Target builds for August,,"), title_of_others("Servers missing updates"), title_of_others("Update compliance report")
    ('Target builds for August', '', '')
    """
    return next(filter(_is_of_others, (line.strip(" \t\r,;|#=*\"'_-") for line in title.split("\n", 20)[:20])), "")


def _is_of_others(line: str) -> bool:
    if not line or len(line) > _LONGEST or _SAYS_A_VALUE.search(line):
        return False
    is_one_cell = _SEVERAL_CELLS.search(line) is None  # ",Current,Target" are groups of columns
    if is_one_cell and (_PLAN.search(line) or (_WISH.search(line) and not _OF_MACHINES.search(line))):
        return True
    if _OF_A_REPORT.search(line):
        return False
    if _ALONE.fullmatch(line) or _NOT_YET.fullmatch(line):
        return True
    if line.endswith((":", "：")) and denies_installation(line) and not _OF_MACHINES.search(line):
        return True  # "The following builds will be installed in August:"
    found = _ENGLISH.match(line)
    if found and found["wanted"]:
        return True
    return bool(found or _OTHERS.match(line)) and not _OF_MACHINES.search(line)
