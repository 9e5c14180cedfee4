"""Shape answers as JSON: the same rows for the command and the API."""

from __future__ import annotations

from hotpatch_kb.db.model.messages import Message, Messages
from hotpatch_kb.db.model.notation import kb_text
from hotpatch_kb.light_typing import Any


def shaped(value: Any, name: str = "") -> Any:
    """Return a value with KB numbers as people write them, 0 and 1 of ``is_`` columns as booleans, and messages in English.

    Args:
        value: rows, a row, or a value of one.
        name: of the column that the value is in.
    """
    # Most of what is in rows and lists is text, which stays as it is: asking for that first halves the time.
    if isinstance(value, dict):
        return {key: item if item is None or type(item) is str else shaped(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [item if type(item) is str else shaped(item, name) for item in value]
    if isinstance(value, Message | Messages):
        return str(value)
    if isinstance(value, int) and (name == "kb" or name.endswith("_kb")):
        return kb_text(value)
    return bool(value) if isinstance(value, int) and name.startswith("is_") else value


def json_text(value: Any, indent: int | None = None) -> str:
    """Return rows as a text of JSON, its letters unescaped."""
    import json  # noqa: PLC0415 (a lookup that prints text needs none of it)

    return json.dumps(shaped(value), ensure_ascii=False, indent=indent)
