"""One run: fetch, archive, parse, check, load, resolve, publish. If a source fails, its facts are kept and the failure is reported.

Nothing is written to the database before every page is read; then all of it in one transaction, so that a reader sees
the old state or the new one, and a run that is killed leaves the database as it was.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Final, NamedTuple, Self
from urllib.parse import urlsplit

from hotpatch_kb.db.claims import pages
from hotpatch_kb.db.claims.ingest import Failure, Ingest, Outcome, ReadPage, SourceFacts
from hotpatch_kb.db.facts import write
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.claims import Claim, Correction, Page
from hotpatch_kb.db.model.errors import BadInput, UnexpectedPage
from hotpatch_kb.db.store import schema
from hotpatch_kb.scraper.crawl.database import utc_now
from hotpatch_kb.scraper.crawl.hubs import Hubs, Line, listed_lines
from hotpatch_kb.scraper.crawl.parsed import is_of_feed, read_fed, stated_since
from hotpatch_kb.scraper.crawl.parsed_pages import ParsedPages
from hotpatch_kb.scraper.fetch.archive import Archive, content_sha256
from hotpatch_kb.scraper.sources import Link, PageSpec, Source, registry

Progress = Callable[[str], None]


class PageLine(str):
    """A line of progress about one page, which a bar counts.

    Attributes:
        brief: what a bar shows in its place; "" for a failure, which is written above the bar.
    """

    __slots__ = ("brief",)
    brief: str

    def __new__(cls, text: str, brief: str = "") -> Self:
        """Make the line from its text, and what a bar shows."""
        line = super().__new__(cls, text)
        line.brief = brief
        return line


def page_line(source: str, url: str, what: str) -> PageLine:
    """Return the line that says what was seen of a page."""
    return PageLine(f"{source}: {url}: {what}", f"{url.removeprefix('https://')}: {what}")


# Some articles that a navigation lists are not there (sources of vuls-data-update, 2026).
MISSING: Final = frozenset({404, 410})


@dataclass(slots=True)
class Result:
    """What a run did."""

    run: int = 0
    pages_read: int = 0
    pages_parsed: int = 0
    claims_added: int = 0
    claims_ended: int = 0
    facts_changed: int = 0
    failures: list[Failure] = field(default_factory=list)
    not_in_tree: list[str] = field(default_factory=list)

    def with_next(self, other: Result) -> Result:
        """Return both as one crawl, under the number of the later run."""
        counts = ("pages_read", "pages_parsed", "claims_added", "claims_ended", "facts_changed")
        summed = {name: getattr(self, name) + getattr(other, name) for name in counts}
        return replace(other, **summed, failures=[*self.failures, *other.failures], not_in_tree=self.not_in_tree)


def alike(failures: Iterable[Failure]) -> list[tuple[Failure, int]]:
    """Return the failures, those of one kind at one host once: the first, and how many more there are."""
    kinds: dict[object, list[Failure]] = {}
    for failure in failures:
        kinds.setdefault(_kind(failure), []).append(failure)
    return [(group[0], len(group) - 1) for group in kinds.values()]


# What differs between failures of one kind: addresses, and counts of seconds, tries and pages.
_OWN_PARTS: Final = re.compile(r"https://\S+|; \d+ pages wait for the next run|\d+(?:\.\d+)?(?= (?:s|more|times|tries|pages)\b)")


def _kind(failure: Failure) -> object:
    """Return what failures of one kind at one host share; a page that was refused for what it states is a kind of its own."""
    if failure.state != "unreachable":
        return failure
    return urlsplit(failure.page_url).hostname, frozenset(_OWN_PARTS.sub("", failure.note).split("; "))


class Taken(NamedTuple):
    """What became of a page: whether it could be read, and the pages that it names."""

    is_read: bool
    follows: list[PageSpec]


def named_by(spec: PageSpec, page: Page) -> Page:
    """Return the page under its name in claims: of an article the address that answered, without query and fragment."""
    if not spec.is_named_by_answer:
        return page
    return page._replace(page_url=re.split(r"[?#]", page.final_url, maxsplit=1)[0])


def chosen(ids: Sequence[str]) -> list[Source]:
    """Return the sources of a run; all if none is named.

    Raises:
        BadInput: an id is no source's.
    """
    sources = registry()
    for source in ids:
        if source not in sources:
            raise BadInput("expected a source ({sources}), got {got!r}", sources=", ".join(sources), got=source)
    return [s for s in sources.values() if not ids or s.source in ids]


class Run:
    """A run on one database: pages are taken from a saved tree or the network, then ``finish`` writes; or ``replay``."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        archive: Archive | None,
        decided: list[Correction],
        say: Progress,
        kind: str,
        parsed: ParsedPages | None = None,
        before: Run | None = None,
    ) -> None:
        """Begin a run; nothing is written until ``finish``.

        Args:
            conn: the database, open for writing.
            archive: where answers are kept; None where they come from it.
            decided: the corrections that count.
            say: takes a line of progress.
            kind: "crawl" or "replay".
            parsed: what parsers made of pages before.
            before: the run before this one, of the same crawl.
        """
        self.conn = conn
        self.archive = archive
        self.corrections = decided
        self.say = say
        self.kind = kind
        self.parsed = parsed or ParsedPages(None)
        self.started_at = utc_now()
        self.result = Result()
        self.said: set[object] = before.said if before else set()  # kinds of failures
        self.hubs: Hubs = Hubs(conn, before.hubs.asked if before else None)
        self.state: dict[str, str] = {}  # of sources that are not asked
        self.needs_replay = False
        self._reads: list[ReadPage] = []
        self._odd: list[tuple[Page, Claim]] = []  # reasons of quarantined entries
        self._named: dict[str, list[PageSpec]] = {}
        self._notes: list[tuple[str, str, str]] = []  # source, page and a note of what a person may want to know

    def take(self, page: Page, *, may_be_missing: bool = False) -> Taken:
        """Archive the answer of an address and parse it if its content is new.

        Args:
            page: the answer; one of another status than 200 and 304 is a failure.
            may_be_missing: whether 404 and 410 are answers, too: articles that others link to need not be there.
        """
        if page.status not in {200, 304} and not (may_be_missing and page.status in MISSING):
            self.result.pages_read += 1
            self.fail(page.source, page.page_url, "unreachable", f"expected status 200, got {page.status} from {page.final_url}")
            return Taken(is_read=False, follows=[])
        read = self._read(page)
        self._reads.append(read)
        what = read.error or ("not there" if read.is_excused else "unchanged" if read.claims is None else f"{len(read.claims)} claims")
        self.say(page_line(page.source, page.final_url, what))
        self._odd += [
            (read.page, claim) for claim in read.claims or () if claim.field == "reason" and claim.subject.startswith("quarantine/")
        ]
        has_no_links = bool(read.error) or read.is_excused or is_of_feed(page)
        follows = [] if has_no_links else self._follow(page, read.sha256)
        if not has_no_links and (news := self.hubs.news_of(page)):
            self.note(page.source, news, page.page_url)
        return Taken(is_read=not read.error, follows=follows)

    def _read(self, page: Page) -> ReadPage:
        source = registry()[page.source]
        self.result.pages_read += 1
        read = self._kept(page)
        if page.status in MISSING:
            read.is_excused = True
        elif is_of_feed(page):
            self._read_fed(read)
        elif page.status != 304 and self._is_new(read):
            self.result.pages_parsed += 1
            read.claims, read.unread, read.error = self.parsed.parse(source, page, read.sha256)
        read.is_excused |= bool(read.error and source.stands_in_for)
        if page.status == 200 and not is_of_feed(page):
            read.stated_since = stated_since(source, page)
        read.page = page._replace(body=b"")
        return read

    def _read_fed(self, read: ReadPage) -> None:
        """Read a page of an export: it was parsed where it was read."""
        try:
            claims, read.counts, read.stated_since = read_fed(read.page)
        except UnexpectedPage as error:
            read.error = str(error)
            return
        if self._is_new(read):
            self.result.pages_parsed += 1
            read.claims = claims

    def is_ahead(self, page: Page) -> bool:
        """Return whether an archived page was read after now, under a clock that was wrong: it would be newer than every page until then."""
        is_ahead = page.fetched_at > clock.latest_time(self.started_at) and not registry()[page.source].is_embedded
        if is_ahead:
            self.say(f"left out: {page.url}: expected a page read up to now, {self.started_at}, got one of {page.fetched_at}")
        return is_ahead

    def take_archived(self, page: Page) -> None:
        """Take an answer that is in the archive and not in the database."""
        self._reads.append(self._read(page))

    def take_unchanged(self, page: Page) -> Taken:
        """Take an answer that says "not modified": the content that was accepted last was seen again."""
        sha256, content = pages.last_content(self.conn, page)
        self.result.pages_read += 1
        if self.archive is not None:
            self.archive.keep_unchanged(page, sha256)
        self._reads.append(ReadPage(page, sha256, content, 0))
        self.say(page_line(page.source, page.final_url, "not modified"))
        return Taken(is_read=True, follows=self._follow(page, sha256))

    def _is_new(self, read: ReadPage) -> bool:
        """Return whether a page has to be parsed: it differs from the page before it, which this run or an earlier one took."""
        page, number = read.page, pages.page_id(read.page, read.sha256)
        for other in reversed(self._reads):
            if (other.page.source, other.page.page_url) == (page.source, page.page_url) and not other.error and not other.is_excused:
                is_last = other.page.fetched_at <= page.fetched_at and pages.counts_after(self.conn, other.page) is None
                return not (is_last and other.content_sha256 == read.content_sha256) and not pages.is_accepted(self.conn, number)
        return pages.is_new(self.conn, page, read.sha256, read.content_sha256)

    def named_pages(self) -> dict[str, list[PageSpec]]:
        """Return the pages that those read name, by source."""
        return self._named

    def has_anything(self) -> bool:
        """Return whether a page was read or could not be, or a note was made."""
        return bool(self._reads or self.result.failures or self._notes)

    def reads(self) -> list[ReadPage]:
        """Return the pages that were read, as they wait to be loaded."""
        return list(self._reads)

    def count(self) -> int:
        """Return how many pages wait to be loaded."""
        return len(self._reads)

    def note(self, source: str, note: str, page_url: str = "") -> None:
        """Keep a note that is not a failure: a source has more pages than one run reads, or a hub is new."""
        self._notes.append((source, page_url, note))
        self.say(f"{source}: {note}")

    def _follow(self, page: Page, sha256: str) -> list[PageSpec]:
        """Return which pages a page names. A fault in them is a failure; what the page states itself is loaded."""
        if page.status == 304 and self.archive is not None:
            page = page._replace(body=self.archive.body(sha256))
        self.hubs.look_through(page)
        try:
            follows = list(registry()[page.source].follow(page))
        except UnexpectedPage as error:
            self.fail(page.source, page.final_url, "refused", str(error))
            return []
        except Exception as error:  # noqa: BLE001 (as of a parser)
            note = f"expected the pages that this one names, got {type(error).__name__}: {error}"
            self.fail(page.source, page.final_url, "refused", note)
            return []
        self._named.setdefault(page.source, []).extend(follows)
        return follows

    def listed_lines(self) -> set[Line]:
        """Return which lines the navigations list that were read in this run or before."""
        return listed_lines(self.conn, [read for read in self._reads if not read.error])

    def links(self) -> list[Link]:
        """Return the articles that pages link to: those read in this run, and those of current claims of other pages."""
        links: dict[tuple[str, int | None], str] = {}
        replaced = {(read.page.source, read.page.page_url) for read in self._reads if read.claims is not None and not read.error}
        for source, page_url, subject, url, day in pages.article_links(self.conn):
            if (source, page_url) not in replaced:
                _add_link(links, subject, url, day)
        for read in self._reads:
            dates = {(c.section, c.subject): c.value for c in read.claims or () if c.field == "release_date"}
            for claim in read.claims or ():
                if claim.name == "article_url" and claim.value and not read.error:
                    _add_link(links, claim.subject, claim.value, dates.get((claim.section, claim.subject)) or "")
        return [Link(url, kb, day) for (url, kb), day in sorted(links.items(), key=lambda item: (item[0][0], item[0][1] or 0))]

    def _kept(self, page: Page) -> ReadPage:
        """Archive an answer, if the run has an archive."""
        content = content_sha256(page.body)
        sha256 = hashlib.sha256(page.body).hexdigest()
        if self.archive is not None:
            # Keep pages with an ETag or Last-Modified whole: a later 304 finds them by the hash of their bytes.
            has_validator = page.headers.get("etag") or page.headers.get("last-modified")
            like = None if has_validator else pages.first_like(self.conn, page, content, self.archive.has)
            self.archive.keep(page, like, is_loaded=pages.is_loaded(self.conn, pages.page_id(page, sha256)))
        return ReadPage(page, sha256, content, len(page.body))

    def fail(self, source: str, page_url: str, state: str, note: str) -> None:
        """Note that a page could not be read; failures of one kind at one host are said once."""
        self._note(Failure(source, page_url, state, note))

    def _note(self, failure: Failure) -> None:
        self.result.failures.append(failure)
        if _kind(failure) not in self.said:
            self.said.add(_kind(failure))
            note = failure.note.removeprefix(f"{failure.page_url}: ")
            self.say(PageLine(f"{failure.source}: {failure.state}: {failure.page_url}: {note}"))

    def embedded(self, sources: Iterable[Source]) -> None:
        """Take the tables that come with the program."""
        for source in sources:
            for spec in source.pages if source.is_embedded else ():
                body = files("hotpatch_kb.db").joinpath("seed", "facts", spec.addresses[0]).read_bytes()
                self._take_embedded(source, spec, body)

    def _take_embedded(self, source: Source, spec: PageSpec, body: bytes) -> None:
        headers = {"content-type": "text/tab-separated-values"}
        page = Page(source.source, spec.page_url, spec.page_url, spec.page_url, source.collected, 200, body, headers)
        sha256 = hashlib.sha256(body).hexdigest()
        # Archived once, even if it came with the seed: the next version of the program has another table, and a replay needs this one's history.
        if pages.is_loaded(self.conn, pages.page_id(page, sha256)) and (self.archive is None or self.archive.has(sha256)):
            read = ReadPage(page, sha256, content_sha256(body), len(body))
        else:
            read = self._kept(page)
        if pages.is_new(self.conn, page, read.sha256, read.content_sha256):
            read.claims = list(source.parse(page))
        self._reads.append(read)

    def finish(self) -> Result:
        """Check, load, resolve and publish everything that was taken, in one transaction."""
        self._reads.sort(key=lambda read: (read.page.fetched_at, read.page.page_url))
        if self.archive is not None:
            self.archive.sync()
        with schema.transaction(self.conn):
            ingest = self._ingest()
            is_corrected = ingest.begin(self.kind, self.started_at)
            oldest = min((time for time in map(ingest.load, self._reads) if time is not None), default=None)
            self._publish(ingest, "" if is_corrected else oldest)
            self.needs_replay = ingest.needs_replay
            if self.needs_replay:
                schema.set_must_replay(self.conn, due=True)
        return self.result

    def replay(self, archived: Iterable[Page], load_seed: Callable[[sqlite3.Connection], None] | None) -> Result:
        """Make everything again from the embedded facts and from archived pages, which come in the order of their fetch times."""
        with schema.transaction(self.conn):
            schema.clear(self.conn)
            schema.set_must_replay(self.conn, due=False)
            if load_seed is not None:
                load_seed(self.conn)
            ingest = self._ingest()
            ingest.begin(self.kind, self.started_at)
            self.embedded(registry().values())
            for read in self._reads:
                ingest.load(read)
            self._reads.clear()
            for page in archived:
                if page.source not in registry():
                    raise BadInput(
                        "expected a source ({sources}), got {got!r} in the archive", sources=", ".join(registry()), got=page.source
                    )
                if self.is_ahead(page):
                    continue
                self.say(page_line(page.source, page.final_url, page.fetched_at))
                ingest.load(self._read(page))
            self._publish(ingest, "")
        self.parsed.drop_other_parsers(registry().values())
        return self.result

    def _ingest(self) -> Ingest:
        return Ingest(self.conn, {name: _facts(source) for name, source in registry().items()}, self.corrections, self._note, self.state)

    def _publish(self, ingest: Ingest, oldest: str | None) -> None:
        """Make the facts that follow from the loaded pages, and end the run's rows.

        Args:
            ingest: what was loaded.
            oldest: fetch time of the oldest page that changed a claim, "" for all of them, None if none did.
        """
        result = self.result
        ingest.check_corrections()
        if oldest is not None:
            result.facts_changed = write.publish(self.conn, oldest)
        write.write_lines(self.conn)
        self._say_quarantined()
        result.run, result.claims_added, result.claims_ended = ingest.run, ingest.claims_added, ingest.claims_ended
        outcome = Outcome(result.pages_read, result.pages_parsed, result.facts_changed, is_partial=bool(result.failures))
        ingest.end(result.failures, self._notes, outcome, utc_now())

    def _say_quarantined(self) -> None:
        """Say what pages of this run have in quarantine, once the facts are made: another page may have said what an entry is."""
        rows = (
            self.conn.execute("select distinct source, page_url, section, subject from quarantine where gone_at is null")
            if self._odd
            else ()
        )
        standing = set(rows)
        for page, claim in self._odd:
            if (page.source, page.page_url, claim.section, claim.subject) in standing:
                self.say(f"{page.source}: quarantined in {claim.section!r}: {claim.value}: {claim.value_text!r}")


def _facts(source: Source) -> SourceFacts:
    families = {
        spec.page_url: [other.page_url for other in source.pages if other.family == spec.family] for spec in source.pages if spec.family
    }
    return SourceFacts(
        source=source.source, title=source.title, home_url=source.home_url, licence=source.licence, precedence=source.precedence,
        due_every=source.due_every, stands_in_for=source.stands_in_for, needs_credential=bool(source.credential), at_least=source.at_least,
        is_embedded=source.is_embedded, families=families,
    )  # fmt: skip


def _add_link(links: dict[tuple[str, int | None], str], subject: str, url: str, day: str) -> None:
    # release/<product>/<kb>/<build>; a baseline's entry, release/<product>/<day>/baseline, names no KB
    kind, *parts = subject.split("/")
    number = {"release": parts[1] if len(parts) > 1 else "", "kb": parts[0] if parts else ""}.get(kind, "")
    if kind == "release" and parts[-1] == "baseline":
        day, number = day or parts[1], ""
    key = (url, int(number) if number.isdigit() else None)
    links[key] = max(links.get(key, ""), day)
