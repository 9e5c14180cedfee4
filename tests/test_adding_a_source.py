"""docs/adding-a-source.md followed to the letter, in a copy of the project."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("hotpatch_kb", "db", "scraper", "tests", "docs")


def test_the_worked_example(tmp_path: Path) -> None:
    """Its module, its rendered pages and their goldens, nothing else; the new source is then read by a crawl."""
    copy = tmp_path / "project"
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    before = {path.relative_to(copy) for path in copy.rglob("*") if path.is_file()}
    text = (ROOT / "docs" / "adding-a-source.md").read_text(encoding="utf-8")
    written = re.findall(r"Write `([^`]+)`:\n\n```python\n(.*?)```\n", text, re.DOTALL)
    assert [path for path, _ in written] == ["scraper/sources/learn_support_dates.py", "tests/rendered/learn_support_dates.py"]
    for path, body in written:
        (copy / path).write_text(body, encoding="utf-8")
    codes = []
    for block in re.findall(r"```sh\n(.*?)```\n", text, re.DOTALL):
        for line in block.splitlines():
            program, *arguments = line.split()
            command = [sys.executable, *(["-m", "pytest", "-p", "no:cacheprovider"] if program == "pytest" else []), *arguments]
            environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
            codes.append(subprocess.run(command, cwd=copy, env=environment, capture_output=True, check=False).returncode)
    assert codes == [0, 1, 0]  # the second rewrites the goldens, and fails so that they are read
    after = {path.relative_to(copy) for path in copy.rglob("*") if path.is_file()}
    names = ("ws2025", "refused-renamed-column", "refused-no-date", "refused-short-row", "refused-bot-page")
    pages = {f"tests/pages/learn_support_dates/{name}.html{suffix}" for name in names for suffix in ("", ".json")}
    assert {path.as_posix() for path in after - before} == {path for path, _ in written} | pages
    golden = json.loads((copy / "tests/pages/learn_support_dates/ws2025.html.json").read_text(encoding="utf-8"))
    assert golden["Support dates"]["product/ws2025"]["extended_end_date"] == ["2034-11-14", "Nov 14, 2034"]
    tree = copy / "tree" / "learn.microsoft.com" / "en-us" / "windows-server"
    tree.mkdir(parents=True)
    shutil.copy(copy / "tests/pages/learn_support_dates/ws2025.html", tree / "support-dates.html")
    crawl = [sys.executable, "-m", "hotpatch_kb", "crawl", "--from", "tree", "--json"]
    done = subprocess.run(
        crawl, cwd=copy, env=os.environ | {"PYTHONPATH": str(copy)}, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["pages_parsed"] == 1
