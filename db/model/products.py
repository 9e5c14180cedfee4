"""The servicing lines of Windows: their ids, names and build numbers, and how pages and users name them.

In: a text such as the title of a navigation category. Out: the ids of the products that it names, such as ``ws2025`` and ``win11-24h2``.
"""

from __future__ import annotations

import re

from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.light_typing import Final, NamedTuple


class Product(NamedTuple):
    """A servicing line.

    Attributes:
        product: its id.
        name: as people call it.
        family: "server" or "client".
        build_number: None until a source states it.
    """

    product: str
    name: str
    family: str
    build_number: int | None


# Build numbers do not change once a line exists. A line that is not in this list gets its own from a heading of
# Learn's release history ("Version 26H2 (OS build 26300)").
KNOWN: Final = {
    product.product: product
    for product in (
        Product("ws2025", "Windows Server 2025", "server", 26100),
        Product("ws-23h2", "Windows Server, version 23H2", "server", 25398),
        Product("ws2022", "Windows Server 2022", "server", 20348),
        Product("ws2019", "Windows Server 2019", "server", 17763),
        Product("ws2016", "Windows Server 2016", "server", 14393),
        Product("ws-azure-preview", "Windows Server Azure Edition (preview of 2021)", "server", 17784),
        Product("win11-26h1", "Windows 11, version 26H1", "client", 28000),
        Product("win11-25h2", "Windows 11, version 25H2", "client", 26200),
        Product("win11-24h2", "Windows 11, version 24H2", "client", 26100),
        Product("win11-23h2", "Windows 11, version 23H2", "client", 22631),
        Product("win11-22h2", "Windows 11, version 22H2", "client", 22621),
        Product("win11-21h2", "Windows 11, version 21H2", "client", 22000),
        Product("win10-22h2", "Windows 10, version 22H2", "client", 19045),
        Product("win10-21h2", "Windows 10, version 21H2", "client", 19044),
        Product("win10-21h1", "Windows 10, version 21H1", "client", 19043),
        Product("win10-20h2", "Windows 10, version 20H2", "client", 19042),
        Product("win10-2004", "Windows 10, version 2004", "client", 19041),
        Product("win10-1909", "Windows 10, version 1909", "client", 18363),
        Product("win10-1903", "Windows 10, version 1903", "client", 18362),
        Product("win10-1809", "Windows 10, version 1809", "client", 17763),
        Product("win10-1803", "Windows 10, version 1803", "client", 17134),
        Product("win10-1709", "Windows 10, version 1709", "client", 16299),
        Product("win10-1703", "Windows 10, version 1703", "client", 15063),
        Product("win10-1607", "Windows 10, version 1607", "client", 14393),
        Product("win10-1511", "Windows 10, version 1511", "client", 10586),
        Product("win10-1507", "Windows 10, version 1507", "client", 10240),
    )
}
BUILD_NUMBERS: Final = frozenset(p.build_number for p in KNOWN.values() if p.build_number)

# Versions of Windows that are serviced together: the builds of one KB have the same revision on each of them (no KB differs, July 2015 to July 2026).
_SAME_REVISIONS: Final = (
    ("win10-1903", "win10-1909"),
    ("win10-2004", "win10-20h2", "win10-21h1", "win10-21h2", "win10-22h2"),
    ("win11-22h2", "win11-23h2"),
    ("win11-24h2", "win11-25h2"),
)

# Where machines run, or what manages them: code and name.
PLATFORMS: Final = {"azure": "Azure", "azure_local": "Azure Local", "arc": "Azure Arc", "intune": "Intune or Windows Autopatch"}

# Servers of the semi-annual channel are not products here ("Windows Server, version 1809", last seen 2026-07): they shared
# builds and KBs with the Windows 10 of their name, never had hotpatching, and are all out of support since 2022-08-09.
SEMI_ANNUAL_SERVERS: Final = frozenset({"1709", "1803", "1809", "1903", "1909", "2004", "20h2"})

# "Windows 11 Enterprise version 24H2", "Windows Server 2022"
_OS: Final = lazy(r"Windows\s+(?P<os>1\d|Server)\b", re.IGNORECASE)
# How each Windows counts its versions: Windows 10 "1507" to "2004" and from "20H2", servers "23H2" and "2025"
_VERSIONS: Final = {
    "10": lazy(r"(?<![\d/])(?P<version>\d{2}H\d|1[5-9]\d{2}|2004)(?!\d)", re.IGNORECASE),
    "server": lazy(r"(?<![\d/])(?P<version>\d{2}H\d|\d{4})(?!\d)", re.IGNORECASE),
}
# Windows 11 and later: from "21H2"; "LTSC 2024" is not a version
_NEWER: Final = lazy(r"(?<![\d/])(?P<version>\d{2}H\d)(?!\d)", re.IGNORECASE)
# "Windows 11 Enterprise LTSC 2024" is 24H2 with its own support dates
_LTSC: Final = lazy(r"\bLTS[BC]\s+(?P<year>20\d\d)", re.IGNORECASE)
# Years of the Long-Term Servicing Channel of Windows 10 and 11, and their versions.
LTSC_VERSIONS: Final = {"2015": "1507", "2016": "1607", "2019": "1809", "2021": "21h2", "2024": "24h2"}


def products_in(text: str) -> tuple[str, ...]:
    """Return the products that the title of a navigation category names, in its order.

    Raises:
        UnexpectedPage: it names no product.

    >>> products_in("Windows 10, version 1809, Windows Server, version 1809, and Windows Server 2019")
    ('win10-1809', 'ws2019')
    >>> products_in("Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition")
    ('ws2025',)
    """
    text = clean(text)
    products: dict[str, None] = {}
    marks = list(_OS.finditer(text))
    ends = [following.start() for following in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=False):
        part = text[mark.end() : end]
        versions = [m["version"].lower() for m in _VERSIONS.get(mark["os"].casefold(), _NEWER).finditer(part)]
        if mark["os"].casefold() != "server":
            # "Windows 10 (initial version released July 2015)" is what was later called 1507.
            names = ["1507"] if "initial version" in part.casefold() else versions
            names += [LTSC_VERSIONS[m["year"]] for m in _LTSC.finditer(part) if m["year"] in LTSC_VERSIONS]
            products |= dict.fromkeys(f"win{mark['os']}-{name}" for name in names)
        elif versions:
            is_year = re.match(r"\s*20\d\d(?!\d)", part) is not None
            for name in versions:
                if is_year:
                    products[f"ws{name}"] = None
                elif name not in SEMI_ANNUAL_SERVERS:
                    products[f"ws-{name}"] = None
        elif re.search(r"Azure Automanage for\s*$", text[: mark.start()], re.IGNORECASE):
            products["ws-azure-preview"] = None
    if not products:
        raise UnexpectedPage(f"expected the title of a category that names a version of Windows, got {text!r}")
    return tuple(products)


# "Windows Server 2025 (OS build 26100)", "Version 25H2 (OS build 26200)", "Version 1507 (RTM) (OS build 10240)"; "Windows 11, version 25H2 –
# OS build 26200" would say the same
_HEADING: Final = lazy(
    r"(?:(?P<server>Windows Server,? (?:version )?(?P<edition>\w+))|(?:Windows (?P<os>1\d),? )?Version (?P<version>\w+))(?: \([^()]*\))?"
    r"[,:]?(?: ?[-–—])? ?(?:\(OS build (?P<number>\d{5})\)|OS build (?P<bare>\d{5}))(?: ?[-–—] ?End of .*)?",
    re.IGNORECASE,
)


def same_revisions(product: str) -> tuple[str, ...]:
    """Return the products whose builds of one KB have the same revision, oldest first; the product alone where it has no such others.

    >>> same_revisions("win11-25h2"), same_revisions("ws2025")
    (('win11-24h2', 'win11-25h2'), ('ws2025',))
    """
    return next((group for group in _SAME_REVISIONS if product in group), (product,))


def may_be_build_of(product: str, build: str) -> bool:
    """Return whether a build can be one of a product: it has the product's build number, or that is not known.

    >>> may_be_build_of("ws2022", "20348.2091"), may_be_build_of("ws2022", "20346.2091")
    (True, False)
    """
    number = named(product).build_number
    return number is None or build.startswith(f"{number}.")


def heading(text: str, client: str) -> Product | None:
    """Return the product that a heading of Learn's tables names, None where the text is not such a heading.

    Args:
        text: such as "Version 25H2 (OS build 26200)".
        client: "win10" or "win11", the Windows that the page is about.
    """
    text = clean(text)
    if not (match := _HEADING.fullmatch(text)):
        return None
    number = int(match["number"] or match["bare"])
    if match["server"]:
        edition = match["edition"].lower()
        return named(f"ws{edition}" if edition.isdigit() else f"ws-{edition}", number)
    return named(f"{'win' + match['os'] if match['os'] else client}-{match['version'].lower()}", number)


def named(product: str, build_number: int | None = None) -> Product:
    """Return the product of an id; one that is not in ``KNOWN`` gets its name from the id.

    Args:
        product: an id.
        build_number: what a source states for a product that is not in ``KNOWN``.

    >>> named("win11-26h2", 26300).name
    'Windows 11, version 26H2'
    """
    if product in KNOWN:
        return KNOWN[product]
    if product.startswith("ws"):
        edition = product.removeprefix("ws")
        name = f"Windows Server, version {edition[1:].upper()}" if edition.startswith("-") else f"Windows Server {edition}"
        return Product(product, name, "server", build_number)
    client, _, version = product.partition("-")
    return Product(product, f"Windows {client.removeprefix('win')}, version {version.upper()}", "client", build_number)
