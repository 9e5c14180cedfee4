"""Every kind of page of the site, for pictures (docs/screenshots.py) and for what each of them keeps to (tests/test_browser.py)."""

from __future__ import annotations

from typing import Any

from helpers.serving import FLEET

WIDTHS = {390: 844, 1400: 1000}  # a phone and a desk, with their heights
PAGES = {
    "home": "", "build": "build/26100.32772", "ambiguous": "build/26100.6905", "unknown-build": "build/26100.32773", "number": "build/26100", "kb": "kb/5087423", "article": "kb/5100456",
    "product": "product/ws2025", "standard": "product/win10-22h2", "past": "product/ws2025?on=2026-05-20", "calendar": "calendar/2026", "next-year": "calendar/2027",
    "month": "calendar/2026-06", "changes": "changes", "sources": "sources", "cve": "cve/CVE-2026-25172", "who": "eligible", "eligible": "eligible?q=Windows+Server+2025+Standard",
    "fleet-form": "fleet", "fleet": "fleet#judged", "cost-form": "cost", "cost": "cost?cores=400&from=2025-07&to=2026-04", "servers": "cost?servers=10&cores_per_server=16", "prices": "prices", "subscribe": "subscribe",
    "questions": "questions", "offline": "offline", "about": "about", "api": "api", "nothing": "nope",
    "data": "hotpatch", "table": "hotpatch/releases", "filtered": "hotpatch/releases?product=ws2025&_facet=month&_sort_desc=kb", "changes-table": "hotpatch/changes", "claims": "hotpatch/claims",
    "empty-table": "hotpatch/known_issues", "view": "hotpatch/quarantine", "row": "hotpatch/products/ws2025", "query": "hotpatch/what_is_this_build?build=26100.6905", "no-table": "hotpatch/nope",
}  # fmt: skip
OWN = {"editor": "hotpatch?sql=select+product,+count(*)+from+releases+group+by+1"}  # of a site that is not published


def opened(page: Any, address: str) -> None:
    """Open a page; the fleet page with four machines judged."""
    page.goto(address)
    if address.endswith("#judged"):
        page.fill("#fleet", FLEET)
        page.click("form.fleet button[type=submit] >> nth=0")
        page.wait_for_selector("#verdicts")
