"""Fleets for a join over the tables of an export, and those tables as files."""

from __future__ import annotations

import csv
import random
import sqlite3
from contextlib import closing
from pathlib import Path

from hotpatch_kb.db.site.export.tables import as_csv, as_parquet, judged_tables
from hotpatch_kb.db.store.connections import open_seed_database

HEADER = ("host", "product", "build", "line", "kbs", "edition")
# Of names, words and editions as inventories have them, some of which fit no machine.
SYSTEMS = (
    "", "Windows", "Windows Server 2025 Datacenter", "Microsoft Windows Server 2025 Standard", "Windows Server 2022 Datacenter: Azure Edition", "Windows Server 2022 Datacenter",
    "Microsoft Windows 11 Pro", "Windows 11 Enterprise", "Windows 10 Enterprise LTSC", "WINDOWS 11 ENTERPRISE 24H2", "Windows  11 Pro, version 25H2", "Windows Server",
    "Azure Stack HCI", "Windows Server 2012 R2", "Windows 11 IoT Enterprise LTSC",
)  # fmt: skip
EDITIONS = (
    "",
    "",
    "",
    "Professional",
    "Enterprise",
    "ServerStandard",
    "ServerDatacenter",
    "ServerTurbine",
    "Core",
    "EnterpriseS",
    "4",
    "Education",
    "IoTEnterpriseS",
)
WORDS = ("", "hotpatch", "standard", "Enabled", "Action Required", "perhaps", "Pending Evaluation")
BUILDS = ("", "26100", "99999.1", "noise", "10.0.26100.99999")


def fleet(path: Path, conn: sqlite3.Connection, rows: int, seed: int = 1) -> None:
    """Write machines of every build with names, lines, KBs and editions that may or may not go with it."""
    chosen = random.Random(seed)
    releases = conn.execute("select product, build, kb from releases where build is not null order by product, build, kb").fetchall()
    of_build: dict[str, list[int]] = {}
    for _, build, kb in releases:
        of_build.setdefault(build, []).extend([kb] if kb else [])
    special = [kb for (kb,) in conn.execute("select distinct kb from releases where in_hotpatch_line = 1 and kb is not null order by kb")]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        for number in range(rows):
            product, build, _ = releases[number * 7919 % len(releases)]
            kbs = chosen.sample(of_build[build], chosen.randrange(len(of_build[build]) + 1)) if of_build[build] else []
            kbs += chosen.sample(special, chosen.choice((0, 0, 0, 1, 2)))
            system = chosen.choice((product, product, product, *SYSTEMS))
            stated = chosen.choice((build, build, build, f"10.0.{build}", f" {build} ", chosen.choice(BUILDS)))
            out.writerow(
                [f"srv{number}", system, stated, chosen.choice(WORDS), chosen.choice(" ;").join(f"KB{kb}" for kb in kbs),
                 chosen.choice(EDITIONS)]
            )  # fmt: skip


def tables_of(conn: sqlite3.Connection, folder: Path, day: str) -> None:
    """Write the tables of a day for a join, as Parquet, into ``tables``."""
    found = [(table, as_csv(table)) for table in judged_tables(conn, day)]
    (folder / "tables").mkdir()
    for name, body in as_parquet(found).items():
        (folder / "tables" / f"{name}.parquet").write_bytes(body)


def lake(folder: Path, day: str, rows: int) -> None:
    """Write ``fleet.csv`` with machines of all embedded facts, and beside it the tables of a day."""
    with closing(open_seed_database()) as conn:
        fleet(folder / "fleet.csv", conn, rows)
        tables_of(conn, folder, day)
