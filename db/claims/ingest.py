"""Check and load what a run has read: pages in, rows of ``sources``, ``runs``, ``pages``, ``checks`` and claims out.

One ``Ingest`` is one run's transaction: ``begin``, ``load`` for each page, then the facts are made (``db.facts.write``), then ``end``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hotpatch_kb.db.claims import checks, corrections, history, pages
from hotpatch_kb.db.model.claims import Claim, Correction, Page, Unread


class SourceFacts(NamedTuple):
    """What has to be known of a source in order to check and load its pages.

    Attributes:
        source: its id.
        title: what it is.
        home_url: an address that a person can open.
        licence: address of the terms under which it is published.
        precedence: the smaller is believed first.
        due_every: how often it is due, such as "6h".
        stands_in_for: the source that this one replaces, "" without one: if this one can be read, that one is skipped.
        needs_credential: whether it is off until a credential is set.
        at_least: the fewest rows that a page may have.
        is_embedded: whether it is a table that comes with the program.
        families: by page_url, the page_urls of the pages that carry the same content.
    """

    source: str
    title: str
    home_url: str
    licence: str
    precedence: int
    due_every: str
    stands_in_for: str
    needs_credential: bool
    at_least: int
    is_embedded: bool
    families: Mapping[str, Sequence[str]]


@dataclass(slots=True)
class ReadPage:
    """A page that was read, and parsed if its content is new.

    Attributes:
        page: the answer, without its body once it is parsed (a month of MSRC's data has 20 MB).
        sha256: of the bytes as served.
        content_sha256: of the bytes without what differs in every answer.
        size: bytes as served.
        claims: what it states; None for content that was accepted before.
        stated_since: when the site says that it last changed the content, UTC.
        error: why it cannot be read, "" if it can.
        is_excused: the page has nothing to load, and that is not a failure: it is 404 or 410, or its source only stands in for another and it
            cannot be read.
        unread: what is on the page and was not read.
        counts: the sizes of its sections, where they are known without counting the rows of its claims.
    """

    page: Page
    sha256: str
    content_sha256: str
    size: int
    claims: list[Claim] | None = None
    stated_since: str | None = None
    error: str = ""
    is_excused: bool = False
    unread: list[Unread] = field(default_factory=list)
    counts: dict[str, checks.Count] | None = None

    def sizes(self) -> dict[str, checks.Count]:
        """Return the sizes of the sections of a page whose claims were read."""
        return checks.count(self.claims or ()) if self.counts is None else self.counts


class Failure(NamedTuple):
    """A page that could not be read (state "unreachable") or was refused (state "refused")."""

    source: str
    page_url: str
    state: str
    note: str


class Outcome(NamedTuple):
    """How a run went, for its row: pages read and parsed, changes of facts, and whether something failed."""

    pages_read: int
    pages_parsed: int
    facts_changed: int
    is_partial: bool


class Ingest:
    """One run's rows. The caller holds the transaction.

    Attributes:
        run: the number of the run, after ``begin``.
        claims_added: how many claims began.
        claims_ended: how many ended.
        needs_replay: whether the database may differ from one read in chronological order; a replay corrects it.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        sources: Mapping[str, SourceFacts],
        decided: Sequence[Correction],
        refuse: Callable[[Failure], None],
        state: Mapping[str, str],
    ) -> None:
        """Take what a run needs.

        Args:
            conn: the database, open for writing.
            sources: every source, by id.
            decided: the corrections that count.
            refuse: called for each page that is refused here, and each correction that matches nothing.
            state: states of sources that are known before a page is loaded ("off").
        """
        self._conn = conn
        self._sources = sources
        self._corrections = decided
        self._refuse = refuse
        self._state = dict(state)
        self.run = 0
        self.claims_added = 0
        self.claims_ended = 0
        self.needs_replay = False

    def begin(self, kind: str, started_at: str) -> bool:
        """Write the rows of the sources and of the run; return whether the corrections differ from those of the run before."""
        for source in self._sources.values():
            self._conn.execute(
                """insert into sources values (?, ?, ?, ?, ?, ?, ?, nullif(?, ''))
                on conflict (source) do update set title = excluded.title, home_url = excluded.home_url, licence = excluded.licence,
                precedence = excluded.precedence, due_every = excluded.due_every, stands_in_for = excluded.stands_in_for""",
                (
                    source.source, source.title, source.home_url, source.licence, source.precedence, source.due_every,
                    "off" if source.needs_credential else "never_read", source.stands_in_for,
                ),
            )  # fmt: skip
        self.run = pages.last_run(self._conn) + 1
        self._conn.execute("insert into runs values (?, ?, null, ?, 'done', 0, 0, 0, 0, 0)", (self.run, started_at, kind))
        is_corrected = corrections.read_corrections(self._conn) != sorted(self._corrections)
        if is_corrected:
            corrections.write_corrections(self._conn, self._corrections)
        return is_corrected

    def load(self, read: ReadPage) -> str | None:
        """Check and load one page; return its fetch time if claims began, ended or began earlier, None if nothing changed."""
        conn, page = self._conn, read.page
        number = pages.page_id(page, read.sha256)
        if pages.is_accepted(conn, number):
            self._state.setdefault(page.source, "ok")
            return None  # the very answer that was loaded before
        if read.is_excused:
            self._record(read, number, None, "failed")
            what, note = ("readable", read.error) if read.error else ("there", f"expected status 200, got {page.status}")
            self._write_checks(page, [checks.Check("", what, False, False, note)])
            return None
        claims, error, is_repeat = self._claims(read)
        # An answer without content has the date that came with the content.
        stated_since = pages.stated_since(conn, page, read.content_sha256) if page.status == 304 else read.stated_since
        self._record(read, number, stated_since, "refused" if error else "accepted")
        if error:
            self._write_checks(page, [checks.Check("", "readable", False, True, error)] if read.error else [])
            self._state[page.source] = "refused"
            self._refuse(Failure(page.source, page.final_url, "refused", error))
            return None
        self._state.setdefault(page.source, "ok")
        if read.claims is None and history.seen_again(conn, page, number):
            return None
        assert not is_repeat, page
        if read.claims is not None:
            pages.record_sections(conn, page, read.content_sha256, read.sizes())
        if not self._sources[page.source].is_embedded:
            self.needs_replay |= self._would_refuse_later(read)
        accepted = history.accept(conn, page, number, stated_since, claims)
        self.needs_replay |= accepted.is_split
        self.claims_added += accepted.began
        self.claims_ended += accepted.ended
        return page.fetched_at

    def end(self, failures: Sequence[Failure], notes: Sequence[tuple[str, str, str]], outcome: Outcome, ended_at: str) -> None:
        """Write what failed, the states of the sources and the end of the run.

        Args:
            failures: every failure of the run.
            notes: source, page and note, of sources with more pages than one run reads, and of hubs that are new.
            outcome: how it went.
            ended_at: UTC.
        """
        for failure in failures:
            if failure.state == "unreachable":
                # "refused" is worse than "unreachable", so keep it.
                if self._state.get(failure.source) != "refused":
                    self._state[failure.source] = "unreachable"
                self._check_of_source(failure.source, failure.page_url, "", "fetch", failure.note, is_required=True)
        for source, page_url, note in notes:
            self._check_of_source(source, page_url, "", "pages", note, is_required=False)
        kind = self._conn.execute("select kind from runs where run = ?", (self.run,)).fetchone()[0]
        for source, state in self._state.items():
            # A replay loads every page in one run, so the newest answer of each page counts: a page that was refused may have been
            # accepted later.
            is_refused = pages.has_refused(self._conn, source) if kind == "replay" else state == "refused"
            now = "refused" if is_refused else "ok" if state == "refused" else state
            self._conn.execute("update sources set state = ? where source = ?", (now, source))
        self._conn.execute(
            """update runs set ended_at = ?, state = ?, pages_read = ?, pages_parsed = ?, claims_added = ?, claims_ended = ?, facts_changed = ?
            where run = ?""",
            (
                ended_at, "partial" if outcome.is_partial else "done", outcome.pages_read, outcome.pages_parsed,
                self.claims_added, self.claims_ended, outcome.facts_changed, self.run,
            ),
        )  # fmt: skip

    def check_corrections(self) -> None:
        """Refuse each correction of a source that was read which matches no claim, page or section any more."""
        for correction in corrections.unmatched(self._conn):
            note = f"expected a claim {correction.field} = {correction.value!r} of {correction.subject} to correct, got none"
            self._check_of_source(correction.source, "", note, "correction", note, is_required=True)
            self._refuse(Failure(correction.source, correction.subject, "refused", note))

    def _claims(self, read: ReadPage) -> tuple[list[Claim], str, bool]:
        """Return what a page states, why it is refused ("" if it is not), and whether it only repeats the page before it."""
        if read.error:
            return [], read.error, False
        claims = read.claims
        if claims is None:
            # Nearly every page of nearly every run: its claims are the current ones.
            if pages.repeats(self._conn, read.page, read.content_sha256):
                return [], "", True
            claims = pages.claims_of_content(self._conn, read.page.source, read.page.page_url, read.content_sha256)
        if claims is None:
            return [], "expected content that was accepted before, got content that was refused", False
        source = self._sources[read.page.source]
        return claims, "" if source.is_embedded else self._refusal(source, read, claims), False

    def _refusal(self, source: SourceFacts, read: ReadPage, claims: list[Claim]) -> str:
        """Return why a page is refused, "" if it is accepted. Content that was accepted once is checked too: an old page may come back."""
        conn, page = self._conn, read.page
        before = pages.counts_before(conn, page, source.families.get(page.page_url, ()))
        now = pages.counts_of(conn, page.source, page.page_url, read.content_sha256) if read.claims is None else read.sizes()
        if read.claims is None and now == before:
            return ""  # the day on which nothing changed needs no further row of checks
        done = checks.check_page(
            page,
            claims,
            now=now,
            before=before,
            # A hub that no list names may be of a version that had its first update today.
            at_least=source.at_least if page.page_url in source.families or not source.families else 1,
            accepted_gone=corrections.accepted_gone(self._corrections, page.source),
            unread=read.unread,
            standing=history.stated_before(conn, page) if read.claims is not None else (),
        )
        self._write_checks(page, done)
        return checks.refusal(done) or ""

    def _would_refuse_later(self, read: ReadPage) -> bool:
        """Return whether a later page might be judged differently, now that this older one is known."""
        conn, page = self._conn, read.page
        later = pages.counts_after(conn, page)
        if later is not None:
            gone = corrections.accepted_gone(self._corrections, page.source)
            own = pages.counts_of(conn, page.source, page.page_url, read.content_sha256)
            if checks.refusal(checks.lost_sections(own, later, gone)) is not None:
                return True
        return pages.refused_after(conn, page)

    def _record(self, read: ReadPage, number: int, stated_since: str | None, state: str) -> None:
        pages.record_page(self._conn, read.page, number, read.sha256, read.content_sha256, stated_since, state, read.size, self.run)

    def _write_checks(self, page: Page, done: Sequence[checks.Check]) -> None:
        self._conn.executemany(
            "insert or replace into checks values (?, ?, ?, ?, ?, ?, ?, ?)",
            [(self.run, page.source, page.page_url, c.section, c.name, int(c.ok), int(c.required), c.note) for c in done],
        )

    def _check_of_source(self, source: str, page_url: str, section: str, name: str, note: str, *, is_required: bool) -> None:
        self._conn.execute(
            "insert or replace into checks values (?, ?, ?, ?, ?, 0, ?, ?)",
            (self.run, source, page_url, section, name, int(is_required), note),
        )
