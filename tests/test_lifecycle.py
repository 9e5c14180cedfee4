"""When support ends, by product and edition: what is believed, and what follows for machines, restarts and lookups."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers import render
from helpers.dumps import query
from rendered import learn_lifecycle

from hotpatch_kb.db.answers.eligibility import has_no_hotpatches
from hotpatch_kb.db.answers.lookup import find
from hotpatch_kb.db.answers.product_facts import Facts
from hotpatch_kb.db.answers.restarts import next_restart, restart_of_standard_line
from hotpatch_kb.db.answers.verdicts import verdicts
from hotpatch_kb.db.claims.plausibility import odd_rows
from hotpatch_kb.db.facts import write
from hotpatch_kb.db.fleet.judge import Judge
from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.clock import day_after
from hotpatch_kb.db.model.editions import edition_in, machine_of
from hotpatch_kb.db.store import schema
from hotpatch_kb.db.store.connections import open_seed_database
from hotpatch_kb.scraper.sources import registry

# Products that have releases and no end of support in any source.
WITHOUT_AN_END = {"ws-azure-preview"}  # the public preview of 2021 has no lifecycle
READ_AT = "2026-07-23T12:00:00Z"


def _ends(db: Path, product: str) -> dict[tuple[str, str], str]:
    return {
        (group, kind): end
        for group, kind, end in query(db, "select edition_group, kind, end_date from lifecycles where product = ?", product)
    }


@pytest.fixture
def with_lifecycle(run: Command, crawled: Path, tmp_path: Path) -> Path:
    """A database of the rendered site of July 2026, with Learn's lifecycle pages read after it."""
    tree = tmp_path / "lifecycle"
    for url, body in learn_lifecycle.FIRST.items():
        render.save_tree(tree, url, str(body), fetched_at="2026-07-23T13:00:00Z", suffix=".html")
    for page in learn_lifecycle.pages():
        if page.name in {"annual-channel.html", "ltsb-2016.html"}:
            render.save_tree(tree, page.url, str(page.body), fetched_at="2026-07-23T13:00:00Z", suffix=".html")
    db = tmp_path / "with.db"
    with closing(sqlite3.connect(crawled / "x.db")) as source, closing(sqlite3.connect(db)) as target:
        source.backup(target)
    assert run("crawl", "--db", db, "--from", tree).code == 0
    return db


# --- what is believed ---------------------------------------------------------------------------------------------------


def test_every_product_with_releases_has_an_end_of_support(crawled: Path, seeded: Path) -> None:
    for db in (crawled / "x.db", seeded):
        without = query(
            db,
            """select distinct product from releases where product not in
            (select product from lifecycles where kind in ('extended', 'end_of_servicing'))""",
        )
        assert {product for (product,) in without} == WITHOUT_AN_END
        # Each row names its source, and dates are days, or a month where only that is stated.
        assert query(db, "select count(*) from lifecycles where source_url not like 'https://%' or trust = ''") == [(0,)]
        odd = query(db, "select product, end_date from lifecycles where end_date not glob '20[0-9][0-9]-[01][0-9]-[0-3][0-9]'")
        assert odd == [("ws2022", "2027-10")]


def test_products_repeat_the_ends_that_their_columns_stand_for(crawled: Path) -> None:
    rows = query(
        crawled / "x.db",
        "select product, family, mainstream_end_date, extended_end_date, hotpatch_end_date from products order by product",
    )
    for product, family, *ends in rows:
        stated = _ends(crawled / "x.db", product)
        if product == "ws-23h2":
            names = [("annual_channel", "mainstream"), ("annual_channel", "end_of_servicing"), ("annual_channel", "hotpatch_end")]
        elif family == "server":
            names = [("server", "mainstream"), ("server", "extended"), ("server_azure_edition", "hotpatch_end")]
        else:
            names = [
                ("home_pro", "end_of_servicing"),
                ("enterprise_education", "end_of_servicing"),
                ("enterprise_education", "hotpatch_end"),
            ]
        if product in {"win10-1607", "win10-1809"}:  # monthly releases after the end of Enterprise go on for LTSC
            names[1] = ("ltsc", "extended")
        assert ends == [stated.get(name) for name in names], product


def test_ends_by_edition(crawled: Path) -> None:
    """Case 45: "2032-01-13 (IoT Enterprise only)" is of IoT Enterprise LTSC; "2021 (21H2)" is no version 2021."""
    assert _ends(crawled / "x.db", "win10-21h2") == {
        ("home_pro", "end_of_servicing"): "2023-06-13",
        ("enterprise_education", "end_of_servicing"): "2024-06-11",
        ("ltsc", "mainstream"): "2027-01-12",
        ("ltsc", "end_of_servicing"): "2027-01-12",
        ("iot_ltsc", "mainstream"): "2027-01-12",
        ("iot_ltsc", "extended"): "2032-01-13",
    }
    assert _ends(crawled / "x.db", "win10-22h2") == {
        ("home_pro", "end_of_servicing"): "2025-10-14",
        ("enterprise_education", "end_of_servicing"): "2025-10-14",
        ("home_pro", "esu_year_1"): "2026-10-13",
        ("home_pro", "esu_year_2"): "2027-10-12",
        ("enterprise_education", "esu_year_3"): "2028-10-10",
    }
    # LTSC 2024 has no extended support, says a sentence below the table; 26H1 has no edition IoT Enterprise.
    assert ("ltsc", "extended") not in _ends(crawled / "x.db", "win11-24h2")
    assert query(crawled / "x.db", "select product from products where product in ('win10-2021', 'win10-2019', 'win10-2016')") == []


def test_disagreements_are_conflicts(crawled: Path) -> None:
    rows = query(
        crawled / "x.db", "select subject, value_won, value_lost, rule from conflicts where subject like 'lifecycle/%' order by subject"
    )
    assert rows == [
        ("lifecycle/win11-26h2/home_pro/end_of_servicing", "2028-10-10", "2028-10-09", "later_page"),
        ("lifecycle/ws-23h2/annual_channel/end_of_servicing", "2026-05-12", "2025-10-24", "later_page"),
        ("lifecycle/ws2022/server_azure_edition/hotpatch_end", "2027-10", "2026-10-13", "later_page"),
        ("lifecycle/ws2025/server/extended", "2034-11-14", "2034-10-10", "later_page"),
        ("lifecycle/ws2025/server/mainstream", "2029-11-13", "2029-10-09", "later_page"),
    ]


def test_lifecycle_pages_are_believed_before_the_table_of_the_package(with_lifecycle: Path) -> None:
    """All but an end of the annual channel that its own releases disprove."""
    assert query(
        with_lifecycle, "select trust, source_url from lifecycles where product = 'win10-1607' and edition_group = 'home_pro'"
    ) == [("page of Microsoft", "https://learn.microsoft.com/en-us/lifecycle/products/windows-10-home-and-pro")]
    assert _ends(with_lifecycle, "win10-1607")["ltsc", "mainstream"] == "2021-10-12"
    assert _ends(with_lifecycle, "ws-23h2") == {("annual_channel", "end_of_servicing"): "2026-05-12"}
    rows = query(with_lifecycle, "select value_lost, rule from conflicts where subject like 'lifecycle/ws-23h2/%' order by rule")
    assert rows == [("2025-10-24", "later_page"), ("2025-10-24", "sanity")]


def test_a_page_that_no_longer_states_an_end_loses_nothing(run: Command, with_lifecycle: Path, tmp_path: Path) -> None:
    """A changed date is a change that names both; one that is not there any more stays believed."""
    url, tree = f"{learn_lifecycle.BASE}windows-server-2025", tmp_path / "later"
    later = learn_lifecycle.server("2025").replace("2034-11-14T22", "2035-11-13T22")
    render.save_tree(tree, url, later, fetched_at="2026-07-24T12:00:00Z", suffix=".html")
    assert run("crawl", "--db", with_lifecycle, "--from", tree).code == 0
    assert _ends(with_lifecycle, "ws2025")["server", "extended"] == "2035-11-13"
    changes = query(with_lifecycle, "select subject, field, old_value, new_value from changes where changed_at > '2026-07-24'")
    assert ("lifecycle/ws2025/server/extended", "end_date", "2034-11-14", "2035-11-13") in changes
    render.save_tree(tree, url, later.replace("2029-11-13T22:59:59.999-08:00", "soon"), fetched_at="2026-07-25T12:00:00Z", suffix=".html")
    assert run("crawl", "--db", with_lifecycle, "--from", tree).code == 0
    assert _ends(with_lifecycle, "ws2025")["server", "mainstream"] == "2029-11-13"
    assert query(
        with_lifecycle, "select product, may_be_release, text from quarantine where source = 'learn_lifecycle' and text like '%soon'"
    ) == [("ws2025", 0, "Windows Server 2025: soon")]


def test_an_end_that_is_no_second_tuesday_is_told() -> None:
    url = f"{learn_lifecycle.BASE}windows-server-2025"
    said = "expected support of ws2025 (server) to end on a second Tuesday, got 2034-11-24 (extended)"
    body = learn_lifecycle.server("2025")
    for changed, notes in ((body, []), (body.replace("2034-11-14T22", "2034-11-24T22"), [said])):
        page = Page("learn_lifecycle", url, url, url, READ_AT, 200, changed.encode())
        assert [odd.note for odd in odd_rows(list(registry()["learn_lifecycle"].parse(page)))] == notes


def test_further_pages_are_followed_and_need_not_be_there() -> None:
    """Those that a page links to, but not its former addresses; one that is saved is known by its own address."""
    source, home = registry()["learn_lifecycle"], learn_lifecycle.BASE
    pages = {page.url: page for page in learn_lifecycle.pages() if not page.name.startswith(("refused", "quarantined"))}
    followed = {}
    for url, rendered in pages.items():
        page = Page("learn_lifecycle", url, url, url, READ_AT, 200, rendered.bytes())
        followed[url.removeprefix(home)] = [spec.page_url.removeprefix(home) for spec in source.follow(page)]
    assert followed["windows-server-2022"] == ["windows-server-annual-channel"]
    assert followed["windows-11-home-and-pro"] == ["windows-11-iot-enterprise"]
    assert len(followed["windows-10-enterprise-and-education"]) == 7
    assert source.page_at(f"{home}windows-11-enterprise-ltsc-2024") is not None
    for other in (
        f"{home}windows-11-home-and-pro-version-21h2",
        f"{home}sql-server-2022",
        home,
        "https://learn.microsoft.com/en-us/windows",
    ):
        assert source.page_at(other) is None


@pytest.mark.parametrize("tree", ["pages-more", "pages-more-2026-05"])
def test_windows_10_as_it_was_recorded(tree: str, run: Command, shared: Path, tmp_path: Path) -> None:
    """Every version of Windows 10 has releases and an end; phones have none (case 50); each end that a page states is believed."""
    run("crawl", "--db", "x.db", "--from", shared / tree)
    db = tmp_path / "x.db"
    versions = {"1507", "1511", "1607", "1703", "1709", "1803", "1809", "1903", "1909", "2004", "20h2", "21h1", "21h2", "22h2"}
    assert {product for (product,) in query(db, "select distinct product from releases where product like 'win10-%'")} == {
        f"win10-{version}" for version in versions
    }
    assert query(db, "select count(*) from releases where build like '15254.%'") == [(0,)]
    assert query(db, "select distinct may_be_release from quarantine where text like '%15254.%'") in ([(0,)], [])
    assert _ends(db, "win10-21h2")["iot_ltsc", "extended"] == "2032-01-13"
    if tree == "pages-more":
        assert query(db, "select count(*) from claims where source = 'learn_lifecycle' and field = 'end_date'") == [(48,)]


# --- what others report -------------------------------------------------------------------------------------------------


def test_a_reported_release_goes_when_a_page_lists_it(crawled: Path, tmp_path: Path) -> None:
    """By its KB, or without one by its build; what no page lists stays, with who says it."""
    db = tmp_path / "reported.db"
    with closing(sqlite3.connect(crawled / "x.db")) as source, closing(sqlite3.connect(db)) as target:
        source.backup(target)
        page = target.execute("select page from pages where source = 'facts_lifecycle' limit 1").fetchone()[0]
        for kb, build in (("5199999", "26100.33999"), ("5099536", "26100.33158"), ("-", "26100.33159"), ("-", "26100.32772")):
            subject = f"reported/ws2025/{kb}/{build}"
            target.execute("insert into subjects (subject, kind) values (?, 'reported')", (subject,))
            for field, value in (
                ("classification", "cumulative"), ("release_date", "2026-08-11"), ("in_standard_line", "1"), ("read_on", "2026-11-22"),
            ):  # fmt: skip
                target.execute(
                    """insert into claims (source, page_url, section, subject, field, value, value_text, first_seen_at, last_seen_at, page)
                    values ('facts_lifecycle', 'db/seed/facts/reported.tsv', 'a public copy', ?, ?, ?, ?, '2026-11-22T00:00:00Z',
                    '2026-11-22T00:00:00Z', ?)""",
                    (subject, field, value, value, page),
                )
        target.commit()
    with closing(schema.open_for_writing(db)) as conn, schema.transaction(conn):
        write.publish(conn, "")
    assert query(db, "select kb from releases where product = 'ws2025' and build = '26100.33158'") == [(5099536,)]
    columns = "kb, build, build_number, revision, in_hotpatch_line, in_standard_line, source_url, read_on"
    assert query(db, f"select {columns} from reported where source_url = 'a public copy' order by build") == [
        (None, "26100.33159", 26100, 33159, 0, 1, "a public copy", "2026-11-22"),
        (5199999, "26100.33999", 26100, 33999, 0, 1, "a public copy", "2026-11-22"),
    ]


# --- editions -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edition", "ids", "captions"),
    [
        ("home_pro", "Professional ProfessionalN ProfessionalWorkstation ProfessionalEducation Core CoreN CoreSingleLanguage CoreCountrySpecific Pro 48",
            "Windows 11 Pro|Microsoft Windows 10 Home|Windows 11, version 23H2 Pro|Microsoft Windows 11 Professionnel|Windows 11 专业版"),
        ("enterprise_education", "Enterprise EnterpriseN EnterpriseG Education EducationN ServerRdsh 4 121",
            "Microsoft Windows 11 Enterprise|Windows 11 Enterprise multi-session|Windows 10 Education"),
        ("ltsc", "EnterpriseS EnterpriseSN EnterpriseSEval 125", "Windows 10 Enterprise LTSC|Windows 10 Enterprise 2016 LTSB"),
        ("iot_enterprise", "IoTEnterprise 188", "Windows 10 IoT Enterprise"),
        ("iot_ltsc", "IoTEnterpriseS IoTEnterpriseSK 191", "Windows 10 IoT Enterprise LTSC 2021"),
        ("server_standard", "ServerStandard ServerStandardCor ServerStandardEval 7", "Windows Server 2022 Standard|Standard"),
        ("server_datacenter", "ServerDatacenter ServerDatacenterCor ServerDatacenterACor 8", "Microsoft Windows Server 2025 Datacenter"),
        ("server_azure_edition", "ServerTurbine ServerTurbineCor ServerDatacenterAzureEdition 407",
            "Windows Server 2022 Datacenter Azure Edition|Datacenter: Azure Edition"),
        ("", "99999 Ubuntu", "|Windows 11|Windows 10 22H2|Windows Server 2025|Windows Server, version 23H2|Microsoft Server operating system-21H2"),
    ],
)  # fmt: skip
def test_names_of_editions(edition: str, ids: str, captions: str) -> None:
    for text in (*ids.split(), *captions.split("|")):
        for spelled in (text, text.upper(), f" {text} "):
            assert edition_in(spelled) == edition, text


def test_a_machine_is_its_edition_or_what_its_system_is_called() -> None:
    assert machine_of("", "Windows 11 Pro", "").edition == "home_pro"
    assert machine_of("Enterprise", "Windows 10 Pro", "").edition == "enterprise_education"
    assert [machine_of("Pro", "", esu).has_esu for esu in ("yes", "Assigned", "Enrolled", "", "no", "NotAssigned")] == [True] * 3 + [
        False
    ] * 3
    assert machine_of("Pro (ESU)", "", "").has_esu


def test_editions_that_are_never_on_the_hotpatch_line() -> None:
    with closing(open_seed_database()) as conn:
        never = {
            (product, edition)
            for product in ("ws2022", "ws2025", "win11-25h2")
            for edition in ("server_standard", "server_datacenter", "server_azure_edition", "server_essentials", "home_pro", "enterprise_education", "ltsc", "")
            if has_no_hotpatches(conn, product, edition)
        }  # fmt: skip
    assert never - {(product, edition) for product in ("ws2022", "ws2025", "win11-25h2") for edition in ("home_pro", "server_essentials")} == {
        ("ws2022", "server_standard"), ("ws2022", "server_datacenter"),
    }  # fmt: skip


# --- machines -----------------------------------------------------------------------------------------------------------


def _assessed(run: Command, tmp_path: Path, db: Path, table: str, on: str = "2026-07-20") -> list[dict[str, Any]]:
    file = tmp_path / "machines.csv"
    file.write_text(table, encoding="utf-8")
    done = run("assess", "--db", db, "--on", on, "--format", "json", file)
    assert done.code == 0, done.err
    rows: list[dict[str, Any]] = done.json()
    return rows


def test_machines_whose_support_has_ended(run: Command, crawled: Path, tmp_path: Path) -> None:
    """Cases 62 and 12-windows10: a Server 23H2 after its last update, Windows 11 23H2 Pro, Windows 10 with and without ESU, LTSC by name."""
    rows = _assessed(
        run, tmp_path, crawled / "x.db",
        "host,OS,build,edition,esu\n"
        "a,,25398.2330,,\n"
        "b,Windows 11 Pro,22631.7376,Pro,\n"
        "c,Windows 11 Enterprise,22631.7376,Enterprise,\n"
        "d,Windows 11 Pro,22631.7376,,\n"
        "e,,22631.7376,,\n"
        "f,Windows 10 Enterprise,19045.6456,,\n"
        "g,Windows 10 Enterprise,19045.6456,,Enrolled\n"
        "h,Windows 10 Pro,19045.6456,,yes\n"
        "i,Windows 10 Enterprise LTSC,17763.8511,,\n"
        "j,,17763.8511,Enterprise,\n"
        "k,,17763.8511,EnterpriseS,\n"
        "l,,17763.8511,ServerStandard,\n"
        "m,,17763.8511,,\n",
    )  # fmt: skip
    assert [(row["host"], row["verdict"]) for row in rows] == [
        ("a", "unsupported"), ("b", "unsupported"), ("c", "current"), ("d", "unsupported"), ("e", "current"), ("f", "unsupported"), ("g", "behind"),
        ("h", "behind"), ("i", "behind"), ("j", "unsupported"), ("k", "behind"), ("l", "behind"), ("m", "behind"),
    ]  # fmt: skip
    reasons = {row["host"]: row["reason"] for row in rows}
    assert reasons["a"] == "support ended on 2026-05-12 (reported by others)"
    assert reasons["b"] == reasons["d"] == "support of Home and Pro ended on 2025-11-11"
    assert reasons["j"] == "support of Enterprise and Education ended on 2021-05-11"
    assert reasons["f"].startswith(
        "support of Enterprise and Education ended on 2025-10-14; Extended Security Updates are offered until 2028-10-10"
    )
    assert {row["host"]: row["rejoins_month"] for row in rows if row["rejoins_month"]} == {}


def test_the_day_on_which_support_ends_is_the_last_one(run: Command, crawled: Path, tmp_path: Path) -> None:
    table = "host,product,build,edition\na,win11-23h2,22631.6199,Professional\nb,win11-23h2,22631.6199,Education\n"
    on = {day: [row["verdict"] for row in _assessed(run, tmp_path, crawled / "x.db", table, day)] for day in ("2025-11-11", "2025-11-12")}
    assert on == {"2025-11-11": ["current", "current"], "2025-11-12": ["unsupported", "current"]}


def test_extended_security_updates_end_too(run: Command, crawled: Path, tmp_path: Path) -> None:
    table = "host,product,build,edition,esu\na,win10-22h2,19045.7417,Core,yes\nb,win10-22h2,19045.7417,Enterprise,yes\nc,win10-22h2,19045.7417,,yes\n"
    rows = _assessed(run, tmp_path, crawled / "x.db", table, "2027-10-13")
    assert [row["verdict"] for row in rows] == ["unsupported", "unknown", "unknown"]  # the facts end in July 2026
    assert rows[0]["reason"] == "Extended Security Updates ended on 2027-10-12 (reported by others)"


def test_editions_without_hotpatches_are_never_on_the_hotpatch_line(run: Command, crawled: Path, tmp_path: Path) -> None:
    """Case 63, whatever the enrolment says; Standard of Windows Server 2025 may have them through Azure Arc."""
    rows = _assessed(
        run, tmp_path, crawled / "x.db",
        "host,product,build,line,edition,kbs\n"
        "a,win11-25h2,26200.8875,hotpatch,Professional,\n"
        "b,win11-25h2,26200.8875,hotpatch,Enterprise,\n"
        "c,ws2022,20348.5139,hotpatch,ServerStandard,\n"
        "d,ws2022,20348.5139,hotpatch,ServerTurbine,\n"
        "e,ws2025,26100.32860,hotpatch,ServerStandard,\n"
        "f,win11-25h2,26200.8390,hotpatch,Professional,KB5089466\n"
        "g,Windows Server 2022 Standard,20348.5139,Enabled,,\n"
        "h,Windows Server 2022 Datacenter Azure Edition,20348.5139,Enabled,,\n"
        "i,win11-25h2,26200.8875,,Pro,\n"
        "j,,26100.6905,hotpatch,ServerStandard,KB5070893\n"
        "k,Windows Server 2022 Datacenter,20348.5074,,,\n"
        "l,ws2022,20348.5074,,Datacenter,\n"
        "m,Windows 11 Pro,26200.8390,hotpatch,,\n",
        "2026-07-20",
    )  # fmt: skip
    by_host = {row["host"]: (row["verdict"], row["next_kb"], row["rejoins_month"]) for row in rows}
    assert by_host["a"] == by_host["i"] == ("current", None, None)
    assert "standard line" in next(row["reason"] for row in rows if row["host"] == "a")
    assert "hotpatch line" in next(row["reason"] for row in rows if row["host"] == "b")
    assert by_host["c"] == by_host["g"]
    assert (by_host["c"][0], by_host["d"][0], by_host["e"][0], by_host["h"][0]) == ("behind", "restart_due", "restart_due", "restart_due")
    assert by_host["f"] == ("unknown", None, None)
    assert (
        next(row["reason"] for row in rows if row["host"] == "f")
        == "only the hotpatch line has this build, and Home and Pro cannot be on it"
    )
    assert [by_host[host][0] for host in "klm"] == [
        "restart_due",
        "unknown",
        "unknown",
    ]  # the first may be a short name of the Azure Edition
    assert by_host["j"][0] == "restart_due"  # on Windows Server 2025 it may be enrolled


def test_the_edition_decides_between_a_server_and_a_client() -> None:
    """26100.7392 is a release of both."""
    with closing(open_seed_database()) as conn:
        judge = Judge(conn, "2025-12-20")
        for edition, product in (("ServerDatacenter", "ws2025"), ("Professional", "win11-24h2"), ("", "win11-24h2 or ws2025")):
            assert judge.judge({"build": "26100.7392", "edition": edition}).product == product


def test_every_edition_has_a_verdict_for_every_build() -> None:
    """Of each product, on days before and after its ends; where the end of an edition has passed it is unsupported, and never current."""
    with closing(open_seed_database()) as conn:
        ends = conn.execute(
            "select product, edition_group, max(end_date) from lifecycles where kind in ('extended', 'end_of_servicing') group by 1, 2"
        ).fetchall()
        builds = dict(conn.execute("select product, build from releases where build is not null order by release_date desc").fetchall())
        names = {
            "home_pro": "Core",
            "enterprise_education": "Enterprise",
            "server": "ServerStandard",
            "annual_channel": "ServerDatacenterACor",
        }
        for product, group, end in ends:
            if group not in names or product not in builds:
                continue
            for day, is_over in ((end, False), (day_after(end), True)):
                answer = Judge(conn, day).judge({"product": product, "build": builds[product], "edition": names[group]}).answer
                assert (answer["verdict"] == "unsupported") == is_over, (product, group, day, answer)


# --- restarts and lookups -----------------------------------------------------------------------------------------------


def test_no_restart_after_the_end_of_support() -> None:
    with closing(open_seed_database()) as conn:
        facts = Facts(conn)
        for product, end in conn.execute("select product, extended_end_date from products where extended_end_date is not null").fetchall():
            for restart in (next_restart(facts.of(product), end), next_restart(facts.of(product), day_after(end))):
                assert restart is None or restart.date <= end, product
            assert restart_of_standard_line(facts.of(product), day_after(end)) is None, product
        # Hotpatching of Windows Server 2022 ends a year after its mainstream support, and a machine that left the line stays away.
        assert next_restart(facts.of("ws2022"), "2027-11-01") is None


def test_a_machine_that_left_the_line_does_not_rejoin_after_the_end(run: Command, tmp_path: Path, db: Path) -> None:
    table = "host,product,build,line\na,ws2022,20348.5256,hotpatch\n"
    assert [row["rejoins_month"] for row in _assessed(run, tmp_path, db, table, "2031-10-15")] == [None]
    assert [row["verdict"] for row in _assessed(run, tmp_path, db, table, "2031-10-15")] == ["unsupported"]


@pytest.mark.parametrize(
    ("arguments", "verdict", "has_restart"),
    [
        (("25398.2330",), "unsupported", False),
        (("22631.7376", "--edition", "Pro"), "unsupported", False),
        (("22631.7376", "--edition", "Enterprise"), "current", True),
        (("22631.7376",), "current", True),
        (("19045.7417",), "unsupported", False),
    ],
)
def test_lookup_by_edition(arguments: tuple[str, ...], verdict: str, has_restart: bool, run: Command, crawled: Path) -> None:
    done = run("lookup", *arguments, "--on", "2026-07-20", "--db", crawled / "x.db", "--json")
    match = done.json()[0]["matches"][0]
    assert (match["verdict"]["verdict"], match["next_restart"] is not None) == (verdict, has_restart)


def test_lookup_of_an_edition_without_hotpatches_is_of_the_standard_line(run: Command, db: Path) -> None:
    done = run("lookup", "26200.8875", "--edition", "Professional", "--on", "2026-07-20", "--db", db, "--json")
    match = done.json()[0]["matches"][0]
    assert (match["line"], match["next_restart"]["month"]) == ("standard", "2026-08")
    assert (
        run("lookup", "26200.8875", "--edition=Enterprise", "--on", "2026-07-20", "--db", db, "--json").json()[0]["matches"][0]["line"]
        == "hotpatch"
    )
    done = run("lookup", "26200.8875", "--edition", "Ultimate", "--db", db)
    assert (done.code, "expected an edition such as Pro, Enterprise or ServerStandard, got 'Ultimate'" in done.err) == (2, True)


# --- expired releases ---------------------------------------------------------------------------------------------------


def test_a_release_that_expired_after_newer_ones_replaced_it_counted(db: Path) -> None:
    """As most of Windows 10's update history is marked by now; only one that no later monthly release follows was withdrawn."""
    with closing(sqlite3.connect(db)) as conn:
        newest = "release_date = (select max(release_date) from releases where product = 'ws2019' and cadence = 'B')"
        (last,) = conn.execute(f"select release_date from releases where product = 'ws2019' and {newest}").fetchone()
        days = ("2024-06-20", "2025-03-14", day_after(last))

        def verdicts_of(day: str) -> dict[tuple[str, str], tuple[str, str | None]]:
            return {(v.build, v.deciding_kb): (v.verdict, v.next_kb) for v in verdicts(conn, day, "ws2019") if not v.line}

        def next_of(day: str) -> Any:
            match = find(conn, "17763.5820", product="ws2019", on=day, today=day)["matches"][0]
            return (match["newer"], match["next_release"], match["latest"])

        before = {day: (verdicts_of(day), next_of(day)) for day in days}
        assert any(verdict == "current" for verdict, _ in before["2024-06-20"][0].values())
        conn.execute(f"update releases set is_expired = 1 where product = 'ws2019' and not {newest}")
        assert {day: (verdicts_of(day), next_of(day)) for day in days} == before
        conn.execute("update releases set is_expired = 1 where product = 'ws2019'")
        assert {verdict for verdict, _ in verdicts_of(days[0]).values()} == {"unknown"}
        assert next_of(days[0])[1:] == (None, None)
        # Where support has ended, its last updates may have expired for that reason.
        conn.execute("update products set extended_end_date = '2026-05-12' where product = 'ws2019'")
        assert (verdicts_of(days[0]), next_of(days[0])) == before[days[0]]
