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
from typing import Final, NamedTuple

from bs4 import NavigableString, Tag

from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.db.model.notation import builds_in, clean, kbs_in, long_dates_in
from hotpatch_kb.db.model.products import KNOWN
from hotpatch_kb.db.model.titles import Title, help_kb, slug_kb, title
from hotpatch_kb.scraper.parsing.markup import attribute, cells, elements, texts_outside
from hotpatch_kb.scraper.parsing.statements import Field, distinct, quarantined, stated
from hotpatch_kb.scraper.parsing.support import articles, channels, conditions, issues
from hotpatch_kb.scraper.parsing.support.articles import BLOCKS, Article, prose
from hotpatch_kb.scraper.sources import Link, PageSpec

TITLE = "Microsoft Support: articles of KBs"
HOME_URL = "https://support.microsoft.com/en-us/servicing/os/windows-server/2024/10/windows-server-2025-update-history"
LICENCE = "https://www.microsoft.com/en-us/legal/terms-of-use"
PRECEDENCE = 200  # an article's heading is a navigation title
DUE_EVERY = "12h"  # articles are read once a day, every second due date; the alarm is at four missed
AT_LEAST = 1
PAGES: list[PageSpec] = []  # those that other pages link to, see ``linked``
AT_A_TIME = 200  # a run: 4 minutes at one request a second; the newest first, the rest in the next runs

# How long an answer is good enough, by the age of the update in days: known issues are added in the first weeks.
# An article without a date (of a component) is treated as one of this year.
_GOOD_FOR: Final = ((45, timedelta(hours=20)), (400, timedelta(days=14)))
_GOOD_FOR_OLD: Final = timedelta(days=180)

_CHANGE_LOG: Final = re.compile(r"change (?:log|history)", re.IGNORECASE)
# "(OS Build 26100.32772)", "Hotpatch"
_LIKE_A_TITLE: Final = re.compile(r"\bOS Builds?\b|\bhotpatch\b", re.IGNORECASE)

_HOST: Final = "https://support.microsoft.com/"
# /en-us/help/5094126, /en-us/topic/june-9-2026-kb5094126-…-<guid>, /en-us/servicing/os/…/kb5121768-…, …/april-14-2026-baseline
_ARTICLE: Final = re.compile(r"/(?:help/\d{6,7}|(?:topic|servicing)/(?:.*/)?(?=[^/]*(?:kb-?\d{6,7}|baseline))[^/]+)/?$", re.IGNORECASE)


def page_at(url: str) -> PageSpec | None:
    """Return the article at an address of a saved tree, None where it is not the address of an article."""
    return _spec(url) if url.startswith(_HOST) and _ARTICLE.search(url) else None


def _spec(url: str, good_since: str = "") -> PageSpec:
    return PageSpec(url, (url,), good_since=good_since, is_named_by_answer=True)


def linked(links: Iterable[Link], now: str) -> Iterator[PageSpec]:
    """Yield the articles to read, the newest first: of each KB those at new addresses, else at old ones, else at ``/help/``.

    Args:
        links: what pages link to.
        now: UTC; articles of recent updates are read again each day, older ones more rarely.
    """
    by_kb: dict[object, list[Link]] = defaultdict(list)
    for link in links:
        if link.url.startswith(_HOST):
            by_kb[link.kb or link.url].append(link)
    chosen: dict[str, str] = {}
    for of_kb in by_kb.values():
        best = min(map(_generation, of_kb))
        for link in of_kb:
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
    """Return the claims of ``article/<kb>``, ``issue/<kb>/<name>``, ``channel/<kb>`` and ``change_log/<kb>``.

    Raises:
        UnexpectedPage: it is not an article, or is not the one of the KB that was asked for.
    """
    return distinct(_claims(page))


def _claims(page: Page) -> Iterator[Claim]:
    article = articles.read(page)
    heading = _heading(article, page)
    kb = _kb(page, heading, article)
    subject = f"article/{kb or '-'}"
    yield from stated("Article", subject, 0, _title_fields(heading))
    yield from stated("Article", subject, 0, conditions.fields(article, kb))
    yield from _mentions(article.main, kb)
    for row in _change_rows(article):
        if len(row) == 2 and not long_dates_in(row[0]) and not re.fullmatch(r"change date", row[0], re.IGNORECASE):
            reason = "expected a date such as July 15, 2026 in the change log"
            yield from quarantined("Article", "entry", " | ".join(row), reason, 0, may_be_release=False)
    if kb is None:
        return
    changes = list(_change_log(article))
    yield from stated("Article", f"change_log/{kb}", 0, changes)
    yield from stated("Article", f"channel/{kb}", 0, channels.fields(article.main))
    yield from issues.claims(page, kb, article.sections, changes)


class _Heading(NamedTuple):
    """An article's heading.

    Attributes:
        text: as published; from the page's <title> where the article has none.
        title: what it says, None where it is not that of a Windows update.
        page_title: the page's <title>.
        is_heading: whether the article has a heading.
    """

    text: str
    title: Title | None
    page_title: str
    is_heading: bool


def _heading(article: Article, page: Page) -> _Heading:
    titles, headings = article.document.find_all("title"), article.main.find_all("h1")
    page_title = prose(titles[0]) if titles else ""
    text = prose(headings[0]) if headings else re.sub(r"\s+[-|]\s+Microsoft Support$", "", page_title)
    if not text:
        raise UnexpectedPage(f"expected an article with a heading, got none from {page.final_url}")
    return _Heading(text, _title_of(text, in_hotpatch_line="/hotpatch/" in page.final_url), page_title, bool(headings))


def _title_of(published: str, *, in_hotpatch_line: bool = False) -> Title | None:
    try:
        return title(published, in_hotpatch_line=in_hotpatch_line)
    except UnexpectedPage:
        return None  # of another product: "Description of the security update for SharePoint Server 2016: … (KB5002880)"


def _kb(page: Page, heading: _Heading, article: Article) -> int | None:
    """Return the KB that the article is about; None for a baseline's article that names none.

    Raises:
        UnexpectedPage: it is not the one that was asked for (``/help/`` of an unknown KB leads to an unrelated one), or names no KB at all.
    """
    named = kbs_in(heading.text) or kbs_in(heading.page_title)
    landed = slug_kb(page.final_url)
    asked = help_kb(page.url) or slug_kb(page.url)
    if asked is not None and asked not in {*named, *kbs_in(heading.page_title), landed}:
        raise UnexpectedPage(f"expected the article of KB{asked}, got {heading.text!r} at {page.final_url}")
    if len(named) > 1:
        raise UnexpectedPage(f"expected one KB in the heading of an article, got {heading.text!r}")
    if named:
        return named[0]
    if heading.title is None or heading.title.kind != "baseline":
        raise UnexpectedPage(f"expected an article that names its KB, got {heading.text!r} at {page.final_url}")
    # The page's own mark, which is the number asked for where a number was asked for.
    own = article.document.find("meta", attrs={"name": "awa-kb_id"}, content=re.compile(r"^[0-9]{6,7}$"))
    return int(attribute(own, "content") or "") if own and help_kb(page.url) is None else landed


def _title_fields(heading: _Heading) -> Iterator[Field]:
    yield "title", heading.text, heading.text
    read = heading.title
    if read is None:
        return
    if not heading.is_heading:  # a <title> is believed less
        if read.date:
            yield "page_title_date", read.date, read.date_text
        for build in read.builds:
            yield "page_title_build", str(build), heading.text
    else:
        if read.date:
            yield "release_date", read.date, read.date_text
        for build in read.builds:
            yield "build", str(build), heading.text
    if read.kind:
        yield "classification", read.kind, heading.text
    if read.is_expired:
        yield "is_expired", "1", heading.text
    if heading.is_heading:
        # KB5101650: "26200.8870" in <title>, 26200.8875 in the heading.
        for build in builds_in(heading.page_title):
            if build not in read.builds and any(build.number == own.number for own in read.builds):
                yield "page_title_build", str(build), heading.page_title
        if (dates := long_dates_in(heading.page_title)[:1]) and read.date and dates[0] != read.date:
            yield "page_title_date", dates[0], heading.page_title


def unread(page: Page, claims: Sequence[Claim]) -> Iterator[Unread]:
    """Yield a heading like that of a Windows update that cannot be read, new release channels, and texts in unknown places."""
    article = articles.read(page)
    heading = _heading(article, page)
    read = heading.title
    if (read is None and _LIKE_A_TITLE.search(heading.text)) or (read and read.kind == "hotpatch" and not read.builds):
        yield Unread(
            "Article", "title", f"expected a title such as 'May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)', got {heading.text!r}"
        )
    for claim in claims:
        if read and read.kind == "hotpatch" and (claim.field, claim.value) == ("restart_required", "1"):
            yield Unread("Article", "restart", f"expected a hotpatch to need no restart, got {claim.value_text!r}")
    yield from channels.unread_tabs(article.main)
    for table in elements(article.main, "table"):
        yield from _unread_in(table)
    for claim in claims:
        if claim.field == "applies_to" and (new := sorted(set((claim.value or "").split()) - KNOWN.keys())):
            yield Unread("Article", "product", f"expected known versions of Windows, got {', '.join(new)} in {claim.value_text[:200]!r}")
    for section in conditions.applies_to(article.sections):
        for tag in section.elements:
            own = clean("".join(child for child in tag.contents[:1] if isinstance(child, NavigableString)))
            if own and tag.name not in BLOCKS and not any(parent.name in BLOCKS for parent in tag.parents):
                yield Unread("Article", "text", f"expected what the update applies to in a list, got {prose(tag)[:200]!r}")
    for row in _change_rows(article):
        if len(row) != 2:
            yield Unread("Article", "change", f"expected a date and what was changed, got {' | '.join(row)!r}")
    for claim in claims:
        if odd := issues.oddity(claim):
            yield Unread(claim.section, "issue", odd)
        if claim.subject.startswith("channel/") and claim.value == "":
            yield Unread(
                claim.section, "channel", f"expected 'Yes' or 'No' or what is done next of {claim.field}, got {claim.value_text!r}"
            )


def _unread_in(table: Tag) -> Iterator[Unread]:
    rows = articles.rows(table)
    yield from channels.unread_channels(rows)
    if rows and "symptom" in {name.rstrip("s: ").casefold() for name in rows[0]}:
        for row in rows[1:]:
            if not all(row):
                yield Unread("Known issues", "issue", f"expected no empty cell, got {' | '.join(row)!r}")
    read = [cell for row in elements(table, "tr") for cell in cells(row)] + table.find_all("caption", recursive=False)
    for outside in texts_outside(table, read):
        yield Unread("Article", "text", f"expected texts of a table in its cells alone, got {outside[:200]!r}")


def _mentions(main: Tag, kb: int | None) -> Iterator[Claim]:
    """Yield other updates that the article links to by their titles: that of July 2026 names KB5095093 with 26200.8736 (it is 8737)."""
    for anchor in elements(main, "a"):
        named = prose(anchor)
        read = _title_of(named) if kbs_in(named) and builds_in(named) else None
        if read is not None and read.kb != kb:
            fields: list[Field] = [("link_build", str(build), named) for build in read.builds]
            yield from stated("Article", f"mention/{read.kb}", 0, fields)


def _change_log(article: Article) -> Iterator[Field]:
    """Yield the rows of "Change log": the day, and what was changed."""
    for row in _change_rows(article):
        dates = long_dates_in(row[0]) if len(row) == 2 else ()
        if dates:
            yield dates[0], row[1], " | ".join(row)


def _change_rows(article: Article) -> Iterator[list[str]]:
    boxes = [box for box in elements(article.main, "details") if _CHANGE_LOG.search(articles.summary(box))]
    boxes += [tag for part in article.sections if _CHANGE_LOG.match(part.title) for tag in part.elements if tag.name == "table"]
    for row in (row for box in boxes for row in elements(box, "tr")):
        if texts := [prose(cell) for cell in row.find_all("td", recursive=False)]:
            yield texts
