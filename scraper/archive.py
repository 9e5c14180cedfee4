"""The archive: every answer as served, under its SHA-256, and a log of when, from where, with what status and headers.

It lies beside the published database and is never served. The database may be deleted at any time: a replay makes it again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from db.claims import BadInput, Page

# A fresh value in every response of support.microsoft.com (case 15): <meta name="awa-expid" content="…">
_VOLATILE: Final = re.compile(rb"<meta\b[^<>]*\bname\s*=\s*[\"']awa-(?:expid|userFlightingId)[\"'][^<>]*>", re.IGNORECASE)


def content_sha256(body: bytes) -> str:
    """Hash of what a page says: the bytes without the tags that differ in every response."""
    return hashlib.sha256(_VOLATILE.sub(b"", body)).hexdigest()


class Archive:
    """A folder of answers. Files are named by their content, never by an address."""

    def __init__(self, folder: Path) -> None:
        """Opens an archive; the folder is made when the first answer is kept."""
        self.folder = folder
        self._log = folder / "log.jsonl"
        self._known: set[tuple[str, str, int, str]] | None = None

    def _file(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def keep(self, page: Page) -> str:
        """Stores an answer and logs it, unless it was logged before.

        Returns:
            the SHA-256 of the bytes as served.
        """
        sha256 = hashlib.sha256(page.body).hexdigest()
        self._store(sha256, page.body)
        self._append(page, sha256)
        return sha256

    def body(self, sha256: str) -> bytes:
        """The bytes of a hash.

        Raises:
            BadInput: the file is missing or is not what its name says.
        """
        target = self._file(sha256)
        try:
            body = target.read_bytes()
        except OSError as error:
            raise BadInput(f"expected an answer in the archive, got {error}") from None
        if hashlib.sha256(body).hexdigest() != sha256:
            raise BadInput(f"expected content of its name's hash in {target}, got {len(body)} other bytes")
        return body

    def has(self, sha256: str) -> bool:
        """Whether the bytes of a hash are there, and are what their name says."""
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
        self._write({"seed": fingerprint})

    def _store(self, sha256: str, body: bytes) -> None:
        target = self._file(sha256)
        # A loss of power may leave a file of the right size that holds zeros, so its bytes are compared.
        if target.exists() and target.read_bytes() == body:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{sha256}.{os.getpid()}.part")
        with part.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)

    def _append(self, page: Page, sha256: str) -> None:
        if self._known is None:
            self._known = {(e["url"], e["fetched_at"], e["status"], e["sha256"]) for e in self._entries() if "url" in e}
        key = (page.url, page.fetched_at, page.status, sha256)
        if key in self._known:
            return
        self._known.add(key)
        self._write(
            {
                "source": page.source, "page_url": page.page_url, "url": page.url, "final_url": page.final_url, "fetched_at": page.fetched_at,
                "status": page.status, "sha256": sha256, "bytes": len(page.body), "headers": dict(page.headers),
            }
        )  # fmt: skip

    def _write(self, entry: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        with self._log.open("ab+") as file:
            # A killed run may leave half of a line: what follows it begins a line of its own.
            if file.seek(0, os.SEEK_END) and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
                line = "\n" + line
            file.write(line.encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())

    def _entries(self) -> Iterator[dict[str, Any]]:
        if not self._log.exists():
            return
        lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                if number == len(lines):  # a killed run may leave half of the last line; its answer was loaded nowhere
                    return
                what = f"expected JSON in line {number} of {self._log}, got {line[:60]!r}; hotpatch-kb doctor --repair moves it aside"
                raise BadInput(what) from None

    def began_with_seed(self) -> bool:
        """Whether the database of this archive began with the embedded facts; so does one without any archive."""
        return not self._log.exists() or any("seed" in entry for entry in self._entries())

    def pages(self) -> Iterator[Page]:
        """Every logged answer with its bytes, one at a time, in the order of fetch times; of one time, in the order of the log.

        Raises:
            BadInput: a file is missing or is not what its name says.
        """
        for entry in sorted((e for e in self._entries() if "url" in e), key=lambda e: str(e["fetched_at"])):
            yield Page(
                source=entry["source"], page_url=entry["page_url"], url=entry["url"], final_url=entry["final_url"],
                fetched_at=entry["fetched_at"], status=entry["status"], body=self.body(entry["sha256"]), headers=entry["headers"],
            )  # fmt: skip
