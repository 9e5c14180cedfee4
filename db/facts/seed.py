"""The embedded facts: the claims of recorded pages as text files, and the read-only database that is made of them.

``db/seed/*.tsv`` holds facts only: titles, numbers, dates and addresses, each with its page and the day it was read.
``hotpatch-kb seed`` writes them from a database; the build makes ``seed.db`` of them, so that lookups need nothing else.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from hotpatch_kb.db.claims import corrections, history
from hotpatch_kb.db.facts import write
from hotpatch_kb.db.model.ids import stable_id
from hotpatch_kb.db.store import schema

_SOURCES: Final = ("source", "title", "home_url", "licence", "precedence", "due_every", "stands_in_for")
_PAGES: Final = (
    "page", "source", "page_url", "url", "final_url", "fetched_at", "tie", "stated_since", "status", "sha256", "content_sha256", "etag",
    "last_modified", "bytes",
)  # fmt: skip
_SECTIONS: Final = ("page", "section", "row_count", "release_count")
_CLAIMS: Final = ("page", "last_page", "gone_page", "section", "subject", "field", "value", "value_text", "source_url")
FILES: Final = ("sources.tsv", "pages.tsv", "sections.tsv", "claims.tsv")
_FINGERPRINT: Final = "fingerprint.txt"
# A value that is empty in the page and one that there is not, told apart in a text file.
_NULL: Final = "\\N"
_SAME: Final = "="
# What stands in the row above.
_DITTO: Final = '"'


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    lines = ["\t".join(columns)]
    above: list[str] = []
    for row in rows:
        cells = [_NULL if value is None else str(value).replace("\t", " ").replace("\n", " ") for value in row]
        lines.append("\t".join(_DITTO if above and cell == above[place] and len(cell) > 1 else cell for place, cell in enumerate(cells)))
        above = cells
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _read(name: str) -> Iterator[dict[str, Any]]:
    lines = files("hotpatch_kb.db").joinpath("seed", name).read_text(encoding="utf-8").split("\n")
    columns = lines[0].split("\t")
    above: list[str] = []
    for line in lines[1:]:
        if line:
            above = [above[place] if cell == _DITTO else cell for place, cell in enumerate(line.split("\t"))]
            yield {column: None if cell == _NULL else cell for column, cell in zip(columns, above, strict=True)}


def fingerprint() -> str:
    """Hash of the embedded facts, noted in an archive whose database began with them."""
    return _fingerprint(files("hotpatch_kb.db").joinpath("seed"))


def _fingerprint(folder: Traversable) -> str:
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(folder.joinpath(name).read_bytes())
    return digest.hexdigest()


def recorded_fingerprint() -> str:
    """What the fingerprint was when the embedded facts were written."""
    return files("hotpatch_kb.db").joinpath("seed", _FINGERPRINT).read_text(encoding="utf-8").strip()


def embedded_claims() -> list[tuple[Any, ...]]:
    """The claims of the embedded facts, as the database of them has them, sorted."""
    pages = _pages()
    return sorted((_claim_row(row, pages) for row in _read("claims.tsv")), key=lambda row: row[0])


def write_seed(conn: sqlite3.Connection, folder: Path) -> dict[str, int]:
    """Writes the claims of a database as the files of a seed.

    Returns:
        the number of rows per file.
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
            "select source, page_url, content_sha256, section, row_count, release_count from sections order by source, page_url, content_sha256, section"
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
    """Fills an empty database with the embedded facts. In the caller's transaction, foreign keys deferred."""
    pages = _pages()
    read_at = max(page["fetched_at"] for page in pages)
    claims = list(_read("claims.tsv"))
    conn.execute(
        "insert into runs values (1, ?, ?, 'seed', 'done', ?, ?, ?, ?, 0)",
        (read_at, read_at, len(pages), len(pages), len(claims), sum(1 for c in claims if c["gone_page"])),
    )
    conn.executemany(
        f"insert into sources ({', '.join(_SOURCES)}, state) values ({', '.join('?' * len(_SOURCES))}, 'ok')",
        [tuple(row[name] for name in _SOURCES) for row in _read("sources.tsv")],
    )
    conn.executemany(
        f"insert into pages ({', '.join(_PAGES)}, state, run) values ({', '.join('?' * len(_PAGES))}, 'accepted', 1)",
        [tuple(page[name] for name in _PAGES) for page in pages],
    )
    conn.executemany(
        "insert into sections values (?, ?, ?, ?, ?, ?)",
        [
            (page["source"], page["page_url"], page["content_sha256"], row["section"], row["row_count"], row["release_count"])
            for row in _read("sections.tsv")
            for page in (pages[int(row["page"])],)
        ],
    )
    history.name_subjects(conn, {claim["subject"] for claim in claims})
    conn.executemany(
        history.INSERT_CLAIM,
        [_claim_row(row, pages) for row in claims],
    )
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
    """Makes the read-only database of the embedded facts. The same facts give the same bytes with the same SQLite."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    conn = schema.open_for_writing(part)
    with schema.transaction(conn):
        load_seed(conn)
    # A file that is only read is opened without a journal beside it, from places that cannot be written.
    conn.execute("pragma journal_mode = delete")
    conn.execute("update _sqlite_migrations set applied_at = (select started_at from runs)")
    conn.execute("vacuum")
    conn.close()
    part.replace(target)
