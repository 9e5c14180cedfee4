"""Answer of Microsoft Graph on Windows updates in the shapes of its documents, and their faults. Builds, KBs and days are facts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from helpers.rendering import Rendered

# Changes of which one thing is quarantined and the rest is read; the others refuse the page.
_QUARANTINED = frozenset(
    {
        "another-build-than-its-id",
        "answer-as-number",
        "build-of-texts",
        "build-of-windows-8",
        "half-a-character",
        "no-day-of-the-calendar",
        "no-version",
        "renamed-field",
        "renamed-kb",
        "unknown-product",
        "unreadable-answer",
        "unreadable-date",
        "unreadable-kb",
    }
)

BASE = "https://graph.microsoft.com/beta/admin/windows/updates/"
URL = f"{BASE}products?$expand=revisions"
_TYPE = "#microsoft.graph.windowsUpdates."
Json = dict[str, Any]


def revision(product: str, version: str, build: str, day: str, kb: str, *, is_hotpatch: Any = False) -> Json:
    """A productRevision, as a product or a catalogue entry holds it."""
    number, _, update = build.partition(".")
    return {
        "id": f"10.0.{build}",
        "displayName": f"{product}, version {version}, build {build}",
        "releaseDateTime": f"{day}T00:00:00Z",
        "isHotpatchUpdate": is_hotpatch,
        "version": version,
        "product": product,
        "osBuild": {"majorVersion": 10, "minorVersion": 0, "buildNumber": int(number), "updateBuildRevision": int(update)},
        "knowledgeBaseArticle": {"id": kb, "url": f"https://support.microsoft.com/help/{kb.removeprefix('KB')}"} if kb else None,
    }


def some_revisions() -> list[Json]:
    """Revisions of Windows 11 24H2: a hotpatch, the LCU of its day, and the first release, which has no KB."""
    return [
        revision("Windows 11", "24H2", "26100.8390", "2026-05-12", "KB5089466", is_hotpatch=True),
        revision("Windows 11", "24H2", "26100.8457", "2026-05-12", "KB5089549"),
        revision("Windows 11", "24H2", "26100.1742", "2024-10-01", ""),
    ]


def product(name: str, revisions: list[Json], **more: Any) -> Json:
    """A product with its revisions."""
    group = name.partition(",")[0]
    return {
        "@odata.type": f"{_TYPE}product",
        "id": "1",
        "name": name,
        "groupName": group,
        "friendlyNames": [],
        "revisions": revisions,
        **more,
    }


def answer(value: list[Json], **more: Any) -> str:
    """A list as the service answers it."""
    return json.dumps({"@odata.context": f"{BASE}$metadata#products", **more, "value": value}, indent=1) + "\n"


def pages() -> Iterator[Rendered]:
    """Every page."""
    older = [revision("Windows 10", "22H2", "19045.6466", "2025-11-11", "KB5071959", is_hotpatch="false")]
    products = [product("Windows 11, version 24H2", some_revisions()), product("Windows 10, version 22H2", older)]
    yield Rendered(
        "products.json", URL, answer([*products, product("Windows 11, version 26H1", [])], **{"@odata.nextLink": f"{URL}&$skip=3"})
    )
    typed = [{"@odata.type": f"{_TYPE}productRevision", **found} for found in some_revisions()]
    yield Rendered("revisions.json", f"{BASE}products/1/revisions", answer(typed))
    texts = [
        revision("Windows 11", "Win 11 24H2", "26100.1656", "2024-09-10", "KB5043088", is_hotpatch="true"),
        revision("Windows 11", "24H2", "26100.2161", "2024-10-24", "KB5044384", is_hotpatch="false"),
        {name: value for name, value in older[0].items() if name not in {"isHotpatchUpdate", "displayName", "knowledgeBaseArticle"}},
        {**older[0], "isHotpatchUpdate": None, "knowledgeBaseArticle": {"id": "KB5071960", "url": None}},
    ]
    entry = {"@odata.type": f"{_TYPE}qualityUpdateCatalogEntry", "id": "894b1ab7", "releaseDateTime": "2024-09-10T00:00:00Z"}
    entries = [{**entry, "productRevisions": texts}, {**entry, "productRevisions": texts[:1]}]
    yield Rendered("catalogue-entries-as-text.json", f"{BASE}catalog/entries", "\ufeff" + answer(entries))
    yield Rendered("refused-bot-page.json", URL, "<html><body>Something went wrong</body></html>\n")
    yield Rendered("refused-empty.json", URL, "")
    yield Rendered("refused-no-products.json", URL, answer([]))
    yield Rendered("refused-no-revisions.json", URL, answer([product("Windows 11, version 24H2", [])]))
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges.", "innerError": {"date": "2026-05-12"}}}
    yield Rendered("refused-error.json", URL, json.dumps(denied) + "\n")
    plain = {name: value for name, value in products[0].items() if name != "revisions"}
    yield Rendered("refused-not-expanded.json", URL, answer([plain]))
    first = some_revisions()[0]
    faults: dict[str, Json] = {
        "renamed-field": {("build" if name == "osBuild" else name): value for name, value in first.items()},
        "another-build-than-its-id": {**first, "id": "10.0.26100.8391"},
        "build-of-texts": {**first, "osBuild": {**first["osBuild"], "buildNumber": "26100"}},
        "build-of-windows-8": {**first, "id": "6.3.9600.22074", "osBuild": dict(zip(first["osBuild"], (6, 3, 9600, 22074), strict=True))},
        "unknown-product": {**first, "product": "Windows Holographic"},
        "no-version": {**first, "version": None},
        "unreadable-answer": {**first, "isHotpatchUpdate": "perhaps"},
        "answer-as-number": {**first, "isHotpatchUpdate": 1},
        "unreadable-date": {**first, "releaseDateTime": "05/12/2026"},
        "no-day-of-the-calendar": {**first, "releaseDateTime": "2026-05-32T00:00:00Z"},
        "unreadable-kb": {**first, "knowledgeBaseArticle": {"id": "none", "url": ""}},
        "renamed-kb": {**first, "knowledgeBaseArticle": {"number": "KB5089466"}},
        "half-a-character": {**first, "displayName": "Windows 11 \ud83d"},
    }
    for name, found in faults.items():
        yield Rendered(
            f"{'quarantined' if name in _QUARANTINED else 'refused'}-{name}.json",
            URL,
            answer([product("Windows 11, version 24H2", [found, *some_revisions()[1:]])]),
        )
