"""The sources, one module each: constants and ``parse(page) -> Iterator[Claim]``, pure functions without I/O or state.

The folder is the registry: each module here, and in ``embedded/``, is a source, and its name is the id of the source for ever.
``docs/adding-a-source.md`` says what a module offers.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.model.claims import Claim, Page, Unread

# Bytes of a page, where its source sets no limit of its own. The largest page recorded has 710 kB.
MAX_BODY: Final = 16 * 2**20


class PageSpec(NamedTuple):
    """A page that a source reads.

    Attributes:
        page_url: its name in claims, which never changes.
        addresses: where it may be found, best first. The first that answers is read; the others are former addresses or other formats.
        family: pages of one family carry the same content (every hotpatch hub has the navigation of all hotpatch lines). From the
            network the first that answers is read, from a saved tree every one that is there. "" for a page without a family.
            Sources share families: a source that stands in for another (``STANDS_IN_FOR``) is asked first.
        accept: the media type to ask for, where the address has several.
        good_since: for a page that another page names: an answer fetched at this UTC time or later is not fetched again.
            With "" it is fetched each time that the page which names it is read.
        is_named_by_answer: whether the page is named by the address that answered, after redirects: an article has several addresses.
    """

    page_url: str
    addresses: tuple[str, ...]
    family: str = ""
    accept: str = "*/*"
    good_since: str = ""
    is_named_by_answer: bool = False


class Link(NamedTuple):
    """An article that a page links to.

    Attributes:
        url: its address.
        kb: the KB that the link is for; None for a baseline, whose entry names none.
        release_date: ISO date in the title that links to it, "" without one.
    """

    url: str
    kb: int | None
    release_date: str


class Source(NamedTuple):
    """A source module's constants and functions, as ``docs/adding-a-source.md`` describes them."""

    source: str
    module: str
    title: str
    home_url: str
    licence: str
    precedence: int
    due_every: str
    due_on_release: str
    at_least: int
    pages: tuple[PageSpec, ...]
    is_embedded: bool
    is_data: bool
    stands_in_for: str
    collected: str
    stated_since: Callable[[Page], str | None]
    parse: Callable[[Page], Iterator[Claim]]
    unread: Callable[[Page, Sequence[Claim]], Iterator[Unread]]
    follow: Callable[[Page], Iterator[PageSpec]]
    linked: Callable[[Iterable[Link], str], Iterator[PageSpec]]
    page_at: Callable[[str], PageSpec | None]
    at_a_time: int
    at_most_bytes: int
    credential: str


# The beginning of a page of HTML, and the bytes at its end in which to look for </html>. A truncated page parses without an error, so this
# finds it.
_HTML: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html)", re.IGNORECASE)
_END: Final = 2000


def unread(source: Source, page: Page, claims: Sequence[Claim]) -> list[Unread]:
    """Return what a page has and its parser does not read, a missing end included.

    Args:
        source: the page's source.
        page: the page.
        claims: what ``source.parse`` made of it.
    """
    result = list(source.unread(page, claims))
    if _HTML.match(page.body[:200]) and b"</html>" not in page.body[-_END:].lower():
        result.append(Unread("", "end", f"expected a page that ends with </html>, got {page.body[-80:].decode('utf-8', 'replace')!r}"))
    return result


def _not_stated(_: Page | str) -> None:
    """Return None: the default of ``stated_since`` and ``page_at``."""


def _nothing(*_: Any) -> Iterator[Any]:
    """Yield nothing: the default of ``unread``, ``follow`` and ``linked``."""
    return iter(())


@cache
def registry() -> dict[str, Source]:
    """Return every source by id, in alphabetical order."""
    modules: dict[str, ModuleType] = {}
    embedded = import_module(f"{__name__}.embedded")
    for package, path in ((__name__, __path__), (embedded.__name__, embedded.__path__)):
        modules |= {info.name: import_module(f"{package}.{info.name}") for info in pkgutil.iter_modules(path) if not info.ispkg}
    return {name: _source(name, modules[name]) for name in sorted(modules)}


def _source(name: str, module: ModuleType) -> Source:
    return Source(
        source=name,
        module=module.__name__,
        title=module.TITLE,
        home_url=module.HOME_URL,
        licence=module.LICENCE,
        precedence=module.PRECEDENCE,
        due_every=module.DUE_EVERY,
        due_on_release=getattr(module, "DUE_ON_RELEASE", ""),
        at_least=module.AT_LEAST,
        pages=tuple(module.PAGES),
        is_embedded=".embedded." in module.__name__,
        is_data=getattr(module, "IS_DATA", False),
        stands_in_for=getattr(module, "STANDS_IN_FOR", ""),
        collected=getattr(module, "COLLECTED", ""),
        stated_since=getattr(module, "stated_since", _not_stated),
        parse=module.parse,
        unread=getattr(module, "unread", _nothing),
        follow=getattr(module, "follow", _nothing),
        linked=getattr(module, "linked", _nothing),
        page_at=getattr(module, "page_at", _not_stated),
        at_a_time=getattr(module, "AT_A_TIME", 0),
        at_most_bytes=getattr(module, "AT_MOST_BYTES", MAX_BODY),
        credential=getattr(module, "CREDENTIAL", ""),
    )
