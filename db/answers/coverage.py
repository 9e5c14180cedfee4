"""What the database covers: its products, how far the data of each line reaches, and what is missing to call a machine current.

The day of the data says when the pages were last read, not that they had something new to show: a site that stands still, a release that a
source forgot and a row that could not be read all look like "nothing newer". So ``current`` needs evidence (docs/verdicts.md lists it),
and each that is missing has its own sentence. Standard library alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from datetime import date, timedelta
from functools import lru_cache

from hotpatch_kb.db.answers.product_facts import Place, Product, Release, Row
from hotpatch_kb.db.answers.stated_elsewhere import reported_day, reported_note, source_name
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.editions import SPELLED, Machine
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.notation import kb_text, month_after, second_tuesday
from hotpatch_kb.db.model.reading import MAX_SHOWN
from hotpatch_kb.light_typing import Any, Final, NamedTuple

# Microsoft's pages list a release within hours. Two days are room for a late table and for the difference of time zones.
GRACE: Final = timedelta(days=2)


def product_names(conn: sqlite3.Connection) -> list[str]:
    """Return the ids of all products."""
    return [row[0] for row in conn.execute("select product from products order by product")]


def named_product(conn: sqlite3.Connection, value: str | None, names: Collection[str] = ()) -> str | None:
    """Return the id of a product that a user names, by its id or as people call it; None where none is named.

    Args:
        conn: a database with the fact tables.
        value: as the user typed it.
        names: the ids of all products, where the caller has read them.

    Raises:
        BadInput: the database has no product of that name.
    """
    if value is None:
        return None
    from hotpatch_kb.db.model.product_names import product_id  # noqa: PLC0415

    names = names or product_names(conn)
    product = product_id(value)
    if product not in names:
        from difflib import get_close_matches  # noqa: PLC0415 (only mistakes need it)

        from hotpatch_kb.db.model.products import named  # noqa: PLC0415

        titles = {title.casefold(): name for name in names for title in (name, named(name).name)}
        close = get_close_matches(value[:MAX_SHOWN].casefold(), titles, n=1, cutoff=0.0)
        raise BadInput(
            "expected a product ({products}), got {got!r}; nearest: {close}",
            products=", ".join(names), got=value[:MAX_SHOWN], close=titles[close[0]] if close else Message("none"),
        )  # fmt: skip
    return product


def data_until(conn: sqlite3.Connection, product: str, line: str) -> str | None:
    """Return the day up to which the data of a line reaches; None where no page lists the line."""
    row = conn.execute("select data_until from lines where product = ? and line = ?", (product, line)).fetchone()
    return row[0] if row else None


def data_until_by_product(conn: sqlite3.Connection) -> dict[str, str]:
    """Return the day up to which the data of each product's hotpatch line reaches."""
    return dict(conn.execute("select product, data_until from lines where line = 'hotpatch'").fetchall())


def data_until_of_lines(conn: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """Return the day up to which the data of each product and line reaches; for the line "", which may be either, the earlier of the two."""
    ends = {(product, line): day for product, line, day in conn.execute("select product, line, data_until from lines").fetchall()}
    return ends | {(product, ""): min(day for (name, _), day in ends.items() if name == product) for product, _ in ends}


def stated_until(conn: sqlite3.Connection, kind: str) -> str | None:
    """Return the last day on which a page stated something of a kind of subject, such as "price"; None where none did."""
    day: str | None = conn.execute(
        "select substr(max(last_seen_at), 1, 10) from claims where subject >= ? and subject < ?", (f"{kind}/", f"{kind}0")
    ).fetchone()[0]
    return day


def latest_data_until(conn: sqlite3.Connection) -> str | None:
    """Return the latest ``data_until`` of all lines; None where no page lists a line."""
    day: str | None = conn.execute("select max(data_until) from lines").fetchone()[0]
    return day


@lru_cache(maxsize=1024)
def is_outdated(until: str | None, day: str) -> bool:
    """Return whether a Patch Tuesday is after the last day of the data and not after ``day``: then nothing is known to be current."""
    if until is None:
        return True
    tuesday = second_tuesday(until[:7])
    if tuesday <= until:
        tuesday = second_tuesday(month_after(until[:7]))
    return tuesday <= day


def has_ceased(last: str, day: str) -> bool:
    """Return whether a line has missed two monthly releases on the day of the third.

    The verdict changes on the second Tuesday, when the release was due, not on the first of the month.

    Args:
        last: the month of its last monthly release, such as 2024-10.
        day: ISO date.
    """
    return second_tuesday(month_after(last, 3)) <= day


class Evidence:
    """What is known of one line of a product on one day, apart from its releases."""

    def __init__(self, product: Product, line: str, day: str) -> None:
        """Take what is asked for; nothing is read before a machine needs it.

        Args:
            product: the rows of the product.
            line: "hotpatch" or "standard".
            day: ISO date asked for; what came later does not count.
        """
        self._product = product
        self._line = line
        self._day = day
        self._of_line: Message | None = None
        self._of_product: Message | None = None
        self._is_read = False
        self._provisional: list[tuple[Place, bool, Message]] = []
        self._quarantined: list[tuple[Message, str | None, int | None]] = []
        self._reported: list[dict[str, Any]] | None = None

    def missing(self, place: Place) -> Message | None:
        """Return why a machine that has the release at ``place`` cannot be called current, None where all evidence is there."""
        if not self._is_read:
            self._of_line = self._missing_of_line()
            self._of_product = self._of_line or _named_by_others(self._product, self._day)
            if self._of_product is None:
                self._provisional = _provisional(self._product, self._line, self._day)
                self._quarantined = _quarantined(self._product, self._day)
            self._is_read = True
        if self._of_product is not None:
            return self._of_product
        for newer, is_of_line, message in self._provisional:
            # On the other line only a later day counts: the revisions of two lines are not compared.
            if newer >= place if is_of_line else newer[0] > place[0]:
                return message
        for reason, day, revision in self._quarantined:
            # Older is what has nothing newer: the year of a date may be a slip, beside a build that is newer than all. Without both it may be anything.
            is_newer = [day >= place[0]] if day is not None else []
            is_newer += [revision > place[1]] if revision is not None else []
            if any(is_newer) or not is_newer:
                return reason
        return self.reported(place)

    def reported(self, place: Place) -> Message | None:
        """Return what others report that is newer than the release at ``place``, None where they report nothing.

        Of the other line only releases of later days count.
        """
        if self._reported is None:
            self._reported = [
                row for row in self._product.reported if row["classification"] != "preview" and reported_day(row) <= self._day
            ]
        newer = [
            row
            for row in self._reported
            if reported_day(row) > place[0]
            or (reported_day(row) == place[0] and row[f"in_{self._line}_line"] and (_revision(row["build"]) or 0) > place[1])
        ]
        of_line = [row for row in newer if row[f"in_{self._line}_line"]]
        return reported_note(of_line or newer) if newer else None

    def _missing_of_line(self) -> Message | None:
        until, today = self._product.data_until.get(self._line), clock.today()
        if until is None or is_outdated(until, self._day):
            return Message("facts end on {day}; a monthly release has come since", day=until or Message("no day"))
        if until > clock.day_after(today):  # just after midnight UTC a clock some hours ahead is no fault
            return Message("the data was read on {day}, which is after today, {today}: a clock is wrong", day=until, today=today)
        month = missing_month(self._product, self._line, self._day)
        if month is None:
            return None
        if withdrawn := _withdrawn(self._product, self._line, month, self._day):
            return Message(
                "{release}, the release of {month} of the {line} line, is no longer offered, and no source lists another one",
                release=withdrawn.name(), month=month, line=Message(self._line),
            )  # fmt: skip
        return Message(
            "no source lists the release of {month} of the {line} line, although its pages were read on {day}",
            month=month, line=Message(self._line), day=until,
        )  # fmt: skip


def missing_month(product: Product, line: str, day: str) -> str | None:
    """Return the month of the newest second Tuesday that is more than two days past, where the line has no B release of it.

    If the other line already has this month's release, or a page of the product was refused since, the two days of grace do not apply.
    A line needs releases from the first second Tuesday after its first release of any kind: 26H2 of 2026-09-29 needs one of October, even if
    no B release of it is listed yet. From 2021 to July 2026 no line that was supported missed a month (tests/test_evidence.py has the list by
    product).
    """
    latest = (date.fromisoformat(day) - GRACE - timedelta(days=1)).isoformat()
    month = latest[:7] if second_tuesday(latest[:7]) <= latest else month_after(latest[:7], -1)
    other = "standard" if line == "hotpatch" else "hotpatch"
    tuesday = second_tuesday(day[:7])
    is_within_grace = month < day[:7] and tuesday <= day
    if is_within_grace and (_has_release_of(product, other, tuesday) or product.is_refused_since(tuesday)):
        month = day[:7]
    listed = [r for r in product.releases if r.is_of(line) and not r.is_provisional and r.release_date and r.release_date <= day]
    first = min((r.release_date or "" for r in listed), default=None)
    newest = max((r.release_date or "" for r in listed if _is_monthly(r) and not r.is_withdrawn and _is_in_its_month(r)), default="")
    tuesday = second_tuesday(month)
    return None if first is None or first > tuesday or newest >= tuesday else month


def _withdrawn(product: Product, line: str, month: str, day: str) -> Release | None:
    """Return the B release of a line's month that is not offered any more, None where there is no such release."""
    return next(
        (
            r
            for r in product.releases
            if r.is_of(line) and r.is_withdrawn and _is_monthly(r) and r.month == month and (r.release_date or "") <= day
        ),
        None,
    )


def _is_monthly(release: Release) -> bool:
    return release.cadence == "B" and release.classification in {"baseline", "hotpatch", "cumulative"}


def _is_in_its_month(release: Release) -> bool:
    """Return whether a release is dated in the month that it is the release of; else its date is a slip, and it is no evidence of another month."""
    return release.month in {None, (release.release_date or "")[:7]}


def _has_release_of(product: Product, line: str, tuesday: str) -> bool:
    """Return whether a line has a B release of a second Tuesday."""
    return any(
        r.is_of(line)
        and r.release_date == tuesday
        and _is_monthly(r)
        and _is_in_its_month(r)
        and not r.is_public_preview
        and not r.is_provisional
        for r in product.releases
    )


def _named_by_others(product: Product, day: str) -> Message | None:
    """Return what MSRC or an article names of a product that is newer than every listed release."""
    listed = [r for r in product.releases if r.release_date and r.release_date <= day and r.classification != "preview"]
    newest_day = max((r.release_date or "" for r in listed), default="")
    newest_revision = max((r.revision or 0 for r in listed), default=0)
    newest_kbs = {
        max(of_line, key=lambda r: r.place).kb for line in ("hotpatch", "standard") if (of_line := [r for r in listed if r.is_of(line)])
    }
    number = max((r.build_number for r in listed if r.build_number is not None), default=None)
    # A revised document can name a fix of a later month, so the month of the document does not bound the search.
    for named in _newest_first(product, "msrc", "", day[:7]):
        stated_number, _, revision = (named["build"] or "").partition(".")
        is_newer_build = stated_number == str(number) and revision.isdigit() and int(revision) > newest_revision
        month = named["day"]
        # Documents may lack the build; what replaces the newest release is newer.
        is_next = not stated_number and named["supersedes"] is not None and named["supersedes"] in newest_kbs
        if second_tuesday(month) <= day and (is_newer_build or is_next or month > newest_day[:7]):
            name = kb_text(named["kb"])
            what = Message("{name} ({build})", name=name, build=named["build"]) if named["build"] else name
            return Message("MSRC's data of {month} names {what}, which no list of releases has", month=month, what=what)
    for named in _newest_first(product, "article", newest_day, day):
        return Message("an article names {name} of {day}, which no list of releases has", name=kb_text(named["kb"]), day=named["day"])
    return None


def _newest_first(product: Product, kind: str, after: str, until: str) -> list[Row]:
    """Return what names a release after a day or month and up to another, the newest first, then by KB."""
    named = [row for row in product.named if row["kind"] == kind and after < row["day"] <= until]
    return sorted(sorted(named, key=lambda row: row["kb"]), key=lambda row: row["day"], reverse=True)


def _provisional(product: Product, line: str, day: str) -> list[tuple[Place, bool, Message]]:
    """Return the place of each release that no list has, whether it is of a line, and who names it; the newest first."""
    provisional = [
        r for r in product.releases if r.is_provisional and r.classification != "preview" and r.release_date and r.release_date <= day
    ]
    places = [((r.release_date or "", r.revision or 0), r) for r in provisional]
    return [
        (
            place,
            r.is_of(line),
            named_by(r, Message("{name} ({build})", name=kb_text(r.kb), build=r.build) if r.build else kb_text(r.kb)),
        )
        for place, r in sorted(places, key=lambda p: p[0], reverse=True)
    ]


def named_by(release: Release, name: object) -> Message:
    """Return the sentence that a source names a provisional release and no list has it.

    Args:
        release: the release.
        name: how the sentence calls it.
    """
    return Message("{source} names {release}, which no list of releases has", source=source_name(release.named_by or ""), release=name)


def _quarantined(product: Product, day: str) -> list[tuple[Message, str | None, int | None]]:
    """Return what may be a release of the product and could not be read or cannot be right: why it counts, its date and its revision."""
    rows = [row for row in product.named if row["kind"] in {"wrong", "unread"} and (row["day"] or "") <= day]
    return [
        (
            Message("a page lists {text}, which cannot be right: {why}", text=row["text"], why=row["why"])
            if row["kind"] == "wrong"
            else Message("a page lists what may be a newer release and cannot be read: {text!r}", text=row["text"]),
            row["day"],
            _revision(row["build"]),
        )
        for row in sorted(rows, key=lambda row: row["text"] or "")
    ]


def _revision(build: str | None) -> int | None:
    revision = (build or "").partition(".")[2]
    return int(revision) if revision.isdigit() else None


# --- the end of support ----------------------------------------------------------------------------------------------

# Groups of ``lifecycles`` that an edition belongs to: the first that the product has.
_GROUPS: Final = {
    "home_pro": ("home_pro",),
    "enterprise_education": ("enterprise_education",),
    "iot_enterprise": ("iot_enterprise", "enterprise_education"),
    "iot_core": ("iot_core", "iot_enterprise", "enterprise_education"),
    "ltsc": ("ltsc", "enterprise_education"),
    "iot_ltsc": ("iot_ltsc", "ltsc", "iot_enterprise", "enterprise_education"),
    "server": ("server", "annual_channel"),
}


class Support:
    """When support of a product ends, by edition."""

    def __init__(self, product: Product) -> None:
        """Take the rows of a product."""
        self._public: dict[str, str] = {}
        self._esu: dict[str, str] = {}
        days: dict[str, set[str]] = {"0": set(), "1": set()}
        for group, kind, end, reported in product.ends:
            days[reported].add(end)
            if kind in {"extended", "end_of_servicing"}:
                self._public[group] = max(end, self._public.get(group, ""))
            elif kind.startswith("esu_"):
                self._esu[group] = max(end, self._esu.get(group, ""))
        self._any = product.extended_end  # where the edition is not known
        self._reported = days["1"] - days["0"]

    def _said(self, end: str) -> str | Message:
        """Return a last day as a reason has it, marked where others alone report it."""
        return Message("{day} (reported by others)", day=end) if end in self._reported else end

    def end(self, machine: Machine) -> str | None:
        """Return the last day of support of a machine, Extended Security Updates apart; None where no source states it."""
        return self._of(self._public, machine.edition) or self._any

    def esu_end(self, machine: Machine) -> str | None:
        """Return the last day of Extended Security Updates for a machine; None where none are known."""
        if not machine.edition:
            return max(self._esu.values(), default=None)
        return self._of(self._esu, machine.edition)

    def last_day(self, machine: Machine) -> str | None:
        """Return the last day on which a machine gets updates: that of its Extended Security Updates where it has them, else of its support."""
        return max(filter(None, (self.end(machine), self.esu_end(machine) if machine.has_esu else None)), default=None)

    @staticmethod
    def _of(ends: dict[str, str], edition: str) -> str | None:
        groups = _GROUPS["server"] if edition.startswith("server") else _GROUPS.get(edition, ())
        return next((ends[group] for group in groups if group in ends), None)

    def ended(self, machine: Machine, day: str) -> list[Message]:
        """Return why a machine is unsupported on a day; nothing where it is supported, or where no source states an end."""
        end = self.end(machine)
        if end is None or day <= end:
            return []
        esu = self.esu_end(machine)
        if machine.has_esu and esu is not None:
            return [] if day <= esu else [Message("Extended Security Updates ended on {day}", day=self._said(esu))]
        spelled = Message(SPELLED[machine.edition]) if machine.edition else None
        reason = (
            Message("support of {edition} ended on {day}", edition=spelled, day=self._said(end))
            if spelled
            else Message("support ended on {day}", day=self._said(end))
        )
        if esu is None or day > esu:
            return [reason]
        offered = Message(
            "Extended Security Updates are offered until {day}, and nothing says that the machine has them", day=self._said(esu)
        )
        return [reason, offered]


_SUPPORTED: Final = frozenset({"mainstream", "extended", "end_of_servicing"})
_LONG_TERM: Final = ("ltsc", "iot_ltsc")


class SupportEnd(NamedTuple):
    """The last day of support of groups of editions; ``is_reported`` where only others state it."""

    groups: tuple[str, ...]
    end: str
    is_reported: bool


def support_ends(product: Product, *, is_long_term: bool) -> list[SupportEnd]:
    """Return when support of general editions ends, or that of the LTSC editions, groups with one day together, the earliest first."""
    last: dict[str, tuple[str, bool]] = {}
    for group, kind, end, reported in product.ends:
        if kind in _SUPPORTED and (group in _LONG_TERM) == is_long_term:
            last[group] = max((end, reported == "1"), last.get(group, ("", False)))
    order = list(_GROUPS)
    by_end: dict[tuple[str, bool], list[str]] = {}
    for group in sorted(last, key=lambda group: order.index(group) if group in order else len(order)):
        by_end.setdefault(last[group], []).append(group)
    return [SupportEnd(tuple(groups), end, is_reported) for (end, is_reported), groups in sorted(by_end.items())]


def last_day(product: Product, day: str) -> str | None:
    """Return the last day on which anything of a product came, support of every edition and Extended Security Updates counted, if it has passed.

    A public preview without a day of support has ended where its line has ceased: its last day is that of its newest release. None where the
    product goes on, or nothing says that it ended.
    """
    ends = [end for _, kind, end, _ in product.ends if kind != "hotpatch_end"]
    if ends:
        return max(ends) if max(ends) < day else None
    days = [r.release_date for r in product.releases if r.release_date]
    if not days or not all(r.is_public_preview for r in product.releases):
        return None
    until = min([day, *product.data_until.values()])
    return max(days) if has_ceased(max(days)[:7], until) else None
