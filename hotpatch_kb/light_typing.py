"""What the modules of a lookup need of ``typing``, without its import.

A lookup is a process of its own. ``typing`` took 3.6 of its 37 ms (2026-11): 2 to be imported, the rest to make our named tuples. Type checkers
see the names of ``typing`` itself. Modules that a lookup does not import use ``typing``; tests/test_layout.py checks that a lookup does without.
"""

from __future__ import annotations

__all__ = ["TYPE_CHECKING", "Any", "Final", "NamedTuple", "TypeVar", "cast"]

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any, Final, NamedTuple, TypeVar, cast
else:
    from collections import namedtuple

    # Annotations alone name these two, and no module of ours evaluates its annotations.
    Any = Final = object

    def TypeVar(name: str) -> str:  # noqa: N802 (the name of typing)
        """Return something to write into annotations."""
        return name

    def cast(_kind: str, value: object) -> object:
        """Return the value as it is."""
        return value

    class _Made(type):
        """Turns the body of a class into a named tuple, as ``typing.NamedTuple`` does."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, object]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = body["__annotations__"]
            defaults = [body.pop(field) for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body.pop("__module__"))  # noqa: PYI024 (it is what makes the typed one)
            for attribute, value in body.items():
                setattr(made, attribute, value)
            return made

    class NamedTuple(metaclass=_Made):
        """The base of named tuples; the classes made have no base but ``tuple``."""
