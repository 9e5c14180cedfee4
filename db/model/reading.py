"""Read a day, a month and KBs as users type them: one reader each, for the command, the site and inventories.

``notation`` reads what Microsoft publishes and raises ``UnexpectedPage``; these raise ``BadInput``. A lookup is a process of its own, so
nothing is imported here that a lookup does not import anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.notation import MONTHS, clean
from hotpatch_kb.db.model.products import BUILD_NUMBERS
from hotpatch_kb.light_typing import Final

# 2026-07-14. date.fromisoformat alone takes the ISO week "2026-W29-2" and "20260714" as well.
_DAY: Final = lazy(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# 2026-06, 2026.06, "2026.06 B", "June 2026"
_MONTH: Final = lazy(
    rf"(?P<year>20[0-9]{{2}}|2100)[-.](?P<month>0[1-9]|1[0-2])(?:\s+B)?|(?P<name>{'|'.join(MONTHS)})\s+(?P<named_year>20[0-9]{{2}}|2100)",
    re.IGNORECASE,
)
# KB5089466, kb 5089466, KB-5089466, 5089466
_KB: Final = lazy(r"(?:KB[\s-]?)?(?P<kb>[0-9]{6,7})", re.IGNORECASE)
# "KB5087423;KB5082063", "5087423, KB 5082063": a blank after "KB" separates nothing
_SEPARATOR: Final = lazy(r"(?:(?<!KB) |[,;])+", re.IGNORECASE)

# A build inside any text: "10.0.26100.8875 (ge_release)", "(OS ビルド 26100.8875)"; not the beginning of a BuildLabEx,
# "26100.1.amd64fre.ge_release.240331-1435", whose second number is no UBR. "26100.33158.0" has a fourth number of some tools.
_BUILD_INSIDE: Final = lazy(r"(?<!\d)(?<!\d\.)(?:10\.0\.)?([0-9]{5})\.([0-9]{1,5})(?:\.0(?![\w.]))?(?!\d|\.\w)")
_OF_NUMBERS: Final = lazy(r"[0-9.]")
# A build number without a UBR: "10.0 (20348)", "10.0.20348.0", "10.0.20348 N/A Build 20348"
_NUMBER_INSIDE: Final = lazy(r"(?<![\w.])(?:10\.0\.)?([0-9]{5})(?:\.0)?(?!\w|\.\w)")
# A build number whose digits a spreadsheet has grouped: "26,100", "26.100", "26 100"
_GROUPED: Final = lazy(r"\s*([0-9]{2})[., ’'\xa0\u202f]([0-9]{3})\s*")

_GROUPED_BUILD: Final = lazy(r"\s*([0-9]{2})[.,’' \xa0\u202f]([0-9]{3})\.([0-9]{1,5})\s*")
# A KB inside any text, with the letters "KB": "(KB5087423)", "更新プログラムKB5087423を"
_KB_INSIDE: Final = lazy(r"(?<![a-z0-9])KB[\s-]?([0-9]{6,7})(?![0-9])", re.IGNORECASE)
# Months inside any text, the surest form first: "June 2026" is tried before "2025 June", so that "Server 2025 June 2026" has one month.
_NAME: Final = "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in MONTHS).replace("Sep(?:", "Sept?(?:")
_MONTHS_INSIDE: Final = (
    lazy(r"(?P<year>20[0-9]{2}|2100) ?[年년] ?(?P<month>1[0-2]|0?[1-9]) ?[月월](?:分|度)?"),  # 2026年6月, 2026년 6월
    lazy(rf"\b(?P<name>{_NAME})\.?,? (?P<year>20[0-9]{{2}}|2100)(?![0-9])", re.IGNORECASE),  # June 2026, Jun. 2026
    lazy(r"(?<![\w.-])(?P<year>20[0-9]{2}|2100)[-./](?P<month>0[1-9]|1[0-2])(?: B\b)?(?![\w/-]|\.[0-9])", re.IGNORECASE),  # 2026-06, 2026.06 B
    lazy(r"(?<![\w./-])(?P<month>0?[1-9]|1[0-2])/(?P<year>20[0-9]{2}|2100)(?![\w/-])"),  # 06/2026
    # 2026 June; not "Server 2025 June", whose year is the product's
    lazy(rf"(?<![\w.-])(?<!server )(?P<year>20[0-9]{{2}}|2100),? (?P<name>{_NAME})\b", re.IGNORECASE),
)  # fmt: skip
_YEAR_INSIDE: Final = lazy(r"(?<![0-9])(?:20[0-9]{2}|2100)(?![0-9])")
_NAME_INSIDE: Final = lazy(rf"\b(?:{_NAME})\b", re.IGNORECASE)

MAX_SHOWN: Final = 60  # characters of what came that an error repeats


def find_day(text: str) -> str | None:
    """Return a day as an ISO date; None where the text is not written as 2026-07-14, or no calendar has the day.

    >>> find_day(" 2026-07-14 "), find_day("2026-W29-2"), find_day("2026-02-30")
    ('2026-07-14', None, None)
    """
    stripped = text.strip()
    try:
        return date.fromisoformat(stripped).isoformat() if _DAY.fullmatch(stripped) else None
    except ValueError:
        return None


def day(text: str) -> str:
    """Return a day as an ISO date.

    Raises:
        BadInput: the text is not a day.
    """
    found = find_day(text)
    if found is None:
        raise BadInput("expected a day such as 2026-07-14, got {got!r}", got=text[:MAX_SHOWN])
    return found


def builds_in(text: str) -> list[str]:
    """Return the different OS builds that a text names, in their order. A revision of 0 does not count as a build.

    >>> builds_in("Microsoft Windows Server 2022 Standard 21H2 10.0.20348.5386"), builds_in("26100.1.amd64fre.ge_release.240331-1435")
    (['20348.5386'], [])
    >>> builds_in("26,100.33158"), builds_in("12.345.678")
    (['26100.33158'], [])
    """
    if (grouped := _GROUPED_BUILD.fullmatch(text)) and int(joined := grouped[1] + grouped[2]) in BUILD_NUMBERS:
        return [f"{joined}.{int(grouped[3])}"]
    builds = (f"{number}.{int(revision)}" for number, revision in _BUILD_INSIDE.findall(plain(text)))
    return list(dict.fromkeys(build for build in builds if not build.endswith(".0")))


def build_numbers_in(text: str) -> list[str]:
    """Return the different build numbers without a revision that a text names, in their order.

    >>> build_numbers_in("10.0.20348 N/A Build 20348"), build_numbers_in("26,100"), build_numbers_in("12,345")
    (['20348'], ['26100'], [])
    """
    if (grouped := _GROUPED.fullmatch(text)) and int(number := grouped[1] + grouped[2]) in BUILD_NUMBERS:
        return [number]
    return list(dict.fromkeys(_NUMBER_INSIDE.findall(plain(text))))


def plain(text: str) -> str:
    """Return a text with full-width letters and digits of any script as plain ones, without characters that nobody sees.

    Signs that would become digits or dots end a number: "26100.8875¹", "…".

    >>> plain("２６１００"), plain("26100.8875¹")
    ('26100', '26100.8875 ')
    """
    if text.isascii():
        return text.replace("\0", "")
    from unicodedata import category, decimal, normalize  # noqa: PLC0415 (a shared library, which a lookup of ASCII need not load)

    def of_character(character: str) -> str:
        if character == "\0" or category(character) == "Cf":  # a zero-width blank, a soft hyphen, a mark of direction
            return ""
        if character.isdecimal():
            return str(decimal(character))
        normal = normalize("NFKC", character)
        return " " if character not in {normal, "．"} and _OF_NUMBERS.search(normal) else character

    return normalize("NFKC", "".join(map(of_character, text)))


def find_month(text: str) -> str | None:
    """Return a month of the years 2000 to 2100 as 2026-06; None where the text is not one.

    >>> find_month("June 2026"), find_month("2026.06 B"), find_month("2026-13")
    ('2026-06', '2026-06', None)
    """
    match = _MONTH.fullmatch(clean(text))
    if match is None:
        return None
    if match["name"]:
        number = [name.casefold() for name in MONTHS].index(match["name"].casefold()) + 1
        return f"{match['named_year']}-{number:02d}"
    return f"{match['year']}-{match['month']}"


def split_month(text: str) -> tuple[str, str] | None:
    """Return the one month that a text names, and the rest of the text; None where it names none or several.

    >>> split_month("Windows Server 2025 June 2026"), split_month("ws2025 2026年6月"), split_month("2026-06 server 2025")
    (('2026-06', 'Windows Server 2025'), ('2026-06', 'ws2025'), ('2026-06', 'server 2025'))
    """
    cleaned = clean(plain(text))
    for pattern in _MONTHS_INSIDE:
        if matches := list(pattern.finditer(cleaned)):
            months = {_month_of(match) for match in matches}
            return (months.pop(), clean(pattern.sub(" ", cleaned)).strip(" ,;:()[]")) if len(months) == 1 else None
    return None


def has_part_of_month(text: str) -> bool:
    """Return whether a text has the name of a month, or two years: a month that was not understood may be among its words.

    >>> has_part_of_month("ws2025 June"), has_part_of_month("Windows Server 2025 2026-06-09"), has_part_of_month("Windows Server 2025")
    (True, True, False)
    """
    return bool(_NAME_INSIDE.search(text)) or len(set(_YEAR_INSIDE.findall(text))) > 1


def _month_of(match: re.Match[str]) -> str:
    groups = match.groupdict()
    number = (
        int(groups["month"]) if groups.get("month") else 1 + [name[:3].casefold() for name in MONTHS].index(groups["name"][:3].casefold())
    )
    return f"{match['year']}-{number:02d}"


def kbs_in(text: str) -> list[int]:
    """Return the different KBs that a text names with the letters "KB", in their order.

    >>> kbs_in("2026-06 Cumulative Update for Windows 11 (KB5094126)"), kbs_in("5094126")
    ([5094126], [])
    """
    return list(dict.fromkeys(map(int, _KB_INSIDE.findall(plain(text)))))


def find_kb(text: str) -> int | None:
    """Return the number of a KB, typed with or without "KB"; None where the text is not one.

    >>> find_kb("kb 5089466"), find_kb("5089466"), find_kb("26100")
    (5089466, 5089466, None)
    """
    match = _KB.fullmatch(clean(text))
    return int(match["kb"]) if match else None


def kb(text: str) -> int:
    """Return the number of a KB.

    Raises:
        BadInput: the text is not a KB.
    """
    number = find_kb(text)
    if number is None:
        raise BadInput("expected a KB such as KB5070893, got {got!r}", got=text[:MAX_SHOWN])
    return number


def kbs(texts: Iterable[str]) -> tuple[int, ...]:
    """Return the numbers of KBs, several to a text or one each, in their order and each once.

    Raises:
        BadInput: one of them is not a KB.

    >>> kbs(["KB5087423;KB 5082063", "5087423"])
    (5087423, 5082063)
    """
    numbers: dict[int, None] = {}
    for text in texts:
        numbers |= dict.fromkeys(kb(part) for part in _SEPARATOR.split(clean(text)) if part)
    return tuple(numbers)
