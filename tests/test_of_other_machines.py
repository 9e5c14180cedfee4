"""What an inventory says of other machines and other things than the one of its row. Families by kind, with verdicts that are written by hand.

26100.33158 is KB5099536, the baseline of July 2026 of Windows Server 2025, and current on 2026-07-24; 26100.32995 alone is ambiguous: it may be of either line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Command

from hotpatch_kb.db.fleet.inventory import read
from hotpatch_kb.db.fleet.inventory.vocabulary import is_of_machine

DAY = "2026-07-24"
NEW, OLD = "10.0.26100.33158", "10.0.26100.32995"


def _verdicts(run: Command, tmp_path: Path, content: Any) -> list[str]:
    (tmp_path / "fleet").write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    done = run("assess", "fleet", "--on", DAY, "--format", "jsonl")
    assert done.code == 0, done.err
    return [json.loads(line)["verdict"] for line in done.out.split("\n") if line]


# Members of a machine that are of something else, whatever they are called.
OTHERS = [
    "server", "host", "managementServer", "domainController", "hypervisorHost", "vmHost", "parent", "source", "distributionPoint", "rule", "check", "config", "assigned", "snapshot", "last", "defender", "user",
    "alert", "event", "upgrade", "queue", "todo", "rollout", "ring", "peer", "neighbor", "owner", "manager", "jumpHost", "broker", "console", "sensor", "appliance", "policy", "group", "wave", "twin", "clone",
    "firstSeen", "vendor", "bestPractice", "rack",
]  # fmt: skip


def test_a_member_that_may_be_of_another_machine_makes_none_patched(run: Command, tmp_path: Path) -> None:
    """Its own build counts beside it, and an older one keeps its verdict where nothing else states a build."""
    alone = [{"hostname": "a", other: {"osVersion": NEW}} for other in OTHERS]
    named = [{"name": "a", other: {"name": "b-1", "osVersion": NEW}} for other in OTHERS]
    beside = [{"hostname": "a", "osVersion": OLD, other: {"name": "b-1", "osVersion": NEW}} for other in OTHERS]
    older = [{"hostname": "a", "line": "standard", "rule": {"osVersion": "10.0.26100.32690"}}]
    verdicts = _verdicts(run, tmp_path, [*alone, *named, *beside, *older])
    assert verdicts == ["unknown"] * (2 * len(OTHERS)) + ["ambiguous"] * len(OTHERS) + ["behind"]


# Objects that are of the machine: what the tools of docs/fleet.md and others put around its facts.
ITS_OWN: list[dict[str, Any]] = [
    {"hostname": "a", "os": {"version": NEW}}, {"hostname": "a", "operatingSystem": {"version": NEW}}, {"name": "a", "properties": {"extended": {"instanceView": {"osVersion": NEW}}}},
    {"host": {"name": "a", "os": {"kernel": NEW}}}, {"agent": {"name": "a"}, "os": {"version": NEW}}, {"_source": {"agent": {"hostname": "a"}, "host": {"hostname": "a", "os": {"kernel": NEW}}}},
    {"agent": {"name": "a", "os": {"version": NEW}}}, {"hostname": "a", "ansible_facts": {"ansible_kernel": NEW}}, {"hostname": "a", "registry": {"CurrentBuild": "26100", "UBR": "33158"}},
    {"hostname": "a", "Win32_OperatingSystem": {"Version": "10.0.26100"}, "CurrentVersion": {"CurrentBuild": "26100", "UBR": 33158}}, {"profile": {"displayName": "a", "osVersion": NEW}},
    {"metric": {"instance": "a", "version": NEW}, "value": [1, "1"]}, {"assetBasicInfo": {"name": "a"}, "operatingSystem": {"version": NEW}}, {"hostname": "a", "status": {"nodeInfo": {"kernelVersion": NEW}}},
    {"hostname": "a", "content": {"operatingsystem": {"kernel_version": NEW}}}, {"hostname": "a", "customFields": {"os_build": NEW}}, {"hostname": "a", "lastInventory": {"os": {"version": NEW}}},
    {"event": {"hostname": "a", "osVersion": NEW}}, {"hostname": "a", "guest": {"os": {"version": NEW}}}, {"name": "p", "hostIdentifier": "a", "snapshot": [{"name": "Microsoft Windows Server 2025 Standard", "version": NEW}]},
]  # fmt: skip


@pytest.mark.parametrize("machine", ITS_OWN, ids="-".join)
def test_objects_of_the_machine_itself(machine: dict[str, Any], run: Command, tmp_path: Path) -> None:
    assert _verdicts(run, tmp_path, [machine]) == ["current"]


def test_words_of_objects() -> None:
    assert [name for name in ("osProfile", "facts", "Betriebssystem", "system_info", "operatingSystem") if not is_of_machine(name)] == []
    assert [name for name in ("wsus", "last", "printServer", "detectedApps", "vms") if is_of_machine(name)] == []


INSIDE = {
    "virtual machines by name": ([{"host": "hv1", "osVersion": NEW, "vms": [{"name": "vm1", "osVersion": OLD}, {"name": "vm2", "osVersion": NEW}]}], ["current", "ambiguous", "current"]),
    "a host that is called name": ({"name": "hv1", "osVersion": NEW, "virtualMachines": [{"name": "vm1", "osVersion": OLD}, {"name": "vm2"}]}, ["current", "ambiguous", "unknown"]),
    "an object of the system in each": ([{"hostname": "hv1", "os": {"build": OLD}, "guests": [{"name": "vm1", "os": {"build": NEW}}]}], ["ambiguous", "current"]),
    "a name of the system in each": ([{"ComputerName": "hv1", "OSBuild": NEW, "VMs": [{"Name": "vm1", "OperatingSystem": "Windows Server 2025", "Version": OLD}]}], ["current", "ambiguous"]),
    "guests by name": ([{"host": "hv1", "osVersion": NEW, "guests": {"vm1": {"osVersion": OLD}, "vm2": {"osVersion": NEW}}}], ["current", "ambiguous", "current"]),
    "a host without a build": ([{"host": "hv1", "vms": [{"name": "vm1", "osVersion": OLD}, {"name": "vm2", "osVersion": NEW}]}], ["ambiguous", "current"]),
    "versions of virtual machines": ([{"host": "hv1", "osVersion": NEW, "vms": [{"VMName": "vm1", "Version": "12.0", "State": "Running"}]}], ["current"]),
    "detected apps of Graph": ([{"deviceName": "pc1", "osVersion": NEW, "detectedApps": [{"displayName": "Windows Server 2012 R2 tools", "version": OLD}]}], ["current"]),
    "apps of a machine without a build": ([{"deviceName": "a", "osVersion": OLD}, {"deviceName": "b", "detectedApps": [{"displayName": "Windows SDK", "version": NEW}]}], ["ambiguous", "unknown"]),
    "apps by name": ([{"hostname": "a", "osVersion": OLD}, {"hostname": "b", "apps": [{"name": "A", "version": NEW}, {"name": "B", "version": "1.2"}]}], ["ambiguous", "unknown"]),
    "files": ([{"hostname": "a", "osVersion": OLD}, {"hostname": "b", "files": [{"name": "ntoskrnl.exe", "version": NEW}]}], ["ambiguous", "unknown"]),
    "software that is no system": ([{"hostname": "a", "osVersion": OLD, "software": [{"name": "Azure Stack HCI", "version": "1"}]}], ["ambiguous"]),
    "where it came from": ("host,build,Migrated from\na,26100.32995,Windows Server 2012 R2\n", ["ambiguous"]),
    "what it runs on": ("host,build,Hypervisor\na,26100.32995,Azure Local\n", ["ambiguous"]),
    "a remark": ([{"hostname": "a", "osVersion": OLD, "notes": "was Windows Server 2012 R2 until 2024"}], ["ambiguous"]),
    "snapshots": ([{"host": "a", "osVersion": OLD, "snapshots": [{"name": "before-1", "osVersion": NEW}]}], ["ambiguous"]),
    "checkpoints": ([{"host": "a", "checkpoints": [{"name": "x1", "osVersion": NEW}]}, {"host": "b", "osVersion": OLD}], ["unknown", "ambiguous"]),
    "a history": ([{"host": "a", "osVersion": OLD, "upgradeHistory": [{"name": "x1", "osVersion": NEW}]}], ["ambiguous"]),
    "items of Zabbix": ({"result": [{"host": "a", "items": [{"name": "Operating system", "lastvalue": f"Windows Server 2025 {NEW}"}]}]}, ["current"]),
}  # fmt: skip


@pytest.mark.parametrize("name", INSIDE)
def test_what_is_inside_a_machine(name: str, run: Command, tmp_path: Path) -> None:
    content, expected = INSIDE[name]
    assert _verdicts(run, tmp_path, content) == expected


# Tables in which a column that is only called a build is of an update, a plan, a file or a product, each with a row.
OF_THINGS = {
    "KB,Build,Computer": "KB5099536,{},srv1", "HotFixID,Build,Host": "KB5099536,{},srv1", "Computer,KB,Build": "srv1,KB5099536,{}", "KB,Version,Server": "KB5099536,{},srv1", "KB number,Build,Computer": "KB5099536,{},srv1",
    "Ring,Build": "Pilot,{}", "Build,Ring": "{},Pilot", "Channel,Build": "Fast,{}", "Wave,Version": "1,{}", "Policy,Build": "Server baseline,{}", "Deployment group,Build": "Servers,{}", "Month,Build": "2026-07,{}",
    "Release,Build": "2026-07 B,{}", "Monat;Build": "Juli;{}", "Gruppe;Version": "A;{}", "Anneau;Build": "Pilote;{}", "リング,Build": "先行,{}", "グループ,バージョン": "先行,{}", "Title,Build": "2026-07 Cumulative Update for Windows Server 2025,{}",
    "Image,Build": "golden,{}", "Software,Version": "Windows SDK,{}", "DisplayName,Version": "Windows SDK,{}", "Computer,Path,Version": "srv1,C:\\Windows\\x.exe,{}", "Computer,Role,Version": "srv1,Hyper-V,{}",
    "Computer,Missing update,Build": "srv1,KB5099536,{}", "Computer,Available update,Version": "srv1,KB5099536,{}", "Computer,Advisory,Fixed in,Build": "srv1,CVE-1,,{}", "Asset,Vulnerability,Version": "srv1,KB5099536 missing,{}",
    "File,Build": "ntoskrnl.exe,{}", "Patch,Build": "KB5099536,{}",
}  # fmt: skip
OF_MACHINES = {
    "Computer,Build,KB": "srv1,{},KB5099536", "Build": "{}", "Product,Build": "Windows Server 2025,{}", "Rechner;Build": "SRV1;{}", "Gruppe;Rechner;Build": "A;SRV1;{}", "Gerätename;Version": "SRV1;{}", "Nom;Version": "SRV1;{}",
    "Asset Tag,Location,Build": "A-1,Berlin Mitte,{}", "IP,Build": "10.1.1.1,{}", "コンピューター名,バージョン": "SRV1,{}", "Computer,Group,Build": "SRV1,Servers,{}", "Computer,Update status,Build": "SRV1,Up to date,{}",
    "Computer,Last update,Build": "SRV1,2026-07-15,{}", "Computer,Agent version,Build": "SRV1,1.2,{}", "Computer,Install date,Build": "SRV1,2025-01-01,{}", "Group,Host,Build": "g,SRV1,{}", "Hostname,Release,Build": "SRV1,24H2,{}",
    "Hostname,Channel,Build": "SRV1,GA,{}", "Key,Label,OS,Version,Status": "I-1,srv1,Windows Server 2025,{},In Use", "Asset Name,Asset Tag,Model,Status,Build": "srv1,1,DL380 Gen10,Deployed,{}",
}  # fmt: skip


@pytest.mark.parametrize(
    ("header", "row", "verdict"), [(*pair, "unknown") for pair in OF_THINGS.items()] + [(*pair, "current") for pair in OF_MACHINES.items()]
)
def test_what_a_column_called_build_is_of(header: str, row: str, verdict: str, run: Command, tmp_path: Path) -> None:
    assert _verdicts(run, tmp_path, f"{header}\n{row.format(NEW)}\n") == [verdict]


@pytest.mark.parametrize(
    ("updates", "verdicts"),
    [
        (["Build 26100.33158", "Build 26100.32995"], ["current", "ambiguous"]), (["26100.33158", ""], ["current", "unknown"]),
        (["KB5099536 (26100.33158)"], ["invalid"]), (["26100.33158 available"], ["invalid"]), (["Build 26100.33158", "Build 26100.33158 pending"], ["invalid", "invalid"]),
    ],
)  # fmt: skip
def test_the_build_of_qualys_is_in_its_column_of_the_update(updates: list[str], verdicts: list[str], run: Command, tmp_path: Path) -> None:
    """The version is 24H2; any other text in the column may be of an update that is offered."""
    rows = "".join(f"srv1,Microsoft Windows Server 2025,24H2,{update}\n" for update in updates)
    assert _verdicts(run, tmp_path, f"Asset Name,OS Name,OS Version,OS Update\n{rows}") == verdicts


def _registry(key: str, revision: int) -> str:
    return f"{key}\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\n    CurrentBuild    REG_SZ    26100\n    UBR    REG_DWORD    {revision:#x}\n\n"


FIRST, SECOND = (_registry("HKEY_LOCAL_MACHINE", revision) for revision in (33158, 32995))
OF_SEVERAL = {
    "keys of two hosts": (_registry(r"\\a\HKEY_LOCAL_MACHINE", 33158) + _registry(r"\\b\HKEY_LOCAL_MACHINE", 32995), ["a", "b"]),
    "a line above each": (f"a\n{FIRST}b\n{SECOND}", ["a", "b"]),
    "a marked line above each": (f"=== a ===\n{FIRST}=== b ===\n{SECOND}", ["a", "b"]),
    "PsExec": (f"\\\\a:\n{FIRST}\\\\b:\n{SECOND}", ["a", "b"]),
    "labels": (f"Computer: a\n{FIRST}Computer: b\n{SECOND}", ["a", "b"]),
    "commands": (f'C:\\>reg query "\\\\a\\HKLM\\SOFTWARE"\n\n{FIRST}C:\\>reg query \\\\b\\HKLM\\SOFTWARE\n\n{SECOND}', ["a", "b"]),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_SEVERAL)
def test_a_registry_of_several_hosts(name: str, run: Command, tmp_path: Path) -> None:
    text, hosts = OF_SEVERAL[name]
    assert _verdicts(run, tmp_path, text) == ["current", "ambiguous"]
    with (tmp_path / "fleet").open("rb") as stream:
        assert [row.machine["host"] for row in read(stream)] == hosts


def test_a_host_whose_registry_could_not_be_read_is_a_machine(run: Command, tmp_path: Path) -> None:
    text = f"a\n{FIRST}b\nERROR: The network path was not found.\n\nc\n{SECOND}"
    assert _verdicts(run, tmp_path, text) == ["current", "unknown", "ambiguous"]


DISM = f"Deployment Image Servicing and Management tool\nVersion: {NEW}\n\nDetails for image : D:\\install.wim\n\n"


def test_the_version_of_the_program_that_prints_is_not_the_machines(run: Command, tmp_path: Path) -> None:
    of_image = "Index : 2\nName : Windows Server 2025 SERVERSTANDARD\nSize : 19,034,333,333 bytes\nVersion : 10.0.26100\nServicePack Build : 33158\nEdition : ServerStandard\n"
    assert _verdicts(run, tmp_path, DISM + of_image) == ["unknown"]
    (tmp_path / "fleet").write_text(
        DISM + "Index : 1\nName : Windows Server 2025 Standard\nSize : 19 bytes\n\nThe operation completed successfully.\n"
    )
    assert run("assess", "fleet", "--on", DAY).code == 2
    assert _verdicts(run, tmp_path, f"srv1 of the web farm\nHost: srv1\nDomain: x\nVersion: {NEW}\n") == ["current"]


@pytest.mark.parametrize("first", ["", "5.15.0-91", "24H2"])
def test_a_column_that_the_first_rows_leave_empty(first: str, run: Command, tmp_path: Path) -> None:
    """More rows than those whose values are looked at."""
    verdicts = _verdicts(run, tmp_path, "Computer,Betriebssystem-Build\n" + f"pc,{first}\n" * 300 + f"srv1,{NEW}\nsrv2,{NEW} (pending)\n")
    assert verdicts == ["invalid" if first else "unknown"] * 300 + ["current", "unknown"]
