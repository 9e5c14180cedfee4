"""What is said of a fleet besides its verdicts: columns, warnings, how far the facts reach; alike by the command, the API and the site."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from conftest import Command
from helpers.datasettes import Datasette, form, post

from hotpatch_kb.db.answers import verdicts
from hotpatch_kb.db.answers.exposure.gaps import _ELSE, _UNLESS, _WITHOUT, IN_TEXT, condition
from hotpatch_kb.db.model.messages import Message, Messages

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
        {"product": "ws2022", "verdict": "current", "condition": None, "machines": 1},
        {"product": "ws2025", "verdict": "current", "condition": None, "machines": 1},
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


# In December 2025 the newest hotpatch leaves a CVE open that its companion of the same build closes; in May 2026 that of Server 2022 has no companion.
CONDITIONAL = "host,product,build,kbs\na,ws2025,26100.7392,\nb,ws2025,26100.7392,\nc,ws2025,26100.7392,KB5074204\nd,win11-24h2,26100.7392,\ne,,26100.7392,\n"
COUNTED = [
    "win11-24h2: current, only if KB5074204 is installed too: 1",
    "win11-24h2 or ws2025: current, only if KB5074204 is installed too: 1",
    "ws2025: current: 1",
    "ws2025: current, only if KB5074204 is installed too: 2",
    "5 machines on 2025-12-20",
]


@pytest.mark.parametrize("engine", ["builtin", "duckdb"])
def test_what_is_current_on_a_condition_is_counted_apart(engine: str, run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet.csv").write_text(CONDITIONAL, encoding="utf-8")
    done = run("assess", "fleet.csv", "--on", "2025-12-20", "--engine", engine, "--summary", "said.json")
    assert done.err.splitlines()[-5:] == COUNTED
    said = json.loads((tmp_path / "said.json").read_text(encoding="utf-8"))
    only = {"kbs": ["KB5074204"], "cves": "CVE-2025-54100"}
    assert said["verdicts"] == [
        {"product": "win11-24h2", "verdict": "current", "condition": only, "machines": 1},
        {"product": "win11-24h2 or ws2025", "verdict": "current", "condition": only, "machines": 1},
        {"product": "ws2025", "verdict": "current", "condition": None, "machines": 1},
        {"product": "ws2025", "verdict": "current", "condition": only, "machines": 2},
    ]
    # The rows keep the code, and say the condition in their reason.
    assert [line.count("is open unless its companion KB5074204 is installed") for line in done.out.splitlines()[1:]] == [1, 1, 0, 1, 1]


@pytest.mark.parametrize("engine", ["builtin", "duckdb"])
def test_a_gate_can_fail_for_what_is_current_on_a_condition(engine: str, run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet.csv").write_text(CONDITIONAL, encoding="utf-8")

    def gate(picked: str) -> tuple[int, str]:
        done = run("assess", "fleet.csv", "--on", "2025-12-20", "--engine", engine, "--fail-on", picked)
        return done.code, done.err.splitlines()[-1]

    # DuckDB reads this file itself, and names no hosts.
    few, every = (": a, b, d, e", ": a, b, c, d, e") if engine == "builtin" else ("", "")
    said = f"--fail-on: 4 of 5 machines (conditional 4){few}; --only conditional writes their rows alone"
    assert gate("conditional") == (6, said)
    assert gate("not-current,conditional") == (6, said)
    assert gate("conditional,current") == (6, f"--fail-on: 5 of 5 machines (current 5){every}; --only current writes their rows alone")
    assert gate("not-current")[0] == 0


def test_only_the_rows_of_what_is_current_on_a_condition(run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet.csv").write_text(CONDITIONAL, encoding="utf-8")
    done = run("assess", "fleet.csv", "--on", "2025-12-20", "--only", "conditional")
    assert [line.split(",")[0] for line in done.out.splitlines()[1:]] == ["a", "b", "d", "e"]


def test_what_no_update_closes_is_counted_apart_too(run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet.csv").write_text("host,build\na,20348.5074\n", encoding="utf-8")
    done = run("assess", "fleet.csv", "--on", "2026-05-20")
    assert done.err.splitlines()[-2] == "ws2022: current, except for CVE-2025-54518, CVE-2026-42825: 1"


def test_the_api_counts_what_is_current_on_a_condition_apart(crawled_site: Datasette) -> None:
    found = post(crawled_site, "/api/assess?on=2025-12-20&summary=1", CONDITIONAL.encode(), "text/csv").json()["summary"]["verdicts"]
    of_server = [(row["condition"], row["machines"]) for row in found if row["product"] == "ws2025"]
    assert of_server == [(None, 1), ({"kbs": ["KB5074204"], "cves": "CVE-2025-54100"}, 2)]


def test_the_page_of_a_fleet_never_counts_a_condition_as_patched(
    own: Datasette, at: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No hotpatch of today leaves a CVE open, so that of Windows 11 is made to."""
    at("2026-07-24")
    still_open = Message(
        "{cves} is open unless its companion {kb} is installed, which the build does not show", cves="CVE-2026-20001", kb="KB5121768"
    )
    monkeypatch.setattr(verdicts, "left_open", lambda product, *_: [still_open] if product.id.startswith("win11") else [])
    fleet = "host,product,build\na,ws2025,26100.33158\nb,win11-25h2,26200.8893\nc,win11-24h2,26100.8893\nd,win11-25h2,26200.8893\n"
    page = BeautifulSoup(form(own, fleet=fleet).text, "lxml")
    chips = [
        (chip.select_one("a").get("data-word"), chip.select_one("a").text, chip.select_one(".n").text) for chip in page.select(".counts li")
    ]
    assert chips == [("=conditional", "conditional", "3"), ("=current", "patched", "1")]
    rows = [[cell.get_text(" ", strip=True) for cell in row.select("td")] for row in page.select("table")[0].select("tbody tr")]
    assert rows == [
        ["Windows 11, version 25H2", "patched only with KB5121768", "2"],
        ["Windows 11, version 24H2", "patched only with KB5121768", "1"],
        ["Windows Server 2025", "patched", "1"],
    ]
    # What a chip filters the table by is what it counts.
    assert [row.get("data-is") for row in page.select("#verdicts tbody tr")] == ["conditional", "conditional", "conditional", "current"]
    sent = f"fleet={quote(fleet)}".encode()
    japanese = BeautifulSoup(post(own, "/ja/fleet", sent, "application/x-www-form-urlencoded").text, "lxml")
    assert [chip.text for chip in japanese.select(".counts a")] == ["条件付き", "最新"]


def test_a_condition_of_one_of_two_products_is_kept() -> None:
    """A machine that may be of two products is patched on a condition if one of them is."""
    nothing = Message("nothing newer of the {line} line is required", line=Message("hotpatch"))
    still_open = Message("{cves} is open until {kb} is installed", cves="CVE-2026-20001", kb="KB5121768")
    nested = Messages(
        Message("{product}: {reason}", product=product, reason=Messages(reason))
        for product, reason in (("win11-24h2", [nothing]), ("ws2025", [nothing, still_open]))
    )
    assert condition("current", nested) == (("KB5121768",), "CVE-2026-20001")
    assert condition("current", Messages([nothing])) is None
    assert condition("behind", nested) is None


@pytest.mark.parametrize("of", ["win11-24h2", "ws2025"])
def test_a_machine_of_either_product_has_the_condition_of_one(
    of: str, run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still_open = Message("{cves} is open until {kb} is installed", cves="CVE-2026-20001", kb="KB5074204")
    monkeypatch.setattr(verdicts, "left_open", lambda product, *_: [still_open] if product.id == of else [])
    (tmp_path / "fleet.csv").write_text("host,build\na,26100.7392\n", encoding="utf-8")
    done = run("assess", "fleet.csv", "--on", "2025-12-20")
    assert done.err.splitlines()[-2] == "win11-24h2 or ws2025: current, only if KB5074204 is installed too: 1"
    assert f"{of}: nothing newer of the hotpatch line is required; CVE-2026-20001 is open until KB5074204 is installed" in done.out


def test_the_text_of_a_condition_is_found_in_a_reason() -> None:
    """Spark has the text alone."""
    forms = [*_UNLESS, *_ELSE, *_WITHOUT]
    assert len(forms) == 6
    assert [bool(re.search(IN_TEXT, form)) for form in forms] == [True] * 6
    assert re.search(IN_TEXT, "nothing newer of the hotpatch line is required") is None


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
