"""Pages wrapped as a browser saves them. The pages are the project's own, rendered from facts."""

from __future__ import annotations

import base64
import quopri
import re
from datetime import UTC, datetime
from email.utils import format_datetime


def chrome_html(page: str, url: str) -> bytes:
    """As Chrome and Edge save a complete page: where it was saved from, and resources in the folder beside it."""
    begin = re.match(r"\s*<!doctype html>\s*", page, re.IGNORECASE)
    place = begin.end() if begin else 0
    saved = f"{page[:place]}<!-- saved from url=({len(url):04d}){url} -->\n{page[place:]}"
    return saved.replace("</head>", '<link rel="stylesheet" href="./Page_files/site.css"></head>', 1).encode()


def firefox_html(page: str, url: str) -> bytes:
    """As Firefox saves a complete page: links made absolute, no word of where it was."""
    host = "/".join(url.split("/")[:3])
    return re.sub(r'(<a\b[^>]*\bhref=")/', rf"\g<1>{host}/", page).encode()


def chrome_mhtml(page: str, url: str, saved_at: datetime) -> bytes:
    """As Chrome and Edge save a single file: quoted-printable, with a picture and a frame behind the page."""
    body = quopri.encodestring(page.encode()).replace(b"\n", b"\r\n")
    head = (
        "From: <Saved by Blink>\r\n"
        f"Snapshot-Content-Location: {url}\r\n"
        "Subject: =?utf-8?Q?Release=20notes=20=E2=80=94?=\r\n"
        f"Date: {format_datetime(saved_at)}\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="----MultipartBoundary--x----"\r\n\r\n\r\n'
        "------MultipartBoundary--x----\r\n"
        "Content-Type: text/html\r\nContent-ID: <frame-1@mhtml.blink>\r\nContent-Transfer-Encoding: quoted-printable\r\n"
        f"Content-Location: {url}\r\n\r\n"
    )
    rest = (
        "\r\n------MultipartBoundary--x----\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Location: https://example.com/x.png\r\n\r\n{base64.b64encode(bytes(range(256))).decode()}\r\n"
        "------MultipartBoundary--x----\r\nContent-Type: text/html\r\nContent-ID: <frame-2@mhtml.blink>\r\nContent-Transfer-Encoding: quoted-printable\r\n"
        "Content-Location: cid:frame-2\r\n\r\n<html><body>a frame</body></html>\r\n------MultipartBoundary--x------\r\n"
    )
    return head.encode() + body + rest.encode()


def explorer_mht(page: str, url: str, saved_at: datetime) -> bytes:
    """As Internet Explorer and the IE mode of Edge save a web archive: base64 in its own charset, without Snapshot-Content-Location."""
    body = base64.encodebytes(page.encode("utf-16")).replace(b"\n", b"\r\n")
    head = (
        'From: "Saved by Internet Explorer 11"\r\nSubject: x\r\n'
        f"Date: {format_datetime(saved_at.astimezone(UTC))}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="----=_NextPart_1"\r\n\r\n'
        "This is a multi-part message in MIME format.\r\n\r\n------=_NextPart_1\r\n"
        f'Content-Type: text/html;\r\n\tcharset="utf-16"\r\nContent-Transfer-Encoding: base64\r\nContent-Location: {url}\r\n\r\n'
    )
    return head.encode() + body + b"\r\n------=_NextPart_1--\r\n"
