"""Navigations of update histories and hotpatch release notes, in both layouts, and their faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from helpers import render
from helpers.rendering import Rendered


def some_categories(layout: render.Layout) -> list[render.NavCategory]:
    """One or two entries of every category, chosen for what is odd about them."""
    odd = ("July 18, 2026", "June 9, 2026", "KB5074204", "April 14, 2026", "KB5066360", "October 24, 2025", "February 11, 2025", "March 11, 2025",
           "November 19, 2024", "January 11, 2022", "December 14, 2021", "June 8, 2021", "July 7, 2021", "April 13, 2021", "August 12, 2025")  # fmt: skip
    categories = render.hotpatch_categories("2026-07" if layout == "new" else "2026-05", layout)
    return [replace(c, entries=[e for e in c.entries if e.title.startswith(odd)]) for c in categories]


def _server_categories(layout: render.Layout) -> list[render.NavCategory]:
    return [replace(c, entries=c.entries[:6]) for c in render.server_categories("2026-07" if layout == "new" else "2026-05", layout)]


def _new(categories: list[render.NavCategory]) -> str:
    return render.navigation_new(categories, h1="Release notes", url=render.HOTPATCH_HUB["new"])


def pages() -> Iterator[Rendered]:
    """Every page."""
    hotpatch, server = render.HOTPATCH_HUB["new"], render.SERVER_HUB["new"]
    yield Rendered("hotpatch-new-layout.html", hotpatch, _new(some_categories("new")))
    yield Rendered(
        "hotpatch-old-layout.html",
        hotpatch,
        render.navigation_old(some_categories("old"), h1="Release notes", url=render.HOTPATCH_HUB["old"]),
    )
    yield Rendered("hotpatch-odd-titles.html", hotpatch, _new(render.odd_categories()))
    yield Rendered("server-new-layout.html", server, render.navigation_new(_server_categories("new"), h1="Update history", url=server))
    yield Rendered(
        "server-current-as-text.html",
        server,
        render.navigation_new(_server_categories("new"), h1="July 14, 2026", url=server, current=1, current_as_text=True),
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
        categories = _server_categories("new") if name == "another-navigation" else some_categories("new")
        what = "quarantined" if name in {"unreadable-title", "unknown-category"} else "refused"
        yield Rendered(f"{what}-{name}.html", hotpatch, change(_new(categories)))
