"""Pages of the documentation that the site shows: headings, paragraphs and commands with their output, and nothing else of Markdown."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from hotpatch_kb.db.site import FOLDER
from hotpatch_kb.db.site.i18n import DEFAULT

# In a checkout, and in the installed package (hatch_build.py).
FOLDERS: Final = (FOLDER.parent.parent / "docs", FOLDER)
_HEADING: Final = re.compile(r"## (?:[0-9]+[.] )?(?P<text>.+)")
_COMMENT: Final = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_LINK: Final = re.compile(r"\[(?P<text>[^\]]+)\]\([^)]+\)")
_CODE: Final = re.compile(r"`([^`]+)`")
# Lines of output that answer a question alone, the most telling first.
_ANSWERING: Final = {label: re.compile(rf"  {label} +(?P<text>.+)") for label in ("verdict", "next restart", "left open by")}


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
    """A question and the parts of its answer."""

    question: str
    parts: list[Part]

    def sentence(self) -> str:
        r"""Return the line of the first output that answers alone: the verdict, else the next restart; "" where neither is there.

        >>> Asked("?", [Part("$ x\\nA\\n  verdict      not patched; B is newer\\n  next restart  today", is_output=True)]).sentence()
        'not patched; B is newer'
        """
        lines = next((part.text.splitlines() for part in self.parts if part.is_output), [])
        found = (_ANSWERING[label].fullmatch(line) for label in _ANSWERING for line in lines)
        return next((match["text"] for match in found if match), "")

    def answer(self) -> str:
        """Return the answer as one text."""
        return "\n\n".join(part.text for part in self.parts)


def read(text: str) -> list[Asked]:
    r"""Return the questions of a page.

    >>> read("# Title\n\n## 1. What is `x`?\n\nIt is\nthis.\n\n```\n$ a\n\nb\n```\n")
    [Asked(question='What is x?', parts=[Part(text='It is this.', is_output=False), Part(text='$ a\n\nb', is_output=True)])]
    """
    found: list[Asked] = []
    for place, block in enumerate(re.split(r"^```.*\n", _COMMENT.sub("", text), flags=re.MULTILINE)):
        if place % 2:
            if found:
                found[-1].parts.append(Part(block.rstrip("\n"), is_output=True))
            continue
        for paragraph in re.split(r"\n\s*\n", block):
            words = _LINK.sub(r"\g<text>", " ".join(paragraph.split()))
            heading = _HEADING.fullmatch(words)
            if heading:
                found.append(Asked(heading["text"].replace("`", ""), []))
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
    return code, [] if path is None else read(path.read_text(encoding="utf-8"))
