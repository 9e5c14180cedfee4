"""Answers as people read them in a terminal. Their wording may change; scripts read the JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from hotpatch_kb.db.model.notation import MONTHS
from hotpatch_kb.db.model.products import PLATFORMS, named

Row = dict[str, Any]

NEWER_ARE_LIKELY: Final = "at least one Patch Tuesday has passed since, so newer releases and restarts are likely"


def table(rows: Sequence[Sequence[object]], header: Sequence[str]) -> Iterator[str]:
    """Yield a header and rows as aligned columns.

    >>> list(table([("ws2025", None), ("ws2022", 2)], ("product", "count")))
    ['product  count', 'ws2025', 'ws2022   2']
    """
    cells = [[("" if value is None else str(value)) for value in row] for row in rows]
    widths = [max(len(name), *(len(row[place]) for row in cells)) if cells else len(name) for place, name in enumerate(header)]
    for row in [list(header), *cells]:
        yield "  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip()


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


def restart(row: Row | None, line: str) -> str:
    """Return when the next restart of a line comes, and how certain it is."""
    if row is None:
        return "none known"
    if line == "standard":
        return f"{row['date']} ({month_name(row['month'])}), with the monthly update"
    kind = _CERTAINTY[row["certainty"]] if "certainty" in row else "expected" if row["is_expected"] else "published"
    return f"{row['date']} ({month_name(row['month'])}), {kind}{', unplanned' if row['is_unplanned'] else ''}"


def unseen_baseline(baseline: Row) -> str:
    """Return when a machine restarts for a baseline that was expected after the data end."""
    return f"as soon as it gets the baseline expected on {baseline['date']}, which is newer than the data"


def outdated(until: str | None) -> str:
    """Return the warning for data that a Patch Tuesday has made old."""
    if until is None:
        return "no page lists this line"
    return f"data as of {until}; {NEWER_ARE_LIKELY}"


def verdicts(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a row per product, build, line and deciding KB."""
    yield from table(
        [
            (r["product"], r["build"], r["line"] or "-", r["deciding_kb"] or "-", r["verdict"], r["kb"], r["next_kb"] or "-", r["reason"])
            for r in rows
        ],
        ("product", "build", "line", "by", "verdict", "has", "next", "reason"),
    )


def eligible(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the answer for an image or edition: yes, no, only if or unknown, with what would be yes, requirements and sources."""
    for row in rows:
        condition = f"{row['condition']} ({row['reason']})" if row["condition"] else row["reason"]
        edition = f"{row['edition']}: " if row["condition"] and row["edition"] else ""
        yield f"{row['answer']}: {named(row['product']).name + ': ' if row['product'] else ''}{edition}{condition}"
        yield from (f"  would be yes {text}" for text in row["would_be_yes"])
        yield from (f"  requires     {text}" for text in row["requirements"])
        yield from (f"  source       {url}" for url in row["sources"])
    if rows:
        yield f"data as of {rows[0]['data_until']}"


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
        yield f"data as of {rows[0]['data_until']}"


def changes(rows: Sequence[Row], until: str | None) -> Iterator[str]:
    """Yield a line per change, with the day on which its page was read."""
    for row in rows:
        yield f"{row['changed_at'][:10]}  {row['subject']}  {row['field']}: {row['old_value'] or 'nothing'} -> {row['new_value'] or 'nothing'}"
    if not rows:
        yield f"no change; pages were last read on {until}"


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
