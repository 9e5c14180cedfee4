"""What a row is called: "hotpatch KB5121768 (26200.8893), 18 July 2026, Windows 11, version 25H2" says more than a hash or a key.

A form of tables.yaml names columns in braces. A part in brackets is left out where one of its columns is empty.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from markupsafe import Markup, escape

from hotpatch_kb.db.answers.events import events
from hotpatch_kb.db.model.products import KNOWN, PLATFORMS, named
from hotpatch_kb.db.site import when
from hotpatch_kb.db.site.i18n import DEFAULT, Words
from hotpatch_kb.db.site.tables import about

_PART: Final = re.compile(r"\[([^\]]*)\]|([^\[]+)")
_PLACE: Final = re.compile(r"\{(\w+)\}")
# What pages publish in English. A title in another language marks it, and goes without it where nothing can be marked.
_PUBLISHED: Final = frozenset({"title", "description", "requirement", "section", "meter", "edition"})
# Of these, what is in our own words, and so has translations.
_OURS: Final = frozenset({"requirement", "meter"})
# What the words of a code are filed under in the translations, tried in this order.
_FILED: Final = ("", "documents ", "editions ", "end ", "source ", "rule ")


# "USD core per month" in the name of a price.
_PER: Final = re.compile("(?P<currency>[A-Z]{3}) (?P<of>[a-z]+) per (?P<time>[a-z]+)")


class Title(NamedTuple):
    """A row's title as HTML, and as text without what is published in another language."""

    html: Markup
    text: str


def titles(
    conn: sqlite3.Connection, table: str, rows: Sequence[Mapping[str, Any]], t: Words, *, are_listed: bool = False
) -> list[Title | None]:
    """Return the title of each row of a table, None where its rows have none. A change is the sentence that /changes has for it.

    Args:
        conn: the database.
        table: its name.
        rows: values by column.
        t: words.
        are_listed: whether the columns of the rows are beside their titles.
    """
    form = about()[table].row if table in about() else None
    if form is None:
        return [None] * len(rows)
    listed = (about()[table].listed if are_listed else None) or form
    if table == "changes" and all({"changed_at", "subject", "field", "old_value", "new_value"} <= row.keys() for row in rows):
        return [_of_change(conn, row, t) or row_title(t(form), row, t) for row in rows]
    # A release without a KB has nothing of its short form.
    return [title if (title := row_title(t(listed), row, t)).html else row_title(t(form), row, t) for row in rows]


def _of_change(conn: sqlite3.Connection, row: Mapping[str, Any], t: Words) -> Title | None:
    said = [when.event_said(item, t) for item in events(conn, [row]) if item.form != "other"]
    return Title(escape(said[0]), said[0]) if said else None


def row_title(form: str, values: Mapping[str, Any], t: Words) -> Title:
    """Return the title of a row.

    Args:
        form: of tables.yaml, in the words' language.
        values: of the row, by column; a column that is missing is empty.
        t: words.

    >>> from hotpatch_kb.db.site.i18n import words
    >>> row_title("{kind}[ KB{kb}][, {product}]", {"kind": "baseline", "kb": None, "product": "ws2025"}, words("en")).text
    'Baseline, Windows Server 2025'
    """
    return Title(Markup("").join(_parts(form, values, t, marked=True)), "".join(map(str, _parts(form, values, t, marked=False))))


def _parts(form: str, values: Mapping[str, Any], t: Words, *, marked: bool) -> Iterable[Markup | str]:
    is_first = True
    for optional, always in _PART.findall(form):
        part = optional or always
        known = {column: _value(column, values, t, marked=marked) for column in _PLACE.findall(part)}
        if optional and not all(known.values()):
            continue
        for place, text in enumerate(_PLACE.split(part)):
            piece = known[text] if place % 2 else text
            if piece and is_first:
                piece, is_first = _begun(piece, t), False
            yield piece if isinstance(piece, Markup) or not marked else escape(piece)


def _begun(piece: Markup | str, t: Words) -> Markup | str:
    """Return the beginning of a title with a capital letter, but for what is published or a name."""
    return piece if t.language != DEFAULT or isinstance(piece, Markup) or "/" in piece else piece[:1].upper() + piece[1:]


def _value(column: str, values: Mapping[str, Any], t: Words, *, marked: bool) -> Markup | str:
    value = values.get(column)
    if value is None or value == "":
        return ""
    text = str(value)
    if column in _PUBLISHED:
        said = _word(str(values["source"]), t) if column == "title" and "source" in values else t(text) if column in _OURS else text
        if t.language == DEFAULT:
            return text
        if said not in {text, values.get("source")}:
            return said
        return Markup('<span lang="en">{}</span>').format(text) if marked else ""
    if column == "subject":
        return subject_in_words(text, t)
    if column == "product":
        return t(named(text).name)
    if column == "value" and values.get("field") in {"product", "platform"}:
        return t(PLATFORMS[text] if text in PLATFORMS else named(text).name)
    if column == "field":
        name, sign, place = text.partition("#")
        return f"{_filed('fact ', name, t) or name}{sign}{place}"
    if column == "month":
        return when.month_of(text, t.language)
    if column.endswith(("_date", "_on", "_at", "_from")):
        return when.written(text, t.language)
    return _word(text, t)


def _word(code: str, t: Words) -> str:
    """Return the word for a code; any other text is returned as it is."""
    return next((word for filed in _FILED if (word := _filed(filed, code, t))), code)


def _filed(filed: str, code: str, t: Words) -> str | None:
    word = t(filed + code)
    return None if word == filed + code else word


def subject_in_words(subject: str, t: Words) -> str:
    r"""Return what the name of a fact says.

    >>> from hotpatch_kb.db.site.i18n import words
    >>> subject_in_words("release/ws2025/5087423/26100.32772", words("en")), subject_in_words("calendar/ws2025/2026-06", words("ja"))
    ('KB5087423 26100.32772, Windows Server 2025', '2026\xa0年\xa06\xa0月、Windows Server 2025')
    >>> subject_in_words("eligibility/rule/ws2025/arc/7", words("en")), subject_in_words("eligibility/edition/-/Home/-", words("ja"))
    ('rule 7, Windows Server 2025, Azure Arc', 'エディション、Home')
    """
    kind, *names = subject.split("/")
    comma = t(", ")
    if kind in {"release", "reported"} and len(names) > 2:
        kb = f"KB{names[1]}" if names[1].isdecimal() else when.written(names[1], t.language)
        return f"{kb} {t(names[2])}{comma}{t(named(names[0]).name)}"
    if kind == "calendar" and len(names) == 2:
        return f"{when.month_of(names[1], t.language)}{comma}{t(named(names[0]).name)}"
    if kind == "lifecycle" and names:
        names[0] = t(named(names[0]).name)
    if kind == "eligibility" and names:
        return comma.join(_of_eligibility(*names, t=t))
    if kind == "price":
        names = [_of_price(name, t) for name in names]
    if kind in {"kb", "kb_cves"} and names[0].isdecimal():
        names[0] = f"KB{names[0]}"
    return comma.join(t(KNOWN[name].name) if name in KNOWN else _word(name, t) for name in names if name not in {"", "-"}) or subject


def _of_eligibility(kind: str, *names: str, t: Words) -> Iterator[str]:
    """Yield the parts of the name of what documents state: its kind, with the number that it has where it has no name, then what it is about."""
    *about, last = names or ("",)
    yield f"{_word(kind, t)} {last}" if last.isdecimal() else _word(kind, t)
    for name in about if last.isdecimal() else names:
        if name not in {"", "-"}:
            yield t(KNOWN[name].name) if name in KNOWN else t(PLATFORMS[name]) if name in PLATFORMS else name


def _of_price(name: str, t: Words) -> str:
    r"""Return a part of the name of a price: its unit and its first day as a sentence has them, where the language has a word for the unit.

    >>> from hotpatch_kb.db.site.i18n import words
    >>> _of_price("USD core per hour", words("ja")), _of_price("2026-05-19", words("en"))
    ('USD core per hour', '19 May 2026')
    """
    unit = _PER.fullmatch(name)
    if unit is None:
        return when.written(name, t.language) if name[:1].isdecimal() else name
    code = f"{unit['of']}/{unit['time']}"
    return name if t(code) == code else f"{unit['currency']} ({t(code)})"
