"""Judge a large fleet with DuckDB (extra ``bulk``) or Spark (extra ``spark``).

``normal_form`` writes any inventory as plain tables of text: parts with a row per machine (number, key of its verdict, first half of its
output line), and a table with the second half of the line for each key. An engine joins the two and sorts by number, so it needs no rule
of ours, and its output has the bytes of the built-in engine.
"""

from __future__ import annotations

import os
from typing import Final

TABLE: Final = "table:"  # before the name of a table of the catalog


def is_table(text: str) -> bool:
    """Return whether an inventory is a table that Spark reads by itself: ``table:catalog.schema.name``, an address, or a folder of Parquet."""
    return text.startswith(TABLE) or "://" in text or os.path.isdir(text)  # noqa: PTH112 (pathlib raises for a name that is too long)
