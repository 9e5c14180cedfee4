"""Read JSON and JSON lines, an object at a time. Numbers stay as they are written."""

from __future__ import annotations

import json
import re
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import chain, islice
from typing import Any, Final

from hotpatch_kb.db.fleet.inventory.columns import DECODER, members
from hotpatch_kb.db.fleet.inventory.decoding import CHUNK
from hotpatch_kb.db.fleet.inventory.machines import machines_in
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message

MAX_JSON: Final = 256 * 2**20  # characters of a value; an answer of Azure Resource Graph has 1,000 machines of some kB each
_BETWEEN: Final = re.compile(r"[\s,]*")


class Json:
    """The objects of a text of JSON."""

    columns: list[str] | None = None

    def __init__(self, chunks: Iterator[str], stack: ExitStack) -> None:
        """Take the text in pieces, and the stack that closes temporary files."""
        self._chunks = chunks
        self._stack = stack

    def sample(self, count: int) -> list[dict[str, Any]]:
        """Return the first objects. The text that was read for them is kept and read again; what is wrong with it is raised then."""
        read: list[str] = []

        def kept() -> Iterator[str]:
            for chunk in self._chunks:
                read.append(chunk)
                yield chunk

        first: list[dict[str, Any]] = []
        with suppress(BadInput, UnicodeError, RecursionError, OSError, EOFError, zlib.error):
            first.extend(cells for cells, _ in islice(objects(kept()), count))
        self._chunks = chain(read, self._chunks)
        return first

    def find_columns(self) -> list[str]:
        """Return every name that an object has, in the order of first appearance: objects need not be alike, and a table has one header.

        Reads the text through, and keeps it in a temporary file to be read again.
        """
        spool = self._stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", newline=""))  # noqa: SIM115 (the stack closes it)

        def kept() -> Iterator[str]:
            for chunk in self._chunks:
                spool.write(chunk)
                yield chunk

        names: dict[str, None] = {}
        for cells, _ in objects(kept()):
            if cells.keys() - names.keys():
                names |= dict.fromkeys(cells)
        spool.seek(0)
        self._chunks = iter(lambda: spool.read(CHUNK), "")
        return list(names)

    def records(self) -> Iterator[tuple[dict[str, Any], Message | None]]:
        """Yield the objects, each with why it cannot be read, or None."""
        return objects(self._chunks)


def objects(chunks: Iterator[str]) -> Iterator[tuple[dict[str, Any], Message | None]]:
    """Yield the machines of an array, of lines, or of any other value that has them, each with why it cannot be read, or None.

    Raises:
        BadInput: the text is not JSON, or ends too early.
    """
    header: list[str] = []
    for number, value in enumerate(_values(chunks)):
        if number == 0 and isinstance(value, list) and value and all(isinstance(name, str) for name in value):
            header = value  # a list of rows: the first has the names of columns
        elif header and isinstance(value, list):
            cells = members(list(zip(header, [*value, *[""] * (len(header) - len(value))], strict=False)))
            problem = Message("expected {wanted} cells, got {got}", wanted=len(header), got=len(value))
            yield cells, None if len(header) == len(value) else problem
        else:
            yield from machines_in(value)


def _values(chunks: Iterator[str]) -> Iterator[Any]:
    buffer, place, is_array, enough = "", 0, False, 0
    for chunk in chain(chunks, [""]):
        buffer, place = buffer[place:] + chunk, 0
        if chunk and len(buffer) < enough:
            continue  # an object is incomplete: it is not parsed again before there is twice as much text
        enough = 0
        while True:
            match = _BETWEEN.match(buffer, place)
            place = match.end() if match else place
            if not is_array and buffer[place : place + 1] == "[":
                is_array, place = True, place + 1
                continue
            if is_array and buffer[place : place + 1] == "]":
                is_array, place = False, place + 1
                continue
            if place == len(buffer):
                break
            try:
                value, place = DECODER.raw_decode(buffer, place)
            except json.JSONDecodeError as error:
                if chunk and len(buffer) - place < MAX_JSON:
                    enough = 2 * (len(buffer) - place)
                    break  # the object is incomplete
                size = MAX_JSON // 2**20
                if error.pos >= len(buffer):
                    raise BadInput("expected JSON objects of at most {size} MB, got the end of the file", size=size) from None
                raise BadInput(
                    "expected JSON objects of at most {size} MB, got {got!r}", size=size, got=buffer[error.pos : error.pos + 40]
                ) from None
            yield value
    if is_array:
        raise BadInput("expected the end of a list of machines, got the end of the file")
