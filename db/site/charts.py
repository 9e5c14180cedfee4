"""Draw charts as SVG on the server: no script, colours from the style sheet, the same data in a table beside them.

Kinds differ in shape, not only in colour: a square is a baseline, a circle a hotpatch, a hollow one is expected.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from markupsafe import Markup, escape

from hotpatch_kb.db.model.notation import MONTHS, month_after
from hotpatch_kb.db.site.i18n import Words

Row = dict[str, Any]

HEIGHT: Final = 240
TOP, BOTTOM = 16, 36
_APART: Final = 24.0  # percent of the width between two labels; a phone hides those that are nearer to another


class _Scale:
    """Maps days to percents of the width, so that the chart fills what it is in, and values to pixels."""

    def __init__(self, first: date, last: date, high: float) -> None:
        self.first, self.days = first, max(1, (last - first).days)
        self.high = high or 1.0

    def x(self, day: date) -> float:
        return 100 * (day - self.first).days / self.days

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.high


def _days(scale: _Scale) -> Iterable[str]:
    """Yield a line and a label for each year, or for each quarter of a short period."""
    last = scale.first + timedelta(days=scale.days)
    quarters = (1,) if last.year - scale.first.year > 2 else (1, 4, 7, 10)
    every = [date(year, month, 1) for year in range(scale.first.year, last.year + 1) for month in quarters]
    days = [day for day in every if scale.first <= day <= last]
    kept: list[tuple[float, date]] = []
    for day in sorted(days, key=lambda day: (day.month != 1, day)):  # years first
        middle = min(max(scale.x(day), 10.0), 90.0)  # at an edge a label is beside its line
        if all(abs(middle - other) >= _APART for other, _ in kept):
            kept.append((middle, day))
    for day in days:
        x = scale.x(day)
        label = f"{day.year}" if day.month == 1 else f"{day.year}-{day.month:02d}"
        css = "" if day in (one for _, one in kept) else ' class="rest"'
        place = "start" if x < 3 else "end" if x > 97 else "middle"
        yield f'<line class="grid" x1="{x:.2f}%" x2="{x:.2f}%" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/><text{css} x="{x:.2f}%" y="{HEIGHT - 14}" text-anchor="{place}">{label}</text>'


_MONTH: Final = 26  # pixels; a mark of 14 and room between
_AXIS: Final = 58


def restart_line(found: Row, title: str, today: str, framed: str | None, t: Words, now: str | None = None) -> Markup:
    """Return a timeline of a hotpatch line: baselines as squares, hotpatches as circles, out-of-band ones as dots below, today as a line.

    It is drawn at its own size, so that its text stays readable, and scrolls where it does not fit.

    Args:
        found: as ``product_data.timeline`` returns it.
        title: for screen readers.
        today: ISO date.
        framed: the month of the next restart; None where there is none.
        t: words for the titles of the marks.
        now: what the line says, the day that was asked for; None for "today".
    """
    first = found["first"]
    names = [first]
    while names[-1] < found["last"]:
        names.append(month_after(names[-1]))
    width = _MONTH * len(names) + 2 * _MONTH

    def x(day: str) -> float:
        months = (int(day[:4]) - int(first[:4])) * 12 + int(day[5:7]) - int(first[5:7])
        return _MONTH * (1 + months + (int(day[8:10]) - 1) / 31)

    def parts() -> Iterable[str]:
        place = min(max(x(today), 0.0), float(width))
        yield f'<rect class="past" x="0" y="26" width="{place:.1f}" height="84"/><path class="axis" d="M0 {_AXIS}H{width}"/>'
        for number, name in enumerate(names):
            left = _MONTH * (1 + number)
            if name.endswith("-01") or number == 0:
                yield f'<path class="grid" d="M{left} 0V110"/><text class="strong" x="{left + 5}" y="17">{name[:4]}</text>'
            letter = str(int(name[5:7])) if t.language == "ja" else MONTHS[int(name[5:7]) - 1][0]
            yield f'<text x="{left + _MONTH / 2}" y="103" text-anchor="middle">{letter}</text>'
        if first <= today[:7] <= names[-1]:  # a line that has ended long ago has no today
            yield f'<path class="now" d="M{place:.1f} 26V112"/><text class="strong" x="{place:.1f}" y="128" text-anchor="middle">{escape(now or t("today"))}</text>'
        for stop in found["stops"]:
            yield _stop(stop, x(stop["date"]), framed, t)
        for row in found["oob"]:
            words = escape(f"{row['release_date']}: {t('out-of-band hotpatch')}{t(', ')}KB{row['kb']} {row['build'] or ''}")
            yield f'<circle class="m oob" cx="{x(row["release_date"]):.1f}" cy="{_AXIS + 22}" r="4.5"><title>{words}</title></circle>'
        if found["end"] == found["last"]:
            end = x(f"{found['last']}-28")
            yield f'<path class="axis" d="M{end:.1f} {_AXIS - 14}V{_AXIS + 14}"/>'

    return Markup(  # noqa: S704 (every text in it is escaped where it is put in)
        f'<svg class="chart" role="img" aria-labelledby="restarts-title" width="{width}" height="134" viewBox="0 0 {width} 134" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="restarts-title">{escape(title)}</title>{"".join(parts())}</svg><span class="here" style="left: {min(x(today), width):.0f}px"></span>'
    )


def _stop(stop: Row, x: float, framed: str | None, t: Words) -> str:
    kind = "baseline" if stop["drawn"] == "baseline" else "hotpatch"
    planned = "baseline" if stop["type"] == "baseline" else "hotpatch"
    words = [t(planned), *([t("unplanned")] if stop["is_unplanned"] else []), *([t("expected")] if stop["is_expected"] else [])]
    words += (
        [t("others report a baseline (restart)") if kind == "baseline" else t("others report a hotpatch (no restart)")]
        if stop["others"]
        else []
    )
    words += [t("not confirmed")] if stop["is_unsure"] else []
    named = " ".join(str(part) for part in (stop["kb"], stop["build"]) if part)
    title = f"<title>{escape(stop['date'])}: {escape(t(', ').join(words))} {escape(named)}</title>"
    css = f"m {kind}{' expected' if stop['is_expected'] else ''}"
    shape = (
        f'<rect class="{css}" x="{x - 7:.1f}" y="{_AXIS - 7}" width="14" height="14" rx="2.5">{title}</rect>'
        if kind == "baseline"
        else f'<circle class="{css}" cx="{x:.1f}" cy="{_AXIS}" r="6.5">{title}</circle>'
    )
    sign = "!" if stop["is_unplanned"] else "?" if stop["is_unsure"] else ""
    flag = f'<text class="flag" x="{x:.1f}" y="{_AXIS - 13}" text-anchor="middle">{sign}</text>' if sign else ""
    frame = f'<rect class="next" x="{x - 12:.1f}" y="{_AXIS - 12}" width="24" height="24" rx="5"/>' if stop["month"] == framed else ""
    return shape + flag + frame


def prices(intervals: Sequence[Row], title: str, today: date, name: str = "prices-title") -> Markup | None:
    """Return a chart of a price as steps: a line where sources agree, a band where they state different amounts. None where it never changed.

    Args:
        intervals: rows of ``price_intervals`` of one meter, by day; those without a first day are not drawn.
        title: for screen readers.
        today: the end of a price that still holds.
        name: the id of its title in the page.
    """
    spans = [
        (date.fromisoformat(row["valid_from"]), date.fromisoformat(row["valid_to"]) if row["valid_to"] else today, row)
        for row in intervals
        if row["valid_from"]
    ]
    spans = [(first, max(first, end), row) for first, end, row in spans]
    if len({(row["amount_low"], row["amount_high"]) for *_, row in spans}) < 2:
        return None
    high = max(row["amount_high"] for *_, row in spans) or 1.0
    scale = _Scale(spans[0][0], max(end for _, end, _ in spans), high * 1.15)
    amounts = [(scale.y(value), f"{value:.2f}") for value in (0.0, high / 2, high)]
    return Markup(  # noqa: S704 (every text in it is escaped where it is put in)
        # The amounts keep their width beside the days, which are percents of the rest.
        f'<div class="fluid"><svg class="chart amounts" aria-hidden="true" width="64" height="{HEIGHT}" xmlns="http://www.w3.org/2000/svg">'
        + "".join(f'<text x="54" y="{y + 4:.1f}" text-anchor="end">{label}</text>' for y, label in amounts)
        + f'</svg><svg class="chart plot" role="img" aria-labelledby="{name}" height="{HEIGHT}" xmlns="http://www.w3.org/2000/svg"><title id="{name}">{escape(title)}</title>'
        + "".join(f'<line class="grid" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>' for y, _ in amounts)
        + "".join([*_days(scale), *_steps(scale, spans)])
        + "</svg></div>"
    )


def _steps(scale: _Scale, spans: Sequence[tuple[date, date, Row]]) -> Iterable[str]:
    before: tuple[float, float] | None = None
    for first, end, row in spans:
        x, to = scale.x(first), scale.x(end)
        low, top = scale.y(row["amount_low"]), scale.y(row["amount_high"])
        amount = f"{row['amount_low']:.2f}" + (f" - {row['amount_high']:.2f}" if row["is_disputed"] else "")
        text = f"<title>{escape(row['valid_from'])}: {amount}</title>"
        if row["is_disputed"]:
            # At least as wide as its frame, so that some days of two years are seen.
            yield f'<rect class="disputed" x="{x:.2f}%" y="{top:.1f}" width="{max(0.8, to - x):.2f}%" height="{low - top:.1f}">{text}</rect>'
            before = None
            continue
        if before is not None and before[0] == x:
            yield f'<line class="step" x1="{x:.2f}%" x2="{x:.2f}%" y1="{before[1]:.1f}" y2="{low:.1f}"/>'
        yield f'<line class="step" x1="{x:.2f}%" x2="{to:.2f}%" y1="{low:.1f}" y2="{low:.1f}">{text}</line>'
        before = (to, low)
