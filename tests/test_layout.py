"""Layout of the code, as far as the contracts of import-linter (pyproject.toml) cannot state it.

What a module may call, how long it may be, what starts fast, what runs on Windows.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from hotpatch_kb.scraper.sources import Link, registry

ROOT = Path(__file__).parent.parent
MODULES = sorted(path for folder in ("hotpatch_kb", "scraper", "db") for path in (ROOT / folder).rglob("*.py"))

NETWORK = {"httpx", "socket", "ssl", "urllib.request", "http.client", "http.server", "asyncio", "requests", "uvicorn"}
# Of the standard library: what a source module may not touch, since parse() is a pure function of archived bytes.
INPUT_OUTPUT = NETWORK | {"sqlite3", "sqlite_utils", "os", "pathlib", "io", "shutil", "tempfile", "subprocess", "time", "random"}
POSIX_ONLY = {"fcntl", "pwd", "grp", "resource", "termios", "posix", "pty", "syslog"}
POSIX_CALLS = {"fork", "forkpty", "getuid", "geteuid", "setsid", "killpg", "mkfifo", "sched_getaffinity", "chown", "rename"}
# Two views name the month's hotpatch and its cumulative update alike. SQLite shares such a query by a further view alone, which visitors would see.
ALIKE = {("db/views/cve_gaps.sql", "db/views/cve_months.sql")}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT)).replace("\\", "/")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _reaches(imported: set[str], names: set[str]) -> set[str]:
    return {name for name in imported if any(name == n or name.startswith(f"{n}.") for n in names)}


def test_db_opens_no_socket() -> None:
    """What the contract of import-linter cannot name: parts of the standard library's packages."""
    for path in MODULES:
        if _name(path).startswith("db/"):
            # The site waits for turns; its socket belongs to who serves it.
            waits = {"asyncio"} if _name(path).startswith(("db/site/load/", "db/site/web.py")) else set()
            assert _reaches(_imports(path), NETWORK) <= waits, _name(path)


def test_httpx_is_imported_in_the_folder_of_the_client_alone() -> None:
    importers = [path for path in MODULES if _reaches(_imports(path), {"httpx", "httpcore"})]
    assert {_name(path.parent) for path in importers} == {"scraper/fetch"}
    assert [path.stem for path in importers] == ["addresses", "chosen", "client", "feed", "transport", "webhook"]


def test_html_is_read_by_beautifulsoup_and_made_in_one_module() -> None:
    """Every source with pages in HTML imports bs4; lxml is imported for XML alone, and for the documents that users have."""
    reading = {_name(path) for path in MODULES if _reaches(_imports(path), {"bs4"}) and "/sources/" in _name(path)}
    html = {path.parent.name for path in (ROOT / "tests" / "pages").rglob("*.html") if "refused" not in path.name}
    assert reading == {f"scraper/sources/{source}.py" for source in html}
    makers = [path for path in MODULES if "bs4.builder" in " ".join(_imports(path)) or "BeautifulSoup(" in path.read_text(encoding="utf-8")]
    assert [_name(path) for path in makers] == ["scraper/parsing/markup.py"]
    importers = [path for path in MODULES if _reaches(_imports(path), {"lxml"})]
    assert [_name(path) for path in importers] == [
        "db/fleet/inventory/documents/markup.py",
        "scraper/parsing/streaming.py",
        "scraper/sources/support_feeds.py",
    ]


def test_sources_do_no_input_or_output() -> None:
    for path in MODULES:
        if "/sources/" in _name(path) and path.name != "__init__.py":
            assert _reaches(_imports(path), INPUT_OUTPUT) == set(), _name(path)
            calls = {node.func.id for node in ast.walk(_tree(path)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
            assert calls & {"open", "print", "exec", "eval", "input"} == set(), _name(path)


def test_every_module_of_the_folder_is_a_source_with_its_constants() -> None:
    folder = sorted(path.stem for path in (ROOT / "scraper" / "sources").rglob("*.py") if path.stem != "__init__")
    assert list(registry()) == folder
    for source in registry().values():
        assert source.title
        assert source.home_url.startswith("https://")
        assert source.licence.startswith("https://")
        assert source.at_least > 0
        assert source.pages or list(
            source.linked([Link("https://support.microsoft.com/help/5087423", 5087423, "")], "2026-07-23T12:00:00Z")
        )
        assert len({spec.page_url for spec in source.pages}) == len(source.pages)


def test_no_call_that_windows_lacks() -> None:
    for path in MODULES:
        assert _reaches(_imports(path), POSIX_ONLY) == set(), _name(path)
        tree = _tree(path)
        calls = {
            f"{node.func.value.id}.{node.func.attr}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
        }
        assert calls & {f"os.{name}" for name in POSIX_CALLS} == set(), _name(path)
        for node in ast.walk(tree):  # text is UTF-8 wherever it is read or written
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"read_text", "write_text"}:
                assert any(keyword.arg == "encoding" for keyword in node.keywords), f"{_name(path)}:{node.lineno}"


def test_nothing_is_swallowed() -> None:
    """No bare except, and no handler that only passes, but for the two named here."""
    allowed = {("scraper/cli/serve.py", "KeyboardInterrupt")}
    for path in MODULES:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, f"{_name(path)}:{node.lineno}"
                if all(isinstance(step, ast.Pass | ast.Continue) for step in node.body):
                    assert (_name(path), ast.unparse(node.type)) in allowed, f"{_name(path)}:{node.lineno}"


def test_modules_stay_readable() -> None:
    long = {_name(path): length for path in MODULES if (length := len(path.read_text(encoding="utf-8").splitlines())) > 450}
    assert long == {}


def test_functions_stay_readable() -> None:
    """At most 60 lines, unless a line of the docstring begins "Long because" and gives the reason."""
    long = {
        f"{_name(path)}:{node.name}": length
        for path in MODULES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > 60
        and not re.search(r"^\s*Long because \w", ast.get_docstring(node) or "", re.MULTILINE)
    }
    assert long == {}


def test_folders_stay_readable() -> None:
    modules = Counter(_name(path.parent) for path in MODULES if path.name != "__init__.py")
    assert {folder: number for folder, number in modules.items() if number > 14} == {}


def test_no_block_is_written_twice() -> None:
    """No eleven lines, blank ones apart, are in two places of code, SQL, scripts and templates.

    Data, such as translations, is not looked at, nor are migrations: each keeps the statements of the schema of its time.
    """
    places: dict[tuple[str, ...], list[str]] = {}
    for folder in ("scraper", "db"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".sql", ".html", ".js", ".css"} and "migrations" not in path.parts:
                lines = [line for row in path.read_text(encoding="utf-8").splitlines() if (line := row.strip())]
                for place in range(len(lines) - 10):
                    places.setdefault(tuple(lines[place : place + 11]), []).append(_name(path))
    assert {tuple(found) for found in places.values() if len(found) > 1} == ALIKE


def test_no_test_imports_another() -> None:
    """What tests share is in tests/helpers and in the fixtures of conftest.py."""
    for path in (ROOT / "tests").rglob("*.py"):
        assert {name for name in _imports(path) if name.partition(".")[0].startswith("test_")} == set(), path.name


@pytest.mark.parametrize("arguments", [["lookup", "26200.8390"], ["next"], ["calendar"], ["status"]])
def test_reading_commands_import_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "hotpatch_kb", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode in {0, 6}, done.stderr[-2000:]
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert ("click" in loaded) == (arguments[0] != "lookup")
    if arguments[0] == "lookup":  # each of these takes a tenth of the time that a lookup may take
        assert loaded & {"dataclasses", "inspect", "pathlib", "json", "logging", "tempfile", "typing", "traceback"} == set()
    assert loaded & {"httpx", "bs4", "lxml", "sqlite_utils", "datasette", "uvicorn", "yaml", "asyncio", "filelock"} == set()


def test_lookup_as_a_library_needs_the_standard_library_alone() -> None:
    code = "import sys, hotpatch_kb.db.answers.lookup; bad = {m.partition('.')[0] for m in sys.modules} & {'click', 'httpx', 'lxml', 'sqlite_utils', 'datasette'}; sys.exit(str(bad) if bad else 0)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False).stderr == ""
