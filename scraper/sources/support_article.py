"""support.microsoft.com: the articles of KBs, one page each: builds, known issues, prerequisites, servicing stack, channels, change log.

Read for every KB that a navigation, toc.json or a table links to, in both layouts of the site. A KB may have several articles (one per
product family, or one under two addresses); they are named by the address that answered. An unknown ``/help/<n>`` lands on an unrelated
article that echoes the number in ``<meta name="awa-kb_id">``, so an article is taken only where its slug or title names the KB.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import Title, builds_in, clean, help_kb, kbs_in, long_dates_in, slug_kb, title
from hotpatch_kb.db.model.products import KNOWN, products_in
from hotpatch_kb.scraper.parsing.markup import Node, texts_outside
from hotpatch_kb.scraper.parsing.statements import Field, distinct, stated
from hotpatch_kb.scraper.parsing.support_articles import (
    BLOCKS,
    LABELS,
    NONE_KNOWN,
    Issue,
    Section,
    blocks,
    body_of,
    issues,
    prose,
    sections,
    text_of,
)
from hotpatch_kb.scraper.sources import Link, PageSpec

TITLE = "Microsoft Support: articles of KBs"
HOME_URL = "https://support.microsoft.com/en-us/servicing/os/windows-server/2024/10/windows-server-2025-update-history"
LICENCE = "https://www.microsoft.com/en-us/legal/terms-of-use"
PRECEDENCE = 200  # an article's heading is a navigation title
DUE_EVERY = "12h"  # read with what links to them, those of the last weeks once a day: by then two dates are missed, and four are an alarm
AT_LEAST = 1
PAGES: list[PageSpec] = []  # those that other pages link to
AT_A_TIME = 200  # of one run: 4 minutes at one request a second; the newest first, the rest in the next runs

# How long an answer is good enough, by the age of the update in days: known issues come in the first weeks.
# An article without a date (components) is looked at like one of this year.
_GOOD_FOR: Final = ((45, timedelta(hours=20)), (400, timedelta(days=14)))
_GOOD_FOR_OLD: Final = timedelta(days=180)

# "Known issues in this update", "Known issues with this security update"; not "Known issues addressed in this update"
_KNOWN_ISSUES: Final = re.compile(r"known issues\b(?!.*\b(?:address|resolv|fix))", re.IGNORECASE)
# What may stand beside the sentence that there are none.
_BESIDE_NONE: Final = re.compile(r"\b(?:see|visit|learn more|more information|release health|will (?:provide|share))\b", re.IGNORECASE)
_SERVICING_STACK: Final = re.compile(r"\bservicing stack\b|\bSSU\b", re.IGNORECASE)
_PREREQUISITES: Final = re.compile(r"prerequisites?\b|before you install|before installing", re.IGNORECASE)
_REQUIRES: Final = re.compile(r"\b(?:must|require[sd]?|need|first|prior)\b", re.IGNORECASE)
_NO_NEED: Final = re.compile(r"\b(?:not|don't|no longer)\b", re.IGNORECASE)
# "the baseline of April 2026, KB5082063", "KB5082063, the baseline of April"
_BASELINE_KB: Final = re.compile(r"\bbaseline\b(?:(?!\bKB)[^.;])*?KB[\s-]?(?P<kb>\d{6,7})", re.IGNORECASE)
_KB_BASELINE: Final = re.compile(r"KB[\s-]?(?P<kb>\d{6,7})(?:(?!\bKB)[^.;])*?\bbaseline\b", re.IGNORECASE)
_CHANGE_LOG: Final = re.compile(r"change (?:log|history)", re.IGNORECASE)
# "This issue is addressed in KB5095093", "It has now been resolved by updates released July 8, 2025 (KB5062553)". What is said of something
# else ("after the host name is resolved"), of another time or of a part ("until this issue is resolved", "only partially") is no resolution.
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
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
# "As of September 12, 2023, KB5023774 is no longer available from Windows Update …"; the subject must be the update itself:
# "After this update is installed, Windows PowerShell 2.0 is no longer available" says nothing of it.
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

CHANNELS: Final = {
    "windows_update": re.compile(r"windows update(?! for business)|windows-update|microsoft update(?! catalog)", re.IGNORECASE),
    "business": re.compile(r"business", re.IGNORECASE),
    "catalog": re.compile(r"catalog", re.IGNORECASE),
    "wsus": re.compile(r"wsus|server[ -]update[ -]services", re.IGNORECASE),
}
_OFFERED: Final = re.compile(
    r"\bwill (?:be )?(?:downloaded|automatically sync|install)|\bautomatically (?:downloaded|sync)|^to get the (?:standalone|stand-alone) package|^none\b|^this update is available",
    re.IGNORECASE,
)
_NOT_OFFERED: Final = re.compile(r"\bnot (?:yet )?(?:available|offered)\b", re.IGNORECASE)

_SENTENCE_LENGTH: Final = 15
_NAME_LENGTH: Final = 60
# "(OS Build 26100.32772)", "Hotpatch"
_LIKE_A_TITLE: Final = re.compile(r"\bOS Builds?\b|\bhotpatch\b", re.IGNORECASE)

_HOST: Final = "https://support.microsoft.com/"
# /en-us/help/5094126, /en-us/topic/june-9-2026-kb5094126-…-<guid>, /en-us/servicing/os/…/kb5121768-…, …/april-14-2026-baseline
_ARTICLE: Final = re.compile(r"/(?:help/\d{6,7}|(?:topic|servicing)/(?:.*/)?(?=[^/]*(?:kb-?\d{6,7}|baseline))[^/]+)/?$", re.IGNORECASE)


def page_at(url: str) -> PageSpec | None:
    """The article at an address of a saved tree, None where the address is that of no article."""
    return _spec(url) if url.startswith(_HOST) and _ARTICLE.search(url) else None


def _spec(url: str, good_since: str = "") -> PageSpec:
    return PageSpec(url, (url,), good_since=good_since, is_named_by_answer=True)


def linked(links: Iterable[Link], now: str) -> Iterator[PageSpec]:
    """The articles to read, the newest first: of each KB those under new addresses, else under old ones, else what ``/help/`` gives.

    Args:
        links: what pages link to.
        now: UTC; articles of recent updates are looked at again each day, older ones more rarely.
    """
    by_kb: dict[object, list[Link]] = defaultdict(list)
    for link in links:
        if link.url.startswith(_HOST):
            by_kb[link.kb or link.url].append(link)
    chosen: dict[str, str] = {}
    for found in by_kb.values():
        best = min(map(_generation, found))
        for link in found:
            if _generation(link) == best:
                chosen[link.url] = max(chosen.get(link.url, ""), link.release_date)
    for url, day in sorted(chosen.items(), key=lambda item: (item[1], item[0]), reverse=True):
        yield _spec(url, _good_since(day, now))


def _generation(link: Link) -> int:
    return 0 if "/servicing/" in link.url else 1 if "/topic/" in link.url else 2


def _good_since(day: str, now: str) -> str:
    moment = datetime.fromisoformat(now)
    age = (moment.date() - date.fromisoformat(day)).days if day else _GOOD_FOR[0][0] + 1
    good_for = next((span for days, span in _GOOD_FOR if age <= days), _GOOD_FOR_OLD)
    return (moment - good_for).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(page: Page) -> Iterator[Claim]:
    """Claims of ``article/<kb>``, ``issue/<kb>/<name>``, ``channel/<kb>`` and ``change_log/<kb>``.

    Raises:
        UnexpectedPage: no article, not the article of the KB that was asked for, or one whose parts cannot be read.
    """
    return distinct(_claims(page))


def _claims(page: Page) -> Iterator[Claim]:
    root, main = body_of(page)
    heading, read, page_title = _heading(root, main, page)
    kb = _kb(page, heading, read, page_title, root)
    article = f"article/{kb or '-'}"
    parts = sections(main)
    yield from stated("Article", article, 0, _title_fields(heading, read, page_title, is_heading=bool(main.xpath(".//h1"))))
    if applies := _applies_to(main, parts):
        yield from stated("Article", article, 0, [applies])
    yield from stated("Article", article, 0, _servicing_stack(parts, main))
    yield from stated("Article", article, 0, _prerequisites(parts, main, kb))
    yield from stated("Article", article, 0, _expiry(main, kb))
    yield from stated("Article", article, 0, _restart(main))
    yield from _mentions(main, kb)
    if kb is None:
        return
    changes = list(_change_log(main, parts))
    yield from stated("Article", f"change_log/{kb}", 0, changes)
    yield from stated("Article", f"channel/{kb}", 0, _channels(main))
    yield from _known_issues(page, kb, parts, changes)


def _heading(root: Node, main: Node, page: Page) -> tuple[str, Title | None, str]:
    """The article's heading as published, what it says where it is that of a Windows update, and the page's <title>."""
    titles = root.xpath("//head/title | //title")
    page_title = prose(titles[0]) if titles else ""
    headings = main.xpath(".//h1")
    heading = prose(headings[0]) if headings else re.sub(r"\s+[-|]\s+Microsoft Support$", "", page_title)
    if not heading:
        raise UnexpectedPage(f"expected an article with a heading, got none from {page.final_url}")
    return heading, _title_of(heading, in_hotpatch_line="/hotpatch/" in page.final_url), page_title


def _title_of(published: str, *, in_hotpatch_line: bool = False) -> Title | None:
    try:
        return title(published, in_hotpatch_line=in_hotpatch_line)
    except UnexpectedPage:
        return None  # of another product: "Description of the security update for SharePoint Server 2016: … (KB5002880)"


def _kb(page: Page, heading: str, read: Title | None, page_title: str, root: Node) -> int | None:
    """The KB that the article is about; None for a baseline's article that names none.

    Raises:
        UnexpectedPage: it is not the one that was asked for (case 17), or names no KB at all.
    """
    named = kbs_in(heading) or kbs_in(page_title)
    landed = slug_kb(page.final_url)
    asked = help_kb(page.url) or slug_kb(page.url)
    if asked is not None and asked not in {*named, *kbs_in(page_title), landed}:
        raise UnexpectedPage(f"expected the article of KB{asked}, got {heading!r} at {page.final_url}")
    if len(named) > 1:
        raise UnexpectedPage(f"expected one KB in the heading of an article, got {heading!r}")
    if named:
        return named[0]
    if read is None or read.kind != "baseline":
        raise UnexpectedPage(f"expected an article that names its KB, got {heading!r} at {page.final_url}")
    # The page's own mark, which is the number asked for where a number was asked for.
    own = root.xpath("//meta[@name='awa-kb_id']/@content")
    return int(own[0]) if own and re.fullmatch(r"\d{6,7}", own[0]) and help_kb(page.url) is None else landed


def _title_fields(heading: str, read: Title | None, page_title: str, *, is_heading: bool) -> Iterator[Field]:
    yield "title", heading, heading
    if read is None:
        return
    weak = "" if is_heading else "page_title_"
    if read.date:
        yield f"{weak}release_date" if is_heading else "page_title_date", read.date, read.date_text
    for build in read.builds:
        yield f"{weak}build", str(build), heading
    if read.kind:
        yield "classification", read.kind, heading
    if read.is_expired:
        yield "is_expired", "1", heading
    if is_heading:
        # KB5101650: "26200.8870" in <title>, 26200.8875 in the heading.
        for build in builds_in(page_title):
            if build not in read.builds and any(build.number == own.number for own in read.builds):
                yield "page_title_build", str(build), page_title
        if (dates := long_dates_in(page_title)[:1]) and read.date and dates[0] != read.date:
            yield "page_title_date", dates[0], page_title


def unread(page: Page, claims: Sequence[Claim]) -> Iterator[Unread]:
    """A heading that looks like that of a Windows update and cannot be read, and ways to get the update that are new."""
    root, main = body_of(page)
    heading, read, _ = _heading(root, main, page)
    parts = sections(main)
    if (read is None and _LIKE_A_TITLE.search(heading)) or (read and read.kind == "hotpatch" and not read.builds):
        yield Unread(
            "Article", "title", f"expected a title such as 'May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)', got {heading!r}"
        )
    for panel in main.xpath(".//section[starts-with(@id, 'tabpanel_')]"):
        name = panel.get("id").split("_", 2)[-1]
        if (answers := _available([[prose(cell) for row in list(panel.iter("tr"))[:1] for cell in row.iterchildren("td", "th")]])) != [0]:
            yield Unread("Article", "column", f"expected the column 'Available' first in {name!r}, got it at {answers}")
        if answers and not _channels_named(name):
            yield Unread("Article", "channel", f"expected the way to an update ({', '.join(CHANNELS)}), got {name!r}")
    for table in main.iter("table"):
        rows = [[prose(cell) for cell in row.iterchildren("td", "th")] for row in table.iter("tr")]
        is_known = bool(rows and rows[0]) and rows[0][0].casefold() == "release channel"
        names = [row[0] for row in (rows[1:] if is_known else rows) if row]
        for name in names:
            if is_known and not _channels_named(name):
                yield Unread("Article", "channel", f"expected the way to an update ({', '.join(CHANNELS)}), got {name!r}")
        if not is_known and any(
            len(name) < _NAME_LENGTH and _channels_named(name)
            for name in [*names, *("wsus" for row in rows[:1] if "Release Channel" in row)]
        ):
            yield Unread("Article", "channel", f"expected the column 'Release Channel' before {names[-1]!r}, got {' | '.join(rows[0])!r}")
        if rows and "symptom" in {clean(name).rstrip("s: ").casefold() for name in rows[0]}:
            for row in rows[1:]:
                if not all(row):
                    yield Unread("Known issues", "issue", f"expected no empty cell, got {' | '.join(row)!r}")
        cells = {cell for row in table.iter("tr") for cell in row.iterchildren("td", "th")} | set(table.iterchildren("caption"))
        for found in texts_outside(table, cells):
            yield Unread("Article", "text", f"expected texts of a table in its cells alone, got {found[:200]!r}")
    for claim in claims:
        if claim.field == "applies_to" and (new := sorted(set((claim.value or "").split()) - KNOWN.keys())):
            yield Unread("Article", "product", f"expected known versions of Windows, got {', '.join(new)} in {claim.value_text[:200]!r}")
    for part in (part for part in parts if clean(part.title).casefold() == "applies to"):
        for node in part.nodes:
            if clean(node.text or "") and not any(found.tag in BLOCKS for found in (node, *node.iterancestors())):
                yield Unread("Article", "text", f"expected what the update applies to in a list, got {prose(node)[:200]!r}")
    for row in _change_rows(main, parts):
        if len(row) != 2:
            yield Unread("Article", "change", f"expected a date and what was changed, got {' | '.join(row)!r}")
    for claim in claims:
        if claim.section == "Known issues" and claim.field == "title" and claim.value_text.rstrip(": ").casefold() in LABELS:
            yield Unread(claim.section, "issue", f"expected the title of an issue, got {claim.value_text!r}")
        is_short = len(claim.value_text) < _SENTENCE_LENGTH or (claim.field == "symptom" and _RESOLVED.match(claim.value_text))
        if claim.section == "Known issues" and claim.field in {"symptom", "workaround"} and is_short:
            yield Unread(claim.section, "issue", f"expected the {claim.field} of an issue, got {claim.value_text!r}")
        if claim.subject.startswith("channel/") and claim.value == "":
            yield Unread(
                claim.section, "channel", f"expected 'Yes' or 'No' or what is done next of {claim.field}, got {claim.value_text!r}"
            )


def _mentions(main: Node, kb: int | None) -> Iterator[Claim]:
    """Other updates that the article links to by their titles: that of July 2026 names KB5095093 with 26200.8736 (it is 8737)."""
    for anchor in main.iter("a"):
        named = prose(anchor)
        read = _title_of(named) if kbs_in(named) and builds_in(named) else None
        if read is not None and read.kb != kb:
            fields: list[Field] = [("link_build", str(build), named) for build in read.builds]
            yield from stated("Article", f"mention/{read.kb}", 0, fields)


def _applies_to(main: Node, parts: list[Section]) -> Field | None:
    """The servicing lines of "Applies To"; what it names beside them (Azure Local, HoloLens) is in the text alone."""
    spans = [prose(node) for node in main.xpath(".//details[@id='supAppliesToList']//span")]
    if not spans:
        spans = [found for part in parts if clean(part.title).casefold() == "applies to" for found in blocks(part.nodes)]
    if not spans:
        return None
    return "applies_to", " ".join(sorted({product for span in spans for product in _lines_in(span)})), "; ".join(spans)


def _lines_in(span: str) -> tuple[str, ...]:
    try:
        return products_in(span)
    except UnexpectedPage:
        return ()


def _servicing_stack(parts: list[Section], main: Node) -> Iterator[Field]:
    """KB and build of the servicing stack update: in a heading of its own, or in a box "Servicing stack update"."""
    texts = [part.title for part in parts if _SERVICING_STACK.search(part.title)]
    texts += [prose(node) for node in main.iter("details") if _SERVICING_STACK.search(_summary(node))]
    for found in texts:
        kbs, builds = kbs_in(found), builds_in(found)
        if kbs and builds:
            yield "ssu_kb", str(kbs[0]), found[:200]
            yield "ssu_build", str(builds[0]), found[:200]
            return


def _summary(details: Node) -> str:
    summary = details.find("summary")
    return "" if summary is None else prose(summary)


def _prerequisites(parts: list[Section], main: Node, kb: int | None) -> Iterator[Field]:
    """The baseline or update that must be there first, as "Prerequisites" or "Before you install this update" names it."""
    texts = [text_of(part.nodes) for part in parts if _PREREQUISITES.match(part.title)]
    for label in main.iter("strong", "b"):
        if _PREREQUISITES.match(prose(label)) and label.getparent().tag == "p":
            below = []
            for node in label.getparent().itersiblings():
                if node.tag in {"h2", "h3"} or (
                    node.tag == "p" and node.find("strong") is not None and prose(node) == prose(node.find("strong"))
                ):
                    break
                below += [node, *node.iterdescendants()]
            texts.append(text_of(below))
    sentences = [sentence for found in texts for sentence in _SENTENCE.split(found)]
    for sentence in sentences:  # a baseline is what a hotpatch needs, whatever else is named beside it
        for match in (_BASELINE_KB.search(sentence), _KB_BASELINE.search(sentence)):
            if match and int(match["kb"]) != kb:
                yield from _requires(int(match["kb"]), sentence, match.start())
                return
    for sentence in sentences:
        others = [number for number in kbs_in(sentence) if number != kb]
        if others and _REQUIRES.search(sentence) and not _SERVICING_STACK.search(sentence) and not _NO_NEED.search(sentence):
            yield from _requires(others[0], sentence, 0)
            return


def _requires(kb: int, sentence: str, start: int) -> Iterator[Field]:
    yield "requires_kb", str(kb), sentence[:300]
    if builds := builds_in(sentence[start:]):
        yield "requires_build", str(builds[0]), sentence[:300]


def _expiry(main: Node, kb: int | None) -> Iterator[Field]:
    """Since when the update is no longer offered, as a sentence about it says; that it is expired, only its heading says."""
    for found in blocks(list(main.iterdescendants())):
        for sentence in _SENTENCE.split(found):
            match = _NO_LONGER.search(sentence)
            about = match and (match["kb"] or match["expired"])
            if match and (about is None or int(about) == kb) and (dates := long_dates_in(sentence)):
                yield "expired_on", dates[0], sentence[:300]
                return


def _restart(main: Node) -> Iterator[Field]:
    """Whether the article says that a restart is due; nothing where it says both, of different cases."""
    found = list(blocks(list(main.iterdescendants())))
    yes = [t for t in found if _RESTART.search(t) and not _NO_RESTART.search(t)]
    no = [t for t in found if _NO_RESTART.search(t)]
    if bool(yes) != bool(no):
        yield "restart_required", str(int(bool(yes))), (yes or no)[0][:300]


def _change_log(main: Node, parts: list[Section]) -> Iterator[Field]:
    """Rows of "Change log": the day, and what was changed."""
    for cells in _change_rows(main, parts):
        dates = long_dates_in(cells[0]) if len(cells) == 2 else ()
        if dates:
            yield dates[0], cells[1], " | ".join(cells)
        elif len(cells) == 2 and not re.fullmatch(r"change date", cells[0], re.IGNORECASE):
            raise UnexpectedPage(f"expected a date such as July 15, 2026 in the change log, got {cells[0]!r}")


def _change_rows(main: Node, parts: list[Section]) -> Iterator[list[str]]:
    boxes = [node for node in main.iter("details") if _CHANGE_LOG.search(_summary(node))]
    boxes += [node for part in parts if _CHANGE_LOG.match(part.title) for node in part.nodes if node.tag == "table"]
    for box in boxes:
        for row in box.iter("tr"):
            if cells := [prose(cell) for cell in row.iterchildren("td")]:
                yield cells


def _channels(main: Node) -> Iterator[Field]:
    """Ways to get the update: tabs with a table each (new), or a table whose first column names the channel (old)."""
    for panel in main.xpath(".//section[starts-with(@id, 'tabpanel_')]"):
        cells = [prose(cell) for row in panel.iter("tr") for cell in row.iterchildren("td")]
        rows = [[prose(cell) for cell in row.iterchildren("td", "th")] for row in panel.iter("tr")]
        answers = [row[at] for at in _available(rows) for row in rows[1:] if at < len(row)] if rows and _available(rows) else cells
        for channel in _channels_named(panel.get("id").split("_", 2)[-1]):
            yield from _channel_fields(channel, cells, answers)
    for table in main.iter("table"):
        rows = [[prose(cell) for cell in row.iterchildren("td", "th")] for row in table.iter("tr")]
        if rows and rows[0] and rows[0][0].casefold() == "release channel":
            for row in rows[1:]:
                answers = [row[at] for at in _available(rows) if at < len(row)] or row[1:]
                for channel in _channels_named(row[0]) if row else ():
                    yield from _channel_fields(channel, row[1:], answers)


def _available(rows: list[list[str]]) -> list[int]:
    """The column that says whether an update is offered, not one that says whether a restart is due."""
    return [at for at, name in enumerate(rows[0]) if name.casefold() == "available"][:1]


def _channels_named(name: str) -> list[str]:
    """The channels that a tab or the first cell of a row names: "Windows Update, Windows Update for Business" is two."""
    return [channel for channel, pattern in CHANNELS.items() if pattern.search(name)]


def _channel_fields(channel: str, cells: list[str], answers: list[str]) -> Iterator[Field]:
    """Whether it is offered there: the cell "Yes" or "No", else (a picture in the new layout) what to do next says it first."""
    note = " ".join(cell for cell in cells if cell and cell.casefold() not in {"yes", "no"})
    answer = next((cell.casefold() for cell in answers if cell.casefold() in {"yes", "no"}), "")
    if answer:
        available = "1" if answer == "yes" else "0"
    else:
        said = ((_NOT_OFFERED.search(sentence), _OFFERED.search(sentence)) for cell in cells for sentence in _SENTENCE.split(cell))
        available = next(("0" if refused else "1" for refused, offered in said if refused or offered), "")
    yield channel, available, " | ".join(cells)
    if note:
        yield f"{channel}_note", note, note


# --- known issues -------------------------------------------------------------------------------------------------------


def _known_issues(page: Page, kb: int, parts: list[Section], changes: list[Field]) -> Iterator[Claim]:
    """The issues of the first section of that name: a second copy belongs to the servicing stack update."""
    section = next((part for part in parts if _KNOWN_ISSUES.match(part.title)), None)
    if section is None:
        return  # nothing is said, which is not "none"
    found, rest = issues(section)
    unread = [text for text in rest if not NONE_KNOWN.search(text) and not (_BESIDE_NONE.search(text) and len(text) < 300)]
    says_none = any(NONE_KNOWN.search(text) for text in rest)
    if not found and (unread or not says_none):
        got = (unread or rest or [""])[0]
        raise UnexpectedPage(f"expected known issues, or that there are none, got {got[:100]!r} on {page.final_url}")
    name = "Known issues"
    yield Claim(
        name, f"article/{kb}", "issue_count", str(sum(issue not in found[:place] for place, issue in enumerate(found))), section.title, 0
    )
    names: dict[str, int] = {}
    for issue in (issue for place, issue in enumerate(found) if issue not in found[:place]):
        slug = re.sub(r"[^a-z0-9]+", "-", issue.title.casefold()).strip("-")[:80] or "issue"
        names[slug] = names.get(slug, 0) + 1
        subject = f"issue/{kb}/{slug}" if names[slug] == 1 else f"issue/{kb}/{slug}-{names[slug]}"
        yield from stated(name, subject, 0, _issue_fields(issue, changes))


def _issue_fields(issue: Issue, changes: list[Field]) -> Iterator[Field]:
    yield "title", issue.title, issue.title
    for field in ("symptom", "workaround"):
        if found := issue.texts.get(field):
            yield field, found, found
    # A row of an old table may be for one of the lines alone ("Applies to | Symptom | Workaround").
    if products := set(_lines_in(issue.texts.get("applies", ""))):
        yield "products", " ".join(sorted(products)), issue.texts["applies"]
    resolution = _resolution(issue)
    yield "state", "resolved" if resolution else "open", resolution or issue.title
    # What stands behind the verb resolves it; "which began with KB5082063, was resolved in KB5094125" names another before.
    if resolution:
        behind = resolution[_behind(resolution) :]
        if kbs := kbs_in(behind):
            yield "resolved_by_kb", str(kbs[0]), resolution
        if dates := long_dates_in(behind):
            yield "resolved_on", dates[0], resolution
    opened = sorted(day for day, what, _ in changes if what and issue.title.casefold() in what.casefold())
    if opened:
        yield "opened_on", opened[0], issue.title


def _resolution(issue: Issue) -> str:
    """The sentence that says that the issue is resolved, with the one behind it where that names the KB; "" where none does."""
    texts = [issue.texts.get(name, "") for name in ("workaround", "other")]
    if not issue.texts.get("workaround"):
        texts.append(issue.texts.get("symptom", ""))  # nothing is labelled
    for found in texts:
        sentences = _SENTENCE.split(found)
        for place, sentence in enumerate(sentences):
            match = _RESOLVED.search(sentence)
            if match is None or _UNLESS.search(sentence[: match.end()]) or _IN_PART.search(sentence):
                continue
            following = sentences[place + 1] if place + 1 < len(sentences) else ""
            if re.search(r"\b(?:remains?|still)\b", following, re.IGNORECASE):
                continue  # "… is resolved on clients. Servers remain affected."
            if not kbs_in(sentence[match.end() :]) and re.match(r"(?:please )?install\b", following, re.IGNORECASE):
                return f"{sentence} {following}"[:500]
            return sentence[:500]
    return ""


def _behind(resolution: str) -> int:
    match = _RESOLVED.search(resolution)
    return match.end() if match else 0
