"""The calendar of the hotpatch line and the next restarts as text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from hotpatch_kb.db.answers.calendar import months_reported_otherwise
from hotpatch_kb.db.answers.coverage import is_outdated
from hotpatch_kb.db.answers.stated_elsewhere import reported_day, reported_note
from hotpatch_kb.db.model.notation import MONTHS
from hotpatch_kb.db.model.products import named
from hotpatch_kb.scraper.cli.text import Row, month_name, outdated, restart, table, unseen_baseline

_RELEASE, _RESTART = ">", "#"


def coming(months: Iterable[Row], restarts: Iterable[Row], day: str) -> dict[str, dict[str, str]]:
    """Return, for each product, the months of the next release and of the next restart, from a day on, each with its sign.

    Args:
        months: rows of ``hotpatch_calendar``, by product and month.
        restarts: rows of ``next_restarts`` as of that day.
        day: ISO date.
    """
    by_product = {row["product"]: {row["month"]: _RESTART} for row in restarts}
    releases: dict[str, str] = {}
    for row in months:
        if (row["release_date"] or row["expected_date"]) >= day:
            releases.setdefault(row["product"], row["month"])
    for product, month in releases.items():
        by_product.setdefault(product, {}).setdefault(month, _RELEASE)
    return by_product


_LEGEND = (
    "B baseline (restart)   h hotpatch (no restart)   ! not as first planned (B!: unplanned restart)",
    "( ) expected, not released as of the data   > the next release   # the next restart",
)


_LEGEND_OF_REPORTS = "* others report another type than planned, which was not read at Microsoft; see the month below"


def _cell(row: Row | None, mark: str, is_reported: bool = False) -> str:
    """Return a month of the picture: 5 characters with the letter third, so that columns can be read down."""
    if row is None:
        return "  .  "
    kind = row["type"] or row["expected_type"]
    letter = ("B" if kind == "baseline" else "h") + ("!" if row["planned_type"] not in {None, kind} else "")
    return f"{mark}{f' {letter}' if row['type'] else f'({letter})'}{'*' if is_reported else ''}".ljust(5)


def _year(
    rows: Iterable[Row],
    until: Mapping[str, str],
    year: int,
    day: str,
    marked: Mapping[str, Mapping[str, str]],
    otherwise: Mapping[str, Collection[str]],
) -> Iterator[str]:
    """Yield a year at a glance: products as rows, months as columns, at most 100 characters wide, no colour."""
    products: dict[str, dict[str, Row]] = {}
    for row in rows:
        if row["month"][:4] == f"{year:04d}":
            products.setdefault(row["product"], {})[row["month"]] = row
    if not products:
        return
    names = {product: named(product).name for product in products}
    if max(map(len, names.values())) > 28:  # the preview of 2021 has a name of 46 characters
        names = {product: product for product in products}
    width = max(map(len, names.values()))
    yield (f"{year:04d}".ljust(width) + "".join(f"  {name[:3]} " for name in MONTHS)).rstrip()
    for product, months in products.items():
        columns = (f"{year:04d}-{number:02d}" for number in range(1, 13))
        cells = "".join(
            _cell(months.get(month), marked.get(product, {}).get(month, " "), month in otherwise.get(product, {})).ljust(6)
            for month in columns
        )
        yield f"{names[product].ljust(width)} {cells}".rstrip()
    yield from _LEGEND
    if any(month[:4] == f"{year:04d}" for product in products for month in otherwise.get(product, {})):
        yield _LEGEND_OF_REPORTS
    ends = [until.get(product) for product in products]
    if oldest := [end for end in ends if is_outdated(end, day)]:
        yield outdated(min(oldest, key=lambda end: end or ""))
    yield ""


def calendar(
    rows: Sequence[Row],
    until: Mapping[str, str],
    year: int,
    day: str,
    marked: Mapping[str, Mapping[str, str]],
    reported: Mapping[str, Sequence[Row]],
) -> Iterator[str]:
    """Yield a year at a glance, then the months by product. Brackets mean expected, not released as of the data.

    Args:
        rows: rows of ``hotpatch_calendar``, by product and month.
        until: by product, the day that the data is as of.
        year: the year of the picture, which is left out where no row is of that year.
        day: ISO date of the answer.
        marked: the months to point at, by product, each with its sign (``coming``).
        reported: what others report of the hotpatch line, by product.
    """
    by_product: dict[str, list[Row]] = {}
    for row in rows:
        by_product.setdefault(row["product"], []).append(row)
    otherwise = {name: months_reported_otherwise(months, reported.get(name, ())) for name, months in by_product.items()}
    yield from _year(rows, until, year, day, marked, otherwise)
    product = None
    group: list[tuple[object, ...]] = []

    def flush() -> Iterator[str]:
        yield from (f"  {line}" for line in table(group, ("month", "type", "planned", "date", "KB", "build", ""), indent=2))

    for row in rows:
        if row["product"] != product:
            if group:
                yield from flush()
                yield ""
            product, group = row["product"], []
            yield f"{named(row['product']).name} (data as of {until.get(row['product'], 'no day')}; in brackets: expected)"
            if of_product := reported.get(row["product"]):
                yield f"  {reported_note(of_product)}"
        notes = ["unplanned"] if row["is_unplanned"] else []
        if row["changed_on"]:
            notes.append(f"changed between {row['changed_after']} and {row['changed_on']}")
        others = otherwise[row["product"]].get(row["month"], ())
        notes += [f"* others report a {other['classification']} of {reported_day(other)}" for other in others]
        kind = row["type"] or f"({row['expected_type']})"
        day = row["release_date"] or f"({row['expected_date']})"
        group.append(
            (
                row["month"],
                kind,
                f"{row['planned_type']}, by {row['planned_by']}",
                day,
                f"KB{row['kb']}" if row["kb"] else None,
                row["build"],
                "; ".join(notes),
            )
        )
    if group:
        yield from flush()


def next_restarts(rows: Sequence[Row], day: str) -> Iterator[str]:
    """Yield this month and the next restarts of each product, and where its line ends before as many."""
    for product, of_product in groupby(rows, key=lambda row: row["product"]):
        first, *further = of_product
        yield named(product).name
        yield from _this_month(first, day)
        newest = first["newest_baseline"]
        now = f"now, unless {newest['kb'] or newest['build']} of {newest['release_date']} is installed; after that " if newest else ""
        after = f"{unseen_baseline(first['unseen_baseline'])}; a machine that has it: " if first["unseen_baseline"] else ""
        yield f"  next restart {now}{after}{restart(first, 'hotpatch', first['certainty'])}{_which(first)}"
        yield from (f"  then         {restart(row, 'hotpatch', row['certainty'])}{_which(row)}" for row in further)
        if first["line_ends_on"]:
            yield f"  no more      hotpatching ends {'on' if len(first['line_ends_on']) > 7 else 'in'} {first['line_ends_on']}"


def _which(row: Row) -> str:
    return f", KB{row['kb']} {row['build']}" if row["kb"] else ""


def _this_month(row: Row, day: str) -> Iterator[str]:
    this = row["this_month"]
    if row["is_outdated"]:
        yield f"  {outdated(row['data_until'])}"
        has_passed = this["is_expected"] and this["date"] < day
        what = "which has passed; its release is newer than the data" if has_passed else "KB not known yet"
    elif row["missing_evidence"] and not this["kb"]:
        what = "KB not known yet"
    elif this["kb"]:
        what = f"KB{this['kb']} {this['build']}" + (", released after that day" if this["is_expected"] else "")
    else:
        what = "not released yet"
    yield f"  {month_name(day[:7])}: {this['type']}{' (expected)' if this['is_expected'] else ''}, {this['date']}, {what}"
    if row["missing_evidence"] and not row["is_outdated"]:
        yield f"  newer ones may exist: {row['missing_evidence']}"
    if row["reported"]:
        yield f"  {reported_note(row['reported'])}"
