"""Names of Windows as people and their tools write them, and which product each may mean. Standard library alone.

In: a text such as the column "OS" of an inventory. Out: a product, a family of products, or why it is neither. A name never says more than
its words: "Windows 11 Pro" is any version of Windows 11, and a text that nobody understands is no product.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.db.model.products import KNOWN, LTSC_VERSIONS, SEMI_ANNUAL_SERVERS
from hotpatch_kb.db.model.reading import plain

# "ws2025", "ws-23h2", "ws-azure-preview", "win11-25h2", "win10-1809"
_ID: Final = lazy(r"ws(?:20\d\d|-\d\dh\d|-azure-preview)|win1\d-(?:\d\dh\d|\d{4})", re.IGNORECASE)
# Letters of other scripts that look like Latin ones ("Wіndows" with a Cyrillic i), as inventories have them from typing and from OCR.
_LOOKALIKES: Final = str.maketrans("аеорсухіѕјԁӏԝһѵոаΑΒΕΖΗΙΚΜΝΟΡΤΥΧοινАВЕКМНОРСТУХІЅ", "aeopcyxisjdlwhvnaABEZHIKMNOPTYXoivABEKMHOPCTYXIS")
_MARKS: Final = lazy(r"[®™©]|\((?:r|tm|c)\)", re.IGNORECASE)
_NOT_WORDS: Final = lazy(r"[^\w]+|_")
# "WindowsServer2022Datacenter", "Windows11", "win11": a blank before each number and after "server"; "Windows 2022" and "Win2022" are servers.
_JOINED: Final = lazy(r"\bw(?=1[01]\b)|\bwin(?:dows)?\s?(?=1[01](?!\d)|server|20(?:1[69]|2\d))|(?<=server)\s?(?=\d)|\bws(?=20\d\d)")
# "SQL Server 2019" is no Windows.
_SERVER: Final = lazy(r"(?:^|\bwindows |\bmicrosoft |\bhyper v )server\b|\bws\b|^20\d\d datacenter\b")
# "Microsoft Windows NT 10.0.26100.0" is no Windows 10.
_NUMBER: Final = lazy(r"\b(?:NT\s+)?10\.0(?:\.\d+)*(?![\d.])", re.IGNORECASE)
_YEAR: Final = lazy(r"(?<!\d)(20(?:1[69]|2\d))(?!\d)")
_VERSION: Final = lazy(r"\b(\d\dh\d)\b")
_OLD_VERSION: Final = lazy(r"\b(1[5-9]\d{2}|2004)\b")
_CLIENT: Final = lazy(r"\bwindows (1\d)\b")
_LTSC: Final = lazy(r"\blts[bc]\b")
# Microsoft's security data calls servers by version alone: "Microsoft Server operating system-21H2" (2021 to 2023)
SERVERS_BY_VERSION: Final = {"21h2": "ws2022", "23h2": "ws-23h2", "24h2": "ws2025"}
# What has builds like ours, or the name Windows, and other updates or none; as last seen in inventories of 2026-11.
_OTHERS: Final = lazy(
    r"azure ?stack ?hci|\bazure ?local\b|\b(?:software development|assessment and deployment|driver) kit\b|\bwindows (?:sdk|adk|wdk|pe)\b|\bwinpe\b"
    r"|\bpreinstallation environment\b|\bsubsystem for linux\b|\bwindows app ?runtime\b|\bwindows server (?:2003|2008|2012)(?: r2)?\b|\bwindows (?:xp|vista|7|8 1|8)\b"
    r"|\bwindows 10 mobile\b|\bhololens\b|\bsurface hub\b|\bwindows 10 team\b|\bxbox\b|\bserver operating system (?:version )?22h2\b"
)
# Build numbers of systems that are not covered. Azure Stack HCI 20H2, 21H2 and 23H2 have those of servers (17784, 20348, 25398), and 24H2 has 26100.
_OTHER_BUILDS: Final = {
    "2600": "Windows XP", "3790": "Windows Server 2003", "6000": "Windows Vista", "6001": "Windows Vista or Windows Server 2008",
    "6002": "Windows Vista or Windows Server 2008", "6003": "Windows Server 2008", "7600": "Windows 7 or Windows Server 2008 R2",
    "7601": "Windows 7 or Windows Server 2008 R2", "9200": "Windows 8 or Windows Server 2012", "9600": "Windows 8.1 or Windows Server 2012 R2",
    "20349": "Azure Stack HCI 22H2 (Azure Local)",
}  # fmt: skip
_ANY: Final = frozenset(
    {"", "windows", "microsoft windows", "windows nt", "microsoft windows nt", "win32nt", "windows os", "win32", "win64"}
)


class Name(NamedTuple):
    """What a text names.

    Attributes:
        product: an id, where it names one product.
        family: "ws", "win10" or "win11" where it names no more; "" where it may be any Windows.
        is_other: whether it names something that this knowledge base does not cover, such as Azure Local.
        is_understood: whether it names anything at all.
    """

    product: str | None = None
    family: str = ""
    is_other: bool = False
    is_understood: bool = True


@lru_cache(maxsize=4096)
def read_name(text: str) -> Name:
    """Return what a text names.

    >>> read_name("Microsoft® Windows Server 2025 Datacenter 24H2").product, read_name("Microsoft Server operating system-21H2").product
    ('ws2025', 'ws2022')
    >>> read_name("Windows 11 Pro"), read_name("Azure Stack HCI").is_other, read_name("日本語").is_understood
    (Name(product=None, family='win11', is_other=False, is_understood=True), True, False)
    """
    cleaned = clean(text[:400])
    if _ID.fullmatch(cleaned):
        return _of_product(cleaned.lower())
    words = _words(cleaned)
    if words in _ANY:
        return Name()
    if _OTHERS.search(words):
        return Name(is_other=True)
    client = _CLIENT.search(words)
    if _SERVER.search(words):
        return Name(is_understood=False) if client and _YEAR.search(words) else _server(words)
    return _client(words, client[1]) if client else Name(is_understood=False)


def product_id(text: str) -> str | None:
    """Return the product that a user names, None where the text names none or several.

    >>> product_id("Windows 11 25H2"), product_id("server 2022"), product_id("ws2025"), product_id("25H2")
    ('win11-25h2', 'ws2022', 'ws2025', None)
    """
    return read_name(text).product


def other_of_build(number: str) -> str | None:
    """Return the system that is not covered and has a build number, None where none is known.

    >>> other_of_build("7601"), other_of_build("26100")
    ('Windows 7 or Windows Server 2008 R2', None)
    """
    return _OTHER_BUILDS.get(number)


def of_version(version: str) -> list[str]:
    """Return the known products of a version, servers that are called by it or share the build number of such a product included.

    >>> of_version("24h2"), of_version("1809")
    (['win11-24h2', 'ws2025'], ['win10-1809', 'ws2019'])
    """
    named = [product for product in KNOWN.values() if product.product.endswith(f"-{version}")]
    numbers = {product.build_number for product in named}
    alike = [product.product for product in KNOWN.values() if product.build_number in numbers]
    server = SERVERS_BY_VERSION.get(version)
    return list(dict.fromkeys([product.product for product in named] + alike + ([server] if server else []))) or [f"win11-{version}"]


def _words(text: str) -> str:
    """Return a name in lower case, its words separated by one blank."""
    if not text.isascii():
        text = plain(_MARKS.sub(" ", text)).translate(_LOOKALIKES)
    spaced = _NOT_WORDS.sub(" ", _NUMBER.sub(" ", _MARKS.sub(" ", text)).casefold()).strip()
    joined = _JOINED.sub(lambda match: f"{'windows' if match[0].startswith('win') or match[0] == 'w' else match[0].strip()} ", spaced)
    return re.sub(r"\bwindows +(?=20\d\d)", "windows server ", " ".join(joined.split()))


def _server(words: str) -> Name:
    year, version = _YEAR.search(words), _VERSION.search(words)
    if version and version[1] == "23h2":  # "Windows Server 2022, 23H2 Edition"
        return _of_product("ws-23h2")
    if year:
        return _of_product(f"ws{year[1]}")
    if "operating system" in words and version and version[1] in SERVERS_BY_VERSION:
        return _of_product(SERVERS_BY_VERSION[version[1]])
    channel = version or _OLD_VERSION.search(words)
    if channel and channel[1] in SEMI_ANNUAL_SERVERS:
        return Name(is_other=True)
    return _of_product(SERVERS_BY_VERSION.get(version[1], f"ws-{version[1]}")) if version else Name(family="ws")


def _client(words: str, number: str) -> Name:
    versions = set(_VERSION.findall(words)) or (set(_OLD_VERSION.findall(words)) if number == "10" else set())
    if len(versions) > 1:
        return Name(family=f"win{number}")
    name = versions.pop() if versions else None
    if name is None and _LTSC.search(words) and (year := re.search(r"\b(20\d\d)\b", words)):
        name = LTSC_VERSIONS.get(year[1])
    if name is None:
        return Name(family=f"win{number}")
    # The registry's ProductName says "Windows 10" on Windows 11, too.
    if number == "10" and f"win10-{name}" not in KNOWN and f"win11-{name}" in KNOWN:
        number = "11"
    return _of_product(f"win{number}-{name}")


def _of_product(product: str) -> Name:
    return Name(product, "ws" if product.startswith("ws") else product.partition("-")[0])
