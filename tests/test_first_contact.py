"""First contact: a crawl that writes nothing, and a file of the pages that could not be read, for a bug report."""

from __future__ import annotations

import json
import os
import re
import zipfile
from pathlib import Path

import pytest
from conftest import Command
from helpers import render
from helpers.mirror import Mirror, Reply

from hotpatch_kb.scraper.cli.text import runs as texts
from hotpatch_kb.scraper.crawl.contact.bundle import _public
from hotpatch_kb.scraper.sources import registry

SUPPORT = "support.microsoft.com"
ODD = render.NavEntry("August 11, 2026—KB5120233 (OS Build 26100.X)", "kb5120233")


def _files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _with_odd_entry(tree: Path) -> None:
    """Put an entry that may be a release, and that cannot be read, into the hub of hotpatches."""
    file = tree / SUPPORT / (render.HOTPATCH_HUB["new"].partition(".com/")[2] + ".html")
    categories = render.hotpatch_categories("2026-07", "new")
    categories[2].entries.insert(0, ODD)
    file.write_text(render.navigation_new(categories, h1="Release notes", url=render.HOTPATCH_HUB["new"]), encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Every page as of July 2026."""
    folder = tmp_path / "tree"
    render.write_world(folder, "new", "2026-07-23T12:00:00Z")
    return folder


def test_a_dry_run_says_what_it_saw_and_writes_nothing(run: Command, tree: Path, tmp_path: Path) -> None:
    """Of each source one page is asked for over the network; rows, layout and status are said, and no file is left."""
    _with_odd_entry(tree)
    with Mirror() as mirror:
        mirror.serve_tree(tree)
        done = run("crawl", "--db", "x.db", "--dry-run", "--mirror", mirror.url, "--no-seed", "--json")
        pages = [url for url in mirror.asked() if not url.endswith("/robots.txt")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tree"]
    rows = {row["source"]: row for row in done.json()}
    assert set(rows) == {source.source for source in registry().values() if not source.is_embedded}
    navigation, tables = rows["support_navigation"], rows["learn_release_info"]
    assert (navigation["state"], navigation["status"], navigation["rows"], navigation["quarantined"]) == ("read", 200, 149, 1)
    assert navigation["layout"].startswith("text/html, learnRenderLeftNav")
    assert navigation["notes"][0].endswith(f"{ODD.title!r}")
    assert (tables["state"], tables["layout"], tables["claims_ended"]) == ("read", "text/markdown", 0)
    assert tables["claims_added"] > 1000
    assert (rows["support_toc"]["state"], rows["graph_updates"]["state"]) == ("not_there", "off")
    assert (rows["azure_pricing"]["state"], rows["azure_pricing"]["status"], done.code) == ("unreachable", 404, 3)
    of_hubs = [
        url
        for url in pages
        if "/servicing/os/" in url and not url.endswith("toc.json") and "/kb" not in url and "update-history" not in url
    ]
    assert of_hubs == [render.HOTPATCH_HUB["new"]]


def test_a_dry_run_compares_with_the_database(run: Command, tree: Path, tmp_path: Path) -> None:
    only = ("--source", "support_navigation", "--source", "learn_release_info")
    assert run("crawl", "--db", "x.db", "--from", tree).code == 0
    before = _files(tmp_path)
    same = run("crawl", "--db", "x.db", "--dry-run", "--from", tree, *only, "--json")
    assert (same.code, {(row["claims_added"], row["claims_ended"]) for row in same.json()}) == (0, {(0, 0)})
    _with_odd_entry(tree)
    meta = tree / SUPPORT / (render.HOTPATCH_HUB["new"].partition(".com/")[2] + ".html.meta.json")
    meta.write_text(meta.read_text(encoding="utf-8").replace("2026-07-23", "2026-08-12"), encoding="utf-8")
    odd = run("crawl", "--db", "x.db", "--dry-run", "--from", tree, *only)
    assert odd.code == 0
    assert re.search(r"1 quarantined; \d claims would be added, 0 ended", odd.out)
    assert odd.out.endswith("nothing was written\n")
    assert {name: data for name, data in _files(tmp_path).items() if not name.startswith("tree")} == {
        name: data for name, data in before.items() if not name.startswith("tree")
    }


@pytest.mark.fault("a first look at a page that is not the page")
def test_a_dry_run_ends_like_a_crawl(run: Command, tree: Path, tmp_path: Path) -> None:
    """A hub is an error page; a dry run says refused and why, with exit code 3, as a crawl."""
    file = tree / SUPPORT / (render.HOTPATCH_HUB["new"].partition(".com/")[2] + ".html")
    file.write_text("<html><body><h1>Something went wrong</h1></body></html>", encoding="utf-8")
    done = run("crawl", "--db", "x.db", "--dry-run", "--from", tree, "--source", "support_navigation", "--json")
    (row,) = done.json()
    assert (done.code, row["state"], row["rows"]) == (3, "refused", 0)
    assert "expected a navigation" in row["notes"][0]
    assert not (tmp_path / "x.db").exists()
    assert run("crawl", "--dry-run", "--due").code == 2
    assert run("crawl", "--dry-run", "--from", "no-such-folder").code == 2
    assert run("crawl", "--dry-run", "--from", os.curdir, "--source", "learn_hotpatch").code == 2


def test_a_dry_run_on_a_blocked_network_says_so_once(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("WAIT_FIRST", 0.001), ("PATIENCE_SHUT_OUT", 0.01)):
        monkeypatch.setattr(f"hotpatch_kb.scraper.fetch.hosts.{name}", value)
    with Mirror() as mirror:
        mirror.fault = lambda host, _: Reply(status=403) if host == SUPPORT else None
        done = run("crawl", "--dry-run", "--mirror", mirror.url, "--source", "support_navigation", "--source", "support_feeds")
    assert (done.code, done.out.count("ways out:")) == (3, 2)  # each names the page that it asked for


def test_a_bundle_holds_the_pages_that_could_not_be_read(run: Command, tree: Path, tmp_path: Path) -> None:
    """One hub has an odd entry, another page is refused; the zip has both as a saved tree, and the same bytes each time."""
    assert run("crawl", "--db", "x.db", "--from", tree).code == 0
    _with_odd_entry(tree)
    broken = next((tree / "learn.microsoft.com").rglob("windows11-release-information.html"))
    broken.write_text("<html><body><h1>Something went wrong</h1></body></html>", encoding="utf-8")
    for meta in tree.rglob("*.meta.json"):
        meta.write_text(meta.read_text(encoding="utf-8").replace("2026-07-23T12:00:00Z", "2026-07-24T12:00:00Z"), encoding="utf-8")
    run("crawl", "--db", "x.db", "--from", tree)
    done = run("status", "--db", "x.db", "--drift", "--bundle", "drift.zip")
    assert (done.code, "wrote drift.zip: 2 pages" in done.err) == (6, True)
    first = (tmp_path / "drift.zip").read_bytes()
    os.utime(tmp_path / "x.db", (0, 0))
    run("status", "--db", "x.db", "--drift", "--bundle", "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == first
    with zipfile.ZipFile(tmp_path / "drift.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
        report = json.loads(archive.read("expected.json"))
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert {page["state"] for page in report["pages"]} == {"accepted", "refused"}
    assert any(ODD.title in row["note"] for row in report["checks"])
    everything = b"".join(_files(tmp_path / "unpacked").values())
    assert str(tmp_path).encode() not in everything
    # Whoever gets it sees the same.
    done = run("crawl", "--db", "y.db", "--from", "unpacked", "--json")
    assert [failure["source"] for failure in done.json()[0]["failures"]] == ["learn_release_info"]
    assert ODD.title in done.err


def test_a_bundle_names_what_the_archive_lacks_and_needs_drift(run: Command, tree: Path, tmp_path: Path) -> None:
    _with_odd_entry(tree)
    run("crawl", "--db", "x.db", "--from", tree)
    (tmp_path / "x.db.archive").rename(tmp_path / "elsewhere")
    done = run("status", "--db", "x.db", "--drift", "--bundle", "drift.zip")
    assert "wrote drift.zip: 0 pages, " in done.err
    assert f"not in the archive: {render.HOTPATCH_HUB['new']}" in done.err
    assert "wrote drift.zip: 1 pages" in run("status", "--db", "x.db", "--drift", "--bundle", "drift.zip", "--archive", "elsewhere").err
    assert run("status", "--db", "x.db", "--bundle", "drift.zip").code == 2
    assert run("status", "--db", "x.db", "--drift", "--bundle", "no/such/folder.zip").code == 2


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("got [Errno 2] No such file: '/home/me/kb/x.csv'", "got [Errno 2] No such file: '<path>'"),
        (r"got C:\Users\me\x.csv", "got <path>"),
        ("got 10.0.0.5; a proxy http://me:secret@proxy:8080", "got <address>; a proxy http://<user>@proxy:8080"),
        ("expected 10.0.26100.3915 or 26100.3915", "expected 10.0.26100.3915 or 26100.3915"),
        ("expected /en-us/servicing/os/hotpatch", "expected /en-us/servicing/os/hotpatch"),
        ("https://support.microsoft.com/en-us/help/5094126", "https://support.microsoft.com/en-us/help/5094126"),
    ],
)
def test_a_report_names_nothing_of_the_machine(text: str, public: str) -> None:
    assert _public(text) == public


def test_status_says_that_a_source_comes_with_the_program_only_where_it_does() -> None:
    """A source that is off, or that was not needed, has no day on which it is due either."""
    never = {"last_good_at": None, "due_at": None, "is_stale": 0, "note": ""}
    read = {"last_good_at": "2026-07-23T13:02:00Z", "due_at": None, "is_stale": 0, "note": ""}
    rows = [{"source": "facts_prices", "state": "ok", **read}, {"source": "graph_updates", "state": "off", **never}]
    shown = [line.rstrip() for line in texts.status(rows)][1:]
    assert [line.split()[0] for line in shown if line.endswith("comes with the program")] == ["facts_prices"]
    assert shown[1].split() == ["graph_updates", "off"]
