"""Parse one page: its claims, or why it is refused. Whatever a page does to its parser, it is named, and the other pages go on."""

from __future__ import annotations

import json
from datetime import UTC
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Final, NamedTuple

from hotpatch_kb.db.claims.checks import Count
from hotpatch_kb.db.model.claims import Claim, Page, Unread
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.scraper.sources import Source, unread

# Of one page. The largest, a month of MSRC of 20 MB, has some thousand; a body of 64 MB of nothing but rows would have a million.
MAX_CLAIMS: Final = 100_000
# Characters of one text. The longest on a page, a symptom, has 2,400.
MAX_TEXT: Final = 50_000


class Parsed(NamedTuple):
    """What a parser made of a page.

    Attributes:
        claims: what the page states, None where it is refused.
        unread: what is on the page and was not read.
        error: why it is refused, "" where it is not.
    """

    claims: list[Claim] | None
    unread: list[Unread]
    error: str


# The content type of a page that came from an export of another hotpatch-kb: its body is the JSON of its claims.
OF_FEED: Final = "application/vnd.hotpatch-kb.claims+json"


def is_of_feed(page: Page) -> bool:
    """Return whether a page came from an export."""
    return page.headers.get("content-type") == OF_FEED


def read_fed(page: Page) -> tuple[list[Claim], dict[str, Count], str | None]:
    """Return what a page of an export states, the sizes of its sections, and when the site says that it last changed the content.

    Raises:
        UnexpectedPage: its body is not what an update writes.
    """
    try:
        read = json.loads(page.body)
        claims = [Claim(*claim) for claim in read["claims"][: MAX_CLAIMS + 1]]
        sizes = {section: Count(*size) for section, size in read["sections"].items()}
    except (ValueError, KeyError, TypeError) as error:
        raise UnexpectedPage(f"expected the claims of a page, got {type(error).__name__}: {error}") from None
    return _bounded(claims), sizes, read.get("stated_since")


def parse(source: Source, page: Page) -> Parsed:
    """Return the claims of a page, or why it is refused: it is larger than a page of ours can be, or its parser cannot read it."""
    try:
        claims = _claims(source, page)
        return Parsed(claims, unread(source, page, claims), "")
    except UnexpectedPage as error:
        return Parsed(None, [], str(error))
    except Exception as error:  # noqa: BLE001 (a fault of one parser must not end the run)
        return Parsed(None, [], f"expected a page that its parser can read, got {type(error).__name__}: {error}")


def _claims(source: Source, page: Page) -> list[Claim]:
    if len(page.body) > source.at_most_bytes:
        raise UnexpectedPage(f"expected at most {source.at_most_bytes} bytes, got {len(page.body)} from {page.final_url}")
    if b"\0" in page.body[:64]:  # a parser that drops NULs read the dashes of UTF-16 as "\x20\x14"
        raise UnexpectedPage(f"expected text in UTF-8, got {page.body[:16]!r} from {page.final_url}")
    return _bounded(list(islice(source.parse(page), MAX_CLAIMS + 1)))


def _bounded(claims: list[Claim]) -> list[Claim]:
    if len(claims) > MAX_CLAIMS:
        raise UnexpectedPage(f"expected at most {MAX_CLAIMS} claims of a page, got more")
    for claim in claims:
        if max(len(claim.section), len(claim.subject), len(claim.value or ""), len(claim.value_text)) > MAX_TEXT:
            raise UnexpectedPage(
                f"expected texts of at most {MAX_TEXT} characters, got a longer one of {claim.subject[:60]!r}, {claim.field}"
            )
    return claims


def stated_since(source: Source, page: Page) -> str | None:
    """Return when the site says that it last changed the content (UTC), never later than the page was fetched; None where it does not say."""
    stated = last_modified(page) or _own_date(source, page)
    return min(stated, page.fetched_at) if stated else None


def last_modified(page: Page) -> str | None:
    """Return the Last-Modified header as UTC; None without one, and for support.microsoft.com, whose header is the time of the answer."""
    value = page.headers.get("last-modified")
    if not value or "//support.microsoft.com/" in page.final_url:
        return None
    try:
        return parsedate_to_datetime(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):  # no date, or one of the year 1 in another zone
        return None


def _own_date(source: Source, page: Page) -> str | None:
    try:
        return source.stated_since(page)
    except Exception:  # noqa: BLE001 (whatever goes wrong with a page's own date must not cost the page)
        return None
