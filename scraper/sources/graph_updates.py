"""Microsoft Graph, Windows updates (beta): every revision of Windows 10 and 11 with its build, KB, date, and whether it is a hotpatch.

Needs a token of a tenant (WindowsUpdates.Read.All), and is not read without one. Documented for Windows 10 and 11; whether it has the
hotpatches of Windows Server is not known. No answer of the product list was recorded: the shapes are those of Microsoft's documents,
where ``isHotpatchUpdate`` is a Boolean in one place and the text "false" in another, and a version is "24H2" or "Win 11 24H2" (2024).
"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import unquote

from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import build, clean, iso_date, kb
from hotpatch_kb.db.model.product_names import product_id
from hotpatch_kb.db.model.products import named
from hotpatch_kb.scraper.parsing.once import once_per_page
from hotpatch_kb.scraper.parsing.statements import Field, distinct, quarantined, stated
from hotpatch_kb.scraper.sources import PageSpec

TITLE = "Microsoft Graph: Windows updates"
HOME_URL = "https://learn.microsoft.com/en-us/graph/api/resources/windowsupdates-productrevision"
LICENCE = "https://learn.microsoft.com/en-us/legal/microsoft-apis/terms-of-use"
PRECEDENCE = 500
DUE_EVERY = "1d"
IS_DATA = True  # for programs
AT_LEAST = 1  # a further page may hold a single revision
CREDENTIAL = "HOTPATCH_KB_GRAPH_TOKEN"

_PRODUCTS = "https://graph.microsoft.com/beta/admin/windows/updates/products?$expand=revisions"
PAGES = [PageSpec(_PRODUCTS, (_PRODUCTS,))]

_REVISION: Final = "#microsoft.graph.windowsUpdates.productRevision"
_MEMBERS: Final = frozenset(
    {"@odata.type", "id", "displayName", "releaseDateTime", "isHotpatchUpdate", "version", "product", "osBuild", "knowledgeBaseArticle"}
)
# Members with the revisions of a product (products) and of a quality update (catalog/entries).
_HOLDERS: Final = ("revisions", "productRevisions")
_BUILD_PARTS: Final = ("majorVersion", "minorVersion", "buildNumber", "updateBuildRevision")
# 2024-10-24T00:00:00Z; the day as written is the day of the release, whatever the time zone
_DAY: Final = re.compile(r"(?P<day>[0-9-]{10})T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})")
# .../products?$expand=revisions&$skiptoken=2, .../products('1')/revisions?$skiptoken=2: the token is sent there and nowhere else
_NEXT: Final = re.compile(
    r"https://graph\.microsoft\.com/beta/admin/windows/updates/(?!(?:.*/)?\.\.?(?:/|\?|$))[A-Za-z0-9._()'=/-]+(?:\?[!$-;=?-Z_a-z~]*)?"
)
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")  # possible in JSON ("\ud83d"), but not in a text file or a database


def parse(page: Page) -> Iterator[Claim]:
    """Return the claims of ``revision/<product>/<kb or ->/<build>``: of products with their revisions, of catalogue entries, or of revisions.

    Raises:
        UnexpectedPage: an error of the service, not JSON of the known shape, no revision, or most of them cannot be read.
    """
    return distinct(_claims(page))


def follow(page: Page) -> Iterator[PageSpec]:
    """Return the next page of a list, and of the revisions of each of its objects.

    Raises:
        UnexpectedPage: the link does not lead to Windows updates on the same host, or leads back to this page.
    """
    document = _document(page)
    own = {unquote(address) for address in (page.page_url, page.url, page.final_url)}
    links: dict[str, None] = {}
    for item in (document, *_items(document)):
        for name, link in item.items():
            if not name.endswith("@odata.nextLink") or link is None:
                continue
            if not isinstance(link, str) or not _NEXT.fullmatch(link):
                raise UnexpectedPage(f"expected a next page below {_PRODUCTS.rpartition('/')[0]}/, got {reprlib.repr(link)}")
            if unquote(link) in own:
                raise UnexpectedPage(f"expected another page after {page.final_url}, got the same")
            links[link] = None
    return (PageSpec(link, (link,)) for link in links)


def unread(page: Page, _: Sequence[Claim]) -> Iterator[Unread]:
    """Yield members of revisions that are new: one that was renamed is no longer read."""
    for revision in _revisions(_document(page)):
        for name in () if not isinstance(revision, dict) or "id" not in revision else sorted(revision.keys() - _MEMBERS):
            yield Unread(
                "", "member", f"expected the members {', '.join(sorted(_MEMBERS))} of a revision, got {name!r} of {revision['id']}"
            )


def _claims(page: Page) -> Iterator[Claim]:
    rows: dict[str, int] = {}
    odd: list[UnexpectedPage] = []
    for revision in _revisions(_document(page)):
        try:
            claims = list(_revision(revision, rows))
        except UnexpectedPage as error:
            claims = list(_odd(revision, error, len(odd)))
            odd.append(error)
        yield from claims
    if not rows or sum(rows.values()) + len(rows) < len(odd):
        raise odd[0] if odd else UnexpectedPage(f"expected revisions of Windows, got none from {page.final_url}")


def _odd(revision: Any, error: UnexpectedPage, row: int) -> Iterator[Claim]:
    """Yield the claims that quarantine a revision. One of another Windows is no release of ours; what cannot be read at all may be one."""
    texts = (
        [revision.get(name) for name in ("displayName", "id", "releaseDateTime", "product", "version")]
        if isinstance(revision, dict)
        else []
    )
    text = " ".join(value for value in texts if isinstance(value, str)) or json.dumps(revision)[:300]
    stated = [revision.get(name) for name in ("product", "version")] if isinstance(revision, dict) else []
    names = [name for name in stated if isinstance(name, str) and name.strip()]
    product = product_id(" ".join(names)) if len(names) == 2 else None
    is_other = product is None and len(names) == 2
    return quarantined("revisions", "entry", text, error, row, [product] if product else (), may_be_release=False if is_other else None)


@once_per_page
def _document(page: Page) -> dict[str, Any]:
    try:
        document = json.loads(page.body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, a number of 5,000 digits, a deep nest
        raise UnexpectedPage(f"expected JSON, got {error} from {page.final_url}") from None
    if not isinstance(document, dict):
        raise UnexpectedPage(f"expected an object with a value, got {reprlib.repr(document)}")
    if (fault := document.get("error")) is not None:
        code = fault.get("code") if isinstance(fault, dict) else fault
        raise UnexpectedPage(f"expected revisions of Windows, got the error {reprlib.repr(code)} from {page.final_url}")
    return document


def _items(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the objects of a list, or the answer itself where it is one object."""
    if "value" not in document:
        return [document]
    items = document["value"]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise UnexpectedPage(f"expected a list of objects as value, got {reprlib.repr(items)}")
    return items


def _revisions(document: dict[str, Any]) -> Iterator[Any]:
    """Yield the revisions of an answer, and whatever else is in their place."""
    for item in _items(document):
        if _is_revision(item):
            yield item
            continue
        holder = next((name for name in _HOLDERS if name in item), None)
        held = item[holder] if holder else [item]
        if not isinstance(held, list):
            raise UnexpectedPage(f"expected a list as {holder}, got {reprlib.repr(held)}")
        yield from held


def _is_revision(item: dict[str, Any]) -> bool:
    return item.get("@odata.type") == _REVISION or {"osBuild", "releaseDateTime"} <= item.keys()


def _revision(revision: Any, rows: dict[str, int]) -> Iterator[Claim]:
    if not isinstance(revision, dict) or not _is_revision(revision):
        raise UnexpectedPage(f"expected a productRevision, or an object with {' or '.join(_HOLDERS)}, got {reprlib.repr(revision)}")
    product_text = f"{_text(revision, 'product')} {_text(revision, 'version')}"
    product = product_id(product_text)
    if product is None:
        raise UnexpectedPage(f"expected a product and version such as 'Windows 11 24H2', got {product_text!r}")
    number = _build(revision)
    released = _text(revision, "releaseDateTime")
    if not (day := _DAY.fullmatch(released)):
        raise UnexpectedPage(f"expected a releaseDateTime such as 2024-10-24T00:00:00Z, got {released!r}")
    article = _article(revision)
    fields: list[Field] = [("kb", str(kb(article)), article)] if article else []
    fields += [("build", number, revision["id"]), ("release_date", iso_date(day["day"]), released)]
    # A field that is null is not stated.
    if (is_hotpatch := revision.get("isHotpatchUpdate")) is not None:
        if not isinstance(is_hotpatch, bool) and is_hotpatch not in ("true", "false"):
            raise UnexpectedPage(f"expected true or false as isHotpatchUpdate of {revision['id']}, got {reprlib.repr(is_hotpatch)}")
        text = str(is_hotpatch).lower()
        fields.append(("is_hotpatch", "1" if text == "true" else "0", text))
    if revision.get("displayName") is not None:
        name = _text(revision, "displayName")
        fields.append(("title", clean(name), name))
    # One name for "24H2" and "Win 11 24H2": a section must not disappear when Microsoft corrects its spelling.
    section = named(product).name.replace(", version", "")
    row = rows[section] = rows.get(section, -1) + 1
    yield from stated(section, f"revision/{product}/{kb(article) if article else '-'}/{number}", row, fields)


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not clean(value) or _HALF_CHARACTER.search(value):
        raise UnexpectedPage(f"expected a text as {name} of {reprlib.repr(item.get('id'))}, got {reprlib.repr(value)}")
    return value


def _build(revision: dict[str, Any]) -> str:
    """Return the build, which osBuild and id both state: 26100.2161 of "10.0.26100.2161"."""
    name, parts = _text(revision, "id"), revision.get("osBuild")
    numbers = [parts.get(part) for part in _BUILD_PARTS] if isinstance(parts, dict) else []
    if not numbers or not all(type(number) is int and number >= 0 for number in numbers):
        raise UnexpectedPage(f"expected {', '.join(_BUILD_PARTS)} as osBuild of {name!r}, got {reprlib.repr(parts)}")
    if (stated_build := ".".join(map(str, numbers))) != name:
        raise UnexpectedPage(f"expected the osBuild of {name!r}, got {stated_build}")
    return str(build(name))


def _article(revision: dict[str, Any]) -> str:
    """Return the KB as stated, "" for a revision without one."""
    article = revision.get("knowledgeBaseArticle")
    if article is None:
        return ""
    if not isinstance(article, dict) or "id" not in article:
        raise UnexpectedPage(f"expected a knowledgeBaseArticle with an id, got {reprlib.repr(article)}")
    return _text(article, "id") if article["id"] not in (None, "") else ""
