"""Inventories as people and their tools write them: each family has rows and verdicts that are written by hand. Embedded facts, on 2026-07-20.

26100.33158 of Windows Server 2025 and 20348.5386 of Windows Server 2022 are the baselines of July 2026, 26100.8875 is that of Windows 11 24H2,
KB5101650. KB5087423, 26100.32772, is the hotpatch of May, after which a baseline came.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Command, Done

from hotpatch_kb.db.model.product_names import read_name

DAY = "2026-07-20"


def _judged(run: Command, tmp_path: Path, text: str | bytes, *options: str) -> tuple[list[dict[str, Any]], Done]:
    (tmp_path / "fleet").write_bytes(text if isinstance(text, bytes) else text.encode())
    done = run("assess", "fleet", "--on", DAY, "--format", "jsonl", *options)
    return [json.loads(line) for line in done.out.splitlines()], done


def _verdicts(run: Command, tmp_path: Path, text: str | bytes, *options: str) -> list[tuple[str, str | None]]:
    rows, _ = _judged(run, tmp_path, text, *options)
    return [(row["verdict"], row["kb"]) for row in rows]


BASELINE_22, BASELINE_25, BASELINE_24H2 = ("current", "KB5099540"), ("current", "KB5099536"), ("current", "KB5101650")
MAY = ("restart_due", "KB5087423")

FAMILIES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "the registry, with the version that is 6.3 everywhere": (
        "Host,CurrentVersion,CurrentBuild,UBR\nSRV1,6.3,20348,5386\nSRV2,6.3,26100,33158\n", [BASELINE_22, BASELINE_25],
    ),
    "the registry, with all of CurrentVersion": (
        ("ComputerName,CurrentBuild,CurrentBuildNumber,CurrentMajorVersionNumber,CurrentVersion,DisplayVersion,EditionID,ProductName,UBR\n"
        "SRV1,20348,20348,10,6.3,21H2,ServerDatacenter,Windows Server 2022 Datacenter,5386\n"
        "PC1,26100,26100,10,6.3,24H2,Enterprise,Windows 10 Enterprise,8875\n"),
        [BASELINE_22, BASELINE_24H2],
    ),
    "a build number and a revision, as others name them": (
        "host;BuildNumber;Revision\nSRV1;20348;5386\nSRV2;26100;33158\n", [BASELINE_22, BASELINE_25],
    ),
    "names with a version behind them": (
        ("host,os,build\nSRV1,Microsoft Windows Server 2022 Standard 21H2,20348.5386\nSRV2,Windows Server 2025 24H2,26100.33158\n"
        "SRV3,Microsoft Server operating system-24H2,26100.33158\nSRV4,2025-datacenter-azure-edition,26100.33158\n"
        "SRV5,Windows® Server 2022 Datacenter: Azure Edition,20348.5386\n"),
        [BASELINE_22, BASELINE_25, BASELINE_25, BASELINE_25, BASELINE_22],
    ),
    "names in other scripts and with letters that look alike": (
        ("host,OS,build\nSRV1,Майкрософт Windows Server 2022 Стандарт,20348.5386\nSRV2,Ｗｉｎｄｏｗｓ　Ｓｅｒｖｅｒ　２０２５,26100.33158\n"
        "SRV3,Wіndоws Server 2022,20348.5386\nPC1,Windows 11 专业版,26100.8875\n"),
        [BASELINE_22, BASELINE_25, BASELINE_22, BASELINE_24H2],
    ),
    "columns of other scripts that are no product": ("host,build,OS 言語\nPC1,26100.8875,日本語\n", [BASELINE_24H2]),
    "columns in other languages": (
        "Rechner;Betriebssystem;Buildnummer;Standort\nSRV1;Windows Server 2022 Standard;20348.5386;Köln\nSRV2;Windows Server 2025 Standard;26100.33158;Bonn\n",
        [BASELINE_22, BASELINE_25],
    ),
    "Japanese columns": (
        "コンピューター名,OS 名,OS ビルド\nSRV1,Microsoft Windows Server 2025 Datacenter,26100.33158\nPC1,Microsoft Windows 11 Enterprise,26100.8875\n",
        [BASELINE_25, BASELINE_24H2],
    ),
    "a build inside a text": (
        ("hostname,os_version\nSRV1,Microsoft Windows Server 2022 Standard 21H2 10.0.20348.5386\nPC1,10.0.26100.8875 (ge_release)\n"
        "PC2,24H2 (OS Build 26100.8875)\nPC3,Microsoft Windows [Versión 10.0.26100.8875]\nPC4,バージョン 24H2 (OS ビルド 26100.8875)\n"
        "PC5,The machine runs 10.0.26100.8875.\n"),
        [BASELINE_22, *[BASELINE_24H2] * 5],
    ),
    "KBs decide where there is no revision": (
        ("host,OS,build,KBs\nSRV1,Windows Server 2022,10.0.20348,KB5099540\nSRV2,Windows Server 2025,10.0.26100,KB5087423\n"
        "SRV3,Windows Server 2025,26100,KB5087423 KB5099536 KB5012170\nSRV4,Windows Server 2025,26100,KB5012170\nPC1,Windows 11,26100,5101650\n"),
        [BASELINE_22, MAY, BASELINE_25, ("unknown", None), BASELINE_24H2],
    ),
    "osquery": (
        ('[{"name": "Microsoft Windows Server 2025 Standard", "version": "10.0.26100", "build": "26100", "platform": "windows", "hostname": "SRV1", "revision": "33158"},'
        ' {"name": "Microsoft Windows 11 Pro", "version": "10.0.26100", "build": "26100", "platform": "windows", "hostname": "PC1", "revision": 8875}]'),
        [BASELINE_25, BASELINE_24H2],
    ),
    "Ansible's facts": (
        ('{"ansible_hostname": "SRV1", "ansible_os_name": "Microsoft Windows Server 2022 Standard", "ansible_kernel": "10.0.20348.0", "ubr": 5386}\n'
        '{"ansible_hostname": "SRV2", "ansible_os_name": "Microsoft Windows Server 2025 Standard", "ansible_distribution_version": "10.0.26100.33158"}\n'),
        [BASELINE_22, BASELINE_25],
    ),
    "Wazuh": (
        ('[{"id": "001", "name": "SRV1", "os": {"name": "Microsoft Windows Server 2022 Standard", "version": "10.0.20348.5386", "platform": "windows"}},'
        ' {"id": "002", "name": "PC1", "os": {"name": "Microsoft Windows 11 Enterprise", "version": "10.0.26100.8875"}}]'),
        [BASELINE_22, BASELINE_24H2],
    ),
    "Zabbix, one text": (
        "Host,system.sw.os\nSRV1,Windows Server 2022 Standard 21H2 x64 [10.0.20348.5386]\nSRV2,Windows Server 2025 Datacenter 24H2 [10.0.26100.33158]\n",
        [BASELINE_22, BASELINE_25],
    ),
}  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_families(family: str, run: Command, tmp_path: Path) -> None:
    text, expected = FAMILIES[family]
    assert _verdicts(run, tmp_path, text) == expected


@pytest.mark.parametrize("family", [name for name, (text, _) in FAMILIES.items() if text[0] not in "[{"])
def test_duckdb_reads_the_same(family: str, run: Command, tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="needs the extra 'bulk': pip install 'hotpatch-kb[bulk]'")
    (tmp_path / "fleet.csv").write_text(FAMILIES[family][0], encoding="utf-8")
    builtin = run("assess", "fleet.csv", "--on", DAY)
    duckdb = run("assess", "fleet.csv", "--on", DAY, "--engine", "duckdb")
    assert (duckdb.out, duckdb.err) == (builtin.out, builtin.err)


def test_duckdb_leaves_the_line_below_a_header_out(run: Command, tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="needs the extra 'bulk': pip install 'hotpatch-kb[bulk]'")
    (tmp_path / "fleet.md").write_text("|host|build|\n|----|----|\n|SRV1|20348.5386|\n", encoding="utf-8")
    builtin = run("assess", "fleet.md", "--on", DAY)
    assert (builtin.code, builtin.out.count("\n"), run("assess", "fleet.md", "--on", DAY, "--engine", "duckdb").out) == (0, 2, builtin.out)


def test_what_was_chosen_is_said(run: Command, tmp_path: Path) -> None:
    _, done = _judged(run, tmp_path, FAMILIES["the registry, with the version that is 6.3 everywhere"][0])
    assert "columns: host from Host; build from CurrentBuild; revision from UBR" in done.err
    _, done = _judged(run, tmp_path, "host,product,build\nSRV1,ws2022,20348.5386\n")
    assert "columns:" not in done.err


def test_a_name_that_is_not_understood_is_said_and_the_build_decides(run: Command, tmp_path: Path) -> None:
    rows, done = _judged(run, tmp_path, "host,product,build\nA,Betriebssystem X,20348.5386\nB,Windows Server 2019,26100.33158\n")
    assert [row["kb"] for row in rows] == ["KB5099540", "KB5099536"]
    assert (
        "not understood, or not a product of the build, so the build decides: 'Betriebssystem X' (1), 'Windows Server 2019' (1)\n"
        in done.err
    )


def test_a_name_of_another_product_than_the_build_is_said(run: Command, tmp_path: Path) -> None:
    """The registry says "Windows 10" on Windows 11, and a family without a version is no contradiction."""
    right = ["Windows 10 Pro", "Windows 11", "Windows 11 Enterprise 24H2", "Windows", "", "Windows 10 Enterprise 24H2"]
    wrong = ["Windows 11 25H2", "Windows Server 2025", "Windows Server"]
    _, done = _judged(run, tmp_path, "host,product,build\n" + "".join(f"a,{name},26100.8875\n" for name in right))
    assert "so the build decides" not in done.err
    rows, done = _judged(run, tmp_path, "host,product,build\n" + "".join(f"a,{name},26100.8875\n" for name in wrong))
    assert {row["kb"] for row in rows} == {"KB5101650"}
    assert all(f"'{name}' (1)" in done.err for name in wrong)


@pytest.mark.parametrize("name", ["Azure Stack HCI", "Azure Local", "Microsoft Windows Server 2012 R2 Standard", "Windows 7 Professional"])
def test_other_systems_are_not_covered_by_name(name: str, run: Command, tmp_path: Path) -> None:
    rows, _ = _judged(run, tmp_path, f"host,os,build\nA,{name},26100.33158\n")
    assert [(row["verdict"], row["reason"]) for row in rows] == [("unknown", f"not covered: {name}")]


def test_two_builds_in_a_text_are_invalid_and_named(run: Command, tmp_path: Path) -> None:
    rows, _ = _judged(run, tmp_path, "host,build\nA,from 26100.32995 to 26100.33158\nB,26100.33158 = 10.0.26100.33158\n")
    assert [(row["verdict"], row["reason"]) for row in rows] == [
        ("invalid", "expected one build, got 26100.32995, 26100.33158"), ("current", "nothing newer of the hotpatch line is required"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "column",
    [
        "target build",
        "Required Build",
        "latest_build",
        "plannedBuild",
        "Previous build",
        "Ziel-Build",
        "目標ビルド",
        "Approved OS version",
        "remark",
    ],
)
def test_a_build_that_a_machine_shall_have_is_not_what_it_has(column: str, run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet.csv").write_text(f"host,{column}\nA,26100.33158\n", encoding="utf-8")
    done = run("assess", "fleet.csv", "--on", DAY)
    assert (done.code, "expected a column that says the build" in done.err) == (2, True)
    rows, _ = _judged(run, tmp_path, json.dumps([{"host": "A", column: "26100.33158", "build": ""}]))
    assert rows[0]["verdict"] == "unknown"


def test_no_other_column_speaks_for_an_empty_one(run: Command, tmp_path: Path) -> None:
    assert _verdicts(run, tmp_path, "host,build,OS version of the image\nA,,26100.33158\nB,,26100.33158\n") == [("unknown", None)] * 2


def test_kbs_that_a_machine_lacks_decide_nothing(run: Command, tmp_path: Path) -> None:
    text = "host,OS,build,Applicable KBs\nA,Windows Server 2025,10.0.26100,KB5099536\n"
    assert _verdicts(run, tmp_path, text) == [("unknown", None)]


def test_a_remark_is_no_build(run: Command, tmp_path: Path) -> None:
    """One row in three mentions a build; the column of builds says another."""
    text = "host,build,remark\nA,26100.32995,until 26100.33158 is tested\nB,26100.32995,\nC,26100.32995,ask Ann\n"
    assert [verdict for verdict, _ in _verdicts(run, tmp_path, text)] == ["restart_due"] * 3 or _verdicts(run, tmp_path, text)[0][
        0
    ] == "ambiguous"
    (tmp_path / "fleet.csv").write_text("host,remark\nA,until 26100.33158 is tested\nB,ask Ann\nC,-\n", encoding="utf-8")
    assert run("assess", "fleet.csv", "--on", DAY).code == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Windows Server 2022, 23H2 Edition", "ws-23h2"), ("WindowsServer2019", "ws2019"), ("Win2022", "ws2022"), ("Hyper-V Server 2019", "ws2019"),
        ("win11-24h2-ent", "win11-24h2"), ("Windows 10 Enterprise LTSC 2019", "win10-1809"), ("Windows 10 Enterprise 2016 LTSB", "win10-1607"),
        ("Windows 10 Pro 24H2", "win11-24h2"), ("Windows 10, version 1809", "win10-1809"), ("Microsoft Server operating system-21H2", "ws2022"),
        ("SQL Server 2019", None), ("Windows 10 and Windows Server 2019", None), ("24H2 and 25H2", None), ("Windows NT 10.0.26100", None),
    ],
)  # fmt: skip
def test_names(text: str, expected: str | None) -> None:
    assert read_name(text).product == expected
