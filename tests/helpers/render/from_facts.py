"""The contents of the pages as of May and July 2026, from ``tests/facts``."""

from __future__ import annotations

import html
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from helpers.render.shapes import (
    CLIENT_COLUMNS,
    HOTPATCH_HUB,
    LTSC_COLUMNS,
    SERVER2019_HUB,
    SERVER_COLUMNS,
    SERVER_HUB,
    SERVER_INFO,
    WINDOWS10_INFO,
    WINDOWS11_HUB,
    WINDOWS11_INFO,
    Calendar,
    CalendarRow,
    HistoryRow,
    HistoryTable,
    Layout,
    Month,
    NavCategory,
    NavEntry,
    ReleaseInfo,
    VersionRow,
    VersionTable,
)
from helpers.render.text import slug

FACTS: Final = Path(__file__).parents[2] / "facts"


@cache
def facts(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of ``tests/facts/<name>.tsv``."""
    header, *lines = (FACTS / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    columns = header.split("\t")
    return tuple(dict(zip(columns, line.split("\t"), strict=True)) for line in lines)


def hotpatch_categories(month: Month, layout: Layout, *, page: str = HOTPATCH_HUB["new"]) -> list[NavCategory]:
    """Return the seven categories of the hotpatch navigation as of May or July 2026.

    Args:
        month: May has 138 entries, July 148.
        layout: "new" for links relative to ``page``, "old" for ``/en-us/help/<n>``.
        page: the address of the page that has the navigation.

    Raises:
        ValueError: the old layout of July; the numbers of its newer entries were never seen.
    """
    return categories_of("navigation-hotpatch", month, layout, page)


def server_categories(month: Month = "2026-07", layout: Layout = "new", *, page: str = SERVER_HUB["new"]) -> list[NavCategory]:
    """Return the navigation of Windows Server 2025, 23H2 and 2022: in July 157 releases and an "End of updates statement"."""
    return categories_of("navigation-server", month, layout, page)


def windows10_categories(month: Month = "2026-07", layout: Layout = "new", *, page: str = SERVER2019_HUB["new"]) -> list[NavCategory]:
    """Return a small navigation of Windows 10 22H2, Windows Server 2019 and 2016 (in this order)."""
    return categories_of("navigation-windows10", month, layout, page)


def windows11_categories(month: Month = "2026-07", layout: Layout = "new", *, page: str = WINDOWS11_HUB["new"]) -> list[NavCategory]:
    """Return a small navigation of Windows 11 26H1, 25H2, 24H2 and 22H2 (in this order)."""
    return categories_of("navigation-windows11", month, layout, page)


def categories_of(name: str, month: Month, layout: Layout, page: str) -> list[NavCategory]:
    folder = posixpath.dirname(urlsplit(page).path)
    categories: list[NavCategory] = []
    for row in facts(name):
        if row["seen"] > month:
            continue
        if layout == "old" and not row["help"]:
            raise ValueError(f"expected an entry seen in the old layout, got {row['title']!r}")
        href = f"/en-us/help/{row['help']}" if layout == "old" else posixpath.relpath(row["href"], folder)
        title = (row["old_title"] or row["title"]) if layout == "old" else row["title"]
        if row["kind"] == "category":
            categories.append(NavCategory(title, href, [], hub=""))
        elif row["kind"] == "hub":
            categories[-1] = NavCategory(categories[-1].title, href, [], hub=title)
        else:
            categories[-1].entries.append(NavEntry(title, href))
    return categories


def odd_categories() -> list[NavCategory]:
    """Return the titles of cases 1 to 8 (and spellings made after them) under the categories they belong to, new layout."""
    categories: dict[str, NavCategory] = {}
    for row in facts("odd-titles"):
        title = row["category"]
        category = categories.setdefault(title, NavCategory(title, slug(title), [], hub=title))
        category.entries.append(NavEntry(html.unescape(row["title"]), row["href"]))
    return list(categories.values())


# Label, whether updates have ended, and a note before the table, which names another version where the page's does.
_SERVER: Final = {
    "ws2025": HistoryTable("Windows Server 2025 (OS build 26100)", ()),
    "ws2022": HistoryTable("Windows Server 2022 (OS build 20348)", ()),
    "ws2019": HistoryTable("Windows Server 2019 (OS build 17763)", ()),
    "ws2016": HistoryTable("Windows Server 2016 (OS build 14393)", ()),
}
_WINDOWS11: Final = {
    "win11-25h2": HistoryTable("Version 25H2 (OS build 26200)", ()),
    "win11-26h1": HistoryTable("Version 26H1 (OS build 28000)", ()),
    "win11-24h2": HistoryTable("Version 24H2 (OS build 26100)", ()),
    "win11-23h2": HistoryTable("Version 23H2 (OS build 22631)", (), note="Windows 11, version 22H2 becomes version 23H2 by a switch."),
    "win11-22h2": HistoryTable("Version 22H2 (OS build 22621)", (), ended=True),
    "win11-21h2": HistoryTable("Version 21H2 (OS build 22000)", (), ended=True, note="Windows 10 becomes Windows 11 at no charge."),
}
_WINDOWS10: Final = {
    "win10-22h2": HistoryTable("Version 22H2 (OS build 19045)", (), ended=True),
    "win10-1809": HistoryTable("Version 1809 (OS build 17763)", (), note="Version 1803 is older."),
    "win10-1607": HistoryTable("Version 1607 (OS build 14393)", ()),
}


def server_release_info(as_of: Literal["2026-05-13", "2026-07-02"]) -> ReleaseInfo:
    """Windows Server: 471 rows of history in May, 475 in July, when the Hotpatch planned for June was a baseline."""
    stamps = {
        "2026-05-13": ("2026-05-13", "2026-05-12", "2026-05-13T02:11:00"),
        "2026-07-02": ("2026-07-02", "2026-06-09", "2026-06-11T14:12:00"),
    }
    return _release_info(
        "Windows Server",
        SERVER_INFO,
        "Windows Server major versions by servicing option",
        {"1": ("", SERVER_COLUMNS)},
        _SERVER,
        "server",
        _stamp(stamps, as_of),
    )


def windows11_release_info(as_of: Literal["2026-05", "2026-07"]) -> ReleaseInfo:
    """Windows 11: 275 rows of history in May, 291 in July; calendars of 25H2 and 24H2."""
    stamps = {
        "2026-05": ("2026-05-15", "2026-05-14", "2026-05-15T01:27:00"),
        "2026-07": ("2026-07-19", "2026-07-14", "2026-07-19T03:21:00"),
    }
    tables = {"1": ("Servicing channels", CLIENT_COLUMNS), "2": ("Enterprise and IoT Enterprise LTSC editions", LTSC_COLUMNS)}
    heading = "Windows 11 current versions by servicing option"
    note = "Windows 11, version 26H1 comes with new devices alone and has no hotpatches."
    return _release_info("Windows 11", WINDOWS11_INFO, heading, tables, _WINDOWS11, "windows11", _stamp(stamps, as_of), note)


def windows10_release_info(as_of: Literal["2026-05", "2026-07"]) -> ReleaseInfo:
    """Windows 10, a small page: 22H2, 1809 and 1607, and the long-term editions; no calendar."""
    stamps = {
        "2026-05": ("2026-05-15", "2026-05-12", "2026-05-13T02:11:00"),
        "2026-07": ("2026-07-19", "2026-06-09", "2026-06-11T14:12:00"),
    }
    heading = "Windows 10 current versions by servicing option"
    tables = {"1": ("Servicing channels", CLIENT_COLUMNS), "2": ("Enterprise and IoT Enterprise LTSB/LTSC editions", LTSC_COLUMNS)}
    note = "The Windows 10 Enterprise LTSC 2021 edition (version 21H2) does not have extended support."
    return _release_info("Windows 10", WINDOWS10_INFO, heading, tables, _WINDOWS10, "windows10", _stamp(stamps, as_of), note)


def _stamp(stamps: Mapping[str, tuple[str, str, str]], as_of: str) -> tuple[str, str, str]:
    if as_of not in stamps:
        raise ValueError(f"expected one of {', '.join(stamps)}, got {as_of!r}")
    return stamps[as_of]


def _release_info(
    product: str,
    url: str,
    heading: str,
    tables: Mapping[str, tuple[str, Sequence[str]]],
    versions: Mapping[str, HistoryTable],
    page: str,
    stamp: tuple[str, str, str],
    note: str = "",
) -> ReleaseInfo:
    day, ms_date, updated_at = stamp
    history: dict[str, list[HistoryRow]] = {version: [] for version in versions}
    for row in _on_the_day(facts(f"history-{page}"), day):
        cells = [row[name] for name in ("servicing_option", "update_type", "availability_date", "build", "kb", "kb_url")]
        history[row["product"]].append(HistoryRow(*cells))
    calendars: dict[str, dict[str, list[CalendarRow]]] = {}
    for row in _on_the_day(facts(f"calendar-{page}"), day) if (FACTS / f"calendar-{page}.tsv").exists() else ():
        months = calendars.setdefault(row["product"], {}).setdefault(row["year"], [])
        months.append(
            CalendarRow(
                month_name=row["month"],
                update_type=row["update_type"],
                type=row["type"],
                date=row["availability_date"],
                build=row["build"],
                kb=row["kb"],
                href=row["kb_url"],
                extra_cell=row["extra_cell"] == "1",
            )
        )
    return ReleaseInfo(
        product=product,
        url=url,
        versions_heading=heading,
        versions=[
            VersionTable(
                title,
                columns,
                [_version_row(row) for row in _on_the_day(facts("versions"), day) if (row["page"], row["table"]) == (page, number)],
            )
            for number, (title, columns) in tables.items()
        ],
        history=[HistoryTable(table.label, history[version], ended=table.ended, note=table.note) for version, table in versions.items()],
        calendars=[Calendar(versions[version].label, years) for version, years in calendars.items()],
        ms_date=ms_date,
        updated_at=updated_at,
        note=note,
    )


def _on_the_day(rows: Iterable[dict[str, str]], day: str) -> list[dict[str, str]]:
    """Return the rows that the page had on a day: ``from`` is the first day with a row, ``until`` the first without it."""
    return [row for row in rows if row["from"] <= day and (not row.get("until") or day < row["until"])]


def _version_row(row: Mapping[str, str]) -> VersionRow:
    return VersionRow(
        version=row["version"],
        option=row["servicing_option"],
        editions=row["editions"],
        availability=row["availability_date"],
        first_end=row["first_end"],
        second_end=row["second_end"],
        update=row["update"],
        href=row["update_url"],
        revision=row["revision_date"],
        build=row["build"],
        mark=row["mark"],
    )
