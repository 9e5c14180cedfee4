"""JSON and XML documents that are too large for memory: their values or elements, one at a time.

A month of MSRC has 20 MB, of which ``json.loads`` makes 98 MB of objects; here one vulnerability at a time takes 5 MB
(``benchmarks/msrc.py`` prints both). ijson's wheels have yajl built in: 0.2 s for 20 MB; without it the same takes 2.8 s.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import ijson
from lxml import etree

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage

Element: TypeAlias = Any  # of lxml, which has no types of its own

_BOM: Final = b"\xef\xbb\xbf"
# MSRC nests 8 deep. ijson.items keeps the path of every level: 20,000 brackets, of 20 kB, took it 958 MB.
_DEEPEST: Final = 64
_STEPS: Final = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}


def first_character(page: Page) -> bytes:
    """Return the first byte of a body after a BOM and white space: ``{`` of JSON, ``<`` of XML; empty where there is none."""
    return page.body[:64].removeprefix(_BOM).lstrip()[:1]


def json_members(page: Page) -> tuple[str, ...]:
    """Return the names of the members of a JSON object, in their order, after checking the whole body.

    Raises:
        UnexpectedPage: the body is not a JSON object, is cut off, nests too deep or has a member twice.
    """
    if first_character(page) != b"{":
        raise UnexpectedPage(f"expected a JSON object, got {page.body[:60]!r} from {page.final_url}")
    names: dict[str, None] = {}
    depth = 0
    try:
        for event, value in ijson.basic_parse(_stream(page), use_float=True):
            if event == "map_key":  # the most frequent event, of two million in a month
                if depth == 1:
                    if value in names:
                        raise UnexpectedPage(f"expected each member of a JSON object once, got {value!r} twice from {page.final_url}")
                    names[value] = None
            elif step := _STEPS.get(event):
                depth += step
                if depth > _DEEPEST:
                    raise UnexpectedPage(f"expected JSON at most {_DEEPEST} levels deep, got more from {page.final_url}")
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise _no_json(page, error) from None
    return tuple(names)


def json_values(page: Page, prefix: str) -> Iterator[Any]:
    """Yield the values at a place of a JSON document; ``Vulnerability.item`` are the items of a list.

    Call it after ``json_members``, which checks the document. Nothing after the last value that was taken is read.

    Raises:
        UnexpectedPage: the body is not JSON.
    """
    try:
        yield from ijson.items(_stream(page), prefix, use_float=True)
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise _no_json(page, error) from None


def _stream(page: Page) -> io.BytesIO:
    stream = io.BytesIO(page.body)  # shares the bytes
    if page.body.startswith(_BOM):  # which yajl does not know
        stream.seek(len(_BOM))
    return stream


def _no_json(page: Page, error: Exception) -> UnexpectedPage:
    # yajl's message has several lines, with a piece of the text.
    return UnexpectedPage(f"expected JSON, got {str(error).strip().partition(chr(10))[0].strip()!r} from {page.final_url}")


def xml_children(page: Page, root: str, *names: str) -> Iterator[Element]:
    """Yield the children of an XML document's root that have one of these names (all without any), whatever their namespaces.

    Each child is emptied before the next is read. Entities are not resolved, nothing is loaded, and a document type, which could
    declare entities, is refused.

    Args:
        page: the document.
        root: the name that its root must have.
        names: of the children to yield.

    Raises:
        UnexpectedPage: the body is not XML, has a document type, or another root.
    """
    depth = 0
    reader = etree.iterparse(
        io.BytesIO(page.body),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for event, node in reader:
            if event == "start":
                depth += 1
                if depth == 1:
                    _check_root(page, node, root)
                continue
            depth -= 1
            if depth != 1:
                continue
            if not names or local_name(node) in names:
                yield node
            node.clear()
            while node.getprevious() is not None:  # those after it may be in the tree already: lxml reads 32 kB at a time
                del node.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise UnexpectedPage(f"expected XML, got {error.msg!r} from {page.final_url}") from None


def _check_root(page: Page, node: Element, root: str) -> None:
    document = node.getroottree().docinfo
    if local_name(node) != root or document.doctype:
        got = f"<{local_name(node)}>{' with a document type' if document.doctype else ''}"
        raise UnexpectedPage(f"expected the XML of a <{root}> without a document type, got {got} from {page.final_url}")


def local_name(node: Element) -> str:
    """Return the name of an element without its namespace."""
    name: str = node.tag
    return name.rpartition("}")[2]
