"""Pages that are not what they were: right, refused or reported, and never a wrong fact in silence.

``HOTPATCH_KB_MUTATIONS`` says how many (``.ci/long``: 20,000, by ``mutating.py``); an ordinary run makes a sample of them.
``HOTPATCH_KB_NEW_ROWS`` says how many rows of the next month are changed, each read by a whole crawl.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import mutating
import pytest
from conftest import Command
from helpers import recorded, render, worlds
from helpers.dumps import query
from helpers.mutations import KINDS, NotHere, judge, mutant

from hotpatch_kb.db.answers.verdicts import verdicts
from hotpatch_kb.db.claims import checks as check
from hotpatch_kb.scraper.crawl import runs
from hotpatch_kb.scraper.sources import registry, unread

COUNT = int(os.environ.get("HOTPATCH_KB_MUTATIONS", "100"))
SEED = int(os.environ.get("HOTPATCH_KB_MUTATIONS_SEED", "1"))


def test_no_mutation_is_wrong_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints the table of kinds and outcomes."""
    done = list(mutating.run(COUNT, SEED))
    with capsys.disabled():
        where = "" if recorded.are_there() else ", rendered ones alone: the recorded ones are absent"
        print(f"\n{len(done)} mutations of {len(mutating.samples())} pages{where}\n{mutating.table(done)}")
    assert [str(d) for d in done if d.outcome.what == "silent"] == []
    assert [str(d) for d in done if d.outcome.stumbled] == []


@pytest.mark.parametrize("name", ["old", "new", "recorded pages", "recorded pages-2026-05", "recorded samples"])
def test_pages_as_they_are_raise_no_alarm(name: str) -> None:
    found = [sample for sample in mutating.samples() if sample.name.startswith(f"{name}/")]
    if name.startswith("recorded") and not found:
        pytest.skip(recorded.REASON)
    assert {sample.name: sample.notes for sample in found if sample.notes} == {}


def test_a_generation_of_pages_after_the_other_raises_no_alarm() -> None:
    """What changed between May and July 2026 is no drift but for the layout, which is known."""
    old = {sample.page.page_url: sample for sample in mutating.samples() if sample.name.startswith("old/")}
    for sample in (sample for sample in mutating.samples() if sample.name.startswith("new/")):
        before = old[sample.page.page_url].claims
        checks = check.check_page(
            sample.page,
            sample.claims,
            now=check.count(sample.claims),
            before=check.count(before),
            at_least=1,
            unread=unread(registry()[sample.page.source], sample.page, sample.claims),
            standing=[(c.subject, c.field) for c in before if c.value is not None],
        )
        assert [c for c in checks if not c.ok] == []


def test_a_mutation_is_named_by_seed_page_and_kind() -> None:
    sample = mutating.samples()[0]
    for name in ("html: drop a record", "html: shuffle the records", "bytes: truncated"):
        first, second = (mutant(sample, KINDS[name], 5) for _ in range(2))
        assert first.body == second.body
        assert first.body != mutant(sample, KINDS[name], 6).body


NEW_ROWS = int(os.environ.get("HOTPATCH_KB_NEW_ROWS", "3"))


def test_no_new_row_is_wrong_in_silence(
    crawled: Path, at: Callable[[str], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The release of the next month appears with one thing of it changed: a machine that lacks it is never called current."""
    at(worlds.AUGUST)
    outcomes: Counter[str] = Counter()
    silent = []
    for seed in range(SEED, SEED + NEW_ROWS):
        draw = random.Random(seed)
        line, true = draw.choice([("standard", worlds.LCUS["ws2025"]), ("hotpatch", worlds.HOTPATCHES["ws2025"])])
        what, release = worlds.mutated(true, draw)
        # The other line is not yet listed in half of the worlds: it cannot tell on this one.
        others = [r for r in worlds.AUGUST_RELEASES if r is not true and (draw.random() < 0.5 or "ws2025" not in r.products)]
        folder = tmp_path / str(seed)
        shutil.copytree(crawled, folder)
        worlds.write(folder / "tree", [*others, release])
        done = runs.crawl(folder / "x.db", folder / "archive", folder=folder / "tree", seed=False, say=lambda _: None)
        with closing(sqlite3.connect(folder / "x.db")) as conn:
            found = [v for v in verdicts(conn, worlds.AUGUST, "ws2025") if (v.build, v.line, v.deciding_kb) == ("26100.33158", line, "")]
        outcomes["refused" if done.failures else found[0].verdict] += 1
        silent += [f"seed {seed}, {line}: {what}" for v in found if v.verdict == "current"]
        shutil.rmtree(folder)
    with capsys.disabled():
        print(f"\n{NEW_ROWS} new rows changed: {dict(outcomes)}")
    assert not silent, "\n".join(silent)


# What mutations found, each with what was silent before.
FOUND = [
    # a class or a tag of one entry was another, and the entry was skipped
    ("html: rename class of a record", "new/support_navigation/", "reported"),
    ("html: retag a record", "new/support_navigation/", "reported"),
    # a label "(OS Build" was another, a table stood below no known heading
    ("html: retag a record", "new/learn_release_info/", "reported"),
    # dates of a column slipped by a row
    ("html: a column slips by a row", "recorded pages/learn_release_info/", "refused"),
    # the KB of a row was gone: it was taken for the first release of its version
    ("markdown: blank one cell", "new/learn_release_info/", "reported"),
    # one digit of a build made it lower than the one before, a date was no second Tuesday
    ("markdown: another digit in a date", "new/learn_release_info/", "reported"),
    # "Baseline (Restart)" and "Hotpatch" of a calendar
    ("markdown: another word", "new/learn_release_info/", "reported"),
]


@pytest.mark.parametrize(("name", "page", "expected"), FOUND)
def test_what_was_silent_is_told(name: str, page: str, expected: str) -> None:
    outcomes = set()
    found = [sample for sample in mutating.samples() if sample.name.startswith(page) and KINDS[name] in sample.kinds]
    if not found and page.startswith("recorded"):
        pytest.skip(recorded.REASON)
    for seed in range(1, 25):
        if expected in outcomes and seed > 6:
            break
        try:
            outcomes.add(judge(found[seed % len(found)], mutant(found[seed % len(found)], KINDS[name], seed)).what)
        except NotHere:
            continue
    assert expected in outcomes
    assert "silent" not in outcomes


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("name", "seed", "failed"),
    [
        ("html: rename class of a record", 1, "unread text"),
        ("html: another digit in a revision", 2, ""),
        ("html: drop a heading", 1, ""),
        ("bytes: truncated", 1, ""),
        ("html: merge two categories", 3, ""),
    ],
)
def test_by_a_whole_crawl(run: Command, tmp_path: Path, name: str, seed: int, failed: str) -> None:
    """A mutated page read after the good ones: releases keep what they had, and checks, conflicts or the exit code say what came."""
    render.write_world(tmp_path / "good", "new")
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "good").code == 0
    before = _releases(tmp_path / "x.db")
    url = render.SERVER_HUB["new"]
    sample = next(s for s in mutating.samples() if s.name.startswith("new/") and s.page.page_url == url)
    render.save_tree(
        tmp_path / "bad",
        url,
        mutant(sample, KINDS[name], seed).body.decode("utf-8", "ignore"),
        fetched_at="2026-07-24T12:00:00Z",
        suffix=".html",
    )
    done = run("crawl", "--db", "x.db", "--from", tmp_path / "bad")
    last = query(tmp_path / "x.db", "select max(run) from runs")[0][0]
    told = query(tmp_path / "x.db", f"select name, note from checks where run = {last} and not ok")
    changed = {subject for subject, row in _releases(tmp_path / "x.db").items() if before.get(subject) not in {None, row}}
    conflicts = query(tmp_path / "x.db", "select count(*) from conflicts")[0][0]
    assert before.keys() <= _releases(tmp_path / "x.db").keys()
    assert done.code == 3 or told or conflicts or not changed
    if failed:
        assert failed in {name for name, _ in told}


def _releases(db: Path) -> dict[Any, tuple[Any, ...]]:
    rows = query(db, "select subject, release_date, classification, in_hotpatch_line, baseline_kb from releases")
    return {subject: tuple(row) for subject, *row in rows}
