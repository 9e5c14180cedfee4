"""Inventories as tools print and export them. Families by kind, each with verdicts that are written by hand. Embedded facts, on 2026-07-20.

KB5099540 is 20348.5386 of Windows Server 2022, KB5099536 is 26100.33158 of Windows Server 2025, KB5101650 is 26100.8875 of Windows 11 24H2: the
baselines of July 2026. KB5082142 is 20348.5020, the baseline of April. The shapes follow public documents (docs/fleet.md names them).
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Command

from hotpatch_kb.db.fleet.inventory import read

DAY = "2026-07-20"
S22, S25, C24 = ("current", "KB5099540"), ("current", "KB5099536"), ("current", "KB5101650")
NO = ("unknown", None)
Expected = list[tuple[str, tuple[str, str | None]]]


def _sysinfo(host: str, name: str, version: str, list_of_kbs: str, labels: tuple[str, str, str, str], width: int) -> str:
    """Return what systeminfo prints, with four labels in a language and padded values."""
    kbs = "".join(f"\r\n{'':{width}}[{number:02}]: KB{kb}" for number, kb in enumerate((5054693, *map(int, list_of_kbs.split())), 1))
    host_label, name_label, version_label, kbs_label = (f"{label}:".ljust(width) for label in labels)
    return (
        f"\r\n{host_label}{host}\r\n{name_label}{name}\r\n{version_label}{version}\r\n{'BIOS Version:':{width}}VMware, Inc. VMW71.00V.21100432.B64, 1/11/2023\r\n"
        f"{'Virtual Memory: Max Size:':{width}}4,863 MB\r\n{'Virtual Memory: In Use:':{width}}1,662 MB\r\n"
        f"{kbs_label}2{kbs}\r\n{'Network Card(s):':{width}}1 NIC(s)\r\n{'':{width}}[01]: vmxnet3\r\n{'':{width}}      [01]: 10.0.0.5\r\n"
    )


ENGLISH = ("Host Name", "OS Name", "OS Version", "Hotfix(s)")
EN_22 = _sysinfo("SRV1", "Microsoft Windows Server 2022 Standard", "10.0.20348 N/A Build 20348", "5099540", ENGLISH, 27)
EN_APRIL = _sysinfo("SRV2", "Microsoft Windows Server 2022 Standard", "10.0.20348 N/A Build 20348", "5082142", ENGLISH, 27)

SYSTEMINFO: dict[str, tuple[bytes, Expected]] = {
    "English": (EN_22.encode("cp850"), [("SRV1", S22)]),
    "two machines": ((EN_22 + EN_APRIL).encode(), [("SRV1", S22), ("SRV2", ("behind", "KB5082142"))]),
    "German, redirected by cmd.exe": (
        _sysinfo("SRV1", "Microsoft Windows Server 2025 Standard", "10.0.26100 Nicht zutreffend Build 26100", "5099536",
                 ("Hostname", "Betriebssystemname", "Betriebssystemversion", "Hotfix(es)"), 47).encode("cp850"), [("SRV1", S25)],
    ),
    "French, redirected by PowerShell 5.1": (
        _sysinfo("PC1", "Microsoft Windows 11 Entreprise", "10.0.26100 N/A build 26100", "5101650",
                 ("Nom de l'hôte", "Nom du système d'exploitation", "Version du système", "Correctif(s)"), 44).encode("utf-16"), [("PC1", C24)],
    ),
    "Spanish": (
        _sysinfo("SRV1", "Microsoft Windows Server 2022 Standard", "10.0.20348 N/D Compilación 20348", "5099540",
                 ("Nombre de host", "Nombre del sistema operativo", "Versión del sistema operativo", "Revisión(es)"), 43).encode("cp850"), [("SRV1", S22)],
    ),
    "Japanese": (
        _sysinfo("SRV1", "Microsoft Windows Server 2022 Datacenter", "10.0.20348 N/A ビルド 20348", "5099540",
                 ("ホスト名", "OS 名", "OS バージョン", "ホットフィックス"), 24).encode("cp932"), [("SRV1", S22)],
    ),
    "Russian": (
        _sysinfo("SRV1", "Майкрософт Windows Server 2022 Standard", "10.0.20348 Н/Д построение 20348", "5099540",
                 ("Имя узла", "Название ОС", "Версия ОС", "Исправление(я)"), 34).encode("cp866"), [("SRV1", S22)],
    ),
    "Chinese": (
        _sysinfo("PC1", "Microsoft Windows 11 企业版", "10.0.26100 暂缺 Build 26100", "5101650",
                 ("主机名", "OS 名称", "OS 版本", "修补程序"), 18).encode("gb18030"), [("PC1", C24)],
    ),
    "CSV in English": (
        (b'"Host Name","OS Name","OS Version","Hotfix(s)"\r\n"SRV1","Microsoft Windows Server 2022 Standard","10.0.20348 N/A Build 20348",'
        b'"2 Hotfix(s) Installed.,[01]: KB5054693,[02]: KB5099540"\r\n'), [("SRV1", S22)],
    ),
    "CSV in German": (
        (b'"Hostname","Betriebssystemname","Betriebssystemversion","Hotfix(es)"\r\n"SRV1","Microsoft Windows Server 2025 Standard",'
        b'"10.0.26100 Nicht zutreffend Build 26100","2 Hotfix(e) installiert.,[01]: KB5054979,[02]: KB5099536"\r\n'), [("SRV1", S25)],
    ),
    "CSV in Japanese": (
        '"ホスト名","OS 名","OS バージョン","ホットフィックス"\r\n"SRV1","Microsoft Windows Server 2022 Standard","10.0.20348 N/A ビルド 20348",'
        '"2 ホットフィックスがインストールされています。,[01]: KB5054693,[02]: KB5099540"\r\n'.encode("cp932"), [("", S22)],
    ),
    "no KB that says the build": (
        _sysinfo("SRV1", "Microsoft Windows Server 2022 Standard", "10.0.20348 N/A Build 20348", "5012170", ENGLISH, 27).encode(), [("SRV1", NO)],
    ),
}  # fmt: skip

KEY = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
QUERY = (
    "\r\n{key}\r\n    BuildLabEx    REG_SZ    20348.1.amd64fre.fe_release.210507-1500\r\n    CurrentVersion    REG_SZ    6.3\r\n    CurrentBuild    REG_SZ    {number}\r\n"
    "    EditionID    REG_SZ    ServerStandard\r\n    ProductName    REG_SZ    {name}\r\n    UBR    REG_DWORD    {revision}\r\n\r\n"
)
FILE_22 = (
    'Windows Registry Editor Version 5.00\r\n\r\n[{key}]\r\n"SystemRoot"="C:\\\\Windows"\r\n"BuildLabEx"="20348.1.amd64fre.fe_release.210507-1500"\r\n'
    '"CurrentBuild"="20348"\r\n"CurrentVersion"="6.3"\r\n"DigitalProductId"=hex:a4,00,\\\r\n  00,01\r\n"ProductName"="Windows Server 2022 \\"Standard\\""\r\n'
    '"UBR"=dword:0000150a\r\n\r\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ComputerName]\r\n"ComputerName"="SRV1"\r\n'
).replace("{key}", KEY)

REGISTRY: dict[str, tuple[bytes, Expected]] = {
    "reg query": (QUERY.format(key=KEY, number=20348, name="Windows Server 2022 Standard", revision="0x150a").encode(), [("", S22)]),
    "reg query of two machines": (
        (QUERY.format(key=KEY, number=20348, name="Windows Server 2022 Standard", revision="0x150a")
         + QUERY.format(key=KEY, number=26100, name="Windows Server 2025 Standard", revision="0x8186")).encode(), [("", S22), ("", S25)],
    ),
    "reg query of hosts": (
        (QUERY.format(key=KEY.replace("HKEY", "\\\\SRV1\\HKEY"), number=20348, name="Windows Server 2022 Standard", revision="0x150a")
         + QUERY.format(key=KEY.replace("HKEY", "\\\\SRV2\\HKEY"), number=26100, name="Windows Server 2025 Standard", revision="0x8186")).encode(),
        [("SRV1", S22), ("SRV2", S25)],
    ),
    "a .reg file": (FILE_22.encode("utf-16"), [("SRV1", S22)]),
    "a .reg file of regedit 4": (FILE_22.replace("Windows Registry Editor Version 5.00", "REGEDIT4").encode("cp1252"), [("SRV1", S22)]),
    "Get-ItemProperty of hosts": (
        (b"\r\n\r\nCurrentBuild   : 20348\r\nUBR            : 5386\r\nProductName    : Windows Server 2022 Standard\r\nPSComputerName : SRV1\r\n\r\n"
        b"CurrentBuild   : 26100\r\nUBR            : 33158\r\nProductName    : Windows Server 2025 Standard\r\nPSComputerName : SRV2\r\n\r\n"),
        [("SRV1", S22), ("SRV2", S25)],
    ),
}  # fmt: skip

INFO = (
    "\r\nWindowsBuildLabEx          : 20348.859.amd64fre.fe_release_svc_prod2.220707-1832\r\nWindowsCurrentVersion      : 6.3\r\n"
    "WindowsEditionId           : ServerStandard\r\nWindowsVersion             : 2009\r\nCsName                     : SRV1\r\n"
    "OsName                     : Microsoft Windows Server 2022 Standard\r\nOsVersion                  : 10.0.20348\r\n"
    "OsBuildNumber              : 20348\r\nOsHardwareAbstractionLayer : 10.0.20348.2849\r\nOsHotFixes                 : {KB5054693,\r\n"
    "                             KB5099540}\r\n"
)
COMMANDS: dict[str, tuple[bytes, Expected]] = {
    "Get-ComputerInfo": (INFO.encode("utf-16"), [("SRV1", S22)]),
    "Format-Table, numbers to the right": (
        (b"\r\nPSComputerName ProductName                  CurrentBuild   UBR\r\n-------------- -----------                  ------------   ---\r\n"
        b"SRV1           Windows Server 2022 Standard 20348         5386\r\nSRV2           Windows Server 2025 Standard 26100        33158\r\n\r\n"),
        [("SRV1", S22), ("SRV2", S25)],
    ),
    "Format-Table, a cell with blanks and an empty one": (
        b"Name Location   OsVersion\n---- --------   ---------\nSRV1 Rack 4 top 10.0.20348.5386\nSRV2            10.0.26100.33158\n", [("SRV1", S22), ("SRV2", S25)],
    ),
    "Format-Table, wide characters": (
        "Name 場所     OsVersion\n---- ----     ---------\nSRV1 東京本社 10.0.20348.5386\nSRV2 大阪     10.0.26100.33158\n".encode(), [("SRV1", S22), ("SRV2", S25)],
    ),
    "az, as a table": (
        (b"Name    OsName                          OsVersion         ResourceGroup\n------  ------------------------------  ----------------  -------------\n"
        b"SRV1    Windows Server 2022 Datacenter  10.0.20348.5386   rg-a\nSRV2    Windows Server 2025 Datacenter  10.0.26100.33158  rg-b\n"),
        [("SRV1", S22), ("SRV2", S25)],
    ),
    "wmic, as a list": (
        "\r\r\n\r\r\nBuildNumber=20348\r\r\nCaption=Microsoft Windows Server 2022 Standard\r\r\nCSName=SRV1\r\r\nVersion=10.0.20348\r\r\n\r\r\n\r\r\n"
        "BuildNumber=26100\r\r\nCaption=Microsoft Windows 11 Pro\r\r\nCSName=PC1\r\r\nVersion=10.0.26100\r\r\n\r\r\n".encode("utf-16"),
        [("SRV1", NO), ("PC1", NO)],
    ),
    "wmic, as CSV": (
        "\r\r\nNode,BuildNumber,Caption,Version\r\r\nSRV1,20348,Microsoft Windows Server 2022 Standard,10.0.20348\r\r\n".encode("utf-16"), [("SRV1", NO)],
    ),
    "wmic, as a table": (
        "BuildNumber  Caption                                 CSName  Version     \r\r\n20348        Microsoft Windows Server 2022 Standard  SRV1    10.0.20348  \r\r\n"
        "26100        Microsoft Windows 11 Pro                PC1     10.0.26100  \r\r\n".encode("utf-16"), [("SRV1", NO), ("PC1", NO)],
    ),
    "systeminfo through findstr": (
        b"OS Name:                   Microsoft Windows Server 2022 Standard\r\nOS Version:                10.0.20348 N/A Build 20348\r\n", [("", NO)],
    ),
    "labels below names in brackets": (b"[SRV1]\nCurrentBuild=20348\nUBR=5386\n[SRV2]\nCurrentBuild=26100\nUBR=33158\n", [("SRV1", S22), ("SRV2", S25)]),
    "labels below names in lines": (
        b"===== SRV1 =====\nCurrentBuild : 20348\nUBR : 5386\n\n===== SRV2 =====\nCurrentBuild : 26100\nUBR : 33158\n", [("SRV1", S22), ("SRV2", S25)],
    ),
    "a table in Markdown": (b"| host | build |\n|------|-------|\n| SRV1 | 20348.5386 |\n| SRV2 | 26100.33158 |\n", [("SRV1", S22), ("SRV2", S25)]),
    "psql": (b" host |    build\n------+-------------\n SRV1 | 20348.5386\n SRV2 | 26100.33158\n", [("SRV1", S22), ("SRV2", S25)]),
    "UBR in hexadecimal, and as a float": (b"host,CurrentBuild,UBR\nSRV1,20348,0x150a\nSRV2,26100,33158.0\n", [("SRV1", S22), ("SRV2", S25)]),
    "ver": (b"\r\nMicrosoft Windows [Version 10.0.20348.5386]\r\n", [("", S22)]),
    "ver, with its prompt": (b"C:\\Users\\adm>ver\r\n\r\nMicrosoft Windows [Version 10.0.20348.5386]\r\n\r\nC:\\Users\\adm>\r\n", [("", S22)]),
    "ver of hosts": (
        "\\\\SRV1:\r\n\r\nMicrosoft Windows [Version 10.0.20348.5386]\r\n\\\\SRV2:\r\n\r\nMicrosoft Windows [Versión 10.0.26100.33158]\r\n".encode(),
        [("SRV1", S22), ("SRV2", S25)],
    ),
    "ver behind a host": (b"SRV1: Microsoft Windows [Version 10.0.20348.5386]\nSRV2: 10.0.26100.33158\n", [("SRV1", S22), ("SRV2", S25)]),
    "winver": ("Microsoft Windows\nVersion 24H2 (OS Build 26100.8875)\n© Microsoft Corporation. All rights reserved.\n".encode(), [("", C24)]),
    "winver in Japanese": ("Microsoft Windows\nバージョン 24H2 (OS ビルド 26100.8875)\n© Microsoft Corporation.\n".encode("cp932", "ignore"), [("", C24)]),
    "Ansible, raw": (
        b"srv1 | CHANGED | rc=0 >>\n\nMicrosoft Windows [Version 10.0.20348.5386]\nsrv2 | CHANGED | rc=0 >>\n\nMicrosoft Windows [Version 10.0.26100.33158]\n",
        [("srv1", S22), ("srv2", S25)],
    ),
    "Ansible, setup": (
        (b'srv1 | SUCCESS => {\n    "ansible_facts": {"ansible_kernel": "10.0.20348.5386", "ansible_os_name": "Microsoft Windows Server 2022 Standard"},\n    "changed": false\n}\n'
        b'srv2 | UNREACHABLE! => {\n    "changed": false,\n    "msg": "timed out",\n    "unreachable": true\n}\n'), [("srv1", S22), ("srv2", NO)],
    ),
}  # fmt: skip

NAME_22 = "Microsoft Windows Server 2022 Standard"
WAZUH = {
    "id": "001",
    "name": "SRV1",
    "version": "Wazuh v4.9.0",
    "os": {"name": NAME_22, "version": "10.0.20348.5386", "build": "20348.5386", "platform": "windows"},
}
SHAPES: dict[str, tuple[Any, Expected]] = {
    "Graph": ({"@odata.count": 2, "value": [{"deviceName": "PC1", "osVersion": "10.0.26100.8875"}, {"deviceName": "PC2", "osVersion": None}]}, [("PC1", C24), ("PC2", NO)]),
    "Graph, batched": (
        {"responses": [{"id": "1", "status": 200, "body": {"value": [{"deviceName": "A", "osVersion": "10.0.26100.8875"}]}},
                       {"id": "2", "status": 200, "body": {"value": [{"deviceName": "B", "osVersion": "10.0.26100.8875"}]}}]}, [("A", C24), ("B", C24)],
    ),
    "Resource Graph": ({"totalRecords": 1, "data": [{"name": "SRV1", "properties": {"osSku": "Windows Server 2025 Datacenter", "osVersion": "10.0.26100.33158"}}]}, [("SRV1", S25)]),
    "Resource Graph, as a table": (
        {"data": {"columns": [{"name": "name", "type": "string"}, {"name": "properties_osVersion", "type": "string"}], "rows": [["SRV1", "10.0.26100.33158"], ["SRV2", "10.0.20348.5386"]]}},
        [("SRV1", S25), ("SRV2", S22)],
    ),
    "Log Analytics": ({"tables": [{"name": "PrimaryResult", "columns": [{"name": "DeviceName"}, {"name": "OSBuild"}], "rows": [["PC1", "26100.8875"]]}]}, [("PC1", C24)]),
    "osquery, a snapshot": ({"snapshot": [{"name": NAME_22, "version": "10.0.20348", "build": "20348", "revision": "5386"}], "name": "os", "hostIdentifier": "SRV1"}, [("SRV1", S22)]),
    "osquery, a result": ({"name": "pack_os", "hostIdentifier": "SRV1", "columns": {"name": NAME_22, "version": "10.0.20348", "build": "20348", "revision": "5386"}}, [("SRV1", S22)]),
    "Ansible, by host": (
        {"srv1": {"ansible_facts": {"ansible_kernel": "10.0.20348.5386", "ansible_os_name": NAME_22}}, "srv2": {"unreachable": True}}, [("srv1", S22), ("srv2", NO)],
    ),
    "Ansible, by hosts that are words": (
        {"web": {"ansible_kernel": "10.0.20348.5386", "ansible_os_name": NAME_22}, "mail": {"ansible_kernel": "10.0.26100.33158", "ansible_os_name": "Microsoft Windows Server 2025 Standard"}},
        [("web", S22), ("mail", S25)],
    ),
    "Ansible, its callback": (
        {"plays": [{"tasks": [{"task": {"name": "setup"}, "hosts": {"srv1": {"ansible_facts": {"ansible_kernel": "10.0.20348.5386"}}, "srv2": {"ansible_facts": {"ansible_kernel": "10.0.26100.33158"}}}}]}],
         "stats": {"srv1": {"ok": 1}}}, [("srv1", S22), ("srv2", S25)],
    ),
    "Wazuh's API": ({"data": {"affected_items": [WAZUH], "total_affected_items": 1}, "error": 0}, [("SRV1", S22)]),
    "Zabbix, inventory": (
        {"jsonrpc": "2.0", "result": [{"host": "SRV1", "inventory": {"os_full": "Windows Server 2022 Standard 21H2 10.0.20348.5386"}}, {"host": "SRV2", "inventory": []}]}, [("SRV1", S22), ("SRV2", NO)],
    ),
    "PRTG": ({"treesize": 2, "sensors": [{"device": "SRV1", "lastvalue": "10.0.20348.5386"}, {"device": "SRV2", "lastvalue": "10.0.26100.33158"}]}, [("SRV1", S22), ("SRV2", S25)]),
    "Elastic": (
        {"hits": {"hits": [{"_id": "1", "_source": {"agent": {"version": "8.1"}, "host": {"name": "SRV1", "os": {"kernel": "10.0.20348.5386 (WinBuild.160101.0800)", "version": "10.0"}}}}]}}, [("SRV1", S22)],
    ),
    "Puppet": ([{"certname": "srv1", "facts": {"os": {"windows": {"product_name": "Windows Server 2022 Standard"}}, "kernelversion": "10.0.20348.5386"}}], [("srv1", S22)]),
    "a machine with a list of its updates": (
        {"host": "a", "os": {"version": "10.0.26100.33158", "name": "Windows Server 2025"}, "updates": [{"kb": "KB1", "build": "26100.1742"}, {"kb": "KB2", "build": "26100.32995"}]}, [("a", S25)],
    ),
    "Azure's patches that an assessment finds missing": (
        {"data": [{"name": "1", "properties": {"patchName": "2026-07 Cumulative Update (KB5099536) (26100.33158)", "kbId": "5099536", "version": "26100.33158"}}]}, [("1", NO)],
    ),
    "NetBox, whose devices may be planned": (
        {"results": [
            {"name": "srv1", "platform": {"name": "Windows Server 2025"}, "custom_fields": {"os_build": "26100.33158"}, "status": {"value": "planned", "label": "Planned"}},
            {"name": "srv2", "platform": {"name": "Windows Server 2025"}, "custom_fields": {"os_build": "26100.33158"}, "status": {"value": "active", "label": "Active"}},
        ]},
        [("srv1", NO), ("srv2", S25)],
    ),
    "a machine in parts": ({"os": {"version": "10.0.26100.33158", "name": "Windows Server 2025"}, "kernel": {"version": "10.0.26100.33158", "name": "NT"}}, [("", S25)]),
    "builds by host": ({"srv1": "10.0.20348.5386", "srv2": "26100.33158"}, [("srv1", S22), ("srv2", S25)]),
    "members in German": ([{"Rechner": "SRV1", "Betriebssystem": "Windows Server 2025 Standard", "Betriebssystemversion": "10.0.26100.33158"}], [("", S25)]),
}  # fmt: skip

CELLS: dict[str, tuple[bytes, Expected]] = {
    "the portal's export": (b'name,properties\nSRV1,"{""osVersion"":""10.0.20348.5386"",""osSku"":""Windows Server 2022 Datacenter""}"\n', [("SRV1", S22)]),
    "JSON in a cell of another name": (b'Server;Details\nSRV1;"{""os"":{""version"":""10.0.20348.5386""}}"\n', [("SRV1", S22)]),
    "Update Manager, its machines": (
        b"NAME,RESOURCE GROUP,OPERATING SYSTEM,HOTPATCH STATUS,OS VERSION\nSRV1,rg,Windows,Enabled,10.0.26100.33158\nSRV2,rg,Windows,Not enrolled,10.0.26100.33158\n", [("SRV1", S25), ("SRV2", S25)],
    ),
    "Update Manager, its patches": (
        (b"name,properties.patchName,properties.installationState,properties.version\nvm1,2026-07 CU,Failed,26100.33158\nvm2,2026-07 CU,Pending,26100.33158\n"
        b"vm3,2026-07 CU,Installed,26100.33158\n"), [("vm1", NO), ("vm2", NO), ("vm3", NO)],
    ),
    "a state of Azure": (b"name,properties.installationState,properties.version\nvm1,Failed,26100.33158\nvm2,Succeeded,26100.33158\n", [("vm1", NO), ("vm2", S25)]),
    "ConnectWise Automate": (
        (b"Computer.Name,Computer.OS,Computer.OS.Version,Computer.Patching.Windows Updates Missing\n"
        b"SRV1,Microsoft Windows Server 2025 Standard x64,10.0.26100.33158,0\n"), [("SRV1", S25)],
    ),
    "Zabbix's texts": (b"Host;Key;Last value\nSRV1;system.sw.os;Windows Server 2022 Standard 21H2 [10.0.20348.5386]\n", [("SRV1", S22)]),
    "PRTG's table": (b'"Device","Sensor","Message"\n"SRV1","OS","Version 10.0.20348.5386"\n"SRV2","OS","Version 10.0.26100.33158"\n', [("SRV1", S22), ("SRV2", S25)]),
    "SKUs of Azure": (
        b"host,sku,build\nSRV1,2022-datacenter-azure-edition-core,20348.5386\nSRV2,2025-datacenter-azure-edition-smalldisk,26100.33158\nPC1,win11-24h2-avd,26100.8875\n",
        [("SRV1", S22), ("SRV2", S25), ("PC1", C24)],
    ),
    "names of MSRC": (
        (b"host;product;build\nSRV1;Microsoft Server operating system-21H2;20348.5386\nSRV2;Microsoft Server operating system-24H2;26100.33158\n"
        b"PC1;Windows 11 Version 24H2 for x64-based Systems;26100.8875\n"), [("SRV1", S22), ("SRV2", S25), ("PC1", C24)],
    ),
    "lookalike letters": ("host,OS,build\nSRV1,Wіndоws Ѕеrvеr 2022,20348.5386\nSRV2,Ｗｉｎｄｏｗｓ Ｓｅｒｖｅｒ ２０２５,２６１００．３３１５８\n".encode(), [("SRV1", S22), ("SRV2", S25)]),
    "columns in Arabic, Thai, Hindi, Greek": (
        "المضيف,إصدار النظام\nSRV1,10.0.20348.5386\n".encode(), [("", S22)],
    ),
    "columns in Thai": ("ชื่อเครื่อง,เวอร์ชันระบบ\nSRV1,10.0.20348.5386\n".encode(), [("", S22)]),
    "columns in Hindi": ("होस्ट,संस्करण\nSRV1,10.0.20348.5386\n".encode(), [("", S22)]),
    "columns in Greek": ("Υπολογιστής,Έκδοση\nSRV1,10.0.20348.5386\n".encode(), [("", S22)]),
}  # fmt: skip

FAMILIES = {"systeminfo": SYSTEMINFO, "registry": REGISTRY, "commands": COMMANDS, "cells": CELLS}


def _check(body: bytes, expected: Expected, run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").write_bytes(body)
    done = run("assess", "fleet", "--on", DAY, "--format", "jsonl")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [(row["verdict"], row["kb"]) for row in rows] == [verdict for _, verdict in expected], (done.err, rows)
    hosts = [row.machine["host"] for row in read(io.BytesIO(body))]
    assert [found if host else "" for (host, _), found in zip(expected, hosts, strict=True)] == [host for host, _ in expected]


@pytest.mark.parametrize(("family", "name"), [(family, name) for family, inputs in FAMILIES.items() for name in inputs])
def test_outputs_of_tools(family: str, name: str, run: Command, tmp_path: Path) -> None:
    _check(*FAMILIES[family][name], run, tmp_path)


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_of_json(name: str, run: Command, tmp_path: Path) -> None:
    value, expected = SHAPES[name]
    _check(json.dumps(value, ensure_ascii=False).encode(), expected, run, tmp_path)
    if not isinstance(value, list):  # the same as lines of JSON, twice
        _check(f"{json.dumps(value)}\n{json.dumps(value)}\n".encode(), expected * 2, run, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "host,Windows updates\nA,2026-07 Cumulative Update for Windows Server 2025 (KB5099536) (26100.33158)\n",
        "host,更新プログラム\nA,2026-07 Windows Server 2025 の累積更新プログラム (KB5099536) (26100.33158)\n",
        "host,システム\nA,2026-07 Windows Server 2025 の累積更新プログラム (KB5099536) (26100.33158)\n",
        "host,Windows Update Agent version\nA,10.0.26100.33158\n",
        "host,WinRE version\nA,10.0.26100.33158\n",
        "FullDomainName,ClientVersion\nA.example.com,10.0.26100.33158\n",  # of the Windows Update Agent, in WSUS
        "host,Version of the image\nA,10.0.26100.33158\n",
        "host,message\nA,upgrade to 26100.33158 failed\n",
        "host,Message\nA,10.0.26100.33158 will be installed tonight\n",
        "host,Kernel driver\nA,10.0.26100.33158\n",
    ],
)
def test_what_is_not_the_system_is_no_build(text: str, run: Command, tmp_path: Path) -> None:
    """Titles of updates, which may be missing, and versions of parts: as builds they would call a machine patched."""
    (tmp_path / "fleet").write_text(text, encoding="utf-8")
    done = run("assess", "fleet", "--on", DAY)
    assert (done.code, done.out, "expected a column that says the build" in done.err) == (2, "", True)
    header, cells = (line.split(",") for line in text.splitlines())
    (tmp_path / "fleet").write_text(
        json.dumps([dict(zip(header, cells, strict=True)), {"host": "B", "build": "20348.5386"}]), encoding="utf-8"
    )
    done = run("assess", "fleet", "--on", DAY, "--format", "jsonl")
    assert [json.loads(line)["verdict"] for line in done.out.splitlines()] == ["unknown", "current"]


def test_installed_kbs_from_a_table_of_get_hotfix(run: Command, tmp_path: Path) -> None:
    """A cell with a blank ("NT AUTHORITY\\SYSTEM") is one cell."""
    (tmp_path / "kbs").write_text(
        "\nSource        Description      HotFixID      InstalledBy          InstalledOn\n------        -----------      --------      -----------          -----------\n"
        "SRV1          Update           KB5054693     NT AUTHORITY\\SYSTEM  3/12/2026 12:00:00 AM\nSRV1          Security Update  KB5099540     NT AUTHORITY\\SYSTEM  7/14/2026 12:00:00 AM\n",
        encoding="utf-16",
    )
    (tmp_path / "fleet").write_text("host,OS,build\nsrv1.corp.example,Windows Server 2022,10.0.20348\n", encoding="utf-8")
    done = run("assess", "fleet", "--on", DAY, "--hotfixes", "kbs", "--format", "jsonl")
    assert [json.loads(line)["kb"] for line in done.out.splitlines()] == ["KB5099540"]
