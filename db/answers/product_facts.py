"""What the database says of a product: its ends, releases, calendar and what others state, each read once and shared by all answers.

A lookup asks for the newest release of a line, what is newer than a build, the next restart, what others report, and a verdict: all of them from
the same hundred rows. So they are read together: one statement for the products, four for the rows of those asked for. Standard library alone.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence

from hotpatch_kb.db.answers.stated_elsewhere import OtherBuild, one_of, other_builds, reported, reported_day, reported_place
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.notation import kb_text
from hotpatch_kb.light_typing import Any, Final, NamedTuple

Row = dict[str, Any]

# A release's place in the order of its line: ISO date, then revision.
Place = tuple[str, int]


def is_offered(release: str = "releases") -> str:
    """Return the SQL condition that a release, by its alias, was not withdrawn.

    Microsoft marks updates of Windows 10 as expired some years after newer ones replaced them, and lists them still: on the days after its
    release such an update counted. Only one that no later monthly release follows was withdrawn, unless its product has ended: the last
    two updates of Windows 10, version 20H2, expired after 2023-05-09.
    """
    return f"""({release}.is_expired = 0 or exists (select 1 from releases as later where later.product = {release}.product
        and later.cadence = 'B' and later.is_expired = 0 and later.release_date > {release}.release_date)
        or exists (select 1 from products as ended join lines as read on read.product = ended.product
        where ended.product = {release}.product and ended.extended_end_date < read.data_until))"""


class Release(NamedTuple):
    """A row of ``releases``, and what follows from the rows beside it.

    Attributes:
        is_withdrawn: see ``is_offered``.
        is_disputed: sources disagree on whether it is listed.
        fixes_cves: MSRC's data names a CVE that it fixes.
        named_by: of a provisional release: the id of a source that names it.
        month: of the update type; that of its day where no source states one.
        day: its date; an undated component came with the hotpatch of its build (KB5074204 of December 2025).
        is_baseline: the hotpatch line builds on it. True of derived baselines too, LCUs that a hotpatch builds on and no calendar lists
            (26100.2033 of October 2024).
    """

    release: int
    product: str
    kb: int | None
    build: str | None
    build_number: int | None
    revision: int | None
    release_date: str | None
    month: str | None
    cadence: str | None
    classification: str
    restart_required: int | None
    in_hotpatch_line: int
    in_standard_line: int
    is_unplanned: int
    is_public_preview: int
    is_provisional: int
    baseline_release: int | None
    baseline_kb: int | None
    baseline_build: str | None
    derived_from: str | None
    article_url: str | None
    subject: str
    is_withdrawn: int
    is_disputed: int
    fixes_cves: int
    named_by: str | None
    day: str | None
    is_baseline: bool

    @property
    def place(self) -> Place:
        """Its place in the order of a line. The first build comes first: 26100.1742 of ws2025 is dated after KB5044284 (2033)."""
        return ("" if self.classification == "initial" else self.day or "", self.revision or 0)

    @property
    def is_hotpatch_only(self) -> bool:
        """Whether only machines of the hotpatch line can have it."""
        return self.classification in {"hotpatch", "component"}

    @property
    def counts(self) -> bool:
        """Whether the release decides: a monthly one, or an out-of-band one that fixes a CVE; never a component or preview."""
        if self.is_withdrawn or self.classification in {"component", "preview", "initial"}:
            return False
        return self.cadence == "B" or bool(self.fixes_cves)

    @property
    def ascending(self) -> tuple[str, int, int]:
        """Its place by day, revision and KB; what has none of them comes first."""
        return self.release_date or "", -1 if self.revision is None else self.revision, self.kb or -1

    def brief(self) -> Row:
        """Return its KB, build, day and classification, as an answer names another release."""
        return {"kb": kb_text(self.kb), "build": self.build, "release_date": self.release_date, "classification": self.classification}

    def is_of(self, line: str) -> bool:
        """Return whether it belongs to a line, "hotpatch" or "standard"."""
        return bool(self.in_hotpatch_line if line == "hotpatch" else self.in_standard_line)

    def name(self, *, is_baseline: bool = False, beside: Release | None = None) -> Message:
        """Return the release by its KB or build and its day; after "the baseline" the day is enough. Beside one of the same KB the build tells them apart."""
        name = kb_text(self.kb) or self.build
        if beside is not None and self.kb is not None and beside.kb == self.kb:
            return Message("{name} {build} of {day}", name=name, build=self.build, day=self.day)
        if name:
            return Message("{name} of {day}", name=name, day=self.day)
        return Message("of {day}" if is_baseline else "the release of {day}", day=self.day)  # the baselines of 2021 have neither


_COLUMNS: Final = ", ".join(f"r.{name}" for name in Release._fields[: Release._fields.index("is_withdrawn")])
_RELEASES: Final = f"""select {_COLUMNS}, not {is_offered("r")}, exists (select 1 from conflicts as c where c.subject = r.subject and c.field = 'listed'),
    exists (select 1 from kb_cves as c where c.kb = r.kb and c.product = r.product),
    case when r.is_provisional then (select min(c.source) from fact_claims as f join claims as c using (claim) where f.subject = r.subject) end
    from releases as r where """
_BUILD, _DATE, _BASELINE, _KIND, _HOTPATCH_LINE = (
    Release._fields.index(name) for name in ("build", "release_date", "baseline_release", "classification", "in_hotpatch_line")
)
_CALENDAR: Final = (
    "product",
    "month",
    "expected_type",
    "type",
    "planned_by",
    "is_unplanned",
    "release_date",
    "expected_date",
    "kb",
    "build",
)
# Kinds of sources of a day of support that are not Microsoft's: where one of them alone states it, that is said beside the day.
_OF_OTHERS: Final = "('third party', 'third party, in doubt', 'community answer', 'news')"
# The ends of support of a product are one text, "group kind day 0" a line, 1 where others report it: none of these has a blank.
_PRODUCTS: Final = f"""select product, release_date, hotpatch_from_date, hotpatch_end_date, extended_end_date,
        (select data_until from lines where product = p.product and line = 'hotpatch'),
        (select data_until from lines where product = p.product and line = 'standard'),
        exists (select 1 from claims where subject >= 'calendar/' || p.product || '/' and subject < 'calendar/' || p.product || '0'),
        (select group_concat(edition_group || ' ' || kind || ' ' || end_date || ' ' || (trust in {_OF_OTHERS}), char(10)) from lifecycles where product = p.product)
    from products as p order by product"""
# What names a release of a product and is no listed release. Its kind is "msrc" (of MSRC's data, whose day is a month), "article", "wrong" (a row
# of a page that cannot be right, and why) or "unread" (a row that could not be read). Plans reach half a year ahead; a day after that is a slip.
_FEW: Final = 8  # products; a build number or version has at most four
_DAYS: Final = 16  # lines and days whose releases are kept: most ask for today
_NAMED_BY: Final = ("product", "kind", "kb", "build", "day", "text", "why", "supersedes")
_NAMED: Final = """select distinct product, 'msrc' as kind, kb, fixed_build, source_month, null, null, supersedes_kb from kb_cves
        where {product} and (product, kb) in (
            select product, kb from kb_cves where {product} except select product, kb from releases where {product} and kb is not null)
    union all select product, 'article', kb, null, release_date, null, null, null from articles as a
        where {product} and kb is not null and release_date is not null
            and not exists (select 1 from releases as r where r.product = a.product and r.kb = a.kb) and not exists (
                select 1 from kbs join releases as r on r.kb = kbs.installs_kb where kbs.kb = a.kb and r.product = a.product)
    union all select product, case when exists (select 1 from releases as r where r.product = q.product and r.release_date = q.release_date
            and (r.kb = q.kb or r.build = q.build)) then 'wrong' else 'unread' end, null, build,
        case when release_date <= date(first_seen_at, '+200 days') then release_date end, text, reason, null from quarantine as q
        where {product} and may_be_release = 1 and gone_at is null
    union all select product, 'refused', null, null, substr(p.fetched_at, 1, 10), p.page_url, null, null
        from sources as s cross join pages as p indexed by pages_by_state on p.source = s.source and p.state = 'refused' cross join products
        where {product} and not exists (
            select 1 from pages as later where later.source = p.source and later.page_url = p.page_url and later.state = 'accepted'
                and (later.fetched_at, later.tie) > (p.fetched_at, p.tie))
            and exists (select 1 from claims as c where c.subject > 'release/' || product || '/' and c.subject < 'release/' || product || '0'
                and c.source = p.source and c.page_url = p.page_url)"""
# Of products with hotpatches also the CVEs that these leave open, of the kind "gap": the hotpatch's KB, the CVE as text, the KBs that fix it as why,
# and in the place of what is replaced the KB beside the hotpatch. Here, so that a lookup needs no further statement.
_GAPS: Final = """
    union all select product, 'gap', hotpatch_kb, null, null, cve,
        (select group_concat(c.kb) from kb_cves as c where c.cve = g.cve and c.product = g.product), companion_kb from cve_gaps as g where {product}"""


class Product:
    """The rows of a product. Days are ISO dates, None where no source states them.

    Attributes:
        id: such as ws2025.
        from_day: of its first release or general availability.
        hotpatch_from: the day of the first hotpatch.
        hotpatch_end: the day or month of the last hotpatch.
        extended_end: the last day of public updates.
        data_until: the day up to which the data of each line reaches; a line that no page lists is missing.
        has_calendar: a calendar of it was ever published.
        ends: edition group, kind and last day of each period of support, and "1" where only others report it, else "0".
        releases: all of them.
        by_id: those by their ids.
        calendar: rows of ``hotpatch_calendar``, by month.
        reported: what others report, oldest first.
        other_builds: builds that a source states and that are not believed.
    """

    def __init__(self, facts: Facts, row: Sequence[Any]) -> None:
        """Take the row of a product; the rest is filled in by ``Facts``."""
        self._facts = facts
        self.id: str = row[0]
        self.from_day: str | None = row[1]
        self.hotpatch_from: str | None = row[2]
        self.hotpatch_end: str | None = row[3]
        self.extended_end: str | None = row[4]
        self.data_until: dict[str, str] = {line: day for line, day in zip(("hotpatch", "standard"), row[5:7], strict=True) if day}
        self.has_calendar = bool(row[7])
        self.ends: list[list[str]] = [line.split(" ") for line in (row[8] or "").splitlines()]
        self.releases: list[Release] = []
        self.by_id: dict[int, Release] = {}
        self.calendar: list[Row] = []
        self.reported: list[Row] = []
        self.other_builds: list[OtherBuild] = []
        self._of_line: dict[tuple[str, str], list[Release]] = {}
        self._latest: dict[tuple[str, str], tuple[Release | None]] = {}

    @property
    def named(self) -> list[Row]:
        """What names a release of it and is no listed release, and CVEs that its hotpatches leave open; read when it is first asked for."""
        return self._facts.named(self.id)

    def is_refused_since(self, day: str) -> bool:
        """Return whether a page that lists its releases was read on a day or later, was refused, and has not been accepted since."""
        return any(row["kind"] == "refused" and row["day"] >= day for row in self.named)

    @property
    def first_day(self) -> str:
        """The first day on which it existed: that of its general availability or of its first release; "" where none is known."""
        return min(filter(None, (self.from_day, *(r.release_date for r in self.releases))), default="")

    def of_line(self, line: str, day: str) -> list[Release]:
        """Return what counts as a release of a line up to a day: no component, preview or first build, and nothing withdrawn."""
        listed = self._of_line.get((line, day))
        if listed is None:
            if len(self._of_line) >= _DAYS:
                self._of_line.clear()
            listed = self._of_line[line, day] = [
                r
                for r in self.releases
                if r.is_of(line)
                and r.release_date
                and r.release_date <= day
                and not r.is_withdrawn
                and r.classification not in {"component", "preview", "initial"}
            ]
        return listed

    def latest(self, line: str, day: str) -> Release | None:
        """Return the newest release of a line up to a day, as the view ``latest_releases`` has it for today."""
        kept = self._latest.get((line, day))
        if kept is None:
            if len(self._latest) >= _DAYS:
                self._latest.clear()
            listed = [
                r
                for r in self.releases
                if r.is_of(line) and r.release_date and r.release_date <= day and r.classification not in {"component", "preview"}
                and not (r.is_withdrawn or r.is_disputed)
            ]  # fmt: skip
            kept = self._latest[line, day] = (max(listed, key=lambda r: (r.classification != "initial", *r.ascending), default=None),)
        return kept[0]

    def newer(self, row: Release, line: str, day: str) -> list[Release] | None:
        """Return the releases of a line that came after one up to a day, as ``of_line`` counts them; None where no source states its day.

        The order is that of the line: date, then revision, the first build before all.
        """
        if row.day is None and row.classification != "initial":
            return None
        own_day, own = row.place[0], -1 if row.revision is None else row.revision
        return [
            r
            for r in self.of_line(line, day)
            if (r.release_date or "") > own_day or (r.release_date == own_day and row.revision is not None and (r.revision or 0) > own)
        ]

    def reported_ends(self) -> set[tuple[str, str]]:
        """Return the ends of support, by edition group and kind, that only others than Microsoft report."""
        return {(group, kind) for group, kind, _, is_reported in self.ends if is_reported == "1"}

    def reported_after(self, line: str, day: str, place: Place = ("", 0)) -> list[Row]:
        """Return the releases of a line that others report up to a day, those after a place in its order."""
        return [row for row in self.reported if row[f"in_{line}_line"] and place < reported_place(row) and reported_day(row) <= day]

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take the rows of its releases."""
        self._of_line.clear()  # who asked before them was told of none
        self._latest.clear()
        days: dict[str, str] = {}
        for row in rows:
            if row[_BUILD] and row[_DATE]:
                days[row[_BUILD]] = min(row[_DATE], days.get(row[_BUILD], row[_DATE]))
        built_on = {row[_BASELINE] for row in rows if row[_KIND] in {"hotpatch", "component"}}
        for row in rows:
            day = row[_DATE] or days.get(row[_BUILD])
            is_baseline = (row[_KIND] == "baseline" and bool(row[_HOTPATCH_LINE])) or row[0] in built_on
            release = Release._make((*row, day, is_baseline))
            self.releases.append(release if release.month or not day else release._replace(month=day[:7]))
        self.by_id = {release.release: release for release in self.releases}


class Line:
    """A line of a product up to a day, its releases in order."""

    def __init__(self, releases: Iterable[Release]) -> None:
        """Take releases in any order."""
        self.releases = sorted(releases, key=lambda r: r.place)
        self.counted = [r for r in self.releases if r.counts]
        self._places = [r.place for r in self.counted]
        # Newer ones are looked up for each of 11,000 builds and lines, so both lists are in the order of the line and cut by bisection.
        self._not_deciding = [
            r
            for r in self.releases
            if r.kb and not r.counts and not r.is_withdrawn and (r.classification == "component" or r.cadence == "OOB")
        ]

    def after(self, place: tuple[str, int], until: str | None) -> list[Release]:
        """Return the newer releases that count, up to the last day of support where that has passed."""
        newer = self.counted[bisect_right(self._places, place) :]
        return newer if until is None else [r for r in newer if (r.day or "") <= until]

    def not_deciding(self, place: tuple[str, int], build: str, until: str | None) -> str:
        """Return the newer KBs that do not decide; a component with the machine's own build may be what it has."""
        newer = self._not_deciding[bisect_right(self._not_deciding, place, key=lambda r: r.place) :]
        return " ".join(dict.fromkeys(kb_text(r.kb) or "" for r in newer if r.build != build and (until is None or (r.day or "") <= until)))


class Facts:
    """The rows of products, each read when it is first needed. Make new ones when the database has changed.

    Threads may share them after ``read_all``: nothing is read then, and nothing that is kept changes.

    Attributes:
        security: the ``SecurityData`` of all KBs, where somebody who asks of many releases has read it (``hotpatch_kb.db.answers.exposure``).
    """

    def __init__(self, conn: sqlite3.Connection) -> None:
        """Take a database with the fact tables."""
        self._conn = conn
        self.security: Any = None
        self._all: dict[str, Product] | None = None
        self._read: set[str] = set()
        self._named: dict[str, list[Row]] = {}

    @property
    def products(self) -> dict[str, Product]:
        """All products by their ids, in that order; the releases of one are there after ``load``."""
        if self._all is None:
            self._all = {row[0]: Product(self, tuple(row)) for row in self._conn.execute(_PRODUCTS).fetchall()}
        return self._all

    def of(self, product: str) -> Product:
        """Return the rows of a product; an unknown one has none."""
        self.load((product,))
        return self.products.get(product) or Product(self, (product, *(None,) * 8))

    def load(self, products: Iterable[str] | None = None) -> None:
        """Read the rows of products together, of all where none are named: four statements, however many products there are."""
        wanted = [product for product in self.products if (products is None or product in products) and product not in self._read]
        if not wanted:
            return
        self._read.update(wanted)
        product = one_of("product", wanted)
        releases: dict[str, list[Sequence[Any]]] = defaultdict(list)
        for row in self._conn.execute(_RELEASES + product, wanted).fetchall():
            releases[row[1]].append(row)
        for name in wanted:
            self.products[name].add(releases[name])
        calendar = f"select {', '.join(_CALENDAR)} from hotpatch_calendar where {product} order by product, month"
        for row in self._conn.execute(calendar, wanted).fetchall():
            self.products[row[0]].calendar.append(dict(zip(_CALENDAR, row, strict=True)))
        for stated in reported(self._conn, products=wanted):
            self.products[stated["product"]].reported.append(stated)
        for other in other_builds(self._conn, products=wanted):
            self.products[other.product].other_builds.append(other)

    def read_all(self, security: Any) -> None:
        """Take the security data of all KBs, and read all rows of all products."""
        self.security = security
        self.load()
        for product in self.products:
            self.named(product)

    def named(self, product: str) -> list[Row]:
        """Return what names a release of a product and is no listed release, and the CVEs that its hotpatches leave open.

        The few products of a lookup are read in one statement. Of a fleet, which reads all products, only those that it has: one takes 5 ms, all 100.
        """
        if product not in self._named:
            others = self._read - self._named.keys() - {product}
            wanted = sorted({product} | others) if len(others) < _FEW else [product]
            self._named |= {name: [] for name in wanted}
            has_hotpatches = any(self.of(name).data_until.get("hotpatch") for name in wanted)
            statement = (_NAMED + _GAPS if has_hotpatches else _NAMED).format(product=one_of("product", wanted))
            for row in self._conn.execute(statement, wanted * statement.count(one_of("product", wanted))).fetchall():
                self._named[row[0]].append(dict(zip(_NAMED_BY, row, strict=True)))
        return self._named[product]


def newest_installed(rows: list[Release], kbs: Sequence[int]) -> list[Release]:
    """Return the newest release of each product whose KB is installed, beside a hotpatch not its component."""
    newest: dict[str, Release] = {}
    for row in rows:
        before = newest.get(row.product)
        if row.kb in kbs and (
            before is None or (row.classification != "component", row.place) > (before.classification != "component", before.place)
        ):
            newest[row.product] = row
    return list(newest.values())


def latest(product: Product, line: str, day: str) -> Row | None:
    """Return the newest release of a line up to a day, as an answer names it."""
    newest = product.latest(line, day)
    return None if newest is None else newest.brief()


def about(product: Product, day: str) -> Row:
    """Return what a product is: its build number, the ends of its support by edition, and the newest release of each line."""
    number = next((row.build_number for row in reversed(product.releases) if row.build_number is not None), None)
    return {
        "product": product.id,
        "build_number": number,
        "support_ends": [
            {"edition_group": group, "kind": kind, "end_date": end, "is_reported": reported == "1"}
            for group, kind, end, reported in sorted(product.ends)
        ],
        "newest": {line: latest(product, line, day) for line in ("hotpatch", "standard")},
    }
