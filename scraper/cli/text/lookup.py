"""Answers of ``lookup`` as text. Imported by each lookup, so it imports little."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hotpatch_kb.db.answers.exposure.gaps import condition
from hotpatch_kb.db.answers.lookup import MANY, is_restart_due
from hotpatch_kb.db.answers.stated_elsewhere import neighbours, reported_note
from hotpatch_kb.db.answers.verdicts import VERDICTS, Kind
from hotpatch_kb.db.model.products import named
from hotpatch_kb.light_typing import Final
from hotpatch_kb.scraper.cli.text import (
    NEWER_ARE_LIKELY,
    Row,
    colour,
    count,
    month_name,
    rejoining,
    restart,
    table,
    unread_updates,
    unseen_baseline,
)

_CLASSES = {
    "baseline": "baseline (restart)",
    "hotpatch": "hotpatch (no restart)",
    "component": "component update of the hotpatch line (restart not known)",
    "cumulative": "cumulative update, LCU (restart)",
    "preview": "preview of an LCU (restart)",
    "initial": "first build of this version",
}


def _release(row: Row | None) -> str:
    if row is None:
        return "none known"
    return " ".join(str(part) for part in (row["kb"], row["build"], f"of {row['release_date']}" if row["release_date"] else None) if part)


def _newer(newer: Row, line: str) -> str:
    if newer["count"] is None:
        return "not known: no page states the day of this release"
    if not newer["count"]:
        return "nothing known"
    which = "a baseline" if newer["baselines"] == 1 else "baselines"
    of_them = "" if newer["count"] == newer["baselines"] == 1 else f"{newer['baselines']} of them "
    baselines = f", {of_them}{which} (restart)" if newer["baselines"] and line == "hotpatch" else ""
    return f"{newer['count']} release{'s' if newer['count'] > 1 else ''} of the {line} line{baselines}"


def lookups(answers: Iterable[Row], day: str) -> Iterator[str]:
    """Yield the lines of each answer.

    Args:
        answers: as ``hotpatch_kb.db.answers.lookup.find`` returns them, with verdicts added.
        day: ISO date of the answers.
    """
    for number, answer in enumerate(answers):
        if number:
            yield ""
        yield from _lookup(answer, day)


def _lookup(answer: Row, day: str) -> Iterator[str]:
    matches = answer["matches"]
    if answer["status"] == "not_found":
        yield f"{answer['query']}: not found; {answer['reason']}"
        yield from _unlisted(answer)
        for near in neighbours(answer["nearest"]):
            yield f"  {named(str(near['product'])).name}: nearest known build below is {near['below'] or 'none'}, above {near['above'] or 'none'}"
        return
    if answer["status"] == "ambiguous":
        yield f"{answer['query']}: ambiguous, one of {len(matches)}; decided by {' or '.join(answer['decided_by'])}"
        yield from _how_to_tell(answer)
    elif "left_open" in answer:
        yield from _fixes(answer)
        return
    elif len(matches) > MANY:
        yield f"{answer['query']}: {len(matches)} releases"
        for about in answer.get("products", ()):
            yield from _about(about)
        yield from (f"  {line}" for line in table([_brief(m) for m in matches], ("product", "date", "KB", "build", "what"), indent=2))
        return
    if answer.get("installs_kb"):
        yield f"{answer['query']}: the number of an article; a machine shows {answer['installs_kb']}, the update that the article is about"
    for number, match in enumerate(matches):
        yield from _match(answer["query"], match, day, _asked_cve(answer, number), _fixed_by_kb(answer, match))


def _how_to_tell(answer: Row) -> Iterator[str]:
    """Yield how to find out which of several releases a machine has."""
    kbs = list(dict.fromkeys(match["kb"] for match in answer["matches"] if match["kb"]))
    if len(kbs) > 1 and "--kb-installed" in answer["decided_by"]:
        yield f"  how to tell  Get-HotFix on the machine lists one of {', '.join(kbs)}: name it with --kb-installed"
    products = dict.fromkeys(match["product"] for match in answer["matches"])
    if len(products) > 1 and len(answer["matches"]) > len(products):
        yield f"  how to tell  {len(products)} products have it: --product leaves the releases of one"


# Groups of editions that say no more than their product.
_ALL_EDITIONS: Final = frozenset({"server", "annual_channel"})
_GROUPS: Final = {
    "home_pro": "Home and Pro", "enterprise_education": "Enterprise and Education", "iot_enterprise": "IoT Enterprise", "iot_core": "IoT Core", "ltsc": "LTSC",
    "iot_ltsc": "IoT LTSC", "server_azure_edition": "Datacenter: Azure Edition",
}  # fmt: skip
_ENDS: Final = {"mainstream": "mainstream support", "extended": "support", "end_of_servicing": "support", "hotpatch_end": "hotpatches"}


def _about(about: Row) -> Iterator[str]:
    """Yield what a product is: its name and build number, when its support ends, and its newest releases."""
    number = f", build {about['build_number']}" if about["build_number"] else ""
    yield f"  {named(about['product']).name} ({about['product']}){number}"
    for end in sorted(about["support_ends"], key=lambda end: end["end_date"]):
        group = end["edition_group"]
        whose = "" if group in _ALL_EDITIONS else f"{_GROUPS.get(group, group)}: "
        kind = _ENDS.get(end["kind"]) or f"Extended Security Updates, {end['kind'].removeprefix('esu_').replace('_', ' ')}"
        yield f"    until      {end['end_date']:<10}  {whose}{kind}{', reported by others' if end['is_reported'] else ''}"
    for line, release in about["newest"].items():
        if release:
            yield f"    newest     {_release(release).replace(' of ', ' ')} ({line})"


def _asked_cve(answer: Row, number: int) -> list[str]:
    """Return the line that says whether the CVE of the query is open on a match."""
    if "asked_cve" not in answer:
        return []
    asked = answer["asked_cve"][number]
    name = asked["cve"] + (f" ({asked['severity']})" if asked["severity"] else "")
    if asked["is_open"] is None and asked["unlisted_note"]:
        return [f"  asked        {name}: {asked['unlisted_note']}"]
    if asked["is_open"] is None:
        return [f"  asked        {name}: not known; no security data that was read names it for {named(asked['product']).name}"]
    if not asked["is_open"]:
        return [f"  asked        {name}: fixed, by {_release(asked['fixed_by'])}"]
    state = _unless(asked["companion_kb"], is_hidden=True) if asked["companion_kb"] else "open"
    leaves = ", which leaves the hotpatch line" if asked["fix_leaves_line"] else ""
    either = "or " if asked["companion_kb"] else ""
    by = f"; {either}{_release(asked['fixed_by'])} fixes it{leaves}" if asked["fixed_by"] else "; no release known by that day fixes it"
    return [f"  asked        {name}: {state}{by}"]


def _unless(companion: str | None, *, is_hidden: bool) -> str:
    """Return how a CVE that a hotpatch leaves open is closed, in the words of the site."""
    if companion is None:
        return "open until the next baseline"
    if is_hidden:
        return f"open unless its companion {companion} is installed, which the build does not show"
    return f"open until {companion} is installed"


def _fixed_by_kb(answer: Row, match: Row) -> list[str]:
    """Return the lines that say what the KB of a query replaces and fixes on the product of a match."""
    fixes = next((row for row in answer.get("fixes", ()) if (row["product"], row["kb"]) == (match["product"], match["kb"])), None)
    if fixes is None:
        return []
    lines = [f"  replaces     {', '.join(fixes['supersedes']) or 'not known: no security data that was read states it'}"]
    if fixes["count"] is None:
        return [*lines, "  fixes        not known: no security data that was read names this KB"]
    counts = ", ".join(f"{number} {severity}" for severity, number in fixes["by_severity"].items())
    lines.append(f"  fixes        {count(fixes['count'], 'CVE')}{f' ({counts})' if counts else ''}")
    more = ", ..." if fixes["count"] > _NAMED_CVES else ""
    return [*lines, f"               most severe: {', '.join(fixes['most_severe'][:_NAMED_CVES])}{more}"]


def _fixes(answer: Row) -> Iterator[str]:
    """Yield the KBs that fix a CVE, by product, and the hotpatches that leave it open."""
    matches = answer["matches"]
    yield f"{answer['query'].upper()}: fixed by {count(len(matches), 'release')}"
    columns = ("product", "date", "KB", "build", "what")
    yield from (f"  {line}" for line in table([_brief(match) for match in matches], columns, indent=2))
    for gap in answer["left_open"]:
        is_hidden = any(match["kb"] == gap["companion_kb"] and match["classification"] == "component" for match in matches)
        closed = _unless(gap["companion_kb"], is_hidden=is_hidden)
        yield f"  left open by {gap['hotpatch_kb']} on {named(gap['product']).name}, {month_name(gap['month'])}: {closed}; {gap['lcu_kb']} fixes it, but leaves the line"
    yield from _unlisted(answer)


def _unlisted(answer: Row) -> Iterator[str]:
    """Yield what the security data names for products that have no release of that KB."""
    yield from (f"  not known    {row['note']}" for row in answer.get("unlisted", ()))


def _brief(match: Row) -> tuple[object, ...]:
    return match["product"], match["release_date"], match["kb"], match["build"], match["classification"]


def _match(query: str, match: Row, day: str, asked: Sequence[str], fixes: Sequence[str]) -> Iterator[str]:
    letter = f", {match['cadence']}" if match["cadence"] and match["classification"] != "component" else ""
    yield f"{query}: {match['kb'] or 'no KB'} {match['build'] or 'without a build'} on {named(match['product']).name}"
    if match["is_unplanned"]:
        letter += ", unplanned: its month was planned as a hotpatch"
    yield f"  is           {_CLASSES[match['classification']]}{letter}, released {match['release_date'] or 'on a day that no page states'}"
    if match["stated_build"]:
        yield f"  stated as    {match['stated_build']}"
    yield from asked
    yield from _verdict(match)
    if match["classification"] in {"hotpatch", "component"}:
        yield f"  baseline     {_release(match['baseline'])}"
    if match["derived_from"]:
        neither = " (the list of baselines states neither)" if match["classification"] == "baseline" and match["kb"] else ""
        yield f"  concluded    {match['derived_from']}{neither}"
    if match["companions"]:
        yield f"  companions   {' '.join(match['companions'])}"
    yield f"  newer        {_newer(match['newer'], match['line'])}"
    yield f"  newest       {_release(match['latest'])}, the newest known of the {match['line']} line" + (
        f" up to {day}" if day < (match["data_until"] or "") else ""
    )
    if match["reported"]:
        yield f"  {reported_note(match['reported'])}"
    coming = restart(match["next_restart"], match["line"], match["next_restart_certainty"])
    if match["next_restart"] and match["line"] == "standard":
        coming = unread_updates(match["data_until"], day) + coming
    due = "; then ".join(_due(match))
    yield f"  next restart {f'{due}; after that {coming}' if due else coming}"
    until = match["data_until"] or "unknown: no page lists this line"
    yield f"  data as of   {until}{f'; {NEWER_ARE_LIKELY}' if match['is_outdated'] and match['data_until'] else ''}"
    yield from fixes
    yield from _exposure(match)
    if match["article_url"]:
        yield f"  article      {match['article_url']}"
    for url, headings in zip(match["sources"], match["source_headings"], strict=True):
        others = [heading for heading in headings if _slug(heading) not in url]
        yield f"  source       {url}{f' (its navigation, under {_listed(others)})' if others else ''}"


def _slug(heading: str) -> str:
    """Return a heading as an address of Microsoft's has it."""
    return "-".join("".join(c if c.isalnum() else " " for c in heading.casefold()).split())


def _listed(headings: Sequence[str]) -> str:
    return " and ".join(repr(heading) for heading in headings)


# Verdicts that a reason names.
_VERDICTS_IN_REASONS = {"restart_due": "restart due", "left_line": "left the line"}


# On every line a machine with it is not patched, so what decides matters only for what to install, and for that only where it differs.
_ON_EITHER = Kind("not patched on either line; --line says what to install", "✗", "bad")
_THE_SAME_ON_EITHER = Kind("not patched on either line", "✗", "bad")


def _in_words(judged: Row, by_line: Row | None = None) -> str:
    verdict = judged["verdict"]
    kind = VERDICTS[verdict]
    if only := condition(verdict, judged["reason"]):
        kind = Kind(f"patched {only.words()}", "!", "doubtful")
    if verdict == "ambiguous" and by_line and {of_line["verdict"] for of_line in by_line.values()} <= {"behind", "restart_due"}:
        kind = _ON_EITHER if len({of_line["next_kb"] for of_line in by_line.values()}) > 1 else _THE_SAME_ON_EITHER
    return colour.painted(kind.tone, colour.marked(kind.mark, kind.words))


def _due(match: Row) -> Iterator[str]:
    """Yield the restarts that a machine with it is late with: for what it lacks, and for a baseline that is newer than the data."""
    verdict = match.get("verdict") or {}
    if is_restart_due(match, verdict.get("verdict")):
        yield "due now, for a newer baseline"
    elif verdict.get("verdict") == "behind" and verdict["next_needs_restart"]:
        yield f"due now, to install {verdict['next_kb']}"
    if match["unseen_baseline"]:
        yield unseen_baseline(match["unseen_baseline"])


def _next(verdict: Row, build: str | None, *, is_outdated: bool) -> str:
    """Return what to install next; where the data is old, something newer may have come that restarts."""
    restarts = "which restarts" if verdict["next_needs_restart"] else "without a restart"
    newer = "; a newer one is likely, which the data does not have" if is_outdated else ""
    return f"{verdict['next_kb']}{f' {build}' if build else ''}, {restarts}{newer}"


def _in_short(verdict: Row, match: Row) -> str:
    """Return a verdict on one line, why, and what comes next."""
    after = f"; next {_next(verdict, None, is_outdated=match['is_outdated'])}" if verdict["next_kb"] else ""
    back = f"; rejoins with {_baseline(match, verdict['rejoins_month'])}" if verdict["rejoins_month"] else ""
    return f"{_in_words(verdict)}; {verdict['reason'].in_words(_VERDICTS_IN_REASONS.get)}{after}{back}"


def _verdict(match: Row) -> Iterator[str]:
    """Yield whether a machine with it is patched, and what comes next."""
    verdict = match.get("verdict")
    if verdict is None:
        return
    least = "at least " if match["is_outdated"] else ""
    behind = f"; {least}{count(verdict['months_behind'], 'month')} behind" if verdict["months_behind"] else ""
    is_same_kb = bool(verdict["next_kb"]) and verdict["next_kb"] == match["kb"]  # KB3189866 is 14393.187 and 14393.189
    if is_same_kb:
        behind = ""
    reason = verdict["reason"].in_words(_VERDICTS_IN_REASONS.get)
    if match["by_line"] and match["classification"] == "baseline":
        reason = "a baseline is a release of both lines, and the machine may be on either"
    yield f"  verdict      {_in_words(verdict, match['by_line'])}; {reason}{behind}"
    for line, judged in (match["by_line"] or {}).items():
        yield f"  if {line:<10}{_in_short(judged, match)}"
    if match["leaves_line_until"]:
        yield (
            "  why          an LCU that is not a baseline: a machine of the hotpatch line that installs it leaves the line,"
            f" until {_baseline(match, match['leaves_line_until'])}"
        )
    elif match["is_unplanned"]:
        yield "  why          a baseline in a month planned as a hotpatch: it restarts every machine of the line; no page read here states the reason"
    if verdict["next_kb"]:
        build = match["next_release"]["build"] if is_same_kb and match["next_release"] else None
        yield f"  next         {_next(verdict, build, is_outdated=match['is_outdated'])}"
    if verdict["rejoins_month"]:
        yield f"  rejoins      with {_baseline(match, verdict['rejoins_month'])}"
    if verdict["newer_out_of_band"]:
        yield f"  also newer   {_not_deciding(verdict['newer_out_of_band'].split())}"


def _baseline(match: Row, month: str) -> str:
    """Return with which baseline a machine with a match rejoins the hotpatch line."""
    return rejoining(month, (match["release_date"] or "")[:7] or None, match["data_until"])


def _not_deciding(kbs: Sequence[str]) -> str:
    """Return newer KBs that do not decide, the newest of many, and why they do not."""
    more = f" and {len(kbs) - _NAMED_KBS} older ones" if len(kbs) > _NAMED_KBS else ""
    return f"{' '.join(kbs[-_NAMED_KBS:])}{more}: for a component, or out of band and not known to fix a CVE of this product, so it does not decide"


_NAMED_KBS: Final = 6
_NAMED_MONTHS: Final = 6
_NAMED_CVES: Final = 6  # in one line of text; --json names more


def _open(cves: Row, match: Row) -> Iterator[str]:
    """Yield how many CVEs newer releases fix, and what is not known of them. "None" is said only where nothing is unknown."""
    months, line, reason = cves["unknown_months"], match["line"], cves["unknown_reason"]
    if cves["fixed_by_newer"]:
        yield f"{cves['fixed_by_newer']} that newer releases of the {line} line fix"
    elif not months and not reason:
        yield (
            f"none that newer releases of the {line} line fix"
            if match["newer"]["count"]
            else f"none known: no newer release of the {line} line is listed"
        )
    if months:
        yield f"not known for {', '.join(months) if len(months) <= _NAMED_MONTHS else f'{len(months)} months from {months[0]} to {months[-1]}'}"
    if reason:
        yield f"not known: {reason}"


def _exposure(match: Row) -> Iterator[str]:
    """Yield known issues, and CVEs that stay open."""
    if match["known_issues"] is None:
        yield "  known issues not known: no article of this KB was read; a crawl reads the newest"
    for issue in match["known_issues"] or ():
        state = f"resolved by {issue['resolved_by_kb']}" if issue["resolved_by_kb"] else issue["state"]
        yield f"  known issue  {state}: {issue['title']}"
    cves = match["open_cves"]
    if cves is None:
        yield "  open CVEs    not known: no security data in this database; a crawl reads it"
        return
    for gap in cves["gaps"]:
        closed = _unless(gap["companion_kb"], is_hidden=gap["companion_kb"] in match["companions"])
        severity = f" ({gap['severity']})" if gap["severity"] else ""
        yield f"  open CVE     {gap['cve']}{severity}, {closed}"
    copied = f"from a copy of MSRC's data of {cves['copied_on']}" if cves["copied_on"] else ""
    yield f"  open CVEs    {'; '.join(filter(None, (*_open(cves, match), copied)))}"
    if cves["most_severe"]:
        more = ", ..." if cves["fixed_by_newer"] > _NAMED_CVES else ""
        yield f"               most severe: {', '.join(cves['most_severe'][:_NAMED_CVES])}{more}"
