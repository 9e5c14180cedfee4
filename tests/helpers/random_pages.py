"""Pages of every kind with random contents: entries, titles, issues, months, prices come, change and go."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from rendered import azure_pricing, azure_retail_prices, graph_updates, msrc_cvrf, support_article, support_feeds

from helpers import render

Draw = random.Random
BASE = "https://support.microsoft.com/en-us/servicing/os"
HOTPATCHES = f"{BASE}/hotpatch/windows-server-2025/2026"
UPDATES = f"{BASE}/windows-server/2026/04"
HOTPATCH_ENTRIES = [
    ("April 14, 2026—Baseline", f"{HOTPATCHES}/april-14-2026-baseline"),
    ("May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)", f"{HOTPATCHES}/kb5087423"),
    ("April 19, 2026—Hotpatch KB5091470 (OS Build 26100.32704) Out-of-band", f"{HOTPATCHES}/kb5091470"),
    ("March 10, 2026—Hotpatch KB5080000 (OS Build 26100.32500)", f"{HOTPATCHES}/kb5080000"),
    ("KB5074204—Security Update for Windows PowerShell", f"{HOTPATCHES}/kb5074204"),
    ("June 9, 2026—Baseline", f"{HOTPATCHES}/june-9-2026-baseline"),
]
UPDATE_ENTRIES = [
    ("April 14, 2026—KB5082063 (OS Build 26100.32690)", f"{UPDATES}/kb5082063"),
    ("May 12, 2026—KB5087539 (OS Build 26100.32860)", f"{UPDATES}/kb5087539"),
    ("June 9, 2026—KB5094125 (OS Build 26100.32995)", f"{UPDATES}/kb5094125"),
]
HOTPATCH_TITLE, UPDATE_TITLE = HOTPATCH_ENTRIES[1][0], UPDATE_ENTRIES[2][0]
# Two old addresses of one KB, as KB5052105 had: of the server's article and of the client's.
OLD = "https://support.microsoft.com/en-us/topic/may-12-2026-hotpatch-kb5087423-os-build-26100-32772-{}-1111-4222-8333-444455556666"
PRODUCTS = ("Windows Server 2025, all editions", "Windows 11 version 24H2, all editions", "Windows 11 version 25H2, all editions")
ISSUES = [
    support_article.PRINTING,
    support_article.SIGN_IN,
    support_article.issue("Domain controllers restart", "They restart.", "Wait."),
    support_article.issue("Domain controllers restart", "They restart.", "This issue was resolved in KB5094125."),
    support_article.PRINTING.replace("print from another device", "This issue is resolved in KB5999999"),
]


def _some(draw: Draw, entries: list[tuple[str, str]], share: float) -> list[tuple[str, str]]:
    return [entry for entry in entries if draw.random() < share] or entries


def _navigation(*categories: tuple[str, list[tuple[str, str]]], url: str) -> str:
    found = [render.NavCategory(name, f"hub-{n}", [render.NavEntry(*e) for e in entries]) for n, (name, entries) in enumerate(categories)]
    return render.navigation_new(found, h1="Release notes", url=url)


def _hotpatches(draw: Draw) -> str:
    entries = _some(draw, HOTPATCH_ENTRIES, 0.8)
    for old, new in (("32772", "32773"), ("March 10", "March 11"), ("Hotpatch KB5080000", "KB5080000")):
        if draw.random() < 0.2:
            entries = [(title.replace(old, new), url) for title, url in entries]
    shared = [entry for entry in entries if "Hotpatch" in entry[0] and draw.random() < 0.4]
    other = shared or [("February 11, 2025—Hotpatch KB5052105 (OS Build 26100.3107)", f"{HOTPATCHES}/kb5052105")]
    server = "Release notes for Hotpatch on Windows Server 2025 Datacenter Azure Edition"
    return _navigation((server, entries), ("Windows 11 Enterprise version 24H2", other), url=render.HOTPATCH_HUB["new"])


def _updates(draw: Draw) -> str:
    entries = _some(draw, UPDATE_ENTRIES, 0.85)
    if draw.random() < 0.2:
        entries = [(title.replace("32860", "32861"), url) for title, url in entries]
    older = [("May 12, 2026—KB5087545 (OS Build 20348.5074)", f"{UPDATES}/kb5087545")]
    return _navigation(("Windows Server 2025", entries), ("Windows Server 2022", older), url=render.SERVER_HUB["new"])


def _article(draw: Draw, title: str, *, is_old: bool = False) -> str:
    if draw.random() < 0.08:
        return "<html><head><title>Access Denied</title></head><body></body></html>"
    issues = draw.sample(ISSUES, draw.randint(0, 3))
    if draw.random() < 0.15:
        title = title.replace("32772", "32779").replace("May 12", "May 13")
    if is_old:
        boxes = [support_article.expando(*re.findall(r"<summary>(.*?)</summary>\n(.*)</details>", issue, re.DOTALL)[0]) for issue in issues]
        product = draw.choice(["Windows Server 2025", "Windows 11 Enterprise version 24H2"])
        applies = f'<section class="ocpSection"><h2>Applies to</h2><ul><li>{product}</li></ul></section>'
        return support_article.old_article(title, "".join(boxes) or support_article.NO_ISSUES, applies=applies)
    return support_article.article(
        title,
        applies=tuple(name for name in PRODUCTS if draw.random() < 0.6),
        issues=None if draw.random() < 0.15 else "".join(issues) or support_article.NO_ISSUES,
        changes=(("May 13, 2026", f"Amended {draw.randint(1, 3)}."),) if draw.random() < 0.5 else (),
        before=f"<p><strong>Prerequisites</strong></p><p>You must have the baseline KB{draw.choice([5082063, 5078740])} first.</p>",
    )


def _month(draw: Draw, month: str) -> str:
    fix = msrc_cvrf.Fix
    fixes = (
        fix(
            "5087423",
            ("ws2025",),
            draw.choice(["26100.32772", ""]),
            draw.choice(["Security Hotpatch Update", "Security Update"]),
            "5080000",
        ),
        fix("5087539", ("ws2025",), "26100.32860"),
        fix("5087545", ("ws2022", "ws2025")[: draw.randint(1, 2)], draw.choice(["20348.5074", ""])),
        fix("5082063", ("ws2025", "win11-24h2"), draw.choice(["26100.32690", ""])),
        fix("5074204", ("ws2025",), draw.choice(["26100.6899", ""])),
        fix("5777777", ("ws2022",), ""),
    )
    severities = ["Important", "Critical"]
    cves = [
        msrc_cvrf.Cve(f"CVE-2026-9000{n}", f"V{n}", tuple(f for f in fixes if draw.random() < 0.5), draw.choice(severities))
        for n in range(4)
    ]
    found = [cve for cve in cves if cve.fixes] or [msrc_cvrf.Cve("CVE-2026-90000", "V0", fixes[1:2])]
    return msrc_cvrf.month_document(month, found, revised=f"{month}-{draw.randint(14, 28)}T08:00:00").decode()


def _index(draw: Draw) -> str:
    months = [m for m in ("2026-05", "2026-04", "2026-03") if draw.random() < 0.8] or ["2026-05"]
    return msrc_cvrf.index_document([(month, f"{month}-{draw.randint(14, 28)}T01:39:00Z") for month in months]).decode()


def _pricing(draw: Draw) -> str:
    cost = "$1.50 USD per CPU core per month"
    page = azure_pricing.arc().replace(cost, draw.choice([cost, "$2.00 USD per CPU core per month", "N/A", "Free"]))
    return page.replace("$6/server/month", draw.choice(["$6/server/month", "$7/server/month"]))


def _retail(draw: Draw) -> str:
    rows = [row | ({"retailPrice": draw.choice([1, 2])} if draw.random() < 0.3 else {}) for row in azure_retail_prices.arc()]
    return azure_retail_prices.answer(*(row for row in rows if draw.random() < 0.9))


def _graph(draw: Draw) -> str:
    first = graph_updates.revision("Windows 11", "24H2", "26100.32772", "2026-05-12", "KB5087423", is_hotpatch=draw.choice([True, False]))
    return graph_updates.answer([graph_updates.product("Windows 11", [first, *graph_updates.some_revisions()][: draw.randint(2, 4)])])


def _feed(draw: Draw) -> str:
    edited = f"2026-05-{draw.randint(12, 20)}T17:00:02Z"
    entries = [support_feeds.Entry(f"{HOTPATCH_TITLE} - Microsoft Support", "2026-05-12T17:00:02Z", edited), *support_feeds.ENTRIES[:2]]
    return support_feeds.feed(entries[: draw.randint(1, 3)])


KINDS: dict[str, tuple[str, Callable[[Draw], str]]] = {
    render.HOTPATCH_HUB["new"]: (".html", _hotpatches),
    render.SERVER_HUB["new"]: (".html", _updates),
    f"{HOTPATCHES}/kb5087423": (".html", lambda draw: _article(draw, HOTPATCH_TITLE)),
    f"{UPDATES}/kb5094125": (".html", lambda draw: _article(draw, UPDATE_TITLE)),
    OLD.format("6dda7015"): (".html", lambda draw: _article(draw, HOTPATCH_TITLE, is_old=True)),
    OLD.format("5483cd8c"): (".html", lambda draw: _article(draw, HOTPATCH_TITLE, is_old=True)),
    msrc_cvrf.url("2026-05"): (".json", lambda draw: _month(draw, "2026-05")),
    msrc_cvrf.url("2026-04"): (".json", lambda draw: _month(draw, "2026-04")),
    msrc_cvrf.INDEX: (".json", _index),
    azure_pricing.ARC.rstrip("/"): (".html", _pricing),
    azure_retail_prices.address("Arc"): (".json", _retail),
    graph_updates.URL: (".json", _graph),
    support_feeds.SERVER_2025: (".xml", _feed),
}
