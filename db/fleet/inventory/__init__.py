"""Read inventories: tables, JSON, Parquet, documents, and what commands print; plain or gzip, in any encoding of Windows.

They stream, with the standard library alone (Parquet needs DuckDB), except documents and printed texts, which are small and read whole.

- ``decoding`` makes bytes text.
- Readers make rows of it: ``delimited`` (CSV), ``fixed_width``, ``objects`` (JSON, with ``machines``, which finds the machines in it),
  ``parquet``, ``documents`` (XML, HTML, YAML), ``texts`` (systeminfo, Format-List, reg query and the like).
- ``columns`` finds by their names, ``values`` by the values of the first rows, the columns that describe a machine; ``vocabulary`` has words
  of such names.
- ``evidence`` and ``updates`` say whether a row's build and KBs are what the machine has; ``hotfixes`` adds a table of installed KBs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain, islice, repeat
from operator import itemgetter
from typing import Any, BinaryIO, Final, NamedTuple, Protocol

from hotpatch_kb.db.fleet.formats import Format
from hotpatch_kb.db.fleet.inventory.columns import DECIDING, FIELDS, NOTHING, checked_mapping, columns_of, first, flat, has_needed, lacking
from hotpatch_kb.db.fleet.inventory.decoding import CHUNK, Prefixed, Text, errors_as_bad_input, undecodable
from hotpatch_kb.db.fleet.inventory.documents import document_in
from hotpatch_kb.db.fleet.inventory.evidence import RowEvidence
from hotpatch_kb.db.fleet.inventory.hotfixes import Hotfixes
from hotpatch_kb.db.fleet.inventory.objects import Json
from hotpatch_kb.db.fleet.inventory.tables.delimited import MAX_COLUMNS, Delimited
from hotpatch_kb.db.fleet.inventory.tables.summaries import are_like_hosts, thing_of
from hotpatch_kb.db.fleet.inventory.texts import MAX_TEXT as MAX_RECORDS
from hotpatch_kb.db.fleet.inventory.texts import Records, records_of
from hotpatch_kb.db.fleet.inventory.updates import Facts
from hotpatch_kb.db.fleet.inventory.values import SAMPLE, Chosen, chosen
from hotpatch_kb.db.fleet.rows import NotStated, Part, doubt_in, not_stated, values_by_name, with_key
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message

__all__ = ["DECIDING", "FIELDS", "Batch", "Inventory", "Row", "inventory", "read"]

_OBJECTS: Final = 1000  # objects of a batch
_NAMES: Final = 2000  # names of members, nested ones too, that are looked at in the first objects
_ALIKE: Final = 50_000  # rows whose builds are remembered, so that equal rows are read once

Key = tuple[str, ...]


class Row(NamedTuple):
    """A row of an inventory.

    Attributes:
        number: counted from 1.
        cells: its columns as they came, in their order; values of JSON may be nested.
        machine: host, build, revision, product, line, kbs, edition and esu as texts; "" where no column states it.
            Where columns tell it, also "not_installed", KBs that are missing or removed, and "day", since when.
        problem: why it cannot be read; None where it can.
    """

    number: int
    cells: dict[str, Any]
    machine: dict[str, str]
    problem: Message | None


class Batch(NamedTuple):
    """Consecutive rows, ready to be judged.

    Attributes:
        prefixes: the rows' own columns in the output format.
        keys: what each verdict depends on: the texts of ``Inventory.fields``, or of all ``DECIDING`` fields; or why the row cannot be read.
        hosts: returns the hosts of the rows, "" where a row states none.
    """

    prefixes: list[str]
    keys: list[Key | Message | NotStated]
    hosts: Callable[[], Iterable[str]]


class Objects(Protocol):
    """Rows that come as objects, from JSON or Parquet."""

    columns: list[str] | None

    def sample(self, count: int) -> list[dict[str, Any]]:
        """Return the first objects; they are yielded again by ``records``."""

    def find_columns(self) -> list[str]:
        """Return every name that an object has."""

    def records(self) -> Iterator[tuple[dict[str, Any], Message | None]]:
        """Yield the objects, each with why it cannot be read, or None."""


class Inventory:
    """An open inventory.

    Attributes:
        read: how many rows have been read.
        columns: the names of its columns; None where JSON has not been read through for them.
        fields: the fields of ``DECIDING`` that a table's columns state; of objects all of them.
        text: what it is read from, with its encoding; None for Parquet.
    """

    def __init__(
        self, source: Delimited | Objects, wanted: Mapping[str, str], needs: str, text: Text | None = None, sampled: Chosen | None = None
    ) -> None:
        """Take what ``inventory`` has opened.

        Args:
            source: a table, or objects.
            wanted: column names by field, where the user names them.
            needs: the field that a column must state.
            text: what it is read from, None for Parquet.
            sampled: the columns of each field, where they have been found in other rows.
        """
        self.text, self._needs = text, needs
        self._hotfixes: Hotfixes | None = None
        self._facts, self._source = Facts(), source
        self._wanted = wanted
        self._unseen = set(wanted.values())  # columns that the user names and no row has had so far
        self._by_names: dict[Key, tuple[dict[str, list[str]], RowEvidence]] = {}
        self._alike: dict[tuple[str, ...], str | Message | NotStated] = {}
        self._has_needed, self.read = False, 0
        self._names: Sequence[str] = ()
        self.columns: list[str] | None = source.header if isinstance(source, Delimited) else source.columns
        self.fields: tuple[str, ...] = DECIDING
        self._looked_at: frozenset[str] = frozenset()  # names whose values were looked at
        self._has_hosts = False  # whether the names of the first objects are like those of hosts
        if sampled is not None:
            self._sampled = sampled
        elif isinstance(source, Delimited):
            rows = source.sample()
            has_json = any(cell[:1] == "{" for row in rows for cell in row)  # exports of the Azure portal
            self._sampled = (
                self._of_sample([dict(zip(source.header, row, strict=True)) for row in rows]) if has_json else source.chosen(wanted)
            )
        else:
            self._sampled = self._of_sample(source.sample(SAMPLE))
        if isinstance(source, Records) and (host := source.host_column) and "host" not in wanted:
            taken = {column for columns in self._sampled.fields.values() for column in columns}
            if host not in taken:
                self._sampled.fields.setdefault("host", [host])
        if isinstance(source, Delimited):
            self._take_names(tuple(source.header))
            self.fields = tuple(field for field in DECIDING if field in self._sampled.fields)

    def chosen(self) -> Chosen:
        """Return the columns from which each field is taken, of objects those of the first ones; and what was passed over, and why."""
        return self._sampled

    def _of_sample(self, first_objects: Sequence[Mapping[str, Any]]) -> Chosen:
        first_ones = list(map(flat, first_objects))
        header = tuple(islice(dict.fromkeys(name for cells in first_ones for name in cells), _NAMES))
        rows = [[cells.get(name, "") for name in header] for cells in first_ones]
        self._looked_at = frozenset(header)
        found = chosen(columns_of(header, self._wanted), header, rows, self._wanted)
        hosts = found.fields.get("host", ())
        self._has_hosts = are_like_hosts(first("host", [cells.get(name, "").strip() for name in hosts]) for cells in first_ones)
        return found

    def find_columns(self) -> list[str]:
        """Return every column that a row has. JSON is read through for it."""
        if self.columns is None:
            assert not isinstance(self._source, Delimited)
            with errors_as_bad_input(lambda: 0, self.text):
                self.columns = self._source.find_columns()
        return self.columns

    def rows(self, facts: Facts | None = None) -> Iterator[Row]:
        """Yield its rows in their order, each once, as of the day of ``facts``.

        Raises:
            BadInput: it cannot be read, or no column states a build.
        """
        self._facts = facts or self._facts
        with errors_as_bad_input(lambda: self.read, self.text):
            for cells, problem in self._records():
                self.read += 1
                machine, unlike = self._machine(cells)
                why = problem or unlike
                yield Row(self.read, cells, NOTHING | machine, why.why if isinstance(why, NotStated) else why)
            self._check()

    def add(self, hotfixes: Hotfixes) -> None:
        """Add a table of installed KBs.

        Raises:
            BadInput: no column states the host of a row.
        """
        if self.columns is not None and "host" not in self._take_names(tuple(self.columns))[0]:
            got = ", ".join(self.columns)[:200]
            raise BadInput("expected a column that says the host, as there are installed KBs by host, got {got}", got=got)
        self._hotfixes = hotfixes
        self.fields = tuple(field for field in DECIDING if field in self.fields or field == "kbs")

    def batches(self, form: Format, reduced: Callable[[str, str], str], facts: Facts | None = None) -> Iterator[Batch]:
        """Yield its rows in batches, as they are judged.

        Args:
            form: the output format; made with ``find_columns()`` where it needs them.
            reduced: drops KBs that cannot change a verdict, given the KBs and the build of a machine (``Judge.reduced``).
            facts: the day as of which they are judged, and the KBs of builds (``Judge.facts``).

        Raises:
            BadInput: it cannot be read, or no column states a build.
        """
        self._facts = facts or self._facts
        with errors_as_bad_input(lambda: self.read, self.text):
            if isinstance(self._source, Delimited):
                for part in self._source.parts():
                    yield self._with_first_prefix(self._table_batch(part, form, reduced), form)
                    self.read += len(part.rows)
            else:
                records = self._records()
                while group := list(islice(records, _OBJECTS)):
                    prefixes = [form.prefix_of_object(cells) for cells, _ in group]
                    keys = [self._key(cells, problem, reduced) for cells, problem in group]
                    yield self._with_first_prefix(Batch(prefixes, keys, partial(self._hosts, group)), form)
                    self.read += len(group)
            self._check()

    def _with_first_prefix(self, batch: Batch, form: Format) -> Batch:
        if not self.read and batch.prefixes:
            batch.prefixes[0] = form.first_prefix(batch.prefixes[0])
        return batch

    def _records(self) -> Iterator[tuple[dict[str, Any], Message | NotStated | None]]:
        source = self._source
        if isinstance(source, Delimited):
            for part in source.parts():
                for place, row in enumerate(part.rows):
                    yield dict(zip(source.header, row, strict=True)), part.problems[place] if part.problems else None
        else:
            yield from source.records()

    def _table_batch(self, part: Part, form: Format, reduced: Callable[[str, str], str]) -> Batch:
        header = part.header
        prefixes = form.prefixes_of_part(part)
        columns, evidence = self._take_names(tuple(header))
        texts = [self._texts(field, columns, part.rows) for field in self.fields]
        problems: Sequence[Message | NotStated | None] | None = part.problems
        if evidence.watches_builds and "build" in self.fields:
            builds = self._builds(evidence, header, part.rows)
            texts[self.fields.index("build")] = [_text_of(build) for build in builds]
            unlike = [None if isinstance(build, str) else build for build in builds]
            problems = [problem or why for problem, why in zip(problems, unlike, strict=True)] if problems else unlike
        if "kbs" in self.fields:
            place = self.fields.index("kbs")
            if evidence.watches_kbs:
                texts[place] = map(evidence.kbs, texts[place], values_by_name(header, part.rows), repeat(self._facts))
            texts[place] = map(reduced, texts[place], self._texts("build", columns, part.rows))
            if self._hotfixes is not None:
                texts[place] = map(self._hotfixes.with_kbs, self._texts("host", columns, part.rows), texts[place])
        keys: list[Key | Message | NotStated] = list(zip(*texts, strict=True)) if texts else [()] * len(part.rows)
        if part.has_json:  # cells of the Azure portal's exports; few files have them
            for place, text in enumerate(part.lines or map("".join, part.rows)):
                if "{" in text:
                    keys[place] = self._key(dict(zip(header, part.rows[place], strict=True)), None, reduced)
        if problems:
            keys = [with_key(problem, key) if problem else key for key, problem in zip(keys, problems, strict=True)]
        return Batch(prefixes, keys, partial(self._texts, "host", columns, part.rows))

    def _builds(self, evidence: RowEvidence, header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str | Message | NotStated]:
        """Return the build of each row. Rows that are alike in the columns that count are looked at once."""
        # Most names of hosts say nothing, and all differ: only one that does is looked at with its row.
        place_of = {name: place for place, name in enumerate(header)}
        names = [place_of[name] for name in evidence.names_apart]
        shared = [name for name in evidence.columns if name not in evidence.names_apart]
        watched, places = [*shared, *evidence.names_apart], [place_of[name] for name in shared]
        builds = []
        for row in rows:
            texts = tuple([row[place] for place in places])
            if names:
                texts += ("" if evidence.may_name_host(row[names[0]].strip()) else row[names[0]],)
            build = self._alike.get(texts)
            if build is None:
                if len(self._alike) > _ALIKE:
                    self._alike.clear()
                build = self._alike[texts] = evidence.build(dict(zip(watched, texts, strict=True)).__getitem__, self._facts)
            builds.append(build)
        return builds

    def _texts(self, field: str, columns: Mapping[str, Sequence[str]], rows: Sequence[Sequence[str]]) -> Iterable[str]:
        """Return what a table's rows state of a field."""
        places = [(self.columns or []).index(column) for column in columns.get(field, ())]
        if len(places) == 1:
            return map(itemgetter(places[0]), rows)
        return [first(field, [row[place].strip() for place in places]) for row in rows]

    def _key(
        self, cells: Mapping[str, Any], problem: Message | NotStated | None, reduced: Callable[[str, str], str]
    ) -> Key | Message | NotStated:
        if problem:
            return problem
        texts, unlike = self._machine(cells)
        if unlike and not (isinstance(unlike, NotStated) and unlike.machine):
            return unlike
        if texts.get("kbs"):
            texts["kbs"] = reduced(texts["kbs"], texts.get("build", ""))
        if self._hotfixes is not None:
            texts["kbs"] = self._hotfixes.with_kbs(texts.get("host", ""), texts.get("kbs", ""))
        key = tuple([texts.get(field, "") for field in DECIDING])
        return with_key(unlike, key) if unlike else key

    def _hosts(self, group: Iterable[tuple[Mapping[str, Any], object]]) -> Iterator[str]:
        for values in (flat(cells) for cells, _ in group):
            columns = self._take_names(tuple(values))[0].get("host", ())
            yield first("host", [values[column].strip() for column in columns])

    def _machine(self, cells: Mapping[str, Any]) -> tuple[dict[str, str], Message | NotStated | None]:
        """Return the texts of an object's fields, and why its build cannot be believed."""
        values = flat(cells, on=self._facts.on)
        names = tuple(values)
        by_field, evidence = self._take_names(names)
        if not by_field.get("build") and not isinstance(self._source, Delimited) and "build" not in self._wanted:
            # None of the columns of the first objects: its own may say it, as in the output of systeminfo in another language.
            own = chosen(columns_of(names, self._wanted), names, [list(values.values())], self._wanted)
            if own.fields.get("build"):
                by_field, evidence = {**own.fields, **by_field}, RowEvidence(names, own.fields, own.unnamed, ())
                self._has_needed = self._has_needed or self._needs == "build"
        machine = {field: first(field, [values[column].strip() for column in columns]) for field, columns in by_field.items()}
        if (doubt := doubt_in(machine.get("build", ""))) is not None:
            return machine | {"build": _text_of(doubt)}, doubt
        problem: Message | NotStated | None = None
        if evidence.watches_builds:
            build = evidence.build(lambda name: values.get(name, ""), self._facts)
            machine["build"], problem = _text_of(build), None if isinstance(build, str) else build
        has_host = bool(by_field.get("host")) or evidence.has_member
        if problem is None and self._has_hosts and machine.get("build") and (thing := thing_of(machine, has_host=has_host)):
            problem = not_stated(machine["build"], thing)._replace(machine=machine["build"])
        if evidence.watches_kbs:
            said, kbs = evidence.said_of_kbs(lambda name: values.get(name, ""), self._facts), machine["kbs"]
            machine |= {"kbs": kbs if said.is_installed else "", "not_installed": kbs if said.is_denied else "", "day": said.day}
        return machine, problem

    def _take_names(self, names: Key) -> tuple[dict[str, list[str]], RowEvidence]:
        """Take the names of a row's columns: note them for ``_check``, and return the columns that state each field.

        Objects need not be alike, but most are: answers are kept.
        """
        found = self._by_names.get(names)
        if found is None:
            if len(self._by_names) > 1000:
                self._by_names.clear()
            if names == tuple(self.columns or ()) and isinstance(self._source, Delimited):
                # A row without JSON has none of the names inside it.
                present = ((field, [name for name in columns if name in names]) for field, columns in self._sampled.fields.items())
                by_field = {field: columns for field, columns in present if columns}
            else:
                by_field = self._of_names(names)
            sampled, table = self._sampled, self._source if isinstance(self._source, Delimited) else None
            own = [name for name in names if name not in table.beside] if table and table.beside else names
            evidence = RowEvidence(own, by_field, sampled.unnamed, self._wanted.values(), table.title if table else "", sampled.statuses)
            found = self._by_names[names] = by_field, evidence
            self._unseen.difference_update(names)
        self._names = names
        self._has_needed = self._has_needed or self._needs in found[0]
        return found

    def _of_names(self, names: Key) -> dict[str, list[str]]:
        """Return the columns of an object: by their names, and as the values of the first objects say."""
        by_field, present = columns_of(names, self._wanted), frozenset(names)
        for field in FIELDS:
            stated = self._sampled.fields.get(field, ())
            named = by_field.get(field, ())
            kept = [name for name in named if name in stated or name not in self._looked_at]
            kept += [name for name in stated if name in present and name not in named]
            if kept:
                by_field[field] = kept
            elif named and field != "build":
                del by_field[field]
        return by_field

    def _check(self) -> None:
        """Raise BadInput if no row had a needed column, or one that the user names (see ``_take_names``)."""
        # A column that the user names and no row has is a typing mistake: without it the verdicts would differ.
        if self._names and (self._unseen or not self._has_needed):
            raise lacking(self._needs, self._wanted, self._names)


def _text_of(build: str | Message | NotStated) -> str:
    said = build.machine if isinstance(build, NotStated) else build
    return said if isinstance(said, str) else ""


@contextmanager
def inventory(
    stream: BinaryIO,
    mapping: Mapping[str, str] | None = None,
    *,
    needs: str = "build",
    encoding: str | None = None,
    most_columns: int = MAX_COLUMNS,
) -> Iterator[Inventory]:
    """Open an inventory, and close its stream at the end.

    Args:
        stream: its bytes.
        mapping: column names by field (``{"build": "OS Version"}``), where the names alone do not say it.
        needs: the field that a column must state: "build", or "kbs" for a table of installed KBs.
        encoding: that of its text; None to find it.
        most_columns: how many a table may have.

    Raises:
        BadInput: it is not text, not a table, has too many columns, or lacks what it needs.
    """
    wanted = checked_mapping(mapping)
    with ExitStack() as stack:
        with errors_as_bad_input(lambda: 0):
            opened_inventory = _inventory(stream, wanted, needs, encoding, most_columns, stack)
        yield opened_inventory


def _inventory(
    stream: BinaryIO, wanted: Mapping[str, str], needs: str, encoding: str | None, most_columns: int, stack: ExitStack
) -> Inventory:
    raw = Prefixed(stack.enter_context(stream))
    if raw.start[:4] == b"PAR1":
        from hotpatch_kb.db.fleet.inventory.parquet import Parquet  # noqa: PLC0415 (DuckDB is an extra)

        return Inventory(Parquet(raw, stack), wanted, needs)
    text = Text(raw, stack, encoding)
    try:
        return _of_text(text, wanted, needs, most_columns, stack)
    except UnicodeError as error:
        raise undecodable(text, error, 0) from None


def _of_text(text: Text, wanted: Mapping[str, str], needs: str, most_columns: int, stack: ExitStack) -> Inventory:
    head = text.head()
    if document := document_in(head, text.stream.read):
        return Inventory(document, wanted, needs, text)
    if records := records_of(head, lambda: text.stream.read(MAX_RECORDS)):
        return Inventory(records, wanted, needs, text)
    if head.lstrip()[:1] in {"[", "{"}:
        chunks = chain([head], iter(lambda: text.stream.read(CHUNK), ""))
        return Inventory(Json(chunks, stack), wanted, needs, text)
    table = Delimited(head, text.stream, most_columns)
    if not has_needed(needs, wanted, table.columns_by_field(wanted), table.header) and "{" not in head:
        raise lacking(needs, wanted, table.header)
    return Inventory(table, wanted, needs, text)


def read(stream: BinaryIO, mapping: Mapping[str, str] | None = None) -> Iterator[Row]:
    """Yield the rows of an inventory, in their order, each once: ``inventory`` and ``Inventory.rows`` in one."""
    with inventory(stream, mapping) as opened_inventory:
        yield from opened_inventory.rows()
