"""Editions of Windows: which one an inventory means, by an id, a number or a name. Standard library alone.

Support ends by edition (Windows 11 23H2 Pro on 2025-11-11, Enterprise a year later), and not every edition can have hotpatches.
"""

from __future__ import annotations

import re
from functools import lru_cache

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.products import named
from hotpatch_kb.db.model.reading import builds_in
from hotpatch_kb.light_typing import Final, NamedTuple

# What an edition is called in ``EditionID`` (registry, DISM), in captions and in conversation, without blanks and punctuation, the most
# specific first. An ``EditionID`` may end in N, Eval, Cor (Server Core), CountrySpecific or SingleLanguage. Learn: "Windows editions", OSEdition.
_NAMES: Final = tuple(
    (edition, lazy(pattern))
    for edition, pattern in (
        ("server_azure_edition", r"serverturbine|azureedition|azureed\b"),
        ("enterprise_education", r"serverrdsh|multisession|enterpriseforvirtualdesktops"),  # a client, whatever EditionID says
        ("iot_ltsc", r"iotenterprises(?:k|eval)?$|iot.*lts[bc]"),
        ("ltsc", r"enterprises(?:n|eval|neval)?$|lts[bc]"),
        ("iot_core", r"iotuap|iotcore"),
        ("iot_enterprise", r"iotenterprise|iot$|^iot"),
        ("server_essentials", r"essentials|serversolution"),
        ("server_standard", r"serverstandard|server(?:20\d\d)?(?:r2)?standard|^standard"),
        ("server_datacenter", r"datacenter"),
        ("home_pro", r"pro(?:fessional)?education|(?:pro|professional)(?:for)?workstation|cloudedition|business|(?:^|\d)se$"),
        ("enterprise_education", r"enterprise|education|^ent$|^edu$|^[ea][35]$|éducation"),
        (
            "home_pro",
            r"professional|(?:^|\d|windows)pro(?:n|student)?(?:$|\d)|home|^core(?:n|countryspecific|singlelanguage|connected(?:n|countryspecific|singlelanguage)?)?$",
        ),
        # Captions of Windows in French, Spanish, Italian, Portuguese, Chinese, Japanese, Korean and Russian
        ("enterprise_education", r"entreprise|empresa|企业|企業|教育|エンタープライズ|엔터프라이즈|교육|корпоративная"),
        (
            "home_pro",
            r"professionnel|profe[s]+ional|famille|hogar|(?:^|\d)casa$|专业|專業|家庭|家用|ホーム|プロ(?!ジ)|홈|프로|профессиональная|домашняя",
        ),
    )
)
# ``OperatingSystemSKU`` of Win32_OperatingSystem.
NUMBERS: Final = {
    "4": "enterprise_education", "7": "server_standard", "8": "server_datacenter", "12": "server_datacenter", "13": "server_standard",
    "27": "enterprise_education", "48": "home_pro", "49": "home_pro", "72": "enterprise_education", "79": "server_standard",
    "80": "server_datacenter", "98": "home_pro", "99": "home_pro", "100": "home_pro", "101": "home_pro", "121": "enterprise_education",
    "122": "enterprise_education", "125": "ltsc", "126": "ltsc", "129": "ltsc", "161": "home_pro", "162": "home_pro", "164": "home_pro",
    "175": "enterprise_education", "188": "iot_enterprise", "191": "iot_ltsc", "203": "home_pro", "407": "server_azure_edition",
    "408": "server_azure_edition",
}  # fmt: skip
SPELLED: Final = {
    "home_pro": "Home and Pro", "enterprise_education": "Enterprise and Education", "iot_enterprise": "IoT Enterprise", "iot_core": "IoT Core",
    "ltsc": "Enterprise LTSC", "iot_ltsc": "IoT Enterprise LTSC", "server_azure_edition": "Datacenter: Azure Edition",
    "server_datacenter": "Datacenter", "server_standard": "Standard", "server_essentials": "Essentials",
}  # fmt: skip
_NUMBER: Final = lazy(r"0x([0-9a-f]{1,4})|[0-9]+")
# "Pro + ESU", "Pro (ESU year 1)", "Enterprise with ESU"; "no ESU" and "ESU expired" are not.
_WITH_ESU: Final = lazy(
    r"(?:^|[+&,;/(-]|\b(?:with|and|incl\.?|including|mit|und|avec|et|con|com|pro|professional|home|enterprise|education|22h2|21h2))\s*ESU(?:\s*(?:year\s*[123]|enrolled|active|licensed|enabled|assigned))?\W*$",
    re.IGNORECASE,
)
# "Pro/Enterprise", "Enterprise or Pro"
_CHOICE: Final = lazy(
    r"\b(?:pro|home|professional)\b.*(?:/|\||\bor\b|\boder\b|\bou\b).*\b(?:enterprise|education|ltsc)|\b(?:enterprise|education|ltsc)\b.*(?:/|\||\bor\b|\boder\b|\bou\b).*\b(?:pro|home|professional)\b",
    re.IGNORECASE,
)
_NOTHING: Final = frozenset({"", "-", "null", "none", "n/a", "na", "unknown", "nan", "windows"})
_YES: Final = frozenset(
    {
        "1",
        "true",
        "yes",
        "y",
        "x",
        "ja",
        "oui",
        "sí",
        "si",
        "sim",
        "да",
        "はい",
        "year1",
        "year2",
        "year3",
        "y1",
        "y2",
        "y3",
        "enrolled",
        "enabled",
        "active",
        "activated",
        "assigned",
        "licensed",
        "esu",
        "eligibleandenrolled",
    }
)


class Machine(NamedTuple):
    """What a verdict depends on besides build, line and KBs.

    Attributes:
        edition: a key of ``SPELLED``; "" where it is not known.
        has_esu: whether it is stated to have Extended Security Updates.
        may_be_azure_edition: whether "Datacenter" is from the name of its system alone, which may be short for "Datacenter: Azure Edition".
        is_odd: whether an edition is stated that nobody understands, or two of them: of a client it may be Pro.
    """

    edition: str = ""
    has_esu: bool = False
    may_be_azure_edition: bool = False
    is_odd: bool = False

    @property
    def name(self) -> str:
        """The part of a verdict's name: "", "home_pro", "home_pro+esu", or "server_datacenter?"."""
        return f"{self.edition}{'?' if self.may_be_azure_edition else ''}{'+esu' if self.has_esu else ''}"


ANY: Final = Machine()


@lru_cache(maxsize=4096)
def edition_in(text: str) -> str:
    """Return the edition that a text names, "" where it names none: an ``EditionID``, a caption, a name or an ``OperatingSystemSKU``.

    >>> edition_in("Professional"), edition_in("Windows 10 Enterprise LTSC"), edition_in("ServerTurbine"), edition_in("Windows Server 2025")
    ('home_pro', 'ltsc', 'server_azure_edition', '')
    """
    if not text or text.isspace():  # of most machines; a lookup compiles none of the patterns for it
        return ""
    lowered = text.casefold()
    bare = re.sub(r"\W", "", lowered)
    if number := _NUMBER.fullmatch(bare):
        return NUMBERS.get(str(int(number[1], 16)) if number[1] else bare, "")
    named_so = next((edition for edition, pattern in _NAMES if pattern.search(bare)), "")
    return named_so or ("home_pro" if re.search(r"\bpro\b", lowered) else "")


@lru_cache(maxsize=4096)
def machine_of(edition: str, product: str, esu: str) -> Machine:
    """Return a machine from the texts of an inventory: its edition, else the one that the name of its system has.

    >>> machine_of("", "Windows 10 Pro", "Enrolled")
    Machine(edition='home_pro', has_esu=True, may_be_azure_edition=False, is_odd=False)
    """
    # A column of its own says it, where there is one.
    has_esu = (
        re.sub(r"[\W_]", "", esu.casefold()) in _YES if esu.strip() else bool(edition.strip()) and _WITH_ESU.search(edition) is not None
    )
    if edition.strip() and _CHOICE.search(edition):
        return Machine("", has_esu, is_odd=True)
    if stated := edition_in(edition):
        return Machine(stated, has_esu)
    # The number of an edition counts only in a column for editions: "[1, 2]" as the name of a system names no edition.
    named_so = edition_in(product) if re.search(r"[^\W\d]", product) else ""
    is_odd = bool(edition.strip()) and not named_so and edition.strip().casefold() not in _NOTHING
    return Machine(named_so, has_esu, may_be_azure_edition=named_so == "server_datacenter", is_odd=is_odd)


def stated_machine(edition: str | None, query: str = "") -> Machine:
    """Return a machine whose edition a user states, else that of the query, one of which nothing is known without either.

    Args:
        edition: as a user states it.
        query: what a user asks for; an edition counts beside a build: "Windows 11 Home 22631.7376".

    Raises:
        BadInput: ``edition`` names no edition.
    """
    if not edition:
        names_more_than_numbers = any(map(str.isalpha, query))
        return machine_of("", query, "") if names_more_than_numbers and builds_in(query) else ANY
    machine = machine_of(edition, "", "")
    if not machine.edition:
        raise BadInput("expected an edition such as Pro, Enterprise or ServerStandard, got {got!r}", got=edition[:60])
    return machine


def is_of_family(edition: str, product: str) -> bool:
    """Return whether an edition can be one of a product: "Standard" is of a server. One that is not known can be of any."""
    return not edition or edition.startswith("server") == (named(product).family == "server")
