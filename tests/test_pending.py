"""KBs that are newer than the build, what an edition gets after its support, and months where nothing is known. Embedded facts.

KB5099536 is 26100.33158, the baseline of July 2026 of Windows Server 2025; 26100.32995 is that of June, 26100.32690 that of April, KB5087423 the hotpatch
of May (26100.32772). KB5068865 of 2025-11-11 is the last update of Windows 11 23H2 Pro, KB5066791 of 2025-10-14 that of Windows 10 22H2 without ESU.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Command
from helpers.inventories import judged

from hotpatch_kb.db.answers.verdicts import Verdicts
from hotpatch_kb.db.model.editions import Machine
from hotpatch_kb.db.store.connections import open_seed_database

JULY = "KB5099536 of 2026-07-14 is listed as installed, and the build 26100.32995 is older: a restart seems to be pending"
LISTED = [
    # host, product, build, line, KBs, verdict, what the reason says of a KB
    ("A", "ws2025", "26100.32995", "hotpatch", "KB5099536 KB5082063", "restart_due", JULY),
    ("B", "ws2025", "26100.32995", "standard", "5082063;5099536", "behind", JULY),
    ("C", "", "10.0.26100.32995", "", "KB5099536", "ambiguous", JULY),
    ("D", "ws2025", "26100.33158", "", "KB5099536 KB5082063", "current", ""),
    ("E", "ws2025", "26100.32995", "standard", "KB5082063", "behind", ""),
    ("F", "ws2025", "26100.32995", "standard", "missing: KB5099536", "behind", ""),  # it is not listed as installed
    ("G", "ws2025", "26100.32995", "standard", "KB5101650", "behind", ""),  # of Windows 11 alone
    ("H", "ws2025", "26100.32690", "hotpatch", "KB5082063 KB5087423", "restart_due",
     "KB5087423 of 2026-05-12 is listed as installed, and the build 26100.32690 is older: collect the build again"),
    ("I", "ws2022", "20348.5020", "standard", "KB5099540", "behind",
     "KB5099540 of 2026-07-14 is listed as installed, and the build 20348.5020 is older: a restart seems to be pending"),
    ("J", "ws2025", "26100.2033", "standard", "KB5046617", "behind", ""),  # of November 2024: a restart does not wait for years
]  # fmt: skip
TABLE = "host,product,build,line,kbs\n" + "".join(f"{','.join(row[:5])}\n" for row in LISTED)


def test_a_kb_that_is_newer_than_the_build_is_said() -> None:
    for machine, (host, *_, verdict, said) in zip(judged(TABLE), LISTED, strict=True):
        assert (machine.host, machine.verdict) == (host, verdict), machine
        assert machine.reason.endswith(said), machine
        assert bool(said) == ("is listed as installed" in machine.reason), machine


def test_the_build_with_its_revision_in_another_column() -> None:
    text = "host,product,CurrentBuild,UBR,kbs\nA,ws2025,26100,32995,KB5099536 KB5082063\nB,ws2025,26100,33158,KB5099536\n"
    first, second = judged(text)
    assert (first.verdict != "current", JULY in first.reason) == (True, True)
    assert (second.verdict, second.reason) == ("current", "nothing newer of the hotpatch line is required")


def test_duckdb_says_the_same(run: Command, tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="needs the extra 'bulk': pip install 'hotpatch-kb[bulk]'")
    (tmp_path / "fleet.csv").write_text(TABLE, encoding="utf-8")
    builtin = run("assess", "fleet.csv", "--on", "2026-07-20")
    assert builtin.out.count("a restart seems to be pending") == 4
    assert run("assess", "fleet.csv", "--on", "2026-07-20", "--engine", "duckdb").out == builtin.out


PRO, ENTERPRISE = Machine(edition="home_pro"), Machine(edition="enterprise")


@pytest.mark.parametrize(
    ("product", "build", "machine", "expected"),
    [
        ("win11-23h2", "22631.5039", PRO, ("unsupported", 8, "KB5068865")),  # April to November 2025
        ("win11-23h2", "22631.6199", PRO, ("unsupported", 0, None)),
        ("win11-23h2", "22631.7376", PRO, ("unsupported", 0, None)),
        ("win11-23h2", "22631.5039", ENTERPRISE, ("behind", 16, "KB5099414")),
        ("win10-22h2", "19045.5487", PRO, ("unsupported", 8, "KB5066791")),
        ("win10-22h2", "19045.5487", PRO._replace(has_esu=True), ("behind", 17, "KB5099539")),
    ],
)
def test_what_an_edition_gets_after_its_support(product: str, build: str, machine: Machine, expected: tuple[str, int, str | None]) -> None:
    verdict = Verdicts(open_seed_database(), "2026-07-20").of_build(product, build, machine)["standard", ""]
    assert (verdict.verdict, verdict.months_behind, verdict.next_kb) == expected
    assert not {"KB5077797", "KB5078132", "KB5077796", "KB5078129"} & set(verdict.newer_out_of_band.split()) or not expected[0].startswith(
        "un"
    )


def test_months_are_not_known_beside_unknown(run: Command, tmp_path: Path) -> None:
    """On 2026-11-20 the embedded facts are four months old: what is missing is not known, and what is known to be missing is said."""
    (tmp_path / "fleet.csv").write_text(
        "host,product,build,line\nA,ws2025,26100.33158,hotpatch\nB,ws2025,26100.32772,hotpatch\nC,,26100.33158,\nD,ws2025,,\n",
        encoding="utf-8",
    )
    rows = [json.loads(line) for line in run("assess", "fleet.csv", "--on", "2026-11-20", "--format", "jsonl").out.splitlines()]
    assert [(row["verdict"], row["months_behind"]) for row in rows] == [
        ("unknown", None), ("restart_due", 2), ("unknown", None), ("unknown", None),
    ]  # fmt: skip
