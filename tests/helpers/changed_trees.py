"""Saved trees of the rendered world with one thing changed: a wrecked page, another entry, another row."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from helpers import render

HOTPATCH = "support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2.html"
SERVER_HUB = "support.microsoft.com/en-us/servicing/os/windows-server/2024/10/windows-server-2025-update-history.html"
SERVER_INFO = "learn.microsoft.com/en-us/windows/release-health/windows-server-release-info.md"
WINDOWS11_INFO = "learn.microsoft.com/en-us/windows/release-health/windows11-release-information.html"


def rename_class(text: str) -> str:
    """Return a navigation whose class names are others."""
    return text.replace("learnRenderLeftNavCategory", "docsNavCategory")


def drop_category(title: str) -> Callable[[str], str]:
    """Return a function that takes one category out of a navigation."""

    def drop(text: str) -> str:
        start = text.index('<div class="learnRenderLeftNavCategory', 0)
        parts = re.split(r'(?=<div class="learnRenderLeftNavCategory[ "])', text[start:])
        kept = [
            part for part in parts if not re.search(rf"CategoryTitle.*?{re.escape(title)}\s*</a>", part.partition("</ul>")[0], re.DOTALL)
        ]
        assert len(kept) == len(parts) - 1
        return text[:start] + "".join(kept)

    return drop


def wreck(source: Path, target: Path, file: str, change: Callable[[str], str], later: str) -> None:
    """Copy a tree with one page changed, fetched at another time."""
    shutil.copytree(source, target)
    page = target / file
    text = page.read_bytes().decode("utf-8")
    changed = change(text)
    assert changed != text
    page.write_bytes(changed.encode("utf-8"))
    meta = page.with_name(page.name + ".meta.json")
    content = json.loads(meta.read_text(encoding="utf-8"))
    meta.write_text(json.dumps(content | {"fetched_at": later}), encoding="utf-8")


def hotpatch_tree(
    tmp_path: Path,
    name: str,
    day: str,
    change: Callable[[render.NavEntry], render.NavEntry | None],
    extra: dict[int, list[render.NavEntry]] | None = None,
) -> Path:
    """Save the hotpatch notes of a day, each entry changed or left out, and with more entries by the number of their category."""
    categories = render.hotpatch_categories("2026-07", "new")
    for place, category in enumerate(categories):
        kept = [changed for entry in category.entries if (changed := change(entry)) is not None]
        category.entries[:] = [*(extra or {}).get(place, []), *kept]
    page = render.navigation_new(categories, h1="Release notes", url=render.HOTPATCH_HUB["new"])
    render.save_tree(tmp_path / name, render.HOTPATCH_HUB["new"], page, fetched_at=f"{day}T12:00:00Z", suffix=".html")
    return tmp_path / name


HOTPATCH = "support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2.html"


def small_world(folder: Path, day: str, august: bool = False, is_tiny: bool = False) -> Path:
    """A page of the new site, read on a day: a crawl of a second; with Windows Server 2025's part of it alone, of a tenth."""
    tree = folder / f"tree-{day}"
    file = tree / HOTPATCH
    file.parent.mkdir(parents=True)
    categories = render.hotpatch_categories("2026-07", "new")
    if august:
        categories[2].entries.insert(0, render.NavEntry("August 11, 2026—Hotpatch KB5120228 (OS Build 26100.33222)", "kb5120228"))
    if is_tiny:
        categories = categories[2:3]
    file.write_bytes(render.navigation_new(categories, h1="Release notes", url=render.HOTPATCH_HUB["new"]).encode())
    file.with_name(f"{file.name}.meta.json").write_text(f'{{"fetched_at": "{day}T12:00:00Z"}}', encoding="utf-8")
    return tree


JULY = render.CalendarRow(
    "July", "2026.07 B", "Baseline (Restart)", "2026-07-14", "26100.33158", "KB5099536", "https://support.microsoft.com/help/5099536"
)


def calendar(folder: Path, day: str, july: render.CalendarRow | None) -> Path:
    """The page of Windows Server, with July's row in the calendar of Windows Server 2025 as given, and planned in that of 2022."""
    info = render.server_release_info("2026-07-02")
    of_2025 = info.calendars[0]
    rows = [july if july is not None and row.month_name == "July" else row for row in of_2025.years["2026"]]
    info = replace(info, calendars=[replace(of_2025, years={**of_2025.years, "2026": rows})])
    asked = f"{render.SERVER_INFO}?accept=text/markdown"
    return render.save_tree(
        folder / f"calendar-{day}", asked, render.release_info_markdown(info), fetched_at=f"{day}T12:00:00Z", suffix=".md"
    )


def navigation(folder: Path, day: str, change: Callable[[list[render.NavEntry]], list[render.NavEntry]] = list) -> Path:
    """The hotpatch notes as of a day, with the entries of Windows Server 2025 changed."""
    categories = [
        replace(category, entries=[entry for entry in category.entries if _day_of(entry) <= day])
        for category in render.hotpatch_categories("2026-07", "new")
    ]
    categories[2] = replace(categories[2], entries=change(categories[2].entries))
    text = render.navigation_new(categories, h1="Release notes", url=render.HOTPATCH_HUB["new"])
    return render.save_tree(folder / f"navigation-{day}", render.HOTPATCH_HUB["new"], text, fetched_at=f"{day}T12:00:00Z", suffix=".html")


def _day_of(entry: render.NavEntry) -> str:
    try:
        return datetime.strptime(entry.title.partition("—")[0], "%B %d, %Y").date().isoformat()  # noqa: DTZ007 (a day has no zone)
    except ValueError:  # titles without a day
        return ""
