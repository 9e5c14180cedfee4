"""Make the pictures of docs/site.md: ``python docs/screenshots.py [FOLDER]`` serves the embedded facts and lets Chromium look at them.

Needs Playwright (the extra ``test``) and a Chromium (``apt-get install chromium fonts-noto-cjk``).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from helpers.chromium import browser
from helpers.serving import FLEET, served_as_of_day


def take(address: str, folder: Path) -> list[Path]:
    """Take the pictures of a site; return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with browser() as chromium:
        for name, path, size, options in (
            ("home", "", (1100, 900), {}),
            ("build", "build/26100.32772", (1100, 900), {}),
            ("product", "product/ws2025", (1100, 900), {}),
            ("phone", "calendar/2026", (420, 800), {"color_scheme": "dark", "locale": "ja-JP"}),
            ("fleet", "fleet", (1100, 900), {}),
        ):
            page = chromium.new_page(viewport={"width": size[0], "height": size[1]}, **options)
            page.goto(address + path)
            if name == "fleet":
                page.fill("#fleet", FLEET)
                page.click("button >> nth=0")
                page.wait_for_selector("table")
            made.append(folder / f"{name}.png")
            page.screenshot(path=made[-1])
            page.close()
    return made


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name, served_as_of_day(Path(name)) as url:
        for picture in take(url, Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images"):
            print(picture)
