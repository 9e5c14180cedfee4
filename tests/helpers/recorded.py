"""Where the recorded pages are: in ``HOTPATCH_KB_RECORDED``, else in a folder beside the project.

They are other people's text and no part of the project. What needs them is skipped where they are absent.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[2]
RECORDED: Final = Path(os.environ.get("HOTPATCH_KB_RECORDED") or PROJECT.parent / "shared")
REASON: Final = "needs the recorded pages of Microsoft (HOTPATCH_KB_RECORDED), which are other people's text and no part of the project"


def are_there() -> bool:
    """Return whether the recorded pages can be read."""
    return (RECORDED / "pages").is_dir()
