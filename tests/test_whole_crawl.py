"""The whole crawl over sockets, every source: redirects, 304, 403 storms, paging, 20 MB of security data, faults at random."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers import whole
from helpers.dumps import facts, query
from helpers.mirror import Mirror, Reply
from rendered import msrc_cvrf

from hotpatch_kb.scraper.sources import registry


@pytest.mark.fault("a storm of throttles over all sources")
def test_every_source_is_read(run: Command, worlds: dict[str, Path], tmp_path: Path) -> None:
    """Each host throttles first, pages moved or are missing; every source is read, nothing fails.

    Throttled at first, with pages that moved, that have several parts, and that are not there.
    """
    with Mirror() as mirror:
        whole.serve(mirror, worlds["new"])
        whole.storm(mirror, 1)
        done = run("crawl", "--db", "x.db", "--no-seed", "--mirror", mirror.url, "--json")
        assert done.json()[0]["failures"] == []
        assert done.code == 0
        states = dict(query(tmp_path / "x.db", "select source, state from sources"))
        assert {source: state for source, state in states.items() if state != "ok"} == {
            "facts_kb_cves": "never_read", "graph_updates": "off", "support_toc": "never_read",
        }  # fmt: skip
        assert whole.HELP in mirror.asked("support.microsoft.com")
        assert query(tmp_path / "x.db", "select page_url, final_url from pages where url = ?", whole.HELP) == [(whole.MOVED, whole.MOVED)]
        assert query(tmp_path / "x.db", "select count(*) from prices where meter like 'Azure Arc Windows Server%'") == [(1001,)]
        assert query(tmp_path / "x.db", "select distinct product, month, cve from cve_gaps order by 1") == [
            (product, "2025-12", "CVE-2025-54100") for product in ("win11-24h2", "win11-25h2", "ws2022", "ws2025")
        ]
        health = query(tmp_path / "x.db", "select source from source_health where is_stale")
        assert health == []
        # The next day: what has not changed costs a small answer, and no article and no month is asked for again.
        first = len(mirror.requests)
        time.sleep(1.1)
        again = run("crawl", "--db", "x.db", "--mirror", mirror.url, "--json").json()[0]
        targets = [request.target for request in mirror.requests[first:]]
        assert (again["pages_parsed"], again["claims_added"], again["claims_ended"], again["facts_changed"]) == (0, 0, 0, 0)
        assert [target for target in targets if "/cvrf/v3.0/cvrf/2025-Dec" in target or target in whole.ARTICLES] == []
        not_modified = query(tmp_path / "x.db", "select count(*) from pages where status = 304")[0][0]
        assert not_modified >= 8
    # Case 38; and the rendered price list is one that still states the fee: disputed from the day on which it was read.
    disputed = query(
        tmp_path / "x.db",
        "select valid_from, valid_to, amount_low, amount_high from price_intervals where service = 'Hotpatch' and product = 'ws2025' and is_disputed order by 1",
    )
    today = query(tmp_path / "x.db", "select substr(min(fetched_at), 1, 10) from pages where source = 'azure_pricing'")[0][0]
    assert disputed == [("2025-07-01", "2025-07-16", 0.0, 1.5), ("2026-05-15", "2026-05-19", 0.0, 1.5), (today, None, 0.0, 1.5)]


def test_a_month_of_20_megabytes_within_200(worlds: dict[str, Path], tmp_path: Path) -> None:
    """The whole program, from the socket to the tables, in a process of its own."""
    pytest.importorskip("resource", reason="peak memory is read from the resource module, which Windows lacks")
    code = (
        "import resource, sys\nfrom hotpatch_kb.scraper.cli.main import main\n"
        "done = main(sys.argv[1:])\n"
        "print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform != 'darwin' else 1 << 20), done)\n"
    )
    month = msrc_cvrf.big_month(20)
    assert len(month) > 20_000_000
    with Mirror() as mirror:
        whole.serve(mirror, worlds["new"], month=month)
        arguments = ["crawl", "--db", str(tmp_path / "x.db"), "--no-seed", "--mirror", mirror.url, "--source", "msrc_cvrf"]
        # The parent's own peak must not count: Linux starts a child with it, a fresh interpreter of a shell does not.
        done = subprocess.run([sys.executable, "-c", f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {code!r}, *sys.argv[1:]]).returncode)", *arguments], capture_output=True, text=True, encoding="utf-8", check=False)  # fmt: skip
    found = re.search(r"^peak (\d+) (\d+)$", done.stdout, re.MULTILINE)
    assert found, done.stderr
    assert int(found[2]) == 0
    assert int(found[1]) < 200
    assert query(tmp_path / "x.db", "select count(*) > 1000 from claims where source = 'msrc_cvrf'") == [(1,)]


def _read(db: Path) -> set[tuple[Any, ...]]:
    return set(query(db, "select page_url, state from pages where state != 'refused'"))


@pytest.mark.fault("every third request fails, at random")
def test_every_third_request_fails_and_the_end_is_the_same(
    seed: int, run: Command, worlds: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tries: int
) -> None:
    """Broken connections, errors, cut bodies, bot pages for every third request; runs repeated until all is read end with the facts of a good crawl.

    Broken connections, errors of gateways, cut bodies, bot pages: repeated until all is read, nothing is lost and nothing is wrong.
    """
    monkeypatch.setattr("hotpatch_kb.scraper.fetch.client.FAULT_WAITS", (0.0, 0.0))
    monkeypatch.setitem(
        registry(), "support_article", whole.articles_since("2026-03" if tries == 1 else "")
    )  # some 100 of 850 in an ordinary run
    chance = random.Random(seed)
    faults = (
        Reply(status=500), Reply(status=502), Reply(status=0, hang_up=True), Reply(b"<html><title>Are you a robot?</title></html>"),
        Reply(b"cut", headers={"Content-Type": "text/html"}, length=9000, hang_up=True), Reply(status=418),
    )  # fmt: skip

    def fault(_host: str, target: str) -> Reply | None:
        return None if target == "/robots.txt" or chance.random() > 1 / 3 else chance.choice(faults)

    with Mirror() as mirror:
        whole.serve(mirror, worlds["new"])
        assert run("crawl", "--db", "good.db", "--no-seed", "--mirror", mirror.url).code == 0
        wanted = facts(tmp_path / "good.db")
        mirror.fault = fault
        codes = []
        for _ in range(30):
            codes.append(run("crawl", "--db", "x.db", "--no-seed", "--mirror", mirror.url).code)
            if _read(tmp_path / "x.db") >= _read(tmp_path / "good.db"):
                break
    assert codes[0] == 3
    assert facts(tmp_path / "x.db") == wanted
