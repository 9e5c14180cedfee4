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

from hotpatch_kb.db.site.messages import MESSAGES

LANGUAGES: Final = {"en": "English", "ja": "日本語"}
DEFAULT: Final = "en"
COOKIE: Final = "lang"
FOLDER: Final = Path(__file__).parent / "translations"
_RANGE: Final = re.compile(r"\s*(?P<name>[A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*(?P<weight>[01](?:\.[0-9]{0,3})?))?\s*")

# Reasons of verdicts are sentences that db/answers/verdicts.py and db/fleet/assess.py make of parts: their forms, and the same in words of templates.
_RELEASE: Final = r"(?:[^;]+? of \d{4}-\d\d-\d\d|of \d{4}-\d\d-\d\d)"
_REASONS: Final = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"nothing newer of the (?P<line>hotpatch|standard) line counts", "nothing newer of the {line} line counts"),
        (rf"the baseline (?P<release>{_RELEASE}) is newer", "the baseline {release} is newer"),
        (
            rf"(?P<release>{_RELEASE}) is no baseline, and (?P<newer>{_RELEASE}) is newer",
            "{release} is no baseline, and {newer} is newer",
        ),
        (
            rf"(?P<release>{_RELEASE}) is no baseline; the hotpatch line goes on from the next one",
            "{release} is no baseline; the hotpatch line goes on from the next one",
        ),
        (rf"(?P<release>{_RELEASE}) is newer", "{release} is newer"),
        (r"hotpatching ended on (?P<day>\S+)", "hotpatching ended on {day}"),
        (r"no hotpatch line of this product is known", "no hotpatch line of this product is known"),
        (r"support ended on (?P<day>\S+)", "support ended on {day}"),
        (
            r"no source states its support, and its last monthly release is of (?P<day>no day|\S+)",
            "no source states its support, and its last monthly release is of {day}",
        ),
        (
            r"facts end on (?P<day>no day|\S+); a monthly release has come since",
            "facts end on {day}; a monthly release has come since",
        ),
        (
            r"(?P<may>it may be )?(?P<kb>KB\d+|None) on the (?P<line>hotpatch|standard) line: (?P<verdict>[a-z_]+)",
            "{kb} on the {line} line: {verdict}",
        ),
        (r"no build is stated", "no build is stated"),
        (r"a build number without a revision, (?P<text>'.*'|\".*\")", "a build number without a revision, {text}"),
        (r"expected a build such as 26100\.32772, got (?P<text>'.*'|\".*\")", "expected a build such as 26100.32772, got {text}"),
        (r"no source names the build (?P<build>\S+)(?: of (?P<product>.+))?", "no source names the build {build}"),
        (
            r"the build (?P<build>\S+)(?: of (?P<product>.+))? was released on (?P<day>\S+), after the day asked for",
            "the build {build} was released on {day}, after the day asked for",
        ),
        (r"(?P<product>[a-z0-9-]+): (?P<verdict>[a-z_]+)", "{product}: {verdict}"),
    )
)
_OF_PRODUCT: Final = re.compile(r"(?P<product>w[a-z0-9-]+): (?P<reason>.+)")


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

    def reason(self, text: str) -> str:
        """A sentence that is made elsewhere: a verdict's reason, what is wrong with an input, a note on costs.

        As a whole, else in other languages than English part by part; what has no form here stays as it is.
        """
        if not text:
            return text
        whole = self._part(text)  # some forms have a semicolon themselves
        if self.language == DEFAULT:
            return text if whole is None else whole
        if whole is None:
            whole = self("; ").join(self._part(part) or part for part in _parts(text))
        return whole

    def _part(self, text: str) -> str | None:
        # In English a reason is what it is; a message may name an option of the command.
        for pattern, form in MESSAGES if self.language == DEFAULT else (*_REASONS, *MESSAGES):
            if match := pattern.fullmatch(text):
                values = {name: value for name, value in match.groupdict().items() if value is not None}
                return self(form, **{name: self(value) if name in {"line", "verdict"} else value for name, value in values.items()})
        if match := _OF_PRODUCT.fullmatch(text):
            found = self._part(match["reason"])
            return found and f"{match['product']}: {found}"
        return None


def _parts(text: str) -> list[str]:
    """A reason's parts: at semicolons, but for those within a form."""
    parts: list[str] = []
    for part in text.split("; "):
        if parts and part in {"a monthly release has come since", "the hotpatch line goes on from the next one"}:
            parts[-1] += f"; {part}"
        else:
            parts.append(part)
    return parts


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
