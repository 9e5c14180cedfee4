"""Inventories in shapes of their own: pairs, drawn tables, blocks, names and values, facts of Salt. Rows and verdicts are written by hand. Embedded facts.

Each shape is read twice: as a machine that has what it says (26100.33158 is KB5099536, current on 2026-07-20), and with something that contradicts
it (a build that is wanted, an update that is pending, a second build), which must never be current.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Command
from helpers.inventories import DAY, judged

from hotpatch_kb.db.model.errors import BadInput

NEW, OLD = "26100.33158", "26100.32995"  # the baselines of July and June 2026 of Windows Server 2025
CLIXML = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">{}</Objs>'
Machines = list[tuple[str, str]]
A, B, TWO = [("A", "current")], [("A", "current"), ("B", "ambiguous")], f"A,{NEW}"

READ: dict[str, tuple[str, Machines]] = {
    "logfmt": (f'host=A os="Windows Server 2025" build={NEW}\nhost=B os="Windows Server 2025" build={OLD}\n', B),
    "logfmt, one line": (f'host=A os="Windows Server 2025" build={NEW}\n', A),
    "logfmt of a logger": (f'time=2026-07-20T10:00:00Z level=info msg="inventory" host=A build={NEW}\ntime=2026-07-20T10:00:01Z level=info msg="inventory" host=B build={OLD}\n', B),
    "events of Splunk": ("07/20/2026 10:00:00 ComputerName=A OSVersion=10.0.26100 UBR=33158\n07/20/2026 10:00:01 ComputerName=B OSVersion=10.0.26100 UBR=32995\n", B),
    "syslog": (f"<14>Jul 20 10:00:00 log1 inv: host=A build={NEW}\n<14>Jul 20 10:00:00 log1 inv: host=B build={OLD}\n", B),
    "pairs with commas": (f"host=A, build={NEW}\nhost=B, build={OLD}\n", B), "pairs with semicolons": (f"Host=A;Build={NEW}\nHost=B;Build={OLD}\n", B),
    "an inventory of Ansible": (f'[servers]\n# two\nA build={NEW} os="Windows Server 2025"\nB build={OLD} os="Windows Server 2025"\n', B),
    "facts by host": ("host,Property,Value\nA,CurrentBuild,26100\nA,UBR,33158\nA,ProductName,Windows Server 2025 Datacenter\nB,CurrentBuild,26100\nB,UBR,32995\nB,ProductName,\n", B),
    "facts by host, mixed": ("PSComputerName\tPath\tName\tValue\nA\tHKLM\tUBR\t33158\nB\tHKLM\tUBR\t32995\nA\tHKLM\tCurrentBuild\t26100\nB\tHKLM\tCurrentBuild\t26100\n", B),
    "facts by host, Markdown": (f"| Computer | Attribute | Value |\n|---|---|---|\n| A | OSVersion | 10.0.{NEW} |\n| A | OSName | Windows Server 2025 |\n| B | OSVersion | 10.0.{OLD} |\n", B),
    "MySQL": (f"+------+-------------+\n| host | build       |\n+------+-------------+\n| A    | {NEW} |\n| B    | {OLD} |\n+------+-------------+\n2 rows in set (0.00 sec)\n", B),
    "DuckDB": (f"┌─────────┬─────────────┐\n│  host   │    build    │\n│ varchar │   varchar   │\n├─────────┼─────────────┤\n│ A       │ {NEW} │\n│ B       │ {OLD} │\n└─────────┴─────────────┘\n", B),
    "rich, with a title": (f"      Fleet\n┏━━━━━━┳━━━━━━━━━━━━━┓\n┃ host ┃ build       ┃\n┡━━━━━━╇━━━━━━━━━━━━━┩\n│ A    │ {NEW} │\n│ B    │ {OLD} │\n└──────┴─────────────┘\n", B),
    "double lines": (f"╔══════╦═════════════╗\n║ host ║ build       ║\n╠══════╬═════════════╣\n║ A    ║ {NEW} ║\n╚══════╩═════════════╝\n", A),
    "a grid of reStructuredText": (f"+------+-------------+\n| host | OS          |\n|      | build       |\n+======+=============+\n| A    | {NEW} |\n+------+-------------+\n| B    | {OLD} |\n+------+-------------+\n", B),
    "a simple table of reStructuredText": (f"====  ===========\nhost  build\n====  ===========\nA     {NEW}\nB     {OLD}\n====  ===========\n", B),
    "psql, with its count": (f" host |    build\n------+-------------\n A    | {NEW}\n B    | {OLD}\n(2 rows)\n", B),
    "psql, expanded": (f"-[ RECORD 1 ]------\nhost  | A\nbuild | {NEW}\n-[ RECORD 2 ]------\nhost  | B\nbuild | {OLD}\n", B),
    "MySQL, expanded": (f"*************************** 1. row ***************************\n host: A\nbuild: {NEW}\n*************************** 2. row ***************************\n host: B\nbuild: {OLD}\n", B),
    "SQLite, in lines": (f" host = A\nbuild = {NEW}\n\n host = B\nbuild = {OLD}\n", B),
    "MOF": (f'instance of Win32_OperatingSystem\n{{\n\tCSName = "A";\n\tVersion = "10.0.{NEW}";\n}};\ninstance of Win32_OperatingSystem\n{{\n\tCSName = "B";\n\tVersion = "10.0.{OLD}";\n}};\n', B),
    "Format-Custom": (f"class PSCustomObject\n{{\n  Host = A\n  Build = {NEW}\n}}\n\nclass PSCustomObject\n{{\n  Host = B\n  Build = {OLD}\n}}\n", B),
    "objects of PowerShell as text": (f"@{{Host=A; Build={NEW}}}\n@{{Host=B; Build={OLD}}}\n", B), "a data file of PowerShell": (f"@{{\n  Host = 'A'\n  Build = '{NEW}'\n}}\n", A),
    "a hash table with KBs": ("@{Host='A'; OS='Windows Server 2025'; Build='26100'; HotFixes=@('KB5099536', 'KB5012170')}\n", A),
    "names and values": (f"Property,Value\nComputerName,A\nCaption,Microsoft Windows Server 2025 Standard\nVersion,10.0.{NEW}\n", A),
    "names and values, with a revision": ("CurrentBuild\t26100\nUBR\t33158\nComputerName\tA\n", A),
    "names and values, no host": (f"Name,Value\nOS Name,Microsoft Windows Server 2025 Standard\nOS Build,{NEW}\n", [("", "current")]),
    "names and values in Markdown": (f"| Property | Value |\n|---|---|\n| Computer | A |\n| OS Build | {NEW} |\n", A),
    "names and values of two": (f"Name,Value\nComputerName,A\nOS build,{NEW}\nComputerName,B\nOS build,{OLD}\n", B),
    "Format-Table of groups": (f"\n   Site: Bonn\n\nName Build\n---- -----\nA    {NEW}\n\n   Site: Ulm\n\nName     Build\n----     -----\nB        {OLD}\n", B),
    "Format-List in colours": (f"\x1b[32;1mPSComputerName : \x1b[0mA\n\x1b[32;1mBuild          : \x1b[0m{NEW}\n", A),
    "Format-Table in colours": (f"\x1b[32;1mName\x1b[0m \x1b[32;1mBuild\x1b[0m\n\x1b[32;1m----\x1b[0m \x1b[32;1m-----\x1b[0m\nA    {NEW}\n", A),
    "Markdown with marks": (f"| host | build |\n|:---|---:|\n| A | `{NEW}` |\n| B | **{OLD}** |\n", B),
    "facter": (f"hostname => A\nkernelversion => 10.0.{NEW}\n", A),
    "sections of parts": (f"; of July\n[System]\nHost=A\n[OS]\nName=Windows Server 2025\nBuild={NEW}\n", A),
    "Salt, grains": (f"A:\n    ----------\n    osfullname:\n        Microsoft Windows Server 2025 Standard\n    osversion:\n        10.0.{NEW}\nB:\n    ----------\n    ip4:\n        - 10.0.0.5\n        - 10.0.0.6\n    osversion:\n        10.0.{OLD}\n", B),
    "Salt, txt": (f"A: {{'osversion': '10.0.{NEW}', 'osfullname': 'Microsoft Windows Server 2025 Standard'}}\nB: Minion did not return. [No response]\n", [("A", "current"), ("B", "unknown")]),
    "Salt, YAML of one minion": (f"A:\n  osversion: 10.0.{NEW}\n  osrelease: 2025Server\n", A), "Salt, YAML of a minion": (f"minion:\n  osversion: 10.0.{NEW}\n", [("", "current")]),
    "Python": (f"[{{'host': 'A', 'build': '{NEW}', 'up': True}}, {{'host': 'B', 'build': {OLD}}}]", B),
    "facts as names and values": (f'{{"host": "A", "facts": [{{"key": "build", "value": "{NEW}"}}, {{"key": "os", "value": "Windows Server 2025"}}]}}\n', A),
    "rows below names": (f'[["host", "build"], ["A", "{NEW}"], ["B", "{OLD}"]]', B), "columns": (f'{{"host": ["A", "B"], "build": ["{NEW}", "{OLD}"]}}', B),
    "FOR XML RAW": (f'<row Name0="A" BuildExt="10.0.{NEW}"/><row Name0="B" BuildExt="10.0.{OLD}"/>', B),
    "Export-Clixml of a hash table": (CLIXML.format(f'<Obj RefId="0"><DCT><En><S N="Key">Host</S><S N="Value">A</S></En><En><S N="Key">Build</S><S N="Value">{NEW}</S></En></DCT></Obj>'), A),
    "Export-Clixml with a list of KBs": (CLIXML.format('<Obj RefId="0"><MS><S N="Host">A</S><S N="OS">Windows Server 2025</S><S N="Build">26100</S><Obj N="HotFixes" RefId="1"><LST><S>KB5099536</S></LST></Obj></MS></Obj>'), A),
    "HTML, names in two rows": (f"<table><tr><th colspan=2>Machine</th><th colspan=2>OS</th></tr><tr><th>Name</th><th>Site</th><th>Name</th><th>Build</th></tr><tr><td>A</td><td>x</td><td>Windows Server 2025</td><td>{NEW}</td></tr></table>", A),
    "a web archive": (f'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="x"\n\n--x\nContent-Type: text/html\n\n<html><table><tr><th>host</th><th>build</th></tr><tr><td>A</td><td>{NEW}</td></tr></table></html>\n--x--\n', A),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_shapes(name: str) -> None:
    text, expected = READ[name]
    assert [(machine.host.strip("`*"), machine.verdict) for machine in judged(text)] == expected


REFUSED = "refused: no column states a build"
# Each has the newest build, and something that contradicts it.
CONTRADICTED: dict[str, tuple[str, list[str] | str]] = {
    "logfmt, a status": (f"host=A build={NEW} status=pending\nhost=B build={NEW} status=failed\n", ["unknown", "unknown"]),
    "logfmt, a target": (f"host=A target_build={NEW}\nhost=B target_build={NEW}\n", REFUSED),
    "logfmt, a message": (f'level=error msg="update failed" host=A build={NEW}\nlevel=info msg="upgrade to {NEW} started" host=B build={NEW}\n', ["unknown", "unknown"]),
    "logfmt, words": (f"2026-07-20 10:00:00 upgrade pending host=A build={NEW}\n", ["unknown"]),
    "logfmt, two builds": (f"host=A build={NEW} osversion=10.0.{OLD}\nhost=A build={NEW} build={OLD}\n", ["invalid", "invalid"]),
    "Ansible, a group": (f'[missing]\nA build={NEW} os="Windows Server 2025"\n', ["unknown"]),
    "drawn, a cell of two lines": (f"+---+-------------+\n| h | build       |\n+---+-------------+\n| A | {NEW} |\n|   | (pending)   |\n| B | 26100.3315  |\n|   | 8           |\n+---+-------------+\n", ["unknown", "unknown"]),
    "drawn, a row of its own without a host": (f"+------+-------------+\n| host | build       |\n+------+-------------+\n| A    | {OLD} |\n|      | {OLD} |\n+------+-------------+\n", ["ambiguous", "ambiguous"]),
    "drawn, a target": (f"+------+--------------+\n| host | target build |\n+------+--------------+\n| A    | {NEW}  |\n+------+--------------+\n", REFUSED),
    "drawn, a cell more and a cell less": (f"┌──────┬─────────────┐\n│ host │ build       │\n├──────┼─────────────┤\n│ A    │ {NEW} │ x │\n│ {NEW} │\n└──────┴─────────────┘\n", ["invalid", "invalid"]),
    "a grid, a cell of two lines": (f"+------+-------------+\n| host | build       |\n+======+=============+\n| A    | {NEW} |\n|      | not yet     |\n+------+-------------+\n| B    | {NEW} |\n|      | failed      |\n+------+-------------+\n", ["unknown", "unknown"]),
    "psql, a status": (f"-[ RECORD 1 ]---\nhost   | A\nbuild  | {NEW}\nstatus | failed\n", ["unknown"]),
    "MOF, what is desired": (f'instance of Policy\n{{\n DesiredVersion = "10.0.{NEW}";\n CSName = "A";\n}};\n', REFUSED),
    "Format-Custom, an object inside": (f"class A\n{{\n  Host = A\n  Rollout = \n    class B\n    {{\n      Build = {NEW}\n    }}\n  OSBuild = {OLD}\n}}\n", ["ambiguous"]),
    "a hash table, KBs that are missing": ("@{Host='A'; OS='Windows Server 2025'; Build='26100'; MissingKBs=@('KB5099536')}\n", ["unknown"]),
    "names and values, a target": (f"Property,Value\nComputerName,A\nTarget build,{NEW}\nOS build,{OLD}\n", ["ambiguous"]),
    "names and values, two builds": (f"Property,Value\nComputerName,A\nVersion,10.0.{NEW}\nOS build,{OLD}\n", ["invalid"]),
    "names and values, a status": (f"Property,Value\nComputerName,A\nBuild,{NEW}\nStatus,Pending restart\n", ["unknown"]),
    "names and values, a target alone": (f"Property,Value\nComputerName,A\nTarget build,{NEW}\n", ["invalid", "unknown"]),
    "facts by host, a target": (f"host,Property,Value\nA,Target build,{NEW}\nA,OS build,{OLD}\n", ["ambiguous"]),
    "facts by host, two builds": (f"host,Property,Value\nA,Version,10.0.{NEW}\nA,OS build,{OLD}\n", ["invalid"]),
    "facts by host, a status": (f"host,Property,Value\nA,Build,{NEW}\nA,Status,Pending restart\n", ["unknown"]),
    "facts by host, a target of the second": (f"host,Property,Value\nA,OS build,{OLD}\nA,OS,Windows\nB,Target build,{NEW}\n", ["ambiguous", "unknown"]),
    "facts by host, a target alone": (f"host,Property,Value\nA,Owner,x\nA,Target build,{NEW}\n", ["invalid", "unknown"]),
    "facts by host, a line too short": (f"host,Property,Value\nA,OS build,{OLD}\nA,OS,Windows\nB,{NEW}\n", ["ambiguous", "unknown"]),
    "Format-Table, a line that is not a title": (f"Name Build\n---- -----\nA    {OLD}\n   x: y\nB    {OLD}\n", ["ambiguous", "invalid", "ambiguous"]),
    "Markdown, words beside marks": (f"| host | build |\n|---|---|\n| A | **{NEW}** (pending) |\n", ["unknown"]),
    "facter, what is required": (f"hostname => A\nrequired_kernelversion => 10.0.{NEW}\n", REFUSED),
    "a section of a target": (f"[System]\nHost=A\n[Target]\nBuild={NEW}\n", REFUSED),
    "a section of a baseline beside the system": (f"[System]\nHost=A\nOSBuild={OLD}\n[Baseline]\nBuild={NEW}\n", ["ambiguous"]),
    "a section of a target beside a host": (f"[Target]\nBuild={NEW}\nOS=Windows Server 2025\n[SRV1]\nBuild={OLD}\nOS=Windows Server 2025\n", ["unknown", "ambiguous"]),
    "Salt, no minion": (f"rollout:\n  osversion: 10.0.{NEW}\n", ["unknown"]), "Salt, a target": (f"target:\n  osversion: 10.0.{NEW}\n  osfullname: Windows\n", ["unknown"]),
    "Salt, a grain of another build": (f"A:\n    ----------\n    target_build:\n        {NEW}\n    osversion:\n        10.0.{OLD}\n", ["ambiguous"]),
    "Python, a number": ("[{'host': 'A', 'build': 26100.3310}]", ["unknown"]),
    "facts, a target": (f'[{{"host": "A", "facts": [{{"key": "target build", "value": "{NEW}"}}, {{"key": "os", "value": "x"}}]}}]', ["unknown", "invalid"]),
    "facts, two builds": (f'[{{"host": "A", "facts": [{{"key": "build", "value": "{NEW}"}}, {{"key": "build", "value": "{OLD}"}}]}}]', ["invalid"]),
    "rows with a cell more or less": (f'[["host", "build"], ["B"], ["C", "{NEW}", "pending"]]', ["invalid", "invalid"]),
    "columns, a target": (f'{{"host": ["A"], "targetBuild": ["{NEW}"]}}', REFUSED),
    "Export-Clixml, KBs that are missing": (CLIXML.format('<Obj RefId="0"><MS><S N="Host">A</S><S N="OS">Windows Server 2025</S><S N="Build">26100</S><Obj N="MissingHotFixes" RefId="1"><LST><S>KB5099536</S></LST></Obj></MS></Obj>'), ["unknown"]),
    "HTML, a target above": (f"<table><tr><th colspan=2>Machine</th><th colspan=2>Target</th></tr><tr><th>Name</th><th>Site</th><th>Name</th><th>Build</th></tr><tr><td>A</td><td>x</td><td>Windows Server 2025</td><td>{NEW}</td></tr></table>", REFUSED),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTRADICTED)
def test_what_contradicts_a_build_is_never_current(name: str) -> None:
    text, expected = CONTRADICTED[name]
    if expected == REFUSED:
        with pytest.raises(BadInput, match="--map build=NAME"):
            judged(text)
    else:
        assert [machine.verdict for machine in judged(text)] == expected


NOT_READ = {
    "calls of Python": ("[{'host': 'a', 'build': __import__('os').system('x')}]", "expected Python, got names and calls are no values"),
    "msinfo32": (f"System Information report written at: 07/20/26 10:00:00\nSystem Name: A\n[System Summary]\n\nItem\tValue\nVersion\t10.0.{NEW}\n", "a report of msinfo32; give the output of systeminfo"),
    "dxdiag": ("------------------\nSystem Information\n------------------\n      Time of this report: 7/20/2026, 10:00:00\n", "a report of dxdiag; give the output of systeminfo"),
    "a property list": ('<?xml version="1.0"?>\n<plist version="1.0"><array/></plist>', "a property list; give JSON (plutil -convert json)"),
    "an e-mail with a page": (f'From: a@b\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="x"\n\n--x\nContent-Type: text/html\n\n<table><tr><td>host</td><td>build</td></tr><tr><td>A</td><td>{NEW}</td></tr></table>\n--x--\n', "an e-mail"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_READ)
def test_what_is_not_read_is_named(name: str) -> None:
    text, said = NOT_READ[name]
    with pytest.raises(BadInput) as error:
        judged(text)
    assert said in str(error.value)


def test_the_command_and_duckdb_read_the_same(run: Command, tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="needs the extra 'bulk': pip install 'hotpatch-kb[bulk]'")
    for name in ("logfmt", "names and values", "psql, with its count", "Format-Table in colours"):
        (tmp_path / "fleet.csv").write_text(READ[name][0], encoding="utf-8")
        builtin = run("assess", "fleet.csv", "--on", DAY)
        assert (builtin.code, run("assess", "fleet.csv", "--on", DAY, "--engine", "duckdb").out) == (0, builtin.out)
