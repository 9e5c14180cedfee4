"""support.microsoft.com: the articles of KBs, one page each: builds, known issues, prerequisites, servicing stack, channels, change log.

Read for every KB that a navigation, toc.json or a table links to, in both layouts of the site. A KB may have several articles (one per
product family, or one under two addresses); they are named by the address that answered. An unknown ``/help/<n>`` lands on an unrelated
article that echoes the number in ``<meta name="awa-kb_id">``, so an article is taken only where its slug or title names the KB.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Final

from db.claims import Claim, Page, UnexpectedPage
from db.grammar import Title, builds_in, clean, help_kb, kbs_in, long_dates_in, slug_kb, title
from db.products import products_in
from scraper.article import Issue, Section, blocks, body_of, issues, prose, sections, text_of
from scraper.markup import Node
from scraper.sources import Field, Link, PageSpec, distinct, stated

TITLE = "Microsoft Support: articles of KBs"
HOME_URL = "https://support.microsoft.com/en-us/servicing/os/windows-server/2024/10/windows-server-2025-update-history"
LICENCE = "https://www.microsoft.com/en-us/legal/terms-of-use"
PRECEDENCE = 200  # an article's heading is a navigation title
DUE_EVERY = "6h"
AT_LEAST = 1
PAGES: list[PageSpec] = []  # those that other pages link to
AT_A_TIME = 200  # of one run: 4 minutes at one request a second; the newest first, the rest in the next runs

# How long an answer is good enough, by the age of the update in days: known issues come in the first weeks.
# An article without a date (components) is looked at like one of this year.
_GOOD_FOR: Final = ((45, timedelta(hours=20)), (400, timedelta(days=14)))
_GOOD_FOR_OLD: Final = timedelta(days=180)

_NONE_KNOWN: Final = re.compile(r"\bnot (?:currently )?aware of any (?:known )?issues\b|\bno known issues\b", re.IGNORECASE)
_KNOWN_ISSUES: Final = re.compile(r"known issues\b(?! (?:fixed|resolved))", re.IGNORECASE)
_SERVICING_STACK: Final = re.compile(r"\bservicing stack\b", re.IGNORECASE)
_PREREQUISITES: Final = re.compile(r"prerequisites?\b|before you install|before installing", re.IGNORECASE)
_REQUIRES: Final = re.compile(r"\b(?:must|require[sd]?|need|baseline|first|prior)\b", re.IGNORECASE)
_CHANGE_LOG: Final = re.compile(r"change (?:log|history)", re.IGNORECASE)
# "This issue is addressed in KB5095093", "was resolved by updates released July 8, 2025 (KB5062553)"; not "will be addressed in …"
_RESOLVED: Final = re.compile(
    r"\b(?:is|are|was|were|has been|have been)\s+(?:now\s+)?(?:addressed|resolved|fixed)\b(?!\s+in\s+a\s+future)", re.IGNORECASE
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
# "As of September 12, 2023, KB5023774 is no longer available from Windows Update …"
_NO_LONGER: Final = re.compile(r"\bno longer (?:be )?(?:available|offered)\b|\b(?:has|have) expired\b", re.IGNORECASE)
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
_NOT_OFFERED: Final = re.compile(r"\bis not (?:available|offered)\b|\bnot available\b", re.IGNORECASE)

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
    yield from _known_issues(page, kb, parts, applies, changes)


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
    for found in texts:
        for sentence in _SENTENCE.split(found):
            others = [number for number in kbs_in(sentence) if number != kb]
            if others and _REQUIRES.search(sentence) and not _SERVICING_STACK.search(sentence):
                yield "requires_kb", str(others[0]), sentence[:300]
                if builds := builds_in(sentence):
                    yield "requires_build", str(builds[0]), sentence[:300]
                return


def _expiry(main: Node, kb: int | None) -> Iterator[Field]:
    for found in blocks(list(main.iterdescendants())):
        for sentence in _SENTENCE.split(found) if _NO_LONGER.search(found) else ():
            # Other updates expire too, and articles say so: only a sentence about this one counts.
            about = set(kbs_in(sentence)) == {kb} or (not kbs_in(sentence) and "this update" in sentence.casefold())
            if about and _NO_LONGER.search(sentence):
                yield "is_expired", "1", sentence[:300]
                if dates := long_dates_in(sentence):
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
    boxes = [node for node in main.iter("details") if _CHANGE_LOG.search(_summary(node))]
    boxes += [node for part in parts if _CHANGE_LOG.match(part.title) for node in part.nodes if node.tag == "table"]
    for box in boxes:
        for row in box.iter("tr"):
            cells = [prose(cell) for cell in row.iterchildren("td")]
            dates = long_dates_in(cells[0]) if len(cells) == 2 else ()
            if dates:
                yield dates[0], cells[1], " | ".join(cells)
            elif len(cells) == 2 and not re.fullmatch(r"change date", cells[0], re.IGNORECASE):
                raise UnexpectedPage(f"expected a date such as July 15, 2026 in the change log, got {cells[0]!r}")


def _channels(main: Node) -> Iterator[Field]:
    """Ways to get the update: tabs with a table each (new), or a table whose first column names the channel (old)."""
    for panel in main.xpath(".//section[starts-with(@id, 'tabpanel_')]"):
        channel = _channel(panel.get("id").split("_", 2)[2])
        if channel:
            yield from _channel_fields(channel, [prose(cell) for row in panel.iter("tr") for cell in row.iterchildren("td")])
    for table in main.iter("table"):
        rows = [[prose(cell) for cell in row.iterchildren("td", "th")] for row in table.iter("tr")]
        if rows and rows[0] and rows[0][0].casefold() == "release channel":
            for row in rows[1:]:
                if row and (channel := _channel(row[0])):
                    yield from _channel_fields(channel, row[1:])


def _channel(name: str) -> str | None:
    return next((channel for channel, pattern in CHANNELS.items() if pattern.search(name)), None)


def _channel_fields(channel: str, cells: list[str]) -> Iterator[Field]:
    """Whether it is offered there: the cell "Yes" or "No", else (a picture in the new layout) what to do next says it."""
    note = " ".join(cell for cell in cells if cell and cell.casefold() not in {"yes", "no"})
    answer = next((cell.casefold() for cell in cells if cell.casefold() in {"yes", "no"}), "")
    if answer:
        available = "1" if answer == "yes" else "0"
    else:
        available = "0" if _NOT_OFFERED.search(note) else "1" if any(_OFFERED.search(cell) for cell in cells) else ""
    yield channel, available, " | ".join(cells)
    if note:
        yield f"{channel}_note", note, note


# --- known issues -------------------------------------------------------------------------------------------------------


def _known_issues(page: Page, kb: int, parts: list[Section], applies: Field | None, changes: list[Field]) -> Iterator[Claim]:
    """The issues of the first section of that name: a second copy belongs to the servicing stack update."""
    section = next((part for part in parts if _KNOWN_ISSUES.match(part.title)), None)
    if section is None:
        return  # nothing is said, which is not "none"
    found = issues(section)
    if not found and not _NONE_KNOWN.search(text_of(section.nodes)):
        raise UnexpectedPage(f"expected known issues, or that there are none, got {text_of(section.nodes)[:100]!r} on {page.final_url}")
    name = "Known issues"
    yield Claim(name, f"article/{kb}", "issue_count", str(len(found)), section.title, 0)
    names: dict[str, int] = {}
    for issue in found:
        slug = re.sub(r"[^a-z0-9]+", "-", issue.title.casefold()).strip("-")[:80] or "issue"
        names[slug] = names.get(slug, 0) + 1
        subject = f"issue/{kb}/{slug}" if names[slug] == 1 else f"issue/{kb}/{slug}-{names[slug]}"
        yield from stated(name, subject, 0, _issue_fields(issue, applies, changes))


def _issue_fields(issue: Issue, applies: Field | None, changes: list[Field]) -> Iterator[Field]:
    yield "title", issue.title, issue.title
    for field in ("symptom", "workaround"):
        if found := issue.texts.get(field):
            yield field, found, found
    if applies and applies[1]:
        yield "products", applies[1], applies[2]
    state, sentence = _state(issue)
    yield "state", state, sentence or issue.title
    if sentence and (kbs := kbs_in(sentence)):
        yield "resolved_by_kb", str(kbs[0]), sentence
    if sentence and (dates := long_dates_in(sentence)):
        yield "resolved_on", dates[-1], sentence
    opened = sorted(day for day, what, _ in changes if what and issue.title.casefold() in what.casefold())
    if opened:
        yield "opened_on", opened[0], issue.title


def _state(issue: Issue) -> tuple[str, str]:
    """Whether the issue is resolved, and the sentence that says so."""
    for name in ("workaround", "symptom", "other"):
        for sentence in _SENTENCE.split(issue.texts.get(name, "")):
            if _RESOLVED.search(sentence):
                return "resolved", sentence[:500]
    return "open", ""
