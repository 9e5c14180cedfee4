"""The pages as they may be on the evening of a second Tuesday: those of July 2026 with the releases of August, each listed as a test wants it.

KBs and builds of August are those that public copies name; titles and rows are made in the shape of those before them.
"""

from __future__ import annotations

import posixpath
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from helpers import render
from helpers.render.from_facts import categories_of
from helpers.render.shapes import CalendarRow, HistoryRow, NavCategory, NavEntry, ReleaseInfo, VersionRow
from hotpatch_kb.db.model.notation import MONTHS
from hotpatch_kb.db.model.products import products_in

JULY, AUGUST = "2026-07-14", "2026-08-11"
READ_AT = "2026-08-11T22:00:00Z"


@dataclass(frozen=True)
class Release:
    """A release as the pages list it.

    Attributes:
        products: with the build of each.
        kb: its number.
        is_hotpatch: whether it is listed in calendars and hotpatch notes, and not in release histories.
        day: its date.
        letter: of its update type; in a title "OOB" is "Out-of-band", and C and D are "Preview".
        month: of its update type, by default that of the day.
        in_tables: whether Learn lists it.
        in_navigation: whether the support site lists it.
        title: in place of the title of the support site.
        cells: in place of cells of Learn, by field of ``HistoryRow`` or ``CalendarRow``.
        beside_month: whether a calendar has it as a row of its own before that of its month, and not in its stead.
    """

    products: Mapping[str, str]
    kb: int
    is_hotpatch: bool = False
    day: str = AUGUST
    letter: str = "B"
    month: str = ""
    in_tables: bool = True
    in_navigation: bool = True
    title: str = ""
    cells: Mapping[str, str] | None = None
    beside_month: bool = False

    @property
    def type_month(self) -> str:
        return self.month or self.day[:7]

    def published(self) -> str:
        """The title on the support site."""
        builds = list(self.products.values())
        day = date.fromisoformat(self.day)
        named = f"OS Builds {' and '.join(builds)}" if len(builds) > 1 else f"OS Build {builds[0]}"
        after = {"OOB": " Out-of-band", "C": " Preview", "D": " Preview"}.get(self.letter, "")
        kind = "Hotpatch " if self.is_hotpatch else ""
        return self.title or f"{MONTHS[day.month - 1]} {day.day}, {day.year}—{kind}KB{self.kb} ({named}){after}"


_WINDOWS11 = ("win11-25h2", "win11-24h2")
SERVER_JULY = (
    Release({"ws2025": "26100.33158"}, 5099536, day=JULY, in_navigation=False),
    Release({"ws2022": "20348.5386"}, 5099540, day=JULY, in_navigation=False),
    Release({"ws2019": "17763.9020"}, 5099538, day=JULY, in_navigation=False),
    Release({"ws2016": "14393.9339"}, 5099535, day=JULY, in_navigation=False),
)
LCUS = {
    "ws2025": Release({"ws2025": "26100.33296"}, 5120233),
    "ws2022": Release({"ws2022": "20348.5499"}, 5120242),
    "ws2019": Release({"ws2019": "17763.9121"}, 5120238),
    "ws2016": Release({"ws2016": "14393.9418"}, 5120418),
    "win11": Release({"win11-25h2": "26200.9168", "win11-24h2": "26100.9168"}, 5121003),
    "win11-26h1": Release({"win11-26h1": "28000.2704"}, 5121000),
}
HOTPATCHES = {
    "ws2025": Release({"ws2025": "26100.33222"}, 5120228, is_hotpatch=True),
    "ws2022": Release({"ws2022": "20348.5440"}, 5120229, is_hotpatch=True),
    "win11": Release({"win11-25h2": "26200.9106", "win11-24h2": "26100.9106"}, 5120994, is_hotpatch=True),
}
AUGUST_RELEASES = (*LCUS.values(), *HOTPATCHES.values())


def write(
    folder: Path,
    releases: Iterable[Release] = AUGUST_RELEASES,
    *,
    read_at: str = READ_AT,
    latest: Mapping[str, tuple[str, str]] | None = None,
    more: Sequence[NavCategory] = (),
    july: Iterable[Release] = SERVER_JULY,
) -> Path:
    """Save the pages of a day.

    Args:
        folder: where.
        releases: those after July, as the pages list them.
        read_at: when the pages were read.
        latest: what the tables of versions call the latest build of a product, and its day; by default the newest row of its history.
        more: further categories of the update histories of Windows Server.
        july: those of July on servers, which the recorded tables of May lack.
    """
    listed = (*july, *releases)
    for url, name, h1 in (
        (render.HOTPATCH_HUB["new"], "navigation-hotpatch", "Release notes for Hotpatch on Windows 11 Enterprise version 25H2"),
        (render.SERVER_HUB["new"], "navigation-server", "Windows Server 2025 update history"),
        (render.SERVER2019_HUB["new"], "navigation-windows10", "Windows 10 and Windows Server 2019 update history"),
        (render.SERVER2016_HUB["new"], "navigation-windows10", "Windows 10 and Windows Server 2016 update history"),
        (render.WINDOWS11_HUB["new"], "navigation-windows11", "Windows 11, version 25H2 update history"),
    ):
        categories = [_with(category, url, listed) for category in categories_of(name, "2026-07", "new", url)]
        categories += more if url == render.SERVER_HUB["new"] else ()
        render.save_tree(folder, url, render.navigation_new(categories, h1=h1, url=url), fetched_at=read_at, suffix=".html")
    for info in (render.server_release_info("2026-07-02"), render.windows11_release_info("2026-07")):
        page = _tables(info, listed, latest or {})
        is_server = info.url == render.SERVER_INFO
        text = render.release_info_markdown(page) if is_server else render.release_info_html(page)
        render.save_tree(folder, info.url, text, fetched_at=read_at, suffix=".md" if is_server else ".html")
    return folder


def _with(category: NavCategory, url: str, releases: Sequence[Release]) -> NavCategory:
    """Return a category with the releases of its products, the newest first."""
    is_hotpatch = "otpatch" in category.title
    own = set(products_in(category.title))
    folder = posixpath.dirname(urlsplit(url).path)
    new = [
        NavEntry(release.published(), posixpath.relpath(f"{folder}/kb{release.kb}", folder))
        for release in releases
        if release.in_navigation and release.is_hotpatch == is_hotpatch and own & release.products.keys()
    ]
    return replace(category, entries=[*new, *category.entries])


def _tables(info: ReleaseInfo, releases: Sequence[Release], latest: Mapping[str, tuple[str, str]]) -> ReleaseInfo:
    by_label = {product: label for product, label in _LABELS.items() if any(label == table.label for table in info.history)}
    history, calendars, versions = [], [], list(info.versions)
    for table in info.history:
        rows = list(table.rows)
        for release in (r for r in releases if r.in_tables and not r.is_hotpatch):
            for product, build in release.products.items():
                if by_label.get(product) == table.label:
                    row = HistoryRow(
                        rows[0].option, f"{release.type_month} {release.letter}", release.day, build, f"KB{release.kb}", _help(release.kb)
                    )
                    rows.insert(0, replace(row, **{name: text for name, text in (release.cells or {}).items() if hasattr(row, name)}))
        history.append(replace(table, rows=rows))
        product = next((product for product, label in by_label.items() if label == table.label), "")
        newest = max(rows, key=lambda row: (row.date, row.build))
        build, day = latest.get(product, (newest.build, newest.date))
        versions = [
            replace(of, rows=[replace(v, build=build, revision=day) if _is_of(v, product) else v for v in of.rows]) for of in versions
        ]
    for calendar in info.calendars:
        months = list(calendar.years["2026"])
        for release in (r for r in releases if r.in_tables and (r.is_hotpatch or r.day == JULY)):
            for product, build in release.products.items():
                if by_label.get(product) == calendar.label and release.letter == "OOB" and release.beside_month:
                    months = [new for row in months for new in _beside(row, release, build)]
                elif by_label.get(product) == calendar.label:
                    months = [_released(row, release, build) for row in months]
        calendars.append(replace(calendar, years={**calendar.years, "2026": months}))
    return replace(info, history=history, calendars=calendars, versions=versions)


_LABELS = {
    "ws2025": "Windows Server 2025 (OS build 26100)", "ws2022": "Windows Server 2022 (OS build 20348)",
    "ws2019": "Windows Server 2019 (OS build 17763)", "ws2016": "Windows Server 2016 (OS build 14393)",
    "win11-25h2": "Version 25H2 (OS build 26200)", "win11-24h2": "Version 24H2 (OS build 26100)", "win11-26h1": "Version 26H1 (OS build 28000)",
}  # fmt: skip


def _released(row: CalendarRow, release: Release, build: str) -> CalendarRow:
    if row.update_type[:7].replace(".", "-") != release.type_month:
        return row
    kind = "Hotpatch" if release.is_hotpatch else "Baseline (Restart)"
    letter = f"{release.type_month.replace('-', '.')} {release.letter}"
    done = replace(row, update_type=letter, type=kind, date=release.day, build=build, kb=f"KB{release.kb}", href=_help(release.kb))
    return replace(done, **{name: text for name, text in (release.cells or {}).items() if hasattr(row, name)})


def _beside(row: CalendarRow, release: Release, build: str) -> list[CalendarRow]:
    """Return a month's row, after that of an out-of-band release of the month."""
    new = _released(row, release, build)
    return [row] if new is row else [new, row]


def _is_of(row: VersionRow, product: str) -> bool:
    return bool(product) and (product.removeprefix("win11-").upper() == row.version or f"Windows Server {product[2:]}" in row.version)


def _help(kb: int) -> str:
    return f"https://support.microsoft.com/help/{kb}"


# --- a new row that is not as it should be ------------------------------------------------------------------------------


def _another_digit(text: str, draw: random.Random) -> str:
    at = draw.choice([match.start() for match in re.finditer(r"\d", text)])
    return text[:at] + draw.choice("0123456789".replace(text[at], "")) + text[at + 1 :]


def _without_digit(text: str, draw: random.Random) -> str:
    at = draw.choice([match.start() for match in re.finditer(r"\d", text)])
    return text[:at] + text[at + 1 :]


def _swapped(text: str, draw: random.Random) -> str:
    at = draw.choice([match.start() for match in re.finditer(r"\d(?=\d)", text)])
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _garbled(text: str, draw: random.Random) -> str:
    at = draw.randrange(len(text))
    return text[:at] + draw.choice("?#x ") + text[at + 1 :]


_TEXTS = (_another_digit, _without_digit, _swapped, _garbled)
_LETTERS = ("A", "C", "D", "E", "OOB", "X", "")
_TITLES = (" Preview", " Out-of-band", " - EXPIRED", " Security Update for Windows PowerShell", "")
MUTATIONS = ("kb", "build", "date", "letter", "title", "cell", "kb of July", "day of July", "build of July", "product")


def mutated(release: Release, draw: random.Random) -> tuple[str, Release]:
    """Return a release with one thing of it changed, and which: listed by both sites, by Learn alone or by the support site alone."""
    what = draw.choice(MUTATIONS)
    change = draw.choice(_TEXTS)
    in_tables, in_navigation = draw.choice([(True, True), (True, False), (False, True)])
    listed = replace(release, in_tables=in_tables, in_navigation=in_navigation)
    july = SERVER_JULY[0]
    if what == "letter":
        letter = draw.choice(_LETTERS)
        return f"{what} {letter!r}", replace(listed, letter=letter)
    if what == "kb of July":
        return what, replace(listed, kb=draw.choice(SERVER_JULY).kb)
    if what == "day of July":
        return what, replace(listed, day=JULY, month=draw.choice(["", "2026-08"]))
    if what == "build of July":
        return what, replace(listed, products=july.products)
    if what == "product":  # it is listed among those of another version
        return what, replace(listed, products={"ws2022": next(iter(release.products.values()))})
    cell = {"kb": "kb", "build": "build", "date": "date"}.get(what) or draw.choice(["kb", "build", "date", "update_type"])
    texts = {
        "kb": f"KB{release.kb}",
        "build": next(iter(release.products.values())),
        "date": release.day,
        "update_type": f"{release.type_month} B",
    }
    new = draw.choice([change(texts[cell], draw), ""])
    title = release.published()
    if what == "title":
        title = draw.choice([change(title, draw), title + draw.choice(_TITLES), title.replace("Hotpatch ", ""), title.replace("KB", "")])
    elif cell == "date":
        title = change(title[: title.index("—")], draw) + title[title.index("—") :]
    elif texts[cell] in title:
        title = title.replace(texts[cell], new)
    return f"{what}: {cell} {new!r}, {title!r}", replace(listed, title=title, cells={} if what == "title" else {cell: new})
