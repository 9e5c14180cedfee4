"""Atom feeds of support.microsoft.com: when an update's article was published and when it was last changed, to the second.

One feed per version of Windows, hotpatches among the others; the Windows 11 feed of May 2026 had 115 entries, back to July 2024.
Historical: since the site was rebuilt in July 2026 the feeds are weeks late or no longer updated, so only their instants are read, and
no release depends on them. Odd: feeds may begin with a BOM and have control characters that XML forbids, and titles end with the site's name.

An entry whose title names no KB is skipped and counted: baselines without one ("January 13, 2026—Baseline"), and articles that are no
update ("Windows 11, version 25H2 update history"). The counts and titles are claims of ``feed/<guid>``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import clean, kb
from hotpatch_kb.db.model.titles import title
from hotpatch_kb.scraper.parsing.statements import distinct, quarantined, stated
from hotpatch_kb.scraper.parsing.streaming import Element
from hotpatch_kb.scraper.sources import PageSpec

TITLE = "Microsoft Support: Atom feeds of update histories"
HOME_URL = "https://support.microsoft.com/en-us/rss-feed-picker"
LICENCE = "https://www.microsoft.com/en-us/legal/terms-of-use"
PRECEDENCE = 600
DUE_EVERY = "1d"
IS_DATA = True  # for programs
AT_LEAST = 1  # the shortest recorded one has a single entry; each feed is compared with what it had before

_BASE = "https://support.microsoft.com/en-us/feed/atom/"
_GUIDS = (
    "4ec863cc-2ecd-e187-6cb3-b50c6545db92",  # Windows 11
    "6ae59d69-36fc-8e4d-23dd-631d98bf74a9",  # Windows 10
    "c7b7e227-e17e-8633-fd90-9d28fb739cc5",  # Windows Server 2025
    "2d67e9fb-2bd2-6742-08ee-628da707657f",  # Windows Server 2022
    "eb958e25-cff9-2d06-53ca-f656481bb31f",  # Windows Server 2019
    "c3a1be8a-50db-47b7-d5eb-259debc3abcc",  # Windows Server 2016
    "0cfbf2af-24ea-3e18-17e6-02df7331b571",  # Windows Server 2012
    "3ec8448d-ebc8-8fc0-e0b7-9e8ef6c79918",  # Windows Server 2012 R2
    "f825ca23-c7d1-aab8-4513-64980e1c3007",  # Windows Server 2008 R2
)
PAGES = [PageSpec(f"{_BASE}{guid}", (f"{_BASE}{guid}",)) for guid in _GUIDS]

_ATOM: Final = "{http://www.w3.org/2005/Atom}"
# Characters that XML 1.0 forbids, themselves and as references: "\x1f", "&#x1F;"
_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:x0*(?:[0-8bcef]|1[0-9a-f])|0*(?:[0-8]|1[12]|1[4-9]|2[0-9]|3[01]));", re.IGNORECASE
)
# KB5094126, "KB 3216755"
_NAMED_KB: Final = re.compile(r"\bKB[\s-]?[0-9]+", re.IGNORECASE)
# 2026-06-09T17:04:01Z, 2026-06-09T10:04:01.53-07:00
_INSTANT: Final = re.compile(
    r"(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})"
)
_FIRST_YEAR: Final = 2000  # 0001-01-01T00:00:00Z is how .NET writes a time that was never set


def parse(page: Page) -> Iterator[Claim]:
    """Return the claims of ``kb/<kb>`` (``published_at`` and ``updated_at`` in UTC, ``feed_title``), and of ``feed/<guid>``: what was skipped.

    A KB with two articles has ``published_at#2``.

    Raises:
        UnexpectedPage: it is not an Atom feed, or most of its entries have no KB or cannot be read.
    """
    return distinct(_entries(page))


def _entries(page: Page) -> Iterator[Claim]:
    feed = _feed(page)
    section = clean(_text(feed, "title"))
    row = odd = -1
    skipped: dict[str, list[str]] = {"baselines_without_kb": [], "others_without_kb": []}
    for entry in feed.iterchildren(f"{_ATOM}entry"):
        try:
            published = clean(_text(entry, "title"))
            # both endings: until July 2026, and since
            name = published.removesuffix(" - Microsoft Support").removesuffix(" | Microsoft Support")
            instants = [(f"{field}_at", *_instant(_text(entry, field))) for field in ("published", "updated")]
            number = _kb(name)
        except UnexpectedPage as error:
            odd += 1
            text = clean(
                " ".join(entry.xpath("*[local-name() = 'title' or local-name() = 'published' or local-name() = 'updated']//text()"))
            )
            yield from quarantined(section, "entry", text, error, odd, may_be_release=False)
            continue
        if number is None:
            skipped["baselines_without_kb" if _is_baseline(name) else "others_without_kb"].append(name)
            continue
        row += 1
        yield from stated(section, f"kb/{number}", row, [*instants, ("feed_title", name, published)])
    without = [name for names in skipped.values() for name in names]
    if row + 1 < max(len(without), odd + 1, 1):
        raise UnexpectedPage(
            f"expected entries of which most name a KB in {section!r}, got {row + 1} with and {len(without) + odd + 1} without"
        )
    subject = f"feed/{page.page_url.rpartition('/')[2]}"
    yield from stated(section, subject, 0, [(field, str(len(names)), "; ".join(names)) for field, names in skipped.items()])


def _feed(page: Page) -> Element:
    try:
        text = _FORBIDDEN.sub("", page.body.decode("utf-8")).lstrip("\ufeff \t\r\n")
    except UnicodeDecodeError as error:
        raise UnexpectedPage(f"expected UTF-8, got {error} from {page.final_url}") from None
    # The encoding is given, so that a declaration of another one is ignored.
    parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        raise UnexpectedPage(f"expected XML, got {error} from {page.final_url}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnexpectedPage(f"expected a feed without a DOCTYPE, got one from {page.final_url}")
    if root.tag != f"{_ATOM}feed":
        raise UnexpectedPage(f"expected an Atom feed, got {root.tag!r} from {page.final_url}")
    return root


def _text(parent: Element, name: str) -> str:
    children = parent.findall(f"{_ATOM}{name}")
    text = children[0].xpath("string()") if len(children) == 1 else ""
    if not text.strip():
        what = clean(parent.xpath("string(*[local-name() = 'title'])")) or "the feed"
        raise UnexpectedPage(f"expected one {name} that is not empty in {what[:120]!r}, got {len(children)}")
    return html.unescape(text) if children[0].get("type") == "html" else str(text)


def _instant(text: str) -> tuple[str, str]:
    """Return an instant in UTC to the second, and as published."""
    published = text.strip()
    try:
        if not (match := _INSTANT.fullmatch(published)):
            raise ValueError
        utc = datetime.fromisoformat(match["time"] + match["zone"]).astimezone(UTC)
        if utc.year < _FIRST_YEAR:
            raise ValueError
    except (ValueError, OverflowError):
        raise UnexpectedPage(f"expected an instant such as 2026-06-09T17:04:01Z, got {published!r}") from None
    return utc.strftime("%Y-%m-%dT%H:%M:%SZ"), published


def _kb(name: str) -> int | None:
    """Return the KB that a title names, wherever it is: before Windows 10 not all titles began with a date or a KB."""
    numbers = list(dict.fromkeys(kb(match[0]) for match in _NAMED_KB.finditer(name)))
    if len(numbers) > 1:
        raise UnexpectedPage(f"expected one KB in a title, got {name!r}")
    return numbers[0] if numbers else None


def _is_baseline(name: str) -> bool:
    """Return whether a title without a KB is that of a baseline, the only kind that the grammar reads without one."""
    try:
        return title(name).kind == "baseline"
    except UnexpectedPage:
        return False
