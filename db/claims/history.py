"""Claims into the database as intervals, in the order of fetch times, whatever the order of loading."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.claims.checks import Count, count
from hotpatch_kb.db.model.claims import Claim, Page
from hotpatch_kb.db.model.ids import stable_id

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

    def __init__(self, row: tuple[Any, ...]) -> None:
        self.is_changed = False
        self.is_seen_again = False
        (
            self.claim, self.section, self.subject, self.field, self.value, self.value_text, self.source_url,
            self.stated_since, self.first_seen_at, self.last_seen_at, self.gone_at, self.page,
        ) = row  # fmt: skip


_COLUMNS: Final = "claim, section, subject, field, value, value_text, source_url, stated_since, first_seen_at, last_seen_at, gone_at, page"


# The columns of a claim's row, and how one is written.
CLAIM_COLUMNS: Final = (
    "claim", "source", "page_url", "section", "subject", "field", "value", "value_text", "source_url", "stated_since", "first_seen_at",
    "last_seen_at", "gone_at", "page",
)  # fmt: skip
INSERT_CLAIM: Final = f"insert into claims ({', '.join(CLAIM_COLUMNS)}) values ({', '.join('?' * len(CLAIM_COLUMNS))})"


def name_subjects(conn: sqlite3.Connection, subjects: Iterable[str]) -> None:
    """Makes the rows that claims and facts refer to."""
    conn.executemany("insert or ignore into subjects (subject, kind) values (?, ?)", [(s, s.partition("/")[0]) for s in sorted(subjects)])


def page_id(page: Page, sha256: str) -> int:
    """The id of an answer: address asked, time, content."""
    return page_id_of(page.url, page.fetched_at, page.status, sha256)


def page_id_of(url: str, fetched_at: str, status: int, sha256: str) -> int:
    """The same of a line of the archive's log."""
    return stable_id(url, fetched_at, str(status), sha256)


def is_loaded(conn: sqlite3.Connection, number: int) -> bool:
    """Whether the answer of an id was loaded, whatever came of it."""
    return conn.execute("select 1 from pages where page = ?", (number,)).fetchone() is not None


def is_accepted(conn: sqlite3.Connection, number: int) -> bool:
    """Whether the answer of an id was loaded, and counts."""
    return conn.execute("select 1 from pages where page = ? and state = 'accepted'", (number,)).fetchone() is not None


def first_like(conn: sqlite3.Connection, page: Page, content_sha256: str, is_kept: Callable[[str], bool]) -> str | None:
    """Hash of the bytes of the first answer of an address that had a content and is kept whole; None where none is.

    The very first may not be: it stands in the embedded facts, is damaged, or came later of a saved tree, like another one.
    """
    rows = conn.execute(
        "select sha256 from pages where url = ? and content_sha256 = ? and status = ? order by fetched_at, tie",
        (page.url, content_sha256, page.status),
    )
    return next((row[0] for row in rows if is_kept(row[0])), None)


# Claims of a content can be told from the intervals only where no other page of its name has its time.
_UNTIED: Final = """not exists (select 1 from pages as other where other.source = pages.source and other.page_url = pages.page_url
    and other.fetched_at = pages.fetched_at and other.state = 'accepted' and other.page != pages.page)"""


def is_new(conn: sqlite3.Connection, page: Page, sha256: str, content_sha256: str) -> bool:
    """Whether a page has to be parsed: it was not loaded before, and says something else than the page before it, or came late.

    What a page states is known without parsing it where it repeats the last page of its name. A content that was there once and
    comes back is parsed: how it was published stands with the claims that began with it, and others may have been there before.
    """
    if is_accepted(conn, page_id(page, sha256)):
        return False
    row = conn.execute(
        f"""select fetched_at <= ?, content_sha256 = ?, {_UNTIED} from pages where source = ? and page_url = ? and state = 'accepted'
        order by fetched_at desc, tie desc limit 1""",
        (page.fetched_at, content_sha256, page.source, page.page_url),
    ).fetchone()
    return row is None or not all(row)


class Validators(NamedTuple):
    """What an address is asked with: of its last accepted answer the address that gave it, ETag and Last-Modified, and the hash of its bytes."""

    final_url: str | None
    etag: str | None
    last_modified: str | None
    sha256: str


def validators(conn: sqlite3.Connection, url: str) -> Validators | None:
    """Those of an address; None where it has no accepted answer."""
    row = conn.execute(
        "select final_url, etag, last_modified, sha256 from pages where url = ? and state = 'accepted' order by fetched_at desc, tie desc limit 1",
        (url,),
    ).fetchone()
    return Validators(*row) if row else None


def answered_at(conn: sqlite3.Connection, source: str, url: str) -> str | None:
    """Fetch time of the last answer of an address, asked or redirected to: a page, or that there is none. None where it never answered.

    What was refused counts as no answer: it is asked for again in every run, until it can be read or a correction accepts it.
    """
    found = [
        conn.execute(
            f"select fetched_at from pages where {condition} and source = ? and state != 'refused' order by fetched_at desc limit 1",
            (url, source),
        ).fetchone()
        for condition in ("url = ?", "final_url = ? and final_url != url")
    ]
    return max((row[0] for row in found if row), default=None)


def refused_after(conn: sqlite3.Connection, page: Page) -> bool:
    """Whether a later page of this name was refused, which might have been accepted behind this one."""
    row = conn.execute(
        "select 1 from pages where source = ? and page_url = ? and state = 'refused' and fetched_at > ? limit 1",
        (page.source, page.page_url, page.fetched_at),
    ).fetchone()
    return row is not None


# What was refused and has no later answer, from the few rows of the state instead of all of years.
_REFUSED: Final = """select distinct p.{0} from pages as p where p.source = ? and p.state = 'refused' and not exists (
    select 1 from pages as q where q.source = p.source and q.{0} = p.{0} and (q.fetched_at, q.tie) > (p.fetched_at, p.tie))"""


def has_refused(conn: sqlite3.Connection, source: str) -> bool:
    """Whether the newest answer of one of a source's pages was refused."""
    return conn.execute(f"{_REFUSED.format('page_url')} limit 1", (source,)).fetchone() is not None


def refused_urls(conn: sqlite3.Connection, source: str) -> set[str]:
    """Addresses of a source of which the newest answer was refused."""
    return {row[0] for row in conn.execute(_REFUSED.format("url"), (source,))}


def last_content(conn: sqlite3.Connection, page: Page) -> tuple[str, str]:
    """Hashes (as served, of the content) of the last accepted answer of an address."""
    found: tuple[str, str] = conn.execute(
        "select sha256, content_sha256 from pages where url = ? and state = 'accepted' order by fetched_at desc, tie desc limit 1",
        (page.url,),
    ).fetchone()
    return found


def stated_since(conn: sqlite3.Connection, page: Page, content_sha256: str) -> str | None:
    """When the site said that a content was changed, of the first page that had it."""
    row = conn.execute(
        "select stated_since from pages where source = ? and page_url = ? and content_sha256 = ? and status = 200 and state = 'accepted' order by fetched_at limit 1",
        (page.source, page.page_url, content_sha256),
    ).fetchone()
    return row[0] if row else None


def record_page(
    conn: sqlite3.Connection,
    page: Page,
    number: int,
    sha256: str,
    content_sha256: str,
    stated_since: str | None,
    state: str,
    size: int,
    run: int,
) -> None:
    """Writes the row of an answer. One that was refused before may be accepted now, and takes the same row."""
    # Behind every other one: a count of them would be that of the last one, where it is this row that is accepted late.
    tie = conn.execute(
        "select coalesce(max(tie) + 1, 0) from pages where source = ? and page_url = ? and fetched_at = ? and page != ?",
        (page.source, page.page_url, page.fetched_at, number),
    ).fetchone()[0]
    conn.execute(
        """insert into pages values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        on conflict (page) do update set state = excluded.state, stated_since = excluded.stated_since, tie = excluded.tie""",
        (
            number, page.source, page.page_url, page.url, page.final_url, page.fetched_at, tie, stated_since, page.status, sha256, content_sha256,
            page.headers.get("etag"), page.headers.get("last-modified"), 0 if page.status == 304 else size, state, run,
        ),
    )  # fmt: skip


def counts_before(conn: sqlite3.Connection, page: Page, family: Iterable[str] = ()) -> dict[str, Count]:
    """Section counts of the last page accepted up to this one's time; of another page of its family if it is new itself."""
    for urls in ((page.page_url,), tuple(family)):
        row = conn.execute(
            f"""select page_url, content_sha256 from pages where source = ? and state = 'accepted' and fetched_at <= ?
                and page_url in ({", ".join("?" * len(urls))}) order by fetched_at desc, page_url, tie desc limit 1""",
            (page.source, page.fetched_at, *urls),
        ).fetchone()
        if row:
            return counts_of(conn, page.source, *row)
    return {}


def counts_after(conn: sqlite3.Connection, page: Page) -> dict[str, Count] | None:
    """Section counts of the first page of this name accepted with a later time, None if this is the last."""
    row = conn.execute(
        "select page_url, content_sha256 from pages where source = ? and state = 'accepted' and fetched_at > ? and page_url = ? order by fetched_at, tie limit 1",
        (page.source, page.fetched_at, page.page_url),
    ).fetchone()
    return counts_of(conn, page.source, *row) if row else None


def counts_of(conn: sqlite3.Connection, source: str, page_url: str, content_sha256: str) -> dict[str, Count]:
    """Section counts of a content that was accepted before."""
    found = conn.execute(
        "select section, row_count, release_count from sections where source = ? and page_url = ? and content_sha256 = ?",
        (source, page_url, content_sha256),
    )
    return {section: Count(rows, releases) for section, rows, releases in found}


def claims_of_content(conn: sqlite3.Connection, source: str, page_url: str, content_sha256: str) -> list[Claim] | None:
    """The claims of a page whose content was parsed and accepted before; None if it never was. Saves the parse."""
    row = conn.execute(
        f"select fetched_at from pages where source = ? and page_url = ? and content_sha256 = ? and state = 'accepted' and {_UNTIED} order by fetched_at limit 1",
        (source, page_url, content_sha256),
    ).fetchone()
    if row is None:
        return None
    found = conn.execute(
        """select section, subject, field, value, value_text, source_url from claims
           where source = ? and page_url = ? and first_seen_at <= ? and (gone_at is null or gone_at > ?)""",
        (source, page_url, row[0], row[0]),
    )
    return [Claim(section, subject, field, value, text, -1, url or "") for section, subject, field, value, text, url in found]


def repeats(conn: sqlite3.Connection, page: Page, content_sha256: str) -> bool:
    """Whether the last accepted page of this name is no later than this one and has the same content."""
    row = conn.execute(
        """select content_sha256 = ? and fetched_at <= ? from pages where source = ? and page_url = ? and state = 'accepted'
        order by fetched_at desc, tie desc limit 1""",
        (content_sha256, page.fetched_at, page.source, page.page_url),
    ).fetchone()
    return bool(row and row[0])


class Accepted(NamedTuple):
    """What a page did to the claims.

    Attributes:
        began: how many claims began.
        ended: how many ended.
        is_split: it lies between pages that agreed. How the later of them put it is not known here: only a replay says that.
    """

    began: int
    ended: int
    is_split: bool


def stated_before(conn: sqlite3.Connection, page: Page) -> list[tuple[str, str]]:
    """Subject and field of what the last page of this name, accepted up to this one's time, states."""
    return conn.execute(
        """select subject, field from claims where source = ? and page_url = ? and value is not null
            and first_seen_at <= ? and (gone_at is null or gone_at > ?)""",
        (page.source, page.page_url, page.fetched_at, page.fetched_at),
    ).fetchall()


def accept(conn: sqlite3.Connection, page: Page, page_number: int, stated_since: str | None, claims: list[Claim]) -> Accepted:
    """Fits what a page states into the history of its claims.

    The result depends on the pages alone, not on the order in which they are loaded: an older page that is read later
    adds history and overrides nothing. Pages of one time count in the order of loading.

    Args:
        conn: in a transaction, foreign keys deferred.
        page: the page; its row must exist in ``pages``.
        page_number: its id.
        stated_since: when the site says that its content was changed.
        claims: what it states; one per section, subject and field.

    """
    times = conn.execute(
        "select fetched_at, page, stated_since from pages where source = ? and page_url = ? and state = 'accepted' and page != ? order by fetched_at, tie",
        (page.source, page.page_url, page_number),
    ).fetchall()
    before = max((row[0] for row in times if row[0] <= page.fetched_at), default=None)
    after = next((row for row in times if row[0] > page.fetched_at), None)
    known = conn.execute(
        f"select {_COLUMNS} from claims where source = ? and page_url = ?" + (" and gone_at is null" if after is None else ""),
        (page.source, page.page_url),
    )
    at_before: dict[Key, _Interval] = {}
    at_after: dict[Key, _Interval] = {}
    for row in known:
        found = _Interval(row)
        key = (found.section, found.subject, found.field)
        if before is not None and found.first_seen_at <= before and (found.gone_at is None or found.gone_at > before):
            at_before[key] = found
        if after is not None and found.first_seen_at <= after[0] <= found.last_seen_at:
            at_after[key] = found
    # What a page states anew was not there on the page before: a site that changed its page and not its date is not believed.
    stated_since = _after(stated_since, before)
    stated: dict[Key, Claim] = {(c.section, c.subject, c.field): c for c in claims}
    new: list[_Interval] = []
    ended = 0
    is_split = False

    def begin(claim: Claim) -> None:
        row = (0, claim.section, claim.subject, claim.field, claim.value, claim.value_text, claim.source_url or None)
        gone_at = None if after is None else after[0]
        new.append(_Interval((*row, stated_since, page.fetched_at, page.fetched_at, gone_at, page_number)))

    for key in {**at_before, **at_after, **stated}:
        was, will_be = at_before.get(key), at_after.get(key)
        claim = stated.get(key)
        value = _ABSENT if claim is None else claim.value
        if was is not None and was.value == value:
            if page.fetched_at > was.last_seen_at:
                was.last_seen_at, was.is_seen_again = page.fetched_at, True
            continue
        if was is not None:
            ended += 1
            if was is will_be and after is not None and before is not None:  # it stood before and after, and not on this page in between
                later = _Interval(
                    (
                        0,
                        *key,
                        was.value,
                        was.value_text,
                        was.source_url,
                        _after(after[2], page.fetched_at),
                        after[0],
                        was.last_seen_at,
                        was.gone_at,
                        after[1],
                    )
                )
                new.append(later)
                will_be, is_split = later, True
                was.last_seen_at = before
            was.gone_at, was.is_changed = page.fetched_at, True
        if claim is None:
            continue
        if will_be is not None and will_be.value == value:
            will_be.first_seen_at, will_be.page, will_be.stated_since, will_be.is_changed = page.fetched_at, page_number, stated_since, True
            will_be.value_text, will_be.source_url = claim.value_text, claim.source_url or None  # as the first page has it
        else:
            begin(claim)
    if after is not None:
        for found in at_after.values():
            if found.first_seen_at == after[0] and (later_stated := _after(after[2], page.fetched_at)) != found.stated_since:
                found.stated_since, found.is_changed = later_stated, True
    _write(conn, page, [*at_before.values(), *at_after.values()], new)
    return Accepted(len(new), ended, is_split)


def _after(stated_since: str | None, before: str | None) -> str | None:
    """A page's own date of change, if it lies after the page before it was read; else it says nothing of what is new."""
    return stated_since if stated_since is None or before is None or stated_since > before else None


def _write(conn: sqlite3.Connection, page: Page, known: list[_Interval], new: list[_Interval]) -> None:
    name_subjects(conn, {found.subject for found in new})
    # Nearly every claim of a page is one that was seen again: the row keeps its id, and no index holds the time.
    conn.executemany("update claims set last_seen_at = ? where claim = ?", [(f.last_seen_at, f.claim) for f in known if f.is_seen_again])
    changed = {id(found): found for found in known if found.is_changed}.values()
    # The id holds the time of the first page, so a claim found to be older gets another one.
    conn.executemany(
        """update claims set claim = ?, value_text = ?, source_url = ?, stated_since = ?, first_seen_at = ?, last_seen_at = ?, gone_at = ?,
        page = ? where claim = ?""",
        [
            (_id(page, f), f.value_text, f.source_url, f.stated_since, f.first_seen_at, f.last_seen_at, f.gone_at, f.page, f.claim)
            for f in changed
        ],
    )
    conn.executemany(
        # Said, unsaid and said again within a second: it has the id that it had, and stands as if nothing had been.
        f"{INSERT_CLAIM} on conflict (claim) do update set last_seen_at = excluded.last_seen_at, gone_at = excluded.gone_at",
        [
            (
                _id(page, f), page.source, page.page_url, f.section, f.subject, f.field, f.value, f.value_text, f.source_url,
                f.stated_since, f.first_seen_at, f.last_seen_at, f.gone_at, f.page,
            )
            for f in new
        ],
    )  # fmt: skip


def _id(page: Page, found: _Interval) -> int:
    return stable_id(page.source, page.page_url, found.section, found.subject, found.field, found.value, found.first_seen_at)


def seen_again(conn: sqlite3.Connection, page: Page, number: int) -> bool:
    """The quick way for a page that is the newest and has the content of the one before: its standing claims were seen once more.

    Returns:
        False if the page is not such a page, and nothing was done.
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


def record_sections(conn: sqlite3.Connection, page: Page, content_sha256: str, claims: list[Claim]) -> None:
    """Keeps the section counts of newly parsed content."""
    conn.executemany(
        "insert or ignore into sections (source, page_url, content_sha256, section, row_count, release_count) values (?, ?, ?, ?, ?, ?)",
        [(page.source, page.page_url, content_sha256, section, found.rows, found.releases) for section, found in count(claims).items()],
    )
