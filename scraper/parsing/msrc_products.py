"""Names of products in MSRC's security data, and which of our products they are."""

from __future__ import annotations

import re
from typing import Final

from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.db.model.products import SEMI_ANNUAL_SERVERS, products_in

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
    name = clean(name)
    if match := _CLIENT.fullmatch(name):
        if match["version"]:
            return products_in(name)[0]
        if first := _FIRST_VERSIONS.get(match["os"]):
            return first
    elif match := _ANNUAL_SERVER.fullmatch(name):
        return f"ws-{match['version'].lower()}"
    elif _SERVER.fullmatch(name):
        return products_in(name)[0]
    elif match := _VERSIONED_SERVER.fullmatch(name):
        return None if match["version"].lower() in SEMI_ANNUAL_SERVERS else products_in(name)[0]
    elif _OLD.fullmatch(name) or not (_LINE.fullmatch(name) or _NO_NAME.fullmatch(name)):
        return None
    raise UnexpectedPage(f"expected the name of a Windows such as 'Windows Server 2025 (Server Core installation)', got {name[:120]!r}")
