"""Freshness, drift and metrics, through the command and the site."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.datasettes import get, opened
from prometheus_client.parser import text_string_to_metric_families

from hotpatch_kb.db.answers import metrics
from hotpatch_kb.db.answers.events import FORMS
from hotpatch_kb.db.store import schema
from hotpatch_kb.db.store.connections import open_for_reading, open_seed_database
from hotpatch_kb.scraper.crawl import runs

HUB = "windows-server-2025-update-history"


@pytest.fixture
def drifted(worlds: dict[str, Path], crawled_in_may: Path, tmp_path: Path) -> Path:
    """A database after a crawl in which one navigation was renamed to nothing."""
    path, tree = tmp_path / "x.db", tmp_path / "tree"
    shutil.copytree(crawled_in_may, tmp_path, dirs_exist_ok=True)
    shutil.copytree(worlds["new"], tree)
    for page in [file for file in tree.rglob("*") if HUB in file.name and file.suffix == ".html"]:
        page.write_text("<html><body><main><h1>Windows Server 2025</h1><p>Moved.</p></main></body></html>", encoding="utf-8")
    result = runs.crawl(path, tmp_path / "x.db.archive", folder=tree, seed=False, say=lambda _: None)
    assert {failure.source for failure in result.failures} == {"support_navigation"}
    return path


def test_drift_says_what_could_not_be_read_and_where(drifted: Path, run: Any) -> None:
    done = run("status", "--drift", "--db", drifted)
    assert done.code == 6
    line, *_ = [line for line in done.out.splitlines() if ": refused in run" in line]
    assert line.startswith("support_navigation: refused in run 2: https://support.microsoft.com/")
    assert HUB in line
    assert "expected" in line
    row, *_ = [row for row in run("status", "--drift", "--json", "--db", drifted).json() if row["is_required"]]
    assert (row["source"], row["name"]) == ("support_navigation", "readable")


def test_a_database_into_which_nothing_was_read_is_not_fresh(run: Any, tmp_path: Path) -> None:
    schema.open_for_writing(tmp_path / "x.db").close()  # what a first run leaves that was ended by force
    done = run("status", "--db", "x.db")
    assert (done.code, done.err) == (
        6,
        "x.db is empty (was the first run killed?); run hotpatch-kb crawl\n",
    )


def test_what_refused_a_page_comes_before_what_was_merely_noted(drifted: Path, run: Any) -> None:
    with closing(sqlite3.connect(drifted)) as conn, conn:
        conn.execute(
            """insert into checks (run, source, page_url, section, name, ok, required, note)
            select max(run), source, '', '', 'there', 0, 0, 'noted' from checks where source = 'learn_release_info'"""
        )
    rows = run("status", "--drift", "--json", "--db", drifted).json()
    assert (rows[0]["source"], "noted" in [row["note"] for row in rows]) == ("support_navigation", True)
    assert [row["is_required"] for row in rows] == sorted((row["is_required"] for row in rows), reverse=True)


def test_drift_that_was_mended_is_none(drifted: Path, run: Any, worlds: dict[str, Path], tmp_path: Path) -> None:
    for folder in (worlds["new"], worlds["new"]):  # the second finds nothing new, and leaves no checks
        runs.crawl(drifted, tmp_path / "x.db.archive", folder=folder, seed=False, say=lambda _: None)
    assert not any(row["is_required"] for row in run("status", "--drift", "--json", "--db", drifted).json())
    (row,) = [row for row in run("status", "--json", "--db", drifted).json() if row["source"] == "support_navigation"]
    assert (row["state"], row["note"]) == ("ok", "")


def _read(text: str) -> dict[str, Any]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_metrics_are_what_prometheus_reads(drifted: Path, run: Any) -> None:
    done = run("status", "--metrics", "--db", drifted)
    assert done.code == 6
    found = _read(done.out)
    state = {(s.labels["source"], s.labels["state"]): s.value for s in found["hotpatch_kb_source_state"].samples}
    assert (state["support_navigation", "refused"], state["support_navigation", "ok"], state["learn_release_info", "ok"]) == (1, 0, 1)
    stale = {s.labels["source"]: s.value for s in found["hotpatch_kb_source_stale"].samples}
    assert stale["support_navigation"] == 1
    failed = {s.labels["source"]: s.value for s in found["hotpatch_kb_source_failed_checks"].samples}
    assert failed["support_navigation"] >= 1
    until = {(s.labels["product"], s.labels["line"]): s.value for s in found["hotpatch_kb_data_until_timestamp_seconds"].samples}
    with closing(open_for_reading(drifted)) as conn:
        day = conn.execute("select data_until from lines where product = 'ws2025' and line = 'hotpatch'").fetchone()[0]
        assert until["ws2025", "hotpatch"] == metrics.unix(f"{day}T00:00:00Z")
        assert found["hotpatch_kb_claims"].samples[0].value == conn.execute("select count(*) from claims").fetchone()[0]


def test_the_site_has_the_same_metrics() -> None:
    with closing(open_seed_database()) as conn:
        expected = metrics.metrics(conn)
        path = Path(conn.execute("select file from pragma_database_list").fetchone()[0])
    with opened(path, public=True) as ds:
        answer = get(ds, "/metrics")
    assert answer.headers["content-type"] == metrics.CONTENT_TYPE
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text == expected


def test_labels_are_escaped() -> None:
    (_, _, line) = metrics._gauge("x", "An x.", [({"a": 'q"\\\n'}, 1)])
    (family,) = text_string_to_metric_families(f"{line}\n")
    assert family.samples[0].labels == {"a": 'q"\\\n'}


def test_changes_are_told_in_markdown(run: Any, worlds: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    for name in ("old", "new"):
        runs.crawl(path, tmp_path / "x.db.archive", folder=worlds[name], seed=False, say=lambda _: None)
    out = run("changes", "--db", path, "--format", "markdown").out
    assert out.startswith("## 2026-07-")
    assert "- Windows Server 2025, June 2026: planned as a hotpatch, released as a baseline\n" in out
    assert "expected_type" not in out
    assert run("changes", "--db", path, "--format", "json").json() == run("changes", "--db", path, "--json").json()
    assert run("changes", "--db", path, "--since", "2030-01-01", "--format", "markdown").out == "No change.\n"
    assert set(FORMS) >= {"surprise", "new", "repriced"}
