"""Read inventories that are documents: XML, HTML and YAML. Name those that nobody reads, and say what to give instead.

A document is read whole, so that nothing of it is lost: its machines are found as in JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain
from typing import Any, Final

from hotpatch_kb.db.fleet.inventory.machines import machines_in
from hotpatch_kb.db.fleet.inventory.texts import Records
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message

MAX_DOCUMENT: Final = 2**26  # characters; its tree takes some ten times as much
_LOOKED_AT: Final = 8_000  # characters
_XML: Final = re.compile(r"\s*<(?:\?xml\b|!--|!DOCTYPE\b|[A-Za-z_][\w.:-]*(?:\s|/?>))")
_HTML: Final = re.compile(r"\s*<(?:!DOCTYPE\s+html|(?:html|head|body|table|div|meta|style|title|h[1-6]|p|center)\b)", re.IGNORECASE)
# "---", "%YAML", "- name: srv1"
_YAML: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*(?:---(?:[ \t]+[!&#][^\n]*)?\n|%YAML|-[ \t]+[\"']?[\w. -]+[\"']?:(?:[ \t]|\n))")
# A key without a value above keys that are indented, or a list. Labels that commands print look so at times.
_MAYBE_YAML: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*[\w.@/-]+:(?:[ \t]|\n)")
_NESTED: Final = re.compile(
    r"^[\w.@/-]+:[ \t]*(?:&\w+[ \t]*)?\n(?:[ \t]*\n)*(?:[ \t]+(?:-[ \t]+)?|-[ \t]+)[\w.@/ -]+:(?:[ \t]|\n)", re.MULTILINE
)
# Texts that are not read, by their beginning, with what to give instead.
_UNREAD: Final[tuple[tuple[re.Pattern[str], Message], ...]] = tuple(
    (re.compile(pattern), what)
    for pattern, what in (
        (r"(?:\s*#[^\n]*\n)*\s*(?:# (?:HELP|TYPE) |[a-zA-Z_:][\w:]*\{[^\n{}]*=\"[^\n]*\} )", Message("metrics of Prometheus; save the JSON of its API, /api/v1/query?query=windows_os_info")),
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
    for pattern, what in _UNREAD:
        if pattern.match(head):
            raise BadInput("expected CSV, JSON, Parquet or text, got {what}", what=what)
    plain = head[:_LOOKED_AT].replace("\r\n", "\n")
    kind = "HTML" if _HTML.match(head) else "XML" if _XML.match(head) else "YAML" if _YAML.match(plain) else ""
    is_sure = kind != ""
    if not kind and not (_MAYBE_YAML.match(plain) and _NESTED.search(plain)):
        return None
    text = head + rest(MAX_DOCUMENT)
    if len(text) > MAX_DOCUMENT:
        raise BadInput(
            "expected {kind} of at most {size} MB, got more; a table or JSON has no such limit",
            kind=kind or "YAML",
            size=MAX_DOCUMENT // 2**20,
        )
    try:
        values = _values(kind or "YAML", text)
    except BadInput:
        if is_sure:
            raise
        values = []
    items = chain.from_iterable(value if isinstance(value, list) else [value] for value in values)
    return Records(machine for item in items for machine in machines_in(item)) if values else None


def _values(kind: str, text: str) -> list[Any]:
    if kind == "YAML":
        from hotpatch_kb.db.fleet.inventory.documents.indented import values_of_yaml  # noqa: PLC0415 (few inventories need it)

        return values_of_yaml(text)
    from hotpatch_kb.db.fleet.inventory.documents.markup import value_of_xml, values_of_html  # noqa: PLC0415 (few inventories need lxml)

    return values_of_html(text) if kind == "HTML" else [value_of_xml(text)]
