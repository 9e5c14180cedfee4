"""What users give: inventories, arguments, paths and the site's parameters made to harm. One clear line, the documented code, nothing lost."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import stat
import subprocess
import sys
import threading
import zlib
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers.datasettes import Datasette, get, opened

from hotpatch_kb.db.fleet.formats import safe

ROOT = Path(__file__).parent.parent
DAY = "2026-05-20"
FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    '=HYPERLINK("http://evil.example","x")',
    "=cmd|' /C calc'!A0",
    "\uff1d1+1",
    "-2+3",
    "+",
    "=",
)
PLAIN = ("-", "-1.5", "+49", "-3,5", "12%", "26100.32772", "10.0.26100.1", "a=1", "'=1", "", " =1", "-12%", "1-1", "KB5087423")


def process(*arguments: str, cwd: Path, stdin: bytes = b"", seconds: float = 120) -> subprocess.CompletedProcess[bytes]:
    """The command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "hotpatch_kb", *arguments], cwd=cwd, input=stdin, capture_output=True, check=False, timeout=seconds,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """What a process says last, which is why it failed; no traceback stands before it."""
    text = done.stderr.decode("utf-8")
    assert "Traceback" not in text, text[-3000:]
    return text.splitlines()[-1] if text else ""


# --- formulas -----------------------------------------------------------------------------------------------------------


def _fleet(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["host", "build", "=note"])
        writer.writerows([f"srv{place}", "26100.32772", note] for place, note in enumerate([*FORMULAS, *PLAIN]))
    return path


def test_what_is_a_formula() -> None:
    """Numbers, builds and dashes are none, and what is none does not change."""
    assert [safe(cell) for cell in PLAIN] == list(PLAIN)
    assert [safe(cell) for cell in FORMULAS if cell != "+"] == [f"'{cell}" for cell in FORMULAS if cell != "+"]


@pytest.mark.fault("formulas in the cells of an inventory")
@pytest.mark.parametrize("engine", ["builtin", "duckdb"])
def test_formulas_come_through_unless_csv_is_for_a_spreadsheet(engine: str, run: Command, tmp_path: Path) -> None:
    """Cells begin with = + - @ TAB CR; as they came by default, behind an apostrophe with --safe-csv, numbers and builds as they came."""
    _fleet(tmp_path)
    rows = list(csv.reader(io.StringIO(run("assess", "fleet.csv", "--on", DAY, "--engine", engine).out, newline="")))
    assert [row[2] for row in rows] == ["=note", *FORMULAS, *PLAIN]
    done = run("assess", "fleet.csv", "--on", DAY, "--engine", engine, "--safe-csv")
    safe_rows = list(csv.reader(io.StringIO(done.out, newline="")))
    assert [row[2] for row in safe_rows] == ["'=note", *map(safe, FORMULAS), *PLAIN]
    assert [row[3:] for row in safe_rows] == [row[3:] for row in rows]


@pytest.mark.parametrize(
    "body",
    [b"host;build\n=a,b;26100.32772\n-5;26100.1\n", b"host,build\n=a,26100.32772\n", b'[{"host": "=a", "n": -5, "build": "26100.32772"}]'],
)
def test_engines_agree_on_what_is_safe(body: bytes, run: Command, tmp_path: Path) -> None:
    """The file that DuckDB could read itself is normalised then."""
    (tmp_path / "fleet").write_bytes(body)
    outputs = [run("assess", "fleet", "--on", DAY, "--safe-csv", "--engine", engine).out for engine in ("builtin", "duckdb")]
    assert outputs[0] == outputs[1]
    assert "'=a" in outputs[0]
    assert "'-5" not in outputs[0]


def test_safe_csv_is_csv(run: Command, tmp_path: Path) -> None:
    done = run("assess", _fleet(tmp_path), "--safe-csv", "--format", "jsonl")
    assert (done.code, done.err.splitlines()[-1]) == (2, "hotpatch-kb: expected --safe-csv with the format csv, got jsonl")
    done = run("assess", _fleet(tmp_path), "--safe-csv", "--json")
    assert (done.code, done.err.splitlines()[-1]) == (2, "hotpatch-kb: expected --safe-csv with the format csv, got json")


def test_one_format_is_asked_for(run: Command, tmp_path: Path) -> None:
    """--json beside another format would have hidden it; beside its own name it says the same twice."""
    for name in ("parquet", "csv", "jsonl"):
        done = run("assess", _fleet(tmp_path), "--json", "--format", name)
        assert (done.code, done.out, done.err.splitlines()[-1]) == (2, "", "hotpatch-kb: expected --json or --format, got both")
    twice, once, named = (
        run("assess", _fleet(tmp_path), *typed) for typed in (("--json", "--format", "json"), ("--json",), ("--format", "json"))
    )
    assert twice.code == 0
    assert twice.out == once.out == named.out != ""


@pytest.mark.fault("formulas in a fleet that is pasted", of="site")
def test_what_a_visitor_downloads_runs_no_formula(own: Datasette, tmp_path: Path) -> None:
    """Cells begin with = + - @; the file to download has an apostrophe before them, the API gives them back as they came."""
    import asyncio  # noqa: PLC0415
    from urllib.parse import urlencode  # noqa: PLC0415

    text = _fleet(tmp_path).read_bytes().decode("utf-8")

    def post(path: str, body: bytes, kind: str) -> str:
        async def ask() -> Any:
            return await own.client.post(path, content=body, headers={"content-type": kind})

        return str(asyncio.run(ask()).text)

    form = post("/fleet", urlencode({"fleet": text, "as": "csv"}).encode(), "application/x-www-form-urlencoded")
    assert [row[2] for row in csv.reader(io.StringIO(form, newline=""))] == ["'=note", *map(safe, FORMULAS), *PLAIN]
    api = post("/api/assess?format=csv", text.encode(), "text/csv")
    assert [row[2] for row in csv.reader(io.StringIO(api, newline=""))] == ["=note", *FORMULAS, *PLAIN]


@pytest.mark.fault("a formula in a text that a source states", of="site")
def test_a_table_to_download_runs_no_formula(seeded: Path, tmp_path: Path) -> None:
    """A KB's title begins with =; the table to download has an apostrophe before it, and no other cell is changed."""
    import sqlite3  # noqa: PLC0415
    from contextlib import closing  # noqa: PLC0415

    path = tmp_path / "x.db"
    path.write_bytes(seeded.read_bytes())
    with closing(sqlite3.connect(path)) as conn, conn:
        kb = conn.execute("select min(kb) from kbs").fetchone()[0]
        conn.execute("update kbs set title = '=1+1' where kb = ?", (kb,))
        stated = [["" if value is None else str(value) for value in row] for row in conn.execute("select * from kbs")]
    with opened(path, public=False) as ds:
        rows = list(csv.reader(io.StringIO(get(ds, "/csv/kbs.csv").text, newline="")))[1:]
    changed = [
        (ours, theirs)
        for before, after in zip(stated, rows, strict=True)
        for ours, theirs in zip(before, after, strict=True)
        if ours != theirs
    ]
    assert changed == [("=1+1", "'=1+1")]


# --- inventories --------------------------------------------------------------------------------------------------------


def _zeros(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([packer.compress(b"host,build\n"), *(packer.compress(b"a" * 2**20) for _ in range(size >> 20)), packer.flush()])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"host,build\n" + b"a" * 20_000_000, "expected lines of at most 4 MB", id="line", marks=pytest.mark.fault("an inventory of one line of 20 MB")),
        pytest.param(_zeros(2**28), "expected lines of at most 4 MB", id="bomb", marks=pytest.mark.fault("a line of 256 MB, packed into 260 kB")),
        pytest.param(b"[" * 1_000_000, "JSON", id="deep", marks=pytest.mark.fault("an inventory of JSON nested a million deep")),
        pytest.param(b'[{"a":' * 100_000, "JSON", id="objects", marks=pytest.mark.fault("objects of an inventory nested 100,000 deep")),
        pytest.param(b'host,build\n"' + b"a\n" * 5_000_000, "limit", id="quote", marks=pytest.mark.fault("a quote that is never closed")),
        pytest.param(gzip.compress(gzip.compress(b"host,build\na,26100.32772\n")), "expected", id="twice", marks=pytest.mark.fault("an inventory packed twice")),
        pytest.param(gzip.compress(b"host,build\n" + b"a,26100.32772\n" * 100_000)[:-20], "Compressed file ended", id="cut", marks=pytest.mark.fault("a packed inventory that ends early")),
        pytest.param(b"PK\x03\x04" + bytes(range(256)) * 100, "expected", id="zip", marks=pytest.mark.fault("a ZIP file as an inventory")),
        pytest.param(b"host,build\na,26100.32772\n\xff\xfe\xfa,26100.1\n", "expected text in UTF-8 or UTF-16", id="utf8", marks=pytest.mark.fault("an inventory of broken UTF-8")),
        pytest.param(b"", "got nothing", id="empty", marks=pytest.mark.fault("an inventory of nothing")),
        pytest.param(bytes(1000), "expected", id="nuls", marks=pytest.mark.fault("an inventory of NULs")),
    ],
)  # fmt: skip
def test_a_hostile_inventory_is_one_clear_line(body: bytes, expected: str, tmp_path: Path) -> None:
    """The command is given it as a file; exit code 2, one line that says what was expected, no output file, memory within a gigabyte."""
    (tmp_path / "fleet").write_bytes(body)
    code = "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30)); from hotpatch_kb.scraper.cli.main import main; sys.exit(main(sys.argv[1:]))"
    if sys.platform == "win32":
        code = "import sys; from hotpatch_kb.scraper.cli.main import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "assess", "fleet", "--on", DAY, "-o", "out.csv"], cwd=tmp_path, capture_output=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, expected in said(done)) == (2, True), done.stderr[-2000:]
    assert [path.name for path in tmp_path.iterdir()] == ["fleet"]


@pytest.mark.fault("NULs in the cells of an inventory")
def test_nuls_in_cells_are_carried_through(run: Command, tmp_path: Path) -> None:
    """Hosts hold NULs; every row has its verdict, and the NULs come back."""
    (tmp_path / "fleet.csv").write_bytes(b'host,build\n"a\x00b",26100.32772\nc\x00,26100.32690\n')
    for engine in ("builtin", "duckdb"):
        rows = list(csv.reader(io.StringIO(run("assess", "fleet.csv", "--on", DAY, "--engine", engine).out)))
        assert [row[0] for row in rows] == ["host", "a\x00b", "c\x00"]


@pytest.mark.fault("half a surrogate pair in an inventory of JSON")
def test_lone_surrogates_are_no_text_and_cost_no_row(tmp_path: Path) -> None:
    """A name is half of a pair; its row has its verdict, the half is written as a question mark."""
    (tmp_path / "fleet.json").write_text(
        '[{"host": "\\ud800", "build": "26100.32772"}, {"host": "b", "build": "26100.1"}]', encoding="utf-8"
    )
    done = process("assess", "fleet.json", "--on", DAY, "--format", "jsonl", cwd=tmp_path)
    assert (done.returncode, [json.loads(line)["host"] for line in done.stdout.splitlines()]) == (0, ["?", "b"])


@pytest.mark.fault("an inventory of 5,000 columns")
def test_many_columns(run: Command, tmp_path: Path) -> None:
    """A table has 5,000 columns; they are carried through."""
    names = [f"c{number}" for number in range(5000)]
    (tmp_path / "fleet.csv").write_text(f"host,build,{','.join(names)}\nsrv1,26100.32772,{','.join(names)}\n", encoding="utf-8")
    done = run("assess", "fleet.csv", "--on", DAY)
    assert (done.code, done.out.splitlines()[1].split(",")[:5003][-2:]) == (0, ["c4999", "current"])


@pytest.mark.fault("an inventory of random bytes")
def test_random_bytes(run: Command, tmp_path: Path) -> None:
    """60 files of random bytes and broken tables; exit code 0 or 2, never a traceback."""
    chosen = random.Random(1)
    good = b'host,build,note\n"a",26100.32772,"x"\nb,26100.1,{"y":1}\n'
    for _ in range(60):
        body = bytearray(chosen.choice((good, good.decode().encode("utf-16"), b'[{"build":"26100.32772"}]', gzip.compress(good))))
        for _ in range(chosen.randrange(1, 6)):
            body[chosen.randrange(len(body))] = chosen.randrange(256)
        (tmp_path / "fleet").write_bytes(body)
        done = run("assess", "fleet", "--on", DAY)
        assert done.code in {0, 2}, (bytes(body), done.err)


# --- paths --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "fleet.csv").write_text("host,build\na,26100.32772\n", encoding="utf-8")
    return tmp_path


@pytest.mark.fault("a folder where a file is to be written")
def test_output_over_a_folder(small: Path) -> None:
    """--output names a folder with files; exit code 2, the folder is as it was."""
    (small / "out").mkdir()
    (small / "out" / "mine").write_text("x", encoding="utf-8")
    done = process("assess", "fleet.csv", "-o", "out", cwd=small)
    assert (done.returncode, "out" in said(done)) == (2, True)
    assert sorted(path.name for path in small.rglob("*")) == ["fleet.csv", "mine", "out"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
@pytest.mark.fault("a named pipe where a file is to be written")
def test_output_to_a_named_pipe(small: Path) -> None:
    """--output names a pipe that another process reads; it gets the whole output, and the pipe is still one."""
    os.mkfifo(small / "pipe")
    got: list[bytes] = []
    reader = threading.Thread(daemon=True, target=lambda: got.append((small / "pipe").read_bytes()))
    reader.start()
    assert process("assess", "fleet.csv", "--on", DAY, "-o", "pipe", cwd=small).returncode == 0
    reader.join(30)
    assert got
    assert got[0].startswith(b"host,build,verdict")
    assert stat.S_ISFIFO((small / "pipe").stat().st_mode)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such devices")
@pytest.mark.fault("a device where a file is to be written")
def test_output_to_a_device(small: Path) -> None:
    """--output names a link to /dev/null; the device is written to, and neither it nor the link is replaced by a file."""
    (small / "null").symlink_to("/dev/null")
    assert process("assess", "fleet.csv", "-o", "null", cwd=small).returncode == 0
    assert (small / "null").is_symlink()
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert sorted(path.name for path in small.iterdir()) == ["fleet.csv", "null"]


@pytest.mark.fault("a link where a file is to be written")
def test_output_to_where_a_link_leads(small: Path) -> None:
    """--output names a link to a file; the file has the output, the link stays."""
    if sys.platform == "win32":
        pytest.skip("links need a right there")
    (small / "real.csv").write_text("old", encoding="utf-8")
    (small / "link.csv").symlink_to("real.csv")
    assert process("assess", "fleet.csv", "-o", "link.csv", cwd=small).returncode == 0
    assert (small / "link.csv").is_symlink()
    assert (small / "real.csv").read_text(encoding="utf-8").startswith("host,build,verdict")


@pytest.mark.fault("a name with a newline, an emoji and a leading dash")
def test_odd_names_of_files(small: Path) -> None:
    """Files are called so; read and written as any other."""
    name = "-fleet \U0001f600.csv" if sys.platform == "win32" else "-fleet\n\U0001f600.csv"
    (small / name).write_bytes((small / "fleet.csv").read_bytes())
    done = process("assess", "-o", f"out{name}", "--", name, cwd=small)
    assert done.returncode == 0, done.stderr
    assert (small / f"out{name}").is_file()


@pytest.mark.fault("a name longer than a file system takes")
def test_a_name_that_is_too_long(small: Path) -> None:
    """Input and output have names of 5,000 letters; exit code 2 in one line."""
    assert process("assess", "x" * 5000, cwd=small).returncode == 2
    done = process("assess", "fleet.csv", "-o", "x" * 5000, cwd=small)
    assert (done.returncode, "expected a file that can be written" in said(done)) == (2, True)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("text.txt", marks=pytest.mark.fault("a text file as the database")),
        pytest.param("folder", marks=pytest.mark.fault("a folder as the database")),
        pytest.param("other.db", marks=pytest.mark.fault("another program's database")),
    ],
)
@pytest.mark.parametrize("command", ["crawl", "lookup", "replay", "status", "changes"])
def test_a_database_that_is_none(command: str, path: str, tmp_path: Path) -> None:
    """--db names it; exit code 2 in one line for a command that reads or writes it, and it is as it was."""
    import sqlite3  # noqa: PLC0415
    from contextlib import closing  # noqa: PLC0415

    (tmp_path / "text.txt").write_text("root:x:0:0:root:/root:/bin/bash\n" * 100, encoding="utf-8")
    (tmp_path / "folder").mkdir()
    with closing(sqlite3.connect(tmp_path / "other.db")) as conn, conn:
        conn.execute("create table mine (x)")
        conn.execute("insert into mine values (1)")
    before = {p.name: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    arguments = {"crawl": ["--from", "."], "lookup": ["26100.32772"]}.get(command, [])
    done = process(command, "--db", path, *arguments, cwd=tmp_path)
    assert (done.returncode, said(done) != "") == (2, True), (done.returncode, done.stderr)
    assert {p.name: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".lock"} == before


# --- arguments and parameters -------------------------------------------------------------------------------------------


@pytest.mark.fault("10,000 arguments")
def test_ten_thousand_arguments(tmp_path: Path) -> None:
    """10,000 builds are asked at once, one of them noise; each good one is answered, exit code 2 for the noise."""
    builds = [f"26100.{number}" for number in range(1, 10_000)]
    done = process("lookup", "--json", *builds, "noise", cwd=tmp_path)
    assert (done.returncode, len(json.loads(done.stdout))) == (2, 9_999)


@pytest.mark.fault("an argument of 100 kB")
def test_a_long_argument(tmp_path: Path) -> None:
    """A query, a product and a day have 100,000 letters; exit code 2 and a line that is short."""
    for arguments in (["lookup", "x" * 100_000], ["lookup", "26100.1", "--product", "x" * 100_000], ["next", "--on", "x" * 100_000]):
        done = process(*arguments, cwd=tmp_path)
        assert (done.returncode, len(done.stderr) < 2_000) == (2, True), (arguments[0], len(done.stderr))


@pytest.mark.fault("arguments that are no UTF-8")
def test_arguments_of_broken_bytes(tmp_path: Path) -> None:
    """A query holds bytes that are no text; exit code 2 in one line."""
    if sys.platform == "win32":
        pytest.skip("arguments are text there")
    done = subprocess.run(
        [sys.executable.encode(), b"-m", b"hotpatch_kb", b"lookup", b"\xff\xfe26100.1"], cwd=tmp_path, capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, said(done) != "") == (2, True)


@pytest.mark.fault("paths out of the site in its parameters", of="site")
def test_no_parameter_leads_out_of_the_site(own: Datasette) -> None:
    """Builds, KBs, products, months, tables and files are named ../../etc/passwd in every spelling; 404 or 400, nothing of the machine."""
    for prefix in (
        "/build/",
        "/kb/",
        "/product/",
        "/calendar/",
        "/csv/",
        "/site/",
        "/feeds/",
        "/calendars/",
        "/hotpatch/",
        "/static/",
        "/",
    ):
        for path in ("../../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "..%5c..%5cetc%5cpasswd", "%252e%252e%252fetc", "a%00.csv"):  # fmt: skip
            answer = get(own, f"{prefix}{path}")
            assert answer.status_code in {302, 301, 400, 404}, (prefix, path, answer.status_code)
            assert "root:" not in answer.text


@pytest.mark.fault("a query of 60 kB", of="site")
def test_a_long_query(own: Datasette) -> None:
    """The lookup, the API and a table are asked with 60,000 letters, which is what servers let through; an answer of an error or a page that is short, no failure of ours."""
    for path in (
        "/lookup?q=",
        "/api/lookup?q=",
        "/api/next?product=",
        "/hotpatch/releases?_search=",
        "/build/",
        "/api/lookup?q=26100.1&on=",
    ):
        answer = get(own, path + "x" * 60_000)
        assert answer.status_code < 500, (path, answer.status_code)
        assert path.startswith("/hotpatch") or len(answer.text) < 200_000, (path, len(answer.text))


@pytest.mark.fault("a thousand parameters", of="site")
def test_many_parameters(own: Datasette) -> None:
    """A request has a thousand parameters, KBs or unknown ones; 400 or an answer, no failure of ours."""
    assert get(own, "/api/lookup?q=26100.6905&" + "&".join(f"kb={5_000_000 + n}" for n in range(90))).status_code == 200
    assert get(own, "/api/lookup?q=26100.6905&" + "&".join(f"kb={5_000_000 + n}" for n in range(1000))).status_code == 400
    assert get(own, "/api/lookup?" + "&".join(f"p{n}=1" for n in range(1000))).status_code == 400
