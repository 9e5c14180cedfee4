"""Addresses of the pages, and their rows and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Layout = Literal["old", "new"]
Month = Literal["2026-05", "2026-07"]

SUPPORT: Final = "https://support.microsoft.com"
HEALTH: Final = "https://learn.microsoft.com/en-us/windows/release-health"

SERVER_INFO: Final = f"{HEALTH}/windows-server-release-info"
WINDOWS11_INFO: Final = f"{HEALTH}/windows11-release-information"
WINDOWS10_INFO: Final = f"{HEALTH}/release-information"

_OS: Final = f"{SUPPORT}/en-us/servicing/os"
_TOPIC: Final = f"{SUPPORT}/en-us/topic"
HOTPATCH_HUB: Final[Mapping[Layout, str]] = {
    "new": f"{_OS}/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2",
    "old": f"{_TOPIC}/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2-0bbaa1c7-5070-41ca-a7c9-4ead79602dbf",
}
SERVER_HUB: Final[Mapping[Layout, str]] = {
    "new": f"{_OS}/windows-server/2024/10/windows-server-2025-update-history",
    "old": f"{_TOPIC}/windows-server-2025-update-history-10f58da7-e57b-4a9d-9c16-9f1dcd72d7d7",
}
SERVER2019_HUB: Final[Mapping[Layout, str]] = {
    "new": f"{_OS}/windows-10/2020/11/windows-10-and-windows-server-2019-update-history",
    "old": f"{_TOPIC}/windows-10-and-windows-server-2019-update-history-725fc2e1-4443-6831-a5ca-51ff5cbcb059",
}
SERVER2016_HUB: Final[Mapping[Layout, str]] = {
    "new": f"{_OS}/windows-10/2020/11/windows-10-and-windows-server-2016-update-history",
    "old": f"{_TOPIC}/windows-10-and-windows-server-2016-update-history-4acfbc84-a290-1b54-536a-1c0430e9f3fd",
}
WINDOWS11_HUB: Final[Mapping[Layout, str]] = {
    "new": f"{_OS}/windows-11/2025/07/windows-11-version-25h2-update-history",
    "old": f"{_TOPIC}/windows-11-version-25h2-update-history-99c7f493-df2a-4832-bd2d-6706baa0dec0",
}


@dataclass(frozen=True, slots=True)
class NavEntry:
    """An entry of a navigation: its title as published, its link as in the page."""

    title: str
    href: str


@dataclass(frozen=True, slots=True)
class NavCategory:
    """A category of a navigation.

    Attributes:
        title: as published.
        href: the link of the title and of the hub.
        entries: what follows the hub.
        hub: text of the first ``li``: "Release notes", or the category title (which may differ in its capitals
            from the title above it, as recorded in May 2026); "" for a category without a hub.
    """

    title: str
    href: str
    entries: list[NavEntry]
    hub: str = "Release notes"


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A row of a release history. The first release of a version has neither KB nor link, some no update type."""

    option: str
    update_type: str
    date: str
    build: str
    kb: str
    href: str


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """A row of a hotpatch calendar. Planned months have no date, build, KB; ``extra_cell`` is the empty seventh."""

    month_name: str
    update_type: str
    type: str
    date: str
    build: str
    kb: str
    href: str
    extra_cell: bool = False


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A row of "versions by servicing option"; ``mark`` is the footnote number after the version."""

    version: str
    option: str
    editions: str
    availability: str
    first_end: str
    second_end: str
    update: str
    href: str
    revision: str
    build: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class VersionTable:
    """The version table under its small heading ("" in markdown, which has none)."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[VersionRow]


@dataclass(frozen=True, slots=True)
class HistoryTable:
    """The history of one version: ``note`` is between label and table and may name another version."""

    label: str
    rows: Sequence[HistoryRow]
    ended: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The hotpatch calendars of one version, newest year first."""

    label: str
    years: Mapping[str, Sequence[CalendarRow]]


@dataclass(frozen=True, slots=True)
class ReleaseInfo:
    """The contents of a release-information page of Learn. ``dataclasses.replace`` makes the page a test needs.

    ``note`` is in a box before the versions and before the calendar, and may name another version.
    """

    product: str
    url: str
    versions_heading: str
    versions: Sequence[VersionTable]
    history: Sequence[HistoryTable]
    calendars: Sequence[Calendar]
    ms_date: str
    updated_at: str
    note: str = ""


HISTORY_COLUMNS: Final = ("Servicing option", "Update type", "Availability date", "Build", "KB article")
CALENDAR_COLUMNS: Final = ("Month", "Update type", "Type", "Availability date", "Build", "KB article")
_LATEST_COLUMNS: Final = ("Latest update for ESU", "Latest revision date", "Latest build")
_SUPPORT_COLUMNS: Final = ("Availability date", "Mainstream support end date", "Extended support end date", *_LATEST_COLUMNS)
SERVER_COLUMNS: Final = ("Windows Server version", "Servicing option", "Editions", *_SUPPORT_COLUMNS)
LTSC_COLUMNS: Final = ("Version", "Servicing option", *_SUPPORT_COLUMNS)
CLIENT_COLUMNS: Final = (
    "Version",
    "Servicing option",
    "Availability date",
    "End of updates: Home, Pro, Pro Education, and Pro for Workstations",
    "End of updates: Enterprise, Education, IoT Enterprise, and Enterprise multi-session",
    *_LATEST_COLUMNS,
)
