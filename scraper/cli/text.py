"""Answers as people read them in a terminal. The JSON of the same answers is the contract; this is not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hotpatch_kb.db.answers.coverage import is_outdated
from hotpatch_kb.db.answers.lookup import is_restart_due
from hotpatch_kb.db.model.notation import MONTHS
from hotpatch_kb.db.model.products import PLATFORMS, named

if TYPE_CHECKING:
    from hotpatch_kb.scraper.crawl.doctor import Finding
    from hotpatch_kb.scraper.crawl.run import Result

Row = dict[str, Any]

_CLASSES = {
    "baseline": "baseline (restart)",
    "hotpatch": "hotpatch (no restart)",
    "component": "component update of the hotpatch line",
    "cumulative": "cumulative update, LCU (restart)",
    "preview": "preview of an LCU (restart)",
    "initial": "first build of this version",
}


def table(rows: Sequence[Sequence[object]], header: Sequence[str]) -> Iterator[str]:
    """Aligned columns."""
    cells = [[("" if value is None else str(value)) for value in row] for row in rows]
    widths = [max(len(name), *(len(row[place]) for row in cells)) if cells else len(name) for place, name in enumerate(header)]
    for row in [list(header), *cells]:
        yield "  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip()


def _month(month: str) -> str:
    return f"{MONTHS[int(month[5:]) - 1]} {month[:4]}"


def _release(row: Row | None) -> str:
    if row is None:
        return "none known"
    return " ".join(str(part) for part in (row["kb"], row["build"], f"of {row['release_date']}" if row["release_date"] else None) if part)


def _newer(newer: Row, line: str) -> str:
    if not newer["count"]:
        return "nothing that is known"
    baselines = f", {newer['baselines']} of them baselines (restart)" if newer["baselines"] and line == "hotpatch" else ""
    return f"{newer['count']} release{'s' if newer['count'] > 1 else ''} of the {line} line{baselines}"


def _restart(restart: Row | None, line: str) -> str:
    if restart is None:
        return "none to come is known"
    if line == "standard":
        return f"{restart['date']} ({_month(restart['month'])}), with the monthly update"
    kind = "expected" if restart["is_expected"] else "published"
    return f"{restart['date']} ({_month(restart['month'])}), {kind}{', unplanned' if restart['is_unplanned'] else ''}"


def _unseen(baseline: Row) -> str:
    return f"as soon as it gets the baseline expected on {baseline['date']}, of which the facts do not tell"


def outdated(until: str | None) -> str:
    """The sentence that keeps anything from being called current."""
    return (
        f"facts end on {until}; a second Tuesday has passed since, so newer releases and restarts are likely"
        if until
        else "no page lists this line"
    )


def lookups(found: Iterable[Row], day: str) -> Iterator[str]:
    """Answers of ``lookup``."""
    for number, answer in enumerate(found):
        if number:
            yield ""
        yield from _lookup(answer, day)


def _lookup(answer: Row, day: str) -> Iterator[str]:
    matches = answer["matches"]
    if answer["status"] == "not_found":
        yield f"{answer['query']}: not found; {answer['reason']}"
        for near in answer["nearest"]:
            yield f"  {named(near['product']).name}: nearest known build below is {near['below'] or 'none'}, above {near['above'] or 'none'}"
        return
    if answer["status"] == "ambiguous":
        yield f"{answer['query']}: ambiguous, one of {len(matches)}; decided by {' or '.join(answer['decided_by'])}"
    elif len(matches) > 12:
        yield f"{answer['query']}: {len(matches)} releases"
        yield from (f"  {line}" for line in table([_brief(m) for m in matches], ("product", "date", "KB", "build", "what")))
        return
    for match in matches:
        yield from _match(answer["query"], match, day)


def _brief(match: Row) -> tuple[object, ...]:
    return match["product"], match["release_date"], match["kb"], match["build"], match["classification"]


def _match(query: str, match: Row, day: str) -> Iterator[str]:
    letter = f", {match['cadence']}" if match["cadence"] and match["classification"] != "component" else ""
    yield f"{query}: {match['kb'] or 'no KB'} {match['build'] or 'without a build'} on {named(match['product']).name}"
    if match["is_unplanned"]:
        letter += ", unplanned: its month was planned as a hotpatch"
    yield f"  is           {_CLASSES[match['classification']]}{letter}, released {match['release_date'] or 'on a day no page states'}"
    yield from _verdict(match)
    if match["classification"] in {"hotpatch", "component"}:
        yield f"  baseline     {_release(match['baseline'])}"
    if match["derived_from"]:
        yield f"  concluded    {match['derived_from']}"
    if match["companions"]:
        yield f"  companions   {' '.join(match['companions'])}"
    yield f"  newer        {_newer(match['newer'], match['line'])}"
    yield f"  newest       {_release(match['latest'])}, the newest known of the {match['line']} line" + (
        f" up to {day}" if day < (match["data_until"] or "") else ""
    )
    is_due = is_restart_due(match, (match.get("verdict") or {}).get("verdict"))
    due = "due now, for a newer baseline; after that " if is_due else ""
    if match["unseen_baseline"] and not is_due:
        due = f"{_unseen(match['unseen_baseline'])}; after that "
    yield f"  next restart {due}{_restart(match['next_restart'], match['line'])}"
    yield f"  known until  {match['data_until']}" + (f": {outdated(match['data_until'])}" if match["is_outdated"] else "")
    yield from _exposure(match)
    if match["article_url"]:
        yield f"  article      {match['article_url']}"
    for url in match["sources"]:
        yield f"  source       {url}"


_VERDICTS = {
    "current": "patched (current)",
    "behind": "not patched (behind)",
    "restart_due": "not patched (restart due)",
    "left_line": "it has left the hotpatch line",
    "unsupported": "not supported",
    "ambiguous": "it depends on the line (--line)",
    "unknown": "not known whether it is patched",
}


# Verdicts that a reason names.
_CODES = {"restart_due": "restart due", "left_line": "left the line"}


def _verdict(match: Row) -> Iterator[str]:
    """Whether a machine with it is patched, and what comes next."""
    verdict = match.get("verdict")
    if verdict is None:
        return
    least = "at least " if match["is_outdated"] else ""
    behind = f"; {least}{_count(verdict['months_behind'], 'month')} behind" if verdict["months_behind"] else ""
    yield f"  verdict      {_VERDICTS[verdict['verdict']]}; {verdict['reason'].in_words(_CODES.get)}{behind}"
    if match["leaves_line_until"]:
        yield (
            "  why          an LCU that is no baseline: a machine of the hotpatch line that installs it leaves the line,"
            f" until the baseline of {_month(match['leaves_line_until'])}"
        )
    elif match["is_unplanned"]:
        yield "  why          a baseline in a month planned as a hotpatch: it restarts every machine of the line; no page read here states the reason"
    if verdict["next_kb"]:
        yield f"  next         {verdict['next_kb']}, {'which restarts' if verdict['next_needs_restart'] else 'without a restart'}"
    if verdict["rejoins_month"]:
        yield f"  rejoins      with the baseline of {_month(verdict['rejoins_month'])}"
    if verdict["newer_out_of_band"]:
        yield f"  also newer   {verdict['newer_out_of_band']}, out of band or for a component"


def _exposure(match: Row) -> Iterator[str]:
    """Known issues, and CVEs that stay open."""
    for issue in match["known_issues"]:
        state = f"resolved by {issue['resolved_by_kb']}" if issue["resolved_by_kb"] else issue["state"]
        yield f"  known issue  {state}: {issue['title']}"
    cves = match["open_cves"]
    if cves is None:
        yield "  open CVEs    not known: no security data in this database; a crawl reads it"
        return
    for gap in cves["gaps"]:
        closed = f"closed by its companion {gap['companion_kb']}" if gap["companion_kb"] else "until the next baseline"
        severity = f" ({gap['severity']})" if gap["severity"] else ""
        yield f"  open CVE     {gap['cve']}{severity}, {closed}"
    unknown = f"; of {', '.join(cves['unknown_months'])} nothing is known" if cves["unknown_months"] else ""
    yield f"  open CVEs    {cves['fixed_by_newer'] or 'none'} that newer releases of the {match['line']} line fix{unknown}"


def coming(months: Iterable[Row], restarts: Iterable[Row], day: str) -> dict[str, set[str]]:
    """The month of the next release and that of the next restart of each product, from a day on.

    Args:
        months: rows of ``hotpatch_calendar``, by product and month.
        restarts: rows of ``next_restarts`` as of that day.
        day: ISO date.
    """
    found = {row["product"]: {row["month"]} for row in restarts}
    releases: dict[str, str] = {}
    for row in months:
        if (row["release_date"] or row["expected_date"]) >= day:
            releases.setdefault(row["product"], row["month"])
    for product, month in releases.items():
        found.setdefault(product, set()).add(month)
    return found


_LEGEND = (
    "B baseline (restart)   h hotpatch (no restart)   ! not as first planned (B!: unplanned restart)",
    "( ) expected, not released as far as the facts reach   > the next release, and the next restart",
)


def _cell(row: Row | None, is_marked: bool) -> str:
    """A month of the picture: 5 characters, its letter the third, so that columns can be read down."""
    if row is None:
        return "  .  "
    kind = row["type"] or row["expected_type"]
    letter = ("B" if kind == "baseline" else "h") + ("!" if row["planned_type"] not in {None, kind} else "")
    return f"{'>' if is_marked else ' '}{f' {letter}' if row['type'] else f'({letter})'}".ljust(5)


def _year(rows: Iterable[Row], until: Mapping[str, str], year: int, day: str, marked: Mapping[str, set[str]]) -> Iterator[str]:
    """A year at a glance: products as rows, months as columns, at most 100 characters wide, no colour."""
    products: dict[str, dict[str, Row]] = {}
    for row in rows:
        if row["month"][:4] == f"{year:04d}":
            products.setdefault(row["product"], {})[row["month"]] = row
    if not products:
        return
    names = {product: named(product).name for product in products}
    if max(map(len, names.values())) > 28:  # the preview of 2021 has a name of 46
        names = {product: product for product in products}
    width = max(map(len, names.values()))
    yield (f"{year:04d}".ljust(width) + "".join(f"  {name[:3]} " for name in MONTHS)).rstrip()
    for product, months in products.items():
        columns = (f"{year:04d}-{number:02d}" for number in range(1, 13))
        cells = "".join(f" {_cell(months.get(month), month in marked.get(product, ()))}" for month in columns)
        yield f"{names[product].ljust(width)}{cells}".rstrip()
    yield from _LEGEND
    ends = [until.get(product) for product in products]
    if oldest := [end for end in ends if is_outdated(end, day)]:
        yield outdated(min(oldest, key=lambda end: end or ""))
    yield ""


def calendar(rows: Sequence[Row], until: Mapping[str, str], year: int, day: str, marked: Mapping[str, set[str]]) -> Iterator[str]:
    """A year at a glance, then months by product. In brackets is what is expected, not released as far as the facts reach.

    Args:
        rows: of ``hotpatch_calendar``, by product and month.
        until: the day on which the facts of each product end.
        year: of the picture; there is none where no row is of that year.
        day: ISO date of the answer.
        marked: the months to point at, by product (``coming``).
    """
    yield from _year(rows, until, year, day, marked)
    product = None
    group: list[tuple[object, ...]] = []

    def flush() -> Iterator[str]:
        yield from (f"  {line}" for line in table(group, ("month", "type", "planned", "date", "KB", "build", "")))

    for row in rows:
        if row["product"] != product:
            if group:
                yield from flush()
                yield ""
            product, group = row["product"], []
            yield f"{named(row['product']).name} (facts end on {until.get(row['product'], 'no day')}; in brackets: expected)"
        notes = ["unplanned"] if row["is_unplanned"] else []
        if row["changed_on"]:
            notes.append(f"changed between {row['changed_after']} and {row['changed_on']}")
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
    """This month and the next restart, by product."""
    for row in rows:
        this = row["this_month"]
        yield named(row["product"]).name
        if row["is_outdated"]:
            yield f"  {outdated(row['data_until'])}"
            what = "not known"
        elif this["kb"]:
            what = f"KB{this['kb']} {this['build']}" + (", released after that day" if this["is_expected"] else "")
        else:
            what = "not released yet"
        yield f"  {_month(day[:7])}: {this['type']}{' (expected)' if this['is_expected'] else ''}, {this['date']}, {what}"
        first = f"{_unseen(row['unseen_baseline'])}; a machine that has it: " if row["unseen_baseline"] else ""
        yield f"  next restart {first}{_restart(row, 'hotpatch')}" + (f", KB{row['kb']} {row['build']}" if row["kb"] else "")


def eligible(rows: Sequence[Row]) -> Iterator[str]:
    """Answers of ``eligible``."""
    for row in rows:
        yield f"{row['answer']}: {named(row['product']).name + ': ' if row['product'] else ''}{row['reason']}"
        yield from (f"  requires     {text}" for text in row["requirements"])
        yield from (f"  source       {url}" for url in row["sources"])


def _range(low: float, high: float, places: int = 2) -> str:
    """An amount, or two where sources disagree; more places where they are needed (0.0288)."""
    texts = [f"{value:.{places}f}" if round(value, places) == value else f"{value}" for value in (low, high)]
    return " to ".join(dict.fromkeys(texts))


def _last(end: str) -> str:
    """The last day before a first day without."""
    return (date.fromisoformat(end) - timedelta(days=1)).isoformat()


def _count(number: float, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _time(row: Row) -> str:
    whole = _count(row["months"], "month")
    return whole if isinstance(row["months"], int) else f"{whole} ({_count(row['days'], 'day')})"


def cost(row: Row) -> Iterator[str]:
    """The answer of ``cost``: the total, how the question was understood, and a block per line. Days are inclusive here."""
    total = "unknown" if row["cost_low"] is None else f"{_range(row['cost_low'], row['cost_high'])} {row['currency']}"
    yield f"{total}: {' and '.join(row['services'])}, {row['from']} through {_last(row['to'])}, {_time(row)}"
    if row["cost_low"] is None and row["items"]:
        yield f"  known part   {_range(row['known_cost_low'], row['known_cost_high'])} {row['currency']}, without the days of unknown price"
    yield f"  product      {named(row['product']).name} on {PLATFORMS[row['platform']]}"
    each = f", {row['cores_per_server']} on each server" if row["cores_per_server"] else ""
    if row["cores"]:
        yield f"  cores        {row['cores']} in all{each}"
    if row["servers"]:
        yield f"  servers      {row['servers']}"
    for item in sorted([*row["items"], *row["unknown"]], key=lambda line: (row["services"].index(line["service"]), line["from"])):
        if item["cost_low"] is None:
            yield f"{item['service']}, {item['from']} through {_last(item['to'])}: unknown, {_time(item)}"
            continue
        what, _, per = item["unit"].partition("/")
        price = f"{_range(item['amount_low'], item['amount_high'])} {item['currency']}"
        times = _count(item["days"], "day") if per == "day" else _time(item)
        yield f"{item['service']}, {item['from']} through {_last(item['to'])}: {_range(item['cost_low'], item['cost_high'])} {item['currency']}"
        yield f"  counted      {_count(item['quantity'], what)} x {price} per {what} and {per} x {times}"
        extra = "".join(f", {name} {item[name]}" for name in ("region", "condition") if item[name])
        begin = f"from {item['valid_from']}" if item["valid_from"] else "from a day no source states"
        until = f" through {_last(item['valid_to'])}" if item["valid_to"] else ""
        yield f"  price        {item['meter']}{extra}, {begin}{until}{', disputed' if item['is_disputed'] else ''}"
        for source in item["stated"]:
            note = f" ({source['note']})" if source["note"] else ""
            yield f"  source       {_range(source['amount'], source['amount'])}{note}: {source['source_url']}"
    yield from (f"note: {note}" for note in row["notes"])


def changes(rows: Sequence[Row], until: str | None) -> Iterator[str]:
    """One line a change; days are those on which pages were read."""
    for row in rows:
        yield f"{row['changed_at'][:10]}  {row['subject']}  {row['field']}: {row['old_value'] or 'nothing'} -> {row['new_value'] or 'nothing'}"
    if not rows:
        yield f"no change; pages were last read on {until}"


def changes_as_markdown(told: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Events under a heading per day, newest first; text of others is no markup."""
    day = ""
    for at, sentence in told:
        if at[:10] != day:
            yield from ([""] if day else []) + [f"## {at[:10]}", ""]
            day = at[:10]
        escaped = re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", " ".join(sentence.split()))
        yield f"- {escaped}"
    if not told:
        yield "No change."


def verdicts(rows: Sequence[Row]) -> Iterator[str]:
    """A row per product, build, line and deciding KB."""
    yield from table(
        [
            (r["product"], r["build"], r["line"] or "-", r["deciding_kb"] or "-", r["verdict"], r["kb"], r["next_kb"] or "-", r["reason"])
            for r in rows
        ],
        ("product", "build", "line", "by", "verdict", "has", "next", "reason"),
    )


def status(rows: Sequence[Row]) -> Iterator[str]:
    """Freshness of the sources."""
    yield from table(
        [(r["source"], r["state"], r["last_good_at"], r["due_at"], "stale" if r["is_stale"] else "fresh", r["note"]) for r in rows],
        ("source", "state", "last good", "due", "", "note"),
    )


def drift(rows: Sequence[Row]) -> Iterator[str]:
    """What did not hold, page by page."""
    for row in rows:
        where = row["page_url"] + (f", {row['section']!r}" if row["section"] else "")
        how = "unreachable" if row["name"] == "fetch" else "refused" if row["is_required"] else "reported"
        yield f"{row['source']}: {how} in run {row['run']}: {where}: {row['name']}: {row['note']}"
    if not rows:
        yield "nothing: every check of each source's last run held"


def findings(found: Sequence[Finding]) -> Iterator[str]:
    """What a doctor found, and what mends it."""
    for one in found:
        mend = f" (--repair {one.repair})" if one.repair else ""
        yield f"{'broken' if one.is_broken else 'note'}: {one.where}: {one.what}{mend}"
    if not found:
        yield "all sound"


def run_row(result: Result) -> Row:
    """What a run did, as JSON."""
    return {
        "run": result.run,
        "pages_read": result.pages_read,
        "pages_parsed": result.pages_parsed,
        "claims_added": result.claims_added,
        "claims_ended": result.claims_ended,
        "facts_changed": result.facts_changed,
        "not_in_tree": result.not_in_tree,
        "failures": [{"source": f.source, "page_url": f.page_url, "state": f.state, "note": f.note} for f in result.failures],
    }


def run(result: Result) -> Iterator[str]:
    """What a run did."""
    yield (
        f"run {result.run}: {result.pages_read} pages read, {result.pages_parsed} parsed, {result.claims_added} claims added, "
        f"{result.claims_ended} ended, {result.facts_changed} changes"
    )
    if result.not_in_tree:
        yield f"not in the tree: {len(result.not_in_tree)} pages"
    for failure in result.failures:
        yield f"{failure.state}: {failure.source}: {failure.note}"
