"""Write a folder of files so that a reader of it never sees half a file, and nothing that did not change is touched."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.model.errors import BadInput

SCHEMA_VERSION: Final = 1
INDEX: Final = "index.json"
# Left in the folder from the first moment, so that an export that was killed can be made again in its place.
MARK: Final = ".hotpatch-kb-export"
SUMS: Final = "SHA256SUMS"
# Names that we write, and that a reader of an index may follow: parts of letters, digits, dots, dashes and underscores, none of which begins with a dot.
_NAME: Final = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}/){0,4}[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


class File(NamedTuple):
    """A file that was written: its name below the folder, the SHA-256 of its bytes, how many they are, and the name of its JSON Schema."""

    path: str
    sha256: str
    bytes: int
    schema: str | None


def is_name(text: object) -> bool:
    """Return whether a text is the name of a file below a folder, as an export has them.

    >>> is_name("v1/builds/26100.32772.json"), is_name("../etc/passwd"), is_name("/etc"), is_name("a//b")
    (True, False, False, False)
    """
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


class Folder:
    """A folder that an export fills.

    Attributes:
        path: where it is.
        files: what was put into it, by name.
        changed: names of files that are new or whose bytes changed.
        removed: names of files of the previous export that this one does not have.
    """

    def __init__(self, path: Path) -> None:
        """Take the folder; it is made where it is not there.

        Raises:
            BadInput: it cannot be made, or holds something else than an export.
        """
        self.path = path
        self.files: dict[str, File] = {}
        self.changed: list[str] = []
        self.removed: list[str] = []
        try:
            path.mkdir(parents=True, exist_ok=True)
            is_empty = next(path.iterdir(), None) is None
        except OSError as error:
            raise BadInput("expected a folder that can be written, got {path}: {error}", path=path, error=error.strerror) from None
        if not is_empty and not (path / MARK).is_file():
            raise BadInput("expected an empty folder, or one that export filled, got {path} with other files", path=path)
        self._former = set(former_names(path))
        if is_empty:
            (path / MARK).touch()

    def put(self, name: str, body: bytes, schema: str | None = None) -> None:
        """Write a file, unless it is there with these bytes."""
        self.take(put(self.path, name, body, schema))

    def take(self, file: Put) -> None:
        """Count a file that was put into the folder."""
        self.files[file.file.path] = file.file
        if file.is_changed:
            self.changed.append(file.file.path)

    def put_file(self, name: str, source: Path) -> None:
        """Move a file into the folder, unless one with its bytes is there."""
        target, digest = self.path / name, _digest(source)
        self.files[name] = File(name, digest, source.stat().st_size, None)
        if target.is_file() and target.stat().st_size == source.stat().st_size and _digest(target) == digest:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        shutil.move(source, part)
        part.replace(target)
        self.changed.append(name)

    def drop_former(self) -> None:
        """Remove the files of the export before that this one does not have, and folders that are empty then. Other files stay."""
        for name in sorted(self._former - self.files.keys() - {INDEX}):
            (self.path / name).unlink(missing_ok=True)
            self.removed.append(name)
            for parent in (self.path / name).relative_to(self.path).parents[:-1]:
                if (self.path / parent).is_dir() and next((self.path / parent).iterdir(), None) is None:
                    (self.path / parent).rmdir()


class Put(NamedTuple):
    """A file that is in the folder, and whether it was written because it was not there with these bytes."""

    file: File
    is_changed: bool


def put(folder: Path, name: str, body: bytes, schema: str | None = None) -> Put:
    """Write a file into a folder, unless it is there with these bytes."""
    assert is_name(name), name
    file = File(name, hashlib.sha256(body).hexdigest(), len(body), schema)
    target = f"{folder}{os.sep}{name}"  # an export has 14,000 files: pathlib takes as long as the writing
    if _has(target, body):
        return Put(file, is_changed=False)
    try:
        _write(target, body)
    except FileNotFoundError:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        _write(target, body)
    return Put(file, is_changed=True)


def _has(target: str, body: bytes) -> bool:
    try:
        size = os.stat(target).st_size  # noqa: PTH116
    except FileNotFoundError:
        return False
    if size != len(body):
        return False
    with open(target, "rb") as there:  # noqa: PTH123
        return there.read() == body


def _write(target: str, body: bytes) -> None:
    with open(f"{target}.part", "wb", buffering=0) as part:  # noqa: PTH123
        part.write(body)
    os.replace(f"{target}.part", target)  # noqa: PTH105


def former_names(path: Path) -> Iterator[str]:
    """Yield the names of the files that an export left in a folder; nothing where there is none."""
    try:
        index = json.loads((path / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    listed: Any = index.get("files") if isinstance(index, dict) else None
    for file in listed if isinstance(listed, list) else ():
        if isinstance(file, dict) and is_name(file.get("path")):
            yield file["path"]


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
