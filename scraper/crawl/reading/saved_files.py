"""Make a saved tree of the files that a browser saved: of a file, a folder or a zip, without trusting a name or a size in it."""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.crawl.database import utc_now
from hotpatch_kb.scraper.crawl.reading import browser_files
from hotpatch_kb.scraper.fetch.addresses import ALLOWED_HOSTS, checked
from hotpatch_kb.scraper.fetch.errors import Refused
from hotpatch_kb.scraper.sources import registry

Say = Callable[[str], None]

MAX_FILE: Final = 64 * 2**20  # bytes; a web archive of an article, with its pictures, has up to 5 MB
MAX_FILES: Final = 20_000  # in a zip; a complete page has up to 100 files beside it
MAX_ZIP: Final = 2 * 2**30  # bytes when unpacked
# HTML packs to a tenth, a page of one letter to a thousandth.
MAX_RATIO: Final = 200
_SMALL: Final = 10 * 2**20  # bytes; what has fewer is no bomb
_META: Final = ".meta.json"


class Tree(NamedTuple):
    """A saved tree.

    Attributes:
        folder: its folder; it is gone at the end where it was made for this run.
        refused: names of files that are no page of ours.
    """

    folder: Path
    refused: list[str]


class _File(NamedTuple):
    """A file of what was given: its path there, when it was changed last (UTC), its size, and what reads it."""

    path: PurePosixPath
    changed_at: datetime
    size: int
    content: Callable[[], bytes]


@contextmanager
def as_tree(given: Path, say: Say) -> Iterator[Tree]:
    """Provide a saved tree of what was given: a folder ``<host>/<path>`` as it is; of saved pages one that is made for this run.

    Args:
        given: a folder, a zip of one, or a file that a browser saved.
        say: takes a line for each page that was found, and for each file that is refused.

    Raises:
        BadInput: nothing of that is there, a zip is damaged or not to be trusted, or there is not one page of ours.
    """
    if not given.exists():
        raise BadInput("expected a folder of saved pages, a zip of one or a saved page, got {got}", got=given)
    if given.is_dir() and all(_is_in_tree(file.path) for file in _of_folder(given)):
        yield Tree(given, [])
        return
    with tempfile.TemporaryDirectory(prefix="hotpatch-kb-", ignore_cleanup_errors=True) as folder:
        tree = Tree(Path(folder), [])
        if given.is_dir():
            found = _write(_of_folder(given), tree, say)
        elif zipfile.is_zipfile(given):
            with _opened(given) as packed:
                found = _write(_of_zip(packed, given), tree, say)
        else:
            found = _write([_of_file(given, PurePosixPath(given.name))], tree, say)
        if not found:
            raise BadInput("expected saved pages of a source, as HTML or MHTML, or a folder <host>/<path>, got none in {got}", got=given)
        yield tree


def _of_folder(folder: Path) -> list[_File]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return [_of_file(file, PurePosixPath(file.relative_to(folder).as_posix())) for file in files]


def _of_file(file: Path, name: PurePosixPath) -> _File:
    stat = file.stat()
    return _File(name, datetime.fromtimestamp(stat.st_mtime, UTC), stat.st_size, file.read_bytes)


# What the zip module raises for a zip that is damaged or has a password.
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError, OSError)


def _broken(given: Path, error: Exception) -> BadInput:
    return BadInput("expected a whole zip without a password, got {got}: {error}", got=given, error=error)


@contextmanager
def _opened(given: Path) -> Iterator[zipfile.ZipFile]:
    try:
        packed = zipfile.ZipFile(given)
    except _BROKEN as error:
        raise _broken(given, error) from None
    with packed:
        yield packed


def _unpacked(packed: zipfile.ZipFile, member: zipfile.ZipInfo, given: Path) -> bytes:
    try:
        return packed.read(member)
    except _BROKEN as error:
        raise _broken(given, error) from None


def _of_zip(packed: zipfile.ZipFile, given: Path) -> list[_File]:
    """Return the files of a zip, which are read one by one and never unpacked under their names.

    Raises:
        BadInput: a name leads out of it, or it has more files or bytes than saved pages have.
    """
    members = [member for member in packed.infolist() if not member.is_dir()]
    if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_ZIP:
        raise BadInput(
            "expected a zip of at most {files} files and {bytes} bytes, got more in {got}", files=MAX_FILES, bytes=MAX_ZIP, got=given
        )
    files = []
    for member in members:
        path = PurePosixPath(member.filename)
        if path.is_absolute() or ".." in path.parts or re.search(r"\\|^[A-Za-z]:|[\x00-\x1f]", member.filename):
            raise BadInput("expected names inside of the zip, got {name!r} in {got}", name=member.filename[:200], got=given)
        if member.file_size > _SMALL and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            raise BadInput(
                "expected files that pack to more than a {ratio}th, got {name!r} in {got}",
                ratio=MAX_RATIO,
                name=member.filename[:200],
                got=given,
            )
        changed_at = _time_of(member)
        files.append(_File(path, changed_at, member.file_size, partial(_unpacked, packed, member, given)))
    return files


def _time_of(member: zipfile.ZipInfo) -> datetime:
    """Return when a file in a zip was changed. A zip has local times without a zone: this machine's is the best that is known."""
    try:
        return datetime(*member.date_time).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.now(UTC)


def _is_in_tree(path: PurePosixPath) -> bool:
    return len(path.parts) > 1 and path.parts[0] in ALLOWED_HOSTS


def _write(files: list[_File], tree: Tree, say: Say) -> int:
    """Write the pages of files into a tree; return how many there are."""
    files = _without_common_folder(files)
    is_tree = any(_is_in_tree(file.path) for file in files)
    stems = {str(file.path.with_suffix("")) for file in files}
    pages: dict[PurePosixPath, tuple[datetime, str]] = {}
    count = 0
    for file in files:
        if _is_in_tree(file.path):
            count += not file.path.name.endswith(_META)
            _put(tree.folder / file.path, _content(file))
        elif not any(part.startswith(".") or part == "__MACOSX" for part in file.path.parts):
            taken = _page_of(file)
            if not isinstance(taken, str):
                _take(file, *taken, pages, tree, say)
            elif not _is_beside_a_page(file.path, stems):
                say(f"{file.path}: refused: {taken}")
                tree.refused.extend([] if is_tree else [str(file.path)])  # beside a tree there may be anything
    return count + len(pages)


def _without_common_folder(files: list[_File]) -> list[_File]:
    """Return files without the one folder that all of them are in, as a zip of a folder has it."""
    first = {file.path.parts[0] for file in files}
    if len(first) != 1 or not first.isdisjoint(ALLOWED_HOSTS) or any(len(file.path.parts) == 1 for file in files):
        return files
    return [file._replace(path=PurePosixPath(*file.path.parts[1:])) for file in files]


def _take(
    file: _File, url: str, page: browser_files.SavedPage, pages: dict[PurePosixPath, tuple[datetime, str]], tree: Tree, say: Say
) -> None:
    """Write a page under its address; of two that are the same page, the one that was saved later."""
    saved_at = min(filter(None, (datetime.fromisoformat(utc_now()), file.changed_at, page.saved_at)))
    parts, name = urlsplit(url), str(file.path)
    target = PurePosixPath(str(parts.hostname), unquote(parts.path).strip("/") + page.suffix)
    if target in pages:
        before, other = pages[target]
        lost, kept = (name, other) if before >= saved_at else (other, name)
        say(f"{lost}: left out: {kept} is the same page, saved later")
        if lost == name:
            return
    pages[target] = (saved_at, name)
    at = saved_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    _put(tree.folder / target, page.body)
    meta = {"fetched_at": at, "final_url": url, "headers": {"content-type": page.content_type}}
    _put(tree.folder / f"{target}{_META}", json.dumps(meta).encode())
    say(f"{name}: {url}, saved {at}")


def _is_beside_a_page(path: PurePosixPath, stems: set[str]) -> bool:
    """Return whether a file is in the folder beside a saved page, which browsers name after it: "Name_files", "Name-Dateien"."""
    return any(str(folder).startswith(stem) and str(folder) != stem for folder in path.parents for stem in stems)


def _content(file: _File) -> bytes:
    return file.content() if file.size <= MAX_FILE else b""


def _page_of(file: _File) -> tuple[str, browser_files.SavedPage] | str:
    """Return a page of a known source and its address, or why the file is not one."""
    if file.size > MAX_FILE:
        return f"expected a saved page of at most {MAX_FILE} bytes, got {file.size}"
    page = browser_files.read(file.content())
    if page is None:
        return "expected a saved page, as HTML or MHTML, got another kind of file"
    if (host := urlsplit(page.saved_from).hostname) is not None and host not in ALLOWED_HOSTS:
        return f"expected a page that was saved from a host of Microsoft's that we know, got {page.saved_from[:200]}"  # an archive of the past, say
    for address in page.addresses:
        if (url := _ours(address)) is not None:
            return url, page
    got = page.addresses[0][:200] if page.addresses else "a page that names no address"
    return f"expected a page of a source, as hotpatch-kb pages lists them, got {got}"


def _ours(address: str) -> str | None:
    """Return an address as a source names it, without query and fragment; None where it is no page that a source reads."""
    try:
        url = checked(re.split(r"[?#]", address, maxsplit=1)[0], address)
    except Refused:
        return None
    known = _fixed().get(_key(url))
    if known is None and any(source.page_at(url) is not None for source in registry().values() if not source.is_data):
        known = url
    return known


@cache
def _fixed() -> dict[str, str]:
    addresses = [
        url
        for source in registry().values()
        if not source.is_data and not source.is_embedded
        for spec in source.pages
        for url in spec.addresses
    ]
    return {_key(url): url.partition("?")[0] for url in addresses}


def _key(url: str) -> str:
    return url.partition("?")[0].rstrip("/").casefold()


def _put(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
