"""Read lines of ``name=value`` pairs (logfmt, events of Splunk, inventories of Ansible in INI), and tables of names and values."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from hotpatch_kb.db.fleet.inventory.columns import bare, columns_of, members
from hotpatch_kb.db.fleet.inventory.hosts import is_thing, may_be_host, no_host
from hotpatch_kb.db.fleet.inventory.machines import are_hosts, host_with, with_doubt, with_host
from hotpatch_kb.db.fleet.inventory.tables.fixed_width import fixed_width
from hotpatch_kb.db.fleet.inventory.updates import speaks_against_build
from hotpatch_kb.db.fleet.inventory.values import is_of_installed, may_say_build, says_build, says_product, states_its_build
from hotpatch_kb.db.model.wording import denies, says_no

_PAIR: Final = re.compile(r"(?:^|(?<=[\s,;|]))(?P<name>[^\W\d][\w.\-/]*)=(?P<value>\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s,;|\"']*)(?=[\s,;|]|$)")
_LOOKED_AT: Final = 50  # lines
_GROUP: Final = re.compile(r"\[(?P<name>[\w.:-]+)\]")
_OF_ALL: Final = re.compile(r"\[[\w.-]+:(?:vars|children)\]")  # of Ansible: what all hosts of a group have, and names of groups
_REMARK: Final = re.compile(r"\s*[#;]")
# Members that tell what a line is about: "update failed" beside a build.
_EVENTS: Final = frozenset({"msg", "message", "event", "error", "err", "reason", "action", "result", "status", "state", "level", "outcome"})
_STEPS: Final = re.compile(
    r"(?:re)?(?:boot|start)|restarts?|neustart|redémarrage|reinicio|riavvio|再起動|重启|update|upgrade|patch|install|deploy|rollout|rollback"
)
_LEVELS: Final = frozenset({"error", "fatal", "critical", "warn", "warning"})
_WORD: Final = re.compile(r"[\w.-]{1,255}")
_HOST_AND_PAIR: Final = re.compile(r"[\w.-]{1,255}[ \t]+[^\s=]+=\S+")

_VALUE: Final = re.compile(
    r"(?:(?:property|setting|attribute|field|fact) ?)?values?|data|wert|valeur|valor|valore|waarde|wartość|hodnota|värde|verdi|værdi|arvo|érték|değer|значение|значення|値|設定値|プロパティ値|内容|データ|值|数值|값|속성 ?값",
    re.IGNORECASE,
)
_NAME: Final = re.compile(
    r"(?:propert(?:y|ies)|(?:value|property|attribute|setting|key|field|fact|parameter)?[ _]?names?|keys?|attributes?|settings?|fields?|items?|facts?|parameters?|metrics?|measures?|counters?"
    r"|(?:eigenschaft|merkmal|messwert|feld|attribut|schlüssel|parameter|wert)(?:s?namen?)?|propriété|attribut|champ|paramètre|clé|nom|propiedad|atributo|campo|clave|parámetro|nombre|propriedade|chave|nome|proprietà|attributo"
    r"|eigenschap|veld|naam|właściwość|atrybut|pole|nazwa|egenskap|egenskab|namn|navn|vlastnost|název|tulajdonság|özellik|свойство|параметр|атрибут|имя|поле"
    r"|名前|メトリック|項目名?|プロパティ名?|属性名?|設定(?:項目|名)?|キー|パラメータ名?|パラメーター名?|フィールド名?|値の名前|名称|名|属性|属性名称|项目|項目名稱|이름|속성(?: ?이름)?|항목)",
    re.IGNORECASE,
)
_UNDERLINED: Final = re.compile(r"[^\n]+\n[ \t]*-+[ \t]+-+[ \t]*\n")
_LISTED: Final = re.compile(r"\s*(?:[-*+•·–‣]|\d{1,5}[.)])\s+(?P<host>[\w.-]{1,255})\s*[:=：]\s*(?P<value>\S.*)")
MAX_PAIRS: Final = 2_000  # lines of a table of names and values


def are_pairs(head: str) -> bool:
    """Return whether the first lines of a text have two pairs each, or more, or one after a host; one in five may be another."""
    of_pairs = [line for _, line in _of_hosts(islice(head.replace("\r\n", "\n").split("\n"), _LOOKED_AT))]
    if not of_pairs or not _has_pairs(of_pairs[0]):
        return False
    return sum(map(_has_pairs, of_pairs)) >= 0.8 * len(of_pairs)


def _of_hosts(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each line that is not a remark, the name of a group, or of all hosts of one, after its group."""
    group, is_of_all = "", False
    for line in map(str.strip, lines):
        if section := _GROUP.fullmatch(line):
            group, is_of_all = section["name"], _OF_ALL.fullmatch(line) is not None
        elif line and not is_of_all and not _REMARK.match(line):
            yield group, line


def _has_pairs(line: str) -> bool:
    """Return whether a line has pairs as those of a machine: two, or a build after a word, as in an inventory of Ansible."""
    pairs = _PAIR.findall(line)
    return len(pairs) > 1 or (len(pairs) == 1 and _HOST_AND_PAIR.fullmatch(line.strip()) is not None and may_say_build(pairs[0][0]))


def rows_of_pairs(text: str) -> Iterator[dict[str, Any]]:
    """Yield a machine for each line. What a line says besides its pairs is kept as "text"; where it denies something, the build is not stated."""
    for group, line in _of_hosts(text.split("\n")):
        pairs = [(match["name"], _unquoted(match["value"])) for match in _PAIR.finditer(line)]
        rest = " ".join(re.sub(r"[,;|]+", " ", _PAIR.sub(" ", line)).split())
        if (
            pairs
            and rest
            and _WORD.fullmatch(rest)
            and line.startswith(rest)
            and not columns_of([name for name, _ in pairs], {}).get("host")
        ):
            # "srv1 build=26100.33158 os=..." of Ansible, whose groups have hosts
            pairs = list(with_host(rest, members(pairs), is_sure=group != "").items())
            rest = ""
        row = members(pairs)
        if group:
            row["group"] = group
        if rest:
            row["text"] = rest
        if not pairs or _is_denied(row, rest, group):
            row = {name: value for name, value in row.items() if not says_build(value)} | {"build": f"{line} ({group})" if group else line}
        yield row


def _is_denied(row: dict[str, Any], rest: str, group: str) -> bool:
    """Return whether a line tells that something failed, is missing or is to come."""
    told = [value for name, value in row.items() if name.casefold() in _EVENTS]
    if any(speaks_against_build(bare(name), value) for name, value in row.items() if isinstance(value, str)):
        return True  # dry_run=true, etat="à installer"
    if any(_STEPS.fullmatch(bare(name)) and denies(value) and not says_no(value) for name, value in row.items()):
        return True
    return denies(rest) or not is_of_installed(group) or any(denies(value) or value.casefold() in _LEVELS for value in told)


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] == '"' else value[1:-1]
    return value


def are_listed(head: str) -> bool:
    """Return whether a text is a list of hosts and their builds, as people write it in a ticket: "- srv1: 26100.33158"."""
    lines = [line for line in head.split("\n") if line.strip()]
    pairs = [(match["host"], match["value"]) for line in lines if (match := _LISTED.fullmatch(line.rstrip()))]
    return len(pairs) == len(lines) > 1 and are_hosts(pairs)


def rows_of_list(text: str) -> Iterator[dict[str, Any]]:
    """Yield the machines of such a list; a line of another shape is a machine whose build is not stated."""
    for line in filter(str.strip, text.split("\n")):
        match = _LISTED.fullmatch(line.rstrip())
        yield host_with(match["host"], match["value"]) if match else {"host": "", "build": line.strip()}


def names_and_values(head: str) -> str:
    """Return the delimiter of a table of two columns with the names and values of machines, "" where a text is another.

    It is one only where its names say a build and something else of a machine. A table of machines and their builds has names of hosts, and one of
    several builds ("Target build", "OS build") is read row by row.
    """
    lines = [line for line in head.replace("\r\n", "\n").split("\n") if line.strip()]
    if not 2 < len(lines) < MAX_PAIRS:
        return ""
    return next((delimiter for delimiter in ",;\t|" if _of_machine(list(rows_of_cells(lines, delimiter)))), "")


def in_columns(text: str) -> str:
    """Return a table of two columns of fixed widths, as PowerShell prints a hash table, with a tab between them; "" where a text is another."""
    start = text.replace("\r\n", "\n").lstrip("\n")
    table = fixed_width(start, io.StringIO()) if _UNDERLINED.match(start) else None
    lines = table.tabbed(start).split("\n") if table is not None else []
    return "\n".join(lines) if lines and all(line.count("\t") == 1 for line in lines if line) else ""


def rows_of_cells(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the cells of each line: of Markdown without the bars at the ends and the line below the header."""
    try:
        for cells in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter, strict=True):
            inner = cells[1:-1] if delimiter == "|" and len(cells) > 3 and not cells[0].strip() and not cells[-1].strip() else cells
            if not all(re.fullmatch(r"\s*:?-{2,}:?\s*", cell) for cell in inner):
                yield [cell.strip() for cell in inner]
    except csv.Error:
        yield []


def _of_machine(rows: list[list[str]]) -> bool:
    if not rows or any(len(row) != 2 or not row[0] for row in rows):
        return False
    name, value = rows[0]
    if not _VALUE.fullmatch(value) and "host" in columns_of([name], {}) and (may_say_build(value) or "build" in columns_of([value], {})):
        return False  # the header of hosts and their builds, one of which is called BUILD01
    return are_facts(dict(_without_header(rows)))


def are_facts(values: Mapping[str, str]) -> bool:
    """Return whether names and values say the build of one machine and something else of it, in any language: "OS ビルド" and "OS 名"."""
    fields = columns_of(list(values), {})
    states = any(says_build(values[name]) for name in fields.get("build", ()))
    states = states or any(may_say_build(name) and states_its_build(text) and says_build(text) for name, text in values.items())
    others = [name for field in ("host", "product", "revision", "edition", "kbs") for name in fields.get(field, ())]
    others += [name for name, text in values.items() if is_of_installed(name) and says_product(text)]
    if not states or all(says_build(values[name]) for name in others) or any(says_build(name) for name in values):
        return False
    # A label of another host beside its build: "SRV1: 20348.4171", "BUILD01: 26100.33158"
    return not any(says_build(text) == 2 and may_be_host(name) and not may_say_build(name) for name, text in values.items())


def _without_header(rows: list[list[str]]) -> list[list[str]]:
    return rows[1:] if _VALUE.fullmatch(rows[0][1]) else rows


def rows_of_names(text: str, delimiter: str) -> Iterator[dict[str, Any]]:
    """Yield the machines of such a table; a name that comes again begins the next one. A header (Property, Value) is not of a machine."""
    rows = _without_header(list(rows_of_cells([line for line in text.replace("\r\n", "\n").split("\n") if line.strip()], delimiter)))
    record: dict[str, Any] = {}
    for name, value in rows:
        if name in record and name == next(iter(record)):
            yield record
            record = {}
        if name in record:
            record = members([*record.items(), (name, value)])
        else:
            record[name] = value
    if record:
        yield record


def facts_by_host(head: str) -> tuple[str, int, int, int] | None:
    """Return the delimiter of a table with a fact a line (host, property, value), and the places of these columns; None where a text is another.

    It is one only where what it says of its first host is what ``names_and_values`` looks for. Read row by row, each fact would be a machine.
    """
    lines = [line for line in head.replace("\r\n", "\n").split("\n") if line.strip()]
    lines = lines[:-1] if len(lines) > MAX_PAIRS else lines[:MAX_PAIRS]
    for delimiter in ",;\t|":
        if places := places_of_facts(list(rows_of_cells(lines, delimiter))):
            return (delimiter, *places)
    return None


def places_of_facts(rows: Sequence[Sequence[str]]) -> tuple[int, int, int] | None:
    """Return the places of the host, the name and the value in rows with a fact each; None where they are others."""
    if len(rows) < 3 or len(rows[0]) < 3:
        return None
    whole = [row for row in rows[1:] if len(row) == len(rows[0])]  # a row may lack cells
    for host, name, value in _places(rows[0]) if whole else ():
        first = [row for row in whole if row[host] == whole[0][host]]
        if whole[0][host] and _of_machine([[rows[0][host], whole[0][host]], *([row[name], row[value]] for row in first)]):
            return host, name, value
    return None


def is_name_of_names(title: str) -> bool:
    """Return whether a column with this title has the names of facts: "Property", "項目"."""
    return _NAME.fullmatch(title) is not None


def _places(header: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield the places of a host, a name and a value in a header. "Name" may be of a host or of a fact."""
    hosts = columns_of(header, {}).get("host", ())
    values = [place for place, title in enumerate(header) if _VALUE.fullmatch(title)]
    names = [place for place, title in enumerate(header) if _NAME.fullmatch(title)]
    for value in values:
        for name in names:
            yield from ((header.index(host), name, value) for host in hosts if header.index(host) not in {name, value})


def rows_of_facts(text: str, delimiter: str, host: int, name: int, value: int) -> Iterator[dict[str, Any]]:
    """Yield the machines of such a table, in the order in which they come first; a name that comes twice keeps both values."""
    rows = rows_of_cells([line for line in text.replace("\r\n", "\n").split("\n") if line.strip()], delimiter)
    yield from rows_of_fact_cells(list(rows), host, name, value)


def rows_of_fact_cells(rows: Sequence[Sequence[str]], host: int, name: int, value: int) -> Iterator[dict[str, Any]]:
    """Yield the machines of rows with a fact each. A product or a ring is no host: that it has a build says nothing of a machine."""
    header, *rows = rows
    facts: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        if len(row) != len(header):  # a line that is not of the table is a machine that cannot be read, and not lost
            facts.setdefault(" ".join(row), [])
        else:
            facts.setdefault(row[host], []).append((row[name] or header[value], row[value]))
    for machine, pairs in facts.items():
        cells = with_doubt(members(pairs), no_host(machine)) if is_thing(machine) else members(pairs)
        yield members([(header[host], machine), *cells.items()])
