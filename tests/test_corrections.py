"""Files of corrections as persons and spreadsheets leave them: read, or refused in one line, and never left out in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Command
from helpers.changed_trees import small_world
from helpers.dumps import query

HEADER = "source,subject,field,value,new_value,why,url,decided_on"
SUBJECT = "release/ws2025/5087423/26100.32772"


def _row(
    field: str = "release_date", value: str = "2026-05-12", new: str = "2026-05-13", why: str = "a test", on: str = "2026-08-20"
) -> str:
    return f"support_navigation,{SUBJECT},{field},{value},{new},{why},https://example.com/,{on}"


def _file(*rows: str, end: str = "\n") -> str:
    return "".join(f"{row}{end}" for row in (HEADER, *rows))


READ = {
    "a mark of UTF-8 and CRLF": b"\xef\xbb\xbf" + _file(_row(), end="\r\n").encode(),
    "CR alone": _file(_row(), end="\r").encode(),
    "a cell of two lines": _file(_row(why='"a\nt\u2028est"')).encode(),
    "empty lines": _file("", _row(), "").encode(),
    "a row twice": _file(_row(), _row()).encode(),
    "a long reason": _file(_row(why="x" * 100_000)).encode(),
}


@pytest.fixture
def july(tmp_path: Path) -> Path:
    return small_world(tmp_path, "2026-07-24", is_tiny=True)


@pytest.mark.fault("a file of corrections as a spreadsheet writes it", of="disk")
@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_decides(name: str, run: Command, july: Path, tmp_path: Path) -> None:
    """A mark of UTF-8, CRLF, CR, cells of several lines, empty lines; the correction decides."""
    (tmp_path / "x.db.corrections.csv").write_bytes(READ[name])
    assert run("crawl", "--db", "x.db", "--from", july, "--no-seed").code == 0
    assert query(tmp_path / "x.db", "select release_date from releases where subject = ?", SUBJECT) == [("2026-05-13",)]


REFUSED = {
    "another encoding": (_file(_row(why="caf\u00e9")).encode("cp1252"), "mine.csv in UTF-8, got the byte 0xe9 in line 2: save it as UTF-8"),
    "UTF-16": (_file(_row()).encode("utf-16"), "mine.csv in UTF-8, got the byte 0xff in line 1: save it as UTF-8"),
    "a line of a megabyte": (_file(_row(why="x" * 2**20)).encode(), "expected lines of at most 131,072 characters in mine.csv, got 1,048,697 in line 2"),
    "a header of a megabyte": (f"{HEADER},{'x' * 100_000}\n".encode(), f"in mine.csv, got {HEADER},xxx"),
    "an unknown column": (_file(_row()).replace("why", "reason", 1).encode(), "in mine.csv, got source,subject,field,value,new_value,reason"),
    "nothing": (b"", "in mine.csv, got none"),
    "a cell too many": (_file(_row() + ",more").encode(), "expected 8 cells in each row of mine.csv, got 9 in line 2"),
    "cells too few": (_file(f"support_navigation,{SUBJECT},build").encode(), "expected 8 cells in each row of mine.csv, got 3 in line 2"),
    "a quote that does not end": (_file(_row(why='"a test')).encode(), "expected CSV in mine.csv, got unexpected end of data in line 2"),
    "two new values": (_file(_row(), _row(new="2026-05-14")).encode(), "in mine.csv, got '2026-05-13' and, in line 3, '2026-05-14'"),
    "no such day": (_file(_row(new="2026-13-45")).encode(), "expected release_date in a form such as 2026-08-11 in the column new_value of mine.csv, got '2026-13-45' in line 2"),
    "no build": (_file(_row("build", "26100.32772", "26100")).encode(), "expected build in a form such as 26100.33296"),
    "no KB": (_file(_row("kb", "5087423", "KB5087424")).encode(), "expected kb in a form such as 5122880"),
    "no line": (_file(_row("line", "hotpatch", "hotpach")).encode(), "expected line in a form such as hotpatch or standard"),
    "decided some day": (_file(_row(on="yesterday")).encode(), "expected decided_on in a form such as 2026-08-11 in the column decided_on"),
}  # fmt: skip


@pytest.mark.fault("a file of corrections that cannot be read", of="disk")
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_one_line(name: str, run: Command, july: Path, tmp_path: Path) -> None:
    """Another encoding, a line of a megabyte, cells too many or too few, two new values of one statement, a value that its field cannot have; one short line, exit code 2, no database."""
    body, line = REFUSED[name]
    (tmp_path / "mine.csv").write_bytes(body)
    done = run("crawl", "--db", "x.db", "--from", july, "--no-seed", "--corrections", "mine.csv")
    said = done.err.splitlines()[-1]
    assert (done.code, said.startswith("hotpatch-kb: expected "), line in said, len(said) < 500) == (2, True, True, True), said
    assert "Traceback" not in done.err
    assert not (tmp_path / "x.db").exists()


@pytest.mark.fault("corrections that lead in a circle", of="disk")
def test_a_circle_is_walked_once(run: Command, july: Path, tmp_path: Path) -> None:
    """One says that a day is another, the next that this other is the first; each is of what a page states, so the first decides, and the second matches nothing: exit code 3."""
    (tmp_path / "mine.csv").write_text(_file(_row(), _row(value="2026-05-13", new="2026-05-12")), encoding="utf-8")
    done = run("crawl", "--db", "x.db", "--from", july, "--no-seed", "--corrections", "mine.csv")
    assert (done.code, "expected a claim release_date = '2026-05-13'" in done.out) == (3, True)
    assert query(tmp_path / "x.db", "select release_date from releases where subject = ?", SUBJECT) == [("2026-05-13",)]


@pytest.mark.fault("corrections beside the database that are a folder, or a link that leads nowhere", of="disk")
@pytest.mark.parametrize("kind", ["a folder", "a link"])
def test_corrections_that_are_no_file_are_not_left_out(kind: str, run: Command, july: Path, tmp_path: Path) -> None:
    """What was decided is on a disk that is not mounted; one line, exit code 2, and no fact follows without it."""
    beside = tmp_path / "x.db.corrections.csv"
    beside.mkdir() if kind == "a folder" else beside.symlink_to(tmp_path / "disk" / "decided.csv")
    done = run("crawl", "--db", "x.db", "--from", july, "--no-seed")
    assert (done.code, done.err.count("\n"), "expected a file of corrections, got" in done.err) == (2, 1, True)
    assert not (tmp_path / "x.db").exists()
