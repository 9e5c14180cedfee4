"""Shared fixtures: goldens that fail when they are rewritten, closed sockets, recorded pages, crawls to copy."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import respx
from filelock import FileLock
from helpers import long_tests, recorded, render, small_seed
from helpers.chromium import chromium  # noqa: F401 (fixture)
from helpers.exports import august, feeds, reader  # noqa: F401 (fixtures)
from helpers.fetching import fake, web  # noqa: F401 (fixtures)
from helpers.looking import address  # noqa: F401 (fixture)
from helpers.webhook import Hook
from rendered import msrc_cvrf, support_article

from hotpatch_kb.db.store import connections
from hotpatch_kb.scraper.cli.main import main
from hotpatch_kb.scraper.crawl import runs

HERE = Path(__file__).parent
WHOLE_SUITE = 1000  # tests


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite expected output, then fail so that it is reviewed")
    parser.addoption("--tries", type=int, default=0, help="number of seeds of random tests; one by default, many in .ci/long")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give random tests their seeds: one in an ordinary run."""
    if "seed" in metafunc.fixturenames and not any(mark.name == "parametrize" for mark in metafunc.definition.iter_markers()):
        metafunc.parametrize("seed", range(1, 1 + (metafunc.config.getoption("--tries") or 1)))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep seeded samples: n cases of a test marked ``sampled(n)``, and of a run of the whole suite a part of the long tests.

    With HOTPATCH_KB_LONG=1, as in .ci/long, everything runs; HOTPATCH_KB_SEED takes another sample.
    """
    if long_tests.is_whole_run():
        return
    seed = os.environ.get("HOTPATCH_KB_SEED", "1")
    groups: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("sampled"):
            groups[item.nodeid.partition("[")[0]].append(item)
    left_out: set[pytest.Item] = set()
    for name, cases in groups.items():
        size = min(len(cases), cases[0].get_closest_marker("sampled").args[0])  # type: ignore[union-attr]
        left_out |= set(cases) - set(random.Random(name + seed).sample(cases, size))
    if len(items) > WHOLE_SUITE:  # whoever names a module wants all of it
        names = long_tests.left_out((item.nodeid for item in items if item not in left_out), seed)
        left_out |= {item for item in items if item.nodeid in names}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session", autouse=True)
def _small_seed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Let crawls begin with a part of the embedded facts; ``whole_seed`` gives a test all of them."""
    folder = tmp_path_factory.mktemp("seed", numbered=True) / "small"
    small_seed.write(folder)
    with small_seed.of(folder):
        yield folder


@pytest.fixture
def whole_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let crawls of a test begin with all of the embedded facts."""
    small_seed.begin_with(Path(connections.SEED_DATABASE).parent, monkeypatch)


@pytest.fixture
def tries(request: pytest.FixtureRequest) -> int:
    """Return the number of repetitions of a random test: one in an ordinary run."""
    return int(request.config.getoption("--tries")) or 1


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Iterator[Callable[[Path, Any], None]]:
    """Return a function that compares with a file. Rewriting fails, so that a person reviews it; a missing file names the option."""
    rewritten: list[str] = []

    def compare(path: Path, actual: Any) -> None:
        written = actual if isinstance(actual, str) else json.dumps(actual, indent=1, ensure_ascii=False) + "\n"
        if request.config.getoption("--update-golden") and (not path.exists() or path.read_text(encoding="utf-8") != written):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(written, encoding="utf-8", newline="\n")
            rewritten.append(path.name)
        assert path.exists(), f"no {path.name}: run pytest --update-golden"
        assert written == path.read_text(encoding="utf-8")

    yield compare
    if rewritten:
        pytest.fail(f"wrote {', '.join(rewritten)}: review, then run again")


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Close sockets other than loopback for the whole suite."""
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def guarded(self: socket.socket, place: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and place[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise OSError(f"this test tried to reach {place}: only loopback is open")
        connect(self, place)

    def guarded_names(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in {"127.0.0.1", "::1", "localhost", None}:
            raise socket.gaierror(f"this test tried to look up {host}: only loopback is open")
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_names)


@pytest.fixture
def shared() -> Path:
    """Return the folder of recorded pages, or skip."""
    if not recorded.are_there():
        pytest.skip(recorded.REASON)
    return recorded.RECORDED


class Done(NamedTuple):
    """Output and exit code of a command."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a function that runs ``hotpatch-kb`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.stdout, "reconfigure", lambda **_: None, raising=False)
    monkeypatch.setattr(sys.stderr, "reconfigure", lambda **_: None, raising=False)

    def command(*arguments: object) -> Done:
        capsys.readouterr()
        code = main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return command


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that sets the day of answers."""

    def set_day(day: str) -> None:
        monkeypatch.setattr("hotpatch_kb.db.model.clock.today", lambda: day)

    return set_day


MadeOnce = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """Return a folder that the first worker to ask for it fills; the others wait. Tests copy from it and leave it as it is."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder, done = base / name, base / f"{name}.made"
        with FileLock(base / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def worlds(made_once: MadeOnce) -> dict[str, Path]:
    """Both generations of the site as saved trees, rendered from facts."""
    return {name: made_once(f"world-{name}", partial(render.write_world, generation=name)) for name in ("old", "new")}


@pytest.fixture(scope="session")
def crawled(made_once: MadeOnce, worlds: dict[str, Path]) -> Path:
    """A folder with a database of the new site, ``x.db``, and its archive. A crawl takes a second or two."""
    return made_once("crawled", lambda folder: _crawl(folder / "x.db", worlds["new"]))


@pytest.fixture(scope="session")
def crawled_in_may(made_once: MadeOnce, worlds: dict[str, Path]) -> Path:
    """A folder with a database of the site as of May 2026, ``x.db``, and its archive."""
    return made_once("crawled-in-may", lambda folder: _crawl(folder / "x.db", worlds["old"]))


@pytest.fixture(scope="session")
def crawled_twice(made_once: MadeOnce, crawled_in_may: Path, worlds: dict[str, Path]) -> Path:
    """A folder with a database of the site as of May and then as of July 2026, ``x.db``, and its archive."""

    def crawl(folder: Path) -> None:
        shutil.copytree(crawled_in_may, folder, dirs_exist_ok=True)
        _crawl(folder / "x.db", worlds["new"])

    return made_once("crawled-twice", crawl)


@pytest.fixture(scope="session")
def seeded(made_once: MadeOnce) -> Path:
    """A database of the embedded facts. Not hotpatch.db: the addresses of the site must not depend on the name of the file."""
    name = "facts of 2026.sqlite"
    return made_once("seeded", lambda folder: runs.ensure_seeded(folder / name, folder / "archive")) / name


@pytest.fixture
def db(seeded: Path, tmp_path: Path) -> Path:
    """A database of the embedded facts of a test's own."""
    return Path(shutil.copy(seeded, tmp_path / "hotpatch.db"))


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A webhook that takes what it is sent. Nothing else is answered but this machine, where the mirror is."""
    with respx.mock(assert_all_called=False) as router:
        router.route(host="127.0.0.1").pass_through()
        yield Hook(router)


# --- the site -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(seeded: Path) -> Iterator[Any]:
    """The site of one's own machine over the embedded facts."""
    from helpers.datasettes import opened  # noqa: PLC0415 (datasette takes half a second to import)

    with opened(seeded, public=False) as ds:
        yield ds


@pytest.fixture(scope="module")
def public(seeded: Path) -> Iterator[Any]:
    """The public site over the embedded facts."""
    from helpers.datasettes import opened  # noqa: PLC0415

    with opened(seeded, public=True) as ds:
        yield ds


@pytest.fixture(scope="session")
def crawled_file(made_once: MadeOnce) -> Path:
    """A database with what the embedded facts lack: articles, and MSRC's December 2025 (case 31)."""

    def crawl(folder: Path) -> None:
        at = "2026-07-23T12:00:00Z"
        render.write_world(folder / "tree", "new")
        for page in support_article.pages():
            if page.name in {"lcu.html", "hotpatch.html", "old-expandos.html"}:
                render.save_tree(folder / "tree", page.url, str(page.body), fetched_at=at, suffix=".html")
        for page in msrc_cvrf.pages():
            if page.name in {"index.json", "2025-12.json"}:
                render.save_tree(folder / "tree", page.url, page.bytes().decode(), fetched_at=at, suffix=".json")
        _crawl(folder / "hotpatch.db", folder / "tree")

    return made_once("crawled-with-articles", crawl) / "hotpatch.db"


@pytest.fixture(scope="module")
def crawled_site(crawled_file: Path) -> Iterator[Any]:
    """The public site over articles and security data."""
    from helpers.datasettes import opened  # noqa: PLC0415

    with opened(crawled_file, public=True) as ds:
        yield ds


def _crawl(db: Path, tree: Path) -> None:
    assert main(["crawl", "--db", str(db), "--from", str(tree)]) == 0
