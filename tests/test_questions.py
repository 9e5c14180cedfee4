"""Questions of administrators (docs/questions.md): each command is run again and compared, and what it must say is written here by hand."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from conftest import Command

sys.path.insert(0, str(Path(__file__).parent.parent / "docs"))

import generated

PAGE: Final = (Path(__file__).parent.parent / "docs" / "questions.md").read_text(encoding="utf-8")
QUESTIONS: Final = re.findall(
    r"^## (\d+)\. (.+?)$.*?^```\n\$ hotpatch-kb (.+?)\n(.*?)^```$(?=\n<!-- \[\[\[end)", PAGE, re.MULTILINE | re.DOTALL
)
# By question: the exit code, and what the answer must say.
EXPECTED: Final = {
    1: (0, "not patched (restart due); the baseline KB5099536 of 2026-07-14 is newer"),
    2: (0, "if hotpatch  not patched (behind); KB5087424 of 2026-05-12 is newer; next KB5087424, without a restart"),
    3: (0, "KB5100456: KB5094126 26100.8655"),
    4: (0, "next restart now, unless KB5099536 of 2026-07-14 is installed; after that 2026-10-13 (October 2026), planned"),
    5: (0, "then         2027-01-12 (January 2027), expected by the cadence"),
    6: (0, "Windows Server 2025   B     h     h     B     h     B!    B   >(h)   (h)  #(B)   (h)   (h)"),
    7: (0, "2027-01  (baseline)  baseline, by cadence  (2027-01-12)"),
    8: (0, "Windows Server 2025   B     h     h     B     h   >(h)  #(B)"),
    9: (0, "BEGIN:VALARM"),
    10: (
        0,
        "left open by KB5072014 on Windows Server 2025, December 2025: open unless its companion KB5074204 is installed, which the build does not show; KB5072033 fixes it, but leaves the line",
    ),
    11: (0, "open CVE     CVE-2025-54100 (Important), open unless its companion KB5074204 is installed, which the build does not show"),
    12: (0, "KB5094125 26100.32995 on Windows Server 2025"),
    13: (0, "KB5089466 26100.8390 on Windows 11, version 24H2"),
    14: (0, "26100.6905: ambiguous, one of 2; decided by --kb-installed"),
    15: (0, "KB5070893 26100.6905 on Windows Server 2025\n  is           component update of the hotpatch line"),
    16: (0, "rejoins      with the baseline of June 2026"),
    17: (4, "Windows Server 2025: nearest known build below is 26100.32772, above 26100.32860"),
    18: (0, "not supported; support of Home and Pro ended on 2025-11-11"),
    19: (0, "no: Windows 11, version 23H2: hotpatching begins with Windows 11, version 24H2"),
    20: (0, "yes: Windows Server 2025: Standard on Azure Arc has hotpatching"),
    21: (0, "would be yes MicrosoftWindowsServer:WindowsServer:2022-Datacenter-Azure-Edition-Core"),
    22: (0, "1350.00 USD: Hotpatch, 2025-08-01 through 2026-04-30, 9 months"),  # 100 cores x 1.50 USD x 9 months
    23: (0, "web1,Windows Server 2025,26100.32772,hotpatch,restart_due,hotpatch,KB5087423"),
    24: (6, '"host": "old1", "product": "Windows Server 2012 R2", "build": "9600", "line": "", "verdict": "unknown"'),
    25: (0, "2026-07-23  Windows 10, version 1607: new cumulative update (LCU), KB5099535 14393.9339 2026-07-14"),
    26: (6, "learn_release_info"),
}


@pytest.fixture(autouse=True)
def _day(at: Callable[[str], None]) -> None:
    at(generated.DAY)


def test_there_are_at_least_25() -> None:
    assert [int(number) for number, *_ in QUESTIONS] == list(EXPECTED)
    assert len(EXPECTED) >= 25


@pytest.mark.parametrize(("number", "question", "call", "shown"), QUESTIONS)
def test_the_command_answers_as_shown(number: str, question: str, call: str, shown: str, run: Command) -> None:
    Path("fleet.csv").write_text(generated.FLEET, encoding="utf-8")
    code, said = EXPECTED[int(number)]
    done = run(*shlex.split(call))
    assert question.endswith("?") or "?" in question or "What now" in question
    assert (done.code, said in done.out) == (code, True), done.out[:2000]
    lines, printed = shown.splitlines(), [line.rstrip() for line in done.out.splitlines()]
    if lines[-1] == "  …":
        lines, printed = lines[:-1], printed[: len(lines) - 1]
    assert lines == printed


def test_help_alone_leads_to_each_command(run: Command) -> None:
    """Every command and option of an answer is named by a help, and the first help has a call for nearly every question."""
    first = run("--help").out
    found = 0
    for _, _, call, _ in QUESTIONS:
        command, *words = shlex.split(call)
        of_command = run(command, "--help").out
        assert re.search(rf"^  {command} ", first, re.MULTILINE)
        assert [word for word in words if word.startswith("--") and word not in of_command] == []
        options = {word for word in words if word.startswith("--")} - {"--on", "--product", "--json", "--from", "--to", "--line"}
        calls = [line.strip() for line in f"{first}\n{of_command}".splitlines() if line.strip().startswith(f"hotpatch-kb {command}")]
        found += any(options <= set(example.split()) for example in calls)
    assert found >= 20


def test_the_japanese_page_has_the_same_commands() -> None:
    japanese = (Path(__file__).parent.parent / "docs" / "questions.ja.md").read_text(encoding="utf-8")
    assert re.findall(r"```.*?```", japanese, re.DOTALL) == re.findall(r"```.*?```", PAGE, re.DOTALL)
    assert re.findall("^## [0-9]+", japanese, re.MULTILINE) == re.findall("^## [0-9]+", PAGE, re.MULTILINE)
