"""Pages of the documentation that the site shows: headings, paragraphs and commands with their output, and nothing else of Markdown."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from markupsafe import Markup, escape

from hotpatch_kb.db.site import FOLDER
from hotpatch_kb.db.site.i18n import DEFAULT, unbroken

# In a checkout, and in the installed package (hatch_build.py).
FOLDERS: Final = (FOLDER.parent.parent / "docs", FOLDER)
_HEADING: Final = re.compile(r"## (?:[0-9]+[.] )?(?P<text>.+)")
_COMMENT: Final = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_LINK: Final = re.compile(r"\[(?P<text>[^\]]+)\]\([^)]+\)")
_OPTION: Final = re.compile(r"(?<!\S)--?[a-z][a-z-]*")
_BEFORE_NEXT_LINE: Final = re.compile("(?<=[。、]) ")  # Japanese has no space there, wherever the lines of the file break
_CODE: Final = re.compile(r"`([^`]+)`")
# Which lines of the output answer the question, by how they begin, as who wrote the page chose: "<!-- answer: verdict | next -->"; in a page of
# another language than that of the output with the answer in that language, after "=>".
_ANSWER: Final = re.compile(r"<!-- answer: (?P<begins>.+?) -->")
# The page of the site that answers it too: "<!-- page: calendar/2026 -->", in the English page alone.
_PAGE: Final = re.compile(r"<!-- page: (?P<path>\S+) -->")


class Part(NamedTuple):
    """A paragraph, or a command with its output (``is_output``)."""

    text: str
    is_output: bool

    def command(self) -> str:
        """Return the command of an output, without the prompt."""
        return self.text.partition("\n")[0].removeprefix("$ ")

    def pieces(self) -> list[tuple[str, bool]]:
        """Return a paragraph in pieces, each with whether it is code."""
        return [(text, place % 2 == 1) for place, text in enumerate(_CODE.split(self.text)) if text]


class Asked(NamedTuple):
    """A question, the parts of its answer, how the lines of output begin that answer it alone, what they say in the language of the page, and the page of the site for it."""

    question: str
    parts: list[Part]
    answering: tuple[str, ...] = ()
    said: str = ""
    page: str = ""

    def sentence(self) -> str:
        r"""Return the lines of the output that answer the question, as one, in the language of the output; "" where none does alone.

        >>> part = Part("$ x\nA: is B\n  verdict      not patched\n  next restart  today", is_output=True)
        >>> Asked("?", [part], ("verdict", "next restart")).sentence(), Asked("?", [part], ("A:",)).sentence()
        ('verdict: not patched; next restart: today', 'A: is B')
        """
        lines = next((part.text.splitlines() for part in self.parts if part.is_output), [])
        found = [line.strip() for begin in self.answering for line in lines if re.match(rf"{re.escape(begin)}(?!\w)", line.strip())]
        return "; ".join(re.sub(r"(?<=[A-Za-z])  +", ": ", line) for line in found)

    def answer(self) -> str:
        """Return the answer as one text."""
        return "\n\n".join(part.text for part in self.parts)


def options_kept(text: object) -> Markup:
    """Return a command as HTML in which no line breaks inside of an option: a browser breaks after each hyphen.

    >>> options_kept("lookup --on 2026-07-20 < x")
    Markup('lookup <span class="nowrap">--on</span> 2026-07-20 &lt; x')
    """
    return Markup(_OPTION.sub(r'<span class="nowrap">\g<0></span>', str(escape(text))))  # noqa: S704 (it is escaped first)


def _joined(text: str, language: str) -> str:
    """Return a paragraph in which Japanese has no-break spaces, but for what is code."""
    if language != "ja":
        return text
    pieces = _BEFORE_NEXT_LINE.sub("", text).split("`")
    return "`".join(piece if place % 2 else unbroken(piece) for place, piece in enumerate(pieces))


def read(text: str, language: str = DEFAULT) -> list[Asked]:
    r"""Return the questions of a page in a language.

    >>> read("# Title\n\n## 1. What is `x`?\n\nIt is\nthis.\n\n```\n$ a\n\nb\n```\n")
    [Asked(question='What is x?', parts=[Part(text='It is this.', is_output=False), Part(text='$ a\n\nb', is_output=True)], answering=(), said='', page='')]
    """
    found: list[Asked] = []
    text = _PAGE.sub(r"\n\npage: \g<path>\n\n", _ANSWER.sub(r"\n\nanswer: \g<begins>\n\n", text))
    text = _COMMENT.sub("", text)
    for place, block in enumerate(re.split(r"^```.*\n", text, flags=re.MULTILINE)):
        if place % 2:
            if found:
                found[-1].parts.append(Part(block.rstrip("\n"), is_output=True))
            continue
        for paragraph in re.split(r"\n\s*\n", block):
            words = _LINK.sub(r"\g<text>", " ".join(paragraph.split()))
            if not words.startswith("answer: "):
                words = _joined(words, language)
            heading = _HEADING.fullmatch(words)
            if heading:
                found.append(Asked(heading["text"].replace("`", ""), []))
            elif words.startswith("answer: ") and found:
                begins, _, said = words.removeprefix("answer: ").partition(" => ")
                found[-1] = found[-1]._replace(answering=tuple(begins.split(" | ")), said=_joined(said, language))
            elif words.startswith("page: ") and found:
                found[-1] = found[-1]._replace(page=words.removeprefix("page: "))
            elif words and found:
                found[-1].parts.append(Part(words, is_output=False))
    return found


@cache
def document(name: str, language: str) -> tuple[str, list[Asked]]:
    """Return the headings of a page of the documentation with what is below them, and their language; none where the package came without it.

    Args:
        name: of the page.
        language: it is taken where the page is written in it, else English.
    """
    files = [(code, folder / file) for code, file in ((language, f"{name}.{language}.md"), (DEFAULT, f"{name}.md")) for folder in FOLDERS]
    code, path = next(((code, path) for code, path in files if path.exists()), (DEFAULT, None))
    found = [] if path is None else read(path.read_text(encoding="utf-8"), code)
    if code != DEFAULT:
        pages = [item.page for item in document(name, DEFAULT)[1]]
        found = [item._replace(page=page) for item, page in zip(found, pages, strict=True)]
    return code, found
