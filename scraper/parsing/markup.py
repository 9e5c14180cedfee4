"""HTML pages as BeautifulSoup documents: the one module that makes them, and what parsers need besides BeautifulSoup.

Three rules for parsers, each measured on the recorded pages (up to 710 kB, 9,600 elements, 0.2 s for a document):

- Give ``soup`` a ``SoupStrainer`` with what is read of a large page, or the names of what is not: nothing else is built.
- Compare elements with ``is``, keep them by ``id()``: ``==``, ``in`` and ``hash()`` of a Tag compare or print all that is in it.
- ``select`` and ``find_all`` with a list of names are for a part of a page; ``elements`` goes through a whole one ten times as fast.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, NavigableString, SoupStrainer, Tag
from bs4.builder._lxml import LXMLTreeBuilder
from bs4.exceptions import ParserRejectedMarkup

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import clean

# Recorded pages nest 34 deep and have 9,633 elements; an element takes about 1 kB of memory, whatever it has on the page.
_DEEPEST: Final = 250
_MOST: Final = 50_000


class _Builder(LXMLTreeBuilder):
    """BeautifulSoup's builder on lxml, for pages in UTF-8: elements and texts alone, and no more of them than a page has.

    Without namespaces, which HTML has none of, a document takes a quarter less time.
    """

    def __init__(self, without: Collection[str]) -> None:
        super().__init__(multi_valued_attributes={"*": {"class"}})  # others, such as rel, stay as published
        self._depth = 0
        self._count = 0
        self._without = without
        self._left_out_at = 0  # depth of the element that is being left out

    def prepare_markup(self, markup: Any, *_: Any, **__: Any) -> Iterator[tuple[Any, str, None, bool]]:
        """Yield the bytes as UTF-8: encodings that were guessed mangled the dashes of titles."""
        yield markup, "utf-8", None, False

    def start(self, tag: Any, attrib: Any, nsmap: Any = None) -> None:  # noqa: ARG002 (lxml's targets have it)
        """Begin an element.

        Raises:
            UnexpectedPage: it is nested too deep, or there are too many.
        """
        self._depth += 1
        self._count += 1
        if self._depth > _DEEPEST or self._count > _MOST:
            raise UnexpectedPage(f"expected a page of at most {_MOST} elements, {_DEEPEST} deep, got more")
        assert self.soup is not None
        if self._left_out_at:
            return
        if tag in self._without:
            self._left_out_at = self._depth
            self.soup.endData()
            return
        self.soup.handle_starttag(tag, None, None, self.attribute_dict_class(attrib))

    def end(self, tag: Any) -> None:
        """End an element."""
        self._depth -= 1
        if self._left_out_at:
            self._left_out_at = self._left_out_at if self._depth >= self._left_out_at else 0
            return
        assert self.soup is not None
        self.soup.handle_endtag(tag)

    def data(self, data: Any) -> None:
        """Add to the text of the current element."""
        if not self._left_out_at:
            super().data(data)

    def comment(self, text: Any) -> None:
        """Leave a comment out."""

    def pi(self, target: str, data: str) -> None:
        """Leave a processing instruction out."""

    def doctype(self, name: str, pubid: str, system: str) -> None:
        """Leave the document type out."""


def soup(page: Page, strainer: SoupStrainer | None = None, *, without: Collection[str] = ()) -> BeautifulSoup:
    """Return the document of an HTML page.

    Args:
        page: the page.
        strainer: the elements to build, with what is in them; all without it.
        without: names of elements to leave out, with what is in them.

    Raises:
        UnexpectedPage: the page is empty, is not HTML, nests too deep or has too many elements.
    """
    if not page.body.strip():
        raise UnexpectedPage(f"expected a page, got {len(page.body)} bytes from {page.final_url}")
    try:
        # As a file: of short bytes without a tag BeautifulSoup warns that they look like an address or a file's name.
        return BeautifulSoup(io.BytesIO(page.body), builder=_Builder(without), parse_only=strainer)
    except ParserRejectedMarkup as error:
        raise UnexpectedPage(f"expected HTML, got {error} from {page.final_url}") from None
    except UnexpectedPage as error:
        raise UnexpectedPage(f"{error} from {page.final_url}") from None


def elements(tag: Tag, *names: str) -> Iterator[Tag]:
    """Yield the elements below a tag, those of these names if any are given, in the order of the page."""
    for element in tag.descendants:
        if isinstance(element, Tag) and (not names or element.name in names):
            yield element


def attribute(tag: Tag, name: str) -> str | None:
    """Return an attribute as published, None without it; of class, ``classes`` returns the parts."""
    value = tag.get(name)
    return " ".join(value) if isinstance(value, list) else value


def classes(tag: Tag) -> list[str]:
    """Return the classes of a tag."""
    value = tag.get("class")
    return value if isinstance(value, list) else []


def text(tag: Tag) -> str:
    """Return the text of a tag, cleaned, without numbers of footnotes: "24H2<sup>1</sup>" is 24H2.

    The mark "*" of a calendar's footnote is kept.
    """
    if len(tag.contents) == 1 and isinstance(tag.contents[0], NavigableString):  # as in most cells
        return clean(tag.contents[0])
    strings: list[NavigableString] = []
    notes: list[Tag] = []
    for element in tag.descendants:
        if type(element) is NavigableString:  # and not what is in a script
            strings.append(element)
        elif isinstance(element, Tag) and element.name == "sup":
            notes.append(element)
    left_out = {id(string) for note in notes if clean(note.get_text()) != "*" for string in note.strings}
    return clean("".join(string for string in strings if id(string) not in left_out) if left_out else "".join(strings))


def page_title(document: BeautifulSoup) -> str:
    """Return what a page calls itself, for messages about a page that is not the one expected."""
    title = document.select_one("main h1") or document.find("h1") or document.find("title")
    return text(title)[:120] if title else "a page without a title"


# https://support.microsoft.com/help/5087423
_PLAIN_LINK: Final = re.compile(r"https?://(?P<host>(?:[a-z0-9-]+\.)*microsoft\.com)(?P<path>/[^?#;\s]*)")


# ../2026/kb5121768-hotpatch-out-of-band
_RELATIVE_LINK: Final = re.compile(r"(?P<up>(?:\.\./)*)(?P<path>(?:[\w-][\w.-]*/)*[\w-][\w.-]*)", re.ASCII)


def link(page: Page, href: str | None) -> str | None:
    """Return the absolute https address of a link, without query and fragment; None where it leads out of Microsoft's sites.

    Links of the new layout are relative to the address after redirects ("../../2026/07/..."); some had ``?branch=…``.
    """
    if not href:
        return None
    # Nearly every link is one of these; urljoin for each of them took half of a navigation's time.
    if plain := _PLAIN_LINK.fullmatch(href):
        return f"https://{plain['host']}{plain['path']}"
    if relative := _RELATIVE_LINK.fullmatch(href):
        folder = _folder(page.final_url, relative["up"] or ".")
        return folder and f"{folder}{relative['path']}"
    return _resolved(page.final_url, href.strip())


def _resolved(base: str, href: str) -> str | None:
    try:
        parts = urlsplit(urljoin(base, href))
    except ValueError:  # "https://[support.microsoft.com/help/5087423", from the fuzzer
        return None
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not (host == "microsoft.com" or host.endswith(".microsoft.com")):
        return None
    return f"https://{host}{parts.path}"


_folder: Final = lru_cache(maxsize=32)(_resolved)


def texts_outside(root: Tag, read: Iterable[Tag]) -> Iterator[str]:
    """Yield the texts below a tag, cleaned, that are in none of the tags that were read."""
    left_out = {id(tag) for tag in read}
    waiting: list[Any] = [root]
    while waiting:
        element = waiting.pop()
        if not isinstance(element, Tag):
            if cleaned := clean(element):
                yield cleaned
        elif id(element) not in left_out and element.name not in {"script", "style"}:
            waiting.extend(reversed(element.contents))


def one_main(document: BeautifulSoup, what: str = "") -> Tag:
    """Return the ``main`` of a page; outside it the site has headings, tables and bold texts of its own.

    Args:
        document: the page.
        what: the words that follow "one <main>" in the message, such as " of an article".

    Raises:
        UnexpectedPage: there is not exactly one.
    """
    mains = document.find_all("main")
    if len(mains) != 1:
        raise UnexpectedPage(f"expected one <main>{what}, got {len(mains)} on {page_title(document)!r}")
    return mains[0]


class Cell(NamedTuple):
    """A table cell: its text and the first link in it, "" without one."""

    text: str
    href: str


class Event(NamedTuple):
    """A heading, a label (bold text outside a table), a paragraph or a table, in the order of the page."""

    kind: Literal["heading", "label", "text", "table"]
    text: str
    rows: list[list[Cell]]


_HEADINGS: Final = frozenset({"h2", "h3", "h4", "h5", "h6"})


def html_events(main: Tag) -> Iterator[Event]:
    """Yield the headings, labels, paragraphs and tables of a page's ``main``."""
    for tag in elements(main, *_HEADINGS, "strong", "b", "summary", "p", "table"):
        if tag.name == "table":
            yield Event("table", "", _rows(tag))
        elif tag.name in _HEADINGS:
            yield Event("heading", text(tag), [])
        elif tag.name == "p":
            yield Event("text", text(tag), [])
        elif tag.find_parent("table") is None:  # a cell may have bold text
            yield Event("label", text(tag), [])


def cells(row: Tag) -> list[Tag]:
    """Return the cells of a table's row."""
    return [cell for cell in row.children if isinstance(cell, Tag) and cell.name in {"td", "th"}]


# A page may claim that a cell covers a million columns. Learn's widest table has 10.
_WIDEST: Final = 64


def _rows(table: Tag) -> list[list[Cell]]:
    """Return the cells of a table by row; one that covers several rows or columns is in each of them."""
    rows: list[list[Cell]] = []
    covered: dict[int, tuple[int, Cell]] = {}  # by column: how many more rows a cell from above covers
    for tag in elements(table, "tr"):
        row: list[Cell] = []
        below: dict[int, tuple[int, Cell]] = {}
        for cell in [*cells(tag), None]:
            while len(row) in covered:
                left, above = covered.pop(len(row))
                if left > 1:
                    below[len(row)] = left - 1, above
                row.append(above)
            if cell is None:
                break
            read = _cell(cell)
            for _ in range(min(_span(cell, "colspan"), _WIDEST)):
                if (more := _span(cell, "rowspan") - 1) > 0:
                    below[len(row)] = more, read
                row.append(read)
        covered = below
        rows.append(row)
    return rows


def _span(cell: Tag, name: str) -> int:
    published = cell.get(name)
    return max(int(published), 1) if isinstance(published, str) and re.fullmatch(r"[0-9]{1,5}", published.strip()) else 1


def _cell(cell: Tag) -> Cell:
    anchor = next(elements(cell, "a"), None)
    return Cell(text(cell), "" if anchor is None else str(anchor.get("href", "")))
