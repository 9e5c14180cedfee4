"""Pages over many facts: what changed, the sources, a CVE, who may have hotpatching, and what this site is."""

from __future__ import annotations

import re
import sqlite3
from typing import Any, Final
from urllib.parse import urlsplit

from datasette import Response

from hotpatch_kb.db.answers.eligibility.decision import eligible
from hotpatch_kb.db.answers.eligibility.documents import explained
from hotpatch_kb.db.answers.exposure.security_data import when_it_was_read
from hotpatch_kb.db.answers.exposure.unlisted import unlisted_fixes
from hotpatch_kb.db.model import clock, reading
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.products import PLATFORMS
from hotpatch_kb.db.site import discovery, news, web
from hotpatch_kb.db.site import questions as asked
from hotpatch_kb.db.site.i18n import language_of
from hotpatch_kb.db.site.page_data import rows
from hotpatch_kb.db.site.restart_answers import IN_ORDER, ranks_of
from hotpatch_kb.db.site.when import freshness, with_late_copies

_MONTH: Final = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")
MAX_QUESTION: Final = 400  # characters
# The look of each answer.
_ANSWERS: Final = {"yes": "current", "only if": "only_if", "no": "not_covered", "unknown": "unknown"}


async def changes(datasette: Any, request: Any) -> Response:
    """``/changes``: what changed, as sentences, of a month, a product or a kind."""

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        day = clock.today()
        product = web.product_of(conn, request)
        month = request.args.get("month") or None
        if month is not None and not _MONTH.fullmatch(month):
            raise BadInput("expected a month such as 2026-07, got {got!r}", got=month[: reading.MAX_SHOWN])
        kind = request.args.get("kind") or None
        if kind is not None and kind not in news.KINDS:
            raise BadInput("expected a kind ({kinds}), got {got!r}", kinds=", ".join(news.KINDS), got=kind[: reading.MAX_SHOWN])
        found = news.news(conn, day, product=product, month=month, kind=kind)
        return {
            "days": news.by_day(found, news.products_with_hotpatches(conn), news.learned(conn)),
            "is_cut": len(found) == news.MAX_SHOWN,
            "months": news.months(conn, day),
            "kinds": list(news.KINDS),
            "marks": news.marks_of(found),
            "unread": news.nothing_read(conn),
            "products": [row[0] for row in conn.execute(f"select product from products {IN_ORDER}")],
            "chosen": {"product": product, "month": month, "kind": kind},
            "fresh": freshness(conn, day, [product] if product else ()),
        }

    return await web.page(datasette, request, "changes.html", make, is_shared=True)


async def sources(datasette: Any, request: Any) -> Response:
    """``/sources``: each source, what it gives, how fresh it is, what of it could not be read, its licence."""

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        found = rows(
            conn,
            """select s.source, s.title, s.home_url, s.licence, s.due_every, h.state, h.last_good_at, h.due_at, h.is_stale, h.note,
                (select count(*) from claims as c where c.source = s.source and c.gone_at is null) as claims,
                (select count(*) from quarantine as q where q.source = s.source and q.gone_at is null) as unread,
                (select count(*) from quarantine as q where q.source = s.source and q.gone_at is null and q.may_be_release) as unread_releases
            from sources as s join source_health as h using (source) order by h.is_stale desc, s.precedence, s.title""",
        )
        day = clock.today()
        found = with_late_copies(conn, found, day)
        for row in found:
            row["terms"] = terms(row["licence"])
            due_on = (row["due_at"] or "")[:10]
            row.update(is_overdue="" < due_on < day, is_due_today=due_on == day)
        return {"sources": sorted(found, key=lambda row: not row["is_stale"]), "fresh": freshness(conn, day)}

    return await web.page(datasette, request, "sources.html", make, is_shared=True)


def terms(licence: str) -> str:
    """Return the name of the terms under which a source is published; the host where they have no name here.

    >>> terms("https://www.apache.org/licenses/LICENSE-2.0"), terms("https://learn.microsoft.com/en-us/legal/termsofuse")
    ('Apache-2.0', 'Microsoft terms')
    """
    address = urlsplit(licence)
    host = address.hostname or licence
    if host == "www.apache.org" and address.path.endswith("/LICENSE-2.0"):
        return "Apache-2.0"
    return "Microsoft terms" if host.endswith(".microsoft.com") else host


async def cve(datasette: Any, request: Any) -> Response:
    """``/cve/<id>``: which KBs fix a CVE, by product and line, and which hotpatches leave it open."""
    name = request.url_vars["cve"]

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        fixes = rows(
            conn,
            """select c.product, c.kb, c.severity, coalesce(r.build, c.fixed_build) as build, r.release_date, r.classification,
                r.in_hotpatch_line, r.in_standard_line, c.subject >= 'kb_cves/' as is_copied
            from kb_cves as c join releases as r on r.kb = c.kb and r.product = c.product
            where c.cve = ? group by c.product, c.kb, r.build order by c.product desc, r.release_date, r.revision""",
            (name,),
        )
        unlisted, read = unlisted_fixes(conn, cve=name), when_it_was_read(conn)
        if not (fixes or unlisted):
            shown = {"query": name, "what": "CVE", "fresh": freshness(conn, clock.today(), cves_until=read.read_on)}
            raise web.HttpError(404, "No security data that was read names {cve} for a product and a KB.", shown, cve=name)
        by_product: dict[str, list[dict[str, Any]]] = {}
        for row in fixes:
            by_product.setdefault(row["product"], []).append(row)
        return {
            "cve": name,
            "products": by_product,
            "kinds": list(dict.fromkeys(row["classification"] for row in fixes)),
            "unlisted": unlisted,
            "severity": next((row["severity"] for row in (*fixes, *unlisted) if row["severity"]), None),
            "first": min((row["release_date"] for row in fixes if row["release_date"]), default=None),
            "gaps": gaps_of(conn, name),
            "fresh": freshness(conn, clock.today(), by_product, read.copied_on if any(row["is_copied"] for row in fixes) else read.read_on),
        }

    return await web.page(datasette, request, "cve.html", make, is_shared=True)


def gaps_of(conn: sqlite3.Connection, cve: str) -> list[dict[str, Any]]:
    """Return the hotpatches that leave a CVE open, each with what closes it without leaving the hotpatch line.

    That is ``closing_kb``, whose kind is ``closed_by``: a later hotpatch, a component update beside it, else the next baseline; None where no
    release that is known closes it. ``needs_kb`` and ``needs_month`` are the baseline without which that hotpatch cannot be installed.
    """
    found = rows(
        conn,
        """select g.product, g.month, g.lcu_kb, g.hotpatch_kb, g.companion_kb, c.classification as companion_is, h.build as shared_build, (
                select b.kb from releases as b where b.product = g.product and b.classification = 'baseline' and b.in_hotpatch_line
                    and b.month > g.month and b.kb is not null and b.is_expired = 0 order by b.release_date, b.revision limit 1) as baseline_kb,
            c.baseline_kb as needs_kb, n.month as needs_month
        from cve_gaps as g
        left join releases as c on c.product = g.product and c.kb = g.companion_kb
        left join releases as n on n.release = c.baseline_release
        left join releases as h on h.product = g.product and h.kb = g.hotpatch_kb and h.build = c.build
        where g.cve = ? group by g.product, g.month, g.hotpatch_kb order by g.product, g.month""",
        (cve,),
    )
    for row in found:
        row["closing_kb"] = row["companion_kb"] or row["baseline_kb"]
        row["closed_by"] = row["companion_is"] if row["companion_kb"] else "baseline" if row["baseline_kb"] else None
    return found


async def eligibility(datasette: Any, request: Any) -> Response:
    """``/eligible``: the form, the answer to what it asks, and what documents state."""

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        ranks = ranks_of(conn)
        question = (request.args.get("q") or "").strip()[: MAX_QUESTION + 1]
        platform = request.args.get("platform") or None
        answers: list[dict[str, Any]] = []
        wrong: Message | None = None
        try:
            web.platform_of(request)
            answers = eligible(conn, question, web.product_of(conn, request), platform) if question else []
        except BadInput as error:
            wrong = error.message
        return {
            "question": question,
            "platform": platform,
            "answers": answers,
            "wrong": wrong,
            "marks": _ANSWERS,
            "platforms": PLATFORMS,
            "documents": sorted(
                (row for row in explained(conn) if row["kind"] in {"edition", "image", "prerequisite", "licence"}),
                key=lambda row: ranks.get(row["product"], len(ranks)),
            ),
        }

    return await web.page(datasette, request, "eligible.html", make, is_shared=True)


async def about(datasette: Any, request: Any) -> Response:
    """``/about``: how facts are believed, who runs this, the licence of the data, and every table and question."""

    def make(conn: sqlite3.Connection) -> dict[str, Any]:
        counts = conn.execute(
            "select (select count(*) from releases), (select count(*) from claims), (select count(*) from conflicts)"
        ).fetchone()
        metadata = datasette.metadata()
        return {
            "metadata": metadata,
            "data_set": discovery.data_set(conn, metadata),
            "counts": dict(zip(("releases", "claims", "conflicts"), counts, strict=True)),
        }

    return await web.page(datasette, request, "about.html", make, is_shared=True)


async def questions(datasette: Any, request: Any) -> Response:
    """``/questions``: the questions of administrators of the documentation, with their answers."""

    def make(_: sqlite3.Connection) -> dict[str, Any]:
        written_in, found = asked.document("questions", language_of(request))
        if not found:
            raise web.HttpError(404, "There is no such page.")
        described = [
            {"@type": "Question", "name": item.question, "acceptedAnswer": {"@type": "Answer", "text": item.answer()}} for item in found
        ]
        return {
            "questions": found,
            "written_in": written_in,
            "data_set": {"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": described},
        }

    return await web.page(datasette, request, "questions.html", make)


async def offline(datasette: Any, request: Any) -> Response:
    """``/offline``: how a machine without the internet gets newer facts, as the documentation says."""

    def make(_: sqlite3.Connection) -> dict[str, Any]:
        written_in, found = asked.document("offline", language_of(request))
        if not found:
            raise web.HttpError(404, "There is no such page.")
        return {"questions": found, "written_in": written_in}

    return await web.page(datasette, request, "offline.html", make)
