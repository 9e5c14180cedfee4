"""The archive: every answer as served, under its SHA-256, and a log of when, from where, with what status and headers.

It lies beside the published database and is never served. The database may be deleted at any time: a replay makes it again.

Every answer of support.microsoft.com has another tracking number (case 15). One that differs from an earlier answer of its address in
nothing else is a line of the log alone: which answer it is like, and its tags. Whole, 20 pages of 150 kB that say nothing new would be 3 MB a day.

Power may fail between any two writes, so nothing is believed that was not looked at: a file is what the hash in its name says, a line
is one that can be read. ``sync`` comes before the database is written: what a database holds, its archive has on the disk.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import count, islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.claims.pages import page_id_of
from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import BadInput

# A fresh value in every response of support.microsoft.com (case 15): <meta name="awa-expid" content="…">
# The tag's end is looked for first: a tag of many such names and no end took 4.6 s for 136 kB, and four times as much for twice as many.
_VOLATILE: Final = re.compile(rb"<meta\b(?=[^<>]*>)[^<>]*\bname\s*=\s*[\"']awa-(?:expid|userFlightingId)[\"'][^<>]*>", re.IGNORECASE)

# What a line of an answer has; the hash becomes the name of a file.
_FIELDS: Final = {
    "source": str, "page_url": str, "url": str, "final_url": str, "fetched_at": str, "status": int, "sha256": str, "headers": dict,
}  # fmt: skip
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
# The log is read from its end, by as much.
_BLOCK: Final = 2**20
# Its last lines, more than a run logs: 200 articles at most, 6 months of security data, some 50 fixed pages.
_LAST: Final = 1000
MENDED_BY: Final = "hotpatch-kb doctor --repair moves it aside"


def content_sha256(body: bytes) -> str:
    """Hash of what a page says: the bytes without the tags that differ in every response."""
    return hashlib.sha256(_VOLATILE.sub(b"", body)).hexdigest()


class Line(NamedTuple):
    """A line of the log that is whole, or what is wrong with it.

    Attributes:
        number: its place, counted from 1; 0 where it was not counted.
        text: as it stands.
        entry: what it says; None where it cannot be read.
        is_cut: it is the last one and has no end: a run was killed, or power failed, while it was written.
    """

    number: int
    text: bytes
    entry: dict[str, Any] | None
    is_cut: bool


class Archive:
    """A folder of answers. Files are named by their content, never by an address."""

    def __init__(self, folder: Path, say: Callable[[str], None] = lambda _: None) -> None:
        """Opens an archive; the folder is made when the first answer is kept.

        Args:
            folder: where it is.
            say: takes a line on what was found broken and mended while answers were kept.
        """
        self.folder = folder
        self.log = folder / "log.jsonl"
        self._say = say
        self._known: set[int] | None = None  # every answer of the log, where that had to be read
        self._added: set[int] = set()  # those that this object logged
        self._newest: str | None = None  # fetch time of the newest answer near the end of the log, as it was before
        self._touched: set[Path] = set()

    def file(self, sha256: str) -> Path:
        """Where the bytes of a hash are, or would be."""
        return self.folder / sha256[:2] / sha256

    def keep(self, page: Page, like: str | None = None, *, is_loaded: bool = False) -> str:
        """Stores an answer and logs it, unless it was logged before.

        Args:
            page: the answer.
            like: the hash of an earlier answer of its address, from which it may differ in nothing but the tags that differ in every answer.
            is_loaded: the database has it already, of the embedded facts or of another archive; what is logged before it need not be loaded.

        Returns:
            the SHA-256 of the bytes as served.
        """
        sha256 = hashlib.sha256(page.body).hexdigest()
        tags = self._tags_beside(like, page.body) if like is not None and like != sha256 else None
        more = {"was_loaded": True} if is_loaded else {}
        if tags is None:
            self._store(sha256, page.body)
            self._append(page, sha256, more)
        else:
            self._append(page, sha256, {"like": like, "tags": tags, **more})
        return sha256

    def body(self, sha256: str) -> bytes:
        """The bytes of a hash.

        Raises:
            BadInput: the file is missing or is not what its name says.
        """
        target = self.file(sha256)
        try:
            body = target.read_bytes()
        except OSError as error:
            raise BadInput("expected an answer in the archive, got {error}; {repair}", error=error, repair=MENDED_BY) from None
        if hashlib.sha256(body).hexdigest() != sha256:
            raise BadInput(
                "expected content of its name's hash in {file}, got {size} other bytes; {repair}",
                file=target,
                size=len(body),
                repair=MENDED_BY,
            )
        return body

    def body_of(self, entry: Mapping[str, Any]) -> bytes:
        """The bytes of a line of the log, as served.

        Raises:
            BadInput: a file is missing or is not what its name says, or the tags of the line do not make its answer of the other one.
        """
        if "like" not in entry:
            return self.body(entry["sha256"])
        body = _with_tags(self.body(entry["like"]), entry["tags"])
        if hashlib.sha256(body).hexdigest() != entry["sha256"]:
            raise BadInput(
                "expected the answer {sha256} of {like} and its tags, got another; {repair}",
                sha256=entry["sha256"],
                like=entry["like"],
                repair=MENDED_BY,
            )
        return body

    def _tags_beside(self, like: str, body: bytes) -> dict[str, str] | None:
        """What tags a body has instead of those of another one, by their places; None where that is not all that differs."""
        try:
            other = self.body(like)
        except BadInput:
            return None
        was, now = _VOLATILE.findall(other), _VOLATILE.findall(body)
        if not all(map(bytes.isascii, now)):
            return None
        tags = {str(place): tag.decode("ascii") for place, (old, tag) in enumerate(zip(was, now, strict=False)) if old != tag}
        return tags if _with_tags(other, tags) == body else None

    def has(self, sha256: str) -> bool:
        """Whether the bytes of a hash are there, unharmed."""
        try:
            self.body(sha256)
        except BadInput:
            return False
        return True

    def keep_unchanged(self, page: Page, sha256: str) -> None:
        """Logs an answer "304 Not Modified": the content of that hash was seen again."""
        self._append(page, sha256)

    def keep_seed(self, fingerprint: str) -> None:
        """Notes that the database began with the embedded facts."""
        if not self.log.exists() or not any("seed" in entry for entry in self._entries(strict=False)):
            self._write({"seed": fingerprint})

    def sync(self) -> None:
        """Makes sure that everything kept is on the disk, names of files included. To be called before the database is written."""
        if self._touched:
            with self.log.open("ab") as file:
                os.fsync(file.fileno())
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

    def _append(self, page: Page, sha256: str, more: Mapping[str, Any] | None = None) -> None:
        key = page_id_of(page.url, page.fetched_at, page.status, sha256)
        if self._is_logged(key, page.fetched_at):
            return
        self._write(
            {
                "source": page.source, "page_url": page.page_url, "url": page.url, "final_url": page.final_url, "fetched_at": page.fetched_at,
                "status": page.status, "sha256": sha256, "bytes": len(page.body), "headers": dict(page.headers), **(more or {}),
            }
        )  # fmt: skip
        self._added.add(key)

    def _is_logged(self, key: int, fetched_at: str) -> bool:
        """Whether an answer stands in the log. What is newer than its end cannot: years of a log need not be read for it."""
        if key in self._added:
            return True
        if self._newest is None:
            last = (line.entry for line in islice(self._lines_from_end(), _LAST))
            self._newest = max((entry["fetched_at"] for entry in last if entry and "url" in entry), default="")
        if fetched_at > self._newest:
            return False
        if self._known is None:
            self._known = self.ids()
        return key in self._known

    def _write(self, entry: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.cut_torn_end()
        size = self.log.stat().st_size if self.log.exists() else 0
        try:
            with self.log.open("ab") as file:
                file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        except OSError:  # a full disk, say: half a line would be glued to the next one
            if self.log.exists() and self.log.stat().st_size > size:
                os.truncate(self.log, size)
            raise
        self._touched.add(self.folder)

    def cut_torn_end(self) -> int:
        """Takes half a last line off the log, since the next one would be glued to it. Its answer was loaded nowhere.

        Returns:
            how many bytes were taken off.
        """
        if not self.log.exists():
            return 0
        with self.log.open("r+b") as file:
            size = end = file.seek(0, os.SEEK_END)
            while end > 0:
                start = max(0, end - 65536)
                file.seek(start)
                found = file.read(end - start).rfind(b"\n")
                if found >= 0:
                    end = start + found + 1
                    break
                end = start
            file.seek(end)
            if end < size and read_line(file.read()) is not None:  # whole but for its end, as some editors save it
                file.write(b"\n")
                return 0
            if end < size:
                file.truncate(end)
                self._say(f"{self.log}: {size - end} bytes of a line that was never written whole are taken off its end")
        return size - end

    def lines(self) -> Iterator[Line]:
        """The log as it stands, line by line."""
        if not self.log.exists():
            return
        with self.log.open("rb") as file:
            for number, text in enumerate(file, 1):
                entry = read_line(text)
                yield Line(number, text, entry, entry is None and not text.endswith(b"\n"))

    def _lines_from_end(self) -> Iterator[Line]:
        """The same from the last line on. Their places are not counted: each number is 0."""
        if not self.log.exists():
            return
        with self.log.open("rb") as file:
            at = file.seek(0, os.SEEK_END)
            is_last, rest = True, b""
            while at:
                start = max(0, at - _BLOCK)
                file.seek(start)
                first, *texts = (file.read(at - start) + rest).split(b"\n")
                at, rest = start, first
                for text in reversed(texts if start else [first, *texts]):
                    if text:
                        entry = read_line(text)
                        yield Line(0, text, entry, entry is None and is_last)
                    is_last = False

    def _entries(self, *, strict: bool = True) -> Iterator[dict[str, Any]]:
        """What the log says.

        Args:
            strict: a line that cannot be read is an error, since its answer would be lost without a word; else one is said to be left out.

        Raises:
            BadInput: a line cannot be read.
        """
        for line in self.lines():
            if line.entry is not None:
                yield line.entry
            elif not line.is_cut:
                note = _unreadable(self.log, line)
                if strict:
                    raise BadInput(note)
                self._say(f"left out: {note}")

    def began_with_seed(self) -> bool:
        """Whether the database of this archive began with the embedded facts; so does one without any archive."""
        return not self.log.exists() or any("seed" in entry for entry in self._entries())

    def ids(self) -> set[int]:
        """The number of every logged answer, as the database has it."""
        return {_id(entry) for entry in self._entries(strict=False) if "url" in entry}

    def is_empty(self) -> bool:
        """Whether no answer is logged."""
        return not any("url" in entry for entry in self._entries(strict=False))

    def pages(self) -> Iterator[Page]:
        """Every logged answer with its bytes, one at a time, in the order of fetch times; of one time, in the order of the log.

        Raises:
            BadInput: a file is missing or is not what its name says, or a line cannot be read.
        """
        for entry in sorted((e for e in self._entries() if "url" in e), key=lambda e: str(e["fetched_at"])):
            yield self._page(entry)

    def pages_behind(self, is_loaded: Callable[[int], bool]) -> Iterator[Page]:
        """Answers behind the last one of the log that was loaded, in the same order; one that cannot be read is said to be left out.

        A run loads all that it logged, or nothing: so what no run loaded stands at the end, and years of a log need not be read for it.
        An answer that had been loaded when it was logged says nothing of those before it.

        Args:
            is_loaded: whether the answer of a number was loaded.
        """
        left = []
        for line in self._lines_from_end():
            if line.entry is None:
                if not line.is_cut:
                    self._say(f"left out: {_unreadable(self.log, line)}")
            elif "url" in line.entry:
                if not is_loaded(_id(line.entry)):
                    left.append(line.entry)
                elif not line.entry.get("was_loaded"):
                    break
        left.reverse()
        for entry in sorted(left, key=lambda e: str(e["fetched_at"])):
            try:
                page = self._page(entry)
            except BadInput as error:
                self._say(f"left out: {entry['url']} of {entry['fetched_at']}: {error}")
                continue
            yield page

    def _page(self, entry: dict[str, Any]) -> Page:
        return Page(
            source=entry["source"], page_url=entry["page_url"], url=entry["url"], final_url=entry["final_url"],
            fetched_at=entry["fetched_at"], status=entry["status"], body=self.body_of(entry), headers=entry["headers"],
        )  # fmt: skip


def read_line(text: bytes) -> dict[str, Any] | None:
    """What a line of the log says; None if it is not one that was written whole."""
    try:
        entry = json.loads(text)
    except ValueError:  # no JSON, or bytes that are no UTF-8
        return None
    if not isinstance(entry, dict):
        return None
    is_page = all(isinstance(entry.get(name), kind) for name, kind in _FIELDS.items()) and _SHA256.fullmatch(entry["sha256"])
    if is_page and "like" in entry:
        like = entry["like"]
        is_page = _SHA256.fullmatch(like) if isinstance(like, str) and _are_tags(entry.get("tags")) else None
    return entry if is_page or isinstance(entry.get("seed"), str) else None


def _are_tags(tags: object) -> bool:
    return isinstance(tags, dict) and all(place.isdigit() and isinstance(tag, str) and tag.isascii() for place, tag in tags.items())


def _with_tags(body: bytes, tags: Mapping[str, str]) -> bytes:
    """A body with other tags in the places of those that differ in every answer."""
    places = count()

    def other(found: re.Match[bytes]) -> bytes:
        tag = tags.get(str(next(places)))
        return found.group() if tag is None else tag.encode("ascii")

    return _VOLATILE.sub(other, body)


def _unreadable(log: Path, line: Line) -> str:
    place = f"line {line.number}" if line.number else "a line"
    return f"expected an answer's JSON in {place} of {log}, got {line.text[:60]!r}; {MENDED_BY}"


def _id(entry: dict[str, Any]) -> int:
    return page_id_of(entry["url"], entry["fetched_at"], entry["status"], entry["sha256"])


def _sync_folder(folder: Path) -> None:
    """Writes the names of a folder's files to the disk. Windows cannot, and its file system does so by itself."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:  # a network file system that knows no such thing
            raise
    finally:
        os.close(handle)
