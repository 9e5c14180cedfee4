"""Read what ``ansible-playbook`` prints: tasks with a line for each host, and below it what the host has answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from hotpatch_kb.db.fleet.inventory.columns import DECODER
from hotpatch_kb.db.fleet.inventory.machines import machines_in, says_its_build, with_doubt
from hotpatch_kb.db.fleet.inventory.values import is_of_installed, states_its_build
from hotpatch_kb.db.model.reading import builds_in

# "ok: [srv1] => {", "fatal: [srv2]: UNREACHABLE! => {...}", "ok: [srv1 -> localhost] => (item=a) => {"
PLAYED: Final = re.compile(
    r"(?P<outcome>ok|changed|fatal|failed|skipping|unreachable|ignored|rescued): \[(?P<host>[\w.-]{1,255})(?P<delegated> -> [^\]\n]+)?\](?P<rest>.*)"
)
_TASK: Final = re.compile(r"(?P<kind>TASK|PLAY|RUNNING HANDLER|PLAY RECAP)\b[ \t]*(?:\[(?P<name>.*)\])?[ \t*]*")
_ANSWERS: Final = frozenset({"msg", "stdout", "stdout_lines", "result", "output"})  # members that have what a command has printed


def records_of_plays(text: str) -> Iterator[dict[str, Any]]:
    """Yield the machines, in the order in which they come first. One that says several builds, or fails at last, does not surely have one of them."""
    said: dict[str, list[dict[str, Any]]] = {}
    failed: dict[str, str] = {}
    task = ""
    lines = text.split("\n")
    for place, line in enumerate(lines):
        if named := _TASK.match(line):
            task = named["name"] or ""
        elif found := PLAYED.match(line.rstrip()):
            cells = said.setdefault(found["host"], [])
            outcome = found["outcome"] if found["outcome"] not in {"ok", "changed", "skipping"} else ""
            failed |= {found["host"]: outcome} if outcome else {}
            why = outcome or (found["delegated"] or "").strip() or ("" if is_of_installed(task) else task)
            answers = _answers(_body(lines, place, found["rest"]))
            cells += [with_doubt(answer, why) if why else answer for answer in answers]
    for host, answers in said.items():
        builds = {build for answer in answers for text in map(str, answer.values()) for build in builds_in(text[:1000])}
        why = "one of several builds" if len(builds) > 1 else failed.get(host, "")
        own = [with_doubt(answer, why) if why else answer for answer in answers[-1:]]
        yield {"host": host, **(own[0] if own else {"build": ""})}


def _body(lines: list[str], place: int, rest: str) -> str:
    """Return what follows an arrow, in its line or in those below it up to the next host, task or blank line."""
    start = rest.find("{")
    if "=>" not in rest or start < 0:
        return rest.partition("=>")[2].strip()
    body = [rest[start:]]
    for line in lines[place + 1 :]:
        if body[-1].rstrip() == "}" or not line.strip() or PLAYED.match(line) or _TASK.match(line):
            break
        body.append(line)
    return "\n".join(body)


def _answers(body: str) -> list[dict[str, Any]]:
    """Return the machines of an answer: an object with its build, or a text that says nothing else."""
    try:
        value = DECODER.decode(body) if body.startswith("{") else {"msg": body}
    except (ValueError, RecursionError):
        return [{"output": " ".join(body.split())}] if builds_in(body[:1000]) else []
    if not isinstance(value, dict):
        return []
    found = [cells for cells, _ in machines_in(value) if says_its_build(cells)]
    if found:
        return [{name: member for name, member in cells.items() if name != "host"} for cells in found]
    printed = [member for name, member in value.items() if name.rpartition(".")[2] in _ANSWERS and is_of_installed(name)]
    texts = [" ".join(map(str, member)).strip() if isinstance(member, list) else member for member in printed]
    return [{"build" if states_its_build(text) else "output": text} for text in texts if isinstance(text, str) and builds_in(text[:1000])]
