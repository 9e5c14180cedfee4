"""Tables of contents as JSON, and their faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from helpers import render
from helpers.rendering import Rendered

from rendered.support_navigation import some_categories

_URL = "https://support.microsoft.com/en-us/servicing/os/{}/toc.json"


def toc(categories: list[render.NavCategory], *, bom: bool = False, years: bool = False) -> str:
    """toc.json of some categories: parents have no link; with years between, and a BOM, as toc.json may have them."""
    items = []
    for category in categories:
        leaves = [{"href": entry.href, "toc_title": entry.title} for entry in category.entries]
        hub = [{"href": "2026/01/hub", "toc_title": category.title}]
        children = [*hub, {"toc_title": "2026", "children": leaves}] if years else [*hub, *leaves]
        items.append({"children": children, "toc_title": category.title})
    return ("\ufeff" if bom else "") + json.dumps({"items": items, "metadata": {"brand": "support"}}, ensure_ascii=False, indent=1) + "\n"


def pages() -> Iterator[Rendered]:
    """Every page."""
    windows11 = [replace(c, entries=c.entries[:4]) for c in render.windows11_categories()]
    client, hotpatch = _URL.format("windows-11"), _URL.format("hotpatch")
    yield Rendered("windows11.json", client, toc(windows11))
    yield Rendered("windows11-bom-and-years.json", client, toc(windows11, bom=True, years=True))
    yield Rendered("hotpatch.json", hotpatch, toc(some_categories("new")))
    yield Rendered("refused-html.json", client, "<html>Something went wrong</html>")
    yield Rendered("refused-empty.json", client, json.dumps({"items": [], "metadata": {}}))
    yield Rendered("refused-renamed.json", client, toc(windows11).replace("toc_title", "title"))
    yield Rendered("refused-no-version.json", client, toc([replace(windows11[0], title="Surface Hub")]))
