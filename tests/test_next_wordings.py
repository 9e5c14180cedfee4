"""What Microsoft may write next month: other spellings of dates, types, columns and headings, and titles that say what no hotpatch is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Command
from helpers import render
from helpers.changed_trees import hotpatch_tree
from helpers.dumps import query
from rendered import msrc_cvrf as msrc
from rendered import support_article

from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import build, iso_date, kb, long_dates_in, month_number
from hotpatch_kb.db.model.products import heading
from hotpatch_kb.db.model.titles import calendar_type, title, unknown_words, update_type
from hotpatch_kb.scraper.parsing.tables import build_of, canonical, is_not_yet_known
from hotpatch_kb.scraper.sources import registry, unread

# --- the grammar ----------------------------------------------------------------------------------------------------

LCU, HOTPATCH = "KB5120233 (OS Build 26100.33296)", "Hotpatch KB5120234 (OS Build 26100.33249)"


@pytest.mark.parametrize(
    "text",
    [
        f"August 11, 2026—Cumulative Update {LCU}",
        f"August 11, 2026—LCU {LCU}",
        f"August 11, 2026—{LCU} (Restart required)",
        f"August 11, 2026—Hotpatch rollup (reboot) {LCU}",
        f"August 11, 2026—Non-hotpatch update {LCU}",
        f"August 11, 2026—Quarterly update {LCU}",
        f"October 13, 2026—{LCU}",  # a month that should have a baseline
    ],
)
@pytest.mark.fault("a title among hotpatches that says it is none", of="pages")
def test_what_says_that_it_is_no_hotpatch_is_none(text: str) -> None:
    """A title says "Cumulative Update" or "Restart required"; it is quarantined, and is no hotpatch without a restart."""
    with pytest.raises(UnexpectedPage, match=r"expected (?:a hotpatch, which needs no restart|the word Hotpatch or Baseline)"):
        title(text, in_hotpatch_line=True)


@pytest.mark.parametrize(
    ("text", "kind", "is_out_of_band", "is_expired"),
    [
        (f"August 11, 2026—{HOTPATCH} (no restart required)", "hotpatch", False, False),
        (f"August 11, 2026—{HOTPATCH} - restartless", "hotpatch", False, False),
        (f"August 12, 2026—{HOTPATCH} OOB", "hotpatch", True, False),
        (f"August 12, 2026—{HOTPATCH} Out\u2011of\u2011band", "hotpatch", True, False),
        (f"August 11, 2026—{HOTPATCH} - WITHDRAWN", "hotpatch", False, True),
        ("August 11, 2026—KB5120234 (OS Build 26100.33249)", "hotpatch", False, False),
        (f"October 20, 2026—{LCU} Out-of-band", "hotpatch", True, False),
        ("August 11, 2026—Hotpatch base line KB5120233 (OS Build 26100.33296)", "baseline", False, False),
        ("August 11, 2026—Security Update KB5120234 (OS Build 26100.33249)", "hotpatch", False, False),
    ],
)
def test_titles_of_the_hotpatch_line(text: str, kind: str, is_out_of_band: bool, is_expired: bool) -> None:
    read = title(text, in_hotpatch_line=True)
    assert (read.kind, read.is_out_of_band, read.is_expired) == (kind, is_out_of_band, is_expired)


@pytest.mark.parametrize(
    "text",
    [
        f"Aug 11, 2026—{HOTPATCH}",
        f"Aug. 11 2026: {HOTPATCH}",
        f"11 August 2026 – {HOTPATCH}",
        f"August 11th, 2026—{HOTPATCH}",
        f"2026-08-11—{HOTPATCH}",
        f"{HOTPATCH} - August 11, 2026",
        "KB5120234: Hotpatch for Windows Server 2025 - August 11, 2026 (OS Build 26100.33249)",
    ],
)
def test_the_date_of_a_title_in_other_spellings_and_places(text: str) -> None:
    read = title(text, in_hotpatch_line=True)
    assert (read.date, read.kb, [str(b) for b in read.builds], read.kind) == ("2026-08-11", 5120234, ["26100.33249"], "hotpatch")


@pytest.mark.parametrize(
    "text", [f"[Paused] August 11, 2026—{HOTPATCH}", f"08/11/2026—{HOTPATCH}", f"2026-08-32—{HOTPATCH}", f"August 32, 2026—{HOTPATCH}"]
)
def test_other_beginnings_of_titles_cannot_be_read(text: str) -> None:
    with pytest.raises(UnexpectedPage, match=r"expected (?:a title that begins|a day of the calendar)"):
        title(text)


def test_an_update_for_the_server_operating_system_is_no_component() -> None:
    assert title("August 11, 2026—KB5120233: Cumulative Update for Microsoft server operating system version 24H2").kind == ""
    assert title("KB5066360—Security Update for Windows PowerShell").kind == "component"


def test_words_of_titles_that_are_new_are_named() -> None:
    assert unknown_words(f"August 11, 2026—{HOTPATCH} - Paused until August 14, 2026") == ["Paused", "until"]
    assert unknown_words(f"August 11, 2026—{HOTPATCH} (no restart required) Out-of-band - EXPIRED") == []
    assert unknown_words("October 24, 2025—KB5070893 (OS Build 26100.6905) Security Update for Windows Server Update Services") == []


def test_cells_in_other_spellings() -> None:
    assert {iso_date(text) for text in ("2026-08-11*", "2026–08–11", "2026/08/11", "August 11, 2026", "11 Aug 2026")} == {"2026-08-11"}
    assert (str(build("26100.33296 †")), kb("KB5120233^1^")) == ("26100.33296", 5120233)
    assert (month_number("Aug"), month_number("Sept."), month_number("may")) == (8, 9, 5)
    assert long_dates_in("on 11 August 2026 and Sept. 8, 2026") == ("2026-08-11", "2026-09-08")
    for text in ("11/08/2026", "11.08.2026", "2026-8-11", "Augu 11, 2026"):  # of August or of November?
        with pytest.raises(UnexpectedPage, match="expected a date"):
            iso_date(text)


@pytest.mark.parametrize(
    ("text", "cadence", "is_marked"),
    [
        ("2026-08 b", "B", False),
        ("2026–08 B", "B", False),
        ("2026-08 Out-of-band", "OOB", False),
        ("2026-08 B†", "B", False),
        ("2026-08 B^1^", "B", False),
        ("2026.08 B * †", "B", True),
    ],
)
def test_update_types_in_other_spellings(text: str, cadence: str, is_marked: bool) -> None:
    assert update_type(text) == ("2026-08", cadence, is_marked)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Baseline – restart required", "baseline"),
        ("Unplanned baseline (Restart)", "baseline"),
        ("Hotpatch (No restart required)", "hotpatch"),
        ("Hotpatch*", "hotpatch"),
        ("Hotpatch (Restart)", None),
        ("Baseline (no restart)", None),
        ("Hotpatch cancelled", None),
        ("No hotpatch", None),
        ("Hotpatch or baseline", None),
        ("N/A", None),
    ],
)
def test_types_in_other_spellings(text: str, kind: str | None) -> None:
    if kind:
        assert calendar_type(text) == kind
    else:
        with pytest.raises(UnexpectedPage, match="expected the type"):
            calendar_type(text)


def test_columns_headings_and_cells_that_say_nothing_yet() -> None:
    assert canonical(["Month", "Release date", "OS build", "KB number"], ["build", "kb article", "availability date", "month"]) == [
        "month", "availability date", "build", "kb article"
    ]  # fmt: skip
    assert canonical(["Release date", "Publication date"], ["availability date"]) == ["release date", "publication date"]
    assert canonical(["Build", "OS build"], ["build"]) == ["build", "os build"]
    assert [is_not_yet_known(text) for text in ("", "TBD", "N/A", "—", "Not yet released", "26100.1", "KB5120234")] == [True] * 5 + [
        False
    ] * 2
    for text in ("Version 25H2 (OS build 26200)", "Windows 11, version 25H2 (OS build 26200)", "Version 25H2 – OS build 26200"):
        assert (found := heading(text, "win11")) is not None
        assert found.product == "win11-25h2"
    assert heading("Version 26H2 (OS builds 26300 and 26310)", "win11") is None
    assert str(build_of("26200.9012 and 26100.9012", 26200)) == "26200.9012"
    for text in ("26200.9012 and 26200.9013", "26200.9012 replaces 26100.9012"):
        with pytest.raises(UnexpectedPage, match="expected an OS build"):
            build_of(text, 26200)


# --- whole pages ----------------------------------------------------------------------------------------------------

READ_AT = "2026-07-23T12:00:00Z"
CALENDAR = "Hotpatch calendar 2026: Windows 11, version 25H2"


def _windows11(change: Callable[[str], str] = lambda text: text) -> tuple[list[Claim], list[str]]:
    """The claims of Learn's page of Windows 11 with one thing changed, and what is not read of it."""
    text = render.release_info_html(render.windows11_release_info("2026-07"))
    changed = change(text)
    url = render.WINDOWS11_INFO
    page = Page("learn_release_info", url, url, url, READ_AT, 200, changed.encode())
    source = registry()["learn_release_info"]
    claims = list(source.parse(page))
    return claims, [f"{entry.what}: {entry.note}" for entry in unread(source, page, claims)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (">Availability date<", ">Release date<"),
        (">KB article<", ">KB number<"),
        (">Build<", ">OS build<"),
        ("Calendar year 2026", "2026 calendar year"),
        ("Version 25H2 (OS build 26200)", "Windows 11, version 25H2 (OS build 26200)"),
        (">2026-07-14<", ">July 14, 2026<"),
        (">Baseline (Restart)<", ">Baseline – restart required<"),
        (">2026.07 B<", ">2026.07 b<"),
    ],
)
@pytest.mark.fault("a column, heading or cell in other words", of="pages")
def test_the_same_in_other_words_is_the_same(old: str, new: str) -> None:
    """Learn writes "Release date" or "July 14, 2026"; the same is read."""
    good, _ = _windows11()
    claims, _ = _windows11(lambda text: text.replace(old, new))
    said = [[(c.section, c.subject, c.field, c.value) for c in read] for read in (good, claims)]
    assert said[0] == said[1]
    assert claims != good or new.startswith((">Release", ">KB", ">OS", "2026 calendar", "Windows 11"))


def test_other_names_of_columns_and_other_marks_are_told() -> None:
    _, told = _windows11(lambda text: text.replace(">Build<", ">OS build<"))
    assert [note for note in told if note.startswith("column: expected no column 'OS build'")]
    _, told = _windows11(lambda text: text.replace(">2026-07 B<", ">2026-07 B†<", 1))
    assert [note for note in told if note.startswith("mark: expected no mark '†'")]


@pytest.mark.parametrize("cell", ["TBD", "N/A", "—", "Not yet released"])
@pytest.mark.fault("a planned month whose cells are not empty", of="pages")
def test_a_planned_month_stays_planned(cell: str) -> None:
    """Cells of a month to come say TBD, or are one cell; the month stays planned."""
    row = render.release_info_html(render.windows11_release_info("2026-07"))
    assert "<td>2026.09 B</td>" in row
    claims, _ = _windows11(lambda text: _planned(text, f"<td>{cell}</td>" * 3))
    merged, _ = _windows11(lambda text: _planned(text, f'<td colspan="3">{cell}</td>'))
    for read in (claims, merged):
        months = [(c.field, c.value) for c in read if c.section == CALENDAR and c.subject == "calendar/win11-25h2/2026-09"]
        assert months == [("planned_type", "hotpatch")]
        assert not [c for c in read if c.subject.startswith("quarantine/")]


def _planned(text: str, cells: str) -> str:
    start = text.index("<td>2026.09 B</td>")
    end = text.index("</tr>", start)
    return f"{text[:start]}<td>2026.09 B</td><td>Hotpatch</td>{cells}{text[end:]}"


@pytest.mark.fault("a cell that covers several rows", of="pages")
def test_a_month_that_covers_two_rows_is_the_month_of_both() -> None:
    """A month covers the row of an out-of-band hotpatch, too; both are read."""
    more = (
        "<tr><td>2026.05 OOB</td><td>Hotpatch</td><td>2026-05-20</td><td>26200.8399</td>"
        '<td><a href="https://support.microsoft.com/help/5089999">KB5089999</a></td></tr>'
    )

    def change(text: str) -> str:
        start = text.rindex("<tr>", 0, text.index("<td>2026.05 B</td>"))
        end = text.index("</tr>", start) + len("</tr>")
        row = text[start:end]
        assert row.count("<td>May</td>") == 1
        return text[:start] + row.replace("<td>May</td>", '<td rowspan="2">May</td>') + more + text[end:]

    claims, _ = _windows11(change)
    found = {c.field: c.value for c in claims if c.section == CALENDAR and c.subject == "release/win11-25h2/5089999/26200.8399"}
    assert (found["classification"], found["cadence"], found["release_date"]) == ("hotpatch", "OOB", "2026-05-20")
    assert not [c for c in claims if c.subject.startswith("quarantine/")]
    months = {c.field: c.value for c in claims if c.subject == "calendar/win11-25h2/2026-05" and c.section == CALENDAR}
    assert months["kb"] == "5089466"


def test_an_option_that_covers_all_rows_of_a_history() -> None:
    def change(text: str) -> str:
        start = text.index("<td>General Availability Channel</td>", text.index("release history"))
        end = text.index("</table>", start)
        rows = text[start:end].replace("<td>General Availability Channel</td>", "")
        return f'{text[:start]}<td rowspan="65534">General Availability Channel</td>{rows}{text[end:]}'

    good, _ = _windows11()
    claims, _ = _windows11(change)
    assert claims == good


def _month(products: dict[str, str]) -> list[Claim]:
    """The claims of a month with a fix of Windows Server 2025 and one of 2022, whose products have other names."""
    fixes = (msrc.Fix("5120233", ("ws2025",), "26100.33296"), msrc.Fix("5071547", ("ws2022",), "20348.4529"))
    body = msrc.month_document("2025-12", [msrc.Cve("CVE-2025-90001", "Made-up", fixes)])
    for old, new in products.items():
        assert old.encode() in body
        body = body.replace(old.encode(), new.encode())
    url = msrc.url("2025-12")
    return list(registry()["msrc_cvrf"].parse(Page("msrc_cvrf", url, url, url, READ_AT, 200, body)))


@pytest.mark.parametrize("name", ["Microsoft Windows Server 2025", "Microsoft server operating system version 24H2 for x64-based Systems"])
def test_other_names_of_a_server_in_security_data(name: str) -> None:
    claims = _month({"Windows Server 2025": name})
    assert ("remediation/ws2025/5120233", "fixed_build", "26100.33296") in {(c.subject, c.field, c.value) for c in claims}
    assert not [c for c in claims if c.subject.startswith("quarantine/")]


@pytest.mark.parametrize(("name", "is_told"), [("Server Next", True), ("Azure Local 24H2", False)])
@pytest.mark.fault("a product of the security data with an unknown name", of="pages")
def test_a_fix_with_a_build_of_ours_for_an_unknown_product_is_told(name: str, is_told: bool) -> None:
    """MSRC's data has a fix with our build for a product that we do not know; it is quarantined, and older builds are not called patched."""
    claims = _month({"Windows Server 2025": name})
    assert not [c for c in claims if c.subject.startswith("remediation/ws2025")]
    assert [c for c in claims if c.subject == "remediation/ws2022/5071547"]
    odd = {(c.field, c.value) for c in claims if c.subject.startswith("quarantine/KB5120233")}
    told = {("may_be_release", "1"), ("product", "ws2025"), ("product#2", "win11-24h2"), ("kb", "5120233"), ("build", "26100.33296")}
    assert (odd >= told) == is_told
    assert bool(odd) == is_told


@pytest.mark.fault("a hotpatch that its article says to need a restart", of="pages")
def test_a_hotpatch_whose_article_says_that_it_needs_a_restart_is_told() -> None:
    """Its article says that it requires a restart; that is reported."""
    url = "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/kb5120234-hotpatch"
    body = support_article.article(f"August 11, 2026—{HOTPATCH}", more="<p>This update requires a restart.</p>")
    page = Page("support_article", url, url, url, READ_AT, 200, body.encode())
    source = registry()["support_article"]
    told = [entry.note for entry in unread(source, page, list(source.parse(page))) if entry.what == "restart"]
    assert told == ["expected a hotpatch to need no restart, got 'This update requires a restart.'"]


@pytest.mark.fault("an update listed for one of its versions alone", of="pages")
def test_an_update_that_its_own_category_lacks_is_told() -> None:
    """The category of a new version has an update of three, and the others end before it; that is reported."""
    title = "July 22, 2026—Hotpatch KB5121999 (OS Builds 26300.8990, 26200.8990 and 26100.8990) Out-of-band"
    entries = [render.NavEntry(title, "../2026/kb5121999-hotpatch")]
    added = [render.NavCategory("Release notes for Hotpatch on Windows 11 Enterprise version 26H2", "release-notes-26h2", entries)]
    url = render.HOTPATCH_HUB["new"]
    notes = []
    for categories in (render.hotpatch_categories("2026-07", "new"), [*added, *render.hotpatch_categories("2026-07", "new")]):
        body = render.navigation_new(categories, h1="Release notes")
        page = Page("support_navigation", url, url, url, READ_AT, 200, body.encode())
        source = registry()["support_navigation"]
        notes.append([entry.note for entry in unread(source, page, list(source.parse(page))) if entry.what == "category"])
    assert notes[0] == []
    assert [note.rpartition("category of ")[2] for note in notes[1]] == [
        "win11-25h2, too, got it in that of win11-26h2 alone",
        "win11-24h2 or ws2025, too, got it in that of win11-26h2 alone",
    ]


def _with_entry(tmp_path: Path, text: str) -> Path:
    """The hotpatch notes of August 12 with a further entry of Windows Server 2025."""
    place = next(n for n, c in enumerate(render.hotpatch_categories("2026-07", "new")) if "Windows Server 2025" in c.title)
    return hotpatch_tree(tmp_path, "tree", "2026-08-12", lambda entry: entry, {place: [render.NavEntry(text, "x-hotpatch")]})


def test_what_is_no_hotpatch_is_quarantined_and_never_without_a_restart(run: Command, tmp_path: Path) -> None:
    text = f"August 11, 2026—{LCU} (Restart required)"
    assert run("crawl", "--db", "x.db", "--from", _with_entry(tmp_path, text)).code == 0
    assert query(tmp_path / "x.db", "select product, text, kb, build, may_be_release from quarantine") == [
        ("ws2025", text, 5120233, "26100.33296", 1)
    ]
    assert query(tmp_path / "x.db", "select count(*) from releases where kb = 5120233") == [(0,)]


@pytest.mark.fault("a word of a title that is new", of="pages")
def test_a_word_that_is_new_is_told_and_the_hotpatch_is_read(run: Command, tmp_path: Path) -> None:
    """A title ends with "Paused"; it is read, and the word is reported."""
    assert run("crawl", "--db", "x.db", "--from", _with_entry(tmp_path, f"August 11, 2026—{HOTPATCH} - Paused")).code == 0
    assert query(tmp_path / "x.db", "select build, classification from releases where kb = 5120234") == [("26100.33249", "hotpatch")]
    ((note,),) = query(tmp_path / "x.db", "select note from checks where name = 'unread words' and not ok")
    assert "'Paused'" in note


def test_a_hotpatch_that_is_withdrawn_is_not_offered(run: Command, tmp_path: Path) -> None:
    assert run("crawl", "--db", "x.db", "--from", _with_entry(tmp_path, f"August 11, 2026—{HOTPATCH} - Withdrawn")).code == 0
    assert query(tmp_path / "x.db", "select build, is_expired from releases where kb = 5120234") == [("26100.33249", 1)]
