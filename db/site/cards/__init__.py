"""What the picture of a page says, which other sites show beside a link to it.

Such a picture is kept by others for weeks, so it never says whether a machine is patched; what may change says as of which day it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.answers.calendar import calendar_rows
from hotpatch_kb.db.answers.coverage import latest_data_until
from hotpatch_kb.db.answers.exposure.unlisted import unlisted_fixes
from hotpatch_kb.db.model import clock
from hotpatch_kb.db.model.notation import kb_text
from hotpatch_kb.db.model.products import named
from hotpatch_kb.db.site import page_data, restart_answers, web, when
from hotpatch_kb.db.site.i18n import Words

MOST: Final = 4  # lines of text, or rows of marks
_FIXED_BY: Final = """select distinct c.kb, c.product from kb_cves as c join releases as r on r.kb = c.kb and r.product = c.product where c.cve = ?
    order by c.kb desc"""


class Mark(NamedTuple):
    """A month of the hotpatch line.

    Attributes:
        kind: baseline or hotpatch; empty for a month without either.
        is_expected: whether it is not released yet.
        is_unplanned: whether it is a restart that no plan had.
        is_framed: whether it is the one that the picture is about.
    """

    kind: str
    is_expected: bool = False
    is_unplanned: bool = False
    is_framed: bool = False


class Card(NamedTuple):
    """The contents of a picture.

    Attributes:
        title: the largest text.
        what: what it is, in one line.
        lines: smaller, such as the products it is of.
        runs: rows of marks, each with its name; an empty name for the only one.
        foot: as of which day it is; empty where it cannot change.
    """

    title: str
    what: str = ""
    lines: Sequence[str] = ()
    runs: Sequence[tuple[str, Sequence[Mark]]] = ()
    foot: str = ""


def card(conn: sqlite3.Connection, kind: str, name: str, t: Words) -> Card | None:
    """Return what the picture of a page says; None where there is no such page.

    Args:
        conn: the database.
        kind: build, kb, cve, product or calendar.
        name: as in the page's address.
        t: words.
    """
    return _KINDS[kind](conn, name, t)


def _build(conn: sqlite3.Connection, name: str, t: Words) -> Card | None:
    column = "build" if "." in name else "build_number"
    found = page_data.rows(conn, f"select * from releases where {column} = ? order by release_date, kb, product", (name,))
    if not found:
        return None
    if column == "build_number":
        return Card(t("OS build {build}", build=name), t("{count} builds", count=len({row["build"] for row in found})), _products(found))
    first, *others = _what(found, t)
    return Card(t("OS build {build}", build=name), first, [*others, *_products(found)][:MOST], _year_of(conn, found))


def _kb(conn: sqlite3.Connection, name: str, t: Words) -> Card | None:
    known = conn.execute("select installs_kb from kbs where kb = ?", (name,)).fetchone()
    if known is None:
        return None
    found = page_data.rows(conn, "select * from releases where kb = ? order by release_date, build, product", (known[0] or name,))
    first, *others = _what(found, t, names_kb=known[0] is not None) or [""]
    lines = [*others, ", ".join(dict.fromkeys(str(row["build"]) for row in found if row["build"])), *_products(found)]
    return Card(f"KB{name}", first, [line for line in lines if line][:MOST], _year_of(conn, found))


def _cve(conn: sqlite3.Connection, name: str, t: Words) -> Card | None:
    fixes = page_data.rows(conn, _FIXED_BY, (name,))
    if not fixes:
        return Card(name, t("No release that was read is known to fix it."), []) if unlisted_fixes(conn, cve=name) else None
    kbs = list(dict.fromkeys(kb_text(row["kb"]) or "" for row in fixes))
    shown = ", ".join(kbs[:3]) + (" ..." if len(kbs) > 3 else "")
    return Card(name, t("Fixed by {kbs}", kbs=shown), _products(fixes))


def _product(conn: sqlite3.Connection, name: str, t: Words) -> Card | None:
    if conn.execute("select 1 from products where product = ?", (name,)).fetchone() is None:
        return None
    answer = next(iter(restart_answers.answers(conn, clock.today(), name)), None)
    foot = _foot(conn, t)
    if answer is None:
        newest = page_data.rows(conn, "select * from latest_releases where product = ? order by release_date desc limit 1", (name,))
        lines = [f"{t('Newest')}: {' '.join(part for part in (kb_text(row['kb']), row['build']) if part)}" for row in newest]
        if newest and page_data.needs_esu(web.facts_today(conn).of(name), newest[0]["release_date"]):
            lines.append(t("only with ESU"))
        return Card(named(name).name, t("Builds, KBs and ends of support"), lines, foot=foot)
    big = answer["after"] or answer["big"]  # the next that comes: others keep the picture for weeks
    how = {"published": "released", "planned": "planned"}.get(big["certainty"], "by the cadence")
    marks = [_mark(cell, framed=cell["month"] == big["month"]) for cell in answer["strip"]]
    what = f"{t('Next restart')}: {when.written(big['date'], t.language, weekday=True)}"
    return Card(named(name).name, what, [t(how)], [("", marks)], foot)


def _calendar(conn: sqlite3.Connection, name: str, t: Words) -> Card | None:
    year = page_data.year(conn, int(name[:4]), clock.today())
    if "-" in name:
        cells = [(row["name"], year["cells"].get((row["product"], name))) for row in year["products"]]
        lines = [
            f"{product}: {t(cell['type'])}{t(', ') + t('unplanned') if cell['is_unplanned'] else ''}" for product, cell in cells if cell
        ]
        title = when.month_of(name, t.language)
        return Card(title, t("Windows hotpatches and baselines"), lines[:MOST], foot=_foot(conn, t)) if lines else None
    runs = []
    for row in year["products"][:MOST]:
        cells = [(month, year["cells"].get((row["product"], month))) for month in year["months"]]
        marks = [_mark(cell, framed=year["restarts"].get(row["product"]) == month) if cell else Mark("") for month, cell in cells]
        runs.append((row["name"], marks))
    return Card(t("Calendar {year}", year=name), t("Windows hotpatches and baselines"), [], runs, _foot(conn, t)) if runs else None


_KINDS: Final[dict[str, Callable[[sqlite3.Connection, str, Words], Card | None]]] = {
    "build": _build, "kb": _kb, "cve": _cve, "product": _product, "calendar": _calendar,
}  # fmt: skip
KINDS: Final = tuple(_KINDS)


def _what(found: Iterable[dict[str, Any]], t: Words, *, names_kb: bool = True) -> list[str]:
    """Return what releases are, each once, two at most: "hotpatch KB5087423, 12 May 2026"."""
    said = dict.fromkeys(
        f"{t(row['classification'])}{' ' + str(kb_text(row['kb'])) if names_kb and row['kb'] else ''}"
        f"{t(', ') + when.written(row['release_date'], t.language) if row['release_date'] else ''}"
        for row in found
    )
    return list(said)[:2]


def _products(found: Iterable[dict[str, Any]]) -> list[str]:
    """Return the names of the products of rows, and how many more there are."""
    names = list(dict.fromkeys(named(row["product"]).name for row in found))
    return names if len(names) <= MOST - 1 else [*names[: MOST - 2], f"+ {len(names) - MOST + 2}"]


def _year_of(conn: sqlite3.Connection, found: Sequence[dict[str, Any]]) -> list[tuple[str, list[Mark]]]:
    """Return the months of the year of a release of the hotpatch line, its own framed."""
    row = next((row for row in found if row["in_hotpatch_line"] and row["month"]), None)
    if row is None:
        return []
    months = {known["month"]: known for known in calendar_rows(conn, row["product"])}
    names = [f"{row['month'][:4]}-{month:02d}" for month in range(1, 13)]
    # Without a day: a picture is kept for weeks, and has no "?".
    cells = {name: restart_answers.stop(months, name, "") for name in names if name in months}
    return [("", [_mark(cells[name], framed=name == row["month"]) if name in cells else Mark("") for name in names])] if cells else []


def _mark(cell: dict[str, Any], *, framed: bool) -> Mark:
    return Mark(cell["type"], bool(cell["is_expected"]), bool(cell["is_unplanned"]), framed)


def _foot(conn: sqlite3.Connection, t: Words) -> str:
    until = latest_data_until(conn)
    return t("Data as of {day}.", day=when.written(until, t.language)) if until else ""
