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
from hotpatch_kb.db.model.notation import clean, kbs_in, long_dates_in
from hotpatch_kb.scraper.parsing.markup import cells, classes, elements
from hotpatch_kb.scraper.parsing.statements import Field, quarantined, stated
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
# What a label says that the text after it is, by the first that matches: "Symptoms", "Known issue", "Resolutions", "Work-around:", "Next steps".
_MEANINGS: Final = {
    "applies": re.compile(r"applies to|applicable to", re.IGNORECASE),
    "other": re.compile(
        r"(?:important )?notes?|important|tips?|caution|warning|(?:additional|more) information|see also|affected .*|originating update|.*disclaimer", re.IGNORECASE
    ),
    "cause": re.compile(r"(?:root |known )?causes?|reasons?|why .*", re.IGNORECASE),
    "workaround": re.compile(
        r".*\b(?:work-? ?arounds?|mitigations?|resolutions?|resolved|solutions?|fix(?:es)?|next steps?|status|recommended (?:actions?|steps)|how to .*)\b.*", re.IGNORECASE
    ),
    "symptom": re.compile(r"(?:known )?(?:symptoms?|issues?|problems?)(?: (?:details?|descriptions?|summary))?|descriptions?|summary|details", re.IGNORECASE),
}  # fmt: skip
# Parts of what a label before them is about: "Option 1", "Step 2:", "For IT administrators"
_PART: Final = re.compile(r"(?:options?|steps?|methods?|scenarios?|cases?)\b.{0,4}|(?:for|on|in|if|when|to)\b.*", re.IGNORECASE)
_LONGEST_LABEL: Final = 40
# How texts below a label that is not known are named; what they are about is not guessed.
_UNKNOWN: Final = "? "
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


class _Odd(NamedTuple):
    """A text among the known issues that cannot be read as an issue: kind and text as in the view quarantine, and what was expected."""

    kind: str
    text: str
    reason: str


class _Issue(NamedTuple):
    """A known issue as published: its title, and texts by what they are (symptom, cause, workaround, applies, other, "? <label>")."""

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

    What cannot be read as an issue is quarantined, so is a section that neither has one nor says that there are none.
    """
    section = next((section for section in sections if _KNOWN_ISSUES.match(section.title)), None)
    if section is None:
        return  # nothing is said, which is not "none"
    listed, others = _issues(section)
    unread = [text for text in others if not _NONE_KNOWN.search(text) and not (_BESIDE_NONE.search(text) and len(text) < 300)]
    says_none = any(_NONE_KNOWN.search(text) for text in others)
    odd = [thing for thing in listed if isinstance(thing, _Odd)]
    found = [thing for thing in listed if isinstance(thing, _Issue)]
    if not found and not odd and (unread or not says_none):
        got = (unread or others or [""])[0]
        odd = [_Odd("label", got or section.title, f"expected known issues, or that there are none, on {page.final_url}")]
    for thing in odd:
        yield from quarantined(SECTION, thing.kind, thing.text, thing.reason, 0, may_be_release=False)
    if odd and not found:
        return  # nothing is said, which is not "none"
    issues = [issue for place, issue in enumerate(found) if issue not in found[:place]]
    yield Claim(SECTION, f"article/{kb}", "issue_count", str(len(issues)), section.title, 0)
    names: dict[str, int] = {}
    for issue in issues:
        slug = re.sub(r"[^a-z0-9]+", "-", issue.title.casefold()).strip("-")[:80] or "issue"
        names[slug] = names.get(slug, 0) + 1
        subject = f"issue/{kb}/{slug}" if names[slug] == 1 else f"issue/{kb}/{slug}-{names[slug]}"
        yield from stated(SECTION, subject, 0, _fields(issue, changes))
        for name, text in issue.texts.items():
            if name.startswith(_UNKNOWN):
                label = name.removeprefix(_UNKNOWN)
                reason = f"expected a label such as Symptoms or Workaround in the known issue {issue.title!r}, got {label!r}"
                yield from quarantined(SECTION, "label", f"{label}: {text}", reason, 0, may_be_release=False)


def oddity(claim: Claim) -> str | None:
    """Return what is odd about a claim of a known issue, in words; None where nothing is."""
    if claim.section != SECTION:
        return None
    if claim.field == "title" and _meaning(claim.value_text) in {"symptom", "cause", "workaround"}:
        return f"expected the title of an issue, got {claim.value_text!r}"
    is_short = len(claim.value_text) < _SHORTEST or (claim.field == "symptom" and _RESOLVED.match(claim.value_text))
    if claim.field in {"symptom", "workaround"} and is_short:
        return f"expected the {claim.field} of an issue, got {claim.value_text!r}"
    return None


# --- where they are -------------------------------------------------------------------------------------------------


def _issues(section: Section) -> tuple[list[_Issue | _Odd], list[str]]:
    """Return the known issues of a section, in whatever form it has them, and the texts of the section that belong to none."""
    result: list[_Issue | _Odd] = []
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
    return [*result, *unboxed], [] if unboxed else list(blocks(others))


def _all(tag: Tag) -> set[int]:
    return {id(tag), *map(id, elements(tag))}


def _box(details: Tag, used: set[int]) -> Iterator[_Issue | _Odd]:
    """Yield the issue in a box; a box of boxes ("Windows 11") has theirs."""
    summary = details.find("summary", recursive=False)
    if summary is None:
        used |= _all(details)
        yield _Odd("entry", prose(details), "expected a summary of a known issue, got none")
        return
    of_summary = _all(summary)
    used |= {id(details)} | of_summary
    if any(elements(details, "details")):
        return
    used |= _all(details)
    title = prose(summary)
    if not _NO_ISSUE.search(title):
        yield _Issue(title, _labelled([tag for tag in elements(details) if id(tag) not in of_summary], details))


def _expando(heading: Tag, used: set[int]) -> Iterator[_Issue | _Odd]:
    titles = heading.select("div.ocpExpandoHeadTitleContainer")
    following = heading.find_next_sibling(True)
    bodies = [tag for tag in (following, *elements(following, "div")) if "ocpExpandoBody" in classes(tag)] if following else []
    if len(titles) != 1 or len(bodies) != 1:
        used |= _all(heading).union(*map(_all, bodies))
        text = " ".join(prose(tag) for tag in (heading, *bodies))
        yield _Odd("entry", text, f"expected one title and one text of a known issue, got {len(titles)} and {len(bodies)}")
        return
    used |= _all(heading) | _all(bodies[0])
    if not _NO_ISSUE.search(prose(titles[0])):
        yield _Issue(prose(titles[0]), _labelled(list(elements(bodies[0])), bodies[0]))


def _rows_of(table: Tag) -> Iterator[_Issue | _Odd]:
    """Yield issues that are rows, Symptom | Workaround, or Applies to | Symptom | Workaround, and what cannot be read as one."""
    rows = [cells(row) for row in elements(table, "tr")]
    names = [_meaning(prose(cell)) or _UNKNOWN + prose(cell) for cell in rows[0]] if rows else []
    if "symptom" not in names:
        header = " | ".join(prose(cell) for cell in rows[0]) if rows else ""
        if len(rows) < 2 or _NO_ISSUE.search(header) or header.startswith("Change date"):
            return  # an advertisement may be a table of one row
        yield _Odd("column", header, "expected a table of symptoms and workarounds among the known issues")
        return
    for row in rows[1:]:
        text = " | ".join(map(prose, row))
        if len(row) != len(names):
            yield _Odd("entry", text, f"expected {len(names)} cells of a known issue, got {len(row)}")
            continue
        texts = {name: text_of([cell, *elements(cell)]) or prose(cell) for name, cell in zip(names, row, strict=True)}
        if texts["symptom"]:
            yield _Issue(_first_sentence(texts["symptom"]), {name: told for name, told in texts.items() if told})
        elif text.strip(" |"):
            yield _Odd("entry", text, "expected the symptom of a known issue, got none")


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
    """Return texts by the label before them; text before any label is the symptom.

    A label is a heading, bold text alone in its paragraph, or bold text before a colon. Text below one that is not known is kept apart.
    """
    texts: dict[str, list[str]] = {}
    name = "symptom"
    for tag in tags:
        if box is not None and tag.name == "h3":
            name = _label_of(tag) or name
            continue
        if not is_block(tag):
            continue
        block = prose(tag)
        if label := _label_of(tag):
            name = label
            block = re.sub(r"^[^:]*?\b" + re.escape(bold(tag)) + r"\s*:?\s*", "", block, count=1) if bold(tag) else ""
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
    """Return what the text after a label is; None where a paragraph begins with other text, or with a part of what was labelled before it."""
    if tag.name not in BLOCKS | HEADINGS:
        return None
    block = prose(tag)
    label = block.rstrip(": ") if tag.name in HEADINGS else bold(tag)
    if not label or not block.startswith(label):
        return None
    after = block[len(label) :].lstrip()
    if meaning := _meaning(label):
        return meaning
    is_label = (not after or after.startswith(":")) and len(label) <= _LONGEST_LABEL and not label.endswith((".", "!", "?"))
    return _UNKNOWN + label if is_label and tag.name != "li" and not _PART.fullmatch(label) and not lines_in(label) else None


def _meaning(label: str) -> str | None:
    """Return what the text after a label is, None for a label that is not known."""
    bare = clean(label).rstrip(": ").replace("(s)", "s")
    if len(bare) > _LONGEST_LABEL:
        return None
    return next((meaning for meaning, pattern in _MEANINGS.items() if pattern.fullmatch(bare)), None)


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
