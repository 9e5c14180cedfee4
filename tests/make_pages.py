"""Render the small pages in ``tests/pages`` from facts: ``python tests/make_pages.py``. A test compares them with the files.

Each shows one shape, or one fault, of Microsoft's pages; the golden result beside it is what its source reads, or the
message of its refusal. The modules of ``rendered`` yield them, one per source.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

import rendered
from helpers.rendering import Rendered

PAGES = Path(__file__).parent / "pages"


def pages() -> dict[str, Rendered]:
    """Return every page by its file below ``tests/pages``."""
    found = {}
    for module in sorted(pkgutil.iter_modules(rendered.__path__), key=lambda m: m.name):
        for page in import_module(f"rendered.{module.name}").pages():
            found[f"{module.name}/{page.name}"] = page
    return found


def main() -> None:
    """Write every page."""
    for name, page in pages().items():
        path = PAGES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(page.bytes())


if __name__ == "__main__":
    main()
