"""Decode an inventory as a stream: plain or gzip, in UTF-8, in UTF-16 with or without a BOM, or in the code page of an older program.

Text that is neither UTF-8 nor UTF-16 is read by charset-normalizer's guess among the code pages that Windows writes: Excel's "CSV" is in the
"ANSI" one (cp1252, cp932), redirected output of cmd.exe in the "OEM" one (cp850, cp866).
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, Final

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message

CHUNK: Final = 2**18  # characters; larger ones gain nothing (0.5 % at 2**20) and cost memory
MAX_ROW: Final = 4 * 2**20  # characters of a line or cell; a machine with every KB of ten years has 10,000
_START: Final = 4096  # bytes that say what a stream is
_GUESSED_FROM: Final = 2**14  # bytes of lines that are not ASCII

# In the order of preference where the text fits several alike: "®" is the same byte in cp1252 and cp1251.
_CODE_PAGES: Final = ("cp1252", "cp932", "cp1251", "cp850", "cp866", "gb18030", "cp949", "big5")
# What Windows writes under these names, and Python reads strictly without Microsoft's characters.
_SUPERSETS: Final = {"shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "utf-8": "utf-8-sig"}
# Files that people take for tables, by their first bytes.
_OTHER_FILES: Final = {
    b"PK\x03\x04": Message("a ZIP file or an Excel workbook; save the table as CSV"), b"\xd0\xcf\x11\xe0": Message("an Excel workbook; save the table as CSV"), b"%PDF": Message("a PDF file; save the table as CSV"),
    b"SQLite format 3": Message("a database of SQLite; export the table as CSV"), b"\x89PNG": Message("a picture; save the table as CSV"), b"\xff\xd8\xff": Message("a picture; save the table as CSV"), b"GIF8": Message("a picture; save the table as CSV"),
    b"ElfFile\x00": Message("an event log; save the table as CSV"), b"ORC": Message("a file of ORC; save it as Parquet or CSV"), b"Obj\x01": Message("a file of Avro; save it as Parquet or CSV"),
    b"ARROW1": Message("a file of Arrow; save it as Parquet or CSV"), b"7z\xbc\xaf": Message("a packed file; unpack it, or pack it with gzip"), b"\x28\xb5\x2f\xfd": Message("a packed file; unpack it, or pack it with gzip"),
    b"\xfd7zXZ": Message("a packed file; unpack it, or pack it with gzip"), b"BZh": Message("a packed file; unpack it, or pack it with gzip"),
}  # fmt: skip


# The beginning of a file in UTF-16 at the beginning of a cell: files of two encodings were joined. No word of a code page begins so.
_BOM_INSIDE: Final = re.compile(rb"(?<![\x80-\xff])(?:\xff\xfe|\xfe\xff)")


class Prefixed(io.RawIOBase):
    """A stream whose first bytes have been read already, as ``start``. A pipe may give fewer at a time, so they are read in a loop."""

    def __init__(self, stream: BinaryIO) -> None:
        """Read the first bytes of a stream."""
        self._stream = stream
        self.start = b""
        while len(self.start) < _START and (more := stream.read(_START - len(self.start))):
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


_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


class Text:
    """The text of an inventory.

    Attributes:
        stream: it, from its beginning.
        encoding: its name; of text that is not known yet to be anything else, "utf-8".
        is_guessed: whether charset-normalizer chose the encoding.
    """

    def __init__(self, raw: Prefixed, stack: ExitStack, encoding: str | None) -> None:
        """Take the bytes, plain or gzip, the stack that closes what is opened, and the encoding that the user names.

        Raises:
            BadInput: Python knows no such encoding, or the bytes are of another kind of file.
        """
        if raw.start[:2] == b"\x1f\x8b":
            unpacked = stack.enter_context(gzip.GzipFile(fileobj=stack.enter_context(io.BufferedReader(raw))))
            raw = Prefixed(unpacked)  # type: ignore[arg-type]
        for beginning, what in _OTHER_FILES.items():
            if raw.start.startswith(beginning) and not (beginning.isalnum() and raw.start[:_START].isascii()):
                raise BadInput("expected CSV, JSON, Parquet or text, got {what}", what=what)
        self.is_guessed = False
        self.encoding = named_encoding(encoding) if encoding else _encoding_of(raw.start)
        source: io.RawIOBase = raw
        if encoding is None and self.encoding == "utf-8":
            source = _AsUtf8(stack.enter_context(io.BufferedReader(raw, CHUNK)), self)
        reader = stack.enter_context(io.BufferedReader(source, CHUNK))
        self.stream: io.TextIOBase = stack.enter_context(
            io.TextIOWrapper(reader, encoding="utf-8-sig" if self.encoding == "utf-8" else self.encoding, newline="")
        )

    def head(self) -> str:
        """Return its beginning, up to the end of a line."""
        head = self.stream.read(CHUNK)
        head = (head + self.stream.readline(MAX_ROW)).removeprefix("\ufeff")
        if "\x1b" in head and _COLOUR.search(head):
            self.stream = _WithoutColours(self.stream)
            return _COLOUR.sub("", head)
        return head


class _WithoutColours(io.TextIOBase):
    """A text without the codes by which terminals are told colours: PowerShell 7 prints them around labels and headers."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text

    def read(self, size: int | None = -1, /) -> str:
        return _COLOUR.sub("", self._text.read(size) + self._text.readline(MAX_ROW))

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        return _COLOUR.sub("", self._text.readline(size))


class _AsUtf8(io.RawIOBase):
    """Bytes as UTF-8: those of a code page are decoded by it, from the first byte on that is not ASCII."""

    def __init__(self, stream: io.BufferedReader, text: Text) -> None:
        self._stream = stream
        self._text = text
        self._decoder: codecs.IncrementalDecoder | None = None
        self._has_utf8 = False  # whether characters of UTF-8 were read that are not ASCII
        self._pending = b""  # the beginning of a character
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            data = self._stream.read1(CHUNK)
            self._left = self._recoded(data)
            if not data:
                break
        size = min(len(self._left), len(buffer))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size

    def _recoded(self, data: bytes) -> bytes:
        if self._decoder is not None:
            return self._decoder.decode(data, final=not data).encode()
        if not self._pending and data.isascii():
            return data
        whole = self._pending + data
        try:
            text, used = codecs.utf_8_decode(whole, "strict", not data)
        except UnicodeDecodeError as error:
            # Three bytes that are one character of UTF-8 are so by chance in one of 50 cases: files of two encodings were joined.
            if self._has_utf8 or any(character > "\u07ff" for character in whole[: error.start].decode()):
                raise
            self._text.encoding = _guessed(whole)
            self._text.is_guessed = True
            self._decoder = codecs.getincrementaldecoder(self._text.encoding)()
            return self._decoder.decode(whole, final=not data).encode()
        self._has_utf8 = self._has_utf8 or not text.isascii()
        self._pending = whole[used:]
        return whole[:used]


def named_encoding(name: str) -> str:
    """Return an encoding that a user names, as Python calls it.

    Raises:
        BadInput: Python knows no such encoding of text.

    >>> named_encoding("Shift_JIS"), named_encoding("windows-1252"), named_encoding("utf8")
    ('cp932', 'cp1252', 'utf-8-sig')
    """
    try:
        found = codecs.lookup("cp932" if name.casefold() == "windows-31j" else name).name
        "".encode(found)
    except (LookupError, ValueError):
        raise BadInput("expected an encoding such as cp1252, cp932, cp1251 or utf-16, got {got!r}", got=name[:60]) from None
    return _SUPERSETS.get(found, found)


def _encoding_of(start: bytes) -> str:
    """Return what the first bytes say: UTF-16 or UTF-32 by a BOM, UTF-16 by its NULs, else "utf-8", which may prove wrong."""
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a BOM (PowerShell 5.1 that appends to a file, .NET): digits, commas and line ends have a NUL each, on one side.
    first, second = start[::2].count(0), start[1::2].count(0)
    if second > len(start) / 20 and second > 20 * first:
        return "utf-16-le"
    if first > len(start) / 20 and first > 20 * second:
        return "utf-16-be"
    return "utf-8"


def _guessed(data: bytes) -> str:
    """Return the code page that bytes are most likely in.

    Raises:
        UnicodeError: they fit none.
    """
    from charset_normalizer import from_bytes  # noqa: PLC0415 (few inventories need it)

    if _BOM_INSIDE.search(data):
        data.decode("utf-8")
    *whole, rest = data.split(b"\n")  # the last line may end within a character
    telling = [line for line in whole if not line.isascii()] or [rest]
    size, count = 0, 0
    while count < len(telling) and size < _GUESSED_FROM:
        size, count = size + len(telling[count]), count + 1
    # The first lines, ASCII or not, tell a language.
    sample = b"\n".join([*[line for line in whole[:20] if line.isascii()], *telling[:count]])
    found = from_bytes(sample, steps=10, chunk_size=1024, cp_isolation=list(_CODE_PAGES))
    best = found.best()
    if best is None:
        data.decode("utf-8")
        raise UnicodeError("bytes of no known encoding")
    # Its own order counts a language by the ASCII letters too, and takes short words of Japanese for Western signs.
    fitting = {name: match for match in found for name in match.could_be_from_charset if match.chaos <= best.chaos + 0.03}
    return max(
        (name for name in _CODE_PAGES if name in fitting),
        key=lambda name: (round(_share_of_letters(sample, name) - fitting[name].chaos, 1), round(fitting[name].coherence, 1)),
        default=best.encoding,
    )


def _share_of_letters(data: bytes, encoding: str) -> float:
    """Return the share of letters of words among the characters that are not ASCII: in a wrong code page many are signs."""
    text = f" {data.decode(encoding, 'replace')} "
    places = [place for place, character in enumerate(text) if not character.isascii()]
    letters = (text[place].isalpha() and (text[place - 1].isalpha() or text[place + 1].isalpha()) for place in places)
    return sum(letters) / max(1, len(places))


@contextmanager
def errors_as_bad_input(read: Callable[[], int], text: Text | None = None) -> Iterator[None]:
    """Raise as BadInput what reading raises, with the number of rows that were read before it."""
    try:
        yield
    except RecursionError:
        raise BadInput("expected machines, got JSON nested too deep after row {row}", row=read()) from None
    except UnicodeError as error:
        raise undecodable(text, error, read()) from None
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput("expected an inventory that can be read, got {got} after row {row}", got=str(error), row=read()) from None


def undecodable(text: Text | None, error: UnicodeError, row: int) -> BadInput:
    """Return the error for bytes that are not of the encoding, after so many rows."""
    if text and text.encoding != "utf-8":
        return BadInput("expected text in {encoding}, got {got} after row {row}", encoding=text.encoding, got=str(error), row=row)
    return BadInput("expected text in UTF-8 or UTF-16, got {got} after row {row}; --encoding NAME says another", got=str(error), row=row)
