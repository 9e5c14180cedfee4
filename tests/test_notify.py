"""Notifications: a webhook answered in memory, and a mail server and a closed port on loopback."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import socketserver
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.webhook import SECRET, Hook

from hotpatch_kb.db.answers import lagging
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.store import schema
from hotpatch_kb.scraper.crawl import channels, notify, runs


@pytest.fixture
def send(hook: Hook, db: Path) -> Any:
    """A function that notifies, and returns the lines that were said of it."""

    def notify_once(**more: str) -> list[str]:
        said: list[str] = []
        notify.send(db, said.append, {"HOTPATCH_KB_WEBHOOK": hook.url, **more}, sleep=lambda _: None)
        assert SECRET not in "".join(said)
        for file in db.parent.glob("*"):
            assert SECRET.encode() not in file.read_bytes(), file
        return said

    return notify_once


def test_the_ids_of_lags_are_those_that_receivers_have(db: Path) -> None:
    """They were cut from the sentences, and a receiver that has one must not get the item again."""
    with closing(sqlite3.connect(db)) as conn:
        conn.execute("update claims set gone_at = last_seen_at where source = 'learn_release_info' and subject = 'calendar/ws2025/2026-07'")
        lacking, absent = lagging.differences(conn), lagging.missing_releases(conn, "2026-11-27")
        for day in ("2026-07-16", "2026-11-27"):
            conn.execute("update lines set data_until = ?", (day,))
            absent += lagging.missing_releases(conn, day)
        items = notify.lags(conn, "2026-11-27T00:00:00Z"), notify.missing(conn, "2026-11-27T00:00:00Z")
    assert absent
    for row in lacking:
        assert row["expected"] == row["note"].partition(", got ")[0]
    for row in absent:
        assert row["expected"] == row["note"].partition(", whose pages")[0]
    assert [item.id for item in items[0]] == [
        notify._short_hash(f"{row['source']} {row['note'].partition(', got ')[0]}") for row in lacking
    ]
    assert {item.id for item in items[1]} <= {notify._short_hash(row["note"].partition(", whose pages")[0]) for row in absent}


def change(db: Path, subject: str, field: str, old: str | None, new: str | None, at: str = "2026-08-11T18:00:00Z") -> None:
    with closing(schema.open_for_writing(db)) as conn, schema.transaction(conn):
        conn.execute("insert or ignore into subjects values (?, ?)", (subject, subject.partition("/")[0]))
        conn.execute("insert into changes values ((select max(run) from runs), ?, ?, ?, ?, ?)", (at, subject, field, old, new))


def quiet(db: Path) -> None:
    """No source needs a look."""
    with closing(schema.open_for_writing(db)) as conn, schema.transaction(conn):
        conn.execute("update sources set due_every = 'never', state = 'ok'")


def test_each_change_is_sent_once_and_a_new_channel_gets_no_history(send: Any, hook: Hook, db: Path) -> None:
    quiet(db)
    assert send() == []
    change(db, "release/ws2025/5099999/26100.40000", "release", None, "hotpatch KB5099999 26100.40000 2026-08-11")
    change(db, "calendar/ws2025/2026-09", "expected_type", "hotpatch", "baseline")
    change(db, "kb/5099999", "installs_kb", None, "5")
    assert send() == [f"webhook-{_name(hook)}: sent 2 items"]
    assert hook.texts() == [
        "Windows Server 2025: new hotpatch, KB5099999 26100.40000 2026-08-11",
        "Windows Server 2025, September 2026: expected as a baseline now, not as a hotpatch",
    ]
    assert send() == []
    # A page that is read later may move the time of a change: it stays the same one. A month that changes back and forth is sent each time.
    with closing(sqlite3.connect(db)) as conn, conn:
        conn.execute("update changes set changed_at = '2026-08-11T17:30:00Z' where changed_at = '2026-08-11T18:00:00Z'")
    assert send() == []
    change(db, "calendar/ws2025/2026-09", "expected_type", "baseline", "hotpatch", "2026-08-20T00:00:00Z")
    change(db, "calendar/ws2025/2026-09", "expected_type", "hotpatch", "baseline", "2026-08-21T00:00:00Z")
    send()
    assert len(hook.texts()) == 4


def _name(hook: Hook) -> str:
    return channels.read_channels({"HOTPATCH_KB_WEBHOOK": hook.url})[0].name.removeprefix("webhook-")


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_is_not_taken_is_tried_again_and_waits_for_the_next_run(send: Any, hook: Hook, db: Path, status: int) -> None:
    quiet(db)
    send()
    change(db, "calendar/ws2025/2026-09", "expected_type", "hotpatch", "baseline")
    hook.answer(status)
    (said,) = send()
    assert said.endswith(f": not sent: expected hooks.example.org to take a message, got status {status}; kept for the next run: 1 item")
    assert hook.taken == []
    hook.answer(status, status, 200)  # the third try
    send()
    assert len(hook.texts()) == 1
    hook.answer(200)
    assert send() == []


def test_a_webhook_that_is_away_holds_up_nothing(db: Path) -> None:
    quiet(db)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings = {"HOTPATCH_KB_WEBHOOK": f"http://127.0.0.1:{taken.getsockname()[1]}/{SECRET}"}
        notify.send(db, lambda _: None, settings, sleep=lambda _: None)
        change(db, "calendar/ws2025/2026-09", "expected_type", "hotpatch", "baseline")
        said: list[str] = []
        notify.send(db, said.append, settings, sleep=lambda _: None)
    assert "got ConnectError; kept for the next run: 1 item" in said[0]
    assert SECRET not in said[0]


class Dripping(socketserver.StreamRequestHandler):
    """Sends one beginning, and a byte every 20 ms after it, for ever."""

    begins = b""

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.wfile.write(self.begins)
            while True:
                self.wfile.write(b"x")
                time.sleep(0.02)


@pytest.mark.fault("a receiver of notifications whose answer has no end")
@pytest.mark.parametrize(("variable", "scheme", "begins"), [
    ("WEBHOOK", "http", b""), ("WEBHOOK", "http", b"HTTP/1.1 200 "), ("WEBHOOK", "http", b"HTTP/1.1 200 OK\r\nX-Long: "),
    ("SMTP", "smtp", b""), ("SMTP", "smtp", b"220 "),
    ("SMTP", "smtp", b"220-hello\r\n220-"),
])  # fmt: skip
def test_a_receiver_without_an_end_holds_up_no_run(
    variable: str, scheme: str, begins: bytes, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part of an answer comes byte by byte, so no timeout of a read ever ends; the message is kept after its deadline, tried once."""
    quiet(db)
    monkeypatch.setattr(notify, "DEADLINE", 0.5)
    monkeypatch.setattr(Dripping, "begins", begins)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dripping) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings = {f"HOTPATCH_KB_{variable}": f"{scheme}://127.0.0.1:{server.server_address[1]}"}
        settings |= {"HOTPATCH_KB_MAIL_FROM": "kb@example.org", "HOTPATCH_KB_MAIL_TO": "ops@example.org"}
        notify.send(db, lambda _: None, settings)
        change(db, "calendar/ws2025/2026-09", "expected_type", "hotpatch", "baseline")
        said: list[str] = []
        began = time.monotonic()
        notify.send(db, said.append, settings, sleep=lambda _: None)
        assert time.monotonic() - began < 20
        server.shutdown()
    assert said[0].endswith("kept for the next run: 1 item")


def test_many_items_come_in_batches(send: Any, hook: Hook, db: Path) -> None:
    quiet(db)
    send()
    for number in range(120):
        change(db, f"calendar/ws2025/{2030 + number // 12}-{number % 12 + 1:02d}", "expected_type", "hotpatch", "baseline")
    send()
    assert [len(body["items"]) for body in hook.taken] == [50, 50, 20]
    assert len(set(hook.texts())) == 120


def test_a_source_that_drifts_is_reported_once_and_so_is_its_recovery(send: Any, hook: Hook, db: Path) -> None:
    quiet(db)
    send()

    def state(name: str) -> None:
        with closing(sqlite3.connect(db)) as conn, conn:
            conn.execute("update sources set state = ? where source = 'support_navigation'", (name,))

    state("refused")
    send()
    assert send() == []
    state("ok")
    send()
    assert [re.sub(r": .*; hotpatch-kb status --drift", "; hotpatch-kb status --drift", text) for text in hook.texts()] == [
        "source support_navigation is not what it was and was refused; its facts were kept; hotpatch-kb status --drift says on which page",
        "source support_navigation has recovered",
    ]


def test_a_quarantined_entry_that_may_be_a_release_is_sent_once(send: Any, hook: Hook, db: Path) -> None:
    quiet(db)
    send()

    def quarantine(text: str, may_be_release: str) -> None:
        with closing(schema.open_for_writing(db)) as conn, schema.transaction(conn):
            source, page_url, page = conn.execute(
                "select source, page_url, page from claims where source = 'support_navigation' limit 1"
            ).fetchone()
            conn.execute("insert or ignore into subjects values (?, 'quarantine')", (f"quarantine/{text}",))
            fields = {"kind": "entry", "reason": "expected a build", "may_be_release": may_be_release, "product": "ws2025"}
            for number, (field, value) in enumerate(fields.items(), len(text)):
                conn.execute(
                    """insert into claims (claim, source, page_url, section, subject, field, value, value_text, first_seen_at, last_seen_at, page)
                    values (?, ?, ?, 'Windows Server 2025', ?, ?, ?, ?, '2026-08-11T18:00:00Z', '2026-08-11T18:00:00Z', ?)""",
                    (number, source, page_url, f"quarantine/{text}", field, value, text, page),
                )

    quarantine("a note without a KB or a build", "0")
    assert send() == []
    quarantine("August 11, 2026 - KB5120233 (OS Build 26100.X)", "1")
    assert send() == [f"webhook-{_name(hook)}: sent 1 item"]
    assert send() == []
    (text,) = hook.texts()
    assert text == (
        "source support_navigation lists what may be a release and cannot be read or believed, so ws2025 cannot be called current: "
        "'August 11, 2026 - KB5120233 (OS Build 26100.X)' (expected a build); hotpatch-kb status --drift says more"
    )
    assert hook.taken[0]["items"][0]["kind"] == "quarantined"


def test_a_hub_that_no_list_names_is_sent_once(send: Any, hook: Hook, db: Path) -> None:
    quiet(db)
    send()
    url = "https://support.microsoft.com/en-us/servicing/os/windows-11/2026/09/windows-11-version-26h2-update-history"
    with closing(sqlite3.connect(db)) as conn, conn:
        columns = ", ".join(row[1] for row in conn.execute("pragma table_info(pages)") if row[1] not in {"page", "page_url"})
        conn.execute(
            f"insert into pages (page, page_url, {columns}) select 1, ?, {columns} from pages where source = 'support_navigation' limit 1",
            (url,),
        )
    send()
    assert send() == []
    assert hook.texts() == [f"source support_navigation found a hub that no list names, and reads it: {url}"]


def test_a_source_that_is_stale_is_reported(send: Any, hook: Hook, db: Path) -> None:
    with closing(sqlite3.connect(db)) as conn, conn:
        conn.execute("update sources set state = 'unreachable' where source = 'learn_release_info'")
    send()  # the embedded facts are of July 2026
    (text,) = (text for text in hook.texts() if text.startswith("source learn_release_info "))
    assert re.fullmatch(
        r"source learn_release_info was not read for too long: last on 2026-07-\d\d(; .+)?; hotpatch-kb status says how each source is",
        text,
    )


def test_one_line_says_whether_windows_or_a_source_changed() -> None:
    price, drift = channels.Item("a", "price", "", "new price"), channels.Item("b", "source", "", "source x has recovered")
    assert [channels.subject_of(items) for items in ([drift], [drift, drift], [price, price, drift])] == [
        "source x has recovered",
        "2 notes on sources: source x has recovered; ...",
        "2 changes of Windows hotpatching and 1 note on sources: new price; ...",
    ]


@pytest.mark.parametrize("shape", ["slack", "teams"])
def test_texts_of_others_are_no_markup(send: Any, hook: Hook, db: Path, shape: str) -> None:
    quiet(db)
    send(HOTPATCH_KB_WEBHOOK_FORMAT=shape)
    change(db, "price/x", "price", None, "<!channel> [click](javascript:x) *b* & 1.50 USD")
    send(HOTPATCH_KB_WEBHOOK_FORMAT=shape)
    (body,) = hook.taken
    if shape == "slack":
        assert body == {"text": "• price/x: new price, &lt;!channel&gt; [click](javascript:x) *b* &amp; 1.50 USD"}
    else:
        (attachment,) = body["attachments"]
        assert body["type"] == "message"
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert attachment["content"]["body"][0]["text"] == r"price/x: new price, \<!channel\> \[click\]\(javascript:x\) \*b\* & 1.50 USD"


@pytest.mark.parametrize("broken", ["", "[]", '{"x": 1}', '{"webhook-a": {"told": 1, "waiting": [], "sources": {}}}', "\x00"])
def test_a_broken_file_of_what_was_sent_is_replaced(send: Any, hook: Hook, db: Path, broken: str) -> None:
    quiet(db)
    send()
    (file,) = db.parent.glob("*.told.json")
    file.write_text(broken, encoding="utf-8")
    assert "starting a new one" in send()[0]
    assert hook.taken == []


def test_a_replay_sends_nothing_again(worlds: dict[str, Path], crawled_in_may: Path, tmp_path: Path, hook: Hook) -> None:
    path, archive = tmp_path / "x.db", tmp_path / "x.db.archive"
    settings = {"HOTPATCH_KB_WEBHOOK": hook.url}
    shutil.copytree(crawled_in_may, tmp_path, dirs_exist_ok=True)
    quiet(path)
    notify.send(path, lambda _: None, settings)
    runs.crawl(path, archive, folder=worlds["new"], seed=False, say=lambda _: None)
    quiet(path)
    notify.send(path, lambda _: None, settings)
    sent = hook.texts()
    assert "Windows Server 2025, June 2026: planned as a hotpatch, released as a baseline" in sent
    assert len(set(sent)) == len(sent)
    path.unlink()
    for left in tmp_path.glob("x.db-*"):
        left.unlink()
    runs.replay(path, archive, say=lambda _: None)
    quiet(path)
    notify.send(path, lambda _: None, settings)
    assert hook.texts() == sent


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"HOTPATCH_KB_WEBHOOK": "hooks.example.org/" + SECRET}, "expected HOTPATCH_KB_WEBHOOK as an address"),
        ({"HOTPATCH_KB_WEBHOOK": "http://hooks.example.org/" + SECRET}, "as an https address"),
        ({"HOTPATCH_KB_WEBHOOK": "https://x.example/", "HOTPATCH_KB_WEBHOOK_FORMAT": "irc"}, "(json, slack, teams), got 'irc'"),
        ({"HOTPATCH_KB_SMTP": "mail.example.org"}, "expected HOTPATCH_KB_SMTP as an address"),
        ({"HOTPATCH_KB_SMTP": f"imap://u:{SECRET}@x"}, "smtp://host or smtps://host"),
        (
            {"HOTPATCH_KB_SMTP": f"smtp://u:{SECRET}@x", "HOTPATCH_KB_MAIL_FROM": "me", "HOTPATCH_KB_MAIL_TO": "a@b"},
            "HOTPATCH_KB_MAIL_FROM",
        ),
        ({"HOTPATCH_KB_SMTP": "smtp://x", "HOTPATCH_KB_MAIL_FROM": "a@b", "HOTPATCH_KB_MAIL_TO": "a@b\nBcc: c@d"}, "HOTPATCH_KB_MAIL_TO"),
    ],
)
def test_a_setting_that_cannot_be_used_is_said_before_the_crawl(
    run: Any, settings: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    done = run("crawl", "--from", ".")
    assert done.code == 2
    assert message in done.err
    assert SECRET not in done.err
    with pytest.raises(BadInput):
        channels.read_channels(settings)


class Mail(socketserver.StreamRequestHandler):
    """A mail server of loopback that takes everything, without TLS."""

    messages: list[str] = []  # noqa: RUF012

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        lines: list[str] = []
        in_data = False
        while line := self.rfile.readline().decode():
            if in_data:
                lines.append(line)
                if line != ".\r\n":
                    continue
                in_data = False
                self.messages.append("".join(lines))
            if line.upper().startswith("QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            in_data = line.upper().startswith("DATA")
            self.wfile.write(b"354 go\r\n" if in_data else b"250 ok\r\n")


def test_a_mail_holds_what_is_new(db: Path) -> None:
    quiet(db)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings = {
            "HOTPATCH_KB_SMTP": f"smtp://127.0.0.1:{server.server_address[1]}",
            "HOTPATCH_KB_MAIL_FROM": "kb@example.org",
            "HOTPATCH_KB_MAIL_TO": "ops@example.org, you@example.org",
        }
        notify.send(db, lambda _: None, settings)
        change(db, "calendar/ws2025/2026-09", "expected_type", "hotpatch", "baseline\r\nBcc: evil@example.org")
        said: list[str] = []
        notify.send(db, said.append, settings)
        server.shutdown()
    (message,) = Mail.messages
    assert "To: ops@example.org, you@example.org" in message
    assert "Windows Server 2025, September 2026: expected as a baseline" in message
    assert "\r\nBcc:" not in message
    assert said[0].endswith(": sent 1 item")


def test_a_crawl_notifies_and_its_exit_code_is_its_own(
    run: Any, worlds: dict[str, Path], tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = Path(shutil.copytree(worlds["old"], tmp_path / "tree"))
    monkeypatch.setenv("HOTPATCH_KB_WEBHOOK", hook.url)
    hook.answer(500)
    monkeypatch.setattr(notify, "WAITS", (0.0, 0.0))
    assert run("crawl", "--from", tree, "--db", tmp_path / "a.db").code == 0
    done = run("crawl", "--from", worlds["new"], "--db", tmp_path / "a.db")
    assert done.code == 0
    assert "kept for the next run: " in done.err
    assert SECRET not in done.err
