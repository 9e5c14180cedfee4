"""CVEs per KB from a copy of MSRC's data, which comes with the program: open CVEs without a network, and gone where MSRC itself was read."""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers import render
from helpers.dumps import query
from rendered import msrc_cvrf

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.store.connections import SEED_DATABASE
from hotpatch_kb.scraper.crawl import runs
from hotpatch_kb.scraper.sources import registry

TABLE = Path(__file__).parent.parent / "db" / "seed" / "facts" / "kb-cves.tsv"
SEVERITIES = {"C": "Critical", "I": "Important", "M": "Moderate", "L": "Low", "-": ""}
HOTPATCHED = ("ws2022", "ws2025", "win11-24h2", "win11-25h2")
FIRST = "2025-10"  # months from here on are rendered: each takes a second
GAPS = f"select product, month, cve, severity, lcu_kb, hotpatch_kb, companion_kb from cve_gaps where month >= '{FIRST}' order by 1, 2, 3"
MONTHS = (
    f"select product, month, lcu_kb, hotpatch_kb, lcu_cves, hotpatch_cves, is_known from cve_months where month >= '{FIRST}' order by 1, 2"
)


def _documents(folder: Path, fetched_at: str = "2026-07-23T12:00:00Z") -> list[str]:
    """Save MSRC's months as the facts of the copy have them, and return the months."""
    fixes: dict[str, dict[str, list[tuple[msrc_cvrf.Fix, str]]]] = defaultdict(lambda: defaultdict(list))
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["month"] >= FIRST and row["product"] in HOTPATCHED:
                subtype = "Security Hotpatch Update" if row["subtype"] == "hotpatch" else "Security Update"
                fix = msrc_cvrf.Fix(row["kb"][2:], (row["product"],), row["fixed_build"], subtype, row["supersedes_kb"][2:])
                for packed in row["cves"].split():
                    fixes[row["month"]][f"CVE-{packed[1:]}"].append((fix, SEVERITIES[packed[0]]))
    index = msrc_cvrf.index_document([(month, f"{month}-28T07:00:00Z") for month in fixes]).decode()
    render.save_tree(folder, msrc_cvrf.INDEX, index, fetched_at=fetched_at, suffix=".json", headers={})
    ids = {product: [number for number, _ in msrc_cvrf.PRODUCTS[product]] for product in HOTPATCHED}
    for month, cves in fixes.items():
        vulnerabilities = [
            msrc_cvrf.Cve(
                cve, "Made-up Vulnerability", tuple(fix for fix, _ in of_cve),
                severities={number: severity for fix, severity in of_cve for number in ids[fix.products[0]]},
            )
            for cve, of_cve in sorted(cves.items())
        ]  # fmt: skip
        body = msrc_cvrf.month_document(month, vulnerabilities, revised=f"{month}-28T07:00:00").decode()
        render.save_tree(folder, msrc_cvrf.url(month), body, fetched_at=fetched_at, suffix=".json", headers={})
    return sorted(fixes)


def _open(run: Command, *arguments: str) -> list[dict[str, Any]]:
    """Return the open CVEs of each query."""
    return [answer["matches"][0]["open_cves"] for answer in run("lookup", *arguments, "--json").json()]


def test_a_component_leaves_open_what_its_hotpatch_does(run: Command) -> None:
    """A machine with KB5074204 has the hotpatch of its build, KB5072014; no page states the component's own day."""
    component, hotpatch = _open(run, "KB5074204", "26100.7392", "--product", "ws2025", "--on", "2026-07-20")
    assert (component["fixed_by_newer"], component["unknown_months"]) == (hotpatch["fixed_by_newer"], hotpatch["unknown_months"])
    assert component["fixed_by_newer"] > 400
    assert (component["gaps"], [gap["companion_kb"] for gap in hotpatch["gaps"]]) == ([], ["KB5074204"])
    (answer,) = run("lookup", "KB5074204", "--product", "ws2025", "--on", "2026-07-20", "--json").json()
    assert answer["matches"][0]["newer"] == {"count": 8, "baselines": 4}


def test_what_one_hotpatch_leaves_open_is_open_until_the_next_baseline(run: Command) -> None:
    """KB5037848 of May 2024 leaves five CVEs open, and KB5039330 of June is built on the same baseline."""
    may, june, july = _open(run, "KB5037848", "KB5039330", "KB5040437", "--product", "ws2022", "--on", "2024-07-20")
    assert len(may["gaps"]) == 5
    assert june["gaps"] == may["gaps"]
    assert july["gaps"] == []


def test_an_out_of_band_hotpatch_closes_a_gap(run: Command) -> None:
    """KB5079420 of March 2026 leaves three CVEs open; KB5084597 fixes them, and what builds on it has them."""
    march, out_of_band, later = _open(run, "KB5079420", "KB5084597", "KB5084897", "--product", "win11-24h2", "--on", "2026-04-01")
    assert {gap["companion_kb"] for gap in march["gaps"]} == {"KB5084597"}
    assert (out_of_band["gaps"], later["gaps"]) == ([], [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        # MSRC's data of July 2026 was not read, so what the out-of-band update of 2026-07-18 fixes is not known.
        (("26100.8875", "--line", "hotpatch", "--on", "2026-07-20"), "not known for 2026-07"),
        # Nothing is newer than these, which says nothing of what stays open.
        (("26100.8893", "--product", "win11-24h2", "--on", "2026-07-20"), "none known: no newer release of the hotpatch line is listed"),
        (("26100.33158", "--on", "2026-07-20"), "none known: no newer release of the hotpatch line is listed"),
        (("KB5066360", "--product", "ws2025", "--on", "2026-07-20"), "not known: no page states the day of this release"),
        (
            ("22631.7376", "--edition", "Pro", "--on", "2026-07-20"),
            "not known: support has ended, and what was found since then stays open",
        ),
        (("19045.3803", "--on", "2026-07-20"), "not known: support has ended, and what was found since then stays open"),
    ],
)
def test_none_is_said_only_where_it_is_known(run: Command, arguments: tuple[str, ...], said: str) -> None:
    lines = [line[15:] for line in run("lookup", *arguments).out.splitlines() if line.startswith("  open CVEs    ")]
    assert lines
    assert all(said in line and " none that" not in line for line in lines), lines


def test_open_cves_without_a_network(run: Command) -> None:
    (answer,) = run("lookup", "26100.32463", "--product", "ws2025", "--on", "2026-05-20", "--json").json()
    cves = answer["matches"][0]["open_cves"]
    assert (cves["fixed_by_newer"], len(cves["most_severe"]), cves["unknown_months"], cves["copied_on"]) == (191, 50, [], "2026-06-28")
    assert all(cve.startswith("CVE-20") for cve in cves["most_severe"])
    out = run("lookup", "26100.32463", "--product", "ws2025", "--on", "2026-05-20").out
    assert "open CVEs    191 that newer releases of the hotpatch line fix; from a copy of MSRC's data of 2026-06-28" in out


def test_a_month_that_the_copy_lacks_is_unknown(run: Command, at: Callable[[str], None]) -> None:
    at("2026-07-24")
    (answer,) = run("lookup", "26100.32463", "--product", "ws2025", "--on", "2026-07-24", "--json").json()
    assert answer["matches"][0]["open_cves"]["unknown_months"] == ["2026-07"]
    assert query(Path(SEED_DATABASE), "select max(source_month), min(source_month) from kb_cves") == [("2026-06", "2021-01")]
    known = query(Path(SEED_DATABASE), "select month, is_known from cve_months where product = 'ws2022' and month >= '2026-02' order by 1")
    assert known == [("2026-02", 1), ("2026-03", 1), ("2026-05", 1)]


def test_months_after_the_data_are_unknown(run: Command) -> None:
    """KB5099536 of July is the newest release that is known; what August to November fix is not."""
    (answer,) = run("lookup", "26100.33158", "--product", "ws2025", "--on", "2026-11-22", "--json").json()
    cves = answer["matches"][0]["open_cves"]
    assert (cves["fixed_by_newer"], cves["unknown_months"]) == (0, ["2026-08", "2026-09", "2026-10", "2026-11"])
    out = run("lookup", "26100.33158", "--product", "ws2025", "--on", "2026-11-22").out
    assert "  open CVEs    not known for 2026-08, 2026-09, 2026-10, 2026-11\n" in out
    # After the end of support nothing comes that would fix one.
    (answer,) = run("lookup", "25398.2330", "--product", "ws-23h2", "--on", "2026-11-22", "--json").json()
    assert max(answer["matches"][0]["open_cves"]["unknown_months"], default="") < "2025-12"


def test_msrcs_own_months_give_the_same_gaps_and_replace_the_copy(run: Command, tmp_path: Path) -> None:
    shutil.copy(SEED_DATABASE, tmp_path / "x.db")
    before = (query(tmp_path / "x.db", GAPS), query(tmp_path / "x.db", MONTHS))
    assert len(before[0]) > 0
    assert len(before[1]) > 10
    months = _documents(tmp_path / "msrc")
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "msrc").code == 0
    assert (query(tmp_path / "x.db", GAPS), query(tmp_path / "x.db", MONTHS)) == before
    copied = query(tmp_path / "x.db", "select distinct source_month from kb_cves where subject like 'kb_cves/%' order by 1")
    assert {month for (month,) in copied}.isdisjoint(months)
    assert len(copied) > 50
    # What a month of MSRC's lacks is none, and not the copy's.
    assert query(tmp_path / "x.db", f"select count(*) from kb_cves where product = 'ws2019' and source_month >= '{FIRST}'") == [(0,)]
    conflicts = query(tmp_path / "x.db", "select count(*) from conflicts where subject like 'kb_cves/%'")
    assert conflicts == [(0,)]


def test_a_rebuilt_database_has_the_same_rows(run: Command, tmp_path: Path) -> None:
    """In whatever order the copy and MSRC's months were read."""
    _documents(tmp_path / "msrc")
    assert runs.ensure_seeded(tmp_path / "x.db", tmp_path / "x.db.archive")
    assert run("crawl", "--db", "x.db", "--from", tmp_path / "msrc").code == 0
    rows = "select kb, product, cve, severity, fixed_build, subtype, source_month, subject from kb_cves order by 1, 2, 3"
    before = query(tmp_path / "x.db", rows)
    assert run("replay", "--db", "x.db").code == 0
    assert query(tmp_path / "x.db", rows) == before


@pytest.mark.parametrize(
    "row",
    [
        "2026-13\tKB5087423\tws2025\t26100.32772\thotpatch\t\tI2026-1",
        "2026-05\t\tws2025\t26100.32772\thotpatch\t\tI2026-12345",
        "2026-05\tKB5087423\tws2025\t26100\thotpatch\t\tI2026-12345",
        "2026-05\tKB5087423\tws2025\t26100.32772\tother\t\tI2026-12345",
        "2026-05\tKB5087423\tws2025\t26100.32772\thotpatch\t\tX2026-12345",
        "2026-05\tKB5087423\tws2025\t26100.32772\thotpatch\t\t",
    ],
)
def test_a_row_that_cannot_be_read_is_refused(row: str) -> None:
    body = f"month\tkb\tproduct\tfixed_build\tsubtype\tsupersedes_kb\tcves\n{row}\n".encode()
    page = Page("facts_kb_cves", "db/seed/facts/kb-cves.tsv", "u", "u", "2026-06-28T00:00:00Z", 200, body)
    with pytest.raises(UnexpectedPage):
        list(registry()["facts_kb_cves"].parse(page))
