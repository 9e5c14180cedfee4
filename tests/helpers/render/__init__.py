"""Render Microsoft's pages as the tests need them: the same markup around the same numbers, from facts.

The recorded pages are other people's text and are not in this project. What a parser meets in them is: class names,
nesting, white space, attribute order, titles, dates, builds, addresses. That is rendered here from ``tests/facts``
(``tests/facts/README.md`` says where each file comes from and what in it is made up); every sentence is ours.
``test_render.py`` compares the rendered pages with the recorded ones where these are at hand.

    save_tree(path, url, navigation_new(hotpatch_categories("2026-07", "new"), h1="..."), ...)   # one page
    write_world(path, "new")                                                                     # all of them
"""

from helpers.render.from_facts import (
    FACTS,
    facts,
    hotpatch_categories,
    odd_categories,
    server_categories,
    server_release_info,
    windows10_categories,
    windows10_release_info,
    windows11_categories,
    windows11_release_info,
)
from helpers.render.navigations import navigation_new, navigation_old
from helpers.render.release_info import release_info_html, release_info_markdown
from helpers.render.shapes import (
    HOTPATCH_HUB,
    SERVER2016_HUB,
    SERVER2019_HUB,
    SERVER_HUB,
    SERVER_INFO,
    WINDOWS10_INFO,
    WINDOWS11_HUB,
    WINDOWS11_INFO,
    CalendarRow,
    HistoryRow,
    HistoryTable,
    Layout,
    NavCategory,
    NavEntry,
    ReleaseInfo,
)
from helpers.render.trees import save_tree, write_world

__all__ = [
    "FACTS",
    "HOTPATCH_HUB",
    "SERVER2016_HUB",
    "SERVER2019_HUB",
    "SERVER_HUB",
    "SERVER_INFO",
    "WINDOWS10_INFO",
    "WINDOWS11_HUB",
    "WINDOWS11_INFO",
    "CalendarRow",
    "HistoryRow",
    "HistoryTable",
    "Layout",
    "NavCategory",
    "NavEntry",
    "ReleaseInfo",
    "facts",
    "hotpatch_categories",
    "navigation_new",
    "navigation_old",
    "odd_categories",
    "release_info_html",
    "release_info_markdown",
    "save_tree",
    "server_categories",
    "server_release_info",
    "windows10_categories",
    "windows10_release_info",
    "windows11_categories",
    "windows11_release_info",
    "write_world",
]
