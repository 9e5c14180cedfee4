"""Learn's release information as markdown and HTML, and its faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from helpers import render
from helpers.rendering import Rendered


def _server_info() -> render.ReleaseInfo:
    info = render.server_release_info("2026-05-13")
    history = [replace(table, rows=[*table.rows[:4], *table.rows[-2:]]) for table in info.history]
    years = [replace(c, years={year: rows for year, rows in c.years.items() if year in {"2026", "2024"}}) for c in info.calendars]
    return replace(info, history=history, calendars=years)


def _windows11_info() -> render.ReleaseInfo:
    info = render.windows11_release_info("2026-07")
    history = [replace(table, rows=[*table.rows[:3], *table.rows[-1:]]) for table in info.history]
    return replace(info, history=history, calendars=info.calendars[:1])


def pages() -> Iterator[Rendered]:
    """Every page."""
    server = render.SERVER_INFO
    yield Rendered("server.md", server, render.release_info_markdown(_server_info()))
    yield Rendered("server-crlf.md", server, render.release_info_markdown(_server_info(), crlf=True))
    yield Rendered("server.html", server, render.release_info_html(_server_info()))
    windows11 = render.release_info_html(_windows11_info(), noise=True, strong_cells=True)
    yield Rendered("windows11.html", render.WINDOWS11_INFO, windows11)
    yield Rendered("windows10.html", render.WINDOWS10_INFO, render.release_info_html(render.windows10_release_info("2026-07")))
    tables: dict[str, Callable[[str], str]] = {
        "renamed-column": lambda text: text.replace("| Availability date |", "| Released |"),
        "wrong-label": lambda text: text.replace("**Windows Server 2022 (OS build 20348)**", "**Windows Server 2019 (OS build 17763)**"),
        "unknown-type": lambda text: text.replace("| Hotpatch |", "| Warm patch |", 1),
        "unknown-letter": lambda text: text.replace("| 2026-04 OOB |", "| 2026-04 X |", 1),
        "no-footnote": lambda text: text.replace("initially planned as hotpatch", "once planned"),
        "month-of-another-year": lambda text: text.replace("**Calendar year 2024**", "**Calendar year 2023**", 1),
        "a-full-seventh-cell": lambda text: text.replace(") |  |\n", ") | new |\n", 1),
        "no-history": lambda text: text.replace("release history", "releases"),
        "no-date": lambda text: text.replace("| 2026-04-19 |", "| soon |", 1),
    }
    for name, change in tables.items():
        what = "refused" if name == "renamed-column" else "quarantined"
        yield Rendered(f"{what}-{name}.md", server, change(render.release_info_markdown(_server_info())))
