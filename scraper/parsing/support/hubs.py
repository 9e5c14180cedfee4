"""Links to hubs: the update histories and hotpatch release notes of support.microsoft.com, wherever a page links to one.

The list of hubs in ``support_navigation`` is where reading begins. Microsoft moves hubs (that of Windows 10 was at three addresses in 2026), and a
new version gets one of its own (26H2 in September 2026). Pages that are read anyway link to them: titles of navigation categories, toc.json,
Learn's tables.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from html import unescape
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.db.model.products import products_in
from hotpatch_kb.scraper.parsing.markup import link

# …/servicing/os/windows-11/2026/09/windows-11-version-26h2-update-history, …/windows-10/2022/09/windows-10-update-history-1 and
# …/hotpatch/windows-server-2025/2024/release-notes-for-hotpatch-on-…; before July 2026 /en-us/topic/<such a slug>-<guid>
_SLUG: Final = r"windows-[a-z0-9-]*update-history(?:-\d{1,2})?|(?:public-preview-)?release-notes-for-hotpatch-[a-z0-9-]+"
_PATH: Final = re.compile(
    rf"(?:/en-us)?/(?:servicing/os/(?P<family>[a-z0-9-]+)/(?:[a-z0-9-]+/){{0,4}}(?P<slug>{_SLUG})"
    rf"|topic/(?P<topic>{_SLUG})-[0-9a-f]{{8}}-(?:[0-9a-f]{{4}}-){{3}}[0-9a-f]{{12}})/?",
    re.IGNORECASE,
)
_HOST: Final = "support.microsoft.com"
# Pages of these hosts are looked through; a month of MSRC's data has 20 MB and no hub.
_LINKING: Final = frozenset({_HOST, "learn.microsoft.com"})
_NAMES: Final = ("update-history", "release-notes-for-hotpatch")
# Lengths are limited, and so is what is looked through, so that no page makes the search slow. The largest page recorded has 710 kB.
_MAX_BYTES: Final = 2 * 2**20
_HTML_LINK: Final = re.compile(r"\bhref=[\"']([^\"'>]{1,400})[\"'][^>]{0,200}>(.{0,300}?)</a>", re.IGNORECASE | re.DOTALL)
_MARKDOWN_LINK: Final = re.compile(r"\[([^\[\]]{0,300})\]\(([^()\s]{1,400})\)")
# Of Windows 10 and later and its servers; others ("windows-8-1", "server-2012", "secure-boot") have updates without builds such as 14393.7428.
_FAMILY: Final = re.compile(r"hotpatch|windows|windows-(?:1\d|server)(?:-[a-z0-9-]+)?")
_FIRST_SERVER: Final = 2016


class Hub(NamedTuple):
    """A hub that a page links to.

    Attributes:
        url: its address, without query and fragment.
        family: the navigation that it has, such as "hotpatch" or "windows-11": all hubs of a family have the same.
        products: those that its link or address names; () for none ("Windows 10 update history").
    """

    url: str
    family: str
    products: tuple[str, ...]


def hub_at(url: str, title: str = "") -> Hub | None:
    """Return the hub at an address, None where it is not the address of one.

    Args:
        url: absolute.
        title: the text of the link.

    >>> hub_at("https://support.microsoft.com/en-us/servicing/os/windows-11/2026/09/windows-11-version-26h2-update-history")
    Hub(url='https://support.microsoft.com/en-us/servicing/os/windows-11/2026/09/windows-11-version-26h2-update-history', family='windows-11', products=('win11-26h2',))
    """
    parts = urlsplit(url)
    path = unquote(parts.path)
    if parts.scheme != "https" or parts.netloc != _HOST or not (match := _PATH.fullmatch(path)):
        return None
    slug = (match["slug"] or match["topic"]).lower()
    family = (match["family"] or _family(slug)).lower()
    named = _named(title) or _named(slug.replace("-", " "))
    products = tuple(product for product in named if not _is_older(product))
    if not _FAMILY.fullmatch(family) or (named and not products):
        return None
    return Hub(f"https://{_HOST}{parts.path.rstrip('/')}", family, products)


def _family(slug: str) -> str:
    """Return the family of an address of the former form, which has no folder of its family."""
    if "hotpatch" in slug:
        return "hotpatch"
    match = re.match(r"windows-(?:\d+|server)", slug)
    return match[0] if match else slug


def _named(title: str) -> tuple[str, ...]:
    try:
        return products_in(title)
    except UnexpectedPage:
        return ()


def _is_older(product: str) -> bool:
    year = product.removeprefix("ws")
    return year.isdigit() and int(year) < _FIRST_SERVER


def hubs_on(page: Page) -> Iterator[Hub]:
    """Yield the hubs that a page of the support site or of Learn links to, each once, in the order of the page."""
    body = page.body[:_MAX_BYTES]
    if urlsplit(page.final_url).netloc not in _LINKING or not any(name.encode() in body for name in _NAMES):
        return
    seen: dict[str, Hub] = {}
    for href, title in _links(body.decode("utf-8-sig", "replace")):
        if not any(name in href for name in _NAMES):
            continue
        hub = hub_at(link(page, href) or "", clean(unescape(re.sub(r"<[^>]*>", "", title))))
        if hub and (hub.url not in seen or not seen[hub.url].products):
            seen[hub.url] = hub
    yield from seen.values()


def _links(text: str) -> Iterator[tuple[str, str]]:
    if text.lstrip()[:1] == "{":
        yield from _toc_links(text)
        return
    for match in _HTML_LINK.finditer(text):
        yield unescape(match[1]), match[2]
    for match in _MARKDOWN_LINK.finditer(text):
        yield match[2], match[1]


def _toc_links(text: str) -> Iterator[tuple[str, str]]:
    try:
        waiting: deque[Any] = deque([json.loads(text)])
    except (ValueError, RecursionError):
        return
    while waiting:
        item = waiting.popleft()
        if isinstance(item, dict):
            if isinstance(item.get("href"), str):
                yield item["href"], str(item.get("toc_title", ""))
            waiting += [value for value in item.values() if isinstance(value, dict | list)]
        elif isinstance(item, list):
            waiting += item
