"""Atom feeds of update histories, beyond their rendered pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rendered.support_feeds import ENTRIES, URL, Entry, feed

from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.db.model.errors import UnexpectedPage
from hotpatch_kb.scraper.sources import registry

SOURCE = registry()["support_feeds"]
FEED = f"feed/{URL.rpartition('/')[2]}"
OTHERS = [ENTRIES[0], *ENTRIES[4:]]
Values = dict[tuple[str, str], str | None]


def _page(body: str | bytes) -> Page:
    content = body.encode() if isinstance(body, str) else body
    return Page("support_feeds", URL, URL, URL, "2026-07-23T12:00:00Z", 200, content, {"content-type": "application/atom+xml"})


def _values(body: str | bytes) -> Values:
    return {(claim.subject, claim.field): claim.value for claim in SOURCE.parse(_page(body))}


def _with(title: str, published: str = "2026-06-09T17:00:00Z") -> Values:
    """What a feed states whose first entry is this one, without what the others state."""
    others = _values(feed(OTHERS))
    found = _values(feed([Entry(title, published, "2026-06-10T17:00:00Z"), *OTHERS]))
    return {key: value for key, value in found.items() if others.get(key) != value}


def test_nine_feeds_have_addresses_of_their_own() -> None:
    assert len({spec.page_url for spec in SOURCE.pages}) == 9
    assert all(spec.addresses == (spec.page_url,) and not spec.family for spec in SOURCE.pages)


def test_the_recorded_entries_of_the_windows_11_feed_are_read_whole(shared: Path) -> None:
    """All 115 entries of May 2026 name a KB, each another: none is skipped, and every instant is read as it stands."""
    recorded = json.loads((shared / "samples" / "support-atom" / "windows11-feed-entries.2026-05-31.json").read_text(encoding="utf-8"))
    entries = [Entry(*(e[f"atom_{name}"] for name in ("feed_title", "published", "updated", "feed_url"))) for e in recorded["entries"]]
    found = _values(feed(entries))
    read = {subject for subject, _ in found if subject.startswith("kb/")}
    assert (len(entries), len(read), len(found)) == (115, 115, 3 * 115 + 2)
    assert (found[FEED, "baselines_without_kb"], found[FEED, "others_without_kb"]) == ("0", "0")
    instants = {(found[subject, "published_at"], found[subject, "updated_at"], found[subject, "feed_title"]) for subject in read}
    assert instants == {(e.published, e.updated, e.title.removesuffix(" - Microsoft Support")) for e in entries}
    assert (found["kb/5089466", "published_at"], found["kb/5089466", "updated_at"]) == ("2026-05-12T17:04:50Z", "2026-05-12T17:04:50Z")


def test_the_recorded_entry_is_read(shared: Path) -> None:
    found = _values((shared / "samples" / "support-atom" / "windows11-atom-kb5094126.xml").read_bytes())
    assert found == {
        ("kb/5094126", "published_at"): "2026-06-09T17:04:01Z",
        ("kb/5094126", "updated_at"): "2026-06-10T17:20:31Z",
        ("kb/5094126", "feed_title"): "June 9, 2026-KB5094126 (OS Builds 26200.8655 and 26100.8655)",
        (FEED, "baselines_without_kb"): "0",
        (FEED, "others_without_kb"): "0",
    }


@pytest.mark.parametrize(
    ("title", "number"),
    [
        ("February 11, 2025—Hotpatch KB5052106 (OS Build 20348.3148", "5052106"),
        ("May 16, 2025 Hotpatch KB5061258 (26100.3983)", "5061258"),
        ("April 14, 2026—Baseline (KB5089602)", "5089602"),
        ("KB5061096—Security Update for Windows PowerShell", "5061096"),
        ("January 26, 2017—KB\u00a03216755 (OS Build 14393.726)", "3216755"),
        ("August 12, 2025—KB5063878: Update for Windows Server 2025 (OS Build 26100.4946)", "5063878"),
        # titles that the grammar does not read, with the one KB that they name
        ("Servicing stack update for Windows Server 2012 R2 (KB5001403)", "5001403"),
        ("June 10, 2025—KB5060999 (OS Builds to be announced)", "5060999"),
    ],
)
def test_an_entry_is_of_the_kb_in_its_title(title: str, number: str) -> None:
    assert _with(title) == {
        (f"kb/{number}", "published_at"): "2026-06-09T17:00:00Z",
        (f"kb/{number}", "updated_at"): "2026-06-10T17:00:00Z",
        (f"kb/{number}", "feed_title"): title.replace("\u00a0", " "),
    }


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("January 13, 2026—Baseline", "baselines_without_kb"),
        ("January 13, 2026—Hotpatch baseline for Windows 11 Enterprise", "baselines_without_kb"),
        ("Windows 11, version 24H2 update history", "others_without_kb"),
        ("Release notes", "others_without_kb"),
        ("End of servicing statement", "others_without_kb"),
        (".NET Framework update history", "others_without_kb"),
        ("A baseline of everything", "others_without_kb"),
    ],
)
def test_an_entry_without_a_kb_is_counted_and_named(title: str, kind: str) -> None:
    assert _with(f"{title} - Microsoft Support") == {(FEED, kind): "1"}
    page = _page(feed([Entry(title, "2026-06-09T17:00:00Z", "2026-06-10T17:00:00Z"), *OTHERS]))
    assert [claim.value_text for claim in SOURCE.parse(page) if (claim.subject, claim.field) == (FEED, kind)] == [title]


def test_every_entry_is_read_or_counted_and_rows_count_those_that_are_read() -> None:
    claims = list(SOURCE.parse(_page(feed(ENTRIES))))
    rows = {claim.row for claim in claims if claim.subject.startswith("kb/")}
    counted = sum(int(claim.value or 0) for claim in claims if claim.subject == FEED)
    assert (sorted(rows), counted, len(ENTRIES)) == ([0, 1, 2, 3, 4], 1, 6)
    assert {claim.section for claim in claims} == {"Windows 11 update history"}


@pytest.mark.parametrize(
    ("published", "utc"),
    [
        ("2026-06-09T17:04:01Z", "2026-06-09T17:04:01Z"),
        ("2026-06-09T17:04:01+00:00", "2026-06-09T17:04:01Z"),
        ("2026-06-09T17:04:01.1234567Z", "2026-06-09T17:04:01Z"),
        ("2026-06-09T22:04:01-07:00", "2026-06-10T05:04:01Z"),
        (" 2026-06-09T17:04:01Z\n", "2026-06-09T17:04:01Z"),
    ],
)
def test_instants_are_in_utc(published: str, utc: str) -> None:
    assert _with("KB5000001 (OS Build 26100.1)", published)["kb/5000001", "published_at"] == utc


@pytest.mark.parametrize(
    "published",
    [
        "2026-06-09", "2026-06-09T17:04Z", "20260609T170401Z", "2026-W24-2T17:04:01Z", "2026-06-09 17:04:01Z", "2026-06-09T25:04:01Z",
        "2026-06-09T17:04:01+99:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "٢٠٢٦-06-09T17:04:01Z", "now",
    ],
)  # fmt: skip
def test_an_entry_whose_instant_cannot_be_read_is_quarantined(published: str) -> None:
    found = _with("KB5000001 (OS Build 26100.1)", published)
    (reason,) = (value for (subject, field), value in found.items() if subject.startswith("quarantine/") and field == "reason")
    assert (reason or "").startswith("expected an instant such as 2026-06-09T17:04:01Z, got ")
    assert ("kb/5000001", "published_at") not in found


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE feed SYSTEM "http://192.0.2.1/feed.dtd">',
        '<!DOCTYPE feed [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!--<feed>--><!DOCTYPE feed [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>',
    ],
)
@pytest.mark.fault("a feed with a document type")
def test_a_doctype_is_refused_and_no_entity_is_resolved(dtd: str) -> None:
    """A feed declares entities; refused, none is resolved."""
    body = feed(ENTRIES).replace('<feed xmlns="http://www.w3.org/2005/Atom">', f'{dtd}<feed xmlns="http://www.w3.org/2005/Atom">')
    for text in (body, body.replace("<title>Windows", "<title>&a; Windows"), body.replace("<feed xmlns", '<feed x="&a;" xmlns')):
        with pytest.raises(UnexpectedPage, match=r"expected a feed without a DOCTYPE, got one|expected XML, got "):
            _values(text)


@pytest.mark.fault("a feed that declares a wrong encoding")
def test_a_declared_encoding_does_not_change_the_text() -> None:
    """The declaration of a feed names another encoding; the text is read as UTF-8."""
    assert _values(feed(ENTRIES).replace('encoding="utf-8"', 'encoding="iso-8859-1"')) == _values(feed(ENTRIES))
