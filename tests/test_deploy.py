"""The files of deploy/: systemd accepts its units, cron's line is quiet but for failures, commands name options that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import etree

from scraper.cli import cli

DEPLOY = Path(__file__).parent.parent / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())


def _systemd_analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze, of Debian's package systemd")
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, check=False)


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/hotpatch-kb/bin/hotpatch-kb", "/bin/true")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    done = _systemd_analyze("verify", "--man=no", *(tmp_path / unit.name for unit in UNITS))
    said = [line for line in done.stderr.splitlines() if "hotpatch-kb" in line]
    assert (done.returncode, said) == (0, []), done.stderr


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_services_are_hardened(unit: Path) -> None:
    done = _systemd_analyze("security", "--offline=yes", "--threshold=20", unit)  # 20 stands for an exposure of 2.0
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr


@pytest.mark.parametrize(("code", "err"), [(0, ""), (5, ""), (3, "said\n"), (1, "said\n")])
def test_the_line_of_cron_mails_failures_alone(tmp_path: Path, code: int, err: str) -> None:
    line = (DEPLOY / "cron" / "hotpatch-kb").read_text(encoding="utf-8").splitlines()[-1]
    *when, user, command = line.split(maxsplit=6)
    assert (when, user, "%" in command) == (["*/15", "*", "*", "*", "*"], "hotpatch-kb", False)
    fake = tmp_path / "hotpatch-kb"
    fake.write_text(f"#!/bin/sh\necho said\nexit {code}\n", encoding="utf-8")
    fake.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", command.replace("/opt/hotpatch-kb/bin/hotpatch-kb", str(fake))], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("", err)


# The children of each element in the order of the documented schema (Task Scheduler, "Task Scheduler Schema Elements"): where it is a sequence
# schtasks refuses another; where it is not, this is what Export-ScheduledTask writes.
TASK_ORDER = {
    "Task": "RegistrationInfo Triggers Principals Settings Actions",
    "RegistrationInfo": "Source Date Author Version Description URI",
    "TimeTrigger": "Enabled StartBoundary EndBoundary Repetition ExecutionTimeLimit RandomDelay",
    "Repetition": "Interval Duration StopAtDurationEnd",
    "Principal": "UserId LogonType GroupId RunLevel",
    "Settings": "MultipleInstancesPolicy DisallowStartIfOnBatteries StopIfGoingOnBatteries AllowHardTerminate StartWhenAvailable "
    "RunOnlyIfNetworkAvailable IdleSettings AllowStartOnDemand Enabled Hidden RunOnlyIfIdle WakeToRun ExecutionTimeLimit Priority RestartOnFailure",
    "Exec": "Command Arguments WorkingDirectory",
}


def test_the_task_of_windows() -> None:
    written = (DEPLOY / "windows" / "hotpatch-kb-crawl.xml").read_bytes()
    assert written.startswith(b"\xff\xfe")
    assert written[2:].decode("utf-16-le").startswith('<?xml version="1.0" encoding="UTF-16"?>\r\n')
    task = etree.fromstring(written)
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert {etree.QName(element).namespace for element in task.iter(etree.Element)} == set(space.values())
    for element in task.iter(etree.Element):
        children = [etree.QName(child).localname for child in element.iterchildren(etree.Element)]
        if (order := TASK_ORDER.get(etree.QName(element).localname)) is not None:
            assert children == [name for name in order.split() if name in children], element.tag
    values = {
        "t:Triggers/t:TimeTrigger/t:Repetition/t:Interval": "PT15M",
        "t:Principals/t:Principal/t:UserId": "S-1-5-19",  # LOCAL SERVICE, by number: its name is translated
        "t:Principals/t:Principal/t:RunLevel": "LeastPrivilege",
        "t:Settings/t:MultipleInstancesPolicy": "IgnoreNew",
        "t:Settings/t:StartWhenAvailable": "true",
        "t:Settings/t:ExecutionTimeLimit": "PT2H",
    }
    assert {path: task.findtext(path, namespaces=space) for path in values} == values
    assert task.find("t:Principals/t:Principal/t:LogonType", space) is None  # "Password" would ask for one
    assert task.find("t:Triggers/t:TimeTrigger/t:Repetition/t:Duration", space) is None  # without it: for ever
    assert task.find("t:Principals/t:Principal", space).get("id") == task.find("t:Actions", space).get("Context")


def test_commands_name_what_exists() -> None:
    found = 0
    for file in (path for path in DEPLOY.rglob("*") if path.is_file()):
        for line in re.findall(r"bin/hotpatch-kb ([a-z][^\n>|)]*)", file.read_text(encoding="utf-8")):
            name, *words = line.split()
            options = {option for parameter in cli.commands[name].params for option in (*parameter.opts, *parameter.secondary_opts)}
            assert {word for word in words if word.startswith("--")} <= options, file.name
            found += 1
    assert found == 3
