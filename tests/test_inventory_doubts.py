"""Inventories that tell something else beside their machines: plans, other times, a second table, a host that is called like a column. Embedded facts.

26100.33158 is KB5099536 of Windows Server 2025, current on 2026-07-20; 20348.4171 is an old build of Windows Server 2022.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Command
from helpers.inventories import DAY, judged

NEW, BEFORE, OLD = "26100.33158", "26100.32995", "20348.4171"
Machines = list[tuple[str, str]]
THREE: Machines = [("SRV1", "behind"), ("SRV2", "behind"), ("SRV3", "behind")]

CASES: dict[str, tuple[str, Machines]] = {
    # A host whose name is one of a column.
    **{
        f"a host called {name}": (f"Host,Build\nSRV1,{OLD}\n{name},{NEW}\nSRV2,{OLD}\n", [("SRV1", "behind"), (name, "current"), ("SRV2", "behind")])
        for name in ("BUILD01", "os1", "windows1", "KERNEL", "winver", "ver1", "サーバー01", "端末", "서버01", "主机1")
    },
    "such a host in Markdown": (f"| Name | OSVersion |\n|---|---|\n| SRV1 | {OLD} |\n| BUILD01 | {NEW} |\n", [("SRV1", "behind"), ("BUILD01", "current")]),
    "such a host among labels": (f"SRV1: {OLD}\nBUILD01: {NEW}\nSRV2: {OLD}\n", [("SRV1", "behind"), ("BUILD01", "unknown"), ("SRV2", "behind")]),
    "such a host in JSON": (json.dumps({"SRV1": OLD, "BUILD01": NEW, "SRV2": OLD}), [("SRV1", "behind"), ("BUILD01", "unknown"), ("SRV2", "behind")]),
    "such a host without a header": (f"SRV1,{OLD}\nBUILD01,{NEW}\nSRV2,{OLD}\n", [("SRV1", "behind"), ("BUILD01", "unknown"), ("SRV2", "behind")]),
    "names and values, a host among them": (f"Property,Value\nHost,SRV1\nOS build,{NEW}\n", [("SRV1", "current")]),
    "a hash table that PowerShell prints": (f"\nName   Value\n----   -----\nHost   SRV1\nBuild  {NEW}\n", [("SRV1", "current")]),
    # What machines shall have, or had.
    "two states by host": (json.dumps({"current": {"SRV1": OLD, "SRV2": OLD}, "target": {"SRV1": NEW, "SRV2": NEW}}), [("SRV1", "behind"), ("SRV2", "behind"), ("SRV1", "unknown"), ("SRV2", "unknown")]),
    **{
        f"a list called {name}": (json.dumps({name: [{"name": "SRV1", "osVersion": f"10.0.{NEW}"}]}), [("SRV1", "unknown")])
        for name in ("target", "planned", "desired", "approved", "available", "pending", "staged", "snapshot_list", "templates", "goldenImage", "before", "previous", "lastMonth", "history", "June", "2026-06", "winre", "policy", "expected", "Soll", "Ziel", "cible", "目標")
    },
    "a list of what machines miss": (json.dumps({"missing": [{"host": "SRV1", "build": OLD}]}), [("SRV1", "behind")]),
    "a plan in YAML": (f"planned:\n  SRV1: {NEW}\n  SRV2: {NEW}\n", [("SRV1", "unknown"), ("SRV2", "unknown")]),
    "hosts below a target in YAML": (f"target:\n  hosts:\n    SRV1:\n      build: {NEW}\n", [("SRV1", "unknown")]),
    # What follows a blank line.
    **{
        f"another table below, {header}": (f"Computer,OS Build\nSRV1,{OLD}\n\n{header}\n{name},{NEW}\n", [("SRV1", "behind"), (header.split(",")[0], "unknown"), (name, "unknown")])
        for header, name in (("Ring,Target Build", "Pilot1"), ("Product,Latest build", "WS2025"), ("KB,Build", "KB5099536"), ("Host,Target Build", "SRV1"))
    },
    "another table below, in columns": (f"\nHost OSVersion\n---- ---------\nSRV1 10.0.{OLD}\n\n\nHost Available\n---- ---------\nSRV1 10.0.{NEW}\n", [("SRV1", "behind"), ("Host", "unknown"), ("SRV1", "unknown")]),
    "another table below, quotes": (f'"Computer","OS Build"\n"SRV1","{OLD}"\n\n"Ring","Target Build"\n"Pilot1","{NEW}"\n', [("SRV1", "behind"), ("Ring", "unknown"), ("Pilot1", "unknown")]),
    "the same header again": (f"Computer,OS Build\nSRV1,{OLD}\n\nComputer,OS Build\nSRV2,{NEW}\n", [("SRV1", "behind"), ("Computer", "invalid"), ("SRV2", "current")]),
    "machines after blank lines": (f"Computer,OS Build\nSRV1,{OLD}\n\nSRV2,{NEW}\n\nSRV3,{NEW}\n", [("SRV1", "behind"), ("SRV2", "current"), ("SRV3", "current")]),
    **{
        f"a summary below, {name}": (f"Computer,OS Build,Owner\nSRV1,{OLD},IT\n\n{name},{NEW},\n", [("SRV1", "behind"), (name, "unknown")])
        for name in ("Target", "Soll", "Newest", "Max", "All devices", "KB5099536", "Ring 1", "2026-07", "-", "N/A", "(blank)", "null", "Total")
    },
    "a summary of two lines, and a machine": (f"Computer,OS Build,Owner\nSRV1,{OLD},IT\n,,\nTarget,{NEW},\nNewest,{NEW},\nSRV2,{NEW},x\n", [("SRV1", "behind"), ("", "unknown"), ("Target", "unknown"), ("Newest", "unknown"), ("SRV2", "current")]),
    # Lines of a summary without a blank line before them.
    **{
        f"a summary at the end, {name}": (f"Computer,OS Build\nSRV1,{OLD}\nSRV2,{NEW}\n{name},{NEW}\n", [("SRV1", "behind"), ("SRV2", "current"), (name, "unknown")])
        for name in ("Target", "Minimum required", "Max", "Compliant build", "対象", "目標ビルド", "Soll", "Latest (Microsoft)", "Total: 2", "-", "N/A", "KB5099536", "Ring 1", "2026-07", "Grand Total", "Total general", "[Target]", "Required (Aug)", "Source: WSUS", "As of 2026-07-20", "Ø", "2 hosts")
    },
    **{
        f"a host at the end, {name}": (f"Computer,OS Build\nSRV1,{OLD}\nSRV2,{NEW}\n{name},{NEW}\n", [("SRV1", "behind"), ("SRV2", "current"), (name, "current")])
        for name in ("paris", "mail", "test", "MAX01", "TARGET-PC1", "Anna's PC", "Old reception PC", "端末", "WSUS", "SRV-MAX")
    },
    "a summary of two lines at the end": (f"Host;Build\nSRV1;{NEW}\nSRV2;{NEW}\nMin;{OLD}\nMax;{NEW}\n;\n", [("SRV1", "current"), ("SRV2", "current"), ("Min", "behind"), ("Max", "unknown"), ("", "unknown")]),
    "a summary at the beginning": (f"Host,Build\nTarget,{NEW}\nSRV1,{NEW}\n", [("Target", "unknown"), ("SRV1", "current")]),
    "hosts that are words": (f"Host,Build\nparis,{NEW}\nmail,{NEW}\nmax,{NEW}\n", [("paris", "current"), ("mail", "current"), ("max", "current")]),
    "a summary below words": (f"Host,Build\nparis,{NEW}\nmail,{NEW}\nMinimum required,{NEW}\n", [("paris", "current"), ("mail", "current"), ("Minimum required", "unknown")]),
    "a summary of HTML": (f"<table><tr><th>Host<th>OS Build<tr><td>SRV1<td>{NEW}<tfoot><tr><td>Target<td>{NEW}</table>", [("SRV1", "current"), ("Target", "unknown")]),
    "a summary of MediaWiki": (f"{{|\n! Host !! Build\n|-\n| SRV1 || {NEW}\n|-\n| Max || {NEW}\n|}}\n", [("SRV1", "current"), ("Max", "unknown")]),
    "a summary in a drawn table": (f"+------+------+\n| Host | Build |\n+------+------+\n| SRV1 | {NEW} |\n| Target | {NEW} |\n+------+------+\n", [("SRV1", "current"), ("Target", "unknown")]),
    "a summary in columns": (f"\nHost   Build\n----   -----\nSRV1   {NEW}\nTarget {NEW}\n\n", [("SRV1", "current"), ("Target", "unknown")]),
    "a summary in quotes": (f'"Host","Build"\n"SRV1","{NEW}"\n"Target","{NEW}"\n', [("SRV1", "current"), ("Target", "unknown")]),
    # Titles.
    **{
        f"a title, {title}": (f"{title}\nHost,OS Build\nSRV1,{NEW}\nSRV2,{OLD}\n", [("SRV1", "unknown"), ("SRV2", "behind")])
        for title in ("Target builds for August", "Available updates", "# Target builds", "Latest Windows builds", "Minimum OS version by ring", "Our planned builds", "Zielbuilds", "Verfügbare Updates", "Versions cibles", "目標ビルド一覧", "利用可能な更新プログラム", "最新版本")
    },
    **{
        f"a title of machines, {title}": (f"{title}\nHost,OS Build\nSRV1,{NEW}\nSRV2,{OLD}\n", [("SRV1", "current"), ("SRV2", "behind")])
        for title in ("Server inventory", "Servers missing updates", "Update compliance report", "Target build: 26100.33158", "Latest build per host", "Patch status", "Machines with available updates", "Report of July", "サーバー一覧")
    },
    "a title of Markdown": (f"## Target builds\n\n| Host | Build |\n|---|---|\n| SRV1 | {NEW} |\n", [("SRV1", "unknown")]),
    "a caption of HTML": (f"<table><caption>Target builds</caption><tr><th>Host<th>OS Build<tr><td>SRV1<td>{NEW}</table>", [("SRV1", "unknown")]),
    "headings of HTML": (f"<h2>Servers</h2><table><tr><th>Host<th>OS Build<tr><td>SRV1<td>{NEW}</table><h2>Target builds</h2><table><tr><th>Host<th>OS Build<tr><td>SRV1<td>{NEW}</table>", [("SRV1", "current"), ("SRV1", "unknown")]),
    "a first row of HTML": (f"<table><tr><th colspan=2>Available updates<tr><th>Host<th>OS Build<tr><td>SRV1<td>{NEW}</table>", [("SRV1", "unknown")]),
    "a caption of MediaWiki": (f"{{|\n|+ Target builds\n! Host !! Build\n|-\n| SRV1 || {NEW}\n|}}\n", [("SRV1", "unknown")]),
    "a heading of Confluence": (f"h2. Target builds\n\n||Host||Build||\n|SRV1|{NEW}|\n", [("SRV1", "unknown")]),
    "titles of drawn tables": ("".join(f"{title}\n+------+------+\n| Host | Build |\n+------+------+\n| SRV1 | {NEW} |\n+------+------+\n" for title in ("Servers", "Target builds", "Servers")), [("SRV1", "current"), ("SRV1", "unknown"), ("SRV1", "current")]),
    # Two rows of names, and tables side by side.
    "groups above the header": (f",Current,Target\nHost,Build,Build\nSRV1,{OLD},{NEW}\nSRV2,,{NEW}\nSRV3,{NEW},{NEW}\n", [("SRV1", "behind"), ("SRV2", "unknown"), ("SRV3", "current")]),
    "groups in the first line, names in the second": (f"Host,Current,Target\n,Build,Build\nSRV1,{OLD},{NEW}\nSRV2,,{NEW}\n", [("SRV1", "behind"), ("SRV2", "unknown")]),
    "groups of what machines have": (f"Machine,Machine,Installed\nHost,OS,OS Build\nSRV1,Windows Server 2025,{NEW}\n", [("SRV1", "current")]),
    "rings beside machines": (f"host,build,,ring,target build\nSRV1,{OLD},,Pilot,{NEW}\nSRV2,{NEW},,Broad,{NEW}\n,,,Slow,{NEW}\n", [("SRV1", "behind"), ("SRV2", "current"), ("", "unknown")]),
    "builds of rings beside machines": (f"host,build,,ring,build\nSRV1,{OLD},,Pilot,{NEW}\nSRV2,{NEW},,Broad,{OLD}\n,,,Slow,{NEW}\n", [("SRV1", "behind"), ("SRV2", "current"), ("", "unknown")]),
    "rings on the left of machines": (f"ring,build,,host,build\nPilot,{NEW},,SRV1,{OLD}\nBroad,{OLD},,SRV2,{NEW}\n", [("SRV1", "behind"), ("SRV2", "current")]),
    "targets on the left of machines": (f"ring,target build,,host,build\nPilot,{NEW},,SRV1,{OLD}\nBroad,{NEW},,SRV2,{NEW}\n", [("SRV1", "behind"), ("SRV2", "current")]),
    "machines beside machines": (f"host,build,,host,build\nSRV1,{OLD},,SRV3,{NEW}\nSRV2,{NEW},,SRV4,{NEW}\n", [("SRV1", "behind"), ("SRV2", "current")]),
    "an empty column in a table": (f"host,,build,owner\nSRV1,,{NEW},IT\nSRV2,,{OLD},IT\n", [("SRV1", "current"), ("SRV2", "behind")]),
    "two builds around an empty column": (f"host,build,,product,version\nSRV1,{NEW},,Windows Server 2022,{OLD}\n", [("SRV1", "invalid")]),
    # Builds of now, by other names.
    **{
        f"a build of now, {column}": (f"Host,{column}\nSRV1,{NEW}\nSRV2,{OLD}\n", [("SRV1", "current"), ("SRV2", "behind")])
        for column in ("OS Build (as of 2026-07-20)", "Build now", "OS build today", "CurrentBuild.UBR", "latest(os_build)", "last(OSVersion)", "values(os_build)", "OSビルド（現在）")
    },
    "several builds of Splunk": (f'Host,values(os_build)\nSRV1,"{OLD}\n{NEW}"\nSRV2,{NEW}\n', [("SRV1", "invalid"), ("SRV2", "current")]),
    # What commands print.
    "a playbook": (
        (f'PLAY [all] ****\n\nTASK [Gathering Facts] ****\nok: [srv1]\nok: [srv3]\nfatal: [srv2]: UNREACHABLE! => {{"changed": false, "msg": "{NEW}", "unreachable": true}}\n\nTASK [show] ****\n'
        f'ok: [srv1] => {{\n    "ansible_facts.kernel": "10.0.{NEW}"\n}}\nok: [srv3] => {{\n    "msg": "10.0.{OLD}"\n}}\n\nPLAY RECAP ****\nsrv1 : ok=2 changed=0 unreachable=0\n'),
        [("srv1", "current"), ("srv3", "behind"), ("srv2", "unknown")],
    ),
    "a playbook, lines that were printed": (f'ok: [srv1] => {{\n    "ver.stdout_lines": [\n        "",\n        "Microsoft Windows [Version 10.0.{NEW}]"\n    ]\n}}\nok: [srv2] => {{"ver.stdout": "10.0.{OLD}"}}\n', [("srv1", "current"), ("srv2", "behind")]),
    "a playbook, a target": (f'TASK [show target build] ****\nok: [srv1] => {{\n    "msg": "10.0.{NEW}"\n}}\n', [("srv1", "unknown")]),
    "a playbook, a variable of a target": (f'ok: [srv1] => {{\n    "target_build": "{NEW}"\n}}\nok: [srv2] => {{\n    "os_build": "{NEW}"\n}}\n', [("srv1", "unknown"), ("srv2", "current")]),
    "a playbook, two builds": (f'ok: [srv1] => {{"msg": "{OLD}"}}\nchanged: [srv1]\nok: [srv1] => {{"msg": "{NEW}"}}\n', [("srv1", "unknown")]),
    "a playbook, a task on another host": (f'ok: [srv1 -> wsus] => {{"msg": "{NEW}"}}\nok: [srv2] => {{"msg": "{NEW}"}}\n', [("srv1", "unknown"), ("srv2", "current")]),
    "a playbook, a task that failed": (f'fatal: [srv1]: FAILED! => {{"msg": "{NEW}"}}\nok: [srv2] => {{"msg": "{NEW}"}}\n', [("srv1", "unknown"), ("srv2", "current")]),
    "a host of Ansible that was not reached": (f'srv1 | SUCCESS => {{"ansible_kernel": "10.0.{NEW}"}}\nsrv2 | UNREACHABLE!: {NEW}\n', [("srv1", "current"), ("srv2", "unknown")]),
    "names and builds in turn": (f"SRV1\n{NEW}\nSRV2\n10.0.{OLD}\nSRV3\nSRV4\n{NEW}\n", [("SRV1", "current"), ("SRV2", "behind"), ("SRV3", "unknown"), ("SRV4", "current")]),
    "words and builds in turn": (f"Target\n{NEW}\nSRV1\n{NEW}\n", [("Target", "unknown"), ("SRV1", "current")]),
    "a column of builds": (f"Build\n{NEW}\n", [("", "current")]),
    "salt-call": (f"local:\n    10.0.{NEW}\n", [("local", "current")]),
    "salt-call, a list": (f"local:\n    - 10.0.{NEW}\n", [("local", "current")]),
    "salt-call, JSON": (f'{{"local": "10.0.{NEW}"}}', [("local", "current")]),
    "lists of Salt": (f"srv1:\n    - 10.0.{NEW}\nsrv2:\n    - 10.0.{OLD}\n", [("srv1", "current"), ("srv2", "behind")]),
    "a list of a policy": (f"supported:\n    - 10.0.{NEW}\nsrv2:\n    - 10.0.{NEW}\n", [("supported", "unknown"), ("srv2", "current")]),
    "objects with a host each": (json.dumps([{"srv1": NEW}, {"srv2": OLD}, {"target": NEW}]), [("srv1", "current"), ("srv2", "behind"), ("", "unknown")]),
    "lines of JSON with a host each": (f'{{"srv1": "{NEW}"}}\n{{"srv2": "{OLD}"}}\n', [("srv1", "current"), ("srv2", "behind")]),
    "an object with a build alone": (json.dumps([{"build": NEW}]), [("", "current")]),
    # Two columns that only a number or a date tells apart.
    **{
        f"builds of two times, {first} and {second}": (f"Host,{first},{second}\nSRV1,{NEW},{BEFORE}\nSRV2,{NEW},{NEW}\nSRV3,,{OLD}\n", [("SRV1", "invalid"), ("SRV2", "current"), ("SRV3", "behind")])
        for first, second in (("OS Build 2026-06", "OS Build 2026-07"), ("OS Version 06/2026", "OS Version 07/2026"), ("OS Build", "OS Build 2"), ("OS Build", "OS Build.1"), ("Build #1", "Build #2"), ("OSビルド(6/30)", "OSビルド(7/31)"))
    },
    # Groups, and words that may be hosts.
    "groups of hosts": (json.dumps({"workstations": {"pc1": {"build": NEW}}, "servers": {"srv1": {"build": OLD}}}), [("pc1", "current"), ("srv1", "behind")]),
    "groups of words": (json.dumps({"dmz": {"paris": {"build": NEW}}, "lan": {"rome": {"build": OLD}}}), [("paris", "unknown"), ("rome", "behind")]),
    "a word with an address": (json.dumps({"paris": {"build": NEW, "ip": "10.0.0.1"}}), [("paris", "current")]),
    "words with old builds in JSON": (json.dumps({"paris": OLD, "rome": OLD}), [("paris", "behind"), ("rome", "behind")]),
    "words with old builds as labels": (f"paris: {OLD}\nrome: {OLD}\n", [("paris", "behind"), ("rome", "behind")]),
    "words with old builds as sections": (f"[paris]\nbuild={OLD}\n[rome]\nbuild={OLD}\n", [("paris", "behind"), ("rome", "behind")]),
    "sections that name the host again": (f"[SRV1]\nhost=SRV1\nbuild={NEW}\n\n[SRV2]\nhost=SRV2\nbuild={OLD}\n", [("SRV1", "current"), ("SRV2", "behind")]),
    "sections with another name than the host": (f"[a]\nhost=SRV1\nbuild={NEW}\n\n[b]\nhost=SRV2\nbuild={OLD}\n", [("SRV1", "current"), ("SRV2", "behind")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_machine_is_told_from_what_is_beside_it(name: str) -> None:
    text, expected = CASES[name]
    assert [(machine.host, machine.verdict) for machine in judged(text)] == expected


@pytest.mark.parametrize(
    "name",
    [
        "a host called BUILD01",
        "another table below, Ring,Target Build",
        "a summary below, Target",
        "a summary of two lines, and a machine",
        "machines after blank lines",
        "a summary at the end, Max",
        "a summary in quotes",
        "a summary at the beginning",
        "a title, Target builds for August",
        "groups above the header",
        "builds of rings beside machines",
    ],
)
def test_duckdb_says_the_same(name: str, run: Command, tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="needs the extra 'bulk': pip install 'hotpatch-kb[bulk]'")
    (tmp_path / "fleet.csv").write_text(CASES[name][0], encoding="utf-8")
    assert run("assess", "fleet.csv", "--on", DAY, "--engine", "duckdb").out == run("assess", "fleet.csv", "--on", DAY).out


def test_a_doubtful_row_with_json_is_read() -> None:
    """Two doubts meet: of the row, and of the object that its cell of JSON makes of it. It was an error 500 of the API."""
    head = "CurrentBuild\tCVE-9999-1\tbuild\tedition\tUBR\n"
    rows = (
        f'ws2025\t2147483648\t{BEFORE}\t{BEFORE}\t{{"a": [1]}}\n<x>\tsrv1\t{BEFORE}\tselect\tsrv1\n{BEFORE}\t{BEFORE}\tsrv1\tsrv1\tsrv1\n'
    )
    assert "current" not in {machine.verdict for machine in judged(head + rows)}
    headless = f'paris,{NEW},"{{""a"": ""{OLD}""}}"\nSRV1,{NEW},x\n'
    assert judged(headless)[0].verdict != "current"


def test_a_table_of_facts_may_begin_with_a_row_that_lacks_cells() -> None:
    """It is a row that cannot be read, and the facts after it are read; it was an error 500 of the API."""
    machines = judged(f"Host,Property,Value\nbroken,x\nA,OS,Windows Server 2025\nA,OS build,{NEW}\n")
    assert [(machine.host, machine.verdict) for machine in machines] == [("broken x", "unknown"), ("A", "current")]
    assert {machine.verdict for machine in judged("Value,Version,Key,id,Name\nhotpatch,33158,Ring 1,x\nRing 1,26100,Installed\n")} <= {
        "unknown",
        "invalid",
    }


def test_a_host_in_a_list_of_policies_may_be_an_object() -> None:
    """The name is looked for among those of the list; an object is none of them, and was an error 500 of the API."""
    body = json.dumps(
        {"policies": {"a": {"host": {"name": "SRV1"}, "osVersion": f"10.0.{NEW}"}}, "images": [{"host": ["x"], "osVersion": f"10.0.{NEW}"}]}
    )
    assert "current" not in {machine.verdict for machine in judged(body) if machine.host != "SRV1"}


def test_a_name_that_hosts_have_too_is_doubted_at_the_end_of_a_long_table_alone() -> None:
    """Its last rows are read in another piece than its first; a host called Max between two pieces is one, as Target there is not."""
    hosts = "".join(f"SRV{number:06},{NEW}\n" for number in range(120_000))
    machines = judged(f"Host,Build\n{hosts}Max,{NEW}\n{hosts}Max,{NEW}\n")
    assert [(place, machine.verdict) for place, machine in enumerate(machines) if machine.verdict != "current"] == [(240_001, "unknown")]
    machines = judged(f"Host,Build\n{hosts}Target,{NEW}\n{hosts}SRV9,{NEW}\n")
    assert [(place, machine.verdict) for place, machine in enumerate(machines) if machine.verdict != "current"] == [(120_000, "unknown")]
