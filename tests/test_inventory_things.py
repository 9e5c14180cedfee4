"""Rows with a build that are of no machine which has it: releases, images, templates, snapshots, programs, another machine. Embedded facts.

26100.33158 is KB5099536 of Windows Server 2025, current on 2026-07-20, and 20348.4171 of Windows Server 2022 is old. Each kind has rows that are not
of a machine, and rows beside them that are: none of the first may be called patched, and the second must be.
"""

from __future__ import annotations

import json

import pytest
from helpers.inventories import judged

NEW, OLD = "26100.33158", "20348.4171"


def _json(*machines: object) -> str:
    return json.dumps(list(machines))


# Columns beside the build of a row, where none names a machine.
NOT_OF_MACHINES = [
    "Date", "Availability date", "KB", "Month", "Release", "Patch Tuesday", "Architecture", "Policy", "Group", "Device group", "Collection", "Environment", "Baseline", "Rule", "Golden image",
    "Template", "Snapshot", "VHD", "AMI", "Pool", "Customer", "Location", "Model", "Task", "Ticket", "Task sequence", "Tenant", "Devices", "Image name", "Branch", "Anzahl Geräte", "Veröffentlicht", "Richtlinie",
    "リリース日", "ポリシー", "发布日期", "策略",
]  # fmt: skip
OF_MACHINES = [
    "Serial number", "Asset tag", "IP address", "Primary user", "User", "UUID", "MAC", "ID", "Device ID", "Last seen", "Last boot", "Installed on", "Seriennummer", "Benutzer", "Numéro de série;Utilisateur".partition(";")[2],
    "資産番号", "ユーザー名", "序列号", "Počítač", "Virtual machine",
]  # fmt: skip

OF_THINGS = {
    # releases
    "the release page": f"Version,OS build,Availability date\n24H2,{NEW},2026-07-14\n",
    "the release page in Japanese": f"リリース日,OS ビルド,KB\n2026-07-14,{NEW},KB5099536\n",
    "the release page in German": f"Veröffentlicht,OS-Build,KB\n2026-07-14,{NEW},KB5099536\n",
    "the release page in Chinese": f"发布日期,操作系统版本,KB\n2026-07-14,10.0.{NEW},KB5099536\n",
    "releases of JSON": json.dumps({"releases": [{"product": "Windows Server 2025", "osBuild": NEW, "date": "2026-07-14"}]}),
    "policies": f"Policy,OS version,Devices\nPilot A,10.0.{NEW},12\n",
    "a policy with an ID and an owner": f"ID,Policy,Owner,OS version\n1,Pilot A,anna,10.0.{NEW}\n",
    "labels of a policy": f"Policy : Pilot A\nOS version : {NEW}\n",
    "labels of a release": f"Release : 2026-07\nOS build : {NEW}\n",
    "names of policies": f"DisplayName,OperatingSystemVersion\nPilot A,10.0.{NEW}\n",
    "counts": f"OS,OS version,Count\nWindows Server 2025,10.0.{NEW},12\n",
    "a policy of Graph": _json({"@odata.type": "#microsoft.graph.windows10CompliancePolicy", "id": "a1", "displayName": "Pilot A", "osVersion": NEW}),
    "months and a word of versions": f"Stand,OS-Build\n2026-07,{NEW}\n",
    "a KB, its build and its day": f"KB,OS build,Released\nKB5099536,{NEW},2026-07-14\n",
    # images
    "Get-WindowsImage": f"ImageIndex : 1\nImageName : Windows Server 2025 Standard\nVersion : 10.0.{NEW}\n",
    "a path of an image": f"ImagePath : C:\\ws2025.wim\nBuild : {NEW}\n",
    "a file": f"Name : ntoskrnl.exe\nVersionInfo : {NEW}\n",
    "files": f"Name,Version\nntoskrnl.exe,10.0.{NEW}\nwin32k.sys,10.0.{NEW}\n",
    "XML of images": f'<Images><Image Name="WS2025"><Build>{NEW}</Build></Image></Images>',
    "docker inspect": _json({"RepoTags": ["example/servercore:ltsc2025"], "OsVersion": f"10.0.{NEW}"}),
    "docker images": _json({"Id": "sha256:0123", "RepoTags": ["example/servercore:ltsc2025"], "Os": "windows", "OsVersion": f"10.0.{NEW}"}),
    "machine images of a cloud": json.dumps({"Images": [{"ImageId": "ami-0123", "Name": "WS2025", "OSVersion": NEW}]}),
    "images of Azure": _json({"type": "Microsoft.Compute/images", "name": "img1", "osVersion": NEW}),
    "a gallery of Azure": _json({"type": "Microsoft.Compute/galleries/images/versions", "name": "img1", "properties": {"osVersion": NEW}}),
    "pools": json.dumps({"nodePools": [{"name": "np1", "osVersion": NEW}]}),
    "boxes": json.dumps({"boxes": [{"name": "box1", "osVersion": NEW}]}),
    "builds": json.dumps({"builds": [{"name": "b1", "osVersion": NEW}]}),
    "templates": json.dumps({"templates": [{"name": "tpl-1", "osVersion": NEW}]}),
    "images by name": json.dumps({"images": {"img1": {"osVersion": NEW}, "img2": {"osVersion": NEW}}}),
    "a table of images": f"ImageName,OSBuild\nws2025-1,{NEW}\n",
    "IDs of images": f"Name,Image ID,OS version\nws2025-1,ami-1,{NEW}\n",
    "task sequences": f"TaskSequence,OSVersion\nTS1,{NEW}\n",
    "boot images": f"Name,OSVersion\nBoot image (x64),{NEW}\n",
    "a golden image": f"Asset,OS Build\nGolden image,{NEW}\n",
    "Windows PE": f"X:\\windows\\system32>ver\n\nMicrosoft Windows [Version 10.0.{NEW}]\n",
    # templates and snapshots
    "RVTools": f'VM,Powerstate,Template,"OS according to the VMware Tools"\nTPL1,poweredOff,True,Microsoft Windows Server 2025 10.0.{NEW}\n',
    "a flag": f"Name,Is template,OS build\nT1,Yes,{NEW}\n",
    "a flag in German": f"Name;Vorlage;OS-Build\nT1;Ja;{NEW}\n",
    "a flag of PowerShell": f"Name : T1\nIsTemplate : True\nOSVersion : {NEW}\n",
    "a flag of YAML": f"name: T1\nis_template: true\nosversion: {NEW}\n",
    "a number as a flag": _json({"name": "T1", "template": 1, "osVersion": NEW}),
    "a type": f"Name,Type,OS build\nT1,Template,{NEW}\n",
    "a type of objects": f"Name,Object type,OS build\nT1,VM template,{NEW}\n",
    "a snapshot": f"Name,Is snapshot,OS build\nT1,true,{NEW}\n",
    "logfmt, a type": f"host=t1 type=template build={NEW}\n",
    "logfmt, a snapshot": f"host=t1 is_snapshot=true build={NEW}\n",
    "a flag with a question": f"VM,Is a template?,OS build\nT1,yes,{NEW}\n",
    "a template of Zabbix": _json({"host": "T1", "templateid": "10001", "osBuild": NEW}),
    "a status": _json({"name": "T1", "status": "template", "osVersion": NEW}),
    "snapshots of a machine": f"VM,Snapshot,OS build\nSRV1,before update,{NEW}\n",
    "restore points": f"VM Name,Restore point,OS Build\nSRV1,rp1,{NEW}\n",
    # another machine
    "a host of Hyper-V": f"Server,Hyper-V Host,Host OS Build\nSRV1,HV1,{NEW}\n",
    "a host of Hyper-V, a name": f"Name,Hyper-V Host,Host OS Build\nSRV1,HV1,{NEW}\n",
    "a virtual machine": f"Virtual machine,Host OS Version\nSRV1,{NEW}\n",
    "a host beside a state": f"Name,State,Host OS Build\nSRV1,Running,{NEW}\n",
    "a host in Japanese": f"Name,ホスト,ホストのビルド\nSRV1,HV1,{NEW}\n",
    "a virtual machine in Japanese": f"仮想マシン,ホストのビルド\nSRV1,{NEW}\n",
    "an object of a host": json.dumps({"SRV1": {"host": {"build": NEW}}, "SRV2": {"host": {"build": OLD}}}),
    "a member of a host": _json({"name": "SRV1", "hostOsVersion": NEW}),
    "logfmt, a host": f"name=srv1 host_build={NEW}\n",
    "a client of a server": f"Server,Client,Client OS build\nSRV1,PC1,{NEW}\n",
    "an object of a client": _json({"server": "SRV1", "client": {"osVersion": NEW}}),
    "a server for backups": f"Server,Backup server,Server OS build\nSRV1,BK1,{NEW}\n",
    "a node of a pod": f"Pod,Node,Node OS version\npod1,n1,{NEW}\n",
    "a pod": json.dumps({"items": [{"kind": "Pod", "metadata": {"name": "p1"}, "status": {"nodeInfo": {"kernelVersion": f"10.0.{NEW}"}}}]}),
    # words below columns of any names
    "words": f"Name,Version\ntarget,{NEW}\nsupported,{NEW}\nWSUS,{NEW}\n",
    "sources": f"Source,Build\nWSUS,{NEW}\nMSRC,{NEW}\n",
    "a word of Format-Table": f"Name      Value\n----      -----\nsupported {NEW}\n",
    "months": f"Name,Build\n2026-07,{NEW}\nQ3-2026,{NEW}\n",
    "rings": f"Name,Build\nRing 1,{NEW}\nring1,{NEW}\n",
    # software
    "programs": f"PSComputerName,DisplayName,Version\nSRV1,Windows Software Development Kit,10.0.{NEW}\n",
    "features of hosts": f"Computer,Name,Version\nSRV1,IIS,10.0.{NEW}\nSRV2,RSAT,10.0.{NEW}\n",
    "a program": f"Computer,Program,Version\nSRV1,IIS,10.0.{NEW}\n",
    "a caption": f"PSComputerName,Caption,Version\nSRV1,Windows Defender,10.0.{NEW}\n",
    "drivers": f"DeviceName,Version,DriverDate\nDev1,10.0.{NEW},2026-07-01\n",
    "services of hosts": f"Host,Service,Version\nSRV1,wuauserv,10.0.{NEW}\n",
    "a part of Windows": f"Host,Product,Version\nSRV1,Windows Defender,10.0.{NEW}\n",
    "features": f"Name,State,Version\nIIS-WebServer,Enabled,10.0.{NEW}\n",
    "services": f"Name,DisplayName,Version\nwuauserv,Windows Update,10.0.{NEW}\n",
    # what was
    "osquery, what is gone": _json({"hostIdentifier": "SRV1", "columns": {"version": f"10.0.{NEW}"}, "action": "removed"}),
    "a history": _json({"host": "SRV1", "builds": [{"date": "2026-06", "build": NEW}, {"date": "2026-07", "build": "26100.4061"}]}),
    "versions": _json({"host": "SRV1", "versions": [{"build": NEW}, {"build": "26100.4061"}]}),
    "a history below a host": json.dumps({"SRV1": [{"build": NEW}, {"build": "26100.4061"}]}),
    "a range of Prometheus": json.dumps(
        {"data": {"resultType": "matrix", "result": [{"metric": {"instance": "SRV1", "build": build}, "values": [[1, "1"]]} for build in (NEW, "26100.4061")]}}
    ),
}  # fmt: skip

MACHINES = {
    "a build": f"build\n{NEW}\n",
    "a build of the system": f"OS Build\n{NEW}\n",
    "a product": f"product,build\nws2025,{NEW}\n",
    "a product of the system": f"Product,OS Build\nWindows Server 2025,{NEW}\n",
    "a line": f"product,build,line\nws2025,{NEW},hotpatch\n",
    "KBs": "product,build,kbs\nws2025,26100,KB5099536\n",
    "an edition": f"edition,build\nDatacenter,{NEW}\n",
    "labels of one machine": "OsName : Microsoft Windows Server 2025 Standard\nOsVersion : 10.0.26100\nWindowsUBR : 33158\n",
    "a serial number and a place": f"Serial number,OS build,Location\nABC123,{NEW},Berlin\n",
    "Active Directory": f"Name,OperatingSystemVersion\nMAIL,10.0 (26100.33158)\nPARIS,10.0 ({NEW})\nparis,10.0 ({NEW})\n",
    "names in capital letters": f"Name,Version\nMAIL,{NEW}\nPARIS,{NEW}\nSRV-PARIS,{NEW}\nweb01,{NEW}\n",
    "words below Host": f"Host,Version\nparis,{NEW}\nsupported,{NEW}\n",
    "an image and an instance": f"Name,Instance ID,Image ID,OS version\nweb-1,i-1,ami-1,{NEW}\n",
    "a host with an image": f"Host,Image,OS build\nSRV1,ws2025-gold,{NEW}\n",
    "no template": f"VM,Powerstate,Template,OS build\nV1,poweredOn,False,{NEW}\nV2,poweredOn,,{NEW}\n",
    "what it was made from": f"Name,Template,OS build\nV1,ws2025-gold,{NEW}\n",
    "snapshots counted": f"Host,Snapshots,OS build\nSRV1,2,{NEW}\n",
    "no snapshot": f"VM,Snapshot,OS build\nSRV1,,{NEW}\nSRV2,No,{NEW}\n",
    "a type of machines": f"Name,Type,OS build\nS1,Server,{NEW}\nS2,Virtual Machine,{NEW}\n",
    "a type of Azure": _json({"type": "Microsoft.Compute/virtualMachines", "name": "vm1", "osVersion": NEW}),
    "its own host": f"Host,Host OS Build\nSRV1,{NEW}\n",
    "its own server": f"Server,Server OS build\nSRV1,{NEW}\n",
    "a server by its name": f"Computer,Windows Server build\nSRV1,{NEW}\n",
    "its own client": f"Client,Client OS build\nPC1,{NEW}\n",
    "its own node": f"Node,Node OS version\nn1,{NEW}\n",
    "a caption of Windows": f"Computer,Caption,Version\nSRV1,Microsoft Windows Server 2025 Standard,10.0.{NEW}\n",
    "a second name": f"Name,DisplayName,Version\nSRV1,SRV1.corp.example,10.0.{NEW}\n",
    "a name of osquery": f"hostname,name,version\nSRV1,Microsoft Windows Server 2025 Datacenter,10.0.{NEW}\n",
    "states of hosts": f"Name,State,Version\nSRV1,Running,10.0.{NEW}\n",
    "osquery, what is there": _json({"hostIdentifier": "SRV1", "columns": {"version": f"10.0.{NEW}"}, "action": "added"}),
    "one build in a list": json.dumps({"host": "SRV1", "builds": [{"build": NEW}]}),
    "nodes in a pool": json.dumps({"pools": [{"name": "p1", "nodes": [{"hostname": "n1", "osVersion": NEW}, {"hostname": "n2", "osVersion": NEW}]}]}),
    "an item of Zabbix": _json({"host": "SRV1", "hostid": "1", "templateid": "0", "osBuild": NEW}),
    "os_version of osquery": _json({"name": "Microsoft Windows Server 2025 Standard", "version": f"10.0.{NEW}", "build": "26100", "platform": "windows", "install_date": "1"}),
    "the registry": "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\n    CurrentBuild    REG_SZ    26100\n    UBR    REG_DWORD    0x8186\n    InstallationType    REG_SZ    Server\n",
    "the settings of a machine": f"Edition : Windows Server 2025 Standard\nVersion : 24H2\nOS build : {NEW}\n",
    "a device by its ID": f"DisplayName,OperatingSystemVersion,DeviceId\nLAP1,10.0.{NEW},a1\n",
    "an owner": _json({"build": NEW, "owner": {"team": 1}, "note": "x"}),
    "devices of Entra": f"displayName,operatingSystem,operatingSystemVersion\nLAP1,Windows,10.0.{NEW}\n",
    "a product that nobody knows": f"Host,Product,Version\nSRV1,Betriebssystem X,10.0.{NEW}\n",
    "ver": f"C:\\Users\\a>ver\n\nMicrosoft Windows [Version 10.0.{NEW}]\n",
    "columns that agree": "Host,OSVersion,Build,UBR\nSRV1,10.0.26100,26100,33158\n",
    "numbers of systems with the same files": "Host,OSVersion,Build,UBR\nSRV1,10.0.26100,26200,8894\n",
}  # fmt: skip


@pytest.mark.parametrize("column", NOT_OF_MACHINES)
def test_a_row_without_a_machine_is_not_patched(column: str) -> None:
    for build in ("OS build", "Build"):
        text = f"{column},{build}\nthing 1,{NEW}\nthing 2,{OLD}\n"
        assert [machine.verdict for machine in judged(text)] == ["unknown", "behind"], build


@pytest.mark.parametrize("column", OF_MACHINES)
def test_a_row_with_a_member_of_a_machine_is_judged(column: str) -> None:
    assert [machine.verdict for machine in judged(f"{column},OS build,Location\n4711,{NEW},Berlin\n4712,{OLD},Paris\n")] == [
        "current",
        "behind",
    ]


@pytest.mark.parametrize("case", OF_THINGS)
def test_what_is_no_machine_is_not_patched(case: str) -> None:
    machines = judged(OF_THINGS[case])
    assert machines
    assert {machine.verdict for machine in machines if machine.kb in {None, "", "KB5099536"}} <= {"unknown", "behind"}
    assert machines[0].verdict == "unknown"
    assert "the inventory does not say that the machine has it" in machines[0].reason


@pytest.mark.parametrize("case", MACHINES)
def test_machines_beside_them_are_judged(case: str) -> None:
    assert {machine.verdict for machine in judged(MACHINES[case])} == {"current"}


def test_two_columns_with_numbers_of_different_systems_are_invalid() -> None:
    (machine,) = judged("Host,OSVersion,Build,UBR\nSRV1,10.0.20348,26100,33158\n")
    assert (machine.verdict, machine.reason) == ("invalid", "expected one build, got 26100, 20348")


def test_what_was_removed_is_not_older_either() -> None:
    """A doubt keeps a machine from being patched, and an older build keeps its verdict."""
    assert [machine.verdict for machine in judged(f"Name,Is template,OS build\nT1,Yes,{OLD}\nT2,Yes,{NEW}\n")] == ["behind", "unknown"]
