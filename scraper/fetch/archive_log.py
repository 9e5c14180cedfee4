"""The log of an archive: a line of JSON for each answer, in the order in which they were kept.

Power may fail in the middle of a line, so a line is believed only where it can be read whole. Years of a log are 15 MB for 30,000 answers:
what a crawl has to know is at its end, and is read from there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.model.errors import BadInput

Entry = dict[str, Any]

REPAIRED_BY: Final = "hotpatch-kb doctor --repair moves it aside"
# The fields of an answer's line; the hash becomes the name of a file.
_FIELDS: Final = {
    "source": str, "page_url": str, "url": str, "final_url": str, "fetched_at": str, "status": int, "sha256": str, "headers": dict,
}  # fmt: skip
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_BLOCK: Final = 2**20  # bytes that are read at once from the end of the log
_TORN_BLOCK: Final = 2**16  # the same, while the end of the last whole line is looked for


class Line(NamedTuple):
    """A line of the log as it is, also where it cannot be read.

    Attributes:
        number: its place, counted from 1; 0 where it was not counted.
        text: the line as it is.
        entry: what it says; None where it cannot be read.
        is_cut: it is the last one and has no end: a run was killed, or power failed, while it was written.
    """

    number: int
    text: bytes
    entry: Entry | None
    is_cut: bool


class ArchiveLog:
    """The log of an archive.

    Attributes:
        path: the file; it need not be there.
    """

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        """Take the file.

        Args:
            path: the file.
            say: takes a message on what was found broken.
        """
        self.path = path
        self._say = say

    def lines(self) -> Iterator[Line]:
        """Yield the lines from the first to the last."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for number, text in enumerate(file, 1):
                entry = read_line(text)
                yield Line(number, text, entry, entry is None and not text.endswith(b"\n"))

    def lines_from_end(self) -> Iterator[Line]:
        """Yield the lines from the last to the first. They are not counted: each number is 0."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
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

    def entries(self, *, strict: bool = True) -> Iterator[Entry]:
        """Yield what the lines say.

        Args:
            strict: a line that cannot be read is an error, since its answer would be lost in silence; otherwise it is reported and left out.

        Raises:
            BadInput: a line cannot be read.
        """
        for line in self.lines():
            if line.entry is not None:
                yield line.entry
            elif not line.is_cut:
                if strict:
                    raise BadInput(self._unreadable(line))
                self.report(line)

    def report(self, line: Line) -> None:
        """Say that a line is left out, because it cannot be read."""
        self._say(f"left out: {self._unreadable(line)}")

    def _unreadable(self, line: Line) -> str:
        place = f"line {line.number}" if line.number else "a line"
        return f"expected an answer's JSON in {place} of {self.path}, got {line.text[:60]!r}; {REPAIRED_BY}"

    def append(self, entry: Entry) -> None:
        """Write a line after the last whole one. The folder is made where it is not there."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.cut_torn_end()
        size = self.path.stat().st_size if self.path.exists() else 0
        try:
            with self.path.open("ab") as file:
                file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        except OSError:  # a full disk, for example: the next line would be glued to half of this one
            if self.path.exists() and self.path.stat().st_size > size:
                os.truncate(self.path, size)
            raise

    def sync(self) -> None:
        """Make sure that what was written is on the disk."""
        with self.path.open("ab") as file:
            os.fsync(file.fileno())

    def cut_torn_end(self) -> int:
        """Remove half a last line, since the next one would be glued to it. Its answer was never loaded.

        Returns:
            how many bytes were removed.
        """
        if not self.path.exists():
            return 0
        with self.path.open("r+b") as file:
            size = end = file.seek(0, os.SEEK_END)
            while end > 0:
                start = max(0, end - _TORN_BLOCK)
                file.seek(start)
                newline = file.read(end - start).rfind(b"\n")
                if newline >= 0:
                    end = start + newline + 1
                    break
                end = start
            file.seek(end)
            if end < size and read_line(file.read()) is not None:  # whole but for its newline, as some editors save it
                file.write(b"\n")
                return 0
            if end < size:
                file.truncate(end)
                self._say(f"{self.path}: removed {size - end} bytes of a line that was not written whole from its end")
        return size - end


def read_line(text: bytes) -> Entry | None:
    """Return what a line says; None where it was not written whole."""
    try:
        entry = json.loads(text)
    except ValueError:  # no JSON, or bytes that are not UTF-8
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
