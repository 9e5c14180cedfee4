"""Articles of support.microsoft.com, in both layouts of the site: sections, paragraphs, rows of tables, labels in bold.

Until July 2026 a box was an expando (``h3.ocpExpandoHead``), since then it is ``details > summary``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from bs4 import BeautifulSoup, SoupStrainer, Tag

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.scraper.parsing.markup import cells, classes, elements, one_main, soup
from hotpatch_kb.scraper.parsing.once import once_per_page

HEADINGS: Final = frozenset({"h2", "h3", "h4", "h5", "h6"})
BLOCKS: Final = frozenset({"p", "li", "pre", "td", "th", "h4", "h5", "h6"})
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
# What is built of an article: its main, and what names it.
_PARTS: Final = SoupStrainer(["main", "h1", "title", "meta"])


class Section(NamedTuple):
    """A heading and the elements below it, up to the next heading of its level or a higher one."""

    title: str
    elements: list[Tag]


class Article(NamedTuple):
    """An article.

    Attributes:
        document: the page, of which only what is read is built.
        main: the element ``main``.
        sections: in their order, each with those below it.
        blocks: the texts of all paragraphs, items and cells.
    """

    document: BeautifulSoup
    main: Tag
    sections: list[Section]
    blocks: list[str]


@once_per_page
def read(page: Page) -> Article:
    """Return the article of a page.

    Raises:
        UnexpectedPage: there is not exactly one ``main``.
    """
    document = soup(page, _PARTS)
    main = one_main(document, " of an article")
    below = list(elements(main))
    return Article(document, main, list(_sections(below)), list(blocks(below)))


def _sections(below: list[Tag]) -> Iterator[Section]:
    # By position in the page: the old layout nests what belongs to a heading, the new one has siblings.
    places = [(place, int(tag.name[1])) for place, tag in enumerate(below) if tag.name in HEADINGS and not _is_box_title(tag)]
    for number, (place, level) in enumerate(places):
        end = next((other for other, other_level in places[number + 1 :] if other_level <= level), len(below))
        begin = place + 1 + sum(1 for _ in elements(below[place]))
        yield Section(prose(below[place]), below[begin:end])


def _is_box_title(heading: Tag) -> bool:
    return is_expando(heading) or heading.find_parent("details") is not None


def is_expando(tag: Tag) -> bool:
    """Return whether a tag is the title of a box of the old layout."""
    return "ocpExpandoHead" in classes(tag)


def prose(tag: Tag) -> str:
    """Return the text of a tag. A zero-width space separates words here ("addressed in\u200bKB5095093"), it is not inside one."""
    return clean(tag.get_text().replace("\u200b", " "))


def blocks(tags: Iterable[Tag]) -> Iterator[str]:
    """Yield the texts of paragraphs, items and cells among tags, each once, in their order."""
    for tag in tags:
        if is_block(tag) and (block := prose(tag)):
            yield block


def is_block(tag: Tag) -> bool:
    """Return whether a tag is a paragraph, an item or a cell, and has no other in it."""
    return tag.name in BLOCKS and next(elements(tag, *BLOCKS), None) is None


def text_of(tags: Iterable[Tag]) -> str:
    """Return the text of a section's tags, with a blank between blocks."""
    return clean(" ".join(blocks(tags)))


def rows(table: Tag) -> list[list[str]]:
    """Return the texts of a table's cells, by row."""
    return [[prose(cell) for cell in cells(row)] for row in elements(table, "tr")]


def summary(details: Tag) -> str:
    """Return the title of a box of the new layout, "" without one."""
    title = details.find("summary", recursive=False)
    return prose(title) if title else ""


def bold(tag: Tag) -> str:
    """Return the first bold text of a tag without a colon at its end, "" without one."""
    first = next(elements(tag, "strong", "b"), None)
    return prose(first).rstrip(": ") if first else ""


def sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    return _SENTENCE_END.split(text)
