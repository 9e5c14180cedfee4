"""Read what commands print for people: systeminfo, wmic, Format-List, reg query and .reg files, Ansible's output, ver and winver.

They are known by their shape, in any language: labels with a colon or an equals sign, values of the registry, a version in brackets. Several
machines may follow each other; the first label that comes again begins the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import and_
from typing import Any, Final

from hotpatch_kb.db.fleet.inventory.columns import DECODER, OF_ANYTHING, bare, columns_of
from hotpatch_kb.db.fleet.inventory.hosts import may_be_host
from hotpatch_kb.db.fleet.inventory.machines import are_hosts, host_with, machines_in, says_its_build, with_doubt, with_host
from hotpatch_kb.db.fleet.inventory.texts.plays import PLAYED, records_of_plays
from hotpatch_kb.db.fleet.inventory.values import is_of_systeminfo, may_say_build, says_build, says_product, states_its_build
from hotpatch_kb.db.fleet.inventory.vocabulary import is_of_machine
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message

MAX_TEXT: Final = 2**28  # characters; 50,000 outputs of systeminfo
_LOOKED_AT: Final = 400  # lines

Record = dict[str, Any]

# "OS Version:      10.0.20348 N/A Build 20348", "BuildNumber=20348", "UBR : 5386"; the label of a table's row would hold a delimiter.
_LABEL: Final = re.compile(
    r"(?P<label>[^\s,;|\"<>{}\[\]=:](?:[^,;|\"\t<>{}=]{0,78}?[^\s,;|\"<>{}=])?)\s*(?:[:：](?=\s|$)|=>?)\s*(?P<value>.*)"
)
# systeminfo pads its labels, and some have a colon: "Virtual Memory: Max Size:  4,863 MB".
_PADDED: Final = re.compile(r"(?P<label>[^\s,;|\"][^,;|\"\t]{0,79}?)[:：]\s{2,}(?P<value>\S.*)")
_REG_QUERY: Final = re.compile(r"\s{2,}+(?P<name>\S(?:.*?\S)?)\s{2,}REG_(?P<kind>[A-Z_]+)(?:\s+(?P<value>.*))?")
# A prompt with the command that asks a host, and a line above the answer: "\\srv1:", "=== srv1 ===", "Computer: srv1"
_REG_HOST: Final = re.compile(r"\\\\(?P<host>[\w.-]+)\\HK", re.IGNORECASE)
_REG_HOST_LINE: Final = re.compile(
    r"(?:[-=*#>\s\\]*+|(?:computer|server|host|machine)(?: ?name)?\s*+[:=]\s*+)(?P<host>[\w.-]{1,255}+)[-=*#:\s]*+", re.IGNORECASE
)
_REG_FILE: Final = re.compile(
    r'"(?P<name>(?:[^"\\]|\\.)*)"=(?:"(?P<text>(?:[^"\\]|\\.)*)"|dword:(?P<number>[0-9a-fA-F]{1,8})|(?P<other>.*))'
)
_REG_KEY: Final = re.compile(r"\[?(?:\\\\(?P<host>[^\\]+)\\)?HK[A-Z_]+\\(?P<path>[^\]]*)\]?")
# "srv1 | SUCCESS => {...}", "srv1 | CHANGED | rc=0 >>"
_ANSIBLE: Final = re.compile(r"(?m)^(?P<host>\S+) \| (?P<outcome>[A-Z][^\n]*?)(?P<mark>=>|>>|!:)[ \t]*")
_DONE: Final = re.compile(r"(?:SUCCESS|CHANGED|OK)\b(?!.*\brc=(?!0\b))")  # a task that fails may print what it wanted to install
# "Microsoft Windows [Version 10.0.26100.8875]", "Version 24H2 (OS Build 26100.8875)"
_VER: Final = re.compile(r"\[[^\[\]\n]*\b10\.0\.\d{5}\.\d{1,5}\]|\([^()\n\d]*\b\d{5}\.\d{1,5}\)")
_OF_WINPE: Final = re.compile(r"(?mi)^[ \t]*+X:\\windows\\system32>")  # a drive of its own in memory, where Windows is installed from
_OF_A_COMMAND: Final = re.compile(r"\[[^\[\]\n]*\b10\.0\.\d{5}")  # "ver" prints its answer in such brackets
_HOST_LINE: Final = re.compile(r"[-=*#>\s\\]*+(?P<host>[\w.-]{1,255}+)[-=*#:\s]*+")
# "[SRV1]", "===== SRV1 =====", "--- SRV1 ---" above the labels of a machine
_SECTION: Final = re.compile(r"\[(?P<bracketed>[\w.-]{1,255})\]|[-=*#]{2,}+\s*+(?P<host>[\w.-]{1,255}+)[-=*#:\s]*+")
# Remarks above the first section of a file of INI; labels that are aligned to the right, as SQLite prints a row in lines.
_OF_INI: Final = re.compile(r"\A(?:[ \t]*(?:[;#][^\n]*)?\r?\n)+(?=\[[\w.-]+\])")
_ALIGNED: Final = re.compile(r"[ \t]*[\w.]+ = .*")
_TABLE_DELIMITER: Final = re.compile(r"[,;|\t]")


class Records:
    """The machines of a text.

    Attributes:
        host_column: the first label of lists of labels: systeminfo begins with the host in every language.
    """

    def __init__(self, records: Iterable[tuple[Record, Message | None]], *, is_labelled: bool = False) -> None:
        """Take the machines, each with why it cannot be read, or None. They are kept: a command's output is of tens or hundreds of them."""
        self._records = list(records)
        self.columns: list[str] | None = list(dict.fromkeys(name for record, _ in self._records for name in record))
        self.host_column = self.columns[0] if is_labelled and self.columns else None

    def find_columns(self) -> list[str]:
        """Return every label, in the order of first appearance."""
        return list(self.columns or ())

    def sample(self, count: int) -> list[Record]:
        """Return the first machines."""
        return [record for record, _ in self._records[:count]]

    def records(self) -> Iterator[tuple[Record, Message | None]]:
        """Yield the machines, in their order."""
        return iter(self._records)


def records_of(head: str, rest: Callable[[], str]) -> Records | None:
    """Return the machines of a text that a command prints; None where it is a table or JSON.

    Args:
        head: the beginning of the text.
        rest: returns what follows; it is called only for such a text.

    Raises:
        BadInput: it is too long.
    """
    head = _OF_INI.sub("", head)
    is_aligned = all(map(_ALIGNED.fullmatch, filter(str.strip, head.replace("\r", "").split("\n"))))
    reader = _reader(_unaligned(head) if is_aligned else head)
    if reader is None:
        return None
    text = head + rest()
    text = _unaligned(text) if is_aligned else text
    if len(text) >= MAX_TEXT:
        raise BadInput("expected a text of at most {size} MB, got a longer one; a table has no such limit", size=MAX_TEXT // 2**20)
    records = list(reader(text.replace("\r", "")))
    if reader is _of_labels and len(records) > 1 and _are_parts(records):
        records = [dict(pair for record in records for pair in _in_section(record).items() if pair[0] != "host" or "section" in record)]
    elif reader is _of_labels:
        records = [_of_section(record, is_only=len(records) == 1) for record in records]
    return Records(((record, None) for record in records), is_labelled=reader is _of_labels)


def _unaligned(text: str) -> str:
    """Return a text whose labels are aligned to the right, with each at the beginning of its line."""
    return re.sub(r"(?m)^[ \t]+", "", text)


def _of_section(record: Record, *, is_only: bool) -> Record:
    """Return what stands below the name of a section, which may be that of a host: "[Target]" is not, and "[OLD-DC1]" is."""
    cells = _without_host(record)
    section = str(record.get("host", ""))
    if not section or "section" in record or (is_only and is_of_machine(section)) or "host" in columns_of(list(cells), {}):
        return record
    return with_host(section, cells)


def _in_section(record: Record) -> Record:
    """Return labels behind the name of their section where it is not known to be of the machine itself: "Target.Build"."""
    section = str(record.get("section", record.get("host", "")))
    if is_of_machine(section):
        return record
    return {name if name == "host" else f"{section}.{name}": value for name, value in record.items()}


def _are_parts(records: list[Record]) -> bool:
    """Return whether sections are parts of one machine: "[System]" has its host, "[OS]" its build, and no label is in two of them."""
    labels = [record.keys() - {"host"} for record in records]
    names = [name for part in labels for name in part]
    has_host = any("host" in columns_of(list(part), {}) or "section" in part for part in labels)
    return all("host" in record for record in records) and len(set(names)) == len(names) and has_host


def _reader(head: str) -> Callable[[str], Iterator[Record]] | None:
    lines = [line.rstrip() for line in islice(head.replace("\r\n", "\n").split("\n"), _LOOKED_AT) if line.strip()]
    if not lines:
        return None
    if (
        _REG_KEY.fullmatch(lines[0])
        or lines[0].startswith(("Windows Registry Editor", "REGEDIT4"))
        or any(map(_REG_QUERY.fullmatch, lines[:5]))
    ):
        return _of_registry
    if (match := _ANSIBLE.match(lines[0])) and match["host"]:
        return _of_ansible
    if any(map(PLAYED.match, lines)):
        return records_of_plays
    if lines[0][:1] in {"[", "{"} and not _SECTION.fullmatch(lines[0]):
        return None
    margin = _margin(lines)
    labels = [line for line in lines if _is_label(line, margin)]
    others = sum(line[margin : margin + 1].isspace() or _SECTION.fullmatch(line) is not None for line in lines)
    if len(labels) > 1 and len(labels) + others >= 0.7 * len(lines):
        pairs = [_split(line[margin:]) for line in labels]
        if len(dict(pairs)) == len(pairs) and are_hosts(pairs):
            return _of_hosts
        return _of_labels
    if (
        not any(_TABLE_DELIMITER.search(line) for line in lines[:2])
        and any(map(_VER.search, lines))
        and not re.search(r"\d{5}\.\d", lines[0])
    ):
        return _of_versions
    return _of_answers if _are_answers(lines) else None


def _margin(lines: list[str]) -> int:
    return min(len(line) - len(line.lstrip()) for line in lines)


def _is_label(line: str, margin: int) -> bool:
    return not line[margin : margin + 1].isspace() and _split(line[margin:])[0] != ""


def _split(line: str) -> tuple[str, str]:
    """Return the label and the value of a line, "" as a label where it has none."""
    match = _PADDED.fullmatch(line) or _LABEL.fullmatch(line)
    return (match["label"].strip(), match["value"].strip()) if match else ("", "")


def _of_hosts(text: str) -> Iterator[Record]:
    for line in text.split("\n"):
        label, value = _split(line.strip())
        if label:
            yield host_with(label, value)


def _of_labels(text: str) -> Iterator[Record]:
    """Yield a record per machine. Indented lines and lines without a label go on with the value before; none is lost."""
    lines = [line.rstrip() for line in text.split("\n")]
    margin = _margin([line for line in lines if line])
    record: Record = {}
    first = label = title = ""
    is_title = is_after_blank = is_named_above = False
    for line in lines:
        if not line:
            is_after_blank = True
            continue
        if section := _SECTION.fullmatch(line):
            if record and (record.keys() - {"host"} or not is_title):
                yield record
            is_title = not record  # one above all others, directly above the first machine
            record, first, label = {"host": section["bracketed"] or section["host"]}, "", ""
            is_named_above = True
            continue
        name, value = _split(line[margin:]) if not line[margin : margin + 1].isspace() else ("", line.strip())
        if is_named_above and name == "host":  # "[a]", and "host=SRV1" below
            is_named_above = is_after_blank = False
            record, label, first = {"section": record["host"], "host": value, **_without_host(record)}, "host", first or name
            continue
        if not name and not record:
            title = line.strip()
        elif name and title and bare(name) in OF_ANYTHING and not record and not is_after_blank and not says_product(title):
            name = f"{title}: {name}"  # of the program that prints it: DISM has its own version
        # The next machine begins with the first label again; after a blank line also with any that is there, or with systeminfo in another language.
        is_next = name and is_after_blank and (name in record or any(map(is_of_systeminfo, map(str, record.values()))))
        is_after_blank = False
        if name and record and (name == first or is_next):
            yield record
            record, first, label = {}, "", ""
        if name:
            first = first or name
            label = name
            record[label] = f"{record[label]} {value}" if label in record else value
        elif label and line[margin : margin + 1].isspace():
            record[label] = f"{record[label]} {line.strip()}".strip()
    pairs = [(label, str(value)) for label, value in record.items()]
    if len(pairs) > 1 and are_hosts(pairs):  # Salt prints a host, and its answer below
        yield from (host_with(*pair) for pair in pairs)
    elif record:
        yield record


def _without_host(record: Record) -> Record:
    return {label: value for label, value in record.items() if label != "host"}


def _of_registry(text: str) -> Iterator[Record]:
    """Yield a record per machine: values of CurrentVersion by their names, of other keys behind the last part of the key."""
    record: Record = {}
    prefix = host = ""
    joined = re.sub(r"\\\n\s*", "", text)  # long values of .reg files go on in the next line
    for line in joined.removeprefix("REGEDIT4").split("\n"):
        if match := _REG_KEY.fullmatch(line.strip()):
            last = match["path"].rpartition("\\")[2]
            prefix = "" if last.casefold() in {"currentversion", "software"} else f"{last}."
            host = match["host"] or host
        elif not _REG_QUERY.fullmatch(line) and (named := _REG_HOST.search(line) or _REG_HOST_LINE.fullmatch(line)):
            host = named["host"]
        if host and record.get("host", "" if record else host) != host:
            yield record
            record = {}
        if host:
            record["host"] = host
        pair = _registry_value(line)
        if pair is None:
            continue
        name = "host" if pair[0].casefold() == "computername" else prefix + pair[0]
        if name in record and name != "host":
            yield record
            record = {}
        record[name] = pair[1]
    if record:
        yield record


def _registry_value(line: str) -> tuple[str, str] | None:
    if match := _REG_QUERY.fullmatch(line):
        value = (match["value"] or "").strip()
        is_number = match["kind"] in {"DWORD", "QWORD"} and re.fullmatch(r"0x[0-9a-fA-F]{1,16}", value)
        return match["name"], str(int(value, 16)) if is_number else value
    if match := _REG_FILE.fullmatch(line.strip()):
        name = re.sub(r"\\(.)", r"\1", match["name"])
        if match["number"] is not None:
            return name, str(int(match["number"], 16))
        return name, re.sub(r"\\(.)", r"\1", match["text"]) if match["text"] is not None else match["other"]
    return None


def _of_ansible(text: str) -> Iterator[Record]:
    marks = list(_ANSIBLE.finditer(text))
    for mark, end in zip(marks, [*(following.start() for following in marks[1:]), len(text)], strict=True):
        body = text[mark.end() : end].strip()
        value: Any = None
        if body.startswith("{"):
            try:
                value = DECODER.decode(body)
            except ValueError:
                value = None
        outcome = mark["outcome"].strip(" |(")
        failed = "" if _DONE.match(outcome) else outcome
        if isinstance(value, dict):
            found = [cells for cells, _ in machines_in(value) if says_its_build(cells)] or [value]
            for cells in found:
                yield {"host": mark["host"], **(with_doubt(cells, failed) if failed else cells)}
        else:
            output = " ".join(body.split())
            yield {
                "host": mark["host"],
                "output": output,
                **({"status": failed if failed.startswith("FAILED") else "failed"} if failed else {}),
            }


def _are_answers(lines: list[str]) -> bool:
    """Return whether lines are names and builds in turn, as ``echo SRV1`` and a command print them; a host may have no answer.

    "Build" above builds is a column.
    """
    are_builds = [states_its_build(line) and says_build(line) == 2 for line in lines]
    names = [line for line, is_build in zip(lines, are_builds, strict=True) if not is_build]
    is_one = len(lines) == 2 and names and not (may_be_host(names[0]) or names[0] == "local:")
    if are_builds[0] or is_one or 2 * len(names) > 3 * sum(are_builds) or any(map(and_, are_builds, are_builds[1:])):
        return False
    return all(_HOST_LINE.fullmatch(name) and not columns_of([name], {}) and not may_say_build(name) for name in names)


def _of_answers(text: str) -> Iterator[Record]:
    host = ""
    for line in filter(None, map(str.strip, text.split("\n"))):
        if states_its_build(line) and says_build(line) == 2:
            yield host_with(host, line, is_sure=host == "local")  # as salt-call names the machine that it runs on
            host = ""
            continue
        if host:
            yield {"host": host, "build": ""}
        match = _HOST_LINE.fullmatch(line)
        host = match["host"] if match else line
    if host:
        yield {"host": host, "build": ""}


def _of_versions(text: str) -> Iterator[Record]:
    """Yield a record per line with a version in brackets; a line of one word before it is the host. A host without one has no build."""
    host = ""
    is_of_winpe = _OF_WINPE.search(text) is not None
    for line in text.split("\n"):
        if _VER.search(line) and is_of_winpe:
            yield {**host_with("Windows PE", line.strip()), "host": host}
        elif _VER.search(line):
            yield (
                host_with(host, line.strip(), is_sure=_OF_A_COMMAND.search(line) is not None)
                if host
                else {"host": "", "build": line.strip()}
            )
            host = ""
        elif (match := _HOST_LINE.fullmatch(line)) and match["host"]:
            if host:
                yield {"host": host, "build": ""}
            host = match["host"]
    if host:
        yield {"host": host, "build": ""}
