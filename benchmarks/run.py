"""Run every comparison of the project: ``python benchmarks/run.py`` prints a table, with ``--json`` a JSON object.

Exit code 1 if a target is missed. Ratios are more reliable than times: both sides have a turn in each round.
"""

from __future__ import annotations

import argparse
import json
import platform
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import fleet
import load
import lookup
import msrc
import odd_fleet
import parse
import replay
import scale
import startup
import static
from command import command
from material import crawled
from timing import as_objects, as_table

PARTS = ("parse", "replay", "lookup", "start-up", "msrc", "fleet", "site", "scale")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Compare the project with the least that the same work could take.")
    parser.add_argument(
        "--pages",
        type=Path,
        action="append",
        default=[],
        help="a tree of saved pages; may be repeated  [default: the recorded ones, HOTPATCH_KB_RECORDED]",
    )
    parser.add_argument(
        "--rounds", type=int, default=15, help="rounds of each comparison; of replays a third, of long ones a ninth  [default: 15]"
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part; may be repeated")
    parser.add_argument(
        "--millions", type=int, action="append", help="of machines, for the part scale; may be repeated  [default: 1, 10 and 100]"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error(f"expected at least one round, got {arguments.rounds}")
    for tree in arguments.pages:
        if not tree.is_dir():
            parser.error(f"expected a folder of saved pages, got {tree}")
    if any(count < 1 for count in arguments.millions or ()):
        parser.error(f"expected millions of machines, at least one, got {min(arguments.millions)}")
    parts = arguments.only or PARTS
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        material = crawled(folder, arguments.pages)
        program = command(folder)
        notes = [material.note]
        if "parse" in parts:
            rows += parse.rows(material.pages, arguments.rounds)
        if "replay" in parts:
            rows += replay.rows(program, folder, material.archive, len(material.pages), arguments.rounds)
        if "lookup" in parts:
            rows += lookup.rows(material.db, arguments.rounds)
        if "start-up" in parts:
            rows += startup.rows(program, material.db, arguments.rounds)
        if "msrc" in parts:
            rows += msrc.rows(folder, arguments.rounds)
        if "fleet" in parts:
            rows += fleet.rows(arguments.rounds)
            rows += odd_fleet.rows(program, arguments.rounds)
        if "site" in parts:
            rows += load.rows(program, folder, arguments.rounds)
            rows += static.rows(program, folder, arguments.rounds)
        if "scale" in parts:
            rows += scale.rows(program, tuple(arguments.millions or scale.MILLIONS))
    about = f"{datetime.now(UTC).date()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {arguments.rounds} rounds"
    if arguments.json:
        print(json.dumps({"about": about, "notes": notes, "rows": as_objects(rows)}, indent=1, ensure_ascii=False))
    else:
        print("\n".join([about, *notes, "", *as_table(rows)]))
    return 1 if any(row.state == "miss" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
