"""Errors that a user can act on, each one line of text."""

from __future__ import annotations

from hotpatch_kb.db.model.messages import Message


class BadInput(ValueError):
    """What the user gave cannot be read. Exit code 2.

    Attributes:
        message: what was expected and what came, in one line: ``BadInput("expected a day such as 2026-07-14, got {got!r}", got=...)``.
    """

    def __init__(self, form: str, /, **values: object) -> None:
        """Take the message's form and its values, see ``Message``."""
        self.message = Message(form, **values)
        super().__init__(str(self.message))


class UnexpectedPage(ValueError):
    """A page is not what its parser knows. The message says what was expected and what came."""


class EngineFailed(Exception):
    """An engine that judges fleets could not do its work. The message is one line."""


class LockHeld(RuntimeError):
    """Another run holds the lock of this database. Exit code 5."""


def where(error: BaseException) -> str:
    """Return the lines that an error went through, without its message and values, which may hold what a visitor sent."""
    import traceback  # noqa: PLC0415 (2.6 ms of a lookup, which has no such error)

    lines = [f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in traceback.extract_tb(error.__traceback__)]
    return "\n".join([f"hotpatch-kb: {type(error).__name__} while answering a request", *lines[-20:]])
