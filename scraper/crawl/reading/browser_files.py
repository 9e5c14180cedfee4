"""Read what a browser saves of a page: HTML under any name, and MHTML. Find the address of the page in it, since a file's name does not say it."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from typing import Final, NamedTuple

# The beginning of a page, within which it says that it is one.
_BEGIN: Final = 4096
_HTML: Final = re.compile(rb"<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_MHTML: Final = re.compile(rb"^content-type:\s*multipart/related\b", re.IGNORECASE | re.MULTILINE)
# <!-- saved from url=(0060)https://learn.microsoft.com/... -->, as Chrome, Edge and Internet Explorer write it
_SAVED_FROM: Final = re.compile(r"<!--\s*saved from url=\(\d+\)(\S+?)\s*-->")
_BODY: Final = re.compile(r"<body\b", re.IGNORECASE)
_MAX_HEAD: Final = 1_000_000  # characters; a head of Learn has 20,000
# What looks like a tag and is not one. What is never closed goes to the end, as in a browser: else each of many beginnings would look for an end.
_NO_TAGS: Final = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|template|noscript)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<(?:link|meta|base)\b[^>]*(?:>|\Z)", re.IGNORECASE)
# The front matter of Learn's Markdown, such as "canonicalUrl: https://learn.microsoft.com/..."
_FRONT_MATTER: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?---\r?\n(.*?)\r?\n---\r?\n", re.DOTALL)
_CANONICAL: Final = re.compile(r"^canonicalUrl:\s*[\"']?(https://\S+?)[\"']?\s*$", re.MULTILINE)


class SavedPage(NamedTuple):
    """A page as a browser saved it.

    Attributes:
        addresses: those that the file names, the most telling first.
        saved_from: where the browser had it, "" where the file does not say.
        body: the page, HTML in UTF-8 where the file says its encoding, or Markdown.
        suffix: of its file in a saved tree.
        content_type: of the page.
        saved_at: when the file says that it was saved; None where it does not.
    """

    addresses: tuple[str, ...]
    saved_from: str
    body: bytes
    suffix: str
    content_type: str
    saved_at: datetime | None


def read(content: bytes) -> SavedPage | None:
    """Return the page in a file, None where it is neither HTML nor MHTML nor Markdown with its address."""
    if (front := _FRONT_MATTER.match(content)) is not None:
        named = tuple(_CANONICAL.findall(front[1].decode("utf-8", "replace")))
        return SavedPage(named, "", content, ".md", "text/markdown; charset=utf-8", None) if named else None
    if _MHTML.search(_header(content)):
        return _mhtml(content)
    if _HTML.search(content[:_BEGIN]):
        text = content.decode("utf-8", "replace")
        saved_from = next(iter(_SAVED_FROM.findall(text[:_BEGIN])), "")
        return SavedPage(tuple(_addresses(text)), saved_from, content, ".html", "text/html; charset=utf-8", None)
    return None


def _header(content: bytes) -> bytes:
    """Return the header of a message, b"" where a file does not begin with one."""
    begin = content[:_BEGIN].lstrip(b"\xef\xbb\xbf\r\n")
    return re.split(rb"\r?\n\r?\n", begin, maxsplit=1)[0] if re.match(rb"[A-Za-z-]+:", begin) else b""


def _mhtml(content: bytes) -> SavedPage | None:
    """Return the page in a web archive: the part that the archive begins with, or its first one of HTML."""
    message = email.message_from_bytes(content.lstrip(b"\xef\xbb\xbf\r\n"), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    pages = [part for part in message.walk() if part.get_content_type() in {"text/html", "application/xhtml+xml"}]
    if not pages:
        return None
    start = message.get_param("start")
    part = next((page for page in pages if start and page.get("content-id") == start), pages[0])
    body = part.get_payload(decode=True)
    assert isinstance(body, bytes)
    text = body.decode(_charset(part), "replace")
    named = [str(value).strip() for value in (message.get("snapshot-content-location"), part.get("content-location")) if value]
    addresses = dict.fromkeys([*_addresses(text), *named])
    return SavedPage(tuple(addresses), named[0] if named else "", text.encode(), ".html", "text/html; charset=utf-8", _date(message))


def _charset(part: EmailMessage) -> str:
    charset = part.get_content_charset("utf-8")
    try:
        "".encode(charset)
    except LookupError:
        return "utf-8"
    return charset


def _date(message: EmailMessage) -> datetime | None:
    try:
        date = parsedate_to_datetime(str(message.get("date", "")))
    except (ValueError, TypeError, OverflowError):
        return None
    return date.astimezone(UTC) if date.tzinfo is not None else date.replace(tzinfo=UTC)


class _Attributes(HTMLParser):
    """The attributes of one tag."""

    found: dict[str, str]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found = {"": tag, **{name: value or "" for name, value in attrs}}


def _addresses(text: str) -> Iterator[str]:
    """Yield the addresses by which a page names itself: its canonical link, where it was saved from, and its own address in its metadata."""
    body = _BODY.search(text, 0, _MAX_HEAD)
    head = text[: body.start() if body else _MAX_HEAD]
    tags = []
    for tag in _TAG.findall(_NO_TAGS.sub("", head)):
        parser = _Attributes()
        parser.feed(tag)
        tags.append(getattr(parser, "found", {}))
    yield from (tag.get("href", "") for tag in tags if "canonical" in tag.get("rel", "").casefold().split())
    yield from _SAVED_FROM.findall(head[:_BEGIN])
    yield from (tag.get("content", "") for tag in tags if (tag.get("property") or tag.get("name", "")).casefold().endswith(":url"))
