"""support.microsoft.com: the navigation of the update histories and of the hotpatch release notes, one entry per article.

One navigation has a whole family: every hotpatch hub lists all hotpatch lines back to March 2021, and the hub of Windows Server 2025
also lists 23H2 and 2022. No other source has baselines (without KB and build), out-of-band hotpatches and component updates.
Rebuilt on 2026-07-14: ``supLeftNav*`` became ``learnRenderLeftNav*``, links became relative, and the navigation is there once, not twice.
In the old layout links are ``/en-us/help/<n>``, where n is the article's own KB: for a baseline no other place states it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from bs4 import BeautifulSoup, Tag

from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import MONTHS, clean
from hotpatch_kb.scraper.parsing.markup import classes, elements, page_title, soup, text, texts_outside
from hotpatch_kb.scraper.parsing.once import once_per_page
from hotpatch_kb.scraper.parsing.statements import quarantined
from hotpatch_kb.scraper.parsing.support.entries import Category, Entry, claims_of, listed_elsewhere, odd_words
from hotpatch_kb.scraper.parsing.support.hubs import hub_at
from hotpatch_kb.scraper.sources import PageSpec

TITLE = "Microsoft Support: navigation of update histories and hotpatch release notes"
HOME_URL = "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2"
LICENCE = "https://www.microsoft.com/en-us/legal/terms-of-use"
PRECEDENCE = 200  # after Learn's tables
DUE_EVERY = "6h"
DUE_ON_RELEASE = "30m"
AT_LEAST = 3  # entries; the shortest navigation has dozens, and each section is compared with what it had before

_NEW = "https://support.microsoft.com/en-us/servicing/os/"
_OLD = "https://support.microsoft.com/en-us/topic/"


def _hub(family: str, new: str, *old: str) -> PageSpec:
    return PageSpec(f"{_NEW}{new}", (f"{_NEW}{new}", *(f"{_OLD}{slug}" for slug in old)), family)


PAGES = [
    _hub(
        "hotpatch",
        "hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2",
        "release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2-0bbaa1c7-5070-41ca-a7c9-4ead79602dbf",
    ),
    _hub(
        "hotpatch",
        "hotpatch/windows-server-2025/2024/release-notes-for-hotpatch-on-windows-server-2025-datacenter-azure-edition",
        "release-notes-for-hotpatch-on-windows-server-2025-datacenter-azure-edition-c548437e-8c7a-4e27-99f4-e8746f97f8fa",
    ),
    _hub(
        "hotpatch",
        "hotpatch/windows-server-2022/2022/release-notes-for-hotpatch-in-azure-automanage-for-windows-server-2022",
        "release-notes-for-hotpatch-in-azure-automanage-for-windows-server-2022-4e234525-5bd5-4171-9886-b475dabe0ce8",
    ),
    _hub(
        "hotpatch",
        "hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-24h2",
        "release-notes-for-hotpatch-on-windows-11-enterprise-version-24h2-c0906ee6-5e62-498f-bd5a-8f4966349f3c",
    ),
    _hub(
        "windows-server",
        "windows-server/2024/10/windows-server-2025-update-history",
        "windows-server-2025-update-history-10f58da7-e57b-4a9d-9c16-9f1dcd72d7d7",
    ),
    _hub(
        "windows-server",
        "windows-server/2021/07/windows-server-2022-update-history",
        "windows-server-2022-update-history-e1caa597-00c5-4ab9-9f3e-8212fe80b2ee",
    ),
    _hub("windows-server", "windows-server/2023/09/windows-server-version-23h2-update-history"),
    _hub(
        "windows-11",
        "windows-11/2025/07/windows-11-version-25h2-update-history",
        "windows-11-version-25h2-update-history-99c7f493-df2a-4832-bd2d-6706baa0dec0",
    ),
    _hub(
        "windows-11",
        "windows-11/2024/09/windows-11-version-24h2-update-history",
        "windows-11-version-24h2-update-history-0929c747-1815-4543-8461-0160d16f15e5",
    ),
    _hub("windows-11", "windows-11/2026/02/windows-11-version-26h1-update-history"),
    _hub(
        "windows-10",
        "windows-10/2020/11/windows-10-and-windows-server-2019-update-history",
        "windows-10-and-windows-server-2019-update-history-725fc2e1-4443-6831-a5ca-51ff5cbcb059",
    ),
    _hub(
        "windows-10",
        "windows-10/2020/11/windows-10-and-windows-server-2016-update-history",
        "windows-10-and-windows-server-2016-update-history-4acfbc84-a290-1b54-536a-1c0430e9f3fd",
    ),
    _hub(
        "windows-10",
        "windows-10/2020/12/windows-10-update-history",
        "windows-10-update-history-24ea91f4-36e7-d8fd-0ddb-d79d9d0cdbda",
        "windows-10-update-history-8127c2c6-6edf-4fdf-8b9f-0f7be1ef3562",
    ),
]


def page_at(url: str) -> PageSpec | None:
    """Return the hub at an address that the list above need not have, None where it is not the address of one."""
    hub = hub_at(url)
    return PageSpec(hub.url, (hub.url,)) if hub else None


# What looks like an entry or a category, wherever it is: "KB5087423", "April 14, 2026—Baseline", "Windows Server 2025"
_LIKE_AN_ENTRY: Final = re.compile(rf"\bKB ?\d{{6,7}}\b|\b(?:{'|'.join(MONTHS)}) \d{{1,2}},? 20\d\d\b|\bWindows (?:1\d|Server)\b.*\d\d")
# The site's own: 400 of the 1,000 elements of a page.
_SITE: Final = frozenset({"header", "footer"})
# The two generations of the site: the prefix of the navigation's classes.
LAYOUTS: Final = ("learnRenderLeftNav", "supLeftNav")


class _Navigation(NamedTuple):
    """A page and its navigation.

    Attributes:
        document: the page.
        categories: with their entries.
        read: the elements of these titles and entries.
        unlinked: titles of entries without a link.
        untitled: texts of categories without one title, and what was expected.
    """

    document: BeautifulSoup
    categories: list[Category]
    read: list[Tag]
    unlinked: list[str]
    untitled: list[tuple[str, str]]


@once_per_page
def _read(page: Page) -> _Navigation:
    navigation = _Navigation(soup(page, without=_SITE), [], [], [], [])
    for category in elements(navigation.document, "div"):
        layout = next((layout for layout in LAYOUTS if f"{layout}Category" in classes(category)), None)
        if layout is None:
            continue
        below = list(elements(category, "div", "li"))
        titles = [tag for tag in below if tag.name == "div" and f"{layout}CategoryTitle" in classes(tag)]
        items = [tag for tag in below if tag.name == "li" and f"{layout}Article" in classes(tag)]
        if len(titles) != 1:
            navigation.untitled.append((clean(category.get_text(" ")), f"expected one title of a navigation category, got {len(titles)}"))
            navigation.read.extend((*titles, *items))
            continue
        entries = []
        for item in items:
            anchor = next((anchor for anchor in elements(item, "a") if anchor.has_attr("href")), None)
            # The current article may be plain text, without a link.
            is_current = f"{layout}CurrentArticle" in classes(item)
            entries.append(Entry(text(item), str(anchor["href"]) if anchor else page.final_url if is_current else ""))
            if not anchor and not is_current:
                navigation.unlinked.append(entries[-1].title)
        navigation.categories.append(Category(text(titles[0]), entries))
        navigation.read.extend((*titles, *items))
    if not navigation.categories:
        raise UnexpectedPage(
            f"expected a navigation (class {' or '.join(f'{layout}Category' for layout in LAYOUTS)}), got none on {page_title(navigation.document)!r}"
        )
    return navigation


def parse(page: Page) -> Iterator[Claim]:
    """Return the claims of one hub's navigation.

    Raises:
        UnexpectedPage: no navigation, none of whose categories can be read, or the navigation of another family.
    """
    navigation = _read(page)
    yield from claims_of(page, navigation.categories, lambda: page_title(navigation.document))
    for row, (published, reason) in enumerate(navigation.untitled):
        yield from quarantined("navigation", "heading", published, reason, row)


def unread(page: Page, _: Sequence[Claim]) -> Iterator[Unread]:
    """Yield entries without a link, words of titles that are new, and what looks like an entry or a category and is in none."""
    navigation = _read(page)
    yield from listed_elsewhere(navigation.categories)
    yield from odd_words(entry.title for category in navigation.categories for entry in category.entries)
    copies: dict[str, list[list[str]]] = {}
    for category in navigation.categories:
        copies.setdefault(category.title.casefold(), []).append([entry.title for entry in category.entries])
    for name, copied in copies.items():  # the old layout has the whole navigation twice
        if len(copied) != max(map(len, copies.values())) or any(listed != copied[0] for listed in copied):
            yield Unread("", "copy", f"expected every copy of the navigation to list the same, got another one of {name!r}")
    for title in navigation.unlinked:
        yield Unread("", "link", f"expected a link of the entry {title!r}, got none")
    elsewhere = elements(navigation.document, "head", "main")
    for outside in texts_outside(navigation.document, (*navigation.read, *elsewhere)):
        if _LIKE_AN_ENTRY.search(outside):
            yield Unread("", "text", f"expected entries in the list of a category alone, got {outside[:200]!r}")
