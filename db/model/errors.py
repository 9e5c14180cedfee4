"""Errors that a user can act on, each one line of text, and the form that keeps their values apart from their words."""

from __future__ import annotations

from typing import NamedTuple


class Message(NamedTuple):
    """A sentence as data: put into words where it is shown, in the reader's language.

    Attributes:
        form: the English sentence, with a place ``{name}`` for each value. It is also the key of its translations.
        values: what fills the places, by name.
    """

    form: str
    values: dict[str, object] = {}  # noqa: RUF012 (a default of a tuple, never written to)

    def __str__(self) -> str:
        """Return the sentence in English. A form without values is the sentence itself, braces included."""
        return self.form.format_map(self.values) if self.values else self.form


class BadInput(ValueError):
    """What the user gave cannot be read. Exit code 2.

    The message is one line that says what was expected and what came: ``BadInput("expected a day such as 2026-07-14, got {got}", got=...)``.
    """

    def __init__(self, form: str, /, **values: object) -> None:
        """Take the sentence's form and its values, see ``Message``."""
        self.message = Message(form, values)
        super().__init__(str(self.message))


class UnexpectedPage(ValueError):
    """A page is not what its parser knows. The message says what was expected and what came."""


class EngineFailed(Exception):
    """An engine that judges fleets could not do its work. The message is one line."""


class LockHeld(RuntimeError):
    """Another run holds the lock of this database. Exit code 5."""
