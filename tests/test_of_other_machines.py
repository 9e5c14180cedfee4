"""What an inventory says of other machines and other things than the one of its row. Families by kind, with verdicts that are written by hand.

26100.33158 is KB5099536, the baseline of July 2026 of Windows Server 2025, and current on 2026-07-24; 26100.32995 alone is ambiguous: it may be of either line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Command

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
