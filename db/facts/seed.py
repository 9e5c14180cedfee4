"""The embedded facts: the claims of recorded pages as text files, and the read-only database made from them.

``db/seed/*.tsv`` holds facts only: titles, numbers, dates and addresses, each with its page and the day it was read.
``hotpatch-kb seed`` writes them from a database. The build makes ``seed.db`` from them, so that a lookup needs nothing else.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from hotpatch_kb.db.claims import corrections, history
from hotpatch_kb.db.facts import write
from hotpatch_kb.db.model.claims import stable_id
from hotpatch_kb.db.store import schema
from hotpatch_kb.db.store.connections import SEED_DATABASE

_SOURCES: Final = ("source", "title", "home_url", "licence", "precedence", "due_every", "stands_in_for")
_PAGES: Final = (
    "page", "source", "page_url", "url", "final_url", "fetched_at", "tie", "stated_since", "status", "sha256", "content_sha256", "etag",
    "last_modified", "bytes",
)  # fmt: skip
_SECTIONS: Final = ("page", "section", "row_count", "release_count")
_SECTION_COLUMNS: Final = ("source", "page_url", "content_sha256", "section", "row_count", "release_count")
_CLAIMS: Final = ("page", "last_page", "gone_page", "section", "subject", "field", "value", "value_text", "source_url")
# Folders of ``db/`` from which the embedded database follows, besides its facts.
_RESOLVING: Final = ("claims", "facts", "migrations", "model", "store", "views")
FILES: Final = ("sources.tsv", "pages.tsv", "sections.tsv", "claims.tsv")
_FINGERPRINT: Final = "fingerprint.txt"
# NULL, which a text file cannot tell from an empty text otherwise.
_NULL: Final = "\\N"
# The published text where it equals the value.
_SAME: Final = "="
# The same cell as in the row above.
_DITTO: Final = '"'


def _folder() -> Traversable:
    return files("hotpatch_kb.db").joinpath("seed")


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    lines = ["\t".join(columns)]
    above: list[str] = []
    for row in rows:
        cells = [_NULL if value is None else str(value).replace("\t", " ").replace("\n", " ") for value in row]
        lines.append("\t".join(_DITTO if above and cell == above[place] and len(cell) > 1 else cell for place, cell in enumerate(cells)))
        above = cells
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _read(name: str) -> Iterator[dict[str, Any]]:
    lines = _folder().joinpath(name).read_text(encoding="utf-8").split("\n")
    columns = lines[0].split("\t")
    above: list[str] = []
    for line in lines[1:]:
        if line:
            above = [above[place] if cell == _DITTO else cell for place, cell in enumerate(line.split("\t"))]
            yield {column: None if cell == _NULL else cell for column, cell in zip(columns, above, strict=True)}


def fingerprint() -> str:
    """Return a hash of the embedded facts. An archive whose database began with them records it."""
    return _fingerprint(_folder())


def _fingerprint(folder: Traversable) -> str:
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(folder.joinpath(name).read_bytes())
    return digest.hexdigest()


def recorded_fingerprint() -> str:
    """Return the hash as it was when the embedded facts were written."""
    return _folder().joinpath(_FINGERPRINT).read_text(encoding="utf-8").strip()


def embedded_claims() -> list[tuple[Any, ...]]:
    """Return the claims of the embedded facts as rows of ``claims``, sorted by id."""
    pages = _pages()
    return sorted((_claim_row(row, pages) for row in _read("claims.tsv")), key=lambda row: row[0])


def write_seed(conn: sqlite3.Connection, folder: Path) -> dict[str, int]:
    """Write the claims of a database as the files of ``db/seed``.

    Returns:
        the number of rows of each file, by its name without ``.tsv``.
    """
    pages = conn.execute(
        f"select {', '.join(_PAGES)} from pages where state = 'accepted' order by fetched_at, source, page_url, tie"
    ).fetchall()
    places = {page[0]: place for place, page in enumerate(pages)}
    by_time = {(page[1], page[2], page[5]): place for place, page in enumerate(pages)}
    by_content: dict[tuple[str, str, str], int] = {}
    for place, page in enumerate(pages):
        by_content.setdefault((page[1], page[2], page[10]), place)
    sections = [
        (by_content[source, page_url, content], *rest)
        for source, page_url, content, *rest in conn.execute(
            f"select {', '.join(_SECTION_COLUMNS)} from sections order by source, page_url, content_sha256, section"
        )
        if (source, page_url, content) in by_content
    ]
    claims = [
        (
            places[page], by_time[source, page_url, last], None if gone is None else by_time[source, page_url, gone],
            section, subject, field, value, _SAME if text == value else text, source_url,
        )
        for page, source, page_url, section, subject, field, value, text, source_url, last, gone in conn.execute(
            """select page, source, page_url, section, subject, field, value, value_text, source_url, last_seen_at, gone_at from claims
            order by source, page_url, section, subject, field, first_seen_at"""
        )
    ]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    sources = conn.execute(
        f"select {', '.join(_SOURCES)} from sources where source in (select source from pages) order by source"
    ).fetchall()
    _write(folder / "sources.tsv", _SOURCES, sources)
    _write(folder / "pages.tsv", _PAGES[1:], [page[1:] for page in pages])
    _write(folder / "sections.tsv", _SECTIONS, sorted(sections))
    _write(folder / "claims.tsv", _CLAIMS, claims)
    (folder / _FINGERPRINT).write_text(f"{_fingerprint(folder)}\n", encoding="utf-8", newline="\n")
    return {"sources": len(sources), "pages": len(pages), "sections": len(sections), "claims": len(claims)}


def load_seed(conn: sqlite3.Connection) -> None:
    """Fill an empty database with the embedded facts. Runs in the caller's transaction, with foreign keys deferred."""
    import sqlite_utils  # noqa: PLC0415 (0.2 s to import, and reading commands need none of it)

    db = sqlite_utils.Database(conn)
    pages = _pages()
    claims = list(_read("claims.tsv"))
    read_at = max(page["fetched_at"] for page in pages)
    run = {
        "run": 1, "started_at": read_at, "ended_at": read_at, "kind": "seed", "state": "done", "pages_read": len(pages), "pages_parsed": len(pages),
        "claims_added": len(claims), "claims_ended": sum(claim["gone_page"] is not None for claim in claims), "facts_changed": 0,
    }  # fmt: skip
    db.table("runs").insert(run)
    db.table("sources").insert_all({**row, "state": "ok"} for row in _read("sources.tsv"))
    db.table("pages").insert_all({**page, "state": "accepted", "run": 1} for page in pages)
    db.table("sections").insert_all(
        {name: (row if name in row else pages[int(row["page"])])[name] for name in _SECTION_COLUMNS} for row in _read("sections.tsv")
    )
    history.name_subjects(conn, {claim["subject"] for claim in claims})
    conn.executemany(history.INSERT_CLAIM, [_claim_row(row, pages) for row in claims])
    corrections.write_corrections(conn, corrections.load_corrections())
    changed = write.publish(conn, "")
    write.write_lines(conn)
    conn.execute("update runs set facts_changed = ? where run = 1", (changed,))


def _pages() -> list[dict[str, Any]]:
    pages = list(_read("pages.tsv"))
    for page in pages:
        page["page"] = stable_id(page["url"], page["fetched_at"], page["status"], page["sha256"])
    return pages


def _claim_row(row: dict[str, Any], pages: list[dict[str, Any]]) -> tuple[Any, ...]:
    first, last = pages[int(row["page"])], pages[int(row["last_page"])]
    text = row["value"] if row["value_text"] == _SAME else row["value_text"]
    key = (first["source"], first["page_url"], row["section"], row["subject"], row["field"])
    return (
        stable_id(*key, row["value"], first["fetched_at"]), *key, row["value"], text or "", row["source_url"], first["stated_since"],
        first["fetched_at"], last["fetched_at"], pages[int(row["gone_page"])]["fetched_at"] if row["gone_page"] else None, first["page"],
    )  # fmt: skip


def build_seed_database(target: Path) -> None:
    """Make the read-only database of the embedded facts. The same facts give the same bytes with the same version of SQLite."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    with closing(schema.open_for_writing(part)) as conn:
        with schema.transaction(conn):
            load_seed(conn)
        # Without a journal beside it, the file can be opened to read where nothing can be written.
        conn.execute("pragma journal_mode = delete")
        conn.execute("update _sqlite_migrations set applied_at = (select started_at from runs)")
        conn.execute(f"pragma application_id = {_stamp()}")
        conn.execute("vacuum")
    part.replace(target)


def copy_seed_database(target: Path) -> bool:
    """Make a new database that is the embedded one, which takes a tenth of the time of ``load_seed``. Return whether it did.

    In a checkout whose code or facts changed since it was installed, the embedded database is of before, and is not copied.

    Args:
        target: a file that is not there, or is empty. It exists once it is whole.
    """
    source = Path(SEED_DATABASE)
    if not source.is_file():
        return False
    with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro&immutable=1", uri=True)) as conn:
        if conn.execute("pragma application_id").fetchone()[0] != _stamp():
            return False
    part = target.with_name(f"{target.name}.part")
    try:
        shutil.copyfile(source, part)
        with closing(sqlite3.connect(part)) as conn:
            conn.execute("pragma application_id = 0")
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return True


def _stamp() -> int:
    """Return a number of the embedded facts and of the code that resolves them, as an application id holds it."""
    digest = zlib.crc32(fingerprint().encode())
    package = files("hotpatch_kb.db")
    for folder in _RESOLVING:
        for file in sorted(package.joinpath(folder).iterdir(), key=lambda file: file.name):
            if file.name.endswith((".py", ".sql")):
                digest = zlib.crc32(file.read_bytes(), digest)
    for name in ("corrections.csv", "schema.sql"):
        digest = zlib.crc32(package.joinpath(name).read_bytes(), digest)
    return digest & 0x7FFFFFFF
