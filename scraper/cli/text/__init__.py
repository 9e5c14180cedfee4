"""Answers as people read them in a terminal. Their wording may change; scripts read the JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from hotpatch_kb.db.answers.coverage import is_outdated
from hotpatch_kb.db.model.notation import MONTHS, months_unread, second_tuesday
from hotpatch_kb.db.model.products import PLATFORMS, named
from hotpatch_kb.light_typing import Any, Final
from hotpatch_kb.scraper.cli.text import colour

Row = dict[str, Any]

NEWER_ARE_LIKELY: Final = (
    "at least one Patch Tuesday has passed since, so newer releases and restarts are likely: hotpatch-kb crawl reads them"
)


_NARROW: Final = 10  # columns that a cell keeps, however narrow the terminal
Paint = Callable[[Sequence[object], int, str], str]


def table(rows: Sequence[Sequence[object]], header: Sequence[str], *, indent: int = 0, paint: Paint | None = None) -> Iterator[str]:
    """Yield a header and rows as aligned columns. On a terminal that is narrower, the widest cells continue on further lines.

    Args:
        rows: of cells; None is an empty cell.
        header: the names of the columns.
        indent: by how much the caller indents each line.
        paint: takes a row, the place of a cell and its text on one line, and returns the text in colour.

    >>> list(table([("ws2025", None), ("ws2022", 2)], ("product", "count")))
    ['product  count', 'ws2025', 'ws2022   2']
    """
    cells = [[("" if value is None else str(value)) for value in row] for row in rows]
    widths = [max(columns(name), *(columns(row[place]) for row in cells)) if cells else columns(name) for place, name in enumerate(header)]
    if (limit := colour.width()) is not None:
        widths = _fitted(widths, limit - indent - 2 * (len(widths) - 1))
    for number, cut in enumerate([_cut(row, widths) for row in [list(header), *cells]]):
        for line in cut:
            padded = [text + " " * (width - columns(text)) for text, width in zip(line, widths, strict=True)]
            if paint is not None and number:
                padded = [paint(rows[number - 1], place, text) if text.strip() else text for place, text in enumerate(padded)]
            yield "  ".join(padded).rstrip()


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: wide characters, as most Japanese ones are, take two.

    >>> columns("KB"), columns("月例")
    (2, 4)
    """
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 (a shared library, which a lookup of ASCII need not load)

    return sum(0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1 for character in text)


def _fitted(widths: Sequence[int], limit: int) -> list[int]:
    """Return the widths of columns, the widest made narrower until all fit, but none below ``_NARROW``."""
    fitted = list(widths)
    while (excess := sum(fitted) - limit) > 0 and (widest := max(fitted)) > _NARROW:
        place = fitted.index(widest)
        others = max((width for at, width in enumerate(fitted) if at != place), default=0)
        fitted[place] = max(_NARROW, min(widest - 1, others), widest - excess)
    return fitted


def _cut(row: Sequence[str], widths: Sequence[int]) -> list[list[str]]:
    """Return the lines of a row, each with a piece of every cell."""
    pieces = [_wrapped(text, width) for text, width in zip(row, widths, strict=True)]
    height = max(map(len, pieces))
    return [[piece[at] if at < len(piece) else "" for piece in pieces] for at in range(height)]


def _wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of a width, broken at blanks; a word that is wider is broken inside."""
    if columns(text) <= width:
        return [text]
    lines, line = [], ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if columns(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = ""
        for character in word:
            if columns(line + character) > width:
                lines.append(line)
                line = ""
            line += character
    return [*lines, line]


def month_name(month: str) -> str:
    """Return a month as people write it.

    >>> month_name("2026-07")
    'July 2026'
    """
    return f"{MONTHS[int(month[5:]) - 1]} {month[:4]}"


def count(number: float, unit: str) -> str:
    """Return a number with its unit, in the plural where it is not 1.

    >>> count(1, "month"), count(2.5, "month")
    ('1 month', '2.5 months')
    """
    return f"{number} {unit}{'' if number == 1 else 's'}"


_CERTAINTY: Final = {"published": "published", "planned": "planned", "cadence": "expected by the cadence"}


def restart(row: Row | None, line: str, certainty: str | None) -> str:
    """Return when the next restart of a line comes, and how certain it is."""
    if row is None:
        return "none known"
    if line == "standard":
        return f"{row['date']} ({month_name(row['month'])}), with the monthly update"
    return f"{row['date']} ({month_name(row['month'])}), {_CERTAINTY[certainty or 'cadence']}{', unplanned' if row['is_unplanned'] else ''}"


def rejoining(month: str, released: str | None, until: str | None) -> str:
    """Return with which baseline a machine rejoins the hotpatch line; nobody has read one whose day is not before the last day of the data."""
    if until and second_tuesday(month) < until:
        return f"the baseline of {month_name(month)}"
    return f"the first baseline after {month_name(released or month)}: planned for {month_name(month)}, not confirmed"


def unseen_baseline(baseline: Row) -> str:
    """Return when a machine restarts for a baseline that was expected after the data end."""
    return f"as soon as it gets the baseline expected on {baseline['date']}, which is newer than the data"


def unread_updates(until: str | None, day: str) -> str:
    """Return which monthly updates of the standard line were not read, each of which restarts; "" where all were."""
    months = [month_name(month) for month in months_unread(until, day)] if until else []
    if not months:
        return ""
    if len(months) == 1:
        return f"the update of {months[0]} was not read, and it restarts; then "
    return f"the updates of {months[0]} to {months[-1]} were not read, and each restarts; then "


def outdated(until: str | None) -> str:
    """Return the warning for data that a Patch Tuesday has made old."""
    if until is None:
        return "no page lists this line"
    return f"data as of {until}; {NEWER_ARE_LIKELY}"


def behind(until: Iterable[str | None], day: str) -> Iterator[str]:
    """Yield one line where a Patch Tuesday has passed since the data of a line: how far it reaches, and what to do."""
    if ends := [end or "" for end in until if is_outdated(end, day)]:
        yield outdated(min(ends) or None)


def verdicts(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a row per product, build, line and deciding KB."""
    from hotpatch_kb.db.answers.verdicts import VERDICTS  # noqa: PLC0415 (a lookup does without)

    yield from table(
        [
            (
                r["product"],
                r["build"],
                r["line"] or "-",
                r["deciding_kb"] or "-",
                colour.marked(VERDICTS[r["verdict"]].mark, r["verdict"]),
                r["kb"],
                r["next_kb"] or "-",
                r["reason"],
            )
            for r in rows
        ],
        ("product", "build", "line", "by", "verdict", "has", "next", "reason"),
        paint=lambda row, place, text: colour.painted(VERDICTS[str(row[4]).split()[-1]].tone, text) if place == 4 else text,
    )


def eligible(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the answer for an image or edition: yes, no, only if or unknown, with what would be yes, requirements and sources."""
    for row, is_last in _alike(rows):
        condition = f"{row['condition']} ({row['reason']})" if row["condition"] else row["reason"]
        edition = f"{row['edition']}: " if row["condition"] and row["edition"] else ""
        yield f"{row['answer']}: {named(row['product']).name + ': ' if row['product'] else ''}{edition}{condition}"
        if not is_last:
            continue  # the next row has the same details
        yield from (f"  would be yes {text}" for text in row["would_be_yes"])
        if row["would_be_yes"]:
            yield "               eligible with one of these lists the licence and the settings that it needs"
        yield from (f"  requires     {text}" for text in row["requirements"])
        yield from (f"  source       {url}" for url in row["sources"])
    if rows:
        yield f"documents as of {rows[0]['data_until']}"


def _alike(rows: Sequence[Row]) -> Iterator[tuple[Row, bool]]:
    """Yield rows, each with whether the next one has other details: what would be yes (in any order), what is required, and sources."""
    for number, row in enumerate(rows):
        yield row, number + 1 == len(rows) or _details(row) != _details(rows[number + 1])


def _details(row: Row) -> tuple[object, ...]:
    return row["answer"], sorted(map(str, row["would_be_yes"])), list(map(str, row["requirements"])), row["sources"]


def explained(rows: Sequence[Row]) -> Iterator[str]:
    """Yield what documents state of eligibility, by kind, each statement with its source."""
    kind = ""
    for row in rows:
        if row["kind"] != kind:
            yield from ([""] if kind else []) + [row["kind"]]
            kind = row["kind"]
        about = [named(row["product"]).name if row["product"] else "", row["sku"], row["edition"], PLATFORMS.get(row["platform"] or "", "")]
        said = {1: "yes", 0: "no"}.get(row["is_eligible"], "")
        yield f"  {': '.join(filter(None, [', '.join(filter(None, about)), said, row['requirement']]))}"
        yield f"    {row['source_url']}"
    if rows:
        yield f"documents as of {rows[0]['data_until']}"


def changes(events: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield a line per event, a time and a sentence, with the day on which its page was read."""
    for at, sentence in events:
        yield f"{at[:10]}  {' '.join(sentence.split())}"


def no_change(reading: Row, since: str | None, until: str | None) -> Iterator[str]:
    """Yield that nothing changed in days, why that may be, and where to find what was released in them.

    Args:
        reading: as ``hotpatch_kb.db.answers.events.reading_of`` returns it.
        since: ISO date, None for the first.
        until: ISO date, None for the last.
    """
    days = " ".join(filter(None, (f"from {since}" if since else "", f"to {until}" if until else ""))) or "so far"
    if not reading["pages"]:
        yield f"no page was read {days}, so no change could be seen; pages were last read on {reading['last_read']}"
    else:
        yield f"no change in the pages that were read {days}; pages were last read on {reading['last_read']}"
    for name, when in (("before", "before"), ("after", "after that")):
        if reading[name]:
            yield f"  the nearest changes {when} were read on {reading[name]}: hotpatch-kb changes --since {reading[name]} --until {reading[name]}"
    month = month_name((since or until or reading["last_read"] or "2026-07")[:7])
    yield f"  a change has the day on which its page was read; what was released in a month: hotpatch-kb lookup '{month}'"


def changes_as_markdown(events: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield events, each a time and a sentence, under a heading per day. Markup in titles of others is escaped."""
    day = ""
    for at, sentence in events:
        if at[:10] != day:
            yield from ([""] if day else []) + [f"## {at[:10]}", ""]
            day = at[:10]
        escaped = re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", " ".join(sentence.split()))
        yield f"- {escaped}"
    if not events:
        yield "No change."
