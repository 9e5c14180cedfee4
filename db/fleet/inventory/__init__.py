"""Inventories: CSV of any delimiter, JSON, JSON lines and Parquet, plain or gzip, UTF-8 or UTF-16. They stream; standard library alone, but for Parquet.

What a row says of a machine is found by the names of its columns (``hotpatch_kb.db.fleet.inventory.columns``).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from operator import itemgetter
from typing import Any, BinaryIO, Final, NamedTuple, Protocol

from hotpatch_kb.db.fleet.inventory.columns import DECIDING, FIELDS, NOTHING, checked_mapping, columns_of, first, flat, has_needed, lacking
from hotpatch_kb.db.fleet.inventory.decoding import CHUNK, Prefixed, opened
from hotpatch_kb.db.fleet.inventory.delimited import Delimited, Part
from hotpatch_kb.db.fleet.inventory.hotfixes import Hotfixes
from hotpatch_kb.db.fleet.inventory.objects import Json
from hotpatch_kb.db.fleet.inventory.output import Form
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message

__all__ = ["DECIDING", "FIELDS", "Batch", "Inventory", "Row", "inventory", "read"]

_OBJECTS: Final = 1000  # rows of a batch of JSON

Key = tuple[str, ...]


class Row(NamedTuple):
    """A row of an inventory.

    Attributes:
        number: counted from 1.
        cells: its columns as they came, in their order; of JSON with nested values.
        machine: what they say: host, build, revision, product, line, kbs, edition; "" where they do not.
        problem: why it cannot be read, None where it can.
    """

    number: int
    cells: dict[str, Any]
    machine: dict[str, str]
    problem: Message | None


class Batch(NamedTuple):
    """Rows that stand one behind another, as a fleet is judged.

    Attributes:
        prefixes: the rows' own columns in the form that is printed.
        keys: what each verdict depends on: the texts of ``Inventory.fields``, or of all ``DECIDING`` ones; or why the row cannot be read.
    """

    prefixes: list[str]
    keys: list[Key | Message]


class Objects(Protocol):
    """Rows that come as objects: of JSON, of Parquet."""

    columns: list[str] | None

    def find_columns(self) -> list[str]:
        """Every name that an object has."""

    def records(self) -> Iterator[tuple[dict[str, Any], Message | None]]:
        """The objects, each with why it cannot be read, or None."""


class Inventory:
    """An inventory that was opened. ``fields`` are those of ``DECIDING`` that a column of a table says."""

    def __init__(self, source: Delimited | Objects, wanted: Mapping[str, str], needs: str) -> None:
        """Takes what ``inventory`` found.

        Args:
            source: a table, or objects.
            wanted: column names by field.
            needs: the field that it must have.
        """
        self._needs = needs
        self._hotfixes: Hotfixes | None = None
        self._source = source
        self._wanted = wanted
        self._unseen = set(wanted.values())  # columns that the user names and no row has had
        self._plans: dict[Key, dict[str, list[str]]] = {}
        self._is_told = False
        self._names: Sequence[str] = ()
        self.read = 0
        self.columns: list[str] | None = source.header if isinstance(source, Delimited) else source.columns
        self.fields: tuple[str, ...] = DECIDING
        if isinstance(source, Delimited):
            found = self._plan(tuple(source.header))
            self.fields = tuple(field for field in DECIDING if field in found)

    def find_columns(self) -> list[str]:
        """Every column that a row has. JSON is read through for it."""
        if self.columns is None:
            assert not isinstance(self._source, Delimited)
            with _told(lambda: 0):
                self.columns = self._source.find_columns()
        return self.columns

    def rows(self) -> Iterator[Row]:
        """Its rows, in their order, each once.

        Raises:
            BadInput: it cannot be read, or has no column that says a build.
        """
        with _told(lambda: self.read):
            for cells, problem in self._records():
                self.read += 1
                yield Row(self.read, cells, NOTHING | self._machine(cells), problem)
            self._check()

    def add(self, hotfixes: Hotfixes) -> None:
        """Adds a table of installed KBs.

        Raises:
            BadInput: the inventory does not say which machine a row is.
        """
        if self.columns is not None and "host" not in self._plan(tuple(self.columns)):
            got = ", ".join(self.columns)[:200]
            raise BadInput("expected a column that says the host, as there are installed KBs by host, got {got}", got=got)
        self._hotfixes = hotfixes
        self.fields = tuple(field for field in DECIDING if field in self.fields or field == "kbs")

    def batches(self, form: Form, reduced: Callable[[str, str], str]) -> Iterator[Batch]:
        """Its rows as they are judged.

        Args:
            form: what is printed; made with ``find_columns()`` where it needs them.
            reduced: keeps of a machine's KBs what may decide, given its build (``Judge.reduced``).

        Raises:
            BadInput: it cannot be read, or has no column that says a build.
        """
        with _told(lambda: self.read):
            if isinstance(self._source, Delimited):
                for part in self._source.parts():
                    yield self._begun(self._table_batch(part, form, reduced), form)
                    self.read += len(part.rows)
            else:
                records = self._records()
                while group := list(islice(records, _OBJECTS)):
                    prefixes = [form.of_object(cells) for cells, _ in group]
                    yield self._begun(Batch(prefixes, [self._key(cells, problem, reduced) for cells, problem in group]), form)
                    self.read += len(group)
            self._check()

    def _begun(self, batch: Batch, form: Form) -> Batch:
        if not self.read and batch.prefixes:
            batch.prefixes[0] = form.first(batch.prefixes[0])
        return batch

    def _records(self) -> Iterator[tuple[dict[str, Any], Message | None]]:
        source = self._source
        if isinstance(source, Delimited):
            for part in source.parts():
                for place, row in enumerate(part.rows):
                    yield dict(zip(source.header, row, strict=True)), part.problems[place] if part.problems else None
        else:
            yield from source.records()

    def _table_batch(self, part: Part, form: Form, reduced: Callable[[str, str], str]) -> Batch:
        header = part.header
        prefixes = form.of_part(part)
        if part.has_json:  # a cell of the portal's exports; few files have one
            keys = [self._key(dict(zip(header, row, strict=True)), None, reduced) for row in part.rows]
        else:
            plan = self._plan(tuple(header))
            texts = [self._column(field, plan, part.rows) for field in self.fields]
            if "kbs" in self.fields:
                place = self.fields.index("kbs")
                texts[place] = map(reduced, texts[place], self._column("build", plan, part.rows))
                if self._hotfixes is not None:
                    texts[place] = map(self._hotfixes.with_kbs, self._column("host", plan, part.rows), texts[place])
            keys = list(zip(*texts, strict=True))
        if part.problems:
            keys = [problem or key for key, problem in zip(keys, part.problems, strict=True)]
        return Batch(prefixes, keys)

    def _column(self, field: str, plan: Mapping[str, Sequence[str]], rows: Sequence[Sequence[str]]) -> Iterable[str]:
        """What a table's rows say of a field."""
        places = [(self.columns or []).index(column) for column in plan.get(field, ())]
        if len(places) == 1:
            return map(itemgetter(places[0]), rows)
        return [first(field, [row[place].strip() for place in places]) for row in rows]

    def _key(self, cells: Mapping[str, Any], problem: Message | None, reduced: Callable[[str, str], str]) -> Key | Message:
        if problem:
            return problem
        texts = self._machine(cells)
        if texts.get("kbs"):
            texts["kbs"] = reduced(texts["kbs"], texts.get("build", ""))
        if self._hotfixes is not None:
            texts["kbs"] = self._hotfixes.with_kbs(texts.get("host", ""), texts.get("kbs", ""))
        return tuple([texts.get(field, "") for field in DECIDING])

    def _machine(self, cells: Mapping[str, Any]) -> dict[str, str]:
        values = flat(cells)
        plan = self._plan(tuple(values))
        return {field: first(field, [values[column].strip() for column in columns]) for field, columns in plan.items()}

    def _plan(self, names: Key) -> dict[str, list[str]]:
        """The columns of each field. Objects need not be alike, but most are."""
        plan = self._plans.get(names)
        if plan is None:
            if len(self._plans) > 1000:
                self._plans.clear()
            plan = self._plans[names] = columns_of(names, self._wanted)
            self._unseen.difference_update(names)
        self._names = names
        self._is_told = self._is_told or self._needs in plan
        return plan

    def _check(self) -> None:
        # A name that is nowhere is a slip: without that column the verdicts would be others.
        if self._names and (self._unseen or not self._is_told):
            raise lacking(self._needs, self._wanted, self._names)


@contextmanager
def inventory(stream: BinaryIO, mapping: Mapping[str, str] | None = None, *, needs: str = "build") -> Iterator[Inventory]:
    """Opens an inventory. The stream is closed at the end.

    Args:
        stream: its bytes.
        mapping: column names by field (``{"build": "OS Version"}``), where the names do not tell.
        needs: the field that it must have: "build", or "kbs" of a table of installed KBs.

    Raises:
        BadInput: it is no text, no table, or lacks what it needs; the message says what was expected.
    """
    wanted = checked_mapping(mapping)
    with ExitStack() as stack:
        with _told(lambda: 0):
            found = _inventory(stream, wanted, needs, stack)
        yield found


@contextmanager
def _told(read: Callable[[], int]) -> Iterator[None]:
    """What is wrong with an inventory, in one line, with the number of rows that could be read before."""
    try:
        yield
    except RecursionError:
        raise BadInput("expected machines, got JSON nested too deep behind row {row}", row=read()) from None
    except UnicodeError as error:
        raise BadInput("expected text in UTF-8 or UTF-16, got {got} behind row {row}", got=str(error), row=read()) from None
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput("expected an inventory that can be read, got {got} behind row {row}", got=str(error), row=read()) from None


def _inventory(stream: BinaryIO, wanted: Mapping[str, str], needs: str, stack: ExitStack) -> Inventory:
    raw = Prefixed(stack.enter_context(stream))
    if raw.start == b"PAR1":
        from hotpatch_kb.db.fleet.inventory.parquet import Parquet  # noqa: PLC0415 (DuckDB is an extra)

        return Inventory(Parquet(raw, stack), wanted, needs)
    head, text = opened(raw, stack)
    if head.lstrip()[:1] in {"[", "{"}:

        def chunks() -> Iterator[str]:
            yield head
            yield from iter(lambda: text.read(CHUNK), "")

        return Inventory(Json(chunks(), stack), wanted, needs)
    table = Delimited(head, text)
    if not has_needed(needs, wanted, table.header) and "{" not in head:
        raise lacking(needs, wanted, table.header)
    return Inventory(table, wanted, needs)


def read(stream: BinaryIO, mapping: Mapping[str, str] | None = None) -> Iterator[Row]:
    """Rows of an inventory, in their order, each once: ``inventory`` and ``Inventory.rows`` in one."""
    with inventory(stream, mapping) as found:
        yield from found.rows()
