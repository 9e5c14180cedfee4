"""Names of products in MSRC's security data, which of our products they are, and fixes with builds of ours for none of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import builds_in, clean
from hotpatch_kb.db.model.product_names import SERVERS_BY_VERSION
from hotpatch_kb.db.model.products import KNOWN, SEMI_ANNUAL_SERVERS, products_in
from hotpatch_kb.scraper.parsing.msrc_documents import Fix, Unreadable

# "Windows 11 Version 24H2 for x64-based Systems", "Windows 11 version 26H1 for …", "Windows 10 for 32-bit Systems"
_CLIENT: Final = re.compile(
    r"Windows (?P<os>1\d),?(?P<version> Version \w+)? for (?:32-bit|x64-based|ARM64-based) Systems", re.ASCII | re.IGNORECASE
)
_FIRST_VERSIONS: Final = {"10": "win10-1507", "11": "win11-21h2"}  # which have no version in their name
# "Windows Server 2022, 23H2 Edition (Server Core installation)"
_ANNUAL_SERVER: Final = re.compile(r"Windows Server 20\d\d,? (?P<version>\d\dH\d) Edition\b.*", re.ASCII | re.IGNORECASE)
# "Windows Server 2022 (Server Core installation)", and in 2022 "Windows Server 2022 Azure Edition Core Hotpatch" and
# "Windows Server 2022 Datacenter: Azure Edition (Hotpatch)"
_SERVER: Final = re.compile(r"Windows Server 20(?:1[69]|[2-9]\d)(?: .*)?", re.ASCII | re.IGNORECASE)
# "Windows Server, version 20H2 (Server Core Installation)"
_VERSIONED_SERVER: Final = re.compile(r"Windows Server,? version (?P<version>\w+)\b.*", re.ASCII | re.IGNORECASE)
# Lines before Windows 10, none of which is a product here: "Windows Server 2012 R2", "Windows RT 8.1", last seen 2026-06.
_OLD: Final = re.compile(r"Windows (?:Server (?:2003|2008|2012)|(?:RT )?8(?:\.1)?|7|Vista|XP)\b.*", re.ASCII | re.IGNORECASE)
# What looks like a line of Windows must be one of these. Others are no lines: "Windows Admin Center", "Windows Defender …",
# "Microsoft Edge (Chromium-based)", "Microsoft .NET Framework 4.8 on Windows 10 Version 1809 for x64-based Systems".
_LINE: Final = re.compile(r"Windows (?:Server,? (?:version )?)?\d.*", re.ASCII | re.IGNORECASE)
# "Microsoft Windows Server 2025"; and as the catalog calls servers: "Microsoft server operating system version 24H2 for x64-based Systems"
_MAKER: Final = re.compile(r"Microsoft\s+(?=Windows (?:1\d|Server)\b|server operating system\b)", re.IGNORECASE)
_BY_VERSION: Final = re.compile(r"server operating system(?:, ?version |-| version )(?P<version>\d\dH\d)\b.*", re.ASCII | re.IGNORECASE)
# Other systems with build numbers of ours: Azure Stack HCI 23H2 has 25398, Azure Local 24H2 has 26100.
_OTHER_SYSTEMS: Final = re.compile(r"\bAzure (?:Stack|Local)\b|\bHoloLens\b|\bSurface Hub\b|\bXbox\b|\b(?:Mobile|Team)\b", re.IGNORECASE)
# No name: nothing, a CPE, an address, an ID. A name of one word has letters alone or a point: "PowerShell", "ASP.NET".
_NO_NAME: Final = re.compile(r"\S*[:/]\S*|[\W\d_]*", re.ASCII)


def product_of(name: str) -> str | None:
    """Return our product of a name, None where it is not one of ours.

    Raises:
        UnexpectedPage: it looks like a line of Windows and is not one that is known, or it is no name but a CPE or an ID.

    >>> product_of("Windows Server 2022, 23H2 Edition (Server Core installation)"), product_of("Windows 10 for x64-based Systems")
    ('ws-23h2', 'win10-1507')
    >>> product_of("Windows Server 2012 R2"), product_of("Microsoft Office 2019 for 32-bit editions")
    (None, None)
    """
    name = _MAKER.sub("", clean(name))
    if match := _CLIENT.fullmatch(name):
        if match["version"]:
            return products_in(name)[0]
        if first := _FIRST_VERSIONS.get(match["os"]):
            return first
    elif match := _ANNUAL_SERVER.fullmatch(name):
        return f"ws-{match['version'].lower()}"
    elif (match := _BY_VERSION.fullmatch(name)) and (server := SERVERS_BY_VERSION.get(match["version"].lower())):
        return server
    elif _SERVER.fullmatch(name):
        return products_in(name)[0]
    elif match := _VERSIONED_SERVER.fullmatch(name):
        return None if match["version"].lower() in SEMI_ANNUAL_SERVERS else products_in(name)[0]
    elif _OLD.fullmatch(name) or not (_LINE.fullmatch(name) or _NO_NAME.fullmatch(name)):
        return None
    raise UnexpectedPage(f"expected the name of a Windows such as 'Windows Server 2025 (Server Core installation)', got {name[:120]!r}")


class Lines:
    """Our products by the IDs of a document. A name is read when a KB is for it: few of the thousands are.

    Attributes:
        odd: what could not be read of products and severities.
    """

    def __init__(self, names: dict[str, str]) -> None:
        self.odd: list[Unreadable] = []
        self._names = names
        self._products: dict[str, str | None] = {}

    def product(self, product_id: str) -> str | None:
        """Return our product of an ID, None where it is not one of ours. What the document does not name, or names as no Windows is named, is odd."""
        if product_id not in self._products:
            self._products[product_id] = None
            name = self._names.get(product_id)
            try:
                if name is None:
                    raise UnexpectedPage("expected the name of a product in the product tree, got none")
                self._products[product_id] = product_of(name)
            except UnexpectedPage as error:
                self.odd.append(Unreadable(f"{product_id} {name or ''}", str(error)))
        return self._products[product_id]

    def name(self, product_id: str) -> str:
        """Return what the document calls a product, its ID where it does not name it."""
        return clean(self._names.get(product_id, product_id))

    def is_of_hotpatches(self, product_id: str) -> bool:
        """Return whether an ID has hotpatches alone: "Windows Server 2022 Azure Edition Core Hotpatch", until 2022."""
        return "hotpatch" in self._names.get(product_id, "").lower()


class Unclaimed:
    """Finds fixes that have a build of ours and are for no product of ours: the name of the product may have changed."""

    def __init__(self, lines: Lines) -> None:
        """Take the products of a document."""
        self._lines = lines
        self._found: dict[tuple[str, str], tuple[str, list[str]]] = {}

    def add(self, fix: Fix) -> None:
        """Take a fix."""
        key = (fix.description, fix.fixed_build)
        if key in self._found or any(self._lines.product(product_id) for product_id in fix.products):
            return
        builds = builds_in(fix.fixed_build)
        products = [product.product for product in KNOWN.values() if product.build_number in {build.number for build in builds}]
        names = [self._lines.name(product_id) for product_id in fix.products]
        if products and not any(_OTHER_SYSTEMS.search(name) or _VERSIONED_SERVER.fullmatch(name) for name in names):
            self._found[key] = (", ".join(sorted(set(names))), products)

    def found(self, known: Collection[str], day: str) -> Iterator[tuple[str, list[str]]]:
        """Yield a text for each KB that is for no product of ours anywhere in the document, and the products that have its build number."""
        for (description, fixed_build), (names, products) in self._found.items():
            if (kb := description.upper().removeprefix("KB").strip()) not in known:
                yield f"KB{kb} {fixed_build} of {day} for {names}"[:500], products
