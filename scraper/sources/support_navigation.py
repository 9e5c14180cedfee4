"""support.microsoft.com: the navigation of the update histories and of the hotpatch release notes, one entry per article.

One navigation holds a whole family: every hotpatch hub lists all hotpatch lines back to March 2021, the hub of Windows Server 2025
also lists 23H2 and 2022. Only here stand baselines (without KB and build), out-of-band hotpatches and component updates.
Rebuilt on 2026-07-14: ``supLeftNav*`` became ``learnRenderLeftNav*``, links became relative, the navigation no longer stands twice.
In the old layout links are ``/en-us/help/<n>``, where n is the article's own KB: for a baseline the only place that states it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from db.claims import Claim, Page, UnexpectedPage
from db.grammar import Title, clean, help_kb, slug_builds, slug_kb, title
from db.products import BUILD_NUMBERS, named, products_in
from scraper.markup import Node, link, page_title, text, tree, with_class
from scraper.sources import PageSpec, distinct

TITLE = "Microsoft Support: navigation of update histories and hotpatch release notes"
HOME_URL = "https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2"
LICENCE = "https://www.microsoft.com/en-us/legal/terms-of-use"
PRECEDENCE = 200  # after Learn's tables
DUE_EVERY = "6h"
AT_LEAST = 3  # entries; the shortest navigation has dozens, and what it had is compared with section by section

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
    _hub("windows-10", "windows-10/2020/12/windows-10-update-history", "windows-10-update-history-8127c2c6-6edf-4fdf-8b9f-0f7be1ef3562"),
]

# The two generations of the site: the prefix of the navigation's classes.
LAYOUTS: Final = ("learnRenderLeftNav", "supLeftNav")

# What an entry states of its subject: field, value, text as published.
Field = tuple[str, str | None, str]

# What stands in a navigation and is no release, as last seen 2026-07-23, besides an entry equal to its category's title.
NO_RELEASES: Final = frozenset({"release notes", "end of updates statement", "end of servicing statement"})

# "Release notes for hotpatch on …", "Public Preview - Release notes for hotpatch …", and short "Windows 11 Enterprise version 25H2"
_HOTPATCH_CATEGORY: Final = re.compile(r"\bhotpatch\b|\bWindows 11 Enterprise\b", re.IGNORECASE)
_PREVIEW_CATEGORY: Final = re.compile(r"^public preview\b", re.IGNORECASE)


def parse(page: Page) -> Iterator[Claim]:
    """Claims of one hub's navigation.

    Raises:
        UnexpectedPage: no navigation, a category or an entry that cannot be read, or the navigation of another family.
    """
    return distinct(_entries(page))


def _entries(page: Page) -> Iterator[Claim]:
    root = tree(page)
    seen: set[tuple[str, str, str]] = set()
    rows: dict[str, int] = {}
    has_hotpatch = False
    categories = list(_categories(root))
    # Lines that are new, whose build numbers only their own titles tell ("Windows 11, version 27H2").
    has_new_line = any(named(product).build_number is None for section, _, _ in categories for product in products_in(section))
    for section, layout, category in categories:
        is_hotpatch = _HOTPATCH_CATEGORY.search(section) is not None
        has_hotpatch = has_hotpatch or is_hotpatch
        products = products_in(section)
        entries = category.xpath(f".//li[{with_class(layout + 'Article')}]")
        if not entries:
            raise UnexpectedPage(f"expected entries in the category {section!r}, got none")
        for entry in entries:
            published = text(entry)
            if published.casefold() in NO_RELEASES or published.casefold() == section.casefold():
                continue
            anchors = entry.xpath(".//a[@href]")
            href = anchors[0].get("href") if anchors else page.final_url  # the current article may stand as plain text
            if (section.casefold(), published, href) in seen:
                continue  # the old layout has the whole navigation twice, for narrow and for wide screens
            seen.add((section.casefold(), published, href))
            try:
                read = title(published, in_hotpatch_line=is_hotpatch)
            except UnexpectedPage as error:
                raise UnexpectedPage(f"{error} in the category {section!r}") from None
            row = rows[section] = rows.get(section, -1) + 1
            yield from _entry(page, section, products, read, href, row, is_hotpatch=is_hotpatch, has_new_line=has_new_line)
    if has_hotpatch != ("/hotpatch/" in page.page_url):
        wanted = "hotpatch release notes" if "/hotpatch/" in page.page_url else "an update history"
        raise UnexpectedPage(f"expected the navigation of {wanted}, got that of {page_title(root)!r}")


def _categories(root: Node) -> Iterator[tuple[str, str, Node]]:
    found = False
    for layout in LAYOUTS:
        for category in root.xpath(f"//div[{with_class(layout + 'Category')}]"):
            titles = category.xpath(f".//div[{with_class(layout + 'CategoryTitle')}]")
            if len(titles) != 1:
                raise UnexpectedPage(
                    f"expected one title of a navigation category, got {len(titles)} in {clean(category.text_content())[:80]!r}"
                )
            found = True
            yield text(titles[0]), layout, category
    if not found:
        raise UnexpectedPage(
            f"expected a navigation (class {LAYOUTS[0]}Category or {LAYOUTS[1]}Category), got none on {page_title(root)!r}"
        )


def _entry(
    page: Page, section: str, products: tuple[str, ...], read: Title, href: str, row: int, *, is_hotpatch: bool, has_new_line: bool
) -> Iterator[Claim]:
    address = link(page, href)
    common: list[Field] = [("title", read.text, read.text)]
    if read.date:
        common.append(("release_date", read.date, read.date_text))
    common.append(("article_url", address, href))
    article_kb = help_kb(address or "")
    if article_kb:
        common.append(("article_kb", str(article_kb), href))
    subjects = list(_subjects(products, read, has_new_line=has_new_line))
    if not subjects:
        # Its builds are all of other products: "September 29, 2025—KB5065789 (OS Build 26100.6725) Preview" among those of 25H2.
        for field, value, published in common:
            yield Claim(section, f"kb/{read.kb}", field, value, published, row)
        return
    common += _kind_fields(section, read, is_hotpatch=is_hotpatch)
    if read.kb and (in_slug := slug_kb(address or "")) not in {None, read.kb}:
        common.append(("slug_kb", str(in_slug), href))  # a slug that agrees adds nothing: it is never believed alone
    for subject, extra in subjects:
        stated = next((value for field, value, _ in extra if field == "build"), None)
        for field, value, published in (*extra, *common):
            yield Claim(section, subject, field, value, published, row)
        if stated:
            number = stated.partition(".")[0]
            in_slugs = {str(b) for b in slug_builds(address or "") if str(b.number) == number}
            if in_slugs and stated not in in_slugs and len(in_slugs) == 1:
                yield Claim(section, subject, "slug_build", in_slugs.pop(), href, row)


def _kind_fields(section: str, read: Title, *, is_hotpatch: bool) -> list[Field]:
    # A hotpatch is one wherever it is listed.
    line = "hotpatch" if is_hotpatch or read.kind in {"hotpatch", "baseline"} else "standard"
    fields: list[Field] = [("line", line, section)]
    if read.kind:
        fields.append(("classification", read.kind, read.text))
    if read.is_out_of_band:
        fields.append(("cadence", "OOB", read.text))
    if is_hotpatch and read.is_public_preview:
        fields.append(("is_public_preview", "titled", read.text))
    elif is_hotpatch and _PREVIEW_CATEGORY.search(section):
        fields.append(("is_public_preview", "listed", section))
    if read.is_expired:
        fields.append(("is_expired", "1", read.text))
    return fields


def _subjects(products: tuple[str, ...], read: Title, *, has_new_line: bool) -> Iterator[tuple[str, list[Field]]]:
    """The releases that an entry is about, each with what names it.

    An entry belongs to the products of its category whose build number a build has; a build of another product is left to
    that product's category, one of a new line too; a build number that no product has (20346.2091) names no release and is kept as a claim.
    """
    kb_field: list[Field] = [("kb", str(read.kb), f"KB{read.kb}")] if read.kb else []
    if read.kind == "baseline" and not read.builds:
        # The KB of such a title is the article's own, "Baseline (KB5089602)"; the KB that is installed is that of the LCU of the day.
        for product in products:
            yield (
                f"release/{product}/{read.date}/baseline",
                [("article_kb", str(read.kb), read.text)] if read.kb else [],
            )
        return
    if not read.builds:
        for product in products:
            yield f"release/{product}/{read.kb or '-'}/-", kb_field
        return
    numbers = {product: named(product).build_number for product in products}
    has_own = any(os_build.number in numbers.values() for os_build in read.builds)
    for os_build in read.builds:
        build_field: list[Field] = [("build", str(os_build), str(os_build))]
        owners = [product for product, number in numbers.items() if number == os_build.number]
        if not owners and os_build.number not in BUILD_NUMBERS:
            owners = [product for product, number in numbers.items() if number is None]
            if not owners:
                if has_own or has_new_line:
                    continue
                for product in products:
                    yield f"release/{product}/{read.kb or '-'}/-", [*kb_field, *build_field]
                continue
        for product in owners:
            yield f"release/{product}/{read.kb or '-'}/{os_build}", [*kb_field, *build_field]
