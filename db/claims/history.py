"""Keep claims as intervals: first seen, last seen, gone. Pages count in the order of their fetch times, whatever the order of loading."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.model.claims import Claim, Page, stable_id

Key = tuple[str, str, str]
_ABSENT: Final = object()


class _Interval:
    """A claim's row while a page is fitted into its page's history."""

    __slots__ = (
        "claim", "field", "first_seen_at", "gone_at", "is_changed", "is_seen_again", "last_seen_at", "page", "section", "source_url", "stated_since", "subject",
        "value", "value_text",
    )  # fmt: skip

    claim: int
    section: str
    subject: str
    field: str
    value: str | None
    value_text: str
    source_url: str | None
    first_seen_at: str
    last_seen_at: str
    gone_at: str | None
    stated_since: str | None
    page: int

    def __init__(self, row: tuple[Any, ...]) -> None:
        """Take a row of ``claims`` with the columns of ``_COLUMNS``."""
        self.is_changed = False
        self.is_seen_again = False
        (
            self.claim, self.section, self.subject, self.field, self.value, self.value_text, self.source_url,
            self.stated_since, self.first_seen_at, self.last_seen_at, self.gone_at, self.page,
        ) = row  # fmt: skip

    @property
    def key(self) -> Key:
        return (self.section, self.subject, self.field)

    def see_again(self, fetched_at: str) -> None:
        if fetched_at > self.last_seen_at:
            self.last_seen_at, self.is_seen_again = fetched_at, True

    def begin_earlier(self, claim: Claim, fetched_at: str, page_number: int, stated_since: str | None) -> None:
        """Begin with an older page that was read late. The text is that of the first page."""
        self.first_seen_at, self.page, self.stated_since, self.is_changed = fetched_at, page_number, stated_since, True
        self.value_text, self.source_url = claim.value_text, claim.source_url or None


_COLUMNS: Final = "claim, section, subject, field, value, value_text, source_url, stated_since, first_seen_at, last_seen_at, gone_at, page"


# The columns of a claim's row, and how one is written.
CLAIM_COLUMNS: Final = (
    "claim", "source", "page_url", "section", "subject", "field", "value", "value_text", "source_url", "stated_since", "first_seen_at",
    "last_seen_at", "gone_at", "page",
)  # fmt: skip
INSERT_CLAIM: Final = f"insert into claims ({', '.join(CLAIM_COLUMNS)}) values ({', '.join('?' * len(CLAIM_COLUMNS))})"


def name_subjects(conn: sqlite3.Connection, subjects: Iterable[str]) -> None:
    """Write the rows of ``subjects`` that claims and facts refer to."""
    conn.executemany("insert or ignore into subjects (subject, kind) values (?, ?)", [(s, s.partition("/")[0]) for s in sorted(subjects)])


class Accepted(NamedTuple):
    """What a page did to the claims.

    Attributes:
        began: how many claims began.
        ended: how many ended.
        is_split: the page contradicts two pages around it that agree. Only a replay has the later page's text.
    """

    began: int
    ended: int
    is_split: bool


def stated_before(conn: sqlite3.Connection, page: Page) -> list[tuple[str, str]]:
    """Return subject and field of every claim with a value on the last page of this name accepted up to this one's time."""
    return conn.execute(
        """select subject, field from claims where source = ? and page_url = ? and value is not null
            and first_seen_at <= ? and (gone_at is null or gone_at > ?)""",
        (page.source, page.page_url, page.fetched_at, page.fetched_at),
    ).fetchall()


class _Later(NamedTuple):
    """The next later accepted page of a name: its fetch time, id, and own date of change."""

    fetched_at: str
    page: int
    stated_since: str | None


class _Neighbours(NamedTuple):
    """The accepted pages of a name around the time of another one, with the claims that each states.

    Attributes:
        before: fetch time of the page before it, None without one.
        after: the page after it, None without one.
        at_before: claims that hold on the page before.
        at_after: claims that hold on the page after.
    """

    before: str | None
    after: _Later | None
    at_before: dict[Key, _Interval]
    at_after: dict[Key, _Interval]


def _neighbours(conn: sqlite3.Connection, page: Page, page_number: int) -> _Neighbours:
    rows = conn.execute(
        "select fetched_at, page, stated_since from pages where source = ? and page_url = ? and state = 'accepted' and page != ? order by fetched_at, tie",
        (page.source, page.page_url, page_number),
    ).fetchall()
    before = max((row[0] for row in rows if row[0] <= page.fetched_at), default=None)
    after = next((_Later(*row) for row in rows if row[0] > page.fetched_at), None)
    known = conn.execute(
        f"select {_COLUMNS} from claims where source = ? and page_url = ?" + (" and gone_at is null" if after is None else ""),
        (page.source, page.page_url),
    )
    at_before: dict[Key, _Interval] = {}
    at_after: dict[Key, _Interval] = {}
    for row in known:
        interval = _Interval(row)
        if before is not None and interval.first_seen_at <= before and (interval.gone_at is None or interval.gone_at > before):
            at_before[interval.key] = interval
        if after is not None and interval.first_seen_at <= after.fetched_at <= interval.last_seen_at:
            at_after[interval.key] = interval
    return _Neighbours(before, after, at_before, at_after)


def accept(conn: sqlite3.Connection, page: Page, page_number: int, stated_since: str | None, claims: list[Claim]) -> Accepted:
    """Fit what a page states into the history of its claims.

    The result depends on the pages alone, not on the order in which they are loaded: an older page that is read later adds history and
    overrides nothing. Pages of one time count in the order of loading.

    Args:
        conn: in a transaction, foreign keys deferred.
        page: the page; its row must exist in ``pages``.
        page_number: its id.
        stated_since: when the site says that it last changed the content, UTC.
        claims: what the page states; one per section, subject and field.
    """
    around = _neighbours(conn, page, page_number)
    after = around.after
    # A claim that is new on this page is newer than the previous page. Ignore the site's date if it is older.
    stated_since = _after(stated_since, around.before)
    stated: dict[Key, Claim] = {(c.section, c.subject, c.field): c for c in claims}
    new: list[_Interval] = []
    ended = 0
    is_split = False
    for key in {**around.at_before, **around.at_after, **stated}:
        was, will_be, claim = around.at_before.get(key), around.at_after.get(key), stated.get(key)
        value = _ABSENT if claim is None else claim.value
        if was is not None and was.value == value:
            was.see_again(page.fetched_at)
            continue
        if was is not None:
            ended += 1
            if was is will_be and after is not None and around.before is not None:  # there before and after, but not on this page
                will_be, is_split = _rest_of(was, after, page.fetched_at), True
                new.append(will_be)
                was.last_seen_at = around.before
            was.gone_at, was.is_changed = page.fetched_at, True
        if claim is None:
            continue
        if will_be is not None and will_be.value == value:
            will_be.begin_earlier(claim, page.fetched_at, page_number, stated_since)
        else:
            row = (0, *key, claim.value, claim.value_text, claim.source_url or None)
            gone_at = None if after is None else after.fetched_at
            new.append(_Interval((*row, stated_since, page.fetched_at, page.fetched_at, gone_at, page_number)))
    if after is not None:
        later_stated = _after(after.stated_since, page.fetched_at)
        for interval in around.at_after.values():
            if interval.first_seen_at == after.fetched_at and later_stated != interval.stated_since:
                interval.stated_since, interval.is_changed = later_stated, True
    _write(conn, page, [*around.at_before.values(), *around.at_after.values()], new)
    return Accepted(len(new), ended, is_split)


def _rest_of(was: _Interval, after: _Later, fetched_at: str) -> _Interval:
    """Return the part of an interval from the later page on, where the page read at ``fetched_at`` splits it."""
    stated_since = _after(after.stated_since, fetched_at)
    return _Interval(
        (0, *was.key, was.value, was.value_text, was.source_url, stated_since, after.fetched_at, was.last_seen_at, was.gone_at, after.page)
    )


def _after(stated_since: str | None, before: str | None) -> str | None:
    """Return ``stated_since`` if it is later than ``before``, the previous page's fetch time. An earlier date cannot date new claims."""
    return stated_since if stated_since is None or before is None or stated_since > before else None


def _write(conn: sqlite3.Connection, page: Page, known: list[_Interval], new: list[_Interval]) -> None:
    name_subjects(conn, {interval.subject for interval in new})
    # Nearly every claim of a page is seen again: the row keeps its id, and no index has the time.
    conn.executemany("update claims set last_seen_at = ? where claim = ?", [(f.last_seen_at, f.claim) for f in known if f.is_seen_again])
    changed = {id(interval): interval for interval in known if interval.is_changed}.values()
    # The id is a hash with the time of the first page, so a claim that turns out to be older gets another one.
    conn.executemany(
        """update claims set claim = ?, value_text = ?, source_url = ?, stated_since = ?, first_seen_at = ?, last_seen_at = ?, gone_at = ?,
        page = ? where claim = ?""",
        [
            (_id(page, f), f.value_text, f.source_url, f.stated_since, f.first_seen_at, f.last_seen_at, f.gone_at, f.page, f.claim)
            for f in changed
        ],
    )
    conn.executemany(
        # A claim removed and added again within one second hashes to the same id: keep it as if it had never been removed.
        f"{INSERT_CLAIM} on conflict (claim) do update set last_seen_at = excluded.last_seen_at, gone_at = excluded.gone_at",
        [
            (
                _id(page, f), page.source, page.page_url, f.section, f.subject, f.field, f.value, f.value_text, f.source_url,
                f.stated_since, f.first_seen_at, f.last_seen_at, f.gone_at, f.page,
            )
            for f in new
        ],
    )  # fmt: skip


def _id(page: Page, interval: _Interval) -> int:
    return stable_id(page.source, page.page_url, interval.section, interval.subject, interval.field, interval.value, interval.first_seen_at)


def seen_again(conn: sqlite3.Connection, page: Page, number: int) -> bool:
    """Note that the current claims were seen again, for the newest page of a name if it has the content of the page before it.

    Returns:
        False if the page is another one; then nothing was done.
    """
    newest = conn.execute(
        """select page, content_sha256 from pages where source = ? and page_url = ? and state = 'accepted'
        order by fetched_at desc, tie desc limit 2""",
        (page.source, page.page_url),
    ).fetchall()
    if len(newest) < 2 or newest[0][0] != number or newest[0][1] != newest[1][1]:
        return False
    conn.execute(
        "update claims set last_seen_at = ? where source = ? and page_url = ? and gone_at is null",
        (page.fetched_at, page.source, page.page_url),
    )
    return True
