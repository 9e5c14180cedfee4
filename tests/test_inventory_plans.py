"""What a title, a remark, a name of a list or of a column says of a build: that it is planned, due, waiting, or failed.

A machine is never called patched for such a build; an older one keeps its verdict, and what only looks like a plan takes nothing away.
"""

from __future__ import annotations

import pytest
from helpers.inventories import judged

NEW, OLD = "26100.33158", "26100.32995"  # of Windows Server 2025: that of July 2026, and the one before it


def verdicts(text: str) -> list[str]:
    return [machine.verdict for machine in judged(text)]


def beside(column: str, said: str, build: str = NEW) -> list[str]:
    return verdicts(f'Host,OS,Build,{column}\nsrv1,Windows Server 2025,{build},"{said}"\n')


NOT_YET = [
    ("Notes", "after reboot"), ("Notes", "once rebooted"), ("Notes", "reboot pending"), ("Notes", "tbd"), ("Notes", "not yet"), ("Notes", "goal for August"),
    ("Comment", "in Arbeit"), ("Bemerkung", "geplant für August"), ("備考", "再起動待ち"), ("备注", "待重启"), ("Remarque", "redémarrage en attente"),
    ("Observaciones", "pendiente de reinicio"), ("Deployment", "Queued"), ("Percent complete", "99"), ("ETA", "2026-08-02"), ("Due", "2026-08-02"),
    ("Deadline", "02.08.2026"), ("Scheduled", "2026-08-02"), ("Done", "No"), ("Finished", "No"), ("Verified", "No"), ("Confirmed", "false"), ("OK", "No"),
    ("Update available", "Yes"), ("Available updates", "Yes"),
]  # fmt: skip
HARMLESS = [
    ("Notes", "no reboot pending"), ("Notes", "restart not required"), ("Notes", "No 12"), ("Notes", "after move to DC2"), ("Notes", "restarted"), ("Notes", "0 pending updates"),
    ("Notes", "planned downtime 3 August"), ("Deployment", "Production"), ("Deployment", "Completed"), ("Percent complete", "100%"), ("ETA", "done"), ("Due", "2026-07-01"),
    ("Deadline", "none"), ("Target", NEW), ("Done", "JS"), ("Done", "Yes"), ("Verified", "2026-07-16"), ("Verified", "Bob"), ("OK", "OK"), ("Update available", "No"),
    ("Available updates", "3"), ("Available", "Yes"), ("Warranty end", "2028-01-01"), ("Next restart", "2026-08-01"), ("Maintenance window", "2026-08-02"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "said"), NOT_YET)
def test_a_build_that_waits(column: str, said: str) -> None:
    assert beside(column, said) == ["unknown"]
    assert beside(column, said, OLD) == ["ambiguous"], "an older build keeps its verdict"


@pytest.mark.parametrize(("column", "said"), HARMLESS)
def test_what_says_nothing_against_a_build(column: str, said: str) -> None:
    assert beside(column, said) == ["current"]


@pytest.mark.parametrize(
    ("column", "said"), [("Deadline", "2026-08-02"), ("Notes", "reboot pending"), ("Done", "No"), ("Update available", "Yes")]
)
def test_beside_the_build_of_the_system_they_say_nothing(column: str, said: str) -> None:
    assert verdicts(f"Host,OS,OS Build,{column}\nsrv1,Windows Server 2025,{NEW},{said}\n") == ["current"]


@pytest.mark.parametrize(("column", "said"), [("Install by", "2026-07-31"), ("ETA", "2026-08-02"), ("Done", ""), ("Done", "No"), ("Deployment", "Queued"), ("Notes", "en cours")])  # fmt: skip
def test_a_kb_that_waits(column: str, said: str) -> None:
    assert verdicts(f"Host,OS,OS Build,KB,{column}\nsrv1,Windows Server 2025,26100,KB5099536,{said}\n") == ["unknown"]


def test_a_kb_that_is_done() -> None:
    assert verdicts("Host,OS,OS Build,KB,Done\nsrv1,Windows Server 2025,26100,KB5099536,Yes\n") == ["current"]


@pytest.mark.parametrize(
    "title",
    ["Target state August", "Sollzustand", "来月の適用計画", "8月の適用予定", "Wave 2 rollout plan", "Patchplan August 2026", "Server rollout plan", "To be patched on Saturday", "Aug-26 target", "Wave 2 (next week)",
     "Expected after CHG0042", "Approved for August", "État cible", "Estado objetivo", "Stato previsto", "目標状態", "Целевое состояние", "Simulation", "What-if", "Forecast"],
)  # fmt: skip
def test_titles_of_plans(title: str) -> None:
    assert verdicts(f"{title}\n\nhost,build\nsrv1,{NEW}\nsrv2,{OLD}\n") == ["unknown", "ambiguous"]
    assert verdicts(f"## {title}\n\n| Host | Build |\n|---|---|\n| srv1 | {NEW} |\n") == ["unknown"]


@pytest.mark.parametrize(
    "title",
    ["IST-Zustand", "Deployment status", "Patch status July", "Expected reboots per server: 1", "Approved by J. Smith", "Maintenance window: Saturdays", "After rollout", "Weekly report", "パッチ適用状況",
     "Update report July 2026", "Last updated 2026-07-20", "Servers after the July patching", "Scheduled export"],
)  # fmt: skip
def test_titles_of_machines(title: str) -> None:
    assert verdicts(f"{title}\n\nhost,build\nsrv1,{NEW}\n") == ["current"]


@pytest.mark.parametrize("column", ["Build 2026-08", "Build (2026-08-15)", "OS build 08/2026"])
def test_a_column_of_a_day_to_come(column: str) -> None:
    assert verdicts(f"Host,{column}\nsrv1,{NEW}\nsrv2,{OLD}\n") == ["unknown", "ambiguous"]


@pytest.mark.parametrize("column", ["Build 2026-07", "Build 2026-07-20", "OS build 06/2026", "Ist-Build", "Ist-Version"])
def test_a_column_of_today(column: str) -> None:
    assert verdicts(f"Host,{column}\nsrv1,{NEW}\nsrv2,{OLD}\n") == ["current", "ambiguous"]


def test_what_is_and_what_shall_be() -> None:
    assert verdicts(f"Server;Soll-Build;Ist-Build\nsrv1;{NEW};{OLD}\n") == ["ambiguous"]


@pytest.mark.parametrize("name", ["failed", "skipped", "todo", "queue", "rollout", "not_installed", "toBeInstalled"])
def test_lists_of_a_run_of_updates(name: str) -> None:
    assert verdicts(f'{{"{name}":[{{"host":"srv1","build":"{NEW}"}},{{"host":"srv2","build":"{OLD}"}}]}}') == ["unknown", "ambiguous"]
    assert verdicts(f"{name}:\n  wave1:\n    - host: srv1\n      build: {NEW}\n") == ["unknown"]


@pytest.mark.parametrize("name", ["succeeded", "running", "stopped", "nonCompliant", "unreachable", "tasks", "deployments", "notMonitored"])
def test_lists_of_machines(name: str) -> None:
    assert verdicts(f'{{"{name}":[{{"host":"srv1","build":"{NEW}"}}]}}') == ["current"]


COMPONENTS = {
    "CycloneDX": f'{{"bomFormat":"CycloneDX","components":[{{"type":"operating-system","name":"windows","version":"10.0.{NEW}"}}]}}',
    "OSCAL": f'{{"component-definition":{{"components":[{{"uuid":"y","type":"software","title":"Windows Server 2025","props":[{{"name":"version","value":"10.0.{NEW}"}}]}}]}}}}',
    "titles with ids": f"uuid,title,version\na1,Windows Server 2025,10.0.{NEW}\n",
    "tickets": f"Ticket,User,Subject,Build\nINC1,bob,Blue screen,{NEW}\n",
    "tests": f"Test,User,OS Build,Result\nT1,bob,{NEW},Pass\n",
    "files": f"File,Size,User,Build\nserver.iso,5GB,bob,{NEW}\n",
}


@pytest.mark.parametrize("name", COMPONENTS)
def test_what_is_no_machine(name: str) -> None:
    assert verdicts(COMPONENTS[name]) == ["unknown"]


MACHINES = {
    "a user and his device's model": f"User,Model,OS Build\nbob,Latitude,{NEW}\n",
    "a user with a title": f"UPN,Title,OS Build\nbob@x,Engineer,{NEW}\n",
    "components with hosts": f'{{"components":[{{"host":"srv1","osBuild":"{NEW}"}}]}}',
    "a ticket of a host": f"Host,Ticket,Build\nsrv1,CHG0042,{NEW}\n",
}


@pytest.mark.parametrize("name", MACHINES)
def test_what_is_a_machine(name: str) -> None:
    assert verdicts(MACHINES[name]) == ["current"]


@pytest.mark.parametrize("cell", [f"-> {NEW}", f"--> {NEW}", f"=> {NEW}", f"{NEW} en cours", f"{NEW} (en cours)", f"{NEW} in Bearbeitung"])
def test_cells_that_speak_of_what_is_to_come(cell: str) -> None:
    assert verdicts(f"Host,Build\nsrv1,{cell}\n") == ["unknown"]


@pytest.mark.parametrize("cell", [f"✅ {NEW}", f"{NEW} ✓", f"Version en cours : {NEW}", f"build => {NEW}"])
def test_cells_that_speak_of_what_is(cell: str) -> None:
    assert verdicts(f"Host,Build\nsrv1,{cell}\n") == ["current"]


def test_arrows_between_hosts_and_builds() -> None:
    assert verdicts(f"srv1 -> {NEW}\nsrv2 -> {OLD}\n") == ["current", "ambiguous"]


def test_links_of_markdown() -> None:
    """The address of a link says nothing of the build, and is no part of the host's name."""
    table = f"| Host | Build |\n|---|---|\n| [srv1](https://cmdb.example/srv1) | [{NEW}](https://support.microsoft.com/help/5099536) |\n"
    assert [(machine.host, machine.verdict) for machine in judged(table)] == [("srv1", "current")]
    assert verdicts(table.replace(NEW, OLD)) == ["ambiguous"]


def test_numbers_of_a_spreadsheet_with_a_decimal_comma() -> None:
    assert verdicts("host;CurrentBuild;UBR\nsrv1;26100,0;33158,0\nsrv2;26100,0;32995,0\n") == ["current", "ambiguous"]
    assert verdicts("host;Build\nsrv1;26100,33158\nsrv2;26100,0\n") == ["current", "unknown"]


def test_yaml_without_a_value() -> None:
    machines = judged(f'- host: srv1\n  build: ~\n- host: srv2\n  build: {NEW}\n- host: srv3\n  build: "~"\n')
    assert [(machine.verdict, machine.reason) for machine in machines] == [
        ("unknown", "no build is stated"),
        ("current", "nothing newer of the hotpatch line is required"),
        ("invalid", "expected a build such as 26100.32772, got '~'"),
    ]


DOCUMENTS = {
    "the first element of XML": f'<rolloutPlan><server name="srv1" build="{NEW}"/></rolloutPlan>',
    "the title of a page": f"<html><head><title>Rollout plan</title></head><body><table><tr><th>Host</th><th>Build</th></tr><tr><td>srv1</td><td>{NEW}</td></tr></table></body></html>",
    "a sentence before a table": f"<p>The following builds will be installed in August:</p><table><tr><th>Host</th><th>Build</th></tr><tr><td>srv1</td><td>{NEW}</td></tr></table>",
    "a heading that is underlined": f"Planned for August\n==================\n\n+------+-------------+\n| Host | Build       |\n+======+=============+\n| srv1 | {NEW} |\n+------+-------------+\n",
    "a comment of YAML": f"# Planned for August\n- host: srv1\n  build: {NEW}\n",
    "what it runs on": f'{{"host":"srv1","runsOn":{{"osBuild":"{NEW}"}}}}',
    "the server of a guest": f'{{"host":"srv1","hostServer":{{"osBuild":"{NEW}"}}}}',
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_of_plans(name: str) -> None:
    assert verdicts(DOCUMENTS[name]) == ["unknown"]


OF_TODAY = {
    "the first element of XML": f'<updateReport><server name="srv1" build="{NEW}"/></updateReport>',
    "the title of a page": f"<html><head><title>Update status</title></head><body><table><tr><th>Host</th><th>Build</th></tr><tr><td>srv1</td><td>{NEW}</td></tr></table></body></html>",
    "a sentence before a table": f"<p>All builds were installed without errors:</p><table><tr><th>Host</th><th>Build</th></tr><tr><td>srv1</td><td>{NEW}</td></tr></table>",
    "a sentence about hotpatching": f"Hotpatch is not available in this region\n\nhost,build\nsrv1,{NEW}\n",
    "a comment of YAML": f"# Do not edit\n- host: srv1\n  build: {NEW}\n",
    "facts of a host": f'{{"host":"srv1","hostInfo":{{"osBuild":"{NEW}"}}}}',
}


@pytest.mark.parametrize("name", OF_TODAY)
def test_documents_of_today(name: str) -> None:
    assert verdicts(OF_TODAY[name]) == ["current"]
