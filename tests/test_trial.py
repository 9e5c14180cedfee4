"""The wheel as its users get it: installed by pip in a clean environment of each Python of this machine, and asked far from the checkout."""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import shutil
import sqlite3
import ssl
import subprocess
import sys
import threading
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from helpers.changed_trees import small_world
from helpers.exports import DAY

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif("HOTPATCH_KB_LONG" not in os.environ, reason="asks the package registry: HOTPATCH_KB_LONG=1")
BUILD, KB = "26100.33222", "KB5120228"  # of August


def _pythons() -> list[str]:
    """The Pythons that the project supports and this machine has."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
    versions = [version for text in listed if (version := text.rpartition(" :: ")[2]) and re.fullmatch(r"3\.[0-9]+", version)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = []
    for version in versions:
        candidates = [sys.executable] if version == f"3.{sys.version_info[1]}" else []
        candidates += [*map(str, sorted(pyenv.glob(f"{version}.*/bin/python"))), shutil.which(f"python{version}") or ""]
        works = (path for path in candidates if path and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0)
        found.append(next(works, version))
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    source = target / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".git", ".venv", "build", "dist", "__pycache__", "*.db", "*.db-*"))
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)]
    subprocess.run(command, cwd=source, env=_clean(), check=True, capture_output=True)
    shutil.rmtree(source)
    return next(target.glob("*.whl"))


def _clean(**variables: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "HOTPATCH_KB", "VIRTUAL_ENV"))} | variables


@contextmanager
def _over_https(folder: Path, pem: Path) -> Iterator[str]:
    """Serve a folder on loopback with a certificate."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://localhost:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of "localhost" in one file, which is its own authority."""
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("needs openssl: apt-get install openssl")
    pem = tmp_path_factory.mktemp("tls") / "localhost.pem"
    extensions = ("subjectAltName=DNS:localhost", "keyUsage=critical,digitalSignature,keyCertSign")
    command = [openssl, *f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout {pem} -out {pem}.crt".split()]
    subprocess.run([*command, *(word for text in extensions for word in ("-addext", text))], check=True, capture_output=True)
    pem.write_bytes(pem.read_bytes() + Path(f"{pem}.crt").read_bytes())
    return pem


@pytest.fixture
def program(request: pytest.FixtureRequest, wheel: Path, certificate: Path, tmp_path: Path) -> Callable[..., Any]:
    """Runs the installed command in an empty folder; ``program.start`` starts it."""
    python = request.param
    if not os.path.isabs(python):  # noqa: PTH117
        pytest.skip(f"needs Python {python}")
    subprocess.run([python, "-m", "venv", tmp_path / "venv"], check=True, env=_clean())
    bin_ = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([bin_ / "python", "-m", "pip", "install", "--quiet", f"{wheel}[bulk]"], check=True, env=_clean())
    home = tmp_path / "home"
    home.mkdir()
    environment = _clean(SSL_CERT_FILE=f"{certificate}.crt", HOME=str(home))

    def run(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        words = [bin_ / "hotpatch-kb", *map(str, arguments)]
        done = subprocess.run(words, cwd=home, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=600)
        assert done.returncode == code, (arguments, done.stdout[-2000:], done.stderr[-2000:])
        return done

    run.home = home  # type: ignore[attr-defined]
    run.start = lambda *arguments: subprocess.Popen(  # type: ignore[attr-defined]
        [bin_ / "hotpatch-kb", *arguments], cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    )
    return run


@pytest.mark.parametrize("program", _pythons(), indirect=True, ids=os.path.basename)
def test_the_wheel_does_all_jobs_without_the_checkout(program: Any, feeds: Path, certificate: Path, tmp_path: Path) -> None:
    home: Path = program.home
    assert "hotpatch_kb" not in program("--version").stderr
    assert "KB5087423" in program("lookup", "26100.32772").stdout

    tree = small_world(tmp_path / "pages", "2026-07-24")
    program("crawl", "--from", tree, "--db", "x.db", "--no-seed")
    with closing(sqlite3.connect(home / "x.db")) as conn:
        build, kb = conn.execute(
            """select build, 'KB' || kb from releases where product = 'ws2025' and build is not null and kb is not null
            order by release_date desc limit 1"""
        ).fetchone()
    assert kb in program("lookup", build, "--db", "x.db").stdout
    july = home / "july.db"
    shutil.copy(home / "x.db", july)

    with program.start("serve", "--db", "x.db", "--port", "0", "--no-crawl") as serving:
        address = re.search(r"http://\S+", serving.stdout.readline())
        assert address is not None
        with urllib.request.urlopen(f"{address[0]}api/lookup?q={build}") as answer:
            assert json.load(answer)["matches"][0]["kb"] == kb
        serving.terminate()

    program("export", "public", "--db", "x.db", "--on", DAY)
    assert (home / "public" / "index.html").is_file()
    assert (home / "public" / "tables" / "verdicts.parquet").is_file()
    _updates(program, feeds, certificate, july, tmp_path)


def _updates(program: Any, feeds: Path, certificate: Path, july: Path, tmp_path: Path) -> None:
    """Update from a good export, a tampered, an older and a shrunken one: from a folder and over HTTPS."""
    good, older = feeds / "august" / "public", feeds / "july" / "public"
    tampered, shrunken = tmp_path / "tampered", tmp_path / "shrunken"
    for folder in (tampered, shrunken):
        shutil.copytree(good, folder)
    body = (tampered / "hotpatch.db").read_bytes()
    (tampered / "hotpatch.db").write_bytes(body.replace(b"KB5120228", b"KB5120229", 1))
    index = json.loads((shrunken / "index.json").read_text(encoding="utf-8"))
    index["counts"]["pages"] -= 1
    (shrunken / "index.json").write_text(json.dumps(index), encoding="utf-8")
    for way in ("folder", "https"):
        db, feed = program.home / f"{way}.db", tmp_path / way
        shutil.copy(july, db)
        feed.mkdir()
        with _over_https(feed, certificate) as address:

            def update(
                export: Path, code: int, feed: Path = feed, name: object = feed if way == "folder" else address, db: Path = db
            ) -> str:
                # The same feed has it from now on, with the time of now, as a server that sends no ETag is asked by that alone.
                shutil.copytree(export, feed, dirs_exist_ok=True, copy_function=shutil.copyfile)
                return str(program("update", name, "--db", db, code=code).stderr)

            assert update(tampered, 3).count("\n") == 1
            assert KB not in program("lookup", BUILD, "--db", db, code=4).stdout.partition("reported")[0]
            update(good, 0)
            for refused in (older, shrunken):
                said = update(refused, 3)
                assert (said.count("\n"), said.endswith("; the facts were kept\n")) == (1, True), said
                assert "got an older one" in said or "pages as before" in said
            assert KB in program("lookup", BUILD, "--db", db).stdout
