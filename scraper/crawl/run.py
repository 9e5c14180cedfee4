"""One run: fetch, archive, parse, check, load, resolve, publish. Whatever fails keeps its facts and is named.

Nothing is written to the database before every page is read; then all of it in one transaction, so that a reader sees
the old state or the new one, and a run that is killed leaves the database as it was.
"""

from __future__ import annotations

import errno
import hashlib
import re
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Final

from hotpatch_kb.db.claims import checks as check
from hotpatch_kb.db.claims import corrections, history
from hotpatch_kb.db.facts import write
from hotpatch_kb.db.model.claims import Claim, Correction, Page, Unread
from hotpatch_kb.db.model.errors import BadInput, LockHeld, UnexpectedPage
from hotpatch_kb.db.store import schema
from hotpatch_kb.scraper.crawl import saved_tree
from hotpatch_kb.scraper.fetch.archive import Archive, content_sha256
from hotpatch_kb.scraper.sources import Link, PageSpec, Source, registry, unread

Progress = Callable[[str], None]
# Some articles that a navigation lists are not there (sources of vuls-data-update, 2026).
MISSING = frozenset({404, 410})
# Of one page. The largest, a month of MSRC of 20 MB, has some thousand; a body of 64 MB of nothing but rows would have a million.
MAX_CLAIMS: Final = 100_000
# Of one claim. The longest that a page has, a symptom, is 2,400 characters.
MAX_TEXT: Final = 50_000


@dataclass(slots=True)
class Failure:
    """A page that could not be read, or was refused."""

    source: str
    page_url: str
    state: str  # unreachable or refused
    note: str


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
        """Both, as one crawl, under the number of the later run."""
        counts = ("pages_read", "pages_parsed", "claims_added", "claims_ended", "facts_changed")
        summed = {name: getattr(self, name) + getattr(other, name) for name in counts}
        return replace(other, **summed, failures=[*self.failures, *other.failures], not_in_tree=self.not_in_tree)


@dataclass(slots=True)
class _Read:
    """A page on its way: read, and parsed if its content is new."""

    page: Page  # without its body, once it is parsed: a month of MSRC's data has 20 MB
    sha256: str
    content: str
    size: int  # bytes as served
    claims: list[Claim] | None  # None: content that was accepted before
    stated: str | None = None  # when the site says that the content was changed
    error: str = ""
    is_missing: bool = False  # 404 or 410 of a page that others link to, or tried first and not readable, with others in its place
    follows: list[PageSpec] = field(default_factory=list)  # the pages that it names
    unread: list[Unread] = field(default_factory=list)  # what stands on it and was not read


def utc_now() -> str:
    """Now, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def locked(db: Path) -> Iterator[None]:
    """Holds the one lock of a database.

    Raises:
        LockHeld: another process holds it.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 (not needed by readers)

    lock = FileLock(f"{db}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LockHeld(f"expected no other run on {db}, got one that holds {db}.lock") from None
    except (PermissionError, FileNotFoundError) as error:
        raise BadInput(f"expected a folder that can be written for {db}.lock, got {error}") from None
    except OSError as error:
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            raise BadInput(f"expected a folder that can be written for {db}.lock, got {error}") from None
        raise
    try:
        yield
    finally:
        lock.release()


def chosen(ids: Sequence[str]) -> list[Source]:
    """The sources of a run; all if none is named.

    Raises:
        BadInput: an id is no source's.
    """
    sources = registry()
    for source in ids:
        if source not in sources:
            raise BadInput(f"expected a source ({', '.join(sources)}), got {source!r}")
    return [s for s in sources.values() if not ids or s.source in ids]


class Run:
    """A run on one database: pages are taken, by ``crawl_tree`` or ``hotpatch_kb.scraper.crawl.network``, then ``finish`` writes; or ``replay``."""

    def __init__(self, conn: sqlite3.Connection, archive: Archive | None, decided: list[Correction], say: Progress, kind: str) -> None:
        """Begins a run; nothing is written until ``finish``."""
        self.conn = conn
        self.archive = archive
        self.corrections = decided
        self.say = say
        self.kind = kind
        self.started_at = utc_now()
        self.result = Result()
        self.reads: list[_Read] = []
        self.state: dict[str, str] = {}
        self.needs_replay = False
        self.left: list[tuple[str, str]] = []  # sources with more pages than a run reads

    def take(self, page: Page) -> _Read:
        """Archives a page and parses it if its content is new."""
        self.result.pages_read += 1
        source = registry()[page.source]
        read = self._kept(page)
        if page.status in MISSING:
            read.is_missing = True
        elif page.status != 304 and self._is_new(read):
            self.result.pages_parsed += 1
            try:
                read.claims = _parsed(source, page)
                read.unread = unread(source, page, read.claims)
            except UnexpectedPage as error:
                read.error = str(error)
            except Exception as error:  # noqa: BLE001 (whatever a page does to its parser, it is named and refused, and the other pages go on)
                read.error = f"expected a page that its parser can read, got {type(error).__name__}: {error}"
        read.is_missing |= bool(read.error and source.stands_in_for)
        if not read.error and not read.is_missing and self.kind != "replay":
            self._note_follows(source, read, page)
        if page.status == 200:
            stated = last_modified(page) or _stated_since(source, page)
            read.stated = min(stated, page.fetched_at) if stated else None  # never later than we saw it
        read.page = page._replace(body=b"")
        self.reads.append(read)
        return read

    def _is_new(self, read: _Read) -> bool:
        """Whether a page has to be parsed: it says something else than the page before it, which this run or one before took."""
        page = read.page
        for other in reversed(self.reads):
            if (other.page.source, other.page.page_url) == (page.source, page.page_url) and not other.error and not other.is_missing:
                is_last = other.page.fetched_at <= page.fetched_at and history.counts_after(self.conn, other.page) is None
                return not (is_last and other.content == read.content) and not history.is_accepted(
                    self.conn, history.page_id(page, read.sha256)
                )
        return history.is_new(self.conn, page, read.sha256, read.content)

    def take_unchanged(self, page: Page) -> None:
        """Takes a page that the server says has not changed: the content that was accepted last was seen again."""
        sha256, content = history.last_content(self.conn, page)
        self.result.pages_read += 1
        if self.archive is not None:
            self.archive.keep_unchanged(page, sha256)
        read = _Read(page, sha256, content, 0, None)
        self._note_follows(registry()[page.source], read, page)
        self.reads.append(read)
        self.say(f"{page.source}: {page.final_url}: not modified")

    def named_pages(self) -> dict[str, list[PageSpec]]:
        """The pages that those read name, by source."""
        found: dict[str, list[PageSpec]] = {}
        for read in self.reads:
            found.setdefault(read.page.source, []).extend(read.follows)
        return found

    def has_anything(self) -> bool:
        """Whether a page was read, could not be, or was left for the next run."""
        return bool(self.reads or self.result.failures or self.left)

    def leave(self, source: str, note: str) -> None:
        """Notes that a source has more pages than one run reads."""
        self.left.append((source, note))
        self.say(f"{source}: {note}")

    def _note_follows(self, source: Source, read: _Read, page: Page) -> None:
        """Notes which pages a page names. What names them wrongly is a failure; what the page states itself is loaded."""
        if page.status == 304 and self.archive is not None:
            page = page._replace(body=self.archive.body(read.sha256))
        try:
            read.follows = list(source.follow(page))
        except UnexpectedPage as error:
            self.fail(page.source, page.final_url, "refused", str(error))
        except Exception as error:  # noqa: BLE001 (as of a parser)
            self.fail(
                page.source, page.final_url, "refused", f"expected the pages that this one names, got {type(error).__name__}: {error}"
            )

    def links(self) -> list[Link]:
        """The articles that pages link to: those read in this run, and those that stand in the database."""
        found: dict[tuple[str, int | None], str] = {}
        replaced = {(read.page.source, read.page.page_url) for read in self.reads if read.claims is not None and not read.error}
        rows = self.conn.execute(
            """select c.source, c.page_url, c.subject, c.value, coalesce(d.value, '') from claims as c
            left join claims as d on d.source = c.source and d.page_url = c.page_url and d.section = c.section and d.subject = c.subject
                and d.field = 'release_date' and d.gone_at is null
            where c.field in ('article_url', 'article_url#2') and c.value is not null and c.gone_at is null"""
        ).fetchall()
        for source, page_url, subject, url, day in rows:
            if (source, page_url) not in replaced:
                _add_link(found, subject, url, day)
        for read in self.reads:
            dates = {(c.section, c.subject): c.value for c in read.claims or () if c.field == "release_date"}
            for claim in read.claims or ():
                if claim.field.partition("#")[0] == "article_url" and claim.value and not read.error:
                    _add_link(found, claim.subject, claim.value, dates.get((claim.section, claim.subject)) or "")
        return [Link(url, kb, day) for (url, kb), day in sorted(found.items(), key=lambda item: (item[0][0], item[0][1] or 0))]

    def _kept(self, page: Page) -> _Read:
        """Archives a page, if the run has an archive."""
        content = content_sha256(page.body)
        sha256 = hashlib.sha256(page.body).hexdigest()
        if self.archive is not None:
            # The bytes of what may be answered with "not modified" are looked for by their hash, so they are kept whole.
            has_validator = page.headers.get("etag") or page.headers.get("last-modified")
            like = None if has_validator else history.first_like(self.conn, page, content, self.archive.has)
            self.archive.keep(page, like, is_loaded=history.is_loaded(self.conn, history.page_id(page, sha256)))
        return _Read(page, sha256, content, len(page.body), None)

    def fail(self, source: str, page_url: str, state: str, note: str) -> None:
        """Notes that a page could not be read."""
        self.result.failures.append(Failure(source, page_url, state, note))
        self.say(f"{source}: {state}: {page_url}: {note}")

    def embedded(self, sources: Iterable[Source]) -> None:
        """Takes the tables that come with the program."""
        for source in sources:
            for spec in source.pages if source.is_embedded else ():
                body = files("hotpatch_kb.db").joinpath("seed", "facts", spec.addresses[0]).read_bytes()
                self._take_embedded(source, spec, body)

    def _take_embedded(self, source: Source, spec: PageSpec, body: bytes) -> None:
        page = Page(
            source.source,
            spec.page_url,
            spec.page_url,
            spec.page_url,
            source.collected,
            200,
            body,
            {"content-type": "text/tab-separated-values"},
        )
        sha256 = hashlib.sha256(body).hexdigest()
        # Archived once, also what came with the seed: the next version of the program comes with another table, and a replay wants this one's history.
        if history.is_loaded(self.conn, history.page_id(page, sha256)) and (self.archive is None or self.archive.has(sha256)):
            read = _Read(page, sha256, content_sha256(body), len(body), None)
        else:
            read = self._kept(page)
        if history.is_new(self.conn, page, read.sha256, read.content):
            read.claims = list(source.parse(page))
        self.reads.append(read)

    def finish(self) -> Result:
        """Checks, loads, resolves and publishes everything that was taken, in one transaction."""
        self.reads.sort(key=lambda read: (read.page.fetched_at, read.page.page_url))
        if self.archive is not None:
            self.archive.sync()
        with schema.transaction(self.conn):
            corrected = self._begin()
            oldest = min((found for found in map(self._load, self.reads) if found is not None), default=None)
            self._end("" if corrected else oldest)
            if self.needs_replay:
                schema.set_must_replay(self.conn, due=True)
        return self.result

    def replay(self, pages: Iterable[Page], load_seed: Callable[[sqlite3.Connection], None] | None) -> Result:
        """Makes everything anew of the embedded facts and of archived pages, which come in the order of their fetch times."""
        with schema.transaction(self.conn):
            schema.clear(self.conn)
            schema.set_must_replay(self.conn, due=False)
            if load_seed is not None:
                load_seed(self.conn)
            self._begin()
            self.embedded(registry().values())
            for read in self.reads:
                self._load(read)
            self.reads.clear()
            for page in pages:
                if page.source not in registry():
                    raise BadInput(f"expected a source ({', '.join(registry())}), got {page.source!r} in the archive")
                self.say(f"{page.source}: {page.final_url}: {page.fetched_at}")
                self.take(page)
                self._load(self.reads.pop())
            self._end("")
        return self.result

    def _begin(self) -> bool:
        """Begins the run's rows. Returns whether the corrections differ from those of the run before."""
        self._write_sources()
        self.result.run = self.conn.execute("select coalesce(max(run), 0) + 1 from runs").fetchone()[0]
        self.conn.execute("insert into runs values (?, ?, null, ?, 'done', 0, 0, 0, 0, 0)", (self.result.run, self.started_at, self.kind))
        corrected = corrections.read_corrections(self.conn) != sorted(self.corrections)
        if corrected:
            corrections.write_corrections(self.conn, self.corrections)
        return corrected

    def _end(self, oldest: str | None) -> None:
        """Publishes what follows from the loaded pages, and ends the run's rows.

        Args:
            oldest: fetch time of the oldest page that changed a claim, "" for all of them, None if there is none.
        """
        result = self.result
        self._check_corrections()
        if oldest is not None:
            result.facts_changed = write.publish(self.conn, oldest)
        write.write_lines(self.conn)
        self._write_failures()
        self.conn.execute(
            """update runs set ended_at = ?, state = ?, pages_read = ?, pages_parsed = ?, claims_added = ?, claims_ended = ?, facts_changed = ?
            where run = ?""",
            (
                utc_now(), "partial" if result.failures else "done", result.pages_read, result.pages_parsed,
                result.claims_added, result.claims_ended, result.facts_changed, result.run,
            ),
        )  # fmt: skip

    def _write_sources(self) -> None:
        for source in registry().values():
            self.conn.execute(
                """insert into sources values (?, ?, ?, ?, ?, ?, ?, nullif(?, ''))
                on conflict (source) do update set title = excluded.title, home_url = excluded.home_url, licence = excluded.licence,
                precedence = excluded.precedence, due_every = excluded.due_every, stands_in_for = excluded.stands_in_for""",
                (
                    source.source, source.title, source.home_url, source.licence, source.precedence, source.due_every,
                    "off" if source.credential else "never_read", source.stands_in_for,
                ),
            )  # fmt: skip

    def _load(self, read: _Read) -> str | None:
        """Loads one page. Returns its fetch time if claims began, ended or began earlier, None if nothing changed."""
        conn, page, result = self.conn, read.page, self.result
        number = history.page_id(page, read.sha256)
        if history.is_accepted(conn, number):
            self.state.setdefault(page.source, "ok")
            return None  # the very answer that was loaded before
        if read.is_missing:
            history.record_page(conn, page, number, read.sha256, read.content, None, "failed", read.size, result.run)
            what = ("readable", read.error) if read.error else ("there", f"expected status 200, got {page.status}")
            self._write_checks(page, [check.Check("", what[0], False, False, what[1])])
            return None
        source = registry()[page.source]
        error = read.error
        claims = read.claims
        # Nearly every page of nearly every run: what it states is what stands.
        is_repeat = not error and claims is None and history.repeats(conn, page, read.content)
        if not error and claims is None and not is_repeat:
            claims = history.claims_of_content(conn, page.source, page.page_url, read.content)
            error = "" if claims is not None else "expected content that was accepted before, got content that was refused"
        if not error and claims is not None and not source.is_embedded:
            error = self._check(source, read, claims)
        # An answer without content: what was said when the content came.
        stated = history.stated_since(conn, page, read.content) if page.status == 304 else read.stated
        history.record_page(
            conn, page, number, read.sha256, read.content, stated, "refused" if error else "accepted", read.size, result.run
        )
        if error:
            self._write_checks(page, [check.Check("", "readable", False, True, error)] if read.error else [])
            self.state[page.source] = "refused"
            self.fail(page.source, page.final_url, "refused", error)
            return None
        self.state.setdefault(page.source, "ok")
        if read.claims is None and history.seen_again(conn, page, number):
            return None
        assert not is_repeat, page
        if read.claims is not None:
            history.record_sections(conn, page, read.content, read.claims)
        later = history.counts_after(conn, page)
        if later is not None and not source.is_embedded:
            # Read in the order of their times, the later page might have been refused: then only a replay gives what that order gives.
            gone = corrections.accepted_gone(self.corrections, page.source)
            known = history.counts_of(conn, page.source, page.page_url, read.content)
            self.needs_replay |= check.refusal(check.lost_sections(known, later, gone)) is not None
        # A page that was refused beside a later one may be what follows this one.
        self.needs_replay |= not source.is_embedded and history.refused_after(conn, page)
        accepted = history.accept(conn, page, number, stated, claims or [])
        self.needs_replay |= accepted.is_split
        result.claims_added += accepted.began
        result.claims_ended += accepted.ended
        return page.fetched_at

    def _check(self, source: Source, read: _Read, claims: list[Claim]) -> str:
        """Why a page is refused, "" if it is accepted. Content that was accepted once is checked too: an old page may come back."""
        page = read.page
        families = {spec.family for spec in source.pages if spec.page_url == page.page_url and spec.family}
        family = [spec.page_url for spec in source.pages if spec.family in families]
        before = history.counts_before(self.conn, page, family)
        now = history.counts_of(self.conn, page.source, page.page_url, read.content) if read.claims is None else check.count(claims)
        if read.claims is None and now == before:
            return ""  # the day on which nothing changed needs no further row of checks
        checks = check.check_page(
            page,
            claims,
            now=now,
            before=before,
            at_least=source.at_least,
            accepted_gone=corrections.accepted_gone(self.corrections, page.source),
            unread=read.unread,
            standing=history.stated_before(self.conn, page) if read.claims is not None else (),
        )
        self._write_checks(page, checks)
        return check.refusal(checks) or ""

    def _write_checks(self, page: Page, checks: list[check.Check]) -> None:
        self.conn.executemany(
            "insert or replace into checks values (?, ?, ?, ?, ?, ?, ?, ?)",
            [(self.result.run, page.source, page.page_url, c.section, c.name, int(c.ok), int(c.required), c.note) for c in checks],
        )

    def _check_corrections(self) -> None:
        for correction in corrections.unmatched(self.conn):
            note = f"expected a claim {correction.field} = {correction.value!r} of {correction.subject} to correct, got none"
            self.conn.execute(
                "insert or replace into checks values (?, ?, '', ?, 'correction', 0, 1, ?)",
                (self.result.run, correction.source, correction.subject, note),
            )
            self.fail(correction.source, correction.subject, "refused", note)

    def _write_failures(self) -> None:
        for failure in self.result.failures:
            if failure.state == "unreachable":
                # A page that is not what it was is the graver news: pages beside it that are not there must not hide it.
                if self.state.get(failure.source) != "refused":
                    self.state[failure.source] = "unreachable"
                self.conn.execute(
                    "insert or replace into checks values (?, ?, ?, '', 'fetch', 0, 1, ?)",
                    (self.result.run, failure.source, failure.page_url, failure.note),
                )
        for source, note in self.left:
            self.conn.execute("insert or replace into checks values (?, ?, '', '', 'pages', 0, 0, ?)", (self.result.run, source, note))
        for source, state in self.state.items():
            # A replay has no runs: there the newest answer of each page counts, since one that was refused may have come back.
            is_refused = history.has_refused(self.conn, source) if self.kind == "replay" else state == "refused"
            now = "refused" if is_refused else "ok" if state == "refused" else state
            self.conn.execute("update sources set state = ? where source = ?", (now, source))


def last_modified(page: Page) -> str | None:
    """The Last-Modified header as UTC time; support.microsoft.com's is that of the answer, and useless."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415

    value = page.headers.get("last-modified")
    if not value or "//support.microsoft.com/" in page.final_url:
        return None
    try:
        return parsedate_to_datetime(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):  # no date, or one of the year 1 in another zone
        return None


def _stated_since(source: Source, page: Page) -> str | None:
    """What a page says of its own age; whatever goes wrong with that must not cost the page."""
    try:
        return source.stated_since(page)
    except Exception:  # noqa: BLE001
        return None


def _parsed(source: Source, page: Page) -> list[Claim]:
    """A page's claims, of no more bytes, as many and as long as a page of ours can have.

    Raises:
        UnexpectedPage: it is larger, there are more, a text is longer, or its parser cannot read it.
    """
    if len(page.body) > source.at_most_bytes:
        raise UnexpectedPage(f"expected at most {source.at_most_bytes} bytes, got {len(page.body)} from {page.final_url}")
    if b"\0" in page.body[:64]:  # a parser that drops NULs read the dashes of UTF-16 as "\x20\x14"
        raise UnexpectedPage(f"expected text in UTF-8, got {page.body[:16]!r} from {page.final_url}")
    found = list(islice(source.parse(page), MAX_CLAIMS + 1))
    if len(found) > MAX_CLAIMS:
        raise UnexpectedPage(f"expected at most {MAX_CLAIMS} claims of a page, got more")
    for claim in found:
        if max(len(claim.section), len(claim.subject), len(claim.value or ""), len(claim.value_text)) > MAX_TEXT:
            raise UnexpectedPage(
                f"expected texts of at most {MAX_TEXT} characters, got a longer one of {claim.subject[:60]!r}, {claim.field}"
            )
    return found


def _add_link(found: dict[tuple[str, int | None], str], subject: str, url: str, day: str) -> None:
    # release/<product>/<kb>/<build>; a baseline's entry, release/<product>/<day>/baseline, names no KB
    kind, *parts = subject.split("/")
    number = {"release": parts[1] if len(parts) > 1 else "", "kb": parts[0] if parts else ""}.get(kind, "")
    if kind == "release" and parts[-1] == "baseline":
        day, number = day or parts[1], ""
    key = (url, int(number) if number.isdigit() else None)
    found[key] = max(found.get(key, ""), day)


def crawl_tree(run: Run, sources: Sequence[Source], folder: Path) -> None:
    """Takes every page of the sources that a saved tree holds.

    Raises:
        BadInput: the folder holds not one page of any source.
    """
    now = utc_now()
    taken: set[Path] = set()
    for source in sources:
        by_file: dict[Path, list[tuple[PageSpec, str]]] = {}
        for spec in () if source.is_embedded else source.pages:
            found = [(file, url) for url in spec.addresses if (file := saved_tree.find(folder, url))]
            for file, url in found:
                by_file.setdefault(file, []).append((spec, url))
            if not found:
                run.result.not_in_tree.append(spec.page_url)
        for file, asked in by_file.items():
            taken.add(file)
            take(run, _of_file(source, file, asked, now))
    fixed = {file for s in registry().values() for spec in s.pages for url in spec.addresses if (file := saved_tree.find(folder, url))}
    followed = _followed_in_tree(run, sources, folder, taken | fixed, now)
    if (
        not taken
        and not followed
        and not fixed
        and not any(s.page_at(url) for s in registry().values() for url, _ in saved_tree.addresses(folder))
    ):
        raise BadInput(f"expected pages of a source ({', '.join(registry())}) as {folder}/<host>/<path>.html or .md, got none")


def _of_file(source: Source, file: Path, asked: list[tuple[PageSpec, str]], now: str) -> Page:
    """The page in a file. Addresses that differ by their query share one: it is that of the address that was answered, else of the first that it can be."""
    pages = [saved_tree.read(file, source=source.source, page_url=spec.page_url, url=url, now=now) for spec, url in asked]
    answered = [page for page in pages if page.final_url == page.url] or pages
    if len({page.page_url for page in answered}) == 1:
        return answered[0]
    return next((page for page in answered if _can_read(source, page)), answered[0])


def _can_read(source: Source, page: Page) -> bool:
    try:
        deque(source.parse(page), maxlen=0)
    except Exception:  # noqa: BLE001 (it is parsed again, and named, where it is taken)
        return False
    return True


def _followed_in_tree(run: Run, sources: Sequence[Source], folder: Path, taken: set[Path], now: str) -> int:
    """Takes the pages of a tree that other pages link to, and those whose address says what they are. Returns how many."""
    found: dict[Path, tuple[Source, str, PageSpec]] = {}
    links = run.links()
    for source in sources:
        for spec in source.linked(links, now):
            for url in spec.addresses:
                file = saved_tree.find(folder, url)
                if file is not None and file not in taken:
                    found.setdefault(file, (source, url, spec))
    for url, file in saved_tree.addresses(folder):
        for source in sources:
            spec_at = source.page_at(url) if file not in taken and file not in found else None
            if spec_at is not None:
                found[file] = (source, url, spec_at)
    for file, (source, url, spec) in sorted(found.items()):
        page = saved_tree.read(file, source=source.source, page_url=spec.page_url, url=url, now=now)
        take(run, named_by(spec, page), may_be_missing=True)
    return len(found)


def named_by(spec: PageSpec, page: Page) -> Page:
    """The page under its name in claims: of an article the address that answered, without query and fragment."""
    if not spec.is_named_by_answer:
        return page
    return page._replace(page_url=re.split(r"[?#]", page.final_url, maxsplit=1)[0])


def take(run: Run, page: Page, *, may_be_missing: bool = False) -> bool:
    """Takes a page that an address answered with; False if the answer is no page."""
    if page.status not in {200, 304} and not (may_be_missing and page.status in MISSING):
        run.result.pages_read += 1
        run.fail(page.source, page.page_url, "unreachable", f"expected status 200, got {page.status} from {page.final_url}")
        return False
    read = run.take(page)
    what = read.error or ("not there" if read.is_missing else "unchanged" if read.claims is None else f"{len(read.claims)} claims")
    run.say(f"{page.source}: {page.final_url}: {what}")
    return not read.error


def open_database(path: Path) -> sqlite3.Connection:
    """Opens or creates a database for a run.

    Raises:
        BadInput: the file is no SQLite database, or cannot be written.
    """
    try:
        return schema.open_for_writing(path)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in {
            sqlite3.SQLITE_FULL,
            sqlite3.SQLITE_IOERR,
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_CORRUPT,
        }:
            raise  # not what the user gave: exit code 1
        raise BadInput(f"expected a database that can be written at {path}, got {error}") from None
