"""The sources, one module each: constants, then ``parse(page) -> Iterator[Claim]``. Pure functions, no I/O, no state.

The registry is the folder: a module here is a source, and its name is the source's id for ever.
"""

from __future__ import annotations

import csv
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import Any, Final, NamedTuple, TypeAlias

from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.db.model.errors import UnexpectedPage

# What a row states of its subject: field, value, text as published.
Field: TypeAlias = tuple[str, str | None, str]

# Of a page, where its source does not say otherwise: the largest recorded has 228 kB, and a parser makes ten times as much of it in memory.
MAX_BODY: Final = 16 * 2**20


class PageSpec(NamedTuple):
    """A page that a source reads.

    Attributes:
        page_url: its name in claims, for ever.
        addresses: where it may be found, best first; the first that answers is read, the others are former or other forms.
        family: pages of one family carry the same content (every hotpatch hub has the navigation of all hotpatch lines):
            from the network the first that answers is read, from a saved tree every one that is there. "" for a page of its own.
            Sources share families: what a source that stands in for another (``STANDS_IN_FOR``) has of a family is asked before it.
        accept: the media type to ask for, where the address has several.
        good_since: of a page that another page names: an answer fetched at this UTC time or later need not be fetched again;
            "" asks each time that the page which names it is read.
        is_named_by_answer: the page's name in claims is the address that answered, after redirects: an article is linked by several.
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
        kb: the KB that the link is for, None for a baseline, whose entry names none.
        release_date: ISO date in the title that links to it, "" where it has none.
    """

    url: str
    kb: int | None
    release_date: str


class Source(NamedTuple):
    """A source module's constants and its parser (see ``docs/adding-a-source.md``)."""

    source: str
    title: str
    home_url: str
    licence: str
    precedence: int
    due_every: str
    due_on_release: str
    at_least: int
    pages: tuple[PageSpec, ...]
    is_embedded: bool
    stands_in_for: str
    collected: str
    stated_since: Callable[[Page], str | None]
    parse: Callable[[Page], Iterator[Claim]]
    unread: Callable[[Page], Iterator[Unread]]
    follow: Callable[[Page], Iterator[PageSpec]]
    linked: Callable[[Iterable[Link], str], Iterator[PageSpec]]
    page_at: Callable[[str], PageSpec | None]
    at_a_time: int
    at_most_bytes: int
    credential: str


def stated(section: str, subject: str, row: int, fields: Iterable[Field]) -> Iterator[Claim]:
    """The claims of one row about one subject."""
    return (Claim(section, subject, name, value, text, row) for name, value, text in fields)


def records(page: Page, *columns: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table that comes with the program (tab-separated, UTF-8), counted from 0.

    Raises:
        UnexpectedPage: a column is missing, or a row has more or fewer cells than the header.
    """
    table = csv.DictReader(page.body.decode("utf-8").splitlines(), delimiter="\t")
    if missing := [name for name in columns if name not in (table.fieldnames or ())]:
        raise UnexpectedPage(f"expected the columns {', '.join(columns)} in {page.page_url}, got none called {' or '.join(missing)}")
    for row, record in enumerate(table):
        if None in record or None in record.values():
            raise UnexpectedPage(f"expected {len(table.fieldnames or ())} cells in row {row + 1} of {page.page_url}, got others")
        yield row, record


def distinct(claims: Iterable[Claim]) -> Iterator[Claim]:
    """Claims of which each has a section, subject and field of its own.

    A row that stands twice states nothing new (KB5091572, 14393.9062); one that states another value of the same thing is
    kept beside the first as ``field#2``, and the resolution decides.
    """
    first: dict[tuple[Any, ...], Claim] = {}
    others: dict[tuple[Any, ...], list[str | None]] = {}
    for claim in claims:
        key = claim[:3]
        before = first.setdefault(key, claim)
        if before is claim:  # as nearly every claim is
            yield claim
        elif claim.value != before.value and claim.value not in (values := others.setdefault(key, [])):
            values.append(claim.value)
            yield claim._replace(field=f"{claim.field}#{len(values) + 1}")


def price_subject(
    service: str, product: str, meter: str, currency: str, unit: str, *, condition: str = "", valid_from: str = "", region: str = ""
) -> str:
    """The name of a price in claims. A unit such as "core/month" is spelt "core per month" in it, a meter has no slash.

    >>> price_subject("Hotpatch", "ws2025", "Azure Arc-enabled server", "USD", "core/month", valid_from="2025-07-01")
    'price/Hotpatch/ws2025/Azure Arc-enabled server/USD core per month/-/2025-07-01'
    """
    parts = (service, product, meter, f"{currency} {unit.replace('/', ' per ')}".strip(), condition, valid_from)
    named = "/".join(part.replace("/", " ") or "-" for part in parts)
    return f"price/{named}" + (f"/{region}" if region else "")


# A page of HTML, and where its end stands: one that was cut is read to where it was.
_HTML: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html)", re.IGNORECASE)
_END: Final = 2000


def unread(source: Source, page: Page) -> list[Unread]:
    """What stands on a page and is not read, its missing end too."""
    found = list(source.unread(page))
    if _HTML.match(page.body[:200]) and b"</html>" not in page.body[-_END:].lower():
        found.append(Unread("", "end", f"expected a page that ends with </html>, got {page.body[-80:].decode('utf-8', 'replace')!r}"))
    return found


def _not_stated(_: Page | str) -> None:
    """For sources whose pages do not say when they were changed, or have fixed addresses alone."""


def _none(*_: Any) -> Iterator[Any]:
    """For sources whose pages name no further ones, or are read as a whole."""
    return iter(())


@cache
def registry() -> dict[str, Source]:
    """Every source of this folder, by id, in the order of their names."""
    found = {}
    for module_info in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        module = import_module(f"{__name__}.{module_info.name}")
        found[module_info.name] = Source(
            source=module_info.name,
            title=module.TITLE,
            home_url=module.HOME_URL,
            licence=module.LICENCE,
            precedence=module.PRECEDENCE,
            due_every=module.DUE_EVERY,
            due_on_release=getattr(module, "DUE_ON_RELEASE", ""),
            at_least=module.AT_LEAST,
            pages=tuple(module.PAGES),
            is_embedded=getattr(module, "IS_EMBEDDED", False),
            stands_in_for=getattr(module, "STANDS_IN_FOR", ""),
            collected=getattr(module, "COLLECTED", ""),
            stated_since=getattr(module, "stated_since", _not_stated),
            parse=module.parse,
            unread=getattr(module, "unread", _none),
            follow=getattr(module, "follow", _none),
            linked=getattr(module, "linked", _none),
            page_at=getattr(module, "page_at", _not_stated),
            at_a_time=getattr(module, "AT_A_TIME", 0),
            at_most_bytes=getattr(module, "AT_MOST_BYTES", MAX_BODY),
            credential=getattr(module, "CREDENTIAL", ""),
        )
    return found
