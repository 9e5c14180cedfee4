"""Write the rows of an answer to standard output: as JSON, or as lines of text or Markdown.

Rows of an inventory, which may be millions, have formats of their own (``hotpatch_kb.db.fleet.formats``). Imported by each lookup, so json
is imported only where it is used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from hotpatch_kb.db.answers.json_output import json_text
from hotpatch_kb.light_typing import Any

Row = dict[str, Any]


def write(rows: Iterable[Row], form: str, **lines: Callable[[], Iterable[str]]) -> None:
    """Write rows in one form.

    Args:
        rows: written as they are where the form is "json".
        form: "json", or one of the names in ``lines``.
        lines: by the name of a form ("text", "markdown"), what makes its lines.
    """
    if form == "json":
        write_json(rows)
    else:
        for line in lines[form]():
            print(line)


def write_json(rows: Iterable[Row]) -> None:
    """Write rows as a JSON list, each as soon as it comes: a lookup of a million queries is not kept in memory."""
    separator = "[\n "
    for row in rows:
        text = json_text(row, indent=1).replace("\n", "\n ")
        sys.stdout.write(f"{separator}{text}")
        separator = ",\n "
    print("[]" if separator == "[\n " else "\n]")


def form_of(*, as_json: bool) -> str:
    """Return the form that ``--json`` asks for."""
    return "json" if as_json else "text"
