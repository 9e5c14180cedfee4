"""Judge a large fleet with DuckDB (extra ``bulk``) or Spark (extra ``spark``).

``normal_form`` writes any inventory as plain tables of text: parts with a row per machine (number, key of its verdict, first half of its
output line), and a table with the second half of the line for each key. An engine joins the two and sorts by number, so it needs no rule
of ours, and its output has the bytes of the built-in engine.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Final

# Bytes from which a file of CSV is judged by DuckDB without being told: 1.5 million machines. Alone on two cores the built-in engine takes 5.0 s a
# million; DuckDB takes 3.5 of one million and 1.4 of ten (benchmarks/README.md, 2026-11-26), with 250 MB to 1.1 GB of memory instead of 55 MB.
LARGE: Final = 100_000_000
TABLE: Final = "table:"  # before the name of a table of the catalog


def is_table(text: str) -> bool:
    """Return whether an inventory is a table that Spark reads by itself: ``table:catalog.schema.name``, an address, or a folder of Parquet."""
    return text.startswith(TABLE) or "://" in text or os.path.isdir(text)  # noqa: PTH112 (pathlib raises for a name that is too long)


def is_for_duckdb(file: str) -> bool:
    """Return whether an inventory is better given to DuckDB: a large file, and DuckDB is installed (the extra ``bulk``)."""
    return os.path.isfile(file) and os.path.getsize(file) >= LARGE and find_spec("duckdb") is not None  # noqa: PTH113, PTH202 (as above)
