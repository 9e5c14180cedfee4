"""MSRC's index and months: which are followed, what a month states (cases 30 and 31), how much memory that takes, what is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rendered.msrc_cvrf import (
    HOTPATCHES,
    INDEX,
    LCUS,
    Cve,
    Fix,
    big_month,
    big_month_xml,
    december_2025,
    index_document,
    month_document,
    month_document_xml,
    url,
)

from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.scraper.parsing.msrc_products import product_of
from hotpatch_kb.scraper.parsing.streaming import json_members, json_values, xml_children
from hotpatch_kb.scraper.sources import PageSpec, msrc_cvrf, registry

REFUSED = r"^expected .*, got "
Stated = dict[tuple[str, str], str | None]


def _page(body: bytes, month: str = "2025-12") -> Page:
    return Page("msrc_cvrf", url(month), url(month), url(month), "2026-07-23T12:00:00Z", 200, body)


def _index(body: bytes, fetched_at: str = "2026-07-23T12:00:00Z") -> Page:
    return Page("msrc_cvrf", INDEX, INDEX, INDEX, fetched_at, 200, body)


def _claims(body: bytes, month: str = "2025-12") -> list[Claim]:
    return list(registry()["msrc_cvrf"].parse(_page(body, month)))


def _stated(claims: list[Claim], subject: str = "") -> Stated:
    return {(c.subject, c.field): c.value for c in claims if c.subject.startswith(subject)}


def _of(claims: list[Claim], subject: str) -> dict[str, tuple[str | None, str]]:
    return {c.field: (c.value, c.value_text) for c in claims if c.subject == subject}


# --- which months are read ------------------------------------------------------------------------------------------


def test_months_are_followed_newest_first_and_the_last_three_every_day() -> None:
    """Text would put 2026-Apr before 2026-Jan. Of the last three the index omits July; May was revised within 20 hours."""
    listed = [
        ("2026-01", "2026-02-10T08:00:00Z"),
        ("2021-02", "2021-03-09T08:00:00Z"),
        ("2026-05", "2026-07-23T11:00:00Z"),
        ("2026-04", "2026-05-12T00:00:00.123-07:00"),
        ("2021-03", "2022-01-11T08:00:00"),
        ("2026-06", "2026-07-07T07:00:00Z"),
    ]
    specs = list(registry()["msrc_cvrf"].follow(_index(index_document(listed, "2017-May-B", "2000-Feb Mariner Release Notes", "Oct-OOB"))))
    assert [(spec.page_url.rpartition("/")[2], spec.good_since) for spec in specs] == [
        ("2026-Jul", "2026-07-22T16:00:00Z"),
        ("2026-Jun", "2026-07-22T16:00:00Z"),
        ("2026-May", "2026-07-23T11:00:00Z"),
        ("2026-Apr", "2026-05-12T07:00:00Z"),
        ("2026-Jan", "2026-02-10T08:00:00Z"),
        ("2021-Mar", "2022-01-11T08:00:00Z"),
    ]
    address = "https://api.msrc.microsoft.com/cvrf/v3.0/cvrf/2026-Jul"
    assert specs[0] == PageSpec(address, (address,), accept="application/json", good_since="2026-07-22T16:00:00Z")
    assert msrc_cvrf.AT_A_TIME == registry()["msrc_cvrf"].at_a_time == 6


@pytest.mark.parametrize(
    ("fetched_at", "months"),
    [("2026-01-05T00:30:00Z", ["2026-Jan", "2025-Dec", "2025-Nov"]), ("2021-04-01T00:00:00Z", ["2021-Apr", "2021-Mar"])],
)
def test_the_last_months_reach_into_the_year_before_but_not_before_hotpatching(fetched_at: str, months: list[str]) -> None:
    specs = msrc_cvrf.follow(_index(index_document([("2016-04", "2018-04-10T07:00:00Z")]), fetched_at))
    assert [spec.page_url.rpartition("/")[2] for spec in specs] == months


def test_a_month_that_is_listed_twice_is_read_when_the_later_entry_says() -> None:
    listed = [("2024-03", "2024-05-14T07:00:00Z"), ("2024-03", "2024-04-09T07:00:00Z")]
    page = _index(index_document(listed))
    assert [spec.good_since for spec in msrc_cvrf.follow(page)][-1] == "2024-05-14T07:00:00Z"
    assert _stated(list(msrc_cvrf.parse(page))) == {
        ("msrc/2024-03", "released_on"): "2024-05-09",
        ("msrc/2024-03", "revised_on"): "2024-05-14",
        ("msrc/2024-03", "released_on#2"): "2024-04-09",
        ("msrc/2024-03", "revised_on#2"): "2024-04-09",
    }


def test_a_month_names_no_further_pages() -> None:
    assert list(msrc_cvrf.follow(_page(b"not read"))) == []


@pytest.mark.parametrize(
    ("address", "page_url"),
    [
        (url("2026-06"), url("2026-06")),
        (url("2021-03"), url("2021-03")),
        (url("2021-02"), None),
        (INDEX, None),
        ("2026-Jun", None),
        (f"{url('2026-06')}/", None),
        (f"{url('2026-06')}-B", None),
        (url("2026-06").replace("Jun", "jun"), None),
        (url("2026-06").replace("api.msrc.microsoft.com", "api.msrc.microsoft.com.evil.example"), None),
        ("https://api.msrc.microsoft.com/cvrf/v3.0/cvrf/２０２６-Jun", None),
        ("https://support.microsoft.com/help/5094128", None),
    ],
)
def test_the_page_at_an_address(address: str, page_url: str | None) -> None:
    spec = registry()["msrc_cvrf"].page_at(address)
    assert spec == (PageSpec(page_url, (page_url,), accept="application/json") if page_url else None)


def test_a_page_that_is_neither_index_nor_month_is_refused() -> None:
    page = Page("msrc_cvrf", url("2020-12"), url("2020-12"), url("2020-12"), "2026-07-23T12:00:00Z", 200, b"{}")
    with pytest.raises(UnexpectedPage, match=r"expected MSRC's index or a month since 2021-03, got .*2020-Dec"):
        list(msrc_cvrf.parse(page))


@pytest.mark.parametrize(
    "address", ["http://api.msrc.microsoft.com/x", "https://api.msrc.microsoft.com@evil.example/x", "//api.msrc.microsoft.com/"]
)
def test_an_entry_of_the_index_that_leads_elsewhere_is_quarantined(address: str) -> None:
    """It is not followed, and the other months are. An index of such entries alone is refused."""
    index = json.loads(index_document([("2024-03", "2024-04-09T07:00:00Z"), ("2024-04", "2024-05-09T07:00:00Z")]))
    index["value"][0]["CvrfUrl"] = address
    page = _index(json.dumps(index).encode())
    followed = {spec.page_url.rpartition("/")[2] for spec in msrc_cvrf.follow(page)}
    assert ("2024-Mar" in followed, "2024-Apr" in followed) == (False, True)
    (reason,) = (c.value or "" for c in msrc_cvrf.parse(page) if c.subject.startswith("quarantine/") and c.field == "reason")
    assert reason.startswith("expected an address at")
    index["value"][1]["CvrfUrl"] = address
    with pytest.raises(UnexpectedPage, match="expected an address at"):
        list(msrc_cvrf.parse(_index(json.dumps(index).encode())))


# --- what a month states --------------------------------------------------------------------------------------------


def test_json_and_xml_of_one_month_state_the_same() -> None:
    cves, revised = december_2025(), "2025-12-13T01:39:00"
    as_json = _claims(month_document("2025-12", cves, revised=revised))
    assert as_json == _claims(month_document_xml("2025-12", cves, revised=revised))
    assert as_json == _claims(b"\xef\xbb\xbf \n" + month_document("2025-12", cves, revised=revised))
    odd = [c for c in as_json if c.subject.startswith("quarantine/")]  # two products have no severity, the others have
    assert {(c.value_text, c.value) for c in odd if c.field == "reason"} == {
        (f"of CVE-2025-90003 for {product_id}", "expected a severity such as Important") for product_id in ("20437", "20438")
    }
    assert len(as_json) == 3 + 11 * 5 + 4 * 4 + 3 + 11 + 11 + 8 + len(odd)


def test_the_order_of_a_documents_members_does_not_matter() -> None:
    cves = december_2025()
    assert _claims(month_document("2025-12", cves, tree_last=True)) == _claims(month_document("2025-12", cves))


def test_an_xml_without_prefixes_and_with_another_version_of_cvrf_states_the_same() -> None:
    document = month_document_xml("2025-12", december_2025())
    plain = document.replace(b"cvrf:", b"").replace(b"vuln:", b"").replace(b"prod:", b"")
    newer = document.replace(b"www.icasi.org/CVRF/schema", b"docs.oasis-open.org/csaf/ns/csaf-cvrf/v1.2")
    assert plain.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<cvrfdoc ')
    assert _claims(plain) == _claims(newer) == _claims(document)


def test_the_tree_may_stand_last_in_xml() -> None:
    document = month_document_xml("2025-12", december_2025())
    begins, ends = document.index(b"<prod:ProductTree>"), document.index(b"</prod:ProductTree>") + len(b"</prod:ProductTree>")
    moved = (document[:begins] + document[ends:]).replace(b"</cvrf:cvrfdoc>", document[begins:ends] + b"</cvrf:cvrfdoc>")
    assert _claims(moved) == _claims(document)


def test_december_2025_is_fixed_by_companions_and_not_by_hotpatches() -> None:
    """Case 31."""
    claims = _claims(month_document("2025-12", december_2025()))
    servers = {
        f"{cve}: {product}": sorted(
            c.field.rpartition("/")[2] for c in claims if c.subject == f"cve/{cve}" and c.field.startswith(f"fixed/{product}/")
        )
        for cve in ("CVE-2025-54100", "CVE-2025-90001")
        for product in ("ws2025", "ws2022")
    }
    assert servers == {
        "CVE-2025-54100: ws2025": ["5072033", "5074204"],
        "CVE-2025-54100: ws2022": ["5071547", "5074353"],
        "CVE-2025-90001: ws2025": ["5072014", "5072033"],
        "CVE-2025-90001: ws2022": ["5071413", "5071547"],
    }
    assert {c.subject: c.value for c in claims if c.field == "subtype" and "/ws20" in c.subject} == {
        "remediation/ws2025/5072033": "security",
        "remediation/ws2022/5071547": "security",
        "remediation/ws2019/5071544": "security",
        "remediation/ws2025/5072014": "hotpatch",
        "remediation/ws2022/5071413": "hotpatch",
        "remediation/ws2025/5074204": "security",
        "remediation/ws2022/5074353": "security",
    }


@pytest.mark.parametrize(
    ("published", "subtype"),
    [
        ("Security Hotpatch Update", "hotpatch"),
        ("Security HotPatch Update", "hotpatch"),
        ("SecurityHotpatchUpdate", "hotpatch"),
        ("AzureHotpatch", "hotpatch"),  # KB5030325, September 2023
        ("Security Update", "security"),
        ("Monthly Rollup", "monthly rollup"),
    ],
)
def test_the_spellings_of_a_hotpatch_are_one_class(published: str, subtype: str) -> None:
    """Case 30."""
    cve = Cve("CVE-2023-90001", "Windows Made-up Vulnerability", (Fix("5030325", ("ws2022",), "20348.1964", published),))
    for body in (month_document("2023-09", [cve]), month_document_xml("2023-09", [cve])):
        assert _of(_claims(body, "2023-09"), "remediation/ws2022/5030325")["subtype"] == (subtype, published)


def test_a_kb_that_fixes_many_is_stated_once_and_its_row_is_that_of_the_first() -> None:
    cves = [Cve(f"CVE-2025-{90000 + n}", f"Windows Made-up Vulnerability {n}", (LCUS[2], HOTPATCHES[2])) for n in range(50)]
    claims = _claims(month_document("2025-12", cves))
    of_kbs = [(c.subject, c.field, c.row) for c in claims if c.subject.startswith("remediation/")]
    fields = ("month", "subtype", "fixed_build", "supersedes_kb", "restart")
    assert of_kbs == [(f"remediation/ws2022/{kb}", field, 0) for kb in ("5071547", "5071413") for field in fields]
    assert [c.row for c in claims if c.subject.startswith("cve/")] == [n for n in range(50) for _ in range(3)]


def test_a_cve_that_stands_twice_keeps_both_severities() -> None:
    cves = [Cve("CVE-2025-90001", "Windows Made-up Vulnerability", LCUS[2:3], severity) for severity in ("Low", "Critical", "Low")]
    assert _of(_claims(month_document("2025-12", cves)), "cve/CVE-2025-90001") == {
        "title": ("Windows Made-up Vulnerability",) * 2,
        "fixed/ws2022/5071547": ("Low", "Low"),
        "fixed/ws2022/5071547#2": ("Critical", "Critical"),
    }


@pytest.mark.parametrize("first", ["Critical", "Important", "Moderate", "Low", ""])
@pytest.mark.parametrize("second", ["Critical", "Important", "Moderate", "Low", ""])
def test_the_most_severe_of_the_architectures_counts(first: str, second: str) -> None:
    """In one remediation for both, and in two of the same KB."""
    expected = min(first, second, key=["Critical", "Important", "Moderate", "Low", ""].index)
    own = {"12389": first, "12390": second}
    for fixes in ((Fix("5072033", ("win11-24h2",)),), (Fix("5072033", ("12389",)), Fix("5072033", ("12390",)))):
        cve = Cve("CVE-2025-90001", "Windows Made-up Vulnerability", fixes, "Critical", own)
        for body in (month_document("2025-12", [cve]), month_document_xml("2025-12", [cve])):
            assert _of(_claims(body), "cve/CVE-2025-90001")["fixed/win11-24h2/5072033"] == (expected, expected)


@pytest.mark.parametrize("name", ["cpe:2.3:o:microsoft:windows_server_2025", "https://example.com/x", "12436", "", "-"])
@pytest.mark.fault("what is no name as the name of a product of MSRC")
def test_what_is_no_name_of_a_product_is_told(name: str) -> None:
    """The name of a product is a CPE, an address, an ID or empty; quarantined, the other products are read."""
    cves = [Cve("CVE-2025-90001", "Windows Made-up Vulnerability", LCUS[:3])]
    document = json.loads(month_document("2025-12", cves))
    for product in document["ProductTree"]["FullProductName"]:
        if product["Value"].startswith("Windows Server 2025"):
            product["Value"] = name
    reasons = {c.value for c in _claims(json.dumps(document).encode()) if c.subject.startswith("quarantine/") and c.field == "reason"}
    assert [str(reason)[:41] for reason in reasons] == ["expected the name of a Windows such as 'W"]


@pytest.mark.fault("a product that has a CVE's severity and no fix")
def test_an_architecture_that_no_lcu_lists_is_told() -> None:
    """The LCU of a month no longer lists one architecture, its hotpatch does; quarantined: a hotpatch is beside an LCU."""
    cves = [Cve("CVE-2025-90001", "Windows Made-up Vulnerability", (*LCUS[:3], *HOTPATCHES[:1]))]
    document = json.loads(month_document("2025-12", cves))
    lcu = next(
        fix
        for fix in document["Vulnerability"][0]["Remediations"]
        if "12436" in fix["ProductID"] and fix.get("SubType") == "Security Update"
    )
    lcu["ProductID"].remove("12436")
    told = {(c.value_text, c.value) for c in _claims(json.dumps(document).encode()) if c.field == "reason"}
    assert told == {("12436 ws2025 of CVE-2025-90001", "expected a KB that fixes it")}


def test_a_cve_that_only_an_out_of_band_hotpatch_fixes_has_its_fix() -> None:
    """The LCU of the month fixed it before: the hotpatch is beside no LCU in the document, and its KB is the fix."""
    alone = Fix("5125000", ("ws2025",), "26100.33225", "Security Hotpatch Update", "5072014")
    monthly = Cve("CVE-2025-90001", "Windows Made-up Vulnerability", (*LCUS[:3], *HOTPATCHES[:1]))
    claims = _claims(month_document("2025-12", [monthly, Cve("CVE-2025-90002", "Windows Made-up Vulnerability", (alone,))]))
    assert [c.value_text for c in claims if c.subject.startswith("quarantine/")] == []
    assert "fixed/ws2025/5125000" in _of(claims, "cve/CVE-2025-90002")


def test_a_cve_that_only_the_hotpatch_of_a_month_fixes_is_told() -> None:
    """Elsewhere in the document the hotpatch is beside an LCU, so here the LCU was forgotten."""
    cves = [
        Cve("CVE-2025-90001", "Windows Made-up Vulnerability", (*LCUS[:3], *HOTPATCHES[:1])),
        Cve("CVE-2025-90002", "Windows Made-up Vulnerability", (*LCUS[1:3], *HOTPATCHES[:1])),
    ]
    told = {(c.value_text, c.value) for c in _claims(month_document("2025-12", cves)) if c.field == "reason"}
    lines = ("12436 ws2025", "12437 ws2025", "12389 win11-24h2", "12390 win11-24h2")
    assert told == {(f"{line} of CVE-2025-90002", "expected a KB that fixes it") for line in lines}


@pytest.mark.parametrize(
    ("member", "value", "told"),
    [
        ("SubType", "https://catalog.update.microsoft.com/", "expected a SubType such as Security Update"),
        ("SubType", "x", "expected a SubType such as Security Update"),
        ("Supercedence", "5072033", "expected another KB in Supercedence"),
        ("RestartRequired", {"Value": "Perhaps"}, "expected Yes, No or Maybe as RestartRequired"),
    ],
)
def test_an_odd_text_of_a_fix_is_told(member: str, value: object, told: str) -> None:
    cves = [Cve("CVE-2025-90001", "Windows Made-up Vulnerability", LCUS[:3])]
    document = json.loads(month_document("2025-12", cves))
    (fix,) = (fix for fix in document["Vulnerability"][0]["Remediations"] if "12436" in fix["ProductID"] and "FixedBuild" in fix)
    fix[member] = value
    assert {c.value for c in _claims(json.dumps(document).encode()) if c.field == "reason"} == {told}


def test_a_document_that_is_revised_before_its_release_is_refused() -> None:
    document = json.loads(month_document("2025-12", _SMALL))
    document["DocumentTracking"]["InitialReleaseDate"] = "2026-12-09T08:00:00"
    body = json.dumps(document).encode()
    with pytest.raises(UnexpectedPage, match="expected a document to be revised after its release"):
        _claims(body)


@pytest.mark.parametrize(
    ("cves", "is_complete"),
    [
        ([], "0"),
        ([Cve("CVE-2026-90001", "Office", (Fix("5002878", ("office",), "16.0.5556.1005"),))], "0"),
        ([Cve("CVE-2026-90001", "Server 2012 R2", (Fix("5094041", ("ws2012",), "6.3.9600.23228", "Monthly Rollup"),))], "0"),
        ([Cve("CVE-2026-90001", "no KB", (Fix("Release Notes", ("ws2022",)),))], "0"),
        ([Cve("CVE-2026-90001", "no fix", ())], "0"),
        ([Cve("ADV990001", "an advisory", (Fix("5094128", ("ws2022",)),))], "0"),
        ([Cve("CVE-2026-90001", "Server 2022", (Fix("5094128", ("ws2022",), "20348.5256"),))], "1"),
    ],
)
def test_a_month_in_which_nothing_of_ours_is_fixed_is_not_complete(cves: list[Cve], is_complete: str) -> None:
    title = "June 2026 Early Security Updates"
    for body in (month_document("2026-06", cves, title=title), month_document_xml("2026-06", cves, title=title)):
        assert _of(_claims(body, "2026-06"), "msrc/2026-06") == {
            "released_on": ("2026-06-09", "2026-06-09T08:00:00"),
            "revised_on": ("2026-06-09", "2026-06-09T08:00:00"),
            "is_complete": (is_complete, title),
        }


@pytest.mark.parametrize(
    ("name", "product"),
    [
        ("Windows Server 2025 (Server Core installation)", "ws2025"),
        ("Windows Server 2022, 23H2 Edition (Server Core installation)", "ws-23h2"),
        ("Windows Server 2022", "ws2022"),
        ("Windows Server 2022 Azure Edition Core Hotpatch", "ws2022"),
        ("Windows Server 2022 Datacenter: Azure Edition (Hotpatch)", "ws2022"),
        ("Windows Server 2019  (Server Core installation)", "ws2019"),
        ("Windows Server 2016", "ws2016"),
        ("Windows Server 2028", "ws2028"),  # to be read without a change
        ("Windows Server, version 20H2 (Server Core Installation)", None),
        ("Windows Server, version 1909 (Server Core installation)", None),
        ("Windows Server, version 23H2 (Server Core installation)", "ws-23h2"),
        ("Windows Server 2012 R2 (Server Core installation)", None),
        ("Windows Server 2008 for x64-based Systems Service Pack 2", None),
        ("Windows 11 Version 24H2 for x64-based Systems", "win11-24h2"),
        ("Windows 11 version 26H1 for ARM64-based Systems", "win11-26h1"),
        ("Windows 11, version 22H2 for x64-based Systems", "win11-22h2"),
        ("Windows 11 Version 27H2 for x64-based Systems", "win11-27h2"),
        ("Windows 11 for ARM64-based Systems", "win11-21h2"),
        ("Windows 10 Version 1809 for 32-bit Systems", "win10-1809"),
        ("Windows 10 Version 22H2 for x64-based Systems", "win10-22h2"),
        ("Windows 10 Version 2004 for ARM64-based Systems", "win10-2004"),
        ("Windows 10 for x64-based Systems", "win10-1507"),
        ("Windows 8.1 for x64-based systems", None),
        ("Windows RT 8.1", None),
        ("Windows 7 for 32-bit Systems Service Pack 1", None),
        ("Windows Admin Center", None),
        ("Windows Defender Antimalware Platform", None),
        ("Snipping Tool for Windows 11", None),
        ("Microsoft .NET Framework 4.8 on Windows 10 Version 1809 for x64-based Systems", None),
        ("Internet Explorer 11 on Windows Server 2019", None),
        ("azl3 kernel 6.6.139.1-1 on Azure Linux 3.0", None),
    ],
)
def test_products(name: str, product: str | None) -> None:
    assert product_of(name) == product


@pytest.mark.parametrize(
    "name",
    [
        "Windows 12 for x64-based Systems",
        "Windows 11 Version 24H2 for RISC-V-based Systems",
        "Windows 11 Version Next for x64-based Systems",
        "Windows 10 Version 1809 for HoloLens",
        "Windows Server 23H2",
        "Windows Server, version Next",
    ],
)
def test_a_windows_that_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises(UnexpectedPage, match=rf"version of Windows|name of a Windows.*, got '{re.escape(name)}'"):
        product_of(name)


def test_a_windows_that_cannot_be_read_does_not_matter_where_no_kb_is_for_it() -> None:
    cves = [Cve("CVE-2025-90001", "Made-up", (LCUS[2], Fix("Release Notes", ("win11-24h2",))))]
    body = month_document("2025-12", cves).replace(b"Windows 11 Version 24H2", b"Windows 11 Version Next")
    assert _of(_claims(body), "cve/CVE-2025-90001") == {"title": ("Made-up", "Made-up"), "fixed/ws2022/5071547": ("Important", "Important")}


# --- recorded and constructed samples -------------------------------------------------------------------------------


def test_the_recorded_index(shared: Path) -> None:
    page = _index((shared / "samples" / "msrc-cvrf" / "updates.json").read_bytes())
    assert [tuple(c) for c in msrc_cvrf.parse(page)] == [
        ("updates", "msrc/2024-03", "released_on", "2024-03-12", "2024-03-12T07:00:00Z", 1, ""),
        ("updates", "msrc/2024-03", "revised_on", "2024-04-09", "2024-04-09T07:00:00Z", 1, ""),
    ]
    assert [(spec.page_url.rpartition("/")[2], spec.good_since) for spec in msrc_cvrf.follow(page)] == [
        ("2026-Jul", "2026-07-22T16:00:00Z"),
        ("2026-Jun", "2026-07-22T16:00:00Z"),
        ("2026-May", "2026-07-22T16:00:00Z"),
        ("2024-Mar", "2024-04-09T07:00:00Z"),
    ]


def test_the_recorded_month(shared: Path) -> None:
    """June 2026 had an unplanned baseline: no hotpatch. Server 2012's and Office's fixes are not ours."""
    claims = _claims((shared / "samples" / "msrc-cvrf" / "2026-Jun.cvrf-sample.json").read_bytes(), "2026-06")
    builds = {(c.subject.partition("/")[2], c.value) for c in claims if c.field == "fixed_build"}
    assert builds == {
        ("win10-1809/5094123", "17763.8880"),
        ("ws2019/5094123", "17763.8880"),
        ("ws2022/5094128", "20348.5256"),
        ("win10-21h2/5094127", "19044.7417"),
        ("win10-22h2/5094127", "19045.7417"),
        ("ws2025/5094125", "26100.32995"),
        ("win11-25h2/5094126", "26200.8655"),
        ("win11-24h2/5094126", "26100.8655"),
        ("win11-23h2/5093998", "22631.7219"),
        ("win11-26h1/5095051", "28000.2269"),
        ("ws2016/5094122", "14393.9234"),
        ("win10-1607/5094122", "14393.9234"),
    }
    assert {c.value for c in claims if c.field == "subtype"} == {"security"}
    fixed = {"title": "Windows DNS Client Elevation of Privilege Vulnerability"}
    fixed |= {f"fixed/{product}": "Important" for product, _ in builds}
    assert {c.field: c.value for c in claims if c.subject == "cve/CVE-2026-41108"} == fixed
    assert {c.subject for c in claims if c.subject.startswith("cve/")} == {"cve/CVE-2026-41108", "cve/CVE-2026-99999"}
    assert _of(claims, "msrc/2026-06") == {
        "released_on": ("2026-06-09", "2026-06-09T07:00:00"),
        "revised_on": ("2026-07-07", "2026-07-07T07:00:00"),
        "is_complete": ("1", "June 2026 Security Updates"),
    }


def test_the_constructed_hotpatch_remediations(shared: Path) -> None:
    """A list of remediations, put into a document. One package of the hotpatch line is called a plain security update."""
    remediations = json.loads((shared / "samples" / "constructed" / "msrc-hotpatch-remediations.json").read_bytes())
    document = json.loads(month_document("2026-09", [Cve("CVE-2026-90001", "Made-up", (Fix("5120229", ("ws2022",)),))]))
    document["Vulnerability"][0]["Remediations"] = remediations
    claims = _claims(json.dumps(document).encode(), "2026-09")
    assert _stated(claims, "remediation/") == {
        (f"remediation/ws2022/{kb}", field): value
        for kb, fields in {
            "5120229": {"month": "2026-09", "subtype": "hotpatch", "fixed_build": "20348.5440", "restart": "0"},
            "5120242": {"month": "2026-09", "subtype": "security", "fixed_build": "20348.5499", "supersedes_kb": "5099540", "restart": "1"},
            "5123303": {"month": "2026-09", "subtype": "security", "fixed_build": "20348.5499", "restart": "1"},
        }.items()
        for field, value in fields.items()
    }


# --- memory ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["month.json", "month.xml"])
def test_a_month_of_20_megabytes_is_read_within_60(name: str, tmp_path: Path) -> None:
    """Measured in a process of its own over the body itself, with all of its claims: 5 to 7 MB; whole documents take 98 and 118."""
    pytest.importorskip("resource", reason="measures memory as POSIX has it")
    file = tmp_path / name
    file.write_bytes(big_month(20) if name.endswith(".json") else big_month_xml(20))
    assert file.stat().st_size > 20_000_000
    script = Path(__file__).parent / "peak.py"
    done = subprocess.run([sys.executable, script, file, "streamed"], capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["found"] > 10_000
    assert measured["megabytes"] < 60


def test_no_more_is_built_than_is_asked_for() -> None:
    page = _page(b'{"a": {"b": 1}, "list": [{"c": 2}, {"c": 3}, tru')
    values = json_values(page, "list.item")
    assert next(values) == {"c": 2}
    assert next(values) == {"c": 3}
    with pytest.raises(UnexpectedPage, match="expected JSON, got "):
        next(values)
    children = xml_children(_page(b"<r><a>1</a><b>2</b><a>3</a></r>"), "r", "a")
    first = next(children)
    assert first.text == "1"
    assert next(children).text == "3"
    assert first.text is None  # emptied


# --- hostile input --------------------------------------------------------------------------------------------------

_SMALL = [
    Cve("CVE-2025-90001", "Windows Made-up Vulnerability", (LCUS[2], HOTPATCHES[2]._replace(restart="Maybe"))),
    Cve("CVE-2025-90002", "Windows Made-up Vulnerability", (LCUS[2],), ""),
]


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf",
        b" \n\t",
        b"null",
        b"[]",
        b'"2025-Dec"',
        b"{}",
        b"{} {}",
        b"{",
        b'{"a": NaN}',
        b'{"a": 99999999999999999999999999}',
        b'{"a": "\xff\xfe"}',
        b'{"a": 1, "a": 2}',
        b'{"a": ' + b"[" * 100_000,
        b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}",
        b"<",
        b"<cvrfdoc",
        b"<cvrfdoc/>",
        b"<cvrfdoc><DocumentTracking/><ProductTree/></cvrfdoc>",
        b"<a>" * 100_000,
        b"<cvrfdoc>" + b"<a>" * 100_000,
        b"<?xml version='1.0' encoding='no-such'?><cvrfdoc/>",
        b"<cvrfdoc>&nbsp;</cvrfdoc>",
        b"<cvrfdoc>\xff</cvrfdoc>",
        b"Too many requests",
        "<html>".encode("utf-16"),
    ],
)
@pytest.mark.fault("answers of MSRC that are no month")
def test_what_is_no_month_at_all_is_refused(body: bytes) -> None:
    """Other documents stand in place of a month; refused in one line."""
    for page, read in ((_page(body), msrc_cvrf.parse), (_index(body), msrc_cvrf.parse), (_index(body), msrc_cvrf.follow)):
        with pytest.raises(UnexpectedPage, match=REFUSED):
            list(read(page))


@pytest.mark.fault("a month that is cut off anywhere")
def test_a_month_that_is_cut_off_anywhere_is_refused() -> None:
    """A month ends early at many places; refused each time."""
    for body in (month_document("2025-12", _SMALL).rstrip(), month_document_xml("2025-12", _SMALL).rstrip()):
        assert _claims(body)
        for length in range(0, len(body), 61):
            with pytest.raises(UnexpectedPage, match=REFUSED):
                _claims(body[:length])


def _places(thing: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(thing, dict | list):
        for key, value in thing.items() if isinstance(thing, dict) else enumerate(thing):
            yield from _places(value, *path, key)


def _read(page: Page) -> list[Claim] | None:
    """The claims of a page, None if it is refused."""
    try:
        return list(msrc_cvrf.parse(page))
    except UnexpectedPage as error:
        if not re.match(REFUSED, str(error)):
            raise
        return None


def _changed(thing: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(thing) if isinstance(thing, dict) else list(thing)
    copy[path[0]] = _changed(thing[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("name", ["month", "index"])
@pytest.mark.fault("values of another kind in a month")
def test_any_value_of_another_kind_is_refused_or_makes_no_difference_but_to_itself(name: str) -> None:
    """Each value is replaced by one of another kind; refused, or nothing else differs.

    Every value of a document, replaced by others in turn: nothing but UnexpectedPage may be raised, and of the index nothing is lost.
    """
    months = [("2024-03", "2024-04-09T07:00:00Z"), ("2025-12", "2025-12-13T01:39:00Z")]
    body = month_document("2025-12", _SMALL) if name == "month" else index_document(months)
    document = json.loads(body)
    read = 0
    for path in _places(document):
        for value in (None, True, 7, 1e300, "", "x", "\ud800", [], [None], ["x"], {}, {"Value": 7}, {"Value": None}, [{}]):
            page = (_page if name == "month" else _index)(json.dumps(_changed(document, path, value)).encode())
            claims = _read(page)
            if claims is None:
                continue
            read += 1
            assert all(isinstance(c.value, str | None) and isinstance(c.value_text, str) for c in claims)
            if name == "index":
                odd = {c.subject for c in claims if c.subject.startswith("quarantine/")}
                assert len([c for c in claims if c.subject not in odd]) == 4 - 2 * len(odd)
                assert len(list(msrc_cvrf.follow(page))) == 5 - len(odd)
    assert read > 0


def test_any_element_of_another_name_is_refused_or_makes_no_difference_but_to_itself() -> None:
    document = month_document_xml("2025-12", _SMALL).decode()
    names = sorted({part.split(">")[0].split()[0].strip("/") for part in document.split("<")[2:]})
    whole = len(_claims(document.encode()))
    missing = {}
    for name in names:
        claims = _read(_page(document.replace(f"<{name}", "<vuln:Renamed").replace(f"</{name}>", "</vuln:Renamed>").encode()))
        claims = None if claims is None else [c for c in claims if not c.subject.startswith("quarantine/")]
        if claims is not None and len(claims) < whole:
            missing[name] = whole - len(claims)
    # Each of these may be missing from a fix: that claim of both KBs is missing then, and nothing else.
    assert missing == {"vuln:FixedBuild": 2, "vuln:RestartRequired": 2, "vuln:Supercedence": 2}


def test_members_are_named_in_their_order() -> None:
    assert json_members(_page(b'\xef\xbb\xbf{"b": {"x": {"y": 1}}, "a": [[{"z": 2}]]}')) == ("b", "a")
