"""Atom feeds of update histories, and their faults. Titles are facts; instants and ids are made up."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from helpers.rendering import Rendered

# Changes of which one thing is quarantined and the rest is read; the others refuse the page.
_QUARANTINED = frozenset(
    {
        "empty-title",
        "instant-never-set",
        "instant-without-zone",
        "no-day-of-the-calendar",
        "no-updated",
        "short-kb",
        "two-kbs",
        "unreadable-instant",
    }
)

URL = "https://support.microsoft.com/en-us/feed/atom/4ec863cc-2ecd-e187-6cb3-b50c6545db92"
SERVER_2025 = "https://support.microsoft.com/en-us/feed/atom/c7b7e227-e17e-8633-fd90-9d28fb739cc5"


class Entry(NamedTuple):
    """An entry: its title as published, when it was published and changed, and the address of its article."""

    title: str
    published: str
    updated: str
    href: str = "https://support.microsoft.com/en-us/topic/1a9bcba6"


def feed(entries: Sequence[Entry], *, title: str = "Windows 11 update history") -> str:
    """An Atom feed as the site wrote it."""
    parts = ['<?xml version="1.0" encoding="utf-8"?>', '<feed xmlns="http://www.w3.org/2005/Atom">', f"  <title>{escape(title)}</title>"]
    for number, entry in enumerate(entries):
        parts += [
            "  <entry>",
            f"    <id>uuid:{uuid.uuid5(uuid.NAMESPACE_URL, title)};id={number + 1}</id>",
            f'    <title type="text">{escape(entry.title)}</title>',
            f"    <published>{entry.published}</published>",
            f"    <updated>{entry.updated}</updated>",
            f'    <link rel="alternate" href="{escape(entry.href)}" />',
            '    <content type="text"></content>',
            "  </entry>",
        ]
    return "\n".join([*parts, "</feed>", ""])


ENTRIES = [
    Entry(
        "June 9, 2026—KB5094126 (OS Builds 26200.8655 and 26100.8655) - Microsoft Support", "2026-06-09T17:00:01Z", "2026-06-10T17:00:31Z"
    ),
    Entry(
        "May 12, 2026—Hotpatch KB5089466 (OS Builds 26200.8390 and 26100.8390) - Microsoft Support",
        "2026-05-12T17:00:02Z",
        "2026-05-12T17:00:02Z",
    ),
    Entry("January 26, 2017—KB 3216755 (OS Build 14393.726) | Microsoft Support", "2017-01-26T18:00:03Z", "2017-02-01T18:00:33Z"),
    Entry("Windows 11, version 25H2 update history - Microsoft Support", "2025-09-30T17:00:04Z", "2026-06-09T17:00:34Z"),
    Entry("July 13, 2025—KB5064489 (OS Build 26100.4656) Out-of-band - Microsoft Support", "2025-07-13T21:00:05Z", "2025-07-14T18:00:35Z"),
    Entry(
        "February 11, 2025—Hotpatch public preview KB5052105 (OS Build 26100.3107) - Microsoft Support",
        "2025-02-11T18:00:06.5370000Z",
        "2025-02-11T10:00:06-08:00",
    ),
]
SERVER_ENTRIES = [
    Entry("June 10, 2025—Hotpatch KB5060841 (OS Build 26100.4270)", "2025-06-10T17:00:01Z", "2026-03-13T20:00:31Z"),
    Entry("June 10, 2025—Hotpatch KB5060841 (OS Build 26100.4270)", "2025-06-10T17:00:02Z", "2026-03-13T20:00:31Z"),
    Entry("April 14, 2026—Baseline (KB5089602)", "2026-04-14T17:00:03Z", "2026-04-14T17:00:33Z"),
    Entry("January 13, 2026—Baseline", "2026-01-13T18:00:04Z", "2026-01-13T18:00:34Z"),
    Entry("KB5061096—Security Update for Windows PowerShell", "2025-06-10T17:00:05Z", "2025-06-10T17:00:35Z"),
    Entry("Cumulative Update for .NET Framework 3.5 and 4.8.1 (KB5054980)", "2025-04-22T17:00:06Z", "2025-04-22T17:00:36Z"),
    Entry("Release notes for Hotpatch on Windows Server 2025 Datacenter Azure Edition", "2024-11-12T17:00:07Z", "2026-06-09T17:00:37Z"),
]


def pages() -> Iterator[Rendered]:
    """Every page."""
    yield Rendered("windows11.xml", URL, feed(ENTRIES))
    broken = feed(ENTRIES).replace("Out-of-band", "Out-of\x0b-band\x1f&#x1F;&#0;")
    yield Rendered("windows11-bom-and-control-characters.xml", URL, "\ufeff\r\n" + broken)
    html_titles = feed(ENTRIES).replace('<title type="text">', '<title type="html">').replace("—", "&amp;#x2014;")
    yield Rendered("windows11-html-titles.xml", URL, html_titles)
    yield Rendered(
        "server2025-two-articles-and-baselines.xml", SERVER_2025, feed(SERVER_ENTRIES, title="Windows Server 2025 update history")
    )
    yield Rendered(
        "refused-bot-page.xml", URL, "<html><head><title>Access Denied</title></head><body><h1>Access Denied</h1></body></html>\n"
    )
    yield Rendered("refused-unclosed.xml", URL, "<html><body>Something went wrong<br></body></html>\n")
    yield Rendered("refused-empty.xml", URL, "")
    yield Rendered("refused-no-entries.xml", URL, feed([]))
    yield Rendered("refused-utf-16.xml", URL, feed(ENTRIES).encode("utf-16"))
    entity = '<!DOCTYPE feed [<!ENTITY e SYSTEM "file:///etc/hostname">]>\n<feed'
    faults: dict[str, Callable[[str], str]] = {
        "doctype": lambda text: text.replace("<feed", entity),
        "rss": lambda text: text.replace("http://www.w3.org/2005/Atom", "http://purl.org/rss/1.0/"),
        "renamed-entries": lambda text: text.replace("entry>", "item>"),
        "renamed-published": lambda text: text.replace("published>", "issued>"),
        "no-updated": lambda text: text.replace("    <updated>2026-06-10T17:00:31Z</updated>\n", ""),
        "no-feed-title": lambda text: text.replace("  <title>Windows 11 update history</title>\n", ""),
        "empty-title": lambda text: text.replace("June 9, 2026—KB5094126 (OS Builds 26200.8655 and 26100.8655) - Microsoft Support", " "),
        "unreadable-instant": lambda text: text.replace("2026-06-09T17:00:01Z", "Tue, 09 Jun 2026 17:00:01 GMT"),
        "no-day-of-the-calendar": lambda text: text.replace("2026-06-09T17:00:01Z", "2026-06-31T17:00:01Z"),
        "instant-without-zone": lambda text: text.replace("2026-06-09T17:00:01Z", "2026-06-09T17:00:01"),
        "instant-never-set": lambda text: text.replace("2026-06-09T17:00:01Z", "0001-01-01T00:00:00Z"),
        "two-kbs": lambda text: text.replace("KB5094126 (", "KB5094126 and KB5094127 ("),
        "short-kb": lambda text: text.replace("KB5094126", "KB4321"),
        "no-kbs": lambda text: text.replace("KB50", "No. 50"),
    }
    for name, change in faults.items():
        yield Rendered(f"{'quarantined' if name in _QUARANTINED else 'refused'}-{name}.xml", URL, change(feed(ENTRIES)))
