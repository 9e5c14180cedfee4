"""Query and write the rows of ``pages`` and ``sections``: which answers were loaded, what became of them, and how many rows each section of a page had."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from hotpatch_kb.db.claims.checks import Count
from hotpatch_kb.db.model.claims import Claim, Page, stable_id


def page_id(page: Page, sha256: str) -> int:
    """Return the id of an answer, a hash of the address asked, the time and the content."""
    return page_id_of(page.url, page.fetched_at, page.status, sha256)


def page_id_of(url: str, fetched_at: str, status: int, sha256: str) -> int:
    """Return the same id from the values of a line of the archive's log."""
    return stable_id(url, fetched_at, str(status), sha256)


def is_loaded(conn: sqlite3.Connection, number: int) -> bool:
    """Return whether the answer with this id was loaded, accepted or not."""
    return conn.execute("select 1 from pages where page = ?", (number,)).fetchone() is not None


def is_accepted(conn: sqlite3.Connection, number: int) -> bool:
    """Return whether the answer with this id was loaded and accepted."""
    return conn.execute("select 1 from pages where page = ? and state = 'accepted'", (number,)).fetchone() is not None


def first_like(conn: sqlite3.Connection, page: Page, content_sha256: str, is_kept: Callable[[str], bool]) -> str | None:
    """Return the hash of the first answer of this address with this content whose bytes are kept whole, None without one.

    The very first answer may not be kept: it came with the embedded facts, is damaged, or was itself stored as like another one.
    """
    rows = conn.execute(
        "select sha256 from pages where url = ? and content_sha256 = ? and status = ? order by fetched_at, tie",
        (page.url, content_sha256, page.status),
    )
    return next((row[0] for row in rows if is_kept(row[0])), None)


# The intervals of claims give the claims of a content only where no other accepted page of its name has the same time.
_UNTIED: Final = """not exists (select 1 from pages as other where other.source = pages.source and other.page_url = pages.page_url
    and other.fetched_at = pages.fetched_at and other.state = 'accepted' and other.page != pages.page)"""


def is_new(conn: sqlite3.Connection, page: Page, sha256: str, content_sha256: str) -> bool:
    """Return whether a page has to be parsed.

    Skip a page that was accepted before, or that repeats the newest accepted page of its name and is not older. Parse content that returns
    after a change: its text may have been reworded.
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
    """What a conditional request sends, from the last accepted answer of an address: who answered, ETag, Last-Modified, hash of the bytes."""

    final_url: str | None
    etag: str | None
    last_modified: str | None
    sha256: str


def validators(conn: sqlite3.Connection, url: str) -> Validators | None:
    """Return the validators of an address, None where it has no accepted answer."""
    row = conn.execute(
        "select final_url, etag, last_modified, sha256 from pages where url = ? and state = 'accepted' order by fetched_at desc, tie desc limit 1",
        (url,),
    ).fetchone()
    return Validators(*row) if row else None


def answered_at(conn: sqlite3.Connection, source: str, url: str) -> str | None:
    """Return when an address last answered, asked or redirected to, with a page or with 404; None where it never did.

    A refused page counts as no answer: it is asked for again in every run until it can be read or a correction accepts it.
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
    """Return whether a later page of this name was refused. After this page it might be accepted."""
    row = conn.execute(
        "select 1 from pages where source = ? and page_url = ? and state = 'refused' and fetched_at > ? limit 1",
        (page.source, page.page_url, page.fetched_at),
    ).fetchone()
    return row is not None


# Refused pages without a later answer. The index on the state finds these few rows among those of years.
_REFUSED: Final = """select distinct p.{0} from pages as p where p.source = ? and p.state = 'refused' and not exists (
    select 1 from pages as q where q.source = p.source and q.{0} = p.{0} and (q.fetched_at, q.tie) > (p.fetched_at, p.tie))"""


def has_refused(conn: sqlite3.Connection, source: str) -> bool:
    """Return whether the newest answer of any page of a source was refused."""
    return conn.execute(f"{_REFUSED.format('page_url')} limit 1", (source,)).fetchone() is not None


def refused_urls(conn: sqlite3.Connection, source: str) -> set[str]:
    """Return the addresses of a source whose newest answer was refused."""
    return {row[0] for row in conn.execute(_REFUSED.format("url"), (source,))}


def last_content(conn: sqlite3.Connection, page: Page) -> tuple[str, str]:
    """Return two hashes of the last accepted answer of an address: of the bytes as served, of the content."""
    found: tuple[str, str] = conn.execute(
        "select sha256, content_sha256 from pages where url = ? and state = 'accepted' order by fetched_at desc, tie desc limit 1",
        (page.url,),
    ).fetchone()
    return found


def stated_since(conn: sqlite3.Connection, page: Page, content_sha256: str) -> str | None:
    """Return when the site said that it last changed this content, from the first page that had it."""
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
    """Write the row of an answer. An answer that was refused before and is accepted now keeps its row."""
    # The maximum plus one. A count can repeat a number if this page was refused first and is accepted later.
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
    """Return the section counts of the last page accepted up to this one's time; a new page is compared with one of its family."""
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
    """Return the section counts of the next later page of this name that was accepted, None if this is the last."""
    row = conn.execute(
        "select page_url, content_sha256 from pages where source = ? and state = 'accepted' and fetched_at > ? and page_url = ? order by fetched_at, tie limit 1",
        (page.source, page.fetched_at, page.page_url),
    ).fetchone()
    return counts_of(conn, page.source, *row) if row else None


def counts_of(conn: sqlite3.Connection, source: str, page_url: str, content_sha256: str) -> dict[str, Count]:
    """Return the section counts of a content that was accepted before."""
    found = conn.execute(
        "select section, row_count, release_count from sections where source = ? and page_url = ? and content_sha256 = ?",
        (source, page_url, content_sha256),
    )
    return {section: Count(rows, releases) for section, rows, releases in found}


def claims_of_content(conn: sqlite3.Connection, source: str, page_url: str, content_sha256: str) -> list[Claim] | None:
    """Return the claims of a content that was accepted before, from their intervals; None if it never was."""
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
    """Return whether the newest accepted page of this name has the same content and is not later."""
    row = conn.execute(
        """select content_sha256 = ? and fetched_at <= ? from pages where source = ? and page_url = ? and state = 'accepted'
        order by fetched_at desc, tie desc limit 1""",
        (content_sha256, page.fetched_at, page.source, page.page_url),
    ).fetchone()
    return bool(row and row[0])


def record_sections(conn: sqlite3.Connection, page: Page, content_sha256: str, sizes: Mapping[str, Count]) -> None:
    """Write the section counts of newly parsed content."""
    conn.executemany(
        "insert or ignore into sections (source, page_url, content_sha256, section, row_count, release_count) values (?, ?, ?, ?, ?, ?)",
        [(page.source, page.page_url, content_sha256, section, found.rows, found.releases) for section, found in sizes.items()],
    )


def article_links(conn: sqlite3.Connection) -> list[tuple[str, str, str, str, str]]:
    """Return what current claims link to: source, page, subject, address of the article, ISO date beside it ("" without one)."""
    return conn.execute(
        """select c.source, c.page_url, c.subject, c.value, coalesce(d.value, '') from claims as c
        left join claims as d on d.source = c.source and d.page_url = c.page_url and d.section = c.section and d.subject = c.subject
            and d.field = 'release_date' and d.gone_at is null
        where c.field in ('article_url', 'article_url#2') and c.value is not null and c.gone_at is null"""
    ).fetchall()


def read_after(conn: sqlite3.Connection, time: str) -> tuple[int, str]:
    """Return how many pages were read after a time, and when the last was.

    The tables that come with the program have its days, not the clock's.
    """
    count, last = conn.execute(
        "select count(*), max(fetched_at) from pages where fetched_at > ? and url like 'https://%'", (time,)
    ).fetchone()
    return count, last or ""


def ahead_note(conn: sqlite3.Connection, time: str) -> str:
    """Return a line about the pages that were read after a time, which is that of today; "" if there are none."""
    count, last = read_after(conn, time)
    if not count:
        return ""
    return f"{count} pages were read after today, the last on {last[:10]}: a clock was wrong; hotpatch-kb doctor --repair moves them aside"


def last_run(conn: sqlite3.Connection) -> int:
    """Return the number of the last run, 0 without one."""
    number: int = conn.execute("select coalesce(max(run), 0) from runs").fetchone()[0]
    return number


def has_runs(conn: sqlite3.Connection) -> bool:
    """Return whether any run was loaded.

    Raises:
        sqlite3.DatabaseError: there is no table of runs.
    """
    return conn.execute("select 1 from runs limit 1").fetchone() is not None
