"""Tables of support dates that are a little wrong: a slipped column, a swapped header, an empty cell. No end follows that the page did not have."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import combinations
from itertools import product as pairs
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers import render
from helpers.dumps import query
from lxml import html
from rendered import learn_lifecycle

from hotpatch_kb.db.claims.plausibility import odd_rows
from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.scraper.parsing.support_dates import Term, check_end, check_start
from hotpatch_kb.scraper.sources import registry

READ_AT = "2026-07-23T12:00:00Z"
RELEASE_HEALTH = "https://learn.microsoft.com/en-us/windows/release-health/"
LIFECYCLE = {page.name: page for page in learn_lifecycle.pages() if not page.name.startswith(("refused", "quarantined"))}
WITH_VERSIONS = [name for name, page in LIFECYCLE.items() if '<h2 id="releases">' in str(page.body)]
FIXED = [name for name in LIFECYCLE if name not in WITH_VERSIONS]
Cells = list[list[Any]]
Stated = dict[tuple[str, str], str | None]


def _short(info: render.ReleaseInfo) -> str:
    """A page of release information with two rows of each history."""
    return render.release_info_html(replace(info, history=[replace(table, rows=table.rows[:2]) for table in info.history], calendars=[]))


WINDOWS11 = _short(render.windows11_release_info("2026-07"))
WINDOWS10 = _short(render.windows10_release_info("2026-07"))


def _changed(body: str, place: int, change: Callable[[Cells], Cells | None]) -> str:
    """A page with the cells of its nth table moved: by row, the header first."""
    root = html.document_fromstring(body)
    rows = list(root.findall(".//main//table")[place].iter("tr"))
    cells = [list(row) for row in rows]
    for row, moved in zip(rows, change(cells) or cells, strict=True):
        row[:] = moved
    return html.tostring(root, encoding="unicode")


def _rotated(column: int, steps: int) -> Callable[[Cells], Cells]:
    """Move the cells of a column some rows down; the last ones come to the first rows."""

    def change(rows: Cells) -> Cells:
        below = [row[column] for row in rows[1:]]
        moved = below[-steps:] + below[:-steps]
        return [rows[0], *([*row[:column], cell, *row[column + 1 :]] for row, cell in zip(rows[1:], moved, strict=True))]

    return change


def _swapped(a: int, b: int, rows: slice = slice(None)) -> Callable[[Cells], Cells]:
    """Swap two cells of some rows."""

    def change(cells: Cells) -> Cells:
        for row in cells[rows]:
            row[a], row[b] = row[b], row[a]
        return cells

    return change


def _dropped(column: int) -> Callable[[Cells], Cells]:
    return lambda rows: [[*row[:column], *row[column + 1 :]] for row in rows]


def _emptied(row: int, column: int, text: str) -> Callable[[Cells], None]:
    def change(rows: Cells) -> None:
        cell = rows[row][column]
        cell[:] = []
        cell.text = text

    return change


def _claims(name: str, body: str | None = None) -> list[Claim]:
    """The claims of a lifecycle page, or of a page of release information."""
    if name in LIFECYCLE:
        source, url, own = "learn_lifecycle", LIFECYCLE[name].url, str(LIFECYCLE[name].body)
    else:
        source, url, own = "learn_release_info", f"{RELEASE_HEALTH}{name}", ""
    return list(registry()[source].parse(Page(source, url, url, url, READ_AT, 200, (body or own).encode())))


def _read(name: str, body: str) -> tuple[Stated, list[tuple[str, str]]]:
    """What a page states, and what of it is quarantined; of one that is refused, nothing and why."""
    try:
        return _stated(_claims(name, body))
    except UnexpectedPage as error:
        return {}, [("", str(error))]


def _stated(claims: list[Claim]) -> tuple[Stated, list[tuple[str, str]]]:
    """What is stated of support and of latest builds; and text and reason of what is quarantined."""
    kinds = ("lifecycle/", "product/")
    stated = {(c.subject, c.field): c.value for c in claims if c.subject.startswith(kinds)}
    return stated, [(c.value_text, c.value or "") for c in claims if c.subject.startswith("quarantine/") and c.field == "reason"]


def _ends(stated: Stated) -> Stated:
    return {key: value for key, value in stated.items() if "end_date" in key[1]}


# --- a column that slipped ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in WITH_VERSIONS if name != "annual-channel.html"])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_column_of_versions_that_slipped_states_no_end(name: str, column: int) -> None:
    """By any number of rows, whichever column: no version gets the end of another. Two rows may both be plausible with the other's end."""
    before, _ = _stated(_claims(name))
    body = str(LIFECYCLE[name].body)
    count = len(html.document_fromstring(body).findall(".//main//table")[1].findall(".//tr")) - 1
    for steps in range(1, count):
        after, odd = _read(name, _changed(body, 1, _rotated(column, steps)))
        assert not after.items() - before.items(), steps
        assert not _ends(after) if column else len(after) < len(before), steps
        assert odd, steps


@pytest.mark.parametrize("name", ["windows-11-home.html", "windows-11-enterprise.html", "windows-11-iot-enterprise.html"])
def test_a_column_that_lost_its_last_cell_is_refused(name: str) -> None:
    """Each version with the end of the newer one, which is a year too late."""

    def change(rows: Cells) -> Cells:
        moved = _rotated(2, 1)(rows)
        moved[1][2] = html.fragment_fromstring("<td></td>")
        return moved

    with pytest.raises(UnexpectedPage, match="expected each end date of 'Releases' in the row of its version, got a column that slipped"):
        _claims(name, _changed(str(LIFECYCLE[name].body), 1, change))


@pytest.mark.parametrize(("page", "table"), [("release-information", 1), ("windows11-release-information", 0)])
def test_a_column_of_release_information_that_slipped_states_nothing_new(page: str, table: int) -> None:
    """The versions of the channels: their names, days, ends, latest days and builds. What ended has no date, wherever it stands."""
    body = WINDOWS10 if page == "release-information" else WINDOWS11
    before, quarantined = _stated(_claims(page, body))
    assert quarantined == []
    rows = html.document_fromstring(body).findall(".//main//table")[table].findall(".//tr")
    header = [cell.text_content().casefold().strip() for cell in rows[0]]
    for column, steps in pairs(range(len(header)), range(1, len(rows) - 1)):
        moved = _changed(body, table, _rotated(column, steps))
        if header[column] in {"servicing option", "latest update for esu", "latest revision date"} or moved == _changed(
            body, table, lambda _: None
        ):
            continue
        after, odd = _stated(_claims(page, moved))
        assert {key for key, value in after.items() - before.items() if value is not None} == set(), (header[column], steps)
        assert odd, (header[column], steps)


# --- headers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LIFECYCLE)
def test_headers_that_were_swapped_state_no_end_of_another_column(name: str) -> None:
    body, place = str(LIFECYCLE[name].body), int(name in WITH_VERSIONS)
    before, _ = _stated(_claims(name))
    width = len(html.document_fromstring(body).findall(".//main//table")[place].find(".//tr"))
    for a, b in combinations(reversed(range(width)), 2):
        for rows in (slice(1), slice(1, None)):
            try:
                after, odd = _stated(_claims(name, _changed(body, place, _swapped(a, b, rows))))
            except UnexpectedPage:
                continue
            assert not after.items() - before.items(), (a, b)
            assert odd, (a, b)
        # Columns that moved with their header state the same; that of the names, if its name is known.
        assert (b == 0 and name == "renamed-first-column.html") or _stated(_claims(name, _changed(body, place, _swapped(a, b))))[
            0
        ] == before, (a, b)


@pytest.mark.parametrize("name", LIFECYCLE)
def test_a_page_without_a_column_that_it_always_has_is_refused(name: str) -> None:
    """Without the column of extended support, that would pass as ending with mainstream support."""
    body, place = str(LIFECYCLE[name].body), int(name in WITH_VERSIONS)
    for column in range(1, len(html.document_fromstring(body).findall(".//main//table")[place].find(".//tr"))):
        with pytest.raises(UnexpectedPage, match=r"expected the columns .* in '(?:Support Dates|Releases)', got \["):
            _claims(name, _changed(body, place, _dropped(column)))


def test_the_column_of_mainstream_support_under_another_name_leaves_the_rest() -> None:
    """And where that of extended support has another name, mainstream support is not all."""
    body = learn_lifecycle.server("2025")
    for old, kind in (("Mainstream End Date", "extended"), ("Extended End Date", "mainstream")):
        claims = _claims("windows-server-2025.html", body.replace(old, "Ends"))
        assert {c.subject for c in claims if c.field == "end_date"} == {f"lifecycle/ws2025/server/{kind}"}


def test_ltsc_since_2021_has_mainstream_support_alone() -> None:
    stated, odd = _stated(_claims("ltsc-2021.html"))
    assert (_ends(stated), odd) == (
        {(f"lifecycle/win10-21h2/ltsc/{kind}", "end_date"): "2027-01-12" for kind in ("mainstream", "end_of_servicing")},
        [],
    )


@pytest.mark.parametrize(("a", "b"), [(2, 3), (2, 4), (3, 4), (2, 6), (3, 6)])
@pytest.mark.parametrize("rows", [slice(1), slice(1, 2)])
def test_headers_and_cells_of_release_information_that_were_swapped(a: int, b: int, rows: slice) -> None:
    """Days of availability, the two ends, and the latest revision: what no rule tells is an end that is too early, never one that is too late."""
    before, _ = _stated(_claims("windows11-release-information", WINDOWS11))
    after, odd = _stated(_claims("windows11-release-information", _changed(WINDOWS11, 0, _swapped(a, b, rows))))
    assert odd
    wrong = {key: value for key, value in after.items() - before.items() if value is not None and key[1] != "latest_on"}
    assert all(key[1] == "mainstream_end_date" and value < (before[key] or "") for key, value in wrong.items())
    assert not wrong or b == 6


# --- cells --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\u00a0", "-", "N/A", "Not applicable", "TBD"])
@pytest.mark.parametrize("name", LIFECYCLE)
def test_a_cell_without_a_date_is_quarantined_alone(name: str, text: str) -> None:
    body, place = str(LIFECYCLE[name].body), int(name in WITH_VERSIONS)
    before, notes = _stated(_claims(name))
    rows = html.document_fromstring(body).findall(".//main//table")[place].findall(".//tr")
    for column in range(1, len(rows[0])):
        after, odd = _stated(_claims(name, _changed(body, place, _emptied(1, column, text))))
        gone = before.items() - after.items()
        assert gone, column
        assert {key[1] for key, _ in gone} == {"start_date"} if column == 1 else {key[1] for key, _ in gone} == {"end_date", "start_date"}
        assert not after.items() - before.items(), column
        assert len(odd) == len(notes) + 1, column


def test_a_version_in_support_without_an_end_is_read() -> None:
    stated, odd = _stated(
        _claims("windows-11-home.html", _changed(str(LIFECYCLE["windows-11-home.html"].body), 1, _emptied(1, 2, "In Support")))
    )
    assert (stated["lifecycle/win11-26h1/home_pro/end_of_servicing", "end_date"], odd) == (None, [])


@pytest.mark.parametrize(("column", "texts"), [(2, ["", "N/A"]), (3, ["", "N/A", "-"]), (4, ["", "TBD"])])
def test_a_cell_of_release_information_without_a_date_is_quarantined_alone(column: int, texts: list[str]) -> None:
    body = WINDOWS11
    before, _ = _stated(_claims("windows11-release-information", body))
    for text in texts:
        after, odd = _stated(_claims("windows11-release-information", _changed(body, 0, _emptied(2, column, text))))
        field = ("release_date", "mainstream_end_date", "extended_end_date")[column - 2]
        gone = {("product/win11-25h2", field)} | (
            {("lifecycle/win11-25h2/iot_enterprise/end_of_servicing", "end_date")} if column == 4 else set()
        )
        assert ({key for key, _ in before.items() - after.items()}, after.items() - before.items()) == (gone, set())
        assert [shown for shown, _ in odd] == [text or "25H2"]


# --- how long support lasts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "is_believed"),
    [
        (Term("win11-24h2", "home_pro", "end_of_servicing", "2024-10-01", "2026-10-13"), True),
        (Term("win11-24h2", "home_pro", "end_of_servicing", "2024-10-01", "2027-04-13"), True),  # six months more
        (Term("win11-24h2", "home_pro", "end_of_servicing", "2024-10-01", "2027-10-12"), False),  # that of 25H2
        (Term("win11-24h2", "home_pro", "end_of_servicing", None, "2026-10-13"), True),
        (Term("win11-24h2", "home_pro", "end_of_servicing", None, "2028-03-14"), False),
        (Term("win11-24h2", "enterprise_education", "end_of_servicing", "2024-10-01", "2028-10-10"), False),
        (Term("win11-24h2", "enterprise_education", "end_of_servicing", "2024-10-01", "2025-10-14"), False),
        (Term("win10-22h2", "home_pro", "end_of_servicing", "2022-10-18", "2025-10-14"), True),  # as long as Windows 10
        (Term("win10-1803", "enterprise_education", "end_of_servicing", "2018-04-30", "2021-05-11"), True),
        (Term("win10-1809", "ltsc", "extended", "2018-11-13", "2029-01-09"), True),
        (Term("win10-1809", "ltsc", "mainstream", "2018-11-13", "2029-01-09"), False),
        (Term("win10-1809", "ltsc", "extended", "2018-11-13", "2032-01-13"), False),  # that of 21H2
        (Term("ws2025", "server", "extended", "2024-11-01", "2035-11-13"), True),  # a year more
        (Term("ws2022", "server", "extended", "2021-08-18", "2034-11-14"), False),  # that of Windows Server 2025
        (Term("ws2025", "server", "extended", "2024-11-01", "2024-10-08"), False),
        (Term("win10-22h2", "home_pro", "esu_year_1", "2025-10-15", "2026-10-13"), True),
        (Term("win10-22h2", "home_pro", "esu_year_1", "2025-10-15", "2027-10-12"), False),
        (Term("win10-1809", "iot_core", "end_of_servicing", "2018-11-13", "2029-01-09"), True),  # no policy that we know
        (Term("win10-1809", "iot_core", "end_of_servicing", "2018-11-13", "2018-11-13"), False),
    ],
)
def test_support_lasts_as_long_as_a_policy_says(term: Term, is_believed: bool) -> None:
    try:
        check_end(term)
    except UnexpectedPage:
        assert not is_believed
    else:
        assert is_believed


@pytest.mark.parametrize(
    ("product", "first", "last"),
    [
        ("win11-25h2", "2025-07-01", "2025-12-31"),
        ("win11-26h1", "2026-01-01", "2026-06-30"),
        ("win10-2004", "2020-04-01", "2020-07-31"),
        ("win10-1809", "2018-09-01", "2018-12-31"),
        ("ws2025", "2024-01-01", "2025-12-31"),
        ("ws-23h2", "2023-07-01", "2023-12-31"),
    ],
)
def test_a_version_begins_when_its_name_says(product: str, first: str, last: str) -> None:
    for day in (first, last):
        check_start(product, day)
    for day in (f"{int(first[:4]) - 1}{first[4:]}", f"{int(last[:4]) + 1}{last[4:]}"):
        with pytest.raises(UnexpectedPage, match=f"expected {product} to begin in the months that it is named for, got {day}"):
            check_start(product, day)
    check_start("ws-azure-preview", "2021-03-09")  # named for no time


# --- what follows -------------------------------------------------------------------------------------------------------


def test_a_slipped_column_calls_no_machine_supported(run: Command, crawled: Path, tmp_path: Path) -> None:
    """Windows 11 23H2 Pro ended on 2025-11-11; the page now has the end of 24H2 in its row. The ends of before are believed, and it is told."""
    name, url, tree = "windows-11-home.html", LIFECYCLE["windows-11-home.html"].url, tmp_path / "tree"
    slipped = _changed(str(LIFECYCLE[name].body), 1, _rotated(2, 1))
    asked = "select product, end_date from lifecycles where edition_group = 'home_pro' and product like 'win11%' order by product"
    with closing(sqlite3.connect(crawled / "x.db")) as source, closing(sqlite3.connect(tmp_path / "x.db")) as target:
        source.backup(target)
    for day, body in (("2026-07-23", str(LIFECYCLE[name].body)), ("2026-07-24", slipped)):
        render.save_tree(tree, url, body, fetched_at=f"{day}T13:00:00Z", suffix=".html")
        assert run("crawl", "--db", "x.db", "--from", tree).code == (3 if body is slipped else 0)
        ends = query(tmp_path / "x.db", asked)
        assert dict(ends)["win11-23h2"] == "2025-11-11", day
        answer = run("lookup", "22631.7376", "--edition", "Pro", "--on", "2026-07-20", "--db", "x.db", "--json").json()[0]["matches"][0]
        assert answer["verdict"]["verdict"] == "unsupported", day
    notes = query(tmp_path / "x.db", "select note from checks where source = 'learn_lifecycle' and not ok and note like '%slipped'")
    assert notes == [("expected each end date of 'Releases' in the row of its version, got a column that slipped",)]


def test_an_extension_of_a_year_is_told_and_a_person_may_accept_it(run: Command, tmp_path: Path) -> None:
    """It looks like the end of the next version: the former end goes on until a correction of it says otherwise.

    Where the page states it no more, the table of the package does.
    """
    name, tree = "windows-11-home.html", tmp_path / "tree"
    body = str(LIFECYCLE[name].body)
    longer = body.replace("2025-11-11T22", "2026-11-10T22")
    correction = "facts_lifecycle,lifecycle/win11-23h2/home_pro/end_of_servicing,end_date,2025-11-11,2026-11-10,extended,https://example.org/,2026-07-24"
    ends = []
    for day, text in (("2026-07-23", body), ("2026-07-24", longer), ("2026-07-25", longer)):
        render.save_tree(tree, LIFECYCLE[name].url, text, fetched_at=f"{day}T13:00:00Z", suffix=".html")
        assert run("crawl", "--db", "x.db", "--no-seed", "--from", tree).code == 0
        asked = "select end_date from lifecycles where product = 'win11-23h2' and edition_group = 'home_pro'"
        ends += query(tmp_path / "x.db", asked)
        rows = query(tmp_path / "x.db", "select product, may_be_release, text from quarantine where source = 'learn_lifecycle'")
        assert rows == ([] if text is body else [("win11-23h2", 0, "Version 23H2: 2026-11-10T22:59:59.999-08:00")])
        if text is longer:
            (tmp_path / "x.db.corrections.csv").write_text(
                f"source,subject,field,value,new_value,why,url,decided_on\n{correction}\n", encoding="utf-8"
            )
    assert ends == [("2025-11-11",), ("2025-11-11",), ("2026-11-10",)]


# --- numbers of KBs -----------------------------------------------------------------------------------------------------


def test_a_column_of_kbs_that_slipped_in_a_calendar_is_told() -> None:
    """Twelve months of a year, each with the KB of the month before it, the first with the last one's."""
    info = render.server_release_info("2026-07-02")
    url = f"{RELEASE_HEALTH}windows-server-release-info"

    def notes(text: str) -> list[str]:
        page = Page("learn_release_info", url, f"{url}?accept=text/markdown", url, READ_AT, 200, text.encode())
        return [odd.note for odd in odd_rows(list(registry()["learn_release_info"].parse(page))) if odd.name == "kb order"]

    text = render.release_info_markdown(info)
    assert notes(text) == []
    lines = text.splitlines()
    rows = [number for number, line in enumerate(lines) if "| 2025.0" in line or "| 2025.1" in line]
    rows = [number for number in rows if number - rows[0] < 12]
    cells = [lines[number].split("|") for number in rows]
    for number, own, other in zip(rows, cells, [cells[-1], *cells[:-1]], strict=True):
        lines[number] = "|".join([*own[:-2], other[-2], own[-1]])
    (note,) = notes("\n".join(lines))
    assert note.startswith("expected KBs of B releases to rise with the months, got 2025.01 B ")


@pytest.mark.parametrize(
    ("note", "product"),
    [
        ("Hotpatching is not available on Windows 11, version 26H1.", "win11-26h1"),
        ("Hotpatches are not supported for Windows 11, version 24H2.", "win11-24h2"),
        ("Hotpatching is not available on Windows 11, version 19H9.", None),  # no row of the table
        ("Hotpatching is available on Windows 11, version 26H1.", None),
    ],
)
def test_a_note_that_a_version_has_no_hotpatching(note: str, product: str | None) -> None:
    claims = _claims("windows11-release-information", WINDOWS11.replace("</main>", f"<div><p>Note</p><p>{note}</p></div></main>"))
    assert [(c.subject, c.field, c.value, c.value_text) for c in claims if c.subject.startswith("eligibility/")] == (
        [
            (f"eligibility/edition/{product}/-/-", field, value, note.partition(" for ")[2].rstrip(".") or "Windows 11, version 26H1")
            for field, value in (
                ("product", product),
                ("is_eligible", "0"),
                ("requirement", "hotpatching is not available on this version"),
            )
        ]
        if product
        else []
    )
