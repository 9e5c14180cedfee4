"""A folder for what is being made, where it goes: a rename there is one step, and the other disk may be full."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PREFIX: Final = ".hotpatch-kb-"
LEFT: Final = 86_400  # seconds: no backup, update or restore takes a day


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """Provide an empty folder in another one, removed at the end.

    A program that was killed leaves its own, with a copy of the database in it: those of a day ago and older are removed, too.

    Args:
        parent: where the folder is made; it exists.

    Raises:
        OSError: it cannot be written.
    """
    for left in parent.glob(f"{PREFIX}*/"):
        if left.is_dir() and not left.is_symlink() and left.stat().st_mtime < time.time() - LEFT:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent) as folder:
        yield Path(folder)
