"""Where notifications go: a webhook and a mail server, as the environment names them.

Settings are read from the environment alone, for they hold secrets: HOTPATCH_KB_WEBHOOK (an address), HOTPATCH_KB_WEBHOOK_FORMAT (json, slack or
teams), HOTPATCH_KB_SMTP (smtp://user:password@host:587 or smtps://host:465), HOTPATCH_KB_MAIL_FROM, HOTPATCH_KB_MAIL_TO. No message names more of
an address than its host.
"""

from __future__ import annotations

import hashlib
import json
import re
import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.fetch.errors import FetchError

TIMEOUT: Final = 10.0  # seconds of a try
FORMATS: Final = ("json", "slack", "teams")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
# "ops@example.org, you@example.org"
_MAIL_ADDRESSES: Final = re.compile(r"[^\s@]+@[^\s@]+(?:\s*,\s*[^\s@]+@[^\s@]+)*")


class Item(NamedTuple):
    """One thing to notify people of.

    Attributes:
        id: the same for the same thing, so that a receiver can tell that it came twice.
        kind: a kind of ``hotpatch_kb.db.answers.events``, "source" (one needs a look or has recovered), "behind" (one lacks a release),
            "quarantined" (what may be a release could not be read), "missing" (no page lists the release of a month), or "hub" (a page of a new
            version, or one that moved, is read).
        at: when it happened, UTC.
        text: a sentence without a full stop.
    """

    id: str
    kind: str
    at: str
    text: str


class NotDelivered(Exception):
    """A message that a channel did not take. The text holds no secret."""


class Channel(NamedTuple):
    """A receiver of notifications.

    Attributes:
        name: names it in the file of what was sent; holds no secret.
        send: sends one message about some items, or raises NotDelivered.
    """

    name: str
    send: Callable[[Sequence[Item]], None]


# --- settings -----------------------------------------------------------------------------------------------------------


def read_channels(environment: Mapping[str, str]) -> list[Channel]:
    """Return the channels that an environment names.

    Raises:
        BadInput: a setting cannot be used; the message does not repeat a secret.
    """
    settings = {
        name: environment.get(f"HOTPATCH_KB_{name}", "").strip() for name in ("WEBHOOK", "WEBHOOK_FORMAT", "SMTP", "MAIL_FROM", "MAIL_TO")
    }
    channels = []
    if settings["WEBHOOK"]:
        channels.append(_webhook(settings["WEBHOOK"], settings["WEBHOOK_FORMAT"] or "json"))
    if settings["SMTP"]:
        channels.append(_mail_server(settings["SMTP"], settings["MAIL_FROM"], settings["MAIL_TO"]))
    return channels


def _webhook(address: str, body_format: str) -> Channel:
    parts = _split_address(address, "HOTPATCH_KB_WEBHOOK", "https://example.org/...")
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise BadInput("expected HOTPATCH_KB_WEBHOOK as an https address, got one of another scheme")
    if body_format not in FORMATS:
        raise BadInput("expected HOTPATCH_KB_WEBHOOK_FORMAT ({formats}), got {got!r}", formats=", ".join(FORMATS), got=body_format[:40])
    return Channel(_name("webhook", address), lambda items: _post(address, _BODIES[body_format](items)))


def _mail_server(server: str, sender: str, recipients: str) -> Channel:
    parts = _split_address(server, "HOTPATCH_KB_SMTP", "smtp://user:password@example.org:587")
    if parts.scheme not in {"smtp", "smtps"}:
        raise BadInput("expected HOTPATCH_KB_SMTP as smtp://host or smtps://host, got another scheme")
    for name, value in (("FROM", sender), ("TO", recipients)):
        if not _MAIL_ADDRESSES.fullmatch(value):
            raise BadInput("expected {variable} as a mail address, got {got!r}", variable=f"HOTPATCH_KB_MAIL_{name}", got=value[:60])
    return Channel(_name("mail", f"{parts.hostname}{recipients}"), lambda items: _mail(parts, sender, recipients, items))


def _split_address(text: str, name: str, example: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        if not parts.hostname or not parts.scheme or (parts.port or 1) < 1:
            raise ValueError
    except ValueError:
        raise BadInput("expected {variable} as an address such as {example}, got something else", variable=name, example=example) from None
    return parts


def _name(kind: str, address: str) -> str:
    return f"{kind}-{hashlib.sha256(address.encode()).hexdigest()[:12]}"


# --- what a message looks like ------------------------------------------------------------------------------------------


def subject_of(items: Sequence[Item]) -> str:
    """Return one line for one or many items."""
    if len(items) == 1:
        return items[0].text
    about_sources = sum(item.kind in {"source", "behind", "quarantined", "missing", "hub"} for item in items)
    about_windows = len(items) - about_sources
    counts = [
        *([f"{counted(about_windows, 'change')} of Windows hotpatching"] if about_windows else []),
        *([f"{counted(about_sources, 'note')} on sources"] if about_sources else []),
    ]
    return f"{' and '.join(counts)}: {items[0].text}; ..."


def counted(count: int, noun: str) -> str:
    """Return "1 item", "2 items"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _as_json(items: Sequence[Item]) -> Any:
    return {"text": subject_of(items), "items": [item._asdict() for item in items]}


def _as_slack(items: Sequence[Item]) -> Any:
    # https://docs.slack.dev/messaging/formatting-message-text: these three and no others are escaped.
    lines = [item.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for item in items]
    return {"text": "\n".join(f"• {line}" for line in lines)}


def _as_teams(items: Sequence[Item]) -> Any:
    # An Adaptive Card as the Workflows of Teams take it; its texts know a part of markdown.
    blocks = [{"type": "TextBlock", "wrap": True, "text": re.sub(r"([\\`*_\[\]()<>#~])", r"\\\1", item.text)} for item in items]
    card = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": blocks}
    return {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}]}


_BODIES: Final[dict[str, Callable[[Sequence[Item]], Any]]] = {"json": _as_json, "slack": _as_slack, "teams": _as_teams}


# --- how it is sent -----------------------------------------------------------------------------------------------------


def _post(address: str, body: Any) -> None:
    from hotpatch_kb.scraper.fetch.webhook import post  # noqa: PLC0415 (httpx takes 0.3 s to import)

    try:
        post(address, json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"), seconds=TIMEOUT)
    except FetchError as error:
        raise NotDelivered(error.message) from None


def _mail(server: SplitResult, sender: str, recipients: str, items: Sequence[Item]) -> None:
    message = EmailMessage()
    message["From"], message["To"] = sender, recipients
    message["Subject"] = re.sub(r"\s+", " ", subject_of(items))[:200]
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answers of people who are away
    message.set_content("\n".join(f"{item.at[:10]}  {' '.join(item.text.split())}" for item in items) + "\n")
    host, context = server.hostname or "", ssl.create_default_context()
    try:
        connected = (
            smtplib.SMTP_SSL(host, server.port or 465, timeout=TIMEOUT, context=context)
            if server.scheme == "smtps"
            else smtplib.SMTP(host, server.port or 587, timeout=TIMEOUT)
        )
        with connected as smtp:
            if server.scheme == "smtp" and (host not in _LOOPBACK or smtp.has_extn("starttls")):
                smtp.starttls(context=context)  # a password is never sent in the clear, nor is a message
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            smtp.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        code = f" {error.smtp_code}" if isinstance(error, smtplib.SMTPResponseException) else ""
        raise NotDelivered(f"expected {host} to take a mail, got {type(error).__name__}{code}") from None
