"""The archive: every answer as it was served, those that say nothing new as lines of the log alone, read from its end."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers import render
from helpers.changed_trees import JULY, calendar, small_world
from helpers.dumps import dump, query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rendered.support_article import LCU, PRINTING, lcu

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import BadInput, UnexpectedPage
from hotpatch_kb.scraper.crawl import parsed, runs
from hotpatch_kb.scraper.fetch import archive, archive_log
from hotpatch_kb.scraper.fetch.archive import Archive

GUID = '<meta name="awa-userFlightingId" content="{}" />'


def page(body: str, at: str = "2026-08-01T00:00:00Z", **headers: str) -> Page:
    return Page("support_article", LCU, LCU, LCU, at, 200, body.encode(), headers)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("??/*"))


@pytest.fixture
def kept(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "a")


def test_an_answer_that_differs_in_its_tags_is_a_line_of_the_log(kept: Archive) -> None:
    first = kept.keep(page(f"a{GUID.format('1')}b{GUID.format('same')}c"))
    other = page(f"a{GUID.format('22')}b{GUID.format('same')}c", "2026-08-02T00:00:00Z")
    assert kept.keep(other, like=first) != first
    assert len(files(kept.folder)) == 1
    assert [found.body for found in Archive(kept.folder).pages()] == [page(f"a{GUID.format('1')}b{GUID.format('same')}c").body, other.body]
    # The tag that is the same in both is not in the log.
    assert kept.log.path.read_text(encoding="utf-8").count("same") == 0


@pytest.mark.parametrize(
    "body",
    [
        f"A{GUID.format('2')}bc",  # a letter
        f"a{GUID.format('2')}bc{GUID.format('3')}",  # one tag more
        f"ab{GUID.format('2')}c",  # the tag in another place
        "abc",  # no tag
        f"a{GUID.format('ü')}bc",  # not ASCII, which a line of the log would not give back as it came
    ],
)
def test_an_answer_that_differs_in_anything_else_is_kept_whole(kept: Archive, body: str) -> None:
    first = kept.keep(page(f"a{GUID.format('1')}bc"))
    kept.keep(page(body, "2026-08-02T00:00:00Z"), like=first)
    assert len(files(kept.folder)) == 2
    assert [found.body for found in kept.pages()][1] == body.encode()


def test_what_an_answer_is_like_may_be_gone(kept: Archive) -> None:
    first = kept.keep(page(f"a{GUID.format('1')}"))
    kept.file(first).unlink()
    kept.keep(page(f"a{GUID.format('2')}", "2026-08-02T00:00:00Z"), like=first)
    assert len(files(kept.folder)) == 1


@pytest.mark.fault("a log that makes another answer of an archived one", of="disk")
def test_a_line_that_makes_another_answer_is_not_believed(kept: Archive) -> None:
    """The tags in a line of the log are changed; a replay says so, and loads nothing of it."""
    first = kept.keep(page(f"a{GUID.format('1')}"))
    kept.keep(page(f"a{GUID.format('2')}", "2026-08-02T00:00:00Z"), like=first)
    kept.log.path.write_text(kept.log.path.read_text(encoding="utf-8").replace('content=\\"2\\"', 'content=\\"3\\"'), encoding="utf-8")
    with pytest.raises(BadInput, match=r"^expected the answer [0-9a-f]{64} of [0-9a-f]{64} and its tags, got another; hotpatch-kb doctor"):
        list(kept.pages())


@pytest.mark.parametrize(
    "change", [{"like": "../../etc/passwd"}, {"like": 1}, {"tags": [1]}, {"tags": {"x": "y"}}, {"tags": {"1": 2}}, {"tags": {"1": "ü"}}]
)
def test_a_line_with_another_kind_of_tags_is_one_that_cannot_be_read(kept: Archive, change: dict[str, Any]) -> None:
    first = kept.keep(page(f"a{GUID.format('1')}"))
    kept.keep(page(f"a{GUID.format('2')}", "2026-08-02T00:00:00Z"), like=first)
    *before, last = kept.log.path.read_text(encoding="utf-8").splitlines()
    kept.log.path.write_text("\n".join([*before, json.dumps(json.loads(last) | change)]) + "\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"^expected an answer's JSON in line 2 of "):
        list(kept.pages())


def _tree(folder: Path, day: int, body: str, etag: str = "") -> Path:
    file = folder / f"{day}-{len(etag)}" / f"{LCU.removeprefix('https://')}.html"
    file.parent.mkdir(parents=True)
    file.write_text(body, encoding="utf-8")
    meta = {"fetched_at": f"2026-{8 if day < 20 else 11:02d}-{day:02d}T12:00:00Z", "headers": {"etag": etag} if etag else {}}
    file.with_name(f"{file.name}.meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return folder / f"{day}-{len(etag)}"


def test_a_replay_of_lines_alone_is_the_database_that_read_them(run: Command, tmp_path: Path) -> None:
    """A week of an article that changes once, and comes back to what it was."""
    for day in range(1, 8):
        body = lcu(PRINTING.replace("late", "too late") if day == 4 else PRINTING, tracking=str(day))
        assert run("crawl", "--db", "x.db", "--no-seed", "--from", _tree(tmp_path, day, body)).code == 0
    # Of the tables that come with the program there is a file for each, of the article one for each content.
    of_article = [file for file in files(tmp_path / "x.db.archive") if b"supMainContent" in file.read_bytes()]
    assert len(of_article) == 2
    assert query(
        tmp_path / "x.db", "select count(distinct sha256), count(distinct content_sha256) from pages where source = 'support_article'"
    ) == [(7, 2)]
    assert run("replay", "--db", "y.db", "--archive", "x.db.archive").code == 0
    assert dump(tmp_path / "y.db") == dump(tmp_path / "x.db")
    assert run("doctor", "--db", "x.db").out == "all sound\n"


def test_what_may_be_answered_with_not_modified_is_kept_whole(run: Command, tmp_path: Path) -> None:
    for day in (1, 2):
        assert run("crawl", "--db", "x.db", "--no-seed", "--from", _tree(tmp_path, day, lcu(tracking=str(day)), etag='"x"')).code == 0
    assert len([file for file in files(tmp_path / "x.db.archive") if b"supMainContent" in file.read_bytes()]) == 2


def test_a_damaged_answer_costs_those_that_are_like_it_and_doctor_says_so(run: Command, tmp_path: Path) -> None:
    for day in (1, 2, 3):
        assert run("crawl", "--db", "x.db", "--no-seed", "--from", _tree(tmp_path, day, lcu(tracking=str(day)))).code == 0
    (whole,) = [file for file in files(tmp_path / "x.db.archive") if b"supMainContent" in file.read_bytes()]
    whole.write_bytes(b"damaged")
    found = run("doctor", "--db", "x.db")
    assert (found.code, whole.name in found.out) == (1, True)
    assert run("doctor", "--db", "x.db", "--repair").code in {0, 1}
    assert (tmp_path / "x.db.archive" / "log.jsonl.damaged").read_bytes().count(b"\n") == 3
    assert run("crawl", "--db", "x.db", "--no-seed", "--from", tmp_path / "3-0").code == 0
    now = run("doctor", "--db", "x.db")
    assert (now.code, "expected every answer in the archive, got 2 that are not" in now.out) == (0, True)


# --- the end of the log -------------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    texts=st.lists(st.sampled_from([b'{"seed": "x"}', b"torn", b"", b'{"seed": "' + b"y" * 300 + b'"}']), max_size=12),
    block=st.integers(1, 400),
    is_ended=st.booleans(),
)
def test_read_from_its_end_a_log_has_the_same_lines(
    texts: list[bytes], block: int, is_ended: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_log, "_BLOCK", block)
    log = Archive(tmp_path).log
    log.path.write_bytes(b"\n".join(texts) + (b"\n" if is_ended else b""))
    forwards = [(line.text.rstrip(b"\n"), line.entry, line.is_cut) for line in log.lines() if line.text.rstrip(b"\n")]
    assert [(line.text, line.entry, line.is_cut) for line in log.lines_from_end()] == forwards[::-1]


def test_years_of_a_log_are_not_read_for_a_crawl(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """30,000 answers come before it: they are 15 MB, and its last lines say all that a run has to know."""
    assert run("crawl", "--db", "x.db", "--no-seed", "--from", _tree(tmp_path, 23, lcu(tracking="1"))).code == 0
    log = tmp_path / "x.db.archive" / "log.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    old = json.loads(lines[-1])
    more = [json.dumps(old | {"url": f"{LCU}?{n}", "fetched_at": "2026-07-01T00:00:00Z"}) + "\n" for n in range(30_000)]
    log.write_text("".join([*more, *lines]), encoding="utf-8")
    read = 0

    def counted(text: bytes) -> dict[str, Any] | None:
        nonlocal read
        read += 1
        return plain(text)

    plain = archive_log.read_line
    monkeypatch.setattr(archive_log, "read_line", counted)
    said: list[str] = []
    runs.crawl(tmp_path / "x.db", tmp_path / "x.db.archive", folder=_tree(tmp_path, 26, lcu(tracking="2")), seed=False, say=said.append)
    assert 0 < read < 5_000
    assert query(tmp_path / "x.db", "select count(*) from pages where source = 'support_article'") == [(2,)]


def _killed(run: Command, *arguments: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crawl that is ended by force when all is archived and nothing is written."""

    def end(_: Archive) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Archive, "sync", end)
        assert run("crawl", "--db", "x.db", "--no-seed", *arguments).code == 130


@pytest.mark.fault("a killed crawl that logged, last of all, what was loaded of another archive")
def test_what_was_loaded_before_it_was_logged_hides_nothing_that_was_not(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crawl is ended when it has logged a new answer and then one that is loaded already; the next one loads the new one."""
    old = _tree(tmp_path, 1, lcu())
    run("crawl", "--db", "x.db", "--no-seed", "--from", old, "--archive", "former")
    new = render.save_tree(
        old, render.HOTPATCH_HUB["new"], render.navigation_new(
            render.hotpatch_categories("2026-07", "new"), h1="Release notes", url=render.HOTPATCH_HUB["new"]
        ), fetched_at="2026-08-02T12:00:00Z", suffix=".html",
    )  # fmt: skip
    _killed(run, "--from", old, "--archive", "a", monkeypatch=monkeypatch)
    lines = [json.loads(line) for line in (tmp_path / "a" / "log.jsonl").read_bytes().splitlines()]
    of_pages = [entry["source"] for entry in lines if not entry["source"].startswith("facts_")]
    assert of_pages == ["support_navigation", "support_article"]
    new.unlink()
    assert run("crawl", "--db", "x.db", "--no-seed", "--from", old, "--archive", "a").code == 0
    assert query(tmp_path / "x.db", "select state from pages where source = 'support_navigation'") == [("accepted",)]


def test_the_answer_that_others_are_like_is_the_first_that_is_kept_whole(run: Command, tmp_path: Path) -> None:
    """The very first one is in a tree that was read later, and so is a line of the log; the fourth is still no file of its own."""
    for day in (3, 1, 4, 5):
        assert run("crawl", "--db", "x.db", "--no-seed", "--from", _tree(tmp_path, day, lcu(tracking=str(day)))).code == 0
    assert len([file for file in files(tmp_path / "x.db.archive") if b"supMainContent" in file.read_bytes()]) == 1
    assert run("replay", "--db", "y.db", "--archive", "x.db.archive").code == 0
    assert dump(tmp_path / "y.db") == dump(tmp_path / "x.db")


@pytest.mark.fault("a restored older database, of a page that changed and came back")
@pytest.mark.parametrize(
    ("days", "last"),
    [((16, 17, 18, 19), 17), ((16, 17, 19, 18, 20), 19)],
    ids=["changed and came back after it", "came back on both sides of its last page"],
)
def test_a_restored_older_database_becomes_the_one_that_was_lost(run: Command, tmp_path: Path, days: tuple[int, ...], last: int) -> None:
    """A database of two days ago is crawled on; it is the lost one again, and what a replay gives."""
    for day in days:
        kind = "Baseline" if day == 16 else "Hotpatch" if day == days[2] else "Baseline (Restart)"
        calendar(tmp_path, f"2026-07-{day}", replace(JULY, type=kind))
        assert run("crawl", "--db", "x.db", "--no-seed", "--from", f"calendar-2026-07-{day}").code == 0
        if day == last:
            shutil.copy("x.db", "older.db")
    lost = dump(tmp_path / "x.db")
    shutil.copy("older.db", "x.db")
    assert run("crawl", "--db", "x.db", "--no-seed", "--from", f"calendar-2026-07-{days[-1]}").code == 0
    assert dump(tmp_path / "x.db") == lost
    assert run("replay", "--db", "y.db", "--archive", "x.db.archive").code == 0
    assert dump(tmp_path / "y.db") == lost


def test_an_answer_that_is_accepted_late_comes_after_the_others_of_its_time(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two answers of one page and second; the first was refused by an older version. With one place for both, a run took either for the last."""
    trees = [_tree(tmp_path / name, 1, lcu(tracking=name)) for name in ("1", "2")]

    def refuse(*_: object) -> Any:
        raise UnexpectedPage("expected another page, got this one")

    with monkeypatch.context() as patched:
        patched.setattr(parsed, "_claims", refuse)
        assert run("crawl", "--db", "x.db", "--no-seed", "--from", trees[0]).code == 3
    for tree in reversed(trees):
        assert run("crawl", "--db", "x.db", "--no-seed", "--from", tree).code == 0
    found = query(tmp_path / "x.db", "select state, tie from pages where source = 'support_article' order by tie")
    assert found == [("accepted", 1), ("accepted", 2)]


def test_tags_are_looked_for_in_time_that_grows_with_the_page_alone() -> None:
    body = b"<meta " + b"name='awa-expid' " * 60_000
    began = time.monotonic()
    assert archive.content_sha256(body) == hashlib.sha256(body).hexdigest()
    assert time.monotonic() - began < 10  # 0.1 s; it was four minutes


def test_the_tables_of_this_version_are_archived_once(run: Command, tmp_path: Path) -> None:
    """Those of a database that began with the embedded facts, too: the next version has others, and a replay wants these."""
    for day in (1, 2):
        assert run("crawl", "--db", "x.db", "--from", _tree(tmp_path, day, lcu(tracking=str(day)))).code == 0
    lines = [json.loads(line) for line in (tmp_path / "x.db.archive" / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    names = [line["url"] for line in lines if line.get("source", "").startswith("facts_")]
    assert len(names) == len(set(names)) == 6
    assert run("replay", "--db", "y.db", "--archive", "x.db.archive").code == 0
    assert dump(tmp_path / "y.db") == dump(tmp_path / "x.db")


def _calendar(folder: Path, day: str, july: render.CalendarRow) -> Path:
    calendar(folder, day, july)
    return folder / f"calendar-{day}"


STATED = "select subject, field, value from claims where source = 'support_navigation' and gone_at is null order by 1, 2, 3"


@pytest.mark.fault("a database without its archive, and pages that come out of order", of="disk")
def test_a_crawl_replays_only_what_the_archive_has(run: Command, tmp_path: Path) -> None:
    """A database was copied without its archive; older pages are read, nothing that the lost answers stated is lost, and a line says what to do."""
    assert run("crawl", "--db", "x.db", "--from", small_world(tmp_path, "2026-07-24"), "--no-seed").code == 0
    shutil.copy(tmp_path / "x.db", tmp_path / "y.db")
    before = query(tmp_path / "y.db", STATED)
    other = replace(JULY, type="Hotpatch")
    for day in ("2026-07-25", "2026-07-27"):
        assert run("crawl", "--db", "y.db", "--from", _calendar(tmp_path, day, JULY), "--no-seed").code == 0
    ended = run("crawl", "--db", "y.db", "--from", _calendar(tmp_path, "2026-07-26", other), "--no-seed")
    assert ended.code == 3
    assert (
        "not replayed: expected every answer of the database in its archive, 1 are not, and what they alone state would be lost"
        in ended.out
    )
    after = query(tmp_path / "y.db", STATED)
    assert after == before
    assert len(before) > 20
    # The archive is put back beside the answers that were kept since: the replay that was due is made.
    lost, kept = tmp_path / "x.db.archive", tmp_path / "y.db.archive"
    log = (lost / "log.jsonl").read_bytes() + (kept / "log.jsonl").read_bytes()
    shutil.copytree(lost, kept, dirs_exist_ok=True)
    (kept / "log.jsonl").write_bytes(log)
    again = run("crawl", "--db", "y.db", "--from", _calendar(tmp_path, "2026-07-28", JULY), "--no-seed")
    assert (again.code, "doing it now" in again.err) == (0, True)
    assert query(tmp_path / "y.db", STATED) == before
