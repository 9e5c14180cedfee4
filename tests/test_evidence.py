"""Nothing is called current without evidence: a site that stands still, a forgotten release, a row that cannot be read, a clock that is wrong."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Command

from hotpatch_kb.db.answers.coverage import missing_month
from hotpatch_kb.db.answers.lagging import missing_releases
from hotpatch_kb.db.answers.product_facts import Facts
from hotpatch_kb.db.answers.verdicts import verdicts
from hotpatch_kb.db.model.notation import month_after, second_tuesday
from hotpatch_kb.db.store.connections import SEED_DATABASE
from hotpatch_kb.scraper.crawl.notify import missing

JULY = ("ws2025", "26100.33158")  # KB5099536 of 2026-07-14, the baseline of both lines
BUILDS = {"hotpatch": JULY[1], "standard": JULY[1]}


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The embedded facts, to be changed."""
    shutil.copy(SEED_DATABASE, tmp_path / "x.db")
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("pragma foreign_keys = off")
        connection.execute("delete from reported")  # of August and September; tests add their own, and quarantined entries
        connection.execute("delete from claims where subject like 'quarantine/%'")
        yield connection


def _verdict(conn: sqlite3.Connection, line: str, day: str) -> tuple[str, str]:
    product, build = JULY
    (row,) = (v for v in verdicts(conn, day, product) if (v.build, v.line, v.deciding_kb) == (build, line, ""))
    return row.verdict, str(row.reason)


def _read_until(conn: sqlite3.Connection, day: str) -> None:
    """The pages were read on a day, and said nothing new."""
    conn.execute("update lines set data_until = ?", (day,))


def _quarantine(conn: sqlite3.Connection, text: str, **fields: str) -> None:
    source, page_url = conn.execute("select source, page_url from claims limit 1").fetchone()
    for number, (field, value) in enumerate({"kind": "entry", "reason": "expected a date", "may_be_release": "1", **fields}.items()):
        conn.execute(
            """insert into claims (claim, source, page_url, section, subject, field, value, value_text, first_seen_at, last_seen_at, page)
            values (?, ?, ?, 'section', ?, ?, ?, ?, '2026-07-23T12:00:00Z', '2026-07-23T12:00:00Z', 1)""",
            (number, source, page_url, f"quarantine/{text}", field.replace("_2", "#2"), value, text),
        )


@pytest.mark.parametrize("line", ["hotpatch", "standard"])
def test_with_all_evidence_it_is_current(conn: sqlite3.Connection, line: str) -> None:
    assert _verdict(conn, line, "2026-07-22") == ("current", f"nothing newer of the {line} line is required")


@pytest.mark.parametrize("line", ["hotpatch", "standard"])
@pytest.mark.parametrize(
    ("read_on", "asked", "verdict"),
    [
        ("2026-08-11", "2026-08-10", "current"),
        ("2026-08-11", "2026-08-11", "current"),  # a release appears within hours, and two days are given
        ("2026-08-13", "2026-08-13", "current"),
        ("2026-08-14", "2026-08-14", "unknown"),
        ("2026-11-20", "2026-11-22", "unknown"),
    ],
)
def test_sites_that_stand_still(conn: sqlite3.Connection, line: str, read_on: str, asked: str, verdict: str) -> None:
    """Case 52: both sites serve July's pages until November, and each day they are read."""
    _read_until(conn, read_on)
    month = "2026-11" if asked > "2026-11" else "2026-08"
    reason = f"no source lists the release of {month} of the {line} line, although its pages were read on {read_on}"
    assert _verdict(conn, line, asked) == (verdict, f"nothing newer of the {line} line is required" if verdict == "current" else reason)


def test_the_newest_release_is_withdrawn(conn: sqlite3.Connection) -> None:
    """A machine with June's LCU lacks nothing that is offered, but a month without a fix is no evidence."""
    conn.execute("update releases set is_expired = 1 where product = 'ws2025' and release_date >= '2026-07-14'")
    june, name = conn.execute(
        """select build, 'KB' || kb || ' of ' || release_date from releases
        where product = 'ws2025' and in_standard_line and cadence = 'B' and release_date < '2026-07-01' order by release_date desc"""
    ).fetchone()
    (judged,) = (v for v in verdicts(conn, "2026-07-22", "ws2025") if (v.build, v.line, v.deciding_kb) == (june, "standard", ""))
    withdrawn = (
        "KB5099536 of 2026-07-14, the release of 2026-07 of the standard line, is no longer offered, and no source lists another one"
    )
    assert (judged.verdict, str(judged.reason)) == ("unknown", withdrawn), name


def test_a_hotpatch_that_only_its_own_line_lacks(conn: sqlite3.Connection) -> None:
    """Each line needs its own release: that the LCU of a month is listed says nothing about the hotpatch."""
    _read_until(conn, "2026-07-22")
    conn.execute("update releases set in_hotpatch_line = 0 where product = 'ws2025' and month = '2026-07' and classification = 'baseline'")
    (june,) = conn.execute(
        "select build from releases where product = 'ws2025' and month = '2026-06' and classification = 'baseline' and in_hotpatch_line"
    ).fetchone()
    rows = {v.line: (v.verdict, str(v.reason)) for v in verdicts(conn, "2026-07-22", "ws2025") if v.build == june and not v.deciding_kb}
    assert rows["hotpatch"] == (
        "unknown",
        "no source lists the release of 2026-07 of the hotpatch line, although its pages were read on 2026-07-22",
    )
    assert rows["standard"][0] == "behind"


@pytest.mark.parametrize("line", ["hotpatch", "standard"])
@pytest.mark.parametrize(
    ("build", "month", "asked", "what"),
    [
        ("26100.33296", "2026-08", "2026-08-12", "KB5120233 (26100.33296)"),
        ("26100.33160", "2026-07", "2026-07-22", "KB5120233 (26100.33160)"),  # out-of-band, in the month's own data
        ("26100.33296", "2026-06", "2026-07-22", "KB5120233 (26100.33296)"),  # an older document, revised to name a later fix
        (None, "2026-08", "2026-08-12", "KB5120233"),
        ("26100.33296", "2026-08", "2026-08-10", None),  # the data of a month before its second Tuesday is a plan
        ("26100.33000", "2026-07", "2026-07-22", None),  # older than what is listed
        ("20348.9999", "2026-07", "2026-07-22", None),  # a build of another product
    ],
)
def test_a_fix_that_only_msrc_names(
    conn: sqlite3.Connection, line: str, build: str | None, month: str, asked: str, what: str | None
) -> None:
    """Case 53."""
    _read_until(conn, asked)
    conn.execute("insert into kb_cves values (5120233, 'ws2025', 'CVE-2026-1', null, ?, null, null, ?, 'cve/CVE-2026-1')", (build, month))
    expected = (
        ("current", f"nothing newer of the {line} line is required")
        if what is None
        else ("unknown", f"MSRC's data of {month} names {what}, which no list of releases has")
    )
    assert _verdict(conn, line, asked) == expected


@pytest.mark.fault("a fix that has no build and replaces the newest release")
@pytest.mark.parametrize("line", ["hotpatch", "standard"])
def test_a_fix_without_a_build_that_replaces_the_newest_release(conn: sqlite3.Connection, line: str) -> None:
    """MSRC's data names a KB and no build; no machine is current where it replaces the newest release."""
    _read_until(conn, "2026-07-22")
    conn.execute("insert into kb_cves values (5120233, 'ws2025', 'CVE-2026-1', null, null, null, 5094125, '2026-07', 'cve/CVE-2026-1')")
    assert _verdict(conn, line, "2026-07-22")[0] == "current"
    conn.execute("update kb_cves set supersedes_kb = 5099536 where kb = 5120233")
    assert _verdict(conn, line, "2026-07-22") == ("unknown", "MSRC's data of 2026-07 names KB5120233, which no list of releases has")


@pytest.mark.fault("a release of July dated in August")
@pytest.mark.parametrize("line", ["hotpatch", "standard"])
@pytest.mark.parametrize(("asked", "month"), [("2026-08-13", "2026-07"), ("2026-08-14", "2026-08")])
def test_a_release_of_july_that_is_dated_in_august_is_no_evidence(conn: sqlite3.Connection, line: str, asked: str, month: str) -> None:
    """Its date is a slip, or its month is; it counts for neither, and no machine is current."""
    _read_until(conn, asked)
    conn.execute("update releases set release_date = '2026-08-11' where product = 'ws2025' and kb = 5099536")
    assert _verdict(conn, line, asked) == (
        "unknown",
        f"no source lists the release of {month} of the {line} line, although its pages were read on {asked}",
    )


def _read(conn: sqlite3.Connection, page_url: str, at: str, state: str) -> None:
    """A page was read and accepted or refused."""
    source = "learn_release_info" if "learn" in page_url else "support_navigation"
    conn.execute(
        """insert into pages (source, page_url, url, final_url, fetched_at, tie, status, sha256, content_sha256, bytes, state, run)
        values (?, ?, ?, ?, ?, 1, 200, ?, ?, 1, ?, 1)""",
        (source, page_url, page_url, page_url, at, at, at, state),
    )


@pytest.mark.fault("a page that is refused on the day of a release", of="pages")
@pytest.mark.parametrize("line", ["hotpatch", "standard"])
def test_a_page_that_is_refused_since_a_second_tuesday_is_no_evidence_that_nothing_came(conn: sqlite3.Connection, line: str) -> None:
    """One page is refused after a second Tuesday and another one lists nothing new; no build of July is called current."""
    server, other = (
        f"https://learn.microsoft.com/en-us/windows/release-health/{name}"
        for name in ("windows-server-release-info", "release-information")
    )
    _read_until(conn, "2026-08-12")
    _read(conn, other, "2026-08-12T08:00:00Z", "refused")  # of Windows 10
    _read(conn, server, "2026-08-10T08:00:00Z", "refused")  # before the second Tuesday
    assert _verdict(conn, line, "2026-08-12")[0] == "current"
    _read(conn, server, "2026-08-12T08:00:00Z", "refused")
    reason = f"no source lists the release of 2026-08 of the {line} line, although its pages were read on 2026-08-12"
    assert _verdict(conn, line, "2026-08-12") == ("unknown", reason)
    assert _verdict(conn, line, "2026-08-10")[0] == "current"
    _read(conn, server, "2026-08-12T09:00:00Z", "accepted")
    assert _verdict(conn, line, "2026-08-12")[0] == "current"


@pytest.mark.parametrize("line", ["hotpatch", "standard"])
def test_an_article_that_no_list_has(conn: sqlite3.Connection, line: str) -> None:
    conn.execute("insert into articles (url, kb, product, release_date) values ('https://a', 5120233, 'ws2025', '2026-07-21')")
    assert _verdict(conn, line, "2026-07-20")[0] == "current"  # it came later
    assert _verdict(conn, line, "2026-07-22") == ("unknown", "an article names KB5120233 of 2026-07-21, which no list of releases has")


def test_an_article_of_a_baseline_without_a_kb_is_no_newer_fix(conn: sqlite3.Connection, at: Callable[[str], None]) -> None:
    """KB5001857 is the article of the baseline of 2021-04-13; every release of that product is a public preview, and they count as known."""
    at("2026-07-24")
    (row,) = (v for v in verdicts(conn, "2021-06-14", "ws-azure-preview") if (v.build, v.line, v.deciding_kb) == ("17784.1764", "", ""))
    assert (row.verdict, row.kb) == ("current", "KB5003719")


@pytest.mark.parametrize("line", ["hotpatch", "standard"])
@pytest.mark.parametrize(
    ("released", "classification", "asked", "expected"),
    [
        ("2026-07-21", "cumulative", "2026-07-22", "unknown"),
        ("2026-07-21", "cumulative", "2026-07-20", "current"),  # it came later
        ("2026-07-21", "preview", "2026-07-22", "current"),  # no fix
        ("2026-06-23", "cumulative", "2026-07-22", "current"),  # older than what is listed
        (None, "cumulative", "2026-08-12", "unknown"),  # of August, a day is not known: its second Tuesday
        (None, "cumulative", "2026-08-10", "current"),
    ],
)
def test_a_release_that_only_others_report(
    conn: sqlite3.Connection, line: str, released: str | None, classification: str, asked: str, expected: str
) -> None:
    _read_until(conn, asked)
    conn.execute(
        """insert into reported (product, kb, build, release_date, month, classification, in_hotpatch_line, in_standard_line, source_url, read_on, subject)
        values ('ws2025', 5120233, '26100.33296', ?, '2026-08', ?, 0, 1, 'https://example.org/builds', '2026-08-20', 'reported/ws2025/5120233/26100.33296')""",
        (released, classification),
    )
    verdict, reason = _verdict(conn, line, asked)
    assert verdict == expected
    assert ("reported by others, not read at Microsoft: KB5120233 26100.33296" in reason) == (expected == "unknown")


@pytest.mark.parametrize(("day", "verdict"), [("2025-10-16", "current"), ("2025-10-17", "unknown")])
def test_a_new_version_of_which_no_monthly_release_is_listed(conn: sqlite3.Connection, day: str, verdict: str) -> None:
    """25H2 came on 2025-09-30; its first second Tuesday is 2025-10-14. Pages that list nothing but its first build prove nothing after that."""
    conn.execute("delete from releases where product = 'win11-25h2' and classification != 'initial'")
    conn.execute("delete from kb_cves")  # which names the fixes of October
    rows = [v for v in verdicts(conn, day, "win11-25h2") if v.build == "26200.6584"]
    assert {v.verdict for v in rows} == {verdict}
    if verdict == "unknown":
        assert "no source lists the release of 2025-10 of the standard line" in str(rows[0].reason)


@pytest.mark.parametrize("line", ["hotpatch", "standard"])
@pytest.mark.parametrize(
    ("fields", "is_in_the_way"),
    [
        ({}, True),  # neither date nor build: it may be anything
        ({"release_date": "2026-07-21"}, True),
        ({"release_date": "2026-07-14"}, True),  # the day of the machine's own release: it may be another one
        ({"release_date": "2026-06-09"}, False),
        ({"release_date": "2026-07-30"}, False),  # after the day asked for
        ({"build": "26100.40000"}, True),
        ({"build": "26100.1"}, False),
        ({"build": "26100.40000", "release_date": "2025-07-21"}, True),  # the year may be a slip
        ({"build": "26100.1", "release_date": "2025-07-21"}, False),
        ({"release_date": "2027-07-21"}, True),  # a slip, too: plans reach half a year ahead
        ({"may_be_release": "0"}, False),  # a note
        ({"product": "ws2022"}, False),
        ({"product": "ws2022", "product_2": "ws2025"}, True),
    ],
)
def test_an_entry_that_could_not_be_read(conn: sqlite3.Connection, line: str, fields: dict[str, str], *, is_in_the_way: bool) -> None:
    _quarantine(conn, "Someday — KB51 (OS Build", **{"product": "ws2025", **fields})
    reason = "a page lists what may be a newer release and cannot be read: 'Someday — KB51 (OS Build'"
    expected = ("unknown", reason) if is_in_the_way else ("current", f"nothing newer of the {line} line is required")
    assert _verdict(conn, line, "2026-07-22") == expected


def test_an_entry_that_a_correction_accepts_or_that_is_gone(conn: sqlite3.Connection) -> None:
    _quarantine(conn, "odd", product="ws2025")
    (row,) = conn.execute("select kind, text, reason, product, may_be_release, gone_at from quarantine").fetchall()
    assert row == ("entry", "odd", "expected a date", "ws2025", 1, None)
    source = conn.execute("select source from quarantine").fetchone()[0]
    conn.execute(
        "insert into corrections (correction, source, subject, field, value, new_value, why, url, decided_on) values (1, ?, 'quarantine/odd', 'accepted', '', '', 'a note', 'https://a', '2026-07-23')",
        (source,),
    )
    assert _verdict(conn, "standard", "2026-07-22")[0] == "current"
    conn.execute("delete from corrections")
    assert _verdict(conn, "standard", "2026-07-22")[0] == "unknown"
    conn.execute("update claims set gone_at = '2026-07-24T12:00:00Z' where subject = 'quarantine/odd'")
    assert _verdict(conn, "standard", "2026-07-22")[0] == "current"


def test_an_entry_that_names_no_product_counts_for_all_of_its_page_or_source(conn: sqlite3.Connection) -> None:
    """A category that names no version, and a table below no label: its release may be one of any product of the page."""
    _quarantine(conn, "Version 26H2")
    source, page_url = conn.execute(
        "select source, page_url from claims where subject like 'release/ws2025/%' and page_url like '%windows-server-2025-update-history' limit 1"
    ).fetchone()
    place = "update claims set source = ?, page_url = ? where subject like 'quarantine/%'"
    conn.execute(place, (source, page_url))
    owners = "select product from quarantine order by product"
    of_page = [
        row[0]
        for row in conn.execute(
            "select distinct substr(subject, 9, instr(substr(subject, 9), '/') - 1) from claims where subject like 'release/%' and source = ? and page_url = ? order by 1",
            (source, page_url),
        )
    ]
    assert "ws2025" in of_page
    assert "win11-25h2" not in of_page
    assert [row[0] for row in conn.execute(owners)] == of_page
    assert _verdict(conn, "standard", "2026-07-22")[0] == "unknown"
    conn.execute(place, (source, "https://support.microsoft.com/another"))  # a page of which nothing is known
    products = {row[0] for row in conn.execute(owners)}
    assert {"ws2025", "win11-25h2", *of_page} <= products
    conn.execute("update claims set value = '0' where subject like 'quarantine/%' and field = 'may_be_release'")
    assert conn.execute("select product from quarantine").fetchall() == [(None,)]


def test_a_day_of_reading_after_today(conn: sqlite3.Connection, at: Callable[[str], None]) -> None:
    at("2026-11-26")
    _read_until(conn, "2040-01-04")
    assert _verdict(conn, "standard", "2026-07-22") == (
        "unknown",
        "the data was read on 2040-01-04, which is after today, 2026-11-26: a clock is wrong",
    )
    _read_until(conn, "2026-11-27")  # a clock some hours ahead, just after midnight UTC
    assert "a clock is wrong" not in _verdict(conn, "standard", "2026-07-22")[1]


def test_behind_needs_no_evidence(conn: sqlite3.Connection, at: Callable[[str], None]) -> None:
    at("2026-11-26")
    for until in ("2026-07-22", "2026-11-20", "2040-01-04"):
        _read_until(conn, until)
        rows = {v.verdict for v in verdicts(conn, "2026-11-22", "ws2025") if v.build in {"26100.32772", "26100.32860"}}
        assert rows <= {"behind", "restart_due", "left_line"}


def test_no_supported_line_ever_missed_a_month(conn: sqlite3.Connection) -> None:
    """So the rule needs no exception: from 2021 to July 2026 each line has a B release for each second Tuesday while the product was supported."""
    missed, facts = [], Facts(conn)
    for product, line, until, end in conn.execute(
        "select product, line, data_until, coalesce(extended_end_date, '') from lines join products using (product)"
    ).fetchall():
        month = "2021-01"
        while month <= until[:7]:
            day = f"{month_after(month)}-01"
            if day <= until and second_tuesday(month) <= end and missing_month(facts.of(product), line, day):
                missed.append((product, line, month))
            month = month_after(month)
    assert missed == []


def test_a_machine_that_left_the_line_is_not_patched_without_evidence(conn: sqlite3.Connection) -> None:
    """Its months behind are those of the standard line; nothing newer is known, which proves nothing in November."""
    rows = [v for v in verdicts(conn, "2026-11-22", "win11-24h2") if (v.build, v.line, v.deciding_kb) == ("26100.8894", "hotpatch", "")]
    assert [(row.verdict, row.months_behind) for row in rows] == [("left_line", None)]  # 0 would mean patched
    assert "facts end on 2026-07-23; a monthly release has come since" in str(rows[0].reason)


# --- status names it, too -----------------------------------------------------------------------------------------------


def test_status_names_the_release_that_is_missing(conn: sqlite3.Connection, run: Command, tmp_path: Path) -> None:
    """Case 52: both sites serve July's pages in November; every source is fresh, and nothing of August, September, October or November is there."""
    _read_until(conn, "2026-11-26")
    conn.commit()
    assert [row["note"] for row in missing_releases(conn, "2026-11-26") if " of ws2025" in row["note"]] == [
        f"expected the release of 2026-11 of the {line} line of ws2025, whose pages were read on 2026-11-26, got none"
        for line in ("hotpatch", "standard")
    ]
    status = run("status", "--db", tmp_path / "x.db")
    assert (status.code, "expected the release of 2026-11 of the hotpatch line of ws2025" in status.err) == (6, True)
    drift = run("status", "--drift", "--db", tmp_path / "x.db", "--json")
    assert (drift.code, "missing release" in {row["name"] for row in drift.json() if row["is_required"]}) == (6, True)
    assert [item.kind for item in missing(conn, "2026-11-26T12:00:00Z") if "ws2025" in item.text] == ["missing", "missing"]


def test_status_waits_two_days_and_until_pages_were_read(conn: sqlite3.Connection) -> None:
    for read_on, today in (("2026-08-13", "2026-08-13"), ("2026-07-23", "2026-11-26"), ("2026-08-12", "2026-08-20")):
        _read_until(conn, read_on)
        assert not [row for row in missing_releases(conn, today) if "ws2025" in row["note"]]
    _read_until(conn, "2026-08-14")
    assert {row["note"].split()[4] for row in missing_releases(conn, "2026-08-14")} == {"2026-08"}


def test_no_release_is_missing_after_the_end(conn: sqlite3.Connection) -> None:
    """Windows 11, version 21H2, ceased in October 2024 without a day of support in any source; ws2022's hotpatching ends in October 2027."""
    _read_until(conn, "2027-12-20")
    notes = " ".join(row["note"] for row in missing_releases(conn, "2027-12-20"))
    assert "win11-21h2" not in notes
    assert "hotpatch line of ws2022" not in notes
    assert "standard line of ws2022" in notes
