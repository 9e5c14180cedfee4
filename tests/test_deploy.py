"""The files of deploy/: systemd accepts its units, cron's line is quiet but for failures, commands name options that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

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


def test_commands_name_what_exists() -> None:
    found = 0
    for file in (path for path in DEPLOY.rglob("*") if path.is_file()):
        for line in re.findall(r"bin/hotpatch-kb ([a-z][^\n>|)]*)", file.read_text(encoding="utf-8")):
            name, *words = line.split()
            options = {option for parameter in cli.commands[name].params for option in (*parameter.opts, *parameter.secondary_opts)}
            assert {word for word in words if word.startswith("--")} <= options, file.name
            found += 1
    assert found == 3
