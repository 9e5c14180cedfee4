"""Microsoft's pages as the tests need them: the same markup around the same numbers, written anew from facts.

The recorded pages are other people's text and are not in this project. What a parser meets in them is: class names,
nesting, white space, attribute order, titles, dates, builds, addresses. That is rendered here from ``tests/facts``
(``tests/facts/README.md`` says where each file comes from and what in it is made up); every sentence is ours.
``test_render.py`` holds the rendered pages against the recorded ones wherever these lie beside the project.

    save_tree(path, url, navigation_new(hotpatch_categories("2026-07", "new"), h1="..."), ...)   # one page
    write_world(path, "new")                                                                     # all of them
"""

from __future__ import annotations

import html
import json
import posixpath
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final, Literal
from urllib.parse import urlsplit

Layout = Literal["old", "new"]
Month = Literal["2026-05", "2026-07"]

FACTS: Final = Path(__file__).parent.parent / "facts"
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
    """An entry of a navigation: its title as published, its link as it stands in the page."""

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
    """A row of "versions by servicing option"; ``mark`` is the footnote number behind the version."""

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
    """The history of one version: ``note`` stands between label and table and may name another version."""

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
    """What a release-information page of Learn states. ``dataclasses.replace`` makes the page a test needs.

    ``note`` stands in a box before the versions and before the calendar, and may name a version that they are not of.
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


# --- support.microsoft.com ------------------------------------------------------------------------------------------


def navigation_new(
    categories: Sequence[NavCategory],
    *,
    active: int = 0,
    current: int = 0,
    h1: str,
    url: str = "",
    flight: str = "00000000-0000-0000-0000-000000000000",
    current_as_text: bool = False,
    months: Sequence[CalendarRow] = (),
    crlf: bool = True,
) -> str:
    """A page of the layout of July 2026.

    Args:
        categories: the navigation; links relative to ``url``, as ``hotpatch_categories(layout="new")`` gives them.
        active: the category the page belongs to.
        current: its entry that is the page itself; 0 is the hub.
        h1: the heading of the article; ``<title>`` is the same with its suffix.
        url: the page's own address, for ``link[rel=canonical]``.
        flight: what differs in every response (``awa-userFlightingId`` and ``awa-expid``).
        current_as_text: the current entry has no link (seen on article pages).
        months: rows of the month tables in the article.
        crlf: the site's template ends its lines CRLF, the article in it LF (as recorded); False: LF throughout.
    """
    slot = 0
    nav = []
    for number, category in enumerate(categories):
        slot += 1
        classes = "learnRenderLeftNavCategory" + (" learnRenderLeftNavActiveCategory" if number == active else "")
        nav.append(f'\t\t\t\t<div class="{classes}">\n\t\t\t\t\t<div class="learnRenderLeftNavCategoryTitle">\n')
        nav.append(f'\t\t\t\t\t\t<a href="{html.escape(category.href)}" class="learnRenderLeftNavLink" data-bi-slot="{slot}">')
        nav.append(f"{_text(category.title)}</a>\n\t\t\t\t\t</div>\n")
        nav.append('\t\t\t\t\t\t<ul class="learnRenderLeftNavArticles list-unstyled col">\n')
        for position, entry in _with_hub(category):
            slot += 1
            here = number == active and position == current
            classes = "learnRenderLeftNavArticle" + (" learnRenderLeftNavCurrentArticle" if here else "")
            content = _text(entry.title)
            if not (here and current_as_text):
                page = ' aria-current="page"' if here else ""
                content = f'<a href="{html.escape(entry.href)}" class="learnRenderLeftNavLink" data-bi-slot="{slot}"{page}>{content}</a>'
            nav.append(f'<li class="{classes}">{content}</li>')  # all entries of a category stand in one line
        nav.append("\t\t\t\t\t\t</ul>\n\t\t\t\t</div>\n")
    head = f"""

<!DOCTYPE html>
<html lang="en-US" dir=ltr>
<head>
	<meta charset="utf-8" />
	<title>{_text(h1)} | Microsoft Support</title>
	<meta name="ms.date" content="07/17/2026" />
<meta name="site_name" content="SMC" />
<meta name="toc_rel" content="../../toc.json" />
<meta name="updated_at" content="2026-07-17 03:37 AM" />

		<link rel="canonical" href="{html.escape(url)}" />

{_flight_meta(flight)}
	<meta name="awa-title" content="{html.escape(h1)} | Microsoft Support" />
</head>
<body class="article">
	<div id="bodyWrapper">
{_SITE_HEADER}
		<div id="ocHelp">
			<div class="container" id="ocArticle">
				<div class="row">
					<div class="col-md-3 mt-4">

<div id="learnRenderLeftNav"
	class="ps-4 float-end pe-0 end-0"
	role="complementary"
	aria-label="Related Links"
	ms.pgarea="leftnav"
	data-bi-area="leftnav"
	dir="ltr">

	<div class="height-48px flex-row border-bottom w-100 d-flex d-md-none">
		<div class="closePaneButtonContainer border-bottom">
			<a href="javascript:"
			class="closePaneButton text-decoration-none"
			aria-label="Close">&times;</a>
		</div>
	</div>

	<div class="learnRenderLeftNavContent fs-6 fw-normal text-muted lh-base overflow-y-auto">
{"".join(nav)}	</div>
</div>

					</div>
                    <main role="main" class="col-md-9 mt-4" id="supMainContent" tabindex="-1">

"""
    article = f"""<h1 id="{_slug(h1)}">{_text(h1)}</h1>

	<section class="supAppliesToSection" dir="ltr">
		<div id="supAppliesToTableContainer">
			<details id="supAppliesToList"><summary class="contentToggle">Applies To</summary><div role="list"><span class="appliesToItem" role="listitem">Windows</span> </div></details>
		</div>
	</section>

<div class="learnArticleContent">
	<p>The updates of this product stand in the navigation.</p>
{_months_new(months)}
</div>

"""
    foot = f"""					</main>
				</div>
			</div>
		</div>
{_SITE_FOOTER}
	</div>
</body>
</html>
"""
    return _crlf(head) + article + _crlf(foot) if crlf else head + article + foot


def navigation_old(
    categories: Sequence[NavCategory],
    *,
    active: int = 0,
    current: int = 0,
    h1: str,
    url: str = "",
    flight: str = "00000000-0000-0000-0000-000000000000",
    current_as_text: bool = False,
    months: Sequence[CalendarRow] = (),
    entities: bool = True,
    crlf: bool = True,
) -> str:
    """A page of the layout before July 2026: the navigation stands in it twice, first for narrow screens.

    Args:
        categories: the navigation, with links such as ``/en-us/help/5089466``.
        active: see ``navigation_new``.
        current: see ``navigation_new``.
        h1: see ``navigation_new``.
        url: see ``navigation_new``.
        flight: see ``navigation_new``.
        current_as_text: see ``navigation_new``.
        months: see ``navigation_new``.
        entities: dashes, nbsp and zero-width blanks of titles as character references (as recorded).
        crlf: nearly every line of the recorded pages ends CRLF; False: LF.
    """
    written = _entities if entities else _text
    nav = []
    for number, category in enumerate(categories):
        first = number + 1  # the slots of each category begin with its own number: they repeat across categories
        classes = "supLeftNavCategory" + (" supLeftNavActiveCategory" if number == active else "")
        kind = ' ms.interactiontype="11"' if number == active else ""
        nav.append(f'\t\t\t<div class="{classes}">\n\t\t\t\t<div class="supLeftNavCategoryTitle">\n')
        nav.append(f'\t\t\t\t\t<a class="supLeftNavLink"{kind} data-bi-slot="{first}" href="{html.escape(category.href)}">')
        nav.append(f'{written(category.title)}</a>\n\t\t\t\t</div>\n\t\t\t\t<ul class="supLeftNavArticles">\n')
        for position, entry in _with_hub(category):
            here = number == active and position == current
            classes = "supLeftNavArticle" + (" supLeftNavCurrentArticle" if here else "")
            content = written(entry.title)
            if not (here and current_as_text):
                slot = f'data-bi-slot="{first + 1 + position}"' + (' aria-current="page"' if here else "")
                content = f'<a class="supLeftNavLink" {slot} href="{html.escape(entry.href)}">{content}</a>'
            nav.append(f'\t\t\t\t\t\t\t<li class="{classes}" role="presentation">\n\t\t\t\t\t\t\t\t{content}\n\t\t\t\t\t\t\t</li>\n')
        nav.append("\t\t\t\t</ul>\n\t\t\t</div>\n")
    navigation = "".join(nav)
    page = f"""
<!DOCTYPE html>
<html lang="en-US" dir="ltr">
<head>
	<meta charset="utf-8" />
	<title>{written(h1)} - Microsoft Support</title>

		<link rel="canonical" href="{html.escape(url)}" />

	<meta name="lastPublishedDate" content="2026-05-12" />
	<meta name="awa-pageType" content="Article" />

{_flight_meta(flight)}
	<meta name="awa-title" content="{html.escape(h1)} - Microsoft Support" />
</head>
<body class="supCont ocArticle">
	<div id="ocBodyWrapper">

<div class="supLeftNavMobileView" dir="ltr">
	<div class="supLeftNavMobileViewHeader">
		<div class="supLeftNavMobileViewHeaderTitle" role="heading" aria-level="2">Related topics</div>
		<div class="supLeftNavMobileViewCloseButton">
			<a href="javascript:" class="supLeftNavMobileViewClose" role="button" aria-label="Close">&times;</a>
		</div>
	</div>

	<div class="supLeftNavMobileViewContent grd" role="complementary" aria-label="Related Links" ms.pgarea="leftnav" data-bi-area="leftnav">

{navigation}
	</div>
</div>
{_SITE_HEADER}
		<div id="ocHelp" dir="ltr">
			<div id="ocArticle" class="">
				<div class="grd main-content zero-margin" id="ocMainContent">
					<div class="row ocpArticleSizingWrapper">

<div class="col-1-5" role="complementary" aria-label="Related Links" id="supLeftNav" ms.pgarea="leftnav" data-bi-area="leftnav">

{navigation}
</div>

						<main id="supArticleContent" class="col-3-5 supLeftNavArticleContent" data-dc="" data-bi-area="content" tabindex="-1">

	<header class="ocpArticleTitleSection" aria-labelledby="page-header" role="banner">
		<h1 id="page-header" class="">{written(h1)}</h1>
	</header>

<article class="ocpArticleContent"><section class="ocpIntroduction">
        <p>The updates of this product stand in the navigation.</p>
      </section>{_months_old(months)}</article>

						</main>
					</div>
				</div>
			</div>
		</div>
{_SITE_FOOTER}
	</div>
</body>
</html>
"""
    return _crlf(page) if crlf else page


# Links and lists of the site itself, around what a parser wants.
_SITE_HEADER: Final = """
            <div id="headerArea" class="uhf">
<header class="c-uhfh context-uhf">
	<strong>Help</strong>
	<nav id="uhf-g-nav" aria-label="Contextual menu"><ul class="js-paddle-items"><li class="single-link"><a class="c-uhf-nav-link" href="https://support.microsoft.com/en-us">Home</a></li></ul></nav>
</header>
            </div>
"""
_SITE_FOOTER: Final = """
		<div id="footerArea"><footer><ul><li><a href="https://www.microsoft.com/">Home</a></li></ul></footer></div>
"""


def _with_hub(category: NavCategory) -> Iterable[tuple[int, NavEntry]]:
    hub = [NavEntry(category.hub, category.href)] if category.hub else []
    return enumerate([*hub, *category.entries])


def _text(text: str) -> str:
    return html.escape(text, quote=False)


def _entities(text: str) -> str:
    return _text(text).replace("\u2014", "&#x2014;").replace("\u00a0", "&#xA0;").replace("\u200b", "&#8203;").replace("'", "&#x27;")


def _crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _flight_meta(flight: str) -> str:
    return f"""<meta name="awa-env" content="Production" />
<meta name="awa-userFlightingId" content="{html.escape(flight)}" />
<meta name="awa-expid" content="P-R-{html.escape(flight)}-1-1" />
<meta name="awa-irisId" />"""


def _years(rows: Iterable[CalendarRow]) -> Mapping[str, list[CalendarRow]]:
    years: dict[str, list[CalendarRow]] = {}
    for row in rows:
        years.setdefault(row.update_type[:4], []).append(row)  # 2026.06 B
    return years


# The month tables of a hub have no dates and no builds, and their column is "Update Type", not "Update type".
_MONTH_COLUMNS: Final = ("Month", "Update Type", "Type", "KB article")


def _months_new(rows: Sequence[CalendarRow]) -> str:
    parts = []
    for year, months in _years(rows).items():
        heads = "".join(f"<th><strong>{name}</strong></th>\n" for name in _MONTH_COLUMNS)
        body = "".join(
            "<tr>\n"
            + "".join(f"<td>{cell}</td>\n" for cell in (row.month_name, row.update_type, row.type, _month_link(row, "")))
            + "</tr>\n"
            for row in months
        )
        parts.append(
            f'<h2 id="hotpatch-updates-for-calendar-year-{year}">Hotpatch updates for calendar year {year}</h2>\n'
            f"<p><strong>Hopatch, {year}</strong></p>\n"
            f"<table>\n<thead>\n<tr>\n{heads}</tr>\n</thead>\n<tbody>\n{body}</tbody>\n</table>\n"
        )
    return "".join(parts)


def _months_old(rows: Sequence[CalendarRow]) -> str:
    parts = []
    for year, months in _years(rows).items():
        heads = "".join(f'<td>\n<p>\n<b class="ocpLegacyBold">{name}</b>\n</p>\n</td>\n' for name in _MONTH_COLUMNS)
        link = ' class="ocpArticleLink" data-bi-type="anchor"'
        body = "".join(
            "<tr>\n"
            + "".join(f"<td>\n<p>{cell}</p>\n</td>\n" for cell in (row.month_name, row.update_type, row.type, _month_link(row, link)))
            + "</tr>\n"
            for row in months
        )
        parts.append(
            f'<section aria-labelledby="ID{year}" class="ocpSection">\n'
            f'<h2 id="ID{year}" class="">Hotpatch updates for calendar year {year}</h2>\n'
            f'<p>\n<b class="ocpLegacyBold">Hopatch, {year}</b>\n</p>\n'
            f'<table aria-label="" class="banded">\n<tbody>\n<tr>\n{heads}</tr>\n{body}</tbody>\n</table>\n</section>\n'
        )
    return "".join(parts)


def _month_link(row: CalendarRow, attributes: str) -> str:
    return f'<a href="{html.escape(row.href)}"{attributes}>{row.kb}</a>' if row.kb else ""


# --- learn.microsoft.com --------------------------------------------------------------------------------------------


def release_info_markdown(info: ReleaseInfo, *, crlf: bool = False) -> str:
    """A release-information page as Learn answers ``?accept=text/markdown``; ``crlf`` for lines as some answers end.

    In the calendar, labels follow sentences without a blank line (but the second product's), as recorded.
    """
    title = f"{info.product} release information | Microsoft Learn"
    lines = [
        "---",
        f"title: {title}",
        f"canonicalUrl: {info.url}",
        f"ms.date: {info.ms_date}T00:00:00.0000000Z",
        f"updated_at: {info.updated_at}.0000000Z",
        "locale: en-us",
        "---",
        "",
        f"# {title}",
        "",
        *([info.note, ""] if info.note else []),
        f"## {info.versions_heading}",
        "",
        "Dates on this page are written as YYYY-MM-DD.",
        "",
    ]
    for table in info.versions:
        lines += [*_markdown_table(table.columns, [_version_cells(row, _markdown_link) for row in table.rows]), ""]
    lines += [f"## {info.product} release history", ""]
    for history in info.history:
        lines += [f"**{history.label}**", ""]
        lines += [history.note, ""] if history.note else []
        rows = [(row.option, row.update_type, row.date, row.build, _markdown_link(row.kb, row.href)) for row in history.rows]
        lines += [*_markdown_table(HISTORY_COLUMNS, rows), ""]
    if info.calendars:
        lines += [f"## {info.product} hotpatch calendar", "", "What was and what will be released without a restart. "]
    for number, calendar in enumerate(info.calendars):
        lines += ["", f"**{calendar.label}**", ""] if number else [f"**{calendar.label}**"]
        lines += ["The release notes name the content of each update."]
        for position, (year, months) in enumerate(calendar.years.items()):
            lines += ["", f"**Calendar year {year}**", ""] if position else [f"**Calendar year {year}**", ""]
            lines += _markdown_table(CALENDAR_COLUMNS, [_calendar_cells(row) for row in months])
    if any(_MARK in row.update_type for row in _all_months(info)):
        lines += ["", f"{_MARK}: {_FOOTNOTE}."]
    return "".join(line + ("\r\n" if crlf else "\n") for line in lines)


_MARK: Final = r"^\*^"  # of an update planned as a hotpatch: superscript in markdown, " *" in HTML
_FOOTNOTE: Final = "initially planned as hotpatch updates"  # the words by which the page says what the mark means


def _all_months(info: ReleaseInfo) -> list[CalendarRow]:
    return [row for calendar in info.calendars for months in calendar.years.values() for row in months]


def _markdown_link(text: str, href: str) -> str:
    return f"[{text}]({href})" if href else text


def _markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    # An empty cell is two blanks between its bars.
    return [f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *rows)]


def _calendar_cells(row: CalendarRow) -> list[str]:
    cells = [row.month_name, row.update_type, row.type, row.date, row.build, _markdown_link(row.kb, row.href)]
    return [*cells, ""] if row.extra_cell else cells


def _version_cells(row: VersionRow, link: Callable[[str, str], str]) -> list[str]:
    editions = [row.editions] if row.editions else []
    dates = (row.availability, row.first_end, row.second_end)
    return [row.version, row.option, *editions, *dates, link(row.update, row.href), row.revision, row.build]


def release_info_html(info: ReleaseInfo, *, strong_cells: bool = False, noise: bool = False) -> str:
    """A release-information page as Learn answers a browser.

    Args:
        info: the page's facts; any product's.
        strong_cells: the update type of each table's first row is bold (a label inside a cell is none).
        noise: a bold text and a table of the site's own stand inside ``main``, before the article.
    """
    title = f"{info.product} release information"
    note = f'<div class="NOTE">\n<p>Note</p>\n<p>{_text(info.note)}</p>\n</div>\n' if info.note else ""
    parts = [
        f"""<h1 id="{_slug(title)}">{_text(title)}</h1></div>

		<nav
			id="center-doc-outline"
			class="doc-outline display-none-desktop"
			aria-label="In this article"
		>
			<h2 id="ms--in-this-article" class="title is-6 margin-block-xs">
				In this article
			</h2>
		</nav>

					<div class="content"><p>All releases of {_text(info.product)}, newest first.</p>
{note}<h2 id="{_slug(info.versions_heading)}">{_text(info.versions_heading)}</h2>
<p>Dates on this page are written as YYYY-MM-DD.</p><div id="winrelinfo_container">
"""
    ]
    parts += [_version_table_html(table) for table in info.versions]
    heading = f"{info.product} release history"
    parts.append(f'<h2 id="{_slug(heading)}">{_text(heading)}</h2>\n<p>B is the second week of a month.</p>\n<br>\n')
    for number, history in enumerate(info.history):
        table = _history_table_html(history, number, strong_cells)
        ended = "\n - End of updates" if history.ended else ""
        before = f"<p>{_text(history.note)}</p>\n" if history.note else ""
        label = f"<strong>{_text(history.label)}</strong>{ended}"
        if number == 0:
            parts.append(f"{label}\n{before}{table}")
        else:
            end = "" if ended else "\n"
            parts.append(f"<br>\n<details><summary>{label}{end}</summary>\n{before}{table}</details>\n")
    if info.calendars:
        heading = f"{info.product} hotpatch calendar"
        parts.append(
            f'<h2 id="{_slug(heading)}">{_text(heading)}</h2>\n<p>What was and what will be released without a restart.</p>\n{note}<br>\n'
        )
    for number, calendar in enumerate(info.calendars):
        label = f"<strong>{_text(calendar.label)}</strong>"
        parts.append(f"<br>\n<details><summary>{label}\n</summary>\n<br>\n" if number else f"{label} <br>\n<br>\n")
        for position, (year, months) in enumerate(calendar.years.items()):
            table = _calendar_table_html(calendar.label, year, months, strong_cells)
            label = f"<strong>Calendar year {year}</strong>"
            parts.append(f"<br>\n<details>\n<summary>{label}</summary>\n{table}</details>\n" if position else f"{label}\n{table}")
        parts.append("</details>\n" if number else "")
    if any(_MARK in row.update_type for row in _all_months(info)):
        parts.append(f"<p>*: {_FOOTNOTE}.</p>\n")
    return f""" <!DOCTYPE html>
		<html
			class="layout layout-holy-grail conceptual"
			lang="en-us"
			dir="ltr"
		>

		<head>
			<title>{_text(info.product)} - release information | Microsoft Learn</title>
			<meta charset="utf-8" />
			<link rel="canonical" href="{html.escape(info.url)}" />
			<meta name="locale" content="en-us" />
			<meta name="ms.date" content="{info.ms_date}T00:00:00Z" />
			<meta name="updated_at" content="{info.updated_at}Z" />
			<meta name="toc_rel" content="toc.json" />
			<meta name="markdown_url" content="{html.escape(info.url)}?accept=text/markdown" />
		</head>
		<body>
		<header><strong>Version 1 (OS build 1)</strong>
			<table id="siteTable"><tbody><tr><th>Month</th><th>Build</th></tr><tr><td>January</td><td>1.1</td></tr></tbody></table>
		</header>
				<main
					id="main"
					role="main"
					class="layout-body-main "
					data-bi-name="content"
					lang="en-us"
					dir="ltr"
				>

		<details
			id="article-header-breadcrumbs-overflow-popover"
			class="popover popover-left"
		>
			<summary
				class="button button-clear"
				aria-label="All breadcrumbs"
			>
				<span class="icon" aria-hidden="true"></span>
			</summary>
		</details>
{_NOISE if noise else ""}
					<div class="content">{"".join(parts)}</div>
</div>

		<div id="ms--additional-resources-mobile" class="display-none-print">
			<h2 id="ms--additional-resources-mobile-heading" class="title is-3" hidden>
				Additional resources
			</h2>
		</div>
				</main>
		<footer><strong>Version 2 (OS build 2)</strong></footer>
		</body>
		</html>
"""


_NOISE: Final = """		<div data-banner><strong>Version 3 (OS build 3)</strong>
			<table><tbody><tr><th>Setting</th><th>Value</th></tr><tr><td>Reading mode</td><td>off</td></tr></tbody></table>
		</div>
"""


def _link_html(text: str, href: str) -> str:
    return f'<a href="{html.escape(href)}" target="_blank" data-linktype="external">{_text(text)}</a>' if href else _text(text)


def _heads_html(columns: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<th>{_text(name)}</th>" for name in columns) + "</tr>\n"


def _version_table_html(table: VersionTable) -> str:
    marked = any(row.mark for row in table.rows)
    opening = '<table class="cells-centered">' if marked else "<table>"
    rows = []
    for row in table.rows:
        version, option, *others = _version_cells(row, _link_html)
        mark = f"<sup>{row.mark}</sup>" if row.mark else ""
        cells = "".join(f'<td nowrap="">{cell}</td>\n' for cell in others)
        start = "<tr>" if marked else '<tr class="highlight">\n'
        rows.append(f'{start}<td>{version}{mark}</td>\n<td align="left">{_text(option)}</td>\n{cells}</tr>\n')
    heading = f'<h4 id="{_slug(table.heading)}">{_text(table.heading)}</h4>\n' if table.heading else ""
    note = '<div class="NOTE">\n<p>Note</p>\n<p><sup>1</sup> Not for every edition of version 24H2.</p>\n</div>\n' if marked else ""
    return f"{heading}{opening}<tbody>{_heads_html(table.columns)}{''.join(rows)}</tbody></table>\n{note}"


def _history_table_html(history: HistoryTable, number: int, strong_cells: bool) -> str:
    rows = []
    for position, row in enumerate(history.rows):
        option = _text(row.option).replace(" • ", " <span> • </span> ")
        kind = f"<strong>{row.update_type}</strong>" if strong_cells and position == 0 else row.update_type
        cells = (option, kind, row.date, row.build, _link_html(row.kb, row.href))
        rows.append("<tr>\n" + "".join(f"<td>{cell}</td>\n" for cell in cells) + "</tr>\n")
    return (
        f'<table class="cells-centered" id="historyTable_{number}">\n<tbody>{_heads_html(HISTORY_COLUMNS)}{"".join(rows)}</tbody></table>\n'
    )


def _calendar_table_html(label: str, year: str, months: Sequence[CalendarRow], strong_cells: bool) -> str:
    version = re.sub(r"\W", "", label.partition("(")[0])  # Version 25H2 (OS build 26200) -> Version25H2
    rows = []
    for position, row in enumerate(months):
        kind = row.update_type.replace(_MARK, " *")
        kind = f"<strong>{kind}</strong>" if strong_cells and position == 0 else kind
        cells = "".join(f"             <td>{cell}</td>\n" for cell in (row.month_name, kind, row.type, row.date, row.build))
        extra = "<td></td>\n" if row.extra_cell else ""
        rows.append(f"     <tr>\n{cells}<td>{_link_html(row.kb, row.href)}</td>\n{extra}     </tr>\n")
    return (
        f'<table class="cells-centered" id="HotpatchCalendar_{version}_{year}">\n'
        f"<tbody>{_heads_html(CALENDAR_COLUMNS)}{''.join(rows)}</tbody></table>\n"
    )


# --- Worlds, from tests/facts ---------------------------------------------------------------------------------------


@cache
def facts(name: str) -> tuple[dict[str, str], ...]:
    """The rows of ``tests/facts/<name>.tsv``."""
    header, *lines = (FACTS / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    columns = header.split("\t")
    return tuple(dict(zip(columns, line.split("\t"), strict=True)) for line in lines)


def hotpatch_categories(month: Month, layout: Layout, *, page: str = HOTPATCH_HUB["new"]) -> list[NavCategory]:
    """The seven categories of the hotpatch navigation as of May or July 2026.

    Args:
        month: May has 138 entries, July 148.
        layout: "new" for links relative to ``page``, "old" for ``/en-us/help/<n>``.
        page: the address of the page the navigation stands on.

    Raises:
        ValueError: the old layout of July; the numbers of its newer entries were never seen.
    """
    return _categories("navigation-hotpatch", month, layout, page)


def server_categories(month: Month = "2026-07", layout: Layout = "new", *, page: str = SERVER_HUB["new"]) -> list[NavCategory]:
    """The navigation of Windows Server 2025, 23H2 and 2022: in July 157 releases and an "End of updates statement"."""
    return _categories("navigation-server", month, layout, page)


def windows10_categories(month: Month = "2026-07", layout: Layout = "new", *, page: str = SERVER2019_HUB["new"]) -> list[NavCategory]:
    """A small navigation of Windows 10 22H2, Windows Server 2019 and 2016 (in this order)."""
    return _categories("navigation-windows10", month, layout, page)


def windows11_categories(month: Month = "2026-07", layout: Layout = "new", *, page: str = WINDOWS11_HUB["new"]) -> list[NavCategory]:
    """A small navigation of Windows 11 26H1, 25H2, 24H2 and 22H2 (in this order)."""
    return _categories("navigation-windows11", month, layout, page)


def _categories(name: str, month: Month, layout: Layout, page: str) -> list[NavCategory]:
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
    """The titles of cases 1 to 8 (and spellings made after them) under the categories they belong to, new layout."""
    categories: dict[str, NavCategory] = {}
    for row in facts("odd-titles"):
        title = row["category"]
        category = categories.setdefault(title, NavCategory(title, _slug(title), [], hub=title))
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
    """Windows 10, a small page (no recording of it was at hand): 22H2, 1809 and 1607, no calendar."""
    stamps = {
        "2026-05": ("2026-05-15", "2026-05-12", "2026-05-13T02:11:00"),
        "2026-07": ("2026-07-19", "2026-06-09", "2026-06-11T14:12:00"),
    }
    heading = "Windows 10 current versions by servicing option"
    return _release_info(
        "Windows 10", WINDOWS10_INFO, heading, {"1": ("Servicing channels", CLIENT_COLUMNS)}, _WINDOWS10, "windows10", _stamp(stamps, as_of)
    )


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
    for row in _standing(facts(f"history-{page}"), day):
        cells = [row[name] for name in ("servicing_option", "update_type", "availability_date", "build", "kb", "kb_url")]
        history[row["product"]].append(HistoryRow(*cells))
    calendars: dict[str, dict[str, list[CalendarRow]]] = {}
    for row in _standing(facts(f"calendar-{page}"), day) if (FACTS / f"calendar-{page}.tsv").exists() else ():
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
                [_version_row(row) for row in _standing(facts("versions"), day) if (row["page"], row["table"]) == (page, number)],
            )
            for number, (title, columns) in tables.items()
        ],
        history=[HistoryTable(table.label, history[version], ended=table.ended, note=table.note) for version, table in versions.items()],
        calendars=[Calendar(versions[version].label, years) for version, years in calendars.items()],
        ms_date=ms_date,
        updated_at=updated_at,
        note=note,
    )


def _standing(rows: Iterable[dict[str, str]], day: str) -> list[dict[str, str]]:
    """The rows that stood on the page on a day: ``from`` is the first day of a row that came, ``until`` the first without it."""
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


def save_tree(
    directory: Path,
    url: str,
    text: str,
    *,
    fetched_at: str,
    suffix: str,
    final_url: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Path:
    """Save a page where a recorded one would lie: ``<host>/<path><suffix>`` beside ``....meta.json``; the query is dropped.

    Returns:
        The file of the page.
    """
    parts = urlsplit(url)
    path = PurePosixPath(parts.path)
    file = Path(directory, parts.netloc, *path.parts[1:-1], path.name + suffix)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())  # bytes, for Windows would turn the line ends
    kind = "text/markdown" if suffix == ".md" else "text/html"
    meta = {
        "fetched_at": fetched_at,
        "status": status,
        "final_url": final_url or url,
        "headers": dict(headers) if headers is not None else {"content-type": f"{kind}; charset=utf-8"},
    }
    file.with_name(file.name + ".meta.json").write_text(json.dumps(meta, indent=1), encoding="utf-8", newline="\n")
    return file


def write_world(directory: Path, generation: Layout = "new", fetched_at: str | None = None) -> list[Path]:
    """Save every page the project reads, as of May 2026 ("old") or July 2026 ("new").

    The flight of a page is made from its address and ``fetched_at``: two worlds of different times differ in it alone.

    Returns:
        The files of the pages.
    """
    fetched_at = fetched_at or {"old": "2026-05-27T12:00:00Z", "new": "2026-07-23T12:00:00Z"}[generation]
    month: Month = "2026-05" if generation == "old" else "2026-07"
    server = server_release_info("2026-05-13" if generation == "old" else "2026-07-02")
    windows11 = windows11_release_info(month)
    months = windows11.calendars[0].years["2026"]
    hotpatch = "Release notes for Hotpatch on Windows 11 Enterprise version 25H2"
    navigations = [
        (HOTPATCH_HUB[generation], "navigation-hotpatch", 0, hotpatch, months),
        (SERVER_HUB[generation], "navigation-server", 0, "Windows Server 2025 update history", ()),
        (SERVER2019_HUB[generation], "navigation-windows10", 1, "Windows 10 and Windows Server 2019 update history", ()),
        (SERVER2016_HUB[generation], "navigation-windows10", 2, "Windows 10 and Windows Server 2016 update history", ()),
        (WINDOWS11_HUB[generation], "navigation-windows11", 1, "Windows 11, version 25H2 update history", ()),
    ]
    files = []
    for url, name, active, h1, tables in navigations:
        categories = _categories(name, month, generation, url)
        flight = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{url} {fetched_at}"))
        render = navigation_old if generation == "old" else navigation_new
        text = render(categories, active=active, h1=h1, url=url, flight=flight, months=tables)
        files.append(save_tree(directory, url, text, fetched_at=fetched_at, suffix=".html"))
    asked = f"{SERVER_INFO}?accept=text/markdown"
    files.append(save_tree(directory, asked, release_info_markdown(server), fetched_at=fetched_at, suffix=".md"))
    pages = {info.url: release_info_html(info) for info in (windows11, windows10_release_info(month))}
    return files + [save_tree(directory, url, text, fetched_at=fetched_at, suffix=".html") for url, text in pages.items()]
