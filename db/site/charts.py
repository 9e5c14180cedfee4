"""Draw charts as SVG on the server: no script, colours from the style sheet, the same data in a table beside them.

Kinds differ in shape, not only in colour: a square is a baseline, a circle a hotpatch, a triangle a cumulative update.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from markupsafe import Markup, escape

from hotpatch_kb.db.site.i18n import Words

Row = dict[str, Any]

WIDTH: Final = 960
HEIGHT: Final = 320
LEFT, RIGHT, TOP, BOTTOM = 92, 24, 16, 36
_SHAPES: Final = {
    "baseline": '<rect class="mark baseline" x="{x0:.1f}" y="{y0:.1f}" width="9" height="9">{title}</rect>',
    "hotpatch": '<circle class="mark hotpatch" cx="{x:.1f}" cy="{y:.1f}" r="4.5">{title}</circle>',
    "component": '<circle class="mark component" cx="{x:.1f}" cy="{y:.1f}" r="2.5">{title}</circle>',
    "cumulative": '<path class="mark cumulative" d="M{x:.1f} {y0:.1f}l5 9h-10z">{title}</path>',
    "preview": '<path class="mark preview" d="M{x:.1f} {y0:.1f}l4 8h-8z">{title}</path>',
    "initial": '<path class="mark initial" d="M{x:.1f} {y0:.1f}l5 4.5l-5 4.5l-5 -4.5z">{title}</path>',
}


class _Scale:
    """Maps days and values to points."""

    def __init__(self, first: date, last: date, low: float, high: float) -> None:
        self.first, self.days = first, max(1, (last - first).days)
        self.low, self.span = low, (high - low) or 1.0

    def x(self, day: date) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (day - self.first).days / self.days

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - self.low) / self.span


def _axes(scale: _Scale, ticks: Iterable[tuple[float, str]]) -> Iterable[str]:
    last = scale.first + timedelta(days=scale.days)
    years = last.year - scale.first.year
    step = 1 if years > 2 else 0
    for year in range(scale.first.year, last.year + 1):
        for month in (1,) if step else (1, 4, 7, 10):
            day = date(year, month, 1)
            if scale.first <= day <= last:
                x = scale.x(day)
                label = f"{year}" if month == 1 else f"{year}-{month:02d}"
                yield f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/><text x="{x:.1f}" y="{HEIGHT - 14}" text-anchor="middle">{label}</text>'
    for value, label in ticks:
        y = scale.y(value)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/><text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>'


def _svg(title: str, parts: Iterable[str], name: str) -> Markup:
    return Markup(  # noqa: S704 (every text in it is escaped where it is put in)
        f'<svg class="chart" role="img" aria-labelledby="{name}" viewBox="0 0 {WIDTH} {HEIGHT}" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{name}">{escape(title)}</title>{"".join(parts)}</svg>'
    )


def timeline(releases: Sequence[Row], title: str, t: Words) -> Markup | None:
    """Return a chart of a product's builds over time: a line for each servicing line, a mark for each release.

    Args:
        releases: as ``page_data.timeline`` returns them. With fewer than two there is no chart.
        title: for screen readers.
        t: words for the titles of the marks.
    """
    drawn = [(date.fromisoformat(row["release_date"]), row) for row in releases if row["revision"] is not None]
    if len(drawn) < 2:
        return None
    revisions = [row["revision"] for _, row in drawn]
    scale = _Scale(drawn[0][0], drawn[-1][0], 0, max(revisions))

    def parts() -> Iterable[str]:
        top = max(revisions)
        step = 10 ** (len(str(top)) - 1)
        step = step if top // step > 2 else step // 2 or 1
        number = drawn[-1][1]["build"].partition(".")[0]
        yield from _axes(scale, [(value, f"{number}.{value}") for value in range(0, top + 1, step)])
        for line in ("standard", "hotpatch"):
            points = [
                (scale.x(day), scale.y(row["revision"]))
                for day, row in drawn
                if row[f"in_{line}_line"] and row["classification"] in {"baseline", "hotpatch", "cumulative", "initial"}
            ]
            if len(points) > 1:
                yield f'<polyline class="line {line}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'
        for day, row in drawn:
            x, y = scale.x(day), scale.y(row["revision"])
            kb = f"KB{row['kb']} " if row["kb"] else ""
            text = escape(
                f"{kb}{row['build']}, {row['release_date']}, {t(row['classification'])}{', ' + t('unplanned') if row['is_unplanned'] else ''}"
            )
            yield _SHAPES[row["classification"]].format(x=x, y=y, x0=x - 4.5, y0=y - 4.5, title=f"<title>{text}</title>")

    return _svg(title, parts(), "timeline-title")


def prices(intervals: Sequence[Row], title: str, today: date) -> Markup | None:
    """Return a chart of a price as steps: a line where sources agree, a band where they state different amounts.

    Args:
        intervals: rows of ``price_intervals`` of one meter, by day; those without a first day are not drawn.
        title: for screen readers.
        today: the end of a price that still holds.
    """
    spans = [
        (date.fromisoformat(row["valid_from"]), date.fromisoformat(row["valid_to"]) if row["valid_to"] else today, row)
        for row in intervals
        if row["valid_from"]
    ]
    spans = [(first, max(first, end), row) for first, end, row in spans]
    if not spans:
        return None
    high = max(row["amount_high"] for *_, row in spans) or 1.0
    scale = _Scale(spans[0][0], max(end for _, end, _ in spans), 0, high * 1.15)

    def parts() -> Iterable[str]:
        yield from _axes(scale, [(value, f"{value:.2f}") for value in (0.0, high / 2, high)])
        before: tuple[float, float] | None = None
        for first, end, row in spans:
            x, to = scale.x(first), scale.x(end)
            low, top = scale.y(row["amount_low"]), scale.y(row["amount_high"])
            text = (
                f"<title>{escape(row['valid_from'])}: {row['amount_low']:.2f}"
                + (f" - {row['amount_high']:.2f}" if row["is_disputed"] else "")
                + "</title>"
            )
            if row["is_disputed"]:
                yield f'<rect class="disputed" x="{x:.1f}" y="{top:.1f}" width="{max(2.0, to - x):.1f}" height="{low - top:.1f}">{text}</rect>'
                before = None
                continue
            if before is not None and before[0] == x:
                yield f'<path class="step" d="M{x:.1f} {before[1]:.1f}V{low:.1f}"/>'
            yield f'<path class="step" d="M{x:.1f} {low:.1f}H{to:.1f}">{text}</path>'
            before = (to, low)

    return _svg(title, parts(), "prices-title")
