"""Pages of learn.microsoft.com: release information, in Markdown and in HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from helpers.render.shapes import CALENDAR_COLUMNS, HISTORY_COLUMNS, CalendarRow, HistoryTable, ReleaseInfo, VersionRow, VersionTable
from helpers.render.text import escaped, slug


def release_info_markdown(info: ReleaseInfo, *, crlf: bool = False) -> str:
    """Return a release-information page as Learn answers ``?accept=text/markdown``; ``crlf`` for lines as some answers end.

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
    """Return a release-information page as Learn answers a browser.

    Args:
        info: the page's facts; any product's.
        strong_cells: the update type of each table's first row is bold (which makes it no label).
        noise: put a bold text and a table of the site itself inside ``main``, before the article.
    """
    title = f"{info.product} release information"
    note = f'<div class="NOTE">\n<p>Note</p>\n<p>{escaped(info.note)}</p>\n</div>\n' if info.note else ""
    parts = [
        f"""<h1 id="{slug(title)}">{escaped(title)}</h1></div>

		<nav
			id="center-doc-outline"
			class="doc-outline display-none-desktop"
			aria-label="In this article"
		>
			<h2 id="ms--in-this-article" class="title is-6 margin-block-xs">
				In this article
			</h2>
		</nav>

					<div class="content"><p>All releases of {escaped(info.product)}, newest first.</p>
{note}<h2 id="{slug(info.versions_heading)}">{escaped(info.versions_heading)}</h2>
<p>Dates on this page are written as YYYY-MM-DD.</p><div id="winrelinfo_container">
"""
    ]
    parts += [_version_table_html(table) for table in info.versions]
    heading = f"{info.product} release history"
    parts.append(f'<h2 id="{slug(heading)}">{escaped(heading)}</h2>\n<p>B is the second week of a month.</p>\n<br>\n')
    for number, history in enumerate(info.history):
        table = _history_table_html(history, number, strong_cells)
        ended = "\n - End of updates" if history.ended else ""
        before = f"<p>{escaped(history.note)}</p>\n" if history.note else ""
        label = f"<strong>{escaped(history.label)}</strong>{ended}"
        if number == 0:
            parts.append(f"{label}\n{before}{table}")
        else:
            end = "" if ended else "\n"
            parts.append(f"<br>\n<details><summary>{label}{end}</summary>\n{before}{table}</details>\n")
    if info.calendars:
        heading = f"{info.product} hotpatch calendar"
        parts.append(
            f'<h2 id="{slug(heading)}">{escaped(heading)}</h2>\n<p>What was and what will be released without a restart.</p>\n{note}<br>\n'
        )
    for number, calendar in enumerate(info.calendars):
        label = f"<strong>{escaped(calendar.label)}</strong>"
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
			<title>{escaped(info.product)} - release information | Microsoft Learn</title>
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
    return f'<a href="{html.escape(href)}" target="_blank" data-linktype="external">{escaped(text)}</a>' if href else escaped(text)


def _heads_html(columns: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<th>{escaped(name)}</th>" for name in columns) + "</tr>\n"


def _version_table_html(table: VersionTable) -> str:
    marked = any(row.mark for row in table.rows)
    opening = '<table class="cells-centered">' if marked else "<table>"
    rows = []
    for row in table.rows:
        version, option, *others = _version_cells(row, _link_html)
        mark = f"<sup>{row.mark}</sup>" if row.mark else ""
        cells = "".join(f'<td nowrap="">{cell}</td>\n' for cell in others)
        start = "<tr>" if marked else '<tr class="highlight">\n'
        rows.append(f'{start}<td>{version}{mark}</td>\n<td align="left">{escaped(option)}</td>\n{cells}</tr>\n')
    heading = f'<h4 id="{slug(table.heading)}">{escaped(table.heading)}</h4>\n' if table.heading else ""
    note = (
        '<div class="NOTE">\n<p>Note</p>\n<p><sup>1</sup> Windows 11 Enterprise LTSC 2024 edition does not have extended support.</p>\n</div>\n'
        if marked
        else ""
    )
    return f"{heading}{opening}<tbody>{_heads_html(table.columns)}{''.join(rows)}</tbody></table>\n{note}"


def _history_table_html(history: HistoryTable, number: int, strong_cells: bool) -> str:
    rows = []
    for position, row in enumerate(history.rows):
        option = escaped(row.option).replace(" • ", " <span> • </span> ")
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
