"""Pages of an export: what its database says that each page states, as pages that a run takes.

A page of a feed has no bytes as served; its body is the JSON of its claims. So it is archived, checked, loaded and replayed like every other page, and keeps
its source, its address and the time at which it was read.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from hotpatch_kb.db.claims.pages import counts_of
from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.site.export.files import INDEX, SCHEMA_VERSION, is_name
from hotpatch_kb.db.site.export.signing import SIGNATURE, is_signed, public_key
from hotpatch_kb.db.store.migrations import check_for_reading
from hotpatch_kb.scraper.crawl.parsed import OF_FEED
from hotpatch_kb.scraper.fetch import feed
from hotpatch_kb.scraper.fetch.addresses import ALLOWED_HOSTS
from hotpatch_kb.scraper.fetch.errors import Refused, Unreachable, without_password

# The tables that are read here. Views and virtual tables have no page of their own; columns that are worked out are hidden ones.
_READ: Final = ("claims", "pages", "sections", "lines")
_WORKED_OUT: Final = """
    select name from sqlite_master where name in (?, ?, ?, ?)
        and (coalesce(rootpage, 0) = 0 or exists (select 1 from pragma_table_xinfo(sqlite_master.name) where hidden))
"""


def pages_of(conn: sqlite3.Connection, fed: sqlite3.Connection, known: frozenset[str]) -> Iterator[Page]:
    """Yield the accepted pages of a feed that a database does not have, in the order of their fetch times.

    Of answers that repeat the one before only the last counts: it says when the content was seen last.

    Args:
        conn: the database.
        fed: the database of the export.
        known: ids of sources; pages of others, of a newer version of the program, are left out.

    Raises:
        Refused: a page is not of a host that is read.
    """
    loaded = set(conn.execute("select source, page_url, fetched_at from pages where state = 'accepted'").fetchall())
    rows = fed.execute(
        """select source, page_url, url, final_url, fetched_at, content_sha256, stated_since, lag(content_sha256) over name, lead(content_sha256) over name,
            lead(fetched_at) over name
        from pages where state = 'accepted' and url like 'https://%' window name as (partition by source, page_url order by fetched_at, tie)
        order by fetched_at, source, page_url, tie"""
    ).fetchall()
    for source, page_url, url, final_url, fetched_at, content, since, before, after, next_at in rows:
        is_between = before == content == after
        if is_between or next_at == fetched_at or source not in known or (source, page_url, fetched_at) in loaded:
            continue
        for address in (page_url, url, final_url):
            if urlsplit(address).hostname not in ALLOWED_HOSTS or not address.startswith("https://"):
                raise Refused(address, "expected a page of a host that we read, got another in the feed")
        body = _body(fed, source, page_url, fetched_at, content, since)
        yield Page(source, page_url, url, final_url, fetched_at, 200, body, {"content-type": OF_FEED})


def _body(fed: sqlite3.Connection, source: str, page_url: str, fetched_at: str, content: str, since: str | None) -> bytes:
    found = fed.execute(
        """select section, subject, field, value, value_text, source_url from claims
        where source = ? and page_url = ? and first_seen_at <= ? and (gone_at is null or gone_at > ?) order by section, subject, field""",
        (source, page_url, fetched_at, fetched_at),
    ).fetchall()
    rows: dict[tuple[str, str], int] = {}
    claims = [
        (section, subject, field, value, text, rows.setdefault((section, subject), len(rows)), url or "")
        for section, subject, field, value, text, url in found
    ]
    sections = dict(sorted(counts_of(fed, source, page_url, content).items()))
    return json.dumps({"stated_since": since, "sections": sections, "claims": claims}, ensure_ascii=False, indent=0).encode(
        "utf-8", "replace"
    )


def lost(conn: sqlite3.Connection, fed: sqlite3.Connection) -> list[str]:
    """Return the subjects of claims that an export should have and has not: of pages that came with the program, and of pages that it has read, too.

    What was read here alone, and the tables that come with the program, need not be there. Facts follow from claims, so none of them is lost either.
    """
    theirs = set(fed.execute("select source, page_url, section, subject, field, value from claims").fetchall())
    read = set(fed.execute("select source, page_url, fetched_at from pages where state = 'accepted'").fetchall())
    own = conn.execute(
        """select c.source, c.page_url, c.section, c.subject, c.field, c.value, p.fetched_at, r.kind = 'seed' from claims as c
        join pages as p using (page) join runs as r using (run) where p.url like 'https://%' order by c.subject"""
    ).fetchall()
    return list(dict.fromkeys(row[3] for row in own if tuple(row[:6]) not in theirs and (row[7] or (row[0], row[1], row[6]) in read)))


def older_lines(conn: sqlite3.Connection, fed: sqlite3.Connection) -> list[tuple[str, str, str, str]]:
    """Return the lines of products whose data in a feed ends before the database's: product, line, our day, the feed's."""
    ends = {(product, line): day for product, line, day in fed.execute("select product, line, data_until from lines").fetchall()}
    return [
        (product, line, day, ends[product, line])
        for product, line, day in conn.execute("select product, line, data_until from lines order by product, line").fetchall()
        if (product, line) in ends and ends[product, line] < day
    ]


def named(given: str) -> str:
    """Return the address or the folder of an export, from that or from that of its index or another of its files.

    Raises:
        BadInput: it is an address that is not HTTPS.
    """
    if "://" in given:
        return feed.address_of(given)
    path = Path(given)
    return str(path.parent if path.name == INDEX or path.is_file() else path)


class Feed:
    """An export at an address or in a folder.

    Attributes:
        name: the address or the path, as messages and what is kept say it: without a password.
    """

    def __init__(self, given: str, key: Path | None = None) -> None:
        """Take an HTTPS address, a folder, or the path of an ``index.json``; and the file of the public key that must have signed it.

        Raises:
            BadInput: it is neither, or the file is not a usable key.
        """
        self._key = public_key(key) if key is not None else None
        self._address = named(given)
        self.name = without_password(self._address)
        self._folder = None if "://" in given else Path(self._address)
        if self._folder is not None and not (self._folder / INDEX).is_file():
            raise BadInput(
                "expected the address or the folder of an export, got {got} without {name}, which has the hashes: copy the whole folder",
                got=without_password(given)[:200],
                name=INDEX,
            )

    def index(self, former: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]] | None:
        """Return the index of the export, and what to keep of its answer; None where it has not changed since the one that was taken.

        Args:
            former: what was kept of the answer before, {} without one.

        Raises:
            FetchError: it cannot be had, or it is no index of ours.
        """
        is_same = former.get("name") == self.name
        conditions = (former.get("etag", ""), former.get("last_modified", "")) if is_same else ("", "")
        body = self._signed_index(*conditions)
        if body is None:
            return None
        kept = {
            "name": self.name, "etag": body.etag, "last_modified": body.last_modified, "sha256": hashlib.sha256(body.content).hexdigest(),
        }  # fmt: skip
        if is_same and kept["sha256"] == former.get("sha256"):
            return None
        try:
            index = json.loads(body.content)
            version, made_at, database = index["schema_version"], index["made_at"], self._listed(index)
        except (ValueError, KeyError, TypeError):
            raise Refused(self.name, f"expected the {INDEX} of an export, got something else") from None
        if version != SCHEMA_VERSION or not isinstance(made_at, str):
            raise Refused(self.name, f"expected an export of version {SCHEMA_VERSION}, got {version!r}: update hotpatch-kb")
        counts = {name: int(index["counts"][name]) for name in ("pages", "claims")}
        if is_same and (less := [name for name in counts if counts[name] < int(former.get(name, "0"))]):
            # A claim ends, it is never deleted; a page that was read stays read.
            raise Refused(self.name, f"expected at least {former[less[0]]} {less[0]} as before, got {counts[less[0]]}")
        if is_same and made_at < former.get("made_at", ""):
            raise Refused(self.name, f"expected an export of {former['made_at']} or later, got an older one, of {made_at}")
        return index | {"listed": database}, kept | {"made_at": made_at} | {name: str(count) for name, count in counts.items()}

    def _signed_index(self, etag: str, last_modified: str) -> feed.Body | None:
        """Return the index, with the right signature where there must be one; None where it has not changed.

        Raises:
            FetchError: it cannot be had, or its signature is not right.
        """
        for _ in range(2):  # an export may replace both between our two questions
            body = self._file(INDEX, etag, last_modified)
            if body is None or self._key is None:
                return body
            signature = self._file(SIGNATURE)
            if signature is not None and is_signed(body.content, signature.content, self._key):
                return body
        raise Refused(self.name, f"expected {INDEX} to be signed with the key given, got another signature in {SIGNATURE}")

    def _file(self, name: str, etag: str = "", last_modified: str = "") -> feed.Body | None:
        if self._folder is None:
            return feed.get(self._address, name, etag, last_modified)
        try:
            return feed.Body((self._folder / name).read_bytes(), "", "")
        except OSError as error:
            raise Unreachable(self.name, f"expected its {name}, got {error.strerror}") from None

    def _listed(self, index: Mapping[str, Any]) -> tuple[str, str, int]:
        """Return the name, the hash and the size of the database."""
        name = index["database"]["path"]
        found = next((file for file in index["files"] if file["path"] == name), None)
        if found is None or not is_name(name):
            raise KeyError(name)
        return name, str(found["sha256"]), int(found["bytes"])

    def database(self, index: Mapping[str, Any], target: Path) -> None:
        """Write the database of the export to the disk.

        Raises:
            FetchError: it cannot be had, or its bytes are not those that the index names.
        """
        name, expected, size = index["listed"]
        if self._folder is None:
            found = feed.save(self._address, name, size, target)
        else:
            try:
                shutil.copyfile(self._folder / name, target)
            except OSError as error:
                raise Unreachable(self.name, f"expected its {name}, got {error.strerror}") from None
            with target.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise Refused(self.name, f"expected {name} with the SHA-256 {expected[:12]}..., as its {INDEX} says, got {found[:12]}...")


def opened(path: Path, name: str) -> sqlite3.Connection:
    """Open the database of an export to read its rows; nothing that its schema names is run.

    What is read must be stored rows: a view of that name, or a column that is worked out, could take for ever or fill the memory.

    Raises:
        Refused: it is no database of this version, or not a whole one.
    """
    conn = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        conn.execute("pragma trusted_schema = off")
        conn.execute("pragma cell_size_check = on")
        check_for_reading(conn, name)
        problem = conn.execute("pragma quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise sqlite3.DatabaseError(problem)
        if worked_out := conn.execute(_WORKED_OUT, _READ).fetchone():
            raise sqlite3.DatabaseError(f"{worked_out[0]}, which is no plain table")
    except (sqlite3.DatabaseError, BadInput) as error:
        conn.close()
        raise Refused(name, f"expected a whole database of this version in the export, got {error}") from None
    return conn


def check(conn: sqlite3.Connection, fed: sqlite3.Connection, name: str) -> None:
    """Refuse an export whose data is older than the database's, or that lacks facts which it should have.

    Raises:
        Refused: it is.
    """
    if older := older_lines(conn, fed):
        product, line, own, theirs = older[0]
        more = f" and {len(older) - 1} more lines" if len(older) > 1 else ""
        raise Refused(name, f"expected data of {own} or later for the {line} line of {product}{more}, got an older export, of {theirs}")
    if missing := lost(conn, fed):
        raise Refused(name, f"expected every fact that its pages state, got {len(missing)} less, such as {missing[0]}")
