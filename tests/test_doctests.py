"""Examples in docstrings say what the code does: each module that has some is run."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _modules() -> list[str]:
    """The modules with an example. ``hotpatch_kb`` is a package of its own beside the folders that it adds to its path."""
    found = []
    for folder in ("db", "scraper", "hotpatch_kb"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "\n    >>> " in (text := path.read_text(encoding="utf-8")) or "\n>>> " in text:
                parts = path.relative_to(ROOT).with_suffix("").parts
                found.append(".".join(parts if folder == "hotpatch_kb" else ("hotpatch_kb", *parts)).removesuffix(".__init__"))
    return found


@pytest.mark.parametrize("name", _modules())
def test_the_examples_of_a_docstring_hold(name: str) -> None:
    """A module without an example that is run would pass for nothing, so its examples are counted (those of a database are skipped)."""
    module = import_module(name)
    examples = [example for test in doctest.DocTestFinder().find(module) for example in test.examples]
    assert examples
    assert doctest.testmod(module).failed == 0
