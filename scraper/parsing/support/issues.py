"""Known issues of an article: each with its title, symptom, workaround, and whether it is resolved.

Until July 2026 an issue was an expando (``h3.ocpExpandoHead``) or a row of a table, since then it is ``details > summary``. Its texts
follow labels in bold ("Symptoms", "Workaround", "Resolution"), or no label.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from bs4 import Tag

from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import clean, kbs_in, long_dates_in
from hotpatch_kb.scraper.parsing.markup import cells, classes, elements
from hotpatch_kb.scraper.parsing.statements import Field, stated
from hotpatch_kb.scraper.parsing.support.articles import (
    BLOCKS,
    HEADINGS,
    Section,
    blocks,
    bold,
    is_block,
    is_expando,
    prose,
    sentences,
    text_of,
)
from hotpatch_kb.scraper.parsing.support.conditions import lines_in

SECTION: Final = "Known issues"
# "Known issues in this update", "Known issues with this security update"; not "Known issues addressed in this update"
_KNOWN_ISSUES: Final = re.compile(r"known issues\b(?!.*\b(?:address|resolv|fix))", re.IGNORECASE)
# "Microsoft is not currently aware of any issues with this update."
_NONE_KNOWN: Final = re.compile(r"\bnot (?:currently )?aware of any (?:known )?issues\b|\bno known issues\b", re.IGNORECASE)
# What may be beside the sentence that there are none.
_BESIDE_NONE: Final = re.compile(r"\b(?:see|visit|learn more|more information|release health|will (?:provide|share))\b", re.IGNORECASE)
# Boxes among the known issues that are no issue, as last seen 2026-09-26.
_NO_ISSUE: Final = re.compile(r"^(?:change (?:log|history)|third-party information disclaimer|note)\b", re.IGNORECASE)
# Bold text that labels the text after it, as last seen 2026-09-26 ("Symptom", "Workaround:", "Next steps").
_LABELS: Final = {
    "symptom": "symptom", "symptoms": "symptom", "issue": "symptom", "cause": "cause",
    "workaround": "workaround", "workarounds": "workaround", "resolution": "workaround", "next steps": "workaround", "next step": "workaround",
    "mitigation": "workaround", "mitigations": "workaround", "status": "workaround",
    "applies to": "applies", "note": "other", "affected platforms": "other", "originating update": "other", "third-party information disclaimer": "other",
}  # fmt: skip
# "This issue is addressed in KB5095093", "It has now been resolved by updates released July 8, 2025 (KB5062553)". A sentence about something
# else ("after the host name is resolved"), about another time or a part ("until this issue is resolved", "only partially") is no resolution.
_RESOLVED: Final = re.compile(
    r"\b(?:this|it|(?:this|the|these) (?:known )?(?:issues?|problems?))\b(?P<origin>[^.;]*?)\s"
    r"(?:is|are|was|were|has|have)\s+(?:now\s+|been\s+|also\s+|(?!partial|part)\w+ly\s+)*(?:addressed|resolved|fixed)\b",
    re.IGNORECASE,
)
_UNLESS: Final = re.compile(r"\b(?:until|once|when|whenever|after|before|whether|if|unless|as soon as|will|would|not yet)\b", re.IGNORECASE)
_IN_PART: Final = re.compile(
    r"\b(?:partially|partly|in part|some of|only|neither|but not|except|remains?|still|(?:future|forthcoming|upcoming|later|next) (?:windows )?(?:update|release))\b",
    re.IGNORECASE,
)
_SHORTEST: Final = 15  # characters of a symptom or workaround


class _Issue(NamedTuple):
    """A known issue as published: its title, and texts by what they are (symptom, cause, workaround, applies, other)."""

    title: str
    texts: dict[str, str]


def claims(page: Page, kb: int, sections: Iterable[Section], changes: list[Field]) -> Iterator[Claim]:
    """Yield the claims of ``issue/<kb>/<name>``, and how many there are of ``article/<kb>``.

    They are those of the first section of that name: a second one belongs to the servicing stack update.

    Args:
        page: the article.
        kb: what it is about.
        sections: of the article.
        changes: rows of its change log, which say when an issue was added.

    Raises:
        UnexpectedPage: an issue cannot be read, or the section neither has one nor says that there are none.
    """
    section = next((section for section in sections if _KNOWN_ISSUES.match(section.title)), None)
    if section is None:
        return  # nothing is said, which is not "none"
    listed, others = _issues(section)
    unread = [text for text in others if not _NONE_KNOWN.search(text) and not (_BESIDE_NONE.search(text) and len(text) < 300)]
    says_none = any(_NONE_KNOWN.search(text) for text in others)
    if not listed and (unread or not says_none):
        got = (unread or others or [""])[0]
        raise UnexpectedPage(f"expected known issues, or that there are none, got {got[:100]!r} on {page.final_url}")
    issues = [issue for place, issue in enumerate(listed) if issue not in listed[:place]]
    yield Claim(SECTION, f"article/{kb}", "issue_count", str(len(issues)), section.title, 0)
    names: dict[str, int] = {}
    for issue in issues:
        slug = re.sub(r"[^a-z0-9]+", "-", issue.title.casefold()).strip("-")[:80] or "issue"
        names[slug] = names.get(slug, 0) + 1
        subject = f"issue/{kb}/{slug}" if names[slug] == 1 else f"issue/{kb}/{slug}-{names[slug]}"
        yield from stated(SECTION, subject, 0, _fields(issue, changes))


def oddity(claim: Claim) -> str | None:
    """Return what is odd about a claim of a known issue, in words; None where nothing is."""
    if claim.section != SECTION:
        return None
    if claim.field == "title" and claim.value_text.rstrip(": ").casefold() in _LABELS:
        return f"expected the title of an issue, got {claim.value_text!r}"
    is_short = len(claim.value_text) < _SHORTEST or (claim.field == "symptom" and _RESOLVED.match(claim.value_text))
    if claim.field in {"symptom", "workaround"} and is_short:
        return f"expected the {claim.field} of an issue, got {claim.value_text!r}"
    return None


# --- where they are -------------------------------------------------------------------------------------------------


def _issues(section: Section) -> tuple[list[_Issue], list[str]]:
    """Return the known issues of a section, in whatever form it has them, and the texts of the section that belong to none.

    Raises:
        UnexpectedPage: a box without title or text, or a table of something else.
    """
    result: list[_Issue] = []
    used: set[int] = set()
    for tag in section.elements:
        if id(tag) in used:
            continue
        if tag.name == "details":
            result += _box(tag, used)
        elif tag.name == "h3" and is_expando(tag):
            result += _expando(tag, used)
        elif tag.name == "table":
            used |= _all(tag)
            result += _rows_of(tag)
    others = [tag for tag in section.elements if id(tag) not in used]
    unboxed = _unboxed(others)
    return result + unboxed, [] if unboxed else list(blocks(others))


def _all(tag: Tag) -> set[int]:
    return {id(tag), *map(id, elements(tag))}


def _box(details: Tag, used: set[int]) -> Iterator[_Issue]:
    """Yield the issue in a box; a box of boxes ("Windows 11") has theirs."""
    summary = details.find("summary", recursive=False)
    if summary is None:
        raise UnexpectedPage(f"expected a summary of a known issue, got {prose(details)[:60]!r}")
    of_summary = _all(summary)
    used |= {id(details)} | of_summary
    if any(elements(details, "details")):
        return
    used |= _all(details)
    title = prose(summary)
    if not _NO_ISSUE.search(title):
        yield _Issue(title, _labelled([tag for tag in elements(details) if id(tag) not in of_summary], details))


def _expando(heading: Tag, used: set[int]) -> Iterator[_Issue]:
    titles = heading.select("div.ocpExpandoHeadTitleContainer")
    following = heading.find_next_sibling(True)
    bodies = [tag for tag in (following, *elements(following, "div")) if "ocpExpandoBody" in classes(tag)] if following else []
    if len(titles) != 1 or len(bodies) != 1:
        raise UnexpectedPage(
            f"expected one title and one text of a known issue, got {len(titles)} and {len(bodies)} in {prose(heading)[:60]!r}"
        )
    used |= _all(heading) | _all(bodies[0])
    if not _NO_ISSUE.search(prose(titles[0])):
        yield _Issue(prose(titles[0]), _labelled(list(elements(bodies[0])), bodies[0]))


def _rows_of(table: Tag) -> Iterator[_Issue]:
    """Yield issues that are rows: Symptom | Workaround, or Applies to | Symptom | Workaround. A table of anything else has none."""
    rows = [cells(row) for row in elements(table, "tr")]
    names = [_LABELS.get(_bare(prose(cell))) for cell in rows[0]] if rows else []
    if "symptom" not in names:
        header = " | ".join(prose(cell) for cell in rows[0]) if rows else ""
        if len(rows) < 2 or _NO_ISSUE.search(header) or header.startswith("Change date"):
            return  # an advertisement may be a table of one row
        raise UnexpectedPage(f"expected a table of symptoms and workarounds among the known issues, got the columns {header[:80]!r}")
    for row in rows[1:]:
        if len(row) != len(names):
            beginning = prose(row[0])[:60] if row else ""
            raise UnexpectedPage(f"expected {len(names)} cells of a known issue, got {len(row)} in {beginning!r}")
        texts = {name: text_of([cell, *elements(cell)]) or prose(cell) for name, cell in zip(names, row, strict=True) if name}
        if not texts["symptom"]:
            raise UnexpectedPage(f"expected the symptom of a known issue, got none beside {' | '.join(texts.values())[:60]!r}")
        yield _Issue(_first_sentence(texts["symptom"]), texts)


def _unboxed(tags: list[Tag]) -> list[_Issue]:
    """Return issues without a box: each begins with a heading of its own, or with the label of its symptom."""
    result: list[_Issue] = []
    title, below = "", list[Tag]()

    def end() -> None:
        texts = _labelled(below, None)
        if texts.get("symptom") and not _NONE_KNOWN.search(texts["symptom"]) and (title or "workaround" in texts):
            result.append(_Issue(title or _first_sentence(texts["symptom"]), texts))

    for tag in tags:
        if tag.name in HEADINGS:
            end()
            title, below = prose(tag), []
        elif not title and _label_of(tag) == "symptom":
            end()
            below = [tag]
        else:
            below.append(tag)
    end()
    return result


# --- what they say --------------------------------------------------------------------------------------------------


def _labelled(tags: list[Tag], box: Tag | None) -> dict[str, str]:
    """Return texts by the label in bold before them; text before any label is the symptom."""
    texts: dict[str, list[str]] = {}
    name = "symptom"
    for tag in tags:
        if not is_block(tag):
            continue
        block = prose(tag)
        if label := _label_of(tag):
            name = label
            block = re.sub(r"^[^:]*?\b" + re.escape(bold(tag)) + r"\s*:?\s*", "", block, count=1)
        if block:
            texts.setdefault(name, []).append(block)
    if not texts and box is not None and (block := clean("".join(_own_text(box)))):
        texts["symptom"] = [block]
    return {name: " ".join(named) for name, named in texts.items()}


def _own_text(box: Tag) -> Iterator[str]:
    """Yield the text of a box that has no paragraphs."""
    for child in box.children:
        if not isinstance(child, Tag):
            yield str(child)
        elif child.name != "summary":
            yield child.get_text()


def _label_of(tag: Tag) -> str | None:
    """Return what a paragraph that begins with a bold label is; None where it begins with other text."""
    if tag.name not in BLOCKS:
        return None
    label = bold(tag)
    return _LABELS.get(_bare(label)) if label and prose(tag).startswith(label) else None


def _bare(label: str) -> str:
    return clean(label).rstrip(": ").casefold().replace("(s)", "s")


def _first_sentence(text: str) -> str:
    return sentences(text)[0][:200]


def _fields(issue: _Issue, changes: list[Field]) -> Iterator[Field]:
    yield "title", issue.title, issue.title
    for field in ("symptom", "workaround"):
        if text := issue.texts.get(field):
            yield field, text, text
    # A row of an old table may be about one of the lines alone ("Applies to | Symptom | Workaround").
    if products := set(lines_in(issue.texts.get("applies", ""))):
        yield "products", " ".join(sorted(products)), issue.texts["applies"]
    resolution = _resolution(issue)
    yield "state", "resolved" if resolution else "open", resolution or issue.title
    # The KB after the verb resolves it; "which began with KB5082063, was resolved in KB5094125" names another before it.
    if resolution:
        match = _RESOLVED.search(resolution)
        after = resolution[match.end() if match else 0 :]
        if kbs := kbs_in(after):
            yield "resolved_by_kb", str(kbs[0]), resolution
        if dates := long_dates_in(after):
            yield "resolved_on", dates[0], resolution
    opened = sorted(day for day, what, _ in changes if what and issue.title.casefold() in what.casefold())
    if opened:
        yield "opened_on", opened[0], issue.title


def _resolution(issue: _Issue) -> str:
    """Return the sentence that says that the issue is resolved, with the next one where that names the KB; "" without such a sentence."""
    texts = [issue.texts.get(name, "") for name in ("workaround", "other")]
    if not issue.texts.get("workaround"):
        texts.append(issue.texts.get("symptom", ""))  # nothing is labelled
    for text in texts:
        said = sentences(text)
        for sentence, following in zip(said, [*said[1:], ""], strict=True):
            match = _RESOLVED.search(sentence)
            if match is None or _UNLESS.search(sentence[: match.end()]) or _IN_PART.search(sentence):
                continue
            if re.search(r"\b(?:remains?|still)\b", following, re.IGNORECASE):
                continue  # "… is resolved on clients. Servers remain affected."
            if not kbs_in(sentence[match.end() :]) and re.match(r"(?:please )?install\b", following, re.IGNORECASE):
                return f"{sentence} {following}"[:500]
            return sentence[:500]
    return ""
