"""Join a fleet with its verdicts in DuckDB, the extra ``bulk``, which reads and joins in parallel.

A join of DuckDB does not keep the order of rows (seen with 2.0.1: the second thread's rows came first), so rows are sorted by their number.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from hotpatch_kb.db.fleet.assess import Suffixes, Summary
from hotpatch_kb.db.fleet.duckdb_sql import connect, quoted
from hotpatch_kb.db.fleet.engines import odd_rows
from hotpatch_kb.db.fleet.engines.normal_form import DECODING, Normal
from hotpatch_kb.db.fleet.formats import Csv
from hotpatch_kb.db.fleet.inventory import DECIDING
from hotpatch_kb.db.fleet.inventory.columns import has_needed
from hotpatch_kb.db.fleet.inventory.decoding import MAX_ROW, Prefixed, Text
from hotpatch_kb.db.fleet.inventory.documents import is_document
from hotpatch_kb.db.fleet.inventory.evidence import RowEvidence
from hotpatch_kb.db.fleet.inventory.tables.delimited import Delimited
from hotpatch_kb.db.fleet.inventory.tables.summaries import OF_SUMMARIES, SIGNS
from hotpatch_kb.db.fleet.inventory.texts import records_of
from hotpatch_kb.db.fleet.judge import Judge
from hotpatch_kb.db.model.errors import BadInput, EngineFailed
from hotpatch_kb.db.model.wording import PLAIN_KBS

_NULL: Final = "\x01\x02"  # DuckDB wants a text that is read as NULL; a file that holds it is not read directly
_READ: Final = "header = false, auto_detect = false, quote = '', escape = '', comment = '', strict_mode = true, null_padding = false"
# Lines as they are: no quotes, and a delimiter of two characters that no line contains.
_WRITE: Final = "(format csv, header false, quote '', escape '', delimiter '\x02\x03')"
# A larger file is judged slice by slice: all at once, 100 million rows (4.3 GB) did not fit into memory, and a row took three times as long.
SLICE: Final = 500_000_000  # bytes
MAX_KINDS: Final = 300_000  # of machines; a fleet with more is written in normal form, which needs no memory for them


def join(normal: Normal, folder: Path) -> Iterator[bytes]:
    """Join an inventory in normal form with its verdicts.

    Args:
        normal: the inventory.
        folder: for temporary files.

    Yields:
        the lines, in blocks.

    Raises:
        EngineFailed: DuckDB failed, or the number of lines is not the number of rows.
    """
    if not normal.rows:
        return
    out = folder / "joined"
    with connect(folder) as conn, _errors_as_engine_failed():
        end = _decoded(
            f"case when key = '' then own when suffix is not null then suffix else error({quoted('no verdict has the name ')} || key) end"
        )
        parts = _file(normal.parts, ("row", "key", "prefix", "own"))
        written = conn.execute(
            f"""copy (select {_decoded("prefix")} || {end} from (
                select part.key, prefix, own, suffix from {parts} as part
                left join {_file([normal.table], ("key", "suffix"))} as stated on stated.key = part.key order by part."row"::bigint
            )) to {quoted(str(out))} {_WRITE}"""
        ).fetchone()
    if written is None or written[0] != normal.rows:
        raise EngineFailed(f"expected {normal.rows} rows of DuckDB, got {written}")
    yield from _blocks([out])


@contextmanager
def _errors_as_engine_failed() -> Iterator[None]:
    import duckdb  # noqa: PLC0415

    try:
        yield
    except duckdb.Error as error:
        raise EngineFailed(f"expected DuckDB to join the fleet, got {str(error).splitlines()[0]}") from None


class Written(NamedTuple):
    """A judged fleet: its header, and its rows in blocks."""

    head: bytes
    rows: Iterator[bytes]


class _Table(NamedTuple):
    """How DuckDB reads a table.

    Attributes:
        names: our names for its columns.
        delimiter: what separates them.
        fields: the fields of a machine's key.
        key: SQL that makes the key of a row.
        is_apart: SQL that says whether a row is for our own reader: a cell has to be quoted in CSV with commas, or it may be one of a summary.
    """

    names: list[str]
    delimiter: str
    fields: Sequence[str]
    key: str
    is_apart: str


# Goes before KBs that are not plain numbers. Plain ones never begin so.
_IN_WORDS: Final = "?"


def direct(path: Path, wanted: Mapping[str, str], judge: Judge, summary: Summary, folder: Path) -> Written | None:
    """Judge a file of CSV that DuckDB can read itself, as CSV: one column for each field, and few rows with quotes or of another length.

    The odd rows are taken out, judged by our own reader and put back in their places. Of the others DuckDB finds the kinds of machines (build, product, line and KBs as written); each kind is judged and joined with the file's lines.

    Args:
        path: the file.
        wanted: column names by field.
        judge: the judge of the day.
        summary: gets the counts.
        folder: for the output, and for what does not fit into memory.

    Returns:
        what was written; None if the file needs the normal form, and then nothing is counted.
    """
    plain = _plain_table(path, wanted)
    if plain is None:
        return None
    columns = plain.columns_by_field(wanted)
    chosen = plain.chosen(wanted)
    evidence = RowEvidence(plain.header, columns, chosen.unnamed, wanted.values(), plain.title, chosen.statuses)
    if evidence.watches_builds or evidence.watches_kbs or odd_rows.has_summary(path, plain):
        return None
    fields = [field for field in DECIDING if field in columns]
    if any(len(columns[field]) > 1 for field in fields):
        return None
    names = [f"c{place}" for place in range(len(plain.header))]
    cells = {field: names[plain.header.index(columns[field][0])] for field in fields}
    texts = [_reduced(cells["kbs"], cells["build"], judge) if field == "kbs" else cells[field] for field in fields]
    # A comma in a cell of another delimiter's table would have to be quoted.
    has_comma = "false" if plain.delimiter == "," else " or ".join(f"contains({name}, ',')" for name in names)
    is_apart = f"{has_comma} or {_is_of_summary(plain, names)}"
    table = _Table(names, plain.delimiter, fields, " || chr(31) || ".join(texts), is_apart)
    form, counts = Csv(plain.header), Summary()
    suffixes = Suffixes(judge, form, fields)
    divided = None
    if not _is_plain(path, plain):
        divided = odd_rows.apart(path, plain, folder)
        if divided is None:
            return None
    parts, marks = [], 0
    source, before = (path, plain.lines_before) if divided is None else (divided.plain, 0)
    for number, (part, skip) in enumerate(_slices(source, before, folder)):
        out = folder / f"joined-{number:04d}.csv"
        found = _joined(part, skip, table, suffixes, counts, out, folder)
        if found is None:
            return None
        marks += found
        parts.append(out)
    odd, lengths = folder / "odd-judged.csv", array("L")
    if divided is not None:
        try:
            lengths = odd_rows.write_lines(odd_rows.odd_lines(divided, plain, wanted, suffixes, counts), odd)
        except (BadInput, UnicodeError):
            return None  # our reader has the words for it
    if not len(lengths) == marks == (divided.rows if divided else 0):
        return None
    summary.update(counts)
    rows = odd_rows.together(parts, odd, lengths, len(names)) if divided else _blocks(parts)
    return Written(form.head().encode("utf-8", "replace"), rows)


def _is_of_summary(table: Delimited, names: Sequence[str]) -> str:
    """Return SQL that says whether a row may be one of a summary among the machines, see ``Ends``."""
    if not table.ends.has_hosts(table.sample):
        return "false"
    signs, words = re.escape(SIGNS), "|".join(map(re.escape, sorted(OF_SUMMARIES)))
    # A pattern, and no list of words: DuckDB makes a join of a long one, and the rows lose their order.
    return f"regexp_matches({names[table.ends.host]}, {quoted(f'^[{signs}]*(?:{words})[{signs}]*(?: |$)')}, 'i')"


def _blocks(parts: Iterable[Path]) -> Iterator[bytes]:
    """Yield the bytes of files, and delete them."""
    for part in parts:
        with part.open("rb") as lines:
            yield from iter(lambda: lines.read(2**20), b"")
        part.unlink()


def _slices(path: Path, before: int, folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield a file in slices of whole lines, each with the number of lines to skip. A small file is one slice, itself."""
    if path.stat().st_size <= SLICE:
        yield path, before
        return
    part = folder / "slice.csv"
    with path.open("rb") as file:
        for _ in range(before):
            file.readline()
        while chunk := file.read(2**22):
            with part.open("wb") as out:
                size = 0
                while chunk and size < SLICE:
                    size += out.write(chunk)
                    chunk = file.read(2**22) if size < SLICE else b""
                out.write(file.readline())
            yield part, 0
    part.unlink(missing_ok=True)


def _joined(path: Path, skip: int, table: _Table, suffixes: Suffixes, counts: Summary, out: Path, folder: Path) -> int | None:
    """Judge the rows of a file and write them. Return how many rows are marks (``odd_rows``), None where our own reader is needed."""
    source = _file([path], table.names, table.delimiter, skip, MAX_ROW)  # a longer row is left to our reader
    with connect(folder) as conn:
        import duckdb  # noqa: PLC0415 (there, since it is connected)

        try:
            # A table, since searching lists of KBs by patterns takes longer than reading the file again.
            conn.execute(f"create temp table fleet as select c0 as first, {table.key} as key, {table.is_apart} as is_apart from {source}")
        except duckdb.Error:
            return None  # ragged rows or broken text: our reader has the words for it
        kinds = conn.execute(f"select key, count(*), bool_or(is_apart) from fleet group by key limit {MAX_KINDS + 1}").fetchall()
        if not kinds or len(kinds) > MAX_KINDS or any(row[-1] for row in kinds):
            return None
        marks = [(key, count) for key, count, _ in kinds if odd_rows.MARK in key]
        machines = [(key, count) for key, count, _ in kinds if odd_rows.MARK not in key]
        ends = [suffixes[_key(key.split("\x1f"), table.fields, suffixes.judge)] for key, _ in machines]
        suffixes.count(counts, ends, [count for _, count in machines])
        with _errors_as_engine_failed():
            conn.execute(
                "create temp table stated as select unnest(?) as key, unnest(?) as suffix",
                [[key for key, _ in (*machines, *marks)], [*(end.removeprefix(",") for end in ends), *(odd_rows.MARK for _ in marks)]],
            )
            # As an enumeration, suffixes are sorted as numbers of two or four bytes. The lines themselves are not sorted at all: the file's
            # rows and the sorted suffixes are read side by side, in their order. The two together save a third to a half of the time.
            conn.execute("create type suffix as enum (select distinct suffix from stated)")
            conn.execute("create temp table verdicts as select key, suffix::suffix as suffix from stated")
            # The columns are written as they are: where commas separate them already, a line is one column.
            names, lines = (
                (["line"], _file([path], ["line"], "\x02\x03", skip, MAX_ROW)) if table.delimiter == "," else (table.names, source)
            )
            is_of_row = f"starts_with({names[0]}, first)"  # else the verdict is that of another machine
            written = conn.execute(
                f"""copy (select {", ".join(names)}, case when {is_of_row} then suffix else error('rows out of order') end from {lines}
                positional join (select first, suffix from fleet left join verdicts using (key) order by fleet.rowid))
                to {quoted(str(out))} (format csv, header false, quote '', escape '', delimiter ',')"""
            ).fetchone()
    expected = sum(count for _, count, _ in kinds)
    if written is None or written[0] != expected:
        raise EngineFailed(f"expected {expected} rows of DuckDB, got {written}")
    return sum(int(count) for _, count in marks)


def _plain_table(path: Path, wanted: Mapping[str, str]) -> Delimited | None:
    """Return the table in a file of UTF-8 whose header names a build; None where it needs our reader."""
    with ExitStack() as stack:
        raw = Prefixed(stack.enter_context(path.open("rb", buffering=0)))
        if (
            raw.start[:2] in {b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff"}
            or b"\0" in raw.start
            or b"\x1b[" in raw.start
            or raw.start[:4] == b"PAR1"
            or raw.start[:1] in {b"[", b"{"}
        ):
            return None
        try:
            text = Text(raw, stack, None)
            head = text.head()
            if is_document(head) or records_of(head, str) is not None:
                return None
            table = Delimited(head, text.stream)
        except (BadInput, UnicodeError):
            return None
    if table.is_rewritten or table.is_headless or not has_needed("build", wanted, table.columns_by_field(wanted), table.header):
        return None
    return table


def _is_plain(path: Path, table: Delimited) -> bool:
    """Return whether no row of a file has quotes or special characters, and none is blank or of empty cells alone."""
    empty = b"\n" + table.delimiter.encode() * (len(table.header) - 1)
    special = (b'"', b"{", b"\0", b"\x01", b"\x02", b"\x1f", b"\x1b", b"\r", b"\n\n", empty + b"\n")
    last = b"\n"  # the end of the chunk before, as long as the longest of them but one byte
    with path.open("rb") as file:
        while chunk := file.read(2**22):
            if any(sign in chunk for sign in special) or any(sign in last + chunk[: len(empty)] for sign in special[-2:]):
                return False
            last = (last + chunk)[-len(empty) - 1 :]
    return not last.endswith(empty)


def _reduced(kbs: str, build: str, judge: Judge) -> str:
    """Return ``Judge.reduced`` as SQL.

    For most builds no KB decides, so their KBs are not read: searching them takes five times as long. Builds and KBs are found by patterns, which
    DuckDB searches all at once; it makes a join of a long list after IN, and a join does not keep the order of rows (seen with 2.0.1).
    """
    kinds: dict[int, tuple[dict[str, str], list[str]]] = {}  # many builds share a table
    for name, words in judge.deciding.of_build.items():
        if words:
            kinds.setdefault(id(words), (words, []))[1].append(name)
    cases = [f"when {_is_one_of(build, names)} then {_words(kbs, words)}" for words, names in kinds.values()]
    of_builds = f"case {' '.join(cases)} else '' end" if cases else "''"
    is_plain = f"regexp_full_match({build}, '(10\\.0\\.)?[0-9]{{5}}\\.[1-9][0-9]{{0,4}}')"
    is_undecided = f"{is_plain} and not {_is_one_of(build, (name for _, names in kinds.values() for name in names))}"
    # A build in another spelling may be any build, and without a revision its KBs say which.
    numbers = f"array_to_string(list_sort(list_distinct(regexp_extract_all({kbs}, '[0-9]{{6,7}}'))), ' ')"
    of_plain = f"case when {is_plain} then {of_builds} else {numbers} end"
    # Words may say that the KBs are missing, and a newer KB may wait for a restart: our own reader decides. DuckDB computes what stands twice for all
    # rows, so each long expression stands once; the two patterns of plain KBs differ by a group.
    recent, counting = [], []
    for number, kbs_of_number in sorted(judge.pending_by_number().items()):
        recent.append(f"when '{number}' then {' or '.join(f'contains({kbs}, {quoted(kb)})' for kb in sorted(kbs_of_number))}")
        deciding = (words for words, names in kinds.values() if any(name.startswith(f"{number}.") for name in names))
        named = (f"case when contains({kbs}, '{kb}') then '{kb}' end" for kb in sorted(kbs_of_number.union(*deciding)))
        counting.append(f"when '{number}' then concat_ws(' ', {', '.join(named)})")
    of_number = f"case case when starts_with({build}, '10.0.') then {build}[6:10] else {build}[1:5] end"
    in_words = f"{quoted(_IN_WORDS)} || {kbs}"
    waits = f"""when {is_plain} and {of_number} {" ".join(recent)} else false end then
        case when regexp_full_match({kbs}, {quoted(f"(?:{PLAIN_KBS})")}) then {quoted(_IN_WORDS)} || {of_number} {" ".join(counting)} end else {in_words} end"""
    return f"""case {waits if recent else ""} when {is_undecided} then ''
        when regexp_full_match({kbs}, {quoted(PLAIN_KBS)}) then {of_plain} else {in_words} end"""


def _is_one_of(build: str, names: Iterable[str]) -> str:
    """Return SQL for whether a text is one of these builds."""
    return f"regexp_full_match({build}, {quoted('(10[.]0[.])?(' + '|'.join(names).replace('.', '[.]') + ')')})"


def _key(texts: Sequence[str], fields: Sequence[str], judge: Judge) -> tuple[str, ...]:
    """Return the key of a machine with its KBs reduced, where they are still in words."""
    stated = dict(zip(fields, texts, strict=True))
    if (kbs := stated.get("kbs", "")).startswith(_IN_WORDS):
        stated["kbs"] = judge.reduced(kbs.removeprefix(_IN_WORDS), stated["build"])
    return tuple(stated.values())


def _words(kbs: str, words: Mapping[str, str]) -> str:
    """Return SQL for the meanings of the KBs in a text."""
    by_word: dict[str, list[str]] = {}
    for kb, said in words.items():
        for word in said.split():
            by_word.setdefault(word, []).append(kb)
    if not words:
        return "''"
    cases = [f"case when {_named(kbs, numbers)} then {quoted(word)} end" for word, numbers in sorted(by_word.items())]
    return f"case when {_named(kbs, words)} then concat_ws(' ', {', '.join(cases)}) else '' end"


def _named(kbs: str, numbers: Iterable[str]) -> str:
    """Return SQL for whether a text names one of these KBs, of which there must be one: an empty pattern matches every text."""
    return f"regexp_matches({kbs}, '(^|[^0-9])({'|'.join(sorted(numbers))})([^0-9]|$)')"


def _file(paths: Sequence[Path], names: Sequence[str], delimiter: str = "\t", skip: int = 0, longest: int = 64 * MAX_ROW) -> str:
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in names)
    files = ", ".join(quoted(str(path)) for path in paths)
    return f"read_csv([{files}], {_READ}, skip = {skip}, delim = {quoted(delimiter)}, columns = {{{columns}}}, nullstr = '{_NULL}', max_line_size = {longest})"


def _decoded(sql: str) -> str:
    for character, written in DECODING:
        sql = f"replace({sql}, {_text(written)}, {_text(character)})"
    return sql


def _text(text: str) -> str:
    return " || ".join(f"chr({ord(character)})" if character < " " else quoted(character) for character in text)
