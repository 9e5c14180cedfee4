"""What is said of a fleet besides its verdicts: columns, warnings, how far the facts reach; alike by the command, the API and the site."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from conftest import Command
from helpers.datasettes import Datasette, form, post

DAY = "2026-07-20"
REGISTRY = "Host,CurrentVersion,CurrentBuild,UBR,Target build\nSRV1,6.3,20348,5386,26100.33158\nSRV2,6.3,26100,33158,26100.33158\n"
COLUMNS = {"host": ["Host"], "build": ["CurrentBuild"], "revision": ["UBR"]}
PASSED_OVER = [
    {"column": "CurrentVersion", "field": "build", "why": "none of its first values is one"},
    {"column": "Target build", "field": "build", "why": "its name is of what a machine shall have, could have or had"},
]


def test_what_was_read_and_what_was_not(run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").write_text(REGISTRY, encoding="utf-8")
    done = run("assess", "fleet", "--on", DAY, "--json", "--summary", "said.json")
    said = json.loads((tmp_path / "said.json").read_text(encoding="utf-8"))
    assert (said["columns"], said["passed_over"], said["machines"], said["warnings"]) == (COLUMNS, PASSED_OVER, 2, [])
    assert (said["day"], said["is_outdated"], said["encoding"], said["data_until"]) == (DAY, False, "utf-8", "2026-07-23")
    assert said["verdicts"] == [
        {"product": "ws2022", "verdict": "current", "machines": 1}, {"product": "ws2025", "verdict": "current", "machines": 1},
    ]  # fmt: skip
    rows = json.loads(done.out)
    assert [row["read_from"] for row in rows] == [COLUMNS] * 2
    assert all(row["data_until"] >= "2026-07-20" for row in rows)
    lines = done.err.splitlines()
    assert "columns: host from Host; build from CurrentBuild; revision from UBR" in lines
    assert "not read as build: CurrentVersion, none of its first values is one" in lines
    assert "not read as build: Target build, its name is of what a machine shall have, could have or had" in lines


def test_columns_of_objects_are_said_too(run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").write_text(json.dumps({"value": [{"Rechner": "A", "os": {"kernel": "10.0.20348.5386"}}]}), encoding="utf-8")
    done = run("assess", "fleet", "--on", DAY, "--json")
    assert json.loads(done.out)[0]["read_from"] == {"host": ["Rechner"], "build": ["os.kernel"]}
    assert "columns: host from Rechner; build from os.kernel" in done.err


@pytest.mark.parametrize(("undecided", "is_said"), [(1, False), (2, True)])
def test_a_share_of_machines_without_a_verdict_is_a_warning(undecided: int, run: Command, tmp_path: Path, *, is_said: bool) -> None:
    (tmp_path / "fleet").write_text("host,build\n" + "a,20348.5386\n" * (10 - undecided) + "b,noise\n" * undecided, encoding="utf-8")
    said = f"unknown or invalid: {undecided} of 10; the column reason says why"
    done = run("assess", "fleet", "--on", DAY)
    assert (done.code, f"{said}, and --fail-on unknown,invalid makes it exit code 6" in done.err.splitlines()) == (0, is_said)
    done = run("assess", "fleet", "--on", DAY, "--fail-on", "unknown,invalid")
    assert (done.code, said in done.err.splitlines()) == (6, is_said)


def test_the_first_example_of_the_help_fails_on_unknown_and_invalid(run: Command) -> None:
    examples = run("assess", "--help").out.partition("Examples:")[2].split("\n  ")
    assert "--fail-on unknown,invalid" in examples[1]


def test_facts_that_are_behind_are_said_in_one_line(run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").write_text("host,build\na,20348.5386\n", encoding="utf-8")
    done = run("assess", "fleet", "--on", "2026-11-20", "--json")
    said = (
        "the facts reach 2026-07-23, and a monthly release has come since: no machine is called current on 2026-11-20 before a crawl, "
        "or update, reads newer pages"
    )
    assert done.err.splitlines().count(said) == 1
    assert [(row["verdict"], row["data_until"]) for row in json.loads(done.out)] == [("unknown", "2026-07-22")]
    assert said not in run("assess", "fleet", "--on", DAY).err


def test_names_that_nobody_understands_are_counted(run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").write_text(
        "host,product,build\n" + "a,Betriebssystem X,20348.5386\n" * 3 + "b,Ubuntu Pro,26200.8390\nc,ws2022,20348.5386\n", encoding="utf-8"
    )
    done = run("assess", "fleet", "--on", DAY, "--summary", "said.json", "--format", "jsonl")
    assert [json.loads(line)["verdict"] for line in done.out.splitlines()] == ["current"] * 3 + ["restart_due", "current"]
    said = "not understood, or not a product of the build, so the build decides: 'Betriebssystem X' (3), 'Ubuntu Pro' (1)"
    assert said in done.err.splitlines()
    found = json.loads((tmp_path / "said.json").read_text(encoding="utf-8"))
    assert found["not_understood"] == [{"product": "Betriebssystem X", "machines": 3}, {"product": "Ubuntu Pro", "machines": 1}]


ODD = "Asset;Image level\nSRV1;20348.5386\n"


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        (["build"], "expected --map FIELD=COLUMN, got 'build'"),
        (["colour=x"], "expected a field (host, build, revision, product, line, kbs, edition, esu), got 'colour'"),
        (["build=Level"], "expected a column 'Level', got Asset, Image level"),
        ([], "expected a column that says the build (build, OSVersion ...; --map build=NAME names another), got Asset, Image level"),
    ],
)
def test_errors_of_map_are_the_same(mapping: list[str], said: str, own: Datasette, run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").write_text(ODD, encoding="utf-8")
    done = run("assess", "fleet", "--on", DAY, *[part for text in mapping for part in ("--map", text)])
    assert (done.code, done.err.splitlines()[-1]) == (2, f"hotpatch-kb: {said}")
    answer = post(own, f"/api/assess?on={DAY}" + "".join(f"&map={quote(text)}" for text in mapping), ODD.encode(), "text/csv")
    assert (answer.status_code, answer.json()["error"]) == (400, said)
    said = (
        said.replace("build, OSVersion ...; --map build=NAME names another)", "build)")
        .replace("the build (build)", "the build")
        .partition(", got")[0]
    )
    assert said.replace("'", "&#39;") in form(own, fleet=ODD, map="\n".join(mapping)).text


def test_map_is_the_same(own: Datasette, run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").write_text(ODD, encoding="utf-8")
    done = run("assess", "fleet", "--on", DAY, "--json", "--map", "build=Image level", "--map", "host=Asset")
    asked = f"/api/assess?on={DAY}&map={quote('build=Image level')}&map=host%3DAsset"
    assert post(own, asked, ODD.encode(), "text/csv").json() == json.loads(done.out)
    answer = post(own, f"{asked}&summary=1", ODD.encode(), "text/csv").json()
    assert (answer["machines"], answer["summary"]["columns"]) == (json.loads(done.out), {"host": ["Asset"], "build": ["Image level"]})
    page = form(own, fleet=ODD, map="build=Image level\nhost=Asset").text
    assert ("<code>Asset</code>" in page, "<code>Image level</code>" in page) == (True, True)


@pytest.mark.parametrize(
    ("query", "said"),
    [("summary=1&format=csv", "expected format=json with summary, got 'csv'"), ("summary=maybe", "expected summary=1, got 'maybe'"),
     ("maps=build%3DX", "expected format, on, map, encoding, summary, got 'maps'"), ("encoding=rot13", "expected an encoding such as cp1252, cp932, cp1251 or utf-16, got 'rot13'")],
)  # fmt: skip
def test_parameters_that_cannot_be_read(query: str, said: str, own: Datasette) -> None:
    answer = post(own, f"/api/assess?{query}", b"host,build\na,20348.5386\n", "text/csv")
    assert (answer.status_code, answer.json()) == (400, {"error": said})


def test_the_api_reads_a_code_page(own: Datasette) -> None:
    body = "host,build,拠点\nSRV1,20348.5386,東京\n".encode("cp932")
    rows: list[dict[str, Any]] = post(own, f"/api/assess?on={DAY}&encoding=cp932", body, "text/csv").json()
    assert [(row["拠点"], row["verdict"]) for row in rows] == [("東京", "current")]


@pytest.mark.parametrize("engine", ["builtin", "duckdb"])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_exit_code_6_names_the_first_machines(engine: str, form: str, run: Command, tmp_path: Path) -> None:
    """Up to five, each by its host or the number of its row, as a terminal can print it."""
    if engine == "duckdb":
        pytest.importorskip("duckdb", reason="needs the extra 'bulk': pip install 'hotpatch-kb[bulk]'")
    rows = [
        ("A", "26100.32772"),
        ("", "26100.32772"),
        ("C", "26100.33158"),
        ("D\x07[31m", "26100.32772"),
        *((name, "x") for name in "EFGH"),
    ]
    text = "\x1b[1mhost\x1b[0m,build\n" + "".join(f"{host},{build}\n" for host, build in rows)
    text = json.dumps([{"host": host, "build": build} for host, build in rows]) if form == "json" else text
    (tmp_path / "fleet").write_text(text, encoding="utf-8")
    done = run("assess", "fleet", "--on", DAY, "--engine", engine, "--fail-on", "not-current")
    said = "--fail-on: 7 of 8 machines (restart_due 3, invalid 4): A, row 2, D?[31m, E, F and 2 more; --only restart_due,invalid writes their rows alone"
    assert (done.code, done.err.splitlines()[-1]) == (6, said)
    done = run("assess", "fleet", "--on", DAY, "--engine", engine, "--fail-on", "left_line")
    assert (done.code, "--fail-on" in done.err.splitlines()[-1]) == (0, False)
