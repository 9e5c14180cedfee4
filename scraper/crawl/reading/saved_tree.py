"""Read pages from a saved tree instead of the network: ``DIR/<host>/<path>``, with ``.md``, ``.html``, ``.json``, ``.xml`` or no suffix."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.crawl.database import utc_now
from hotpatch_kb.scraper.crawl.run import Run, named_by
from hotpatch_kb.scraper.sources import PageSpec, Source, registry

SUFFIXES: Final = (".md", ".html", ".json", ".xml")
_TYPES: Final = {
    ".md": "text/markdown; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml",
}
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def find(tree: Path, url: str) -> Path | None:
    """Return the file with the answer of an address, None if the tree has none. The query is no part of the path."""
    parts = urlsplit(url)
    path = unquote(parts.path).strip("/")
    if not parts.hostname or ".." in path.split("/"):
        return None
    names = [*(f"{path}{suffix}" for suffix in SUFFIXES), path]
    return next((file for name in names if (file := tree / parts.hostname / name).is_file()), None)


def addresses(tree: Path) -> Iterator[tuple[str, Path]]:
    """Yield the address of every file of a tree, in their order."""
    for file in sorted(tree.rglob("*")):
        if not file.is_file() or file.name.endswith(".meta.json"):
            continue
        host, *path = file.relative_to(tree).parts
        if path:
            path[-1] = path[-1].removesuffix(file.suffix) if file.suffix in SUFFIXES else path[-1]
            yield f"https://{host}/{'/'.join(path)}", file


def read(file: Path, *, source: str, page_url: str, url: str, now: str) -> Page:
    """Return the answer in a file. ``<file>.meta.json`` dates it; without it the run's time counts.

    Raises:
        BadInput: the meta file cannot be read.
    """
    meta_file = file.with_name(file.name + ".meta.json")
    meta = {}
    if meta_file.is_file():
        try:
            meta = json.loads(meta_file.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise BadInput("expected JSON in {file}, got {error}", file=str(meta_file), error=str(error)) from None
        if not isinstance(meta, dict) or not isinstance(meta.get("headers", {}), dict):
            raise BadInput(
                "expected an object with fetched_at, status, final_url and headers in {file}, got {got!r}",
                file=str(meta_file),
                got=str(meta)[:60],
            )
    fetched_at = str(meta.get("fetched_at", now))
    if not _is_time(fetched_at) or fetched_at[:19] > now[:19]:
        raise BadInput(
            "expected fetched_at such as 2026-07-23T12:00:00Z, not after {now}, in {file}, got {got!r}",
            now=now,
            file=str(meta_file),
            got=fetched_at,
        )
    status = meta.get("status", 200)
    if not isinstance(status, int) or not 100 <= status <= 599:
        raise BadInput("expected an HTTP status such as 200 in {file}, got {got!r}", file=str(meta_file), got=status)
    headers = {str(k).lower(): str(v) for k, v in meta.get("headers", {}).items()}
    headers.setdefault("content-type", _TYPES.get(file.suffix, "application/octet-stream"))
    return Page(
        source=source,
        page_url=page_url,
        url=url,
        final_url=str(meta.get("final_url", url)),
        fetched_at=f"{fetched_at[:19]}Z",
        status=status,
        body=file.read_bytes(),
        headers=headers,
    )


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def crawl_tree(run: Run, sources: Sequence[Source], folder: Path) -> None:
    """Take every page of the sources that a saved tree has.

    Raises:
        BadInput: the folder has not one page of any source.
    """
    now = utc_now()
    taken: set[Path] = set()
    for source in sources:
        by_file: dict[Path, list[tuple[PageSpec, str]]] = {}
        for spec in () if source.is_embedded else source.pages:
            answers = [(file, url) for url in spec.addresses if (file := find(folder, url))]
            for file, url in answers:
                by_file.setdefault(file, []).append((spec, url))
            if not answers:
                run.result.not_in_tree.append(spec.page_url)
        for file, asked in by_file.items():
            taken.add(file)
            run.take(_of_file(source, file, asked, now))
    fixed = {file for s in registry().values() for spec in s.pages for url in spec.addresses if (file := find(folder, url))}
    followed = _take_followed(run, sources, folder, taken | fixed, now)
    if not taken and not followed and not fixed and not any(s.page_at(url) for s in registry().values() for url, _ in addresses(folder)):
        raise BadInput(
            "expected pages of a source ({sources}) as {folder}/<host>/<path>.html or .md, got none",
            sources=", ".join(registry()),
            folder=str(folder),
        )


def _of_file(source: Source, file: Path, asked: list[tuple[PageSpec, str]], now: str) -> Page:
    """Return the page in a file that several addresses share, because they differ only in their query.

    Choose the page whose address answered, else the first that its source can parse.
    """
    pages = [read(file, source=source.source, page_url=spec.page_url, url=url, now=now) for spec, url in asked]
    answered = [page for page in pages if page.final_url == page.url] or pages
    if len({page.page_url for page in answered}) == 1:
        return answered[0]
    return next((page for page in answered if _can_read(source, page)), answered[0])


def _can_read(source: Source, page: Page) -> bool:
    try:
        deque(source.parse(page), maxlen=0)
    except Exception:  # noqa: BLE001 (it is parsed again, and named, where it is taken)
        return False
    return True


def _take_followed(run: Run, sources: Sequence[Source], folder: Path, taken: set[Path], now: str) -> int:
    """Take the pages of a tree that other pages link to, and those whose address says what they are; return how many."""
    files: dict[Path, tuple[Source, str, PageSpec]] = {}
    links = run.links()
    for source in sources:
        for spec in source.linked(links, now):
            for url in spec.addresses:
                file = find(folder, url)
                if file is not None and file not in taken:
                    files.setdefault(file, (source, url, spec))
    for url, file in addresses(folder):
        for source in sources:
            spec_at = source.page_at(url) if file not in taken and file not in files else None
            if spec_at is not None:
                files[file] = (source, url, spec_at)
    for file, (source, url, spec) in sorted(files.items()):
        page = read(file, source=source.source, page_url=spec.page_url, url=url, now=now)
        run.take(named_by(spec, page), may_be_missing=True)
    return len(files)
