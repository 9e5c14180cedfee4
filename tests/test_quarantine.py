"""One odd cell, entry or label costs itself alone: the rest of the page is read, and what is left out is named with its text and its reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Command
from helpers import render
from helpers.changed_trees import hotpatch_tree
from helpers.dumps import dump, query
from rendered import support_article

from hotpatch_kb.db.claims import checks
from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.scraper.parsing.statements import quarantined
from hotpatch_kb.scraper.sources import registry

TREES = ("pages", "pages-2026-05", "pages-more", "pages-more-2026-05")
FAULTS = (
    "1-end-date-with-remark", "2-control", "2-entry-without-kb-1", "2-entry-without-kb-2", "3-build-of-another-version",
    "4-two-builds-of-one-kb", "5-labels-of-issues", "6-entry-of-a-phone", "7-other-address",
)  # fmt: skip


def _fields(claims: list[Claim]) -> dict[str, str | None]:
    return {claim.field: claim.value for claim in claims}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Someday—KB5122880 (OS Build 22631.7582)", {"may_be_release": "1", "kb": "5122880", "build": "22631.7582"}),
        ("February 30, 2026 | July 14, 2026", {"may_be_release": "1", "release_date": "2026-07-14"}),
        ("LTSC | 2026-04 X | 2026-04-19", {"may_be_release": "1", "release_date": "2026-04-19"}),
        ("KB5122880 and KB5122881", {"may_be_release": "1"}),  # two do not say which
        ("Windows 10 Extended Security Updates (ESU) program", {"may_be_release": "0"}),
        ("Support for Windows Server 2016 will end in January 2027", {"may_be_release": "0"}),
    ],
)
def test_what_looks_like_a_release(text: str, expected: dict[str, str]) -> None:
    claims = list(quarantined("section", "entry", text, "expected a title", 3, ["ws2025", "win11-24h2"]))
    assert {claim.subject for claim in claims} == {f"quarantine/{text}"}
    common = {"kind": "entry", "reason": "expected a title", "product": "ws2025", "product#2": "win11-24h2"}
    assert _fields(claims) == {**common, **expected}
    assert {(claim.section, claim.row, claim.value_text) for claim in claims} == {("section", 3, text)}


def test_a_section_that_is_mostly_unreadable_refuses_its_page() -> None:
    """Its columns moved: it is not the page that it was. Half of the rows, or two, are odd rows."""
    page = Page("learn_release_info", "u", "u", "u", "2026-07-23T12:00:00Z", 200, b"")

    def refusal(odd: int, good: int) -> str | None:
        claims = [claim for row in range(odd) for claim in quarantined("s", "entry", f"KB51228{row:02d}", "expected a day", row)]
        claims += [Claim("s", f"kb/{row}", "title", "x", "x", odd + row) for row in range(good)]
        counts = checks.count(claims)
        return checks.refusal(checks.check_page(page, claims, now=counts, before={}, at_least=1))

    assert refusal(2, 1) is None
    assert refusal(3, 3) is None
    assert refusal(4, 3) == "expected rows that can be read in 's', got 4 of 7 that cannot"


def test_notes_that_disappear_shrink_no_section() -> None:
    """In July 2026 the history of Windows 10, version 1709, had lost its 26 entries of Windows 10 Mobile."""
    releases = [Claim("s", f"release/win10-1709/{4_073_000 + row}/16299.{row}", "kb", "x", "x", row) for row in range(20)]
    phones = [
        c
        for row in range(20, 26)
        for c in quarantined("s", "entry", f"KB40731{row} (OS Build 15254.{row})", "other", row, may_be_release=False)
    ]
    odd = [c for row in range(20, 26) for c in quarantined("s", "entry", f"KB40731{row} (OS Build 16299.{row})", "odd", row)]
    assert checks.refusal(checks.lost_sections(checks.count(releases + phones), checks.count(releases))) is None
    assert (
        checks.refusal(checks.lost_sections(checks.count(releases + odd), checks.count(releases)))
        == "expected about 26 rows in 's', got 20"
    )


def test_the_trees_are_read_one_after_the_other(run: Command, shared: Path, tmp_path: Path) -> None:
    for tree in ("pages-2026-05", "pages-more-2026-05", "pages", "pages-more"):
        assert run("crawl", "--db", "x.db", "--no-seed", "--from", shared / tree).code == 0, tree
    assert query(tmp_path / "x.db", "select max(may_be_release) from quarantine") == [(0,)]


def test_an_entry_that_is_read_the_next_time_is_gone(run: Command, shared: Path, tmp_path: Path) -> None:
    """And one that a correction accepts keeps nothing from being current any more."""
    tree = shared / "faults" / "pages" / "2-entry-without-kb-1"
    assert run("crawl", "--db", "x.db", "--from", tree).code == 0
    ((source, subject),) = query(tmp_path / "x.db", "select distinct source, subject from quarantine")
    (tmp_path / "x.db.corrections.csv").write_text(
        "source,subject,field,value,new_value,why,url,decided_on\n"
        f"{source},{subject},accepted,,,it is a note,https://support.microsoft.com/,2026-11-26\n",
        encoding="utf-8",
    )
    assert run("crawl", "--db", "x.db", "--from", tree).code == 0
    assert query(tmp_path / "x.db", "select max(may_be_release) from quarantine") == [(0,)]


COLUMNS = "source,subject,field,value,new_value,why,url,decided_on\n"
UNREADABLE = "August the 11th, 2026: Hotpatch KB5120233 (OS Build 26100.33296)"


def _correct(db: Path, subject: str, new_value: str, value: str = "", source: str = "support_navigation") -> None:
    row = f'{source},"{subject}",release,"{value}",{new_value},read by hand,https://support.microsoft.com/,2026-08-12\n'
    db.with_name(f"{db.name}.corrections.csv").write_text(COLUMNS + row, encoding="utf-8")


def _with_entry(tmp_path: Path, name: str, day: str, title: str | None) -> Path:
    """The hotpatch notes with a further entry of Windows Server 2025."""
    place = next(n for n, c in enumerate(render.hotpatch_categories("2026-07", "new")) if "Windows Server 2025" in c.title)
    return hotpatch_tree(tmp_path, name, day, lambda entry: entry, {place: [render.NavEntry(title, "kb5120233")]} if title else None)


def test_a_correction_says_which_release_an_entry_is(run: Command, tmp_path: Path) -> None:
    db = tmp_path / "x.db"
    assert run("crawl", "--db", db, "--from", _with_entry(tmp_path, "first", "2026-08-12", UNREADABLE)).code == 0
    assert query(db, "select product, may_be_release from quarantine") == [("ws2025", 1)]
    assert run("status", "--db", db).code == 6
    (verdict,) = run("lookup", "--db", db, "26100.33296", "--product", "ws2025", "--json").json()
    assert verdict["status"] == "not_found"
    _correct(db, f"quarantine/{UNREADABLE}", "ws2025/5120233/26100.33296/2026-08-11")
    assert run("crawl", "--db", db, "--from", tmp_path / "first").code == 0
    row = "select product, build, release_date, month, cadence, classification, in_hotpatch_line, restart_required from releases where kb = 5120233"
    assert query(db, row) == [("ws2025", "26100.33296", "2026-08-11", "2026-08", "B", "hotpatch", 1, 0)]
    assert query(db, "select max(may_be_release) from quarantine") == [(0,)]
    proof = "select c.source, c.field, c.value_text from fact_claims as f join claims as c using (claim) where f.subject = 'release/ws2025/5120233/26100.33296'"
    assert query(db, proof) == [("support_navigation", "kind", UNREADABLE)]
    assert run("status", "--db", db).code != 6 or query(db, "select count(*) from source_health where is_stale") != [(0,)]
    before = dump(db)
    assert run("replay", "--db", db).code == 0
    assert dump(db) == before


def test_a_correction_of_an_entry_that_was_never_there_fails_the_checks(run: Command, tmp_path: Path) -> None:
    db = tmp_path / "x.db"
    _correct(db, f"quarantine/{UNREADABLE}", "ws2025/5120233/26100.33296/2026-08-11")
    done = run("crawl", "--db", db, "--from", _with_entry(tmp_path, "first", "2026-08-12", None))
    assert (done.code, "expected a claim release = '' of quarantine/" in done.err) == (3, True)
    assert query(db, "select count(*) from releases where kb = 5120233") == [(0,)]
    # The site lists it, and later writes it so that it can be read: what is listed is the release, and the correction is of the past.
    assert run("crawl", "--db", db, "--from", _with_entry(tmp_path, "second", "2026-08-13", UNREADABLE)).code == 0
    readable = "August 11, 2026—Hotpatch KB5120233 (OS Build 26100.33296)"
    assert run("crawl", "--db", db, "--from", _with_entry(tmp_path, "third", "2026-08-14", readable)).code == 0
    assert query(db, "select build, gone_since from releases where kb = 5120233") == [("26100.33296", None)]


def test_a_correction_supplies_a_release_that_no_source_lists(run: Command, tmp_path: Path) -> None:
    db = tmp_path / "x.db"
    title = "August 11, 2026—KB5120233 (OS Build 26100.33296)"
    _correct(db, "release/ws2025/5120233/26100.33296", "ws2025/5120233/26100.33296/2026-08-11", title)
    assert run("crawl", "--db", db, "--from", _with_entry(tmp_path, "first", "2026-08-12", None)).code == 0
    row = "select product, build, release_date, cadence, classification, in_standard_line, gone_since from releases where kb = 5120233"
    assert query(db, row) == [("ws2025", "26100.33296", "2026-08-11", "B", "cumulative", 1, None)]
    (found,) = run("lookup", "--db", db, "KB5120233", "--json").json()
    assert (found["status"], found["matches"][0]["build"]) == ("found", "26100.33296")
    before = dump(db)
    assert run("replay", "--db", db).code == 0
    assert dump(db) == before
    db.with_name("x.db.corrections.csv").unlink()
    assert run("crawl", "--db", db, "--from", tmp_path / "first").code == 0
    assert query(db, row) == []


@pytest.mark.parametrize("new_value", ["", "ws2025", "ws2025/5120233/26100.33296", "ws2025/5120233/26100.33296/soon"])
def test_a_correction_that_supplies_what_cannot_be_read(run: Command, tmp_path: Path, new_value: str) -> None:
    _correct(tmp_path / "x.db", "release/ws2025/5120233/26100.33296", new_value)
    done = run("crawl", "--db", tmp_path / "x.db", "--from", _with_entry(tmp_path, "first", "2026-08-12", None))
    assert (done.code, "expected a release such as ws2025/5122880/26100.33296/2026-08-11 in each row of" in done.err) == (2, True)


@pytest.mark.parametrize("name", TREES)
def test_whole_recordings_are_read(run: Command, shared: Path, tmp_path: Path, name: str) -> None:
    assert run("crawl", "--db", "x.db", "--no-seed", "--from", shared / name).code == 0
    if name == "pages-more":  # cases 45 and 46
        rows = "select count(distinct row) from (select subject as row from claims where source = 'learn_release_info' and section like 'Release history: Windows 10%')"
        ((count,),) = query(tmp_path / "x.db", rows)
        assert count > 1_100
        odd = dict(query(tmp_path / "x.db", "select text, may_be_release from quarantine"))
        assert "2032-01-13 (IoT Enterprise only)" not in odd
        assert odd["Windows 10 Extended Security Updates (ESU) program"] == 0


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_one_thing_are_that_thing_alone(run: Command, shared: Path, tmp_path: Path, name: str) -> None:
    assert run("crawl", "--db", "x.db", "--no-seed", "--from", shared / "faults" / "pages" / name).code == 0
    texts = [text for (text,) in query(tmp_path / "x.db", "select distinct text from quarantine order by text")]
    releases = query(tmp_path / "x.db", "select count(*) from releases")[0][0]
    assert releases > 0 or name == "1-end-date-with-remark"
    if name.startswith("2-entry"):
        assert len(texts) == 1
        control = run("crawl", "--db", "c.db", "--no-seed", "--from", shared / "faults" / "pages" / "2-control")
        assert control.code == 0
        assert query(tmp_path / "c.db", "select count(*) from releases")[0][0] == releases
    if name == "6-entry-of-a-phone":  # case 50
        assert all("Mobile" in text for text in texts)
        assert query(tmp_path / "x.db", "select count(*) from releases where build like '15254.%'") == [(0,)]
        assert query(tmp_path / "x.db", "select max(may_be_release) from quarantine") == [(0,)]


def test_labels_of_issues_are_read_by_their_meaning(run: Command, shared: Path, tmp_path: Path) -> None:
    """Case 49. What stood below "Resolutions" and below a heading was filed under the symptom."""
    assert run("crawl", "--db", "x.db", "--no-seed", "--from", shared / "faults" / "pages" / "5-labels-of-issues").code == 0
    issues = query(tmp_path / "x.db", "select symptom, workaround, state, resolved_by_kb from known_issues order by title desc")
    assert issues == [
        ("Guests do not see shares of the host.", "This issue is resolved in KB5129195.", "resolved", 5129195),
        (
            "Some devices lose the trust of their domain.",
            "Switch the feature off and restart the device. A later update will contain a fix for it.",
            "open",
            None,
        ),
    ]
    channels = query(tmp_path / "x.db", "select channel, is_available from kb_channels order by channel desc")
    assert channels == [("windows_update", 1), ("business", 1)]


@pytest.mark.parametrize(
    ("label", "field"),
    [
        ("Work-around:", "workaround"),
        ("Recommended actions", "workaround"),
        ("How to resolve this issue", "workaround"),
        ("Fix", "workaround"),
        ("Known issue", "symptom"),
        ("Description:", "symptom"),
        ("Root cause", None),
        ("Timeline", None),  # not known: kept apart and reported
        ("Option 1", "symptom"),  # part of what is labelled before it
    ],
)
@pytest.mark.parametrize("form", ["<p><strong>{}</strong></p><p>{}</p>", "<h3>{}</h3><p>{}</p>", "<p><b>{}</b>: {}</p>"])
def test_a_label_in_a_known_issue(label: str, field: str | None, form: str) -> None:
    url = "https://support.microsoft.com/en-us/servicing/os/windows-11/2026/07/july-14-2026-kb5101650"
    text = form.format(label.rstrip(":"), "It is so as of today.")
    box = f"<details><summary>Guests stop</summary><p>Guests stop at noon.</p>{text}</details>"
    body = support_article.article("July 14, 2026—KB5101650 (OS Build 26100.8875)", issues=box)
    claims = list(registry()["support_article"].parse(Page("support_article", url, url, url, "2026-07-23T12:00:00Z", 200, body.encode())))
    issue = {c.field: c.value or "" for c in claims if c.subject.startswith("issue/")}
    assert {name: "as of today" in issue.get(name, "") for name in ("symptom", "workaround")} == {
        "symptom": field == "symptom", "workaround": field == "workaround"
    }  # fmt: skip
    odd = [c for c in claims if c.subject.startswith("quarantine/") and c.field == "may_be_release"]
    assert [(c.value, c.value_text) for c in odd] == ([("0", "Timeline: It is so as of today.")] if label == "Timeline" else [])


@pytest.mark.parametrize("source", ["learn_release_info", "support_navigation"])
def test_every_rendered_page_with_one_odd_thing_keeps_the_rest(source: str) -> None:
    folder = Path(__file__).parent / "pages" / source
    for file in sorted(folder.glob("quarantined-*")):
        if file.suffix == ".json":
            continue
        (spec, *_) = registry()[source].pages
        kind = "text/markdown" if file.suffix == ".md" else "text/html"
        page = Page(
            source, spec.page_url, spec.page_url, spec.page_url, "2026-07-23T12:00:00Z", 200, file.read_bytes(), {"content-type": kind}
        )
        claims = list(registry()[source].parse(page))
        odd = [claim for claim in claims if claim.subject.startswith("quarantine/")]
        assert odd, file.name
        assert len({claim.subject for claim in claims} - {claim.subject for claim in odd}) > 10, file.name
