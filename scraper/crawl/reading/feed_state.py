"""What is kept of a feed between two updates, in ``<db>.feed.json``: the index that was taken last, and when and how it was asked last."""

from __future__ import annotations

import json
import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from hotpatch_kb.scraper.crawl.due import FIRST_RETRY, next_read, written

FEED_VARIABLE: Final = "HOTPATCH_KB_FEED"  # the address or the folder of the export, for every command that takes one
# As often as the pages that list releases. So this instance has a fact at most that long after the one that exports it.
PACE: Final = timedelta(hours=6)
ON_RELEASE: Final = timedelta(minutes=30)


def read(db: Path) -> dict[str, Any]:
    """Return what is kept beside a database: ``taken``, of the index that was taken last, and ``tried``, of the last question; {} for nothing.

    A file that cannot be read counts as missing: the next update asks for the whole index, and compares its facts with those of the database.
    """
    try:
        kept = json.loads(_file(db).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return kept if isinstance(kept, dict) and all(isinstance(part, dict) for part in kept.values()) else {}


def keep(db: Path, name: str, now: datetime, *, taken: dict[str, str] | None = None, refused: str = "", failed: bool = False) -> None:
    """Note that a feed was asked.

    Args:
        db: the database, which the file is beside.
        name: the address or the folder of the feed.
        now: UTC.
        taken: what to keep of the index, where it was taken.
        refused: why it was refused, "" where it was not.
        failed: whether it was refused, could not be reached, or has a page that was refused.
    """
    kept = read(db)
    before = kept.get("tried", {})
    times = before.get("failed", 0) + 1 if failed and before.get("name") == name else int(failed)
    kept["tried"] = {"name": name, "at": written(now), "failed": times, "refused": refused}
    part = _file(db).with_name(f"{_file(db).name}.{os.getpid()}.part")
    part.write_text(json.dumps(kept | ({"taken": taken} if taken else {}), indent=1) + "\n", encoding="utf-8")
    part.replace(_file(db))


def due(db: Path, name: str, now: datetime) -> tuple[datetime, str]:
    """Return when a feed is to be asked again (UTC; in the past where it is overdue), and why then, at the rhythm of a source that lists releases."""
    tried = read(db).get("tried", {})
    last = datetime.fromisoformat(tried["at"]).astimezone(UTC) if tried.get("name") == name else None
    if last is None or last > now:  # the clock was set back
        return now, "it was never asked" if last is None else "its time has come"
    if times := tried["failed"]:
        return last + min(PACE, FIRST_RETRY * 2 ** min(times - 1, 20)), f"it failed {times} time{'s' if times > 1 else ''}"
    return next_read(last, PACE, ON_RELEASE)


def name(db: Path) -> str | None:
    """Return the feed that was asked last, None where none was."""
    found: str | None = read(db).get("tried", {}).get("name")
    return found


def trouble(db: Path, conn: sqlite3.Connection) -> tuple[str, str] | None:
    """Return the feed that was refused when it was asked last, and why; None where none was, or a run has read pages since."""
    tried = read(db).get("tried", {})
    if not tried.get("refused"):
        return None
    since = conn.execute("select count(*) from runs where kind = 'crawl' and started_at > ?", (tried["at"],)).fetchone()[0]
    return None if since else (tried["name"], tried["refused"])


def _file(db: Path) -> Path:
    return db.with_name(f"{db.name}.feed.json")
