"""A saved tree of pages, ``DIR/<host>/<path>``, with ``.md``, ``.html``, ``.json``, ``.xml`` or nothing behind it, read instead of the network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import BadInput

SUFFIXES: Final = (".md", ".html", ".json", ".xml")
_TYPES: Final = {
    ".md": "text/markdown; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml",
}
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def find(tree: Path, url: str) -> Path | None:
    """The file that holds the answer of an address, None if the tree has none. The query is no part of the path."""
    parts = urlsplit(url)
    path = unquote(parts.path).strip("/")
    if not parts.hostname or ".." in path.split("/"):
        return None
    names = [*(f"{path}{suffix}" for suffix in SUFFIXES), path]
    return next((file for name in names if (file := tree / parts.hostname / name).is_file()), None)


def addresses(tree: Path) -> Iterator[tuple[str, Path]]:
    """The address of every file of a tree, in their order."""
    for file in sorted(tree.rglob("*")):
        if not file.is_file() or file.name.endswith(".meta.json"):
            continue
        host, *path = file.relative_to(tree).parts
        if path:
            path[-1] = path[-1].removesuffix(file.suffix) if file.suffix in SUFFIXES else path[-1]
            yield f"https://{host}/{'/'.join(path)}", file


def read(file: Path, *, source: str, page_url: str, url: str, now: str) -> Page:
    """The answer in a file. ``<file>.meta.json`` dates it; without it the run's time counts.

    Raises:
        BadInput: the meta file cannot be read.
    """
    meta_file = file.with_name(file.name + ".meta.json")
    meta = {}
    if meta_file.is_file():
        try:
            meta = json.loads(meta_file.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"expected JSON in {meta_file}, got {error}") from None
        if not isinstance(meta, dict) or not isinstance(meta.get("headers", {}), dict):
            raise BadInput(f"expected an object with fetched_at, status, final_url and headers in {meta_file}, got {str(meta)[:60]!r}")
    fetched_at = str(meta.get("fetched_at", now))
    if not _is_time(fetched_at) or fetched_at[:19] > now[:19]:
        raise BadInput(f"expected fetched_at such as 2026-07-23T12:00:00Z, not after {now}, in {meta_file}, got {fetched_at!r}")
    status = meta.get("status", 200)
    if not isinstance(status, int) or not 100 <= status <= 599:
        raise BadInput(f"expected an HTTP status such as 200 in {meta_file}, got {status!r}")
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
