"""Known issues of a release, and CVEs that stay open on a machine with it. Standard library alone.

Unknown is not the same as none: without MSRC's data of a month, nothing is said about its CVEs.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain

from hotpatch_kb.db.answers.exposure.security_data import FixedByKb, SecurityData, security_data_of
from hotpatch_kb.db.answers.product_facts import Product, Release
from hotpatch_kb.db.answers.stated_elsewhere import reported_day
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.notation import kb_text, months_unread
from hotpatch_kb.light_typing import Any, Final

Answer = dict[str, Any]

_SHOWN: Final = 50  # CVEs that an answer names; it counts all, of old builds thousands


def known_issues(
    conn: sqlite3.Connection, asked: Iterable[tuple[int | None, str]], day: str
) -> dict[tuple[int | None, str], list[Answer] | None]:
    """Return the issues of KBs on products that their articles list, open ones first; None where no article of a KB was read.

    An issue that was resolved after a day, or by a KB of a later day, is open on that day.

    Args:
        conn: a database with the fact tables.
        asked: numbers of KBs and ids of products; a release without a KB has no issues.
        day: ISO date.

    Returns:
        by KB and product: title, state, workaround, ``resolved_by_kb`` and ``article_url`` of each issue.
    """
    issues: dict[tuple[int | None, str], list[Answer] | None] = dict.fromkeys(asked)
    pairs = [pair for pair in issues if pair[0] is not None]
    if not pairs:
        return issues
    # An article of a KB was read: its own, or that of a baseline which installs it. Then a list without issues says that there are none.
    rows = conn.execute(
        f"""with asked (kb, product) as (values {", ".join(["(?, ?)"] * len(pairs))}),
        issues as (
            select a.kb, a.product, i.title, i.state, i.workaround, i.resolved_by_kb, i.article_url, coalesce(i.resolved_on, '') > ? or coalesce(
                (select min(release_date) from releases as r where r.kb = i.resolved_by_kb), '') > ? as is_later
            from asked as a cross join known_issues as i on i.kb = a.kb
            where (i.product = a.product or i.product is null) and i.gone_since is null
        )
        select kb, product, title, case when is_later then 'open' else state end as state_by_then, workaround,
            case when is_later then null else resolved_by_kb end, article_url from issues
        union all
        select kb, product, null, null, null, null, null from asked as a where exists (
            select 1 from claims where source = 'support_article' and subject in (
                select 'article/' || a.kb union all select 'article/' || k.kb from kbs as k where k.installs_kb = a.kb)
            union all select 1 from known_issues as i where i.kb = a.kb)
        order by kb, product, state_by_then, title""",
        (*(value for pair in pairs for value in pair), day, day),
    )
    for kb, product, title, state, workaround, resolved_by, url in rows.fetchall():
        of_kb = issues[kb, product] = issues[kb, product] or []
        if title is not None:
            of_kb.append(
                {"title": title, "state": state, "workaround": workaround, "resolved_by_kb": kb_text(resolved_by), "article_url": url}
            )
    return issues


def open_cves(
    conn: sqlite3.Connection, asked: Sequence[tuple[Product, Release, str]], day: str, known: SecurityData | None = None
) -> list[Answer | None]:
    """Return the CVEs that stay open on machines with releases.

    Args:
        conn: a database with the fact tables.
        asked: releases, each with its product and the machine's line, "hotpatch" or "standard".
        day: ISO date; releases up to it count.
        known: the data of all KBs; None to read that of these releases and newer ones.

    Returns:
        for each of them ``gaps``, CVEs that cumulative updates fix and the hotpatches of the quarter up to this one do not, with the companion update
        that does; ``fixed_by_newer``, how many CVEs newer releases of the line fix; ``most_severe``, some of them, most severe first; ``unknown_months``,
        months whose CVEs are not known: of newer releases, of those that came after the data, and of a hotpatch whose gaps are not known;
        ``copied_on``, the day of the copy of MSRC's data that some of it is from, else None; ``unknown_reason``, why nothing can be said of newer
        releases (``fixed_by_newer`` is None), else None. None where the database has no security data.
    """
    if not asked:
        return []
    hotpatches = [hotpatches_had(product, r) for product, r, _ in asked]
    if known is None:
        newer = (_Offered(product, line, day).after(r) for product, r, line in asked)
        rows = [row for (_, r, _), *others in zip(asked, hotpatches, newer, strict=True) for row in (r, *chain(*others))]
        of_hotpatches = [(h.kb, h.product) for h in chain(*hotpatches)]
        known = security_data_of(conn, ((r.kb, r.product) for r in rows), of_hotpatches, ((r.product, r.month) for r in rows if r.month))
    if not known.is_read:
        return [None] * len(asked)
    return [_open_cves(*of, had, day, known) for of, had in zip(asked, hotpatches, strict=True)]


class _Offered:
    """What came on a line up to a day, previews and components included, in its order."""

    def __init__(self, product: Product, line: str, day: str) -> None:
        listed = (r for r in product.releases if r.release_date and r.release_date <= day and r.is_of(line) and not r.is_withdrawn)
        self.releases = sorted(listed, key=_place)
        self._places = [_place(r) for r in self.releases]

    def first_after(self, row: Release) -> int:
        """Return at what number those begin that came after a release. Nothing is known to have come after one without a day."""
        if row.classification == "initial":
            return 0
        day, revision = row.place[0], row.revision
        return bisect_right(self._places, (day, float("inf") if revision is None else revision)) if day else len(self._places)

    def after(self, row: Release) -> list[Release]:
        """Return those that came after a release."""
        return self.releases[self.first_after(row) :]


def _place(row: Release) -> tuple[str, float]:
    """Return the place of a release; without a revision it comes after nothing of its day."""
    return row.release_date or "", -1 if row.revision is None else row.revision


class _Fixing(_Offered):
    """The same, with the CVEs that they fix: of an old build there are thousands, which are counted once and not for each build.

    Attributes:
        fixes: the CVEs of each release that the security data names, after its number.
        unknown: the month of each release whose CVEs are not known, likewise.
    """

    def __init__(self, product: Product, line: str, day: str, known: SecurityData) -> None:
        super().__init__(product, line, day)
        named = [(number, r, known.fixes.get((r.kb, r.product))) for number, r in enumerate(self.releases)]
        self.fixes = [(number, of_kb) for number, _, of_kb in named if of_kb]
        self.unknown = [(number, r.month) for number, r, of_kb in named if not of_kb and r.month and _is_to_be_named(r, known)]
        self._last: dict[str, int] = {}
        for number, of_kb in self.fixes:
            self._last.update(dict.fromkeys(of_kb.severities, number))
        last = [0] * (len(self.releases) + 1)
        for number in self._last.values():
            last[number] += 1
        self._counts = list(accumulate(reversed(last)))[::-1]

    def count_after(self, first: int, own: Iterable[str]) -> int:
        """Return how many CVEs the releases from a number on fix, but for some."""
        return self._counts[first] - sum(self._last.get(cve, -1) >= first for cve in own)


def _open_cves(product: Product, row: Release, line: str, hotpatches: Sequence[Release], day: str, known: SecurityData) -> Answer:
    of_line = known.worked_out.get((product.id, line, day))
    if of_line is None:
        of_line = known.keep((product.id, line, day), _Fixing(product, line, day, known))
    first = of_line.first_after(row)
    own = [of_kb for r in (row, *hotpatches[-1:]) if (of_kb := known.fixes.get((r.kb, r.product)))]
    fixed = set().union(*(of_kb.severities for of_kb in own))
    later = [of_kb for number, of_kb in of_line.fixes if number >= first]
    until, end = product.data_until.get(line), product.extended_end
    unknown = set(months_unread(until, min(day, end or day))) if until else set()
    unknown |= {month for number, month in of_line.unknown if number >= first}
    unknown |= {h.month for h in hotpatches if h.month and h.cadence == "B" and not h.fixes_cves}
    unknown |= {reported_day(r)[:7] for r in product.reported_after(line, day, row.place) if r["classification"] != "preview"}
    is_dated = row.day is not None or row.classification == "initial"
    return {
        "gaps": _gaps(product, row, hotpatches, day, known),
        "fixed_by_newer": of_line.count_after(first, fixed) if is_dated else None,
        "most_severe": _most_severe(fixed, later),
        "unknown_months": sorted(unknown),
        "copied_on": known.copied_on if any(of_kb.is_copied for of_kb in (*later, *own)) else None,
        "unknown_reason": None if is_dated else Message("no page states the day of this release"),
    }


def _is_to_be_named(row: Release, known: SecurityData) -> bool:
    """Return whether a release that MSRC's data does not name is not known to fix nothing.

    That of a month's Tuesday is not. Neither is another one, unless the data has its month on the product and was read after its day; a preview
    fixes no CVE of its own.
    """
    if row.cadence == "B":
        return True
    is_month_read = (row.product, row.month) in known.months and (row.release_date or "") < (known.read_on or "")
    return not (row.classification == "preview" or is_month_read)


def without_support(cves: Answer | None) -> Answer | None:
    """Return the open CVEs of a machine whose support has ended: that newer releases fix none of them says nothing of it."""
    return None if cves is None else cves | {"unknown_reason": Message("support has ended, and what was found since then stays open")}


def hotpatches_had(product: Product, row: Release) -> list[Release]:
    """Return the hotpatches that a machine with a release has: those of its quarter up to it, in the order of the line. None of an LCU."""
    if not row.is_hotpatch_only or row.day is None:
        return []
    listed = [
        r
        for r in product.releases
        if r.classification == "hotpatch" and r.day and r.place <= row.place
        and (r.release == row.release or (row.baseline_release is not None and r.baseline_release == row.baseline_release))
        and (r.release == row.release or not (r.is_withdrawn or r.is_disputed))
    ]  # fmt: skip
    return sorted(listed, key=lambda r: r.place)


def _gaps(product: Product, row: Release, hotpatches: Sequence[Release], day: str, known: SecurityData) -> list[Answer]:
    """Return the CVEs that the hotpatches of a machine left open, and that neither a later one of them nor its own component closed."""
    gaps: dict[str, Answer] = {}
    for number, hotpatch in enumerate(hotpatches):
        after = [of_kb for r in (*hotpatches[number + 1 :], row) if (of_kb := known.fixes.get((r.kb, r.product)))]
        for cve, severity, companion in known.gaps.get((hotpatch.kb, hotpatch.product), ()):
            if not any(cve in of_kb.severities for of_kb in after):
                released = next((r.kb for r in product.releases if r.kb == companion and (r.release_date or "") <= day), None)
                gaps[cve] = {"cve": cve, "severity": severity, "companion_kb": kb_text(released)}
    return [gaps[cve] for cve in sorted(gaps)]


def _most_severe(own: set[str], by_kb: Sequence[FixedByKb]) -> list[str]:
    """Return some CVEs of KBs but for a machine's own, the most severe first, then the newest; of old builds there are thousands, so that no more are sorted than are named.

    A CVE that KBs state with different severities is named with the one that comes first by name.
    """
    named: dict[str, None] = {}
    severities = sorted({severity for of_kb in by_kb for severity in of_kb.by_severity()}, key=lambda severity: severity or "z")
    for severity in severities:  # Critical, Important, Low, Moderate, none
        if len(named) >= _SHOWN:
            break
        stated = [cve for of_kb in by_kb for cve in of_kb.by_severity().get(severity, ()) if cve not in own]
        named |= dict.fromkeys(sorted(stated, reverse=True))
    return list(named)[:_SHOWN]


LEFT_OPEN: Final = """select g.product, g.month, g.hotpatch_kb, g.lcu_kb, (
        select r.kb from releases as r where r.kb = g.companion_kb and r.product = g.product and coalesce(r.release_date, '') <= :day)
    from cve_gaps as g where g.cve = :cve and g.product = coalesce(:product, g.product) and exists (
        select 1 from releases as r where r.kb = g.hotpatch_kb and r.product = g.product and r.release_date <= :day)"""


def left_open(conn: sqlite3.Connection, cve: str, product: str | None, day: str) -> list[Answer]:
    """Return the hotpatches that leave a CVE open which the cumulative update of their month fixes.

    Args:
        conn: a database with the fact tables.
        cve: such as CVE-2025-54100.
        product: an id, if only one product is wanted.
        day: ISO date; releases up to it count.

    Returns:
        rows with product, month, ``hotpatch_kb``, ``lcu_kb`` and ``companion_kb``, the component update that fixes it on the hotpatch line.
    """
    rows = conn.execute(f"{LEFT_OPEN} order by g.product, g.month", {"cve": cve, "product": product, "day": day})
    return [gap_row(*row) for row in rows.fetchall()]


def gap_row(product: str, month: str, hotpatch: int, lcu: int, companion: int | None) -> Answer:
    """Return a row of ``LEFT_OPEN`` as it is answered."""
    return {
        "product": product,
        "month": month,
        "hotpatch_kb": kb_text(hotpatch),
        "lcu_kb": kb_text(lcu),
        "companion_kb": kb_text(companion),
    }
