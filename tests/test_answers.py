"""Answers of the command from the embedded facts (cases 19 to 28, 32 to 36, 44): JSON and text golden."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers.dumps import dump, query
from helpers.lookups import LOOKUPS

from hotpatch_kb.db.answers import restarts
from hotpatch_kb.db.answers.coverage import is_outdated
from hotpatch_kb.db.answers.json_output import shaped
from hotpatch_kb.db.answers.product_facts import Facts
from hotpatch_kb.db.answers.restarts import next_restart, next_restarts
from hotpatch_kb.db.facts import seed
from hotpatch_kb.db.store import schema
from hotpatch_kb.db.store.connections import open_seed_database
from hotpatch_kb.scraper.crawl import runs

GOLDEN = Path(__file__).parent / "golden"


# name: the day, and the machines as rows of CSV.
FLEETS = {
    "32-hotpatched-client": ("2026-05-20", "host,product,build,line\nlap1,win11-25h2,26200.8390,hotpatch\n"),
    "33-component-of-the-line": ("2025-10-25", "host,product,build,kbs\nsrv1,ws2025,26100.6905,KB5070893\n"),
    "34-left-the-line": ("2025-11-05", "host,product,build,line,kbs\nsrv1,ws2025,26100.6905,hotpatch,KB5070881\n"),
    "34-rejoins-with-the-baseline": ("2026-01-20", "host,product,build,line,kbs\nsrv1,ws2025,26100.6905,hotpatch,KB5070881\n"),
    "35-no-build": ("2026-05-20", "host,build\na,\nb,NULL\nc,26100\nd,26100.1.amd64fre.ge_release.240331-1435\ne,noise\n"),
    "36-not-enrolled-yet": (
        "2026-05-20",
        (
            "host,product,build,hotpatchEnablementStatus,kbs\na,ws2025,26100.32690,ActionRequired,\nb,ws2025,26100.32690,PendingEvaluation,KB5091470\n"
            "c,ws2025,26100.32690,Enabled,\n"
        ),
    ),
    "44-facts-that-end-months-ago": (
        "2026-11-22",
        "host,product,build,line\na,ws2025,26100.32995,hotpatch\nb,ws2022,20348.5256,standard\nc,win11-25h2,26200.8893,hotpatch\nd,ws2025,26100.1742,\n",
    ),
}


@pytest.fixture(autouse=True)
def _day(at: Callable[[str], None]) -> None:
    at("2026-07-24")


@pytest.mark.parametrize("name", LOOKUPS)
def test_lookups(name: str, run: Command, golden: Callable[[Path, Any], None]) -> None:
    arguments = LOOKUPS[name]
    done = run("lookup", *arguments, "--json")
    found = done.json()
    assert done.code == (4 if any(answer["status"] == "not_found" for answer in found) else 0)
    golden(GOLDEN / "lookup" / f"{name}.json", found)
    text = run("lookup", *arguments)
    assert text.code == done.code
    golden(GOLDEN / "lookup" / f"{name}.txt", text.out)


@pytest.mark.parametrize("name", FLEETS)
def test_fleets(name: str, run: Command, golden: Callable[[Path, Any], None], tmp_path: Path) -> None:
    day, machines = FLEETS[name]
    (tmp_path / "fleet.csv").write_text(machines, encoding="utf-8")
    done = run("assess", "fleet.csv", "--on", day, "--json")
    assert done.code == 0
    assert len(done.json()) == machines.count("\n") - 1
    golden(GOLDEN / "fleet" / f"{name}.json", done.json())
    golden(GOLDEN / "fleet" / f"{name}.txt", run("assess", "fleet.csv", "--on", day).out)


def _brief(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (a["status"], [(m["product"], m["kb"], m["build"], (m["baseline"] or {}).get("kb")) for m in a["matches"]], a["decided_by"])
        for a in found
    ]


def test_case_19_by_value(run: Command) -> None:
    """What the goldens hold for the case that every other tool gets wrong, spelled out."""
    for arguments, expected in (
        (["26100.6905", "--product", "ws2025"], ("ambiguous", ["KB5070881", "KB5070893"], ["--kb-installed"])),
        (["26100.6905", "--product", "ws2025", "--line", "hotpatch"], ("ambiguous", ["KB5070881", "KB5070893"], ["--kb-installed"])),
        (["26100.6905", "--kb-installed", "KB5070893"], ("found", ["KB5070893"], ["--kb-installed"])),
        (["26100.6905", "--product", "ws2025", "--kb-installed", "5070881"], ("found", ["KB5070881"], ["--kb-installed"])),
        (["20348.4297"], ("ambiguous", ["KB5070884", "KB5070892"], ["--kb-installed"])),
        (["20348.587"], ("ambiguous", ["KB5011497", "KB5011580"], ["--kb-installed", "--line"])),
        (["20348.587", "--line", "hotpatch"], ("found", ["KB5011580"], ["--line"])),
        (["20348.587", "--line", "standard"], ("found", ["KB5011497"], ["--line"])),
        (["14393.187"], ("ambiguous", ["KB3189866", "KB3193494"], ["--kb-installed", "--on"])),
        (["20348.1251"], ("ambiguous", ["KB5019080", "KB5021656"], ["--kb-installed", "--line", "--on"])),
        (["20348.1251", "--on", "2022-11-16"], ("found", ["KB5019080"], ["--on"])),
    ):
        answer = run("lookup", *arguments, "--json").json()[0]
        assert (answer["status"], sorted({m["kb"] for m in answer["matches"]}), answer["decided_by"]) == expected, arguments


def test_cases_21_to_25_by_value(run: Command) -> None:
    found = run("lookup", "26100.7392", "KB5031858", "26100.2528", "20348.344", "17784.1588", "KB5100456", "--json").json()
    assert _brief(found) == [
        ("found", [("win11-24h2", "KB5072014", "26100.7392", "KB5066835"), ("ws2025", "KB5072014", "26100.7392", "KB5066835")], []),
        ("found", [("ws2022", "KB5031364", "20348.2031", "KB5031364")], []),
        ("found", [("win11-24h2", "KB5048794", "26100.2528", "KB5044284"), ("ws2025", "KB5048794", "26100.2528", "KB5044284")], []),
        ("found", [("ws2022", "KB5007386", "20348.344", "KB5006699")], []),
        ("found", [("ws-azure-preview", "KB5001080", "17784.1588", None)], []),
        ("found", [("win11-24h2", "KB5094126", "26100.8655", "KB5094126"), ("win11-25h2", "KB5094126", "26200.8655", "KB5094126")], []),
    ]
    assert [m["companions"] for m in found[0]["matches"]] == [["KB5074204"], ["KB5074204"]]
    conn = open_seed_database()
    derived = conn.execute("select derived_from from releases where product = 'ws2025' and build = '26100.2240'").fetchone()[0]
    conn.close()
    assert derived == "baseline: no page lists one; the B release of 2024-10, the last planned baseline month before it"


def test_spellings_agree(run: Command) -> None:
    """Case 24."""

    def strip(found: list[dict[str, Any]]) -> list[Any]:
        return [{key: value for key, value in answer.items() if key != "query"} for answer in found]

    builds = strip(run("lookup", "26200.8390", "10.0.26200.8390", "--json").json())
    kbs = strip(run("lookup", "KB5089466", "5089466", " kb5089466 ", "--json").json())
    assert builds[0] == builds[1]
    assert kbs[0] == kbs[1] == kbs[2]
    assert [m["build"] for m in kbs[0]["matches"]] == ["26100.8390", "26200.8390"]
    one = strip(
        run("lookup", "26200.8390", "10.0.26200.8390", "KB5089466", "5089466", " kb5089466 ", "--product", "win11-25h2", "--json").json()
    )
    assert one == [one[0]] * 5
    releases = run("lookup", "26200", "--json").json()[0]
    assert (releases["status"], {m["product"] for m in releases["matches"]}, len(releases["matches"])) == ("found", {"win11-25h2"}, 38)


@pytest.mark.parametrize("query", ["26200.x", "", "x" * 10_000, "KB12"])
def test_noise_is_one_clear_line(query: str, run: Command) -> None:
    done = run("lookup", query)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("hotpatch-kb: expected a build (26100.32772)")


def test_good_queries_are_answered_beside_a_bad_one(run: Command) -> None:
    done = run("lookup", "26200.x", "26200.8390", "--json")
    assert (done.code, [a["query"] for a in done.json()], "got '26200.x'" in done.err) == (2, ["26200.8390"], True)


def test_old_knowledge_is_said(run: Command, at: Callable[[str], None]) -> None:
    """Case 44: on 2026-11-22 the facts end in July, and every answer says so."""
    at("2026-11-22")
    done = run("lookup", "26100.33158", "--product", "ws2025")
    assert "data as of   2026-07-23; at least one Patch Tuesday has passed since" in done.out
    assert "answering from the embedded facts, data as of 2026-07-23 (122 days ago)" in done.err
    match = run("lookup", "26100.33158", "--product", "ws2025", "--json").json()[0]["matches"][0]
    assert (match["data_until"], match["is_outdated"]) == ("2026-07-23", True)
    assert [row["is_outdated"] for row in run("next", "--json").json()] == [True] * 4
    assert "data as of 2026-07-23; at least one Patch Tuesday has passed" in run("next").out
    at("2026-08-10")  # the day before the next second Tuesday
    match = run("lookup", "26100.33158", "--product", "ws2025", "--json").json()[0]["matches"][0]
    assert match["is_outdated"] is False


def test_outdated_by_definition() -> None:
    assert [is_outdated("2026-07-23", day) for day in ("2026-07-23", "2026-08-10", "2026-08-11", "2026-11-22")] == [
        False,
        False,
        True,
        True,
    ]
    assert [is_outdated("2026-07-14", day) for day in ("2026-07-14", "2026-08-11")] == [False, True]
    assert is_outdated("2026-07-13", "2026-07-14") is True
    assert is_outdated(None, "2026-07-14") is True


OTHERS = {
    "next-2026-07-20": ["next"],
    "next-2026-05-20": ["next", "--on", "2026-05-20", "--product", "ws2025"],
    "next-as-known-in-may": ["next", "--on", "2026-06-01", "--known", "2026-06-01"],
    "next-beyond-the-plan": ["next", "--on", "2026-12-09"],
    "next-after-the-end-of-hotpatching": ["next", "--on", "2027-11-01"],
    "calendar-ws2022": ["calendar", "--product", "ws2022"],
    "calendar-2026": ["calendar", "--year", "2026"],
    "calendar-2026-as-known-in-june": ["calendar", "--year", "2026", "--known", "2026-06-01", "--product", "Windows 11 25H2"],
    "changes": ["changes"],
    "verdicts-preview": ["verdicts", "--product", "ws-azure-preview"],
    "verdicts-preview-44-facts-that-end-months-ago": ["verdicts", "--product", "ws-azure-preview", "--on", "2026-11-22"],
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_answers(name: str, run: Command, golden: Callable[[Path, Any], None]) -> None:
    done = run(*OTHERS[name], "--json")
    assert done.code == (0 if done.json() else 4)
    golden(GOLDEN / f"{name}.json", done.json())
    golden(GOLDEN / f"{name}.txt", run(*OTHERS[name]).out)


def test_no_golden_is_left_over() -> None:
    # The folder "cost" is that of tests/test_cost.py, which guards it.
    kept = {path.relative_to(GOLDEN).with_suffix("").as_posix() for path in GOLDEN.rglob("*.*") if path.parent.name != "cost"}
    assert kept == {f"lookup/{name}" for name in LOOKUPS} | {f"fleet/{name}" for name in FLEETS} | set(OTHERS)


def test_ws2022_had_five_unplanned_baselines(run: Command) -> None:
    """Case 28: rules of the form January, April, July, October get each of them wrong."""
    rows = run("calendar", "--product", "ws2022", "--json").json()
    assert [row["month"] for row in rows if row["is_unplanned"]] == ["2022-05", "2022-08", "2022-12", "2024-08", "2026-06"]
    assert [row["planned_by"] for row in rows if row["is_unplanned"]] == ["cadence", "cadence", "cadence", "footnote", "calendar"]


def test_nothing_is_known_before_the_first_page(run: Command) -> None:
    for command in (["lookup", "26100.1742"], ["calendar"], ["next"]):
        done = run(*command, "--known", "2026-01-01")
        assert (done.code, "no source read by then: expected a day from 2026-05-12 on" in done.err) == (2, True)


def test_a_product_without_hotpatching_has_no_answer(run: Command) -> None:
    assert run("next", "--product", "ws2019").code == 4
    assert run("calendar", "--product", "ws2019").code == 4


def test_status_says_what_is_stale(run: Command) -> None:
    done = run("status", "--json")
    assert (done.code, {row["source"]: row["is_stale"] for row in done.json()}) == (
        6,
        {
            "facts_baseline_articles": False,
            "facts_eligibility": False,
            "facts_kb_cves": False,
            "facts_lifecycle": False,
            "facts_prices": False,
            "facts_reported": False,
            "learn_lifecycle": True,
            "learn_release_info": True,
            "support_navigation": True,
        },
    )


def test_the_view_of_next_restarts_is_the_function_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    conn = open_seed_database()
    today = datetime.now(UTC).date().isoformat()
    view = [dict(row) for row in conn.execute("select * from next_restarts")]
    function = [{key: row[key] for key in view[0]} for row in next_restarts(conn, today)]
    assert [shaped(row) for row in view] == [shaped(row) for row in function]
    assert len(view) == 4
    conn.close()


def test_restarts_on_every_day_of_two_years_are_never_in_the_past() -> None:
    conn = open_seed_database()
    facts = Facts(conn)
    for product in ("ws2022", "ws2025", "win11-24h2", "win11-25h2"):
        last = ""
        for step in range(0, 900, 3):
            day = (date(2025, 1, 1) + timedelta(days=step)).isoformat()
            restart = next_restart(facts.of(product), day)
            assert restart is not None
            assert restart.date >= day
            assert restart.date >= last
            last = restart.date
    assert restarts.next_restart(facts.of("ws2019"), "2026-01-01") is None
    assert restarts.next_restart(facts.of("ws-azure-preview"), "2021-06-01") is None
    conn.close()


@pytest.mark.usefixtures("whole_seed")
def test_embedded_facts_are_what_a_crawl_of_the_recorded_trees_gives(run: Command, shared: Path, tmp_path: Path) -> None:
    for folder in ("pages-2026-05", "pages-more-2026-05", "pages", "pages-more"):
        assert run("crawl", "--db", "x.db", "--from", shared / folder).code == 0
    run("seed", "--db", "x.db", "--to", tmp_path / "seed")
    here = Path(seed.__file__).parent.parent / "seed"
    for name in seed.FILES:
        assert (tmp_path / "seed" / name).read_bytes() == (here / name).read_bytes(), f"{name}: run hotpatch-kb seed"


def test_embedded_facts_hold_no_text_of_pages() -> None:
    """Titles, numbers, dates and addresses only: no published text is longer than a title."""
    conn = open_seed_database()
    assert conn.execute("select count(*) from claims where length(value_text) > 130 and value_text not like '%/%'").fetchone()[0] == 0
    conn.close()


def test_why_nothing_was_found(run: Command) -> None:
    for arguments, reason in (
        (["KB5089466", "--product", "ws2025"], "it belongs to win11-24h2, win11-25h2"),
        (["KB5094125", "--on", "2026-06-01"], "it was released on 2026-06-09"),
        (["KB5999999"], "no source names it; facts end between 2026-07-22 and 2026-07-23, by product"),
        (["26100.33500", "--product", "ws2025"], "no source names it; facts end between 2026-07-22 and 2026-07-23, by product"),
        (["2026-08", "--product", "ws2019"], "no source names it; facts end on 2026-07-23"),
    ):
        done = run("lookup", *arguments, "--json")
        assert (done.code, done.json()[0]["reason"]) == (4, reason)


def test_what_is_newer_and_whether_a_restart_is_due(run: Command) -> None:
    """A machine that is behind is told so: the next planned restart is not the one it lacks."""
    out = run("lookup", "26100.32772").out
    assert "newer        2 releases of the hotpatch line, 2 of them baselines (restart)" in out
    assert "next restart due now, for a newer baseline; after that 2026-10-13" in out
    newest = run("lookup", "26100.33158", "--product", "ws2025")
    assert "newer        nothing known" in newest.out
    assert "due now" not in newest.out
    found = run("lookup", "26200.8390", "--json").json()[0]["matches"][0]
    assert found["newer"] == {"count": 3, "baselines": 2}


def test_changes_of_a_product_and_a_time(run: Command) -> None:
    rows = run("changes", "--product", "ws2025", "--since", "2026-07-23", "--until", "2026-07-23", "--json").json()
    assert {row["subject"].split("/")[1] for row in rows} == {"ws2025"}
    assert len(rows) == 5
    assert run("changes", "--until", "2026-07-01", "--json").json() == []
    assert run("changes", "--since", "2026-07-01", "--until", "2026-07-20").out.splitlines()[:2] == [
        "no page was read from 2026-07-01 to 2026-07-20, so no change could be seen; pages were last read on 2026-07-23",
        "  the nearest changes after that were read on 2026-07-22: hotpatch-kb changes --since 2026-07-22 --until 2026-07-22",
    ]


def test_a_reader_that_has_seen_enough_is_no_failure(tmp_path: Path) -> None:
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-m", "hotpatch_kb", "lookup", "17763"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout
            assert process.stderr
            process.stdout.readline()
            process.stdout.close()
            said = process.stderr.read().decode()
            assert (process.wait(timeout=30), "Traceback" in said, "BrokenPipe" in said) == (0, False, False)


# --- a new database -------------------------------------------------------------------------------------------------


def test_a_new_database_is_the_embedded_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy, where the embedded database was made by this code of these facts; else the facts are loaded. Both are the same."""
    assert runs.ensure_seeded(tmp_path / "copied.db", tmp_path / "copied.archive")
    schema.open_for_writing(tmp_path / "copied.db").close()
    monkeypatch.setattr(seed, "_stamp", lambda: 1)  # as after a change of the code
    assert not seed.copy_seed_database(tmp_path / "other.db")
    assert not list(tmp_path.glob("other*"))
    assert runs.ensure_seeded(tmp_path / "loaded.db", tmp_path / "loaded.archive")
    assert dump(tmp_path / "copied.db") == dump(tmp_path / "loaded.db")
    assert query(tmp_path / "copied.db", "select state from runs") == [("done",)]
    logs = [(tmp_path / f"{name}.archive" / "log.jsonl").read_text(encoding="utf-8") for name in ("copied", "loaded")]
    assert logs[0] == logs[1]
