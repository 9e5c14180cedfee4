"""Words of the site. An English text of a template or a message is the key of its translations, one file per language in ``translations/``.

``en.json`` has the words for codes ("verdict restart_due") and the texts that the site words differently from the command.

Terms are those that Microsoft uses in each language ("hotpatch" is ホットパッチ, "OS build" OS ビルド). Quotes from pages stay as published.
"""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from hotpatch_kb.db.model.messages import Message, Messages, in_words
from hotpatch_kb.db.model.messages import Words as Translate

LANGUAGES: Final = {"en": "English", "ja": "日本語"}
DEFAULT: Final = "en"
SCOPE: Final = "hotpatch_kb.language"  # where the scope of a request has the language of its path
FOLDER: Final = Path(__file__).parent / "translations"
_NUMBER: Final = re.compile(
    r"(?<=[0-9}]) (?=[年月日件台回個行列つ]|か月|週間|時間|以上|コア|文字|製品|バイト|世代|火曜日)|(?<=[年月]) (?=[0-9]+ [月日])"
    r"|(?<=第) (?=[0-9])|(?<=\)) (?=[がはをの])"  # a particle does not begin a line
    r"|(?<=Windows Server) (?=20[0-9]{2})|(?<=Windows) (?=1[01]\b)|(?<=バージョン) (?=[0-9])"
)
_INSIDE: Final = re.compile(r"(?<=か)(?=月)|(?<=/)(?=[月日])")  # places of a word at which a browser breaks a line
_LONG: Final = re.compile("(?<=拡張セキュリティ)(?=更新)")  # where a word that is longer than a cell of a phone may break
_ISO: Final = re.compile(r"(?<![0-9/-])([0-9]{4})-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01]))?(?![0-9/-])")
_DAYS: Final = frozenset({"day", "first", "last", "until", "today", "month", "months"})  # places of texts that a day or a month fills
# Places that names with commas between them fill, none of a product.
_LISTS: Final = frozenset({"licences", "images", "kbs", "cves", "kinds", "lines", "formats", "parameters", "methods"})
_OR: Final = "{one} or {other}"
_RANGE: Final = re.compile(r"\s*(?P<name>[A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*(?P<weight>[01](?:\.[0-9]{0,3})?))?\s*")


_PREVIEW: Final = "(preview of 2021)"  # of the one product whose name has words


def _names_in_japanese(text: str) -> str:
    """Return a text with the names of products as Microsoft writes them in Japanese.

    >>> _names_in_japanese("Windows 11, version 24H2、2026 年 3 月")
    'Windows 11 バージョン 24H2、2026 年 3 月'
    """
    return re.sub(r"(Windows (?:10|11|Server)), version (?=[0-9])", r"\1 バージョン ", text).replace(_PREVIEW, "(2021 年のプレビュー)")


def unbroken(text: str) -> str:
    """Return a text in which a number stays on the line of its Japanese counter or of the product that has it, and か月 is in one line."""
    return _LONG.sub("\u200b", _INSIDE.sub("\u2060", _NUMBER.sub("\u00a0", text)))


def in_japanese(text: str) -> str:
    r"""Return a text whose ISO dates and months are as a Japanese sentence has them, with no-break spaces.

    >>> in_japanese("KB5099536 (2026-07-14), 2026-07")
    'KB5099536 (2026\xa0年\xa07\xa0月\xa014\xa0日), 2026\xa0年\xa07\xa0月'
    """
    return _ISO.sub(
        lambda found: "\u00a0".join(f"{int(part)}\u00a0{unit}" for part, unit in zip(found.groups(), "年月日", strict=True) if part), text
    )


def _with_days_in_japanese(value: object) -> object:
    """Return a message whose days are as a Japanese sentence has them. What a reader typed (``{got!r}``) stays as it was typed."""
    if isinstance(value, Messages):
        return Messages(_with_days_in_japanese(message) for message in value)  # type: ignore[misc]
    if not isinstance(value, Message):
        return value
    if value.form == _OR and _is_or(value.values["one"]):
        value = Message("{one}、または {other}", one=_with_commas(value.values["one"]), other=value.values["other"])
    return Message(value.form, **{name: _part(value.form, name, part) for name, part in value.values.items()})


def _is_or(value: object) -> bool:
    return isinstance(value, Message) and value.form == _OR


def _with_commas(value: object) -> object:
    """Return alternatives before the last one with commas between them."""
    if not isinstance(value, Message) or not _is_or(value):
        return value
    return Message("{one}、{other}", one=_with_commas(value.values["one"]), other=value.values["other"])


class _Listed(Messages):
    """Messages inside of a sentence, which no full stop parts."""

    def in_words(self, words: Translate) -> str:
        """Return the text in the words of a language."""
        return "、".join(message.in_words(words) for message in self)


def _part(form: str, name: str, value: object) -> object:
    if isinstance(value, Messages):
        return _Listed(_with_days_in_japanese(message) for message in value)  # type: ignore[misc]
    if name in _LISTS and isinstance(value, str):
        return value.replace(", ", "、")
    is_day = name in _DAYS and isinstance(value, str | date) and f"{{{name}!r}}" not in form
    return in_japanese(str(value)) if is_day else _with_days_in_japanese(value)


class Words:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        """Take a key of ``LANGUAGES``."""
        self.language = language
        self._texts: dict[str, str] = texts(language)

    def __call__(self, text: str, /, **values: object) -> str:
        """Return a text in this language, or in English where it has no translation, with its places filled."""
        translated = self._texts.get(text, text)
        if self.language == "ja":
            values = {name: in_japanese(value) if name in _DAYS and type(value) is str else value for name, value in values.items()}
        filled = translated.format(**values) if values else translated
        return self.names(filled)

    def names(self, text: str) -> str:
        """Return a text, or HTML, in which products have their names in this language."""
        if self.language != "ja" or not (", version " in text or _PREVIEW in text):
            return text
        return type(text)(_names_in_japanese(str(text)))

    def say(self, value: object) -> object:
        """Return a message in this language, whose values are put into words, too. What is not a message is returned as it is."""
        said = in_words(_with_days_in_japanese(value) if self.language == "ja" else value, self)
        return self.names(said) if isinstance(said, str) else said


@cache
def texts(language: str) -> dict[str, str]:
    """Return the texts of a language by the English ones."""
    files = sorted(FOLDER.glob(f"*{language}.json"))  # "ja.json"; "tables.ja.json" has what is said of tables and columns
    found = {english: text for file in files for english, text in json.loads(file.read_text(encoding="utf-8")).items()}
    return {english: unbroken(text) for english, text in found.items()} if language == "ja" else found


@cache
def words(language: str) -> Words:
    """Return the words of a language."""
    return Words(language)


def language_of(request: Any) -> str:
    """Return the language of a request: that of its path, else ``?lang=``, else the available one that the browser prefers."""
    if request is None:
        return DEFAULT
    for name in (request.scope.get(SCOPE), request.args.get("lang")):
        if name in LANGUAGES:
            return str(name)
    best, language = 0.0, DEFAULT
    for part in request.headers.get("accept-language", "")[:500].split(","):
        match = _RANGE.fullmatch(part)
        if match and match["name"].casefold() in LANGUAGES:
            weight = float(match["weight"] or 1)
            if weight > best:
                best, language = weight, match["name"].casefold()
    return language
