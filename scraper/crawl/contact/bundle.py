"""Pack the pages that were refused or are quarantined, with what was expected of them, for a bug report.

The file is a zip of a saved tree: whoever gets it unpacks it and reads it with ``hotpatch-kb crawl --from``. The same state gives the same
bytes. It holds what Microsoft's pages say and what this program expected: no header but those listed here, no path, name or address of the machine.
"""

from __future__ import annotations

import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from hotpatch_kb.db import __version__
from hotpatch_kb.db.answers.lagging import drift_rows
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.fetch.archive import Archive
from hotpatch_kb.scraper.sources import registry

REPORT: Final = "expected.json"
# What is packed, of all the failed checks that the report lists: pages that were refused, and those with entries that could not be read.
_PACKED: Final = re.compile(r"quarantined \w+")
_COLUMNS: Final = ("source", "page_url", "url", "final_url", "fetched_at", "status", "state", "sha256")
# 1980-01-01, the first day of a zip: the day of packing says nothing and would make every file another.
_DAY: Final = (1980, 1, 1, 0, 0, 0)
# What an error of the machine may name: "/home/me/x.csv", "C:\Users\me\x.csv", a proxy's "//user:password@", an address such as 10.0.0.5.
_OF_THE_MACHINE: Final = (
    (re.compile(r"(?<![\w.:/])(?:/(?:home|root|tmp|var|usr|opt|srv|mnt|Users|private|work)/|[A-Za-z]:[\\/]|\\\\)[^\s'\"]*"), "<path>"),
    (re.compile(r"//[^/@\s]+@"), "//<user>@"),
    (re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"), "<address>"),
)


class Packed(NamedTuple):
    """What a bundle holds: how many failed checks and pages, and the addresses of pages whose bytes the archive does not have."""

    checks: int
    pages: int
    missing: list[str]


def pack(conn: sqlite3.Connection, archive: Path, file: Path) -> Packed:
    """Write the bundle.

    Args:
        conn: the database.
        archive: the folder of answers.
        file: the zip to write.

    Raises:
        BadInput: the file cannot be written.
    """
    rows = [{key: _public(value) for key, value in row.items()} for row in drift_rows(conn)]
    kept = Archive(archive)
    members: dict[str, bytes] = {}
    pages: list[dict[str, Any]] = []
    missing: list[str] = []
    for page in _pages(conn, rows):
        described = {key: page[key] for key in _COLUMNS}
        is_public = not registry()[page["source"]].credential if page["source"] in registry() else False
        try:
            body = kept.body(page["sha256"]) if is_public else None
        except BadInput:
            body = None
        if body is None:
            missing.append(page["url"])
        else:
            name, media = _member(page["url"], body)
            while name in members:  # another query of the same address
                name = f"more/{name}"
            meta = {
                "fetched_at": page["fetched_at"],
                "status": page["status"],
                "final_url": page["final_url"],
                "headers": {"content-type": media},
            }
            members |= {name: body, f"{name}.meta.json": _json(meta)}
            described["file"] = name
        pages.append(described)
    members[REPORT] = _json({"program": f"hotpatch-kb {__version__}", "checks": rows, "pages": pages})
    _write(file, members)
    return Packed(len(rows), len(pages) - len(missing), missing)


def _pages(conn: sqlite3.Connection, rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the last answers with a body of the pages that the failed checks are about."""
    wanted = {(row["source"], row["page_url"]) for row in rows if row["is_required"] or _PACKED.fullmatch(row["name"])}
    for source, page_url in sorted(wanted):
        # A check may name the page or the address that answered. A "not modified" has no body: its content came before.
        found = conn.execute(
            """select source, page_url, url, final_url, fetched_at, status, state, sha256 from pages where source = ? and ? in (page_url, final_url, url) and status = 200
            order by fetched_at desc, tie desc limit 1""",
            (source, page_url),
        ).fetchone()
        if found is not None:
            yield dict(zip(_COLUMNS, found, strict=True))


def _member(url: str, body: bytes) -> tuple[str, str]:
    """Return where a saved tree has an answer, and its media type."""
    parts, start = urlsplit(url), body.lstrip(b"\xef\xbb\xbf \r\n\t")[:5]
    suffix, media = (
        (".json", "application/json") if start[:1] in {b"{", b"["}
        else (".md", "text/markdown; charset=utf-8") if "accept=text/markdown" in parts.query
        else (".xml", "application/xml") if start == b"<?xml"
        else (".html", "text/html; charset=utf-8")
    )  # fmt: skip
    path = re.sub(r"[^\w./()'=-]", "_", parts.path.strip("/"))
    return f"{parts.hostname}/{path.removesuffix(suffix)}{suffix}", media


def _public(value: Any) -> Any:
    """Return a value of the report without what an error of the machine may name."""
    if isinstance(value, str) and not value.startswith("https://"):
        for pattern, instead in _OF_THE_MACHINE:
            value = pattern.sub(instead, value)
    return value


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8", "backslashreplace")


def _write(file: Path, members: dict[str, bytes]) -> None:
    try:
        with zipfile.ZipFile(file, "w") as archive:
            for name in sorted(members):
                info = zipfile.ZipInfo(name, _DAY)
                info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
                archive.writestr(info, members[name], compresslevel=9)
    except OSError as error:
        raise BadInput("expected a file that can be written, got {error}", error=error) from None
