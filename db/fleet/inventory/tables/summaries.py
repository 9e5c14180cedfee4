"""Find lines of a summary in a table: "Target", "Minimum required", "Max", "対象" in the place of a host.

A column of hosts says that its names are hosts, and a host may be called "target". So a name is doubted at the beginning and the end of a table, among
words ("paris", "mail") only where no host has it. In the middle ("Subtotal Berlin") it must begin with a word that no host has, and the others must be
like hosts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from hotpatch_kb.db.fleet.inventory.columns import columns_of
from hotpatch_kb.db.fleet.inventory.hosts import is_thing, may_be_host, no_host
from hotpatch_kb.db.fleet.inventory.machines import with_doubt
from hotpatch_kb.db.fleet.inventory.subjects.titles import title_of_others
from hotpatch_kb.db.fleet.inventory.values import is_of_installed
from hotpatch_kb.db.fleet.inventory.vocabulary import is_known_word
from hotpatch_kb.db.model.messages import Message

Read = tuple[dict[str, Any], Message | None]  # a row, and why it cannot be read

_MOST: Final = 10  # lines at an end
_LONGEST: Final = 200  # characters of a name
SIGNS: Final = " *:_=-–—.,;()[]#'\""  # around a word of a summary
_WORD: Final = re.compile(r"[^\W\d_]+")
# Words of summaries, as they are compared. Those of the second list may be names of hosts as well, where other hosts are called by words.
OF_SUMMARIES: Final = frozenset({
    "target", "targets", "total", "totals", "subtotal", "maximum", "minimum", "average", "avg", "median", "newest", "latest", "oldest", "highest", "lowest", "required", "requirement", "expected", "desired",
    "recommended", "approved", "compliant", "compliance", "noncompliant", "baseline", "reference", "threshold", "summary", "overall", "legend", "planned", "available", "mandatory", "needed", "wanted",
    "soll", "ziel", "zielbuild", "sollbuild", "zielstand", "sollstand", "gesamt", "summe", "mindest", "mindestbuild", "mindestens", "mindeststand", "höchste", "neueste", "neuester", "neuestes", "älteste", "vorgabe", "referenz",
    "durchschnitt", "mittelwert", "erforderlich", "mindestversion", "zielversion", "sollversion", "cible", "objectif", "moyenne", "requis", "requise", "attendu", "attendue", "référence", "dernière", "seuil", "objetivo", "mínimo", "máximo",
    "mínima", "máxima", "promedio", "requerido", "requerida", "referencia", "umbral", "obiettivo", "minimo", "massimo", "richiesto", "richiesta", "riferimento", "totale", "alvo", "média", "doel", "totaal", "vereist", "gemiddelde",
    "suma", "razem", "łącznie", "wymagane", "wymagany", "średnia", "docelowy", "docelowa", "цель", "итого", "всего", "минимум", "максимум", "среднее", "требуется", "эталон", "целевая", "целевой", "hedef", "toplam", "gerekli",
    "ortalama", "totalt", "krav", "cíl", "celkem", "cél", "összesen", "tavoite", "yhteensä", "対象", "合計", "平均", "最小", "最大", "最低", "最高", "基準", "总计", "總計", "合计", "平均值", "最小值", "最大值", "基准", "目标", "目標",
    "総計", "총합계", "grand", "gesamtergebnis", "eindtotaal", "общий", "итог", "대상", "목표", "합계", "평균", "최소", "최대", "기준",
})  # fmt: skip
_OR_OF_HOSTS: Final = frozenset({
    "max", "min", "mean", "mode", "sum", "count", "new", "next", "goal", "golden", "gold", "ref", "all", "other", "others", "current", "previous", "supported", "ist", "note", "notes", "plan", "policy", "cel",
    "meta", "media", "mål", "should", "must", "none", "null",
})  # fmt: skip
# Words that say nothing beside those.
_AROUND: Final = frozenset({
    "build", "builds", "version", "for", "of", "the", "our", "we", "month", "this", "is", "by", "microsoft", "für", "de", "la", "le", "der", "die", "das", "general", "général", "geral", "complessivo", "końcowa",
})  # fmt: skip
# "Source: WSUS", "As of 2026-07-20", "Stand 20.07.2026", "12 hosts"
_REMARK: Final = re.compile(r"[:=]|(?<!\d)20\d\d-\d\d|\d\d?\.\d\d?\.20\d\d|^\d+ [^\W\d]+$")
_NOT_LATIN: Final = re.compile(r"[^\x00-\u024f\W]")
_OF_MACHINES: Final = re.compile(
    r"(?<![^\W\d_])(?:pc|laptop|notebook|desktop|server|workstation|computer|vm|host|rechner|ordinateur|portátil)(?![^\W\d_])"
)
_NOTHING: Final = re.compile(r"[\W_]+|n/?a|ø|σ|microsoft|msrc|patch tuesday", re.IGNORECASE)  # "-", "N/A", "Ø", and who has no machine here


def of_summary(name: str, *, are_words: bool = False) -> bool:
    """Return whether a name in the place of a host is one of a summary.

    >>> of_summary("Target"), of_summary("Minimum required"), of_summary("Max"), of_summary("Max", are_words=True), of_summary("SRV1"), of_summary("paris")
    (True, True, True, False, False, False)
    """
    name = name.strip()[:_LONGEST]
    if not name:
        return False
    if _NOTHING.fullmatch(name) or is_thing(name):
        return True
    words = _WORD.findall(name.casefold())
    known = OF_SUMMARIES if are_words else OF_SUMMARIES | _OR_OF_HOSTS
    are_known = all(word in known or word in _AROUND or is_known_word(word) for word in words)
    # "MAX01" is a host, and "Total: 2" is none.
    if are_known and not known.isdisjoint(words) and (" " in name or not any(map(str.isdigit, name))):
        return True
    is_phrase = " " in name or _NOT_LATIN.search(name) is not None
    return is_phrase and (not is_of_installed(name) or _REMARK.search(name) is not None) and not _OF_MACHINES.search(name.casefold())


def begins_as_summary(name: str) -> bool:
    """Return whether a name in the place of a host begins with a word of summaries that no host has.

    >>> begins_as_summary("Subtotal Berlin"), begins_as_summary("**Target**"), begins_as_summary("Max"), begins_as_summary("Reference PC")
    (True, True, False, False)
    """
    # This is asked for each row of a table.
    if name.strip(SIGNS).partition(" ")[0].rstrip(SIGNS).casefold() not in OF_SUMMARIES:
        return False
    name = name.strip()[:_LONGEST]
    return not _OF_MACHINES.search(name.casefold())


def thing_of(machine: Mapping[str, str], *, has_host: bool) -> str:
    """Return what an object among machines that say their hosts may be of: a summary ("Total"), or nothing with a name; "" where it is a machine.

    Args:
        machine: the texts of its fields.
        has_host: whether it has a member for a host, or one that only a machine has.
    """
    host = machine.get("host", "")
    return no_host(host) if begins_as_summary(host) else "" if has_host else "without a host"


def are_like_hosts(names: Iterable[str]) -> bool:
    """Return whether most names are like those of hosts, with those of summaries left out; False where there is no other."""
    hosts = [name for name in map(str.strip, names) if name and not of_summary(name) and not begins_as_summary(name)]
    return bool(hosts) and 10 * sum(map(may_be_host, hosts)) >= 8 * len(hosts)


def summaries(names: Sequence[str], others: Sequence[str] = ()) -> dict[int, str]:
    """Return the lines of a summary in a table: their places, counted from the beginning, and the names there.

    Args:
        names: those in the column of hosts, in their order.
        others: more names of the same column.
    """
    found: dict[int, str] = {}
    for places in (range(len(names)), reversed(range(len(names)))):
        for count, place in enumerate(places):
            if count >= _MOST or (names[place].strip() and not of_summary(names[place])):
                break
            if names[place].strip():
                found[place] = names[place].strip()
    inside = {place: name.strip() for place, name in enumerate(names) if begins_as_summary(name)}
    if not found and not inside:
        return {}
    around = [*others, *names[:_MOST], *names[-_MOST:]]
    are_words = not are_like_hosts(around)
    has_hosts = any(name.strip() and not of_summary(name) for name in around)
    return ({} if are_words else inside) | {
        place: name for place, name in found.items() if has_hosts and of_summary(name, are_words=are_words)
    }


def doubted_summaries(read: Iterable[Read]) -> list[Read]:
    """Return the rows of a table of a document with their problems, where lines of a summary are called doubtful."""
    rows = list(read)
    if len(rows) < 2:
        return rows
    hosts = columns_of(tuple(rows[0][0]), {}).get("host", ())[:1]
    found: Mapping[int, str] = summaries([str(row.get(hosts[0], "")) for row, _ in rows]) if hosts else {}
    return [(with_doubt(row, no_host(found[place])) if place in found else row, problem) for place, (row, problem) in enumerate(rows)]


def told_by(title: str, read: Iterable[Read]) -> Iterator[Read]:
    """Yield the rows of a table of a document with their problems. Where the title says that they are of something else, their builds are called doubtful."""
    why = title_of_others(title)
    for row, problem in read:
        yield with_doubt(row, f"of {why}") if why else row, problem
