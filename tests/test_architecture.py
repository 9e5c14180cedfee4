"""Documents that lead through the code name only what is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("CONTRIBUTING.md", "docs/architecture.md", "docs/decisions.md")
# `scraper/fetch/client.py:Fetcher.get`, or a file or a folder alone.
PLACE = re.compile(r"`((?:scraper|db|tests|docs|deploy|benchmarks|hotpatch_kb|\.ci)/[^`\s:*{}<>]*)(?::([A-Za-z_.]+))?`")


def names_of(path: Path) -> set[str]:
    """Functions, classes, constants and methods of a module."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)}
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_module_and_function_that_is_named_exists(document: str) -> None:
    places = PLACE.findall((ROOT / document).read_text(encoding="utf-8"))
    missing = [path for path, _ in places if not (ROOT / path).exists()]
    missing += [f"{path}:{name}" for path, name in places if name and path not in missing and name not in names_of(ROOT / path)]
    assert missing == []
    assert len(places) > 1


def test_every_stage_is_in_the_drawing() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawing = text.partition("```\n")[2].partition("```")[0]
    stages = {
        f"{half}/{folder.name}" for half in ("scraper", "db") for folder in (ROOT / half).iterdir() if (folder / "__init__.py").exists()
    }
    assert {stage for stage in stages if stage not in drawing} == set()
