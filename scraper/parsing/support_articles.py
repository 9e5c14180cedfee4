"""The body of an article of support.microsoft.com as sections and labelled texts, in both layouts of the site.

Until July 2026 an issue was an expando (``h3.ocpExpandoHead``) or a row of a table, since then it is ``details > summary``; what it
says stands below labels in bold ("Symptoms", "Workaround", "Resolution") or below none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.scraper.parsing.markup import Node, page_title, tree, with_class

_HEADINGS: Final = ("h2", "h3", "h4", "h5", "h6")
BLOCKS: Final = ("p", "li", "pre", "td", "th", "h4", "h5", "h6")
# "Microsoft is not currently aware of any issues with this update."
NONE_KNOWN: Final = re.compile(r"\bnot (?:currently )?aware of any (?:known )?issues\b|\bno known issues\b", re.IGNORECASE)
# Boxes among the known issues that hold none, as last seen 2026-09-26.
_NO_ISSUE: Final = re.compile(r"^(?:change (?:log|history)|third-party information disclaimer|note)\b", re.IGNORECASE)
# Bold text that is a label of what follows, as last seen 2026-09-26 ("Symptom", "Workaround:", "Next steps").
LABELS: Final = {
    "symptom": "symptom", "symptoms": "symptom", "issue": "symptom", "cause": "cause",
    "workaround": "workaround", "workarounds": "workaround", "resolution": "workaround", "next steps": "workaround", "next step": "workaround",
    "mitigation": "workaround", "mitigations": "workaround", "status": "workaround",
    "applies to": "applies", "note": "other", "affected platforms": "other", "originating update": "other", "third-party information disclaimer": "other",
}  # fmt: skip


class Section(NamedTuple):
    """A heading and the nodes below it, up to the next heading that is not below it."""

    title: str
    heading: Node
    nodes: list[Node]


class Issue(NamedTuple):
    """A known issue as published: its title, and texts by what they are (symptom, cause, workaround, other)."""

    title: str
    texts: dict[str, str]


def body_of(page: Page) -> tuple[Node, Node]:
    """The document of an article, and its ``main``.

    Raises:
        UnexpectedPage: there is not exactly one ``main``.
    """
    root = tree(page)
    mains = root.xpath("//main")
    if len(mains) != 1:
        raise UnexpectedPage(f"expected one <main> of an article, got {len(mains)} on {page_title(root)!r}")
    return root, mains[0]


def prose(node: Node) -> str:
    """The text of a node. A zero-width space stands between words here ("addressed in\u200bKB5095093"), not inside of them."""
    return clean(node.text_content().replace("\u200b", " "))


def sections(main: Node) -> list[Section]:
    """Every section of an article, in its order. Titles of expandos are no headings."""
    # In the order of the document: the old layout nests what belongs to a heading, the new one has siblings.
    nodes = [node for node in main.iter() if isinstance(node.tag, str)]
    places = [(place, int(node.tag[1])) for place, node in enumerate(nodes) if node.tag in _HEADINGS and not _is_expando(node)]
    result = []
    for number, (place, level) in enumerate(places):
        end = next((other for other, other_level in places[number + 1 :] if other_level <= level), len(nodes))
        begin = place + sum(1 for node in nodes[place].iter() if isinstance(node.tag, str))
        result.append(Section(prose(nodes[place]), nodes[place], nodes[begin:end]))
    return result


def _is_expando(node: Node) -> bool:
    return "ocpExpandoHead" in (node.get("class") or "").split() or next(node.iterancestors("details"), None) is not None


def text_of(nodes: list[Node]) -> str:
    """The text of the nodes of a section, blocks apart by a blank."""
    return clean(" ".join(blocks(nodes)))


def blocks(nodes: list[Node]) -> Iterator[str]:
    """The texts of paragraphs, items and cells, each once, in their order."""
    for node in nodes:
        if node.tag in BLOCKS and next(node.iterdescendants(*BLOCKS), None) is None and (found := prose(node)):
            yield found


def issues(section: Section) -> tuple[list[Issue], list[str]]:
    """The known issues of a section, in whatever form it has them, and the texts of the section that belong to none.

    Raises:
        UnexpectedPage: a box without title or text, or a table that is none of issues.
    """
    found: list[Issue] = []
    used: set[int] = set()
    for node in section.nodes:
        if id(node) in used:
            continue
        if node.tag == "details":
            found += _box(node, used)
        elif node.tag == "h3" and "ocpExpandoHead" in (node.get("class") or "").split():
            titles = node.xpath(f".//div[{with_class('ocpExpandoHeadTitleContainer')}]")
            bodies = node.xpath(f"following-sibling::*[1]/descendant-or-self::div[{with_class('ocpExpandoBody')}]")
            if len(titles) != 1 or len(bodies) != 1:
                raise UnexpectedPage(
                    f"expected one title and one text of a known issue, got {len(titles)} and {len(bodies)} in {prose(node)[:60]!r}"
                )
            used |= _all(node) | _all(bodies[0])
            if not _NO_ISSUE.search(prose(titles[0])):
                found.append(Issue(prose(titles[0]), _labelled(list(bodies[0].iterdescendants()), bodies[0])))
        elif node.tag == "table":
            used |= _all(node)
            found += _rows_of(node)
    others = [node for node in section.nodes if id(node) not in used]
    unboxed = _unboxed(others)
    return found + unboxed, [] if unboxed else list(blocks(others))


def _all(node: Node) -> set[int]:
    return {id(node), *(id(below) for below in node.iterdescendants())}


def _box(node: Node, used: set[int]) -> Iterator[Issue]:
    """The issue in a box; a box of boxes ("Windows 11") holds theirs."""
    summary = node.find("summary")
    if summary is None:
        raise UnexpectedPage(f"expected a summary of a known issue, got {prose(node)[:60]!r}")
    used |= {id(node)} | _all(summary)
    if node.find(".//details") is not None:
        return
    used |= _all(node)
    title = prose(summary)
    if not _NO_ISSUE.search(title):
        yield Issue(title, _labelled([n for n in node.iterdescendants() if summary not in (n, *n.iterancestors())], node))


def _rows_of(table: Node) -> Iterator[Issue]:
    """Issues as rows: Symptom | Workaround, or Applies to | Symptom | Workaround. A table of anything else has none."""
    rows = [list(row.iterchildren("td", "th")) for row in table.iter("tr")]
    names = [LABELS.get(_bare(prose(cell))) for cell in rows[0]] if rows else []
    if "symptom" not in names:
        header = " | ".join(prose(cell) for cell in rows[0]) if rows else ""
        if len(rows) < 2 or _NO_ISSUE.search(header) or header.startswith("Change date"):
            return  # a promoting sentence may be a table of one row
        raise UnexpectedPage(f"expected a table of symptoms and workarounds among the known issues, got the columns {header[:80]!r}")
    for cells in rows[1:]:
        if len(cells) != len(names):
            beginning = prose(cells[0])[:60] if cells else ""
            raise UnexpectedPage(f"expected {len(names)} cells of a known issue, got {len(cells)} in {beginning!r}")
        texts = {name: text_of([cell, *cell.iterdescendants()]) or prose(cell) for name, cell in zip(names, cells, strict=True) if name}
        if not texts["symptom"]:
            raise UnexpectedPage(f"expected the symptom of a known issue, got none beside {' | '.join(texts.values())[:60]!r}")
        yield Issue(_first_sentence(texts["symptom"]), texts)


def _unboxed(nodes: list[Node]) -> list[Issue]:
    """Issues without a box: each begins with its own heading, or with the label of its symptom."""
    found: list[Issue] = []
    title, below = "", list[Node]()

    def end() -> None:
        texts = _labelled(below, None)
        if texts.get("symptom") and not NONE_KNOWN.search(texts["symptom"]) and (title or "workaround" in texts):
            found.append(Issue(title or _first_sentence(texts["symptom"]), texts))

    for node in nodes:
        if node.tag in _HEADINGS:
            end()
            title, below = prose(node), []
        elif not title and _label_of(node) == "symptom":
            end()
            below = [node]
        else:
            below.append(node)
    end()
    return found


def _labelled(nodes: list[Node], box: Node | None) -> dict[str, str]:
    """Texts by the label in bold before them; what stands before any label is the symptom."""
    texts: dict[str, list[str]] = {}
    name = "symptom"
    for node in nodes:
        if node.tag not in BLOCKS or next(node.iterdescendants(*BLOCKS), None) is not None:
            continue
        found = prose(node)
        if label := _label_of(node):
            name = label
            found = re.sub(r"^[^:]*?\b" + re.escape(_bold(node)) + r"\s*:?\s*", "", found, count=1)
        if found:
            texts.setdefault(name, []).append(found)
    if not texts and box is not None and (found := clean("".join(_own_text(box)))):
        texts["symptom"] = [found]  # text that stands in the box itself
    return {name: " ".join(found) for name, found in texts.items()}


def _own_text(box: Node) -> Iterator[str]:
    for child in box.iterchildren():
        if child.tag != "summary":
            yield child.text_content()
        yield child.tail or ""


def _bold(node: Node) -> str:
    bold = next(node.iter("strong", "b"), None)
    return "" if bold is None else prose(bold).rstrip(": ")


def _label_of(node: Node) -> str | None:
    """What a paragraph that begins with a bold label is; None where it begins with other text."""
    if node.tag not in BLOCKS:
        return None
    bold = _bold(node)
    return LABELS.get(_bare(bold)) if bold and prose(node).startswith(bold) else None


def _bare(label: str) -> str:
    return clean(label).rstrip(": ").casefold().replace("(s)", "s")


def _first_sentence(found: str) -> str:
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", found, maxsplit=1)[0][:200]
