"""A month of MSRC's security data (CVRF), from JSON or XML: vulnerabilities and what fixes them, one at a time.

The service gives XML to clients that do not ask for JSON. Both are read as a stream: a month has 20 MB.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import clean
from hotpatch_kb.scraper.parsing.streaming import Element, first_character, json_members, json_values, local_name, xml_children

# CVRF's names and numbers of what a remediation is (others: 3 release notes, 5 known issue, 6 support) and what a threat says.
_VENDOR_FIX: Final = frozenset({2, "Vendor Fix"})
_SEVERITY: Final = frozenset({3, "Severity"})
SEVERITIES: Final = ("", "Low", "Moderate", "Important", "Critical")  # rising; for some vulnerabilities MSRC states none


class Fix(NamedTuple):
    """A remediation of the vendor: texts as published, "" where it has none."""

    description: str
    products: tuple[str, ...]
    subtype: str
    fixed_build: str
    supersedes: str
    restart: str
    members: frozenset[str]


class Unreadable(NamedTuple):
    """A vulnerability that cannot be read: its text, and what was expected."""

    text: str
    reason: str


class Vulnerability(NamedTuple):
    """A vulnerability; severities by product ID, the highest of each."""

    cve: str
    title: str
    fixes: list[Fix]
    severities: dict[str, str]
    members: frozenset[str]


class Document(NamedTuple):
    """A month's document: its head, the names of products by ID, and its vulnerabilities, each read when the iterator reaches it."""

    identification: str
    title: str
    released: str
    revised: str
    names: dict[str, str]
    vulnerabilities: Iterator[Vulnerability | Unreadable]


def read(page: Page) -> Document:
    """Return the document of a month.

    Raises:
        UnexpectedPage: it is neither JSON nor XML of the known shape.
    """
    kind = first_character(page)
    if kind not in {b"{", b"<"}:
        raise UnexpectedPage(f"expected the JSON or XML of a month, got {page.body[:60]!r} from {page.final_url}")
    return _json_document(page) if kind == b"{" else _xml_document(page)


def rank(severity: str) -> int:
    """Return the place of a severity. An unknown one has the highest, so that it is refused where a product of ours has it."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


# --- JSON -----------------------------------------------------------------------------------------------------------


def _json_document(page: Page) -> Document:
    members = json_members(page)
    if missing := [name for name in ("DocumentTracking", "ProductTree", "Vulnerability") if name not in members]:
        raise UnexpectedPage(f"expected {' and '.join(missing)} in a CVRF document, got {', '.join(members)[:120]!r} from {page.final_url}")
    # Members after the vulnerabilities are found too, at the price of reading to the end.
    tracking = next(json_values(page, "DocumentTracking"))
    tree = next(json_values(page, "ProductTree"))
    names = {}
    for product in _objects(tree, "FullProductName", "the product tree"):
        names[text_member(product, "ProductID", "a product")] = text_member(product, "Value", "a product")
    return Document(
        identification=_value(_member(tracking, "Identification"), "ID"),
        title=_value({"Title": next(json_values(page, "DocumentTitle"))}, "Title") if "DocumentTitle" in members else "",
        released=text_member(tracking, "InitialReleaseDate", "a document"),
        revised=text_member(tracking, "CurrentReleaseDate", "a document"),
        names=names,
        vulnerabilities=_json_vulnerabilities(page),
    )


def _json_vulnerabilities(page: Page) -> Iterator[Vulnerability | Unreadable]:
    has_items = False
    for item in json_values(page, "Vulnerability.item"):
        has_items = True
        try:
            yield _json_vulnerability(item)
        except UnexpectedPage as error:
            yield Unreadable(json.dumps(item, ensure_ascii=False, default=str)[:1000], str(error))
    if not has_items and (other := next(json_values(page, "Vulnerability"))) != []:
        raise UnexpectedPage(f"expected a list of vulnerabilities, got {str(other)[:60]!r} from {page.final_url}")


def _json_vulnerability(item: Any) -> Vulnerability:
    severities: dict[str, str] = {}
    for threat in _objects(item, "Threats", "a vulnerability"):
        if _kind(threat) in _SEVERITY:
            _member(threat.get("Description"), "Value")  # {} where there is no severity
            _add(severities, _strings(threat, "ProductID"), _value(threat, "Description"))
    return Vulnerability(
        cve=text_member(item, "CVE", f"the vulnerability {_value(item, 'Title')[:60]!r}"),
        title=_value(item, "Title"),
        fixes=[_json_fix(fix) for fix in _objects(item, "Remediations", "a vulnerability") if _kind(fix) in _VENDOR_FIX],
        severities=severities,
        members=frozenset(item),
    )


def _json_fix(fix: dict[str, Any]) -> Fix:
    return Fix(
        description=_value(fix, "Description"),
        products=_strings(fix, "ProductID"),
        subtype=_value(fix, "SubType"),
        fixed_build=_value(fix, "FixedBuild"),
        supersedes=_value(fix, "Supercedence"),
        restart=_value(fix, "RestartRequired"),
        members=frozenset(fix),
    )


def _member(thing: Any, name: str) -> Any:
    """Return a member of an object, None where it has none.

    Raises:
        UnexpectedPage: it is not an object.
    """
    if not isinstance(thing, dict):
        raise UnexpectedPage(f"expected an object with {name}, got {str(thing)[:60]!r}")
    return thing.get(name)


def text_member(thing: Any, name: str, what: str) -> str:
    """Return a text of an object.

    Args:
        thing: the object.
        name: of its member.
        what: the object is, for the message.

    Raises:
        UnexpectedPage: it is not an object, or the member is not a text.
    """
    value = _member(thing, name)
    if not isinstance(value, str):
        raise UnexpectedPage(f"expected {name} of {what}, got {str(value)[:60]!r}")
    return clean(value)


def _value(thing: Any, name: str) -> str:
    """Return the text of a member, which may be a string or ``{"Value": …}``; "" where there is none."""
    value = _member(thing, name)
    if isinstance(value, dict):
        if value and "Value" not in value:
            raise UnexpectedPage(f"expected the Value of {name}, got {str(value)[:60]!r}")
        value = value.get("Value")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UnexpectedPage(f"expected a text as {name}, got {str(value)[:60]!r}")
    return clean(value)


def _kind(thing: dict[str, Any]) -> int:
    kind = thing.get("Type")
    if not isinstance(kind, int) or isinstance(kind, bool):
        raise UnexpectedPage(f"expected the number of a Type, got {kind!r} in {str(thing)[:60]!r}")
    return kind


def _objects(thing: Any, name: str, what: str) -> list[dict[str, Any]]:
    values = _member(thing, name)
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise UnexpectedPage(f"expected {name} of {what} as a list of objects, got {str(values)[:60]!r}")
    return values


def _strings(thing: dict[str, Any], name: str) -> tuple[str, ...]:
    values = thing.get(name)
    if values is None:  # some have none, since 2017
        return ()
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise UnexpectedPage(f"expected {name} as a list of texts, got {str(values)[:60]!r}")
    return tuple(values)


def _add(severities: dict[str, str], product_ids: Iterable[str], severity: str) -> None:
    for product_id in product_ids:
        severities[product_id] = max(severity, severities.get(product_id, ""), key=rank)


# --- XML ------------------------------------------------------------------------------------------------------------

_ROOT: Final = "cvrfdoc"
# The children of the root. A month without vulnerabilities has no Vulnerability, so it has to be noticed if that is renamed.
_CHILDREN: Final = frozenset(
    {
        "DocumentTitle", "DocumentType", "DocumentPublisher", "DocumentTracking", "DocumentNotes", "DocumentDistribution",
        "AggregateSeverity", "DocumentReferences", "Acknowledgments", "ProductTree", "Vulnerability",
    }
)  # fmt: skip


def _xml_document(page: Page) -> Document:
    head: dict[str, str] = {}
    names: dict[str, str] = {}
    wanted = {"DocumentTitle", "DocumentTracking", "ProductTree"}
    for child in xml_children(page, _ROOT, *wanted):
        name = local_name(child)
        wanted.discard(name)
        if name == "DocumentTitle":
            head["title"] = _text(child)
        elif name == "DocumentTracking":
            head |= {local_name(e): _text(e) for e in child.iter("{*}ID", "{*}InitialReleaseDate", "{*}CurrentReleaseDate")}
        else:
            for product in child.iter("{*}FullProductName"):
                if product.get("ProductID") is None:
                    raise UnexpectedPage(f"expected the ProductID of {_text(product)[:60]!r}, got none from {page.final_url}")
                names[product.get("ProductID")] = _text(product)
        if not wanted:
            break
    missing = [name for name in ("ID", "InitialReleaseDate", "CurrentReleaseDate") if name not in head]
    if missing or "ProductTree" in wanted:
        raise UnexpectedPage(f"expected {' and '.join([*missing, *sorted(wanted)])} in a CVRF document, got none from {page.final_url}")
    return Document(
        head["ID"], head.get("title", ""), head["InitialReleaseDate"], head["CurrentReleaseDate"], names, _xml_vulnerabilities(page)
    )


def _xml_vulnerabilities(page: Page) -> Iterator[Vulnerability | Unreadable]:
    for child in xml_children(page, _ROOT):
        if local_name(child) not in _CHILDREN:
            raise UnexpectedPage(f"expected the parts of a CVRF document, got <{local_name(child)}> from {page.final_url}")
        if local_name(child) != "Vulnerability":
            continue
        try:
            yield _xml_vulnerability(child)
        except UnexpectedPage as error:
            yield Unreadable(_text(child)[:1000], str(error))


def _xml_vulnerability(node: Element) -> Vulnerability:
    parts = {local_name(part): part for part in node}
    severities: dict[str, str] = {}
    for threat in parts.get("Threats", ()):
        if _attribute(threat, "Type") in _SEVERITY:
            fields = _fields(threat)
            _add(severities, fields.get("ProductID", ()), _only(fields, "Description"))
    return Vulnerability(
        cve=_text(parts["CVE"]) if "CVE" in parts else "",
        title=_text(parts["Title"]) if "Title" in parts else "",
        fixes=[_xml_fix(fix) for fix in parts.get("Remediations", ()) if _attribute(fix, "Type") in _VENDOR_FIX],
        severities=severities,
        members=frozenset(parts),
    )


def _xml_fix(fix: Element) -> Fix:
    fields = _fields(fix)
    return Fix(
        products=tuple(fields.get("ProductID", ())),
        members=frozenset(fields),
        **{
            field: _only(fields, name)
            for field, name in (
                ("description", "Description"),
                ("subtype", "SubType"),
                ("fixed_build", "FixedBuild"),
                ("supersedes", "Supercedence"),
                ("restart", "RestartRequired"),
            )
        },
    )


def _fields(node: Element) -> dict[str, list[str]]:
    """Return the texts of an element's children by their names."""
    texts: dict[str, list[str]] = {}
    for child in node:
        texts.setdefault(local_name(child), []).append(_text(child))
    return texts


def _only(fields: dict[str, list[str]], name: str) -> str:
    """Return the text of the one child of a name, however often it is repeated; "" where there is none.

    Raises:
        UnexpectedPage: two of them differ.
    """
    texts = list(dict.fromkeys(fields.get(name, ())))
    if len(texts) > 1:
        raise UnexpectedPage(f"expected one {name}, got {' and '.join(texts)[:120]!r}")
    return texts[0] if texts else ""


def _attribute(node: Element, name: str) -> str:
    value: str | None = node.get(name)
    if value is None:
        raise UnexpectedPage(f"expected the {name} of a {local_name(node)}, got {sorted(node.keys())}")
    return value


def _text(node: Element) -> str:
    return clean("".join(node.itertext()))
