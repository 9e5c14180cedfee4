"""Messages as data: a form and its values, put into words where they are shown.

The command shows English with the names of its options, the site the reader's language with the labels of its fields. Nothing reads a
finished sentence again.

>>> message = Message("expected {field} as a code such as USD, got {got!r}", field=Field("currency"), got="EURO")
>>> str(message)
"expected --currency as a code such as USD, got 'EURO'"
>>> message.in_words({"--currency": "the field Currency"}.get)
"expected the field Currency as a code such as USD, got 'EURO'"
"""

from __future__ import annotations

from collections.abc import Callable

# The words of a language or of a program for an English form, or a code such as "restart_due"; None or the form itself where it has none.
Words = Callable[[str], str | None]


def _english(form: str) -> str:
    return form


def in_words(value: object, words: Words) -> object:
    """Return a value of a message as it is shown: messages and fields in words, any other value as it is."""
    return value.in_words(words) if isinstance(value, Message | Messages | Field) else value


class Message:
    """A sentence, or a word with translations, as data.

    Attributes:
        form: the English sentence, with a place ``{name}`` or ``{name!r}`` for each value. It is the key of its translations.
        values: what fills the places, by name. A value that is a message itself is put into words, too; any other stays as it is.
    """

    __slots__ = ("form", "values")

    def __init__(self, form: str, /, **values: object) -> None:
        """Take the form and its values."""
        self.form = form
        self.values = values

    def in_words(self, words: Words) -> str:
        """Return the sentence in the words of a language. A form without values is the sentence itself, braces included."""
        form = words(self.form) or self.form
        return form.format_map({name: in_words(value, words) for name, value in self.values.items()}) if self.values else form

    def __str__(self) -> str:
        return self.in_words(_english)

    def __repr__(self) -> str:
        return f"Message({', '.join([repr(self.form), *(f'{name}={value!r}' for name, value in self.values.items())])})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and (self.form, self.values) == (other.form, other.values)

    def __hash__(self) -> int:
        return hash(str(self))


class Messages(tuple[Message, ...]):
    """Several messages that are shown as one text, with semicolons between them: the reason of a verdict."""

    __slots__ = ()

    def in_words(self, words: Words) -> str:
        """Return the text in the words of a language."""
        return (words("; ") or "; ").join(message.in_words(words) for message in self)

    def __str__(self) -> str:
        return self.in_words(_english)


class Field:
    """A field of a question, such as ``cores_per_server``: an option of the command, a labelled field of the site.

    In English it is the option, ``--cores-per-server``, which is also the key of its other words.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        """Take the field's name as a parameter of the API has it."""
        self.name = name

    def in_words(self, words: Words) -> str:
        """Return what the field is called."""
        return words(str(self)) or str(self)

    def __str__(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    def __repr__(self) -> str:
        return f"Field({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)
