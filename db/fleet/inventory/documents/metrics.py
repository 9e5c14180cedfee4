"""Read metrics of Prometheus as text, as ``windows_exporter`` and a federation print them: the labels of ``windows_os_info`` are a machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from hotpatch_kb.db.fleet.inventory.vocabulary import is_of_metric

_METRICS: Final = re.compile(r"(?:\s*#[^\n]*\n)*\s*(?:# (?:HELP|TYPE) |[a-zA-Z_:][\w:]*\{[^\n{}=]*=\"[^\n]*\} )")
_LINE: Final = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)\{(?P<labels>.*)\}\s+(?P<value>\S+)(?:\s+\S+)?\s*")
_LABEL: Final = re.compile(r"(?P<name>[a-zA-Z_]\w*)=\"(?P<value>(?:[^\"\\]|\\.)*)\"")
_ONE: Final = re.compile(r"1(?:\.0*)?(?:e[+]?0+)?")  # 0 or NaN: the metric says nothing now
_SYSTEM: Final = re.compile(r"(?:\w+_)?os_info")  # windows_os_info, node_os_info
_HOST: Final = re.compile(r"\w+_(?:hostname|hostname_info|uname_info)")  # windows_cs_hostname, windows_os_hostname


def are_metrics(head: str) -> bool:
    """Return whether a text is of metrics."""
    return _METRICS.match(head) is not None


def say_systems(head: str) -> bool:
    """Return whether metrics say which system a machine runs."""
    return any(line.startswith(("windows_os_info{", "node_os_info{")) for line in head.split("\n"))


def rows_of_metrics(text: str) -> Iterator[dict[str, Any]]:
    """Yield a machine for each metric of a system, with the host that another metric says of the same instance.

    Where no metric has an instance, as in the answer of one exporter, the host is that of the lines up to the next machine.
    """
    machines: list[dict[str, str]] = []
    hosts: dict[str, str] = {}
    host = ""
    for line in text.split("\n"):
        if not (match := _LINE.fullmatch(line.strip())):
            continue
        labels = {label["name"]: re.sub(r"\\(.)", r"\1", label["value"]) for label in _LABEL.finditer(match["labels"])}
        instance = labels.get("instance", "")
        if _SYSTEM.fullmatch(match["name"]) and is_of_metric(match["name"]) and _ONE.fullmatch(match["value"]):
            machines.append({"host": "", **labels})
            if host and not instance:
                machines[-1]["host"], host = host, ""
        elif _HOST.fullmatch(match["name"]) and (name := labels.get("fqdn") or labels.get("hostname") or labels.get("nodename")):
            if instance:
                hosts[instance] = name
            elif machines and not machines[-1]["host"] and not machines[-1].get("instance"):
                machines[-1]["host"] = name
            else:
                host = name
    for machine in machines:
        instance = machine.get("instance", "")
        yield {**machine, "host": machine["host"] or hosts.get(instance) or instance}
