"""Read YAML: every value stays the text that is written, since 26100.3310 is a build and no number."""

from __future__ import annotations

from typing import Any, Final

import yaml

from hotpatch_kb.db.fleet.inventory.columns import members
from hotpatch_kb.db.model.errors import BadInput

_MAX_VALUES: Final = 5_000_000  # with those that an alias repeats: ten lines of aliases of aliases are millions


class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """A loader without types and objects, which keeps a key that comes twice. "~" is YAML's sign for no value."""

    def construct_scalar(self, node: Any) -> str:
        return "" if node.value == "~" and not node.style else str(super().construct_scalar(node))

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:  # noqa: ARG002
        return members([(str(self.construct_object(key, deep=True)), self.construct_object(value, deep=True)) for key, value in node.value])


def values_of_yaml(text: str) -> list[Any]:
    """Return the documents of a text of YAML.

    Raises:
        BadInput: it is broken, or its aliases repeat too much.
    """
    try:
        values = list(yaml.load_all(text, _Loader))  # of the base loader: it makes texts, lists and mappings alone
    except yaml.YAMLError as error:
        raise BadInput("expected {kind}, got {got}", kind="YAML", got=" ".join(str(error).split())[:200]) from None
    left, count = list(values), 0
    while left:
        value = left.pop()
        count += 1
        if count > _MAX_VALUES:
            raise BadInput("expected YAML of at most {count} values, got more", count=_MAX_VALUES)
        left += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value for value in values if value not in (None, "")]
