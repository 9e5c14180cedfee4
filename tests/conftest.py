"""Shared fixtures: goldens that fail when they are rewritten, closed sockets, the recorded pages where they are."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from helpers import recorded, render

from hotpatch_kb.scraper.cli.main import main

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite expected output, then fail so that it is reviewed")
    parser.addoption(
        "--tries", type=int, default=0, help="how many seeds of what is tried at random; a sample by default, many in .ci/long"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Seeds of what is tried at random: one in an ordinary run."""
    if "seed" in metafunc.fixturenames and not any(mark.name == "parametrize" for mark in metafunc.definition.iter_markers()):
        metafunc.parametrize("seed", range(1, 1 + (metafunc.config.getoption("--tries") or 1)))


@pytest.fixture
def tries(request: pytest.FixtureRequest) -> int:
    """How often to try what is compared with itself: once in an ordinary run."""
    return int(request.config.getoption("--tries")) or 1


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Iterator[Callable[[Path, Any], None]]:
    """Compares with a file. Rewriting fails, so that a person looks; a missing file says what to do."""
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
    """Sockets other than loopback are closed for the whole suite."""
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise OSError(f"this test tried to reach {address}: only loopback is open")
        connect(self, address)

    def guarded_names(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in {"127.0.0.1", "::1", "localhost", None}:
            raise socket.gaierror(f"this test tried to look up {host}: only loopback is open")
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_names)


@pytest.fixture
def shared() -> Path:
    """The folder of recorded pages."""
    if not recorded.are_there():
        pytest.skip(recorded.REASON)
    return recorded.RECORDED


class Done(NamedTuple):
    """What a command printed and returned."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs ``hotpatch-kb`` in an empty folder."""
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
    """Sets the day that answers are given on."""

    def set_day(day: str) -> None:
        monkeypatch.setattr("hotpatch_kb.db.model.clock.today", lambda: day)

    return set_day


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Both generations of the site as saved trees, rendered from facts."""
    folders = {name: tmp_path_factory.mktemp(f"world-{name}") for name in ("old", "new")}
    for name, folder in folders.items():
        render.write_world(folder, generation=name)
    return folders
