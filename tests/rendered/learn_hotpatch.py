"""Learn's page on hotpatching of Windows Server as markdown and HTML, as it was in 2023 and in 2025, and its faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from helpers.rendering import Rendered

# Changes of which one thing is quarantined and the rest is read; the others refuse the page.
_QUARANTINED = frozenset(
    {
        "empty-cell",
        "further-column",
        "missing-cell",
        "no-year",
        "odd-publisher",
    }
)

URL = "https://learn.microsoft.com/en-us/windows-server/get-started/hotpatch"
Image = tuple[str, str, str]

SKUS_2022 = ("Core", "Core-smalldisk", "Hotpatch", "Hotpatch-smalldisk")
SKUS_2025 = ("", "-smalldisk", "-Core", "-Core-smalldisk")
IMAGES_2022: Sequence[Image] = [("MicrosoftWindowsServer", "WindowsServer", f"2022-Datacenter-Azure-Edition-{sku}") for sku in SKUS_2022]
IMAGES_2025: Sequence[Image] = [("MicrosoftWindowsServer", "WindowsServer", f"2025-Datacenter-Azure-Edition{sku}") for sku in SKUS_2025]
IMAGES = (*IMAGES_2022, *IMAGES_2025)


def markdown(images: Sequence[Image] = IMAGES, *, of_2023: bool = False) -> str:
    """The page as ``?accept=text/markdown`` answers it. In 2023 it had no heading of its own for virtual machines, and wrote "Sku"."""
    lines = [
        "---",
        "title: Hotpatch for Windows Server | Microsoft Learn",
        f"canonicalUrl: {URL}",
        "updated_at: 2026-05-20T04:05:06.0000000Z",
    ]
    lines += ["locale: en-us", "---", "", "# Hotpatch for Windows Server", "", "Security updates without a restart.", ""]
    lines += ["## Supported platforms", ""]
    if not of_2023:
        lines += [
            "### Azure and Azure Local virtual machines",
            "",
            "These images have hotpatching.",
            "",
            "> [!NOTE]",
            "> No others have.",
            "",
        ]
    lines += [f"| Publisher               | OS Offer      |  {'Sku' if of_2023 else 'SKU'}               |", "|------|---|--------|"]
    lines += [f"| {publisher}  | {offer} | {sku} |" for publisher, offer, sku in images]
    lines += [
        "",
        "### Azure Arc-connected machines",
        "",
        "An old copy names a fee here.",
        "",
        "- Windows Server 2025 Datacenter Edition",
        "",
    ]
    lines += ["## Patch orchestration process", "", "| Platform | Tool |", "| --- | --- |", "| Azure | Automatic VM Guest Patching |", ""]
    return "\n".join(lines)


def page(images: Sequence[Image] = IMAGES) -> str:
    """The page as a browser is answered."""
    rows = "".join(f"<tr>\n<td>{publisher}</td>\n<td>{offer}</td>\n<td>{sku}</td>\n</tr>\n" for publisher, offer, sku in images)
    return f""" <!DOCTYPE html>
<html class="layout layout-holy-grail conceptual" lang="en-us" dir="ltr">
<head><title>Hotpatch for Windows Server | Microsoft Learn</title><meta charset="utf-8" />
<meta name="updated_at" content="2026-05-20T04:05:06Z" /></head>
<body>
<header><table><tr><th>Publisher</th><th>SKU</th></tr><tr><td>of the site's own</td><td>1</td></tr></table></header>
<main id="main" role="main"><h1 id="hotpatch-for-windows-server">Hotpatch for Windows Server</h1>
<nav><h2 id="ms--in-this-article" class="title is-6">In this article</h2></nav>
<div class="content"><p>Security updates without a restart.</p>
<h2 id="supported-platforms">Supported platforms</h2>
<h3 id="azure-and-azure-local-virtual-machines">Azure and Azure Local virtual machines</h3>
<p>These images have hotpatching.</p>
<div class="NOTE"><p>Note</p><p>No others have.</p></div>
<table>
<thead>
<tr>
<th>Publisher</th>
<th>OS Offer</th>
<th>SKU</th>
</tr>
</thead>
<tbody>
{rows}</tbody>
</table>
<h3 id="azure-arc-connected-machines">Azure Arc-connected machines</h3>
<ul><li><p>Windows Server 2025 Datacenter Edition</p></li></ul>
<h2 id="patch-orchestration-process">Patch orchestration process</h2>
<table><thead><tr><th>Platform</th><th>Tool</th></tr></thead><tbody><tr><td>Azure</td><td>Automatic VM Guest Patching</td></tr></tbody></table>
</div></main></body></html>
"""


def pages() -> Iterator[Rendered]:
    """Every page."""
    yield Rendered("images.md", URL, markdown())
    yield Rendered("images.html", URL, page())
    yield Rendered("images-2023.md", URL, markdown(IMAGES_2022, of_2023=True))
    next_server = ("MicrosoftWindowsServer", "WindowsServer", "2028-Datacenter-Azure-Edition-Core")  # made
    yield Rendered("images-of-a-next-server.md", URL, markdown((*IMAGES, next_server)).replace("\n", "\r\n"))
    yield Rendered(
        "refused-bot-page.html", URL, "<html><head><title>Access Denied</title></head><body><h1>Access Denied</h1></body></html>\n"
    )
    yield Rendered("refused-empty.html", URL, "")
    yield Rendered("refused-no-utf-8.md", URL, markdown().encode("utf-16"))
    faults: dict[str, Callable[[str], str]] = {
        "no-table": lambda text: "\n".join(line for line in text.splitlines() if not line.startswith("| Microsoft")).replace(
            "| Publisher", "Publisher"
        ),
        "no-rows": lambda text: "\n".join(line for line in text.splitlines() if not line.startswith("| Microsoft")),
        "renamed-column": lambda text: text.replace("OS Offer     ", "Product offer"),
        "further-column": lambda text: text.replace("|  SKU               |", "|  SKU  | Ends |"),
        "images-without-hotpatching": lambda text: text.replace("### Azure and", "### Not supported: Azure and"),
        "empty-cell": lambda text: text.replace("| 2025-Datacenter-Azure-Edition-Core |", "|  |"),
        "missing-cell": lambda text: text.replace("| WindowsServer | 2025-Datacenter-Azure-Edition-Core |", "| WindowsServer |"),
        "row-without-a-bar": lambda text: text.replace(
            "| MicrosoftWindowsServer  | WindowsServer | 2025", "MicrosoftWindowsServer | WindowsServer | 2025", 1
        ),
        "no-year": lambda text: text.replace("2025-Datacenter-Azure-Edition-Core |", "Datacenter-Azure-Edition-Core |"),
        "odd-publisher": lambda text: text.replace("| MicrosoftWindowsServer  |", "| Microsoft/WindowsServer |", 1),
    }
    for name, change in faults.items():
        yield Rendered(f"{'quarantined' if name in _QUARANTINED else 'refused'}-{name}.md", URL, change(markdown()))
    yield Rendered("refused-renamed-column.html", URL, page().replace("<th>OS Offer</th>", "<th>Product offer</th>"))
    yield Rendered("quarantined-empty-cell.html", URL, page().replace("<td>2025-Datacenter-Azure-Edition-Core</td>", "<td> </td>"))
