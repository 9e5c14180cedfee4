"""Events: one for each thing that happened, where the table ``changes`` has a row per field. Standard library alone.

The calendar's "expected_type: hotpatch -> baseline" and "type: nothing -> baseline" of one month are one event: planned as a hotpatch,
released as a baseline. Feeds, the site, ``changes`` and notifications use the same words.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.answers.coverage import latest_data_until
from hotpatch_kb.db.model.claims import name_of_field
from hotpatch_kb.db.model.messages import Message, Words
from hotpatch_kb.db.model.notation import MONTHS
from hotpatch_kb.db.model.products import named

Row = Mapping[str, Any]

# "other" is what fits no other kind: a product's dates, eligibility, CVEs.
KINDS: Final = ("baseline", "hotpatch", "month", "price", "issue", "release", "other")

FORMS: Final = {
    "new": "{product}: new {kind}, {release}",
    "unplanned": "{product}: new {kind}, {release}, unplanned: its month was planned as a hotpatch",
    "gone": "{product}: no source lists {release} any more",
    "classified": "{product}: {release} is a {new} now, not a {old}",
    "withdrawn": "{product}: {release} is no longer offered",
    "surprise": "{product}, {month}: planned as a {old}, released as a {new}",
    "released": "{product}, {month}: released as a {new}",
    "replanned": "{product}, {month}: expected as a {new} now, not as a {old}",
    "planned": "{product}, {month}: new in the calendar, {new}",
    "unplanned_month": "{product}, {month}: no longer in the calendar",
    "repriced": "{what}: {old} is {new} now",
    "priced": "{what}: new price, {new}",
    "unpriced": "{what}: the price {old} is no longer stated",
    "price_ends": "{what}: the price ends before {new}",
    "issue": "new known issue of {new}",
    "issue_state": "known issue of {what}: {new} now, not {old}",
    "issue_resolved": "known issue of {what}: resolved by {new}",
    "issue_gone": "known issue no longer listed: {what}",
    "cves": "{count} facts about CVEs changed",
    "other": "{what}: {field} {old} -> {new}",
}
# Values that are codes, which each language has words for.
CODES: Final = frozenset({"kind", "old", "new"})
_CODED_FORMS: Final = frozenset({"new", "unplanned", "classified", "surprise", "released", "replanned", "planned", "issue_state"})


class Event(NamedTuple):
    """Something that happened.

    Attributes:
        kind: one of ``KINDS``.
        product: its id, None for no product or several.
        changed_at: UTC, when the page that shows it was fetched.
        subject: the fact, as in ``changes``.
        form: a key of ``FORMS``.
        values: what fills its places; a month is "2026-06", a product its id.
        path: of the site's page about it.
    """

    kind: str
    product: str | None
    changed_at: str
    subject: str
    form: str
    values: dict[str, str]
    path: str

    def in_words(self, words: Words | None = None, month_of: Callable[[str], str] | None = None) -> str:
        """Return the event as a sentence without a full stop.

        Args:
            words: of a language, English where it is None.
            month_of: how a month is written, "June 2026" where it is None.
        """
        values: dict[str, object] = dict(self.values)
        if "product" in values:
            values["product"] = named(self.values["product"]).name
        if "month" in values:
            month = self.values["month"]
            values["month"] = month_of(month) if month_of else f"{MONTHS[int(month[5:7]) - 1]} {month[:4]}"
        if self.form in _CODED_FORMS:
            values |= {name: Message(self.values[name]) for name in CODES & values.keys()}
        message = Message(FORMS[self.form], **values)
        return message.in_words(words) if words else str(message)


def change_rows(
    conn: sqlite3.Connection, since: str | None = None, until: str | None = None, product: str | None = None
) -> list[dict[str, Any]]:
    """Return rows of ``changes``, newest first, each with the day that the data is as of.

    Args:
        conn: the database.
        since: only those read on that day (ISO date, UTC) or later.
        until: only those read on that day or earlier.
        product: only those of a product.
    """
    columns = ("run", "changed_at", "subject", "field", "old_value", "new_value")
    rows = conn.execute(
        f"""select {", ".join(columns)} from changes where substr(changed_at, 1, 10) between :since and :until
        and (:product is null or instr(subject || '/' || field || '/', '/' || :product || '/') > 0
            or exists (select 1 from known_issues as i where i.subject = changes.subject and i.product = :product))
        order by changed_at desc, subject, field""",
        {"since": since or "", "until": until or "9999", "product": product},
    )
    until = latest_data_until(conn)
    return [dict(zip(columns, row, strict=True)) | {"data_until": until} for row in rows.fetchall()]


def reading_of(conn: sqlite3.Connection, since: str | None, until: str | None) -> dict[str, Any]:
    """Return what was read in days: how many ``pages``, the days of the nearest changes ``before`` and ``after`` them, and the day of ``last_read``.

    Args:
        conn: the database.
        since: ISO date, None for the first.
        until: ISO date, None for the last.
    """
    days = {"since": since or "", "until": until or "9999"}
    row = conn.execute(
        """select (select count(*) from pages where substr(fetched_at, 1, 10) between :since and :until),
            (select max(substr(changed_at, 1, 10)) from changes where substr(changed_at, 1, 10) < :since),
            (select min(substr(changed_at, 1, 10)) from changes where substr(changed_at, 1, 10) > :until)""",
        days,
    ).fetchone()
    return {"pages": row[0], "before": row[1], "after": row[2], "last_read": latest_data_until(conn)}


def events(conn: sqlite3.Connection, rows: Iterable[Row]) -> list[Event]:
    """Return the events of rows of ``changes``, in their order.

    Args:
        conn: the database of the rows.
        rows: as ``change_rows`` returns them, those of one time and subject together.
    """
    items: list[Event] = []
    for (time, subject), group in groupby(rows, key=lambda row: (row["changed_at"], row["subject"])):
        read = _READERS.get(subject.partition("/")[0], _other)
        for item in read(conn, time, subject, list(group)):
            if item.form == "cves" and items and items[-1].form == "cves" and items[-1].changed_at == time:
                # A month of MSRC's data has hundreds: one event says how many.
                count = int(items[-1].values["count"]) + int(item.values["count"])
                items[-1] = items[-1]._replace(values={"count": str(count)})
            else:
                items.append(item)
    return items


def _release(conn: sqlite3.Connection, time: str, subject: str, rows: list[Row]) -> list[Event]:
    _, product, kb, build, *_ = [*subject.split("/"), "", "", ""]
    name = " ".join(part for part in (f"KB{kb}" if kb.isdecimal() else "", build if "." in build else "") if part)
    path = f"build/{build}" if "." in build else f"kb/{kb}" if kb.isdecimal() else f"product/{product}"
    items: list[Event] = []
    for row in rows:
        field, old, new = row["field"], row["old_value"], row["new_value"]
        values = {"product": product, "release": name or subject}
        if field == "release" and old is None:
            kind, _, release = new.partition(" ")
            known = conn.execute("select is_unplanned from releases where subject = ?", (subject,)).fetchone()
            form = "unplanned" if kind == "baseline" and known and known[0] else "new"
            items.append(_of_release(kind, product, time, subject, form, values | {"kind": kind, "release": release or name}, path))
        elif field == "release":
            items.append(_of_release("release", product, time, subject, "gone", values, path))
        elif field == "classification" and old and new:
            items.append(_of_release(new, product, time, subject, "classified", values | {"old": old, "new": new}, path))
        elif field == "is_expired" and new == "1":
            items.append(_of_release("release", product, time, subject, "withdrawn", values, path))
        else:
            items += _other(conn, time, subject, [row], what=f"{named(product).name} {name}", path=path)
    return items


def _of_release(kind: str, product: str, time: str, subject: str, form: str, values: dict[str, str], path: str) -> Event:
    return Event(kind if kind in {"baseline", "hotpatch"} else "release", product, time, subject, form, values, path)


def _month(conn: sqlite3.Connection, time: str, subject: str, rows: list[Row]) -> list[Event]:
    _, product, month, *_ = [*subject.split("/"), "", ""]
    by_field = {row["field"]: row for row in rows}
    values, path = {"product": product, "month": month}, f"calendar/{month}"

    def item(form: str, **more: str) -> list[Event]:
        return [Event("month", product, time, subject, form, values | more, path)]

    if "month" in by_field:
        row = by_field["month"]
        return item("unplanned_month") if row["new_value"] is None else item("planned", new=row["new_value"].removeprefix("planned "))
    expected, actual = by_field.get("expected_type"), by_field.get("type")
    if actual and actual["new_value"]:
        before = expected["old_value"] if expected else None
        if before is None:
            planned = conn.execute("select planned_type from hotpatch_calendar where subject = ?", (subject,)).fetchone()
            before = planned[0] if planned else None
        if before and before != actual["new_value"]:
            return item("surprise", old=before, new=actual["new_value"])
        return item("released", new=actual["new_value"])
    if expected and expected["old_value"] and expected["new_value"]:
        return item("replanned", old=expected["old_value"], new=expected["new_value"])
    return _other(conn, time, subject, rows)


def _price(conn: sqlite3.Connection, time: str, subject: str, rows: list[Row]) -> list[Event]:
    known = conn.execute("select service, meter, product, currency from prices where subject = ? limit 1", (subject,)).fetchone()
    what = ", ".join(part for part in (known[0], known[1], known[2] and named(known[2]).name) if part) if known else subject
    currency = known[3] if known else ""
    product = known[2] if known else None
    items: list[Event] = []
    for row in rows:
        field, old, new = name_of_field(row["field"].partition("/")[0]), row["old_value"], row["new_value"]
        if field == "amount" and old and new:
            form, values = "repriced", {"old": f"{old} {currency}".strip(), "new": f"{new} {currency}".strip()}
        elif field == "price" and new:
            form, values = "priced", {"new": new}
        elif field == "price":
            form, values = "unpriced", {"old": old}
        elif field == "valid_to" and new:
            form, values = "price_ends", {"new": new}
        else:
            items += _other(conn, time, subject, [row], what=what, path="prices")
            continue
        items.append(Event("price", product, time, subject, form, {"what": what, **values}, "prices"))
    return [item._replace(kind="price") for item in items]


def _issue(conn: sqlite3.Connection, time: str, subject: str, rows: list[Row]) -> list[Event]:
    known = conn.execute("select kb, title, product from known_issues where subject = ? order by product limit 1", (subject,)).fetchone()
    what, path = (f"KB{known[0]}: {known[1]}", f"kb/{known[0]}") if known else (subject, "hotpatch/known_issues")
    items: list[Event] = []
    for row in rows:
        field, old, new = row["field"].partition("/")[0], row["old_value"], row["new_value"]
        if field == "issue" and new:
            items.append(Event("issue", None, time, subject, "issue", {"new": new}, path))
        elif field == "issue" or (field == "gone_since" and new):
            items.append(Event("issue", None, time, subject, "issue_gone", {"what": old if field == "issue" else what}, path))
        elif field == "state" and old and new:
            items.append(Event("issue", None, time, subject, "issue_state", {"what": what, "old": old, "new": new}, path))
        elif field == "resolved_by_kb" and new:
            items.append(Event("issue", None, time, subject, "issue_resolved", {"what": what, "new": f"KB{new}"}, path))
        else:
            items += _other(conn, time, subject, [row], what=what, path=path)
    return [item._replace(kind="issue") for item in items]


def _cves(conn: sqlite3.Connection, time: str, subject: str, rows: list[Row]) -> list[Event]:  # noqa: ARG001 (each takes the database)
    return [Event("other", None, time, subject, "cves", {"count": str(len(rows))}, "hotpatch/changes")]


def _other(conn: sqlite3.Connection, time: str, subject: str, rows: list[Row], *, what: str = "", path: str = "") -> list[Event]:  # noqa: ARG001 (each takes the database)
    return [
        Event(
            "other", None, time, subject, "other",
            {"what": what or subject, "field": row["field"], "old": row["old_value"] or "-", "new": row["new_value"] or "-"}, path or "hotpatch/changes",
        )
        for row in rows
    ]  # fmt: skip


_READERS: Final[dict[str, Callable[[sqlite3.Connection, str, str, list[Row]], list[Event]]]] = {
    "release": _release,
    "calendar": _month,
    "price": _price,
    "issue": _issue,
    "cve": _cves,
    "msrc": _cves,
}
