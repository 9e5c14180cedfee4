"""The calendar: a year at a glance, and the iCalendar file as two libraries read it (cases 27 and 29, RFC 5545)."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import ical.calendar_stream
import icalendar
import pytest
from conftest import Command
from helpers import render
from helpers.dumps import query
from helpers.random_pages import HOTPATCHES, KINDS
from rendered import msrc_cvrf

from hotpatch_kb.db.answers import icalendar_file
from hotpatch_kb.db.answers.calendar import calendar_rows, subscribed_rows
from hotpatch_kb.db.facts import snapshots, write
from hotpatch_kb.db.facts.releases import resolve
from hotpatch_kb.db.facts.write import database_known_on
from hotpatch_kb.db.store.connections import open_for_reading, open_seed_database
from hotpatch_kb.scraper.cli.main import main
from hotpatch_kb.scraper.cli.text import calendar as text

PRODUCTS = ("win11-24h2", "win11-25h2", "ws2022", "ws2025")


@pytest.fixture(autouse=True)
def _day(at: Callable[[str], None]) -> None:
    at("2026-07-20")


class Shown(NamedTuple):
    """What a subscriber has of an event."""

    day: dt.date
    summary: str
    description: str
    sequence: int
    stamps: tuple[str, str]


def _read(file: str) -> dict[str, Shown]:
    """Events by UID, as a calendar library reads them; the line that says when facts end is no part of the event's own."""
    found = {}
    for event in icalendar.Calendar.from_ical(file).walk("VEVENT"):
        uid = str(event["uid"])
        assert uid not in found
        lines = [line for line in str(event["description"]).split("\n") if not line.startswith(("Facts end on", "Known since"))]
        stamps = (event["dtstamp"].to_ical().decode(), event["last-modified"].to_ical().decode())
        found[uid] = Shown(event["dtstart"].dt, str(event["summary"]), "\n".join(lines), int(event["sequence"]), stamps)
    return found


def _compare(before: dict[str, Shown], after: dict[str, Shown]) -> set[str]:
    """Holds an export against a former one: what changed rose, what did not is the same. Returns what changed."""
    assert before.keys() <= after.keys()
    changed = set()
    for uid, old in before.items():
        new = after[uid]
        if old[:3] != new[:3]:
            changed.add(uid)
            assert new.sequence > old.sequence, uid
            assert new.stamps > old.stamps, uid
        else:
            # More than one change may lie between, back and forth; never fewer.
            assert new.sequence >= old.sequence, uid
            assert (new.sequence > old.sequence) == (new.stamps > old.stamps), uid
    return changed


# --- what changes when (cases 27 and 29) ------------------------------------------------------------------------------


class Generations(NamedTuple):
    """A database of both generations of the site, and what was exported after each."""

    folder: Path
    may: str
    july: str


def _exported(db: Path, *arguments: str) -> str:
    conn = open_for_reading(db)
    try:
        return db_file(conn, *arguments)
    finally:
        conn.close()


def db_file(conn: sqlite3.Connection, known: str | None = None) -> str:
    """The file of a whole database, or of it as of an earlier day."""
    with contextlib.nullcontext(conn) if known is None else contextlib.closing(database_known_on(conn, known)) as source:
        return icalendar_file.calendar_file(source, calendar_rows(source), "Test", today="2026-07-20", history=conn, known=known).decode()


@pytest.fixture(scope="session")
def generations(crawled_in_may: Path, crawled_twice: Path) -> Generations:
    return Generations(crawled_twice, _exported(crawled_in_may / "x.db"), _exported(crawled_twice / "x.db"))


def test_june_2026_keeps_its_uid_and_raises_its_sequence(generations: Generations) -> None:
    may, july = _read(generations.may), _read(generations.july)
    changed = _compare(may, july)
    assert changed == {f"{product}-2026-{month}@hotpatch-kb" for product in PRODUCTS for month in ("06", "07")}
    for product in PRODUCTS:
        uid = f"{product}-2026-06@hotpatch-kb"
        assert may[uid].summary.endswith(": hotpatch, no restart (planned)")
        assert july[uid].summary.endswith(": baseline, restart (unplanned)")
        assert (may[uid].sequence, july[uid].sequence) == (0, 1)
        assert (may[uid].stamps, july[uid].stamps) == (("20260527T120000Z",) * 2, ("20260723T120000Z",) * 2)
    assert july["ws2025-2026-06@hotpatch-kb"].description.startswith("Released: KB5094125, OS build 26100.32995\nPlanned as: hotpatch")


def test_months_that_did_not_change_are_the_same_byte_for_byte(generations: Generations) -> None:
    def months(file: str) -> dict[str, list[str]]:
        found = {}
        for part in file.replace("\r\n ", "").split("BEGIN:VEVENT")[1:]:
            lines = part.split("\r\n")
            # The old addresses of articles moved in July 2026, and the day the facts end stands in months to come.
            kept = [re.sub(r"Facts end on \S+", "", line) for line in lines if not line.startswith("URL:")]
            found[next(line for line in lines if line.startswith("UID:"))] = kept
        return found

    may, july = months(generations.may), months(generations.july)
    assert len(may) > 100
    changed = {uid for uid in may if may[uid] != july[uid]}
    assert changed == {f"UID:{product}-2026-{month}@hotpatch-kb" for product in PRODUCTS for month in ("06", "07")}


def test_the_server_plan_of_may_and_what_came_in_june(run: Command, tmp_path: Path) -> None:
    """Case 27 on the page that case 27 names: as of 2026-05-13 and 2026-07-02."""
    files = []
    for day in ("2026-05-13", "2026-07-02"):
        info = render.server_release_info(day)  # type: ignore[arg-type]
        render.save_tree(tmp_path / day, info.url, render.release_info_markdown(info), fetched_at=f"{day}T12:00:00Z", suffix=".md")
        assert run("crawl", "--db", "x.db", "--from", day).code == 0
        files.append(run("calendar", "--db", "x.db", "--ics").out)
    before, after = map(_read, files)
    assert {"ws2025-2026-06@hotpatch-kb", "ws2022-2026-06@hotpatch-kb"} <= _compare(before, after)
    assert [f["ws2025-2026-06@hotpatch-kb"].sequence for f in (before, after)] == [0, 1]
    # As known in May, when the second page had long been read: the event as it was, with the sequence and times it had.
    as_known = _read(run("calendar", "--db", "x.db", "--ics", "--known", "2026-05-20").out)
    # What others report of August and September is embedded, and was read in November.
    reported = {uid for uid in before if re.search("2026-0[89]@", uid)}
    # The end of a product's hotpatching, too: months after it are in neither the table nor the file of today.
    assert {uid: as_known[uid] for uid in before.keys() - reported} == {uid: before[uid] for uid in before.keys() - reported}
    assert {as_known[uid].sequence for uid in reported} == {0}


def test_order_and_replay_give_the_same_bytes(
    run: Command, worlds: dict[str, Path], generations: Generations, crawled: Path, tmp_path: Path
) -> None:
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    assert run("crawl", "--db", "x.db", "--from", worlds["old"]).code == 0
    assert _exported(tmp_path / "x.db") == generations.july
    assert run("replay", "--db", "c.db", "--archive", generations.folder / "x.db.archive").code == 0
    assert _exported(tmp_path / "c.db") == generations.july


def test_a_baseline_that_only_a_new_page_names_raises_the_sequence(run: Command, worlds: dict[str, Path], tmp_path: Path) -> None:
    """``changes`` does not tell it, since a page read for the first time says what is: a subscriber sees it all the same."""
    info = render.server_release_info("2026-05-13")
    render.save_tree(tmp_path / "a", info.url, render.release_info_markdown(info), fetched_at="2026-05-13T12:00:00Z", suffix=".md")
    files = []
    for arguments in (("a",), (worlds["new"], "--source", "support_navigation")):
        assert run("crawl", "--db", "x.db", "--from", *arguments).code == 0
        files.append(_read(run("calendar", "--db", "x.db", "--ics", "--product", "ws2025").out))
    assert query(tmp_path / "x.db", "select count(*) from changes where subject = 'calendar/ws2025/2026-06'") == [(0,)]
    assert {"ws2025-2026-06@hotpatch-kb", "ws2025-2026-07@hotpatch-kb"} <= _compare(*files)


def test_a_correction_raises_the_sequence(run: Command, tmp_path: Path) -> None:
    """A person's decision changes what a subscriber sees, and no claim: it counts from the end of its day on."""
    info = render.server_release_info("2026-05-13")
    render.save_tree(tmp_path / "a", info.url, render.release_info_markdown(info), fetched_at="2026-05-13T12:00:00Z", suffix=".md")
    assert run("crawl", "--db", "x.db", "--from", "a").code == 0
    before = _read(run("calendar", "--db", "x.db", "--ics").out)
    row = "learn_release_info,calendar/ws2025/2026-11,planned_type,hotpatch,baseline,a test,https://example.org/,2026-05-20"
    (tmp_path / "x.db.corrections.csv").write_text(f"source,subject,field,value,new_value,why,url,decided_on\n{row}\n", encoding="utf-8")
    assert run("replay", "--db", "x.db", "--archive", "x.db.archive").code == 0
    after = _read(run("calendar", "--db", "x.db", "--ics").out)
    assert _compare(before, after) == {"ws2025-2026-11@hotpatch-kb"}
    assert after["ws2025-2026-11@hotpatch-kb"].summary == "Windows Server 2025: baseline, restart (expected)"
    assert after["ws2025-2026-11@hotpatch-kb"].stamps[0] == "20260520T235959Z"


def test_sequences_as_known_on_any_day_are_a_part_of_todays() -> None:
    """The same event has the same sequence on whatever day it is asked for; another has another, and later ones are higher."""
    conn = open_seed_database()
    last = _read(db_file(conn))
    former: dict[str, Shown] = {}
    for day in ("2026-05-14", "2026-05-27", "2026-06-15", "2026-07-22", "2026-07-23", "2026-11-26"):
        now = _read(db_file(conn, day))
        _compare(now, last)
        for uid, shown in former.items():
            assert now[uid].sequence >= shown.sequence, (day, uid)
            if now[uid][:3] == shown[:3]:
                assert now[uid] == shown, (day, uid)
        former = now
    assert former == last
    conn.close()


def test_the_place_of_an_event_in_its_history() -> None:
    """Of an earlier day: what was shown by then, else the first that is alike (read later), else as many as had been shown."""
    states = [icalendar_file._State(("day", kind, ""), f"2026-0{month}-01T00:00:00Z") for month, kind in enumerate("aba", 1)]
    for seen, known, expected in (
        ("a", None, (2, "2026-03-01T00:00:00Z")),
        ("c", None, (3, "2026-03-01T00:00:00Z")),
        ("a", "2026-02-15", (0, "2026-01-01T00:00:00Z")),
        ("a", "2026-03-01", (2, "2026-03-01T00:00:00Z")),
        ("b", "2026-01-15", (1, "2026-02-01T00:00:00Z")),
        ("c", "2026-02-15", (1, "2026-02-01T00:00:00Z")),
        ("c", "2025-12-31", (0, "2026-01-01T00:00:00Z")),
    ):
        assert icalendar_file._revision(states, ("day", seen, ""), known) == expected, (seen, known)


def _as_if_whole(conn: sqlite3.Connection) -> dict[str, int]:
    """How often each month changed, from the whole world resolved at every time: what the months' own resolutions must agree with."""
    whole = snapshots.snapshot_of(snapshots.claims_where(conn, snapshots.RELEASE_CLAIMS), snapshots.page_times(conn))
    precedence = write.read_precedence(conn)
    shown: dict[str, list[Any]] = {}
    for time in sorted({t for c in whole.claims for t in (c.first_seen_at, c.gone_at) if t}):
        seen = snapshots.as_seen_at(whole, time)
        for row in resolve(seen, precedence).hotpatch_calendar.values():
            states = shown.setdefault(row["subject"], [])
            if not states or states[-1] != icalendar_file._seen(row):
                states.append(icalendar_file._seen(row))
    rows = calendar_rows(conn)
    assert [row["subject"] for row in rows if shown[row["subject"]][-1] != icalendar_file._seen(row)] == []
    return {row["subject"]: len(shown[row["subject"]]) - 1 for row in rows}


def _sequences(conn: sqlite3.Connection) -> dict[str, int]:
    return {subject: revision.sequence for subject, revision in icalendar_file.revisions(conn, calendar_rows(conn)).items()}


def test_months_resolved_apart_are_what_the_whole_gives(generations: Generations) -> None:
    for conn in (open_seed_database(), open_for_reading(generations.folder / "x.db")):
        assert _sequences(conn) == _as_if_whole(conn)
        # One product, one year: the same.
        rows = calendar_rows(conn, "ws2025", 2026)
        every = icalendar_file.revisions(conn, calendar_rows(conn))
        assert icalendar_file.revisions(conn, rows) == {row["subject"]: every[row["subject"]] for row in rows}
        conn.close()


def test_a_sequence_follows_every_crawl_of_a_random_history(seed: int, run: Command, tmp_path: Path) -> None:
    """Pages change, vanish and come back: after each crawl, what changed has risen, and nothing has fallen."""
    draw = random.Random(seed)
    addresses = [render.HOTPATCH_HUB["new"], render.SERVER_HUB["new"], f"{HOTPATCHES}/kb5087423", msrc_cvrf.url("2026-05")]
    contents = {url: [KINDS[url][1](draw) for _ in range(4)] for url in addresses}
    before: dict[str, Shown] = {}
    risen = 0
    for number in range(12):
        url = draw.choice(addresses[:2] if number % 3 else addresses)
        suffix = KINDS[url][0]
        headers = {"content-type": "application/json"} if suffix == ".json" else None
        fetched_at = f"2026-07-{10 + number // 2:02d}T{number % 2 * 6:02d}:{number:02d}:00Z"
        render.save_tree(tmp_path / f"{number}", url, draw.choice(contents[url]), fetched_at=fetched_at, suffix=suffix, headers=headers)
        assert run("crawl", "--db", "x.db", "--from", tmp_path / f"{number}").code in {0, 3}
        conn = open_for_reading(tmp_path / "x.db")
        assert _sequences(conn) == _as_if_whole(conn)
        after = _read(db_file(conn)) if calendar_rows(conn) else {}
        conn.close()
        # A month goes where the day that put a release into it was corrected.
        risen += len(_compare({uid: shown for uid, shown in before.items() if uid in after}, after))
        before = after
    assert risen > 0 or seed > 2  # chance may draw pages that say the same


# --- RFC 5545 ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(run: Command) -> str:
    done = run("calendar", "--ics", "--alarm", 0, "--alarm", 3, "--alarm", 3)
    assert done.code == 0
    return done.out


def test_lines_are_as_the_rfc_wants_them(file: str) -> None:
    lines = file.split("\r\n")
    assert (lines[0], lines[-2:]) == ("BEGIN:VCALENDAR", ["END:VCALENDAR", ""])
    assert max(len(line.encode()) for line in lines) == 75
    assert re.search(r"(?<!\r)\n|\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", file) is None
    assert file.isascii()  # so that a shell that writes another encoding loses nothing
    unfolded = file.replace("\r\n ", "").split("\r\n")
    assert [line for line in unfolded[:-1] if not re.match(r"[A-Z-]+(;VALUE=\w+)?:", line)] == []
    for line in unfolded:
        if line.startswith(("SUMMARY:", "DESCRIPTION:")):
            assert re.search(r"(?<!\\)[,;]", line.partition(":")[2]) is None, line


def test_every_event_has_what_the_rfc_requires(file: str) -> None:
    calendar = icalendar.Calendar.from_ical(file)
    assert (str(calendar["version"]), str(calendar["prodid"]), str(calendar["x-wr-calname"])) == (
        "2.0",
        "-//hotpatch-kb//Windows hotpatch calendar//EN",
        "Windows hotpatch calendar",
    )
    assert (calendar["refresh-interval"].dt, str(calendar["x-published-ttl"])) == (dt.timedelta(hours=12), "PT12H")
    assert "method" not in calendar  # PUBLISH would need an organizer
    conn = open_seed_database()
    rows = {f"{row['product']}-{row['month']}@hotpatch-kb": row for row in subscribed_rows(conn)}
    conn.close()
    events = calendar.walk("VEVENT")
    assert [str(event["uid"]) for event in events] == list(rows)  # the table, and a year by the cadence after it
    once = ("UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "LAST-MODIFIED", "SUMMARY", "DESCRIPTION", "STATUS", "TRANSP", "CATEGORIES")
    for event in events:
        row = rows[str(event["uid"])]
        assert event.errors == []
        assert all(name in event and not isinstance(event[name], list) for name in once), event["uid"]
        assert (type(event["dtstart"].dt), event["dtstart"].params["VALUE"]) == (dt.date, "DATE")
        assert event["dtstart"].dt.isoformat() == (row["release_date"] or row["expected_date"])
        assert event["dtend"].dt - event["dtstart"].dt == dt.timedelta(days=1)
        assert (event["dtstamp"].dt.utcoffset(), str(event["transp"])) == (dt.timedelta(0), "TRANSPARENT")
        assert str(event["status"]) == ("CONFIRMED" if row["type"] else "TENTATIVE")
        assert event["categories"].cats[1] == (row["type"] or row["expected_type"])
        assert str(event.get("url", "https://")).startswith("https://")
        assert ("Facts end on 2026-07-23" in str(event["description"])) == (row["type"] is None)
        assert (f"KB{row['kb']}" in str(event["description"])) == (row["kb"] is not None)
    assert sum("url" in event for event in events) == sum(1 for row in rows.values() if row["type"])


def test_another_library_imports_it(file: str) -> None:
    """The strict one, which reads calendars for Home Assistant."""
    calendar = ical.calendar_stream.IcsCalendarStream.calendar_from_ics(file)
    first = _read(file)
    assert {e.uid: (e.dtstart, e.summary, e.sequence, e.status, e.computed_duration.days) for e in calendar.events} == {
        uid: (shown.day, shown.summary, shown.sequence, "TENTATIVE" if "No release" in shown.description else "CONFIRMED", 1)
        for uid, shown in first.items()
    }
    june = next(e for e in calendar.events if e.uid == "ws2025-2026-06@hotpatch-kb")
    assert (june.summary, june.categories) == (
        "Windows Server 2025: baseline, restart (unplanned)",
        ["Windows hotpatching", "baseline", "unplanned"],
    )
    days = [e.dtstart for e in calendar.timeline.included(dt.date(2026, 8, 1), dt.date(2026, 8, 31))]
    assert days == [dt.date(2026, 8, 11)] * 4


def test_reminders_ring_in_the_morning_of_months_to_come(file: str) -> None:
    for event in icalendar.Calendar.from_ical(file).walk("VEVENT"):
        alarms = event.walk("VALARM")
        assert [alarm["trigger"].dt for alarm in alarms] == (
            [dt.timedelta(hours=9), dt.timedelta(days=-3, hours=9)] if str(event["status"]) == "TENTATIVE" else []
        )
        assert all((str(a["action"]), str(a["description"])) == ("DISPLAY", str(event["summary"])) for a in alarms)
    assert "TRIGGER:PT9H\r\n" in file
    assert "TRIGGER:-P2DT15H\r\n" in file


def test_two_exports_are_equal_on_whatever_day(run: Command, at: Callable[[str], None]) -> None:
    first = run("calendar", "--ics", "--product", "ws2025").out
    at("2031-01-01")
    assert run("calendar", "--ics", "--product", "Windows Server 2025").out == first
    assert "X-WR-CALNAME:Windows hotpatch calendar: Windows Server 2025\r\n" in first


def test_text_is_escaped_and_cannot_end_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with all that RFC 5545 escapes or forbids (made): it comes back as it was, without control characters."""
    name = 'Server, Core; "x" \\n C:\\temp\r\nATTENDEE:mailto:x@example.org\x07\u2028\x85\ufeff ' + "ü€😀" * 40
    conn = open_seed_database()
    rows = calendar_rows(conn, "ws2025", 2026)
    monkeypatch.setattr("hotpatch_kb.db.answers.icalendar_file.named", lambda _product: type("P", (), {"name": name}))
    written = icalendar_file.calendar_file(conn, rows, name, [1], today="2026-07-20")
    conn.close()
    assert max(len(line) for line in written.split(b"\r\n")) <= 75
    unfolded = written.replace(b"\r\n ", b"").decode()
    assert "\r\nATTENDEE" not in unfolded
    assert re.search(r"(?<!\r)\n|\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028]", unfolded) is None
    calendar = icalendar.Calendar.from_ical(written)
    escaped = re.sub(r"([\\,;])", r"\\\1", icalendar_file.plain(name)).replace("\n", "\\n")
    assert f"\r\nX-WR-CALNAME:{escaped}\r\n" in unfolded
    events = calendar.walk("VEVENT")
    assert {str(event["summary"]).startswith(icalendar_file.plain(name) + ": ") for event in events} == {True}
    imported = ical.calendar_stream.IcsCalendarStream.calendar_from_ics(written.decode())
    assert {event.summary.startswith(icalendar_file.plain(name) + ": ") for event in imported.events} == {True}


def test_only_web_addresses_are_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("file:///c:/x", "https://", "https://a b", "https://a\nX:1", "https://a\u2028b", "ms-settings:x", "HTTPS://a"):
        assert not icalendar_file.is_web_address(url), url
    conn = open_seed_database()
    links = icalendar_file._links(conn)
    assert links.keys() == {row["subject"] for row in calendar_rows(conn) if row["type"]}
    monkeypatch.setattr("hotpatch_kb.db.answers.icalendar_file.is_web_address", lambda _url: False)
    assert "URL:" not in db_file(conn)
    conn.close()


def test_bad_input_of_ics(run: Command) -> None:
    for arguments, message in (
        (("--alarm", 1), "expected --ics with --alarm, got --alarm alone"),
        (("--restarts",), "expected --ics with --restarts, got --restarts alone"),
        (("--on", "2026-07-20"), "expected an option of hotpatch-kb calendar, got --on; nearest: hotpatch-kb calendar --known"),
        (("--ics", "--json"), "expected --ics or --json, got both"),
        (("--ics", "--alarm", -1), "expected --alarm as a whole number from 0 to 366, got '-1'"),
        (("--ics", "--alarm", "1.5"), "expected --alarm as a whole number from 0 to 366, got '1.5'"),
        (("--ics", "--known", "2020-01-01"), "no source read by then"),
    ):
        done = run("calendar", *arguments)
        assert (done.code, done.out, message in done.err) == (2, "", True), arguments
    done = run("calendar", "--ics", "--year", 2040)
    assert (done.code, done.out) == (4, "")  # a calendar without an event is none (RFC 5545, 3.4)


def test_restarts_alone(run: Command) -> None:
    """Baselines, and September 2026, of which others report one where a hotpatch is planned."""
    file = run("calendar", "--ics", "--restarts", "--product", "ws2025", "--year", 2026).out
    assert re.findall(r"^DTSTART;VALUE=DATE:(\d{6})", file, re.MULTILINE) == ["202601", "202604", "202606", "202607", "202609", "202610"]


def test_bytes_go_out_unchanged(run: Command, tmp_path: Path, file: str) -> None:
    """As a process, and to a stream that has no bytes below it."""
    command = [sys.executable, "-m", "hotpatch_kb", "calendar", "--ics", "--alarm", "0", "--alarm", "3"]
    # Of what lies between the day of the test and today, the process has no reminders.
    without = re.compile(rb"BEGIN:VALARM.*?END:VALARM\r\n", re.DOTALL)
    assert without.sub(b"", subprocess.run(command, capture_output=True, check=True, cwd=tmp_path).stdout) == without.sub(
        b"", file.encode()
    )
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        assert main(["calendar", "--ics", "--alarm", "0", "--alarm", "3"]) == 0
    assert stream.getvalue() == file
    assert run("calendar", "--ics").out != file


def test_the_library_is_loaded_for_ics_alone(tmp_path: Path) -> None:
    for arguments, is_loaded in (((), False), (("--json",), False), (("--ics",), True)):
        code = f"import sys; from hotpatch_kb.scraper.cli.main import main; main(['calendar', *{list(arguments)}]); sys.stderr.write(str('icalendar' in sys.modules))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path, check=True)
        assert done.stderr.decode().endswith(str(is_loaded)), arguments


def test_months_after_the_plan_are_tentative_and_keep_their_uid(run: Command) -> None:
    """The months that only the cadence has, as many as the text shows of a year, up to the end of support."""
    file = _read(run("calendar", "--ics", "--product", "ws2025", "--year", 2027).out)
    assert list(file) == [f"ws2025-2027-{number:02d}@hotpatch-kb" for number in range(1, 13)]
    restarts = [uid for uid, event in file.items() if event.summary.startswith("Windows Server 2025: baseline, restart")]
    assert restarts == [f"ws2025-2027-{number}@hotpatch-kb" for number in ("01", "04", "07", "10")]
    assert {event.summary.partition("(")[2] for event in file.values()} == {"expected by the cadence, not published)"}
    assert {(event.sequence, event.stamps) for event in file.values()} == {(0, ("20260525T120000Z",) * 2)}
    after_the_plan = {uid: event for uid, event in _read(run("calendar", "--ics", "--product", "ws2025").out).items() if "-2027-" in uid}
    assert after_the_plan == file
    assert max(_read(run("calendar", "--ics", "--product", "ws2022").out)) == "ws2022-2027-10@hotpatch-kb"  # the last month of hotpatching


def test_an_event_says_what_others_report(run: Command) -> None:
    """September 2026 was planned as a hotpatch; a baseline of the 8th is reported, and was not read at Microsoft."""
    event = _read(run("calendar", "--ics", "--product", "ws2025").out)["ws2025-2026-09@hotpatch-kb"]
    assert event.summary == "Windows Server 2025: hotpatch, no restart (planned; others report: baseline, restart)"
    assert "Reported by others, not read at Microsoft: KB5122871 26100.33438, baseline of 2026-09-08" in event.description.split("\n")
    assert (event.sequence, event.stamps[0]) == (1, "20261122T000000Z")


# --- the year at a glance ---------------------------------------------------------------------------------------------


def test_a_year_at_a_glance(run: Command, at: Callable[[str], None]) -> None:
    """Planned, actual, unplanned, released and next, in one picture (case 28 for 2022)."""
    for day, year, cells in (
        ("2026-07-20", "2026", "   B     h     h     B     h     B!    B   >(h)   (h)  #(B)   (h)   (h)"),
        ("2026-10-13", "2026", "   B     h     h     B     h     B!    B    (h)   (h)* #(B)   (h)   (h)"),
        ("2026-10-14", "2026", "   B     h     h     B     h     B!    B    (h)   (h)*  (B)  >(h)   (h)"),
        ("2026-07-20", "2022", "   B     h     h     B     B!    h     B     B!    h     B     h     B!"),
        ("2026-07-20", "2021", "   .     .     .     .     .     .     .     .     .     .     h     h"),
    ):
        at(day)
        lines = run("calendar", "--product", "ws2022", "--year", year).out.split("\n")
        assert lines[0] == f"{year}                 Jan   Feb   Mar   Apr   May   Jun   Jul   Aug   Sep   Oct   Nov   Dec"
        assert lines[1] == f"Windows Server 2022{cells}"
        assert lines[2].startswith("B baseline (restart)")


def test_no_picture_is_wider_than_100_columns(run: Command) -> None:
    for arguments in ((), *(("--year", year) for year in range(2021, 2027))):
        picture = run("calendar", *arguments).out.split("\n\n")[0].split("\n")
        assert max(map(len, picture)) <= 100, arguments
        assert picture[0][:4] in {"2026", *map(str, arguments)}
    assert run("calendar", "--year", 2021).out.split("\n")[1].startswith("ws-azure-preview ")


def test_the_picture_is_of_this_year_or_that_of_known(run: Command, at: Callable[[str], None]) -> None:
    assert run("calendar").out.startswith("2026 ")
    at("2026-09-08")
    assert "at least one Patch Tuesday has passed since" in run("calendar").out
    assert ">(h)  #(B)" in run("calendar", "--known", "2026-06-01").out.split("\n")[1]
    at("2027-02-01")  # no month of 2027 is known: the table alone, and no empty picture
    assert run("calendar").out.startswith("Windows 11, version 24H2 (data as of")


def test_a_plan_that_changed_is_marked_before_the_release() -> None:
    row = {"type": None, "expected_type": "baseline", "planned_type": "hotpatch"}
    assert [text._cell(row, mark) for mark in " >#"] == [" (B!)", ">(B!)", "#(B!)"]
    assert text._cell({**row, "expected_type": "hotpatch", "planned_type": "baseline"}, " ") == " (h!)"
    assert text._cell({**row, "type": "baseline", "planned_type": None}, " ") == "  B  "


def test_known_months_show_what_was_planned_then(run: Command) -> None:
    """Case 27: both answers stay available."""
    before = run("calendar", "--product", "ws2025", "--year", 2026, "--known", "2026-06-01").out.split("\n")[1]
    after = run("calendar", "--product", "ws2025", "--year", 2026).out.split("\n")[1]
    assert (before[len("Windows Server 2025") + 31 :][:5].strip(), after[len("Windows Server 2025") + 31 :][:5].strip()) == (">(h)", "B!")
