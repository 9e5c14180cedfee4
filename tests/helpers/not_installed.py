"""Inventories whose KBs or builds are not those that the machine has."""

from __future__ import annotations

import json

NEW, OLD = "26100.33158", "26100.32995"

# None of their KBs decides.
NO_KB = {
    "a status of one KB": "host,product,build,kb,status\nA,ws2025,10.0.26100,KB5099536,Missing\n",
    "a state": "PSComputerName,Caption,BuildNumber,HotFixID,State\nA,Microsoft Windows Server 2025 Standard,26100,KB5099536,Failed\n",
    "a status that nobody knows": "host,product,OSVersion,HotFixID,Update status\nA,ws2025,10.0.26100,KB5099536,Superseded?\n",
    "a status in German": "host,product,OSVersion,HotFixID,Status\nA,ws2025,10.0.26100,KB5099536,Fehlt\n",
    "a flag": "host,product,OSVersion,hotfixes,Installed\nA,ws2025,10.0.26100,KB5099536,False\n",
    "a list beside a status": "host,product,OSVersion,kbs,Patch status\nA,ws2025,10.0.26100,KB5099536,Not installed\n",
    "JSON, a list of updates": json.dumps([{"host": "A", "product": "ws2025", "build": "26100", "hotfixes": [{"id": "KB5099536", "status": "Missing"}]}]),
    "JSON, a flag": json.dumps([{"host": "A", "product": "ws2025", "build": "26100", "hotfixes": [{"kb": "5099536", "installed": False}]}]),
    "a report of vulnerabilities": "host,OSVersion,CVE,KB\nA,10.0.26100,CVE-2026-20805,KB5099536\n",
    "a list by its shape": "host,product,build,Fehlende Hotfixes\nA,ws2025,26100,[01]: KB5099536\n",
    "labels": "Host Name: A\nOS Name: Microsoft Windows Server 2025\nOS Version: 10.0.26100\nSecurity updates not present: [01]: KB5099536\nUpdates: [01]: KB5099536\n",
    "two lists": "host,OS Version,Hotfix(es),Hotfix alt\nA,10.0.26100 N/A Build 26100,[01]: KB5012170,[01]: KB5099536\n",
    "a KB of another product": "host,product,build,kbs\nA,Windows 11 24H2,26100,KB5099536\n",
    "a KB of a client": "host,product,build,kbs\nA,ws2025,26100,KB5101650\n",
}  # fmt: skip

# Text, and the verdicts of its rows.
NOT_ITS_BUILD = {
    "part of a machine": (json.dumps([{"host": "s", "windowsUpdateAgent": {"version": f"10.0.{NEW}"}, "os": {"version": "10.0.26100", "name": "Windows Server 2025"}}]), ["unknown"]),
    "WinRE": (json.dumps([{"host": "s", "os": {"version": "10.0.26100", "name": "Windows Server 2025"}, "winre": {"version": f"10.0.{NEW}"}}]), ["unknown"]),
    "the revision of an update": (json.dumps([{"host": "s", "product": "ws2025", "build": "26100", "update": {"ubr": 33158}}]), ["unknown"]),
    "what is fixed": (json.dumps([{"host": "s", "fixed": {"build": NEW}, "installed": {"build": OLD}}]), ["ambiguous"]),
    "names and values": (f"host,name,value\nA,Installed build,{OLD}\nA,Target build,{NEW}\nA,OS build,{NEW}\n", ["invalid"]),  # two builds of one machine
    "properties": (f"host,Property,Value\nA,Golden build,{NEW}\nA,OS build,{OLD}\n", ["ambiguous"]),
    "sensors": (f"device,sensor,lastvalue\nA,OS build,{OLD}\nA,Newest build of Microsoft,{NEW}\n", ["ambiguous", "unknown"]),
    "items": (json.dumps({"result": [{"hosts": [{"host": "s"}], "name": "OS build", "lastvalue": OLD}, {"hosts": [{"host": "s"}], "name": "Latest OS build available", "lastvalue": NEW}]}), ["ambiguous", "unknown"]),
    "a state": (f"host,build,state\nA,{OLD},installed\nA,{NEW},pending reboot\nA,{NEW},failed\n", ["ambiguous", "unknown", "unknown"]),
    "hosts and a remark": (f"srv1: {OLD}\nsrv2: {NEW}\nlatest: {NEW}\n", ["ambiguous", "current", "unknown"]),
    "a JSON of hosts and a remark": (json.dumps({"srv1": OLD, "srv2": NEW, "latest": NEW}), ["ambiguous", "current", "unknown"]),
    "ver and a remark": (f"srv1\nMicrosoft Windows [Version 10.0.{OLD}]\nAvailable: Cumulative Update (OS Build {NEW})\n", ["ambiguous", "unknown"]),
    "Ansible": (f"srv1 | CHANGED | rc=0 >>\nMicrosoft Windows [Version 10.0.{NEW}]\nsrv4 | CHANGED | rc=0 >>\nthe pending build {NEW} was downloaded\n", ["current", "unknown"]),
    "texts of sensors": (f"host,message\nA,Windows 10.0.{OLD}\nB,Windows 10.0.{OLD}\nC,certified for {NEW}\n", ["ambiguous", "ambiguous", "unknown"]),
    "a version that may be of anything": (f"host,OS build,Version\nA,,{NEW}\nB,{NEW},\n", ["unknown", "current"]),
    "Windows PE": (f"host,OS,build\nA,WinPE,{NEW}\nB,Windows Software Development Kit,{NEW}\n", ["unknown", "unknown"]),
    "Azure Local": (
        f"host,product,edition,build\nA,Windows Server 2025 Datacenter,ServerAzureStackHCICor,{NEW}\nB,,Azure Local 24H2,{NEW}\nC,Windows Server 2025,Azure Stack HCI,{NEW}\nD,,406,{NEW}\n", ["unknown"] * 4,
    ),
    "a SKU of Azure Local": (f"name,properties.osSku,properties.osVersion,product\nA,Azure Stack HCI,10.0.{NEW},Windows Server 2025\n", ["unknown"]),
    "a recommendation": (json.dumps([{"hostname": "A", "recommendation": {"build": NEW}}, {"hostname": "B", "build": NEW}]), ["unknown", "current"]),
    "missing updates": (json.dumps([{"hostname": "A", "missing": [{"title": "2026-07 CU", "build": NEW}]}, {"hostname": "B", "build": NEW}]), ["unknown", "current"]),
    "a server that manages it": (json.dumps([{"name": "A", "managementServer": {"osVersion": NEW}}, {"name": "B", "osVersion": NEW}]), ["unknown", "current"]),
    "what is wanted of all": (json.dumps({"latest": {"build": NEW}, "machines": [{"hostname": "A", "build": OLD}]}), ["ambiguous"]),
    "an update beside a version": (f"Computer,Update,Build\nA,2026-07 CU,{NEW}\n", ["unknown"]),
    "a file beside a version": (f"Computer,File name,Version\nA,win32k.sys,10.0.{NEW}\n", ["unknown"]),
    "an image": (f"Image,Version\ninstall.wim,10.0.{NEW}\n", ["unknown"]),
    "a host beside the build number of its guest": (f"VM,OS version,Host OS version\nA,10.0.26100,10.0.{NEW}\n", ["unknown"]),
    "a server beside a build number": (f"host,OS version,Server version\nA,10.0.26100,10.0.{NEW}\n", ["unknown"]),
    "a column of the build that is empty": (f"host,OS build,Windows build full\nA,,{NEW}\n", ["unknown"]),
    "a kind of build": (f"host,Type,OS build\nA,Installed,{OLD}\nA,Target,{NEW}\n", ["ambiguous", "unknown"]),
    "lists with a remark": (f"srv1: {OLD}\nsrv2: {NEW}\nreference image: {NEW}\nKB5099536: {NEW}\n", ["ambiguous", "current", "unknown", "unknown"]),
    "a firmware's revision": ("host,OS Version,KBs,Revision\nA,10.0.26100,KB5099536,7\nB,10.0.26100,,7\n", ["current", "unknown"]),
}  # fmt: skip
