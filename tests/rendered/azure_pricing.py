"""Pricing pages with tables of both kinds of price cells, and their faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from helpers.rendering import Rendered

# Changes of which one thing is quarantined and the rest is read; the others refuse the page.
_QUARANTINED = frozenset(
    {
        "another-currency",
        "negative",
        "no-json",
        "not-a-number",
        "renamed-attribute",
        "renamed-shape",
        "text-for-a-number",
        "unknown-decimals",
        "unknown-format",
        "unreadable-literal",
    }
)

ARC = "https://azure.microsoft.com/en-us/pricing/details/azure-arc/core-control-plane/"
UPDATE_MANAGER = "https://azure.microsoft.com/en-us/pricing/details/azure-update-management-center/"


def data_cell(amounts: dict[str, Any] | str, *, decimals: int | None = 2, **formats: str) -> str:
    """A price that a browser computes: "$-" until then. ``hour="{0}/hour"`` is data-hour-format."""
    published = amounts if isinstance(amounts, str) else json.dumps(amounts)
    rest = "" if decimals is None else f' data-decimals="{decimals}"'
    rest += "".join(f' data-{name}-format="{text}"' for name, text in formats.items())
    return f"""<td><span class='price-data ' data-amount='{escape(published, quote=False)}'{rest}><span class="price-value">$-</span></span></td>"""


def row(label: str, *cells: str) -> str:
    """A row of a table; a cell that is no element is text."""
    return f"<tr><td>{label}</td>{''.join(c if c.startswith('<t') else f'<td>{c}</td>' for c in cells)}</tr>\n"


def table(header: list[str], *rows: str) -> str:
    """A table with its header."""
    return (
        f"<table>\n<thead><tr>{''.join(f'<th>{name}</th>' for name in header)}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody>\n</table>\n"
    )


def page(name: str, *parts: str) -> str:
    """A pricing page: the site's own texts have amounts too."""
    return (
        f"<!DOCTYPE html>\n<html><head><title>Pricing - {name} | Microsoft Azure</title></head>\n<body>\n"
        "<header><p>Azure Update Manager: $9/server/month</p></header>\n"
        f"<main>\n<h1>{name} pricing</h1>\n<p>Begin with a credit of $200.</p>\n{''.join(parts)}</main>\n"
        "<footer><p>Guest configuration: $9/server/month</p></footer>\n</body></html>\n"
    )


LICENCE = data_cell({"regional": {"us-east": 0.0288, "europe-west": 0.030240000000000003}}, decimals=3, hour="{0}/hour", month="{0}/month")
SERVER = data_cell({"currencies": {"USD": 5}}, month="{0}/server/month")


def arc() -> str:
    """The page of Azure Arc."""
    services = table(
        ["Service", "Price"],
        row("Inventory and tags", "Included"),
        row("Azure Update Manager", "$5/server/month"),
        row("Azure Policy guest configuration", "$6/server/month"),
        row("Hotpatching of Windows Server 2025", "$1.50 USD per CPU core per month"),
        row("Microsoft Defender for Servers Plan 2", "$15/server/month"),
        row("Something to come", "N/A"),
        row("Not known yet", '<td><span class="price-data">$-</span></td>'),
    )
    return page(
        "Azure Arc",
        "<h2>Services for Arc-enabled servers</h2>\n",
        services,
        "<h3>Windows Server by Azure Arc</h3>\n",
        table(["Licence", "Price"], row("Pay as you go, by core", LICENCE)),
    )


def update_manager() -> str:
    """The page of Azure Update Manager, where machines of Azure stand beside those of Arc, and prose states the price again."""
    return page(
        "Azure Update Manager",
        "<h2>Pricing details</h2>\n<p>Update Manager for Arc-enabled servers is $5/server/month ($0.16/server/day). It was $7/server/month.</p>\n",
        table(
            ["Machine", "Price (per server/month)"],
            row("Azure virtual machines", "Free"),
            row("Azure Arc-enabled servers", SERVER),
            row("Azure Arc-enabled servers with Defender for Servers Plan 2", "Included"),
            row("Azure Arc-enabled servers on a trial", "Free<sup>1</sup>"),
        ),
    )


def pages() -> Iterator[Rendered]:
    """Every page."""
    yield Rendered("arc.html", ARC, arc())
    yield Rendered("update-manager.html", UPDATE_MANAGER, update_manager())
    without = table(["Service", "Price"], row("Azure Update Manager", "N/A"), row("Guest configuration", "$-"))
    faults = {
        "bot": page("Just a moment", "<p>Prove that you are no machine.</p>"),
        "another-page": page("Azure Backup", table(["Service", "Price"], row("Azure Arc-enabled servers", "$5/server/month"))),
        "empty": "",
        "no-price": page("Azure Arc", "<h2>Services</h2>", without),
        "renamed-attribute": arc().replace("data-amount", "data-price"),
        "renamed-shape": arc().replace("regional", "regions"),
        "no-json": arc().replace('0.0288, "', '0.0288; "'),
        "negative": arc().replace("0.0288", "-0.0288"),
        "not-a-number": arc().replace("0.0288", "NaN"),
        "text-for-a-number": arc().replace("0.0288", '"0.0288"'),
        "unknown-format": arc().replace("{0}/hour", "{0}/óra"),
        "unknown-decimals": arc().replace('data-decimals="3"', 'data-decimals="three"'),
        "unreadable-literal": arc().replace("$5/server/month", "$5-$7/server/month", 1),
        "another-currency": arc().replace("$5/server/month", "5 €/server/month"),
    }
    for name, body in faults.items():
        yield Rendered(f"{'quarantined' if name in _QUARANTINED else 'refused'}-{name}.html", ARC, body)
