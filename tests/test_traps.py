"""Files that are made to harm whoever reads them: saved pages, exports, backups, and names of files."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import time
from collections import namedtuple
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Command
from helpers.datasettes import get, opened
from helpers.dumps import FACTS, dump

from hotpatch_kb.scraper.crawl.reading import browser_files
from hotpatch_kb.scraper.crawl.upkeep import backup as keeping
from hotpatch_kb.scraper.parsing.support import conditions

# What begins and never ends, again and again.
BEGINNINGS = {"comments": "<!--", "scripts": "<script>", "templates": "<template", "links": "<link ", "metadata": "<meta a='", "comments of a saved page": "<!-- saved from url=(1)"}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("comments", marks=pytest.mark.fault("comments without an end in a page that a browser saved", of="pages")),
        pytest.param("scripts", marks=pytest.mark.fault("scripts without an end in a page that a browser saved", of="pages")),
        pytest.param("templates", marks=pytest.mark.fault("templates without an end in a page that a browser saved", of="pages")),
        pytest.param("links", marks=pytest.mark.fault("tags without an end in a page that a browser saved", of="pages")),
        "metadata",
        "comments of a saved page",
    ],
)
def test_what_never_ends_in_a_saved_page(name: str) -> None:
    """A head of 1 MB has nothing but such beginnings; the file is read within seconds, and its address before them is found."""
    head = '<!doctype html><html><head><link rel="canonical" href="https://learn.microsoft.com/en-us/x">'
    began = time.monotonic()
    page = browser_files.read((head + BEGINNINGS[name] * (1_000_000 // len(BEGINNINGS[name]))).encode())
    assert page is not None
    assert page.addresses[0] == "https://learn.microsoft.com/en-us/x"
    assert time.monotonic() - began < 60  # by the square it is minutes


@pytest.mark.fault("a sentence of 20,000 KBs", of="pages")
@pytest.mark.parametrize("pattern", [conditions._BASELINE_KB, conditions._KB_BASELINE], ids=["baseline first", "KB first"])
@pytest.mark.parametrize("word", ["xKB5082063", "KB 5082063 ", "baseline ", "baseline KB"])
def test_a_sentence_of_kbs_is_read_in_linear_time(pattern: object, word: str) -> None:
    """An article's sentence has as many KBs or baselines; it is searched within seconds."""
    began = time.monotonic()
    pattern.search(word * 20_000)  # type: ignore[attr-defined]
    assert time.monotonic() - began < 120


NEVER = "with recursive n (i) as (select 1 union all select i + 1 from n) select i"
HARMS = {
    "a view that never ends in place of a table": (
        "drop table lines",
        f"create view lines as {NEVER} as product, i as line, i as data_until, i as data_from from n",
    ),
    "columns that are worked out": ("alter table claims add column more text generated always as (hex(zeroblob(100000000))) virtual",),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "a view that never ends in place of a table",
            marks=pytest.mark.fault("an export with a view that never ends in place of a table", of="network"),
        ),
        pytest.param(
            "columns that are worked out", marks=pytest.mark.fault("an export whose columns are worked out, of 200 MB each", of="network")
        ),
    ],
)
def test_an_export_that_works_out_its_rows_is_refused(
    name: str, seeded: Path, tmp_path: Path, run: Command, at: Callable[[str], None]
) -> None:
    """Whoever makes an export makes its schema, too; exit code 3 within seconds, and the facts are kept."""
    at("2026-07-24")
    folder = tmp_path / "out"
    folder.mkdir()
    shutil.copyfile(seeded, folder / "hotpatch.db")
    with closing(sqlite3.connect(folder / "hotpatch.db")) as conn:
        for (view,) in conn.execute("select name from sqlite_master where type = 'view'").fetchall():
            conn.execute(f"drop view {view}")
        for statement in HARMS[name]:
            conn.execute(statement)
        conn.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('hotpatch_kb', 'm999_of_tomorrow', '2026-07-24')"
        )
        conn.commit()
    body = (folder / "hotpatch.db").read_bytes()
    listed = {"path": "hotpatch.db", "sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
    index = {
        "schema_version": 1,
        "made_at": "2026-07-24T00:00:00Z",
        "database": {"path": "hotpatch.db"},
        "files": [listed],
        "counts": {"pages": 99, "claims": 99_999},
    }
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    shutil.copyfile(seeded, tmp_path / "own.db")
    began = time.monotonic()
    done = run("update", folder, "--db", tmp_path / "own.db")
    assert time.monotonic() - began < 120
    assert done.code == 3
    assert "which is no plain table" in done.err
    assert dump(tmp_path / "own.db", FACTS) == dump(seeded, FACTS)


@pytest.mark.fault("a backup that is larger than the disk")
def test_a_backup_larger_than_the_disk_is_refused(seeded: Path, tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk has a megabyte left, and the backup would unpack to more; one line, exit code 2, and nothing is written."""
    keeping.backup(seeded, tmp_path / "none.archive", tmp_path / "a.zip")
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 (as shutil has it)
    monkeypatch.setattr(keeping.shutil, "disk_usage", lambda _: usage(10_000_000, 9_000_000, 1_000_000))
    done = run("restore", tmp_path / "a.zip", "--db", tmp_path / "back" / "x.db")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "bytes of free space" in done.err
    assert not (tmp_path / "back" / "x.db").exists()


@pytest.mark.fault("names of saved files that command a terminal", of="users")
@pytest.mark.parametrize("name", ["\x1b]0;owned\x07\x1b[2Jpage.html", "a\x9b31mb.html", "lmth.\u202egpj.html", "a\u2066\u200bb.html"])
def test_a_files_name_does_not_command_the_terminal(name: str, tmp_path: Path, run: Command) -> None:
    """Escape sequences and marks of direction are in a file's name; what is said of the file has them as escapes."""
    folder = tmp_path / "saved"
    folder.mkdir()
    try:
        (folder / name).write_text("<!doctype html><html>no page of ours", encoding="utf-8")
    except OSError:
        pytest.skip("this file system does not take the name")
    done = run("crawl", "--no-seed", "--from", folder, "--db", tmp_path / "x.db")
    assert "refused: expected a page of a source" in done.err
    assert not set(done.err) & {"\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\u200b"}


@pytest.mark.fault("a table of the site that takes longer than its limit", of="site")
@pytest.mark.parametrize("path", ["/hotpatch/quarantine", "/hotpatch/quarantine.json", "/ja/hotpatch/quarantine"])
def test_a_page_that_is_interrupted_is_one_line(
    path: str, seeded: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The limit is so low that each query of a table is interrupted; a page in one line without a script that our headers forbid, or JSON, and nothing in the log."""
    with opened(seeded, public=True) as ds:
        monkeypatch.setattr(ds, "sql_time_limit_ms", 1)
        response = get(ds, path)
    assert response.status_code in {400, 503}  # the table's own queries, and those that Datasette asks before
    assert capfd.readouterr().err == ""
    assert "<textarea" not in response.text
    assert "scrollHeight" not in response.text
    assert "This took too long" in response.text or "時間がかかりすぎました" in response.text


ODD = (
    *(f"/hotpatch/{table}?_through={value}" for table in ("checks", "products.csv", "cve_gaps.json") for value in ("0", "null", "[]", "1e308", '"x"', "{}", '{"table":1}')),
    "/hotpatch/changes.csv?%00visitor7f3a=object", "/hotpatch/kbs_fts_idx?a=b&%00visitor7f3a=1", "/hotpatch/kbs?_sort=%00visitor7f3a", "/build/%00visitor7f3a", "/hotpatch/~00visitor7f3a/1",
    "/hotpatch/~00visitor7f3a", "/hotpatch/kbs/~00visitor7f3a", "/ja/hotpatch/%00visitor7f3a.json",
)  # fmt: skip


@pytest.mark.fault("JSON of another kind in a parameter, and NULs in addresses", of="site")
def test_odd_values_are_no_fault_of_ours(seeded: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A number stands where Datasette reads an object, a NUL in names of tables, columns and rows; 200, 400 or 404 without a word in the log."""
    with opened(seeded, public=True) as ds:
        got = {path: get(ds, path).status_code for path in ODD}
    assert {path: status for path, status in got.items() if status not in {200, 400, 404}} == {}
    assert 400 in got.values()
    assert 404 in got.values()
    assert capfd.readouterr().err == ""
