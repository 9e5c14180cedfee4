"""What a user asks for: a build, version, KB, build number, month, product or CVE, in any common spelling. Standard library alone."""

from __future__ import annotations

import re

from hotpatch_kb.db.model import reading
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.light_typing import Final, NamedTuple

MAX_QUERY: Final = 200  # characters; a build is 20, the output of "ver" 44

# "Version 24H2 (OS Build 26100.4652)", as winver prints it
_WINVER: Final = lazy(r"version\s+\w+\s+\((?P<build>os\s+build\s+[\d.]+)\)", re.IGNORECASE)
# 26200.8390, 10.0.26200.8390, "Microsoft Windows [Version 10.0.20348.2031]", "OS Build 26200.8390", "build 26200 rev 8390", "26200 (8390)"
_BUILD: Final = lazy(
    r"(?:microsoft\s+windows\s+)?\[?(?:version|ver|v|os\s+build|build)?[\s:]*(?:10\.0\.)?(?P<number>\d{5})"
    r"(?:\.|[\s,.]+(?:rev(?:ision)?|ubr)\b[\s.:=]*|\s*\((?=\d{1,5}\)$))(?P<revision>\d{1,5})[\])]?",
    re.IGNORECASE,
)
# 26200, 10.0.26200
_NUMBER: Final = lazy(r"(?:(?:version|os\s+build|build)\s+)?(?:10\.0\.)?(?P<number>\d{5})", re.IGNORECASE)
_CVE: Final = lazy(r"(?<![a-z0-9])CVE[- ]?([0-9]{4})[- ]([0-9]{4,7})(?![0-9])", re.IGNORECASE)
# "24H2", "Version 1809", "Windows 24H2", "バージョン 24H2"
_VERSION: Final = lazy(
    r"(?:microsoft )?(?:windows,? )?(?:version|ver\.?|v|release|バージョン)? ?(?P<version>\d\dh[12]|1[5-9]\d\d|2004)", re.IGNORECASE
)
# "https://support.microsoft.com/help/5099536", "http://support.microsoft.com/?kbid=5099536" of wmic; newer addresses have "-kb5099536-" in them
_ARTICLE: Final = lazy(
    r"(?:https?://)?(?:www\.)?support\.microsoft\.com/(?:[a-z]{2}(?:-[a-z]{2,4})?/)?(?:help/|kb/|\?kbid=)(?P<kb>[0-9]{6,7})/?(?:[?#]\S*)?",
    re.IGNORECASE,
)
# What has versions like builds and is not the system that a machine runs: "WinRE 10.0.26100.33158", "ntoskrnl.exe 10.0.26100.33158", "golden image 26100.33158"
_OF_PARTS: Final = lazy(
    r"\b(?:win(?:re|pe)|windows (?:re|pe|update agent)|recovery environment|safe ?os|drivers?|treiber|hypervisor|(?:golden|boot|base|install|container|vm) ?images?|template|snapshot|defender|servicing stack|adk)\b|(?<![\w.-])(?!cmd|powershell|winver)(?:[\w-]+\.)?(?:exe|dll|sys|wim|iso|vhdx?)(?![\w.-])|ドライバ|テンプレート|イメージ",
    re.IGNORECASE,
)
# Dashes that word processors write, and the Japanese words of product names.
_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
_WORDS: Final = {"ウィンドウズ": "Windows ", "サーバー": "Server ", "サーバ": "Server "}


class Query(NamedTuple):
    """What a user asks for.

    Attributes:
        kind: "build", "number", "kb", "month", "product", "family", "version" or "cve".
        value: the build, the number, the id, "win11", "24h2" and so on.
        month: of a number, product, family or version: only the releases of this month; "" for all.
        kb: of a build: the KB that the text names with it, "" where it names none.
        cve: of a build or KB: the CVE that the text names with it, which is asked of it; "" where it names none.
    """

    kind: str
    value: str
    month: str = ""
    kb: str = ""
    cve: str = ""


def read_query(text: str) -> Query:
    """Return a query in any common spelling, full-width letters and digits (２６１００ as Japanese keyboards type it) included.

    Raises:
        BadInput: it cannot be read; the message has the two nearest readings.
    """
    cleaned, query = _read(text)
    if query:
        return query
    if not cleaned:
        raise BadInput("expected a build (26100.32772), version (10.0.26100.32772), KB (KB5087423), CVE, month or product, got nothing")
    from hotpatch_kb.db.model.nearest import explain, nearest  # noqa: PLC0415 (only mistakes need it)

    explain(cleaned[:MAX_QUERY])
    first, second = nearest(cleaned[:MAX_QUERY], find_query)
    shown = cleaned if len(cleaned) <= reading.MAX_SHOWN else f"{cleaned[: reading.MAX_SHOWN - 3]}..."
    raise BadInput(
        "expected a build (26100.32772), version (10.0.26100.32772), KB (KB5087423), CVE, month or product, got {got!r}; "
        'nearest: lookup "{first}", lookup "{second}"',
        got=shown, first=first, second=second,
    )  # fmt: skip


def find_query(text: str) -> Query | None:
    """Return a query in any common spelling, None where the text is not one, or names several things."""
    try:
        return _read(text)[1]
    except BadInput:
        return None


def _read(text: str) -> tuple[str, Query | None]:
    """Return the text in plain characters, and its query.

    Raises:
        BadInput: it names several things, or denies its build or KB.
    """
    cleaned = clean(text if text.isascii() else reading.plain(text[: MAX_QUERY + 1]).translate(_DASHES))
    return cleaned, (_spelled(cleaned) or _inside(cleaned)) if cleaned and len(text) <= MAX_QUERY else None


def _spelled(cleaned: str) -> Query | None:
    """Return the query where the whole text is one thing."""
    if "(" in cleaned and (match := _WINVER.fullmatch(cleaned)):
        cleaned = match["build"]
    if cleaned.startswith("(") and cleaned.endswith(")"):
        cleaned = cleaned[1:-1]
    if match := _BUILD.fullmatch(cleaned):
        return Query("build", f"{match['number']}.{int(match['revision'])}")
    if match := _NUMBER.fullmatch(cleaned):
        return Query("number", match["number"])
    if kb := reading.find_kb(cleaned):
        return Query("kb", str(kb))
    if "/" in cleaned and (match := _ARTICLE.fullmatch(cleaned)):
        return Query("kb", match["kb"])
    if month := reading.find_month(cleaned):
        return Query("month", month)
    return None


def _inside(cleaned: str) -> Query | None:
    """Return the query of a text that names one thing among other words.

    Raises:
        BadInput: it names two builds, KBs or CVEs.
    """
    if not cleaned.isprintable():  # broken bytes of a command line
        return None
    builds, kbs = reading.builds_in(cleaned), [str(kb) for kb in reading.kbs_in(cleaned)]
    cves = list(dict.fromkeys(f"CVE-{year}-{number}" for year, number in _CVE.findall(cleaned)))
    cve = cves[0] if len(cves) == 1 else ""  # the report of a scanner names several beside the build that it is about
    if len(kbs) == 1 and len(builds) != 1:  # "June 9, 2026—KB5094126 (OS Builds 26100.8655 and 26200.8655)"
        from hotpatch_kb.db.model.wording import denies  # noqa: PLC0415 (a KB alone needs none of it)

        if denies(cleaned):
            raise BadInput(
                'expected the KB that a machine has, got {got!r}; lookup "KB{kb}" is about the KB',
                got=cleaned[: reading.MAX_SHOWN],
                kb=kbs[0],
            )
        return Query("kb", kbs[0], cve=cve)
    if len(builds) > 1:
        raise BadInput("expected one build, got {builds}", builds=", ".join(builds[:5]))
    if builds:
        from hotpatch_kb.db.model.wording import denies  # noqa: PLC0415 (a build alone needs none of it)

        if denies(cleaned) or _OF_PARTS.search(cleaned):
            raise BadInput(
                'expected the build that a machine has, got {got!r}; lookup "{build}" is about the build',
                got=cleaned[: reading.MAX_SHOWN],
                build=builds[0],
            )
        return Query("build", builds[0], kb=kbs[0] if len(kbs) == 1 else "", cve=cve)
    if len(kbs) > 1:
        raise BadInput("expected one KB, got {kbs}", kbs=", ".join(f"KB{kb}" for kb in kbs[:5]))
    if len(cves) > 1:
        raise BadInput("expected one CVE, got {cves}", cves=", ".join(cves[:5]))
    if cve:
        return Query("cve", cve)
    if parts := reading.split_month(cleaned):
        month, rest = parts
        return Query("month", month) if not rest else _scope(rest, month)
    return _scope(cleaned, "")


def _scope(text: str, month: str) -> Query | None:
    """Return what a text names whose releases are listed: a product, a version, a build number or a family of products."""
    for word, english in _WORDS.items():
        text = text.replace(word, english)
    if reading.has_part_of_month(text):  # a product named "2026", or all months of one, would answer another question
        return None
    from hotpatch_kb.db.model.product_names import read_name  # noqa: PLC0415 (a build or KB needs none of it)

    if match := _NUMBER.fullmatch(text):
        return Query("number", match["number"], month)
    if match := _VERSION.fullmatch(text):
        return Query("version", match["version"].lower(), month)
    name = read_name(text)
    if name.is_other or not name.is_understood:
        return None
    if name.product:
        return Query("product", name.product, month)
    if len(numbers := reading.build_numbers_in(text)) == 1:  # "Microsoft Windows NT 10.0.26100.0"
        return Query("number", numbers[0], month)
    if not month:  # all releases of "Windows 10" are 2,000, each with its verdict: nobody asks for that
        return None
    return Query("family", name.family, month) if name.family else Query("month", month)
