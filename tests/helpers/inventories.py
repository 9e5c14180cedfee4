"""Judge a small inventory as ``hotpatch-kb assess`` does, with one judge for all: it takes most of the time of a run."""

from __future__ import annotations

import io
import json
from functools import cache
from typing import NamedTuple

from hotpatch_kb.db.fleet.assess import Summary, assess
from hotpatch_kb.db.fleet.formats import JsonLines
from hotpatch_kb.db.fleet.inventory import inventory, read
from hotpatch_kb.db.fleet.judge import Judge
from hotpatch_kb.db.store.connections import open_seed_database

DAY = "2026-07-20"


class Machine(NamedTuple):
    """What the output has of a machine."""

    host: str
    verdict: str
    kb: str | None
    reason: str


@cache
def _judge() -> Judge:
    return Judge(open_seed_database(), DAY)


def judged(inventory_text: str | bytes) -> list[Machine]:
    """Return the machines of an inventory with their verdicts on 2026-07-20 by the embedded facts."""
    body = inventory_text.encode() if isinstance(inventory_text, str) else inventory_text
    with inventory(io.BytesIO(body)) as opened:
        lines = "".join(assess(_judge(), opened, JsonLines(opened.find_columns()), Summary())).splitlines()
    hosts = [row.machine["host"] for row in read(io.BytesIO(body))]
    return [Machine(host, row["verdict"], row["kb"], row["reason"]) for host, row in zip(hosts, map(json.loads, lines), strict=True)]
