"""Fleets: every row in, one verdict out, in order, its own columns carried through, in whatever form the list comes (cases 35 and 36)."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Command
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpatch_kb.db.fleet.inventory import read
from hotpatch_kb.db.store.connections import open_seed_database

DAY = "2026-05-20"
MACHINES = [
    {"host": "a", "build": "26100.32772", "product": "ws2025", "line": "hotpatch"},
    {"host": "b", "build": "10.0.26100.32690", "product": "Windows Server 2025", "line": "Enabled"},
    {"host": "c", "build": "26200.8390", "product": "win11-25h2", "line": ""},
    {"host": "d", "build": "", "product": "ws2022", "line": ""},
]
VERDICTS = ["current", "behind", "current", "unknown"]


def _csv(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


TEXT = _csv(MACHINES)
FORMS: dict[str, bytes] = {
    "commas": TEXT.encode(),
    "semicolons": _csv(MACHINES, ";").encode(),
    "tabs": _csv(MACHINES, "\t").encode(),
    "bars": _csv(MACHINES, "|").encode(),
    "bom": b"\xef\xbb\xbf" + TEXT.encode(),
    "utf-16": TEXT.encode("utf-16"),
    "utf-16-be": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "utf-16 without a bom": TEXT.encode("utf-16-le"),
    "gzip": gzip.compress(TEXT.encode()),
    "blank lines": ("\n\n" + TEXT.replace("\r\n", "\n\n")).encode(),
    "json": json.dumps(MACHINES).encode(),
    "json lines": "\n".join(map(json.dumps, MACHINES)).encode(),
    "json lines in gzip": gzip.compress("\n".join(map(json.dumps, MACHINES)).encode()),
    "an answer of a service": json.dumps({"totalRecords": 4, "data": MACHINES}).encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_list(form: str, run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").write_bytes(FORMS[form])
    done = run("assess", "fleet", "--on", DAY, "--format", "jsonl")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert (done.code, [row["host"] for row in rows], [row["verdict"] for row in rows]) == (0, ["a", "b", "c", "d"], VERDICTS)
    assert rows[1]["next_kb"] == "KB5087423"
    assert done.err.splitlines()[-1] == f"4 machines on {DAY}"


def test_csv_carries_every_column(run: Command, tmp_path: Path) -> None:
    rows = [{"owner": "x, y", "host": "a\nb", "verdict": "mine", "OS Version": "26100.32772", "product": "ws2025", "line": "hotpatch"}]
    (tmp_path / "fleet.csv").write_text(_csv(rows), encoding="utf-8")
    done = run("assess", "fleet.csv", "--on", DAY)
    found = list(csv.reader(io.StringIO(done.out)))
    assert found == [
        ["owner", "host", "input_verdict", "OS Version", "product", "line", "verdict", "classification", "kb", "baseline_kb", "months_behind",
         "next_kb", "next_needs_restart", "rejoins_month", "newer_out_of_band", "reason"],
        ["x, y", "a\nb", "mine", "26100.32772", "ws2025", "hotpatch", "current", "hotpatch", "KB5087423", "KB5082063", "0",
         "", "", "", "", "nothing newer of the hotpatch line is required"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("machine", "verdict", "reason"),
    [
        # Case 35
        ({"build": ""}, "unknown", "no build is stated"),
        ({"build": "NULL"}, "unknown", "no build is stated"),
        ({"build": "26100"}, "unknown", "a build number without a revision, '26100'; collect the UBR (registry, CurrentVersion), or the installed KBs"),
        ({"build": "26100.1.amd64fre.ge_release.240331-1435"}, "invalid", "expected a build such as 26100.32772, got '26100.1.amd64fre.ge_release.240331-1435'"),
        ({"build": "KB5087423"}, "invalid", "expected a build such as 26100.32772, got 'KB5087423'"),
        ({"build": "noise"}, "invalid", "expected a build such as 26100.32772, got 'noise'"),
        ({"build": "26100.99999", "product": "ws2025"}, "unknown", "no source names the build 26100.99999 of ws2025"),
        ({"build": "26100.32772", "line": "perhaps"}, "current", None),
        ({"build": "10.0 (20348)"}, "unknown", "a build number without a revision, '10.0 (20348)'; collect the UBR (registry, CurrentVersion), or the installed KBs"),
        ({"build": "10.0.20348 N/A Build 20348"}, "unknown", None),
        ({"build": "10.0.20348.5074 (WinBuild.160101.0800)"}, "current", None),
        # A name that is not understood, or is another's, changes nothing of a build that one product has. What is not covered is said by name.
        ({"build": "26100.32772", "product": "Ubuntu 24.04"}, "current", None),
        ({"build": "26100.32772", "product": "Windows Server 2022"}, "current", None),
        ({"build": "26100.32772", "product": "Windows Server 2012 R2"}, "unknown", "not covered: Windows Server 2012 R2"),
        ({"build": "26100.32772", "product": "Azure Local"}, "unknown", "not covered: Azure Local"),
        ({"build": "6.3.9600"}, "unknown", "not covered: '6.3.9600' is a version before Windows 10"),
        ({"build": "26100.32772", "product": "WindowsServer2025"}, "current", None),
        # Nothing more is published for it; of the preview of 2021 no source states when its support ended.
        ({"build": "22000.3260"}, "unsupported", "support ended on 2024-10-08"),
        ({"build": "17784.1882"}, "unknown", "no source states its support, and its last monthly release is of 2021-08-10"),
        # An LCU on an enrolled machine: what it installs next is one, too.
        ({"build": "26100.32698", "product": "ws2025", "line": "hotpatch"}, "left_line", None),
        # Case 36: not enrolled yet, so the standard line is judged; unless build or KBs show otherwise.
        ({"build": "26100.32690", "product": "ws2025", "line": "ActionRequired"}, "behind", "KB5087539 of 2026-05-12 is newer"),
        ({"build": "26100.32690", "product": "ws2025", "line": "PendingEvaluation", "kbs": "KB5091470"}, "behind",
         "KB5087423 of 2026-05-12 is newer; KB5091470 of 2026-04-19 is listed as installed, and the build 26100.32690 is older: collect the build again"),
        ({"build": "26100.32772", "product": "ws2025", "line": "Disabled"}, "current", "nothing newer of the hotpatch line is required"),
        # Which product, 26100 alone does not say; where both say the same it does not matter.
        ({"build": "26100.4061"}, "behind", "win11-24h2: KB5089549 of 2026-05-12 is newer; ws2025: KB5087539 of 2026-05-12 is newer"),
        ({"build": "26100.4061", "line": "hotpatch"}, "restart_due", None),
        ({"build": "26100.4061", "product": "Windows Server 2025 Standard"}, "behind", None),
        ({"build": "26200.8390", "product": "Windows 11 Enterprise", "line": "hotpatch"}, "current", None),
        # A component and a cumulative update with one build: a KB alone decides.
        ({"build": "26100.6905", "product": "ws2025", "line": "hotpatch", "kbs": "5070881;5070893"}, "restart_due", None),
    ],
)  # fmt: skip
def test_machines(machine: dict[str, str], verdict: str, reason: str | None, run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet.json").write_text(json.dumps([machine | {"build": machine["build"]}]), encoding="utf-8")
    row = run("assess", "fleet.json", "--on", DAY, "--json").json()[0]
    assert row["verdict"] == verdict, row
    assert reason is None or row["reason"] == reason


def test_enrolled_machines_of_azure(run: Command, tmp_path: Path) -> None:
    """As Resource Graph answers, and as the portal exports: nested, and as JSON in a cell."""
    settings_of = {"patchSettings": {"enableHotpatching": True, "status": {"hotpatchEnablementStatus": "Enabled"}}}
    arc = {
        "id": "/subscriptions/0/machines/srv01", "name": "srv01",
        "properties": {"osSku": "Windows Server 2025 Standard", "osName": "windows", "osVersion": "10.0.26100.32690", "osProfile": {"windowsConfiguration": settings_of}},
    }  # fmt: skip
    vm = {
        "name": "vm01",
        "properties": {
            "extended": {"instanceView": {"osName": "Windows Server 2022 Datacenter Azure Edition", "osVersion": "10.0.20348.5074"}}
        },
    }
    (tmp_path / "graph.json").write_text(json.dumps({"data": [arc, vm]}), encoding="utf-8")
    rows = run("assess", "graph.json", "--on", DAY, "--json").json()
    assert [(row["name"], row["verdict"], row["next_kb"]) for row in rows] == [("srv01", "behind", "KB5087423"), ("vm01", "current", None)]
    assert rows[0]["properties"] == arc["properties"]
    exported = [{"NAME": "srv01", "PROPERTIES": json.dumps(arc["properties"])}]
    (tmp_path / "portal.csv").write_bytes(b"\xef\xbb\xbf" + _csv(exported).encode())
    row = next(csv.DictReader(io.StringIO(run("assess", "portal.csv", "--on", DAY).out)))
    assert (row["NAME"], row["verdict"], row["PROPERTIES"]) == ("srv01", "behind", exported[0]["PROPERTIES"])


def test_a_plain_list_has_no_header(run: Command, tmp_path: Path) -> None:
    (tmp_path / "list").write_text("srv1,26100.32772\nsrv2,10.0.20348.5074\n", encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(run("assess", "list", "--on", DAY).out)))
    assert [(row["host"], row["build"], row["verdict"]) for row in rows] == [
        ("srv1", "26100.32772", "current"), ("srv2", "10.0.20348.5074", "current"),
    ]  # fmt: skip


@pytest.mark.fault("rows with too few or too many cells")
def test_rows_of_the_wrong_length_lose_nothing(run: Command, tmp_path: Path) -> None:
    """Rows are ragged; invalid, and nothing of them is lost."""
    (tmp_path / "fleet").write_text("host,build,note\nsrv1,26100.32772\nsrv2,26100.32772,a,b\n", encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(run("assess", "fleet", "--on", DAY).out)))
    assert [(row["host"], row["verdict"], row["note"], row["reason"]) for row in rows] == [
        ("srv1", "invalid", "", "expected 3 cells, got 2"), ("srv2", "invalid", "a b", "expected 3 cells, got 4"),
    ]  # fmt: skip


def test_columns_may_be_named(run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").write_text("Asset,Patch level\nsrv1,26100.32772\n", encoding="utf-8")
    assert run("assess", "fleet", "--on", DAY).err.startswith("no database at hotpatch.db")
    done = run("assess", "fleet", "--on", DAY, "--map", "build=Patch level", "--map", "host=Asset", "--fail-on", "behind,current")
    assert (done.code, next(csv.DictReader(io.StringIO(done.out)))["verdict"]) == (6, "current")
    assert run("assess", "fleet", "--on", DAY, "--map", "build=Patch level", "--fail-on", "behind").code == 0


@pytest.mark.parametrize(
    ("body", "arguments", "said"),
    [
        (b"", (), "expected an inventory with a header, got nothing"),
        (b"Asset,Level\nsrv1,x\n", (), "expected a column that says the build (build, OSVersion ...; --map build=NAME names another), got Asset, Level"),
        (b"build\n26100.1\n", ("--map", "build=Level"), "expected a column 'Level', got build"),
        (b"build\n26100.1\n", ("--map", "host=Asset"), "expected a column 'Asset', got build"),
        (b'[{"build": "26100.1"}, {"build": "26100.2"}]', ("--map", "host=Asset"), "expected a column 'Asset', got build"),
        (b"build\n26100.1\n", ("--map", "colour=x"), "expected a field (host, build, revision, product, line, kbs, edition, esu), got 'colour'"),
        (b"build\n26100.1\n", ("--map", "build"), "expected --map FIELD=COLUMN, got 'build'"),
        (b"build\n26100.1\n", ("--fail-on", "bad"), "expected verdicts (restart_due, behind, left_line, unsupported, ambiguous, unknown, invalid, current, conditional, not-current), got 'bad'"),
        (b'[{"build": "26100.1"}, {"build": ', (), "expected JSON objects of at most 256 MB, got the end of the file"),
        (b'[{"host": "a"}, {"host": "b"}]', (), "expected a column that says the build"),
        (b'host,build,note\na,26100.32772,"x\nb,26100.1742,y\n', (), "expected a table separated by ',', got unexpected end of data"),
        (b"[" + b'{"a":' * 100_000, (), "expected machines, got JSON nested too deep"),
        (b'[{"build": "26100.1"}', (), "expected the end of a list of machines, got the end of the file"),
        (b"build,host\n26100.1,\xff\xfe\xfa\n", (), "expected text in UTF-8 or UTF-16, got "),
        (gzip.compress(b"build\n26100.1\n", mtime=0)[:-6], (), "expected an inventory that can be read, got "),
    ],
)  # fmt: skip
@pytest.mark.fault("inventories that are none")
def test_bad_input_is_one_clear_line(body: bytes, arguments: tuple[str, ...], said: str, run: Command, tmp_path: Path) -> None:
    """Tables without a build, texts, broken JSON; exit code 2 in one line."""
    (tmp_path / "fleet").write_bytes(body)
    done = run("assess", "fleet", "--on", DAY, *arguments)
    assert (done.code, done.err.strip().splitlines()[-1].startswith(f"hotpatch-kb: {said}")) == (2, True), done.err


def test_standard_input(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    class Piped:
        buffer = io.BytesIO(TEXT.encode())

    monkeypatch.setattr(sys, "stdin", Piped())
    rows = list(csv.DictReader(io.StringIO(run("assess", "-", "--on", DAY).out)))
    assert [row["verdict"] for row in rows] == VERDICTS


cell = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=8), delimiter=st.sampled_from(",;\t|"))
def test_no_row_is_lost_or_doubled(rows: list[tuple[str, str, str]], delimiter: str) -> None:
    """Whatever stands in the cells: quotes, newlines, delimiters, braces."""
    wanted = rows
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(("host", "build", "note"))
    writer.writerows(wanted)
    found = [tuple(row.cells.values()) for row in read(io.BytesIO(out.getvalue().encode()))]
    assert found == [tuple(row) for row in wanted]


def test_a_large_fleet_streams(run: Command, tmp_path: Path) -> None:
    with closing(open_seed_database()) as conn:
        builds = [row[0] for row in conn.execute("select distinct build from releases where build is not null order by build")]
    with (tmp_path / "fleet.csv").open("w", encoding="utf-8") as file:
        file.write("host,build,product,line\n")
        for number in range(50_000):
            file.write(f"srv{number},{builds[number % len(builds)]},,\n")
    done = run("assess", "fleet.csv", "--on", DAY)
    lines = done.out.splitlines()
    assert (done.code, len(lines), lines[-1].split(",")[0]) == (0, 50_001, "srv49999")


def test_what_an_attack_found(run: Command, tmp_path: Path) -> None:
    """Numbers keep their zeros, a machine may have a "value", blank machines are machines, no column is lost, a lone CR is quoted."""

    def assess(body: str, *arguments: str) -> list[dict[str, str]]:
        (tmp_path / "fleet").write_text(body, encoding="utf-8", newline="")
        return list(csv.DictReader(io.StringIO(run("assess", "fleet", "--on", DAY, *arguments).out, newline="")))

    assert [row["build"] for row in assess('[{"build": 20348.5020}]')] == ["20348.5020"]
    lines = '{"host":"a","build":"26100.32772"}\n{"host":"b","build":"26100.32772","items":["x"],"value":[]}\n'
    (tmp_path / "fleet").write_text(lines, encoding="utf-8")
    assert [json.loads(line)["host"] for line in run("assess", "fleet", "--on", DAY, "--format", "jsonl").out.splitlines()] == ["a", "b"]
    assert [row["verdict"] for row in assess("host,build\n,\na,26100.32772\n")] == ["unknown", "current"]
    assert [row["verdict"] for row in assess('build\n26100.32772\n""\n20348.5074\n')] == ["current", "unknown", "current"]
    assert list(assess("a,a,a_2,build\n1,2,3,26100.32772\n")[0].items())[:3] == [("a", "1"), ("a_2", "2"), ("a_2_2", "3")]
    twice = assess("verdict,input_verdict,build\nx,y,26100.32772\n")[0]
    assert (twice["input_verdict"], twice["input_input_verdict"], twice["verdict"]) == ("y", "x", "current")
    assert [row["host"] for row in assess(json.dumps([{"host": "a\rb", "build": "26100.32772"}]))] == ["a\rb"]
    assert [row["verdict"] for row in assess('[null, {"build": "26100.32772"}, 7]')] == ["invalid", "current", "invalid"]
    assert [row["verdict"] for row in assess('#TYPE System.Object\n"host","build"\n"a","26100.32772"\n')] == ["current"]
    assert [row["verdict"] for row in assess("sep=;\nhost;build\na;26100.32772\n")] == ["current"]
    # The status goes before the column, and an empty column before none.
    both = assess("product,build,line,Hotpatch status\nws2025,26100.32690,,Enabled\nws2025,26100.32690,standard,Action Required\n")
    assert [row["next_kb"] for row in both] == ["KB5087423", "KB5087539"]
    assert [row["verdict"] for row in assess("build,OSVersion,product\n26100,10.0.26100.32772,ws2025\n")] == ["current"]
    large = json.dumps({"count": 3000, "data": [{"build": "26100.32772", "note": "x" * 3000} for _ in range(3000)]})
    assert len(large) > 8_000_000
    assert len(assess(large)) == 3000


@pytest.mark.fault("a gate that lets unpatched machines through")
@pytest.mark.parametrize("name", ["csv", "json", "jsonl"])
def test_only_rows_of_some_verdicts(run: Command, tmp_path: Path, name: str) -> None:
    """The summary and the exit code count all machines; the first row, before which a list of JSON has no comma, is left out here."""
    (tmp_path / "fleet").write_text(
        "host,build,line\nsrv1,26100.33158,hotpatch\nsrv2,26100.32772,hotpatch\nsrv3,bad,\nsrv4,26100.32690,hotpatch\n"
    )
    options = ("assess", "fleet", "--on", "2026-07-20", "--format", name)
    judged = run(*options, "--only", "Restart due, INVALID", "--fail-on", "restart-due")
    assert judged.code == 6
    rows = {
        "csv": lambda: list(csv.DictReader(io.StringIO(judged.out))), "json": lambda: json.loads(judged.out),
        "jsonl": lambda: [json.loads(line) for line in judged.out.splitlines()],
    }[name]()  # fmt: skip
    assert [(row["host"], row["verdict"]) for row in rows] == [("srv2", "restart_due"), ("srv3", "invalid"), ("srv4", "restart_due")]
    assert "4 machines on 2026-07-20\n--fail-on: 2 of 4 machines (restart_due 2): srv2, srv4\n" in judged.err
    assert (
        "machines (restart_due 2): srv2, srv4; --only restart_due writes their rows alone" in run(*options, "--fail-on", "restart_due").err
    )
    nothing = run(*options, "--only", "left_line")
    assert (nothing.code, nothing.out.count("srv")) == (0, 0)


def test_all_but_current_fails_a_pipeline(run: Command, tmp_path: Path) -> None:
    """An inventory without a machine, and verdicts that nobody thought of; exit code 6."""
    header = "build,product\n"
    for body, code in (
        ("26100.33158,ws2025\n", 0), ("26100.33158,ws2025\n26100.32995,ws2025\n", 6), ("26100.32995,ws2025\n", 6), ("", 6), ("26100.32690,ws2025\n", 6), ("x,ws2025\n", 6),
    ):  # fmt: skip
        (tmp_path / "fleet").write_text(header + body, encoding="utf-8")
        assert run("assess", "fleet", "--on", "2026-07-22", "--fail-on", "not-current").code == code, body
    (tmp_path / "fleet").write_text(header, encoding="utf-8")
    assert run("assess", "fleet", "--on", "2026-07-22", "--fail-on", "behind").err.endswith("expected machines for --fail-on, got none\n")
    assert run("assess", "fleet", "--on", "2026-07-22").code == 0


@pytest.mark.fault("output that would replace its own input")
def test_an_inventory_is_never_overwritten(run: Command, tmp_path: Path) -> None:
    """``-o`` and ``--summary`` that name the inventory or one another; exit code 2, and the file is as it was."""
    (tmp_path / "fleet").write_text("build,product\n26100.33158,ws2025\n", encoding="utf-8")
    before = (tmp_path / "fleet").read_bytes()
    for arguments in (("-o", "fleet"), ("-o", tmp_path / "fleet"), ("--summary", "./fleet"), ("-o", "x", "--summary", "x")):
        done = run("assess", "fleet", "--on", DAY, *arguments)
        assert (done.code, "expected another file for the verdicts" in done.err) == (2, True)
    assert ((tmp_path / "fleet").read_bytes(), (tmp_path / "x").exists()) == (before, False)
