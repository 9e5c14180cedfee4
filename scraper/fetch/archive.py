"""The archive: every answer as served, under its SHA-256, and a log of when, from where, with what status and headers.

It is kept beside the published database and never served. The database may be deleted at any time: a replay makes it again.

Every answer of support.microsoft.com has a different tracking number. An answer that differs from an earlier one of its address in
nothing else is a line of the log alone, which names the earlier one and has the tags. Whole, 20 pages of 150 kB that say nothing new would
be 3 MB a day.

Power may fail between any two writes, so what is read is checked: that a file has the hash that is its name, that a line of the log is
whole. ``sync`` comes before the database is written: the archive of a database has on the disk what the database has.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

from hotpatch_kb.db.claims.pages import page_id_of
from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.fetch.archive_log import REPAIRED_BY, ArchiveLog, Entry

# A different value in every response of support.microsoft.com: <meta name="awa-expid" content="…">
# The tag's end is looked for first: a tag of many such names and no end took 4.6 s for 136 kB, and four times as much for twice as many.
_VOLATILE: Final = re.compile(rb"<meta\b(?=[^<>]*>)[^<>]*\bname\s*=\s*[\"']awa-(?:expid|userFlightingId)[\"'][^<>]*>", re.IGNORECASE)
# More lines than a run logs: 200 articles at most, 6 months of security data, some 50 fixed pages.
_LAST_LINES: Final = 1000


def content_sha256(body: bytes) -> str:
    """Return the hash of what a page says: of its bytes without the tags that differ in every response."""
    return hashlib.sha256(_VOLATILE.sub(b"", body)).hexdigest()


class Archive:
    """A folder of answers. Files are named by their content, never by an address.

    Attributes:
        folder: where it is.
        log: its log.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] = lambda _: None) -> None:
        """Open an archive; the folder is made when the first answer is kept.

        Args:
            folder: where it is.
            say: takes a message on what was found broken, and on what was repaired.
        """
        self.folder = folder
        self.log = ArchiveLog(folder / "log.jsonl", say)
        self._say = say
        self._logged: set[int] | None = None  # every answer of the log, where that had to be read
        self._added: set[int] = set()  # those that this object logged
        self._newest: str | None = None  # newest fetch time in the log's last lines when this object first looked
        self._touched: set[Path] = set()  # folders that are not synced yet

    # Keeping

    def keep(self, page: Page, like: str | None = None, *, is_loaded: bool = False) -> str:
        """Store an answer and log it, unless it was logged before.

        Args:
            page: the answer.
            like: the hash of an earlier answer of its address, from which it may differ in nothing but the tags that differ in every answer.
            is_loaded: the database already had it (embedded facts, another archive). Earlier log lines may still be unloaded.

        Returns:
            the SHA-256 of the bytes as served.
        """
        sha256 = hashlib.sha256(page.body).hexdigest()
        tags = self._other_tags(like, page.body) if like is not None and like != sha256 else None
        more: Entry = {"was_loaded": True} if is_loaded else {}
        if tags is None:
            self._store(sha256, page.body)
            self._append(page, sha256, more)
        else:
            self._append(page, sha256, {"like": like, "tags": tags, **more})
        return sha256

    def keep_unchanged(self, page: Page, sha256: str) -> None:
        """Log an answer "304 Not Modified": the content of that hash was seen again."""
        self._append(page, sha256, {})

    def keep_seed(self, fingerprint: str) -> None:
        """Log that the database began with the embedded facts."""
        if not any("seed" in entry for entry in self.log.entries(strict=False)):
            self._log({"seed": fingerprint})

    def sync(self) -> None:
        """Make sure that everything kept is on the disk, names of files included. Call it before the database is written."""
        if self._touched:
            self.log.sync()
            for folder in {*self._touched, self.folder, self.folder.parent}:
                _sync_folder(folder)
            self._touched.clear()

    def _store(self, sha256: str, body: bytes) -> None:
        target = self.file(sha256)
        try:
            if target.read_bytes() == body:
                return
            self._say(f"{target}: expected content of its name's hash, got other bytes: replaced by the answer that has it")
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{sha256}.{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        self._touched.add(target.parent)

    def _append(self, page: Page, sha256: str, more: Entry) -> None:
        key = page_id_of(page.url, page.fetched_at, page.status, sha256)
        if self._is_logged(key, page.fetched_at):
            return
        self._log(
            {
                "source": page.source, "page_url": page.page_url, "url": page.url, "final_url": page.final_url, "fetched_at": page.fetched_at,
                "status": page.status, "sha256": sha256, "bytes": len(page.body), "headers": dict(page.headers), **more,
            }
        )  # fmt: skip
        self._added.add(key)

    def _log(self, entry: Entry) -> None:
        self.log.append(entry)
        self._touched.add(self.folder)

    def _is_logged(self, key: int, fetched_at: str) -> bool:
        """Return whether the log has an answer. One that is newer than the log's end is not in it, so years of the log need not be read."""
        if key in self._added:
            return True
        if self._newest is None:
            last = (line.entry for line in islice(self.log.lines_from_end(), _LAST_LINES))
            self._newest = max((entry["fetched_at"] for entry in last if entry and "url" in entry), default="")
        if fetched_at > self._newest:
            return False
        if self._logged is None:
            self._logged = self.ids()
        return key in self._logged

    def _other_tags(self, like: str, body: bytes) -> dict[str, str] | None:
        """Return the volatile tags in which a body differs from another, by position; None where they differ in anything else."""
        try:
            other = self.body(like)
        except BadInput:
            return None
        before, now = _VOLATILE.findall(other), _VOLATILE.findall(body)
        if not all(map(bytes.isascii, now)):
            return None
        tags = {str(place): tag.decode("ascii") for place, (old, tag) in enumerate(zip(before, now, strict=False)) if old != tag}
        return tags if _with_tags(other, tags) == body else None

    # Bytes

    def file(self, sha256: str) -> Path:
        """Return where the bytes of a hash are, or would be."""
        return self.folder / sha256[:2] / sha256

    def body(self, sha256: str) -> bytes:
        """Return the bytes of a hash.

        Raises:
            BadInput: the file is missing, or its bytes have another hash than its name.
        """
        target = self.file(sha256)
        try:
            body = target.read_bytes()
        except OSError as error:
            raise BadInput("expected an answer in the archive, got {error}; {repair}", error=error, repair=REPAIRED_BY) from None
        if hashlib.sha256(body).hexdigest() != sha256:
            raise BadInput(
                "expected content of its name's hash in {file}, got {size} other bytes; {repair}",
                file=target,
                size=len(body),
                repair=REPAIRED_BY,
            )
        return body

    def body_of(self, entry: Mapping[str, Any]) -> bytes:
        """Return the bytes of a line of the log, as served.

        Raises:
            BadInput: a file is missing or damaged, or the tags of the line do not make its answer from the other one.
        """
        if "like" not in entry:
            return self.body(entry["sha256"])
        body = _with_tags(self.body(entry["like"]), entry["tags"])
        if hashlib.sha256(body).hexdigest() != entry["sha256"]:
            raise BadInput(
                "expected the answer {sha256} of {like} and its tags, got another; {repair}",
                sha256=entry["sha256"],
                like=entry["like"],
                repair=REPAIRED_BY,
            )
        return body

    def has(self, sha256: str) -> bool:
        """Return whether the bytes of a hash are there, undamaged."""
        try:
            self.body(sha256)
        except BadInput:
            return False
        return True

    # Answers

    def began_with_seed(self) -> bool:
        """Return whether the database of this archive began with the embedded facts; one without any archive did."""
        return not self.log.path.exists() or any("seed" in entry for entry in self.log.entries())

    def ids(self) -> set[int]:
        """Return the id of every logged answer, as in the database."""
        return {_id(entry) for entry in self.log.entries(strict=False) if "url" in entry}

    def is_empty(self) -> bool:
        """Return whether no answer is logged."""
        return not any("url" in entry for entry in self.log.entries(strict=False))

    def pages(self) -> Iterator[Page]:
        """Yield every logged answer with its bytes, in the order of fetch times; of one time, in the order of the log.

        Raises:
            BadInput: a file is missing or damaged, or a line cannot be read.
        """
        for entry in sorted((entry for entry in self.log.entries() if "url" in entry), key=_fetched_at):
            yield self._page(entry)

    def pages_not_loaded(self, is_loaded: Callable[[int], bool]) -> Iterator[Page]:
        """Yield the answers after the last one of the log that was loaded, in the same order; one that cannot be read is reported and left out.

        A run loads all that it logged, or nothing: so what was not loaded is at the end, and years of a log need not be read for it.
        An answer marked ``was_loaded`` is skipped: answers before it may not be loaded.

        Args:
            is_loaded: whether the answer of an id was loaded.
        """
        entries = []
        for line in self.log.lines_from_end():
            if line.entry is None:
                if not line.is_cut:
                    self.log.report(line)
            elif "url" in line.entry:
                if not is_loaded(_id(line.entry)):
                    entries.append(line.entry)
                elif not line.entry.get("was_loaded"):
                    break
        entries.reverse()
        for entry in sorted(entries, key=_fetched_at):
            try:
                page = self._page(entry)
            except BadInput as error:
                self._say(f"left out: {entry['url']} of {entry['fetched_at']}: {error}")
                continue
            yield page

    def _page(self, entry: Entry) -> Page:
        return Page(
            source=entry["source"], page_url=entry["page_url"], url=entry["url"], final_url=entry["final_url"],
            fetched_at=entry["fetched_at"], status=entry["status"], body=self.body_of(entry), headers=entry["headers"],
        )  # fmt: skip


def _with_tags(body: bytes, tags: Mapping[str, str]) -> bytes:
    """Return a body with other tags in the places of those that differ in every answer."""
    places = count()

    def replacement(match: re.Match[bytes]) -> bytes:
        tag = tags.get(str(next(places)))
        return match.group() if tag is None else tag.encode("ascii")

    return _VOLATILE.sub(replacement, body)


def _id(entry: Entry) -> int:
    return page_id_of(entry["url"], entry["fetched_at"], entry["status"], entry["sha256"])


def _fetched_at(entry: Entry) -> str:
    return str(entry["fetched_at"])


def _sync_folder(folder: Path) -> None:
    """Write the names of a folder's files to the disk. Windows cannot, and its file system does so by itself."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:  # a network file system that cannot sync a folder
            raise
    finally:
        os.close(handle)
