"""A part of the embedded facts, with which crawls of the tests begin.

A crawl resolves all facts several times: with the update histories of Windows 10 and of Windows 11 it takes five seconds, without them one.
What reads the embedded database itself, and every process of its own, has all of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from hotpatch_kb.db.facts import seed
from hotpatch_kb.scraper.crawl import doctor
from hotpatch_kb.scraper.crawl.run import Run

_EMBEDDED: Final = Run.embedded

_CVES: Final = "facts_kb_cves"
_LEFT_OUT: Final = (
    "/release-health/release-information",
    "/lifecycle/products/",
    "windows-10",
    "windows-11-version-24h2-update-history",
    "kb-cves.tsv",
)


def write(folder: Path) -> None:
    """Write the files of a smaller seed, and its database."""
    pages = list(seed._read("pages.tsv"))
    kept = [number for number, page in enumerate(pages) if not any(part in page["page_url"] for part in _LEFT_OUT)]
    place = {str(old): str(new) for new, old in enumerate(kept)}
    folder.mkdir(parents=True)
    seed._write(folder / "sources.tsv", seed._SOURCES, [list(row.values()) for row in seed._read("sources.tsv") if row["source"] != _CVES])
    seed._write(folder / "pages.tsv", seed._PAGES[1:], [[pages[number][name] for name in seed._PAGES[1:]] for number in kept])
    sections = [row | {"page": place[row["page"]]} for row in seed._read("sections.tsv") if row["page"] in place]
    seed._write(folder / "sections.tsv", seed._SECTIONS, [[row[name] for name in seed._SECTIONS] for row in sections])
    claims = [
        row | {name: place.get(row[name] or "") for name in seed._CLAIMS[:3]} for row in seed._read("claims.tsv") if row["page"] in place
    ]
    seed._write(folder / "claims.tsv", seed._CLAIMS, [[row[name] for name in seed._CLAIMS] for row in claims])
    (folder / seed._FINGERPRINT).write_text(f"{seed._fingerprint(folder)}\n", encoding="utf-8", newline="\n")
    with of(folder):
        seed.build_seed_database(folder / "seed.db")


@contextmanager
def of(folder: Path) -> Iterator[None]:
    """Let crawls and replays of this process begin with the part of the seed in a folder, without the copy of MSRC's data."""
    with pytest.MonkeyPatch.context() as patch:
        begin_with(folder, patch)
        patch.setattr(Run, "embedded", lambda self, sources: _EMBEDDED(self, [source for source in sources if source.source != _CVES]))
        yield


def begin_with(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Let crawls begin with the seed of a folder, and with every embedded table."""
    database = str(folder / "seed.db")
    patch.setattr(seed, "_folder", lambda: folder)
    patch.setattr(seed, "SEED_DATABASE", database)
    patch.setattr(doctor, "SEED_DATABASE", database)
    patch.setattr(doctor, "open_seed_database", lambda: sqlite3.connect(f"file:{doctor.SEED_DATABASE}?mode=ro&immutable=1", uri=True))
    patch.setattr(Run, "embedded", _EMBEDDED)
