"""All sources on one mirror: the rendered world of July 2026 with articles, security data, prices, feeds and documents beside it."""

from __future__ import annotations

from pathlib import Path

from rendered import azure_pricing, azure_retail_prices, learn_hotpatch, learn_lifecycle, msrc_cvrf, support_article, support_feeds

from helpers import render
from helpers.mirror import Mirror, Reply
from hotpatch_kb.scraper.sources import Source, registry

SUPPORT = "https://support.microsoft.com"
BASE = f"{SUPPORT}/en-us/servicing/os"
# Articles that the rendered navigations link to; the others are not there, which is no failure.
ARTICLES = {
    support_article.LCU: support_article.lcu(support_article.PRINTING + support_article.SIGN_IN),
    f"{BASE}/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772": support_article.article(
        "May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)",
        applies=("Windows Server 2025, all editions",),
        before="<p><strong>Prerequisites</strong></p><p>You must have the baseline KB5082063 (OS Build 26100.32690) first.</p>",
    ),
    f"{BASE}/windows-server/2026/06/june-9-2026-kb5094125-os-build-26100-32995": support_article.article(
        "June 9, 2026—KB5094125 (OS Build 26100.32995)", applies=("Windows Server 2025, all editions",), issues=support_article.PRINTING
    ),
}
# Learn's tables link this KB to /help/, which takes two hops to the article.
MOVED = f"{BASE}/windows-11/2025/08/august-12-2025-kb5063709"
HELP = f"{SUPPORT}/help/5063709"
MONTH = "2025-12"
PRICE = azure_retail_prices.item("Azure Arc Windows Server", "1 Core License", 0.046)


def serve(mirror: Mirror, world: Path, *, month: bytes | None = None) -> None:
    """Serve every source that needs no token."""
    mirror.serve_tree(world)
    for url, body in ARTICLES.items():
        mirror.serve(url, body, headers={"ETag": f'"{len(body)}"'})
    mirror.redirect(HELP, "/en-us/help/5063709")
    mirror.redirect(f"{SUPPORT}/en-us/help/5063709", MOVED, 302)
    mirror.serve(MOVED, support_article.article("August 12, 2025—KB5063709 (OS Builds 19045.6216 and 19044.6216)", issues=None))
    json = "application/json"
    index = msrc_cvrf.index_document([(MONTH, "2025-12-13T01:39:00Z")])
    mirror.serve(msrc_cvrf.INDEX, index, content_type=json, headers={"ETag": '"index"'})
    december = month or msrc_cvrf.month_document(MONTH, msrc_cvrf.december_2025(), revised="2025-12-13T01:39:00")
    mirror.serve(msrc_cvrf.url(MONTH), december, content_type=json, headers={"ETag": '"december"'})
    for spec in registry()["support_feeds"].pages:
        mirror.serve(spec.page_url, support_feeds.feed(support_feeds.ENTRIES), content_type="application/atom+xml")
    for spec in registry()["learn_hotpatch"].pages:
        mirror.serve(spec.addresses[0], learn_hotpatch.markdown(), content_type="text/markdown")
    for url, body in learn_lifecycle.FIRST.items():
        mirror.serve(url, body)
    arc, manager = registry()["azure_pricing"].pages
    mirror.serve(arc.addresses[0], azure_pricing.arc())
    mirror.serve(manager.addresses[0], azure_pricing.update_manager())
    for spec in registry()["azure_retail_prices"].pages:
        currency = spec.page_url.split("currencyCode='")[1][:3]
        mirror.serve(_sent(spec.page_url), azure_retail_prices.answer(currency=currency), content_type=json)
    _serve_two_pages_of_prices(mirror)


def _serve_two_pages_of_prices(mirror: Mirror) -> None:
    """1,000 rows without a link to the next page, and one row on the next page, as for everybody on 2023-03-10."""
    url = azure_retail_prices.address("Arc")
    rows = [PRICE | {"meterId": f"m{n}", "meterName": f"Meter {n}"} for n in range(1000)]
    mirror.serve(_sent(url), azure_retail_prices.answer(*rows), content_type="application/json")
    last = PRICE | {"meterName": "The last one"}
    mirror.serve(_sent(azure_retail_prices.address("Arc", skip=1000)), azure_retail_prices.answer(last), content_type="application/json")


def articles_since(day: str) -> Source:
    """Return the source of articles, limited to releases since a day. Most of the 850 that are linked are missing, and are asked for all the same."""
    articles = registry()["support_article"]
    return articles._replace(
        at_a_time=0, linked=lambda links, now: articles.linked([link for link in links if link.release_date >= day], now)
    )


def _sent(url: str) -> str:
    """Return an address as the client sends it."""
    return url.replace(" ", "%20")


def storm(mirror: Mirror, times: int) -> None:
    """Throttle the first requests to each host with 403."""
    left: dict[str, int] = {}

    def fault(host: str, target: str) -> Reply | None:
        if target == "/robots.txt" or left.setdefault(host, times) == 0:
            return None
        left[host] -= 1
        return Reply(b"denial-of-service protection active", 403, {"Retry-After": "0"})

    mirror.fault = fault


__all__ = ["ARTICLES", "HELP", "MONTH", "MOVED", "articles_since", "render", "serve", "storm"]
