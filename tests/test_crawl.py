"""Crawls of saved trees: what is loaded, what is refused, and that order does not matter (cases 6, 12 to 15, 27, 28)."""

from __future__ import annotations

import csv
import itertools
import json
import random
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Command
from helpers import render
from helpers.changed_trees import HOTPATCH, SERVER_HUB, SERVER_INFO, WINDOWS11_INFO, drop_category, hotpatch_tree, rename_class, wreck
from helpers.dumps import FACTS, dump, query

from hotpatch_kb.scraper.crawl.database import locked
from hotpatch_kb.scraper.sources import registry

UNPLANNED_WS2022 = ["2022-05", "2022-08", "2022-12", "2024-08", "2026-06"]


# --- what a crawl loads ---------------------------------------------------------------------------------------------


def _counts_of_entries(db: Path, page: str) -> Counter[str]:
    """Entries of a navigation by kind: an entry is a title in a section, of one or more subjects."""
    rows = query(
        db,
        """select distinct t.section, t.value, coalesce(k.value, 'cumulative') from claims as t
        left join claims as k on k.page_url = t.page_url and k.section = t.section and k.subject = t.subject and k.field = 'classification' and k.gone_at is null
        where t.field = 'title' and t.gone_at is null and t.page_url like ?""",
        f"%{page}",
    )
    return Counter(kind for _, _, kind in rows)


def _check_july(db: Path) -> None:
    assert _counts_of_entries(db, "hotpatch-on-windows-11-enterprise-version-25h2") == {"hotpatch": 87, "baseline": 49, "component": 12}
    assert sum(_counts_of_entries(db, "windows-server-2025-update-history").values()) == 157
    assert query(
        db,
        "select count(distinct section) from claims where field = 'title' and page_url like '%hotpatch-on-windows-11-enterprise-version-25h2'",
    ) == [(7,)]
    unplanned = query(
        db, "select month from hotpatch_calendar where product = 'ws2022' and is_unplanned = 1 and month <= '2026-07' order by 1"
    )
    assert [month for (month,) in unplanned] == UNPLANNED_WS2022
    others = query(db, "select product, month from hotpatch_calendar where product != 'ws2022' and is_unplanned = 1 order by 1")
    assert others == [("win11-24h2", "2026-06"), ("win11-25h2", "2026-06"), ("ws2025", "2026-06")]


def _check_server_tables(
    db: Path,
    history: dict[tuple[str, int | None, str], tuple[str, str]],
    calendar: dict[tuple[str, str], tuple[str, int | None, str | None]],
) -> None:
    """Every row of the page is a fact: compared with the table of facts, not with what the parser read."""
    found = {
        (product, kb, build): (day, letter)
        for product, kb, build, day, month, cadence in query(
            db,
            "select product, kb, build, release_date, month, cadence from releases where in_standard_line = 1 and product in ('ws2016', 'ws2019', 'ws2022', 'ws2025')",
        )
        for letter in (f"{month} {cadence}",)
    }
    assert {key: found.get(key) for key in history} == history
    months = {
        (product, month): (kind or f"planned {expected}", kb, build)
        for product, month, kind, expected, kb, build in query(
            db, "select product, month, type, expected_type, kb, build from hotpatch_calendar"
        )
    }
    assert {key: months.get(key) for key in calendar} == calendar


def _history_facts() -> dict[tuple[str, int | None, str], tuple[str, str]]:
    return {
        (row["product"], int(row["kb"][2:]) if row["kb"] else None, row["build"]): (row["availability_date"], row["update_type"])
        for row in render.facts("history-server")
        if not row["from"]
    }


def test_a_crawl_of_the_new_site_loads_every_row(run: Command, worlds: dict[str, Path], tmp_path: Path) -> None:
    done = run("crawl", "--db", "x.db", "--from", worlds["new"], "--json")
    assert (done.code, done.json()[0]["failures"]) == (0, [])
    _check_july(tmp_path / "x.db")


def test_recorded_pages_load_whole(run: Command, shared: Path, tmp_path: Path) -> None:
    done = run("crawl", "--db", "x.db", "--from", shared / "pages")
    assert done.code == 0
    db = tmp_path / "x.db"
    _check_july(db)
    with (shared / "facts" / "server-release-history-2026-05-25.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == 471
    history = {(r["product"], int(r["kb"][2:]) if r["kb"] else None, r["build"]): (r["availability_date"], r["update_type"]) for r in rows}
    assert len(history) == 470  # KB5091572 stands twice
    with (shared / "facts" / "hotpatch-calendar-2026-05-25.tsv").open(encoding="utf-8") as file:
        plans = list(csv.DictReader(file, delimiter="\t"))
    calendar = {}
    for r in plans:
        month = r["update_type"][:7].replace(".", "-")
        kind = "baseline" if r["type"].startswith("Baseline") else "hotpatch"
        if r["build"]:
            calendar[r["product"], month] = (kind, int(r["kb"][2:]), r["build"])
        elif month > "2026-07":  # June and July had been released when the navigation was read
            calendar[r["product"], month] = (f"planned {kind}", None, None)
    assert len(calendar) == 62 - 4
    _check_server_tables(db, history, calendar)
    planned = query(
        db,
        "select product, month, planned_type, planned_by from hotpatch_calendar where planned_by != 'cadence' and product like 'ws%' order by 1, 2",
    )
    assert [row for row in planned if row[1] in {"2024-08", "2026-06"}] == [
        ("ws2022", "2024-08", "hotpatch", "footnote"), ("ws2022", "2026-06", "hotpatch", "calendar"), ("ws2025", "2026-06", "hotpatch", "calendar"),
    ]  # fmt: skip


def test_the_rows_of_the_rendered_server_page_are_facts(run: Command, tmp_path: Path) -> None:
    info = render.server_release_info("2026-05-13")
    render.save_tree(
        tmp_path / "tree", info.url, render.release_info_markdown(info, crlf=True), fetched_at="2026-05-13T12:00:00Z", suffix=".md"
    )
    assert run("crawl", "--db", "x.db", "--from", "tree").code == 0
    _check_server_tables(tmp_path / "x.db", _history_facts(), {})


def test_baselines_take_kb_and_build_from_the_lcu_of_their_day(crawled: Path, tmp_path: Path) -> None:
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    rows = query(
        tmp_path / "x.db",
        "select product, kb, build, in_hotpatch_line, in_standard_line, restart_required from releases where classification = 'baseline' and release_date = '2026-01-13' order by 1",
    )
    assert rows == [
        ("win11-24h2", 5074109, "26100.7623", 1, 1, 1), ("win11-25h2", 5074109, "26200.7623", 1, 1, 1),
        ("ws2022", 5073457, "20348.4648", 1, 1, 1), ("ws2025", 5073379, "26100.32230", 1, 1, 1),
    ]  # fmt: skip
    alone = query(
        tmp_path / "x.db",
        "select product, release_date, kb, build, subject from releases where classification = 'baseline' and kb is null order by 2",
    )
    assert alone == [
        ("ws-azure-preview", "2021-04-13", None, None, "release/ws-azure-preview/2021-04-13/baseline"),
        ("ws-azure-preview", "2021-07-13", None, None, "release/ws-azure-preview/2021-07-13/baseline"),
    ]
    joined = query(tmp_path / "x.db", "select derived_from from releases where product = 'ws2022' and release_date = '2022-05-10'")
    assert joined == [("KB and build of the baseline: the LCU of its product and day",)]


def test_facts_lead_to_claims_and_pages_by_foreign_keys(crawled_twice: Path) -> None:
    db = crawled_twice / "x.db"
    assert query(db, "pragma foreign_key_check") == []
    assert query(db, "pragma integrity_check") == [("ok",)]
    for table in ("releases", "hotpatch_calendar", "kbs"):
        orphans = query(
            db,
            f"""select count(*) from {table} as f where not exists (
                select 1 from fact_claims join claims using (claim) join pages using (page) where fact_claims.subject = f.subject)""",
        )
        assert orphans == [(0,)], table
    strict = query(
        db,
        "select name from sqlite_master where type = 'table' and name not like 'kbs_fts%' and name not like '\\_%' escape '\\' and sql not like '%strict%'",
    )
    assert strict == []


# --- out-of-order, repeated and replayed ----------------------------------------------------------------------------


def test_old_site_then_new_site(run: Command, worlds: dict[str, Path], crawled: Path, crawled_twice: Path, tmp_path: Path) -> None:
    """July 2026: nothing lost, nothing doubled; the other order gives the same, and so does a replay (case 14)."""
    first = dump(crawled_twice / "x.db")
    _check_two_generations(crawled_twice / "x.db")
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    done = run("crawl", "--db", "x.db", "--from", worlds["old"])
    assert (done.code, "refused" in done.err) == (0, False)
    assert dump(tmp_path / "x.db") == first
    shutil.copytree(crawled_twice / "x.db.archive", tmp_path / "twice.archive")
    assert run("replay", "--db", "y.db", "--archive", "twice.archive").code == 0
    assert dump(tmp_path / "y.db") == first
    # In place, over what is there.
    assert run("replay", "--db", "x.db").code == 0
    assert dump(tmp_path / "x.db") == first


def test_recorded_old_site_then_new_site(run: Command, shared: Path, tmp_path: Path) -> None:
    for name, order in (("a.db", ("pages-2026-05", "pages")), ("b.db", ("pages", "pages-2026-05"))):
        for folder in order:
            assert run("crawl", "--db", name, "--from", shared / folder).code == 0
    first = dump(tmp_path / "a.db")
    assert dump(tmp_path / "b.db") == first
    assert run("replay", "--db", "c.db", "--archive", "a.db.archive").code == 0
    assert dump(tmp_path / "c.db") == first
    _check_two_generations(tmp_path / "a.db")
    changed = query(
        tmp_path / "a.db",
        "select product, changed_on, changed_after from hotpatch_calendar where month = '2026-06' and product like 'win%' order by 1",
    )
    assert changed == [("win11-24h2", "2026-07-22", "2026-05-27"), ("win11-25h2", "2026-07-22", "2026-05-27")]


def _check_two_generations(db: Path) -> None:
    assert query(db, "select count(*) from releases where gone_since is not null") == [(0,)]
    doubled = query(db, "select product, kb, build, count(*) from releases group by 1, 2, 3 having count(*) > 1 and kb is not null")
    assert doubled == []
    # One article under two addresses is one KB.
    two = query(
        db,
        """select o.kb, n.kb from articles as o join articles as n on n.title = o.title and n.product is o.product
        where o.url like '%/help/%' and n.url like '%/servicing/%' and o.title like '%Hotpatch KB%'""",
    )
    assert len(two) > 50
    assert [pair for pair in two if pair[0] != pair[1]] == []
    baselines = query(db, "select kb from articles where url like '%/windows-11/2026/april-14-2026-baseline' or url like '%/help/5089602'")
    assert baselines == [(5089602,), (5089602,)]
    # The articles' KBs of baselines are known from the old links (case 25).
    assert query(db, "select installs_kb from kbs where kb in (5089602, 5086656, 5086657) order by kb") == [
        (5082063,),
        (5082142,),
        (5083769,),
    ]


def test_a_second_crawl_changes_nothing(run: Command, worlds: dict[str, Path], crawled: Path, tmp_path: Path) -> None:
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    before = dump(tmp_path / "x.db")
    done = run("crawl", "--db", "x.db", "--from", worlds["new"], "--json").json()[0]
    assert (done["pages_parsed"], done["claims_added"], done["claims_ended"], done["facts_changed"]) == (0, 0, 0, 0)
    assert done["pages_read"] > 0
    assert dump(tmp_path / "x.db") == before


def test_tags_that_differ_in_every_response_are_no_change(run: Command, tmp_path: Path) -> None:
    """Case 15: another fetch of the same article has another awa-userFlightingId and awa-expid."""
    for day, flight in (("22", "11111111-1111-1111-1111-111111111111"), ("23", "22222222-2222-2222-2222-222222222222")):
        url = render.SERVER_HUB["new"]
        page = render.navigation_new(render.server_categories(), h1="Windows Server 2025 update history", url=url, flight=flight)
        render.save_tree(tmp_path / day, url, page, fetched_at=f"2026-07-{day}T12:00:00Z", suffix=".html")
        done = run("crawl", "--db", "x.db", "--from", day, "--json").json()[0]
    assert (done["pages_read"], done["pages_parsed"], done["claims_added"], done["facts_changed"]) == (1, 0, 0, 0)
    db = tmp_path / "x.db"
    assert query(db, "select count(distinct sha256), count(distinct content_sha256) from pages where source = 'support_navigation'") == [
        (2, 1)
    ]
    assert query(db, "select distinct substr(last_seen_at, 1, 10) from claims where source = 'support_navigation'") == [("2026-07-23",)]


def test_the_order_in_which_pages_are_read_changes_nothing(run: Command, worlds: dict[str, Path], tmp_path: Path, tries: int) -> None:
    files = [(world, meta) for world in ("old", "new") for meta in sorted(worlds[world].rglob("*.meta.json"))]
    first = None
    if tries == 1:  # two orders of six pages, as there is nothing to compare in one
        files = random.Random(20261125).sample(files, 6)
    for seed in range(max(2, tries)):
        random.Random(seed).shuffle(files)
        for number, (world, meta) in enumerate(files):
            tree = tmp_path / f"tree-{seed}-{number}"
            target = tree / meta.relative_to(worlds[world])
            target.parent.mkdir(parents=True)
            shutil.copy(meta, target)
            shutil.copy(meta.with_name(meta.name.removesuffix(".meta.json")), target.parent)
            assert run("crawl", "--db", f"{seed}.db", "--from", tree).code == 0
            shutil.rmtree(tree)
        found = dump(tmp_path / f"{seed}.db")
        first = first or found
        assert found == first, f"seed {seed}"
        shutil.rmtree(tmp_path / f"{seed}.db.archive")


def test_what_is_said_unsaid_and_said_again_within_a_second_stands(run: Command, tmp_path: Path) -> None:
    """Three answers of one time; the second had ended a claim whose id is made of the time at which it began."""
    for number, build in enumerate(("33158", "33159", "33158")):
        hub, title = render.SERVER_HUB["new"], "Windows Server 2025 update history"
        text = render.navigation_new(render.server_categories(), h1=title, url=hub, flight=f"{number}0000000-0000-0000-0000-000000000000")
        text = text.replace("OS Build 26100.33158", f"OS Build 26100.{build}")
        render.save_tree(tmp_path / str(number), hub, text, fetched_at="2026-07-22T12:00:00Z", suffix=".html")
        assert run("crawl", "--db", "x.db", "--no-seed", "--from", str(number)).code == 0
    builds = "select build from releases where kb = 5099536 and gone_since is null"
    assert query(tmp_path / "x.db", builds) == [("26100.33158",)]
    assert run("replay", "--db", "y.db", "--archive", "x.db.archive").code == 0
    assert query(tmp_path / "y.db", builds) == [("26100.33158",)]


# --- pages that are wrecked -----------------------------------------------------------------------------------------


def _rename_entries(text: str) -> str:
    return re.sub(r"learnRenderLeftNavArticle\b", "docsNavEntry", text)


def _keep_a_tenth(pattern: str) -> Callable[[str], str]:
    def thin(text: str) -> str:
        numbers = itertools.count()
        return re.sub(pattern, lambda match: match[0] if next(numbers) % 10 == 0 else "", text, flags=re.DOTALL)

    return thin


def _drop_calendar_year(text: str) -> str:
    head, label, rest = text.partition("**Calendar year 2024**")
    table, _, tail = rest.partition("**Windows Server 2022 (OS build 20348)**")
    assert "2024.11 B" in table
    assert label
    return f"{head}**Windows Server 2022 (OS build 20348)**{tail}"


def _drop_table(text: str) -> str:
    changed, count = re.subn(r'<table[^>]*id="HotpatchCalendar_Version25H2_2025".*?</table>', "", text, flags=re.DOTALL)
    assert count == 1
    return changed


def _empty_cells(text: str) -> str:
    """Every row is still there, but months that had been released look like plans."""
    head, mark, calendars = text.partition("HotpatchCalendar_")
    return head + mark + re.sub(r"(<td[^>]*>)(20\d\d-\d\d-\d\d|26[12]00\.\d+|<a [^>]*>KB\d+</a>)(</td>)", r"\1\3", calendars)


WRECKS = {
    "a class is renamed": (HOTPATCH, rename_class, "support_navigation", "navigation"),
    "entries are renamed": (HOTPATCH, _rename_entries, "support_navigation", "entries in the category"),
    "the navigation is gone": (
        SERVER_HUB,
        lambda _: "<html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>",
        "support_navigation",
        "navigation",
    ),
    "the smallest section is lost": (
        HOTPATCH,
        drop_category("Public Preview - Release notes for hotpatch in Azure Automanage for Windows Server"),
        "support_navigation",
        "Public Preview - Release notes for hotpatch in Azure Automanage for Windows Server'",
    ),
    "a section of the server hub is lost": (
        SERVER_HUB,
        drop_category("Windows Server, version 23H2"),
        "support_navigation",
        "Windows Server, version 23H2",
    ),
    "nine entries of ten are missing": (
        SERVER_HUB,
        _keep_a_tenth(r'<li class="learnRenderLeftNavArticle">.*?</li>\s*'),
        "support_navigation",
        "Windows Server 2022",
    ),
    "nine rows of ten are missing": (
        SERVER_INFO,
        _keep_a_tenth(r"\| LTS[BC] \|[^\n]*\n"),
        "learn_release_info",
        "Release history: Windows Server",
    ),
    "a calendar year is lost": (SERVER_INFO, _drop_calendar_year, "learn_release_info", "Hotpatch calendar 2024: Windows Server 2025"),
    "one table is lost": (WINDOWS11_INFO, _drop_table, "learn_release_info", "Hotpatch calendar 2025: Windows 11, version 25H2"),
    "a column is renamed": (WINDOWS11_INFO, lambda text: text.replace(">Build</th>", ">OS revision</th>"), "learn_release_info", "'build'"),
    "a label is lost": (
        SERVER_INFO,
        lambda text: text.replace("**Windows Server 2019 (OS build 17763)**", ""),
        "learn_release_info",
        "'Release history: Windows Server 2019'",
    ),
    "a bot page with status 200": (
        WINDOWS11_INFO,
        lambda _: "<html><body><main><h1>Are you a robot?</h1></main></body></html>",
        "learn_release_info",
        "release history",
    ),
    "an empty answer": (HOTPATCH, lambda _: "", "support_navigation", "expected a page"),
    "rows of the future": (
        SERVER_HUB,
        lambda text: text.replace("July 14, 2026", "July 14, 2028"),
        "support_navigation",
        "expected releases dated from",
    ),
    "released months become plans": (WINDOWS11_INFO, _empty_cells, "learn_release_info", "Hotpatch calendar"),
}


@pytest.mark.sampled(5)
@pytest.mark.parametrize("fault", WRECKS)
@pytest.mark.fault("pages that were rebuilt, shrunken, emptied or dated ahead")
def test_a_wrecked_page_keeps_every_fact(fault: str, run: Command, worlds: dict[str, Path], crawled: Path, tmp_path: Path) -> None:
    """A good page comes back wrecked in each of these ways; exit code 3, refused and named, no fact moves, the others go on.

    Case 12: the failing source is named and refused, its facts are kept, the others go on.
    """
    file, change, source, named = WRECKS[fault]
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    before = dump(tmp_path / "x.db", FACTS)
    claims = query(tmp_path / "x.db", "select count(*) from claims")
    wreck(worlds["new"], tmp_path / "wreck", file, change, "2026-08-20T12:00:00Z")
    done = run("crawl", "--db", "x.db", "--from", "wreck", "--json")
    failures = done.json()[0]["failures"]
    assert done.code == 3
    assert [failure["source"] for failure in failures] == [source]
    assert named in failures[0]["note"]
    assert dump(tmp_path / "x.db", FACTS) == before
    assert query(tmp_path / "x.db", "select count(*) from claims") == claims
    states = dict(query(tmp_path / "x.db", "select source, state from sources where state not in ('never_read', 'off')"))
    assert states == {
        "facts_baseline_articles": "ok",
        "facts_eligibility": "ok",
        "facts_lifecycle": "ok",
        "facts_prices": "ok",
        "facts_reported": "ok",
        "learn_release_info": "ok",
        "support_navigation": "ok",
    } | {source: "refused"}
    assert query(tmp_path / "x.db", "select count(*) from checks where ok = 0 and required = 1 and source = ?", source)[0][0] >= 1
    # The next good page is accepted, and says that all is well again.
    assert run("crawl", "--db", "x.db", "--from", worlds["new"]).code == 0
    assert query(tmp_path / "x.db", "select state from sources where source = ?", source) == [("ok",)]


@pytest.mark.parametrize("fault", ["a class is renamed", "a column is renamed"])  # one of each source: each takes a replay
def test_a_replay_refuses_what_was_refused_and_knows_that_all_is_well(
    fault: str, run: Command, worlds: dict[str, Path], crawled: Path, tmp_path: Path
) -> None:
    file, change, source, _ = WRECKS[fault]
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    wreck(worlds["new"], tmp_path / "wreck", file, change, "2026-08-20T12:00:00Z")
    assert run("crawl", "--db", "x.db", "--from", "wreck").code == 3
    # The good page again, as the newest of its name.
    page = tmp_path / "wreck" / file
    shutil.copy(worlds["new"] / file, page)
    meta = page.with_name(page.name + ".meta.json")
    meta.write_text(meta.read_text(encoding="utf-8").replace("2026-08-20", "2026-08-21"), encoding="utf-8")
    assert run("crawl", "--db", "x.db", "--from", "wreck").code == 0
    assert run("replay", "--db", "x.db").code == 3
    assert query(tmp_path / "x.db", "select state from sources where source = ?", source) == [("ok",)]


@pytest.mark.fault("a wrecked page of the time of the good one")
def test_a_wrecked_page_of_the_same_time_is_refused_too(run: Command, worlds: dict[str, Path], crawled: Path, tmp_path: Path) -> None:
    """A page is wrecked without a later time; refused, every fact stays."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    before = dump(tmp_path / "x.db", FACTS)
    meta = json.loads((worlds["new"] / f"{HOTPATCH}.meta.json").read_text(encoding="utf-8"))
    wreck(worlds["new"], tmp_path / "wreck", HOTPATCH, rename_class, meta["fetched_at"])
    assert run("crawl", "--db", "x.db", "--from", "wreck").code == 3
    assert dump(tmp_path / "x.db", FACTS) == before


def test_a_section_that_is_really_gone_is_accepted_by_a_correction(
    run: Command, worlds: dict[str, Path], crawled: Path, tmp_path: Path
) -> None:
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    wreck(worlds["new"], tmp_path / "later", SERVER_HUB, drop_category("Windows Server, version 23H2"), "2026-08-20T12:00:00Z")
    (tmp_path / "mine.csv").write_text(
        "source,subject,field,value,new_value,why,url,decided_on\n"
        'support_navigation,"section/Windows Server, version 23H2",gone,,,end of servicing,https://learn.microsoft.com/en-us/lifecycle/,2026-08-20\n',
        encoding="utf-8",
    )
    assert run("crawl", "--db", "x.db", "--from", "later", "--corrections", "mine.csv").code == 0
    gone = query(tmp_path / "x.db", "select count(*), min(gone_since), max(gone_since) from releases where product = 'ws-23h2'")
    assert gone == [(36, "2026-08-20T12:00:00Z", "2026-08-20T12:00:00Z")]  # published releases stay facts


def test_a_correction_that_matches_nothing_fails_the_run(run: Command, worlds: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(
        "source,subject,field,value,new_value,why,url,decided_on\nsupport_navigation,release/ws2025/1/26100.1,build,26100.1,26100.2,a test,https://example.com/,2026-08-20\n",
        encoding="utf-8",
    )
    done = run("crawl", "--db", "x.db", "--from", worlds["new"], "--corrections", "mine.csv")
    assert (done.code, "to correct, got none" in done.out) == (3, True)
    (tmp_path / "bad.csv").write_text("source,subject\n", encoding="utf-8")
    done = run("crawl", "--db", "x.db", "--from", worlds["new"], "--corrections", "bad.csv")
    assert (done.code, done.err.strip().splitlines()[-1].startswith("hotpatch-kb: expected the columns")) == (2, True)


def test_a_correction_decides_and_is_a_conflict(run: Command, worlds: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(
        "source,subject,field,value,new_value,why,url,decided_on\n"
        "support_navigation,release/ws-azure-preview/5003719/17784.1764,release_date,2021-06-08,2021-06-09,a test,https://example.com/,2026-08-20\n",
        encoding="utf-8",
    )
    assert run("crawl", "--db", "x.db", "--from", worlds["new"], "--corrections", "mine.csv").code == 0
    subject = "release/ws-azure-preview/5003719/17784.1764"
    assert query(tmp_path / "x.db", "select release_date from releases where subject = ?", subject) == [("2021-06-09",)]
    found = query(
        tmp_path / "x.db",
        "select value_won, value_lost, rule, why from conflicts join corrections using (correction) where conflicts.subject = ?",
        subject,
    )
    assert found == [("2021-06-09", "2021-06-08", "correction", "a test")]


# --- titles and tables that changed, new months and lines -----------------------------------------------------------


def test_disagreements_are_rows_with_winner_and_rule(crawled: Path, tmp_path: Path) -> None:
    """Cases 41 and 42."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    found = query(
        tmp_path / "x.db",
        """select k.subject, k.field, k.value_won, k.value_lost, k.rule, w.source, l.source from conflicts as k
        join claims as w on w.claim = k.claim_won join claims as l on l.claim = k.claim_lost order by 1, 2""",
    )
    # The rendered update histories are parts of the recorded ones: they pass over out-of-band releases that the table lists.
    of_lists = [row for row in found if row[1] == "listed"]
    assert {row[-3:] for row in of_lists} == {("own_history", "support_navigation", "learn_release_info")}
    # What a source said of an end of support before it was corrected, in a table of the package (tests/test_lifecycle.py).
    of_support = [row for row in found if row[0].startswith("lifecycle/")]
    assert {row[-3:] for row in of_support} <= {
        ("later_page", source, "facts_lifecycle") for source in ("facts_lifecycle", "learn_release_info")
    }
    of_prices = [row for row in found if row[1] == "virtual_machine"]  # tests/test_cost.py
    assert [row for row in found if row not in of_support + of_lists + of_prices] == [
        (
            "release/win11-24h2/5046696/26100.2240",
            "release_date",
            "2024-11-12",
            "2024-11-19",
            "precedence",
            "learn_release_info",
            "support_navigation",
        ),
        (
            "release/ws-azure-preview/5003719/17784.1764",
            "build",
            "17784.1764",
            "17784.1767",
            "slug",
            "support_navigation",
            "support_navigation",
        ),
    ]


def test_a_planned_month_that_was_released_otherwise_leaves_a_conflict(run: Command, shared: Path, tmp_path: Path) -> None:
    """The server page of May still plans June as a hotpatch; the navigation of July lists a baseline."""
    run("crawl", "--db", "x.db", "--from", shared / "pages")
    found = query(tmp_path / "x.db", "select subject, value_won, value_lost, rule from conflicts where field = 'type' order by 1")
    assert found == [
        ("calendar/ws2022/2026-06", "baseline", "hotpatch", "published_beats_plan"), ("calendar/ws2025/2026-06", "baseline", "hotpatch", "published_beats_plan"),
    ]  # fmt: skip


def test_a_plan_that_changes_shows_both_answers(run: Command, tmp_path: Path) -> None:
    """Case 27, server: pages as of 2026-05-13 and 2026-07-02."""
    for day in ("2026-05-13", "2026-07-02"):
        info = render.server_release_info(day)  # type: ignore[arg-type]
        render.save_tree(tmp_path / day, info.url, render.release_info_markdown(info), fetched_at=f"{day}T12:00:00Z", suffix=".md")
        assert run("crawl", "--db", "x.db", "--from", day).code == 0
    rows = query(
        tmp_path / "x.db",
        "select product, planned_type, planned_by, type, is_unplanned, kb, build, changed_on, changed_after from hotpatch_calendar where month = '2026-06' order by 1",
    )
    assert rows == [
        ("ws2022", "hotpatch", "calendar", "baseline", 1, 5094128, "20348.5256", "2026-07-02", "2026-05-13"),
        ("ws2025", "hotpatch", "calendar", "baseline", 1, 5094125, "26100.32995", "2026-07-02", "2026-05-13"),
    ]
    history = query(tmp_path / "x.db", "select type, is_plan from calendar_history where product = 'ws2025' and month = '2026-06'")
    assert history == [("hotpatch", 1), ("baseline", 0)]
    before = run("calendar", "--db", "x.db", "--product", "ws2025", "--known", "2026-05-20", "--json").json()
    june = next(row for row in before if row["month"] == "2026-06")
    assert (june["type"], june["expected_type"], june["kb"]) == (None, "hotpatch", None)
    after = run("calendar", "--db", "x.db", "--product", "ws2025", "--json").json()
    june = next(row for row in after if row["month"] == "2026-06")
    assert (june["type"], june["is_unplanned"], june["kb"]) == ("baseline", True, "KB5094125")
    early = run("calendar", "--db", "x.db", "--known", "2020-01-01")
    assert (early.code, "no source read by then" in early.err) == (2, True)


def test_a_corrected_build_replaces_the_wrong_one(run: Command, tmp_path: Path) -> None:
    """The build of a title is corrected: the release changes, and is not there twice."""
    wrong = lambda e: render.NavEntry(e.title.replace("20348.5074", "20348.5047"), e.href)  # noqa: E731
    assert run("crawl", "--db", "x.db", "--from", hotpatch_tree(tmp_path, "wrong", "2026-07-23", wrong)).code == 0
    assert run("crawl", "--db", "x.db", "--from", hotpatch_tree(tmp_path, "right", "2026-07-24", lambda e: e)).code == 0
    assert query(tmp_path / "x.db", "select build, gone_since from releases where kb = 5087424") == [("20348.5074", None)]
    told = query(
        tmp_path / "x.db", "select field, old_value, new_value from changes where subject like 'release/ws2022/5087424/%' order by subject"
    )
    assert told == [
        ("release", "hotpatch KB5087424 20348.5047 2026-05-12", None),
        ("release", None, "hotpatch KB5087424 20348.5074 2026-05-12"),
    ]


def test_a_build_number_that_is_not_the_products_never_wins(run: Command, tmp_path: Path) -> None:
    """20346.2091 for 20348.2091 (windowsserverdocs #7633): the calendar of another page knows better, and the conflict shows."""
    wrong = lambda e: render.NavEntry(e.title.replace("20348.2819", "20346.2819"), e.href)  # noqa: E731
    tree = hotpatch_tree(tmp_path, "tree", "2026-07-23", wrong)
    info = render.server_release_info("2026-05-13")
    render.save_tree(tree, info.url, render.release_info_markdown(info), fetched_at="2026-05-13T12:00:00Z", suffix=".md")
    assert run("crawl", "--db", "x.db", "--from", tree).code == 0
    assert query(tmp_path / "x.db", "select build, classification from releases where kb = 5046698") == [("20348.2819", "hotpatch")]
    found = query(
        tmp_path / "x.db", "select field, value_won, value_lost, rule from conflicts where subject = 'release/ws2022/5046698/20348.2819'"
    )
    assert found == [("build", "20348.2819", "20346.2819", "sanity")]


def test_a_release_that_vanishes_stays_a_fact(run: Command, tmp_path: Path) -> None:
    run("crawl", "--db", "x.db", "--from", hotpatch_tree(tmp_path, "one", "2026-07-23", lambda e: e))
    without = lambda e: None if "KB5121768" in e.title else e  # noqa: E731
    assert run("crawl", "--db", "x.db", "--from", hotpatch_tree(tmp_path, "two", "2026-07-24", without)).code == 0
    rows = query(tmp_path / "x.db", "select product, build, gone_since from releases where kb = 5121768 order by 1")
    assert rows == [("win11-24h2", "26100.8893", "2026-07-24T12:00:00Z"), ("win11-25h2", "26200.8893", "2026-07-24T12:00:00Z")]
    # It comes back: the claim has a second interval.
    run("crawl", "--db", "x.db", "--from", hotpatch_tree(tmp_path, "three", "2026-07-25", lambda e: e))
    assert query(tmp_path / "x.db", "select gone_since from releases where kb = 5121768") == [(None,), (None,)]
    intervals = query(
        tmp_path / "x.db",
        "select substr(first_seen_at, 9, 2), substr(last_seen_at, 9, 2), substr(gone_at, 9, 2) from claims where subject = 'release/win11-25h2/5121768/26200.8893' and field = 'kb' order by 1",
    )
    assert intervals == [("23", "23", "24"), ("25", "25", None)]


def test_a_new_month_is_told_as_changes(run: Command, crawled: Path, tmp_path: Path) -> None:
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    august = render.NavEntry("August 11, 2026—Hotpatch KB5120228 (OS Build 26100.33222)", "../../windows-server-2025/2026/kb5120228")
    tree = hotpatch_tree(tmp_path, "august", "2026-08-12", lambda e: e, {2: [august]})
    assert run("crawl", "--db", "x.db", "--from", tree).code == 0
    told = run("changes", "--db", "x.db", "--since", "2026-08-01", "--json").json()
    assert [(row["subject"], row["field"], row["old_value"], row["new_value"]) for row in told] == [
        ("calendar/ws2025/2026-08", "type", None, "hotpatch"),
        ("release/ws2025/5120228/26100.33222", "release", None, "hotpatch KB5120228 26100.33222 2026-08-11"),
    ]
    match = run("lookup", "KB5120228", "--db", "x.db", "--json").json()[0]["matches"][0]
    assert (match["baseline"]["kb"], match["classification"], match["data_until"]) == ("KB5099536", "hotpatch", "2026-08-12")


def test_odd_titles_load(run: Command, tmp_path: Path) -> None:
    page = render.navigation_new(render.odd_categories(), h1="Release notes", url=render.HOTPATCH_HUB["new"])
    render.save_tree(tmp_path / "tree", render.HOTPATCH_HUB["new"], page, fetched_at="2026-07-23T12:00:00Z", suffix=".html")
    done = run("crawl", "--db", "x.db", "--from", "tree")
    assert (done.code, "refused" in done.err) == (0, False)
    listed = sum(len(category.entries) for category in render.odd_categories())
    titles = query(tmp_path / "x.db", "select count(*) from (select distinct section, value from claims where field = 'title')")
    assert titles == [(listed,)]


def test_the_first_entry_of_23h2_is_no_release(crawled: Path, tmp_path: Path) -> None:
    """Case 43: it has the category's title and links to KB5066780's article."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    rows = query(tmp_path / "x.db", "select kb, build, release_date from releases where product = 'ws-23h2' and kb = 5066780")
    assert rows == [(5066780, "25398.1913", "2025-10-14")]
    assert query(tmp_path / "x.db", "select count(*) from claims where field = 'title' and value like 'Windows Server, version 23H2'") == [
        (0,)
    ]


def test_links_of_the_new_layout_are_absolute(crawled: Path, tmp_path: Path) -> None:
    """Case 13."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    assert query(
        tmp_path / "x.db",
        "select count(*) from claims where field = 'article_url' and (value is null or value not like 'https://%.microsoft.com/%')",
    ) == [(0,)]
    url = query(tmp_path / "x.db", "select article_url from releases where product = 'ws2025' and kb = 5087423")
    assert url == [
        (
            "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772",
        )
    ]


def test_month_and_date_of_a_release_may_differ(crawled: Path, tmp_path: Path) -> None:
    """Case 11, and the row that stands twice."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    assert query(tmp_path / "x.db", "select month, release_date, cadence from releases where kb = 5082314") == [
        ("2026-02", "2026-03-02", "OOB")
    ]
    assert query(tmp_path / "x.db", "select count(*) from releases where product = 'ws2016' and kb = 5091572") == [(1,)]


def test_public_previews(crawled: Path, tmp_path: Path) -> None:
    """Case 4: of win11-24h2 only, and not what a regular category lists too."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    rows = query(
        tmp_path / "x.db", "select product, kb from releases where is_public_preview = 1 and product not like 'ws-%' order by 1, 2"
    )
    assert rows == [
        ("win11-24h2", 5046696),
        ("win11-24h2", 5048794),
        ("win11-24h2", 5052105),
        ("win11-24h2", 5053636),
        ("ws2022", 5007386),
        ("ws2022", 5008286),
    ]
    assert query(tmp_path / "x.db", "select distinct is_public_preview from releases where product = 'ws-azure-preview'") == [(1,)]
    assert query(tmp_path / "x.db", "select article_url from releases where product = 'win11-24h2' and kb = 5058497")[0][0].endswith(
        "/windows-11/2025/may-13-2025-hotpatch-kb5058497-os-build-26100-3981-1"
    )


# --- bad input ------------------------------------------------------------------------------------------------------


def test_bad_input_is_one_clear_line(run: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.db").write_text("this is no database, but text that is long enough to be none", encoding="utf-8")
    for arguments, said in (
        (("crawl", "--from", "nowhere"), "expected a folder of saved pages, a zip of one or a saved page, got nowhere"),
        (("crawl", "--from", "empty"), "expected pages of"),
        (
            ("crawl", "--from", "empty", "--source", "learn"),
            f"expected a source ({', '.join(registry())}), got 'learn'",
        ),
        (
            ("lookup", "26100", "--db", "file.db"),
            "expected a database of hotpatch-kb at file.db, got file is not a database; run hotpatch-kb doctor to examine it",
        ),
        (("changes", "--since", "2026-07-02", "--until", "2026-07-01"), "expected --since up to --until, got 2026-07-02 and 2026-07-01"),
        (("crawl", "--from", "empty", "--db", "file.db"), "expected a database that can be written"),
        (("calendar", "--known", "May"), "expected a day such as 2026-07-14, got 'May'"),
        (("calendar", "--product", "ws2030"), "expected a product ("),
        (("lookup", "26100.6905", "--kb-installed", "KBx"), "expected a KB such as KB5070893, got 'KBx'"),
    ):
        done = run(*arguments)
        last = done.err.strip().splitlines()[-1]
        assert (done.code, last.startswith(f"hotpatch-kb: {said}")) == (2, True), (arguments, done.err)


@pytest.mark.fault("two runs on one database", of="disk")
def test_another_run_holds_the_lock(run: Command, worlds: dict[str, Path], tmp_path: Path) -> None:
    """The lock is held; exit code 5 at once."""
    with locked(tmp_path / "x.db"):
        done = run("crawl", "--db", "x.db", "--from", worlds["new"])
    assert (done.code, "expected no other run" in done.err) == (5, True)


@pytest.mark.fault("an archive with a damaged body", of="disk")
def test_a_damaged_archive_is_not_believed(run: Command, crawled: Path, tmp_path: Path) -> None:
    """A body of the archive is changed; a replay says so, exit code 2, the database is as it was."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    before = dump(tmp_path / "x.db")
    answer = next((tmp_path / "x.db.archive").glob("??/*"))
    answer.write_bytes(answer.read_bytes() + b" ")
    done = run("replay", "--db", "x.db")
    assert (done.code, "expected content of its name's hash" in done.err) == (2, True)
    assert dump(tmp_path / "x.db") == before


@pytest.mark.fault("a reader beside a writer", of="disk")
def test_a_reader_sees_the_old_state_or_the_new_one(run: Command, worlds: dict[str, Path], crawled_in_may: Path, tmp_path: Path) -> None:
    """A reader asks while a run writes; it sees the old state or the new one.

    Case 18: written in place, in one transaction; the file is never replaced.
    """
    shutil.copytree(crawled_in_may, tmp_path, dirs_exist_ok=True)
    inode = (tmp_path / "x.db").stat().st_ino
    reader = sqlite3.connect(f"{(tmp_path / 'x.db').as_uri()}?mode=ro", uri=True, isolation_level=None)
    count = "select (select count(*) from releases), (select count(*) from claims), (select count(*) from runs)"
    reader.execute("begin")
    before = reader.execute(count).fetchone()
    assert run("crawl", "--db", "x.db", "--from", worlds["new"]).code == 0
    assert reader.execute(count).fetchone() == before
    reader.execute("commit")
    after = reader.execute(count).fetchone()
    reader.close()
    assert after[0] > before[0]
    assert after[2] == 2
    assert (tmp_path / "x.db").stat().st_ino == inode


@pytest.mark.fault("a failure in the middle of writing", of="disk")
def test_a_run_that_fails_while_it_writes_leaves_the_database_as_it_was(
    run: Command, worlds: dict[str, Path], crawled_in_may: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Publishing fails; the database is as it was."""
    shutil.copytree(crawled_in_may, tmp_path, dirs_exist_ok=True)
    before = dump(tmp_path / "x.db")

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr("hotpatch_kb.db.facts.write.write_lines", fail)
        done = run("crawl", "--db", "x.db", "--from", worlds["new"])
        assert (done.code, "the database cannot be used: disk I/O error" in done.err) == (1, True)
    assert dump(tmp_path / "x.db") == before
    assert run("crawl", "--db", "x.db", "--from", worlds["new"]).code == 0


@pytest.mark.fault("an old, smaller page that comes back")
def test_an_old_page_that_comes_back_is_checked_too(run: Command, crawled: Path, tmp_path: Path) -> None:
    """A page returns to what it was long ago; checked like a new one.

    A stale copy served weeks later has been accepted once, and is refused where it has lost too much.
    """
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    august = [
        render.NavEntry(f"August {day}, 2026—Hotpatch KB51202{day} (OS Build 26100.332{day})", f"kb51202{day}") for day in (11, 12, 13, 14)
    ]
    assert run("crawl", "--db", "x.db", "--from", hotpatch_tree(tmp_path, "august", "2026-08-15", lambda e: e, {2: august})).code == 0
    done = run("crawl", "--db", "x.db", "--from", hotpatch_tree(tmp_path, "stale", "2026-08-16", lambda e: e))
    assert (done.code, "expected about 30 rows in" in done.out) == (3, True)
    assert query(tmp_path / "x.db", "select count(*) from releases where gone_since is not null") == [(0,)]


def test_corrections_beside_the_database_are_read(run: Command, crawled: Path, tmp_path: Path) -> None:
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    (tmp_path / "x.db.corrections.csv").write_text(
        "source,subject,field,value,new_value,why,url,decided_on\n"
        "support_navigation,release/ws-azure-preview/5003719/17784.1764,release_date,2021-06-08,2021-06-09,a test,https://example.com/,2026-08-20\n",
        encoding="utf-8",
    )
    assert run("replay", "--db", "x.db").code == 0
    assert query(tmp_path / "x.db", "select release_date from releases where kb = 5003719") == [("2021-06-09",)]


@pytest.mark.fault("a parser that fails as nobody expected")
def test_a_parser_that_fails_on_a_page_does_not_stop_the_others(
    run: Command, worlds: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A parser raises another error; the page is named and refused, the others go on."""

    def broken(_: object) -> None:
        raise KeyError("month")

    with monkeypatch.context() as patched:
        patched.setattr("hotpatch_kb.scraper.sources.learn_release_info._history", broken)
        done = run("crawl", "--db", "x.db", "--from", worlds["new"])
    assert done.code == 3
    assert "expected a page that its parser can read, got" in done.out
    assert query(tmp_path / "x.db", "select source, state from sources where state not in ('never_read', 'off') and source not like 'facts%' order by 1") == [
        ("learn_release_info", "refused"), ("support_navigation", "ok"),
    ]  # fmt: skip
