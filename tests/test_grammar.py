"""The grammar of titles, builds, KBs, dates, months and products (cases 1 to 11 and 24)."""

from __future__ import annotations

import pytest

from hotpatch_kb.db.model.errors import BadInput, UnexpectedPage
from hotpatch_kb.db.model.notation import build, iso_date, kb, second_tuesday
from hotpatch_kb.db.model.product_names import product_id
from hotpatch_kb.db.model.products import heading, products_in
from hotpatch_kb.db.model.queries import read_query
from hotpatch_kb.db.model.titles import calendar_type, slug_builds, slug_kb, title, update_type

# title; in the hotpatch line?; date, KB, builds, kind, marks (o out-of-band, p public preview, e expired)
TITLES = [
    # case 1: no closing bracket
    ("February 11, 2025—Hotpatch KB5052106 (OS Build 20348.3148", True, "2025-02-11", 5052106, ["20348.3148"], "hotpatch", ""),
    # case 2: text between KB and bracket is no component where it names a Windows
    ("August 12, 2025—KB5063878: Update for Windows Server 2025 (OS Build 26100.4946)", False, "2025-08-12", 5063878, ["26100.4946"], "", ""),
    ("August 12, 2025—KB5063878: Update for Windows Server 2025 (OS Build 26100.4946)", True, "2025-08-12", 5063878, ["26100.4946"], "hotpatch", ""),
    # case 3
    ("July 18, 2026—Hotpatch KB5121768 (OS Builds 26200.8893 and 26100.8893) Out-of-band", True, "2026-07-18", 5121768, ["26200.8893", "26100.8893"], "hotpatch", "o"),
    # case 4: a hotpatch, not a preview of an LCU
    ("March 11, 2025—Hotpatch public preview KB5053636 (OS Build 26100.3403)", True, "2025-03-11", 5053636, ["26100.3403"], "hotpatch", "p"),
    ("August 12, 2025—KB5064010: Hotpatch for Windows 11 Enterprise LTSC 2024 (OS Build 26100.4851)", True, "2025-08-12", 5064010, ["26100.4851"], "hotpatch", ""),
    # case 5: components, one in spite of "(Hotpatch)"
    ("October 24, 2025—KB5070893 (OS Build 26100.6905) Security Update for Windows Server Update Services", True, "2025-10-24", 5070893, ["26100.6905"], "component", ""),
    ("KB5066360—Security Update for Windows PowerShell (Hotpatch)", True, None, 5066360, [], "component", ""),
    ("KB5074204: Security Update for Windows PowerShell (OS Builds 26100.7392 and 26200.7392)", True, None, 5074204, ["26100.7392", "26200.7392"], "component", ""),
    # case 6
    ("January 13, 2026—Baseline", True, "2026-01-13", None, [], "baseline", ""),
    ("October 14, 2025—Baseline (KB5069088)", True, "2025-10-14", 5069088, [], "baseline", ""),
    ("January 13, 2026—Hotpatch baseline for Windows 11 Enterprise", True, "2026-01-13", None, [], "baseline", ""),
    ("October 10, 2023, Hotpatch basline", True, "2023-10-10", None, [], "baseline", ""),
    # case 7: a blank in the KB
    ("January 26, 2017—KB 3216755 (OS Build 14393.726)", False, "2017-01-26", 3216755, ["14393.726"], "", ""),
    # case 8: dashes, blanks, brackets
    ("May 12, 2026—KB5087539(OS Build 26100.32860)", False, "2026-05-12", 5087539, ["26100.32860"], "", ""),
    ("September 22, 2025— KB5068221 (OS Build 26100.6588) Out-of-Band", False, "2025-09-22", 5068221, ["26100.6588"], "", "o"),
    ("May\u00a012,\u00a02026\u200b – KB5087539 (OS Build 16299.1296 )", False, "2026-05-12", 5087539, ["16299.1296"], "", ""),
    ("March 18 2021-KB5001633", False, "2021-03-18", 5001633, [], "", ""),
    ("May 16, 2025 Hopatch KB5061258 (26100.3983)", True, "2025-05-16", 5061258, ["26100.3983"], "hotpatch", ""),
    ("June 10, 2025—KB5060999 (OS Builds OS 22621.5472 and 22631.5472)", False, "2025-06-10", 5060999, ["22621.5472", "22631.5472"], "", ""),
    ("May 31, 2025—KB5062170 (OS Builds 22621.5415 and 22631.5415 Out-of-band", False, "2025-05-31", 5062170, ["22621.5415", "22631.5415"], "", "o"),
    ("June 15, 2021—KB5004476 (OS Builds 19041.1055, 19042.1055, and 19043.1055,) Out-of-band- EXPIRED", False, "2021-06-15", 5004476, ["19041.1055", "19042.1055", "19043.1055"], "", "oe"),
    ("November 22, 2022—KB5020030 (OS Builds 19042.2311, 19043.2311, 19044.2311, and 19045.2311) - EXPIRED", False, "2022-11-22", 5020030, ["19042.2311", "19043.2311", "19044.2311", "19045.2311"], "", "e"),
    ("July 28, 2026—KB5101681 (OS Build 28000.2608) Preview | Microsoft Support", False, "2026-07-28", 5101681, ["28000.2608"], "preview", ""),
    ("November 11, 2025—KB5071959 Windows 10, version 22H2 (OS Build 19045.6466) Out-of-band - Microsoft Support", False, "2025-11-11", 5071959, ["19045.6466"], "", "o"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "in_line", "date", "number", "builds", "kind", "marks"), TITLES)
def test_titles(text: str, in_line: bool, date: str | None, number: int | None, builds: list[str], kind: str, marks: str) -> None:
    read = title(text, in_hotpatch_line=in_line)
    found = "".join(mark for mark, is_so in (("o", read.is_out_of_band), ("p", read.is_public_preview), ("e", read.is_expired)) if is_so)
    assert (read.date, read.kb, [str(b) for b in read.builds], read.kind, found) == (date, number, builds, kind, marks)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Windows Server 2025", "begins with a date or a KB"),
        ("", "begins with a date or a KB"),
        ("Febuary 11, 2025—Hotpatch KB5052106", "begins with a date or a KB"),
        ("February 31, 2025—Hotpatch KB5052106", "a day of the calendar"),
        ("May 12, 2026—KB5087539 (OS Build )", "builds after 'OS Build'"),
        ("May 12, 2026—KB5087539 (OS Build 26100,32860)", "builds after 'OS Build'"),
        ("May 12, 2026—Hotpatch KB5089466 (OS Builds 26200.4444 and 26100.444455)", "builds after 'OS Build'"),
        ("May 12, 2026—Hotpatch KB5089466 (OS Builds 26200.4444 and 2610.4444)", "builds after 'OS Build'"),
        ("May 12, 2026—Cumulative update", "a KB or the word Baseline"),
        ("May 12, 2026—KB5087539 and KB5087540", "one KB"),
        ("KB5087539—Baseline", "the date of a baseline"),
    ],
)
def test_titles_that_cannot_be_read_say_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(UnexpectedPage, match=message) as error:
        title(text, in_hotpatch_line=True)
    assert str(error.value).startswith("expected ")


def test_cells() -> None:
    assert (build(" 10.0.26100.32772 ").number, build("26100.1742").revision) == (26100, 1742)
    assert (kb("KB5087423"), kb("KB 5087423"), kb("5087423")) == (5087423, 5087423, 5087423)
    assert iso_date("2026-05-12\u200b") == "2026-05-12"
    for reader, text in (
        (build, "26100"),
        (build, "26100.1.2"),
        (kb, "KB12"),
        (kb, "KB50874231"),
        (iso_date, "2026-02-30"),
        (iso_date, "12.05.2026"),
    ):
        with pytest.raises(UnexpectedPage, match="expected"):
            reader(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-05 B", ("2026-05", "B", False)),
        ("2026.06 B", ("2026-06", "B", False)),
        ("2024.08 B^\\*^", ("2024-08", "B", True)),  # case 10, markdown
        ("2024.08 B *", ("2024-08", "B", True)),  # case 10, HTML
        ("2026-02 OOB", ("2026-02", "OOB", False)),  # case 11
    ],
)
def test_update_types(text: str, read: tuple[str, str, bool]) -> None:
    found = update_type(text)
    assert (found.month, found.cadence, found.is_marked) == read


def test_update_types_and_types_that_are_none() -> None:
    for text in ("", "2026-13 B", "2026-05 F", "B"):
        with pytest.raises(UnexpectedPage, match="an update type such as"):
            update_type(text)
    assert (calendar_type("Baseline (Restart)"), calendar_type("Hotpatch")) == ("baseline", "hotpatch")
    with pytest.raises(UnexpectedPage, match="expected the type"):
        calendar_type("Cumulative")


def test_second_tuesdays() -> None:
    assert [second_tuesday(f"2026-{month:02d}") for month in range(1, 13)] == [
        "2026-01-13", "2026-02-10", "2026-03-10", "2026-04-14", "2026-05-12", "2026-06-09",
        "2026-07-14", "2026-08-11", "2026-09-08", "2026-10-13", "2026-11-10", "2026-12-08",
    ]  # fmt: skip


def test_slugs_are_read_but_hold_no_date_or_out_of_band() -> None:
    base = "https://support.microsoft.com/en-us/servicing/os/hotpatch/"
    assert [str(b) for b in slug_builds(base + "preview/x/2021/june-8-2021-hotpatch-kb5003719-os-build-17784-1767")] == ["17784.1767"]
    assert [str(b) for b in slug_builds(base + "a-os-builds-26200-8390-and-26100-8390")] == ["26200.8390", "26100.8390"]
    assert slug_kb(base + "windows-11/2026/kb5121768-hotpatch-out-of-band") == 5121768
    assert slug_builds(base + "windows-11/2026/kb5121768-hotpatch-out-of-band") == ()


def test_products_of_categories() -> None:
    assert [
        products_in(text)
        for text in (
            "Windows 10, version 1809, Windows Server, version 1809, and Windows Server 2019",
            "Windows 10, version 1607, and Windows Server 2016",
            "Windows 10 (initial version released July 2015)",
            "Windows 10, version 1909 and Windows Server, version 1909",
            "Windows Server, version 23H2",
            "Windows 11 Enterprise version 25H2",
            "Public Preview - Release notes for hotpatch on Windows 11, version 24H2 Enterprise clients",
            "Public Preview - Release notes for hotpatch in Azure Automanage for Windows Server",
            "Windows 11, version 27H2",
            "Windows Server 2028",
            "Release notes for hotpatch on Windows 11 Enterprise LTSC 2024",
            "Windows 11, version 25H2 (released September 2025)",
        )
    ] == [
        ("win10-1809", "ws2019"), ("win10-1607", "ws2016"), ("win10-1507",), ("win10-1909",), ("ws-23h2",), ("win11-25h2",), ("win11-24h2",),
        ("ws-azure-preview",), ("win11-27h2",), ("ws2028",), ("win11-24h2",), ("win11-25h2",),
    ]  # fmt: skip
    with pytest.raises(UnexpectedPage, match="names a version of Windows"):
        products_in("Surface Hub")


def test_headings_of_tables() -> None:
    found = [
        heading(text, client)
        for text, client in (
            ("Windows Server 2025 (OS build 26100)", "win11"),
            ("Version 25H2 (OS build 26200)", "win11"),
            ("Version 1507 (RTM) (OS build 10240)", "win10"),
            ("Version 22H2 (OS build 22621) - End of updates", "win11"),
            ("Version 27H2 (OS build 27900)", "win11"),
            ("Note", "win11"),
        )
    ]
    assert [(p.product, p.build_number) if p else None for p in found] == [
        ("ws2025", 26100), ("win11-25h2", 26200), ("win10-1507", 10240), ("win11-22h2", 22621), ("win11-27h2", 27900), None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("26200.8390", ("build", "26200.8390")),
        ("10.0.26200.8390", ("build", "26200.8390")),
        ("Microsoft Windows [Version 10.0.26200.8390]", ("build", "26200.8390")),
        ("OS Build 26200.8390", ("build", "26200.8390")),
        ("Version 25H2 (OS Build 26200.8390)", ("build", "26200.8390")),
        ("(KB5089466)", ("kb", "5089466")),
        ("KB5089466", ("kb", "5089466")),
        ("5089466", ("kb", "5089466")),
        (" kb5089466 ", ("kb", "5089466")),
        ("KB 5089466", ("kb", "5089466")),
        ("26200", ("number", "26200")),
        ("2026-06", ("month", "2026-06")),
        ("June 2026", ("month", "2026-06")),
        ("ws2025", ("product", "ws2025")),
        ("Windows Server 2022", ("product", "ws2022")),
        ("Windows 11 25H2", ("product", "win11-25h2")),
    ],
)
def test_queries(text: str, query: tuple[str, str]) -> None:
    assert read_query(text)[:2] == query


@pytest.mark.parametrize(
    "text",
    ["26200.x", "", "   ", "x" * 10_000, "26100.1.amd64fre.ge_release.240331-1435", "KB1", "'; drop table kbs", "\x00", "26200.8390.1"],
)
def test_queries_that_are_none(text: str) -> None:
    with pytest.raises(BadInput, match="expected a build") as error:
        read_query(text)
    assert len(str(error.value)) < 250
    assert "\n" not in str(error.value)


def test_product_names() -> None:
    assert [product_id(t) for t in ("WS2025", "server 2022", "Windows 11, version 24H2", "Windows", "ws", "linux")] == [
        "ws2025",
        "ws2022",
        "win11-24h2",
        None,
        None,
        None,
    ]
