"""HTML and markdown as nodes and table cells: what was asked for is found, or ``UnexpectedPage`` is raised.

lxml alone reads the pages. BeautifulSoup, even strained to the tables, took 5.5 to 10 times as long on the recorded
pages (benchmarks/parse.py prints both), and nothing here needs its leniency: it parses with the same libxml2.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import clean

Node: TypeAlias = Any  # an element of lxml, which has no types of its own


def tree(page: Page) -> Node:
    """The document of an HTML page. Always read as UTF-8: guessed encodings mangled the dashes of titles.

    Raises:
        UnexpectedPage: the page is empty or no HTML at all.
    """
    if not page.body.strip():
        raise UnexpectedPage(f"expected a page, got {len(page.body)} bytes from {page.final_url}")
    try:
        root = html.document_fromstring(page.body, parser=html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise UnexpectedPage(f"expected HTML, got {error} from {page.final_url}") from None
    return root


def text(node: Node) -> str:
    """The text of a node, cleaned, without superscript footnote numbers ("24H2<sup>1</sup>" is 24H2)."""
    if next(node.iter("sup"), None) is None:
        return clean(node.text_content())
    return clean("".join(_pieces(node)))


def _pieces(node: Node) -> Iterator[str]:
    # The mark "*" of a calendar's footnote is kept, numbers of notes are not.
    if node.tag != "sup" or clean(node.text_content()) == "*":
        yield node.text or ""
        for child in node:
            yield from _pieces(child)
            yield child.tail or ""


def with_class(name: str) -> str:
    """The XPath condition for a class among several: ``supLeftNavArticle`` is not ``supLeftNavArticles``."""
    return f'contains(concat(" ", normalize-space(@class), " "), " {name} ")'


def page_title(root: Node) -> str:
    """What a page calls itself, for messages about a page that is not the one expected."""
    found = root.xpath("//main//h1") or root.xpath("//h1") or root.xpath("//title")
    return text(found[0])[:120] if found else "a page without a title"


# https://support.microsoft.com/help/5087423
_PLAIN_LINK: Final = re.compile(r"https?://(?P<host>(?:[a-z0-9-]+\.)*microsoft\.com)(?P<path>/[^?#;\s]*)")


def link(page: Page, href: str | None) -> str | None:
    """The absolute https address of a link, without query and fragment; None where it leads out of Microsoft's sites.

    Links of the new layout are relative to the address after redirects (case 13); some leaked ``?branch=…``.
    """
    if not href:
        return None
    # The links that pages do have; urljoin would be a third of the parser's time.
    if plain := _PLAIN_LINK.fullmatch(href):
        return f"https://{plain['host']}{plain['path']}"
    try:
        parts = urlsplit(urljoin(page.final_url, href.strip()))
    except ValueError:  # "https://[support.microsoft.com/help/5087423", as the fuzzer has it
        return None
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not (host == "microsoft.com" or host.endswith(".microsoft.com")):
        return None
    return f"https://{host}{parts.path}"


def texts_outside(root: Node, read: Collection[Node]) -> Iterator[str]:
    """The texts of a node that stand in none of the elements that were read, cleaned."""
    walk = etree.iterwalk(root, events=("start", "end", "comment"))
    for event, node in walk:
        if event == "start" and node in read:
            walk.skip_subtree()
        found = node.text if event == "start" and node not in read else node.tail if event != "start" and node is not root else None
        if found and node.tag not in {"script", "style"} and (cleaned := clean(found)):
            yield cleaned


class Cell(NamedTuple):
    """A table cell: its text and the first link in it ("" where it has none)."""

    text: str
    href: str


class Event(NamedTuple):
    """A heading, a label (bold text standing alone), a paragraph or a table, in the order of the page."""

    kind: Literal["heading", "label", "text", "table"]
    text: str
    rows: list[list[Cell]]


def html_events(root: Node) -> Iterator[Event]:
    """Headings, labels, paragraphs and tables of ``main``: the site's own tables and bold texts stand outside of it.

    Raises:
        UnexpectedPage: there is not exactly one ``main``.
    """
    mains = root.xpath("//main")
    if len(mains) != 1:
        raise UnexpectedPage(f"expected one <main>, got {len(mains)} on {page_title(root)!r}")
    for node in mains[0].iter("h2", "h3", "h4", "h5", "h6", "strong", "b", "summary", "p", "table"):
        if node.tag == "table":
            yield Event("table", "", [[_cell(cell) for cell in row.iterchildren("th", "td")] for row in node.iter("tr")])
        elif node.tag in {"h2", "h3", "h4", "h5", "h6"}:
            yield Event("heading", text(node), [])
        elif node.tag == "p":
            yield Event("text", text(node), [])
        elif next(node.iterancestors("table"), None) is None:  # "strong" can stand inside a cell
            yield Event("label", text(node), [])


def _cell(cell: Node) -> Cell:
    anchor = next(cell.iter("a"), None)
    return Cell(text(cell), "" if anchor is None else anchor.get("href", ""))


# [KB5087423](https://support.microsoft.com/help/5087423)
# No bracket within: so each try ends at the next bracket, and a line of 200,000 brackets does not take minutes.
_LINK: Final = re.compile(r"\[(?P<text>[^\[\]]*)\]\((?P<href>[^)\s\[]*)(?:\s+\"[^\"]*\")?\)")
# **Windows Server 2025 (OS build 26100)**; what HTML has as a summary may stand in a list or keep its " - End of updates"
_LABEL: Final = re.compile(r"(?:[-*>]\s+)*\*\*(?P<text>[^*]+)\*\*(?:\s*-\s*End of [^*]*)?")
_TAG: Final = re.compile(r"</?(?:details|summary|strong|b|p|br)\b[^>]*>", re.IGNORECASE)
# A table of Learn has 10 columns at most, a line 236 characters (recorded pages, 2026-07); a row of ten million bars is none.
_WIDEST: Final = 64
_LONGEST: Final = 100_000
_RULE: Final = re.compile(r"\|?[\s:|-]+\|?")


def front_matter(source: str) -> dict[str, str]:
    """The YAML header of Learn's markdown as plain strings; {} where there is none."""
    lines = source.splitlines()
    if not lines or lines[0].strip() != "---":
        return {}
    found = {}
    for line in lines[1:]:
        if line.strip() == "---":
            break
        key, separator, value = line.partition(":")
        if separator:
            found[key.strip()] = value.strip().strip("'\"")
    return found


def markdown_events(source: str) -> Iterator[Event]:
    """The same as ``html_events`` from Learn's markdown, whose labels may follow a sentence without a blank line.

    Raises:
        UnexpectedPage: a line or a row is longer than any that there is.
    """
    rows: list[list[Cell]] = []
    for line in source.splitlines():
        stripped = line.strip()
        if len(stripped) > _LONGEST:
            raise UnexpectedPage(f"expected lines of at most {_LONGEST} characters, got {stripped[:60]!r} and {len(stripped)}")
        if stripped.startswith("<"):
            stripped = _TAG.sub("", stripped).strip()
        if stripped.startswith("|"):
            if stripped.count("|") > _WIDEST:
                raise UnexpectedPage(f"expected rows of at most {_WIDEST} cells, got {stripped.count(chr(124))} in {stripped[:60]!r}")
            if not (_RULE.fullmatch(stripped) and "-" in stripped):
                rows.append([_markdown_cell(cell) for cell in _cells(stripped)])
            continue
        if rows:
            yield Event("table", "", rows)
            rows = []
        if not stripped:
            continue
        if stripped.startswith("#"):
            yield Event("heading", clean(stripped.lstrip("#")), [])
        elif label := _LABEL.fullmatch(stripped):
            yield Event("label", clean(label["text"]), [])
        else:
            yield Event("text", clean(stripped), [])
    if rows:
        yield Event("table", "", rows)


def _cells(line: str) -> list[str]:
    # A row ends with "|" (a seventh, empty cell ends with "|  |"); "\|" is no border.
    inner = line[1:-1] if line.endswith("|") and not line.endswith("\\|") else line[1:]
    return inner.split("|") if "\\|" not in inner else re.split(r"(?<!\\)\|", inner)


def _markdown_cell(cell: str) -> Cell:
    cell = cell.strip()
    if "](" not in cell:
        return Cell(clean(cell), "")
    if match := _LINK.fullmatch(cell):
        return Cell(clean(match["text"]), match["href"])
    match = _LINK.search(cell)
    return Cell(clean(_LINK.sub(lambda m: m["text"], cell)), match["href"] if match else "")
