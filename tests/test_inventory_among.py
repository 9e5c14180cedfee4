"""What comes among the machines of an inventory and is none: a summary in the middle, what made the list, facts and metrics of other things. Embedded facts.

20348.5386 is KB5099540 of Windows Server 2022, current on 2026-07-20; 20348.4171 is an old build of it. Verdicts are written by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers.inventories import DAY, judged

from hotpatch_kb.db.fleet.inventory.tables.summaries import are_like_hosts, begins_as_summary

NEW, OLD = "10.0.20348.5386", "10.0.20348.4171"
Machines = list[tuple[str, str]]
TWO: Machines = [("srv1", "current"), ("srv2", "behind")]


def _as_csv(names: list[tuple[str, str]]) -> str:
    return "Host,Build\n" + "".join(f"{name},{build}\n" for name, build in names)


def _as_lines_of_json(names: list[tuple[str, str]]) -> str:
    return "".join(json.dumps({"host": name, "build": build}) + "\n" for name, build in names)


# One list in the shapes that tools write.
SHAPES = {
    "CSV": _as_csv,
    "a list of JSON": lambda names: json.dumps([{"host": name, "build": build} for name, build in names]),
    "JSON lines": _as_lines_of_json,
    "a list in an answer": lambda names: json.dumps({"value": [{"hostname": name, "os": {"version": build}} for name, build in names]}),
    "pairs": lambda names: "".join(f'host="{name}" build={build}\n' for name, build in names),
    "XML": lambda names: "<r>" + "".join(f"<m><host>{name}</host><build>{build}</build></m>" for name, build in names) + "</r>",
    "YAML": lambda names: "".join(f"- host: {name}\n  build: {build}\n" for name, build in names),
    "Format-List": lambda names: "".join(f"\nName      : {name}\nOsVersion : {build}\n" for name, build in names),
    "Format-Table": lambda names: f"\n{'Name':18} OsVersion\n{'----':18} ---------\n" + "".join(f"{name:18} {build}\n" for name, build in names),
    "Markdown": lambda names: "| Host | Build |\n|---|---|\n" + "".join(f"| {name} | {build} |\n" for name, build in names),
    "a drawn table": lambda names: (
        "+------+-------+\n| host | build |\n+------+-------+\n" + "".join(f"| {name} | {build} |\n" for name, build in names) + "+------+-------+\n"
    ),
    "a wiki": lambda names: "||host||build||\n" + "".join(f"|{name}|{build}|\n" for name, build in names),
    "HTML": lambda names: (
        "<table><tr><th>Host</th><th>Build</th></tr>" + "".join(f"<tr><td>{name}</td><td>{build}</td></tr>" for name, build in names) + "</table>"
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["Target", "Total", "Newest", "Subtotal Berlin", "Gesamt"])
def test_a_summary_among_machines_is_none(name: str, shape: str) -> None:
    text = SHAPES[shape]([("srv1", NEW), ("srv2", OLD), (name, NEW), ("srv3", NEW)])
    found = [(machine.host, machine.verdict) for machine in judged(text)]
    assert [verdict for _, verdict in found] == ["current", "behind", "unknown", "current"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["target01", "max", "Reference PC"])
def test_hosts_with_such_names_are_hosts(name: str, shape: str) -> None:
    """A number, a word that a host may have for a name, and a computer."""
    text = SHAPES[shape]([("srv1", NEW), ("srv2", OLD), (name, NEW), ("srv3", NEW)])
    assert [machine.verdict for machine in judged(text)] == ["current", "behind", "current", "current"]


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "pairs"])  # there a value that denies something is no host
def test_a_host_among_words_may_be_called_target(shape: str) -> None:
    text = SHAPES[shape]([(name, NEW) for name in ("paris", "target", "london", "berlin")])
    assert [machine.verdict for machine in judged(text)] == ["current"] * 4


def test_an_older_build_of_a_host_called_target_keeps_its_verdict() -> None:
    text = json.dumps([{"host": "srv1", "build": NEW}, {"host": "Target", "build": OLD}, {"host": "srv2", "build": NEW}])
    assert [machine.verdict for machine in judged(text)] == ["current", "behind", "current"]


def test_words_of_summaries() -> None:
    assert [name for name in ("Total:", "**Target**", "Grand total", "Minimum for servers", "合計") if not begins_as_summary(name)] == []
    assert [name for name in ("total1", "srv-target", "Max", "Reference PC", "", "-", "The target") if begins_as_summary(name)] == []
    assert not are_like_hosts([])
    assert not are_like_hosts(["Target", ""])
    assert are_like_hosts(["srv1", "srv2", "Subtotal Bonn", "srv3", "srv4", "Subtotal Berlin"])


# Objects beside and among machines that say their hosts.
DEVICES = [{"host": "srv1", "build": NEW}, {"host": "srv2", "build": OLD}]
BESIDE: dict[str, tuple[Any, Machines]] = {
    **{
        f"what made the list, {name}": ({name: {"osVersion": NEW}, "devices": DEVICES}, [("", "unknown"), *TWO])
        for name in ("generatedBy", "scanner", "meta", "report", "collector", "server", "summary", "environment")
    },
    "with an object of its system": ({"generator": {"os": {"version": NEW}}, "devices": DEVICES}, [("", "unknown"), *TWO]),
    "after the list": ({"devices": DEVICES, "meta": {"os": {"build": NEW}}}, [*TWO, ("", "unknown")]),
    "in an answer of several lists": ({"a": {"items": DEVICES}, "info": {"build": NEW}}, [*TWO, ("", "unknown")]),
    "it has a host": ({"scanner": {"hostname": "scan1", "osVersion": NEW}, "devices": DEVICES}, [("scan1", "current"), *TWO]),
    "one machine without a name": ({"os": {"version": NEW}, "disks": [{"name": "C:"}]}, [("", "current")]),
    "the last of a list": ([*DEVICES, {"osVersion": NEW, "count": 2}], [*TWO, ("", "unknown")]),
    "the last of a list, nested": ([*DEVICES, {"summary": {"build": NEW}}], [*TWO, ("", "unknown")]),
    "the last of a list, with nothing else": ([*DEVICES, {"build": NEW}], [*TWO, ("", "unknown")]),
    "a machine with a serial number": ([*DEVICES, {"serialNumber": "S-1", "build": NEW}], [*TWO, ("", "current")]),
    "a machine whose host is empty": ([*DEVICES, {"host": None, "build": NEW}], [*TWO, ("", "current")]),
    "machines without hosts": ([{"build": NEW}, {"build": OLD}], [("", "current"), ("", "behind")]),
    "hosts beside a number": ({"srv1": {"osVersion": NEW}, "srv2": {"osVersion": OLD}, "count": 2}, TWO),
    "hosts beside a day": ({"generated": "2026-07-20", "srv1": {"osVersion": NEW}, "srv2": {"osVersion": OLD}}, TWO),
}  # fmt: skip


@pytest.mark.parametrize("name", BESIDE)
def test_objects_beside_machines(name: str) -> None:
    body, expected = BESIDE[name]
    assert [(machine.host, machine.verdict) for machine in judged(json.dumps(body))] == expected


# Names of facts and sensors that are of the system of their machine, and of other things.
OF_SYSTEM = [
    "Operating system", "System description", "OS version", "Windows patch level", "WMI OS Version", "System uname", "check_os_version", "kernelversion", "kernelrelease", "windows_build", "ansible_kernel", "Betriebssystem Version",
    "OSビルド", "Версия ОС", "PowerShell OS build", "EXE/Script Advanced OS build", "OS build (daily)", "Bonn OS build", "vm.os.version", "SRV-Build", "Registry: CurrentBuild", "OS build of srv1",
]  # fmt: skip
OF_OTHERS = [
    "hotfix_target", "gateway", "gateway_build", "dc_version", "wsus_build", "history", "benchmark", "golden_image", "lastKnownGood", "rollbackTo", "archived_build", "partner", "iso", "winre_build", "offered", "template",
    "compliance_policy", "cluster_build", "intended_build", "CPU",
]  # fmt: skip


@pytest.mark.parametrize(("label", "verdict"), [*((label, "current") for label in OF_SYSTEM), *((label, "unknown") for label in OF_OTHERS)])
def test_names_of_facts_and_sensors(label: str, verdict: str) -> None:
    puppet = [{"certname": "srv1", "name": label, "value": NEW}, {"certname": "srv2", "name": label, "value": NEW}]
    zabbix = {"result": [{"host": "srv1", "items": [{"name": label, "key_": "x", "lastvalue": NEW}]}]}
    assert [machine.verdict for machine in judged(json.dumps(puppet))] == [verdict] * 2
    assert [machine.verdict for machine in judged(json.dumps(zabbix))] == [verdict]


def _metric(value: str = "1", **labels: str) -> str:
    metric = {"instance": "srv1:9182", "build_number": "20348", "revision": "5386", **labels}
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": [{"metric": metric, "value": [1785000000, value]}]}})


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        *((_metric(__name__=name), "current") for name in ("windows_os_info", "node_os_info", "wmi_os_info", "target_info")),
        *((_metric(__name__=name), "unknown") for name in ("windows_updates_pending_info", "windows_update_available_info", "expected_os_info", "wsus_build_info", "windows_exporter_build_info")),
        (_metric(), "current"), (_metric("1.0"), "current"), (_metric("0"), "unknown"), (_metric("12"), "unknown"), (_metric("NaN"), "unknown"),
    ],
)  # fmt: skip
def test_metrics_of_other_things(text: str, verdict: str) -> None:
    assert [machine.verdict for machine in judged(text)] == [verdict]


def test_a_metric_of_a_plan_in_the_text_of_an_exporter_is_no_machine() -> None:
    labels = 'product="Windows Server 2022",build_number="20348",revision="5386"'
    text = f'windows_os_info{{instance="srv1",{labels}}} 1\nexpected_os_info{{instance="srv2",{labels}}} 1\n'
    assert [(machine.host, machine.verdict) for machine in judged(text)] == [("srv1", "current")]


# Inventories of Ansible: variables of a group are of no machine, and lines of hosts are.
INI: dict[str, tuple[str, Machines]] = {
    "variables of all": (f"[servers]\nsrv1 os_build={NEW}\nsrv2 os_build={OLD}\n\n[all:vars]\nansible_connection=winrm\nansible_port=5986\n", TWO),
    "a build among them": (f"[servers]\nsrv1 os_build={NEW}\nsrv2 os_build={OLD}\n\n[all:vars]\nos_build={NEW}\n", TWO),
    "variables before the hosts": (f"[servers:vars]\ntarget_build={NEW}\n[servers]\nsrv1 build={NEW}\nsrv2 build={OLD}\n", TWO),
    "groups of groups": (f"[web]\nsrv1 build={NEW}\n[db]\nsrv2 build={OLD}\n[prod:children]\nweb\ndb\n", TWO),
    "addresses": (f"[servers]\nsrv1 ansible_host=10.0.0.1 os_build={NEW}\nsrv2 ansible_host=10.0.0.2 os_build={OLD}\n[servers:vars]\nansible_user=a\n", TWO),
}  # fmt: skip


@pytest.mark.parametrize("name", INI)
def test_inventories_of_ansible(name: str) -> None:
    text, expected = INI[name]
    assert [(machine.host, machine.verdict) for machine in judged(text)] == expected


def test_a_field_of_servicenow_as_it_is_shown() -> None:
    """``sysparm_display_value=all`` gives each field as it is shown and as it is kept."""
    shown = [
        {name: {"display_value": text, "value": text, "link": "https://x"} for name, text in (("name", host), ("os_version", build))}
        for host, build in (("srv1", NEW), ("srv2", OLD))
    ]
    assert [(machine.host, machine.verdict) for machine in judged(json.dumps({"result": shown}))] == TWO


@pytest.mark.parametrize("columns", [9, 20_000 - 2])
def test_a_header_as_long_as_what_is_read_at_once(columns: int, run: Command, tmp_path: Path) -> None:
    """A header of more than 262,144 characters had no rows below it."""
    names = ",".join(f"KB{5000000 + number} status" for number in range(columns))
    (tmp_path / "fleet.csv").write_text(
        f"host,build,{names}\nsrv1,{NEW}{',Installed' * columns}\nsrv2,{OLD}{',Installed' * columns}\n", encoding="utf-8"
    )
    done = run("assess", "fleet.csv", "--on", DAY, "--format", "jsonl")
    assert done.code == 0, done.err
    assert [json.loads(line)["verdict"] for line in done.out.splitlines()] == ["current", "behind"]


@pytest.mark.parametrize(
    "line",
    [
        f"Target,{NEW}",
        f"Subtotal Berlin,{NEW}",
        f"**total**:,{NEW}",
        f'"Total, all",{NEW}',
        f'"Total ""x""",{NEW}',
        f"max,{NEW}",
        f"合計,{NEW}",
    ],
)
def test_duckdb_says_the_same_of_a_summary_in_the_middle(line: str, run: Command, tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="needs the extra 'bulk': pip install 'hotpatch-kb[bulk]'")
    hosts = "".join(f"SRV{number:04},{NEW}\n" for number in range(1_000))
    (tmp_path / "fleet.csv").write_text(f"Computer,OS Build\n{hosts}{line}\n{hosts}", encoding="utf-8")
    builtin = run("assess", "fleet.csv", "--on", DAY)
    assert (builtin.code, builtin.out.count(",unknown,")) == (0, 0 if line.startswith("max") else 1)
    assert run("assess", "fleet.csv", "--on", DAY, "--engine", "duckdb").out == builtin.out


@pytest.mark.parametrize("title", ["Planned", "Geplant,", "Target builds for August", "予定", "Pending (approval)"])
@pytest.mark.parametrize("between", [",", "\t"])
def test_a_second_table_of_what_is_planned(title: str, between: str) -> None:
    table = f"site,host,build\nA,srv1,{OLD}\n\n{title}\nsite,host,build\nA,srv1,{NEW}\n\nNow\nsite,host,build\nA,srv2,{NEW}\n".replace(
        ",", between
    )
    rows = judged(table)
    assert [(row.host, row.verdict) for row in rows if row.host.startswith("srv")] == [
        ("srv1", "behind"),
        ("srv1", "unknown"),
        ("srv2", "current"),
    ]


@pytest.mark.parametrize("title", ["Planned", "Missing", "適用予定", "Geplant für August"])
def test_a_title_of_what_is_planned(title: str) -> None:
    assert [row.verdict for row in judged(f"{title}\n\nhost,build\nsrv1,{NEW}\n")] == ["unknown"]


def test_a_second_table_of_machines() -> None:
    rows = judged(f"host,build\nsrv1,{OLD}\n\nSite B\nhost,build\nsrv2,{NEW}\n\nSite C\nhost,build\nsrv3,{OLD}\n")
    assert [(row.host, row.verdict) for row in rows if row.host.startswith("srv")] == [
        ("srv1", "behind"),
        ("srv2", "current"),
        ("srv3", "behind"),
    ]
