"""Inventories at random, of words, builds and JSON that tools write: each is read, or refused in one line. Embedded facts."""

from __future__ import annotations

import csv
import io
import json
import random
from contextlib import suppress
from typing import Any

import pytest
from helpers.inventories import judged

from hotpatch_kb.db.model.errors import BadInput

INPUTS = 800  # of each shape; at one in ten thousand a fault is found by the long run (--tries)
NAMES = (
    "host", "Name", "build", "OSVersion", "OS", "UBR", "CurrentBuild", "edition", "product", "kbs", "KB", "Status", "Installed", "Title", "Key", "Property", "Value", "Version", "line", "Source", "Asset",
    "Type", "Template", "Snapshot", "Note", "状態", "Policy", "id", "ip", "", "OS Build 2026-06", "Missing KBs", "Hotpatch status", "os.version",
)  # fmt: skip
CELLS = (
    "26100.33158", "20348.4171", "26100", "33158", "ws2025", "Windows Server 2025", "srv1", "paris", "", "-", "n/a", "KB5099536", "KB5099536 KB5094125", "true", "No", "Pending", "2026-07-14", '{"a": [1]}',
    '{"build": "26100.33158"}', '[{"id": "KB5099536", "operation": "Uninstallation"}]', "target", "Ring 1", "10.0.0.5", "26100.33158 (doubtful: x)", "hotpatch", "Enterprise", "x" * 300, "✗", "\x1b[32m1\x1b[0m", '"', "'",
)  # fmt: skip
MEMBERS = (*NAMES, "SRV1", "target", "hosts", "servers", "snapshot", "images", "policies", "Win32_OperatingSystem")


def table(draw: random.Random) -> str:
    columns, text = draw.randint(1, 6), io.StringIO()
    rows = csv.writer(text, delimiter=draw.choice(",;\t|"), quoting=draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    if draw.random() < 0.85:
        rows.writerow([draw.choice(NAMES) for _ in range(columns)])
    for _ in range(draw.randint(1, 5)):
        text.write(draw.choice(["\r\n", "", "", "", "", ""]))
        rows.writerow([draw.choice(CELLS) for _ in range(columns + draw.choice([0, 0, 0, 0, 1, -1]))])
    return text.getvalue()


def value(draw: random.Random, depth: int = 0) -> Any:
    kind = draw.random()
    if depth > 3 or kind < 0.4:
        return draw.choice(CELLS)
    if kind < 0.7:
        return {draw.choice(MEMBERS): value(draw, depth + 1) for _ in range(draw.randint(1, 4))}
    return [value(draw, depth + 1) for _ in range(draw.randint(0, 4))]


def lines(draw: random.Random) -> str:
    def line() -> str:
        name, cell = draw.choice((*NAMES, *CELLS)), draw.choice(CELLS)
        forms = (
            f"{name}: {cell}",
            f"{name}={cell}",
            f"{name}  {cell}",
            f"[{cell}]",
            "",
            f"- {name}: {cell}",
            f"{cell} | SUCCESS => {name}",
            f"===== {cell} =====",
        )
        return draw.choice(forms) + "\n"

    return "".join(line() for _ in range(draw.randint(1, 8)))


SHAPES = {"tables": table, "JSON": lambda draw: json.dumps(value(draw), ensure_ascii=False), "lines": lines}


@pytest.mark.parametrize("shape", SHAPES)
def test_whatever_comes_is_read_or_refused(shape: str, tries: int) -> None:
    for seed in range(INPUTS * tries):
        text = SHAPES[shape](random.Random(seed))
        with suppress(BadInput):
            assert all(machine.verdict for machine in judged(text)), text
