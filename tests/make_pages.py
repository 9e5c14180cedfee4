"""Renders the small pages in ``tests/pages`` from facts: ``python tests/make_pages.py``. A test holds that they are what this renders.

Each shows one shape, or one fault, of Microsoft's pages; the golden result beside it is what its source reads, or the
message with which it is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import render

PAGES = Path(__file__).parent / "pages"


def _some_categories(layout: render.Layout) -> list[render.NavCategory]:
    """One or two entries of every category, chosen for what is odd about them."""
    odd = ("July 18, 2026", "June 9, 2026", "KB5074204", "April 14, 2026", "KB5066360", "October 24, 2025", "February 11, 2025", "March 11, 2025",
           "November 19, 2024", "January 11, 2022", "December 14, 2021", "June 8, 2021", "July 7, 2021", "April 13, 2021", "August 12, 2025")  # fmt: skip
    categories = render.hotpatch_categories("2026-07" if layout == "new" else "2026-05", layout)
    return [replace(c, entries=[e for e in c.entries if e.title.startswith(odd)]) for c in categories]


def _server_categories(layout: render.Layout) -> list[render.NavCategory]:
    return [replace(c, entries=c.entries[:6]) for c in render.server_categories("2026-07" if layout == "new" else "2026-05", layout)]


def _new(categories: list[render.NavCategory]) -> str:
    return render.navigation_new(categories, h1="Release notes", url=render.HOTPATCH_HUB["new"])


def _server_info() -> render.ReleaseInfo:
    info = render.server_release_info("2026-05-13")
    history = [replace(table, rows=[*table.rows[:4], *table.rows[-2:]]) for table in info.history]
    years = [replace(c, years={year: rows for year, rows in c.years.items() if year in {"2026", "2024"}}) for c in info.calendars]
    return replace(info, history=history, calendars=years)


def _windows11_info() -> render.ReleaseInfo:
    info = render.windows11_release_info("2026-07")
    history = [replace(table, rows=[*table.rows[:3], *table.rows[-1:]]) for table in info.history]
    return replace(info, history=history, calendars=info.calendars[:1])


def toc(categories: list[render.NavCategory], *, bom: bool = False, years: bool = False) -> str:
    """toc.json of some categories: parents have no link; with years between, and a BOM, as toc.json may have them."""
    items = []
    for category in categories:
        leaves = [{"href": entry.href, "toc_title": entry.title} for entry in category.entries]
        hub = [{"href": "2026/01/hub", "toc_title": category.title}]
        children = [*hub, {"toc_title": "2026", "children": leaves}] if years else [*hub, *leaves]
        items.append({"children": children, "toc_title": category.title})
    return ("\ufeff" if bom else "") + json.dumps({"items": items, "metadata": {"brand": "support"}}, ensure_ascii=False, indent=1) + "\n"


def pages() -> Iterator[tuple[str, str]]:
    """File name below ``tests/pages`` and text of every page."""
    navigation = "support_navigation"
    yield f"{navigation}/hotpatch-new-layout.html", _new(_some_categories("new"))
    yield (
        f"{navigation}/hotpatch-old-layout.html",
        render.navigation_old(_some_categories("old"), h1="Release notes", url=render.HOTPATCH_HUB["old"]),
    )
    yield f"{navigation}/hotpatch-odd-titles.html", _new(render.odd_categories())
    yield (
        f"{navigation}/server-new-layout.html",
        render.navigation_new(_server_categories("new"), h1="Update history", url=render.SERVER_HUB["new"]),
    )
    yield (
        f"{navigation}/server-current-as-text.html",
        render.navigation_new(_server_categories("new"), h1="July 14, 2026", url=render.SERVER_HUB["new"], current=1, current_as_text=True),
    )
    faults: dict[str, Callable[[str], str]] = {
        "renamed-categories": lambda text: text.replace("learnRenderLeftNavCategory", "docsNavCategory"),
        "renamed-titles": lambda text: text.replace("learnRenderLeftNavCategoryTitle", "docsNavTitle"),
        "renamed-entries": lambda text: text.replace('"learnRenderLeftNavArticle', '"docsNavEntry'),
        "unreadable-title": lambda text: text.replace("June 9, 2026—Baseline", "Baseline of June", 1),
        "unknown-category": lambda text: text.replace(
            "Release notes for Hotpatch on Windows 11 Enterprise version 25H2", "Release notes for Hotpatch on Surface Hub"
        ),
        "another-navigation": lambda text: text,
    }
    for name, change in faults.items():
        categories = _server_categories("new") if name == "another-navigation" else _some_categories("new")
        yield f"{navigation}/refused-{name}.html", change(_new(categories))
    contents = "support_toc"
    windows11 = [replace(c, entries=c.entries[:4]) for c in render.windows11_categories()]
    yield f"{contents}/windows11.json", toc(windows11)
    yield f"{contents}/windows11-bom-and-years.json", toc(windows11, bom=True, years=True)
    yield f"{contents}/hotpatch.json", toc(_some_categories("new"))
    yield f"{contents}/refused-html.json", "<html>Something went wrong</html>"
    yield f"{contents}/refused-empty.json", json.dumps({"items": [], "metadata": {}})
    yield f"{contents}/refused-renamed.json", toc(windows11).replace("toc_title", "title")
    yield f"{contents}/refused-no-version.json", toc([replace(windows11[0], title="Surface Hub")])
    learn = "learn_release_info"
    yield f"{learn}/server.md", render.release_info_markdown(_server_info())
    yield f"{learn}/server-crlf.md", render.release_info_markdown(_server_info(), crlf=True)
    yield f"{learn}/server.html", render.release_info_html(_server_info())
    yield f"{learn}/windows11.html", render.release_info_html(_windows11_info(), noise=True, strong_cells=True)
    yield f"{learn}/windows10.html", render.release_info_html(render.windows10_release_info("2026-07"))
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
        yield f"{learn}/refused-{name}.md", change(render.release_info_markdown(_server_info()))


def main() -> None:
    """Writes every page."""
    for name, text in pages():
        path = PAGES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))


if __name__ == "__main__":
    main()
