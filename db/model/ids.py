"""Ids that a replay makes again: 52 bits of a SHA-256, which every JSON reader holds exactly."""

from __future__ import annotations

import hashlib


def stable_id(*parts: str | None) -> int:
    """An id from what identifies a row; None and "" are different parts."""
    text = "\x1f".join("\x00" if part is None else part for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 12
