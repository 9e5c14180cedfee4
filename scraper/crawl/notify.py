"""Telling people: what is new, and which source needs a look, once each, to a webhook and by e-mail, after a crawl and never in its way.

What was told lies beside the database, in ``<db>.told.json``: a replay makes the database anew and must tell nothing again. An item is noted
there before it is sent, and as told when the other side has taken it; what could not be sent goes with the next run. A run that is killed in
between may tell an item twice, never not at all, and each has an ``id`` by which a receiver knows it again.

Settings are read from the environment alone, for they hold secrets: HOTPATCH_KB_WEBHOOK (an address), HOTPATCH_KB_WEBHOOK_FORMAT (json, slack or
teams), HOTPATCH_KB_SMTP (smtp://user:password@host:587 or smtps://host:465), HOTPATCH_KB_MAIL_FROM, HOTPATCH_KB_MAIL_TO. No message names more of
an address than its host.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import smtplib
import sqlite3
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from hotpatch_kb.db.answers import lagging
from hotpatch_kb.db.answers.events import Event, change_rows, events
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.site.i18n import words
from hotpatch_kb.db.store.connections import open_for_reading
from hotpatch_kb.scraper.crawl.run import utc_now
from hotpatch_kb.scraper.fetch.errors import FetchError

Say = Callable[[str], None]

# What people are woken for; previews, CVEs and corrections of dates are read on the site.
TOLD_KINDS: Final = frozenset({"baseline", "hotpatch", "month", "price"})
MAX_ITEMS: Final = 50  # of one message; a first crawl after years has hundreds
MAX_WAITING: Final = 500  # of a channel that takes none
TRIES: Final = 3
WAITS: Final = (1.0, 4.0)  # seconds before the second and the third try
TIMEOUT: Final = 10.0  # seconds of a try
FORMATS: Final = ("json", "slack", "teams")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Item(NamedTuple):
    """Something to tell: a stable id, what it is of (a kind of ``hotpatch_kb.db.answers.events`` or "source"), when it came to be (UTC), and a sentence."""

    id: str
    kind: str
    at: str
    text: str


class NotTaken(Exception):
    """A channel did not take a message. Its text holds no secret."""


class Channel(NamedTuple):
    """Where to tell: a name for the file of what was told, which holds no secret, and what sends."""

    name: str
    send: Callable[[list[Item]], None]


# --- settings -----------------------------------------------------------------------------------------------------------


def channels(environment: Mapping[str, str]) -> list[Channel]:
    """The channels of an environment.

    Raises:
        BadInput: a setting is not what it should be; the message does not repeat it.
    """
    found = []
    if address := environment.get("HOTPATCH_KB_WEBHOOK", "").strip():
        parts = _address(address, "HOTPATCH_KB_WEBHOOK", "https://example.org/...")
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise BadInput("expected HOTPATCH_KB_WEBHOOK as an https address, got one of another scheme")
        shape = environment.get("HOTPATCH_KB_WEBHOOK_FORMAT", "").strip() or "json"
        if shape not in FORMATS:
            raise BadInput(f"expected HOTPATCH_KB_WEBHOOK_FORMAT ({', '.join(FORMATS)}), got {shape[:40]!r}")
        found.append(Channel(_named("webhook", address), lambda items: _post(address, _BODIES[shape](items))))
    if server := environment.get("HOTPATCH_KB_SMTP", "").strip():
        parts = _address(server, "HOTPATCH_KB_SMTP", "smtp://user:password@example.org:587")
        if parts.scheme not in {"smtp", "smtps"}:
            raise BadInput("expected HOTPATCH_KB_SMTP as smtp://host or smtps://host, got another scheme")
        sender, to = (environment.get(f"HOTPATCH_KB_MAIL_{name}", "").strip() for name in ("FROM", "TO"))
        for name, value in (("FROM", sender), ("TO", to)):
            if not re.fullmatch(r"[^\s@]+@[^\s@]+(?:\s*,\s*[^\s@]+@[^\s@]+)*", value):
                raise BadInput(f"expected HOTPATCH_KB_MAIL_{name} as a mail address, got {value[:60]!r}")
        found.append(Channel(_named("mail", f"{parts.hostname}{to}"), lambda items: _mail(parts, sender, to, items)))
    return found


def _address(text: str, name: str, example: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        if not parts.hostname or not parts.scheme or (parts.port or 1) < 1:
            raise ValueError
    except ValueError:
        raise BadInput(f"expected {name} as an address such as {example}, got something else") from None
    return parts


def _named(kind: str, address: str) -> str:
    return f"{kind}-{hashlib.sha256(address.encode()).hexdigest()[:12]}"


# --- what there is to tell ----------------------------------------------------------------------------------------------


def items_of(conn: sqlite3.Connection) -> list[Item]:
    """Every change that people are told of, oldest first."""
    t = words("en")
    told = [item for item in events(conn, change_rows(conn)) if item.kind in TOLD_KINDS and item.form != "other"]
    times: Counter[str] = Counter()
    found = []
    for item in reversed(told):
        name = _name(item)
        times[name] += 1  # a month may turn to and fro
        number = hashlib.sha256(f"{name}#{times[name]}".encode()).hexdigest()[:16]
        found.append(Item(number, item.kind, item.changed_at, item.in_words(t)))
    return found


def _name(item: Event) -> str:
    """The same for the same change, whichever page told of it first: a page that is read later may move its time."""
    return json.dumps([item.subject, item.form, item.values], sort_keys=True)


# What is the matter, and what to do next; who reads the message may know nothing else of the program.
_TROUBLES: Final = {
    "drifted": ("is not what it was and was refused; its facts were kept", "hotpatch-kb status --drift says on which page"),
    "stale": ("was not read for too long", "hotpatch-kb status says how each source is"),
}


def troubles(conn: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    """Sources that need a look: "drifted" or "stale", and why. An unreachable source is one only when it has missed four of its dates."""
    found = {}
    for source, state, is_stale, note, last_good_at, overdue in conn.execute(
        """select h.source, h.state, h.is_stale, h.note, h.last_good_at, h.due_at is null or h.last_good_at is null or julianday('now') - julianday(h.last_good_at)
            > 4 * (julianday(h.due_at) - julianday(h.last_good_at)) from source_health as h"""
    ):
        if state == "refused":
            found[source] = ("drifted", note)
        elif is_stale and overdue and state not in {"never_read", "off"}:
            found[source] = ("stale", "; ".join(filter(None, (f"last on {last_good_at[:10]}" if last_good_at else "", note))))
    return found


def behind(conn: sqlite3.Connection, at: str) -> list[Item]:
    """Releases that one source lacks and another has: each is told once, though an old page be served now and then, or the release grow old meanwhile."""
    found = []
    for row in lagging.differences(conn):
        name = f"{row['source']} {row['note'].partition(', got ')[0]}"
        text = f"source {row['source']} does not have what another source has: {row['note']}; hotpatch-kb status --drift says more"
        found.append(Item(hashlib.sha256(name.encode()).hexdigest()[:16], "behind", at, text))
    return found


def _about_sources(before: Mapping[str, str], now: Mapping[str, tuple[str, str]], at: str) -> list[Item]:
    found = []
    for source, (trouble, note) in sorted(now.items()):
        if before.get(source) != trouble:
            what, more = _TROUBLES[trouble]
            said = f"source {source} {what}" + (f": {note[:500]}" if note else "") + f"; {more}"
            found.append(Item(f"{source}/{trouble}/{at}", "source", at, said))
    found += [
        Item(f"{source}/recovered/{at}", "source", at, f"source {source} has recovered") for source in sorted(before.keys() - now.keys())
    ]
    return found


# --- telling ------------------------------------------------------------------------------------------------------------


def tell(db: Path, say: Say, environment: Mapping[str, str] | None = None, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Tells every channel what it was not told yet. Nothing here fails a crawl: what goes wrong is said, and tried again after the next.

    Args:
        db: the database, after a run on it.
        say: gets a line for what was told and for what could not be.
        environment: the settings; those of the process if None.
        sleep: waits between tries.

    Raises:
        BadInput: a setting is not what it should be.
    """
    found = channels(os.environ if environment is None else environment)
    if not found:
        return
    now = utc_now()
    with closing(open_for_reading(db)) as conn:
        items, lacking, health = items_of(conn), behind(conn, now), troubles(conn)
    file = db.with_name(f"{db.name}.told.json")
    told = _read(file, say)
    for channel in found:
        state = told.get(channel.name)
        if state is None:
            # A new channel is told of what comes, not of years that were; of what is wrong now it is.
            state = {"told": [item.id for item in items], "waiting": [], "sources": {}}
        known = {*state["told"], *(item[0] for item in state["waiting"])}
        fresh = [item for item in (*items, *lacking) if item.id not in known]
        fresh += _about_sources(state["sources"], health, now)
        waiting = [*(Item(*item) for item in state["waiting"]), *fresh][-MAX_WAITING:]
        state |= {"sources": {source: trouble for source, (trouble, _) in health.items()}, "waiting": [list(item) for item in waiting]}
        told[channel.name] = state
        _write(file, told)
        while waiting:
            batch, rest = waiting[:MAX_ITEMS], waiting[MAX_ITEMS:]
            try:
                _tried(channel, batch, sleep)
            except NotTaken as error:
                say(f"{channel.name}: not told: {error}; {len(waiting)} items wait for the next run")
                break
            waiting = rest
            state["told"] += [item.id for item in batch if item.kind != "source"]
            state["waiting"] = [list(item) for item in waiting]
            _write(file, told)
            say(f"{channel.name}: told {len(batch)} items")


def _tried(channel: Channel, items: list[Item], sleep: Callable[[float], None]) -> None:
    for place in range(TRIES):
        try:
            channel.send(items)
        except NotTaken:
            if place + 1 == TRIES:
                raise
            sleep(WAITS[place])
        else:
            return


def _read(file: Path, say: Say) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        for state in found.values():
            if not isinstance(state["told"], list) or not isinstance(state["waiting"], list) or not isinstance(state["sources"], dict):
                raise TypeError
            state["waiting"] = [item for item in state["waiting"] if len(item) == len(Item._fields)]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        say(f"expected what was told in {file}, got something else: beginning anew, what is there counts as told")
        return {}
    return dict(found)


def _write(file: Path, told: Mapping[str, Any]) -> None:
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    part.replace(file)


# --- forms --------------------------------------------------------------------------------------------------------------


def subject_of(items: Iterable[Item]) -> str:
    """One line for many items."""
    found = list(items)
    if len(found) == 1:
        return found[0].text
    sources = sum(item.kind in {"source", "behind"} for item in found)
    counts = [_counted(len(found) - sources, "change") + " of Windows hotpatching", _counted(sources, "note") + " on sources"]
    said = " and ".join(count for count in counts if not count.startswith("0 "))
    return f"{said}: {found[0].text}; ..."


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"


def _as_json(items: list[Item]) -> Any:
    return {"text": subject_of(items), "items": [item._asdict() for item in items]}


def _as_slack(items: list[Item]) -> Any:
    # https://docs.slack.dev/messaging/formatting-message-text: these three and no others are escaped.
    lines = [item.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for item in items]
    return {"text": "\n".join(f"• {line}" for line in lines)}


def _as_teams(items: list[Item]) -> Any:
    # An Adaptive Card as the Workflows of Teams take it; its texts know a part of markdown.
    blocks = [{"type": "TextBlock", "wrap": True, "text": re.sub(r"([\\`*_\[\]()<>#~])", r"\\\1", item.text)} for item in items]
    card = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": blocks}
    return {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}]}


_BODIES: Final[dict[str, Callable[[list[Item]], Any]]] = {"json": _as_json, "slack": _as_slack, "teams": _as_teams}


def _post(address: str, body: Any) -> None:
    from hotpatch_kb.scraper.fetch.webhook import post  # noqa: PLC0415 (httpx takes 0.3 s to import)

    try:
        post(address, json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"), seconds=TIMEOUT)
    except FetchError as error:
        raise NotTaken(error.message) from None


def _mail(server: SplitResult, sender: str, to: str, items: list[Item]) -> None:
    message = EmailMessage()
    message["From"], message["To"] = sender, to
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
                smtp.starttls(context=context)  # a password never goes in the clear, nor does a message
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            smtp.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        code = f" {error.smtp_code}" if isinstance(error, smtplib.SMTPResponseException) else ""
        raise NotTaken(f"expected {host} to take a mail, got {type(error).__name__}{code}") from None
