"""Rendered pages as files, where recorded ones would be."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from helpers.render.from_facts import categories_of, server_release_info, windows10_release_info, windows11_release_info
from helpers.render.navigations import navigation_new, navigation_old
from helpers.render.release_info import release_info_html, release_info_markdown
from helpers.render.shapes import HOTPATCH_HUB, SERVER2016_HUB, SERVER2019_HUB, SERVER_HUB, SERVER_INFO, WINDOWS11_HUB, Layout, Month


def save_tree(
    directory: Path,
    url: str,
    text: str,
    *,
    fetched_at: str,
    suffix: str,
    final_url: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Path:
    """Save a page where a recorded one would lie: ``<host>/<path><suffix>`` beside ``....meta.json``; the query is dropped.

    Returns:
        The file of the page.
    """
    parts = urlsplit(url)
    path = PurePosixPath(parts.path)
    file = Path(directory, parts.netloc, *path.parts[1:-1], path.name + suffix)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())  # bytes, for Windows would turn the line ends
    kind = "text/markdown" if suffix == ".md" else "text/html"
    meta = {
        "fetched_at": fetched_at,
        "status": status,
        "final_url": final_url or url,
        "headers": dict(headers) if headers is not None else {"content-type": f"{kind}; charset=utf-8"},
    }
    file.with_name(file.name + ".meta.json").write_text(json.dumps(meta, indent=1), encoding="utf-8", newline="\n")
    return file


def write_world(directory: Path, generation: Layout = "new", fetched_at: str | None = None) -> list[Path]:
    """Save every page the project reads, as of May 2026 ("old") or July 2026 ("new").

    The flight of a page is made from its address and ``fetched_at``: two worlds of different times differ in it alone.

    Returns:
        The files of the pages.
    """
    fetched_at = fetched_at or {"old": "2026-05-27T12:00:00Z", "new": "2026-07-23T12:00:00Z"}[generation]
    month: Month = "2026-05" if generation == "old" else "2026-07"
    server = server_release_info("2026-05-13" if generation == "old" else "2026-07-02")
    windows11 = windows11_release_info(month)
    months = windows11.calendars[0].years["2026"]
    hotpatch = "Release notes for Hotpatch on Windows 11 Enterprise version 25H2"
    navigations = [
        (HOTPATCH_HUB[generation], "navigation-hotpatch", 0, hotpatch, months),
        (SERVER_HUB[generation], "navigation-server", 0, "Windows Server 2025 update history", ()),
        (SERVER2019_HUB[generation], "navigation-windows10", 1, "Windows 10 and Windows Server 2019 update history", ()),
        (SERVER2016_HUB[generation], "navigation-windows10", 2, "Windows 10 and Windows Server 2016 update history", ()),
        (WINDOWS11_HUB[generation], "navigation-windows11", 1, "Windows 11, version 25H2 update history", ()),
    ]
    files = []
    for url, name, active, h1, tables in navigations:
        categories = categories_of(name, month, generation, url)
        flight = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{url} {fetched_at}"))
        render = navigation_old if generation == "old" else navigation_new
        text = render(categories, active=active, h1=h1, url=url, flight=flight, months=tables)
        files.append(save_tree(directory, url, text, fetched_at=fetched_at, suffix=".html"))
    asked = f"{SERVER_INFO}?accept=text/markdown"
    files.append(save_tree(directory, asked, release_info_markdown(server), fetched_at=fetched_at, suffix=".md"))
    pages = {info.url: release_info_html(info) for info in (windows11, windows10_release_info(month))}
    return files + [save_tree(directory, url, text, fetched_at=fetched_at, suffix=".html") for url, text in pages.items()]
