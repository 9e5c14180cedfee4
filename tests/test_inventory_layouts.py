"""Inventories in other layouts: titles and names that say nothing, columns that are machines, facts by host in other languages. Embedded facts.

Rows and verdicts are written by hand: 26100.33158 is KB5099536, current on 2026-07-20; 26100.32995 is the baseline before it, ambiguous without a line.
"""

from __future__ import annotations

import pytest
from helpers.inventories import judged

from hotpatch_kb.db.model.errors import BadInput

NEW, OLD = "26100.33158", "26100.32995"  # the baselines of July and June 2026 of Windows Server 2025
SERVER = "Windows Server 2025"
B = [("A", "current"), ("B", "ambiguous")]
Machines = list[tuple[str, str]]

READ: dict[str, tuple[str, Machines]] = {
    "a report of textboxes": (f"Textbox12,Textbox13,Textbox14\r\nA,{SERVER} Standard,10.0.{NEW}\r\nB,{SERVER} Standard,10.0.{OLD}\r\n", B),
    "a report of textboxes, its title in a table before": (f"textbox1,textbox2\r\nServers,07/20/2026\r\n\r\nTextbox12,Textbox13,Textbox14\r\nA,{SERVER},{NEW}\r\nB,{SERVER},{OLD}\r\n", B),
    "a report with the names of its tables": (f"Details_Table0_ComputerName,Details_Table0_OSBuild\nA,10.0.{NEW}\nB,10.0.{OLD}\n", B),
    "columns that Excel has named": (f"Column1,Column2\nA,{NEW}\nB,{OLD}\n", B),
    "titles that Excel has filled up": (f"sep=;\r\nBericht;;\r\nStand 20.07.2026;;\r\n;;\r\nHost;Betriebssystem;Build\r\nA;{SERVER};{NEW}\r\nB;{SERVER};{OLD}\r\n", B),
    "titles beside an empty column": (f",,,\n,Fleet report,,\n,,,\n,Host,OS,Build\n,A,{SERVER},{NEW}\n,B,{SERVER},{OLD}\n", B),
    "a title above names of which one is known": (f"Fleet,,\nAsset,System,Win build\nA,{SERVER},{NEW}\nB,{SERVER},{OLD}\n", B),
    "titles in Japanese": (f"サーバー一覧,,\n作成日,2026/07/20,\nサーバー名,OS 名,OS ビルド\nA,{SERVER},{NEW}\nB,{SERVER},{OLD}\n", B),
    "no header, a day and a product before the host": (f"2026-07-20,{SERVER},A,{NEW}\n2026-07-20,{SERVER},B,{OLD}\n", B),
    "columns are machines": (f"Property,A,B\nOS,{SERVER},{SERVER}\nBuild,{NEW},{OLD}\nRAM,32,64\n", B),
    "columns are machines, below a name of hosts": (f"Hostname,web,mail\nOperating System,{SERVER},{SERVER}\nOS Version,10.0.{NEW},10.0.{OLD}\n", [("web", "current"), ("mail", "ambiguous")]),
    "columns are machines, below nothing": (f"|  | A | B |\n|---|---|---|\n| Product | {SERVER} | {SERVER} |\n| OS build | {NEW} | {OLD} |\n", B),
    "columns are machines, of the registry": ("Name;A;B\nCurrentBuild;26100;26100\nUBR;33158;32995\n", B),
    "columns are machines, in Japanese": (f"項目,A,B\nOS 名,{SERVER},{SERVER}\nOS ビルド,{NEW},{OLD}\n", B),
    "columns are machines, of other systems too": (f"Property,SRV1,LNX2\nOS,{SERVER},Ubuntu 24.04\nOS version,10.0.{NEW},5.15.0-101\n", [("SRV1", "current"), ("LNX2", "unknown")]),
    "columns are machines, in HTML": (f"<table><tr><th>Host</th><td>A</td><td>B</td></tr><tr><th>OS</th><td>{SERVER}</td><td>{SERVER}</td></tr><tr><th>Build</th><td>{NEW}</td><td>{OLD}</td></tr></table>", B),
    "HTML, a cell for two rows": (f"<table><tr><th>Site</th><th>Host</th><th>Build</th></tr><tr><td rowspan=2>Bonn</td><td>A</td><td>{NEW}</td></tr><tr><td>B</td><td>{OLD}</td></tr></table>", B),
    "HTML, two cells for two rows": (f"<table><tr><th>OS</th><th>Build</th><th>Host</th></tr><tr><td rowspan=2>{SERVER}</td><td rowspan=2>{NEW}</td><td>A</td></tr><tr><td>B</td></tr></table>", [("A", "current"), ("B", "current")]),
    "HTML, a name as high as two": (f"<table><tr><th rowspan=2>Host</th><th colspan=2>OS</th></tr><tr><th>Name</th><th>Build</th></tr><tr><td>A</td><td>{SERVER}</td><td>{NEW}</td></tr></table>", [("A", "current")]),
    "facts by host in Japanese": (f"ホスト,プロパティ,値\nA,OS 名,{SERVER}\nA,OS ビルド,{NEW}\nB,OS 名,{SERVER}\nB,OS ビルド,{OLD}\n", B),
    "facts by host in Japanese, other words": (f"サーバー名\t項目名\t内容\nA\tOS\t{SERVER}\nA\tビルド番号\t{NEW}\nB\tOS\t{SERVER}\nB\tビルド番号\t{OLD}\n", B),
    "facts by host in German": (f"Rechner;Eigenschaft;Wert\nA;Betriebssystem;{SERVER}\nA;Betriebssystem-Build;{NEW}\nB;Betriebssystem;{SERVER}\nB;Betriebssystem-Build;{OLD}\n", B),
    "facts by host in Polish": (f"Nazwa komputera;Właściwość;Wartość\nA;System operacyjny;{SERVER}\nA;Numer kompilacji;{NEW}\nB;System operacyjny;{SERVER}\nB;Numer kompilacji;{OLD}\n", B),
    "names and values in Japanese": (f"項目,値\nホスト名,A\nOS 名,{SERVER}\nOS ビルド,{NEW}\n", [("A", "current")]),
    "hosts in French": (f"Nom de l'ordinateur;Système d'exploitation;Numéro de build\nA;{SERVER};{NEW}\nB;{SERVER};{OLD}\n", B),
    "hosts in Portuguese": (f"Nome do computador;Sistema operacional;Número da compilação\nA;{SERVER};{NEW}\nB;{SERVER};{OLD}\n", B),
    "hosts of Prometheus": (f"instance,product,build\nA,{SERVER},{NEW}\nB,{SERVER},{OLD}\n", B),
    "Confluence": (f"h1. Fleet\n\nText.\n\n||Host||OS||OS build||\n|[A|https://wiki.example/a]|{SERVER}|*{NEW}*|\n|B|{SERVER}|{{color:red}}{OLD}{{color}}|\n", B),
    "Confluence, names in the first column": (f"||Host|A|B|\n||OS|{SERVER}|{SERVER}|\n||Build|{NEW}|{OLD}|\n", B),
    "Confluence, the second of two tables": (f"||Person||Room||\n|x|y|\n\n||Host||OS build||\n|A|{NEW}|\n|B|{OLD}|\n", B),
    "Confluence, the source of a page": (f'<ac:structured-macro ac:name="expand"><ac:rich-text-body><table><tbody><tr><th>Host</th><th>OS build</th></tr><tr><td><p>A</p></td><td>{NEW}</td></tr><tr><td>B</td><td>{OLD}</td></tr></tbody></table></ac:rich-text-body></ac:structured-macro>', B),
    "MediaWiki": (f'{{| class="wikitable"\n|+ Fleet\n! scope="col" | Host !! OS build\n|-\n| A || {NEW}\n|-\n| [[Servers/B|B]]\n| style="color:red" | {OLD}\n|}}\n', B),
    "DokuWiki": (f"^ Host ^ OS build ^\n| A | {NEW} |\n| B | {OLD} |\n", B),
    "AsciiDoc": (f'[options="header"]\n|===\n|Host |OS build\n\n|A\n|{NEW}\n|B |{OLD}\n|===\n', B),
    "digits that a spreadsheet has grouped": (f'Host,OS,BuildNumber,UBR\nA,{SERVER},"26,100","33,158"\nB,{SERVER},"26,100","32,995"\n', B),
    "digits that are grouped by points": (f"Host;OS;BuildNumber;UBR\nA;{SERVER};26.100;33.158\nB;{SERVER};26.100;32.995\n", B),
    "phones beside computers": ("Device name,OS,OS version\nA,Windows,10.0.26100.8875\nP1,iOS,18.6\nP2,Android (personally-owned work profile),15.0\nM1,macOS,15.6 (24G84)\nL1,Linux (ubuntu),24.04\nV1,ChromeOS,16238.0.0\n",
        [("A", "current"), ("P1", "unknown"), ("P2", "unknown"), ("M1", "unknown"), ("L1", "unknown"), ("V1", "unknown")]),
    "osquery, the parts of the version": (f'[{{"hostname": "A", "major": "10", "minor": "0", "patch": "26100", "build": "26100", "version": "10.0.{NEW}"}}]', [("A", "current")]),
    "ServiceNow, the build in the service pack": (f'"name","os","os_version","os_service_pack"\n"A","Windows 2025 Standard","10.0.26100","Build {NEW}"\n"B","Windows 2025 Standard","10.0.26100","Build {OLD}"\n', B),
    "Zabbix, items with their keys and hosts": (f'{{"result": [{{"name": "Operating system build", "key_": "wmi.get[x]", "lastvalue": "10.0.{NEW}", "hosts": [{{"host": "A"}}]}}, {{"name": "Operating system build", "key_": "wmi.get[x]", "lastvalue": "10.0.{OLD}", "hosts": [{{"host": "B"}}]}}]}}', B),
    "Grafana, a time first": (f"Time,instance,product,version,revision\n2026-07-20 10:00:00,A,{SERVER},10.0.26100,33158\n2026-07-20 10:00:00,B,{SERVER},10.0.26100,32995\n", B),
    "a list in a ticket": (f"- A: {NEW}\n- B: {OLD}\n", B), "a list with numbers": (f"1. A: {NEW}\n2. B: {OLD}\n", B),
    "facts by host in HTML": (f"<table><tr><th>Host</th><th>Property</th><th>Value</th></tr><tr><td>A</td><td>OS</td><td>{SERVER}</td></tr><tr><td>A</td><td>OS build</td><td>{NEW}</td></tr></table>", [("A", "current")]),
    "facts by host in Confluence": (f"||Host||Property||Value||\n|A|OS|{SERVER}|\n|A|OS build|{NEW}|\n", [("A", "current")]),
    "facts by host, a day before": (f"Date,Host,Metric,Value\n2026-07-20,A,OS build,{NEW}\n2026-07-20,A,OS name,{SERVER}\n2026-07-20,B,OS build,{OLD}\n2026-07-20,B,OS name,{SERVER}\n", B),
    "Chef": (f'{{"name": "A", "automatic": {{"kernel": {{"name": "Microsoft {SERVER} Standard", "release": "10.0.26100", "version": "10.0.26100 Build 33158"}}, "platform_version": "10.0.26100"}}}}', [("A", "current")]),
    "Kubernetes": (f'{{"items": [{{"metadata": {{"name": "A"}}, "status": {{"nodeInfo": {{"kernelVersion": "10.0.{NEW}", "osImage": "{SERVER} Datacenter"}}}}}}]}}', [("A", "current")]),
    "hosts named after a product": ("WIN11-PC1,26100.8875\nWS2025-DC1,26100.33158\n", [("WIN11-PC1", "current"), ("WS2025-DC1", "current")]),
    "builds of hosts named after a product": ("WIN11-PC1: 26100.8875\nWS2025-DC1: 26100.33158\n", [("WIN11-PC1", "current"), ("WS2025-DC1", "current")]),
    "metrics of one exporter": (f'# HELP windows_os_info x\n# TYPE windows_os_info gauge\nwindows_os_info{{build_number="26100",installation_type="Server",major_version="10",minor_version="0",product="{SERVER} Standard",revision="33158",version="10.0.26100"}} 1\nwindows_cs_hostname{{domain="corp",fqdn="a.corp",hostname="A"}} 1\n', [("a.corp", "current")]),
    "metrics of a federation": (f'windows_cs_hostname{{hostname="A",instance="a:9182"}} 1\nwindows_os_info{{product="{SERVER}",version="10.0.26100",revision="33158",instance="a:9182"}} 1\nwindows_os_info{{product="{SERVER}",version="10.0.26100",revision="32995",instance="B"}} 1 1784000000000\n', B),
    "a delimiter too many in each row": (f"host,build\nA,{NEW},\nB,{OLD},,\n", B), "a delimiter too many in the header": (f"host,os,build,\nA,{SERVER},{NEW}\nB,{SERVER},{OLD}\n", B),
    "colours around the cells": (f"Host,OS,Build\n\x1b[32mA\x1b[0m,{SERVER},\x1b[32m{NEW}\x1b[0m\nB,{SERVER},{OLD}\n", B),
    "a build with grouped digits": ('Host,Build\nA,"26,100.33158"\nB,26.100.32995\n', B),
    "builds that are not known": ("host,build\n" + "".join(f"{text},{text}\n" for text in ("#N/A", "(null)", "不明", "keine Angabe", "нет данных", "<none>", "Not available")),
        [(text, "unknown") for text in ("#N/A", "(null)", "不明", "keine Angabe", "нет данных", "<none>", "Not available")]),
    "a guest beside its host": (f"VMName,GuestOSVersion,HostName,HostOSVersion\nA,10.0.{OLD},hv1,10.0.{NEW}\n", [("A", "ambiguous")]),
    "installed KBs in Japanese, with days": (f'ホスト名,OS,ビルド,インストール済み更新プログラム\nA,{SERVER},26100,"KB5099536 (2026/07/14), KB5012170"\n', [("A", "current")]),
    "installed KBs in German": (f"Rechner;Betriebssystem;Build;Installierte Updates\nA;{SERVER};26100;KB5099536, KB5012170\n", [("A", "current")]),
    "enrolment in Japanese, other words": (f"ホスト名,OS,ビルド,ホットパッチ有効\nA,{SERVER},{OLD},登録済み\nB,{SERVER},{OLD},未登録\nC,{SERVER},{OLD},はい\n", [("A", "restart_due"), ("B", "behind"), ("C", "restart_due")]),
    "enrolment in German": (f"Rechner;Betriebssystem;Build;Hotpatch\nA;{SERVER};{OLD};Registriert\nB;{SERVER};{OLD};Nicht registriert\n", [("A", "restart_due"), ("B", "behind")]),
    "lines in words": (f"Host,OS,Build,Line\nA,{SERVER},{OLD},Hotpatch line\nB,{SERVER},{OLD},Standard line\n", [("A", "restart_due"), ("B", "behind")]),
    "enrolment in words": (f"Host,OS,Build,Hotpatch enrollment\nA,{SERVER},{OLD},Enrolled\nB,{SERVER},{OLD},Not enrolled\n", [("A", "restart_due"), ("B", "behind")]),
    "enrolment in Japanese": (f"ホスト名,OS,ビルド,ホットパッチ\nA,{SERVER},{OLD},有効\nB,{SERVER},{OLD},無効\n", [("A", "restart_due"), ("B", "behind")]),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_layouts(name: str) -> None:
    text, expected = READ[name]
    assert [(machine.host, machine.verdict) for machine in judged(text)] == expected


REFUSED = "refused: no column states a build"
# Each has the newest build, and something that says it is not that of a machine.
NOT_OF_MACHINES: dict[str, tuple[str, list[str] | str]] = {
    "columns are machines, a target": (f"Property,SRV1,SRV2\nTarget build,{NEW},{NEW}\nOS build,{OLD},{OLD}\nOS,{SERVER},{SERVER}\n", ["ambiguous", "ambiguous"]),
    "columns are machines, a status": (f"Property,SRV1,SRV2\nOS,{SERVER},{SERVER}\nBuild,{NEW},{NEW}\nStatus,Pending restart,OK\n", ["unknown", "current"]),
    "columns are machines, a build is missing": (f"Property,SRV1,SRV2\nOS,{SERVER},{SERVER}\nBuild,{OLD},\n", ["ambiguous", "unknown"]),
    **{
        f"columns are {columns}": (f"Property,{columns}\nOS,{SERVER},{SERVER}\nOS build,{OLD},{NEW}\n", REFUSED)
        for columns in (
            "Current,Target", "Before,After", "2026-06,2026-07", "Jun,Jul", "Jul-2026,Aug-2026", "OLD,NEW", "Ring1,Ring2", "Wave-1,Wave-2", "WS2022,WS2025", "v1,v2", "Installed,Available",
            "IST,SOLL", "24H2,25H2", "Q2-2026,Q3-2026", "W29,W30", "2026W29,2026W30", "TEST,PROD", "GOLD,MASTER", "template-01,template-02", "LATEST,MINIMUM", "1,2", "Fix-1,Fix-2",
            "SUPPORTED,SRV2", "VORGABE,REFERENZ", "CANARY,BROAD", "CANARY1,BROAD2", "GA-2026,GA-2027", "WSUS,MSRC", "BACKUP,DR", "SITE-A,SITE-B", "SOURCE-1,SOURCE-2",
        )
    },
    "facts by host in Japanese, a target": (f"ホスト名,項目,値\nA,目標ビルド,{NEW}\nA,OS ビルド,{OLD}\nA,OS 名,{SERVER}\n", ["ambiguous"]),
    "HTML, a host for two rows": (f"<table><tr><td>Name</td><td>Build</td></tr><tr><td rowspan=2>a</td><td>{NEW}</td></tr><tr><td>{OLD}</td></tr></table>", "refused: cells across several rows"),
    "HTML, struck out": (f"<table><tr><th>Host</th><th>Build</th></tr><tr><td>A</td><td><s>{NEW}</s></td></tr><tr><td>B</td><td><del>{NEW}</del> {OLD}</td></tr><tr><td>C</td><td><span style='text-decoration: line-through'>{NEW}</span></td></tr></table>", ["unknown", "ambiguous", "unknown"]),
    "Confluence, struck out": (f"||Host||OS build||\n|A|-{NEW}-|\n|B|-{NEW}- {OLD}|\n", ["unknown", "ambiguous"]),
    "Confluence, a target": (f"||Host||Target build||\n|A|{NEW}|\n", REFUSED),
    "AsciiDoc, a cell is missing": (f"|===\n|Host |OS build\n\n|A |{OLD}\n|{NEW}\n|===\n", ["ambiguous", "invalid"]),
    "a list in a ticket, the latest": (f"* latest: {NEW}\n* A: {OLD}\n", ["unknown", "ambiguous"]),
    "Zabbix, an item of the latest build": (f'{{"result": [{{"name": "Latest OS build", "key_": "x", "lastvalue": "10.0.{NEW}", "hosts": [{{"host": "A"}}]}}]}}', ["unknown"]),
    "a patch that is no part of a version": (f"Host,Patch,Build\nA,x,{NEW}\n", ["unknown"]),
    "products and their builds in JSON": (f'{{"ws2025": "{NEW}", "ws2022": "20348.5386"}}', ["unknown", "unknown"]),
    "rings and their builds in JSON": (f'{{"ring1": "{NEW}", "ring2": "{OLD}"}}', ["unknown", "ambiguous"]),
    "months and their builds in JSON": (f'{{"2026-07": "{NEW}", "2026-06": "{OLD}"}}', ["unknown", "ambiguous"]),
    "products and their builds": (f"WS2025: {NEW}\nWS2022: 20348.5386\n", ["unknown", "unknown"]),
    "products in a list": (f"- ws2025: {NEW}\n- ws2022: 20348.5386\n", ["unknown", "unknown"]),
    "rings and their builds": (f"Ring1: {NEW}\nRing2: {OLD}\n", ["unknown", "ambiguous"]),
    "products above their builds": (f"Product,{SERVER},Windows Server 2022\nBuild,{NEW},20348.5386\n", REFUSED),
    "facts by ring": (f"Name,Property,Value\nRing1,Build,{NEW}\nRing1,Owner,x\nRing1,OS,{SERVER}\n", ["unknown"]),
    "facts by product": (f"Name,Property,Value\n{SERVER},Build,{NEW}\n{SERVER},KB,KB5099536\n", ["unknown"]),
    "Microsoft's table of releases": (f"Servicing option,Update type,Availability date,Build,KB article\nLTSC,2026-07 B,2026-07-14,{NEW},KB5099536\n", ["unknown"]),
    "a KB with the code of an error": (f'Host,OS,Build,Hotfixes\nA,{SERVER},26100,"KB5099536 0x800f0922"\nB,{SERVER},26100,KB5099536 -2145124329\n', ["unknown", "unknown"]),
    "a build with the code of an error": (f"Host,OS build\nA,{NEW} (0x80070005)\nB,{OLD}\n", ["unknown", "ambiguous"]),
    "metrics, one that is no longer": (f'windows_os_info{{product="{SERVER}",version="10.0.26100",revision="33158",instance="A"}} 0\nwindows_os_info{{product="{SERVER}",version="10.0.26100",revision="32995",instance="B"}} 1\n', ["ambiguous"]),
    "a cell too many that says something": (f"host,build\nA,{NEW},pending\nB,{OLD}\n", ["invalid", "ambiguous"]),
    "a cell too few": (f"host,os,build\nA,{NEW}\nB,{SERVER},{OLD}\n", ["invalid", "ambiguous"]),
    "tags of containers": (f"Image,OsVersion\nservercore:ltsc2025,10.0.{NEW}\n", ["unknown"]),
    "KBs that are missing, in German": (f"Rechner;Betriebssystem;Build;Fehlende Updates\nA;{SERVER};26100;KB5099536\n", ["unknown"]),
    "KBs that are missing, in Japanese": (f"ホスト名,OS,ビルド,未適用の更新プログラム\nA,{SERVER},26100,KB5099536\n", ["unknown"]),
    "textboxes, a part of the system": (f"Textbox1,Textbox2,Textbox3\nA,Windows Update Agent,10.0.{NEW}\nB,File server,10.0.{NEW}\n", ["unknown", "current"]),
    "no header, a status": (f"A,pending,{NEW}\nB,installed,{NEW}\nC,fehlgeschlagen,{NEW}\n", ["unknown", "current", "unknown"]),
    "MediaWiki, a host for two rows": ('{| class="wikitable"\n! Host !! OS build\n|-\n| rowspan="2" | A || ' + NEW + "\n|-\n| " + OLD + "\n|}\n", "refused: cells across several rows"),
    "AsciiDoc, a host for two rows": (f"|===\n|Host |OS build\n\n.2+|A |{NEW}\n|{OLD}\n|===\n", "refused: cells across several rows"),
    "textboxes, two builds": (f"Textbox3,Textbox4,Textbox5\nA,{OLD},{NEW}\n", ["invalid"]),
    "textboxes below a title of what is missing": (f"Textbox1,Textbox2\nMissing updates,2026\n\nTextbox3,Textbox4\nA,{NEW}\n", REFUSED),
    "textboxes, KBs": (f"Textbox1,Textbox2\nKB5099536,{NEW}\nKB5094125,{OLD}\n", ["unknown", "ambiguous"]),
    "no header, KBs": (f"KB5099536,{NEW}\nKB5094125,{OLD}\n", ["unknown", "ambiguous"]),
    "no header, rings": (f"Ring 1,{NEW}\nRing 2,{OLD}\n", ["unknown", "ambiguous"]),
    "no header, months": (f"2026-07,{NEW}\n2026-06,{OLD}\n", ["unknown", "ambiguous"]),
    "a plan below a title": (f"Rollout,,\nRing,Owner,Target build\n1,x,{NEW}\n", REFUSED),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_OF_MACHINES)
def test_what_is_not_of_a_machine_is_never_current(name: str) -> None:
    text, expected = NOT_OF_MACHINES[name]
    if isinstance(expected, str):
        with pytest.raises(BadInput, match="across several rows" if "several" in expected else "--map build=NAME"):
            judged(text)
    else:
        assert [machine.verdict for machine in judged(text)] == expected
