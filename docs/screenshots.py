"""Make pictures of the site, as Chromium shows the embedded facts.

``python docs/screenshots.py`` makes those of docs/site.md, and the card that other sites show beside a link (``db/site/static/card.png``).
``python docs/screenshots.py FOLDER`` makes every page at the widths of a phone and a desk, light and dark, in both languages: 328 pictures to
look at after a change of the design.

Needs Playwright (the extra ``test``) and a Chromium (``apt-get install chromium fonts-noto-cjk``).
"""

from __future__ import annotations

import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from helpers.chromium import browser
from helpers.gallery import OWN, PAGES, WIDTHS, opened
from helpers.serving import served_as_of_day

ROOT = Path(__file__).parent.parent
CARD = """<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="630" font-family="system-ui, sans-serif"><rect width="1200" height="630" fill="#0e1218"/>
<g transform="translate(90 96) scale(4.4)"><rect x="1" y="1" width="9" height="9" rx="2" fill="#ff9d57"/><circle cx="16.5" cy="5.5" r="4.5" fill="#45cf97"/><circle cx="5.5" cy="16.5" r="4.5"
fill="#45cf97"/><rect x="12" y="12" width="9" height="9" rx="2" fill="#ff9d57"/></g><text x="215" y="166" font-size="64" font-weight="700" fill="#eef1f6">hotpatch-kb</text>
<text x="90" y="300" font-size="58" font-weight="700" fill="#eef1f6">When is the next restart?</text><text x="90" y="376" font-size="34" fill="#b9c2cf">Windows baselines and hotpatches, each fact with its source</text>
<path d="M90 496H1110" stroke="#8290a3" stroke-width="5"/>{marks}</svg>"""


def mark(place: int) -> str:
    """A year of marks for the card: baselines in January, April, July and October, the last quarter expected."""
    x, filled = 110 + place * 89, place < 9
    colour = "#ff9d57" if place % 3 == 0 else "#45cf97"
    look = f'fill="{colour if filled else "#0e1218"}" stroke="{colour}" stroke-width="7"'
    return (
        f'<rect x="{x - 22}" y="474" width="44" height="44" rx="8" {look}/>'
        if place % 3 == 0
        else f'<circle cx="{x}" cy="496" r="22" {look}/>'
    )


def of_docs(chromium: Any, address: str) -> list[Path]:
    """Take the pictures of docs/site.md and the card; return their files."""
    made = []
    for name, path, size, options in (
        ("home", "", (1100, 900), {}),
        ("build", "build/26100.32772", (1100, 900), {}),
        ("product", "product/ws2025", (1100, 900), {}),
        ("phone", "ja/calendar/2026", (420, 800), {"color_scheme": "dark"}),
        ("fleet", "fleet#judged", (1100, 900), {}),
    ):
        page = chromium.new_page(viewport={"width": size[0], "height": size[1]}, **options)
        opened(page, address + path)
        made.append(ROOT / "docs" / "images" / f"{name}.png")
        page.screenshot(path=made[-1])
        page.close()
    page = chromium.new_page(viewport={"width": 1200, "height": 630})
    page.set_content(f"<style>body {{ margin: 0 }}</style>{CARD.format(marks=''.join(map(mark, range(12))))}")
    made.append(ROOT / "db" / "site" / "static" / "card.png")
    page.screenshot(path=made[-1])
    page.close()
    return made


def of_everything(chromium: Any, address: str, folder: Path) -> list[Path]:
    """Take every page at each width, light and dark, in both languages; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for width, scheme, language in product(WIDTHS, ("light", "dark"), ("en", "ja")):
        is_phone = width < 500
        context = chromium.new_context(
            viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme, is_mobile=is_phone, has_touch=is_phone
        )
        page = context.new_page()
        for name, path in (PAGES | OWN).items():
            opened(page, f"{address}{language}/{path}")
            made.append(folder / f"{name}-{width}-{scheme}-{language}.png")
            page.screenshot(path=made[-1], full_page=True)
        context.close()
    return made


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary, served_as_of_day(Path(temporary)) as url, browser() as chromium:
        for picture in of_everything(chromium, url, Path(sys.argv[1])) if len(sys.argv) > 1 else of_docs(chromium, url):
            print(picture)
