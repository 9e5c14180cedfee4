"""Text as HTML holds it."""

from __future__ import annotations

import html
import re


def escaped(text: str) -> str:
    return html.escape(text, quote=False)


def with_entities(text: str) -> str:
    return escaped(text).replace("\u2014", "&#x2014;").replace("\u00a0", "&#xA0;").replace("\u200b", "&#8203;").replace("'", "&#x27;")


def with_crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
