"""Read XML and the tables of HTML as the values that JSON would have.

An element is named by its tag, or by an attribute where it is a property: ``<Property Name="Build">`` of ConvertTo-Xml, ``<S N="Build">`` of
Export-Clixml, ``<tag name="os">`` of Nessus, ``<PROPERTY NAME="BuildNumber"><VALUE>`` of wmic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from email import message_from_string
from typing import Any, Final

from lxml import etree, html

from hotpatch_kb.db.fleet.inventory.columns import columns_of, members
from hotpatch_kb.db.fleet.inventory.documents.turned import across_rows, rows_of_shape
from hotpatch_kb.db.fleet.inventory.machines import machines_in, says_its_build
from hotpatch_kb.db.fleet.inventory.tables.summaries import doubted_summaries, told_by
from hotpatch_kb.db.model.errors import BadInput

_NAMING: Final = frozenset({"name", "n", "key"})
_OF_TYPES: Final = frozenset({"type", "classorigin", "refid", "size", "propagated", "lang", "datatype", "units", "value"})
_AROUND: Final = frozenset({"MS", "Props", "DCT", "LST"})  # of Export-Clixml: what it puts around the properties of an object
_MOST_SPANNED: Final = 10_000  # rows or columns of a cell
_PASSED_OVER: Final = frozenset({"TN", "TNRef"})  # its names of types


def value_of_xml(text: str) -> Any:
    """Return the root element of a text of XML, as objects, lists and texts.

    Raises:
        BadInput: it is broken.
    """
    # No entity is resolved, and nothing is loaded: a file of a user names no other file.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, encoding="utf-8"
    )
    text = text.lstrip("\ufeff \t\r\n")
    try:
        try:
            root = etree.fromstring(text.encode(), parser)
        except etree.XMLSyntaxError:
            if text[:2] in {"<?", "<!"}:
                raise
            root = etree.fromstring(f"<rows>{text}</rows>".encode(), parser)  # FOR XML RAW of SQL Server: a row after the other
    except etree.XMLSyntaxError as error:
        raise BadInput("expected {kind}, got {got}", kind="XML", got=str(error)[:200]) from None
    value = members(_members_of(root)) if _tag(root) == "Objs" else _value(root)  # Export-Clixml: its version is not the machine's
    if isinstance(value, dict) and len(value) == 1:  # a list of one machine
        (value,) = value.values() if isinstance(next(iter(value.values())), dict | list) else (value,)
    return value if isinstance(value, dict | list) else {_tag(root): value}


def _value(element: etree._Element) -> Any:
    pairs = [(etree.QName(name).localname, text) for name, text in element.attrib.items()]
    pairs += _members_of(element)
    text = (element.text or "").strip()
    if not pairs:
        return text
    return members([*pairs, ("value", text)] if text else pairs)


def _members_of(element: etree._Element) -> list[tuple[str, Any]]:
    """Return the elements inside another, those with the same name as one list."""
    found: dict[str, list[Any]] = {}
    for child in element:
        if not isinstance(child.tag, str) or (tag := _tag(child)) in _PASSED_OVER:
            continue
        if tag == "En" and (entry := dict(_members_of(child))).keys() == {"Key", "Value"}:  # of a hash table
            pairs = [(str(entry["Key"]), entry["Value"])]
        elif tag in _AROUND and not len(child.attrib):
            pairs = _members_of(child)
        elif (named := _named(child)) is not None:
            pairs = [named]
        elif _naming(child) and (items := _list_in(child)) is not None:
            pairs = [(_naming(child), items)]
        else:
            pairs = [(_naming(child) or tag, _value(child))]
        for name, value in pairs:
            found.setdefault(name, []).append(value)
    return [(name, values[0] if len(values) == 1 else values) for name, values in found.items()]


def _list_in(element: etree._Element) -> list[Any] | None:
    """Return the texts of a list of Export-Clixml; None where an object has something else."""
    inner = [child for child in element if isinstance(child.tag, str) and _tag(child) not in _PASSED_OVER | {"ToString", "Props"}]
    if len(inner) != 1 or _tag(inner[0]) not in {"LST", "IE"} or any(len(item) for item in inner[0]):
        return None
    return [(item.text or "").strip() for item in inner[0]]


def _naming(element: etree._Element) -> str:
    """Return the name of a nested object of Export-Clixml: ``<Obj N="OS">``."""
    return str(element.get("N", ""))


def _named(element: etree._Element) -> tuple[str, str] | None:
    """Return a property by its name: an element with nothing but a name, a type and a text."""
    attributes = {etree.QName(name).localname.casefold(): text for name, text in element.attrib.items()}
    names = [text for name, text in attributes.items() if name in _NAMING]
    inner = [child for child in element if isinstance(child.tag, str)]
    if inner and not (len(inner) == 1 and _tag(inner[0]).casefold() == "value" and not len(inner[0])):
        return None
    if not attributes:
        return _tag(element), (element.text or "").strip()
    if len(names) != 1 or not attributes.keys() <= _NAMING | _OF_TYPES:
        return None
    text = (inner[0].text if inner else element.text) or ""
    return (names[0], text.strip() or attributes.get("value", "")) if text.strip() or "value" in attributes or len(attributes) > 1 else None


def _tag(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def page_of_archive(text: str) -> str:
    """Return the page of a web archive (MHTML), as browsers and Reporting Services save it; "" where it has none."""
    for part in message_from_string(text).walk():
        if part.get_content_type() == "text/html":
            body = part.get_payload(decode=True)
            return body.decode(part.get_content_charset() or "utf-8", "replace") if isinstance(body, bytes) else ""
    return ""


def values_of_html(text: str) -> list[Any]:
    """Return the tables of a page that say builds, each as a list of rows; all of them where none does.

    Raises:
        BadInput: the page has no table, or one with cells across several rows.
    """
    root = html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8", no_network=True))
    for struck in root.xpath("//s | //del | //strike | //*[contains(@style, 'line-through')]"):
        struck.drop_tree()  # "26100.32995", struck out before the build of now
    tables = [list(_rows_of(table)) for table in root.iter("table") if table.find(".//table") is None]
    tables = [table for table in tables if table]
    if not tables:
        raise BadInput("expected a page with a table of machines, got one without a table; save the table as CSV")
    saying = [table for table in tables if any(says_its_build(cells) for row in table for cells, _ in machines_in(row))]
    return saying or tables


def _rows_of(table: Any) -> Iterator[dict[str, str]]:
    rows = [[cell for cell in row if cell.tag in {"td", "th"}] for row in table.iter("tr")]
    rows = [row for row in rows if row]
    texts = _texts_of(rows)
    if rows and all(len(row) == 1 or _is_pair(row, cells) for row, cells in zip(rows, texts, strict=True)):
        yield from _of_pairs([cells for cells in texts if len(cells) == 2])
        return
    if (machines := rows_of_shape(texts)) is not None:
        yield from machines
        return
    widest = max(map(len, texts), default=0)
    title = [_title_of(table)]
    while texts and len(texts[0]) < widest and len(texts[0]) == 1:  # a title above
        title += texts.pop(0)
    if not texts:
        return
    spans = [_span(cell) for cell in rows[len(rows) - len(texts)]]
    if len(texts) > 1 and max(spans) > 1 and sum(spans) == len(texts[1]):  # "OS" above "Name" and "Build"
        above = [text for text, span in zip(texts[0], spans, strict=True) for _ in range(span)]
        texts = [
            [second if first == second else f"{first} {second}".strip() for first, second in zip(above, texts[1], strict=True)],
            *texts[2:],
        ]
    header = [name or f"column{place}" for place, name in enumerate(texts[0], 1)]
    found: list[dict[str, str]] = []
    for cells in texts[1:]:
        if any(cells) and cells != texts[0]:
            names = [*header, *(f"column{place}" for place in range(len(header) + 1, len(cells) + 1))]
            found.append(members(list(zip(names, cells, strict=False))))
    for row, _ in told_by("\n".join(title), doubted_summaries((row, None) for row in found)):
        yield row


def _title_of(table: Any) -> str:
    """Return the caption of a table, and the heading before it; of the only one of a page its title, too."""
    before = table.xpath("caption | preceding::*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5 or self::h6][1]")
    before += [other for other in [table.getprevious()] if other is not None and other.tag in {"p", "b", "strong", "div"}]
    page = table.getroottree().getroot()
    before += page.xpath("//title") if sum(1 for _ in page.iter("table")) == 1 else []
    return "\n".join(" ".join(element.text_content().split()) for element in before)


def _texts_of(rows: Sequence[Sequence[Any]]) -> list[list[str]]:
    """Return the texts of the cells of each row. What is written once for several rows ("Bonn", "Windows Server 2025") is said of each of them.

    Raises:
        BadInput: a host is: it would have a build of each row.
    """
    texts: list[list[str]] = []
    below: dict[int, tuple[int, str]] = {}  # by place, in how many rows more a cell is, and its text
    spanned: set[int] = set()
    for row in rows:
        cells: list[str] = []
        is_shifted = texts and any(_span(cell) > 1 for cell in row) and (below or any(_span(cell, "rowspan") > 1 for cell in row))
        if is_shifted:  # cells across columns beside cells across rows
            raise across_rows()
        for cell in row:
            _from_above(cells, below)
            text = " ".join(cell.text_content().split())
            if (height := _span(cell, "rowspan")) > 1:
                below[len(cells)] = (height - 1, text)
                spanned.update([len(cells)] if texts else [])  # in a header "Host" may be as high as "OS" above "Name" and "Build"
            cells.append(text)
        _from_above(cells, below)
        texts.append(cells)
    header = next(filter(any, texts), [])
    hosts = [header.index(name) for name in columns_of(header, {}).get("host", ())[:1]] or [0]
    if not spanned.isdisjoint(hosts):
        raise across_rows()
    return texts


def _from_above(cells: list[str], below: dict[int, tuple[int, str]]) -> None:
    """Add the cells of rows above that are in this row, too."""
    while len(cells) in below:
        left, text = below.pop(len(cells))
        if left > 1:
            below[len(cells)] = (left - 1, text)
        cells.append(text)


def _span(cell: Any, name: str = "colspan") -> int:
    text = cell.get(name, "1").strip()
    return min(int(text), _MOST_SPANNED) if text.isdigit() and len(text) < 7 else 1


def _is_pair(row: list[Any], texts: list[str]) -> bool:
    """Return whether a row is a label and its value, as ``ConvertTo-Html -As List`` writes them."""
    return len(row) == 2 and ((row[0].tag == "th" and row[1].tag == "td") or texts[0].endswith(":"))


def _of_pairs(pairs: list[list[str]]) -> Iterator[dict[str, str]]:
    record: dict[str, str] = {}
    for label, value in pairs:
        name = label.rstrip(": ")
        if name in record:
            yield record
            record = {}
        record[name] = value
    if record:
        yield record
