"""Entries of support.microsoft.com, as its navigations and its toc.json list them: the title of a category, and titles with links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from hotpatch_kb.db.model.claims import Claim, Page, Unread, baseline_subject, release_subject
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import Build, kbs_in
from hotpatch_kb.db.model.products import BUILD_NUMBERS, named, products_in
from hotpatch_kb.db.model.titles import Title, help_kb, slug_builds, slug_kb, title, unknown_words
from hotpatch_kb.scraper.parsing.markup import link
from hotpatch_kb.scraper.parsing.statements import Field, distinct, quarantined, stated

# Entries that are no release, as last seen 2026-07-23, besides one equal to its category's title.
NO_RELEASES: Final = frozenset({"release notes", "end of updates statement", "end of servicing statement"})

# Systems that are not covered and share pages with those that are: "Update for Windows 10 Mobile (OS Build 15254.603)"
_OTHER_WINDOWS: Final = re.compile(r"\bWindows 10 (?:Mobile|Team|IoT Core)\b|\bHoloLens\b|\bSurface Hub\b|\bXbox\b", re.IGNORECASE)
# Build numbers of such systems: 15254 is Windows 10 Mobile, which three of its 26 entries in the history of 1709 do not say (May 2026).
_OTHER_NUMBERS: Final = frozenset({15254})
# "Release notes for hotpatch on …", "Public Preview - Release notes for hotpatch …", and short "Windows 11 Enterprise version 25H2"
_HOTPATCH_CATEGORY: Final = re.compile(r"\bhotpatch\b|\bWindows 11 Enterprise\b", re.IGNORECASE)
_PREVIEW_CATEGORY: Final = re.compile(r"^public preview\b", re.IGNORECASE)


class Entry(NamedTuple):
    """An article's title as published, and its link, "" without one."""

    title: str
    href: str


class Category(NamedTuple):
    """A category's title as published, and its entries, that of the hub included."""

    title: str
    entries: list[Entry]


def is_hotpatch_hub(page_url: str) -> bool:
    """Return whether a page is of the hotpatch family, by its name in claims."""
    return "hotpatch" in page_url


def odd_words(titles: Iterable[str]) -> Iterator[Unread]:
    """Yield the words of entries that are new and may say something of a release: "… (OS Build 26100.33249) - Paused"."""
    for published in dict.fromkeys(titles):
        if kbs_in(published) and (words := unknown_words(published)):
            yield Unread("", "words", f"expected no other words in a title than those of before, got {', '.join(words)!r} in {published!r}")


def listed_elsewhere(categories: Iterable[Category]) -> Iterator[Unread]:
    """Yield entries with a build of another version that has a category on the page, where that category ends before them.

    "(OS Builds 26300.8990, 26200.8990 and 26100.8990)" in the category of 26H2 alone: those of 25H2 and 24H2 lack their newest update.
    """
    read = list(_read_entries(categories))
    numbers = {product: named(product).build_number for products, _ in read for product in products}
    builds: set[tuple[str, Build | int | None]] = {
        (product, listed) for products, one in read for product in products for listed in (*one.builds, one.kb)
    }
    newest: dict[str, str] = {}
    for products, one in read:
        newest |= {product: max(one.date or "", newest.get(product, "")) for product in products}
    for products, one in {one.text: (products, one) for products, one in read}.values():
        for os_build in one.builds:
            if os_build.number in {numbers[product] for product in products}:
                continue
            owners = [product for product, number in numbers.items() if number == os_build.number]
            lacking = [p for p in owners if not {(p, os_build), (p, one.kb)} & builds and newest[p] < (one.date or "")]
            if lacking and lacking == owners:
                yield Unread(
                    "",
                    "category",
                    f"expected {one.text!r} in a category of {' or '.join(owners)}, too, got it in that of {' and '.join(products)} alone",
                )


def _read_entries(categories: Iterable[Category]) -> Iterator[tuple[tuple[str, ...], Title]]:
    """Yield the titles that can be read, with the products of their categories."""
    for category in categories:
        products = _products_of(category)
        for read in (_readable(entry.title) for entry in category.entries if products):
            if read is not None:
                yield products, read


def _products_of(category: Category) -> tuple[str, ...]:
    try:
        return products_in(category.title)
    except UnexpectedPage:
        return ()  # quarantined


def _readable(published: str) -> Title | None:
    try:
        return title(published)
    except UnexpectedPage:
        return None  # quarantined, or no release


def claims_of(page: Page, categories: Iterable[Category], name: Callable[[], str]) -> Iterator[Claim]:
    """Return the claims of all entries.

    Args:
        page: the page that lists them; its name in claims says whether it is of the hotpatch family.
        categories: in the order of the page.
        name: returns what the page calls itself, for the message that it is another page.

    What cannot be read of an entry, and a category that names no version of Windows, is quarantined.

    Raises:
        UnexpectedPage: no category can be read, all are empty (that of a version with no update yet may be), or they are of another family.
    """
    return distinct(_claims(page, list(categories), name))


def _claims(page: Page, categories: list[Category], name: Callable[[], str]) -> Iterator[Claim]:
    seen: set[tuple[str, str, str]] = set()
    rows: dict[str, int] = {}
    has_hotpatch = False
    categories, unknown = _known(categories)
    for row, (section, entries, error) in enumerate(unknown):
        has_kb = any(kbs_in(entry.title) for entry in entries)
        yield from quarantined(section, "heading", section, error, row, may_be_release=has_kb)
    # A new line, whose build number is not known yet ("Windows 11, version 27H2").
    has_new_line = any(named(product).build_number is None for category in categories for product in products_in(category.title))
    for section, entries in categories:
        is_hotpatch = _HOTPATCH_CATEGORY.search(section) is not None
        has_hotpatch = has_hotpatch or is_hotpatch
        products = products_in(section)
        if not entries and not any(category.entries for category in categories):
            raise UnexpectedPage(f"expected entries in the category {section!r}, got none")
        if not entries:
            yield from quarantined(
                section, "heading", section, "expected entries in a category, got none", 0, products, may_be_release=False
            )
        for published, link_text in entries:
            if published.casefold() in NO_RELEASES or published.casefold() == section.casefold():
                continue
            if (section.casefold(), published, link_text) in seen:
                continue  # the old layout has the whole navigation twice, for narrow and for wide screens
            seen.add((section.casefold(), published, link_text))
            row = rows[section] = rows.get(section, -1) + 1
            try:
                read = _title(published, is_hotpatch=is_hotpatch)
            except UnexpectedPage as error:
                yield from quarantined(section, "entry", published, error, row, products)
                continue
            if foreign := _foreign_builds(products, read):
                reason = f"expected a build of {' or '.join(foreign)}, got others"
                is_other = _OTHER_WINDOWS.search(read.text) is not None or all(b.number in _OTHER_NUMBERS for b in read.builds)
                may_be_release = False if is_other else None
                yield from quarantined(section, "entry", published, reason, row, products, may_be_release=may_be_release)
                continue
            yield from _entry(page, section, products, read, link_text, row, is_hotpatch=is_hotpatch, has_new_line=has_new_line)
    if has_hotpatch != is_hotpatch_hub(page.page_url):
        wanted = "hotpatch release notes" if not has_hotpatch else "an update history"
        raise UnexpectedPage(f"expected the navigation of {wanted}, got that of {name()!r}")


def _known(categories: list[Category]) -> tuple[list[Category], list[tuple[str, list[Entry], UnexpectedPage]]]:
    """Return the categories that name a version of Windows, and the others with the reason.

    Raises:
        UnexpectedPage: none names one.
    """
    known: list[Category] = []
    unknown: list[tuple[str, list[Entry], UnexpectedPage]] = []
    for category in categories:
        try:
            products_in(category.title)
        except UnexpectedPage as error:
            unknown.append((category.title, category.entries, error))
        else:
            known.append(category)
    if unknown and not known:
        raise unknown[0][2]
    return known, unknown


def _title(published: str, *, is_hotpatch: bool) -> Title:
    """Return the parts of an entry's title. Updates for components alone lack a date ("KB5066360—Security Update for Windows PowerShell").

    One without a build is a release ("March 18 2021-KB5001633"): older builds are behind it.

    Raises:
        UnexpectedPage: it cannot be read, or it is an update of Windows and does not say when ("KB5120233 of August 11th").
    """
    read = title(published, in_hotpatch_line=is_hotpatch)
    if read.kind not in {"baseline", "component"} and not read.date:
        raise UnexpectedPage(f"expected the date of an update, got {published!r}")
    return read


def _foreign_builds(products: tuple[str, ...], read: Title) -> list[str]:
    """Return the build numbers of the products, where all builds of an entry are of no product at all; [] otherwise.

    A number that differs from a product's in one digit is a slip of the pen (20346.2091): its release is known, and the build is a conflict.
    """
    numbers = [str(number) for product in products if (number := named(product).build_number) is not None]
    if not read.builds or len(numbers) < len(products):
        return []
    is_foreign = all(
        os_build.number not in BUILD_NUMBERS
        and all(sum(a != b for a, b in zip(str(os_build.number), number, strict=False)) > 1 for number in numbers)
        for os_build in read.builds
    )
    return sorted(set(numbers)) if is_foreign else []


def _entry(
    page: Page, section: str, products: tuple[str, ...], read: Title, href: str, row: int, *, is_hotpatch: bool, has_new_line: bool
) -> Iterator[Claim]:
    address = link(page, href)
    common: list[Field] = [("title", read.text, read.text)]
    if read.date:
        common.append(("release_date", read.date, read.date_text))
    if href:
        common.append(("article_url", address, href))
    article_kb = help_kb(address or "")
    if article_kb:
        common.append(("article_kb", str(article_kb), href))
    subjects = list(_subjects(products, read, has_new_line=has_new_line))
    if not subjects:
        # All its builds are of other products: "September 29, 2025—KB5065789 (OS Build 26100.6725) Preview" among those of 25H2. It is the
        # release of its category's product if another source, or the list of a version with the same revisions, confirms it.
        reason = "expected a build of its own version, got another's; no other source names its build"
        yield from quarantined(section, "entry", read.text, reason, row, products)
        common += [("kb", str(read.kb), f"KB{read.kb}")] if read.kb else []
        subjects = [
            (release_subject(product, read.kb, None), [("build", str(os_build), str(os_build)) for os_build in read.builds])
            for product in products
            if read.kb and named(product).build_number is not None
        ]
    common += _kind_fields(section, read, is_hotpatch=is_hotpatch)
    if read.kb and (in_slug := slug_kb(address or "")) not in {None, read.kb}:
        common.append(("slug_kb", str(in_slug), href))  # a slug that agrees adds nothing
    for subject, extra in subjects:
        stated_build = next((value for field, value, _ in extra if field == "build"), None)
        yield from stated(section, subject, row, (*extra, *common))
        if stated_build:
            number = stated_build.partition(".")[0]
            in_slugs = {str(b) for b in slug_builds(address or "") if str(b.number) == number}
            if in_slugs and stated_build not in in_slugs and len(in_slugs) == 1:
                yield Claim(section, subject, "slug_build", in_slugs.pop(), href, row)


def _kind_fields(section: str, read: Title, *, is_hotpatch: bool) -> list[Field]:
    # A hotpatch is a hotpatch wherever it is listed.
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
    """Yield the releases that an entry is about, each with the fields that name it.

    An entry belongs to the products of its category whose build number one of its builds has. A build of another product, or of a
    new line, belongs to the category of that one. A build number that no product has (20346.2091) names no release, and is a claim.
    """
    kb_field: list[Field] = [("kb", str(read.kb), f"KB{read.kb}")] if read.kb else []
    if read.kind == "baseline" and read.date and not read.builds:
        # Such a title names the article's own KB, "Baseline (KB5089602)"; what is installed is the KB of that day's LCU.
        for product in products:
            yield (
                baseline_subject(product, read.date),
                [("article_kb", str(read.kb), read.text)] if read.kb else [],
            )
        return
    if not read.builds:
        for product in products:
            yield release_subject(product, read.kb, None), kb_field
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
                    yield release_subject(product, read.kb, None), [*kb_field, *build_field]
                continue
        for product in owners:
            yield release_subject(product, read.kb, os_build), [*kb_field, *build_field]
