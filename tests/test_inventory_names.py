"""Names that stand before or above a build, in each shape of an inventory: a host counts, and a word that may be anything does not. Embedded facts.

26100.33158 is KB5099536 of Windows Server 2025, current on 2026-07-20. "supported: 26100.33158" is a line of a policy, and no machine is patched for it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Command
from helpers.inventories import DAY, judged

NEW = "26100.33158"

# Two names and their builds, where nothing but the place says that they are hosts.
SHAPES = {
    "labels": "{a}: {build}\n{b}: {build}\n",
    "a list": "- {a}: {build}\n- {b}: {build}\n",
    "a list with numbers": "1. {a}: {build}\n2. {b}: {build}\n",
    "equals signs": "{a}={build}\n{b}={build}\n",
    "JSON": '{{"{a}": "{build}", "{b}": "{build}"}}',
    "JSON inside an answer": '{{"data": {{"{a}": "{build}", "{b}": "{build}"}}}}',
    "JSON, objects": '{{"{a}": {{"build": "{build}"}}, "{b}": {{"build": "{build}"}}}}',
    "JSON, objects with a system": '{{"{a}": {{"os": "Windows Server 2025", "osVersion": "10.0.{build}"}}, "{b}": {{"os": "Windows Server 2025", "osVersion": "10.0.{build}"}}}}',
    "Python": "{{'{a}': '{build}', '{b}': '{build}'}}",
    "YAML": "{a}:\n  build: {build}\n{b}:\n  build: {build}\n",
    "INI": "[{a}]\nbuild={build}\n\n[{b}]\nbuild={build}\n",
    "sections": "===== {a} =====\nOS Version: 10.0.{build}\n\n===== {b} =====\nOS Version: 10.0.{build}\n",
    "headings": "## {a}\n\nOS build: {build}\n\n## {b}\n\nOS build: {build}\n",
    "winver": "{a}\nVersion 24H2 (OS Build {build})\n{b}\nVersion 24H2 (OS Build {build})\n",
    "pairs": "{a} build={build} os=windows\n{b} build={build} os=windows\n",
    "one pair": "{a} build={build}\n{b} build={build}\n",
    "no header": "{a},{build}\n{b},{build}\n",
    "no header, quotes": '"{a}";"{build}"\n"{b}";"{build}"\n',
    "no header, a product": "{a},Windows Server 2025,{build}\n{b},Windows Server 2025,{build}\n",
    "no header, blanks": "{a}\t{build}\n{b}\t{build}\n",
    "an empty name of a column": "|  | Build |\n|---|---|\n| {a} | {build} |\n| {b} | {build} |\n",
    "MediaWiki": "{{|\n! !! Build\n|-\n| {a} || {build}\n|-\n| {b} || {build}\n|}}\n",
    "XML": "<fleet><{a}><build>{build}</build></{a}><{b}><build>{build}</build></{b}></fleet>",
    "XML, attributes": '<fleet><{a} build="{build}"/><{b} build="{build}"/></fleet>',
}
# The same where something else says that they are hosts.
SURE = {
    "a column of hosts": "Host,Build\n{a},{build}\n{b},{build}\n",
    "an object of hosts": '{{"hosts": {{"{a}": {{"build": "{build}"}}, "{b}": {{"build": "{build}"}}}}}}',
    "an object of hosts, builds alone": '{{"minions": {{"{a}": "{build}", "{b}": "{build}"}}}}',
    "hosts of YAML": "all:\n  hosts:\n    {a}:\n      build: {build}\n    {b}:\n      build: {build}\n",
    "a group of Ansible": "[windows]\n{a} build={build}\n{b} build={build}\n",
    "Ansible's console": '{a} | SUCCESS => {{"build": "{build}"}}\n{b} | SUCCESS => {{"build": "{build}"}}\n',
    "ver": "{a}\nMicrosoft Windows [Version 10.0.{build}]\n{b}\nMicrosoft Windows [Version 10.0.{build}]\n",
    "addresses of their own": '{{"{a}": {{"ip": "10.0.0.1", "build": "{build}"}}, "{b}": {{"ip": "10.0.0.2", "build": "{build}"}}}}',
    "facts by host": "Host,Property,Value\n{a},OS,Windows Server 2025\n{a},OS Build,{build}\n{b},OS,Windows Server 2025\n{b},OS Build,{build}\n",
    "columns are machines": "Host,{a},{b}\nOS,Windows Server 2025,Windows Server 2025\nOS Build,{build},{build}\n",
}  # fmt: skip
HOSTS = [("SRV1", "web-01"), ("mail", "DC"), ("SRV-FILE", "sql-a"), ("WIN11-PC1", "DESKTOP-7FJ2K1"), ("a", "b"), ("SRV1", "mail")]
# Names of hosts that a rule for other names would take, and names that are none of hosts.
HOSTS_TOO = [
    "SQL2019",
    "EXCH2016",
    "SRV-2022",
    "DESKTOP-ABCDEFG",
    "WIN-ABCDEFGHIJK",
    "CORP\\PARIS",
    "SRV1$",
    "PC1",
    "dc01.contoso.com",
    "PROD-SQL01",
    "srv190008",
    "srv201912",
    "PC201503",
    "WKS-202011",
    "BER-VM-202001",
]
NO_HOSTS = ["x64", "2026-07B", "7B", "LCU202607", "Patch2026-07", "patch-2026-07", "Security-Update-202607", "SRV1_2026-07", "LCU20260714", "ssu1", "rc1", "b33158", "ws2025-dc", "WS25", "24h2-gac", "template1", "image1", "Snap1", "SRV1_before", "prod1", "us-east-1", "CHG0012345",
    "web", "app", "db", "sql", "servercore.amd64", "learn.microsoft.com", "readme.md"]  # fmt: skip
WORDS = ["supported", "WSUS", "Referenz", "canary", "MSRC", "advisory", "Microsoft", "vorgabe", "current-branch", "q3-2026"]


def verdicts(shape: str, a: str, b: str) -> list[str]:
    return [machine.verdict for machine in judged(shape.format(a=a, b=b, build=NEW))]


@pytest.mark.parametrize("hosts", HOSTS, ids="-".join)
@pytest.mark.parametrize("shape", SHAPES)
def test_hosts_count(shape: str, hosts: tuple[str, str]) -> None:
    assert verdicts(SHAPES[shape], *hosts) == ["current", "current"]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_words_are_not_called_patched(shape: str, word: str) -> None:
    assert verdicts(SHAPES[shape], word, "SRV1")[0] == "unknown"
    assert verdicts(SHAPES[shape], "SRV1", word)[1] == "unknown"


@pytest.mark.parametrize("shape", SURE)
def test_any_name_counts_where_something_says_that_it_is_a_host(shape: str) -> None:
    assert verdicts(SURE[shape], "paris", "mail") == ["current", "current"]


@pytest.mark.parametrize("word", ["ring1", "ws2025", "latest", "LCU202607", "2026-07B", "Patch2026-07"])
def test_rings_and_products_do_not_count_even_there(word: str) -> None:
    shape = SURE["an object of hosts"]
    assert verdicts(shape, word, "SRV1") == ["unknown", "current"]


@pytest.mark.parametrize("name", HOSTS_TOO)
def test_names_of_hosts_that_look_like_others_count(name: str) -> None:
    assert verdicts(SHAPES["no header"], name, "SRV1") == ["current", "current"]


@pytest.mark.parametrize("name", NO_HOSTS)
@pytest.mark.parametrize("shape", ["JSON", "a list", "no header"])
def test_names_with_numbers_that_are_none_of_hosts(shape: str, name: str) -> None:
    assert "current" not in verdicts(SHAPES[shape], name, "SRV1")[:1]


@pytest.mark.parametrize(
    "name",
    ["SQL2019", "TEST01", "SITE-1", "UPDATE01", "MES01", "BRANCH-PC01", "TRAINING01", "OLD-SRV1", "BER202607", "m190008", "web-2026-07"],
)
def test_a_name_with_a_number_counts_where_something_says_that_it_is_a_host(name: str) -> None:
    assert verdicts(SURE["an object of hosts"], name, "SRV1") == ["current", "current"]


def test_an_address_beside_a_word_says_that_it_is_a_host() -> None:
    assert [machine.verdict for machine in judged(f"paris,10.0.0.5,{NEW}\nberlin,10.0.0.6,20348.4171\n")] == ["current", "behind"]


def test_an_old_build_beside_a_word_is_behind_all_the_same() -> None:
    assert [machine.verdict for machine in judged("paris,20348.4171\nSRV1,20348.4171\n")] == ["behind", "behind"]


def test_duckdb_says_the_same_of_a_table_without_a_header(run: Command, tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="needs the extra 'bulk': pip install 'hotpatch-kb[bulk]'")
    (tmp_path / "fleet.csv").write_text(f"paris,{NEW}\nSRV1,{NEW}\n", encoding="utf-8")
    assert run("assess", "fleet.csv", "--on", DAY, "--engine", "duckdb").out == run("assess", "fleet.csv", "--on", DAY).out


def test_the_reason_says_what_is_doubtful() -> None:
    assert "(paris may not be a host)" in judged(f"paris,{NEW}\nSRV1,{NEW}\n")[0].reason
    assert "(paris may not be a host)" in judged(json.dumps({"paris": NEW, "SRV1": NEW}))[0].reason


@pytest.mark.parametrize("column", ["Tier", "Role", "Environment", "Rolle", "Umgebung", "環境", "Stage", "Server role"])
@pytest.mark.parametrize("build", ["Build", "OS Build"])
def test_tiers_and_roles_are_no_machines(column: str, build: str) -> None:
    """An older build is one all the same; below "Host" a machine may be called so."""
    assert [machine.verdict for machine in judged(f"{column},{build}\nweb,{NEW}\ndb,20348.4171\n")] == ["unknown", "behind"]
    assert [machine.verdict for machine in judged(f"Host,{build}\nweb,{NEW}\ndb,20348.4171\n")] == ["current", "behind"]


@pytest.mark.parametrize(
    "column",
    [
        "设备名称", "设备名", "计算机", "디바이스 이름", "서버명", "호스트명", "Nome dispositivo", "Název zařízení", "Enhetsnamn", "Cihaz adı", "Имя хоста", "Nom", "Nombre", "Poste", "PC", "NetBIOS Name",
        "PC名", "Datornamn", "Laitteen nimi", "Eszköz neve", "Sunucu adı", "Имя сервера", "伺服器名稱", "Nom du poste",
    ],
)  # fmt: skip
def test_columns_of_hosts_in_other_languages(column: str) -> None:
    machines = judged(f"{column},OS Build\nparis,{NEW}\nSRV2,20348.4171\n")
    assert [(machine.host, machine.verdict) for machine in machines] == [("paris", "current"), ("SRV2", "behind")]


@pytest.mark.parametrize("column", ["CI Name", "Agent"])
def test_columns_that_may_have_hosts(column: str) -> None:
    """Most often they have services and programs, so a word is not enough."""
    machines = judged(f"{column},OS Build\nparis,{NEW}\nSRV1,{NEW}\nSRV2,20348.4171\n")
    assert [(machine.host, machine.verdict) for machine in machines] == [("paris", "unknown"), ("SRV1", "current"), ("SRV2", "behind")]


@pytest.mark.parametrize("column", ["Nom", "Nombre", "CI Name", "Agent"])
def test_columns_of_names_of_anything(column: str) -> None:
    machines = judged(f"{column},Version\ntarget,{NEW}\nWSUS,{NEW}\n2026-07,{NEW}\nSRV1,{NEW}\n")
    assert [machine.verdict for machine in machines] == ["unknown", "unknown", "unknown", "current"]


@pytest.mark.parametrize("column", ["Name", "Nom", "CI Name", "Source"])
def test_names_of_several_words(column: str) -> None:
    things = ["Windows Update Agent", "Pilot ring", "SQL Server", "Update Stack"]
    hosts = ["Reception PC", "SRV1 (Bonn)", "Anna's laptop"]
    machines = judged(f"{column},Version\n" + "".join(f"{name},{NEW}\n" for name in things + hosts))
    assert [machine.verdict for machine in machines] == ["unknown"] * 4 + ["current"] * 3
