"""Addresses of the site's pages in each language: ``/build/26100.32772`` in English, ``/ja/build/26100.32772`` in Japanese.

A path without a language is English; ``/en/...`` is the same page for a reader who chose it although the browser prefers another language. So
each address has one content, and a cache may keep it.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from datasette.utils import PrefixedUrlString
from markupsafe import Markup

from hotpatch_kb.db.site.i18n import DEFAULT, LANGUAGES, SCOPE

_LINK: Final = re.compile(r'(?<=<a href=")[^"]*(?=")')
# First parts of addresses that have no language: files, the API. A feed has one.
_FILES: Final = frozenset({"site", "-", "csv", "cards", "calendars", "language", "robots.txt", "sitemap.xml"})


def split(path: str, base: str) -> tuple[str, str] | None:
    """Return the language that a path begins with, and the path without it; None where it begins with none.

    >>> split("/ja/build/26100.1", "/"), split("/ja", "/"), split("/build/26100.1", "/")
    (('ja', '/build/26100.1'), ('ja', '/'), None)
    """
    language, _, rest = path.removeprefix(base).partition("/")
    return (language, base + rest) if path.startswith(base) and language in LANGUAGES else None


def is_page(rest: str) -> bool:
    """Return whether an address below the base is a page: it has a language."""
    return rest.partition("/")[0] not in {*_FILES, *LANGUAGES} and not rest.startswith("api/")


class Urls:
    """Datasette's addresses, those of pages in the language of the path that was asked for."""

    def __init__(self, urls: Any, language: str | None) -> None:
        """Take Datasette's own, and a key of ``LANGUAGES``, None for addresses without a language."""
        self._urls, self._language = urls, language

    def __getattr__(self, name: str) -> Any:
        """Return what has no language: static files, settings."""
        return getattr(self._urls, name)

    def path(self, path: str, format: str | None = None) -> str:  # noqa: A002 (Datasette's name)
        """Return the address of a path of the site."""
        return self._in_language(self._urls.path(path, format=format))

    def instance(self, format: str | None = None) -> str:  # noqa: A002
        """Return the address of the home page."""
        return self._in_language(self._urls.instance(format=format))

    def database(self, database: str, format: str | None = None) -> str:  # noqa: A002
        """Return the address of a database."""
        return self._in_language(self._urls.database(database, format=format))

    def table(self, database: str, table: str, format: str | None = None) -> str:  # noqa: A002
        """Return the address of a table."""
        return self._in_language(self._urls.table(database, table, format=format))

    def query(self, database: str, query: str, format: str | None = None) -> str:  # noqa: A002
        """Return the address of a query."""
        return self._in_language(self._urls.query(database, query, format=format))

    def here(self, address: str) -> str:
        """Return an address that Datasette made, of this site: with the language, and without the host that it puts before some."""
        parts = urlsplit(str(address))
        return self._in_language(parts._replace(scheme="", netloc="").geturl())

    def cell(self, shown: str) -> str:
        """Return what Datasette shows in a cell, its links to other rows in the language."""
        if not isinstance(shown, Markup):
            return shown
        return Markup(_LINK.sub(lambda found: found[0] if urlsplit(found[0]).scheme else self._in_language(found[0]), shown))  # noqa: S704 (only an address changes)

    def of_row(self, link: str, title: str) -> str:
        """Return Datasette's link to a row with another text: the row's title."""
        return Markup('<a href="{}">{}</a>').format(Markup(self._in_language(_LINK.findall(link)[0])), title)  # noqa: S704 (its own, escaped)

    def _in_language(self, address: str) -> str:
        base = str(self._urls.path(""))
        rest = str(address).removeprefix(base)
        if self._language is None or not is_page(rest):
            return address
        in_language: str = PrefixedUrlString(f"{base}{self._language}/{rest}")
        return in_language


def of_request(datasette: Any, request: Any) -> Urls:
    """Return addresses in the language of a request's path."""
    return Urls(datasette.urls, request.scope.get(SCOPE) if request else None)


def in_languages(datasette: Any, request: Any) -> dict[str, str]:
    """Return the address of a request's page in each language that a reader may choose, with its parameters but ``lang``."""
    base = str(datasette.urls.path(""))
    pairs = [(name, value) for name in request.args for value in request.args.getlist(name) if name != "lang"]
    query = f"?{urlencode(pairs)}" if pairs else ""
    rest = request.path.removeprefix(base)
    return {code: f"{base}{code}/{rest}{query}" for code in LANGUAGES}


def canonical(datasette: Any, request: Any) -> dict[str, str]:
    """Return the absolute address under which a request's page is to be known, by language, without parameters."""
    base = str(datasette.urls.path(""))
    rest = request.path.removeprefix(base).lstrip("/")  # "//name" would be the address of another host
    return {code: datasette.absolute_url(request, f"{base}{rest}" if code == DEFAULT else f"{base}{code}/{rest}") for code in LANGUAGES}
