"""Read inventories that are documents: XML, HTML, YAML, and small texts of other shapes. Name those that nobody reads, and say what to give instead.

A document is read whole, so that nothing of it is lost: its machines are found as in JSON. Texts are known by their shape: ``drawn`` and
``wiki`` (tables with lines), ``blocks`` (names and values with marks), ``pairs`` (``host=a build=b``, tables of names and values), ``literals`` (Salt, Python).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, Final

from hotpatch_kb.db.fleet.inventory.documents.blocks import reader_of_blocks
from hotpatch_kb.db.fleet.inventory.documents.drawn import is_drawn, rows_of_drawn
from hotpatch_kb.db.fleet.inventory.documents.literals import is_literal, is_nested, value_of_literal, value_of_nested
from hotpatch_kb.db.fleet.inventory.documents.metrics import are_metrics, rows_of_metrics, say_systems
from hotpatch_kb.db.fleet.inventory.documents.pairs import (
    are_listed,
    are_pairs,
    facts_by_host,
    in_columns,
    names_and_values,
    rows_of_facts,
    rows_of_list,
    rows_of_names,
    rows_of_pairs,
)
from hotpatch_kb.db.fleet.inventory.documents.turned import columns_are_machines, rows_of_text
from hotpatch_kb.db.fleet.inventory.documents.wiki import reader_of_wiki
from hotpatch_kb.db.fleet.inventory.machines import machines_in, name_in_words
from hotpatch_kb.db.fleet.inventory.tables.summaries import told_by
from hotpatch_kb.db.fleet.inventory.texts import Records
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message

Reader = Callable[[str], Iterable[tuple[dict[str, Any], Message | None]]]

MAX_DOCUMENT: Final = 2**26  # characters; its tree takes some ten times as much
_LOOKED_AT: Final = 8_000  # characters
_XML: Final = re.compile(r"\s*<(?:\?xml\b|!--|!DOCTYPE\b|[A-Za-z_][\w.:-]*(?:\s|/?>))")
_HTML: Final = re.compile(r"\s*<(?:!DOCTYPE\s+html|(?:html|head|body|table|div|meta|style|title|h[1-6]|p|center)\b)", re.IGNORECASE)
# A page that a browser or Reporting Services has saved with its pictures (MHTML); an e-mail is multipart/mixed or multipart/alternative.
_ARCHIVE: Final = re.compile(r"(?im)^content-type:\s*(?:multipart/related|text/html)\b")
# The source of a page of Confluence has its macros among the tags of HTML, without their namespace.
_OF_CONFLUENCE: Final = re.compile(r"<(?:ac|ri):[\w-]+[\s>]")
# Comments and blank lines at the beginning of YAML
_COMMENTS: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*")
# "---", "%YAML", "- name: srv1"
_YAML: Final = re.compile(_COMMENTS.pattern + r"(?:---(?:[ \t]+[!&#][^\n]*)?\n|%YAML|-[ \t]++[\"']?[\w. -]+[\"']?:(?:[ \t]|\n))")
_FIRST_ELEMENT: Final = re.compile(r"<([A-Za-z_][\w.:-]*)")
# A key without a value above keys that are indented, or a list. Labels that commands print look so at times.
_MAYBE_YAML: Final = re.compile(_COMMENTS.pattern + r"[\w.@/-]+:(?:[ \t]|\n)")
_NESTED: Final = re.compile(
    r"^[\w.@/-]+:[ \t]*(?:&\w+[ \t]*)?\n(?:[ \t]*\n)*(?:[ \t]+(?:-[ \t]+)?|-[ \t]+)[\w.@/ -]+:(?:[ \t]|\n)", re.MULTILINE
)
_METRICS: Final = Message("metrics of Prometheus; save the JSON of its API, /api/v1/query?query=windows_os_info")
# Texts that are not read, by their beginning, with what to give instead.
_UNREAD: Final[tuple[tuple[re.Pattern[str], Message], ...]] = tuple(
    (re.compile(pattern), what)
    for pattern, what in (
        (r"\s*System Information report written at:", Message("a report of msinfo32; give the output of systeminfo, which lists the KBs")),
        (r"\s*-+[ \t\r]*\n\s*+System Information[ \t\r]*\n-+[ \t\r]*\n\s*+Time of this report:", Message("a report of dxdiag; give the output of systeminfo, which lists the KBs")),
        (r"(?:<\?xml[^>]*\?>\s*)?(?:<!DOCTYPE plist[^>]*>\s*)?<plist\b", Message("a property list; give JSON (plutil -convert json)")),
        (r"\{\\rtf", Message("a text of WordPad; save the table as CSV")),
        (r"<\?xml[^>]*\?>\s*<\?mso-application|\s*<(?:\w+:)?Workbook\b", Message("an Excel workbook; save the table as CSV")),
        (r"(?i)\s*(?:--[^\n]*\n\s*)*(?:insert\s+into|create\s+table|copy\s+\w+ \()", Message("statements of SQL; export the table as CSV")),
        (r"(?:(?:From|To|Subject|Date|Received|MIME-Version|Message-ID): [^\n]*\r?\n(?:[ \t][^\n]*\r?\n)*){2}", Message("an e-mail; save the table in it as CSV")),
        (r"\s*\[\[[\w.-]+\]\]", Message("TOML; give JSON")),
    )
)  # fmt: skip


def document_in(head: str, rest: Callable[[int], str]) -> Records | None:
    """Return the machines of a document; None where a text is not a document.

    Args:
        head: the beginning of the text.
        rest: returns what follows, up to so many characters; it is called only for a document.

    Raises:
        BadInput: it is broken, too long, or of a kind that is not read.
    """
    is_archive = _is_archive(head)
    for pattern, what in _UNREAD:
        if pattern.match(head) and not is_archive:
            raise BadInput("expected CSV, JSON, Parquet or text, got {what}", what=what)
    if are_metrics(head) and not say_systems(head):
        raise BadInput("expected CSV, JSON, Parquet or text, got {what}", what=_METRICS)
    if reader := _reader(head):
        return Records(reader(_whole(head, rest, "text").replace("\r", "")))
    plain = head[:_LOOKED_AT].replace("\r\n", "\n")
    is_page = _HTML.match(head) or is_archive or (_XML.match(head) and _OF_CONFLUENCE.search(plain) and "<table" in head)
    kind = "HTML" if is_page else "XML" if _XML.match(head) else "YAML" if _YAML.match(plain) else ""
    is_sure = kind != ""
    if not kind and not (_MAYBE_YAML.match(plain) and _NESTED.search(plain)):
        return None
    text = _whole(head, rest, kind or "YAML")
    try:
        values = _values(kind or "YAML", text)
    except BadInput:
        if is_sure:
            raise
        values = []
    return Records(told_by(_title(kind, plain), (machine for value in values for machine in _machines_in(value)))) if values else None


def _title(kind: str, plain: str) -> str:
    """Return what is above all machines of a document: the comments at the beginning of YAML, the first element of XML ("rolloutPlan")."""
    if kind == "XML":
        return name_in_words(match[1]) if (match := _FIRST_ELEMENT.search(plain)) else ""
    return match[0] if kind != "HTML" and (match := _COMMENTS.match(plain)) else ""


def _is_archive(head: str) -> bool:
    """Return whether a text is a page that was saved with its pictures: a header as of an e-mail, of that kind."""
    header = head[:_LOOKED_AT].lstrip("\ufeff").replace("\r\n", "\n").partition("\n\n")[0]
    return re.match(r"[\w-]+:[ \t]", header) is not None and "mime-version:" in header.casefold() and _ARCHIVE.search(header) is not None


def _whole(head: str, rest: Callable[[int], str], kind: str) -> str:
    text = head + rest(MAX_DOCUMENT)
    if len(text) > MAX_DOCUMENT:
        raise BadInput(
            "expected {kind} of at most {size} MB, got more; a table or JSON has no such limit", kind=kind, size=MAX_DOCUMENT // 2**20
        )
    return text


def is_document(head: str) -> bool:
    """Return whether a text may be a document, by its beginning."""
    plain = head[:_LOOKED_AT].replace("\r\n", "\n")
    return any(pattern.match(head) for pattern, _ in _UNREAD) or bool(
        _HTML.match(head) or _XML.match(head) or _YAML.match(plain) or _reader(head)
    )


def _reader(head: str) -> Reader | None:
    """Return what reads a text of one of the other shapes; None where it has none of them."""
    if re.match(r"\s*<[A-Za-z!?]", head):  # "<14>" begins a line of syslog
        return None
    if are_metrics(head):
        return lambda text: ((row, None) for row in rows_of_metrics(text))
    if is_drawn(head):
        return rows_of_drawn
    if tables := reader_of_wiki(head):
        return tables
    if blocks := reader_of_blocks(head):
        return lambda text: ((row, None) for row in blocks(text))
    if is_nested(head):
        return lambda text: _machines_in(value_of_nested(text))
    if is_literal(head):
        return lambda text: _machines_in(value_of_literal(text))
    if are_listed(head):
        return lambda text: ((row, None) for row in rows_of_list(text))
    if are_pairs(head):
        return lambda text: ((row, None) for row in rows_of_pairs(text))
    if delimiter := names_and_values(head):
        return lambda text: ((row, None) for row in rows_of_names(text, delimiter))
    if (columns := in_columns(head)) and names_and_values(columns):
        return lambda text: ((row, None) for row in rows_of_names(in_columns(text), "\t"))
    if delimiter := columns_are_machines(head):
        return lambda text: ((row, None) for row in rows_of_text(text, delimiter))
    if places := facts_by_host(head):
        return lambda text: ((row, None) for row in rows_of_facts(text, *places))
    return None


def _machines_in(value: Any) -> Iterable[tuple[dict[str, Any], Message | None]]:
    return chain.from_iterable(map(machines_in, value if isinstance(value, list) else [value]))


def _values(kind: str, text: str) -> list[Any]:
    if kind == "HTML" and _is_archive(text):
        from hotpatch_kb.db.fleet.inventory.documents.markup import page_of_archive  # noqa: PLC0415 (few inventories need it)

        text = page_of_archive(text)
    if kind == "YAML":
        from hotpatch_kb.db.fleet.inventory.documents.indented import values_of_yaml  # noqa: PLC0415 (few inventories need it)

        return values_of_yaml(text)
    from hotpatch_kb.db.fleet.inventory.documents.markup import value_of_xml, values_of_html  # noqa: PLC0415 (few inventories need lxml)

    return values_of_html(text) if kind == "HTML" else [value_of_xml(text)]
