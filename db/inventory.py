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
from collections import Counter
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
    "line": (
        "line", "properties.osprofile.windowsconfiguration.patchsettings.status.hotpatchenablementstatus", "hotpatchenablementstatus",
        "hotpatchstatus", "properties.osprofile.windowsconfiguration.patchsettings.enablehotpatching", "enablehotpatching",
    ),
    "kbs": ("kbs", "installedkbs", "hotfixes", "hotfixid", "kbids", "kbid", "kb"),
    "edition": ("edition", "properties.osedition", "osedition", "windowseditionid"),
}  # fmt: skip
FIELDS: Final = tuple(NAMES)
_NOTHING: Final = dict.fromkeys(FIELDS, "")
DELIMITERS: Final = ",;\t|"
MAX_ROW: Final = 4 * 2**20  # characters; a machine with every KB of ten years has 10,000
# Where an export wraps its rows: Azure Resource Graph's answer, OData, a list of machines.
_WRAPPERS: Final = ("data", "value", "machines", "items")
_CHUNK: Final = 2**16
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
    except UnicodeError as error:
        raise BadInput(f"expected text in UTF-8 or UTF-16, got {error} behind row {number}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"expected an inventory that can be read, got {error} behind row {number}") from None


def _rows(head: str, text: io.TextIOWrapper, wanted: Mapping[str, str]) -> Iterator[Row]:
    is_json = head.lstrip()[:1] in {"[", "{"}
    rows = _json_rows(chain([head], iter(lambda: text.read(_CHUNK), ""))) if is_json else _csv_rows(head, text)
    columns: dict[str, str] = {}
    known: list[str] | None = None
    pairs: list[tuple[str, str]] = []
    for number, (cells, problem) in enumerate(rows, 1):
        # A cell of the portal's exports may hold JSON; few files have one.
        flat = _flat(cells) if is_json or "{" in "".join(cells.values()) else cells
        names = list(flat)
        if names != known:  # objects need not be alike
            columns = _columns(names, wanted, is_first=number == 1)
            pairs, known = list(columns.items()), names
        machine = dict(_NOTHING)
        for field, column in pairs:
            machine[field] = flat[column].strip()
        yield Row(number, cells, machine, problem)


def _text(stream: BinaryIO, stack: ExitStack) -> tuple[str, io.TextIOWrapper]:
    """The beginning of the text, up to the end of a line, and the rest. Gzip and encoding are told from the first bytes."""
    buffered: io.BufferedReader[Any] = stack.enter_context(io.BufferedReader(stream))
    if buffered.peek(2)[:2] == b"\x1f\x8b":
        unpacked = stack.enter_context(gzip.GzipFile(fileobj=buffered))
        buffered = stack.enter_context(io.BufferedReader(unpacked))
    start = buffered.peek(4)[:4]
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif len(start) == 4 and start[1] == start[3] == 0:
        encoding = "utf-16-le"  # PowerShell 5 redirects without a BOM
    else:
        encoding = "utf-8-sig"
    text = stack.enter_context(io.TextIOWrapper(buffered, encoding=encoding, newline=""))
    head = text.read(_CHUNK)
    return head + text.readline(MAX_ROW), text


# --- CSV ----------------------------------------------------------------------------------------------------------------


def _csv_rows(head: str, text: io.TextIOWrapper) -> Iterator[tuple[dict[str, Any], str]]:
    if not head.strip():
        raise BadInput("expected an inventory with a header, got nothing")
    line = head.lstrip("\r\n").partition("\n")[0]
    outside = re.sub(r'"[^"]*"', "", line)
    delimiter = max(DELIMITERS, key=outside.count)
    csv.field_size_limit(MAX_ROW)
    lines = chain(io.StringIO(head, newline=""), text)
    reader = csv.reader(lines, delimiter=delimiter)
    header: list[str] = []
    try:
        for cells in reader:
            if not any(cells) or not any(cell.strip() for cell in cells):
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
        names: Counter[str] = Counter()
        unique = []
        for place, cell in enumerate(cells):
            name = cell.strip() or f"column{place + 1}"
            names[name] += 1
            unique.append(name if names[name] == 1 else f"{name}_{names[name]}")
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
    for value in _json_values(chunks):
        wrapped = next((value[name] for name in _WRAPPERS if isinstance(value, dict) and isinstance(value.get(name), list)), None)
        for item in [value] if wrapped is None else wrapped:
            if not isinstance(item, dict):
                yield {"value": json.dumps(item, ensure_ascii=False)}, f"expected an object, got {str(item)[:40]!r}"
            else:
                yield item, ""


def _json_values(chunks: Iterator[str]) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    buffer, place, is_array = "", 0, False
    for chunk in chain(chunks, [""]):
        buffer, place = buffer[place:] + chunk, 0
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
                value, place = decoder.raw_decode(buffer, place)
            except json.JSONDecodeError as error:
                if chunk and len(buffer) - place < MAX_ROW:
                    break  # the rest of the object is still to come
                raise BadInput(f"expected JSON objects, got {buffer[error.pos : error.pos + 40]!r}") from None
            yield value
    if is_array:
        raise BadInput("expected the end of a list of machines, got the end of the file")


# --- columns ------------------------------------------------------------------------------------------------------------


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9.]", "", name.casefold())


def _columns(names: Sequence[str], wanted: Mapping[str, str], *, is_first: bool) -> dict[str, str]:
    """The column of each field: as the user says, else by its name; the most telling name first.

    Raises:
        BadInput: a column that the user names is not there, or the first row has none that says a build.
    """
    found = {field: name for field, name in wanted.items() if name in names}
    if is_first and (missing := [name for name in wanted.values() if name not in names]):
        raise BadInput(f"expected a column {missing[0]!r}, got {', '.join(names)[:200]}")
    by_bare: dict[str, str] = {}
    for name in names:
        by_bare.setdefault(_bare(name), name)
    for field, aliases in NAMES.items():
        column = next((by_bare[alias] for alias in aliases if alias in by_bare), None)
        if column is not None and field not in wanted:
            found[field] = column
    if is_first and "build" not in found:
        raise BadInput(
            f"expected a column that says the build (build, OSVersion ...; --map build=NAME names another), got {', '.join(names)[:200]}"
        )
    return found


def _flat(cells: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested values by their path; exports of the portal have them as JSON in a cell."""
    found: dict[str, str] = {}
    for name, value in cells.items():
        nested = value
        if isinstance(value, str) and value[:1] == "{":
            try:
                nested = json.loads(value)
            except json.JSONDecodeError:
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
