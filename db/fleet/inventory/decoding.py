"""Decode an inventory as a stream: plain or gzip, UTF-8 or UTF-16, with or without a BOM."""

from __future__ import annotations

import codecs
import gzip
import io
from contextlib import ExitStack
from typing import Any, BinaryIO, Final

CHUNK: Final = 2**18  # characters; larger ones gain nothing (0.5 % at 2**20) and cost memory
MAX_ROW: Final = 4 * 2**20  # characters of a line or cell; a machine with every KB of ten years has 10,000


class Prefixed(io.RawIOBase):
    """A stream whose first four bytes have been read already, as ``start``. A pipe may give fewer at a time, so they are read in a loop."""

    def __init__(self, stream: BinaryIO) -> None:
        """Read the first four bytes of a stream."""
        self._stream = stream
        self.start = b""
        while len(self.start) < 4 and (more := stream.read(4 - len(self.start))):
            self.start += more
        self._left = self.start

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, first with the bytes that have been read already."""
        data = self._left or self._stream.read(len(buffer)) or b""
        size = min(len(data), len(buffer))
        buffer[:size] = data[:size]
        self._left = data[size:] if self._left else b""
        return size


def opened(raw: Prefixed, stack: ExitStack) -> tuple[str, io.TextIOWrapper]:
    """Return the beginning of the text, up to the end of a line, and the rest. The first bytes say whether it is gzip, and the encoding."""
    if raw.start[:2] == b"\x1f\x8b":
        unpacked = stack.enter_context(gzip.GzipFile(fileobj=stack.enter_context(io.BufferedReader(raw))))
        raw = Prefixed(unpacked)  # type: ignore[arg-type]
    start = raw.start
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif len(start) == 4 and start[1] == start[3] == 0:
        encoding = "utf-16-le"  # PowerShell 5 redirects without a BOM
    elif len(start) == 4 and start[0] == start[2] == 0:
        encoding = "utf-16-be"
    else:
        encoding = "utf-8-sig"
    text = stack.enter_context(io.TextIOWrapper(stack.enter_context(io.BufferedReader(raw, CHUNK)), encoding=encoding, newline=""))
    head = text.read(CHUNK)
    return head + text.readline(MAX_ROW), text
