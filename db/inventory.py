"""Inventories as rows: CSV of any delimiter, JSON and JSON lines, plain or gzip, UTF-8 or UTF-16. Streams; standard library alone.

What a row says of a machine is found by the names of its columns; ``docs/fleet.md`` has them with the documents that state them.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain, zip_longest
from typing import Any, BinaryIO, Final, NamedTuple

from db.claims import BadInput

# The names of columns, in lower case and without anything but letters, digits and dots, by what they say of a machine. Those with
# "properties." are Azure Resource Graph's: Arc machines (properties.osVersion, osSku, hotpatchEnablementStatus) and virtual machines
# (properties.extended.instanceView.osVersion), https://learn.microsoft.com/azure/governance/resource-graph/. The others are what lists are headed by.
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "host": ("host", "hostname", "computername", "computer", "devicename", "machinename", "servername", "pscomputername", "name0", "name"),
    "build": (
        "build", "osbuild", "fullbuild", "properties.osversion", "properties.extended.instanceview.osversion", "osversion",
        "operatingsystemversion", "buildext", "version",
    ),
    "product": ("product", "properties.ossku", "ossku", "operatingsystem", "windowsproductname", "osname", "os", "caption"),
    # The enrolment status, else the column, else what was asked for.
    "line": (
        "properties.osprofile.windowsconfiguration.patchsettings.status.hotpatchenablementstatus", "hotpatchenablementstatus",
        "hotpatchstatus", "line", "properties.osprofile.windowsconfiguration.patchsettings.enablehotpatching", "enablehotpatching",
    ),
    "kbs": ("kbs", "installedkbs", "hotfixes", "hotfixid", "kbids", "kbid", "kb"),
    "edition": ("edition", "properties.osedition", "osedition", "windowseditionid"),
}  # fmt: skip
FIELDS: Final = tuple(NAMES)
_NOTHING: Final = dict.fromkeys(FIELDS, "")
DELIMITERS: Final = ",;\t|"
MAX_ROW: Final = 4 * 2**20  # characters of a line or cell; a machine with every KB of ten years has 10,000
MAX_JSON: Final = 256 * 2**20  # characters of a value; an answer of Azure Resource Graph has 1,000 machines of some kB each
# Where an export wraps its rows: Azure Resource Graph's answer, OData, a list of machines.
_WRAPPERS: Final = ("data", "value", "machines", "items")
_CHUNK: Final = 2**16
# Numbers stay as they are written: 20348.5020 is a build, and 20348.502 another.
_DECODER: Final = json.JSONDecoder(
    parse_float=str, parse_constant=str, parse_int=lambda digits: int(digits) if len(digits) < 19 else digits
)
_BETWEEN: Final = re.compile(r"[\s,]*")
_BUILD: Final = re.compile(r"(?:10\.0\.)?\d{5}\.\d{1,5}")


class Row(NamedTuple):
    """A row of an inventory.

    Attributes:
        number: counted from 1.
        cells: its columns as they came, in their order; of JSON with nested values.
        machine: what they say: host, build, product, line, kbs, edition; "" where they do not.
        problem: why it cannot be read, "" where it can.
    """

    number: int
    cells: dict[str, Any]
    machine: dict[str, str]
    problem: str


def read(stream: BinaryIO, mapping: Mapping[str, str] | None = None) -> Iterator[Row]:
    """Rows of an inventory, in their order, each once.

    Args:
        stream: its bytes.
        mapping: column names by field (``{"build": "OS Version"}``), where the names do not tell.

    The stream is closed at the end.

    Raises:
        BadInput: it is no text, no table, or has no column that says a build; the message says what was expected.
    """
    wanted = dict(mapping or {})
    if unknown := [field for field in wanted if field not in NAMES]:
        raise BadInput(f"expected a field ({', '.join(FIELDS)}), got {unknown[0]!r}")
    number = 0
    try:
        with ExitStack() as stack:
            head, text = _text(stream, stack)
            for row in _rows(head, text, wanted):
                number = row.number
                yield row
    except RecursionError:
        raise BadInput(f"expected machines, got JSON nested too deep behind row {number}") from None
    except UnicodeError as error:
        raise BadInput(f"expected text in UTF-8 or UTF-16, got {error} behind row {number}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"expected an inventory that can be read, got {error} behind row {number}") from None


def _rows(head: str, text: io.TextIOWrapper, wanted: Mapping[str, str]) -> Iterator[Row]:
    is_json = head.lstrip()[:1] in {"[", "{"}
    rows = _json_rows(chain([head], iter(lambda: text.read(_CHUNK), ""))) if is_json else _csv_rows(head, text)
    known: list[str] | None = None
    pairs: list[tuple[str, list[str]]] = []
    number, has_build, names = 0, False, list[str]()
    for number, (cells, problem) in enumerate(rows, 1):
        # A cell of the portal's exports may hold JSON; few files have one.
        flat = _flat(cells) if is_json or "{" in "".join(cells.values()) else cells
        names = list(flat)
        if names != known:  # objects need not be alike
            pairs, known = _columns(names, wanted), names
            has_build = has_build or any(field == "build" for field, _ in pairs)
            if not has_build and not is_json:
                raise BadInput(_no_column(wanted, names))
        machine = dict(_NOTHING)
        for field, columns in pairs:
            machine[field] = flat[columns[0]].strip() if len(columns) == 1 else _first(field, [flat[column].strip() for column in columns])
        yield Row(number, cells, machine, problem)
    if number and not has_build:
        raise BadInput(_no_column(wanted, names))


def _first(field: str, values: list[str]) -> str:
    """Of several columns that say the same the first that says something; of builds the first that is one."""
    stated = [value for value in values if value]
    if field == "build":
        stated.sort(key=lambda value: _BUILD.fullmatch(value) is None)
    return stated[0] if stated else ""


def _no_column(wanted: Mapping[str, str], names: Sequence[str]) -> str:
    got = ", ".join(names)[:200] or "none"
    if missing := [name for name in wanted.values() if name not in names]:
        return f"expected a column {missing[0]!r}, got {got}"
    return f"expected a column that says the build (build, OSVersion ...; --map build=NAME names another), got {got}"


class _Prefixed(io.RawIOBase):
    """A stream whose first bytes were read already. A pipe gives what it has, so they are read until there are four."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.start = b""
        while len(self.start) < 4 and (more := stream.read(4 - len(self.start))):
            self.start += more
        self._left = self.start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._left or self._stream.read(len(buffer)) or b""
        size = min(len(data), len(buffer))
        buffer[:size] = data[:size]
        self._left = data[size:] if self._left else b""
        return size


def _text(stream: BinaryIO, stack: ExitStack) -> tuple[str, io.TextIOWrapper]:
    """The beginning of the text, up to the end of a line, and the rest. Gzip and encoding are told from the first bytes."""
    stack.enter_context(stream)
    raw = _Prefixed(stream)
    if raw.start[:2] == b"\x1f\x8b":
        unpacked = stack.enter_context(gzip.GzipFile(fileobj=stack.enter_context(io.BufferedReader(raw))))
        raw = _Prefixed(unpacked)  # type: ignore[arg-type]
    start = raw.start
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif len(start) == 4 and start[1] == start[3] == 0:
        encoding = "utf-16-le"  # PowerShell 5 redirects without a BOM
    elif len(start) == 4 and start[0] == start[2] == 0:
        encoding = "utf-16-be"
    else:
        encoding = "utf-8-sig"
    text = stack.enter_context(io.TextIOWrapper(stack.enter_context(io.BufferedReader(raw)), encoding=encoding, newline=""))
    head = text.read(_CHUNK)
    return head + text.readline(MAX_ROW), text


# --- CSV ----------------------------------------------------------------------------------------------------------------


def _csv_rows(head: str, text: io.TextIOWrapper) -> Iterator[tuple[dict[str, Any], str]]:
    if not head.strip():
        raise BadInput("expected an inventory with a header, got nothing")
    # Before the header may stand "#TYPE …" (Export-Csv of PowerShell 5), "sep=;" (Excel), or lines of delimiters alone.
    head = re.sub(r"\A(?:\s*#TYPE [^\n]*\n|\s*sep=[^\n]{1,2}\n|[\s,;|]*\n)*", "", head)
    outside = re.sub(r'"[^"]*"', "", head[:MAX_ROW]).lstrip("\r\n").partition("\n")[0]
    delimiter = max(DELIMITERS, key=outside.count)
    csv.field_size_limit(MAX_ROW)
    lines = chain(io.StringIO(head, newline=""), text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)  # an open quote would swallow the machines behind it
    header: list[str] = []
    try:
        for cells in reader:
            if not cells:
                continue  # a blank line is no machine
            if not header:
                header, is_row = _header(cells)
                if not is_row:
                    continue
            yield _record(header, cells)
    except csv.Error as error:
        raise BadInput(f"expected a table separated by {delimiter!r}, got {error} in line {reader.line_num}") from None


def _header(cells: Sequence[str]) -> tuple[list[str], bool]:
    """The names of the columns, and whether the first row is a machine already: a plain list of hosts and builds has no header."""
    known = {name for names in NAMES.values() for name in names}
    builds = [place for place, cell in enumerate(cells) if _BUILD.fullmatch(cell.strip())]
    if not builds or any(_bare(cell) in known for cell in cells):
        unique: list[str] = []
        for place, cell in enumerate(cells):
            name = base = cell.strip() or f"column{place + 1}"
            for number in range(2, len(cells) + 2):
                if name not in unique:
                    break
                name = f"{base}_{number}"
            unique.append(name)
        return unique, False
    made = [f"column{place + 1}" for place in range(len(cells))]
    made[builds[0]] = "build"
    if len(cells) > 1:
        made[1 if builds[0] == 0 else 0] = "host"
    return made, True


def _record(header: list[str], cells: list[str]) -> tuple[dict[str, Any], str]:
    if len(cells) == len(header):
        return dict(zip(header, cells, strict=True)), ""
    problem = f"expected {len(header)} cells, got {len(cells)}"
    if len(cells) > len(header):  # nothing is lost: what is too much stands in the last column
        cells = [*cells[: len(header) - 1], " ".join(cells[len(header) - 1 :])]
    return dict(zip_longest(header, cells, fillvalue="")), problem


# --- JSON ---------------------------------------------------------------------------------------------------------------


def _json_rows(chunks: Iterator[str]) -> Iterator[tuple[dict[str, Any], str]]:
    """Objects of an array, of lines, or of the answer of a service that wraps them ("data"); one at a time."""
    for number, value in enumerate(_json_values(chunks)):
        for item in _unwrapped(value) if number == 0 else [value]:
            if isinstance(item, dict):
                yield item, ""
            else:
                yield {}, f"expected an object, got {json.dumps(item, ensure_ascii=False)[:200]}"


def _unwrapped(value: Any) -> list[Any]:
    """The machines of a service's answer; a machine of its own may have a "value", too, and a build."""
    builds = set(NAMES["build"])
    for name in _WRAPPERS:
        if isinstance(value, dict) and isinstance(value.get(name), list) and not any(_bare(key) in builds for key in value):
            return list(value[name])
    return [value]


def _json_values(chunks: Iterator[str]) -> Iterator[Any]:
    buffer, place, is_array, enough = "", 0, False, 0
    for chunk in chain(chunks, [""]):
        buffer, place = buffer[place:] + chunk, 0
        if chunk and len(buffer) < enough:
            continue  # an object that is still to come is not looked at again before there is twice as much of it
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
                value, place = _DECODER.raw_decode(buffer, place)
            except json.JSONDecodeError as error:
                if chunk and len(buffer) - place < MAX_JSON:
                    enough = 2 * (len(buffer) - place)
                    break  # the rest of the object is still to come
                got = repr(buffer[error.pos : error.pos + 40]) if error.pos < len(buffer) else "the end of the file"
                raise BadInput(f"expected JSON objects of at most {MAX_JSON // 2**20} MB, got {got}") from None
            yield value
    if is_array:
        raise BadInput("expected the end of a list of machines, got the end of the file")


# --- columns ------------------------------------------------------------------------------------------------------------


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9.]", "", name.casefold())


def _columns(names: Sequence[str], wanted: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """The columns of each field: the one that the user names, else those that have its names, the most telling first."""
    by_bare: dict[str, str] = {}
    for name in names:
        by_bare.setdefault(_bare(name), name)
    found = []
    for field, aliases in NAMES.items():
        columns = [by_bare[alias] for alias in aliases if alias in by_bare]
        if field in wanted:
            columns = [wanted[field]] if wanted[field] in names else []
        if columns:
            found.append((field, columns))
    return found


def _flat(cells: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested values by their path; exports of the portal have them as JSON in a cell."""
    found: dict[str, str] = {}
    for name, value in cells.items():
        nested = value
        if isinstance(value, str) and value[:1] == "{":
            try:
                nested = _DECODER.decode(value)
            except (json.JSONDecodeError, RecursionError):
                nested = value  # a text that begins with a brace
        if isinstance(nested, dict):
            found |= _flat(nested, f"{prefix}{name}.")
        elif isinstance(nested, list) and all(isinstance(item, str | int) for item in nested):
            found[f"{prefix}{name}"] = " ".join(map(str, nested))
        else:
            found[f"{prefix}{name}"] = _shown(nested)
    return found


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
