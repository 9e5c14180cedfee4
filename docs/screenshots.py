"""Makes the pictures of docs/site.md: ``python docs/screenshots.py [FOLDER]`` serves the embedded facts and lets Chromium look at them.

Needs Playwright (the extra ``test``) and a Chromium (``apt-get install chromium fonts-noto-cjk``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DAY = "2026-07-20"  # of the answers: the facts end soon after, so that something is current
FLEET = "host,product,build,line\nsrv1,ws2025,26100.33158,hotpatch\nsrv2,ws2025,26100.32772,hotpatch\nsrv3,ws2022,20348.5256,standard\nlap1,win11-25h2,26200.8893,hotpatch\n"
# The server of the pictures answers as of DAY.
SERVE = (
    "import sys; from hotpatch_kb.db.model import clock; clock.today = lambda: sys.argv[1]; "
    "from hotpatch_kb.scraper.cli.main import main; sys.exit(main(sys.argv[2:]))"
)


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[str]:
    """The site over the embedded facts; yields its address."""
    command = [sys.executable, "-c", SERVE, DAY, "serve", "--port", "0", "--no-crawl", "--db", str(folder / "hotpatch.db"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder, env=environment) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[1]
        finally:
            server.terminate()


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium, where there is one."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise SystemExit("expected Chromium, got none: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield opened
        finally:
            opened.close()


def take(address: str, folder: Path) -> list[Path]:
    """The pictures."""
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
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as url:
        for picture in take(url, Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images"):
            print(picture)
