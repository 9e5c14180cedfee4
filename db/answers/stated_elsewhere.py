"""Answer from what is not a row of ``releases``: builds that lost against others, builds that no source names, and releases that only others report.

A machine may report a build that is not believed, and has that release: the update history has 22631.5191 for KB5055528, Learn's table
22631.5189. What others report of pages that were not read makes nothing current, but what is older is not current either.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from hotpatch_kb.db.model.messages import Message, Messages
from hotpatch_kb.db.model.notation import kb_text, second_tuesday
from hotpatch_kb.db.model.queries import Query
from hotpatch_kb.light_typing import Any, Final, NamedTuple

_NAMES: Final = {
    "learn_release_info": Message("Learn's release information"),
    "support_navigation": Message("the update history"),
    "support_toc": Message("the update history"),
    "support_article": Message("an article"),
    "msrc_cvrf": Message("MSRC"),
    "graph_updates": Message("Microsoft Graph"),
    "support_feeds": Message("a feed"),
}


class OtherBuild(NamedTuple):
    """A build that is not believed.

    Attributes:
        product: of the release.
        build: as it is stated.
        believed: the build of the release.
        kb: of the release.
        source: id of the source that states it.
    """

    product: str
    build: str
    believed: str
    kb: int | None
    source: str

    @property
    def note(self) -> Message:
        """Say who states the build, and which one is believed."""
        return Message(
            "{build} is stated by {source} for {kb}; believed is {believed}",
            build=self.build, source=source_name(self.source), kb=kb_text(self.kb) or Message("the release"), believed=self.believed,
        )  # fmt: skip


def source_name(source: str) -> Message | str:
    """Return how a sentence names a source."""
    return _NAMES.get(source, source)


def one_of(column: str, values: Sequence[object]) -> str:
    """Return the SQL condition that a column is one of as many values, each a parameter in its order."""
    return f"{column} in ({', '.join('?' * len(values))})"


def other_builds(conn: sqlite3.Connection, *, products: Sequence[str] = (), build: str | None = None) -> list[OtherBuild]:
    """Return builds that lost, of products or of one number, where no release of the product has them.

    A build that only an address or the text of a link has is not stated, and one that a correction replaces was decided by a person.
    """
    conditions = [one_of("r.product", products)] if products else []
    conditions += ["c.value_lost = ?"] if build else []
    rows = conn.execute(
        f"""select r.product, c.value_lost, r.build, r.kb, min(l.source)
        from conflicts as c join releases as r on r.subject = c.subject join claims as l on l.claim = c.claim_lost
        where c.field = 'build' and c.rule not in ('slug', 'link_text', 'correction') and c.value_lost is not null and r.build is not null
            and not exists (select 1 from releases as o where o.product = r.product and o.build = c.value_lost)
            and {" and ".join(conditions) or "true"}
        group by 1, 2, 3, 4 order by 1, 2, 3, 4""",
        (*products, *((build,) if build else ())),
    )
    return [OtherBuild(*row) for row in rows.fetchall()]


def nearest_builds(conn: sqlite3.Connection, build: str, product: str | None, on: str | None) -> list[dict[str, str | None]]:
    """Return the known builds next to one that no source names, up to a day, the product with the nearest first. An answer is never rounded to them."""
    number, revision = (int(part) for part in build.split("."))
    nearest: dict[str, dict[str, str | None]] = {}
    for name, known, other, day in conn.execute(
        """select product, build, revision, coalesce(release_date, max(release_date) over (partition by product, build), '9998')
        from releases where build_number = ? and product = coalesce(?, product) order by product, revision""",
        (number, product),
    ).fetchall():
        row = nearest.setdefault(name, {"product": name, "below": None, "above": None})
        if other < revision and day <= (on or "9999"):
            row["below"] = known
        elif other > revision and day <= (on or "9999"):
            row["above"] = row["above"] or known

    def distance(row: dict[str, str | None]) -> int:
        known = [int(build.partition(".")[2]) for build in (row["below"], row["above"]) if build]
        return min((abs(other - revision) for other in known), default=revision)

    return sorted((row for row in nearest.values() if row["below"] or row["above"]), key=distance)


def neighbours(nearest: Sequence[Mapping[str, str | None]]) -> list[Mapping[str, str | None]]:
    """Return which of the nearest builds say where a build belongs, the product with the nearest first.

    Windows Server 2025 and Windows 11, version 24H2, have one build number and revisions of another order, 26100.32860 and 26100.8893. Where a
    build lies between two of the nearest product, one that has builds on one side alone says nothing of it.
    """
    if not nearest or not (nearest[0]["below"] and nearest[0]["above"]):
        return list(nearest)
    return [row for row in nearest if row["below"] and row["above"]]


# --- what others report -----------------------------------------------------------------------------------------------

_REPORTED: Final = (
    "product", "kb", "build", "release_date", "month", "cadence", "classification", "in_hotpatch_line", "in_standard_line", "source_url", "read_on",
)  # fmt: skip


def reported(
    conn: sqlite3.Connection, day: str = "9999", *, products: Sequence[str] = (), kb: int | None = None, build: str | None = None
) -> list[dict[str, Any]]:
    """Return the releases up to a day that others report and that no page lists which was read, oldest first.

    Args:
        conn: a database with the fact tables.
        day: ISO date.
        products: ids, where only their releases are wanted.
        kb: a KB number, likewise.
        build: an OS build, likewise.
    """
    given = {"kb = ?": kb, "build = ?": build}
    conditions = [*([one_of("product", products)] if products else ()), *(condition for condition, value in given.items() if value)]
    rows = conn.execute(
        f"""select {", ".join(_REPORTED)} from reported where {" and ".join(conditions) or "true"}
        order by coalesce(release_date, month), product, revision, kb""",
        (*products, *filter(None, given.values())),
    )
    return [
        row | {"in_hotpatch_line": bool(row["in_hotpatch_line"]), "in_standard_line": bool(row["in_standard_line"])}
        for row in (dict(zip(_REPORTED, values, strict=True)) for values in rows.fetchall())
        if reported_day(row) <= day
    ]


def reported_day(row: Mapping[str, Any]) -> str:
    """Return the day of a reported release; the second Tuesday of its month where nobody states the day, "" where not even the month."""
    stated: str | None = row["release_date"]
    return stated or (second_tuesday(row["month"]) if row["month"] else "")


def reported_as(conn: sqlite3.Connection, day: str, query: Query, product: str | None) -> list[dict[str, Any]]:
    """Return what others report, up to a day, of the build, KB or month that a user asks for; of a product or build number with a month likewise."""
    products = (product,) if product else ()
    if query.kind == "build":
        return reported(conn, day, products=products, build=query.value)
    if query.kind == "kb":
        return reported(conn, day, products=products, kb=int(query.value))
    month = query.value if query.kind == "month" else query.month
    if not month:
        return []
    of_month = [row for row in reported(conn, day, products=products) if (row["month"] or reported_day(row)[:7]) == month]
    if query.kind == "number":
        return [row for row in of_month if (row["build"] or "").partition(".")[0] == query.value]
    if query.kind == "version":
        from hotpatch_kb.db.model.product_names import of_version  # noqa: PLC0415 (a build or KB needs none of it)

        return [row for row in of_month if row["product"] in of_version(query.value)]
    # "win11" is a family, "ws2025" a product.
    return of_month if query.kind == "month" else [row for row in of_month if row["product"].startswith(query.value)]


def reported_place(row: Mapping[str, Any]) -> tuple[str, int]:
    """Return the place of a reported release in the order of its line: day, then revision."""
    return reported_day(row), int((row["build"] or "").partition(".")[2] or 0)


def reported_note(rows: Sequence[Mapping[str, Any]]) -> Message:
    """Say what others report, and that nobody read it at Microsoft."""
    releases = Messages(
        dict.fromkeys(
            Message("{name}, {kind} of {day}", name=name, kind=Message(kind), day=day or Message("no day"))
            for name, kind, day in (
                (" ".join(filter(None, (kb_text(row["kb"]), row["build"]))), row["classification"], reported_day(row)) for row in rows
            )
        )
    )
    return Message("reported by others, not read at Microsoft: {releases}", releases=releases)
