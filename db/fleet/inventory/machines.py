"""Find the machines in a value of JSON, at whatever depth: a list, an answer of a service that wraps one, or facts by host.

A machine is the outermost object that says a build of its own. Nothing is known by the name of a wrapper: Azure Resource Graph has "data",
OData "value", Zabbix "result", Ansible's callback "plays", each with lists inside lists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from hotpatch_kb.db.fleet.inventory.answers import table_in
from hotpatch_kb.db.fleet.inventory.columns import OF_ANYTHING, bare, columns_of, flat, members
from hotpatch_kb.db.fleet.inventory.evidence import is_of_target
from hotpatch_kb.db.fleet.inventory.hosts import may_be_host, no_host
from hotpatch_kb.db.fleet.inventory.subjects import is_list_of_others
from hotpatch_kb.db.fleet.inventory.values import (
    MAX_TEXT,
    is_of_installed,
    is_of_part,
    may_say_build,
    says_build,
    says_product,
    states_its_build,
)
from hotpatch_kb.db.fleet.inventory.vocabulary import is_of_machine
from hotpatch_kb.db.fleet.rows import doubted
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.reading import builds_in
from hotpatch_kb.db.model.wording import denies_installation

Found = list[tuple[dict[str, Any], Message | None]]

_DEPTH: Final = 40
_OF_ANYTHING_ELSE: Final = frozenset({"name", "source", "nom", "nombre", "agent"})  # what is called so may be no machine
_GRAINS: Final = frozenset(
    {
        "osversion",
        "osfullname",
        "osrelease",
        "osfinger",
        "os_family",
        "kernelrelease",
        "kernelversion",
        "saltversion",
        "minion_id",
        "nodename",
    }
)
_NAMES_OF_FACTS: Final = frozenset({"key", "name", "fact", "property", "attribute", "field", "label", "grain", "item"})
# Members of a host that could not be asked, and names of lists of such hosts.
_FAILURES: Final = frozenset({"error", "errors", "failed", "failure", "unreachable", "exception", "msg"})
_UNREACHED: Final = re.compile(r"unreach|dark|fail|offline|unrespons|error|time.?out|skipped|no.?answer", re.IGNORECASE)
# Lists of what a machine was, or could become again.
_OF_OTHER_TIMES: Final = re.compile(r"histor|snapshot|checkpoint|backup|replica|template|previous|restore", re.IGNORECASE)
_OF_A_TIME: Final = re.compile(
    r"^(?:19|20)\d\d-\d\d\b|^(?:(?:january|february|march|april|may|june|july|august|september|october|november|december)\b|before|last ?month|yesterday|vorher|avant|以前|先月)|golden|\bwin(?:re|pe)\b",
    re.IGNORECASE,
)
# Lists of a run of updates: what waits, and what was left out. "failed" and "todo" are words of any remark.
_OF_A_RUN: Final = re.compile(r"(?:roll-?outs?|queued?|backlog|skipped|work-?list)", re.IGNORECASE)
_HUMPS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|[_-]")
# Names of parts of a machine ("os", "properties") are words; names of hosts have a digit, a hyphen or a dot, mostly.
_LIKE_A_HOST: Final = re.compile(r"[-.\d]")
_INSIDE: Final = "\0"  # in place of the name of a member of a machine
_LONGEST_HOST: Final = 255  # characters, with its domain
_NUMBERED: Final = re.compile(r"\d$|^[^\x00-\x7f]+$|host|server", re.IGNORECASE)  # "BUILD01", "端末", "buildserver"
# An object with one of these, or with facts of Ansible, is of a machine: nobody writes them of a release. And an object whose members are hosts.
_OF_A_NETWORK: Final = re.compile(
    r"^ansible_|(?<![a-z])(?:ip|ipv[46]|mac|fqdn|ram|cpus?|user|uptime)(?![a-z])|address|domain|memory|serial|boot|bios|manufacturer|last_?seen|processor",
    re.IGNORECASE,
)
_OF_GROUPS: Final = re.compile(
    r"(?:hosts|machines|computers|servers|clients|workstations|nodes|devices|vms|endpoints|assets|laptops|desktops)", re.IGNORECASE
)
_OF_HOSTS: Final = re.compile(r"hosts?|hostvars|machines|computers|nodes|minions|devices|vms|endpoints", re.IGNORECASE)


@lru_cache(maxsize=4096)
def _columns(names: tuple[str, ...]) -> Mapping[str, Sequence[str]]:
    """Return the columns of each field by their names alone. Objects are alike in most files."""
    return columns_of(names, {})


def machines_in(value: Any) -> Found:
    """Return the machines of a value, each with why it cannot be read, or None.

    Where nothing says a build, the one list of the value is taken, else the value itself.
    """
    if isinstance(value, dict):
        value = _with_facts(value)
        if "FrameType" in value and not _found(value, 0):
            return []  # of an answer of Kusto: its beginning, its end, and tables about the query
        if _is_plain(value):
            pairs = [(name, str(member or "")) for name, member in value.items()]
            if len(pairs) == 1:
                return [(_of_one_pair(*pairs[0]) or value, None)]
            return [(host_with(*pair), None) for pair in pairs] if pairs and are_hosts(pairs) else [(value, None)]
        if found := _found(value, 0):
            return found
        lists = [member for member in value.values() if isinstance(member, list)]
        is_one = _columns(tuple(value)).keys() & {"build", "product"} or _host_of(value) or (not any(lists) and _has_host_name(value))
        if len(lists) == 1 and not is_one and (not lists[0] or isinstance(lists[0][0], dict)):
            of = next(name for name, member in value.items() if member is lists[0])
            is_of_others = is_list_of_others(of) or _OF_OTHER_TIMES.search(of) is not None
            return [_alone(with_doubt(item, f"of {of}") if is_of_others and isinstance(item, dict) else item) for item in lists[0]]
    return [_alone(value)]


def _of_one_pair(name: str, text: str) -> dict[str, str]:
    """Return an object that has nothing but a host and its build, ``{"srv1": "26100.33158"}``; nothing where it may be another.

    salt-call names the machine that it runs on "local".
    """
    if says_build(text) != 2 or not states_its_build(text):
        return {}
    is_host = name == "local" or (may_be_host(name) and not _columns((name,)) and not may_say_build(name))
    return {"host": name, "build": text} if is_host else {}


def _alone(item: Any) -> tuple[dict[str, Any], Message | None]:
    if isinstance(item, dict):
        return item, None
    return {}, Message("expected an object, got {got}", got=json.dumps(item, ensure_ascii=False)[:200])


def _is_plain(value: Mapping[str, Any]) -> bool:
    return not any(isinstance(member, dict | list) for member in value.values())


def _found(value: Any, depth: int, of: str = "") -> Found:
    """Return the machines in a value, which may be a member of this name; none where nothing in it says a build."""
    if depth > _DEPTH:
        return []
    if isinstance(value, list):
        return _of_list(value, depth)
    if not isinstance(value, dict):
        return []
    value = _with_facts(value)
    if rows := table_in(value):
        return _of_list(rows, depth)
    if len(value) > 1 and _is_plain(value) and are_hosts(pairs := [(name, str(member or "")) for name, member in value.items()]):
        return [(host_with(*pair, is_sure=_OF_HOSTS.fullmatch(of) is not None), None) for pair in pairs]
    if hosts := _by_host(value, depth, of):
        return hosts
    if says_its_build(value):
        guests = [member for name, member in value.items() if _has_hosts(member, depth + 1) and not _OF_OTHER_TIMES.search(name)]
        if _is_machine(value) or not guests:
            return [(value, None), *(machine for member in guests for machine in _found(member, depth + 1, _INSIDE))]
    found: Found = []
    is_one = bool(_host_of(value)) or _has_host_name(value)
    lists: list[Any] = []  # sibling lists without a build: machines that could not be reached
    is_listed, lonely = False, list[tuple[int, str]]()
    for name, member in value.items():
        if not isinstance(member, dict | list):
            continue
        inner = _found(member, depth + 1, name if not is_one else _INSIDE)
        if inner and is_list_of_others(name) and not _host_of(value):
            inner = _without_others(name, member, inner)
        if isinstance(member, list) and len(inner) > 1 and _LIKE_A_HOST.search(name) and not any(_host_of(cells) for cells, _ in inner):
            inner = _without_histories(inner)  # of a host by its key
        inner = _told_of(name, inner)
        # "recommendation", "missing", "detectedApps": of a machine only where it has a host
        if is_of_part(f"{name}.build") or not is_of_installed(name) or (is_one and not _is_of_one(name)):
            has_names = isinstance(member, list) and not (is_one and _OF_OTHER_TIMES.search(name))
            inner = [(cells, problem) for cells, problem in inner if _host_of(cells) or (has_names and _is_machine(cells))]
        is_listed = is_listed or len(inner) > isinstance(member, dict)
        lonely += [(len(found), name)] if isinstance(member, dict) and len(inner) == 1 and not _names_host(inner[0][0]) else []
        found += inner
        lists += [] if inner else member if isinstance(member, list) else _unreached(name, member)
        lists += (
            [{"host": item} for item in member if isinstance(item, str)] if isinstance(member, list) and _UNREACHED.search(name) else []
        )
    for place, name in lonely if is_listed and not is_one else ():
        # Beside a list of machines an object without a name is of what made the list: "generatedBy", "scanner".
        found[place] = (with_doubt(found[place][0], f"of {name}"), found[place][1])
    if found:
        leaves = [cells.keys() for cells, _ in found]
        found += [
            (item, None)
            for item in lists
            if isinstance(item, dict) and (_host_of(item) or (_has_host_name(item) and any(item.keys() <= names for names in leaves)))
        ]
    host = _host_of(value)
    if value.get("resultType") == "matrix":  # Prometheus, asked for a time and not for now
        return _without_histories(found)
    if host and len(found) > 1:
        found = _without_histories([(cells if _is_machine(cells) else {**host, **cells}, problem) for cells, problem in found])
    return [(cells if _is_machine(cells) else {**host, **cells}, problem) for cells, problem in found] if host else found


def name_in_words(name: str) -> str:
    """Return the name of a member or an element with blanks between its words.

    >>> name_in_words("rolloutPlan"), name_in_words("not_installed")
    ('rollout Plan', 'not installed')
    """
    return _HUMPS.sub(" ", name)


def _told_of(name: str, found: Found) -> Found:
    """Return the machines of a member. What is told of a target, of snapshots or of June is not what they have now, nor what failed or is to be done."""
    if (
        is_of_target(name)
        or _OF_A_RUN.fullmatch(name)
        or denies_installation(name_in_words(name))
        or _OF_A_TIME.search(name)
        or (_OF_OTHER_TIMES.search(name) and not _is_of_one(name))
    ):
        return [(with_doubt(cells, f"of {name}"), problem) for cells, problem in found]
    return found


def _without_others(name: str, member: Any, found: Found) -> Found:
    """Return what is in a list of images, pools or releases, where those that are its own items are called doubtful: a node in a pool is a machine."""
    own = {id(item) for item in (member if isinstance(member, list) else member.values())}
    keys = member if isinstance(member, dict) else {}
    return [
        (
            with_doubt(cells, f"of {name}") if (id(cells) in own and not _host_of(cells)) or str(cells.get("host", "")) in keys else cells,
            problem,
        )
        for cells, problem in found
    ]


def _without_histories(found: Found) -> Found:
    """Return machines, where one that comes several times with builds that differ is called doubtful: it had one of them."""
    builds: dict[str, set[str]] = {}
    hosts = []
    for cells, _ in found:
        values = flat(cells)
        columns = _columns(tuple(values))
        hosts.append(next((text for name in columns.get("host", ()) if (text := values[name])), ""))
        builds.setdefault(hosts[-1], set()).update(
            build for name in columns.get("build", ()) for build in builds_in(values[name][:MAX_TEXT])
        )
    return [
        (with_doubt(cells, "one of several builds") if len(builds[host]) > 1 else cells, problem)
        for host, (cells, problem) in zip(hosts, found, strict=True)
    ]


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
        if inner or not (isinstance(item, dict) and table_in(item)):  # Kusto has tables about the query beside that of its answer
            found += inner or _without_build(item, depth + 1)
    return found if is_of_machines else []


def _without_build(item: Any, depth: int) -> Found:
    """Return the machines of an item that says no build: itself, or those of a group."""
    if isinstance(item, dict) and not _host_of(item):
        lists = [
            member
            for member in item.values()
            if isinstance(member, list) and any(isinstance(inner, dict) and _host_of(inner) for inner in member)
        ]
        if lists and depth < _DEPTH:
            return [machine for member in lists for inner in member for machine in _without_build(inner, depth + 1)]
    return [_alone(item)]


def _unreached(name: str, member: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the hosts of an object that has those which did not answer: Ansible's "dark", with a message each."""
    is_of_hosts = all(isinstance(inner, dict) and _FAILURES & {key.casefold() for key in inner} for inner in member.values())
    return [{"host": host, **inner} for host, inner in member.items()] if member and is_of_hosts and _UNREACHED.search(name) else []


def _is_of_one(name: str) -> bool:
    """Return whether a member of a machine is of that machine; osquery calls the rows of its answer a snapshot."""
    return is_of_machine(name) or name == "snapshot"


def _is_machine(value: Mapping[str, Any]) -> bool:
    """Return whether an object is a machine of its own: it says a host, or a name beside a build of a system. An app has a name and a version."""
    if _host_of(value):
        return True
    values = flat(_without_lists(value))
    columns = _columns(tuple(values))
    is_of_system = any(bare(name) not in OF_ANYTHING and says_build(values[name]) for name in columns.get("build", ()))
    is_of_system = is_of_system or any(says_product(values[name]) for name in columns.get("product", ()))
    return is_of_system and _has_host_name(value) and not says_product(str(value.get("name", "")))


def _has_host_name(value: Mapping[str, Any]) -> bool:
    return any(isinstance(value[name], str) for name in _columns(tuple(value)).get("host", ()))


def are_hosts(pairs: Sequence[tuple[str, str]]) -> bool:
    """Return whether labels are hosts, each with its build; some may be "offline"."""
    with_builds = {label for label, value in pairs if says_build(value) == 2}
    names = {label for label, _ in pairs if _columns((label,)) or may_say_build(label)}
    # A host may be called BUILD01 beside others: "build" alone never is, and neither is a label without a host beside it.
    are_numbered = names <= with_builds and all(map(_NUMBERED.search, names))
    if names and not (are_numbered and any(map(may_be_host, with_builds - names))):
        return False
    if not any(is_of_installed(label) for label, _ in pairs):
        return False
    are_like_hosts = all(label in with_builds or _LIKE_A_HOST.search(label) for label, _ in pairs)
    return 2 * sum(label in with_builds for label, _ in pairs) >= len(pairs) and are_like_hosts


def host_with(label: str, value: str, *, is_sure: bool = False) -> dict[str, str]:
    """Return a host and its build, see ``with_host``."""
    return {"host": label, "build": value if may_be_host(label, is_sure=is_sure) else doubted(value, no_host(label))}


def with_host(name: str, cells: Mapping[str, Any], *, is_sure: bool = False) -> dict[str, Any]:
    """Return a machine with the name that stands before or above what is said of it.

    "latest", "supported" and "ws2025" are not hosts: their builds say so, and the row is not called patched.

    Args:
        name: that of the host, if it is one.
        cells: what is said of it.
        is_sure: whether something else says that it is a host: the command that was run on it, an object of hosts. An address of its own does, too.
    """
    is_host = may_be_host(name, is_sure=is_sure or any(_OF_A_NETWORK.search(column) for column in _leaves(cells)))
    # An object "host" inside is of what it runs on.
    return {"hostname" if isinstance(cells.get("host"), dict) else "host": name, **(cells if is_host else with_doubt(cells, no_host(name)))}


def with_doubt(cells: Mapping[str, Any], why: str) -> dict[str, Any]:
    """Return what is said of something that may not be a machine: its builds say why."""
    return {column: _doubted(value, why) for column, value in cells.items()}


def _doubted(value: Any, why: str) -> Any:
    if isinstance(value, dict):
        return with_doubt(value, why)
    if isinstance(value, list):
        return [_doubted(inner, why) for inner in value]
    text = str(value)
    return doubted(text, why) if isinstance(value, str | int | float) and says_build(text) else value


def _with_facts(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object with lists of names and values as objects, where they say the build of a machine: ``[{"key": "build", "value": ...}, ...]``."""
    facts = {name: found for name, member in value.items() if isinstance(member, list) and (found := _facts_of(member))}
    return {**value, **facts} if facts else value


def _facts_of(pairs: Sequence[Any]) -> dict[str, Any]:
    found: list[tuple[str, Any]] = []
    for pair in pairs:
        if not isinstance(pair, dict) or len(pair) != 2:
            return {}
        named = {bare(name): text for name, text in pair.items()}
        names = [text for name, text in named.items() if name in _NAMES_OF_FACTS]
        if len(names) != 1 or "value" not in named or not isinstance(names[0], str):
            return {}
        found.append((names[0], named["value"]))
    facts = members(found)
    return facts if says_its_build(facts) and not are_hosts([(name, str(text)) for name, text in facts.items()]) else {}


def _by_host(value: Mapping[str, Any], depth: int, of: str = "") -> Found:
    """Return the machines of an object whose members are hosts with their facts: alike, or one with a name like a host's."""
    members = {name: member for name, member in value.items() if isinstance(member, dict)}
    saying = {name: member for name, member in members.items() if says_its_build(member)}
    silent = [name for name, member in value.items() if name not in members and not isinstance(member, list) and _LIKE_A_HOST.search(name)]
    are_silent_hosts = not silent or all(map(_LIKE_A_HOST.search, members))  # of Salt: a text in the place of one that did not return
    # Beside names that are like hosts a number of them, or a day, is of none.
    others = [member for name, member in value.items() if name not in members and name not in silent]
    are_aside = len(saying) > 1 and all(map(_LIKE_A_HOST.search, members)) and not any(isinstance(member, list) for member in others)
    if not saying or max(map(len, value)) > _LONGEST_HOST or (others and not are_aside) or not are_silent_hosts:
        return []
    members |= {name: {"output": value[name]} for name in silent}
    names = [_leaves(member) for member in saying.values()]
    are_parts = all(may_say_build(name) and not _LIKE_A_HOST.search(name) for name in saying)  # "os" and "kernel"
    are_alike = len(names) > 1 and not are_parts and all(2 * len(names[0] & other) >= min(len(names[0]), len(other)) for other in names[1:])
    has_failed = len(members) > len(saying) and all(
        _FAILURES & {name.casefold() for name in member} for name, member in members.items() if name not in saying
    )
    is_one = len(saying) == 1 and (_LIKE_A_HOST.search(next(iter(saying))) or _are_grains(*saying.items()))
    # "dmz" and "lan", "workstations" and "servers": groups of hosts, or hosts that are not alike
    are_names = (
        of != _INSIDE
        and len(saying) == len(value)
        and all(_OF_GROUPS.fullmatch(name) or not (is_of_machine(name) or is_of_part(f"{name}.build")) for name in saying)
    )
    if not are_alike and not (has_failed and not are_parts) and not is_one and not are_names:
        return []
    found: Found = []
    for name, member in members.items():
        for cells, problem in _told_of(name, _found(member, depth + 1, name) or [(member, None)]):
            found.append(
                (cells if _host_of(cells) else with_host(name, cells, is_sure=has_failed or _OF_HOSTS.fullmatch(of) is not None), problem)
            )
    return found


def _are_grains(fact: tuple[str, Mapping[str, Any]]) -> bool:
    """Return whether an object has the facts that Salt has of a minion, so that its name is that of a host."""
    name, member = fact
    return is_of_installed(name) and not is_of_part(name) and len(_GRAINS & {key.casefold() for key in member}) > 1


def _leaves(value: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(flat(value))


def _has_hosts(member: Any, depth: int) -> bool:
    """Return whether a member has machines of its own: facts by host, or a list of objects that have a host and a build each."""
    if isinstance(member, dict):
        return depth < _DEPTH and (bool(_by_host(member, depth, _INSIDE)) or any(_has_hosts(inner, depth + 1) for inner in member.values()))
    return isinstance(member, list) and any(isinstance(item, dict) and _is_machine(item) and says_its_build(item) for item in member)


def _names_host(value: Mapping[str, Any]) -> bool:
    """Return whether a machine says a host, at whatever depth."""
    values = flat(value)
    return any(values[name] for name in _columns(tuple(values)).get("host", ()))


def _host_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the member that says the host, by a name that says nothing else."""
    plain = {name: member for name, member in value.items() if isinstance(member, str)}
    columns = _columns(tuple(plain)).get("host", ())
    return next(({name: plain[name]} for name in columns if plain[name] and name.casefold() not in _OF_ANYTHING_ELSE), {})


def says_its_build(value: Mapping[str, Any]) -> bool:
    """Return whether an object says a build outside of its lists."""
    values = flat(_without_lists(value))
    named: Iterable[str] = _columns(tuple(values)).get("build", ())
    if any(says_build(values[name]) for name in named):
        return True
    return any(may_say_build(name) and states_its_build(text) and len(builds_in(text[:MAX_TEXT])) == 1 for name, text in values.items())


def _without_lists(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_lists(member) if isinstance(member, dict) else member
        for name, member in value.items()
        if not isinstance(member, list)
    }
