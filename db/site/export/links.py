"""Links of the site as links between files: what has a file is linked to, relative to the page; what needs a server leads to a page that says so."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qs, unquote

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.queries import read_query
from hotpatch_kb.db.site.i18n import DEFAULT, LANGUAGES

SERVER: Final = "server"  # the page that says what needs a server
LOOKUP: Final = "lookup"
_LINKING: Final = ("href", "src", "action")  # attributes
# What an export has besides its pages, under the same path as the site or its own.
_FILE: Final = re.compile(r"(?:site|calendars|tables|v1)/.+|feeds/[a-z0-9-]+\.atom|index\.json|hotpatch\.db")
_KINDS: Final = {"build": "build/", "number": "build/", "kb": "kb/", "cve": "cve/", "product": "product/", "month": "calendar/"}


def file_of(path: str, language: str = DEFAULT) -> str:
    """Return the file of a page, in a language.

    >>> file_of("build/26100.32772", "ja"), file_of("")
    ('ja/build/26100.32772.html', 'index.html')
    """
    return ("" if language == DEFAULT else f"{language}/") + f"{path or 'index'}.html"


def feed_of(name: str, product: str) -> str:
    """Return the file of a feed of one product."""
    return f"feeds/{name}-{product}.atom"


class Links:
    """What each link of the site leads to in an export."""

    def __init__(self, pages: Collection[str], others: Mapping[str, str]) -> None:
        """Take the paths of the pages that are there, and for other paths the page or file that answers in their place."""
        self.pages = dict.fromkeys(pages)
        self.others = others
        self._relative = lru_cache(maxsize=100_000)(self._relative_once)

    def rewritten(self, text: str, place: str) -> str:
        """Return a page with its links as links between files.

        Args:
            text: the page, whose own links begin with a slash.
            place: its file.
        """
        depth = place.count("/")
        first = place.partition("/")[0]
        language = first if first in LANGUAGES else DEFAULT
        parts = text.split('="/')  # a regular expression takes five times as long to find them
        for number, part in enumerate(parts[1:], 1):
            link, quote, rest = part.partition('"')
            is_link = quote and parts[number - 1].endswith(_LINKING)
            parts[number] = f'="{self._relative(f"/{link}", depth, language)}"{rest}' if is_link else f'="/{part}'
        return "".join(parts)

    def _relative_once(self, link: str, depth: int, language: str) -> str:
        address, mark, fragment = link.partition("#")
        return "../" * depth + self.target(html.unescape(address), language) + mark + fragment

    def target(self, address: str, language: str = DEFAULT) -> str:
        """Return the file that a path of the site, with its query, leads to.

        Args:
            address: such as ``/ja/build/26100.32772`` or ``/lookup?q=KB5087423``.
            language: of the page with the link; the path may name another.
        """
        path, _, query = address.partition("?")
        path = unquote(path.removeprefix("/"))
        first, _, rest = path.partition("/")
        if first in LANGUAGES:
            language, path = first, rest
        if query:
            path = _asked(path, parse_qs(query))
        path = self.others.get(path, path)
        if path.startswith("feeds/") and language != DEFAULT:
            return f"{language}/{path}"
        return path if _FILE.fullmatch(path) else file_of(path if path in self.pages else SERVER, language)


def _asked(path: str, query: Mapping[str, list[str]]) -> str:
    """Return the path that a question leads to: a lookup or a feed of one product; that of ``SERVER`` for others."""
    if path.startswith("feeds/") and query.keys() == {"product"}:
        return feed_of(path.removeprefix("feeds/").removesuffix(".atom"), query["product"][0])
    if path != LOOKUP:
        return SERVER
    try:
        read = read_query(query.get("q", [""])[0])
    except BadInput:
        return LOOKUP
    return _KINDS[read.kind] + read.value if read.kind in _KINDS and not (read.month and read.kind != "month") else SERVER
