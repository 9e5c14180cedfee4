"""Read a question of eligibility in the words that people use: an edition, a product, a platform, a licence, an image. Standard library alone.

In: "Windows Server 2025 Standard on Arc", "M365 Business Premium", "MicrosoftWindowsServer:WindowsServer:2025-datacenter:latest". Out: what each
word says. A word that nobody understands is kept: what it says may change the answer.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from unicodedata import normalize

from hotpatch_kb.db.model.editions import edition_in
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.product_names import read_name
from hotpatch_kb.db.model.products import KNOWN, LTSC_VERSIONS

MAX_QUESTION: Final = 400  # characters

# publisher:offer:sku, as the Azure CLI prints it, with or without a version
_URN: Final = lazy(r"(?<![\w:./-])([\w.-]+):([\w.-]+):([\w.-]+)(?::([\w.-]+))?(?![\w:/-])")
# 2022-datacenter-azure-edition-hotpatch: a SKU alone
_SKU: Final = lazy(r"(?<![\w-])(?:windows-server-)?20\d\d-[a-z][a-z0-9]*(?:-[a-z0-9]+)+(?![\w-])", re.IGNORECASE)
_NOT_WORDS: Final = lazy(r"[^\w]+|_")

# What a licence is called. The code is what two names of one licence share: Microsoft 365 E3 includes Windows Enterprise E3, Office 365 E3 does not.
_LICENCES: Final = tuple(
    (lazy(pattern), code)
    for pattern, code in (
        (r"\b(?:ems|enterprise mobility (?:and )?security) (e[35])\b", "ems {0}"),
        (r"\b(?:office ?|o)365 (?:enterprise |education |business )?([aefg][1-7])\b", "office 365 {0}"),
        (r"\boffice ?365 (business|personal|home|family)\b", "office 365 {0}"),
        (r"\bwindows ?365 (enterprise|business|frontline|government|flex|reserve)\b", "windows 365 {0}"),
        (r"\b(?:(?:microsoft |ms |m)365 )?business (premium|standard|basic)\b", "business {0}"),
        (r"\b(?:(?:microsoft |ms |m)365 )?apps for (business|enterprise)\b", "apps for {0}"),
        (r"\b(?:microsoft |ms |m)365 (personal|family|home)\b", "microsoft 365 {0}"),
        (r"\b(?:windows )?(?:vda|virtual desktop access)(?: (?:e[35]))?\b", "vda"),
        (r"\bsoftware assurance\b", "software assurance"),
        (r"\b(?:(?:microsoft |ms |m)365 (?:enterprise |education )?)?([aefg][1-7])\b", "{0}"),
    )
)
_ELSEWHERE: Final = (
    r"\b(?:vmware|v?sphere|esxi?|hyper v(?! server)|aws|ec2|amazon(?: web services)?|gcp|google cloud|on prem(?:ises?)?|onprem|physical|bare metal"
    r"|proxmox|nutanix|kvm|xen(?:server)?|oracle cloud|virtualbox|outside (?:of )?azure|in house|self hosted|on site|co ?lo(?:cation)?"
    r"|(?:in|at|on) (?:our|my|their|your|the|an?)(?: own)? (?:data ?cent(?:er|re)s?|server rooms?|racks?|hardware|premises)(?! ed)|own (?:data ?cent(?:er|re)s?|hardware))\b"
)
# Where a machine runs, or what manages it. "Azure" is last: the others have it in their names.
_PLATFORMS: Final = tuple(
    (lazy(pattern), platform)
    for pattern, platform in (
        (r"\b(?:azure |microsoft )?update manager\b|\baum\b", ""),
        (r"\bazure virtual desktop\b|\bavd\b", "azure"),
        (r"\bazure (?:local|stack hci)\b|\bazurelocal\b|\bazure stack\b|\b(?:azs)?hci\b", "azure_local"),
        (r"\b(?:azure )?arc(?: (?:enabled|connected))?(?: (?:servers?|machines?))?\b", "arc"),
        (r"\b(?:microsoft |ms )?intune\b|\b(?:windows )?autopatch\b|\b(?:microsoft )?endpoint manager\b", "intune"),
        (r"\b(?:microsoft )?azure(?! ed)(?: (?:vms?|virtual machines?|cloud|marketplace))?\b", "azure"),
        (_ELSEWHERE, "other"),
    )
)
# What else an answer may turn on.
_TRAITS: Final = tuple(
    (lazy(pattern), trait)
    for pattern, trait in (
        (r"\bwsus\b|\bwindows server update services\b|\bupdate catalog\b", "wsus"),
        (r"\b(?:sccm|mecm|configmgr|config(?:uration)? manager)\b", "configmgr"),
        (r"\barm(?: ?64)?\b|\bsnapdragon\b", "arm64"),
        (
            r"\b(?:custom|own|golden|gallery|captured|generali[sz]ed|sysprepped) (?:vm )?images?\b|\bcontainers?(?: base)?(?: images?)?\b",
            "custom_image",
        ),
        (r"\buniform(?: (?:scale set|vmss|mode|orchestration))?\b", "uniform"),
        (r"\binsiders?(?: preview)?(?: builds?)?\b|\bpreview(?: builds?)?\b|\bcanary\b|\bvnext\b", "preview"),
        (r"\bgen(?:eration)? ?1\b|\b(?:legacy )?bios\b", "generation_1"),
        (r"\b(?:no|without) (?:vbs|virtuali[sz]ation based security|secure ?boot|uefi)\b|\bvbs (?:off|disabled)\b", "no_vbs"),
        (r"\b(?:no|without) (?:azure )?arc\b|\bnot (?:azure )?arc(?: connected| enabled)?\b", "no_arc"),
        (r"\b(?:no|without|not (?:managed )?by|not in) (?:intune|autopatch)\b|\bunmanaged\b", "no_intune"),
        (r"\b(?:server )?core(?: installation)?\b", "core"),
        (r"\bdesktop experience\b|\bgui\b|\bfull desktop\b", "desktop"),
        (r"\bhot ?patch image\b", "hotpatch_image"),
    )
)
# Editions of servers and clients by name. The first ones are parts of no other.
_EDITIONS: Final = tuple(
    (lazy(pattern), edition)
    for pattern, edition in (
        (r"\b(?:data ?center )?azure ed(?:ition)?\b", "Datacenter: Azure Edition"),
        (r"\biot (?:enterprise )?lts[bc]\b|\b(?:enterprise )?lts[bc](?=(?: 20\d\d)?(?: for)? iot\b)", "IoT Enterprise LTSC"),
        (r"\b(?:enterprise )?lts[bc]\b", "Enterprise LTSC"),
        (r"\biot (?:enterprise|core)\b|\biot\b", "IoT Enterprise"),
        (r"\b(?:enterprise )?(?:multi ?session|for virtual desktops)\b", "Enterprise multi-session"),
        (r"\bpro(?:fessional)? education\b|\bpro(?:fessional)?(?: for)? workstations?\b", "Pro"),
        (r"\bhyper v server\b", "Hyper-V Server"),
        (r"\bdata ?cent(?:er|re)\b", "Datacenter"),
        (r"\bstandard\b|\bstd\b", "Standard"),
        (r"\bessentials\b", "Essentials"),
        (r"\beducation\b", "Education"),
        (r"\benterprise\b|\bent\b", "Enterprise"),
        (r"\bpro(?:fessional)?\b", "Pro"),
        (r"\bhome\b", "Home"),
    )
)
# Groups of editions (``editions.edition_in``) by ids and by names in other languages, and how documents of eligibility call them.
_OF_GROUP: Final = {
    "server_azure_edition": "Datacenter: Azure Edition", "server_datacenter": "Datacenter", "server_standard": "Standard", "server_essentials": "Essentials",
    "ltsc": "Enterprise LTSC", "iot_ltsc": "IoT Enterprise LTSC", "iot_enterprise": "IoT Enterprise", "iot_core": "IoT Enterprise", "home_pro": "Pro",
    "enterprise_education": "Enterprise",
}  # fmt: skip
_SERVERS: Final = frozenset({"Datacenter: Azure Edition", "Datacenter", "Standard", "Essentials", "Hyper-V Server"})
# Versions of Windows, from the most telling to the least.
_PRODUCTS: Final = tuple(
    lazy(pattern)
    for pattern in (
        r"\b(?:ws-azure-preview|ws20\d\d|win1[01]-\w{4}|ws-\d\dh\d)\b",
        r"\b(?<!\bwindows )(?<!\bmicrosoft )(?:windows |microsoft )*server ?20\d\d(?: r2)?(?: \d\dh\d)?\b",
        r"\b(?:windows )?server(?: version)? \d\dh\d\b",
        r"\b(?:windows|win) ?20\d\d(?: r2)?\b",
        r"\b(?:windows|win) ?(?:7|8|8 1|xp|vista)\b",
        r"\b(?:windows|win) ?1[0-9](?: version)?(?: \d\dh\d| 1[5-9]\d\d| 2004)?\b",
        r"\b(?:windows )?server\b",
    )
)
_BUILD: Final = lazy(r"\b(?:10\.0\.)?([12]\d{4})(?:\.\d{1,5})?\b")
_VERSION: Final = lazy(r"\b(?:version )?(\d\dh\d)\b")
_YEAR: Final = lazy(r"\b20\d\d\b")
# Words that say nothing here.
_NOISE: Final = frozenset(
    [
        "2",
        "64",
        "a",
        "amd",
        "amd64",
        "an",
        "and",
        "are",
        "as",
        "at",
        "azure",
        "be",
        "been",
        "being",
        "bit",
        "boot",
        "by",
        "can",
        "cloud",
        "computer",
        "computers",
        "connected",
        "could",
        "device",
        "devices",
        "do",
        "does",
        "edition",
        "editions",
        "eligibility",
        "eligible",
        "enabled",
        "enrolled",
        "for",
        "from",
        "gen2",
        "generation",
        "get",
        "guest",
        "has",
        "have",
        "having",
        "host",
        "hosted",
        "hosts",
        "hot",
        "hotpatch",
        "hotpatched",
        "hotpatches",
        "hotpatching",
        "i",
        "if",
        "image",
        "in",
        "installation",
        "installed",
        "intel",
        "is",
        "it",
        "its",
        "laptop",
        "laptops",
        "latest",
        "licence",
        "licences",
        "license",
        "licensed",
        "licenses",
        "machine",
        "machines",
        "managed",
        "management",
        "may",
        "me",
        "microsoft",
        "ms",
        "my",
        "new",
        "of",
        "on",
        "or",
        "os",
        "our",
        "patch",
        "patching",
        "pc",
        "pcs",
        "plan",
        "running",
        "runs",
        "secure",
        "server",
        "servers",
        "should",
        "sku",
        "subscription",
        "system",
        "that",
        "the",
        "their",
        "there",
        "these",
        "this",
        "to",
        "uefi",
        "under",
        "update",
        "updates",
        "use",
        "used",
        "using",
        "vbs",
        "version",
        "via",
        "virtual",
        "vm",
        "vms",
        "we",
        "what",
        "when",
        "where",
        "which",
        "will",
        "windows",
        "with",
        "would",
        "x64",
        "you",
        "your",
    ]
)


class Asked(NamedTuple):
    """What a question says.

    Attributes:
        products: ids; empty where it names none.
        family: "ws", "win10" or "win11" where it names no version; "older" for a Windows before 10; "" where it names none.
        editions: as documents call them; empty where it names none.
        platforms: "azure", "azure_local", "arc", "intune", "other".
        licences: codes such as "e3" or "business premium".
        traits: what else is said, such as "wsus", "arm64" or "core".
        image: publisher, offer and SKU; a SKU alone has the others empty.
        not_understood: the words that say none of these.
    """

    products: tuple[str, ...] = ()
    family: str = ""
    editions: tuple[str, ...] = ()
    platforms: frozenset[str] = frozenset()
    licences: tuple[str, ...] = ()
    traits: frozenset[str] = frozenset()
    image: tuple[str, str, str] | None = None
    not_understood: tuple[str, ...] = ()

    @property
    def is_client(self) -> bool | None:
        """Whether it is about a client, None where nothing says so."""
        names = {*(product[:3] for product in self.products), self.family[:3]} - {""}
        if names & {"win"} or names & {"ws2", "ws-", "ws"}:
            return "win" in names
        if self.editions:
            return not _SERVERS.intersection(self.editions)
        return True if self.licences and not set(self.licences) <= {"software assurance"} else None


def read_question(text: str) -> Asked:
    """Return what a question says.

    Raises:
        BadInput: it is empty or has more than 400 characters.

    >>> read_question("Windows Server 2025 Standard on Arc")[:4]
    (('ws2025',), 'ws', ('Standard',), frozenset({'arc'}))
    >>> read_question("Windows 11 Pro with O365 E3").licences, read_question("Windows 11 Ultimate").not_understood
    (('office 365 e3',), ('ultimate',))
    """
    if not text.strip():
        raise BadInput("expected an edition, a product, a platform, a licence or an image, got nothing")
    if len(text) > MAX_QUESTION:
        raise BadInput("expected a question of at most {most} characters, got {got}", most=MAX_QUESTION, got=len(text))
    if urn := _URN.search(text):
        return Asked(image=(urn[1], urn[2], urn[3]))
    if sku := _SKU.search(text):
        return Asked(image=("", "", sku[0]))
    lowered = normalize("NFKC", text).casefold()
    reader = _Reader(lowered)
    # ids and builds have hyphens and dots, which are no words
    ids = reader.take(_PRODUCTS[0])
    numbers = [match[1] for match in reader.take_matches(_BUILD)]
    reader.text = f" {' '.join(_NOT_WORDS.sub(' ', reader.text).split())} "
    licences = reader.named(_LICENCES)
    traits = set(reader.named(_TRAITS[6:10] + _TRAITS[:6] + _TRAITS[10:]))
    platforms = frozenset(reader.named(_PLATFORMS)) - {""}
    editions = reader.named(_EDITIONS)
    editions += tuple(_OF_GROUP[group] for word in reader.text.split() if word not in _NOISE and (group := reader.edition(word)))
    editions = tuple(dict.fromkeys(editions))
    products, family = _products(reader, ids, [*editions])
    if numbers:
        is_server = bool(_SERVERS.intersection(editions)) or family == "ws"
        known = [p for p in KNOWN.values() if str(p.build_number) in numbers]
        of_family = [p.product for p in known if (p.family == "server") == is_server] if editions or family else []
        products = products or tuple(of_family or [p.product for p in known])
    left = tuple(dict.fromkeys(word for word in reader.text.split() if word not in _NOISE))
    return Asked(products, family, editions, platforms, licences, frozenset(traits), None, left)


def licence_in(text: str) -> str:
    """Return the code of the licence that a text names, "" where it names none.

    >>> licence_in("Microsoft 365 Business Premium"), licence_in("Windows 11 Enterprise E3"), licence_in("Standard")
    ('business premium', 'e3', '')
    """
    reader = _Reader(f" {' '.join(_NOT_WORDS.sub(' ', text.casefold()).split())} ")
    return next(iter(reader.named(_LICENCES)), "")


class _Reader:
    """A text from which each thing that is understood is taken away."""

    def __init__(self, text: str) -> None:
        self.text = text

    def take(self, pattern: re.Pattern[str]) -> list[str]:
        return [match[0] for match in self.take_matches(pattern)]

    def take_matches(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        found = list(pattern.finditer(self.text))
        if found:
            self.text = pattern.sub(" ", self.text)
        return found

    def named(self, names: tuple[tuple[re.Pattern[str], str], ...]) -> tuple[str, ...]:
        """Take away what is named, and return the codes."""
        codes: dict[str, None] = {}
        for pattern, code in names:
            for match in self.take_matches(pattern):
                codes[code.format(*match.groups())] = None
        return tuple(codes)

    def edition(self, word: str) -> str:
        """Take away a word that is an edition in another form, such as ``ServerStandard`` or "Entreprise", and return its group."""
        if group := "" if word.isdigit() else edition_in(word):
            self.text = self.text.replace(f" {word} ", "  ")
        return group


def _products(reader: _Reader, ids: list[str], editions: list[str]) -> tuple[tuple[str, ...], str]:
    """Return the products that a text names, and their family."""
    names = [name for pattern in _PRODUCTS[1:] for name in reader.take(pattern)]
    versions = [match[1] for match in reader.take_matches(_VERSION)]
    is_ltsc = any("LTSC" in edition for edition in editions)
    years = reader.take(_YEAR) if is_ltsc or _SERVERS.intersection(editions) or "server" in " ".join(names) else []
    products, families = dict.fromkeys(ids), {_family(product) for product in ids}
    for year in years:
        if is_ltsc and year in LTSC_VERSIONS:
            products[f"win{'11' if year == '2024' else '10'}-{LTSC_VERSIONS[year]}"] = None
        elif not is_ltsc:
            products[f"ws{year}"] = None
    for name in names:
        spelled = f"{name} {versions[0]}" if versions and not re.search(r"\d\dh\d", name) and not re.search("20[12]", name) else name
        read = read_name(spelled if "win" in spelled or "server" in spelled else f"windows {spelled}")
        if read.product:
            products[read.product] = None
        families.add("older" if read.is_other else read.family)
    if versions and not names and not ids:
        is_server = bool(_SERVERS.intersection(editions))
        products |= dict.fromkeys(p for v in versions for p in KNOWN if p.endswith(f"-{v}") and (KNOWN[p].family == "server") == is_server)
    families |= {_family(product) for product in products}
    families -= {""}
    return tuple(products), families.pop() if len(families) == 1 else ""


def _family(product: str) -> str:
    return product[:2] if product.startswith("ws") else product.partition("-")[0]
