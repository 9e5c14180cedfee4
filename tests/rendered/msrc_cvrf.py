"""MSRC's index and months as JSON and XML, and their faults. Words and most CVE numbers are made; KBs and builds are those of our facts.

The FixedBuild of a KB is left out where no page that we have names its build.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from helpers.rendering import Rendered

from hotpatch_kb.db.model.notation import second_tuesday

# Changes of which one thing is quarantined and the rest is read; the others refuse the page.
_QUARANTINED = frozenset(
    {
        "no-kb",
        "no-such-product",
        "unknown-restart",
        "unknown-severity",
        "unknown-windows",
    }
)

BASE = "https://api.msrc.microsoft.com/cvrf/v3.0/"
INDEX = f"{BASE}updates"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# A few of MSRC's products: (ID, name). The IDs of Windows Server 2022 and 2025 and of Windows 11 25H2 are the real ones.
PRODUCTS = {
    "ws2025": (("12436", "Windows Server 2025"), ("12437", "Windows Server 2025 (Server Core installation)")),
    "ws-23h2": (("12244", "Windows Server 2022, 23H2 Edition (Server Core installation)"),),
    "ws2022": (("11923", "Windows Server 2022"), ("11924", "Windows Server 2022 (Server Core installation)")),
    "ws2019": (("11571", "Windows Server 2019"), ("11572", "Windows Server 2019 (Server Core installation)")),
    "ws2016": (("10816", "Windows Server 2016"), ("10855", "Windows Server 2016  (Server Core installation)")),
    "win11-25h2": (
        ("20437", "Windows 11 Version 25H2 for ARM64-based Systems"),
        ("20438", "Windows 11 Version 25H2 for x64-based Systems"),
    ),
    "win11-24h2": (
        ("12389", "Windows 11 Version 24H2 for ARM64-based Systems"),
        ("12390", "Windows 11 Version 24H2 for x64-based Systems"),
    ),
    "win11-23h2": (("12243", "Windows 11 Version 23H2 for x64-based Systems"),),
    "win11-21h2": (("11926", "Windows 11 for x64-based Systems"),),
    "win10-1809": (
        ("11568", "Windows 10 Version 1809 for 32-bit Systems"),
        ("11569", "Windows 10 Version 1809 for x64-based Systems"),
    ),
    "win10-1507": (("10735", "Windows 10 for x64-based Systems"),),
    "ws2022-hotpatch": (("12149", "Windows Server 2022 Azure Edition Core Hotpatch"),),  # until 2022
    "20h2": (("11803", "Windows Server, version 20H2 (Server Core Installation)"),),
    "ws2012": (("10378", "Windows Server 2012"), ("10483", "Windows Server 2012 R2")),
    "office": (("11573", "Microsoft Office 2019 for 32-bit editions"),),
    "edge": (("11655", "Microsoft Edge (Chromium-based)"),),
}
_NAMES = {product_id: name for products in PRODUCTS.values() for product_id, name in products}


class Fix(NamedTuple):
    """A vendor's fix.

    Attributes:
        description: a KB, or "Click to Run".
        products: keys of ``PRODUCTS``, or product IDs.
        build: without "10.0.", "" where it has none.
        subtype: as MSRC writes it, "" where it has none.
        supersedes: "" where it has none.
        restart: "Yes", "No", "Maybe" or "".
    """

    description: str
    products: tuple[str, ...]
    build: str = ""
    subtype: str = "Security Update"
    supersedes: str = ""
    restart: str = "Yes"


class Cve(NamedTuple):
    """A vulnerability; its severity is that of all its products but those that have one of their own (by product ID)."""

    cve: str
    title: str
    fixes: tuple[Fix, ...]
    severity: str = "Important"
    severities: Mapping[str, str] = {}


def url(month: str) -> str:
    """The address of a month "2025-12"."""
    return f"{BASE}cvrf/{identification(month)}"


def identification(month: str) -> str:
    """MSRC's ID of a month."""
    return f"{month[:4]}-{MONTHS[int(month[5:]) - 1]}"


def index_document(months: Iterable[tuple[str, str]], *others: str) -> bytes:
    """The index of months ("2025-12", their CurrentReleaseDate) and of documents with other IDs."""
    listed = [(identification(month), revised) for month, revised in months] + [(name, "2018-04-10T07:00:00Z") for name in others]
    value = [
        {
            "ID": name,
            "Alias": name,
            "DocumentTitle": f"Security Updates of {name}",
            "Severity": None,
            "InitialReleaseDate": f"{revised[:8]}09T08:00:00Z",
            "CurrentReleaseDate": revised,
            "CvrfUrl": f"{BASE}cvrf/{name.replace(' ', '%20')}",
        }
        for name, revised in listed
    ]
    return _json({"@odata.context": "https://api.msrc.microsoft.com/$metadata#Updates", "value": value})


def month_document(month: str, cves: Iterable[Cve], *, revised: str = "", title: str = "", tree_last: bool = False) -> bytes:
    """A month "2025-12" as JSON, revised at a time (UTC, without a Z); as XML with the same arguments see below."""
    document = _document(month, cves, revised, title)
    if tree_last:
        document["ProductTree"] = document.pop("ProductTree")
        document["DocumentTracking"] = document.pop("DocumentTracking")
    return _json(document)


def month_document_xml(month: str, cves: Iterable[Cve], *, revised: str = "", title: str = "") -> bytes:
    """The same month as XML, as the service gives it unasked."""
    return _xml(_document(month, cves, revised, title))


def _xml(document: dict[str, Any]) -> bytes:
    tracking, tree = document["DocumentTracking"], document["ProductTree"]
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        "<cvrf:cvrfdoc " + " ".join(f'xmlns:{p}="http://www.icasi.org/CVRF/schema/{p}/1.1"' for p in ("prod", "vuln", "cvrf")) + ">",
        _element("cvrf:DocumentTitle", document["DocumentTitle"]["Value"]),
        "<cvrf:DocumentTracking>",
        f"<cvrf:Identification>{_element('cvrf:ID', tracking['Identification']['ID']['Value'])}</cvrf:Identification>",
        *(_element(f"cvrf:{name}", tracking[name]) for name in ("InitialReleaseDate", "CurrentReleaseDate")),
        "</cvrf:DocumentTracking>",
        "<cvrf:DocumentNotes>",
        *(_element("cvrf:Note", note["Value"], Title=note["Title"], Type="Details") for note in document["DocumentNotes"]),
        "</cvrf:DocumentNotes>",
        "<prod:ProductTree>",
        '<prod:Branch Type="Vendor" Name="Microsoft">',
        *(_element("prod:FullProductName", item["Value"], ProductID=item["ProductID"]) for item in tree["Branch"][0]["Items"][0]["Items"]),
        "</prod:Branch>",
        *(_element("prod:FullProductName", item["Value"], ProductID=item["ProductID"]) for item in tree["FullProductName"]),
        "</prod:ProductTree>",
    ]
    for vulnerability in document["Vulnerability"]:
        lines += [
            f"<vuln:Vulnerability Ordinal={quoteattr(vulnerability['Ordinal'])}>",
            _element("vuln:Title", vulnerability["Title"]["Value"]),
            *(["<vuln:Notes>", *(_element("vuln:Note", n["Value"], Title=n["Title"]) for n in vulnerability["Notes"]), "</vuln:Notes>"]),
            _element("vuln:CVE", vulnerability["CVE"]),
            "<vuln:ProductStatuses>",
            '<vuln:Status Type="Known Affected">',
            *(_element("vuln:ProductID", product_id) for product_id in vulnerability["ProductStatuses"][0]["ProductID"]),
            "</vuln:Status>",
            "</vuln:ProductStatuses>",
            "<vuln:Threats>",
        ]
        for threat in vulnerability["Threats"]:
            kind = {0: "Impact", 1: "Exploit Status", 3: "Severity"}[threat["Type"]]
            ids = "".join(_element("vuln:ProductID", product_id) for product_id in threat.get("ProductID", ()))
            description = _element("vuln:Description", threat["Description"].get("Value", ""))
            lines.append(f'<vuln:Threat Type="{kind}">{description}{ids}</vuln:Threat>')
        lines += ["</vuln:Threats>", "<vuln:Remediations>"]
        for remediation in vulnerability["Remediations"]:
            kind = {2: "Vendor Fix", 3: "Release Notes", 5: "Known Issue"}[remediation["Type"]]
            parts = []
            for name in ("Description", "URL", "Supercedence", "ProductID", "RestartRequired", "SubType", "FixedBuild"):
                value = remediation.get(name)
                if value is not None:
                    values = value if isinstance(value, list) else [value["Value"] if isinstance(value, dict) else value]
                    parts += [_element(f"vuln:{name}", text) for text in values]
            lines.append(f'<vuln:Remediation Type="{kind}">{"".join(parts)}</vuln:Remediation>')
        lines += ["</vuln:Remediations>", "</vuln:Vulnerability>"]
    return ("\n".join([*lines, "</cvrf:cvrfdoc>"]) + "\n").encode()


def _element(name: str, text: str, **attributes: str) -> str:
    start = name + "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{start}>{escape(text)}</{name}>" if text else f"<{start} />"


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _document(month: str, cves: Iterable[Cve], revised: str, title: str) -> dict[str, Any]:
    vulnerabilities = [_vulnerability(number, cve) for number, cve in enumerate(cves)]
    affected = {product_id for vulnerability in vulnerabilities for product_id in vulnerability["ProductStatuses"][0]["ProductID"]}
    names = [{"ProductID": product_id, "Value": name} for product_id, name in _NAMES.items() if product_id in affected]
    released = f"{second_tuesday(month)}T08:00:00"
    return {
        "DocumentTitle": {"Value": title or f"{identification(month)} Security Updates"},
        "DocumentType": {"Value": "Security Update"},
        "DocumentTracking": {
            "Identification": {"ID": {"Value": identification(month)}, "Alias": {"Value": identification(month)}},
            "Status": 2,
            "Version": "1.0",
            "InitialReleaseDate": released,
            "CurrentReleaseDate": revised or released,
        },
        "DocumentNotes": [{"Title": "Release Notes", "Audience": "Public", "Type": 1, "Ordinal": "0", "Value": "<p>A made month.</p>"}],
        "ProductTree": {
            "Branch": [{"Type": 0, "Name": "Microsoft", "Items": [{"Type": 1, "Name": "Windows", "Items": names}]}],
            "FullProductName": [{**name, "CPE": f"cpe:2.3:o:microsoft:made_{name['ProductID']}"} for name in names],
        },
        "Vulnerability": vulnerabilities,
    }


def _ids(products: Iterable[str]) -> list[str]:
    return [product_id for key in products for product_id in ([i for i, _ in PRODUCTS[key]] if key in PRODUCTS else [key])]


def _vulnerability(number: int, cve: Cve) -> dict[str, Any]:
    affected = list(dict.fromkeys(product_id for fix in cve.fixes for product_id in _ids(fix.products)))
    threats: list[dict[str, Any]] = []
    for kind, text in ((0, "Elevation of Privilege"), (3, cve.severity)):
        for product_id in affected:
            value = cve.severities.get(product_id, text) if kind == 3 else text
            threats.append({"Description": {"Value": value} if value else {}, "ProductID": [product_id], "Type": kind, **_UNDATED})
    threats.append({"Description": {"Value": "Publicly Disclosed:No;Exploited:No"}, "Type": 1, **_UNDATED})
    return {
        "Title": {"Value": cve.title},
        "Notes": [{"Title": "Description", "Type": 2, "Ordinal": "0", "Value": "<p>What is wrong, and who may use it.</p>\n"}],
        "DiscoveryDate": "0001-01-01T00:00:00",
        "DiscoveryDateSpecified": False,
        "CVE": cve.cve,
        "ProductStatuses": [{"ProductID": affected, "Type": 3}],
        "Threats": threats,
        "CVSSScoreSets": [
            {
                "BaseScore": 7.8,
                "TemporalScore": 6.8,
                "Vector": "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H/E:U/RL:O/RC:C",
                "ProductID": [i],
            }
            for i in affected
        ],
        "Remediations": [remediation for fix in cve.fixes for remediation in _remediations(fix)],
        "Ordinal": str(number),
        "RevisionHistory": [{"Number": "1.0", "Date": "2025-12-09T08:00:00", "Description": {"Value": "<p>Published.</p>\n"}}],
    }


_UNDATED = {"Date": "0001-01-01T00:00:00", "DateSpecified": False}


def _remediations(fix: Fix) -> Iterator[dict[str, Any]]:
    """The fix, its release notes, and of KBs the entry of a known issue, which has a KB too and is no fix."""
    ids = _ids(fix.products)
    found: dict[str, Any] = {
        "Description": {"Value": fix.description},
        "URL": f"https://catalog.update.microsoft.com/v7/site/Search.aspx?q=KB{fix.description}",
        "Supercedence": fix.supersedes,
        "ProductID": ids,
        "Type": 2,
        **_UNDATED,
        "AffectedFiles": [],
        "RestartRequired": {"Value": fix.restart},
        "SubType": fix.subtype,
        "FixedBuild": f"10.0.{fix.build}" if fix.build[:5].isdigit() else fix.build,
    }
    yield {name: value for name, value in found.items() if value not in ("", {"Value": ""})}
    notes = {"URL": f"https://support.microsoft.com/help/{fix.description}", "ProductID": ids, **_UNDATED, "AffectedFiles": []}
    yield {**notes, "Type": 3, "SubType": fix.description}
    if fix.description.isdigit():
        yield {**notes, "Description": {"Value": fix.description}, "Type": 5}


# --- December 2025 --------------------------------------------------------------------------------------------------

_W11_24 = ("ws2025", "win11-24h2")
LCUS = (
    Fix("5072033", _W11_24, "26100.7462", supersedes="5068861"),
    Fix("5072033", ("win11-25h2",), "26200.7462", supersedes="5068861"),
    Fix("5071547", ("ws2022",), "20348.4529", supersedes="5068787"),
    Fix("5071544", ("ws2019", "win10-1809"), "17763.8146", supersedes="5068791"),
    Fix("5071542", ("ws-23h2",), "25398.2025", supersedes="5068779"),
)
HOTPATCHES = (
    Fix("5072014", _W11_24, "26100.7392", "Security Hotpatch Update", "5068966"),
    Fix("5072014", ("win11-25h2",), "26200.7392", "Security HotPatch Update", "5068966"),
    Fix("5071413", ("ws2022",), "20348.4467", "SecurityHotpatchUpdate", "5068840"),
)
# What machines on the hotpatch lines got for CVE-2025-54100: updates for PowerShell, as plain security updates.
COMPANIONS = (
    Fix("5074204", _W11_24, "26100.7392", restart="No"),
    Fix("5074204", ("win11-25h2",), "26200.7392", restart="No"),
    Fix("5074353", ("ws2022",), "20348.4467", restart="No"),
)
_OFFICE = Fix("Click to Run", ("office",), "https://aka.ms/OfficeSecurityReleases", restart="No")

_EDGE = Fix("Release Notes", ("edge",), "143.0.3650.66", restart="No")


def december_2025() -> tuple[Cve, ...]:
    """Case 31: one CVE that the hotpatches do not fix and the companions do, beside others that LCU and hotpatch fix alike."""
    return (
        Cve("ADV990001", "Latest Servicing Stack Updates", (Fix("5071544", ("ws2019",), subtype="Servicing Stack Update"),)),
        Cve("CVE-2025-90001", "Windows Made-up Driver Elevation of Privilege Vulnerability", LCUS + HOTPATCHES),
        Cve("CVE-2025-90002", "Microsoft Office Remote Code Execution Vulnerability", (_OFFICE, _EDGE), "Critical"),
        Cve("CVE-2025-54100", "PowerShell Remote Code Execution Vulnerability", LCUS + COMPANIONS),
        # Server Core is not as badly off; of Windows 11 nothing is said.
        Cve(
            "CVE-2025-90003",
            "Windows Graphics & Printing <GDI+> Remote Code Execution Vulnerability",
            LCUS[:3] + HOTPATCHES,
            "Critical",
            {"12437": "Important", "20437": "", "20438": ""},
        ),
    )


def _odd_2022() -> tuple[Cve, ...]:
    """What else occurs: a product of its own for hotpatches, lines that are not ours, builds of others, lists of KBs."""
    return (
        Cve(
            "CVE-2022-90001",
            "Windows Made-up Service Spoofing Vulnerability",
            (
                Fix("5016627", ("ws2022",), "20348.887", supersedes="5015827"),
                Fix("5016627", ("ws2022-hotpatch",), "20348.887", supersedes="5015827"),
                Fix("5016616", ("20h2",), "19042.1889"),
                Fix("5016672", ("ws2012",), "6.2.9200.23817", "Monthly Rollup"),
                Fix("5016639", ("win10-1507",), "1.001", "Security Only", "5015832; 5013963", "Maybe"),
                Fix("5016622", ("ws2016",), "", "", "MS16-118", ""),
                Fix("5016618", ("edge",), "1.001", "IE Cumulative"),
                Fix("Release Notes", ("11655",), "104.0.1293.47"),
            ),
            "",
        ),
        Cve(
            "CVE-2022-90002",
            "Windows Made-up Service Tampering Vulnerability",
            (Fix("5016627", ("ws2022",), "20348.887", restart="No"),),
            "Low",
        ),
    )


def _february_2023() -> tuple[Cve, ...]:
    """A KB for one line with the builds of two, as MSRC had KB5022836 (fleetdm/fleet issue 16518)."""
    builds = ("22000.1574", "22621.1574")
    fixes = tuple(Fix("5022836", ("win11-21h2",), build) for build in builds)
    return (Cve("CVE-2023-90001", "Windows Made-up Service Denial of Service Vulnerability", fixes),)


def big_month(megabytes: float) -> bytes:
    """A month of about so many million bytes of JSON: December's fixes for a vulnerability after the other, as long as real ones."""
    return json.dumps(_big_document(megabytes)).encode()


def big_month_xml(megabytes: float) -> bytes:
    """The same month as XML."""
    return _xml(_big_document(megabytes))


def _big_document(megabytes: float) -> dict[str, Any]:
    document = _document("2025-12", december_2025(), "", "")
    document["Vulnerability"] = []
    faq = "<p><strong>What privileges could be gained by an attacker who uses this?</strong></p>\n<p>Those of the system.</p>\n"
    size = len(json.dumps(document))
    while size < megabytes * 1e6:
        number = len(document["Vulnerability"])
        # A third of a real month is of Linux packages and others that are not ours.
        fixes = (LCUS + HOTPATCHES) if number % 3 else (_EDGE,)
        vulnerability = _vulnerability(
            number, Cve(f"CVE-2025-{100000 + number}", f"Windows Made-up Component {number} Vulnerability", fixes)
        )
        vulnerability["Notes"] += [{"Title": "FAQ", "Type": 4, "Ordinal": "10", "Value": f"{faq}<p>{number}</p>"} for _ in range(20)]
        document["Vulnerability"].append(vulnerability)
        size += len(json.dumps(vulnerability)) + 2
    return document


def pages() -> Iterator[Rendered]:
    """Every page."""
    index = index_document(
        [("2016-04", "2018-04-10T07:00:00Z"), ("2025-12", "2025-12-13T01:39:00Z"), ("2021-02", "2021-03-09T08:00:00Z"), ("2021-03", "2022-01-11T08:00:00Z")],
        "2017-May-B",
        "2000-Feb Mariner Release Notes",
    )  # fmt: skip
    yield Rendered("index.json", INDEX, index)
    december = url("2025-12")
    body = month_document("2025-12", december_2025(), revised="2025-12-13T01:39:00")
    yield Rendered("2025-12.json", december, body)
    yield Rendered("2025-12.xml", december, month_document_xml("2025-12", december_2025(), revised="2025-12-13T01:39:00"))
    yield Rendered("2022-08.json", url("2022-08"), b"\xef\xbb\xbf" + month_document("2022-08", _odd_2022()))
    yield Rendered("2023-02.json", url("2023-02"), month_document("2023-02", _february_2023()))
    early = (Cve("CVE-2026-90001", "Microsoft Edge Spoofing Vulnerability", (Fix("Release Notes", ("edge",), "146.0.1.2"),)),)
    yield Rendered("2026-08-early.json", url("2026-08"), month_document("2026-08", early, title="August 2026 Early Security Updates"))
    yield Rendered("2026-09-early.xml", url("2026-09"), month_document_xml("2026-09", ()))

    yield Rendered("refused-index-bot.json", INDEX, "<!DOCTYPE html><html><body><h1>Are you a robot?</h1></body></html>")
    yield Rendered(
        "quarantined-index-elsewhere.json",
        INDEX,
        index.replace(b'"https://api.msrc.microsoft.com/cvrf/v3.0/cvrf/2025', b'"https://msrc.example/2025'),
    )
    yield Rendered("refused-index-empty.json", INDEX, index_document([]))
    yield Rendered("refused-index-renamed.json", INDEX, index.replace(b"CurrentReleaseDate", b"LastRevised"))
    yield Rendered("quarantined-index-unreadable-id.json", INDEX, index.replace(b'"2025-Dec"', b'"2025-December"'))
    yield Rendered("quarantined-index-unreadable-date.json", INDEX, index.replace(b"2025-12-13T01:39:00Z", b"13 December 2025"))
    small = (Cve("CVE-2025-90001", "Windows Made-up Driver Elevation of Privilege Vulnerability", (*LCUS[:3:2], *HOTPATCHES[::2])),)
    json_month, xml_month = month_document("2025-12", small), month_document_xml("2025-12", small)
    faults: dict[str, tuple[bytes, str, str]] = {
        "another-month": (json_month, "2025-Dec", "2025-Nov"),
        "no-cve": (json_month, '"CVE": "CVE-2025-90001"', '"CVE": null'),
        "no-cve-number": (json_month, "CVE-2025-90001", "TBD"),
        "no-kb": (json_month, '"Value": "5072014"', '"Value": "5072014 and 5071413"'),
        "no-product-tree": (json_month, '"ProductTree"', '"Products"'),
        "no-such-product": (json_month, '"ProductID": "11923"', '"ProductID": "11922"'),
        "renamed-product-ids": (json_month, '"ProductID": [', '"Products": ['),
        "renamed-remediations": (json_month, '"Remediations"', '"Fixes"'),
        "renamed-subtype": (json_month, '"SubType"', '"Kind"'),
        "renamed-type": (json_month, '"Type": 2', '"Kind": 2'),
        "renamed-vulnerabilities": (json_month, '"Vulnerability"', '"Vulnerabilities"'),
        "unknown-restart": (json_month, '"Value": "Yes"', '"Value": "Perhaps"'),
        "unknown-severity": (json_month, '"Value": "Important"', '"Value": "Dire"'),
        "unknown-windows": (json_month, "Windows 11 Version 24H2 for x64", "Windows 11 Version 24H2 for RISC-V"),
    }
    for name, (text, old, new) in faults.items():
        yield Rendered(
            f"{'quarantined' if name in _QUARANTINED else 'refused'}-{name}.json", december, text.replace(old.encode(), new.encode())
        )
    yield Rendered("refused-bot.html", december, "<html><head><title>Checking</title></head><body>Please wait <br> … </body></html>")
    yield Rendered("refused-empty.json", december, "")
    yield Rendered("refused-truncated.json", december, json_month[: len(json_month) // 2])
    yield Rendered("refused-truncated.xml", december, xml_month[: len(xml_month) // 2])
    yield Rendered("refused-renamed-vulnerabilities.xml", december, xml_month.replace(b"vuln:Vulnerability", b"vuln:Flaw"))
    yield Rendered("refused-renamed-remediations.xml", december, xml_month.replace(b"vuln:Remediations", b"vuln:Fixes"))
    declared = xml_month.replace(b"<cvrf:cvrfdoc", b'<!DOCTYPE cvrfdoc [<!ENTITY kb "5072033">]>\n<cvrf:cvrfdoc').replace(
        b"5072033<", b"&kb;<"
    )
    yield Rendered("refused-document-type.xml", december, declared)
