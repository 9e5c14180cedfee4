"""Find the machines in a value of JSON, at whatever depth: a list, an answer of a service that wraps one, or facts by host.

A machine is the outermost object that says a build of its own. Nothing is known by the name of a wrapper: Azure Resource Graph has "data",
OData "value", Zabbix "result", Ansible's callback "plays", each with lists inside lists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hotpatch_kb.db.fleet.inventory.columns import columns_of, flat
from hotpatch_kb.db.fleet.inventory.values import MAX_TEXT, is_of_installed, may_say_build, says_build, speaks_of_installed
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.reading import builds_in

Found = list[tuple[dict[str, Any], Message | None]]

_DEPTH: Final = 40
# Names of parts of a machine ("os", "properties") are words; names of hosts have a digit, a hyphen or a dot, mostly.
_LIKE_A_HOST: Final = re.compile(r"[-.\d]")


def machines_in(value: Any) -> Found:
    """Return the machines of a value, each with why it cannot be read, or None.

    Where nothing says a build, the one list of the value is taken, else the value itself.
    """
    if isinstance(value, dict):
        if _is_plain(value) and not all(isinstance(member, str) and member[-1:].isdigit() for member in value.values()):
            return [(value, None)]
        if found := _found(value, 0):
            return found
        lists = [member for member in value.values() if isinstance(member, list)]
        if len(lists) == 1 and "build" not in columns_of(tuple(value), {}) and (not lists[0] or isinstance(lists[0][0], dict)):
            return [_alone(item) for item in lists[0]]
    return [_alone(value)]


def _alone(item: Any) -> tuple[dict[str, Any], Message | None]:
    if isinstance(item, dict):
        return item, None
    return {}, Message("expected an object, got {got}", got=json.dumps(item, ensure_ascii=False)[:200])


def _is_plain(value: Mapping[str, Any]) -> bool:
    return not any(isinstance(member, dict | list) for member in value.values())


def _found(value: Any, depth: int) -> Found:
    """Return the machines in a value; none where nothing in it says a build."""
    if depth > _DEPTH:
        return []
    if isinstance(value, list):
        return _of_list(value, depth)
    if not isinstance(value, dict):
        return []
    if rows := _table(value):
        return _of_list(rows, depth)
    if len(value) > 1 and all(isinstance(member, str) and says_build(member) == 2 for member in value.values()) and not _has_name(value):
        return [({"host": host, "build": build}, None) for host, build in value.items()]
    if hosts := _by_host(value, depth):
        return hosts
    if _says_build(value) and (_host_of(value) or not any(_has_hosts(member, depth + 1) for member in value.values())):
        return [(value, None)]
    found: Found = []
    for member in value.values():
        if isinstance(member, dict | list):
            found += _found(member, depth + 1)
    host = _host_of(value)
    return [(cells if _host_of(cells) else {**host, **cells}, problem) for cells, problem in found] if host else found


def _of_list(items: Sequence[Any], depth: int) -> Found:
    """Return the machines of a list. If one item says a build, the others are machines whose build is not stated."""
    found: Found = []
    is_of_machines = False
    for item in items:
        if is_of_machines and isinstance(item, dict) and _is_plain(item):
            found.append((item, None))
            continue
        inner = _found(item, depth + 1)
        is_of_machines = is_of_machines or bool(inner)
        found += inner or [_alone(item)]
    return found if is_of_machines else []


def _has_name(value: Mapping[str, Any]) -> bool:
    return any(may_say_build(name) or not is_of_installed(name) for name in value)


def _table(value: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the rows of an answer that has names of columns beside lists of cells, as Log Analytics and Resource Graph write them."""
    columns, rows = value.get("columns"), value.get("rows")
    if not (isinstance(columns, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows)):
        return None
    names = [str(column.get("name", "")) if isinstance(column, dict) else str(column) for column in columns]
    return [dict(zip(names, row, strict=False)) for row in rows]


def _by_host(value: Mapping[str, Any], depth: int) -> Found:
    """Return the machines of an object whose members are hosts with their facts: alike, or one with a name like a host's."""
    members = {name: member for name, member in value.items() if isinstance(member, dict)}
    saying = {name: member for name, member in members.items() if _says_build(member)}
    if not saying or len(members) < len(value):
        return []
    names = [_leaves(member) for member in saying.values()]
    are_parts = all(may_say_build(name) and not _LIKE_A_HOST.search(name) for name in saying)  # "os" and "kernel"
    are_alike = len(names) > 1 and not are_parts and all(2 * len(names[0] & other) >= min(len(names[0]), len(other)) for other in names[1:])
    if not are_alike and not (len(saying) == 1 and _LIKE_A_HOST.search(next(iter(saying)))):
        return []
    found: Found = []
    for name, member in members.items():
        for cells, problem in _found(member, depth + 1) or [(member, None)]:
            found.append((cells if _host_of(cells) else {"host": name, **cells}, problem))
    return found


def _leaves(value: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(flat(value))


def _has_hosts(member: Any, depth: int) -> bool:
    """Return whether a member has machines of its own: facts by host, or a list of objects that have a host and a build each."""
    if isinstance(member, dict):
        return depth < _DEPTH and (bool(_by_host(member, depth)) or any(_has_hosts(inner, depth + 1) for inner in member.values()))
    return isinstance(member, list) and any(isinstance(item, dict) and _host_of(item) and _says_build(item) for item in member)


def _host_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the member that says the host, by a name that says nothing else."""
    plain = {name: member for name, member in value.items() if isinstance(member, str)}
    columns = columns_of(tuple(plain), {}).get("host", ())
    return next(({name: plain[name]} for name in columns if plain[name] and name.casefold() not in {"name", "source"}), {})


def _says_build(value: Mapping[str, Any]) -> bool:
    """Return whether an object says a build outside of its lists."""
    values = flat(_without_lists(value))
    named: Iterable[str] = columns_of(tuple(values), {}).get("build", ())
    if any(says_build(values[name]) for name in named):
        return True
    return any(may_say_build(name) and speaks_of_installed(text) and len(builds_in(text[:MAX_TEXT])) == 1 for name, text in values.items())


def _without_lists(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_lists(member) if isinstance(member, dict) else member
        for name, member in value.items()
        if not isinstance(member, list)
    }
