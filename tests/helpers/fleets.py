"""Make fleets of any size: plain rows as in exports, and one in twenty with an oddity. The same seed makes the same fleet.

``python tests/helpers/fleets.py ROWS FILE [plain|many|odd] [kbs]`` writes one.
"""

from __future__ import annotations

import csv
import io
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from hotpatch_kb.db.store.connections import open_seed_database

HEADER = ["host", "product", "build", "line", "owner"]
MANY = 33_000  # builds: more than exist, as a fleet of previews and noise would have
NAMES = {
    "ws2025": "Windows Server 2025 Datacenter",
    "ws2022": "Microsoft Windows Server 2022 Standard",
    "win11-25h2": "Windows 11 Enterprise",
}
LINES = ("hotpatch", "standard", "", "Enabled", "ActionRequired", "Pending Evaluation", "perhaps")
NOTES = (
    "a, b", 'say "hello"', "two\nlines", "two\r\nlines", "a\rb", "tab\there", "\x1b1\x1b", "\u2028\u0085", "\U0001f600", " blanks ", "{not json", '{"a": [1, "b"]}',
    "it's; so|", "\x00", "=1+1", "\ufeff", "",
)  # fmt: skip
NO_BUILDS = (
    "", "NULL", "26100", "10.0.26100", "26100.1.amd64fre.ge_release.240331-1435", "noise", "KB5087423", "26100.99999", "10.0 (26100)", "-",
    "26100.32772 ", "10.0.26100.32772", "24H2 (Build 26100.32772)", "Microsoft Windows [Version 10.0.26100.32772]",
)  # fmt: skip


def facts() -> tuple[list[tuple[str, str]], list[str]]:
    """Return products with their builds, and KBs, of the embedded facts."""
    conn = open_seed_database()
    builds = conn.execute("select distinct product, build from releases where build is not null order by 1, 2").fetchall()
    kbs = [f"KB{kb}" for (kb,) in conn.execute("select kb from kbs order by kb")]
    conn.close()
    return [(str(product), str(build)) for product, build in builds], kbs


def machines(rows: int, kind: str = "plain", *, kbs: bool = False, seed: int = 1) -> Iterator[tuple[list[str], bool]]:
    """Cells of each machine, and whether the row has to be quoted.

    Args:
        rows: how many.
        kind: "plain" (the builds that there are), "many" (33,000 different ones) or "odd" (plain, and a twentieth with whatever occurs).
        kbs: a column of installed KBs more, another list for each machine.
        seed: of what is chosen at random.
    """
    builds, known = facts()
    if kind == "many":
        builds += [
            (builds[number % len(builds)][0], f"{builds[number % len(builds)][1].partition('.')[0]}.{number}")
            for number in range(MANY - len(builds))
        ]
    chosen = random.Random(seed)
    for number in range(rows):
        product, build = builds[number * 7919 % len(builds)]  # a prime: neighbours have nothing in common
        cells = [f"srv{number}", product, build, ("hotpatch", "standard", "")[number % 3], f"team {number % 50}"]
        if kbs:
            cells.append(" ".join([*chosen.sample(known, 4), *(f"KB{chosen.randrange(4_000_000, 5_200_000)}" for _ in range(6))]))
        is_odd = kind == "odd" and number % 20 == 7
        if is_odd:
            cells[1] = chosen.choice(("", product, NAMES.get(product, "windows"), "Ubuntu 24.04"))
            cells[2] = chosen.choice((build, f"10.0.{build}", *NO_BUILDS))
            cells[3] = chosen.choice(LINES)
            cells[4] = chosen.choice(NOTES)
        yield cells, is_odd


def write(path: Path, rows: int, kind: str = "plain", *, kbs: bool = False) -> None:
    """Write a fleet as CSV. In an odd one, a row in two hundred has too few or too many cells, or follows a blank line."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join([*HEADER, *(["kbs"] if kbs else [])]) + "\n")
        for number, (cells, is_odd) in enumerate(machines(rows, kind, kbs=kbs)):
            file.write(f"{quoted(ragged(cells, number)) if is_odd else ','.join(cells)}\n" + ("\n" if is_odd and number % 400 == 7 else ""))


def ragged(cells: list[str], number: int) -> list[str]:
    """Return the cells of an odd row as they are written."""
    return cells[:4] if number % 200 == 27 else [*cells, "more"] if number % 200 == 147 else cells


def quoted(cells: list[str]) -> str:
    """Return a line of CSV, every cell quoted."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="").writerow(cells)
    return out.getvalue()


if __name__ == "__main__":
    write(Path(sys.argv[2]), int(sys.argv[1]), sys.argv[3] if len(sys.argv) > 3 else "plain", kbs="kbs" in sys.argv[4:])
