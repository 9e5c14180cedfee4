"""The files of deploy/: systemd accepts its units, cron's line is quiet but for failures, commands name options that exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
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


def _fakes(folder: Path, **scripts: str) -> dict[str, str]:
    """An environment in which these programs of ours come first; each notes its arguments in a file of its name with ".log"."""
    for name, body in scripts.items():
        fake = folder / name.replace("_", "-")
        fake.write_text(f'#!/bin/sh\necho "$*" >>"$0.log"\n{body}\n', encoding="utf-8")
        fake.chmod(0o755)
    return {"PATH": f"{folder}:{os.defpath}", "HOME": str(folder)}


KUBERNETES = sorted((DEPLOY / "kubernetes").iterdir())


def _resources() -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for file in KUBERNETES for one in yaml.safe_load_all(file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("version", ["1.25", None], ids=["oldest", "newest"])
def test_kubernetes_knows_every_field(version: str | None) -> None:
    kubernetes = pytest.importorskip("kubernetes_validate", reason="needs kubernetes-validate, of the extra test")
    for resource in _resources().values():
        kubernetes.validate(resource, version or kubernetes.latest_version(), strict=True)
    with pytest.raises(kubernetes.ValidationError):
        kubernetes.validate({**_resources()["CronJob"], "spce": {}}, version or kubernetes.latest_version(), strict=True)


def test_pods_are_confined_and_share_a_volume_of_one_node() -> None:
    found = _resources()
    claim, site, cron = found["PersistentVolumeClaim"], found["Deployment"]["spec"], found["CronJob"]["spec"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert (site["replicas"], site["strategy"]) == (1, {"type": "Recreate"})
    assert (cron["concurrencyPolicy"], cron["startingDeadlineSeconds"] > 10) == ("Forbid", True)  # below 10 a CronJob may never start
    assert cron["jobTemplate"]["spec"]["backoffLimit"] == 0
    crawl = cron["jobTemplate"]["spec"]["template"]["spec"]
    for pod in (site["template"]["spec"], crawl):
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"].keys() == {"requests", "limits"}
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
        assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    (near,) = crawl["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    labels = site["template"]["metadata"]["labels"]
    assert near["labelSelector"]["matchLabels"] == site["selector"]["matchLabels"] == found["Service"]["spec"]["selector"] == labels
    assert labels.items() != cron["jobTemplate"]["spec"]["template"]["metadata"]["labels"].items()  # the service must not reach a crawl


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (3, 0), (5, 0), (1, 1), (2, 2), (137, 137)])
def test_the_job_does_not_fail_because_of_a_source(tmp_path: Path, code: int, ends: int) -> None:
    (container,) = _resources()["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    done = subprocess.run(container["command"], env=_fakes(tmp_path, hotpatch_kb=f"exit {code}"), check=False)
    assert (done.returncode, (tmp_path / "hotpatch-kb.log").read_text(encoding="utf-8")) == (ends, "crawl --due\n")


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-16" if file.suffix == ".xml" else "utf-8")


def _command_lines() -> Iterator[tuple[Path, list[str]]]:
    """Every command line of ours in deploy/ and docs/deploy.md: after the program's name, or as a list of arguments of an image."""
    for file in (*sorted(path for path in DEPLOY.rglob("*") if path.is_file()), DEPLOY.parent / "docs" / "deploy.md"):
        text = _text(file)
        for line in re.findall(r"\bhotpatch-kb ([a-z]+(?=[\s`\"';)]).*)", text):
            yield file, [word.strip("\"'") for word in re.split(r"\d?>|[|;&)`<,]", line)[0].split()]
        for line in re.findall(r"^\s*(?:args:|command:|CMD) \[(.*)\]", text, flags=re.MULTILINE):
            words = [word.strip(" \"'") for word in line.split(",")]
            if not words[0].startswith("/"):
                yield file, words
        for line in re.findall(r"<Arguments>(.*)</Arguments>", text):
            yield file, line.split()


def test_commands_name_what_exists() -> None:
    told = set()
    for file, (name, *words) in _command_lines():
        assert name in cli.commands, f"{file.name}: {name}"
        options = {option for parameter in cli.commands[name].params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word.split("=")[0] for word in words if word.startswith("-")} <= options, f"{file.name}: {name} {words}"
        told.add(file.parent.name)
    assert told == {folder.name for folder in DEPLOY.iterdir()} | {"docs"}  # each kind of file has at least one that is found
