"""The installed package: what the wheel holds, that packages named ``db`` and ``scraper`` beside it break nothing, and what the locks pin."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytest.importorskip("hatchling")

ROOT = Path(__file__).parent.parent
PARTS = ("hotpatch_kb", "scraper", "db")
# Beside modules: what is read as a file.
DATA = {
    "hotpatch_kb": ["py.typed"],
    "db": [
        "schema.sql", "corrections.csv", "views/*.sql", "migrations/*.sql", "seed/*.tsv", "seed/*.txt", "seed/facts/*.tsv", "site/metadata.yaml", "site/tables/tables.yaml", "site/export/recipes/*", "site/export/site/*",
        "site/settings*.json", "site/static/*", "site/templates/*.html", "site/translations/*.json",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by hatchling from a copy of the sources: asks no registry, and leaves the checkout's seed database alone."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in PARTS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.db", "*.db-*"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "hatch_build.py"):
        shutil.copy(ROOT / name, source / name)
    (source / "docs").mkdir()
    for name in ("questions.md", "questions.ja.md", "offline.md", "offline.ja.md"):
        shutil.copy(ROOT / "docs" / name, source / "docs")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(command, cwd=source, env=environment, check=True, capture_output=True)
    (file,) = target.glob("*.whl")
    return file


@pytest.mark.parametrize("repository", ["", "https://github.com/someone/hotpatch-kb"])
def test_links_of_the_readme_lead_somewhere_on_an_index(repository: str, tmp_path: Path) -> None:
    """An index shows the README alone: a release knows its repository, and every link and picture is a whole address. Without it links stay as they are."""
    for name in ("pyproject.toml", "README.md", "LICENSE", "hatch_build.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "db").mkdir()
    shutil.copy(ROOT / "db" / "__init__.py", tmp_path / "db")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"HOTPATCH_KB_REPOSITORY": repository}
    command = [sys.executable, "-m", "hatchling", "metadata"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=True)
    metadata = json.loads(done.stdout)
    links = re.findall(r"(!?)\[[^\]]*\]\(([^)]+)\)", metadata["readme"]["text"])
    assert len(links) > 30
    if not repository:
        assert "urls" not in metadata
        assert ("!", "docs/images/home.png") in links
        return
    assert [link for _, link in links if not link.startswith("https://")] == []
    assert ("!", f"{repository}/raw/HEAD/docs/images/home.png") in links
    assert ("", f"{repository}/blob/HEAD/docs/fleet.md") in links
    assert metadata["urls"]["Source"] == repository


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation, with packages of other people named as our two halves: ``pip install --target`` of all three."""
    target = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    for name in ("db", "scraper"):
        (target / name).mkdir()
        (target / name / "__init__.py").write_text(f'raise SystemExit("{name} of somebody else was imported")\n', encoding="utf-8")
    return target


def _python(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=installed.parent, env=environment, capture_output=True, encoding="utf-8", check=False
    )


def test_the_wheel_holds_one_package_with_all_its_files(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    assert {name.partition("/")[0] for name in names} == {"hotpatch_kb", "hotpatch_kb-0.1.0.dist-info"}
    modules = {path.relative_to(ROOT).as_posix() for part in PARTS for path in (ROOT / part).rglob("*.py")}
    data = {path.relative_to(ROOT).as_posix() for part, globs in DATA.items() for glob in globs for path in (ROOT / part).glob(glob)}
    inside = {
        name if name.startswith("hotpatch_kb/") else f"hotpatch_kb/{name}"
        for name in modules
        | data
        | {"db/seed/seed.db", "db/site/questions.md", "db/site/questions.ja.md", "db/site/offline.md", "db/site/offline.ja.md"}
    }
    assert {name for name in names if name.startswith("hotpatch_kb/")} == inside


def test_packages_named_db_and_scraper_beside_it_break_nothing(installed: Path) -> None:
    done = _python(installed, "-m", "hotpatch_kb", "lookup", "26100.32772")
    assert (done.returncode, "KB5087423" in done.stdout) == (0, True), done.stderr
    done = _python(installed, "-m", "hotpatch_kb", "calendar", "--product", "ws2025", "--year", "2026")
    assert (done.returncode, "2026-06" in done.stdout) == (0, True), done.stderr
    # Every module can be imported, by its one name.
    code = (
        "import hotpatch_kb, hotpatch_kb.db, hotpatch_kb.scraper, importlib, pkgutil, sys\n"
        "names = [m.name for m in pkgutil.walk_packages(hotpatch_kb.__path__, 'hotpatch_kb.')]\n"
        "[importlib.import_module(name) for name in names if not name.endswith(('__main__', 'spark_engine', 'spark'))]\n"
        "print(hotpatch_kb.__file__, len(names), sorted({'db', 'scraper'} & sys.modules.keys()))"
    )
    done = _python(installed, "-c", code)
    file, count, short = done.stdout.split(maxsplit=2)
    assert (Path(file), int(count) > 100, short.strip()) == (installed / "hotpatch_kb" / "__init__.py", True, "[]"), done.stderr


def test_nothing_is_imported_by_a_short_name() -> None:
    """Neither by a statement nor by a string: ``files("db")``, ``-m scraper``."""
    for path in sorted(file for part in PARTS for file in (ROOT / part).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""] if node.level == 0 else []
            elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {
                "files",
                "import_module",
                "find_spec",
                "resource",
            }:
                names = [str(argument.value) for argument in node.args[:1] if isinstance(argument, ast.Constant)]
            elif isinstance(node, ast.List | ast.Tuple):
                texts = [item.value if isinstance(item, ast.Constant) else None for item in node.elts]
                names = [str(name) for option, name in pairwise(texts) if option == "-m"]
            assert not {name.partition(".")[0] for name in names} & {"db", "scraper"}, f"{path}:{getattr(node, 'lineno', 0)}"


# --- the locks ----------------------------------------------------------------------------------------------------------


def _pinned(file: Path) -> dict[str, str]:
    """The version of each package of a lock, by its name in the form of PEP 503."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pins}


@pytest.mark.parametrize("lock", ["image.txt", "export.txt", "build.txt", "development.txt"])
def test_a_lock_pins_what_the_project_needs(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed, extras = project["project"]["dependencies"], project["project"]["optional-dependencies"]
    wanted = {
        "image.txt": needed,
        "export.txt": [*needed, *extras["bulk"], *extras["sign"]],
        "build.txt": project["build-system"]["requires"],
        "development.txt": [*needed, *extras["test"], *extras["bulk"], *extras["mcp"]],
    }[lock]
    file = ROOT / "requirements" / lock
    pinned = _pinned(file)
    for requirement in map(Requirement, wanted):
        version = pinned.get(re.sub(r"[-_.]+", "-", requirement.name).lower())
        assert version is not None, f"{requirement} is not pinned by {file.name}: run requirements/lock"
        assert requirement.specifier.contains(version), f"{file.name} pins {requirement.name} {version}: run requirements/lock"
    text = file.read_text(encoding="utf-8")
    # Every pin has its hashes, and no line says from where they came.
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=\S)", text) if re.match(r"[A-Za-z0-9]", entry))
    assert not re.search(r"https?://|index-url|find-links", text)


def test_two_builds_have_the_same_bytes(tmp_path: Path) -> None:
    """Whoever builds the same commit gets the same wheel and source distribution, and can compare their hashes."""
    made = []
    for name in ("one", "two"):
        command = [sys.executable, "-m", "hatchling", "build", "--directory", str(tmp_path / name)]
        subprocess.run(command, cwd=Path(__file__).parent.parent, check=True, capture_output=True)
        made.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert made[0] == made[1]
    assert {Path(name).suffix for name in made[0]} == {".whl", ".gz"}
