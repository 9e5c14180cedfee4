"""The site: every page opens, every question is answered, and nothing a visitor sends or a page states can harm it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from helpers.datasettes import DEFAULT_SETTINGS, Datasette, ask, columns_of, get, get_all, opened
from markupsafe import escape
from rendered import support_article

from hotpatch_kb.db import site
from hotpatch_kb.db.answers import lookup, restarts
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.site import tables
from hotpatch_kb.db.store import schema
from hotpatch_kb.db.store.connections import open_for_reading

HIDDEN = {"subjects", "_sqlite_migrations", "kbs_fts", "kbs_fts_config", "kbs_fts_data", "kbs_fts_docsize", "kbs_fts_idx"}
TABLES = sorted(set(schema.comments()) - HIDDEN)
# The embedded facts come from navigations and tables: they hold no article and no month of MSRC's data.
REPORTED = {"reported"}  # which has what others say of August and September 2026, until a page is read
EMPTY = {
    "checks",
    "corrections",
    "article_changes",
    "cve_gaps",
    "implausible_releases",
    "kb_channels",
    "kb_cves",
    "known_issues",
    "quarantine",
    "reported",
    "security_months",
}
VIEWS = sorted(schema.view_files())
QUERIES: dict[str, dict[str, Any]] = site.config(public=False)["metadata"]["databases"]["hotpatch"]["queries"]

# Parameters with which each query answers something; the rows are looked at further down.
SAMPLES = {
    "what_is_this_build": {"build": "26100.6905", "product": ""},
    "what_is_this_kb": {"kb": "KB5100456"},
    "what_is_its_baseline": {"build_or_kb": "26100.2240"},
    "when_is_the_next_restart": {"product": ""},
    "what_changed": {"since": "2026-07-22"},
    "where_do_sources_disagree": {"fact": ""},
    "how_do_we_know": {"fact": "KB5087423"},
    "which_baselines_were_unplanned": {},
    "what_was_stated_of_this_month": {"month": "2026-06", "product": ""},
    "which_issues_does_this_kb_have": {"kb": "KB5101650"},
    "what_does_this_hotpatch_leave_open": {"kb": "", "product": "ws2025", "month": "2025-12"},
    "what_did_hotpatching_cost": {"product": "", "day": "2025-08-01", "cores": "16", "meter": ""},
}


@pytest.fixture
def copy(seeded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(seeded, tmp_path / "hotpatch.db"))


# --- pages --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_public", [False, True])
def test_every_table_and_view_opens(own: Datasette, public: Datasette, is_public: bool):
    ds = public if is_public else own
    listed = get(ds, "/hotpatch.json").json()
    assert sorted(table["name"] for table in listed["tables"] if not table["hidden"]) == TABLES
    assert {table["name"] for table in listed["tables"] if table["hidden"]} == HIDDEN
    assert sorted(view["name"] for view in listed["views"]) == VIEWS
    assert [query["name"] for query in listed["queries"]] == list(SAMPLES)
    for name in [*TABLES, *VIEWS]:
        page, data = get_all(ds, [f"/hotpatch/{name}", f"/hotpatch/{name}.json?_shape=objects&_size=max"])
        assert (page.status_code, data.status_code) == (200, 200), name
        assert "facets-timed-out" not in page.text, name
        assert data.json()["query_ms"] < ds.setting("sql_time_limit_ms"), name
        assert bool(data.json()["rows"]) is (name not in EMPTY - REPORTED), name


def test_an_empty_table_says_why_it_is_empty(own: Datasette, crawled_site: Datasette):
    for name in sorted(EMPTY - REPORTED):
        assert (
            '<p class="when-empty">No ' in get(own, f"/hotpatch/{name}").text or "has no such row." in get(own, f"/hotpatch/{name}").text
        ), name
    for name in sorted(EMPTY - {"checks", "corrections", "implausible_releases", "quarantine"}):
        assert 'class="when-empty"' not in get(crawled_site, f"/hotpatch/{name}").text, name
        assert get(crawled_site, f"/hotpatch/{name}.json", _shape="array").json(), name
    assert 'class="when-empty"' in get(crawled_site, "/hotpatch/kb_cves", kb="5087423").text


def test_the_address_does_not_depend_on_the_name_of_the_file(own: Datasette, seeded: Path):
    listed = get(own, "/-/databases.json").json()
    assert [(database["name"], database["path"], database["is_mutable"]) for database in listed] == [("hotpatch", str(seeded), True)]


def test_home_says_when_the_facts_end(own: Datasette, monkeypatch):
    for day, is_old in (("2026-08-10", False), ("2026-08-11", True)):
        monkeypatch.setattr("hotpatch_kb.db.model.clock.today", lambda day=day: day)
        page = asyncio.run(own.client.get("/")).text
        assert "Data as of 25 May 2026." in page  # of two products of the small seed; that of the others ends on 23 July
        assert ("3 Patch Tuesdays have passed since: nothing here is known to be current." in page) is is_old
        assert ("For some of it a Patch Tuesday has passed since." in page) is not is_old
    assert ("3 sources are late." in page) is not is_old
    late = re.sub("<[^>]+>", "", page.partition("Not read when due: ")[2])
    assert late.startswith("Microsoft Learn: lifecycle of products")
    assert "Microsoft Learn: release information (" in late.partition("Next restart")[0]


def test_home_asks_and_about_names_every_question_and_table(own: Datasette):
    page = get(own, "/").text
    assert '<form class="ask" action="/lookup" method="get" role="search">' in page
    assert "<title>Windows hotpatching: next restart, builds, baselines</title>" in page
    about = get(own, "/about").text
    links = _links(about)
    assert {f"/hotpatch/{name}" for name in [*TABLES, *VIEWS, *QUERIES]} <= links
    assert not {f"/hotpatch/{name}" for name in HIDDEN} & links
    assert re.findall(r'(?:src|href|action)="(?!/|#|https?://)', page + about) == []


def test_a_title_is_no_sql(own: Datasette):
    assert "<title>hotpatch: What is this KB?</title>" in get(own, "/hotpatch/what_is_this_kb").text
    assert "<title>hotpatch: select 1</title>" in get(own, "/hotpatch", sql="select 1").text


@pytest.mark.parametrize(("words", "found"), [("KB5087423", [5087423]), ("5087423", [5087423]), ("nothing-of-the-kind", [])])
def test_search_finds_a_kb_with_and_without_its_letters(own: Datasette, words: str, found: list[int]):
    rows = get(own, "/hotpatch/kbs.json", _search=words, _shape="array").json()
    assert [row["kb"] for row in rows] == found
    assert 'name="_search"' in get(own, "/hotpatch/kbs").text


def test_a_kb_without_a_title_is_shown_by_its_number(own: Datasette):
    # KB5094126 is named by a calendar alone; Datasette would label it "None".
    page = get(own, "/hotpatch/releases", kb="5094126").text
    assert '<a href="/hotpatch/kbs/5094126">5094126</a>' in page
    assert ">None<" not in page


# --- descriptions -------------------------------------------------------------------------------------------------------


def test_every_table_view_and_column_is_described(own: Datasette, seeded: Path):
    described = get(own, "/-/metadata.json").json()["databases"]["hotpatch"]["tables"]
    with closing(open_for_reading(seeded)) as conn:
        columns = {name: [row[0] for row in conn.execute("select name from pragma_table_info(?)", (name,))] for name in [*TABLES, *VIEWS]}
    missing = [name for name in columns if not described[name]["description"]]
    missing += [f"{name}.{column}" for name, names in columns.items() for column in names if not described[name]["columns"].get(column)]
    assert missing == []
    assert {name: [c for c in described[name]["columns"] if c not in names] for name, names in columns.items()} == {n: [] for n in columns}


def test_each_table_and_view_begins_with_three_questions_that_it_answers(own: Datasette, public: Datasette):
    assert set(tables.about()) - {"subjects"} == {*TABLES, *VIEWS}  # subjects is hidden in lists
    has_rows = {name: bool(get(own, f"/hotpatch/{name}.json", _size="1", _shape="array").json()) for name in tables.about()}
    assert [name for name in ("releases", "builds", "known_issues") if has_rows[name]] == ["releases", "builds"]
    for name, about in tables.about().items():
        page = _parsed(get(own, f"/hotpatch/{name}").text)
        assert len(about.ask) == 3, name
        for address in about.ask.values():
            assert address.partition("?")[0] == name
            assert (f"/hotpatch/{address}" in page.links) == has_rows[name], address  # an empty table answers nothing
            for ds in (own, public):
                answer = get(ds, f"/hotpatch/{address}")
                assert answer.status_code == 200, address
                assert "_facet=" in address or f"<details open><summary>{'Filter and sort'}" in answer.text or "sorted by" in answer.text, (
                    address
                )


@pytest.mark.parametrize(
    ("path", "title", "japanese"),
    [
        ("products/ws2025", "Windows Server 2025", "Windows Server 2025"),
        ("hotpatch_calendar/ws2025,2026-06", "Windows Server 2025, June 2026: baseline", "Windows Server 2025、2026\u00a0年\u00a06\u00a0月: ベースライン"),
        ("subjects/release~2Fws2025~2F5087423~2F26100~2E32772", "KB5087423 26100.32772, Windows Server 2025", "KB5087423 26100.32772、Windows Server 2025"),
        ("lifecycles/win11-24h2,home_pro,end_of_servicing", "Windows 11, version 24H2, Home, Pro: servicing ends 13 October 2026", "Windows 11 バージョン 24H2、Home、Pro: サービス提供の終了、2026\u00a0年\u00a010\u00a0月\u00a013\u00a0日"),
    ],
)  # fmt: skip
def test_a_row_is_called_by_a_sentence(own: Datasette, path: str, title: str, japanese: str):
    for language, expected in (("en", title), ("ja", japanese)):
        page = get(own, f"/{language}/hotpatch/{path}").text
        assert f"<h1>{escape(expected)}</h1>" in page
        assert f"<title>{escape(expected)} - " in page


def test_rows_of_a_table_lead_to_their_pages_by_their_titles(own: Datasette):
    page = get(own, "/ja/hotpatch/releases", kb="5087423").text
    found = re.search(r'<a href="(/ja/hotpatch/releases/[0-9]+)">([^<]+)</a>', page)
    assert found
    assert found[2] == "KB5087423"  # the columns have the rest
    title = "Windows Server 2025: ホットパッチ KB5087423 (26100.32772)、2026\u00a0年\u00a05\u00a0月\u00a012\u00a0日"
    assert f"<h1>{title}</h1>" in get(own, found[1]).text


def test_the_answer_of_a_query_leads_to_its_products_kbs_and_builds(own: Datasette):
    page = get(own, "/hotpatch/what_is_this_build", build="26100.32772").text
    for link in (
        '<a href="/product/ws2025">Windows Server 2025</a>',
        '<a href="/kb/5087423">KB5087423</a>',
        '<a class="mono" href="/build/26100.32772">26100.32772</a>',
    ):
        assert link in page, link


def test_a_change_of_a_fact_is_the_sentence_of_the_changes_page(copy: Path):
    with closing(schema.open_for_writing(copy)) as conn, schema.transaction(conn):
        run = conn.execute("select max(run) from runs").fetchone()[0]
        conn.execute("delete from changes")
        conn.executemany(
            "insert into changes values (?, '2026-07-22T12:00:00Z', ?, ?, ?, ?)",
            [
                (run, "calendar/ws2025/2026-06", "expected_type", "hotpatch", "baseline"),
                (run, "release/ws2025/5087423/26100.32772", "release", None, "hotpatch KB5087423 26100.32772 2026-05-12"),
                (run, "product/ws2025", "release_date", "2024-11-01", HOSTILE),
            ],
        )
    with opened(copy, public=True) as ds:
        page = get(ds, "/hotpatch/changes").text
        assert ">Windows Server 2025, June 2026: expected as a baseline now, not as a hotpatch</a>" in page
        assert ">Windows Server 2025: new hotpatch, KB5087423 26100.32772 2026-05-12</a>" in page
        assert "<b>May" not in page
        assert "&lt;b&gt;May" in page
        assert (
            ">Windows Server 2025、2026\u00a0年\u00a06\u00a0月: 見込みがホットパッチからベースラインに変わりました<"
            in get(ds, "/ja/hotpatch/changes").text
        )


def test_links_and_filters_of_a_table_keep_the_language(own: Datasette):
    page = _parsed(get(own, "/ja/hotpatch/releases", _facet="month", _size="5").text)
    leaving = [link for link in page.links if link.startswith("/hotpatch/") and ".json" not in link and ".csv" not in link]
    assert leaving == []
    assert next(link for link in page.links if "_next=" in link).startswith("/ja/hotpatch/releases?")
    assert next(link for link in page.links if "&month=" in link).startswith("/ja/hotpatch/releases?")


def test_descriptions_come_from_the_schema_and_the_views(own: Datasette):
    text, columns = schema.comments()["releases"]
    page = get(own, "/hotpatch/releases").text
    assert escape(text) in page
    assert f"""<dt>kb</dt><dd><span>{escape(columns["kb"])}</span>""" in page
    comment = schema.view_files()["builds"].splitlines()[0].removeprefix("-- ")
    page = get(own, "/hotpatch/builds").text
    assert escape(comment) in page
    assert "<dt>is_ambiguous</dt><dd><span>1 if the build alone does not say which KB is installed</span>" in page


def test_metadata_names_only_what_exists(seeded: Path):
    # A sort by a column that does not exist is an error 500 of the table's page.
    configured = site.config(public=False)["metadata"]["databases"]["hotpatch"]["tables"]
    with closing(open_for_reading(seeded)) as conn:
        existing = {
            name: {row[0] for row in conn.execute("select name from pragma_table_info(?)", (name,))}
            for (name,) in conn.execute("select name from sqlite_master where type in ('table', 'view')").fetchall()
        }
    for name, table in configured.items():
        named = {table[key] for key in ("sort", "sort_desc", "label_column", "fts_pk") if key in table} | set(table.get("facets", ()))
        assert named | set(table.get("units", ())) | set(table.get("sortable_columns", ())) <= existing[name], name
        assert set(table) <= {
            "sort", "sort_desc", "label_column", "fts_table", "fts_pk", "facets", "units", "hidden", "sortable_columns", "when_empty",
        }, name  # fmt: skip
        if "sortable_columns" in table:
            assert {table[key] for key in ("sort", "sort_desc") if key in table} <= set(table["sortable_columns"]), name
    assert {name for name, table in configured.items() if "when_empty" in table} == EMPTY
    assert {*TABLES, *VIEWS} - {"next_restarts", "lines", "fact_claims"} <= set(configured)


def test_metadata_states_licence_and_sources(own: Datasette):
    stated = get(own, "/-/metadata.json").json()
    assert stated["license_url"] == "https://creativecommons.org/publicdomain/zero/1.0/"
    assert {"https://learn.microsoft.com/en-us/legal/termsofuse", "https://www.microsoft.com/en-us/legal/terms-of-use"} <= _links(
        stated["description_html"]
    )


@pytest.mark.parametrize("is_public", [False, True])
def test_settings_are_settings_of_datasette(is_public: bool):
    # Datasette ignores a setting whose name it does not know.
    settings = site.config(is_public)["settings"]
    assert set(settings) <= set(DEFAULT_SETTINGS)
    assert {name: type(value) for name, value in settings.items()} == {name: type(DEFAULT_SETTINGS[name]) for name in settings}


def test_config_is_new_on_each_call():
    first = site.config(public=False)
    first["metadata"]["title"] = first["settings"]["default_page_size"] = None
    assert site.config(public=False) != first


# --- questions ----------------------------------------------------------------------------------------------------------


def test_queries_are_complete_and_named_like_no_table():
    assert set(QUERIES) == set(SAMPLES)
    assert not set(QUERIES) & ({*schema.comments(), *schema.view_files()} | HIDDEN)
    for name, query in QUERIES.items():
        assert set(query) == {"title", "description", "hide_sql", "params", "sql"}, name
        assert query["hide_sql"] is True
        assert list(dict.fromkeys(re.findall(r"(?<![:\w]):([a-z_]+)", query["sql"]))) == query["params"] == list(SAMPLES[name]), name


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("is_public", [False, True])
def test_every_query_answers(own: Datasette, public: Datasette, name: str, is_public: bool):
    ds = public if is_public else own
    page, data, table, opened = get_all(
        ds,
        [
            f"/hotpatch/{name}?{urlencode(SAMPLES[name])}",
            f"/hotpatch/{name}.json?{urlencode({'_shape': 'array', **SAMPLES[name]})}",
            f"/hotpatch/{name}.csv?{urlencode(SAMPLES[name])}",
            f"/hotpatch/{name}",  # as a visitor comes to it, without any parameter
        ],
    )
    assert [response.status_code for response in (page, data, table, opened)] == [200] * 4
    assert data.json()
    assert len(table.text.splitlines()) >= len(data.json()) + 1
    assert QUERIES[name]["title"] in page.text
    assert "from claims" not in page.text, "hide_sql"


def test_build_that_two_kbs_share_is_ambiguous(own: Datasette):
    lcu = {
        "status": "ambiguous",
        "decided_by": "installed KBs",
        "nearest": None,
        "product": "ws2025",
        "build": "26100.6905",
        "kb": "KB5070881",
        "classification": "cumulative",
        "cadence": "OOB",
        "release_date": "2025-10-23",
        "restart_required": 1,
        "baseline_kb": None,
        "baseline_build": None,
        "companions": None,
        "article_url": "https://support.microsoft.com/en-us/servicing/os/windows-server/2025/10/october-23-2025-kb5070881-os-build-26100-6905-out-of-band",
        "subject": "release/ws2025/5070881/26100.6905",
    }
    component = lcu | {
        "kb": "KB5070893",
        "classification": "component",
        "cadence": "B",
        "release_date": "2025-10-24",
        "restart_required": None,
        "baseline_kb": "KB5066835",
        "baseline_build": "26100.6899",
        "article_url": "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2025/"
        "october-24-2025-kb5070893-os-build-26100-6905-security-update-for-windows-server-update-services",
        "subject": "release/ws2025/5070893/26100.6905",
    }
    assert ask(own, "what_is_this_build", build="26100.6905", product="ws2025") == [lcu, component]


@pytest.mark.parametrize(
    "spelling",
    [
        "26100.7392",
        "10.0.26100.7392",
        " 26100.7392\t",
        "Microsoft Windows [Version 10.0.26100.7392]",
        "OS Build 26100.7392",
        "(build: 26100.7392)",
    ],
)
def test_build_in_any_common_spelling(own: Datasette, spelling: str):
    rows = ask(own, "what_is_this_build", build=spelling, product="windows server 2025")
    assert columns_of(rows, "status", "product", "kb", "classification", "companions") == [
        ("found", "ws2025", "KB5072014", "hotpatch", "KB5074204")
    ]


def test_build_that_no_source_names_has_neighbours_and_is_not_rounded(own: Datasette):
    rows = ask(own, "what_is_this_build", build="20348.588")
    assert columns_of(rows, "status", "nearest", "product", "build", "kb") == [
        ("not_found", "below", "ws2022", "20348.587", "KB5011497"),
        ("not_found", "below", "ws2022", "20348.587", "KB5011580"),
        ("not_found", "above", "ws2022", "20348.617", "KB5011558"),
    ]


@pytest.mark.parametrize(
    "build", ["", "26100", "26100.", "26100.x", "26100.1.amd64fre.ge_release", "x" * 10_000, "99999.1", "'; drop table kbs"]
)
def test_what_is_no_known_build_has_no_answer(own: Datasette, build: str):
    assert ask(own, "what_is_this_build", build=build) == []


def test_query_and_lookup_agree_on_every_build_and_kb(seeded: Path):
    # The query answers by SQL what lookup answers in Python: one must not drift from the other.
    words = {"--product": "product", "--kb-installed": "installed KBs", "--line": "line", "--on": "day"}
    with closing(open_for_reading(seeded)) as conn:
        builds = [row[0] for row in conn.execute("select distinct build from releases where build is not null order by 1")]
        kbs = [row[0] for row in conn.execute("select kb from kbs order by 1")]
        asked = [(build, "") for build in builds]
        asked += [(row["build"], row["product"]) for row in conn.execute("select build, product from builds where is_ambiguous").fetchall()]
        for build, product in asked:
            rows = [dict(row) for row in conn.execute(QUERIES["what_is_this_build"]["sql"], {"build": build, "product": product})]
            found = lookup.find(conn, build, product=product or None, today="2026-07-24")
            assert {row["status"] for row in rows} == {found["status"]}, build
            assert {row["decided_by"] for row in rows} == {" or ".join(words[word] for word in found["decided_by"]) or None}, build
            assert _matched(rows) == _matched(found["matches"]), build
            assert [set((row["companions"] or "").split()) for row in rows if row["companions"]] == [
                set(match["companions"]) for match in sorted(found["matches"], key=lambda m: m["product"]) if match["companions"]
            ], build
        for kb in kbs:
            rows = [dict(row) for row in conn.execute(QUERIES["what_is_this_kb"]["sql"], {"kb": f"KB{kb}"})]
            assert _matched(row for row in rows if row["product"]) == _matched(lookup.find(conn, str(kb), today="2026-07-24")["matches"]), (
                kb
            )
        for build in ("26100.7393", "20348.588", "14393.100", "28000.2"):
            rows = [dict(row) for row in conn.execute(QUERIES["what_is_this_build"]["sql"], {"build": build, "product": ""})]
            found = lookup.find(conn, build, today="2026-07-24")["nearest"]
            near = {(row["product"], row["nearest"], row["build"]) for row in rows}
            assert near == {(n["product"], side, n[side]) for n in found for side in ("below", "above") if n[side]}, build


def _matched(rows: Iterable[dict[str, Any]]) -> list[tuple[Any, ...]]:
    names = ("product", "kb", "build", "release_date", "classification", "cadence", "restart_required")
    return sorted((tuple("" if row[name] is None else row[name] for name in names) for row in rows), key=str)


@pytest.mark.parametrize("spelling", ["KB5100456", "5100456", " kb 5100456", "KB-5100456"])
def test_article_of_a_baseline_is_the_kb_that_is_installed(own: Datasette, spelling: str):
    rows = ask(own, "what_is_this_kb", kb=spelling)
    assert columns_of(rows, "kb", "article_kb", "product", "build", "release_date", "classification", "baseline_kb") == [
        ("KB5094126", "KB5100456", "win11-24h2", "26100.8655", "2026-06-09", "baseline", "KB5094126"),
        ("KB5094126", "KB5100456", "win11-25h2", "26200.8655", "2026-06-09", "baseline", "KB5094126"),
    ]


@pytest.mark.parametrize("kb", ["", "KB", "KB1", "KB9999999", "5100456.1", "9" * 5_000])
def test_what_is_no_known_kb_has_no_answer(own: Datasette, kb: str):
    assert ask(own, "what_is_this_kb", kb=kb) == []
    assert ask(own, "what_is_its_baseline", build_or_kb=kb) == []
    assert ask(own, "how_do_we_know", fact=kb) == []


@pytest.mark.parametrize("asked", ["26100.2240", "10.0.26100.2240", "KB5046696", "5046696"])
def test_baseline_of_a_build_or_kb(own: Datasette, asked: str):
    rows = ask(own, "what_is_its_baseline", build_or_kb=asked)
    derived = "baseline: no page lists one; the B release of 2024-10, the last planned baseline month before it"
    assert columns_of(rows, "product", "kb", "build", "baseline_kb", "baseline_build", "baseline_date", "derived_from") == [
        ("win11-24h2", "KB5046696", "26100.2240", "KB5044284", "26100.2033", "2024-10-08", derived),
        ("ws2025", "KB5046696", "26100.2240", "KB5044284", "26100.2033", "2024-10-08", derived),
    ]


def test_baseline_of_a_baseline_is_itself_and_of_an_lcu_none(own: Datasette):
    rows = ask(own, "what_is_its_baseline", build_or_kb="KB5100456")
    assert columns_of(rows, "kb", "baseline_kb") == [("KB5094126", "KB5094126")] * 2
    rows = ask(own, "what_is_its_baseline", build_or_kb="KB5070881")
    assert columns_of(rows, "product", "kb", "baseline_kb") == [("win11-24h2", "KB5070881", None), ("ws2025", "KB5070881", None)]


def test_next_restart_is_that_of_the_command(own: Datasette, seeded: Path):
    rows = ask(own, "when_is_the_next_restart")
    with closing(open_for_reading(seeded)) as conn:
        expected = restarts.next_restarts(conn, clock.today())
    same = ("product", "month", "date", "is_unplanned", "build", "data_until", "is_outdated")
    assert columns_of(rows, *same) == sorted(columns_of(expected, *same), key=lambda row: (row[2], row[0]))
    assert [row["basis"] == "released" for row in rows] == [
        not row["is_expected"] for row in sorted(expected, key=lambda r: (r["date"], r["product"]))
    ]
    assert columns_of(ask(own, "when_is_the_next_restart", product="Windows Server 2025"), "product") == [("ws2025",)]
    assert ask(own, "when_is_the_next_restart", product="ws2019") == []


@pytest.mark.parametrize(
    ("month", "date", "data_until", "basis", "is_outdated"),
    [
        ("2026-10", "2026-10-13", "2999-01-01", "planned", 0),
        ("2026-10", "2026-10-13", "2026-07-14", "planned", 1),
    ],
)
def test_next_restart_says_what_it_rests_on(seeded: Path, month: str, date: str, data_until: str, basis: str, is_outdated: int):
    # The view answers for today; in its place stands a table with what it said on a day.
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.execute("attach ? as facts", (str(seeded),))
        conn.execute(
            "create temp table next_restarts as select 'ws2025' product, ? month, ? date, 1 is_expected, 0 is_unplanned, null kb, null build",
            (month, date),
        )
        conn.execute("create temp table data_until as select 'ws2025' product, 'hotpatch' line, ? data_until", (data_until,))
        rows = conn.execute(QUERIES["when_is_the_next_restart"]["sql"], {"product": ""}).fetchall()
    assert rows == [("ws2025", month, date, basis, 0, None, None, data_until, is_outdated)]


def test_what_changed_since_a_day(own: Datasette):
    rows = ask(own, "what_changed", since="2026-07-22")
    assert {
        "changed_at": "2026-07-22T12:00:00Z",
        "subject": "calendar/win11-24h2/2026-06",
        "field": "expected_type",
        "old_value": "hotpatch",
        "new_value": "baseline",
        "run": 1,
    } in rows
    assert [row["changed_at"] for row in rows] == sorted((row["changed_at"] for row in rows), reverse=True)
    assert ask(own, "what_changed", since="2999-01-01") == []


def test_disagreements_name_both_pages(own: Datasette):
    learn = "https://learn.microsoft.com/en-us/windows/release-health/windows11-release-information"
    support = (
        "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/"
        "release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2"
    )
    assert ask(own, "where_do_sources_disagree", fact="KB5046696") == [
        {
            "subject": "release/win11-24h2/5046696/26100.2240",
            "field": "release_date",
            "value_won": "2024-11-12",
            "value_lost": "2024-11-19",
            "rule": "precedence",
            "text_won": "2024-11-12",
            "text_lost": "November 19, 2024",
            "page_won": learn,
            "page_lost": support,
            "section_won": "Hotpatch calendar 2024: Windows 11, version 24H2",
            "section_lost": "Public Preview - Release notes for hotpatch on Windows 11, version 24H2 Enterprise clients",
            "correction": None,
        }
    ]
    rows = ask(own, "where_do_sources_disagree")
    assert ("release/ws-azure-preview/5003719/17784.1764", "17784.1764", "17784.1767", "slug") in columns_of(
        rows, "subject", "value_won", "value_lost", "rule"
    )


def test_a_fact_is_traced_to_its_pages(own: Datasette):
    rows = ask(own, "how_do_we_know", fact="calendar/ws2025/2026-06")
    assert {row["subject"] for row in rows} == {"calendar/ws2025/2026-06"}
    plan = next(row for row in rows if row["field"] == "planned_type")
    assert {name: value for name, value in plan.items() if name not in {"last_seen_at", "page_sha256"}} == {
        "subject": "calendar/ws2025/2026-06",
        "field": "planned_type",
        "value": "hotpatch",
        "as_published": "Hotpatch",
        "source": "Microsoft Learn: release information",
        "page_url": "https://learn.microsoft.com/en-us/windows/release-health/windows-server-release-info",
        "section": "Hotpatch calendar 2026: Windows Server 2025",
        "stated_since": "2026-05-13T02:11:00Z",
        "first_seen_at": "2026-05-25T12:00:00Z",
        "gone_at": None,
    }
    assert re.fullmatch("[0-9a-f]{64}", plan["page_sha256"])


@pytest.mark.parametrize("fact", ["KB5087423", "5087423", "26100.32772", " 10.0.26100.32772 "])
def test_a_fact_is_found_by_kb_and_build(own: Datasette, fact: str):
    subjects = {row["subject"] for row in ask(own, "how_do_we_know", fact=fact)}
    assert "release/ws2025/5087423/26100.32772" in subjects


def test_unplanned_baselines(own: Datasette):
    rows = ask(own, "which_baselines_were_unplanned")
    assert columns_of(rows, "month", "product", "kb", "planned_by", "changed_after", "changed_on") == [
        ("2026-06", "win11-24h2", "KB5094126", "calendar", "2026-05-27", "2026-07-22"),
        ("2026-06", "win11-25h2", "KB5094126", "calendar", "2026-05-27", "2026-07-22"),
        ("2026-06", "ws2022", "KB5094128", "calendar", "2026-05-25", "2026-07-23"),
        ("2026-06", "ws2025", "KB5094125", "calendar", "2026-05-25", "2026-07-23"),
        ("2024-08", "ws2022", "KB5041160", "footnote", None, None),
        ("2022-12", "ws2022", "KB5021249", "cadence", None, None),
        ("2022-08", "ws2022", "KB5016627", "cadence", None, None),
        ("2022-05", "ws2022", "KB5013944", "cadence", None, None),
    ]


@pytest.mark.parametrize("month", ["2026-06", " 2026.06"])
def test_plan_of_a_month_and_what_came_of_it(own: Datasette, month: str):
    rows = ask(own, "what_was_stated_of_this_month", month=month, product="ws2025")
    assert columns_of(rows, "type", "is_plan", "as_published", "known_from", "known_until") == [
        ("hotpatch", 1, "Hotpatch", "2026-05-13T02:11:00Z", None),
        ("baseline", 0, "June 9, 2026—Baseline", "2026-07-23T12:00:00Z", None),
    ]


# --- issues, CVEs, prices: not known is not none ------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["KB5094126", "5094126", " kb 5094126", "KB-5094126", "KB5100456"])
def test_issues_of_a_kb_in_any_spelling_and_by_its_article(crawled_site: Datasette, spelling: str):
    rows = ask(crawled_site, "which_issues_does_this_kb_have", kb=spelling)
    assert columns_of(rows, "kb", "product", "state", "title", "resolved_by_kb", "gone_since") == [
        ("KB5094126", product, *issue, None)
        for product in ("win11-24h2", "win11-25h2")
        for issue in (("open", "Unlabelled", None), ("resolved", "Recycle Bin shows another name", "KB5095093"))
    ]
    assert {(row["symptom"], row["workaround"]) for row in rows if row["state"] == "resolved"} == {
        ("The name is another.", "This issue is addressed in KB5095093.")
    }
    assert {row["article_url"] for row in rows} == {support_article.OLD}
    assert ask(crawled_site, "how_do_we_know", fact=rows[0]["subject"])


def test_an_issue_that_no_article_lists_any_more_says_since_when(crawled_file: Path, tmp_path: Path):
    path = Path(shutil.copy(crawled_file, tmp_path / "hotpatch.db"))
    with closing(schema.open_for_writing(path)) as conn:
        conn.execute("update known_issues set gone_since = '2026-07-25T12:00:00Z' where kb = 5101650 and state = 'open'")
    with opened(path, public=True) as ds:
        rows = ask(ds, "which_issues_does_this_kb_have", kb="5101650")
    assert columns_of(rows, "product", "state", "resolved_on", "gone_since") == [
        row
        for p in ("win11-24h2", "win11-25h2")
        for row in ((p, "resolved", "2026-07-18", None), (p, "open", None, "2026-07-25T12:00:00Z"))
    ]


@pytest.mark.parametrize(
    ("kb", "state", "note"),
    [
        ("KB5087423", "none", "the article says that no issue is known"),
        ("KB5082063", "unknown", "no article of this KB that was read says anything of issues"),
        ("KB9999999", "unknown", "no source names this KB"),
        ("KB1", "unknown", "a KB such as KB5087423 is expected"),
        ("9" * 5_000, "unknown", "a KB such as KB5087423 is expected"),
    ],
)
def test_a_kb_without_issues_says_whether_that_is_known(crawled_site: Datasette, own: Datasette, kb: str, state: str, note: str):
    assert columns_of(ask(crawled_site, "which_issues_does_this_kb_have", kb=kb), "state", "note", "title") == [(state, note, None)]
    # The seed holds no article: of the same KBs none is known to be without issues.
    assert columns_of(ask(own, "which_issues_does_this_kb_have", kb=kb), "state") == [("unknown",)]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"product": "ws2025", "month": "2025-12"}, [("ws2025", "KB5074204", "KB5072014", "KB5072033")]),
        ({"product": "windows server 2022", "month": " 2025.12"}, [("ws2022", "KB5074353", "KB5071413", "KB5071547")]),
        ({"kb": "kb 5071413"}, [("ws2022", "KB5074353", "KB5071413", "KB5071547")]),
        (
            {"kb": "KB5072014"},
            [(product, "KB5074204", "KB5072014", "KB5072033") for product in ("win11-24h2", "win11-25h2", "ws2025")],
        ),
    ],
)
def test_december_2025_leaves_a_cve_to_companions(crawled_site: Datasette, asked: dict[str, str], found: list[tuple[str, ...]]):
    """Case 31."""
    rows = ask(crawled_site, "what_does_this_hotpatch_leave_open", **asked)
    assert columns_of(rows, "product", "companion_kb", "hotpatch_kb", "lcu_kb") == found
    assert set(columns_of(rows, "status", "month", "cve", "severity", "hotpatch_cves", "lcu_cves", "revised_on")) == {
        ("open", "2025-12", "CVE-2025-54100", "Important", 2, 3, "2025-12-13")
    }
    assert {row["note"] for row in rows} == {f"closed where {found[0][1]} is installed as well"}
    for fact in ("CVE-2025-54100", rows[0]["subject"]):
        assert {row["source"] for row in ask(crawled_site, "how_do_we_know", fact=fact)} == {"MSRC security updates (CVRF)"}


@pytest.mark.parametrize(
    ("asked", "status", "note"),
    [
        ({"product": "ws2025", "month": "2025-11"}, "unknown", "MSRC's data of this month was not read"),
        ({"kb": "KB5087423"}, "unknown", "MSRC's data of this month was not read"),
        (
            {"product": "ws2025", "month": "2026-01"},
            "baseline",
            "a baseline is a cumulative update: there is nothing that it leaves to one",
        ),
        ({"kb": "KB5094125"}, "baseline", "a baseline is a cumulative update: there is nothing that it leaves to one"),
        ({"product": "ws2019", "month": "2025-12"}, "unknown", "no hotpatch of this product and month is known"),
        ({"product": "ws2025", "month": "2999-01"}, "unknown", "no hotpatch of this product and month is known"),
        ({"product": "ws2025", "month": "December"}, "unknown", "no hotpatch of this product and month is known"),
        ({"product": "Windows 3.1"}, "unknown", "no product has this name"),
        ({"kb": "KB5074204"}, "unknown", "this KB is no hotpatch"),
        (
            {"kb": "KB5072014", "product": "ws2022"},
            "unknown",
            "no hotpatch has this KB on this product and in this month, as far as is known",
        ),
        ({"kb": "KB9999999"}, "unknown", "no hotpatch has this KB on this product and in this month, as far as is known"),
        ({"kb": "'; drop table kbs"}, "unknown", "a KB such as KB5072014 is expected"),
    ],
)
def test_what_is_not_known_to_be_open_is_never_an_empty_answer(crawled_site: Datasette, asked: dict[str, str], status: str, note: str):
    rows = ask(crawled_site, "what_does_this_hotpatch_leave_open", **asked)
    assert columns_of(rows, "status", "note", "cve") == [(status, note, None)]


@pytest.mark.parametrize(
    ("change", "statuses", "note"),
    [
        ("delete from kb_cves where cve = 'CVE-2025-54100'", {"none"}, "the hotpatch fixes every CVE that the cumulative update fixes"),
        ("update security_months set is_complete = 0", {"open", "unknown"}, "MSRC's data of this month, as read, is an early one"),
        ("update security_months set is_complete = null", {"open", "unknown"}, "MSRC lists this month, its data was not read"),
        ("delete from security_months", {"open", "unknown"}, "MSRC's data of this month was not read"),
        ("delete from kb_cves where kb = 5072014", {"open", "unknown"}, "MSRC's data of this month does not list the hotpatch"),
        ("delete from kb_cves where kb in (5072014, 5074204)", {"unknown"}, "MSRC's data of this month does not list the hotpatch"),
        ("delete from kb_cves where kb = 5072033", {"unknown"}, "MSRC's data of this month does not list the cumulative update"),
        ("delete from kb_cves", {"unknown"}, "MSRC's data of this month does not list the cumulative update"),
        ("delete from kb_cves where kb = 5074204", {"open"}, "no update beside the hotpatch is known to fix it"),
    ],
)
def test_none_is_open_only_where_the_whole_month_is_known(crawled_file: Path, tmp_path: Path, change: str, statuses: set[str], note: str):
    path = Path(shutil.copy(crawled_file, tmp_path / "hotpatch.db"))
    with closing(schema.open_for_writing(path)) as conn:
        conn.execute(change)
    with opened(path, public=True) as ds:
        rows = ask(ds, "what_does_this_hotpatch_leave_open", product="ws2025", month="2025-12")
    assert {row["status"] for row in rows} == statuses
    assert note in " ".join(row["note"] for row in rows)


def test_without_msrcs_data_every_hotpatch_is_unknown(own: Datasette):
    rows = ask(own, "what_does_this_hotpatch_leave_open")
    assert {row["status"] for row in rows} == {"unknown"}
    assert len(rows) == len(get(own, "/hotpatch/cve_months.json", _shape="array", _size="max").json())


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-08-31", [("unknown", None, None, None, None)]),
        ("2025-06-30", [("stated", 0.0, 0.0, 0.0, 0)] * 2),
        ("2025-07-05", [("disputed", 1.5, 0.0, 24.0, 1)] * 3),
        ("2025-08-01", [("stated", 1.5, 24.0, 24.0, 0)] * 3),
        ("2026-05-17", [("disputed", 1.5, 0.0, 24.0, 1)] * 4),
        ("2026-06-01", [("stated", 0.0, 0.0, 0.0, 0)] * 2),
    ],
)
def test_what_sixteen_cores_cost_on_a_day(own: Datasette, day: str, expected: list[tuple[Any, ...]]):
    """Cases 37 to 39."""
    rows = ask(own, "what_did_hotpatching_cost", day=day, cores="16")
    assert columns_of(rows, "status", "amount_high", "cost_low", "cost_high", "is_disputed") == expected
    assert {(row["product"], row["meter"], row["day"], row["cores"]) for row in rows} == {("ws2025", "Azure Arc-enabled server", day, 16)}
    assert all((row["source_url"] or "").startswith("https://") is (row["status"] != "unknown") for row in rows)


@pytest.mark.parametrize(
    ("asked", "note"),
    [
        ({"product": "win11-25h2"}, "no source states a price of this meter for this day"),
        ({"meter": "Azure moon base"}, "no source states a price of this meter for this day"),
        ({"product": "Windows 3.1"}, "no product has this name"),
        ({"day": "2025-02-30"}, "day: one such as 2025-08-01 is expected"),
        ({"day": "now"}, "day: one such as 2025-08-01 is expected"),
    ],
)
def test_what_has_no_price_is_unknown_and_not_free(own: Datasette, asked: dict[str, str], note: str):
    rows = ask(own, "what_did_hotpatching_cost", **asked)
    assert columns_of(rows, "status", "note", "amount_low", "cost_low", "cost_high", "source_url") == [
        ("unknown", note, None, None, None, None)
    ]


def test_a_price_without_any_day_and_cores_that_are_no_number_cost_nothing_known(own: Datasette):
    rows = ask(own, "what_did_hotpatching_cost", meter="azure local vm", cores="8")
    assert columns_of(rows, "status", "amount_low", "cost_low") == [("undated", 0.0, None)]
    for cores in ("-1", "1e9", "x", "1.5", "9" * 5_000):
        rows = ask(own, "what_did_hotpatching_cost", day="2025-08-01", cores=cores)
        assert set(columns_of(rows, "amount_low", "cost_low", "note")) == {(1.5, None, "cores: a whole number is expected")}
    rows = ask(own, "what_did_hotpatching_cost", day="2025-08-01")
    assert set(columns_of(rows, "cores", "cost_high")) == {(1, 1.5)}


def test_query_and_price_intervals_agree_on_every_day_on_which_a_price_changes(seeded: Path):
    # The query reads prices by their index; the view is the whole history, which is too much for each answer.
    with closing(open_for_reading(seeded)) as conn:
        intervals = conn.execute("select * from price_intervals where service = 'Hotpatch'").fetchall()
        days = {row[end] for row in intervals for end in ("valid_from", "valid_to") if row[end]} | {"2020-01-01", "2999-12-31"}
        for product, meter, day in sorted({(row["product"], row["meter"], day) for row in intervals for day in days}):
            stated = {
                (row["amount_low"], row["amount_high"], row["is_disputed"])
                for row in intervals
                if (row["product"], row["meter"]) == (product, meter)
                and (row["valid_from"] or "") <= day < (row["valid_to"] or "9999-12-31")
            }
            asked = {"product": product, "day": day, "cores": "", "meter": meter}
            found = conn.execute(QUERIES["what_did_hotpatching_cost"]["sql"], asked).fetchall()
            assert {(r["amount_low"], r["amount_high"], r["is_disputed"]) for r in found if r["status"] != "unknown"} == stated, asked
            assert found


@pytest.mark.fault("a hundred thousand CVEs")
def test_a_hundred_thousand_fixes_are_no_burden(crawled_file: Path, tmp_path: Path):
    """The database has 100,000 fixes; pages and queries answer in time."""
    path = Path(shutil.copy(crawled_file, tmp_path / "hotpatch.db"))
    names = ["which_issues_does_this_kb_have", "what_does_this_hotpatch_leave_open", "what_did_hotpatching_cost"]
    with closing(schema.open_for_writing(path)) as conn, schema.transaction(conn):
        conn.execute("insert or ignore into subjects values ('cve/made up', 'cve'), ('msrc/made up', 'msrc')")
        conn.execute(
            """with recursive n (i) as (select 0 union all select i + 1 from n where i < 220)
            insert or ignore into kb_cves
            select r.kb, r.product, printf('CVE-%s-%05d', substr(r.month, 1, 4), 1000 * substr(r.month, 6) + i), 'Important', r.build,
                case r.classification when 'hotpatch' then 'hotpatch' else 'security' end, null, r.month, 'cve/made up'
            from releases as r join n on r.classification <> 'hotpatch' or i > 2
            where r.kb is not null and r.cadence = 'B'"""
        )
        conn.execute("insert into security_months values ('2025-11', '2025-11-11', '2025-11-12', 1, 'msrc/made up')")
        assert conn.execute("select count(*) > 100000 from kb_cves").fetchone() == (1,)
        for name in names:
            asked = dict.fromkeys(QUERIES[name]["params"], "")
            plan = " / ".join(row[3] for row in conn.execute(f"explain query plan {QUERIES[name]['sql']}", asked))
            assert not re.search(r"SCAN (kb_cves|fixed|own|known_issues|prices)\b", plan), name
            assert re.search(r"SEARCH (fixed|i|p) USING", plan), name
    with opened(path, public=True) as ds:
        for name in ("kb_cves", "cve_gaps", "cve_months", "known_issues"):
            page, data = get_all(ds, [f"/hotpatch/{name}", f"/hotpatch/{name}.json?_shape=objects&_size=max"])
            assert (page.status_code, data.status_code) == (200, 200), name
            assert "facets-timed-out" not in page.text, name
        for name in names:
            for parameters in ({}, SAMPLES[name]):
                response = get(ds, f"/hotpatch/{name}.json", _shape="objects", **parameters)
                assert response.status_code == 200, response.text
                assert response.json()["truncated"] is False
        rows = ask(ds, "what_does_this_hotpatch_leave_open", product="ws2025", month="2025-11")
        assert columns_of(rows, "status", "cve")[0] == ("open", "CVE-2025-11000")


# --- harm ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "select zeroblob(1000000000)",
        "select hex(randomblob(3e8))",
        "select hex(randomblob(300000000))",
        "select group_concat(a.value_text || b.value_text) from claims a, claims b",
        "select 1 where printf('%.*c', 400000, 'a') like '%' || printf('%.*c', 40000, 'a') || 'b'",
        f"select {'+'.join('1' * 5_000)}",
        " union all ".join(["select 1"] * 400),
        "with recursive endless(n) as (select 1 union all select n + 1 from endless) select count(*) from endless",
        "attach '/tmp/other.db' as other",
        "delete from kbs",
        "insert into kbs (kb, subject) values (1, 'kb/1') returning kb",
        "with t as (select 1) delete from kbs",
        "vacuum into '/tmp/other.db'",
        "pragma query_only = off",
        "select load_extension('x')",
    ],
)
@pytest.mark.fault("SQL of a visitor that never ends")
def test_sql_of_a_visitor_is_bounded(own: Datasette, sql: str):
    """Queries that would take minutes are asked; stopped at the limit with 400."""
    started = time.monotonic()
    response = get(own, "/hotpatch.json", sql=sql)
    assert response.status_code == 400
    assert time.monotonic() - started < 15  # the time limit is 1 s, the rest a slow machine; without it each takes minutes


@pytest.mark.fault("functions of SQL that outlast the limit")
def test_no_function_outlasts_the_time_limit(own: Datasette):
    # SQLite does not look at the clock within a function, and instr() takes time by the square of what it is given.
    """instr() is given texts as large as a value may be; an answer or an error within seconds."""
    started = time.monotonic()
    sql = "select instr(printf('%.*c', 490000, 'a'), printf('%.*c', 245000, 'a') || 'b')"
    assert get(own, "/hotpatch.json", sql=sql).status_code in {200, 400}
    assert time.monotonic() - started < 10  # without limits it is 20 s and more; a busy machine has taken 4.3


@pytest.mark.fault("code of the site that would write")
def test_not_even_a_writing_query_could_write(own: Datasette):
    """The site itself is made to write; SQLite refuses, nothing is written."""

    async def write() -> None:
        await own.get_database("hotpatch").execute_write("delete from changes")

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        asyncio.run(write())


def test_visitors_may_query_their_own_site(own: Datasette):
    assert get(own, "/hotpatch.json", sql="select count(*) > 100 as n from releases", _shape="array").json() == [{"n": 1}]
    assert get(own, "/hotpatch/releases.csv", _stream="1").text.count("\n") > 800
    assert get(own, "/hotpatch/releases.json", _where="kb = 5087423", _shape="array").json()[0]["product"] == "ws2025"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/hotpatch?sql=select+1", 403),
        ("/hotpatch.json?sql=select+1", 403),
        ("/hotpatch.csv?sql=select+1", 403),
        ("/hotpatch/kbs?_where=1%3D1", 403),
        ("/hotpatch/kbs.json?_where=1%3D1", 403),
        ("/hotpatch.db", 403),
        ("/hotpatch/kbs.csv?_stream=1", 400),
        ("/hotpatch/what_is_this_kb.csv?kb=5087423&_stream=1", 400),
        ("/hotpatch/what_is_this_kb?kb=5087423&sql=select+1", 200),  # the parameter is ignored
        ("/_memory?sql=select+1", 404),
        ("/_internal", 403),
        ("/hotpatch/kbs?_search=hotpatch", 200),
        ("/hotpatch/kbs.csv", 200),
        ("/hotpatch/releases?_facet=month&product=ws2025&build__contains=26100", 200),
    ],
)
@pytest.mark.fault("a visitor who wants SQL or the file")
def test_a_public_site_is_closed_where_it_should_be(public: Datasette, path: str, status: int):
    """SQL, downloads and writes are asked of a published site; each is refused."""
    response = get(public, path)
    assert response.status_code == status
    if "sql=" in path and status == 200:
        assert "KB5087423" in response.text
    assert 'name="sql"' not in response.text
    assert "Edit SQL" not in response.text


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.links |= {values[name] or "" for name in ("href", "src", "action") if name in values}
        self.handlers += [name for name in values if name.startswith("on")]
        # A browser runs no data.
        self._in_script = tag == "script" and "src" not in values and values.get("type") != "application/ld+json"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data


def _parsed(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    return page


def _links(html: str) -> set[str]:
    return _parsed(html).links


PAGES = [
    "/",
    "/hotpatch",
    "/hotpatch?sql=select+1",
    "/hotpatch/releases",
    "/hotpatch/builds",
    "/hotpatch/kbs/5087423",
    "/hotpatch/subjects/kb~2F5087423",
    "/hotpatch/what_is_this_build?build=26100.6905&_show_sql=1",
    "/-/metadata",
    "/nowhere",
]


@pytest.mark.parametrize("is_public", [False, True])
def test_datasettes_own_scripts_run_and_no_others(own: Datasette, public: Datasette, is_public: bool):
    ds = public if is_public else own
    for path, response in zip(PAGES, get_all(ds, PAGES), strict=True):
        policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert "unsafe-inline" not in policy["script-src"]
        page = _parsed(response.text)
        hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in page.scripts}
        assert hashes <= set(policy["script-src"].split()), path
        assert page.handlers == [], path


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/hotpatch/kbs.json",
        "/hotpatch/kbs.csv",
        "/-/static/app.css",
        "/nowhere",
        "/hotpatch.db",
        "/hotpatch?sql=delete+from+kbs",
        "/favicon.ico",
    ],
)
def test_headers_are_on_every_answer(public: Datasette, path: str):
    headers = get(public, path).headers
    assert {name: headers.get_list(name) for name in ("x-content-type-options", "x-frame-options", "referrer-policy")} == {
        "x-content-type-options": ["nosniff"],
        "x-frame-options": ["DENY"],
        "referrer-policy": ["no-referrer"],
    }
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_links_lead_to_the_site_or_to_the_web(own: Datasette):
    paths = [*PAGES, *(f"/hotpatch/{name}" for name in [*TABLES, *VIEWS]), *(f"/hotpatch/{n}?{urlencode(p)}" for n, p in SAMPLES.items())]
    for path, response in zip(paths, get_all(own, paths), strict=True):
        assert {link for link in _links(response.text) if not re.match(r"https?://|/(?!/)|#|\?", link)} == set(), path


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><b>May"


@pytest.mark.fault("markup in the titles of a page")
def test_markup_of_a_page_is_shown_and_not_obeyed(copy: Path):
    """Titles hold scripts and links; shown as text."""
    with closing(schema.open_for_writing(copy)) as conn, schema.transaction(conn):
        conn.execute("update kbs set title = ?, article_url = 'javascript:alert(3)' where kb = 5087423", (HOSTILE,))
        conn.execute(
            "update claims set value_text = ?, section = ?, page_url = 'data:text/html,x' where subject like 'release/ws2025/5087423/%'",
            (HOSTILE, HOSTILE),
        )
        conn.execute("update sources set title = ?", (HOSTILE,))
        conn.execute("update products set name = ? where product = 'ws2025'", (HOSTILE,))
    paths = [
        "/hotpatch/kbs?kb=5087423",
        "/hotpatch/kbs/5087423",
        "/hotpatch/claims?subject__startswith=release/ws2025/5087423/",
        "/hotpatch/releases?_facet=product&kb=5087423",
        "/hotpatch/what_is_this_kb?kb=5087423",
        "/hotpatch/how_do_we_know?fact=KB5087423",
        "/hotpatch/claims?_facet=source",
        f"/hotpatch/what_is_this_build?{urlencode({'build': HOSTILE, 'product': HOSTILE})}",
        f"/hotpatch/kbs?{urlencode({'_search': HOSTILE})}",
    ]
    with opened(copy, public=False) as ds:
        for path, response in zip(paths, get_all(ds, paths), strict=True):
            page = _parsed(response.text)
            assert not [script for script in page.scripts if "alert" in script], path
            assert page.handlers == [], path
            assert {link for link in page.links if not re.match(r"https?://|/(?!/)|#|\?", link)} == set(), path
            assert "<b>May" not in response.text, path
            assert "&lt;b&gt;May" in response.text, path
        assert get(ds, "/hotpatch/kbs/5087423.json").headers["content-type"].startswith("application/json")


@pytest.mark.fault("markup in articles and security data")
def test_markup_of_articles_and_of_msrc_is_text_too(crawled_file: Path, tmp_path: Path):
    """Symptoms and CVEs hold scripts; shown as text."""
    path = Path(shutil.copy(crawled_file, tmp_path / "hotpatch.db"))
    with closing(schema.open_for_writing(path)) as conn, schema.transaction(conn):
        conn.execute(
            "update known_issues set title = :t, symptom = :t, workaround = :t, issue = :t, state = :t, article_url = 'javascript:alert(3)'",
            {"t": HOSTILE},
        )
        conn.execute(
            "update articles set title = :t, requires_build = :t, ssu_build = :t, applies_to = :t, expired_on = :t where kb = 5087423",
            {"t": HOSTILE},
        )
        conn.execute("update articles set url = 'javascript:alert(4)' where url = ?", (support_article.HOTPATCH,))
        conn.execute("update kbs set article_url = 'data:text/html,x', published_at = :t, updated_at = :t", {"t": HOSTILE})
        conn.execute("update kb_channels set note = :t", {"t": HOSTILE})
        conn.execute("update article_changes set description = :t, url = 'javascript:alert(5)'", {"t": HOSTILE})
        conn.execute("update kb_cves set severity = :t, subtype = :t, fixed_build = :t", {"t": HOSTILE})
        conn.execute("update security_months set revised_on = :t, released_on = :t", {"t": HOSTILE})
        conn.execute("update prices set note = :t, trust = :t, source_url = 'javascript:alert(6)'", {"t": HOSTILE})
        (issue,) = conn.execute("select known_issue from known_issues limit 1").fetchone()
    paths = [
        "/hotpatch/known_issues",
        "/hotpatch/known_issues?_facet=state",
        f"/hotpatch/known_issues/{issue}",
        "/hotpatch/articles?kb=5087423",
        "/hotpatch/kb_channels",
        "/hotpatch/article_changes",
        "/hotpatch/kb_cves?_facet=severity",
        "/hotpatch/security_months",
        "/hotpatch/cve_gaps",
        "/hotpatch/cve_months?month=2025-12",
        "/hotpatch/kbs/5101650",
        "/hotpatch/which_issues_does_this_kb_have?kb=5101650",
        "/hotpatch/what_does_this_hotpatch_leave_open?kb=5072014",
        "/hotpatch/what_did_hotpatching_cost?day=2025-08-01",
        *(f"/hotpatch/{n}?{urlencode(dict.fromkeys(SAMPLES[n], HOSTILE))}" for n in list(SAMPLES)[-3:]),
    ]
    with opened(path, public=True) as ds:
        for address, response in zip(paths, get_all(ds, paths), strict=True):
            page = _parsed(response.text)
            assert response.status_code == 200, address
            assert not [script for script in page.scripts if "alert" in script], address
            assert page.handlers == [], address
            assert {link for link in page.links if not re.match(r"https?://|/(?!/)|#|\?", link)} == set(), address
            assert "<b>May" not in response.text, address
            assert "&lt;b&gt;May" in response.text, address
        assert "javascript:alert(3)" in get(ds, "/hotpatch/known_issues").text, "as text"


def test_addresses_of_articles_are_links(crawled_site: Datasette):
    assert support_article.OLD in _links(get(crawled_site, "/hotpatch/known_issues").text)
    assert support_article.OLD in _links(get(crawled_site, "/hotpatch/which_issues_does_this_kb_have", kb="KB5100456").text)
    assert support_article.LCU in _links(get(crawled_site, "/hotpatch/article_changes").text)


# --- a database that changes --------------------------------------------------------------------------------------------


@pytest.mark.fault("a crawl beside a running site")
def test_a_running_site_sees_what_is_committed_and_never_half_of_it(copy: Path):
    """A run writes while the site is asked; never half of it is seen."""

    def seen(ds: Datasette) -> tuple[Any, ...]:
        # Each request may be answered by another of the three connections.
        rows = [get(ds, "/hotpatch/kbs/5087423.json", _shape="array").json()[0]["title"] for _ in range(4)]
        rows += [ask(ds, "what_is_this_kb", kb="5087423")[0]["title"]]
        rows += [len(get(ds, "/hotpatch/changes.json", _shape="array", field="made up").json())]
        return tuple(rows)

    with opened(copy, public=True) as ds:
        before = seen(ds)
        assert before == ("May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)",) * 5 + (0,)
        with closing(schema.open_for_writing(copy)) as conn:
            conn.execute("begin immediate")
            conn.execute("update kbs set title = 'changed' where kb = 5087423")
            assert seen(ds) == before
            conn.execute("insert into changes values (1, '2999-01-01T00:00:00Z', 'kb/5087423', 'made up', 'a', 'b')")
            assert seen(ds) == before
            conn.execute("commit")
            assert seen(ds) == ("changed",) * 5 + (1,)
            conn.execute("begin immediate")
            conn.execute("delete from changes")
            conn.execute("rollback")
            assert seen(ds) == ("changed",) * 5 + (1,)
            # Views may be made anew by a later version while the site runs.
            conn.execute("begin immediate")
            conn.execute("drop view builds")
            conn.execute("create view builds as select 'ws2025' as product, 'new' as build")
            conn.execute("commit")
        assert get(ds, "/hotpatch/builds.json", _shape="array").json() == [{"product": "ws2025", "build": "new"}]


# --- without the command ------------------------------------------------------------------------------------------------


def test_datasette_by_hand(copy: Path):
    folder = site.FOLDER
    command = [sys.executable, "-m", "datasette", str(copy), "-m", str(folder / "metadata.yaml"), "--plugins-dir", str(folder / "plugins")]
    done = subprocess.run(
        [*command, "--get", "/hotpatch/what_is_this_kb.json?kb=5100456&_shape=array"], capture_output=True, check=True, encoding="utf-8"
    )
    assert {row["kb"] for row in json.loads(done.stdout)} == {"KB5094126"}


def test_datasette_is_imported_only_where_it_is_used():
    program = "import sys, db.site; print(sorted({'datasette', 'yaml', 'jinja2'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, encoding="utf-8").stdout == "[]\n"


def test_every_plugin_is_loaded(own: Datasette):
    named = {
        "api.py", "caching.py", "costs.py", "descriptions.py", "errors.py", "feeds.py", "fleets.py", "guard.py", "headers.py", "language.py", "limits.py", "metrics.py", "pages.py", "tables.py",
    }  # fmt: skip
    assert {path.name for path in (site.FOLDER / "plugins").glob("*.py")} == named
    assert named <= {plugin["name"] for plugin in get(own, "/-/plugins.json").json()}


def test_a_page_of_releases_has_the_day_the_kb_and_the_build_first(seeded: Path) -> None:
    """Its files keep the order of the schema."""
    with opened(seeded, public=True) as ds:
        page = get(ds, "/hotpatch/releases?_nocol=kb&_size=1").text
        shown = re.findall(r'<td class="col-([a-z_]+)', page)
        assert shown[:6] == ["classification", "release_date", "build", "product", "build_number", "revision"]
        assert re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?([a-z_]+)', page)[:5] == ["release", *shown[:4]]
        assert get(ds, "/hotpatch/releases.csv?_size=1").text.split(",")[:5] == ["release", "product", "kb", "build", "build_number"]
