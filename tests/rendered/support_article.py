"""Articles of KBs in both layouts: known issues in every form, prerequisites, channels, change log, and the wrong pages.

The sentences are this project's own; the elements, ids and labels are those of the site.
"""

from __future__ import annotations

from collections.abc import Iterator

from helpers.rendering import Rendered

_SERVICING = "https://support.microsoft.com/en-us/servicing/os"
LCU = f"{_SERVICING}/windows-11/2026/07/july-14-2026-kb5101650-os-builds-26200-8875-and-26100-8875"
HOTPATCH = f"{_SERVICING}/hotpatch/windows-server-2025/2026/kb5087423"
OLD = "https://support.microsoft.com/en-us/topic/june-9-2026-kb5094126-os-builds-26200-8655-and-26100-8655-1a9bcba6-5f53-4075-8156-fe11ac631737"
HELP = "https://support.microsoft.com/en-us/help/"

NO_ISSUES = "<p>Microsoft is not currently aware of any issues with this update.</p>"


def issue(title: str, symptom: str, workaround: str = "") -> str:
    """A known issue in the new layout."""
    body = f"<p><strong>Symptoms</strong></p>\n<p>{symptom}</p>\n"
    if workaround:
        body += f"<p><strong>Workaround</strong></p>\n<p>{workaround}</p>\n"
    return f"<details>\n<summary>{title}</summary>\n{body}</details>\n"


PRINTING = issue(
    "Printing may take longer than it should", "Some printers answer late.", "Until this is mended, print from another device."
)
SIGN_IN = issue(
    "Signing in may show an empty screen",
    "After a restart the sign-in screen can stay empty for a minute.",
    "This issue was resolved by the update released July 18, 2026\u200b<a href='/help/5121768'>KB5121768</a>.",
)


def article(
    title: str,
    *,
    page_title: str = "",
    applies: tuple[str, ...] = (),
    issues: str | None = NO_ISSUES,
    changes: tuple[tuple[str, str], ...] = (),
    ssu: str = "",
    before: str = "",
    channels: bool = True,
    more: str = "",
    tracking: str = "0",
) -> str:
    """An article in the new layout. ``tracking`` is what differs in every answer; ``issues`` None leaves the section out."""
    spans = "".join(f"<span>{name}</span> " for name in applies)
    rows = "".join(f"<tr><td>{day}</td><td>{what}</td></tr>\n" for day, what in changes)
    log = (
        f"<details>\n<summary>Change log</summary>\n<table><thead><tr><th><strong>Change date</strong></th><th><strong>Change description</strong></th></tr></thead><tbody>\n{rows}</tbody></table>\n</details>\n"
        if changes
        else ""
    )
    known = "" if issues is None else f'<h2 id="known-issues-in-this-update">Known issues in this update</h2>\n{issues}\n'
    panels = (
        ("windows-update", "None. It is downloaded and will be installed without your doing."),
        ("business", "None. It will be downloaded by your policies."),
        ("catalog", "To get the standalone package for this update, open the catalog."),
        ("server-update-services", "It will automatically sync with WSUS where the product is chosen."),
    )
    hotpatch_panels = (
        panels[0],
        ("catalog", "This update is not available there."),
        ("server-update-services", "This update is not available there."),
    )
    tabs = "".join(
        f'<section id="tabpanel_1_{name}"><table><thead><tr><th>Available</th><th>Next Step</th></tr></thead><tbody><tr><td><span class="icon"></span></td><td>{step}</td></tr></tbody></table></section>\n'
        for name, step in (hotpatch_panels if "Hotpatch" in title else panels)
    )
    get = (
        f'<h2 id="how-to-get-this-update">How to get this update</h2>\n{before}<h3 id="install-this-update">Install this update</h3>\n<div id="tabgroup_1">\n{tabs}</div>\n'
        if channels
        else ""
    )
    stack = f"<details>\n<summary>Servicing stack update</summary>\n{ssu}\n</details>\n" if ssu else ""
    applied = (
        f'<section><details id="supAppliesToList"><summary>Applies To</summary><div>{spans}</div></details></section>\n' if applies else ""
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en-us"><head><title>{page_title or title} | Microsoft Support</title>\n'
        f'<meta name="awa-expid" content="{tracking}"/><meta name="awa-userFlightingId" content="{tracking}{tracking}"/>\n'
        f'</head><body><main class="col col-md-9 mt-4" id="supMainContent" role="main" tabindex="-1">\n<h1>{title}</h1>\n{applied}<div>\n'
        f'<table><thead><tr><th>See the <a href="https://aka.ms/x">overview</a> of this update.</th></tr></thead></table>\n'
        f'<h2 id="announcements-and-messages">Announcements and messages</h2>\n{log}<h2 id="improvements">Improvements</h2>\n'
        f"<ul><li><strong>[Network]</strong> Connections are kept.</li></ul>\n{stack}{more}{known}{get}</div>\n</main></body></html>\n"
    )


def lcu(
    issues: str = PRINTING, *, tracking: str = "0", changes: tuple[tuple[str, str], ...] = (("July 15, 2026", "Amended an announcement."),)
) -> str:
    """The LCU of Windows 11 of July 2026; its <title> has a build that the heading has not."""
    return article(
        "July 14, 2026—KB5101650 (OS Builds 26200.8875 and 26100.8875)",
        page_title="July 14, 2026—KB5101650 (OS Builds 26200.8870 and 26100.8875)",
        applies=("Windows 11 version 25H2, all editions", "Windows 11 version 24H2, all editions"),
        issues=issues,
        changes=changes,
        more="<ul><li><a href='/en-us/topic/1a9bcba6-5f53-4075-8156-fe11ac631737'>June 23, 2026—KB5095093 (OS Builds 26200.8736 and 26100.8736) Preview</a></li></ul>",
        ssu="Includes KB5120102 (Build 26100.8872). See [servicing stacks](https://learn.microsoft.com/x).",
        tracking=tracking,
    )


def old_article(title: str, issues: str, *, applies: str = "") -> str:
    """An article in the layout before July 2026."""
    return (
        f'<!DOCTYPE html>\n<html lang="en-us"><head><title>{title} - Microsoft Support</title></head><body><main id="supArticleContent"><article class="ocpArticleContent">\n'
        f'<h1 id="page-header" class="ocpArticleTitle">{title}</h1>\n{applies}'
        f'<section aria-labelledby="ID0EFJ" class="ocpSection"><h2 id="ID0EFJ">Known issues in this update</h2>\n{issues}</section>\n'
        '<section aria-labelledby="ID0EFH" class="ocpSection"><h2 id="ID0EFH">&#8203;&#8203;How to get this update</h2>\n'
        '<p><b class="ocpLegacyBold">Before you install this update</b></p><p>You must have the update of March 2026 (KB5079473) first.</p>\n'
        '<table class="banded"><thead><tr><th>Release Channel</th><th>Available</th><th>Next Step</th></tr></thead><tbody>\n'
        "<tr><td><p>Windows Update and Microsoft Update</p></td><td><p>Yes</p></td><td><p>None.</p></td></tr>\n"
        "<tr><td><p>Windows Update for Business</p></td><td><p>Yes</p></td><td><p>None.</p></td></tr>\n"
        "<tr><td><p>Microsoft Update Catalog</p></td><td><p>Yes</p></td><td><p>Open it.</p></td></tr>\n"
        "<tr><td><p>Windows Server Update Services (WSUS)</p></td><td><p>No</p></td><td><p>Not there.</p></td></tr>\n"
        "</tbody></table></section>\n</article></main></body></html>\n"
    )


def expando(title: str, body: str) -> str:
    """A known issue in the old layout."""
    return (
        f'<div class="ocpSection"><h3 class="ocpExpandoHead"><button type="button"><div class="ocpExpandoHeadChevronContainer"></div><div class="ocpExpandoHeadTitleContainer">{title}</div></button></h3>\n'
        f'<div class="ocpebw" role="region"><div class="ocpExpandoBody">{body}</div></div></div>\n'
    )


def pages() -> Iterator[Rendered]:
    """Every page."""
    yield Rendered("lcu.html", LCU, lcu(PRINTING + SIGN_IN))
    second = '<h2 id="known-issues-in-this-update-1">Known issues in this update</h2>\n' + issue(
        "That of the servicing stack", "Not to be read."
    )
    title = "June 9, 2026—KB5094126 (OS Build 17763.8880)"
    body = article(title, issues=PRINTING + second, channels=False).replace(f"<h1>{title}</h1>\n", "")
    yield Rendered("second-copy-and-no-heading.html", f"{_SERVICING}/windows-10/2026/06/kb5094126-windows-10-version-1809", body)
    yield Rendered(
        "hotpatch.html",
        HOTPATCH,
        article(
            "May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)",
            applies=("Windows Server 2025, all editions", "Azure Local, version 23H2"),
            before="<p><strong>Prerequisites</strong></p>\n<p>You must have the baseline of April 2026, KB5082063 (OS Build 26100.32690), or a later hotpatch.</p>\n",
        ),
    )
    yield Rendered(
        "component.html",
        f"{_SERVICING}/hotpatch/windows-server-2025/2025/kb5066360",
        article(
            "KB5066360—Security Update for Windows PowerShell (Hotpatch)", applies=("Windows Server 2025",), issues=None, channels=False,
            more="<h2>Restart requirement</h2>\n<p>You do not need to restart the computer.</p>\n",
        ),
    )  # fmt: skip
    baseline = article("April 14, 2026—Baseline (KB5089602)", applies=("Windows Server 2025",), channels=False)
    yield Rendered("baseline.html", f"{_SERVICING}/hotpatch/windows-server-2025/2026/april-14-2026-baseline", baseline)
    unnamed = article("January 13, 2026—Baseline", applies=("Windows Server 2022",), channels=False)
    yield Rendered("baseline-without-kb.html", f"{_SERVICING}/hotpatch/windows-server-2022/2026/january-13-2026-baseline", unnamed)
    expired = "<p>As of September 12, 2023, KB5023774 is no longer available from Windows Update. Older ones such as KB5022913 have expired too.</p>\n"
    preview = article("March 28, 2023—KB5023774 (OS Build 22000.1761) Preview EXPIRED", issues=None, more=expired, channels=False)
    yield Rendered("expired.html", f"{_SERVICING}/windows-11/2023/03/march-28-2023-kb5023774-os-build-22000-1761-preview", preview)
    label = '<p><b class="ocpLegacyBold">{}</b></p>'
    opened = expando(
        "Recycle Bin shows another name",
        label.format("Symptoms")
        + "<p>The name is another.</p>"
        + label.format("Workaround")
        + "<p>This issue is addressed in&#8203;<a href='/x'>KB5095093</a>.</p>",
    )
    inline = expando("Unlabelled", "<p>Something happens.</p><p>Something else, too.</p>")
    yield Rendered(
        "old-expandos.html",
        OLD,
        old_article("June 9, 2026—KB5094126 (OS Builds 26200.8655 and 26100.8655)", opened + inline),
        asked=f"{HELP}5094126",
    )
    table = (
        "<table><thead><tr><th>Applies to</th><th>Symptom(s)</th><th>Workaround</th></tr></thead><tbody>"
        "<tr><td><p>All users</p></td><td><p>Profiles are not kept. Users see the default.</p></td><td><p>A resolution will be addressed in a future update.</p></td></tr>"
        "<tr><td><p>IT admins</p></td><td><p>Policies come late.</p></td><td><p>This is resolved in KB5062557.</p></td></tr></tbody></table>"
    )
    applies = (
        '<section class="ocpSection"><h2>Applies to</h2><ul><li>Windows Server 2016</li><li>Windows 10, version 1607</li></ul></section>'
    )
    old = "https://support.microsoft.com/en-us/topic/june-10-2025-kb5061010-os-build-14393-8148-3c2d5c43-9b3f-4d1c-8a3f-0a8f1f7a9b11"
    yield Rendered("old-table.html", old, old_article("June 10, 2025—KB5061010 (OS Build 14393.8148)", table, applies=applies))
    # Whatever is asked for, a page is taken only as what it is.
    yield Rendered("refused-another-article.html", f"{HELP}9999999", article("MS16-062: Drivers", issues=None, channels=False))
    yield Rendered(
        "refused-another-kb.html", OLD, old_article("June 9, 2026—KB5094127 (OS Build 26200.8655)", NO_ISSUES), asked=f"{HELP}5094128"
    )
    yield Rendered("refused-no-kb.html", f"{_SERVICING}/windows-11/2026/07/overview", article("What is new", issues=None, channels=False))
    yield Rendered("refused-no-main.html", LCU, lcu().replace("<main", "<div").replace("</main>", "</div>"))
    yield Rendered("refused-bot-page.html", LCU, "<html><head><title>Access Denied</title></head><body><p>Reference #18</p></body></html>")
    yield Rendered("quarantined-unreadable-issues.html", LCU, lcu("<p>To be written.</p>"))
    yield Rendered("quarantined-no-summary.html", LCU, lcu(PRINTING.replace("summary>", "b>")))
    yield Rendered("quarantined-change-log.html", LCU, lcu(changes=(("Wednesday", "Amended."),)))
    yield Rendered(
        "quarantined-short-row.html",
        OLD,
        old_article("June 9, 2026—KB5094126 (OS Build 26200.8655)", table.replace("<td><p>IT admins</p></td>", "")),
    )
    yield Rendered("refused-two-kbs.html", OLD, old_article("June 9, 2026—KB5094126 and KB5094127 (OS Build 26200.8655)", NO_ISSUES))
