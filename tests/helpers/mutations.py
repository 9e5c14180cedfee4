"""Mutations of pages: what may happen to a page of Microsoft's, one at a time, and what is then right, refused, reported or wrong in silence.

A mutation is named by (seed, page, kind) and is the same whenever it is made again. Each kind has an intent, what a reader of
the mutated page would say:

- ``same``: the page states what it did (a class renamed, a row doubled, columns moved together with their header).
- ``less``: it states less (a row, a section, the end is gone), and nothing else.
- ``broken``: nobody could tell (a heading or a header is gone, cells moved without it): nothing new may follow from it.
- ``restated``: one place states another value. Where another place says otherwise, or it cannot be true, that must show.
- ``everywhere``: a number is another wherever it stands: no reader could tell, nor can we.

The oracle (``judge``) compares what is claimed and which facts follow, before and after. It does not ask the parser what the page
states: kinds that restate say what stood in the place that they changed and what stands there now, and a claim that is new must be
found in the one, a claim that is lost in the other.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape as html_unescape
from typing import Any, Final, NamedTuple

from lxml import etree, html

from hotpatch_kb.db.claims import checks as check
from hotpatch_kb.db.facts.precedence import Precedence
from hotpatch_kb.db.facts.releases import resolve
from hotpatch_kb.db.facts.snapshots import Snapshot, StoredClaim
from hotpatch_kb.db.facts.tables import FactTables
from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import MONTHS, clean
from hotpatch_kb.db.model.products import named, products_in
from hotpatch_kb.scraper.sources import registry, unread

Draw = random.Random
OUTCOMES: Final = ("right", "refused", "reported", "gone", "restated", "silent")
LATER: Final = "2026-07-24T12:00:00Z"  # when the mutated page is read: the day after the last of the pages


class Change(NamedTuple):
    """What a mutation did: the text of the places that it changed, before and after."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class NotHere(Exception):
    """The page has nothing that could be mutated so."""


class Kind(NamedTuple):
    """A kind of mutation: of which form of page, with which intent, and how."""

    name: str
    form: str  # html, markdown, json, xml or bytes
    intent: str
    mutate: Callable[[Any, Draw], Any]


KINDS: Final[dict[str, Kind]] = {}


def kind(form: str, intent: str) -> Callable[[Callable[[Any, Draw], Any]], Callable[[Any, Draw], Any]]:
    """Register a mutator under its name."""

    def register(mutate: Callable[[Any, Draw], Any]) -> Callable[[Any, Draw], Any]:
        name = f"{form}: {mutate.__name__.replace('_', ' ').strip()}"
        KINDS[name] = Kind(name, form, intent, mutate)
        return mutate

    return register


# --- HTML: what there is to mutate --------------------------------------------------------------------------------------


def _pick(draw: Draw, found: Iterable[Any]) -> Any:
    found = list(found)
    if not found:
        raise NotHere
    return draw.choice(found)


def _text(node: Any) -> str:
    return clean(node.text_content())


def _records(root: Any) -> list[Any]:
    """Rows and entries: what states something. Not the header of a table."""
    return [n for n in root.iter("tr", "li") if re.search(r"\d", _text(n)) and not (n.tag == "tr" and n is _rows(n)[0])]


def _rows(row: Any) -> list[Any]:
    table = next(row.iterancestors("table"), None)
    return [row] if table is None else list(table.iter("tr"))


def _cells(row: Any) -> list[Any]:
    return list(row.iterchildren("td", "th"))


def _tables(root: Any) -> list[Any]:
    return [t for t in root.iter("table") if len(list(t.iter("tr"))) > 1]


def _headings(root: Any) -> list[Any]:
    inside = [
        n for n in root.iter("h2", "h3", "h4", "h5", "h6", "strong", "b") if next(n.iterancestors("table"), None) is None and _text(n)
    ]
    return inside + [n for n in root.iter("div") if "CategoryTitle" in (n.get("class") or "")]


def _categories(root: Any) -> list[Any]:
    return [n for n in root.iter("div") if any(name.endswith("LeftNavCategory") for name in (n.get("class") or "").split())]


def _remove(node: Any) -> None:
    parent, tail, before = node.getparent(), node.tail, node.getprevious()
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
    parent.remove(node)


def _texts(node: Any) -> list[tuple[Any, str]]:
    """The places of a node that hold text: (element, "text" or "tail")."""
    found = []
    for below in node.iter():
        if isinstance(below.tag, str) and (below.text or "").strip():
            found.append((below, "text"))
        if below is not node and (below.tail or "").strip():
            found.append((below, "tail"))
    return found


def _retext(node: Any, change: Callable[[str], str]) -> bool:
    """Change the first text of a node that ``change`` makes another of."""
    for place, what in _texts(node):
        old = getattr(place, what)
        if (new := change(old)) != old:
            setattr(place, what, new)
            return True
    return False


# --- HTML: the same -----------------------------------------------------------------------------------------------------


@kind("html", "same")
def rename_every_class(root: Any, draw: Draw) -> None:
    old = _pick(
        draw,
        {name for n in root.iter() for name in (n.get("class") or "").split()}
        and sorted({name for n in root.iter() if isinstance(n.tag, str) for name in (n.get("class") or "").split()}),
    )
    for node in root.iter():
        if isinstance(node.tag, str) and old in (node.get("class") or "").split():
            node.set("class", node.get("class").replace(old, f"new-{old}"))


@kind("html", "same")
def rename_one_class(root: Any, draw: Draw) -> None:
    node = _pick(draw, [n for n in root.iter() if isinstance(n.tag, str) and n.get("class")])
    node.set("class", f"{node.get('class')}V2")


@kind("html", "same")
def rename_class_of_a_record(root: Any, draw: Draw) -> None:
    node = _pick(draw, [n for n in _records(root) if n.get("class")])
    node.set("class", f"{node.get('class')}Item")


@kind("html", "same")
def drop_one_class(root: Any, draw: Draw) -> None:
    node = _pick(draw, [n for n in root.iter() if isinstance(n.tag, str) and n.get("class")])
    del node.attrib["class"]


@kind("html", "same")
def rename_an_id(root: Any, draw: Draw) -> None:
    node = _pick(draw, [n for n in root.iter() if isinstance(n.tag, str) and n.get("id")])
    node.set("id", f"{node.get('id')}-2")


@kind("html", "same")
def retag_a_record(root: Any, draw: Draw) -> None:
    _pick(draw, _records(root)).tag = draw.choice(["div", "section", "p"])


@kind("html", "same")
def retag_a_cell(root: Any, draw: Draw) -> None:
    _pick(draw, [c for r in _records(root) for c in _cells(r)]).tag = draw.choice(["th", "div", "span"])


@kind("html", "same")
def retag_the_cells_of_a_row(root: Any, draw: Draw) -> None:
    tag = draw.choice(["th", "div", "span"])
    for cell in _cells(_pick(draw, [r for r in _records(root) if _cells(r)])):
        cell.tag = tag


@kind("html", "same")
def retag_a_heading(root: Any, draw: Draw) -> None:
    _pick(draw, _headings(root)).tag = draw.choice(["h2", "h3", "h4", "div", "em", "strong"])


@kind("html", "same")
def retag_every_list(root: Any, draw: Draw) -> None:
    found = list(root.iter("ul"))
    tag = draw.choice(["ol", "div"])
    _pick(draw, found)
    for node in found:
        node.tag = tag


@kind("html", "same")
def wrap_the_text_of_a_record(root: Any, draw: Draw) -> None:
    node, what = _pick(draw, _texts(_pick(draw, _records(root))))
    if what == "tail":
        raise NotHere
    wrapped = etree.Element(draw.choice(["span", "em", "strong", "font"]))
    wrapped.text, node.text = node.text, ""
    node.insert(0, wrapped)


@kind("html", "same")
def split_a_text(root: Any, draw: Draw) -> None:
    node, what = _pick(draw, _texts(_pick(draw, _records(root))))
    if what == "tail":
        raise NotHere
    middle = draw.randrange(len(node.text))
    part = etree.Comment(" x ") if draw.random() < 0.5 else etree.Element("wbr")
    part.tail, node.text = node.text[middle:], node.text[:middle]
    node.insert(0, part)


@kind("html", "same")
def strange_blanks(root: Any, draw: Draw) -> None:
    blank = draw.choice(["\u00a0", "\u00a0 ", "\u200b ", " \u2060", "\n\t", "\u2009"])
    if not _retext(_pick(draw, _records(root)), lambda old: old.replace(" ", blank)):
        raise NotHere


@kind("html", "same")
def double_a_record(root: Any, draw: Draw) -> None:
    node = _pick(draw, _records(root))
    node.addnext(deepcopy(node))


@kind("html", "same")
def double_a_table(root: Any, draw: Draw) -> None:
    node = _pick(draw, _tables(root))
    node.addnext(deepcopy(node))


@kind("html", "same")
def double_a_category(root: Any, draw: Draw) -> None:
    node = _pick(draw, _categories(root))
    node.addnext(deepcopy(node))


@kind("html", "same")
def shuffle_the_records(root: Any, draw: Draw) -> None:
    parent = _pick(draw, {id(n.getparent()): n.getparent() for n in _records(root)}.values())
    nodes = [n for n in _records(root) if n.getparent() is parent]
    places = [parent.index(n) for n in nodes]
    draw.shuffle(nodes)
    for node in nodes:
        parent.remove(node)
    for place, node in zip(places, nodes, strict=True):
        parent.insert(place, node)


@kind("html", "same")
def shuffle_the_categories(root: Any, draw: Draw) -> None:
    parent = _pick(draw, {id(n.getparent()): n.getparent() for n in _categories(root)}.values())
    nodes = [n for n in _categories(root) if n.getparent() is parent]
    draw.shuffle(nodes)
    for node in nodes:
        parent.append(node)


def _column_moves(table: Any, draw: Draw, *, with_header: bool) -> None:
    rows = [_cells(r) for r in table.iter("tr")]
    width = min(map(len, rows))
    if width < 3:
        raise NotHere
    a, b = draw.sample(range(width), 2)
    for cells in rows if with_header else rows[1:]:
        parent = cells[a].getparent()
        places = parent.index(cells[a]), parent.index(cells[b])
        first, second = deepcopy(cells[a]), deepcopy(cells[b])
        parent[places[0]], parent[places[1]] = second, first


@kind("html", "same")
def swap_columns_with_the_header(root: Any, draw: Draw) -> None:
    _column_moves(_pick(draw, _tables(root)), draw, with_header=True)


@kind("html", "same")
def add_a_column(root: Any, draw: Draw) -> None:
    table = _pick(draw, _tables(root))
    place = draw.randrange(1, 4)
    name, text = draw.choice([("Notes", "see the notes"), ("Severity", "Critical"), ("Release type", "Security"), ("Restart", "Yes")])
    for number, row in enumerate(table.iter("tr")):
        cell = etree.Element("td")
        cell.text = text if number else name
        row.insert(place, cell)


@kind("html", "same")
def add_an_empty_cell(root: Any, draw: Draw) -> None:
    etree.SubElement(_pick(draw, [r for r in _records(root) if _cells(r)]), "td")


@kind("html", "same")
def a_note_names_another_version(root: Any, draw: Draw) -> None:
    table = _pick(draw, _tables(root))
    note = etree.Element(draw.choice(["p", "strong", "b"]))
    note.text = draw.choice(
        ["Note", "Windows 11, version 22H2 has reached end of updates.", "Windows Server 2019", "Calendar", "Version 21H2"]
    )
    table.addprevious(note)


@kind("html", "same")
def header_in_a_head(root: Any, draw: Draw) -> None:
    row = next(iter(_pick(draw, _tables(root)).iter("tr")))
    for cell in row:
        cell.tag = "th"
    table = next(row.iterancestors("table"))
    head = etree.Element("thead")
    _remove(row)
    head.append(row)
    table.insert(0, head)


@kind("html", "same")
def attributes_in_another_order(root: Any, draw: Draw) -> None:
    for node in root.iter():
        if isinstance(node.tag, str) and len(node.attrib) > 1:
            items = list(node.attrib.items())
            draw.shuffle(items)
            node.attrib.clear()
            for name, value in items:
                node.set(name, value)


# --- HTML: less ---------------------------------------------------------------------------------------------------------


@kind("html", "less")
def drop_a_record(root: Any, draw: Draw) -> None:
    _remove(_pick(draw, _records(root)))


@kind("html", "less")
def drop_some_records(root: Any, draw: Draw) -> None:
    records = _records(root)
    _pick(draw, records)
    for node in draw.sample(records, min(len(records), draw.randint(2, 30))):
        if node.getparent() is not None:
            _remove(node)


@kind("html", "less")
def drop_the_end_of_a_table(root: Any, draw: Draw) -> None:
    rows = _rows(_pick(draw, [r for r in _records(root) if r.tag == "tr"]))
    for row in rows[draw.randint(1, len(rows) - 1) :]:
        _remove(row)


@kind("html", "less")
def drop_a_category(root: Any, draw: Draw) -> None:
    _remove(_pick(draw, _categories(root)))


@kind("html", "less")
def drop_a_table(root: Any, draw: Draw) -> None:
    _remove(_pick(draw, _tables(root)))


@kind("html", "less")
def drop_a_link(root: Any, draw: Draw) -> None:
    record = _pick(draw, [r for r in _records(root) if r.find(".//a") is not None])
    del record.find(".//a").attrib["href"]


@kind("html", "less")
def drop_a_column(root: Any, draw: Draw) -> None:
    table = _pick(draw, _tables(root))
    place = draw.randrange(5)
    for row in table.iter("tr"):
        if len(_cells(row)) > place:
            _remove(_cells(row)[place])


@kind("html", "less")
def drop_the_main(root: Any, draw: Draw) -> None:
    _remove(_pick(draw, root.iter("main")))


@kind("html", "less")
def drop_a_part(root: Any, draw: Draw) -> None:
    _remove(
        _pick(draw, [n for n in root.iter("div", "ul", "section", "details", "tbody", "article", "p", "nav") if n.getparent() is not None])
    )


# --- HTML: broken -------------------------------------------------------------------------------------------------------


@kind("html", "broken")
def drop_a_heading(root: Any, draw: Draw) -> None:
    _remove(_pick(draw, _headings(root)))


@kind("html", "broken")
def blank_a_heading(root: Any, draw: Draw) -> None:
    node = _pick(draw, _headings(root))
    for below in node.iter():
        below.text = below.tail = None


@kind("html", "broken")
def rename_a_heading(root: Any, draw: Draw) -> None:
    node = _pick(draw, _headings(root))
    words = ["Updates", "Recent releases", "Overview", "Windows", "Known issues", "Version", "Servicing"]
    text = draw.choice(words)
    _retext(node, lambda _: text)


@kind("html", "broken")
def a_heading_loses_a_word(root: Any, draw: Draw) -> None:
    def without(old: str) -> str:
        words = old.split()
        if len(words) < 2:
            raise NotHere
        del words[draw.randrange(len(words))]
        return " ".join(words)

    _retext(_pick(draw, _headings(root)), without)


@kind("html", "broken")
def swap_two_headings(root: Any, draw: Draw) -> None:
    found = _headings(root)
    _pick(draw, found)
    first, second = draw.sample(found, 2) if len(found) > 1 else (found[0], found[0])
    texts = [_text(first), _text(second)]
    if texts[0] == texts[1]:
        raise NotHere
    for node, text in ((first, texts[1]), (second, texts[0])):
        _retext(node, lambda _, text=text: text)


@kind("html", "broken")
def drop_a_header(root: Any, draw: Draw) -> None:
    _remove(next(iter(_pick(draw, _tables(root)).iter("tr"))))


@kind("html", "broken")
def rename_a_column(root: Any, draw: Draw) -> None:
    row = next(iter(_pick(draw, _tables(root)).iter("tr")))
    new = draw.choice(["Release", "OS version", "Available", "Number", "Details", ""])
    _retext(_pick(draw, _cells(row)), lambda _: new)


@kind("html", "broken")
def swap_columns_without_the_header(root: Any, draw: Draw) -> None:
    _column_moves(_pick(draw, _tables(root)), draw, with_header=False)


@kind("html", "broken")
def swap_two_headers(root: Any, draw: Draw) -> None:
    cells = _cells(next(iter(_pick(draw, _tables(root)).iter("tr"))))
    if len(cells) < 2:
        raise NotHere
    a, b = draw.sample(cells, 2)
    texts = _text(a), _text(b)
    _retext(a, lambda _: texts[1])
    _retext(b, lambda _: texts[0])


@kind("html", "broken")
def swap_two_cells(root: Any, draw: Draw) -> None:
    cells = _cells(_pick(draw, [r for r in _records(root) if len(_cells(r)) > 2]))
    a, b = draw.sample(cells, 2)
    if _text(a) == _text(b):
        raise NotHere
    parent = a.getparent()
    places = parent.index(a), parent.index(b)
    first, second = deepcopy(a), deepcopy(b)
    parent[places[0]], parent[places[1]] = second, first


@kind("html", "broken")
def drop_a_cell(root: Any, draw: Draw) -> None:
    _remove(_pick(draw, [c for r in _records(root) for c in _cells(r)]))


@kind("html", "broken")
def blank_a_cell(root: Any, draw: Draw) -> None:
    cell = _pick(draw, [c for r in _records(root) for c in _cells(r) if _text(c)])
    for below in list(cell):
        cell.remove(below)
    cell.text = draw.choice(["", "\u00a0", "-", "N/A", "TBD"])


@kind("html", "broken")
def a_column_slips_by_a_row(root: Any, draw: Draw) -> None:
    rows = [_cells(r) for r in list(_pick(draw, _tables(root)).iter("tr"))[1:]]
    place = draw.randrange(min(map(len, rows)) or 1)
    if len(rows) < 2 or min(map(len, rows)) <= place:
        raise NotHere
    copies = [deepcopy(cells[place]) for cells in rows]
    if len({_text(c) for c in copies}) == 1:
        raise NotHere
    for cells, copy in zip(rows, [copies[-1], *copies[:-1]], strict=True):
        cells[place].getparent().replace(cells[place], copy)


@kind("html", "restated")
def move_a_record_elsewhere(root: Any, draw: Draw) -> Change:
    """It stands in another table or category: what it says there is of that one's product."""
    record = _pick(draw, _records(root))
    told = _told(record)
    other = _pick(draw, [r for r in _records(root) if r.tag == record.tag and r.getparent() is not record.getparent()])
    _remove(record)
    other.addprevious(record)
    return Change((told,), (told,))


@kind("html", "broken")
def merge_two_tables(root: Any, draw: Draw) -> None:
    found = _tables(root)
    if len(found) < 2:
        raise NotHere
    place = draw.randrange(1, len(found))
    rows = list(found[place].iter("tr"))[1:]
    last = list(found[place - 1].iter("tr"))[-1]
    for row in reversed(rows):
        last.addnext(row)
    _remove(found[place])


@kind("html", "broken")
def merge_two_categories(root: Any, draw: Draw) -> None:
    found = _categories(root)
    if len(found) < 2:
        raise NotHere
    place = draw.randrange(1, len(found))
    target = next(iter(found[place - 1].iter("ul")))
    for item in list(found[place].iter("li")):
        target.append(item)
    _remove(found[place])


@kind("html", "broken")
def unwrap_an_element(root: Any, draw: Draw) -> None:
    _pick(
        draw,
        [
            n
            for n in root.iter("div", "ul", "tr", "td", "table", "tbody", "li", "a", "details", "summary", "strong")
            if n.getparent() is not None
        ],
    ).drop_tag()


# --- HTML: restated -----------------------------------------------------------------------------------------------------


def _told(record: Any) -> str:
    """What a record says, its links included."""
    return " ".join([_text(record), *(anchor.get("href", "") for anchor in record.iter("a"))])


def _restate(record: Any, change: Callable[[str], str]) -> Change:
    before = _told(record)
    if not _retext(record, change):
        raise NotHere
    return Change((before,), (_told(record),))


def _digit(draw: Draw, text: str, pattern: str) -> str:
    """The text with one digit of the first match changed."""
    match = re.search(pattern, text)
    if not match:
        return text
    places = [p for p in range(match.start(), match.end()) if text[p].isdigit()]
    place = draw.choice(places)
    digit = draw.choice([d for d in "0123456789" if d != text[place]])
    return text[:place] + digit + text[place + 1 :]


_DATES: Final = rf"\d{{4}}-\d\d-\d\d|(?:{'|'.join(MONTHS)}) \d{{1,2}}, \d{{4}}"
_PATTERNS: Final = {
    "kb": r"(?<=KB)\s?\d{6,7}",
    "build number": r"\d{5}(?=\.\d)",
    "revision": r"(?<=\d{5}\.)\d+",
    "date": _DATES,
    "update type": r"\d{4}[-.]\d\d(?= [A-EO])",
    "number": r"\d+",
}


def _digit_kinds() -> None:
    for what, pattern in _PATTERNS.items():

        def mutate(root: Any, draw: Draw, pattern: str = pattern) -> Change:
            return _restate(_pick(draw, _records(root)), lambda old: _digit(draw, old, pattern))

        mutate.__name__ = f"another digit in a {what}"
        kind("html", "restated")(mutate)

        def drop(root: Any, draw: Draw, pattern: str = pattern) -> Change:
            def without(old: str) -> str:
                match = re.search(pattern, old)
                place = draw.randrange(match.start(), match.end()) if match else 0
                return old[:place] + old[place + 1 :] if match else old

            return _restate(_pick(draw, _records(root)), without)

        drop.__name__ = f"a digit less in a {what}"
        kind("html", "restated")(drop)

        def swap(root: Any, draw: Draw, pattern: str = pattern) -> Change:
            found = [r for r in _records(root) if re.search(pattern, _text(r))]
            if len(found) < 2:
                raise NotHere
            pair = draw.sample(found, 2)
            before = tuple(map(_told, pair))
            values = [re.search(pattern, text)[0] for text in before]  # type: ignore[index]
            if values[0] == values[1]:
                raise NotHere
            for node, value in zip(pair, reversed(values), strict=True):
                if not _retext(node, lambda old, value=value: re.sub(pattern, value, old, count=1)):
                    raise NotHere
            return Change(before, tuple(map(_told, pair)))

        swap.__name__ = f"swap the {what} of two records"
        kind("html", "restated")(swap)


_digit_kinds()

_WORDS: Final = {
    "Hotpatch": "Baseline (Restart)", "Baseline (Restart)": "Hotpatch", "Baseline": "Hotpatch", "hotpatch": "", "Out-of-band": "", "Preview": "Out-of-band",
    " B": " OOB", " OOB": " B", " D": " B", "public preview": "", "Security Update for": "", "OS Build": "Build", "(": "", "Restart": "No restart",
}  # fmt: skip


@kind("html", "restated")
def another_word(root: Any, draw: Draw) -> Change:
    words = list(_WORDS)
    draw.shuffle(words)
    record = _pick(draw, [r for r in _records(root) if any(word in _text(r) for word in words)])
    word = next(word for word in words if word in _text(record))
    return _restate(record, lambda old: old.replace(word, _WORDS[word], 1))


@kind("html", "restated")
def another_month(root: Any, draw: Draw) -> Change:
    record = _pick(draw, [r for r in _records(root) if any(month in _text(r) for month in MONTHS)])
    other = draw.choice(MONTHS)
    return _restate(record, lambda old: re.sub("|".join(MONTHS), other, old, count=1))


@kind("html", "restated")
def a_record_of_tomorrow(root: Any, draw: Draw) -> Change:
    """A further record, as the next month brings it; only its numbers are new."""
    record = _pick(draw, _records(root))
    copy = deepcopy(record)
    record.addprevious(copy)
    for pattern in (r"(?<=KB)\d{7}", r"(?<=\d{5}\.)\d+"):
        _retext(copy, lambda old, pattern=pattern: re.sub(pattern, lambda m: str(int(m[0]) + 7), old, count=1))
    return Change((), (_told(copy),))


@kind("html", "restated")
def another_digit_in_a_link(root: Any, draw: Draw) -> Change:
    record = _pick(draw, [r for r in _records(root) if r.find(".//a[@href]") is not None])
    anchor = record.find(".//a[@href]")
    old = anchor.get("href")
    anchor.set("href", _digit(draw, old, r"\d{4,}"))
    if anchor.get("href") == old:
        raise NotHere
    return Change((f"{_text(record)} {old}",), (f"{_text(record)} {anchor.get('href')}",))


@kind("html", "restated")
def another_number_in_a_heading(root: Any, draw: Draw) -> Change:
    heading = _pick(draw, [h for h in _headings(root) if re.search(r"\d{2}", _text(h))])
    before = _text(heading)
    if not _retext(heading, lambda old: _digit(draw, old, r"\d{2,}")):
        raise NotHere
    return Change((f"heading {before}",), (f"heading {_text(heading)}",))


# --- bytes of HTML ------------------------------------------------------------------------------------------------------


@kind("bytes", "less")
def truncated(body: bytes, draw: Draw) -> bytes:
    return body[: draw.randrange(len(body))]


@kind("bytes", "less")
def a_part_is_lost(body: bytes, draw: Draw) -> bytes:
    begin = draw.randrange(len(body))
    return body[:begin] + body[begin + draw.choice([1, 20, 300, 1460, 8000]) :]


@kind("bytes", "broken")
def a_bit_flips(body: bytes, draw: Draw) -> bytes:
    place = draw.randrange(len(body))
    return body[:place] + bytes([body[place] ^ (1 << draw.randrange(7))]) + body[place + 1 :]


@kind("bytes", "same")
def in_another_encoding(body: bytes, draw: Draw) -> bytes:
    text = body.decode("utf-8-sig")
    encoding = draw.choice(["utf-16", "utf-32", "cp1252", "utf-8-sig"])
    return text.encode(encoding, "xmlcharrefreplace" if encoding == "cp1252" else "strict")


@kind("bytes", "same")
def other_line_ends(body: bytes, draw: Draw) -> bytes:
    return body.replace(b"\r\n", b"\n").replace(b"\n", draw.choice([b"\r\n", b"\n"]))


@kind("bytes", "broken")
def another_page(body: bytes, draw: Draw) -> bytes:
    return draw.choice(
        [
            b"", b" \n", b"<html><head><title>Just a moment...</title></head><body><h1>Checking your browser</h1></body></html>", b"null", b"[]", b"{}", b"\x00" * 100,
            b'{"error": {"code": "TooManyRequests"}}', b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", b"\x1f\x8b\x08" + body[:200],
        ]
    )  # fmt: skip


@kind("bytes", "everywhere")
def a_number_everywhere(body: bytes, draw: Draw) -> bytes:
    old = _pick(draw, sorted(set(re.findall(rb"(?<!\d)\d{5}\.\d{3,5}(?!\d)|(?<=KB)\d{7}(?!\d)", body))))
    new = old[:-1] + (b"1" if old[-1:] != b"1" else b"2")
    return body.replace(old, new).replace(old.replace(b".", b"-"), new.replace(b".", b"-"))


# --- markdown -----------------------------------------------------------------------------------------------------------


def _lines(text: str, draw: Draw, pattern: str) -> tuple[list[str], int]:
    lines = text.splitlines()
    return lines, _pick(draw, [n for n, line in enumerate(lines) if re.search(pattern, line)])


_ROW: Final = r"^\|.*\d"
_LABEL: Final = r"^#|^\*\*|^\s*[-*]\s+\*\*|</?summary|<strong>"
_HEADER: Final = r"^\|.*(?:Build|Version|version|SKU)\b(?!.*\d\d\d\d)"


def _dropped(text: str, draw: Draw, pattern: str) -> str:
    lines, n = _lines(text, draw, pattern)
    return "\n".join([*lines[:n], *lines[n + 1 :]])


@kind("markdown", "less")
def drop_a_row(text: str, draw: Draw) -> str:
    return _dropped(text, draw, _ROW)


@kind("markdown", "less")
def drop_rows(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _ROW)
    end = next((m for m in range(n, len(lines)) if not lines[m].startswith("|")), len(lines))
    return "\n".join([*lines[:n], *lines[min(end, n + draw.randint(2, 40)) :]])


@kind("markdown", "same")
def double_a_row(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _ROW)
    return "\n".join([*lines[: n + 1], *lines[n:]])


@kind("markdown", "same")
def a_row_without_its_bar(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _ROW)
    lines[n] = lines[n].strip().strip("|") if draw.random() < 0.5 else "    " + lines[n][1:]
    return "\n".join(lines)


@kind("markdown", "same")
def a_row_breaks_in_two(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _ROW)
    cells = lines[n].split("|")
    place = draw.randrange(2, max(3, len(cells) - 1))
    lines[n : n + 1] = ["|".join(cells[:place]), "|".join(cells[place:])]
    return "\n".join(lines)


@kind("markdown", "same")
def a_table_in_html(text: str, draw: Draw) -> str:
    """One row as HTML, which markdown allows."""
    lines, n = _lines(text, draw, _ROW)
    lines[n] = "<tr>" + "".join(f"<td>{cell.strip()}</td>" for cell in lines[n].strip().strip("|").split("|")) + "</tr>"
    return "\n".join(lines)


@kind("markdown", "same")
def a_blank_line_in_a_table(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _ROW)
    return "\n".join([*lines[:n], "", *lines[n:]])


@kind("markdown", "broken")
def drop_a_label(text: str, draw: Draw) -> str:
    return _dropped(text, draw, _LABEL)


@kind("markdown", "same")
def a_label_in_another_form(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _LABEL)
    bare = re.sub(r"<[^>]*>", "", lines[n]).strip("#*- ")
    lines[n] = draw.choice(["### {}", "__{}__", "{}", "**{}:**", "<h3>{}</h3>", "## {}"]).format(bare)
    return "\n".join(lines)


@kind("markdown", "broken")
def swap_two_labels(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _LABEL)
    m = _pick(draw, [m for m, line in enumerate(lines) if re.search(_LABEL, line) and line != lines[n]])
    lines[n], lines[m] = lines[m], lines[n]
    return "\n".join(lines)


@kind("markdown", "broken")
def drop_a_header_row(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _HEADER)
    return "\n".join([*lines[:n], *lines[n + draw.choice([1, 2]) :]])


@kind("markdown", "broken")
def rename_a_column_(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _HEADER)
    cells = lines[n].split("|")
    cells[draw.randrange(1, len(cells) - 1)] = draw.choice([" Release ", " Number ", " OS ", "  "])
    lines[n] = "|".join(cells)
    return "\n".join(lines)


@kind("markdown", "broken")
def swap_cells(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _ROW)
    cells = lines[n].split("|")
    if len(cells) < 5:
        raise NotHere
    a, b = draw.sample(range(1, len(cells) - 1), 2)
    if cells[a].strip() == cells[b].strip():
        raise NotHere
    cells[a], cells[b] = cells[b], cells[a]
    lines[n] = "|".join(cells)
    return "\n".join(lines)


@kind("markdown", "broken")
def drop_one_cell(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _ROW)
    cells = lines[n].split("|")
    del cells[draw.randrange(1, len(cells) - 1)]
    lines[n] = "|".join(cells)
    return "\n".join(lines)


@kind("markdown", "broken")
def blank_one_cell(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _ROW)
    cells = lines[n].split("|")
    place = _pick(draw, [p for p in range(1, len(cells) - 1) if cells[p].strip()])
    cells[place] = draw.choice(["  ", " - ", " TBD "])
    lines[n] = "|".join(cells)
    return "\n".join(lines)


def _table_at(lines: list[str], n: int) -> tuple[int, int]:
    begin = n
    while begin and lines[begin - 1].startswith("|"):
        begin -= 1
    end = next((m for m in range(n, len(lines)) if not lines[m].startswith("|")), len(lines))
    return begin, end


@kind("markdown", "broken")
def a_column_slips(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _ROW)
    begin, end = _table_at(lines, n)
    rows = [line.split("|") for line in lines[begin + 2 : end]]
    place = draw.randrange(1, min(map(len, rows)) - 1)
    column = [cells[place] for cells in rows]
    if len(set(column)) == 1:
        raise NotHere
    for cells, value in zip(rows, [column[-1], *column[:-1]], strict=True):
        cells[place] = value
    lines[begin + 2 : end] = ["|".join(cells) for cells in rows]
    return "\n".join(lines)


@kind("markdown", "same")
def columns_move_with_their_header(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _ROW)
    begin, end = _table_at(lines, n)
    rows = [line.split("|") for line in lines[begin:end]]
    a, b = draw.sample(range(1, min(map(len, rows)) - 1), 2)
    for cells in rows:
        cells[a], cells[b] = cells[b], cells[a]
    lines[begin:end] = ["|".join(cells) for cells in rows]
    return "\n".join(lines)


@kind("markdown", "broken")
def columns_move_without_their_header(text: str, draw: Draw) -> str:
    lines, n = _lines(text, draw, _ROW)
    begin, end = _table_at(lines, n)
    rows = [line.split("|") for line in lines[begin + 2 : end]]
    a, b = draw.sample(range(1, min(map(len, rows)) - 1), 2)
    for cells in rows:
        cells[a], cells[b] = cells[b], cells[a]
    lines[begin + 2 : end] = ["|".join(cells) for cells in rows]
    return "\n".join(lines)


@kind("markdown", "restated")
def move_a_row_elsewhere(text: str, draw: Draw) -> tuple[str, Change]:
    lines, n = _lines(text, draw, _ROW)
    begin, end = _table_at(lines, n)
    m = _pick(draw, [m for m, line in enumerate(lines) if re.search(_ROW, line) and not begin <= m < end])
    row = lines.pop(n)
    lines.insert(m if m < n else m - 1, row)
    return "\n".join(lines), Change((clean(row),), (clean(row),))


def _markdown_digits() -> None:
    for what, pattern in _PATTERNS.items():

        def mutate(text: str, draw: Draw, pattern: str = pattern) -> tuple[str, Change]:
            lines, n = _lines(text, draw, _ROW)
            before = lines[n]
            lines[n] = _digit(draw, before, pattern)
            if lines[n] == before:
                raise NotHere
            return "\n".join(lines), Change((clean(before),), (clean(lines[n]),))

        mutate.__name__ = f"another digit in a {what}"
        kind("markdown", "restated")(mutate)

        def swap(text: str, draw: Draw, pattern: str = pattern) -> tuple[str, Change]:
            lines, n = _lines(text, draw, rf"^\|.*(?:{pattern})")
            m = _pick(draw, [m for m, line in enumerate(lines) if m != n and re.search(rf"^\|.*(?:{pattern})", line)])
            before = clean(lines[n]), clean(lines[m])
            values = [re.search(pattern, lines[place])[0] for place in (n, m)]  # type: ignore[index]
            if values[0] == values[1]:
                raise NotHere
            for place, value in zip((n, m), reversed(values), strict=True):
                lines[place] = re.sub(pattern, value, lines[place], count=1)
            return "\n".join(lines), Change(before, (clean(lines[n]), clean(lines[m])))

        swap.__name__ = f"swap the {what} of two rows"
        kind("markdown", "restated")(swap)


_markdown_digits()


@kind("markdown", "restated")
def another_word_(text: str, draw: Draw) -> tuple[str, Change]:
    words = list(_WORDS)
    draw.shuffle(words)
    lines, n = _lines(text, draw, rf"^\|.*(?:{'|'.join(map(re.escape, words))})")
    before = lines[n]
    word = next(word for word in words if word in before)
    lines[n] = before.replace(word, _WORDS[word], 1)
    if lines[n] == before:
        raise NotHere
    return "\n".join(lines), Change((clean(before),), (clean(lines[n]),))


# --- JSON and XML -------------------------------------------------------------------------------------------------------


def _inside(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document: (container, key or index)."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _inside(value[key])


def _json_place(draw: Draw, document: Any, what: type | tuple[type, ...] = object) -> tuple[Any, Any]:
    found: tuple[Any, Any] = _pick(
        draw, [(c, k) for c, k in _inside(document) if isinstance(c[k], what) and not (what is int and isinstance(c[k], bool))]
    )
    return found


@kind("json", "less")
def drop_a_member(document: Any, draw: Draw) -> None:
    container, key = _json_place(draw, document)
    del container[key]


@kind("json", "same")
def rename_a_member(document: Any, draw: Draw) -> None:
    container, key = _pick(draw, [(c, k) for c, k in _inside(document) if isinstance(c, dict)])
    container[f"{key}V2"] = container.pop(key)


@kind("json", "same")
def rename_a_member_everywhere(document: Any, draw: Draw) -> None:
    _, name = _pick(draw, [(c, k) for c, k in _inside(document) if isinstance(c, dict)])
    for container, key in list(_inside(document)):
        if key == name and isinstance(container, dict) and key in container:
            container[name[:1].swapcase() + name[1:]] = container.pop(key)


@kind("json", "less")
def a_null(document: Any, draw: Draw) -> None:
    container, key = _json_place(draw, document)
    container[key] = None


@kind("json", "broken")
def another_type(document: Any, draw: Draw) -> None:
    container, key = _json_place(draw, document)
    container[key] = draw.choice([[], {}, "", "x", 0, -1, True, 1e999, [container[key]], {"value": container[key]}, str(container[key])])


@kind("json", "same")
def double_an_item(document: Any, draw: Draw) -> None:
    container, key = _pick(draw, [(c, k) for c, k in _inside(document) if isinstance(c, list)])
    container.insert(key, deepcopy(container[key]))


@kind("json", "same")
def shuffle_a_list(document: Any, draw: Draw) -> None:
    draw.shuffle(_pick(draw, [c[k] for c, k in _inside(document) if isinstance(c[k], list) and len(c[k]) > 1]))


@kind("json", "broken")
def swap_two_values(document: Any, draw: Draw) -> None:
    container = _pick(draw, {id(c): c for c, _ in _inside(document) if isinstance(c, dict) and len(c) > 1}.values())
    a, b = draw.sample(sorted(container), 2)
    if container[a] == container[b]:
        raise NotHere
    container[a], container[b] = container[b], container[a]


@kind("json", "restated")
def another_digit(document: Any, draw: Draw) -> Change:
    container, key = _pick(draw, [(c, k) for c, k in _inside(document) if isinstance(c[k], str) and re.search(r"\d", c[k])])
    before = container[key]
    place = draw.choice([m.start() for m in re.finditer(r"\d", before)])
    container[key] = before[:place] + draw.choice([d for d in "0123456789" if d != before[place]]) + before[place + 1 :]
    return Change(("*",), ("*",))


@kind("json", "restated")
def another_amount(document: Any, draw: Draw) -> Change:
    container, key = _pick(draw, [(c, k) for c, k in _inside(document) if isinstance(c[k], int | float) and not isinstance(c[k], bool)])
    container[key] = draw.choice([container[key] + 1, container[key] * 10, container[key] / 3, -1, 0])
    return Change(("*",), ("*",))


def _elements(root: Any) -> list[Any]:
    return [n for n in root.iter() if isinstance(n.tag, str) and n.getparent() is not None]


@kind("xml", "less")
def drop_an_element(root: Any, draw: Draw) -> None:
    _remove(_pick(draw, _elements(root)))


@kind("xml", "same")
def rename_an_element(root: Any, draw: Draw) -> None:
    node = _pick(draw, _elements(root))
    node.tag = f"{node.tag}V2"


@kind("xml", "same")
def double_an_element(root: Any, draw: Draw) -> None:
    node = _pick(draw, _elements(root))
    node.addnext(deepcopy(node))


@kind("xml", "less")
def blank_an_element(root: Any, draw: Draw) -> None:
    _pick(draw, [n for n in _elements(root) if (n.text or "").strip()]).text = ""


@kind("xml", "restated")
def another_digit_(root: Any, draw: Draw) -> Change:
    node = _pick(draw, [n for n in _elements(root) if re.search(r"\d", n.text or "")])
    node.text = _digit(draw, node.text, r"\d+")
    return Change(("*",), ("*",))


# --- samples and mutants ------------------------------------------------------------------------------------------------


@dataclass
class Sample:
    """A page as it was accepted, with what it states and the world it stands in.

    Attributes:
        name: of the page in the tables that are printed.
        page: the page.
        world: claims of all pages that stand beside it, itself included; (page, claim).
    """

    name: str
    page: Page
    world: list[tuple[Page, Claim]] = field(default_factory=list)

    @cached_property
    def claims(self) -> list[Claim]:
        return list(registry()[self.page.source].parse(self.page))

    @cached_property
    def stated(self) -> set[tuple[str, str, str | None]]:
        return stated(self.claims)

    @cached_property
    def notes(self) -> set[str]:
        """What is the matter with the page as it is; rows of made pages are odd on purpose."""
        source = registry()[self.page.source]
        found = check.check_page(
            self.page, self.claims, now=check.count(self.claims), before={}, at_least=1, unread=unread(source, self.page, self.claims)
        )
        return {c.note for c in found if not c.ok}

    @cached_property
    def form(self) -> str:
        begin = self.page.body[:200].lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
        if begin in {b"{", b"["}:
            return "json"
        if begin != b"<":
            return "markdown"
        return "xml" if b"<?xml" in self.page.body[:100] or b"<feed" in self.page.body[:200] else "html"

    @cached_property
    def kinds(self) -> list[Kind]:
        return [k for k in KINDS.values() if k.form in {self.form, "bytes"}]

    @cached_property
    def document(self) -> Any:
        if self.form == "html":
            return html.document_fromstring(self.page.body, parser=html.HTMLParser(encoding="utf-8"))
        if self.form == "xml":
            body = re.sub(rb"(?i)[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:x0*1?[0-9a-f]|0*[12]?[0-9]);", b"", self.page.body)
            return etree.fromstring(body.lstrip(b"\xef\xbb\xbf \r\n\t"))
        text = self.page.body.decode("utf-8-sig")
        return json.loads(text) if self.form == "json" else text


class Mutant(NamedTuple):
    """A page after a mutation."""

    kind: Kind
    body: bytes
    change: Change


def mutant(sample: Sample, which: Kind, seed: int) -> Mutant:
    """The mutation of a page that its name, the kind and the seed name.

    Raises:
        NotHere: the page has nothing of this kind.
    """
    draw = Draw(f"{seed} {sample.name} {which.name}")
    if which.form == "bytes":
        try:
            body = which.mutate(sample.page.body, draw)
        except UnicodeError as error:
            raise NotHere from error
        change = Change()
    elif which.form == "markdown":
        found = which.mutate(sample.document, draw)
        text, change = found if isinstance(found, tuple) else (found, Change())
        body = text.encode()
    else:
        document = deepcopy(sample.document)
        change = which.mutate(document, draw) or Change()
        if which.form == "json":
            body = json.dumps(document, ensure_ascii=draw.random() < 0.5).encode()
        elif which.form == "xml":
            body = etree.tostring(document, encoding="utf-8")
        else:
            body = b"<!DOCTYPE html>\n" + etree.tostring(document, method="html", encoding="utf-8")
    if body == sample.page.body:
        raise NotHere
    return Mutant(which, body, change)


def stated(claims: Iterable[Claim]) -> set[tuple[str, str, str | None]]:
    """What claims say, wherever on the page; what is said twice is said once."""
    return {(c.subject, c.field.partition("#")[0], c.value) for c in claims}


# Free text of an article, or as a title stands: nothing follows from it but what other fields say.
_TEXTS: Final = frozenset(
    {
        "symptom",
        "workaround",
        "title",
        "feed_title",
        "baselines_without_kb",
        "others_without_kb",
        *(f"{channel}_note" for channel in ("windows_update", "business", "catalog", "wsus")),
    }
)


# --- the oracle ---------------------------------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """What became of a mutation: one of ``OUTCOMES``, why, and whether the parser stumbled instead of refusing."""

    what: str
    why: str
    stumbled: bool = False


def judge(sample: Sample, found: Mutant) -> Outcome:
    """What the program makes of a mutated page that is read after the one that it knows."""
    source = registry()[sample.page.source]
    page = sample.page._replace(body=found.body, fetched_at=max(LATER, sample.page.fetched_at))
    try:
        claims = list(source.parse(page))
    except UnexpectedPage as error:
        return Outcome("refused", str(error))
    except Exception as error:  # noqa: BLE001 (a run refuses such a page too, but does not know why)
        return Outcome("refused", f"{type(error).__name__}: {error}", stumbled=True)
    checks = check.check_page(
        page,
        claims,
        now=check.count(claims),
        before=check.count(sample.claims),
        at_least=source.at_least,
        unread=unread(source, page, claims),
        standing=[(c.subject, c.field) for c in sample.claims if c.value is not None],
    )
    if refusal := check.refusal(checks):
        return Outcome("refused", refusal)
    known = {claim.subject for claim in sample.claims}
    if odd := [c for c in claims if c.subject.startswith("quarantine/") and c.field == "reason" and c.subject not in known]:
        return Outcome("reported", f"quarantined: {odd[0].value}")
    now = stated(claims)
    new, lost = now - sample.stated, sample.stated - now
    if not lost and not any(value for *_, value in new):  # beside what is stated stands something that cannot be read
        return Outcome("right", "")
    if failed := [c for c in checks if not c.ok and c.note not in sample.notes]:
        return Outcome("reported", failed[0].note)
    if all(name in _TEXTS or subject.startswith("change_log/") for subject, name, _ in new | lost) and {s for s, *_ in new} >= {
        s for s, *_ in lost
    }:
        return Outcome("restated", "texts, as the page has them")
    if all(name.partition("#")[0] in {"latest_build", "latest_on"} for _, name, _ in new | lost):
        return Outcome("restated", "what a table of versions says of its newest release: compared with the history, a fact of nothing")
    facts = _Facts(sample, claims, new, lost)
    if facts.conflicts:
        return Outcome("reported", f"conflict of {facts.conflicts[0]}")
    is_content = source.source == "support_article" and all(
        s.startswith(("issue/", "channel/")) or f == "issue_count" for s, f, _ in new | lost
    )
    if is_content and any(word in found.kind.name for word in ("heading", "slips", "tomorrow")):
        return Outcome("restated", "an issue under the title that the page gives it")
    if not new and all(subject.startswith("mention/") for subject, *_ in lost):
        return Outcome("gone", "the text of a link, which is never believed against anything")
    if not new and all(subject.startswith("quarantine/") for subject, *_ in lost) and not any(value == "1" for *_, value in lost):
        return Outcome("gone", "a note about what is no release; quarantine.gone_at says since when")
    if found.kind.intent == "everywhere":
        return Outcome("restated", "everywhere")
    if found.kind.intent == "restated":
        wrong = [
            c
            for c in claims
            if (c.subject, c.field.partition("#")[0], c.value) in new and not any(_is_in(c, t) for t in found.change.after)
        ]
        wrong += [
            c
            for c in sample.claims
            if (c.subject, c.field.partition("#")[0], c.value) in lost and not any(_is_in(c, t) for t in found.change.before)
        ]
        if not wrong:
            return Outcome("restated", f"{sorted(new, key=str)[:2]}")
        return Outcome("silent", f"stated in no place that was changed: {wrong[0]}")
    # What is not stated any more may leave a poorer statement of the same: a severity that is not known, a revision without its KB.
    poorer = {
        (s, f, v)
        for s, f, v in new
        if not v or (re.sub(r"/-/", "/", s).split("/")[-1], f, v) in {(o.split("/")[-1], g, w) for o, g, w in lost | sample.stated}
    }
    poorer |= {(s, f, v) for s, f, v in new if f == "issue_count"}
    poorer |= {
        (s, f, v)
        for s, f, v in new
        if f == "applies_to" and any(o == s and f == g and set((v or "").split()) < set((w or "").split()) for o, g, w in lost)
    }
    if (
        found.kind.form == "bytes"
        and all(f in {"article_url", "article_kb"} and (v or "").rpartition("/")[2].encode() in found.body for _, f, v in new)
        and new
    ):
        return Outcome("restated", "a link, as it stands on the page")
    if "bit flips" in found.kind.name and all(
        _is_shown(c, found.body) for c in claims if (c.subject, c.field.partition("#")[0], c.value) in new
    ):
        return Outcome("restated", "a character, as it stands on the page")
    if "slips" in found.kind.name and all(s.startswith("price/") for s, *_ in new | lost):
        return Outcome("restated", "amounts, each in the row where it stands")
    if (
        found.kind.intent in {"less", "broken"}
        and source.source == "support_article"
        and all(s.startswith("channel/") for s, *_ in new | lost)
    ):
        return Outcome("restated", "rows of ways to get the update, each as it stands there")
    if found.kind.intent == "less" and new <= poorer:
        still = next((text for text in _still_there(found.body, sample, claims)), None)
        if still:
            return Outcome("silent", f"still on the page, and gone from the claims: {still}")
        return Outcome("silent", facts.changed[0]) if facts.changed else Outcome("gone", "")
    return Outcome("silent", f"new {sorted(new, key=str)[:3]}, lost {sorted(lost, key=str)[:3]}")


def _numbers(subject: str) -> list[str]:
    """The numbers of a subject that the place which states it must show: KB, build, the day of a baseline."""
    found = []
    if subject.startswith(("article/", "issue/", "channel/", "change_log/")):
        return []  # of the article, whatever place of it states it
    for part in subject.split("/")[1:]:
        if re.fullmatch(r"\d{6,7}|\d{5}\.\d+", part):
            found.append(part)
        elif match := re.fullmatch(r"(\d{4})-(\d\d)(?:-(\d\d))?", part):
            found.append(match[1])
    return found


def _is_in(claim: Claim, text: str) -> bool:
    """Whether a text shows what a claim says, and what it says it of."""
    if (
        text == "*" or claim.field == "issue_count" or clean(claim.value_text).endswith("-update-history")
    ):  # the page itself, of its own entry
        return True
    if text.startswith("heading "):  # what stands below it is of what the heading names
        return True
    told = clean(claim.value_text).replace(" ", "").replace("|", "")
    text = re.sub(r"(?<=\d{5}\.)0+(?=\d)", "", text)  # 26100.0332
    bare = re.sub(r"[\[\]*^\\]|\(http[^)]*\)", "", text).replace(" ", "")
    shows = (
        not told
        or told in text.replace(" ", "")
        or bare in told.replace("|", "")
        or re.sub(r"[\[\]*^\\]", "", told) in bare
        or clean(claim.value_text) == clean(claim.section)
    )
    return shows and all(number in bare or number.replace(".", "-") in text for number in _numbers(claim.subject))


def _is_shown(claim: Claim, body: bytes) -> bool:
    """Whether a page shows what a claim says, as it says it."""
    raw = body.decode("utf-8", "replace")
    shown = [re.sub(r"[\x00-\x20]", "", text) for text in (raw, clean(re.sub(r"<[^>]+>", "", html_unescape(raw))))]
    told = [re.sub(r"[\x00-\x20]", "", part) for part in claim.value_text.split("; ")]
    return all(any(part in text for text in shown) for part in told) or clean(claim.value_text) == clean(claim.section)


def _still_there(body: bytes, sample: Sample, claims: list[Claim]) -> Iterator[str]:
    """Titles that the page still shows and nothing claims any more."""
    kept = {c.value for c in claims if c.field.partition("#")[0] == "title"}
    text = clean(re.sub(r"<[^>]+>", " ", body.decode("utf-8", "replace")).replace("&#x2014;", "—"))
    for claim in sample.claims:
        if (
            claim.field == "title"
            and claim.subject.startswith("release/")
            and claim.value not in kept
            and f" {claim.value} " in text
            and f"|{claim.value}" not in text
        ):
            # an article's own heading repeats its title
            yield str(claim.value)


class _Facts:
    """What follows for the products that a mutation touched: conflicts that are new, facts that changed or ended."""

    def __init__(self, sample: Sample, claims: list[Claim], new: set[Any], lost: set[Any]) -> None:
        self.conflicts: list[str] = []
        self.changed: list[str] = []
        subjects = [subject for subject, *_ in new | lost]
        products = {part for subject in subjects for part in subject.split("/")[1:2] if re.match(r"w(?:s|in)", part)}
        kbs = {part for subject in subjects for part in subject.split("/")[1:] if part.isdigit()}
        if not any(
            subject.startswith(("release/", "calendar/", "revision/", "remediation/", "article/", "mention/")) for subject in subjects
        ):
            return

        def is_near(subject: str) -> bool:
            parts = subject.split("/")
            return parts[1] in products or not kbs.isdisjoint(parts[1:])

        others = [
            (p, c)
            for p, c in sample.world
            if is_near(c.subject) and not (p.page_url == sample.page.page_url and p.source == sample.page.source)
        ]
        before = [_stated(p, c) for p, c in others] + [_stated(sample.page, c) for c in sample.claims if is_near(c.subject)]
        after = [_stated(p, c) for p, c in others]
        keys = {(c.section, c.subject, c.field): c.value for c in claims}
        olds = {(c.section, c.subject, c.field): c for c in sample.claims if is_near(c.subject)}
        for key, claim in olds.items():
            is_kept = keys.get(key, "\0") == claim.value
            row = _stated(sample.page, claim)
            after.append(row if is_kept else row._replace(gone_at=LATER))
        for claim in claims:
            old = olds.get((claim.section, claim.subject, claim.field))
            if is_near(claim.subject) and (old is None or old.value != claim.value):
                after.append(_stated(sample.page._replace(fetched_at=LATER), claim))
        times: dict[tuple[str, str], list[str]] = {(c.source, c.page_url): [c.first_seen_at] for c in before}
        was = _resolved(before, times)
        times[sample.page.source, sample.page.page_url] = [sample.page.fetched_at, LATER]
        now = _resolved(after, times)
        known = {(row["subject"], row["field"], row["value_lost"]) for row in was.conflicts.values()}
        self.conflicts = [
            f"{row['field']} of {row['subject']}: {row['value_won']} against {row['value_lost']}"
            for row in now.conflicts.values()
            if (row["subject"], row["field"], row["value_lost"]) not in known
        ]
        told = (
            "product",
            "kb",
            "build",
            "release_date",
            "month",
            "cadence",
            "classification",
            "in_hotpatch_line",
            "in_standard_line",
            "is_public_preview",
            "is_expired",
            "baseline_kb",
        )
        rows = {row["subject"]: row for row in now.releases.values()}
        for row in was.releases.values():
            other = rows.get(row["subject"])
            if other is None:
                self.changed.append(f"{row['subject']} ended")
            elif differs := [f"{name}: {row[name]} -> {other[name]}" for name in told if row[name] != other[name]]:
                self.changed.append(f"{row['subject']}: {', '.join(differs)}")
        for key, row in was.hotpatch_calendar.items():
            month = now.hotpatch_calendar.get(key)
            if row["type"] and (month is None or month["type"] != row["type"]):
                self.changed.append(f"{row['subject']}: {row['type']} -> {month and month['type']}")


def _resolved(claims: list[StoredClaim], times: dict[tuple[str, str], list[str]]) -> FactTables:
    precedence = {name: source.precedence for name, source in registry().items()}
    return resolve(Snapshot([c._replace(claim=n) for n, c in enumerate(claims)], times), Precedence(precedence))


def _stated(page: Page, claim: Claim) -> StoredClaim:
    return StoredClaim(
        0,
        page.source,
        page.page_url,
        claim.section,
        claim.subject,
        claim.field,
        claim.value,
        claim.value_text,
        None,
        page.fetched_at,
        page.fetched_at,
        None,
    )


__all__ = ["KINDS", "Sample", "judge", "mutant", "named", "products_in"]
