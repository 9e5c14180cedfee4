"""Words of the site. A text stands in the templates in English and is its own key; other languages are a file each in ``words/``.

``en.json`` has only what codes stand for ("verdict restart_due").

Terms are those that Microsoft uses in each language ("hotpatch" is ホットパッチ, an "OS build" OS ビルド). What is quoted from a page stays as published.
"""

from __future__ import annotations

import json
import re
from functools import cache
from http.cookies import CookieError
from pathlib import Path
from typing import Any, Final

from hotpatch_kb.db.model.messages import in_words

LANGUAGES: Final = {"en": "English", "ja": "日本語"}
DEFAULT: Final = "en"
COOKIE: Final = "lang"
FOLDER: Final = Path(__file__).parent / "translations"
_RANGE: Final = re.compile(r"\s*(?P<name>[A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*(?P<weight>[01](?:\.[0-9]{0,3})?))?\s*")


class Words:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        """Takes a key of ``LANGUAGES``."""
        self.language = language
        self._texts: dict[str, str] = texts(language)

    def __call__(self, text: str, /, **values: object) -> str:
        """A text in this language, its places filled; in English where it has none."""
        found = self._texts.get(text, text)
        return found.format(**values) if values else found

    def say(self, value: object) -> object:
        """Return a message in this language, whose values are put into words, too. What is not a message is returned as it is."""
        return in_words(value, self)


@cache
def texts(language: str) -> dict[str, str]:
    """The texts of a language, by the English ones."""
    found: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


@cache
def words(language: str) -> Words:
    """The words of a language."""
    return Words(language)


def language_of(request: Any) -> str:
    """The language of a request: ``?lang=``, else the cookie, else what the browser prefers of those that there are."""
    if request is None:
        return DEFAULT
    try:
        chosen = [request.args.get("lang"), request.cookies.get(COOKIE)]
    except CookieError:
        chosen = [request.args.get("lang")]
    for name in chosen:
        if name in LANGUAGES:
            return str(name)
    best, found = 0.0, DEFAULT
    for part in request.headers.get("accept-language", "")[:500].split(","):
        match = _RANGE.fullmatch(part)
        if match and match["name"].casefold() in LANGUAGES:
            weight = float(match["weight"] or 1)
            if weight > best:
                best, found = weight, match["name"].casefold()
    return found
