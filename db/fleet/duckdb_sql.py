"""DuckDB, the extra ``bulk``: a connection, and texts as SQL quotes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hotpatch_kb.db.model.errors import BadInput

if TYPE_CHECKING:
    import duckdb


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection to DuckDB in memory that spills into a folder.

    Raises:
        BadInput: DuckDB is not installed.
    """
    try:
        import duckdb  # noqa: PLC0415
    except ImportError:
        raise BadInput("expected DuckDB for Parquet and --engine duckdb, got none: pip install 'hotpatch-kb[bulk]'") from None
    conn = duckdb.connect(config={"temp_directory": str(folder / "spill"), "autoinstall_known_extensions": "false"})
    conn.execute("set memory_limit = '2GB'")
    return conn


def quoted(text: str) -> str:
    """Return a text as a literal of SQL: file names cannot be bound in every statement of DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return a name as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'
