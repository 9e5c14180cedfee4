"""The pages of an export in a real browser, from the files alone: they fit each screen, axe-core finds nothing, and nothing is asked of another host."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import MadeOnce
from helpers.folder_server import served
from helpers.gallery import PAGES, WIDTHS
from helpers.looking import IN_A_BROWSER, axe_core, fits, looking

from hotpatch_kb.db.site.export import folder as exporting
from hotpatch_kb.db.site.export.links import LOOKUP, SERVER
from hotpatch_kb.db.store.connections import open_for_reading, open_seed_database

DAY = "2026-07-24"
IS_LONG = "HOTPATCH_KB_LONG" in os.environ
pytestmark = IN_A_BROWSER


@pytest.fixture(scope="session")
def axe(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    return axe_core(request, tmp_path_factory)


@pytest.fixture(scope="module")
def files(made_once: MadeOnce, seeded: Path) -> Path:
    """An export; of all embedded facts in the long run."""

    def make(folder: Path) -> None:
        with closing(open_seed_database() if IS_LONG else open_for_reading(seeded)) as conn:
            exporting.write(conn, folder / "public", DAY, address=None if IS_LONG else "https://facts.example.com/kb/")

    return made_once("static_pages" if IS_LONG else "static_site", make) / "public"


@pytest.fixture(scope="module")
def address(files: Path) -> Iterator[str]:
    with served(files) as url:
        yield url


def _kinds() -> list[str]:
    """The files of one page of each kind that the live site has and an export, too, and those that only an export has."""
    of_servers = {"hotpatch", "fleet", "cost", "api", "nope"}
    made = [path for path in PAGES.values() if not {"?", "#"} & set(path) and path.split("/")[0] not in of_servers]
    rare = {"build/26100.32773"} | (set() if IS_LONG else {PAGES["cve"]})  # no build; what the small seed has not
    return [f"{path or 'index'}.html" for path in (*made, SERVER, LOOKUP) if path not in rare]


# An ordinary run looks at a third of the pages; which is another third at each width and in each colour.
SEEN = [(kind, width) for place, kind in enumerate(_kinds()) for number, width in enumerate(WIDTHS) if IS_LONG or place % 3 == number]
LOOKS = [
    (kind, scheme)
    for place, kind in enumerate(_kinds())
    for number, scheme in enumerate(("light", "dark"))
    if IS_LONG or place % 3 == number
]


@pytest.mark.parametrize(("kind", "width"), SEEN)
def test_a_page_of_files_fits(kind: str, width: int, chromium: Any, address: str) -> None:
    is_phone = width < 500
    with looking(chromium, address, viewport={"width": width, "height": WIDTHS[width]}, is_mobile=is_phone, has_touch=is_phone) as page:
        for language in ("", "ja/"):
            assert page.goto(address + language + kind).status == 200
            fits(page, is_phone=is_phone)
            if is_phone:
                page.evaluate("document.querySelectorAll('details').forEach((closed) => { closed.open = true; })")
                fits(page, is_phone=True)


@pytest.mark.parametrize(("kind", "scheme"), LOOKS)
def test_axe_finds_nothing_in_files(kind: str, scheme: Any, chromium: Any, address: str, axe: str) -> None:
    with looking(chromium, address, color_scheme=scheme, bypass_csp=True) as page:
        assert page.goto(address + kind).status == 200
        page.evaluate("document.querySelectorAll('details').forEach((closed) => { closed.open = true; })")
        page.evaluate(axe)
        found = page.evaluate(
            "async () => (await axe.run()).violations.map(v => [v.id, v.help, v.nodes.slice(0, 3).map(n => n.html.slice(0, 160))])"
        )
        assert found == []
