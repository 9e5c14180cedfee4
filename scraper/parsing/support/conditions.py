"""What an article says about its update in sentences: what it applies to, what it needs, whether it restarts, since when it is not offered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bs4 import Tag

from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import builds_in, clean, kbs_in, long_dates_in
from hotpatch_kb.db.model.products import products_in
from hotpatch_kb.scraper.parsing.markup import elements
from hotpatch_kb.scraper.parsing.statements import Field
from hotpatch_kb.scraper.parsing.support.articles import Article, Section, blocks, prose, sentences, summary, text_of

_SERVICING_STACK: Final = re.compile(r"\bservicing stack\b|\bSSU\b", re.IGNORECASE)
_PREREQUISITES: Final = re.compile(r"prerequisites?\b|before you install|before installing", re.IGNORECASE)
_REQUIRES: Final = re.compile(r"\b(?:must|require[sd]?|need|first|prior)\b", re.IGNORECASE)
_NO_NEED: Final = re.compile(r"\b(?:not|don't|no longer)\b", re.IGNORECASE)
# "the baseline of April 2026, KB5082063", "KB5082063, the baseline of April"
_BASELINE_KB: Final = re.compile(r"\bbaseline\b(?:(?!\bKB|KB[\s-]?\d|\bbaseline\b)[^.;])*?KB[\s-]?(?P<kb>\d{6,7})", re.IGNORECASE)
_KB_BASELINE: Final = re.compile(r"KB[\s-]?(?P<kb>\d{6,7})(?:(?!\bKB|KB[\s-]?\d)[^.;])*?\bbaseline\b", re.IGNORECASE)
# "As of September 12, 2023, KB5023774 is no longer available from Windows Update …"; the subject must be the update itself:
# "After this update is installed, Windows PowerShell 2.0 is no longer available" is about something else.
_NO_LONGER: Final = re.compile(
    r"\b(?:this update|KB[\s-]?(?P<kb>\d{6,7})(?: \([^)]*\))?) (?:is|will be|are) no longer (?:be )?(?:available|offered)\b"
    r"|\b(?:this update|KB[\s-]?(?P<expired>\d{6,7})) has expired\b",
    re.IGNORECASE,
)
_RESTART: Final = re.compile(r"\b(?:must|need to|have to) restart\b|\brequires? a restart\b", re.IGNORECASE)
_NO_RESTART: Final = re.compile(
    r"\b(?:do not|don't|does not|doesn't) (?:need|have|require)(?:s)? (?:to restart|a restart)\b|\bwithout (?:a restart|restarting)\b",
    re.IGNORECASE,
)


def fields(article: Article, kb: int | None) -> Iterator[Field]:
    """Yield the fields of an update that its article states in sentences.

    Args:
        article: the article.
        kb: what it is about, None for a baseline's article that names no KB.
    """
    if applies := _applies_to(article):
        yield applies
    yield from _servicing_stack(article)
    yield from _prerequisites(article, kb)
    yield from _expiry(article.blocks, kb)
    yield from _restart(article.blocks)


def applies_to(sections: list[Section]) -> list[Section]:
    """Return the sections "Applies To"."""
    return [section for section in sections if clean(section.title).casefold() == "applies to"]


def lines_in(text: str) -> tuple[str, ...]:
    """Return the servicing lines that a text names, none where it names something else."""
    try:
        return products_in(text)
    except UnexpectedPage:
        return ()


def _applies_to(article: Article) -> Field | None:
    """Return the servicing lines of "Applies To"; the text also names other systems (Azure Local, HoloLens)."""
    names = [prose(span) for span in article.main.select("details#supAppliesToList span")]
    if not names:
        names = [name for section in applies_to(article.sections) for name in blocks(section.elements)]
    if not names:
        return None
    return "applies_to", " ".join(sorted({product for name in names for product in lines_in(name)})), "; ".join(names)


def _servicing_stack(article: Article) -> Iterator[Field]:
    """Yield KB and build of the servicing stack update: of a heading of its own, or of a box "Servicing stack update"."""
    texts = [section.title for section in article.sections if _SERVICING_STACK.search(section.title)]
    texts += [prose(box) for box in elements(article.main, "details") if _SERVICING_STACK.search(summary(box))]
    for text in texts:
        kbs, builds = kbs_in(text), builds_in(text)
        if kbs and builds:
            yield "ssu_kb", str(kbs[0]), text[:200]
            yield "ssu_build", str(builds[0]), text[:200]
            return


def _prerequisites(article: Article, kb: int | None) -> Iterator[Field]:
    """Yield the baseline or update that must be installed first, as "Prerequisites" or "Before you install this update" names it."""
    texts = [text_of(section.elements) for section in article.sections if _PREREQUISITES.match(section.title)]
    labels = (label.parent for label in elements(article.main, "strong", "b") if _PREREQUISITES.match(prose(label)))
    texts += [text_of(_below_label(label)) for label in labels if label is not None and label.name == "p"]
    said = [sentence for text in texts for sentence in sentences(text)]
    for sentence in said:  # a hotpatch needs its baseline, whatever else is named beside it
        for match in (_BASELINE_KB.search(sentence), _KB_BASELINE.search(sentence)):
            if match and int(match["kb"]) != kb:
                yield from _requires(int(match["kb"]), sentence, match.start())
                return
    for sentence in said:
        others = [number for number in kbs_in(sentence) if number != kb]
        if others and _REQUIRES.search(sentence) and not _SERVICING_STACK.search(sentence) and not _NO_NEED.search(sentence):
            yield from _requires(others[0], sentence, 0)
            return


def _below_label(label: Tag) -> Iterator[Tag]:
    """Yield what follows a label in bold, up to the next heading or label."""
    for tag in label.find_next_siblings():
        strong = tag.find("strong", recursive=False)
        if tag.name in {"h2", "h3"} or (tag.name == "p" and strong is not None and prose(tag) == prose(strong)):
            return
        yield from (tag, *elements(tag))


def _requires(kb: int, sentence: str, start: int) -> Iterator[Field]:
    yield "requires_kb", str(kb), sentence[:300]
    if builds := builds_in(sentence[start:]):
        yield "requires_build", str(builds[0]), sentence[:300]


def _expiry(texts: list[str], kb: int | None) -> Iterator[Field]:
    """Yield the day from which the update is no longer offered, as a sentence about it has it. Only the heading says that it is expired."""
    for sentence in (sentence for text in texts for sentence in sentences(text)):
        match = _NO_LONGER.search(sentence)
        about = match and (match["kb"] or match["expired"])
        if match and (about is None or int(about) == kb) and (dates := long_dates_in(sentence)):
            yield "expired_on", dates[0], sentence[:300]
            return


def _restart(texts: list[str]) -> Iterator[Field]:
    """Yield whether the update needs a restart; nothing where the article says both, of different cases."""
    yes = [text for text in texts if _RESTART.search(text) and not _NO_RESTART.search(text)]
    no = [text for text in texts if _NO_RESTART.search(text)]
    if bool(yes) != bool(no):
        yield "restart_required", str(int(bool(yes))), (yes or no)[0][:300]
