"""Notifications after a crawl: what is new, and which source needs a look, once each, and never in the way of the crawl.

What was sent is kept beside the database, in ``<db>.told.json``: a replay makes the database again and must send nothing again. An item is
recorded there as waiting before it is sent, and as sent once the channel accepts it; what could not be sent goes with the next run. A run
killed in between may send an item twice, but never loses one. Each has an ``id`` by which a receiver knows it again.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.answers import lagging
from hotpatch_kb.db.answers.events import Event, change_rows, events
from hotpatch_kb.db.site.i18n import words
from hotpatch_kb.db.store.connections import open_for_reading
from hotpatch_kb.scraper.crawl import hubs
from hotpatch_kb.scraper.crawl.channels import Channel, Item, NotDelivered, counted, read_channels
from hotpatch_kb.scraper.crawl.database import utc_now
from hotpatch_kb.scraper.crawl.reading import feed_state

Say = Callable[[str], None]
State = dict[str, Any]  # of a channel: ids "told", items "waiting", trouble by source "sources"

# What people are woken for; previews, CVEs and corrections of dates are read on the site.
SENT_KINDS: Final = frozenset({"baseline", "hotpatch", "month", "price"})
MAX_ITEMS: Final = 50  # of one message; a first crawl after years has hundreds
MAX_WAITING: Final = 500  # of a channel that takes none
WAITS: Final = (1.0, 4.0)  # seconds before the second and the third try
DEADLINE: Final = 45.0  # seconds for one try, whatever the server sends meanwhile; a mail has some six exchanges of up to 10 s


# --- what there is to send ----------------------------------------------------------------------------------------------


class Notices(NamedTuple):
    """Changes, lags and troubles of which a run notifies people.

    Attributes:
        changes: every change of Windows hotpatching that the database has, oldest first.
        lags: releases that one source has and another lacks, quarantined entries that may be a release, and hubs that no list names.
        troubles: per source that needs a look "drifted" or "stale", and why; of a feed "refused".
        at: when this was read, UTC.
    """

    changes: list[Item]
    lags: list[Item]
    troubles: dict[str, tuple[str, str]]
    at: str


def changes(conn: sqlite3.Connection) -> list[Item]:
    """Return every change that people are notified of, oldest first."""
    english = words("en")
    wanted = [event for event in events(conn, change_rows(conn)) if event.kind in SENT_KINDS and event.form != "other"]
    times: Counter[str] = Counter()
    items = []
    for event in reversed(wanted):
        key = _key(event)
        times[key] += 1  # a month may change from hotpatch to baseline and back
        items.append(Item(_short_hash(f"{key}#{times[key]}"), event.kind, event.changed_at, event.in_words(english)))
    return items


def _key(event: Event) -> str:
    """Return a key of a change that does not depend on which page stated it first: a page that is read later may move its time."""
    return json.dumps([event.subject, event.form, event.values], sort_keys=True)


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lags(conn: sqlite3.Connection, at: str) -> list[Item]:
    """Return the releases that one source lacks and another has.

    The id is of source and release: each is sent once, even if an old page is served now and then, or the release grows old meanwhile.
    """
    return [
        Item(
            _short_hash(f"{row['source']} {row['expected']}"),
            "behind",
            at,
            f"source {row['source']} does not have what another source has: {row['note']}; hotpatch-kb status --drift says more",
        )
        for row in lagging.differences(conn)
    ]


def quarantined(conn: sqlite3.Connection, at: str) -> list[Item]:
    """Return what pages list now that may be a release and could not be read. The id is of source and text: each is sent once."""
    rows = conn.execute(
        """select source, text, min(reason), group_concat(distinct product) from quarantine
        where may_be_release and gone_at is null group by source, text order by source, text"""
    )
    return [
        Item(
            _short_hash(f"quarantine {source} {text}"),
            "quarantined",
            at,
            f"source {source} lists what may be a release and cannot be read or believed, so {(products or 'no product').replace(',', ', ')} cannot be called current: "
            f"{text[:300]!r} ({reason[:200]}); hotpatch-kb status --drift says more",
        )
        for source, text, reason, products in rows.fetchall()
    ]


def missing(conn: sqlite3.Connection, at: str) -> list[Item]:
    """Return the monthly releases that no page lists though pages were read since. The id is of line and month: each is sent once."""
    return [
        Item(
            _short_hash(row["expected"]),
            "missing",
            at,
            f"{row['note']}: nothing of it can be called current; hotpatch-kb status --drift says more",
        )
        for row in lagging.missing_releases(conn, at[:10])
    ]


def new_hubs(conn: sqlite3.Connection, at: str) -> list[Item]:
    """Return the hubs that no list of this program names and that pages led to: a new version of Windows, or a hub that moved."""
    return [
        Item(_short_hash(f"hub {url}"), "hub", at, f"source {hubs.SOURCE} found a hub that no list names, and reads it: {url}")
        for url in hubs.unlisted(conn)
    ]


# What is the matter, and what to do next; whoever reads the message may know nothing else of the program.
_TROUBLES: Final = {
    "drifted": ("is not what it was and was refused; its facts were kept", "hotpatch-kb status --drift says on which page"),
    "stale": ("was not read for too long", "hotpatch-kb status says how each source is"),
    "refused": ("was refused; the facts were kept", "hotpatch-kb status says whether it still is"),
}


def troubles(conn: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    """Return the sources that need a look: "drifted" or "stale", and why.

    One that could not be reached is stale in ``source_health`` at once; it is reported only when it has also missed four due dates.
    """
    result = {}
    for source, state, is_stale, note, last_good_at, is_overdue in conn.execute(
        """select h.source, h.state, h.is_stale, h.note, h.last_good_at, h.due_at is null or h.last_good_at is null or julianday('now') - julianday(h.last_good_at)
            > 4 * (julianday(h.due_at) - julianday(h.last_good_at)) from source_health as h"""
    ):
        if state == "refused":
            result[source] = ("drifted", note)
        elif is_stale and is_overdue and state not in {"never_read", "off"}:
            result[source] = ("stale", "; ".join(filter(None, (f"last on {last_good_at[:10]}" if last_good_at else "", note))))
    return result


def _about_sources(before: Mapping[str, str], now: Mapping[str, tuple[str, str]], at: str) -> list[Item]:
    """Return an item for each source that got into another trouble, and for each that recovered."""
    items = []
    for source, (trouble, note) in sorted(now.items()):
        if before.get(source) != trouble:
            what, next_step = _TROUBLES[trouble]
            text = (
                f"{source if trouble == 'refused' else f'source {source}'} {what}" + (f": {note[:500]}" if note else "") + f"; {next_step}"
            )
            items.append(Item(f"{source}/{trouble}/{at}", "source", at, text))
    recovered = sorted(before.keys() - now.keys())
    return items + [
        Item(f"{source}/recovered/{at}", "source", at, f"{source if before[source] == 'refused' else f'source {source}'} has recovered")
        for source in recovered
    ]


# --- sending ------------------------------------------------------------------------------------------------------------


def send(db: Path, say: Say, environment: Mapping[str, str] | None = None, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Send every channel what it has not got yet. Nothing here fails a crawl: an error is a line, and the next run tries again.

    Args:
        db: the database, after a run on it.
        say: takes a line on what was sent and on what could not be.
        environment: the settings; those of the process if None.
        sleep: waits between tries.

    Raises:
        BadInput: a setting cannot be used.
    """
    channels = read_channels(os.environ if environment is None else environment)
    if not channels:
        return
    now = utc_now()
    with closing(open_for_reading(db)) as conn:
        lacking = [*lags(conn, now), *quarantined(conn, now), *missing(conn, now), *new_hubs(conn, now)]
        refused = feed_state.trouble(db, conn)
        of_feed = {f"feed {refused[0]}": ("refused", refused[1])} if refused else {}
        notices = Notices(changes(conn), lacking, troubles(conn) | of_feed, now)
    file = db.with_name(f"{db.name}.told.json")
    states = _read(file, say)
    for channel in channels:
        # A new channel is sent what comes, not years of history; and what is wrong with sources now.
        state = states.setdefault(channel.name, {"told": [item.id for item in notices.changes], "waiting": [], "sources": {}})
        _queue(state, notices)
        _write(file, states)
        for batch in _batches(state):
            try:
                _deliver(channel, batch, sleep)
            except NotDelivered as error:
                say(f"{channel.name}: not sent: {error}; kept for the next run: {counted(len(state['waiting']), 'item')}")
                break
            state["told"] += [item.id for item in batch if item.kind != "source"]
            state["waiting"] = state["waiting"][len(batch) :]
            _write(file, states)
            say(f"{channel.name}: sent {counted(len(batch), 'item')}")


def _queue(state: State, notices: Notices) -> None:
    """Add what the channel has not got yet to what waits for it."""
    known = {*state["told"], *(item[0] for item in state["waiting"])}
    fresh = [item for item in (*notices.changes, *notices.lags) if item.id not in known]
    fresh += _about_sources(state["sources"], notices.troubles, notices.at)
    state["waiting"] = [*state["waiting"], *map(list, fresh)][-MAX_WAITING:]
    state["sources"] = {source: trouble for source, (trouble, _) in notices.troubles.items()}


def _batches(state: State) -> list[list[Item]]:
    items = [Item(*item) for item in state["waiting"]]
    return [items[start : start + MAX_ITEMS] for start in range(0, len(items), MAX_ITEMS)]


def _deliver(channel: Channel, items: Sequence[Item], sleep: Callable[[float], None]) -> None:
    """Send one message, in three tries.

    Raises:
        NotDelivered: the third one failed, too, or one took longer than ``DEADLINE``.
    """
    for wait in (*WAITS, None):
        try:
            _in_time(channel, items)
        except TimeoutError:
            raise NotDelivered(f"expected the message to be taken within {DEADLINE:g} s, got no end") from None
        except NotDelivered:
            if wait is None:
                raise
            sleep(wait)
        else:
            return


def _in_time(channel: Channel, items: Sequence[Item]) -> None:
    """Send one message in a thread that is left behind when it does not end: a server that greets without end meets every timeout of a read.

    Raises:
        TimeoutError: it took longer than ``DEADLINE``.
        NotDelivered: the channel did not take it.
    """
    outcome: queue.Queue[Exception | None] = queue.Queue()

    def send_it() -> None:
        try:
            channel.send(items)
        except Exception as error:  # noqa: BLE001 (it is raised where it is waited for)
            outcome.put(error)
        else:
            outcome.put(None)

    threading.Thread(target=send_it, name=channel.name, daemon=True).start()
    try:
        error = outcome.get(timeout=DEADLINE)
    except queue.Empty:
        raise TimeoutError from None
    if error is not None:
        raise error


# --- what was sent ------------------------------------------------------------------------------------------------------


def _read(file: Path, say: Say) -> dict[str, State]:
    try:
        states = json.loads(file.read_text(encoding="utf-8"))
        for state in states.values():
            if not isinstance(state["told"], list) or not isinstance(state["waiting"], list) or not isinstance(state["sources"], dict):
                raise TypeError
            state["waiting"] = [item for item in state["waiting"] if len(item) == len(Item._fields)]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        say(f"expected the list of what was sent in {file}, got something else: starting a new one, everything up to now counts as sent")
        return {}
    return dict(states)


def _write(file: Path, states: Mapping[str, State]) -> None:
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.write_text(json.dumps(states, ensure_ascii=False, indent=1), encoding="utf-8")
    part.replace(file)
