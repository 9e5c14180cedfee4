"""Lifecycle pages of servers and clients, with versions and Extended Security Updates, and their faults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from helpers.rendering import Rendered

BASE = "https://learn.microsoft.com/en-us/lifecycle/products/"
Row = Sequence[str]
FIXED = ("Listing", "Start Date", "Mainstream End Date", "Extended End Date")
MODERN = ("Listing", "Start Date", "Retirement Date")
RELEASES = ("Version", "Start Date", "End Date")

WINDOWS11 = {
    "26H1": ("2026-02-10", "2028-03-14", "2029-03-13"),
    "25H2": ("2025-09-30", "2027-10-12", "2028-10-10"),
    "24H2": ("2024-10-01", "2026-10-13", "2027-10-12"),
    "23H2": ("2023-10-31", "2025-11-11", "2026-11-10"),
    "22H2": ("2022-09-20", "2024-10-08", "2025-10-14"),
    "21H2": ("2021-10-04", "2023-10-10", "2024-10-08"),
}
WINDOWS10 = {
    "22H2": ("2022-10-18", "2025-10-14", "2025-10-14"),
    "21H2": ("2021-11-16", "2023-06-13", "2024-06-11"),
    "1809": ("2018-11-13", "2020-11-10", "2021-05-11"),
    "1607": ("2016-08-02", "2018-04-10", "2019-04-09"),
}
SERVERS = {
    "2016": ("2016-10-15", "2022-01-11", "2027-01-12"),
    "2019": ("2018-11-13", "2024-01-09", "2029-01-09"),
    "2022": ("2021-08-18", "2026-10-13", "2031-10-14"),
    "2025": ("2024-11-01", "2029-11-13", "2034-11-14"),
}


def _instant(day: str, *, is_end: bool) -> str:
    return f"{day}T22:59:59.999-08:00" if is_end else f"{day}T00:00:00.000-08:00"


def _cell(text: str, *, is_end: bool) -> str:
    """A date as an instant in an element of its own, a word as it is."""
    if len(text) != 10 or text[4] != "-":
        return text
    instant = _instant(text, is_end=is_end)
    return f'<local-time timezone="America/Los_Angeles" format="date" datetime="{instant}">{instant}</local-time>'


def _table(heading: str, header: Sequence[str], rows: Sequence[Row]) -> str:
    names = "".join(f"<th>{name}</th>" for name in header)
    body = "".join(
        "<tr>" + "".join(f"<td>\n{_cell(text, is_end=place > 1)}\n</td>" for place, text in enumerate(row)) + "</tr>\n" for row in rows
    )
    anchor = heading.lower().replace(" ", "-")
    return f'<section><h2 id="{anchor}">{heading}</h2><table class="table"><thead><tr>{names}</tr></thead><tbody>\n{body}</tbody></table></section>\n'


def page(title: str, support: str, releases: str = "", *, links: Sequence[str] = ()) -> str:
    """A page: its title, the table of support dates, that of versions, links to other pages."""
    listed = "".join(f'<li><a href="/en-us/lifecycle/products/{name}">{name}</a></li>' for name in links)
    return f"""<!DOCTYPE html>
<html lang="en-us" dir="ltr"><head><title>{title} - Microsoft Lifecycle | Microsoft Learn</title><meta charset="utf-8" />
<meta name="updated_at" content="2026-02-10T17:41:00Z" /></head>
<body><header><table><tr><td>of the site's own</td></tr></table></header>
<main id="main" role="main"><h1>
	{title}
</h1>
<div class="alert is-info"><p>In the time of Redmond.</p></div>
{support}{releases}<h2 id="links">Links</h2><ul>{listed}</ul></main></body></html>
"""


def server(year: str) -> str:
    """The page of a server."""
    return page(f"Windows Server {year}", _table("Support Dates", FIXED, [(f"Windows Server {year}", *SERVERS[year])]))


def client(
    title: str, versions: dict[str, tuple[str, str, str]], end: int, further: Sequence[Row] = (), *, retires: str = "In Support"
) -> str:
    """The page of a group of client editions; ``end`` is the place of its end dates."""
    support = _table("Support Dates", MODERN, [(title, min(dates[0] for dates in versions.values()), retires)])
    rows = [*further, *((f"Version {version}", dates[0], dates[end]) for version, dates in versions.items())]
    return page(
        title, support, _table("Releases", RELEASES, rows), links=("windows-11-iot-enterprise", "windows-11-home-and-pro-version-21h2")
    )


def ltsc(title: str, *dates: str) -> str:
    """The page of a long-term edition: with or without extended support."""
    return page(title, _table("Support Dates", FIXED[: len(dates) + 1], [(title, *dates)]))


def pages() -> Iterator[Rendered]:
    """Every page."""
    for year in SERVERS:
        yield Rendered(f"windows-server-{year}.html", f"{BASE}windows-server-{year}", server(year))
    enterprise = "Windows 11 Enterprise and Education"
    yield Rendered("windows-11-enterprise.html", f"{BASE}windows-11-enterprise-and-education", client(enterprise, WINDOWS11, 2))
    yield Rendered("windows-11-home.html", f"{BASE}windows-11-home-and-pro", client("Windows 11 Home and Pro", WINDOWS11, 1))
    years = [  # made: the years as the pages of earlier servers have them
        ("Extended Security Update Year 1 *", "2025-10-15", "2026-10-13"),
        ("Extended Security Updates (ESU) Year 2", "2026-10-14", "2027-10-12"),
    ]
    windows10 = client("Windows 10 Home and Pro", WINDOWS10, 1, years, retires="2025-10-14")
    yield Rendered("windows-10-home-with-esu.html", f"{BASE}windows-10-home-and-pro", windows10)
    windows10 = client("Windows 10 Enterprise and Education", WINDOWS10, 2, retires="2025-10-14")
    yield Rendered("windows-10-enterprise.html", f"{BASE}windows-10-enterprise-and-education", windows10)
    yield Rendered(
        "ltsc-2021.html", f"{BASE}windows-10-enterprise-ltsc-2021", ltsc("Windows 10 Enterprise LTSC 2021", "2021-11-16", "2027-01-12")
    )
    iot = ltsc("Windows 10 IoT Enterprise LTSC 2021", "2021-11-16", "2027-01-12", "2032-01-13")
    yield Rendered("iot-ltsc-2021.html", f"{BASE}windows-10-iot-enterprise-ltsc-2021", iot)
    yield Rendered("ltsb-2016.html", f"{BASE}windows-10-2016-ltsb", ltsc("Windows 10 2016 LTSB", "2016-08-02", "2021-10-12", "2026-10-13"))
    iot = client("Windows 11 IoT Enterprise", {name: WINDOWS11[name] for name in ("25H2", "24H2")}, 2)
    yield Rendered("windows-11-iot-enterprise.html", f"{BASE}windows-11-iot-enterprise", iot)
    annual = page(
        "Windows Server Annual Channel",
        _table("Support Dates", MODERN, [("Windows Server Annual Channel", "2023-10-24", "In Support")]),
        _table(
            "Releases",
            RELEASES,
            [("Windows Server, version 23H2", "2023-10-24", "2025-10-24"), ("Version 20H2", "2020-10-20", "2022-08-09")],
        ),
    )
    yield Rendered("annual-channel.html", f"{BASE}windows-server-annual-channel", annual)

    # Dates as a browser shows them: the attribute stays, or only the text.
    shown = server("2025").replace(">2034-11-14T22:59:59.999-08:00<", ">14.11.2034<")
    yield Rendered("saved-by-a-browser.html", f"{BASE}windows-server-2025", shown)
    instant = _instant("2029-11-13", is_end=True)
    yield Rendered("shown-dates.html", f"{BASE}windows-server-2025", shown.replace(f' datetime="{instant}">{instant}', ">Nov 13, 2029"))
    faults = {
        "no-date": ("2028-10-10T22:59:59.999-08:00", "in two years"),
        "no-such-day": ("2028-10-10T22", "2028-02-30T22"),
        "unknown-version": ("Version 25H2", "The version of autumn"),
        "short-row": ("<td>\nVersion 25H2\n</td>", ""),
    }
    for name, (old, new) in faults.items():
        body = client(enterprise, WINDOWS11, 2).replace(old, new)
        yield Rendered(f"quarantined-{name}.html", f"{BASE}windows-11-enterprise-and-education", body)
    url = f"{BASE}windows-server-2025"
    yield Rendered("renamed-first-column.html", url, server("2025").replace("Listing", "Product"))
    yield Rendered("quarantined-renamed-column.html", url, server("2025").replace("Mainstream End Date", "Ends"))
    yield Rendered("refused-no-table.html", url, server("2025").replace("Listing", "Product").replace("Support Dates", "Dates"))
    yield Rendered("refused-another-product.html", url, server("2025").replace("Windows Server 2025", "SQL Server 2025"))
    yield Rendered("refused-no-editions.html", url, server("2025").replace("Windows Server 2025", "Windows 11"))
    yield Rendered(
        "refused-bot-page.html", url, "<html><head><title>Access Denied</title></head><body><h1>Access Denied</h1></body></html>\n"
    )


# Those at the addresses that the source begins with.
FIRST = {
    rendered.url: rendered.body
    for rendered in pages()
    if rendered.name.startswith(("windows-server-", "windows-11-", "windows-10-")) and "iot" not in rendered.name
}
