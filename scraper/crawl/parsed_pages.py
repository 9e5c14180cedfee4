"""Keep what parsers made of pages, by content and parser version, so that a replay parses only what a changed parser has to read again.

A replay of years must not wait for BeautifulSoup (docs/decisions.md has the figures). The file, ``parsed.db`` in the archive's folder,
holds nothing that a parser would not give again: deleted, damaged or not writable, it only costs time.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.scraper.crawl.parsed import Parsed, parse
from hotpatch_kb.scraper.sources import Source

NAME: Final = "parsed.db"
_PACKAGE: Final = "hotpatch_kb"
# Whether a page is refused depends on it too, for every source.
_LIMITS: Final = parse.__module__
# What parsers use of other projects: another version may read a page differently.
_LIBRARIES: Final = ("beautifulsoup4", "ijson", "lxml", "soupsieve")


class ParsedPages:
    """Results of parsers, in a file. One process writes it at a time: the one that holds the lock of the database."""

    def __init__(self, folder: Path | None) -> None:
        """Take the folder of the archive, which need not be there yet; None keeps nothing."""
        self._folder = folder
        self._conn: sqlite3.Connection | None = None

    def parse(self, source: Source, page: Page, sha256: str) -> Parsed:
        """Return what the parser of a source makes of a page, from the file where it has it."""
        if not self._is_open():
            return parse(source, page)
        # All that parsers read of a page; no parse() reads its time.
        names = (source.source, page.page_url, page.url, page.final_url, page.headers.get("content-type", ""), sha256)
        key = hashlib.sha256(json.dumps(names).encode()).hexdigest()
        parser = parser_version(source.module)
        kept = self._read(key, parser)
        if kept is None:
            kept = parse(source, page)
            if kept.claims is not None:  # a page that is refused is parsed again: its fault may have been the machine's
                self._write(key, parser, kept.claims, kept.unread)
        return kept

    def drop_other_parsers(self, sources: Iterable[Source]) -> None:
        """Forget what parsers of other versions made, after a replay has read every page with these."""
        if self._is_open():
            versions = {parser_version(source.module) for source in sources}
            for (parser,) in self._try("select distinct parser from parsed"):
                if parser not in versions:
                    self._try("delete from parsed where parser = ?", parser)

    def close(self) -> None:
        """Write to the disk what was kept."""
        self._try("commit")
        self._leave()

    def _is_open(self) -> bool:
        if self._conn is None and self._folder is not None and self._folder.is_dir():
            self._conn = _opened(self._folder / NAME)
            if self._conn is None:
                self._folder = None  # not to be had; not tried again for each page
        return self._conn is not None

    def _read(self, key: str, parser: str) -> Parsed | None:
        rows = self._try("select result from parsed where page = ? and parser = ?", key, parser)
        try:
            return _decoded(rows[0][0]) if rows else None
        except (zlib.error, ValueError, TypeError, KeyError):  # damaged: it is parsed again and written over
            return None

    def _write(self, key: str, parser: str, claims: list[Claim], unread: list[Unread]) -> None:
        text = json.dumps([claims, unread], ensure_ascii=False)
        self._try("insert or replace into parsed values (?, ?, ?)", key, parser, zlib.compress(text.encode("utf-8", "surrogatepass")))

    def _try(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement; a file that is damaged or on a full disk is left alone from then on."""
        try:
            return [] if self._conn is None else self._conn.execute(sql, values).fetchall()
        except sqlite3.Error:
            self._leave()
            return []

    def _leave(self) -> None:
        if self._conn is not None:
            self._conn.close()
        self._conn = self._folder = None


def _opened(file: Path) -> sqlite3.Connection | None:
    for is_again in (False, True):
        conn = None
        try:
            # One transaction for the whole run: a run that is killed leaves the file as it was.
            conn = sqlite3.connect(file, isolation_level=None)
            conn.execute("begin immediate")
            conn.execute(
                "create table if not exists parsed (page text not null, parser text not null, result blob not null, primary key (page, parser)) strict"
            )
            conn.execute("select 1 from parsed limit 1").fetchall()
        except (sqlite3.Error, OSError) as error:
            if conn is not None:
                conn.close()
            if is_again or not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.OperationalError):
                return None  # a folder that cannot be written, a full disk
            if not _removed(file):  # no database: begin again
                return None
        else:
            return conn
    return None


def _removed(file: Path) -> bool:
    """Remove a file; return False where the folder does not allow it, as of an archive on a read-only disk."""
    try:
        file.unlink(missing_ok=True)
    except OSError:
        return False
    return True


@cache
def parser_version(module: str) -> str:
    """Return a hash of all code that makes claims of a page.

    It covers a source's module, the module that limits what a page may state, what both import of ours, and versions of libraries.
    """
    digest = hashlib.sha256(" ".join(f"{name} {version(name)}" for name in _LIBRARIES).encode())
    for name, code in sorted((_modules(_LIMITS) | _modules(module)).items()):
        digest.update(name.encode() + b"\0" + code + b"\0")
    return digest.hexdigest()


def _modules(module: str) -> dict[str, bytes]:
    """Return the code of a module and of the modules of this package that it imports, directly or not."""
    code: dict[str, bytes] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        spec = find_spec(name) if name not in code else None
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            continue
        code[name], imported = _read_module(Path(spec.origin))
        waiting += imported
    return code


@cache
def _read_module(file: Path) -> tuple[bytes, tuple[str, ...]]:
    """Return the code of a module and the names that it imports: the sources share most of theirs (37 modules, imported 151 times)."""
    code = file.read_bytes()
    return code, tuple(_imported(code))


def _imported(code: bytes) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(f"{_PACKAGE}."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{_PACKAGE}."):
            assert node.module is not None
            yield node.module
            for alias in node.names:  # a module of the package, or a name in it
                if (spec := find_spec(node.module)) is not None and spec.submodule_search_locations is not None:
                    yield f"{node.module}.{alias.name}"


def _decoded(blob: bytes) -> Parsed:
    claims, unread = json.loads(zlib.decompress(blob).decode("utf-8", "surrogatepass"))
    return Parsed([Claim(*row) for row in claims], [Unread(*row) for row in unread], "")
