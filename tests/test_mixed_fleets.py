"""Inventories with more than Windows in them: ESXi, Linux, macOS, and objects that may be of another machine. Embedded facts, on 2026-07-20.

26100.33158 of Windows Server 2025 (KB5099536) is current on that day, 24280767 is a build of ESXi 8.0.3.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Command
from helpers.inventories import DAY, judged

NEW = "10.0.26100.33158"


def _rows(text: str) -> list[tuple[str, str]]:
    return [(machine.verdict, machine.reason) for machine in judged(text)]


OF_ESXI = "not covered: '24280767' is a build of another product, such as ESXi"
MIXED = {
    "Get-VMHost": ("Name,ConnectionState,Version,Build\nesx1,Connected,8.0.3,24280767\n", [("unknown", OF_ESXI)]),
    "Get-VMHost, of the first builds with seven digits": (
        "Name,Version,Build\nesx1,6.5.0,4564106\n", [("unknown", OF_ESXI.replace("24280767", "4564106"))],
    ),
    "Get-VMHost in JSON": ('[{"Name": "esx1", "Version": "8.0.3", "Build": "24280767"}]', [("unknown", OF_ESXI)]),
    "a build alone": ("Name,Build\nesx1,24280767\nx,20260714\ny,5099536\nz,noise\n", [
        ("unknown", OF_ESXI), *(("invalid", f"expected a build such as 26100.32772, got {text!r}") for text in ("20260714", "5099536", "noise")),
    ]),
    "the host of a machine": (
        "Name,PowerState,VMHost.Build,VMHost.Version\nSRV1,PoweredOn,24280767,8.0.3\n", [("unknown", OF_ESXI)],
    ),
    "the host's build alone": (
        "Name,VMHost.Build\nSRV1,24280767\n", [("unknown", "the inventory does not say that the machine has it: '24280767 (VMHost.Build)'")],
    ),
    "a host that has a build of Windows": (
        f"Name,VMHost.Build\nSRV1,{NEW}\n", [("unknown", f"the inventory does not say that the machine has it: '{NEW} (VMHost.Build)'")],
    ),
    "a machine with a build of Windows on ESXi": (
        "Name,VMHost,VMHost.Build,OSBuild\nSRV1,esx1,24280767,26100.33158\nSRV2,esx1,24280767,26100.32995\n",
        [("current", "nothing newer of the hotpatch line is required"), ("ambiguous", "")],
    ),
    "systems by name": (
        ("Name,OS,Build\nlin1,Ubuntu 24.04,5.15.0-101\nlin2,Red Hat Enterprise Linux 9,5.14.0-503.el9\nmac1,macOS 15.5,24F74\nphone,iOS,18.5\n"
        "SRV1,Windows Server 2025,26100.33158\nPC1,Windows 11,2610.8875\nPC2,,2610.8875\nSRV2,Ubuntu 24.04,26100.33158\n"),
        [("unknown", "not covered: Ubuntu 24.04, '5.15.0-101' is not a build of Windows"),
         ("unknown", "not covered: Red Hat Enterprise Linux 9, '5.14.0-503.el9' is not a build of Windows"),
         ("unknown", "not covered: macOS 15.5, '24F74' is not a build of Windows"), ("unknown", "not covered: iOS, '18.5' is not a build of Windows"),
         ("current", "nothing newer of the hotpatch line is required"), ("invalid", "expected a build such as 26100.32772, got '2610.8875'"),
         ("invalid", "expected a build such as 26100.32772, got '2610.8875'"), ("current", "nothing newer of the hotpatch line is required")],
    ),
    "systems that say it beside their version": (
        'Name,Version\nesx1,VMware ESXi 8.0.3 build-24280767\nlin1,Linux 6.8.0-45-generic\nsw1,"Cisco IOS 15.2(7)E"\nSRV1,26100.33158\n',
        [("unknown", "not covered: VMware ESXi 8.0.3 build-24280767"), ("unknown", "not covered: Linux 6.8.0-45-generic"),
         ("unknown", "not covered: Cisco IOS 15.2(7)E"), ("current", "nothing newer of the hotpatch line is required")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MIXED)
def test_other_systems_are_not_covered(name: str) -> None:
    text, expected = MIXED[name]
    assert [(verdict, reason if wanted else "") for (verdict, reason), (_, wanted) in zip(_rows(text), expected, strict=True)] == expected


# Objects inside a row: of the machine itself, or of another one.
OWN = {
    "software.os": '{"hostname": "A", "software": {"os": {"version": "%s", "name": "Windows Server 2025"}}}',
    "software.os, flat": "hostname,software.os.version,software.os.name\nA,%s,Windows Server 2025\n",
    "software.operatingSystem": '{"hostname": "A", "software": {"operatingSystem": {"version": "%s"}}}',
    "node.os": '{"host": "A", "node": {"os": {"version": "%s"}}}',
    "node.os, flat": "host,node.os.version\nA,%s\n",
    "node with the name of the host": "hostname,node.name,node.os.version\nA,A,%s\n",
    "node with the short name of the host": "hostname,node.name,node.os.version\na.corp.example,A,%s\n",
}
OTHERS = {
    "software.version": '{"hostname": "A", "software": {"version": "%s"}}',
    "an app": '{"hostname": "A", "software": {"office": {"version": "%s"}}}',
    "a server that manages": '{"hostname": "A", "managementServer": {"os": {"version": "%s"}}}',
    "server.os": "hostname,server.os.version\nA,%s\n",
    "node with another name": "hostname,node.name,node.os.version\nA,HV9,%s\n",
    "node with another address": "hostname,node.ip,node.os.version\n10.0.0.5,10.0.0.9,%s\n",
    "node without a name": "hostname,node.name,node.os.version\nA,,%s\n",
    "the node of a VM": "vm,node.os.version\nA,%s\n",
    "the node of a pod": "pod,hostname,node.os.version\nA,A,%s\n",
}


@pytest.mark.parametrize(("name", "verdict"), [*((name, "current") for name in OWN), *((name, "unknown") for name in OTHERS)])
def test_an_object_inside_a_row_is_of_the_machine_or_of_another(name: str, verdict: str) -> None:
    assert [found for found, _ in _rows(({**OWN, **OTHERS}[name]) % NEW)] == [verdict]


def test_two_builds_of_one_machine_are_not_current() -> None:
    text = f"host,node.os.version,os.version\nA,{NEW},10.0.26100.32995\n"
    assert _rows(text) == [("invalid", "expected one build, got 26100.32995, 26100.33158")]


@pytest.mark.parametrize("empty", [",,", ",,,,", ",", '"","",""', '"",,', "", ",,\r"])
def test_engines_judge_rows_of_empty_cells_alike(empty: str, run: Command, tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="needs the extra 'bulk': pip install 'hotpatch-kb[bulk]'")
    rows = [f"SRV{number},{NEW},{number}" for number in range(20)]
    for place in (0, 10, len(rows) + 2):
        rows.insert(place, empty)
    rows[5] = f'"SRV4",{NEW},""""""'  # quotes alone are a text
    (tmp_path / "fleet.csv").write_bytes("\n".join(["Host,Build,X", *rows]).encode())
    builtin = run("assess", "fleet.csv", "--on", DAY)
    assert builtin.out.count("SRV") == 20
    assert len(builtin.out.splitlines()) == 21 + (3 if empty.strip() else 0)
    assert run("assess", "fleet.csv", "--on", DAY, "--engine", "duckdb").out == builtin.out


def test_duckdb_says_the_same_of_a_mixed_fleet(run: Command, tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="needs the extra 'bulk': pip install 'hotpatch-kb[bulk]'")
    for name in ("Get-VMHost", "the host's build alone", "systems by name", "systems that say it beside their version"):
        (tmp_path / "fleet.csv").write_text(MIXED[name][0], encoding="utf-8")
        builtin = run("assess", "fleet.csv", "--on", DAY)
        assert run("assess", "fleet.csv", "--on", DAY, "--engine", "duckdb").out == builtin.out
